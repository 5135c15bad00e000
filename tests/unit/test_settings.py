from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from app.settings import LogFormat, Settings
from pydantic import ValidationError


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SIGNPOST_{name.upper()}", raising=False)


def test_without_an_environment_a_file_is_the_database() -> None:
    settings = Settings()
    assert settings.database_url == "sqlite+aiosqlite:///./data/signpost.db"
    assert (settings.trusted_proxies, settings.log_format, settings.log_level) == ((), LogFormat.AUTO, "INFO")


def test_every_setting_is_explained() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNPOST_DATABASE_URL", "postgresql+asyncpg://app:x@db.example/signpost?ssl=require")
    monkeypatch.setenv("SIGNPOST_PUBLIC_URL", "https://signpost.example")
    monkeypatch.setenv("SIGNPOST_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,,2001:db8::/32 ")
    monkeypatch.setenv("SIGNPOST_LOG_FORMAT", "json")
    monkeypatch.setenv("SIGNPOST_LOG_LEVEL", "debug")
    settings = Settings()
    assert settings.database_url.startswith("postgresql+asyncpg:")
    assert str(settings.public_url) == "https://signpost.example/"
    assert settings.trusted_proxies == tuple(
        ip_network(text) for text in ("127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32")
    )
    assert (settings.log_format, settings.log_level) == (LogFormat.JSON, "DEBUG")


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("database_url", "", "must start with"),
        ("database_url", "sqlite:///a.db", "must start with"),
        ("database_url", "postgresql://a/b", "must start with"),
        ("database_url", "postgresql+asyncpg://a:secret@h:port/b", "a number for a port"),
        ("database_url", "postgresql+asyncpg:secret", "must be a URL"),
        ("database_url", "postgresql+asyncpg://h/b?sslmode=require", "ssl="),
        ("public_url", "signpost.example", "valid URL"),
        ("public_url", "ftp://signpost.example", "URL scheme"),
        ("trusted_proxies", "10.0.0.1/8", "has host bits set"),
        ("trusted_proxies", "proxy.example", "does not appear to be"),
        ("unlimited_networks", "10.0.0.1/8", "has host bits set"),
        ("requests_per_minute_per_address", "-1", "greater than or equal to 0"),
        ("requests_per_minute_per_token", "many", "valid integer"),
        ("max_body_bytes", "1000", "greater than or equal to 100000"),
        ("body_seconds", "0", "greater than or equal to 1"),
        ("request_seconds", "0", "greater than or equal to 1"),
        ("log_format", "xml", "'auto', 'console' or 'json'"),
        ("log_level", "loud", "must be DEBUG"),
    ],
)
def test_a_wrong_setting_is_refused_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, rule: str
) -> None:
    monkeypatch.setenv(f"SIGNPOST_{name.upper()}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    (issue,) = refused.value.errors()
    assert issue["loc"] == (name,)
    assert rule in issue["msg"]
    assert "secret" not in issue["msg"]


def test_settings_stay_as_they_are() -> None:
    settings: Any = Settings()
    with pytest.raises(ValidationError):
        settings.log_level = "DEBUG"
