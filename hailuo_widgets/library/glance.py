"""A quick look into a library's file without loading a database toolkit: for what has to be known at once."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from hailuo_widgets.library.owner import gone

if TYPE_CHECKING:
    from pathlib import Path

FILE = "library.sqlite"
OPEN_STATES = ("submitting", "queued", "running", "downloading", "abandoned")
"""What can be taken up again."""

_LEFT_OPEN = f"""
    SELECT jobs.state, leases.owner, leases.until FROM jobs LEFT JOIN leases ON leases.name = 'job:' || jobs.id
    WHERE jobs.state IN ({", ".join("?" * len(OPEN_STATES))})
"""  # noqa: S608  # question marks only
_SAME_WORDS = """
    SELECT 1 FROM requests JOIN clips ON clips.digest = requests.digest
    WHERE requests.written_digest = ? AND requests.provider != ? LIMIT 1
"""
_SAME_REQUEST = "SELECT 1 FROM clips WHERE digest = ? AND replicate = ? LIMIT 1"


def exists(folder: Path) -> bool:
    """Whether there is a library in that folder."""
    try:
        return (folder / FILE).is_file()
    except OSError:  # a path that is too long, say: there can't be one
        return False


def left_open(folder: Path) -> int:
    """How many jobs nobody watches any more; those of kernels that still run are not counted."""
    now = time.time()
    rows = _rows(folder, _LEFT_OPEN, OPEN_STATES)
    return sum(owner is None or until <= now or gone(owner) for _state, owner, until in rows)


def has_words(folder: Path, written_digest: str, but_not_from: str) -> bool:
    """Whether there may be a clip of the same words by another provider."""
    return bool(_rows(folder, _SAME_WORDS, (written_digest, but_not_from)))


def has_clip(folder: Path, digest: str, replicate: int = 0) -> bool:
    """Whether there may be a clip of that request."""
    return bool(_rows(folder, _SAME_REQUEST, (digest, replicate)))


def _rows(folder: Path, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    if not exists(folder):
        return []
    file = folder / FILE
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=0.2)) as connection:
            return connection.execute(statement, values).fetchall()
    except sqlite3.Error:  # the library itself says what is wrong, once it is used
        return []
