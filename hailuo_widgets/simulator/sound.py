"""A stereo track for a clip that has none: MiniMax-H3's clips come with sound."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

RATE = 44_100
_PIECE = 1024


def add_sound(silent: Path, target: Path) -> None:
    """Write a clip again, its pictures untouched, with a quiet chord that is as long as they are."""
    with av.open(str(silent)) as source, av.open(str(target), "w", options={"movflags": "+faststart"}) as out:
        pictures = source.streams.video[0]
        copied = out.add_stream_from_template(pictures)
        sound = out.add_stream("aac", rate=RATE, layout="stereo")
        seconds = float(pictures.duration * pictures.time_base) if pictures.duration and pictures.time_base else 1.0
        for packet in source.demux(pictures):
            if packet.dts is not None:
                packet.stream = copied
                out.mux(packet)
        for start in range(0, int(seconds * RATE), _PIECE):
            out.mux(sound.encode(_chord(start)))
        out.mux(sound.encode(None))


def _chord(start: int) -> av.AudioFrame:
    at = (start + np.arange(_PIECE)) / RATE
    left, right = (0.05 * np.sin(2 * np.pi * pitch * at) for pitch in (220.0, 277.18))
    frame = av.AudioFrame.from_ndarray(np.stack([left, right]).astype(np.float32), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
    return frame
