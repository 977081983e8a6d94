"""The reference pages of the command line, of what goes to Kafka, and of who may do what."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, get_args

import attrs
import typer.core
import typer.main

from sale_adapters.sandbox.identity import DEFAULT_POLICIES, Policies
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.web.schema import meanings, wire_name
from sale_adapters.web.stream.lines import PERMISSIONS
from sale_adapters.wire.places import BASE
from sale_app.cli import app
from sale_domain.events import EVENT_TYPES
from sale_domain.permissions import BYPASS_ROLES, Permission
from tabled import MADE, table

_JSON: Mapping[Any, str] = {Decimal: "number", int: "whole number", bool: "true or false", datetime: "time"}


def cli() -> str:
    """Return every command with its arguments and options, as the program itself declares them."""
    told = (
        "Exit codes: 0 good, 1 failed, 2 wrong usage or a missing setting. What a command needs to know it is told by "
        "[settings](settings.md); none takes a secret as an argument."
    )
    return "\n\n".join(["# Command line", MADE, told, *_commands(typer.main.get_command(app), "sale")]) + "\n"


def _commands(command: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - typer keeps its classes to itself
    if isinstance(command, typer.core.TyperGroup):
        if name != "sale":
            yield f"## `{name}`"
            yield command.help or ""
        for sub in command.commands.values():
            yield from _commands(sub, f"{name} {sub.name}")
        return
    yield f"{'##' if name.count(' ') == 1 else '###'} `{name}`"
    yield (command.help or "").partition("\n")[0]
    rows = [(_spelled(parameter), _default(parameter), parameter.help or "") for parameter in command.params]
    if rows:
        yield table(("", "default", "meaning"), rows)


def _spelled(parameter: Any) -> str:  # noqa: ANN401 - as above
    if not parameter.opts[0].startswith("-"):
        return f"`{parameter.metavar or parameter.name.upper()}`"
    if parameter.is_flag:
        return f"`{parameter.opts[0]}`"
    kind = parameter.type_descriptor.annotation
    values = "\\|".join(str(each.value) for each in kind) if issubclass(kind, Enum) else kind.__name__.upper()
    return f"`{parameter.opts[0]} {values}`"


def _default(parameter: Any) -> str:  # noqa: ANN401 - as above
    if parameter.required:
        return "*required*"
    return "" if parameter.default in (None, False) else f"`{parameter.default}`"


def events() -> str:
    """Return every field of every payload on Kafka."""
    told = (
        "Records have the order's id as key and this JSON as value; fields are only ever added (C20). The headers are "
        "those of CloudEvents in binary mode (`ce_id`, `ce_type`, `ce_source`, `ce_time`, `ce_specversion`, "
        "`content-type`) and `traceparent`. `ce_id` is the payload's `eventId`. Amounts and "
        "quantities are JSON numbers with at most 4 decimals, times RFC 3339 in UTC; what is unknown is left out. The "
        "same as AsyncAPI: `/v1/api/sale/doc/asyncapi.json`. "
        "[What a consumer must do](../explanation/exactly-once.md), and "
        "[by which key who counts](stable.md#who-counts-what-by-which-key)."
    )
    parts = [part for topic, kind in EVENT_TYPES.items() for part in _payload(topic, kind)]
    return "\n\n".join(["# Events", MADE, told, *parts]) + "\n"


def _payload(topic: str, kind: type[Any]) -> Iterator[str]:
    yield f"## `{topic}`"
    yield (inspect.getdoc(kind) or "").partition("\n")[0]
    yield table(("field", "is a", "", "meaning"), _fields(kind, "", meanings(kind)))


def _fields(kind: type[Any], before: str, told: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for field in attrs.fields(kind):
        name, (inner, many) = before + wire_name(field), _inside(field.type)
        meaning = told.get(field.name, "")
        left_out = "" if field.default is attrs.NOTHING else "optional"
        yield f"`{name}{'[]' if many else ''}`", "" if inner else _written(field.type), left_out, meaning
        if inner:
            yield from _fields(inner, f"{name}{'[]' if many else ''}.", meanings(inner))


def _written(kind: Any) -> str:  # noqa: ANN401 - any annotation
    (known,) = {_JSON.get(argument, "text") for argument in get_args(kind) or (kind,) if argument is not NoneType}
    return known


def _inside(kind: Any) -> tuple[type[Any] | None, bool]:  # noqa: ANN401 - any annotation
    """Return the attrs class that an annotation speaks of, if one, and whether it is of many."""
    inner = [argument for argument in (kind, *get_args(kind)) if isinstance(argument, type) and attrs.has(argument)]
    return (inner[0] if inner else None), getattr(kind, "__origin__", None) is tuple


def permissions() -> str:
    """Return which role may do what in the sandbox, and which routes and topics each permission opens."""
    told = (
        "Allowed is what some role of the token allows and none denies; no opinion is no (C9). The opinions are "
        "identity's: the roles below are the sandbox's, as a start for yours. "
        f"{_listed(sorted(BYPASS_ROLES))} may do everything, and nobody is asked. "
        "Everybody acts for one merchant at a time, `x-merchant-id`, which the token must name."
    )
    policies, roles = Policies(), sorted(DEFAULT_POLICIES)
    rows = [
        (
            f"`{permission.value}`",
            *(policies.effect(role, permission.value) or "" for role in roles),
            "<br>".join(_opened(permission)),
        )
        for permission in Permission
    ]
    return "\n\n".join(["# Permissions", MADE, told, table(("permission", *roles, "opens"), rows)]) + "\n"


def _opened(permission: Permission) -> Iterator[str]:
    yield from (f"`{each.method} {BASE}{each.path}`" for each in OPERATIONS if each.access is permission)
    yield from (f"stream `{topic}`" for topic, needed in PERMISSIONS.items() if needed is permission)


def _listed(words: Iterable[str]) -> str:
    *most, last = (f"`{word}`" for word in words)
    return f"{', '.join(most)} and {last}"
