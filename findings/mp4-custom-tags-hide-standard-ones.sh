#!/usr/bin/env bash
# Guess: `movflags=use_metadata_tags`, the option with which ffmpeg and PyAV keep a key of one's own (such as "prompt") in
# an mp4, adds that key and leaves title, artist and comment as they were.
#
# What happens: all tags move to another kind of box (QuickTime's keyed metadata). ffmpeg and PyAV still read everything;
# readers of the common iTunes-style tags find no title, artist or comment any more. mutagen shows keys that are
# numbers. Without the option the key of one's own is dropped without a word.
#
# What it means: there is no mp4 from ffmpeg that has both. Keep a prompt in the comment tag, or in a sidecar file.
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
TAGS = {"title": "Fox", "artist": "studio", "comment": "take 3", "prompt": "A fox trots."}


def written(options):
    with av.open("clip.mp4", "w", options=options) as out:
        out.metadata.update(TAGS)
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(6):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        out.mux(stream.encode())
    with av.open("clip.mp4") as container:
        by_av = {key: container.metadata.get(key) for key in TAGS}
    tags = MP4("clip.mp4").tags
    by_mutagen = {key: tags.get(key) for key in ("\xa9nam", "\xa9ART", "\xa9cmt")}
    print(options, "\n  PyAV:", by_av, "\n  mutagen:", by_mutagen, "all keys:", list(tags))
    return by_av, by_mutagen


by_av, by_mutagen = written({})
assert by_av == {**TAGS, "prompt": None}
assert by_mutagen == {"\xa9nam": ["Fox"], "\xa9ART": ["studio"], "\xa9cmt": ["take 3"]}
by_av, by_mutagen = written({"movflags": "use_metadata_tags"})
assert by_av == TAGS
assert by_mutagen == {"\xa9nam": None, "\xa9ART": None, "\xa9cmt": None}
print("With the prompt kept, title, artist and comment are gone for readers of iTunes-style tags.")
PY
