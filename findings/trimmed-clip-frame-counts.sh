#!/usr/bin/env bash
# Guess: after a lossless trim (`ffmpeg -ss 1 -i in.mp4 -c copy`), libraries that agree about the pictures also agree
# about their number; and `imageio.v3.imread` returns the pictures of the clip and no others.
#
# What happens: the trim keeps every sample and hides the first second by an edit list. OpenCV's CAP_PROP_FRAME_COUNT,
# PyAV's stream.frames, imageio's n_images and PySceneDetect's duration all count the hidden samples (96), while the same
# libraries decode 72. imageio's imread (pyav plugin) sizes its array by the count, so that its last 24 pictures were
# never written: a clip that seems to end in black, or in whatever was in memory.
#
# What it means: a frame count from a header is an upper bound. Count what was decoded, above all before "the last
# frame" is taken for an extension, or a clip is compared with what was ordered.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  imageio==2.38.1 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6 pillow==13.0.0 \
  opencv-python-headless==5.0.0.93 scenedetect-headless==0.7.2

venv/bin/python - <<'PY'
import subprocess
from importlib.metadata import version

import av
import cv2
import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
from scenedetect import open_video

names = ("av", "opencv-python-headless", "imageio", "scenedetect-headless")
print(*(f"{name} {version(name)}" for name in names), "ffmpeg", imageio_ffmpeg.get_ffmpeg_version())

# Picture i of the whole clip is grey level 20 + 2 i, so that each picture says where it was; one keyframe in 2 s.
with av.open("whole.mp4", "w") as out:
    stream = out.add_stream("libx264", rate=24, options={"g": "48", "sc_threshold": "0"})
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for i in range(96):
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 + 2 * i, np.uint8))))
    out.mux(stream.encode())
ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
subprocess.run([ffmpeg, "-v", "error", "-ss", "1", "-i", "whole.mp4", "-c", "copy", "trimmed.mp4"], check=True)


def cv2_counts(path):
    video = cv2.VideoCapture(path)
    header, decoded = int(video.get(cv2.CAP_PROP_FRAME_COUNT)), 0
    while video.read()[0]:
        decoded += 1
    return header, decoded


def av_counts(path):
    with av.open(path) as container:
        return container.streams.video[0].frames, sum(1 for _ in container.decode(video=0))


def imageio_counts(path):
    return iio.improps(path, plugin="pyav").n_images, sum(1 for _ in iio.imiter(path, plugin="pyav"))


def scenedetect_counts(path):
    video, decoded = open_video(path, backend="opencv"), 0
    while video.read() is not False:
        decoded += 1
    return video.duration.frame_num, decoded


for count in (av_counts, cv2_counts, imageio_counts, scenedetect_counts):
    whole, trimmed = count("whole.mp4"), count("trimmed.mp4")
    print(f"{count.__name__}: whole {whole}, trimmed (header, decoded) {trimmed}")
    assert whole == (96, 96), whole
    assert trimmed == (96, 72), trimmed

pictures = iio.imread("trimmed.mp4", plugin="pyav")
last = int(pictures[71].mean())
print("imread:", pictures.shape, "grey of picture 71:", last)
print("grey of pictures 72, 80, 95:", *pictures[[72, 80, 95]].mean((1, 2, 3)))
assert pictures.shape == (96, 48, 64, 3)
assert abs(last - (20 + 2 * 95)) <= 3, last  # the clip's last picture is at 71; nothing was decoded into the rest
print("24 of imread's 96 pictures are not in the clip.")
PY
