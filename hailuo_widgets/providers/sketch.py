"""The embedded provider: MiniMax's v1 wire, spoken to a simulator in this process. No key, no port, no network."""

from __future__ import annotations

from hailuo_widgets.providers.minimax import MiniMax


class Sketch(MiniMax):
    """Draws an animatic of the prompt instead of filming it."""

    name = "sketch"
