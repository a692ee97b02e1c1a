"""From votes as they were given to votes that count, and to what `fit` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable

    from hailuo_widgets.store.vote import Vote


class Counted(NamedTuple):
    """Votes as `fit` takes them.

    Attributes:
        votes: Each the clips in their seats, and the winner's seat or None for a tie.
        voters: Who gave each of them.
    """

    votes: list[tuple[tuple[Hashable, ...], int | None]]
    voters: list[Hashable]


def standing(votes: Iterable[Vote]) -> list[Vote]:
    """Votes that were not undone, in their order, without the rows that undo them.

    A vote can be undone by its own voter only.
    """
    every = list(votes)
    undone = {(vote.repeats, vote.voter) for vote in every if vote.answer == "undo"}
    return [vote for vote in every if vote.answer != "undo" and (vote.id, vote.voter) not in undone]


def counted(votes: Iterable[Vote], clips: Collection[str], *, programs: bool = False) -> Counted:
    """The votes that say which clip is better.

    Left out are undone votes, skipped pairs, “all bad” (which says nothing about which is better), and votes on clips
    that are not among these.

    Args:
        votes: As they were given.
        clips: Those of the study.
        programs: Whether votes of programs are wanted instead of people's; they are never mixed.
    """
    found = [
        vote
        for vote in standing(votes)
        if vote.answer not in ("skip", "bad")
        and (vote.source == "program") is programs
        and all(clip in clips for clip in vote.clips)
    ]
    answers = [vote.answer if isinstance(vote.answer, int) else None for vote in found]
    return Counted(
        [(vote.clips, answer) for vote, answer in zip(found, answers, strict=True)], [vote.voter for vote in found]
    )
