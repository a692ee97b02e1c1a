"""A sweep as other people's tools get it: each clip with its parameters, ratings and votes, and nothing private."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hailuo_widgets.engine.state import JobState
from hailuo_widgets.judge.votes import counted, standing
from hailuo_widgets.spec.media import Media
from hailuo_widgets.store.vote import QUESTION
from hailuo_widgets.sweeps.public_label import public_address, public_label

if TYPE_CHECKING:
    from pathlib import Path

    from hailuo_widgets.store.vote import Vote
    from hailuo_widgets.sweeps.sweep import Sweep

# Paths and addresses of this machine, ids of this account, and how far a clip is: all of these are done.
_PRIVATE = frozenset({"path", "job", "task_id", "callback_url", "state", "error", "cached", "started"})
_NUMBERS = frozenset({int, float})
_PICTURES = frozenset({"first_frame", "last_frame", "subject", "references", "base_video"})


@dataclass(frozen=True, slots=True)
class SharedClip:
    """A clip and what is known of it.

    Attributes:
        path: The mp4.
        name: What its file is called elsewhere: its hash, so that no word of a prompt is in it.
        facts: Prompt, axes, parameters, rating, tags, note, votes, `measured.…`: what JSON can hold, and of one type in
            all clips of a sweep.
    """

    path: Path
    name: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SharedVote:
    """A vote on clips of the sweep that was not undone.

    Attributes:
        question: What was asked.
        voter: A number in place of the name.
        source: `"person"`, `"ballot"` or `"program"`.
        clips: The clips' names in their seats.
        answer: The winner's name, `"tie"`, `"bad"` or `"skip"`.
        created: When, in ISO 8601.
    """

    question: str
    voter: str
    source: str
    clips: tuple[str, ...]
    answer: str
    created: str


def shared(sweep: Sweep, votes: list[Vote]) -> tuple[list[SharedClip], list[SharedVote]]:
    """The clips that are there, in the order of the cells, and the votes on them.

    Args:
        sweep: Whose.
        votes: All of the library.
    """
    ids = {str(clip.path): clip for clip in sweep.clips()}
    rows = [each for each in sweep.records if each["state"] == JobState.STORED.value and each["path"] in ids]
    names = {clip.id: f"{clip.sha256[:32]}.mp4" for clip in ids.values()}
    mine = [vote for vote in standing(votes) if all(clip in names for clip in vote.clips)]
    better = counted([vote for vote in mine if vote.question == QUESTION], names).votes
    shown = Counter(clip for seats, _ in better for clip in seats)
    won = Counter(seats[answer] for seats, answer in better if answer is not None)
    pictures = _picture_labels(sweep)
    facts = [
        {name: _plain(_public(name, value, pictures)) for name, value in row.items() if name not in _PRIVATE}
        | {"votes": shown[ids[row["path"]].id], "won": won[ids[row["path"]].id]}
        for row in rows
    ]
    _of_one_type(facts)
    clips = [
        SharedClip(ids[row["path"]].path, names[ids[row["path"]].id], fact)
        for row, fact in zip(rows, facts, strict=True)
    ]
    voters = {name: f"voter {number}" for number, name in enumerate(dict.fromkeys(vote.voter for vote in mine), 1)}
    return clips, [_vote(vote, names, voters[vote.voter]) for vote in mine]


def shared_axes(sweep: Sweep) -> dict[str, list[str]]:
    """What varies → the values, but no paths and addresses of this machine."""
    pictures = _picture_labels(sweep)
    return {
        axis.name: [pictures.get(value.label, value.label) for value in axis.values]  # no data frame's
        for axis in sweep.axes
        if axis.name not in _PRIVATE
    }


def vote_rows(votes: list[SharedVote]) -> list[dict[str, Any]]:
    """Votes as rows of a table, whose columns hold one value each."""
    return [{**asdict(vote), "clips": " ".join(vote.clips)} for vote in votes]


def _picture_labels(sweep: Sweep) -> dict[str, str]:
    """How axes call their pictures, which may be a path or a signed address → what others are told of them."""
    return {
        choice.label: public_label(choice)
        for axis in sweep.axes
        for choice in axis.values  # no data frame's
        if isinstance(choice.value, (Media, tuple))
    }


def _public(name: str, value: Any, pictures: dict[str, str]) -> Any:
    if name.removeprefix("axis.") not in _PICTURES:
        return value
    if isinstance(value, list):
        return [_public(name, each, pictures) for each in value]
    if not isinstance(value, str):
        return value
    return pictures.get(value) or public_address(value)


def _vote(vote: Vote, names: dict[str, str], voter: str) -> SharedVote:
    answer = names[vote.clips[vote.answer]] if isinstance(vote.answer, int) else str(vote.answer)
    clips = tuple(names[clip] for clip in vote.clips)
    when = datetime.fromtimestamp(vote.created, UTC).isoformat(timespec="seconds")
    return SharedVote(vote.question, voter, vote.source, clips, answer, when)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def _of_one_type(rows: list[dict[str, Any]]) -> None:
    """Columns with several types become text: data sets and tables have one type a column."""
    for name in rows[0] if rows else ():
        types = {type(row[name]) for row in rows if row[name] is not None}
        if len(types) > 1 and types != _NUMBERS:
            for row in rows:
                row[name] = None if row[name] is None else str(row[name])
