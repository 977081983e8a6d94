"""What a refusal says, for a log or a person; what a program needs is in its code and its fields."""

import copy
import pickle
from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from kitchen_world import portion, send
from relay_world import ONLY_SHARD
from sale_domain.allocation_errors import ReservationOver, TooManyUnits, UnitNamedTwice
from sale_domain.errors import NotFound, SaleError
from sale_domain.event_json import UnreadableEvent
from sale_domain.ids import EventId, KitchenItemId, KitchenTicketId, StationId
from sale_domain.kitchen import Kitchen
from sale_domain.kitchen_errors import NothingToSend, NotSendable
from sale_domain.money import Money
from sale_domain.order_errors import AlreadySent, AmountTooLarge, EmptyOrder, OrderChanged, PriceChanged
from sale_domain.port_errors import KeyInUse, KeyReused, SisterUnavailable
from sale_domain.ports.outbox_desk import NotSetAside, Standing
from sale_domain.ports.publishing_errors import Fenced
from sale_domain.quotes import Quote
from sale_domain.seating import MAX_UNITS, MAX_UNITS_EVER
from sale_domain.usage_lifecycle import UsageStatus
from seating_world import taking
from shop import VND, draft, pho, quote


class Closed(SaleError):
    """What somebody else's adapter refuses."""

    code = "closed"


def test_a_refusal_that_says_nothing_of_its_own_says_its_code() -> None:
    assert str(Closed()) == "closed"


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (EmptyOrder(), "The order has no lines."),
        (AmountTooLarge(), "The order costs more than can be written down; reduce its quantities."),
        (AlreadySent(line_id="line-1"), "The kitchen already has this line; void it there first."),
        (
            OrderChanged(),
            "The order is still changing; try again, with another Idempotency-Key if there was one.",
        ),
        (NothingToSend(), "The kitchen already has everything that is ordered."),
        (KeyReused(), "This Idempotency-Key was used with another body."),
        (KeyInUse(), "The first request with this Idempotency-Key is still running."),
    ],
)
def test_a_refusal_says_what_to_do(refusal: SaleError, sentence: str) -> None:
    assert str(refusal) == sentence


@pytest.mark.parametrize(
    "crossed",
    [copy.copy, copy.deepcopy, lambda refusal: pickle.loads(pickle.dumps(refusal))],  # noqa: S301 - our own bytes
)
def test_a_refusal_crosses_to_another_process_with_all_it_knows(crossed: Callable[[SaleError], SaleError]) -> None:
    for refusal in (
        OrderChanged(),
        NotFound(thing="order"),
        PriceChanged(expected=Money(Decimal(1), VND), actual=Money(Decimal(2), VND)),
        UnreadableEvent(pointer="/a", detail="is missing"),
        SisterUnavailable(sister="pricing", reason="it is slow", retry_after_seconds=3),
    ):
        other = crossed(refusal)
        assert type(other) is type(refusal)
        assert str(other) == str(refusal)
        assert attrs.asdict(other, recurse=False) == attrs.asdict(refusal, recurse=False)


def test_an_operator_is_told_where_an_event_is_instead_of_aside() -> None:
    refusal = NotSetAside(event_id=EventId("event-1"), standing=next(iter(Standing)))
    assert str(refusal) == f"Event event-1 is not set aside: it is {next(iter(Standing)).value}."


def test_a_relay_is_told_which_shard_it_has_lost() -> None:
    said = f"Shard {ONLY_SHARD.index} of layout {ONLY_SHARD.layout} is somebody else's now."
    assert str(Fenced(shard=ONLY_SHARD)) == said


def test_a_kitchen_does_not_find_what_it_has_not() -> None:
    with pytest.raises(NotFound, match=r"no such kitchen ticket\."):
        Kitchen().ticket(KitchenTicketId("ticket-1"))
    with pytest.raises(NotFound, match=r"no such kitchen ticket item\."):
        Kitchen().ticket_of(KitchenItemId("item-1"))


def test_a_portion_for_a_station_that_the_merchant_has_not_is_pointed_at() -> None:
    order = draft(pho(2))
    line = order.basket.lines[0]
    with pytest.raises(NotSendable) as refused:
        send(order, portion(line.id, 1), portion(line.id, 1, station_id=StationId("roof")))
    assert refused.value.pointer == "/items/1/stationId"
    assert refused.value.detail == "the merchant has no such kitchen station"


def test_an_unusable_answer_of_pricing_names_her_and_keeps_what_was_wrong_for_the_log() -> None:
    order = draft(pho(2))
    priced = quote(order)
    without_lines = Quote(lines={}, totals=priced.totals, document=priced.document)
    with pytest.raises(SisterUnavailable) as refused:
        without_lines.checked(order.basket, VND)
    assert (refused.value.sister, refused.value.reason, refused.value.words) == (
        "pricing",
        "the answer cannot be used",
        "it does not price the lines that were asked for",
    )


def test_a_table_named_twice_and_a_time_that_is_over_are_refused_in_words() -> None:
    with pytest.raises(UnitNamedTwice) as twice:
        taking("table-4", "table-5", "table-4")(draft(pho()))
    assert (str(twice.value), twice.value.place) == ("The unit 'table-4' is named twice.", 2)
    with pytest.raises(ReservationOver, match=r"must be later than now, which is 2026-01-05T07:30:15.123456\+00:00\."):
        taking("table-4", hours=0)(draft(pho()))


def test_an_order_has_a_bounded_number_of_tables_at_a_time_and_in_its_life() -> None:
    names = [f"table-{number}" for number in range(MAX_UNITS)]
    full = taking(*names)(draft(pho())).change.order
    with pytest.raises(TooManyUnits) as refused:
        taking("one-more")(full)
    assert refused.value.limit == MAX_UNITS

    left = tuple(attrs.evolve(usage, status=UsageStatus.SUCCESS) for usage in full.seating.usages)
    often = attrs.evolve(full, seating=attrs.evolve(full.seating, usages=left * (MAX_UNITS_EVER // MAX_UNITS)))
    with pytest.raises(TooManyUnits, match="in its life") as refused:
        taking("one-more")(often)
    assert refused.value.limit == MAX_UNITS_EVER
