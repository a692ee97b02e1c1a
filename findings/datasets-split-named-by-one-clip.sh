#!/usr/bin/env bash
# Guess: `load_dataset("videofolder", data_dir=...)` on a flat folder of clips gives one split with every clip, and with
# a metadata.jsonl beside them every listed clip with its prompt.
#
# What happens: file names are searched for split keywords (train, test, dev, eval, validation …, between separators).
# If one clip is named "steam-train.mp4", it alone becomes the split "train". Every other clip is left out, and so is
# metadata.jsonl, because its own name has no keyword in it: the prompt column is gone. Nothing is logged or raised.
#
# What it means: never name the clips of a data set after their prompts ("test drive at night", "freight train"). Name
# them by hash or number, or put them under train/, and compare the row count with the folder after loading.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" HF_HOME="$work/hf" HF_HUB_OFFLINE=1

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  datasets==5.2.0 huggingface_hub==2.4.0 pyarrow==26.0.1 av==18.1.0 numpy==2.4.6

venv/bin/python - <<'PY'
import json
from pathlib import Path

import av
import datasets
import numpy as np

datasets.disable_progress_bars()
print("datasets", datasets.__version__)


def clip(path):
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(6):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        out.mux(stream.encode())


def loaded(folder, names):
    folder = Path(folder)
    folder.mkdir()
    for name in names:
        clip(folder / name)
    lines = [json.dumps({"file_name": name, "prompt": f"prompt of {name}"}) for name in names]
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n")
    found = datasets.load_dataset("videofolder", data_dir=str(folder.resolve()), cache_dir=f"{folder}-cache")
    seen = {
        split: sorted(
            Path(row["video"]["path"]).name
            for row in rows.cast_column("video", datasets.Video(decode=False))
        )
        for split, rows in found.items()
    }
    columns = {split: list(rows.features) for split, rows in found.items()}
    print(f"{names}\n  -> {seen}, columns {columns}")
    return seen, columns


seen, columns = loaded("plain", ["fox.mp4", "harbour.mp4", "steam.mp4"])
assert seen == {"train": ["fox.mp4", "harbour.mp4", "steam.mp4"]}, seen
assert columns == {"train": ["video", "prompt"]}, columns

seen, columns = loaded("keyword", ["fox.mp4", "harbour.mp4", "steam-train.mp4"])
assert seen == {"train": ["steam-train.mp4"]}, seen
assert columns == {"train": ["video"]}, columns

seen, columns = loaded("other", ["driving-test.mp4", "fox.mp4", "harbour.mp4"])
assert seen == {"test": ["driving-test.mp4"]}, seen
print("One clip's name decided the split, and the other clips and all prompts were left out.")
PY
