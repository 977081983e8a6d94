"""The benchmark measures Sale against its own statements: what pgbench sends is what Sale says on the wire."""

import pytest

from ordering_over_http import checked_out, opened, payment
from sale_adapters.postgres.trips import Begin
from stack import served
from wire_tap import WireTap
from yardstick import ITEM, PAYMENT, Yardstick


def _statements(yardstick: Yardstick) -> list[str]:
    return [Begin.TO_WRITE.value.decode(), *(step.sql.decode() for step, _ in yardstick.steps), "COMMIT"]


@pytest.mark.parametrize("yardstick", [PAYMENT, ITEM], ids=lambda each: each.name)
async def test_pgbench_sends_the_statements_that_sale_sends(tables_url: str, yardstick: Yardstick) -> None:
    async with WireTap(tables_url) as tap, served(tap.url, connections=1) as client:
        order, draft = await checked_out(client), await opened(client)
        (overheard,) = tap.clients
        before = len(overheard.trips)
        if yardstick is PAYMENT:
            (await client.post("/webhooks/payment", json=payment(order["id"], 1_000))).raise_for_status()
        else:
            added = {"itemId": "variant-tra-da", "note": "ít đá"}
            (await client.post(f"/sale-orders/{draft['id']}/items", json=added)).raise_for_status()

        said = [statement for trip in overheard.trips[before:] for statement in trip]

    assert said == _statements(yardstick)


def test_every_statement_of_a_script_is_whole() -> None:
    script = PAYMENT.script()

    assert script.count(";") == len(PAYMENT.steps) + 1
    assert "$" not in script
    assert script.endswith("COMMIT;\n")
