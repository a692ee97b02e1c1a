"""What was measured of clips, in the journal: by the file's hash and the version of the measures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, delete, insert, select

from hailuo_widgets.store.schema import measures as table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

_MOST_VALUES = 500


def keep(connection: Connection, sha256: str, version: int, record: dict[str, Any], at: float) -> None:
    """Write a record down, in place of an earlier one, inside the caller's transaction."""
    connection.execute(delete(table).where(table.c.sha256 == sha256, table.c.version == version))
    connection.execute(insert(table).values(sha256=sha256, version=version, record=record, created=at))


def read(connection: Connection, hashes: Iterable[str], version: int) -> dict[str, dict[str, Any]]:
    """Records by hash; whatever another program wrote in their place is left out."""
    wanted = list(dict.fromkeys(hashes))
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(wanted), _MOST_VALUES):
        some = table.c.sha256.in_(wanted[start : start + _MOST_VALUES])
        # As text: one row that is no JSON would otherwise take all the others with it.
        query = select(table.c.sha256, cast(table.c.record, Text)).where(some, table.c.version == version)
        for sha256, text in connection.execute(query):
            try:
                record = json.loads(text)
            except (ValueError, TypeError):
                continue
            if isinstance(record, dict):
                found[sha256] = record
    return found
