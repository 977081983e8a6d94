"""What is wrong with a request before it means anything to the domain."""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from sale_domain.errors import Rejected, Unavailable


@attrs.frozen(kw_only=True)
class FieldError:
    """One thing that is wrong with a request.

    Attributes:
        pointer: RFC 6901, into the body; `/query/…` and `/headers/…` name what is not in the body.
        detail: What is wrong, as the end of a sentence about the value.
    """

    pointer: str
    detail: str


@attrs.define(kw_only=True, eq=False)
class InvalidInput(Rejected):
    """A request cannot be read; `errors` says where and why, several at once."""

    code: ClassVar[str] = "invalid"
    errors: tuple[FieldError, ...]

    @classmethod
    def at(cls, pointer: str, detail: str) -> "InvalidInput":
        """Name the one thing that is wrong."""
        return cls(errors=(FieldError(pointer=pointer, detail=detail),))

    def __str__(self) -> str:
        first = self.errors[0]
        return f"{first.pointer or 'The body'}: {first.detail}"


@attrs.define(kw_only=True, eq=False)
class BodyTooLarge(Rejected):
    """A body is larger than any that Sale could want.

    Attributes:
        limit: In bytes.
        start: The body's first bytes, at most `limit`.
    """

    code: ClassVar[str] = "body-too-large"
    limit: int
    start: bytes = b""

    def __str__(self) -> str:
        return f"A body has at most {self.limit} bytes."


@attrs.define(kw_only=True, eq=False)
class UrlTooLong(Rejected):
    """Path and query are longer than any that Sale understands.

    Attributes:
        limit: In bytes.
    """

    code: ClassVar[str] = "url-too-long"
    limit: int

    def __str__(self) -> str:
        return f"Path and query have at most {self.limit} bytes."


@attrs.define(kw_only=True, eq=False)
class HeadersTooLarge(Rejected):
    """The headers are larger than any that Sale needs.

    Attributes:
        limit: In bytes, of all names and values together.
    """

    code: ClassVar[str] = "headers-too-large"
    limit: int

    def __str__(self) -> str:
        return f"All headers together have at most {self.limit} bytes."


@attrs.define(kw_only=True, eq=False)
class TooManyRequests(Rejected):
    """The user asks more often than the operator allows; nothing was looked at.

    Attributes:
        retry_after_seconds: When to ask again at the earliest.
    """

    code: ClassVar[str] = "too-many-requests"
    retry_after_seconds: int

    def __str__(self) -> str:
        return f"Too many requests; try again in {self.retry_after_seconds} s."


@attrs.define(kw_only=True, eq=False)
class TookTooLong(Unavailable):
    """A request was given up; whether a command had its effect, an equal one with the same Idempotency-Key finds out.

    Attributes:
        seconds: How long it was worked on.
    """

    code: ClassVar[str] = "took-too-long"
    seconds: float

    def __str__(self) -> str:
        return f"The request was given up after {self.seconds:g} s."


@attrs.define(kw_only=True, eq=False)
class MethodNotAllowed(Rejected):
    """The path exists, the method does not."""

    code: ClassVar[str] = "method-not-allowed"
    allowed: tuple[str, ...]

    def __str__(self) -> str:
        return f"Only {', '.join(self.allowed)} can be asked of this path."


@attrs.define(kw_only=True, eq=False)
class NetworkRefused(Rejected):
    """The webhook is closed to where a request comes from."""

    code: ClassVar[str] = "network-refused"

    def __str__(self) -> str:
        return "The webhook is closed to this network."


@attrs.define(kw_only=True, eq=False)
class SignatureMissing(Rejected):
    """A webhook is not signed, and has to be."""

    code: ClassVar[str] = "signature-missing"

    def __str__(self) -> str:
        return "A webhook needs the headers webhook-id, webhook-timestamp and webhook-signature."


@attrs.define(kw_only=True, eq=False)
class SignatureWrong(Rejected):
    """A webhook is signed with none of the secrets, or was changed on its way."""

    code: ClassVar[str] = "signature-wrong"

    def __str__(self) -> str:
        return "No signature of this webhook is right."


@attrs.define(kw_only=True, eq=False)
class SignatureStale(Rejected):
    """A webhook was signed too long ago, or in the future."""

    code: ClassVar[str] = "signature-stale"

    def __str__(self) -> str:
        return "This webhook was not signed just now; a clock is wrong, or it is a repetition."


BOUNDARY = (NetworkRefused, SignatureMissing, SignatureWrong, SignatureStale)
"""What stops a webhook before anything of it is kept."""


@attrs.define(kw_only=True, eq=False)
class NotReady(Unavailable):
    """A part that Sale cannot do without is missing.

    Attributes:
        parts: Every part with what is wrong, or `reachable`.
    """

    code: ClassVar[str] = "not-ready"
    parts: Mapping[str, str]

    def __str__(self) -> str:
        return f"Missing: {', '.join(name for name, state in self.parts.items() if state != REACHABLE)}."


REACHABLE = "reachable"
"""What is said of a part that is there."""
