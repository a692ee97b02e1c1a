"""Where the camera is at each moment: the fifteen commands, and MiniMax-H3's own, as one pure function of time.

The model is a pinhole camera. World axes: x to the right, y up, z away from the viewer, in heights of the frame at
distance 1. A point (X, Y, Z) is seen at u (right) and v (down) from the middle of the frame, in heights of the frame:
see `Camera.project`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TRUCK = 1.3
PEDESTAL = 0.65
PUSH = 1.05
PAN = 0.5
TILT = 0.28
ZOOM = 1.6
TRACK = 2.6
ARC = 1.2
SUBJECT = 3.2
"""How far away the subject is that an arc goes around."""

ROLL = 0.21
"""Radians, of a roll of no stated amplitude."""

MOST_ROLL = 0.45
WALK = 0.55

AMPLITUDES = {"small": 0.5, "large": 1.35}
SLOW = 0.6
"""The share of the way that a slow move goes in the same time."""

FAST = 2.0
"""A fast move takes half of its time, and rests for the other half."""


@dataclass(frozen=True, slots=True)
class Camera:
    """The camera at one moment.

    Attributes:
        x: To the right, in frame heights at distance 1.
        y: Up.
        z: Forward.
        yaw: Turned to the right, as the tangent of the angle.
        pitch: Turned up, as the tangent of the angle.
        focal: Focal length, 1 at rest.
        follow: How far the followed subject has come to the right by now.
        roll: Turned about the line of sight, in radians; to the right, so that what is seen leans to the left.
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    focal: float = 1.0
    follow: float = 0.0
    roll: float = 0.0

    def project(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Where a point of the world is seen: u to the right and v down, in frame heights from the middle.

        Turning moves everything alike, whatever its distance: the sketch's narrow lens has no visible keystone. A roll
        is not part of it: the whole picture is turned afterwards.
        """
        depth = z - self.z
        return self.focal * ((x - self.x) / depth - self.yaw), self.focal * ((self.y - y) / depth + self.pitch)


def _ease(t: float) -> float:
    """From 0 to 1 with a soft start and end, and close to even speed between them."""
    t = min(1.0, max(0.0, t))
    soft = t * t * (3 - 2 * t)
    return 0.35 * t + 0.65 * soft


def _jitter(seconds: float, phase: float) -> float:
    """A hand's tremble: a sum of sines with no common period, within about ±1."""
    return (
        0.55 * math.sin(math.tau * 1.13 * seconds + phase)
        + 0.30 * math.sin(math.tau * 2.71 * seconds + 2.1 * phase)
        + 0.15 * math.sin(math.tau * 5.37 * seconds + 3.7 * phase)
    )


_MANNER = re.compile(r"(?P<name>.*?)(?: \((?P<how>[a-z, ]+)\))?", re.DOTALL)


@cache
def manner(name: str) -> tuple[str, float, float]:
    """A move without what is said of it in brackets, the share of its way, and its pace: `Push in (small, fast)`."""
    found = _MANNER.fullmatch(name)
    assert found is not None
    words = (found["how"] or "").split(", ")
    amount = next((AMPLITUDES[word] for word in words if word in AMPLITUDES), 1.0)
    return found["name"], amount * (SLOW if "slow" in words else 1.0), FAST if "fast" in words else 1.0


def starts(count: int, shares: Sequence[float] = ()) -> list[float]:
    """When each of so many steps begins, and when the last one ends (1): evenly, or by their shares of the time."""
    if len(shares) != count or not count or min(shares) <= 0:
        shares = [1.0] * count
    every, begins = sum(shares), [0.0]
    for each in shares:
        begins.append(begins[-1] + each / every)
    return begins


def running_step(count: int, t: float, shares: Sequence[float] = ()) -> int:
    """Which of so many steps is being carried out at `t` (0 to 1)."""
    begins = starts(count, shares)
    return max(0, min(count - 1, sum(each <= t for each in begins[:-1]) - 1))


def running(moves: Sequence[Sequence[str]], t: float) -> tuple[str, ...]:
    """The commands that are being carried out at `t` (0 to 1): sequential ones share the time evenly."""
    return tuple(moves[running_step(len(moves), t)]) if moves else ()


def most_roll(moves: Sequence[Sequence[str]], reach: float = 1.0) -> float:
    """The largest angle that a camera can come to be turned by, in radians."""
    every = [manner(name) for together in moves for name in together]
    return min(MOST_ROLL, sum(ROLL * amount * reach for name, amount, _ in every if name.startswith("Roll ")))


def camera_at(
    moves: Sequence[Sequence[str]],
    t: float,
    *,
    duration: float = 6.0,
    shares: Sequence[float] = (),
    reach: float = 1.0,
) -> Camera:
    """The camera at a moment of the clip.

    Args:
        moves: English command names; combined ones in one inner sequence, sequential ones one after the other. Names
            that are no camera command move nothing. `Push in (small, slow)` says how it is done.
        t: The moment, 0 at the first frame and 1 at the last.
        duration: Length of the clip in seconds, which sets the pace of `Shake` and of `POV` only.
        shares: How long each step lasts beside the others; evenly where there are not as many.
        reach: How far the moves go, as a share of their usual way.

    Returns:
        The camera. Sequential moves share the time, and each goes on from where the one before ended.
    """
    way = dict.fromkeys(("x", "y", "z", "yaw", "pitch", "follow", "roll"), 0.0)
    focal = 1.0
    begins = starts(len(moves), shares)
    for index, together in enumerate(moves):
        length = begins[index + 1] - begins[index]
        local = (t - begins[index]) / length
        if local <= 0:
            break
        for named in together:
            name, amount, pace = manner(named)
            amount *= reach
            done = amount * _ease(local * pace)
            for axis, far in _WAYS.get(name, {}).items():
                way[axis] += far * done
            if name in _ZOOMS:
                focal *= ZOOM ** (_ZOOMS[name] * done)
            # Faded in and out, so that a sequence has no jump where a hand's trembling begins and ends.
            strength = max(0.0, min(1.0, 6 * local, 6 * (1 - local)))
            for axis, far in _trembling(name, local * pace * duration * length).items():
                way[axis] += amount * strength * far
    # Two pushes in a row must not carry the camera through the nearest things.
    way["z"] = max(-2.5, min(1.25, way["z"]))
    way["roll"] = max(-MOST_ROLL, min(MOST_ROLL, way["roll"]))
    return Camera(**way, focal=max(0.5, min(2.6, focal)))


_WAYS: dict[str, dict[str, float]] = {
    "Truck left": {"x": -TRUCK},
    "Truck right": {"x": TRUCK},
    "Pedestal up": {"y": PEDESTAL},
    "Pedestal down": {"y": -PEDESTAL},
    "Push in": {"z": PUSH},
    "Pull out": {"z": -PUSH},
    "Pan left": {"yaw": -PAN},
    "Pan right": {"yaw": PAN},
    "Tilt up": {"pitch": TILT},
    "Tilt down": {"pitch": -TILT},
    "Tracking shot": {"x": TRACK, "follow": TRACK},
    "Arc left": {"x": -ARC, "yaw": ARC / SUBJECT},
    "Arc right": {"x": ARC, "yaw": -ARC / SUBJECT},
    "Roll left": {"roll": -ROLL},
    "Roll right": {"roll": ROLL},
    "POV": {"z": WALK},
}
"""What changes by a whole move, along which axis; an arc turns as it goes, so that the subject stays where it is."""

_ZOOMS = {"Zoom in": 1, "Zoom out": -1}


def _trembling(name: str, seconds: float) -> dict[str, float]:
    """What a hand or a step adds to a move."""
    if name == "Shake":
        return {
            "yaw": 0.014 * _jitter(seconds, 0.4),
            "pitch": 0.012 * _jitter(seconds, 1.9),
            "x": 0.030 * _jitter(seconds, 4.2),
            "y": 0.022 * _jitter(seconds, 5.5),
        }
    if name == "POV":  # two steps a second
        step = math.sin(math.tau * 0.95 * seconds)
        return {"x": 0.012 * step, "y": 0.016 * abs(step)}
    return {}
