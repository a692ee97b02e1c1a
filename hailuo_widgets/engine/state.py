"""The states of a job, and the one name of each that a person reads."""

from __future__ import annotations

from enum import StrEnum

NOT_REACHED = "Not reached"
"""The label of a job that ended because its provider could not be reached: nothing was sent, and nothing refused."""


class JobState(StrEnum):
    """A job's state. A `str`, so that `job.state == "stored"` holds. The values are those of the journal."""

    PLANNED = "planned"
    """Checked, not sent."""
    SUBMITTING = "submitting"
    """Written down, and being sent."""
    QUEUED = "queued"
    """The vendor has it."""
    RUNNING = "running"
    """The vendor works on it."""
    DOWNLOADING = "downloading"
    """The clip is made and being fetched."""
    STORED = "stored"
    """Done: the clip is in the library."""
    REFUSED = "refused"
    """Never sent, or turned down: nothing was charged."""
    FAILED = "failed"
    """The vendor tried and failed."""
    UNCERTAIN = "uncertain"
    """Unconfirmed: sent, but no clear answer came. It may have been charged, so a person decides."""
    ABANDONED = "abandoned"
    """Detached: we stopped watching. The vendor may still finish it and charge for it, and it can be resumed."""
    CANCELLED = "cancelled"
    """Cancelled: before it was sent, or by the vendor."""

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self in _FINAL

    @property
    def label(self) -> str:
        """The state as shown to users."""
        return _LABELS.get(self, self.value.capitalize())


_LABELS = {
    JobState.STORED: "Done",
    JobState.UNCERTAIN: "Unconfirmed",
    JobState.ABANDONED: "Detached",
}


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
