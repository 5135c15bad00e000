"""What processes of a crew may do instead of serving."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from app.cli.crew.channel import ALIVE, READY

if TYPE_CHECKING:
    import socket


def fail_at_once(_listening: socket.socket, _connected: socket.socket, _slot: int) -> None:
    """End as a process does that lacks something."""
    sys.exit(7)


def fail_in_one_place(_listening: socket.socket, connected: socket.socket, slot: int) -> None:
    """End soon, but for one that serves for a while, and is known to by then."""
    if slot:
        time.sleep(1)
        sys.exit(7)
    connected.sendall(f'["{READY}", ""]\n'.encode())
    time.sleep(30)


def say_nothing_of_stopping(_listening: socket.socket, connected: socket.socket, _slot: int) -> None:
    """Serve for a moment, and end."""
    connected.sendall(f'["{READY}", ""]\n'.encode())


def end_within_a_line(_listening: socket.socket, connected: socket.socket, _slot: int) -> None:
    """End as a process does that is killed while it tells what it counted."""
    connected.sendall(f'["{READY}", ""]\n["{ALIVE}", "a_total'.encode())
    sys.exit(7)
