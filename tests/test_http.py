"""Our own connections: what was sent is known, what came is whole, and a server that misbehaves costs a call, not more."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import ssl
import subprocess
import threading
import zlib
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from hailuo_widgets import transport
from hailuo_widgets.download import download
from hailuo_widgets.errors import LibraryError
from hailuo_widgets.http import fetching, pool
from hailuo_widgets.providers import HttpCall, HttpReply
from hailuo_widgets.transport import CutOffError, NoReply, Transport
from support.clock import VirtualClock
from support.simulated import eventually
from support.vendor import fetched
from test_download import MP4

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
POST = HttpCall("POST", "/pay", json={"prompt": "A fox"}, paying=True)
GET = HttpCall("GET", "/x")


class Server:
    """Says to each request, on whatever connection, what the script says next."""

    def __init__(self, *script: bytes | None, forever: bytes | None = None):
        self.script = list(script)
        self.forever = forever
        self.connections = 0
        self.requests: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = b""
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        body = await reader.readexactly(int(line.partition(b":")[2]))
                self.requests.append(head + body)
                said = self.script.pop(0) if self.script else self.forever
                if said is None:  # goes away without a word
                    break
                writer.write(said)
                await writer.drain()
                if b"connection: close" in said.lower() or said.startswith(b"HTTP/1.0"):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @property
    def paid(self) -> int:
        return sum(request.startswith(b"POST") for request in self.requests)


@asynccontextmanager
async def listening(handler, tls: ssl.SSLContext | None = None):
    """A server's port; at the end every connection is cut, and every handler ended."""
    at_work = {}

    async def handle(reader, writer):
        at_work[asyncio.current_task()] = writer
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)
        for writer in at_work.values():
            writer.transport.abort()
        await asyncio.sleep(0.01)  # asyncio closes what was aborted a little later


@asynccontextmanager
async def serving(handler, tls: ssl.SSLContext | None = None):
    async with listening(handler, tls) as port:
        there = Transport(f"http{'s' if tls else ''}://localhost:{port}", dict)
        try:
            yield there
        finally:
            await there.aclose()


def idle(there: Transport) -> int:
    return sum(len(origin.idle) for origin in there._direct._origins.values())


# --- keeping connections ----------------------------------------------------------------------------------------------


async def test_calls_one_after_the_other_share_a_connection():
    server = Server(forever=OK)
    async with serving(server) as there:
        for _ in range(20):
            assert (await there.send(GET)).object() == {}
    assert (server.connections, len(server.requests)) == (1, 20)


@pytest.mark.parametrize("last", [OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), b"HTTP/1.0" + OK[8:]])
async def test_a_connection_that_ends_is_not_used_again(last):
    server = Server(last, forever=OK)
    async with serving(server) as there:
        assert isinstance(await there.send(GET), HttpReply)
        assert isinstance(await there.send(POST), HttpReply)
    assert (server.connections, server.paid) == (2, 1)


async def test_a_connection_that_was_closed_meanwhile_is_noticed_before_anything_is_sent():
    server = Server(forever=OK)
    async with serving(server) as there:
        await there.send(GET)
        server.writers[0].close()
        await server.writers[0].wait_closed()
        # The loop has not been told yet: only the connection itself can be asked.
        assert isinstance(await there.send(POST), HttpReply)
    assert (server.connections, server.paid) == (2, 1)


async def test_a_connection_that_closes_in_the_face_of_a_call_leaves_open_whether_it_arrived():
    server = Server(OK, None)
    async with serving(server) as there:
        await there.send(GET)
        reply = await there.send(POST)
        assert isinstance(reply, NoReply)
        assert reply.sent
        assert idle(there) == 0
    assert (server.connections, server.paid) == (1, 1)


async def test_a_call_that_pays_gets_a_connection_that_was_used_a_moment_ago(monkeypatch):
    server = Server(forever=OK)
    async with serving(server) as there:
        await there.send(GET)
        await there.send(POST)
        assert server.connections == 1
        monkeypatch.setattr(pool, "FRESH_SECONDS", -1)
        await there.send(POST)
        assert server.connections == 2


async def test_the_way_is_open_before_a_call_that_pays():
    server = Server(forever=OK)
    async with serving(server) as there:
        for number in range(2 * transport.CALLS_AT_ONCE):
            async with there.ready() as failure:
                assert failure is None
                await eventually(lambda: server.connections)
                assert server.paid == number
                assert isinstance(await asyncio.ensure_future(there.send(POST)), HttpReply)
            assert server.paid == number + 1
        for _ in range(2 * transport.CALLS_AT_ONCE):  # and not needed after all
            async with there.ready():
                pass
        assert server.connections == 1


async def test_a_way_that_was_closed_meanwhile_is_opened_anew():
    server = Server(forever=OK)
    async with serving(server) as there:
        async with there.ready():
            await eventually(lambda: server.writers)
            server.writers[0].close()
            await server.writers[0].wait_closed()
            assert isinstance(await there.send(POST), HttpReply)
            assert isinstance(await there.send(POST), HttpReply)
        assert (server.connections, server.paid) == (2, 2)


async def test_no_more_than_four_ways_are_open():
    server = Server(forever=OK)
    open_now = most = 0

    async def pay(there):
        nonlocal open_now, most
        async with there.ready():
            open_now += 1
            most = max(most, open_now)
            if server.paid == 0:
                await eventually(lambda: most == transport.CALLS_AT_ONCE)
            open_now -= 1
            assert isinstance(await there.send(POST), HttpReply)

    async with serving(server) as there:
        await asyncio.gather(*(pay(there) for _ in range(30)))
    assert most == transport.CALLS_AT_ONCE
    assert server.connections <= transport.CALLS_AT_ONCE
    assert server.paid == 30


async def test_a_way_that_can_not_be_opened_is_known_before_anything_is_written_down():
    for base in ("http://127.0.0.1:9", "https://nowhere.invalid"):
        there = Transport(base, dict)
        async with there.ready() as failure:
            assert not failure.sent
        await there.aclose()


async def test_a_connection_that_says_something_unasked_is_dropped():
    server = Server(forever=OK)
    async with serving(server) as there:
        await there.send(GET)
        server.writers[0].write(OK)
        await server.writers[0].drain()
        assert (await there.send(GET)).body == b"{}"
    assert server.connections == 2


@pytest.mark.parametrize("more", [OK, b"x"])
async def test_more_than_was_announced_is_no_part_of_any_answer(more):
    server = Server(OK + more, forever=b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue")
    async with serving(server) as there:
        assert (await there.send(GET)).body == b"{}"
        assert (await there.send(GET)).body == b"true"


def test_a_transport_may_outlive_a_loop():
    server = Server(forever=OK)
    there = []

    async def once() -> None:
        async with listening(server) as port:
            if not there:
                there.append(Transport(f"http://127.0.0.1:{port}", dict))
            there[0].base_url = f"http://127.0.0.1:{port}"
            replies = await asyncio.gather(*(there[0].send(GET) for _ in range(10)))
            assert all(isinstance(reply, HttpReply) for reply in replies)
            await there[0].aclose()

    asyncio.run(once())
    asyncio.run(once())


async def test_who_is_cancelled_gives_his_place_to_the_next():
    heard, silent = asyncio.Semaphore(0), True
    server = Server(forever=OK)

    async def shy(reader, writer):
        if silent:
            await reader.readuntil(b"\r\n\r\n")
            heard.release()
            await reader.read()
        else:
            await server(reader, writer)

    async with serving(shy) as there:
        unheard = [asyncio.ensure_future(there.send(POST)) for _ in range(3 * transport.CALLS_AT_ONCE)]
        for _ in range(transport.CALLS_AT_ONCE):
            await heard.acquire()
        silent = False
        late = asyncio.ensure_future(there.send(GET))
        for each in unheard:
            each.cancel()
        ends = await asyncio.gather(*unheard, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        assert isinstance(await late, HttpReply)
        assert server.paid == 0


async def test_calls_do_not_wait_for_files():
    server = Server(*[sized(bytes(100))[:-1]] * 4, forever=OK)
    async with serving(server) as there:
        files = [asyncio.ensure_future(fetched(there, f"{there.base_url}/file")) for _ in range(10)]
        await eventually(lambda: len(server.requests) == 4)
        replies = await asyncio.gather(*(there.send(GET) for _ in range(10)))
        assert all(isinstance(reply, HttpReply) for reply in replies)
        assert server.connections <= transport.MAX_CONNECTIONS
        for file in files:
            file.cancel()
        await asyncio.gather(*files, return_exceptions=True)


# --- answers ----------------------------------------------------------------------------------------------------------

LONG = b'{"a": "' + b"x" * 300_000 + b'"}'


def sized(body: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def in_chunks(body: bytes) -> bytes:
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for start in range(0, len(body), 70_000):
        piece = body[start : start + 70_000]
        said += b"%x\r\n%s\r\n" % (len(piece), piece)
    return said + b"0\r\n\r\n"


ANSWERS = {
    "short": (OK, b"{}"),
    "long": (sized(LONG), LONG),
    "in chunks": (in_chunks(LONG), LONG),
    "until it closes": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + LONG, LONG),
    "after a hint": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK, b"{}"),
    "gzip": (sized(gzip.compress(LONG), b"Content-Encoding: gzip"), LONG),
    "gzip in capitals": (sized(gzip.compress(LONG), b"CONTENT-ENCODING: GZIP"), LONG),
    "deflate": (sized(zlib.compress(LONG), b"Content-Encoding: deflate"), LONG),
    "bare deflate": (sized(zlib.compress(LONG, wbits=-15), b"Content-Encoding: deflate"), LONG),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "nothing, unpacked": (sized(b"", b"Content-Encoding: gzip"), b""),
}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_an_answer_is_read_to_its_end(kind):
    said, body = ANSWERS[kind]
    server = Server(said, said, forever=OK)
    async with serving(server) as there:
        for _ in range(2):
            assert (await there.send(GET)).body == body
        assert (await there.send(GET)).body == b"{}"
    assert server.connections == (3 if kind == "until it closes" else 1)


async def test_an_answer_that_comes_bit_by_bit():
    async def slow(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for number in sized(b'{"a": 1}'):
            writer.write(bytes([number]))
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    async with serving(slow) as there:
        assert (await there.send(GET)).object() == {"a": 1}


async def test_headers_of_an_answer_have_small_letters():
    async with serving(Server(sized(b"{}", b"Retry-After: 7"))) as there:
        assert (await there.send(GET)).headers["retry-after"] == "7"


async def test_a_question_for_the_head_alone():
    server = Server(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", forever=OK)
    async with serving(server) as there:
        assert (await there.send(HttpCall("HEAD", "/"))).body == b""
        assert isinstance(await there.send(GET), HttpReply)
    assert server.connections == 1


BROKEN = {
    "nothing": None,
    "rubbish": b"\x16\x03\x01 this is no HTTP\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "cut": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99\r\n\r\n{",
    "cut in a chunk": b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    "an endless head": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\nConnection: close\r\n\r\n",
    "what is no gzip": sized(b"rubbish", b"Content-Encoding: gzip"),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_an_answer_that_is_none_leaves_open_whether_the_call_was_taken(kind):
    async def once(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(BROKEN[kind] or b"")
        writer.close()

    async with serving(once) as there:
        reply = await there.send(POST)
        assert isinstance(reply, NoReply)
        assert (reply.sent, reply.timed_out) == (True, False)
        assert reply.reason


async def test_what_unpacks_to_more_than_anybody_wants_is_not_unpacked(monkeypatch):
    bomb = gzip.compress(bytes(50_000_000))
    async with serving(Server(sized(bomb, b"Content-Encoding: gzip"))) as there:
        reply = await there.send(GET)
    assert isinstance(reply, NoReply)
    assert "larger" in reply.reason


# --- questions --------------------------------------------------------------------------------------------------------


async def test_a_long_question_arrives_whole():
    server = Server(OK)
    picture = "x" * 5_000_000
    async with serving(server) as there:
        assert isinstance(await there.send(HttpCall("POST", "/pay", json={"first": picture})), HttpReply)
    assert server.requests[0].endswith(b'{"first":"' + picture.encode() + b'"}')


async def test_a_vendor_that_answers_before_it_has_heard_all(monkeypatch):
    async def impatient(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        await asyncio.sleep(10)

    async with serving(impatient) as there:
        reply = await there.send(HttpCall("POST", "/pay", json={"first": "x" * 50_000_000}, timeout=5))
        assert reply.status == 413
        assert idle(there) == 0


async def test_a_vendor_that_takes_nothing_is_given_up():
    async def deaf(reader, writer):
        reader._transport.pause_reading()
        await asyncio.sleep(10)

    async with serving(deaf) as there:
        reply = await there.send(HttpCall("POST", "/pay", json={"first": "x" * 50_000_000}, timeout=0.2))
    assert (reply.sent, reply.timed_out) == (True, True)


async def test_a_question_that_can_not_be_written_is_not_sent():
    server = Server(forever=OK)
    async with serving(server) as there:
        there._headers = lambda: {"Authorization": "Bearer canary\r\nX-More: 1"}
        reply = await there.send(POST)
    assert isinstance(reply, NoReply)
    assert not reply.sent
    assert "canary" not in reply.reason
    assert server.requests == []


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["short", "long", "in chunks", "until it closes", "after a hint", "nothing"])
async def test_a_file_is_read_to_its_end(kind):
    said, body = ANSWERS[kind]
    async with serving(Server(said)) as there:
        assert (await fetched(there, f"{there.base_url}/file"))[1] == body


async def test_a_large_file_comes_in_large_pieces():
    body = bytes(range(256)) * 40_000
    async with serving(Server(sized(body))) as there:
        sizes = []
        await there.fetch(f"{there.base_url}/file", lambda *_: lambda piece: sizes.append(len(piece)))
    assert sum(sizes) == len(body)
    assert set(sizes[1:-1]) == {fetching.BUFFER_BYTES}


async def test_what_came_before_a_cut_is_not_lost():
    async def cut(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + bytes(700_000))
        await writer.drain()

    async with serving(cut) as there:
        got = []
        with pytest.raises(CutOffError):
            await there.fetch(f"{there.base_url}/file", lambda *_: lambda piece: got.append(len(piece)))
        assert sum(got) == 700_000


@pytest.mark.parametrize("kind", ["nothing", "rubbish", "half a head", "two lengths", "an endless head"])
async def test_a_file_without_a_proper_head_is_none(kind):
    async def once(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(BROKEN[kind] or b"")

    async with serving(once) as there:
        failure = await there.fetch(f"{there.base_url}/file", lambda *_: pytest.fail("there was no head"))
        assert isinstance(failure, NoReply)


async def test_a_storage_that_falls_silent_is_given_up(monkeypatch):
    async def silent(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        await reader.read()

    monkeypatch.setattr(transport, "_TIMEOUT", httpx.Timeout(0.1))
    async with serving(silent) as there:
        got = []
        with pytest.raises(CutOffError, match="in time"):
            await there.fetch(f"{there.base_url}/file", lambda *_: lambda piece: got.append(bytes(piece)))
        assert b"".join(got) == b"12345"


async def test_what_breaks_where_a_file_goes_is_told_and_ends_the_connection():
    gone = asyncio.Event()

    async def large(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sized(bytes(50_000_000)))
        with suppress(ConnectionError):
            await writer.drain()
        gone.set()

    def full(_piece):
        raise LibraryError("disk full")

    async with serving(large) as there:
        with pytest.raises(LibraryError, match="disk full"):
            await there.fetch(f"{there.base_url}/file", lambda *_: full)
        await gone.wait()


async def test_who_is_cancelled_is_called_no_more():
    begun, loop, calls = asyncio.Event(), asyncio.get_running_loop(), []

    async def endless(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(bytes(1000))
                await writer.drain()

    def sink(piece):
        calls.append(piece)
        loop.call_soon_threadsafe(begun.set)

    before = threading.active_count()
    async with serving(endless) as there:
        fetching = asyncio.ensure_future(there.fetch(f"{there.base_url}/file", lambda *_: sink))
        await begun.wait()
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        so_far = len(calls)
        await eventually(lambda: threading.active_count() <= before)
        assert len(calls) == so_far


async def test_files_one_after_the_other_share_a_connection_and_a_thread():
    server = Server(forever=OK)
    before = threading.active_count()
    async with serving(server) as there:
        for _ in range(5):
            assert await fetched(there, f"{there.base_url}/file") == (200, b"{}")
        assert (server.connections, threading.active_count() - before) == (1, 1)
        server.writers[0].close()
        await server.writers[0].wait_closed()
        assert await fetched(there, f"{there.base_url}/file") == (200, b"{}")
        assert server.connections == 2
    await eventually(lambda: threading.active_count() == before)


async def test_a_connection_that_closes_in_the_face_of_a_question_for_a_file_costs_nothing():
    server = Server(OK, None, forever=OK)
    async with serving(server) as there:
        assert await fetched(there, f"{there.base_url}/file") == (200, b"{}")
        assert await fetched(there, f"{there.base_url}/file") == (200, b"{}")
    assert (server.connections, len(server.requests)) == (2, 3)


async def test_an_address_that_may_not_be_reached_is_not_spoken_to():
    server = Server(forever=OK)
    asked = []
    async with serving(server) as there:
        failure = await there.fetch(f"{there.base_url}/x", lambda *_: None, may_reach=asked.append)
    assert not failure.sent
    assert "private" in failure.reason
    assert len(asked) == 1
    assert set(asked) <= {"127.0.0.1", "::1"}
    assert server.requests == []


async def test_a_file_from_where_nobody_listens():
    there = keyless("http://127.0.0.1:9")
    for url in ("http://127.0.0.1:9/x", "https://nowhere.invalid/x", "https://" + "x" * 300 + "/x"):
        failure = await there.fetch(url, lambda *_: pytest.fail("nobody is there"))
        assert not failure.sent


def keyless(base: str) -> Transport:
    return Transport(base, dict)


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A server's context, and one that trusts it."""
    folder = tmp_path_factory.mktemp("certificate")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "certificate")]
    subprocess.run(made + files, check=True, capture_output=True)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "certificate", folder / "key")
    return server, folder / "certificate"


@pytest.fixture
def trusted(certificate, monkeypatch):
    server, file = certificate
    transport._tls.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: ssl.create_default_context(cafile=str(file)))
    yield server
    transport._tls.cache_clear()


async def test_over_tls_calls_share_a_connection_and_files_arrive(trusted, tmp_path):
    body = MP4 + (8 + 3_000_000).to_bytes(4) + b"free" + bytes(3_000_000)
    server = Server(OK, OK, sized(body, b"Content-Type: video/mp4"), forever=OK)
    async with serving(server, trusted) as there:
        assert isinstance(await there.send(GET), HttpReply)
        assert isinstance(await there.send(POST), HttpReply)
        got = await download(there, f"{there.base_url}/clip.mp4", tmp_path / "clip.mp4", clock=VirtualClock())
        assert got.sha256 == hashlib.sha256(body).hexdigest()
        assert isinstance(await there.send(POST), HttpReply)
    assert (server.connections, server.paid) == (2, 2)


async def test_over_tls_a_connection_that_was_closed_is_noticed(trusted):
    server = Server(forever=OK)
    async with serving(server, trusted) as there:
        await there.send(GET)
        server.writers[0].close()
        await eventually(
            lambda: (
                there._direct._origins
                and all(
                    each._transport.is_closing() for origin in there._direct._origins.values() for each in origin.idle
                )
            )
        )
        assert isinstance(await there.send(POST), HttpReply)
    assert (server.connections, server.paid) == (2, 1)


async def test_a_certificate_that_nobody_vouches_for_is_not_spoken_to(certificate):
    transport._tls.cache_clear()
    server = Server(forever=OK)
    async with serving(server, certificate[0]) as there:
        reply = await there.send(POST)
    assert isinstance(reply, NoReply)
    assert not reply.sent
    assert "certificate" in reply.reason.lower()
    assert server.requests == []


async def test_a_certificate_for_another_name_is_none(trusted):
    server = Server(forever=OK)
    async with serving(server, trusted) as there:
        there.base_url = there.base_url.replace("localhost", "127.0.0.1")
        reply = await there.send(POST)
    assert not reply.sent
    assert server.requests == []


# --- proxies ----------------------------------------------------------------------------------------------------------


class Proxy:
    """Opens tunnels, whatever their name, to one place."""

    def __init__(self, port: int, refuses: bytes = b""):
        self.port, self.refuses = port, refuses
        self.asked: list[bytes] = []

    async def __call__(self, reader, writer):
        try:
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.IncompleteReadError:
            return
        if self.refuses:
            writer.write(self.refuses)
            writer.close()
            return
        there = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            await asyncio.gather(_pour(reader, there[1]), _pour(there[0], writer))
        finally:
            there[1].transport.abort()


async def _pour(reader, writer):
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def behind_a_proxy(monkeypatch, server, tls, **options):
    async with listening(server, tls) as port:
        proxy = Proxy(port, **options)
        async with listening(proxy) as door:
            monkeypatch.setenv("https_proxy", f"http://me:secret@127.0.0.1:{door}")
            yield proxy


async def test_the_way_out_goes_through_the_environments_proxy(trusted, monkeypatch):
    monkeypatch.setattr(httpx, "create_ssl_context", _trusting_any_name(httpx.create_ssl_context))
    server = Server(forever=OK)
    async with behind_a_proxy(monkeypatch, server, trusted) as proxy:
        there = Transport("https://vendor.example", lambda: {"Authorization": "Bearer canary"})
        assert isinstance(await there.send(POST), HttpReply)
        assert await fetched(there, "https://storage.example/clip.mp4") == (200, b"{}")
        await there.aclose()
    assert [head.split()[1] for head in proxy.asked] == [b"vendor.example:443", b"storage.example:443"]
    assert all(b"Proxy-Authorization: Basic" in head for head in proxy.asked)
    assert not any(b"canary" in head for head in proxy.asked)
    assert server.paid == 1


def _trusting_any_name(real):
    def make():
        context = real()
        context.check_hostname = False
        return context

    return make


@pytest.mark.parametrize("refuses", [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"HTTP/1.1 502 No\r\n\r\n"])
async def test_a_proxy_that_refuses_has_sent_nothing(refuses, trusted, monkeypatch):
    server = Server(forever=OK)
    async with behind_a_proxy(monkeypatch, server, trusted, refuses=refuses):
        there = Transport("https://vendor.example", dict)
        reply = await there.send(POST)
        await there.aclose()
    assert isinstance(reply, NoReply)
    assert not reply.sent
    assert "secret" not in reply.reason
    assert server.requests == []


async def test_a_proxy_that_is_none_has_sent_nothing(monkeypatch):
    monkeypatch.setenv("https_proxy", "gopher://me:secret@nowhere:99999")
    there = Transport("https://vendor.example", dict)
    reply = await there.send(POST)
    await there.aclose()
    assert isinstance(reply, NoReply)
    assert not reply.sent
    assert "secret" not in reply.reason


async def test_a_proxys_password_is_in_no_word_of_an_address_that_can_not_be_read(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://me:pa#ss@proxy.example:8080")
    there = Transport("https://vendor.example", dict)
    async with there.ready() as problem:
        assert isinstance(problem, NoReply)
    fetching = await there.fetch("https://vendor.example/x", lambda *_: None)
    for each in (problem, fetching, await there.send(POST)):
        assert not each.sent
        assert "pa" not in each.reason
    await there.aclose()


async def test_no_proxy_is_asked_for_who_is_excepted(trusted, monkeypatch):
    monkeypatch.setenv("no_proxy", "localhost.example,.invalid")
    server = Server(forever=OK)
    async with behind_a_proxy(monkeypatch, server, trusted) as proxy:
        there = Transport("https://nowhere.invalid", dict)
        reply = await there.send(POST)
        await there.aclose()
    assert isinstance(reply, NoReply)
    assert not reply.sent
    assert proxy.asked == []
