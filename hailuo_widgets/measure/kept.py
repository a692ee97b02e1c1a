"""Measures that a journal keeps, read without loading what measures."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.record import VERSION, Measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.journal import Journal


def kept(journal: Journal, clips: Sequence[Clip]) -> dict[str, Measured]:
    """What the journal keeps of clips by the current version of the measures, by the clips' ids."""
    records = journal.measures((clip.sha256 for clip in clips), VERSION)
    found = {}
    for clip in clips:
        if clip.sha256 in records:
            with suppress(UsageError):  # not ours: measured again
                # Clips of the same bytes share the record.
                found[clip.id] = replace(Measured.from_dict(records[clip.sha256]), file=clip.path.name)
    return found
