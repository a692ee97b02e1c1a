"""Waiting for a condition with a deadline that is only ever reached by a failure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def wait_until(check: Callable[[], T | None], timeout: float, explain: Callable[[], str]) -> T:
    """The first value of `check()` that counts as true.

    Args:
        check: Looked at every 50 ms.
        timeout: Seconds until it counts as never.
        explain: What the failure says; called only then.

    Raises:
        TimeoutError: The time is up.
    """
    end = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"after {timeout:g} s: {explain()}")
        time.sleep(0.05)
