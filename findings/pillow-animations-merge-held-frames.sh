#!/usr/bin/env bash
# Guess: an animation that Pillow writes has as many frames as it was given, at most a GIF merges equal ones; and all
# formats take the duration of a frame, 1000 / 24 ms, in the same way.
#
# What happens: WebP, PNG and GIF all merge frames that repeat (48 given, 21 read back; the last one lasts longer), AVIF
# keeps 48. For 24 frames a second, GIF rounds each down to 40 ms, so that it plays 4% fast; WebP alternates
# 41 and 42 ms; PNG keeps the fraction; AVIF raises TypeError for anything but an integer.
#
# What it means: frame n of a preview is not frame n of the clip as soon as the camera holds still. Address previews by
# time, not by frame number, and don't measure a clip on its GIF.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pillow==13.0.0

venv/bin/python - <<'PY'
import io

import PIL
from PIL import Image

print("Pillow", PIL.__version__)
# Two seconds at 24 a second; from picture 20 on the clip holds still.
pictures = [Image.new("RGB", (64, 48), (10 * min(i, 20), 80, 120)) for i in range(48)]


def written(kind, duration, **options):
    file = io.BytesIO()
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=duration, **options)
    durations = []
    with Image.open(file) as image:
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            durations.append(image.info["duration"])
    print(f"{kind}: {len(durations)} frames, {sum(durations):g} ms in all, {durations[:3]} … {durations[-1:]}")
    return len(durations), round(sum(durations))


exact = 1000 / 24
assert written("WEBP", exact, lossless=True) == (21, 2000)
assert written("PNG", exact) == (21, 2000)
assert written("GIF", exact) == (21, 1960)
try:
    written("AVIF", exact)
except TypeError as error:
    print("AVIF: TypeError:", error)
else:
    raise AssertionError("AVIF took a fraction")
assert written("AVIF", round(exact)) == (48, 2016)
print("48 pictures went in; 21 came out of three of the four formats.")
PY
