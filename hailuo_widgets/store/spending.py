"""What was spent: by the vendor's own word where it gave one, else by the published price."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Text, cast, select

from hailuo_widgets.spec.request import Mode
from hailuo_widgets.store.schema import jobs, requests, transitions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent at one provider in one currency.

    Attributes:
        clips: How many were bought. Rewritten prompts cost something, and are no clips.
        amount: What the vendor charged where it says so, and the published prices of the other clips.
        estimated: The published prices, before anything was sent; ranges count with their upper ends.
        unknown: How many of the clips have no price and were not reported by the vendor; they are in neither sum.
    """

    provider: str
    currency: str
    clips: int
    amount: float
    unknown: int
    estimated: float = 0.0


class _Bought(NamedTuple):
    id: str
    provider: str
    mode: str
    currency: str
    price: Decimal | None


@dataclass(slots=True)
class _Sum:
    clips: int = 0
    amount: Decimal = Decimal(0)
    estimated: Decimal = Decimal(0)
    unknown: int = 0
    currencies: set[str] = field(default_factory=set)


def spending(connection: Connection, bought: ColumnElement[bool]) -> list[Spending]:
    """Sums by provider and currency.

    Args:
        connection: To the journal.
        bought: Which jobs may have been charged.
    """
    sums: defaultdict[tuple[str, str], _Sum] = defaultdict(_Sum)
    said = _charges(connection, bought)
    for job in _bought(connection, bought):
        amount, currency = said.get(job.id, (job.price, ""))
        total = sums[job.provider, currency or job.currency]
        total.clips += job.mode != Mode.REWRITE
        total.amount += amount or 0
        total.estimated += job.price or 0
        total.unknown += amount is None
    return [
        Spending(provider, currency, each.clips, float(each.amount), each.unknown, float(each.estimated))
        for (provider, currency), each in sorted(sums.items())
    ]


def _charges(connection: Connection, wanted: ColumnElement[bool]) -> dict[str, tuple[Decimal, str]]:
    """What the vendor says that it charged, and in which currency (`""` where that was not kept), by job."""
    detail = cast(transitions.c.detail, Text)
    query = (
        select(transitions.c.job_id, detail)
        .join(jobs, jobs.c.id == transitions.c.job_id)
        .join(requests, requests.c.digest == jobs.c.digest)
        .where(transitions.c.state.in_(("downloading", "stored")), detail.like('%"charged"%'), wanted)
        .order_by(transitions.c.id)
    )
    found = {}
    for job_id, text in connection.execute(query):
        if (charge := _charge(text)) is not None:
            found[str(job_id)] = charge
    return found


def _bought(connection: Connection, wanted: ColumnElement[bool]) -> Iterable[_Bought]:
    query = (
        select(jobs.c.id, requests.c.provider, requests.c.mode, requests.c.currency, requests.c.price)
        .join(requests, requests.c.digest == jobs.c.digest)
        .where(wanted)
    )
    return (_Bought(*row) for row in connection.execute(query))


def _charge(text: str) -> tuple[Decimal, str] | None:
    """From the detail of a job's step, which may hold anything."""
    try:
        value = json.loads(text)
        amount = Decimal(str(value["charged"]))
        return (amount, str(value.get("currency", ""))[:3]) if amount.is_finite() and amount >= 0 else None
    except (ValueError, TypeError, LookupError, AttributeError, InvalidOperation):
        return None
