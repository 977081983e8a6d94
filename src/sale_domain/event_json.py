"""Attrs values as exact JSON, and back, with the standard library alone: the form of what goes to Kafka (contract §7).

Names are camelCase, amounts are plain numbers that never pass through a binary float, times are RFC 3339 in UTC, and
what is None is left out. Readers ignore fields that they do not know, so that fields can be added (C20).
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from json.encoder import encode_basestring
from types import UnionType
from typing import Any, ClassVar, NewType, NoReturn, TypeVar, Union, get_args, get_origin

import attrs

from sale_domain.errors import Rejected

T = TypeVar("T")


@attrs.define(kw_only=True, eq=False)
class UnreadableEvent(Rejected):
    """The bytes are no event of this kind.

    Attributes:
        pointer: Where it goes wrong, RFC 6901; empty for the whole.
        detail: What is wrong there.
    """

    code: ClassVar[str] = "unreadable-event"
    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer or 'The event'} {self.detail}."


def camel(name: str) -> str:
    """Return a Python name as JSON spells it.

    >>> camel("sale_order_id")
    'saleOrderId'
    """
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def instant(at: datetime) -> str:
    """Return a time in UTC as RFC 3339 (contract §5).

    >>> instant(datetime(2026, 1, 5, 7, 30, tzinfo=UTC))
    '2026-01-05T07:30:00Z'
    """
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def digits(value: Decimal) -> str:
    """Return a number without trailing zeros and without an exponent, as people write it.

    >>> digits(Decimal("65000.0000")), digits(Decimal("3.5000")), digits(Decimal("1E+3"))
    ('65000', '3.5', '1000')
    """
    # By its digits: decimal arithmetic would round to the context's 28.
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def write(value: object) -> bytes:
    """Return the JSON of an attrs value that is made of texts, numbers, times, tuples, and more of its like."""
    return _any(value).encode()


def _any(value: object) -> str:
    return _writer(type(value))(value)  # type: ignore[arg-type]  # classes are hashable


@cache
def _writer(cls: type) -> Callable[[Any], str]:
    if single := _WRITERS.get(cls):
        return single
    names = [(field.name, f'"{camel(field.name)}":') for field in attrs.fields(cls)]

    def written(value: object) -> str:
        told = [(name, part) for field, name in names if (part := getattr(value, field)) is not None]
        return f"{{{','.join([name + _any(part) for name, part in told])}}}"

    return written


def _written(values: tuple[Any, ...]) -> str:
    return f"[{','.join(map(_any, values))}]"


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: str,
    bool: lambda truth: "true" if truth else "false",
    Decimal: digits,
    datetime: lambda at: f'"{instant(at)}"',
    tuple: _written,
}


def read(data: bytes, kind: type[T]) -> T:
    """Return the value that `write` made the bytes from, or that a later Sale made with more fields.

    Raises:
        UnreadableEvent: they are no JSON, a field that must be there is not, or one is of another type.
    """
    try:
        form = json.loads(data.decode(), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        raise UnreadableEvent(pointer="", detail="is not JSON") from None
    value: T = _reader(kind)(form, "")  # type: ignore[arg-type]  # as above
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


_Reader = Callable[[Any, str], Any]


@cache
def _reader(kind: Any) -> _Reader:  # noqa: ANN401 - any annotation
    if isinstance(kind, NewType):
        return _reader(kind.__supertype__)
    if single := _READERS.get(kind):
        return single
    if get_origin(kind) in {Union, UnionType}:
        (kind,) = set(get_args(kind)) - {type(None)}
        return _or_none(_reader(kind))
    if get_origin(kind) is tuple:
        return _list_of(_reader(get_args(kind)[0]))
    return _object(kind)


def _or_none(read_one: _Reader) -> _Reader:
    return lambda form, pointer: None if form is None else read_one(form, pointer)


def _list_of(read_one: _Reader) -> _Reader:
    def read_all(form: Any, pointer: str) -> tuple[Any, ...]:  # noqa: ANN401 - JSON
        elements = _expected(list, form, pointer, "must be a list")
        return tuple(read_one(element, f"{pointer}/{n}") for n, element in enumerate(elements))

    return read_all


def _object(cls: type[Any]) -> _Reader:
    fields = [
        (field.name, camel(field.name), field.default is not attrs.NOTHING, _reader(field.type))
        for field in attrs.fields(cls)
    ]

    def read_object(form: Any, pointer: str) -> object:  # noqa: ANN401 - JSON
        told = _expected(dict, form, pointer, "must be an object")
        values = {}
        for name, spelt, optional, read_one in fields:
            if spelt in told:
                values[name] = read_one(told[spelt], f"{pointer}/{spelt}")
            elif not optional:
                raise UnreadableEvent(pointer=f"{pointer}/{spelt}", detail="is missing")
        return cls(**values)

    return read_object


def _expected(kind: type[T], form: Any, pointer: str, otherwise: str) -> T:  # noqa: ANN401 - JSON
    # A JSON true is no number, though Python's is.
    if type(form) is kind:
        return form
    raise UnreadableEvent(pointer=pointer, detail=otherwise)


def _text(form: Any, pointer: str) -> str:  # noqa: ANN401 - JSON
    text = _expected(str, form, pointer, "must be text")
    try:
        text.encode()
    except UnicodeEncodeError:
        # JSON can say half a character; nobody could write it again.
        raise UnreadableEvent(pointer=pointer, detail="must be text of whole characters") from None
    return text


def _decimal(form: Any, pointer: str) -> Decimal:  # noqa: ANN401 - JSON
    if type(form) is int:
        return Decimal(form)
    return _expected(Decimal, form, pointer, "must be a number")


def _time(form: Any, pointer: str) -> datetime:  # noqa: ANN401 - JSON
    try:
        at = datetime.fromisoformat(_expected(str, form, pointer, "must be a time"))
        if at.tzinfo is None:
            raise UnreadableEvent(pointer=pointer, detail="must be a time with its offset")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableEvent(pointer=pointer, detail="must be a time") from None


_READERS: Mapping[Any, _Reader] = {
    str: _text,
    int: lambda form, pointer: _expected(int, form, pointer, "must be a whole number"),
    bool: lambda form, pointer: _expected(bool, form, pointer, "must be true or false"),
    Decimal: _decimal,
    datetime: _time,
}
