"""What is written comes back, and nothing that is stored gets out of its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from app.core.account import ListedDomain
from app.core.documents import Presentation
from app.core.errors import InvalidInput
from app.core.markup import Element, element, leaf, to_document
from app.core.names import DomainName, EmailAddress
from app.core.resolving import resolve
from app.core.servers import ServerType
from app.parsers.autoconfig import parse_autoconfig
from app.renderers import autoconfig
from hypothesis import assume, example, given
from hypothesis import strategies as st

from builders import a_domain, a_mailbox, a_provider
from contracts.grammars import FORMAT, faults
from properties.strategies import (
    domain_names,
    hostnames,
    providers,
    server_lists,
    servers,
    texts,
    with_keys,
)

if TYPE_CHECKING:
    from app.core.provider import Provider
    from app.core.servers import Server

DOMAINS = st.lists(
    st.builds(ListedDomain, name=domain_names.map(DomainName), serves_mx=st.booleans()),
    min_size=1,
    max_size=4,
    unique_by=lambda listed: listed.name,
)


@given(providers(server_lists), DOMAINS)
def test_the_full_document_reads_back_as_what_was_written(
    provider: Provider, domains: list[ListedDomain]
) -> None:
    domain = a_domain(domains[0].name.ascii, serves_mx=domains[0].serves_mx)
    account = resolve(provider, domain, listed_domains=tuple(domains))
    # A long domain in a long host name makes none.
    assume(not account.withheld)
    document = autoconfig.render_full(account, Presentation())
    file = parse_autoconfig(document.body, provider.slug)
    assert file.provider == provider
    assert file.domains == tuple(domains)
    again = resolve(file.provider, domain, listed_domains=file.domains)
    assert autoconfig.render_full(again, Presentation()).body == document.body


local_parts = st.one_of(st.text(max_size=20), st.text("a.+<>&'/?%#\u00fc ", max_size=12).map('"{}"'.format))


def an_address(local_part: str, domain: str) -> EmailAddress | None:
    try:
        return EmailAddress.parse(f"{local_part}@{domain}")
    except InvalidInput:
        return None


@given(
    providers(st.lists(servers(), max_size=8).map(with_keys)),
    domain_names,
    local_parts,
    st.none() | texts(254),
)
def test_nothing_that_is_stored_or_asked_gets_out_of_its_place(
    provider: Provider, domain: str, local_part: str, login: str | None
) -> None:
    address = an_address(local_part, domain)
    mailbox = None if address is None else replace(a_mailbox(login=login), address=address)
    account = resolve(provider, a_domain(domain), address=address, mailbox=mailbox)
    for render in (autoconfig.render_safe, autoconfig.render_full):
        document = render(account, Presentation()).body
        assert faults(FORMAT, document) == []
        root = ET.fromstring(document)  # noqa: S314 - our own document
        assert root.findtext("emailProvider/displayName") == provider.display_name
        written = [node.text for node in root.iter("descr")]
        pages = (*provider.documentation, *provider.instructions)
        assert written == [text.text for page in pages for text in page.descriptions]


@given(st.lists(servers(tuple(ServerType)), max_size=8).map(with_keys), domain_names, local_parts)
def test_settings_resolve_and_render_for_any_address(
    found: tuple[Server, ...], domain: str, local_part: str
) -> None:
    for lowercase in (True, False):
        provider = a_provider(servers=found, subaddress_separator="+", lowercase_login=lowercase)
        account = resolve(provider, a_domain(domain), address=an_address(local_part, domain))
        stored = {server.key for server in provider.servers}
        published = {server.key for server in account.servers}
        assert published | {omission.server for omission in account.withheld} == stored
        for render in (autoconfig.render_safe, autoconfig.render_full):
            assert faults(FORMAT, render(account, Presentation()).body) == []


@given(hostnames, st.text(max_size=20), domain_names)
def test_whatever_a_variable_holds_the_server_is_published_valid_or_withheld(
    hostname: str, value: str, domain: str
) -> None:
    server = replace(a_provider().servers[0], hostname="%NODE%.example")
    try:
        server = replace(server, hostname=f"%NODE%.{hostname}")
        provider = a_provider(servers=(server,), variables={"NODE": value})
    except InvalidInput:
        return
    account = resolve(provider, a_domain(domain))
    assert len(account.servers) + len(account.withheld) == 1
    ET.fromstring(autoconfig.render_safe(account, Presentation()).body)  # noqa: S314 - our own document


names = st.sampled_from(["a", "b-1", "c.d", "_e"])
trees = st.recursive(
    st.builds(leaf, names, texts(40, has_lines=True)),
    lambda inner: st.builds(
        lambda name, children, value: element(name, *children, value=value),
        names,
        st.lists(inner, max_size=3),
        st.none() | texts(40, has_lines=True),
    ),
    max_leaves=10,
)


@given(trees)
@example(leaf("a", "\r\n]]>"))
@example(element("a", value="\t\r\n\"'<>&"))
def test_any_tree_of_texts_reads_back(tree: Element) -> None:
    def check(wanted: Element, found: ET.Element) -> None:
        assert (found.tag, found.attrib) == (wanted.name, dict(wanted.attributes))
        if isinstance(wanted.children, str):
            assert (found.text or "") == wanted.children
        else:
            assert len(found) == len(wanted.children)
            for child, found_child in zip(wanted.children, found, strict=True):
                check(child, found_child)

    check(tree, ET.fromstring(to_document(tree)))  # noqa: S314 - our own document
