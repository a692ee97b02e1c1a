"""Which certificates are trusted, and which one of ours is shown."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path

from hailuo_widgets.errors import UsageError

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


def tls_context(client_cert: str = "") -> ssl.SSLContext:
    """The context for a connection made now. Variables that were changed in this process count.

    The operating system's trust store decides, unless `SSL_CERT_FILE`, `SSL_CERT_DIR` or `REQUESTS_CA_BUNDLE` names
    certificates; then only those are trusted. Making a context costs milliseconds, so each is made once a process.

    Args:
        client_cert: A PEM file with a client certificate and its private key; `""` for none.

    Raises:
        UsageError: If a file that is named can't be used.
    """
    named = tuple((name, path) for name in _VARIABLES if (path := os.environ.get(name, "").strip()))
    return _context(named, client_cert, tuple(map(_changed, [*(path for _, path in named), client_cert])))


def _changed(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns if path else 0
    except OSError:
        return 0


@lru_cache(16)
def _context(named: tuple[tuple[str, str], ...], client_cert: str, _stamps: tuple[int, ...]) -> ssl.SSLContext:
    context = _trusting(named) if named else _system()
    if client_cert:
        try:
            context.load_cert_chain(client_cert, password=lambda: b"")  # without it OpenSSL would ask on the terminal
        except (OSError, ValueError):
            raise UsageError(
                f"The client certificate “{client_cert}” can't be used.",
                hint="client_cert (HAILUO_CLIENT_CERT) names a PEM file with the certificate and its unencrypted key.",
            ) from None
    return context


def _system() -> ssl.SSLContext:
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _trusting(named: tuple[tuple[str, str], ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name, path in named:
        folder = Path(path).is_dir()
        try:
            context.load_verify_locations(cafile=None if folder else path, capath=path if folder else None)
        except OSError:  # ssl.SSLError is one
            raise UsageError(
                f"{name} names “{path}”, which holds no certificates that can be read.",
                hint=f"Correct {name}, or unset it to trust what this computer trusts.",
            ) from None
    return context
