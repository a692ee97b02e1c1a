"""A kernel that can be killed: processes that buy and resume clips, and a vendor that survives them.

The processes come from a fork server that has loaded everything already, so that a round costs no imports.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import multiprocessing
import os
import signal
import socket
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.context import ForkServerProcess

    from hailuo_widgets.simulator import Simulator

KEY = "canary-5b1f0c9e7d"
SECONDS = 60
"""Longer than a round takes: reached by a failure only."""

STEPS = (
    "Journal.claim",
    "AsyncHailuo.submit",
    "Journal.move:queued",
    "Journal.move:running",
    "Journal.move:downloading",
    "AsyncHailuo.download",
    "Library.describe",
    "Journal.store_clip",
)
"""Each is a place to die at: before it, and when it is done."""

_FORKS = multiprocessing.get_context("forkserver")
_LOADED = (
    "support.kill",
    "av",
    "httpx",
    "sqlalchemy.dialects.sqlite",
    "hailuo_widgets.client",
    "hailuo_widgets.engine.walk",
    "hailuo_widgets.library.library",
    "hailuo_widgets.session",
    "hailuo_widgets.video.frames",
)
_FORKS.set_forkserver_preload(list(_LOADED))


@contextmanager
def vendor(**options: Any) -> Iterator[tuple[Simulator, str]]:
    """A simulator on a socket, in a thread of the test's own process: no kernel's death touches it."""
    import uvicorn

    from hailuo_widgets.simulator import Simulator, Timing, stock_clip

    timing = Timing(0.02, 0.03, 0.1)
    sim = Simulator(**{"keys": {KEY}, "timing": timing, "draw": stock_clip(), "seed": None, **options})
    config = uvicorn.Config(
        sim.app, lifespan="off", log_level="critical", access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))

    async def serve() -> None:
        await server._serve(sockets=[listening])
        await sim.aclose()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        yield sim, f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def start(
    folder: Path, url: str, prompts: Sequence[str], *, resume: bool = False, die_at: str = "", database: str = ""
) -> tuple[ForkServerProcess, Any]:
    """Start a kernel's work in a process of its own.

    Args:
        folder: Where the library is made.
        url: The vendor.
        prompts: What is asked for, one job each.
        resume: Whether everything that was left open is taken up first.
        die_at: `before Journal.claim 3`: where it kills itself.
        database: The journal's URL, where it is not the folder's own.

    Returns:
        The process, and the end of a pipe: it says `ready`, and at the end what became of the jobs.
    """
    here, there = _FORKS.Pipe()
    options = {"prompts": tuple(prompts), "resume": resume, "die_at": die_at, "database": database}
    process = _FORKS.Process(target=_work, args=(there, str(folder), url), kwargs=options)
    process.start()
    there.close()
    assert here.recv() == "ready"
    return process, here


def finish(process: ForkServerProcess, pipe: Any) -> dict[str, str]:
    """Wait for a process's end; the state of every job, by its prompt."""
    assert pipe.poll(SECONDS), "the process says nothing"
    states: dict[str, str] = pipe.recv()
    process.join(SECONDS)
    assert process.exitcode == 0
    return states


def _work(
    pipe: Any, folder: str, url: str, *, prompts: tuple[str, ...], resume: bool, die_at: str, database: str
) -> None:
    from hailuo_widgets.engine import pace
    from hailuo_widgets.errors import HailuoError
    from hailuo_widgets.session import Session
    from hailuo_widgets.settings import Settings
    from hailuo_widgets.spec.request import VideoRequest

    pace.FIRST_QUESTION = 0.03  # a vendor's pace would make a round take minutes
    os.environ.pop("HAILUO_LIBRARY_URL", None)
    settings = Settings.load({"HAILUO_LIBRARY_URL": database} if database else {})
    settings.give_key("minimax", KEY, "a test")
    settings.set("provider", "minimax")
    settings.set("minimax_base_url", url)
    settings.set("library", folder)
    session = Session(settings, Path(folder).parent)
    if die_at:
        _die(die_at)
    pipe.send("ready")
    jobs = session.resume() if resume else []
    jobs += [session.start(VideoRequest.of(prompt=prompt)) for prompt in prompts]
    for job in jobs:
        try:
            job.result(SECONDS)
        except HailuoError:
            continue
    pipe.send({job.quote.written.prompt: job.state.value for job in jobs})
    session.close()


def _die(place: str) -> None:
    """Kill this process when it gets to a place for the given time."""
    from hailuo_widgets.client import AsyncHailuo
    from hailuo_widgets.library.journal import Journal
    from hailuo_widgets.library.library import Library

    when, step, count = place.split()
    left = [int(count)]
    name, _, state = step.partition(":")
    owner, _, method = name.partition(".")
    kind = {"Journal": Journal, "AsyncHailuo": AsyncHailuo, "Library": Library}[owner]
    real: Callable[..., Any] = getattr(kind, method)

    def here(args: tuple[Any, ...]) -> None:
        if not state or state in args:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    def called(*args: Any, **options: Any) -> Any:
        if when == "before":
            here(args)
        result = real(*args, **options)
        if when == "after":
            here(args)
        return result

    async def awaited(*args: Any, **options: Any) -> Any:
        if when == "before":
            here(args)
        result = await real(*args, **options)
        if when == "after":
            here(args)
        return result

    setattr(kind, method, awaited if asyncio.iscoroutinefunction(real) else called)


def rows(folder: Path, database: str = "") -> list[dict[str, Any]]:
    """What the journal says, read as no kernel's."""
    from sqlalchemy import text

    from hailuo_widgets.library.library import Library

    library = Library(folder, database or None)
    try:
        with library.journal._engine.connect() as connection:
            found = connection.execute(
                text(
                    "SELECT jobs.id, jobs.state, jobs.task_id, requests.prompt, clips.path, clips.sha256 FROM jobs "
                    "JOIN requests ON requests.digest = jobs.digest LEFT JOIN clips ON clips.job_id = jobs.id"
                )
            )
            return [dict(row._mapping) for row in found]
    finally:
        library.close()


def check(sim: Simulator, folder: Path, at_kill: list[dict[str, Any]], database: str = "") -> list[dict[str, Any]]:
    """Nothing that was accepted is lost, nothing was sent twice, and every file is what it should be."""
    jobs = rows(folder, database)
    by_task = {job["task_id"]: job for job in jobs if job["task_id"]}
    uncertain = {job["prompt"] for job in jobs if job["state"] == "uncertain"}
    in_the_air = {job["prompt"] for job in at_kill if job["state"] in ("submitting", "uncertain")}
    tasks = dict(sim.tasks)
    prompts = [task.request["prompt"] for task in tasks.values()]
    assert len(prompts) == len(set(prompts)), "a request was paid for twice"
    assert sum(entry.where == "submit" for entry in sim.log) == len(tasks)
    assert uncertain <= in_the_air, "a job is uncertain whose request was not in the air"
    for task_id, task in tasks.items():
        if task.request["prompt"] not in uncertain:
            assert by_task[task_id]["state"] == "stored", by_task[task_id]
    for job in jobs:
        assert job["state"] in ("stored", "uncertain"), job
        if job["state"] == "stored":
            clip = folder / job["path"]
            assert hashlib.sha256(clip.read_bytes()).hexdigest() == job["sha256"]
    files = {path for path in folder.rglob("*") if path.is_file()}
    assert not [path for path in files if path.suffix == ".part"]
    clips = {path for path in files if path.suffix == ".mp4"}
    assert clips == {folder / job["path"] for job in jobs if job["state"] == "stored"}
    for path in files:
        if path.suffix == ".json":
            json.loads(path.read_bytes())
    return jobs
