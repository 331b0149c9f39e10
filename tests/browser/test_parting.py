"""The agents' page over a whole Frontline: a contact about two things is split, and a message is moved to where it belongs."""

import re
from email.message import EmailMessage
from pathlib import Path

from playwright.async_api import Browser, Locator, expect

from tests.browser.test_console import assert_accessible, console, desk, mail, token


def answering(former: EmailMessage, text: str) -> EmailMessage:
    """The same customer answers an old mail with something else."""
    message = mail("Re: Printer on fire, and an invoice")
    message.replace_header("Subject", former["Subject"])
    message["In-Reply-To"] = former["Message-ID"]
    message.set_content(text)
    return message


async def test_an_agent_splits_a_contact_and_moves_a_message_after_a_look_at_what_that_does(
    tmp_path: Path, browser: Browser
) -> None:
    async with desk(tmp_path) as running, console(browser, running) as agent:
        page, dialog = agent.page, agent.page.get_by_role("dialog")

        def line(text: str) -> Locator:
            return page.locator(".line").filter(has_text=text)

        await agent.sign_in(token(running))
        first = mail()
        running.send(first)
        await agent.take_offer()
        await agent.sees("It burns.")
        running.send(answering(first, "Where is my invoice?"))
        await agent.sees("It burns.", "Where is my invoice?")
        await line("It burns.").hover()
        split = page.get_by_role("button", name="Split from here")
        await expect(split).to_have_count(1)  # not where nothing would stay behind
        await line("Where is my invoice?").hover()
        await line("Where is my invoice?").get_by_role("button", name="Split from here").click()
        await expect(dialog.locator("blockquote")).to_contain_text("Where is my invoice?")
        await assert_accessible(page)
        await dialog.get_by_role("button", name="Cancel").click()
        await agent.sees("It burns.", "Where is my invoice?")
        await line("Where is my invoice?").get_by_role("button", name="Split from here").click()
        await dialog.get_by_role("button", name="Split").click()
        await agent.sees("Where is my invoice?", re.compile("Split off from contact"))
        await expect(page.locator("#linked")).to_contain_text("This was split off from another contact.")
        await page.get_by_role("button", name="Open that contact").click()
        await agent.sees("It burns.", re.compile("One line became a contact of its own"))
        running.send(answering(first, "It is out now."))
        await agent.sees("It burns.", re.compile("One line"), "It is out now.")
        await line("It is out now.").get_by_role("button", name="Move to").click()
        await expect(dialog.get_by_role("combobox", name="Contact")).to_be_visible()
        await assert_accessible(page)
        await dialog.get_by_role("button", name="Move it").click()
        await agent.sees("It burns.", re.compile("One line"), re.compile("A message was moved to contact"))
        await page.get_by_role("button", name="Open it").click()
        await agent.sees(
            "Where is my invoice?", re.compile("Split off"), "It is out now.", re.compile("A message was moved here")
        )
        assert agent.complaints == []
