"""What goes wrong at the counter: refused notes, lost answers, an idle station, a table that was taken."""

import json
import re

import pytest
from playwright.async_api import Route, expect

from board_world import Open, Screen, as_admin, evaluated, seated, sent
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


async def test_a_station_that_was_named_since_the_sign_in_is_called_by_its_name(sale: Live, open_board: Open) -> None:
    cook = await open_board("Cook")

    def name(name: str) -> None:
        bar = {"id": "station-late", "name": name, "itemIds": ["variant-tra-da"]}
        sale.call("PUT", "/kitchen-stations", {"stations": [bar]}, headers=as_admin(sale)).raise_for_status()

    name("Quầy trà")
    sent(sale, "mishap-10", ("tra-da", 1))
    await expect(cook.ticket("mishap-10").locator(".about")).to_contain_text("Quầy trà")

    name("Quầy nước")
    await cook.go("floor")
    await cook.go("kitchen")
    await expect(cook.ticket("mishap-10").locator(".about")).to_contain_text("Quầy nước")


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
    await cashier.has_status(cashier.page.locator(".order"), "Paid, 1 not sent")


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


TRIES = 4
SOON = {"retry-after": "0.05"}


async def start(waiter: Screen, note: str) -> None:
    """Start an order without a table."""
    await waiter.button("New order").click()
    await waiter.page.get_by_role("dialog").get_by_label("Note").fill(note)
    await waiter.answer("Start")


async def lose_the_first(waiter: Screen) -> tuple[list[str], list[str | None]]:
    """Lose every answer about the first new order behind a proxy; return the ids and the keys of all, as they come."""
    made: list[str] = []
    keys: list[str | None] = []

    async def pass_on(route: Route) -> None:
        keys.append(await route.request.header_value("idempotency-key"))
        answer = await route.fetch()
        made.append((await answer.json())["id"])
        lost = len(made) <= TRIES
        await (route.fulfill(status=502, headers=SOON) if lost else route.fulfill(response=answer))

    await waiter.page.route("**/sale-orders", pass_on)
    return made, keys


async def test_a_new_order_whose_answer_was_lost_is_made_once(open_board: Open) -> None:
    waiter = await open_board("Waiter")
    await waiter.go("orders")
    made, keys = await lose_the_first(waiter)

    await start(waiter, "mishap-6")
    await expect(waiter.page.get_by_role("alert")).to_be_visible()
    await start(waiter, "mishap-6")
    await expect(waiter.page).to_have_url(re.compile(r"#/orders/.+"))
    assert waiter.page.url.endswith(made[0])

    # Once there was an answer, the same is another wish.
    await waiter.go("orders")
    await start(waiter, "mishap-6")
    await expect(waiter.entry("mishap-6")).to_have_count(2)
    assert {*keys[: TRIES + 1]} == {keys[0]} != {keys[TRIES + 1]}


async def test_what_a_lost_tap_made_and_people_use_by_now_is_no_new_order(sale: Live, open_board: Open) -> None:
    waiter = await open_board("Waiter")
    await waiter.go("orders")
    made, keys = await lose_the_first(waiter)

    await start(waiter, "mishap-7")
    await expect(waiter.page.get_by_role("alert")).to_be_visible()
    sale.good("POST", f"/sale-orders/{made[0]}/items", {"itemId": "variant-pho"})
    await expect(waiter.entry("mishap-7")).to_contain_text("1 item")
    await start(waiter, "mishap-7")

    await expect(waiter.page).to_have_url(re.compile(r"#/orders/.+"))
    assert waiter.page.url.endswith(made[-1])
    assert {*made[: TRIES + 1]} == {made[0]} != {made[TRIES + 1]}
    assert {*keys[: TRIES + 1]} == {keys[0]} != {keys[TRIES + 1]}


@pytest.mark.parametrize("status", [429, 503])
async def test_a_tap_that_is_bidden_to_wait_is_sent_again_with_the_same_key(
    sale: Live, open_board: Open, status: int
) -> None:
    sent(sale, "mishap-wait", ("pho", 1))
    cook = await open_board("Cook")
    keys: list[str | None] = []

    async def bid_to_wait(route: Route) -> None:
        keys.append(await route.request.header_value("idempotency-key"))
        await (route.fulfill(status=status, headers=SOON) if len(keys) == 1 else route.continue_())

    await cook.page.route("**/cook", bid_to_wait)
    await cook.step("mishap-wait", "Phở").click()

    await cook.has_status(cook.step("mishap-wait", "Phở"), "Cooking")
    await expect(cook.page.get_by_role("alert")).to_have_count(0)
    assert len(keys) == 2
    assert keys[0] == keys[1] is not None


async def test_two_equal_wishes_at_a_time_are_two(open_board: Open) -> None:
    keys = await evaluated(
        await open_board(None),
        """
        const { Wishes } = await load('wishes');
        const wishes = new Wishes();
        const [one, two] = [wishes.take('new order'), wishes.take('new order')];
        wishes.keep(one, 'new order');
        const other = wishes.take('new order, with a note');
        return [one, two, other, wishes.take('new order')];
        """,
    )
    assert keys[3] == keys[0]
    assert len(set(keys)) == 3


async def test_the_order_of_the_slower_of_two_waiters_is_used_for_the_next_table(sale: Live, open_board: Open) -> None:
    waiter = await open_board("Waiter")
    made: list[str] = []

    async def overtaken(route: Route) -> None:
        answer = await route.fetch()
        made.append((await answer.json())["id"])
        if len(made) == 1:
            seated(sale, "table-6", ("pho", 1))
        await route.fulfill(response=answer)

    await waiter.page.route("**/sale-orders", overtaken)
    await waiter.table("Bàn 6").click()
    await waiter.answer("New order here")
    await expect(waiter.page.get_by_role("alert")).to_contain_text("Somebody sits there already.")
    await expect(waiter.page.get_by_role("status").filter(has_text="kept for the next table")).to_be_visible()

    await waiter.table("Bàn 10").click()
    await waiter.answer("New order here")
    await expect(waiter.page.get_by_role("heading", name="Bàn 10")).to_be_visible()
    assert waiter.page.url.endswith(made[0])
    assert len(made) == 1


async def test_the_cook_is_told_the_table_of_guests_who_have_paid_and_left(sale: Live, open_board: Open) -> None:
    order_id = sent(sale, "mishap-8", ("pho", 1))
    sale.good("POST", f"/sale-orders/{order_id}/checkout", {})
    sale.pay(order_id, 65_000)

    async def with_units(route: Route) -> None:
        answer = await route.fetch()
        told = await answer.json()
        for ticket in told["items"]:
            if ticket["saleOrderId"] == order_id:
                ticket["units"] = ["table-1", "mishap-8"]
        await route.fulfill(response=answer, json=told)

    cook = await open_board(None)
    await cook.page.route("**/kitchen-tickets?*", with_units)
    await cook.sign_in("Cook")

    await expect(cook.page.locator("[data-ticket] h2", has_text="Bàn 1 + mishap-8")).to_be_visible()


async def test_what_is_offered_to_pay_has_no_crumbs_of_binary_fractions(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "mishap-9", ("pho", 1))
    sale.good("POST", f"/sale-orders/{order_id}/checkout", {})
    sale.pay(order_id, 64_999.9)
    cashier = await open_board("Cashier")
    await cashier.entry("mishap-9").click()
    await cashier.button("Pay (demo)").click()

    await expect(cashier.page.get_by_label("Amount")).to_have_value("0.1")


async def test_quantities_have_no_crumbs_of_binary_fractions(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "mishap-11")
    for item, quantity in (("pho", 1.1), ("banh-mi", 2.3)):
        order = sale.good("POST", f"/sale-orders/{order_id}/items", {"itemId": f"variant-{item}", "quantity": quantity})
    banh_mi = {"saleOrderItemId": order["items"][1]["id"], "quantity": 2}
    sale.good("POST", f"/sale-orders/{order_id}/kitchen-tickets", {"items": [banh_mi]})
    waiter = await open_board("Waiter")
    await waiter.page.goto(f"{waiter.url}#/orders/{order_id}")
    await waiter.button("Send some…").click()
    fields = waiter.page.get_by_role("dialog").get_by_role("spinbutton")
    await expect(fields).to_have_count(2)
    assert [await field.input_value() for field in await fields.all()] == ["1.1", "0.3"]
    await waiter.answer("Not now")

    async with waiter.page.expect_request(lambda asked: asked.method == "PATCH") as asked:
        await waiter.button("One Phở bò tái less").click()
    assert json.loads((await asked.value).post_data or "") == {"quantity": 0.1}


async def test_nobody_asks_what_an_empty_order_costs(sale: Live, open_board: Open) -> None:
    empty, full = seated(sale, "table-1"), seated(sale, "table-2", ("pho", 1))
    waiter = await open_board(None)
    asked: list[str] = []
    waiter.page.on("request", lambda request: asked.append(request.url))
    await waiter.sign_in("Waiter")

    await expect(waiter.table("Bàn 2").locator(".amount")).to_contain_text("65,000")
    await expect(waiter.table("Bàn 1").locator(".badge")).to_have_text("Open")
    priced = [url.split("/")[-2] for url in asked if url.endswith("/pricing-preview")]
    assert (full in priced, empty in priced) == (True, False)
