#!/usr/bin/env bash
# Guess: deleting a trackio run deletes what it logged, clips included, and frees the disk.
#
# What happens: `run.delete()` returns True and the run's rows are gone, but its mp4 files stay under media/PROJECT/NAME/.
# The folder is named after the run's name, which need not be unique: a second run of the same name puts its clips into
# the same folder, so that nothing says any more which files belong to the run that is left.
#
# What it means: clips fill the disk of a tracking machine for good, and deleted ones can still be read. Give runs unique
# names, and remove media/PROJECT/NAME yourself after deleting.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" TRACKIO_DIR="$work/store" HF_HUB_OFFLINE=1

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check trackio==0.43.0 av==18.1.0 numpy==2.4.6

venv/bin/python - <<'PY'
from pathlib import Path

import av
import numpy as np
import trackio

print("trackio", trackio.__version__)
with av.open("clip.mp4", "w") as out:
    stream = out.add_stream("libx264", rate=24)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for _ in range(6):
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
    out.mux(stream.encode())

for _ in range(2):
    run = trackio.init("films", name="fox", embed=False, auto_log_cpu=False, auto_log_gpu=False)
    run.log({"clip": trackio.Video("clip.mp4")})
    run.finish()


def clips():
    return sorted(path.relative_to("store").parent.as_posix() for path in Path("store").rglob("*.mp4"))


before = clips()
for run in list(trackio.Api().runs("films")):
    print("deleted:", run.delete())
print("runs:", list(trackio.Api().runs("films")), "clips:", clips())
assert before == clips() == ["media/films/fox/0"] * 2, clips()
assert list(trackio.Api().runs("films")) == []
print("Both runs are gone, and both of their clips are still there, in one folder.")
PY
