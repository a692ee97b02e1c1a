"""What `%hailuo` can do beside making clips: one function a command. Each returns something that can be shown."""

from __future__ import annotations

import os
import platform
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.keys import choose_provider
from hailuo_widgets.providers import names
from hailuo_widgets.session import allow_nested_loops, default_session
from hailuo_widgets.spec.catalog import Price, Row, catalog
from hailuo_widgets.widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def models(*words: str) -> Table:
    """What can be asked for; with words, only the rows in which each of them stands somewhere.

    A word that is a whole entry means just that: `minimax` is the provider, and not every model with it in its name.
    """
    shown = tuple(_model_row(row) for row in catalog().rows)
    for word in (each.casefold() for each in words):
        exact = tuple(row for row in shown if word in map(str.casefold, row))
        shown = exact or tuple(row for row in shown if word in " ".join(row).casefold())
    caption = "" if shown else f"Nothing in the catalogue matches “{' '.join(words)}”."
    return Table(("Provider", "Model", "Mode", "Resolution: seconds", "Price a clip", "Options"), shown, caption)


def _model_row(row: Row) -> tuple[str, ...]:
    orders = ", ".join(
        f"{name}:\N{NO-BREAK SPACE}{'/'.join(map(str, _span(seconds)))}" for name, seconds in row.durations.items()
    )
    prices = {str(row.price(name, each)) for name, seconds in row.durations.items() for each in seconds} or {
        str(row.price(None, None))
    }
    known = sorted(prices, key=lambda text: (len(text), text))
    price = known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"
    return (row.provider, row.model, row.mode.value, orders or "fixed", price, ", ".join(sorted(row.parameters)))


def _span(seconds: tuple[int, ...]) -> Iterable[object]:
    return (f"{seconds[0]}–{seconds[-1]}",) if len(seconds) > 3 else seconds


def jobs() -> Table:
    """This kernel's jobs, and below them the latest of the library."""
    session = default_session()
    here = session.jobs()
    rows = [
        (
            job.name or job.id,
            job.state.value,
            job.quote.row.provider,
            job.quote.row.model,
            str(job.quote.price),
            _short(job.quote.written.prompt),
        )
        for job in here
    ]
    known = {job.id for job in here}
    folder = session.library_folder
    if (folder / "library.sqlite").exists():
        rows += [
            (
                row.name or row.id,
                row.state,
                row.provider,
                row.model,
                _money(row.price, row.currency),
                _short(row.prompt),
            )
            for row in session.library().journal.jobs(limit=50)
            if row.id not in known
        ]
    caption = "" if rows else "No jobs yet. Write a prompt under %%hailuo and run the cell."
    return Table(("Job", "State", "Provider", "Model", "Price", "Prompt"), tuple(rows), caption)


def show(*arguments: str) -> None:
    """A job's card once more."""
    if len(arguments) != 1:
        raise UsageError("%hailuo show takes one name.", hint="%hailuo jobs lists them.")
    session = default_session()
    session.show(session.job(arguments[0]))


def cost() -> Table:
    """What was spent, by provider and currency; clips from the library cost nothing and are not counted."""
    session = default_session()
    spent = session.library().journal.spending() if session.library_folder.exists() else []
    rows = tuple(
        (each.provider, str(each.clips), _money(each.amount, each.currency), str(each.unknown) if each.unknown else "")
        for each in spent
    )
    return Table(("Provider", "Clips", "Spent", "Price not published"), rows, "" if rows else "Nothing was spent yet.")


def config(*assignments: str) -> Table | None:
    """Show what is set, or set it: `provider=minimax`."""
    settings = default_session().settings
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            # Not repeated: it may be a key.
            raise UsageError("Each word after config sets one thing.", hint="Write NAME=VALUE, provider=minimax say.")
        settings.set(name.strip(), value.strip())
    chosen, reason = choose_provider(settings)
    rows = [
        ("provider", chosen, reason),
        ("model", settings.model or "the provider's preferred one", ""),
        ("library", str(default_session().library_folder), ""),
        ("sketch_seconds", f"{settings.sketch_seconds:g}", "how long a sketch pretends to take"),
        *((f"{name}_base_url", url, "instead of the vendor's own") for name, url in settings.base_urls.items()),
    ]
    return Table(("Setting", "Value", ""), tuple(rows))


def doctor() -> Table:
    """What is set up, and what is missing."""
    session = default_session()
    rows = [("Python", platform.python_version(), "")]
    rows += [
        (name, *_version(name)) for name in ("ipykernel", "ipywidgets", "anywidget", "httpx", "av", "nest-asyncio2")
    ]
    if _version("nest-asyncio")[0] != "not installed":
        rows.append(
            (
                "nest-asyncio",
                _version("nest-asyncio")[0],
                "loses queued cells on ipykernel 7.1 and later; nest-asyncio2 does not",
            )
        )
    rows.append(("library", str(session.library_folder), _writable(session.library_folder)))
    settings = session.settings
    for name in names():
        offer = catalog().offers.get(name)
        if offer is None:
            continue
        found = settings.key(name, offer.key)
        key = "needs no key" if not offer.key else f"key from {found.origin}" if found else f"no key: set {offer.key}"
        rows.append((name, key, settings.base_urls.get(name, "")))
    return Table(("What", "Found", "Note"), tuple(rows))


def nest() -> Table:
    """Allow `asyncio.run(...)` inside a cell."""
    allow_nested_loops()
    return Table(
        (), (), "asyncio.run(…) now works inside a cell, by nest-asyncio2. Nothing of hailuo_widgets needs it."
    )


def _version(name: str) -> tuple[str, str]:
    try:
        return version(name), ""
    except PackageNotFoundError:
        return "not installed", ""


def _writable(folder: Path) -> str:
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return (
        ""
        if os.access(there, os.W_OK)
        else "this folder may not be written to: set another with %hailuo config library=PATH"
    )


def _money(amount: Any, currency: str) -> str:
    return str(Price(None if amount is None else Decimal(str(amount)), currency))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else line[:69] + "…"
