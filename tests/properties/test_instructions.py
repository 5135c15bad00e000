"""Whatever is stored, instructions are written, and nothing of it becomes markup."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from app.core.documents import Presentation
from app.core.names import EmailAddress
from app.core.resolving import resolve
from app.instructions.clients import CLIENTS
from app.instructions.forms import FORMS
from app.instructions.forms.markdown import code_span, escape_markdown
from app.instructions.languages import LANGUAGES, load_language
from app.instructions.writing import write_guide
from hypothesis import given
from hypothesis import strategies as st

from builders import a_domain
from contracts.html_reading import read_fragment
from properties.strategies import providers, server_lists, texts

if TYPE_CHECKING:
    from app.core.account import AccountSettings
    from app.instructions.client import Client
    from app.instructions.languages import Language

clients = st.sampled_from(CLIENTS)
languages = st.sampled_from(LANGUAGES).map(load_language)
addresses = st.none() | st.sampled_from(["jane@customer.example", "o'neil+x&y@customer.example"])


@st.composite
def accounts(draw: st.DrawFn) -> AccountSettings:
    provider = draw(providers(server_lists))
    address = draw(addresses)
    parsed = None if address is None else EmailAddress.parse(address)
    return resolve(provider, a_domain(), address=parsed)


@given(accounts(), clients, languages)
def test_any_account_is_written_in_every_form(
    account: AccountSettings, client: Client, language: Language
) -> None:
    guide = write_guide(client, account, Presentation())
    bodies = {name: form.render(guide, language).decode() for name, form in FORMS.items()}
    document = json.loads(bodies["json"])
    assert document["client"]["slug"] == guide.client.slug
    reader = read_fragment(bodies["html"])
    assert all(link.startswith(("https://", "http://")) for link in reader.links)


def without_code(markdown: str) -> str:
    """Take out what is code, fenced or in a line."""
    markdown = re.sub(r"(?ms)^ *(`{3,})$.*?^ *\1$", "", markdown)
    return re.sub(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", markdown)


@given(accounts(), clients, languages)
def test_markdown_holds_no_html_and_no_links_of_others(
    account: AccountSettings, client: Client, language: Language
) -> None:
    guide = write_guide(client, account, Presentation())
    body = FORMS["markdown"].render(guide, language).decode()
    text = re.sub(r"<https?://[^<>\s]*>", "", without_code(body))
    assert not re.search(r"(?<!\\)[<>\[\]]", text)


@given(texts(80))
def test_a_code_span_is_read_back_as_it_was(text: str) -> None:
    span = code_span(text)
    found = re.fullmatch(r"(`+)(.*?)\1", span, re.DOTALL)
    assert found
    inner = found[2]
    if inner.startswith(" ") and inner.endswith(" ") and inner.strip(" "):
        inner = inner[1:-1]
    assert inner == text
    assert found[1] not in re.findall(r"`+", text)


@given(texts(80))
def test_escaped_markdown_says_the_same(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", escape_markdown(text)) == text
