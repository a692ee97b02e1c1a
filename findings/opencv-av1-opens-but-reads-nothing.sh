#!/usr/bin/env bash
# Guess: opencv-python's VideoCapture either decodes an AV1 mp4 or fails to open it, and PySceneDetect reports an error
# for a clip that it can't read.
#
# What happens: the wheels' ffmpeg knows AV1 but has no software decoder for it. isOpened() is True, size, frame rate and
# frame count are right, and the first read() returns False, as at the end of a clip. PySceneDetect's detect() takes
# that for an empty clip: [] ("no cuts"), or with start_in_scene=True one scene of a single frame. (OpenCV built by
# others, with dav1d or a hardware decoder, reads the clip.)
#
# What it means: a measurement loop over `while ok` measures nothing and says nothing. Check the number of frames that
# arrived, or decode with PyAV, whose wheels bring dav1d.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  opencv-python-headless==5.0.0.93 scenedetect-headless==0.7.2 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6

export OPENCV_FFMPEG_LOGLEVEL=-8 # the decoder complains on stderr, once a packet
venv/bin/python - <<'PY'
import subprocess
from importlib.metadata import version

import av
import cv2
import imageio_ffmpeg
from scenedetect import ContentDetector, detect

print(*(f"{name} {version(name)}" for name in ("opencv-python-headless", "scenedetect-headless", "av")))

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
# One second of red, one of blue: one cut.
graph = "color=red:s=128x96:r=24:d=1[a];color=blue:s=128x96:r=24:d=1[b];[a][b]concat"
for codec, options in (("libx264", []), ("libaom-av1", ["-cpu-used", "8"])):
    subprocess.run(
        [ffmpeg, "-v", "error", "-filter_complex", graph, "-c:v", codec, *options, "-pix_fmt", "yuv420p", f"{codec}.mp4"],
        check=True,
    )


def report(path):
    video = cv2.VideoCapture(path)
    opened, frames = video.isOpened(), int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    size = int(video.get(cv2.CAP_PROP_FRAME_WIDTH)), int(video.get(cv2.CAP_PROP_FRAME_HEIGHT))
    decoded = 0
    while video.read()[0]:
        decoded += 1
    with av.open(path) as container:
        by_av = sum(1 for _ in container.decode(video=0))
    # The cut is at 1 s; by default a scene must last 0.6 s.
    scenes = [(a.frame_num, b.frame_num) for a, b in detect(path, ContentDetector(), start_in_scene=True)]
    silent = [(a.frame_num, b.frame_num) for a, b in detect(path, ContentDetector())]
    print(f"{path}: opened {opened}, size {size}, header {frames} frames, OpenCV decoded {decoded}, PyAV {by_av}")
    print("  scenes with start_in_scene:", scenes, " without:", silent)
    return opened, size, frames, decoded, by_av, scenes, silent


assert report("libx264.mp4") == (True, (128, 96), 48, 48, 48, [(0, 24), (24, 48)], [(0, 24), (24, 48)])
opened, size, frames, decoded, by_av, scenes, silent = report("libaom-av1.mp4")
assert (opened, size, frames, decoded, by_av) == (True, (128, 96), 48, 0, 48)
assert silent == [], silent
assert len(scenes) == 1, scenes
print("OpenCV opened a clip of 48 frames, read none, and the scene detector found no cut in it.")
PY
