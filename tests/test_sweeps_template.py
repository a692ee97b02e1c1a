"""One grammar for prompts and values: one pass, `{{` is a brace, choices, ranges, and mistakes shown where they stand."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_widgets.errors import UsageError
from hailuo_widgets.sweeps.template import (
    Choices,
    Reference,
    Text,
    bind,
    choices,
    expand,
    parse,
    parse_value,
    render,
    with_names,
    write,
)


def escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


@given(st.text())
def test_with_its_braces_escaped_any_text_is_itself(text):
    assert expand(escaped(text), {}) == text


@given(st.text(), st.text(), st.text())
def test_what_a_variable_holds_is_no_template_again(before, value, after):
    template = f"{escaped(before)}{{animal}}{escaped(after)}"
    assert expand(template, {"animal": value, "x": "NO"}) == f"{before}{value}{after}"


@given(st.text())
def test_nothing_but_a_usage_error_comes_out(text):
    with suppress(UsageError):
        expand(text, {"a": 1})


def test_one_pass_only():
    assert expand("{a}", {"a": "{b}", "b": "no"}) == "{b}"
    assert expand("{{a}}", {"a": "no"}) == "{a}"
    assert expand("{{{a}}}", {"a": "yes"}) == "{yes}"


def test_anything_with_a_text_can_be_put_in():
    assert expand("{ n } of {größe}", {"n": 6, "größe": 7.5}) == "6 of 7.5"


def under_the_mistake(text: str, **namespace) -> tuple[str, str, UsageError]:
    with pytest.raises(UsageError) as caught:
        expand(text, namespace)
    _message, line, caret = caught.value.message.split("\n")
    assert caret.endswith("^")
    return line, line[len(caret) - 1 :], caught.value


def test_an_unknown_name_says_what_was_meant():
    line, below, error = under_the_mistake("A fox\nand a {anmial} in snow", animal="dog", other=1)
    assert line.strip() == "and a {anmial} in snow"
    assert below.startswith("{anmial}")
    assert "no variable “anmial”" in error.message
    assert "Did you mean animal?" in error.hint


def test_an_unknown_name_that_is_near_nothing():
    _line, below, error = under_the_mistake("{zzz}", animal="dog", _private=1)
    assert below == "{zzz}"
    assert "{{" in error.hint


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("a } b", "} b"),
        ("a { b", "{ b"),
        ("{a b} c", "{a b} c"),
        ("x {1}", "{1}"),
        ("x {}", "{}"),
        ("x {a.b}", "{a.b}"),
        ("x {a!r}", "{a!r}"),
        ("x {__import__('os')}", "{__import__('os')}"),
        ("{{ok}} }", "}"),
    ],
)
def test_the_caret_stands_under_the_mistake(text, mistake):
    assert under_the_mistake(text, a=1)[1] == mistake


def test_the_caret_stands_under_the_mistake_in_a_long_line_too():
    line, below, _error = under_the_mistake("word " * 400 + "{oops}" + " word" * 400)
    assert below.startswith("{oops}")
    assert len(line) < 100


def test_below_chinese_the_caret_is_as_far_to_the_right():
    line, _below, error = under_the_mistake("一只狐狸 {动物}", 狐=1)
    caret = error.message.split("\n")[2]
    assert caret == "    " + "\u3000" * 4 + " ^"
    assert line.endswith("{动物}")


# --- choices --------------------------------------------------------------------------------------------------------


def options(text: str, **namespace) -> dict[str, list[str]]:
    """Each axis with its options, as text."""
    nodes = bind(
        with_names(parse(text), ()), text, {each.name for each in choices(with_names(parse(text), ()))}, namespace
    )
    return {each.name: [write(option, inside=True) for option in each.options] for each in choices(nodes)}


@pytest.mark.parametrize(
    ("text", "axes"),
    [
        ("A fox {gait = trots | leaps}", {"gait": ["trots", "leaps"]}),
        ("A {red|blue} fox in {snow | grass}", {"choice1": ["red", "blue"], "choice2": ["snow", "grass"]}),
        ("{gait=trots|leaps}, {gait}", {"gait": ["trots", "leaps"]}),
        ("{very | } big", {"choice1": ["very", ""]}),
        ("{ | }", {"choice1": ["", ""]}),
        ("{one = a}", {"one": ["a"]}),
        ("{1..5}", {"choice1": ["1", "2", "3", "4", "5"]}),
        ("{n = 1..9 step 4 | 20}", {"n": ["1", "5", "9", "20"]}),
        ("{3..1}", {"choice1": ["3", "2", "1"]}),
        ("{-2 .. 2 step 2}", {"choice1": ["-2", "0", "2"]}),
        ("{a | {b | c} d}", {"choice1": ["a", "b d", "c d"]}),
        ("{a|{b|c}}", {"choice1": ["a", "b", "c"]}),
        ("{x = a {y = 1 | 2} | b}", {"x": ["a {y = 1 | 2}", "b"], "y": ["1", "2"]}),
        ("{ {a|b} {c|d} | e}", {"choice1": ["a c", "a d", "b c", "b d", "e"]}),
        ("{[Pan left, Pedestal up] | [Static shot]}", {"choice1": ["[Pan left, Pedestal up]", "[Static shot]"]}),
        ("{狐狸 = 跑 | 跳}", {"狐狸": ["跑", "跳"]}),
        ("{x == y | z}", {"choice1": ["x == y", "z"]}),
        ("{a\n | b\n}", {"choice1": ["a", "b"]}),
        (r"{a \| b | c}", {"choice1": [r"a \| b", "c"]}),
        ("{ {{a}} | b }", {"choice1": [r"\{a\}", "b"]}),
        (r"{frames\a | frames\b}", {"choice1": [r"frames\a", r"frames\b"]}),
        ("{choice1 = a | b} {c | d}", {"choice1": ["a", "b"], "choice2": ["c", "d"]}),
        ("A | B", {}),
        ("[a|b] {{c|d}}", {}),
    ],
)
def test_what_is_an_axis(text, axes):
    assert options(text) == axes


def test_a_list_of_the_notebook_is_an_axis_and_anything_else_a_value():
    assert options("{animal} {n} {one}", animal=["fox", "{owl}"], n=range(3), one="{no}") == {
        "animal": ["fox", r"\{owl\}"],
        "n": ["0", "1", "2"],
    }
    with pytest.raises(UsageError, match="is empty"):
        options("{animal}", animal=[])


@pytest.mark.parametrize(
    ("text", "mistake", "hint"),
    [
        ("a {b | c", "{b | c", "its “}” is missing"),
        ("a {b | [Pan left | Pan right] }", "[Pan left | Pan right] }", "needs its own brackets"),
        ("{the gait = a | b}", "{the gait = a | b}", "{the_gait = …}"),
        ("{n-1 = a | b}", "{n-1 = a | b}", "{n_1 = …}"),
        ("{1 = a | b}", "{1 = a | b}", "starts with a letter"),
        ("{a = 9..1 step 2}", "{a = 9..1 step 2}", "9..1 step -2"),
        ("{1..9 step 0}", "{1..9 step 0}", "1..9 step 1"),
        ("{1..999999}", "{1..999999}", "At most 10,000"),
        ("{ {1..1000} {1..1000} }", "{ {1..1000} {1..1000} }", "at most 10,000"),
        ("{ {1|2}000..{8|9}999 }", "{ {1|2}000..{8|9}999 }", "at most 10,000"),
        ("{1..9000 | 1..9000}", "{1..9000 | 1..9000}", "at most 10,000"),
        ("{ { a " * 3000, "{ { a ", "Give a choice a name"),
        ("{{a|b} | c}", "} | c}", "“{{” is a literal brace"),
        ("{a | b | {c}", "{a | b | {c}", "missing"),
        ("x {a | {nothing}}", "{nothing}}", "Define it"),
    ],
)
def test_a_mistake_in_a_choice_says_what_was_meant(text, mistake, hint):
    with pytest.raises(UsageError) as caught:
        bind(with_names(parse(text), ()), text, (), {})
    _message, line, caret = caught.value.message.split("\n")[:3]
    below = line[len(caret) - 1 :].strip()
    assert mistake.startswith(below) if len(below) < len(mistake) else below.startswith(mistake)
    assert hint in caught.value.hint


def test_the_choices_of_a_whole_text_have_a_limit_too():
    with pytest.raises(UsageError, match="more than 50,000 choices up to here"):
        parse("{ {1..100} {1..100} } " * 50)


def test_on_a_magics_line_nothing_is_chosen():
    with pytest.raises(UsageError, match="nothing to choose"):
        expand("{a | b}", {})
    with pytest.raises(UsageError, match="nothing to choose"):
        expand("{seconds}", {"seconds": [6, 10]})


@pytest.mark.parametrize(
    ("text", "picked", "prompt"),
    [
        ("A {big | } fox", 1, "A fox"),
        ("A {big | } fox", 0, "A big fox"),
        ("A fox{, running | } in snow", 1, "A fox in snow"),
        ("A fox runs {slowly | }.", 1, "A fox runs."),
        ("A fox {slowly | }", 1, "A fox"),
        ("{Slowly | } a fox", 1, "a fox"),
        ("A fox {slowly | }\nin snow", 1, "A fox\nin snow"),
        ("狐狸{慢慢地 | }跑", 1, "狐狸跑"),
        ("A {big | }{red | } fox", 1, "A fox"),
        ("A {big | } {red | } fox", 1, "A fox"),
    ],
)
def test_an_empty_choice_leaves_no_gap(text, picked, prompt):
    nodes = with_names(parse(text), ())
    by_name = {each.name: each for each in choices(nodes)}
    assert render(nodes, lambda name: by_name[name].options[picked]) == prompt


# --- a template is written as it was read ---------------------------------------------------------------------------

WORDS = st.text(alphabet=st.sampled_from("ab c{}|\\=.1-2,\n 狐"), max_size=8)


def merged(nodes):
    """As a reader gives them: no empty text, and no two beside each other."""
    found = []
    for node in nodes:
        if isinstance(node, Text) and found and isinstance(found[-1], Text):
            found[-1] = Text(found[-1].text + node.text)
        elif node != Text(""):
            found.append(node)
    return tuple(found)


def stripped(nodes):
    found = list(merged(nodes))
    if found and isinstance(found[0], Text):
        found[0] = Text(found[0].text.lstrip())
    if found and isinstance(found[-1], Text):
        found[-1] = Text(found[-1].text.rstrip())
    return tuple(node for node in found if node != Text(""))


@st.composite
def templates(draw):
    names = iter(["gait", "place", "größe", "x", "y1", "z_z"])

    def sequence(depth):
        kinds = ["text", "text", "reference"] + ["choice"] * (depth < 2)
        return [node(draw(st.sampled_from(kinds)), depth) for _ in range(draw(st.integers(0, 3)))]

    def node(kind, depth):
        name = next(names, None) if kind == "choice" else None
        if name:
            return Choices(name, tuple(stripped(sequence(depth + 1)) for _ in range(draw(st.integers(1, 3)))))
        return Reference(draw(st.sampled_from(["gait", "other"]))) if kind == "reference" else Text(draw(WORDS))

    return merged(sequence(0))


@given(templates())
def test_what_is_written_reads_as_the_same_again(nodes):
    assert parse(write(nodes)) == nodes


@given(st.text(alphabet=st.sampled_from("ab {}|\\=[].1,\n"), max_size=30))
def test_whatever_is_read_is_written_and_read_again(text):
    with suppress(UsageError):
        nodes = with_names(parse(text), ())
        again = parse(write(nodes))
        assert again == nodes
        assert write(again) == write(nodes)


@given(st.text(max_size=40))
def test_a_value_is_read_or_refused_and_nothing_else(text):
    with suppress(UsageError):
        parse_value(f"model: {text}", 6, 6 + len(text))
