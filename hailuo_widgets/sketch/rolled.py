"""A scene or a picture that the camera turns about the line of sight: painted larger than the frame, then turned."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from hailuo_widgets.sketch.paint import ScenePainter
from hailuo_widgets.sketch.picture import PicturePainter, cover

if TYPE_CHECKING:
    from hailuo_widgets.media.encode import Planes
    from hailuo_widgets.sketch.camera_path import Camera
    from hailuo_widgets.sketch.scene import Scene


class Painter(Protocol):
    """What paints a frame as a camera sees it."""

    def paint(self, planes: Planes, camera: Camera, seconds: float, /) -> None:
        """Paint one frame."""


class RolledPainter:
    """Paints what a camera sees that rolls; at rest it is what the painter inside it paints.

    Args:
        inside: What there is to see.
        width: Width of the frame in pixels, even.
        height: Height in pixels, even.
        most: The largest angle that the camera comes to, in radians.
    """

    def __init__(self, inside: Scene | Image.Image, width: int, height: int, most: float) -> None:
        self._height = height
        wide, high = _around(width, height, most)
        self._left, self._top = (wide - width) // 2, (high - height) // 2
        self._planes: Planes = (
            np.empty((high, wide), np.uint8),
            np.empty((high // 2, wide // 2), np.uint8),
            np.empty((high // 2, wide // 2), np.uint8),
        )
        self._painter: Painter
        if isinstance(inside, Image.Image):
            # Beyond its edges a picture goes on as in a mirror; its size in the frame stays as it is.
            sides = ((self._top, self._top), (self._left, self._left), (0, 0))
            pixels = np.pad(np.asarray(cover(inside, width, height)), sides, mode="symmetric")
            self._painter, self._share = PicturePainter(Image.fromarray(pixels), wide, high), 1.0
        else:
            self._painter, self._share = ScenePainter(inside, wide, high), height / high

    def paint(self, planes: Planes, camera: Camera, seconds: float) -> None:
        """Paint one frame."""
        self._painter.paint(self._planes, replace(camera, focal=camera.focal * self._share), seconds)
        for large, plane in zip(self._planes, planes, strict=True):
            part = 1 if plane.shape[0] == self._height else 2
            left, top = self._left // part, self._top // part
            turned = Image.fromarray(large)
            if camera.roll:
                turned = turned.rotate(math.degrees(camera.roll), Image.Resampling.BILINEAR)
            plane[...] = np.asarray(turned)[top : top + plane.shape[0], left : left + plane.shape[1]]


def _around(width: int, height: int, most: float) -> tuple[int, int]:
    """The size of what still fills the frame when it is turned by any angle up to `most`, in steps of four pixels."""
    cosine, sine = math.cos(most), math.sin(most)
    return _at_least(width, width * cosine + height * sine), _at_least(height, width * sine + height * cosine)


def _at_least(side: int, needed: float) -> int:
    return side + 4 * math.ceil(max(0.0, needed - side) / 4)
