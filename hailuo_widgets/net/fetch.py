"""One file fetched in a thread by urllib3: what is received, decrypted and written there holds up no call.

The thread is a daemon of its own: those of a pool are waited for when the interpreter ends, however long a file takes.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from hailuo_widgets.errors import DownloadError
from hailuo_widgets.net.addresses import may_connect, private_address
from hailuo_widgets.net.tls import tls_context

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Route: TypeAlias = "tuple[str | None, ssl.SSLContext | None]"

AT_ONCE = 4
"""Files from one host at the same time, and connections to it."""

PIECE_BYTES = 256 * 1024
CONNECT_SECONDS = 10.0

NEXT_ADDRESS_SECONDS = 3.0
"""How long one address of a name is tried where there is another."""

SILENT_SECONDS = 60.0
"""How long nothing may come."""

HEAD_SECONDS = 90.0
"""How long it may take until the head of an answer is there, with the connection and whatever drips in."""

SLOW_SECONDS, SLOW_BYTES = 60.0, 60_000
"""A body of which less than that comes in that time is given up: it would drip for days."""

Sink: TypeAlias = "Callable[[bytes], object]"
"""Gets a body piece by piece."""

Accept: TypeAlias = "Callable[[int, Mapping[str, str]], Sink | None]"
"""Is shown an answer's status and headers, and says where its body goes; None where it is not wanted."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where a file goes.

    Attributes:
        accept: Called with the head of the answer.
        then: Called once the whole body has come; it may take a while.
        left: Called last, whatever happened.
    """

    accept: Accept
    then: Callable[[], None]
    left: Callable[[], None]


class FetchError(Exception):
    """There is no answer, or it breaks off.

    Attributes:
        reason: For people.
        sent: Whether the request may have left this machine.
        timed_out: Whether a deadline passed.
    """

    def __init__(self, reason: str, *, sent: bool = True, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.timed_out = timed_out


class Downloads:
    """The connections over which files are fetched. For one loop at a time; it may outlive a loop."""

    def __init__(self) -> None:
        self._route: Route | None = None
        self._manager: urllib3.PoolManager | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def fetch(
        self,
        url: str,
        headers: Mapping[str, str],
        receiver: Receiver,
        route: Callable[[], Route],
    ) -> None:
        """Fetch a file; see `Transport.fetch`.

        Raises:
            FetchError: If there is no answer, or it breaks off.
            UsageError: From `route`.
            Exception: Whatever the receiver raises.
        """
        try:
            turn = self._turn(url)
            await turn.acquire()
        except BaseException:
            receiver.left()
            raise
        try:
            fetch = _Fetch(url, headers, receiver)
            try:
                fetch.start(self._manager_for(route()))
            except BaseException:
                receiver.left()
                raise
            await fetch.ended()
        finally:
            turn.release()

    def _turn(self, url: str) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._turns = loop, {}
        return self._turns.setdefault(urlsplit(url).netloc, asyncio.Semaphore(AT_ONCE))

    def _manager_for(self, route: Route) -> urllib3.PoolManager:
        """The connections for a file that is fetched now; others where the proxy or the certificates were changed."""
        if self._manager is None or route != self._route:
            self.close()
            self._route, self._manager = route, _manager(*route)
        return self._manager

    def close(self) -> None:
        """Close what is idle; what is in use is closed when its file has come."""
        if self._manager is not None:
            self._manager.clear()
        self._manager = None


def _manager(proxy: str | None, tls: ssl.SSLContext | None) -> urllib3.PoolManager:
    options: dict[str, Any] = {"ssl_context": tls, "maxsize": AT_ONCE, "retries": False}
    if proxy is None:
        manager = urllib3.PoolManager(**options)
        manager.pool_classes_by_scheme = {"http": _DirectPool, "https": _DirectTlsPool}
    elif proxy.startswith("socks"):
        from hailuo_widgets.net.socks import manager as socks_manager

        manager = socks_manager(proxy, **options)
    else:
        user = urllib3.util.parse_url(proxy).auth
        manager = urllib3.ProxyManager(
            proxy,
            proxy_headers=urllib3.make_headers(proxy_basic_auth=unquote(user)) if user else None,
            proxy_ssl_context=tls_context() if proxy.startswith("https:") else None,
            **options,
        )
        manager.pool_classes_by_scheme = {"http": _ProxiedPool, "https": _ProxiedTlsPool}
    return manager


class _Fetch:
    """One file, from the request to its last byte."""

    def __init__(self, url: str, headers: Mapping[str, str], receiver: Receiver) -> None:
        self.reused = True
        self._url = url
        self._headers = headers
        self._receiver = receiver
        self._wanted = True
        self._socket: Any = None
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._answered: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()

    def start(self, manager: urllib3.PoolManager) -> None:
        """Begin, in a thread."""
        threading.Thread(target=self._work, args=(manager,), name="hailuo_widgets-fetch", daemon=True).start()

    async def ended(self) -> None:
        """Wait for its end. Cancelled, it does not wait for the thread: that ends by itself, and soon.

        Raises:
            FetchError: If there is no answer, or it breaks off.
            Exception: Whatever `accept`, the sink or `then` raises.
        """
        try:
            await asyncio.wait({self._answered, self._ended}, timeout=HEAD_SECONDS, return_when="FIRST_COMPLETED")
            if not (self._answered.done() or self._ended.done()):
                raise FetchError("no answer in time", timed_out=True)
            await self._ended
        finally:
            if not self._ended.done() or self._ended.cancelled():
                self._give_up()

    def uses(self, connection: Any) -> None:
        """Called in the thread, by the connection that carries it."""
        with self._lock:
            self._socket = connection.sock
            if not self._wanted:
                raise FetchError("not wanted any more")

    def _give_up(self) -> None:
        with self._lock:  # held for a moment only: nothing waits with it
            self._wanted = False
            if self._socket is not None:
                with suppress(OSError):
                    getattr(self._socket, "socket", self._socket).shutdown(socket.SHUT_RDWR)

    def _work(self, manager: urllib3.PoolManager) -> None:
        error: BaseException | None = None
        try:
            self._fetch(manager)
        except BaseException as raised:  # noqa: BLE001  # it belongs to the caller
            error = raised
        finally:
            self._receiver.left()
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._tell, error)

    def _tell(self, error: BaseException | None) -> None:
        if self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)

    def _fetch(self, manager: urllib3.PoolManager) -> None:
        _here.fetch = self
        try:
            answer = self._ask(manager)
        except exceptions.ProtocolError as error:
            if not self.reused:
                raise _failure(error) from None
            answer = self._ask_again(manager)  # a kept connection that closes at that very moment says nothing
        except _HTTP_ERRORS as error:
            raise _failure(error) from None
        finally:
            _here.fetch = None
        try:
            self._read(answer)
        except _HTTP_ERRORS as error:
            raise _failure(error) from None
        finally:
            with self._lock:
                self._socket = None
            answer.close() if answer.length_remaining else answer.release_conn()
        if self._wanted:
            self._receiver.then()

    def _ask_again(self, manager: urllib3.PoolManager) -> urllib3.BaseHTTPResponse:
        try:
            return self._ask(manager)
        except _HTTP_ERRORS as error:
            raise _failure(error) from None

    def _ask(self, manager: urllib3.PoolManager) -> urllib3.BaseHTTPResponse:
        _here.answer = None
        try:
            return manager.urlopen(
                "GET",
                self._url,
                headers=self._headers,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=SILENT_SECONDS),
            )
        except BaseException:
            if _here.answer is not None:
                _here.answer.close()
            raise
        finally:
            _here.answer = None

    def _read(self, answer: urllib3.BaseHTTPResponse) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._answered.set_result, None)
        if not self._wanted:
            return
        sink = self._receiver.accept(answer.status, {name.lower(): value for name, value in answer.headers.items()})
        if sink is None:
            answer.drain_conn() if (answer.length_remaining or 0) < PIECE_BYTES else answer.close()
            return
        since, came = time.monotonic(), 0
        # `read1` returns what one receive brings, so that a cut loses nothing of what came before it.
        while self._wanted and (piece := answer.read1(PIECE_BYTES, decode_content=True)):
            sink(piece)
            came += len(piece)
            now = time.monotonic()
            if now - since > SLOW_SECONDS:
                if came < SLOW_BYTES:
                    raise FetchError("it came too slowly", timed_out=True)
                since, came = now, 0


_here = threading.local()
_HTTP_ERRORS = (exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


class _Response(http.client.HTTPResponse):
    """Passes over interim answers. The standard library takes a 103 for the answer, and the answer for the next one."""

    def begin(self) -> None:
        """As the standard library's; urllib3 leaves one open whose headers it refuses."""
        _here.answer = self
        super().begin()

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 < status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)


class Watched(HTTPConnection):
    """A connection that tells the file of its thread what carries it."""

    response_class = _Response

    def connect(self) -> None:
        """As urllib3's; afterwards it is known that it is no kept one."""
        super().connect()
        if (fetch := getattr(_here, "fetch", None)) is not None:
            fetch.reused = False

    def putrequest(self, *args: Any, **options: Any) -> None:
        """As urllib3's."""
        if self.sock is None:
            self.connect()
        if (fetch := getattr(_here, "fetch", None)) is not None:
            fetch.uses(self)
        super().putrequest(*args, **options)


class _Direct(Watched):
    """A connection without a proxy: each address is checked, and one that is not reachable costs little time."""

    def _new_conn(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise FetchError(f"{self.host} has no address", sent=False) from None
        if not all(may_connect(self.host, str(entry[4][0])) for entry in found):
            raise private_address(self.host)
        problem: OSError | None = None
        for number, (family, kind, protocol, _, address) in enumerate(found):
            carrier = socket.socket(family, kind, protocol)
            try:
                carrier.settimeout(CONNECT_SECONDS if number + 1 == len(found) else NEXT_ADDRESS_SECONDS)
                carrier.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                carrier.connect(address)
            except OSError as error:
                carrier.close()
                problem = error
            else:
                return carrier
        if isinstance(problem, TimeoutError):
            raise FetchError(f"no connection within {CONNECT_SECONDS:g} s", sent=False, timed_out=True)
        raise FetchError(f"no connection: {problem and (problem.strerror or problem)}", sent=False)


class _DirectConnection(_Direct):
    """Plain http: to this machine only."""


class _DirectTlsConnection(_Direct, HTTPSConnection):
    """TLS to where the name leads."""


class _ProxiedTlsConnection(Watched, HTTPSConnection):
    """TLS through a tunnel."""


class _DirectPool(HTTPConnectionPool):
    ConnectionCls = _DirectConnection


class _DirectTlsPool(HTTPSConnectionPool):
    ConnectionCls = _DirectTlsConnection


class _ProxiedPool(HTTPConnectionPool):
    ConnectionCls = Watched


class _ProxiedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _ProxiedTlsConnection


def _failure(error: BaseException) -> BaseException:
    """What an error of urllib3 means. Its own words can hold a proxy's address, and with it a password."""
    inner: BaseException = error
    while isinstance(inner, exceptions.ProxyError):
        inner = inner.original_error
    if isinstance(inner, (FetchError, DownloadError)):
        return inner
    if isinstance(inner, exceptions.NameResolutionError):
        return FetchError("the host, or the proxy, has no address", sent=False)
    if isinstance(inner, (exceptions.ConnectTimeoutError, exceptions.NewConnectionError)):
        late = isinstance(inner, exceptions.ConnectTimeoutError) and not isinstance(
            inner, exceptions.NewConnectionError
        )
        return FetchError("no connection", sent=False, timed_out=late)
    if isinstance(inner, (exceptions.TimeoutError, TimeoutError)):
        return FetchError("no answer in time", timed_out=True)
    if isinstance(inner, (exceptions.SSLError, ssl.SSLError)):
        return FetchError(f"no secure connection: {_first(inner)}", sent=False)
    if isinstance(error, exceptions.ProxyError):
        return FetchError(f"the proxy refused it: {_first(inner)}", sent=False)
    if isinstance(inner, exceptions.DecodeError):
        return FetchError("what came can't be unpacked")
    if isinstance(inner, (exceptions.HTTPError, http.client.HTTPException, ConnectionError)):
        return FetchError("the connection was cut before the end")
    return inner


def _first(error: BaseException) -> str:
    return str(error.args[0] if error.args else error)[:200]
