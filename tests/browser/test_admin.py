"""Operators in real Chromium: the whole path, without script, by keyboard, on a phone, light and dark."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from app.web.admin import ROUTES
from playwright.async_api import expect

from browsing import DESKTOP, PHONE, check_accessibility, chromium_path, overflow_of, visiting
from operator_service import MINE, operated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser, Page

    from operator_service import OperatedService

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]
LONG = 60_000.0
"""Milliseconds: machines may be slow."""
NAME = f"{MINE}.example"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatedService]:
    chromium_path()
    with operated(tmp_path_factory.mktemp("operated")) as found:
        yield found


@asynccontextmanager
async def at_work(browser: Browser, service: OperatedService, **options: Any) -> AsyncIterator[Page]:
    """Open a page of somebody who is in."""
    async with visiting(browser, service.url, **options) as page:
        page.set_default_timeout(LONG)
        await page.goto("/admin/login")
        await page.get_by_label("Token").fill(service.token)
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        yield page


async def test_from_the_login_to_a_verification_followed_live_and_out(
    chromium: Browser, service: OperatedService
) -> None:
    statuses = frozenset({401})
    async with visiting(chromium, service.url, statuses=statuses) as page:
        page.set_default_timeout(LONG)
        await page.goto("/admin/domains?status=active")
        await page.get_by_label("Token").fill("sp_wrong")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("alert")).to_contain_text("This is no token")
        await page.get_by_label("Token").fill(service.token)
        await page.get_by_role("button", name="Log in").click()
        await expect(page).to_have_url(f"{service.url}/admin/domains?status=active")

        await page.get_by_role("link", name="Overview").click()
        await expect(page.get_by_role("img", name=re.compile("Certificates by days left"))).to_be_visible()
        await page.get_by_role("link", name="Domains", exact=True).click()
        await page.get_by_label("Search", exact=True).fill("hop-mi")
        await page.get_by_role("button", name="Search").click()
        await page.get_by_role("link", name=f"shop-{NAME}").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(f"shop-{NAME}")
        await page.get_by_role("link", name="Documents").click()
        await page.get_by_text("Show the document").first.click()
        await expect(page.locator("pre").first).to_contain_text(f"imap.{NAME}")

        await page.get_by_role("button", name="Run verification").click()
        await expect(page.get_by_role("status")).to_contain_text("Finished", timeout=LONG)
        await expect(page.get_by_role("heading", name=f"imap.{NAME}:993")).to_be_visible()
        await expect(page.get_by_text("What to do:").first).to_be_visible()
        await page.get_by_role("link", name="DNS records").click()
        await page.get_by_role("button", name="Check what is published").click()
        await expect(page.get_by_role("status")).to_contain_text("not published as they should be")

        await page.get_by_role("button", name="Log out").click()
        await expect(page).to_have_url(f"{service.url}/admin/login")
        await page.go_back()
        await page.reload()
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()


async def test_endpoints_turn_up_one_by_one_while_a_verification_runs(
    chromium: Browser, service: OperatedService
) -> None:
    async with at_work(chromium, service) as page:
        said: list[str] = []
        await page.expose_function("hear", lambda kind: said.append(kind))  # noqa: PLW0108 - Playwright marks it
        await page.add_init_script("""
            const Plain = window.EventSource;
            window.EventSource = class extends Plain {
              constructor(url) {
                super(url);
                for (const kind of ["endpoint", "finished"]) {
                  this.addEventListener(kind, () => window.hear(kind));
                }
              }
            };
        """)
        await page.goto(f"/admin/domains?q=büro-{MINE}.example")
        await page.get_by_role("link", name=f"büro-{NAME}").click()
        await page.get_by_role("button", name="Run verification").click()
        await expect(page.get_by_role("status")).to_contain_text("Finished", timeout=LONG)
        assert said[-1] == "finished"


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False}], ids=["script", "none"])
async def test_what_programs_find_comes_in_place_by_place(
    chromium: Browser, service: OperatedService, options: dict[str, Any]
) -> None:
    async with at_work(chromium, service, **options) as page:
        await page.get_by_role("link", name="Discovery").click()
        await page.get_by_label("Mail address or domain").fill(f"jane@{NAME}")
        await page.get_by_role("button", name="Ask everywhere").click()
        await expect(page.get_by_role("heading", name="Found by srv")).to_be_visible()
        await expect(page.get_by_role("heading", name="Asking for")).to_be_hidden()
        await page.get_by_text("Evolution").click()
        await expect(page.get_by_text("imap.old-host.example").first).to_be_visible()
        assert "jane" not in page.url


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["desktop", "phone"]
)
async def test_what_programs_find_is_accessible(
    chromium: Browser, service: OperatedService, viewport: dict[str, int], scheme: str
) -> None:
    options: dict[str, Any] = {"viewport": viewport, "color_scheme": scheme}
    async with at_work(chromium, service, **options) as page:
        await page.goto(f"/admin/domains/{NAME}")
        await page.get_by_role("button", name="What clients find").click()
        await expect(page.get_by_role("heading", name="Found by srv")).to_be_visible()
        for summary in await page.locator("summary").all():
            await summary.click()
        assert await overflow_of(page) == 0
        await check_accessibility(page)


async def test_a_link_in_a_mail_leads_to_its_page_and_not_to_the_login(
    chromium: Browser, service: OperatedService
) -> None:
    async with at_work(chromium, service) as page:
        # The same service by another name is another site.
        elsewhere = await page.context.new_page()
        await elsewhere.goto(f"{service.url.replace('127.0.0.1', 'localhost')}/setup")
        await elsewhere.evaluate("url => { location.href = url; }", f"{service.url}/admin/hosts?state=bad")
        await expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Hosts", timeout=LONG)
        assert elsewhere.url == f"{service.url}/admin/hosts?state=bad"


async def test_everything_works_without_script(chromium: Browser, service: OperatedService) -> None:
    async with at_work(chromium, service, java_script_enabled=False) as page:
        await page.goto(f"/admin/domains/{NAME}")
        await page.get_by_role("button", name="Run verification").click()
        # The page loads itself anew until there is a report.
        await expect(page.get_by_role("status")).to_contain_text("Finished", timeout=LONG)
        await page.get_by_role("link", name="Documents").click()
        await page.get_by_label("For the address").fill("jane")
        await page.get_by_role("button", name="Show", exact=True).click()
        await page.get_by_text("Show the document").first.click()
        await expect(page.locator("pre").first).to_contain_text("%EMAILADDRESS%")
        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()


async def test_the_keyboard_is_enough(chromium: Browser, service: OperatedService) -> None:
    async with visiting(chromium, service.url) as page:
        page.set_default_timeout(LONG)
        await page.goto("/admin/login")
        await tab_to(page, "token")
        await page.keyboard.type(service.token)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()
        await page.goto("/admin/domains")
        await tab_to(page, "q")
        await page.keyboard.type("shop-mine")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/admin/domains?q=shop-mine*")
        await tab_to(page, f"shop-{NAME}")
        assert await outline_of(page) != "none"
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/admin/domains/shop-{NAME}")
        await tab_to(page, "Run verification")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Finished", timeout=LONG)
        await tab_to(page, "Log out")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()


async def tab_to(page: Page, wanted: str) -> None:
    """Press the tab key until what has this id or text has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            "[document.activeElement.id, document.activeElement.textContent.trim()]"
        )
        if wanted in focused:
            return
    pytest.fail(f"the tab key does not come to {wanted}")


async def outline_of(page: Page) -> str:
    style: str = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    return style


PATHS = [route.path for route in ROUTES if "GET" in (route.methods or set()) and route.path != "/admin/login"]


async def paths_to_look_at(page: Page) -> list[str]:
    """Return each page once, with values for the parts of its path."""
    await page.goto("/admin/hosts")
    host = await page.locator('td a[href^="/admin/hosts/"]').first.get_attribute("href")
    await page.goto(f"/admin/domains/{NAME}")
    await page.get_by_role("button", name="Run verification").click()
    await page.wait_for_url("**/verifications/*")
    run = page.url.rpartition("/")[2]
    await expect(page.get_by_role("status")).to_contain_text("Finished", timeout=LONG)
    assert host is not None
    known = {
        "/admin/hosts/{id}": host,
        "/admin/domains/{name}/verifications/{id}": f"/admin/domains/{NAME}/verifications/{run}",
        "/admin/{rest:path}": "/admin/nothing",
    }
    paths = [known.get(path, path.replace("{name}", NAME)) for path in PATHS if not path.endswith("/events")]
    assert not [path for path in paths if "{" in path]
    further = [f"/admin/domains/{NAME}/{end}" for end in ("documents?address=a%20b", "dns?check=yes")]
    return [*paths, *further, "/admin/domains?q=zzzz"]


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop", "phone"]
)
async def test_every_page_is_accessible_and_as_wide_as_its_window(
    chromium: Browser, service: OperatedService, viewport: dict[str, int], scheme: str
) -> None:
    options: dict[str, Any] = {"viewport": viewport, "color_scheme": scheme, "statuses": frozenset({404})}
    async with at_work(chromium, service, **options) as page:
        for path in await paths_to_look_at(page):
            await page.goto(path)
            for summary in await page.locator("summary").all():
                await summary.click()
            assert await overflow_of(page) == 0, path
            await check_accessibility(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_login_and_a_running_verification_are_accessible(
    chromium: Browser, service: OperatedService, scheme: str
) -> None:
    options: dict[str, Any] = {"viewport": PHONE, "color_scheme": scheme, "statuses": frozenset({401})}
    async with visiting(chromium, service.url, **options) as page:
        await page.goto("/admin/login")
        await check_accessibility(page)
        await page.get_by_label("Token").fill("sp_wrong")
        await page.get_by_role("button", name="Log in").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        assert await overflow_of(page) == 0
        await check_accessibility(page)
