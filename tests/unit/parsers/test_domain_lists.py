from __future__ import annotations

from typing import Any

import pytest
from app.core.errors import InvalidInput
from app.core.moving import MAX_FILE_BYTES
from app.parsers.domain_lists import parse_domain_lists

from moved import losses, names
from peer_files import (
    IREDMAIL_TABLE,
    MAILCOW_ALIASES,
    MAILCOW_DOMAINS,
    POSTFIX_MAIN,
    POSTFIX_MAP,
    POWERDNS_TABLE,
    STALWART_PLAN,
    STALWART_PRINCIPALS,
    in_json,
)


def test_the_keys_of_a_lookup_table_are_domains() -> None:
    found = parse_domain_lists(POSTFIX_MAP.encode())
    assert names(found) == {"one.example": "", "two.example": ""}
    assert list(losses(found)) == ["domain /.*/ (line 6)"]


def test_a_parameter_names_domains_and_may_go_on_in_the_next_line() -> None:
    found = parse_domain_lists(POSTFIX_MAIN.encode())
    assert list(names(found)) == ["myhostname.example", "one.example", "two.example", "three.example"]
    assert list(losses(found)) == ["domain hash:/etc/postfix/more (line 3)"]


@pytest.mark.parametrize(
    "text", ["a.example\nb.example\n", "a.example, b.example", "\ufeffA.example\r\nb.example."]
)
def test_plain_lists_are_read(text: str) -> None:
    assert names(parse_domain_lists(text.encode())) == {"a.example": "", "b.example": ""}


@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
def test_tables_tell_what_is_off_and_what_is_relayed(delimiter: str) -> None:
    found = parse_domain_lists(IREDMAIL_TABLE.replace("\t", delimiter).encode())
    assert names(found) == {"one.example": "", "off.example": "suspended"}
    assert "backup MX" in losses(found)["domain relayed.example"]


def test_a_table_of_postgresql_says_t_and_f() -> None:
    found = parse_domain_lists(
        b"domain,active,backupmx\non.example,t,f\noff.example,f,f\nrelayed.example,t,t\n"
    )
    assert names(found) == {"on.example": "", "off.example": "suspended"}
    assert list(losses(found)) == ["domain relayed.example"]


def test_a_type_in_a_table_says_nothing_of_whether_it_is_a_domain() -> None:
    found = parse_domain_lists(POWERDNS_TABLE.encode(), b"domain,type\na.example,list\n")
    assert names(found) == {"one.example": "", "two.example": "", "a.example": ""}
    assert losses(found) == {}


@pytest.mark.parametrize(
    "other", ["individual", "superuser", "group", "list", "resource", "location", "other", "tenant", "role",
              "apiKey", "oauthClient"],
)  # fmt: skip
def test_what_stalwart_lists_beside_its_domains_is_none(other: str) -> None:
    principals = [{"type": other, "name": "x.example"}, {"type": "domain", "name": "a.example"}]
    found = parse_domain_lists(in_json(principals))
    assert (names(found), losses(found)) == ({"a.example": ""}, {})


@pytest.mark.parametrize("kind", ["Zone", "MASTER", ["domain"], None, 7])
def test_objects_of_types_that_are_not_known_are_domains(kind: object) -> None:
    zones = [{"type": kind, "name": "a.example."}, {"type": kind, "name": "no name"}]
    found = parse_domain_lists(in_json(zones))
    assert names(found) == {"a.example": ""}
    assert list(losses(found)) == ["domain no name (entry 1)"]


def test_a_quote_between_tabs_is_a_text_s_own() -> None:
    found = parse_domain_lists(b'domain\tdescription\tactive\na.example\t"A" Ltd\t0\n"b.example"\t"\t1\n')
    assert names(found) == {"a.example": "suspended", "b.example": ""}


def test_lines_that_are_all_indented_do_not_go_on_with_one_another() -> None:
    assert names(parse_domain_lists(b" a.example\n b.example\n\n")) == {"a.example": "", "b.example": ""}


def test_other_parameters_of_postfix_are_no_domains_whatever_they_name() -> None:
    text = (
        b"smtpd_client_restrictions = permit_mynetworks,\n  reject_rbl_client lists.example\n"
        b"virtual_mailbox_domains = a.example\n"
    )
    found = parse_domain_lists(text)
    assert names(found) == {"a.example": ""}
    assert list(losses(found)) == ["smtpd_client_restrictions (line 1)"]


def test_aliases_of_a_table_have_their_targets() -> None:
    found = parse_domain_lists(b'"alias_domain","target_domain","active"\n"b.example","a.example","1"\n')
    assert names(found) == {"b.example": "a.example"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (MAILCOW_DOMAINS, {"one.example": "", "off.example": "suspended"}),
        (MAILCOW_ALIASES, {"alias.example": "one.example"}),
        (STALWART_PRINCIPALS, {"one.example": ""}),
        ({"data": {"items": STALWART_PRINCIPALS, "total": 2}}, {"one.example": ""}),
        ({"list": list(STALWART_PLAN[1]["value"].values())}, {
            "one.example": "", "alias.example": "one.example", "off.example": "suspended",
        }),
    ],
)  # fmt: skip
def test_answers_of_management_apis_are_read(value: Any, expected: dict[str, str]) -> None:
    assert names(parse_domain_lists(in_json(value))) == expected


def test_a_domain_that_is_listed_as_two_things_is_told() -> None:
    found = parse_domain_lists(in_json([*MAILCOW_ALIASES, {"domain_name": "alias.example"}, {"x": 1}]))
    assert losses(found) == {
        "domain alias.example (entry 1)": "is listed before as something else",
        "entry 2": "must have one of alias_domain, domain_name, domain, name",
    }


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a.example\n\xff", "line 2: must be UTF-8"),
        (b"[\n1,\n", "line 3: must be JSON"),
        (b"[1]", "0: must be an object"),
        (b'{"data": {"items": 1}}', "must be a list of domains"),
        (b"[" * 100_000, "must be JSON"),
    ],
)
def test_what_is_no_list_is_refused_with_its_place(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_domain_lists(data)
    assert reason in str(refused.value)


def test_a_table_with_a_cell_that_does_not_end_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_domain_lists(b'domain,target\n"' + b"x" * 5_000_000)
    assert str(refused.value).startswith("line 2: is no row of a table")


def test_several_files_are_one_list_with_targets_first_and_their_contradictions_told() -> None:
    aliases, plain = in_json(MAILCOW_ALIASES), b"alias.example\none.example\n"
    found = parse_domain_lists(aliases, plain)
    assert list(names(found).items()) == [("one.example", ""), ("alias.example", "one.example")]
    assert losses(found) == {"domain alias.example (line 1)": "is listed before as something else"}


def test_a_file_without_any_domain_lists_none() -> None:
    assert names(parse_domain_lists(b"# nothing\n\n")) == {}


def test_an_alias_of_itself_is_no_domain() -> None:
    alias = {"target_domain": "a.example", "alias_domain": "a.example"}
    assert names(parse_domain_lists(in_json(alias))) == {}


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must be at most 64000000 bytes"):
        parse_domain_lists(b" " * (MAX_FILE_BYTES + 1))
