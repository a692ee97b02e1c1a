"""What a call costs, and what a download costs beside curl's. `python tests/benchmarks/bench_transport.py [TREE]`.

With the path of another checkout, its figures are taken in the same run, in turn.
"""

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

from hailuo_widgets.clock import SystemClock
from hailuo_widgets.providers import HttpCall

try:
    from hailuo_widgets.net import download as downloads
    from hailuo_widgets.net.transport import Transport
except ImportError:  # a tree from before there was such a package
    from hailuo_widgets.transport import Transport

    from hailuo_widgets import download as downloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = 200
SIZE = 2_000_000
LARGE = 200_000_000
AT_ONCE = 4  # as many as one server gets, beside calls
RUNS = 5
CALLS = 400

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


def downloading(folder: Path, trees: list[Path]) -> None:
    served = folder / "served"
    served.mkdir()
    names = [f"{number}.mp4" for number in range(FILES)]
    for name in names:
        fill(served / name, SIZE)
    megabytes = FILES * SIZE / 1e6
    ways = {"curl": lambda target: cost(lambda: curl(base, names, target))}
    for tree in trees:
        ways[tree.name] = lambda target, tree=tree: elsewhere(tree, "files", base, target)
    best = dict.fromkeys(ways, (9e9, 9e9))
    with server(served) as base:
        for _ in range(RUNS):
            for way, act in ways.items():
                target = folder / "target"
                target.mkdir()
                best[way] = tuple(map(min, best[way], act(target)))
                shutil.rmtree(target)
        for way, (seconds, cpu) in best.items():
            goal = "" if way == "curl" else f"≤ {1.25 * best['curl'][0]:.2f}"
            report(f"{FILES} × {SIZE / 1e6:g} MB, {way}", seconds, "s", goal)
            report("  of CPU", cpu * 1e3 / megabytes, "ms a MB", "" if way == "curl" else "≤ 1.5")
        for size in (SIZE, LARGE):
            fill(served / "one.mp4", size)
            for tree in trees:
                peak = elsewhere(tree, "one", base, folder)[0]
                report(f"memory at most, one clip of {size / 1e6:g} MB, {tree.name}", peak, "MB", "")


def elsewhere(tree: Path, what: str, base: str, folder: Path) -> list[float]:
    """Do it in a process of its own, with that tree's package; the figures that it says."""
    command = [sys.executable, __file__, what, base, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return [float(each) for each in said.split()]


def files(base: str, folder: str) -> None:
    os.fsync = lambda _handle: None  # curl makes nothing durable either
    names = [f"{number}.mp4" for number in range(FILES)]
    asyncio.run(fetch(base, names[:AT_ONCE], Path(folder)))
    print(*cost(lambda: asyncio.run(fetch(base, names, Path(folder)))))


def one(base: str, folder: str) -> None:
    asyncio.run(fetch(base, ["one.mp4"], Path(folder)))
    # What getrusage says would count the process that started this one.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(int(peak[1]) / 1024)


KEY = {"Authorization": "Bearer none-of-your-business"}
ORDER = {"prompt": "A red fox trots across fresh snow [Pan left]" * 5, "model": "x", "duration": 6}


def calls(base: str, what: str) -> None:
    async def make() -> float:
        transport = Transport(base, lambda: KEY)
        call = HttpCall("POST", "/v1/video_generation", json=ORDER, paying=True)
        if what == "polls":
            call = HttpCall("GET", "/v1/query", params={"task_id": "1"})
        turns = asyncio.Semaphore(4)

        async def send() -> None:
            async with turns:
                await transport.send(call)

        await send()
        begun = time.process_time()
        await asyncio.gather(*(send() for _ in range(CALLS)))
        used = time.process_time() - begun
        await transport.aclose()
        return used

    print(asyncio.run(make()))


def calling(folder: Path, trees: list[Path]) -> None:
    with server(folder) as base:
        for what in ("polls", "submits"):
            best = dict.fromkeys(trees, 9e9)
            for _ in range(RUNS):
                for tree in trees:
                    best[tree] = min(best[tree], *elsewhere(tree, what, base, Path(what)))
            for tree, cpu in best.items():
                report(f"{what}, 4 at once, {tree.name}", cpu * 1e3 / CALLS, "ms CPU", "≤ 1.2")


def report(what: str, figure: float, unit: str, goal: str) -> None:
    print(f"{what:46} {figure:8.2f} {unit:8} {goal}", flush=True)


def main() -> None:
    trees = [Path(__file__).resolve().parents[2], *(Path(each).resolve() for each in sys.argv[1:])]
    with tempfile.TemporaryDirectory() as name:
        calling(Path(name), trees)
        downloading(Path(name), trees)


MEASURED = {"files": files, "one": one, "polls": calls, "submits": calls}

if __name__ == "__main__":
    MEASURED[sys.argv[1]](*sys.argv[2:]) if sys.argv[1:] and sys.argv[1] in MEASURED else main()
