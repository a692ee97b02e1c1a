"""`{name}` in a cell becomes the notebook's variable. In one pass: what a variable holds is no template again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from unicodedata import combining, east_asian_width

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.words import near

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def expand(text: str, namespace: Mapping[str, Any]) -> str:
    """Put variables into a text; `{{` and `}}` are braces.

    Raises:
        UsageError: At an unknown name or a single brace, with a caret under it and what was probably meant.
    """

    def value(match: re.Match[str]) -> str:
        token = match.group()
        if token in ("{{", "}}"):
            return token[0]
        if match.group(1) is None:
            raise _error(
                text, match.start(), f"The brace “{token}” stands alone.", f"For a brace itself write “{token * 2}”."
            )
        name = match.group(1).strip()
        if not name.isidentifier():
            hint = "Between braces goes a variable's name; for a brace itself write “{{”."
            raise _error(text, match.start(), f"“{token[:60]}” is no variable.", hint)
        if name not in namespace:
            close = near(name, (each for each in namespace if not each.startswith("_")))
            hint = (
                f"Did you mean {' or '.join(close)}?"
                if close
                else "Define it in a cell above, or write “{{” for a brace."
            )
            raise _error(text, match.start(), f"There is no variable “{name}”.", hint)
        return str(namespace[name])

    return _TOKEN.sub(value, text)


def _error(text: str, at: int, message: str, hint: str) -> UsageError:
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    column = at - start
    left = max(0, column - 50)
    shown = line[left : column + 30]
    under = "".join(_blank(each) for each in line[left:column])
    return UsageError(f"{message}\n    {shown}\n    {under}^", hint=f"\n{hint}")


def _blank(sign: str) -> str:
    """As wide as the sign above it: a Chinese one takes two columns."""
    if sign == "\t" or combining(sign):
        return sign if sign == "\t" else ""
    return "\u3000" if east_asian_width(sign) in "WF" else " "
