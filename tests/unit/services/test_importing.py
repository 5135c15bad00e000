from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from app.core.errors import SweepingChange
from app.core.names import DomainName
from app.services.importing import Importing, ImportPlan, Remark

from builders import a_domain, a_mailbox, a_provider
from databases import stored_domain, stored_mailbox, stored_provider
from fakes.clock import NOW

if TYPE_CHECKING:
    from app.core.domains import Domain
    from app.core.provider import Provider
    from app.core.stored import Stored
    from app.store.unit_of_work import Store

    from fakes.clock import FixedClock

SERVER = (
    "<hostname>mail.a.example</hostname><port>{port}</port><socketType>SSL</socketType>"
    "<username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>"
)


def a_file(*domains: str, port: int = 993, extra: str = "") -> bytes:
    """Write a file; a domain that starts with ``mx`` is one for MX look-ups."""
    listed = "".join(
        f"<domain>{name}</domain>"
        + (f'<domain purpose="mx">{name}</domain>' if name.startswith("mx") else "")
        for name in domains
    )
    server = f'<incomingServer type="imap">{SERVER.format(port=port)}</incomingServer>'
    return (
        f'<clientConfig version="1.1"><emailProvider id="p.example">{listed}<displayName>P</displayName>'
        f"{server}{extra}</emailProvider></clientConfig>"
    ).encode()


FILES = {"p.xml": a_file("a.example", "mx.example"), "q.xml": a_file("q.example")}


@pytest.fixture
def importing(store: Store, clock: FixedClock) -> Importing:
    return Importing(store, clock)


def counts(plan: ImportPlan) -> dict[str, Any]:
    """Return what a plan would do, without what is nothing."""
    found: dict[str, Any] = {
        "new providers": [provider.slug for provider in plan.new_providers],
        "changed providers": [stored.value.slug for stored, _ in plan.changed_providers],
        "gone providers": [stored.value.slug for stored in plan.gone_providers],
        "new domains": {slug: [d.name.ascii for d in listed] for slug, listed in plan.new_domains.items()},
        "changed domains": {
            slug: [d.name.ascii for d in listed] for slug, listed in plan.changed_domains.items()
        },
        "gone domains": [name.ascii for name in plan.gone_domains],
        "refused": plan.refused,
        "remarks": plan.remarks,
    }
    return {name: value for name, value in found.items() if value}


async def stored_domains(store: Store) -> dict[str, Stored[Domain]]:
    async with store.reading() as unit:
        found = await unit.domains.page(after="", limit=100)
    return {stored.value.name.ascii: stored for stored in found}


async def providers_of(store: Store) -> dict[str, Stored[Provider]]:
    async with store.reading() as unit:
        found = await unit.providers.page(after="", limit=100, only=None)
    return {stored.value.slug: stored for stored in found}


NEW = {
    "new providers": ["p", "q"],
    "new domains": {"p": ["a.example", "mx.example"], "q": ["q.example"]},
}


async def test_a_plan_changes_nothing(store: Store, importing: Importing) -> None:
    plan = await importing.plan(FILES)
    assert counts(plan) == NEW
    assert (plan.steps, plan.changed_entries, plan.stored_entries, plan.is_sweeping) == (5, 0, 0, False)
    assert await providers_of(store) == {}
    assert await stored_domains(store) == {}


async def test_an_import_does_what_was_planned_and_tells_how_far_it_is(
    store: Store, importing: Importing
) -> None:
    told: list[tuple[int, int]] = []
    plan = await importing.apply(FILES, progress=lambda done, steps: told.append((done, steps)))
    assert counts(plan) == NEW
    assert told[-1] == (5, 5)
    assert told == sorted(told)
    assert list(await providers_of(store)) == ["p", "q"]
    domains = await stored_domains(store)
    assert list(domains) == ["a.example", "mx.example", "q.example"]
    assert [stored.value.serves_mx for stored in domains.values()] == [False, True, False]
    assert {stored.created_at for stored in domains.values()} == {NOW}


async def test_a_second_run_changes_nothing(store: Store, importing: Importing, clock: FixedClock) -> None:
    await importing.apply(FILES)
    before = await providers_of(store), await stored_domains(store)
    clock.advance(hours=1)
    plan = await importing.apply(FILES)
    assert counts(plan) == {}
    assert (plan.steps, plan.unchanged_providers, plan.unchanged_domains) == (0, 2, 3)
    assert (await providers_of(store), await stored_domains(store)) == before


async def test_what_changed_is_changed_and_what_went_is_removed(store: Store, importing: Importing) -> None:
    await importing.apply(FILES)
    files = {
        "p.xml": a_file("mx.example", "new.example", port=1993),
        "q.xml": a_file("q.example"),
    }
    plan = await importing.apply(files)
    assert counts(plan) == {
        "changed providers": ["p"],
        "new domains": {"p": ["new.example"]},
        "gone domains": ["a.example"],
    }
    assert (await providers_of(store))["p"].value.servers[0].port == 1993
    assert list(await stored_domains(store)) == ["mx.example", "new.example", "q.example"]


async def test_a_domain_moves_with_its_file_and_may_come_to_serve_mx(
    store: Store, importing: Importing
) -> None:
    await importing.apply({"p.xml": a_file("a.example", "b.example"), "q.xml": a_file("q.example")})
    moved = {
        "p.xml": a_file("a.example").replace(
            b"</domain>", b'</domain><domain purpose="mx">a.example</domain>', 1
        ),
        "q.xml": a_file("q.example", "b.example"),
    }
    plan = await importing.apply(moved)
    assert counts(plan) == {"changed domains": {"p": ["a.example"], "q": ["b.example"]}}
    domains = await stored_domains(store)
    assert domains["a.example"].value.serves_mx
    assert (domains["b.example"].value.provider, domains["b.example"].version) == ("q", 2)


async def test_a_domain_in_two_files_is_the_first_ones(store: Store, importing: Importing) -> None:
    plan = await importing.apply({"b.xml": a_file("x.example", "b.example"), "a.xml": a_file("x.example")})
    assert plan.remarks == [Remark("b.xml", "the domain x.example is in a.xml already")]
    assert (await stored_domains(store))["x.example"].value.provider == "a"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("p.xml", b"<html/>", "must be a clientConfig document"),
        ("p.xml", b"", "must be well-formed XML"),
        ("p.xml", b"<!DOCTYPE a><clientConfig/>", "must not have a DOCTYPE"),
        ("p.xml", a_file(), "must have a valid domain"),
        ("p q.xml", a_file("a.example"), "must be 1 to 63 lower-case letters"),
        (".xml", a_file("a.example"), "must be 1 to 63 lower-case letters"),
        ("p.xml", a_file("a.example") + b" " * 1_000_000, "must be at most 1000000 bytes"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_and_the_others_are_not(
    importing: Importing, name: str, data: bytes, reason: str
) -> None:
    plan = await importing.plan({name: data, "q.xml": a_file("q.example")})
    (remark,) = plan.refused
    assert remark.file == name
    assert reason in remark.reason
    assert [provider.slug for provider in plan.new_providers] == ["q"]


async def test_of_two_files_for_one_provider_the_second_is_refused(importing: Importing) -> None:
    plan = await importing.plan({"p.xml": a_file("a.example"), "P.xml": a_file("b.example")})
    assert counts(plan) == {
        "new providers": ["p"],
        "new domains": {"p": ["b.example"]},
        "refused": [Remark("p.xml", "P.xml is the same provider")],
    }


async def test_what_a_file_says_beside_is_told(importing: Importing) -> None:
    plan = await importing.plan({"p.xml": a_file("a.example", extra="<identity/>")})
    assert plan.remarks == [Remark("p.xml", "emailProvider/identity: is not read")]


async def test_what_was_written_through_the_api_is_kept(store: Store, importing: Importing) -> None:
    await stored_provider(store, a_provider(slug="p"))
    await stored_domain(store, a_domain("q.example", provider="p"))
    plan = await importing.apply(FILES)
    assert counts(plan) == {
        "new providers": ["q"],
        "refused": [Remark("p.xml", "the provider was written through the API since, and is kept")],
        "remarks": [Remark("q.xml", "the domain q.example is stored already, and is kept")],
    }
    assert (await stored_domains(store))["q.example"].value.provider == "p"


async def test_an_imported_provider_that_was_changed_through_the_api_is_kept(
    store: Store, importing: Importing, clock: FixedClock
) -> None:
    await importing.apply(FILES)
    stored = (await providers_of(store))["p"]
    async with store.writing() as unit:
        await unit.providers.replace(stored, a_provider(slug="p"), clock())
    files = {"p.xml": a_file("b.example", port=1), "q.xml": a_file("q.example")}
    plan = await importing.apply(files, prune=True)
    assert plan.refused == [Remark("p.xml", "the provider was written through the API since, and is kept")]
    assert (await providers_of(store))["p"].value == a_provider(slug="p")
    assert "a.example" in await stored_domains(store)


async def test_a_domain_in_use_is_not_removed(store: Store, importing: Importing) -> None:
    await importing.apply({"p.xml": a_file("a.example", "b.example", "c.example", "d.example")})
    await stored_mailbox(store, a_mailbox("jane@b.example", login="c1"))
    await stored_domain(store, a_domain("alias.example", provider="p", alias_of=DomainName("c.example")))
    plan = await importing.apply({"p.xml": a_file("a.example")})
    assert plan.gone_domains == [DomainName("d.example")]
    assert plan.remarks == [
        Remark("p.xml", f"the domain {name} has aliases or mailboxes of its own, and is kept")
        for name in ("b.example", "c.example")
    ]
    assert list(await stored_domains(store)) == ["a.example", "alias.example", "b.example", "c.example"]


async def test_a_domain_with_aliases_does_not_move(store: Store, importing: Importing) -> None:
    await importing.apply(
        {"p.xml": a_file("a.example", "b.example", "c.example"), "q.xml": a_file("q.example")}
    )
    await stored_domain(store, a_domain("alias.example", provider="p", alias_of=DomainName("b.example")))
    for moved in (("b.example",), ("b.example", "c.example")):
        files = {"p.xml": a_file("a.example", "c.example"), "q.xml": a_file("q.example", *moved)}
        if "c.example" in moved:
            files["p.xml"] = a_file("a.example")
        plan = await importing.apply(files)
        assert plan.remarks == [Remark("q.xml", "the domain b.example has aliases, and stays with p")]
        assert [d.name.ascii for d in plan.changed_domains.get("q", [])] == list(moved[1:])
    domains = await stored_domains(store)
    assert {name: domains[name].value.provider for name in ("b.example", "c.example")} == {
        "b.example": "p",
        "c.example": "q",
    }


async def test_files_that_are_gone_are_left_alone_unless_asked_for(
    store: Store, importing: Importing
) -> None:
    await importing.apply(FILES)
    files = {"q.xml": FILES["q.xml"]}
    assert counts(await importing.apply(files)) == {}
    plan = await importing.apply(files, prune=True)
    assert counts(plan) == {"gone providers": ["p"], "gone domains": ["a.example", "mx.example"]}
    assert list(await providers_of(store)) == ["q"]
    assert list(await stored_domains(store)) == ["q.example"]


async def test_a_provider_with_domains_of_its_own_is_not_removed(store: Store, importing: Importing) -> None:
    await importing.apply(FILES)
    await stored_domain(store, a_domain("own.example", provider="p"))
    plan = await importing.apply({"q.xml": FILES["q.xml"]}, prune=True)
    assert counts(plan) == {
        "gone domains": ["a.example", "mx.example"],
        "remarks": [Remark("p.xml", "the provider has domains, and is kept")],
    }
    assert list(await providers_of(store)) == ["p", "q"]


async def test_a_refused_file_removes_nothing(store: Store, importing: Importing) -> None:
    await importing.apply(FILES)
    plan = await importing.apply({"p.xml": b"<broken", "q.xml": FILES["q.xml"]}, prune=True)
    assert [remark.file for remark in plan.refused] == ["p.xml"]
    assert plan.steps == 0
    assert len(await stored_domains(store)) == 3


NEEDY = (b"mail.a.example", b"%NODE%.host.example")


async def test_a_file_by_which_a_stored_domain_could_no_longer_be_published_is_refused_and_others_are_not(
    store: Store, importing: Importing
) -> None:
    await importing.apply(FILES)
    await stored_domain(store, a_domain("own.example", provider="p"))
    before = await providers_of(store), await stored_domains(store)
    files = {
        "p.xml": a_file("mx.example", "new.example").replace(*NEEDY),
        "q.xml": a_file("q.example", port=1993),
    }
    plan = await importing.apply(files)
    (refused,) = plan.refused
    assert refused.file == "p.xml"
    assert "servers.0: needs the variable NODE" in refused.reason
    assert [stored.value.slug for stored, _ in plan.changed_providers] == ["q"]
    assert (plan.new_domains, plan.gone_domains) == ({}, [])
    assert (await providers_of(store))["p"] == before[0]["p"]
    assert (await providers_of(store))["q"].version == 2
    assert await stored_domains(store) == before[1]


@pytest.mark.parametrize("kind", ["domain", "alias", "mailbox"])
async def test_a_domain_an_alias_and_a_mailbox_are_each_reason_enough(
    store: Store, importing: Importing, kind: str
) -> None:
    await importing.apply({"p.xml": a_file("a.example").replace(*NEEDY)})
    fitting, unfit = {"NODE": "srv1", "ZONE": "zone.example"}, {"NODE": "srv1", "ZONE": "no host name"}
    await stored_domain(store, a_domain("own.example", provider="p", variables=fitting))
    file = a_file("a.example").replace(NEEDY[0], b"%NODE%.%ZONE%")
    assert (await importing.plan({"p.xml": file})).refused == []
    if kind == "domain":
        await stored_domain(store, a_domain("x.example", provider="p", variables=unfit))
    elif kind == "alias":
        target = DomainName("own.example")
        await stored_domain(store, a_domain("x.example", provider="p", alias_of=target, variables=unfit))
    else:
        await stored_mailbox(store, a_mailbox("jane@own.example", variables=unfit))
    (refused,) = (await importing.plan({"p.xml": file})).refused
    assert {"domain": "x.example", "alias": "x.example", "mailbox": "a mailbox of own.example"}[
        kind
    ] in refused.reason


async def test_what_was_not_published_before_is_no_reason(store: Store, importing: Importing) -> None:
    await importing.apply({"p.xml": a_file("a.example").replace(*NEEDY)})
    await stored_domain(store, a_domain("own.example", provider="p"))
    plan = await importing.apply({"p.xml": a_file("a.example", port=1993).replace(*NEEDY)})
    assert plan.refused == []
    assert (await providers_of(store))["p"].version == 2


async def test_domains_that_come_or_leave_with_a_file_are_no_reason(
    store: Store, importing: Importing
) -> None:
    await importing.apply({"p.xml": a_file("a.example", "b.example"), "q.xml": a_file("q.example")})
    files = {
        "p.xml": a_file("new.example").replace(*NEEDY),
        "q.xml": a_file("q.example", "b.example"),
    }
    plan = await importing.apply(files)
    assert plan.refused == []
    domains = await stored_domains(store)
    assert {name: stored.value.provider for name, stored in domains.items()} == {
        "b.example": "q",
        "new.example": "p",
        "q.example": "q",
    }
    assert (await providers_of(store))["p"].version == 2


@pytest.mark.parametrize("name", ["gone.example", "moving.example"])
async def test_a_domain_that_cannot_leave_for_its_alias_is_a_reason(
    store: Store, importing: Importing, name: str
) -> None:
    await importing.apply({"p.xml": a_file("gone.example", "moving.example"), "q.xml": a_file("q.example")})
    files = {
        "p.xml": a_file("new.example").replace(*NEEDY),
        "q.xml": a_file("q.example", "moving.example"),
    }
    assert (await importing.plan(files)).refused == []
    await stored_domain(store, a_domain("alias.example", provider="p", alias_of=DomainName(name)))
    assert [remark.file for remark in (await importing.plan(files)).refused] == ["p.xml"]


async def test_a_domain_whose_new_file_is_refused_stays_and_counts_where_it_is(
    store: Store, importing: Importing
) -> None:
    await importing.apply({"p.xml": a_file("a.example", "b.example"), "q.xml": a_file("q.example")})
    moving = {
        "p.xml": a_file("a.example"),
        "q.xml": a_file("q.example", "b.example").replace(*NEEDY),
    }
    plan = await importing.apply(moving)
    assert [remark.file for remark in plan.refused] == ["q.xml"]
    assert (await stored_domains(store))["b.example"].value.provider == "p"
    plan = await importing.plan({**moving, "p.xml": a_file("new.example").replace(*NEEDY)})
    assert [remark.file for remark in plan.refused] == ["q.xml", "p.xml"]


def many(count: int, **changes: Any) -> dict[str, bytes]:
    return {f"p{number}.xml": a_file(f"d{number}.example", **changes) for number in range(count)}


async def test_sweeping_change_is_refused_without_force_and_leaves_all_as_it_was(
    store: Store, importing: Importing
) -> None:
    await importing.apply(many(20))
    changed = {**many(20), **many(13, port=1)}
    plan = await importing.plan(changed)
    assert (plan.changed_entries, plan.stored_entries, plan.is_sweeping) == (13, 40, True)
    with pytest.raises(SweepingChange, match="would change or remove 13 of 40 stored entries"):
        await importing.apply(changed)
    assert {stored.version for stored in (await providers_of(store)).values()} == {1}
    await importing.apply(changed, force=True)
    assert [stored.version for stored in (await providers_of(store)).values()].count(2) == 13


@pytest.mark.parametrize(("stored", "changed"), [(10, 10), (40, 24)])
async def test_a_small_change_is_not_sweeping(importing: Importing, stored: int, changed: int) -> None:
    await importing.apply(many(stored))
    plan = await importing.apply({**many(stored), **many(changed, port=1)})
    assert plan.changed_entries == changed


async def test_any_number_of_new_entries_is_not_sweeping(importing: Importing) -> None:
    await importing.apply(many(2))
    assert (await importing.apply(many(60))).steps == 116


async def test_removing_is_changing(importing: Importing) -> None:
    await importing.apply(many(20))
    with pytest.raises(SweepingChange, match="26 of 40"):
        await importing.apply(many(7), prune=True)


class StoppedError(Exception):
    """Stands for whatever goes wrong."""


async def test_an_import_that_fails_in_its_last_step_leaves_nothing(
    store: Store, importing: Importing
) -> None:
    await importing.apply(many(1))

    def stop(done: int, steps: int) -> None:
        if done == steps:
            raise StoppedError

    with pytest.raises(StoppedError):
        await importing.apply(many(3), progress=stop)
    assert list(await providers_of(store)) == ["p0"]
    assert list(await stored_domains(store)) == ["d0.example"]
