"""The file while it arrives: a name that no other kernel writes, and its final name once it is whole."""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hailuo_widgets.disk import disk_error, sync_folder

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows: a file that is open there can't be removed, which says the same
    fcntl = None

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path
    from types import ModuleType

MOST_BOXES = 100_000
BOXES = frozenset(
    [
        b"ftyp",
        b"styp",
        b"moov",
        b"mdat",
        b"free",
        b"skip",
        b"wide",
        b"uuid",
        b"pdin",
        b"meta",
        b"sidx",
        b"emsg",
        b"moof",
    ]
)
"""The outermost boxes that an mp4 can begin with, or go on with."""

AFTER_THE_LAST_BOX = 4096
"""Bytes after the last box that a player passes over."""

LEFT_BEHIND_SECONDS = 86_400.0
"""Where files can't be locked, a part that old is taken for one that a dead kernel left."""

_written_here: set[Path] = set()


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that arrived whole.

    Attributes:
        path: Its final name.
        size: Bytes.
        sha256: Hex, of the file.
    """

    path: Path
    size: int
    sha256: str


class DiscardedError(Exception):
    """The file is not wanted any more."""


class Partial:
    """`NAME.xxxxxxxx.part`, made with the first byte. Disk errors become clear ones here.

    A thread writes it between `enter` and `leave`; `discard` may come from another one at any time, and never waits for
    the disk: where the thread is at work, it is the thread that cleans up.

    Attributes:
        final: The name that it is to have.
        path: The name that it has meanwhile.
        size: Bytes so far.
        finished: The file under its final name, once it is there.
    """

    def __init__(self, final: Path) -> None:
        self.final = final
        self.path = final.with_name(f"{final.name}.{secrets.token_hex(4)}.part")
        self.size = 0
        self.finished: Downloaded | None = None
        self._file: FileIO | None = None
        self._lock = threading.Lock()
        self._at_work = False
        self._discarded = False

    def enter(self) -> None:
        """A thread begins to write."""
        with self._lock:
            self._at_work = True

    def leave(self) -> None:
        """It has ended."""
        with self._lock:
            self._at_work = False
            if self._discarded:
                self._remove()

    def write(self, piece: bytes) -> None:
        """Append a piece.

        Raises:
            DiscardedError: If it is not wanted any more.
            LibraryError: If the disk refuses it.
        """
        if self._discarded:
            raise DiscardedError
        rest = memoryview(piece)
        try:
            self._file = self._file or self._made()
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as error:
            raise disk_error(error, self.final) from None
        self.size += len(piece)

    def _made(self) -> FileIO:
        try:
            file = self._opened()
        except FileNotFoundError:  # the first clip
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self._opened()
        _written_here.add(self.path)
        _lock(file)
        if not self.path.exists():  # another kernel took it for one that was left behind, a moment ago
            file.close()
            file = self._opened()
            _lock(file)
        for other in self._other_parts():
            if other not in _written_here and _left_behind(other):
                with suppress(OSError):
                    other.unlink()
        return file

    def _other_parts(self) -> list[Path]:
        """The parts of this file that are there. Not by `glob`: each name would be a pattern to be compiled."""
        with os.scandir(self.final.parent) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(f"{self.final.name}.")]
        return [self.final.with_name(name) for name in names if name.endswith(".part")]

    def _opened(self) -> FileIO:
        # Unbuffered, so that a full disk is noticed here and not when the file is closed.
        return self.path.open("x+b", buffering=0)

    def restart(self) -> None:
        """Begin again with nothing.

        Raises:
            LibraryError: If the disk refuses it.
        """
        self.size = 0
        if self._file is None:
            return
        try:
            self._file.seek(0)
            self._file.truncate()
        except OSError as error:
            raise disk_error(error, self.final) from None

    def tail(self, length: int) -> bytes:
        """The last bytes."""
        last = self._read_at(self.size - length, length)
        if self._file is not None:
            self._file.seek(self.size)
        return last

    def check(self) -> str:
        """Why it is not an mp4 that can be played to its end; `""` if it is one.

        The outermost boxes have to end where the file ends. A few bytes after the last one, which are no box, are
        passed over, as players do.
        """
        kinds: set[bytes] = set()
        end = 0
        for kind, end in self._boxes():  # noqa: B007  # the last one counts
            kinds.add(kind)
        if b"ftyp" not in kinds:
            return "it is not an mp4"
        rest = self.size - end
        trailing = 0 < rest <= AFTER_THE_LAST_BOX and b"mdat" in kinds and self._read_at(end, 8)[4:] not in BOXES
        if b"moov" not in kinds or not (rest == 0 or trailing):
            return f"the mp4 breaks off after {self.size:,} bytes"
        return ""

    def _boxes(self) -> Iterator[tuple[bytes, int]]:
        """The outermost boxes: the kind of each, and where it ends."""
        at = 0
        for _ in range(MOST_BOXES):
            head = self._read_at(at, 16)
            if at >= self.size or len(head) < 8:
                return
            length, kind = struct.unpack_from(">I4s", head)
            if length == 1:  # a long one: its true length follows
                length = int.from_bytes(head[8:])
            elif length == 0 and kind in BOXES:  # it goes on to the end
                length = self.size - at
            if length < 8 or at + length > self.size:
                return
            at += length
            yield kind, at

    def _read_at(self, at: int, length: int) -> bytes:
        if self._file is None or at > self.size:
            return b""
        self._file.seek(at)
        return self._file.read(length) or b""

    def finish(self) -> Downloaded:
        """Make it durable, and give it its final name.

        Raises:
            DiscardedError: If it was discarded meanwhile.
            LibraryError: If the disk refuses it.
        """
        assert self._file is not None
        try:
            self._file.seek(0)
            # Of the file, not of what came in: what is on the disk is what will be verified.
            digest = hashlib.file_digest(self._file, "sha256").hexdigest()
            os.fsync(self._file.fileno())
            with self._lock:
                if self._discarded:
                    raise DiscardedError
                if fcntl is None:
                    self._file.close()  # Windows renames closed files only
                self.path.replace(self.final)
                self._file.close()
                self._file = None
                _written_here.discard(self.path)
                self.finished = Downloaded(self.final, self.size, digest)
        except OSError as error:
            raise disk_error(error, self.final) from None
        sync_folder(self.final.parent)
        return self.finished

    def discard(self) -> None:
        """Leave nothing behind. Where it has its final name already, this changes nothing."""
        with self._lock:
            self._discarded = True
            if not self._at_work:
                self._remove()

    def _remove(self) -> None:
        if self._file is None:
            return
        with suppress(OSError):  # the error that led here is the one to tell
            self._file.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        self._file = None
        _written_here.discard(self.path)


def _lock(file: FileIO) -> None:
    """Lock a file that is being written, where that is possible, so that other kernels can tell."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)


def _left_behind(part: Path) -> bool:
    """Whether a part is one that a kernel left when it died."""
    try:
        with part.open("r+b", buffering=0) as file:
            if fcntl is None:
                return True
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except OSError:  # no locks there
        with suppress(OSError):
            return time.time() - part.stat().st_mtime > LEFT_BEHIND_SECONDS
    return False
