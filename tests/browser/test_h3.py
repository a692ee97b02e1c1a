"""Draft, judge, finish in JupyterLab: twelve drafts from a picture under a budget, and the best two in 2K."""

from __future__ import annotations

import os
import re
from decimal import Decimal
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import expect

from hailuo_widgets.simulator import Timing, stock_clip
from hailuo_widgets.simulator.drawing import SketchDraw
from hailuo_widgets.sketch.render import Sketch, render
from support.simulator_thread import served

KEY = "test-key"
PICTURES = Path(__file__).parents[2] / "docs" / "pages" / "images"
SAVES = bool(os.environ.get("HAILUO_SAVE_PICTURES"))
SETTINGS = """
import os, hailuo_widgets as hw
os.environ["MINIMAX_API_KEY"] = "{key}"
hw.configure(minimax_base_url="{url}", provider="minimax", minimax_requests_per_minute=0)
"""
DRAFTS = """%%hailuo fox -m MiniMax-H3 -d 5 -r 768P --first-frame fox.png --budget "6 USD"
A red fox {gait} across fresh snow at dawn {camera}
---
gait:   trots | leaps | creeps | looks back
camera: [Static shot] | [Push in] | [Truck right]"""
FINALS = """finals = fox.promote(top=2).run(show=False)
finals.result()
finals"""
COST = """charged = sum(job.charged.amount for job in [*fox.jobs, *finals.jobs])
print(f"{fox.budget.spent:.2f} of the budget, {charged:.2f} charged")
%hailuo cost"""
WINDOW = {"width": 1366, "height": 1100}

# MiniMax, Pay as you go: by task type, the output's second, the pictures that are free, each more, an input's second.
RATES = {
    "generation": (Decimal("0.08"), 5, Decimal("0.04"), Decimal("0.08")),
    "regeneration": (Decimal("0.05"), 5, Decimal("0.025"), Decimal("0.05")),
}


def picture(folder: Path) -> None:
    """The first frame of every draft."""
    from hailuo_widgets.media.frames import first_frame

    film = folder / "fox.mp4"
    render(Sketch("A red fox in fresh snow at dawn", [], 1344, 768, 0.1), film)
    (folder / "fox.png").write_bytes(first_frame(film))
    film.unlink()


def used(url: str) -> Decimal:
    """What all tasks cost by the usage that the vendor reports."""
    pages = {"page_num": 1, "page_size": 50}
    answer = httpx.get(f"{url}/v2/query/video_generation", params=pages, headers={"Authorization": f"Bearer {KEY}"})
    total = Decimal(0)
    for item in answer.json()["items"]:
        usage, (output, free, more, video) = item["usage"], RATES[item["task_type"]]
        total += output * usage["output_seconds"] + video * usage["input_seconds"]
        total += more * max(0, usage["input_image_count"] - free)
    return total


def save_picture(page, name, of) -> None:
    """For the documentation, where HAILUO_SAVE_PICTURES is set."""
    if SAVES:
        page.page.set_viewport_size({**WINDOW, "height": 2200})
        for theme in ("light", "dark"):
            path = PICTURES / f"h3-{name}-{theme}.png"
            page.screenshot(path, theme, of=of)
            with Image.open(path) as shown:
                shown.convert("RGB").crop((0, 0, shown.width, min(shown.height, 1000))).quantize(
                    200, dither=Image.Dither.FLOYDSTEINBERG
                ).save(path, optimize=True)
        page.page.set_viewport_size(WINDOW)


def test_twelve_drafts_under_a_budget_and_the_best_two_in_2k(lab, open_notebook):
    draw = SketchDraw() if SAVES else stock_clip()
    with served(keys={KEY}, timing=Timing(0.1, 0.2, 0.5), draw=draw) as (simulator, url):
        page = open_notebook(lab, "h3/fox.ipynb", ["%load_ext hailuo_widgets", DRAFTS, FINALS, COST])
        picture(page.file.parent)
        page.page.set_viewport_size(WINDOW)
        page.run_cell(0)
        page.execute(SETTINGS.format(key=KEY, url=url))
        page.run_cell(1)
        grid = page.cell_output(1).locator(".hw-sweep")
        expect(grid.get_by_role("button", name="Run · $4.80")).to_be_visible()
        assert not simulator.tasks
        save_picture(page, "plan", grid)
        grid.get_by_role("button", name="Run · $4.80").click()
        expect(grid.get_by_text("took ")).to_be_visible(timeout=240_000)
        for at, rating in ((4, "5"), (7, "4")):
            grid.get_by_role("gridcell").nth(at).focus()
            page.page.keyboard.press(rating)
            expect(page.page.locator(".hw-cell:focus")).to_have_attribute("aria-label", re.compile(f"rated {rating}"))
        save_picture(page, "drafts", grid)
        page.run_cell(2)
        pairs = page.cell_output(2)
        expect(pairs.locator("video")).to_have_count(4, timeout=240_000)
        expect(pairs.get_by_text("Done · $0.25")).to_have_count(2)
        if SAVES:
            page.load_clips(pairs)
        save_picture(page, "finals", pairs)
        page.run_cell(3)
        said = page.cell_output(3)
        expect(said).to_contain_text("5.30 of the budget, 5.30 charged")
        expect(said).to_contain_text("$5.30")
        assert used(url) == Decimal("5.30")
        assert len(simulator.tasks) == 14
        assert not page.errors
