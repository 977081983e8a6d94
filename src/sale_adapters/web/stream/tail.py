"""The newest changes of every merchant that somebody watches, read once for all of them.

Whoever watches keeps a position of its own and reads from here; so memory depends on merchants, not on watchers, and is
bounded over all of them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

import attrs

from sale_adapters.web.stream.lines import Line, line_of
from sale_domain.ids import MerchantId
from sale_domain.port_errors import StoreUnavailable
from sale_domain.ports.feed import Feed
from sale_domain.ports.orders import NumberedEntry

_LOG = logging.getLogger("sale.stream")

PAGE = 200
"""How many entries of a merchant are read at once."""

KEEP_IN_ALL = 50_000
"""How many changes of all merchants together are kept at least: some 65 MB."""

_READ_AT_ONCE = 2


@attrs.define(kw_only=True, eq=False)
class MerchantTail:
    """What a merchant's history ends with.

    Attributes:
        head: The number of the newest change that is known here.
        newest: The changes up to it without a gap; older ones have been dropped.
        watchers: Are called when there is more.
    """

    merchant_id: MerchantId
    head: int
    newest: deque[Line]
    watchers: set[Callable[[], object]] = attrs.field(factory=set)

    def behind(self, position: int, *, most: int) -> Sequence[Line] | None:
        """Return the oldest changes behind a position; None when they are not here any more, or never were."""
        missing = self.head - position
        if missing > len(self.newest):
            return None
        # Almost everybody lacks the last one alone: counted from the end, where a deque is quick.
        return [self.newest[n] for n in range(-missing, min(0, most - missing))]

    def grow(self, entries: Iterable[NumberedEntry]) -> None:
        """Take in what was committed, and say so."""
        for row in entries:
            if row.n <= self.head:
                # Read for another tail of the merchant, whose last watcher went before this one's first came.
                continue
            if row.n != self.head + 1:
                # Numbers have no gaps (architecture §6); should one be there after all, nobody may read across it.
                self.newest.clear()
            self.newest.append(line_of(self.merchant_id, row))
            self.head = row.n
        for watcher in self.watchers:
            watcher()


class FeedTail:
    """Follow the feeds of all watched merchants: one read a wake-up, and one every `poll_seconds` besides.

    It begins with the first watcher and ends with the last; a store that is away is waited for.
    """

    def __init__(
        self, feed: Feed, *, poll_seconds: float = 1.0, keep: int = 1_000, keep_in_all: int = KEEP_IN_ALL
    ) -> None:
        """Follow nobody yet.

        Args:
            feed: The committed history.
            poll_seconds: How late a change is seen at most when nobody wakes us.
            keep: How many changes of a merchant are kept: so far may a watcher fall behind. With less than `PAGE`
                one busy moment would leave even the quickest behind.
            keep_in_all: How many changes of all merchants together are kept. Beyond it those are dropped whose
                merchants have been quiet for longest: whoever watches them has long seen them.
        """
        self.keep = keep
        self._keep_in_all = keep_in_all
        self._feed = feed
        self._poll_seconds = poll_seconds
        self._tails: dict[MerchantId, MerchantTail] = {}
        self._woken = asyncio.Event()
        self._beginning = asyncio.Lock()
        self._away_until = 0.0
        self._reading = asyncio.Semaphore(_READ_AT_ONCE)
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Say that something was committed; a call that gets lost costs `poll_seconds`."""
        self._woken.set()

    @asynccontextmanager
    async def watched(self, merchant_id: MerchantId, watcher: Callable[[], object]) -> AsyncIterator[MerchantTail]:
        """Yield a merchant's tail; `watcher` is called whenever it has grown.

        Raises:
            StoreUnavailable: nobody watched the merchant yet, and its head cannot be read, or could not a moment ago.
        """
        # One after the other, so that all who come at once for a merchant get one tail, with one read.
        async with self._beginning:
            if merchant_id not in self._tails:
                self._tails[merchant_id] = await self._begun(merchant_id)
            tail = self._tails[merchant_id]
            tail.watchers.add(watcher)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())
        try:
            yield tail
        finally:
            tail.watchers.discard(watcher)
            if not tail.watchers and self._tails.get(merchant_id) is tail:
                del self._tails[merchant_id]
                self._woken.set()

    async def _begun(self, merchant_id: MerchantId) -> MerchantTail:
        # Who waits behind one that waited for the store in vain is told at once, or all would wait in a row.
        if asyncio.get_running_loop().time() < self._away_until:
            raise StoreUnavailable(reason="the feed could not be read a moment ago")
        try:
            head = await self.head(merchant_id)
        except StoreUnavailable:
            self._away_until = asyncio.get_running_loop().time() + self._poll_seconds
            raise
        return MerchantTail(merchant_id=merchant_id, head=head, newest=deque(maxlen=self.keep))

    async def head(self, merchant_id: MerchantId) -> int:
        """Read the newest number that is committed now."""
        async with self._reading:
            return (await self._feed.heads([merchant_id]))[merchant_id]

    async def page(self, merchant_id: MerchantId, position: int) -> Sequence[Line]:
        """Read what lies behind a position from the history: for one who comes back after a while.

        However many come back at once, they share few connections to the store.
        """
        async with self._reading:
            found = await self._feed.since({merchant_id: position}, limit=PAGE)
        return [line_of(merchant_id, row) for row in found.get(merchant_id, ())]

    async def _follow(self) -> None:
        while self._tails:
            self._woken.clear()
            if await self._read():
                continue
            try:
                async with asyncio.timeout(self._poll_seconds):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _read(self) -> bool:
        """Read what is new for everybody; tell whether there may be more."""
        positions = {merchant_id: tail.head for merchant_id, tail in self._tails.items()}
        try:
            return self._grown(await self._feed.since(positions, limit=PAGE))
        except StoreUnavailable as away:
            _LOG.warning("the feed cannot be read, the screens wait: %s", away)
        except Exception:  # noqa: BLE001 - told, and tried again
            # A bug that ended this task would silently blind every screen.
            _LOG.exception("the feed could not be read")
        await asyncio.sleep(self._poll_seconds)
        return False

    def _grown(self, found: Mapping[MerchantId, Sequence[NumberedEntry]]) -> bool:
        for merchant_id, entries in found.items():
            # Its last watcher may have gone meanwhile.
            if (tail := self._tails.pop(merchant_id, None)) is not None:
                # Put in again as the last one, so that the quietest come first.
                self._tails[merchant_id] = tail
                tail.grow(entries)
        self._forget()
        return any(len(entries) >= PAGE for entries in found.values())

    def _forget(self) -> None:
        """Drop what the quietest merchants' tails hold while there is too much in all, never the busiest one's."""
        kept = sum(len(tail.newest) for tail in self._tails.values())
        for tail in list(self._tails.values())[:-1]:
            if kept <= self._keep_in_all:
                break
            kept -= len(tail.newest)
            tail.newest.clear()
