"""How long a sketch takes, beside what encoding its finished frames alone takes. `python tests/benchmarks/bench_sketch.py`."""

from __future__ import annotations

import io
import statistics
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
                    lambda: encode(frames, path, width=case.width, height=case.height, fps=case.fps, preset="ultrafast")
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


if __name__ == "__main__":
    for name, value, unit, target in run():
        print(f"{name:52} {value:7.2f} {unit:2} {target}")
