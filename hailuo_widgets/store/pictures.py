"""The pictures that went into requests, kept beside the clips: a cell can name them, a request be made once more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hailuo_widgets.disk import disk_error, replace_file
from hailuo_widgets.errors import LibraryError
from hailuo_widgets.spec.media import Media
from hailuo_widgets.store.containment import is_plain_file, read_plain_file

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "video/mp4": ".mp4"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = 24
"""Digits of the hash in a file's name: enough that no two pictures of a person share one."""


def keep(folder: Path, media: Media) -> Path:
    """Write a picture into a library's folder, where it is not there yet.

    Args:
        folder: The library's.
        media: Bytes; a URL has no file.

    Returns:
        Its file.

    Raises:
        LibraryError: If the disk refuses it.
    """
    assert media.data is not None
    path = folder / "pictures" / f"{media.sha256[:_NAME]}{_SUFFIXES.get(media.mime, '.bin')}"
    try:
        if not is_plain_file(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, media.data, durable=False)
    except OSError as error:
        raise disk_error(error, folder) from None
    return path


def find(folder: Path, sha256: str) -> Media | None:
    """The picture of that hash; None where it was not kept, or is not what it was."""
    if not _DIGEST.fullmatch(sha256):  # it may come from a library that was mailed
        return None
    for path in (folder / "pictures").glob(f"{sha256[:_NAME]}.*"):
        try:
            media = Media(data=read_plain_file(path), name=path.name)
        except LibraryError:
            continue
        if media.sha256 == sha256:
            return media
    return None
