from __future__ import annotations

from ipaddress import ip_address

import pytest
from app.core.networks import is_in_networks
from app.settings import Settings
from pydantic import ValidationError


def from_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"SIGNPOST_{name.upper()}", value)
    return Settings()


def test_addresses_and_the_name_server_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = from_environment(
        monkeypatch, public_addresses="192.0.2.1, 2001:db8::1,", resolver="[::1]:5353", tls_ask_networks="::1"
    )
    assert settings.public_addresses == (ip_address("192.0.2.1"), ip_address("2001:db8::1"))
    assert str(settings.resolver) == "[::1]:5353"
    assert is_in_networks("::1", settings.tls_ask_networks)
    assert not is_in_networks("127.0.0.1", settings.tls_ask_networks)


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = from_environment(monkeypatch, public_addresses="", resolver=" ")
    assert settings.public_addresses == ()
    assert settings.resolver is None


def test_ports_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = from_environment(monkeypatch, probe_ports=" 25, 8000-8010,").probe_ports
    assert [port for port in (24, 25, 26, 7999, 8000, 8010, 8011) if port in ports] == [25, 8000, 8010]
    assert str(ports) == "25,8000-8010"
    everywhere = from_environment(monkeypatch, probe_ports="Any").probe_ports
    assert 1 in everywhere
    assert 65535 in everywhere
    assert str(everywhere) == "any"


def test_ports_of_mail_and_of_the_web_are_permitted_and_no_others_by_default() -> None:
    ports = Settings().probe_ports
    assert {25, 110, 143, 443, 465, 587, 993, 995, 4190} <= {
        port for port in range(1, 65536) if port in ports
    }
    assert not [port for port in (0, 21, 22, 23, 53, 139, 445, 3306, 5432, 6379) if port in ports]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_addresses", "signpost.example"),
        ("public_addresses", "192.0.2.0/24"),
        ("resolver", "ns.example"),
        ("resolver", "127.0.0.1:99999"),
        ("tls_ask_networks", "localhost"),
        ("tls_ask_networks", "10.0.0.1/8"),
        ("probe_ports", ""),
        ("probe_ports", "imap"),
        ("probe_ports", "0"),
        ("probe_ports", "25,65536"),
        ("probe_ports", "30-20"),
        ("probe_ports", "-25"),
    ],
)
def test_a_wrong_value_stops_the_program(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        from_environment(monkeypatch, **{name: value})
    assert [issue["loc"] for issue in refused.value.errors()] == [(name,)]


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::1", True),
        ("11.0.0.1", False),
        ("2001:db9::1", False),
        ("", False),
        ("unix:", False),
        (None, False),
    ],
)
def test_an_address_is_compared_with_networks_of_its_family(address: str | None, is_in: bool) -> None:  # noqa: FBT001
    settings = Settings(tls_ask_networks="10.0.0.0/8,2001:db8::/32")
    assert is_in_networks(address, settings.tls_ask_networks) is is_in
