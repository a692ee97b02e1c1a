"""What MiniMax asks of a draft that is made again in 2K: a clip of MiniMax-H3's own in 768P, as it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hailuo_widgets.spec.media import Media

FPS = 24
FEWEST_FRAMES, MOST_FRAMES, FRAME_STEP = 107, 362, 17
SIDE_STEP = 32
SMALLEST_AREA, LARGEST_AREA = 768 * 768, 768 * 1344
SOURCE = "MiniMax v2, Video regeneration: base_video"


def problems(video: Media) -> Iterator[Problem]:
    """Every way in which a draft breaks the rules; nothing where its bytes are not at hand."""
    if video.data is None:
        return
    found = video.facts
    if found is None or not found.video_codec:
        yield Problem("base_video", f"The draft ({video}) can't be opened as a video.", hint="Fetch it again.")
        return
    changed = "Use the file exactly as MiniMax made it: not cut, scaled or re-encoded."
    if abs(found.fps - FPS) > 0.01:
        yield _problem(f"The draft has {found.fps:g} frames a second.", f"{FPS}", changed)
    if not found.audio_codec:
        yield _problem("The draft has no sound track.", "a clip with its sound", changed)
    on_the_grid = (found.frames - FEWEST_FRAMES) % FRAME_STEP == 0
    if not FEWEST_FRAMES <= found.frames <= MOST_FRAMES or not on_the_grid:
        allowed = f"{FEWEST_FRAMES} to {MOST_FRAMES} in steps of {FRAME_STEP}"
        yield _problem(f"The draft has {found.frames} frames.", allowed, changed)
    size = f"{found.width}×{found.height} px"
    if found.width % SIDE_STEP or found.height % SIDE_STEP:
        yield _problem(f"The draft is {size}.", f"sides divisible by {SIDE_STEP}", changed)
    if not SMALLEST_AREA <= found.width * found.height <= LARGEST_AREA:
        yield _problem(
            f"The draft is {size}, {found.width * found.height:,} px in all.",
            "768×768 to 768×1344 px: drafts in 768P",
            changed,
        )


def _problem(message: str, allowed: str, hint: str) -> Problem:
    return Problem("base_video", message, (allowed,), hint, SOURCE)
