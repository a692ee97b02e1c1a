"""Reading a vendor's JSON without trusting it: a reader gives a value of its type, or says that there is none."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import (
    AuthenticationError,
    BalanceError,
    ContentRefusedError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    VendorError,
    VendorFaultError,
)
from hailuo_widgets.providers.base import EXCERPT, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hailuo_widgets.providers.base import HttpReply

    ErrorKind = Callable[..., VendorError]

content_input = partial(ContentRefusedError, side="input")
content_output = partial(ContentRefusedError, side="output")

_BY_STATUS: dict[int, type[VendorError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: BalanceError,
    403: AuthenticationError,
    404: NotFoundError,
    405: InvalidRequestError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: RateLimitError,
}


def text(value: Any) -> str:
    """A string or a number as text, `""` for anything else. Vendors write ids and codes either way."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object, `{}` for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A JSON array, `[]` for anything else."""
    return value if isinstance(value, list) else []


def number(value: Any) -> float | None:
    """A finite number, also where it is written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def percent(value: Any) -> float | None:
    """0 to 100 as 0 to 1; None where it is no number."""
    result = number(value)
    return None if result is None else min(max(result / 100, 0.0), 1.0)


def web_url(value: Any) -> str | None:
    """An http(s) URL, None for anything else; a vendor's reply must not make us open a file."""
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else None


def task_id(value: Any, reply: HttpReply) -> str:
    """The id of a task that was just bought.

    Raises:
        VendorFaultError: If there is none; the task may exist all the same.
    """
    result = text(value)
    if not result:
        raise VendorFaultError(
            "The vendor took the request but named no task.",
            http_status=reply.status,
            vendor_message=reply.text[:EXCERPT],
        )
    return result


def phase(word: str, words: Mapping[str, Phase]) -> Phase:
    """The phase that a vendor's status word stands for; a word that nobody knows means a task that still runs."""
    return words.get(word.casefold(), Phase.RUNNING)


def error_of(
    reply: HttpReply,
    *,
    code: str = "",
    message: str = "",
    known: Mapping[str, ErrorKind] | None = None,
    **details: Any,
) -> VendorError:
    """The error for a vendor's refusal: by the vendor's own code where it is known, else by HTTP status.

    Args:
        reply: The answer.
        code: The vendor's code, as text.
        message: The vendor's words; the body's beginning where it has none.
        known: The vendor's codes.
        details: More of `VendorError`'s arguments.
    """
    kind = (known or {}).get(code) or _BY_STATUS.get(reply.status, VendorFaultError)
    said = message or reply.text[:EXCERPT].strip()
    return kind(
        said or f"HTTP {reply.status}",
        http_status=reply.status,
        code=code,
        vendor_message=said,
        retry_after=reply.retry_after,
        **details,
    )
