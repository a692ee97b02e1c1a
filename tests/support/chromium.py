"""Finding a Chromium: the system's, else Playwright's own, else Debian's package, installed now.

Never a skip: a browser test without a browser is a failure, and its message says what was tried.
`python tests/support/chromium.py` does that alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Playwright

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Chromium calls home at every start; on a closed network that is many refused connections at once.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


class NoChromiumError(RuntimeError):
    """No Chromium was found and none could be installed."""


def chromium_flags() -> list[str]:
    """The flags for a quiet headless Chromium; its sandbox refuses to start as root."""
    return [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def find_chromium(playwright: Playwright, say: Callable[[str], None]) -> str:
    """Path of a Chromium that can be started.

    Args:
        playwright: A running Playwright, asked for a browser of its own.
        say: Called with one line that tells which browser it is and where it came from.

    Raises:
        NoChromiumError: Nothing was found, and Debian's package could not be installed.
    """
    if found := _on_path():
        say(f"Chromium for the browser tests: {found} (the system's)")
        return found
    own = playwright.chromium.executable_path
    if own and Path(own).exists():
        say(f"Chromium for the browser tests: {own} (Playwright's own)")
        return own
    say("Chromium for the browser tests: none on this system; installing Debian's package chromium")
    try:
        install_debian_package("chromium")
    except RuntimeError as error:
        raise NoChromiumError(_advice(str(error))) from error
    if found := _on_path():
        say(f"Chromium for the browser tests: {found} (Debian's package, installed just now)")
        return found
    raise NoChromiumError(_advice("Debian's package was installed, but it left no chromium on the PATH."))


def _on_path() -> str | None:
    return next((path for name in SYSTEM_NAMES if (path := shutil.which(name))), None)


def install_debian_package(name: str) -> None:
    """Install a package that the tests need.

    Raises:
        RuntimeError: This is no Debian, or root's rights are missing.
    """
    apt = shutil.which("apt-get")
    if apt is None:
        raise RuntimeError("This is no Debian: there is no apt-get to install one with.")
    prefix: list[str] = []
    if os.geteuid() != 0:
        sudo = shutil.which("sudo")
        if sudo is None:
            raise RuntimeError("Installing one needs root, and there is no sudo.")
        prefix = [sudo, "-n"]
    for command in (
        [*prefix, apt, "-q", "update"],
        [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-q", "install", "-y", name],
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
            raise RuntimeError(f"`{' '.join(command)}` failed: {' / '.join(last)}")


def _advice(what: str) -> str:
    return (
        f"The browser tests need a Chromium. {what} "
        "Install chromium or google-chrome, or run `playwright install chromium`, then run the tests again."
    )


def main() -> None:
    """Say which one it will be, and install one where there is none."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        find_chromium(playwright, print)


if __name__ == "__main__":
    main()
