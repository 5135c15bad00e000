"""``make screenshots``: the pages as people see them, into a folder, to be looked at."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from browsing import launched, visiting
from operator_service import MINE, operated
from setup_pages import ADDRESS, serving_setup

_WIDTHS: Final = {"phone": 375, "desktop": 1280}
_PAGES: Final = {
    "start": "/setup",
    "wrong": "/setup?address=jane",
    "unknown": "/setup?address=jane@unknown.example",
    "overview": f"/setup?address={ADDRESS}",
    "domain": "/setup?domain=customer.example",
    "thunderbird": f"/setup/thunderbird?address={ADDRESS}",
    "iphone": f"/setup/iphone-ipad?address={ADDRESS}",
    "mutt": f"/setup/mutt?address={ADDRESS}",
}
_DOMAIN: Final = f"/admin/domains/{MINE}.example"
_ADMIN_PAGES: Final = {
    "admin": "/admin",
    "admin-domains": "/admin/domains",
    "admin-search": "/admin/domains?q=shop",
    "admin-domain": _DOMAIN,
    "admin-documents": f"{_DOMAIN}/documents",
    "admin-records": f"{_DOMAIN}/dns?check=yes",
    "admin-verification": f"{_DOMAIN}/verification",
    "admin-hosts": "/admin/hosts",
    "admin-host": "/admin/hosts/1",
    "admin-findings": "/admin/findings",
    "admin-discovery": "/admin/discovery",
    "admin-audit": "/admin/audit",
    "admin-error": "/admin/nothing",
}
DISCOVERED: Final = "admin-discovered"
_STATUSES: Final = frozenset({400, 404})


async def take(folder: Path, url: str, only: frozenset[str]) -> None:
    async with launched() as browser:
        for width_name, width in _WIDTHS.items():
            for scheme in ("light", "dark"):
                for tag in ("en", "ar") if scheme == "light" else ("en",):
                    options: dict[str, Any] = {
                        "viewport": {"width": width, "height": 800},
                        "color_scheme": scheme,
                        "locale": tag,
                    }
                    async with visiting(browser, url, statuses=_STATUSES, **options) as page:
                        for name, path in _PAGES.items():
                            if only and name not in only:
                                continue
                            await page.goto(path)
                            file = f"{name}-{width_name}-{scheme}-{tag}.png"
                            await page.screenshot(path=folder / file, full_page=True)


async def take_of_operators(folder: Path, url: str, token: str, only: frozenset[str]) -> None:
    async with launched() as browser:
        for width_name, width in _WIDTHS.items():
            for scheme in ("light", "dark"):
                options: dict[str, Any] = {
                    "viewport": {"width": width, "height": 800},
                    "color_scheme": scheme,
                }
                async with visiting(browser, url, statuses=_STATUSES, **options) as page:
                    await page.goto("/admin/login")
                    await page.screenshot(path=folder / f"admin-login-{width_name}-{scheme}.png")
                    await page.get_by_label("Token").fill(token)
                    await page.get_by_role("button", name="Log in").click()
                    for name, path in _ADMIN_PAGES.items():
                        if only and name not in only:
                            continue
                        await page.goto(path)
                        file = f"{name}-{width_name}-{scheme}.png"
                        await page.screenshot(path=folder / file, full_page=True)
                    if not only or DISCOVERED in only:
                        await page.goto("/admin/discovery")
                        await page.get_by_label("Mail address or domain").fill(f"jane@{MINE}.example")
                        await page.get_by_role("button", name="Ask everywhere").click()
                        await page.get_by_text("Thunderbird", exact=True).click()
                        file = f"{DISCOVERED}-{width_name}-{scheme}.png"
                        await page.screenshot(path=folder / file, full_page=True)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    only = frozenset(sys.argv[2:])
    if not only or only & _PAGES.keys():
        with tempfile.TemporaryDirectory() as work, serving_setup(Path(work)) as service:
            asyncio.run(take(folder, service.url, only))
    if not only or only & (_ADMIN_PAGES.keys() | {DISCOVERED}):
        with tempfile.TemporaryDirectory() as work, operated(Path(work)) as operators:
            asyncio.run(take_of_operators(folder, operators.url, operators.token, only))
    print(f"{len(list(folder.glob('*.png')))} screenshots in {folder}")


if __name__ == "__main__":
    main()
