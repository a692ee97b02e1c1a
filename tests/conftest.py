"""Every test starts with no key of the user's, nothing of the user's settings, and a folder of its own."""

from __future__ import annotations

import os

import pytest


def _is_the_users(name: str) -> bool:
    if name in {"HAILUO_SAVE_PICTURES", "HAILUO_KERNEL_PYTHON"}:
        return False
    return name.startswith("HAILUO_") or name.endswith(("_API_KEY", "_API_TOKEN"))


# Before anything is collected, and so for every server and kernel that a test starts: no test may ever spend money.
for _name in [name for name in os.environ if _is_the_users(name)]:
    del os.environ[_name]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """The library is made in the working directory, so each test gets one that is thrown away."""
    monkeypatch.chdir(tmp_path)
