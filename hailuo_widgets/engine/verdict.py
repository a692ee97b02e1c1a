"""What an error means for a job, decided in one place: its final state, and the error that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import AuthenticationError, Charged, HailuoError, UncertainError, VendorError

if TYPE_CHECKING:
    from hailuo_widgets.engine.job import Job


def verdict(error: BaseException, job: Job) -> tuple[JobState, HailuoError]:
    """The state in which a job ends, and its error.

    - With a task, it is `abandoned`: a question or the download failed, not the task, so it can be resumed.
    - Without one, where the request may have been charged, it is `uncertain`.
    - Otherwise it is `refused`: nothing was charged.

    Args:
        error: What ended the job. One that is not of our family is a mistake of ours, or of a provider's code.
        job: As it was when that happened.
    """
    known = error if isinstance(error, HailuoError) else _mistake(error, job)
    if job.task_id is not None:
        return JobState.ABANDONED, known
    if isinstance(error, VendorError):
        unclear = isinstance(error, UncertainError) or error.charged is Charged.UNKNOWN
    else:
        unclear = not isinstance(error, HailuoError) and job.state is not JobState.PLANNED
    return JobState.UNCERTAIN if unclear else JobState.REFUSED, known


def about(error: HailuoError, job: Job, key_origin: str) -> None:
    """Add to an error what is known of its job, and where a key came from that was refused."""
    if not isinstance(error, VendorError):
        return
    error.provider, error.task_id = error.provider or job.quote.row.provider, error.task_id or job.task_id
    error.request = error.request or job.quote.request
    if isinstance(error, AuthenticationError) and key_origin and key_origin not in str(error):
        error.hint = f"{error.hint} The key came from {key_origin}.".strip()


def detail(error: HailuoError) -> dict[str, Any]:
    """An error as the journal keeps it."""
    found: dict[str, Any] = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    if isinstance(error, VendorError):
        found |= {"http_status": error.http_status, "code": error.code, "charged": error.charged.value}
    return found


def _mistake(error: BaseException, job: Job) -> HailuoError:
    wrapped = HailuoError(
        f"Internal error: {type(error).__name__}: {error}",
        hint="The task can be resumed." if job.task_id else "Please report it.",
    )
    wrapped.__cause__ = error
    return wrapped
