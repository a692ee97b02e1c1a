"""A shot list for MiniMax-H3: `[Shot 1 0–3 s] … [Shot 2 3–6 s] …`, with lines for sound, music and dialogue.

Source: MiniMax, MiniMax-H3 prompt guide: shots as `[Shot N]` with time codes, sound, music, dialogue
`<d>[English] …</d>`, and references by their order: "Image 1", "Video 1", "Audio 1".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from hailuo_widgets.spec import camera_h3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hailuo_widgets.spec.request import VideoRequest

_TIME = r"(\d{1,3}(?::\d{2})?(?:\.\d+)?)"
_HEAD = re.compile(
    rf"\[\s*shot\s+(\d{{1,3}})\s*[:,.]?\s*(?:{_TIME}\s*s?\s*(?:[-–—]|to)\s*{_TIME}\s*s?)?\s*\]", re.IGNORECASE
)
_SOUNDS = re.compile(r"^\s*(sounds?|sfx|music|dialogue)\s*:\s*(.+?)\s*$|<d>(.+?)</d>", re.IGNORECASE | re.MULTILINE)
_NAMED = re.compile(r"\b(Image|Video|Audio) (\d{1,2})\b")
_MOST_NAMED = {"Image": "image", "Video": "video", "Audio": "audio"}
_NEAR = 0.05
"""Seconds that two times may differ and still be the same."""


@dataclass(frozen=True, slots=True)
class ListedShot:
    """One shot of a list.

    Attributes:
        number: As it is written.
        begins: Seconds; None where no time is given.
        ends: Seconds; None where no time is given.
        text: What follows its head.
        start: Position of its head in the prompt, in characters.
        end: One past its head.
        sounds: What is heard: `("music", "a slow piano")`.
    """

    number: int
    begins: float | None
    ends: float | None
    text: str
    start: int
    end: int
    sounds: tuple[tuple[str, str], ...] = ()


def shots(prompt: str) -> tuple[ListedShot, ...]:
    """The shots of a prompt, in the order in which they are written; none where it has no list."""
    heads = list(_HEAD.finditer(prompt))
    ends = [*(head.start() for head in heads), len(prompt)][1:]
    return tuple(
        ListedShot(
            int(head[1]),
            _seconds(head[2]),
            _seconds(head[3]),
            text := prompt[head.end() : end].strip(),
            head.start(),
            head.end(),
            tuple(_sounds(text)),
        )
        for head, end in zip(heads, ends, strict=True)
    )


def remarks(request: VideoRequest, duration: int | None) -> tuple[str, ...]:
    """What does not add up in a request to MiniMax-H3: times, moves, and references that were not given.

    Args:
        request: As it was written.
        duration: Of the clip, in seconds.
    """
    listed = shots(request.prompt)
    return (*_times(listed, duration), *_moves(listed, request.prompt), *_references(request))


def _times(listed: tuple[ListedShot, ...], duration: int | None) -> Iterator[str]:
    for at, shot in enumerate(listed, 1):
        if shot.number != at:
            yield f"Shot {shot.number} is the {_ordinal(at)} one; number the shots 1, 2, 3 …"
            break
    timed = [(shot.number, shot.begins, shot.ends) for shot in listed if shot.begins is not None]
    if not timed:
        return
    if len(timed) < len(listed):
        yield "Some shots have times and some don't; give each its times, or none."
        return
    number, begins, _ = timed[0]
    if begins:
        yield f"Shot {number} begins at {begins:g} s; the first one begins at 0 s."
    for number, begins, ends in timed:
        if (ends or 0) <= (begins or 0):
            yield f"Shot {number} ends at {ends:g} s, before it has begun."
    for (before, _, ended), (number, begins, _) in pairwise(timed):
        if abs((begins or 0) - (ended or 0)) > _NEAR:
            yield f"Shot {number} begins at {begins:g} s, and shot {before} ends at {ended:g} s."
    last = timed[-1][2] or 0
    if duration and abs(last - duration) > _NEAR:
        yield f"The shots end at {last:g} s, and the clip has {duration} s."


def _moves(listed: tuple[ListedShot, ...], prompt: str) -> Iterator[str]:
    texts = [(f"Shot {shot.number}", shot.text) for shot in listed] or [("The prompt", prompt)]
    for name, text in texts:
        if (count := camera_h3.moves_in(text)) > 1:
            more = "" if listed else " Put each into a shot of its own: [Shot 1 0–3 s] …"
            yield f"{name} has {count} camera moves; MiniMax recommends one a shot.{more}"


def _references(request: VideoRequest) -> Iterator[str]:
    given: list[str] = [media.kind for media in request.references]
    if not given:
        return
    for name, number in dict.fromkeys((found[1], int(found[2])) for found in _NAMED.finditer(request.prompt)):
        count = given.count(_MOST_NAMED[name])
        if not 1 <= number <= count:
            amount = f"{count} {'was' if count == 1 else 'were'}" if count else "none was"
            yield f"“{name} {number}” is named, and {amount} given."


def _sounds(text: str) -> Iterator[tuple[str, str]]:
    for found in _SOUNDS.finditer(text):
        if found[3]:
            yield "dialogue", found[3].strip()
        else:
            yield found[1].lower().removesuffix("s").replace("sfx", "sound"), found[2]


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    minutes, _, seconds = text.rpartition(":")
    return 60 * float(minutes or 0) + float(seconds)


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
