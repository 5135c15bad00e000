"""The addresses of other programs, asked as their clients ask them (their own routes, as of 2026).

What a program answers at is where its users' mail programs, bookmarks and documentation lead: when the
host moves here, each goes on being answered with the domain's own servers.
"""

from __future__ import annotations

import json
import plistlib
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from api_client import opened_api, with_tenants
from databases import ON_SQLITE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from api_client import ApiClient

pytestmark = ON_SQLITE

JANE = "jane@customer.example"
AUTOCONFIG = "autoconfig.customer.example"
AUTODISCOVER = "autodiscover.customer.example"
SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover"
OUTLOOK = f"{SCHEMAS}/outlook/responseschema/2006a"
BODY = (
    f"<Request><EMailAddress>{JANE}</EMailAddress>"
    f"<AcceptableResponseSchema>{OUTLOOK}</AcceptableResponseSchema></Request>"
)
REQUEST = f'<Autodiscover xmlns="{SCHEMAS}/outlook/requestschema/2006">{BODY}</Autodiscover>'
PREFIXED = (
    f'<a:Autodiscover xmlns:a="{SCHEMAS}/outlook/requestschema/2006">'
    + BODY.replace("</", "</a:").replace("<", "<a:").replace("<a:/a:", "</a:")
    + "</a:Autodiscover>"
)
SCHEMA_FIRST = REQUEST.replace(f"<EMailAddress>{JANE}</EMailAddress>", "").replace(
    "</Request>", f"<EMailAddress>{JANE}</EMailAddress></Request>"
)

BY_NAME = f"emailaddress={JANE}"
NOBODY = "emailaddress=EVOLUTIONUSER%40customer.example&emailmd5=x"
CONFIGURATIONS = {
    "automx, automx2, Stalwart, mox, solarssk": f"/mail/config-v1.1.xml?{BY_NAME}",
    "Monogramm, wdes, La Contre-Voie: without an address": "/mail/config-v1.1.xml",
    "mailcow: any case": f"/Mail/Config-v1.1.xml?{BY_NAME}",
    "automx 3, Stalwart, Mailu": f"/.well-known/autoconfig/mail/config-v1.1.xml?{BY_NAME}",
    "Stalwart, as GNOME asks": f"/.well-known/mail-v1.xml?{BY_NAME}",
    "wdes": "/v1.1/mail/config-v1.1.xml",
    "K-9 and KMail: without an address": "/.well-known/autoconfig/mail/config-v1.1.xml",
    "Evolution: a name for anybody": f"/mail/config-v1.1.xml?{NOBODY}",
}
POSTS = {
    "automx, automx2, Monogramm, solarssk": ("/autodiscover/autodiscover.xml", REQUEST),
    "Outlook, Stalwart, mailcow, Monogramm": ("/Autodiscover/Autodiscover.xml", REQUEST),
    "automx2, Stalwart, wdes": ("/AutoDiscover/AutoDiscover.xml", REQUEST),
    "mailcow, Mailu, Mail-in-a-Box: any case": ("/AUTODISCOVER/autodiscover.XML", REQUEST),
    "freman: a namespace with a prefix": ("/autodiscover/autodiscover.xml", PREFIXED),
    "modoboa: no namespace": ("/autodiscover/autodiscover.xml", f"<Autodiscover>{BODY}</Autodiscover>"),
    "Thunderbird: the schema first": ("/autodiscover/autodiscover.xml", SCHEMA_FIRST),
}
PROFILES = {
    "automx2": f"/mobileconfig/?{BY_NAME}",
    "automx2 with a name": f"/mobileconfig/?{BY_NAME}&name=Jane",
    "Monogramm, wdes": f"/email.mobileconfig?email={JANE}",
    "Plesk": f"/email.mobileconfig?{BY_NAME}",
    "La Contre-Voie": f"/email/mobileconfig?email={JANE}",
    "solarssk": f"/mail/ios.mobileconfig?{BY_NAME}",
    "solarssk, well-known": f"/.well-known/apple-mail.mobileconfig?{BY_NAME}",
    "mox": f"/profile.mobileconfig?addresses={JANE}&name=Jane",
    "mox with several addresses": f"/profile.mobileconfig?addresses={JANE},sales@customer.example&name=Jane",
}
COUNT = "RedirectCount=1"
SERVICES = {
    "Outlook 2019, mailcow": f"/autodiscover/autodiscover.json?Email={JANE}&Protocol=Autodiscoverv1&{COUNT}",
    "wdes, La Contre-Voie": f"/Autodiscover/Autodiscover.json?Email={JANE}&Protocol=AutodiscoverV1",
    "Stalwart: address in the path": f"/autodiscover/autodiscover.json/v1.0/{JANE}?Protocol=AutodiscoverV1",
    "mailcow: any case": f"/AutoDiscover/autodiscover.JSON?email={JANE}&protocol=autodiscoverv1",
}


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[ApiClient]:
    async with opened_api(database_url, public_url="https://signpost.example") as client:
        await with_tenants(client)
        await client.ok("PUT", "/api/v1/domains/customer.example", {"provider": "provider"})
        yield client


@pytest.mark.parametrize("who", CONFIGURATIONS)
async def test_a_place_of_autoconfig_is_answered(api: ApiClient, who: str) -> None:
    answer = await api.http.get(CONFIGURATIONS[who], headers={"Host": AUTOCONFIG})
    assert answer.status_code == 200
    root = ET.fromstring(answer.content)  # noqa: S314 - our own
    assert [node.text for node in root.iter("domain")] == ["customer.example"]
    assert root.find(".//incomingServer/hostname") is not None


@pytest.mark.parametrize("who", POSTS)
async def test_a_place_of_autodiscover_is_answered(api: ApiClient, who: str) -> None:
    path, body = POSTS[who]
    answer = await api.http.post(
        path, content=body, headers={"Host": AUTODISCOVER, "Content-Type": "text/xml"}
    )
    assert answer.status_code == 200
    assert f"{{{OUTLOOK}}}LoginName" in {node.tag for node in ET.fromstring(answer.content).iter()}  # noqa: S314


@pytest.mark.parametrize("who", PROFILES)
async def test_a_place_of_profiles_is_answered(api: ApiClient, who: str) -> None:
    answer = await api.http.get(PROFILES[who], headers={"Host": AUTOCONFIG})
    assert answer.status_code == 200
    (payload,) = plistlib.loads(answer.content)["PayloadContent"]
    assert payload["EmailAddress"] == JANE


async def test_the_form_of_automx_is_answered_without_its_password(api: ApiClient) -> None:
    fields = {"_mobileconfig": "true", "cn": "Jane", "emailaddress": JANE}
    sent = await api.http.post("/mobileconfig", data=fields, headers={"Host": AUTOCONFIG})
    assert sent.status_code == 200
    refused = await api.http.post(
        "/mobileconfig", data={**fields, "password": "x"}, headers={"Host": AUTOCONFIG}
    )
    assert refused.status_code == 400


@pytest.mark.parametrize("who", SERVICES)
async def test_a_place_of_autodiscover_version_2_is_answered(api: ApiClient, who: str) -> None:
    answer = await api.http.get(SERVICES[who], headers={"Host": AUTODISCOVER})
    assert answer.status_code == 200
    assert json.loads(answer.content)["Url"].lower().endswith("/autodiscover/autodiscover.xml")
