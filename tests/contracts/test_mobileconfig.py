"""Apple profiles, against Apple's schemas and against what goes wrong on devices."""

from __future__ import annotations

import plistlib
from dataclasses import replace
from typing import Any

import pytest
from app.core.documents import Document, Presentation
from app.core.profile_texts import TEXTS
from app.core.servers import Direction

from builders import an_account, an_imap_server
from builders import an_smtp_server as smtp
from contracts.accounts import ACCOUNTS, addressed
from contracts.apple import faults
from contracts.apple_keys import IOS, MACOS, MAILBOXES, PAYLOADS
from contracts.profiles import JANE, MOBILECONFIG, document_of, profile_of


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_profile_is_right_by_apples_schemas(name: str, language: str) -> None:
    presentation = Presentation(languages=(language,), person="Jane Doe")
    document = MOBILECONFIG.render(addressed(ACCOUNTS[name]), presentation)
    if document.is_usable:
        assert faults(document.body) == []
    else:
        assert document.body == b""


@pytest.mark.parametrize("name", ["exchange", "jmap-only", "nothing", "oauth2-only", "send-only"])
def test_an_account_that_cannot_be_said_has_no_profile(name: str) -> None:
    assert not MOBILECONFIG.render(addressed(ACCOUNTS[name]), Presentation()).is_usable


@pytest.mark.parametrize("platform", [IOS, MACOS])
@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_device_gets_the_mailbox(name: str, platform: str) -> None:
    account = addressed(ACCOUNTS[name])
    document = MOBILECONFIG.render(account, Presentation())
    if document.is_usable and any(s.type.direction is not Direction.SERVICE for s in account.servers):
        types = [payload["PayloadType"] for payload in plistlib.loads(document.body)["PayloadContent"]]
        assert [one for one in types if one in MAILBOXES and platform in PAYLOADS[one].platforms]


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_server_is_in_the_profile_or_explained(name: str) -> None:
    account = addressed(ACCOUNTS[name])
    document = MOBILECONFIG.render(account, Presentation())
    explained = {found.server for found in document.omissions}
    hosts = document.body.decode()
    for server in account.servers:
        host = account.expanded(server.hostname or server.url or "").split("/")[-1 if server.hostname else 2]
        assert server.key in explained or host.partition(":")[0] in hosts


@pytest.mark.parametrize("name", sorted(ACCOUNTS))
def test_a_domain_without_an_address_gets_no_profile(name: str) -> None:
    account = replace(ACCOUNTS[name], address=None, login_address=None)
    document = MOBILECONFIG.render(account, Presentation())
    assert not document.is_usable
    assert document.omissions[0].reason == "address-needed"
    with_address = MOBILECONFIG.render(addressed(account), Presentation())
    assert document.omissions[1:] == with_address.omissions


DAMAGES: list[tuple[str, Any]] = [
    ("PayloadIdentifier: is missing", lambda profile, _: profile.pop("PayloadIdentifier")),
    ("PayloadVersion: 2 is not", lambda profile, _: profile.update(PayloadVersion=2)),
    ("no such key", lambda profile, _: profile.update(Payload="x")),
    ("not the system", lambda profile, _: profile.update(PayloadScope="System")),
    ("no default", lambda profile, _: profile["ConsentText"].pop("default")),
    ("sets up nothing", lambda _, payloads: payloads.clear()),
    ("no such payload", lambda _, payloads: payloads[0].update(PayloadType="com.apple.mail")),
    ("EmailAccountType: is missing", lambda _, payloads: payloads[0].pop("EmailAccountType")),
    ("left to the device", lambda _, payloads: payloads[0].pop("OutgoingMailServerPortNumber")),
    ("asked for twice", lambda _, payloads: payloads[0].pop("OutgoingPasswordSameAsIncomingPassword")),
    ("is str, not int", lambda _, payloads: payloads[0].update(IncomingMailServerPortNumber="993")),
    ("is bool, not int", lambda _, payloads: payloads[0].update(IncomingMailServerPortNumber=True)),
    ("is no port", lambda _, payloads: payloads[0].update(IncomingMailServerPortNumber=0)),
    ("is int, not bool", lambda _, payloads: payloads[0].update(IncomingMailServerUseSSL=1)),
    (
        "not among the values",
        lambda _, payloads: payloads[0].update(IncomingMailServerAuthentication="EmailAuthOAuth2"),
    ),
    ("a password", lambda _, payloads: payloads[0].update(IncomingPassword="secret")),
    ("is deprecated", lambda _, payloads: payloads[0].update(SMIMEEnabled=True)),
    ("is empty", lambda _, payloads: payloads[0].update(EmailAccountName="")),
    (
        "AccountDescription: jane@customer.example (Calendars) comes twice",
        lambda _, payloads: payloads[0].update(EmailAccountDescription=f"{JANE} (Calendars)"),
    ),
    ("not below", lambda _, payloads: payloads[0].update(PayloadIdentifier="example.customer")),
    ("comes twice", lambda _, payloads: payloads[1].update(PayloadUUID=payloads[0]["PayloadUUID"])),
    ("is no UUID", lambda _, payloads: payloads[1].update(PayloadUUID="1")),
    ("is no host name", lambda _, payloads: payloads[1].update(CalDAVHostName="https://dav.example")),
    (
        "not among the values",
        lambda _, payloads: payloads[3]["LDAPSearchSettings"][0].update(LDAPSearchSettingScope="All"),
    ),
    ("comes more than once", lambda _, payloads: payloads.append({**payloads[0]})),
]


@pytest.mark.parametrize(("fault", "damage"), DAMAGES)
def test_the_checker_finds_what_is_wrong(fault: str, damage: Any) -> None:
    document = MOBILECONFIG.render(addressed(ACCOUNTS["groupware"]), Presentation())
    profile = plistlib.loads(document.body)
    assert faults(plistlib.dumps(profile)) == []
    damage(profile, profile["PayloadContent"])
    assert [found for found in faults(plistlib.dumps(profile)) if fault in found]


def test_every_key_of_the_table_has_a_reader() -> None:
    for payload in PAYLOADS.values():
        assert all(key.platforms & payload.platforms for key in payload.keys.values())


def test_the_checker_takes_no_document_with_a_mark_before_it() -> None:
    document = MOBILECONFIG.render(addressed(ACCOUNTS["groupware"]), Presentation())
    assert faults(b"\xef\xbb\xbf" + document.body)


def test_the_same_mailbox_keeps_its_names_whatever_it_is_asked_by() -> None:
    def names(document: Document) -> list[Any]:
        profile = plistlib.loads(document.body)
        everything = (profile, *profile["PayloadContent"])
        return [(one["PayloadIdentifier"], one["PayloadUUID"]) for one in everything]

    account = an_account(address=JANE)
    expected = names(MOBILECONFIG.render(account, Presentation()))
    german = Presentation(languages=("de",), person="Jane")
    assert names(MOBILECONFIG.render(account, german)) == expected
    assert names(document_of(address="Jane@customer.example")) == expected
    tagged = document_of(address="jane+list@customer.example", subaddress_separator="+")
    assert names(tagged) == expected
    moved_host = document_of(an_imap_server(hostname="elsewhere.example"), smtp())
    assert names(moved_host) == expected


def test_another_mailbox_never_shares_a_name() -> None:
    seen: set[str] = set()
    for address in (JANE, "john@customer.example", "jane-@customer.example", "jane@elsewhere.example"):
        profile = profile_of(address=address, domain=address.partition("@")[2])
        for one in (profile, *profile["PayloadContent"]):
            assert one["PayloadUUID"] not in seen
            assert one["PayloadIdentifier"] not in seen
            seen |= {one["PayloadUUID"], one["PayloadIdentifier"]}


def test_a_mailbox_that_moved_replaces_its_profile_and_starts_afresh() -> None:
    before, after = profile_of(), profile_of(slug="other")
    assert before["PayloadIdentifier"] == after["PayloadIdentifier"]
    assert before["PayloadUUID"] != after["PayloadUUID"]
    pairs = zip(before["PayloadContent"], after["PayloadContent"], strict=True)
    assert all(old["PayloadUUID"] != new["PayloadUUID"] for old, new in pairs)


def test_the_identifier_tells_the_domain_but_not_the_local_part() -> None:
    identifier = profile_of()["PayloadIdentifier"]
    assert identifier.startswith("example.customer.signpost.")
    assert "jane" not in identifier


@pytest.mark.parametrize(
    ("languages", "word"),
    [(("de",), "Kontakte"), (("da", "fr-ch"), "Contacts"), (("pt-br",), "Contactos"), (("da",), "Contacts")],
)
def test_names_are_in_the_readers_language(languages: tuple[str, ...], word: str) -> None:
    document = MOBILECONFIG.render(addressed(ACCOUNTS["groupware"]), Presentation(languages=languages))
    names = [payload["PayloadDisplayName"] for payload in plistlib.loads(document.body)["PayloadContent"]]
    assert f"{JANE} ({word})" in names


def test_consent_is_asked_for_in_every_language_in_its_own_words() -> None:
    document = MOBILECONFIG.render(addressed(ACCOUNTS["groupware"]), Presentation(languages=("nl",)))
    consent = plistlib.loads(document.body)["ConsentText"]
    assert set(consent) == {*TEXTS, "default"}
    assert consent["default"] == consent["en"]
    assert "Kalender, Kontakte" in consent["de"]
    assert all(JANE in text and "The Provider" in text for text in consent.values())
    assert len(set(consent.values())) == len(TEXTS)


def test_a_document_is_the_same_bytes_each_time() -> None:
    for account in ACCOUNTS.values():
        once, again = (MOBILECONFIG.render(addressed(account), Presentation()) for _ in range(2))
        assert once == again
