"""The place in an output's HTML that a live widget puts itself into. Loads no widget: HTML comes first."""

from __future__ import annotations

import os
import sys

from hailuo_widgets.views.front_end import output_name


def needs_view() -> bool:
    """Whether this front end makes a widget's model only where its view is shown.

    VS Code and Colab do; JupyterLab, Notebook 7 and Voila make it when its comm opens.
    """
    return "google.colab" in sys.modules or any(name in os.environ for name in ("VSCODE_PID", "VSCODE_CWD"))


def new_place() -> str:
    """The class of the place in the next output of the cell that runs now."""
    return f"hw-place-{output_name()}"


def in_place(place: str, inside: str) -> str:
    """The place, and in it what is seen until the widget is there, and where it can't be."""
    # In an element of its own: what has a style that says how it is displayed can't be hidden by a style sheet.
    return f'<div class="{place}"><div>{inside}</div></div>'
