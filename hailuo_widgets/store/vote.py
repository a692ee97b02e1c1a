"""A vote: which of a few clips a person, or a program, found better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Answer = int | Literal["tie", "bad", "skip", "undo"]
Source = Literal["person", "ballot", "program"]

QUESTION = "better"
"""What is asked unless something else is."""

ME = "me"
"""The voter where no name is given."""

LONGEST_NAME, LONGEST_QUESTION, LONGEST_ID = 80, 40, 40


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote, or the undoing of one. Votes are only ever added.

    Attributes:
        id: Unique, at most 40 characters.
        voter: Who gave it, at most 80 characters.
        clips: The ids of the clips in their seats, 2 to 4.
        answer: The seat that won, from 0; `"tie"`, `"bad"` (all of them), `"skip"`, or `"undo"`.
        created: Seconds since the epoch.
        question: What was asked, at most 40 characters.
        source: `"person"` in a notebook, `"ballot"` from a file, or `"program"`.
        seconds: How long it took; None where that is unknown.
        repeats: Id of an earlier vote on the same clips, shown again with seats swapped; of an undo, the vote undone.
        chosen: How the clips were chosen: `"telling"`, `"random"`, `"repeat"`, or `""` where that is unknown.
        probability: With which they were chosen; None where that is unknown.

    Raises:
        ValueError: If a value is not one of these.
    """

    id: str
    voter: str
    clips: tuple[str, ...]
    answer: Answer
    created: float
    question: str = QUESTION
    source: Source = "person"
    seconds: float | None = None
    repeats: str | None = None
    chosen: str = ""
    probability: float | None = None

    def __post_init__(self) -> None:
        texts = [(self.id, LONGEST_ID), (self.voter, LONGEST_NAME), (self.question, LONGEST_QUESTION)]
        texts += [(each, LONGEST_ID) for each in self.clips] + ([] if self.repeats is None else [(self.repeats, 40)])
        if not all(isinstance(text, str) and 0 < len(text) <= most for text, most in texts):
            raise ValueError("a vote's id, voter, question or clips are missing or too long")
        if not 2 <= len(self.clips) <= 4 or len(set(self.clips)) < len(self.clips):
            raise ValueError("a vote is about 2 to 4 different clips")
        seat = type(self.answer) is int and 0 <= self.answer < len(self.clips)
        if not seat and self.answer not in ("tie", "bad", "skip", "undo"):
            raise ValueError("a vote's answer is a seat, tie, bad, skip or undo")
        if self.answer == "undo" and self.repeats is None:
            raise ValueError("an undo names the vote that it undoes")
        if self.source not in ("person", "ballot", "program") or self.chosen not in ("", "telling", "random", "repeat"):
            raise ValueError("a vote's source, or how its clips were chosen, is not a known one")
        numbers = [each for each in (self.created, self.seconds, self.probability) if each is not None]
        if not all(type(each) in (int, float) and math.isfinite(each) and each >= 0 for each in numbers):
            raise ValueError("a vote's times and probability are numbers of 0 or more")
