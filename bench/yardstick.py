"""What PostgreSQL itself can do: pgbench sending a payment's and an added item's own statements, one after the other.

They are the product's, parameter by parameter; a test holds the lists to what Sale says on the wire.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from asked import PartFailed
from sale_adapters.embedded.postgres import programs
from sale_adapters.postgres import statements as sql
from sale_adapters.postgres import usage_sql
from sale_adapters.postgres.trips import Begin, Statement

CLIENTS = 32
_PAYLOAD, _BODY = 950, 330
"""Bytes of an event and of a webhook, as those that wrk brings about."""

# The variables of a row are what `\\gset o_` has read of it; n counts a client's transactions, :number is its order.
_ORDER = {"bucket": ":m", "id": "(:time || lpad(:k, 16, '0') || '00')"}
_OF_ORDER = {"bucket": ":o_bucket", "order_id": ":o_id"}
_MINE = {"bucket": ":o_bucket", "merchant_id": ":o_merchant_id"}


@attrs.frozen(kw_only=True)
class Yardstick:
    """A transaction: its statements, and what stands for each of their parameters; what is not said is NULL."""

    name: str
    steps: Sequence[tuple[Statement, Mapping[str, str]]]

    def script(self) -> str:
        """Return it as pgbench reads it."""
        lock, *others = (_filled(statement, values) for statement, values in self.steps)
        begin = Begin.TO_WRITE.value.decode()
        picked = ("\\set n :n + 2", "\\set k random(1, :orders)", "\\set m :k % :merchants")
        return "\n".join([*picked, f"{begin};", f"{lock} \\gset o_", *(f"{other};" for other in others), "COMMIT;", ""])


def _filled(statement: Statement, values: Mapping[str, str]) -> str:
    names = statement.names
    assert values.keys() <= set(names), values.keys() - set(names)
    said = re.sub(r"\$(\d+)", lambda place: values.get(names[int(place[1]) - 1], "NULL"), statement.sql.decode())
    return " ".join(said.split())


def _id(place: int) -> str:
    return f"(:time || lpad((:round * 100 + :client_id)::text, 6, '0') || lpad((:n + {place})::text, 10, '0') || '00')"


def _update(**changed: str) -> dict[str, str]:
    return {
        "status": ":o_status",
        "version": "(:o_version + 1)",
        "received": ":o_received",
        "paid": ":o_paid",
        "transition": ":o_transition",
        "reported_facts": ":o_reported_facts",
        "checkouts": ":o_checkouts",
        "events": ":o_events",
        "updated_at": "now()",
        "key_bucket": ":o_bucket",
        "key_id": ":o_id",
        "key_version": ":o_version",
        **changed,
    }


def _entry(**more: str) -> dict[str, str]:
    return {
        **_MINE,
        "topic": "'observation/sale/sale-order'",
        "thing_id": ":o_id",
        "order_id": ":o_id",
        "order_version": "(:o_version + 1)",
        "version": "(:o_version + 1)",
        "from_status": ":o_status",
        "at": "now()",
        **more,
    }


_PRICED = {name: f":o_{name}" for name in ("subtotal", "discount", "tax", "total")} | {
    "checked_out_at": ":o_checked_out_at"
}
_FACT = {
    "ordinal": ":o_version",
    "fact_key": f"sha256({_id(0)}::bytea)",
    "type": ":kind",
    "source_type": "'SaleOrder'",
    "source_id": ":o_id",
    "amount": "1000",
    "attempt_uid": _id(0),
    "attempt_id": _id(0),
    "payment_provider": "'CASH'",
    "at": "now()",
}
_MESSAGE = {
    **_OF_ORDER,
    "event_id": _id(0),
    "seq": "(:o_events + 1)",
    "transition": "(:o_transition + 1)",
    "merchant_id": ":o_merchant_id",
    "topic": "'payment.success'",
    "payload": ":payload",
    "occurred_at": "now()",
    "traceparent": ":traceparent",
}
_WEBHOOK = {
    "bucket": ":o_bucket",
    "id": _id(1),
    "received_at": "now()",
    "event_type": ":kind",
    "body": ":body",
    "outcome": "'applied'",
}

PAYMENT = Yardstick(
    name="payment",
    steps=(
        (sql.LOCK_ORDER, _ORDER),
        (sql.LINES, _OF_ORDER),
        (sql.FACTS, _OF_ORDER),
        (usage_sql.ACTIVE_OF_ORDER, _OF_ORDER),
        (
            sql.UPDATE_ORDER,
            _update(
                **_PRICED,
                status="'PARTIAL'",
                received="(:o_received::numeric + 1000)",
                paid="(:o_paid::numeric + 1000)",
                transition="(:o_transition + 1)",
                reported_facts="(:o_reported_facts + 1)",
                events="(:o_events + 1)",
            ),
        ),
        (sql.INSERT_FACT, {**_OF_ORDER, **_FACT}),
        (sql.INSERT_MESSAGE, _MESSAGE),
        (sql.INSERT_WEBHOOK, _WEBHOOK),
        (sql.RAISE_FEED, _MINE),
        (
            sql.INSERT_ENTRY,
            _entry(
                action="'ORDER_PAYMENT_UPDATED'", status="'PARTIAL'", by="'mq-pay'", transition="(:o_transition + 1)"
            )
            | {"data": ":data"},
        ),
    ),
)

ITEM = Yardstick(
    name="item",
    steps=(
        (sql.LOCK_ORDER_OF_MERCHANT, {**_ORDER, "merchant_id": "('yard-' || :m)"}),
        (sql.LINES, _OF_ORDER),
        (sql.FACTS, _OF_ORDER),
        (sql.UPDATE_ORDER, _update()),
        (
            sql.INSERT_LINE,
            {
                **_OF_ORDER,
                "id": _id(0),
                "position": "(:o_version + 2)",
                "mode": "'PRODUCT'",
                "item_type": "'PRODUCT_VARIANT'",
                "item_id": "'variant-tra-da'",
                "name": "'Trà đá'",
                "quantity": "1",
                "note": _id(0),
                "sent_quantity": "0",
            },
        ),
        (sql.RAISE_FEED, _MINE),
        (sql.INSERT_ENTRY, _entry(action="'ORDER_UPDATED'", status="'DRAFT'", by="'bench'") | {"data": ":data"}),
    ),
)


async def pgbench(
    yardstick: Yardstick, url: str, home: Path, *, orders: int, merchants: int, seconds: int, number: int
) -> float:
    """Return how many of the transactions PostgreSQL did in a second."""
    script = home / f"{yardstick.name}.sql"
    script.write_text(yardstick.script())
    variables = {
        "n": "0",
        "orders": str(orders),
        "merchants": str(merchants),
        "round": str(number),
        "time": TIMES[yardstick.name],
        "kind": "mq-pay:attempt.success",
        "payload": "x" * _PAYLOAD,
        "body": "x" * _BODY,
        "data": '{"fact":"mq-pay:attempt.success","amount":1000,"received":1000}',
        "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-00",
    }
    given = [word for name, value in variables.items() for word in ("-D", f"{name}={value}")]
    command = (str(programs() / "pgbench"), "-n", "-M", "prepared", "-c", str(CLIENTS), "-T", str(seconds))
    process = await asyncio.create_subprocess_exec(
        *command, *given, "-f", str(script), url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, trouble = await process.communicate()
    if process.returncode:
        raise PartFailed(f"pgbench: {trouble.decode()[-2_000:]}")
    (line,) = (line for line in told.decode().splitlines() if line.startswith("tps ="))
    return float(line.split()[2])


TIMES = {"payment": "01KE6YB4M2", "item": "01KE6YB4M3"}
"""How the ids of each one's orders begin."""
