"""The board in a real browser: screens that people have before them, and what they find on them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import attrs
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from live import Live

PATIENCE_MS = 15_000
WIDE = (1280, 800)
NARROW = (360, 740)

expect.set_options(timeout=PATIENCE_MS)


@attrs.frozen(kw_only=True)
class Screen:
    """A tablet with the board on it.

    Attributes:
        faults: What the browser complained of: errors of scripts, and what the page's own policy forbade.
    """

    context: BrowserContext
    page: Page
    url: str
    faults: list[str]

    async def sign_in(self, role: str) -> None:
        """Take the demo's way in, and wait until the board is live."""
        await self.page.goto(self.url)
        await self.page.locator(".role").filter(has=self.page.locator(f"strong:text-is('{role}')")).click()
        await self.is_live()

    async def is_live(self) -> None:
        await expect(self.page.locator(".live")).to_have_attribute("data-phase", "live")

    async def is_not_live(self) -> None:
        await expect(self.page.locator(".live")).to_have_attribute("data-phase", "down")

    async def go(self, view: str) -> None:
        await self.page.locator(f".tabs a[href='#/{view}']").click()
        await expect(self.page.locator(f"section.{view}")).to_be_visible()

    def ticket(self, table: str) -> Locator:
        """Find the ticket of a table."""
        return self.page.get_by_role("article", name=re.compile(rf"^{table} "))

    def step(self, table: str, dish: str) -> Locator:
        """Find what takes a dish one step further."""
        return self.ticket(table).locator(".step", has_text=dish)

    async def about(self, table: str, *answers: str) -> None:
        """Ask for what can be done with the ticket of a table as a whole, and answer."""
        await self.ticket(table).get_by_role("button", name=f"More for the ticket of {table}").click()
        await self.answer(*answers)

    def table(self, name: str) -> Locator:
        """Find a table on the floor."""
        return self.page.locator(".table").filter(has=self.page.locator(f".table-name:text-is('{name}')"))

    def entry(self, table: str) -> Locator:
        """Find the order of a table in the list."""
        return self.page.locator(".entry", has_text=re.compile(rf"{table}\s"))

    def line(self, dish: str) -> Locator:
        """Find a line of the order that is open."""
        return self.page.locator(".line", has_text=dish)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def answer(self, *names: str) -> None:
        """Press buttons of the question that is asked, one after the other."""
        for name in names:
            await self.page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()

    async def has_status(self, place: Locator, status: str) -> None:
        await expect(place.locator(".badge").first).to_have_text(status)


async def evaluated(screen: Screen, script: str) -> Any:  # noqa: ANN401 - any JSON
    """Run the body of a function among the board's modules, which `load('store')` brings; return what it returns."""
    around = (
        "(async () => {{ const load = (name) => import(new URL(`board/${{name}}.js`, location.href).href); {} }})()"
    )
    return await screen.page.evaluate(around.format(script))


class Open(Protocol):
    """Opens a screen, and signs a role in unless it is None.

    Screens are tabs of one browser, unless `how` asks for another one: as for `browser_of`. Who turns the clock takes
    another one, as all tabs have the same.
    """

    async def __call__(self, role: str | None, **how: Any) -> Screen: ...  # noqa: ANN401 - as new_context


@asynccontextmanager
async def browser_of(
    chromium: Browser,
    *,
    size: tuple[int, int] = WIDE,
    locale: str = "en-US",
    **how: Any,  # noqa: ANN401 - as new_context
) -> AsyncIterator[BrowserContext]:
    """Open a browser of its own, with a network of its own."""
    context = await chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale=locale, **how)
    try:
        yield context
    finally:
        await context.close()


@asynccontextmanager
async def screen(context: BrowserContext, url: str) -> AsyncIterator[Screen]:
    """Open a screen; at the end it must have had nothing to complain of, and what it remembered is forgotten."""
    page, faults = await context.new_page(), list[str]()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if "Content Security Policy" in told.text else None)
    try:
        yield Screen(context=context, page=page, url=url, faults=faults)
        await page.evaluate("localStorage.clear()")
    finally:
        await page.close()
    assert faults == []


def seated(sale: Live, table: str, *items: tuple[str, int], note: str | None = None) -> str:
    """Seat an order with items at a table (`table-3`); return its id."""
    lines = [{"itemId": f"variant-{item}", "quantity": quantity, "note": note} for item, quantity in items]
    order = sale.good("POST", "/sale-orders", {"saleChannelId": "channel-vnd", "items": lines})
    sale.good("POST", f"/sale-orders/{order['id']}/allocations", {"unitIds": [table]})
    return str(order["id"])


def sent(sale: Live, table: str, *items: tuple[str, int], note: str | None = None) -> str:
    """Seat an order with items at a table, and send it all to the kitchen; return its id."""
    order_id = seated(sale, table, *items, note=note)
    sale.good("POST", f"/sale-orders/{order_id}/kitchen-tickets", {})
    return order_id


def as_admin(sale: Live) -> dict[str, str]:
    """Return the headers of somebody who may do everything."""
    return {**sale.client.headers, "authorization": f"Bearer {sale.token(roles=['admin'])}"}
