"""A library of many clips is measured, interrupted (SIGINT), killed (SIGKILL) and gone on with.

`python tests/benchmarks/bench_measure_library.py [CLIPS]`. The clips are small: a few sketches, each copy made another
file by an empty box of its own at the end. What was kept before an interruption must not be computed again.
"""

from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from hailuo_widgets.sketch.render import Sketch, render
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store.library import Library
from hailuo_widgets.store.schema import clips, jobs, requests

CLIPS = int(sys.argv[1]) if len(sys.argv) > 1 else 300
MOVES = ("Pan left", "Tilt up", "Zoom in", "Truck right", "Static shot", "Push in")

RUN = """
import sys
from pathlib import Path
from hailuo_widgets.clip_query import ClipQuery
from hailuo_widgets.clock import SystemClock
from hailuo_widgets.store.library import Library
found = ClipQuery(Library(Path(sys.argv[1])), SystemClock()).measure().result()
print(len(found), sum(each.error is not None for each in found.values()))
"""


def fill(folder: Path) -> None:
    library = Library(folder)
    effective = quote(VideoRequest.of(prompt="A fox"), "sketch").request.canonical()
    (folder / "clips").mkdir(exist_ok=True)
    drawn = []
    for move in MOVES:
        path = folder / "drawn.mp4"
        render(Sketch("A red fox in a forest", ((move,),), 160, 90, 1.0, fps=12), path)
        drawn.append(path.read_bytes())
        path.unlink()
    rows: dict[object, list[dict[str, object]]] = {requests: [], jobs: [], clips: []}
    for number in range(CLIPS):
        name, move = f"{number:06}", MOVES[number % len(MOVES)]
        data = drawn[number % len(MOVES)] + (16).to_bytes(4, "big") + b"free" + number.to_bytes(8, "big")
        (folder / "clips" / f"{name}.mp4").write_bytes(data)
        digest, at = hashlib.sha256(name.encode()).hexdigest(), float(number)
        prompt = f"A red fox in scene {number} [{move}]"
        made = {"provider": "sketch", "model": "sketch", "mode": "T2V", "prompt": prompt, "currency": "USD"}
        words = {"written": {"prompt": prompt}, "effective": {**effective, "prompt": prompt}}
        rows[requests].append(
            {"digest": digest, "written_digest": digest, "price": None, "created": at, **made, **words}
        )
        job = {"id": name, "state": "stored", "task_id": name, "name": "", "created": at, "updated": at}
        rows[jobs].append({"digest": digest, "replicate": 0, **job})
        film = {"width": 160, "height": 90, "frames": 12, "fps": 12.0, "duration": 1.0, "codec": "h264"}
        file = {"path": f"clips/{name}.mp4", "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        rows[clips].append({"job_id": name, "digest": digest, "replicate": 0, "created": at, **film, **file})
    with library.journal._write() as connection:
        for table, values in rows.items():
            connection.execute(insert(table), values)  # type: ignore[call-overload]
    library.close()


def kept(folder: Path) -> dict[str, float]:
    """When each record was written, by the clip's hash."""
    with sqlite3.connect(f"file:{next(folder.glob('*.sqlite*'))}?mode=ro", uri=True, timeout=60) as journal:
        return dict(journal.execute("SELECT sha256, created FROM measures"))


def begun(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def workers() -> int:
    """Processes that measure, whoever started them."""
    found = 0
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += b"measure.workers" in each.read_bytes()
        except OSError:  # it has ended
            continue
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        fill(folder)
        print(f"{CLIPS:,} clips made in {time.perf_counter() - start:.0f} s")
        others, before, total = workers(), {}, 0.0
        for sign, share in ((signal.SIGINT, 0.3), (signal.SIGKILL, 0.6)):
            start = time.perf_counter()
            process = begun(folder)
            while len(kept(folder)) < share * CLIPS and process.poll() is None:
                time.sleep(0.5)
            process.send_signal(sign)
            sent = time.perf_counter()
            process.wait()
            ended = time.perf_counter() - sent
            while workers() > others and time.perf_counter() - sent < 30:
                time.sleep(0.05)
            gone = time.perf_counter() - sent
            now = kept(folder)
            again = sum(before[sha] != now[sha] for sha in before)
            total += sent - start
            print(
                f"{sign.name}: ended after {ended:.2f} s, its workers after {gone:.2f} s; {len(now):,} kept "
                f"({len(now) - len(before):,} more in {sent - start:.0f} s), {again} computed again"
            )
            before = now
        start = time.perf_counter()
        said = begun(folder).communicate()[0].strip()
        now, again = kept(folder), 0
        again = sum(before[sha] != now[sha] for sha in before)
        total += time.perf_counter() - start
        print(f"to the end: {said} clips and errors; {len(now):,} kept, {again} computed again, {total:.0f} s in all")
        start = time.perf_counter()
        begun(folder).communicate()
        print(
            f"once more: {time.perf_counter() - start:.1f} s, {sum(now[s] != t for s, t in kept(folder).items())} new"
        )
        print(json.dumps({"clips a second": round(CLIPS / total, 1)}))


if __name__ == "__main__":
    main()
