"""Who is let in, to what, and what those are told who are not."""

import pytest
from playwright.async_api import expect

from board_world import Open, evaluated, seated
from live import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_token_that_proves_nothing_is_refused_and_not_called_over(sale: Live, open_board: Open) -> None:
    screen = await open_board(None)
    await screen.page.get_by_label("Access token").fill("not-a-token")
    await screen.page.get_by_label("Merchant").fill("merchant-1")
    await screen.button("Sign in with a token").click()

    await expect(screen.page.get_by_role("alert")).to_have_text("This sign-in was refused. Take another token.")
    await screen.page.get_by_label("Access token").fill(sale.token())
    await screen.button("Sign in with a token").click()
    await screen.is_live()


async def test_a_role_that_may_see_nothing_is_told_so(sale: Live, open_board: Open) -> None:
    screen = await open_board(None)
    await screen.page.get_by_label("Access token").fill(sale.token(roles=["gardener"]))
    await screen.button("Sign in with a token").click()

    await expect(screen.page.locator("#content")).to_contain_text("Your role may see nothing here")
    await expect(screen.page.locator(".live")).to_have_text("Nothing to show")


async def test_an_address_that_was_cut_short_leads_to_a_view(open_board: Open) -> None:
    waiter = await open_board(None)
    await waiter.page.goto(f"{waiter.url}#/orders/%E0%A4%A")
    await waiter.page.get_by_role("button", name="Waiter").click()
    await waiter.is_live()

    await expect(waiter.page.locator("section.floor")).to_be_visible()


async def test_the_order_in_the_address_is_shown_after_the_sign_in(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "sign-in-1", ("pho", 1))
    sale.good("POST", f"/sale-orders/{order_id}/cancel", {"reason": "the guests have left"})
    cashier = await open_board(None)
    await cashier.page.goto(f"{cashier.url}#/orders/{order_id}")
    await cashier.page.get_by_role("button", name="Cashier").click()

    await expect(cashier.page.locator(".order")).to_contain_text("the guests have left")


async def test_what_is_read_for_a_former_sign_in_is_not_shown_to_the_next(open_board: Open) -> None:
    kept = await evaluated(
        await open_board(None),
        """
        const [{ Store }, { Reader }] = [await load('store'), await load('reader')];
        const store = new Store(() => {});
        const answers = [];
        const api = { get: (path) => new Promise((done) => answers.push([path, done])) };
        const reader = new Reader(api, store);
        const reads = [reader.once('order', 'a', {}), reader.all('order')];
        reader.stop();
        const order = { id: 'a', version: 1, status: 'DRAFT' };
        for (const [path, answer] of answers) answer({ body: path.includes('?') ? { items: [order] } : order, seq: 1 });
        await Promise.all(reads);
        return store.open('order').length;
        """,
    )
    assert kept == 0


async def test_nobody_is_signed_out_by_a_slip(open_board: Open) -> None:
    cook = await open_board("Cook")
    await cook.button("Sign out").click()
    await cook.answer("Not now")
    await cook.is_live()

    await cook.button("Sign out").click()
    await cook.answer("Sign out")
    await expect(cook.page.get_by_role("heading", name="Sale")).to_be_visible()
