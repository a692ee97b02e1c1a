"""The camera as MiniMax-H3 reads it: which moves a prompt in plain words asks for, in which shot, and how.

Source: MiniMax, MiniMax-H3 prompt guide, 4.3: kind (push, pull, zoom, track, truck, pan, tilt, pedestal, arc, roll,
static, POV, shake), amplitude (small, large), speed (slow, fast); shots as `[Shot N]` with times.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hailuo_widgets.spec import camera, camera_h3, shot_list

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIDES = r"\s+(?:to\s+the\s+|toward\s+the\s+)?(left|right)"
_HEIGHTS = r"\s+(up|down)(?:ward|wards)?"
# What is said → the move; where it has a side, the side follows.
_MOVES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE))
    for name, pattern in (
        ("Push in", r"push(?:es|ing)?\s+(?:in|forward|closer|towards?)"),
        ("Pull out", r"pull(?:s|ing)?\s+(?:out|back|away)"),
        ("Zoom in", r"zoom(?:s|ing)?\s+in"),
        ("Zoom out", r"zoom(?:s|ing)?\s+out"),
        ("Truck", rf"truck(?:s|ing)?{_SIDES}"),
        ("Pan", rf"pan(?:s|ning)?{_SIDES}"),
        ("Arc", rf"arc(?:s|ing)?{_SIDES}"),
        ("Roll", rf"roll(?:s|ing)?{_SIDES}"),
        ("Tilt", rf"tilt(?:s|ing)?{_HEIGHTS}"),
        ("Pedestal", rf"pedestal(?:s|ing)?{_HEIGHTS}"),
        ("Tracking shot", r"track(?:s|ing)?\s+(?:the\s+)?(?:subject|shot)|follow(?:s|ing)?\s+the\s+subject"),
        ("POV", r"pov|point[- ]of[- ]view"),
        ("Shake", r"shak(?:e|es|ing)|hand-?held"),
        ("Static shot", r"static"),
    )
)
_ABOUT_CAMERA = re.compile(r"\b(?:camera|lens|pov|point[- ]of[- ]view|static shot|tracking shot)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|([^()\[\].;\n]+)")
_WHILE = re.compile(r"\bwhile\b", re.IGNORECASE)
_THEN = re.compile(r"\bthen\b", re.IGNORECASE)
_HOW = (
    ("small", re.compile(r"\b(?:small|slight|slightly|gentle|gently)\b", re.IGNORECASE)),
    ("large", re.compile(r"\blarge\b", re.IGNORECASE)),
    ("slow", re.compile(r"\bslow(?:ly)?\b", re.IGNORECASE)),
    ("fast", re.compile(r"\b(?:fast|quick|quickly|rapid|rapidly)\b", re.IGNORECASE)),
)

Step = tuple[str, ...]


class Ordered(NamedTuple):
    """What a camera is asked to do.

    Attributes:
        steps: The moves that are made at once, step after step: `("Push in (small, slow)",)`.
        shares: How long each step lasts beside the others; empty for evenly.
    """

    steps: tuple[Step, ...]
    shares: tuple[float, ...] = ()


def ordered(prompt: str, *, prose: bool) -> Ordered:
    """The moves that a prompt asks for.

    Args:
        prompt: For any model.
        prose: Whether the model reads plain words (MiniMax-H3) and not the fifteen commands alone.
    """
    if prose:
        return read(prompt)
    return Ordered(tuple(tuple(each.en for each in shot.commands) for shot in camera.parse(prompt).shots))


def read(prompt: str) -> Ordered:
    """The moves that a prompt for MiniMax-H3 asks for, brackets and plain words alike."""
    listed = shot_list.shots(prompt)
    if not listed:
        return Ordered(_steps(prompt))
    steps: list[Step] = []
    shares: list[float] = []
    for shot in listed:
        found = _steps(shot.text) or (("Static shot",),)
        length = (shot.ends or 0) - (shot.begins or 0)
        steps += found
        shares += [length / len(found)] * len(found)
    return Ordered(tuple(steps), tuple(shares) if min(shares) > 0 else ())


def _steps(text: str) -> tuple[Step, ...]:
    parts = [part for clause in _clauses(text) for part in _THEN.split(clause)]
    steps = (tuple(dict.fromkeys(move for each in _WHILE.split(part) for move in _moves(each))) for part in parts)
    return tuple(step for step in steps if step)


def _clauses(text: str) -> Iterator[str]:
    """What is in brackets, and the sentences that speak of the camera: a lorry trucks left, too."""
    for clause in _CLAUSE.finditer(camera_h3.prose(text)):
        words = clause[1] or clause[2] or clause[3] or ""
        if clause[2] is not None or _ABOUT_CAMERA.search(words):
            yield words


def _moves(text: str) -> Step:
    found = []
    for name, pattern in _MOVES:
        for said in pattern.finditer(text):
            side = f" {said[1].lower()}" if pattern.groups else ""
            found.append((said.start(), name + side))
    how = ", ".join(word for word, pattern in _HOW if pattern.search(text))
    names = dict.fromkeys(name for _, name in sorted(found))
    return tuple(f"{name} ({how})" if how and name != "Static shot" else name for name in names)
