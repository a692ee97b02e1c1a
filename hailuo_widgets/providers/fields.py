"""Reading a vendor's JSON without trusting it: a reader gives a value of its type, or says that there is none."""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import (
    AuthenticationError,
    BalanceError,
    Charged,
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
    from hailuo_widgets.spec.request import VideoRequest

    ErrorKind = Callable[..., VendorError]
    Codes = Mapping[str, ErrorKind]
    Said = Callable[[Mapping[str, Any]], tuple[str, str]]

content_input = partial(ContentRefusedError, side="input")
content_output = partial(ContentRefusedError, side="output", charged=Charged.UNKNOWN)

_MODERATED = re.compile(r"sensitive|moderat|illegal content|content policy|content violat", re.IGNORECASE)
_OF_THE_CLIP = re.compile(r"output|result|generated", re.IGNORECASE)
_QUOTA = re.compile(r"quota|balance", re.IGNORECASE)

ID_LIMIT = 256
"""Characters; no vendor's task id comes near it."""

_BY_STATUS: dict[int, type[VendorError]] = {
    401: AuthenticationError,
    402: BalanceError,
    403: AuthenticationError,
    404: NotFoundError,
    408: VendorFaultError,
    410: NotFoundError,
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


def seconds(value: Any) -> float | None:
    """A span of time; None where it is no number above 0, which is how vendors write that they don't know."""
    result = number(value)
    return result if result and result > 0 else None


def web_url(value: Any) -> str | None:
    """An http(s) URL, None for anything else; a vendor's reply must not make us open a file."""
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else None


def clip_url(value: Any, reply: HttpReply) -> str:
    """The URL of a finished clip.

    Raises:
        VendorFaultError: If it is not; asking again may help.
    """
    url = web_url(value)
    if url is None:
        raise VendorFaultError(
            "The clip is done, but its address is missing.",
            http_status=reply.status,
            vendor_message=reply.text[:EXCERPT],
        )
    return url


def phase(word: str, words: Mapping[str, Phase]) -> Phase:
    """The phase that a vendor's status word stands for; a word that is unknown means a task that still runs."""
    return words.get(word.casefold(), Phase.RUNNING)


def chosen(request: VideoRequest, wire_names: Mapping[str, str]) -> dict[str, Any]:
    """The request's fields that are not None, under the vendor's names.

    Args:
        request: What is asked for.
        wire_names: Our name → the vendor's, in the order in which the vendor's page has them.
    """
    values = {wire: getattr(request, ours) for ours, wire in wire_names.items()}
    return {wire: value for wire, value in values.items() if value is not None}


def said(answer: Mapping[str, Any]) -> tuple[str, str]:
    """The code and the words of `{"error": {"code": …, "message": …}}`, the form that most vendors use."""
    error = mapping(answer.get("error"))
    return text(error.get("code")), text(error.get("message"))


def error_of(
    reply: HttpReply,
    *,
    code: str = "",
    message: str = "",
    known: Codes | None = None,
    **details: Any,
) -> VendorError:
    """The error for a vendor's refusal: by the vendor's own code where it is known, else by HTTP status.

    Args:
        reply: The answer.
        code: The vendor's code, as text.
        message: The vendor's words; the body's beginning where it has none.
        known: The vendor's codes. An HTTP status as text holds for all unknown codes that come with it.
        details: More of `VendorError`'s arguments.
    """
    known = known or {}
    status = reply.status
    if status < 400 and len(code) == 3 and code.isascii() and code.isdigit():
        status = int(code)  # an HTTP status in the body of an answer that came with 200
    kind = known.get(code) or known.get(str(status)) or _by_status(status)
    words = (message or reply.text).strip()[:EXCERPT]
    return kind(
        words or f"HTTP {reply.status}",
        http_status=reply.status,
        code=code[:EXCERPT],
        vendor_message=words,
        retry_after=reply.retry_after,
        **details,
    )


def _by_status(status: int) -> ErrorKind:
    return _BY_STATUS.get(status) or (InvalidRequestError if 400 <= status < 500 else VendorFaultError)


def accepted(reply: HttpReply, known: Codes, said: Said = said) -> dict[str, Any]:
    """The JSON object of an answer that is no refusal.

    A refusal counts where it is the vendor's own, in JSON. A page of HTML is a gateway's, whatever its status: it says
    nothing about a task. Only 401 and 429 mean the same from everybody.

    Args:
        reply: The answer.
        known: The vendor's error codes.
        said: Reads code and words out of a refusal.

    Raises:
        VendorError: If it is a refusal.
        VendorFaultError: If it is no JSON object.
    """
    try:
        answer = reply.object()
    except VendorFaultError:
        if reply.status in {401, 429}:
            raise error_of(reply) from None
        raise
    if not 200 <= reply.status < 300:
        code, message = said(answer)
        raise error_of(reply, code=code, message=message, known=known)
    return answer


def task_id(value: Any, reply: HttpReply, known: Codes, said: Said = said) -> str:
    """The id of a task that was just bought.

    Args:
        value: Where the vendor writes it.
        reply: The answer.
        known: The vendor's error codes: some refuse with HTTP 200.
        said: Reads code and words out of a refusal.

    Raises:
        VendorError: If the answer is a refusal.
        VendorFaultError: If there is neither an id nor a known code; the task may exist all the same.
    """
    result = text(value)
    if result and len(result) <= ID_LIMIT:
        return result
    code, message = said(reply.object())
    if code in known:
        raise error_of(reply, code=code, message=message, known=known)
    raise VendorFaultError(
        "The vendor took the request but named no task.",
        http_status=reply.status,
        code=code[:EXCERPT],
        vendor_message=reply.text[:EXCERPT],
    )


def forbidden(message: str, **details: Any) -> VendorError:
    """The error for a code that stands for several things at once; the vendor's words say which it is."""
    if _QUOTA.search(message):
        return BalanceError(message, **details)
    return (_moderation(message) or AuthenticationError)(message, **details)


def _moderation(message: str) -> ErrorKind | None:
    """The error where the words speak of moderation, in the way of MiniMax, whose models all vendors resell."""
    if not _MODERATED.search(message):
        return None
    return content_output if _OF_THE_CLIP.search(message) else content_input


def failure(reply: HttpReply, code: str, message: str, known: Codes, **details: Any) -> VendorError:
    """Why a task failed. No vendor of ours says whether a failed task is charged, so that stays unknown."""
    words = message or "The vendor failed to make the clip, and did not say why."
    if code not in known and (moderation := _moderation(words)):
        known = {**known, code: moderation}
    return error_of(reply, code=code, message=words, known=known, **{"charged": Charged.UNKNOWN, **details})
