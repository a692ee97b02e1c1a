"""Downloads beside curl, and calls beside httpx's own pool. `python tests/benchmarks/bench_transport.py`."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from hailuo_widgets import download as downloads
from hailuo_widgets.clock import SystemClock
from hailuo_widgets.providers import HttpCall
from hailuo_widgets.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = 200
SIZE = 2_000_000
LARGE = 200_000_000
AT_ONCE = 4  # as many as one server gets, beside calls
RUNS = 5
SUBMITS, POLLS = 200, 80

SERVER = """
import os, socket, sys, threading
ANSWER = b'{"task_id": "123456789012345678", "base_resp": {"status_code": 0, "status_msg": "success"}}'
def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    asked = connection.makefile("rb")
    while line := asked.readline():
        length = 0
        while (header := asked.readline()) not in (b"\\r\\n", b""):
            if header.lower().startswith(b"content-length"):
                length = int(header.split(b":")[1])
        asked.read(length)
        name = os.path.join(sys.argv[1], line.split()[1].decode().lstrip("/"))
        if not os.path.isfile(name):
            connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(ANSWER) + ANSWER)
            continue
        with open(name, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % size)
            at = 0
            while at < size:
                at += os.sendfile(connection.fileno(), file.fileno(), at, size - at)
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """One that hands files over within the kernel, so that it is no bottleneck."""
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def fill(path: Path, size: int) -> None:
    head = (24).to_bytes(4) + b"ftypisom" + bytes(12) + (8).to_bytes(4) + b"moov"
    filling = size - len(head)
    path.write_bytes(head + filling.to_bytes(4) + b"mdat" + os.urandom(filling - 8))


def cost(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and seconds of CPU with those of child processes."""
    before, start = os.times(), time.perf_counter()
    act()
    seconds, after = time.perf_counter() - start, os.times()
    return seconds, sum(after[:4]) - sum(before[:4])


async def fetch(base: str, names: list[str], folder: Path) -> None:
    transport = Transport(base, dict)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with gate:
            await downloads.download(transport, f"{base}/{name}", folder / name, clock=SystemClock())

    await asyncio.gather(*map(one, names))
    await transport.aclose()


def curl(base: str, names: list[str], folder: Path) -> None:
    listed = folder / "list"
    listed.write_text("\n".join(f'url = "{base}/{name}"\noutput = "{folder / name}"' for name in names))
    options = ["--no-progress-meter", "--parallel", "--parallel-max", str(AT_ONCE), "-K", str(listed)]
    subprocess.run(["curl", *options], check=True)


def least(best: tuple[float, float], folder: Path, act: Callable[[Path], object]) -> tuple[float, float]:
    target = folder / "target"
    target.mkdir()
    seconds, cpu = cost(lambda: act(target))
    shutil.rmtree(target)
    return min(best[0], seconds), min(best[1], cpu)


def downloading(folder: Path) -> None:
    served = folder / "served"
    served.mkdir()
    names = [f"{number}.mp4" for number in range(FILES)]
    for name in names:
        fill(served / name, SIZE)
    megabytes = FILES * SIZE / 1e6
    real = os.fsync
    curls, ours, synced = (9e9, 9e9), (9e9, 9e9), (9e9, 9e9)
    with server(served) as base:
        downloads.os.fsync = lambda _handle: None  # curl does none
        for _ in range(RUNS):
            curls = least(curls, folder, lambda target: curl(base, names, target))
            ours = least(ours, folder, lambda target: asyncio.run(fetch(base, names, target)))
        downloads.os.fsync = real  # apart, and last: it keeps the disk busy for a while
        synced = least(synced, folder, lambda target: asyncio.run(fetch(base, names, target)))
    goals = "", f"≤ {1.25 * curls[0]:.2f}, and 1.5 ms of CPU a MB", ""
    for way, figures, goal in zip(("curl", "ours", "ours, with fsyncs"), (curls, ours, synced), goals, strict=True):
        report(f"{FILES} × {SIZE / 1e6:g} MB, {way}", figures[0], "s", goal)
        report("  of CPU", figures[1] * 1e3 / megabytes, "ms a MB", "")
    with server(served) as base:
        for size in (SIZE, LARGE):
            fill(served / "one.mp4", size)
            command = [sys.executable, __file__, "one", base, str(folder)]
            peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            report(f"memory at most, one clip of {size / 1e6:g} MB", float(peak), "MB", "")


def one(base: str, folder: str) -> None:
    asyncio.run(fetch(base, ["one.mp4"], Path(folder)))
    # What getrusage says would count the process that started this one.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(int(peak[1]) / 1024)


def calling(folder: Path) -> None:
    order = {"prompt": "A red fox trots across fresh snow [Pan left]" * 5, "model": "x", "duration": 6}
    key = {"Authorization": "Bearer none-of-your-business"}

    async def ours() -> None:
        transport = Transport(base, lambda: key)
        call = HttpCall("POST", "/v1/video_generation", json=order, paying=True)
        await asyncio.gather(*(transport.send(call) for _ in range(SUBMITS)))
        for _ in range(POLLS):
            await transport.send(HttpCall("GET", "/v1/query", params={"task_id": "1"}))
        await transport.aclose()

    async def theirs() -> None:
        async with httpx.AsyncClient(base_url=base, headers=key, timeout=60) as client:
            await asyncio.gather(*(client.post("/v1/video_generation", json=order) for _ in range(SUBMITS)))
            for _ in range(POLLS):
                await client.get("/v1/query", params={"task_id": "1"})

    with server(folder) as base:
        for name, act in (("ours", ours), ("httpx", theirs)):
            cpu = min(cost(lambda act=act: asyncio.run(act()))[1] for _ in range(RUNS))
            report(f"{SUBMITS} submits at once, {POLLS} polls: {name}", cpu, "s CPU", "≤ 0.3" if act is ours else "")


def report(what: str, figure: float, unit: str, goal: str) -> None:
    print(f"{what:46} {figure:8.2f} {unit:8} {goal}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        calling(Path(name))
        downloading(Path(name))


if __name__ == "__main__":
    one(*sys.argv[2:]) if sys.argv[1:2] == ["one"] else main()
