#!/usr/bin/env bash
# Guess: moviepy 2.2 opens a portrait clip (stored as landscape with a rotation, as phones do) at its portrait size: it
# reads the rotation from ffmpeg's report.
#
# What happens: it looks for the word "displaymatrix", and the ffmpeg that pip installs with it today (imageio-ffmpeg
# 0.8.1 brings ffmpeg 9) prints "Display Matrix". The rotation is read as 0, the size is the stored one, and ffmpeg, which
# rotates the picture by itself, is told to scale it to that size: a portrait clip comes out squeezed into landscape.
#
# What it means: a phone's clip that is used as reference, or joined with generated ones, is distorted without a word.
# Compare the size with PyAV's frame size and frame.rotation, or pass the size that you expect.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  moviepy==2.2.1 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6

venv/bin/python - <<'PY'
import subprocess
from importlib.metadata import version

import av
import imageio_ffmpeg
import numpy as np
from moviepy import VideoFileClip

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
print("moviepy", version("moviepy"), "imageio-ffmpeg", version("imageio-ffmpeg"))
print("ffmpeg", imageio_ffmpeg.get_ffmpeg_version())

# A black 320x180 picture with a white square of 90x90 in its middle.
picture = np.zeros((180, 320, 3), np.uint8)
picture[45:135, 115:205] = 255
with av.open("stored.mp4", "w") as out:
    stream = out.add_stream("libx264", rate=24)
    stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
    for _ in range(24):
        out.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
    out.mux(stream.encode())
subprocess.run(
    [ffmpeg, "-v", "error", "-display_rotation", "90", "-i", "stored.mp4", "-c", "copy", "portrait.mp4"], check=True
)

report = subprocess.run([ffmpeg, "-hide_banner", "-i", "portrait.mp4"], capture_output=True, text=True).stderr
print("ffmpeg says:", next(line.strip() for line in report.splitlines() if "matrix" in line.lower()))
with av.open("portrait.mp4") as container:
    rotation = next(container.decode(video=0)).rotation
print("PyAV's rotation:", rotation)
assert abs(rotation) == 90

with VideoFileClip("portrait.mp4") as clip:
    frame = clip.get_frame(0)
    rows, columns = (int((frame[..., 0] > 128).any(axis).sum()) for axis in (1, 0))
    print("moviepy: rotation", clip.rotation, "size", clip.size, f"the 90x90 square is now {columns} wide, {rows} high")
    assert (clip.rotation, list(clip.size)) == (0, [320, 180])
    assert columns > 2.5 * rows
print("A portrait clip was squeezed into landscape.")
PY
