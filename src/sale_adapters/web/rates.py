"""How often one user may ask: a token bucket for each, in this process."""

import math
import time
from collections.abc import Callable

import attrs

from sale_adapters.wire.refusals import TooManyRequests
from sale_domain.ids import UserId


@attrs.define(kw_only=True)
class Rates:
    """Let a user ask ``per_second`` times a second, and ``burst`` times at once after a pause; 0 lets everyone ask.

    A bucket is kept as what was taken out of it, and when; one that is full is as good as none.

    Attributes:
        most_users: How many users are remembered; of more, whoever has not asked for longest is forgotten.
        monotonic: Seconds that never go back.
    """

    per_second: int = 0
    burst: int = 20
    most_users: int = 10_000
    monotonic: Callable[[], float] = time.monotonic
    _spent: dict[UserId, tuple[float, float]] = attrs.field(factory=dict, init=False)

    def take(self, user_id: UserId) -> None:
        """Count a request.

        Raises:
            TooManyRequests: the bucket is empty; it says when it is not.
        """
        if not self.per_second:
            return
        now = self.monotonic()
        # Taken out and put in again, so that the dict's order is that of use.
        spent, since = self._spent.pop(user_id, (0.0, now))
        spent = max(0.0, spent - (now - since) * self.per_second)
        lacking = spent + 1 - self.burst
        self._spent[user_id] = (spent if lacking > 0 else spent + 1, now)
        if len(self._spent) > self.most_users:
            del self._spent[next(iter(self._spent))]
        if lacking > 0:
            raise TooManyRequests(retry_after_seconds=math.ceil(lacking / self.per_second))
