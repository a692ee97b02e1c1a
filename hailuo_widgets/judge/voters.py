"""The people who voted, as a notebook and a terminal show them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from hailuo_widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hailuo_widgets.judge.agreement import Consistency
    from hailuo_widgets.judge.study import Study
    from hailuo_widgets.store.vote import Vote


class Voter(NamedTuple):
    """A person who voted.

    Attributes:
        name: Who.
        votes: How many comparisons count.
        consistency: How far the voter agrees with itself and with the others.
    """

    name: str
    votes: int
    consistency: Consistency


class Voters:
    """Everybody whose votes count; iterates over `Voter`s.

    Attributes:
        alpha: Krippendorff's α of the voters; None where no two judged the same clips.
    """

    def __init__(self, study: Study, votes: Iterable[Vote]) -> None:
        """Count them.

        Args:
            study: Of people's votes.
            votes: The same votes, as they were given.
        """
        mine = Counter(vote.voter for vote in votes if vote.source != "program" and vote.answer not in ("skip", "bad"))
        found = study.consistency
        if len(mine) == 1:  # a study of one voter has no names
            found = dict(zip(mine, found.values(), strict=False))
        self.alpha = study.alpha
        self._voters = [Voter(name, count, found[name]) for name, count in mine.most_common() if name in found]

    def __iter__(self) -> Iterator[Voter]:
        return iter(self._voters)

    def __len__(self) -> int:
        return len(self._voters)

    def __getitem__(self, place: int) -> Voter:
        return self._voters[place]

    @property
    def sentence(self) -> str:
        """How far they agree."""
        if not self._voters:
            return "No votes yet."
        if len(self._voters) == 1:
            return f"Only {self._voters[0].name} voted, so there is no agreement to speak of."
        if self.alpha is None:
            return f"{len(self)} voters, and no two of them judged the same clips."
        text = f"{len(self)} voters agree with Krippendorff's α = {self.alpha:.2f} (1 is agreement, 0 is chance)."
        against = [each.name for each in self._voters if each.consistency.outlier]
        if against:
            text += f" {' and '.join(against[:3])} mostly disagreed with the others; no vote was left out."
        return text

    @property
    def _table(self) -> Table:
        rows = []
        for name, votes, (repeats, same, shared, agreeing, outlier) in self._voters:
            with_others = "" if agreeing is None else f"{agreeing:.0%} of {shared}{' (!)' if outlier else ''}"
            rows.append((name, str(votes), f"{same} of {repeats}" if repeats else "", with_others))
        columns = ("Voter", "Votes", "Same answer when repeated", "Same answer as the others")
        return Table(columns, tuple(rows), self.sentence)

    def __repr__(self) -> str:
        return str(self._table)

    def _repr_html_(self) -> str:
        return self._table._repr_html_()
