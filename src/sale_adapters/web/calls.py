"""One request to one operation, as its handler sees it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import attrs
from starlette.requests import Request

from sale_adapters.web.access import Caller
from sale_adapters.web.boundary import Boundary
from sale_adapters.web.metrics import Metrics
from sale_adapters.web.path_names import PATH_NAMES
from sale_adapters.web.rates import Rates
from sale_adapters.wire.parsing import parse_body, parse_query
from sale_adapters.wire.refusals import BodyTooLarge, InvalidInput
from sale_adapters.wire.tracing import TRACEPARENT
from sale_domain.context import Context
from sale_domain.ports.answers import AnswerKey, Once, StoredAnswer
from sale_domain.sale import Sale
from sale_domain.views import OrderView

MAX_BODY = 1024 * 1024
"""Bytes; the longest bill there is needs a tenth of it."""

MAX_UNREAD = 8 * 1024
"""Bytes of a body with a request that has none; some clients send a few, and nobody reads them."""

Readiness = Callable[[], Awaitable[Mapping[str, str | None]]]
"""Look at every part that Sale cannot do without: its name, and why it is missing, None when it is there."""

VERSION = '"[0-9]{1,9}"|[0-9]{1,9}'
"""What If-Match names a version by, as a regular expression."""

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Services:
    """What handlers work with; the documents are written once."""

    sale: Sale
    readiness: Readiness
    metrics: Metrics
    boundary: Boundary
    rates: Rates
    openapi: bytes
    asyncapi: bytes
    page: bytes
    board: Callable[["Call"], Awaitable[StoredAnswer]]


@attrs.frozen(kw_only=True)
class Call:
    """One request.

    Attributes:
        caller: Who calls; None on public paths.
        body: As it came; read on POST, PUT and PATCH only.
        key: Set when the effect must come once; with the body's fingerprint.
    """

    request: Request
    services: Services
    caller: Caller | None = None
    body: bytes = b""
    key: tuple[AnswerKey, bytes] | None = None

    @property
    def sale(self) -> Sale:
        """Return the service."""
        return self.services.sale

    def named(self, kind: Callable[[str], T]) -> T:
        """Return the id of this kind that the path names (`PATH_NAMES`)."""
        (text,) = (text for name, text in self.request.path_params.items() if PATH_NAMES[name].kind is kind)
        return kind(text)

    def parsed(self, kind: type[T]) -> T:
        """Return the body.

        Raises:
            InvalidInput: it is not what it must be.
        """
        return parse_body(self.body, kind)

    def query(self, kind: type[T]) -> T:
        """Return the query parameters.

        Raises:
            InvalidInput: they are not what they must be.
        """
        return parse_query(self.request.query_params.multi_items(), kind)

    def reading(self) -> Context:
        """Return who reads."""
        assert self.caller is not None, "only admitted callers read"
        return Context(merchant_id=self.caller.merchant_id, user_id=self.caller.user_id, traceparent=TRACEPARENT.get())

    def changing(self, answer: Callable[[OrderView], StoredAnswer]) -> Context:
        """Return who changes something, under which conditions; `answer` renders what a repetition is told.

        Raises:
            InvalidInput: If-Match names no version.
        """
        once = None
        if self.key is not None:
            key, fingerprint = self.key
            once = Once(key=key, fingerprint=fingerprint, answer=answer)
        return attrs.evolve(self.reading(), if_match=if_match(self.request), once=once)


def if_match(request: Request) -> int | None:
    """Return the version that If-Match names; None when it names none in particular.

    Raises:
        InvalidInput: it is a weak tag, or no version.
    """
    given = request.headers.get("if-match", "*").strip()
    if given == "*":
        return None
    if not re.fullmatch(VERSION, given):
        raise InvalidInput.at("/headers/if-match", 'must be a version such as "3"')
    return int(given.strip('"'))


async def read_body(request: Request, *, limit: int = MAX_BODY) -> bytes:
    """Read a body.

    Raises:
        BodyTooLarge: it has more than `limit` bytes; the rest is not read.
    """
    if "expect" in request.headers and _announces_more(request, than=limit):
        # Whoever asks first has sent nothing yet, and reading would tell him to go on (RFC 9110, 10.1.1).
        raise BodyTooLarge(limit=limit)
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > limit:
            raise BodyTooLarge(limit=limit, start=bytes(read[:limit]))
    return bytes(read)


async def pass_over_body(request: Request) -> None:
    """Do without the body of a request that has none; one that says its length is not waited for.

    Raises:
        BodyTooLarge: it has more than `MAX_UNREAD` bytes.
    """
    if "transfer-encoding" in request.headers:
        await read_body(request, limit=MAX_UNREAD)
    elif _announces_more(request, than=MAX_UNREAD):
        raise BodyTooLarge(limit=MAX_UNREAD)


def _announces_more(request: Request, *, than: int) -> bool:
    length = request.headers.get("content-length", "0").lstrip("0")
    return len(length) > len(str(than)) or int(length or "0") > than
