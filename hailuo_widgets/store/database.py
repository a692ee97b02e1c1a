"""Connections to the journal's database, set up so that what is written stays written."""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

BUSY_MS = 30_000
"""How long a connection waits for another kernel's write."""


def reason(error: Exception) -> str:
    """The database's own words, in one line, without the statement and its values."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0].rstrip(".")


def connect(url: str | URL) -> Engine:
    """An engine for a journal.

    Raises:
        ArgumentError: If the URL can't be read.
        ImportError: If its driver is not installed.
    """
    address = make_url(url)
    lite = address.get_backend_name() == "sqlite"
    engine = create_engine(
        address,
        json_serializer=lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True),
        **({"paramstyle": "named"} if lite else {}),  # as PostgreSQL's driver has it: one way to hand values over
    )
    if lite:

        @event.listens_for(engine, "connect")
        def configure(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # transactions are begun below, as IMMEDIATE
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            # On a network file system WAL does not work; SQLite then keeps the rollback journal, or says an error and
            # keeps it. Two kernels that open a new journal at once can meet here as well.
            with suppress(sqlite3.OperationalError):
                cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.close()

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            # A transaction that begins as a reader and then writes can fail at once when another kernel writes.
            reads = connection.get_execution_options().get("reads", False)
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
