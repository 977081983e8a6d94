"""One running Sale and one Chromium for all tests of the board; each test finds the shop empty."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright

import browser_of_this_machine
import live
from board_world import Open, Screen, browser_of, screen


@pytest.fixture(scope="session")
def sale() -> Iterator[live.Live]:
    """Yield a running Sale."""
    with live.running(kafka=False) as everything:
        yield everything


@pytest.fixture(scope="session")
def books(sale: live.Live) -> Iterator[psycopg.Connection]:
    """Yield a connection to what the shop has written down."""
    with psycopg.connect(sale.stage.parts.postgres.url, autocommit=True) as connection:
        yield connection


@pytest.fixture(autouse=True)
def _quiet_shop(books: psycopg.Connection) -> None:
    """Let each test find the shop empty: what others left open would be read, priced and drawn on every screen."""
    books.execute("TRUNCATE sale_orders, kitchen_stations CASCADE")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Yield a Chromium."""
    async with async_playwright() as playwright:
        path = browser_of_this_machine.chromium(playwright.chromium.executable_path)
        # Containers give their root no name spaces of its own; the pages are ours.
        async with await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as chromium:
            yield chromium


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def tablet(browser: Browser) -> AsyncIterator[BrowserContext]:
    """Yield the browser that most screens are tabs of: it has the board's files at hand."""
    async with browser_of(browser) as context:
        yield context


@pytest_asyncio.fixture(loop_scope="session")
async def open_board(sale: live.Live, browser: Browser, tablet: BrowserContext) -> AsyncIterator[Open]:
    """Yield what opens screens; they are closed when the test ends."""
    async with AsyncExitStack() as stack:

        async def opened(role: str | None, **how: Any) -> Screen:  # noqa: ANN401 - as new_context
            context = await stack.enter_async_context(browser_of(browser, **how)) if how else tablet
            found = await stack.enter_async_context(screen(context, f"{sale.stage.http}/board"))
            if role is None:
                await found.page.goto(found.url)
            else:
                await found.sign_in(role)
            return found

        yield opened
