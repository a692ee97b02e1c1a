"""From what is written to axes and cells: headers, keywords, pictures, what goes together and what is left out."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import hailuo_widgets as hw
from hailuo_widgets.errors import UsageError
from hailuo_widgets.settings import Settings
from hailuo_widgets.sweeps import header
from hailuo_widgets.sweeps.cells import expand, single
from hailuo_widgets.sweeps.definition import Definition
from hailuo_widgets.sweeps.order import cheapest_first, interleaved
from hailuo_widgets.views.prompt_template import read

FOX = """A red fox {gait = trots | leaps} across {place = fresh snow | tall grass}, {light = dawn | dusk}.
---
camera:   [Static shot] | [Pan left] | [Push in, Pedestal up]
model:    MiniMax-Hailuo-2.3 | MiniMax-Hailuo-02
zip:      place light
skip:     model=MiniMax-Hailuo-02 camera="[Pan left]"
show:     camera × gait
"""


def laid_out(cell: str, provider: str = "minimax", **namespace):
    axes, cells, _ = expand(Definition.of_cell(header.read(cell, namespace)), provider, None)
    return axes, cells


def prompts(cell: str, **namespace) -> list[str]:
    return [each.prompt for each in laid_out(cell, **namespace)[1]]


def values(cell: str, name: str, **namespace) -> list:
    [axis] = [each for each in laid_out(cell, **namespace)[0] if each.name == name]
    return [choice.value for choice in axis.values]


def test_the_cell_of_the_manual():
    written = header.read(FOX, {})
    definition = Definition.of_cell(written, name="fox", repeat=2)
    axes, cells, _ = expand(definition, "minimax", None)
    assert [(axis.name, len(axis.values)) for axis in axes] == [
        ("gait", 2),
        ("place", 2),
        ("light", 2),
        ("camera", 3),
        ("model", 2),
    ]
    assert [choice.label for choice in axes[3].values] == ["Static shot", "Pan left", "Push in, Pedestal up"]
    assert len(cells) == 2 * 2 * 3 * 2
    assert sum(cell.skipped for cell in cells) == 4
    assert cells[0].prompt == "A red fox trots across fresh snow, dawn. [Static shot]"
    assert cells[-1].prompt == "A red fox leaps across tall grass, dusk. [Push in, Pedestal up]"
    assert {cell.at[1:3] for cell in cells} == {(0, 0), (1, 1)}
    assert (definition.rows, definition.columns) == ("camera", "gait")
    assert all(cell.written.prompt_optimizer is False for cell in cells)
    assert {cell.written.model for cell in cells} == {"MiniMax-Hailuo-2.3", "MiniMax-Hailuo-02"}


def test_python_says_the_same():
    made = hw.sweep(
        "A red fox {gait} across {place}, {light}.",
        gait=["trots", "leaps"],
        place=["fresh snow", "tall grass"],
        light=("dawn", "dusk"),
        camera=["Static shot", "[Pan left]", hw.CameraCommand.PUSH_IN, ["Push in", "Pedestal up"], None],
        model=["MiniMax-Hailuo-2.3", "MiniMax-Hailuo-02"],
        zip=[("place", "light")],
        skip=lambda cell: cell["model"] == "MiniMax-Hailuo-02" and cell["camera"] == "Pan left",
        provider="minimax",
    )
    assert [choice.label for choice in made.axes[3].values] == [
        "Static shot",
        "Pan left",
        "Push in",
        "Push in, Pedestal up",
        "(none)",
    ]
    assert made.cells[0].digest == laid_out(FOX)[1][0].digest
    assert sum(cell.skipped for cell in made.cells) == 4
    by_value = hw.sweep("A fox", camera=["Pan left", "Push in"], duration=[6, 10], skip={"camera": "[pan left]"})
    assert [cell.skipped for cell in by_value.cells] == [True, True, False, False]
    lines = [{"camera": ["Pan left", "Push in"], "duration": 10}]
    assert [
        cell.skipped for cell in hw.sweep("A fox", camera=["Pan left", "Push in"], duration=[6, 10], skip=lines).cells
    ] == [
        False,
        True,
        False,
        True,
    ]


def test_what_is_not_chosen_does_not_multiply():
    axes, cells = laid_out("{x = a {y = 1 | 2} | b}, {z = u | v}")
    assert [cell.prompt for cell in cells] == ["a 1, u", "a 1, v", "a 2, u", "a 2, v", "b, u", "b, v"]
    assert [choice.label for choice in axes[0].values] == ["a {y}", "b"]
    assert [choice.label for choice in axes[1].values] == ["1", "2", "–"]
    assert [cell.at[1] for cell in cells] == [0, 0, 1, 1, 2, 2]
    assert prompts("{x = a {y = 1 | 2} | b} {y}") == ["a 1 1", "a 2 2", "b 1", "b 2"]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_without_nesting_there_are_as_many_cells_as_combinations(lengths):
    text = " ".join("{" + " | ".join(f"v{i}_{n}" for n in range(length)) + " | w}" for i, length in enumerate(lengths))
    axes, cells = laid_out(text, "sketch")
    count = 1
    for length in lengths:
        count *= length + 1
    assert len(cells) == len({cell.at for cell in cells}) == len({cell.prompt for cell in cells}) == count
    assert [cell.at for cell in cells] == sorted(cell.at for cell in cells)
    for cell in cells:
        chosen = [axis.values[index].label for axis, index in zip(axes, cell.at, strict=True)]
        assert cell.prompt == " ".join(chosen)


def test_the_same_choice_again_and_in_a_field():
    assert prompts("{n = 6 | 10} s of a fox, {n} s\n---\nduration: {n}") == ["6 s of a fox, 6 s", "10 s of a fox, 10 s"]
    _, cells = laid_out("{n = 6 | 10} s of a fox\n---\nduration: {n}")
    assert [cell.quote.request.duration for cell in cells] == [6, 10]


@pytest.mark.parametrize(
    "prompt",
    [
        "A fox\n----\nin snow",
        "A fox --\nduration: long",
        "Scene one\n—\nFox: “Hello”",
        "- a fox\n- duration: an hour",
        "A fox\n--\n",
    ],
)
def test_dashes_of_a_prompt_are_its_own(prompt):
    assert single(Definition.of_cell(header.read(prompt, {})))[0] == prompt.strip()


def test_a_line_under_it_makes_all_above_it_the_prompt():
    assert prompts("A {fox | owl}\n----\nduration: 6\n---\n") == [
        "A fox\n----\nduration: 6",
        "A owl\n----\nduration: 6",
    ]


def test_words_of_the_header_may_hold_others():
    assert prompts("A {x} {y}\n---\nx: big {y}\ny: fox | owl") == ["A big fox fox", "A big owl owl"]
    assert prompts("A {x} {y}\n---\nx: big {y}\ny: fox") == ["A big fox fox"]


def test_what_is_copied_beside_other_choices_is_no_second_definition():
    assert prompts("{ {a|b} {y = 1|2} | c}") == ["a 1", "a 2", "b 1", "b 2", "c"]


@pytest.mark.parametrize(
    ("template", "said"),
    [("{n=a|b} {n=c|d|e}", "The axis “n” is defined twice"), ("{n=a {m}|b} {m={n}|c}", "is inside its own choice")],
)
def test_so_it_is_in_python(template, said):
    with pytest.raises(UsageError, match=said):
        hw.sweep(template)
    assert said in read(template).problem


def test_a_name_that_nothing_is_given_for_says_where_to_give_it():
    with pytest.raises(UsageError, match="Give place="):
        hw.sweep("A {place}")
    for name in ("name", "show", "budget"):
        with pytest.raises(UsageError, match=f"“{name}” is taken; give the axis another name"):
            hw.sweep(f"A {{{name}}}", **{name: ["a", "b"]})
    with pytest.raises(UsageError, match="in a cell above"):
        header.read("A {place}", {})
    assert "Write {place = a | b}" in read("A {place}").problem


def test_variables_of_the_notebook_in_prompt_and_header():
    cell = "A {animal} in {weather}\n---\nmodel: {models}\nduration: {seconds}\nresolution: {nothing}"
    axes, cells = laid_out(
        cell,
        animal=["fox", "{no}"],
        weather="{rain | snow}",
        models=["MiniMax-Hailuo-2.3", "MiniMax-Hailuo-02"],
        seconds=10,
        nothing=None,
    )
    assert [axis.name for axis in axes] == ["animal", "model"]
    assert cells[3].prompt == "A {no} in {rain | snow}"
    assert {cell.quote.request.duration for cell in cells} == {10}


def test_words_of_the_prompt_may_stand_in_the_header():
    assert prompts("A fox in {place}, {place}\n---\nplace: snow | {grass = tall | short} grass") == [
        "A fox in snow, snow",
        "A fox in tall grass, tall grass",
        "A fox in short grass, short grass",
    ]
    assert prompts("A fox in {place}\n---\nplace: snow") == ["A fox in snow"]


def test_where_the_camera_goes():
    assert prompts("A fox runs\n---\ncamera: Pan left") == ["A fox runs [Pan left]"]
    assert prompts("A fox {camera} runs\n---\ncamera: [pan left] | [Push in,Pedestal up] |") == [
        "A fox [Pan left] runs",
        "A fox [Push in, Pedestal up] runs",
        "A fox runs",
    ]
    assert prompts("狐狸\n---\ncamera: 推进, 上升") == ["狐狸 [推进, 上升]"]


def test_every_field_can_vary():
    cell = """A fox
---
duration: 6 | 10 s | 6..10 step 4
resolution: | 768P
prompt_optimizer: on | off |
fast-pretreatment: yes | no
provider: minimax | sketch
callback_url: https://example.com/hook
"""
    assert values(cell, "duration") == [6, 10, 6, 10]
    assert values(cell, "resolution") == [None, "768P"]
    assert values(cell, "prompt_optimizer") == [True, False, None]
    assert values(cell, "fast_pretreatment") == [True, False]
    _, cells = laid_out(cell)
    assert {cell.quote.row.provider for cell in cells} == {"minimax", "sketch"}
    assert {cell.written.prompt_optimizer for cell in cells} == {True, False, None}
    assert {cell.quote.request.callback_url for cell in cells if cell.quote} == {"https://example.com/hook"}


@pytest.fixture
def frames(tmp_path):
    folder = tmp_path / "my frames"
    folder.mkdir()
    for number, colour in enumerate(("teal", "gold", "plum")):
        Image.new("RGB", (640, 400), colour).save(folder / f"{number}.png")
    return folder


def test_pictures_by_pattern_by_name_and_by_axis(frames):
    axes, cells = laid_out(f"A fox\n---\nfirst_frame: {frames}/*.png")
    assert [choice.label for choice in axes[0].values] == [str(frames / f"{n}.png") for n in range(3)]
    assert {cell.quote.row.mode.value for cell in cells} == {"I2V"}
    assert len({cell.digest for cell in cells}) == 3
    quoted = laid_out(f'A fox\n---\nfirst_frame: "{frames}/0.png" | https://example.com/a.jpg |')[1]
    assert [cell.quote.row.mode.value for cell in quoted] == ["I2V", "I2V", "T2V"]
    derived = laid_out(f"A fox {{n = 0 | 2 | 7}}\n---\nfirst_frame: {frames}/{{n}}.png")[1]
    assert derived[1].written.first_frame.data == (frames / "2.png").read_bytes()
    assert "can't be read" in derived[2].problem
    assert derived[2].quote is None
    assert [axis.name for axis in laid_out(f"A {{n = 0 | 2}}\n---\nfirst_frame: {frames}/{{n}}.png")[0]] == ["n"]
    by_python = hw.sweep("A fox", first_frame=f"{frames}/?.png", provider="minimax")
    assert [cell.digest for cell in by_python.cells] == [cell.digest for cell in cells]
    one = hw.sweep("A fox {a | b}", first_frame=frames / "0.png", provider="minimax")
    assert [axis.name for axis in one.axes] == ["choice1"]
    many = hw.sweep("A fox", first_frame=[Image.new("RGB", (640, 400)), frames / "0.png", None])
    assert len(many.cells) == 3


def test_references_are_several_in_one_choice(frames):
    cell = f'A fox\n---\nmodel: MiniMax-H3\nreferences: "{frames}/0.png" "{frames}/1.png" | "{frames}/2.png"'
    assert [len(each.written.references) for each in laid_out(cell)[1]] == [2, 1]
    pair = [frames / "0.png", frames / "1.png"]
    assert [axis.name for axis in hw.sweep("A {a|b}", references=pair).axes] == ["choice1"]
    assert [len(each.written.references) for each in hw.sweep("A fox", references=[pair, pair[:1]]).cells] == [2, 1]


def test_what_the_vendor_would_not_take_stays_and_says_why():
    _, cells = laid_out("A fox\n---\nduration: 6 | 10\nresolution: 768P | 1080P")
    assert [bool(cell.quote) for cell in cells] == [True, True, True, False]
    assert "6 s only" in cells[3].problem
    assert cells[3].written is None or cells[3].quote is None
    _, cells = laid_out("A fox\n---\nmodel: MiniMax-Hailuo-2.3 | MiniMax-Hailuo-2.4")
    assert "Did you mean" in cells[1].problem


MISTAKES = {
    "A fox\n---\nduratoin: 6": ("duratoin", "Did you mean duration"),
    "A fox\n---\nprompt: a | b": ("prompt", "above the line"),
    "A fox\n---\n  six seconds": ("six seconds", "field: a | b"),
    "A fox\n---\nduration: 6 | six": ("six", "whole seconds"),
    "A fox\n---\nwatermark: maybe": ("maybe", "on or off"),
    "A fox\n---\nprovider: minmax | sketch": ("minmax", "Did you mean minimax"),
    "A fox\n---\ncamera: [Pan left] | [Pan lfet]": ("[Pan lfet]", "Did you mean [Pan left]"),
    "A fox\n---\nfirst_frame: nowhere/*.png": ("nowhere", "no file"),
    "A fox\n---\nfirst_frame: a**b*.png": ("a**b", "can't be searched for"),
    "A fox\n---\nfirst_frame: ~nouser/*.png": ("~nouser", "can't be searched for"),
    "A fox\n---\nfirst_frame: nowhere.png": ("nowhere.png", "can't be read"),
    "A fox\n---\nduration: 6\nduration: 10": ("duration", "twice"),
    "A fox {a|b\n---\nduration: 6": ("{a|b", "never closed"),
    "A fox\n---\nduration: {6 | 10": ("{6 | 10", "never closed"),
    "A {x = a|b}\n---\nx: c | d": ("{x = a|b}", "twice"),
    "A {x = a|b} {x = c|d|e}": ("{x = c|d|e}", "twice"),
    "A {x = a {x = c|d} | b}": ("{x = c|d}", "twice"),
    "A\n---\nduration: {x = 6|10}\nmodel: {x = S|T}": ("{x = S|T}", "twice"),
    "A {x}\n---\nx: {x = a|b} | c": ("{x = a|b}", "twice"),
    "A {n = a {n} | b}": ("{n} | b}", "“n” is inside its own choice"),
    "A {n = a {k = {n} | c} | b}": ("{n} | c}", "“n” is inside its own choice"),
    "A {n = a {k} | b} {k = {n} | c}": ("{n} | c}", "“n” is inside its own choice"),
    "A {n} {k}\n---\nn: a {k}\nk: b {n}": ("{n}", "“n” is inside its own choice"),
    "A fox\n---\nfirst_frame: {first_frame}.png": ("{first_frame}", "is inside its own choice"),
    "A fox\n----\nduration: 6": ("----", "Three dashes, `---`, separate"),
    "A fox\n--\n\n first-frame : a.png": ("--", "Three dashes"),
    "A fox\n —\nzip: a b": ("—", "Three dashes"),
    "A fox\n– – –\nresolution: 768P": ("– – –", "Three dashes"),
    "A {place}\n-----\nplace: a | b": ("-----", "Three dashes"),
    "A {x}": ("{x}", "no variable “x”"),
    "A fox\n---\nmodel: {modles}": ("{modles}", "no variable"),
    "A {x = a|b}\n---\nzip: x": ("zip", "zip needs at least two axes"),
    "A {x = a|b} {y = a|b}\n---\nzip: x z": ("z", "no axis “z”"),
    "A {x = a|b}\n---\nskip: x": ("x", "not a condition"),
    "A {x = a|b}\n---\nskip:": ("skip", "skip needs a condition"),
    "A {place = a|b}\n---\nskip: plaec=a": ("plaec", "Did you mean place"),
    "A {x = a|b}\n---\nshow: x × y × z": ("show", "show takes one or two axes"),
    "A {x = a|b}\n---\nshow: y": ("y", "no axis “y”"),
    "A {x = a|b}\n---\nshow: x × x": ("x", "can't be rows and columns"),
    "A fox\n---\nshow: y": ("y", "Nothing varies"),
}


@pytest.mark.parametrize("cell", MISTAKES)
def test_a_mistake_is_shown_where_it_stands(cell):
    below, said = MISTAKES[cell]
    with pytest.raises(UsageError) as caught:
        header.read(cell, {"x1": 1})
    line, caret = caught.value.message.split("\n")[-2:]
    assert line[len(caret) - 1 :].startswith(below)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("A {x = a|b} {y = a|b|c}\n---\nzip: x y", "x has 2, y has 3"),
        ("A {x = a {y = 1|2} | b} {z = a|b}\n---\nzip: y z", "inside another"),
        ("A {x = a|b} {y = a|b} {z = a|b}\n---\nzip: x y\nzip: y z", "in zip twice"),
        ("A {x = a|b}\n---\nskip: x=c", "has no value “c”"),
        ("{a = 1..200} {b = 1..200}", "more than 10,000 cells"),
    ],
)
def test_what_can_not_be_laid_out(cell, said):
    with pytest.raises(UsageError, match=said):
        laid_out(cell)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"gait": ["a"]}, "There is no field"),
        ({"durations": [6]}, "Did you mean duration"),
        ({"duration": []}, "has no values"),
        ({"repeat": 0}, "1 to 100"),
        ({"repeat": True}, "1 to 100"),
        ({"zip": [("x", "y")]}, "no axis “y”"),
        ({"skip": {"y": 1}}, "no axis “y”"),
        ({"show": ("y", "x")}, "no axis “y”"),
        ({"x": [1]}, "an axis of the template already"),
        ({"skip": lambda cell: cell["y"]}, "asks for “y”"),
        ({"camera": "Pan lfet"}, "Did you mean"),
        ({"provider": "minmax"}, "Did you mean minimax"),
        ({"first_frame": "a**b*.png"}, "“a**b*.png” can't be searched for"),
        ({"first_frame": "~nouser/*.png"}, "“~nouser/*.png” can't be searched for"),
        ({"zip": "x"}, "two different axes or more, not ['x']"),
        ({"zip": [("x", "x")]}, "two different axes or more, not ('x', 'x')"),
        ({"zip": [("x",)]}, "two different axes or more"),
        ({"zip": 5}, "two different axes or more, not 5"),
        ({"zip": [("x", 5)]}, "two different axes or more"),
        ({"zip": ("x", "p")}, "no axis “p”"),
        ({"show": ("x", "x")}, "one axis or two different ones"),
        ({"show": ("x", "y", "z")}, "one axis or two different ones"),
        ({"skip": "x=a"}, "skip can't be 'x=a'"),
        ({"skip": ["x=a"]}, "skip can't be 'x=a'"),
        ({"skip": 5}, "skip can't be 5"),
        ({"skip": {}}, "every cell would be left out"),
        ({"skip": [{"x": "a"}, {}]}, "every cell would be left out"),
        ({"skip": {5: "a"}}, "no axis “5”"),
        ({"budget": "much"}, "should be an amount"),
        ({"budget": True}, "should be an amount"),
    ],
)
def test_a_mistake_in_python_is_one_clear_sentence(arguments, said):
    with pytest.raises(UsageError) as caught:
        hw.sweep("A {x = a | b}", **arguments)
    assert said in str(caught.value)


@given(st.text(alphabet=st.sampled_from("ab:{}|\\=[].\"'× -\n"), max_size=40))
def test_whatever_stands_in_a_header_only_a_usage_error_comes_out(text):
    with suppress(UsageError):
        header.read(f"A {{x = a | b}}\n---\n{text}", {"a": [1, 2]})


def test_what_goes_together_and_is_shown_may_be_said_without_a_list():
    for together in (("n", "m"), ["n", "m"], [("n", "m")], (each for each in ("n", "m"))):
        assert len(hw.sweep("A {n = a|b} {m = c|d}", zip=together).cells) == 2
    assert Definition.of_python("A {gait = a|b}", {}, show="gait").rows == "gait"
    assert hw.sweep("A {gait = a|b}", show="gait").rows == "gait"
    assert Definition.of_python("A {n = a|b} {m = c|d}", {}, show=["m", "n"]).columns == "n"
    with pytest.raises(UsageError, match="one axis or two"):
        Definition.of_python("A {gait = a|b}", {}, show=5)


def test_numbers_of_numpy_are_numbers():
    two = [np.int64(6), np.int64(10)]
    made = hw.sweep("A {n} {x} {on}", n=np.float64(1.5), x=np.array(7), on=[np.bool_(True)], duration=two)
    assert made.cells[0].prompt == "A 1.5 7 True"
    assert [type(choice.value) for choice in made.axes[-1].values] == [int, int]
    assert [cell.written.duration for cell in made.cells] == [6, 10]
    assert hw.sweep("A {a|b}", duration=np.int64(10)).cells[0].written.duration == 10
    assert [type(each) for each in values("A\n---\nduration: {n}", "duration", n=two)] == [int, int]


def test_without_axes_it_is_one_clip():
    definition = Definition.of_cell(header.read("A fox, 2 | 3\n---\nduration: 10\ncamera: Pan left", {}), model="S")
    assert definition.axes == {}
    assert single(definition) == ("A fox, 2 | 3 [Pan left]", {"duration": 10, "model": "S"})
    with pytest.raises(UsageError, match="on the line and below"):
        Definition.of_cell(header.read("A\n---\nduration: 10", {}), duration=6)


# --- the order of buying --------------------------------------------------------------------------------------------


@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 3))
def test_every_row_and_column_gets_its_first_clip_early(rows, columns, others):
    text = f"{{a = 1..{rows}}} {{b = 1..{columns}}} {{c = 1..{others}}}"
    cells = laid_out(text, "sketch")[1]
    order = interleaved(cells, 0, 1)
    assert sorted(cell.index for cell in order) == [cell.index for cell in cells]
    first = order[: max(rows, columns)]
    assert {cell.at[0] for cell in first} == set(range(rows))
    assert {cell.at[1] for cell in first} == set(range(columns))
    assert order == interleaved(cells, 0, 1)


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_so_it_is_where_cells_are_missing(rows, columns, data):
    cells = laid_out(f"{{a = 1..{rows}}} {{b = 1..{columns}}}", "sketch")[1]
    some = data.draw(st.lists(st.sampled_from(cells), unique_by=lambda cell: cell.index, min_size=1))
    order = interleaved(some, 0, 1)
    assert sorted(cell.index for cell in order) == sorted(cell.index for cell in some)
    first = order[: len({cell.at[0] for cell in some}) + len({cell.at[1] for cell in some}) - 1]
    assert {cell.at[0] for cell in first} == {cell.at[0] for cell in some}
    assert {cell.at[1] for cell in first} == {cell.at[1] for cell in some}


def test_the_cheapest_first_and_the_unknown_last():
    cell = "A fox\n---\nresolution: 1080P | 768P | 512P\nprovider: minimax | sketch | evolink"
    order = cheapest_first(laid_out(cell.replace("512P", "720P"))[1])
    amounts = [each.quote.price.amount for each in order if each.quote]
    known = [amount for amount in amounts if amount is not None]
    assert known == sorted(known)
    assert amounts == known + [None] * (len(amounts) - len(known))


def test_settings_name_the_price_that_is_confirmed():
    settings = Settings()
    settings.set("confirm_above", "5 USD, ¥40")
    assert {currency: str(amount) for currency, amount in settings.confirm_above.items()} == {"USD": "5", "CNY": "40"}
    settings.set("confirm_above", "0.3")
    assert list(settings.confirm_above) == [""]
    settings.set("confirm_above", "")
    assert settings.confirm_above == {}
    with pytest.raises(UsageError, match="confirm_above should be an amount"):
        settings.set("confirm_above", "a lot")
    assert str(Settings.load({"HAILUO_CONFIRM_ABOVE": "$1"}).confirm_above["USD"]) == "1"
