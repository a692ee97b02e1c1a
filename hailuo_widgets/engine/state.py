"""The states of a job, and no others."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands. A `str`, so that `job.state == "stored"` holds."""

    PLANNED = "planned"
    """Checked, not sent."""
    SUBMITTING = "submitting"
    """Written down, and on its way."""
    QUEUED = "queued"
    """The vendor has it."""
    RUNNING = "running"
    """The vendor works on it."""
    DOWNLOADING = "downloading"
    """The clip is made and on its way here."""
    STORED = "stored"
    """The clip is in the library."""
    REFUSED = "refused"
    """Never sent, or turned down: nothing was charged."""
    FAILED = "failed"
    """The vendor tried and failed."""
    UNCERTAIN = "uncertain"
    """Sent, but no clear answer: it may have been charged, so a person decides."""
    ABANDONED = "abandoned"
    """We stopped watching. The vendor may still finish it, and it can be resumed."""
    CANCELLED = "cancelled"
    """Cancelled: before it was sent, or by the vendor."""

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self in _FINAL


_FINAL = frozenset(
    {
        JobState.STORED,
        JobState.REFUSED,
        JobState.FAILED,
        JobState.UNCERTAIN,
        JobState.ABANDONED,
        JobState.CANCELLED,
    }
)
