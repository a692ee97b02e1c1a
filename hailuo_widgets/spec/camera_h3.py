"""The camera as MiniMax-H3 is told of it: kind, amplitude and speed in its own verbs, and two moves that Hailuo lacks.

Source: MiniMax, MiniMax-H3 prompt guide, 4.3: push, pull, zoom, track, truck, pan, tilt, pedestal, arc, roll, static,
POV and shake; small or large; slow or fast; one move a shot.
"""

from __future__ import annotations

import re

from hailuo_widgets.spec.camera_commands import CameraCommand, command, normal

MOVES = {
    CameraCommand.TRUCK_LEFT: "the camera trucks left",
    CameraCommand.TRUCK_RIGHT: "the camera trucks right",
    CameraCommand.PAN_LEFT: "the camera pans left",
    CameraCommand.PAN_RIGHT: "the camera pans right",
    CameraCommand.PUSH_IN: "the camera pushes in",
    CameraCommand.PULL_OUT: "the camera pulls out",
    CameraCommand.PEDESTAL_UP: "the camera pedestals up",
    CameraCommand.PEDESTAL_DOWN: "the camera pedestals down",
    CameraCommand.TILT_UP: "the camera tilts up",
    CameraCommand.TILT_DOWN: "the camera tilts down",
    CameraCommand.ZOOM_IN: "the lens zooms in",
    CameraCommand.ZOOM_OUT: "the lens zooms out",
    CameraCommand.SHAKE: "the camera shakes, handheld",
    CameraCommand.TRACKING_SHOT: "the camera tracks the subject",
    CameraCommand.STATIC_SHOT: "static camera",
}
"""The fifteen commands as MiniMax-H3 gets them."""

MORE = {
    "arc left": "the camera arcs left around the subject",
    "arc right": "the camera arcs right around the subject",
    "roll left": "the camera rolls left",
    "roll right": "the camera rolls right",
    "pov": "POV shot",
}
"""What only MiniMax-H3 is told, by the words in the bracket."""

HOW = {
    "small": "small amplitude",
    "large": "large amplitude",
    "slow": "slow",
    "slowly": "slowly",
    "fast": "fast",
    "quickly": "fast",
}
"""Amplitude and speed: the word in the bracket → what is sent."""

_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_SEPARATOR = re.compile(r"[,，、]")


def move(text: str) -> str | None:
    """One part of a bracket in MiniMax-H3's words: `slow push in`, `Arc left`; None if it is no move."""
    if (known := command(text)) is not None:
        return MOVES[known]
    words = normal(text).split()
    rest = " ".join(word for word in words if word not in HOW)
    known = command(rest)
    said = MOVES[known] if known is not None else MORE.get(rest)
    if said is None:
        return None
    return ", ".join([said, *(HOW[word] for word in words if word in HOW)])


def understood(text: str) -> bool:
    """Whether what Hailuo would not follow is a move of MiniMax-H3's: the whole bracket, or a part of it."""
    parts = _parts(text.strip().removeprefix("[").removesuffix("]"))
    return bool(parts) and all(move(part) is not None or normal(part) in HOW for part in parts)


def prose(prompt: str) -> str:
    """The prompt with each camera bracket as words; other brackets are left as they are."""
    return _BRACKET.sub(lambda found: _said(found[1]) or found[0], prompt)


def moves_in(prompt: str) -> int:
    """How many moves the brackets of a prompt ask for."""
    return sum(move(part) is not None for found in _BRACKET.finditer(prompt) for part in _parts(found[1]))


def _parts(inside: str) -> list[str]:
    return [each for part in _SEPARATOR.split(inside) if (each := part.strip())]


def _said(inside: str) -> str:
    parts = [(part, move(part)) for part in _parts(inside)]
    moves = " while ".join(said for _, said in parts if said)
    rest = [HOW.get(normal(part), part) for part, said in parts if not said]
    return "(" + ", ".join([moves, *rest]) + ")" if moves else ""
