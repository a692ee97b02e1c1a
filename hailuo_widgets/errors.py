"""Every error that a user can see, in one hierarchy.

Two branches: `RefusedError` is ours (nothing left the machine), `VendorError` is about a conversation with a vendor.
Each vendor error says what a person with money at stake wants to know: was it charged, and can trying again help?
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


class Charged(StrEnum):
    """Whether a request was charged, as far as the answer tells."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class HailuoError(Exception):
    """The base class of all errors.

    Args:
        message: One sentence: what is wrong.
        hint: What to do about it; shown under the message.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.shown = False
        """Whether a card already shows it; the notebook's error output is then one short line."""

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: what is wrong and what to do, as one readable message."""
        if self.shown:
            return [f"{type(self).__name__}: see the card above."]
        return [f"{type(self).__name__}: {self.message}", *([self.hint.strip("\n")] if self.hint else [])]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request, found before anything was sent.

    Attributes:
        field: The field of the request, as the user would write it.
        message: What is wrong, in one sentence.
        allowed: The values that would be accepted, ready to be shown; empty where that can't be listed.
        hint: The way out, another provider that could do it included.
        source: The vendor's page that the constraint comes from.
    """

    field: str
    message: str
    allowed: tuple[str, ...] = ()
    hint: str = ""
    source: str = ""

    def __str__(self) -> str:
        allowed = f" Allowed: {', '.join(self.allowed)}." if self.allowed else ""
        return f"{self.message}{allowed} {self.hint}".rstrip()


class RefusedError(HailuoError, ValueError):
    """The request was refused here, before anything was sent: nothing was charged.

    Args:
        problems: Everything that is wrong, not just the first thing.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(HailuoError, ValueError):
    """A cell, a command line or a setting could not be understood."""


class LibraryError(HailuoError):
    """The library's folder or its journal can't be read or written.

    Args:
        message: One sentence: what is wrong.
        hint: What to do about it.
        busy: Whether a retry can succeed soon: another process has locked the journal, or its server is restarting.
    """

    def __init__(self, message: str, *, hint: str = "", busy: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.busy = busy


class VendorError(HailuoError):
    """A call to a vendor failed.

    Attributes:
        provider: The provider's name, `""` if none was involved yet.
        http_status: The HTTP status of the answer, None where there was no answer.
        code: The vendor's own code, always as text, `""` if it gave none.
        vendor_message: The vendor's own words.
        request: The `VideoRequest` that it was about, None for a bare status query.
        task_id: The vendor's id of the task, None where none was given out.
        charged: Whether it cost money, as far as can be told.
        retryable: Whether the same call can succeed later without being changed.
        retry_after: Seconds that the vendor asked us to wait, None if it did not say.
        kind: The word by which journals and tables name this error.
    """

    kind: ClassVar[str] = "vendor"
    default_charged: ClassVar[Charged] = Charged.NO
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        provider: str = "",
        http_status: int | None = None,
        code: str = "",
        vendor_message: str = "",
        request: object | None = None,
        task_id: str | None = None,
        charged: Charged | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.provider = provider
        self.http_status = http_status
        self.code = code
        self.vendor_message = vendor_message
        self.request = request
        self.task_id = task_id
        self.charged = self.default_charged if charged is None else charged
        self.retryable = self.default_retryable if retryable is None else retryable
        self.retry_after = retry_after


class AuthenticationError(VendorError):
    """The vendor does not know the key, or the key may not do this."""

    kind = "authentication"


class BalanceError(VendorError):
    """The account has no money or no quota left."""

    kind = "balance"


class RateLimitError(VendorError):
    """Too many requests or tasks at once. The vendor certainly did not accept this one."""

    kind = "rate_limit"
    default_retryable = True


class ContentRefusedError(VendorError):
    """The vendor's moderation rejected the input or the finished clip.

    Attributes:
        side: `"input"` for the prompt or a picture, `"output"` for the finished clip.
    """

    kind = "content"

    def __init__(self, message: str, *, side: Literal["input", "output"] = "input", **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # the details are VendorError's own
        self.side = side


class InvalidRequestError(VendorError):
    """The vendor says that the request is malformed or not possible."""

    kind = "invalid_request"


class NotFoundError(VendorError):
    """The vendor does not know the task, the model or the path."""

    kind = "not_found"


class VendorFaultError(VendorError):
    """The vendor failed: an internal error, or an answer that can't be understood."""

    kind = "vendor_fault"
    default_charged = Charged.UNKNOWN
    default_retryable = True


class NetworkError(VendorError):
    """The vendor could not be reached; the request certainly did not arrive."""

    kind = "network"
    default_retryable = True


class TimedOutError(VendorError):
    """A deadline passed. The task, if there is one, continues at the vendor and can be resumed."""

    kind = "timed_out"
    default_charged = Charged.UNKNOWN
    default_retryable = True


class UncertainError(VendorError):
    """The paying request may have arrived, but no answer came back. You have to decide what to do."""

    kind = "uncertain"
    default_charged = Charged.UNKNOWN


class DownloadError(VendorError):
    """The clip was made but could not be downloaded or stored. Run `%hailuo resume` to continue."""

    kind = "download"
    default_charged = Charged.YES
    default_retryable = True


class CancelledError(VendorError):
    """The task was cancelled, here or at the vendor."""

    kind = "cancelled"
