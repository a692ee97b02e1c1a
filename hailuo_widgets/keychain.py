"""The system's keyring, for keys that `%hailuo login` was given.

The package `keyring` is loaded only for providers that were logged in on this machine: it takes a third of a second,
and some desktops ask for a password at the first question. A file lists the names of those providers.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

SERVICE = "hailuo-widgets"
"""The name under which the keyring lists the keys; the user's name there is the provider's."""

RECOMMENDED = 1
"""Of keyring's own priorities. Below it are those that keep secrets in plain text, or ask for a password in a terminal.

Source: keyring, `keyring.core.recommended`.
"""


def keep(provider: str, key: str) -> str:
    """Put a key into the system's keyring.

    Returns:
        What the keyring is called; `""` if it has none that can be used.
    """
    backend = _backend()
    if backend is None:
        return ""
    try:
        backend.set_password(SERVICE, provider, key)
        _note(provider)
    except Exception:  # noqa: BLE001  # a keyring's errors are its own, and their frames hold the key
        return ""
    return str(backend.name)


def find(provider: str) -> str | None:
    """The stored key; None if there is none or the keyring is locked. Never prompts."""
    if provider not in _noted():
        return None
    backend = _backend()
    if backend is None or _locked(backend):
        return None
    try:
        found = backend.get_password(SERVICE, provider)
    except Exception:  # noqa: BLE001  # as above
        return None
    return found if isinstance(found, str) else None


def installed() -> bool:
    """Whether the package `keyring` is there."""
    from importlib.util import find_spec

    return find_spec("keyring") is not None


def _backend() -> Any:
    if not installed():
        return None
    try:
        import keyring

        backend = keyring.get_keyring()
        several = getattr(backend, "backends", [backend])
        return next((each for each in several if each.priority >= RECOMMENDED), None)
    except Exception:  # noqa: BLE001  # a keyring that can't be loaded can't be used
        return None


def _locked(backend: Any) -> bool:
    """Whether the Secret Service would ask for the desktop's password."""
    if not type(backend).__module__.startswith("keyring.backends.SecretService"):
        return False
    try:
        import secretstorage

        bus = secretstorage.dbus_init()
        try:
            return bool(secretstorage.Collection(bus).is_locked())
        finally:
            bus.close()
    except Exception:  # noqa: BLE001  # a service that can't be asked can't be used either
        return True


def _names_file() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "hailuo_widgets" / "logins"


def _noted() -> frozenset[str]:
    try:
        return frozenset(_names_file().read_text("utf-8").split())
    except (OSError, ValueError, RuntimeError):  # RuntimeError: no home
        return frozenset()


def _note(provider: str) -> None:
    file = _names_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = file.with_name(f"logins.{os.getpid()}.part")
    try:
        partial.write_text("".join(f"{name}\n" for name in sorted(_noted() | {provider})), "utf-8")
        partial.replace(file)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
