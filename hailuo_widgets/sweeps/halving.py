"""Round by round: which cells of a study get more clips, and which can't win any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hailuo_widgets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from hailuo_widgets.judge.study import Study

CAN_WIN = 0.1
"""A cell of the lower half stays in while its chance of being the best is at least this."""


class Round(NamedTuple):
    """What a round generates.

    Attributes:
        clips: How many more clips of which cells.
        stopped: Cells that get no more.
        running: How many cells the round before had.
    """

    clips: dict[Hashable, int]
    stopped: tuple[Hashable, ...]
    running: int


def next_round(study: Study, budget: float, price: Callable[[Hashable], float]) -> Round:
    """The better half of the cells of the last round, each with as many clips again as it has.

    Those of the last round are the cells with the most clips. Cells of the lower half that may well be the best stay
    in. Where the budget doesn't pay for all, there are fewer clips of each, and at last clips of the best ones only.

    Args:
        study: The votes so far.
        budget: What may be spent.
        price: Of one new clip of a cell.

    Raises:
        UsageError: If there are no votes yet.
    """
    if not study.record.votes:
        raise UsageError("There are no votes yet, so no cell can be stopped.", hint="Compare the clips with .judge().")
    most = max(each.clips for each in study.ranking)
    running = [each for each in study.ranking if each.clips == most]
    half = max(1, (len(running) + 1) // 2)
    staying = [each.cell for place, each in enumerate(running) if place < half or each.best >= CAN_WIN]
    if len(running) > 1 and len(staying) == 1:
        staying = [each.cell for each in running[:2]]
    prices = [price(cell) for cell in staying]
    total = sum(prices)
    each = most if total <= 0 else min(most, int((budget + 1e-9) // total))
    clips: dict[Hashable, int] = {}
    for cell, cost in zip(staying, prices, strict=True):
        count = each or int(cost <= budget + 1e-9)
        if count:
            clips[cell] = count
            budget -= count * cost
    stopped = tuple(one.cell for one in study.ranking if one.cell not in staying)
    return Round(clips, stopped, len(running))
