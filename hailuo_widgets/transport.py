"""All HTTP goes through here, so that httpx can be exchanged; its errors end here, because they hold the key."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx

from hailuo_widgets._version import __version__
from hailuo_widgets.providers.base import HttpCall, HttpReply

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

MAX_CONNECTIONS = 8
"""httpx's pool is quadratic in open connections: 0.8 ms of CPU a request with 1 of them, 3.1 ms with 200."""

REPLY_LIMIT = 16 * 1024 * 1024
"""Bytes; no vendor's JSON comes near it, and a hostile one must not fill the memory."""

CHUNK = 256 * 1024
"""Bytes in which a body is read."""

_TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)
_AGENT = f"hailuo-widgets/{__version__}"


@dataclass(frozen=True, slots=True)
class NoReply:
    """A call that got no answer.

    Attributes:
        reason: For people.
        sent: Whether the call may have left this machine.
        timed_out: Whether a deadline passed.
    """

    reason: str
    sent: bool
    timed_out: bool = False


class CutOffError(Exception):
    """A body broke off before its end."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body is still to come; reading it raises `CutOffError` where it breaks off."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


@cache
def _tls() -> ssl.SSLContext:
    # Building one costs 17 to 21 ms, so a process makes one and shares it.
    return httpx.create_ssl_context()


class Transport:
    """One provider's connections.

    Args:
        base_url: Where the calls go, and the only place that the key goes.
        headers: Makes the headers that carry the key. A function, so that no attribute holds the key.
        inner: Another httpx transport: the in-process simulator's, say.
    """

    def __init__(
        self, base_url: str, headers: Callable[[], dict[str, str]], inner: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.base_url = base_url
        self._headers = headers
        self._http = httpx.AsyncClient(
            verify=_tls() if inner is None else True,
            transport=inner,
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=30.0),
            headers={"User-Agent": _AGENT},
            follow_redirects=False,  # a redirect would carry the key to whoever is named
            trust_env=inner is None,
        )

    async def send(self, call: HttpCall) -> HttpReply | NoReply:
        """Make one call. Never raises for what happens on the wire."""
        timeout: Any = httpx.USE_CLIENT_DEFAULT if call.timeout is None else httpx.Timeout(call.timeout, connect=10.0)
        try:
            async with self._http.stream(
                call.method,
                self.base_url + call.path,
                params=dict(call.params) or None,
                json=call.json,
                headers=self._headers(),
                timeout=timeout,
            ) as response:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > REPLY_LIMIT:
                        return NoReply("the answer is larger than 16 MiB", sent=True)
                return HttpReply(response.status_code, bytes(body), dict(response.headers))
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not leave with the request in its frames
            return _no_reply(error)

    @asynccontextmanager
    async def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[Stream | NoReply]:
        """Open a file that a vendor's answer named. The key is not sent there, and redirects are left to the caller."""
        request = self._http.build_request("GET", url, headers={"Accept-Encoding": "identity", **(headers or {})})
        try:
            response = await self._http.send(request, stream=True)
        except Exception as error:  # noqa: BLE001  # as above: one way out for every failure of the wire
            yield _no_reply(error)
            return
        try:
            yield Stream(response.status_code, dict(response.headers), _chunks(response))
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw(CHUNK):
            yield chunk
    except httpx.HTTPError as error:
        raise CutOffError(_no_reply(error).reason) from None


def _no_reply(error: Exception) -> NoReply:
    words: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "no connection within 10 s",
        httpx.ReadTimeout: "no answer in time",
        httpx.WriteTimeout: "the request could not be sent in time",
        httpx.RemoteProtocolError: "the connection was cut before the answer was whole",
        httpx.ReadError: "the connection broke",
    }
    reason = words.get(type(error)) or f"{type(error).__name__}: {str(error)[:200]}"
    sent = not isinstance(
        error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
    )
    return NoReply(reason, sent, isinstance(error, httpx.TimeoutException))
