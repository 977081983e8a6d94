"""Lists: one way to read a page of anything."""

from typing import Protocol, TypeVar

from sale_adapters.client.answers import Page, Pages
from sale_adapters.client.calling import Calls
from sale_domain.documents import JsonObject

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Listed(Protocol[T_co]):
    """The body of any list."""

    @property
    def items(self) -> tuple[T_co, ...]:
        """Return what is on the page."""
        ...

    @property
    def next_cursor(self) -> str | None:
        """Return where the next page begins."""
        ...


class ListCalls(Calls):
    """Calls that answer with lists."""

    def _pages(self, path: str, query: JsonObject, kind: type[Listed[T]]) -> Pages[T]:
        async def read(cursor: str | None) -> Page[T]:
            answer = await self._get(path, query if cursor is None else {**query, "cursor": cursor})
            listed: Listed[T] = answer.read(kind)
            return Page(items=listed.items, next_cursor=listed.next_cursor, feed_seq=answer.feed_seq)

        return Pages(read)
