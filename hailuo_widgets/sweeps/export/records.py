"""What came of a sweep, as records: one a clip that was wanted, and one a cell that was not possible or skipped."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hailuo_widgets.disk import writing
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.spec.media import Media
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store.sidecar import MarksPart
from hailuo_widgets.tabular import spreadsheet_text, storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.measure.record import Measured
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.sweeps.cells import Cell
    from hailuo_widgets.sweeps.sweep import Sweep

NOT_POSSIBLE, SKIPPED, PLANNED, FILE_GONE = "not possible", "skipped", "planned", "file gone"
"""States of cells that have no job, and of clips that were made and deleted; all others have their job's."""

_SENT = frozenset({"provider", "mode", *VideoRequest.model_fields}) - {"prompt"}
_BESIDE = ("cell", "replicate", "rating", "tags", "note", "prompt")


def records(
    sweep: Sweep, marks: Mapping[str, MarksPart], measured: Mapping[str, Measured] | None = None
) -> list[dict[str, Any]]:
    """One record a clip, in the order of the cells.

    Args:
        sweep: Whose.
        marks: What people say of clips, by id.
        measured: What was measured of clips, by id; if nothing was measured, there are no columns for it.
    """
    columns, numbers = _columns(sweep), sweep.replicates()
    found = []
    for cell in sweep.cells:
        different = _diversity(sweep, cell, numbers[cell.index], measured) if measured and cell.wanted else None
        for replicate in numbers[cell.index]:
            job, clip = sweep.job(cell.index, replicate), sweep.clip(cell.index, replicate)
            record = {"cell": cell.index, "replicate": replicate, **_outcome(cell, job, clip)}
            said = marks.get(clip.id, MarksPart()) if clip else MarksPart()
            record |= {"rating": said.rating, "tags": list(said.tags), "note": said.note}
            parameters = {"prompt": cell.prompt, **_parameters(cell)}
            record |= {name: value for name, value in parameters.items() if name not in record}
            for name, chosen in zip(columns, _chosen(sweep, cell), strict=True):
                if record.get(name) is None:  # what was not possible has no effective value, but was asked for
                    record[name] = chosen
            if measured:
                from hailuo_widgets.measure.stored import columns as measures_of  # NumPy is loaded where it is needed

                record |= measures_of(clip, measured.get(clip.id) if clip else None, different)
            found.append(record)
    every = dict.fromkeys(name for record in found for name in record)
    return [storable({name: record.get(name) for name in every}) for record in found]


def _diversity(sweep: Sweep, cell: Cell, numbers: Iterable[int], measured: Mapping[str, Measured]) -> float | None:
    from hailuo_widgets.measure.diversity import diversity  # NumPy is loaded where it is needed

    clips = [sweep.clip(cell.index, replicate) for replicate in numbers]
    return diversity(measured[clip.id].look for clip in clips if clip is not None and clip.id in measured)


def _columns(sweep: Sweep) -> list[str]:
    """Under which name each axis stands: under its own, unless that is another column's.

    `resolution` is what was sent, whatever an axis of that name says; `axis.resolution` then is what was chosen.
    """
    asked = [(_chosen(sweep, cell), _parameters(cell)) for cell in sweep.cells if cell.quote is not None]
    taken = {*_BESIDE, *_outcome(sweep.cells[0], None, None)}
    names = []
    for place, axis in enumerate(sweep.axes):
        own = axis.name not in taken
        if axis.name in _SENT:
            own = all(chosen[place] == sent.get(axis.name) for chosen, sent in asked)
        names.append(axis.name if own else f"axis.{axis.name}")
    return names


def _chosen(sweep: Sweep, cell: Cell) -> list[Any]:
    choices = [axis.values[index] for axis, index in zip(sweep.axes, cell.at, strict=True)]  # noqa: PD011  # no data frame's
    return [_plain(choice.value, choice.label) for choice in choices]


def state_of(cell: Cell, job: Job | None, clip: Clip | None) -> str:
    """How far a clip is."""
    if cell.skipped:
        return SKIPPED
    if cell.quote is None:
        return NOT_POSSIBLE
    if clip is not None:
        return JobState.STORED.value
    if job is None:
        return PLANNED
    return FILE_GONE if job.state is JobState.STORED else job.state.value


def problem_of(cell: Cell, job: Job | None, clip: Clip | None) -> str:
    """Why there is no clip, `""` where there is one or nothing speaks against it."""
    if job is not None and job.error is not None:
        return job.error.message
    if state_of(cell, job, clip) == FILE_GONE:
        return "Its file is gone; run the sweep again to generate it again."
    return cell.problem


def _outcome(cell: Cell, job: Job | None, clip: Clip | None) -> dict[str, Any]:
    quote = cell.quote
    return {
        "state": state_of(cell, job, clip),
        "error": problem_of(cell, job, clip),
        "price": quote.price.amount if quote else None,
        "currency": quote.price.currency if quote else "",
        "cached": clip is not None and (job is None or job.cached),
        "started": _moment(job.created if job else None),
        "ended": _moment(job.ended if job else clip.created if clip else None),
        "seconds": round(job.elapsed, 3) if job is not None and job.done else None,
        "path": str(clip.path) if clip else None,
        "job": job.id if job else clip.id if clip else None,
        "task_id": job.task_id if job else clip.task_id if clip else None,
        "digest": cell.digest or None,
    }


def _parameters(cell: Cell) -> dict[str, Any]:
    """The effective request: every default pinned, pictures by their hash."""
    if cell.quote is None:
        return {}
    order = cell.quote.request.canonical()
    order.pop("prompt", None)
    return {"provider": cell.quote.row.provider, "mode": cell.quote.row.mode.value, **order}


def _plain(value: Any, label: str) -> Any:
    if isinstance(value, (Media, tuple)):
        return label
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """A data frame whose columns are of one kind each: prices as floats, times as times, mixed values as text."""
    import pandas as pd

    for name in frame.columns:
        column = frame[name]
        if name == "price":
            frame[name] = column.astype(float)
        elif name in {"started", "ended"}:
            frame[name] = pd.to_datetime(column, utc=True)
        elif len({type(each) for each in column if each is not None}) > 1:
            frame[name] = column.map(lambda each: None if each is None else str(each))
    return frame


def to_csv(rows: list[dict[str, Any]], path: Path) -> Path:
    """Write records into a CSV file, UTF-8 with a heading.

    Raises:
        LibraryError: If the disk refuses it.
    """
    with writing(path), path.open("w", encoding="utf-8", newline="", errors="replace") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [])
        writer.writeheader()
        for row in rows:
            writer.writerow({name: _in_csv(each) for name, each in row.items()})
    return path


def _in_csv(value: Any) -> Any:
    text = " ".join(value) if isinstance(value, list) else value
    return spreadsheet_text(text) if isinstance(text, str) else text
