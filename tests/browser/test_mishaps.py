"""What goes wrong at the counter: refused notes, lost payments, an idle station, a sign-in that outlives its reads."""

import pytest
from playwright.async_api import Route, expect

from board_world import Open, as_admin, seated, sent
from live import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_station_that_runs_empty_stays_chosen(sale: Live, open_board: Open) -> None:
    bar = {"id": "station-idle", "name": "Quầy kem", "itemIds": ["variant-tra-da"]}
    sale.call("PUT", "/kitchen-stations", {"stations": [bar]}, headers=as_admin(sale)).raise_for_status()
    sent(sale, "mishap-1", ("pho", 1), ("tra-da", 1))
    cook = await open_board("Cook")
    chip = cook.page.get_by_role("button", name="Quầy kem")
    await chip.click()
    await expect(cook.ticket("mishap-1")).to_have_count(1)
    ticket_id = await cook.ticket("mishap-1").get_attribute("data-ticket")
    item = sale.good("GET", f"/kitchen-tickets/{ticket_id}")["items"][0]["id"]
    for step in ("cook", "finish", "serve"):
        sale.call("POST", f"/kitchen-ticket-items/{item}/{step}", {}, headers=as_admin(sale)).raise_for_status()

    await expect(chip).to_have_text("Quầy kem 0")
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await expect(cook.ticket("mishap-1")).to_have_count(0)
    sale.call("PUT", "/kitchen-stations", {"stations": []}, headers=as_admin(sale)).raise_for_status()


async def test_a_note_stays_when_its_item_is_refused_and_does_not_go_along_to_another_order(
    sale: Live, open_board: Open
) -> None:
    seated(sale, "mishap-2", ("pho", 1))
    seated(sale, "mishap-3", ("pho", 1))
    waiter = await open_board("Waiter")
    await waiter.go("orders")
    await waiter.entry("mishap-2").click()
    note = waiter.page.get_by_label("Note for the next item")
    await note.fill("dị ứng lạc")
    await waiter.page.get_by_label("Item id").fill("variant-nothing")
    await waiter.button("Add").click()
    await expect(waiter.page.get_by_role("alert")).to_be_visible()
    await expect(note).to_have_value("dị ứng lạc")

    await waiter.entry("mishap-3").click()
    await expect(waiter.page.get_by_role("heading", name="mishap-3")).to_be_visible()
    await expect(note).to_have_value("")


async def test_a_payment_whose_answer_is_lost_is_not_called_safe_to_repeat(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "mishap-4", ("pho", 1))
    sale.good("POST", f"/sale-orders/{order_id}/checkout", {"expectedTotal": 65_000})
    cashier = await open_board("Cashier")
    await cashier.entry("mishap-4").click()

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await cashier.page.route("**/mq-pay/payments", lose)
    await cashier.button("Pay (demo)").click()
    await cashier.answer("Pay ₫65,000")

    await expect(cashier.page.get_by_role("alert")).to_contain_text("Look at what is paid before you try again.")
    await cashier.has_status(cashier.page.locator(".order"), "Paid")


async def test_a_payment_is_refused_when_a_colleague_took_one_since_it_was_asked(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "mishap-5", ("pho", 1))
    sale.good("POST", f"/sale-orders/{order_id}/checkout", {"expectedTotal": 65_000})
    cashier = await open_board("Cashier")
    await cashier.entry("mishap-5").click()
    await cashier.button("Pay (demo)").click()
    sale.pay(order_id, 40_000)
    await cashier.has_status(cashier.page.locator(".order"), "Part paid")

    await cashier.answer("Pay ₫65,000")

    await expect(cashier.page.get_by_role("alert")).to_contain_text("Somebody changed it at the same moment.")
    assert sale.good("GET", f"/sale-orders/{order_id}")["paid"] == 40_000


async def test_what_is_read_for_a_former_sign_in_is_not_shown_to_the_next(open_board: Open) -> None:
    screen = await open_board(None)
    kept = await screen.page.evaluate(
        """async () => {
            const load = (name) => import(new URL(`board/${name}.js`, location.href).href);
            const [{ Store }, { Reader }] = [await load('store'), await load('reader')];
            const store = new Store(() => {});
            let answer;
            const api = { get: () => new Promise((done) => (answer = done)) };
            const reader = new Reader(api, store);
            const read = reader.once('order', 'a', {});
            reader.stop();
            answer({ body: { id: 'a', version: 1, status: 'DRAFT' } });
            await read;
            return store.open('order').length;
        }"""
    )
    assert kept == 0
