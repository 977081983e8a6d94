"""JSON as the sisters speak it: exact decimals out, checked bodies in."""

from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

T = TypeVar("T")

_STEP = Decimal("0.0001")
_LIMIT = Decimal(10) ** 11
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class Refused(Exception):
    """Carry a 4xx with its reason from where it is found out to the HTTP answer."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class ExactJson(Response):
    """Answer JSON in which every Decimal is a number with all its digits."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode ``content``; a Decimal never passes through a float."""
        return to_json(content)


def to_json(content: object) -> bytes:
    """Encode ``content`` as JSON, Decimals as exact numbers."""
    return _ENCODER.encode(content)


def from_json(body: bytes) -> object:
    """Decode JSON, fractions as Decimals; raise ValueError for anything else."""
    decoded: object = _DECODER.decode(body)
    return decoded


def problem(status: int, code: str, detail: str) -> Response:
    """Answer a refusal in the shape that all sisters of the sandbox share."""
    return ExactJson({"status": status, "code": code, "title": code.replace("-", " "), "detail": detail}, status)


async def read(request: Request, shape: type[T]) -> T:
    """Parse the body of ``request`` as ``shape``; an empty body is ``{}``. Raise Refused (422) naming the field."""
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=shape)
    except ValueError as wrong:
        raise Refused(422, "bad-body", str(wrong)) from wrong


def money(amount: Decimal) -> Decimal:
    """Round ``amount`` to 4 places, half up, and write whole amounts without a fraction."""
    rounded = amount.quantize(_STEP, rounding=ROUND_HALF_UP)
    whole = rounded.to_integral_value()
    return whole if whole == rounded else rounded.normalize()


def checked_money(amount: Decimal, what: str) -> Decimal:
    """Return ``amount`` when it is a decimal(15,4) of at least 0; raise Refused (422) that names ``what`` otherwise."""
    if amount.is_finite() and 0 <= amount < _LIMIT and amount == amount.quantize(_STEP):
        return money(amount)
    raise Refused(422, "bad-amount", f"{what} must be a decimal(15,4) of at least 0, not {amount}")
