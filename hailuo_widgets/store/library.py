"""The library: a folder with the journal and the clips. No path in it is absolute, so it can be moved and mailed."""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from hailuo_widgets.disk import disk_error, replace_file
from hailuo_widgets.errors import HailuoError, LibraryError, UsageError
from hailuo_widgets.store import sidecar
from hailuo_widgets.store.clip import POSTER_MAX_BYTES, Clip
from hailuo_widgets.store.containment import check_folders, check_journal, is_plain_file
from hailuo_widgets.store.journal import Journal
from hailuo_widgets.store.peek import FILE

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Row

    from hailuo_widgets.net.download import Downloaded
    from hailuo_widgets.store.clip_filter import ClipFilter
    from hailuo_widgets.store.vote import Vote


_PLACE = re.compile(r"clips/[A-Za-z0-9_-]{1,40}\.mp4")
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NUMBERS = ("size", "width", "height", "fps", "frames", "duration", "created")
_TEXTS = ("sha256", "codec", "provider", "model", "prompt")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Damage:
    """A clip whose file or row is not what was stored.

    Attributes:
        id: The job that made it.
        what: `"missing"`, `"changed"`, `"unreadable: …"`, or `"its row in the journal can't be read"`.
    """

    id: str
    what: str


class Library:
    """A library in a folder.

    A journal that is missing beside its clips is made again from their sidecars, with a warning in the log: what a
    sidecar proves is never paid for twice. Clips that a journal does not know (it may have been put back from a backup)
    are taken in likewise. A folder that can't be written to can be read.

    Args:
        folder: Made if it is missing.
        url: Another journal than the folder's own `library.sqlite`.
        shared: A library whose clips answer requests that this one has no clip for. It is only read.

    Raises:
        LibraryError: If the folder can't be used.
    """

    def __init__(self, folder: Path, url: str | None = None, *, shared: Library | None = None) -> None:
        self.folder = folder
        self._shared = shared
        self._frames = folder / "frames"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(
                f"The library's folder “{folder}” can't be made: {error.strerror}.",
                hint="Set another one: %hailuo config library=PATH.",
            ) from None
        check_folders(folder)
        if url is None:
            check_journal(folder)
        lost = url is None and not (folder / FILE).exists() and self._has_sidecars()
        self.journal = Journal(url or URL.create("sqlite", database=str(folder / FILE)))
        if url is None:
            self.journal.replaced = self._take_in_missing
        if lost:
            self._recover()
        elif url is None and not self.journal.frozen:
            self._take_in_missing()

    def clip_path(self, job_id: str) -> Path:
        """Where a job's clip goes. The name is made by us alone, never by a vendor or from a prompt."""
        return self.folder / "clips" / f"{job_id}.mp4"

    def poster_path(self, job_id: str) -> Path:
        """Where a clip's poster goes."""
        return self._frames / f"{job_id}.jpg"

    def find(self, digest: str, replicate: int = 0) -> Clip | None:
        """The clip that answers a request at no cost; None if there is none or its file is gone."""
        row = self.journal.find_clip(digest, replicate)
        clip = self._clip(row) if row is not None else None
        if clip is not None and is_plain_file(clip.path):
            return clip
        return self._shared.find(digest, replicate) if self._shared is not None else None

    def find_many(self, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Clip]:
        """The clips that answer many requests at no cost; requests without a clip, or whose file is gone, are left out.

        Args:
            keys: Digest and replicate of each.
        """
        wanted = list(keys)
        found = self._there(self.journal.find_clips(wanted))
        if self._shared is not None:
            found |= self._shared.find_many(key for key in wanted if key not in found)
        return found

    def find_all(self, digests: Iterable[str]) -> dict[tuple[str, int], Clip]:
        """Every clip that answers one of some requests at no cost, by digest and replicate.

        Args:
            digests: Of the requests.
        """
        wanted = list(digests)
        found = self._there(self.journal.clips_of(wanted))
        return found if self._shared is None else self._shared.find_all(wanted) | found

    def _there(self, rows: Mapping[tuple[str, int], Row[Any]]) -> dict[tuple[str, int], Clip]:
        """The clips of rows, without those whose file is gone."""
        clips = {key: self._clip(row) for key, row in rows.items()}
        return {key: clip for key, clip in clips.items() if clip is not None and is_plain_file(clip.path)}

    def clips(self) -> list[Clip]:
        """Every clip, newest first."""
        return [clip for row in self.journal.clips() if (clip := self._clip(row)) is not None]

    def describe(self, job_id: str, downloaded: Downloaded, at: float) -> dict[str, Any]:
        """Look into a downloaded file, make its poster, and write down beside it all that is known of it.

        Args:
            job_id: The job that asked for it.
            downloaded: The file, in its place already.
            at: Seconds since the epoch.

        Returns:
            What `store` wants to know of it.

        Raises:
            UnreadableVideoError: If it is no video.
            LibraryError: If the disk refuses it.
        """
        from hailuo_widgets.media.frames import poster
        from hailuo_widgets.media.probe import probe

        info = probe(downloaded.path)
        with suppress(OSError, HailuoError):  # the poster can be made again, the clip can't
            frame = self.poster_path(job_id)
            frame.parent.mkdir(parents=True, exist_ok=True)
            replace_file(frame, poster(downloaded.path, max_bytes=POSTER_MAX_BYTES), durable=False)
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
        self._write_sidecar(job_id, downloaded.path, {**values, "created": at})
        return values

    def store(self, job_id: str, values: dict[str, Any], at: float) -> Clip:
        """Take a clip in that was described: from now on the journal knows it, and none is without its sidecar.

        Args:
            job_id: The job that asked for it.
            values: From `describe`.
            at: Seconds since the epoch.
        """
        clip = self._clip(self.journal.store_clip(job_id, values, at))
        assert clip is not None
        return clip

    def mark(self, job_id: str, **values: Any) -> None:
        """Set a clip's `rating` or `note`, in the journal and beside the clip."""
        self.journal.mark(job_id, **values)
        self._describe_marks(job_id)

    def tag(self, job_id: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Give a clip tags or take some away, in the journal and beside the clip."""
        self.journal.tag(job_id, tuple(add), tuple(remove))
        self._describe_marks(job_id)

    def search(self, wanted: ClipFilter, limit: int | None = None) -> list[Clip]:
        """Clips that fit, newest first."""
        return [clip for row in self.journal.search(wanted, limit) if (clip := self._clip(row)) is not None]

    def verify(self) -> list[Damage]:
        """Hash every clip again.

        Returns:
            What is not as it was stored; empty where all is well.
        """
        found = []
        for row in self.journal.clips():
            clip = self._clip(row)
            if clip is None:
                found.append(Damage(str(row.job_id), "its row in the journal can't be read"))
                continue
            if clip.path.is_symlink() or (clip.path.exists() and not clip.path.is_file()):  # reading a pipe never ends
                what = "a link" if clip.path.is_symlink() else "not a file"
                found.append(Damage(clip.id, f"unreadable: it is {what}"))
                continue
            try:
                with clip.path.open("rb") as file:
                    whole = hashlib.file_digest(file, "sha256").hexdigest() == clip.sha256
            except FileNotFoundError:
                found.append(Damage(clip.id, "missing"))
            except OSError as error:
                found.append(Damage(clip.id, f"unreadable: {error.strerror}"))
            else:
                if not whole:
                    found.append(Damage(clip.id, "changed"))
        found += [Damage(job_id, "its row in the journal can't be read") for job_id in self.journal.unreadable()]
        return found

    def unused(self) -> list[Path]:
        """Files under `clips/` and `frames/` that belong to no clip and to no job that is still open."""
        places = [*self._files("clips"), *self._files("frames")]
        # In this order: a job that ends meanwhile is found among the clips.
        wanted = {row.id for row in self.journal.open_jobs()} | {clip.id for clip in self.clips()}
        return [path for path in places if path.name.partition(".")[0] not in wanted]

    def delete(self, clips: Sequence[Clip], files: Sequence[Path], at: float) -> None:
        """Delete clips with all that is beside them, and files. The journal keeps what was paid.

        Raises:
            LibraryError: If the disk refuses it.
        """
        self.journal.drop_clips([clip.id for clip in clips], at)
        paths = [path for clip in clips for path in (clip.path, sidecar.beside(clip.path), clip.poster_path)]
        for path in (*paths, *files):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise LibraryError(f"“{path.name}” can't be deleted: {error.strerror}.") from None

    def export(self, clips: Sequence[Clip], folder: Path) -> int:
        """Copy clips with their provenance into another library's folder, ready to be mailed.

        Returns:
            How many were copied.

        Raises:
            LibraryError: If the disk refuses it.
        """
        target = Library(folder)
        try:
            for clip in clips:
                for path in (clip.path, sidecar.beside(clip.path), clip.poster_path):
                    if is_plain_file(path):
                        copy = folder / path.relative_to(self.folder)
                        copy.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copyfile(path, copy)
        except OSError as error:
            raise disk_error(error, folder) from None
        else:
            taken = target.take_in_all()[0]
            target.journal.make_portable()
            return taken
        finally:
            target.close()

    def take_in_all(self, only: Container[str] | None = None) -> tuple[int, list[str]]:
        """Write down every clip of the folder from its sidecar.

        Args:
            only: The jobs whose clips are meant; None for all.

        Returns:
            How many there are, and what could not be taken in and why.
        """
        taken, problems = 0, []
        for path in self._files("clips"):
            if path.suffix != ".json" or (only is not None and path.stem not in only):
                continue
            clip = path.with_suffix(".mp4")
            try:
                described = sidecar.read(path)
                if is_plain_file(clip) and clip.stat().st_size == described.clip.size:
                    self.journal.take_in(described, clip.relative_to(self.folder).as_posix())
                    taken += 1
                else:
                    problems.append(f"“{clip.name}” is missing or cut off.")
            except LibraryError as error:
                problems.append(error.message)
        return taken, problems

    def _files(self, name: str) -> list[Path]:
        folder = self.folder / name
        return sorted(path for path in folder.iterdir() if is_plain_file(path)) if folder.is_dir() else []

    def _has_sidecars(self) -> bool:
        folder = self.folder / "clips"
        return folder.is_dir() and any(folder.glob("*.json"))

    def _take_in_missing(self) -> None:
        """Take in clips that the journal does not know: it may be an older copy, put back from a backup."""
        beside = {path.stem for path in (self.folder / "clips").glob("*.json")}
        missing = beside - self.journal.clip_ids() if beside else beside
        if missing and (taken := self.take_in_all(missing)[0]):
            _log.info("%d clips of “%s” were not in its journal, and were taken in.", taken, self.folder)

    def _recover(self) -> None:
        taken, problems = self.take_in_all()
        _log.warning(
            "The journal of “%s” was missing; it was made again from the %d clips beside it%s.",
            self.folder,
            taken,
            f" ({len(problems)} could not be read: run `hailuo-widgets library verify`)" if problems else "",
        )

    def _write_sidecar(self, job_id: str, path: Path, clip: dict[str, Any]) -> None:
        row = self.journal.job(job_id)
        assert row is not None
        said = self.journal.marked([job_id]).get(job_id, sidecar.MarksPart())
        order = {name: getattr(row, name) for name in sidecar.OrderPart.model_fields}
        order["price"] = None if row.price is None else f"{row.price:f}"
        history = self.journal.history(job_id)
        if row.state != "stored":
            history.append(("stored", clip["created"]))
        described = sidecar.Sidecar(
            request=sidecar.OrderPart(**order),
            job=sidecar.JobPart(
                id=row.id,
                name=row.name,
                replicate=row.replicate,
                task_id=row.task_id,
                created=row.created,
                history=history,
            ),
            clip=sidecar.ClipPart(**clip),
            marks=said,
        )
        sidecar.write(sidecar.beside(path), described)

    def _describe_marks(self, job_id: str) -> None:
        row = next(iter(self.journal.clip_rows(job_id)), None)
        clip = self._clip(row) if row is not None else None
        if row is not None and clip is not None and is_plain_file(clip.path):
            self._write_sidecar(job_id, clip.path, {name: getattr(row, name) for name in sidecar.ClipPart.model_fields})

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()
        if self._shared is not None:
            self._shared.close()

    def _clip(self, row: Row[Any]) -> Clip | None:
        if not _is_sound(row):
            return None  # a library may come from anywhere; `verify` names what is left out
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
            parent=self._parent(row),
        )

    def _parent(self, row: Row[Any]) -> Clip | None:
        """The draft of a clip that was made of one."""
        kind, _, sha256 = str(row.effective.get("base_video", "")).partition(":")
        if kind != "sha256":
            return None
        for each in self.journal.clips_by_hash(sha256):
            # Two prompts may have given the same bytes: a simulator's clips are all alike.
            if "base_video" not in each.effective and each.effective.get("prompt") == row.effective.get("prompt"):
                return self._clip(each)
        return None


def _is_sound(row: Row[Any]) -> bool:
    """Whether a row is what this release writes: SQLite keeps whatever it is given, and a path could lead anywhere."""
    return (
        isinstance(row.path, str)
        and _PLACE.fullmatch(row.path) is not None
        and isinstance(row.job_id, str)
        and _ID.fullmatch(row.job_id) is not None
        and all(isinstance(value := getattr(row, name), int | float) and value >= 0 for name in _NUMBERS)
        and all(isinstance(getattr(row, name), str) for name in _TEXTS)
        and isinstance(row.effective, dict)
        and isinstance(row.replicate, int)
    )


def rebuild(folder: Path, at: float) -> tuple[int, list[str], Path | None]:
    """Make a new journal from the folder alone. The old one is kept beside it.

    Votes, and the key of ballots that were sent out, are nowhere else, so they are taken from the old journal where it
    can be read.

    Args:
        folder: The library's.
        at: Seconds since the epoch; names the old journal.

    Returns:
        How many clips are in it, what could not be taken in, and where the old journal is.

    Raises:
        LibraryError: If there is no library, or the old journal still knows of tasks that only it knows.
    """
    if not (folder / "clips").is_dir():
        raise LibraryError(f"“{folder}” holds no clips.", hint="Name a library's folder.")
    old = folder / FILE
    kept: Path | None = None
    votes: list[Vote] = []
    key = None
    if old.exists():
        with suppress(LibraryError):  # one that can't be opened is why people come here
            journal = Journal(URL.create("sqlite", database=str(old)))
            try:
                with suppress(LibraryError):
                    votes = journal.votes()
                    key = journal.ballot_key().hex()
                left = len(journal.open_jobs())
            finally:
                journal.close()
            if left:
                raise UsageError(
                    f"The journal works, and {left} of its jobs are open: a new one would not know them.",
                    hint="Finish them first: `%hailuo resume`.",
                )
        kept = folder / f"library-before-{int(at)}.sqlite"
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                old.with_name(old.name + suffix).rename(kept.with_name(kept.name + suffix))
    library = Library(folder)
    try:
        library.journal.cast(votes)
        library.journal.ballot_key(key)
        return (*library.take_in_all(), kept)
    finally:
        library.close()
