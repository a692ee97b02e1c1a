"""A quick look into a library's file without loading a database toolkit: for what has to be known at once."""

from __future__ import annotations

import os
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

FILE = "library.sqlite"
LIBRARY = "hailuo_library"
"""The folder's name, beside the notebook."""

OPEN_STATES = ("submitting", "queued", "running", "downloading", "abandoned")
"""What can be resumed."""

_LEFT_OPEN = f"""
    SELECT jobs.state, leases.owner, leases.until FROM jobs LEFT JOIN leases ON leases.name = 'job:' || jobs.id
    WHERE jobs.state IN ({", ".join("?" * len(OPEN_STATES))})
"""  # noqa: S608  # question marks only
_SAME_WORDS = """
    SELECT 1 FROM requests JOIN clips ON clips.digest = requests.digest
    WHERE requests.written_digest = ? AND requests.provider != ? LIMIT 1
"""
_SAME_REQUEST = "SELECT 1 FROM clips WHERE digest = ? AND replicate = ? LIMIT 1"


def usual_folder() -> Path | None:
    """The library that the environment or `.env` names, or the usual one; None where its journal is no file in it.

    The settings are not loaded for this: it would cost more than the whole extension.
    """
    names = {name: os.environ.get(name) for name in ("HAILUO_LIBRARY", "HAILUO_LIBRARY_URL")}
    with suppress(OSError, ValueError):
        if not all(names.values()) and b"HAILUO_LIBRARY" in Path(".env").read_bytes():
            from dotenv import dotenv_values

            said = dotenv_values(".env", interpolate=False, encoding="utf-8-sig")
            names = {name: names[name] or said.get(name) for name in names}
    if names["HAILUO_LIBRARY_URL"]:
        return None
    named = names["HAILUO_LIBRARY"]
    return Path(named).expanduser() if named else nearest(Path.cwd())


def nearest(start: Path) -> Path:
    """The library that a notebook in `start` uses if no other is set: the one beside it, or else in a folder above it.

    As git looks for its repository: a notebook in a subfolder finds the clips that are there already. Only a library of
    the same user counts, and the search ends at the home folder.
    """
    beside = start / LIBRARY
    if exists(beside):
        return beside
    home = Path("~").expanduser()
    for folder in start.parents:
        above = folder / LIBRARY
        if exists(above) and _is_mine(above):
            return above
        if folder == home:
            break
    return beside


def _is_mine(folder: Path) -> bool:
    return os.name != "posix" or folder.stat().st_uid == os.geteuid()


def exists(folder: Path) -> bool:
    """Whether there is a library in that folder."""
    try:
        return (folder / FILE).is_file()
    except OSError:  # a path that is too long, say: there can't be one
        return False


def left_open(folder: Path) -> int:
    """How many unfinished jobs no kernel watches."""
    now = time.time()
    rows = _rows(folder, _LEFT_OPEN, OPEN_STATES)
    if not rows:
        return 0
    from hailuo_widgets.store.owner import gone

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
    import sqlite3

    file = folder / FILE
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=0.2)) as connection:
            return connection.execute(statement, values).fetchall()
    except sqlite3.Error:  # the library itself says what is wrong, once it is used
        return []
