#!/usr/bin/env bash
# Guess: np.int16 minus a uint8 picture is int16, so that casting the mean, or an offset, to int16 is enough to take it from
# the picture without an overflow: NumPy 2 does so, and NumPy 1 does for arrays.
#
# What happens: in NumPy 1.26 the value of a scalar decides. np.int16(20) counts as uint8, so 10 - 20 is 246; np.int16(-20)
# keeps int16; np.int16(300) counts as uint16, so 10 - 300 is 65246. No warning. The same with an array of one element
# in place of the scalar is right.
#
# What it means: code that allows both versions darkens one clip properly and fills the shadows of another with white.
# Cast the picture, not the number: `picture.astype(np.int16) - 20`.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

# NumPy 1.26 has wheels for Python 3.9 to 3.12.
for numpy in 1.26.4 2.4.6; do
  python3 -m venv "venv-$numpy"
  "venv-$numpy/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: "numpy==$numpy"
  "venv-$numpy/bin/python" -W error - <<'PY'
import numpy as np

picture = np.full((2, 2), 10, np.uint8)
seen = []
for offset in (20, -20, 300):
    scalar, array = picture - np.int16(offset), picture - np.array([offset], np.int16)
    print(f"NumPy {np.__version__}: 10 - {offset}: {scalar[0, 0]} ({scalar.dtype}); array: {array[0, 0]} ({array.dtype})")
    assert array[0, 0] == 10 - offset
    seen.append((scalar.dtype.name, int(scalar[0, 0])))
if np.__version__.startswith("1."):
    assert seen == [("uint8", 246), ("int16", 30), ("uint16", 65246)], seen
else:
    assert seen == [("int16", -10), ("int16", 30), ("int16", -290)], seen
PY
done
