"""Live or not: a board never passes what is old for what is."""

import asyncio
import json
import os
import re
import signal

import httpx
import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from board_world import WIDE, Open, Screen, as_admin, seated, sent
from live import Live
from sale_adapters.web.stream.conversation import StreamLimits

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def nothing_can_be_done(cook: Screen, table: str) -> None:
    await expect(cook.page.locator("div.down")).to_contain_text(re.compile(r"Not live since \d\d:\d\d:\d\d"))
    await expect(cook.step(table, "Phở")).to_be_disabled()
    await expect(cook.ticket(table)).to_contain_text("as of")


async def test_without_a_network_the_board_says_so_and_catches_up_by_itself(sale: Live, open_board: Open) -> None:
    sent(sale, "live-1", ("pho", 1))
    cook = await open_board("Cook", size=WIDE)
    await expect(cook.step("live-1", "Phở")).to_be_enabled()

    await cook.context.set_offline(True)
    await cook.is_not_live()
    await nothing_can_be_done(cook, "live-1")
    sent(sale, "live-2", ("banh-mi", 1))
    ticket_id = await cook.ticket("live-1").get_attribute("data-ticket")
    ticket = sale.good("GET", f"/kitchen-tickets/{ticket_id}")
    sale.call("POST", f"/kitchen-ticket-items/{ticket['items'][0]['id']}/cook", {}, headers=as_admin(sale))
    await expect(cook.ticket("live-2")).to_have_count(0)
    await cook.has_status(cook.step("live-1", "Phở"), "Waiting")

    await cook.context.set_offline(False)
    await cook.is_live()
    await cook.has_status(cook.step("live-1", "Phở"), "Cooking")
    await expect(cook.ticket("live-2")).to_be_visible()
    await expect(cook.step("live-1", "Phở")).to_be_enabled()
    await expect(cook.page.locator("div.down")).to_have_count(0)


async def test_a_service_that_is_killed_and_comes_back_is_joined_where_it_was_left(
    sale: Live, open_board: Open
) -> None:
    sent(sale, "live-3", ("pho", 1))
    cook = await open_board("Cook")
    await expect(cook.ticket("live-3")).to_be_visible()
    subscriptions: list[str] = []
    cook.page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda told: subscriptions.append(str(told))),
    )

    serve = sale.stage.children["serve"]
    os.kill(serve.pid, signal.SIGKILL)
    await cook.is_not_live()
    await nothing_can_be_done(cook, "live-3")
    await serve.wait()

    async def answers() -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"{sale.stage.http}/readyz")).is_success
            except httpx.TransportError:
                return False

    await serve.start(ready=answers)
    await cook.is_live()
    await cook.step("live-3", "Phở").click()
    await cook.has_status(cook.step("live-3", "Phở"), "Cooking")
    assert any(re.search(r'"since":[1-9]', told) for told in subscriptions)


async def test_a_change_that_is_heard_of_but_not_yet_read_is_marked_and_cannot_be_acted_on(
    sale: Live, open_board: Open
) -> None:
    sent(sale, "live-4", ("pho", 1))
    cook = await open_board("Cook")
    ticket_id = await cook.ticket("live-4").get_attribute("data-ticket")
    let_go = asyncio.Event()

    async def hold(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await cook.page.route(f"**/kitchen-tickets/{ticket_id}", hold)

    sale.call("POST", f"/kitchen-tickets/{ticket_id}/rush", {}, headers=as_admin(sale))

    await expect(cook.ticket("live-4")).to_contain_text("Updating…")
    await expect(cook.step("live-4", "Phở")).to_be_disabled()
    let_go.set()
    await expect(cook.ticket("live-4").locator(".rush-mark")).to_be_visible()
    await expect(cook.step("live-4", "Phở")).to_be_enabled()


async def test_an_answer_that_breaks_off_neither_hides_a_new_ticket_nor_takes_one_away(
    sale: Live, open_board: Open
) -> None:
    sent(sale, "live-14", ("pho", 1))
    cook = await open_board("Cook")
    await expect(cook.ticket("live-14")).to_be_visible()
    cut: list[str] = []

    async def break_off(route: Route) -> None:
        if route.request.url in cut:
            await route.continue_()
        else:
            cut.append(route.request.url)
            await route.fulfill(status=200, content_type="application/json", body='{"id": "01K')

    await cook.page.route(re.compile(r"/kitchen-tickets/\w+$"), break_off)

    sent(sale, "live-15", ("pho", 1))
    await expect(cook.ticket("live-15")).to_be_visible()
    [usage] = sale.good("GET", "/allocation-usages?unitId=live-14")["items"]
    sale.good("POST", f"/allocation-usages/{usage['id']}/move", {"unitId": "live-16"})
    await expect(cook.ticket("live-16")).to_be_visible()
    assert len(cut) == 2


async def test_a_frame_that_got_lost_is_missed_and_everything_is_read_again(sale: Live, open_board: Open) -> None:
    sent(sale, "live-6", ("pho", 1))
    lost: list[str | bytes] = []

    def between(screen: WebSocketRoute) -> None:
        server = screen.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if not lost and "TICKET_SENT" in str(message):
                lost.append(message)
            else:
                screen.send(message)

        server.on_message(pass_on)

    cook = await open_board(None)
    await cook.page.route_web_socket("**/stream", between)
    await cook.sign_in("Cook")
    ticket_id = await cook.ticket("live-6").get_attribute("data-ticket")

    sent(sale, "live-7", ("pho", 1))
    sale.call("POST", f"/kitchen-tickets/{ticket_id}/rush", {}, headers=as_admin(sale))

    await expect(cook.ticket("live-7")).to_be_visible()
    await expect(cook.page.locator("#heard")).to_have_text("New ticket: live-7, 1 item")
    await cook.is_live()
    assert len(lost) == 1


async def test_what_is_sent_from_here_does_not_ring_here(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "live-12", ("pho", 1))
    cashier = await open_board("Cashier")
    await cashier.page.goto(f"{cashier.url}#/orders/{order_id}")
    await cashier.page.evaluate(
        """() => {
            const heard = document.getElementById('heard');
            window.told = [];
            new MutationObserver(() => window.told.push(heard.textContent)).observe(heard, { childList: true });
        }"""
    )
    await cashier.button("Send 1 to kitchen").click()
    await expect(cashier.line("Phở")).to_contain_text("1 of 1 sent")
    sent(sale, "live-13", ("pho", 1))

    await expect(cashier.page.locator("#heard")).to_contain_text("live-13")
    assert await cashier.page.evaluate("window.told") == ["New ticket: live-13, 1 item"]


async def test_looks_that_fail_are_taken_again_until_the_board_is_live(sale: Live, open_board: Open) -> None:
    sent(sale, "live-8", ("pho", 1))
    cook = await open_board(None, size=WIDE)
    failures = [503, 429, 500]

    async def fail(route: Route) -> None:
        await (route.fulfill(status=failures.pop()) if failures else route.continue_())

    await cook.page.route("**/kitchen-tickets?status=PENDING&limit=200", fail)
    await cook.sign_in("Cook")
    await expect(cook.ticket("live-8")).to_be_visible()

    # The look that says how far the feed is, after a break.
    failures = [503]
    await cook.page.route(re.compile(r"[?&]limit=1$"), fail)
    await cook.context.set_offline(True)
    await cook.is_not_live()
    await cook.context.set_offline(False)
    await cook.is_live()
    assert failures == []


class Mute:
    """Goes between a screen and the stream, and passes nothing on once it is told to be still."""

    def __init__(self) -> None:
        self.still = False
        self.joined = 0

    def __call__(self, screen: WebSocketRoute) -> None:
        self.joined += 1
        if self.still:
            return
        server = screen.connect_to_server()
        screen.on_message(lambda message: None if self.still else server.send(message))
        server.on_message(lambda message: None if self.still else screen.send(message))


async def test_a_tablet_that_wakes_up_does_not_believe_its_old_socket(sale: Live, open_board: Open) -> None:
    sent(sale, "live-9", ("pho", 1))
    mute = Mute()
    cook = await open_board(None)
    await cook.page.route_web_socket("**/stream", mute)
    await cook.sign_in("Cook")
    mute.still = True
    sent(sale, "live-10", ("pho", 1))
    mute.still = False

    await cook.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    await expect(cook.ticket("live-10")).to_be_visible()
    await cook.is_live()
    assert mute.joined == 2


async def test_a_socket_that_died_without_a_word_is_given_up_and_the_board_says_since_when(
    sale: Live, open_board: Open
) -> None:
    sent(sale, "live-11", ("pho", 1))
    mute = Mute()
    cook = await open_board(None, size=WIDE)
    await cook.page.clock.install(time="2026-03-01T19:00:00")
    await cook.page.route_web_socket("**/stream", mute)
    await cook.sign_in("Cook")
    mute.still = True

    await cook.page.clock.fast_forward(round((StreamLimits().heartbeat_seconds + 1) * 1_000))
    await cook.is_live()

    await cook.page.clock.fast_forward("00:14")
    await expect(cook.page.locator("div.down")).to_contain_text(re.compile(r"Not live since 07:00:[0-3]\d\sPM"))
    mute.still = False
    await cook.page.clock.fast_forward("00:30")
    await cook.is_live()


@pytest.mark.parametrize("status", [503, 403])
async def test_a_subscription_that_is_declined_is_tried_again(open_board: Open, status: int) -> None:
    subscriptions: list[list[str]] = []
    seen = asyncio.Event()

    def decline_the_first(screen: WebSocketRoute) -> None:
        server = screen.connect_to_server()

        async def pass_on(message: str | bytes) -> None:
            told = json.loads(message)
            if told["event"] == "subscribe":
                subscriptions.append(told["data"]["topics"])
            # The next one may come sooner than anybody sees that the first was declined.
            if len(subscriptions) > 1:
                await seen.wait()
            if told["event"] == "subscribe" and len(subscriptions) == 1:
                screen.send(json.dumps({"event": "error", "data": {"status": status, "code": "declined"}}))
            else:
                server.send(message)

        screen.on_message(pass_on)

    async def forbid(route: Route) -> None:
        await (route.fulfill(status=403) if status == 403 and subscriptions else route.continue_())

    cook = await open_board(None, size=WIDE)
    await cook.page.clock.install()
    await cook.page.route_web_socket("**/stream", decline_the_first)
    await cook.page.route("**/allocation-usages?*", forbid)
    await cook.page.goto(cook.url)
    await cook.page.locator(".role").filter(has=cook.page.locator("strong:text-is('Cook')")).click()
    await cook.is_not_live()
    seen.set()

    await cook.page.clock.fast_forward("00:06")
    await cook.is_live()

    lost = set(subscriptions[0]) - set(subscriptions[1])
    assert lost == ({"observation/allocation/allocation-usage"} if status == 403 else set())


async def test_a_token_that_ends_asks_for_another_and_the_place_is_kept(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "live-5", ("pho", 1))
    over = False

    def until_it_is_over(screen: WebSocketRoute) -> None:
        if over:
            asyncio.get_running_loop().create_task(screen.close(code=4003, reason="The token has expired."))
        else:
            screen.connect_to_server()

    cashier = await open_board(None, size=WIDE)
    await cashier.page.clock.install()
    await cashier.page.route_web_socket("**/stream", until_it_is_over)
    await cashier.sign_in("Cashier")
    await cashier.entry("live-5").click()
    await expect(cashier.button("Cancel order")).to_be_enabled()

    over = True
    await cashier.page.clock.fast_forward("24:00:00")
    await expect(cashier.page.get_by_role("alert")).to_contain_text("Your sign-in has ended.")
    await expect(cashier.page.get_by_role("heading", name="live-5")).to_be_visible()
    await expect(cashier.button("Cancel order")).to_be_disabled()

    over = False
    await cashier.button("Sign in again: Cashier").click()
    await cashier.is_live()
    await expect(cashier.button("Cancel order")).to_be_enabled()
    assert cashier.page.url.endswith(f"#/orders/{order_id}")


async def test_the_sign_in_is_kept_for_the_tab_and_for_nobody_else(open_board: Open) -> None:
    cook = await open_board("Cook")
    await cook.page.reload()
    await cook.is_live()

    other = await open_board(None)
    assert other.context is cook.context
    await expect(other.page.get_by_role("heading", name="Sale")).to_be_visible()
    assert await other.page.evaluate("JSON.stringify(localStorage).includes('eyJ')") is False
