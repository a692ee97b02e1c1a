"""One provider's calls, over httpx's own transport. Its errors end here, because they hold the key."""

from __future__ import annotations

import asyncio
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpcore
import httpx

from hailuo_widgets._version import __version__
from hailuo_widgets.errors import UsageError
from hailuo_widgets.net import fetch, log
from hailuo_widgets.net.fetch import Downloads, FetchError, Receiver
from hailuo_widgets.net.proxies import proxy_for
from hailuo_widgets.net.reply import CutOffError, NoReply
from hailuo_widgets.net.tls import tls_context
from hailuo_widgets.providers.answers import names_a_task
from hailuo_widgets.providers.base import HttpCall, HttpReply
from hailuo_widgets.redact import without

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from hailuo_widgets.net.fetch import Accept

CALLS_AT_ONCE = 4
"""Connections to the vendor. httpx's pool looks at each of them for every call, so few keep it cheap."""

REPLY_LIMIT = 16 * 1024 * 1024
"""Bytes; no vendor's JSON comes near it, and a hostile one must not fill the memory."""

CONNECT_SECONDS = 10.0
OPEN_SECONDS = 30.0
"""Seconds until the connection is open, proxy included: httpcore would wait for a silent SOCKS proxy for ever."""

ANSWER_SECONDS = 60.0
"""Seconds from the last byte of a request to the last header of its answer, where the call names no others. Each part
of a request that is sent has this time too. Bytes that drip in, or interim answers, don't make it longer."""

BODY_SECONDS = 60.0
"""Seconds that the body of an answer may take, once it has begun."""

PIECE_BYTES = 256 * 1024
"""Of a request's body, sent at once. httpx would send all of it as one piece, with one timeout for 20 MB."""

SHORTEST_SECRET = 8
"""Characters: longer than any word in a header that is no secret ("Bearer")."""

_KEPT_SECONDS = 30.0
_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
    "User-Agent": f"hailuo-widgets/{__version__}",
}
_TOO_LARGE = NoReply("the answer is larger than 16 MiB", sent=True)

# The few places where a vendor is called, each many times.
_url = lru_cache(64)(httpx.URL)


class Transport:
    """One provider's connections. For one loop at a time; it may outlive a loop.

    Args:
        base_url: Where the calls go, and the only place that the key goes.
        headers: Makes the headers that carry the key. A function, so that no attribute holds the key.
        inner: Another httpx transport, for example the in-process simulator's.
        client_cert: Gives the path of a client certificate, `""` for none. It is shown to the vendor only.
    """

    def __init__(
        self,
        base_url: str,
        headers: Callable[[], dict[str, str]],
        inner: httpx.AsyncBaseTransport | None = None,
        client_cert: Callable[[], str] = lambda: "",
    ) -> None:
        self.base_url = base_url
        self._host = urlsplit(base_url).netloc
        self._headers = headers
        self._inner = inner
        self._client_cert = client_cert
        self._pool: _Pool | None = None
        self._downloads = Downloads()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns = asyncio.Semaphore(CALLS_AT_ONCE)

    @property
    def in_process(self) -> bool:
        """Whether calls are answered by another transport, so that no name is looked up."""
        return self._inner is not None

    async def send(
        self, call: HttpCall, *, before: Callable[[], Awaitable[None]] | None = None, attempt: int = 1
    ) -> HttpReply | NoReply:
        """Make one call. Never raises for what happens on the wire.

        Args:
            call: What to send. A paying one gets a connection of its own: on one that was idle, a vendor may be closing
                it at that very moment, and then nothing says whether the call arrived.
            before: Awaited when the connection is open and nothing has been sent. If it raises, nothing is sent.
            attempt: The how manieth attempt it is, for the log.

        Raises:
            Exception: Whatever `before` raises.
        """
        cancelled: tuple[Any, ...] = ()
        progress = _Progress(before, fresh=call.paying)
        begun = asyncio.get_running_loop().time()
        outcome: HttpReply | NoReply | None = None
        try:
            outcome = await self._send(call, self._headers(), progress)
        except asyncio.CancelledError as error:
            cancelled = error.args
        except _RefusedError:
            pass
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not leave with the request in its frames
            outcome = _no_reply(error, sent=progress.sent if self._inner is None else None)
        if log.enabled():
            seconds = asyncio.get_running_loop().time() - begun
            log.log_call(call.method, self.base_url + call.path, _said(outcome), seconds, attempt)
        if outcome is not None:
            return outcome
        # Out here, for the same reason: httpx's frames hang on the one that was caught.
        raise progress.refusal or asyncio.CancelledError(*cancelled)

    async def _send(self, call: HttpCall, headers: dict[str, str], progress: _Progress) -> HttpReply | NoReply:
        seconds = ANSWER_SECONDS if call.timeout is None else call.timeout
        try:
            request = _request(call, self.base_url, headers, seconds, progress)
        except (ValueError, TypeError, httpx.InvalidURL) as error:
            return NoReply(f"the request can't be written ({type(error).__name__})", sent=False)
        try:
            async with asyncio.timeout(None) as deadline:
                progress.limit(deadline, seconds)
                if self._inner is not None:
                    await progress.leave()
                    return await _exchange(self._inner, request, headers, progress)
                return await self._through_the_pool(request, headers, progress)
        except TimeoutError:
            if not progress.sent:
                return NoReply(f"no connection within {OPEN_SECONDS:g} s", sent=False, timed_out=True)
            return NoReply("no answer in time", sent=True, timed_out=True)

    async def _through_the_pool(
        self, request: httpx.Request, headers: dict[str, str], progress: _Progress
    ) -> HttpReply | NoReply:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # a script may run one loop after the other; connections end with theirs
            self._loop, self._pool, self._turns = loop, None, asyncio.Semaphore(CALLS_AT_ONCE)
        async with self._turns:  # whoever has a turn has an end, so that this wait has one too
            while True:
                progress.open()
                pool = self._open_pool()
                try:
                    async with pool:
                        return await _exchange(pool.transport(fresh=progress.fresh), request, headers, progress)
                except _ReusedError:  # that connection is closed now; the pool opens another
                    continue
                except BaseException:
                    if not progress.sent:
                        await self._throw_away(pool, progress)
                    raise

    async def _throw_away(self, pool: _Pool, progress: _Progress) -> None:
        """Close what a call that was never sent leaves behind.

        httpcore 1.0 keeps the place of a connection whose handshake failed behind a proxy for ever, and one whose
        handshake was cancelled is not closed.
        """
        if pool is self._pool:
            self._pool = None
            await pool.retire()
        await progress.close()

    def _open_pool(self) -> _Pool:
        """The pool for a call made now; another one where the proxy or the certificates were changed meanwhile."""
        made_with = proxy_for(self.base_url), _tls_for(self.base_url, self._client_cert())
        if self._pool is None or self._pool.made_with != made_with:
            if self._pool is not None:
                self._pool.retire_later()
            self._pool = _Pool(*made_with)
        return self._pool

    async def fetch(
        self,
        url: str,
        accept: Accept,
        headers: Mapping[str, str] | None = None,
        *,
        then: Callable[[], None] = lambda: None,
        left: Callable[[], None] = lambda: None,
        attempt: int = 1,
    ) -> NoReply | None:
        """Fetch a file that a vendor's answer named. The key is not sent there, and redirects are left to the caller.

        Args:
            url: Where it is.
            accept: Is shown the status and the headers (names in small letters), and says where the body goes, if
                anywhere. It is called in another thread, and so is what it returns.
            headers: What goes along.
            then: Called once the whole body has come, in that thread, because it may take a while.
            left: Called last in that thread: nothing of the above will be called after it. When the caller is
                cancelled, that can be a while later.
            attempt: The how manieth attempt it is, for the log.

        Returns:
            Why there was no answer, if there was none.

        Raises:
            CutOffError: If the body breaks off.
            Exception: Whatever `accept`, what it returns or `then` raises.
        """
        loop = asyncio.get_running_loop()
        begun, status = loop.time(), 0

        def noted(answered: int, fields: Mapping[str, str]) -> Any:
            nonlocal status
            status = answered
            return accept(answered, fields)

        wanted = {**_HEADERS, "Accept-Encoding": "identity", **(headers or {})}
        receiver = Receiver(noted, then, left)
        outcome: object = "not whole"
        try:
            if self._inner is not None:
                await _fetch_in_process(self._inner, url, wanted, receiver)
            else:
                certificate = self._client_cert() if urlsplit(url).netloc == self._host else ""
                await self._downloads.fetch(url, wanted, receiver, lambda: (proxy_for(url), _tls_for(url, certificate)))
            outcome = status
        except (FetchError, httpx.HTTPError, httpx.InvalidURL, UsageError) as error:
            if isinstance(error, FetchError):
                failure = NoReply(error.reason, error.sent, error.timed_out)
            else:
                failure = _no_reply(error, sent=None)
            outcome = failure.reason
            if status:
                raise CutOffError(failure.reason) from None
            return failure
        finally:
            if log.enabled():
                log.log_call("GET", url, outcome, loop.time() - begun, attempt)
        return None

    async def aclose(self) -> None:
        """Close every connection. The transport can be used again after that."""
        if self._inner is not None:
            await self._inner.aclose()
        if self._pool is not None and self._loop is asyncio.get_running_loop():
            await self._pool.aclose()
        self._pool = None
        self._downloads.close()


class _Pool:
    """httpx's transports, and the calls that use them: once thrown away, they are closed after the last of these.

    There is one for calls that need a connection of their own, and one that keeps connections for the others.
    """

    def __init__(self, proxy: str | None, tls: ssl.SSLContext | None) -> None:
        self.made_with = proxy, tls
        self._keeping, self._fresh = (
            # The environment's variables were read already, so that a change counts; plain http needs no context.
            httpx.AsyncHTTPTransport(
                verify=tls or False,
                proxy=httpx.Proxy(proxy, ssl_context=tls_context()) if proxy and proxy.startswith("https:") else proxy,
                limits=httpx.Limits(
                    max_connections=CALLS_AT_ONCE, max_keepalive_connections=kept, keepalive_expiry=_KEPT_SECONDS
                ),
                trust_env=False,
            )
            for kept in (CALLS_AT_ONCE, 0)
        )
        self._calls = 0
        self._retired = False
        self._closing: asyncio.Task[None] | None = None

    def transport(self, *, fresh: bool) -> httpx.AsyncHTTPTransport:
        """The one for a call.

        Args:
            fresh: Whether the call needs a connection of its own.
        """
        return self._fresh if fresh else self._keeping

    async def __aenter__(self) -> None:
        self._calls += 1

    async def __aexit__(self, *_: object) -> None:
        self._calls -= 1
        if self._retired and not self._calls:
            await self.aclose()

    async def retire(self) -> None:
        """Give it no more calls, and close it after the last one."""
        self._retired = True
        if not self._calls:
            await self.aclose()

    def retire_later(self) -> None:
        """As `retire`, where nothing can be awaited."""
        self._closing = asyncio.ensure_future(self.retire())

    async def aclose(self) -> None:
        """Close every connection."""
        await self._keeping.aclose()
        await self._fresh.aclose()


class _ReusedError(Exception):
    """The connection that the pool chose has been used before."""


class _RefusedError(Exception):
    """`before` raised; what it raised is kept apart from httpx's frames."""


class _Progress:
    """How far one call is. httpcore tells it through the `trace` extension.

    Attributes:
        sent: Whether something of the call may have left this machine. What a proxy is asked before does not count.
        refusal: What `before` raised.
        fresh: Whether the call needs a connection of its own.
    """

    def __init__(self, before: Callable[[], Awaitable[None]] | None, *, fresh: bool) -> None:
        self.sent = False
        self.refusal: Exception | None = None
        self._before = before
        self.fresh = fresh
        self._stream: httpcore.AsyncNetworkStream | None = None
        self._deadline: asyncio.Timeout | None = None
        self._seconds = 0.0

    def limit(self, deadline: asyncio.Timeout, seconds: float) -> None:
        """Take over the deadline: it is set by how far the call is."""
        self._deadline, self._seconds = deadline, seconds

    def open(self) -> None:
        """A connection is being chosen, or opened."""
        self._stream = None
        self._within(OPEN_SECONDS)

    async def leave(self) -> None:
        """Nothing is left to be done but to send it."""
        self._within(None)
        if self._before is not None:
            try:
                await self._before()
            except Exception as error:  # noqa: BLE001  # raised again once httpx's frames are gone
                self.refusal = error
        if self.refusal is not None:
            raise _RefusedError
        self.sent = True

    async def close(self) -> None:
        """Close the connection that was opened for this call."""
        if self._stream is not None:
            await self._stream.aclose()

    def body_comes(self) -> None:
        """The head of the answer is there."""
        self._within(BODY_SECONDS)

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Called by httpcore; what it raises ends the call, and closes the connection."""
        if event.endswith("connect_tcp.complete"):
            self._stream = info["return_value"]
        elif event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            if self.fresh and self._stream is None:
                raise _ReusedError
            await self.leave()
        elif event == "http11.send_request_headers.failed" and self.sent:
            # A header that can't be written is found out after "started", and before the first byte.
            self.sent = not isinstance(info["exception"], httpcore.LocalProtocolError)
        elif event == "http11.receive_response_headers.started" and self.sent:
            self._within(self._seconds)

    def _within(self, seconds: float | None) -> None:
        assert self._deadline is not None
        self._deadline.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)


class _Pieces(httpx.AsyncByteStream):
    """A request's body in pieces, each with its own timeout. It can be sent again."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), PIECE_BYTES):
            yield bytes(self._content[start : start + PIECE_BYTES])


def _request(
    call: HttpCall, base_url: str, headers: dict[str, str], seconds: float, progress: _Progress
) -> httpx.Request:
    request = httpx.Request(
        call.method,
        _url(base_url + call.path),
        params=dict(call.params) or None,
        json=call.json,
        headers={**_HEADERS, **headers},
        extensions={
            "timeout": {
                "connect": CONNECT_SECONDS,
                "read": seconds,  # between two bytes; the deadline is what ends an answer that drips in
                "write": seconds,
                "pool": CONNECT_SECONDS,  # a turn is a place in the pool: waiting for one means that places were lost
            },
            "trace": progress,
        },
    )
    if len(request.content) > PIECE_BYTES:
        request.stream = _Pieces(request.content)
    return request


async def _exchange(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, headers: Mapping[str, str], progress: _Progress
) -> HttpReply | NoReply:
    response = await transport.handle_async_request(request)
    body = bytearray()
    progress.body_comes()
    try:
        assert isinstance(response.stream, httpx.AsyncByteStream)
        async for piece in response.stream:  # httpx's own ways to it decode it without a limit
            body += piece
            if len(body) > REPLY_LIMIT:
                return _TOO_LARGE
    except httpx.TransportError:
        if not progress.fresh or not names_a_task(bytes(body)):
            raise  # of a paying call's answer what names its task is worth having
    finally:
        await response.aclose()
    decoded = _decoded(bytes(body), response.headers.get("content-encoding", ""))
    if decoded is None:
        return _TOO_LARGE
    return HttpReply(response.status_code, _without_secrets(decoded, headers), dict(response.headers))


async def _fetch_in_process(
    transport: httpx.AsyncBaseTransport, url: str, headers: Mapping[str, str], receiver: Receiver
) -> None:
    limits = httpx.Timeout(fetch.SILENT_SECONDS).as_dict()
    try:
        request = httpx.Request("GET", url, headers=headers, extensions={"timeout": limits})
        response = await transport.handle_async_request(request)
        try:
            sink = receiver.accept(response.status_code, dict(response.headers))
            if sink is not None:
                # As urllib3 does for the others: a storage may pack a file although it was not asked to.
                async for piece in response.aiter_bytes():
                    sink(piece)
        finally:
            await response.aclose()
    except BaseException:
        receiver.left()
        raise

    def end() -> None:
        try:
            receiver.then()
        finally:
            receiver.left()

    await asyncio.to_thread(end)


def _tls_for(url: str, client_cert: str) -> ssl.SSLContext | None:
    return tls_context(client_cert) if url.startswith("https:") else None


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
        raise httpx.DecodingError("the answer can't be decompressed") from None
    return None if unpacker.unconsumed_tail else decoded


def _without_secrets(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body, without the key where a vendor quotes it back ("incorrect key …")."""
    words = (word.encode() for value in headers.values() for word in value.split())
    return without(body, [word for word in words if len(word) >= SHORTEST_SECRET])


def _said(outcome: HttpReply | NoReply | None) -> object:
    if outcome is None:
        return "not sent, or cancelled"
    return outcome.status if isinstance(outcome, HttpReply) else outcome.reason


_WORDS: dict[type[Exception], str] = {
    httpx.ConnectTimeout: f"no connection within {CONNECT_SECONDS:g} s",
    httpx.PoolTimeout: f"no connection within {CONNECT_SECONDS:g} s",
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
    UsageError,
)


def _no_reply(error: Exception, *, sent: bool | None) -> NoReply:
    """What an exception means.

    Args:
        error: Which one.
        sent: Whether something may have been sent; None where only the exception's type can tell.
    """
    if isinstance(error, UsageError):  # a setting; the sentence ends with a full stop, which follows anyway
        reason = str(error).rstrip(".")
    elif type(error) in _WORDS:
        reason = _WORDS[type(error)]
    else:
        reason = type(error).__name__
        if not isinstance(
            error, (httpx.InvalidURL, ValueError)
        ):  # they quote an address: a proxy's may hold a password
            reason += f": {str(error)[:200]}"
    if sent is None:
        sent = not isinstance(error, _NEVER_SENT)
    return NoReply(reason, sent, isinstance(error, httpx.TimeoutException))
