"""A sweep as it is laid out: its axes and cells, priced, and how they are shown first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hailuo_widgets.keys import EMBEDDED, choose_provider
from hailuo_widgets.store.recall import quote_of
from hailuo_widgets.sweeps.cells import expand
from hailuo_widgets.sweeps.definition import check_axis
from hailuo_widgets.sweeps.rewritten import filled_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.spec.request import VideoRequest
    from hailuo_widgets.store.library import Library
    from hailuo_widgets.sweeps.axes import Axis
    from hailuo_widgets.sweeps.cells import Cell
    from hailuo_widgets.sweeps.definition import Definition
    from hailuo_widgets.sweeps.host import Host


@dataclass(frozen=True, slots=True)
class Layout:
    """Axes and cells.

    Attributes:
        name: The notebook's variable, under which it is kept.
        axes: What varies.
        cells: Every combination.
        repeat: How many clips each cell is to have.
        rows: The axis that is shown downwards first, `""` for none.
        columns: The axis that is shown across first, `""` for none.
        zipped: Axes that go together.
        varied: Fields that differ between cells on purpose.
        pictures: SHA-256 of each local picture → where it was read.
        reason: Why it is this provider, where none was named.
        dated: Digests of orders that today's catalogue does not give: their price is that of the day they were kept.
        design: How the cells that are made were picked; `""` where all of them are.
    """

    name: str
    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]
    repeat: int
    rows: str
    columns: str
    zipped: tuple[tuple[str, ...], ...] = ()
    varied: frozenset[str] = frozenset()
    pictures: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    dated: frozenset[str] = frozenset()
    design: str = ""

    @classmethod
    def of(cls, definition: Definition, host: Host) -> Layout:
        """Expand a definition and price its cells. Nothing is sent, nothing is written.

        Raises:
            UsageError: At a mistake in the definition.
        """
        provider, reason = choose_provider(host.settings)
        axes, cells, pictures = expand(definition, provider, host.settings.model)
        cells = filled_in(cells, host)
        if provider == EMBEDDED and "provider" not in definition.fields and host.has_library():
            cells = _paid_for(cells, definition.repeat, host.library())
        rows, columns = _shown_first(axes, definition)
        varied = frozenset((*definition.axes, *definition.derived))
        return cls(
            definition.name,
            axes,
            cells,
            definition.repeat,
            rows,
            columns,
            definition.zipped,
            varied,
            pictures,
            reason if "provider" not in definition.fields else "",
            design=definition.design,
        )


def _shown_first(axes: tuple[Axis, ...], definition: Definition) -> tuple[str, str]:
    """Rows and columns: as they were said, else the first axes that do not go together."""
    names = [axis.name for axis in axes]
    rows, columns = definition.rows, definition.columns
    for name in filter(None, (rows, columns)):
        check_axis(name, names)
    if not rows and not columns and len(names) == 1:
        return "", names[0]  # one strip, side by side
    rows = rows or next((name for name in names if name != columns), "")
    if not columns:
        together = next((group for group in definition.zipped if rows in group), (rows,))
        columns = next((name for name in names if name not in together), "")
    return rows, columns


def _paid_for(cells: tuple[Cell, ...], repeat: int, library: Library) -> tuple[Cell, ...]:
    """Cells with real clips of the same words, where there would only be sketches: what was paid for comes first."""
    words = {digest: cell for cell in cells if cell.wanted and cell.written for digest in _spellings(cell.written)}
    rows = library.journal.same_words(list(words), EMBEDDED)
    here = library.find_many((row.digest, number) for row in rows for number in range(repeat))
    real: dict[int, Quote] = {}
    for row in rows:
        if all((row.digest, number) in here for number in range(repeat)):
            real.setdefault(words[row.written_digest].index, quote_of(row))
    return tuple(
        replace(cell, quote=real[cell.index], digest=real[cell.index].digest) if cell.index in real else cell
        for cell in cells
    )


def _spellings(written: VideoRequest) -> tuple[str, str]:
    """The digest of what was written, and of the same without the pinned optimizer, which not every vendor takes."""
    return written.digest(), written.model_copy(update={"prompt_optimizer": None}).digest()
