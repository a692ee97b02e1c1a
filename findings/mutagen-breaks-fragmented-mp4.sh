#!/usr/bin/env bash
# Guess: mutagen, which moves the chunk offsets of an mp4 when a tag grows, can add a comment to a fragmented mp4 as well
# (it has code for the offsets in fragments), or refuses.
#
# What happens: only the first fragment's offset is moved. The script writes a fragmented mp4 with absolute offsets, as
# ffmpeg does by default for `-movflags frag_keyframe+empty_moov`, and adds a long comment: save() succeeds, the first
# fragment plays, and from the second on the decoder finds no valid picture. With default_base_moof (offsets relative
# to the fragment) the same edit is harmless.
#
# What it means: don't write a prompt into a downloaded clip in place before you know how the vendor's muxer wrote it;
# a copy through a muxer (PyAV, ffmpeg -c copy) is safe, and so is a sidecar file.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check mutagen==1.48.1 av==18.1.0 numpy==2.4.6

venv/bin/python - <<'PY'
import av
import mutagen
import numpy as np
from mutagen.mp4 import MP4

print("mutagen", mutagen.version_string, "PyAV", av.__version__)


def fragmented(path, movflags):
    with av.open(path, "w", options={"movflags": movflags}) as out:
        stream = out.add_stream("libx264", rate=24, options={"g": "24", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        noise = np.random.default_rng(7)
        for _ in range(96):
            frame = av.VideoFrame.from_ndarray(noise.integers(0, 255, (96, 128, 3), np.uint8))
            out.mux(stream.encode(frame))
        out.mux(stream.encode())


def decoded(path):
    frames = 0
    try:
        with av.open(path) as container:
            for _ in container.decode(video=0):
                frames += 1
    except av.FFmpegError as error:
        return frames, type(error).__name__
    return frames, None


results = {}
for movflags in ("frag_keyframe+empty_moov", "frag_keyframe+empty_moov+default_base_moof"):
    fragmented("clip.mp4", movflags)
    before = decoded("clip.mp4")
    tags = MP4("clip.mp4")
    tags["\xa9cmt"] = ["A long prompt. " * 200]
    tags.save()
    results[movflags] = before, decoded("clip.mp4")
    print(f"{movflags}: decoded before {before}, after the comment was added {results[movflags][1]}")

absolute, relative = results.values()
assert absolute[0] == relative[0] == relative[1] == (96, None)
frames, error = absolute[1]
assert 0 < frames <= 48, frames
assert error is not None or frames < 96
print(f"After a comment was added, {frames} of 96 pictures can be decoded.")
PY
