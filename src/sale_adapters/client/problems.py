"""What can go wrong with a call: Sale refuses (a problem of RFC 9457), cannot be reached, or cannot be understood."""

from collections.abc import Mapping

import attrs

from sale_adapters.wire import json
from sale_adapters.wire.refusals import FieldError
from sale_adapters.wire.retries import retry_after_seconds
from sale_domain.documents import Json, JsonObject

_OF_EVERY_PROBLEM = frozenset({"type", "title", "status", "detail", "code", "requestId", "errors"})
_SERVER_ERROR = 500
_TOO_MANY = 429


class ClientError(Exception):
    """A call came to nothing; the root of all that the client raises."""


@attrs.define(kw_only=True, eq=False)
class Unreachable(ClientError):
    """Nobody of Sale's answered within the deadline; an equal command with the same key finds out what came of it.

    Attributes:
        reason: How the last try ended, or what the deadline was waiting for.
        untouched: Whether it is certain that Sale has not even heard of any try.
        key: The Idempotency-Key of a POST.
        retry_after_seconds: When to ask again at the earliest; 0 when nobody has said.
    """

    reason: str
    untouched: bool = False
    key: str | None = None
    retry_after_seconds: float = 0.0

    def __str__(self) -> str:
        return f"Sale has not {'been asked' if self.untouched else 'answered'}: {self.reason}."


@attrs.define(kw_only=True, eq=False)
class UnreadableAnswer(ClientError):
    """What was answered is not what Sale answers: another service is there, or a proxy has a say."""

    status: int
    reason: str

    def __str__(self) -> str:
        return f"The answer ({self.status}) is not one of Sale's: {self.reason}."


@attrs.define(kw_only=True, eq=False)
class Problem(ClientError):
    """Sale has refused; `code` says why and is stable, more codes may come.

    Attributes:
        code: Such as `price-changed`; docs/reference/problems.md has all of them.
        status: The HTTP status.
        detail: The same in words.
        request_id: What Sale's logs know the request by.
        errors: Which fields of a body are wrong, by their pointers.
        members: What the code tells beyond that, by its name in JSON; numbers are int or Decimal.
        retry_after_seconds: When to ask again at the earliest; 0 when Sale does not say.
    """

    code: str
    status: int
    detail: str
    request_id: str | None
    errors: tuple[FieldError, ...]
    members: JsonObject
    retry_after_seconds: float

    def __str__(self) -> str:
        return f"{self.detail} ({self.status} {self.code}, request {self.request_id})"


class Rejected(Problem):
    """The caller is wrong, and the same again will be refused again."""


class Unauthenticated(Rejected):
    """The token proves nothing, or has expired."""


class Forbidden(Rejected):
    """The token's roles may not do this, or the merchant is none of the token's."""


class NotFound(Rejected):
    """It does not exist for this merchant."""


class Conflict(Problem):
    """The world has moved: look again before asking again."""


class StaleVersion(Conflict):
    """It has another version than `if_match` said."""


class Unavailable(Problem):
    """Sale, or somebody whom it asks, is not able to just now; the same may be asked again."""


_KINDS: Mapping[int, type[Problem]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: StaleVersion,
    _TOO_MANY: Unavailable,
}
"""By status, so that codes of later releases are understood; what is not here is Rejected, or Unavailable from 500."""


def problem_in(status: int, headers: Mapping[str, str], body: bytes) -> Problem | None:
    """Return the problem that a refusal tells of; None when it is none of Sale's."""
    try:
        told = json.read(body)
    except json.BadJson:
        return None
    if not isinstance(told, Mapping) or not isinstance(told.get("code"), str):
        return None
    return _kind_of(status)(
        code=str(told["code"]),
        status=status,
        detail=str(told.get("detail", "")),
        request_id=_text(told.get("requestId")),
        errors=tuple(_fields(told.get("errors"))),
        members={name: value for name, value in told.items() if name not in _OF_EVERY_PROBLEM},
        retry_after_seconds=retry_after_seconds(headers),
    )


def _kind_of(status: int) -> type[Problem]:
    return _KINDS.get(status, Unavailable if status >= _SERVER_ERROR else Rejected)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _fields(told: Json) -> list[FieldError]:
    found = []
    for each in told if isinstance(told, list) else ():
        match each:
            case {"pointer": str(pointer), "detail": str(detail)}:
                found.append(FieldError(pointer=pointer, detail=detail))
            case _:
                pass
    return found
