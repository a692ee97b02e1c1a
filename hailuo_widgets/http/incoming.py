"""An HTTP/1.1 exchange without I/O: what is sent, and what the bytes mean that come in. `h11` knows the heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import h11
import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

Sink: TypeAlias = "Callable[[bytes | memoryview], object]"
"""Gets a body piece by piece; it has to copy what it keeps."""


class Incoming:
    """The answer to a request.

    Args:
        request: What is asked.

    Attributes:
        asked: What is to be sent.
        head: The answer's, None until it is there.
        kept: Whether the connection can carry another exchange, once this one is whole.
        whole: Whether the body has come to its end.

    Raises:
        httpx.LocalProtocolError: If the request can't be written.
    """

    def __init__(self, request: httpx.Request) -> None:
        self._parser = h11.Connection(our_role=h11.CLIENT)
        self._head_only = request.method == "HEAD"
        try:
            head = self._parser.send(
                h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
            )
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from None
        assert head is not None
        self.asked = head + request.content
        self.head: h11.Response | None = None
        self.kept = self.whole = False
        self._left: int | None = None
        self._chunked = False

    def take_head(self, data: memoryview) -> None:
        """Take in what came, as long as there is no head.

        Raises:
            httpx.RemoteProtocolError: If it is no HTTP.
        """
        self._parser.receive_data(bytes(data))
        while self.head is None:
            event = self._next()
            if isinstance(event, h11.Response):
                self._begin(event)
            elif not isinstance(event, h11.InformationalResponse):
                break

    def take_rest(self, sink: Sink) -> None:
        """Hand on what of the body came with the head."""
        if self._chunked:
            self._unchunk(sink)
        else:
            self.take(memoryview(self._parser.trailing_data[0]), sink)

    def take(self, data: memoryview, sink: Sink) -> None:
        """Hand on a piece of the body.

        Raises:
            httpx.RemoteProtocolError: If it is broken.
        """
        if self._chunked:
            self._parser.receive_data(bytes(data))
            self._unchunk(sink)
            return
        if self._left is not None:
            if len(data) > self._left:  # it belongs to no answer that was requested
                data, self.kept = data[: self._left], False
            self._left -= len(data)
            self.whole = self._left == 0
        if data:
            sink(data)

    @property
    def left(self) -> int | None:
        """How many bytes of the body are still to come, None where that is not known."""
        return self._left

    def ended(self, *, broken: bool) -> None:
        """There is no more to come.

        Raises:
            httpx.RemoteProtocolError: If there should be.
        """
        self.kept = False
        if self.head is None:
            raise httpx.RemoteProtocolError("it was closed without an answer")
        if broken or self._chunked or self._left is not None:
            raise httpx.RemoteProtocolError("it was closed before the end")
        self.whole = True

    def _begin(self, head: h11.Response) -> None:
        self.head = head
        headers = dict(head.headers)
        self.kept = head.http_version == b"1.1" and b"close" not in headers.get(b"connection", b"").lower()
        if self._head_only or head.status_code in (204, 304):
            self._left = 0
        elif b"transfer-encoding" in headers:
            self._chunked = True
        elif b"content-length" in headers:
            self._left = int(headers[b"content-length"])
        self.whole = self._left == 0 and not self._parser.trailing_data[0]

    def _unchunk(self, sink: Sink) -> None:
        while isinstance(event := self._next(), h11.Data):
            sink(bytes(event.data))
        if isinstance(event, h11.EndOfMessage):
            self.whole = True
            self.kept = self.kept and not self._parser.trailing_data[0]

    def _next(self) -> Any:
        try:
            return self._parser.next_event()
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from None
