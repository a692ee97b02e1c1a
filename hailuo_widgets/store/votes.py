"""Votes in the journal: they are appended and read, never changed."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from hailuo_widgets.store.schema import about
from hailuo_widgets.store.schema import votes as table
from hailuo_widgets.store.vote import Vote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

_MOST_VALUES = 500


def append(connection: Connection, votes: Iterable[Vote]) -> int:
    """Add the votes whose ids are not there yet, inside the caller's transaction; how many those are."""
    new = {vote.id: vote for vote in votes}
    ids = list(new)
    for start in range(0, len(ids), _MOST_VALUES):
        known = select(table.c.id).where(table.c.id.in_(ids[start : start + _MOST_VALUES]))
        for name in connection.execute(known).scalars().all():
            del new[name]
    if new:
        connection.execute(insert(table), [_row(vote) for vote in new.values()])
    return len(new)


def read(connection: Connection, question: str | None = None) -> list[Vote]:
    """Votes, oldest first; a row that is no vote, written by another program, is left out."""
    query = select(table).order_by(table.c.created, table.c.id)
    if question is not None:
        query = query.where(table.c.question == question)
    found = []
    for row in connection.execute(query):
        try:
            values = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name
            answer = values["answer"]
            values["answer"] = int(answer) if answer in ("0", "1", "2", "3") else answer
            found.append(Vote(**{**values, "clips": tuple(values["clips"])}))
        except (ValueError, TypeError):
            continue
    return found


def key(connection: Connection, first: str | None = None) -> str:
    """The key of this journal's ballots, in hex; made inside the caller's transaction if there is none."""
    found: str | None = connection.execute(select(about.c.value).where(about.c.name == "ballot key")).scalar()
    if found is None:
        found = first or secrets.token_hex(32)
        connection.execute(insert(about).values(name="ballot key", value=found))
    return found


def _row(vote: Vote) -> dict[str, Any]:
    values = {name: getattr(vote, name) for name in Vote.__slots__}
    return {**values, "clips": list(vote.clips), "answer": str(vote.answer)}
