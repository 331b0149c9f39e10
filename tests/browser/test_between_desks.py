"""Handing a contact to another desk in the agents' page: it leaves one page, and comes to the other."""

from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from tests.browser.test_console import OFFERING, console, mail, token
from tests.e2e.desks import SALES
from tests.e2e.running import frontline


async def test_a_contact_is_handed_to_another_desk_and_answered_there(tmp_path: Path, browser: Browser) -> None:
    config = tmp_path / "desks.toml"
    config.write_text(OFFERING.replace("[[policy]]", SALES + "\n[[policy]]"))
    async with (
        frontline(tmp_path / "data", FRONTLINE_CONFIG=str(config)) as running,
        console(browser, running) as ann,
        console(browser, running) as bob,
    ):
        await ann.sign_in(token(running))
        await bob.sign_in(token(running, 3))
        running.send(mail())
        await ann.take_offer()
        await ann.sees("It burns.")
        results = await Axe().run(ann.page)
        assert results.violations_count == 0, results.generate_report()
        await ann.page.get_by_label("Another desk").select_option("sales")
        await ann.page.get_by_role("button", name="Hand over").click()
        await expect(ann.page.get_by_text("Choose a contact on the left.")).to_be_visible()
        await bob.take_offer()
        await bob.sees("It burns.")
        await bob.write("Sales here.")
        await bob.sees("It burns.", "Sales here.")
        await expect(ann.page.locator("nav .row")).to_have_count(0)
        assert (ann.complaints, bob.complaints) == ([], [])
