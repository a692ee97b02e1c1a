"""What a clip shows, measured on its decoded frames: the camera's moves, cuts, motion, delivered beside ordered.

Frames in, numbers out: no model, no GPU, no Jupyter. OpenCV comes with `pip install 'hailuo-widgets[measure]'`.

The package can be called: `hailuo_widgets.measure([…])` is `hailuo_widgets.measure.run.measure`, and must stay it once
a module of this package has been imported, which puts the package under that name.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Measure(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return import_module("hailuo_widgets.measure.run").measure(*arguments, **options)


sys.modules[__name__].__class__ = _Measure
