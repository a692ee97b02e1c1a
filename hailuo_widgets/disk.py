"""What a disk may refuse, in words, and what makes a rename durable."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from hailuo_widgets.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make a rename durable, where the file system can promise that."""
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in a sentence what the disk refuses while a file of the user's own is written.

    Args:
        path: The file.

    Raises:
        LibraryError: In place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        if not path.parent.is_dir():
            reason, hint = os.strerror(errno.ENOENT), "Make the folder first."
        else:
            reason, hint = error.strerror or str(error), "Make room, or choose another place."
        raise LibraryError(f"“{path}” can't be written: {reason.rstrip('.')}.", hint=hint) from None


def disk_error(error: OSError, path: Path) -> LibraryError:
    """What the disk said, with the way out."""
    hints = {
        errno.ENOSPC: "The disk is full: make room, then run `%hailuo resume` to continue the task.",
        errno.EDQUOT: "Your disk quota is used up: make room, then run `%hailuo resume` to continue the task.",
        errno.EROFS: "The folder is read-only: set another library folder.",
        errno.EACCES: "The folder is not writable: set another library folder.",
        errno.ENAMETOOLONG: "The path is too long: set a library folder with a shorter one.",
    }
    hint = hints.get(error.errno or 0, "Run `%hailuo resume` to continue the task.")
    return LibraryError(f"“{path.name}” can't be written: {error.strerror or error}.", hint=hint)
