"""What can go wrong on the way, as data: faults are queued or drawn at random, and each request takes at most one."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import httpx

from .exchange import Where

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Message, Receive, Scope, Send

FaultKind = Literal[
    "rate_limited",
    "server_error",
    "http_429",
    "http_500",
    "http_502",
    "http_503",
    "slow",
    "hang",
    "drop",
    "cut",
    "html",
    "wrong_types",
    "missing_keys",
    "unknown_status",
    "bad_key",
    "no_balance",
    "refused_input",
    "unanswered",
    "lost",
    "fail_input",
    "fail_output",
    "fail_internal",
    "forbidden",
    "not_found",
    "expired",
    "wrong_size",
]
"""The faults.

- `rate_limited`, `server_error`, `bad_key`, `no_balance`, `refused_input`: the vendor's own refusal, in its own form.
- `http_429`, `http_500`, `http_502`, `http_503`: a gateway's page with that status.
- `slow`: the answer comes late. `hang`: it never comes. `drop`: the connection closes instead.
- `cut`: the connection closes in the middle of the body. `html`: a page with status 200.
- `wrong_types`, `missing_keys`, `unknown_status`: JSON that no page describes.
- `unanswered`, `lost`: the task is created and billed, then the answer never comes, or the connection closes.
- `fail_input`, `fail_output`, `fail_internal`: accepted, but the task will fail (moderated, or the vendor's fault).
- `forbidden`, `not_found`, `expired`: the result URL answers 403, 404, 403 as object storage does.
- `wrong_size`: the result is complete by its own headers, but only half of the clip.
"""

_GATEWAY: tuple[FaultKind, ...] = (
    "http_429",
    "http_500",
    "http_502",
    "http_503",
    "slow",
    "hang",
    "drop",
    "cut",
    "html",
)
_ANSWER: tuple[FaultKind, ...] = (
    *_GATEWAY,
    "rate_limited",
    "server_error",
    "bad_key",
    "wrong_types",
    "missing_keys",
)
_PAID: tuple[FaultKind, ...] = (
    "no_balance",
    "refused_input",
    "unanswered",
    "lost",
    "fail_input",
    "fail_output",
    "fail_internal",
)
KINDS: dict[Where, tuple[FaultKind, ...]] = {
    "submit": (*_ANSWER, *_PAID),
    "poll": (*_ANSWER, "unknown_status"),
    "file": _ANSWER,
    "download": (*_GATEWAY, "forbidden", "not_found", "expired", "wrong_size"),
}
"""Which faults can happen to which kind of request."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: What.
        where: To which kind of request.
        times: To how many of them, one after the other.
        vendor: Only to this vendor's; None for any. A result URL's vendor is `files`.
        retry_after: Seconds for the `Retry-After` header of a rate limit or a 503; None for no header.
        seconds: How late a slow answer is.

    Raises:
        ValueError: A fault of this kind cannot happen there.
    """

    kind: FaultKind
    where: Where = "poll"
    times: int = 1
    vendor: str | None = None
    retry_after: float | None = None
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.where not in get_args(Where):
            raise ValueError(f"A fault happens at one of {', '.join(get_args(Where))}, not at “{self.where}”.")
        if self.kind not in KINDS[self.where]:
            raise ValueError(
                f"“{self.kind}” cannot happen to a {self.where}; what can: {', '.join(sorted(KINDS[self.where]))}."
            )


class Faults:
    """The faults to come.

    Attributes:
        happened: Those that have been, in order.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._queue: list[Fault] = list(faults)
        self._random: random.Random | None = None
        self._rate = 0.0
        self._kinds: frozenset[FaultKind] | None = None
        self.happened: list[Fault] = []

    @classmethod
    def random(cls, seed: int, rate: float, kinds: Iterable[FaultKind] | None = None) -> Faults:
        """Faults at random: each request meets one with probability `rate`; the same seed gives the same series.

        Args:
            seed: Of the series.
            rate: Between 0 and 1.
            kinds: Only these; None for all that can happen to the request.
        """
        faults = cls()
        faults._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        faults._rate = rate
        faults._kinds = None if kinds is None else frozenset(kinds)
        return faults

    def add(self, *faults: Fault) -> None:
        """Queue faults; the first that fits a request happens to it."""
        self._queue.extend(faults)

    def clear(self) -> None:
        """Forget what is still queued."""
        self._queue.clear()

    def take(self, where: Where, vendor: str) -> Fault | None:
        """The fault that happens to this request, if any."""
        fault = self._next_queued(where, vendor) or self._next_random(where)
        if fault:
            self.happened.append(fault)
        return fault

    def _next_queued(self, where: Where, vendor: str) -> Fault | None:
        for index, fault in enumerate(self._queue):
            if fault.where == where and fault.vendor in {None, vendor}:
                self._queue[index : index + 1] = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                return fault
        return None

    def _next_random(self, where: Where) -> Fault | None:
        if self._random is None or self._random.random() >= self._rate:
            return None
        kinds = [kind for kind in KINDS[where] if self._kinds is None or kind in self._kinds]
        return Fault(self._random.choice(kinds), where) if kinds else None


def _transport(send: Send) -> asyncio.Transport | None:
    """The connection's socket, where a server (uvicorn) carries the request; None in process.

    ASGI has no message for closing a connection without an answer, so a fault reaches behind it.
    """
    transport: asyncio.Transport | None = getattr(getattr(send, "__self__", None), "transport", None)
    return transport


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def drop(receive: Receive, send: Send) -> None:
    """Close the connection without an answer; in process, raise what httpx raises then.

    Raises:
        httpx.RemoteProtocolError: In process.
    """
    transport = _transport(send)
    if transport is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    transport.abort()
    await _disconnected(receive)


async def hang(receive: Receive, closing: asyncio.Event) -> bool:
    """Wait until the client gives up or the simulator closes; True where the client is still there."""
    waits = [asyncio.ensure_future(_disconnected(receive)), asyncio.ensure_future(closing.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        return not waits[0].done()
    finally:
        for each in waits:
            each.cancel()


async def cut(response: Any, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer up to the middle of its body, then close the connection.

    In process there is no connection: the body just ends there, shorter than its `Content-Length` says.
    """
    transport = _transport(send)
    left = 0
    over = False

    async def first_half(message: Message) -> None:
        nonlocal left, over
        if message["type"] == "http.response.start":
            left = int(dict(message["headers"]).get(b"content-length", b"0")) // 2
            await send(message)
        elif not over:
            part = message.get("body", b"")[:left]
            left -= len(part)
            over = left <= 0 or not message.get("more_body", False)
            await send({**message, "body": part, "more_body": transport is not None or not over})

    await response(scope, receive, first_half)
    if transport is not None:
        transport.close()
        await _disconnected(receive)


def mistype(value: Any) -> Any:
    """JSON of the same keys with every value of another type."""
    if isinstance(value, dict):
        return {key: mistype(each) for key, each in value.items()}
    if isinstance(value, list):
        return {"0": [mistype(each) for each in value]}
    if isinstance(value, bool) or value is None:
        return "maybe"
    return [value] if isinstance(value, str) else {"value": value}


def strip_keys(value: Any) -> Any:
    """JSON with its outermost objects left, and nothing in them."""
    if isinstance(value, dict):
        return {key: type(each)() for key, each in value.items() if isinstance(each, dict | list)}
    return [] if isinstance(value, list) else None
