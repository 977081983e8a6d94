"""JSON Schemas (2020-12) of the classes that bodies are read into and answers are written from."""

import inspect
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin

import attrs

from sale_adapters.wire.parsing import MAX_LIST, is_list, variants_of
from sale_adapters.wire.scalars import SCALARS
from sale_domain.documents import Json, JsonObject
from sale_domain.event_json import camel

ANY_OBJECT: JsonObject = {"type": "object", "additionalProperties": {}}
"""Said aloud, because generators take an object without a word on its fields for one that has none."""

_SIMPLE: Mapping[Any, JsonObject] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    Decimal: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
    JsonObject: ANY_OBJECT,
}


class Schemas:
    """The schemas of a document; classes are described once, in `components`.

    What is sent in is described strictly: unknown fields are refused, lists bounded. What is answered may grow (C18),
    and has every field. A field's metadata is what its schema says beyond its type; what it means says the docstring.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.components: dict[str, Json] = {}
        self._strict: dict[str, bool] = {}

    def of(self, kind: Any, *, strict: bool) -> JsonObject:  # noqa: ANN401 - any annotation
        """Return the schema of an annotation; `strict` for what is sent in."""
        if kind in SCALARS:
            return SCALARS[kind].schema
        if kind in _SIMPLE:
            return _SIMPLE[kind]
        if attrs.has(kind):
            return self._reference(kind, strict=strict)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"type": "string", "enum": [member.value for member in kind]}
        return self._composed(kind, strict=strict)

    def _composed(self, kind: Any, *, strict: bool) -> JsonObject:  # noqa: ANN401 - any annotation
        arguments = get_args(kind)
        if variants := variants_of(kind):
            return {"oneOf": [self.of(cls, strict=strict) for cls in variants.values()]}
        if NoneType in arguments:
            (known,) = (argument for argument in arguments if argument is not NoneType)
            return _or_null(self.of(known, strict=strict))
        if is_list(kind):
            bound = {"maxItems": MAX_LIST} if strict else {}
            return {"type": "array", "items": self.of(arguments[0], strict=strict), **bound}
        if (
            get_origin(kind) is not None
            and isinstance(get_origin(kind), type)
            and issubclass(get_origin(kind), Mapping)
        ):
            return {"type": "object", "additionalProperties": self.of(arguments[1], strict=strict)}
        return {"const": arguments[0]}

    def _reference(self, cls: type[Any], *, strict: bool) -> JsonObject:
        name = cls.__name__.removesuffix("Body")
        # A class that is sent in as well as answered is described both ways; whichever comes second is named so.
        if self._strict.setdefault(name, strict) != strict:
            name += "Input" if strict else "Output"
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self._described(cls, strict=strict)
        return {"$ref": f"#/components/schemas/{name}"}

    def _described(self, cls: type[Any], *, strict: bool) -> JsonObject:
        fields, meant = attrs.fields(cls), meanings(cls)
        described: dict[str, Json] = {
            "type": "object",
            "description": purpose(cls),
            "properties": {
                wire_name(field): explained(self._field(field, strict=strict), meant.get(field.name))
                for field in fields
            },
            "required": [wire_name(field) for field in fields if field.default is attrs.NOTHING],
        }
        return {**described, "additionalProperties": False} if strict else described

    def _field(self, field: "attrs.Attribute[Any]", *, strict: bool) -> JsonObject:
        default = {"default": field.default} if isinstance(field.default, str | int | Decimal) else {}
        return {**self.of(field.type, strict=strict), **default, **field.metadata}


def purpose(cls: type[Any]) -> str:
    """Return what a class's docstring says of the whole."""
    return (inspect.getdoc(cls) or "").partition("Attributes:\n")[0].strip()


def meanings(cls: type[Any]) -> Mapping[str, str]:
    """Return what a class's docstring says of its attributes, by name."""
    told = (inspect.getdoc(cls) or "").partition("Attributes:\n")[2].partition("\n\n")[0]
    entries = (entry.partition(": ") for entry in re.split(r"^ {4}(?=\w)", told, flags=re.MULTILINE))
    return {name: " ".join(meaning.split()) for name, colon, meaning in entries if colon}


def explained(schema: JsonObject, meaning: str | None) -> JsonObject:
    """Return a schema that says what a thing means before it says how it is written."""
    if meaning is None:
        return schema
    how = schema.get("description")
    return {**schema, "description": f"{meaning} Written as: {how}." if how else meaning}


def wire_name(field: "attrs.Attribute[Any]") -> str:
    """Return a field's name in JSON."""
    return camel(field.name.rstrip("_"))


def _or_null(schema: JsonObject) -> JsonObject:
    match schema:
        case {"type": str(kind)}:
            return {**schema, "type": [kind, "null"]}
        case {"type": list(kinds)}:
            return {**schema, "type": [*kinds, "null"]}
        case _:
            return {"anyOf": [schema, {"type": "null"}]}
