"""Where a clip may be fetched from: a vendor's answer names an address, and that is hostile until checked."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from hailuo_widgets.errors import DownloadError
from hailuo_widgets.settings import is_loopback

_SUBSTITUTES = ip_network("198.18.0.0/15")
"""Addresses that local proxies (Clash and its kin) hand out in place of real ones. They belong to no network."""

_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ip_network("::/96")


def check_url(url: str, base_url: str) -> None:
    """Check what can be told before a name is looked up.

    Raises:
        DownloadError: If the address may not be followed: https only, this machine excepted where the vendor is on it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise DownloadError("The clip's address can't be read.") from None
    here = is_loopback(host)
    if here and not is_loopback(urlsplit(base_url).hostname or ""):
        raise DownloadError("The vendor's answer names an address on this machine as the clip's.")
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise DownloadError(f"The clip's address is not an https URL but “{parts.scheme}”.")
    if not here:
        try:
            allowed = may_connect(host, host)
        except ValueError:  # a name
            return
        if not allowed:
            raise private_address(host)


def may_connect(host: str, address: str) -> bool:
    """Whether an address that a host's name leads to may be connected to. A proxy looks names up by itself.

    Args:
        host: As the URL has it. This machine by its own name is `check_url`'s business.
        address: One of its addresses.

    Raises:
        ValueError: If it is no address.
    """
    return is_loopback(host) or _is_public(ip_address(address.partition("%")[0]))


def private_address(host: str) -> DownloadError:
    """The error for a host inside a private network."""
    return DownloadError(f"{host} is a private address; a vendor's clip is not fetched from there.")


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (inside := _embedded(address)) is not None:
        return _is_public(inside)
    return address.is_global or (address.version == 4 and address in _SUBSTITUTES)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a gateway would take out of an IPv6 one: mapped, 6to4, Teredo, NAT64 (RFC 6052, 8215)."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if any(address in block for block in (*_NAT64, _COMPATIBLE)) and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
