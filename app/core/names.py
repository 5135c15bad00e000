"""Domain names, host names and mail addresses: parsed once, normal ever after.

Domains follow IDNA 2008 (RFC 5891) with the mapping of UTS 46 for what people type, and are kept as
A-labels; addresses follow RFC 5321 §4.1.2 and RFC 6531. The built-in ``idna`` codec is IDNA 2003 and
is not used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Self

import idna
from typing_extensions import override

from app.core.errors import refuse

MAX_DOMAIN_LENGTH = 253
MAX_LOCAL_PART_OCTETS = 64
MAX_ADDRESS_OCTETS = 254

# Longer than any name in U-labels can be; guards the IDNA mapping against huge inputs.
_MAX_INPUT_LENGTH = 1024
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Nearly all names: lower-case labels that are no A-labels, which need no further look.
_PLAIN_LABEL = r"(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN_NAME = re.compile(rf"{_PLAIN_LABEL}(?:\.{_PLAIN_LABEL})*")
_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff"
_DOT_STRING = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*")
_QUOTED_STRING = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"')
_QUOTED_PAIR = re.compile(r"\\(.)")
# C1, surrogates and the BMP's last two: no document could carry them (XML 1.0 §2.2).
_UNPRINTABLE = re.compile("[\x80-\x9f\ud800-\udfff\ufffe\uffff]")


def _normal_name(text: str) -> str:
    """Return lower-case A-labels without a trailing dot.

    Raises:
        InvalidInput: When a label or the whole is not a host name.
    """
    if len(text) <= MAX_DOMAIN_LENGTH and _PLAIN_NAME.fullmatch(text):
        return text
    if not text:
        raise refuse("must not be empty")
    if len(text) > _MAX_INPUT_LENGTH:
        raise refuse(f"must be at most {MAX_DOMAIN_LENGTH} characters long")
    name = text.lower() if text.isascii() else _mapped_to_ascii(text)
    name = name.removesuffix(".")
    if len(name) > MAX_DOMAIN_LENGTH:
        raise refuse(f"must be at most {MAX_DOMAIN_LENGTH} characters long")
    for label in name.split("."):
        _check_label(label)
    return name


def _mapped_to_ascii(text: str) -> str:
    try:
        return idna.encode(text, uts46=True, std3_rules=True, transitional=False).decode("ascii")
    except (idna.IDNAError, UnicodeError, IndexError):
        raise refuse("must be a name that IDNA 2008 allows") from None


def _check_label(label: str) -> None:
    if not label:
        raise refuse("must not have empty labels")
    if len(label) > 63:  # noqa: PLR2004 - RFC 1035 §2.3.4
        raise refuse("must not have labels longer than 63 characters")
    if not _LABEL.fullmatch(label):
        raise refuse("must consist of letters, digits and hyphens, with no hyphen at a label's end")
    if label.startswith("xn--"):
        try:
            is_normal = idna.alabel(idna.ulabel(label)) == label.encode("ascii")
        except (idna.IDNAError, UnicodeError, IndexError):
            is_normal = False
        if not is_normal:
            raise refuse("must not have invalid xn-- labels (IDNA 2008)")


def is_ipv4_address(text: str) -> bool:
    """Tell whether the text is an IPv4 address in dotted decimal form."""
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def _shown(ascii_name: str) -> str:
    """Return the U-label form for people; the A-label where it has none."""
    try:
        return idna.decode(ascii_name)
    except (idna.IDNAError, UnicodeError):
        return ascii_name


@dataclass(frozen=True, slots=True, order=True)
class DomainName:
    """A mail domain: at least two labels, lower-case A-labels, no trailing dot."""

    ascii: str

    def __post_init__(self) -> None:
        """Refuse a text that is not in normal form already."""
        if type(self).parse_text(self.ascii) != self.ascii:
            raise refuse("must be in lower-case A-label form")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name as people and clients write it: any case, U-labels, one trailing dot.

        Raises:
            InvalidInput: With the rule that the name breaks.
        """
        return cls(cls.parse_text(text))

    @staticmethod
    def parse_text(text: str) -> str:
        """Return the normal form of a mail domain's name."""
        name = _normal_name(text)
        last = name.rpartition(".")[2]
        if last == name:
            raise refuse("must have at least two labels")
        if last.isdigit():
            raise refuse("must not end in a number")
        return name

    @property
    def unicode(self) -> str:
        """The name in U-labels, for people."""
        return _shown(self.ascii)

    @override
    def __str__(self) -> str:
        """Return the A-label form."""
        return self.ascii


@dataclass(frozen=True, slots=True, order=True)
class Hostname:
    """A server's name: like a mail domain's, but one label or an IPv4 address will do."""

    ascii: str

    def __post_init__(self) -> None:
        """Refuse a text that is not in normal form already."""
        if type(self).parse_text(self.ascii) != self.ascii:
            raise refuse("must be in lower-case A-label form")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a host name as people write it.

        Raises:
            InvalidInput: With the rule that the name breaks.
        """
        return cls(cls.parse_text(text))

    @staticmethod
    def parse_text(text: str) -> str:
        """Return the normal form of a host name."""
        if ":" in text:
            # Thunderbird's host name rule knows letters, digits, hyphens and dots only.
            raise refuse("must be a host name without a port, or an IPv4 address")
        name = _normal_name(text)
        if name.rpartition(".")[2].isdigit() and not is_ipv4_address(name):
            raise refuse("must not end in a number unless it is an IPv4 address")
        return name

    @property
    def unicode(self) -> str:
        """The name in U-labels, for people."""
        return _shown(self.ascii)

    @override
    def __str__(self) -> str:
        """Return the A-label form."""
        return self.ascii


def _normal_local_part(text: str) -> str:
    """Return a dot-string, or a quoted string where nothing else will do.

    Raises:
        InvalidInput: When it is neither (RFC 5321 §4.1.2).
    """
    if not text:
        raise refuse("must have something before the @")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_LOCAL_PART_OCTETS:
        raise refuse(f"must have at most {MAX_LOCAL_PART_OCTETS} octets before the @")
    if _UNPRINTABLE.search(text):
        raise refuse("must not hold control characters")
    if _DOT_STRING.fullmatch(text):
        return text
    if not _QUOTED_STRING.fullmatch(text):
        raise refuse("must have a dot-atom or a quoted string before the @ (RFC 5321)")
    content = _QUOTED_PAIR.sub(r"\1", text[1:-1])
    if _DOT_STRING.fullmatch(content):
        return content
    escaped = content.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True, order=True)
class EmailAddress:
    """A mail address. The local part keeps its case (RFC 5321 §2.4), the domain does not."""

    local_part: str
    domain: DomainName

    def __post_init__(self) -> None:
        """Refuse a local part that is not in normal form already."""
        if _normal_local_part(self.local_part) != self.local_part:
            raise refuse("must have its local part in normal form", "local_part")
        if len(str(self).encode()) > MAX_ADDRESS_OCTETS:
            raise refuse(f"must be at most {MAX_ADDRESS_OCTETS} octets long")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address, split at the last ``@``; a needlessly quoted local part is unquoted.

        Raises:
            InvalidInput: With the rule that the address breaks.
        """
        local_part, at, domain = text.rpartition("@")
        if not at:
            raise refuse("must have an @")
        return cls(_normal_local_part(local_part), DomainName.parse(domain))

    @property
    def key(self) -> str:
        """What mailboxes are looked up by: the local part without regard to case."""
        return self.local_part.lower()

    def without_tag(self, separator: str) -> EmailAddress:
        """Return the address without its sub-address (RFC 5233), itself where it has none."""
        base, found, _tag = self.local_part.partition(separator)
        if not found or not _DOT_STRING.fullmatch(base):
            return self
        return EmailAddress(base, self.domain)

    def lowered(self) -> EmailAddress:
        """Return the address in lower case, itself where that would be too long (some letters grow)."""
        local_part = self.local_part.lower()
        longest = MAX_ADDRESS_OCTETS - len(self.domain.ascii) - 1
        if len(local_part.encode()) > min(MAX_LOCAL_PART_OCTETS, longest):
            return self
        return EmailAddress(local_part, self.domain)

    @override
    def __str__(self) -> str:
        """Return ``local@domain`` with A-labels."""
        return f"{self.local_part}@{self.domain.ascii}"
