#!/usr/bin/env bash
# Guess: in wandb's offline mode the folder of the run holds all that was logged, so that it can be copied to a machine with
# a network and synced there. A clip in a Table (one row a prompt, the usual way to compare clips) is kept like one that
# is logged by itself.
#
# What happens: a clip logged by itself is copied into the run's folder. A clip in a Table is not: the table's JSON has the
# word "Video" in its place, and the file goes to a staging folder in the user's data directory under a random name,
# to which the run refers by an absolute path.
#
# What it means: copy an offline run from a cluster or a closed room, and the tables come without their clips. Sync
# on the machine that logged, or keep the clips elsewhere and log their names.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" WANDB_MODE=offline WANDB_SILENT=true WANDB_DIR="$work/runs" WANDB_DATA_DIR="$work/data" \
  WANDB_CACHE_DIR="$work/cache" WANDB_CONFIG_DIR="$work/config"
mkdir "$WANDB_DIR"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check wandb==0.31.0 av==18.1.0 numpy==2.4.6

venv/bin/python - <<'PY'
import hashlib
import json
import os
from pathlib import Path

import av
import numpy as np
import wandb

print("wandb", wandb.__version__)


def clip(path, grey):
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(24):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), grey, np.uint8))))
        out.mux(stream.encode())
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


alone, in_table = clip("alone.mp4", 40), clip("in-table.mp4", 200)
run = wandb.init(project="clips")
folder = Path(run.dir).parent
table = wandb.Table(columns=["prompt", "clip"])
table.add_data("A fox trots.", wandb.Video("in-table.mp4"))
run.log({"clip": wandb.Video("alone.mp4"), "table": table})
run.finish()


def places(digest):
    tops = {"run": folder, "data": Path(os.environ["WANDB_DATA_DIR"]), "cache": Path(os.environ["WANDB_CACHE_DIR"])}
    return [
        name
        for name, top in tops.items()
        for file in top.rglob("*")
        if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == digest
    ]


(written,) = folder.rglob("*.table.json")
rows = json.loads(written.read_text())["data"]
print("clip logged by itself is in:", places(alone))
print("clip in the table is in:    ", places(in_table), " the table's rows:", rows)
assert "run" in places(alone)
assert places(in_table) == ["data"], places(in_table)
assert rows == [["A fox trots.", "Video"]], rows
(record,) = folder.glob("*.wandb")
staged = str(Path(os.environ["WANDB_DATA_DIR"], "artifacts", "staging")).encode()
assert staged in record.read_bytes()
print("The run's folder refers to the table's clip by an absolute path outside of it.")
PY
