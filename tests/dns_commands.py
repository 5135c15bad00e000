"""``signpost dns`` as operators run it, with a database that has a domain and a resolver to ask."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from app.store.migrating import migrate

from builders import a_domain, a_provider, an_imap_server, an_smtp_server
from databases import opened, stored_domain, stored_provider
from service_process import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SERVICE_URL = "https://signpost.host.example"


def signpost(*arguments: str, database_url: str, resolver: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    environment = {
        "SIGNPOST_DATABASE_URL": database_url,
        "SIGNPOST_RESOLVER": resolver,
        "SIGNPOST_PUBLIC_URL": SERVICE_URL,
    }
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def a_database(folder: Path, *others: str) -> str:
    """Store customer.example, and others, with an IMAP and an SMTP server; return the database's URL."""
    url = f"sqlite+aiosqlite:///{folder}/test.db"

    async def fill() -> None:
        async with opened(url) as store:
            await migrate(store.engine)
            imap = an_imap_server(hostname="imap.host.example")
            smtp = an_smtp_server(hostname="smtp.host.example")
            await stored_provider(store, a_provider(servers=(imap, smtp)))
            for name in ("customer.example", *others):
                await stored_domain(store, a_domain(name))

    asyncio.run(fill())
    return url
