"""From a vendor's URL to a file under its final name: streamed, resumed after a cut, checked, synced, renamed."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin, urlsplit

from hailuo_widgets.errors import DownloadError, LibraryError
from hailuo_widgets.settings import is_loopback
from hailuo_widgets.transport import CutOffError, NoReply, Stream

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.transport import Transport

SIZE_CAP = 1024**3
"""Bytes of the largest clip that is taken."""

ATTEMPTS_WITHOUT_PROGRESS = 5
REDIRECTS = 5
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that arrived whole.

    Attributes:
        path: Its final name.
        size: Bytes.
        sha256: Hex, of the bytes exactly as the vendor sent them.
    """

    path: Path
    size: int
    sha256: str


class ExpiredError(DownloadError):
    """The URL works no more; where the vendor gives out a new one, ask for it."""

    kind = "expired"


class _Partial:
    """The file while it arrives. Disk errors become clear ones here, in one place."""

    def __init__(self, final: Path) -> None:
        self.final = final
        self.path = final.with_name(final.name + ".part")
        self.size = 0
        self.etag = ""
        self.expected: int | None = None
        self._hash = hashlib.sha256()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = self.path.open("wb")
        except OSError as error:
            raise disk_error(error, self.path) from None

    def write(self, chunk: bytes) -> None:
        try:
            self._file.write(chunk)
        except OSError as error:
            raise disk_error(error, self.path) from None
        self._hash.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._hash = hashlib.sha256()
        self.size = 0

    def head(self) -> bytes:
        self._file.flush()
        with self.path.open("rb") as file:
            return file.read(64)

    def finish(self) -> Downloaded:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self.path.replace(self.final)
            sync_folder(self.final.parent)
        except OSError as error:
            raise disk_error(error, self.final) from None
        return Downloaded(self.final, self.size, self._hash.hexdigest())

    def discard(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


async def download(
    transport: Transport, url: str, final: Path, *, clock: Clock, allow_private: bool = False, size_cap: int = SIZE_CAP
) -> Downloaded:
    """Fetch a clip.

    Args:
        transport: Whose connections are used; the key is not sent.
        url: From a vendor's answer, so hostile: https only, this machine excepted.
        final: Where it goes; beside it `NAME.part` lives while it arrives.
        clock: Waits between attempts.
        allow_private: Whether a private address may be reached.
        size_cap: Bytes of the largest file taken.

    Raises:
        ExpiredError: If the URL works no more (401, 403, 404, 410).
        DownloadError: If the file can't be had, or is no mp4. Nothing is left under the final name.
        LibraryError: If the disk refuses it.
    """
    partial = await asyncio.to_thread(_Partial, final)
    try:
        failures, best = 0, 0
        while True:
            try:
                await _transfer(transport, url, partial, allow_private=allow_private, size_cap=size_cap)
                break
            except CutOffError as cut:
                # A cut that brought something starts the count anew: a bad line is slow, not hopeless.
                failures = 1 if partial.size > best else failures + 1
                best = max(best, partial.size)
                if failures >= ATTEMPTS_WITHOUT_PROGRESS:
                    raise DownloadError(
                        f"The clip could not be fetched: {cut}.", hint="It can be taken up again."
                    ) from None
                await clock.sleep(min(0.25 * 2**failures, 8.0))
        if b"ftyp" not in partial.head()[4:12]:
            raise DownloadError("What the vendor's address holds is no mp4.", hint="The task can be taken up again.")
        return await asyncio.to_thread(partial.finish)
    finally:
        partial.discard()


async def _transfer(transport: Transport, url: str, partial: _Partial, *, allow_private: bool, size_cap: int) -> None:
    for _ in range(REDIRECTS + 1):
        await _check_url(url, transport.base_url, allow_private=allow_private)
        headers = {}
        if partial.size:
            headers["Range"] = f"bytes={partial.size}-"
            if partial.etag:
                headers["If-Range"] = partial.etag
        async with transport.fetch(url, headers) as answer:
            if isinstance(answer, NoReply):
                raise CutOffError(answer.reason)
            if answer.status in {301, 302, 303, 307, 308}:
                url = urljoin(url, answer.headers.get("location", ""))
                continue
            await _take(answer, partial, size_cap)
            return
    raise DownloadError("The clip's address leads in a circle.")


async def _take(answer: Stream, partial: _Partial, size_cap: int) -> None:
    status, headers = answer.status, answer.headers
    if status in {401, 403, 404, 410}:
        raise ExpiredError(f"The clip's address works no more (HTTP {status}).", http_status=status)
    if status == 416:  # what we have is not what they have
        partial.restart()
        raise CutOffError("the file changed on the way")
    if status not in {200, 206}:
        raise CutOffError(f"HTTP {status}")
    if status == 206 and partial.size and _start(headers) == partial.size:
        pass
    else:
        partial.restart()
        partial.expected = _length(headers) if status == 200 else None
        partial.etag = headers.get("etag", "")
    if status == 200 and headers.get("content-type", "").startswith("text/html"):
        raise CutOffError("the address answered with a web page")
    if partial.expected is not None and partial.expected > size_cap:
        raise DownloadError(f"The clip is {partial.expected:,} bytes large; at most {size_cap:,} are taken.")
    async for chunk in answer.chunks:
        partial.write(chunk)
        if partial.size > size_cap:
            raise DownloadError(f"The clip is larger than {size_cap:,} bytes.")
    if partial.expected is not None and partial.size != partial.expected:
        raise CutOffError(f"{partial.size:,} of {partial.expected:,} bytes came")


def _start(headers: Mapping[str, str]) -> int | None:
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    return int(match.group(1)) if match else None


def _length(headers: Mapping[str, str]) -> int | None:
    value = headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else None


async def _check_url(url: str, base_url: str, *, allow_private: bool) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    here = is_loopback(host)
    if here and not is_loopback(urlsplit(base_url).hostname or ""):
        raise DownloadError("The vendor's answer names an address on this machine as the clip's.")
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise DownloadError(f"The clip's address is no https URL but “{parts.scheme}”.")
    if here or allow_private:
        return
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError:
        raise CutOffError(f"{host} has no address") from None
    if any(not ip_address(str(entry[4][0]).partition("%")[0]).is_global for entry in found):
        raise DownloadError(f"{host} is a private address; a vendor's clip is not fetched from there.")


def sync_folder(folder: Path) -> None:
    """Make a rename durable."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def disk_error(error: OSError, path: Path) -> LibraryError:
    """What the disk said, with the way out."""
    hints = {
        errno.ENOSPC: "The disk is full: make room; the task can be taken up again.",
        errno.EROFS: "The folder is read-only: set another library folder.",
        errno.EACCES: "The folder may not be written to: set another library folder.",
        errno.ENAMETOOLONG: "The path is too long: set a library folder with a shorter one.",
    }
    hint = hints.get(error.errno or 0, "The task can be taken up again.")
    return LibraryError(f"“{path.name}” can't be written: {error.strerror or error}.", hint=hint)
