"""Tab in a cell, through the shell's own completer, as the kernel uses it."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter

from hailuo_widgets.spec.camera import CameraCommand
from support.shell import shell


@pytest.fixture(scope="module")
def complete():
    with shell() as made:

        def at_the_end(text: str, rest: str = "") -> list[str]:
            with provisionalcompleter():
                found = list(made.Completer.completions(text + rest, len(text)))
            return [text[: each.start] + each.text for each in found]

        yield at_the_end


WHOLE = {
    "%%hailuo --res": ["%%hailuo --resolution"],
    "%%hailuo panda --first-": ["%%hailuo panda --first-frame"],
    "%%hailuo -p mini": ["%%hailuo -p minimax"],
    "%%hailuo --provider=mini": ["%%hailuo --provider=minimax"],
    "%%hailuo -m MiniMax-Hailuo-2.3-": ["%%hailuo -m MiniMax-Hailuo-2.3-Fast"],
    "%%hailuo -p minimax -m S": ["%%hailuo -p minimax -m S2V-01"],
    "%%hailuo -r 1080": ["%%hailuo -r 1080P"],
    "%%hailuo --optimizer o": ["%%hailuo --optimizer off", "%%hailuo --optimizer on"],
    "%hailuo mo": ["%hailuo models"],
    "x = 1\n%hailuo do": ["x = 1\n%hailuo doctor"],
    "%%hailuo x\nA fox [Truck l": ["%%hailuo x\nA fox [Truck left]"],
    "%%hailuo x\nA fox [truck l": ["%%hailuo x\nA fox [truck left]"],
    "%%hailuo x\nA fox [Pan left, Pedestal u": ["%%hailuo x\nA fox [Pan left, Pedestal up]"],
    "%%hailuo x\nA fox [Pan left,Pedestal u": ["%%hailuo x\nA fox [Pan left,Pedestal up]"],
    "%%hailuo x\n[Pan left] then [Push": ["%%hailuo x\n[Pan left] then [Push in]"],
    "%%hailuo\nA fox\nin snow [Sta": ["%%hailuo\nA fox\nin snow [Static shot]"],
    "%%hailuo\n狐狸 [推": ["%%hailuo\n狐狸 [推进]"],
    "%%hailuo x\nA fox\n---\ndur": ["%%hailuo x\nA fox\n---\nduration: "],
    "%%hailuo x\nA fox\n---\nfirst_f": ["%%hailuo x\nA fox\n---\nfirst_frame: "],
    "%%hailuo x\nA fox\n---\nprovider: mini": ["%%hailuo x\nA fox\n---\nprovider: minimax"],
    "%%hailuo x\nA fox\n---\nprovider: sketch | mini": ["%%hailuo x\nA fox\n---\nprovider: sketch | minimax"],
    "%%hailuo -p minimax\nA fox\n---\nmodel: S": ["%%hailuo -p minimax\nA fox\n---\nmodel: S2V-01"],
    "%%hailuo x\nA fox\n---\nwatermark: o": [
        "%%hailuo x\nA fox\n---\nwatermark: off",
        "%%hailuo x\nA fox\n---\nwatermark: on",
    ],
    "%%hailuo x\nA fox\n---\ncamera: [Truck l": ["%%hailuo x\nA fox\n---\ncamera: [Truck left]"],
    "%%hailuo x\nA {gait = a | b}\n---\ncamera: [Shake] |\nshow: g": [
        "%%hailuo x\nA {gait = a | b}\n---\ncamera: [Shake] |\nshow: gait"
    ],
    "%%hailuo x\nA {gait = a | b}\n---\ncamera: [Shake] |\nshow: gait × cam": [
        "%%hailuo x\nA {gait = a | b}\n---\ncamera: [Shake] |\nshow: gait × camera"
    ],
    "%%hai": ["%%hailuo"],
}


@pytest.mark.parametrize("text", WHOLE)
def test_what_may_come_next(text, complete):
    assert sorted(complete(text)) == WHOLE[text]


def test_after_a_bracket_come_the_camera_commands_and_nothing_else(complete):
    found = complete("%%hailuo fox\nA fox [")
    assert sorted(found) == sorted(f"%%hailuo fox\nA fox [{command.en}]" for command in CameraCommand)
    assert len(found) == 15


def test_models_are_those_of_the_provider_on_the_line(complete):
    everybody = complete("%%hailuo -m ")
    maker = complete("%%hailuo -p minimax -m ")
    assert set(maker) != {text.replace("-m ", "-p minimax -m ") for text in everybody}
    assert "%%hailuo -p minimax -m MiniMax-Hailuo-02" in maker


def test_all_options_after_a_dash(complete):
    found = complete("%%hailuo panda --")
    for option in ("--duration", "--resolution", "--first-frame", "--last-frame", "--dry-run", "--wait", "--fresh"):
        assert f"%%hailuo panda {option}" in found


def test_in_the_middle_of_a_cell(complete):
    assert complete("%%hailuo x\nA fox [Truck l", " runs\nand runs") == ["%%hailuo x\nA fox [Truck left]"]


@pytest.mark.parametrize("text", ["x = [Truck_l", "%%hailuo x\nA fox (Truck l", "%%timeit\n[Truck l"])
def test_elsewhere_it_keeps_out_of_the_way(text, complete):
    assert not [found for found in complete(text) if "Truck left" in found]


def test_python_is_completed_as_ever(complete):
    assert "import o = [Timeout" not in complete("x = [Timeout")
    assert complete("x = [TimeoutE") == ["x = [TimeoutError"]


def test_loading_it_twice_completes_once(complete):
    with shell() as made:
        made.run_line_magic("reload_ext", "hailuo_widgets")
        with provisionalcompleter():
            text = "%hailuo mo"
            assert len(list(made.Completer.completions(text, len(text)))) == 1
