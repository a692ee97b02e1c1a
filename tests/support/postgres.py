"""A PostgreSQL server of Debian's package, for as long as a test wants it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

MISSING = "PostgreSQL's server can't be had: `apt-get install postgresql` as root, and run the tests again."


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "-q", "update"], ["apt-get", "-q", "install", "-y", "postgresql"]):
            subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, MISSING
    return found[-1].parent


@contextmanager
def server() -> Iterator[str]:
    """The server's URL, for SQLAlchemy; its own files are thrown away at the end.

    Raises:
        AssertionError: There is no server, and none can be installed.
    """
    programs = _programs()
    # It refuses to run as root, and a test's own folder may not be read by anybody else.
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="hailuo-postgres-"))
    if user:
        shutil.chown(folder, user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = str(folder / "data")
    initdb = [str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "hailuo", "-E", "UTF8", "--no-sync"]
    made = subprocess.run(initdb, user=user, cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    options = [str(programs / "postgres"), "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", str(folder)]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(options, user=user, cwd=folder, stdout=log, stderr=log)

    def ready() -> bool:
        asked = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        return subprocess.run(asked, check=False).returncode == 0

    try:
        wait_until(ready, 60, (folder / "log").read_text)
        yield f"postgresql+psycopg://hailuo@127.0.0.1:{port}/postgres"
    finally:
        running.send_signal(signal.SIGINT)  # at once: SIGTERM waits for clients, and a failed test may have left one
        running.wait()
        shutil.rmtree(folder, ignore_errors=True)
