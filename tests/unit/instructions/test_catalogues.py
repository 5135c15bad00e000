"""Every language has every text, none too many, and the same places in each."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import app.instructions
import app.web
import pytest
from app.core.errors import InvalidInput
from app.instructions.clients import CLIENTS_BY_SLUG
from app.instructions.languages import LANGUAGES, choose_language, load_language
from app.instructions.phrases import Phrase, label, say
from app.web.templating import TRANSLATE, templates
from babel.messages.pofile import read_po
from jinja2 import nodes

PACKAGE = Path(app.instructions.__file__).parent
PAGES = Path(app.web.__file__).parent
BUILDERS = {"say", "label"}
TRANSLATED = [tag for tag in LANGUAGES if tag != "en"]
each_language = pytest.mark.parametrize("tag", TRANSLATED)


Key = tuple[str | None, str]
"""A context, and the English text."""


def messages() -> set[Key]:
    """Find the English texts in the code, with their contexts, and those in the pages' templates."""
    found: set[Key] = {(None, text) for text in texts_of_templates()}
    for path in (*PACKAGE.rglob("*.py"), *PAGES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILDERS:
                (first, *_) = node.args
                assert isinstance(first, ast.Constant), f"{path.name}:{node.lineno} builds a text"
                assert isinstance(first.value, str)
                found.add((context_of(node), first.value))
    return found


def texts_of_templates() -> set[str]:
    found = set()
    for path in PAGES.rglob("*.html"):
        for call in templates().parse(path.read_text()).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == TRANSLATE:
                (text,) = call.args
                assert isinstance(text, nodes.Const), f"{path.name}:{call.lineno} builds a text"
                assert isinstance(text.value, str)
                assert {one.key for one in call.kwargs} == places(text.value), text.value
                found.add(text.value)
    return found


def context_of(call: ast.Call) -> str | None:
    keyword = next((keyword for keyword in call.keywords if keyword.arg == "context"), None)
    if keyword is None:
        return None
    assert isinstance(keyword.value, ast.Constant), "a context is built"
    assert isinstance(keyword.value.value, str)
    return keyword.value.value


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def catalogue(tag: str) -> dict[Key, str]:
    with (PACKAGE / "catalogues" / f"{tag}.po").open("rb") as stream:
        found = read_po(stream, locale=tag, abort_invalid=True)
    assert not [message.id for message in found if message.fuzzy and message.id]
    return {(message.context, str(message.id)): str(message.string) for message in found if message.id}


@each_language
def test_a_language_has_every_text_and_none_too_many(tag: str) -> None:
    texts = catalogue(tag)
    # A word of one program's own is needed only where the language's usual one differs from it.
    needed = {(None, message) for _, message in messages()}
    assert needed - {key for key, text in texts.items() if text} == set(), "missing"
    assert set(texts) - needed - messages() == set(), "unused"


@each_language
def test_a_text_has_the_places_of_the_english_one(tag: str) -> None:
    wrong = {message for (_, message), text in catalogue(tag).items() if places(message) != places(text)}
    assert wrong == set()


@each_language
def test_sentences_are_translated(tag: str) -> None:
    # A few words may be alike in two languages, sentences are not.
    alike = {message for (_, message), text in catalogue(tag).items() if message == text}
    assert {message for message in alike if message.count(" ") >= 3} == set()


def test_a_language_says_its_direction() -> None:
    assert load_language("de").direction == "ltr"
    assert load_language("en").direction == "ltr"
    assert load_language("ar").direction == "rtl"


def test_names_in_sentences_of_a_language_from_right_to_left_keep_to_themselves() -> None:
    arabic, end = load_language("ar"), "\N{POP DIRECTIONAL ISOLATE}."
    for name in ("K-9 (beta)", "2026-11"):
        assert arabic.text(say("Open {app}.", app=name)).endswith(f" \N{LEFT-TO-RIGHT ISOLATE}{name}{end}")
    hebrew = "\N{HEBREW LETTER ALEF}-9"
    assert arabic.text(say("Open {app}.", app=hebrew)).endswith(f" \N{FIRST STRONG ISOLATE}{hebrew}{end}")
    assert end not in arabic.text(say("Press {button}.", button=label("OK")))


def test_a_language_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidInput, match="locale: must be one of"):
        load_language("tlh")


@pytest.mark.parametrize(
    ("preferred", "chosen"),
    [(("de-at", "en"), "de"), (("tlh", "de"), "de"), (("tlh",), "en"), ((), "en")],
)
def test_the_best_language_that_is_there_is_chosen(preferred: tuple[str, ...], chosen: str) -> None:
    assert choose_language(preferred).tag == chosen


def test_labels_in_sentences_are_quoted_as_the_language_does() -> None:
    phrase = say("Choose {path}.", path=(label("File"), label("New")))
    assert load_language("en").text(phrase) == "Choose “File” › “New”."  # noqa: RUF001 - as it is shown
    assert load_language("de").text(phrase) == "Wählen Sie „Datei“ › „Neu“."  # noqa: RUF001


def test_a_program_may_have_a_word_of_its_own_for_what_others_call_alike() -> None:
    german = load_language("de")
    assert german.text(label("Save")) == "Speichern"
    assert german.text(label("Save", context="apple")) == "Sichern"
    assert german.text(label("Password", context="outlook")) == "Kennwort"
    assert german.text(label("Next", context="apple")) == "Weiter"
    assert load_language("en").text(label("Save", context="apple")) == "Save"


@each_language
def test_programs_whose_names_are_words_are_named_in_the_language(tag: str) -> None:
    named = CLIENTS_BY_SLUG["iphone-ipad"].name
    assert load_language(tag).text(named) != load_language("en").text(named)


def test_what_is_put_into_a_text_is_not_read_as_a_text() -> None:
    phrase = Phrase("Open {app}.", (("app", "{path} %s {0}"),))
    assert load_language("de").text(phrase) == "Öffnen Sie {path} %s {0}."
