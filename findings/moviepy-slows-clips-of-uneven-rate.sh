#!/usr/bin/env bash
# Guess: moviepy shows at time t the picture that the clip shows at t, also in a clip whose frames are not evenly spaced (from
# phones, screen recorders, and tools that drop repeated frames); what is written again has all of its pictures.
#
# What happens: moviepy reads the average rate, 27.95 a second here, but ffmpeg, which it asks for raw pictures, repeats them to an even
# rate of its own choice, 48. All are taken for 1/27.95 s each: the picture of 1 s comes at 1.7 s, and the clip ends with
# the picture of 1.1 s. write_videofile() keeps that. get_frame(1) is right after a later frame, as it seeks then.
#
# What it means: a phone's clip or a recording of the screen that is joined with generated clips plays in slow motion, loses its end, and
# drifts from its sound, without a warning. Make its rate even first (ffmpeg -fps_mode cfr), or read it with PyAV.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  moviepy==2.2.1 imageio==2.38.1 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6

venv/bin/python - <<'PY'
from fractions import Fraction
from importlib.metadata import version

import av
import imageio_ffmpeg
import numpy as np
from moviepy import VideoFileClip

print("moviepy", version("moviepy"), "ffmpeg", imageio_ffmpeg.get_ffmpeg_version(), "PyAV", av.__version__)


def picture(index):
    """Six bars, black or white: the index in binary."""
    bars = [255 * (index >> bit & 1) for bit in range(6)]
    return np.repeat(np.array(bars, np.uint8), 16)[None, :, None].repeat(48, 0).repeat(3, 2)


def index_of(pixels):
    return sum(1 << bit for bit in range(6) if pixels[24, 16 * bit + 8, 0] > 128)


def write(path, milliseconds):
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=24, options={"g": "12"})
        stream.width, stream.height, stream.pix_fmt = 96, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, at in enumerate(milliseconds):
            frame = av.VideoFrame.from_ndarray(picture(index))
            frame.pts, frame.time_base = round(at), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


def pictures(path):
    with av.open(path) as container:
        return [index_of(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def moviepy_view(path):
    with VideoFileClip(path) as clip:
        in_order = [index_of(frame) for frame in clip.iter_frames()]
        clip.write_videofile("again.mp4", logger=None)
        print(f"{path}: {clip.fps} fps, {clip.duration} s; in order: {in_order}; written again: {pictures('again.mp4')}")
        clip.get_frame(clip.duration - 0.1)
        return clip.fps, in_order, index_of(clip.get_frame(1))  # goes back, and so seeks


# The even clip has 60 pictures in 2.5 s; the other has 12 in its first second, and 48 in the second one.
write("even.mp4", [i * 1000 / 24 for i in range(60)])
write("uneven.mp4", [i * 1000 / 12 for i in range(12)] + [1000 + i * 1000 / 48 for i in range(48)])
assert pictures("even.mp4") == pictures("uneven.mp4") == list(range(60))

fps, in_order, alone = moviepy_view("even.mp4")
assert fps == 24 and in_order == list(range(60)) and alone == in_order[24] == 24

fps, in_order, alone = moviepy_view("uneven.mp4")
assert 27 < fps < 29
first = in_order.index(12) / fps
print(f"the picture of 1 s, number 12, comes at {first:.2f} s; get_frame(1) after a later one gives number {alone}")
assert alone == 12
assert 1.6 < first < 1.8
assert max(in_order) < 20 and in_order[:5] == [0, 0, 0, 0, 1]
assert max(pictures("again.mp4")) < 20
print("Two thirds of the pictures are never shown.")
PY
