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


_WRITERS = 5
"""How many processes may be at one file at once, each of which begins again when another one comes."""


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


def replace_file(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file so that there is always a whole one under its name, or none.

    Nothing is written through a link: one under the name is replaced, and so is one under the name that the file has
    meanwhile, `NAME.part`. What a process left there when it was killed goes with the next write.

    Args:
        path: The file, in a folder that exists.
        data: All of it.
        durable: Whether it has to outlive a power cut; False for what can be made again.

    Raises:
        OSError: If the disk refuses it; nothing is left behind then.
    """
    part = path.with_name(f"{path.name}.part")
    for left in reversed(range(_WRITERS)):
        try:
            part.unlink(missing_ok=True)
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
                mine = os.path.samestat(os.fstat(file.fileno()), part.lstat())
            if mine:
                part.replace(path)
                return
        except (FileExistsError, FileNotFoundError):  # another process writes the same file at this moment
            if not left or not path.parent.is_dir():
                raise
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
    raise FileExistsError(errno.EEXIST, "Other processes are writing it", str(path))


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
