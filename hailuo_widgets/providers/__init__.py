"""One file a vendor: request → HTTP call, HTTP reply → task state. No I/O, no clock, no globals."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from hailuo_widgets.errors import UsageError
from hailuo_widgets.providers.base import Flow, HttpCall, HttpReply, Phase, Provider, Remains, Task, TaskState
from hailuo_widgets.spec.catalog import other_providers
from hailuo_widgets.spec.words import did_you_mean

__all__ = ["Flow", "HttpCall", "HttpReply", "Phase", "Provider", "Remains", "Task", "TaskState", "names", "provider"]

# Where several keys are set, the first of these is taken: the maker of the models, then the others by how much of the
# models' range they offer. `sketch` is last: it is taken where no key is set.
_OURS = {
    "minimax": "hailuo_widgets.providers.minimax:MiniMax",
    "evolink": "hailuo_widgets.providers.evolink:EvoLink",
    "ppio": "hailuo_widgets.providers.ppio:Ppio",
    "novita": "hailuo_widgets.providers.ppio:Novita",
    "modelverse": "hailuo_widgets.providers.modelverse:Modelverse",
    "acedata": "hailuo_widgets.providers.acedata:AceData",
    "sketch": "hailuo_widgets.providers.sketch:SketchProvider",
}


@cache
def _known() -> dict[str, str]:
    others = {point.name: point.value for point in other_providers()}
    return others | _OURS  # a package of someone else's must not take over a vendor that keys are kept for


def names() -> tuple[str, ...]:
    """Every provider's name: ours in the catalogue's order of preference, then those of other packages."""
    return (*_OURS, *(name for name in _known() if name not in _OURS))


@cache
def provider(name: str) -> Provider:
    """The wire of that provider.

    Raises:
        UsageError: If no such name exists.
    """
    if name not in _known():
        raise UsageError(f"There is no provider “{name}”.", hint=did_you_mean(name, names()))
    module, _, attribute = _known()[name].partition(":")
    made: Provider = getattr(import_module(module), attribute)()
    return made
