"""The vendors' server side in one ASGI app, true to the wire, with faults on demand.

Written from the vendors' pages, and on purpose without a look at this package's own catalogue and checks.
"""

from .app import Simulator
from .drawing import Draw, SketchDraw, stock_clip
from .exchange import LogEntry
from .faults import Fault, Faults
from .limits import Limit
from .tasks import DrawOrder, FileTaskStore, SimTask, State, Timing

__all__ = [
    "Draw",
    "DrawOrder",
    "Fault",
    "Faults",
    "FileTaskStore",
    "Limit",
    "LogEntry",
    "SimTask",
    "Simulator",
    "SketchDraw",
    "State",
    "Timing",
    "stock_clip",
]
