"""JupyterLab whose server runs the cells: each card is under its own cell, and stays there."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from support.jupyter_server import JupyterServer

LOAD = "%load_ext hailuo_widgets\n%hailuo config sketch_seconds=3"
CELLS = [
    LOAD,
    "%%hailuo one\nA panda dances",
    "%%hailuo two\nAn otter swims",
    "import hailuo_widgets as hw\n_ = [job.result() for job in hw.jobs()]\nprint('three')",
    "%%hailuo heron --wait\nA heron stands",
    "%%hailuo fox --yes --wait\nA fox {trots | runs}",
]


@pytest.fixture(params=["documents", "nbmodel"])
def server(request, python_with, tmp_path):
    with JupyterServer("lab", tmp_path / "lab", python=python_with(request.param)) as started:
        yield started


def test_each_clip_is_under_its_own_cell(server, write_notebook, outputs, chromium):
    with chromium.new_page(viewport={"width": 1300, "height": 1400}) as page:
        file = write_notebook(server.root / "cards.ipynb", CELLS)
        page.goto(f"{server.url}lab/tree/cards.ipynb?reset&token={server.token}")
        page.locator(".jp-Notebook .jp-Cell").first.click(timeout=90_000)
        page.wait_for_function(  # cells that are run before there is a kernel are left out without a word
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=90_000,
        )
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        cells = page.locator(".jp-Notebook .jp-Cell")
        expect(cells.nth(5).locator("video").first).to_be_attached(timeout=150_000)
        for index, prompt in ((1, "A panda dances"), (2, "An otter swims")):
            card = cells.nth(index).locator(".hw-job")
            expect(card.locator("video")).to_be_visible(timeout=30_000)
            expect(card).to_contain_text(prompt)
            expect(cells.nth(index).get_by_text("Requested")).to_be_hidden()
        expect(cells.nth(3).locator(".jp-OutputArea-child")).to_have_count(1)
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        page.wait_for_function(
            "() => !document.querySelector('.jp-mod-current.jp-mod-dirty, .jp-mod-dirty .jp-mod-current')"
        )
        saved = outputs(file)
    assert [output["text"] for output in saved[3]] == ["three\n"]
    for index, name in ((1, "one"), (2, "two")):
        [only] = saved[index]
        assert f"%hailuo show {name}" in only["data"]["text/html"]
    assert "<video" in saved[4][-1]["data"]["text/html"]
    assert saved[5][-1]["data"]["text/html"].count("<video") == 2
