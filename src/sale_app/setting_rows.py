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
    given, required = environment.get(name), default is None and bool(field.metadata["of"])
    value = given if given is not None else default
    return SettingRow(
        variable=name,
        value="" if value is None else _MASK if field.metadata["secret"] else _PASSWORD.sub(rf"\g<1>{_MASK}@", value),
        source="environment" if given is not None else "default" if default else "missing" if required else "optional",
        default=default or "",
        required=required,
        meaning=field.metadata["meaning"],
        processes=tuple(process.value for process in _SHOWN if process in field.metadata["readers"]),
    )
