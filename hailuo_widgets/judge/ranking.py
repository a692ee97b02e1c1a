"""What a study found, as a notebook and a terminal show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.markup import content
from hailuo_widgets.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hailuo_widgets.judge.study import Effect, Standing, Study


class Ranking:
    """The cells of a study, the strongest first; iterates over `Standing`s.

    Attributes:
        study: Where it comes from: `.beats("B", "A")`, `.verdict("B", "A")`.
        note: Something more that belongs to it, `""` for nothing.
    """

    def __init__(self, study: Study, note: str = "") -> None:
        self.study = study
        self.note = note

    def __iter__(self) -> Iterator[Standing]:
        return iter(self.study.ranking)

    def __len__(self) -> int:
        return len(self.study.ranking)

    def __getitem__(self, place: int) -> Standing:
        return self.study.ranking[place]

    @property
    def sentence(self) -> str:
        """The answer in plain words, with its doubt."""
        return " ".join(filter(None, (self.study.sentence, self.note)))

    def __repr__(self) -> str:
        rows = tuple(
            (str(each.cell), str(each.strength), f"{each.best:.0%}", str(each.clips), str(each.votes)) for each in self
        )
        return str(Table(("Cell", "Wins against the others", "Best", "Clips", "Votes"), rows, self.sentence))

    def _repr_html_(self) -> str:
        from hailuo_widgets.judge.picture import ranking_html

        return f'<p style="margin:0 0 8px">{content(self.sentence)}</p>{ranking_html(self.study)}'


class Effects:
    """What each value of each axis adds; iterates over `Effect`s."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def __iter__(self) -> Iterator[Effect]:
        return iter(self.study.effects)

    def __len__(self) -> int:
        return len(self.study.effects)

    def __getitem__(self, place: int) -> Effect:
        return self.study.effects[place]

    @property
    def _table(self) -> Table:
        rows = tuple((each.axis, str(each.value), str(each.chance)) for each in self)
        caption = "" if rows else "No axis varies, so there are no effects."
        return Table(("Axis", "Value", "Wins against the axis's other values"), rows, caption)

    def __repr__(self) -> str:
        return str(self._table)

    def _repr_html_(self) -> str:
        return self._table._repr_html_()
