"""Whether vendors' hosts answer: asked all at once, without a key, for a few seconds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hailuo_widgets.net.reply import NoReply
from hailuo_widgets.net.transport import Transport
from hailuo_widgets.providers.base import HttpCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

SECONDS = 3.0
"""Seconds after which a host counts as one that doesn't answer; all are asked at the same time."""


async def reach(base_urls: Mapping[str, str], inner: httpx.AsyncBaseTransport | None = None) -> dict[str, str]:
    """Ask each host for the headers of its first page. Any HTTP answer counts, and no key goes along.

    Args:
        base_urls: Whom to ask, by any name.
        inner: Another httpx transport.

    Returns:
        What to say of each, by the same names: "answers", or why it does not.
    """
    words = await asyncio.gather(*(_ask(url, inner) for url in base_urls.values()))
    return dict(zip(base_urls, words, strict=True))


async def _ask(url: str, inner: httpx.AsyncBaseTransport | None) -> str:
    transport = Transport(url, dict, inner)
    try:
        async with asyncio.timeout(SECONDS):
            reply = await transport.send(HttpCall("HEAD", "/"))
    except TimeoutError:
        return f"does not answer within {SECONDS:g} s"
    finally:
        await transport.aclose()
    return f"does not answer: {reply.reason}" if isinstance(reply, NoReply) else "answers"
