"""HTTP/1.1 over connections of our own, as a transport of httpx: a call costs a quarter of a millisecond.

httpx's own pool looks at all connections for every request, so that its cost grows with the square of their number.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

from hailuo_widgets.http.connection import BUFFER_BYTES, Connection
from hailuo_widgets.http.incoming import Incoming, Sink

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable

KEPT_SECONDS = 30.0
"""How long a connection is kept that nobody uses."""

FRESH_SECONDS = 2.0
"""How long a connection may have been unused to carry a call that pays. Where a vendor closes it at that very moment,
nobody can tell whether the call arrived."""


class Http1(httpx.AsyncBaseTransport):
    """Direct connections, kept alive.

    A request's `extensions` are httpx's `timeout`; `paying`, see `FRESH_SECONDS`; and `seat`, what `reserve` gave.

    Args:
        tls: Makes the context for https; called when it is first needed.
        most: Connections to one server.
    """

    def __init__(self, tls: Callable[[], ssl.SSLContext], most: int) -> None:
        self._tls = tls
        self._most = most
        self._origins: dict[tuple[bytes, bytes, int | None], Origin] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._buffer = memoryview(bytearray())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request.

        Raises:
            httpx.ConnectError: If there is no connection; nothing was sent.
            httpx.ConnectTimeout: As above.
            httpx.LocalProtocolError: If it can't be written; nothing was sent.
            httpx.TransportError: If there is no answer. Something may have been sent.
        """
        limits = request.extensions.get("timeout", {})
        incoming = Incoming(request)
        seat: Seat | None = request.extensions.get("seat")
        origin, connection = seat.take() if seat is not None else (None, None)
        if origin is None:
            origin = self._origin(request.url)
            await origin.turns.acquire()
        try:
            if connection is None:
                paying = bool(request.extensions.get("paying"))
                connection = await self._connection(origin, request.url, limits.get("connect"), paying=paying)
            connection.begin()
            sent = await _exchange(connection, incoming, limits)
        except BaseException:
            origin.give_back(connection, kept=False)
            raise
        assert incoming.head is not None
        body = Body(connection, origin, incoming, sent=sent, seconds=limits.get("read"))
        return httpx.Response(
            incoming.head.status_code, headers=incoming.head.headers.raw_items(), stream=body, request=request
        )

    async def reserve(self, url: httpx.URL, seconds: float | None) -> Seat:
        """Wait for a turn, and open the way for one call that pays: what is left then is to send it.

        Raises:
            httpx.ConnectError: If there is no connection.
            httpx.ConnectTimeout: As above.
        """
        origin = self._origin(url)
        await origin.turns.acquire()
        try:
            return Seat(origin, await self._connection(origin, url, seconds, paying=True))
        except BaseException:
            origin.give_back(None, kept=False)
            raise

    async def aclose(self) -> None:
        """Close every connection that is not in use."""
        for origin in self._origins.values():
            origin.close()
        self._origins = {}
        await asyncio.sleep(0)  # until they are

    def _origin(self, url: httpx.URL) -> Origin:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # a script may run one loop after the other; connections end with theirs
            self._loop, self._origins, self._buffer = loop, {}, memoryview(bytearray(BUFFER_BYTES))
        key = (url.raw_scheme, url.raw_host, url.port)
        if key not in self._origins:
            self._origins[key] = Origin(self._most)
        return self._origins[key]

    async def _connection(self, origin: Origin, url: httpx.URL, seconds: float | None, *, paying: bool) -> Connection:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - (FRESH_SECONDS if paying else KEPT_SECONDS)
        while origin.idle:  # the one that was used last comes first
            connection = origin.idle.pop()
            if connection.idle_since >= oldest and connection.usable():
                return connection
            connection.abort()
        secure = url.raw_scheme == b"https"
        host = url.raw_host.decode("ascii")
        try:
            async with asyncio.timeout(seconds):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop, self._buffer),
                    host,
                    url.port or (443 if secure else 80),
                    ssl=self._tls() if secure else None,
                    server_hostname=host if secure else None,
                    happy_eyeballs_delay=0.25,
                )
        except TimeoutError:
            raise httpx.ConnectTimeout("") from None
        except (OSError, ValueError) as error:  # ValueError: a name that is none
            raise httpx.ConnectError(str(error)) from None
        return connection


class Origin:
    """The connections to one server."""

    def __init__(self, most: int) -> None:
        self.turns = asyncio.Semaphore(most)
        self.idle: list[Connection] = []
        self._open = True

    def give_back(self, connection: Connection | None, *, kept: bool) -> None:
        """End a turn; the connection is kept for the next one, if it may and can be."""
        if connection is not None:
            if kept and self._open and connection.end():
                self.idle.append(connection)
            else:
                connection.abort()
        self.turns.release()

    def close(self) -> None:
        """Close what nobody uses; what is in use is closed when it comes back."""
        self._open = False
        for connection in self.idle:
            connection.abort()


class Seat:
    """A connection that waits for one call."""

    def __init__(self, origin: Origin, connection: Connection) -> None:
        self._held: tuple[Origin, Connection] | None = origin, connection

    def take(self) -> tuple[Origin | None, Connection | None]:
        """The turn, and the connection if it still works; nothing, the second time."""
        if self._held is None:
            return None, None
        (origin, connection), self._held = self._held, None
        if connection.usable():
            return origin, connection
        connection.abort()
        return origin, None

    def give_back(self) -> None:
        """It was not needed, or has been used."""
        origin, connection = self.take()
        if origin is not None:
            origin.give_back(connection, kept=True)


async def _exchange(connection: Connection, incoming: Incoming, limits: dict[str, Any]) -> bool:
    """Send a request, and wait for the head of its answer; whether all of it was sent by then."""
    try:
        sent = await connection.send(incoming.asked, incoming.take_head, limits.get("write"))
    except TimeoutError:
        raise httpx.WriteTimeout("") from None
    except OSError as error:
        raise httpx.WriteError(str(error)) from None
    await _listen(connection, incoming.take_head, lambda: incoming.head is not None, limits.get("read"))
    if incoming.head is None:
        if connection.error is not None:
            raise httpx.ReadError(str(connection.error))
        incoming.ended(broken=False)
    return sent


async def _listen(
    connection: Connection, sink: Callable[[memoryview], object], reached: Callable[[], bool], seconds: float | None
) -> None:
    try:
        await connection.listen(sink, reached, seconds)
    except TimeoutError:
        raise httpx.ReadTimeout("") from None


class Body(httpx.AsyncByteStream):
    """A body that is still to come."""

    def __init__(
        self, connection: Connection, origin: Origin, incoming: Incoming, *, sent: bool, seconds: float | None
    ) -> None:
        self._connection = connection
        self._origin = origin
        self._incoming = incoming
        self._sent = sent
        self._seconds = seconds
        self._open = True

    async def pour(self, sink: Sink) -> None:
        """Hand it on as it comes in.

        Raises:
            httpx.TransportError: If it breaks off.
            Exception: Whatever `sink` raises.
        """
        incoming = self._incoming
        incoming.take_rest(sink)
        await _listen(self._connection, lambda data: incoming.take(data, sink), lambda: incoming.whole, self._seconds)
        if not incoming.whole:
            incoming.ended(broken=self._connection.error is not None)
        await self.aclose()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces: list[bytes] = []
        await self.pour(lambda piece: pieces.append(bytes(piece)))
        for piece in pieces:
            yield piece

    async def aclose(self) -> None:
        """Let go of the connection: it is kept only if there is no more to come."""
        if self._open:
            self._open = False
            kept = self._sent and self._incoming.whole and self._incoming.kept
            self._origin.give_back(self._connection, kept=kept)
