"""Real Chromium, and visits with it during which nothing may go wrong unseen."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, ConsoleMessage, Page, Request

PHONE: Final = {"width": 320, "height": 640}
DESKTOP: Final = {"width": 1280, "height": 900}
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_TELL_OF_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""


def chromium_path() -> str:
    """Return where Chromium is; without it tests skip, and fail in CI."""
    found = shutil.which("chromium")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed")
    return found


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """Start Chromium; it ends with the block."""
    path = chromium_path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(
    browser: Browser, url: str, *, statuses: frozenset[int] = frozenset(), **options: Any
) -> AsyncIterator[Page]:
    """Open a page at a service as a visitor with nothing stored.

    Fails in the end on a console message, an error of a script, a broken policy, a request that failed and a
    request to another host.

    Args:
        browser: With which.
        url: The service's.
        statuses: Those beside success that answers may have.
        options: Of Playwright's contexts.
    """
    troubles: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # Chromium tells of every status of 400 and more; these are looked at below.
        if message.type in {"error", "warning"} and "the server responded with a status" not in message.text:
            troubles.append(f"console: {message.text}")

    def watch(request: Request) -> None:
        if not request.url.startswith(f"{url}/"):
            troubles.append(f"elsewhere: {request.url}")

    context = await browser.new_context(**{"base_url": url, "viewport": DESKTOP, **options})
    await context.add_init_script(_TELL_OF_VIOLATIONS)
    page = await context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", hear)
    page.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    page.on("request", watch)
    page.on(
        "response",
        lambda found: (
            None
            if found.ok or 300 <= found.status < 400 or found.status in statuses
            else troubles.append(f"{found.status}: {found.url}")
        ),
    )
    try:
        yield page
    finally:
        await context.close()
    assert troubles == []


async def check_accessibility(page: Page) -> None:
    """Fail on what axe-core finds."""
    results = await Axe().run(page)
    found = [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in results.response["violations"]
        for node in one["nodes"]
    ]
    assert found == []


async def overflow_of(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    width: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width
