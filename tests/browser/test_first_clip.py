"""The first clip as a person meets it, in JupyterLab and in Notebook 7: from the cell to the player, saved, reopened, cancelled."""

import json
import os
from pathlib import Path

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import expect

WIDGET = "application/vnd.jupyter.widget-view+json"
LOAD = "%load_ext hailuo_widgets"
SLOW = "import hailuo_widgets; hailuo_widgets.configure(sketch_seconds={seconds})"
PANDA = "%%hailuo panda -d 6 -r 768P\nA fluffy panda in sunglasses dances on a snowy summit at sunrise [Truck left]"
ORDER = ["planned", "submitting", "queued", "running", "downloading"]
PICTURES = Path(__file__).parents[2] / "docs" / "pages" / "images"

# Every state that a card goes through, even one that is drawn for a single frame.
RECORD_STATES = """() => {
  window.hailuoStates = [];
  const note = card => {
    const {state} = card.dataset;
    if (state && window.hailuoStates.at(-1) !== state) window.hailuoStates.push(state);
  };
  new MutationObserver(changes => {
    for (const {target, addedNodes} of changes) {
      if (target.matches?.('.hw-job')) note(target);
      for (const added of addedNodes) {
        if (added.matches?.('.hw-job')) note(added);
        added.querySelectorAll?.('.hw-job').forEach(note);
      }
    }
  }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['data-state']});
}"""

PLAY = """async video => {
  video.muted = true;
  await video.play();
  const end = Date.now() + 20000;
  while (video.currentTime < 0.5 && Date.now() < end) await new Promise(done => setTimeout(done, 50));
  const played = {time: video.currentTime, width: video.videoWidth, height: video.videoHeight, duration: video.duration};
  video.pause();
  video.currentTime = 5;
  await new Promise(done => video.addEventListener('seeked', done, {once: true}));
  return {...played, sought: video.currentTime};
}"""


SAVES_PICTURES = bool(os.environ.get("HAILUO_SAVE_PICTURES"))
"""Whether pictures are kept for the documentation."""


def save_picture(page, name, *, cell=None):
    """The page, or one of its cells, in both themes and 256 colours."""
    if SAVES_PICTURES:
        of = None if cell is None else page.page.locator(".jp-Notebook .jp-Cell").nth(cell)
        for theme in ("light", "dark"):
            path = PICTURES / f"{name}-{theme}.png"
            page.screenshot(path, theme, of)
            with Image.open(path) as picture:
                few = picture.convert("RGB").quantize(256)
            few.save(path, optimize=True)


def save_page(page, step):
    save_picture(page, f"{'' if page.server.app == 'lab' else 'notebook7-'}page-{step}")


def save_cells(server, open_notebook):
    """What the documentation shows of single cells, besides the clip's."""
    cells = {
        "dry-run": "%%hailuo -p minimax --dry-run\nA harbour in morning fog, a single boat [Pan lef]",
        "models": "%hailuo models 2.3 I2V",
        "refused": "%%hailuo -p minimax -d 10 -r 1080P\nA lighthouse in a storm, waves over the rocks [Push in]",
    }
    page = open_notebook(server, "first/cells.ipynb", [LOAD, *cells.values()])
    page.run_all()
    for number, name in enumerate(cells, 1):
        save_picture(page, name, cell=number)


def assert_plays(page, index):
    video = page.cell_output(index).locator("video")
    video.scroll_into_view_if_needed()
    played = video.evaluate(PLAY)
    assert played["time"] >= 0.5
    assert (played["width"], played["height"]) == (1366, 768)
    assert played["duration"] == pytest.approx(6, abs=0.1)
    assert played["sought"] == pytest.approx(5, abs=0.1)


def test_the_first_clip_from_cell_to_reopened_notebook(server, open_notebook):
    page = open_notebook(server, "first/clip.ipynb", [LOAD, PANDA])
    page.execute(SLOW.format(seconds=20 if SAVES_PICTURES else 8))
    page.run_cell(0)
    page.page.evaluate(RECORD_STATES)
    page.run_cell(1)
    card = page.cell_output(1).locator(".hw-job")
    card.get_by_text("Running").wait_for()
    expect(card.get_by_text("A fluffy panda")).to_be_visible()
    expect(card.get_by_role("button", name="Cancel")).to_be_visible()
    in_lab = server.app == "lab"
    if not in_lab:
        save_page(page, "live")
    else:
        save_picture(page, "live", cell=1)

    page.cell_output(1).locator("video").wait_for(timeout=60_000)
    seen = page.page.evaluate("() => window.hailuoStates")
    assert [state for state in ORDER if state in seen] == seen
    assert {"queued", "running"} <= set(seen)
    page.await_output_mime(1, WIDGET, present=False)
    if SAVES_PICTURES:
        page.load_clips(page.cell_output(1))
    if in_lab:
        save_picture(page, "settled", cell=1)
    save_page(page, "settled")
    assert_plays(page, 1)

    page.save()
    saved = json.loads(page.file.read_text())
    assert "widgets" not in saved["metadata"]
    outputs = saved["cells"][1]["outputs"]
    assert [sorted(output["data"]) for output in outputs] == [["text/html", "text/plain"]]
    assert len(json.dumps(outputs, ensure_ascii=False).encode()) <= 30 * 1024
    page.shut_down_kernel()

    # Trust goes by content: with one cell more it is a notebook that nobody here has run.
    notebook = nbformat.read(page.file, as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("Mailed by a colleague."))
    nbformat.write(notebook, page.file.with_name("mailed.ipynb"))
    reopened = open_notebook(server, "first/mailed.ipynb")
    assert not reopened.is_trusted(1)
    assert_plays(reopened, 1)
    save_page(reopened, "reopened")
    if SAVES_PICTURES and in_lab:
        reopened.cell_output(1).locator("summary").click()
        save_picture(reopened, "again", cell=1)
        save_cells(server, open_notebook)
    assert not page.errors
    assert not reopened.errors


def cancel(page, index):
    page.cell_output(index).get_by_role("button", name="Cancel").click()
    page.await_output_mime(index, WIDGET, present=False)
    page.cell_output(index).get_by_text("Cancelled", exact=True).wait_for()


def test_cancel_in_an_idle_kernel(server, open_notebook):
    page = open_notebook(server, "cancel/idle.ipynb", [LOAD, PANDA, "print(panda.state)"])
    page.execute(SLOW.format(seconds=300))
    page.run_cell(0)
    page.run_cell(1)
    page.cell_output(1).locator('.hw-job[data-state="running"], .hw-job[data-state="queued"]').wait_for()
    cancel(page, 1)
    if page.server.app != "lab":
        save_picture(page, "cancelled-notebook")
    page.run_cell(2)
    expect(page.cell_output(2)).to_have_text("cancelled")


def test_cancel_while_another_cell_awaits(server, open_notebook):
    awaiting = "import asyncio\nprint('awaiting')\nawait asyncio.sleep(600)"
    page = open_notebook(server, "cancel/busy.ipynb", [LOAD, PANDA, awaiting])
    page.execute(SLOW.format(seconds=300))
    page.run_cell(0)
    page.run_cell(1)
    page.run_cell(2, wait=False)
    page.cell_output(2).get_by_text("awaiting", exact=True).wait_for()
    cancel(page, 1)
    if page.server.app == "lab":
        save_picture(page, "cancelled-while-busy-lab")


def test_cancel_by_keyboard(server, open_notebook):
    page = open_notebook(server, "cancel/keyboard.ipynb", [LOAD, PANDA])
    page.execute(SLOW.format(seconds=300))
    page.run_cell(0)
    page.run_cell(1)
    button = page.cell_output(1).get_by_role("button", name="Cancel panda")
    button.focus()
    page.page.keyboard.press("Enter")
    page.cell_output(1).get_by_text("Cancelled", exact=True).wait_for()


def test_a_page_that_is_closed_and_opened_again_shows_the_clip(lab, open_notebook):
    before = open_notebook(lab, "reopened/clip.ipynb", [LOAD, PANDA, "%hailuo show panda"])
    before.execute(SLOW.format(seconds=5))
    before.run_cell(0)
    before.run_cell(1)
    before.cell_output(1).locator(".hw-job").wait_for()
    before.save()
    before.page.close()

    page = open_notebook(lab, "reopened/clip.ipynb")
    card = page.cell_output(1).locator(".hw-job")
    card.locator("video").wait_for(timeout=60_000)
    expect(card.get_by_text("Done", exact=True)).to_be_visible()
    expect(page.cell_output(1).get_by_text("Requested")).to_be_hidden()
    page.run_cell(2)
    assert_plays(page, 2)
    page.run_cell(1)  # the same cell again: one card, and not the earlier one in its place
    page.cell_output(1).locator("video").wait_for()
    expect(page.cell_output(1).locator("video")).to_have_count(1)
    expect(page.cell_output(1).locator(".hw-job")).to_have_count(0)
    assert not page.errors
