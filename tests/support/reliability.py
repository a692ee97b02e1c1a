"""What becomes of an order where something goes wrong, for every vendor: played through, and written as a table.

`python tests/support/reliability.py` writes the table into the documentation's page.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from hailuo_widgets.errors import VendorError
from hailuo_widgets.media.probe import probe
from hailuo_widgets.providers import Phase
from hailuo_widgets.simulator import Fault
from hailuo_widgets.simulator.faults import KINDS
from support.every_vendor import PROMPT, WIRES, Wire, bench

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hailuo_widgets.simulator.exchange import Where
    from hailuo_widgets.simulator.faults import FaultKind

PAGE = Path(__file__).parents[2] / "docs" / "pages" / "reliability.md"
TIMES = {"once": 1, "every time": 10**6}
WATCHED = 120.0
"""Seconds for which a task is watched; without a fault it takes 23."""
MOST_SECONDS = 1000.0
"""Seconds in which everything has to be over, whatever happens. Eight downloads that hang take the longest."""
CLIP = "clip"


@dataclass(frozen=True)
class Outcome:
    """How an order ended.

    Attributes:
        word: `clip`, or the kind of the error.
        charged: What the error says of the money; `""` for a clip.
        paid: How often the paying call arrived.
        billed: For how many tasks the vendor wants money.
        seconds: How long it took, by the clock.
        asked: How often anything was asked.
        error: What was raised, or what the task failed with.
        left: The names of the files that it left.
    """

    word: str
    charged: str
    paid: int
    billed: int
    seconds: float
    asked: int
    error: VendorError | None
    left: tuple[str, ...]


def columns(where: Where) -> tuple[Wire, ...]:
    """The wires on which a request of that kind exists."""
    return tuple(wire for wire in WIRES if where != "file" or wire.third_call)


async def play(wire: Wire, where: Where, kind: FaultKind, times: str) -> Outcome:
    """Order a clip, with a fault on the way, and follow it to its end."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="hailuo-reliability-"))
    async with bench(wire.provider) as table:
        table.sim.faults.add(Fault(kind, where, times=TIMES[times], seconds=0.001))
        begun, error = table.clock.time, None
        try:
            task = await table.client.submit(PROMPT, **wire.fields)
            await table.drawn()
            state = [state async for state in table.client.watch(task, timeout=WATCHED)][-1]
            if state.phase is Phase.SUCCEEDED:
                got = await table.client.download(state, folder / "clip.mp4")
                await asyncio.to_thread(probe, got.path)
            else:
                error = state.error
        except VendorError as raised:
            error = raised
        return Outcome(
            word=error.kind if error else CLIP,
            charged=error.charged.value if error else "",
            paid=table.paid,
            billed=sum(table.sim.billed.values()),
            seconds=table.clock.time - begun,
            asked=len(table.sim.log),
            error=error,
            left=tuple(await asyncio.to_thread(os.listdir, folder)),
        )


def table(outcomes: Mapping[tuple[str, str, str, str], str], where: Where) -> str:
    """The outcomes of one kind of request as Markdown: a line a fault, a column a wire."""
    wires = columns(where)
    lines = [["What happens", "How often", *(f"`{wire.label}`" for wire in wires)]]
    lines.append(["---"] * len(lines[0]))
    for kind in KINDS[where]:
        for times in TIMES:
            words = [outcomes[wire.label, where, kind, times] for wire in wires]
            lines.append([f"`{kind}`" if times == "once" else "", times, *words])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def on_the_page(where: Where) -> str:
    """The table of the documentation's page."""
    begin, end = marks(where)
    return PAGE.read_text("utf-8").partition(begin)[2].partition(end)[0].strip()


def marks(where: Where) -> tuple[str, str]:
    """What stands before and after a table on the page."""
    return f"<!-- {where} -->", f"<!-- end of {where} -->"


def word(outcome: Outcome) -> str:
    """A cell of the table."""
    return CLIP if outcome.word == CLIP else f"`{outcome.word}`"


async def _all() -> dict[tuple[str, str, str, str], str]:
    found: dict[tuple[str, str, str, str], str] = {}
    for where, kinds in KINDS.items():
        for wire in columns(where):
            for kind in kinds:
                for times in TIMES:
                    found[wire.label, where, kind, times] = word(await play(wire, where, kind, times))
    return found


def main() -> None:
    """Write every table into the page."""
    outcomes = asyncio.run(_all())
    text = PAGE.read_text("utf-8")
    for where in KINDS:
        begin, end = marks(where)
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n\n{table(outcomes, where)}\n\n{end}{rest.partition(end)[2]}"
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
