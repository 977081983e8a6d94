"""The chime: a new ticket is heard, by whoever wants to hear, also after the tablet has slept."""

import pytest
from playwright.async_api import expect

from board_world import Open, sent
from live import Live

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Writes on the page itself what is played, and whether anything can be: its policy lets nothing be evaluated later.
LISTEN = """() => {
    const told = document.documentElement.dataset;
    told.tones = 0;
    const start = AudioScheduledSourceNode.prototype.start;
    AudioScheduledSourceNode.prototype.start = function (...at) {
        told.tones = Number(told.tones) + 1;
        if (!window.sound) this.context.addEventListener('statechange', () => { told.sound = this.context.state; });
        window.sound = this.context;
        return start.apply(this, at);
    };
}"""


async def test_a_new_ticket_is_heard_also_after_a_sleep_and_not_when_muted(sale: Live, open_board: Open) -> None:
    cook = await open_board("Cook")
    await cook.page.evaluate(LISTEN)
    page = cook.page.locator("html")

    sent(sale, "sound-1", ("pho", 1))
    await expect(page).to_have_attribute("data-tones", "2")

    await cook.page.evaluate("window.sound.suspend()")
    sent(sale, "sound-2", ("pho", 1))
    await expect(cook.ticket("sound-2")).to_be_visible()
    await expect(page).to_have_attribute("data-tones", "2")
    await cook.ticket("sound-2").locator("h2").click()
    await expect(page).to_have_attribute("data-sound", "running")
    sent(sale, "sound-3", ("pho", 1))
    await expect(page).to_have_attribute("data-tones", "4")

    await cook.button("Sound on").click()
    sent(sale, "sound-4", ("pho", 1))
    await expect(cook.ticket("sound-4")).to_be_visible()
    await expect(page).to_have_attribute("data-tones", "4")
