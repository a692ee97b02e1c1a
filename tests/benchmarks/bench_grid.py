"""A sweep's grid as it is felt: 500 cells in JupyterLab, and what 200 jobs cost a kernel that is used for something else.

`python tests/benchmarks/bench_grid.py [cells | beside]`: both parts, or one. What is promised stands beside each figure.

Half of this machine's CPU, as root on Linux with two processors: `systemd-run --scope -p CPUQuota=100% python …`, or
where systemd does not run, a cgroup with `cpu.cfs_quota_us` as large as `cpu.cfs_period_us`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # the harnesses of the tests

import nbformat
from playwright.sync_api import sync_playwright

from support.chromium import chromium_flags, find_chromium
from support.jupyter_server import JupyterServer
from support.kernel import Kernel
from support.notebook_page import NotebookPage

if TYPE_CHECKING:
    from collections.abc import Iterator

ModelSpec = tuple[str, float, str, str]

KEY = "test-key"

# In a process of its own, so that what it costs is not the kernel's.
SIMULATOR = """
import asyncio, sys
sys.path.insert(0, {tests!r})
from hailuo_widgets.simulator import Simulator, Timing, stock_clip
from support.vendor import on_a_socket

async def main():
    sim = Simulator(keys={{"test-key"}}, timing=Timing(0.2, 0.5, {running}), draw=stock_clip(fps=2))
    async with on_a_socket(sim.app) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""

SETTINGS = """
import os
import hailuo_widgets as hw
os.environ["MINIMAX_API_KEY"] = "test-key"
hw.configure(minimax_base_url="{url}", provider="minimax", minimax_tasks_in_flight={in_flight}, minimax_requests_per_minute=0)
"""

GRID = """%%hailuo big -d 6 -r 768P --budget 1000 {flags}
A red fox by the {{house = 1..50}} house, {{light = dawn | noon | dusk | night | rain | snow | fog | wind | sun | storm}}.
---
show: house × light"""

# When it was asked for and when the cells could be seen, by the browser's own clock.
WATCH = """known => {
  window.shown = new Promise(resolve => {
    const look = () => {
      const cells = document.querySelectorAll('.hw-sweep .hw-cell').length;
      if (cells === known + 500) requestAnimationFrame(() => setTimeout(() => resolve(performance.now()), 0));
      else requestAnimationFrame(look);
    };
    look();
  });
}"""

# Until the browser has drawn what it was told to.
DRAWN = "await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));"
PIVOT = f"""async () => {{
  const times = [];
  const press = document.querySelector('.hw-sweep [title="Swap rows and columns"]');
  for (let turn = 0; turn < 7; turn++) {{
    const start = performance.now();
    press.click();
    {DRAWN}
    times.push(performance.now() - start);
    await new Promise(done => setTimeout(done, 400));
  }}
  return times;
}}"""
SCROLL = f"""async () => {{
  const times = [];
  const scroller = document.querySelector('.hw-sweep .hw-scroll');
  for (let turn = 1; turn <= 20; turn++) {{
    const start = performance.now();
    scroller.scrollTop = turn * 390;
    {DRAWN}
    times.push(performance.now() - start);
  }}
  return times;
}}"""

# What the kernel's main loop waits beyond what it asked for, every 5 ms; a cell that only computes, beside it.
HEARTBEAT = """
import asyncio, time
async def lateness(until):
    late = []
    while not until():
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        late.append(time.perf_counter() - before - 0.005)
    return late
def after(seconds):
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end
"""
COMPUTE = """
import statistics, time
def work():
    total = 0
    for n in range(400_000):
        total += n * n
    return total
def seconds(turns):
    times = []
    for _ in range(turns):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
"""


@contextmanager
def simulator(running: float) -> Iterator[str]:
    code = SIMULATOR.format(tests=str(Path(__file__).parents[1]), running=running)
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


@contextmanager
def lab_page(cells: list[str]) -> Iterator[NotebookPage]:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    with tempfile.TemporaryDirectory() as folder, JupyterServer("lab", Path(folder)) as server:
        nbformat.write(notebook, server.root / "bench.ipynb")
        with sync_playwright() as playwright:
            path = find_chromium(playwright, lambda _line: None)
            with playwright.chromium.launch(executable_path=path, args=chromium_flags()) as browser:
                page = NotebookPage(browser, server, "bench.ipynb")
                page.page.set_viewport_size({"width": 1366, "height": 900})
                try:
                    yield page
                finally:
                    page.close()


def five_hundred_cells() -> Iterator[ModelSpec]:
    """From the cell to the grid; then the whole sweep is bought, and every message counted."""
    with simulator(3.0) as url, lab_page(["%load_ext hailuo_widgets", *[GRID.format(flags="")] * 2]) as page:
        page.run_cell(0)
        page.execute(SETTINGS.format(url=url, in_flight=100))
        for index, what in ((1, "the first in its kernel"), (2, "warm")):
            page.page.evaluate(WATCH, 500 * (index - 1))
            asked = page.page.evaluate("() => performance.now()")
            page.run_cell(index, wait=False)
            shown = page.page.evaluate("() => window.shown")
            yield f"500 cells are shown after their cell starts, {what}", shown - asked, "ms", "≤ 500"
            page.await_idle()
        busy = Busy(page)
        for what, script in (("pivot, 50 × 10 to 10 × 50 and back", PIVOT), ("scroll by four rows", SCROLL)):
            before = busy.ms()
            times = page.page.evaluate(script)
            yield f"{what}, worst", max(times), "ms", "≤ 100"
            yield f"{what}, median", statistics.median(times), "ms", "≤ 100"
            yield f"{what}, CPU of the page", (busy.ms() - before) / len(times), "ms", ""

        before = len(page.comm_messages())
        grid = page.page.locator(".hw-sweep").last
        grid.get_by_role("button", name="Run · $").click()
        grid.get_by_role("group", name="Show only").get_by_text("500 done").wait_for(timeout=600_000)
        said = page.comm_messages()[before:]
        yield from traffic(said)


class Busy:
    """CPU time of the page's main thread: what the machine's other work does not disturb."""

    def __init__(self, page: NotebookPage) -> None:
        self._session = page.page.context.new_cdp_session(page.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def ms(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return 1000 * next(each["value"] for each in metrics if each["name"] == "TaskDuration")


def traffic(said: list[Any]) -> Iterator[ModelSpec]:
    times = sorted(message.at for message in said)
    busiest = max(sum(start <= each < start + 1 for each in times) for start in times)
    deltas = [message.bytes for message in said if message.method == "custom" and not message.buffers]
    transitions = 500 * 6  # planned, submitting, queued, running, downloading, stored
    yield "comm messages in the busiest second", busiest, "", "≤ 10"
    yield "comm messages a second, mean", len(times) / max(1.0, times[-1] - times[0]), "", "≤ 10"
    yield "bytes a transition, over all news", sum(deltas) / transitions, "B", "≤ 1,024"


def beside_two_hundred_jobs() -> Iterator[ModelSpec]:
    """A kernel with a grid and 200 jobs, and someone who uses it for something else meanwhile."""
    with simulator(6.0) as url, tempfile.TemporaryDirectory() as folder:
        kernel = Kernel(sys.executable, Path(folder)).start()
        try:
            for code in ("%load_ext hailuo_widgets", SETTINGS.format(url=url, in_flight=200), COMPUTE, HEARTBEAT):
                kernel.run(code)
            kernel.run(
                "hw.generate('warm', resolution='768P', duration=6, show=False, wait=True)"
            )  # loads what it takes
            kernel.run(jobs("first"))
            kernel.run("first.result(300)", timeout=300)
            yield from main_loop(kernel)
            yield from computing(kernel)
        finally:
            kernel.shutdown()


def jobs(name: str) -> str:
    """A cell that buys 200 clips which nobody has."""
    return GRID.replace("big", name).replace("fox", name).replace("1..50", "1..20").format(flags="--yes")


def main_loop(kernel: Kernel) -> Iterator[ModelSpec]:
    alone = json.loads(text(kernel, "json.dumps(await lateness(after(8)))", first="import json"))
    kernel.run(jobs("second"))
    beside = json.loads(text(kernel, "json.dumps(await lateness(lambda: second.done))"))
    for what, late in (("alone", alone), ("with 200 jobs", beside)):
        yield f"the kernel's main loop is late, {what}, worst", max(late) * 1000, "ms", "≤ 20" if late is beside else ""
        yield f"the same, {what}, 99 of 100", sorted(late)[len(late) * 99 // 100] * 1000, "ms", ""


def computing(kernel: Kernel) -> Iterator[ModelSpec]:
    before = number(kernel, "seconds(150)")
    kernel.run(jobs("third"))
    beside = number(kernel, "seconds(150)")
    assert number(kernel, "float(third.done)") == 0, "the jobs had ended before the measurement"
    kernel.run("third.result(300)", timeout=300)
    after = number(kernel, "seconds(150)")
    yield "a cell that computes takes longer beside them", 100 * (2 * beside / (before + after) - 1), "%", "< 5"


def text(kernel: Kernel, expression: str, first: str = "") -> str:
    cell = kernel.execute(f"{first}\nprint({expression})")
    kernel.reply(cell)
    kernel.wait_for("the printed value", lambda: kernel.outputs(cell))
    return "".join(each.content["text"] for each in kernel.outputs(cell) if each.type == "stream")


def number(kernel: Kernel, expression: str) -> float:
    return float(text(kernel, expression))


def main() -> None:
    parts = {"cells": five_hundred_cells, "beside": beside_two_hundred_jobs}
    for part in sys.argv[1:] or parts:
        rows = parts[part]()
        for name, value, unit, promised in rows:
            print(f"{name:<64}  {value:8.1f} {unit:<3} {promised}", flush=True)


if __name__ == "__main__":
    main()
