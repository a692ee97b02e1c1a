#!/usr/bin/env bash
# Guess: PySceneDetect leaves out a cut that comes less than `min_scene_len` (0.6 s) after the cut before: of a montage of
# shots of 14 frames at 24 a second every second cut stays, and no scene is much longer than 1.2 s.
#
# What happens: ContentDetector, the one of most examples, joins the whole run: each cut that is too near to the one before it,
# left out or not, puts the end off. Six shots in a row become one scene of 3.5 s; shots of 15 frames are all found.
# AdaptiveDetector and HashDetector, of the same package and with the same default, do as one would guess.
#
# What it means: a multi-shot prompt ("fast cuts", many beats in ten seconds) is counted as one long take, and its
# pace as slower than that of a calm clip. Pass min_scene_len=1 and leave out what is too short yourself.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  scenedetect==0.7.2 opencv-python-headless==5.0.0.93 av==18.1.0 numpy==2.4.6

venv/bin/python - <<'PY'
import av
import cv2
import numpy as np
import scenedetect
from scenedetect import AdaptiveDetector, ContentDetector, HashDetector, detect

print("scenedetect", scenedetect.__version__, "OpenCV", cv2.__version__)


def write(path, cuts):
    """144 frames, 24 a second, of pictures that pan; another picture from each of the cuts on."""
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for index in range(144):
            shot = sum(cut <= index for cut in cuts)
            coarse = np.random.default_rng(shot).integers(0, 255, (9, 16, 3), dtype=np.uint8)
            scene = cv2.resize(coarse, (320, 180), interpolation=cv2.INTER_CUBIC)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.roll(scene, index, axis=1))))
        out.mux(stream.encode())


def found(detector):
    return [int(begin.frame_num) for begin, _ in detect("clip.mp4", detector)][1:]


def all_three(cuts):
    write("clip.mp4", cuts)
    seen = [found(detector()) for detector in (ContentDetector, AdaptiveDetector, HashDetector)]
    print(f"cuts at {cuts}: ContentDetector {seen[0]}, AdaptiveDetector {seen[1]}, HashDetector {seen[2]}")
    assert found(ContentDetector(min_scene_len=1)) == cuts
    return seen


calm = [20, 35, 50, 65, 80, 95, 110]
assert all_three(calm) == [calm] * 3
fast = [20, 34, 48, 62, 76, 90, 104]
every_second = [20, 48, 76, 104]
assert all_three(fast) == [[20, 104], every_second, every_second]
print("Six shots, 3.5 s, are one scene.")
PY
