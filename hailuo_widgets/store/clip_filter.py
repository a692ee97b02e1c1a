"""Which clips are looked for, and how a database is asked for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, func, or_, select, union
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from hailuo_widgets.store.schema import clips, jobs, marks, requests, tags


@dataclass(frozen=True, slots=True)
class ClipFilter:
    """Which clips are looked for. What is empty does not matter.

    Attributes:
        words: Each must occur in the prompt, the note, a tag or the job's name.
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


_asked = requests.alias("asked")
_made = clips.alias("made")


def _said(word: str) -> Any:
    """The jobs in whose note, tags or name a word stands."""
    noted = select(marks.c.job_id).where(_holds(marks.c.note, word))
    tagged = select(tags.c.job_id).where(_holds(tags.c.tag, word))
    return union(noted, tagged, select(jobs.c.id).where(jobs.c.name == word))


def _said_of_clips(word: str) -> Any:
    """The requests of their clips."""
    return select(_made.c.digest).where(_made.c.job_id.in_(_said(word)))


def likely(wanted: ClipFilter) -> list[Any]:
    """What lets a database find clips by their words without looking at every one of them.

    The prompts are gone through once, in the order in which they lie; clips are then looked up for those that fit.
    """
    words = sorted(wanted.words, key=len, reverse=True)  # a long one is rare, and then the others are not looked for
    if not words:
        return []
    fitting = [or_(_holds(_asked.c.prompt, word), _asked.c.digest.in_(_said_of_clips(word))) for word in words]
    return [clips.c.digest.in_(select(_asked.c.digest).where(*fitting))]


def conditions(wanted: ClipFilter) -> list[Any]:
    """The conditions for a query over clips and their requests."""
    found: list[Any] = [or_(_holds(requests.c.prompt, word), clips.c.job_id.in_(_said(word))) for word in wanted.words]
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
