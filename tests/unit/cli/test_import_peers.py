from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command import run
from peer_files import BY_PEER, IREDMAIL_TABLE, MAILCOW_DOMAINS, POSTFIX_MAP, POWERDNS_TABLE, in_json

if TYPE_CHECKING:
    from pathlib import Path

OK, NEGATIVE, USAGE = 0, 1, 2
LIST = "one.example\nlisted.example\n"
HOSTNAMES = {
    "automx": "imap.provider.example",
    "monogramm": "imap.company.example",
    "mailcow": "mail.cow.example",
    "stalwart": "mail.wart.example",
}


@pytest.fixture
def listed(tmp_path: Path) -> str:
    path = tmp_path / "domains.txt"
    path.write_text(LIST)
    return str(path)


@pytest.mark.parametrize("peer", BY_PEER)
def test_a_configuration_is_shown_taken_and_answered_with(
    url: str, tmp_path: Path, listed: str, peer: str
) -> None:
    file = tmp_path / peer
    file.write_bytes(BY_PEER[peer])
    arguments = ("import", peer, str(file), "--domains", listed)
    dry = run(*arguments, "--dry-run", database_url=url)
    assert "Nothing was changed: this was a dry run." in dry.stderr
    assert run("render", "autoconfig", "jane@listed.example", database_url=url).exit_code == NEGATIVE
    done = run(*arguments, database_url=url)
    assert done.stdout == dry.stdout
    rendered = run("render", "autoconfig", "jane@listed.example", database_url=url)
    assert f"<hostname>{HOSTNAMES[peer]}</hostname>" in rendered.stdout
    again = run(*arguments, database_url=url)
    assert again.stdout.count(" 0 new") == again.stdout.count("0 new") == 2
    assert "0 changed" in again.stdout


def test_domains_of_postfix_and_iredmail_go_with_a_provider(url: str, tmp_path: Path) -> None:
    conf, first, second = tmp_path / "mailcow.conf", tmp_path / "virtual", tmp_path / "domain.tsv"
    conf.write_bytes(BY_PEER["mailcow"])
    first.write_text(POSTFIX_MAP)
    second.write_text(IREDMAIL_TABLE)
    run("import", "mailcow", str(conf), database_url=url)
    arguments = ("import", "postfix", str(first), str(second), "--provider", "mail-cow-example")
    done = run(*arguments, database_url=url)
    assert done.exit_code == NEGATIVE
    assert "Domains:   3 new, 0 changed, 0 unchanged, 0 left out" in done.stdout
    assert "Not taken, domain relayed.example: is relayed to another host" in done.stderr
    again = run(*arguments, database_url=url)
    assert "Domains:   0 new, 0 changed, 3 unchanged, 0 left out" in again.stdout
    assert run("render", "autoconfig", "jane@two.example", database_url=url).exit_code == OK
    assert run("render", "autoconfig", "jane@off.example", database_url=url).exit_code == NEGATIVE


def test_a_table_with_types_of_its_own_is_taken(url: str, tmp_path: Path) -> None:
    conf, table = tmp_path / "mailcow.conf", tmp_path / "domains.tsv"
    conf.write_bytes(BY_PEER["mailcow"])
    table.write_text(POWERDNS_TABLE)
    run("import", "mailcow", str(conf), database_url=url)
    done = run("import", "postfix", str(table), "--provider", "mail-cow-example", database_url=url)
    assert (done.exit_code, done.stderr) == (OK, "")
    assert "Domains:   2 new, 0 changed, 0 unchanged, 0 left out" in done.stdout
    assert run("render", "autoconfig", "jane@two.example", database_url=url).exit_code == OK


def test_what_a_replacement_keeps_is_told(url: str, tmp_path: Path) -> None:
    conf, table = tmp_path / "mailcow.conf", tmp_path / "domains.json"
    conf.write_bytes(BY_PEER["mailcow"])
    table.write_bytes(in_json(MAILCOW_DOMAINS[:1]))
    arguments = ("import", "mailcow", str(conf), "--domains", str(table), "--replace")
    first = run(*arguments, database_url=url)
    assert "Note" not in first.stderr
    table.write_bytes(in_json([{**MAILCOW_DOMAINS[0], "active": "0"}]))
    told = run(*arguments, database_url=url)
    assert told.exit_code == NEGATIVE
    assert told.stderr.splitlines()[-1] == (
        "Note, domain one.example: is suspended there and stays active here"
    )
    assert "Domains:   0 new, 0 changed, 1 unchanged, 0 left out" in told.stdout


def test_domains_for_a_provider_that_is_not_there_are_refused(url: str, listed: str) -> None:
    refused = run("import", "postfix", listed, "--provider", "nobody", database_url=url)
    assert (refused.exit_code, refused.stdout) == (NEGATIVE, "")
    assert "The provider nobody is not known here." in refused.stderr


def test_a_domain_that_another_provider_has_stays_there(url: str, tmp_path: Path, listed: str) -> None:
    for peer in ("mailcow", "monogramm"):
        (tmp_path / peer).write_bytes(BY_PEER[peer])
    run("import", "mailcow", str(tmp_path / "mailcow"), "--domains", listed, database_url=url)
    run("import", "monogramm", str(tmp_path / "monogramm"), database_url=url)
    kept = run("import", "postfix", listed, "--provider", "example-company", database_url=url)
    assert "domain one.example: is stored already, with the provider mail-cow-example" in kept.stderr
    assert "2 left out" in kept.stdout


@pytest.mark.parametrize("peer", [*BY_PEER, "postfix"])
def test_what_is_no_file_of_the_kind_is_refused_in_one_sentence(url: str, tmp_path: Path, peer: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\x00\xff[")
    options = ("--provider", "x") if peer == "postfix" else ()
    refused = run("import", peer, str(file), *options, database_url=url)
    assert (refused.exit_code, refused.stdout) == (USAGE, "")
    assert refused.stderr == "signpost: line 1: must be UTF-8\n"


def test_a_file_that_is_not_there_is_refused(url: str, tmp_path: Path) -> None:
    refused = run("import", "mailcow", str(tmp_path / "none"), database_url=url)
    assert refused.exit_code == USAGE
    assert "cannot be read" in refused.stderr


def test_control_characters_of_a_file_do_not_reach_the_terminal(url: str, tmp_path: Path) -> None:
    file = tmp_path / "domains.json"
    file.write_bytes(in_json([*MAILCOW_DOMAINS, {"domain_name": "\x1b[2Jx\ud800"}]))
    conf = tmp_path / "mailcow.conf"
    conf.write_bytes(BY_PEER["mailcow"])
    told = run("import", "mailcow", str(conf), "--domains", str(file), database_url=url)
    assert "domain \\x1b[2Jx\\ud800 (entry 3)" in told.stderr
