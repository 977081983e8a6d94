"""The examples' consumers on the real Kafka: killed before it commits, started again, nothing booked twice."""

import ast
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from live import Live
from processes import eventually
from sale_adapters.kafka.clients import connected
from sale_adapters.kafka.connection import KafkaConnection
from sale_domain import PAYMENT_SUCCESS

EXAMPLES = Path(__file__).parents[2] / "examples"
NEVER_GETS_ROUND_TO_COMMITTING = """
import runpy, sys
from kafka import KafkaConsumer

KafkaConsumer.commit = lambda _: None
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""
Row = tuple[str, ...]
BOOKS: Mapping[str, tuple[str, list[Row]]] = {
    "inventory_consumer.py": (
        "SELECT what, quantity FROM taken WHERE sale_order = ?",
        [("broth", "1.0"), ("noodles", "0.4"), ("stock-pho", "2"), ("stock-tra-da", "1")],
    ),
    "finance_consumer.py": ("SELECT amount, currency FROM booked WHERE sale_order = ?", [("135000", "VND")]),
}
"""How to look into an example's books, and what must stand there of the order."""


@pytest.mark.parametrize("example", BOOKS)
def test_what_a_consumer_does_with_an_event_takes_twenty_lines_at_most(example: str) -> None:
    nodes = list(ast.walk(ast.parse((EXAMPLES / example).read_text())))
    decides = next(node for node in nodes if isinstance(node, ast.FunctionDef) and node.name != "main")
    loop = next(node for node in nodes if isinstance(node, ast.For))
    assert sum(len(ast.unparse(node).splitlines()) for node in (decides, loop)) <= 20


@pytest.fixture
def foreign_records(sale: Live) -> None:
    """Put records that are no events into every partition of payments, in front of whatever is sold."""
    assert sale.stage.kafka_bootstrap is not None
    producer = connected(KafkaProducer, KafkaConnection(bootstrap=sale.stage.kafka_bootstrap))
    try:
        for number in producer.partitions_for(PAYMENT_SUCCESS):
            for value in (b"hello", None):
                producer.send(PAYMENT_SUCCESS, value=value, key=b"nobody", partition=number).get(timeout=30)
    finally:
        producer.close()


@pytest.fixture
def order_id(sale: Live) -> str:
    """Sell two phở and a tea for 135 000 VND, paid in two parts; the bowls are cooked, sent back and cooked again."""
    items = [{"itemId": "variant-pho", "quantity": 2}, {"itemId": "variant-tra-da"}]
    order = str(sale.good("POST", "/sale-orders", {"saleChannelId": "channel-vnd", "items": items})["id"])
    tickets = sale.good("POST", f"/sale-orders/{order}/kitchen-tickets")["tickets"]
    (bowls,) = (item for ticket in tickets for item in ticket["items"] if item["recipeId"] == "recipe-pho")
    cook = {"authorization": f"Bearer {sale.token(roles=['admin'])}"}
    for action in ("cook", "finish", "recall", "finish"):
        sale.call("POST", f"/kitchen-ticket-items/{bowls['id']}/{action}", headers=cook).raise_for_status()
    sale.good("POST", f"/sale-orders/{order}/checkout", {})
    sale.pay(order, 135_000, split=2)
    return order


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, *command])  # noqa: S603 - our own examples
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def rows(books: Path, query: str, order_id: str) -> list[Row]:
    """Return what stands in a consumer's books; nothing when it has none yet."""
    if not books.exists():
        return []
    with sqlite3.connect(books) as db:
        try:
            return db.execute(query, [order_id]).fetchall()
        except sqlite3.OperationalError:
            return []


def committed(bootstrap: str, group: str, *, partition: int) -> int | None:
    """Return how far a consumer says that it has come with payments."""
    looking = connected(KafkaConsumer, KafkaConnection(bootstrap=bootstrap), group_id=group, enable_auto_commit=False)
    try:
        offset: int | None = looking.committed(TopicPartition(PAYMENT_SUCCESS, partition))
        return offset
    finally:
        looking.close()


def holds(books: Path, query: str, order_id: str, wanted: list[Row]) -> Callable[[], bool]:
    return lambda: sorted(rows(books, query, order_id)) == wanted


@pytest.mark.usefixtures("foreign_records")
@pytest.mark.parametrize("example", BOOKS)
async def test_a_consumer_that_is_killed_again_and_again_counts_everything_once_and_what_is_not_sales_stops_nothing(
    sale: Live, order_id: str, tmp_path: Path, example: str
) -> None:
    query, wanted = BOOKS[example]
    books, bootstrap = tmp_path / "books.db", sale.stage.kafka_bootstrap
    assert bootstrap is not None
    command = (str(EXAMPLES / example), bootstrap, str(books))
    with running("-c", NEVER_GETS_ROUND_TO_COMMITTING, *command):
        assert await eventually(holds(books, query, order_id, wanted), within_seconds=60), rows(books, query, order_id)
    last = sale.records(order_id, count=2)[-1]
    group = example.partition("_")[0]
    assert committed(bootstrap, group, partition=last.partition) is None
    for _ in range(2):
        # It takes its dead self's place; for a stranger Kafka would wait until that one's session ends (45 s).
        with running(*command) as again:
            heard = eventually(
                lambda: (committed(bootstrap, group, partition=last.partition) or 0) > last.offset, within_seconds=20
            )
            assert await heard, again.poll()
    assert sorted(rows(books, query, order_id)) == wanted
