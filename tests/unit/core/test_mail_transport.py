from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from app.core.errors import InvalidInput
from app.core.mail_transport import MAX_MX_PATTERNS, MAX_REPORT_URIS, MtaSts, StsMode, TlsReporting


def a_policy(**changes: Any) -> MtaSts:
    values: dict[str, Any] = {"mode": StsMode.ENFORCE, "mx": ("mx1.host.example", "*.mx.host.example")}
    return MtaSts(**{**values, **changes})


def refused_fields(error: InvalidInput) -> list[str]:
    return [issue.field for issue in error.issues]


def test_a_policy_is_written_line_by_line() -> None:
    assert a_policy(max_age_seconds=86400).policy == (
        b"version: STSv1\r\nmode: enforce\r\nmx: mx1.host.example\r\nmx: *.mx.host.example\r\n"
        b"max_age: 86400\r\n"
    )


def test_a_policy_without_a_mode_needs_no_mail_exchanger() -> None:
    policy = MtaSts(mode=StsMode.NONE, max_age_seconds=0)
    assert policy.policy == b"version: STSv1\r\nmode: none\r\nmax_age: 0\r\n"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mx": ()}, "mx"),
        ({"mx": (), "mode": StsMode.TESTING}, "mx"),
        ({"mx": ("",)}, "mx.0"),
        ({"mx": ("MX.host.example",)}, "mx.0"),
        ({"mx": ("a.example", "mx_1.host.example")}, "mx.1"),
        ({"mx": ("192.0.2.1",)}, "mx.0"),
        ({"mx": ("*.*.host.example",)}, "mx.0"),
        ({"mx": ("a.*.example",)}, "mx.0"),
        ({"mx": ("*",)}, "mx.0"),
        ({"mx": ("bücher.example",)}, "mx.0"),
        ({"mx": ("a.example\r\nmode: none",)}, "mx.0"),
        ({"mx": ("a.example", "a.example")}, "mx.1"),
        ({"mx": tuple(f"mx{n}.example" for n in range(MAX_MX_PATTERNS + 1))}, "mx"),
        ({"max_age_seconds": -1}, "max_age_seconds"),
        ({"max_age_seconds": 31_557_601}, "max_age_seconds"),
    ],
)
def test_a_broken_rule_of_a_policy_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        a_policy(**changes)
    assert refused_fields(refused.value) == [field]


def test_the_longest_age_and_a_single_label_are_allowed() -> None:
    assert a_policy(max_age_seconds=31_557_600, mx=("mailhost",)).mx == ("mailhost",)


def test_the_records_id_is_of_the_policy_alone_and_changes_with_every_part_of_it() -> None:
    policy = a_policy()
    assert policy.record_id == a_policy().record_id
    others = (
        replace(policy, mode=StsMode.TESTING),
        replace(policy, mx=policy.mx[:1]),
        replace(policy, mx=policy.mx[::-1]),
        replace(policy, max_age_seconds=1),
    )
    ids = {policy.record_id, *(other.record_id for other in others)}
    assert len(ids) == 5
    for one in ids:
        assert 1 <= len(one) <= 32
        assert one.isascii()
        assert one.isalnum()
    assert policy.txt_value == f"v=STSv1; id={policy.record_id};"


def test_reports_go_to_every_uri() -> None:
    reporting = TlsReporting(uris=("mailto:tls@host.example", "https://host.example/tls?a=1"))
    assert reporting.txt_value == "v=TLSRPTv1; rua=mailto:tls@host.example,https://host.example/tls?a=1"
    assert TlsReporting().txt_value is None


@pytest.mark.parametrize(
    "uri",
    [
        "tls@host.example",
        "mailto:",
        "mailto:host.example",
        "mailto:a@host.example,mailto:b@host.example",
        "mailto:a;b@host.example",
        "mailto:a!b@host.example",
        "mailto:a b@host.example",
        "mailto:ä@host.example",
        "http://host.example/tls",
        "https:///tls",
        "https://user@host.example/tls",
        "https://host.example/" + "x" * 500,
    ],
)
def test_what_is_no_report_uri_is_refused(uri: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        TlsReporting(uris=("https://host.example/", uri))
    assert refused_fields(refused.value)[0].startswith("uris.1")


def test_too_many_and_equal_report_uris_are_refused() -> None:
    with pytest.raises(InvalidInput) as many:
        TlsReporting(uris=tuple(f"mailto:a{n}@host.example" for n in range(MAX_REPORT_URIS + 1)))
    assert refused_fields(many.value) == ["uris"]
    with pytest.raises(InvalidInput) as twice:
        TlsReporting(uris=("mailto:a@host.example", "mailto:a@host.example"))
    assert refused_fields(twice.value) == ["uris.1"]
