"""A conversation between a visitor's browser and the desk, over a whole Frontline."""

from pathlib import Path
from typing import Any

from playwright.async_api import Browser, expect

from tests.browser.visitor import visiting
from tests.e2e.running import Running, frontline, until

CHAT_ONLY = """\
version = 1

[[desk]]
id = "support"
name = "Support"

[[desk.inbox]]
channel = "chat"
id = "support"
name = "Support"
address = "support"

[[desk.agent]]
id = "agent-1"
name = "Demo agent 1"
available = true

[[policy]]
id = "standard"
first_response = "PT1H"
"""


async def the_contact(running: Running) -> dict[str, Any]:
    async def look() -> Any:
        return await running.contacts()

    (contact,) = await until(look)
    return dict(contact)


async def test_a_conversation_with_a_reload_in_the_middle_loses_nothing(tmp_path: Path, browser: Browser) -> None:
    config = tmp_path / "desk.toml"
    config.write_text(CHAT_ONLY)
    async with (
        frontline(tmp_path / "data", FRONTLINE_CONFIG=str(config)) as running,
        visiting(browser, running.up["chat"]) as visitor,
    ):
        await visitor.open()
        await visitor.write("My printer is on fire.")
        contact = await the_contact(running)
        assert (contact["channel"], contact["inbox"]) == ("chat", "support")
        await visitor.sees("My printer is on fire.")
        replies = f"/api/contacts/{contact['id']}/replies"
        await running.post(replies, {"text": "Please step back. Which floor?"})
        await visitor.sees("My printer is on fire.", "Please step back. Which floor?")
        await visitor.write("The third.")
        await visitor.page.reload()
        await running.post(replies, {"text": "Somebody is on their way."})
        whole = (
            "My printer is on fire.",
            "Please step back. Which floor?",
            "The third.",
            "Somebody is on their way.",
        )
        await expect(visitor.page.get_by_role("dialog")).to_be_visible()
        await expect(visitor.page.locator(".m .b")).to_have_count(4)
        assert sorted(await visitor.said()) == sorted(whole)
        await visitor.page.goto("about:blank")
        await running.post(replies, {"text": "Is it out?"})
        await visitor.page.goto(running.up["chat"])
        await expect(visitor.page.locator(".m .b")).to_have_count(5)
        items = (await running.get(f"/api/contacts/{contact['id']}/transcript"))["items"]
        said = [item["text"] for item in items if item["kind"] == "message"]
        assert sorted(said) == sorted([*whole, "Is it out?"])
        assert await visitor.said() == said
        assert len(await running.contacts()) == 1

        async def read() -> bool:
            told = (await running.get(f"/api/contacts/{contact['id']}/transcript"))["items"]
            return [item["delivery"] for item in told if item["text"] == "Is it out?"] == ["read"]

        await until(read)
