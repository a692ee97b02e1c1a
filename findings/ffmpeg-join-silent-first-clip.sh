#!/usr/bin/env bash
# Guess: joining clips without encoding (`ffmpeg -f concat … -c copy`), some with sound and some without, either fails or
# gives a film that is silent exactly where a clip is.
#
# What happens: the first clip decides which tracks the film has. If it has no sound, the film has none at all, with exit
# status 0 and, at ffmpeg's usual log level, one line about a new stream. If a clip in the middle is silent, the track
# has a gap in its time stamps, and what reads samples rather than time stamps closes it: written as WAV, the
# sound after the gap is too early by the length of the silent clip.
#
# What it means: models with and without sound are often mixed in one film. Give every clip a track (silence, if need
# be) before joining, and check the number of samples afterwards.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6

venv/bin/python - <<'PY'
import subprocess
import wave
from pathlib import Path

import av
import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print("ffmpeg", imageio_ffmpeg.get_ffmpeg_version(), "PyAV", av.__version__)


def ffmpeg(*arguments):
    done = subprocess.run([FFMPEG, "-hide_banner", "-y", *arguments], capture_output=True, text=True, check=True)
    return done.stderr


picture = ("-f", "lavfi", "-i", "testsrc2=s=128x96:r=24:d=2")
tone = ("-f", "lavfi", "-i", "sine=f=440:r=48000:d=2")
video = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
ffmpeg(*picture, *video, "silent.mp4")
ffmpeg(*picture, *tone, *video, "-c:a", "aac", "sound.mp4")


def joined(*clips):
    Path("list.txt").write_text("".join(f"file '{clip}.mp4'\n" for clip in clips))
    said = ffmpeg("-f", "concat", "-i", "list.txt", "-c", "copy", "film.mp4")
    with av.open("film.mp4") as film:
        kinds = [stream.type for stream in film.streams]
        loud = None
        if film.streams.audio:
            frames = [(frame.time, abs(frame.to_ndarray()).max()) for frame in film.decode(audio=0)]
            loud = [round(time) for time, peak in frames if peak > 0.01]
            loud = sorted(set(loud))
    print(" + ".join(clips), "->", kinds, "sound near second", loud)
    print("  ", [line for line in said.splitlines() if "New audio" in line] or "ffmpeg says nothing about the tracks")
    return kinds, loud


assert joined("silent", "sound") == (["video"], None)
kinds, loud = joined("sound", "silent")
assert kinds == ["video", "audio"] and loud == [0, 1, 2]
kinds, loud = joined("sound", "silent", "sound")
assert kinds == ["video", "audio"] and loud == [0, 1, 2, 4, 5, 6], loud

ffmpeg("-i", "film.mp4", "film.wav")
with wave.open("film.wav") as sound:
    seconds = sound.getnframes() / sound.getframerate()
print(f"the film of 6 s as WAV: {seconds:.2f} s of sound")
assert seconds < 4.2
print("A silent first clip silences the film; a silent one in the middle shifts the sound after it.")
PY
