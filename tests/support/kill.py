"""Kernels that can be killed: processes that buy and resume clips, and a vendor that survives them.

The processes come from a fork server that has loaded everything already, so that a round costs no imports.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import multiprocessing
import os
import random
import signal
import socket
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.context import ForkServerProcess

KEY = "canary-5b1f0c9e7d"
SECONDS = int(os.environ.get("KILL_PATIENCE", "60"))
"""Longer than a round takes: reached by a failure only."""

JOBS = 20

PROXIED_HOST = "vendor.example"
"""The simulator's name where only a proxy can find it."""

STEPS = (
    "Journal.claim",
    "Records.claim",
    "AsyncHailuo.submit",
    "Journal.move:queued",
    "Journal.move:running",
    "Journal.move:downloading",
    "AsyncHailuo.download",
    "Library.describe",
    "Journal.store_clip",
)
"""Each is a place to die at: before it, and when it is done."""

PLACES = [f"{when} {step}" for step in STEPS for when in ("before", "after")]

_FORKS = multiprocessing.get_context("forkserver")
_LOADED = (
    "support.kill",
    "av",
    "httpx",
    "uvicorn",
    "sqlalchemy.dialects.sqlite",
    "hailuo_widgets.net.client",
    "hailuo_widgets.engine.job_runner",
    "hailuo_widgets.store.library",
    "hailuo_widgets.session",
    "hailuo_widgets.simulator",
    "hailuo_widgets.media.frames",
)
_FORKS.set_forkserver_preload(list(_LOADED))


@dataclass(frozen=True)
class Books:
    """What a vendor knows.

    Attributes:
        seen: The prompt of every paying call that arrived, in order, whatever was answered.
        tasks: The prompt of every task, by its id.
        billed: How often each request was paid for, by its prompt.
    """

    seen: tuple[str, ...]
    tasks: dict[str, str]
    billed: dict[str, int]


class Vendor:
    """A simulator in a process of its own: no kernel's death touches it, and its books can be looked at.

    Attributes:
        url: Its base URL.
        environment: The variables that a kernel needs to get there: a proxy, and whose certificate is trusted.
    """

    def __init__(self, url: str, environment: dict[str, str], pipe: Any) -> None:
        self.url = url
        self.environment = environment
        self._pipe = pipe

    def books(self) -> Books:
        """As they are now, once everything that has been sent is heard."""
        self._pipe.send("books")
        assert self._pipe.poll(SECONDS), "the vendor says nothing"
        books: Books = self._pipe.recv()
        return books


@contextmanager
def vendor(certificate: Path | None = None, **options: Any) -> Iterator[Vendor]:
    """A simulator on a socket.

    Args:
        certificate: A certificate for `PROXIED_HOST`: the simulator speaks TLS, and is reached by a CONNECT proxy only.
        options: The simulator's own; `faults` are a list of them.
    """
    here, there = _FORKS.Pipe()
    process = _FORKS.Process(target=_sell, args=(there, certificate, options))
    process.start()
    there.close()
    assert here.poll(SECONDS), "the vendor does not open"
    try:
        url, environment = here.recv()
        yield Vendor(url, environment, here)
    finally:
        process.kill()
        process.join()
        here.close()


def _sell(pipe: Any, certificate: Path | None, options: dict[str, Any]) -> None:
    import uvicorn

    from hailuo_widgets.simulator import Faults, Simulator, Timing, stock_clip
    from support.net import Proxy, listening

    timing = Timing(*options.pop("timing", (0.02, 0.03, 0.1)))
    faults = Faults(options.pop("faults", ()))
    sim = Simulator(keys={KEY}, timing=timing, draw=stock_clip(), seed=None, faults=faults, **options)
    seen: list[str] = []
    config = uvicorn.Config(
        _noting(sim.app, seen), lifespan="off", log_level="critical", access_log=False, ssl_certfile=certificate
    )
    served = socket.create_server(("127.0.0.1", 0))
    port = served.getsockname()[1]

    def asked() -> None:
        try:
            pipe.recv()
        except EOFError:
            os._exit(0)
        tasks = {task.id: name_of(task.request) for task in sim.tasks.values()}
        billed = Counter(name_of(task.request) for task in sim.tasks.values() if task.billed)
        pipe.send(Books(tuple(seen), tasks, dict(billed)))

    async def serve() -> None:
        asyncio.get_running_loop().add_reader(pipe.fileno(), asked)
        async with listening(Proxy(port)) as door:
            if certificate is None:
                pipe.send((f"http://127.0.0.1:{port}", {}))
            else:
                variables = {"HTTPS_PROXY": f"http://127.0.0.1:{door}", "SSL_CERT_FILE": str(certificate)}
                pipe.send((f"https://{PROXIED_HOST}", variables))
            await uvicorn.Server(config)._serve(sockets=[served])

    asyncio.run(serve())


def _noting(app: Any, seen: list[str]) -> Any:
    """Note down every paying call, before anything becomes of it."""

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        with suppress(ValueError, KeyError, TypeError):
            seen.append(name_of(json.loads(body)))
        heard = [{"type": "http.request", "body": body}]

        async def again() -> Any:
            return heard.pop() if heard else await receive()

        await app(scope, again, send)

    return noting


def name_of(body: dict[str, Any]) -> str:
    """What a paying call asks for: its prompt, and for MiniMax-H3 what it is, which no other call has with it."""
    content = body.get("content")
    if not isinstance(content, list):
        return str(body["prompt"])
    words = next(str(each["text"]) for each in content if each["type"] == "text")
    final = any(each.get("role") == "base_video" for each in content)
    return f"{words} · {'final' if final else body.get('resolution', 'rewrite')}"


def start(
    folder: Path,
    there: Vendor,
    prompts: Sequence[str],
    *,
    resume: bool = False,
    die_at: str = "",
    database: str = "",
    patience: float = SECONDS,
    jump: tuple[float, float] = (0.0, 0.0),
    finish_drafts: bool = False,
) -> tuple[ForkServerProcess, Any]:
    """Start a kernel's work in a process of its own.

    Args:
        folder: Where the library is made.
        there: The vendor.
        prompts: What is asked for, one job each.
        resume: Whether everything that was left open is resumed first.
        die_at: `before Journal.claim 3`: where it kills itself.
        database: The journal's URL, where it is not the folder's own.
        patience: Seconds for which it waits for a vendor that says nothing.
        jump: After how many seconds its time of day is set, and by how much.
        finish_drafts: Whether each prompt is rewritten, drafted by MiniMax-H3, and its draft made again in 2K.

    Returns:
        The process, and the end of a pipe: it says `ready`, and at the end what became of the jobs.
    """
    here, far = _FORKS.Pipe()
    options = {"resume": resume, "die_at": die_at, "database": database, "patience": patience}
    options |= {"prompts": tuple(prompts), "environment": there.environment, "jump": jump}
    options["finish_drafts"] = finish_drafts
    process = _FORKS.Process(target=_work, args=(far, str(folder), there.url), kwargs=options)
    process.start()
    far.close()
    assert here.recv() == "ready"
    return process, here


def finish(process: ForkServerProcess, pipe: Any) -> dict[str, str]:
    """Wait for a process's end; the state of every job, by its prompt."""
    if not pipe.poll(SECONDS):
        os.kill(process.pid or 0, signal.SIGUSR1)  # it says what it waits for
        assert pipe.poll(5), "the process says nothing"
        pytest.fail(f"the process does not end: {pipe.recv()}")
    try:
        states: dict[str, str] = pipe.recv()
    except EOFError:
        process.join(SECONDS)
        pytest.fail(f"the process ended with {process.exitcode} and said nothing")
    process.join(SECONDS)
    assert process.exitcode == 0
    return states


def died(process: ForkServerProcess, pipe: Any) -> str:
    """Wait for the death that was planned; where it was."""
    process.join(SECONDS)
    assert process.exitcode == -signal.SIGKILL, "it never came to the place where it should have died"
    place: str = pipe.recv()
    return place


def after(moment: float, process: ForkServerProcess) -> None:
    """Kill a process some time after it has begun."""
    process.join(moment)
    process.kill()
    process.join()


def _work(
    pipe: Any,
    folder: str,
    url: str,
    *,
    prompts: tuple[str, ...],
    resume: bool,
    die_at: str,
    database: str,
    patience: float,
    jump: tuple[float, float],
    environment: dict[str, str],
    finish_drafts: bool,
) -> None:
    from hailuo_widgets.engine import polling, rate_limiter
    from hailuo_widgets.errors import HailuoError
    from hailuo_widgets.net import fetch, transport
    from hailuo_widgets.session import Session
    from hailuo_widgets.settings import Settings
    from hailuo_widgets.spec.request import VideoRequest

    polling.FIRST_QUESTION = 0.03  # a vendor's pace would make a round take minutes
    rate_limiter.MINUTE, rate_limiter.FIRST_TRY = 1.0, 0.1
    transport.ANSWER_SECONDS = patience
    fetch.SILENT_SECONDS = min(patience, fetch.SILENT_SECONDS)
    os.environ.pop("HAILUO_LIBRARY_URL", None)
    os.environ.update(environment)
    settings = Settings.load({"HAILUO_LIBRARY_URL": database} if database else {})
    settings.give_key("minimax", KEY, "a test")
    settings.set("provider", "minimax")
    settings.set("minimax_base_url", url)
    settings.set("library", folder)
    session = Session(settings, Path(folder).parent)
    _set_clock(session.clock, *jump)
    if die_at:
        _die(die_at, pipe)
    pipe.send("ready")
    jobs = session.resume() if resume else []
    if finish_drafts:
        jobs += _from_draft_to_final(session, prompts)
    else:
        jobs += [session.start(VideoRequest.of(prompt=prompt)) for prompt in prompts]
    signal.signal(signal.SIGUSR1, lambda *_: pipe.send([f"{job!r} {job.note}" for job in jobs if not job.done]))
    for job in jobs:
        try:
            job.result(SECONDS)
        except HailuoError:
            continue
    with suppress(BrokenPipeError):  # who started it only wanted to kill it
        pipe.send({_name(job): job.state.value for job in jobs})
    session.close()


def _from_draft_to_final(session: Any, prompts: Sequence[str]) -> list[Any]:
    """Begin everything that can be begun at once, and each final when its draft is there."""
    from hailuo_widgets.errors import HailuoError
    from hailuo_widgets.spec.request import VideoRequest

    wanted = {"model": "MiniMax-H3", "duration": 5, "ratio": "16:9"}
    jobs = [session.rewrite(VideoRequest.of(prompt=prompt, **wanted)).job for prompt in prompts]
    drafts = [session.start(VideoRequest.of(prompt=prompt, resolution="768P", **wanted)) for prompt in prompts]
    jobs += drafts
    for draft in drafts:
        with suppress(HailuoError):
            jobs.append(session.promote(draft.result(SECONDS)))
    return jobs


def _name(job: Any) -> str:
    """As the vendor calls it; see `name_of`."""
    order = job.quote
    if not order.row.model.startswith("MiniMax-H3"):
        return str(order.written.prompt)
    what = {"regeneration": "final", "rewrite": "rewrite"}.get(order.row.mode.value, order.request.resolution)
    return f"{order.request.prompt} · {what}"


def _set_clock(clock: Any, after: float, by: float) -> None:
    """Set the time of day, some seconds from now."""
    real, moment = clock.now, clock.monotonic() + after
    clock.now = lambda: real() + (by if clock.monotonic() >= moment else 0.0)


def stand_still(process: ForkServerProcess, moment: float, seconds: float) -> None:
    """Stop a process for a while, some time after it has begun (SIGSTOP)."""
    process.join(moment)
    if process.is_alive():
        with suppress(ProcessLookupError):  # it may end at this very moment
            os.kill(process.pid or 0, signal.SIGSTOP)
            process.join(seconds)
            os.kill(process.pid or 0, signal.SIGCONT)


def _die(place: str, pipe: Any) -> None:
    """Kill this process when it gets to a place for the given time."""
    from hailuo_widgets.engine.records import Records
    from hailuo_widgets.net.client import AsyncHailuo
    from hailuo_widgets.store.journal import Journal
    from hailuo_widgets.store.library import Library

    when, step, count = place.split()
    left = [int(count)]
    name, _, state = step.partition(":")
    owner, _, method = name.partition(".")
    kind: type = {"Journal": Journal, "AsyncHailuo": AsyncHailuo, "Library": Library, "Records": Records}[owner]
    real: Callable[..., Any] = getattr(kind, method)

    def here(args: tuple[Any, ...]) -> None:
        if not state or state in args:
            left[0] -= 1
            if not left[0]:
                pipe.send(place)
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

    from hailuo_widgets.store.library import Library

    library = Library(folder, database or None)
    try:
        with library.journal._engine.connect() as connection:
            found = connection.execute(
                text(
                    "SELECT jobs.id, jobs.state, jobs.task_id, requests.prompt, requests.model, requests.mode, "
                    "clips.path, clips.sha256 FROM jobs "
                    "JOIN requests ON requests.digest = jobs.digest LEFT JOIN clips ON clips.job_id = jobs.id"
                )
            )
            return [_named(dict(row._mapping)) for row in found]
    finally:
        library.close()


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """A row of MiniMax-H3 by the name that the vendor has for it."""
    if row["model"].startswith("MiniMax-H3"):
        what = {"regeneration": "final", "rewrite": "rewrite"}.get(row["mode"], "768P")
        row["prompt"] = f"{row['prompt']} · {what}"
    return row


def check(
    vendor: Vendor,
    folder: Path,
    at_kills: Sequence[list[dict[str, Any]]],
    database: str = "",
    *,
    faulty: bool = False,
) -> list[dict[str, Any]]:
    """Nothing that was accepted is lost, nothing was paid for twice, and every file is what it should be.

    Args:
        vendor: Who was asked.
        folder: The library's.
        at_kills: The jobs as the journal had them after each kernel's death.
        database: The journal's URL, where it is not the folder's own.
        faulty: Whether the vendor made mistakes: a call may then be made again, and a task may fail.
    """
    from hailuo_widgets.net.transport import CALLS_AT_ONCE

    books, jobs = vendor.books(), rows(folder, database)
    uncertain = {job["prompt"] for job in jobs if job["state"] == "uncertain"}
    assert all(count == 1 for count in books.billed.values()), "a request was paid for twice"
    if not faulty:
        assert len(books.seen) == len(set(books.seen)), "a request was sent twice"
        assert len(books.tasks) == len(books.seen)
        assert {job["state"] for job in jobs} <= {"stored", "uncertain"}
        # In the air: written down as about to leave, and either heard of by the vendor or on an open connection.
        doubtful = {job["prompt"] for left in at_kills for job in left if job["state"] in ("submitting", "uncertain")}
        assert uncertain <= doubtful, "a job is uncertain that was not about to leave"
        unheard = uncertain - set(books.seen)
        assert len(unheard) <= CALLS_AT_ONCE * len(at_kills), "a job is uncertain that was not in the air"
    by_task = {job["task_id"]: job for job in jobs if job["task_id"]}
    for task_id, prompt in books.tasks.items():
        if prompt in books.billed and prompt not in uncertain:
            assert any(job["prompt"] == prompt and job["state"] == "stored" for job in jobs), by_task.get(task_id)
    kept = [job for job in jobs if job["state"] == "stored" and not job["prompt"].endswith(" · rewrite")]
    for job in kept:
        clip = folder / job["path"]
        assert hashlib.sha256(clip.read_bytes()).hexdigest() == job["sha256"]
    files = {path for path in folder.rglob("*") if path.is_file()}
    assert not [path for path in files if path.suffix == ".part"]
    assert {path for path in files if path.suffix == ".mp4"} == {folder / job["path"] for job in kept}
    for path in files:
        if path.suffix == ".json":
            json.loads(path.read_bytes())
    return jobs


def rounds(request: Any, few: Sequence[int], many: int) -> Sequence[int]:
    """The seeds to try: few of them, or many with `--long`; `KILL_SEEDS=500:1000` says which instead."""
    if not request.config.getoption("--long"):
        return few
    first, _, last = os.environ.get("KILL_SEEDS", f"0:{many}").partition(":")
    seeds = range(int(first), int(last))
    assert seeds, "KILL_SEEDS names no seed."
    return seeds


def die_and_resume(
    folder: Path, seed: int, whole_run: float, database: str = "", certificate: Path | None = None
) -> tuple[set[str], str]:
    """One death, and what comes after it.

    Returns:
        The states in which jobs were at the death, and the place of it where that was planned.
    """
    from hailuo_widgets.simulator.tasks import State

    chance = random.Random(seed)
    place = PLACES[seed // 2 % len(PLACES)] if seed % 2 else ""
    prompts = asked()
    # The place is reached only if a task is seen running, so the vendor says so the first two times it is asked.
    running = (State.RUNNING, State.RUNNING, State.SUCCEEDED)
    options = {"timing": (0, 0, 0, running)} if "running" in place else {}
    with vendor(certificate, **options) as there:
        if place:
            number = chance.randint(1, JOBS)
            fired = died(*start(folder, there, prompts, die_at=f"{place} {number}", database=database))
            assert fired.startswith(place)
        else:
            after(chance.uniform(0, whole_run), start(folder, there, prompts, database=database)[0])
        left = rows(folder, database)
        if chance.random() < 1 / 3:  # the one that resumes dies as well
            after(chance.uniform(0, whole_run / 2), start(folder, there, [], resume=True, database=database)[0])
        finish(*start(folder, there, [], resume=True, database=database))
        check(there, folder, [left], database)
        if seed % 4 == 0:  # and the notebook is run again from its top
            states = finish(*start(folder, there, prompts, resume=True, database=database))
            done = check(there, folder, [left], database)
            assert Counter(states.values()) == Counter(job["state"] for job in done)
            assert len(done) == JOBS
    return {job["state"] for job in left}, place


def asked(count: int = JOBS) -> list[str]:
    """What is asked for, one clip each."""
    return [f"Fox number {number} trots across fresh snow" for number in range(count)]
