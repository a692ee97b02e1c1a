"""How quick a library of 10,000 clips is, and many jobs in its journal. `python tests/benchmarks/bench_library.py`."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import event, insert

from hailuo_widgets.clip_query import ClipQuery
from hailuo_widgets.clock import SystemClock
from hailuo_widgets.engine.job import Job
from hailuo_widgets.engine.records import Records
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store.clip_filter import ClipFilter
from hailuo_widgets.store.journal import Journal
from hailuo_widgets.store.library import Library
from hailuo_widgets.store.schema import clips, jobs, requests

if TYPE_CHECKING:
    from collections.abc import Callable

CLIPS = 10_000
TRANSITIONS = 1_000
RUNS = 9


def seconds(act: Callable[[], object], runs: int = RUNS) -> float:
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def fill(folder: Path) -> None:
    library = Library(folder)
    effective = quote(VideoRequest.of(prompt="A fox"), "minimax").request.canonical()
    words = ("fox", "panda", "otter", "heron", "lynx", "gecko", "raven")
    ids = [f"{number:06}" for number in range(CLIPS)]
    prompts = [f"A {words[n % 7]} walks through scene {n}, in a light that changes. " * 6 for n in range(CLIPS)]
    with library.journal._write() as connection:
        for table, row in (
            (
                requests,
                lambda n, prompt: {
                    "digest": digest(n),
                    "written_digest": digest(n),
                    "provider": "minimax",
                    "model": "MiniMax-Hailuo-2.3",
                    "mode": "T2V",
                    "prompt": prompt,
                    "written": {"prompt": prompt},
                    "effective": {**effective, "prompt": prompt},
                    "price": None,
                    "currency": "USD",
                    "created": float(n),
                },
            ),
            (
                jobs,
                lambda n, _: {
                    "id": ids[n],
                    "digest": digest(n),
                    "replicate": 0,
                    "name": "",
                    "state": "stored",
                    "task_id": str(n),
                    "created": float(n),
                    "updated": float(n),
                },
            ),
            (
                clips,
                lambda n, _: {
                    "job_id": ids[n],
                    "digest": digest(n),
                    "replicate": 0,
                    "path": f"clips/{ids[n]}.mp4",
                    "sha256": "0" * 64,
                    **dict.fromkeys(("size", "width", "height", "frames"), 1),
                    "fps": 25.0,
                    "duration": 6.0,
                    "codec": "h264",
                    "created": float(n),
                },
            ),
        ):
            connection.execute(insert(table), [row(n, prompt) for n, prompt in enumerate(prompts)])
    library.close()


def reading(folder: Path) -> None:
    report("opening", seconds(lambda: Library(folder).close()) * 1e3, "ms", "≤ 50")
    library = Library(folder)
    shelf = ClipQuery(library, SystemClock())
    for text in ("scene 9876", "gecko", "nowhere"):
        wanted = ClipFilter(words=tuple(text.split()))
        found = seconds(lambda wanted=wanted: library.search(wanted, 20))
        report(f"text search for “{text}”, first 20", found * 1e3, "ms", "≤ 20")
    report("library() shown", seconds(shelf._repr_html_) * 1e3, "ms", "≤ 300")
    library.close()


def writing(folder: Path) -> None:
    ours, raw = [], []
    for run in range(3):
        journal = Journal(f"sqlite:///{folder / f'ours{run}.sqlite'}")
        journal.open_job("a", quote(VideoRequest.of(prompt="A fox"), "minimax"), 0, "", 1.0)
        ours.append(seconds(lambda each=journal: [each.move("a", "running", 2.0) for _ in range(TRANSITIONS)], 1))
        journal.close()
        plain = sqlite3.connect(folder / f"ours{run}.sqlite", isolation_level=None)
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("PRAGMA synchronous = FULL")

        def move(plain: sqlite3.Connection = plain) -> None:
            for _ in range(TRANSITIONS):
                plain.execute("BEGIN IMMEDIATE")
                plain.execute("UPDATE jobs SET state = ?, updated = ? WHERE id = ?", ("running", 2.0, "a"))
                plain.execute("INSERT INTO transitions (job_id, state, at) VALUES (?, ?, ?)", ("a", "running", 2.0))
                plain.execute("COMMIT")

        raw.append(seconds(move, 1))
        plain.close()
    best, base = min(ours), min(raw)
    report(f"{TRANSITIONS} transitions", best, "s", f"≤ 1.0, or 1.5 × sqlite3's {base:.2f} = {1.5 * base:.2f}")


def many_at_once(folder: Path) -> None:
    """200 jobs that move at the same time: claimed, three more states, stored."""
    library = Library(folder / "many")
    records = Records(lambda: library, SystemClock())
    jobs = [Job(f"job-{number}", quote(VideoRequest.of(prompt=f"Fox {number}"), "minimax")) for number in range(200)]
    figures = {**dict.fromkeys(("size", "width", "height", "frames"), 1), "fps": 25.0, "duration": 6.0}
    commits = []
    event.listen(library.journal._engine, "commit", commits.append)

    async def walk(job: Job) -> None:
        await records.find(job)
        await records.claim(job)
        await records.move(job, JobState.QUEUED, task_id=job.id)
        await records.move(job, JobState.RUNNING)
        await records.move(job, JobState.DOWNLOADING)
        values = {**figures, "path": f"clips/{job.id}.mp4", "sha256": "0" * 64, "codec": "h264"}
        await records._journal.do(lambda: library.store(job.id, values, 2.0))
        records.release(job)

    async def all_of_them() -> None:
        await asyncio.gather(*map(walk, jobs))

    cpu, start = time.process_time(), time.perf_counter()
    asyncio.run(all_of_them())
    report("200 jobs at once, in the journal", time.perf_counter() - start, "s", "")
    report("  of CPU", time.process_time() - cpu, "s", "")
    report("  transactions", len(commits), "", "1,200 and more one by one")
    records.close()
    library.close()


def report(what: str, figure: float, unit: str, goal: str) -> None:
    print(f"{what:44} {figure:8.2f} {unit:8} {goal}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "library")
        reading(folder / "library")
        writing(folder)
        many_at_once(folder)


if __name__ == "__main__":
    main()
