"""From a journal's row back to what was ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hailuo_widgets.spec.catalog import ModelSpec, Price, catalog
from hailuo_widgets.spec.quote import Quote
from hailuo_widgets.spec.request import Mode, VideoRequest

if TYPE_CHECKING:
    from decimal import Decimal


def quote_of(row: Any) -> Quote:
    """The order behind a job, as far as a journal keeps it: pictures are known by their hash.

    Args:
        row: A job or clip joined with its request.

    Raises:
        RefusedError: If this release does not understand the request.
    """
    request = VideoRequest.recalled(row.effective)
    mode = Mode(row.mode) if row.mode in set(Mode) else request.mode
    amount: Decimal | None = row.price
    return Quote(
        written=VideoRequest.recalled(row.written),
        request=request,
        row=next(iter(catalog().find(row.provider, row.model, mode)), None) or _bare(row, mode),
        price=Price(amount, row.currency),
    )


def _bare(row: Any, mode: Mode) -> ModelSpec:
    """A model that the catalogue has no more; its task can still be asked for."""
    return ModelSpec(
        provider=row.provider,
        model=row.model,
        mode=mode,
        wire_model=row.model,
        durations={},
        parameters=frozenset(),
        required=frozenset(),
        defaults={},
        prompt_max=0,
        camera="none",
        pictures=frozenset(),
        ratios=(),
        currency=row.currency,
        prices={},
        source={},
    )
