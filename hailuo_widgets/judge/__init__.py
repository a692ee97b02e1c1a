"""Which cell makes better clips, and how sure that is: from votes to verdicts, the next pair and the next dollar."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from hailuo_widgets.judge.agreement import Consistency
from hailuo_widgets.judge.pairs import Pair
from hailuo_widgets.judge.spending import Advice
from hailuo_widgets.judge.study import Chance, Effect, Standing, Study, fit

__all__ = ["Advice", "Chance", "Consistency", "Effect", "Pair", "Standing", "Study", "fit"]


class _Callable(ModuleType):
    """`hw.judge(clips_a, clips_b)`: the attribute `judge` is this package, as Python sets it."""

    def __call__(self, *groups: Any, **options: Any) -> Any:
        """Compare groups of clips blind: what `hailuo_widgets.api.judge` does."""
        return import_module("hailuo_widgets.api").judge(*groups, **options)


sys.modules[__name__].__class__ = _Callable
