"""`hailuo-widgets demo` as a process: what it says, when, and how it ends. tests/browser/test_demo.py looks at its page."""

from __future__ import annotations

import os
import signal
import socket
import urllib.error
import urllib.request

import pytest

from support.demo import Demo

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
AS_ROOT = (
    "import sys; from hailuo_widgets import cli, jupyterlab; jupyterlab.is_root = lambda: True; sys.exit(cli.main())"
)


def status(address: str) -> int:
    try:
        with DIRECT.open(address, timeout=60) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return int(error.code)


@pytest.fixture
def port() -> str:
    """One that no other JupyterLab begins with: it would answer there once this one has ended."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def test_without_a_browser_the_address_is_printed_and_answers(tmp_path, port):
    with Demo(tmp_path / "Größe 太阳", "--folder", "my notebooks/here", "--port", port, main=AS_ROOT) as demo:
        address = demo.address()
        assert status(address) == 200
        assert status(address.replace("/lab/tree/", "/api/contents/").split("?")[0]) == 403  # without the token
        assert "JupyterLab is running" in demo.said()
        assert "Opening" not in demo.said()
        assert address.startswith("http://127.0.0.1:")
        assert "as root" in demo.said()
        assert sorted(each.name for each in (demo.cwd / "my notebooks" / "here").iterdir()) == [
            "does_the_camera_obey.ipynb",
            "h3_draft_to_final.ipynb",
            "quickstart.ipynb",
            "sweep.ipynb",
            "teaching_camera_language.ipynb",
            "which_prompt_is_better.ipynb",
        ]
        assert demo.stop() == 0
        assert "hailuo_widgets/jupyterlab.py" not in demo.said()  # no traceback of ours
        with pytest.raises(OSError, match=r"refused|reset"):
            status(address)


def test_sigterm_ends_jupyterlab_too(tmp_path, port):
    with Demo(tmp_path, "sweep", "--no-browser", "--port", port, browser=True) as demo:
        address = demo.address()
        demo.stop(signal.SIGTERM)
        with pytest.raises(OSError, match=r"refused|reset"):
            status(address)
        assert not demo.opened.exists()


def test_a_jupyterlab_that_does_not_start_is_not_announced(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        config = {"ServerApp": {"port_retries": 0, "ip": "127.0.0.1"}}
        with Demo(tmp_path, "--port", port, config=config, browser=True) as demo:
            assert demo.process.wait(60) == 1
            assert port in demo.said()
            assert "JupyterLab ended" in demo.said()
            assert "Opening" not in demo.said()
            assert not demo.opened.exists()


def test_as_root_it_does_not_run_without_authentication(tmp_path):
    config = {"IdentityProvider": {"token": ""}, "PasswordIdentityProvider": {"hashed_password": ""}}
    with Demo(tmp_path, config=config, main=AS_ROOT) as demo:
        assert demo.process.wait(60) == 1
        assert "authentication" in demo.said()
        assert "http://127.0.0.1" not in demo.said()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no root")
def test_a_text_browser_of_the_terminal_is_no_browser(tmp_path, monkeypatch):
    from hailuo_widgets.jupyterlab import has_browser

    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "w3m").write_text("#!/bin/sh\n")
    (tmp_path / "w3m").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.platform", "linux")
    assert not has_browser()
    monkeypatch.setenv("BROWSER", "w3m %s")
    assert has_browser()
