"""A study in JupyterLab and Notebook 7, by keyboard: judged, interrupted, revealed, continued, saved, reopened."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from hailuo_widgets.simulator import Timing
from support.axe import violations
from support.simulator_thread import served, small_sketches

PICTURES = os.environ.get("HAILUO_SAVE_PICTURES")
KEY = "test-key"
SETTINGS = f"""
import os, hailuo_widgets as hw
os.environ["MINIMAX_API_KEY"] = "{KEY}"
hw.configure(minimax_base_url="{{url}}", provider="minimax", minimax_tasks_in_flight=4, minimax_requests_per_minute=0)
open("kernel.pid", "w").write(str(os.getpid()))
"""
SWEEP = """%%hailuo fox --yes --budget 6 --wait -d 6
A red fox {gait = trots | leaps} across {place = snow | grass}"""
CELLS = ["%load_ext hailuo_widgets", SWEEP, "fox.judge()", "fox.next(budget=1)", "fox.judge()"]
KEYS = ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown")
"""Seats are drawn at random, so other answers would leave it to chance whether more clips are worth their price."""

# Both clips of one arena, at their end as if they had been watched.
END = """async (root) => {
  const all = [...root.querySelectorAll('video')];
  if (!all.length || all.some((each) => each.readyState < 2)) return false;
  for (const each of all) each.currentTime = each.duration - 0.1;
  return true;
}"""


def votes(page):
    with sqlite3.connect(f"file:{page.file.parent}/hailuo_library/library.sqlite?mode=ro", uri=True) as connection:
        return connection.execute("SELECT count(*), count(DISTINCT id) FROM votes").fetchone()


def vote(page, arena, count, key=None):
    """Vote by one key; `count` is how many votes there are then."""
    state = arena.locator(".hw-arena-state")
    root = arena.element_handle()
    page.page.wait_for_function(END, arg=root)
    expect(state).to_have_text("Choose one.")
    page.page.keyboard.press(key or KEYS[count % len(KEYS)])
    expect(arena.get_by_text("1 vote" if count == 1 else f"{count} votes", exact=True)).to_be_visible()


def start(page, url):
    page.run_cell(0)
    page.execute(SETTINGS.format(url=url))
    page.run_cell(1)


def shown(page, cell):
    page.run_cell(cell)
    arena = page.cell_output(cell).get_by_role("region", name="Compare clips")
    expect(arena.locator("video")).to_have_count(2)
    arena.focus()
    return arena


def reveal(page, arena):
    show = arena.get_by_role("button", name="Show me the ranking")
    show.focus()
    page.page.keyboard.press("Enter")
    expect(arena.locator(".hw-arena-result svg")).to_be_visible()


def buy(page, simulator):
    """Run what would settle it, by its button."""
    before = len(simulator.tasks)
    page.run_cell(3)
    step = page.cell_output(3).get_by_role("region", name="What to do next")
    run = step.get_by_role("button", name="Generate these clips")
    expect(run).to_have_text("Run · $0.84")
    assert violations(page.page, ".hw-next") == []
    run.focus()
    page.page.keyboard.press("Enter")
    said = step.get_by_text("3 of 3 clips done. Run .judge() again to compare them.")
    expect(said).to_be_visible(timeout=90_000)  # three sketches are drawn meanwhile
    expect(run).to_be_disabled()
    assert len(simulator.tasks) == before + 3
    return step


def save_pictures(page, **views):
    for name, view in views.items() if PICTURES else ():
        for theme in ("light", "dark"):
            page.screenshot(Path(PICTURES) / f"{name}-{page.server.app}-{theme}.png", theme, of=view)


def reopen(page, open_notebook):
    """Saved, mailed, and opened untrusted without a kernel that knows of it."""
    page.save()
    assert "widgets" not in json.loads(page.file.read_text())["metadata"]
    page.shut_down_kernel()
    notebook = nbformat.read(page.file, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("Mailed by a colleague."))
    nbformat.write(notebook, page.file.with_name("mailed.ipynb"))
    reopened = open_notebook(page.server, "arena/mailed.ipynb")
    assert not reopened.is_trusted(4)
    return reopened


def test_a_study_from_the_first_vote_to_the_reopened_notebook(server, open_notebook):
    with served(keys={KEY}, timing=Timing(0.0, 0.0, 0.1), draw=small_sketches()) as (simulator, url):
        page = open_notebook(server, "arena/fox.ipynb", CELLS)
        start(page, url)
        arena = shown(page, 2)
        cells = page.page.locator(".jp-Notebook .jp-Cell").count()
        for count in range(1, 24):
            vote(page, arena, count)
        os.kill(int((page.file.parent / "kernel.pid").read_text()), signal.SIGKILL)
        assert votes(page) == (23, 23)
        page.restart_kernel()

        start(page, url)
        arena = shown(page, 2)
        expect(arena.get_by_text("23 votes", exact=True)).to_be_visible()
        for count in range(24, 41):
            vote(page, arena, count)
        assert votes(page) == (40, 40)
        expect(page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(cells)  # the notebook took no key for its own
        reveal(page, arena)
        assert violations(page.page, ".hw-arena") == []
        step = buy(page, simulator)
        save_pictures(page, study=arena, next=step)
        arena = shown(page, 4)
        vote(page, arena, 41)
        for key in ("ArrowLeft", "ArrowRight", "1", "2"):
            vote(page, arena, 42, key)
            page.page.keyboard.press("u")
            expect(arena.get_by_text("41 votes", exact=True)).to_be_visible()
        reveal(page, arena)
        reopened = reopen(page, open_notebook)
    output = reopened.cell_output(4)
    expect(output.get_by_text("(35 votes)")).to_be_visible()  # “all bad” is not a comparison
    expect(output.locator(".jp-OutputArea-output tr")).to_have_count(5)
    bars = output.locator("td span").evaluate_all("all => all.map((each) => each.getBoundingClientRect().width)")
    assert sum(bars) > 100  # the sanitizer left the intervals as they were
    expect(output.locator("video")).to_have_count(2)
    playing = "async (video) => { video.muted = true; await video.play(); return video.duration; }"
    assert output.locator("video").first.evaluate(playing) == pytest.approx(6, abs=0.1)
    save_pictures(reopened, reopened=output)
    assert not page.errors
    assert not reopened.errors
