"""The kitchen's own trade: what is urgent, what was wrong, and two people at the same dish."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Route, expect

from board_world import WIDE, Open, Screen, as_admin, seated, sent
from live import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_rush_goes_to_the_top(sale: Live, open_board: Open) -> None:
    sent(sale, "kitchen-1", ("pho", 1))
    sent(sale, "kitchen-2", ("pho", 1))
    cook = await open_board("Cook")
    await expect(cook.ticket("kitchen-1")).to_be_visible()

    await cook.about("kitchen-2", "Rush")

    await expect(cook.ticket("kitchen-2").locator(".rush-mark")).to_be_visible()
    await expect(cook.page.locator(".ticket h2").first).to_contain_text("kitchen-2")


async def test_the_clock_of_a_ticket_turns_after_eight_minutes_and_says_late_after_fifteen(
    sale: Live, open_board: Open
) -> None:
    sent(sale, "kitchen-old", ("pho", 1))
    cook = await open_board(None, size=WIDE)
    await cook.page.clock.install()
    await cook.sign_in("Cook")
    age = cook.ticket("kitchen-old").locator(".age")
    await expect(age).to_have_text("0 min")
    # At once, as the clock's jumps make the board look for its stream.
    colours = await age.evaluate(
        """age => ['calm', 'warm', 'late'].map((heat) => {
          const { classList } = age.closest('article');
          classList.remove('calm', 'warm', 'late');
          classList.add(heat);
          return getComputedStyle(age).color;
        })"""
    )
    assert len({*colours}) == 3
    await age.evaluate("age => age.closest('article').classList.replace('late', 'calm')")
    begun = datetime.now(UTC)
    for minutes, told, heat in (
        (7, "7 min", "calm"),
        (8, "8 min", "warm"),
        (14, "14 min", "warm"),
        (15, "15 min, late", "late"),
    ):
        await cook.page.clock.set_system_time(begun + timedelta(minutes=minutes))
        await cook.page.clock.fast_forward("00:10")
        await expect(age).to_have_text(told)
        await expect(cook.ticket("kitchen-old")).to_have_class(re.compile(rf"\b{heat}\b"))


async def test_a_dish_is_sent_cooked_finished_and_served_by_touch(sale: Live, open_board: Open) -> None:
    seated(sale, "kitchen-touch", ("pho", 1))
    tablet = await open_board("Admin", has_touch=True)
    await tablet.page.locator(".tabs a[href='#/orders']").tap()
    await tablet.entry("kitchen-touch").tap()
    await tablet.button("Send 1 to kitchen").tap()
    await expect(tablet.line("Phở bò tái")).to_contain_text("1 of 1 sent")

    await tablet.page.locator(".tabs a[href='#/kitchen']").tap()
    for status in ("Cooking", "Ready"):
        await tablet.step("kitchen-touch", "Phở").tap()
        await tablet.has_status(tablet.step("kitchen-touch", "Phở"), status)
        await expect(tablet.step("kitchen-touch", "Phở")).to_be_enabled()
    await tablet.step("kitchen-touch", "Phở").tap()
    await expect(tablet.ticket("kitchen-touch")).to_have_count(0)


async def test_a_dish_that_is_ready_too_early_is_recalled_and_one_that_is_wrong_is_voided(
    sale: Live, open_board: Open
) -> None:
    sent(sale, "kitchen-3", ("pho", 1), ("banh-mi", 2))
    cook = await open_board("Cook")
    await cook.step("kitchen-3", "Phở").filter(has_text="Cook").click()
    await cook.step("kitchen-3", "Phở").filter(has_text="Finish").click()
    await cook.has_status(cook.step("kitchen-3", "Phở"), "Ready")

    await cook.ticket("kitchen-3").get_by_role("button", name="More for Phở bò tái").click()
    await cook.answer("Recall to cooking")
    await cook.has_status(cook.step("kitchen-3", "Phở"), "Cooking")

    await cook.ticket("kitchen-3").get_by_role("button", name="More for Bánh mì thịt").click()
    await cook.answer("Void", "Sold out", "Void")
    await cook.has_status(cook.step("kitchen-3", "Bánh mì"), "Voided")


async def test_a_void_needs_a_reason(sale: Live, open_board: Open) -> None:
    sent(sale, "kitchen-4", ("pho", 1))
    cook = await open_board("Cook")
    await cook.about("kitchen-4", "Void ticket")

    void = cook.page.get_by_role("dialog").get_by_role("button", name="Void", exact=True)
    await expect(void).to_be_disabled()
    await cook.page.get_by_label("Reason").fill("   ")
    await expect(void).to_be_disabled()
    await cook.page.get_by_label("Reason").fill("dropped on the floor")
    await void.click()

    await expect(cook.ticket("kitchen-4")).to_have_count(0)


async def test_a_cancelled_order_is_flagged_to_the_cook_who_decides(sale: Live, open_board: Open) -> None:
    order_id = sent(sale, "kitchen-5", ("pho", 1), ("banh-mi", 1))
    cook = await open_board("Cook")
    await cook.step("kitchen-5", "Phở").click()
    await cook.has_status(cook.step("kitchen-5", "Phở"), "Cooking")
    code = await cook.ticket("kitchen-5").locator("h2 small").text_content()

    sale.good("POST", f"/sale-orders/{order_id}/cancel", {"reason": "the guests have left"})

    flagged = cook.page.locator(".ticket").filter(has_text=code or "?")
    await expect(flagged.locator(".flag")).to_have_text(re.compile("Order cancelled. Finish or void"))
    await cook.has_status(flagged.locator(".step", has_text="Bánh mì"), "Voided")
    await cook.has_status(flagged.locator(".step", has_text="Phở"), "Cooking")


async def overtake(screen: Screen, path: str, *changes: Callable[[], object]) -> None:
    """Let somebody else make one change each before the screen's next calls of a path get through."""
    waiting = list(changes)

    async def overtaken(route: Route) -> None:
        if waiting:
            waiting.pop(0)()
        await route.continue_()

    await screen.page.route(f"**/{path}", overtaken)


def by_a_colleague(sale: Live, path: str) -> None:
    sale.call("POST", path, {}, headers=as_admin(sale)).raise_for_status()


async def test_a_cook_who_taps_a_dish_whose_order_is_just_cancelled_is_told_and_decides(
    sale: Live, open_board: Open
) -> None:
    order_id = sent(sale, "kitchen-6", ("pho", 1))
    cook = await open_board("Cook")
    await cook.step("kitchen-6", "Phở").click()
    await cook.has_status(cook.step("kitchen-6", "Phở"), "Cooking")
    await overtake(
        cook, "finish", lambda: sale.good("POST", f"/sale-orders/{order_id}/cancel", {"reason": "the guests have left"})
    )
    await cook.step("kitchen-6", "Phở").click()

    told = cook.page.get_by_role("alert")
    await expect(told).to_contain_text("Somebody changed it at the same moment.")
    await expect(cook.page.locator(".ticket .flag")).to_be_visible()
    notice, ticket = await told.bounding_box(), await cook.page.locator(".ticket").bounding_box()
    assert notice is not None
    assert ticket is not None
    assert notice["y"] + notice["height"] <= ticket["y"]
    await cook.has_status(cook.page.locator(".ticket .step"), "Cooking")


async def test_a_tap_counts_though_a_colleague_works_on_another_dish_of_the_ticket(
    sale: Live, open_board: Open
) -> None:
    sent(sale, "kitchen-12", ("pho", 1), ("banh-mi", 1))
    cook = await open_board("Cook")
    ticket_id = await cook.ticket("kitchen-12").get_attribute("data-ticket")
    banh_mi = await cook.step("kitchen-12", "Bánh mì").get_attribute("data-item")
    await overtake(
        cook,
        "cook",
        lambda: by_a_colleague(sale, f"/kitchen-ticket-items/{banh_mi}/cook"),
        lambda: by_a_colleague(sale, f"/kitchen-tickets/{ticket_id}/rush"),
    )
    await cook.step("kitchen-12", "Phở").click()

    await cook.has_status(cook.step("kitchen-12", "Phở"), "Cooking")
    await cook.has_status(cook.step("kitchen-12", "Bánh mì"), "Cooking")
    await expect(cook.page.get_by_role("alert")).to_have_count(0)


async def test_the_slower_of_two_cooks_at_one_dish_hears_nothing_for_it_is_as_he_wished(
    sale: Live, open_board: Open
) -> None:
    sent(sale, "kitchen-13", ("pho", 1))
    cook = await open_board("Cook")
    pho = await cook.step("kitchen-13", "Phở").get_attribute("data-item")
    await overtake(cook, "cook", lambda: by_a_colleague(sale, f"/kitchen-ticket-items/{pho}/cook"))
    async with cook.page.expect_response("**/cook") as answer:
        await cook.step("kitchen-13", "Phở").click()
    assert (await answer.value).status == 412

    await cook.has_status(cook.step("kitchen-13", "Phở"), "Cooking")
    await expect(cook.step("kitchen-13", "Phở")).to_be_enabled()
    await expect(cook.page.get_by_role("alert")).to_have_count(0)


async def test_the_slower_of_two_who_free_a_table_hears_nothing(sale: Live, open_board: Open) -> None:
    seated(sale, "kitchen-14", ("pho", 1))
    waiter = await open_board("Waiter")
    [usage] = sale.good("GET", "/allocation-usages?unitId=kitchen-14")["items"]
    await overtake(waiter, "complete", lambda: by_a_colleague(sale, f"/allocation-usages/{usage['id']}/complete"))
    await waiter.table("kitchen-14").click()
    async with waiter.page.expect_response("**/complete") as answer:
        await waiter.answer("Guests have left: free the table")
    assert (await answer.value).status in {409, 412}

    await expect(waiter.table("kitchen-14")).to_have_count(0)
    await waiter.go("orders")
    await expect(waiter.page.get_by_role("alert")).to_have_count(0)


async def test_a_ticket_follows_its_guests_to_another_table_and_keeps_it_when_they_have_paid(
    sale: Live, open_board: Open
) -> None:
    order_id = sent(sale, "kitchen-15", ("pho", 1))
    cook = await open_board("Cook")
    await expect(cook.ticket("kitchen-15")).to_be_visible()
    [usage] = sale.good("GET", "/allocation-usages?unitId=kitchen-15")["items"]

    sale.good("POST", f"/allocation-usages/{usage['id']}/move", {"unitId": "kitchen-16"})
    await expect(cook.ticket("kitchen-16")).to_be_visible()
    await expect(cook.ticket("kitchen-15")).to_have_count(0)

    sale.good("POST", f"/sale-orders/{order_id}/checkout", {})
    sale.pay(order_id, 65_000)
    await cook.go("floor")
    await expect(cook.table("kitchen-16")).to_have_count(0)
    await cook.go("kitchen")
    await expect(cook.ticket("kitchen-16")).to_be_visible()


async def test_an_answer_that_was_lost_does_not_cook_twice(sale: Live, open_board: Open) -> None:
    sent(sale, "kitchen-7", ("pho", 1))
    cook = await open_board("Cook")
    keys: list[str | None] = []

    async def lost_once(route: Route) -> None:
        keys.append(await route.request.header_value("idempotency-key"))
        answer = await route.fetch()
        await (route.abort() if len(keys) == 1 else route.fulfill(response=answer))

    await cook.page.route("**/cook", lost_once)
    await cook.step("kitchen-7", "Phở").click()

    await cook.has_status(cook.step("kitchen-7", "Phở"), "Cooking")
    await expect(cook.step("kitchen-7", "Phở")).to_be_enabled()
    assert len(keys) == 2
    assert keys[0] == keys[1] is not None
    await expect(cook.page.get_by_role("alert")).to_have_count(0)


async def test_a_waiter_may_serve_and_is_told_that_cooking_is_for_others(sale: Live, open_board: Open) -> None:
    sent(sale, "kitchen-8", ("pho", 1))
    waiter = await open_board("Waiter")
    await waiter.go("kitchen")

    await waiter.step("kitchen-8", "Phở").click()

    await expect(waiter.page.get_by_role("alert")).to_contain_text("Your role may not do this.")
    await waiter.has_status(waiter.step("kitchen-8", "Phở"), "Waiting")


async def test_what_a_role_may_not_see_is_said_and_not_shown(open_board: Open) -> None:
    cook = await open_board("Cook")
    await cook.page.locator(".tabs a[href='#/orders']").click()

    await expect(cook.page.locator("#content")).to_contain_text("This view is not for your role")


async def test_each_station_sees_its_own_tickets(sale: Live, open_board: Open) -> None:
    stations = [
        {"id": "station-bep", "name": "Bếp nóng", "itemIds": ["variant-pho"]},
        {"id": "station-bar", "name": "Quầy nước", "itemIds": ["variant-tra-da"]},
    ]
    sale.call("PUT", "/kitchen-stations", {"stations": stations}, headers=as_admin(sale)).raise_for_status()
    sent(sale, "kitchen-9", ("pho", 1), ("tra-da", 2))
    cook = await open_board("Cook")
    await expect(cook.ticket("kitchen-9")).to_have_count(2)

    await cook.page.get_by_role("button", name="Quầy nước").click()
    await expect(cook.ticket("kitchen-9")).to_have_count(1)
    await expect(cook.ticket("kitchen-9")).to_contain_text("Trà đá")
    await cook.page.reload()
    await expect(cook.page.get_by_role("button", name="Quầy nước")).to_have_attribute("aria-pressed", "true")
    await expect(cook.ticket("kitchen-9")).to_have_count(1)


async def test_a_void_that_was_asked_before_the_dish_was_ready_is_refused(sale: Live, open_board: Open) -> None:
    sent(sale, "kitchen-10", ("pho", 1))
    cook = await open_board("Cook")
    ticket_id = await cook.ticket("kitchen-10").get_attribute("data-ticket")
    await cook.ticket("kitchen-10").get_by_role("button", name="More for Phở bò tái").click()
    await cook.answer("Void", "Sold out")

    item = sale.good("GET", f"/kitchen-tickets/{ticket_id}")["items"][0]["id"]
    for step in ("cook", "finish"):
        sale.call("POST", f"/kitchen-ticket-items/{item}/{step}", {}, headers=as_admin(sale)).raise_for_status()
    await cook.has_status(cook.step("kitchen-10", "Phở"), "Ready")
    await cook.answer("Void")

    await expect(cook.page.get_by_role("alert")).to_contain_text("Somebody changed it at the same moment.")
    await cook.has_status(cook.step("kitchen-10", "Phở"), "Ready")


async def test_a_colleagues_note_is_not_overwritten_by_one_who_had_not_seen_it(sale: Live, open_board: Open) -> None:
    order_id = seated(sale, "kitchen-11", ("pho", 1))
    waiter = await open_board("Waiter")
    await waiter.go("orders")
    await waiter.entry("kitchen-11").click()
    await waiter.line("Phở").get_by_role("button", name="Note for Phở bò tái").click()

    line = sale.good("GET", f"/sale-orders/{order_id}")["items"][0]["id"]
    sale.good("PATCH", f"/sale-orders/{order_id}/items/{line}", {"note": "DỊ ỨNG LẠC"})
    await expect(waiter.line("Phở")).to_contain_text("DỊ ỨNG LẠC")
    await waiter.page.get_by_role("dialog").get_by_role("textbox").fill("không hành")
    await waiter.answer("Save")

    await expect(waiter.page.get_by_role("alert")).to_contain_text("Somebody changed it at the same moment.")
    await expect(waiter.line("Phở")).to_contain_text("DỊ ỨNG LẠC")
