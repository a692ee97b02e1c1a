"""A magic's line as words: quotation marks as in a shell, but Windows' paths and comments as in Python."""

from __future__ import annotations

import re
import shlex

from hailuo_widgets.errors import UsageError

_PARTS = re.compile(
    r"""'[^']*'                        # nothing is special in here
      | "(?:\\"|[^"])*"              # only \" is
      | (?P<comment>(?<!\S)\#.*)     # not in http://host/#part
      | \\(?P<escaped>[\s"'])?       # \ escapes a blank or a mark; C:\Users\me has none of these
      """,
    re.VERBOSE | re.DOTALL,
)


def split(line: str) -> list[str]:
    """The words of a line.

    Args:
        line: What follows the magic's name. From a # on that begins a word, it is a comment.

    Raises:
        UsageError: If a quotation mark is not closed.
    """
    try:
        return shlex.split(_PARTS.sub(_kept, line))
    except ValueError as error:
        raise UsageError(f"The line can't be read: {error}.", hint="Close every quotation mark.") from None


def _kept(part: re.Match[str]) -> str:
    text = part[0]
    if part["comment"]:
        return ""
    if text.startswith("'") or part["escaped"]:
        return text
    return re.sub(r'\\(?!")', r"\\\\", text)  # shlex reads a backslash as itself where it is doubled
