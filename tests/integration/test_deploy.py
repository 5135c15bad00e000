"""What deploy/ holds for service managers and containers, as far as no such thing need run."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]
from app.settings import Settings

from programs import required_program
from proxies import DEPLOY, renew, replaced
from service_process import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

REPLICAS = ("signpost-1", "signpost-2")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with its drop-in; the program that it starts need not be on this machine."""
    found = tmp_path / "signpost.service"
    text = (DEPLOY / "signpost.service").read_text()
    found.write_text(replaced(text, {"/opt/signpost/.venv/bin/signpost": "/bin/true"}))
    folder = tmp_path / "signpost.service.d"
    folder.mkdir()
    (folder / "signing.conf").write_text((DEPLOY / "signing.conf").read_text())
    return found


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = required_program("systemd-analyze", package="systemd")
    return subprocess.run(  # noqa: S603 - systemd's own program
        [program, *arguments], capture_output=True, text=True, check=False
    )


def test_the_unit_is_sound(unit: Path) -> None:
    checked = analyze("verify", "--man=no", unit)
    assert [line for line in checked.stderr.splitlines() if "signpost.service" in line] == []
    assert checked.returncode == 0, checked.stderr


def test_the_unit_is_hardened(unit: Path) -> None:
    # In tenths: systemd calls up to 2.0 "OK", and 9.0 is what a unit without any of it gets.
    measured = analyze("security", "--offline=yes", "--threshold=20", unit)
    assert measured.returncode == 0, measured.stdout[-300:]


def test_all_variables_in_the_examples_are_settings() -> None:
    known = {f"SIGNPOST_{name.upper()}" for name in Settings.model_fields}
    for example in ("signpost.service", "signing.conf"):
        lines = (DEPLOY / example).read_text().splitlines()
        given = {line.split("=")[1] for line in lines if line.startswith("Environment=")}
        assert given
        assert given <= known
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services["signpost-1"]["environment"]) <= known


def test_certbots_hook_puts_each_name_in_place_and_keeps_the_key_to_itself(tmp_path: Path) -> None:
    for _renewal in range(2):
        renew(tmp_path, ("a.customer.example", "*.hosting.example"))
    folder = tmp_path / "certificates"
    names = {path.name: path for path in folder.iterdir()}
    assert set(names) == {"a.customer.example.pem", "wildcard.hosting.example.pem"}
    for path in names.values():
        assert path.read_text().count("BEGIN CERTIFICATE") == 2
        assert "BEGIN PRIVATE KEY" in path.read_text()
        assert path.stat().st_mode & 0o777 == 0o640
    assert folder.stat().st_mode & 0o777 == 0o750


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def test_compose_names_only_what_it_defines(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service["networks"]) <= set(compose["networks"])
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            found = (DEPLOY / source).exists() if source.startswith(".") else source in compose["volumes"]
            assert found, volume
    upstreams = services["caddy"]["environment"]["SIGNPOST_UPSTREAM"].split()
    assert upstreams == [f"{name}:8080" for name in REPLICAS]


def test_compose_waits_only_for_what_can_be_waited_for(compose: dict[str, Any]) -> None:
    services, waited = compose["services"], set()
    for service in services.values():
        for name, on in service.get("depends_on", {}).items():
            waited.add((name, on["condition"]))
    assert waited == {
        ("database", "service_healthy"),
        ("migrate", "service_completed_successfully"),
        *((name, "service_healthy") for name in REPLICAS),
    }
    assert services["database"]["healthcheck"]["test"]
    assert not any("healthcheck" in services[name] for name in REPLICAS)
    assert "\nHEALTHCHECK " in (ROOT / "Dockerfile").read_text()
    assert services["migrate"]["command"] == ["migrate"]
    assert services["migrate"]["restart"] == "no"


def test_compose_runs_signpost_hardened_and_trusts_caddy_only(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in (*REPLICAS, "migrate", "worker"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    address = services["caddy"]["networks"]["front"]["ipv4_address"]
    assert services["signpost-1"]["environment"]["SIGNPOST_TRUSTED_PROXIES"] == address
    assert services["signpost-1"]["environment"]["SIGNPOST_TLS_ASK_NETWORKS"] == address
    assert set(services["database"]["networks"]) == {"back"}
    assert set(services["caddy"]["networks"]) == {"front"}
    assert compose["networks"]["back"]["internal"] is True


def test_compose_gives_replicas_time_to_end(compose: dict[str, Any]) -> None:
    for name in REPLICAS:
        service = compose["services"][name]
        assert service["command"] == ["serve", "--host", "0.0.0.0", "--workers", "2"]  # noqa: S104 - in a container
        drain = int(service["environment"]["SIGNPOST_DRAIN_SECONDS"])
        shutdown = Settings.model_fields["shutdown_seconds"].default
        assert int(service["stop_grace_period"].removesuffix("s")) >= drain + shutdown + 10


def test_compose_takes_passwords_from_outside_only(compose: dict[str, Any]) -> None:
    assert "SIGNPOST_DATABASE_URL" in compose["services"]["signpost-1"]["environment"]
    assert (
        ":${POSTGRES_PASSWORD:?}@"
        in compose["services"]["signpost-1"]["environment"]["SIGNPOST_DATABASE_URL"]
    )
    assert compose["services"]["database"]["environment"]["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:?}"
