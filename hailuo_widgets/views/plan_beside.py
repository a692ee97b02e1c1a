"""The plan of a sweep under the studio, from where it is run."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from hailuo_widgets.errors import UsageError
from hailuo_widgets.views.place import needs_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.sweeps.definition import Definition
    from hailuo_widgets.sweeps.sweep import Sweep
    from hailuo_widgets.views.studio_messages import Host


class PlanBeside:
    """The one sweep of a studio: planned again, it takes the place of the one before, unless that one is running.

    Its clips are in the library, and not in the notebook's file.

    Attributes:
        sweep: The sweep, None before one is planned.
        place: The class of the element that its grid puts itself into, for the front end to make.
    """

    def __init__(self) -> None:
        self.sweep: Sweep | None = None
        self.place = ""
        self._close: Callable[[], None] = lambda: None

    @property
    def running(self) -> bool:
        """Whether its sweep has been run and has not ended."""
        return self.sweep is not None and self.sweep.started and not self.sweep.done

    async def open(self, host: Host, definition: Definition) -> None:
        """Plan a sweep and show its plan.

        Raises:
            UsageError: If this front end shows widgets only under cells, or at a mistake in the definition.
        """
        if needs_view():
            raise UsageError("Here a plan opens under a cell of its own.", hint="Copy this as a cell and run the cell.")
        place = f"hw-place-{secrets.token_hex(8)}"

        def plan() -> tuple[Sweep, Callable[[], None]]:
            from hailuo_widgets.views import live_grid  # only who plans a sweep waits for it to be loaded

            sweep = host.plan(definition)
            return sweep, live_grid.show_in(place, sweep, host, host.loop)

        close = self._close
        self.sweep, self._close = await asyncio.to_thread(plan)
        self.place = place
        close()
