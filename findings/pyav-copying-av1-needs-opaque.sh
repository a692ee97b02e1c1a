#!/usr/bin/env bash
# Guess: copying a stream with PyAV (add_stream_from_template, then mux the packets) needs no codec, so that it works for any
# clip that PyAV can open, AV1 as well as H.264; and PyAV can encode AV1 too.
#
# What happens: the template's codec is looked up among the encoders under its decoder's name. For H.264, HEVC and VP9
# there is an encoder of that name; AV1 is decoded by libdav1d, which is no encoder, so it raises
# UnknownCodecError("libdav1d"), which reads as if the clip could not be decoded. With opaque=True all are copied.
#
# What it means: code that trims, joins or tags clips without encoding works for years and fails at the first AV1 clip.
# Pass opaque=True wherever packets are only copied.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6

SVT_LOG=1 venv/bin/python - <<'PY'
import av
import numpy as np

print("PyAV", av.__version__)


def clip(path, encoder, options):
    with av.open(path, "w") as out:
        stream = out.add_stream(encoder, rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for i in range(24):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((96, 128, 3), 8 * i, np.uint8))))
        out.mux(stream.encode())


def copied(path, **how):
    try:
        with av.open(path) as source, av.open("copy.mp4", "w") as out:
            stream = source.streams.video[0]
            target = out.add_stream_from_template(stream, **how)
            for packet in source.demux(stream):
                if packet.dts is not None:
                    packet.stream = target
                    out.mux(packet)
    except ValueError as error:
        return f"{type(error).__name__}: {error}"
    with av.open("copy.mp4") as container:
        return sum(1 for _ in container.decode(video=0))


results = {}
for encoder, options in (("libx264", {}), ("libvpx-vp9", {}), ("libsvtav1", {"preset": "10"})):
    clip("clip.mp4", encoder, options)
    with av.open("clip.mp4") as container:
        decoder, frames = container.streams.video[0].codec_context.name, sum(1 for _ in container.decode(video=0))
    results[encoder] = frames, copied("clip.mp4"), copied("clip.mp4", opaque=True)
    print(f"{encoder}, decoded by {decoder}: {frames} frames; copied: {results[encoder][1]}; opaque: {results[encoder][2]}")

assert results["libx264"] == results["libvpx-vp9"] == (24, 24, 24)
frames, plain, opaque = results["libsvtav1"]
assert (frames, opaque) == (24, 24)
assert plain == "UnknownCodecError: libdav1d", plain
print("The AV1 clip is decoded, and copied with opaque=True only.")
PY
