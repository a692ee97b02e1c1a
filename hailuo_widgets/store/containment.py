"""Nothing in a library may lead outside it: a library can come from anywhere, and its clips go into saved notebooks."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from hailuo_widgets.errors import LibraryError

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
