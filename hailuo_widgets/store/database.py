"""Connections to the journal's database, set up so that what is written stays written."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

BUSY_MS = 30_000
"""How long a connection waits for another kernel's write."""


def reason(error: Exception) -> str:
    """The database's own words, in one line, without the statement and its values."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0].rstrip(".")


def busy(error: Exception) -> bool:
    """Whether the same statement can succeed in a moment: the journal is locked, or its server can't be reached."""
    original = getattr(error, "orig", None) or error
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0) & 0xFF
        return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    # PostgreSQL's driver: connections that fail or break, deadlocks, a server that shuts down or starts.
    return type(original).__module__.partition(".")[0] == "psycopg" and "OperationalError" in {
        each.__name__ for each in type(original).__mro__
    }


def connect(url: str | URL) -> Engine:
    """An engine for a journal.

    Raises:
        ArgumentError: If the URL can't be read.
        ImportError: If its driver is not installed.
    """
    address = make_url(url)
    lite = address.get_backend_name() == "sqlite"
    fixed = lite and _is_frozen(address)
    if fixed:
        file = Path(str(address.database)).resolve()
        # Without its -wal a file in WAL mode can only be opened here as one that never changes; with it, as it is.
        pending = file.with_name(file.name + "-wal")
        mode = {"mode": "ro"} if pending.is_file() and pending.stat().st_size else {"mode": "ro", "immutable": "1"}
        address = address.set(database=file.as_uri(), query={**mode, "uri": "true"})
    engine = create_engine(
        address,
        json_serializer=lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True),
        **({"paramstyle": "named"} if lite else {}),  # as PostgreSQL's driver has it: one way to hand values over
    )
    if lite:

        @event.listens_for(engine, "connect")
        def configure(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # transactions are begun below, as IMMEDIATE
            if fixed:
                return
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
            connection.exec_driver_sql("BEGIN" if reads or fixed else "BEGIN IMMEDIATE")

    return engine


def changing_file(engine: Engine) -> Path | None:
    """The file of a SQLite journal that can be written to; None for any other."""
    name = engine.url.database or ""
    lite = engine.dialect.name == "sqlite" and name not in ("", ":memory:")
    return Path(name) if lite and not frozen(engine) else None


def frozen(engine: Engine) -> bool:
    """Whether it is a SQLite journal that can only be read."""
    return engine.dialect.name == "sqlite" and "mode" in engine.url.query


def leave_wal(engine: Engine) -> None:
    """Give a SQLite journal the rollback mode, in which it is one file that opens anywhere. Nothing else may use it."""
    with engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA journal_mode = DELETE")


def _is_frozen(address: URL) -> bool:
    """Whether a SQLite file is there, in a folder that can't be written to."""
    name = address.database or ""
    if not name or name == ":memory:":
        return False
    file = Path(name)
    return file.is_file() and not (os.access(file.parent, os.W_OK) and os.access(file, os.W_OK))
