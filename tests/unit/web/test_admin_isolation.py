"""A token of one provider sees nothing of another on any operator page.

The cases come from the list of routes: every page is asked for with what belongs to the other provider and
with what nobody has, and both must be answered alike; what lists things must hold nothing of theirs. A route
with a part that this file has no value for fails.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from app.web.admin import ROUTES
from app.web.admin.showing import PLACES
from starlette.routing import Route

from operators import MINE, SAME_SITE, THEIRS, fill, operating, shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from operators import Person

BEFORE_LOGIN = {"/admin/login", "/admin/logout", "/admin/{rest:path}"}
PAGES = [
    (method, route.path)
    for route in ROUTES
    if route.path not in BEFORE_LOGIN
    for method in sorted((route.methods or set()) - {"HEAD"})
    # Asks for whatever is typed; has a test of its own.
    if (method, route.path) != ("POST", "/admin/discovery")
]
FILTERS = {
    "q": (f"{THEIRS}.example", "nobodys.example"),
    "provider": (THEIRS, "nobodys"),
    "hostname": (f"imap.{THEIRS}.example", "imap.nobodys.example"),
    "resource": (f"{THEIRS}.example", "nobodys.example"),
    "after": (f"{THEIRS}.example", "nobodys.example"),
    "token": ("{token}", "f" * 12),
}


@pytest.fixture
async def admin(filled_url: str) -> AsyncIterator[Person]:
    async with operating(filled_url) as found:
        if filled_url.startswith("postgresql"):
            await fill(found)
        yield await found.log_in()


async def ids_of(admin: Person, slug: str) -> dict[str, str]:
    """Return what a provider has that only the service names."""
    headers = {"Authorization": f"Bearer {await admin.token()}"}

    async def first(path: str) -> Any:
        found = (await admin.http.get(f"/api/v1/{path}", headers=headers)).json()["items"]
        return found[0]["id"]

    return {
        "verification": await first(f"domains/{slug}.example/verifications"),
        "endpoint": str(await first(f"endpoints?provider={slug}")),
    }


def path_of(template: str, slug: str, ids: dict[str, str]) -> str:
    values = {
        "/verifications/{id}": f"/verifications/{ids['verification']}",
        "/hosts/{id}": f"/hosts/{ids['endpoint']}",
        "{name}": f"{slug}.example",
    }
    for part, value in values.items():
        template = template.replace(part, value)
    assert "{" not in template, "this file has no value for a part of the path"
    return template


async def asked(person: Person, method: str, path: str) -> httpx.Response:
    if method == "POST":
        return await person.post(path, SAME_SITE)
    return await person.get(path)


def essence(response: httpx.Response, slug: str, ids: dict[str, str]) -> tuple[int, str]:
    """Return an answer with what it was asked for made one."""
    text = response.text
    for name in (f"{slug}.example", *ids.values()):
        text = re.sub(rf"\b{re.escape(name)}\b", "it", text)
    return response.status_code, text


NOBODYS = {"verification": "d" * 16, "endpoint": "888888888"}


@pytest.mark.parametrize(("method", "template"), PAGES)
async def test_what_is_theirs_is_to_others_as_if_it_were_not_there(
    admin: Person, method: str, template: str
) -> None:
    theirs = await ids_of(admin, THEIRS)
    limited = await admin.another().log_in("admin", provider=MINE)
    answer = await asked(limited, method, path_of(template, THEIRS, theirs))
    if "{" in template:
        nobodys = await asked(limited, method, path_of(template, "nobodys", NOBODYS))
        assert answer.status_code == 404
        assert essence(answer, THEIRS, theirs) == essence(nobodys, "nobodys", NOBODYS)
    else:
        assert answer.status_code == 200
        assert THEIRS not in answer.text
        assert MINE in answer.text, "there is something to be seen"


async def test_discovery_compares_with_nothing_of_theirs(admin: Person) -> None:
    limited = await admin.another().log_in("admin", provider=MINE)
    texts = {}
    for slug in (MINE, THEIRS, "nobodys"):
        answer = await limited.post("/admin/discovery", address=f"{slug}.example")
        assert answer.status_code == 200
        # What came in before is in the order in which it did.
        came_to = answer.text.partition('aria-labelledby="found"')[2]
        texts[slug] = re.sub(r"\d+\.\d\d s", "", came_to).replace(f"{slug}.example", "it")
    assert texts[THEIRS] == texts["nobodys"]
    assert "Compared with what is stored" in texts[MINE]
    assert "Compared" not in texts[THEIRS]


@pytest.mark.parametrize("template", [path for method, path in PAGES if "{" not in path])
@pytest.mark.parametrize("name", FILTERS)
async def test_no_filter_tells_whether_something_of_theirs_is_there(
    admin: Person, template: str, name: str
) -> None:
    limited = await admin.another().log_in("admin", provider=MINE)
    token = (await admin.token()).split("_")[1]
    texts = []
    for value in FILTERS[name]:
        answer = await limited.get(template, params={name: value.format(token=token)})
        assert answer.status_code == 200
        # Typed back, and nothing else.
        texts.append(answer.text.replace(value.format(token=token), "it"))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(("method", "template"), PAGES)
async def test_each_page_shows_its_own_people_what_is_theirs(
    admin: Person, method: str, template: str
) -> None:
    limited = await admin.another().log_in("admin", provider=MINE)
    path = path_of(template, MINE, await ids_of(admin, MINE))
    if path.endswith("/events"):
        # It goes on for as long as the verification does.
        assert (await limited.get(path.removesuffix("/events"))).status_code == 200
        return
    answer = await asked(limited, method, path)
    assert answer.status_code == (303 if path.endswith("/verification") and method == "POST" else 200)
    assert THEIRS not in answer.text


@pytest.mark.parametrize(("method", "template"), PAGES)
async def test_without_a_session_nothing_is_answered(admin: Person, method: str, template: str) -> None:
    nobody = admin.another()
    for slug, ids in ((MINE, await ids_of(admin, MINE)), ("nobodys", NOBODYS)):
        path = path_of(template, slug, ids)
        answer = await nobody.http.request(
            method, path, data={} if method == "POST" else None, headers=SAME_SITE
        )
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/admin/login")
        assert answer.content == b""


@pytest.mark.parametrize("scope", ["domains:read", "verify", "audit:read", "webhooks:write"])
async def test_pages_beyond_a_tokens_scopes_are_refused_and_not_linked(admin: Person, scope: str) -> None:
    person = await admin.another().log_in(scope)
    first = await person.get("/admin")
    assert first.status_code == 200
    for _, path, needed in PLACES[1:]:
        answer = await person.get(path)
        assert answer.status_code == (200 if needed == scope else 403)
        assert (f'href="{path}"' in first.text) is (needed == scope)
    if scope != "domains:read":
        assert f"{MINE}.example" not in shown(await person.get(f"/admin/domains/{MINE}.example"))


def test_every_admin_route_is_among_these_or_before_the_login() -> None:
    assert all(isinstance(route, Route) for route in ROUTES)
    assert {route.path for route in ROUTES} == BEFORE_LOGIN | {path for _, path in PAGES}
    assert all(route.path.startswith("/admin") for route in ROUTES)
