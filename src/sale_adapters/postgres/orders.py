"""Orders on PostgreSQL: two round trips a command, the order row locked before anything of it is read (C22)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import attrs

from sale_adapters.postgres import answer_rows, rows, usage_sql
from sale_adapters.postgres import statements as sql
from sale_adapters.postgres.connection import Database
from sale_adapters.postgres.feed_numbers import feed_seq, number_in
from sale_adapters.postgres.idempotency import claim, told_before
from sale_adapters.postgres.kitchen_rows import kitchen_of, kitchen_reads, kitchen_writes
from sale_adapters.postgres.trips import Begin, Query, Row, Trips
from sale_adapters.postgres.usage_rows import seating_of, usage_writes
from sale_domain.allocations import Seating, UnreadSeating
from sale_domain.errors import NotFound
from sale_domain.ids import LineId, MerchantId, OrderId, bucket_of, merchant_bucket
from sale_domain.kitchen import Kitchen, UnreadKitchen
from sale_domain.orders import Order
from sale_domain.ports.answers import Once
from sale_domain.ports.orders import EVERYTHING, Committed, Decide, Decision, History, Need, OrderFilter, OrderPage
from sale_domain.snapshots import CheckoutSnapshot
from sale_domain.views import OrderView


class PostgresOrders:
    """The `Orders` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, decision: Decision, *, once: Once | None) -> OrderView:
        """See `Orders`."""
        view = decision.view(snapshot=decision.change.snapshot)

        async def work(trips: Trips) -> OrderView:
            if once is not None:
                (claimed,) = await trips.go(claim(once))
                await told_before(trips, once, claimed)
            await trips.go(*_writes(decision, None, _answered(once, view)), commit=True)
            return view

        return await self._database.transact(work)

    async def change(
        self,
        order_id: OrderId,
        decide: Decide,
        *,
        merchant_id: MerchantId | None,
        needs: Need = EVERYTHING,
        once: Once | None = None,
    ) -> Committed:
        """See `Orders`."""
        reads = _locked_reads(order_id, merchant_id, needs)

        async def work(trips: Trips) -> Committed:
            if once is None:
                found = await trips.go(*reads.values())
            else:
                claimed, *found = await trips.go(claim(once), *reads.values())
                await told_before(trips, once, claimed)
            before = _loaded(dict(zip(reads, found, strict=True)))
            decision = decide(before.order)
            priced = decision.change.order.totals is not None
            view = decision.view(snapshot=decision.change.snapshot or before.snapshot if priced else None)
            writes = tuple(_writes(decision, before, _answered(once, view)))
            if writes:
                await trips.go(*writes, commit=True)
            return Committed(view=view, decision=decision)

        # Money that is told by mq-pay, who names no merchant, does not queue behind the tills.
        return await self._database.transact(work, reserved=merchant_id is None)

    async def find(self, order_id: OrderId, *, merchant_id: MerchantId) -> OrderView:
        """See `Orders`."""
        bucket = _bucket(order_id)
        which = {"bucket": bucket, "order_id": order_id}
        feed, *found = await self._database.read(
            feed_seq(merchant_id),
            sql.FIND_ORDER(bucket=bucket, id=order_id, merchant_id=merchant_id),
            sql.LINES(**which),
            sql.FACTS(**which),
            sql.NEWEST_SNAPSHOT(**which),
        )
        loaded = _loaded(dict(zip(("order", "lines", "facts", "snapshots"), found, strict=True)))
        order = attrs.evolve(loaded.order, kitchen=Kitchen(), seating=Seating())
        return OrderView(order=order, snapshot=loaded.snapshot, feed_seq=number_in(feed))

    async def find_many(
        self, which: OrderFilter, *, merchant_id: MerchantId, after: OrderId | None, limit: int
    ) -> OrderPage:
        """See `Orders`."""
        bucket = merchant_bucket(merchant_id)
        wanted: dict[str, object] = {
            **attrs.asdict(which),
            "after": after,
            "status": which.status and which.status.value,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        page = sql.page_of_orders(frozenset(given))

        async def work(trips: Trips) -> OrderPage:
            # One more than is wanted tells whether there is a next page.
            feed, found = await trips.go(
                feed_seq(merchant_id), page(bucket=bucket, merchant_id=merchant_id, limit=limit + 1, **given)
            )
            ids = [row["id"] for row in found[:limit]]
            lines, facts = await trips.go(
                sql.LINES_OF_MANY(bucket=bucket, order_ids=ids),
                sql.FACTS_OF_MANY(bucket=bucket, order_ids=ids),
                commit=True,
            )
            return OrderPage(
                orders=tuple(_orders(found[:limit], lines, facts)),
                next_after=OrderId(ids[-1]) if ids and len(found) > limit else None,
                feed_seq=number_in(feed),
            )

        return await self._database.transact(work, begin=Begin.TO_READ)

    async def history(self, order_id: OrderId, *, merchant_id: MerchantId) -> History:
        """See `Orders`."""
        bucket = _bucket(order_id)
        feed, order, entries = await self._database.read(
            feed_seq(merchant_id),
            sql.FIND_ORDER(bucket=bucket, id=order_id, merchant_id=merchant_id),
            sql.ENTRIES(bucket=bucket, order_id=order_id),
        )
        if not order:
            raise NotFound(thing="order")
        return History(entries=tuple(map(rows.entry_of, entries)), feed_seq=number_in(feed))


def _bucket(order_id: OrderId) -> int:
    try:
        return bucket_of(order_id)
    except ValueError:
        raise NotFound(thing="order") from None


# --- reading -----------------------------------------------------------------------------------------------------


def _locked_reads(order_id: OrderId, merchant_id: MerchantId | None, needs: Need) -> Mapping[str, Query]:
    """Return the reads of a command: the lock alone, and then statements that see what the wait for it was for."""
    bucket = _bucket(order_id)
    which: dict[str, object] = {"bucket": bucket, "order_id": order_id}
    lock = sql.LOCK_ORDER if merchant_id is None else sql.LOCK_ORDER_OF_MERCHANT
    reads = {
        "order": lock(bucket=bucket, id=order_id, merchant_id=merchant_id),
        "lines": sql.LINES(**which),
        "facts": sql.FACTS(**which),
    }
    if Need.SEATING in needs:
        reads["usages"] = usage_sql.OF_ORDER(**which)
    elif Need.ACTIVE_USAGES in needs:
        reads["usages"] = usage_sql.ACTIVE_OF_ORDER(**which)
    if Need.SNAPSHOT in needs:
        reads["snapshots"] = sql.NEWEST_SNAPSHOT(**which)
    if Need.KITCHEN in needs:
        reads["tickets"], reads["items"] = kitchen_reads(bucket, [order_id])
    return reads


@attrs.frozen(kw_only=True)
class _Loaded:
    """An order as it was read; `positions` are its lines' places, which may have gaps."""

    order: Order
    snapshot: CheckoutSnapshot | None
    positions: Mapping[LineId, int]


def _loaded(found: Mapping[str, Sequence[Row]]) -> _Loaded:
    """Return an order from its rows, by what they are; what was not read is marked so."""
    if not found["order"]:
        raise NotFound(thing="order")
    (row,), lines, snapshots = found["order"], found["lines"], found.get("snapshots")
    order = rows.order_of(
        row,
        lines=lines,
        facts=found["facts"],
        kitchen=kitchen_of(found["tickets"], found["items"]) if "tickets" in found else UnreadKitchen(),
        seating=seating_of(found["usages"]) if "usages" in found else UnreadSeating(),
    )
    return _Loaded(
        order=order,
        # A checkout that was reverted is kept, but not shown.
        snapshot=rows.snapshot_of(snapshots[0]) if snapshots and order.totals else None,
        positions={LineId(line["id"]): line["position"] for line in lines},
    )


def _orders(found: Sequence[Row], lines: Sequence[Row], facts: Sequence[Row]) -> Iterator[Order]:
    def by_order(parts: Sequence[Row]) -> dict[str, list[Row]]:
        grouped: dict[str, list[Row]] = {row["id"]: [] for row in found}
        for part in parts:
            grouped[part["order_id"]].append(part)
        return grouped

    lines_of, facts_of = by_order(lines), by_order(facts)
    return (rows.order_of(row, lines=lines_of[row["id"]], facts=facts_of[row["id"]]) for row in found)


# --- writing -----------------------------------------------------------------------------------------------------


def _writes(decision: Decision, before: _Loaded | None, answer: Iterable[Query]) -> Iterator[Query]:
    """Yield the writes of a decision; the merchant's counter, which every command waits for, comes last."""
    change, order = decision.change, decision.change.order
    if change.entries:
        yield from _order_writes(order, before)
        if change.snapshot is not None:
            yield sql.INSERT_SNAPSHOT(**rows.snapshot_values(order.id, change.snapshot))
    for message in decision.messages:
        yield sql.INSERT_MESSAGE(**rows.message_values(message))
    if decision.webhook is not None:
        yield sql.INSERT_WEBHOOK(**rows.webhook_values(decision.webhook))
    if decision.unparked is not None:
        yield sql.UNPARK_FACT(bucket=bucket_of(order.id), fact_key=rows.fact_values(decision.unparked)["fact_key"])
    yield from answer
    for entry in change.entries:
        yield sql.RAISE_FEED(bucket=bucket_of(order.id), merchant_id=order.merchant_id)
        yield sql.INSERT_ENTRY(**rows.entry_values(entry, order))


def _order_writes(order: Order, before: _Loaded | None) -> Iterator[Query]:
    values, bucket = rows.order_values(order), bucket_of(order.id)
    if before is None:
        yield sql.INSERT_ORDER(**values)
    elif _own(order) != _own(before.order):
        yield sql.UPDATE_ORDER(**values, key_bucket=bucket, key_id=order.id, key_version=before.order.version)
    yield from _line_writes(order, before)
    yield from usage_writes(before.order.seating if before else Seating(), order.seating)
    yield from kitchen_writes(order, before.order.kitchen if before else Kitchen())
    known = len(before.order.ledger.facts) if before else 0
    for ordinal, fact in enumerate(order.ledger.facts[known:], start=known + 1):
        yield sql.INSERT_FACT(bucket=bucket, order_id=order.id, ordinal=ordinal, **rows.fact_values(fact))


def _own(order: Order) -> tuple[int, int, datetime]:
    """Return what tells whether the order's own row has changed: its kitchen counts events without a version."""
    return order.version, order.events, order.updated_at


def _line_writes(order: Order, before: _Loaded | None) -> Iterator[Query]:
    """Yield what turns the lines that were loaded into those that are there now, and leaves the others alone."""
    bucket = bucket_of(order.id)
    positions = before.positions if before else {}
    old = {line.id: line for line in before.order.basket.lines} if before else {}
    if gone := sorted(old.keys() - {line.id for line in order.basket.lines}):
        yield sql.DELETE_LINES(bucket=bucket, order_id=order.id, ids=gone)
    position = 0
    for line in order.basket.lines:
        # A line keeps its place as long as that is behind the one before it.
        position = max(position + 1, positions.get(line.id, 0))
        if line.id not in old:
            yield sql.INSERT_LINE(bucket=bucket, order_id=order.id, **rows.line_values(line, position=position))
        elif (line, position) != (old[line.id], positions[line.id]):
            values = rows.line_values(line, position=position)
            yield sql.UPDATE_LINE(**values, key_bucket=bucket, key_order_id=order.id, key_id=line.id)


def _answered(once: Once | None, view: OrderView) -> Iterator[Query]:
    if once is not None:
        key, answer = answer_rows.key_values(once.key), answer_rows.answer_values(once.answer(view))
        yield sql.KEEP_ANSWER(**answer, key_bucket=key["bucket"], key_digest=key["digest"])
