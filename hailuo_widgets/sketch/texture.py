"""What the ground is made of, seen from near: tufts, facets, ripples, windows … as lighter and darker marks on a layer.

A texture is anchored to its layer, so it shows how the camera goes past: without it a flat colour looks the same from
everywhere. It is a tile of differences in brightness that repeats; only brightness, because adding it to the rows of a
layer then costs hardly more than filling them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    Tile = NDArray[np.int8]

Kind = Literal["clouds", "grass", "leaves", "rock", "snow", "sand", "water", "walls", "paving"]

WIDE, HIGH = 2.25, 0.66
"""How much of u and v a tile covers before it repeats."""

_MIDDLE = 128


@dataclass(frozen=True, slots=True)
class Texture:
    """A layer's texture.

    Attributes:
        kind: What it is made of.
        size: How large its marks are, 1 as drawn for the layer where the subject stands.
        strength: Half the range of brightness, in steps of luma.
    """

    kind: Kind
    size: float = 1.0
    strength: float = 10.0


@lru_cache(maxsize=24)  # the layers of a few places; a sweep draws one place many times
def tile(texture: Texture, density: int) -> Tile:
    """The texture's tile: (rows, columns), columns in fours, what is added to the brightness of a layer.

    Args:
        texture: What it looks like.
        density: Pixels per unit of u and v.
    """
    rows, columns = max(8, round(HIGH * density)), max(16, 4 * round(WIDE * density / 4))
    lot = np.random.default_rng([sum(texture.kind.encode()), round(100 * texture.size)])
    cell = texture.size * density
    picture = _mottled(lot, rows, columns, *(each * cell for each in _MOTTLE[texture.kind]))
    pen = _Pen(picture, lot, cell)
    _MARKS[texture.kind](pen)
    picture = picture.filter(ImageFilter.BoxBlur(max(0.5, 0.0016 * density)))
    marks = (np.asarray(picture, np.float32) - np.float32(_MIDDLE)) * np.float32(texture.strength / 100)
    steps: Tile = np.clip(np.rint(marks), -127, 127).astype(np.int8)
    return steps


def _mottled(lot: Generator, rows: int, columns: int, wide: float, high: float) -> Image.Image:
    """Soft patches of light and shade, about so wide and high in pixels, that fit at all four sides."""
    across, along = max(2, round(columns / wide)), max(2, round(rows / high))
    coarse = lot.normal(0, 1, (along, across)) * 42 + _MIDDLE
    padded = np.pad(np.clip(coarse, 0, 255).astype(np.uint8), 2, mode="wrap")
    box = (2, 2, 2 + across, 2 + along)
    return Image.fromarray(padded).resize((columns, rows), Image.Resampling.BICUBIC, box=box)


class _Pen:
    """Draws marks on a tile: what crosses a side goes on at the other."""

    def __init__(self, picture: Image.Image, lot: Generator, cell: float) -> None:
        self.lot = lot
        self.cell = cell
        self._size = picture.size
        self._draw = ImageDraw.Draw(picture)

    def scattered(self, each: float) -> list[tuple[float, float]]:
        """Places all over the tile, one in each square of so many cells, off its middle by chance."""
        wide, high = self._size
        across, along = max(1, round(wide / (each * self.cell))), max(1, round(high / (each * self.cell)))
        x, y = np.meshgrid(np.arange(across), np.arange(along))
        chance = self.lot.uniform(0.05, 0.95, (2, along, across))
        places = np.stack([(x + chance[0]) * (wide / across), (y + chance[1]) * (high / along)], -1)
        return [(float(left), float(top)) for left, top in places.reshape(-1, 2)]

    def tone(self, least: float, most: float) -> int:
        """Lighter or darker than the middle, by chance, by so much out of 100."""
        return round(_MIDDLE + float(self.lot.choice([-1, 1])) * float(self.lot.uniform(least, most)))

    def line(self, points: list[tuple[float, float]], tone: int, width: float) -> None:
        """A line through points, its width in cells."""
        for shifted in self._around(points):
            self._draw.line(shifted, fill=tone, width=max(1, round(width * self.cell)), joint="curve")

    def area(self, points: list[tuple[float, float]], tone: int) -> None:
        """A filled outline."""
        for shifted in self._around(points):
            self._draw.polygon(shifted, fill=tone)

    def _around(self, points: list[tuple[float, float]]) -> list[list[tuple[float, float]]]:
        wide, high = self._size
        xs, ys = [x for x, _ in points], [y for _, y in points]
        rights = [0, *([wide] if min(xs) < 0 else []), *([-wide] if max(xs) >= wide else [])]
        downs = [0, *([high] if min(ys) < 0 else []), *([-high] if max(ys) >= high else [])]
        return [[(x + right, y + down) for x, y in points] for right in rights for down in downs]


def _grass(pen: _Pen) -> None:
    for x, y in pen.scattered(0.044):
        tall = pen.cell * pen.lot.uniform(0.014, 0.030)
        tone = pen.tone(55, 115)
        for lean in (-0.55, 0.05, 0.6):
            pen.line([(x + lean * tall * 0.25, y), (x + lean * tall, y - tall * (1 - 0.3 * abs(lean)))], tone, 0.004)


def _leaves(pen: _Pen) -> None:
    for x, y in pen.scattered(0.034):
        long = pen.cell * pen.lot.uniform(0.016, 0.034)
        lean = pen.lot.choice([-1, 1]) * pen.lot.uniform(0.4, 0.9)
        pen.line([(x, y), (x + lean * long, y + 0.7 * long)], pen.tone(45, 100), 0.007)


def _rock(pen: _Pen) -> None:
    for x, y in pen.scattered(0.042):
        size = pen.cell * pen.lot.uniform(0.016, 0.040)
        lean = pen.lot.choice([-1, 1])
        pen.area([(x, y - size), (x + lean * size * 0.9, y + size * 0.6), (x - lean * size * 0.25, y + size * 0.35)],
                 pen.tone(40, 100))  # fmt: skip


def _snow(pen: _Pen) -> None:
    for x, y in pen.scattered(0.046):
        half, high = pen.cell * pen.lot.uniform(0.008, 0.020), pen.cell * pen.lot.uniform(0.003, 0.006)
        pen.area(_lens(x, y, half, high), pen.tone(45, 90))


def _sand(pen: _Pen) -> None:
    for x, y in pen.scattered(0.040):
        half = pen.cell * pen.lot.uniform(0.010, 0.026)
        bend = pen.cell * pen.lot.uniform(0.003, 0.007)
        ripple = [(x - half, y + bend), (x - 0.4 * half, y), (x + 0.4 * half, y), (x + half, y + bend)]
        pen.line(ripple, pen.tone(35, 75), 0.0035)
    for x, y in pen.scattered(0.16):
        size = pen.cell * pen.lot.uniform(0.003, 0.008)
        pen.area(_lens(x, y, size * 1.5, size), _MIDDLE - round(pen.lot.uniform(60, 110)))


def _water(pen: _Pen) -> None:
    for x, y in pen.scattered(0.034):
        half, high = pen.cell * pen.lot.uniform(0.007, 0.022), pen.cell * pen.lot.uniform(0.0016, 0.0035)
        pen.area(_lens(x, y, half, high), pen.tone(40, 100))


def _walls(pen: _Pen) -> None:
    for x, y in pen.scattered(0.03):
        wide, high = pen.cell * 0.005, pen.cell * 0.007
        pen.area(
            [(x - wide, y - high), (x + wide, y - high), (x + wide, y + high), (x - wide, y + high)], pen.tone(35, 85)
        )


def _paving(pen: _Pen) -> None:
    for x, y in pen.scattered(0.04):
        half = pen.cell * pen.lot.uniform(0.006, 0.020)
        pen.line([(x - half, y), (x + half, y)], pen.tone(35, 80), 0.004)


def _lens(x: float, y: float, half: float, high: float) -> list[tuple[float, float]]:
    turns = (0, 0.6, math.pi / 2, math.pi - 0.6, math.pi, math.pi + 0.6, 1.5 * math.pi, -0.6)
    return [(x + half * math.cos(turn), y + high * math.sin(turn)) for turn in turns]


_MARKS: dict[Kind, Callable[[_Pen], None]] = {
    "clouds": lambda _: None,
    "grass": _grass,
    "leaves": _leaves,
    "rock": _rock,
    "snow": _snow,
    "sand": _sand,
    "water": _water,
    "walls": _walls,
    "paving": _paving,
}
_MOTTLE: dict[Kind, tuple[float, float]] = {
    "clouds": (0.078, 0.050),
    "grass": (0.048, 0.042),
    "leaves": (0.045, 0.045),
    "rock": (0.050, 0.045),
    "snow": (0.065, 0.045),
    "sand": (0.058, 0.045),
    "water": (0.070, 0.034),
    "walls": (0.060, 0.060),
    "paving": (0.070, 0.034),
}
"""How wide and how high the soft patches under the marks are, in cells."""
