"""A clip under its final name is whole, or there is none: cuts, lies, hostile addresses, full disks."""

from __future__ import annotations

import asyncio
import errno
import gzip
import hashlib
import os
import random
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from hailuo_widgets.errors import DownloadError, LibraryError
from hailuo_widgets.net import download as download_module
from hailuo_widgets.net.download import AddressError, ExpiredError, download
from hailuo_widgets.net.transport import Transport
from support.clock import VirtualClock
from support.simulated import eventually
from support.vendor import NOWHERE, on_a_socket

ROOT = Path(download_module.__file__).parents[2]


def box(kind: bytes, body: bytes = b"") -> bytes:
    return (len(body) + 8).to_bytes(4) + kind + body


BYTES = bytes(range(256)) * 4
MP4 = box(b"ftyp", b"isom\0\0\2\0isomiso2") + box(b"moov", BYTES) + box(b"mdat", BYTES * 200)


class Storage:
    """Object storage with ranges and ETags, which cuts, lies or moves as it is told."""

    def __init__(self, body: bytes = MP4, *, cuts: int = 0, step: int = 0, etag: str = '"v1"', ranges: bool = True):
        self.body = body
        self.cuts = cuts
        self.step = step or len(body) // 11
        self.etag = etag
        self.ranges = ranges
        self.asked: list[dict[str, str]] = []
        self.sent = 0
        self.instead: list[tuple[int, dict[str, str], bytes]] = []

    async def __call__(self, scope, receive, send):
        asked = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append(asked)
        if self.instead:
            status, headers, body = self.instead.pop(0)
            return await self.answer(send, status, headers, body, len(body))
        start = 0
        wanted = asked.get("range", "")
        if self.ranges and wanted and asked.get("if-range", self.etag) == self.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        headers = {"content-type": "video/mp4", "etag": self.etag}
        if start:
            headers["content-range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        whole = self.body[start:]
        part = whole
        if self.cuts:
            self.cuts -= 1
            part = whole[: self.step]
        return await self.answer(send, 206 if start else 200, headers, part, len(whole))

    async def answer(self, send, status, headers, body, length):
        self.sent += len(body)
        raw = [(name.encode(), value.encode()) for name, value in {"content-length": str(length), **headers}.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


async def fetch(storage, folder: Path, url: str = f"{NOWHERE}/clip.mp4", base: str = NOWHERE, **options):
    there = Transport(base, dict, httpx.ASGITransport(storage))
    try:
        return await download(there, url, folder / "clip.mp4", clock=VirtualClock(), **options)
    finally:
        await there.aclose()


async def fails(kind, match, storage, folder, *args, **options):
    with pytest.raises(kind, match=match) as caught:
        await fetch(storage, folder, *args, **options)
    assert not list(folder.iterdir())
    return caught.value


async def test_a_clip_arrives_whole(tmp_path):
    got = await fetch(Storage(), tmp_path / "new" / "folder")
    assert got.path.read_bytes() == MP4
    assert (got.size, got.sha256) == (len(MP4), hashlib.sha256(MP4).hexdigest())
    assert [each.name for each in got.path.parent.iterdir()] == ["clip.mp4"]


async def test_cut_ten_times_it_goes_on_where_it_was(tmp_path):
    storage = Storage(cuts=10)
    got = await fetch(storage, tmp_path)
    assert got.path.read_bytes() == MP4
    assert got.sha256 == hashlib.sha256(MP4).hexdigest()
    assert storage.sent <= 1.02 * len(MP4)
    assert len(storage.asked) == 11
    assert storage.asked[1]["range"] == f"bytes={storage.step}-"
    assert all(asked["if-range"] == '"v1"' for asked in storage.asked[1:])
    assert all(asked["accept-encoding"] == "identity" for asked in storage.asked)


async def test_cut_on_a_real_connection(tmp_path):
    storage = Storage(cuts=10)
    async with on_a_socket(storage) as base:
        there = Transport(base, dict)
        got = await download(there, f"{base}/clip.mp4", tmp_path / "clip.mp4", clock=VirtualClock())
        await there.aclose()
    assert got.path.read_bytes() == MP4
    assert storage.sent <= 1.02 * len(MP4)


async def test_a_connection_that_is_reset_before_it_says_anything_is_opened_again(tmp_path):
    resets = []

    async def resetting(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        if len(resets) < 3:
            resets.append(head)
            lingering = struct.pack("ii", 1, 0)  # closed like this, TCP says “reset”
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
        else:
            length = f"Content-Length: {len(MP4)}".encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n" + length + b"\r\n\r\n" + MP4)
        writer.close()

    server = await asyncio.start_server(resetting, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    there = Transport(base, dict)
    got = await download(there, f"{base}/clip.mp4", tmp_path / "clip.mp4", clock=VirtualClock())
    await there.aclose()
    server.close()
    assert got.path.read_bytes() == MP4
    assert len(resets) == 3


async def test_a_weak_etag_is_no_condition_for_a_range(tmp_path):
    storage = Storage(cuts=3, etag='W/"v1"')
    assert (await fetch(storage, tmp_path)).path.read_bytes() == MP4
    assert "if-range" not in storage.asked[1]
    assert storage.sent <= 1.02 * len(MP4)


async def test_a_storage_without_ranges_is_read_from_the_start(tmp_path):
    assert (await fetch(Storage(cuts=3, ranges=False), tmp_path)).path.read_bytes() == MP4


async def test_a_file_that_changes_on_the_way_is_read_from_the_start(tmp_path):
    storage = Storage(cuts=1)
    other = MP4.replace(BYTES, BYTES[::-1], 5)

    class Changing(Storage):
        async def __call__(self, scope, receive, send):
            await storage(scope, receive, send)
            storage.body, storage.etag = other, '"v2"'

    assert (await fetch(Changing(), tmp_path)).path.read_bytes() == other


class Careless(Storage):
    """Answers a question for a part with a part, whatever it is a part of; like some storages, without If-Range."""

    def __init__(self, other, *, says):
        super().__init__(cuts=1, step=len(MP4) // 2)
        self.other = other
        self.says = says

    async def __call__(self, scope, receive, send):
        again = bool(self.asked)
        if again:
            self.body = self.other
        self.etag = {"both": '"v2"' if again else '"v1"', "first": '"v1"', "neither": "", "date": ""}[self.says]
        await super().__call__(scope, receive, send)

    async def answer(self, send, status, headers, body, length):
        if not self.etag or (self.says == "first" and status == 206):
            headers = {name: value for name, value in headers.items() if name != "etag"}
        if self.says == "date":
            headers["last-modified"] = f"Sat, 28 Nov 2026 12:00:{status % 60:02} GMT"
        await super().answer(send, status, headers, body, length)


@pytest.mark.parametrize("says", ["both", "first", "neither", "date"])
async def test_two_versions_are_never_joined(says, tmp_path):
    other = MP4[:2000] + bytes(byte ^ 0x55 for byte in MP4[2000:])
    storage = Careless(other, says=says)
    real = Storage.__call__

    async def careless(self, scope, receive, send):  # ranges are taken whatever If-Range says
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"if-range"]
        await real(self, scope, receive, send)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Storage, "__call__", careless)
        assert (await fetch(storage, tmp_path)).path.read_bytes() == other


@pytest.mark.parametrize("says", ["first", "neither"])
async def test_without_an_etag_a_clip_that_is_the_same_goes_on_where_it_was(says, tmp_path):
    storage = Careless(MP4, says=says)
    assert (await fetch(storage, tmp_path)).path.read_bytes() == MP4
    assert storage.sent <= 1.02 * len(MP4) + (len(MP4) // 2 if says == "first" else 0)


async def test_a_part_from_somewhere_else_is_not_taken(tmp_path):
    storage = Storage(cuts=1)
    storage.instead = []
    lie = (206, {"content-range": f"bytes 0-9/{len(MP4)}"}, MP4[:10])

    class Lying(Storage):
        async def __call__(self, scope, receive, send):
            await storage(scope, receive, send)
            storage.instead = [lie] if len(storage.asked) == 1 else []

    assert (await fetch(Lying(), tmp_path)).path.read_bytes() == MP4


async def test_a_web_page_in_between_costs_nothing(tmp_path):
    storage = Storage(cuts=1, step=len(MP4) // 2)

    class Interrupted(Storage):
        async def __call__(self, scope, receive, send):
            await storage(scope, receive, send)
            first = len(storage.asked) == 1
            storage.instead = [(200, {"content-type": "text/html"}, b"<html>Please wait")] if first else []

    assert (await fetch(Interrupted(), tmp_path)).path.read_bytes() == MP4
    assert storage.sent <= 1.02 * len(MP4) + 100


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_a_storage_that_stumbles_is_asked_again(status, tmp_path):
    storage = Storage()
    storage.instead = [(status, {}, b"")] * 3
    assert (await fetch(storage, tmp_path)).size == len(MP4)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410])
async def test_an_address_that_is_gone_is_told_apart(status, tmp_path):
    storage = Storage()
    storage.instead = [(status, {}, b"")]
    error = await fails(ExpiredError, str(status), storage, tmp_path)
    assert error.http_status == status


async def test_only_web_pages(tmp_path):
    page = Storage()
    page.instead = [(200, {"content-type": "text/html; charset=utf-8"}, b"<html>")] * 99
    error = await fails(DownloadError, "web page", page, tmp_path)
    assert error.retryable
    assert "resume" in error.hint


NO_CLIPS = {
    "nothing": (b"", "not an mp4"),
    "a word": (b"hello", "not an mp4"),
    "XML": (b"<?xml version='1.0'?><Error/>", "a web page or a message"),
    "JSON": (b'{"error": "not ready"}', "a web page or a message"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "not an mp4"),
}


@pytest.mark.parametrize("kind", NO_CLIPS)
async def test_what_is_no_clip_is_asked_for_again_and_then_told(kind, tmp_path):
    body, says = NO_CLIPS[kind]
    storage = Storage(body)
    await fails(AddressError, says, storage, tmp_path)
    assert len(storage.asked) == download_module.ATTEMPTS_WITHOUT_PROGRESS


@pytest.mark.parametrize("kind", NO_CLIPS)
async def test_what_is_no_clip_once_costs_nothing(kind, tmp_path):
    storage = Storage(cuts=1, step=len(MP4) // 2)

    class Interrupted(Storage):
        async def __call__(self, scope, receive, send):
            await storage(scope, receive, send)
            storage.instead = [(200, {"content-type": "video/mp4"}, NO_CLIPS[kind][0])] * (len(storage.asked) == 1)

    assert (await fetch(Interrupted(), tmp_path)).path.read_bytes() == MP4
    assert storage.sent <= 1.02 * len(MP4) + 200


async def test_a_clip_that_is_labelled_as_a_web_page_is_taken(tmp_path):
    storage = Storage()
    storage.instead = [(200, {"content-type": "Text/HTML; charset=utf-8"}, MP4)]
    assert (await fetch(storage, tmp_path)).path.read_bytes() == MP4


async def test_a_clip_that_comes_packed_although_it_was_not_asked_for_is_unpacked(tmp_path):
    storage = Storage()
    storage.instead = [(200, {"content-encoding": "gzip"}, gzip.compress(MP4))]
    got = await fetch(storage, tmp_path)
    assert got.path.read_bytes() == MP4
    assert got.sha256 == hashlib.sha256(MP4).hexdigest()


async def test_packed_and_cut_it_is_read_again_from_its_start(tmp_path):
    packed = gzip.compress(MP4 + box(b"free", random.Random(1).randbytes(50_000)))
    storage = Storage(packed, cuts=2, step=30_000)
    real = storage.answer

    async def answer(send, status, headers, body, length):
        await real(send, status, {**headers, "content-encoding": "gzip"}, body, length)

    storage.answer = answer
    async with on_a_socket(storage) as base:
        there = Transport(base, dict)
        got = await download(there, f"{base}/clip.mp4", tmp_path / "clip.mp4", clock=VirtualClock())
        await there.aclose()
    assert got.path.read_bytes() == gzip.decompress(packed)
    assert not any("range" in asked for asked in storage.asked)


@pytest.mark.parametrize(
    "rest", [b"\0", b"\0" * 7, b"\0" * 100, b"TAG\x01" + bytes(124), b"TAGA Fox in Snow" + bytes(112)], ids=len
)
async def test_a_few_bytes_after_the_last_box_do_not_matter(rest, tmp_path):
    got = await fetch(Storage(MP4 + rest), tmp_path)
    assert got.path.read_bytes() == MP4 + rest


@pytest.mark.parametrize("keep", [len(MP4) // 2, len(MP4) - 1, 40])
async def test_a_clip_that_is_short_by_its_own_account(keep, tmp_path):
    await fails(DownloadError, "breaks off|not an mp4", Storage(MP4[:keep]), tmp_path)


async def test_a_clip_that_was_short_once(tmp_path):
    storage = Storage()
    half = MP4[: len(MP4) // 2]
    storage.instead = [(200, {"content-type": "video/mp4"}, half)]
    assert (await fetch(storage, tmp_path)).size == len(MP4)


async def test_boxes_of_every_length_are_understood(tmp_path):
    long = (1).to_bytes(4) + b"mdat" + (16 + 50).to_bytes(8) + bytes(50)
    to_the_end = (0).to_bytes(4) + b"mdat" + bytes(50)
    start = box(b"ftyp", b"isom") + box(b"moov")
    for body in (start + long, start + to_the_end):
        assert (await fetch(Storage(body), tmp_path)).size == len(body)
        (tmp_path / "clip.mp4").unlink()
    beyond = (1).to_bytes(4) + b"mdat" + (2**64 - 20).to_bytes(8)
    for body in (start + (3).to_bytes(4) + b"mdat", start + long[:-1], start + beyond, box(b"ftyp", b"isom")):
        await fails(DownloadError, "breaks off", Storage(body), tmp_path)


async def test_always_cut_at_the_same_place_it_ends(tmp_path):
    class Stuck(Storage):
        async def __call__(self, scope, receive, send):
            self.step = 0 if self.asked else 1000
            self.cuts = 1
            self.asked.append({})
            await self.answer(send, 200, {}, MP4[: self.step], len(MP4))

    await fails(DownloadError, "could not be fetched", Stuck(), tmp_path)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_beyond_the_cap_is_not_taken(announced, tmp_path):
    class Endless(Storage):
        async def __call__(self, scope, receive, send):
            headers = [(b"content-length", b"99999")] if announced else []
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            for _ in range(100):
                await send({"type": "http.response.body", "body": MP4[:1000], "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    await fails(DownloadError, "5,000", Endless(), tmp_path, size_cap=5000)


# --- hostile addresses ----------------------------------------------------------------------------------------------

VENDOR = "https://api.minimax.io"


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("http://127.0.0.1:9/clip.mp4", "this machine"),
        ("https://localhost/clip.mp4", "this machine"),
        ("https://[::1]/clip.mp4", "this machine"),
        ("http://cdn.example/clip.mp4", "https"),
        ("ftp://cdn.example/clip.mp4", "https"),
        ("file:///etc/passwd", "https"),
        ("javascript:alert(1)", "https"),
        ("", "https"),
        ("https://10.0.0.1/clip.mp4", "private"),
        ("https://169.254.169.254/latest/meta-data", "private"),
        ("https://192.168.0.1/clip.mp4", "private"),
        ("https://[fd00::1]/clip.mp4", "private"),
        ("https://[64:ff9b::a9fe:a9fe]/clip.mp4", "private"),
        ("https://0.0.0.0/clip.mp4", "private"),
        ("https://[::1", "can't be read"),
        ("https://cdn.example:99999/clip.mp4", "can't be read"),
    ],
)
async def test_an_address_that_is_not_followed(url, match, tmp_path):
    storage = Storage()
    await fails(DownloadError, match, storage, tmp_path, url, VENDOR)
    assert not storage.asked


async def test_a_name_without_an_address(tmp_path, monkeypatch):
    def look_up(*_args, **_options):
        raise OSError(8, "nodename nor servname provided")

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    there = Transport(VENDOR, dict)
    with pytest.raises(DownloadError, match="has no address"):
        await download(there, "https://cdn.example/clip.mp4", tmp_path / "clip.mp4", clock=VirtualClock())
    await there.aclose()


REDIRECTS = [
    ("http://cdn.example/clip.mp4", "https"),
    ("file:///etc/passwd", "https"),
    ("http://127.0.0.1:9/clip.mp4", "this machine"),
    ("https://10.0.0.1/clip.mp4", "private"),
    ("//[", "can't be read"),
    ("", "circle"),
]


@pytest.mark.parametrize(("location", "match"), REDIRECTS)
async def test_a_redirect_is_looked_at_like_any_address(location, match, tmp_path, monkeypatch):
    url = "https://93.184.216.34/clip.mp4"  # a public address: nothing is looked up
    storage = Storage()
    storage.instead = [(302, {"location": location}, b"")] * 20
    await fails(DownloadError, match, storage, tmp_path, url, VENDOR)
    assert len(storage.asked) <= download_module.REDIRECTS + 1


async def test_a_good_redirect_is_followed(tmp_path):
    storage = Storage()
    storage.instead = [(302, {"location": "/elsewhere.mp4"}, b"")]
    assert (await fetch(storage, tmp_path)).size == len(MP4)


# --- two at once ----------------------------------------------------------------------------------------------------


async def test_two_kernels_that_fetch_one_clip_do_not_write_into_one_file(tmp_path):
    steps = [Storage(cuts=5), Storage(cuts=3)]
    both = await asyncio.gather(*(fetch(storage, tmp_path) for storage in steps))
    assert both[0] == both[1]
    assert both[0].path.read_bytes() == MP4
    assert both[0].sha256 == hashlib.sha256(MP4).hexdigest()
    assert [each.name for each in tmp_path.iterdir()] == ["clip.mp4"]


async def test_what_a_dead_kernel_left_of_a_clip_goes_with_the_next_download(tmp_path):
    (tmp_path / "clip.mp4.0a1b2c3d.part").write_bytes(MP4[:500])
    (tmp_path / "other.mp4.0a1b2c3d.part").write_bytes(MP4[:500])
    await fetch(Storage(), tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["clip.mp4", "other.mp4.0a1b2c3d.part"]


@pytest.mark.skipif(os.name != "posix", reason="Windows does not let an open file go")
async def test_what_another_kernel_writes_is_left_alone(tmp_path):
    code = "import sys; from pathlib import Path; from hailuo_widgets.net.partial import Partial; "
    code += "part = Partial(Path(sys.argv[1])); part.write(b'x'); print(part.path.name, flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path / "clip.mp4")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as other:  # noqa: ASYNC220
        name = other.stdout.readline().strip()
        await fetch(Storage(), tmp_path)
        assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["clip.mp4", name])
        other.kill()
    await fetch(Storage(), tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["clip.mp4"]


async def test_cancelled_while_the_disk_is_busy_it_ends_at_once_and_leaves_nothing(tmp_path, monkeypatch):
    loop, syncing, go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def slow(_handle):
        loop.call_soon_threadsafe(syncing.set)
        assert go.wait(10), "the loop waits for the disk"

    monkeypatch.setattr("hailuo_widgets.net.partial.os.fsync", slow)
    fetching = asyncio.ensure_future(fetch(Storage(), tmp_path))
    await syncing.wait()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    go.set()
    await eventually(lambda: not list(tmp_path.iterdir()))


# --- the disk -------------------------------------------------------------------------------------------------------


class Disk:
    """A file that takes some bytes and then fails."""

    def __init__(self, file, error: int, room: int):
        self.file = file
        self.error = error
        self.room = room

    def write(self, chunk):
        if self.room <= 0:
            raise OSError(self.error, errno.errorcode[self.error])
        taken = self.file.write(chunk[: self.room])
        self.room -= taken
        return taken

    def __getattr__(self, name):
        return getattr(self.file, name)


@pytest.mark.parametrize(
    ("code", "hint"),
    [(errno.ENOSPC, "full"), (errno.EROFS, "read-only"), (errno.EDQUOT, "quota"), (errno.EIO, "resume")],
)
@pytest.mark.parametrize("room", [0, 5000])
async def test_a_disk_that_takes_no_more(code, hint, room, tmp_path, monkeypatch):
    opened = Path.open

    def failing(path, mode="r", **options):
        file = opened(path, mode, **options)
        return Disk(file, code, room) if path.suffix == ".part" and "x" in mode else file

    monkeypatch.setattr(Path, "open", failing)
    error = await fails(LibraryError, "can't be written", Storage(), tmp_path)
    assert hint in error.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a full disk to try with")
async def test_a_really_full_disk(tmp_path, monkeypatch):
    opened = Path.open

    def full(path, mode="r", **options):
        return opened(Path("/dev/full") if path.suffix == ".part" else path, mode.replace("x", "w"), **options)

    monkeypatch.setattr(Path, "open", full)
    monkeypatch.setattr(Path, "exists", lambda path: True)
    await fails(LibraryError, "can't be written", Storage(), tmp_path)


async def test_a_place_that_can_not_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="can't be written"):
        await fetch(Storage(), tmp_path / "file")
    with pytest.raises(LibraryError) as caught:
        await fetch(Storage(), tmp_path / ("x" * 300))
    assert "shorter" in caught.value.hint
