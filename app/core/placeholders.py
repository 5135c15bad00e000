"""Placeholders in host names, URLs and usernames: ``%EMAILADDRESS%`` and the domain's variables.

Clients expand the three standard ones themselves (autoconfig draft, "Placeholders"), so they may stay
in a document; variables such as ``%NODE%`` are ours and never leave the house unexpanded. A ``%`` that
belongs to no placeholder is an ordinary character: ``%EMAILLOCALPART%%%EMAILDOMAIN%`` is the old
``user%domain`` login. Two hexadecimal digits behind one are an octet of a URL (RFC 3986 §2.1): in
``/%C3%B6`` nothing is to expand, and no variable may have such a name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.core.errors import IssueCollector, refuse
from app.core.text import single_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.names import DomainName, EmailAddress

ADDRESS: Final = "EMAILADDRESS"
LOCAL_PART: Final = "EMAILLOCALPART"
DOMAIN: Final = "EMAILDOMAIN"
STANDARD: Final = frozenset({ADDRESS, LOCAL_PART, DOMAIN})

MAX_VARIABLES: Final = 32
MAX_VALUE_LENGTH: Final = 253

PLACEHOLDER: Final = re.compile(r"%(?![A-F][A-F0-9]%)([A-Z][A-Z0-9_]*)%")
"""Matches one placeholder; its group is the name."""
_VARIABLE_NAME = re.compile(r"(?![A-F][A-F0-9]\Z)[A-Z][A-Z0-9_]{0,31}")
# Nearly all values: printable ASCII without a percent sign, and no space at an end.
_PLAIN_VALUE = re.compile(r"[!-$&-~](?:[ -$&-~]{0,251}[!-$&-~])?")
_TRUNCATED = re.compile(rf"%(?:{'|'.join(STANDARD)})|(?:{'|'.join(STANDARD)})%")


def placeholders_in(text: str) -> tuple[str, ...]:
    """Return the names of the placeholders, in the order of their first appearance."""
    return tuple(dict.fromkeys(PLACEHOLDER.findall(text)))


def variables_in(text: str) -> tuple[str, ...]:
    """Return the names of the placeholders that clients do not know."""
    return tuple(name for name in placeholders_in(text) if name not in STANDARD)


def changed_variables(before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
    """Return the variables that get, change or lose their value."""
    return frozenset(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def has_placeholders(text: str) -> bool:
    """Tell whether anything is left to expand."""
    return PLACEHOLDER.search(text) is not None


def has_truncated_placeholder(text: str) -> bool:
    """Tell whether a standard placeholder has lost one of its percent signs."""
    return _TRUNCATED.search(PLACEHOLDER.sub(" ", text)) is not None


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders that have a value; the others stay. Values are not expanded again."""
    if "%" not in text:
        return text
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def domain_values(domain: DomainName) -> dict[str, str]:
    """Return what is known when only the domain is."""
    return {DOMAIN: domain.ascii}


def address_values(address: EmailAddress) -> dict[str, str]:
    """Return the standard placeholders' values for one address."""
    return {
        ADDRESS: str(address),
        LOCAL_PART: address.local_part,
        DOMAIN: address.domain.ascii,
    }


def checked_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables sorted by name.

    Raises:
        InvalidInput: When a name is not upper-case, a standard one or an octet's, a value is empty, too
            long, holds a percent sign or control characters, or there are too many.
    """
    if len(variables) > MAX_VARIABLES:
        raise refuse(f"must be at most {MAX_VARIABLES} variables")
    issues = IssueCollector()
    for name, value in variables.items():
        if name not in STANDARD and _VARIABLE_NAME.fullmatch(name) and _PLAIN_VALUE.fullmatch(value):
            continue
        with issues.at(name):
            if not _VARIABLE_NAME.fullmatch(name):
                rule = "must have a name of capital letters, digits and underscores"
                raise refuse(f"{rule} that is no two hexadecimal digits")
            if name in STANDARD:
                raise refuse("must not have the name of a standard placeholder")
            if "%" in single_line(value, MAX_VALUE_LENGTH):
                raise refuse("must not hold a percent sign")
    issues.close()
    return dict(sorted(variables.items()))
