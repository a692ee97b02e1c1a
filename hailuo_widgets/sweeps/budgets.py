"""What a sweep may cost, from what was written."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from hailuo_widgets.engine.budget import Budget
from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.catalog import CLIPS
from hailuo_widgets.spec.money import money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


_CLIPS = re.compile(r"\s*(\d{1,6})\s*clips?\s*", re.IGNORECASE)
_DAY = re.compile(r"\s*(?:/|a\b|per\b)\s*day\s*$", re.IGNORECASE)


def budget(
    written: str | float | Decimal | None,
    currencies: Iterable[str],
    today: Callable[[str], Decimal] | None = None,
) -> Budget | None:
    """A budget in the currency that is named, or in the one that all prices are in.

    Args:
        written: `6`, `"6 USD"`, `"¥40"`, `"5 clips"`, each also by day: `"5 clips/day"`; None for no limit.
        currencies: Those of the sweep's prices; `""` for what is free or not published.
        today: What was bought today, in a currency or in clips; without it a budget by day is refused.

    Returns:
        None where there is no limit, or nothing that could be charged.

    Raises:
        UsageError: If it is no amount, or it is not clear in which currency, or one of the prices is in another one.
    """
    if written is None:
        return None
    text = _text(written)
    by_day = _DAY.search(text)
    text = text[: by_day.start()] if by_day else text
    if by_day and today is None:
        raise UsageError("A budget by day is for a sweep.", hint="Leave out /day.")
    if found := _CLIPS.fullmatch(text):
        return _rest(Decimal(found[1]), CLIPS, today if by_day else None)
    amount, currency = money(text, "A budget", "Write 6, $6, 6 USD or 5 clips; with /day it is by day.")
    priced = sorted(each for each in currencies if each)
    if not currency and len(priced) > 1:
        raise UsageError(
            f"Prices are in {' and '.join(priced)}, so a budget has to say which.",
            hint=f'Write --budget "{amount:f} {priced[0]}", or make a sweep for each.',
        )
    others = [each for each in priced if currency and each != currency]
    if others:
        raise UsageError(
            f"The budget is in {currency}, and prices are in {' and '.join(others)}.",
            hint="Leave that provider out, or make a sweep for each currency.",
        )
    if not currency:
        currency = priced[0] if priced else ""
    return _rest(amount, currency, today if by_day else None)


def is_by_day(written: object) -> bool:
    """Whether a budget begins again every day, at midnight by local time."""
    return isinstance(written, str) and _DAY.search(written) is not None


def _rest(amount: Decimal, currency: str, today: Callable[[str], Decimal] | None) -> Budget:
    """The budget, without what was bought today where it is by day."""
    if today is None:
        return Budget(amount, currency)
    return Budget(max(Decimal(0), amount - today(currency)), currency, by_day=amount)


def above(price: Mapping[str, Decimal], unpublished: int, most: Mapping[str, Decimal]) -> bool:
    """Whether something is dearer than may be bought unasked.

    Args:
        price: What it costs, by currency.
        unpublished: How many clips of it have no published price; it is unknown whether they are dear.
        most: The setting `confirm_above`: by currency, `""` for any.
    """
    dear = any(amount > most.get(currency, most.get("", amount)) for currency, amount in price.items())
    return dear or bool(most and unpublished)


def _text(written: str | float | Decimal) -> str:
    if isinstance(written, bool) or not isinstance(written, (str, int, float, Decimal)):
        raise UsageError(f"A budget should be an amount, not {written!r:.40}.", hint='Write 6 or "6 USD".')
    return written if isinstance(written, str) else f"{Decimal(str(written)):f}"
