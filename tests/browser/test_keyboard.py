"""The board without a pointer: Tab, arrows, Enter, and letters."""

import pytest
from playwright.async_api import Locator, expect

from board_world import Open, Screen, as_admin, sent
from live import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def press(screen: Screen, *keys: str) -> None:
    for key in keys:
        await screen.page.keyboard.press(key)


async def walk(screen: Screen, key: str, to: Locator) -> None:
    """Press a key until the focus has come to a place: as far as anybody would walk."""
    await expect(to).to_be_enabled()
    for _ in range(40):
        if await to.evaluate("each => each === document.activeElement"):
            return
        await press(screen, key)
    await expect(to).to_be_focused()


async def test_a_cook_works_by_keys_alone(sale: Live, open_board: Open) -> None:
    sent(sale, "keys-1", ("pho", 1), ("banh-mi", 1))
    cook = await open_board(None)
    await expect(cook.page.get_by_role("button", name="Cook")).to_be_visible()
    await press(cook, "Tab", "Tab", "Tab")
    await expect(cook.page.get_by_role("button", name="Cook")).to_be_focused()
    await press(cook, "Enter")
    await cook.is_live()
    await walk(cook, "Tab", cook.step("keys-1", "Phở"))

    await press(cook, "Enter")
    await cook.has_status(cook.step("keys-1", "Phở"), "Cooking")
    await expect(cook.step("keys-1", "Phở")).to_be_focused()
    await press(cook, "ArrowDown")
    await expect(cook.step("keys-1", "Bánh mì")).to_be_focused()
    await press(cook, "v")
    await expect(cook.page.get_by_role("button", name="Guest changed the order")).to_be_focused()
    await press(cook, "ArrowDown", "Enter")
    await expect(cook.page.get_by_label("Reason")).to_have_value("Sold out")
    await walk(cook, "Tab", cook.page.get_by_label("Reason"))
    await press(cook, "Enter")
    await cook.has_status(cook.ticket("keys-1").locator(".item", has_text="Bánh mì"), "Voided")


async def test_the_focus_goes_to_a_neighbour_when_a_ticket_goes(sale: Live, open_board: Open) -> None:
    sent(sale, "keys-2", ("pho", 1))
    sent(sale, "keys-3", ("pho", 1))
    cook = await open_board("Cook")
    ticket_id = await cook.ticket("keys-2").get_attribute("data-ticket")
    await walk(cook, "Tab", cook.step("keys-2", "Phở"))

    sale.call("POST", f"/kitchen-tickets/{ticket_id}/void", {"reason": "a mistake"}, headers=as_admin(sale))

    await expect(cook.ticket("keys-2")).to_have_count(0)
    await expect(cook.page.locator(".step:focus")).to_have_count(1)


async def test_an_order_is_opened_and_sent_by_keys_alone(open_board: Open) -> None:
    waiter = await open_board("Waiter")
    await press(waiter, "3")
    await expect(waiter.page.locator("section.orders")).to_be_visible()
    await press(waiter, "n")
    await expect(waiter.page.get_by_label("Note")).to_be_focused()
    await waiter.page.keyboard.type("takeaway, keys")
    await press(waiter, "Enter")
    await walk(waiter, "Tab", waiter.page.locator(".quick button").first)
    await walk(waiter, "ArrowRight", waiter.button("Phở bò tái"))
    await press(waiter, "Enter")
    await expect(waiter.line("Phở bò tái")).to_be_visible()
    await expect(waiter.button("Send 1 to kitchen")).to_be_enabled()
    await press(waiter, "s")
    await expect(waiter.line("Phở bò tái")).to_contain_text("1 of 1 sent")
    await press(waiter, "Escape")
    await expect(waiter.page.locator(".detail")).to_contain_text("Choose an order")


async def test_guests_sit_down_move_and_pay_by_keys_alone(open_board: Open) -> None:
    admin = await open_board("Admin")
    await press(admin, "2")
    await walk(admin, "Tab", admin.table("Bàn 1"))
    await press(admin, "Enter")
    await expect(admin.button("New order here")).to_be_focused()
    await press(admin, "Enter")
    await expect(admin.page.get_by_role("heading", name="Bàn 1")).to_be_visible()
    await walk(admin, "Tab", admin.page.locator(".quick button").first)
    await walk(admin, "ArrowRight", admin.button("Phở bò tái"))
    await press(admin, "Enter")
    await expect(admin.line("Phở bò tái")).to_be_visible()

    await press(admin, "2")
    await walk(admin, "Tab", admin.table("Bàn 1"))
    await press(admin, "Enter")
    await walk(admin, "ArrowDown", admin.button("Move to another table"))
    await press(admin, "Enter")
    await expect(admin.button("Bàn 2")).to_be_focused()
    await walk(admin, "ArrowRight", admin.button("Bàn 3"))
    await press(admin, "Enter")
    await expect(admin.table("Bàn 3")).to_contain_text("₫65,000")

    await walk(admin, "ArrowRight", admin.table("Bàn 3"))
    await press(admin, "Enter")
    await expect(admin.button("Open the order")).to_be_focused()
    await press(admin, "Enter")
    await walk(admin, "Tab", admin.button("Check out"))
    await press(admin, "Enter")
    await expect(admin.button("Confirm ₫65,000")).to_be_focused()
    await press(admin, "Enter")
    await admin.has_status(admin.page.locator(".order"), "To pay")
    await walk(admin, "Tab", admin.button("Pay (demo)"))
    await press(admin, "Enter")
    await expect(admin.button("Pay ₫65,000")).to_be_focused()
    await press(admin, "Enter")
    await admin.has_status(admin.page.locator(".order"), "Paid, 1 not sent")


async def test_help_tells_the_keys_and_switches_single_letters_off(open_board: Open) -> None:
    cook = await open_board("Cook")
    await press(cook, "?")
    await expect(cook.page.get_by_role("dialog")).to_contain_text("recall the item that has the focus")
    await cook.page.get_by_label("Single-key shortcuts").press("Space")
    await press(cook, "Escape")
    await expect(cook.page.get_by_role("dialog")).to_have_count(0)

    await press(cook, "2")
    await expect(cook.page.locator("section.kitchen")).to_be_visible()


async def test_the_first_tab_skips_to_the_content(open_board: Open) -> None:
    cook = await open_board("Cook")
    await press(cook, "Tab")
    await expect(cook.page.get_by_role("link", name="Skip to content")).to_be_focused()
    await press(cook, "Enter")
    await expect(cook.page.locator("#content")).to_be_focused()


async def test_a_key_that_is_held_down_takes_one_step_and_no_more(sale: Live, open_board: Open) -> None:
    sent(sale, "keys-held", ("pho", 1), ("banh-mi", 1))
    cook = await open_board("Cook")
    pho = cook.step("keys-held", "Phở")
    await walk(cook, "Tab", pho)
    await cook.page.keyboard.down("Enter")
    await cook.has_status(pho, "Cooking")
    await expect(pho).to_be_enabled()

    for _ in range(5):
        await cook.page.keyboard.down("Enter")
    await cook.page.keyboard.up("Enter")

    await cook.step("keys-held", "Bánh mì").click()
    await cook.has_status(cook.step("keys-held", "Bánh mì"), "Cooking")
    await cook.has_status(pho, "Cooking")
