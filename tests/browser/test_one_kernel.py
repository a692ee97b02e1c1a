"""Two notebooks on one kernel: each shows what its own cells asked for."""

import json

import pytest
from playwright.sync_api import expect

from hailuo_widgets.simulator import Timing
from support.simulator_thread import served, small_sketches

KEY = "test-key"
SETTINGS = f"""
import os, hailuo_widgets as hw
os.environ["MINIMAX_API_KEY"] = "{KEY}"
hw.configure(minimax_base_url="{{url}}", provider="minimax", minimax_requests_per_minute=0)
"""


def cells(animal):
    return [
        "%load_ext hailuo_widgets",
        f"%%hailuo {animal}\nA {animal}",
        f"%%hailuo herd --yes --budget 9\nA {animal} {{a | b}}",
    ]


@pytest.fixture
def vendor():
    with served(keys={KEY}, timing=Timing(0.1, 0.2, 0.5), draw=small_sketches()) as (_, url):
        yield url


def use_kernel_of(page, other):
    """As the kernel menu's entry does."""
    kernel = other.page.evaluate("() => window.hailuoTest.panel.sessionContext.session.kernel.id")
    page.page.evaluate("id => window.hailuoTest.panel.sessionContext.changeKernel({id})", kernel)
    page.page.wait_for_function("id => window.hailuoTest.panel.sessionContext.session?.kernel?.id === id", arg=kernel)
    page.await_idle()


def test_two_notebooks_on_one_kernel_show_what_their_own_cells_asked_for(lab, open_notebook, vendor):
    first = open_notebook(lab, "one_kernel/first.ipynb", cells("panda"))
    second = open_notebook(lab, "one_kernel/second.ipynb", cells("otter"))
    use_kernel_of(second, first)
    first.run_cell(0)
    first.execute(SETTINGS.format(url=vendor))
    for page in (first, second):
        page.run_cell(1)
        page.run_cell(2)
    for page, animal, other in ((first, "panda", "otter"), (second, "otter", "panda")):
        expect(page.cell_output(1).locator("video")).to_have_count(1)
        grid = page.cell_output(2).locator(".hw-sweep")
        expect(grid.locator('[data-state="stored"]')).to_have_count(2)
        expect(page.cell_output(2).locator("table video")).to_have_count(2)  # what is saved, hidden behind the grid
        page.save()
        saved = page.file.read_text()
        assert f"A {animal}" in saved
        assert other not in saved
        assert "widgets" not in json.loads(saved)["metadata"]
        assert not page.errors


def test_a_copy_of_a_notebook_on_its_kernel_shows_its_own_clips(lab, open_notebook, vendor):
    first = open_notebook(lab, "copied/first.ipynb", cells("heron"))
    copied = first.file.read_text().replace("heron", "stork")  # with the same ids
    first.file.with_name("second.ipynb").write_text(copied)
    second = open_notebook(lab, "copied/second.ipynb")
    use_kernel_of(second, first)
    first.run_cell(0)
    first.execute(SETTINGS.format(url=vendor))
    for page in (first, second):
        page.run_cell(2)
    for page, animal, other in ((first, "heron", "stork"), (second, "stork", "heron")):
        output = page.cell_output(2)
        expect(output.locator('.hw-sweep [data-state="stored"]')).to_have_count(2)
        expect(output.locator("table video")).to_have_count(2)
        expect(output.locator("table")).to_be_hidden()
        expect(output.locator(".hw-sweep").get_by_role("gridcell").first).to_be_visible()
        page.save()
        saved = page.file.read_text()
        assert f"A {animal}" in saved
        assert other not in saved
        assert not page.errors
