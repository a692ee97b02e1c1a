"""Text from outside, made safe to show: what a terminal or a table would act on is taken out, in one place."""

from __future__ import annotations

import re

REPLACEMENT = "\ufffd"
"""Stands where a control character was."""

_SPACE = re.compile("[\\s\x1c-\x1f\x85\u2028\u2029]+")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069]")
# In JSON's own text, where a control character is an escape. `\\\\` comes first: it escapes nothing that follows.
_IN_JSON = re.compile(
    r"\\\\|\\[bf]|\\u(?:00(?:0[0-8bcef]|1[0-9a-f]|7f|[89][0-9a-f])|20(?:0[ef]|2[89a-e]|6[6-9])|061c)|"
    + _CONTROL.pattern,
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """One line, without control characters and without what turns the direction of writing."""
    return _CONTROL.sub(REPLACEMENT, _SPACE.sub(" ", text)).strip()


def safe_json(text: str) -> str:
    """A JSON document whose strings hold no control characters but tabs and line ends, once it is read."""
    return _IN_JSON.sub(lambda found: found[0] if found[0] == "\\\\" else REPLACEMENT, text)
