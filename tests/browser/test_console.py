"""The agents' page over a whole Frontline: sign in, take an offer, answer, reload, and nothing is lost."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from tests.e2e.running import Running, frontline, until

OFFERING = """\
version = 1

[[desk]]
id = "support"
name = "Support"

[[desk.inbox]]
channel = "email"
id = "support"
name = "Support"
address = "support@frontline.example"
offer = true
offer_for = "PT1M"

[[desk.agent]]
id = "agent-1"
name = "Demo agent 1"
available = true

[[desk.agent]]
id = "agent-2"
name = "Demo agent 2"

[[policy]]
id = "standard"
first_response = "PT1H"
"""


@dataclass
class Console:
    """One window of an agent. `complaints` is what the browser found wrong."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def heard(self, message: ConsoleMessage) -> None:
        # A refused token is answered 401, which the browser writes down.
        if message.type in {"error", "warning"} and "401" not in message.text and "WebSocket" not in message.text:
            self.complaints.append(message.text)

    async def sign_in(self, token: str) -> None:
        await self.page.get_by_label("Token").fill(token)
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_text("Live", exact=True)).to_be_visible()

    async def take_offer(self) -> None:
        await self.page.get_by_role("button", name="Accept").click()
        await expect(self.page.get_by_role("button", name="Resolve", exact=True)).to_be_visible()

    async def sees(self, *texts: str | re.Pattern[str]) -> None:
        """Wait until exactly these lines of the conversation are shown, in this order."""
        await expect(self.page.locator(".line .said")).to_have_text(list(texts))

    async def write(self, text: str) -> None:
        await self.page.locator("#text").fill(text)
        await self.page.locator("#text").press("Control+Enter")


@asynccontextmanager
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    config = tmp_path / "desk.toml"
    config.write_text(OFFERING)
    async with frontline(tmp_path / "data", FRONTLINE_CONFIG=str(config)) as running:
        yield running


@asynccontextmanager
async def console(browser: Browser, running: Running, **options: Any) -> AsyncIterator[Console]:
    context = await browser.new_context(**{"locale": "en-GB", "reduced_motion": "reduce", **options})
    try:
        page = await context.new_page()
        window = Console(page)
        page.on("console", window.heard)
        page.on("pageerror", lambda error: window.complaints.append(str(error)))
        await page.goto(running.up["router"] + "/")
        yield window
    finally:
        await context.close()


def token(running: Running, agent: int = 1) -> str:
    found: str = running.up["agents"][agent - 1]["token"]
    return found


def mail(subject: str = "Printer on fire", *, html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ann <ann@customer.example>"
    message["To"] = "support@frontline.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<{re.sub('[^a-z]', '-', subject.lower())}@customer.example>"
    message.set_content("It burns.")
    if html:
        message.add_alternative(html, subtype="html")
    return message


async def test_an_agent_takes_an_offer_answers_and_reloads_and_nothing_is_lost(
    tmp_path: Path, browser: Browser
) -> None:
    async with desk(tmp_path) as running, console(browser, running) as agent:
        await agent.page.get_by_label("Token").fill("wrong")
        await agent.page.get_by_role("button", name="Sign in").click()
        await expect(agent.page.get_by_text("This token is not known.")).to_be_visible()
        await agent.sign_in(token(running))
        running.send(mail())
        offer = agent.page.locator(".offer")
        await expect(offer).to_contain_text("Ann")
        await expect(offer).to_contain_text("It burns.")
        await expect(offer).to_contain_text(re.compile(r"\d+ s left to answer"))
        await agent.take_offer()
        await agent.sees("It burns.")
        await expect(agent.page.locator("#clocks")).to_contain_text(re.compile(r"First answer: 5\d min left"))
        await agent.page.locator("#text").fill("We are on our")
        await agent.page.reload()
        await expect(agent.page.locator("#text")).to_have_value("We are on our")
        await agent.write("We are on our way.")
        await agent.sees("It burns.", "We are on our way.")
        await expect(agent.page.locator("#text")).to_have_value("")
        await expect(agent.page.locator("#clocks")).to_contain_text("First answer: given in time")
        await agent.page.reload()
        await agent.sees("It burns.", "We are on our way.")
        await agent.page.locator("#subject").press("n")
        await agent.write("Fire brigade told.")
        await agent.sees("It burns.", "We are on our way.", "Fire brigade told.")
        await agent.page.get_by_role("button", name="Resolve", exact=True).click()
        await expect(agent.page.locator("#resolved .row")).to_have_count(1)
        await agent.page.get_by_role("button", name="Reopen", exact=True).click()
        await expect(agent.page.locator(".offer")).to_have_count(1)  # to who knows it, who is asked again
        (contact,) = await running.contacts()
        said = (await running.get(f"/api/contacts/{contact['id']}/transcript"))["items"]
        written = [item["text"] for item in said if item["kind"] in {"message", "note"}]
        assert [text.strip() for text in written] == ["It burns.", "We are on our way.", "Fire brigade told."]
        await agent.page.get_by_role("button", name="Sign out").click()
        await expect(agent.page.get_by_label("Token")).to_be_visible()
        assert await agent.page.evaluate("Object.keys(sessionStorage)") == []
        assert agent.complaints == []


async def test_everything_can_be_done_with_keys_and_they_can_be_turned_off(tmp_path: Path, browser: Browser) -> None:
    async with desk(tmp_path) as running, console(browser, running) as agent:
        await agent.sign_in(token(running))
        running.send(mail("First"))
        await expect(agent.page.locator(".offer")).to_have_count(1)
        keys = agent.page.keyboard
        (before,) = (await running.get("/api/offers"))["items"]
        await keys.press("x")

        async def is_asked_again() -> bool:  # nobody else is there: a new round
            offers = (await running.get("/api/offers"))["items"]
            return bool(offers) and offers[0]["id"] != before["id"]

        await until(is_asked_again)
        await agent.page.reload()
        await expect(agent.page.locator(".offer")).to_have_count(1)
        await keys.press("a")
        await agent.sees("It burns.")
        await keys.press("r")
        await expect(agent.page.locator("#text")).to_be_focused()
        await keys.type("Here.")
        await keys.press("Control+Enter")
        await agent.sees("It burns.", "Here.")
        await keys.press("Escape")
        await keys.press("?")
        await expect(agent.page.get_by_role("dialog")).to_be_visible()
        await agent.page.get_by_label("Single letters act as keys").uncheck()
        await agent.page.get_by_role("button", name="Close").click()
        await keys.press("e")
        await expect(agent.page.get_by_role("button", name="Resolve", exact=True)).to_be_visible()
        await agent.page.get_by_role("button", name="Keys").click()
        await agent.page.get_by_label("Single letters act as keys").check()
        await agent.page.get_by_role("button", name="Close").click()
        await keys.press("e")
        await expect(agent.page.get_by_role("button", name="Reopen", exact=True)).to_be_visible()
        assert agent.complaints == []


async def test_the_former_contacts_of_a_customer_and_their_addresses_stand_beside_a_contact(
    tmp_path: Path, browser: Browser
) -> None:
    phone = {"width": 390, "height": 800}
    async with desk(tmp_path) as running, console(browser, running, viewport=phone) as agent:
        page = agent.page
        await agent.sign_in(token(running))
        for subject in ("The first", "The second"):
            running.send(mail(subject))
            await agent.take_offer()
            await expect(page.locator("#subject")).to_have_text(subject)
        await page.get_by_text("Customer: 1 other contact").click()
        await expect(page.locator("#identities")).to_contain_text("ann@customer.example claimed")
        await expect(page.locator("#way")).to_have_text("By email to ann@customer.example")
        await page.locator("#former .row").press("Enter")
        await expect(page.locator("#subject")).to_have_text("The first")
        await page.get_by_text("Another way").click()
        await page.get_by_label("To", exact=True).fill("ann@work.example")
        await agent.write("To your office.")
        await agent.sees("It burns.", "To your office.")
        await page.get_by_role("button", name="All contacts").click()
        await expect(page.locator("#mine .row").first).to_be_visible()
        assert agent.complaints == []
        (first,) = [contact for contact in await running.contacts() if contact["subject"] == "The first"]
        said = [item["text"].strip() for item in await running.items(first["id"]) if item["kind"] == "message"]
        assert said == ["It burns.", "To your office."]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_wrong_and_what_a_customer_wrote_is_never_run(
    tmp_path: Path, browser: Browser, scheme: str
) -> None:
    evil = "<p>Hello</p><img src=x onerror='parent.document.title=1'><script>parent.document.title='owned'</script>"
    async with desk(tmp_path) as running, console(browser, running, color_scheme=scheme) as agent:
        await assert_accessible(agent.page)
        await agent.sign_in(token(running))
        running.send(mail("<img src=x onerror=alert(1)>", html=evil))
        await agent.take_offer()
        await agent.sees("It burns.")
        await expect(agent.page.locator("#subject")).to_have_text("<img src=x onerror=alert(1)>")
        await agent.page.get_by_role("button", name="Formatted").click()
        assert await agent.page.locator("iframe").get_attribute("sandbox") == ""
        await expect(agent.page.frame_locator("iframe").get_by_text("Hello")).to_be_visible()
        await agent.page.get_by_role("button", name="Plain text").click()
        await agent.page.context.set_offline(True)
        running.send(mail("Another one"))
        await until(lambda: running.contacts("&state=offered"))
        await agent.page.context.set_offline(False)
        await expect(agent.page.locator(".offer")).to_have_count(1)
        assert await agent.page.title() == "(1) Frontline"
        await agent.write("We are on our way.")
        await agent.sees("It burns.", "We are on our way.")
        await assert_accessible(agent.page)
        await agent.page.get_by_role("button", name="Keys").click()
        await assert_accessible(agent.page)


async def assert_accessible(page: Page) -> None:
    kinds = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    results = await Axe().run(page, options={"runOnly": kinds})
    found = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in results.response["violations"]]
    assert found == []
