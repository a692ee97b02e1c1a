"""Votes on a sweep's clips: which cell each clip belongs to, and what to generate next."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from hailuo_widgets.errors import UsageError
from hailuo_widgets.judge.judging import Judging
from hailuo_widgets.judge.spending import outlook
from hailuo_widgets.markup import content
from hailuo_widgets.spec.catalog import CLIPS, Price
from hailuo_widgets.store.vote import QUESTION
from hailuo_widgets.sweeps import budgets, halving
from hailuo_widgets.sweeps.order import MOST_REPLICATES

if TYPE_CHECKING:
    from collections.abc import Hashable

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.judge.spending import Advice
    from hailuo_widgets.sweeps.cells import Cell
    from hailuo_widgets.sweeps.host import Host
    from hailuo_widgets.sweeps.order import Key
    from hailuo_widgets.sweeps.sweep import Sweep

HALVING = "halving"


class Next:
    """What would settle a study: more votes, or more clips. Nothing is bought before `run`.

    Attributes:
        advice: How likely the best cell will be named, now and after each.
        cost: What the clips cost.
        clips: How many more clips of which cells.
        sentence: Both ways in plain words.
    """

    def __init__(self, sweep: Sweep, advice: Advice, cost: Price, wanted: list[Key], sentence: str) -> None:
        self.advice, self.cost, self.clips, self.sentence = advice, cost, advice.clips, sentence
        self._sweep, self._wanted = sweep, wanted

    @property
    def jobs(self) -> list[Job]:
        """The jobs of its clips, once it was run."""
        return [job for key in self._wanted if (job := self._sweep.job_of(key)) is not None]

    def run(self) -> Sweep:
        """Generate the clips as replicates of the sweep, under its budget. Running it twice buys nothing twice.

        Raises:
            UsageError: If the budget buys no clip.
            AuthenticationError: If a provider needs a key and none is set. Nothing was sent.
        """
        if not self._wanted:
            raise UsageError(
                "This budget doesn't pay for any clip.", hint="Vote on the clips there are, or raise the budget."
            )
        return self._sweep.run_more(self._wanted)

    def __repr__(self) -> str:
        lines = [f"  {count} × {cell}" for cell, count in self.clips.items()]
        return "\n".join([self.sentence, *lines, *(["  .run() generates them."] if lines else [])])

    def _repr_html_(self) -> str:
        rows = "".join(f"<li>{count} × {content(str(cell))}</li>" for cell, count in self.clips.items())
        more = f"<ul>{rows}</ul><code>.run()</code> generates them." if rows else ""
        return f"<div>{content(self.sentence)}{more}</div>"


class Judged:
    """A sweep's clips in their cells.

    Args:
        sweep: Whose.
        host: The kernel's session.
    """

    def __init__(self, sweep: Sweep, host: Host) -> None:
        self._sweep, self._host = sweep, host
        # In the order of the sweep, which is that of its other tables; cells of one request are one, the first.
        self._cells: dict[str, Cell] = {}
        for cell in sweep.cells:
            if cell.wanted:
                self._cells.setdefault(cell.digest, cell)
        self._names = _names(sweep, list(self._cells.values()))

    def about(self, question: str = QUESTION) -> Judging:
        """The clips that are there now, and the votes on them that answer a question.

        Raises:
            UsageError: If there are not two clips.
            LibraryError: If the library can't be used.
        """
        found = {}
        if self._host.has_library():
            keys = [(digest, number) for number in range(MOST_REPLICATES) for digest in self._cells]
            found = self._host.library().find_many(keys)
        names: dict[Hashable, str] = {clip.id: self._names[digest] for (digest, _), clip in found.items()}
        clips = {clip.id: clip for clip in found.values()}
        labels: dict[Hashable, dict[str, Hashable]] = {
            self._names[digest]: self._labels(cell) for digest, cell in self._cells.items()
        }
        if len(clips) < 2:
            raise UsageError("There are not two clips to compare.", hint="Run the sweep, or wait until clips are done.")
        journal = self._host.library().journal
        return Judging(
            journal,
            self._host.clock,
            clips,
            names,
            axes=labels if any(labels.values()) else None,
            question=question,
            gone=journal.job_ids(self._cells) - clips.keys(),
        )

    def next(self, budget: str | float | Decimal, question: str = QUESTION) -> Next:
        """More votes or more clips, for at most this budget."""
        quotes = {self._names[digest]: cell.quote for digest, cell in self._cells.items() if cell.quote is not None}
        unknown = [name for name, quote in quotes.items() if quote.price.amount is None]
        if unknown:
            raise UsageError(
                f"{unknown[0]} has no published price, so nothing can be planned under a budget.",
                hint="Leave its provider out, or call .run() with a larger repeat.",
            )
        currencies = {quote.price.currency for quote in quotes.values() if quote.price.amount}
        most = budgets.budget(budget, currencies)
        if most is not None and most.currency == CLIPS:
            raise UsageError(
                "What settles a study is planned under a budget of money, not of clips.",
                hint="Write fox.next(2), or fox.next('2 USD').",
            )
        if len(currencies) > 1:
            raise UsageError("Prices are in several currencies.", hint="Make a sweep for each.")
        amount = Decimal(0) if most is None else most.amount
        if self._sweep.budget is not None and self._sweep.budget.currency != CLIPS:
            amount = min(amount, self._sweep.budget.left)

        def price(name: Hashable) -> float:
            return float(quotes[str(name)].price.amount or 0)

        study = self.about(question).study()
        stopped = halving.next_round(study, float(amount), price) if self._sweep.design == HALVING else None
        advice = study.next(0 if stopped is not None else float(amount), price)
        if stopped is not None:
            after = outlook(study, stopped.clips) if stopped.clips else advice.now
            advice = advice._replace(clips=stopped.clips, after_clips=after)
        digests = {name: digest for digest, name in self._names.items()}
        journal, wanted = self._host.library().journal, []
        for name, count in advice.clips.items():
            digest = digests[str(name)]
            first = max(self._sweep.repeat, journal.next_replicate(digest))
            wanted += [(digest, first + number) for number in range(count)]
        total = sum(
            (count * (quotes[str(name)].price.amount or Decimal(0)) for name, count in advice.clips.items()), Decimal(0)
        )
        cost = Price(total, next(iter(currencies), ""))
        if stopped is not None:
            sentence = _round_sentence(stopped, advice, cost)
        else:
            sentence = advice.sentence.replace(f"(${advice.cost:.2f})", f"({cost})")
        return Next(self._sweep, advice._replace(cost=float(total)), cost, wanted, sentence)

    def _labels(self, cell: Cell) -> dict[str, Hashable]:
        axes = zip(self._sweep.axes, cell.at, strict=True)
        return {axis.name: axis.values[index].label for axis, index in axes}


def _round_sentence(found: halving.Round, advice: Advice, cost: Price) -> str:
    start = f"The leader is the best with a chance of {advice.now:.0%}."
    count, cells = sum(found.clips.values()), len(found.clips)
    if not count:
        return f"{start} This budget doesn't pay for another round."
    left = f"{len(found.stopped)} {'cell is' if len(found.stopped) == 1 else 'cells are'} stopped"
    more = f"{count} more {'clip' if count == 1 else 'clips'} of {cells} {'cell' if cells == 1 else 'cells'}"
    return f"{start} Next round: {more} ({cost}), {left}; with their votes: {advice.after_clips:.0%}."


def _names(sweep: Sweep, cells: list[Cell]) -> dict[str, str]:
    """A name for each cell: the values of its axes, or its prompt where nothing varies."""
    labels = {
        cell.digest: " · ".join(axis.values[index].label for axis, index in zip(sweep.axes, cell.at, strict=True))
        or cell.prompt[:40]
        or "all"
        for cell in sorted(cells, key=lambda cell: cell.index)
    }
    count = Counter(labels.values())
    index = {cell.digest: cell.index for cell in cells}
    return {digest: name if count[name] == 1 else f"{name} (cell {index[digest]})" for digest, name in labels.items()}
