"""The library: a folder with the journal and the clips. No path in it is absolute, so it can be moved and mailed."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from hailuo_widgets.errors import HailuoError, LibraryError
from hailuo_widgets.library.clip import POSTER_MAX_BYTES, Clip
from hailuo_widgets.library.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Row

    from hailuo_widgets.download import Downloaded


_PLACE = re.compile(r"(?!/)(?!.*\.\.)[^\\:]+")
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Library:
    """A library in a folder.

    Args:
        folder: Made where it is missing, when the first row is written.
        url: Another journal than the folder's own `library.sqlite`.

    Raises:
        LibraryError: If the folder can't be used.
    """

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(
                f"The library's folder “{folder}” can't be made: {error.strerror}.",
                hint="Set another one: %hailuo config library=PATH.",
            ) from None
        self.journal = Journal(url or URL.create("sqlite", database=str(folder / "library.sqlite")))

    def clip_path(self, job_id: str) -> Path:
        """Where a job's clip goes. The name is made by us alone, never by a vendor or from a prompt."""
        return self.folder / "clips" / f"{job_id}.mp4"

    def poster_path(self, job_id: str) -> Path:
        """Where a clip's poster goes."""
        return self.folder / "frames" / f"{job_id}.jpg"

    def find(self, digest: str, replicate: int = 0) -> Clip | None:
        """The clip that answers a request at no cost; None where there is none, or where its file is gone."""
        row = self.journal.find_clip(digest, replicate)
        clip = self._clip(row) if row is not None else None
        return clip if clip is not None and clip.path.is_file() else None

    def clips(self) -> list[Clip]:
        """Every clip, newest first."""
        return [clip for row in self.journal.clips() if (clip := self._clip(row)) is not None]

    def store(self, job_id: str, downloaded: Downloaded, at: float) -> Clip:
        """Take a downloaded file in: look into it, make its poster, write it down.

        Args:
            job_id: The job that asked for it.
            downloaded: The file, in its place already.
            at: Seconds since the epoch.

        Raises:
            UnreadableVideoError: If it is no video.
        """
        from hailuo_widgets.video.frames import poster
        from hailuo_widgets.video.probe import probe

        info = probe(downloaded.path)
        with suppress(OSError, HailuoError):  # the poster can be made anew, the clip can't
            frame = self.poster_path(job_id)
            frame.parent.mkdir(parents=True, exist_ok=True)
            frame.write_bytes(poster(downloaded.path, max_bytes=POSTER_MAX_BYTES))
        values: dict[str, Any] = {
            "path": downloaded.path.relative_to(self.folder).as_posix(),
            "sha256": downloaded.sha256,
            "size": downloaded.size,
            "width": info.width,
            "height": info.height,
            "fps": info.fps,
            "frames": info.frames,
            "duration": info.duration,
            "codec": info.video_codec,
        }
        clip = self._clip(self.journal.store_clip(job_id, values, at))
        assert clip is not None
        return clip

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    def _clip(self, row: Row[Any]) -> Clip | None:
        if not _PLACE.fullmatch(row.path) or not _ID.fullmatch(row.job_id):
            return None  # a library may come from anywhere, and must not name files outside its folder
        return Clip(
            id=row.job_id,
            path=self.folder / row.path,
            poster_path=self.poster_path(row.job_id),
            sha256=row.sha256,
            size=row.size,
            width=row.width,
            height=row.height,
            fps=row.fps,
            frames=row.frames,
            duration=row.duration,
            codec=row.codec,
            provider=row.provider,
            model=row.model,
            prompt=row.prompt,
            task_id=row.task_id or "",
            created=row.created,
            replicate=row.replicate,
            parameters=row.effective,
        )
