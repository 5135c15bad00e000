"""The words of autoconfig files in ours, historic spellings included, and which elements are read."""

from __future__ import annotations

from typing import Final

from app.core.servers import Authentication, ServerType, SocketType

INCOMING_TYPES: Final = {
    "imap": ServerType.IMAP,
    "pop3": ServerType.POP3,
    "nntp": ServerType.NNTP,
    "jmap": ServerType.JMAP,
    "ews": ServerType.EWS,
    "owa": ServerType.OWA,
    "graph": ServerType.GRAPH,
    "exchange": ServerType.EXCHANGE,
    "activesync": ServerType.ACTIVESYNC,
}
OUTGOING_TYPES: Final = {"smtp": ServerType.SMTP}
SECTION_TYPES: Final = {
    "addressbook": {"carddav": ServerType.CARDDAV},
    "addressBook": {"carddav": ServerType.CARDDAV},  # before 2026
    "calendar": {"caldav": ServerType.CALDAV},
    "fileShare": {"webdav": ServerType.WEBDAV},
    "chatServer": {"xmpp": ServerType.XMPP, "xmpptcp": ServerType.XMPP, "matrix": ServerType.MATRIX},
    "setupServer": {"managesieve": ServerType.MANAGESIEVE},
}
"""What stands beside ``emailProvider``, since version 1.2."""
SOCKET_TYPES: Final = {
    "ssl": SocketType.TLS,
    "tls": SocketType.TLS,  # samples of the draft
    "starttls": SocketType.STARTTLS,
    "plain": SocketType.PLAIN,
}
AUTHENTICATION: Final = {
    "password-cleartext": Authentication.PASSWORD_CLEARTEXT,
    "plain": Authentication.PASSWORD_CLEARTEXT,  # before 2010
    "password-encrypted": Authentication.PASSWORD_ENCRYPTED,
    "secure": Authentication.PASSWORD_ENCRYPTED,  # before 2010
    "oauth2": Authentication.OAUTH2,
    "oauth": Authentication.OAUTH2,  # a misprint of the draft
    "ntlm": Authentication.NTLM,
    "gssapi": Authentication.GSSAPI,
    "tls-client-cert": Authentication.TLS_CLIENT_CERTIFICATE,
    "client-ip-address": Authentication.CLIENT_IP_ADDRESS,
    "smtp-after-pop": Authentication.SMTP_AFTER_POP,
    "http-basic": Authentication.HTTP_BASIC,
    "http-digest": Authentication.HTTP_DIGEST,
    "none": Authentication.NONE,
}
HTTP_AUTHENTICATION: Final = {
    "basic": Authentication.HTTP_BASIC,
    "digest": Authentication.HTTP_DIGEST,
}
SERVER_FIELDS: Final = frozenset({
    "hostname", "port", "socketType", "url", "username", "authentication", "pop3", "restriction",
    "addThisServer", "useGlobalPreferredServer", "owaURL", "ewsURL", "easURL",
})  # fmt: skip
PROVIDER_FIELDS: Final = frozenset({
    "domain", "displayName", "displayShortName", "displayNameShort", "incomingServer", "outgoingServer",
    "documentation", "instruction", "enable", "inputField", "webMail", "oAuth2",
})  # fmt: skip
ROOT_FIELDS: Final = frozenset({
    "emailProvider", "webMail", "oAuth2", "enable", "documentation", *SECTION_TYPES,
})  # fmt: skip
POP3_FIELDS: Final = frozenset({
    "leaveMessagesOnServer", "daysToLeaveMessagesOnServer", "downloadOnBiff", "checkInterval",
})  # fmt: skip
OAUTH2_FIELDS: Final = frozenset({"issuer", "scope", "authURL", "tokenURL", "clientID", "clientSecret"})
WEBMAIL_FIELDS: Final = frozenset({"loginPage", "loginPageInfo"})
FORM_FIELDS: Final = frozenset({"username", "usernameField", "passwordField", "loginButton"})
REPEATABLE: Final = frozenset({
    "domain", "incomingServer", "outgoingServer", "documentation", "instruction", "enable", "inputField",
    "authentication", "descr", *SECTION_TYPES,
})  # fmt: skip
