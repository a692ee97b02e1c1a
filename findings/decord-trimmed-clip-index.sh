#!/usr/bin/env bash
# Guess: in decord, the picture at an index is one and the same, whether it is reached one by one, alone, or in a batch;
# and a clip that was trimmed without encoding starts where players start it.
#
# What happens: on a clip trimmed by `ffmpeg -ss 1 -c copy` (an edit list hides its first second), len() counts the
# hidden samples, the time stamps begin at -1 s, and the same index gives different pictures: read in order, index 24
# is the whole clip's picture 48; past the next keyframe, a reader that seeks to index 48 gives picture 48 as well.
# One get_batch() call therefore goes back in time and shows the same second twice.
#
# What it means: frames that a data loader takes from trimmed clips are not where their index says. Encode a clip again
# after trimming, or read it with a library that applies edit lists (PyAV), before anything is measured or trained on it.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  decord==0.6.0 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6

venv/bin/python - <<'PY'
import subprocess

import av
import decord
import imageio_ffmpeg
import numpy as np

print("decord", decord.__version__, "PyAV", av.__version__, "ffmpeg", imageio_ffmpeg.get_ffmpeg_version())

def picture(index):
    """Seven bars, black or white: the index in binary."""
    bars = [255 * (index >> bit & 1) for bit in range(7)]
    return np.repeat(np.array(bars, np.uint8), 16)[None, :, None].repeat(48, 0).repeat(3, 2)


def place(pixels):
    return sum(1 << bit for bit in range(7) if pixels[24, 16 * bit + 8, 0] > 128)


# One keyframe in 2 s.
with av.open("whole.mp4", "w") as out:
    stream = out.add_stream("libx264", rate=24, options={"g": "48", "sc_threshold": "0"})
    stream.width, stream.height, stream.pix_fmt = 112, 48, "yuv420p"
    for i in range(96):
        out.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i))))
    out.mux(stream.encode())
ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
subprocess.run([ffmpeg, "-v", "error", "-ss", "1", "-i", "whole.mp4", "-c", "copy", "trimmed.mp4"], check=True)


def alone(path, index):
    return place(decord.VideoReader(path)[index].asnumpy())


indices = list(range(0, 96, 8))
whole = [place(p) for p in decord.VideoReader("whole.mp4").get_batch(indices).asnumpy()]
print("whole clip, index -> picture:  ", dict(zip(indices, whole)))
assert whole == indices, whole

with av.open("trimmed.mp4") as container:
    shown = [place(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
print("trimmed clip, as PyAV shows it: pictures", shown[0], "to", shown[-1])
assert shown == list(range(24, 96)), shown

reader = decord.VideoReader("trimmed.mp4")
print("trimmed clip, decord: length", len(reader), "first time stamp", float(reader.get_frame_timestamp(0)[0]))
assert len(reader) == 96
assert abs(float(reader.get_frame_timestamp(0)[0]) + 1.0) < 0.001

in_order = {i: place(shot.asnumpy()) for i, shot in zip(range(72), decord.VideoReader("trimmed.mp4"))}
each = {i: alone("trimmed.mp4", i) for i in indices}
batch = dict(zip(indices, (place(p) for p in decord.VideoReader("trimmed.mp4").get_batch(indices).asnumpy())))
print("in order:", {i: in_order[i] for i in indices if i < 72})
print("alone:   ", each)
print("batch:   ", batch)
assert in_order[48] == 72 and each[48] == 48 and batch[48] == 48
assert batch[24] == 48 == batch[48]
print("One index, two pictures; one batch shows picture 48 twice.")
PY
