"""The tools of these tests keep their own promises: without that, a green browser test says nothing."""

import json


def test_runs_cells_counts_widget_messages_and_saves(server, open_notebook):
    page = open_notebook(
        server,
        "harness/a.ipynb",
        [
            "import ipywidgets\nslider = ipywidgets.IntSlider(); display(slider)",
            "for n in range(1, 6): slider.value = n",
            "1 / 0",
        ],
    )
    page.run_cell(0)
    page.cell_output(0).locator(".widget-slider").wait_for()
    page.run_cell(1)
    page.await_idle()
    values = [m.state["value"] for m in page.comm_messages() if m.method == "update" and "value" in m.state]
    assert values == [1, 2, 3, 4, 5]
    page.run_cell(2)
    assert page.outputs(2)[0]["ename"] == "ZeroDivisionError"
    page.save()
    saved = json.loads(page.file.read_text())
    assert saved["cells"][2]["outputs"][0]["ename"] == "ZeroDivisionError"


def test_restart_interrupt_and_themes(server, open_notebook, tmp_path):
    page = open_notebook(server, "harness/b.ipynb", ["import time\nprint('asleep')\ntime.sleep(600)", "'alive'"])
    page.set_theme("dark")
    page.screenshot(tmp_path / "dark.png", "dark")
    page.screenshot(tmp_path / "light.png", "light")
    assert (tmp_path / "dark.png").read_bytes() != (tmp_path / "light.png").read_bytes()
    page.run_cell(0, wait=False)
    page.cell_output(0).get_by_text("asleep", exact=True).wait_for()
    page.interrupt_kernel()
    page.cell_output(0).get_by_text("KeyboardInterrupt").first.wait_for()
    page.restart_kernel()
    page.run_cell(1)
    assert page.outputs(1)[0]["data"]["text/plain"] == "'alive'"


def test_a_changed_copy_of_a_trusted_notebook_is_untrusted(server, open_notebook):
    page = open_notebook(server, "harness/c.ipynb", ["from IPython.display import HTML; HTML('<b>bold</b>')"])
    page.run_cell(0)
    assert page.is_trusted(0)
    page.save()
    changed = page.file.with_name("changed.ipynb")
    changed.write_text(page.file.read_text().replace("bold", "bolder"))
    assert not open_notebook(server, "harness/changed.ipynb").is_trusted(0)
