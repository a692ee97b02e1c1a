"""A mistake in what a user wrote, shown where it stands."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

from hailuo_widgets.errors import UsageError

_LEFT, _RIGHT = 50, 30
"""Signs of a long line that are shown on either side of the mistake."""


def mistake(text: str, at: int, message: str, hint: str) -> UsageError:
    """An error with the line that is wrong and a caret under the mistake.

    Args:
        text: All that was written.
        at: Where in it the mistake begins.
        message: What is wrong, in one sentence.
        hint: What was probably meant.
    """
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    column = at - start
    left = max(0, column - _LEFT)
    shown = line[left : column + _RIGHT]
    under = "".join(_blank(each) for each in line[left:column])
    return UsageError(f"{message}\n    {shown}\n    {under}^", hint=f"\n{hint}")


def _blank(sign: str) -> str:
    """As wide as the sign above it: a Chinese one takes two columns."""
    if sign == "\t" or combining(sign):
        return sign if sign == "\t" else ""
    return "\u3000" if east_asian_width(sign) in "WF" else " "
