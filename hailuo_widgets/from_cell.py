"""A `%%hailuo` cell as a call: what a notebook that has no magics runs instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hailuo_widgets import api
from hailuo_widgets import session as sessions
from hailuo_widgets.magics import read_cell, ready_prompt, require_budget
from hailuo_widgets.sweeps.cells import single

if TYPE_CHECKING:
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.rewriting import Rewriting
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.sweeps.sweep import Sweep


def cell(text: str, line: str = "", **variables: Any) -> Job | Rewriting | Sweep | Quote:
    """Read a cell as `%%hailuo` does, and make the clip, or plan the sweep.

    Args:
        text: The cell, header included, without its first line.
        line: What stands behind `%%hailuo`.
        variables: What `{name}` means in them.

    Returns:
        The job; with `--rewrite` the rewritten prompt where it isn't there yet, and the job the next time (or at once,
        with `--wait`). For several clips the sweep, which is run if the line says `--yes`; else call `.run()`. With
        `--dry-run` the checked request with its price.

    Raises:
        UsageError: At a mistake in the cell, or if `--yes` has no budget.
        HailuoError: As `generate` and `Sweep.run` do.
    """
    arguments, definition = read_cell(line, text, variables)
    several = definition.axes or arguments.repeat > 1
    prompt, fields = ("", {}) if several else single(definition)
    ready = ready_prompt(prompt, fields, arguments)
    if not isinstance(ready, str):
        return ready
    if several or arguments.budget:
        sweep = sessions.default_session().plan(definition, arguments.budget)
        if arguments.yes and not arguments.dry_run:
            if sweep.budget is None and sweep.asks:
                require_budget(sweep.plan)
            sweep.run()
            if arguments.wait:
                sweep.result()
        return sweep
    if arguments.dry_run:
        return api.dry_run(ready, **fields)
    return api.generate(
        ready, name=arguments.name, fresh=arguments.fresh, wait=arguments.wait, as_written=arguments.yes, **fields
    )
