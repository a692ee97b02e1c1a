"""The catalogue as a table, narrowed down by words and by what is wanted: `provider=evolink duration=10`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.catalog import ModelSpec, Price, catalog
from hailuo_widgets.spec.money import money
from hailuo_widgets.spec.words import did_you_mean
from hailuo_widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Order = tuple[str | None, int | None]
    """Resolution and seconds; None for both where the vendor takes neither."""

FILTERS = ("provider", "model", "mode", "resolution", "duration", "max_price")
_COLUMNS = ("Provider", "Model", "Mode", "Resolution: seconds", "Price a clip", "Limits", "Options")


def offers(*words: str) -> Table:
    """What can be asked for; with words, only the rows in which each of them stands somewhere.

    A word that is a whole entry means just that: `minimax` is the provider, and not every model with it in its name.
    `NAME=VALUE` filters by one column; of a row, only the resolutions and seconds are shown that pass.

    Raises:
        UsageError: If there is no such filter, or the value is not valid for it.
    """
    wanted = _filters(word for word in words if "=" in word)
    narrowed = [(row, orders) for row in catalog().rows if (orders := _orders(row, wanted))]
    shown = tuple(_line(row, orders) for row, orders in narrowed)
    for word in (each.casefold() for each in words if "=" not in each):
        exact = tuple(row for row in shown if word in map(str.casefold, row))
        shown = exact or tuple(row for row in shown if word in " ".join(row).casefold())
    if not shown:
        return Table(_COLUMNS, (), f"Nothing in the catalogue matches “{' '.join(words)}”.")
    mixed = len({row.currency for row, _ in narrowed if row.currency}) > 1
    caption = "max_price is taken in each vendor's own currency." if mixed and _any_currency(wanted) else ""
    return Table(_COLUMNS, shown, caption)


def _filters(words: Iterable[str]) -> dict[str, str]:
    wanted = {}
    for word in words:
        name, _, value = (part.strip() for part in word.partition("="))
        if name not in FILTERS:
            raise UsageError(f"There is no filter “{name}”.", hint=did_you_mean(name, FILTERS))
        wanted[name] = _checked(name, value)
    return wanted


def _checked(name: str, value: str) -> str:
    if name == "duration":
        if value.isascii() and value.removesuffix("s").isdigit():
            return value.removesuffix("s")
        raise UsageError(f"duration should be whole seconds, not “{value}”.", hint="Write duration=6.")
    if name == "max_price":
        money(value, "max_price", "Write max_price=0.3, or 0.3USD.")
        return value
    rows = catalog().rows
    if name == "resolution":
        known = dict.fromkeys(resolution for row in rows for resolution in row.durations)
    else:
        known = dict.fromkeys(str(getattr(row, name)) for row in rows)
    for each in known:
        if each.casefold() == value.casefold():
            return each
    raise UsageError(f"No {name} is called “{value}”.", hint=did_you_mean(value, known))


def _orders(row: ModelSpec, wanted: Mapping[str, str]) -> list[Order]:
    """What of a row passes the filters."""
    if any(wanted.get(name, value) != value for name, value in _names(row).items()):
        return []
    every: list[Order] = [(name, each) for name, seconds in row.durations.items() for each in seconds]
    return [
        (resolution, seconds)
        for resolution, seconds in every or [(None, None)]
        if wanted.get("resolution", resolution) == resolution
        and wanted.get("duration", str(seconds)) == str(seconds)
        and ("max_price" not in wanted or _affordable(row.price(resolution, seconds), wanted["max_price"]))
    ]


def _names(row: ModelSpec) -> dict[str, str]:
    return {"provider": row.provider, "model": row.model, "mode": str(row.mode)}


def _affordable(price: Price, most: str) -> bool:
    if price.amount is None:  # not published is not cheap
        return False
    amount, currency = money(most, "max_price")
    same = not currency or not price.amount or currency == price.currency
    return same and price.amount <= amount


def _any_currency(wanted: Mapping[str, str]) -> bool:
    return wanted.get("max_price", "$").replace(".", "").isdigit()


def _line(row: ModelSpec, orders: Sequence[Order]) -> tuple[str, ...]:
    return (
        row.provider,
        row.model,
        row.mode.value,
        _lengths(orders) or "fixed",
        _price(row, orders),
        _limits(row),
        ", ".join(sorted(row.parameters)),
    )


def _lengths(orders: Sequence[Order]) -> str:
    lengths: dict[str, list[int]] = {}
    for resolution, seconds in orders:
        if resolution is not None and seconds is not None:
            lengths.setdefault(resolution, []).append(seconds)
    return ", ".join(f"{name}:\N{NO-BREAK SPACE}{_span(seconds)}" for name, seconds in lengths.items())


def _span(seconds: Sequence[int]) -> str:
    return f"{seconds[0]}–{seconds[-1]}" if len(seconds) > 3 else "/".join(map(str, seconds))


def _price(row: ModelSpec, orders: Sequence[Order]) -> str:
    prices = {row.price(*order) for order in orders}
    known = sorted((price for price in prices if price.amount is not None), key=lambda price: price.amount or 0)
    if not known:
        return str(row.price(None, None))
    return str(known[0]) if len(known) == 1 else f"{known[0]} to {known[-1]}"


def _limits(row: ModelSpec) -> str:
    limits = []
    if row.requests_per_minute:
        limits.append(f"{row.requests_per_minute} a minute")
    if row.tasks_in_flight:
        limits.append(f"{row.tasks_in_flight} at once")
    return ", ".join(limits)
