"""`{name}` in a cell: one pass, a brace is `{{`, and a mistake is shown where it stands."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_widgets.errors import UsageError
from hailuo_widgets.sweeps.template import expand


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
