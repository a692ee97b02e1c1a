"""Widgets that live in a notebook without being saved with it.

What is published is plain HTML that holds a place, so that is what the notebook's file keeps. The widget's model comes
by its comm, as every widget's does, and its front end (`static/placed.js`) puts itself into the place. There is nothing
to settle: a notebook that is saved in the middle of a session holds no view and no state.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakValueDictionary

import anywidget
import traitlets

from hailuo_widgets.views import outputs
from hailuo_widgets.views.place import in_place, new_place


class Placed(anywidget.AnyWidget):
    """A widget that is shown as HTML with a place for it.

    Args:
        place: Where it is; None for the next output of the cell that runs now.
        traits: Its other traits.

    Attributes:
        place: The class of the element that it puts itself into; `""` once another widget has that place.
    """

    place = traitlets.Unicode().tag(sync=True)

    def __init__(self, *, place: str = "", **traits: Any) -> None:
        outputs.send_whole_messages()
        place = place or new_place()
        if (before := _placed.get(place)) is not None:  # the same cell's, which runs again
            before.place = ""
        _placed[place] = self
        super().__init__(place=place, **traits)

    def as_html(self, inside: str) -> str:
        """The place, and in it what is seen until the widget is there, and where it can't be."""
        return in_place(self.place, inside)

    def stands_for(self, html: str) -> str:
        """HTML of another output of the same cell, which is seen only where the widget is not."""
        return f'<div class="{self.place}-after">{html}</div>'

    def publish(self, html: str, text: str) -> None:
        """Show HTML under the cell that runs now."""
        outputs.publish({"text/html": html, "text/plain": text})

    def publish_view(self) -> None:
        """Show the widget's own view, as ipywidgets do."""
        bundle = self._repr_mimebundle_()
        outputs.publish(dict(bundle[0] if isinstance(bundle, tuple) else bundle or {}))


_placed: WeakValueDictionary[str, Placed] = WeakValueDictionary()
