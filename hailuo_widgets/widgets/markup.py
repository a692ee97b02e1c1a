"""Text as HTML: in one place, so that no view forgets what a prompt may hold."""

from __future__ import annotations

import html
import re

from hailuo_widgets.widgets.wording import clean

# JupyterLab sets what stands between two of these as mathematics (“$0.28 to $0.56”); alone in an element it is a sign.
_MATHEMATICS = re.compile(r"[$\\]")


def attribute(text: str) -> str:
    """Text for an attribute's value."""
    return html.escape(clean(text), quote=True)


def content(text: str) -> str:
    """Text for an element's content."""
    return _MATHEMATICS.sub(r"<bdi>\g<0></bdi>", attribute(text))
