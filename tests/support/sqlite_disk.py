"""A disk under SQLite that refuses: writes and syncs of the journal's files fail as the system's own would.

It is a file layer (VFS) of SQLite's like the usual one, with two functions in front of its own.
"""

from __future__ import annotations

import ctypes
import errno
import re
import sqlite3
from pathlib import Path
from typing import Any, Literal

import pytest

NAME = "refusing"

FULL, IOERR_WRITE, IOERR_FSYNC = 13, 10 | (3 << 8), 10 | (4 << 8)

_OPEN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int)
)
_WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
        ("others", ctypes.c_void_p * 15),
    )


class _Methods(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("close", ctypes.c_void_p),
        ("read", ctypes.c_void_p),
        ("write", ctypes.c_void_p),
        ("truncate", ctypes.c_void_p),
        ("sync", ctypes.c_void_p),
        ("others", ctypes.c_void_p * 13),
    )


class _File(ctypes.Structure):
    _fields_ = (("methods", ctypes.POINTER(_Methods)),)


class SqliteDisk:
    """The file layer, registered once a process under `NAME`.

    Attributes:
        refused: How often it has refused since it was told to.
    """

    def __init__(self) -> None:
        library = _library()
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        usual = library.sqlite3_vfs_find(None)
        assert usual
        self._call: Literal["", "write", "sync"] = ""
        self._result = 0
        self.refused = 0
        self._kept: dict[int, Any] = {}  # what SQLite points to must stay
        self._usual_open = _OPEN(usual.contents.open)
        self._open = _OPEN(self._opened)
        self._vfs = _Vfs.from_buffer_copy(usual.contents)
        self._vfs.name = NAME.encode()
        self._vfs.next = None
        self._vfs.open = ctypes.cast(self._open, ctypes.c_void_p).value
        assert library.sqlite3_vfs_register(ctypes.byref(self._vfs), 0) == 0

    def refuse(self, call: Literal["write", "sync"], code: int) -> None:
        """From now on every call of that kind fails."""
        self._call, self.refused = call, 0
        # What SQLite makes of the system's word: one for a full disk, one for everything else.
        self._result = IOERR_FSYNC if call == "sync" else FULL if code == errno.ENOSPC else IOERR_WRITE

    def relent(self) -> None:
        """From now on everything works."""
        self._call = ""

    def _opened(self, vfs: int, name: int, file: int, flags: int, answered: Any) -> int:
        result = int(self._usual_open(vfs, name, file, flags, answered))
        opened = ctypes.cast(file, ctypes.POINTER(_File)).contents
        if result == 0 and opened.methods:
            where = ctypes.addressof(opened.methods.contents)
            if where not in self._kept:
                self._kept[where] = self._refusing(opened.methods.contents)
            opened.methods = ctypes.pointer(self._kept[where][0])
        return result

    def _refusing(self, usual: _Methods) -> tuple[Any, ...]:
        methods = _Methods.from_buffer_copy(usual)
        usual_write, usual_sync = _WRITE(usual.write), _SYNC(usual.sync)

        def write(file: int, data: int, count: int, at: int) -> int:
            return self._refuses("write") or int(usual_write(file, data, count, at))

        def sync(file: int, flags: int) -> int:
            return self._refuses("sync") or int(usual_sync(file, flags))

        ours = _WRITE(write), _SYNC(sync)
        methods.write = ctypes.cast(ours[0], ctypes.c_void_p).value
        methods.sync = ctypes.cast(ours[1], ctypes.c_void_p).value
        return methods, usual_write, usual_sync, *ours

    def _refuses(self, call: str) -> int:
        if call != self._call:
            return 0
        self.refused += 1
        return self._result


def _library() -> ctypes.CDLL:
    """SQLite as Python itself has loaded it."""
    assert sqlite3.sqlite_version
    found = re.search(r"\S*libsqlite3\S*", Path("/proc/self/maps").read_text()) if Path("/proc").is_dir() else None
    if found is None:
        pytest.skip("SQLite is built into this Python: no file layer can be put in front of its own")
    return ctypes.CDLL(found[0])
