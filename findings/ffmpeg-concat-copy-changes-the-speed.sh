#!/usr/bin/env bash
# Guess: ffmpeg's concat demuxer with `-c copy` keeps each clip's speed: time stamps are converted between time bases wherever
# ffmpeg copies streams. Clips of one size and codec, one at 24 and one at 30 frames a second, can be joined so.
#
# What happens: the second clip's ticks are read in the first clip's time base. A clip of 30 a second (1/15360 s) after one
# of 24 (1/12288 s) plays at 24, after a gap of half a second; the other way round the join goes back in time, and the
# second clip's first frames lie within a moment. Exit status 0.
#
# What it means: clips of two models, or a generated clip and a camera's, rarely have one time base, and the sound keeps its own, so that
# it drifts. Write them with one `-video_track_timescale` first, encode again, or copy the packets with PyAV.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6

venv/bin/python - <<'PY'
import subprocess

import av
import imageio_ffmpeg
import numpy as np

print("ffmpeg", imageio_ffmpeg.get_ffmpeg_version(), "PyAV", av.__version__)
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def write(path, rate):
    """Two seconds of grey."""
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for index in range(2 * rate):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), index, np.uint8))))
        out.mux(stream.encode())


def ffmpeg(*arguments):
    return subprocess.run([FFMPEG, "-v", "warning", "-y", *arguments], capture_output=True, text=True, check=True).stderr


def joined(*paths):
    """The join's frame times, and what ffmpeg says."""
    with open("list.txt", "w") as out:
        out.writelines(f"file '{path}'\n" for path in paths)
    said = ffmpeg("-f", "concat", "-i", "list.txt", "-c", "copy", "joined.mp4")
    with av.open("joined.mp4") as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    begins = 2 * int(paths[0][:2])
    second = times[begins:]
    step = (second[-1] - second[0]) / (len(second) - 1)
    print(f"{paths}: the first ends at {times[begins - 1]:.3f} s, the second has {len(second)} frames from {second[0]:.3f} to "
          f"{second[-1]:.3f} s, {1 / step if step > 0 else 0:.1f} a second; {said.count('DTS')} warnings")  # fmt: skip
    return times, second, 1 / step


write("24.mp4", 24)
write("30.mp4", 30)
for path in ("24.mp4", "30.mp4"):
    with av.open(path) as container:
        print(path, "time base", container.streams.video[0].time_base)

times, second, rate = joined("24.mp4", "30.mp4")
assert len(times) == 108
assert second[0] > 2.3
assert abs(rate - 24) < 0.1

times, second, _ = joined("30.mp4", "24.mp4")
assert second[0] < times[59]
print(f"times around the seam: {[round(t, 4) for t in times[57:64]]}")
assert sum(1.8 < t < 2 for t in second) > 5

for path in ("24", "30"):
    ffmpeg("-i", f"{path}.mp4", "-c", "copy", "-video_track_timescale", "90000", f"{path}-even.mp4")
times, second, rate = joined("24-even.mp4", "30-even.mp4")
assert abs(rate - 30) < 0.1 and abs(second[0] - 2) < 0.01
print("The second clip's speed depends on the first clip's time base.")
PY
