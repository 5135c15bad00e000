"""Loaded by the process that others are forked from, and by no other.

Service managers send SIGTERM to all processes of a service. Those that serve end in good order, which takes a
while; this one has to be there to tell how they ended, and goes when the one that started it has gone.

What it loads is shared by all for as long as nobody looks through it for garbage.
"""

import gc
import signal

gc.disable()

signal.signal(signal.SIGTERM, signal.SIG_IGN)
