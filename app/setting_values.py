"""The kinds of values that settings have beside the plain ones: lists with commas, and nothing for unset."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AnyHttpUrl, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from app.core.dns_lookups import NameServer
from app.core.errors import InvalidInput
from app.core.networks import Network
from app.core.ports import PortSet


def _networks(value: Any) -> Any:  # noqa: ANN401 - whatever the operator or a test gives
    if isinstance(value, str):
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
    return value


def _unset_if_empty(value: Any) -> Any:  # noqa: ANN401 - as above
    return None if value == "" else value


def _addresses(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return tuple(ip_address(part.strip()) for part in value.split(",") if part.strip())
    return value


def _name_server(value: Any) -> Any:  # noqa: ANN401
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return NameServer.parse(value)
    except InvalidInput as error:
        raise ValueError(error.issues[0].rule) from None


def _ports(value: Any) -> Any:  # noqa: ANN401
    if not isinstance(value, str):
        return value
    try:
        return PortSet.parse(value)
    except InvalidInput as error:
        raise ValueError(error.issues[0].rule) from None


def _secrets(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return tuple(SecretStr(part.strip()) for part in value.split(",") if part.strip())
    return value


NetworkList = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_secrets)]
AddressList = Annotated[tuple[IPv4Address | IPv6Address, ...], NoDecode, BeforeValidator(_addresses)]
PortSetting = Annotated[PortSet, NoDecode, BeforeValidator(_ports)]
OptionalNameServer = Annotated[NameServer | None, NoDecode, BeforeValidator(_name_server)]
OptionalPath = Annotated[Path | None, BeforeValidator(_unset_if_empty)]
OptionalText = Annotated[str | None, BeforeValidator(_unset_if_empty)]
OptionalUrl = Annotated[AnyHttpUrl | None, BeforeValidator(_unset_if_empty)]
