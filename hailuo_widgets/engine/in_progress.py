"""What this kernel is making: one job for each request and replicate, however often it is requested. Thread-safe."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hailuo_widgets.engine.job import Job

Key = tuple[str, int]
"""The request's digest, and the replicate."""


class InProgress:
    """The jobs of one library that have not ended, by what they make. Fresh jobs are not among them."""

    def __init__(self) -> None:
        self._jobs: dict[Key, Job] = {}
        self._lock = threading.Lock()

    def get(self, key: Key) -> Job | None:
        """The job that is making it; None if there is none."""
        with self._lock:
            return self._current(key)

    def enter(self, job: Job) -> Job:
        """Have a job make its clip, unless another one does already.

        Returns:
            The job that makes it: this one, or the other.
        """
        if job.fresh:
            return job
        key = (job.quote.digest, job.replicate)
        with self._lock:
            if (other := self._current(key)) is not None:
                return other
            self._jobs[key] = job
        return job

    def leave(self, job: Job) -> None:
        """A job has ended."""
        key = (job.quote.digest, job.replicate)
        with self._lock:
            if self._jobs.get(key) is job:
                del self._jobs[key]

    def _current(self, key: Key) -> Job | None:
        job = self._jobs.get(key)
        # A cancelled job answers no new request: that waits until the job has ended, and continues from there.
        return job if job is not None and not job.done and not job.stop_wanted else None
