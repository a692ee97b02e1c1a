"""Calls over real connections: what was sent is known, what came is whole, and every wait has an end."""

from __future__ import annotations

import asyncio
import gzip
import logging
import os
import zlib

import httpcore
import httpx
import pytest

from hailuo_widgets.net import transport
from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.net.reply import NoReply
from hailuo_widgets.net.transport import Transport
from hailuo_widgets.providers import HttpCall, HttpReply
from support.clock import VirtualClock
from support.net import GET, OK, POST, Server, listening, serving, sized
from support.simulated import eventually
from support.vendor import KEY, PROMPT, fetched

# --- connections ------------------------------------------------------------------------------------------------------


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
        assert isinstance(await there.send(GET), HttpReply)
    assert server.connections == 2


async def test_a_paying_call_gets_a_connection_of_its_own():
    server = Server(forever=OK)
    async with serving(server) as there:
        for number in range(1, 4):
            await there.send(GET)
            assert isinstance(await there.send(POST), HttpReply)
            assert (server.connections, server.paid) == (number + 1, number)


async def test_no_more_than_four_connections_are_open():
    server = Server(forever=OK)
    async with serving(server) as there:
        calls = [POST if number % 3 else GET for number in range(60)]
        replies = await asyncio.gather(*(there.send(call) for call in calls))
        assert all(isinstance(reply, HttpReply) for reply in replies)
        await eventually(lambda: server.open <= transport.CALLS_AT_ONCE)
    assert server.paid == 40


async def test_a_connection_that_closes_in_the_face_of_a_paying_call_leaves_open_whether_it_arrived():
    server = Server(OK, None)
    async with serving(server) as there:
        await there.send(GET)
        reply = await there.send(POST)
    assert isinstance(reply, NoReply)
    assert reply.sent
    assert server.paid == 1


async def test_a_connection_that_says_something_unasked_is_dropped():
    server = Server(forever=OK)
    async with serving(server) as there:
        await there.send(GET)
        server.writers[0].write(OK)
        await server.writers[0].drain()
        assert (await there.send(GET)).body == b"{}"
    assert server.connections == 2


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
        for file in files:
            file.cancel()
        await asyncio.gather(*files, return_exceptions=True)


# --- what is written down before a paying call ------------------------------------------------------------------------


async def test_what_comes_before_a_paying_call_is_awaited_when_the_connection_is_open_and_nothing_is_sent():
    server = Server(forever=OK)
    seen = []

    async def before():
        await eventually(lambda: server.connections == 1)
        await asyncio.sleep(0.02)
        seen.append(len(server.requests))

    async with serving(server) as there:
        assert isinstance(await there.send(POST, before=before), HttpReply)
    assert (seen, server.paid) == ([0], 1)


@pytest.mark.parametrize("error", [RuntimeError("disk"), httpcore.WriteError("x"), httpx.ReadError("x")])
async def test_if_it_raises_nothing_is_sent(error):
    server = Server(forever=OK)

    async def before():
        raise error

    async with serving(server) as there:
        with pytest.raises(type(error)) as caught:
            await there.send(POST, before=before)
        assert caught.value is error
        assert caught.value.__context__ is None
        assert isinstance(await there.send(POST), HttpReply)
    assert server.paid == 1


async def test_cancelled_while_it_is_written_down_nothing_is_sent():
    server = Server(forever=OK)
    writing = asyncio.Event()

    async def before():
        writing.set()
        await asyncio.sleep(3600)

    async with serving(server) as there:
        paying = asyncio.ensure_future(there.send(POST, before=before))
        await writing.wait()
        paying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await paying
        assert isinstance(await there.send(GET), HttpReply)
    assert server.paid == 0


async def test_what_can_not_be_reached_is_known_before_anything_is_written_down():
    async def before():
        pytest.fail("there is no connection")

    for base in ("http://127.0.0.1:9", "https://nowhere.invalid"):
        there = Transport(base, dict)
        reply = await there.send(POST, before=before)
        assert not reply.sent
        await there.aclose()


# --- answers ----------------------------------------------------------------------------------------------------------

LONG = b'{"a": "' + b"x" * 300_000 + b'"}'


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


@pytest.mark.parametrize("more", [OK, b"x"])
async def test_more_than_was_announced_does_not_break_the_calls_after_it(more):
    server = Server(OK + more, forever=OK)
    async with serving(server) as there:
        assert (await there.send(GET)).body == b"{}"
        replies = [await there.send(GET) for _ in range(3)]
        assert isinstance(replies[-1], HttpReply)


# --- requests ---------------------------------------------------------------------------------------------------------


async def test_a_long_question_arrives_whole():
    server = Server(OK)
    picture = "x" * 5_000_000
    async with serving(server) as there:
        assert isinstance(await there.send(HttpCall("POST", "/pay", json={"first": picture})), HttpReply)
    assert server.requests[0].endswith(b'{"first":"' + picture.encode() + b'"}')


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


@pytest.mark.parametrize("interim", [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_an_interim_answer_during_a_long_upload_does_not_end_it(interim):
    whole = []

    async def hasty(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(interim)
        await writer.drain()
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        whole.append(len(await reader.readexactly(length)) == length)
        writer.write(OK)
        await reader.read()

    async with serving(hasty) as there:
        reply = await there.send(HttpCall("POST", "/pay", json={"first": "x" * 20_000_000}, paying=True))
        assert isinstance(reply, HttpReply), reply
    assert whole == [True]


async def test_an_upload_may_take_longer_than_its_parts(monkeypatch):
    async def slow(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        left = int(head.lower().partition(b"content-length:")[2].split()[0])
        while left:
            left -= len(await reader.read(400_000))
            await asyncio.sleep(0.02)
        writer.write(OK)
        await reader.read()

    async with serving(slow) as there:
        call = HttpCall("POST", "/pay", json={"first": "x" * 20_000_000}, paying=True, timeout=1.5)
        begun = asyncio.get_running_loop().time()
        assert isinstance(await there.send(call), HttpReply)
        assert asyncio.get_running_loop().time() - begun > 1.5


# --- every wait has an end --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [b"H", b"HTTP/1.1 102 Processing\r\n\r\n"])
async def test_an_answers_head_that_drips_is_given_up(said):
    async def dripping(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for start in range(500):
            writer.write(said if len(said) > 1 else (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500)[start : start + 1])
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(dripping) as there:
        reply = await there.send(HttpCall("POST", "/pay", json={}, paying=True, timeout=0.3))
        assert isinstance(reply, NoReply)
        assert (reply.sent, reply.timed_out) == (True, True)


async def test_a_server_that_never_greets_is_given_up(monkeypatch):
    monkeypatch.setattr(transport, "OPEN_SECONDS", 0.3)

    async def silent(reader, writer):
        await reader.read()

    async with listening(silent) as port:
        there = Transport(f"https://localhost:{port}", dict)
        reply = await there.send(POST)
        await there.aclose()
    assert (reply.sent, reply.timed_out) == (False, True)


async def test_a_vendor_that_says_nothing_is_not_asked_for_long_to_cancel(monkeypatch):
    monkeypatch.setattr("hailuo_widgets.net.client.CANCEL_SECONDS", 0.2)
    asked = asyncio.Event()

    async def silent(reader, writer):
        asked.set()
        await reader.read()

    async with listening(silent) as port:
        client = AsyncHailuo("evolink", key=KEY, base_url=f"http://127.0.0.1:{port}", clock=VirtualClock())
        with pytest.raises(Exception, match="when asked to cancel") as caught:
            await client.cancel("task-1")
        assert caught.value.task_id == "task-1"
        assert asked.is_set()
        await client.aclose()


async def test_cancelled_before_anything_was_sent_a_paying_call_ends_at_once():
    async with listening(lambda reader, writer: reader.read()) as port:
        client = AsyncHailuo("minimax", key=KEY, base_url=f"https://localhost:{port}", clock=VirtualClock())
        paying = asyncio.ensure_future(client.submit(PROMPT))
        await asyncio.sleep(0.05)  # the handshake has begun
        paying.cancel()
        done, _ = await asyncio.wait({paying}, timeout=5)
        assert done
        assert paying.cancelled()
        await client.aclose()


@pytest.mark.skipif(os.name == "nt", reason="there is no uvloop for Windows")
def test_uvloop_as_the_callers_loop_works():
    import uvloop

    async def pay():
        server = Server(forever=OK)
        async with serving(server) as there:
            assert isinstance(await there.send(GET), HttpReply)
            assert isinstance(await there.send(POST), HttpReply)
            assert await fetched(there, f"{there.base_url}/file") == (200, b"{}")
        return server.paid

    assert uvloop.run(pay()) == 1


# --- the log ----------------------------------------------------------------------------------------------------------


async def test_each_call_is_one_line_of_the_log_without_key_or_body(caplog):
    caplog.set_level(logging.DEBUG, logger="hailuo_widgets.http")
    async with listening(Server(forever=OK)) as port:
        there = Transport(f"http://127.0.0.1:{port}", lambda: {"Authorization": f"Bearer {KEY}"})
        await there.send(HttpCall("POST", "/pay", json={"prompt": "secret fox"}, params={"q": "secret"}, paying=True))
        await fetched(there, f"{there.base_url}/clip.mp4?Signature=secret", attempt=3)
        await there.aclose()
    lines = [record.getMessage() for record in caplog.records if record.name == "hailuo_widgets.http"]
    assert [line.partition(" ->")[0] for line in lines] == [
        f"POST 127.0.0.1:{port} /pay",
        f"GET 127.0.0.1:{port} /clip.mp4",
    ]
    assert lines[0].startswith(f"POST 127.0.0.1:{port} /pay -> 200, ")
    assert lines[0].endswith(" ms, attempt 1")
    assert lines[1].endswith(" ms, attempt 3")
    assert KEY not in str(lines)
    assert "secret" not in str(lines)


async def test_hailuo_debug_writes_it_to_stderr(monkeypatch, capsys):
    logger = logging.getLogger("hailuo_widgets.http")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logging.NOTSET)
    monkeypatch.setenv("HAILUO_DEBUG", "1")
    async with serving(Server(forever=OK)) as there:
        await there.send(GET)
    logger.setLevel(logging.NOTSET)
    assert "hailuo_widgets.http: GET localhost" in capsys.readouterr().err
