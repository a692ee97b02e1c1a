"""A journal's file that is deleted or replaced under a kernel that uses it."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

from hailuo_widgets.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Anchor:
    """Keeps a SQLite file's content reachable, and restores the file if it is deleted.

    An open connection goes on working on a deleted file, so a kernel would write what it pays for into nothing. The
    anchor holds a connection of its own; `check`, before each transaction, costs one look at the file.

    Where another file was put in its place (a backup, or a new library), what only the old one knows is still at hand.

    Args:
        file: The journal. It must exist.
        reopen: Called when connections have to be opened again, before anything else is done; with a connection to the
            old file where another one is in its place, else with None.
    """

    def __init__(self, file: Path, reopen: Callable[[sqlite3.Connection | None], None]) -> None:
        self.file = file
        self._reopen = reopen
        self._lock = threading.Lock()
        self._connection = self._open()
        self._identity = _identity(file)

    def check(self) -> None:
        """Make sure that the file is still the one that was opened.

        Raises:
            LibraryError: If its folder is gone.
        """
        if _identity(self.file) == self._identity:
            return
        with self._lock:
            now = _identity(self.file)
            if now == self._identity:
                return  # another thread has seen to it
            if now is None:
                if not self.file.parent.is_dir():
                    raise LibraryError(
                        f"The library's folder “{self.file.parent}” was moved or deleted.",
                        hint="Set library= to its new place, then run `%hailuo resume`.",
                    )
                with closing(sqlite3.connect(self.file)) as restored:
                    self._connection.backup(restored)
            self._reopen(None if now is None else self._connection)
            self._connection.close()
            self._connection = self._open()
            self._identity = _identity(self.file)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, check_same_thread=False, timeout=30)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # SQLite opens the file at the first read
        return connection


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116  # a quarter of Path.stat's time, before every transaction
    except OSError:
        return None
    return found.st_dev, found.st_ino
