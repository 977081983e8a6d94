"""Domain values as JSON: camelCase names, plain numbers, RFC 3339 times; and back, for what Sale itself has written."""

from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from sale_adapters.wire import json
from sale_domain.documents import Json, JsonObject
from sale_domain.event_json import camel, instant

T = TypeVar("T")


def to_json(value: object) -> Json:
    """Return a value's JSON form; optional fields that are None are left out."""
    form: Json = _CONVERTER.unstructure(value)
    return form


def from_json(form: Json, kind: type[T]) -> T:
    """Return the value that `to_json` made the form from; fields that are not known are ignored (C20)."""
    return _CONVERTER.structure(form, kind)


def _converter() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(Decimal, json.plain)
    converter.register_unstructure_hook(datetime, instant)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    # Documents of other services are kept verbatim.
    converter.register_unstructure_hook_func(_is_document, lambda value: value)
    converter.register_structure_hook_func(_is_document, lambda value, _: value)
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _writer(cls, converter))
    converter.register_structure_hook_factory(attrs.has, lambda cls: _reader(cls, converter))
    return converter


def _is_document(kind: Any) -> bool:  # noqa: ANN401 - cattrs asks about any annotation
    return any(kind == document for document in (JsonObject, Json))


def _writer(cls: type[Any], converter: Converter) -> Any:  # noqa: ANN401 - a cattrs hook
    names: Any = {
        field.name: override(rename=camel(field.name), omit_if_default=field.default is None)
        for field in attrs.fields(cls)
    }
    return make_dict_unstructure_fn(cls, converter, **names)


def _reader(cls: type[Any], converter: Converter) -> Any:  # noqa: ANN401 - a cattrs hook
    names: Any = {field.name: override(rename=camel(field.name)) for field in attrs.fields(cls)}
    return make_dict_structure_fn(cls, converter, **names)


_CONVERTER = _converter()
