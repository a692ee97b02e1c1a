"""What a notebook feels: start-up, how soon a cell returns, how much a card says.

Run `python tests/benchmarks/bench_notebook.py [TREE]`. With the path of another checkout, the start-up is measured in both,
in turn and in the same run. Modules are compiled before, as they are in an installed package.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent))  # the kernel harness of the tests

from support.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 7
HERE = Path(__file__).resolve().parents[2]
PROMPT = "A fluffy panda in sunglasses dances on a snowy summit at sunrise [Truck left]"
LOADED = "import IPython, ipykernel, time"


@contextmanager
def kernel(**env: str) -> Iterator[Kernel]:
    with tempfile.TemporaryDirectory() as folder:
        running = Kernel(sys.executable, Path(folder), env).start()
        try:
            yield running
        finally:
            running.shutdown()


def seconds_in_kernel(running: Kernel, code: str) -> float:
    """What a cell takes as the kernel itself sees it: from `busy` to `idle`."""
    cell = running.execute(code)
    running.reply(cell)
    states = {m.content["execution_state"]: m.sent for m in running.messages(cell) if m.type == "status"}
    return (states["idle"] - states["busy"]).total_seconds()


def clip(number: int) -> str:
    return f"%%hailuo clip{number}\n{PROMPT} number {number}"


@contextmanager
def compiled(tree: Path) -> Iterator[dict[str, str]]:
    """An environment in which the modules of a tree and of everything else are compiled already, outside of it."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        once(env)
        yield env


def start_up() -> Iterator[tuple[str, float, str, str]]:
    with compiled(HERE) as env:
        loads, firsts, warms = zip(*(once(env) for _ in range(RUNS)), strict=True)
    yield "%load_ext in a loaded kernel", statistics.median(loads) * 1000, "ms", "≤ 10"
    yield "a %%hailuo cell returns, the first", statistics.median(firsts) * 1000, "ms", "≤ 500"
    yield "a %%hailuo cell returns, warm", statistics.median(warms) * 1000, "ms", "≤ 100"


def once(env: dict[str, str]) -> tuple[float, float, float]:
    """Seconds of `%load_ext`, of the first clip's cell and of a later one, in a new kernel."""
    with kernel(**env) as running:
        running.run(LOADED)
        load = seconds_in_kernel(running, "%load_ext hailuo_widgets")
        first = seconds_in_kernel(running, clip(0))
        # The first release draws nothing where another copy is installed; a cell returns as soon all the same.
        running.run("try:\n    clip0.result()\nexcept Exception:\n    pass")
        return load, first, min(seconds_in_kernel(running, clip(number)) for number in range(1, 4))


def compared(other: Path) -> list[tuple[str, float, str, str]]:
    """The start-up in this tree and in another one."""
    trees = ("here", "there")
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in trees}
    with compiled(HERE) as here, compiled(other) as there:
        for _ in range(RUNS):
            for name, env in zip(trees, (here, there), strict=True):
                found[name].append(once(env))
    rows: list[tuple[str, float, str, str]] = []
    for index, (label, asked) in enumerate((("%load_ext", ""), ("the first cell", "≤ 0.5"), ("a later cell", ""))):
        ours, theirs = (statistics.median(each[index] for each in found[name]) * 1000 for name in trees)
        rows += [(f"{label}, here", ours, "ms", ""), (f"{label}, there", theirs, "ms", "")]
        rows.append((f"{label}, ratio", ours / theirs, "×", asked))
    return rows


def bare_import() -> Iterator[tuple[str, float, str, str]]:
    """In pairs, so that a machine that slows down slows both."""
    differences = []
    for _ in range(3 * RUNS):
        plain = seconds_of("pass")
        differences.append(seconds_of("import hailuo_widgets") - plain)
    yield "import hailuo_widgets, beyond Python itself", statistics.median(differences) * 1000, "ms", "≤ 10"


def seconds_of(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def traffic() -> Iterator[tuple[str, float, str, str]]:
    rates, largest, settled = [], 0, []
    for _ in range(3):
        with kernel(HAILUO_SKETCH_SECONDS="6") as running:
            running.run("%load_ext hailuo_widgets")
            cell = running.execute(clip(0))
            running.reply(cell)
            running.run("clip0.result(60)")
            running.wait_for(
                "the settled card", lambda: [m for m in running.messages() if m.type == "update_display_data"]
            )
            said = [m for m in running.messages() if m.type == "comm_msg"]
            seconds = (said[-1].sent - said[0].sent).total_seconds()
            rates.append((len(said) - 1) / seconds)
            largest = max(largest, *(len(json.dumps(m.content).encode()) for m in said))
            [output] = running.outputs(cell)
            settled.append(len(json.dumps(output.content["data"]).encode()))
    yield "comm messages of a card", max(rates), "a second", "≤ 4"
    yield "the largest of them", largest / 1024, "KB", "≤ 2"
    yield "a settled output in the notebook, poster included", max(settled) / 1024, "KB", "≤ 30"


def run() -> list[tuple[str, float, str, str]]:
    """Name, value, unit and what is promised."""
    return [*bare_import(), *start_up(), *traffic()]


def main() -> None:
    rows = compared(Path(sys.argv[1]).resolve()) if sys.argv[1:] else run()
    width = max(len(row[0]) for row in rows)
    for name, value, unit, promised in rows:
        print(f"{name:<{width}}  {value:8.2f} {unit:<9} {promised}")


if __name__ == "__main__":
    main()
