"""A name server on loopback with a few records."""

from __future__ import annotations

import socketserver
import threading
from typing import TYPE_CHECKING, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
from typing_extensions import override

if TYPE_CHECKING:
    from types import TracebackType


class FakeDns:
    """Answers over UDP from ``records``: owner name and type to the record's text. All else is NXDOMAIN."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], str] = {}
        fake = self

        class Handler(socketserver.BaseRequestHandler):
            @override
            def handle(self) -> None:
                packet, socket = self.request
                socket.sendto(fake.answer(packet), self.client_address)

        self._server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def answer(self, packet: bytes) -> bytes:
        query = dns.message.from_wire(packet)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        found = self.records.get((name, kind))
        if found is not None:
            response.answer.append(dns.rrset.from_text(question.name, 5, "IN", kind, found))
        elif not any(owner == name for owner, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
