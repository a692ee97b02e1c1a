"""Outputs of cells: shown once, replaced later, whichever thread and cell runs then.

A later version goes to the cell that asked for it, or nowhere. It is sent as an answer to that cell's own request: a
server that runs the cells itself puts whatever answers the running cell under that one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hailuo_widgets.views.front_end import FrontEnd, front_end, parent_header, shell

if TYPE_CHECKING:
    from collections.abc import Callable

COPIED_BELOW = 1 << 30
"""Bytes of a message's part that are copied when it is sent. By default parts of 64 KiB and more are not, and a kernel
that shuts down meanwhile sends half of such a message: the client then reports an invalid signature."""


def in_kernel() -> bool:
    """Whether this is a Jupyter kernel, where widgets can be shown. Loads nothing to find out."""
    return getattr(shell(), "kernel", None) is not None


def publish(data: dict[str, Any], **options: Any) -> None:
    """Show data under the cell that runs now; `options` are those of `publish_display_data`."""
    from IPython.display import publish_display_data

    send_whole_messages()
    # Without metadata, xeus-python sends null, which is not a valid message.
    publish_display_data(data, metadata={}, **options)


@dataclass
class Output:
    """An output under the cell that runs now, which has later versions."""

    display_id: str = field(default_factory=lambda: secrets.token_hex(16))
    front_end: FrontEnd = field(default_factory=front_end)
    _parent: dict[str, Any] = field(default_factory=parent_header, repr=False)
    _publisher: Any = None

    def show(self, data: dict[str, Any]) -> None:
        """Show the first version."""
        self._publisher = getattr(shell(), "display_pub", None)  # another one, where %%capture is
        publish(data, transient={"display_id": self.display_id})

    def replace(self, data: dict[str, str]) -> None:
        """Show another version, from any thread, where later versions are seen."""
        publisher = self._publisher
        session = getattr(publisher, "session", None)
        if not self.front_end.shows_updates:
            return
        if session is not None:
            content = {"data": data, "metadata": {}, "transient": {"display_id": self.display_id}}
            message = session.msg("update_display_data", content, parent=self._parent)
            session.send(publisher.pub_socket, message, ident=publisher.topic)
        if self.front_end is FrontEnd.PROGRAM or (session is None and publisher is not None and in_kernel()):
            _later[self.display_id] = data  # in xeus-python a thread can't say which cell it writes to


_later: dict[str, dict[str, str]] = {}
"""Versions that a program may have missed: it hears only the cell that runs, so they are sent once more from there."""

_ended: list[Callable[[], None]] = []


def at_cell_end(function: Callable[[], None]) -> None:
    """Call a function when the cell that runs now has ended, before its caller hears of it."""
    _ended.append(function)


def cell_ended() -> None:
    """Do what is left for the end of each cell."""
    functions, _ended[:] = _ended[:], []
    for function in functions:  # each may ask for the next cell's end
        function()
    while _later:
        display_id, data = _later.popitem()
        publish(data, transient={"display_id": display_id}, update=True)


def send_whole_messages() -> None:
    """Have this kernel send its messages in one piece."""
    session = getattr(getattr(shell(), "kernel", None), "session", None)
    if session is not None and getattr(session, "copy_threshold", COPIED_BELOW) < COPIED_BELOW:
        session.copy_threshold = COPIED_BELOW
