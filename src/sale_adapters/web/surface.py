"""A published surface as flat lists of fields, and what may not happen to it: additions alone pass (C18 to C21)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from sale_adapters.web.bounds import narrowed

Fields = Mapping[str, str]
"""Every field's path with what it may be, joined by ` | `; a question mark at the end says that it may be absent."""

_PARENT = re.compile(r"(\.[^.\[<]+|\[\]|<[^>]+>)$")
_OF_A_PYTHON_TYPE = {str: "string", bool: "boolean", int: "integer"}


@attrs.frozen(kw_only=True)
class Surface:
    """What others rely on, group by group: a topic, a message, an operation.

    Attributes:
        told: What Sale says. It may say more, and be more certain; it may not say less, or something else.
        heard: What Sale takes. It may take more, and ask for less; it may not ask for more.
        bounds: Within which limits it takes that, by `path keyword` (see `bounds`).
    """

    told: Mapping[str, Fields] = attrs.field(factory=dict)
    heard: Mapping[str, Fields] = attrs.field(factory=dict)
    bounds: Mapping[str, Fields] = attrs.field(factory=dict)


def breaches(published: Surface, now: Surface) -> list[str]:
    """Return a sentence for everything that was published once and is not so any more."""
    found = [*_lost(published.told, now.told, allowed=_says_no_less)]
    found += _lost(published.heard, now.heard, allowed=_takes_no_less)
    for group in published.heard.keys() & now.heard.keys():
        found += _demanded(group, published.heard[group], now.heard[group])
        old_bounds, new_bounds = published.bounds.get(group, {}), now.bounds.get(group, {})
        found += (f"{group}: {said}" for said in narrowed(old_bounds, new_bounds, fields=published.heard[group]))
    return found


@attrs.frozen
class Part:
    """A field below a schema.

    Attributes:
        path: Where it is.
        schema: What it may be, with whatever it refers to put in its place.
        may_be_absent: Whether what is around it may go without.
    """

    path: str
    schema: Mapping[str, Any]
    may_be_absent: bool = False


def parts_of(schema: Mapping[str, Any], known: Mapping[str, Any], *, path: str) -> Iterator[Part]:
    """Yield every field below a JSON Schema; `known` has what it refers to."""
    for option, name in _options(schema, known):
        here = f"{path}<{name}>" if name else path
        if name:
            yield Part(here, {"type": "object"})
        for field, part in option.get("properties", {}).items():
            below = f"{here}.{field}" if here else field
            yield Part(below, resolved(part, known), field not in option.get("required", ()))
            yield from parts_of(part, known, path=below)
        for mark, part in (("[]", option.get("items")), (".*", option.get("additionalProperties"))):
            if part:
                yield Part(f"{here}{mark}", resolved(part, known))
                yield from parts_of(part, known, path=f"{here}{mark}")


def kinds_of(parts: Iterable[Part], known: Mapping[str, Any], *, heard: bool) -> Fields:
    """Return what each part may be.

    Values are told apart in what is heard only: more of them may be told, and a reader must expect that.
    """
    return {part.path: kind_of(part.schema, known, heard=heard) + "?" * part.may_be_absent for part in parts}


def kind_of(schema: Mapping[str, Any], known: Mapping[str, Any], *, heard: bool) -> str:
    """Return what a value may be, such as `string (date-time) | null`."""
    return " | ".join(sorted(set(_kinds(schema, known, heard=heard))))


def _kinds(schema: Mapping[str, Any], known: Mapping[str, Any], *, heard: bool) -> Iterator[str]:
    schema = resolved(schema, known)
    for option in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from _kinds(option, known, heard=heard)
    stated = schema.get("type", ())
    types = [stated] if isinstance(stated, str) else stated
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    if values and heard:
        yield from (f'"{value}"' for value in values)
        types = [each for each in types if each == "null"]
    elif values and not types:
        types = [_OF_A_PYTHON_TYPE[type(value)] for value in values]
    for each in types:
        yield f"{each} ({schema['format']})" if "format" in schema and each == "string" else each


def _options(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield what a value can be; variants of a body by the names of their schemas."""
    schema = resolved(schema, known)
    for option in schema.get("oneOf", ()):
        yield resolved(option, known), str(option["$ref"]).rpartition("/")[2]
    for option in schema.get("anyOf", ()):
        yield resolved(option, known), ""
    yield schema, ""


def resolved(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema, or the one that it refers to."""
    reference = schema.get("$ref")
    return schema if reference is None else known[reference.rpartition("/")[2]]


def _lost(
    published: Mapping[str, Fields], now: Mapping[str, Fields], *, allowed: Callable[[str, str], bool]
) -> Iterator[str]:
    for group, fields in published.items():
        if group not in now:
            yield f"{group} has disappeared."
            continue
        for path, kind in fields.items():
            here = now[group].get(path)
            if here is None:
                yield f"{group}: {path} has disappeared, or has another name."
            elif not allowed(kind, here):
                yield f"{group}: {path} was {kind} and is {here} now."


def _demanded(group: str, published: Fields, now: Fields) -> Iterator[str]:
    """Yield what callers of old do not send: a new field is asked for in something that they do send."""
    for path, kind in now.items():
        parent = _PARENT.sub("", path)
        if path not in published and not kind.endswith("?") and (parent == path or parent in published):
            yield f"{group}: {path} is required now."


def _says_no_less(before: str, now: str) -> bool:
    return _covers(before, now) and (before.endswith("?") or not now.endswith("?"))


def _takes_no_less(before: str, now: str) -> bool:
    return _covers(now, before) and (now.endswith("?") or not before.endswith("?"))


def _covers(wide: str, narrow: str) -> bool:
    """Tell whether all that `narrow` may be is something that `wide` may be too."""
    options = wide.removesuffix("?").split(" | ")
    return all(any(_is(each, option) for option in options) for each in narrow.removesuffix("?").split(" | "))


def _is(kind: str, option: str) -> bool:
    return (
        kind == option
        or (kind, option) == ("integer", "number")
        or (option == "string" and kind.startswith(("string (", '"')))
    )
