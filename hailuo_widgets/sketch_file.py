"""One sketch as a file, without a provider and a library: for lessons, and for tests of what looks at clips."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, get_args

from hailuo_widgets.errors import UsageError
from hailuo_widgets.paths import user_path
from hailuo_widgets.sketch.disobey import HALF, How, disobeyed
from hailuo_widgets.sketch.render import Sketch, render
from hailuo_widgets.spec.camera import parse

if TYPE_CHECKING:
    from pathlib import Path


def sketch(
    prompt: str,
    path: Path | str = "sketch.mp4",
    *,
    obey: bool = True,
    how: How = "another",
    seed: int = 0,
    size: tuple[int, int] = (640, 360),
    duration: float = 3.0,
) -> Path:
    """Draw a sketch of a prompt into a file, with the camera moves that it asks for, or with others.

    Args:
        prompt: As for a vendor, with its commands in brackets.
        path: The mp4 file; one that is there is replaced.
        obey: False for a camera that does something other than requested.
        how: What it does instead: `"another"` move, `"none"`, the `"reverse"`, or the same move `"half"` as far.
        seed: Which other move it is.
        size: Width and height in pixels.
        duration: Seconds.

    Returns:
        The file.

    Raises:
        UsageError: If the prompt has no camera command to disobey, `how` is unknown, size or length can't be drawn, or
            the name does not end in `.mp4`.
        HailuoError: If the file can't be written.
    """
    target = user_path(path, ".mp4")
    every = (tuple(command.en for command in shot.commands) for shot in parse(prompt).shots)
    moves, reach = tuple(step for step, _ in groupby(every)), 1.0
    if not obey:
        if not moves:
            raise UsageError("This prompt has no camera command to disobey.", hint="Write one in brackets: [Pan left].")
        if how not in get_args(How):
            raise UsageError(
                f"A camera can't disobey in the way {how!r}.", hint="Use 'another', 'none', 'reverse' or 'half'."
            )
        still = all(step == ("Static shot",) for step in moves)
        how = "another" if still else how  # to stand still would be to obey
        moves, reach = disobeyed(moves, how, seed), HALF if how == "half" else 1.0
    render(Sketch(prompt, moves, size[0], size[1], duration, reach=reach), target)
    return target
