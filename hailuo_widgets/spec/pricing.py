"""What a request costs: what comes out, and with MiniMax-H3 what goes in as well. Exact, a range, or not known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from hailuo_widgets.spec.catalog import UNPUBLISHED, Price

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hailuo_widgets.spec.catalog import ModelSpec
    from hailuo_widgets.spec.media import Media
    from hailuo_widgets.spec.request import VideoRequest

SHORTEST_VIDEO, ALL_VIDEOS = 2, 15
"""Seconds of one reference video at least, and of all of them together at most: see `spec.file_rules.H3_VIDEO`."""

FPS = 24
"""Of H3's clips, whose frames lie on 17n + 5: one of 5 s has 124. What is priced are the seconds asked for."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a vendor says that it charged for, in units.

    Attributes:
        output_seconds: Of the clip.
        input_seconds: Of the videos that went in.
        input_images: Pictures that went in, frames included.
        input_tokens: Of a rewritten prompt.
        output_tokens: Of a rewritten prompt.
    """

    output_seconds: float = 0.0
    input_seconds: float = 0.0
    input_images: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


def price_of(request: VideoRequest, row: ModelSpec) -> Price:
    """The price of a pinned request.

    Where it depends on something that is not known here (how long a video on the web is), it is a range; `amount` is
    its upper end, which is what a budget sets aside.
    """
    output = row.price(request.resolution, request.duration)
    if output.amount is None or not row.charges_inputs:
        return output
    shortest, longest = _video_seconds(request)
    pictures = row.picture_price * max(0, _pictures(request) - row.free_pictures)
    a_second = row.video_prices.get(request.resolution or "", Decimal(0))
    least, most = (output.amount + pictures + a_second * seconds for seconds in (shortest, longest))
    return Price(most, row.currency, least if least != most else None)


def settled(request: VideoRequest, row: ModelSpec, usage: Usage) -> Price:
    """What was charged, by what the vendor says that it used."""
    if row.token_prices:
        tokens = row.token_prices["input"] * usage.input_tokens + row.token_prices["output"] * usage.output_tokens
        return Price(tokens / 1_000_000, row.currency)
    rate = row.prices.get((request.resolution or "", 0))
    if rate is None:
        return UNPUBLISHED
    amount = rate * Decimal(str(usage.output_seconds))
    amount += row.picture_price * max(0, usage.input_images - row.free_pictures)
    amount += row.video_prices.get(request.resolution or "", Decimal(0)) * math.ceil(usage.input_seconds)
    return Price(amount, row.currency)


def usage_of(value: Mapping[str, object]) -> Usage | None:
    """From MiniMax's `usage`; None where it holds no figure that anything is charged by."""

    def figure(*names: str) -> float:
        for name in names:
            found = value.get(name)
            if isinstance(found, (int, float)) and not isinstance(found, bool) and 0 <= found < 1e9:
                return found
        return 0.0

    usage = Usage(
        float(figure("output_seconds")),
        float(figure("input_seconds")),
        int(figure("input_image_count")),
        int(figure("input_tokens", "prompt_tokens")),
        int(figure("output_tokens", "completion_tokens")),
    )
    return usage if usage.output_seconds or usage.output_tokens else None


def draft_seconds(video: Media) -> int | None:
    """The seconds that a clip of H3's was asked for, by its frames; None where they can't be counted."""
    facts = video.facts
    return facts.frames // FPS if facts and facts.frames else None


def _pictures(request: VideoRequest) -> int:
    references = sum(each.kind == "image" for each in request.references)
    return references + (request.first_frame is not None) + (request.last_frame is not None)


def _video_seconds(request: VideoRequest) -> tuple[int, int]:
    """Whole seconds of the videos that go in, each rounded up by itself: at least, and at most."""
    videos = [each for each in request.references if each.kind == "video"]
    lengths = [each.facts.seconds if each.facts else None for each in videos]
    known = [seconds for seconds in lengths if seconds]
    unknown = len(lengths) - len(known)
    least = most = sum(math.ceil(seconds - 0.001) for seconds in known)
    if unknown:
        least += SHORTEST_VIDEO * unknown
        # Two that last 15 s together may both end in the middle of a second.
        most += max(SHORTEST_VIDEO * unknown, math.ceil(ALL_VIDEOS - sum(known)) + unknown - 1)
    if request.base_video is not None:
        # Whether the draft itself is charged, MiniMax doesn't say: its sample has `input_seconds: 0`.
        most += draft_seconds(request.base_video) or request.duration or ALL_VIDEOS
    return least, most
