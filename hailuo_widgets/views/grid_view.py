"""What a grid says about a sweep, as plain values: the live grid and the static one are two ways of drawing these."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Place: TypeAlias = tuple[int, int]
"""A cell's index and a replicate, both from 0."""

Action = Literal["run", "cheapest", "cancel", "pause", "resume", "retry"]
"""What the grid's buttons ask for. `cancel` gives a plan up, or what of a run has not been sent yet."""

Phase = Literal["plan", "running", "paused", "done"]


@dataclass(frozen=True, slots=True)
class AxisView:
    """An axis: its name, and its values in words."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CellView:
    """What is fixed about a cell.

    Attributes:
        at: The index of its value on each axis.
        price: Of one clip, as it is shown: "$0.28", "free" or "price not published".
        problem: Why the vendor would not accept it, `""` where it would.
        skipped: Whether the user left it out.
        sketch: Whether its clips are the embedded provider's drawings.
    """

    at: tuple[int, ...]
    price: str = ""
    problem: str = ""
    skipped: bool = False
    sketch: bool = False


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip's figures: pixels, frames a second, seconds."""

    width: int
    height: int
    fps: float
    duration: float


MEASURES = ("motion", "flicker", "jitter", "sharpness", "brightness", "loop")
"""The measures that cells can be sorted by; the units are those of `Measured`."""


@dataclass(frozen=True, slots=True)
class GridItem:
    """One replicate of one cell.

    Attributes:
        state: The job's state, as its value; `planned` before there is a job.
        elapsed: Seconds since the job began, or in all, once it has ended; a live grid counts on by itself.
        expected: Seconds that it is likely to take, None where that is unknown.
        progress: The vendor's own figure, 0 to 1; None where it gives none.
        note: A few words beside the state, e.g. "waits for its turn".
        error: What went wrong, in one sentence.
        charged: What is known about money where something went wrong, in a few words.
        cached: Whether the clip came from the library, at no cost.
        clip: The stored clip's figures, or None.
        rating: 1 to 5, 0 for none.
        starred: Whether someone starred it.
        remark: Someone's note.
        seen: What was measured of its camera, in a few words; `""` where it is not measured.
        obeyed: Whether the camera did as requested; None where that can't be told, or nothing was requested.
        figures: What it can be sorted by, in the order of `MEASURES`; empty where it is not measured.
    """

    state: str = "planned"
    elapsed: float = 0.0
    expected: float | None = None
    progress: float | None = None
    note: str = ""
    error: str = ""
    charged: str = ""
    cached: bool = False
    clip: Footage | None = None
    rating: int = 0
    starred: bool = False
    remark: str = ""
    seen: str = ""
    obeyed: bool | None = None
    figures: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanView:
    """What a sweep would generate.

    Attributes:
        facts: Names and values: cells, replicates, from the library, price, time.
        notes: What should be known before it is run.
        total: The price, short enough for a button; `""` where nothing is to be paid.
    """

    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    total: str = ""


@dataclass(frozen=True, slots=True)
class HeadView:
    """The part above the cells, which changes.

    Attributes:
        phase: Whether it is a plan, runs, is paused, or has ended.
        money: What is spent, reserved and left, a few words each; also that there are clips which are not shown.
        elapsed: Seconds since it was started.
        left: Seconds that it will probably still take; None where that is unknown.
        halted: Providers that were halted, each with its reason.
        message: Anything else that concerns the whole sweep.
        can: What can be done now, in the order of the buttons.
    """

    phase: Phase
    money: tuple[str, ...] = ()
    elapsed: float = 0.0
    left: float | None = None
    halted: tuple[tuple[str, str], ...] = ()
    message: str = ""
    can: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class GridView:
    """What is shown of a sweep.

    Attributes:
        name: The notebook's variable, `""` if it has none.
        axes: Its axes, in their order.
        rows: The axis whose values are the rows at first, `""` for none.
        columns: The axis whose values are the columns at first, `""` for none.
        cells: All of them, illegal and skipped ones too, in their order.
        repeat: How many clips a cell has.
        takes: What is known of each replicate; one that is not here is planned.
        head: What stands above.
        plan: What it would buy.
    """

    name: str
    axes: tuple[AxisView, ...]
    rows: str
    columns: str
    cells: tuple[CellView, ...]
    repeat: int = 1
    takes: Mapping[Place, GridItem] = field(default_factory=dict)
    head: HeadView = HeadView("plan")
    plan: PlanView = PlanView()

    def places(self, cell: int) -> tuple[Place, ...]:
        """The replicates of a cell; one that is never bought has a single place."""
        view = self.cells[cell]
        return tuple((cell, replicate) for replicate in range(1 if view.problem or view.skipped else self.repeat))

    def state(self, place: Place) -> str:
        """A job's state, or `illegal` or `skipped`."""
        view = self.cells[place[0]]
        return "skipped" if view.skipped else "illegal" if view.problem else self.take(place).state

    def all_sketches(self) -> bool:
        """Whether every clip is the embedded provider's drawing: that is then said once, above."""
        return all(cell.sketch for cell in self.cells if not (cell.problem or cell.skipped))

    def take(self, place: Place) -> GridItem:
        """What is known of a replicate."""
        return self.takes.get(place) or GridItem()

    def together(self) -> tuple[tuple[int, ...], ...]:
        """The axes, by their indices, in groups of those that go together: one value says which the others have."""
        groups: list[list[int]] = []
        for axis in range(len(self.axes)):
            mates = next((group for group in groups if self._go_together(group[0], axis)), None)
            if mates is None:
                groups.append([axis])
            else:
                mates.append(axis)
        return tuple(map(tuple, groups))

    def _go_together(self, one: int, other: int) -> bool:
        pairs = {(cell.at[one], cell.at[other]) for cell in self.cells}
        return len(pairs) == len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs})

    def heading(self, axis: int) -> str:
        """The name of an axis, with those that go together with it."""
        return ", ".join(self.axes[each].name for each in self._group(axis))

    def headings(self, axis: int) -> tuple[str, ...]:
        """The values of an axis, each with those of the axes that go together with it."""
        group = self._group(axis)
        found = {
            cell.at[axis]: ", ".join(self.axes[each].values[cell.at[each]] for each in group) for cell in self.cells
        }
        return tuple(found.get(index, value) for index, value in enumerate(self.axes[axis].values))

    def _group(self, axis: int) -> tuple[int, ...]:
        group = next(each for each in self.together() if axis in each)
        return (axis, *(each for each in group if each != axis))

    def labels(self, cell: int) -> tuple[str, ...]:
        """A cell's values, in words."""
        return tuple(axis.values[value] for axis, value in zip(self.axes, self.cells[cell].at, strict=True))


@dataclass(frozen=True, slots=True)
class SeenMove:
    """One move of the camera, as it is drawn over the clip.

    Attributes:
        start, stop: Seconds.
        right, down: How fast the picture's contents moved, % of its width a second.
        growth: How fast they grew, in the same unit.
        label: The move in words.
    """

    start: float
    stop: float
    right: float
    down: float
    growth: float
    label: str


@dataclass(frozen=True, slots=True)
class Detail:
    """What is asked for when one clip is looked at closely.

    Attributes:
        prompt: As it was written.
        facts: Names and values: parameters, price, task, file.
        error: What went wrong, whole.
        hint: The way out.
        remark: Someone's note.
        more: Names and values for those who look closer: task id, every parameter.
        file: The clip's path, relative to the notebook; `""` where there is none.
        cell: The `%%hailuo` cell that asks for this clip; `""` where it can't be asked for.
        asked: The camera's moves that were requested, in words.
        camera: The moves that were measured.
    """

    prompt: str
    facts: tuple[tuple[str, str], ...]
    error: str = ""
    hint: str = ""
    remark: str = ""
    more: tuple[tuple[str, str], ...] = ()
    file: str = ""
    cell: str = ""
    asked: str = ""
    camera: tuple[SeenMove, ...] = ()
