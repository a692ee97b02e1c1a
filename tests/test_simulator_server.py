"""The simulator on a real socket, and with its real drawer."""

from __future__ import annotations

import asyncio
import builtins
import socket
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn

from hailuo_widgets.simulator import DrawOrder, Fault, LogEntry, Simulator, SketchDraw, Timing, stock_clip
from hailuo_widgets.simulator.server import log_line, serve
from support.simulated import KEY, eventually

TEXT = {"model": "MiniMax-Hailuo-02", "prompt": "A mouse"}


@asynccontextmanager
async def serving(sim: Simulator):
    """A client of the simulator behind uvicorn on a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(sim.app, lifespan="off", log_level="warning", access_log=False)
        config.timeout_graceful_shutdown = 1
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        await eventually(lambda: server.started)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        headers = {"Authorization": f"Bearer {KEY}"}
        try:
            async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False) as client:
                yield client
        finally:
            await sim.aclose()
            server.should_exit = True
            await running


async def finished_url(sim: Simulator, client: httpx.AsyncClient) -> str:
    task_id = (await client.post("/v1/videos/generations", json=TEXT)).json()["id"]
    await sim.studio.clip(task_id, sim.tasks[task_id].order)
    return (await client.get(f"/v1/tasks/{task_id}")).json()["results"][0]


async def test_a_clip_over_a_real_socket(caplog):
    sim = Simulator(timing=Timing(0, 0, 0), draw=stock_clip())
    async with serving(sim) as client:
        url = await finished_url(sim, client)
        assert url.startswith(str(client.base_url))
        whole = (await client.get(url)).content
        part = await client.get(url, headers={"Range": "bytes=5-9"})
        assert (part.status_code, part.content) == (206, whole[5:10])

        sim.faults.add(Fault("cut", "download"))
        got = bytearray()

        async def fetch() -> None:
            async with client.stream("GET", url) as answer:
                async for chunk in answer.aiter_bytes():
                    got.extend(chunk)

        with pytest.raises(httpx.RemoteProtocolError):
            await fetch()
        assert got == whole[: len(whole) // 2]

        sim.faults.add(Fault("cut"), Fault("drop"))
        with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
            await client.get("/v1/tasks/task-unified-1-x")
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.get("/v1/tasks/task-unified-1-x")

        sim.faults.add(Fault("unanswered", "submit"), Fault("hang"))
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/v1/video_generation", json=TEXT, timeout=0.1)
        assert sim.billed["minimax"] == 1
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/v1/tasks/task-unified-1-x", timeout=0.1)
        assert (await client.get("/v1/tasks/task-unified-1-x")).status_code == 404
    assert not caplog.records


async def test_sketches_are_drawn_in_a_process_of_their_own():
    from hailuo_widgets.media.probe import probe

    draw = SketchDraw()
    path = await draw(DrawOrder("A mouse [Push in,Pan left]", 160, 96, 1))
    info = probe(path)
    assert (info.width, info.height, info.duration) == (160, 96, 1)
    draw.close()


def test_a_log_line_says_what_came_and_how_it_went():
    entry = LogEntry(0.0, "ppio", "POST", "/v3/async/minimax\n-hailuo-02", with_key=True, where="submit", status=200)
    assert log_line(entry, 0.0123) == "POST   /v3/async/minimax\\n-hailuo-02 200 12 ms ppio"
    entry.status = 0
    assert "---" in log_line(entry, 1)


def test_a_missing_uvicorn_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **options):
        if name == "uvicorn":
            raise ModuleNotFoundError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RuntimeError, match=r"pip install 'hailuo-widgets\[simulator\]'"):
        serve(0)
