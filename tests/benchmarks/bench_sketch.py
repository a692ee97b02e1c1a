"""How long sketches take. `python tests/benchmarks/bench_sketch.py [another tree of this project]`.

First a sketch beside what encoding its finished frames alone takes. With another tree then the same two things in both,
in turn: *Sketch it*, and 24 sketches on all cores. Other programs change how long something takes, and far less how many
seconds of CPU it takes, so both are printed.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
from PIL import Image

from hailuo_widgets.media.encode import encode, planes_of
from hailuo_widgets.sketch import render as sketches
from hailuo_widgets.sketch.render import Sketch, render

RUNS = 5
PROMPT = "A fluffy panda in sunglasses dances on a snowy summit at sunrise"

# Run in each tree: what the studio does for a preview, or what the simulator does for a sweep. Prints seconds.
ELSEWHERE = """
import asyncio, dataclasses, json, sys, tempfile, time
from pathlib import Path

what, prompt, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
folder = Path(tempfile.mkdtemp())
took = []
try:
    from hailuo_widgets.media.frames import poster
    from hailuo_widgets.sketch.render import Sketch, preview
    from hailuo_widgets.sketch.worker import cores, warm_up
    if what == "preview":
        warm_up(cores())  # as the studio does when it opens
        time.sleep(2)
except ImportError:  # the first release
    from hailuo_widgets.video import worker
    from hailuo_widgets.video.frames import poster
    from hailuo_widgets.video.sketch import Sketch, render_in_subprocess as preview
    worker._START = worker._START.replace("sys.path.append(sys.argv[1])", "sys.path.insert(0, sys.argv[1])")
if what == "preview":
    for number in range(count):
        path = folder / f"{number}.mp4"
        start = time.perf_counter()
        preview(Sketch(f"{prompt}, {number}", (("Truck left",),), 640, 360), path)
        poster(path, max_bytes=14_000)
        took.append(time.perf_counter() - start)
elif count:
    from hailuo_widgets.simulator.drawing import SketchDraw
    from hailuo_widgets.simulator.tasks import DrawOrder

    moves = ("[Push in]", "[Truck left]", "[Pan right]", "")
    names = {each.name for each in dataclasses.fields(DrawOrder)}
    given = {"width": 1366, "height": 768, "duration": 6, "first_frame": None, "last_frame": None}
    orders = [
        DrawOrder(prompt=f"{prompt} {moves[number % 4]}, {number}", **{k: v for k, v in given.items() if k in names})
        for number in range(count)
    ]

    async def main():
        draw = SketchDraw()
        start = time.perf_counter()
        await asyncio.gather(*map(draw, orders))
        took.append(time.perf_counter() - start)

    asyncio.run(main())
print(json.dumps(took))
"""


def photo() -> bytes:
    """A picture with the fine grain that a photograph has."""
    noise = Image.effect_noise((1600, 900), 60).resize((1600, 900))
    tint = Image.radial_gradient("L").resize((1600, 900))
    out = io.BytesIO()
    Image.merge("RGB", (tint, Image.blend(noise, tint, 0.8), Image.linear_gradient("L").resize((1600, 900)))).save(
        out, "JPEG", quality=90
    )
    return out.getvalue()


CASES = {
    "no command": Sketch(PROMPT),
    "Push in": Sketch(PROMPT, (("Push in",),)),
    "Truck left": Sketch(PROMPT, (("Truck left",),)),
    "first frame": Sketch(PROMPT, (("Push in",),), first_frame=photo()),
    "360p": Sketch(PROMPT, (("Truck left",),), width=640, height=360),
}


def finished(case: Sketch) -> list[av.VideoFrame]:
    """The frames of a sketch, painted beforehand."""
    frames: list[av.VideoFrame] = []
    width, height, count = sketches.measures(case)
    paint = sketches.painter(case)
    for index in range(count):
        frame = av.VideoFrame(width, height, "yuv420p")
        paint(planes_of(frame), index)
        frames.append(frame)
    return frames


def timed(call: object) -> float:
    start = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - start


def measure(case: Sketch) -> tuple[float, float]:
    """Medians of a whole sketch and of encoding its frames, in seconds, taken in turn so that both meet the same machine."""
    frames = finished(case)
    whole, alone = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sketch.mp4"
        render(case, path)
        for _ in range(RUNS):
            whole.append(timed(lambda: render(case, path)))
            alone.append(
                timed(
                    lambda: encode(
                        frames,
                        path,
                        width=case.width,
                        height=case.height,
                        fps=case.fps,
                        preset="ultrafast",
                        quantizer=20,
                    )
                )
            )
    return statistics.median(whole), statistics.median(alone)


def run() -> list[tuple[str, float, str, str]]:
    """(name, value, unit, target) of every figure."""
    rows: list[tuple[str, float, str, str]] = []
    for name, case in CASES.items():
        whole, alone = measure(case)
        small = name == "360p"
        label = "sketch, 6 s 360p" if small else f"sketch, 6 s 768P, {name}"
        rows += [
            (label, whole, "s", "≤ 0.5 s" if small else "≤ 2.5 s"),
            (f"{label}: encoding alone", alone, "s", ""),
            (f"{label}: ratio", whole / alone, "×", "≤ 1.5 ×"),
        ]
    return rows


def elsewhere(tree: Path, what: str, count: int) -> tuple[list[float], float]:
    """Seconds of each measured piece of work in a tree, and the CPU seconds of all its processes."""
    child = subprocess.Popen(
        [sys.executable, "-c", ELSEWHERE, what, PROMPT, str(count)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(tree)},
    )
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{what} failed in {tree}.")
    return json.loads(said), used.ru_utime + used.ru_stime


def compared(other: Path) -> list[tuple[str, float, str, str]]:
    """The same work in this tree and in another one, in turn."""
    trees = {"here": Path(__file__).parents[2], "there": other}
    rows: list[tuple[str, float, str, str]] = []
    for what, label, count, runs, asked in (
        ("preview", "Sketch it, 6 s 360p", 4, 3, "≤ 0.5 ×"),
        ("sweep", "24 sketches, 6 s 768P", 24, 1, "≤ 0.77 ×"),
    ):
        seconds: dict[str, list[float]] = {name: [] for name in trees}
        cpu: dict[str, list[float]] = {name: [] for name in trees}
        for _ in range(runs):
            for name, tree in trees.items():
                _, idle = elsewhere(tree, what, 0)
                took, used = elsewhere(tree, what, count)
                seconds[name] += took
                cpu[name].append((used - idle) / len(took))
        for kind, figures in (("seconds", seconds), ("CPU seconds", cpu)):
            here, there = (statistics.median(figures[name]) for name in ("here", "there"))
            rows += [
                (f"{label}: {kind} here", here, "s", ""),
                (f"{label}: {kind} there", there, "s", ""),
                (f"{label}: {kind}, ratio", here / there, "×", asked),
            ]
    return rows


if __name__ == "__main__":
    for name, value, unit, target in compared(Path(sys.argv[1]).resolve()) if sys.argv[1:] else run():
        print(f"{name:52} {value:7.2f} {unit:2} {target}")
