"""A decoded frame as a player shows it: turned, with square pixels, in the right colours.

Decoders return frames as they are coded. A phone's clip lies on its side and carries a matrix that turns it; an
anamorphic one has pixels that are not square; and the numbers mean other colours in BT.601 than in BT.709.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, cast

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from av import VideoFrame
    from av.buffer import Buffer

HD_LINES = 720
"""From this height on, a clip without a colour tag is taken for BT.709, below it for BT.601.

So does Chromium, which shows the clip: `AVStreamToVideoDecoderConfig` in `media/ffmpeg/ffmpeg_common.cc`. It takes a
clip of full range without a tag for BT.601 whatever its height, as a JPEG is.
"""

_MATRICES = {  # AVColorSpace (ITU-T H.273, table 4) -> swscale's
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_FULL = 2  # AVColorRange: 0 to 255 instead of 16 to 235

_EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

# As for decoders, see `probe.opened`: a converter's threads may be collected where they don't exist. PyAV 17 has more
# than one by default, and takes the argument.
ONE_THREAD: dict[str, Any] = {"threads": 1} if int(av.__version__.partition(".")[0]) >= 17 else {}

_Turn = Image.Transpose
# (a, b, c, d) of the display matrix, by sign: x' = a·x + c·y and y' = b·x + d·y, y downwards.
_TURNS = {
    (0, 1, -1, 0): _Turn.ROTATE_270,  # Pillow turns counter-clockwise
    (-1, 0, 0, -1): _Turn.ROTATE_180,
    (0, -1, 1, 0): _Turn.ROTATE_90,
    (-1, 0, 0, 1): _Turn.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): _Turn.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): _Turn.TRANSPOSE,
    (0, -1, -1, 0): _Turn.TRANSVERSE,
}
_SIDEWAYS = {_Turn.ROTATE_90, _Turn.ROTATE_270, _Turn.TRANSPOSE, _Turn.TRANSVERSE}


def turn(frame: VideoFrame) -> Image.Transpose | None:
    """How the frame has to be turned or mirrored to be shown; None where it is upright."""
    matrix = cast("Mapping[str, Buffer]", frame.side_data).get("DISPLAYMATRIX")
    if matrix is None:
        return None
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix)[:36])
    most = max(map(abs, (a, b, c, d)))
    # Matrices that turn by an odd angle are rounded to the nearest quarter.
    return _TURNS.get(tuple(round(each / most) if most else 0 for each in (a, b, c, d)))  # type: ignore[arg-type]


def shown_size(width: int, height: int, aspect: Fraction | None, turned: Image.Transpose | None) -> tuple[int, int]:
    """Width and height in pixels at which a player shows a clip.

    Args:
        width: Of the coded picture.
        height: Of the coded picture.
        aspect: Width to height of one pixel; None and 0 mean square.
        turned: As `turn` returns it.

    Returns:
        The size, with square pixels and upright. Where pixels are not square, one side grows and none shrinks.
    """
    # Source: HTML, "natural width": https://html.spec.whatwg.org/multipage/media.html#concept-video-intrinsic-width
    if aspect and aspect > 1:
        width = round(width * aspect)
    elif aspect and aspect > 0:
        height = round(height / aspect)
    return (height, width) if turned in _SIDEWAYS else (width, height)


def colours(frame: VideoFrame) -> dict[str, Any]:
    """By which rules a frame's numbers are colours, as `reformat` takes them; empty for red, green and blue."""
    if not frame.format.name.startswith(("yuv", "nv", "p0", "p2", "uyvy", "yuyv")):
        return {}
    # "yuvj…" is the older way to say that a picture uses the full range.
    full = frame.color_range == _FULL or frame.format.name.startswith("yuvj")
    untagged = Colorspace.ITU709 if frame.height >= HD_LINES and not full else Colorspace.ITU601
    return {
        "src_colorspace": _MATRICES.get(frame.colorspace, untagged),
        "src_color_range": ColorRange.JPEG if full else ColorRange.MPEG,
    }


def picture(frame: VideoFrame, size: tuple[int, int]) -> Image.Image:
    """A frame as a player shows it, at a given size.

    Args:
        frame: As it was decoded.
        size: Width and height of the result in pixels, upright.

    Returns:
        An RGB picture. HDR transfer curves are left as they are.
    """
    return turned_picture(frame, size, turn(frame))


def turned_picture(frame: VideoFrame, size: tuple[int, int], turned: Image.Transpose | None) -> Image.Image:
    """The same, of a frame whose `turn` is known."""
    width, height = size[::-1] if turned in _SIDEWAYS else size
    shrinks = width * height < frame.width * frame.height
    image: Image.Image = frame.to_image(
        width=width,
        height=height,
        interpolation=(Interpolation.AREA if shrinks else Interpolation.BICUBIC) | _EXACT,
        **colours(frame),
        **ONE_THREAD,
    )
    return image if turned is None else image.transpose(turned)
