"""Takes by the number: which clip a seed gives, for the measure's campaign. Seeds below 100,000 are for tuning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from support.planes import Take, World, render

if TYPE_CHECKING:
    from pathlib import Path

    from support.planes import Picture

CONDITIONS = (
    "plain", "half subject", "moving subject", "grain", "dim", "low texture", "CRF 36", "H.265", "letterbox", "fade",
    "flash", "slow", "combined", "sequential", "combined + grain",
)  # fmt: skip

HELD_OUT = 100_000
"""The first seed that is not for tuning."""

AXES = (("Truck left", "Truck right", "Pan left", "Pan right"), ("Pedestal up", "Pedestal down", "Tilt up", "Tilt down"),
        ("Push in", "Pull out", "Zoom in", "Zoom out"))  # fmt: skip
SINGLE = (*AXES[0], *AXES[1], *AXES[2], "Static shot", "Shake", "Tracking shot")


@dataclass(frozen=True)
class Case:
    """One clip and what is true of it.

    Attributes:
        condition: One of `CONDITIONS`.
        take: The camera and what spoils the picture.
        world: What is filmed.
        seed, size, fps, crf, codec: See `planes.render`.
    """

    condition: str
    take: Take
    world: World
    seed: int
    size: tuple[int, int] = (854, 480)
    fps: int = 24
    crf: int = 23
    codec: str = field(default="libx264")

    def write(self, path: Path | str) -> int:
        """Render it."""
        return render(
            self.take,
            path,
            world=self.world,
            seed=self.seed,
            size=self.size,
            fps=self.fps,
            crf=self.crf,
            codec=self.codec,
        )


def _single(lot: np.random.Generator) -> tuple[str, ...]:
    return (SINGLE[int(lot.integers(len(SINGLE)))],)


def _combined(lot: np.random.Generator) -> tuple[str, ...]:
    axes = [0, 1, 2]
    lot.shuffle(axes)
    names = [AXES[axis][int(lot.integers(4))] for axis in axes[: int(lot.integers(2, 4))]]
    return (*names, "Shake")[-3:] if lot.uniform() < 0.15 else tuple(names)


def case(seed: int, photos: tuple[Picture, ...] = ()) -> Case:
    """The clip of a seed.

    Args:
        seed: From `HELD_OUT` on for the held-out set.
        photos: Pictures for the planes, made ones where there are none; half of the clips use them.
    """
    lot = np.random.default_rng(seed)
    condition = CONDITIONS[seed % len(CONDITIONS)]
    steps: tuple[tuple[str, ...], ...] = (_single(lot),)
    if condition.startswith("combined"):
        steps = (_combined(lot),)
    elif condition == "sequential":
        first = _single(lot)
        second = _single(lot)
        while second == first:
            second = _single(lot)
        steps = (first, second)
    low, high = (0.3, 0.5) if condition == "slow" else (0.55, 1.3)
    # A shake of the usual size is a wild one.
    amounts = tuple(
        tuple(float(lot.uniform(low, high)) * (0.35 if name == "Shake" else 1.0) for name in step) for step in steps
    )
    seconds = float(lot.choice([4.0, 5.0])) if condition == "sequential" else float(lot.choice([2.5, 3.0, 4.0]))
    fps = int(lot.choice([24, 24, 25, 30]))
    flashes: tuple[tuple[int, int, float], ...] = ()
    if condition == "flash":
        flashes = tuple(
            (int(lot.integers(8, int(seconds * fps) - 10)), int(lot.integers(1, 5)), float(lot.uniform(0.3, 1.2)))
            for _ in range(int(lot.integers(1, 4)))
        )
    fade = float(lot.uniform(0.4, 1.0)) if condition == "fade" else 0.0
    take = Take(
        steps,
        seconds,
        amounts,
        lens=float(lot.uniform(0.8, 1.6)),
        flat=bool(lot.uniform() < 0.4),
        ease=float(lot.choice([0.0, 0.5, 1.0])),
        grain=float(lot.uniform(5, 14)) if "grain" in condition else float(lot.choice([0, 0, 2])),
        light=float(lot.uniform(0.15, 0.35)) if condition == "dim" else 1.0,
        fade_in=fade,
        fade_out=fade if lot.uniform() < 0.6 else 0.0,
        flashes=flashes,
        letterbox=float(lot.uniform(0.12, 0.3)) if condition == "letterbox" else 0.0,
        seed=seed,
    )
    subject = (
        float(lot.uniform(0.35, 0.5)) if condition == "half subject" else float(lot.choice([0.0, 0.06, 0.12, 0.2]))
    )
    follows = any("Tracking shot" in step for step in steps)
    if follows:
        subject = max(subject, 0.06)  # there must be something to follow
    world = World(
        layers=int(lot.integers(1, 4)),
        subject=subject,
        sway=float(lot.uniform(0.03, 0.12)) if condition in {"moving subject", "half subject"} else 0.0,
        walk=float(lot.uniform(-0.08, 0.08)) if condition == "moving subject" and not follows else 0.0,
        rough=float(lot.uniform(0.05, 0.2)) if condition == "low texture" else float(lot.uniform(0.5, 1.0)),
        backdrop=float(lot.uniform(7, 14)),
        photos=photos if lot.uniform() < 0.6 and condition != "low texture" else (),
    )
    crf = 36 if condition == "CRF 36" else int(lot.integers(18, 30))
    size = (854, 480) if lot.uniform() < 0.25 else (640, 360)
    return Case(
        condition, take, world, seed, size, fps=fps, crf=crf, codec="libx265" if condition == "H.265" else "libx264"
    )


def mixed(seed: int, photos: tuple[Picture, ...] = ()) -> Case:
    """A clip in which several things are hard at once: planes of photographs, a subject of up to half the frame, one of
    the things that spoil a picture; half of them are of one move, a quarter combined, a quarter sequential, two moves of
    one family in a row among them.

    Args:
        seed: From `HELD_OUT` on for the held-out set.
        photos: Pictures for the planes, made ones where there are none.
    """
    lot = np.random.default_rng([seed, 77])

    def single() -> str:
        return SINGLE[int(lot.integers(len(SINGLE)))]

    kind, condition = lot.uniform(), "mixed, single"
    if kind < 0.5:
        steps: tuple[tuple[str, ...], ...] = ((single(),),)
    elif kind < 0.75:
        condition = "mixed, combined"
        axes = [0, 1, 2]
        lot.shuffle(axes)
        steps = (tuple(AXES[axis][int(lot.integers(4))] for axis in axes[: 2 if lot.uniform() < 0.75 else 3]),)
    else:
        condition = "mixed, sequential"
        names = [single()]
        while len(names) < (2 if lot.uniform() < 0.8 else 3):
            name = single()
            if name != names[-1]:
                names.append(name)
        steps = tuple((name,) for name in names)
    amounts = tuple(
        tuple(float(lot.uniform(0.5, 1.3)) * (0.35 if name == "Shake" else 1.0) for name in step) for step in steps
    )
    seconds = float(lot.choice([3, 4, 5])) if len(steps) == 1 else 2.2 * len(steps)
    fps = int(lot.choice([24, 25, 30]))
    spoilt = str(lot.choice(["", "", "grain", "dim", "fade", "flash", "letterbox", "CRF 36"]))
    flashes: tuple[tuple[int, int, float], ...] = ()
    if spoilt == "flash":
        flashes = tuple(
            (int(lot.integers(8, int(seconds * fps) - 10)), int(lot.integers(1, 5)), float(lot.uniform(0.4, 1.2)))
            for _ in range(int(lot.integers(1, 4)))
        )
    fade = float(lot.uniform(0.4, 0.9)) if spoilt == "fade" else 0.0
    subject = float(lot.choice([0, 0.08, 0.15, 0.25, 0.35, 0.5]))
    if any("Tracking shot" in step for step in steps):
        subject = max(subject, 0.08)
    take = Take(
        steps,
        seconds,
        amounts,
        lens=float(lot.uniform(0.8, 1.5)),
        flat=bool(lot.uniform() < 0.5),
        ease=float(lot.choice([0, 0.6, 1.0])),
        grain=float(lot.uniform(5, 14)) if spoilt == "grain" else float(lot.choice([0, 0, 2])),
        light=float(lot.uniform(0.15, 0.35)) if spoilt == "dim" else 1.0,
        fade_in=fade,
        fade_out=fade,
        flashes=flashes,
        letterbox=float(lot.uniform(0.12, 0.3)) if spoilt == "letterbox" else 0.0,
        seed=seed,
    )
    world = World(
        layers=int(lot.integers(1, 4)),
        subject=subject,
        sway=float(lot.choice([0, 0, 0.05])),
        backdrop=float(lot.uniform(7, 14)),
        photos=photos,
    )
    crf = 36 if spoilt == "CRF 36" else int(lot.integers(18, 30))
    return Case(condition, take, world, seed, (640, 360), fps=fps, crf=crf)
