"""Small videos, sounds and pictures as bytes, with the figures that the rules of vendors are about."""

from __future__ import annotations

import io
import struct
import subprocess
import wave
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def ffmpeg(path: Path, *options: object) -> bytes:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, options), str(path)], check=True)
    return path.read_bytes()


def video(
    path: Path,
    seconds: float | str = 3,
    *,
    fps: str = "24",
    size: str = "320x240",
    codec: tuple[str, ...] = ("-c:v", "libx264"),
    sound: bool = False,
) -> bytes:
    source = ["-f", "lavfi", "-i", f"testsrc=s={size}:r={fps}:d={seconds}"]
    if sound:
        source += ["-f", "lavfi", "-i", f"sine=d={seconds}", "-c:a", "aac", "-ac", "2"]
    return ffmpeg(path, *source, *codec, "-pix_fmt", "yuv420p", "-preset", "ultrafast")


def sound(seconds: float, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(rate)
        file.writeframes(b"\x80" * round(seconds * rate))
    return out.getvalue()


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def heic(width: int, height: int, brand: bytes = b"heic") -> bytes:
    """A HEIC picture's boxes, with no picture in them: a vendor's decoder is not ours to have."""
    ispe = box(b"ispe", b"\0\0\0\0", struct.pack(">II", width, height))
    meta = box(b"meta", b"\0\0\0\0", box(b"iprp", box(b"ipco", ispe)))
    return box(b"ftyp", brand, b"\0\0\0\0", b"mif1", brand) + meta + bytes(range(100))


def draft(path: Path, frames: int = 124, *, fps: int = 24, size: str = "1344x768", with_sound: bool = True) -> bytes:
    source = ["-f", "lavfi", "-i", f"color=teal:s={size}:r={fps}"]
    if with_sound:
        source += ["-f", "lavfi", "-i", "sine", "-c:a", "aac", "-ac", "2"]
    return ffmpeg(path, *source, "-frames:v", frames, "-t", frames / fps, "-pix_fmt", "yuv420p", "-preset", "ultrafast")
