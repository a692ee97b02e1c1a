"""What was probably meant: one wording for every misspelt name."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def near(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known words that `word` was probably meant to be, most likely first; letter case aside."""
    by_folded = {each.casefold(): each for each in known}
    return tuple(by_folded[each] for each in difflib.get_close_matches(word.casefold(), by_folded, n=3, cutoff=0.6))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence with what was probably meant, or with all that is known where nothing is close."""
    known = tuple(known)
    close = near(word, known)
    return f"Did you mean {' or '.join(close)}?" if close else f"Available: {', '.join(known)}."
