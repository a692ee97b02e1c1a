"""What a vendor's answer means: one order for all wires.

An answer to a paying call is read in this order:

1. Does it name a task, anywhere the wire puts one? Then there is a task, whatever else the answer says.
2. Is it a refusal that the vendor documents, in the vendor's own form? Then nothing was charged.
3. Anything else may come from a gateway, or from a vendor that broke half-way: it may have been charged.

HTTP 401 and 429 are the exception to 3: they say by their definition (RFC 9110, 15.5.2; RFC 6585, 4) that the request
was not carried out, whoever sends them.

An answer to a question never ends a task unless it is the vendor's word about that task. See `Provider.poll`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
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
from hailuo_widgets.providers import fields
from hailuo_widgets.providers.base import EXCERPT
from hailuo_widgets.providers.text import REPLACEMENT

if TYPE_CHECKING:
    from hailuo_widgets.providers.base import HttpReply

ErrorKind = Callable[..., VendorError]
Codes = Mapping[str, ErrorKind]
Said = Callable[[Mapping[str, Any]], tuple[str, str]]
Place = tuple[str, ...]

ID_LIMIT = 256
"""Characters; no vendor's task id comes near it."""

MOST_DOCUMENTS = 100
"""Objects that are looked for in an answer that isn't one JSON document."""

# A whole string, or a number that has ended.
_TASK_ID = re.compile(r'"task_id"\s*:\s*(?:"([^"\\\\]{1,256})"|(\d{1,30})(?=[\s,}\]]))')

_NO_ID = frozenset({"null", "none", "nil", "undefined", "nan", "-1", "true", "false"})
"""What a broken program writes where an id would be."""

DEEPEST = 6
"""Levels of an answer in which a task's id is looked for."""

_SAME_FROM_EVERYBODY: dict[int, type[VendorError]] = {401: AuthenticationError, 429: RateLimitError}
_MODERATED = re.compile(r"sensitive|moderat|illegal content|content policy|content violat", re.IGNORECASE)
_OF_THE_CLIP = re.compile(r"output|result|generated", re.IGNORECASE)
_QUOTA = re.compile(r"quota|balance", re.IGNORECASE)


def content_input(message: str, **details: Any) -> VendorError:
    """The prompt or a picture was rejected; vendors' own words are often a code, such as “input new_sensitive”."""
    return ContentRefusedError(
        f"Moderation rejected the prompt or a picture: {message.rstrip('.')}.",
        **{"hint": "Change it, then run it again.", **details, "side": "input"},
    )


def content_output(message: str, **details: Any) -> VendorError:
    """The finished clip was rejected."""
    return ContentRefusedError(
        f"Moderation rejected the finished clip: {message.rstrip('.')}.",
        **{"hint": "Change the prompt, then run it again.", "charged": Charged.UNKNOWN, **details, "side": "output"},
    )


# By HTTP status, for a task that failed: nothing is decided by it but the words and whether to try again.
_BY_STATUS: dict[int, type[VendorError]] = {
    401: AuthenticationError,
    402: BalanceError,
    403: AuthenticationError,
    404: NotFoundError,
    408: VendorFaultError,
    410: NotFoundError,
    429: RateLimitError,
}


def said(answer: Mapping[str, Any]) -> tuple[str, str]:
    """The code and the words of `{"error": {"code": …, "message": …}}`, the form that most vendors use."""
    error = fields.mapping(answer.get("error"))
    return fields.text(error.get("code")), fields.text(error.get("message"))


def submitted(
    reply: HttpReply, codes: Codes, said: Said = said, places: tuple[Place, ...] = (("task_id",),)
) -> tuple[str, dict[str, Any]]:
    """The task that the answer to a paying call names, and the answer.

    Args:
        reply: The answer.
        codes: The vendor's documented error codes.
        said: Reads code and words out of the vendor's own form of an error.
        places: Where the wire puts the id: the keys that lead to it. A key `task_id` anywhere else counts as well.

    Raises:
        VendorError: If it names none: by the vendor's documented code, where it has one.
        VendorFaultError: If it is anything else; it may have been charged.
    """
    documents = list(_documents(reply))
    for value in documents:
        if task_id := _named(value, places):
            return task_id, fields.mapping(value)
    if task_id := _in_pieces(reply):
        return task_id, {}
    answer = next(filter(None, map(fields.mapping, documents)), {})
    code, message = said(answer)
    if code in codes:
        raise error_of(reply, code=code, message=message, known=codes)
    raise _unclear(reply, code, message, "named no task")


def answered(reply: HttpReply, codes: Codes, said: Said = said) -> dict[str, Any]:
    """The JSON object of an answer to a question.

    Raises:
        NotFoundError: If the vendor, or a gateway in JSON, knows no such thing.
        VendorError: If the question was refused: by the vendor's documented code.
        VendorFaultError: If it is anything else; the question should be asked again.
    """
    if 200 <= reply.status < 300:
        return reply.object()
    try:
        answer = reply.object()
    except VendorFaultError:
        if reply.status in _SAME_FROM_EVERYBODY:
            raise error_of(reply) from None
        raise
    code, message = said(answer)
    if code in codes:
        raise error_of(reply, code=code, message=message, known=codes)
    if reply.status in {404, 410}:
        raise error_of(reply, code=code, message=message)
    raise _unclear(reply, code, message, "did not report the task's state")


def refused(reply: HttpReply, answer: Mapping[str, Any], codes: Codes, said: Said) -> None:
    """Some vendors refuse with HTTP 200 and a code in the body.

    Raises:
        VendorError: If there is a code and it is not `0`.
    """
    code, message = said(answer)
    if code in codes:
        raise error_of(reply, code=code, message=message, known=codes)
    if code not in {"", "0"}:
        raise _unclear(reply, code, message, "did not report the task's state")


def error_of(
    reply: HttpReply,
    *,
    code: str = "",
    message: str = "",
    known: Codes | None = None,
    **details: Any,
) -> VendorError:
    """The error for what a vendor says: by the vendor's own code where it is known, else by HTTP status.

    Args:
        reply: The answer.
        code: The vendor's code, as text.
        message: The vendor's words; the body's beginning where it has none.
        known: The vendor's codes.
        details: More of `VendorError`'s arguments.
    """
    status = reply.status
    if status < 400 and len(code) == 3 and code.isascii() and code.isdigit():
        status = int(code)  # an HTTP status in the body of an answer that came with 200
    kind = (known or {}).get(code) or _by_status(status)
    words = (message or reply.text).strip()[:EXCERPT]
    return kind(
        words or f"HTTP {reply.status}",
        http_status=reply.status,
        code=code[:EXCERPT],
        vendor_message=words,
        retry_after=reply.retry_after,
        **details,
    )


def forbidden(message: str, **details: Any) -> VendorError:
    """The error for a code with several meanings; the vendor's message decides which one applies."""
    if _QUOTA.search(message):
        return BalanceError(message, **details)
    return (_moderation(message) or AuthenticationError)(message, **details)


def failure(reply: HttpReply, code: str, message: str, known: Codes, **details: Any) -> VendorError:
    """Why a task failed. No vendor of ours says whether a failed task is charged, so that stays unknown."""
    words = message or "The vendor failed to make the clip and gave no reason."
    if code not in known and (moderation := _moderation(words)):
        known = {**known, code: moderation}
    return error_of(reply, code=code, message=words, known=known, **{"charged": Charged.UNKNOWN, **details})


def _unclear(reply: HttpReply, code: str, message: str, what: str) -> VendorError:
    """Neither a task nor a refusal that the vendor documents: with what was seen."""
    if reply.status in _SAME_FROM_EVERYBODY:
        return error_of(reply, code=code, message=message)
    words = (message or reply.text).strip()[:EXCERPT]
    return VendorFaultError(
        f"The answer {what}: HTTP {reply.status}, {f'“{words}”' if words else 'and nothing else'}.",
        http_status=reply.status,
        code=code[:EXCERPT],
        vendor_message=words,
        retry_after=reply.retry_after,
    )


def _named(value: Any, places: tuple[Place, ...]) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    for place in places:
        found = value
        for key in place:
            found = fields.mapping(found).get(key)
        if task_id := _id(found):
            return task_id
    return next(_anywhere(value, DEEPEST), "")


def _anywhere(value: Any, deep: int) -> Iterator[str]:
    if isinstance(value, dict) and (task_id := _id(value.get("task_id"))):
        yield task_id
    if deep:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for each in inner:
            yield from _anywhere(each, deep - 1)


def _id(value: Any) -> str:
    """A task's id, or `""`. Some vendors send `""`, `0` or `"null"` instead of an id."""
    result = fields.text(value)
    if result.casefold() in _NO_ID:
        return ""
    usable = len(result) <= ID_LIMIT and result.strip("0") and result.isprintable() and REPLACEMENT not in result
    return result if usable else ""


def _documents(reply: HttpReply) -> Iterator[Any]:
    """The JSON of an answer; if it isn't one document, the objects in it: JSON lines, events, or text around one."""
    with suppress(VendorFaultError):
        value = reply.json()
        yield value
        if isinstance(value, str):  # some gateways pack the vendor's answer into a text
            yield replace(reply, body=value.encode("utf-8", "replace")).json()
        return
    text = reply.body.decode(json.detect_encoding(reply.body), "replace")
    decoder, end = json.JSONDecoder(), 0
    for _ in range(MOST_DOCUMENTS):
        if (start := text.find("{", end)) < 0:
            return
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            with suppress(VendorFaultError):
                yield replace(reply, body=text[start:end].encode("utf-8", "replace")).json()


def _in_pieces(reply: HttpReply) -> str:
    """A task's id in an answer whose JSON breaks off or is broken elsewhere, or `""`."""
    try:
        reply.json()
    except VendorFaultError:
        return next(_ids_in(reply.body), "")
    return ""


def names_a_task(body: bytes) -> bool:
    """Whether the beginning of an answer, which broke off, has a whole task id in it."""
    return any(_ids_in(body))


def _ids_in(body: bytes) -> Iterator[str]:
    text = body.decode(json.detect_encoding(body), "replace")
    return filter(None, (_id(each[1] or int(each[2])) for each in _TASK_ID.finditer(text)))


def _by_status(status: int) -> ErrorKind:
    return _BY_STATUS.get(status) or (InvalidRequestError if 400 <= status < 500 else VendorFaultError)


def _moderation(message: str) -> ErrorKind | None:
    """The error where the words speak of moderation, in the way of MiniMax, whose models all vendors resell."""
    if not _MODERATED.search(message):
        return None
    return content_output if _OF_THE_CLIP.search(message) else content_input
