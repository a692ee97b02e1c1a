"""Widgets that live in a notebook without being saved with it.

What is published is plain HTML that holds a place, so that is what the notebook's file keeps. The widget's model comes
by its comm, as every widget's does, and its front end (`static/placed.js`) puts itself into the place. There is nothing
to settle: a notebook that is saved in the middle of a session holds no view and no state.
"""

from __future__ import annotations

import os
import sys
from typing import Any
from weakref import WeakValueDictionary

import anywidget
import traitlets

from hailuo_widgets.views.front_end import output_name
from hailuo_widgets.views.outputs import send_whole_messages


def needs_view() -> bool:
    """Whether this front end makes a widget's model only where its view is shown.

    VS Code and Colab do; JupyterLab, Notebook 7 and Voila make it when its comm opens.
    """
    return "google.colab" in sys.modules or any(name in os.environ for name in ("VSCODE_PID", "VSCODE_CWD"))


class Placed(anywidget.AnyWidget):
    """A widget that is shown as HTML with a place for it.

    Attributes:
        place: The class of the element that it puts itself into; `""` once another widget has that place.
    """

    place = traitlets.Unicode().tag(sync=True)

    def __init__(self, *, place: str = "", **traits: Any) -> None:
        send_whole_messages()
        place = place or f"hw-place-{output_name()}"
        if (before := _placed.get(place)) is not None:  # the same cell's, which runs again
            before.place = ""
        _placed[place] = self
        super().__init__(place=place, **traits)

    def as_html(self, inside: str) -> str:
        """The place, and in it what is seen until the widget is there, and where it can't be."""
        # In an element of its own: what has a style that says how it is displayed can't be hidden by a style sheet.
        return f'<div class="{self.place}"><div>{inside}</div></div>'

    def stands_for(self, html: str) -> str:
        """HTML of another output of the same cell, which is seen only where the widget is not."""
        return f'<div class="{self.place}-after">{html}</div>'

    def publish(self, html: str, text: str) -> None:
        """Show HTML under the cell that runs now."""
        from IPython.display import publish_display_data

        publish_display_data({"text/html": html, "text/plain": text})

    def publish_view(self) -> None:
        """Show the widget's own view, as ipywidgets do."""
        from IPython.display import publish_display_data

        bundle = self._repr_mimebundle_()
        publish_display_data(dict(bundle[0] if isinstance(bundle, tuple) else bundle or {}))


_placed: WeakValueDictionary[str, Placed] = WeakValueDictionary()
