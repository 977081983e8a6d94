"""What callers get: answers as frozen values, and lists page by page."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

import attrs
import httpx

from sale_adapters.client.problems import Unreachable, UnreadableAnswer, problem_in
from sale_adapters.client.requests import Station
from sale_adapters.wire import json
from sale_adapters.wire.forms import from_json
from sale_adapters.wire.retries import retry_after_seconds

T = TypeVar("T")

_TOO_MANY, _SERVER_ERROR = 429, 500


@attrs.frozen(kw_only=True)
class Answer:
    """A good answer, not yet read.

    Attributes:
        version: Of what is shown (ETag); None when it has none.
        feed_seq: The merchant's feed number that it is true for; None when it tells none.
    """

    status: int
    body: bytes
    version: int | None = None
    feed_seq: int | None = None

    def read(self, kind: type[T]) -> T:
        """Return what is answered; fields that are not known are ignored (C18).

        Raises:
            UnreadableAnswer: it is something else.
        """
        try:
            return from_json(json.read(self.body), kind)
        except json.BadJson as broken:
            raise UnreadableAnswer(status=self.status, reason=f"it is {broken}") from None
        except Exception as broken:
            # Whatever cattrs raises here says that a field is missing, or is not of its type.
            raise UnreadableAnswer(status=self.status, reason=f"it is no {kind.__name__}") from broken


def understood(response: httpx.Response, *, key: str | None) -> Answer:
    """Return a good answer; `key` is the request's, for the error.

    Raises:
        Problem: Sale refuses.
        Unreachable: somebody on the way has trouble.
        UnreadableAnswer: somebody else answered.
    """
    status, headers, body = response.status_code, response.headers, response.content
    if response.is_success:
        return Answer(
            status=status,
            body=body,
            version=_number(headers.get("etag", "").strip('"')),
            feed_seq=_number(headers.get("x-feed-seq", "")),
        )
    problem = problem_in(status, headers, body)
    if problem is not None:
        raise problem
    if status >= _SERVER_ERROR or status == _TOO_MANY:
        # A proxy's word; what is behind it may have worked on the request.
        raise Unreachable(
            reason=f"somebody on the way answered {status}",
            key=key,
            retry_after_seconds=retry_after_seconds(headers),
        )
    raise UnreadableAnswer(status=status, reason="it is neither what was asked for nor a problem")


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


@attrs.frozen(kw_only=True)
class Stations:
    """All of a merchant's kitchen stations, with the version that `if_match` asks for."""

    stations: tuple[Station, ...]
    version: int = 0


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """A part of a list.

    Attributes:
        next_cursor: Where the next page begins; None on the last one.
        feed_seq: The feed number that the page is true for, to join it to the live stream; None when it tells none.
    """

    items: tuple[T, ...]
    next_cursor: str | None
    feed_seq: int | None = None


@attrs.frozen
class Pages(Generic[T]):
    """A list: `async for` goes through all of it and reads page after page, `page` reads one."""

    _read: Callable[[str | None], Awaitable[Page[T]]]

    async def page(self, cursor: str | None = None) -> Page[T]:
        """Read one page, the first one unless a `next_cursor` is given."""
        return await self._read(cursor)

    async def __aiter__(self) -> AsyncIterator[T]:
        """Go through everything, in the list's order."""
        page = await self._read(None)
        while True:
            for item in page.items:
                yield item
            if page.next_cursor is None:
                return
            page = await self._read(page.next_cursor)
