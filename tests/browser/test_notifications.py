"""The agents' page tells them while they look elsewhere, lets them say how else, and shows what nobody takes."""

from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.browser.test_console import assert_accessible, console, mail, token
from tests.e2e.running import frontline, mail_sink, until

TELLING = """\
version = 1

[[desk]]
id = "support"
name = "Support"
alarm_after = "PT1S"
notices = { mail = "support", every = "PT0S" }

[[desk.inbox]]
channel = "email"
id = "support"
name = "Support"
address = "support@frontline.example"
offer = true
offer_for = "PT5M"

[[desk.agent]]
id = "agent-1"
name = "Demo agent 1"
available = true
lead = true

[[policy]]
id = "standard"
first_response = "PT1H"
"""
OUT_OF_SIGHT = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })"
SHOWN = """async () => {
  const worker = await navigator.serviceWorker.getRegistration('/console/')
  const found = worker ? await worker.getNotifications() : []
  return found.map(({ title, body, data }) => ({ title, body, contact: data.contact }))
}"""

CLICKED = """async () => {
  const [notification] = await self.registration.getNotifications()
  self.dispatchEvent(new NotificationEvent('notificationclick', { notification }))
}"""
"""What the browser does when somebody clicks the notification."""


async def shown(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await page.evaluate(SHOWN)
    return found


async def test_rule_2_11_an_agent_says_how_they_are_told_and_is_by_the_browser_and_by_mail(
    tmp_path: Path, browser: Browser
) -> None:
    config = tmp_path / "desk.toml"
    config.write_text(TELLING)
    async with (
        mail_sink() as sink,
        frontline(
            tmp_path / "data",
            FRONTLINE_CONFIG=str(config),
            FRONTLINE_SMTP_RELAY=sink.address,
            FRONTLINE_PUBLIC_URL="https://desk.example",
        ) as running,
        console(browser, running, permissions=["notifications"]) as agent,
    ):
        page = agent.page
        await agent.sign_in(token(running))
        await page.get_by_role("button", name="Notifications").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_label("Text message", exact=True)).to_be_hidden()
        await dialog.get_by_label("A notification of this browser").check()
        await dialog.get_by_label("Mail", exact=True).check()
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("say at which address")
        await dialog.get_by_label("Your mail address").fill("me@people.example")
        await dialog.get_by_label("Days and times").fill("mon-fri 03:00-03:01")
        await dialog.get_by_label("By the clocks of").fill("Europe/Berlin")
        await assert_accessible(page)
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_be_hidden()
        said = await running.get("/api/me/notifications")
        assert (said["ways"], said["mail"], said["zone"]) == (["push", "mail"], "me@people.example", "Europe/Berlin")
        await page.reload()
        await page.get_by_role("button", name="Notifications").click()
        await expect(dialog.get_by_label("Your mail address")).to_have_value("me@people.example")
        await dialog.get_by_role("button", name="As my desk has it").click()
        await expect(dialog.get_by_label("Your mail address")).to_have_value("")
        await expect(dialog.get_by_role("button", name="As my desk has it")).to_be_hidden()
        assert (await running.get("/api/me/notifications"))["own"] is False
        await dialog.get_by_label("A notification of this browser").check()
        await dialog.get_by_label("Mail", exact=True).check()
        await dialog.get_by_label("Your mail address").fill("me@people.example")
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_be_hidden()
        running.send(mail("In sight"))
        await expect(page.locator(".offer")).to_have_count(1)
        assert await shown(page) == [], "the page tells those who look at it"
        await agent.take_offer()
        await page.evaluate(OUT_OF_SIGHT)
        running.send(mail("Out of sight"))
        contact = (await until(lambda: running.contacts("&state=offered")))[0]["id"]
        (notification,) = await until(lambda: shown(page))
        assert notification == {
            "title": "Frontline",
            "body": "A contact by email in support is waiting for you.",
            "contact": contact,
        }
        (worker,) = page.context.service_workers
        await worker.evaluate(CLICKED)
        await expect(page.locator("#subject")).to_have_text("Out of sight")
        first, second = [found for found in await sink.have(2) if found["To"] == "me@people.example"]
        assert first["Auto-Submitted"] == second["Auto-Submitted"] == "auto-generated"
        assert second["Subject"] == "A contact by email is waiting for you in Support."
        assert f"https://desk.example/#{contact}" in second.get_payload()
        assert "It burns" not in str(second)
        assert [found["subject"] for found in await running.contacts()] == ["Out of sight", "In sight"]
        assert [each for each in agent.complaints if "422" not in each] == []


async def test_rule_2_11_what_nobody_takes_stands_above_everything_until_somebody_does(
    tmp_path: Path, browser: Browser
) -> None:
    config = tmp_path / "desk.toml"
    config.write_text(TELLING.replace("available = true", "available = false"))
    async with (
        frontline(tmp_path / "data", FRONTLINE_CONFIG=str(config)) as running,
        console(browser, running, color_scheme="dark") as agent,
    ):
        page = agent.page
        await agent.sign_in(token(running))
        running.send(mail("Printer on fire"))
        alarm = page.get_by_role("alert").filter(has_text="Nobody takes")
        await expect(alarm).to_contain_text("Ann, email · Printer on fire")
        await assert_accessible(page)
        await page.reload()
        await alarm.get_by_role("button", name="See to it").click()
        await expect(page.locator("#subject")).to_have_text("Printer on fire")
        await page.locator("#availability").select_option("available")
        await agent.take_offer()
        await expect(page.locator("#alarm")).to_be_empty()
        assert agent.complaints == []
