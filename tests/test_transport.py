"""Where calls go, what goes with them, and what never does."""

from __future__ import annotations

import asyncio

import pytest

from hailuo_widgets.errors import AuthenticationError, UsageError, VendorError, VendorFaultError
from hailuo_widgets.net import transport
from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.net.reply import NoReply
from hailuo_widgets.net.transport import Transport
from hailuo_widgets.providers import HttpCall, HttpReply
from hailuo_widgets.settings import checked_base_url
from hailuo_widgets.simulator import Fault
from support.clock import VirtualClock
from support.vendor import KEY, PROMPT, fetched, on_a_socket, simulator
from support.walker import where

ADDRESSES = {
    "https://api.minimax.io/": "https://api.minimax.io",
    "https://gateway.example/hailuo/": "https://gateway.example/hailuo",
    " http://127.0.0.1:8642 ": "http://127.0.0.1:8642",
    "http://localhost:8642": "http://localhost:8642",
    "http://[::1]:8642": "http://[::1]:8642",
    "http://127.9.9.9": "http://127.9.9.9",
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_a_base_url_is_taken(url):
    assert checked_base_url(url) == ADDRESSES[url]


@pytest.mark.parametrize(
    "url",
    [
        "http://api.minimax.io",
        "http://192.168.1.2:8642",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "api.minimax.io",
        "https://",
        "https://user:pass@host",
        "https://:pass@host",
        "https://host?x=1",
        "https://host#x",
        "https://ho st",
        "https://host:99999",
        "https://[::1",
        "https://host\\@evil.example",
        "",
    ],
)
def test_a_base_url_is_refused(url):
    with pytest.raises(UsageError) as caught:
        checked_base_url(url)
    assert "https" in caught.value.hint


class Recorder:
    """A server that writes down what it is sent, and answers with what it is given."""

    def __init__(self, status: int = 200, headers: dict[str, str] | None = None, body: bytes = b"{}"):
        self.answer = status, headers or {"content-type": "application/json"}, body
        self.seen: list[dict[str, str]] = []

    async def __call__(self, scope, receive, send):
        self.seen.append({name.decode(): value.decode() for name, value in scope["headers"]})
        status, headers, body = self.answer
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


def keyed(base: str) -> Transport:
    return Transport(base, lambda: {"Authorization": f"Bearer {KEY}"})


async def test_the_key_goes_to_the_vendor_and_nowhere_else(tmp_path):
    vendor, storage = Recorder(), Recorder(body=b"clip")
    async with on_a_socket(vendor) as base, on_a_socket(storage) as elsewhere:
        there = keyed(base)
        assert isinstance(await there.send(HttpCall("GET", "/x")), HttpReply)
        assert await fetched(there, f"{elsewhere}/clip.mp4") == (200, b"clip")
        assert (await fetched(there, f"{base}/clip.mp4"))[0] == 200
        await there.aclose()
    assert vendor.seen[0]["authorization"] == f"Bearer {KEY}"
    for seen in (*storage.seen, vendor.seen[1]):
        assert KEY not in str(seen)
        assert "authorization" not in seen


@pytest.mark.parametrize("status", [302, 307])
async def test_no_redirect_takes_the_key_along(status):
    thief = Recorder()
    async with on_a_socket(thief) as elsewhere:
        vendor = Recorder(status, {"location": f"{elsewhere}/v1/video_generation", "content-type": "text/html"})
        async with on_a_socket(vendor) as base:
            client = AsyncHailuo("minimax", key=KEY, base_url=base, clock=VirtualClock())
            with pytest.raises(VendorError):
                await client.submit(PROMPT)
            with pytest.raises(VendorError):
                await client.status("1")
            await client.aclose()
    assert not thief.seen
    assert len(vendor.seen) >= 2


async def test_a_proxy_is_not_asked_for_this_machine(monkeypatch):
    proxy, vendor = Recorder(), Recorder()
    async with on_a_socket(proxy) as proxy_url, on_a_socket(vendor) as base:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy_url)
        there = keyed(base)
        assert isinstance(await there.send(HttpCall("GET", "/x")), HttpReply)
        await there.aclose()
    assert (len(proxy.seen), len(vendor.seen)) == (0, 1)


async def test_at_a_401_on_a_real_connection_nothing_leads_to_the_key():
    body = b'{"base_resp": {"status_code": 1004, "status_msg": "login fail"}}'
    async with on_a_socket(Recorder(401, body=body)) as base:
        client = AsyncHailuo("minimax", key=KEY, base_url=base, clock=VirtualClock())
        with pytest.raises(AuthenticationError) as caught:
            await client.submit(PROMPT)
        assert where(caught.value, KEY) is None
        await client.aclose()


async def test_60_calls_at_once_share_4_connections():
    busy, most = 0, 0

    async def app(scope, receive, send):
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.001)
        busy -= 1
        await Recorder()(scope, receive, send)

    async with on_a_socket(app) as base:
        there = keyed(base)
        replies = await asyncio.gather(*(there.send(HttpCall("GET", "/x")) for _ in range(60)))
        await there.aclose()
    assert all(isinstance(reply, HttpReply) for reply in replies)
    assert most <= transport.CALLS_AT_ONCE == 4


async def test_what_never_arrived_is_known_not_to_have():
    there = keyed("http://127.0.0.1:9")
    reply = await there.send(HttpCall("POST", "/x", json={}, paying=True))
    assert isinstance(reply, NoReply)
    assert not reply.sent
    await there.aclose()
    nowhere = keyed("https://nowhere.invalid")
    reply = await nowhere.send(HttpCall("POST", "/x", json={}, paying=True))
    assert isinstance(reply, NoReply)
    assert not reply.sent
    await nowhere.aclose()


async def test_a_failed_handshake_is_known_not_to_have_arrived():
    async with on_a_socket(Recorder()) as base:
        there = keyed(base.replace("http:", "https:"))
        reply = await there.send(HttpCall("POST", "/x", json={}, paying=True))
        await there.aclose()
    assert isinstance(reply, NoReply)
    assert not reply.sent


async def test_what_was_sent_and_not_answered_may_have_arrived(monkeypatch):
    clock = VirtualClock()
    sim = simulator(clock)
    sim.faults.add(Fault("drop", "submit"), Fault("hang", "submit"))
    async with on_a_socket(sim.app) as base:
        there = keyed(base)
        dropped = await there.send(HttpCall("POST", "/v1/video_generation", json={}))
        hung = await there.send(HttpCall("POST", "/v1/video_generation", json={}, timeout=0.2))
        await there.aclose()
        await sim.aclose()
    assert (dropped.sent, dropped.timed_out) == (True, False)
    assert (hung.sent, hung.timed_out) == (True, True)


async def test_a_key_that_can_not_be_written_is_not_quoted():
    there = Transport("http://127.0.0.1:9", lambda: {"Authorization": f"Bearer {KEY}\nX: 1"})
    reply = await there.send(HttpCall("GET", "/x"))
    assert isinstance(reply, NoReply)
    assert KEY not in reply.reason
    await there.aclose()


async def test_a_header_that_httpx_can_not_encode_is_not_quoted():
    there = Transport("http://127.0.0.1:9", lambda: {"Authorization": f"Bearer {KEY}…"})
    reply = await there.send(HttpCall("GET", "/x"))
    assert isinstance(reply, NoReply)
    assert not reply.sent
    assert KEY not in reply.reason
    await there.aclose()


async def test_an_answer_that_trickles_for_ever_is_given_up(monkeypatch):
    monkeypatch.setattr(transport, "BODY_SECONDS", 0.1)

    async def trickle(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(40):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.01)

    async with on_a_socket(trickle) as base:
        there = keyed(base)
        reply = await there.send(HttpCall("GET", "/x"))
        await there.aclose()
    assert (reply.sent, reply.timed_out) == (True, True)


async def test_an_answer_that_is_too_large_is_not_read_on(monkeypatch):
    monkeypatch.setattr(transport, "REPLY_LIMIT", 1000)
    async with on_a_socket(Recorder(body=b"x" * 5000)) as base:
        there = keyed(base)
        reply = await there.send(HttpCall("GET", "/x"))
        await there.aclose()
    assert isinstance(reply, NoReply)


async def test_json_is_read_as_what_it_is():
    async with on_a_socket(Recorder(body='{"a": "é"}'.encode())) as base:
        there = keyed(base)
        reply = await there.send(HttpCall("GET", "/x"))
        await there.aclose()
    assert reply.object() == {"a": "é"}
    with pytest.raises(VendorFaultError):
        HttpReply(200, b"<html>").object()
