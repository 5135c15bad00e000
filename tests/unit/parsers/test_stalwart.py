from __future__ import annotations

import pytest
from app.core.errors import InvalidInput
from app.parsers.domain_lists import parse_domain_lists
from app.parsers.stalwart import parse_stalwart

from moved import losses, names, told
from peer_files import (
    STALWART_PLAN,
    STALWART_PRINCIPALS,
    STALWART_SETTINGS,
    STALWART_TOML,
    a_listener,
    in_json,
    in_lines,
)

DOMAINS = parse_domain_lists(in_json({"data": {"items": STALWART_PRINCIPALS, "total": 2}})).domains


def test_listeners_of_the_file_tell_ports_and_paths_are_fixed() -> None:
    found = parse_stalwart(STALWART_TOML.encode(), DOMAINS)
    (provider,) = found.providers
    assert (provider.slug, provider.display_name) == ("mail-wart-example", "mail.wart.example")
    assert told(provider.servers) == [
        ("imap", "mail.wart.example", 993, "tls"),
        ("smtp", "mail.wart.example", 465, "tls"),
        ("managesieve", "mail.wart.example", 4190, "starttls"),
        ("smtp-2", "mail.wart.example", 587, "starttls"),
        ("jmap", "https://mail.wart.example/.well-known/jmap", None, None),
        ("caldav", "https://mail.wart.example/dav/cal", None, None),
        ("carddav", "https://mail.wart.example/dav/card", None, None),
        ("webdav", "https://mail.wart.example/dav/file", None, None),
    ]
    assert names(found) == {"one.example": ""}
    assert losses(found) == {}


@pytest.mark.parametrize("wrapped", [STALWART_SETTINGS, {"data": {"items": STALWART_SETTINGS, "total": 7}}])
def test_settings_that_its_api_lists_are_read(wrapped: dict[str, object]) -> None:
    found = parse_stalwart(in_json(wrapped), DOMAINS)
    assert told(found.providers[0].servers) == [
        ("imap", "mail.wart.example", 993, "tls"),
        ("smtp", "mail.wart.example", 465, "tls"),
    ]
    assert "no listener for https" in losses(found)["Stalwart"]


def test_a_snapshot_has_the_services_that_are_told_and_the_domains() -> None:
    found = parse_stalwart(in_lines(STALWART_PLAN), DOMAINS)
    assert told(found.providers[0].servers) == [
        ("imap", "mail.wart.example", 993, "tls"),
        ("smtp", "submit.wart.example", 465, "tls"),
        ("managesieve", "mail.wart.example", 4190, "starttls"),
        ("caldav", "https://mail.wart.example/dav/cal", None, None),
    ]
    assert names(found) == {"one.example": "", "off.example": "suspended", "alias.example": "one.example"}
    assert losses(found) == {}


def test_a_port_for_starttls_is_told_where_the_snapshot_says_so() -> None:
    settings = {**STALWART_PLAN[3]["value"], "services": {"imap": {"cleartext": True}}}
    found = parse_stalwart(in_lines([*STALWART_PLAN[:3], {**STALWART_PLAN[3], "value": settings}]))
    assert [one[1:] for one in told(found.providers[0].servers)] == [
        ("mail.wart.example", 993, "tls"),
        ("mail.wart.example", 143, "starttls"),
    ]


def test_what_is_wrong_in_a_snapshot_is_told_with_its_line() -> None:
    odd = {"x": {**a_listener("odd", "imap", 1, tls=True), "bind": {"nonsense": True}}}
    plan = [
        *STALWART_PLAN,
        {"@type": "create", "object": "x:Domain", "value": {"d": {"name": "-"}}},
        {"@type": "create", "object": "NetworkListener", "value": odd},
    ]
    found = losses(parse_stalwart(in_lines(plan)))
    assert found == {
        "Domain - (line 5)": "must consist of letters, digits and hyphens, with no hyphen at a label's end",
        "listener odd": "bind: must be [ADDRESS:]PORT, not nonsense",
    }


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[server\n", "must be TOML, settings in JSON or a snapshot"),
        (b'[server]\nhostname = "%{env:NAME}%"\n', "server.hostname: must be the server's name"),
        (b"{}", "server.hostname: must be the server's name"),
        (b'{"a"}', "line 1: must be JSON"),
        (b'{"@type": "create"}\n{', "line 2.line 1: must be JSON"),
        (b'{"@type": "create"}\n[]', "line 2: must be an object"),
        (b'{"server.hostname": "wart"}', "server.hostname: must have at least two labels"),
    ],
)
def test_what_is_no_configuration_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_stalwart(data)
    assert reason in str(refused.value)


def test_one_object_of_a_plan_may_stand_alone_and_others_are_passed_over() -> None:
    plan = [
        {"@type": "create", "object": "x:NetworkListener", "value": a_listener("p", "pop3", 995, tls=True)},
        {"@type": "create", "object": "Account", "value": {"a": {"name": "jane"}}},
        {"@type": "update", "object": "SystemSettings", "value": {"defaultHostname": "mail.wart.example"}},
    ]
    found = parse_stalwart(in_lines(plan).replace(b"\n", b"\n\n"))
    assert told(found.providers[0].servers) == [("pop3", "mail.wart.example", 995, "tls")]
    assert list(losses(found)) == ["Stalwart"]


def test_a_service_with_a_name_that_is_none_refuses_the_snapshot() -> None:
    settings = {**STALWART_PLAN[3]["value"], "services": {"imap": {"hostname": "-"}}}
    with pytest.raises(InvalidInput, match=r"services\.hostname: must consist of"):
        parse_stalwart(in_lines([*STALWART_PLAN[:3], {**STALWART_PLAN[3], "value": settings}]))


@pytest.mark.parametrize("bind", ["here:143", "x", "[::]:x"])
def test_an_address_that_is_none_leaves_out_its_listener(bind: str) -> None:
    found = parse_stalwart(STALWART_TOML.replace("[::]:993", bind).encode(), DOMAINS)
    assert losses(found) == {"listener imaptls": f"bind: must be [ADDRESS:]PORT, not {bind}"}


def test_a_setting_without_a_value_is_not_set() -> None:
    with pytest.raises(InvalidInput, match=r"server\.hostname"):
        parse_stalwart(in_json({"server.hostname": None}))
