"""Inventory: stock goes out with the payment, materials when the dish is ready, each once (C2, C3, C15).

    pip install dist/*.whl kafka-python    # `make build` makes the wheel; `sale` on a public index is somebody else's
    python inventory_consumer.py localhost:9092 inventory.db

Its books are a SQLite file. The key of every row says what is counted once; a record that comes again changes nothing.
"""

import sqlite3
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal

from kafka import KafkaConsumer

from sale_domain import KAFKA_TOPICS, Event, PaymentSuccess, UnreadableEvent, read_event

RECIPES: Mapping[str, Mapping[str, Decimal]] = {
    "recipe-pho": {"noodles": Decimal("0.2"), "broth": Decimal("0.5")},
    "recipe-banh-mi": {"bread": Decimal(1)},
}
"""What one of a dish needs, in kilograms, litres and pieces."""


def taken(event: Event) -> Iterable[tuple[str, str, str, Decimal]]:
    """Return what goes out: of which order, for which dish (if one), which stock or material, and how much."""
    if isinstance(event, PaymentSuccess):
        return [(event.sale_order_id, "", row.stock_id, row.quantity) for row in event.stocks]
    if event.status != "READY":
        return []
    materials = RECIPES.get(event.recipe_id or "", {})
    item = (event.sale_order_id, event.kitchen_ticket_item_id)
    return [(*item, material, each * event.quantity) for material, each in materials.items()]


def main(bootstrap: str, books: str) -> None:
    """Listen until the process is ended."""
    db = sqlite3.connect(books)
    key = "PRIMARY KEY (sale_order, item, what)"
    db.execute(f"CREATE TABLE IF NOT EXISTS taken (sale_order, item, what, quantity, {key})")
    consumer = KafkaConsumer(
        *KAFKA_TOPICS,
        bootstrap_servers=bootstrap,
        group_id="inventory",
        group_instance_id="inventory-1",  # a restart goes on at once, and a second copy is sent away
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    for record in consumer:
        try:
            for order, item, what, quantity in taken(read_event(record.topic, record.value)):
                db.execute("INSERT OR IGNORE INTO taken VALUES (?, ?, ?, ?)", (order, item, what, str(quantity)))
        except UnreadableEvent as reason:  # not Sale's: the orders behind it must not wait
            sys.stderr.write(f"left out: {record.topic}-{record.partition} at {record.offset}: {reason}\n")
        db.commit()
        consumer.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
