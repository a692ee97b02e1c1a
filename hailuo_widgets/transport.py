"""All HTTP goes through here, so that it can be exchanged; its errors end here, because they hold the key."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from hailuo_widgets._version import __version__
from hailuo_widgets.http.fetching import Fetch, Line
from hailuo_widgets.http.pool import KEPT_SECONDS, Body, Http1
from hailuo_widgets.providers.base import HttpCall, HttpReply
from hailuo_widgets.redact import without
from hailuo_widgets.settings import is_loopback

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping

    from hailuo_widgets.http.fetching import Accept
    from hailuo_widgets.http.incoming import Sink
    from hailuo_widgets.http.pool import Seat

MAX_CONNECTIONS = 8
"""To one server."""

CALLS_AT_ONCE = 4
"""Of these at the vendor's own; an answer is short, so its connection is free again at once."""

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


@cache
def _tls() -> ssl.SSLContext:
    # Building one costs 17 to 21 ms, so a process makes one and shares it.
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


# The few places where a vendor is called, each many times: httpx spends as long on one as on all else in a request.
_url = lru_cache(64)(httpx.URL)


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
        self._host = urlsplit(base_url).netloc.encode()
        self._headers = headers
        self._direct = inner or Http1(_tls, CALLS_AT_ONCE)
        self._proxied: httpx.AsyncBaseTransport | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._places: dict[bytes, asyncio.Semaphore] = {}
        self._lines: list[Line] = []
        # A proxy is for the way out: to this machine it would only see the key, over plain http.
        local = inner is not None or is_loopback(urlsplit(base_url).hostname or "")
        self._proxies = {} if local else getproxies()

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
            request = httpx.Request(
                call.method,
                _url(self.base_url + call.path),
                params=dict(call.params) or None,
                json=call.json,
                headers={**_HEADERS, "Accept-Encoding": "gzip, deflate", **headers},
                extensions={
                    "timeout": timeout.as_dict(),
                    "paying": call.paying,
                    "seat": _seat.get() if call.paying else None,
                },
            )
            way = self._way(request.url)
        except (ValueError, TypeError, ImportError, httpx.InvalidURL) as error:
            return NoReply(f"the request can't be written ({type(error).__name__})", sent=False)
        response = await way.handle_async_request(request)
        try:
            body = _Reply()
            async with asyncio.timeout(BODY_SECONDS):  # each single byte has the time that an answer may take
                await _pour(response, body.take)
        except _TooLargeError:
            return _TOO_LARGE
        except TimeoutError:
            return NoReply("the answer did not end in time", sent=True, timed_out=True)
        finally:
            await response.aclose()
        decoded = _decoded(bytes(body.content), response.headers.get("content-encoding", ""))
        if decoded is None:
            return _TOO_LARGE
        return HttpReply(response.status_code, _without_secrets(decoded, headers), dict(response.headers))

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[NoReply | None]:
        """Open the way for one paying call that is made inside: nothing is left to be done then but to send it.

        What comes instead, if anything, says why it can't be sent. It has not been.
        """
        try:
            url = _url(self.base_url)
            way = self._way(url)
            seat = await way.reserve(url, CONNECT_SECONDS) if isinstance(way, Http1) else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError) as error:
            yield replace(_no_reply(error), sent=False)
            return
        token = _seat.set(seat)
        try:
            yield None
        finally:
            _seat.reset(token)
            if seat is not None:
                seat.give_back()

    async def fetch(
        self,
        url: str,
        accept: Accept,
        headers: Mapping[str, str] | None = None,
        *,
        may_reach: Callable[[str], bool] | None = None,
        then: Callable[[], None] = lambda: None,
    ) -> NoReply | None:
        """Fetch a file that a vendor's answer named. The key is not sent there, and redirects are left to the caller.

        Args:
            url: Where it is.
            accept: Is shown the status and the headers (names in small letters), and says where the body goes, if
                anywhere. It may be called in another thread, and so may what it returns.
            headers: What goes along.
            may_reach: Whether an address may be connected to; asked of the one that is, before anything is sent.
            then: What to do once the body has come; in a thread, because it may take a while.

        Returns:
            Why there was no answer, if there was none.

        Raises:
            CutOffError: If the body breaks off.
            Exception: Whatever `accept`, the sink or `then` raises.
        """
        begun = False

        def noted(status: int, answered: Mapping[str, str]) -> Sink | None:
            nonlocal begun
            begun = True
            return accept(status, answered)

        try:
            request = httpx.Request(
                "GET",
                url,
                headers={**_HEADERS, "Accept-Encoding": "identity", **(headers or {})},
                extensions={"timeout": _TIMEOUT.as_dict()},
            )
            way = self._way(request.url)
            if isinstance(way, Http1):
                async with self._place(request.url):
                    line = self._lines.pop() if self._lines else Line()
                    fetch = Fetch(request, _tls, noted, may_reach, then)
                    line.fetch(fetch)
                    try:
                        await fetch.ended()
                    except asyncio.CancelledError:
                        line.end()  # it may take a while until it notices
                        raise
                    except BaseException:
                        self._lines.append(line)
                        raise
                    self._lines.append(line)
            else:
                await _fetch_by(way, request, noted)
                await asyncio.to_thread(then)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError) as error:
            if begun:
                raise CutOffError(_no_reply(error).reason) from None
            return _no_reply(error)
        return None

    def _place(self, url: httpx.URL) -> asyncio.Semaphore:
        """A connection's place at a server: of those to the vendor's own, some are for calls."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._places = loop, {}
        most = MAX_CONNECTIONS - (CALLS_AT_ONCE if url.netloc == self._host else 0)
        return self._places.setdefault(url.netloc, asyncio.Semaphore(most))

    def _way(self, url: httpx.URL) -> httpx.AsyncBaseTransport:
        """Straight there, or through the environment's proxy, which httpx knows how to talk to."""
        proxy = (self._proxies.get(url.scheme) or self._proxies.get("all")) if self._proxies else None
        if not proxy or is_loopback(url.host) or proxy_bypass(url.host):
            return self._direct
        if self._proxied is None:
            limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEPT_SECONDS)
            address = proxy if "://" in proxy else f"http://{proxy}"
            self._proxied = httpx.AsyncHTTPTransport(verify=_tls(), proxy=address, limits=limits)
        return self._proxied

    async def aclose(self) -> None:
        """Close every connection."""
        await self._direct.aclose()
        while self._lines:
            self._lines.pop().end()
        if self._proxied is not None:
            await self._proxied.aclose()


_seat: ContextVar[Seat | None] = ContextVar("hailuo_widgets_seat", default=None)
_HEADERS = {"Accept": "*/*", "Connection": "keep-alive", "User-Agent": _AGENT}
_TOO_LARGE = NoReply("the answer is larger than 16 MiB", sent=True)


class _TooLargeError(Exception):
    """Reading stops."""


class _Reply:
    """A call's answer as it comes in."""

    def __init__(self) -> None:
        self.content = bytearray()

    def take(self, piece: bytes | memoryview) -> None:
        if len(self.content) + len(piece) > REPLY_LIMIT:
            raise _TooLargeError
        self.content += piece


async def _pour(response: httpx.Response, sink: Sink) -> None:
    """The body as it comes in: httpx's own ways to it decode it, or copy it into pieces of another size."""
    body = response.stream
    if isinstance(body, Body):
        await body.pour(sink)
        return
    assert isinstance(body, httpx.AsyncByteStream)
    async for piece in body:
        sink(piece)


async def _fetch_by(way: httpx.AsyncBaseTransport, request: httpx.Request, accept: Accept) -> None:
    response = await way.handle_async_request(request)
    try:
        sink = accept(response.status_code, dict(response.headers))
        if sink is not None:
            await _pour(response, sink)
    finally:
        await response.aclose()


def _decoded(body: bytes, encoding: str) -> bytes | None:
    """A body without its content coding; None where it would fill the memory.

    Raises:
        httpx.DecodingError: If it is not in that coding.
    """
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return body
    # "deflate" comes with zlib's head or without it. 47: gzip's head or zlib's, whichever is there.
    raw = encoding == "deflate" and body[:1] and (body[0] & 0x0F != 8 or int.from_bytes(body[:2]) % 31)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS if raw else 47)
    try:
        decoded = unpacker.decompress(body, REPLY_LIMIT)
    except zlib.error:
        raise httpx.DecodingError("the answer can't be unpacked") from None
    return None if unpacker.unconsumed_tail else decoded


def _without_secrets(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body, without the key where a vendor quotes it back ("incorrect key …")."""
    words = (word.encode() for value in headers.values() for word in value.split())
    return without(body, [word for word in words if len(word) >= SHORTEST_SECRET])


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
    httpx.LocalProtocolError,
)


def _no_reply(error: Exception) -> NoReply:
    reason = type(error).__name__
    if not isinstance(error, (httpx.InvalidURL, ValueError)):  # they quote an address: a proxy's may hold a password
        reason += f": {str(error)[:200]}"
    reason = _WORDS.get(type(error), reason)
    return NoReply(reason, not isinstance(error, _NEVER_SENT), isinstance(error, httpx.TimeoutException))
