"""A picture, clip or sound that goes into a request, whichever way it was given."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

from hailuo_widgets.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

MediaKind = Literal["image", "video", "audio"]

READ_LIMIT = 64 * 1024 * 1024
"""Bytes. No vendor takes a larger body, so no larger file is read.

Source: MiniMax v2, Create video generation task: "body <= 64 MB".
"""

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (8, b"WEBP", "image/webp"),
    (0, b"GIF8", "image/gif"),
    (0, b"BM", "image/bmp"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (8, b"WAVE", "audio/wav"),
)
_BY_SUFFIX: dict[str, MediaKind] = {
    ".mp4": "video", ".mov": "video", ".webm": "video", ".mp3": "audio", ".wav": "audio", ".m4a": "audio",
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
        """From what `canonical` gave: a URL, or a hash that stands for bytes."""
        kind, _, digest = canonical.partition(":")
        return cls(known_sha256=digest) if kind == "sha256" else cls(url=canonical)

    @classmethod
    def of(cls, value: Media | str | os.PathLike[str] | bytes | bytearray | memoryview | Image) -> Self:
        """Take a path, a URL, a data URL, bytes or a PIL image.

        Raises:
            UsageError: If it is none of these, can't be read, or is larger than 64 MiB.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, (bytes, bytearray, memoryview)):
            return cls(data=_bounded(bytes(value), "the given bytes"))
        if isinstance(value, str) and value[:5].lower() == "data:":
            return cls(data=_bounded(_from_data_url(value), "the data URL"))
        if isinstance(value, str) and _WEB.match(value):
            return cls(url=_checked(value))
        if isinstance(value, (str, os.PathLike)):
            return cls(data=_read(Path(os.path.expanduser(value))), name=Path(value).name)  # noqa: PTH111  # Path.expanduser raises for "~nobody"
        if hasattr(value, "save") and hasattr(value, "mode"):  # a PIL image, without importing PIL
            buffer = io.BytesIO()
            value.save(buffer, format="PNG")
            return cls(data=buffer.getvalue())
        raise UsageError(
            f"A {type(value).__name__} is not a picture.",
            hint="Give a path, an https URL, a data URL, bytes or a PIL image.",
        )

    @property
    def mime(self) -> str:
        """The media type by content, never by name; `""` for a URL or where the content is not known."""
        return _sniff(self.data) if self.data is not None else ""

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

    def to_wire(self) -> str:
        """The URL, or the bytes as a data URL."""
        if self.url is not None:
            return self.url
        assert self.data is not None
        return f"data:{self.mime or 'application/octet-stream'};base64,{base64.b64encode(self.data).decode()}"

    def canonical(self) -> str:
        """What stands for it in a digest: the URL, or `sha256:…` of the bytes."""
        return self.url if self.url is not None else f"sha256:{self.sha256}"

    def __str__(self) -> str:
        if self.known_sha256:
            return f"sha256:{self.known_sha256[:12]}"
        return self.name or self.url or f"{len(self.data or b''):,} bytes"


def _bounded(data: bytes, what: str) -> bytes:
    if not data:
        raise UsageError(f"There is nothing in {what}.", hint="Give a picture that holds at least one byte.")
    if len(data) > READ_LIMIT:
        raise UsageError(
            f"{what[0].upper()}{what[1:]} holds {len(data):,} bytes.",
            hint="No vendor takes more than 64 MiB.",
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
    raise UsageError(f"“{url[:200]}” is no web address.", hint="It should read https://example.com/picture.jpg.")


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > READ_LIMIT:
            raise UsageError(
                f"“{path}” is {path.stat().st_size:,} bytes large.", hint="No vendor takes more than 64 MiB."
            )
        return _bounded(path.read_bytes(), f"“{path}”")
    except (OSError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"The picture “{str(path)[:200]}” can't be read: {reason}.", hint="Check the path.") from None


def _from_data_url(text: str) -> bytes:
    head, comma, body = text.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise UsageError("The data URL is not understood.", hint="It should read data:image/png;base64,….")
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        raise UsageError("The data URL is not valid base64.", hint="It was probably cut off.") from None


def _sniff(data: bytes) -> str:
    for offset, signature, mime in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            return mime
    return ""


def _image_size(data: bytes) -> tuple[int, int] | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            turned = image.getexif().get(0x0112, 1) in {5, 6, 7, 8}  # EXIF orientation: lying on its side
            return (image.height, image.width) if turned else (image.width, image.height)
    except Exception:  # noqa: BLE001  # a hostile file may raise anything; what can't be read has no size
        return None
