"""Decoding HEIC pictures, which Pillow alone can't: by pillow-heif where it is installed, else by FFmpeg.

FFmpeg gives the coded pictures of a file as they are. A phone's HEIC is a grid of tiles, and turned by a note beside
them, so of these it is asked for plain ones only.
"""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING

import av

from hailuo_widgets.errors import HailuoError

if TYPE_CHECKING:
    from PIL import Image

BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
"""The major brands of such files. Source: ISO/IEC 23008-12, Annex B."""

_MARKED = (b"irot", b"imir", b"grid", b"clap")
"""Boxes and item types of pictures that are more than one coded picture shown as it is."""

_HEAD = 65_536


class NotPlainError(HailuoError):
    """A HEIC picture that only pillow-heif shows as it is meant to be seen."""


def is_heic(data: bytes) -> bool:
    """Whether a file says that it is a HEIC picture."""
    return data[4:8] == b"ftyp" and data[8:12] in BRANDS


def opened(data: bytes, max_pixels: int) -> Image.Image:
    """A HEIC picture.

    Raises:
        NotPlainError: It is a grid of tiles or turned, and pillow-heif is not installed.
        ValueError: It has more than `max_pixels`, or no picture.
        Exception: Whatever the decoders are led to by broken bytes.
    """
    try:
        heif = importlib.import_module("pillow_heif")
    except ImportError:
        return _by_ffmpeg(data, max_pixels)
    file = heif.open_heif(io.BytesIO(data))
    if file.size[0] * file.size[1] > max_pixels:
        raise ValueError("too many pixels")
    made: Image.Image = file.to_pillow()
    return made


def _by_ffmpeg(data: bytes, max_pixels: int) -> Image.Image:
    if any(mark in data[:_HEAD] for mark in _MARKED):
        raise NotPlainError("This HEIC picture is a grid of tiles or is turned.", hint="pip install pillow-heif")
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        if stream.codec_context.width * stream.codec_context.height > max_pixels:
            raise ValueError("too many pixels")
        picture: Image.Image = next(container.decode(stream)).to_image()
        return picture
