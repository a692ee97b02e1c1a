"""Notebooks for elsewhere: without magics, and with their clips."""

from __future__ import annotations

import base64
import json
import zipfile

import pytest

import hailuo_widgets as hw
from hailuo_widgets.cli import main
from hailuo_widgets.errors import UsageError
from hailuo_widgets.without_magics import converted
from support.html import Seen
from support.shell import run, shell


def notebook(path, *cells):
    made = [
        {"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": 1} for text in cells
    ]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}), "utf-8")
    return path


def sources(path):
    return [cell["source"] for cell in json.loads(path.read_text("utf-8"))["cells"]]


@pytest.mark.parametrize(
    "cell",
    [
        "%%hailuo panda -d 10 -r 768P --optimizer off\nA panda \"eats\" {{bamboo}} \\n '''.\n  [Pan left]\n",
        "# a remark\n%%hailuo -m MiniMax-Hailuo-02 --optimizer on\nA fox",
        "%%hailuo panda\n{who} runs {who}\n---\nduration: 10\ncamera: [Pan left]",
    ],
)
def test_a_converted_cell_asks_for_the_same(here, cell):
    names = {"hw": hw, "who": "A red fox"}
    exec(converted(cell), names)
    [called] = here.jobs()
    with shell() as made:
        made.user_ns["who"] = "A red fox"
        run(made, cell)
    assert here.jobs()[0].quote.digest == called.quote.digest
    assert ("panda" in names) is ("panda" in cell.split("\n")[0])


def test_a_converted_sweep_has_the_same_cells_and_is_run_only_if_the_cell_said_so(here):
    names = {"hw": hw, "gaits": ["trots", "leaps"]}
    exec(converted("%%hailuo fox --repeat 2\nA fox {gaits} {in snow | at sea}\n---\nduration: 6 | 10"), names)
    assert (len(names["fox"].cells), names["fox"].repeat, names["fox"].started) == (8, 2, False)
    exec(converted("%%hailuo fox --yes --budget 9 --wait\nA {fox | dog}"), names)
    assert len(names["fox"].clips()) == 2
    with pytest.raises(UsageError, match="add `--budget`"):
        exec(converted("%%hailuo fox --yes\nA {cat | cow}"), names)


def test_everything_else_of_a_notebook_stays(tmp_path, capsys):
    plain = "x = '%hailuo cost'\n%timeit x"
    source = notebook(
        tmp_path / "a.ipynb",
        "%load_ext hailuo_widgets",
        "import hailuo_widgets as hw\nhw.configure(provider='sketch')",
        plain,
        "table = %hailuo models mode=I2V\n%hailuo studio",
        "%%hailuo fox\nA {fox",
    )
    assert main(["convert", str(source)]) == 1
    seen = capsys.readouterr()
    assert "Cell 5 was not converted: Unmatched “{”." in seen.err
    assert sources(tmp_path / "a-plain.ipynb") == [
        "import hailuo_widgets as hw",
        "hw.configure(provider='sketch')",
        plain,
        "table = hw.command('models', 'mode=I2V')\nhw.command('studio')",
        "# %%hailuo fox\n# A {fox",
    ]
    assert main(["convert", str(tmp_path / "none.ipynb")]) == 1
    assert "can't be read" in capsys.readouterr().err


def test_code_prints_the_call_of_a_job(here, capsys):
    with shell() as made:
        run(made, "%%hailuo panda --wait\nA panda")
        capsys.readouterr()
        run(made, "%hailuo code panda")
        printed = capsys.readouterr().out
        assert hw.job("panda") is made.user_ns["panda"]
        run(made, f"%hailuo code {here.jobs()[0].id}")
        assert "hw.generate(\n    'A panda',\n" in capsys.readouterr().out
    assert "\npanda = hw.generate(\n    'A panda',\n" in printed
    names = {}
    exec(printed, names)
    assert names["panda"].cached


def exported(tmp_path, *options, linked=False):
    (tmp_path / "lib").mkdir()
    clip = tmp_path / "lib" / "a fox.mp4"
    (tmp_path / "mine" if linked else clip).write_bytes(b"clip")
    if linked:
        clip.symlink_to(tmp_path / "mine")
    page = (
        "<video src='lib/a%20fox.mp4' poster='data:image/jpeg;base64,AA==' controls></video>"
        "<a href='lib/a%20fox.mp4'><img src='data:image/jpeg;base64,AA==' alt='x'></a>"
        "<a href='lib/a%20fox.mp4'>clip</a><video src='lib/gone.mp4'></video><a href='https://x.test/a.mp4'>x</a>"
    )
    source = notebook(tmp_path / "nb.ipynb", "fox")
    whole = json.loads(source.read_text("utf-8"))
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/html": [page]}
    whole["cells"][0]["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": view}]
    whole["metadata"]["widgets"] = {"state": "x" * 1000}
    source.write_text(json.dumps(whole), "utf-8")
    assert main(["export", str(source), *options]) == 1
    made = json.loads((tmp_path / "nb-export.ipynb").read_text("utf-8"))
    data = made["cells"][0]["outputs"][0]["data"]
    assert (list(data), made["metadata"]) == (["text/html"], {})
    return Seen(data["text/html"])


def test_an_exported_notebook_holds_its_clips(tmp_path, capsys):
    page = exported(tmp_path)
    first, second, gone = (each["src"] for each in page.every("video"))
    assert first == second == "data:video/mp4;base64," + base64.b64encode(b"clip").decode()
    assert gone == "lib/gone.mp4"
    assert [each.get("href") for each in page.every("a")] == [None, "https://x.test/a.mp4"]
    seen = capsys.readouterr()
    assert "1 clip, inside it (0.0 MB)" in seen.out
    assert "lib/gone.mp4 is missing" in seen.err


def test_a_handout_is_one_file_with_the_clips(tmp_path, capsys):
    exported(tmp_path)
    assert main(["export", str(tmp_path / "nb.ipynb"), "-o", str(tmp_path / "fox.html")]) == 1
    clip = "data:video/mp4;base64," + base64.b64encode(b"clip").decode()
    assert (tmp_path / "fox.html").read_text("utf-8").count(clip) == 2
    assert main(["export", str(tmp_path / "nb.ipynb"), "-o", str(tmp_path / "fox.zip")]) == 1
    with zipfile.ZipFile(tmp_path / "fox.zip") as made:
        assert sorted(made.namelist()) == ["fox/nb.ipynb", "fox/nb_clips/a fox.mp4"]
        assert "nb_clips/a%20fox.mp4" in made.read("fox/nb.ipynb").decode()
    seen = capsys.readouterr()
    assert "fox.zip: 1 clip, 0.0 MB" in seen.out
    assert "lib/gone.mp4 is missing" in seen.err
    assert main(["export", str(tmp_path / "nb.ipynb"), "-o", str(tmp_path / "no" / "fox.zip")]) == 1
    assert "Make the folder first" in capsys.readouterr().err


@pytest.mark.parametrize("hostile", ["<video ", "<a ", "<video src=", "<a href='x.mp4'><img src='data:", "src='a.mp4"])
def test_a_page_that_opens_tags_for_ever_is_read_once(tmp_path, hostile):
    """Each of them would take hours, if it were read again from every tag."""
    source = notebook(tmp_path / "nb.ipynb", "fox")
    whole = json.loads(source.read_text("utf-8"))
    page = hostile * (2_000_000 // len(hostile))
    data = {"text/html": page}
    whole["cells"][0]["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": data}]
    source.write_text(json.dumps(whole), "utf-8")
    main(["export", str(source)])
    made = json.loads((tmp_path / "nb-export.ipynb").read_text("utf-8"))
    assert "".join(made["cells"][0]["outputs"][0]["data"]["text/html"]) == page


@pytest.mark.parametrize("options", [(), ("--inside", "0")])
def test_a_link_in_place_of_a_clip_is_not_followed(tmp_path, capsys, options):
    exported(tmp_path, *options, linked=True)
    assert base64.b64encode(b"clip").decode() not in (tmp_path / "nb-export.ipynb").read_text("utf-8")
    assert not (tmp_path / "nb-export_clips").exists()
    assert "lib/a fox.mp4 is missing" in capsys.readouterr().err


def test_clips_that_are_too_large_for_the_notebook_go_beside_it(tmp_path, capsys):
    page = exported(tmp_path, "--inside", "0")
    assert {each["src"] for each in page.every("video")} == {"nb-export_clips/a%20fox.mp4", "lib/gone.mp4"}
    assert page.every("a")[0]["href"] == page.every("a")[1]["href"] == "nb-export_clips/a%20fox.mp4"
    assert (tmp_path / "nb-export_clips" / "a fox.mp4").read_bytes() == b"clip"
    assert "1 clip, in nb-export_clips beside it" in capsys.readouterr().out


def test_the_import_comes_below_a_title(tmp_path):
    path = notebook(tmp_path / "nb.ipynb", "%%hailuo a\nA fox")
    whole = json.loads(path.read_text("utf-8"))
    whole["cells"].insert(0, {"cell_type": "markdown", "source": "# Foxes", "metadata": {}})
    path.write_text(json.dumps(whole), "utf-8")
    assert main(["convert", str(path)]) == 0
    assert sources(tmp_path / "nb-plain.ipynb")[:2] == ["# Foxes", "import hailuo_widgets as hw"]
