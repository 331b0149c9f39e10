"""A person with a browser in front of the widget."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect


@dataclass
class Visitor:
    """One window. `complaints` is what the browser found wrong: errors, refused policies."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def _heard(self, message: ConsoleMessage) -> None:
        # A connection that is cut is what some of these tests are about.
        if message.type in {"error", "warning"} and "WebSocket connection" not in message.text:
            self.complaints.append(message.text)

    @property
    def launcher(self) -> Locator:
        return self.page.locator("button.launch")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    async def open(self) -> None:
        await self.launcher.click()
        await expect(self.composer).to_be_focused()

    async def write(self, text: str) -> None:
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def said(self) -> list[str]:
        """Every line that is shown, in order."""
        return await self.page.locator(".m .b").all_inner_texts()

    async def sees(self, *texts: str) -> None:
        """Wait until exactly these lines are shown, in this order."""
        await expect(self.page.locator(".m .b")).to_have_text(list(texts))

    async def settled(self, count: int) -> None:
        """Wait until so many of the visitor's own lines have come back from the transcript."""
        await expect(self.page.locator(".m.visitor")).to_have_count(count)
        await expect(self.page.get_by_text("Sending", exact=True)).to_have_count(0)


@asynccontextmanager
async def visiting(browser: Browser, url: str, **options: Any) -> AsyncIterator[Visitor]:
    """A new person, with nothing stored."""
    context = await browser.new_context(**{"locale": "en-GB", "reduced_motion": "reduce", **options})
    try:
        yield await window(context, url)
    finally:
        await context.close()


async def window(context: BrowserContext, url: str) -> Visitor:
    """One more window of the same person."""
    page = await context.new_page()
    visitor = Visitor(page)
    page.on("console", visitor._heard)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    await page.goto(url)
    await visitor.launcher.wait_for()
    return visitor
