"""The settings as people read them: a row each, with meaning, default and source (contract §11)."""

import re
from collections.abc import Mapping
from typing import Any

import attrs

from sale_app.setting_fields import Process, variable
from sale_app.settings import Settings

_MASK = "********"
# What is wrong may be shown too, so it is masked from the first : to the last @, whatever is between them.
_PASSWORD = re.compile(r"(://[^:]*:).*@", re.DOTALL)
_SHOWN = (Process.SERVE, Process.RELAY, Process.MIGRATE, Process.RECONCILE)


@attrs.frozen(kw_only=True)
class SettingRow:
    """A setting as `sale settings` and the documents show it; a secret's value is masked."""

    variable: str
    value: str
    source: str
    default: str
    required: bool
    meaning: str
    processes: tuple[str, ...]


def describe(environment: Mapping[str, str]) -> tuple[SettingRow, ...]:
    """Return a row for every setting."""
    return tuple(_row(field, environment) for field in attrs.fields(Settings))


def _row(field: Any, environment: Mapping[str, str]) -> SettingRow:  # noqa: ANN401 - an attrs field
    name, default = variable(field.name), field.metadata["default"]
    given = environment.get(name)
    value = given if given is not None else default
    return SettingRow(
        variable=name,
        value="" if value is None else _MASK if field.metadata["secret"] else _PASSWORD.sub(rf"\g<1>{_MASK}@", value),
        source=_source(field, given),
        default=default or "",
        required=_is_required(field),
        meaning=field.metadata["meaning"],
        processes=tuple(process.value for process in _SHOWN if process in field.metadata["readers"]),
    )


def _source(field: Any, given: str | None) -> str:  # noqa: ANN401 - as above
    if given is None:
        return "default" if field.metadata["default"] else "missing" if _is_required(field) else "optional"
    try:
        field.metadata["parse"](given)
    except ValueError:
        return "malformed"
    return "environment"


def _is_required(field: Any) -> bool:  # noqa: ANN401 - as above
    return field.metadata["default"] is None and bool(field.metadata["of"])
