"""The journal's tables, and how an older journal becomes a current one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
)

from hailuo_widgets.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

VERSION = 5

READABLE = 4
"""Journals from this version on can be read as they are, where a medium refuses to bring them up to date."""

metadata = MetaData()

about = Table("about", metadata, Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))

requests = Table(
    "requests",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("written_digest", String(64), nullable=False, index=True),
    Column("provider", String(40), nullable=False),
    Column("model", String(80), nullable=False),
    Column("mode", String(20), nullable=False),
    Column("prompt", Text, nullable=False),  # as written
    Column("written", JSON, nullable=False),
    Column("effective", JSON, nullable=False),
    Column("price", Numeric(12, 6)),  # null where the vendor publishes none
    Column("currency", String(3), nullable=False),
    Column("created", Double, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("digest", String(64), ForeignKey("requests.digest"), nullable=False),
    Column("replicate", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("task_id", Text),
    Column("error", JSON),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
    Index("jobs_by_request", "digest", "replicate"),
    Index("jobs_by_state", "state", "created"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(40), ForeignKey("jobs.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("at", Double, nullable=False),  # seconds since the epoch
    Column("detail", JSON),
)

clips = Table(
    "clips",
    metadata,
    Column("job_id", String(40), ForeignKey("jobs.id"), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("replicate", Integer, nullable=False),
    Column("path", Text, nullable=False),  # relative to the library's folder, with forward slashes
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("fps", Double, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("duration", Double, nullable=False),
    Column("codec", String(20), nullable=False),
    Column("created", Double, nullable=False),
    Index("clips_by_request", "digest", "replicate"),
)
Index("clips_by_time", clips.c.created.desc(), clips.c.job_id)

marks = Table(
    "marks",
    metadata,
    Column("job_id", String(40), ForeignKey("clips.job_id"), primary_key=True),
    Column("rating", Integer),
    Column("starred", Integer, nullable=False, default=0),
    Column("note", Text, nullable=False, default=""),
)

tags = Table(
    "tags",
    metadata,
    Column("job_id", String(40), ForeignKey("clips.job_id"), primary_key=True),
    Column("tag", String(80), primary_key=True),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("owner", String(40), nullable=False),
    Column("until", Double, nullable=False),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("created", Double, nullable=False),
    Column("updated", Double, nullable=False),
)

votes = Table(
    "votes",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("voter", String(80), nullable=False),
    Column("source", String(8), nullable=False),  # person, ballot or program
    Column("question", String(40), nullable=False),
    Column("clips", JSON, nullable=False),  # their ids, in their seats
    Column("answer", String(8), nullable=False),  # a seat from 0, tie, bad, skip or undo
    Column("seconds", Double),
    Column("repeats", String(40)),  # an earlier vote on the same clips, or the one that is undone
    Column("chosen", String(8), nullable=False),
    Column("probability", Double),
    Column("created", Double, nullable=False),
    Index("votes_by_question", "question", "created"),
)

measures = Table(
    "measures",
    metadata,
    Column("sha256", String(64), primary_key=True),  # of the clip's file
    Column("version", Integer, primary_key=True),  # of the measures
    Column("record", JSON, nullable=False),
    Column("created", Double, nullable=False),
)


def _to_2(connection: Connection) -> None:
    """Sweeps are kept; jobs are found by their state, and clips, in the order of their making."""
    connection.exec_driver_sql(
        "CREATE TABLE sweeps (name VARCHAR(200) NOT NULL PRIMARY KEY, document JSON NOT NULL, "
        "created DOUBLE PRECISION NOT NULL, updated DOUBLE PRECISION NOT NULL)"
    )
    connection.exec_driver_sql("DROP INDEX ix_jobs_state")
    connection.exec_driver_sql("CREATE INDEX jobs_by_state ON jobs (state, created)")
    connection.exec_driver_sql("CREATE INDEX clips_by_time ON clips (created DESC, job_id)")


def _to_3(connection: Connection) -> None:
    """Votes on clips are kept."""
    connection.exec_driver_sql(
        "CREATE TABLE votes (id VARCHAR(40) NOT NULL PRIMARY KEY, voter VARCHAR(80) NOT NULL, "
        "source VARCHAR(8) NOT NULL, question VARCHAR(40) NOT NULL, clips JSON NOT NULL, "
        "answer VARCHAR(8) NOT NULL, seconds DOUBLE PRECISION, repeats VARCHAR(40), chosen VARCHAR(8) NOT NULL, "
        "probability DOUBLE PRECISION, created DOUBLE PRECISION NOT NULL)"
    )
    connection.exec_driver_sql("CREATE INDEX votes_by_question ON votes (question, created)")


def _to_4(connection: Connection) -> None:
    """What was measured of clips is kept."""
    connection.exec_driver_sql(
        "CREATE TABLE measures (sha256 VARCHAR(64) NOT NULL, version INTEGER NOT NULL, record JSON NOT NULL, "
        "created DOUBLE PRECISION NOT NULL, PRIMARY KEY (sha256, version))"
    )


def _to_5(connection: Connection) -> None:
    """Modes have room for their whole names. SQLite keeps texts of any length, whatever the column says."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("ALTER TABLE requests ALTER COLUMN mode TYPE VARCHAR(20)")
    connection.exec_driver_sql("UPDATE requests SET mode = 'regeneration' WHERE mode = 'regenera'")


MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: _to_2, 2: _to_3, 3: _to_4, 4: _to_5}
"""From the version in the key to the next one. Each says in SQL what it does: the tables above go on changing."""


def prepare(connection: Connection, *, frozen: bool = False) -> None:
    """Create the tables, or bring those of an older release up to date, inside the caller's transaction.

    Args:
        connection: In a transaction.
        frozen: Whether nothing can be written: a journal that can be read as it is then stays as it is.

    Raises:
        LibraryError: If a newer release has written this journal.
    """
    if not inspect(connection).has_table("about"):
        metadata.create_all(connection)
        connection.execute(insert(about).values(name="schema", value=str(VERSION)))
        return
    version = int(connection.execute(select(about.c.value).where(about.c.name == "schema")).scalar_one())
    if version > VERSION:
        raise LibraryError(
            "This library was written by a newer release of hailuo_widgets.",
            hint="Upgrade the package, or set another library folder.",
        )
    if frozen and version >= READABLE:
        return
    for step in range(version, VERSION):
        MIGRATIONS[step](connection)
        connection.execute(about.update().where(about.c.name == "schema").values(value=str(step + 1)))
