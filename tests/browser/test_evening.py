"""An evening on three screens side by side: a waiter, a cook and a cashier."""

import asyncio

import pytest
from playwright.async_api import expect

from board_world import Open, as_admin, seated, sent
from live import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_guests_sit_down_eat_pay_and_leave_and_every_screen_tells_it(open_board: Open) -> None:
    waiter, cook, cashier = await asyncio.gather(*map(open_board, ("Waiter", "Cook", "Cashier")))

    await waiter.table("Bàn 1").click()
    await waiter.answer("New order here")
    await expect(waiter.page.get_by_role("heading", name="Bàn 1")).to_be_visible()
    await waiter.button("Phở bò tái").click()
    await waiter.button("Phở bò tái").click()
    await waiter.page.get_by_label("Note for the next item").fill("ít đá")
    await waiter.button("Trà đá").click()
    await expect(waiter.line("Trà đá")).to_contain_text("ít đá")
    await expect(waiter.page.locator(".sums")).to_contain_text("₫135,000")
    await waiter.button("Send 3 to kitchen").click()

    await expect(cook.page.locator("#heard")).to_have_text("New ticket: Bàn 1, 2 items")
    await expect(cook.ticket("Bàn 1").locator(".item")).to_have_count(2)
    await expect(cook.step("Bàn 1", "Trà đá")).to_contain_text("ít đá")
    for status in ("Cooking", "Ready"):
        await cook.step("Bàn 1", "Phở").click()
        await cook.has_status(cook.step("Bàn 1", "Phở"), status)

    await waiter.go("floor")
    await expect(waiter.table("Bàn 1")).to_contain_text("1 to serve")
    await waiter.go("kitchen")
    await waiter.step("Bàn 1", "Phở").click()
    await cook.has_status(cook.step("Bàn 1", "Phở"), "Served")
    await cook.step("Bàn 1", "Trà đá").click()
    await cook.step("Bàn 1", "Trà đá").filter(has_text="Finish").click()
    await cook.step("Bàn 1", "Trà đá").filter(has_text="Serve").click()
    await expect(cook.ticket("Bàn 1")).to_have_count(0)
    await expect(waiter.ticket("Bàn 1")).to_have_count(0)

    await cashier.entry("Bàn 1").click()
    await cashier.button("Check out").click()
    await cashier.answer("Confirm ₫135,000")
    await cashier.button("Pay (demo)").click()
    await cashier.page.get_by_label("Amount").fill("100000")
    await cashier.answer("Pay ₫100,000")
    await cashier.has_status(cashier.page.locator(".order"), "Part paid")
    await waiter.go("floor")
    await expect(waiter.table("Bàn 1")).to_contain_text("₫35,000")
    await cashier.button("Pay (demo)").click()
    await cashier.answer("Pay ₫35,000")
    await cashier.has_status(cashier.page.locator(".order"), "Paid")
    await expect(waiter.table("Bàn 1")).to_contain_text("Free")
    await cashier.button("History").click()
    await expect(cashier.page.locator(".history")).to_contain_text("payment heard of")


async def test_a_part_of_an_order_is_sent_now_and_the_rest_later(sale: Live, open_board: Open) -> None:
    seated(sale, "table-2", ("banh-mi", 3))
    cashier = await open_board("Cashier")
    await cashier.entry("Bàn 2").click()

    await cashier.button("Send some…").click()
    await cashier.page.get_by_role("spinbutton", name="Bánh mì thịt").fill("1")
    await cashier.answer("Send")
    await expect(cashier.line("Bánh mì thịt")).to_contain_text("1 of 3 sent")
    await cashier.button("Send 2 to kitchen").click()
    await expect(cashier.line("Bánh mì thịt")).to_contain_text("3 of 3 sent")

    await cashier.go("kitchen")
    await expect(cashier.ticket("Bàn 2").locator(".quantity")).to_have_text(["1×", "2×"])


async def test_what_the_kitchen_has_cannot_be_taken_off_the_order_and_the_board_says_why(
    sale: Live, open_board: Open
) -> None:
    order_id = seated(sale, "table-2b", ("pho", 1))
    sale.good("POST", f"/sale-orders/{order_id}/kitchen-tickets", {})
    cashier = await open_board("Cashier")
    await cashier.entry("table-2b").click()

    await cashier.button("One Phở bò tái less").click()

    await expect(cashier.page.get_by_role("alert")).to_contain_text("The kitchen has it already. Void it there")
    await expect(cashier.line("Phở bò tái").locator(".line-quantity")).to_have_text("1")


async def test_guests_change_tables_and_a_taken_one_is_refused(sale: Live, open_board: Open) -> None:
    seated(sale, "table-3", ("pho", 2))
    waiter = await open_board("Waiter")

    await waiter.table("Bàn 3").click()
    await waiter.answer("Move to another table", "Bàn 4")
    await expect(waiter.table("Bàn 4")).to_contain_text("₫130,000")
    await expect(waiter.table("Bàn 3")).to_contain_text("Free")

    await waiter.table("Bàn 3").click()
    seated(sale, "table-3", ("tra-da", 1))
    await waiter.answer("New order here")
    await expect(waiter.page.get_by_role("alert")).to_contain_text("Somebody sits there already")


async def test_an_order_is_cancelled_with_a_reason_and_its_table_is_free(sale: Live, open_board: Open) -> None:
    seated(sale, "table-5", ("pho", 1))
    cashier = await open_board("Cashier")
    await cashier.entry("Bàn 5").click()

    await cashier.button("Cancel order").click()
    await cashier.answer("Guests have left", "Cancel order")

    await cashier.has_status(cashier.page.locator(".order"), "Cancelled")
    await expect(cashier.page.locator(".order")).to_contain_text("Guests have left")
    await cashier.go("floor")
    await expect(cashier.table("Bàn 5")).to_contain_text("Free")


async def test_dishes_that_are_paid_first_are_not_forgotten(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "table-6", ("pho", 2))
    cashier = await open_board("Cashier")
    listed, dialog = cashier.page.locator(f"[data-order='{order_id}']"), cashier.page.get_by_role("dialog")

    await listed.click()
    await cashier.button("Check out").click()
    await expect(dialog).to_contain_text("2 not sent to the kitchen yet.")
    await cashier.answer("Confirm ₫130,000")
    await cashier.button("Pay (demo)").click()
    await expect(dialog).to_contain_text("2 not sent to the kitchen yet.")
    await cashier.answer("Pay ₫130,000")
    await cashier.has_status(listed, "Paid, 2 not sent")

    await cashier.go("floor")
    await cashier.page.reload()
    await cashier.is_live()
    await cashier.go("orders")
    await cashier.has_status(listed, "Paid, 2 not sent")
    await listed.click()
    await cashier.button("Send 2 to kitchen").click()
    await expect(listed).to_have_count(0)
    await cashier.go("kitchen")
    await expect(cashier.ticket("Bàn 6").locator(".quantity")).to_have_text("2×")


async def test_a_dish_that_waits_for_guests_who_have_paid_is_still_carried_to_their_table(
    sale: Live, open_board: Open
) -> None:
    order_id = sent(sale, "table-7", ("pho", 1))
    [ticket] = sale.good("GET", "/kitchen-tickets")["items"]
    step = f"/kitchen-ticket-items/{ticket['items'][0]['id']}"
    for action in ("cook", "finish"):
        sale.call("POST", f"{step}/{action}", {}, headers=as_admin(sale)).raise_for_status()
    waiter = await open_board("Waiter")
    await expect(waiter.table("Bàn 7")).to_contain_text("1 to serve")

    sale.good("POST", f"/sale-orders/{order_id}/checkout", {})
    sale.pay(order_id, 65_000)
    await expect(waiter.table("Bàn 7")).to_contain_text("Free")
    await expect(waiter.table("Bàn 7")).to_contain_text("1 to serve")
    await waiter.table("Bàn 7").click()
    await expect(waiter.page.get_by_role("dialog")).to_contain_text("1 to serve")
    await waiter.answer("Not now")

    sale.call("POST", f"{step}/serve", {}, headers=as_admin(sale)).raise_for_status()
    await expect(waiter.table("Bàn 7")).not_to_contain_text("1 to serve")
