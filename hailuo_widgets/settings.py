"""Where keys and the library's place come from.

In this order: an argument, `configure` or `%hailuo login`, the environment, a `.env` file, the system's keyring.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from hailuo_widgets import keychain
from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.money import money
from hailuo_widgets.spec.words import did_you_mean
from hailuo_widgets.store.peek import LIBRARY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from pydantic import SecretStr

_PLAIN = (
    "provider",
    "model",
    "library",
    "shared_library",
    "sketch_seconds",
    "confirm_above",
    "client_cert",
    "unattended_wait",
)
_LIMITS = ("_requests_per_minute", "_tasks_in_flight")

_PLAIN_URL = re.compile(r"[^\s@?#\\]+")


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class FoundKey:
    """A provider's key, and where it came from (for people; never the value).

    No attribute holds the key: what walks over the locals of a traceback and all that hangs on them does not meet it.
    """

    origin: str

    @classmethod
    def of(cls, provider: str, key: str | SecretStr, origin: str) -> FoundKey:
        """Check a key and keep it.

        Raises:
            UsageError: If it could not be sent; the message does not repeat it.
        """
        value = (key if isinstance(key, str) else key.get_secret_value()).strip()
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise UsageError(
                f"The key for {provider} ({origin}) is empty, or contains a space, a line break or odd characters.",
                hint="Copy it again from the vendor's page.",
            )
        found = cls(origin)
        _VALUES[found] = value
        return found

    @property
    def secret(self) -> SecretStr:
        """The key, wrapped so that showing it shows stars."""
        from pydantic import SecretStr

        return SecretStr(_VALUES[self])


_VALUES: WeakKeyDictionary[FoundKey, str] = WeakKeyDictionary()


@dataclass(slots=True)
class Settings:
    """What can be set once for all that follows.

    Attributes:
        provider: Used where a cell names none; None picks the first provider whose key is set, else `sketch`.
        model: Used where a cell names none; None is the provider's preferred one.
        library: The library's folder; a relative one is taken from where the kernel started. The default is
            `hailuo_library` beside the notebook, or else the nearest one in a folder above it.
        shared_library: Another library, a class's for example, whose clips answer requests too. It is only read.
        base_urls: Provider → another base URL (a gateway, or the simulator). http only to this machine.
        sketch_seconds: How long a sketch pretends to take, in seconds; 0 is as fast as it draws.
        library_url: Where the journal is, if not in the library's folder: `postgresql+psycopg://…`. It may hold a
            password, so it is not shown.
        requests_per_minute: Provider → how many requests a minute your account may make; 0 for no limit. The catalogue
            knows what vendors publish.
        tasks_in_flight: Provider → how many tasks your account may have at once; 0 for no limit.
        confirm_above: Currency → the price above which a single clip in a cell is not bought before its plan was seen;
            `""` means every other currency. Of several clips a plan is shown in any case.
        client_cert: A PEM file with a client certificate and its private key, for vendors or gateways that want one;
            `""` for none.
        unattended_wait: The most seconds that a cell waits for its clips where a program executes the notebook
            (papermill, `jupyter execute`, nbconvert); 0 for not at all.
    """

    provider: str | None = None
    model: str | None = None
    library: str = LIBRARY
    shared_library: str = ""
    base_urls: dict[str, str] = field(default_factory=dict)
    sketch_seconds: float = 0.0
    library_url: str | None = field(default=None, repr=False)
    requests_per_minute: dict[str, int] = field(default_factory=dict)
    tasks_in_flight: dict[str, int] = field(default_factory=dict)
    confirm_above: dict[str, Decimal] = field(default_factory=dict)
    client_cert: str = ""
    unattended_wait: float = 1800.0
    _keys: dict[str, FoundKey] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment, and the `.env` file for what the environment does not say.

        Raises:
            UsageError: If a value can't be understood.
        """
        values = {**_dotenv(), **(os.environ if environment is None else environment)}
        settings = cls()
        for name in _PLAIN:
            if value := values.get(f"HAILUO_{name.upper()}"):
                settings.set(name, value)
        if url := values.get("HAILUO_LIBRARY_URL"):
            settings.library_url = url.strip()
        for name, value in values.items():
            if name.startswith("HAILUO_") and name.endswith("_BASE_URL") and value:
                settings.base_urls[name[len("HAILUO_") : -len("_BASE_URL")].lower()] = checked_base_url(value)
            if name.startswith("HAILUO_") and name.lower().endswith(_LIMITS) and value:
                settings.set(name.removeprefix("HAILUO_").lower(), value)
        return settings

    def set(self, name: str, value: Any) -> None:
        """Change one setting.

        Raises:
            UsageError: If there is no such setting, or the value is not one for it.
        """
        if name.casefold().endswith(("key", "token", "secret")):
            raise UsageError(
                "Don't put a key in a cell: it would be saved with the notebook.",
                hint="Write %hailuo login PROVIDER, which asks for it; or set the provider's variable or .env.",
            )
        if name == "provider":
            self.provider = _known_provider(str(value)) if value else None
        elif name == "model":
            self.model = str(value) if value else None
        elif name == "library":
            self.library = str(value)
        elif name == "shared_library":
            self.shared_library = str(value)
        elif name == "library_url":
            url = str(value).strip()
            if "@" in url and ":" in url.partition("@")[0].partition("://")[2]:
                raise UsageError(
                    "Don't put a password in a cell: it would be saved with the notebook.",
                    hint="Set HAILUO_LIBRARY_URL in the environment or in .env, or leave it to PGPASSWORD.",
                )
            self.library_url = url or None
        elif name == "confirm_above":
            amounts = [money(each, name) for each in str(value).split(",") if each.strip()]
            self.confirm_above = {currency: amount for amount, currency in amounts}
        elif name in ("sketch_seconds", "unattended_wait"):
            setattr(self, name, _seconds(name, value))
        elif name == "client_cert":
            self.client_cert = str(Path(str(value).strip()).expanduser()) if value else ""
        elif name.endswith("_base_url"):
            self.base_urls[_known_provider(name.removesuffix("_base_url"))] = checked_base_url(str(value))
        elif name.endswith(_LIMITS):
            limit = next(each for each in _LIMITS if name.endswith(each))
            limits: dict[str, int] = getattr(self, limit.removeprefix("_"))
            limits[_known_provider(name.removesuffix(limit))] = _count(name, value)
        else:
            of_a_provider = (f"<provider>{each}" for each in ("_base_url", *_LIMITS))
            known = (*_PLAIN, "library_url", *of_a_provider)
            raise UsageError(f"There is no setting “{name}”.", hint=did_you_mean(name, known))

    def give_key(self, provider: str, key: str | SecretStr, origin: str) -> None:
        """Keep a key for this process only.

        Raises:
            UsageError: If it could not be sent.
        """
        self._keys[provider] = FoundKey.of(provider, key, origin)

    def with_key(self, provider: str, key: str | SecretStr) -> Settings:
        """These settings with one more key, for this copy only."""
        keys = {**self._keys, provider: FoundKey.of(provider, key, "argument")}
        return replace(self, base_urls=dict(self.base_urls), _keys=keys)

    def key(self, provider: str, variable: str) -> FoundKey | None:
        """The provider's key, None where none is set anywhere.

        Raises:
            UsageError: If what is set could not be sent.
        """
        if provider in self._keys:
            return self._keys[provider]
        if variable and (value := os.environ.get(variable, "").strip()):
            return FoundKey.of(provider, value, f"environment variable {variable}")
        if variable and (value := _dotenv().get(variable, "").strip()):
            return FoundKey.of(provider, value, f"{variable} in .env")
        return _from_keyring(provider) if variable else None


def _from_keyring(provider: str) -> FoundKey | None:
    if provider not in _KEPT and (value := keychain.find(provider)):
        _KEPT[provider] = FoundKey.of(provider, value, "the system's keyring")
    return _KEPT.get(provider)


_KEPT: dict[str, FoundKey] = {}
"""Keys from the keyring, which is asked once a process: a key is looked up for each call."""


def checked_base_url(url: str) -> str:
    """A base URL without its trailing slash.

    Raises:
        UsageError: If it is no http(s) URL, or plain http to another machine: a key must not travel in the clear.
    """
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable or not _PLAIN_URL.fullmatch(url.strip()):
        raise UsageError(
            "That is not a base URL.", hint="It should read https://host, or http://127.0.0.1:PORT for a simulator."
        )
    assert parts.hostname
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise UsageError(
            f"{parts.hostname} would receive the key over plain http.",
            hint="Use https; http is for this machine only (127.0.0.1).",
        )
    return url.strip().rstrip("/")


def _known_provider(name: str) -> str:
    from hailuo_widgets.providers import names

    if name not in names():
        raise UsageError(f"There is no provider “{name}”.", hint=did_you_mean(name, names()))
    return name


@lru_cache(256)
def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(name: str, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise UsageError(f"{name} should be a number of seconds from 0 to 86400, not “{str(value)[:40]}”.")
    return seconds


def _count(name: str, value: Any) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise UsageError(f"{name} should be a whole number, 0 for no limit, not “{text[:40]}”.")
    return int(text)


def _dotenv() -> dict[str, str]:
    path = Path.cwd() / ".env"
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        return {}
    return _read_dotenv(str(path), stamp)


@lru_cache(maxsize=4)
def _read_dotenv(path: str, _stamp: int) -> dict[str, str]:
    from dotenv import dotenv_values

    try:
        # No interpolation: a key may hold a dollar sign. Windows' editor begins a file with a mark.
        found = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):  # the latter holds the file's text
        found = None
    if found is None:
        raise UsageError(
            "The file .env in this folder can't be read.", hint="Save it as UTF-8 and make sure that you can read it."
        )
    return {name: value for name, value in found.items() if value}
