"""A clip under its final name is whole, or there is none: cuts, lies, hostile addresses, full disks."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import socket
import struct
from pathlib import Path

import httpx
import pytest

from hailuo_widgets import download as download_module
from hailuo_widgets.download import ExpiredError, download
from hailuo_widgets.errors import DownloadError, LibraryError
from hailuo_widgets.transport import Transport
from support.clock import VirtualClock
from support.vendor import NOWHERE, on_a_socket


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


async def test_a_connection_that_is_reset_before_it_says_anything_is_opened_anew(tmp_path):
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


async def test_a_storage_without_ranges_is_read_anew(tmp_path):
    assert (await fetch(Storage(cuts=3, ranges=False), tmp_path)).path.read_bytes() == MP4


async def test_a_file_that_changes_on_the_way_is_read_anew(tmp_path):
    storage = Storage(cuts=1)
    other = MP4.replace(BYTES, BYTES[::-1], 5)

    class Changing(Storage):
        async def __call__(self, scope, receive, send):
            await storage(scope, receive, send)
            storage.body, storage.etag = other, '"v2"'

    assert (await fetch(Changing(), tmp_path)).path.read_bytes() == other


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


@pytest.mark.parametrize("status", [401, 403, 404, 410])
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
    assert "resumed" in error.hint


async def test_no_clip_at_all(tmp_path):
    for body in (b"", b"hello", b"<?xml version='1.0'?><Error/>", b"\x89PNG\r\n\x1a\n" + bytes(100)):
        await fails(DownloadError, "no mp4", Storage(body), tmp_path)


@pytest.mark.parametrize("keep", [len(MP4) // 2, len(MP4) - 1, 40])
async def test_a_clip_that_is_short_by_its_own_account(keep, tmp_path):
    await fails(DownloadError, "breaks off|no mp4", Storage(MP4[:keep]), tmp_path)


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
                await send({"type": "http.response.body", "body": bytes(1000), "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    await fails(DownloadError, "5,000", Endless(), tmp_path, size_cap=5000)


# --- hostile addresses ----------------------------------------------------------------------------------------------

VENDOR = "https://api.minimax.io"


def resolves(monkeypatch, address: str | Exception) -> None:
    async def look_up(self, host, port, **_options):
        if isinstance(address, Exception):
            raise address
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", look_up)


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
        ("https://0.0.0.0/clip.mp4", "private"),
        ("https://[::1", "can't be read"),
        ("https://cdn.example:99999/clip.mp4", "can't be read"),
    ],
)
async def test_an_address_that_is_not_followed(url, match, tmp_path):
    storage = Storage()
    await fails(DownloadError, match, storage, tmp_path, url, VENDOR)
    assert not storage.asked


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "100.64.0.1"])
async def test_a_name_that_leads_home(address, tmp_path, monkeypatch):
    resolves(monkeypatch, address)
    await fails(DownloadError, "private", Storage(), tmp_path, "https://cdn.example/clip.mp4", VENDOR)


async def test_a_name_that_nobody_knows(tmp_path, monkeypatch):
    resolves(monkeypatch, OSError(8, "nodename nor servname provided"))
    await fails(DownloadError, "has no address", Storage(), tmp_path, "https://cdn.example/clip.mp4", VENDOR)


async def test_behind_a_proxy_names_are_the_proxys_business(tmp_path, monkeypatch):
    resolves(monkeypatch, OSError(8, "nodename nor servname provided"))
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert (await fetch(Storage(), tmp_path, "https://cdn.example/clip.mp4", VENDOR)).size == len(MP4)


async def test_a_local_proxys_substitute_address_is_no_private_one(tmp_path, monkeypatch):
    resolves(monkeypatch, "198.18.0.7")
    assert (await fetch(Storage(), tmp_path, "https://cdn.example/clip.mp4", VENDOR)).size == len(MP4)


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
    [(errno.ENOSPC, "full"), (errno.EROFS, "read-only"), (errno.EDQUOT, "share"), (errno.EIO, "resumed")],
)
@pytest.mark.parametrize("room", [0, 5000])
async def test_a_disk_that_takes_no_more(code, hint, room, tmp_path, monkeypatch):
    opened = Path.open

    def failing(path, mode="r", **options):
        file = opened(path, mode, **options)
        return Disk(file, code, room) if path.suffix == ".part" and "w" in mode else file

    monkeypatch.setattr(Path, "open", failing)
    error = await fails(LibraryError, "can't be written", Storage(), tmp_path)
    assert hint in error.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a full disk to try with")
async def test_a_really_full_disk(tmp_path):
    (tmp_path / "clip.mp4.part").symlink_to("/dev/full")
    await fails(LibraryError, "can't be written", Storage(), tmp_path)


async def test_a_place_that_can_not_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="can't be written"):
        await fetch(Storage(), tmp_path / "file")
    with pytest.raises(LibraryError) as caught:
        await fetch(Storage(), tmp_path / ("x" * 300))
    assert "shorter" in caught.value.hint
