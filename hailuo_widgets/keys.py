"""Which provider answers a request that names none, and with which key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hailuo_widgets.errors import AuthenticationError
from hailuo_widgets.providers import names
from hailuo_widgets.spec.catalog import catalog

if TYPE_CHECKING:
    from hailuo_widgets.settings import FoundKey, Settings

EMBEDDED = "sketch"
"""The provider that needs no key."""


def choose_provider(settings: Settings) -> tuple[str, str]:
    """The provider for a request that names none, and why it is that one."""
    if settings.provider:
        return settings.provider, "Provider from your settings (HAILUO_PROVIDER)"
    offers = catalog().offers
    for name in names():
        found = settings.key(name, offers[name].key) if name in offers and offers[name].key else None
        if found:
            variable = offers[name].key
            why = f"{variable} is set" if variable in found.origin else f"its key is in {found.origin}"
            return name, f"Chosen because {why}"
    return EMBEDDED, "No provider's key is set, so this is a local sketch"


def require_key(name: str, settings: Settings) -> FoundKey | None:
    """The provider's key; None for a provider that needs none.

    Raises:
        UsageError: If there is no such provider.
        AuthenticationError: If it needs a key and none is set; says where to set it.
    """
    offer = catalog().offer(name)
    found = settings.key(name, offer.key)
    if found is None and offer.key:
        where = f" Keys are made at {offer.keys_page}." if offer.keys_page else ""
        raise AuthenticationError(
            f"{offer.title} needs a key, and none is set.",
            hint=f"Set {offer.key} in the environment or in a .env file, or write %hailuo login {name} in a notebook."
            f"{where} Without a key, use -p {EMBEDDED}.",
            provider=name,
        )
    return found
