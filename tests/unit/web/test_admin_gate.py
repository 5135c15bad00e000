"""The way in and out of the operator pages, and what keeps others out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from databases import ON_SQLITE
from operators import MINE, SAME_SITE, fill, operating, shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from operators import Person

COOKIE = "signpost"
pytestmark = ON_SQLITE


@pytest.fixture
async def person(database_url: str) -> AsyncIterator[Person]:
    async with operating(database_url, free_attempts=2) as found:
        yield found


def cookie_of(response: Any) -> str:
    """Return the one cookie that an answer sets."""
    (found,) = response.headers.get_list("set-cookie")
    return str(found)


async def test_who_is_not_in_is_asked_for_a_token_and_led_back_afterwards(person: Person) -> None:
    asked = await person.get("/admin/hosts?state=bad")
    assert (asked.status_code, asked.headers["location"]) == (
        303, "/admin/login?next=%2Fadmin%2Fhosts%3Fstate%3Dbad",
    )  # fmt: skip
    form = await person.get(asked.headers["location"])
    assert 'name="next" value="/admin/hosts?state=bad"' in form.text
    sent = await person.send_token(await person.token(), next="/admin/hosts?state=bad")
    assert (sent.status_code, sent.headers["location"]) == (303, "/admin/hosts?state=bad")
    assert (await person.get(sent.headers["location"])).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "https://elsewhere.example/admin/", "//elsewhere.example/admin/", "/setup", "/administer",
        "\\\\elsewhere.example", "/admin\\@elsewhere.example", "/admin/../setup", "/admin/login",
        "/admin\n/x", "javascript:alert(1)", "http:///admin/x", "//[/admin", "",
    ],
)  # fmt: skip
async def test_nobody_is_led_to_what_is_no_operator_page(person: Person, path: str) -> None:
    sent = await person.send_token(await person.token(), next=path)
    assert (sent.status_code, sent.headers["location"]) == (303, "/admin")


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(person: Person) -> None:
    sent = await person.send_token(await person.token())
    cookie = cookie_of(sent)
    assert re.fullmatch(r"signpost=[\w-]{43}; HttpOnly; Path=/; SameSite=strict", cookie)
    assert sent.headers["cache-control"] == "no-store"


async def test_over_https_the_cookie_is_of_this_host_alone(database_url: str) -> None:
    async with operating(database_url, public_url="https://signpost.example") as person:
        cookie = cookie_of(await person.send_token(await person.token()))
        assert re.fullmatch(r"__Host-signpost=[\w-]{43}; HttpOnly; Path=/; SameSite=strict; Secure", cookie)
        assert (await person.get("/admin")).status_code == 200


async def test_the_token_is_in_no_page_no_url_and_no_log(person: Person) -> None:
    token = await person.token()
    with capture_logs() as logs:
        sent = await person.send_token(token)
        pages = [await person.get(path) for path in ("/admin", "/admin/audit", "/admin/domains")]
        wrong = await person.another().send_token(f"{token}x")
    secret = token.split("_", 2)[2]
    for answer in (sent, wrong, *pages):
        assert secret not in answer.text
        assert secret not in str(answer.headers)
    assert secret not in str(logs)
    assert [line["event"] for line in logs if line["event"].startswith("login")] == ["login", "login_refused"]
    assert {line["token"] for line in logs if line["event"] == "login"} == {token.split("_")[1]}


@pytest.mark.parametrize("token", ["", "x", "sp_000000000000_" + "A" * 43, "\x00", "ü" * 1000])
async def test_what_is_no_token_opens_nothing(person: Person, token: str) -> None:
    sent = await person.send_token(token)
    assert sent.status_code == 401
    assert "set-cookie" not in sent.headers
    assert "This is no token" in sent.text
    assert 'aria-invalid="true"' in sent.text


async def test_who_sends_wrong_tokens_has_to_wait_as_with_the_api(person: Person) -> None:
    token = await person.token()
    for _ in range(2):
        assert (await person.send_token("wrong")).status_code == 401
    refused = await person.send_token(token)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert "Wait" in shown(refused)
    api = await person.http.get("/api/v1/domains", headers={"Authorization": f"Bearer {token}"})
    assert api.status_code == 429, "both count together"
    assert (await person.another("192.0.2.77").send_token(token)).status_code == 303


async def test_a_secret_that_somebody_brought_along_is_not_taken(person: Person) -> None:
    planted = "A" * 43
    person.http.cookies.set(COOKIE, planted, domain="signpost.example")
    sent = await person.send_token(await person.token())
    assert planted not in cookie_of(sent)
    other = person.another()
    other.http.cookies.set(COOKIE, planted, domain="signpost.example")
    assert (await other.get("/admin")).status_code == 303


async def test_logging_in_again_ends_the_session_before(person: Person) -> None:
    await person.log_in()
    before = person.another()
    before.http.cookies.update(person.http.cookies)
    assert (await before.get("/admin")).status_code == 200
    await person.send_token(await person.token())
    assert (await person.get("/admin")).status_code == 200
    assert (await before.get("/admin")).status_code == 303


async def test_logging_out_ends_the_session_and_not_only_the_cookie(person: Person) -> None:
    await person.log_in()
    stolen = person.another()
    stolen.http.cookies.update(person.http.cookies)
    out = await person.post("/admin/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/admin/login")
    assert "Max-Age=0" in cookie_of(out)
    assert (await person.get("/admin")).status_code == 303
    assert (await stolen.get("/admin")).status_code == 303


async def test_who_is_out_already_may_log_out_again(person: Person) -> None:
    out = await person.http.post("/admin/logout", data={}, headers=SAME_SITE)
    assert (out.status_code, out.headers["location"]) == (303, "/admin/login")


async def test_who_is_in_need_not_log_in(person: Person) -> None:
    await person.log_in()
    form = await person.get("/admin/login?next=/admin/hosts")
    assert (form.status_code, form.headers["location"]) == (303, "/admin/hosts")


async def test_a_link_from_elsewhere_has_the_page_ask_itself_once(person: Person) -> None:
    refresh = '<meta http-equiv="refresh" content="0">'
    from_elsewhere = await person.get("/admin/login", headers={"Sec-Fetch-Site": "cross-site"})
    assert refresh in from_elsewhere.text
    for headers in ({}, SAME_SITE, {"Sec-Fetch-Site": "none"}):
        assert refresh not in (await person.get("/admin/login", headers=headers)).text


async def test_a_revoked_token_ends_its_pages_at_once(person: Person) -> None:
    await person.log_in()
    headers = {"Authorization": f"Bearer {await person.token()}"}
    tokens = (await person.http.get("/api/v1/tokens", headers=headers)).json()["items"]
    own = headers["Authorization"].split("_")[1]
    for one in tokens:
        if one["id"] == own:
            continue
        await person.http.delete(f"/api/v1/tokens/{one['id']}", headers=headers)
    assert (await person.get("/admin")).status_code == 303


FORMS = ("/admin/logout", f"/admin/domains/{MINE}.example/verification")


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_without_the_sessions_key_does_nothing(person: Person, path: str) -> None:
    await fill(person)
    await person.log_in()
    other = await person.another().log_in()
    for key in ("", "0" * 64, await other.form_key()):
        sent = await person.http.post(path, data={"form_key": key}, headers=SAME_SITE)
        assert sent.status_code == 403
        assert "another site" in sent.text
    assert (await person.get("/admin")).status_code == 200, "still in"


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": ""},
        {"Origin": "http://signpost.example", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_form_from_elsewhere_does_nothing(person: Person, path: str, headers: dict[str, str]) -> None:
    await fill(person)
    await person.log_in()
    sent = await person.post(path, headers)
    assert sent.status_code == 403
    assert (await person.get("/admin")).status_code == 200, "still in"


@pytest.mark.parametrize("headers", [SAME_SITE, {"Origin": "http://signpost.example"}, {}])
async def test_a_form_of_ours_counts_however_the_browser_tells_of_itself(
    person: Person, headers: dict[str, str]
) -> None:
    await person.log_in()
    assert (await person.post("/admin/logout", headers)).status_code == 303


async def test_nobody_is_logged_in_from_elsewhere(person: Person) -> None:
    data = {"token": await person.token()}
    sent = await person.http.post("/admin/login", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status_code == 403
    assert "set-cookie" not in sent.headers


async def test_what_is_no_form_is_refused(person: Person) -> None:
    await person.log_in()
    sent = await person.http.post("/admin/logout", json={"form_key": "x"}, headers=SAME_SITE)
    assert sent.status_code == 400


async def test_a_page_says_where_it_was_asked_from_to_nobody_else(person: Person) -> None:
    await person.log_in()
    for path in ("/admin", "/admin/login", "/admin/domains/none.example", "/admin/nothing"):
        answer = await person.get(path)
        # To ourselves, since browsers else hide where our own forms come from.
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "unsafe" not in answer.headers["content-security-policy"]


async def test_sessions_are_limited_as_their_tokens_are(database_url: str) -> None:
    async with operating(database_url, requests_per_minute_per_token=3) as person:
        await person.log_in()
        statuses = [(await person.get("/admin")).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]


async def test_below_a_path_of_its_own_all_stays_below_it(database_url: str) -> None:
    async with operating(database_url) as person:
        person.http._transport.root_path = "/mail"  # type: ignore[attr-defined]
        person.http.base_url = "http://signpost.example/mail/"
        asked = await person.get("/admin/hosts")
        assert asked.headers["location"] == "/mail/admin/login?next=%2Fadmin%2Fhosts"
        sent = await person.send_token(await person.token(), next="/admin/hosts")
        assert sent.headers["location"] == "/mail/admin/hosts"
        page = (await person.get("/admin/hosts")).text
        assert 'href="/admin' not in page
        assert '<a href="/mail/admin/hosts" aria-current="page">Hosts</a>' in page
