"""Who goes when: every job of a session passes here, so that all of them together keep to each vendor's limits."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from hailuo_widgets.engine.lane import Lane
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.engine.walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from hailuo_widgets.client import AsyncHailuo
    from hailuo_widgets.clock import Clock
    from hailuo_widgets.engine.group import Group
    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.limits import LimitsOf
    from hailuo_widgets.engine.records import Records
    from hailuo_widgets.spec.catalog import Row


class Dispatcher:
    """Runs jobs to their ends: in turn, within limits and budgets. One a session; for the loop's thread only.

    Args:
        connect: Gives the client for a provider; the same one for the same address and key.
        clock: Tells the time and waits.
        limits_of: What a vendor takes, by the catalogue and the settings.
    """

    def __init__(self, connect: Callable[[str], AsyncHailuo], clock: Clock, limits_of: LimitsOf) -> None:
        self._connect = connect
        self._clock = clock
        self._limits_of = limits_of
        self._lanes: dict[tuple[AsyncHailuo, int | None, int | None], Lane] = {}
        self._groups: dict[Group, tuple[int, Callable[[], None]]] = {}
        self._under_way: dict[tuple[Records, str, int], Job] = {}

    async def run(self, job: Job, records: Records, group: Group) -> None:
        """Take a job to its end. Never raises; how it ended stands in the job and in the journal.

        Args:
            job: In the state `planned`: a new one, or, with a task, one that was taken up again.
            records: The library.
            group: What it belongs to.
        """
        self._enter(group)
        key = (records, job.quote.digest, job.replicate)
        try:
            while not job.fresh and (other := self._under_way.get(key)) is not None:
                job.move(JobState.PLANNED, note="the same clip is being made")
                try:
                    await _end_of(other)
                except asyncio.CancelledError:
                    break  # the walk heeds it, and ends the job
            if not job.fresh:
                self._under_way.setdefault(key, job)
            await walk(job, self._lane, records, group)
        finally:
            if self._under_way.get(key) is job:
                del self._under_way[key]
            group.ended(job)
            self._leave(group)
            self._pump()

    def _lane(self, row: Row) -> Lane:
        """The lane of a model: a vendor's models that it limits in the same way share one."""
        client = self._connect(row.provider)
        key = (client, row.requests_per_minute, row.tasks_in_flight)
        if key not in self._lanes:
            self._lanes[key] = Lane(client, self._limits_of(row), self._clock)
        lane = self._lanes[key]
        lane.gate.limits = self._limits_of(row)  # the user may have set it anew
        return lane

    def _enter(self, group: Group) -> None:
        count, forget = self._groups.get(group, (0, None))
        if forget is None:
            loop = asyncio.get_running_loop()

            def changed(_group: Group) -> None:
                with suppress(RuntimeError):  # the loop may be closed by now
                    loop.call_soon_threadsafe(self._pump)

            forget = group.observe(changed)
        self._groups[group] = (count + 1, forget)

    def _leave(self, group: Group) -> None:
        count, forget = self._groups.pop(group)
        if count > 1:
            self._groups[group] = (count - 1, forget)
        else:
            forget()

    def _pump(self) -> None:
        for lane in list(self._lanes.values()):
            lane.pump()


async def _end_of(job: Job) -> None:
    ended = asyncio.get_running_loop().create_future()

    def look(each: Job) -> None:
        if each.done and not ended.done():
            ended.set_result(None)

    forget = job.observe(look)
    try:
        look(job)
        await ended
    finally:
        forget()
