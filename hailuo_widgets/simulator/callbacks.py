"""What vendors send on their own: the challenge, and a task's news."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
CHALLENGE_SECONDS = 3.0
"""A callback address must echo the challenge within this (MiniMax, video generation, callback_url)."""


@dataclass(frozen=True)
class Delivery:
    """One POST to a callback address: what was sent, and the status that came back (None: no answer)."""

    url: str
    body: dict[str, Any]
    status: int | None


class Callbacks:
    """Posts to callback addresses: https, or http on this machine.

    Attributes:
        deliveries: All that was sent, in order.
    """

    def __init__(self, client: httpx.AsyncClient | None = None) -> None:
        self._given = client
        self.deliveries: list[Delivery] = []

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        return self._given or httpx.AsyncClient(trust_env=False)

    @staticmethod
    def allowed(url: Any) -> bool:
        """Whether an address may be called at all."""
        if not isinstance(url, str) or len(url) > 2048:
            return False
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        )

    async def post(self, url: str, body: dict[str, Any], *, within: float = 10.0) -> httpx.Response | None:
        """Send a body; None if there is no answer in time."""
        answer: httpx.Response | None = None
        try:
            async with asyncio.timeout(within):
                answer = await self._client.post(url, json=body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            pass
        self.deliveries.append(Delivery(url, body, answer.status_code if answer is not None else None))
        return answer

    async def challenge(self, url: str) -> bool:
        """Whether the address echoes a fresh challenge in time, as MiniMax demands before it sends any news."""
        word = secrets.token_hex(16)
        answer = await self.post(url, {"challenge": word}, within=CHALLENGE_SECONDS)
        if answer is None or not answer.is_success:
            return False
        try:
            echo = answer.json()
        except (json.JSONDecodeError, UnicodeDecodeError):
            return False
        return isinstance(echo, dict) and echo.get("challenge") == word

    async def aclose(self) -> None:
        """Close the client, unless it was given."""
        if self._given is None and "_client" in self.__dict__:
            await self._client.aclose()
