"""A study: votes on clips, and what they say about the cells that the clips were made from."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from hailuo_widgets.errors import UsageError
from hailuo_widgets.judge import agreement
from hailuo_widgets.judge.cells import Cells
from hailuo_widgets.judge.laplace import Posterior
from hailuo_widgets.judge.normal import cdf, expit, quantile, stretch
from hailuo_widgets.judge.pairs import next_pair
from hailuo_widgets.judge.prior import MARGIN, needed_factor, spreads
from hailuo_widgets.judge.records import read
from hailuo_widgets.judge.solve import solve
from hailuo_widgets.judge.spending import advise
from hailuo_widgets.judge.words import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from numpy.typing import NDArray

    from hailuo_widgets.judge.pairs import Pair, Question
    from hailuo_widgets.judge.records import Record, Vote
    from hailuo_widgets.judge.spending import Advice

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]
    Verdict = Literal["better", "worse", "equal", "unsure"]

_LEVEL = 0.9
_EQUAL = 0.97
_DRAWS = 4000


class Chance(NamedTuple):
    """A probability with its 90% interval.

    Attributes:
        probability: The best estimate.
        low: Lower end.
        high: Upper end.
    """

    probability: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.probability:.0%} ({100 * self.low:.0f}–{self.high:.0%})"


class Standing(NamedTuple):
    """A cell's place in the ranking.

    Attributes:
        cell: Its name.
        strength: How often a new clip of it beats a new clip of the other cells, on average.
        best: Chance of being the best cell.
        clips: How many clips it has.
        votes: How many votes its clips were in.
    """

    cell: Hashable
    strength: Chance
    best: float
    clips: int
    votes: int


class Effect(NamedTuple):
    """What one value of an axis adds.

    Attributes:
        axis: Name of the axis.
        value: The value.
        chance: How often a new clip with it beats one with the axis's other values, all else being equal.
    """

    axis: str
    value: Hashable
    chance: Chance


def fit(
    votes: Iterable[Vote],
    cells: Mapping[Hashable, Hashable],
    *,
    axes: Mapping[Hashable, Mapping[str, Hashable]] | None = None,
    voters: Iterable[Hashable] | None = None,
    margin: float = MARGIN,
) -> Study:
    """Work out what votes say about cells.

    A vote compares clips; the question is about the cells that made them. Each clip's strength is what its cell adds
    plus its own luck, and both spreads are learnt from the votes, so that two clips judged a hundred times prove
    nothing about their prompts. A vote counts the same wherever it comes in the sequence; a pair shown again with seats
    swapped is one more vote.

    Args:
        votes: Each `((clip, clip), answer)`: the clips in their seats (2 to 4), and the seat of the winner, from 0, or
            None for a tie. A tie is shared out between all seats.
        cells: Clip → its cell. Clips that were never voted on may be among them.
        axes: Cell → its value on each axis, to learn what each value adds. Cells that have no clip yet may be among
            them.
        voters: Who gave each vote, if there are several. Then each one's consistency is estimated too.
        margin: Cells are practically equal where a new clip of one beats a new clip of the other with a probability of
            0.5 ± margin; above 0 and below 0.5.

    Returns:
        The study. It doesn't change; fit again after more votes.

    Raises:
        UsageError: If a vote names a clip without a cell or the same clip twice, has not 2 to 4 seats, or an answer
            that is no seat; if there is not one voter a vote; if axes leave a cell out; or if the margin is out of
            range.
    """
    if not 0 < margin < 0.5:
        raise UsageError(f"A margin of {margin!r} is out of range.", hint="Choose one above 0 and below 0.5.")
    record = read(votes, cells, voters, axes or ())
    if axes is not None and (missing := [cell for cell in record.cells if cell not in axes]):
        raise UsageError(f"The cell {str(missing[0])[:60]!r} has no axes.", hint="Give the axes of every cell.")
    return Study(record, {cell: dict(values) for cell, values in axes.items()} if axes else {}, margin)


class Study:
    """What votes say about cells. Made by `fit`; safe to read from several threads.

    Attributes:
        record: The votes, checked and numbered.
        axes: Cell → its value on each axis; empty where none were given.
        margin: What counts as practically equal, in probability.
        slopes: How strongly each voter's votes follow what all votes found, in the order of `record.raters`; 1 is
            average.
    """

    def __init__(self, record: Record, axes: dict[Hashable, dict[str, Hashable]], margin: float) -> None:
        self.record = record
        self.axes = axes
        self.margin = margin
        self._number = {cell: index for index, cell in enumerate(record.cells)}
        hypotheses = spreads(bool(axes))
        self._levels, coding = _coding(record.cells, axes)
        self._model = Cells(record.cell_of, len(record.cells), hypotheses, coding)
        found = solve(record, self._model, hypotheses)
        self.slopes = found.slopes
        keep = self._keep = found.hypotheses
        self._clips = found.posterior
        self._weights, self._factor = found.weights, found.differ
        self._noise = hypotheses.clips[keep] ** 2
        self._means, self._covariances = self._model.about(self._model.cells(), self._clips, keep)

    def __repr__(self) -> str:
        return f"<Study: {self.record.votes} votes, {len(self.record.clips)} clips, {len(self.record.cells)} cells>"

    @property
    def cells(self) -> tuple[Hashable, ...]:
        """The cells, as they were first named."""
        return self.record.cells

    def beats(self, cell: Hashable, other: Hashable) -> Chance:
        """How often a new clip of one cell beats a new clip of another, a tie counting half.

        Args:
            cell: The one.
            other: The other.

        Returns:
            The probability and its 90% interval.

        Raises:
            UsageError: If there is no such cell.
        """
        one, two = self._index(cell), self._index(other)
        if one == two:
            return Chance(0.5, 0.5, 0.5)
        contrast = np.zeros(len(self.cells))
        contrast[one], contrast[two] = 1, -1
        return self._chances(contrast[None])[0]

    def verdict(self, cell: Hashable, other: Hashable) -> Verdict:
        """Whether one cell is better than another.

        “better” and “worse” are said where the 90% interval of `beats` leaves out a half and the votes as a whole are
        several times better explained by cells that differ than by cells that are the same, which keeps them true
        although a study is looked at after every vote. “equal” is said where the chance is within `margin` of a half
        with 97% probability. With one clip in each cell neither is said.

        Args:
            cell: The one.
            other: The other.

        Returns:
            “better”, “worse”, “equal”, or “unsure”.

        Raises:
            UsageError: If there is no such cell.
        """
        one, two = self._index(cell), self._index(other)
        if one == two:
            return "equal"
        above, within = (table[one, two] for table in self._pairs)
        if self._told_apart and abs(above - 0.5) > _LEVEL / 2:
            return "better" if above > 0.5 else "worse"
        return "equal" if within > _EQUAL and self._has_replicates else "unsure"

    @cached_property
    def best(self) -> dict[Hashable, float]:
        """Each cell's chance of being the best; they sum to 1."""
        winners = (
            np.bincount(self._best_draws().argmax(axis=1), minlength=len(self.cells)) if self.cells else np.zeros(0)
        )
        return {cell: float(count) / _DRAWS for cell, count in zip(self.cells, winners, strict=True)}

    @cached_property
    def ranking(self) -> tuple[Standing, ...]:
        """The cells, the strongest first."""
        count = len(self.cells)
        if count < 2:
            return tuple(Standing(cell, Chance(0.5, 0.5, 0.5), 1.0, *self._counts(0)) for cell in self.cells)
        contrasts = (np.eye(count) * count - 1) / (count - 1)
        chances = self._chances(contrasts)
        standings = [
            Standing(cell, chance, self.best[cell], *self._counts(index))
            for index, (cell, chance) in enumerate(zip(self.cells, chances, strict=True))
        ]
        return tuple(sorted(standings, key=lambda each: (-each.strength.probability, -each.best)))

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """What each value of each axis adds, axis by axis; empty where no axes were given, or nothing varies."""
        if self._model.effects is None:
            return ()
        means, covariances = self._model.about(self._model.effects, self._clips, self._keep)
        names = [axis for axis, _ in self._levels]
        rows = []
        for place, axis in enumerate(names):
            others = np.array([other == axis for other in names], dtype=float)
            others[place] = 0
            contrast = -others / max(others.sum(), 1)
            contrast[place] = 1
            rows.append(contrast)
        chances = self._chances(np.array(rows), means, covariances)
        varied = {axis for axis in names if names.count(axis) > 1}
        pairs = zip(self._levels, chances, strict=True)
        return tuple(Effect(axis, value, chance) for (axis, value), chance in pairs if axis in varied)

    @cached_property
    def sentence(self) -> str:
        """The answer in plain words, with its doubt: “Not sure yet: …” where the votes don't settle it."""
        return sentence(self)

    def next_pair(self, generator: np.random.Generator | None = None, *, question: Question = "best") -> Pair:
        """The two clips whose comparison is expected to help most; one in ten is drawn at random.

        Args:
            generator: Draws the seats and the random pairs; a fresh one if None.
            question: What the vote should tell about: which cell is the `best`, or the `order` of all of them.

        Raises:
            UsageError: If there are not two clips, or no such question.
        """
        return next_pair(self, generator or np.random.default_rng(), question=question)

    def next(self, budget: float, price: Callable[[Hashable], float]) -> Advice:
        """More votes or more clips: what raises the chance of naming the best cell, and by how much.

        Args:
            budget: What may be spent on clips.
            price: Of one new clip of a cell, in the unit of the budget.

        Raises:
            UsageError: If there are not two cells, or budget or a price is negative or not a number.
        """
        return advise(self, budget, price)

    @cached_property
    def consistency(self) -> dict[Hashable, agreement.Consistency]:
        """How far each voter agrees with itself, on pairs that came back, and with the others."""
        return agreement.consistency(self.record)

    @cached_property
    def alpha(self) -> float | None:
        """Krippendorff's α of the voters on pairs that several of them saw; None where there are none."""
        return agreement.alpha(self.record)

    @cached_property
    def groups(self) -> tuple[tuple[Hashable, ...], ...]:
        """Cells that votes connect, directly or through other cells; cells of different groups were never compared."""
        parent = list(range(len(self.cells)))

        def root(cell: int) -> int:
            while parent[cell] != cell:
                parent[cell] = parent[parent[cell]]
                cell = parent[cell]
            return cell

        cell_of = self.record.cell_of
        # Votes connect clips; clips of one cell are connected by it.
        for ballots in self.record.ballots:
            for row in cell_of[ballots.clips]:
                for other in row[1:]:
                    parent[root(int(other))] = root(int(row[0]))
        found: dict[int, list[Hashable]] = {}
        for index, cell in enumerate(self.cells):
            found.setdefault(root(index), []).append(cell)
        return tuple(tuple(each) for each in found.values())

    def _index(self, cell: Hashable) -> int:
        if cell not in self._number:
            known = ", ".join(str(each)[:40] for each in self.cells[:8])
            raise UsageError(f"There is no cell {str(cell)[:60]!r}.", hint=f"Cells: {known}.")
        return self._number[cell]

    def _counts(self, index: int) -> tuple[int, int]:
        mine = self.record.cell_of == index
        return int(mine.sum()), int(self.record.seen[mine].sum())

    def _chances(
        self, contrasts: Floats, means: Floats | None = None, covariances: Floats | None = None
    ) -> list[Chance]:
        """Contrasts of strengths as chances between new clips."""
        means = self._means if means is None else means
        covariances = self._covariances if covariances is None else covariances
        flat = stretch(2 * self._noise)[:, None]
        middle = means @ contrasts.T
        spread = np.sqrt(np.maximum(np.einsum("pi,gij,pj->gp", contrasts, covariances, contrasts), 1e-12))
        centre = self._weights @ expit(middle / stretch(2 * self._noise[:, None] + spread**2))
        ends = [expit(quantile(level, self._weights, middle / flat, spread / flat)) for level in (0.05, 0.95)]
        return [
            Chance(float(np.clip(p, low, high)), float(low), float(high))
            for p, low, high in zip(centre, *ends, strict=True)
        ]

    @cached_property
    def _told_apart(self) -> bool:
        """Whether the votes speak clearly enough for cells that differ."""
        return self._has_replicates and self._factor > needed_factor(self.record.votes, len(self.cells))

    @cached_property
    def _has_replicates(self) -> bool:
        """Whether two clips of some cell were seen: with one clip in each, all may be the clips' luck."""
        record = self.record
        seen = np.bincount(record.cell_of[record.seen > 0], minlength=len(self.cells))
        return bool(seen.max(initial=0) > 1)

    @cached_property
    def _pairs(self) -> tuple[Floats, Floats]:
        """For every two cells: how probable it is that the first is better, and that they are about equal."""
        middle = self._means[:, :, None] - self._means[:, None, :]
        variance = np.diagonal(self._covariances, axis1=1, axis2=2)
        spread = variance[:, :, None] + variance[:, None, :] - 2 * self._covariances
        spread = np.sqrt(np.maximum(spread, 1e-12))
        above = cdf(middle / spread)
        edge = np.log((0.5 + self.margin) / (0.5 - self.margin)) * stretch(2 * self._noise)[:, None, None]
        within = cdf((edge - middle) / spread) - cdf((-edge - middle) / spread)
        return np.tensordot(self._weights, above, axes=1), np.tensordot(self._weights, within, axes=1)

    def draws(self, count: int) -> tuple[Floats, Floats]:
        """Strengths of clips as they may be, and what they would say about the cells; the same draws each time.

        Args:
            count: How many.

        Returns:
            Arrays of shape (count, clips) and (count, cells). A cell's entry is its expected strength if those of all
            clips were known: as much as votes can tell.
        """
        generator = np.random.default_rng(1)
        clips = len(self.record.clips)
        normal = generator.standard_normal((count, clips))
        shares = _shares(self._weights, count)
        drawn = np.empty((count, clips + len(self.cells)))
        done = 0
        for place in np.flatnonzero(shares):
            rows = slice(done, done + shares[place])
            done += shares[place]
            root = np.linalg.cholesky(self._clips.covariance[place, :clips, :clips])
            drawn[rows, :clips] = self._clips.mode[place, :clips] + normal[rows] @ root.T
            weights = self._model.weights(self._keep[place])
            drawn[rows, clips:] = drawn[rows, :clips] @ self._model.member @ weights.T
        return drawn[:, :clips], drawn[:, clips:]

    def moments(self) -> tuple[Floats, Floats]:
        """Mean and covariance of the cells' strengths over all hypotheses."""
        mean = self._weights @ self._means
        apart = self._means - mean
        covariance = np.tensordot(self._weights, self._covariances, axes=1)
        return mean, covariance + (self._weights[:, None] * apart).T @ apart

    @property
    def clip_variance(self) -> float:
        """Expected variance between the clips of a cell, in squared units of strength."""
        return float(self._weights @ self._noise)

    def after_votes(self, information: float) -> Floats:
        """Covariance of the cells' strengths after more votes on the clips there are.

        Args:
            information: What all votes together tell about single clips, as an inverse variance; it is shared out by
                the chance of each clip's cell to be the best.
        """
        clips = len(self.record.clips)
        chances = np.array([self.best[cell] for cell in self.cells])[self.record.cell_of] + 0.02
        told = np.zeros(self._clips.mode.shape[1])
        told[:clips] = information * chances / chances.sum()
        covariances = self._clips.covariance
        after = np.linalg.solve(np.eye(len(told)) + covariances * told, covariances)
        posterior = Posterior(self._clips.mode, np.asarray(after), self._clips.evidence)
        _, within = self._model.about(self._model.cells(), posterior, self._keep)
        _, before = self.moments()
        learnt = np.tensordot(self._weights, self._covariances - within, axes=1)
        return np.asarray(before - learnt)

    def _best_draws(self) -> Floats:
        """Strengths of the cells as they may be, without those of clips."""
        generator = np.random.default_rng(0)
        normal = generator.standard_normal((_DRAWS, len(self.cells)))
        parts, done = [], 0
        for place, count in enumerate(_shares(self._weights, _DRAWS)):
            parts.append(self._means[place] + normal[done : done + count] @ _root(self._covariances[place]).T)
            done += count
        return np.concatenate(parts)


def _shares(weights: Floats, count: int) -> Ints:
    """How many of the draws come from each hypothesis."""
    edges = np.round(np.cumsum(weights) * count).astype(np.intp)
    edges[-1] = count
    return np.asarray(np.diff(edges, prepend=0), dtype=np.intp)


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))


def _coding(
    cells: tuple[Hashable, ...], axes: dict[Hashable, dict[str, Hashable]]
) -> tuple[list[tuple[str, Hashable]], Floats | None]:
    """The values of all axes in the order in which they are given, and which of them each cell has."""
    if not axes:
        return [], None
    rows = [axes[cell] for cell in cells]
    names = list(dict.fromkeys(axis for row in axes.values() for axis in row))
    given = dict.fromkeys(level for row in axes.values() for level in row.items())
    had = {level for row in rows for level in row.items()}
    levels = sorted((level for level in given if level in had), key=lambda level: names.index(level[0]))
    coding = [[float(axis in row and row[axis] == value) for axis, value in levels] for row in rows]
    return levels, np.array(coding)
