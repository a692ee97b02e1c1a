"""The sketch provider's drawing: a scene or a first frame, filmed by a camera whose path is known.

The package can be called: `hailuo_widgets.sketch("A fox, [Pan left]", "fox.mp4")` is
`hailuo_widgets.sketch_file.sketch`, and must stay it once a module of this package has been imported, which puts the
package under that name.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Sketch(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return import_module("hailuo_widgets.sketch_file").sketch(*arguments, **options)


sys.modules[__name__].__class__ = _Sketch
