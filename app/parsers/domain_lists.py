"""Lists of mail domains, as text, tables and JSON, without the settings of any.

- Text: a domain a line; Postfix's lookup tables (``domain value``, postmap(1)) and its parameters
  (``virtual_mailbox_domains = …``).
- Tables: tabs, commas or semicolons with a line of names, as clients of databases write the tables
  ``domain`` and ``alias_domain`` of mailcow, iRedMail and PostfixAdmin.
- JSON: mailcow's ``get/domain/all`` and ``get/alias-domain/all``, Stalwart's principals (to 0.15) and its
  objects of the type Domain (from 0.16).
"""

from __future__ import annotations

import csv
import re
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Final

from app.core.domains import DomainStatus
from app.core.errors import InvalidInput, refuse
from app.core.foreign_files import checked_text, members, parsed_json
from app.core.moving import DomainList, Loss, MovedDomain, reason_of
from app.core.names import DomainName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NAMES: Final = ("alias_domain", "domain_name", "domain", "name")
_PARAMETER: Final = re.compile(r"(virtual_mailbox_domains|virtual_alias_domains|relay_domains)\s*=\s*(.*)")
_OTHER_PARAMETER: Final = re.compile(r"\w+\s*=.*")
_SEPARATORS: Final = re.compile(r"[\s,]+")
_DELIMITERS: Final = "\t;,"
# PostgreSQL's client writes t and f.
_NO: Final = frozenset({"0", "false", "no", "n", "f"})
_YES: Final = frozenset({"1", "true", "yes", "y", "t"})
_BACKUP: Final = "is relayed to another host (backup MX), so that its mailboxes are not here"
_NO_DOMAINS: Final = "is no parameter whose domains have mailboxes"
_WRAPPINGS: Final = ("data", "items", "list")
_OTHER_PRINCIPALS: Final = (
    "individual", "superuser", "group", "list", "resource", "location", "other",
    "tenant", "role", "apikey", "oauthclient",
)  # fmt: skip
"""What Stalwart lists beside its domains; of other programs a type says something of a domain."""


def parse_domain_lists(*files: bytes) -> DomainList:
    """Read lists in any of the forms as one; what is no domain is told, and never makes the rest fail.

    Raises:
        InvalidInput: When a file is not UTF-8, or what starts as JSON is none.
    """
    reader = _Reader()
    for data in files:
        text = checked_text(data)
        if text.lstrip()[:1] in ("{", "["):
            reader.read_json(text)
        else:
            reader.read_lines(text)
    # Those that others are aliases of come first.
    domains = sorted(reader.domains.values(), key=lambda one: one.alias_of is not None)
    return DomainList(domains=tuple(domains), losses=tuple(reader.losses))


class _Reader:
    def __init__(self) -> None:
        self.domains: dict[DomainName, MovedDomain] = {}
        self.losses: dict[Loss, None] = {}

    def read_json(self, text: str) -> None:
        for position, record in enumerate(_records(parsed_json(text))):
            if not isinstance(record, dict):
                raise refuse("must be an object", position)
            if str(record.get("type")).lower() not in _OTHER_PRINCIPALS:
                self._take_record(record, f"entry {position}")

    def read_lines(self, text: str) -> None:
        # psql --tuples-only indents all lines, so that none goes on with the one before.
        lines = dedent(text).splitlines()
        header = next((line for line in lines if line.strip()), "")
        delimiter = next((one for one in _DELIMITERS if one in header), "\t")
        columns = [column.strip().strip('"').lower() for column in header.split(delimiter)]
        if set(columns) & set(_NAMES):
            self._read_table(lines, delimiter, columns)
        else:
            for number, line in _logical_lines(lines):
                self._read_line(number, line)

    def _read_table(self, lines: list[str], delimiter: str, columns: list[str]) -> None:
        # Between tabs nothing is quoted: a quote there is a text's own.
        reader = csv.reader(
            lines,
            delimiter=delimiter,
            quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL,
            strict=True,
        )
        try:
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
        except csv.Error as error:
            raise refuse(f"is no row of a table: {error}", f"line {reader.line_num}") from None
        for number, row in rows[1:]:
            cells = [cell.strip().strip('"') for cell in row]
            self._take_record(dict(zip(columns, cells, strict=False)), f"line {number}")

    def _read_line(self, number: int, line: str) -> None:
        parameter = _PARAMETER.fullmatch(line)
        if parameter is None and _OTHER_PARAMETER.fullmatch(line):
            self._lose(f"{line.partition('=')[0].strip()} (line {number})", _NO_DOMAINS)
            return
        words = [word for word in _SEPARATORS.split(parameter[2] if parameter else line) if word]
        # The other words of a table's line are its value, which says nothing of the domain.
        for word in words if parameter or "," in line else words[:1]:
            self._take(word, f"line {number}")

    def _take_record(self, record: Mapping[str, Any], place: str) -> None:
        name = next((record[key] for key in _NAMES if record.get(key)), None)
        if not isinstance(name, str):
            self._lose(place, f"must have one of {', '.join(_NAMES)}")
            return
        if _says(record.get("backupmx"), _YES):
            self._lose(f"domain {name}", _BACKUP)
            return
        is_off = _says(record.get("active"), _NO) or _says(record.get("isEnabled"), _NO)
        status = DomainStatus.SUSPENDED if is_off else DomainStatus.ACTIVE
        target = record.get("target_domain")
        self._take(name, place, status, target if isinstance(target, str) and target else None)
        for alias in members(record.get("aliases")):
            self._take(alias, place, status, name)

    def _take(
        self, text: str, place: str, status: DomainStatus = DomainStatus.ACTIVE, target: str | None = None
    ) -> None:
        try:
            name = DomainName.parse(text)
            alias_of = None if target is None else DomainName.parse(target)
        except InvalidInput as error:
            self._lose(f"domain {text} ({place})", reason_of(error))
            return
        if name == alias_of:
            return
        known = self.domains.setdefault(name, MovedDomain(name=name, alias_of=alias_of, status=status))
        if known.alias_of != alias_of:
            self._lose(f"domain {text} ({place})", "is listed before as something else")

    def _lose(self, subject: str, reason: str) -> None:
        self.losses[Loss(subject, reason)] = None


def _records(value: Any) -> Iterable[Any]:  # noqa: ANN401 - any JSON
    """Find the entries, in the wrapping that each program's answers have."""
    for _ in range(len(_WRAPPINGS)):
        if not isinstance(value, dict):
            break
        value = next((value[key] for key in _WRAPPINGS if key in value), [value])
    if not isinstance(value, list):
        raise refuse("must be a list of domains")
    return value


def _says(value: Any, words: frozenset[str]) -> bool:  # noqa: ANN401 - any JSON
    return str(value).lower() in words


def _logical_lines(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Give lines with their continuations, which start with white space (postconf(5)), without comments."""
    start, text = 0, ""
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace() and text:
            text = f"{text} {line.strip()}"
            continue
        if text:
            yield start, text
        start, text = number, line.strip()
    if text:
        yield start, text
