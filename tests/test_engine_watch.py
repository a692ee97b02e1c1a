"""What is learned of a task reaches the one who waits for it, whatever that one does meanwhile."""

import asyncio

from hailuo_widgets.engine.poller import Watch
from hailuo_widgets.providers import Phase, Task, TaskState


def test_an_end_that_is_learned_while_the_last_news_are_looked_at_is_told_too():
    task = Task("t1", "MiniMax-Hailuo-02")
    watch = Watch(task, began=0.0, kind=("MiniMax-Hailuo-02", 6, "768P"))
    watch.tell(TaskState(task, Phase.RUNNING))

    async def follow():
        phases = []
        async for state in watch.states():
            phases.append(state.phase)
            if not state.phase.final:
                watch.tell(TaskState(task, Phase.FAILED))  # while a state is written down, say
        return phases

    assert asyncio.run(follow()) == [Phase.RUNNING, Phase.FAILED]
