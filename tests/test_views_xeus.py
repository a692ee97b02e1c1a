"""A kernel that isn't ipykernel: xeus-python, whose messages are its own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hailuo_widgets.views import front_end as front_ends
from hailuo_widgets.views import outputs
from hailuo_widgets.views.front_end import FrontEnd


class Kernel:
    """As in xeus-python 0.19: the request is told without a channel, and there is no session to write to."""

    def get_parent(self) -> dict[str, Any]:
        return {"header": {"msg_id": "run-1"}}


@pytest.fixture
def sent(monkeypatch):
    """What such a kernel is given to send."""
    messages: list[tuple[dict[str, str], dict[str, Any] | None, bool]] = []

    def publish(data, metadata=None, *, transient=None, update=False):
        messages.append((data, metadata, update))

    there = SimpleNamespace(kernel=Kernel(), display_pub=SimpleNamespace(), execution_count=1)
    for module in (front_ends, outputs):
        monkeypatch.setattr(module, "shell", lambda: there)
    monkeypatch.setattr("IPython.display.publish_display_data", publish)
    return messages


def test_a_cell_in_xeus_python_knows_its_request(sent):
    assert front_ends.parent_header() == {"msg_id": "run-1"}


def test_what_came_later_in_xeus_python_is_shown_at_the_next_cells_end_and_once(sent):
    card = outputs.Output(front_end=FrontEnd.PAGE)
    card.show({"text/plain": "queued"})
    card.replace({"text/plain": "running"})
    card.replace({"text/plain": "done"})
    outputs.cell_ended()
    outputs.cell_ended()
    assert sent == [({"text/plain": "queued"}, {}, False), ({"text/plain": "done"}, {}, True)]
