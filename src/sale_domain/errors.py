"""What can go wrong, as outcomes: one root, three kinds, a stable code each.

`Rejected`: the caller is wrong and must change the request. `Conflict`: the world has moved; look again.
`Unavailable`: a part that Sale needs is away; the same request may work later.
A broken invariant is none of these: it is an `assert`, a bug.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar

import attrs


@attrs.define(kw_only=True, eq=False)
class SaleError(Exception):
    """The root of everything that Sale refuses; `code` is stable (RFC 9457 `type` and `code`)."""

    code: ClassVar[str] = "sale-error"

    def __str__(self) -> str:
        """Return the reason as a sentence."""
        return self.code

    def __reduce__(self) -> tuple[Callable[..., "SaleError"], tuple[type["SaleError"], Mapping[str, object]]]:
        """Let it be copied and pickled: Python's own way knows no names of arguments."""
        return _made_again, (type(self), attrs.asdict(self, recurse=False))


def _made_again(kind: type[SaleError], fields: Mapping[str, object]) -> SaleError:
    return kind(**fields)


class Rejected(SaleError):
    """The request is wrong; repeating it changes nothing."""


class Conflict(SaleError):
    """The thing is not in a state that allows this; look at it again."""


class Unavailable(SaleError):
    """A part that Sale needs is away or answers nonsense; nothing was written."""


@attrs.define(kw_only=True, eq=False)
class NotFound(Rejected):
    """There is no such thing, or it is another merchant's (contract §9: no difference shows)."""

    code: ClassVar[str] = "not-found"
    thing: str

    def __str__(self) -> str:
        return f"There is no such {self.thing}."


@attrs.define(kw_only=True, eq=False)
class Invalid(Rejected):
    """A value that parsed well cannot be used.

    Attributes:
        pointer: RFC 6901, into the request's body.
    """

    code: ClassVar[str] = "invalid"
    pointer: str
    detail: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.detail}"


@attrs.define(kw_only=True, eq=False)
class IllegalTransition(Conflict):
    """The lifecycle has no such transition."""

    code: ClassVar[str] = "illegal-transition"
    status: str
    action: str

    def __str__(self) -> str:
        return f"{self.action!r} is not possible while the status is {self.status}."


@attrs.define(kw_only=True, eq=False)
class StaleVersion(Conflict):
    """The thing has changed since the caller read it (If-Match, RFC 9110)."""

    code: ClassVar[str] = "stale-version"
    expected: int
    actual: int

    def __str__(self) -> str:
        return f"The thing is at version {self.actual}, not {self.expected}."
