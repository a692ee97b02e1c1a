"""What only an old journal knows goes into the one that was put in its place: tasks that have no clip yet."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from hailuo_widgets.store.peek import OPEN_STATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

_UNFINISHED = (*OPEN_STATES, "uncertain")


def carry_over(old: sqlite3.Connection, new: Connection) -> int:
    """Copy the jobs that are not finished, with their requests, their history and their leases.

    Args:
        old: A journal of this release.
        new: Another one, in a transaction. A clip that it has already stays; a job that it knows is brought up to date.

    Returns:
        How many jobs were copied.
    """
    marks = ", ".join("?" * len(_UNFINISHED))
    jobs = _rows(old, f"SELECT * FROM jobs WHERE state IN ({marks})", *_UNFINISHED)  # noqa: S608  # question marks only
    copied = 0
    for job in jobs:
        known = new.exec_driver_sql("SELECT state FROM jobs WHERE id = :id", {"id": job["id"]}).scalar()
        if known == "stored":
            continue
        copied += 1
        if known is None:
            for request in _rows(old, "SELECT * FROM requests WHERE digest = ?", job["digest"]):
                _insert(new, "requests", request)
            _insert(new, "jobs", job)
        else:
            new.exec_driver_sql(
                "UPDATE jobs SET state = :state, updated = :updated, error = :error, "
                "task_id = coalesce(:task_id, task_id) WHERE id = :id",
                {name: job[name] for name in ("state", "updated", "error", "task_id", "id")},
            )
            new.exec_driver_sql("DELETE FROM transitions WHERE job_id = :id", {"id": job["id"]})
        for step in _rows(old, "SELECT * FROM transitions WHERE job_id = ? ORDER BY id", job["id"]):
            _insert(new, "transitions", {name: value for name, value in step.items() if name != "id"})
        for lease in _rows(old, "SELECT * FROM leases WHERE name = ?", f"job:{job['id']}"):
            _insert(new, "leases", lease)
    return copied


def _rows(connection: sqlite3.Connection, query: str, *values: object) -> list[dict[str, Any]]:
    with closing(connection.cursor()) as cursor:
        cursor.row_factory = sqlite3.Row
        return [dict(row) for row in cursor.execute(query, values)]


def _insert(connection: Connection, table: str, values: Mapping[str, Any]) -> None:
    names = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    verb = "INSERT OR REPLACE" if table == "leases" else "INSERT OR IGNORE"
    connection.exec_driver_sql(f"{verb} INTO {table} ({names}) VALUES ({places})", dict(values))
