"""What Sale answers over HTTP: attrs values as JSON with every field in it, null where unknown (contract §9)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_unstructure_fn, override

from sale_adapters.wire import json
from sale_domain.documents import Json, JsonObject
from sale_domain.event_json import camel, instant


def answer_json(value: object) -> Json:
    """Return an answer's JSON form: camelCase, plain numbers, RFC 3339 times."""
    form: Json = _CONVERTER.unstructure(value)
    return form


def _converter() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(Decimal, json.plain)
    converter.register_unstructure_hook(datetime, instant)
    # Documents of other services are shown as they came.
    converter.register_unstructure_hook_func(lambda kind: kind in (Json, JsonObject), lambda document: document)
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _writer(cls, converter))
    return converter


def _writer(cls: type[Any], converter: Converter) -> Any:  # noqa: ANN401 - a cattrs hook
    # Python's keywords cannot be fields: `from_` is `from` on the wire.
    names: Any = {field.name: override(rename=camel(field.name.rstrip("_"))) for field in attrs.fields(cls)}
    return make_dict_unstructure_fn(cls, converter, **names)


_CONVERTER = _converter()
