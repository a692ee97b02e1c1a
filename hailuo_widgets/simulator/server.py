"""The simulator on a real port, for any client of any of the vendors."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from .app import Simulator
from .tasks import Timing

if TYPE_CHECKING:
    from .exchange import LogEntry

FAST = Timing(preparing=0.2, queueing=0.3, running=1.5)
"""Tasks that take two seconds, drawing aside."""

STOP_SECONDS = 1
"""Seconds that unanswered requests are given when the server stops."""


def log_line(entry: LogEntry, seconds: float) -> str:
    """One request on one line; what was in its headers stays out of it."""
    status = str(entry.status) if entry.status else "---"
    path = entry.path.encode("unicode_escape").decode("ascii")
    return f"{entry.method:6} {path} {status} {seconds * 1000:.0f} ms {entry.vendor}"


def serve(port: int = 8642, *, host: str = "127.0.0.1", key: str = "test-key", fast: bool = False) -> None:
    """Serve all vendors' paths on one port until interrupted.

    Args:
        port: The TCP port.
        host: The address to listen on.
        key: The one key that is accepted.
        fast: Whether tasks take two seconds instead of about a minute.

    Raises:
        RuntimeError: uvicorn is not installed.
    """
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise RuntimeError("The simulator's server needs uvicorn: pip install 'hailuo-widgets[simulator]'.") from None

    def show(entry: LogEntry, seconds: float) -> None:
        print(log_line(entry, seconds), flush=True)  # noqa: T201 - the command's output

    async def run() -> None:
        sim = Simulator(keys={key}, timing=FAST if fast else None, on_request=show)
        config = uvicorn.Config(
            sim.app,
            host=host,
            port=port,
            lifespan="off",
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        try:
            await uvicorn.Server(config).serve()
        finally:
            await sim.aclose()

    address = f"[{host}]" if ":" in host else host
    print(f"All vendors' paths on http://{address}:{port}; Ctrl-C stops.", flush=True)  # noqa: T201
    with suppress(KeyboardInterrupt):
        asyncio.run(run())


def serve_in_background(*, key: str = "test-key", fast: bool = True) -> str:
    """Serve all vendors' paths from a thread of this process, until it ends: for a notebook without a key.

    Args:
        key: The one key that is accepted.
        fast: Whether tasks take two seconds, or as long as the drawing, instead of about a minute.

    Returns:
        The address, on a free port of this machine.

    Raises:
        RuntimeError: uvicorn is not installed.
    """
    try:
        import uvicorn
    except ModuleNotFoundError:
        raise RuntimeError("The simulator's server needs uvicorn: pip install 'hailuo-widgets[simulator]'.") from None
    import socket
    import threading

    listening = socket.create_server(("127.0.0.1", 0))  # connections wait in it until the server has begun
    sim = Simulator(keys={key}, timing=FAST if fast else None)
    config = uvicorn.Config(sim.app, lifespan="off", access_log=False, log_level="warning")
    server = uvicorn.Server(config)

    def run() -> None:
        # Not `run`: it would take over Ctrl-C, which is the kernel's.
        asyncio.run(server._serve(sockets=[listening]))  # noqa: SLF001

    threading.Thread(target=run, name="hailuo-simulator", daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"
