"""A line of many is read by rules of its own; they are those of single writes, field by field."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from app.api.schemas.bulk import DomainLine as DomainLineShape
from app.api.schemas.domains import DomainBody, DomainCreate, MailboxBody, domain_to_core
from app.api.schemas.servers import ServerShape
from app.core import record_reading
from app.core.domain_lines import LINE_MEMBERS, DomainLine, read_change, read_line
from app.core.errors import InvalidInput, Issue
from app.core.names import DomainName
from app.core.record_reading import DOMAIN_MEMBERS, read_domain, read_mailboxes
from app.core.records import domain_record, mailbox_record
from pydantic import ValidationError

from builders import a_domain
from full_values import FULL_DOMAIN, FULL_MAILBOX

PLAIN: dict[str, Any] = {"name": "x.example", "provider": "p"}
SERVER: dict[str, Any] = {
    "key": "imap",
    "type": "imap",
    "hostname": "imap.example",
    "port": 993,
    "socket_type": "tls",
    "authentication": ["password-cleartext"],
    "username": "%EMAILADDRESS%",
}
WRONG: tuple[Any, ...] = (
    None, True, False, 0, 1, 1.0, -1, 2**70, "", "x", " x ", "\ud800", "a\nb", "A.EXAMPLE", "true", "active",
    [], ["x"], [1], [None], [{}], {}, {"NODE": "x"}, {"NODE": 1}, {"node": "x"}, {"mode": "none"},
    {"uris": "x"}, {"mode": "enforce", "mx": ["A"], "max_age_seconds": 1.5}, {"login_form": {"url": "x"}},
    {"path_prefix": 1}, {"leave_messages_on_server": "yes"}, {"check_interval_minutes": 0}, {"owa_url": "x"},
)  # fmt: skip


def single(body: dict[str, Any]) -> object:
    """Build a domain as a single write does; its faults as the fields that have them."""
    try:
        shape = DomainCreate.model_validate(body)
        return domain_to_core(shape, DomainName.parse(shape.name))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return {Issue(tuple(issue["loc"]), "").pointer for issue in found}
    except InvalidInput as error:
        return {issue.pointer for issue in error.issues}


def of_many(body: dict[str, Any]) -> object:
    try:
        return read_domain(body)
    except InvalidInput as error:
        return {issue.pointer for issue in error.issues}


def bodies() -> list[dict[str, Any]]:
    found = [{**PLAIN, field: wrong} for field in (*DomainCreate.model_fields, "unknown") for wrong in WRONG]
    found += [{name: value for name, value in PLAIN.items() if name != left_out} for left_out in PLAIN]
    for field in (*ServerShape.model_fields, "unknown"):
        found += [{**PLAIN, "servers": [{**SERVER, field: wrong}]} for wrong in WRONG]
        found.append({**PLAIN, "servers": [{name: one for name, one in SERVER.items() if name != field}]})
    for kind in ("pop3", "smtp", "ldap", "exchange", "webmail"):
        for wrong in WRONG:
            server = {**SERVER, "type": kind, kind: wrong}
            found.append({**PLAIN, "servers": [server]})
    return found


def test_every_value_of_every_field_is_taken_or_refused_as_in_a_single_write() -> None:
    taken = refused = 0
    for body in bodies():
        expected = single(body)
        if isinstance(expected, set) and body.get("name") != PLAIN["name"]:
            # A single write has its name in the path.
            expected = {pointer or "/name" for pointer in expected}
        assert of_many(body) == expected, body
        taken += not isinstance(expected, set)
        refused += isinstance(expected, set)
    assert taken > 50
    assert refused > 500


def test_the_fields_are_those_of_the_bodies() -> None:
    assert set(DomainCreate.model_fields) == DOMAIN_MEMBERS
    assert set(DomainLineShape.model_fields) == LINE_MEMBERS
    assert set(MailboxBody.model_fields) | {"local_part"} == record_reading._MAILBOX
    assert set(ServerShape.model_fields) == record_reading._SERVER


def test_what_is_written_of_a_domain_is_read_as_the_same() -> None:
    for domain in (FULL_DOMAIN, a_domain()):
        assert read_domain(json.loads(json.dumps(domain_record(domain)))) == domain
    record = json.loads(json.dumps(mailbox_record(FULL_MAILBOX)))
    assert read_mailboxes([record], FULL_MAILBOX.address.domain) == (FULL_MAILBOX,)


def test_defaults_are_those_of_the_bodies() -> None:
    shape = DomainBody(provider="p")
    assert read_domain(PLAIN) == domain_to_core(shape, DomainName("x.example"))


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(FULL_DOMAIN)])
def test_no_field_is_lost(field: str) -> None:
    record = json.loads(json.dumps(domain_record(FULL_DOMAIN)))
    assert getattr(read_domain(record), field) == getattr(FULL_DOMAIN, field)


def test_a_line_that_says_null_says_nothing() -> None:
    change = read_change({**PLAIN, "mailboxes": None, "if_match": None})
    assert (change.mailboxes, change.must_exist) == (None, False)


def test_a_line_keeps_the_name_that_it_gave_whatever_else_is_wrong() -> None:
    line = read_line(7, b'{"name": "X.example", "provider": 1}')
    assert (line.number, line.name, isinstance(line.change, DomainLine)) == (7, "X.example", False)
