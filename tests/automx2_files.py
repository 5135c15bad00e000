"""Files of automx2, made as it makes them: its tables, and the JSON of its seeding."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = """
CREATE TABLE provider (id INTEGER PRIMARY KEY, name VARCHAR(128), short_name VARCHAR(32));
CREATE TABLE server (id INTEGER PRIMARY KEY, prio INTEGER DEFAULT 10, name VARCHAR(128), port INTEGER,
    type VARCHAR(32), socket_type VARCHAR(32) DEFAULT 'STARTTLS',
    user_name VARCHAR(64) DEFAULT '%EMAILADDRESS%', authentication VARCHAR(32) DEFAULT 'plain');
CREATE TABLE davserver (id INTEGER PRIMARY KEY, url VARCHAR(128), port INTEGER DEFAULT 0, type VARCHAR(32),
    use_ssl BOOLEAN, domain_required BOOLEAN, user_name VARCHAR(64));
CREATE TABLE domain (id INTEGER PRIMARY KEY, name VARCHAR(128), provider_id INTEGER, ldapserver_id INTEGER);
CREATE TABLE server_domain (server_id INTEGER, domain_id INTEGER);
CREATE TABLE davserver_domain (davserver_id INTEGER, domain_id INTEGER);
"""
ROWS = """
INSERT INTO provider VALUES (1, 'Big Corporation, Inc.', 'BigCorp'), (2, 'Ham & Eggs', 'H+E');
INSERT INTO domain VALUES (1, 'example.com', 1, NULL), (2, 'example.net', 1, NULL),
    (3, 'Bücher.example', 1, 7), (4, 'own.example', 1, NULL), (5, 'sendonly.example', 1, NULL),
    (6, 'serverless.example', 2, NULL), (7, 'odd.example', 2, NULL);
INSERT INTO server (id, prio, name, port, type, socket_type) VALUES
    (1, 10, 'imap.big.example', 143, 'imap', 'STARTTLS'), (2, 5, 'imaps.big.example', 993, 'imap', 'SSL'),
    (3, 10, 'smtp.big.example', 587, 'smtp', 'STARTTLS'), (4, 10, 'mail.own.example', 993, 'imap', 'SSL'),
    (5, 10, 'x.odd.example', 123, 'INVALID', 'SSL');
INSERT INTO davserver VALUES (1, 'https://dav.big.example/cal', 8443, 'caldav', 1, 0, '%EMAILADDRESS%');
INSERT INTO server_domain VALUES (1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (3, 2), (1, 3), (2, 3), (3, 3),
    (4, 4), (3, 4), (3, 5), (5, 7);
INSERT INTO davserver_domain VALUES (1, 1), (1, 2), (1, 3), (1, 4);
"""


def a_database(path: Path, rows: str = ROWS, schema: str = SCHEMA) -> Path:
    """Write a database; each statement as SQL has it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema + rows)
    return path


def a_seed(**changes: Any) -> bytes:
    seed = {
        "version": 2,
        "provider": "Example Inc.",
        "domains": [{"name": "example.com"}, {"name": "example.net"}],
        "servers": [
            {"type": "imap", "name": "imap.example.com"},
            {"type": "smtp", "name": "smtp.example.com", "port": 587},
            {"type": "carddav", "port": 443, "url": "https://dav.example.net/%EMAILADDRESS%/"},
        ],
    }
    return json.dumps({**seed, **changes}).encode()
