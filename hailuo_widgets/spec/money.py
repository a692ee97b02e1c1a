"""Amounts of money as people write them: `6`, `$6`, `6 USD`, `¥40`, `40 CNY`."""

from __future__ import annotations

import re
from decimal import Decimal

from hailuo_widgets.errors import UsageError

_MONEY = re.compile(r"\s*(?P<sign>[$¥€]?)\s*(?P<amount>\d{1,9}(?:\.\d{1,9})?)\s*(?P<code>[A-Za-z]{3})?\s*")
_CURRENCIES = {"$": "USD", "¥": "CNY", "€": "EUR"}


def money(text: str, what: str, hint: str = "Write 6, $6 or 6 USD.") -> tuple[Decimal, str]:
    """An amount and its currency, `""` where none is named.

    Args:
        text: As it was written.
        what: What it is for; begins the error.
        hint: How it should read.

    Raises:
        UsageError: If it is no amount, or names two currencies.
    """
    found = _MONEY.fullmatch(text)
    if found is None or (found["sign"] and found["code"]):
        raise UsageError(f"{what} should be an amount, not “{text[:40]}”.", hint=hint)
    return Decimal(found["amount"]), _CURRENCIES.get(found["sign"]) or (found["code"] or "").upper()
