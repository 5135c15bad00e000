"""What stands before the service on the internet: a proxy, over TLS or plain, and an Exchange beside it."""

from __future__ import annotations

import base64
import http.client
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from typing_extensions import override

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

EWS_HOST = "ews.provider.example"
DISCOVER_HOST = "discover.hosted.example"
"""Where that Exchange's own Autodiscover is."""
CREDENTIALS = ("jane@customer.example", "Sésame, öffne dich")
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "date", "server"}
_EWS = "http://schemas.microsoft.com/exchange/services/2006"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

# What Exchange 2019 says to an identifier that it cannot read: clients learn its version from it.
EWS_ANSWER = f"""<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{_SOAP}"><s:Header>\
<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1118" MinorBuildNumber="7" \
Version="V2017_07_11" xmlns:h="{_EWS}/types"/></s:Header><s:Body>\
<m:ConvertIdResponse xmlns:m="{_EWS}/messages"><m:ResponseMessages>\
<m:ConvertIdResponseMessage ResponseClass="Error"><m:MessageText>Id is malformed.</m:MessageText>\
<m:ResponseCode>ErrorInvalidIdMalformed</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>\
</m:ConvertIdResponseMessage></m:ResponseMessages></m:ConvertIdResponse></s:Body></s:Envelope>""".encode()

# What Exchange says to GetUserSettings, as far as clients read it.
_DISCOVER = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
DISCOVER_ANSWER = f"""<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{_SOAP}"><s:Header>\
<h:ServerVersionInfo xmlns:h="{_DISCOVER}"><h:MajorVersion>15</h:MajorVersion>\
<h:MinorVersion>2</h:MinorVersion><h:MajorBuildNumber>1118</h:MajorBuildNumber><h:MinorBuildNumber>7</h:MinorBuildNumber>\
<h:Version>Exchange2016</h:Version></h:ServerVersionInfo></s:Header><s:Body>\
<GetUserSettingsResponseMessage xmlns="{_DISCOVER}"><Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance">\
<ErrorCode>NoError</ErrorCode><ErrorMessage/><UserResponses><UserResponse><ErrorCode>NoError</ErrorCode>\
<ErrorMessage>No error.</ErrorMessage><RedirectTarget i:nil="true"/><UserSettingErrors/><UserSettings>\
<UserSetting i:type="StringSetting"><Name>ExternalEwsUrl</Name>\
<Value>https://{EWS_HOST}/EWS/Exchange.asmx</Value></UserSetting>\
<UserSetting i:type="StringSetting"><Name>AutoDiscoverSMTPAddress</Name><Value>jane@moved.example</Value>\
</UserSetting></UserSettings></UserResponse></UserResponses>\
</Response></GetUserSettingsResponseMessage></s:Body></s:Envelope>""".encode()
_OWN_ANSWERS = {EWS_HOST: EWS_ANSWER, DISCOVER_HOST: DISCOVER_ANSWER}


@dataclass(frozen=True)
class Seen:
    """A request that went through."""

    method: str
    url: str
    status: int
    has_password: bool


@dataclass
class WebFront:
    """Passes requests on to the service and says whether they came over TLS; answers for Exchange itself."""

    service_port: int
    certificate: Path | None = None
    """With one it speaks TLS, without plain HTTP."""
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            @override
            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                front.handle(self)

            def do_GET(self) -> None:
                front.handle(self)

            def do_HEAD(self) -> None:
                front.handle(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # Clients keep connections that nobody will use again.
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.scheme = "http" if self.certificate is None else "https"
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        host = request.headers["Host"]
        if host in _OWN_ANSWERS:
            status, headers, content = answer(_OWN_ANSWERS[host], request.headers.get("Authorization"))
        else:
            status, headers, content = self.pass_on(request, body)
        url = f"{self.scheme}://{host}{request.path}"
        self.seen.append(Seen(request.command, url, status, "Authorization" in request.headers))
        request.send_response(status)
        for name, value in headers:
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)

    def pass_on(
        self, request: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.service_port, timeout=20)
        kept = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        forwarded = {"X-Forwarded-Proto": self.scheme, "X-Forwarded-Host": request.headers["Host"]}
        try:
            connection.request(request.command, request.path, body, {**kept, **forwarded})
            response = connection.getresponse()
            content = response.read()
            headers = [(n, v) for n, v in response.getheaders() if n.lower() not in _HOP_BY_HOP]
            return response.status, headers, content
        finally:
            connection.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def answer(content: bytes, authorization: str | None) -> tuple[int, list[tuple[str, str]], bytes]:
    """Answer as an Exchange server with Basic authentication."""
    expected = "Basic " + base64.b64encode(":".join(CREDENTIALS).encode("latin-1")).decode()
    if authorization != expected:
        challenge = [("WWW-Authenticate", 'Basic realm="ews"'), ("Content-Length", "0")]
        return 401, challenge, b""
    headers = [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(content)))]
    return 200, headers, content
