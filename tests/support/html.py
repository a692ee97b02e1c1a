"""HTML as a browser would read it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NoReturn

VOID = {"br", "img", "meta"}
Attributes = dict[str, str | None]


class Seen(HTMLParser):
    """What is in it; every element must be closed in its turn, and there may be no comments.

    Attributes:
        elements: Each with its attributes, in the order in which they begin.
        text: All that would be read.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, Attributes]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> NoReturn:
        raise AssertionError(f"a comment: {data}")

    def every(self, tag: str) -> list[Attributes]:
        return [attributes for each, attributes in self.elements if each == tag]

    def one(self, tag: str) -> Attributes:
        [attributes] = self.every(tag)
        return attributes
