"""The studio in front ends that are not Jupyter's own: Voila and marimo, in Chromium."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import nbformat
from nbclient import NotebookClient
from playwright.sync_api import expect

from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CELLS = ["import hailuo_widgets as hw\nhw.studio('A fox [Pan left]')", "hw.widgets.PromptEditor('A panda [Shake]')"]
MARIMO = """import marimo

app = marimo.App()


@app.cell
def _():
    import hailuo_widgets as hw
    hw.studio("A fox [Pan left]")
    return (hw,)


@app.cell
def _(hw):
    hw.widgets.PromptEditor("A panda [Shake]")
    return


@app.cell
def _(hw):
    panda = hw.generate("A panda dances", provider="sketch", wait=True, name="panda")
    panda
    return (panda,)


@app.cell
def _(panda):
    panda.clip
    return


@app.cell
def _(hw):
    fox = hw.cell("A fox {gait = trots | leaps}", "fox -p sketch --yes --wait --budget 1")
    fox
    return
"""
PLAYED = """async () => {
  for (const each of document.querySelectorAll('details')) each.open = true;
  const clips = [...document.querySelectorAll('video')];
  await Promise.all(clips.map((clip) => { clip.muted = true; return clip.play(); }));
  return clips.every((clip) => clip.videoWidth > 0 && !clip.error);
}"""


@contextmanager
def serving(folder: Path, *command: str) -> Iterator[str]:
    """A front end's own server on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {**os.environ, "HOME": str(folder), "JUPYTER_DATA_DIR": str(folder / "data"), "IPYTHONDIR": str(folder / "i")}
    url = f"http://127.0.0.1:{port}/"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *(word.replace("PORT", str(port)) for word in command)],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: _answers(url), 60, lambda: (folder / "log").read_text(errors="replace"))
        yield url
    finally:
        server.terminate()
        server.wait(20)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}favicon.ico", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def a_session(page) -> None:
    """A change of the form, and a clip."""
    studio = page.get_by_role("region", name="Studio")
    expect(studio).to_be_visible(timeout=60_000)
    studio.get_by_role("radio", name="10 s").click()
    expect(studio.get_by_role("radio", name="10 s")).to_be_checked(timeout=20_000)
    studio.get_by_role("radio", name="6 s").click()
    studio.get_by_role("button", name="Generate", exact=True).click()
    card = studio.get_by_role("article")
    expect(card).to_contain_text("Done", timeout=60_000)
    card.get_by_role("button", name="Play this clip").click()
    film = card.locator("video").element_handle()
    page.wait_for_function("(film) => film.readyState >= 2", arg=film)
    expect(page.get_by_role("textbox", name="Prompt")).to_have_count(2)


def executed(folder, cells):
    """A notebook's outputs by nbclient, cell by cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(folder)}}, store_widget_state=True
    ).execute()
    return notebook


def test_without_a_browser_a_notebook_keeps_html_and_text(tmp_path):
    cells = [
        "%load_ext hailuo_widgets\nimport hailuo_widgets as hw",
        "%%hailuo\nA fox",
        "%%hailuo --yes\nA {panda | heron}",
        "hw.studio()",
        "hw.library()",
    ]
    notebook = executed(tmp_path, cells)
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert {mime for output in outputs for mime in output.data} == {"text/html", "text/plain"}
    seen = [" ".join(output.data["text/html"] for output in cell.outputs) for cell in notebook.cells]
    assert seen[1].count("<video") == 1
    assert seen[2].count("<video") == 2
    assert "The studio opens here" in seen[3]
    assert "3 clips" in seen[4]
    assert len(json.dumps(notebook.cells[1].outputs, ensure_ascii=False).encode()) <= 30 * 1024

    cards = executed(tmp_path, cells[:3])
    assert "widgets" not in cards.metadata
    assert [cell.outputs for cell in cards.cells] == [cell.outputs for cell in notebook.cells[:3]]


def test_voila(chromium, tmp_path):
    card = "%load_ext hailuo_widgets\njob = hw.generate('A panda dances', name='panda')"
    cells = [nbformat.v4.new_code_cell(cell) for cell in [*CELLS, card, "job.result(60)\njob"]]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "studio.ipynb")
    with (
        serving(tmp_path, "voila", "--no-browser", "--port=PORT", "studio.ipynb") as url,
        chromium.new_page(viewport={"width": 1200, "height": 1000}) as page,
    ):
        page.goto(url, timeout=60_000)
        # One that ran when the page was written, and one that had ended: both end as a player that has its clip.
        cards = page.get_by_role("group", name="Video job panda")
        expect(cards).to_have_count(2, timeout=60_000)
        for card in cards.all():
            film = card.locator("video").element_handle(timeout=60_000)
            page.wait_for_function("(film) => film.readyState >= 1", arg=film)
        a_session(page)


def test_marimo(chromium, tmp_path):
    (tmp_path / "studio.py").write_text(MARIMO)
    with (
        serving(tmp_path, "marimo", "-q", "run", "--headless", "--no-token", "-p", "PORT", "studio.py") as url,
        chromium.new_page(viewport={"width": 1200, "height": 1000}) as page,
    ):
        page.goto(url, timeout=60_000)
        # A card, a clip and a sweep: marimo serves no file beside a notebook.
        expect(page.locator("video")).to_have_count(4, timeout=60_000)
        assert page.evaluate(PLAYED)
        a_session(page)
