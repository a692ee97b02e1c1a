"""Reading a vendor's JSON without trusting it: a reader returns a value of its type, or reports that there is none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import VendorFaultError
from hailuo_widgets.providers.base import EXCERPT, Phase
from hailuo_widgets.providers.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hailuo_widgets.providers.base import HttpReply
    from hailuo_widgets.spec.request import VideoRequest


def text(value: Any) -> str:
    """A string or a number as one safe line, `""` for anything else. Vendors write ids and codes either way."""
    if isinstance(value, str):
        return plain(value)
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
    usable = isinstance(value, str) and value.startswith(("https://", "http://")) and value.isprintable()
    return value if usable else None


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
    """The phase for a vendor's status word; an unknown word means that the task is still running."""
    return words.get(word.casefold(), Phase.RUNNING)


def chosen(request: VideoRequest, wire_names: Mapping[str, str]) -> dict[str, Any]:
    """The request's fields that are not None, under the vendor's names.

    Args:
        request: What is asked for.
        wire_names: Our name → the vendor's, in the order in which the vendor's page has them.
    """
    values = {wire: getattr(request, ours) for ours, wire in wire_names.items()}
    return {wire: value for wire, value in values.items() if value is not None}
