"""A file fetched in a thread: what is received, decrypted, hashed and written there holds up nobody else.

The bytes are handed on while they are still in the processor's cache: a megabyte costs half of what it costs on a loop.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

import httpx

from hailuo_widgets.http.connection import readable
from hailuo_widgets.http.incoming import Incoming, Sink

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

BUFFER_BYTES = 256 * 1024
KEPT_SECONDS = 30.0

Accept: TypeAlias = "Callable[[int, Mapping[str, str]], Sink | None]"
"""Is shown an answer's status and headers, and says where its body goes; None where nobody wants it."""


class Fetch:
    """One file, from the question to its last byte.

    Args:
        request: What is asked; its `extensions` hold httpx's `timeout`.
        tls: Makes the context for https.
        accept: Called in the thread, as what it returns.
        may_reach: Whether an address may be connected to; asked of the one that is, before anything is sent.
        then: Called in the thread, once the body has come.
    """

    def __init__(
        self,
        request: httpx.Request,
        tls: Callable[[], ssl.SSLContext],
        accept: Accept,
        may_reach: Callable[[str], bool] | None,
        then: Callable[[], None],
    ) -> None:
        self._request = request
        self._tls = tls
        self._accept = accept
        self._may_reach = may_reach
        self._then = then
        self._limits = request.extensions.get("timeout", {})
        self._connection: socket.socket | None = None
        self._wanted = True
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()

    async def ended(self) -> None:
        """Wait for its end. Cancelled, it does nothing more: nothing that it was given is called after that.

        Raises:
            httpx.TransportError: If there is no answer, or it breaks off.
            Exception: Whatever `accept`, the sink or `then` raises.
        """
        try:
            await self._ended
        except asyncio.CancelledError:
            with self._lock:  # whoever is called now is waited for: a piece is written in a moment
                self._wanted = False
                if self._connection is not None:
                    with suppress(OSError):
                        self._connection.shutdown(socket.SHUT_RDWR)
            raise

    def carry_out(self, line: Line) -> None:
        """Do it, in a thread. Never raises; how it ended is told to the one who waits."""
        error: BaseException | None = None
        try:
            self._fetch(line)
        except BaseException as raised:  # noqa: BLE001  # it belongs to the one who waits
            error = raised
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._answer, error)

    def _answer(self, error: BaseException | None) -> None:
        if self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)

    def _fetch(self, line: Line) -> None:
        try:
            connection, incoming = self._asked(line)
        except OSError as error:
            raise httpx.ReadError(str(error)) from None
        kept = False
        try:
            self._take_body(connection, incoming, line.view)
            with self._lock:
                kept = self._wanted and incoming.whole and incoming.kept
        except TimeoutError:
            raise httpx.ReadTimeout("") from None
        finally:
            with self._lock:
                self._connection = None
            if kept:
                line.keep(self._origin, connection)
            else:
                connection.close()
        with self._lock:
            if self._wanted:
                self._then()

    @property
    def _origin(self) -> tuple[bytes, bytes]:
        return self._request.url.raw_scheme, self._request.url.netloc

    def _asked(self, line: Line) -> tuple[socket.socket, Incoming]:
        connection = line.kept(self._origin)
        if connection is not None:
            # Closed at this very moment, it is no answer: a question for a file may be asked again.
            with suppress(OSError, httpx.RemoteProtocolError):
                return connection, self._ask(connection, line.view)
        connection = self._connect()
        return connection, self._ask(connection, line.view)

    def _ask(self, connection: socket.socket, view: memoryview) -> Incoming:
        try:
            with self._lock:
                self._check(str(connection.getpeername()[0]))
                self._connection = connection
            incoming = Incoming(self._request)
            connection.settimeout(self._limits.get("read"))
            connection.sendall(incoming.asked)
            while incoming.head is None:
                if count := connection.recv_into(view):
                    incoming.take_head(view[:count])
                else:
                    incoming.ended(broken=False)
        except BaseException as error:
            connection.close()
            if isinstance(error, TimeoutError):
                raise httpx.ReadTimeout("") from None
            raise
        return incoming

    def _connect(self) -> socket.socket:
        url = self._request.url
        secure = url.raw_scheme == b"https"
        host = url.raw_host.decode("ascii")
        connection: socket.socket | None = None
        try:
            place = (host, url.port or (443 if secure else 80))
            connection = socket.create_connection(place, self._limits.get("connect"))
            self._check(str(connection.getpeername()[0]))
            return self._tls().wrap_socket(connection, server_hostname=host) if secure else connection
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, TimeoutError):
                raise httpx.ConnectTimeout("") from None
            if isinstance(error, (OSError, ValueError)):  # ValueError: a name that is none
                raise httpx.ConnectError(str(error)) from None
            raise

    def _check(self, address: str) -> None:
        if self._may_reach is not None and not self._may_reach(address):
            raise httpx.ConnectError(f"{self._request.url.host} leads to a private address")

    def _take_body(self, connection: socket.socket, incoming: Incoming, view: memoryview) -> None:
        assert incoming.head is not None
        headers = dict(httpx.Headers(incoming.head.headers.raw_items()))
        with self._lock:
            sink = self._accept(incoming.head.status_code, headers) if self._wanted else None
        if sink is None:
            return

        def wanted(piece: bytes | memoryview) -> None:
            with self._lock:
                if self._wanted:
                    sink(piece)

        incoming.take_rest(wanted)
        filled = 0
        try:
            while not incoming.whole:
                # Of a known length it is read until the buffer is full: fewer and larger pieces to hash and write.
                room = BUFFER_BYTES if incoming.left is None else min(incoming.left, BUFFER_BYTES)
                count = connection.recv_into(view[filled:room])
                filled += count
                if not count or filled == room or incoming.left is None:
                    incoming.take(view[:filled], wanted)
                    filled = 0
                    if not count and not incoming.whole:
                        incoming.ended(broken=False)
        except OSError as error:
            incoming.take(view[:filled], wanted)  # what came before a cut is not lost
            if isinstance(error, TimeoutError):
                raise
            raise httpx.ReadError(str(error)) from None


class Line:
    """A thread that fetches one file after the other, with a buffer and a connection that it keeps for the next one."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(BUFFER_BYTES))
        self._kept: tuple[tuple[bytes, bytes], socket.socket, float] | None = None
        self._wanted: SimpleQueue[Fetch | None] = SimpleQueue()
        # No pool's thread: at the interpreter's end those are waited for, however long a file takes.
        threading.Thread(target=self._work, name="hailuo_widgets-fetch", daemon=True).start()

    def fetch(self, fetch: Fetch) -> None:
        """Begin with a file; one at a time."""
        self._wanted.put(fetch)

    def end(self) -> None:
        """Close the connection and end the thread, once what is under way has ended."""
        self._wanted.put(None)

    def keep(self, origin: tuple[bytes, bytes], connection: socket.socket) -> None:
        """Keep a connection for the next file."""
        self._kept = origin, connection, time.monotonic()

    def kept(self, origin: tuple[bytes, bytes]) -> socket.socket | None:
        """The connection that was kept, if it leads there and still works."""
        if self._kept is None:
            return None
        (where, connection, since), self._kept = self._kept, None
        if where == origin and time.monotonic() - since < KEPT_SECONDS and not readable(connection.fileno()):
            return connection
        connection.close()
        return None

    def _work(self) -> None:
        while (fetch := self._wanted.get()) is not None:
            fetch.carry_out(self)
            del fetch  # or it would hold what it was given until the next one comes
        if self._kept is not None:
            self._kept[1].close()
