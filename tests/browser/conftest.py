"""One running Sale and one Chromium for all tests of the board; each test sits at tables of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

import browser_of_this_machine
import live
from board_world import Open, Screen, screen


@pytest.fixture(scope="session")
def sale() -> Iterator[live.Live]:
    """Yield a running Sale."""
    with live.running(kafka=False) as everything:
        yield everything


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Yield a Chromium."""
    async with async_playwright() as playwright:
        path = browser_of_this_machine.chromium(playwright.chromium.executable_path)
        # Containers give their root no name spaces of its own; the pages are ours.
        async with await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as chromium:
            yield chromium


@pytest_asyncio.fixture(loop_scope="session")
async def open_board(sale: live.Live, browser: Browser) -> AsyncIterator[Open]:
    """Yield what opens screens; they are closed when the test ends."""
    async with AsyncExitStack() as stack:

        async def opened(role: str | None, **how: Any) -> Screen:  # noqa: ANN401 - as new_context
            found = await stack.enter_async_context(screen(browser, f"{sale.stage.http}/board", **how))
            if role is None:
                await found.page.goto(found.url)
            else:
                await found.sign_in(role)
            return found

        yield opened
