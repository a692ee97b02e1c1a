"""The memory that outlives a kernel: every request, job, transition and clip, in SQL (SQLite by default)."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
    URL,
    Boolean,
    Engine,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from hailuo_widgets.errors import LibraryError
from hailuo_widgets.library import owner as owners
from hailuo_widgets.library import schema
from hailuo_widgets.library.glance import OPEN_STATES
from hailuo_widgets.library.schema import clips, jobs, leases, marks, requests, sweeps, tags, transitions
from hailuo_widgets.library.sidecar import MarksPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Row

    from hailuo_widgets.library.sidecar import Sidecar
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.spec.request import VideoRequest

BUSY_MS = 30_000
"""How long a connection waits for another kernel's write."""

WATCHED_STATES = ("submitting", "queued", "running", "downloading")
"""In which somebody holds a job's lease."""

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


@dataclass(frozen=True, slots=True)
class Claim:
    """What became of the wish to make a clip.

    Attributes:
        kind: `"new"`: written down, so send it. `"open"`: it was sent before and nobody watches it; now it is ours.
            `"busy"`: another kernel makes it. `"stored"`: the clip is there. `"uncertain"`: it was sent before, without
            a clear answer, so a person decides.
        job_id: Whose it is.
        replicate: Its number among identical requests.
        task_id: The vendor's, where it is known.
        state: The job's.
    """

    kind: Literal["new", "open", "busy", "stored", "uncertain"]
    job_id: str
    replicate: int
    task_id: str | None = None
    state: str = "submitting"


class Journal:
    """A journal, named by a database URL. Safe to use from one thread at a time; several processes may share one.

    Args:
        url: `sqlite:///…` or `postgresql+psycopg://…`.

    Raises:
        LibraryError: If it can't be opened, or a newer release wrote it.
    """

    def __init__(self, url: str | URL) -> None:
        try:
            self._engine = _engine(url)
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

    def open_job(
        self, job_id: str, order: Quote, replicate: int | None, name: str, at: float, *, owner: str = ""
    ) -> int:
        """Write down what is about to be sent. Durable when it returns: from now on a crash leaves a trace.

        Args:
            job_id: Ours.
            order: What is bought.
            replicate: Its number among identical requests; None for the next one that is free.
            name: The notebook's variable.
            at: Seconds since the epoch.
            owner: Who watches it from now on.

        Returns:
            The replicate.
        """
        with self._write(alone=True) as connection:
            return _open_job(connection, job_id, order, replicate=replicate, name=name, at=at, owner=owner)

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
        """
        with self._write(alone=True) as connection:
            stored = connection.execute(
                select(clips.c.job_id)
                .where(clips.c.digest == order.digest, clips.c.replicate == replicate)
                .order_by(clips.c.created.desc(), clips.c.job_id)
            ).first()
            if stored is not None and stored.job_id != lost:
                return Claim("stored", stored.job_id, replicate, state="stored")
            earlier = connection.execute(
                select(jobs)
                .where(
                    jobs.c.digest == order.digest,
                    jobs.c.replicate == replicate,
                    jobs.c.state.in_((*OPEN_STATES, "uncertain")),
                )
                .order_by(jobs.c.created.desc(), jobs.c.id)
            ).first()
            if earlier is not None:
                return _claim(connection, earlier, owner, at)
            _open_job(connection, job_id, order, replicate=replicate, name=name, at=at, owner=owner)
        return Claim("new", job_id, replicate)

    def take_up(self, job_id: str, owner: str, at: float) -> Claim | None:
        """Take a job that nobody watches; None where there is none of that id, or it needs nobody."""
        with self._write(alone=True) as connection:
            row = connection.execute(
                select(jobs).where(jobs.c.id == job_id, jobs.c.state.in_((*OPEN_STATES, "uncertain")))
            ).first()
            return _claim(connection, row, owner, at) if row is not None else None

    def decide(self, job_id: str, at: float) -> bool:
        """Close a job by a person's decision.

        Returns:
            Whether there was one to decide about.
        """
        with self._write(alone=True) as connection:
            row = connection.execute(
                select(jobs).where(jobs.c.id == job_id, jobs.c.state.in_((*OPEN_STATES, "uncertain")))
            ).first()
            if row is None or not _take(connection, job_id, "", at):
                return False
            _moved(connection, job_id, "cancelled", at, detail={"decided": "forget", "was": row.state})
        return True

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
        """The definition of a sweep; None where there is none of that name."""
        with self._read() as connection:
            return connection.execute(select(sweeps.c.document).where(sweeps.c.name == name)).scalar()

    def sweeps(self) -> list[tuple[str, float]]:
        """The names of all sweeps, and when each was first kept (seconds since the epoch); newest first."""
        query = select(sweeps.c.name, sweeps.c.created).order_by(sweeps.c.created.desc(), sweeps.c.name)
        with self._read() as connection:
            return [(row.name, row.created) for row in connection.execute(query)]

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
            _moved(connection, job_id, state, at, task_id=task_id, detail=detail)

    def take_in(self, sidecar: Sidecar, path: str) -> None:
        """Write down a clip from what is beside it: how a new journal is made of a folder alone."""
        order, job = sidecar.request, sidecar.job
        with self._write(alone=True) as connection:
            if connection.execute(select(jobs.c.id).where(jobs.c.id == job.id)).first() is not None:
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
                some = job_ids[start : start + _MOST_VALUES]
                for row in connection.execute(select(marks).where(marks.c.job_id.in_(some))):
                    found.setdefault(row.job_id, {}).update(rating=row.rating, note=row.note)
                query = select(tags).where(tags.c.job_id.in_(some)).order_by(tags.c.tag)
                for row in connection.execute(query):
                    found.setdefault(row.job_id, {}).setdefault("tags", []).append(row.tag)
        return {job_id: MarksPart.model_validate(said) for job_id, said in found.items()}

    def search(self, wanted: Wanted, limit: int | None = None) -> list[Row[Any]]:
        """Clips that fit, joined with their requests and jobs, newest first."""
        conditions = _conditions(wanted)
        if limit is None:
            return self._clips(*conditions)
        # Ids alone are sorted quickly; the long rows are fetched for the few that are wanted.
        first = (
            select(clips.c.job_id)
            .join(requests, requests.c.digest == clips.c.digest)
            .where(*conditions)
            .order_by(clips.c.created.desc(), clips.c.job_id)
            .limit(limit)
        )
        return self._clips(clips.c.job_id.in_(first))

    def count(self, wanted: Wanted) -> int:
        """How many clips fit."""
        query = (
            select(func.count())
            .select_from(clips.join(requests, requests.c.digest == clips.c.digest))
            .where(*_conditions(wanted))
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
            job = connection.execute(select(jobs.c.digest, jobs.c.replicate).where(jobs.c.id == job_id)).one()
            connection.execute(delete(clips).where(clips.c.job_id == job_id))  # fetched anew: its file was gone
            connection.execute(
                insert(clips).values(job_id=job_id, digest=job.digest, replicate=job.replicate, created=at, **values)
            )
            _moved(connection, job_id, "stored", at)
        return self._clips(clips.c.job_id == job_id)[0]

    def find_clip(self, digest: str, replicate: int = 0) -> Row[Any] | None:
        """The clip that answers a request, joined with its request and job; None where there is none."""
        return next(iter(self._clips(clips.c.digest == digest, clips.c.replicate == replicate)), None)

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

    def clip_rows(self, job_id: str) -> list[Row[Any]]:
        """The clip of a job, if there is one."""
        return self._clips(clips.c.job_id == job_id)

    def clips(self) -> list[Row[Any]]:
        """Every clip, newest first."""
        return self._clips()

    def jobs(self, *states: str, limit: int = 200) -> list[Row[Any]]:
        """Jobs with their requests, newest first; those in the given states only, where any are given."""
        query = _JOBS.order_by(jobs.c.created.desc(), jobs.c.id).limit(limit)
        if states:
            query = query.where(jobs.c.state.in_(states))
        with self._read() as connection:
            return list(connection.execute(query))

    def open_jobs(self) -> list[Row[Any]]:
        """Jobs that can be taken up again or wait for a person's decision, with their requests, oldest first."""
        query = _JOBS.where(jobs.c.state.in_((*OPEN_STATES, "uncertain"))).order_by(jobs.c.created, jobs.c.id)
        with self._read() as connection:
            return list(connection.execute(query))

    def job(self, job_id: str) -> Row[Any] | None:
        """A job with its request; None where there is none of that id."""
        with self._read() as connection:
            return connection.execute(_JOBS.where(jobs.c.id == job_id)).first()

    def same_words(self, written_digest: str, but_not_from: str) -> Row[Any] | None:
        """The newest clip of a request written in the same way, by any other provider than that one."""
        return next(
            iter(self._clips(requests.c.written_digest == written_digest, requests.c.provider != but_not_from)), None
        )

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
                clips,
                jobs.c.task_id,
                jobs.c.name,
                *(column for column in requests.c if column.name not in ("digest", "created")),
            )
            .join(jobs, jobs.c.id == clips.c.job_id)
            .join(requests, requests.c.digest == clips.c.digest)
            .where(*conditions)
            .order_by(clips.c.created.desc(), clips.c.job_id)
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
    def _write(self, *, alone: bool = False) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                if alone and connection.dialect.name == "postgresql":  # as SQLite's writers always are
                    connection.execute(text("SELECT pg_advisory_xact_lock(7244016)"))
                yield connection
        except SQLAlchemyError as error:
            raise LibraryError(
                f"The library's journal can't be written: {_reason(error)}.",
                hint="Check the folder and the disk's free space.",
            ) from None


_MOST_VALUES = 500
"""In one statement; SQLite takes at least 999."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which clips are looked for. What is empty does not matter.

    Attributes:
        words: Each has to stand in the prompt, the note, a tag or the job's name.
        model: Its name.
        provider: Its name.
        since: Seconds since the epoch.
        until: Seconds since the epoch.
        tags: Each has to be there.
        rating: At least this.
        job_id: The job that made it.
    """

    job_id: str = ""
    words: tuple[str, ...] = ()
    model: str = ""
    provider: str = ""
    since: float | None = None
    until: float | None = None
    tags: tuple[str, ...] = ()
    rating: int | None = None


def _conditions(wanted: Wanted) -> list[Any]:
    found: list[Any] = []
    for word in wanted.words:
        noted = select(marks.c.job_id).where(_holds(marks.c.note, word))
        tagged = select(tags.c.job_id).where(_holds(tags.c.tag, word))
        named = select(jobs.c.id).where(jobs.c.name == word)
        found.append(
            or_(
                _holds(requests.c.prompt, word),
                clips.c.job_id.in_(noted),
                clips.c.job_id.in_(tagged),
                clips.c.job_id.in_(named),
            )
        )
    if wanted.job_id:
        found.append(clips.c.job_id == wanted.job_id)
    if wanted.model:
        found.append(func.lower(requests.c.model) == wanted.model.lower())
    if wanted.provider:
        found.append(requests.c.provider == wanted.provider)
    if wanted.since is not None:
        found.append(clips.c.created >= wanted.since)
    if wanted.until is not None:
        found.append(clips.c.created < wanted.until)
    found += [clips.c.job_id.in_(select(tags.c.job_id).where(tags.c.tag == tag)) for tag in wanted.tags]
    if wanted.rating is not None:
        found.append(clips.c.job_id.in_(select(marks.c.job_id).where(marks.c.rating >= wanted.rating)))
    return found


class _Holds(GenericFunction[bool]):
    """Whether a text holds a pattern, in capitals or not."""

    type = Boolean()
    inherit_cache = True
    name = "holds"


@compiles(_Holds)
def _ilike(holds: _Holds, compiler: Any, **options: Any) -> str:
    text, pattern = (compiler.process(each, **options) for each in holds.clauses)
    # SQLite's LIKE looks past the case of its own accord, where `lower` would copy every prompt.
    word = "LIKE" if compiler.dialect.name == "sqlite" else "ILIKE"
    return f"({text} {word} {pattern} ESCAPE '/')"


def _holds(text: Any, word: str) -> _Holds:
    return _Holds(text, "%" + re.sub("[/%_]", r"/\g<0>", word) + "%")


_JOBS = select(jobs, *(column for column in requests.c if column.name not in ("digest", "created"))).join(
    requests, requests.c.digest == jobs.c.digest
)


# Made once: to make them anew costs more than to carry them out.
_TO_STATE = (
    update(jobs).where(jobs.c.id == bindparam("its_id")).values(state=bindparam("state"), updated=bindparam("updated"))
)
_STEP = transitions.insert().inline()


def _open_job(
    connection: Connection, job_id: str, order: Quote, *, replicate: int | None, name: str, at: float, owner: str
) -> int:
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
    if owner:
        _take(connection, job_id, owner, at)
    return replicate


def _claim(connection: Connection, row: Row[Any], owner: str, at: float) -> Claim:
    """Take an earlier job over, as far as it can be."""
    state: str = row.state
    kind: Literal["open", "busy", "uncertain"] = "open"
    if state == "uncertain":
        kind = "uncertain"
    elif not _take(connection, row.id, owner, at):
        kind = "busy"
    elif row.task_id is None:  # its kernel ended between the intent and the answer
        kind = state = "uncertain"
        detail = {
            "error": "UncertainError",
            "message": "The kernel ended while the request was being sent.",
            "charged": "unknown",
        }
        _moved(connection, row.id, state, at, detail=detail)
    return Claim(kind, row.id, row.replicate, row.task_id, state)


def _take(connection: Connection, job_id: str, owner: str, at: float) -> bool:
    """Take a job's lease, unless somebody else who still runs has it."""
    name = f"job:{job_id}"
    held = connection.execute(select(leases).where(leases.c.name == name)).first()
    if held is not None:
        if held.owner != owner and held.until > at and not owners.gone(held.owner):
            return False
        connection.execute(delete(leases).where(leases.c.name == name))
    connection.execute(insert(leases).values(name=name, owner=owner, until=at + owners.SECONDS))
    return True


def _moved(
    connection: Connection,
    job_id: str,
    state: str,
    at: float,
    *,
    task_id: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    step = {"job_id": job_id, "state": state, "at": at, "detail": detail}
    connection.execute(_TO_STATE, {"its_id": job_id, "state": state, "updated": at})
    if task_id is not None:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(task_id=task_id))
    if detail is not None and "error" in detail:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(error=detail))
    connection.execute(_STEP, step)
    if state not in WATCHED_STATES:
        connection.execute(delete(leases).where(leases.c.name == f"job:{job_id}"))


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
