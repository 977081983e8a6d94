"""Eight hours before one screen: what is over is forgotten, what is open is not."""

import pytest

from board_world import Open, evaluated

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_long_shift_fills_no_memory(open_board: Open) -> None:
    evening = await evaluated(
        await open_board(None),
        """
        const modules = await Promise.all(['store', 'commands', 'lookups', 'steady', 'wishes'].map(load));
        const [{ Store }, { Commands }, { Lookup }, { Steadiness }, { Wishes }] = modules;
        const store = new Store(() => {});
        const app = { store, sync: { live: true }, notices: { settle: () => {} }, update: () => {} };
        app.api = { get: async () => ({ body: 65000 }) };
        const [commands, prices] = [new Commands(app), new Lookup(app, () => '', (body) => body)];
        const [steadiness, wishes] = [new Steadiness(), new Wishes()];
        const thing = (id, version, status) => ({ id, version, status, items: [] });
        store.put('ticket', thing('first', 1, 'PENDING'), 1);
        store.newcomers();
        let rung = 0;
        for (let guest = 0; guest < 3_000; guest += 1) {
            const [order, ticket] = [`order-${guest}`, `ticket-${guest}`];
            store.put('order', thing(order, 1, 'DRAFT'), guest);
            commands.took('order', { id: order }, 1, { body: thing(order, 2, 'PROCESSING') });
            prices.of(store.get('order', order));
            await null;
            store.put('ticket', thing(ticket, 1, 'PENDING'), guest);
            rung += store.newcomers().length;
            store.hear('usage', `usage-${guest}`, 2);
            store.put('ticket', thing(ticket, 2, 'COMPLETED'), guest);
            store.put('order', thing(order, 3, 'COMPLETED'), guest);
            steadiness.receive({ dataset: { item: `item-${guest}` } });
            wishes.keep(`key-${guest}`, `wish ${guest}`);
        }
        const kept = [store, commands, prices, steadiness, wishes].flatMap((part) =>
            Object.entries(part).filter(([, value]) => value instanceof Map || value instanceof Set));
        store.put('order', thing('order-2999', 2, 'PROCESSING'), 1);
        return {
            full: kept.filter(([, value]) => value.size > 1_000).map(([name]) => name),
            looked: kept.length > 10,
            rung,
            late: store.isOld('order', store.get('order', 'order-2999')),
        };
        """,
    )
    assert evening == {"full": [], "looked": True, "rung": 3_000, "late": True}
