"""The picture of the README: a visitor and an agent in one conversation, in real browsers before a whole Frontline.

    python -m tests.browser.picture docs/pictures/conversation.png

Needs Debian's chromium.
"""

import asyncio
import base64
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, async_playwright, expect

from tests.browser.conftest import CHROMIUM, QUIET
from tests.browser.test_console import console, token
from tests.browser.visitor import visiting
from tests.e2e.running import Running, frontline, mail, until

DESK = """\
version = 1

[[desk]]
id = "support"
name = "Support"

[[desk.inbox]]
channel = "email"
id = "support"
name = "Support"
address = "support@frontline.example"

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
_SIDE_BY_SIDE = """\
<style>
body {{ margin: 0; padding: 16px; width: max-content; background: #e6e9ee; display: flex; gap: 16px; align-items: stretch }}
img {{ border-radius: 8px; box-shadow: 0 1px 6px #0003; display: block }}
</style>
<img src="data:image/png;base64,{agent}"><img src="data:image/png;base64,{visitor}">
"""
SAID = (
    ("4711", "It left this morning. What is the number on your receipt?"),
    ("", "Thank you. It will be with you before noon."),
)
"""What the visitor writes after each answer of the agent, and that answer."""
AGENT, VISITOR = {"width": 860, "height": 720}, {"width": 380, "height": 720}


async def take(target: Path) -> None:
    """Write the picture to `target`."""
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory(prefix="frontline-picture-") as folder:
        config = Path(folder) / "desk.toml"
        config.write_text(DESK)
        async with (
            async_playwright() as playwright,
            frontline(Path(folder) / "data", FRONTLINE_CONFIG=str(config)) as up,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            try:
                agent, visitor = await _conversation(browser, up)
                target.write_bytes(await _side_by_side(browser, agent, visitor))
            finally:
                await browser.close()


async def _conversation(browser: Browser, up: Running) -> tuple[bytes, bytes]:
    """What the agent sees and what the visitor sees."""
    up.send(mail("The printer is on fire", "It is hot in here.", message_id="<fire@one.example>"))
    await up.contact("The printer is on fire")
    async with visiting(browser, up.up["chat"], viewport=VISITOR) as visitor:
        await visitor.open()
        await visitor.write("Where is my parcel?")
        async with console(browser, up, viewport=AGENT) as agent:
            await agent.sign_in(token(up))
            await agent.take_offer()
            said = ["Where is my parcel?"]
            for asked, answer in SAID:
                said.append(answer)
                await agent.write(answer)
                await visitor.sees(*said)
                if asked:
                    said.append(asked)
                    await visitor.write(asked)
                    await agent.sees(*said)
            await visitor.settled(len(SAID))
            await until(lambda: _delivered(up))
            await expect(visitor.page.get_by_text("in line")).to_have_count(0)
            return await agent.page.screenshot(), await visitor.page.screenshot()


async def _delivered(up: Running) -> bool:
    """Everything that was answered has reached the visitor, so that the pages stand still."""
    (chat,) = await up.contacts("&channel=chat")
    out = [item for item in await up.items(chat["id"]) if item["direction"] == "out"]
    return all(item["delivery"] in {"delivered", "read"} for item in out)


async def _side_by_side(browser: Browser, agent: bytes, visitor: bytes) -> bytes:
    page = await browser.new_page(viewport={"width": 1320, "height": 760})
    images = {name: base64.b64encode(image).decode() for name, image in (("agent", agent), ("visitor", visitor))}
    await page.set_content(_SIDE_BY_SIDE.format(**images))
    return await page.locator("body").screenshot()


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))
