#!/usr/bin/env bash
# Guess: the duration that imageio's FFMPEG plugin and imageio-ffmpeg report is the container's, whatever its tags say.
#
# What happens: the duration is taken from the first line of ffmpeg's report in which "Duration: " occurs, and ffmpeg
# prints the tags above the real one. A multi-line prompt kept in the comment tag, with a line such as
# "Duration: 00:00:09.00", is reported as the clip's duration.
#
# What it means: clips of AI video often carry their prompt as a tag, and prompts do speak of durations. Take durations
# from a demuxer (PyAV, ffprobe's JSON), not from a parsed log.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  imageio==2.38.1 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6 pillow==13.0.0

venv/bin/python - <<'PY'
from importlib.metadata import version

import av
import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np

print("imageio", version("imageio"), "imageio-ffmpeg", version("imageio-ffmpeg"), "PyAV", av.__version__)


def clip(path, comment):
    with av.open(path, "w") as out:
        out.metadata["comment"] = comment
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(96):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        out.mux(stream.encode())


def durations(path):
    reader = imageio_ffmpeg.read_frames(path)
    direct = next(reader)["duration"]
    reader.close()
    with av.open(path) as container:
        real = container.duration / av.time_base
    found = {"PyAV": real, "imageio-ffmpeg": direct, "imageio": iio.immeta(path, plugin="FFMPEG")["duration"]}
    print(path, found)
    return found


clip("plain.mp4", "A clock on a wall.")
assert durations("plain.mp4") == {"PyAV": 4.0, "imageio-ffmpeg": 4.0, "imageio": 4.0}
clip("prompt.mp4", "A clock on a wall.\nDuration: 00:00:09.00\nStyle: film grain")
assert durations("prompt.mp4") == {"PyAV": 4.0, "imageio-ffmpeg": 9.0, "imageio": 9.0}
print("The duration was read from the prompt.")
PY
