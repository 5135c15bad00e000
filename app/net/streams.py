"""A TCP connection, with TLS or without, on which every wait has an end and every size a limit.

Sockets of the loop and memory BIOs instead of asyncio's streams: those keep 320 KiB for a TLS connection.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.core.observations import FailureReason
from app.net.failures import ConversationError, of_system, shown
from app.net.tls import TlsPolicy, context_for, session_of

if TYPE_CHECKING:
    import socket

    from app.core.observations import TlsSession

_PART_BYTES: Final = 16_384
# For handshakes and all that is said in 64 KiB of text, in whatever small records.
_MAX_BYTES: Final = 512 * 1024
_GOODBYE_SECONDS: Final = 1.0
# Alert, handshake, and what may come before them: the content types of TLS records (RFC 8446 §5.1).
_TLS_TYPES: Final = range(0x14, 0x18)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long things may take, in seconds, from when a connection's turn has come."""

    connect: float = 10.0
    reply: float = 40.0
    """For one line or one part of a handshake; servers make strangers wait for their greeting, up to 30."""
    total: float = 120.0
    """For a conversation with one address."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """How to start TLS."""

    server_name: str | None
    """For SNI; None for none, as for IP addresses."""
    policy: TlsPolicy = TlsPolicy.MODERN
    had_bytes_before: bool = False
    verifier: ssl.SSLContext | None = None
    """What verifies the certificate against the server name, which may be an address then; None to verify
    nothing."""


class Stream:
    """A connection that is there."""

    def __init__(self, connection: socket.socket, limits: TimeLimits) -> None:
        """Take a connected socket that does not block; the stream closes it."""
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._limits = limits
        self._end = self._loop.time() + limits.total
        self._received = 0
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()

    def reply_deadline(self) -> float:
        """Return when, on the loop's clock, an answer that is waited for from this moment must be there."""
        return min(self._end, self._loop.time() + self._limits.reply)

    async def send(self, data: bytes) -> None:
        """Send.

        Raises:
            ConversationError: When the far side takes nothing more.
        """
        until = self.reply_deadline()
        if self._tls is None:
            await self._send_raw(data, until)
            return
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise _of_tls(error) from None
        await self._flush(until)

    async def receive(self, until: float) -> bytes:
        """Return what has come; nothing at the end.

        Raises:
            ConversationError: When the connection breaks, or the time is up.
        """
        if self._tls is None:
            return await self._receive_raw(until)
        while True:
            try:
                return self._tls.read(_PART_BYTES)
            except ssl.SSLWantReadError:
                await self._flush(until)
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                raise _of_tls(error) from None
            self._feed(await self._receive_raw(until))

    async def start_tls(self, handshake: Handshake) -> TlsSession:
        """Shake hands, verifying nothing unless there is a verifier; all that follows is in TLS.

        Raises:
            ConversationError: When there is no TLS to be had, or the certificate does not hold.
        """
        until = self.reply_deadline()
        context = handshake.verifier or context_for(handshake.policy)
        tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=handshake.server_name)
        is_first = True
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush(until)
            except ssl.SSLError as error:
                # The alert tells the far side what was wrong; it may be gone already.
                with suppress(ConversationError):
                    await self._flush(until)
                raise _of_tls(error) from None
            data = await self._receive_raw(until)
            if is_first and data and data[0] not in _TLS_TYPES:
                raise ConversationError(FailureReason.NOT_TLS, shown(data))
            is_first = False
            self._feed(data)
        await self._flush(until)
        self._tls = tls
        return session_of(
            tls,
            is_legacy=handshake.policy is not TlsPolicy.MODERN,
            had_bytes=handshake.had_bytes_before,
        )

    async def close(self) -> None:
        """End TLS politely where there is some, and the connection."""
        try:
            if self._tls is not None:
                # It wants the far side's goodbye too, which nobody waits for.
                with suppress(ssl.SSLError, ConversationError):
                    self._say_goodbye(self._tls)
                    await self._flush(self._loop.time() + _GOODBYE_SECONDS)
        finally:
            self._socket.close()

    @staticmethod
    def _say_goodbye(tls: ssl.SSLObject) -> None:
        with suppress(ssl.SSLWantReadError):
            tls.unwrap()

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self, until: float) -> None:
        if self._outgoing.pending:
            await self._send_raw(self._outgoing.read(), until)

    async def _send_raw(self, data: bytes, until: float) -> None:
        try:
            sent = self._send_at_once(data)
            if sent < len(data):
                async with asyncio.timeout_at(min(until, self._end)):
                    await self._loop.sock_sendall(self._socket, data[sent:])
        except TimeoutError:
            raise ConversationError(FailureReason.TIMED_OUT, "takes nothing more") from None
        except OSError as error:
            raise of_system(error) from None

    def _send_at_once(self, data: bytes) -> int:
        """Send what fits, as all of it nearly always does: a deadline costs more than the sending."""
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    async def _receive_raw(self, until: float) -> bytes:
        try:
            async with asyncio.timeout_at(min(until, self._end)):
                data = await self._loop.sock_recv(self._socket, _PART_BYTES)
        except TimeoutError:
            raise ConversationError(FailureReason.TIMED_OUT, "says nothing more") from None
        except OSError as error:
            raise of_system(error) from None
        self._received += len(data)
        if self._received > _MAX_BYTES:
            raise ConversationError(FailureReason.TOO_LONG, "sends without an end")
        return data


def _of_tls(error: ssl.SSLError) -> ConversationError:
    if isinstance(error, ssl.SSLEOFError):
        return ConversationError(FailureReason.CUT, "ended the connection in the middle of TLS")
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConversationError(FailureReason.TLS_ALERT, f"the certificate: {error.verify_message}")
    words = (error.reason or error.strerror or type(error).__name__).replace("_", " ").lower()
    return ConversationError(FailureReason.TLS_ALERT, words)
