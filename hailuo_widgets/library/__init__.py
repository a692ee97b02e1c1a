"""What was asked, paid for and kept: a SQL journal beside the clips' files.

The package can be called: `hailuo_widgets.library()` is this kernel's library, and must stay it once a module of this
package has been imported, which puts the package under that name.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType


class _Library(ModuleType):
    def __call__(self) -> object:
        return import_module("hailuo_widgets.session").library()


sys.modules[__name__].__class__ = _Library
