"""Requests as attrs values: strict, exact, and refused with a pointer at everything that is wrong (contract §9)."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Literal, TypeVar, get_args, get_origin

import attrs
from cattrs import (
    AttributeValidationNote,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.cols import homogenous_tuple_structure_factory
from cattrs.gen import make_dict_structure_fn, override

from sale_adapters.wire import json
from sale_adapters.wire.refusals import FieldError, InvalidInput
from sale_adapters.wire.scalars import SCALARS
from sale_domain.basket import MAX_LINES
from sale_domain.documents import Json, JsonObject
from sale_domain.event_json import camel

MAX_LIST = MAX_LINES
"""No list in a body is longer; a longer one is refused before its elements are looked at."""

_MAX_ERRORS = 50
_MAX_NAME = 100

T = TypeVar("T")
Path = tuple[str | int, ...]


class _Misplaced(ValueError):
    """Something is wrong with one field of an object, which decides how the others are read."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


def parse_body(data: bytes, kind: type[T]) -> T:
    """Read a JSON object as a body class; no bytes at all are `{}`.

    Raises:
        InvalidInput: every field that is unknown, missing, or not what it must be.
    """
    try:
        form = json.read(data or b"{}")
    except json.BadJson as error:
        raise InvalidInput.at("", f"must be a JSON object; it is {error}") from None
    return parse_part(form, kind, below="")


def parse_query(pairs: Iterable[tuple[str, str]], kind: type[T]) -> T:
    """Read query parameters as an attrs class.

    Raises:
        InvalidInput: every parameter that is unknown, given twice, or not what it must be.
    """
    form: dict[str, Json] = {}
    for name, value in pairs:
        if name in form:
            raise InvalidInput.at(_pointer("/query", (name,)), "must be given once")
        form[name] = value
    return parse_part(form, kind, below="/query")


def parse_part(form: Json, kind: type[T], *, below: str) -> T:
    """Read a part of a request as an attrs class; `below` is the pointer to it.

    Raises:
        InvalidInput: every field that is unknown, missing, or not what it must be.
    """
    try:
        return _CONVERTER.structure(form, kind)
    except Exception as error:  # noqa: BLE001 - sorted out leaf by leaf
        # Whatever cattrs raises is a refusal only when every leaf of it is one of ours; else it is a bug.
        found = [FieldError(pointer=_pointer(below, path), detail=detail) for path, detail in _leaves(error, ())]
        raise InvalidInput(errors=tuple(found[:_MAX_ERRORS])) from None


def _leaves(error: Exception, path: Path) -> Iterator[tuple[Path, str]]:
    match error:
        case ClassValidationError() | IterableValidationError():
            for part in error.exceptions:
                yield from _leaves(part, (*path, *_step(part)))
        case ForbiddenExtraKeysError():
            for name in sorted(error.extra_fields):
                yield (*path, name), "is not known"
        case KeyError():
            yield path, "is required"
        case _Misplaced():
            yield (*path, error.field), str(error)
        case ValueError():
            yield path, str(error)
        case _:
            raise error


def _step(part: BaseException) -> Path:
    for note in getattr(part, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return (camel(note.name),)
        if isinstance(note, IterableValidationNote):
            return (note.index,)
    return ()


def _pointer(below: str, path: Path) -> str:
    return below + "".join(f"/{_token(step)}" for step in path)


def _token(step: str | int) -> str:
    name = str(step)[:_MAX_NAME].encode("utf-8", "backslashreplace").decode()
    return name.replace("~", "~0").replace("/", "~1")


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook_func(_is_literal, _literal)
    converter.register_structure_hook_func(_is_choice, _choice)
    converter.register_structure_hook_factory(is_list, lambda kind: _list_reader(kind, converter))
    converter.register_structure_hook_factory(attrs.has, lambda cls: _object_reader(cls, converter))
    converter.register_structure_hook_factory(
        lambda kind: bool(variants_of(kind)), lambda kind: _variant_reader(kind, converter)
    )
    # The last to be registered is asked first: scalars are NewTypes and unions too.
    converter.register_structure_hook_factory(SCALARS.__contains__, _scalar_reader)
    return converter


def _is_literal(kind: Any) -> bool:  # noqa: ANN401 - an annotation
    origin: Any = get_origin(kind)
    return origin is Literal


def _is_choice(kind: Any) -> bool:  # noqa: ANN401 - an annotation
    return isinstance(kind, type) and issubclass(kind, Enum)


def is_list(kind: Any) -> bool:  # noqa: ANN401 - an annotation
    """Tell whether an annotation is a JSON list's."""
    return get_origin(kind) is tuple


def variants_of(kind: Any) -> Mapping[str, type]:  # noqa: ANN401 - an annotation
    """Return the body classes of a union by their literal `mode`, the default first; empty for anything else."""
    classes = get_args(kind)
    if not classes or not all(attrs.has(cls) and hasattr(cls, "mode") for cls in classes):
        return {}
    return {get_args(attrs.fields(cls).mode.type)[0]: cls for cls in classes}


def _scalar_reader(kind: Any) -> Any:  # noqa: ANN401 - a cattrs hook
    read = SCALARS[kind].read
    return lambda value, _: read(value)


def _literal(value: Json, kind: Any) -> str:  # noqa: ANN401 - a cattrs hook
    choices: Mapping[str, str] = {only: only for only in get_args(kind)}
    return _chosen(value, choices)


def _choice(value: Json, kind: Any) -> Enum:  # noqa: ANN401 - a cattrs hook
    choices: Mapping[str, Enum] = {member.value: member for member in kind}
    return _chosen(value, choices)


def _chosen(value: Json, choices: Mapping[str, T]) -> T:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"must be {' or '.join(choices)}")
    return choices[value]


def _list_reader(kind: Any, converter: Converter) -> Any:  # noqa: ANN401 - a cattrs hook
    read = homogenous_tuple_structure_factory(kind, converter)

    def elements(value: Json, _: Any) -> Any:  # noqa: ANN401 - a cattrs hook
        if not isinstance(value, list):
            raise ValueError("must be a list")  # noqa: TRY004 - a refusal of input
        if len(value) > MAX_LIST:
            raise ValueError(f"must have at most {MAX_LIST} elements")
        return read(value, kind)

    return elements


def _object_reader(cls: type[Any], converter: Converter) -> Any:  # noqa: ANN401 - a cattrs hook
    names: Any = {field.name: override(rename=camel(field.name)) for field in attrs.fields(cls)}
    read = make_dict_structure_fn(cls, converter, **names)
    return lambda value, _: read(_object(value), cls)


def _variant_reader(kind: Any, converter: Converter) -> Any:  # noqa: ANN401 - a cattrs hook
    classes = variants_of(kind)
    default = next(iter(classes))

    def variant(value: Json, _: Any) -> Any:  # noqa: ANN401 - a cattrs hook
        mode = _object(value).get("mode", default)
        if not isinstance(mode, str) or mode not in classes:
            raise _Misplaced("mode", f"must be {' or '.join(classes)}")
        return converter.structure(value, classes[mode])

    return variant


def _object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueError("must be an object")  # noqa: TRY004 - a refusal of input
    return value


_CONVERTER = _converter()
