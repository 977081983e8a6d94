"""JSON Schemas of events: what is None is absent, never null, and everything else is always there."""

from types import NoneType
from typing import Any, get_args

import attrs

from sale_adapters.web.schema import Schemas, wire_name
from sale_domain.documents import Json, JsonObject


class EventSchemas(Schemas):
    """The schemas of what `write_event` and `wire.forms.to_json` write."""

    def of(self, kind: Any, *, strict: bool = False) -> JsonObject:  # noqa: ANN401 - any annotation
        """Return the schema of an annotation; consumers must expect more fields (C20)."""
        return super().of(getattr(kind, "__supertype__", kind), strict=strict)

    def _composed(self, kind: Any, *, strict: bool) -> JsonObject:  # noqa: ANN401 - any annotation
        known = [argument for argument in get_args(kind) if argument is not NoneType]
        return self.of(known[0]) if NoneType in get_args(kind) else super()._composed(kind, strict=strict)

    def _described(self, cls: type[Any], *, strict: bool) -> JsonObject:
        always: list[Json] = [wire_name(field) for field in attrs.fields(cls) if field.default is not None]
        return {**super()._described(cls, strict=strict), "required": always}
