"""How a call can end without an answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoReply:
    """A call that got no answer.

    Attributes:
        reason: For people; it never holds a key or a proxy's password.
        sent: Whether the call may have left this machine.
        timed_out: Whether a deadline passed.
    """

    reason: str
    sent: bool
    timed_out: bool = False


class CutOffError(Exception):
    """A file could not be fetched whole this time; the same address can be asked again."""
