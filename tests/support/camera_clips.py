"""Small clips with a known camera, rendered once a test session."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from support.planes import Take, World, render

_FOLDER = TemporaryDirectory(prefix="hailuo-clips-")
SIZE = (640, 360)


@cache
def clip(
    *steps: tuple[str, ...],
    seconds: float = 2.0,
    seed: int = 3,
    crf: int = 23,
    take: Take | None = None,
    world: World | None = None,
    sound: str | None = None,
) -> Path:
    """A clip of two layers and a backdrop before a real lens, in which the camera does `steps`."""
    path = Path(_FOLDER.name) / f"{len(list(Path(_FOLDER.name).iterdir()))}.mp4"
    render(
        take or Take(steps, seconds),
        path,
        world=world or World(layers=2, subject=0.0),
        seed=seed,
        size=SIZE,
        crf=crf,
        sound=sound,
    )
    return path
