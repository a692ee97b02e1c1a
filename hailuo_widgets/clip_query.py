"""`hw.library()`: the clips that are there, to be searched, judged, checked and given away."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.kept import kept
from hailuo_widgets.paths import user_path
from hailuo_widgets.store.clip_filter import ClipFilter
from hailuo_widgets.store.sidecar import MarksPart
from hailuo_widgets.table import Table
from hailuo_widgets.tabular import data_frame, to_parquet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from concurrent.futures import Executor
    from pathlib import Path

    import pandas as pd

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.measure.measuring import Measuring
    from hailuo_widgets.measure.record import Measured
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.library import Damage, Library

SHOWN = 20
"""Rows of the table; the rest is counted."""

_COLUMNS = ("Made", "Provider", "Model", "Clip", "Rating", "Tags", "Prompt")


class ClipQuery:
    """Clips of a library, newest first. Looked up when it is used, so it is never out of date.

    Args:
        library: Whose clips.
        clock: Tells when something was deleted.
        wanted: Which of them.
    """

    def __init__(self, library: Library, clock: Clock, wanted: ClipFilter | None = None) -> None:
        self._library = library
        self._clock = clock
        self._wanted = wanted or ClipFilter()

    @property
    def library(self) -> Library:
        """Whose clips."""
        return self._library

    @property
    def wanted(self) -> ClipFilter:
        """Which of them."""
        return self._wanted

    def search(self, text: str) -> ClipQuery:
        """Those in which every word stands: in the prompt, a note, a tag, or as the job's name.

        Raises:
            UsageError: If it is not text.
        """
        _check_text("What is searched for", text)
        return self._with(words=(*self._wanted.words, *text.split()))

    def filter(
        self,
        *,
        text: str = "",
        model: str = "",
        provider: str = "",
        tag: str | tuple[str, ...] = (),
        rating: int | None = None,
        since: date | str | None = None,
        until: date | str | None = None,
    ) -> ClipQuery:
        """Those that fit all that is given.

        Args:
            text: As `search` takes it.
            model: Its name.
            provider: Its name.
            tag: One tag, or several that all have to be there.
            rating: At least this, 1 to 5.
            since: A day (or a moment): made then or later. A text reads `2026-05-31`; a day begins by local time.
            until: A day (or a moment): made before it.

        Raises:
            UsageError: If a date can't be read, or something else is not of its kind.
        """
        tags = (tag,) if isinstance(tag, str) else tuple(tag)
        for what, words in {"text": (text,), "model": (model,), "provider": (provider,), "tag": tags}.items():
            for each in words:
                _check_text(what, each)
        _check_rating(rating)
        changes: dict[str, Any] = {
            "words": (*self._wanted.words, *text.split()),
            "tags": (*self._wanted.tags, *tags),
        }
        given = {"model": model, "provider": provider, "rating": rating, "since": _at(since), "until": _at(until)}
        changes |= {name: value for name, value in given.items() if value not in (None, "")}
        return self._with(**changes)

    @property
    def clips(self) -> list[Clip]:
        """The clips."""
        return self._library.search(self._wanted)

    def __iter__(self) -> Iterator[Clip]:
        return iter(self.clips)

    def __len__(self) -> int:
        return self._library.journal.count(self._wanted)

    def __getitem__(self, which: int | str) -> Clip:
        """A clip by its place or its id."""
        if isinstance(which, int):
            return self.clips[which]
        rows = self._library.search(replace(self._wanted, job_id=which))
        if not rows:
            raise KeyError(which)
        return rows[0]

    def tag(self, *tags: str, remove: bool = False) -> ClipQuery:
        """Give each of these clips the tags, or take them away.

        Raises:
            UsageError: If a tag is not text, is empty, or longer than 80 characters.
        """
        for each in tags:
            _check_text("A tag", each)
        wanted = tuple(tag.strip() for tag in tags)
        if not wanted or not all(0 < len(tag) <= 80 for tag in wanted):
            raise UsageError("A tag has 1 to 80 characters.", hint='For example, .tag("favourite").')
        for clip in self.clips:
            self._library.tag(clip.id, **{"remove" if remove else "add": wanted})
        return self

    def rate(self, rating: int | None) -> ClipQuery:
        """Rate each of these clips.

        Args:
            rating: 1 to 5; None takes it away.

        Raises:
            UsageError: If it is anything else.
        """
        _check_rating(rating)
        for clip in self.clips:
            self._library.mark(clip.id, rating=rating)
        return self

    def note(self, text: str) -> ClipQuery:
        """Write a note on each of these clips, in place of an earlier one.

        Raises:
            UsageError: If it is not text.
        """
        _check_text("A note", text)
        for clip in self.clips:
            self._library.mark(clip.id, note=text)
        return self

    @property
    def df(self) -> pd.DataFrame:
        """One row a clip; every parameter is a column, and so is every measure once a clip is measured.

        Raises:
            UsageError: If pandas is not installed.
        """
        return data_frame(self._records(), (*_FIELDS, "path", "created", "rating", "tags", "note"))

    def measure(self, *, executor: Executor | None = None) -> Measuring:
        """Measure these clips in the background: camera, cuts, motion, flicker ….

        Returns at once. Each result is kept in the library as it comes, so this may be interrupted at any time: called
        again, it goes on with what is not measured yet. `df` shows them as `measured.…`.

        Args:
            executor: Any `concurrent.futures` executor; None for processes of this machine.

        Returns:
            `.result()` waits for it, `.stop()` ends it, `.measured` has what is there so far.
        """
        from hailuo_widgets.measure.measuring import Measuring

        clips = self.clips
        return Measuring(lambda: clips, lambda: self._library.journal, self._clock, executor=executor)

    def to_parquet(self, path: str | Path) -> Path:
        """Write the data frame into a Parquet file.

        Raises:
            UsageError: If pandas or pyarrow is not installed.
        """
        return to_parquet(self.df, user_path(path))

    def export(self, folder: str | Path) -> Path:
        """Copy these clips, with all that is known of them, into a library of their own, ready to be mailed.

        Raises:
            UsageError: If it is not a path, or this library's own folder.
            LibraryError: If the disk refuses it.
        """
        target = user_path(folder).resolve()
        if target == self._library.folder.resolve():
            raise UsageError("That is this library's own folder.", hint="Name another one.")
        self._library.export(self.clips, target)
        return target

    def verify(self) -> list[Damage]:
        """Hash every file of the library again; what is missing or changed, empty where all is well."""
        return self._library.verify()

    def prune(self, *, delete: bool = False) -> Table:
        """What can be deleted: files that belong to no clip; and, of a filtered shelf, its clips.

        Args:
            delete: Whether it is done; without it this only says what would be.
        """
        clips = self.clips if self._wanted != ClipFilter() else []
        files = self._library.unused()
        rows = [(clip.path.name, f"{clip.size:,}", _short(clip.prompt)) for clip in clips]
        rows += [(path.name, f"{path.stat().st_size:,}", "belongs to no clip") for path in files]
        if delete:
            self._library.delete(clips, files, self._clock.now())
        count = "1 file" if len(rows) == 1 else f"{len(rows)} files"
        done = f"{count} deleted." if delete else f"{count} would be deleted: .prune(delete=True) does it."
        return Table(("File", "Bytes", ""), tuple(rows), done if rows else "There is nothing to delete.")

    def _ipython_display_(self) -> None:
        from hailuo_widgets.views.outputs import in_kernel

        if not in_kernel():
            raise NotImplementedError  # IPython then shows the text
        from hailuo_widgets.views.clip_grid import ClipGrid

        ClipGrid(self)._ipython_display_()

    def __repr__(self) -> str:
        return str(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        clips = self._library.search(self._wanted, SHOWN)
        said = self._library.journal.marked([clip.id for clip in clips])
        rows = []
        for clip in clips:
            marks = said.get(clip.id, MarksPart())
            made = datetime.fromtimestamp(clip.created, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
            figures = f"{clip.duration:g} s {clip.width}×{clip.height}"
            rating = "★" * (marks.rating or 0)
            rows.append((made, clip.provider, clip.model, figures, rating, ", ".join(marks.tags), _short(clip.prompt)))
        count = len(self)
        caption = f"{count:,} clip{'' if count == 1 else 's'}" + (f", the newest {SHOWN}:" if count > SHOWN else "")
        return Table(_COLUMNS, tuple(rows), caption if count else "No clips.")

    def _records(self) -> Iterator[dict[str, Any]]:
        clips = self.clips
        said = self._library.journal.marked([clip.id for clip in clips])
        measured = kept(self._library.journal, clips)
        different = _diversities(clips, measured) if measured else {}
        for clip in clips:
            marks = said.get(clip.id, MarksPart())
            known = {name: getattr(clip, name) for name in _FIELDS}
            parameters = {f"parameters.{name}": value for name, value in clip.parameters.items() if name != "prompt"}
            yield {
                **known,
                "path": str(clip.path),
                "created": datetime.fromtimestamp(clip.created, UTC),
                "rating": marks.rating,
                "tags": list(marks.tags),
                "note": marks.note,
                **parameters,
                **(_measures(clip, measured.get(clip.id), different.get(clip.id)) if measured else {}),
            }

    def _with(self, **changes: Any) -> ClipQuery:
        return ClipQuery(self._library, self._clock, replace(self._wanted, **changes))


_FIELDS = (
    *("id", "provider", "model", "prompt", "width", "height", "fps", "frames", "duration", "codec", "size"),
    *("sha256", "task_id", "replicate"),
)


def _diversities(clips: Iterable[Clip], measured: Mapping[str, Measured]) -> dict[str, float | None]:
    """How different the measured clips of each request are, by the clips' ids."""
    from hailuo_widgets.measure.diversity import diversity  # NumPy is loaded where it is needed

    replicates: defaultdict[str, list[str]] = defaultdict(list)
    for clip in clips:
        if clip.id in measured:
            request = [clip.provider, clip.model, clip.prompt, clip.parameters]
            replicates[json.dumps(request, sort_keys=True, default=str)].append(clip.id)
    return {
        clip_id: different
        for ids in replicates.values()
        for different in [diversity(measured[each].look for each in ids)]
        for clip_id in ids
    }


def _measures(clip: Clip, measured: Measured | None, diversity: float | None) -> dict[str, Any]:
    from hailuo_widgets.measure.stored import columns  # NumPy is loaded where it is needed

    return columns(clip, measured, diversity)


def _check_text(what: str, given: object) -> None:
    if not isinstance(given, str):
        raise UsageError(f"{what} is text, not {given!r:.40}.", hint="Write it in quotation marks.")


def _check_rating(rating: object) -> None:
    if rating is not None and (type(rating) is not int or not 1 <= rating <= 5):
        raise UsageError(f"A rating is a whole number from 1 to 5, not {rating!r:.40}.")


def _at(day: date | str | None) -> float | None:
    if day is None:
        return None
    try:
        moment = datetime.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        raise UsageError(f"“{str(day)[:40]}” is no date.", hint="It should read 2026-05-31.") from None
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001  # local, as the user's days are
    return moment.timestamp()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
