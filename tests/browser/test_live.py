"""Live or not: a board never passes what is old for what is."""

import asyncio
import os
import re
import signal

import httpx
import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from board_world import Open, Screen, as_admin, seated, sent
from live import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def nothing_can_be_done(cook: Screen, table: str) -> None:
    await expect(cook.page.locator("div.down")).to_contain_text(re.compile(r"Not live since \d\d:\d\d:\d\d"))
    await expect(cook.step(table, "Phở")).to_be_disabled()
    await expect(cook.ticket(table)).to_contain_text("as of")


async def test_without_a_network_the_board_says_so_and_catches_up_by_itself(sale: Live, open_board: Open) -> None:
    sent(sale, "live-1", ("pho", 1))
    cook = await open_board("Cook")
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
    await cook.is_live()
    assert len(lost) == 1


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


async def test_a_token_that_ends_asks_for_another_and_the_place_is_kept(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "live-5", ("pho", 1))
    cashier = await open_board(None)
    await cashier.page.get_by_label("Access token").fill(sale.token(expiresIn=5))
    await cashier.button("Sign in with a token").click()
    await cashier.is_live()
    await cashier.entry("live-5").click()
    await expect(cashier.button("Cancel order")).to_be_enabled()

    await expect(cashier.page.get_by_role("alert")).to_contain_text("Your sign-in has ended.")
    await expect(cashier.page.get_by_role("heading", name="live-5")).to_be_visible()
    await expect(cashier.button("Cancel order")).to_be_disabled()

    await cashier.page.get_by_label("Access token").fill(sale.token())
    await cashier.button("Sign in with a token").click()
    await cashier.is_live()
    await expect(cashier.button("Cancel order")).to_be_enabled()
    assert cashier.page.url.endswith(f"#/orders/{order_id}")


async def test_the_sign_in_is_kept_for_the_tab_and_for_nobody_else(open_board: Open) -> None:
    cook = await open_board("Cook")
    await cook.page.reload()
    await cook.is_live()

    other = await cook.context.new_page()
    await other.goto(cook.url)
    await expect(other.get_by_role("heading", name="Sale")).to_be_visible()
    assert await other.evaluate("JSON.stringify(localStorage).includes('eyJ')") is False
