"""One connection: bytes go out in order, and what comes in is handed on at once, while it is still in the cache."""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BUFFER_BYTES = 256 * 1024
"""Of what is read at once. All connections of a loop share one buffer: nothing stays in it."""

SLICE_BYTES = 256 * 1024
"""Of what is sent: each has its own time, so that a large picture may take longer than a short question."""


class Connection(asyncio.BufferedProtocol):
    """A connection that carries one exchange at a time.

    Args:
        loop: The loop that it lives on.
        buffer: Where what comes in lies for a moment.

    Attributes:
        peer: The address at the other end.
        idle_since: When its last exchange ended, by the loop's clock; 0 before the first.
        error: What broke it, if it did not just end.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, buffer: memoryview) -> None:
        self._loop = loop
        self._buffer = buffer
        self._transport: asyncio.Transport | None = None
        self._sink: Callable[[memoryview], object] | None = None
        self._reached: Callable[[], bool] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._failure: Exception | None = None
        self._heard = 0.0
        self._writable = True
        self._reading = True
        self._ended = False
        self.peer = ""
        self.idle_since = 0.0
        self.error: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the way out over."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        transport.set_write_buffer_limits(0)  # "resumed" then means: all of it is with the system

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that it has ended, and why."""
        self._ended = True
        self.error = exc
        self._wake()

    def eof_received(self) -> bool:
        """The other side says no more; asyncio closes our side too."""
        self._ended = True
        self._wake()
        return False

    def pause_writing(self) -> None:
        """The system takes no more for now."""
        self._writable = False

    def resume_writing(self) -> None:
        """The system has taken it all."""
        self._writable = True
        self._wake()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # asyncio's name
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes have come in."""
        self._heard = self._loop.time()
        if self._sink is None:  # nobody has asked for anything: whatever this is, it is no answer
            self.abort()
            return
        if self._failure is None:
            try:
                self._sink(self._buffer[:nbytes])
            except Exception as error:  # noqa: BLE001  # it belongs to the one who listens
                self._failure = error
        self._wake()

    def usable(self) -> bool:
        """Whether an exchange can begin: the other side has neither closed it nor said anything meanwhile."""
        if self._transport is None or self._ended or self._transport.is_closing():
            return False
        return not readable(self._transport.get_extra_info("socket").fileno())

    def begin(self) -> None:
        """Begin an exchange: nothing comes in until someone listens."""
        self._pause()

    def end(self) -> bool:
        """End an exchange that was read to its last byte.

        Returns:
            Whether the connection can be kept.
        """
        if self._ended:
            return False
        self._sink = None
        self.idle_since = self._loop.time()
        self._resume()  # so that its end is noticed
        return True

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    async def send(self, data: bytes, sink: Callable[[memoryview], object], seconds: float | None) -> bool:
        """Send it all, or as much as is wanted: whatever comes in before the end ends it.

        Args:
            data: What to send.
            sink: Gets what comes in.
            seconds: How long to wait while nothing moves.

        Returns:
            Whether all of it was sent.

        Raises:
            TimeoutError: If nothing moves for that long.
            ConnectionError: If the connection breaks, and nothing has come in.
        """
        assert self._transport is not None
        came = False

        def heard(view: memoryview) -> None:
            nonlocal came
            came = True
            sink(view)

        self._sink = heard
        self._resume()
        for start in range(0, len(data), SLICE_BYTES):
            self._transport.write(data if len(data) <= SLICE_BYTES else data[start : start + SLICE_BYTES])
            await self._until(lambda: self._writable or came, seconds)
            if came or self._ended:
                break
        if self._ended and not came:
            raise self.error or ConnectionResetError("it was closed")
        return self._writable and not came

    async def listen(
        self, sink: Callable[[memoryview], object], reached: Callable[[], bool], seconds: float | None
    ) -> None:
        """Hand on what comes in until something is reached, or there is no more to come. Then reading stands still.

        Args:
            sink: Gets what comes in; it has to copy what it keeps.
            reached: Asked after each piece.
            seconds: How long to wait while nothing comes.

        Raises:
            TimeoutError: If nothing comes for that long.
            Exception: Whatever `sink` raises.
        """
        self._sink = sink
        if not reached():
            self._resume()
            await self._until(reached, seconds)
        self._pause()

    async def _until(self, reached: Callable[[], bool], seconds: float | None) -> None:
        begun = self._loop.time()
        self._reached = reached
        try:
            while not self._over():
                self._waiter = self._loop.create_future()
                try:
                    async with asyncio.timeout_at(None if seconds is None else max(begun, self._heard) + seconds):
                        await self._waiter
                except TimeoutError:
                    if self._loop.time() >= max(begun, self._heard) + (seconds or 0):
                        raise
        finally:
            self._reached = self._waiter = None
        if self._failure is not None:
            raise self._failure

    def _over(self) -> bool:
        return self._ended or self._failure is not None or (self._reached is not None and self._reached())

    def _wake(self) -> None:
        if self._waiter is not None and self._over():
            self._pause()  # what comes from now on is for the next one who listens
            if not self._waiter.done():
                self._waiter.set_result(None)

    def _pause(self) -> None:
        if self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def _resume(self) -> None:
        if not self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()


def readable(descriptor: int) -> bool:
    """Whether something lies there to be read; on an idle connection that is its end."""
    if descriptor < 0:
        return True
    if hasattr(select, "poll"):
        asked = select.poll()
        asked.register(descriptor, select.POLLIN)
        return bool(asked.poll(0))
    return bool(select.select([descriptor], [], [], 0)[0])
