"""Servers and proxies that say what a test tells them to, plain or over TLS."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from hailuo_widgets.net.transport import Transport
from hailuo_widgets.providers import HttpCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
POST = HttpCall("POST", "/pay", json={"prompt": "A fox"}, paying=True)
GET = HttpCall("GET", "/x")


def sized(body: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Server:
    """Says to each request, on whatever connection, what the script says next."""

    def __init__(self, *script: bytes | None, forever: bytes | None = None) -> None:
        self.script = list(script)
        self.forever = forever
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.requests: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = b""
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        body = await reader.readexactly(int(line.partition(b":")[2]))
                self.requests.append(head + body)
                said = self.script.pop(0) if self.script else self.forever
                if said is None:  # goes away without a word
                    break
                writer.write(said)
                await writer.drain()
                if b"connection: close" in said.lower() or said.startswith(b"HTTP/1.0"):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    @property
    def paid(self) -> int:
        return sum(request.startswith(b"POST") for request in self.requests)


@asynccontextmanager
async def listening(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server's port; at the end every connection is cut, and every handler ended."""
    at_work: dict[Any, asyncio.StreamWriter] = {}

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at_work[asyncio.current_task()] = writer
        try:
            await handler(reader, writer)
        except (asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)
        for writer in at_work.values():
            writer.transport.abort()
        await asyncio.sleep(0.01)  # asyncio closes what was aborted a little later


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Transport]:
    """A transport to a server."""
    async with listening(handler, tls) as port:
        there = Transport(f"http{'s' if tls else ''}://localhost:{port}", dict)
        try:
            yield there
        finally:
            await there.aclose()


class Proxy:
    """Opens tunnels, whatever their name, to one port of this machine: by CONNECT."""

    def __init__(self, port: int, refuses: bytes = b"") -> None:
        self.port, self.refuses = port, refuses
        self.asked: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.IncompleteReadError:
            return
        if self.refuses:
            writer.write(self.refuses)
            return
        await self.tunnel(reader, writer, b"HTTP/1.1 200 OK\r\n\r\n")

    async def tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opened: bytes) -> None:
        there = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(opened)
        try:
            await asyncio.gather(_pour(reader, there[1]), _pour(there[0], writer))
        finally:
            there[1].transport.abort()


class SocksProxy(Proxy):
    """The same by SOCKS 5: `asked` are the names that it was to look up."""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _version, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _version, _command, _, kind = await reader.readexactly(4)
        assert kind == 3, "names are the proxy's business"
        self.asked.append(await reader.readexactly((await reader.readexactly(1))[0]))
        await reader.readexactly(2)
        await self.tunnel(reader, writer, b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def certificate(folder: Path, *names: str) -> Path:
    """A self-signed certificate for some names, with its key in the same PEM file."""
    file = folder / f"{names[0].replace('*', 'any')}.pem"
    asked = ["-subj", f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-days", "2", *asked, "-keyout", f"{file}.key", "-out", f"{file}.crt"]
    subprocess.run(made, check=True, capture_output=True)
    file.write_text((folder / f"{file.name}.crt").read_text() + (folder / f"{file.name}.key").read_text())
    return file


def speaking_tls(file: Path) -> ssl.SSLContext:
    """A server's context with such a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
