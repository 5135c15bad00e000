"""What the OpenAPI document says of texts: the core's rules, in words that other programs can read.

They only describe: the core refuses, in sentences of its own. A property test holds the two to each other.
Names may be in U-labels, which no pattern can tell from what is no name: they have a format instead.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field, WithJsonSchema

from app.core.domains import MAX_REFERENCE
from app.core.mail_transport import MAX_REPORT_URI_LENGTH
from app.core.names import MAX_DOMAIN_LENGTH, MAX_LOCAL_PART_OCTETS
from app.core.patterns import MAX_USERNAME_LENGTH
from app.core.placeholders import MAX_VALUE_LENGTH, STANDARD
from app.core.provider import MAX_DISPLAY_NAME, MAX_TEXT, SUBADDRESS_SEPARATORS
from app.core.text import MAX_URL_LENGTH

# Regular expressions as ECMA-262 has them.
_CONTROL: Final = r"\x00-\x1f\x7f-\x9f\ufffe\uffff"
_CONTROL_IN_TEXT: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff"
_ATEXT: Final = r"[^\x00-\x20\"(),.:;<>@\[\\\]\x7f-\x9f\ufffe\uffff]"
_QUOTED: Final = r"\"(?:[^\"\\\x00-\x1f\x7f-\x9f\ufffe\uffff]|\\[\x20-\x7e])*\""
_PLACEHOLDER: Final = "%(?![A-F][A-F0-9]%)[A-Z][A-Z0-9_]*%"
_LETTER: Final = f"(?:[A-Za-z0-9]|{_PLACEHOLDER})"
_LABEL: Final = f"{_LETTER}(?:(?:-|{_LETTER})*{_LETTER})?"
_PLAIN_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_NO_NUMBER: Final = r"(?![0-9]+(?:[:/?#]|$))"
_HOST: Final = rf"(?:{_IPV4}|(?:{_LABEL}\.)*{_NO_NUMBER}{_LABEL})"
_ANY_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_URL_HOST: Final = rf"(?:{_IPV4}|(?:{_ANY_LABEL}\.)*{_NO_NUMBER}{_ANY_LABEL}\.?)"
_PORT: Final = "[0-9]{0,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_HTTP: Final = "[Hh][Tt][Tt][Pp]"
_HTTPS: Final = f"{_HTTP}[Ss]"
_VARIABLE: Final = rf"^(?![A-F][A-F0-9]$)(?!(?:{'|'.join(sorted(STANDARD))})$)[A-Z][A-Z0-9_]{{0,31}}$"


def described(**rules: Any) -> Any:  # noqa: ANN401 - as pydantic has it
    """Describe a value that is checked elsewhere."""
    return Field(json_schema_extra=rules)


def text_schema(**rules: object) -> WithJsonSchema:
    """Describe a text."""
    return WithJsonSchema({"type": "string", **rules})


def _trimmed(longest: int, but: str = _CONTROL) -> WithJsonSchema:
    edge = rf"[^\s{but}]"
    return text_schema(minLength=1, maxLength=longest, pattern=f"^{edge}(?:[^{but}]*{edge})?$")


def padded_line(longest: int, but: str = "") -> WithJsonSchema:
    """Describe one line of text; white space around it is allowed and not counted."""
    edge = rf"[^\s{_CONTROL}{but}]"
    middle = f"(?:[^{_CONTROL}{but}]{{0,{longest - 2}}}{edge})?"
    return text_schema(minLength=1, pattern=rf"^\s*{edge}{middle}\s*$")


def _url(scheme: str, *, path: str = "(?:[/?#][!-~]*)?", **rules: object) -> WithJsonSchema:
    pattern = f"^{scheme}://{_HOST}(?::(?:{_PORT}))?{path}$"
    return text_schema(maxLength=MAX_URL_LENGTH, pattern=pattern, **rules)


def _plain_url(scheme: str, *, path: str = "(?:[/?#][!-~]*)?", **rules: object) -> WithJsonSchema:
    pattern = f"^{scheme}://{_URL_HOST}(?::(?:{_PORT}))?{path}$"
    return text_schema(maxLength=MAX_URL_LENGTH, pattern=pattern, **rules)


_SLUG: Final = "^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$"
_KEY: Final = "^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$"
Slug = Annotated[str, text_schema(minLength=1, maxLength=63, pattern=_SLUG, examples=["demo"])]
ServerKey = Annotated[str, text_schema(minLength=1, maxLength=40, pattern=_KEY, examples=["imap", "smtp-2"])]
PublicId = Annotated[
    str, text_schema(minLength=12, maxLength=12, pattern="^[0-9a-f]{12}$", examples=["0123456789ab"])
]
Name = Annotated[str, text_schema(format="idn-hostname", examples=["customer.example"])]
"""A mail domain's name."""
LocalPart = Annotated[
    str,
    text_schema(
        minLength=1,
        maxLength=MAX_LOCAL_PART_OCTETS,
        pattern=rf"^(?:{_ATEXT}+(?:\.{_ATEXT}+)*|{_QUOTED})$",
        examples=["jane"],
    ),
]
Address = Annotated[str, text_schema(format="idn-email", examples=["help@host.example"])]

DisplayName = Annotated[str, _trimmed(MAX_DISPLAY_NAME)]
Identifier = Annotated[
    str, text_schema(minLength=1, maxLength=253, pattern="^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")
]
FreeText = Annotated[str, _trimmed(MAX_TEXT, _CONTROL_IN_TEXT)]
Language = Annotated[
    str, text_schema(pattern="^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$", examples=["de", "pt-BR"])
]
Separator = Annotated[str, text_schema(enum=list(SUBADDRESS_SEPARATORS), examples=["+"])]
Reference = Annotated[str, padded_line(MAX_REFERENCE)]
Username = Annotated[str, _trimmed(MAX_USERNAME_LENGTH)]
PathPrefix = Annotated[str, _trimmed(100)]
SearchBase = Annotated[str, _trimmed(500)]
Line40 = Annotated[str, padded_line(40)]
Line100 = Annotated[str, padded_line(100)]
Line200 = Annotated[str, padded_line(200)]
Line253 = Annotated[str, padded_line(253)]
Line254 = Annotated[str, padded_line(MAX_USERNAME_LENGTH)]
Line500 = Annotated[str, padded_line(500)]
Line2000 = Annotated[str, padded_line(2000)]

WebUrl = Annotated[str, _plain_url(f"{_HTTP}[Ss]?")]
LogoUrl = Annotated[str, _plain_url(_HTTPS)]
Colour = Annotated[str, text_schema(pattern="^#[0-9A-Fa-f]{6}$", examples=["#0B57D0"])]
HookUrl = Annotated[
    str,
    _plain_url(
        f"{_HTTP}[Ss]?", path=r"(?:[/?][!-\"$-~]*)?", examples=["https://billing.example/hooks/signpost"]
    ),
]
ServerUrl = Annotated[str, _url(f"(?:{_HTTP}[Ss]?|[Ww][Ss][Ss])", examples=["https://mail.host.example/dav"])]
UrlPattern = Annotated[str, _url(f"{_HTTP}[Ss]?")]
AutodiscoverUrl = Annotated[
    str,
    _url(
        _HTTPS,
        path=r"/(?:[!-\"$->@-~]*/)?[Aa][Uu][Tt][Oo][Dd][Ii][Ss][Cc][Oo][Vv][Ee][Rr]\.[Xx][Mm][Ll]",
        examples=["https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml"],
    ),
]
HostPattern = Annotated[
    str,
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "string",
                    "maxLength": MAX_DOMAIN_LENGTH,
                    "pattern": f"^(?!.*%EMAILADDRESS%){_HOST}$",
                },
                {"type": "string", "format": "idn-hostname"},
            ],
            "examples": ["%NODE%.host.example"],
        }
    ),
]
"""A host name that may hold placeholders."""
MxPattern = Annotated[
    str,
    text_schema(
        maxLength=MAX_DOMAIN_LENGTH + 2,
        pattern=rf"^(?:\*\.)?(?:{_PLAIN_LABEL}\.)*{_NO_NUMBER}{_PLAIN_LABEL}$",
        examples=["mx1.host.example", "*.mx.host.example"],
    ),
]
_MAILTO_ATOM: Final = r"(?:[A-Za-z0-9$&'*+/=_~-]|%2[13-7ABFabf]|%3[DFdf]|%5[EFef]|%60|%7[B-Eb-e])+"
_PCHAR: Final = r"(?:[A-Za-z0-9._~:/?@$&'()*+=-]|%[0-9A-Fa-f]{2})"
_ADDRESS_HOST: Final = rf"(?:{_ANY_LABEL}\.)+{_NO_NUMBER}{_ANY_LABEL}"
_MAILTO: Final = rf"mailto:{_MAILTO_ATOM}(?:\.{_MAILTO_ATOM})*@{_ADDRESS_HOST}"
_HTTPS_URI: Final = rf"https://{_URL_HOST}(?::(?:{_PORT}))?(?:[/?]{_PCHAR}*)?(?:#{_PCHAR}*)?"
ReportUri = Annotated[
    str,
    text_schema(
        format="uri",
        maxLength=MAX_REPORT_URI_LENGTH,
        pattern=f"^(?:{_MAILTO}|{_HTTPS_URI})$",
        examples=["mailto:tls-reports@host.example"],
    ),
]

_value = padded_line(MAX_VALUE_LENGTH, but="%").json_schema
VARIABLES_RULES: Final[dict[str, Any]] = {
    "propertyNames": {"pattern": _VARIABLE},
    "additionalProperties": _value,
}
"""What a domain's variables are called, and what they may be."""
PATCHED_VARIABLES_RULES: Final[dict[str, Any]] = {
    **VARIABLES_RULES,
    "additionalProperties": {"anyOf": [_value, {"type": "null"}]},
}
