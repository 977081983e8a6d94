"""Reading what sisters answer: the right fields of the right types, or the answer cannot be used.

Fields that are not known are ignored: sisters may add some.
"""

import re
from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

import attrs

from sale_adapters.sisters.transport import Answer
from sale_adapters.wire import json
from sale_adapters.wire.retries import retry_after_seconds, whole_seconds
from sale_domain.documents import Json, JsonObject
from sale_domain.port_errors import SisterRefused, SisterUnavailable

_NOT_THE_REQUESTS_FAULT = frozenset({401, 403, 407, 408, 425, 429})
"""She does not let Sale in, or asks to be left alone: whoever asked Sale can do nothing about either."""

_LONGEST_REASON = 300
_MOST_DIGITS = 20
_UNIT = Decimal("0.0001")
_NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)


def unusable(sister: str, why: str) -> SisterUnavailable:
    """Return the error for an answer that came and yet is none."""
    return SisterUnavailable(sister=sister, reason="the answer cannot be used", words=why)


@attrs.frozen(kw_only=True)
class Document:
    """A JSON object that a sister answered.

    Every method but `text_or_none` raises `SisterUnavailable` when the field is missing; all
    do when it is of another type.

    Attributes:
        path: Where in the answer it is, for errors; RFC 6901.
    """

    sister: str
    fields: JsonObject
    path: str = ""

    def text(self, name: str) -> str:
        """Return a text that is not blank."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "must be a text")
        return value

    def text_or_none(self, name: str) -> str | None:
        """Return a text that may be missing or null."""
        return None if self.fields.get(name) is None else self.text(name)

    def amount(self, name: str) -> Decimal:
        """Return a number of at most 4 decimals, given as number or text (contract §5); its size is not judged here."""
        number = _number(self.fields.get(name))
        if number is None or number.adjusted() > _MOST_DIGITS:
            raise self.wrong(name, "must be a number")
        scaled = number.quantize(_UNIT, rounding=ROUND_DOWN)
        if scaled != number:
            raise self.wrong(name, "must have at most 4 decimals")
        return scaled

    def texts(self, name: str) -> Sequence[str]:
        """Return a list of texts."""
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(name, "must be a list of texts")
        return [str(value) for value in values]

    def object(self, name: str) -> "Document":
        """Return an object."""
        return self._document(self.fields.get(name), f"{self.path}/{name}")

    def objects(self, name: str) -> "list[Document]":
        """Return a list of objects."""
        return [self._document(value, f"{self.path}/{name}/{n}") for n, value in enumerate(self._list(name))]

    def wrong(self, name: str, why: str) -> SisterUnavailable:
        """Return the error for a field that is not as promised."""
        return unusable(self.sister, f"{self.path}/{name} {why}")

    def _list(self, name: str) -> list[Json]:
        value = self.fields.get(name)
        if not isinstance(value, list):
            raise self.wrong(name, "must be a list")
        return value

    def _document(self, value: Json, path: str) -> "Document":
        if not isinstance(value, dict):
            raise unusable(self.sister, f"{path} must be an object")
        return Document(sister=self.sister, fields=value, path=path)


def accepted(sister: str, answer: Answer) -> Document:
    """Return the object that a sister answered.

    Raises:
        SisterRefused: a 4xx that is about the request, with her reason.
        SisterUnavailable: no JSON object, or neither a 2xx nor such a 4xx.
    """
    if 400 <= answer.status < 500 and answer.status not in _NOT_THE_REQUESTS_FAULT:  # noqa: PLR2004 - client errors
        raise SisterRefused(sister=sister, status=answer.status, reason=reason(answer))
    return usable(sister, answer)


def usable(sister: str, answer: Answer) -> Document:
    """Return the object that a sister answered to a request that only a fault of Sale's or hers can make her refuse.

    Raises:
        SisterUnavailable: no JSON object, or not a 2xx.
    """
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's successes
        raise SisterUnavailable(
            sister=sister,
            reason=f"it answered {answer.status}",
            words=reason(answer),
            retry_after_seconds=whole_seconds(retry_after_seconds(answer.headers)),
        )
    try:
        value = json.read(answer.body)
    except json.BadJson as bad:
        raise unusable(sister, str(bad)) from None
    if not isinstance(value, dict):
        raise unusable(sister, "it is not an object")
    if b"\\u" in answer.body and not _can_be_stored(value):
        raise unusable(sister, "it has a character that no database holds")
    return Document(sister=sister, fields=value)


def reason(answer: Answer) -> str:
    """Return a sister's reason for refusing, in one line of bounded length, whatever shape she gives it."""
    try:
        said = json.read(answer.body)
    except json.BadJson:
        said = None
    found = (
        (_told(said.get(name)) for name in ("detail", "title", "message", "error")) if isinstance(said, dict) else ()
    )
    line = next(filter(None, found), f"status {answer.status}")
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"


def _told(value: Json) -> str:
    texts = value if isinstance(value, list) else [value]
    told = ", ".join(text for text in texts if isinstance(text, str))
    return " ".join("".join(character if character.isprintable() else " " for character in told).split())


def _number(value: Json) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _NUMBER.fullmatch(value) else None
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def _can_be_stored(value: Json) -> bool:
    try:
        return b"\\u0000" not in json.write(value)
    except ValueError:  # half of a surrogate pair
        return False
