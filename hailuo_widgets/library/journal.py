"""The memory that outlives a kernel: every request, job, transition and clip, in SQL (SQLite by default)."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine, create_engine, event, func, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from hailuo_widgets.errors import LibraryError
from hailuo_widgets.library import schema
from hailuo_widgets.library.schema import clips, jobs, requests, transitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Row

    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.spec.request import VideoRequest

BUSY_MS = 30_000
"""How long a connection waits for another kernel's write."""

OPEN_STATES = ("submitting", "queued", "running", "downloading", "abandoned")
BOUGHT_STATES = ("queued", "running", "downloading", "stored", "abandoned", "uncertain")


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent at one provider in one currency.

    Attributes:
        amount: The sum of the published prices.
        unknown: How many of the clips have no published price; they are not in `amount`.
    """

    provider: str
    currency: str
    clips: int
    amount: float
    unknown: int


class Journal:
    """A journal, named by a database URL. Safe to use from one thread at a time; several processes may share one.

    Args:
        url: `sqlite:///…` or `postgresql+psycopg://…`.

    Raises:
        LibraryError: If it can't be opened, or a newer release wrote it.
    """

    def __init__(self, url: str | URL) -> None:
        self._engine = _engine(url)
        self._reader = self._engine.execution_options(reads=True)
        try:
            with self._engine.begin() as connection:
                if self._engine.dialect.name == "postgresql":  # two kernels may open a new journal at once
                    connection.execute(text("SELECT pg_advisory_xact_lock(7244015)"))
                schema.prepare(connection)
        except LibraryError:
            self.close()
            raise
        except (SQLAlchemyError, OSError, ValueError, LookupError) as error:
            self.close()
            raise LibraryError(
                f"The library's journal can't be opened: {_reason(error)}.",
                hint="Check the folder, or set another library.",
            ) from None

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def open_job(self, job_id: str, order: Quote, replicate: int | None, name: str, at: float) -> int:
        """Write down what is about to be sent. Durable when it returns: from now on a crash leaves a trace.

        Args:
            job_id: Ours.
            order: What is bought.
            replicate: Its number among identical requests; None for the next one that is free.
            name: The notebook's variable.
            at: Seconds since the epoch.

        Returns:
            The replicate.
        """
        with self._write() as connection:
            if replicate is None:
                query = select(func.max(jobs.c.replicate)).where(jobs.c.digest == order.digest)
                highest = connection.execute(query).scalar()
                replicate = 0 if highest is None else highest + 1
            if connection.execute(select(requests.c.digest).where(requests.c.digest == order.digest)).first() is None:
                connection.execute(
                    insert(requests).values(
                        digest=order.digest,
                        written_digest=order.written_digest,
                        provider=order.row.provider,
                        model=order.row.model,
                        mode=order.row.mode.value,
                        prompt=order.written.prompt,
                        written=order.written.canonical(),
                        effective=order.request.canonical(),
                        price=order.price.amount,
                        currency=order.price.currency,
                        created=at,
                    )
                )
            connection.execute(
                insert(jobs).values(
                    id=job_id,
                    digest=order.digest,
                    replicate=replicate,
                    name=name,
                    state="submitting",
                    created=at,
                    updated=at,
                )
            )
            connection.execute(insert(transitions).values(job_id=job_id, state="submitting", at=at))
        return replicate

    def move(
        self, job_id: str, state: str, at: float, *, task_id: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        """Write down a job's new state. Durable when it returns."""
        values: dict[str, Any] = {"state": state, "updated": at}
        if task_id is not None:
            values["task_id"] = task_id
        if detail is not None and "error" in detail:
            values["error"] = detail
        with self._write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values))
            connection.execute(insert(transitions).values(job_id=job_id, state=state, at=at, detail=detail))

    def store_clip(self, job_id: str, values: dict[str, Any], at: float) -> Row[Any]:
        """Write down a clip and its job's end in one go.

        Returns:
            The clip, joined with its request and job.
        """
        with self._write() as connection:
            job = connection.execute(select(jobs.c.digest, jobs.c.replicate).where(jobs.c.id == job_id)).one()
            connection.execute(
                insert(clips).values(job_id=job_id, digest=job.digest, replicate=job.replicate, created=at, **values)
            )
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(state="stored", updated=at))
            connection.execute(insert(transitions).values(job_id=job_id, state="stored", at=at))
        return self._clips(clips.c.job_id == job_id)[0]

    def find_clip(self, digest: str, replicate: int = 0) -> Row[Any] | None:
        """The clip that answers a request, joined with its request and job; None where there is none."""
        return next(iter(self._clips(clips.c.digest == digest, clips.c.replicate == replicate)), None)

    def clips(self) -> list[Row[Any]]:
        """Every clip, newest first."""
        return self._clips()

    def jobs(self, *states: str, limit: int = 200) -> list[Row[Any]]:
        """Jobs with their requests, newest first; those in the given states only, where any are given."""
        query = (
            select(
                jobs, requests.c.provider, requests.c.model, requests.c.prompt, requests.c.price, requests.c.currency
            )
            .join(requests, requests.c.digest == jobs.c.digest)
            .order_by(jobs.c.created.desc(), jobs.c.id)
            .limit(limit)
        )
        if states:
            query = query.where(jobs.c.state.in_(states))
        with self._read() as connection:
            return list(connection.execute(query))

    def spending(self) -> list[Spending]:
        """What was bought, by provider and currency."""
        query = (
            select(
                requests.c.provider,
                requests.c.currency,
                func.count().label("clips"),
                func.coalesce(func.sum(requests.c.price), 0).label("amount"),
                (func.count() - func.count(requests.c.price)).label("unknown"),
            )
            .join(jobs, jobs.c.digest == requests.c.digest)
            .where(jobs.c.state.in_(BOUGHT_STATES))
            .group_by(requests.c.provider, requests.c.currency)
            .order_by(requests.c.provider)
        )
        with self._read() as connection:
            return [
                Spending(r.provider, r.currency, r.clips, float(r.amount), r.unknown) for r in connection.execute(query)
            ]

    def typical_seconds(self, provider: str, order: VideoRequest) -> float | None:
        """The median time from asking to having, over the last clips of the same model, duration and resolution."""
        query = (
            select(jobs.c.created, jobs.c.updated, requests.c.effective)
            .join(requests, requests.c.digest == jobs.c.digest)
            .where(jobs.c.state == "stored", requests.c.provider == provider, requests.c.model == order.model)
            .order_by(jobs.c.created.desc())
            .limit(50)
        )
        with self._read() as connection:
            times = [
                row.updated - row.created
                for row in connection.execute(query)
                if (row.effective.get("duration"), row.effective.get("resolution"))
                == (order.duration, order.resolution)
            ]
        return median(times) if times else None

    def history(self, job_id: str) -> list[tuple[str, float]]:
        """A job's states with their times, in order."""
        query = (
            select(transitions.c.state, transitions.c.at)
            .where(transitions.c.job_id == job_id)
            .order_by(transitions.c.id)
        )
        with self._read() as connection:
            return [(row.state, row.at) for row in connection.execute(query)]

    def _clips(self, *conditions: Any) -> list[Row[Any]]:
        query = (
            select(
                clips, jobs.c.task_id, requests.c.provider, requests.c.model, requests.c.prompt, requests.c.effective
            )
            .join(jobs, jobs.c.id == clips.c.job_id)
            .join(requests, requests.c.digest == clips.c.digest)
            .where(*conditions)
            .order_by(clips.c.created.desc())
        )
        with self._read() as connection:
            return list(connection.execute(query))

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        try:
            with self._reader.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LibraryError(
                f"The library's journal can't be read: {_reason(error)}.",
                hint="Check the folder, or set another library.",
            ) from None

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise LibraryError(
                f"The library's journal can't be written: {_reason(error)}.",
                hint="Check the folder and the disk's free space.",
            ) from None


def _reason(error: Exception) -> str:
    """The database's own words, in one line, without the statement and its values."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0].rstrip(".")


def _engine(url: str | URL) -> Engine:
    engine = create_engine(url, json_serializer=lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True))
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def configure(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # transactions are begun below, as IMMEDIATE
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            # On a network file system WAL does not work; SQLite then keeps the rollback journal, or says an error and
            # keeps it. Two kernels that open a new journal at once can meet here as well.
            with suppress(sqlite3.OperationalError):
                cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.close()

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            # A transaction that begins as a reader and then writes can fail at once when another kernel writes.
            reads = connection.get_execution_options().get("reads", False)
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
