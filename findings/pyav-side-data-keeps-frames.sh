#!/usr/bin/env bash
# Guess: a decoded frame of PyAV is freed when its last name goes. Reading a clip frame by frame needs the memory of a few
# frames, whatever is looked up on each.
#
# What happens: `frame.side_data` keeps an object on the frame that refers back to the frame. From then on only the cyclic
# garbage collector frees it, and that counts objects, not bytes: all 144 pictures of a clip, 440 MB, are waiting for it.
# The same loop without that one look grows by 4 MB.
#
# What it means: the display matrix, which says how a phone's clip is turned, is side data. Read it of a clip's first
# frame only, or a film of 1080p clips needs hundreds of MB more.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6

cat > decode.py <<'PY'
import re
import sys

import av


def now():
    return int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) / 1000


before = None
with av.open("clip.mp4") as container:
    container.streams.video[0].codec_context.thread_count = 1
    for frame in container.decode(video=0):
        before = before or now()
        if sys.argv[1] == "looks":
            frame.side_data.get("DISPLAYMATRIX")
print(round(now() - before))
PY
venv/bin/python - <<'PY'
import subprocess
import sys

import av
import numpy as np

print("PyAV", av.__version__)
with av.open("clip.mp4", "w") as out:
    stream = out.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
    stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
    for number in range(144):
        picture = np.full((1080, 1920, 3), number, np.uint8)
        out.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
    out.mux(stream.encode())
grown = {
    way: int(subprocess.run([sys.executable, "decode.py", way], check=True, capture_output=True, text=True).stdout)
    for way in ("plain", "looks")
}
print(f"144 frames of 3.1 MB, each dropped at once: memory grew by {grown['plain']} MB;")
print(f"with a look at side_data of each: by {grown['looks']} MB")
assert grown["plain"] < 60, grown
assert grown["looks"] > 150, grown
PY
