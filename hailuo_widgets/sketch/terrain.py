"""Outlines of the land: one row of heights for a layer, periodic, so that no camera ever comes to its end.

Heights are v at rest (down, in frame heights from the middle of the frame), one sample every 1/`density` of u.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Outline = NDArray[np.float32]

PERIOD = 8.0
"""How much of u an outline covers before it repeats."""


def _axis(density: int) -> NDArray[np.float32]:
    return np.arange(int(PERIOD * density), dtype=np.float32) / np.float32(density)


def noise(
    rng: Generator, density: int, *, cells: int, octaves: int = 5, gain: float = 0.5, ridged: bool = False
) -> Outline:
    """Fractal noise between about -1 and 1 (0 and 1 where ridged, with sharp summits).

    Args:
        rng: Source of randomness.
        density: Samples per unit of u.
        cells: Bumps of the coarsest octave in the whole period.
        octaves: How many octaves are added, each twice as fine.
        gain: How strong each octave is compared to the one before.
        ridged: Fold the noise, which gives mountains instead of hills.
    """
    at = _axis(density) / np.float32(PERIOD)
    total = np.zeros_like(at)
    strength, whole = 1.0, 0.0
    for octave in range(octaves):
        count = cells * 2**octave
        values = rng.uniform(-1, 1, count).astype(np.float32)
        place = at * count
        index = place.astype(np.int64)
        part = place - index
        # Hills want round tops; folded noise takes its edges from the fold, and straight flanks look like rock.
        part = part if ridged else part * part * (3 - 2 * part)
        wave = values[index % count] * (1 - part) + values[(index + 1) % count] * part
        total += np.float32(strength) * ((1 - np.abs(wave) * 2) if ridged and octave == 0 else wave)
        whole += strength
        strength *= gain
    return (total / np.float32(whole)).astype(np.float32)


def mountains(rng: Generator, density: int, *, level: float, height: float, cells: int) -> Outline:
    """Jagged summits that stand on `level` and rise to about `height`: peaks and saddles in turn, with rough flanks."""
    places = (np.arange(2 * cells) + rng.uniform(-0.28, 0.28, 2 * cells)) * (PERIOD / (2 * cells))
    rise = np.where(np.arange(2 * cells) % 2, rng.uniform(0.10, 0.38, 2 * cells), rng.uniform(0.50, 1.0, 2 * cells))
    flanks = np.interp(_axis(density), places, rise, period=PERIOD)
    rough = noise(rng, density, cells=cells * 5, octaves=6, gain=0.52, ridged=True)
    return (level - height * (flanks + (0.10 + 0.16 * flanks) * rough)).astype(np.float32)


def hills(rng: Generator, density: int, *, level: float, height: float, cells: int) -> Outline:
    """Round hills around `level`."""
    return level - height * noise(rng, density, cells=cells, octaves=3, gain=0.35)


def dunes(rng: Generator, density: int, *, level: float, height: float, cells: int) -> Outline:
    """Dunes: long windward slopes and short lee sides that meet in a crest."""
    at = _axis(density) / np.float32(PERIOD)
    shift = noise(rng, density, cells=cells, octaves=2) * np.float32(0.35 / cells)
    phase = ((at + shift) * cells + np.float32(rng.random())) % 1
    crest = np.where(phase < 0.72, 0.5 - 0.5 * np.cos(np.pi * phase / 0.72), (1 - (phase - 0.72) / 0.28) ** 1.5)
    uneven = 0.65 + 0.35 * noise(rng, density, cells=max(2, cells // 2), octaves=1)
    return (level - height * crest * uneven).astype(np.float32)


def waves(rng: Generator, density: int, *, level: float, height: float, cells: int) -> Outline:
    """Water: a few sines that fit the period."""
    at = _axis(density) * np.float32(2 * np.pi / PERIOD)
    total = np.zeros_like(at)
    for share, factor in ((0.5, 1), (0.3, 1.7), (0.2, 2.9)):
        total += np.float32(share) * np.sin(at * round(cells * factor) + np.float32(rng.uniform(0, 6.28)))
    return (level - height * total).astype(np.float32)


def _stand(outline: Outline, start: float, profile: Outline, density: int) -> None:
    """Let a thing of the given heights above the ground stand on the outline from `start` on."""
    index = (int(start * density) + np.arange(len(profile))) % len(outline)
    ground = outline[index[len(index) // 2]]
    outline[index] = np.minimum(outline[index], ground + np.float32(0.004) - profile)


def pines(rng: Generator, outline: Outline, density: int, *, count: int, height: float, clear: float = 0.0) -> Outline:
    """The outline with `count` pines on it, about `height` tall, in loose groups; none within `clear` of the middle."""
    result = outline.copy()
    groups = rng.uniform(0, PERIOD, max(1, count // 7))
    for _ in range(count):
        tall = height * rng.uniform(0.40, 1.0)
        half = tall * rng.uniform(0.15, 0.21)
        place = (groups[rng.integers(len(groups))] + rng.normal(0, 0.45)) % PERIOD
        tiers = int(rng.integers(5, 8))
        if min(place, PERIOD - place) < clear + half:
            continue
        size = max(3, int(2 * half * density))
        across = np.abs(np.linspace(-1, 1, size, dtype=np.float32))
        # Boughs hang in tiers: a saw whose teeth grow towards the foot.
        phase = (across * tiers) % 1
        cone = (1 - across) ** 1.12 - (0.5 - phase) * 0.13 * (0.25 + across) * (across * tiers > 0.5)
        _stand(result, place - half, (np.clip(cone, 0, 1) * tall).astype(np.float32), density)
    return result


def skyline(
    rng: Generator, density: int, *, level: float, height: float, width: float
) -> tuple[Outline, list[tuple[float, float, float]]]:
    """A row of buildings.

    Returns:
        The outline, and the lit windows' room: one (left, right, top) for each building in u, u and v.
    """
    result = np.full(int(PERIOD * density), level, np.float32)
    blocks: list[tuple[float, float, float]] = []
    at = 0.0
    while at < PERIOD:
        wide = width * rng.uniform(0.6, 1.5)
        tall = height * (0.25 + 0.75 * rng.random() ** 1.8)
        _tower(rng, result, density, at=at, wide=wide, top=level - tall)
        blocks.append((at, at + wide, level - tall))
        at += wide * rng.uniform(0.92, 1.12)
    return result, blocks


def _tower(rng: Generator, outline: Outline, density: int, *, at: float, wide: float, top: float) -> None:
    def box(left: float, right: float, level: float) -> None:
        index = np.arange(int(left * density), max(int(left * density) + 1, int(right * density))) % len(outline)
        outline[index] = np.minimum(outline[index], np.float32(level))

    box(at, at + wide, top)
    kind = rng.integers(5)
    if kind == 0:
        box(at + wide * 0.2, at + wide * 0.8, top - wide * 0.25)
        box(at + wide * 0.38, at + wide * 0.62, top - wide * 0.45)
    elif kind == 1:
        box(at + wide * 0.47, at + wide * 0.53, top - wide * 0.8)
    elif kind == 2:
        box(at + wide * 0.1, at + wide * 0.45, top - wide * 0.14)


def grass(rng: Generator, outline: Outline, density: int, *, height: float) -> Outline:
    """The outline with a fringe of blades."""
    cells = int(PERIOD * 60)
    blades = np.abs(noise(rng, density, cells=cells, octaves=2, gain=0.8)) * noise_envelope(rng, density)
    return (outline - np.float32(height) * blades).astype(np.float32)


def noise_envelope(rng: Generator, density: int) -> Outline:
    """A slow swelling between 0 and 1, by which tufts come and go."""
    swell: Outline = np.clip(0.5 + 0.9 * noise(rng, density, cells=14, octaves=2), 0, 1).astype(np.float32)
    return swell
