"""What one screen has been shown: its place in the feed, the chain of `prev`, and what comes of falling behind."""

from collections.abc import Iterable
from enum import Enum

import attrs

from sale_adapters.web.stream.lines import Line, Subscription


class Pace(Enum):
    """How a screen keeps up."""

    IN_TIME = "in-time"
    RESYNC = "resync"
    HOPELESS = "hopeless"


@attrs.define(kw_only=True)
class Follower:
    """A subscription at work.

    Attributes:
        position: Every change up to this one was shown, or was not to be seen.
        prev: The `seq` of the frame before, or where the chain begins.
        resuming: It still comes closer from far behind, and reads from the history.
        resynced_at: When it was last told that changes were left out.
    """

    subscription: Subscription
    position: int
    prev: int = attrs.field(default=attrs.Factory(lambda self: self.position, takes_self=True))
    resuming: bool = False
    resynced_at: float = float("-inf")

    def shown(self, lines: Iterable[Line]) -> list[tuple[Line, int]]:
        """Go on over what comes next; return what is to be seen of it, each with the `prev` of its frame."""
        found = []
        for line in lines:
            self.position = line.seq
            if self.subscription.shows(line):
                found.append((line, self.prev))
                self.prev = line.seq
        return found

    def frames(self, lines: Iterable[Line]) -> list[str]:
        """Return the frames of what comes next."""
        return [line.frame(prev) for line, prev in self.shown(lines)]

    def fall_behind(self, *, head: int, now: float, recovery_seconds: float) -> Pace:
        """Leave out all that was missed; tell whether to say so, or that there is no point any more."""
        hopeless = now - self.resynced_at < recovery_seconds
        self.position, self.resuming, self.resynced_at = head, False, now
        return Pace.HOPELESS if hopeless else Pace.RESYNC


def starting_at(subscription: Subscription, *, head: int, resume: int) -> tuple[Follower, bool]:
    """Return where a subscription begins, and whether its `since` had to be given up.

    Args:
        subscription: Its `since` is what the client has seen.
        head: The newest number that is committed.
        resume: How many changes may be made up for.
    """
    since = subscription.since
    if since is None:
        return Follower(subscription=subscription, position=head), False
    if not head - resume <= since <= head:
        return Follower(subscription=subscription, position=head), True
    return Follower(subscription=subscription, position=since, resuming=True), False
