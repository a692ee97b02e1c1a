"""Every test starts with no key of the user's, nothing of the user's settings, and a folder of its own."""

from __future__ import annotations

import os
import random
import signal
import sys
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.session import SimulatedSession

# Two cores are busy with a browser meanwhile. What is rare is looked for by `nox -s long`.
# The same examples every time: what a gate says must depend on the change alone. The long run looks for new ones.
settings.register_profile("default", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("long", max_examples=2_000, deadline=None)
settings.load_profile("default")

# A shell's background job ignores SIGINT, and whatever it starts inherits that: no Ctrl+C of a test would be heard.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_the_users(name: str) -> bool:
    if name in {"HAILUO_SAVE_PICTURES", "HAILUO_KERNEL_PYTHON"}:
        return False
    return name.startswith("HAILUO_") or name.endswith(("_API_KEY", "_API_TOKEN"))


# Before anything is collected, and so for every server and kernel that a test starts: no test may ever spend money.
for _name in [name for name in os.environ if _is_the_users(name)]:
    del os.environ[_name]
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"


# multiprocessing's spawn asks it for a spec, and the main module of an xdist worker has none.
_MAIN = sys.modules["__main__"]
vars(_MAIN).setdefault("__spec__", None)


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="many more rounds of what is tried at random")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    sys.modules["__main__"] = _MAIN  # an IPython shell puts its own there, and leaves it


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, tmp_path_factory, monkeypatch):
    """The library is made in the working directory, so each test gets one that is thrown away; so are cache and settings."""
    for name in [name for name in os.environ if _is_the_users(name)]:  # what an earlier test left: the demo sets one
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))


@pytest.fixture(autouse=True)
def _same_draws(request, monkeypatch):
    """What is drawn at random is the same in every run of a test, except in the long run."""
    if request.config.getoption("--long"):
        return
    own = zlib.crc32(request.node.nodeid.encode())
    random.seed(own)
    fresh = np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed=None: fresh(own if seed is None else seed))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedSession]:
    """The session that `hailuo_widgets.generate` and the like use; its MiniMax is the simulator."""
    from hailuo_widgets import session as session_module
    from support.session import session

    with session() as made:
        monkeypatch.setattr(session_module, "default_session", lambda: made)
        yield made


def pytest_make_parametrize_id(val: object) -> str | None:
    """A file of 30 MB is named by its size: its bytes, escaped, would be a name of 125 MB in every process."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > 60 else None
