"""Two prompts beside each other, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

Mark = Literal["same", "new", "gone"]

_TOKEN = re.compile(r"\s+|\[[^\[\]]*\]|[\u2e80-\u9fff\uff00-\uffef]|[^\s\[\]\u2e80-\u9fff\uff00-\uffef]+|.", re.DOTALL)
"""A blank, a whole bracket, a Chinese sign, a word."""

_MOST_WORDS = 4000


def pieces(prompt: str) -> list[str]:
    """A prompt cut into what a reader sees as one thing each; joined again, they are the prompt."""
    return _TOKEN.findall(prompt)


def word_diff(before: str, after: str) -> list[tuple[str, Mark]]:
    """The difference between two prompts: common, removed and added pieces.

    Without what is gone, the pieces are `after`; without what is new, they are `before`.
    """
    old, new = pieces(before), pieces(after)
    if len(old) + len(new) > _MOST_WORDS:  # what was pasted by mistake is not worth seconds
        return [(before, "gone"), (after, "new")] if before != after else [(after, "same")]
    found: list[tuple[str, Mark]] = []
    for what, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(("".join(new[from_new:to_new]), "same"))
        else:
            found += [("".join(old[from_old:to_old]), "gone"), ("".join(new[from_new:to_new]), "new")]
    return [(text, mark) for text, mark in found if text]
