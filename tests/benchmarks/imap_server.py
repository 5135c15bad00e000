"""An IMAP server with TLS on all of loopback, as far as probes go, that greets after a delay."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from typing import cast

import uvloop
from typing_extensions import override

ANSWERS = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1 SASL-IR ID IDLE AUTH=PLAIN AUTH=LOGIN\r\n%s OK done\r\n",
    b"LOGOUT": b"* BYE\r\n%s OK done\r\n",
}


class ImapServer(asyncio.Protocol):
    def __init__(self, delay: float) -> None:
        self._delay = delay

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._greet)
        else:
            self._greet()

    def _greet(self) -> None:
        self._transport.write(b"* OK ready\r\n")

    @override
    def data_received(self, data: bytes) -> None:
        tag, _, command = data.strip().partition(b" ")
        self._transport.write(ANSWERS[command] % tag)


async def serve(certificate: str, delay: float) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(
        lambda: ImapServer(delay),
        "0.0.0.0",  # noqa: S104 - loopback has many addresses
        0,
        ssl=context,
        backlog=4096,
        family=socket.AF_INET,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], float(sys.argv[2])))
