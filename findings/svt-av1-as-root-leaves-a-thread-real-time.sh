#!/usr/bin/env bash
# Guess: an encoder that runs in this process may start threads and set priorities, of its own threads, and when it is
# closed the process is as it was.
#
# What happens: run as root, as in most containers and on many notebook servers, SVT-AV1 gives the thread that calls it
# the real-time policy SCHED_FIFO with priority 99 and leaves it so: after PyAV's container is closed, the caller's thread
# and every thread that it starts from then on are real-time. With libx264, and as another user, nothing changes.
#
# What it means: a notebook that wrote one AV1 clip this way goes on with a main thread that no ordinary process can
# interrupt, and threads that spin for a moment, harmless before, may keep the others from running. Encode AV1 in a
# process of its own, or put the policy back with os.sched_setscheduler afterwards.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

if [ "$(id -u)" != 0 ]; then
  echo "run this as root: as another user nothing happens"
  exit 1
fi
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6

cat >encode.py <<'PY'
import os
import sys
import threading

import av
import numpy as np

codec = sys.argv[1]
names = {os.SCHED_OTHER: "ordinary", os.SCHED_FIFO: "real-time"}


def policy():
    return f"{names[os.sched_getscheduler(0)]} {os.sched_getparam(0).sched_priority}"


before = policy()
picture = av.VideoFrame.from_ndarray(np.full((270, 320), 128, np.uint8), format="yuv420p")
with av.open("clip.mp4", "w") as container:
    stream = container.add_stream(codec, rate=24)
    stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
    for index in range(10):
        picture.pts = index
        container.mux(stream.encode(picture))
    container.mux(stream.encode())
seen = []
thread = threading.Thread(target=lambda: seen.append(policy()))
thread.start()
thread.join()
print(f"{before}, {policy()}, {seen[0]}")
PY

venv/bin/pip list --disable-pip-version-check 2>/dev/null | grep -E '^(av|numpy) '
status=0
while IFS='|' read -r codec expected; do
  found="$(venv/bin/python encode.py "$codec" 2>/dev/null)"
  echo "$codec: before, after, and in a new thread: $found"
  [ "$found" = "$expected" ] || status=1
done <<'EXPECTED'
libx264|ordinary 0, ordinary 0, ordinary 0
libsvtav1|ordinary 0, real-time 99, real-time 99
EXPECTED
exit "$status"
