"""Finance: an order is booked once, in full, when it is fully paid (C5).

    pip install dist/*.whl kafka-python    # `make build` makes the wheel; `sale` on a public index is somebody else's
    python finance_consumer.py localhost:9092 finance.db

Its books are a SQLite file. The first event of an order that is paid in parts is no booking: the last one tells it all.
"""

import sqlite3
import sys

from kafka import KafkaConsumer

from sale_domain import PAYMENT_SUCCESS, Event, PaymentSuccess, UnreadableEvent, read_event


def booking(event: Event) -> tuple[str, str, str] | None:
    """Return the order, the figure to book and its currency; None when there is nothing to book."""
    if isinstance(event, PaymentSuccess) and event.payment.is_fully_paid:
        return event.sale_order_id, str(event.payment.paid), event.payment.currency
    return None


def main(bootstrap: str, books: str) -> None:
    """Listen until the process is ended."""
    db = sqlite3.connect(books)
    db.execute("CREATE TABLE IF NOT EXISTS booked (sale_order PRIMARY KEY, amount, currency)")
    consumer = KafkaConsumer(
        PAYMENT_SUCCESS,
        bootstrap_servers=bootstrap,
        group_id="finance",
        group_instance_id="finance-1",  # a restart goes on at once, and a second copy is sent away
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    for record in consumer:
        try:
            if entry := booking(read_event(record.topic, record.value)):
                db.execute("INSERT OR IGNORE INTO booked VALUES (?, ?, ?)", entry)
        except UnreadableEvent as reason:  # not Sale's: the orders behind it must not wait
            sys.stderr.write(f"left out: {record.topic}-{record.partition} at {record.offset}: {reason}\n")
        db.commit()
        consumer.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
