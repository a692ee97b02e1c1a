"""The subjects: small charming silhouettes with two or three tones, drawn with a few ellipses and polygons.

Each is drawn in a square of 100 × 100 units whose bottom middle stands on the ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Colour = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tones:
    """What a subject is painted with.

    Attributes:
        body: The main tone.
        dark: Markings, legs, wheels.
        light: Faces, bellies, snow on a roof.
        accent: One small spot of colour: a scarf, a window, a sail.
    """

    body: Colour
    dark: Colour
    light: Colour
    accent: Colour


class Pen:
    """Draws in units of the square, at any size.

    Args:
        size: Side of the square in pixels.
    """

    def __init__(self, size: int) -> None:
        self.image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)
        self._unit = size / 100

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """An ellipse around (x, y)."""
        k = self._unit
        self._draw.ellipse(((x - rx) * k, (y - ry) * k, (x + rx) * k, (y + ry) * k), fill=fill)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        """A polygon."""
        self._draw.polygon([(x * self._unit, y * self._unit) for x, y in points], fill=fill)

    def line(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """A line with round ends and joints."""
        k = self._unit
        self._draw.line([(x * k, y * k) for x, y in points], fill=fill, width=max(1, round(width * k)), joint="curve")
        for x, y in points:
            self.oval(x, y, width / 2, width / 2, fill)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, radius: float = 0) -> None:  # noqa: PLR0917  # sides, then looks
        """A rectangle, its corners rounded."""
        k = self._unit
        self._draw.rounded_rectangle((left * k, top * k, right * k, bottom * k), radius * k, fill=fill)

    def curve(self, points: Sequence[Point], fill: Colour) -> None:
        """A closed smooth shape through the middles between the points (a quadratic B-spline)."""
        outline: list[Point] = []
        for index, (x, y) in enumerate(points):
            (px, py), (nx, ny) = points[index - 1], points[(index + 1) % len(points)]
            for step in range(8):
                t = step / 8
                a, b, c = (1 - t) ** 2 / 2, 0.5 + t * (1 - t), t**2 / 2
                outline.append((a * px + b * x + c * nx, a * py + b * y + c * ny))
        self.shape(outline, fill)


def _bear(pen: Pen, tones: Tones, *, panda: bool) -> None:
    limbs = tones.dark if panda else tones.body
    pen.oval(36, 94, 12, 6.5, limbs)
    pen.oval(64, 94, 12, 6.5, limbs)
    pen.curve(
        [(27, 52), (50, 42), (73, 52), (80, 80), (70, 99), (30, 99), (20, 80)], tones.light if panda else tones.body
    )
    pen.line([(29, 60), (19, 72), (15, 62)], 11, limbs)
    pen.line([(71, 60), (82, 70), (88, 56)], 11, limbs)
    if panda:
        pen.curve([(26, 52), (50, 47), (74, 52), (76, 64), (50, 60), (24, 64)], tones.dark)
    else:
        pen.oval(50, 80, 15, 15, tones.light)
    for x in (31, 69):
        pen.oval(x, 15, 8.5, 8.5, limbs)
    pen.curve(
        [(25, 18), (50, 6), (75, 18), (82, 38), (66, 52), (50, 54), (34, 52), (18, 38)],
        tones.light if panda else tones.body,
    )
    if panda:
        pen.oval(39, 31, 6, 7.5, tones.dark)
        pen.oval(61, 31, 6, 7.5, tones.dark)
        for x in (40, 60):
            pen.oval(x, 30, 1.8, 2, tones.light)
    else:
        pen.oval(50, 41, 10, 7.5, tones.light)
        for x in (40, 60):
            pen.oval(x, 31, 2.4, 2.8, tones.dark)
    pen.oval(50, 38, 4, 2.8, tones.dark)


def _cat(pen: Pen, tones: Tones) -> None:
    pen.line([(67, 92), (84, 88), (88, 72), (82, 60)], 6, tones.body)
    pen.curve([(36, 50), (60, 48), (72, 70), (74, 99), (30, 99), (30, 72)], tones.body)
    pen.oval(46, 80, 8, 14, tones.light)
    pen.shape([(28, 40), (28, 12), (45, 26)], tones.body)
    pen.shape([(68, 40), (68, 12), (51, 26)], tones.body)
    pen.oval(48, 38, 23, 18, tones.body)
    for x in (39, 57):
        pen.oval(x, 36, 3, 4, tones.accent)
        pen.oval(x, 36, 1.2, 3.4, tones.dark)
    pen.shape([(46, 43), (50, 43), (48, 46)], tones.dark)
    for x in (38, 52):
        pen.oval(x, 97, 8, 3.6, tones.body)


def _canine(pen: Pen, tones: Tones, *, fox: bool) -> None:
    if fox:
        pen.curve([(24, 78), (6, 62), (2, 84), (14, 97), (36, 92)], tones.body)
        pen.curve([(8, 72), (0, 80), (6, 92), (14, 88)], tones.light)
    else:
        pen.line([(24, 66), (14, 52), (16, 44)], 6, tones.body)
    for x in (28, 37, 60, 68):
        pen.line([(x, 74), (x, 96)], 6, tones.dark if fox else tones.body)
    pen.curve([(20, 58), (46, 56), (72, 52), (78, 70), (60, 84), (26, 84)], tones.body)
    pen.curve([(56, 56), (66, 30), (82, 36), (80, 66), (66, 76)], tones.body)
    if fox:
        pen.shape([(62, 36), (63, 13), (74, 28)], tones.body)
        pen.shape([(74, 32), (80, 12), (85, 30)], tones.body)
    pen.curve([(60, 32), (76, 22), (88, 34), (99, 45), (90, 51), (72, 54), (60, 46)], tones.body)
    pen.curve([(74, 47), (90, 43), (98, 46), (88, 52), (74, 56), (66, 62), (66, 52)], tones.light)
    if not fox:
        pen.curve([(62, 28), (70, 26), (70, 48), (60, 52), (56, 40)], tones.dark)
        pen.line([(58, 60), (78, 62)], 3.4, tones.accent)
    pen.oval(97, 45, 2.6, 2.2, tones.dark)
    pen.oval(80, 37, 2.2, 2.4, tones.dark)


def _rabbit(pen: Pen, tones: Tones) -> None:
    pen.oval(24, 84, 8, 8, tones.light)
    pen.curve([(24, 72), (44, 52), (68, 60), (76, 99), (26, 99)], tones.body)
    pen.curve([(52, 40), (46, 8), (53, 4), (61, 34)], tones.body)
    pen.curve([(62, 38), (66, 6), (73, 6), (70, 38)], tones.body)
    pen.oval(65, 48, 17, 15, tones.body)
    pen.oval(71, 45, 2.6, 3.2, tones.dark)
    pen.oval(81, 50, 1.8, 1.5, tones.accent)
    pen.oval(64, 82, 8, 12, tones.light)
    pen.oval(66, 97, 11, 4, tones.body)


def _bird(pen: Pen, tones: Tones) -> None:
    pen.curve([(50, 46), (30, 20), (8, 16), (2, 22), (22, 32), (40, 54)], tones.body)
    pen.curve([(52, 46), (70, 16), (92, 8), (98, 14), (80, 28), (62, 54)], tones.body)
    pen.curve([(30, 62), (48, 44), (66, 46), (78, 46), (70, 56), (52, 64), (34, 68), (20, 74)], tones.light)
    pen.shape([(75, 47), (85, 49), (75, 52)], tones.accent)


def _whale(pen: Pen, tones: Tones) -> None:
    pen.curve([(12, 62), (2, 44), (14, 46), (20, 52), (28, 42), (36, 46), (26, 64)], tones.body)
    pen.curve([(14, 62), (34, 70), (52, 48), (82, 48), (98, 66), (92, 90), (60, 99), (30, 90)], tones.body)
    pen.curve([(40, 88), (66, 82), (96, 76), (90, 92), (62, 100)], tones.light)
    pen.oval(84, 68, 2.2, 2.4, tones.dark)
    for points in ([(74, 46), (73, 34), (64, 26)], [(74, 46), (76, 33), (85, 27)]):
        pen.line(points, 2.6, tones.light)


def _boat(pen: Pen, tones: Tones) -> None:
    pen.line([(48, 8), (48, 82)], 2, tones.dark)
    pen.curve([(45, 10), (45, 12), (32, 44), (10, 72), (12, 74), (45, 74)], tones.light)
    pen.curve([(51, 20), (52, 20), (72, 48), (80, 72), (76, 74), (51, 74)], tones.accent)
    pen.curve([(6, 80), (8, 79), (92, 77), (95, 78), (80, 98), (70, 99), (26, 99), (16, 96)], tones.dark)
    pen.line([(12, 83), (89, 81)], 1.6, tones.light)


def _car(pen: Pen, tones: Tones) -> None:
    pen.curve([(22, 72), (32, 52), (44, 50), (62, 50), (72, 56), (82, 74)], tones.body)
    pen.curve([(31, 69), (37, 56), (48, 55), (49, 69), (48, 70)], tones.light)
    pen.curve([(53, 69), (53, 55), (62, 55), (69, 60), (74, 69)], tones.light)
    pen.box(6, 68, 96, 88, tones.body, 8)
    pen.oval(93, 76, 3.2, 3, tones.accent)
    pen.box(5, 73, 9, 79, tones.accent, 1.5)
    for x in (25, 76):
        pen.oval(x, 88, 10, 10, tones.dark)
        pen.oval(x, 88, 4.4, 4.4, tones.light)


def _balloon(pen: Pen, tones: Tones) -> None:
    pen.curve([(50, -2), (84, 4), (92, 38), (62, 70), (50, 76), (38, 70), (8, 38), (16, 0)], tones.body)
    pen.curve([(50, -1), (68, 6), (72, 38), (56, 72), (44, 72), (28, 38), (32, 2)], tones.accent)
    pen.curve([(50, 0), (57, 6), (58, 40), (52, 73), (48, 73), (42, 40), (43, 2)], tones.light)
    for x, foot in ((40, 44), (60, 56)):
        pen.line([(x, 68), (foot, 86)], 0.9, tones.dark)
    pen.box(43, 85, 57, 96, tones.dark, 2)


def _robot(pen: Pen, tones: Tones) -> None:
    pen.line([(50, 18), (50, 8)], 2, tones.dark)
    pen.oval(50, 7, 3.4, 3.4, tones.accent)
    for x in (38, 62):
        pen.line([(x, 82), (x, 95)], 8, tones.dark)
        pen.box(x - 9, 93, x + 9, 99, tones.dark, 3)
    pen.line([(30, 58), (18, 72), (20, 82)], 6, tones.dark)
    pen.line([(70, 58), (84, 66), (88, 52)], 6, tones.dark)
    pen.box(28, 50, 72, 86, tones.body, 9)
    pen.oval(50, 68, 8, 8, tones.light)
    pen.box(24, 17, 76, 49, tones.body, 13)
    pen.box(31, 24, 69, 42, tones.dark, 9)
    for x in (42, 58):
        pen.oval(x, 33, 4, 4.4, tones.accent)


def _astronaut(pen: Pen, tones: Tones) -> None:
    pen.box(26, 44, 46, 76, tones.dark, 6)
    for x, foot in ((43, 40), (58, 62)):
        pen.line([(x, 74), (foot, 94)], 13, tones.light)
        pen.box(foot - 8, 92, foot + 10, 99.5, tones.dark, 3)
    pen.line([(36, 52), (24, 68)], 10, tones.light)
    pen.line([(64, 52), (78, 42), (84, 30)], 10, tones.light)
    pen.box(34, 42, 66, 82, tones.light, 11)
    pen.box(43, 58, 57, 68, tones.body, 2)
    pen.oval(50, 26, 20, 20, tones.light)
    pen.curve([(38, 20), (54, 14), (70, 22), (68, 36), (52, 40), (38, 34)], tones.dark)
    pen.oval(60, 22, 4, 2.6, tones.accent)


def _person(pen: Pen, tones: Tones) -> None:
    pen.line([(47, 72), (43, 97)], 6, tones.dark)
    pen.line([(53, 72), (59, 97)], 6, tones.dark)
    pen.curve([(40, 34), (52, 28), (62, 36), (68, 80), (50, 86), (32, 80)], tones.body)
    pen.line([(60, 40), (69, 58)], 5.4, tones.body)
    pen.oval(51, 19, 8.6, 9.6, tones.light)
    pen.curve([(40, 24), (40, 8), (54, 6), (62, 16), (54, 14), (48, 18), (46, 30)], tones.dark)
    pen.line([(42, 33), (60, 33)], 5.6, tones.accent)
    pen.curve([(44, 34), (30, 38), (16, 34), (14, 40), (28, 46), (44, 40)], tones.accent)


def _cabin(pen: Pen, tones: Tones) -> None:
    pen.box(66, 20, 75, 50, tones.dark)
    pen.box(16, 54, 84, 99, tones.body)
    pen.shape([(50, 16), (98, 60), (2, 60)], tones.dark)
    pen.shape([(50, 16), (98, 60), (89, 60), (50, 25), (11, 60), (2, 60)], tones.light)
    pen.box(24, 66, 42, 82, tones.accent, 1)
    pen.box(56, 66, 72, 99, tones.dark, 1)
    pen.box(32, 66, 34, 82, tones.body)
    pen.box(24, 73, 42, 75, tones.body)
    pen.oval(50, 46, 5, 5, tones.accent)


def _tree(pen: Pen, tones: Tones) -> None:
    pen.curve([(46, 60), (54, 60), (55, 88), (62, 100), (38, 100), (45, 88)], tones.dark)
    pen.line([(50, 70), (64, 52)], 3, tones.dark)
    pen.line([(50, 66), (36, 50)], 3, tones.dark)
    for x, y, r in ((30, 48, 18), (70, 48, 18), (50, 30, 23), (34, 30, 16), (67, 30, 17), (50, 50, 20)):
        pen.oval(x, y, r, r * 0.9, tones.body)
    for x, y, r in ((42, 22, 11), (62, 26, 10), (28, 41, 9), (72, 43, 8), (50, 40, 9)):
        pen.oval(x, y, r, r * 0.8, tones.accent)


def _lighthouse(pen: Pen, tones: Tones) -> None:
    pen.shape([(40, 30), (60, 30), (67, 99), (33, 99)], tones.light)
    for top, low in ((42, 55), (69, 83)):
        pen.shape(
            [(_flank(-1, top), top), (_flank(1, top), top), (_flank(1, low), low), (_flank(-1, low), low)], tones.body
        )
    pen.box(36, 26, 64, 31, tones.dark, 1)
    pen.box(43, 14, 57, 26, tones.accent, 1)
    for x in (43, 50, 57):
        pen.line([(x, 14), (x, 26)], 1, tones.dark)
    pen.shape([(50, 3), (61, 14), (39, 14)], tones.dark)
    pen.box(46, 87, 54, 99, tones.dark, 3)


def _flank(side: int, y: float) -> float:
    """Where the lighthouse's wall is at a height."""
    return 50 + side * (10 + 7 * (y - 30) / 69)


def _figure(pen: Pen, tones: Tones) -> None:
    """What takes the place of a subject that can't be drawn: a plain stand-in with a question mark."""
    pen.oval(50, 20, 15, 16, tones.body)
    pen.curve([(50, 36), (72, 44), (78, 72), (74, 99), (26, 99), (22, 72), (28, 44)], tones.body)
    pen.line([(42, 60), (43, 54), (50, 51), (57, 55), (56, 62), (50, 68), (50, 74)], 5, tones.light)
    pen.oval(50, 84, 3.4, 3.4, tones.light)


_DRAW: dict[str, Callable[[Pen, Tones], None]] = {
    "panda": lambda pen, tones: _bear(pen, tones, panda=True),
    "bear": lambda pen, tones: _bear(pen, tones, panda=False),
    "cat": _cat,
    "fox": lambda pen, tones: _canine(pen, tones, fox=True),
    "dog": lambda pen, tones: _canine(pen, tones, fox=False),
    "rabbit": _rabbit,
    "bird": _bird,
    "whale": _whale,
    "boat": _boat,
    "car": _car,
    "balloon": _balloon,
    "robot": _robot,
    "astronaut": _astronaut,
    "person": _person,
    "cabin": _cabin,
    "lighthouse": _lighthouse,
    "figure": _figure,
    "tree": _tree,
}

AIRBORNE = frozenset({"bird", "balloon"})
"""Subjects that hang in the air instead of standing on the ground."""

_EYES = {
    "panda": (50, 31, 13),
    "bear": (50, 31, 13),
    "cat": (48, 36, 12),
    "astronaut": (53, 26, 10),
    "robot": (50, 33, 12),
}


def draw(name: str, tones: Tones, size: int, *, sunglasses: bool = False) -> Image.Image:
    """A subject as an RGBA picture.

    Args:
        name: One of the names in this module.
        tones: Its colours.
        size: Side of the square in pixels.
        sunglasses: Put a pair on, where the subject looks at us.
    """
    pen = Pen(size)
    _DRAW[name](pen, tones)
    if sunglasses and name in _EYES:
        x, y, half = _EYES[name]
        black = (22, 20, 30)
        for side in (-1, 1):
            pen.box(
                x + side * half * 0.9 - half * 0.72, y - 5.5, x + side * half * 0.9 + half * 0.72, y + 5.5, black, 4.5
            )
            pen.line([(x + side * half * 0.9 - 4, y - 2), (x + side * half * 0.9 - 1, y - 3)], 1.4, (150, 160, 185))
        pen.line([(x - half, y - 3.5), (x + half, y - 3.5)], 2.4, black)
    return pen.image
