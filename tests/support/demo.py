"""`hailuo-widgets demo` as its users start it: the installed command, in a folder of theirs, with a new home."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

import hailuo_widgets
from support.jupyter_server import own_folders
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMAND = Path(sys.executable).with_name("hailuo-widgets.exe" if os.name == "nt" else "hailuo-widgets")
PACKAGE = Path(hailuo_widgets.__file__).parent.parent


class Demo:
    """One run of the command.

    Args:
        folder: An empty folder. The command is started in `folder/elsewhere`, its home is `folder/home`.
        arguments: What follows `hailuo-widgets demo`.
        browser: Whether there is one: a program that writes down the address it is given.
        config: Jupyter's own settings of this user.
        env: More of the environment.
        main: Python that is run in place of the installed command.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        browser: bool = False,
        config: Mapping[str, object] | None = None,
        env: Mapping[str, str] | None = None,
        main: str = "",
    ) -> None:
        self.home, self.cwd, self.opened = folder / "home", folder / "elsewhere", folder / "opened.txt"
        self.cwd.mkdir(parents=True)
        (self.home / "config").mkdir(parents=True)
        (self.home / "config" / "jupyter_server_config.json").write_text(json.dumps(config or {}))
        self._out = folder / "said.txt"
        without = {"BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "JUPYTER_TOKEN"}
        self._env = {name: value for name, value in os.environ.items() if name not in without}
        self._env |= {**own_folders(self.home), "PYTHONPATH": str(PACKAGE), **(env or {})}
        if browser:
            self._env["BROWSER"] = f"{self._browser(folder)} %s"
        self._command = [sys.executable, "-c", main] if main else [str(COMMAND)]
        self._command += ["demo", *arguments]

    def _browser(self, folder: Path) -> Path:
        program = folder / "browser"
        program.write_text(
            f'#!/bin/sh\nprintf %s "$1" > "{self.opened}.part" && mv "{self.opened}.part" "{self.opened}"\n'
        )
        program.chmod(0o700)
        return program

    def __enter__(self) -> Self:
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                self._command, cwd=self.cwd, env=self._env, stdout=out, stderr=subprocess.STDOUT
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    def said(self) -> str:
        """What it has printed so far."""
        return self._out.read_text("utf-8", errors="replace")

    def address(self) -> str:
        """The page's address, as soon as it is printed."""

        def printed() -> str:
            assert self.process.poll() is None, self.said()
            found = re.search(r"^ {4}(http://\S+)$", self.said(), re.MULTILINE)
            return found[1] if found else ""

        return wait_until(printed, 90, self.said)

    def open_address(self) -> str:
        """What the browser was told to open."""
        return wait_until(lambda: self.opened.read_text() if self.opened.exists() else "", 90, self.said)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """End it as Ctrl+C does; its exit status."""
        self.process.send_signal(how)
        return self.process.wait(60)
