"""A picture, clip or sound that goes into a request, whichever way it was given."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast
from urllib.parse import urlsplit

from hailuo_widgets.errors import UsageError
from hailuo_widgets.paths import user_path
from hailuo_widgets.spec.sniff import sniff

if TYPE_CHECKING:
    from PIL.Image import Image

    from hailuo_widgets.media.facts import Facts

MediaKind = Literal["image", "video", "audio"]

READ_LIMIT = 64 * 1024 * 1024
"""Bytes. No vendor takes a larger body, so no larger file is read.

Source: MiniMax v2, Create video generation task: "body <= 64 MB".
"""

_WRITTEN_LIMIT = 20 * 1024 * 1024
"""Bytes that a picture has at most after it was written again: every vendor takes as much."""

_NOT_BLOCKING = getattr(os, "O_NONBLOCK", 0)  # Windows has none, nor named pipes among its files

_PICTURES = {"image/jpeg", "image/png", "image/webp"}

_BY_SUFFIX: dict[str, MediaKind] = {
    ".mp4": "video", ".mov": "video", ".m4v": "video", ".webm": "video", ".mkv": "video", ".avi": "video",
    ".mp3": "audio", ".wav": "audio", ".m4a": "audio", ".aac": "audio", ".flac": "audio", ".ogg": "audio",
}  # fmt: skip

_WEB = re.compile(r"(https?|mm_file)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Media:
    """One picture, clip or sound: a public URL, or bytes that were read when the request was made.

    Attributes:
        url: An http(s) or mm_file address that the vendor fetches itself, None where `data` is given.
        data: The file's bytes, None where `url` is given.
        name: Where it came from, for people: a file name, or `""`.
        known_sha256: Of bytes that are not at hand: what a library keeps of a picture. It can't be sent.
    """

    url: str | None = None
    data: bytes | None = field(default=None, repr=False)
    name: str = ""
    known_sha256: str = ""
    _seen: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was found out about the bytes: they may be large, and are asked about for every cell of a sweep."""

    @classmethod
    def recalled(cls, canonical: str) -> Self:
        """From what `canonical` returned: a URL, or the hash of the bytes."""
        kind, _, digest = canonical.partition(":")
        return cls(known_sha256=digest) if kind == "sha256" else cls(url=canonical)

    @classmethod
    def of(cls, value: Media | str | os.PathLike[str] | bytes | bytearray | memoryview | Image) -> Self:
        """Take a path, a URL, a data URL, bytes or a PIL image.

        Raises:
            UsageError: If it is something else, can't be read, or is larger than 64 MiB.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, (bytes, bytearray, memoryview)):
            return cls(data=_bounded(bytes(value), "the given bytes"))
        if isinstance(value, str) and value[:5].lower() == "data:":
            return cls(data=_bounded(_from_data_url(value), "the data URL"))
        if isinstance(value, str) and _WEB.match(value):
            return cls(url=_checked(value))
        if isinstance(value, str) and not value.strip():
            raise UsageError("The path of the picture is empty.", hint="Give a path or an https URL, or leave it out.")
        if isinstance(value, str) and value[:8].lower() == "file:///":
            from urllib.request import url2pathname  # loads much, and is seldom needed

            value = url2pathname(value[7:])
        if isinstance(value, (str, os.PathLike)):
            path = user_path(value)
            return cls(data=_read(path), name=path.name)
        if hasattr(value, "save") and hasattr(value, "mode"):  # a PIL image, without importing PIL
            return cls(data=_bounded(_from_pil(cast("Image", value)), "the picture"))
        raise UsageError(
            f"A {type(value).__name__} is not a picture.",
            hint="Give a path, an https URL, a data URL, bytes or a PIL image.",
        )

    @property
    def mime(self) -> str:
        """The media type by content, never by name; `""` for a URL or where the content is not known."""
        if self.data is None:
            return ""
        if "mime" not in self._seen:
            self._seen["mime"] = sniff(self.data)
        return str(self._seen["mime"])

    @property
    def kind(self) -> MediaKind:
        """Image, video or audio: by content; for a URL by its suffix, and an image where that says nothing."""
        if self.url is not None:
            return _BY_SUFFIX.get(Path(urlsplit(self.url).path).suffix.lower(), "image")
        group = self.mime.partition("/")[0]
        return group if group in ("video", "audio") else "image"  # type: ignore[return-value]  # narrowed by the test

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the bytes, `""` for a URL."""
        if self.data is None:
            return self.known_sha256
        if "sha256" not in self._seen:
            self._seen["sha256"] = hashlib.sha256(self.data).hexdigest()
        return str(self._seen["sha256"])

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, upright; None for a URL or where the bytes are no readable image."""
        if self.data is None:
            return None
        if "size" not in self._seen:
            self._seen["size"] = _image_size(self.data)
        size: tuple[int, int] | None = self._seen["size"]
        return size

    @property
    def facts(self) -> Facts | None:
        """Seconds, frames, codecs of a clip or a sound; None for a URL or where the bytes can't be read."""
        if self.data is None or self.kind == "image":
            return None
        if "facts" not in self._seen:
            from hailuo_widgets.media.facts import facts

            self._seen["facts"] = facts(self.data)
        found: Facts | None = self._seen["facts"]
        return found

    def to_wire(self) -> str:
        """The URL, or the bytes as a data URL.

        A picture that is stored on its side, in other colours than sRGB or with 16 bits is sent as it is seen, since no
        vendor says that it heeds such notes.
        """
        if self.url is not None:
            return self.url
        assert self.data is not None
        if "sent" not in self._seen:
            self._seen["sent"] = _as_seen(self.data) if self.mime in _PICTURES else self.data
        data: bytes = self._seen["sent"]
        return f"data:{sniff(data) or 'application/octet-stream'};base64,{base64.b64encode(data).decode()}"

    def canonical(self) -> str:
        """What identifies it in a digest: the URL, or `sha256:…` of the bytes as they were given."""
        return self.url if self.url is not None else f"sha256:{self.sha256}"

    def __str__(self) -> str:
        if self.known_sha256:
            return f"sha256:{self.known_sha256[:12]}"
        return self.name or self.url or f"{len(self.data or b''):,} bytes"


def _bounded(data: bytes, what: str) -> bytes:
    if not data:
        raise UsageError(f"{what[0].upper()}{what[1:]} is empty.", hint="Give a picture that is not empty.")
    if len(data) > READ_LIMIT:
        raise UsageError(
            f"{what[0].upper()}{what[1:]} holds {len(data):,} bytes.",
            hint="No vendor accepts more than 64 MiB.",
        )
    return data


def _checked(url: str) -> str:
    try:
        urlsplit(url)
    except ValueError:
        pass
    else:
        if url.partition("://")[2].strip("/") and url.isprintable() and " " not in url:
            return url
    raise UsageError(f"“{url[:200]}” is not a web address.", hint="It should read https://example.com/picture.jpg.")


def _read(path: Path) -> bytes:
    try:
        # Never opened: reading a pipe or a terminal waits for ever, and a device may never end.
        kind = _not_a_file(path.stat().st_mode)
        # Not blocking, for the name may have become a pipe since.
        if not kind:
            with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NOT_BLOCKING)) as file:
                status = os.fstat(file.fileno())
                kind = _not_a_file(status.st_mode)
                data = b"" if kind or status.st_size > READ_LIMIT else file.read(READ_LIMIT + 1)
        if kind:
            raise UsageError(f"“{str(path)[:200]}” is {kind}, not a file.", hint="Give the path of a picture file.")
        if status.st_size > READ_LIMIT or len(data) > READ_LIMIT:
            size = f"{status.st_size:,} bytes" if status.st_size > READ_LIMIT else "more than 64 MiB"
            raise UsageError(f"“{path}” is {size} large.", hint="No vendor accepts more than 64 MiB.")
        return _bounded(data, f"“{path}”")
    except (OSError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"The picture “{str(path)[:200]}” can't be read: {reason}.", hint="Check the path.") from None


def _not_a_file(mode: int) -> str:
    """What a path leads to, where that is no plain file."""
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return "" if stat.S_ISREG(mode) else kinds.get(stat.S_IFMT(mode), "something else")


def _from_pil(picture: Image) -> bytes:
    from hailuo_widgets.media import pictures

    out = io.BytesIO()
    try:
        # One that every reader sees alike is written as it is.
        (picture if pictures.is_plain(picture) else pictures.as_seen(picture)).save(out, format="PNG")
    except Exception as error:  # noqa: BLE001  # what Pillow raises of a closed or broken picture has no common class
        # Of a closed one Pillow says "Operation on closed image", "seek of closed file" or nothing at all.
        closed = isinstance(error, (AssertionError, AttributeError)) or "closed" in str(error)
        raise UsageError(
            "The picture was closed before it could be read."
            if closed
            else f"The picture can't be read: {str(error).rstrip('.') or type(error).__name__}.",
            hint="Open it again, or give its path." if closed else "Give a complete picture, or a path.",
        ) from None
    return out.getvalue()


def _as_seen(data: bytes) -> bytes:
    """A picture file, written again where readers could see it differently from how it is meant."""
    from PIL import Image

    from hailuo_widgets.media import pictures

    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > pictures.MAX_PIXELS or pictures.is_plain(picture):
                return data
            return pictures.encode(pictures.as_seen(picture), _WRITTEN_LIMIT)[0]
    except Exception:  # noqa: BLE001  # a hostile file may raise anything; whether it is a picture is checked elsewhere
        return data


def _from_data_url(text: str) -> bytes:
    head, comma, body = text.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise UsageError("The data URL can't be read.", hint="It should read data:image/png;base64,….")
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        raise UsageError("The data URL is not valid base64.", hint="It was probably cut off.") from None


def _image_size(data: bytes) -> tuple[int, int] | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            turned = image.getexif().get(0x0112, 1) in {5, 6, 7, 8}  # EXIF orientation: lying on its side
            return (image.height, image.width) if turned else (image.width, image.height)
    except Exception:  # noqa: BLE001  # a hostile file may raise anything; what can't be read has no size
        return _heif_size(data)


def _heif_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a HEIC or AVIF picture, which Pillow opens only with a plug-in: its largest `ispe` box.

    A picture of tiles states the tiles' size too. How it is turned is not looked at: no rule asks for upright.
    """
    if not sniff(data).startswith("image/hei") and not sniff(data).startswith("image/avif"):
        return None
    sizes, at = [], data.find(b"ispe")
    while at >= 0:
        sizes.append((int.from_bytes(data[at + 8 : at + 12], "big"), int.from_bytes(data[at + 12 : at + 16], "big")))
        at = data.find(b"ispe", at + 4)
    size = max(sizes, key=lambda each: each[0] * each[1], default=(0, 0))
    return size if all(size) else None
