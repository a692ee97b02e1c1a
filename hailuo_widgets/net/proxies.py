"""Which proxy leads to a host: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, or the system's settings."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from hailuo_widgets.errors import UsageError
from hailuo_widgets.settings import is_loopback

_SCHEMES = {"http": "http", "https": "https", "socks": "socks5h", "socks5": "socks5h", "socks5h": "socks5h"}
"""What may stand before a proxy's address, and what it means. Names are always looked up by a SOCKS proxy."""


_VARIABLES = [name for each in ("http", "https", "all") for name in (f"{each}_proxy", f"{each}_proxy".upper())]
_SYSTEM_HAS_PROXIES = sys.platform in {"darwin", "win32"}


def proxy_for(url: str) -> str | None:
    """The proxy for a URL, as `scheme://[user:password@]host:port`; None where the way is direct.

    The environment is read each time, so that a variable that is set in a notebook counts for the next call. A proxy
    is for the way out: to this machine it would only see the key, over plain http.

    Raises:
        UsageError: If the proxy that is set can't be used. The message never repeats its address: it may hold a
            password.
    """
    # `getproxies` reads every variable there is, which costs more than the rest of a call's preparation.
    if not _SYSTEM_HAS_PROXIES and not any(name in os.environ for name in _VARIABLES):
        return None
    found = getproxies()
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    value = found.get(parts.scheme) or found.get("all")
    if not value or is_loopback(host):
        return None
    if _excepted(found["no"], host, port) if "no" in found else proxy_bypass(host):
        return None
    return _checked(value, _variable(parts.scheme))


def _excepted(entries: str, host: str, port: int) -> bool:
    return any(_matches(entry.strip().casefold(), host.casefold(), port) for entry in entries.split(","))


def _matches(entry: str, host: str, port: int) -> bool:
    """Whether an entry of `NO_PROXY` means a host: a name and what is below it, an address or a block of them."""
    if not entry or entry == "*":
        return bool(entry)
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:  # the host is a name, or the entry no block of addresses
        pass
    name, colon, its_port = entry.rpartition(":")
    if not colon or not its_port.isdigit() or (":" in name and not name.startswith("[")):
        name, its_port = entry, ""
    if its_port and int(its_port) != port:
        return False
    name = name.strip("[]").removeprefix("*").lstrip(".")
    return host == name or host.endswith(f".{name}")


def _variable(scheme: str) -> str:
    """Where a proxy for that scheme comes from, for people."""
    for name in (f"{scheme}_proxy", "all_proxy"):
        for each in (name, name.upper()):
            if os.environ.get(each):
                return each
    return "the system's settings"


def _checked(value: str, source: str) -> str:
    text = value.strip()
    text = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0 and not any(each.isspace() for each in text)
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"The proxy in {source} can't be read.", hint="Write it as http://host:port or socks5://host:port."
        )
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None:
        raise UsageError(
            f"The proxy in {source} begins with “{parts.scheme}://”.", hint="Allowed: http, https, socks5, socks5h."
        )
    if scheme == "socks5h" and not (find_spec("socksio") and find_spec("socks")):
        raise UsageError(
            f"The proxy in {source} is a SOCKS proxy, which needs two more packages.",
            hint='Install them with: pip install "hailuo-widgets[socks]"',
        )
    return f"{scheme}://{text.partition('://')[2].rstrip('/')}"
