"""What became of an answer, as its agent sees it."""

import asyncio
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.async_api import Browser, expect

from tests.browser.test_console import OFFERING, console, mail, token
from tests.e2e.running import frontline


class Refusing:
    """An SMTP server that knows nobody."""

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        return "550 5.1.1 No such user here"


async def test_why_an_answer_did_not_arrive_is_said_beside_it(tmp_path: Path, browser: Browser) -> None:
    config = tmp_path / "desk.toml"
    config.write_text(OFFERING)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Refusing(), loop=loop), "127.0.0.1", 0)
    relay = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with (
            frontline(tmp_path / "data", FRONTLINE_CONFIG=str(config), FRONTLINE_SMTP_RELAY=relay) as running,
            console(browser, running) as agent,
        ):
            await agent.sign_in(token(running))
            running.send(mail())
            await agent.take_offer()
            await agent.write("We are on our way.")
            said = agent.page.locator(".line.out .delivery")
            await expect(said).to_have_text("not delivered: the mail relay said 550 5.1.1")
            assert not agent.complaints
    finally:
        server.close()
