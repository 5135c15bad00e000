"""Seeds for the fuzzer: requests as the real clients send them, in the layout of ``request_from``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook"
_MOBILE = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_EXCHANGE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"


def _pox(request: str, response: str) -> str:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{request}/requestschema/2006"><Request>'
        "<EMailAddress>jane@customer.example</EMailAddress>"
        f"<AcceptableResponseSchema>{response}</AcceptableResponseSchema></Request></Autodiscover>"
    )


def _soap(operation: str, inner: str) -> str:
    return (
        f'<soap:Envelope xmlns:soap="{_SOAP}" xmlns:a="{_EXCHANGE}" xmlns:wsa="http://www.w3.org/2005/08/addressing">'
        "<soap:Header><a:RequestedServerVersion>Exchange2013</a:RequestedServerVersion>"
        f"<wsa:Action>{_EXCHANGE}/Autodiscover/{operation}</wsa:Action></soap:Header>"
        f"<soap:Body><a:{operation}RequestMessage>{inner}</a:{operation}RequestMessage></soap:Body></soap:Envelope>"
    )


BODIES = {
    "outlook": _pox(_OUTLOOK, f"{_OUTLOOK}/responseschema/2006a"),
    "mobilesync": _pox(_MOBILE, f"{_MOBILE}/responseschema/2006"),
    "user-settings": _soap(
        "GetUserSettings",
        "<a:Request><a:Users><a:User><a:Mailbox>jane@customer.example</a:Mailbox></a:User></a:Users>"
        "<a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting></a:RequestedSettings></a:Request>",
    ),
    "domain-settings": _soap(
        "GetDomainSettings",
        "<a:Request><a:Domains><a:Domain>customer.example</a:Domain></a:Domains>"
        "<a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting></a:RequestedSettings></a:Request>",
    ),
    "federation": _soap(
        "GetFederationInformation", "<a:Request><a:Domain>customer.example</a:Domain></a:Request>"
    ),
    "form": "emailaddress=jane%40customer.example&name=Jane",
}
QUERIES = (
    "emailaddress=jane@customer.example&name=J",
    "Email=jane%40customer.example&Protocol=AutodiscoverV1",
    "domain=customer.example",
)


def write_seeds(folder: Path) -> None:
    """Write a file for each body and query, by every method."""
    for choice in "abc":
        for name, body in BODIES.items():
            write_seed(folder / f"{name}-{choice}", choice, QUERIES[0], body)
        for number, query in enumerate(QUERIES):
            write_seed(folder / f"query-{number}-{choice}", choice, query, "")


def write_seed(path: Path, choice: str, query: str, body: str) -> None:
    fields = (choice, "autodiscover.customer.example", query, "customer.example", "1", body)
    path.write_bytes("\0".join(fields).encode())
