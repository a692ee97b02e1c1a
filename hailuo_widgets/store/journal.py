"""The memory that outlives a kernel: every request, job, transition and clip, in SQL (SQLite by default)."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, text, true, update
from sqlalchemy.exc import SQLAlchemyError

from hailuo_widgets.errors import LibraryError
from hailuo_widgets.markup import clean
from hailuo_widgets.spec.catalog import CLIPS
from hailuo_widgets.spec.request import Mode
from hailuo_widgets.store import database, lifecycle, measures, schema
from hailuo_widgets.store import owner as owners
from hailuo_widgets.store import votes as ballot_box
from hailuo_widgets.store.anchor import Anchor
from hailuo_widgets.store.carry_over import carry_over
from hailuo_widgets.store.clip_filter import conditions, likely
from hailuo_widgets.store.day_limit import DayLimit, DayLimitError
from hailuo_widgets.store.lifecycle import Claim
from hailuo_widgets.store.peek import OPEN_STATES
from hailuo_widgets.store.schema import clips, jobs, leases, marks, requests, sweeps, tags, transitions
from hailuo_widgets.store.sidecar import MarksPart
from hailuo_widgets.store.spending import Spending, spending

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from sqlalchemy import URL, Connection, Row

    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.spec.request import VideoRequest
    from hailuo_widgets.store.clip_filter import ClipFilter
    from hailuo_widgets.store.sidecar import Sidecar
    from hailuo_widgets.store.vote import Vote

BOUGHT_STATES = ("queued", "running", "downloading", "stored", "abandoned", "uncertain")


_LONGEST = 6 * 3600.0
"""Seconds. What took longer was a machine that slept, not a vendor that worked."""

RECENT = 100
"""How many clips are looked at for how long their like take."""


class Journal:
    """A journal, named by a database URL.

    Threads: every method may be called from any thread, several at once, and blocks until the database has answered, so
    the engine's loop calls none itself. `together` is one thread's own transaction. Other processes, and with
    PostgreSQL other machines, may use the same journal at the same time.

    Durability: a method that writes returns when the write is durable; inside `together` that holds at its end only. If
    it raises, nothing was written, except that PostgreSQL may have committed before its connection broke.

    Ownership: a job belongs to the `owner` that claimed it (`claim`, `take_up`) while that owner calls `renew` before
    its lease ends. The journal doesn't check who calls `move` or `store_clip`: only the owner may. Rows, records and
    documents that are returned are the caller's own.

    Errors: every method may raise `LibraryError`: the disk is full or read-only, the file was replaced, or another
    program holds its lock for longer than SQLite waits. No exception of SQLAlchemy or of a driver comes out. A row that
    can't be read is left out of what is returned, and is named by `unreadable`.

    Args:
        url: `sqlite:///…` or `postgresql+psycopg://…`.

    Attributes:
        replaced: Called in a transaction when another file was put in the place of this one while it was open.

    Raises:
        LibraryError: If it can't be opened, or a newer release wrote it.
    """

    def __init__(self, url: str | URL) -> None:
        try:
            self._engine = database.connect(url)
        except (SQLAlchemyError, ImportError, ValueError) as error:
            driver = isinstance(error, ImportError)
            raise LibraryError(
                "The journal's database needs a driver that is not installed."
                if driver
                else "The journal's URL can't be read.",  # not repeated: it may hold a password
                hint='pip install "hailuo-widgets[postgresql]"'
                if driver
                else "It should read sqlite:///PATH or postgresql+psycopg://HOST/DATABASE.",
            ) from None
        self._reader = self._engine.execution_options(reads=True)
        self._errors = (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error)
        self._mine = threading.local()
        self._anchor: Anchor | None = None
        self.replaced: Callable[[], object] = lambda: None
        try:
            with self._engine.begin() as connection:
                if self._engine.dialect.name == "postgresql":  # two kernels may open a new journal at once
                    connection.execute(text("SELECT pg_advisory_xact_lock(7244015)"))
                schema.prepare(connection, frozen=database.frozen(self._engine))
            if (file := database.changing_file(self._engine)) is not None:
                self._anchor = Anchor(file, self._opened_again)
        except LibraryError:
            self.close()
            raise
        except (*self._errors, OSError, ValueError, LookupError) as error:
            self.close()
            raise LibraryError(
                f"The library's journal can't be opened: {database.reason(error)}.",
                hint="Check the folder, or set another library.",
                busy=database.busy(error),
            ) from None

    def close(self) -> None:
        """Close every connection."""
        if self._anchor is not None:
            self._anchor.close()
            self._anchor = None
        self._engine.dispose()

    @contextmanager
    def together(self, *, reads: bool = False) -> Iterator[None]:
        """Do everything that this thread does inside in one transaction: many steps then cost one fsync.

        It is durable once this has ended without an error; with one, nothing of it is.

        Args:
            reads: Whether nothing is written.
        """
        with self._read() if reads else self._write(alone=True) as connection:
            self._mine.connection = connection
            try:
                yield
            finally:
                self._mine.connection = None

    def open_job(
        self,
        job_id: str,
        order: Quote,
        replicate: int | None,
        name: str,
        at: float,
        *,
        owner: str = "",
        day: DayLimit | None = None,
    ) -> int:
        """Write down what is about to be sent. Durable when it returns: from now on a crash leaves a trace.

        Args:
            job_id: Ours.
            order: What is bought.
            replicate: Its number among identical requests; None for the next one that is free.
            name: The notebook's variable.
            at: Seconds since the epoch.
            owner: Who watches it from now on.
            day: A budget by day, which all kernels that use this journal share.

        Returns:
            The replicate.

        Raises:
            DayLimitError: If the day's budget can't pay it; nothing was written.
        """
        with self._write(alone=True) as connection:
            _check_day(connection, day)
            free, asked = lifecycle.next_replicate(connection, order.digest)
            replicate = free if replicate is None else replicate
            lifecycle.open_job(
                connection, job_id, order, replicate=replicate, name=name, at=at, owner=owner, asked=asked
            )
        return replicate

    def next_replicate(self, digest: str) -> int:
        """The number that the next clip of a request would have."""
        with self._read() as connection:
            return lifecycle.next_replicate(connection, digest)[0]

    def claim(
        self,
        job_id: str,
        order: Quote,
        replicate: int,
        name: str,
        at: float,
        *,
        owner: str,
        lost: str | None = None,
        running: Collection[str] = (),
        replaces: str | None = None,
        day: DayLimit | None = None,
    ) -> Claim:
        """Write down what is about to be sent, unless the same was sent before: nothing is bought twice.

        Args:
            job_id: Ours.
            order: What is bought.
            replicate: Its number among identical requests.
            name: The notebook's variable.
            at: Seconds since the epoch.
            owner: Who watches it from now on.
            lost: The job of a clip whose file is gone: it answers nothing any more.
            running: Jobs that this holder is at itself: another job of the same request waits for them.
            replaces: A job that a person has decided to send again: it is closed in the same transaction.
            day: A budget by day, which all kernels that use this journal share.

        Raises:
            DayLimitError: If it would have to be sent, and the day's budget can't pay it; nothing was written.
        """
        with self._write(alone=True) as connection:
            if replaces is not None:
                _forget(connection, replaces, at)
            earlier = None
            while True:
                facts = lifecycle.facts(connection, order.digest, replicate, job_id)
                if order.request.rewrite and (answer := _answer(connection, order.digest, replicate)) is not None:
                    return Claim("stored", answer[0], replicate, state="stored")
                if facts.clip is not None and facts.clip != lost:
                    return Claim("stored", facts.clip, replicate, state="stored")
                if not facts.sent:
                    break
                earlier = lifecycle.sent_before(connection, order.digest, replicate)
                if earlier is not None:
                    break
                # On PostgreSQL another kernel's last step can fall between two questions: what it left is looked up.
            if earlier is not None and earlier.id != job_id:
                if earlier.id in running:
                    return Claim("busy", earlier.id, replicate, earlier.task_id, earlier.state)
                return lifecycle.take_over(connection, earlier, owner, at)
            if earlier is not None:  # written down a moment ago, and only the answer was lost
                return Claim("new", job_id, replicate)
            _check_day(connection, day)
            if facts.known:  # the vendor had said “not now”, and it waited for its turn
                lifecycle.moved(connection, job_id, "submitting", at)
                lifecycle.take(connection, job_id, owner, at)
                return Claim("new", job_id, replicate)
            lifecycle.open_job(
                connection, job_id, order, replicate=replicate, name=name, at=at, owner=owner, asked=facts.asked
            )
        return Claim("new", job_id, replicate)

    def take_up(self, job_id: str, owner: str, at: float) -> Claim | None:
        """Claim a detached job; None if there is none with that id, or it is in use or has ended."""
        with self._write(alone=True) as connection:
            earlier = lifecycle.unfinished(connection, job_id)
            return lifecycle.take_over(connection, earlier, owner, at) if earlier is not None else None

    def decide(self, job_id: str, at: float) -> bool:
        """Close a job by a person's decision.

        Returns:
            Whether there was one to decide about.
        """
        with self._write(alone=True) as connection:
            return _forget(connection, job_id, at)

    def adopt(self, job_id: str, task_id: str, owner: str, at: float) -> bool:
        """Give an uncertain job the task that a person recognized as its own.

        Returns:
            Whether it has it now; False where there is no such uncertain job, or the task is another job's.
        """
        with self._write(alone=True) as connection:
            earlier = lifecycle.unfinished(connection, job_id)
            taken = connection.execute(select(jobs.c.id).where(jobs.c.task_id == task_id)).first() is not None
            if earlier is None or earlier.state != "uncertain" or taken:
                return False
            if not lifecycle.take(connection, job_id, owner, at):
                return False
            lifecycle.moved(connection, job_id, "queued", at, task_id=task_id, detail={"decided": "adopt"})
        return True

    def known_tasks(self, task_ids: Iterable[str]) -> set[str]:
        """Which of these tasks are a job's already."""
        wanted = list(task_ids)
        with self._read() as connection:
            return {
                str(row.task_id)
                for start in range(0, len(wanted), _MOST_VALUES)
                for row in connection.execute(
                    select(jobs.c.task_id).where(jobs.c.task_id.in_(wanted[start : start + _MOST_VALUES]))
                )
            }

    def keep_sweep(self, name: str, document: dict[str, Any], at: float) -> None:
        """Keep a sweep's definition under its name, in place of an earlier one of that name.

        Args:
            name: At most 200 characters.
            document: What it consists of; JSON.
            at: Seconds since the epoch.
        """
        with self._write(alone=True) as connection:
            kept = connection.execute(select(sweeps.c.name).where(sweeps.c.name == name)).first()
            if kept is None:
                connection.execute(insert(sweeps).values(name=name, document=document, created=at, updated=at))
            else:
                change = update(sweeps).where(sweeps.c.name == name).values(document=document, updated=at)
                connection.execute(change)

    def sweep(self, name: str) -> dict[str, Any] | None:
        """The definition of a sweep; None if there is none with that name."""
        with self._read() as connection:
            return connection.execute(select(sweeps.c.document).where(sweeps.c.name == name)).scalar()

    def sweeps(self) -> list[tuple[str, float]]:
        """The names of all sweeps, and when each was first kept (seconds since the epoch); newest first."""
        query = select(sweeps.c.name, sweeps.c.created).order_by(sweeps.c.created.desc(), sweeps.c.name)
        with self._read() as connection:
            return [(row.name, row.created) for row in connection.execute(query)]

    def cast(self, votes: Iterable[Vote]) -> int:
        """Append votes. Durable when it returns. One whose id is there already is left out: nothing counts twice.

        Returns:
            How many are new.
        """
        with self._write(alone=True) as connection:
            return ballot_box.append(connection, votes)

    def votes(self, question: str | None = None) -> list[Vote]:
        """Votes as they were given, oldest first, undone ones and the rows that undo them included.

        Args:
            question: Only those that answer it; None for all.
        """
        with self._read() as connection:
            return ballot_box.read(connection, question)

    def ballot_key(self, key: str | None = None) -> bytes:
        """What ballots of this library are signed with; drawn when it is first asked for.

        Args:
            key: Hex; one to begin with, where none was drawn yet.
        """
        with self._write(alone=True) as connection:
            return bytes.fromhex(ballot_box.key(connection, key))

    def keep_measures(self, sha256: str, version: int, record: dict[str, Any], at: float) -> None:
        """Keep what was measured of a file, in place of an earlier record of the same version.

        Args:
            sha256: Of the file.
            version: Of the measures.
            record: As JSON can carry it.
            at: Seconds since the epoch.
        """
        with self._write(alone=True) as connection:
            measures.keep(connection, sha256, version, record, at)

    def measures(self, hashes: Iterable[str], version: int) -> dict[str, dict[str, Any]]:
        """What was measured, by the files' hashes; files of which nothing of that version is kept are left out."""
        with self._read() as connection:
            return measures.read(connection, hashes, version)

    def renew(self, owner: str, now: float) -> set[str]:
        """Renew every lease of a holder.

        Returns:
            The jobs that are still its own.
        """
        mine = leases.c.owner == owner
        with self._write() as connection:
            connection.execute(update(leases).where(mine).values(until=now + owners.SECONDS))
            return {row.name.removeprefix("job:") for row in connection.execute(select(leases.c.name).where(mine))}

    def move(
        self, job_id: str, state: str, at: float, *, task_id: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        """Write down a job's new state. Durable when it returns."""
        with self._write() as connection:
            lifecycle.moved(connection, job_id, state, at, task_id=task_id, detail=detail)

    def take_in(self, sidecar: Sidecar, path: str) -> None:
        """Write down a clip from what is beside it: how a new journal is made of a folder alone."""
        order, job = sidecar.request, sidecar.job
        with self._write(alone=True) as connection:
            if (state := connection.execute(select(jobs.c.state).where(jobs.c.id == job.id)).scalar()) is not None:
                if state in {*OPEN_STATES, "uncertain"}:  # an older journal, put back: the clip has come since
                    values = {"path": path, **sidecar.clip.model_dump(exclude={"created"})}
                    lifecycle.stored(connection, job.id, values, sidecar.clip.created)
                return
            known = select(requests.c.digest).where(requests.c.digest == order.digest)
            if connection.execute(known).first() is None:
                price = None if order.price is None else Decimal(order.price)
                values = {**order.model_dump(), "price": price, "created": job.created}
                connection.execute(insert(requests).values(**values))
            connection.execute(
                insert(jobs).values(
                    id=job.id,
                    digest=order.digest,
                    replicate=job.replicate,
                    name=job.name,
                    state="stored",
                    task_id=job.task_id,
                    created=job.created,
                    updated=sidecar.clip.created,
                )
            )
            history = job.history or [("stored", sidecar.clip.created)]
            steps = [{"job_id": job.id, "state": state, "at": at} for state, at in history]
            connection.execute(insert(transitions), steps)
            connection.execute(
                insert(clips).values(
                    job_id=job.id,
                    digest=order.digest,
                    replicate=job.replicate,
                    path=path,
                    **sidecar.clip.model_dump(),
                )
            )
            said = sidecar.marks
            if said.rating is not None or said.note:
                connection.execute(insert(marks).values(job_id=job.id, rating=said.rating, note=said.note))
            for tag in dict.fromkeys(said.tags):
                connection.execute(insert(tags).values(job_id=job.id, tag=tag))

    def mark(self, job_id: str, **values: Any) -> None:
        """Set a clip's `rating` or `note`."""
        with self._write(alone=True) as connection:
            if connection.execute(select(marks.c.job_id).where(marks.c.job_id == job_id)).first() is None:
                connection.execute(insert(marks).values(job_id=job_id))
            connection.execute(update(marks).where(marks.c.job_id == job_id).values(**values))

    def tag(self, job_id: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Give a clip tags, or take some away."""
        with self._write(alone=True) as connection:
            connection.execute(delete(tags).where(tags.c.job_id == job_id, tags.c.tag.in_([*add, *remove])))
            for each in dict.fromkeys(add):
                connection.execute(insert(tags).values(job_id=job_id, tag=each))

    def marked(self, job_ids: Sequence[str]) -> dict[str, MarksPart]:
        """What people say of clips, by job; those of which nothing is said are left out."""
        found: dict[str, dict[str, Any]] = {}
        with self._read() as connection:
            for start in range(0, len(job_ids), _MOST_VALUES):
                some = {"job_ids": job_ids[start : start + _MOST_VALUES]}
                for row in connection.execute(_MARKS, some):
                    found.setdefault(row.job_id, {}).update(rating=row.rating, note=row.note)
                for row in connection.execute(_TAGS, some):
                    found.setdefault(row.job_id, {}).setdefault("tags", []).append(row.tag)
        kept = {}
        for job_id, said in found.items():
            with suppress(ValidationError):  # a row of another program's making: as if nothing had been said
                kept[job_id] = MarksPart.model_validate(said)
        return kept

    def search(self, wanted: ClipFilter, limit: int | None = None) -> list[Row[Any]]:
        """Clips that fit, joined with their requests and jobs, newest first."""
        if limit is None:
            return self._clips(*likely(wanted), *conditions(wanted))
        newest = select(clips.c.job_id).order_by(*_NEWEST_FIRST).limit(_RECENT)
        found = self._first(limit, clips.c.job_id.in_(newest), *conditions(wanted))
        return found if len(found) == limit else self._first(limit, *likely(wanted), *conditions(wanted))

    def _first(self, limit: int, *fitting: Any) -> list[Row[Any]]:
        # Ids alone are sorted quickly; the long rows are fetched for the few that are wanted.
        first = (
            select(clips.c.job_id)
            .join(requests, requests.c.digest == clips.c.digest)
            .where(*fitting)
            .order_by(*_NEWEST_FIRST)
            .limit(limit)
        )
        return self._clips(clips.c.job_id.in_(first))

    def count(self, wanted: ClipFilter) -> int:
        """How many clips fit."""
        query = (
            select(func.count())
            .select_from(clips.join(requests, requests.c.digest == clips.c.digest))
            .where(*likely(wanted), *conditions(wanted))
        )
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def drop_clips(self, job_ids: Sequence[str], at: float) -> None:
        """Write down that clips were deleted; what was paid for them stays in the journal."""
        with self._write(alone=True) as connection:
            for job_id in job_ids:
                for table in (tags, marks, clips):
                    connection.execute(delete(table).where(table.c.job_id == job_id))
                values = {"job_id": job_id, "state": "stored", "at": at, "detail": {"deleted": True}}
                connection.execute(insert(transitions).values(**values))

    def store_clip(self, job_id: str, values: dict[str, Any], at: float) -> Row[Any]:
        """Write down a clip and its job's end in one go.

        Returns:
            The clip, joined with its request and job.
        """
        with self._write() as connection:
            lifecycle.stored(connection, job_id, values, at)
        return self.clip_rows(job_id)[0]

    def find_clip(self, digest: str, replicate: int = 0) -> Row[Any] | None:
        """The clip that answers a request, joined with its request and job, or None."""
        with self._read() as connection:
            job_id = lifecycle.clip_of(connection, digest, replicate)
        return None if job_id is None else next(iter(self.clip_rows(job_id)), None)

    def find_clips(self, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Row[Any]]:
        """The clips that answer many requests, by digest and replicate; requests without one are left out."""
        wanted = dict.fromkeys(keys)
        digests = list(dict.fromkeys(digest for digest, _ in wanted))
        found: dict[tuple[str, int], Row[Any]] = {}
        for start in range(0, len(digests), _MOST_VALUES):
            for row in self._clips(clips.c.digest.in_(digests[start : start + _MOST_VALUES])):
                if (row.digest, row.replicate) in wanted:
                    found.setdefault((row.digest, row.replicate), row)  # the newest comes first
        return found

    def job_ids(self, digests: Iterable[str]) -> set[str]:
        """Every job of some requests, those whose clips were deleted included."""
        wanted, found = list(dict.fromkeys(digests)), set[str]()
        with self._read() as connection:
            for start in range(0, len(wanted), _MOST_VALUES):
                some = select(jobs.c.id).where(jobs.c.digest.in_(wanted[start : start + _MOST_VALUES]))
                found |= set(map(str, connection.execute(some).scalars()))
        return found

    def clip_rows(self, job_id: str) -> list[Row[Any]]:
        """The clip of a job, if there is one."""
        with self._read() as connection:
            row = _readable(connection, _CLIP, job_id)
        return [] if row is None else [row]

    def rewritten(self, digest: str) -> tuple[str, str] | None:
        """The newest answer to a request to rewrite a prompt: its job and the text; None if there is none."""
        with self._read() as connection:
            return _answer(connection, digest)

    def clip_ids(self) -> set[str]:
        """The jobs whose clips are there."""
        with self._read() as connection:
            return set(map(str, connection.execute(select(clips.c.job_id)).scalars()))

    def clips_by_hash(self, sha256: str) -> list[Row[Any]]:
        """The clips with that file, newest first."""
        return self._clips(clips.c.sha256 == sha256)

    def clips(self) -> list[Row[Any]]:
        """Every clip, newest first."""
        return self._clips()

    def jobs(self, *states: str, limit: int = 200) -> list[Row[Any]]:
        """Jobs with their requests, newest first; those in the given states only, where any are given."""
        fitting = jobs.c.state.in_(states) if states else true()
        order = (jobs.c.created.desc(), jobs.c.id)
        with self._read() as connection:
            ids = select(jobs.c.id).where(fitting).order_by(*order).limit(limit)
            return _all_readable(connection, _JOBS.where(fitting).order_by(*order).limit(limit), ids, _JOB)

    def open_jobs(self) -> list[Row[Any]]:
        """Jobs that can be resumed or wait for a person's decision, with their requests, oldest first."""
        fitting = jobs.c.state.in_((*OPEN_STATES, "uncertain"))
        with self._read() as connection:
            ids = select(jobs.c.id).where(fitting).order_by(jobs.c.created, jobs.c.id)
            return _all_readable(connection, _JOBS.where(fitting).order_by(jobs.c.created, jobs.c.id), ids, _JOB)

    def job(self, job_id: str) -> Row[Any] | None:
        """A job with its request; None if there is none with that id."""
        with self._read() as connection:
            return connection.execute(_JOB, {"job_id": job_id}).first()

    def same_words(self, written_digests: Sequence[str], but_not_from: str) -> list[Row[Any]]:
        """Clips of requests written in the same way, by any other provider than that one; newest first."""
        found: list[Row[Any]] = []
        for start in range(0, len(written_digests), _MOST_VALUES):
            some = written_digests[start : start + _MOST_VALUES]
            found += self._clips(requests.c.written_digest.in_(some), requests.c.provider != but_not_from)
        return found

    def spending(self) -> list[Spending]:
        """What was bought, by provider and currency; a task that a person has forgotten is among it."""
        with self._read() as connection:
            return spending(connection, or_(jobs.c.state.in_(BOUGHT_STATES), jobs.c.id.in_(_FORGOTTEN)))

    def bought_since(self, at: float, currency: str) -> Decimal:
        """What was sent and may have been charged since a moment: a number of clips, or a sum of prices.

        Args:
            at: Seconds since the epoch.
            currency: ISO 4217, or `"clips"`. Sketches and other clips that are free are not counted, and rewritten
                prompts are no clips.
        """
        with self._read() as connection:
            return _bought_since(connection, at, currency)

    def recent_seconds(self, provider: str, order: VideoRequest) -> list[float]:
        """How long the vendor took for the last clips of the same model, duration and resolution, oldest first.

        As the engine has written it down; clips that were not watched from their beginning to their end are left out.
        """
        query = (
            select(transitions.c.detail, requests.c.effective)
            .select_from(jobs)
            .join(requests, requests.c.digest == jobs.c.digest)
            .join(transitions, and_(transitions.c.job_id == jobs.c.id, transitions.c.state == "downloading"))
            .where(jobs.c.state == "stored", requests.c.provider == provider, requests.c.model == order.model)
            .order_by(jobs.c.created.desc())
            .limit(RECENT)
        )
        with self._read() as connection:
            rows = list(connection.execute(query))
        wanted = (order.duration, order.resolution)
        return [
            float(took)
            for detail, effective in reversed(rows)
            if detail and isinstance(took := detail.get("took"), int | float) and 0 < took < _LONGEST
            if (effective.get("duration"), effective.get("resolution")) == wanted
        ]

    def typical_seconds(self, provider: str, order: VideoRequest) -> float | None:
        """The median of `recent_seconds`; None where there were none."""
        times = self.recent_seconds(provider, order)
        return median(times) if times else None

    def history(self, job_id: str) -> list[tuple[str, float]]:
        """A job's states with their times, in order."""
        with self._read() as connection:
            return [(row.state, row.at) for row in connection.execute(_HISTORY, {"job_id": job_id})]

    def unreadable(self) -> list[str]:
        """The ids of clips whose rows hold something that is not what their column is for."""
        with self._read() as connection:
            ids = [str(row.job_id) for row in connection.execute(select(clips.c.job_id).order_by(clips.c.job_id))]
            return [job_id for job_id in ids if _readable(connection, _CLIP, job_id) is None]

    @property
    def frozen(self) -> bool:
        """Whether it can only be read."""
        return database.frozen(self._engine)

    def make_portable(self) -> None:
        """Leave WAL mode and close, so that the file can be opened from a medium that can't be written to."""
        if self._engine.dialect.name == "sqlite":
            self.close()
            with suppress(*self._errors):
                database.leave_wal(self._engine)

    def _clips(self, *fitting: Any) -> list[Row[Any]]:
        with self._read() as connection:
            ids = select(clips.c.job_id).join(requests, requests.c.digest == clips.c.digest).where(*fitting)
            return _all_readable(connection, _CLIPS.where(*fitting), ids.order_by(*_NEWEST_FIRST), _CLIP)

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        try:
            if (mine := self._shared()) is not None:
                yield mine
                return
            self._check_file()
            with self._reader.connect() as connection:
                yield connection
        except self._errors as error:
            raise LibraryError(
                f"The library's journal can't be read: {database.reason(error)}.",
                hint="Check the folder, or set another library.",
                busy=database.busy(error),
            ) from None

    @contextmanager
    def _write(self, *, alone: bool = False) -> Iterator[Connection]:
        try:
            if (mine := self._shared()) is not None:
                yield mine
                return
            self._check_file()
            with self._engine.begin() as connection:
                if alone and connection.dialect.name == "postgresql":  # as SQLite's writers always are
                    connection.execute(text("SELECT pg_advisory_xact_lock(7244016)"))
                yield connection
        except self._errors as error:
            raise LibraryError(
                f"The library's journal can't be written: {database.reason(error)}.",
                hint="Check the folder and the disk's free space.",
                busy=database.busy(error),
            ) from None

    def _check_file(self) -> None:
        if self._anchor is not None:
            self._anchor.check()

    def _opened_again(self, old: sqlite3.Connection | None) -> None:
        self._engine.dispose()
        if old is None:
            return
        with self._engine.begin() as connection:
            schema.prepare(connection)
            carry_over(old, connection)
            self._mine.connection = connection
            try:
                self.replaced()
            finally:
                self._mine.connection = None

    def _shared(self) -> Connection | None:
        """The connection of the transaction that this thread is in."""
        shared: Connection | None = getattr(self._mine, "connection", None)
        return shared


def _forget(connection: Connection, job_id: str, at: float) -> bool:
    """Close a job by a person's decision, where there is one to decide about."""
    earlier = lifecycle.unfinished(connection, job_id)
    if earlier is None or not lifecycle.take(connection, job_id, "", at):
        return False
    detail = {"decided": "forget", "was": earlier.state}
    lifecycle.moved(connection, job_id, "cancelled", at, detail=detail)
    return True


def _bought_since(connection: Connection, at: float, currency: str) -> Decimal:
    wanted = and_(
        or_(jobs.c.state.in_((*BOUGHT_STATES, "submitting")), jobs.c.id.in_(_FORGOTTEN)),
        or_(requests.c.price.is_(None), requests.c.price > 0),
        true() if currency != CLIPS else requests.c.mode != Mode.REWRITE.value,
        jobs.c.created >= at,
    )
    sums = spending(connection, wanted)
    if currency == CLIPS:
        return Decimal(sum(each.clips for each in sums))
    return sum((Decimal(str(each.amount)) for each in sums if each.currency == currency), Decimal(0))


def _check_day(connection: Connection, day: DayLimit | None) -> None:
    """Whether the day's budget can pay one more request, whichever kernel bought the others."""
    if day is None:
        return
    left = day.amount - _bought_since(connection, day.since, day.currency)
    if left < day.cost:
        raise DayLimitError(max(Decimal(0), left))


def _answer(connection: Connection, digest: str, replicate: int | None = None) -> tuple[str, str] | None:
    """The newest rewritten prompt that answers a request, and its job."""
    query = (
        select(jobs.c.id, transitions.c.detail)
        .join(transitions, and_(transitions.c.job_id == jobs.c.id, transitions.c.state == "stored"))
        .where(jobs.c.digest == digest, jobs.c.state == "stored")
        .where(true() if replicate is None else jobs.c.replicate == replicate)
        .order_by(jobs.c.created.desc(), transitions.c.id.desc())
    )
    for row in connection.execute(query):
        if isinstance(row.detail, dict) and isinstance(words := row.detail.get("prompt"), str):
            return str(row.id), clean(words)  # a library may come from anywhere
    return None


_BAD_VALUES = (ValueError, TypeError, ArithmeticError)
"""What SQLAlchemy raises for a value that is not what its column is for; SQLite keeps whatever it is given."""


def _readable(connection: Connection, one: Any, job_id: str) -> Row[Any] | None:
    try:
        return connection.execute(one, {"job_id": job_id}).first()
    except _BAD_VALUES:
        return None


def _all_readable(connection: Connection, query: Any, ids: Any, one: Any) -> list[Row[Any]]:
    """The rows of a query; if one of them can't be read, the others one by one."""
    try:
        return list(connection.execute(query))
    except _BAD_VALUES:
        found = [_readable(connection, one, str(job_id)) for job_id in connection.execute(ids).scalars().all()]
        return [row for row in found if row is not None]


_RECENT = 300
"""Clips that are looked through first where few are wanted: a word that is often used is found there."""

_MOST_VALUES = 500
"""In one statement; SQLite takes at least 999."""


# The vendor took these on: not to watch a task any more does not bring its money back.
_FORGOTTEN = (
    select(jobs.c.id)
    .join(transitions, transitions.c.job_id == jobs.c.id)
    .where(
        jobs.c.state == "cancelled",
        jobs.c.task_id.is_not(None),
        transitions.c.state == "cancelled",
        transitions.c.detail["decided"].as_string() == "forget",
    )
)
_NEWEST_FIRST = clips.c.created.desc(), clips.c.job_id
_ORDER = [column for column in requests.c if column.name not in ("digest", "created")]
_CLIPS = (
    select(clips, jobs.c.task_id, jobs.c.name, *_ORDER)
    .join(jobs, jobs.c.id == clips.c.job_id)
    .join(requests, requests.c.digest == clips.c.digest)
    .order_by(*_NEWEST_FIRST)
)
_JOBS = select(jobs, *_ORDER).join(requests, requests.c.digest == jobs.c.digest)

# Wanted for every clip that is stored, so they are put together once: SQLAlchemy takes longer for that than SQLite for
# the answer.
_CLIP = _CLIPS.where(clips.c.job_id == bindparam("job_id"))
_JOB = _JOBS.where(jobs.c.id == bindparam("job_id"))
_HISTORY = (
    select(transitions.c.state, transitions.c.at)
    .where(transitions.c.job_id == bindparam("job_id"))
    .order_by(transitions.c.id)
)
_MARKS = select(marks).where(marks.c.job_id.in_(bindparam("job_ids", expanding=True)))
_TAGS = select(tags).where(tags.c.job_id.in_(bindparam("job_ids", expanding=True))).order_by(tags.c.tag)
