"""What turns a journal of today into one of an older release, statement by statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.store.schema import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNDO = {
    5: ("UPDATE requests SET mode = 'regenera' WHERE mode = 'regeneration'",),
    4: ("DROP TABLE measures",),
    3: ("DROP TABLE votes",),
    2: (
        "DROP TABLE sweeps",
        "DROP INDEX jobs_by_state",
        "DROP INDEX clips_by_time",
        "CREATE INDEX ix_jobs_state ON jobs (state)",
    ),
}
"""A version → what its migration is undone by."""


def back_to(version: int, *, postgresql: bool = False) -> Iterator[str]:
    """The statements, newest version first."""
    for step in range(VERSION, version, -1):
        yield from _UNDO[step]
        if step == 5 and postgresql:
            yield "ALTER TABLE requests ALTER COLUMN mode TYPE VARCHAR(8)"
    yield f"UPDATE about SET value = '{version}' WHERE name = 'schema'"
