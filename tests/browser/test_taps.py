"""What a tap or a key means when the board moves under it."""

import asyncio
import json
import re

import pytest
from playwright.async_api import Route, expect

from board_world import Open, Screen, as_admin, evaluated, seated, sent
from live import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Taps where a finger was already on its way, in the very moment in which the ticket under it goes.
TAP_AS_IT_GOES = """(step) => { window.tapped = new Promise((done) => {
    const box = step.getBoundingClientRect();
    const [clientX, clientY] = [box.left + box.width / 2, box.top + box.height / 2];
    const watch = new MutationObserver(() => {
        if (step.isConnected) return;
        watch.disconnect();
        const under = document.elementFromPoint(clientX, clientY);
        under.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, detail: 1, clientX, clientY }));
        done(under.closest('[data-ticket]')?.dataset.ticket);
    });
    watch.observe(document.getElementById('board'), { childList: true, subtree: true });
}); }"""


async def test_a_tap_is_not_for_the_dish_that_comes_to_stand_under_it(sale: Live, open_board: Open) -> None:
    for table in ("taps-1", "taps-2"):
        order_id = sent(sale, table, ("pho", 1))
        [ticket] = [
            each
            for each in sale.good("GET", "/kitchen-tickets?status=PENDING&limit=200")["items"]
            if each["saleOrderId"] == order_id
        ]
        sale.call("POST", f"/kitchen-tickets/{ticket['id']}/rush", {}, headers=as_admin(sale)).raise_for_status()
    cook = await open_board("Cook")
    cooked: list[str] = []
    cook.page.on("request", lambda asked: cooked.append(asked.url) if asked.url.endswith("/cook") else None)
    going, staying = [await cook.ticket(table).get_attribute("data-ticket") for table in ("taps-1", "taps-2")]

    await cook.step("taps-1", "Phở").evaluate(TAP_AS_IT_GOES)
    sale.call("POST", f"/kitchen-tickets/{going}/void", {"reason": "a mistake"}, headers=as_admin(sale))

    assert await cook.page.evaluate("window.tapped") == staying
    await cook.page.wait_for_timeout(400)
    assert cooked == []
    await cook.step("taps-2", "Phở").click()
    await cook.has_status(cook.step("taps-2", "Phở"), "Cooking")


async def test_a_key_is_not_for_the_dish_that_the_focus_went_to_by_itself(sale: Live, open_board: Open) -> None:
    for table in ("taps-3", "taps-4"):
        sent(sale, table, ("pho", 1))
    cook = await open_board("Cook")
    await expect(cook.ticket("taps-4")).to_be_visible()
    heard = await cook.page.evaluate(
        """async () => {
            const { Steadiness } = await import(new URL('board/steady.js', location.href).href);
            const steadiness = new Steadiness();
            const [one, other] = document.querySelectorAll('button.step');
            const press = (button) => ({ target: button, detail: 0 });
            const before = steadiness.swallows(press(one));
            steadiness.receive(one);
            const after = [one, other].map((button) => steadiness.swallows(press(button)));
            await new Promise((done) => setTimeout(done, 400));
            return [before, ...after, steadiness.swallows(press(one))];
        }"""
    )
    assert heard == [False, True, False, False]


async def test_keys_do_nothing_to_a_ticket_that_is_old_or_under_way(sale: Live, open_board: Open) -> None:
    sent(sale, "taps-5", ("pho", 1))
    cook = await open_board("Cook")
    ticket_id = await cook.ticket("taps-5").get_attribute("data-ticket")
    let_go = asyncio.Event()

    async def hold(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await cook.page.route("**/cook", hold)
    await cook.step("taps-5", "Phở").focus()
    await cook.page.keyboard.press("Enter")
    await expect(cook.step("taps-5", "Phở")).to_be_disabled()
    await cook.page.keyboard.press("v")
    await expect(cook.page.get_by_role("dialog")).to_have_count(0)
    let_go.set()
    await cook.has_status(cook.step("taps-5", "Phở"), "Cooking")
    await expect(cook.step("taps-5", "Phở")).to_be_enabled()

    let_go.clear()
    await cook.page.route(f"**/kitchen-tickets/{ticket_id}", hold)
    sale.call("POST", f"/kitchen-tickets/{ticket_id}/rush", {}, headers=as_admin(sale))
    await expect(cook.ticket("taps-5")).to_contain_text("Updating…")
    await cook.page.keyboard.press("v")
    await expect(cook.page.get_by_role("dialog")).to_have_count(0)
    let_go.set()
    await expect(cook.step("taps-5", "Phở")).to_be_enabled()
    await cook.page.keyboard.press("v")
    await expect(cook.page.get_by_role("dialog")).to_be_visible()


async def test_quick_taps_on_plus_count_from_each_other(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "taps-6", ("pho", 1))
    waiter = await open_board("Waiter")
    await waiter.page.goto(f"{waiter.url}#/orders/{order_id}")
    asked: list[int] = []
    all_tapped = asyncio.Event()

    async def slow(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "{}")["quantity"])
        await all_tapped.wait()
        await route.continue_()

    await waiter.page.route("**/items/*", slow)
    for _ in range(3):
        await waiter.button("One Phở bò tái more").click()
    all_tapped.set()

    await expect(waiter.line("Phở bò tái").locator(".line-quantity")).to_have_text("4")
    assert asked == [2, 3, 4]
    await expect(waiter.page.get_by_role("alert")).to_have_count(0)


async def test_a_tap_counts_also_when_the_screen_hears_of_the_last_one_before_its_answer(
    sale: Live, open_board: Open
) -> None:
    order_id = seated(sale, "taps-8", ("pho", 1))
    waiter = await open_board("Waiter")
    await waiter.page.goto(f"{waiter.url}#/orders/{order_id}")
    heard = asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await heard.wait()
        await route.fulfill(response=answer)

    async def unread(route: Route) -> None:
        await heard.wait()
        await route.continue_()

    await waiter.page.route("**/items", late)
    await waiter.page.route(f"**/sale-orders/{order_id}", unread)
    await waiter.button("Trà đá").click()
    await expect(waiter.page.locator(".order .old-mark")).to_be_visible()
    await waiter.button("Trà đá").dispatch_event("click")
    heard.set()

    await expect(waiter.line("Trà đá").locator(".line-quantity")).to_have_text("2")


async def test_the_items_on_the_buttons_stay_where_they_are_while_lines_come(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "taps-7", ("pho", 1))
    waiter = await open_board("Waiter")
    await waiter.page.goto(f"{waiter.url}#/orders/{order_id}")
    before = await waiter.button("Trà đá").bounding_box()

    await waiter.button("Trà đá").click()
    await expect(waiter.line("Trà đá")).to_be_visible()

    assert await waiter.button("Trà đá").bounding_box() == before


async def held(screen: Screen, path: str) -> asyncio.Event:
    """Hold the answers to a path back, so that the screen hears of what it did by a frame first; set lets them go."""
    let_go = asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await let_go.wait()
        await route.fulfill(response=answer)

    await screen.page.route(path, late)
    return let_go


async def test_a_cook_taps_the_next_dish_while_the_answer_about_the_first_is_slow(sale: Live, open_board: Open) -> None:
    sent(sale, "taps-9", ("pho", 1), ("banh-mi", 1))
    cook = await open_board("Cook")
    ticket_id = await cook.ticket("taps-9").get_attribute("data-ticket")
    answers, reads = await held(cook, "**/cook"), await held(cook, f"**/kitchen-tickets/{ticket_id}")
    await cook.step("taps-9", "Phở").click()
    await expect(cook.ticket("taps-9")).to_contain_text("Updating…")

    await cook.step("taps-9", "Bánh mì").dispatch_event("click", {"detail": 1})
    answers.set()
    reads.set()

    for dish in ("Phở", "Bánh mì"):
        await cook.has_status(cook.step("taps-9", dish), "Cooking")
    await expect(cook.page.get_by_role("alert")).to_have_count(0)


async def test_what_is_ordered_while_the_kitchen_is_being_sent_to_is_not_refused(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "taps-10", ("pho", 1))
    waiter = await open_board("Waiter")
    await waiter.page.goto(f"{waiter.url}#/orders/{order_id}")
    answers, reads = await held(waiter, "**/kitchen-tickets"), await held(waiter, f"**/sale-orders/{order_id}")
    await waiter.button("Send 1 to kitchen").click()
    await expect(waiter.page.locator(".order .old-mark")).to_be_visible()
    async with waiter.page.expect_response("**/items"):
        await waiter.button("Trà đá").dispatch_event("click")
        answers.set()
    reads.set()

    await expect(waiter.line("Trà đá")).to_be_visible()
    await expect(waiter.line("Phở")).to_contain_text("1 of 1 sent")
    await expect(waiter.page.get_by_role("alert")).to_have_count(0)


async def test_sending_waits_for_what_was_just_ordered_and_takes_it_along(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "taps-11", ("pho", 1))
    waiter = await open_board("Waiter")
    await waiter.page.goto(f"{waiter.url}#/orders/{order_id}")
    answers, reads = await held(waiter, "**/items"), await held(waiter, f"**/sale-orders/{order_id}")
    await waiter.button("Trà đá").click()
    await expect(waiter.page.locator(".order .old-mark")).to_be_visible()
    await waiter.button("Send 1 to kitchen").dispatch_event("click")
    answers.set()
    reads.set()

    await expect(waiter.line("Trà đá")).to_contain_text("1 of 1 sent")
    await expect(waiter.line("Phở")).to_contain_text("1 of 1 sent")


async def test_quick_taps_on_minus_end_with_the_line_and_touch_no_other(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "taps-12", ("pho", 1), ("banh-mi", 2))
    waiter = await open_board("Waiter")
    await waiter.page.goto(f"{waiter.url}#/orders/{order_id}")
    answers, reads = await held(waiter, "**/items/*"), await held(waiter, f"**/sale-orders/{order_id}")
    less = waiter.button("One Phở bò tái less")
    await less.click()
    await less.click()
    answers.set()
    reads.set()

    await expect(waiter.line("Phở")).to_have_count(0)
    # What is asked for next is done next: by then both taps are over. A tap so soon would not count, a key does.
    await waiter.button("One Bánh mì thịt more").press("Enter")
    await expect(waiter.line("Bánh mì").locator(".line-quantity")).to_have_text("3")
    await expect(waiter.page.get_by_role("alert")).to_have_count(0)


async def test_a_table_that_is_being_opened_is_not_opened_twice_and_tears_nobody_away(
    sale: Live, open_board: Open
) -> None:
    waiter = await open_board("Waiter")
    answers = await held(waiter, "**/sale-orders")
    await waiter.table("Bàn 7").click()
    await waiter.answer("New order here")
    await expect(waiter.table("Bàn 7")).to_be_disabled()
    await waiter.page.evaluate("window.went = []; addEventListener('hashchange', () => went.push(location.hash))")
    await waiter.go("kitchen")
    read_again = re.compile(r"/sale-orders/[^/]+$")
    async with waiter.page.expect_response("**/allocations"), waiter.page.expect_response(read_again):
        answers.set()
    await waiter.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")

    await waiter.go("floor")
    await expect(waiter.table("Bàn 7").locator(".badge")).to_have_text("Open")
    assert await waiter.page.evaluate("went") == ["#/kitchen", "#/floor"]
    assert len(sale.good("GET", "/sale-orders")["items"]) == 1


async def test_a_tap_is_not_for_the_line_that_comes_to_stand_under_it(open_board: Open) -> None:
    deaf = await evaluated(
        await open_board(None),
        """
        const { Steadiness } = await load('steady');
        const steadiness = new Steadiness();
        const list = Object.assign(document.createElement('ul'), { className: 'lines' });
        const [pho, banhMi] = ['pho', 'banh-mi'].map((dish) => {
            const less = Object.assign(document.createElement('button'), { textContent: '−' });
            less.dataset.item = `${dish} less`;
            return less;
        });
        const tap = () => steadiness.swallows({ target: banhMi, detail: 1 });
        list.append(pho, banhMi);
        document.body.append(list);
        steadiness.look();
        const before = tap();
        pho.remove();
        steadiness.look();
        return [before, tap()];
        """,
    )
    assert deaf == [False, True]
