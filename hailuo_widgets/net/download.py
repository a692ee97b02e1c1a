"""From a vendor's URL to a file under its final name: streamed, resumed after a cut, checked, synced, renamed."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from hailuo_widgets.errors import DownloadError
from hailuo_widgets.net.addresses import check_url
from hailuo_widgets.net.partial import BOXES, DiscardedError, Downloaded, Partial
from hailuo_widgets.net.reply import CutOffError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.net.fetch import Sink
    from hailuo_widgets.net.transport import Transport

__all__ = ["AddressError", "Downloaded", "ExpiredError", "download"]

SIZE_CAP = 1024**3
"""Bytes of the largest clip that is taken."""

ATTEMPTS_WITHOUT_PROGRESS = 8
LONGEST_PAUSE = 30.0
"""Seconds between two attempts; with the number above, a line that is dead for a minute is survived."""

PROGRESS_BYTES = 1024
"""An attempt that brings less counts as one without progress."""

OVERLAP_BYTES = 1024
"""Where the storage does not say which version it sends, this much is read again and compared."""

REDIRECTS = 5
_ASK_AGAIN = {408, 416, 423, 425, 429}
"""Answers of the class "your request is wrong" that can be right a moment later."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class AddressError(DownloadError):
    """The address does not lead to the clip, whatever it says; where the vendor gives out a new one, ask for it."""


class ExpiredError(AddressError):
    """The address works no more, or not yet."""

    kind = "expired"


async def download(
    transport: Transport, url: str, final: Path, *, clock: Clock, size_cap: int = SIZE_CAP
) -> Downloaded:
    """Fetch a clip. Cancelled when the file has its final name already, it returns it all the same.

    Args:
        transport: Whose connections are used; the key is not sent.
        url: From a vendor's answer, so hostile: https only, this machine excepted.
        final: Where it goes; beside it `NAME.xxxxxxxx.part` lives while it arrives.
        clock: Waits between attempts.
        size_cap: Bytes of the largest file taken.

    Raises:
        AddressError: If the address works no more (`ExpiredError`), or what it holds is not the clip.
        DownloadError: If the file can't be had. Nothing is left under the final name.
        LibraryError: If the disk refuses it.
    """
    partial = _Arriving(final, size_cap)
    failures, best = 0, 0
    try:
        while True:
            try:
                return await _transfer(transport, url, partial, failures + 1)
            except CutOffError as cut:
                # After a cut that brought something the count begins again: a bad line is slow, not hopeless.
                failures = 1 if partial.size >= best + PROGRESS_BYTES else failures + 1
                best = max(best, partial.size)
                if failures >= ATTEMPTS_WITHOUT_PROGRESS:
                    kind = AddressError if isinstance(cut, _NotTheClipError) else DownloadError
                    raise kind(
                        f"The clip could not be fetched: {cut}.", hint="Run `%hailuo resume` to continue."
                    ) from None
                await clock.sleep(min(0.25 * 2**failures, LONGEST_PAUSE))
    except asyncio.CancelledError:
        partial.discard()
        if partial.finished is None:
            raise
        return partial.finished
    finally:
        partial.discard()


class _NotTheClipError(CutOffError):
    """The address answers, and not with the clip."""


async def _transfer(transport: Transport, url: str, partial: _Arriving, attempt: int) -> Downloaded:
    for _ in range(REDIRECTS + 1):
        check_url(url, transport.base_url)
        headers, answer = partial.conditions(), _Answer(partial)
        partial.enter()
        failure = await transport.fetch(
            url, answer.accept, headers, then=answer.complete, left=partial.leave, attempt=attempt
        )
        if failure is not None:
            raise CutOffError(failure.reason)
        if answer.downloaded is not None:
            return answer.downloaded
        assert answer.location is not None
        url = _joined(url, answer.location)
    raise DownloadError("The clip's address leads in a circle.")


class _Arriving(Partial):
    """A file with what is needed to go on after a cut.

    Attributes:
        expected: Bytes of the whole; None where that was not said, or the file came packed.
        versions: What the storage said of the version that it sent: its `ETag` and `Last-Modified`.
        packed: Whether it came with a content coding: then a part can't be asked for.
    """

    def __init__(self, final: Path, size_cap: int) -> None:
        super().__init__(final)
        self.size_cap = size_cap
        self.expected: int | None = None
        self.versions: dict[str, str] = {}
        self.packed = False
        self.compare = False

    def conditions(self) -> dict[str, str]:
        """The headers that ask for what is still to come."""
        if self.packed:
            self.restart()
        if not self.size:
            return {}
        etag = self.versions.get("etag", "")
        strong = etag and not etag.startswith("W/")
        headers = {"Range": f"bytes={self.size - self.overlap}-"}
        # RFC 9110: a weak ETag is no condition. Nor is a date of ours: it says nothing within a second.
        if strong:
            headers["If-Range"] = etag
        elif not etag and (date := self.versions.get("last-modified")):
            headers["If-Range"] = date
        return headers

    @property
    def overlap(self) -> int:
        """How many bytes are asked for again: none where a strong ETag tells versions apart."""
        etag = self.versions.get("etag", "")
        certain = bool(etag) and not etag.startswith("W/") and not self.compare
        return 0 if certain else min(OVERLAP_BYTES, self.size)

    def restart(self) -> None:
        super().restart()
        self.expected, self.versions, self.packed, self.compare = None, {}, False, False


class _Answer:
    """What a storage says, and where its body goes.

    Attributes:
        location: Where it sends us instead; None where it doesn't.
        downloaded: The file under its final name, once it is there.
    """

    def __init__(self, partial: _Arriving) -> None:
        self.location: str | None = None
        self.downloaded: Downloaded | None = None
        self._partial = partial
        self._again = b""
        self._begin: dict[str, str] | None = None
        self._first = b""

    def accept(self, status: int, headers: Mapping[str, str]) -> Sink | None:
        """Where the body goes; raises where it is not the clip."""
        partial = self._partial
        if status in {301, 302, 303, 307, 308}:
            self.location = headers.get("location", "")
            return None
        if status == 416:  # what we have is not what they have
            partial.restart()
            raise CutOffError("the file changed on the way")
        if 400 <= status < 500 and status not in _ASK_AGAIN:
            # Storages say "expired" with 401, 403, 404, 410, and with 400 too.
            raise ExpiredError(f"The clip's address works no more (HTTP {status}).", http_status=status)
        if status >= 500:
            raise _NotTheClipError(f"HTTP {status}")
        if status not in {200, 206}:
            raise CutOffError(f"HTTP {status}")
        if status == 206:
            return self._go_on(headers)
        announced = _length(headers)
        if announced is not None and announced > partial.size_cap:
            raise _too_large(partial, announced)
        self._begin = dict(headers)
        return self._take_first

    def _go_on(self, headers: Mapping[str, str]) -> Sink:
        partial = self._partial
        start, total = _range(headers)
        overlap = partial.overlap
        if (
            not partial.size
            or headers.get("content-encoding", "identity") != "identity"
            or start != partial.size - overlap
            or (total is not None and partial.expected not in (None, total))
            or any(headers.get(name, value) != value for name, value in partial.versions.items())
        ):
            partial.restart()
            raise CutOffError("the file changed on the way")
        if not overlap and "etag" not in headers:  # nothing says that it is the same one
            partial.compare = True
            raise CutOffError("the storage does not say which version it sends")
        if total is not None:
            partial.expected = total
        self._again = partial.tail(overlap)
        return self._compare if overlap else self._take

    def _compare(self, piece: bytes) -> None:
        """Compare what is read again with what is there; what follows it is new."""
        same, piece = piece[: len(self._again)], piece[len(self._again) :]
        if not self._again.startswith(same):
            self._partial.restart()
            raise CutOffError("the file changed on the way")
        self._again = self._again[len(same) :]
        if piece:
            self._take(piece)

    def _take_first(self, piece: bytes) -> None:
        """Look at how a whole file begins, before what is there already is given up for it."""
        if self._begin is not None:
            self._first += piece
            if len(self._first) < 8:
                return
            piece = self._first
            self._check_start()
            self._start(self._begin)
        self._take(piece)

    def _check_start(self) -> None:
        kind = self._first[4:8]
        if kind in BOXES:
            return
        if self._first.lstrip()[:1] in {b"<", b"{", b"["}:
            raise _NotTheClipError("the address answered with a web page or a message")
        raise _NotTheClipError("what the vendor's address holds is not an mp4")

    def _start(self, headers: Mapping[str, str]) -> None:
        partial = self._partial
        partial.restart()
        partial.packed = headers.get("content-encoding", "identity").lower() != "identity"
        partial.expected = None if partial.packed else _length(headers)
        partial.versions = {name: headers[name] for name in ("etag", "last-modified") if headers.get(name)}
        self._begin = None

    def _take(self, piece: bytes) -> None:
        self._partial.write(piece)
        if self._partial.size > self._partial.size_cap:
            raise _too_large(self._partial)

    def complete(self) -> None:
        """Give the file its final name, if it is whole."""
        if self.location is not None:
            return
        if self._begin is not None:
            self._check_start()
            return
        partial = self._partial
        if partial.expected is not None and partial.size != partial.expected:
            raise CutOffError(f"{partial.size:,} of {partial.expected:,} bytes came")
        # A file can be shorter than it should be and still agree with its own headers.
        if reason := partial.check():
            partial.restart()
            raise _NotTheClipError(reason)
        try:
            self.downloaded = partial.finish()
        except DiscardedError:
            return


def _too_large(partial: _Arriving, announced: int | None = None) -> DownloadError:
    size = f"{announced:,}" if announced is not None else f"more than {partial.size_cap:,}"
    return DownloadError(f"The clip is {size} bytes large; at most {partial.size_cap:,} are taken.")


def _range(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Where the part begins, and how large the whole is; None where it isn't said."""
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        return None, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise DownloadError("The clip's address leads to one that can't be read.") from None


def _length(headers: Mapping[str, str]) -> int | None:
    value = headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else None
