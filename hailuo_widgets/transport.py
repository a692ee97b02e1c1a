"""All HTTP goes through here, so that httpx can be exchanged; its errors end here, because they hold the key."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from hailuo_widgets._version import __version__
from hailuo_widgets.providers.base import HttpCall, HttpReply
from hailuo_widgets.settings import is_loopback

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

MAX_CONNECTIONS = 8
"""httpx's pool is quadratic in open connections: 0.8 ms of CPU a request with 1 of them, 3.1 ms with 200."""

REPLY_LIMIT = 16 * 1024 * 1024
"""Bytes; no vendor's JSON comes near it, and a hostile one must not fill the memory."""

CONNECT_SECONDS = 10.0
BODY_SECONDS = 60.0
"""Seconds that the body of an answer may take, once it has begun."""

SHORTEST_SECRET = 8
"""Characters: longer than any word in a header that is no secret ("Bearer")."""

_TIMEOUT = httpx.Timeout(60.0, connect=CONNECT_SECONDS, pool=None)
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
            # A proxy is for the way out: to this machine it would only see the key, over plain http.
            trust_env=inner is None and not is_loopback(urlsplit(base_url).hostname or ""),
        )

    async def send(self, call: HttpCall) -> HttpReply | NoReply:
        """Make one call. Never raises for what happens on the wire."""
        cancelled: tuple[Any, ...] = ()
        try:
            return await self._send(call, self._headers())
        except asyncio.CancelledError as error:
            cancelled = error.args
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not leave with the request in its frames
            return _no_reply(error)
        # Anew and out here, for the same reason: httpx's frames hang on the one that was caught.
        raise asyncio.CancelledError(*cancelled)

    async def _send(self, call: HttpCall, headers: dict[str, str]) -> HttpReply | NoReply:
        timeout = _TIMEOUT if call.timeout is None else httpx.Timeout(call.timeout, connect=CONNECT_SECONDS, pool=None)
        try:
            request = self._http.build_request(
                call.method,
                self.base_url + call.path,
                params=dict(call.params) or None,
                json=call.json,
                headers=headers,
                timeout=timeout,
            )
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            return NoReply(f"the request can't be written ({type(error).__name__})", sent=False)
        response = await self._http.send(request, stream=True)
        try:
            body = bytearray()
            async with asyncio.timeout(BODY_SECONDS):  # httpx would wait anew for each byte
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > REPLY_LIMIT:
                        return NoReply("the answer is larger than 16 MiB", sent=True)
        except TimeoutError:
            return NoReply("the answer did not end in time", sent=True, timed_out=True)
        finally:
            await response.aclose()
        return HttpReply(response.status_code, _without_secrets(bytes(body), headers), dict(response.headers))

    @asynccontextmanager
    async def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[Stream | NoReply]:
        """Open a file that a vendor's answer named. The key is not sent there, and redirects are left to the caller."""
        response, failure = await self._open(url, {"Accept-Encoding": "identity", **(headers or {})})
        if response is None:
            yield failure
            return
        try:
            yield Stream(response.status_code, dict(response.headers), _chunks(response))
        finally:
            await response.aclose()

    async def _open(self, url: str, headers: Mapping[str, str]) -> tuple[httpx.Response | None, NoReply]:
        try:
            return await self._http.send(self._http.build_request("GET", url, headers=headers), stream=True), _NOTHING
        except Exception as error:  # noqa: BLE001  # as above: one way out for every failure of the wire
            return None, _no_reply(error)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()


_NOTHING = NoReply("", sent=False)


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_raw():  # with a size, httpx would hold back, and lose, what came before a cut
            yield chunk
    except httpx.HTTPError as error:
        raise CutOffError(_no_reply(error).reason) from None


def _without_secrets(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body, without the key where a vendor quotes it back ("incorrect key …")."""
    for value in headers.values():
        for word in value.split():
            if len(word) >= SHORTEST_SECRET:
                body = body.replace(word.encode(), b"[key]")
    return body


_WORDS: dict[type[Exception], str] = {
    httpx.ConnectTimeout: f"no connection within {CONNECT_SECONDS:g} s",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "the request could not be sent in time",
    httpx.RemoteProtocolError: "the connection was cut before the answer was whole",
    httpx.ReadError: "the connection broke",
    # Its own words quote the header that it refuses.
    httpx.LocalProtocolError: "the request could not be written",
}

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


def _no_reply(error: Exception) -> NoReply:
    reason = _WORDS.get(type(error)) or f"{type(error).__name__}: {str(error)[:200]}"
    return NoReply(reason, not isinstance(error, _NEVER_SENT), isinstance(error, httpx.TimeoutException))
