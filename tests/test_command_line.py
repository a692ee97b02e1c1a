"""The words of a magic's line."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_widgets.command_line import split
from hailuo_widgets.errors import UsageError

LINES = [
    (r"--first-frame C:\Users\me\pic.png", ["--first-frame", r"C:\Users\me\pic.png"]),
    (r'--first-frame "C:\Users\me\my pic.png" -d 6', ["--first-frame", r"C:\Users\me\my pic.png", "-d", "6"]),
    (r"--first-frame 'C:\Users\me\my pic.png'", ["--first-frame", r"C:\Users\me\my pic.png"]),
    (r"--first-frame \\server\share\a.png", ["--first-frame", r"\\server\share\a.png"]),
    (r'--first-frame "\\server\my share\a.png"', ["--first-frame", r"\\server\my share\a.png"]),
    (r"--first-frame my\ picture.png", ["--first-frame", "my picture.png"]),
    (r'--first-frame "an \"odd\" name.png"', ["--first-frame", 'an "odd" name.png']),
    ("fox -d 6  # six seconds, that's enough", ["fox", "-d", "6"]),
    ("# nothing else", []),
    ("--first-frame https://host/a.png#top", ["--first-frame", "https://host/a.png#top"]),
    ("--first-frame 'a #1.png'", ["--first-frame", "a #1.png"]),
]


@pytest.mark.parametrize(("line", "words"), LINES)
def test_windows_paths_quotation_marks_and_comments(line, words):
    assert split(line) == words


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)))
def test_what_is_quoted_for_a_shell_is_read_back(words):
    assert split(shlex.join(words)) == words


def test_a_mark_that_is_not_closed_is_said():
    with pytest.raises(UsageError, match="can't be read"):
        split("--first-frame 'a.png")
