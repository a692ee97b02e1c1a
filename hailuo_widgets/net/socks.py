"""Files through a SOCKS proxy. Loaded only where one is set: urllib3 needs PySocks for it (the extra `socks`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from urllib3.contrib.socks import (
    SOCKSConnection,
    SOCKSHTTPConnectionPool,
    SOCKSHTTPSConnection,
    SOCKSHTTPSConnectionPool,
    SOCKSProxyManager,
)

from hailuo_widgets.net.fetch import Watched

if TYPE_CHECKING:
    import urllib3


class _Connection(Watched, SOCKSConnection):
    pass


class _TlsConnection(Watched, SOCKSHTTPSConnection):
    pass


class _Pool(SOCKSHTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(SOCKSHTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def manager(proxy: str, **options: Any) -> urllib3.PoolManager:
    """Connections through a proxy, which looks names up."""
    made = SOCKSProxyManager(proxy, **options)
    made.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return made
