"""Where each vendor's key goes: to that vendor's host, and nowhere else."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from hailuo_widgets.errors import AuthenticationError, UsageError, VendorError
from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.providers import Phase, Task, names
from hailuo_widgets.simulator import Simulator, Timing, stock_clip
from hailuo_widgets.spec.catalog import catalog
from support.clock import VirtualClock
from support.every_vendor import BASE, PROMPT, WIRES, InProcess
from support.simulated import eventually
from support.vendor import on_a_socket
from support.walker import where

KEY = "canary-5b1f0c9e7d"
each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.label)


class Front:
    """A server in front of an app: it keeps what it was sent, and exchanges addresses in what it answers."""

    def __init__(self, app, exchange=()):
        self.app = app
        self.exchange = list(exchange)
        self.seen = []

    async def __call__(self, scope, receive, send):
        self.seen.append((scope["path"], dict(scope["headers"]), scope["query_string"]))
        answer, parts = {}, []

        async def collect(message):
            if message["type"] == "http.response.start":
                answer.update(message)
            else:
                parts.append(message.get("body", b""))

        await self.app(scope, receive, collect)
        body = b"".join(parts)
        for old, new in self.exchange:
            body = body.replace(old.encode(), new.encode())
        length = [(b"content-length", str(len(body)).encode())]
        headers = [each for each in answer["headers"] if each[0] != b"content-length"] + length
        await send({**answer, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def keyed(self):
        """What it was sent, by whether the key came along."""
        return {path: KEY in str(headers) or KEY in str(query) for path, headers, query in self.seen}


def redirect(target):
    async def app(scope, receive, send):
        location = f"{target()}{scope['path']}?{scope['query_string'].decode()}".encode()
        await send({"type": "http.response.start", "status": 307, "headers": [(b"location", location)]})
        await send({"type": "http.response.body"})

    return app


@each_wire
async def test_the_key_goes_to_the_vendor_and_not_along_to_the_clip(wire, tmp_path):
    clock = VirtualClock()
    sim = Simulator(keys={KEY}, timing=Timing(1, 1, 1), draw=stock_clip(fps=2), clock=clock)
    async with AsyncExitStack() as stack:
        files = Front(sim.app)
        storage = await stack.enter_async_context(on_a_socket(files))
        gate = Front(redirect(lambda: storage))
        gate_url = await stack.enter_async_context(on_a_socket(gate))
        vendor = Front(sim.app)
        base = await stack.enter_async_context(on_a_socket(vendor))
        vendor.exchange = [(f"{base}/files", f"{gate_url}/files")]
        client = AsyncHailuo(wire.provider, key=KEY, base_url=base, clock=clock)
        stack.push_async_callback(client.aclose)

        task = await client.submit(PROMPT, **wire.fields)
        await eventually(lambda: not sim.studio._drawings)
        state = [state async for state in client.watch(task, timeout=60)][-1]
        assert state.phase is Phase.SUCCEEDED
        assert state.url.startswith(gate_url)
        await client.download(state, tmp_path / "a.mp4")
        await sim.aclose()
    # `sketch` has no key of its own, and takes one along all the same where it is given one and another address.
    assert all(vendor.keyed().values()) or not catalog().offer(wire.provider).key
    assert len(vendor.seen) >= 2
    assert gate.seen
    assert files.seen
    assert not any((gate.keyed() | files.keyed()).values())
    assert not any(b"authorization" in headers for _path, headers, _query in gate.seen + files.seen)
    downloads = [entry for entry in sim.log if entry.where == "download"]
    assert downloads
    assert not any(entry.with_key for entry in downloads)


@each_wire
async def test_no_redirect_of_the_vendors_takes_it_along(wire):
    thief = Front(Simulator(keys=None).app)
    async with on_a_socket(thief) as elsewhere:
        vendor = Front(redirect(lambda: elsewhere))
        async with (
            on_a_socket(vendor) as base,
            AsyncHailuo(wire.provider, key=KEY, base_url=base, clock=VirtualClock()) as client,
        ):
            with pytest.raises(VendorError):
                await client.submit(PROMPT, **wire.fields)
            with pytest.raises(VendorError):
                await client.status(Task("1", wire.fields.get("model", "")))
    assert not thief.seen
    assert len(vendor.seen) >= 2


@pytest.mark.parametrize("name", names())
def test_nor_does_it_go_anywhere_in_the_clear(name, monkeypatch):
    with pytest.raises(UsageError, match="plain http"):
        AsyncHailuo(name, key=KEY, base_url="http://vendor.example.com")
    monkeypatch.setenv(f"HAILUO_{name.upper()}_BASE_URL", "http://vendor.example.com")
    with pytest.raises(UsageError, match="plain http") as caught:
        AsyncHailuo(name, key=KEY)
    assert KEY not in str(caught.value)
    hosts = catalog().offer(name).hosts
    assert all(host.startswith("https://") for host in hosts) or name == "sketch"


@each_wire
async def test_at_a_401_nothing_leads_to_it(wire):
    if wire.provider == "sketch":
        return  # its key is nobody's
    clock = VirtualClock()
    sim = Simulator(keys={"another"}, clock=clock)
    way = InProcess(sim, clock)
    async with AsyncHailuo(wire.provider, key=KEY, base_url=BASE, transport=way, clock=clock) as client:
        task = Task("task-unified-1", wire.fields.get("model", ""))
        for ask in (
            lambda: client.submit(PROMPT, **wire.fields),
            lambda: client.status(task),
            lambda: client.status_many([task]),
            lambda: client.cancel(task),
        ):
            with pytest.raises(AuthenticationError) as caught:
                await ask()
            assert where(caught.value, KEY) is None
            assert KEY not in repr(caught.value) + str(caught.value) + repr(vars(caught.value))
    await sim.aclose()
