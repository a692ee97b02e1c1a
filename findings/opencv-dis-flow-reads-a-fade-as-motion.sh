#!/usr/bin/env bash
# Guess: OpenCV's DIS optical flow subtracts the mean of each patch, so that a change of light matters little: two frames of
# a still picture, the second a little darker, have a flow of about zero, as in Farneback's method.
#
# What happens: with 20 grey levels added the flow is zero. Multiplied by 0.95, which darkens a wall of grey 120 by six
# levels, the textured object still has none, but the smooth wall beside it "moves" by several pixels, at 0.6 by more
# than twice as many. (Slight noise alone moves it too.) Farneback's flow of the same frames is below 0.1 px.
#
# What it means: a mean or high percentile of DIS flow calls a fade, a flicker or a change of exposure a fast camera. Matching
# mean and contrast of the frames first is not enough: rounding to 8 bits is left, and moves the wall too. Measure
# only where there is texture, or use Farneback's method.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6

venv/bin/python - <<'PY'
from importlib.metadata import version

import cv2
import numpy as np

print("opencv-python-headless", version("opencv-python-headless"), "numpy", version("numpy"))
y, x = np.mgrid[:240, :320]
wall = 100 + 40 * x / 320 + 20 * y / 240  # lit from one side
texture = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 120, (80, 80)), (0, 0), 2)


def frame(shift=0, gain=1.0, more=0, noise=0.0):
    picture = wall.copy()
    picture[80:160, 60 + shift : 140 + shift] += texture
    picture += np.random.default_rng(2).normal(0, noise, picture.shape) if noise else 0
    return np.clip(picture * gain + more, 0, 255).astype(np.uint8)


def matched(picture):
    """`picture` with the mean and contrast of the first frame."""
    first, picture = frame(), picture.astype(float)
    wanted = (picture - picture.mean()) / picture.std() * first.std() + first.mean()
    return np.clip(wanted.round(), 0, 255).astype(np.uint8)


def speeds(flow):
    """Median speed in px a frame: of the wall right of the object, and of the object."""
    speed = np.linalg.norm(flow, axis=2)
    return float(np.median(speed[:, 180:])), float(np.median(speed[90:150, 75:130]))


dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
print("subtracts the mean of a patch:", dis.getUseMeanNormalization())
seen = {}
for name, second in {
    "the same frame": frame(),
    "object moved by 4 px": frame(shift=4),
    "+ 20": frame(more=20),
    "x 0.95": frame(gain=0.95),
    "x 0.8": frame(gain=0.8),
    "x 0.6": frame(gain=0.6),
    "x 0.8, then matched": matched(frame(gain=0.8)),
    "noise of 1 level": frame(noise=1),
}.items():
    seen[name] = speeds(dis.calc(frame(), second, None))
    farneback = speeds(cv2.calcOpticalFlowFarneback(frame(), second, None, 0.5, 3, 15, 3, 5, 1.2, 0))
    print(f"{name}: DIS wall {seen[name][0]:.2f} px, object {seen[name][1]:.2f} px; Farneback {farneback[0]:.2f} px")
    assert farneback[0] < 0.1
for name in ("the same frame", "object moved by 4 px", "+ 20"):
    assert seen[name][0] < 0.1
    assert abs(seen[name][1] - 4 * name.startswith("object")) < 0.2
for name in ("x 0.95", "x 0.8", "x 0.6"):
    assert seen[name][0] > 4
    assert seen[name][1] < 0.2
assert seen["x 0.6"][0] > 10
assert seen["x 0.8, then matched"][0] > 2
print("DIS sees a still wall move by many pixels because it got darker.")
PY
