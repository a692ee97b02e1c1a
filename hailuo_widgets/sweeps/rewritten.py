"""Cells whose prompt is sent as the vendor rewrites it: the library's answers, and what still has to be asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.spec.catalog import CLIPS
from hailuo_widgets.spec.quote import quote, quote_of_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hailuo_widgets.engine.budget import Budget
    from hailuo_widgets.engine.rewriting import Rewriting
    from hailuo_widgets.spec.request import VideoRequest
    from hailuo_widgets.sweeps.cells import Cell
    from hailuo_widgets.sweeps.host import Host

MISSING = (
    "Its rewritten prompt isn't in the library yet. Call .rewrite() on the sweep (about $0.017 a prompt), then plan it "
    "again."
)


def how(budget: Budget | None) -> str:
    """How to get the rewritten prompts of a sweep."""
    if budget is None or budget.currency == CLIPS:
        return "Call .rewrite() on the sweep (about $0.017 a prompt), then plan it again."
    return (
        "A rewriting is charged by tokens, so no budget can limit it. Call .rewrite(beyond_budget=True) on the sweep "
        "(about $0.017 a prompt), then plan it again."
    )


def filled_in(cells: tuple[Cell, ...], host: Host) -> tuple[Cell, ...]:
    """The same cells; those that want a rewritten prompt have it, or say that it is missing. Nothing is sent."""
    if not any(cell.as_rewritten for cell in cells):
        return cells
    known: dict[str, str | None] = {}
    return tuple(_filled_in(cell, host, known) if cell.as_rewritten and cell.quote else cell for cell in cells)


def missing(cells: Iterable[Cell]) -> Iterator[tuple[VideoRequest, str]]:
    """What has to be asked for, and of whom; each only once."""
    seen = set()
    for cell in cells:
        if cell.problem == MISSING and cell.written is not None and not cell.skipped and cell.asked:
            request = cell.written.for_rewriting()
            if (key := (request.digest(), cell.asked)) not in seen:
                seen.add(key)
                yield request, cell.asked


def check_budget(cells: Iterable[Cell], budget: Budget) -> None:
    """Whether prompts may be rewritten under a budget: what that will cost isn't known before it is done.

    Raises:
        UsageError: If some are missing, and the budget is one of money.
    """
    count = sum(1 for _ in missing(cells))
    if count and budget.currency != CLIPS:
        what = "1 prompt is" if count == 1 else f"{count} prompts are"
        raise UsageError(
            f"{what} to be rewritten, which is charged by tokens: no budget can limit it. Nothing was sent.",
            hint="To rewrite anyway (about $0.017 a prompt), call .rewrite(beyond_budget=True).",
        )


def ask(cells: Iterable[Cell], host: Host) -> list[Rewriting]:
    """Ask for every rewritten prompt that is missing; each costs money. Returns at once."""
    return [host.rewrite(request, provider) for request, provider in missing(cells)]


def _filled_in(cell: Cell, host: Host, known: dict[str, str | None]) -> Cell:
    assert cell.written is not None
    assert cell.quote is not None
    row = cell.quote.row
    try:
        digest = quote(cell.written.for_rewriting(), row.provider).digest
        if digest not in known:
            found = host.library().journal.rewritten(digest) if host.has_library() else None
            known[digest] = None if found is None else found[1]
        words = known[digest]
        if words is None:
            return replace(cell, quote=None, digest="", problem=MISSING, asked=row.provider)
        written = cell.written.model_copy(update={"prompt": words})
        order = quote_of_row(written, row)
    except HailuoError as error:
        return replace(cell, quote=None, digest="", problem=str(error))
    return replace(cell, prompt=words, written=written, quote=order, digest=order.digest)
