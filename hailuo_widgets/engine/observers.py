"""Observers of a change: views register, and the engine calls back without knowing them."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Observers(Generic[T]):
    """Callbacks that are told of every change of one subject. Thread-safe."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[T], None]] = []
        self._lock = threading.Lock()

    def add(self, callback: Callable[[T], None]) -> Callable[[], None]:
        """Call back after every change.

        Returns:
            A function that ends it.
        """
        with self._lock:
            self._callbacks.append(callback)

        def forget() -> None:
            with self._lock, suppress(ValueError):
                self._callbacks.remove(callback)

        return forget

    def tell(self, subject: T) -> None:
        """Call back, on this thread."""
        with self._lock:
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            try:
                callback(subject)
            except Exception:  # noqa: BLE001  # a view that breaks must not cost a clip
                _log.exception("An observer of a %s failed.", type(subject).__name__.lower())
