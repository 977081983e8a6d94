"""The auditor of a chaos run notices every kind of loss, double and untruth; else its silence would prove nothing."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import httpx
import pytest

from chaos_audit import Audit, Record
from chaos_tellers import Sold
from chaos_witness import Told, Witness
from sale_adapters.wire import json
from sale_domain.documents import JsonObject

ORDER: dict[str, Any] = {
    "id": "order-1",
    "status": "COMPLETED",
    "version": 4,
    "total": 70_000,
    "received": 70_500,
    "paid": 70_000,
    "unallocated": 500,
    "payments": [{"attemptUid": f"at-{n}", "status": "success"} for n in (1, 2, 3)],
}


def _told(attempt: str, amount: int) -> Told:
    transaction: JsonObject = {"uid": "tx-1", "sourceId": "order-1", "paid": 70_000}
    body = json.write({"payload": {"transaction": transaction, "attempt": {"uid": attempt, "amount": amount}}})
    return Told(event_type="mq-pay:attempt.success", body=body, answers=[200])


def _lone(attempt: str, amount: int, how: str) -> Told:
    source: JsonObject = {"id": "order-1", "type": "SaleOrder"}
    body = json.write({"payload": {"attempt": {"uid": attempt, "amount": amount, "metadata": {"source": source}}}})
    return Told(event_type=f"mq-pay:attempt.{how}", body=body, answers=[200])


CHECK = Told(
    event_type="mq-pay:attempt.success",
    body=json.write(
        {
            "payload": {
                "transaction": {"uid": "tx-9", "sourceId": "check-1", "sourceType": "SaleCheck", "paid": 700},
                "attempt": {"uid": "at-9", "amount": 700},
            }
        }
    ),
    answers=[202],
)


def _record(transition: int, status: str, paid: int, attempt: str) -> Record:
    event = {
        "transition": transition,
        "saleOrderStatus": status,
        "payment": {"paid": paid, "attempts": [{"uid": attempt}]},
    }
    return Record(partition=0, offset=2 * transition, key="order-1", ce_id=f"event-{transition}", event=event)


def _audit() -> Audit:
    witness = Witness(port=0, webhook=str, client=httpx.AsyncClient())
    witness.events = {told.body: told for told in (_told("at-1", 30_000), _told("at-2", 40_000))}
    witness.events |= {told.body: told for told in (_lone("at-3", 500, "success"), _lone("at-4", 9, "failed"), CHECK)}
    return Audit(
        witness=witness,
        book=[Sold(id="order-1", merchant="merchant-1", told={"tx-1": Decimal(70_000), "at-3": Decimal(500)})],
        orders={"order-1": ORDER},
        outbox=[{"event_id": f"event-{n}", "partition": 0, "log_offset": 2 * n} for n in (1, 2)],
        history={
            "order-1": [
                {"version": version, "transition": transition}
                for version, transition in ((1, None), (2, None), (3, 1), (4, 2))
            ]
        },
        parked=Counter({("check-1", "at-9", "tx-9", Decimal(700)): 1}),
        committed=[_record(1, "PARTIAL", 30_000, "at-1"), _record(2, "COMPLETED", 70_000, "at-2")],
    )


def _order(**changes: object) -> Callable[[Audit], Audit]:
    return lambda audit: attrs.evolve(audit, orders={"order-1": {**ORDER, **changes}}, faults=[])


def _log(*places: int) -> Callable[[Audit], Audit]:
    return lambda audit: attrs.evolve(audit, committed=[audit.committed[place] for place in places], faults=[])


def _moved_record(audit: Audit) -> Audit:
    first, second = audit.committed
    return attrs.evolve(audit, committed=[attrs.evolve(first, offset=1), second], faults=[])


def _swapped(audit: Audit) -> Audit:
    first, second = audit.committed
    return attrs.evolve(audit, committed=[attrs.evolve(first, offset=9), second], faults=[])


def _unheard(audit: Audit) -> Audit:
    audit.witness.events.pop(next(iter(audit.witness.events)))
    return audit


WRONG: dict[str, Callable[[Audit], Audit]] = {
    "money lost": _order(received=30_000, paid=30_000),
    "money doubled": _order(received=110_000, unallocated=40_000),
    "an attempt without a transaction lost": _order(received=70_000, unallocated=0),
    "a failed attempt counted": _order(received=70_509, unallocated=509),
    "a parked payment lost": lambda audit: attrs.evolve(audit, parked=Counter(), faults=[]),
    "a parked payment doubled": lambda audit: attrs.evolve(audit, parked=audit.parked + audit.parked, faults=[]),
    "money that does not add up": _order(unallocated=1),
    "an attempt shown twice": _order(payments=[ORDER["payments"][0]] * 2),
    "an attempt not shown": _order(payments=ORDER["payments"][:1]),
    "a status behind the money": _order(status="PARTIAL"),
    "a version without history": _order(version=5),
    "a record lost": _log(0),
    "a record doubled": _log(0, 1, 1),
    "records in the wrong order": _swapped,
    "an address that is not true": _moved_record,
    "a delivery that mq-pay reports and nobody saw": _unheard,
}


def test_a_true_account_passes() -> None:
    _audit().check()


@pytest.mark.parametrize("wrong", WRONG)
def test_the_auditor_notices(wrong: str) -> None:
    with pytest.raises(AssertionError):
        WRONG[wrong](_audit()).check()
