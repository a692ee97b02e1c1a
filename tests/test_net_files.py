"""Files fetched in a thread: nothing that came is lost, and nothing of it holds up the loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress

import pytest

from hailuo_widgets.errors import DownloadError, LibraryError
from hailuo_widgets.net import fetch
from hailuo_widgets.net.addresses import may_connect
from hailuo_widgets.net.reply import CutOffError, NoReply
from hailuo_widgets.net.transport import Transport
from support.net import OK, Server, listening, serving, sized
from support.simulated import eventually
from support.vendor import fetched
from test_net_calls import ANSWERS, BROKEN


@pytest.mark.parametrize(
    "kind", ["short", "long", "in chunks", "until it closes", "after a hint", "nothing", "gzip", "deflate"]
)
async def test_a_file_is_read_to_its_end(kind):
    said, body = ANSWERS[kind]
    async with serving(Server(said)) as there:
        assert (await fetched(there, f"{there.base_url}/file"))[1] == body


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


@pytest.mark.parametrize("kind", ["nothing", "rubbish", "two lengths", "an endless head"])
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

    monkeypatch.setattr(fetch, "SILENT_SECONDS", 0.1)
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


async def test_a_connection_that_closes_in_the_face_of_a_question_for_a_file_costs_nothing():
    server = Server(OK, None, forever=OK)
    async with serving(server) as there:
        assert await fetched(there, f"{there.base_url}/file") == (200, b"{}")
        assert await fetched(there, f"{there.base_url}/file") == (200, b"{}")
    assert (server.connections, len(server.requests)) == (2, 3)


async def test_a_file_from_where_nobody_listens():
    there = Transport("http://127.0.0.1:9", dict)
    for url in ("http://127.0.0.1:9/x", "https://nowhere.invalid/x", "https://" + "x" * 300 + "/x"):
        failure = await there.fetch(url, lambda *_: pytest.fail("nobody is there"))
        assert not failure.sent


async def test_a_hint_before_an_answer_is_not_taken_for_it():
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    server = Server(hint + sized(b"first"), hint + sized(b"second"))
    async with serving(server) as there:
        assert await fetched(there, f"{there.base_url}/1") == (200, b"first")
        assert await fetched(there, f"{there.base_url}/2") == (200, b"second")
    assert server.connections == 1


async def test_files_one_after_the_other_share_a_connection():
    server = Server(forever=OK)
    async with serving(server) as there:
        for _ in range(5):
            assert await fetched(there, f"{there.base_url}/file") == (200, b"{}")
        assert server.connections == 1
        server.writers[0].close()
        await server.writers[0].wait_closed()
        assert await fetched(there, f"{there.base_url}/file") == (200, b"{}")
        assert server.connections == 2


async def test_an_answers_head_that_drips_is_given_up(monkeypatch):
    monkeypatch.setattr(fetch, "HEAD_SECONDS", 0.3)

    async def dripping(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for number in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500:
            writer.write(bytes([number]))
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(dripping) as there:
        failure = await there.fetch(f"{there.base_url}/file", lambda *_: pytest.fail("there was no head"))
        assert (failure.reason, failure.timed_out) == ("no answer in time", True)


async def test_a_body_that_drips_is_given_up(monkeypatch):
    monkeypatch.setattr(fetch, "SLOW_SECONDS", 0.2)

    async def dripping(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        for _ in range(500):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(dripping) as there:
        with pytest.raises(CutOffError, match="too slowly"):
            await there.fetch(f"{there.base_url}/file", lambda *_: len)


# --- cancelled --------------------------------------------------------------------------------------------------------


async def test_who_is_cancelled_is_called_no_more():
    begun, left, loop, calls = asyncio.Event(), threading.Event(), asyncio.get_running_loop(), []

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

    async with serving(endless) as there:
        fetching = asyncio.ensure_future(there.fetch(f"{there.base_url}/file", lambda *_: sink, left=left.set))
        await begun.wait()
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        await eventually(left.is_set)
        so_far = len(calls)
        await asyncio.sleep(0.05)
        assert len(calls) == so_far


@pytest.mark.parametrize("stuck", ["sink", "then"])
async def test_what_takes_long_in_the_thread_never_stalls_the_loop(stuck):
    # Cancelled meanwhile: the loop must not wait for a disk.
    loop, begun, go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def wait(*_args):
        loop.call_soon_threadsafe(begun.set)
        assert go.wait(10), "the loop waits for the thread"

    sink, then = (wait, lambda: None) if stuck == "sink" else (len, wait)
    left = threading.Event()
    async with serving(Server(sized(b"x" * 100))) as there:
        fetching = asyncio.ensure_future(
            there.fetch(f"{there.base_url}/file", lambda *_: sink, then=then, left=left.set)
        )
        await begun.wait()
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        assert not left.is_set()
        go.set()
        await eventually(left.is_set)


async def test_cancelled_while_a_connection_is_opened_it_ends_at_once(monkeypatch):
    loop, begun, go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def looking_up(*_args, **_options):
        loop.call_soon_threadsafe(begun.set)
        go.wait(10)
        raise OSError(8, "no such name")

    monkeypatch.setattr(fetch.socket, "getaddrinfo", looking_up)
    left = threading.Event()
    there = Transport("https://vendor.example", dict)
    fetching = asyncio.ensure_future(there.fetch("https://cdn.example/x", lambda *_: None, left=left.set))
    await begun.wait()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert not left.is_set()
    go.set()
    await eventually(left.is_set)
    await there.aclose()


# --- addresses --------------------------------------------------------------------------------------------------------


def leads_to(monkeypatch, *addresses):
    """Let every name lead to some addresses; ports that are looked up are kept."""

    def look_up(host, port, *_args, **_options):
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]

    monkeypatch.setattr(fetch.socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "100.64.0.1", "64:ff9b::a00:1"])
async def test_a_name_that_leads_to_a_private_address_is_not_spoken_to(address, monkeypatch):
    leads_to(monkeypatch, "93.184.216.34", address)
    there = Transport("https://vendor.example", dict)
    with pytest.raises(DownloadError, match="is a private address"):
        await there.fetch("https://cdn.example/x", lambda *_: None)
    await there.aclose()


async def test_an_address_that_can_not_be_reached_is_passed_over(monkeypatch):
    monkeypatch.setattr(fetch, "NEXT_ADDRESS_SECONDS", 0.05)
    monkeypatch.setattr(fetch, "may_connect", lambda *_: True)
    full = socket.create_server(("127.0.0.1", 0), backlog=0)  # its queue is full: who connects is not answered
    taken = []
    for _ in range(3):
        taken.append(socket.socket())
        taken[-1].setblocking(False)
        taken[-1].connect_ex(full.getsockname())
    server = Server(forever=OK)
    async with listening(server) as port:

        def look_up(host, _port, *_args, **_options):
            places = [full.getsockname(), ("127.0.0.1", port)]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]

        monkeypatch.setattr(fetch.socket, "getaddrinfo", look_up)
        there = Transport(f"http://localhost:{port}", dict)
        assert await fetched(there, f"http://localhost:{port}/x") == (200, b"{}")
        await there.aclose()
    for each in (*taken, full):
        each.close()


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("93.184.216.34", True),
        ("198.18.0.7", True),  # a local proxy's substitute
        ("2606:4700::1111", True),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True),  # NAT64 of 93.184.216.34
        ("2002:5db8:d822::1", True),  # 6to4 of it
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::1", False),
        ("::", False),
        ("::ffff:169.254.169.254", False),
        ("::169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::a9fe:a9fe", False),
        ("2002:a9fe:a9fe::1", False),
        ("2002:a00:1::1", False),
        ("2001:0:5db8:d822:0:0:5601:5601", False),  # Teredo of 169.254.169.254
    ],
)
def test_which_addresses_may_be_connected_to(address, allowed):
    assert may_connect("cdn.example", address) is allowed
