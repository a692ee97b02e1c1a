"""The scene for a prompt without a picture: sky, far, middle, near and a subject, each at its distance.

Places are given as they are seen by the camera at rest: u to the right and v down, in frame heights from the middle
of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import ImageFilter

from hailuo_widgets.sketch import palette, subjects, terrain
from hailuo_widgets.sketch.palette import Light, mix, oklch, to_yuv
from hailuo_widgets.sketch.texture import Kind, Texture
from hailuo_widgets.sketch.words import Reading, read

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Outline = NDArray[np.float32]
    Bytes = NDArray[np.uint8]

SUBJECT_Z = 3.2
"""Distance of the subject: between the middle and the near layers."""

SKY_Z = 10.0
"""Distance of the sky, a backdrop as in a theatre: near enough to show that a camera goes somewhere."""


@dataclass(frozen=True, slots=True)
class Sky:
    """A backdrop: a gradient that is lit up around the sun or moon, with thin clouds all over it.

    Attributes:
        stops: YUV colours from v = -0.5 to the horizon.
        horizon: v of the horizon.
        glow: YUV that is approached around the disc.
        at: Where the disc is, (u, v).
        strength: 0 to 1.
        texture: The clouds.
        z: How far away it is.
    """

    stops: Floats
    horizon: float
    glow: Floats
    at: tuple[float, float]
    strength: float
    texture: Texture
    z: float


@dataclass(frozen=True, slots=True)
class Ridge:
    """Land or water that fills everything below an outline.

    Attributes:
        z: Distance.
        outline: v at rest, see `terrain`.
        top: YUV at the highest place.
        base: YUV from `fade` below it on.
        fade: In frame heights.
        crest: Where the gradient begins, the highest v of the outline.
        drift: By how much u the outline moves to the right in a second, for water.
        texture: What it is made of; nothing but its colours if None. It does not drift.
    """

    z: float
    outline: Outline
    top: Floats
    base: Floats
    fade: float
    crest: float
    drift: float = 0.0
    texture: Texture | None = None


@dataclass(frozen=True, slots=True)
class Sprite:
    """A small picture that hangs at a place: the sun, a cloud, the subject.

    Attributes:
        z: Distance.
        u: Its middle at rest.
        v: Its middle at rest.
        height: Its height at rest, in frame heights.
        alpha: Coverage, 0 to 128, its border 0; larger than it will be shown and smoothed, so that it can be sampled
            point by point.
        planes: Y, and U and V in one array, of the same height and width; or one YUV colour.
        drift: To the right, in u a second.
        bob: How far it goes up and down by itself, in frame heights.
        pace: How often it does so in a second.
        follows: Whether a tracking shot goes after it.
    """

    z: float
    u: float
    v: float
    height: float
    alpha: Bytes
    planes: tuple[Bytes, Bytes] | Floats
    drift: float = 0.0
    bob: float = 0.0
    pace: float = 0.5
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """Many tiny lights: stars, windows, snow, rain, fireflies.

    Attributes:
        z: Distance of each.
        u: Place of each at rest.
        v: Place of each at rest.
        size: Half width and half height of a point in frame heights.
        colour: YUV.
        strength: Opacity of each, 0 to 1.
        twinkle: How much the strength swings.
        fall: (u, v) a second; points that leave the frame come back on the other side.
    """

    z: NDArray[np.float32]
    u: NDArray[np.float32]
    v: NDArray[np.float32]
    size: tuple[float, float]
    colour: Floats
    strength: NDArray[np.float32]
    twinkle: float = 0.0
    fall: tuple[float, float] | None = None


Item = Ridge | Sprite | Points


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to see: the sky, and everything in front of it from far to near."""

    sky: Sky
    items: tuple[Item, ...]


@dataclass
class _Builder:
    """What the places share while they are being laid out."""

    reading: Reading
    density: int
    lot: Generator
    light: Light
    snowy: bool
    horizon: float = 0.10
    items: list[Item] = field(default_factory=list)

    def tint(self, depth: float, colour: Floats | None = None) -> Floats:
        """OKLab of a layer between the haze (0) and the foreground (1), with its own colour where it has one."""
        light = self.light
        shade = light.shade
        if colour is not None:
            # Local colour is seen in the light of the hour: darkened towards the shade.
            shade = mix(colour, light.shade, {"day": 0.12, "night": 0.78}.get(self.reading.light, 0.45))
        # The straight way from a peach horizon to a violet shade is mud, so it leads over the air's own colour.
        through = mix(light.air, shade, 0.30)
        if depth < 0.5:
            return mix(light.horizon, through, depth * 2)
        return mix(through, shade, depth * 2 - 1)

    def ridge(
        self,
        z: float,
        outline: Outline,
        depth: float,
        *,
        colour: Floats | None = None,
        fade: float = 0.3,
        haze: float = 0.35,
        drift: float = 0.0,
        of: Kind | None = None,
    ) -> None:
        """Add a layer whose foot is lost in haze the more, the farther it is."""
        top = self.tint(depth, colour)
        base = mix(top, self.light.horizon, haze * (1 - depth))
        if depth > 0.75:
            base = mix(top, self.light.shade * np.array([0.7, 1, 1]), 0.6)
        texture = Texture(of, *_fineness(z)) if of else None
        self.items.append(Ridge(z, outline, to_yuv(top), to_yuv(base), fade, float(outline.min()), drift, texture))


def _fineness(z: float) -> tuple[float, float]:
    """How large and how strong the marks on a layer are: small and pale in the distance."""
    if z > 8:
        return 0.8, 12.0
    return (0.9, 16.0) if z > 4 else (1.0, 22.0) if z > 2.5 else (1.15, 28.0)


def build(text: str, height: int) -> Scene:
    """Lay out the scene for a prompt.

    Args:
        text: The prompt, or whatever the picture shall depend on.
        height: Height of the frame in pixels, which sets the fineness of the outlines.
    """
    return _laid_out(read(text), height)


@lru_cache(maxsize=4)  # one prompt under several cameras is one scene
def _laid_out(reading: Reading, height: int) -> Scene:
    lot = np.random.default_rng(reading.seed)
    turn = float(lot.uniform(-16, 16))
    light = palette.light(reading.light, turn)
    builder = _Builder(reading, height, lot, light, snowy=reading.weather == "snow")
    sun = (float(lot.choice([-1, 1]) * lot.uniform(0.16, 0.42)), float(lot.uniform(-0.30, -0.12)))
    if reading.light in {"sunrise", "sunset"}:
        sun = (sun[0], float(lot.uniform(-0.14, -0.06)))
    _heaven(builder, sun)
    ground = _LAND[reading.place](builder, sun)
    _weather(builder)
    stops = to_yuv(
        palette.gradient([(0, light.zenith), (0.55, light.middle), (1, light.horizon)], np.linspace(0, 1, 64))
    )
    glow = to_yuv(mix(light.disc, light.horizon, 0.25))
    sky = Sky(stops, builder.horizon, glow, sun, light.glow, Texture("clouds", 1.0, 13.0), SKY_Z)
    items = builder.items
    subject = _subject(builder, ground)
    place = next((i for i, item in enumerate(items) if isinstance(item, Ridge) and item.z < SUBJECT_Z), len(items))
    return Scene(sky, (*items[:place], *_standing(builder, subject, ground), *items[place:]))


def _heaven(b: _Builder, sun: tuple[float, float]) -> None:
    if b.light.stars:
        count = 170
        u, v = b.lot.uniform(-1.5, 1.5, count), b.lot.uniform(-0.8, 0.0, count)
        strength = b.lot.uniform(0.12, 1.0, count) ** 1.3 * np.clip((0.02 - v) * 4, 0, 1)
        if b.reading.light == "dusk":
            strength *= 0.6
        b.items.append(
            Points(
                np.full(count, SKY_Z, np.float32),
                u.astype(np.float32),
                v.astype(np.float32),
                (0.0013, 0.0013),
                to_yuv(oklch(0.96, 0.02, 90)),
                strength.astype(np.float32),
                twinkle=0.35,
            )
        )
    radius = 0.042 if b.light.moon else 0.054
    b.items.append(Sprite(SKY_Z, *sun, 2 * radius, _disc(b, crescent=b.light.moon), to_yuv(b.light.disc)))
    for _ in range(int(b.lot.integers(3, 6))):
        colour = mix(b.light.horizon, b.light.disc, 0.55)
        if b.reading.light in {"dusk", "night"}:
            colour = mix(b.light.middle, b.light.horizon, 0.45)
        place = (float(b.lot.uniform(-1.0, 1.0)), float(b.lot.uniform(-0.42, -0.10)))
        size = float(b.lot.uniform(0.05, 0.10))
        b.items.append(
            Sprite(SKY_Z, *place, size, _cloud(b.lot), to_yuv(colour), drift=float(b.lot.uniform(0.001, 0.003)))
        )


def _disc(b: _Builder, *, crescent: bool) -> Bytes:
    size = max(32, b.density // 2)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size * 2 - 1
    edge = 5.0 / size * 2
    alpha = np.clip((0.96 - np.hypot(x, y)) / edge, 0, 1)
    if crescent:
        alpha *= np.clip((np.hypot(x + 0.42, y + 0.22) - 0.86) / edge / 3, 0.0, 1)
    return _coverage(alpha)


def _coverage(alpha: NDArray[np.floating[Any]]) -> Bytes:
    """Coverage from 0 to 1 as a sprite keeps it."""
    cover = (alpha * 128 + 0.5).astype(np.uint8)
    cover[0] = cover[-1] = 0
    cover[:, 0] = cover[:, -1] = 0
    return cover


def _cloud(lot: Generator) -> Bytes:
    """A long thin cloud, soft all around."""
    wide, high = 360, 60
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    alpha = np.zeros((high, wide), np.float32)
    for _ in range(9):
        cx, cy = wide / 2 + lot.normal(0, wide * 0.15), high * (0.52 + lot.normal(0, 0.10))
        rx, ry = wide * lot.uniform(0.06, 0.17), high * lot.uniform(0.06, 0.13)
        alpha += np.float32(lot.uniform(0.25, 0.5)) * np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2)
    edge = np.minimum(np.minimum(x, wide - 1 - x) / 30, np.minimum(y, high - 1 - y) / 8)
    return _coverage(np.clip(alpha, 0, 0.62) * np.clip(edge, 0, 1))


def _mountains(b: _Builder, _sun: tuple[float, float]) -> float:
    snow = oklch(0.93, 0.02, 250) if b.snowy else None
    grass = oklch(0.93, 0.025, 255) if b.snowy else oklch(0.50, 0.07, 150 + b.lot.uniform(-25, 25))
    d = b.density
    b.ridge(12, terrain.mountains(b.lot, d, level=0.10, height=0.22, cells=9), 0.22, haze=0.9, fade=0.24, of="rock")
    peaks = terrain.mountains(b.lot, d, level=0.16, height=0.30, cells=8)
    b.ridge(9.5, peaks, 0.42, haze=0.8, fade=0.30, of="rock")
    ragged = np.abs(terrain.noise(b.lot, d, cells=130, octaves=3, gain=0.6))
    # Snow lies deeper on high summits and not at all on low ones.
    cap = (peaks + (np.float32(0.02) + np.float32(0.07) * ragged) * np.clip((0.10 - peaks) * 8, 0, 1.6)).astype(
        np.float32
    )
    if b.snowy or b.reading.light != "night":
        # The summit's snow: the same outline painted light first, the rock below it over that.
        summit = b.items.pop()
        assert isinstance(summit, Ridge)
        white = to_yuv(mix(mix(b.light.horizon, b.light.disc, 0.55), b.light.shade, 0.10))
        b.items += [
            Ridge(9.5, peaks, white, white, 1.0, 0.0),
            replace(summit, outline=cap),
        ]
    wooded = terrain.pines(b.lot, terrain.hills(b.lot, d, level=0.20, height=0.07, cells=12), d, count=330, height=0.05)
    pine = oklch(0.42, 0.05, 170) if not b.snowy else oklch(0.50, 0.03, 230)
    b.ridge(4.8, wooded, 0.62, colour=pine, haze=0.9, fade=0.16, of="leaves")
    ground = terrain.hills(b.lot, d, level=0.275, height=0.035, cells=7)
    b.ridge(
        SUBJECT_Z + 0.1,
        ground,
        0.74,
        colour=snow if b.snowy else grass,
        fade=0.3,
        haze=0.5,
        of="snow" if b.snowy else "grass",
    )
    near = terrain.pines(
        b.lot, terrain.hills(b.lot, d, level=0.43, height=0.03, cells=6), d, count=44, height=0.34, clear=0.40
    )
    b.ridge(2.2, near, 0.95, of="leaves")
    return float(ground[_index(b, 0.0)])


def _forest(b: _Builder, _sun: tuple[float, float]) -> float:
    d, hue = b.density, 155 + float(b.lot.uniform(-20, 30))
    green = oklch(0.88, 0.03, 240) if b.snowy else oklch(0.45, 0.075, hue)
    for z, level, tall, depth, count in (
        (12, 0.06, 0.10, 0.24, 420),
        (10, 0.11, 0.17, 0.42, 330),
        (8.5, 0.17, 0.25, 0.60, 200),
        (7, 0.235, 0.34, 0.76, 95),
    ):
        base = terrain.hills(b.lot, d, level=level, height=0.03, cells=9)
        wooded = terrain.pines(b.lot, base, d, count=count, height=tall)
        b.ridge(z, wooded, depth, colour=green, haze=1.25, fade=tall + 0.06, of="leaves")
    ground = terrain.hills(b.lot, d, level=0.285, height=0.02, cells=9)
    b.ridge(SUBJECT_Z + 0.1, ground, 0.80, colour=green, fade=0.3, of="snow" if b.snowy else "grass")
    near = terrain.pines(
        b.lot, terrain.hills(b.lot, d, level=0.44, height=0.03, cells=7), d, count=20, height=0.85, clear=0.55
    )
    b.ridge(2.2, near, 0.97, of="leaves")
    return float(ground[_index(b, 0.0)])


def _meadow(b: _Builder, _sun: tuple[float, float]) -> float:
    d, hue = b.density, 128 + float(b.lot.uniform(-22, 26))
    b.ridge(
        12,
        terrain.hills(b.lot, d, level=0.06, height=0.05, cells=12),
        0.24,
        colour=oklch(0.6, 0.06, 220),
        haze=0.8,
        of="leaves",
    )
    b.ridge(
        9.5,
        terrain.hills(b.lot, d, level=0.12, height=0.06, cells=10),
        0.42,
        colour=oklch(0.62, 0.08, hue + 25),
        haze=0.8,
        fade=0.14,
        of="leaves",
    )
    wooded = terrain.pines(b.lot, terrain.hills(b.lot, d, level=0.19, height=0.05, cells=9), d, count=90, height=0.045)
    b.ridge(4.8, wooded, 0.60, colour=oklch(0.60, 0.095, hue + 10), haze=0.8, fade=0.16, of="grass")
    ground = terrain.hills(b.lot, d, level=0.275, height=0.045, cells=6)
    b.ridge(SUBJECT_Z + 0.1, ground, 0.76, colour=oklch(0.62, 0.11, hue), haze=0.5, of="grass")
    b.items.append(_flowers(b, oklch(0.85, 0.10, float(b.lot.choice([20, 90, 330])))))
    near = terrain.grass(b.lot, terrain.hills(b.lot, d, level=0.425, height=0.03, cells=7), d, height=0.15)
    b.ridge(2.2, _framing(near, 0.43), 0.94, colour=oklch(0.40, 0.09, hue), of="grass")
    return float(ground[_index(b, 0.0)])


def _desert(b: _Builder, _sun: tuple[float, float]) -> float:
    d, hue = b.density, 58 + float(b.lot.uniform(-18, 14))
    sand = oklch(0.72, 0.115, hue)
    b.ridge(
        12,
        terrain.mountains(b.lot, d, level=0.11, height=0.07, cells=7),
        0.25,
        colour=oklch(0.5, 0.09, hue - 25),
        haze=0.9,
        of="rock",
    )
    b.ridge(
        9.5,
        terrain.dunes(b.lot, d, level=0.15, height=0.08, cells=9),
        0.45,
        colour=sand,
        haze=0.7,
        fade=0.14,
        of="sand",
    )
    b.ridge(
        4.8, terrain.dunes(b.lot, d, level=0.24, height=0.12, cells=6), 0.62, colour=sand, haze=0.8, fade=0.2, of="sand"
    )
    ground = terrain.dunes(b.lot, d, level=0.315, height=0.075, cells=4)
    b.ridge(SUBJECT_Z + 0.1, ground, 0.78, colour=sand, fade=0.3, of="sand")
    near = terrain.dunes(b.lot, d, level=0.475, height=0.10, cells=5)
    b.ridge(2.2, near, 0.95, colour=oklch(0.45, 0.10, hue - 15), of="sand")
    return float(ground[_index(b, 0.0)])


def _sea(b: _Builder, sun: tuple[float, float]) -> float:
    d, hue = b.density, 222 + float(b.lot.uniform(-25, 18))
    water = oklch(0.52, 0.085, hue)
    b.horizon = 0.07
    b.ridge(12, terrain.mountains(b.lot, d, level=0.10, height=0.10, cells=5), 0.26, haze=0.7, fade=0.1, of="rock")
    flat = np.full(int(terrain.PERIOD * d), 0.07, np.float32)
    b.ridge(12, flat, 0.40, colour=water, haze=0.0, fade=0.3, of="water")
    rows = b.lot.uniform(0, 1, 170) ** 1.3
    spread = 0.015 + 0.10 * rows
    v = 0.078 + 0.16 * rows
    glint = Points(
        (9 - 4 * rows).astype(np.float32),
        (sun[0] + b.lot.normal(0, 1, 170) * spread).astype(np.float32),
        v.astype(np.float32),
        (0.011, 0.0012),
        to_yuv(b.light.disc),
        (b.lot.uniform(0.25, 0.9, 170) * b.light.glow).astype(np.float32),
        twinkle=0.9,
    )
    for z, level, tall, depth, cells, drift in (
        (9, 0.115, 0.004, 0.52, 60, 0.004),
        (5, 0.165, 0.007, 0.62, 44, -0.005),
        (4, 0.22, 0.010, 0.70, 34, 0.006),
    ):
        b.ridge(
            z,
            terrain.waves(b.lot, d, level=level, height=tall, cells=cells),
            depth,
            colour=water,
            fade=0.12,
            haze=0.6,
            drift=drift,
            of="water",
        )
    b.items.append(glint)
    ground = terrain.waves(b.lot, d, level=0.285, height=0.013, cells=26)
    b.ridge(SUBJECT_Z - 0.1, ground, 0.80, colour=water, fade=0.2, drift=-0.007, of="water")
    b.ridge(
        2.2, terrain.waves(b.lot, d, level=0.415, height=0.018, cells=20), 0.93, colour=water, drift=0.009, of="water"
    )
    return 0.305


def _city(b: _Builder, _sun: tuple[float, float]) -> float:
    d = b.density
    lit = {"night": 1.0, "dusk": 0.9, "sunset": 0.5, "sunrise": 0.4}.get(b.reading.light, 0.0)
    for z, level, tall, depth, width in (
        (12, 0.19, 0.28, 0.28, 0.07),
        (9.5, 0.22, 0.39, 0.50, 0.10),
        (7, 0.27, 0.47, 0.72, 0.16),
    ):
        outline, blocks = terrain.skyline(b.lot, d, level=level, height=tall, width=width)
        b.ridge(z, outline, depth, haze=1.3, fade=tall + 0.1, of="walls")
        if lit:
            b.items.append(_windows(b, z, blocks, floor=level - 0.03, lit=lit, count=100 if z > 8 else 150))
    ground = np.full(int(terrain.PERIOD * d), 0.295, np.float32)
    b.ridge(SUBJECT_Z + 0.1, ground, 0.84, fade=0.2, of="paving")
    b.items.append(_lamps(b))
    b.ridge(2.2, np.full_like(ground, 0.425), 0.96, of="paving")
    return 0.30


def _windows(
    b: _Builder, z: float, blocks: list[tuple[float, float, float]], *, floor: float, lit: float, count: int
) -> Points:
    """Lit windows on a grid in each building, within what the camera can come to see."""
    pitch_u, pitch_v = (0.016, 0.022) if z > 8 else (0.024, 0.032)
    places = [
        (u, v)
        for left, right, top in blocks
        for u in np.arange(left + pitch_u * 0.7, right - pitch_u * 0.6, pitch_u)
        for v in np.arange(top + pitch_v * 0.7, floor, pitch_v)
    ]
    chosen = b.lot.permutation(len(places))[: count * 3]
    u, v = np.array(places, np.float32)[chosen].T
    half = np.float32(terrain.PERIOD / 2)
    colour = to_yuv(oklch(0.86, 0.11, 78 + float(b.lot.uniform(-20, 12))))
    strength = (b.lot.uniform(0.25, 0.95, len(chosen)) * lit * (0.55 if z > 8 else 0.85)).astype(np.float32)
    size = (0.0028, 0.0038) if z > 8 else (0.0046, 0.0064)
    return Points(
        np.full(len(chosen), z, np.float32), (u + half) % (2 * half) - half, v, size, colour, strength, twinkle=0.05
    )


def _lamps(b: _Builder) -> Points:
    u = np.arange(-4, 4, 0.36, dtype=np.float32)
    size = len(u)
    lit = 0.9 if b.reading.light in {"night", "dusk"} else 0.3
    return Points(
        np.full(size, 2.6, np.float32),
        u,
        np.full(size, 0.365, np.float32),
        (0.05, 0.0016),
        to_yuv(oklch(0.85, 0.10, 75)),
        np.full(size, lit, np.float32),
    )


def _flowers(b: _Builder, colour: Floats) -> Points:
    count, size = 90, 0.0026
    return Points(
        np.full(count, SUBJECT_Z, np.float32),
        b.lot.uniform(-2, 2, count).astype(np.float32),
        (0.335 + 0.10 * b.lot.uniform(-0.4, 1, count)).astype(np.float32),
        (size, size),
        to_yuv(b.tint(0.6, colour)),
        b.lot.uniform(0.4, 0.9, count).astype(np.float32),
    )


_LAND = {"mountains": _mountains, "forest": _forest, "meadow": _meadow, "desert": _desert, "sea": _sea, "city": _city}


def _index(b: _Builder, u: float) -> int:
    return int((u % terrain.PERIOD) * b.density)


def _framing(outline: Outline, level: float) -> Outline:
    """Near things held out of the middle of the frame at rest, where the subject stands."""
    u = np.arange(len(outline), dtype=np.float32) * np.float32(terrain.PERIOD / len(outline))
    away = np.minimum(u, terrain.PERIOD - u)
    share = np.clip((away - 0.42) / 0.25, 0, 1)
    held: Outline = (level + (outline - level) * share).astype(np.float32)
    return held


def _weather(b: _Builder) -> None:
    if b.reading.weather == "snow":
        count, size, fall, colour, low = 190, (0.0022, 0.0022), (0.02, 0.10), oklch(0.98, 0.01, 250), 0.25
    elif b.reading.weather == "rain":
        count, size, fall, colour, low = 150, (0.0007, 0.014), (-0.10, 1.5), oklch(0.90, 0.02, 240), 0.05
    elif b.reading.weather == "fireflies":
        count, size, fall, colour, low = 60, (0.0026, 0.0026), (0.012, -0.016), oklch(0.92, 0.13, 100), 0.4
    else:
        return
    z = b.lot.uniform(1.6, 7.0, count).astype(np.float32)
    top = -0.1 if b.reading.weather == "fireflies" else -0.65
    b.items.append(
        Points(
            z,
            b.lot.uniform(-1.3, 1.3, count).astype(np.float32),
            b.lot.uniform(top, 0.65, count).astype(np.float32),
            size,
            to_yuv(colour),
            b.lot.uniform(low, low + 0.4, count).astype(np.float32),
            twinkle=0.9 if b.reading.weather == "fireflies" else 0.0,
            fall=fall,
        )
    )


_SIZES = {
    "lighthouse": 0.48,
    "figure": 0.31,
    "cabin": 0.32,
    "tree": 0.42,
    "balloon": 0.38,
    "bird": 0.26,
    "whale": 0.31,
    "boat": 0.36,
    "car": 0.30,
    "person": 0.31,
    "rabbit": 0.27,
    "cat": 0.28,
}
_BOBS = {
    "bird": (0.016, 0.45),
    "balloon": (0.012, 0.16),
    "boat": (0.006, 0.3),
    "whale": (0.012, 0.2),
    "panda": (0.010, 1.0),
    "robot": (0.006, 0.8),
}
_NATURAL = {
    "panda": ((250, 247, 242), (38, 36, 46), (250, 247, 242)),
    "bear": ((142, 96, 66), (46, 32, 32), (214, 178, 140)),
    "cat": ((214, 138, 76), (40, 34, 40), (250, 236, 218)),
    "fox": ((222, 112, 52), (58, 36, 40), (252, 238, 222)),
    "dog": ((206, 152, 92), (112, 72, 48), (248, 232, 210)),
    "rabbit": ((226, 214, 202), (46, 40, 48), (252, 246, 240)),
    "bird": ((244, 242, 240), (40, 40, 52), (226, 228, 234)),
    "whale": ((72, 104, 140), (24, 32, 48), (214, 228, 236)),
    "robot": ((176, 192, 202), (56, 64, 82), (236, 240, 240)),
    "astronaut": ((200, 90, 70), (52, 58, 78), (246, 246, 248)),
    "tree": ((92, 130, 84), (72, 52, 48), (240, 240, 230)),
    "lighthouse": ((196, 62, 54), (58, 52, 62), (248, 246, 240)),
    "figure": ((150, 152, 158), (110, 112, 118), (246, 246, 248)),
}


def _subject(b: _Builder, ground: float) -> Sprite:
    name = b.reading.subject
    hue = float(b.lot.uniform(0, 360))
    accent = _srgb(oklch(0.80, 0.13, 62 if b.reading.light in {"night", "dusk"} else hue))
    body, dark, light = _NATURAL.get(
        name,
        (
            _srgb(oklch(0.60, 0.14, (hue + 150) % 360)),
            _srgb(oklch(0.28, 0.04, hue + 200)),
            _srgb(oklch(0.95, 0.03, 80)),
        ),
    )
    if name == "tree":
        accent = _srgb(oklch(0.70, 0.11, float(b.lot.choice([130, 60, 10, 350]))))
    high = _SIZES.get(name, 0.31)
    # Drawn larger than it will be seen and smoothed: point sampling is then as good as filtering, and far faster.
    side = max(64, round(high * b.density * 2.2))
    picture = subjects.draw(name, subjects.Tones(body, dark, light, accent), side, sunglasses=b.reading.sunglasses)
    picture = picture.convert("RGBa").filter(ImageFilter.BoxBlur(1)).convert("RGBA")
    yuv = palette.srgb_to_yuv(np.asarray(picture.convert("RGB"), np.float32) / np.float32(255))
    # The hour's light falls on the subject too: its own colours are drawn a little towards the haze and the shade.
    air = to_yuv(mix(b.light.horizon, b.light.shade, 0.55))
    share = {"day": 0.08, "sunrise": 0.16, "sunset": 0.22, "dusk": 0.30, "night": 0.40}[b.reading.light]
    lit = (yuv * (1 - share) + air * share).round().astype(np.uint8)
    planes = (lit[..., 0].copy(), np.ascontiguousarray(np.moveaxis(lit[..., 1:], -1, 0)))
    alpha = _coverage(np.asarray(picture.getchannel("A"), np.float32) / 255)
    u = float(b.lot.uniform(-0.06, 0.06))
    v = ground - high / 2 + 0.008
    if name in subjects.AIRBORNE:
        v = -0.06 if name == "balloon" else -0.10
    elif name in {"boat", "whale"} and b.reading.place == "sea":
        v += high * 0.12
    bob, pace = _BOBS.get(name, (0.0, 0.5))
    drift = {"bird": 0.008, "balloon": 0.005, "boat": 0.006, "car": 0.008, "whale": 0.005}.get(name, 0.0)
    return Sprite(SUBJECT_Z, u, v, high, alpha, planes, drift=drift, bob=bob, pace=pace, follows=True)


def _standing(b: _Builder, subject: Sprite, ground: float) -> tuple[Sprite, ...]:
    """The subject with the soft shadow that sets it on the ground; none in the air or on water."""
    if b.reading.subject in subjects.AIRBORNE or b.reading.place == "sea":
        return (subject,)
    y, x = np.mgrid[-1:1:24j, -1:1:96j]
    alpha = np.clip(1 - np.hypot(x, y), 0, 1) ** 1.2 * 0.43
    shade = to_yuv(b.light.shade * np.array([0.8, 1, 1]))
    shadow = Sprite(
        SUBJECT_Z,
        subject.u,
        ground + 0.006,
        subject.height * 0.16,
        _coverage(alpha),
        shade,
        drift=subject.drift,
        follows=True,
    )
    return (shadow, subject)


def _srgb(lab: Floats) -> tuple[int, int, int]:
    r, g, b = (max(0, min(255, round(float(each) * 255))) for each in palette.to_srgb(lab))
    return r, g, b
