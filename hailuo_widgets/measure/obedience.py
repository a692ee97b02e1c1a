"""How often models do what a camera command asks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from statistics import median
from typing import TYPE_CHECKING

from hailuo_widgets.measure.ordered import check_steps, obeyed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hailuo_widgets.measure.record import Measured


@dataclass(frozen=True, slots=True)
class Obedience:
    """One cell of the table: one command, one model.

    Attributes:
        command: The steps as ordered, e.g. `"Pan left"`, `"Pan left + Pedestal up, then Push in"`.
        model: The model.
        ordered: Clips in which it was ordered and that could be measured.
        seen: Those in which it was seen.
        other: Those in which something else was seen.
        untold: Those in which it can't be told; they count neither for nor against.
        share: `seen / (seen + other)`, None where nothing can be told.
        low, high: 95% interval of the share (Wilson, JASA 1927), 0 and 1 where nothing can be told.
        speed: Median speed of the clips in which it was seen, % of the width a second, see `SeenStep.speed`: a camera
            that goes half as far is half as fast. None where it was not seen, or has several steps.
    """

    command: str
    model: str
    ordered: int
    seen: int
    other: int
    untold: int
    share: float | None
    low: float
    high: float
    speed: float | None = None


Record = tuple[tuple[tuple[str, ...], ...], str, "Measured"]
"""(steps of commands that were ordered, model, what was measured)."""


def wilson(hits: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """The score interval of a share, 95% by default; (0, 1) for no observations."""
    if not count:
        return 0.0, 1.0
    share, spare = hits / count, z * z / count
    middle = (share + spare / 2) / (1 + spare)
    half = z * math.sqrt(share * (1 - share) / count + spare / (4 * count)) / (1 + spare)
    return max(0.0, middle - half), min(1.0, middle + half)


def obedience(records: Iterable[Record]) -> list[Obedience]:
    """Count, for each command and model, how often it was carried out.

    Args:
        records: One for each clip; those that could not be measured, or in which nothing was ordered, are left out.

    Returns:
        One entry for each command and model that occurs, command by command; commands and models are in the order of
        their first clips.

    Raises:
        UsageError: The steps of a record are none.
    """
    counts: dict[tuple[str, str], list[int]] = {}
    speeds: dict[tuple[str, str], list[float]] = {}
    for steps, model, measured in records:
        check_steps(steps)
        if measured.error or not any(steps):
            continue
        name = ", then ".join(" + ".join(step) for step in steps if step)
        cell = counts.setdefault((name, model), [0, 0, 0])
        verdict = obeyed(steps, measured)
        cell[0 if verdict else 2 if verdict is None else 1] += 1
        if verdict and len(measured.steps) == 1:
            speeds.setdefault((name, model), []).append(measured.steps[0].speed)
    commands, models = (list(dict.fromkeys(names)) for names in zip(*counts, strict=True)) if counts else ([], [])
    ordered = sorted(counts, key=lambda each: (commands.index(each[0]), models.index(each[1])))
    return [
        Obedience(command, model, sum(cell), cell[0], cell[1], cell[2],
                  cell[0] / (cell[0] + cell[1]) if cell[0] + cell[1] else None, *wilson(cell[0], cell[0] + cell[1]),
                  median(speeds[command, model]) if (command, model) in speeds else None)
        for command, model in ordered
        for cell in [counts[command, model]]
    ]  # fmt: skip


def as_svg(cells: list[Obedience]) -> str:
    """The table as one SVG picture: a row for each command, a column for each model, a point with its interval.

    It takes its text colour from the page, so it can be read on light and dark, and has a title and a description for
    screen readers.
    """
    commands = list(dict.fromkeys(each.command for each in cells))
    models = list(dict.fromkeys(each.model for each in cells))
    label = 24 + 7 * max([len(each) for each in commands], default=8)
    wide, tall, top = 190, 26, 34
    width, height = label + wide * max(1, len(models)), top + tall * max(1, len(commands)) + 26
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"',
        ' role="img" font-family="system-ui, sans-serif" font-size="12" fill="currentColor"',
        ' style="max-width:100%;height:auto">',
        "<title>Camera commands carried out</title>",
        f"<desc>{escape(_in_words(cells))}</desc>",
    ]
    for column, model in enumerate(models):
        left = label + wide * column
        parts.append(f'<text x="{left}" y="16" font-weight="600">{escape(model)}</text>')
        for tick in (0, 0.5, 1):
            x = left + 100 * tick
            parts.append(
                f'<line x1="{x}" x2="{x}" y1="{top - 8}" y2="{height - 24}" stroke="currentColor" '
                'stroke-opacity=".18"/>'
                f'<text x="{x}" y="{height - 8}" text-anchor="middle" opacity=".7" font-size="10">{tick:.0%}</text>'
            )
    found = {(each.command, each.model): each for each in cells}
    for row, command in enumerate(commands):
        middle = top + tall * row + tall / 2
        parts.append(f'<text x="0" y="{middle + 4}">{escape(command)}</text>')
        for column, model in enumerate(models):
            cell = found.get((command, model))
            left = label + wide * column
            if cell is None:
                continue
            tip = f"<title>{escape(_words(cell))}</title>"
            if cell.share is None:
                parts.append(f'<text x="{left}" y="{middle + 4}" opacity=".7">can’t tell ({cell.untold}){tip}</text>')
                continue
            parts.append(
                f'<g stroke="#3b82c4" fill="#3b82c4">{tip}<line x1="{left + 100 * cell.low:.1f}" '
                f'x2="{left + 100 * cell.high:.1f}" y1="{middle}" y2="{middle}" stroke-width="3" stroke-opacity=".45" '
                f'stroke-linecap="round"/><circle cx="{left + 100 * cell.share:.1f}" cy="{middle}" r="4" '
                'stroke="none"/></g>'
                f'<text x="{left + 112}" y="{middle + 4}">{cell.seen}/{cell.seen + cell.other}'
                + (f'<tspan opacity=".7"> +{cell.untold} ?</tspan>' if cell.untold else "")
                + "</text>"
            )
    return "".join([*parts, "</svg>"])


def _words(cell: Obedience) -> str:
    told = cell.seen + cell.other
    share = f"seen in {cell.seen} of {told} (95%: {cell.low:.0%} to {cell.high:.0%})" if told else "can't be told"
    rest = f", {cell.untold} can't be told" if cell.untold and told else ""
    return f"{cell.command}, {cell.model}: {share}{rest}"


def _in_words(cells: list[Obedience]) -> str:
    return "; ".join(map(_words, cells)) or "No clips."
