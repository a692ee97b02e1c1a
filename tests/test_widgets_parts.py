"""The parts that can be used alone, seen from Python: as users of ipywidgets expect them."""

from __future__ import annotations

import json

import ipywidgets
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st

import hailuo_widgets
from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.camera import CameraCommand
from hailuo_widgets.spec.media import Media
from hailuo_widgets.views import FramePicker, PromptEditor
from hailuo_widgets.views.frame_picker import PART, Uploads
from hailuo_widgets.views.prompt_editor import COMMANDS, analyse
from support.pictures import picture_file


@pytest.fixture(autouse=True)
def _close_all():
    yield
    ipywidgets.Widget.close_all()


def test_the_parts_are_found_under_the_package():
    assert hailuo_widgets.widgets.PromptEditor is PromptEditor
    with pytest.raises(AttributeError, match="no attribute 'PromptEdit'"):
        _ = hailuo_widgets.widgets.PromptEdit


def test_the_palette_has_every_command_once():
    assert sorted(each["en"] for each in COMMANDS) == sorted(each.en for each in CameraCommand)


def test_an_editor_for_minimax_h3_knows_its_moves_and_its_shot_lists():
    written = "[Shot 1 0–3 s] A fox. [Roll left, slow] [Shot 2 3–7 s] [POV]"
    editor = PromptEditor(written, model="MiniMax-H3", seconds=6)
    assert [shot["ids"] for shot in editor.analysis["shots"]] == [["roll-left"], ["pov"]]
    assert [(each["begins"], each["ids"], each["how"]) for each in editor.analysis["list"]] == [
        (0, ["roll-left"], ["slow"]),
        (3, ["pov"], [""]),
    ]
    assert [note["text"] for note in editor.analysis["notes"]] == ["The shots end at 7 s, and the clip has 6 s."]
    editor.seconds = 7
    assert editor.analysis["notes"] == []
    editor.model = "MiniMax-Hailuo-02"
    assert (editor.analysis["prose"], editor.analysis["list"]) == (False, [])
    assert len(editor.analysis["misses"]) == 1
    known = {each["id"] for each in editor.commands}
    assert {"roll-left", "arc-right", "pov"} <= known
    for text in ("\ud800 [Arc left]", "{fox | [POV", "[" * 30_000):
        PromptEditor(text, model="MiniMax-H3")


def test_an_editor_is_observed_linked_and_interactive():
    editor, other, seen = PromptEditor("A fox"), ipywidgets.Text(), []
    editor.observe(lambda change: seen.append(change["new"]), "value")
    traitlets.link((editor, "value"), (other, "value"))
    other.value = "A panda [Pan left]"
    assert (editor.value, seen) == ("A panda [Pan left]", ["A panda [Pan left]"])
    assert editor.analysis["shots"][0]["ids"] == ["pan-left"]
    calls = []
    ipywidgets.interactive_output(lambda prompt: calls.append(f"{prompt}!"), {"prompt": editor})
    editor.value = "An otter"
    assert calls == ["A panda [Pan left]!", "An otter!"]


def test_a_near_miss_comes_with_what_was_meant():
    seen = analyse("🦊 [Pan up] 【推进】 [Shake, Pull uot]")
    first, brackets, inside = seen["misses"]
    assert (first["start"], first["end"], first["text"]) == (4, 10, "Pan up")  # the fox counts two in a browser
    assert first["fixes"] == [["[Tilt up]", "Tilt up"]]
    assert brackets["fixes"] == [["[推进]", "[推进]"]]
    assert inside["fixes"] == [["[Pull out]", "Pull out"]]


@given(st.text(st.characters() | st.sampled_from("🦊[]【】"), max_size=60))
def test_marks_stand_where_the_browser_looks_for_them(text):
    seen = analyse(text + "[Pan up] then [Shake]")
    units = seen["of"].encode("utf-16-le", "surrogatepass")
    for each in seen["misses"]:
        assert units[2 * each["start"] : 2 * each["end"]].decode("utf-16-le", "surrogatepass") == each["text"]
    assert units[2 * seen["shots"][-1]["start"] :].decode("utf-16-le") == "[Shake]"


def test_a_text_that_was_pasted_by_mistake_is_counted_and_not_read():
    seen = analyse("[Pan up]" * 10_000, [("warn", "Too long.")])
    assert (seen["length"], seen["misses"]) == (80_000, [])
    assert seen["notes"] == [{"tone": "warn", "text": "Too long."}]


@pytest.fixture
def picker():
    made = FramePicker()
    made.sent = []
    made.send = lambda content, buffers=None: made.sent.append((content, buffers))
    yield made
    made.close()


def upload(picker, data, name="fox.png", size=PART):
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    for index, part in enumerate(parts):
        content = {"type": "upload", "upload": "1", "part": index, "of": len(parts), "name": name}
        picker._handle_custom_msg(content, [memoryview(part)])


def test_a_picker_takes_what_a_request_takes(picker, tmp_path):
    seen = []
    picker.observe(lambda change: seen.append(change["new"]), "value")
    picker.value = picture_file()
    assert picker.value.size == (640, 360)
    assert picker.shown["facts"].startswith("640×360 px · 16:9 · PNG")
    (tmp_path / "fox.png").write_bytes(picture_file(400, 400))
    picker.value = tmp_path / "fox.png"
    picker.value = "https://example.com/fox.png"
    assert "not checked here" in picker.shown["note"]
    picker.value = None
    assert picker.shown == {}
    assert len(seen) == 4
    other = FramePicker()
    traitlets.link((picker, "value"), (other, "value"))
    picker.value = picture_file()
    assert other.value is picker.value


def test_a_file_comes_in_parts_and_is_checked_at_once(picker):
    upload(picker, picture_file(200, 200), size=100)
    assert picker.value.data == picture_file(200, 200)
    assert picker.value.name == "fox.png"
    assert picker.problems
    assert picker.shown["problems"] == [
        "First frame is 200×200 px; the short side must be over 300 px. Use a larger picture."
    ]
    assert picker.shown["fit"] == "enlarged from 200×200 to 320×320 px"
    picker._handle_custom_msg({"type": "fit", "at": 0.5}, [])
    content, [shown] = picker.sent[-1]
    assert content["type"] == "proposal"
    assert content["steps"] == ["enlarged from 200×200 to 320×320 px, which adds no detail"]
    assert shown.startswith(b"\xff\xd8")
    assert picker.value.size == (200, 200)  # nothing is done unasked
    picker._handle_custom_msg({"type": "accept"}, [])
    assert picker.value.size == (320, 320)
    assert not picker.problems


def test_bytes_ride_in_no_trait(picker):
    picker.value = picture_file()
    ours = {key: value for key, value in picker.get_state().items() if not key.startswith("_")}
    assert "value" not in ours
    assert len(json.dumps(ours["shown"])) < 500


def test_a_browser_cannot_name_a_file_of_the_kernels_machine(picker, tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(picture_file())
    for address in (str(path), f"file://{path}", "~/secret.png", ""):
        picker._handle_custom_msg({"type": "url", "url": address}, [])
        assert picker.value is None
        assert "not a web address" in picker.shown["failed"]
    picker._handle_custom_msg({"type": "url", "url": "https://example.com/fox.png"}, [])
    assert picker.value == Media.of("https://example.com/fox.png")
    assert "failed" not in picker.shown


@pytest.mark.parametrize(
    "content",
    [
        None,
        "accept",
        {},
        {"type": "accept"},
        {"type": "fit"},
        {"type": "upload"},
        {"type": "upload", "part": 3, "of": 1},
        {"type": "upload", "upload": "1", "part": 0, "of": "x"},
        {"type": "upload", "upload": "1", "part": 0},
    ],
)
def test_nonsense_from_a_front_end_changes_nothing(picker, content):
    picker._handle_custom_msg(content, [b"x"])
    assert picker.value is None


def test_a_part_that_was_lost_is_said():
    uploads = Uploads()
    assert uploads.take({"upload": "1", "part": 0, "of": 3}, [b"a"]) is None
    with pytest.raises(UsageError, match="lost on its way"):
        uploads.take({"upload": "1", "part": 2, "of": 3}, [b"c"])
    assert uploads.take({"upload": "1", "part": 2, "of": 3}, [b"c"]) is None  # said once


def test_a_file_that_never_ends_is_given_up():
    uploads = Uploads()
    big = bytes(40 << 20)
    assert uploads.take({"upload": "1", "part": 0, "of": 9}, [big]) is None
    with pytest.raises(ValueError, match="larger than 64 MiB"):
        uploads.take({"upload": "1", "part": 1, "of": 9}, [big])
