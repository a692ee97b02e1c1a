"""From a vendor's URL to a file under its final name: streamed, resumed after a cut, checked, synced, renamed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

from hailuo_widgets.disk import disk_error, sync_folder
from hailuo_widgets.errors import DownloadError
from hailuo_widgets.settings import is_loopback
from hailuo_widgets.transport import CutOffError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import RawIOBase
    from ipaddress import IPv4Address, IPv6Address
    from pathlib import Path

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.http.incoming import Sink
    from hailuo_widgets.transport import Transport

SIZE_CAP = 1024**3
"""Bytes of the largest clip that is taken."""

ATTEMPTS_WITHOUT_PROGRESS = 8
LONGEST_PAUSE = 30.0
"""Seconds between two attempts; with the number above, a line that is dead for a minute is survived."""

REDIRECTS = 5
MOST_BOXES = 100_000
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_SUBSTITUTES = ip_network("198.18.0.0/15")
"""Addresses that local proxies (Clash and its kin) hand out in place of real ones. They belong to nobody's network."""


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
    """The file while it arrives. Disk errors become clear ones here, in one place.

    It is made with the first byte. The lock keeps `discard` from closing the file while another thread still syncs it:
    its number could belong to another file by then.
    """

    def __init__(self, final: Path) -> None:
        self.final = final
        self.path = final.with_name(final.name + ".part")
        self.size = 0
        self.version = ""
        self.expected: int | None = None
        self._hash = hashlib.sha256()
        self._file: RawIOBase | None = None
        self._lock = threading.Lock()
        self.finished = False

    def write(self, piece: bytes | memoryview) -> None:
        rest = memoryview(piece)
        try:
            self._file = self._file or self._made()
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as error:
            raise disk_error(error, self.path) from None
        self._hash.update(piece)
        self.size += len(piece)

    def _made(self) -> RawIOBase:
        try:
            return self._opened()
        except FileNotFoundError:  # the first clip
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return self._opened()

    def _opened(self) -> RawIOBase:
        # Unbuffered, so that a full disk is noticed here and not when the file is closed.
        return self.path.open("w+b", buffering=0)

    def restart(self) -> None:
        if self._file is None:
            return
        try:
            self._file.seek(0)
            self._file.truncate()
        except OSError as error:
            raise disk_error(error, self.path) from None
        self._hash = hashlib.sha256()
        self.size = 0

    def boxes(self) -> tuple[set[bytes], bool]:
        """The kinds of the mp4's outermost boxes, and whether the last of them ends where the file ends."""
        kinds: set[bytes] = set()
        at = 0
        file = self._file
        if file is None:
            return kinds, True
        for _ in range(MOST_BOXES):
            if at >= self.size:
                break
            file.seek(at)
            head = file.read(16) or b""
            if len(head) < 8:
                break
            length, kind = struct.unpack_from(">I4s", head)
            if length == 1:  # a long one: its true length follows
                length = int.from_bytes(head[8:])
            elif length == 0:  # it goes on to the end
                length = self.size - at
            if length < 8:
                break
            kinds.add(kind)
            at += length
        return kinds, at == self.size

    def finish(self) -> Downloaded:
        assert self._file is not None
        try:
            with self._lock:
                os.fsync(self._file.fileno())
                self._file.close()
                self.path.replace(self.final)
                self.finished = True
        except OSError as error:
            raise disk_error(error, self.final) from None
        sync_folder(self.final.parent)
        return Downloaded(self.final, self.size, self._hash.hexdigest())

    def discard(self) -> None:
        with self._lock:
            with suppress(OSError):  # the error that led here is the one to tell
                if self._file is not None:
                    self._file.close()
            with suppress(OSError):
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
    partial = _Partial(final)
    try:
        failures, best = 0, 0
        while True:
            try:
                return await _transfer(transport, url, partial, allow_private=allow_private, size_cap=size_cap)
            except CutOffError as cut:
                # A cut that brought something starts the count again: a bad line is slow, not hopeless.
                failures = 1 if partial.size > best else failures + 1
                best = max(best, partial.size)
                if failures >= ATTEMPTS_WITHOUT_PROGRESS:
                    raise DownloadError(
                        f"The clip could not be fetched: {cut}.", hint="Run `%hailuo resume` to continue."
                    ) from None
                await clock.sleep(min(0.25 * 2**failures, LONGEST_PAUSE))
    finally:
        if not partial.finished:
            partial.discard()


async def _transfer(
    transport: Transport, url: str, partial: _Partial, *, allow_private: bool, size_cap: int
) -> Downloaded:
    for _ in range(REDIRECTS + 1):
        here = await _check_url(url, transport.base_url, allow_private=allow_private)
        headers = {}
        if partial.size:
            headers["Range"] = f"bytes={partial.size}-"
            if partial.version:
                headers["If-Range"] = partial.version
        may_reach = None if here or allow_private else _may_reach  # a name can lead elsewhere by now
        answer = _Answer(partial, size_cap)
        failure = await transport.fetch(url, answer.accept, headers, may_reach=may_reach, then=answer.complete)
        if failure is not None:
            raise CutOffError(failure.reason)
        if answer.downloaded is not None:
            return answer.downloaded
        assert answer.location is not None
        url = _joined(url, answer.location)
    raise DownloadError("The clip's address leads in a circle.")


class _Answer:
    """What a storage says, and where its body goes.

    Attributes:
        location: Where it sends us instead; None where it doesn't.
        downloaded: The file under its final name, once it is there.
    """

    def __init__(self, partial: _Partial, size_cap: int) -> None:
        self.location: str | None = None
        self.downloaded: Downloaded | None = None
        self._partial = partial
        self._size_cap = size_cap

    def accept(self, status: int, headers: Mapping[str, str]) -> Sink | None:
        """Where the body goes; raises where it is none of ours."""
        if status in {301, 302, 303, 307, 308}:
            self.location = headers.get("location", "")
            return None
        if status in {401, 403, 404, 410}:
            raise ExpiredError(f"The clip's address works no more (HTTP {status}).", http_status=status)
        partial = self._partial
        if status == 416:  # what we have is not what they have
            partial.restart()
            raise CutOffError("the file changed on the way")
        if status not in {200, 206}:
            raise CutOffError(f"HTTP {status}")
        if headers.get("content-type", "").startswith("text/html"):
            raise CutOffError("the address answered with a web page")
        if status == 206:
            start, total = _range(headers)
            if start != partial.size or (total is not None and partial.expected not in (None, total)):
                partial.restart()
                raise CutOffError("the file changed on the way")
            partial.expected = total
        else:
            partial.restart()
            partial.expected = _length(headers)
            partial.version = _version(headers)
        if partial.expected is not None and partial.expected > self._size_cap:
            raise DownloadError(f"The clip is {partial.expected:,} bytes large; at most {self._size_cap:,} are taken.")
        return self._take

    def _take(self, piece: bytes | memoryview) -> None:
        self._partial.write(piece)
        if self._partial.size > self._size_cap:
            raise DownloadError(f"The clip is larger than {self._size_cap:,} bytes.")

    def complete(self) -> None:
        """Give the file its final name, if it is whole."""
        if self.location is not None:
            return
        partial = self._partial
        if partial.expected is not None and partial.size != partial.expected:
            raise CutOffError(f"{partial.size:,} of {partial.expected:,} bytes came")
        # A file can be shorter than it should be and still agree with its own headers.
        kinds, whole = partial.boxes()
        if b"ftyp" not in kinds:
            raise DownloadError("The vendor's address holds no mp4.", hint="Run `%hailuo resume` to continue the task.")
        if not whole or b"moov" not in kinds:
            size = partial.size
            partial.restart()
            raise CutOffError(f"the mp4 breaks off after {size:,} bytes")
        self.downloaded = partial.finish()


def _range(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Where the part begins, and how large the whole is; None where it isn't said."""
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        return None, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _version(headers: Mapping[str, str]) -> str:
    """What `If-Range` may carry: RFC 9110 wants a strong ETag, or the date."""
    etag = headers.get("etag", "")
    return etag if etag and not etag.startswith("W/") else headers.get("last-modified", "")


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise DownloadError("The clip's address leads to one that can't be read.") from None


def _length(headers: Mapping[str, str]) -> int | None:
    value = headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else None


async def _check_url(url: str, base_url: str, *, allow_private: bool) -> bool:
    """Whether it is on this machine; raises where it may not be followed."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError:
        raise DownloadError("The clip's address can't be read.") from None
    here = is_loopback(host)
    if here and not is_loopback(urlsplit(base_url).hostname or ""):
        raise DownloadError("The vendor's answer names an address on this machine as the clip's.")
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise DownloadError(f"The clip's address is no https URL but “{parts.scheme}”.")
    if here or allow_private:
        return here
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise DownloadError("The clip's address can't be read.") from None
    except OSError:
        if getproxies().get("https"):  # then names are the proxy's business, and often only the proxy can look them up
            return here
        raise CutOffError(f"{host} has no address") from None
    if not all(_may_reach(str(entry[4][0])) for entry in found):
        raise DownloadError(f"{host} is a private address; a vendor's clip is not fetched from there.")
    return here


def _may_reach(address: str) -> bool:
    return not _private(ip_address(address.partition("%")[0]))


def _private(address: IPv4Address | IPv6Address) -> bool:
    return not (address.is_global or (address.version == 4 and address in _SUBSTITUTES))
