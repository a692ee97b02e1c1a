"""A statement that is compiled once and then handed to the driver as it is.

SQLAlchemy spends 60 to 80 µs on a statement that SQLite carries out in 5, and a sweep makes thousands of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ClauseElement, Connection, Dialect


class Statement:
    """An SQL statement for any database, to be called with its values.

    Args:
        clause: As SQLAlchemy writes it.
        columns: Of an `insert` or `update`: the columns that get a value.
    """

    def __init__(self, clause: ClauseElement, *columns: str) -> None:
        self._clause = clause
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def __call__(self, connection: Connection, **values: Any) -> Any:
        """Carry it out inside the connection's transaction.

        Returns:
            The driver's cursor: rows are plain tuples, and JSON is text where the driver leaves it so.
        """
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        for name, write in compiled.writers.items():
            if values.get(name) is not None:
                values[name] = write(values[name])
        cursor = connection.connection.cursor()
        cursor.execute(compiled.text, {**compiled.fixed, **values})
        return cursor

    def _compile(self, dialect: Dialect) -> _Compiled:
        found = self._clause.compile(dialect=dialect, column_keys=self._columns or None)
        # Each value is turned into what the driver takes as SQLAlchemy would: JSON into text, a Decimal into a number.
        binds: dict[str, Any] = getattr(found, "binds", {})
        writers = {
            name: write
            for name, bind in binds.items()
            if (write := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        fixed = {name: bind.value for name, bind in binds.items() if bind.value is not None}
        compiled = self._compiled[dialect.name] = _Compiled(str(found), fixed, writers)
        return compiled


class _Compiled:
    """A statement for one kind of database."""

    __slots__ = ("fixed", "text", "writers")

    def __init__(self, text: str, fixed: dict[str, Any], writers: dict[str, Callable[[Any], Any]]) -> None:
        self.text = text
        self.fixed = fixed
        self.writers = writers
