"""What can be entered into a mail program."""

from __future__ import annotations

from enum import StrEnum


class ValueKind(StrEnum):
    """What a value is, whatever the client calls the field."""

    FULL_NAME = "full-name"
    ADDRESS = "address"
    PASSWORD = "password"  # noqa: S105 - a kind of value
    PROTOCOL = "protocol"
    HOSTNAME = "hostname"
    PORT = "port"
    SOCKET_TYPE = "socket-type"
    AUTHENTICATION = "authentication"
    USERNAME = "username"
    PATH_PREFIX = "path-prefix"
    URL = "url"
