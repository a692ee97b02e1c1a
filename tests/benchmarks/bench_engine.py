"""200 jobs of 2 s at once over real sockets: time, CPU, requests, memory. `python tests/benchmarks/bench_engine.py [TREE]`.

With the path of another checkout, its figures are taken in the same run, in turn.

The vendor is a small server in a process of its own, which answers in the words of AceDataCloud (many tasks in one
question) and of UCloud Modelverse (one question a task). Everything on our side is real: session, journal on the disk,
connections. One job goes first, so that everything is loaded, as in a notebook where a clip was tried before the sweep.

A job counts as done here when the engine knows that it is done. To fetch 200 clips and look into them (a probe and a
poster each) takes longer than the vendor does; that goes on in threads beside the engine, and is shown apart.

Where the public client `runapi-hailuo` is installed, it does the same in its own words, in 200 threads and in turn with
the others. It looks at once and then every 2 s, which is exactly what these jobs take; it keeps nothing on the disk.

The time wants an idle machine: the submissions alone are a tenth of a second of CPU.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

JOBS = 200
SECONDS = 2.0
MODELS = {"acedata": "minimax-t2v", "modelverse": "MiniMax-Hailuo-2.3"}
RUNS = 5
RUNAPI_HAILUO = "runapi-hailuo"
RUNAPI = "/api/v1/hailuo/text_to_video"
BATCH_TARGETS = {"makespan": 1.05, "both": 0.3, "requests": 1.5, "connections": JOBS + 4, "memory": 10}
SINGLE_TARGETS = {"makespan": 1.15}


# --- the vendor -----------------------------------------------------------------------------------------------------


class Vendor(asyncio.Protocol):
    """HTTP/1.1, as much of it as these two wires need."""

    begun: dict[str, float] = {}  # noqa: RUF012 - the server's, for all connections
    seen = dict.fromkeys(("submit", "poll", "clip", "calling", "fetching"), 0)
    numbers = count(100_000)
    clip = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.buffer = b""
        self.used: set[str] = set()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].decode("latin-1")
            lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
            length = int(lengths[0].partition(":")[2]) if lengths else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            path = head.split(" ")[1]
            use = "fetching" if path.startswith("/clip") else "calling"
            self.seen[use] += use not in self.used
            self.used.add(use)
            kind, content = self.answer(path, json.loads(body) if body else {})
            self.transport.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
            )

    def answer(self, path: str, body: dict[str, Any]) -> tuple[str, bytes]:
        now, seen = time.monotonic(), self.seen
        if path == "/seen":
            answer: Any = dict(seen)
            seen.update(dict.fromkeys(seen, 0))
        elif path.startswith("/clip"):
            seen["clip"] += 1
            return "video/mp4", self.clip
        elif path in ("/hailuo/videos", "/v1/tasks/submit", RUNAPI):
            seen["submit"] += 1
            task_id = str(next(self.numbers))
            self.begun[task_id] = now
            answer = {"task_id": task_id, "output": {"task_id": task_id}, "id": task_id, "status": "pending"}
        elif path.startswith(RUNAPI):
            seen["poll"] += 1
            task_id = path.rpartition("/")[2]
            done = now - self.begun[task_id] >= SECONDS
            answer = {"id": task_id, "status": "completed" if done else "processing", "videos": [{"url": self.url()}]}
        elif path == "/hailuo/tasks":
            seen["poll"] += 1
            ids = body.get("ids") or [body["id"]]
            items = [{"id": each, **self.acedata(each, now)} for each in ids]
            answer = {"items": items, "count": len(items)} if "ids" in body else items[0]
        else:
            seen["poll"] += 1
            task_id = path.partition("task_id=")[2]
            done = now - self.begun[task_id] >= SECONDS
            answer = {"output": {"task_id": task_id, "task_status": "Success" if done else "Running"}}
            if done:
                answer["output"]["urls"] = [self.url()]
        return "application/json", json.dumps(answer).encode()

    def acedata(self, task_id: str, now: float) -> dict[str, Any]:
        if now - self.begun[task_id] < SECONDS:
            return {}
        return {"response": {"success": True, "data": [{"state": "succeeded", "video_url": self.url()}]}}

    def url(self) -> str:
        return f"http://127.0.0.1:{self.transport.get_extra_info('sockname')[1]}/clip.mp4"


async def serve(clip: bytes) -> None:
    Vendor.clip = clip
    server = await asyncio.get_running_loop().create_server(Vendor, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def vendor() -> Iterator[str]:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from support.many import tiny_clip

    command = [sys.executable, __file__, "serve", str(tiny_clip())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


# --- the kernel -----------------------------------------------------------------------------------------------------


def seen(base: str) -> dict[str, int]:
    from urllib.request import urlopen

    with urlopen(f"{base}/seen") as answer:
        found: dict[str, int] = json.load(answer)
    return found


def cpu_by_thread() -> dict[str, float]:
    found: dict[str, float] = {}
    for thread in threading.enumerate():
        if thread.ident is not None:
            clock = time.pthread_getcpuclockid(thread.ident)
            name = thread.name.rstrip("_0123456789")
            found[name] = found.get(name, 0.0) + time.clock_gettime(clock)
    return found


def megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def run(provider: str, base: str, folder: Path) -> dict[str, float]:
    from hailuo_widgets.engine.job import Job, new_id

    try:
        from hailuo_widgets.engine.job_group import JobGroup
    except ImportError:  # the first release
        from hailuo_widgets.engine.group import Group as JobGroup
    from hailuo_widgets.session import Session
    from hailuo_widgets.settings import Settings
    from hailuo_widgets.spec.request import VideoRequest

    settings = Settings.load({})
    settings.give_key(provider, "a-key-for-nothing", "a benchmark")
    settings.set(f"{provider}_base_url", base)
    settings.set("library", str(folder / "library"))
    session = Session(settings, folder)

    def jobs(number: int, name: str) -> list[Job]:
        return [
            Job(
                new_id(time.time()),
                session.quote(VideoRequest.of(prompt=f"{name} {each}", model=MODELS[provider]), provider)[0],
            )
            for each in range(number)
        ]

    def known(every: list[Job]) -> float:
        """Launch them and wait until each is known to be done."""
        left, done = set(map(id, every)), threading.Event()
        at = [0.0]

        def look(job: Job) -> None:
            if (job.state == "downloading" or job.done) and id(job) in left:
                left.discard(id(job))
                if not left:
                    at[0] = time.perf_counter()
                    done.set()

        for job in every:
            job.observe(look)
        begun = time.perf_counter()
        session.launch(every, JobGroup())
        done.wait()
        return at[0] - begun

    known(first := jobs(1, "first"))
    first[0].result()
    fleet = jobs(JOBS, "fox")
    seen(base)
    cpu, memory = cpu_by_thread(), megabytes()
    makespan = known(fleet)
    used = {name: value - cpu.get(name, 0.0) for name, value in cpu_by_thread().items()}
    peak = megabytes()
    requests = seen(base)
    begun = time.perf_counter()
    for job in fleet:
        job.result()
    stored = time.perf_counter() - begun
    session.close()
    return {
        "makespan": makespan / SECONDS,
        "engine": used.get("hailuo_widgets", 0.0),
        "journal": used.get("hailuo_widgets-journal", used.get("hailuo_widgets-library", 0.0)),
        "requests": (requests["submit"] + requests["poll"]) / JOBS,
        "connections": requests["calling"] - 1,  # one is this benchmark's own
        "memory": peak - memory,
        "stored": stored,
    }


def run_runapi(base: str) -> dict[str, float]:
    """The same 200 jobs with `runapi-hailuo`: a blocking client, so each job has a thread."""
    from concurrent.futures import ThreadPoolExecutor

    from runapi.hailuo import HailuoClient  # type: ignore[import-not-found]

    client = HailuoClient(api_key="a-key-for-nothing", base_url=base)

    def make(number: int) -> None:
        client.text_to_video.run(model="hailuo-02-text-to-video-standard", prompt=f"fox {number}")

    make(-1)
    seen(base)
    cpu, memory, begun = time.process_time(), megabytes(), time.perf_counter()
    with ThreadPoolExecutor(JOBS) as threads:
        list(threads.map(make, range(JOBS)))
    makespan, used, requests = time.perf_counter() - begun, time.process_time() - cpu, seen(base)
    return {
        "makespan": makespan / SECONDS,
        "engine": used,
        "journal": 0.0,
        "requests": (requests["submit"] + requests["poll"]) / JOBS,
        "connections": requests["calling"] - 1,
        "memory": megabytes() - memory,
        "stored": 0.0,
    }


HEAD = ("makespan ÷ 2 s", "CPU of the loop", "… of the journal", "both", "requests a job", "connections", "memory")


def elsewhere(tree: Path, provider: str, base: str) -> dict[str, float]:
    """Run in a process of its own, with that tree's package, or with `runapi-hailuo`."""
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run(
            [sys.executable, __file__, "run", provider, base, folder],
            check=True,
            stdout=subprocess.PIPE,
            env=os.environ | ({} if provider == RUNAPI_HAILUO else {"PYTHONPATH": str(tree)}),
        ).stdout
    figures: dict[str, float] = json.loads(said)
    return figures


def main() -> int:
    missed = 0
    trees = [Path(__file__).resolve().parents[2], *(Path(each).resolve() for each in sys.argv[1:])]
    public = [Path(RUNAPI_HAILUO)] if find_spec("runapi") else []
    print(f"{JOBS} jobs of {SECONDS:g} s at once, median of {RUNS} runs; targets in brackets\n")
    print(f"{'wire':<24}" + "".join(f"{each:>18}" for each in HEAD) + "   until all are stored")
    with vendor() as base:
        for provider, label, most in (
            ("acedata", "batch", BATCH_TARGETS),
            ("modelverse", "one by one", SINGLE_TARGETS),
        ):
            runs: dict[Path, list[dict[str, float]]] = {tree: [] for tree in (*trees, *public)}
            for _ in range(RUNS):
                for tree, its in runs.items():
                    its.append(elsewhere(tree, RUNAPI_HAILUO if tree in public else provider, base))
            for tree, its in runs.items():
                figure = {name: statistics.median(each[name] for each in its) for name in its[0]}
                figure["both"] = figure["engine"] + figure["journal"]
                good = all(figure[name] <= target for name, target in most.items())
                missed += not good and tree is trees[0]
                units = {"engine": " s", "journal": " s", "both": " s", "memory": " MB"}
                shown = [
                    f"{figure[name]:.2f}{units.get(name, '')}" + (f" [{most[name]}]" if name in most else "")
                    for name in ("makespan", "engine", "journal", "both", "requests", "connections", "memory")
                ]
                tail = f"   + {figure['stored']:.1f} s{'' if good else '   MISSED'}"
                print(f"{label + ', ' + tree.name:<24}" + "".join(f"{each:>18}" for each in shown) + tail, flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(Path(sys.argv[2]).read_bytes()))
    elif sys.argv[1:2] == ["run"]:
        what, where, into = sys.argv[2:]
        print(json.dumps(run_runapi(where) if what == RUNAPI_HAILUO else run(what, where, Path(into))))
    else:
        sys.exit(main())
