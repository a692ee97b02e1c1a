"""Text as HTML: in one place, so that no view forgets what a prompt may hold."""

from __future__ import annotations

import html
import re

# JupyterLab sets what stands between two of these as mathematics (“$0.28 to $0.56”); alone in an element it is a sign.
_MATHEMATICS = re.compile(r"[$\\]")

# A terminal obeys these, and a file can't be saved with a lone surrogate in it.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with control characters and lone surrogates as �; line breaks and tabs stay."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def attribute(text: str) -> str:
    """Text for an attribute's value."""
    return html.escape(clean(text), quote=True)


def content(text: str) -> str:
    """Text for an element's content."""
    return _MATHEMATICS.sub(r"<bdi>\g<0></bdi>", attribute(text))
