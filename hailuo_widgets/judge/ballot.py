"""Ballots: pairs that leave the library signed, and votes that come back as files from anybody.

A file is read as what a stranger wrote. Only pairs that this library signed are accepted, each once, so a file can
neither bring clips of its own nor vote on a pair twice. Who gave an answer, and whether it was meant, no signature
tells.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import os
import stat
import zlib
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hailuo_widgets.errors import UsageError
from hailuo_widgets.markup import clean
from hailuo_widgets.store.vote import LONGEST_NAME, ME, Vote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

LARGEST = 1_000_000
"""Bytes; a thousand votes have a quarter of it."""

FORMAT = "hailuo_widgets votes"

_EXAMPLE = 'Write fox.add_votes("ballot/votes-*.json").'

_MOST_ANSWERS = 1000
_LONGEST_SECONDS = 3600.0
_LATEST = 1e11
"""Seconds since the epoch, some thousand years on."""


class SignedPair(NamedTuple):
    """Two clips that a ballot asks about.

    Attributes:
        clips: Their ids.
        chosen: How they were chosen.
        probability: With which; None where that is unknown.
        seal: What proves that they were.
    """

    clips: tuple[str, str]
    chosen: str
    probability: float | None
    seal: str


class Added(NamedTuple):
    """What ballots brought.

    Attributes:
        votes: How many votes are new.
        known: How many were there already.
        voters: Names of those who gave the new and the known ones.
        refused: File → why nothing of it was taken.
    """

    votes: int
    known: int
    voters: tuple[str, ...]
    refused: dict[str, str]

    def __repr__(self) -> str:
        votes = "1 vote" if self.votes == 1 else f"{self.votes} votes"
        voters = "1 voter" if len(self.voters) == 1 else f"{len(self.voters)} voters"
        text = f"{votes} of {voters} added."
        if self.known:
            text += f" {self.known} were there already."
        lines = [f"{name} was refused: {why}" for name, why in list(self.refused.items())[:20]]
        if len(self.refused) > len(lines):
            lines.append(f"{len(self.refused) - len(lines)} more files were refused.")
        return "\n".join([text, *lines])


class _RefusedError(Exception):
    """Why a file is not taken, in a sentence."""


def sign(
    key: bytes, about: tuple[str, str], clips: tuple[str, str], chosen: str, probability: float | None
) -> SignedPair:
    """A pair for a ballot.

    Args:
        key: The library's.
        about: The ballot's name and its question.
        clips: Their ids.
        chosen: How they were chosen.
        probability: With which.
    """
    return SignedPair(clips, chosen, probability, _seal(key, about, clips, chosen, probability))


def _seal(key: bytes, about: tuple[str, str], clips: tuple[str, ...], chosen: str, probability: float | None) -> str:
    likely = "" if probability is None else f"{probability:.9e}"
    text = json.dumps([*about, sorted(clips), chosen, likely])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]


def find(patterns: tuple[str | Path, ...]) -> list[Path]:
    """The files that are meant, by names or patterns, each once.

    Raises:
        UsageError: If a name or pattern fits no file.
    """
    found: dict[Path, None] = {}
    if not patterns:
        raise UsageError("No votes file is given.", hint=_EXAMPLE)
    for pattern in patterns:
        if not isinstance(pattern, (str, os.PathLike)):
            raise UsageError(
                f"{pattern!r:.60} is not the name of a votes file.", hint=f"{_EXAMPLE} A list of names is *names."
            )
        path = Path(pattern).expanduser()
        files = [path] if path.exists() else [Path(name) for name in sorted(glob(str(path)))]  # noqa: PTH207  # absolute ones too
        if not files:
            raise UsageError(
                f"No file fits “{str(pattern)[:100]}”.",
                hint="Give the names of the files that voters sent back, or a pattern that fits them.",
            )
        found.update(dict.fromkeys(files))
    return list(found)


def read(files: list[Path], key: bytes, clips: Collection[str], now: float) -> tuple[list[Vote], dict[str, str]]:
    """The votes of files that are what they should be, and why the others are not.

    Args:
        files: As voters sent them.
        key: What this library signs with.
        clips: Ids of those that are compared here.
        now: Seconds since the epoch; votes are not from later.
    """
    votes: list[Vote] = []
    refused: dict[str, str] = {}
    for path in files:
        try:
            votes += _votes(_payload(path), key, clips, now)
        except _RefusedError as error:
            name = clean(path.name or str(path))
            refused[clean(str(path)) if name in refused else name] = str(error)
    return votes, refused


def _payload(path: Path) -> dict[str, Any]:
    """What a file says, once it is sure that it is a file of votes and whole."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise _RefusedError("it is not a file.")
        if about.st_size > LARGEST:
            raise _RefusedError(f"it has {about.st_size / 1e6:,.0f} MB, and a file of votes has less than 1 MB.")
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise _RefusedError(f"it can't be read: {error.strerror or error}.") from None
    whole = _json(raw)
    text, checksum = whole.get("votes"), whole.get("checksum")
    if whole.get("format") != FORMAT or not isinstance(text, str):
        raise _RefusedError("it is not a file of votes that a ballot page saved.")
    if whole.get("version") != 1:
        raise _RefusedError("it was saved by a newer ballot page: upgrade hailuo_widgets.")
    encoded = text.encode("utf-8", "replace")
    if checksum != f"{zlib.crc32(encoded):08x}":
        raise _RefusedError("it was changed after it was saved, or is incomplete: ask the voter to save it again.")
    return _json(encoded)


def _json(raw: bytes) -> dict[str, Any]:
    def refuse(_: str) -> float:
        raise ValueError

    try:
        found = json.loads(raw, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise _RefusedError("it is not a file of votes that a ballot page saved.") from None
    return found if isinstance(found, dict) else {}


def _votes(payload: dict[str, Any], key: bytes, clips: Collection[str], now: float) -> Iterator[Vote]:
    ballot, question, sheet = (payload.get(name) for name in ("ballot", "question", "sheet"))
    answers = payload.get("answers")
    if not all(isinstance(each, str) and 0 < len(each) <= 40 for each in (ballot, question, sheet)):
        raise _RefusedError("it does not name its ballot.")
    if not isinstance(answers, list) or not 0 < len(answers) <= _MOST_ANSWERS:
        raise _RefusedError("it holds no answers." if not answers else f"it holds more than {_MOST_ANSWERS} answers.")
    voter, first = _voter(payload.get("voter")), {}
    found = []
    for answer, moment in zip(answers, _moments(answers, now), strict=True):
        shown, chosen, likely, repeat = _signed(answer, key, (str(ballot), str(question)))
        if not all(clip in clips for clip in shown):
            raise _RefusedError("it is about clips that are not compared here.")
        pair = frozenset(shown)
        if (pair, repeat) in first:
            raise _RefusedError("it answers the same pair twice.")
        name = hashlib.sha256(json.dumps([ballot, question, sheet, sorted(shown), repeat]).encode()).hexdigest()[:32]
        first[pair, repeat] = name
        repeats = first.get((pair, False)) if repeat else None
        try:
            found.append(
                Vote(
                    id=name,
                    voter=voter,
                    clips=shown,
                    answer=answer.get("answer"),
                    created=moment,
                    question=str(question),
                    source="ballot",
                    seconds=_number(answer.get("seconds"), _LONGEST_SECONDS),
                    repeats=repeats,
                    chosen="repeat" if repeats else chosen,
                    probability=likely,
                )
            )
        except (ValueError, TypeError):
            raise _RefusedError("one of its answers can't be read.") from None
        if found[-1].answer == "undo":
            raise _RefusedError("one of its answers can't be read.")
    return iter(found)


def _moments(answers: list[Any], now: float) -> list[float]:
    """When each answer was given: in their order, and none later than now, whatever the voter's clock says."""
    said = [_number(each.get("at"), _LATEST) if isinstance(each, dict) else None for each in answers]
    ahead = max(0.0, max((each for each in said if each is not None), default=now) + 1e-5 * len(said) - now)
    found: list[float] = []
    for each in said:
        before = found[-1] + 1e-5 if found else 0.0
        found.append(max(before, (now if each is None else each) - ahead))
    return found


def _signed(answer: Any, key: bytes, about: tuple[str, str]) -> tuple[tuple[str, str], Any, float | None, bool]:
    """The clips of an answer in their seats, once it is sure that this library asked about them."""
    if not isinstance(answer, dict):
        raise _RefusedError("one of its answers can't be read.")
    shown, chosen, likely, seal = (answer.get(name) for name in ("clips", "chosen", "probability", "seal"))
    two = isinstance(shown, list) and len(shown) == 2 and all(isinstance(each, str) for each in shown)
    if isinstance(shown, list) and two and isinstance(chosen, str) and isinstance(seal, str):
        likely = None if likely is None else _number(likely, 1.0)
        clips = (shown[0], shown[1])
        wanted = _seal(key, about, clips, chosen, likely)
        if hmac.compare_digest(seal.encode("utf-8", "replace"), wanted.encode()):
            return clips, chosen, likely, answer.get("repeat") is True
    raise _RefusedError("it holds pairs that this library did not ask about, or it was changed.")


def _number(value: Any, most: float) -> float | None:
    """A number from 0 to `most`; None for anything else."""
    try:
        number = float(value) if type(value) in (int, float) else math.nan
    except OverflowError:
        return None
    return number if 0 <= number <= most and math.isfinite(number) else None


def _voter(name: Any) -> str:
    text = " ".join(clean(name).split())[:LONGEST_NAME] if isinstance(name, str) else ""
    if not text:
        raise _RefusedError("it does not say who voted.")
    return f"{text} (ballot)" if text == ME else text
