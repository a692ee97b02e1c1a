"""Who holds a lease, and whether it still runs. Loads nothing but what Python has loaded anyway."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

SECONDS = 60.0
"""How long a lease holds without being renewed."""


def new() -> str:
    """A name for a holder in this process that says where and what it is."""
    pid = os.getpid()
    return f"{_machine()}-{pid}-{_started(pid)}-{secrets.token_hex(3)}"


def retire(owner: str) -> None:
    """Say that a holder in this process holds nothing any more, although the process runs on."""
    _retired.add(owner)


_retired: set[str] = set()


def gone(owner: str) -> bool:
    """Whether the holder certainly runs no more. One on another machine can't be asked: its lease has to expire."""
    return _runs(owner) is False


def here(owner: str) -> bool:
    """Whether the holder certainly runs, on this machine. It may stand still."""
    return _runs(owner) is True


def _runs(owner: str) -> bool | None:
    if owner in _retired:
        return False
    machine, _, rest = owner.partition("-")
    number, _, rest = rest.partition("-")
    if machine != _machine() or not number.isdecimal() or os.name != "posix":
        return None
    pid = int(number)
    with suppress(PermissionError):  # it is someone else's, so it runs
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
    return _started(pid) == rest.partition("-")[0]  # or the number was given to another process since


@cache
def _machine() -> str:
    """Eight hex digits for this machine since its start; in a container, for the container."""
    parts = [os.uname().nodename] if hasattr(os, "uname") else [os.environ.get("COMPUTERNAME", "")]
    if sys.platform == "linux":
        with suppress(OSError):
            parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
            parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _started(pid: int) -> str:
    """When a process started, in ticks since the machine did; `0` where that can't be known, `x` for a dead one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return "x" if sys.platform == "linux" else "0"
    except OSError:
        return "0"
    fields = stat.rpartition(")")[2].split()
    return "x" if fields[0] == "Z" else fields[19]
