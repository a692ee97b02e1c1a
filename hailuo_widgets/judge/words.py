"""What a study says, as a sentence that claims no more than the votes do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from hailuo_widgets.judge.study import Study

_MOST_NAMES = 4
_LONGEST = 60


def sentence(study: Study) -> str:
    """The answer to “which is the best?”, with its doubt."""
    record = study.record
    count = f"{record.votes or 'No'} {'vote' if record.votes == 1 else 'votes'}"
    if len(study.cells) < 2:
        return f"{count}, and only one cell: there is nothing to compare it with."
    if not record.votes:
        return "No votes yet."
    first, *rest = study.ranking
    verdicts = {each.cell: study.verdict(first.cell, each.cell) for each in rest}
    second = rest[0]
    if all(verdict == "better" for verdict in verdicts.values()):
        return (
            f"{_name(first.cell)} is the best: a new clip of it beats a new clip of {_name(second.cell)}, the next "
            f"best, {study.beats(first.cell, second.cell)} of the time ({count})."
        )
    if all(verdict == "equal" for verdict in verdicts.values()):
        return f"Practically equal: no cell is ahead by more than the margin of {study.margin:.0%} ({count})."
    return " ".join([f"Not sure yet: {_leader(study)} ({count}).", *_reasons(study)])


def _leader(study: Study) -> str:
    first, *rest = study.ranking
    beaten = [each.cell for each in rest if study.verdict(first.cell, each.cell) == "better"]
    text = f"{_name(first.cell)} leads, with a chance of {first.best:.0%} of being the best"
    if beaten:
        text += f"; it is better than {_names(beaten)}"
    return text


def _reasons(study: Study) -> list[str]:
    """What keeps the study from an answer."""
    reasons = []
    if len(study.groups) > 1:
        groups = f"{len(study.groups)} groups of cells"
        if len(study.cells) <= _MOST_NAMES:
            groups = " and ".join(f"({_names(group)})" for group in study.groups)
        reasons.append(f"{groups} were never compared with each other.")
    if max(each.clips for each in study.ranking) == 1:
        reasons.append("With one clip per cell, votes can't tell a good cell from a lucky clip: add clips.")
    return reasons


def in_one_line(cell: Hashable) -> str:
    """A cell's name without line breaks."""
    return " ".join(str(cell).split())


def _name(cell: Hashable) -> str:
    text = in_one_line(cell)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _names(cells: Iterable[Hashable]) -> str:
    names = [_name(cell) for cell in cells]
    if len(names) > _MOST_NAMES:
        names = [*names[: _MOST_NAMES - 1], f"{len(names) - _MOST_NAMES + 1} others"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
