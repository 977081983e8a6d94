"""What is read never takes back what is known: lists, single things and changes come in any turn."""

import pytest

from board_world import Open, evaluated

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_a_list_shows_older_than_it_was_heard_of_is_read_again(open_board: Open) -> None:
    read = await evaluated(
        await open_board(None),
        """
        const [{ Store }, { Reader }] = [await load('store'), await load('reader')];
        const store = new Store(() => {});
        const order = (version) => ({ id: 'a', version, status: 'DRAFT' });
        const get = async (path) => (path.includes('?') ? { body: { items: [order(3)] }, seq: 7 } : { body: order(5) });
        const reader = new Reader({ get }, store);
        store.hear('order', 'a', 5);
        const seq = await reader.all('order');
        return [seq, store.get('order', 'a').version];
        """,
    )
    assert read == [7, 5]


async def test_paid_orders_are_read_a_day_back_and_no_further(open_board: Open) -> None:
    read = await evaluated(
        await open_board(None),
        """
        const [{ Store }, { Reader }] = [await load('store'), await load('reader')];
        const store = new Store(() => {});
        const at = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();
        const paid = (id, hours, sentQuantity) => ({
            id, version: 4, status: 'COMPLETED', createdAt: at(hours), completedAt: at(hours),
            items: [{ id: 'line', quantity: 2, sentQuantity }] });
        const first = [paid('b', 1, 1), paid('sent', 2, 2)];
        const pages = [first, [paid('a', 23, 0), paid('old', 25, 0)], [paid('older', 26, 0)]];
        let read = 0;
        const get = async (path) => path.includes('COMPLETED')
            ? { body: { items: pages[read++], nextCursor: 'next' }, seq: 7 }
            : { body: { items: [] }, seq: 7 };
        await new Reader({ get }, store).all('order');
        return [read, store.open('order').map((order) => order.id)];
        """,
    )
    assert read == [2, ["b", "a"]]


@pytest.mark.parametrize("refused", [False, True], ids=["shown", "refused"])
async def test_what_changes_while_it_is_read_is_read_again_and_who_asked_waits_for_that(
    open_board: Open, *, refused: bool
) -> None:
    read = await evaluated(
        await open_board(None),
        """
        const [{ Store }, { Reader }, { Problem }] = [await load('store'), await load('reader'), await load('api')];
        const store = new Store(() => {});
        const order = (version) => ({ id: 'a', version, status: 'DRAFT' });
        const asked = [];
        const get = () => new Promise((done, refuse) => asked.push({ done, refuse }));
        const reader = new Reader({ get }, store);
        const first = reader.one('order', 'a');
        const second = reader.one('order', 'a').then(() => store.get('order', 'a')?.version);
        if (REFUSED) asked[0].refuse(new Problem(404, {}));
        else asked[0].done({ body: order(1), seq: 6 });
        await Promise.race([first, new Promise((done) => setTimeout(done, 500))]);
        asked[1]?.done({ body: order(2), seq: 7 });
        return [asked.length, await second];
        """.replace("REFUSED", str(refused).lower()),
    )
    assert read == [2, 2]


@pytest.mark.parametrize("failures", [0, 1], ids=["already read", "still being read"])
async def test_a_list_that_is_late_does_not_look_for_guests_at_the_table_they_left(
    open_board: Open, failures: int
) -> None:
    table = await evaluated(
        await open_board(None),
        """
        const [{ Store }, { Reader }, { Problem }] = [await load('store'), await load('reader'), await load('api')];
        const store = new Store(() => {});
        const usage = (version, unitId) => ({ id: 'a', version, unitId, status: 'ACTIVE' });
        let [list, failures] = [null, FAILURES];
        const get = async (path) => {
            if (path.includes('status=')) return new Promise((done) => (list = done));
            if (failures-- > 0) throw new Problem(503, {});
            return { body: { items: path.includes('table-2') ? [usage(2, 'table-2')] : [] }, seq: 7 };
        };
        const reader = new Reader({ get }, store);
        store.put('usage', usage(1, 'table-1'));
        const all = reader.all('usage');
        store.hear('usage', 'a', 2);
        const one = reader.one('usage', 'a', { unitId: 'table-2', version: 2 });
        if (!failures) await one;
        list({ body: { items: [usage(1, 'table-1')] }, seq: 6 });
        await Promise.race([all, new Promise((done) => setTimeout(done, 1_000))]);
        return store.get('usage', 'a')?.unitId;
        """.replace("FAILURES", str(failures)),
    )
    assert table == "table-2"


async def test_guests_who_move_while_their_table_is_read_are_not_lost(open_board: Open) -> None:
    read = await evaluated(
        await open_board(None),
        """
        const [{ Store }, { Reader }] = [await load('store'), await load('reader')];
        const store = new Store(() => {});
        const usage = (version, unitId) => ({ id: 'a', version, unitId, status: 'ACTIVE' });
        const asked = [];
        let answer;
        const get = (path) => (asked.push(path), asked.length === 1
            ? new Promise((done) => (answer = done))
            : { body: { items: path.includes('table-2') ? [usage(2, 'table-2')] : [] }, seq: 7 });
        const reader = new Reader({ get }, store);
        store.put('usage', usage(1, 'table-1'));
        const reading = reader.one('usage', 'a', { unitId: 'table-1' });
        store.hear('usage', 'a', 2);
        void reader.one('usage', 'a', { unitId: 'table-2' });
        answer({ body: { items: [] }, seq: 6 });
        await Promise.resolve();
        const meanwhile = store.get('usage', 'a')?.unitId;
        await Promise.race([reading, new Promise((done) => setTimeout(done, 3_000))]);
        return [meanwhile, store.get('usage', 'a')?.unitId];
        """,
    )
    assert read == ["table-1", "table-2"]


async def test_nothing_goes_back_to_an_older_version(open_board: Open) -> None:
    screen = await open_board(None)
    kept = await screen.page.evaluate(
        """async () => {
            const { Store } = await import(new URL('board/store.js', location.href).href);
            const store = new Store(() => {});
            const ticket = (version, status) => ({ id: 'a', version, status });
            store.put('ticket', ticket(3, 'PROCESSING'));
            const late = store.put('ticket', ticket(2, 'PENDING'));
            store.hear('ticket', 'a', 5);
            return [late, store.get('ticket', 'a').version, store.isOld('ticket', store.get('ticket', 'a'))];
        }"""
    )
    assert kept == [False, 3, True]


async def test_what_is_told_along_with_a_version_does_not_go_back_either(open_board: Open) -> None:
    units = await evaluated(
        await open_board(None),
        """
        const { Store } = await load('store');
        const store = new Store(() => {});
        const told = (unit, seq) => store.put('ticket', { id: 'a', version: 3, status: 'PENDING', units: [unit] }, seq);
        told('table-1', 7);
        told('table-2', 9);
        told('table-1', 8);
        return store.get('ticket', 'a').units;
        """,
    )
    assert units == ["table-2"]


@pytest.mark.parametrize("known", [0, 1], ids=["created and ended", "moved and ended"])
async def test_a_usage_that_ends_while_it_is_read_does_not_come_back(open_board: Open, known: int) -> None:
    taken = await evaluated(
        await open_board(None),
        """
        const [{ Store }, { Sync }] = [await load('store'), await load('sync')];
        const store = new Store(() => {});
        const usage = (version, unitId) => ({ id: 'a', version, unitId, status: 'ACTIVE' });
        const answers = [];
        const get = () => new Promise((done) => answers.push((items) => done({ body: { items }, seq: 7 })));
        const sync = new Sync({ api: { get }, store, session: () => null, onChange: () => {}, onTickets: () => {} });
        const told = (version, status) => sync.hear({
            topic: 'observation/allocation/allocation-usage', data: { id: 'a', version, status, unitId: 'table-2' } });
        const known = KNOWN;
        if (known) store.put('usage', usage(known, 'table-1'));
        told(known + 1, 'ACTIVE');
        told(known + 2, 'COMPLETED');
        answers[0]([usage(known + 1, 'table-2')]);
        await new Promise((done) => setTimeout(done, 20));
        return store.open('usage').length;
        """.replace("KNOWN", str(known)),
    )
    assert taken == 0
