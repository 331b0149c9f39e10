"""The widget in a real browser, before the real channel on a real nats-server."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from frontline.contract.deskview import Present, Range, Standing
from frontline.contract.ids import AgentId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.browser.visitor import Visitor, visiting, window
from tests.integration.intake_chat.stage import IDENTITY_SECRET, SUPPORT, Stage, chatting, identity, until

SOON = Range(low=timedelta(minutes=1), high=timedelta(minutes=4))
PEOPLE = (Present(name="Demo agent 1"), Present(name="Demo agent 2"))


async def there(stage: Stage) -> None:
    """Somebody is there, and the channel knows it."""
    await stage.desk.show(people=PEOPLE, wait={"chat": SOON})
    hub = stage.made[0]._server.hub
    assert hub is not None
    await until(lambda: hub.presence(SUPPORT).online)


async def test_rule_3_a_visitor_sees_who_is_there_and_how_long_it_takes(
    nats: EmbeddedServer, bus: Bus, browser: Browser
) -> None:
    async with chatting(nats, bus) as stage, visiting(browser, stage.url) as visitor:
        await there(stage)
        await visitor.open()
        await expect(visitor.page.get_by_role("dialog")).to_contain_text("Demo agent 1 and Demo agent 2 here now")
        await expect(visitor.page.get_by_role("dialog")).to_contain_text("An answer takes 1 to 4 min")
        await visitor.write("Hello")
        await visitor.settled(1)
        await expect(visitor.page.get_by_text("Sent", exact=True)).to_be_visible()
        (contact,) = await stage.desk.decide()
        await stage.desk.show(
            people=PEOPLE, contacts={contact: Standing(state="waiting", position=3, wait=SOON)}, wait={"chat": SOON}
        )
        await expect(visitor.page.get_by_role("status")).to_contain_text("You are number 3 in line")
        await stage.desk.show(
            people=PEOPLE,
            contacts={contact: Standing(state="assigned", agent=AgentId("agent-1"), agent_name="Demo agent 1")},
        )
        await expect(visitor.page.get_by_role("dialog")).to_contain_text("Demo agent 1 answers you")
        await stage.desk.answer(contact, "Hello to you")
        await visitor.sees("Hello", "Hello to you")
        assert visitor.complaints == []


async def test_what_is_written_while_nothing_can_be_stored_survives_a_reload_and_comes_once(
    nats: EmbeddedServer, bus: Bus, browser: Browser
) -> None:
    async with chatting(nats, bus, ack_deadline=0.5) as stage, visiting(browser, stage.url) as visitor:
        await visitor.open()
        await visitor.write("before")
        await expect(visitor.page.get_by_text("Sent", exact=True)).to_be_visible()
        nats.pause()
        try:
            await visitor.write("in the middle of it")
            await visitor.page.reload()
            await expect(visitor.page.locator(".m.visitor")).to_contain_text(["before", "in the middle of it"])
        finally:
            nats.resume()
        await expect(visitor.page.get_by_text("Sending", exact=True)).to_have_count(0)
        assert [message.text for message in await stage.desk.inbound()] == ["before", "in the middle of it"]
        await stage.desk.decide()
        await visitor.sees("before", "in the middle of it")


async def test_who_was_helped_is_asked_once_how_it_was(nats: EmbeddedServer, bus: Bus, browser: Browser) -> None:
    async with chatting(nats, bus) as stage, visiting(browser, stage.url) as visitor:
        page = visitor.page
        await visitor.open()
        await visitor.write("It does not work.")
        await expect(page.get_by_text("Sent", exact=True)).to_be_visible()
        (contact,) = await stage.desk.decide()
        await visitor.sees("It does not work.")
        await stage.desk.show(people=PEOPLE, contacts={contact: Standing(state="assigned")})
        await expect(page.get_by_text("How did we do?")).to_be_hidden()
        resolved = {contact: Standing(state="resolved")}
        await stage.desk.show(people=PEOPLE, contacts=resolved)
        await page.get_by_role("radio", name="3 of 5").focus()
        await page.keyboard.press("ArrowRight")
        await page.get_by_label("Anything to add?").fill("Quick.")
        await assert_accessible(visitor)
        await page.get_by_label("Anything to add?").press("Enter")
        await expect(page.get_by_text("Thank you.")).to_be_visible()
        await expect(visitor.composer).to_be_focused()
        await page.reload()
        await visitor.sees("It does not work.")
        await expect(page.get_by_role("status")).to_contain_text("settled")
        await expect(page.get_by_text("How did we do?")).to_be_hidden()
        assert [message.text for message in await stage.desk.inbound()] == ["It does not work.", "4 of 5: Quick."]
        assert visitor.complaints == []


# hard-case 33, 34
async def test_a_widget_that_lost_its_connection_catches_up_by_itself(
    nats: EmbeddedServer, bus: Bus, browser: Browser
) -> None:
    async with chatting(nats, bus) as stage, visiting(browser, stage.url) as visitor:
        await visitor.open()
        await visitor.write("one")
        await expect(visitor.page.get_by_text("Sent", exact=True)).to_be_visible()
        (contact,) = await stage.desk.decide()
        await visitor.sees("one")
        hub = stage.made[0]._server.hub
        assert hub is not None
        for socket in tuple(hub.sockets):
            socket.abort()
        await until(lambda: not hub.sockets)
        await stage.desk.answer(contact, "two")
        await stage.desk.answer(contact, "three")
        await visitor.sees("one", "two", "three")
        # Into the background and back, as a phone does it.
        await visitor.page.evaluate("document.querySelector('frontline-chat').hangUp()")
        await stage.desk.answer(contact, "four")
        await visitor.page.evaluate("document.querySelector('frontline-chat').connect()")
        await visitor.sees("one", "two", "three", "four")


# hard-case 36
async def test_two_tabs_are_one_visitor_with_one_conversation(nats: EmbeddedServer, bus: Bus, browser: Browser) -> None:
    async with chatting(nats, bus) as stage, visiting(browser, stage.url) as first:
        second = await window(first.page.context, stage.url)
        await first.open()
        await second.open()
        await first.write("from the first")
        await expect(first.page.get_by_text("Sent", exact=True)).to_be_visible()
        (contact,) = await stage.desk.decide()
        await first.sees("from the first")
        await second.sees("from the first")
        await second.write("from the second")
        await expect(second.page.get_by_text("Sent", exact=True)).to_be_visible()
        await stage.desk.decide()
        await stage.desk.answer(contact, "to both")
        for tab in (first, second):
            await tab.sees("from the first", "from the second", "to both")
        assert len({message.sender.address for message in await stage.desk.inbound()}) == 1


# hard-case 38
async def test_another_person_in_the_same_browser_sees_nothing_of_the_first(
    nats: EmbeddedServer, bus: Bus, browser: Browser
) -> None:
    async with (
        chatting(nats, bus, chat_identity_secrets=(f"support={IDENTITY_SECRET}",)) as stage,
        visiting(browser, stage.url) as visitor,
    ):
        sign_in = "jwt => document.querySelector('frontline-chat').identity = jwt"
        await visitor.page.evaluate(sign_in, identity("customer-1"))
        await visitor.open()
        await visitor.write("my own business")
        await expect(visitor.page.get_by_text("Sent", exact=True)).to_be_visible()
        await stage.desk.decide()
        await visitor.sees("my own business")
        await visitor.page.evaluate(sign_in, identity("customer-2"))
        await visitor.sees()
        await visitor.write("hello from somebody else")
        await expect(visitor.page.get_by_text("Sent", exact=True)).to_be_visible()
        await visitor.sees("hello from somebody else")
        first, second = await stage.desk.inbound()
        assert first.sender.address == "support:customer-1"
        assert second.sender.address == "support:customer-2"
        await visitor.page.evaluate(sign_in, identity("customer-1"))
        await visitor.sees("my own business")


async def test_rule_3_nobody_on_offers_mail_and_a_visitor_leaves_an_address(
    nats: EmbeddedServer, bus: Bus, browser: Browser
) -> None:
    async with chatting(nats, bus) as stage, visiting(browser, stage.url) as visitor:
        await stage.desk.show(online=False, opens_at=datetime.now(UTC) + timedelta(days=2))
        await visitor.open()
        await expect(visitor.page.get_by_role("dialog")).to_contain_text("Nobody is here right now")
        address = visitor.page.get_by_label("Your mail address")
        await address.fill("not an address")
        await visitor.write("Please write back")
        await expect(visitor.page.get_by_role("alert")).to_have_text("This is not a mail address.")
        await expect(address).to_be_focused()
        await address.fill("one@customer.example")
        await visitor.page.get_by_label("Your name (optional)").fill("Customer One")
        await visitor.composer.press("Enter")
        await expect(visitor.page.get_by_text("Sent", exact=True)).to_be_visible()
        (message,) = await stage.desk.inbound()
        assert message.text == "Please write back"
        assert message.native["reply_to"] == "one@customer.example"
        assert message.sender.name == "Customer One"
        await expect(visitor.page.get_by_role("status")).to_contain_text("one@customer.example")
        assert visitor.complaints == []


async def test_a_visitor_sends_a_file(nats: EmbeddedServer, bus: Bus, browser: Browser) -> None:
    async with chatting(nats, bus) as stage, visiting(browser, stage.url) as visitor:
        await visitor.open()
        await visitor.page.locator("input[type=file]").set_input_files(
            {"name": "broken.png", "mimeType": "image/png", "buffer": b"\x89PNG and so on"}
        )
        await expect(visitor.page.get_by_role("button", name="Remove broken.png")).to_be_visible()
        await visitor.write("See the picture")
        await expect(visitor.page.get_by_text("Sent", exact=True)).to_be_visible()
        (message,) = await stage.desk.inbound()
        (file,) = message.attachments
        assert (file.name, file.media_type, file.content.size) == ("broken.png", "image/png", 14)
        await stage.desk.decide()
        async with visitor.page.expect_download() as downloading:
            await visitor.page.get_by_role("link", name=re.compile("broken.png")).click()
        download = await downloading.value
        assert (await download.path()).read_bytes() == b"\x89PNG and so on"
        assert visitor.complaints == []


# hard-case 42
async def test_the_keyboard_is_enough(nats: EmbeddedServer, bus: Bus, browser: Browser) -> None:
    async with chatting(nats, bus) as stage, visiting(browser, stage.url) as visitor:
        press = visitor.page.keyboard.press
        await visitor.launcher.focus()
        await expect(visitor.launcher).to_have_attribute("aria-expanded", "false")
        await press("Enter")
        await expect(visitor.composer).to_be_focused()
        await expect(visitor.launcher).to_have_attribute("aria-expanded", "true")
        await visitor.page.keyboard.type("two")
        await press("Shift+Enter")
        await visitor.page.keyboard.type("lines")
        await press("Tab")
        await expect(visitor.page.get_by_role("button", name="Send")).to_be_focused()
        await press("Enter")
        await expect(visitor.page.get_by_text("Sent", exact=True)).to_be_visible()
        await expect(visitor.composer).to_be_focused()
        assert [message.text for message in await stage.desk.inbound()] == ["two\nlines"]
        await press("Shift+Tab")
        await expect(visitor.page.get_by_role("button", name="Add a file")).to_be_focused()
        await press("Escape")
        await expect(visitor.page.get_by_role("dialog")).to_be_hidden()
        await expect(visitor.launcher).to_be_focused()


async def test_on_a_phone_it_fills_the_screen_and_keeps_the_focus(
    nats: EmbeddedServer, bus: Bus, browser: Browser
) -> None:
    phone = {"viewport": {"width": 360, "height": 640}, "has_touch": True}
    async with chatting(nats, bus) as stage, visiting(browser, stage.url, **phone) as visitor:
        await visitor.open()
        box = await visitor.page.get_by_role("dialog").bounding_box()
        assert box == {"x": 0, "y": 0, "width": 360, "height": 640}
        for _ in range(12):
            await visitor.page.keyboard.press("Tab")
            inside = "document.activeElement.localName === 'frontline-chat'"
            assert await visitor.page.evaluate(inside)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("online", [True, False])
async def test_axe_finds_nothing_wrong(
    nats: EmbeddedServer, bus: Bus, browser: Browser, scheme: str, online: bool
) -> None:
    async with (
        chatting(nats, bus) as stage,
        visiting(browser, stage.url, color_scheme=scheme) as visitor,
    ):
        if online:
            await there(stage)
        await visitor.open()
        await visitor.write("Hello, see https://shop.example/orders/1042")
        await expect(visitor.page.get_by_text("Sent", exact=True)).to_be_visible()
        (contact,) = await stage.desk.decide()
        await stage.desk.answer(contact, "Hello to you")
        await visitor.sees("Hello, see https://shop.example/orders/1042", "Hello to you")
        await assert_accessible(visitor)


async def assert_accessible(visitor: Visitor) -> None:
    results = await Axe().run(
        visitor.page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    found = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in results.response["violations"]]
    assert found == []


async def test_everything_to_press_is_large_enough_for_a_thumb(
    nats: EmbeddedServer, bus: Bus, browser: Browser
) -> None:
    async with chatting(nats, bus) as stage, visiting(browser, stage.url) as visitor:
        await visitor.open()
        for control in (
            await visitor.page.locator("frontline-chat").locator("button:visible, input:visible, textarea").all()
        ):
            box = await control.bounding_box()
            assert box is not None
            assert round(min(box["width"], box["height"])) >= 44, await control.evaluate(
                "e => e.outerHTML.slice(0, 80)"
            )


@pytest.mark.parametrize(
    "language,words",
    [
        ("de", "Nachricht schreiben"),
        ("fr", "Écrire un message"),
        ("es", "Escribe un mensaje"),
        ("en", "Write a message"),
    ],
)
async def test_it_speaks_the_page_s_language(
    nats: EmbeddedServer, bus: Bus, browser: Browser, language: str, words: str
) -> None:
    async with chatting(nats, bus) as stage, visiting(browser, f"{stage.url}/?lang={language}") as visitor:
        await visitor.launcher.click()
        await expect(visitor.page.get_by_placeholder(words)).to_be_focused()


async def test_it_works_on_a_page_of_another_origin_with_a_strict_policy(
    nats: EmbeddedServer, bus: Bus, browser: Browser
) -> None:
    async with chatting(nats, bus) as stage:
        policy = (
            f"default-src 'none'; script-src {stage.url}; connect-src {stage.url} ws://{stage.address};"
            " require-trusted-types-for 'script'"
        )

        async def shop(_: web.Request) -> web.Response:
            tag = f'<script src="{stage.url}/widget.js" data-inbox="support" defer></script>'
            html = f"<!doctype html><html lang=en><title>A shop</title><body><h1>A shop</h1>{tag}</body></html>"
            return web.Response(text=html, content_type="text/html", headers={"Content-Security-Policy": policy})

        app = web.Application()
        app.router.add_get("/", shop)
        async with TestServer(app) as server, visiting(browser, str(server.make_url("/"))) as visitor:
            await visitor.open()
            await visitor.page.locator("input[type=file]").set_input_files(
                {"name": "note.txt", "mimeType": "text/plain", "buffer": b"noted"}
            )
            await visitor.write("from the shop")
            await expect(visitor.page.get_by_text("Sent", exact=True)).to_be_visible()
            (message,) = await stage.desk.inbound()
            assert message.native["page"] == str(server.make_url("/"))
            assert [file.name for file in message.attachments] == ["note.txt"]
            assert [text for text in visitor.complaints if "favicon" not in text] == []
