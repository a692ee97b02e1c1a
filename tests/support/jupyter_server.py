"""A real JupyterLab or Notebook 7 server that shares nothing with the user's own Jupyter."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, Self

from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

App = Literal["lab", "notebook"]

# Nothing that asks the network, nothing that moves, and every cell in the DOM whether or not it is in view.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}


def own_folders(home: Path) -> dict[str, str]:
    """The environment in which Jupyter and IPython keep everything under `home`."""
    return {
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "HOME": str(home),
        "JUPYTER_PREFER_ENV_PATH": "0",
    }


class JupyterServer:
    """One server process with its own data, config, runtime and IPython folders.

    Args:
        app: Which front end it serves.
        home: An empty folder for its state; notebooks live in `root`, under it.
        env: Extra environment for the server, and so for its kernels.
        python: The interpreter of the server and its kernels; one that sees the packages of this one.
    """

    def __init__(
        self, app: App, home: Path, env: Mapping[str, str] | None = None, python: str = sys.executable
    ) -> None:
        self.python = python
        self.app = app
        self.home = home
        self.root = home / "notebooks"
        self.root.mkdir(parents=True)
        self.token = secrets.token_hex(16)
        # Front-end extensions are looked for beside the interpreter, which has only its own.
        self._env = {**os.environ, "JUPYTER_PATH": f"{sys.prefix}/share/jupyter", **(env or {}), **own_folders(home)}
        self._install_kernelspec()
        self._install_settings()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> Self:
        """Start the process and wait until it answers."""
        command = [self.python, "-m", "jupyterlab" if self.app == "lab" else "notebook"]
        flags = [
            "--no-browser",
            "--ip=127.0.0.1",
            "--port=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={self.root}",
            "--ServerApp.allow_root=True",
            "--ServerApp.open_browser=False",
            f"--{'LabApp' if self.app == 'lab' else 'JupyterNotebookApp'}.expose_app_in_browser=True",
        ]
        with (self.home / "server.log").open("wb") as log:
            self._process = subprocess.Popen(
                command + flags, cwd=self.root, env=self._env, stdout=log, stderr=subprocess.STDOUT
            )
        self.url = wait_until(self._answering_url, 60, lambda: f"{self.app} did not start:\n{self.log()}")
        return self

    def stop(self) -> None:
        """Ask the server to shut its kernels down and leave; insist after ten seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def log(self) -> str:
        """What the server and its kernels have written so far."""
        return (self.home / "server.log").read_text(errors="replace")

    def page_url(self) -> str:
        """Address of the front end, logged in."""
        return f"{self.url}{'lab' if self.app == 'lab' else 'tree'}?token={self.token}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _install_kernelspec(self) -> None:
        folder = self.home / "data" / "kernels" / "python3"
        folder.mkdir(parents=True)
        argv = [self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))

    def _install_settings(self) -> None:
        folder = self.home / "config" / "lab" / "user-settings"
        for name, value in SETTINGS.items():
            path = folder / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value))

    def _answering_url(self) -> str | None:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.app} ended at once:\n{self.log()}")
        for info in (self.home / "runtime").glob("jpserver-*.json"):
            with suppress(ValueError, KeyError, urllib.error.URLError, ConnectionError):
                url = str(json.loads(info.read_text())["url"])
                with urllib.request.urlopen(f"{url}api/status?token={self.token}", timeout=5):
                    return url
        return None
