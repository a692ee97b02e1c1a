"""How right, how fast and how large measuring is. `python tests/benchmarks/bench_measure.py [CLIPS] [JOINS] [SEED] [PHOTOS]`.

PHOTOS is a folder of pictures that the planes are covered with, as many as you like; without it, pictures are made.

The clips are rendered by `support/planes.py` with seeds that were not used for tuning (`takes.HELD_OUT` and on, or from SEED on).
Beside what is measured stands what public benchmarks do: points on a grid along the frame's rim, followed from the first frame
to the last, and thresholds on where they went (VBench's camera classes, which always answer).
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import Executor
from contextlib import ExitStack, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import av
import cv2
import numpy as np

from hailuo_widgets.measure.clip import measure_clip
from hailuo_widgets.measure.cuts import cuts
from hailuo_widgets.measure.moves import FAMILIES
from hailuo_widgets.measure.ordered import obeyed
from hailuo_widgets.measure.run import _on_processes, measure
from hailuo_widgets.measure.trace import trace
from hailuo_widgets.sketch.render import Sketch, render
from support.planes import Take, World, build, frames, write
from support.takes import CONDITIONS, HELD_OUT, Case, case, mixed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLIPS = int(sys.argv[1]) if len(sys.argv) > 1 else 150
JOINS = int(sys.argv[2]) if len(sys.argv) > 2 else 200
FIRST = int(sys.argv[3]) if len(sys.argv) > 3 else HELD_OUT
PHOTOS = tuple(
    cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    for each in sorted(Path(sys.argv[4]).iterdir() if len(sys.argv) > 4 else [])
    if (picture := cv2.imread(str(each))) is not None
)
MIXED = ("mixed, single", "mixed, combined", "mixed, sequential")


def kin(steps: object) -> list[frozenset[str]]:
    return [frozenset(FAMILIES[name] for name in step) for step in steps]  # type: ignore[attr-defined]


def by_corners(path: Path) -> str:
    """The peer: one family, always."""
    pictures = []
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % 3 == 0:
                pictures.append(frame.reformat(480, 270, "gray").to_ndarray())
    xs, ys = np.linspace(12, 467, 10), np.linspace(12, 257, 10)
    rim = np.array([(x, y) for x in xs for y in ys if x in (xs[0], xs[-1]) or y in (ys[0], ys[-1])], np.float32)
    points, alive = rim[:, None].copy(), np.ones(len(rim), bool)
    for one, two in pairwise(pictures):
        points, found, _ = cv2.calcOpticalFlowPyrLK(one, two, points, None)
        alive &= found.ravel() > 0
    if not alive.any():
        return "Static shot"
    way = (points[:, 0] - rim)[alive]
    right, down = np.median(way, 0) / 480
    out = np.median(((rim[alive] - [240, 135]) * way).sum(1) / np.linalg.norm(rim[alive] - [240, 135], axis=1)) / 480
    sizes = {
        ("Pan left" if right > 0 else "Pan right"): abs(right),
        ("Tilt up" if down > 0 else "Tilt down"): abs(down),
        ("Zoom in" if out > 0 else "Zoom out"): abs(out),
    }
    name = max(sizes, key=lambda each: sizes[each])
    return FAMILIES[name if sizes[name] > 0.02 else "Static shot"]


def camera(folder: Path) -> None:
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    told = Counter[str]()
    for seed in range(FIRST, FIRST + CLIPS):
        each: Case = (mixed if seed % 2 else case)(seed, PHOTOS)
        path = folder / f"{seed}.mp4"
        each.write(path)
        measured = measure_clip(path)
        row = rows[each.condition]
        row["clips"] += 1
        truth = kin(each.take.steps)
        if None not in measured.families:
            row["answered"] += 1
            row["family"] += kin_of(measured.families) == truth
        if None not in measured.camera:
            row["commands"] += 1
            row["right"] += [frozenset(step or ()) for step in measured.camera] == [
                frozenset(s) for s in each.take.steps
            ]
        row["cuts"] += len(measured.cuts)
        row["accused"] += obeyed(each.take.steps, measured) is False
        if each.condition in {"plain", "H.265", "CRF 36", "grain", "dim"} and " " in each.take.steps[0][0]:
            told["all"] += 1
            told["told"] += None not in measured.camera
        if len(each.take.steps) == 1 and len(each.take.steps[0]) == 1:
            row["peer clips"] += 1
            row["peer"] += {by_corners(path)} == set(truth[0])
        path.unlink()
    print(
        "| condition | clips | answered | family right | command given | command right | false cuts | accused | rim grid, family |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    whole = Counter[str]()
    for condition in (*CONDITIONS, *MIXED, "all"):
        row = rows[condition] if condition != "all" else whole
        whole.update(row)
        print(
            f"| {condition} | {row['clips']} | {row['answered']} | {row['family']} | {row['commands']} | {row['right']} "
            f"| {row['cuts']} | {row['accused']} | {row['peer']} of {row['peer clips']} |"
        )


def kin_of(families: object) -> list[frozenset[str]]:
    return [frozenset(step) for step in families]  # type: ignore[attr-defined]


def joins() -> None:
    lot = np.random.default_rng(HELD_OUT)
    size = (320, 180)
    shots = []
    for seed in range(HELD_OUT, HELD_OUT + 40):
        each = case(seed)
        take = Take(each.take.steps, 1.5, each.take.amounts, grain=each.take.grain, light=each.take.light, seed=seed)
        path = Path(tempfile.mkdtemp()) / "shot.mp4"
        write(frames(build(World(), take, seed, *size), take, *size, 24), path, crf=28)
        shots.append(trace(path).thumbs)
        path.unlink()
    missed = false = 0
    for number in range(JOINS):
        one, two = lot.choice(len(shots), 2, replace=False)
        before, after = shots[one], shots[two]
        if number % 3 == 1:
            before = before[:5]
        elif number % 3 == 2:
            after = after[:5]
        found = cuts(np.concatenate([before, after]), 24.0)
        missed += not any(abs(each - len(before)) <= 1 for each in found)
        false += any(abs(each - len(before)) > 1 for each in found)
    print(f"cuts: {missed} of {JOINS} joins missed, {false} with a false one; 2 in 3 lie 0.2 s from an end")


def decode(path: Path) -> None:
    with av.open(str(path)) as container:
        for _ in container.decode(video=0):
            pass


def timed(call: object) -> tuple[float, float]:
    wall, used = time.perf_counter(), time.process_time()
    call()  # type: ignore[operator]
    return time.perf_counter() - wall, time.process_time() - used


def executors(folder: Path) -> None:
    """Dask and Ray with two workers beside two processes of ours, where they are installed."""
    copies = [folder / f"copy-{number}.mp4" for number in range(24)]
    for number, path in enumerate(copies):
        render(Sketch(f"A red fox, {number % 4}", (("Truck left",),), 640, 360, 2.0), path)
    ways: dict[str, Callable[[], object]] = {"2 processes": lambda: list(_on_processes(tasks(copies), 2))}
    with ExitStack() as open_until_the_end:
        with suppress(ImportError):
            from distributed import Client, LocalCluster

            cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
            client = open_until_the_end.enter_context(Client(open_until_the_end.enter_context(cluster)))
            dask = client.get_executor()
            ways["Dask"] = lambda: measure(copies, executor=dask)
        with suppress(ImportError):
            os.environ["RAY_AUTH_MODE"] = "disabled"  # or it writes a token into the home folder
            import ray

            class RayExecutor(Executor):
                def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
                    return ray.remote(function).remote(*args, **options).future()

            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
            open_until_the_end.callback(ray.shutdown)
            ways["Ray"] = lambda: measure(copies, executor=RayExecutor())
        for name in [each for each in ways if each != "2 processes"]:
            ways[name]()  # its workers load what they need
        least = dict.fromkeys(ways, float("inf"))
        for _ in range(3):
            for name, way in ways.items():
                least[name] = min(least[name], timed(way)[0])
    for name, seconds in least.items():
        ratio = least["2 processes"] / seconds
        print(f"24 clips of 2 s, {name}: {seconds:.1f} s, {ratio:.2f} × as fast as 2 processes (wanted of Dask: 0.9)")


def tasks(paths: list[Path]) -> Iterator[tuple[str, None]]:
    return ((str(path), None) for path in paths)


def speed(folder: Path) -> None:
    path = folder / "speed.mp4"
    render(Sketch("A red fox trots through a forest", (("Truck left",),)), path)
    measure_clip(path)
    ratios = []
    for _ in range(5):
        plain, whole = timed(lambda: decode(path)), timed(lambda: measure_clip(path))
        ratios.append((whole[0] / plain[0], whole[1] / plain[1]))
    wall, used = (statistics.median(each[axis] for each in ratios) for axis in (0, 1))
    print(f"6 s, 1366 × 768: {wall:.2f} × PyAV's decoding by the clock, {used:.2f} × in CPU time (wanted: 2.0)")
    copies = [path] * 24
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    several = timed(lambda: measure(copies))[0]
    one = timed(lambda: [measure_clip(each, threads=1) for each in copies])[0]
    print(
        f"24 clips: {one / several:.2f} × as fast on {len(os.sched_getaffinity(0))} cores as on one (wanted on two: 1.8)"
    )
    executors(folder)
    large = folder / "large.mp4"
    render(Sketch("A red fox trots through a forest", (("Truck left",),), width=2560, height=1440, duration=15), large)
    code = (
        "import re, sys; from hailuo_widgets.measure.clip import measure_clip; measure_clip(sys.argv[1], threads=1);"
        # Not ru_maxrss: a child inherits what its parent had.
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) / 1024)"
    )
    peak = subprocess.run([sys.executable, "-c", code, str(large)], capture_output=True, text=True, check=True).stdout
    print(f"15 s, 2560 × 1440: {float(peak):.0f} MB at most in a worker (wanted: 250)")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        speed(Path(name))
        joins()
        camera(Path(name))
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_utime:.0f} s of CPU")
