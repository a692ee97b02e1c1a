"""Where the camera is at each moment: the fifteen commands as one pure function of time.

The model is a pinhole camera. World axes: x to the right, y up, z away from the viewer, in heights of the frame at
distance 1. A point (X, Y, Z) is seen at u (right) and v (down) from the middle of the frame, in heights of the frame:
see `Camera.project`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TRUCK = 0.9
PEDESTAL = 0.34
PUSH = 0.85
PAN = 0.30
TILT = 0.17
ZOOM = 1.5
TRACK = 2.6


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
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    focal: float = 1.0
    follow: float = 0.0

    def project(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Where a point of the world is seen: u to the right and v down, in frame heights from the middle.

        Turning moves everything alike, whatever its distance: the sketch's narrow lens has no visible keystone.
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


def running(moves: Sequence[Sequence[str]], t: float) -> tuple[str, ...]:
    """The commands that are being carried out at `t` (0 to 1): sequential ones share the time evenly."""
    if not moves:
        return ()
    return tuple(moves[min(len(moves) - 1, int(max(0.0, t) * len(moves)))])


def camera_at(moves: Sequence[Sequence[str]], t: float, *, duration: float = 6.0, reach: float = 1.0) -> Camera:
    """The camera at a moment of the clip.

    Args:
        moves: English command names; combined ones in one inner sequence, sequential ones one after the other. Names
            that are no camera command move nothing.
        t: The moment, 0 at the first frame and 1 at the last.
        duration: Length of the clip in seconds, which sets the pace of `Shake` only.
        reach: How far the moves go, as a share of their usual way.

    Returns:
        The camera. Sequential moves share the time evenly and each goes on from where the one before ended.
    """
    x = y = z = yaw = pitch = follow = 0.0
    focal = 1.0
    for index, together in enumerate(moves):
        local = t * len(moves) - index
        if local <= 0:
            break
        done = reach * _ease(local)
        for name in together:
            match name:
                case "Truck left":
                    x -= TRUCK * done
                case "Truck right":
                    x += TRUCK * done
                case "Pedestal up":
                    y += PEDESTAL * done
                case "Pedestal down":
                    y -= PEDESTAL * done
                case "Push in":
                    z += PUSH * done
                case "Pull out":
                    z -= PUSH * done
                case "Pan left":
                    yaw -= PAN * done
                case "Pan right":
                    yaw += PAN * done
                case "Tilt up":
                    pitch += TILT * done
                case "Tilt down":
                    pitch -= TILT * done
                case "Zoom in":
                    focal *= ZOOM**done
                case "Zoom out":
                    focal /= ZOOM**done
                case "Tracking shot":
                    x += TRACK * done
                    follow += TRACK * done
                case "Shake" if local < 1:
                    seconds = local * duration / len(moves)
                    # Faded in and out, so that a sequence has no jump where the shaking begins and ends.
                    strength = reach * min(1.0, 6 * local, 6 * (1 - local))
                    yaw += 0.014 * strength * _jitter(seconds, 0.4)
                    pitch += 0.012 * strength * _jitter(seconds, 1.9)
                    x += 0.030 * strength * _jitter(seconds, 4.2)
                    y += 0.022 * strength * _jitter(seconds, 5.5)
                case _:
                    pass
    # Two pushes in a row must not carry the camera through the nearest things.
    return Camera(x, y, max(-2.5, min(1.15, z)), yaw, pitch, max(0.5, min(2.6, focal)), follow)
