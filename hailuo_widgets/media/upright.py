"""Whether an mp4 says that its picture is shown as it is coded, read from its header: nothing is decoded for it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UPRIGHT = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_MOST = 1 << 26
"""Bytes of a header that are read."""


def is_upright(path: Path) -> bool:
    """Whether every track of an mp4 has the matrix that turns nothing. False also for what is no mp4."""
    try:
        with path.open("rb") as file:
            found = [_matrix(track) for track in _tracks(file)]
    except (OSError, struct.error):
        return False
    return bool(found) and all(each == _UPRIGHT for each in found)


def _tracks(file: BinaryIO) -> Iterator[bytes]:
    """The headers of the tracks: boxes `tkhd` in `trak` in `moov` (ISO/IEC 14496-12)."""
    at = 0
    while len(start := file.read(16)) >= 8:
        size, kind = struct.unpack(">I4s", start[:8])
        header = 8
        if size == 1:
            size, header = struct.unpack(">Q", start[8:])[0], 16
        if kind == b"moov":
            file.seek(at + header)
            for track in _boxes(file.read(min(max(size - header, 0), _MOST)), b"trak"):
                yield from _boxes(track, b"tkhd")
            return
        if size < header:
            return
        at += size
        file.seek(at)


def _boxes(data: bytes, wanted: bytes) -> Iterator[bytes]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return
        if kind == wanted:
            yield data[at + 8 : at + size]
        at += size


def _matrix(header: bytes) -> bytes:
    """The matrix of a `tkhd` box, whose times have 32 bits in version 0 and 64 in version 1."""
    at = 52 if header[:1] == b"\1" else 40
    return header[at : at + 36]
