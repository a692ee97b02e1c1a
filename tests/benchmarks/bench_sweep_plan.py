"""How long it takes to plan a sweep: reading the cell, laying out and pricing its cells, looking them up.

CPU time of this process, the best of some rounds, compared with the 100 ms that 500 cells may take.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from hailuo_widgets.session import Session
from hailuo_widgets.settings import Settings
from hailuo_widgets.sweeps import header
from hailuo_widgets.sweeps.definition import Definition

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.sweeps.sweep import Sweep

ROUNDS = 5
MOST = 0.1
"""Seconds for 500 cells."""

WORDS = "A red fox {gait = %s} across {place = %s}, filmed by a calm hand in the last light of a long day"
HEADER = """
---
camera:     [Static shot] | [Pan left] | [Push in, Pedestal up] | [Truck right] | [Tilt up]
model:      MiniMax-Hailuo-2.3 | MiniMax-Hailuo-02
duration:   6 | 10
resolution: 768P
"""


def choices(count: int) -> str:
    return " | ".join(f"way {number}" for number in range(count))


def cases(folder: Path) -> dict[str, str]:
    pixels = np.random.default_rng(7).integers(0, 255, (1800, 3200, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "large.png", compress_level=0)
    size = (folder / "large.png").stat().st_size / 1e6
    return {
        "500 cells, text only": WORDS % (choices(5), choices(5)) + HEADER,
        "500 cells, many in the prompt": WORDS % (choices(25), choices(20)),
        f"500 cells over one picture of {size:.0f} MB": WORDS % (choices(25), choices(20))
        + f"\n---\nfirst_frame: {folder}/large.png\nmodel: MiniMax-Hailuo-2.3",
        "500 cells, none of them possible": WORDS % (choices(25), choices(20))
        + "\n---\nduration: 10\nresolution: 1080P",
        "500 cells, of a model that is misspelt": WORDS % (choices(25), choices(20))
        + "\n---\nmodel: MiniMax-Hailuo-2.4",
        "5,000 cells, text only": WORDS % (choices(25), choices(10)) + HEADER,
    }


def planned(session: Session, cell: str) -> Sweep:
    sweep = session.plan(Definition.of_cell(header.read(cell, {}), provider="minimax"))
    sweep.explain()
    return sweep


def best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> int:
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        session = Session(Settings())
        print(f"{'':44}{'CPU':>10}{'a cell':>10}{'of what it may take':>22}")
        for name, cell in cases(Path(folder)).items():
            cells = len(planned(session, cell).cells)
            seconds = best(lambda cell=cell: planned(session, cell))
            ratio = seconds / (MOST * cells / 500)
            missed += ratio > 1
            print(f"{name:44}{seconds * 1e3:>7.1f} ms{seconds / cells * 1e6:>7.0f} µs{ratio:>22.2f}")
        session.library()  # from here on there is one, and it is asked
        cell = cases(Path(folder))["500 cells, text only"]
        seconds = best(lambda: planned(session, cell))
        missed += seconds > MOST
        print(
            f"{'500 cells, looked up in a library':44}{seconds * 1e3:>7.1f} ms{seconds * 2e3:>7.0f} µs{seconds / MOST:>22.2f}"
        )
        session.close()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
