"""The sketch: an animatic in place of a clip, drawn without a vendor and labelled as a sketch.

It is deterministic: one `Sketch` gives the same bytes on one machine, every time.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.media.probe import VideoInfo, probe
from hailuo_widgets.sketch.camera_path import camera_at, most_roll

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hailuo_widgets.media.encode import Planes
    from hailuo_widgets.sketch.rolled import Painter
    from hailuo_widgets.sketch.worker import Drawing

MAX_SIDE = 4096
MAX_FRAMES = 3600


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is to be drawn.

    Attributes:
        prompt: Shown in the line at the bottom; any text.
        moves: English camera command names: combined ones in one tuple, sequential ones one tuple after the other.
            MiniMax-H3's `Arc left`, `Roll left` and `POV` too, and `Push in (small, slow)`.
        width: Width in pixels; an odd one is rounded up to even.
        height: Height in pixels; the same.
        duration: Length in seconds.
        fps: Frames a second.
        first_frame: An encoded JPEG, PNG or WebP that the clip starts from, in place of a drawn scene.
        last_frame: One that the clip arrives at.
        palette_seed: The words that scene and colours follow from; the prompt where empty.
        shares: How long each tuple of moves lasts beside the others; evenly where empty.
        reach: How far the camera goes, as a share of its usual way.
    """

    prompt: str
    moves: tuple[tuple[str, ...], ...] = ()
    width: int = 1366
    height: int = 768
    duration: float = 6.0
    fps: int = 24
    first_frame: bytes | None = None
    last_frame: bytes | None = None
    palette_seed: str = ""
    shares: tuple[float, ...] = ()
    reach: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """The sketch as JSON can carry it, pictures in base64."""
        data = asdict(self)
        for name in ("first_frame", "last_frame"):
            if data[name] is not None:
                data[name] = base64.b64encode(data[name]).decode("ascii")
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Sketch:
        """The sketch back from `to_json`.

        Raises:
            UsageError: The data is not what `to_json` gives.
        """
        try:
            fields = dict(data)
            fields["moves"] = tuple(tuple(map(str, together)) for together in fields.get("moves", ()))
            fields["shares"] = tuple(map(float, fields.get("shares", ())))
            for name in ("first_frame", "last_frame"):
                if fields.get(name) is not None:
                    fields[name] = base64.b64decode(fields[name], validate=True)
            return cls(**fields)
        except (TypeError, ValueError, binascii.Error) as error:
            raise UsageError(f"This is not a sketch: {error}.") from error


def render(
    sketch: Sketch,
    path: Path | str,
    *,
    preset: str = "ultrafast",
    part: tuple[int, int] | None = None,
    ahead: bool = True,
) -> VideoInfo:
    """Draw a sketch into an mp4 file: H.264, yuv420p, a keyframe a second, index first, silent.

    Args:
        sketch: What to draw.
        path: The file; written in place, so give a temporary name and rename it where half a file would matter.
        preset: x264's preset.
        part: The first frame that is drawn, and the one after the last; None for all of them.
        ahead: Whether one core paints while another encodes; less work where no core is idle if not.

    Returns:
        The facts about the file; of a whole sketch it has exactly `round(duration * fps)` frames, at least one.

    Raises:
        UsageError: Size, length or rate can't be drawn.
        UnusablePictureError: A picture can't be used.
        HailuoError: The file can't be written.
    """
    from hailuo_widgets.media.encode import encode_while_painting

    width, height, count = measures(sketch)
    first, end = part or (0, count)
    paint = painter(sketch)
    encode_while_painting(
        lambda planes, index: paint(planes, first + index),
        end - first,
        path,
        width=width,
        height=height,
        fps=sketch.fps,
        preset=preset,
        ahead=ahead,
    )
    return probe(path)


def painter(sketch: Sketch) -> Callable[[Planes, int], None]:
    """What paints the frame of a given index into its Y, U and V planes.

    Raises:
        UsageError: Size, length or rate can't be drawn.
        UnusablePictureError: A picture can't be used.
    """
    from hailuo_widgets.sketch.caption import Caption
    from hailuo_widgets.sketch.paint import ScenePainter
    from hailuo_widgets.sketch.picture import PicturePainter, decode
    from hailuo_widgets.sketch.rolled import RolledPainter
    from hailuo_widgets.sketch.scene import build
    from hailuo_widgets.sketch.words import UNKNOWN, read

    width, height, count = measures(sketch)
    first = decode(sketch.first_frame, "The first frame") if sketch.first_frame is not None else None
    last = decode(sketch.last_frame, "The last frame") if sketch.last_frame is not None else None
    opening: Painter
    if most := most_roll(sketch.moves, sketch.reach):
        opening = RolledPainter(first or build(sketch.palette_seed or sketch.prompt, height), width, height, most)
    elif first:
        opening = PicturePainter(first, width, height)
    else:
        opening = ScenePainter(build(sketch.palette_seed or sketch.prompt, height), width, height)
    ending = PicturePainter(last, width, height) if last else None
    unknown = first is None and read(sketch.palette_seed or sketch.prompt).subject == UNKNOWN
    note = "subject not drawn" if unknown else ""
    caption = Caption(sketch.prompt, sketch.moves, width, height, note=note, shares=sketch.shares)

    def paint(planes: Planes, index: int) -> None:
        t = index / max(1, count - 1)
        camera = camera_at(sketch.moves, t, duration=sketch.duration, shares=sketch.shares, reach=sketch.reach)
        opening.paint(planes, camera, index / sketch.fps)
        if ending and (share := _arrival(t)) > 0:
            ending.settle(planes, share)
        caption.paint(planes, t)

    return paint


def render_in_subprocess(sketch: Sketch, path: Path | str, drawing: Drawing | None = None) -> VideoInfo:
    """`render` in a process of its own, at low priority, so that a cell that computes is not starved.

    Blocks until it is done; safe to call from any thread, several at once.

    Args:
        sketch: What to draw.
        path: The file, see `render`.
        drawing: By which it can be stopped from another thread.

    Returns:
        The facts about the file.

    Raises:
        HailuoError: The sketch could not be drawn, and why; or it was stopped.
    """
    from hailuo_widgets.sketch.worker import run

    return VideoInfo(**run({"sketch": sketch.to_json(), "path": str(path)}, drawing))


def preview(sketch: Sketch, path: Path) -> VideoInfo:
    """`render` as soon as possible: each core draws its share of the seconds, and the shares are joined.

    Args:
        sketch: What to draw.
        path: The file; its neighbours `NAME.1`, `NAME.2` … are used meanwhile.

    Returns:
        The facts about the file.

    Raises:
        HailuoError: The sketch could not be drawn, and why.
    """
    from concurrent.futures import ThreadPoolExecutor

    from hailuo_widgets.media.join import join
    from hailuo_widgets.sketch.worker import cores, run

    count = measures(sketch)[2]
    seconds = -(-count // sketch.fps)
    shares = max(1, min(cores(), 4, seconds))
    # Cut where keyframes are.
    cuts = [seconds * each // shares * sketch.fps for each in range(shares)] + [count]
    parts = [path.with_name(f"{path.name}.{each}") for each in range(shares)]

    def draw(index: int) -> None:
        part = {"part": cuts[index : index + 2], "ahead": shares < cores()}
        run({"sketch": sketch.to_json(), "path": str(parts[index]), **part})

    with ThreadPoolExecutor(shares, thread_name_prefix="hailuo-preview") as pool:
        list(pool.map(draw, range(shares)))
    return join(parts, path)


def _arrival(t: float) -> float:
    """How much of the last frame shows: none before the middle of the clip, all of it at the end."""
    local = min(1.0, max(0.0, (t - 0.45) / 0.55))
    return 1.0 if t >= 1 else local * local * (3 - 2 * local)


def measures(sketch: Sketch) -> tuple[int, int, int]:
    """Width and height in pixels, both even, and the number of frames.

    Raises:
        UsageError: One of them can't be drawn.
    """
    width, height = (side + side % 2 for side in (sketch.width, sketch.height))
    if not (16 <= width <= MAX_SIDE and 16 <= height <= MAX_SIDE):
        raise UsageError(
            f"A sketch of {sketch.width} × {sketch.height} pixels can't be drawn.",
            hint=f"Each side has 16 to {MAX_SIDE} pixels.",
        )
    if not 1 <= sketch.fps <= 120:
        raise UsageError(f"A sketch can't have {sketch.fps} frames a second.", hint="Choose 1 to 120.")
    count = max(1, round(sketch.duration * sketch.fps)) if 0 < sketch.duration < 1e6 else 0
    if not 1 <= count <= MAX_FRAMES:
        raise UsageError(f"A sketch can't last {sketch.duration:g} s.", hint=f"It has at most {MAX_FRAMES} frames.")
    return width, height, count
