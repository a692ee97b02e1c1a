"""Pictures as files, drawn for a test."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload


def picture_file(width: int = 640, height: int = 360, kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, kind)
    return out.getvalue()


def chosen(width: int, height: int, kind: str = "PNG") -> FilePayload:
    """The same as a file that is chosen in a page."""
    kind = kind.lower()
    return {"name": f"fox.{kind}", "mimeType": f"image/{kind}", "buffer": picture_file(width, height, kind)}
