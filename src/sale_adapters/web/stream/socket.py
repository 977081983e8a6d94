"""One WebSocket: what is heard goes into the conversation, what it says and the changes that are to be seen go out."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from itertools import starmap

import attrs
from starlette.websockets import WebSocket, WebSocketDisconnect

from sale_adapters.web.metrics import Metrics
from sale_adapters.web.stream.conversation import Code, Conversation, StreamLimits
from sale_adapters.web.stream.follower import Follower, Pace, starting_at
from sale_adapters.web.stream.lines import PERMISSIONS, Line, Subscription
from sale_adapters.web.stream.messages import Authenticate, Resync, Subscribe, Subscribed, told
from sale_adapters.web.stream.outlet import outlet_of, packed
from sale_adapters.web.stream.tail import FeedTail, MerchantTail
from sale_adapters.wire.tracing import REQUEST_ID
from sale_domain.errors import SaleError, Unavailable
from sale_domain.ids import NO_BUCKET, MerchantId
from sale_domain.port_errors import StoreUnavailable
from sale_domain.sale import Sale
from sale_domain.use_cases.concurrently import concurrently

_BATCH = 100
"""Frames that are taken at once; the socket may stall no longer than allowed for all of them."""

_AT_ONCE = 10
"""Changes that may be written past the writer; more would keep all others from having their turn."""

_GOODBYE_SECONDS = 1.0
_STORE_AWAY_SECONDS = 1.0
_LONGEST_REASON = 123

_BUGS = logging.getLogger("sale.bugs")

CLIENT = "client"
_BY_THE_SERVER_ALONE = {1007, 1009}
"""What the WebSocket library closes with by itself: text that is not UTF-8, a message that is too large."""


@attrs.frozen(kw_only=True)
class StreamParts:
    """What all sockets of a process share; `monotonic` gives seconds that never go back."""

    sale: Sale
    tail: FeedTail
    limits: StreamLimits
    metrics: Metrics
    monotonic: Callable[[], float]


class StreamSocket:
    """A socket that was accepted. One task listens, another one writes, so that a slow client delays only itself.

    While the writer rests, a client that keeps up is shown what has come without waking it: a thousand tasks that wake
    up for one small write each cost more than the writes.
    """

    def __init__(self, websocket: WebSocket, parts: StreamParts) -> None:
        """Begin a conversation."""
        self._websocket = websocket
        self._outlet = outlet_of(websocket.scope)
        self._parts = parts
        self._talk = Conversation(limits=parts.limits, now=parts.monotonic(), request_id=REQUEST_ID.get())
        self._work = asyncio.Event()
        self._resting = False
        self._merchant_id = MerchantId("")
        self._watched: MerchantTail | None = None
        self._follower: Follower | None = None
        self._left = CLIENT

    async def run(self) -> str:
        """Talk until one side leaves; return the code that the socket was closed with, or `client`."""
        async with AsyncExitStack() as self._stack:
            tasks = asyncio.create_task(self._listen()), asyncio.create_task(self._write())
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()
        return str(self._talk.closing.code.value) if self._talk.closing else self._left

    @property
    def is_stranger(self) -> bool:
        """Tell whether it has proved nothing yet, and is not about to end."""
        return self._talk.principal is None and self._talk.closing is None

    def close(self, code: Code, reason: str) -> None:
        """End it from outside."""
        self._talk.close(code, reason)
        self._work.set()

    # --- listening -------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                self._left = str(message["code"]) if message.get("code") in _BY_THE_SERVER_ALONE else CLIENT
                return
            heard = message.get("text")
            await self._answer(message["bytes"] if heard is None else heard)
            self._work.set()
            # Whoever says a lot at once does not keep the answers from being written.
            await asyncio.sleep(0)

    async def _answer(self, heard: str | bytes) -> None:
        match self._talk.hear(heard, now=self._parts.monotonic()):
            case Authenticate() as wanted:
                await self._authenticate(wanted)
            case Subscribe() as wanted:
                try:
                    await self._subscribe(wanted.subscription())
                except Unavailable:
                    self._talk.close(Code.OVERLOADED, "Nobody can tell now what may be followed; try again.")
                except SaleError as error:
                    self._talk.refuse(error)
            case None:
                pass

    async def _authenticate(self, wanted: Authenticate) -> None:
        sale = self._parts.sale
        try:
            principal = await sale.authenticate(wanted.token)
        except Unavailable:
            self._talk.close(Code.OVERLOADED, "Nobody can check tokens now; try again.")
            return
        except SaleError as error:
            self._talk.close(Code.REFUSED, str(error))
            return
        self._merchant_id = MerchantId(wanted.merchant_id)
        if self._merchant_id not in principal.merchants:
            self._talk.close(Code.REFUSED, "The token does not name this merchant.")
            return
        self._talk.welcome(
            principal,
            connection_id=sale.parts.ids.new(NO_BUCKET),
            at=sale.parts.clock.now(),
            now=self._parts.monotonic(),
        )

    async def _subscribe(self, subscription: Subscription) -> None:
        """Check every topic, and begin.

        Raises:
            Forbidden: one of the topics may not be seen.
            SisterUnavailable, StoreUnavailable: nobody can tell, or the feed cannot be read.
        """
        principal, sale = self._talk.principal, self._parts.sale
        assert principal is not None, "the conversation sees to it"
        await concurrently(sale.authorize(principal, PERMISSIONS[topic]) for topic in subscription.topics)
        if self._watched is None:
            watching = self._parts.tail.watched(self._merchant_id, self._has_grown)
            self._watched = await self._stack.enter_async_context(watching)
        head = self._watched.head
        if subscription.since is not None and subscription.since > head:
            # The client may have read a snapshot that is newer than what we have heard of.
            head = await self._parts.tail.head(self._merchant_id)
        self._follower, gave_up = starting_at(subscription, head=head, resume=self._parts.limits.resume)
        self._talk.say(told("subscribed", Subscribed(topics=subscription.topics, seq=self._follower.position)))
        if gave_up:
            self._resync(subscription)

    # --- writing ---------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            self._work.clear()
            # The clock is the writer's: whatever the listener waits for, nothing is shown to one whose time is over.
            self._talk.tick(now=self._parts.monotonic())
            texts = self._talk.unread() or await self._frames() or self._talk.unread()
            if texts:
                await self._send(texts)
            elif self._talk.closing:
                await self._goodbye()
                return
            else:
                await self._rest()

    async def _rest(self) -> None:
        """Wait for work, or until something is due."""
        self._resting = True
        try:
            async with asyncio.timeout(max(0.0, self._talk.due - self._parts.monotonic())):
                await self._work.wait()
        except TimeoutError:
            return
        finally:
            self._resting = False

    def _has_grown(self) -> None:
        """Show what has come: at once when nothing stands in the way, else it is the writer's work."""
        try:
            shown = self._shown_at_once()
        except Exception:  # noqa: BLE001 - told, and ends this socket alone
            # Whoever comes after this screen must not go without; and what it missed, it must not go on without.
            _BUGS.exception("bug in a stream")
            self.close(Code.BUG, "Something went wrong here; it has been logged.")
            return
        if not shown:
            self._work.set()

    def _shown_at_once(self) -> bool:
        follower, tail, outlet = self._follower, self._watched, self._outlet
        if not self._resting or follower is None or tail is None or outlet is None:
            return False
        if not outlet.takes_more or not self._talk.quiet(now=self._parts.monotonic()):
            return False
        lines = tail.behind(follower.position, most=_AT_ONCE + 1)
        if lines is None or len(lines) > _AT_ONCE:
            return False
        if frames := follower.shown(lines):
            outlet.write(b"".join(starmap(packed, frames)))
            self._parts.metrics.frames_sent(len(frames))
        return True

    async def _frames(self) -> Sequence[str]:
        """Return the next frames; none when there is nothing to be seen now, or something else to be said first."""
        follower, tail = self._follower, self._watched
        while follower is not None and tail is not None and not self._talk.closing:
            lines = tail.behind(follower.position, most=_BATCH)
            if lines is None:
                if not self._may_resume(follower, tail):
                    self._fall_behind(follower, tail)
                    return ()
                lines = await self._page(follower)
            else:
                follower.resuming = False
            if not lines:
                return ()
            if frames := follower.frames(lines):
                self._parts.metrics.frames_sent(len(frames))
                return frames
        return ()

    def _may_resume(self, follower: Follower, tail: MerchantTail) -> bool:
        return follower.resuming and tail.head - follower.position <= self._parts.limits.resume

    async def _page(self, follower: Follower) -> Sequence[Line]:
        try:
            lines = await self._parts.tail.page(self._merchant_id, follower.position)
        except StoreUnavailable:
            await asyncio.sleep(_STORE_AWAY_SECONDS)
            self._work.set()
            return ()
        # While the page was read, the token may have expired, or the client may have subscribed to something else.
        self._talk.tick(now=self._parts.monotonic())
        return () if self._talk.closing or follower is not self._follower else lines

    def _fall_behind(self, follower: Follower, tail: MerchantTail) -> None:
        recovery = self._parts.limits.recovery_seconds
        pace = follower.fall_behind(head=tail.head, now=self._parts.monotonic(), recovery_seconds=recovery)
        if pace is Pace.HOPELESS:
            self._talk.close(Code.OVERLOADED, "Too slow: behind again so soon after a resync.")
        else:
            self._resync(follower.subscription)

    def _resync(self, subscription: Subscription) -> None:
        self._parts.metrics.stream_resynced()
        self._talk.say(told("resync", Resync(topics=subscription.topics)))

    async def _send(self, texts: Sequence[str]) -> None:
        try:
            async with asyncio.timeout(self._parts.limits.stalled_seconds):
                for text in texts:
                    await self._websocket.send_text(text)
        except TimeoutError:
            self._talk.close(Code.OVERLOADED, "Too slow: nothing is read.")
        except (WebSocketDisconnect, RuntimeError):
            # The server's words for a client that has gone; the listener hears of it too, and ends the socket.
            await asyncio.Event().wait()

    async def _goodbye(self) -> None:
        closing = self._talk.closing
        assert closing is not None, "somebody has decided it"
        reason = closing.reason.encode()[:_LONGEST_REASON].decode(errors="ignore")
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            # One who reads nothing would keep us here.
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._websocket.close(closing.code.value, reason)
