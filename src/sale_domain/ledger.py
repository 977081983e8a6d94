"""Payments as a join: the same facts in any order and repetition end in the same amounts (contract §6)."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import TypeVar

import attrs

T = TypeVar("T")


_BySource = defaultdict["Source", defaultdict[str, Decimal]]


class FactType(Enum):
    """What mq-pay tells, by its event types."""

    ATTEMPT_SUCCESS = "mq-pay:attempt.success"
    ATTEMPT_FAILED = "mq-pay:attempt.failed"
    ATTEMPT_EXPIRED = "mq-pay:attempt.expired"
    ATTEMPT_CANCELLED = "mq-pay:attempt.cancelled"
    TRANSACTION_SETTLED = "mq-pay:transaction.settled"
    TRANSACTION_CANCELLED = "mq-pay:transaction.cancelled"

    @property
    def is_attempt(self) -> bool:
        """Tell whether it speaks of an attempt; else it speaks of a transaction."""
        return self.value.startswith("mq-pay:attempt.")


class SourceType(Enum):
    """What a payment is for."""

    SALE_ORDER = "SaleOrder"
    SALE_CHECK = "SaleCheck"


@attrs.frozen(kw_only=True, order=True)
class Source:
    """The thing that a payment is for."""

    type: SourceType = attrs.field(order=lambda kind: kind.value)
    id: str


@attrs.frozen(kw_only=True)
class PaymentFact:
    """One thing that mq-pay has told about an order.

    Two facts are the same when type, uids, source and amount are (`key`); the rest is kept as it came first.

    Attributes:
        amount: What the attempt is worth, or what the transaction says is `paid`; in the order's currency.
        at: When it happened, as the sender says.
    """

    type: FactType
    source: Source
    amount: Decimal
    transaction_uid: str | None = None
    attempt_uid: str | None = None
    at: datetime
    transaction_id: str | None = None
    attempt_id: str | None = None
    payment_provider: str | None = None
    reason: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """Return what makes the fact this fact."""
        uids = (self.transaction_uid or "", self.attempt_uid or "")
        return (self.type.value, *uids, self.source.type.value, self.source.id, f"{self.amount:.4f}")

    @property
    def digest(self) -> bytes:
        """Return 32 bytes that stand for the key where that is too long, for ever the same; no two keys look alike."""
        parts = json.dumps(self.key, ensure_ascii=False, separators=(",", ":"))
        return hashlib.blake2b(parts.encode(), digest_size=32).digest()


@attrs.frozen(kw_only=True)
class SuccessfulAttempt:
    """Money that one attempt brought, gross."""

    uid: str
    id: str | None
    amount: Decimal
    payment_provider: str | None
    source: Source


@attrs.frozen(kw_only=True)
class UidConflict:
    """A uid that names two transactions or two sources; its money counts for the smallest of them."""

    uid: str
    names: tuple[str, ...]


@attrs.frozen
class Ledger:
    """The facts of one order, in the order they came.

    Attributes:
        digests: What the facts are stored under, if they are. They say which facts are known: a row that a hand has
            altered still is the fact that was told, and telling that again changes nothing (decision 0004).

    >>> source = Source(type=SourceType.SALE_ORDER, id="01KE6YB4M0000000000000000126")
    >>> when = datetime.fromisoformat("2026-01-05T07:30:00Z")
    >>> cash = PaymentFact(
    ...     type=FactType.ATTEMPT_SUCCESS, source=source, amount=Decimal(65_000), attempt_uid="a1", at=when
    ... )
    >>> Ledger().with_fact(cash).with_fact(cash).received
    Decimal('65000')
    """

    facts: tuple[PaymentFact, ...] = ()
    digests: frozenset[bytes] = attrs.field(default=frozenset(), eq=False, repr=False)

    def knows(self, fact: PaymentFact) -> bool:
        """Tell whether the fact is here already."""
        if self.digests:
            return fact.digest in self.digests
        return any(known.key == fact.key for known in self.facts)

    def with_fact(self, fact: PaymentFact) -> "Ledger":
        """Return the ledger with one more fact; itself when the fact is known."""
        if self.knows(fact):
            return self
        return Ledger((*self.facts, fact), self.digests and self.digests | {fact.digest})

    @cached_property
    def received(self) -> Decimal:
        """Return the money that has come in, each unit counted once, summed over the sources."""
        return sum(self.received_by_source().values(), start=Decimal(0))

    def received_by_source(self) -> Mapping[Source, Decimal]:
        """Return, per source, Σ max(S, A) + max(0, U − Σ max(0, S − A)).

        S is the largest `paid` that a settled event of a transaction reported, A the sum of its successful attempts,
        U the sum of the successful attempts that name no transaction.
        """
        settled, attempted, unlinked = self._sums()
        received: dict[Source, Decimal] = {}
        for source in {*settled, *attempted, *unlinked}:
            transactions = {*settled[source], *attempted[source]}
            pairs = [(settled[source][uid], attempted[source][uid]) for uid in transactions]
            linked = sum(max(pair) for pair in pairs)
            gap = sum(max(Decimal(0), paid - attempts) for paid, attempts in pairs)
            received[source] = linked + max(Decimal(0), unlinked[source] - gap)
        return received

    def successes(self) -> tuple[SuccessfulAttempt, ...]:
        """Return every attempt that ever succeeded, with its largest amount, in the order they came."""
        best: dict[str, PaymentFact] = {}
        for uid, fact in self._of(FactType.ATTEMPT_SUCCESS):
            if uid not in best or fact.amount > best[uid].amount:
                best[uid] = fact
        return tuple(
            SuccessfulAttempt(
                uid=uid,
                id=fact.attempt_id,
                amount=fact.amount,
                payment_provider=fact.payment_provider,
                source=fact.source,
            )
            for uid, fact in best.items()
        )

    def conflicts(self) -> tuple[UidConflict, ...]:
        """Return the uids that name two transactions or two sources, for a person to look at."""
        told: list[tuple[str, set[str]]] = [*self._links().items()]
        for sources in (self._attempt_sources(), self._transaction_sources()):
            told += ((uid, {f"{source.type.value}:{source.id}" for source in named}) for uid, named in sources.items())
        return tuple(UidConflict(uid=uid, names=tuple(sorted(names))) for uid, names in told if len(names) > 1)

    def conflicts_since(self, before: "Ledger") -> tuple[UidConflict, ...]:
        """Return the conflicts that an earlier ledger of the same order did not have."""
        told = self.conflicts()
        known = before.conflicts() if told else ()
        return tuple(conflict for conflict in told if conflict not in known)

    def _sums(self) -> tuple[_BySource, _BySource, defaultdict[Source, Decimal]]:
        links, attempt_sources, transaction_sources = (
            self._links(),
            self._attempt_sources(),
            self._transaction_sources(),
        )
        settled: _BySource = defaultdict(lambda: defaultdict(Decimal))
        attempted: _BySource = defaultdict(lambda: defaultdict(Decimal))
        unlinked: defaultdict[Source, Decimal] = defaultdict(Decimal)
        for fact in self.facts:
            if fact.type is FactType.TRANSACTION_SETTLED and (uid := fact.transaction_uid) is not None:
                paid = settled[min(transaction_sources[uid])]
                paid[uid] = max(paid[uid], fact.amount)
        for success in self.successes():
            if transactions := links.get(success.uid):
                transaction = min(transactions)
                attempted[min(transaction_sources[transaction])][transaction] += success.amount
            else:
                unlinked[min(attempt_sources[success.uid])] += success.amount
        return settled, attempted, unlinked

    def _told(self, pair: Callable[[PaymentFact], tuple[str | None, T | None]]) -> Mapping[str, set[T]]:
        """Return, per uid, everything that any fact has told with it."""
        told: defaultdict[str, set[T]] = defaultdict(set)
        for uid, other in map(pair, self.facts):
            if uid is not None and other is not None:
                told[uid].add(other)
        return told

    def _links(self) -> Mapping[str, set[str]]:
        return self._told(lambda fact: (fact.attempt_uid, fact.transaction_uid))

    def _attempt_sources(self) -> Mapping[str, set[Source]]:
        return self._told(lambda fact: (fact.attempt_uid, fact.source))

    def _transaction_sources(self) -> Mapping[str, set[Source]]:
        return self._told(lambda fact: (fact.transaction_uid, fact.source))

    def _of(self, kind: FactType) -> Iterator[tuple[str, PaymentFact]]:
        return ((fact.attempt_uid, fact) for fact in self.facts if fact.type is kind and fact.attempt_uid is not None)
