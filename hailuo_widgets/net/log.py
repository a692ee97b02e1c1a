"""One line a call on the logger `hailuo_widgets.http`, at level DEBUG. No key, no body, no query."""

from __future__ import annotations

import logging
import os
import sys
from urllib.parse import urlsplit

LOGGER = logging.getLogger("hailuo_widgets.http")


def enabled() -> bool:
    """Whether calls are logged: by the logger's level, or by `HAILUO_DEBUG=1`, which writes them to stderr."""
    if os.environ.get("HAILUO_DEBUG", "0") not in {"", "0"} and not any(
        isinstance(handler, _ToStderr) for handler in LOGGER.handlers
    ):
        LOGGER.addHandler(_ToStderr())
        LOGGER.setLevel(logging.DEBUG)
    return LOGGER.isEnabledFor(logging.DEBUG)


class _ToStderr(logging.Handler):
    """Writes to `sys.stderr` as it is at that moment: a notebook replaces it."""

    def emit(self, record: logging.LogRecord) -> None:
        print(f"hailuo_widgets.http: {record.getMessage()}", file=sys.stderr, flush=True)  # noqa: T201


def log_call(method: str, url: str, outcome: object, seconds: float, attempt: int) -> None:
    """Write one line.

    Args:
        method: `"GET"` and so on.
        url: Its host and path are shown. A query may hold a signature, so it is not.
        outcome: The status, or why there is none.
        seconds: How long the call took.
        attempt: 1 for the first time that it was made.
    """
    parts = urlsplit(url)
    host, path = parts.netloc.rpartition("@")[2], parts.path
    LOGGER.debug("%s %s %s -> %s, %.0f ms, attempt %d", method, host, path, outcome, seconds * 1e3, attempt)
