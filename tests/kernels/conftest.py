"""A kernel for each test, in the interpreter named by `--kernel-python` (one for each supported ipykernel)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from support.kernel import Kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def kernel_python() -> str:
    """The interpreter under test: HAILUO_KERNEL_PYTHON, or the one that runs the tests."""
    return os.environ.get("HAILUO_KERNEL_PYTHON", sys.executable)


@pytest.fixture
def start_kernel(kernel_python: str, tmp_path: Path) -> Iterator[Callable[..., Kernel]]:
    """Starts kernels in the test's folder and ends them after it."""
    kernels: list[Kernel] = []

    def start(env: dict[str, str] | None = None) -> Kernel:
        kernels.append(Kernel(kernel_python, tmp_path, env))
        return kernels[-1].start()

    yield start
    for kernel in kernels:
        kernel.shutdown()


@pytest.fixture
def kernel(start_kernel: Callable[..., Kernel]) -> Kernel:
    return start_kernel()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "kernels" in item.path.parts:
            item.add_marker(pytest.mark.kernel)
