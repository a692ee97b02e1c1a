"""Nothing in a library may lead outside it: a library can come from anywhere, and its clips go into saved notebooks."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from hailuo_widgets.errors import LibraryError
from hailuo_widgets.store.peek import FILE

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ("clips", "frames", "pictures")


def check_folders(library: Path) -> None:
    """Make sure that a library's folders are in the library.

    Raises:
        LibraryError: If one of them is a link that leads elsewhere.
    """
    for name in FOLDERS:
        folder = library / name
        if folder.is_symlink() and not folder.resolve().is_relative_to(library.resolve()):
            raise LibraryError(
                f"“{folder}” is a link that points outside the library.",
                hint="Move the whole library to where the link points, and set library= to that folder.",
            )


def check_journal(library: Path) -> None:
    """Make sure that a library's journal is a file of its own.

    Through a link, another program's database would be written to. A file with two names is two journals to SQLite,
    which then overwrites with one what it wrote with the other.

    Raises:
        LibraryError: If it, or a file that SQLite keeps beside it, is a link or has a second name.
    """
    for suffix in ("", "-wal", "-shm", "-journal"):
        file = library / (FILE + suffix)
        try:
            found = os.lstat(file)
        except OSError:
            continue
        if stat.S_ISLNK(found.st_mode) and not file.resolve().is_relative_to(library.resolve()):
            raise LibraryError(
                f"“{file}” is a link that points outside the library.",
                hint="Copy the file it points to here, or name a database elsewhere with HAILUO_LIBRARY_URL.",
            )
        if stat.S_ISREG(found.st_mode) and found.st_nlink > 1 and os.access(file, os.W_OK):
            raise LibraryError(
                f"“{file}” has a second name (a hard link), as in a backup made with `cp -al`.",
                hint="Copy the library with `cp -r`, and use the copy.",
            )


def is_plain_file(path: Path) -> bool:
    """Whether it is a file of its own: no link, device, pipe or folder."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def read_plain_file(path: Path) -> bytes:
    """A file's bytes, never through a link.

    Raises:
        LibraryError: If it is missing, not a plain file, or can't be read.
    """
    if not is_plain_file(path):
        raise LibraryError(f"“{path.name}” is missing, or not a plain file.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise LibraryError(f"“{path.name}” can't be read: {error.strerror}.") from None
