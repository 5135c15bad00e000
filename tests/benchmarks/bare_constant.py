"""The reference: uvicorn answering every request with the same 1.1 kB, or ``--bytes``, and nothing else."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn

BYTES = int(sys.argv[sys.argv.index("--bytes") + 1]) if "--bytes" in sys.argv else 1142
BODY = b"x" * BYTES
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/xml; charset=utf-8"), (b"content-length", b"%d" % len(BODY))],
}
END = {"type": "http.response.body", "body": BODY}


async def app(scope: dict[str, Any], _receive: object, send: Any) -> None:
    if scope["type"] == "http":
        await send(START)
        await send(END)


if __name__ == "__main__":
    port = int(sys.argv[sys.argv.index("--port") + 1])
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_config=None, lifespan="off")
