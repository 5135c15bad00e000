"""Setting up mail in a real browser: the whole way, for everybody."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest
import zxingcpp
from app.instructions.clients import CLIENTS_BY_SLUG
from playwright.async_api import expect

from browsing import PHONE, check_accessibility, overflow_of, visiting
from setup_pages import ADDRESS, NAME

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

OVERVIEW: Final = f"/setup?address={ADDRESS}"
REFUSALS: Final = frozenset({400, 404})
PAGES: Final = (
    "/setup",
    "/setup?address=jane",
    "/setup?address=jane@unknown.example",
    OVERVIEW,
    "/setup?domain=customer.example",
    "/setup/no-such-program",
    *(f"/setup/{slug}?address={ADDRESS}" for slug in ("thunderbird", "iphone-ipad", "mutt", "windows-mail")),
)
# By the easiest way of each: all kinds that there are for this provider.
GROUPS: Final = {
    "thunderbird": "Thunderbird finds the settings by itself",
    "iphone-ipad": "With a profile",
    "outlook-new": "By hand, with IMAP",
    "mutt": "With a configuration file",
}


@pytest.mark.parametrize("slug", GROUPS)
async def test_an_address_leads_to_the_steps(chromium: Browser, setup_url: str, slug: str) -> None:
    async with visiting(chromium, setup_url, locale="en") as page:
        await page.goto("/")
        await page.get_by_label("Mail address").fill(ADDRESS)
        await page.get_by_role("button", name="Show my settings").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text(ADDRESS)
        await page.locator(f'.links a[href^="/setup/{slug}?"]').first.click()
        first = page.locator("details.way").first
        await expect(first).to_have_attribute("open", "")
        await expect(first.locator("summary")).to_contain_text(GROUPS[slug])
        folded = page.locator("details.way:not([open]) > summary")
        while await folded.count():
            await folded.first.click()
        shown = await page.locator("main").inner_text()
        assert "imap.nordlicht.example" in shown
        assert "smtp.nordlicht.example" in shown
        assert ADDRESS in shown
        await expect(page.get_by_role("link", name="webmail.nordlicht.example")).to_be_visible()


async def test_the_qr_code_leads_to_the_profile(chromium: Browser, setup_url: str) -> None:
    async with visiting(chromium, setup_url, color_scheme="dark") as page:
        await page.goto(OVERVIEW)
        link = page.get_by_role("link", name="Get the profile")
        url = await link.get_attribute("href")
        code = page.get_by_role("img", name="QR code")
        await code.scroll_into_view_if_needed()
        assert await decoded(page, await code.bounding_box()) == url
        response = await page.request.get(url or "")
        assert response.headers["content-type"] == "application/x-apple-aspen-config; charset=utf-8"


async def decoded(page: Page, box: Any) -> str:
    """Read a QR code off the screen; the page turns the picture into grey for the reader."""
    picture = await page.screenshot(clip=box, scale="device")
    grey = await page.evaluate(
        """async (bytes) => {
          const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], {type: "image/png"}));
          const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
          context.drawImage(bitmap, 0, 0);
          const data = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
          const grey = Array.from({length: bitmap.width * bitmap.height}, (_, at) => data[4 * at]);
          return {width: bitmap.width, height: bitmap.height, grey};
        }""",
        list(picture),
    )
    pixels = memoryview(bytes(grey["grey"])).cast("B", (grey["height"], grey["width"]))
    (found,) = zxingcpp.read_barcodes(pixels)
    return str(found.text)


async def test_values_are_copied(chromium: Browser, setup_url: str) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    async with visiting(chromium, setup_url, permissions=permissions) as page:
        await page.goto(OVERVIEW)
        buttons = page.get_by_role("button", name="Copy")
        assert await buttons.count() == 9
        for number in range(9):
            await buttons.nth(number).click()
            wanted = await buttons.nth(number).get_attribute("data-copy")
            assert await page.evaluate("navigator.clipboard.readText()") == wanted
        await expect(page.get_by_role("status")).to_have_text("Copied")
        await expect(buttons.nth(8)).to_be_focused()


async def test_values_are_copied_where_the_browser_gives_no_clipboard(
    chromium: Browser, setup_url: str
) -> None:
    async with visiting(chromium, setup_url, permissions=["clipboard-read"]) as page:
        await page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        await page.goto(f"/setup/mutt?address={ADDRESS}")
        await page.evaluate(
            "document.addEventListener('copy', () => { window.copied = String(getSelection()) || "
            "document.activeElement.value })"
        )
        await page.get_by_role("button", name="Copy").first.click()
        assert "imaps://imap.nordlicht.example:993/" in await page.evaluate("window.copied")


async def test_a_page_prints_all_ways_and_nothing_to_press(chromium: Browser, setup_url: str) -> None:
    async with visiting(chromium, setup_url, locale="en") as page:
        await page.goto(f"/setup/thunderbird?address={ADDRESS}")
        await page.evaluate("window.print = () => { window.printed = true }")
        await page.get_by_role("button", name="Print this page").click()
        assert await page.evaluate("window.printed")
        await page.emulate_media(media="print")
        await page.evaluate("dispatchEvent(new Event('beforeprint'))")
        for text in ("pop.nordlicht.example", "smtp.nordlicht.example"):
            await expect(page.get_by_text(text).last).to_be_visible()
        for pressed in ("button", ".site-footer", ".bar", ".skip"):
            for found in await page.locator(pressed).all():
                await expect(found).not_to_be_visible()
        await page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert await page.locator("details[open]").count() == 1


async def test_all_of_it_works_without_script(chromium: Browser, setup_url: str) -> None:
    async with visiting(chromium, setup_url, java_script_enabled=False, locale="de") as page:
        await page.goto("/setup")
        await page.locator("#address").fill(ADDRESS)
        await page.locator("form button").click()
        await expect(page.locator("h1")).to_contain_text(ADDRESS)
        assert await page.locator("button:visible").count() == 0
        await expect(page.locator("code", has_text="imap.nordlicht.example")).to_be_visible()
        await page.locator('.links a[href^="/setup/thunderbird?"]').first.click()
        manual = page.locator("details", has_text="pop.nordlicht.example")
        await expect(manual.locator("code", has_text="pop.nordlicht.example")).not_to_be_visible()
        await manual.locator("summary").click()
        await expect(manual.locator("code", has_text="pop.nordlicht.example")).to_be_visible()


async def test_the_keyboard_is_enough(chromium: Browser, setup_url: str) -> None:
    async with visiting(chromium, setup_url, locale="en") as page:
        await page.goto("/setup")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.type(ADDRESS)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text(ADDRESS)
        await reach(page, "Thunderbird for Android, K-9 Mail")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Thunderbird for Android")
        await reach(page, "By hand, with IMAP")
        await page.keyboard.press("Space")
        way = page.locator("details", has=page.get_by_text("By hand, with IMAP"))
        await expect(way).to_have_attribute("open", "")


async def unfold(page: Page) -> None:
    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


async def reach(page: Page, name: str) -> None:
    """Press Tab until something has the focus, and see that it shows it."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        text, outline = await page.evaluate(
            "[document.activeElement.innerText.trim(), getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline != "none", f"nothing shows that {text} has the focus"
        if text == name:
            return
    pytest.fail(f"{name} is not reached")


@pytest.mark.parametrize("locale", ["en", "de", "ar"])
async def test_pages_fit_a_narrow_phone(chromium: Browser, setup_url: str, locale: str) -> None:
    async with visiting(chromium, setup_url, statuses=REFUSALS, viewport=PHONE, locale=locale) as page:
        for path in PAGES:
            await page.goto(path)
            await unfold(page)
            assert await overflow_of(page) == 0, path


@pytest.mark.parametrize(("scheme", "locale"), [("light", "de"), ("dark", "ar")])
async def test_everybody_can_use_every_page(
    chromium: Browser, setup_url: str, scheme: Any, locale: str
) -> None:
    options = {"color_scheme": scheme, "locale": locale}
    async with visiting(chromium, setup_url, statuses=REFUSALS, **options) as page:
        for path in PAGES:
            await page.goto(path)
            await unfold(page)
            await check_accessibility(page)


async def test_dark_is_dark_and_light_is_light(chromium: Browser, setup_url: str) -> None:
    shades = []
    for scheme in ("light", "dark"):
        async with visiting(chromium, setup_url, color_scheme=scheme) as page:
            await page.goto("/setup")
            colour = await page.evaluate("getComputedStyle(document.body).backgroundColor")
            shades.append(sum(int(part) for part in re.findall(r"\d+", colour)[:3]))
    assert shades[0] > 600
    assert shades[1] < 150


async def test_german_is_german_and_can_be_changed(chromium: Browser, setup_url: str) -> None:
    async with visiting(chromium, setup_url, locale="de-AT") as page:
        await page.goto(OVERVIEW)
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await expect(page.get_by_role("heading", name="Am schnellsten")).to_be_visible()
        await page.get_by_role("link", name="Français").click()
        await expect(page.locator("html")).to_have_attribute("lang", "fr")
        await page.locator('.links a[href^="/setup/thunderbird?"]').first.click()
        await expect(page.locator("html")).to_have_attribute("lang", "fr")


async def test_arabic_runs_from_right_to_left_and_values_do_not(chromium: Browser, setup_url: str) -> None:
    async with visiting(chromium, setup_url, locale="ar") as page:
        await page.goto(f"/setup/thunderbird?address={ADDRESS}")
        await page.locator("details:not([open]) > summary").first.click()
        await expect(page.locator("html")).to_have_attribute("dir", "rtl")
        number, text = [
            await page.locator(f"details .steps > li:first-child{part}").first.bounding_box()
            for part in ("", " > p")
        ]
        assert number
        assert text
        # The step's number stands to the right of its text.
        assert number["x"] + number["width"] > text["x"] + text["width"] + 30
        heading, whose = [await page.locator(part).bounding_box() for part in ("main h1", ".whose bdi")]
        assert heading
        assert whose
        assert abs(heading["x"] + heading["width"] - whose["x"] - whose["width"]) < 2
        for value in await page.locator("details[open] .values code").all():
            assert await value.evaluate("(one) => getComputedStyle(one).direction") == "ltr"


async def test_a_page_is_light(chromium: Browser, setup_url: str) -> None:
    sizes: dict[str, int] = {}
    async with visiting(chromium, setup_url) as page:
        page.on("response", lambda found: sizes.update({found.url: int(found.headers["content-length"])}))
        await page.goto(OVERVIEW, wait_until="networkidle")
        files = sum(size for url, size in sizes.items() if "/static/" in url)
        assert len(sizes) >= 3, "the page, its style and its script"
        for path in (OVERVIEW, *(f"/setup/{slug}?address={ADDRESS}" for slug in CLIENTS_BY_SLUG)):
            response = await page.request.get(path)
            assert files + int(response.headers["content-length"]) < 100_000, path


async def test_the_provider_is_named(chromium: Browser, setup_url: str) -> None:
    async with visiting(chromium, setup_url, locale="en") as page:
        await page.goto(OVERVIEW)
        await expect(page.get_by_role("banner")).to_contain_text(NAME)
        await expect(page.get_by_role("link", name="All about your mailbox")).to_be_visible()
