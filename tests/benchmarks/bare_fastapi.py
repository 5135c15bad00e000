"""The reference for a start: FastAPI and uvicorn, one route with one parameter, and nothing else."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def echo(text: str = "") -> dict[str, str]:
    return {"text": text}


if __name__ == "__main__":
    port = int(sys.argv[sys.argv.index("--port") + 1])
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_config=None)
