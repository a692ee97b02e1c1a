"""Work that has to come to its end once it has begun, whatever happens to the one who waits for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T] | asyncio.Future[T], begun: Callable[[], bool] = lambda: True) -> T:
    """Wait for work that a cancellation of the waiting does not stop.

    The cancellation is not passed on; who needs to know of it compares `cancellations` before and after.

    Args:
        work: What to wait for.
        begun: Whether it has come so far that it has to end. Until then a cancellation is passed on.

    Raises:
        asyncio.CancelledError: If the work itself was cancelled: because the loop ends, or because it had not begun.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            if not begun():
                task.cancel()
        except Exception:  # noqa: BLE001, S110  # `result()` below raises it once more
            pass
    return task.result()


def cancellations() -> int:
    """How often the task that runs now has been cancelled, held back or not."""
    task = asyncio.current_task()
    return task.cancelling() if task else 0
