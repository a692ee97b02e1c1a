"""The studio in real JupyterLab and Notebook 7: a sitting by keyboard, its cell run, the notebook saved and opened again."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from support.axe import violations

PROMPT = "A fluffy panda dances on a snowy summit"
CELLS = [
    f"%load_ext hailuo_widgets\nimport hailuo_widgets as hw\nstudio = hw.studio({PROMPT!r})\nstudio",
    "# the copied cell goes here",
    "hw.library()",
]
WIDGET = "application/vnd.jupyter.widget-view+json"


def asked(page, expression):
    """What an expression of the kernel reads as JSON."""
    page.execute(f"import json, pathlib; pathlib.Path('answer.json').write_text(json.dumps({expression}))")
    return json.loads((page.server.root / page.file.parent / "answer.json").read_text())


def test_a_sitting_from_the_form_to_the_saved_notebook(open_notebook, server):
    notebook = open_notebook(server, "sitting/studio.ipynb", CELLS)
    page = notebook.page
    notebook.run_cell(0)
    studio = page.get_by_role("region", name="Studio")
    expect(studio).to_be_visible()
    field = studio.get_by_role("textbox", name="Prompt")
    field.focus()
    page.keyboard.press("End")
    for command in ("Pan left", "Push in"):
        studio.get_by_role("button", name=f"Insert [{command}]").focus()
        page.keyboard.press("Enter")
        expect(field).to_be_focused()
    expect(field).to_have_value(f"{PROMPT} [Pan left] [Push in]")
    expect(studio.get_by_role("img", name="The camera: Pan left, then Push in")).to_be_visible()
    studio.get_by_role("button", name="Generate", exact=True).focus()
    for key in ("b", "d", "d", "m"):  # commands of a notebook, not of a button
        page.keyboard.press(key)
    assert page.evaluate("window.hailuoTest.panel.content.widgets.length") == 3
    page.keyboard.press("Enter")
    card = studio.get_by_role("article").first
    expect(card).to_contain_text("Stored", timeout=60_000)
    assert violations(page, ".hw-studio") == []
    card.get_by_role("button", name="Copy as cell").press("Enter")
    code = studio.get_by_role("textbox", name="The code")
    expect(code).to_have_value(re.compile("^%%hailuo"))
    page.evaluate(
        "(text) => window.hailuoTest.panel.content.widgets[1].model.sharedModel.setSource(text)", code.input_value()
    )
    notebook.run_cell(1)
    notebook.await_output_mime(1, "text/html")
    expect(notebook.cell_output(1)).to_contain_text("from the library")
    first, second = asked(notebook, "[[job.quote.digest, job.cached] for job in hw.jobs()][::-1]")
    assert (first[0], second) == (second[0], [first[0], True])  # the same digest, and nothing bought
    notebook.run_cell(2)
    wall = notebook.cell_output(2).get_by_role("listbox", name="Clips")
    expect(wall.get_by_role("option")).to_have_count(1)
    notebook.save()  # in the middle of the sitting
    saved = json.loads(notebook.file.read_text())
    mimes = {mime for cell in saved["cells"] for output in cell["outputs"] for mime in output.get("data", {})}
    assert mimes == {"text/html", "text/plain"}
    assert "widgets" not in saved["metadata"]
    assert notebook.errors == []

    (notebook.file.parent / "again.ipynb").write_text(notebook.file.read_text())
    again = open_notebook(server, "sitting/again.ipynb")
    outputs = again.cell_output(0)
    expect(outputs).to_contain_text("A sitting in the studio: 1 order")
    expect(outputs.locator("video")).to_be_visible()
    expect(outputs.get_by_role("region", name="Studio")).to_have_count(0)
    expect(again.cell_output(2)).to_contain_text("1 clip")


def test_the_studio_moves_with_its_cell_and_goes_with_its_kernel(open_notebook, lab):
    notebook = open_notebook(lab, "moved/studio.ipynb", CELLS[:1])
    page = notebook.page
    notebook.run_cell(0)
    studio = page.get_by_role("region", name="Studio")
    studio.get_by_role("textbox", name="Prompt").fill("Something else")
    notebook.run_cell(0)  # a new one in the same place
    expect(studio).to_have_count(1)
    expect(studio.get_by_role("textbox", name="Prompt")).to_have_value(PROMPT)
    notebook.restart_kernel()
    expect(studio).to_have_count(0)
    expect(notebook.cell_output(0)).to_contain_text("The studio opens here when its cell is run")
    assert notebook.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_either_theme(open_notebook, lab, theme):
    notebook = open_notebook(lab, f"theme/{theme}.ipynb", CELLS[:1])
    notebook.run_cell(0)
    notebook.set_theme(theme)
    notebook.page.get_by_role("combobox", name="Provider").select_option("minimax")
    expect(notebook.page.locator(".hw-key")).to_contain_text("MINIMAX_API_KEY")
    assert violations(notebook.page, ".hw-studio") == []
