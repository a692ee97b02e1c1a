"""The steps of a job as they are written down, inside the caller's transaction: asked for, taken, moved, stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sqlalchemy import Text, bindparam, delete, func, insert, or_, select, update

from hailuo_widgets.store import lease
from hailuo_widgets.store import owner as owners
from hailuo_widgets.store.peek import OPEN_STATES
from hailuo_widgets.store.schema import clips, jobs, leases, requests, transitions
from hailuo_widgets.store.statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from hailuo_widgets.spec.quote import Quote

WATCHED_STATES = ("submitting", "queued", "running", "downloading")
"""In which someone holds a job's lease."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What became of the wish to make a clip.

    Attributes:
        kind: `"new"`: written down, so send it. `"open"`: it was sent before and it is detached; now it is ours.
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


class Earlier(NamedTuple):
    """A job that was sent before."""

    id: str
    replicate: int
    task_id: str | None
    state: str


_EARLIER = select(*(jobs.c[name] for name in Earlier._fields)).where(
    or_(*(jobs.c.state == state for state in (*OPEN_STATES, "uncertain")))
)
_SENT_BEFORE = _EARLIER.where(jobs.c.digest == bindparam("digest"), jobs.c.replicate == bindparam("number"))
_SAME_REQUEST = Statement(_SENT_BEFORE.order_by(jobs.c.created.desc(), jobs.c.id).limit(1))
_UNFINISHED = Statement(_EARLIER.where(jobs.c.id == bindparam("job_id")))
_NEWEST_CLIP = (
    select(clips.c.job_id)
    .where(clips.c.digest == bindparam("digest"), clips.c.replicate == bindparam("number"))
    .order_by(clips.c.created.desc(), clips.c.job_id)
    .limit(1)
)
_CLIP = Statement(_NEWEST_CLIP)
_REQUEST = select(requests.c.digest).where(requests.c.digest == bindparam("digest"))
_FACTS = Statement(
    select(
        _NEWEST_CLIP.scalar_subquery(),
        _SENT_BEFORE.exists(),
        select(jobs.c.id).where(jobs.c.id == bindparam("job_id")).exists(),
        _REQUEST.exists(),
    )
)
_LAST_REPLICATE = Statement(
    select(
        select(func.max(jobs.c.replicate)).where(jobs.c.digest == bindparam("digest")).scalar_subquery(),
        _REQUEST.exists(),
    )
)
_NEW_REQUEST = Statement(insert(requests), *requests.c.keys())
_NEW_JOB = Statement(insert(jobs), "id", "digest", "replicate", "name", "state", "created", "updated")
_NEW_STATE = Statement(
    update(jobs)
    .where(jobs.c.id == bindparam("job_id"))
    .values(
        state=bindparam("new_state"),
        updated=bindparam("at"),
        task_id=func.coalesce(bindparam("new_task", type_=Text), jobs.c.task_id),
        error=func.coalesce(bindparam("new_error", type_=jobs.c.error.type), jobs.c.error),
    )
)
_STEP = Statement(insert(transitions).inline(), "job_id", "state", "at", "detail")
_LEASE = Statement(select(leases.c.owner, leases.c.until).where(leases.c.name == bindparam("lease")))
_NEW_LEASE = Statement(insert(leases), "name", "owner", "until")
_TAKE_LEASE = Statement(
    update(leases)
    .where(leases.c.name == bindparam("lease"))
    .values(owner=bindparam("holder"), until=bindparam("expires"))
)
_END_LEASE = Statement(delete(leases).where(leases.c.name == bindparam("lease")))
_ORDERED = Statement(select(jobs.c.digest, jobs.c.replicate).where(jobs.c.id == bindparam("job_id")))
_DROP_CLIP = Statement(delete(clips).where(clips.c.job_id == bindparam("its_id")))
_NEW_CLIP = Statement(insert(clips), *clips.c.keys())


class Facts(NamedTuple):
    """What is known of a request that is about to be sent.

    Attributes:
        clip: The job whose clip answers it, or None.
        sent: Whether it was sent before, and can be resumed or waits for a decision.
        known: Whether there is a row of the job that wants it now.
        asked: Whether there is a row of the request.
    """

    clip: str | None
    sent: bool
    known: bool
    asked: bool


def facts(connection: Connection, digest: str, replicate: int, job_id: str) -> Facts:
    """Look a request up, all at once: each statement more is another wait for the interpreter or the server."""
    return Facts(*_FACTS(connection, digest=digest, number=replicate, job_id=job_id).fetchone())


def clip_of(connection: Connection, digest: str, replicate: int) -> str | None:
    """The job whose clip answers a request, or None."""
    row = _CLIP(connection, digest=digest, number=replicate).fetchone()
    return None if row is None else str(row[0])


def sent_before(connection: Connection, digest: str, replicate: int) -> Earlier | None:
    """The newest job of a request that can be resumed or waits for a decision."""
    row = _SAME_REQUEST(connection, digest=digest, number=replicate).fetchone()
    return None if row is None else Earlier(*row)


def unfinished(connection: Connection, job_id: str) -> Earlier | None:
    """A job, where it can be resumed or waits for a decision."""
    row = _UNFINISHED(connection, job_id=job_id).fetchone()
    return None if row is None else Earlier(*row)


def next_replicate(connection: Connection, digest: str) -> tuple[int, bool]:
    """The next replicate of a request that is free, and whether there is a row of the request."""
    highest, asked = _LAST_REPLICATE(connection, digest=digest).fetchone()
    return 0 if highest is None else highest + 1, asked


def open_job(
    connection: Connection, job_id: str, order: Quote, *, replicate: int, name: str, at: float, owner: str, asked: bool
) -> None:
    """Write down what is about to be sent: a job of which there is no row yet.

    Args:
        connection: In a transaction.
        job_id: Ours.
        order: What is bought.
        replicate: Its number among identical requests.
        name: The notebook's variable.
        at: Seconds since the epoch.
        owner: Who watches it from now on; `""` for no one.
        asked: Whether there is a row of the request.
    """
    if not asked:
        _NEW_REQUEST(
            connection,
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
    _NEW_JOB(
        connection,
        id=job_id,
        digest=order.digest,
        replicate=replicate,
        name=name,
        state="submitting",
        created=at,
        updated=at,
    )
    _STEP(connection, job_id=job_id, state="submitting", at=at, detail=None)
    if owner:
        _NEW_LEASE(connection, name=_lease(job_id), owner=owner, until=at + owners.SECONDS)


def take_over(connection: Connection, earlier: Earlier, owner: str, at: float) -> Claim:
    """Take an earlier job over, as far as it can be."""
    state = earlier.state
    kind: Literal["open", "busy", "uncertain"] = "open"
    if state == "uncertain":
        kind = "uncertain"
    elif not (take if earlier.task_id else _take_unanswered)(connection, earlier.id, owner, at):
        kind = "busy"
    elif earlier.task_id is None:  # its kernel ended between the intent and the answer
        kind = state = "uncertain"
        detail = {
            "error": "UncertainError",
            "message": "The kernel ended while the request was being sent.",
            "charged": "unknown",
        }
        moved(connection, earlier.id, state, at, detail=detail)
    return Claim(kind, earlier.id, earlier.replicate, earlier.task_id, state)


def take(connection: Connection, job_id: str, owner: str, at: float) -> bool:
    """Take a job's lease, unless another kernel holds it that is still running, as far as can be told."""
    name, until = _lease(job_id), at + owners.SECONDS
    held = _LEASE(connection, lease=name).fetchone()
    if held is None:
        _NEW_LEASE(connection, name=name, owner=owner, until=until)
        return True
    holder, expires = held
    if holder != owner and not lease.over(name, holder, expires, at):
        return False
    _TAKE_LEASE(connection, lease=name, holder=owner, expires=until)
    return True


def _take_unanswered(connection: Connection, job_id: str, owner: str, at: float) -> bool:
    """Take a job without a task. While the process that sends it runs, it alone can get the answer, however late."""
    held = _LEASE(connection, lease=_lease(job_id)).fetchone()
    if held is not None and held[0] != owner and owners.here(held[0]):
        return False
    return take(connection, job_id, owner, at)


def moved(
    connection: Connection,
    job_id: str,
    state: str,
    at: float,
    *,
    task_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down a job's new state; where it ends, its lease ends too."""
    error = detail if detail is not None and "error" in detail else None
    _NEW_STATE(connection, job_id=job_id, new_state=state, at=at, new_task=task_id, new_error=error)
    _STEP(connection, job_id=job_id, state=state, at=at, detail=detail)
    if state not in WATCHED_STATES:
        _END_LEASE(connection, lease=_lease(job_id))


def stored(connection: Connection, job_id: str, values: Mapping[str, Any], at: float) -> None:
    """Write down a clip and its job's end."""
    digest, replicate = _ORDERED(connection, job_id=job_id).fetchone()
    _DROP_CLIP(connection, its_id=job_id)  # fetched again: its file was gone
    _NEW_CLIP(connection, job_id=job_id, digest=digest, replicate=replicate, created=at, **values)
    moved(connection, job_id, "stored", at)


def _lease(job_id: str) -> str:
    return f"job:{job_id}"
