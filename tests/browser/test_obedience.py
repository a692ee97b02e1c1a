"""A sweep of camera commands and two models, one of which does not obey, is measured while it arrives in JupyterLab."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from hailuo_widgets.simulator import Timing
from hailuo_widgets.simulator.drawing import SketchDraw
from hailuo_widgets.sketch.disobey import disobeyed
from hailuo_widgets.spec.camera import CameraCommand
from support.simulator_thread import served

PICTURES = Path(__file__).parents[2] / "docs" / "pages" / "images"
KEY = "test-key"
SETTINGS = f"""
import os, hailuo_widgets as hw
os.environ["MINIMAX_API_KEY"] = "{KEY}"
hw.configure(minimax_base_url="{{url}}", provider="minimax", minimax_tasks_in_flight=8, minimax_requests_per_minute=0)
"""
DOCUMENTED = bool(os.environ.get("HAILUO_SAVE_PICTURES"))
SECONDS = 600_000 if DOCUMENTED else 240_000
WINDOW = {"width": 1366, "height": 1100}


@pytest.fixture
def commands(request):
    """Three commands; all fifteen for the documentation and with `--long`."""
    every = DOCUMENTED or request.config.getoption("--long")
    return [command.en for command in CameraCommand] if every else ["Pan left", "Tilt up", "Static shot"]


@pytest.fixture
def vendor(commands):
    """MiniMax, whose older model does every other command wrong."""
    draw = SketchDraw()

    async def draw_disobeying(order):
        [task] = [task for task in simulator.tasks.values() if task.order is order]
        prompt, moves = order.prompt, re.findall(r"\[(.+?)\]", order.prompt)
        if task.model == "MiniMax-Hailuo-02" and commands.index(moves[0]) % 2 == 0:
            [(other,)] = disobeyed(((moves[0],),), "another", seed=1)
            prompt = prompt.replace(f"[{moves[0]}]", f"[{other}]")
        return await draw(replace(order, prompt=prompt, width=640, height=360, duration=3))

    with served(keys={KEY}, timing=Timing(0.1, 0.2, 1.0), draw=draw_disobeying) as (simulator, url):
        yield url
    draw.close()


def save_picture(page, name, of, height=760):
    if not DOCUMENTED:
        return
    page.page.set_viewport_size({**WINDOW, "height": 1900})
    for theme in ("light", "dark"):
        path = PICTURES / f"{name}-{theme}.png"
        page.screenshot(path, theme, of=of)
        with Image.open(path) as picture:
            shown = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, height)))
        shown.quantize(160, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    page.page.set_viewport_size(WINDOW)


def test_commands_are_counted_while_clips_arrive_and_a_disagreement_is_shown_with_its_arrow(
    lab, open_notebook, vendor, commands
):
    listed = " | ".join(f"[{command}]" for command in commands)
    sweep = (
        "%%hailuo fox -d 6 -r 768P\nA red fox trots through a forest\n---\n"
        f"model:  MiniMax-Hailuo-2.3 | MiniMax-Hailuo-02\ncamera: {listed}\nshow:   camera × model"
    )
    cells = ["%load_ext hailuo_widgets", sweep, "measuring = fox.measure()", "measuring.result(); fox.obedience()"]
    page = open_notebook(lab, "obedience/fox.ipynb", cells)
    page.page.set_viewport_size(WINDOW)
    page.run_cell(0)
    page.execute(SETTINGS.format(url=vendor))
    page.run_cell(1)
    grid = page.cell_output(1).locator(".hw-sweep")
    grid.get_by_role("button", name="Run · $").click()
    expect(grid.get_by_role("button", name="Pause")).to_be_visible(timeout=SECONDS)
    page.run_cell(2)  # clips are under way
    seen = grid.locator(".hw-cell-seen")
    expect(seen.filter(has_text=re.compile("asked|✓|can't tell")).first).to_be_visible(timeout=SECONDS)

    page.run_cell(3, wait=False)
    table = page.cell_output(3)
    expect(table.get_by_role("table", name="Camera commands carried out")).to_be_visible(timeout=SECONDS)
    expect(table.get_by_role("cell", name="Pan left", exact=True)).to_have_count(2)
    save_picture(page, "obedience-table", table, height=1400)

    grid.get_by_role("combobox", name="Camera").select_option("Camera not as requested")
    wrong = grid.locator(".hw-cell:not([data-out=true])").first
    expect(wrong).to_contain_text(re.compile("asked .+ · seen "))
    wrong.hover()
    wrong.get_by_role("button", name="Enlarge").click()
    dialog = page.page.get_by_role("dialog")
    expect(dialog.locator(".hw-arrow-words")).to_contain_text("asked")
    expect(dialog.locator(".hw-arrow-words")).to_contain_text("seen")
    expect(dialog.locator("video")).to_have_count(1)
    save_picture(page, "obedience-arrow", dialog)
    page.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert not page.errors
