"""A JupyterLab of the demo's own: started as a process, and watched until it answers."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import webbrowser
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hailuo_widgets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 15
"""How long JupyterLab gets to end its kernels."""


def open_lab(notebook: Path, env: Mapping[str, str], *, browser: bool = True, port: int | None = None) -> int:
    """Serve a notebook in JupyterLab until Ctrl+C, and open it in the browser, where there is one.

    The address is printed as soon as the server listens, not before. As root JupyterLab refuses to start; it is then
    allowed, on the loopback only and behind a token.

    Args:
        notebook: The notebook; its folder is what JupyterLab shows.
        env: The environment of the server and of its kernels.
        browser: Whether to open it in a browser.
        port: The port, or the next free one after it; None for Jupyter's own default, 8888.

    Returns:
        An exit status: 0 after Ctrl+C, else JupyterLab's own.

    Raises:
        UsageError: If Jupyter's settings switch authentication off and this user is root.
    """
    browser = browser and has_browser()
    # Told through the environment: other users of the machine can read a command line. The settings may overrule it.
    token = env.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    command = _command(notebook, browser=browser, port=port)
    with _stopped_by_sigterm(), _server(command, {**env, "JUPYTER_TOKEN": token}) as process:
        try:
            if (server := _listening(process, token)) is None:
                print(f"JupyterLab ended with status {process.returncode}; see its output above.", file=sys.stderr)
                return process.returncode or 1
            if is_root() and not (server.get("token") or server.get("password")):
                raise UsageError(
                    "Jupyter's settings disable authentication; as root, the demo does not start without it.",
                    hint="Run it as another user, or remove the empty token from jupyter_server_config.",
                )
            _announce(notebook, server, browser=browser)
            return process.wait()
        except KeyboardInterrupt:
            return 0


def has_browser() -> bool:
    """Whether this machine can open a page: a text browser in this terminal can't show JupyterLab."""
    if "BROWSER" not in os.environ and sys.platform not in {"win32", "darwin"}:
        screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if not screen:
            return False
    with suppress(webbrowser.Error):
        webbrowser.get()
        return True
    return False


def is_root() -> bool:
    """Whether this process runs as root. On Windows there is no such user."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _command(notebook: Path, *, browser: bool, port: int | None) -> list[str]:
    options = [
        f"--ServerApp.root_dir={notebook.parent}",
        "--ServerApp.answer_yes=True",  # Ctrl+C ends it without a question
        "--ServerApp.log_level=WARN",
        "--LabApp.log_level=WARN",
    ]
    if not browser:
        options.append("--no-browser")
    if port is not None:
        options.append(f"--port={port}")
    if is_root():
        options += ["--allow-root", f"--ip={LOOPBACK}"]
    # The whole path: jupyter_server resolves a bare name against the working folder, not against root_dir.
    return [sys.executable, "-m", "jupyterlab", *options, str(notebook)]


@contextmanager
def _server(command: list[str], env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=env)  # noqa: S603  # our own interpreter and file
    try:
        yield process
    finally:
        with suppress(KeyboardInterrupt):  # it has had Ctrl+C as well, and may be ending its kernels
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        if process.poll() is None:
            process.kill()
            process.wait()


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end this process as Ctrl+C does: JupyterLab must not outlive it."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _listening(process: subprocess.Popen[bytes], token: str) -> dict[str, Any] | None:
    """What the server writes about itself once its port is bound; None if it ends before."""
    from jupyter_core.paths import jupyter_runtime_dir

    runtime = Path(jupyter_runtime_dir())
    while process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            with suppress(OSError, ValueError):  # being written, or another server's that ends
                server: dict[str, Any] = json.loads(file.read_bytes())
                # On Windows the id is that of the interpreter behind venv's launcher, which is not our child.
                if server.get("token") == token or server.get("pid") == process.pid:
                    return server
        time.sleep(0.1)
    return None


def _announce(notebook: Path, server: Mapping[str, Any], *, browser: bool) -> None:
    address = f"{server['url']}lab/tree/{quote(notebook.name)}"
    if server.get("token"):
        address += f"?token={server['token']}"
    if browser:
        print(f"Opening {notebook} in your browser. If it doesn't open, go to:")
    else:
        print(f"JupyterLab is running. Open {notebook} in a browser at:")
    print(f"    {address}")
    if is_root():
        print("JupyterLab runs as root: only this machine can reach it, and only with the token in the address.")
    print("Press Ctrl+C here to stop.", flush=True)
