"""How the board looks and reads: no barrier in any view, at both widths, in both themes and both languages."""

import re
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from board_world import NARROW, WIDE, Open, Screen, as_admin, seated, sent
from live import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOUCHED = "button, a[href], input:not([type=checkbox]), select, textarea"
TOO_SMALL = """touched => touched.filter(each => each.checkVisibility() && !each.matches('.skip')).map(each => {
    const box = each.getBoundingClientRect();
    return [each.outerHTML.slice(0, 90), box.width, box.height];
}).filter(([, width, height]) => width < 43.5 || height < 43.5)"""


async def has_no_barrier(screen: Screen, where: str) -> None:
    found = (await Axe().run(screen.page)).response["violations"]
    told = [
        (where, each["id"], [node["html"] for node in each["nodes"]][:3])
        for each in found
        if each["impact"] in ("serious", "critical", "moderate")
    ]
    assert told == []


async def fits(screen: Screen, where: str) -> None:
    wider = await screen.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (where, wider) == (where, 0)
    small = await screen.page.locator(TOUCHED).evaluate_all(TOO_SMALL)
    assert (where, small) == (where, [])


@pytest.fixture
def evening(sale: Live) -> str:
    """Fill the board with a little of everything; return the id of an open order."""
    sent(sale, "table-7", ("pho", 2), ("tra-da", 2), note="không hành, ít bánh, thêm rau thơm")
    paid = sent(sale, "table-8", ("banh-mi", 1))
    sale.good("POST", f"/sale-orders/{paid}/checkout", {})
    sale.pay(paid, 10_000)
    # Names as long as people give them, in both columns of a phone, with dishes to carry there.
    for table in ("kitchen-garden-12", "Sân-thượng-12"):
        for ticket in _tickets(sale, sent(sale, table, ("pho", 1), ("tra-da", 12))):
            for item in ticket["items"]:
                for step in ("cook", "finish"):
                    sale.call("POST", f"/kitchen-ticket-items/{item['id']}/{step}", {}, headers=as_admin(sale))
    return seated(sale, "table-9", ("pho", 1), ("combo-sang", 1))


def _tickets(sale: Live, order_id: str) -> list[Any]:
    tickets = sale.good("GET", "/kitchen-tickets?status=PENDING&limit=200")["items"]
    return [ticket for ticket in tickets if ticket["saleOrderId"] == order_id]


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide-light", "narrow-dark"])
async def test_every_view_has_no_barrier_fits_and_can_be_touched(
    open_board: Open, evening: str, size: tuple[int, int], scheme: str
) -> None:
    screen = await open_board(None, size=size, color_scheme=scheme)
    await expect(screen.page.get_by_role("button", name="Admin")).to_be_visible()
    await has_no_barrier(screen, "sign-in")
    await fits(screen, "sign-in")
    await screen.sign_in("Admin")
    for view in ("kitchen", "floor", "orders"):
        await screen.go(view)
        await has_no_barrier(screen, view)
        await fits(screen, view)
    await screen.page.goto(f"{screen.url}#/orders/{evening}")
    await expect(screen.page.locator(".sums")).to_contain_text("₫")
    await has_no_barrier(screen, "order")
    await fits(screen, "order")
    await screen.button("Cancel order").click()
    await expect(screen.page.get_by_role("dialog")).to_be_visible()
    await has_no_barrier(screen, "question")
    await fits(screen, "question")


@pytest.mark.usefixtures("evening")
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_board_that_is_not_live_has_no_barrier_either(open_board: Open, scheme: str) -> None:
    screen = await open_board("Admin", color_scheme=scheme)
    await screen.go("kitchen")
    await screen.context.set_offline(True)
    await screen.is_not_live()
    await expect(screen.ticket("Bàn 7")).to_contain_text("as of")
    await has_no_barrier(screen, "not live")


@pytest.mark.usefixtures("evening")
async def test_vietnamese_guests_pay_in_dong_as_they_write_it(open_board: Open) -> None:
    screen = await open_board(None, locale="vi-VN")
    await screen.page.get_by_role("button", name="Thu ngân").click()
    await screen.is_live()
    await expect(screen.page.locator("html")).to_have_attribute("lang", "vi")
    await expect(screen.page.locator(".tabs")).to_contain_text("Bếp")
    await screen.entry("Bàn 9").click()
    await expect(screen.page.locator(".sums")).to_contain_text("100.000\xa0₫")

    await screen.page.get_by_role("button", name="English").click()
    await expect(screen.page.locator("html")).to_have_attribute("lang", "en")
    await expect(screen.page.locator(".sums")).to_contain_text("₫100,000")
    await screen.page.reload()
    await expect(screen.page.locator(".tabs")).to_contain_text("Kitchen")


async def test_times_are_written_as_the_browser_writes_them_at_home(sale: Live, open_board: Open) -> None:
    seated(sale, "looks-1", ("pho", 1))
    screen = await open_board("Cashier", locale="en-GB")
    await expect(screen.entry("looks-1")).to_contain_text(re.compile(r"\d\d:\d\d · 1 item"))


async def test_a_long_note_is_one_line_in_the_list_and_whole_in_the_order(sale: Live, open_board: Open) -> None:
    note = "Khách dị ứng lạc nặng, làm ơn rửa chảo trước khi nấu; " * 8
    order = sale.good("POST", "/sale-orders", {"saleChannelId": "channel-vnd", "note": note.strip()})
    screen = await open_board("Cashier", size=NARROW)
    entry = screen.page.locator(f"[data-order='{order['id']}']")
    box = await entry.bounding_box()
    assert box is not None
    assert box["height"] < 80
    await expect(entry.locator(".entry-name")).to_have_attribute("title", note.strip())
    await fits(screen, "list")

    await screen.go("floor")
    await screen.table("Bàn 1").click()
    choice = screen.page.get_by_role("dialog").get_by_role("button", name=re.compile("Seat order .*dị ứng"))
    box = await choice.bounding_box()
    assert box is not None
    assert box["height"] < 80
    await fits(screen, "choice")
    await screen.answer("Not now")
    await screen.go("orders")
    await entry.click()
    await expect(screen.page.locator(".order-note")).to_have_text(note.strip())
    await fits(screen, "order")


async def test_on_the_narrowest_phone_the_top_bar_has_room_for_its_longest_word(sale: Live, open_board: Open) -> None:
    screen = await open_board(None, size=(320, 568), locale="vi-VN")
    await screen.page.get_by_label("Mã truy cập").fill(sale.token(roles=["gardener"]))
    await screen.page.locator(".with-token button").click()
    await expect(screen.page.locator(".live")).to_have_text("Không có gì để xem")

    last = await screen.page.get_by_role("button", name="Đăng xuất").bounding_box()
    assert last is not None
    assert last["x"] + last["width"] <= 320
    await fits(screen, "top")
