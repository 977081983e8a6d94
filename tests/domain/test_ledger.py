"""Payments as a join: the order, repetition and interleaving of what mq-pay tells never matter (contract §6)."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_adapters.wire import json
from sale_domain.ledger import FactType, Ledger, PaymentFact, Source, UidConflict
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.payments import PaymentOutcome
from shop import A_CHECK, MORNING, THIS_ORDER, check_out, checked_out, draft, fact, paid_attempt, pay, pho, settled, vnd

SOURCES = (THIS_ORDER, A_CHECK)
AMOUNTS = st.integers(0, 6).map(lambda tens: Decimal(tens * 10_000))


def ledger(*facts: PaymentFact) -> Ledger:
    known = Ledger()
    for each in facts:
        known = known.with_fact(each)
    return known


# --- stories of facts ------------------------------------------------------------------------------------------------


@st.composite
def anything(draw: st.DrawFn) -> PaymentFact:
    """Whatever may come, uids that contradict each other included."""
    kind = draw(st.sampled_from(FactType))
    uids = st.sampled_from(["1", "2", "3"])
    return fact(
        kind,
        draw(AMOUNTS),
        attempt=draw(uids if kind.is_attempt else st.none() | uids),
        transaction=draw(st.none() | uids if kind.is_attempt else uids),
        source=draw(st.sampled_from(SOURCES)),
    )


@st.composite
def consistent(draw: st.DrawFn) -> PaymentFact:
    """What an mq-pay tells that keeps its uids apart: attempt n is of transaction n % 3, transaction 2 is a check's."""
    kind = draw(st.sampled_from(FactType))
    number = draw(st.integers(0, 5))
    told = kind.is_attempt and draw(st.booleans())
    return fact(
        kind,
        draw(AMOUNTS),
        attempt=f"a{number}" if kind.is_attempt else None,
        transaction=f"t{number % 3}" if told or not kind.is_attempt else None,
        source=SOURCES[number % 3 == 2],
    )


@attrs.frozen
class Payment:
    """What really happened: a transaction and the gross amounts of its successful attempts."""

    number: int
    attempts: tuple[Decimal, ...]

    @property
    def source(self) -> Source:
        return SOURCES[self.number % 2]

    def may_be_told(self) -> Sequence[PaymentFact]:
        """Return all that mq-pay might say of it, true and at some moment known."""
        uid = f"t{self.number}"
        attempts = [(f"{uid}-a{n}", amount) for n, amount in enumerate(self.attempts)]
        return [
            *(paid_attempt(attempt, amount, source=self.source) for attempt, amount in attempts),
            *(paid_attempt(attempt, amount, transaction=uid, source=self.source) for attempt, amount in attempts),
            *(
                fact(FactType.ATTEMPT_FAILED, amount, attempt=attempt, source=self.source)
                for attempt, amount in attempts
            ),
            *(settled(uid, sum(self.attempts[:n], Decimal(0)), source=self.source) for n in range(len(attempts) + 1)),
        ]


payments = st.lists(st.lists(AMOUNTS, min_size=1, max_size=3), min_size=1, max_size=3).map(
    lambda amounts: [Payment(number, tuple(attempts)) for number, attempts in enumerate(amounts)]
)


def counted_naively(facts: Sequence[PaymentFact], source: Source) -> Decimal:
    """Apply the formula of contract §6 word by word, a transaction at a time."""

    def transactions_of(attempt: str) -> set[str]:
        return {f.transaction_uid for f in facts if f.attempt_uid == attempt and f.transaction_uid}

    def source_of_transaction(uid: str) -> Source:
        return min((f.source for f in facts if f.transaction_uid == uid), key=lambda s: (s.type.value, s.id))

    def source_of_attempt(uid: str) -> Source:
        return min((f.source for f in facts if f.attempt_uid == uid), key=lambda s: (s.type.value, s.id))

    won = [f for f in facts if f.type is FactType.ATTEMPT_SUCCESS]
    gross = {f.attempt_uid: max(g.amount for g in won if g.attempt_uid == f.attempt_uid) for f in won if f.attempt_uid}
    total = gap = Decimal(0)
    for uid in {f.transaction_uid for f in facts if f.transaction_uid}:
        if source_of_transaction(uid) != source:
            continue
        told = [f.amount for f in facts if f.type is FactType.TRANSACTION_SETTLED and f.transaction_uid == uid]
        s = max(told, default=Decimal(0))
        a = sum(
            (amount for attempt, amount in gross.items() if sorted(transactions_of(attempt))[:1] == [uid]), Decimal(0)
        )
        total += max(s, a)
        gap += max(Decimal(0), s - a)
    u = sum(
        (
            amount
            for attempt, amount in gross.items()
            if not transactions_of(attempt) and source_of_attempt(attempt) == source
        ),
        Decimal(0),
    )
    return total + max(Decimal(0), u - gap)


# --- properties ------------------------------------------------------------------------------------------------------


@given(st.lists(anything(), max_size=12))
def test_a_ledger_counts_as_the_contracts_formula_does(facts: list[PaymentFact]) -> None:
    known = ledger(*facts)
    for source in SOURCES:
        assert known.received_by_source().get(source, 0) == counted_naively(facts, source)
    assert known.received == sum(counted_naively(facts, source) for source in SOURCES)


@given(st.data(), st.lists(anything(), max_size=10))
def test_any_order_and_repetition_of_the_same_facts_ends_in_the_same_amounts(
    data: st.DataObject, facts: list[PaymentFact]
) -> None:
    again = data.draw(st.lists(st.sampled_from(facts), max_size=5)) if facts else []
    shuffled = data.draw(st.permutations(facts + again))
    one, other = ledger(*facts), ledger(*shuffled)
    assert one.received_by_source() == other.received_by_source()
    assert {(c.uid, c.names) for c in one.conflicts()} == {(c.uid, c.names) for c in other.conflicts()}
    assert len(one.facts) == len(other.facts)


@given(st.lists(consistent(), max_size=12))
def test_one_more_fact_never_takes_money_away_while_the_uids_agree(facts: list[PaymentFact]) -> None:
    known = Ledger()
    for each in facts:
        more = known.with_fact(each)
        assert more.conflicts() == ()
        for source, amount in known.received_by_source().items():
            assert more.received_by_source()[source] >= amount
        known = more


@given(st.data(), payments)
def test_never_more_is_received_than_was_paid_and_all_of_it_once_all_is_told(
    data: st.DataObject, really: list[Payment]
) -> None:
    everything = [told for payment in really for told in payment.may_be_told()]
    some = data.draw(st.lists(st.sampled_from(everything), max_size=20))
    truth = sum((sum(payment.attempts, Decimal(0)) for payment in really), Decimal(0))
    assert ledger(*some).received <= truth
    assert ledger(*some, *everything).received == truth
    only_attempts = [told for told in everything if told.type is FactType.ATTEMPT_SUCCESS]
    assert ledger(*only_attempts).received == truth
    only_settled = [told for told in everything if told.type is FactType.TRANSACTION_SETTLED]
    assert ledger(*only_settled).received == truth


@given(st.data(), st.lists(consistent(), max_size=8))
def test_an_order_ends_in_the_same_status_whatever_comes_first_payments_or_checkout(
    data: st.DataObject, facts: list[PaymentFact]
) -> None:
    expected = pay(checked_out(pho(2)), *facts)
    shuffled = data.draw(st.permutations(facts))
    early = data.draw(st.integers(0, len(facts)))
    order = pay(check_out(pay(draft(pho(2)), *shuffled[:early])).order, *shuffled[early:])
    assert (order.status, order.received, order.paid, order.unallocated) == (
        expected.status,
        expected.received,
        expected.paid,
        expected.unallocated,
    )


# --- examples, by hand -----------------------------------------------------------------------------------------------


def test_a_settled_transaction_counts_although_no_attempt_was_ever_told() -> None:
    assert ledger(settled("t1", 130_000)).received == 130_000


def test_attempts_that_are_settled_later_count_once() -> None:
    known = ledger(paid_attempt("a1", 100_000, transaction="t1"), paid_attempt("a2", 30_000, transaction="t1"))
    assert known.received == 130_000
    assert known.with_fact(settled("t1", 130_000)).received == 130_000


def test_an_attempt_without_its_transaction_fills_the_gap_of_what_is_settled() -> None:
    known = ledger(paid_attempt("a1", 100_000), settled("t1", 130_000))
    assert known.received == 130_000


def test_an_attempt_that_is_linked_later_still_counts_once() -> None:
    known = ledger(paid_attempt("a1", 130_000), settled("t1", 130_000))
    assert known.received == 130_000
    linked = known.with_fact(fact(FactType.ATTEMPT_FAILED, 0, attempt="a1", transaction="t1"))
    assert linked.received == 130_000
    elsewhere = ledger(paid_attempt("a1", 130_000, transaction="t2"), settled("t1", 130_000))
    assert elsewhere.received == 260_000


def test_the_largest_amount_of_an_attempt_and_of_a_transaction_counts() -> None:
    assert ledger(paid_attempt("a1", 50_000), paid_attempt("a1", 65_000), paid_attempt("a1", 60_000)).received == 65_000
    assert ledger(settled("t1", 50_000), settled("t1", 65_000), settled("t1", 60_000)).received == 65_000


def test_an_attempt_that_fails_after_its_success_stays_successful() -> None:
    known = ledger(paid_attempt("a1", 65_000), fact(FactType.ATTEMPT_FAILED, 65_000, attempt="a1"))
    assert known.received == 65_000
    assert [attempt.uid for attempt in known.successes()] == ["a1"]


def test_what_failed_expired_or_was_cancelled_moves_no_money() -> None:
    losses = [FactType.ATTEMPT_FAILED, FactType.ATTEMPT_EXPIRED, FactType.ATTEMPT_CANCELLED]
    known = ledger(
        *(fact(kind, 65_000, attempt="a1") for kind in losses),
        fact(FactType.TRANSACTION_CANCELLED, 65_000, transaction="t1"),
    )
    assert known.received == 0
    assert known.successes() == ()
    assert len(known.facts) == 4
    outcome, change = checked_out(pho()).record_payment(known.facts[0], at=MORNING)
    assert outcome is PaymentOutcome.RECORDED
    assert change.order.version == 3


def test_an_attempt_of_two_transactions_counts_for_the_smaller_one_and_is_reported() -> None:
    known = ledger(
        paid_attempt("a1", 65_000, transaction="t2"),
        paid_attempt("a1", 65_000, transaction="t1"),
        settled("t1", 65_000),
        settled("t2", 65_000),
    )
    assert known.received == 130_000
    assert known.conflicts() == (UidConflict(uid="a1", names=("t1", "t2")),)
    assert ledger(*known.facts[:3]).received == 65_000


def test_a_transaction_of_two_sources_counts_for_the_smaller_one_and_is_reported() -> None:
    known = ledger(settled("t1", 65_000), settled("t1", 65_000, source=A_CHECK))
    assert known.received_by_source() == {A_CHECK: Decimal(65_000)}
    assert [conflict.uid for conflict in known.conflicts()] == ["t1"]


def test_an_attempt_of_two_sources_counts_for_the_smaller_one_whichever_told_more() -> None:
    known = ledger(paid_attempt("a1", 65_000), paid_attempt("a1", 5_000, source=A_CHECK))
    assert known.received_by_source() == {A_CHECK: Decimal(65_000)}
    assert [conflict.uid for conflict in known.conflicts()] == ["a1"]


def test_the_same_amount_written_otherwise_is_the_same_fact() -> None:
    known = ledger(paid_attempt("a1", "65000"))
    assert known.with_fact(paid_attempt("a1", "65000.0000")) is known
    assert len(known.with_fact(paid_attempt("a1", "65000.5")).facts) == 2


def test_a_checks_money_counts_for_its_order_beside_the_orders_own() -> None:
    order = pay(checked_out(pho(2)), settled("t1", 65_000), settled("t2", 65_000, source=A_CHECK))
    assert (order.status, order.received) == (OrderStatus.COMPLETED, vnd(130_000))


def test_a_fact_is_kept_under_the_same_digest_for_ever() -> None:
    told = attrs.evolve(paid_attempt("thanh toán “1”", 50_000), transaction_uid="t\\1")
    assert told.digest == _digest_of_the_first_release(told)
    assert told.digest != attrs.evolve(told, amount=Decimal(50_001)).digest


def test_what_a_fact_was_stored_under_says_whether_it_is_known_not_what_a_hand_has_made_of_it() -> None:
    first, second = paid_attempt("a1", 40_000), paid_attempt("a2", 60_000)
    altered = attrs.evolve(first, attempt_uid="a2", amount=Decimal(60_000))
    known = Ledger((altered,), frozenset({first.digest}))

    assert known.with_fact(first) is known
    assert known.with_fact(second).with_fact(second).facts == (altered, second)
    # The altered one counts for what it says, and nothing twice.
    assert known.with_fact(second).received == 60_000


def _digest_of_the_first_release(told: PaymentFact) -> bytes:
    return hashlib.blake2b(json.write(list(told.key)), digest_size=32).digest()


@pytest.mark.parametrize(
    ("settled_amount", "linked", "received"),
    [(100_000, 60_000, 110_000), (60_000, 60_000, 110_000), (60_000, 100_000, 150_000), (200_000, 60_000, 200_000)],
)
def test_an_attempt_that_names_no_transaction_first_fills_what_a_settlement_has_beyond_its_own(
    settled_amount: int, linked: int, received: int
) -> None:
    ledger = Ledger()
    for each in (
        settled("t1", settled_amount),
        paid_attempt("a1", linked, transaction="t1"),
        paid_attempt("a2", 50_000),
    ):
        ledger = ledger.with_fact(each)
    assert ledger.received == received


def test_of_an_attempt_told_twice_with_one_amount_the_first_word_counts() -> None:
    first = paid_attempt("a1", 30_000, transaction="t1")
    again = attrs.evolve(first, transaction_uid="t2", payment_provider="momo", attempt_id="another")
    (success,) = Ledger().with_fact(first).with_fact(again).successes()
    assert (success.payment_provider, success.id) == (first.payment_provider, first.attempt_id)
    larger = attrs.evolve(again, amount=Decimal(30_001))
    (success,) = Ledger().with_fact(first).with_fact(larger).successes()
    assert success.amount == 30_001
    assert success.id == "another"


def test_a_stored_fact_is_known_by_what_was_told_also_once_another_has_come() -> None:
    told, altered, next_one = paid_attempt("a1", 1_000), paid_attempt("a1", 9_999), paid_attempt("a2", 500)
    stored = Ledger((altered,), frozenset({told.digest})).with_fact(next_one)
    assert stored.knows(told)
    assert stored.knows(next_one)
    assert not stored.knows(altered)
    assert stored.with_fact(told) is stored
