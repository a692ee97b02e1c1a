"""The studio in real JupyterLab and Notebook 7: a session by keyboard, its cell run, the notebook saved and opened again."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from hailuo_widgets.media.frames import poster
from hailuo_widgets.sketch.render import Sketch, render
from support.axe import violations

PROMPT = "A red fox stands in the snow"
CELLS = [
    f"%load_ext hailuo_widgets\nimport hailuo_widgets as hw\nstudio = hw.studio({PROMPT!r})\nstudio",
    "# the copied cell goes here",
    "hw.library()",
]
PICTURES = Path(__file__).parents[2] / "docs" / "pages" / "images"
MOST_BYTES = 150_000


def small_picture(folder):
    """What the prompt says, far too small."""
    path = folder / "fox.mp4"
    render(Sketch(PROMPT, width=480, height=270, duration=0.1), path)
    return {"name": "fox.jpg", "mimeType": "image/jpeg", "buffer": poster(path, width=240)}


def save_picture(notebook, step, of):
    """Kept for the documentation where HAILUO_SAVE_PICTURES is set."""
    if not os.environ.get("HAILUO_SAVE_PICTURES") or notebook.server.app != "lab":
        return
    for theme in ("dark", "light"):
        notebook.set_theme(theme)
        picture = Image.open(io.BytesIO(of.screenshot(animations="disabled"))).convert("RGB")
        for colours, dither in ((256, 3), (256, 0), (128, 0), (64, 0), (32, 0)):
            out = io.BytesIO()
            picture.quantize(colours, dither=Image.Dither(dither)).save(out, "PNG", optimize=True)
            if len(out.getvalue()) <= MOST_BYTES:
                break
        (PICTURES / f"studio-{step}-{theme}.png").write_bytes(out.getvalue())


def asked(notebook, expression):
    """What an expression of the kernel reads as JSON."""
    notebook.execute(f"import json, pathlib; pathlib.Path('answer.json').write_text(json.dumps({expression}))")
    return json.loads((notebook.file.parent / "answer.json").read_text())


def test_a_session_from_the_form_to_the_saved_notebook(open_notebook, server, tmp_path):  # noqa: PLR0915  # a long session
    notebook = open_notebook(server, "session/studio.ipynb", CELLS)
    page = notebook.page
    page.set_viewport_size({"width": 1400, "height": 1700})
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
    save_picture(notebook, "form", studio)

    studio.get_by_role("radio", name="Text", exact=True).focus()
    page.keyboard.press("ArrowRight")
    with page.expect_file_chooser() as chooser:
        studio.get_by_role("button", name="Choose a picture: First frame").press("Enter")
    chooser.value.set_files(small_picture(tmp_path))
    expect(studio.locator(".hw-picker")).to_contain_text("the short side must be over 300 px")
    expect(studio.get_by_role("button", name="Generate", exact=True)).to_be_disabled()
    studio.get_by_role("button", name="Make it fit").press("Enter")
    expect(studio.get_by_role("button", name="Use this picture")).to_be_focused()
    save_picture(notebook, "picture", studio)
    page.keyboard.press("Enter")
    expect(studio.locator(".hw-picker")).to_have_attribute("data-state", "good")

    studio.get_by_role("button", name="Sketch it: for nothing, in about a second").press("Enter")
    expect(studio.get_by_role("article")).to_contain_text("not saved")
    assert asked(notebook, "len(hw.jobs())") == 0

    studio.get_by_role("button", name="Generate", exact=True).focus()
    for key in ("b", "d", "d", "m"):  # commands of a notebook, not of a button
        page.keyboard.press(key)
    assert page.evaluate("window.hailuoTest.panel.content.widgets.length") == 3
    page.keyboard.press("Enter")
    card = studio.get_by_role("article").first
    expect(card).to_contain_text("Done", timeout=60_000)
    save_picture(notebook, "generated", studio)

    card.get_by_role("button", name="Vary: put it back into the form").press("Enter")
    expect(field).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(PROMPT.replace("stands", "sleeps") + " [Pan left] [Pull out]")
    studio.get_by_role("button", name="Generate", exact=True).press("Enter")
    expect(card.locator("ins").first).to_have_text("sleeps")
    expect(studio.get_by_text("Done")).to_have_count(2, timeout=60_000)
    save_picture(notebook, "varied", studio)
    for number in (0, 1):
        studio.get_by_role("article").nth(number).get_by_role("button", name="Compare with others").press("Enter")
    comparison = studio.get_by_role("region", name="Comparison")
    expect(comparison.locator("video")).to_have_count(2)
    comparison.get_by_role("button", name="Wipe between the two").press("Enter")
    page.wait_for_function("() => document.querySelector('.hw-compare video').readyState >= 2")
    save_picture(notebook, "compared", comparison)
    assert violations(page, ".hw-studio") == []
    comparison.get_by_role("button", name="Close the comparison").press("Enter")

    card.get_by_role("button", name="Copy as cell").press("Enter")
    code = studio.get_by_role("textbox", name="The code")
    expect(code).to_have_value(re.compile("^%%hailuo .*--first-frame hailuo_library/pictures/"))
    page.evaluate(
        "(text) => window.hailuoTest.panel.content.widgets[1].model.sharedModel.setSource(text)", code.input_value()
    )
    notebook.run_cell(1)
    notebook.await_output_mime(1, "text/html")
    expect(notebook.cell_output(1)).to_contain_text("the same request again is free")
    _, second, third = asked(notebook, "[[job.quote.digest, job.cached] for job in hw.jobs()][::-1]")
    assert third == [second[0], True]  # the same digest, and nothing bought
    notebook.run_cell(2)
    wall = notebook.cell_output(2).get_by_role("listbox", name="Clips")
    expect(wall.get_by_role("option")).to_have_count(2)
    wall.focus()
    page.keyboard.press("Enter")
    expect(notebook.cell_output(2).locator("video")).to_be_visible()
    save_picture(notebook, "library", notebook.cell_output(2).get_by_role("region", name="Library"))

    notebook.save()  # in the middle of the session
    saved = json.loads(notebook.file.read_text())
    mimes = {mime for cell in saved["cells"] for output in cell["outputs"] for mime in output.get("data", {})}
    assert mimes == {"text/html", "text/plain"}
    assert "widgets" not in saved["metadata"]
    assert notebook.errors == []

    (notebook.file.parent / "again.ipynb").write_text(notebook.file.read_text())
    again = open_notebook(server, "session/again.ipynb")
    outputs = again.cell_output(0)
    expect(outputs).to_contain_text("Studio session: 2 clips")
    expect(outputs.locator("video")).to_have_count(2)
    expect(outputs.get_by_role("region", name="Studio")).to_have_count(0)
    expect(again.cell_output(2)).to_contain_text("2 clips")
    if os.environ.get("HAILUO_SAVE_PICTURES"):
        again.load_clips(outputs)
    save_picture(again, "reopened", outputs)


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
