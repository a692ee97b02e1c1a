"""Takes a key out of what a vendor sends back, however it is spelled there."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BLANK = b"[key]"

# How JSON (`\/`, `\u0041`), addresses (`%41`, `%2541`) and HTML (`&#65;`, `&#x41;`) write a character. Without the key
# in it: Python keeps compiled patterns for as long as it runs.
_ESCAPE = re.compile(
    rb"\\+u00([0-9a-fA-F]{2})|\\+x([0-9a-fA-F]{2})|%(?:25)*([0-9a-fA-F]{2})|&#[xX]0*([0-9a-fA-F]{2});|&#0*(\d{2,3});|\\+([/\"'])"
)


def without(body: bytes, secrets: Iterable[bytes]) -> bytes:
    """The body, with `[key]` wherever one of the secrets stands, plain or escaped."""
    for secret in secrets:
        body = body.replace(secret, BLANK)
        if _ESCAPE.search(body):
            body = _without_escaped(body, secret)
    return body


def _without_escaped(body: bytes, secret: bytes) -> bytes:
    plain, marks = _decoded(body)
    decoded_at = [mark[0] for mark in marks]

    def place(index: int) -> int:
        """Position in the body of a byte of the decoded text."""
        decoded, original = marks[bisect_right(decoded_at, index) - 1]
        return original + index - decoded

    pieces, done, found = [], 0, plain.find(secret)
    while found >= 0:
        pieces += [body[done : place(found)], BLANK]
        done = place(found + len(secret))
        found = plain.find(secret, found + len(secret))
    return b"".join([*pieces, body[done:]])


def _decoded(body: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """The body with its escapes resolved, and after each of them where it goes on in both."""
    plain, marks, done = bytearray(), [(0, 0)], 0
    for escape in _ESCAPE.finditer(body):
        plain += body[done : escape.start()]
        marks.append((len(plain), escape.start()))
        plain.append(_character(escape))
        done = escape.end()
        marks.append((len(plain), done))
    plain += body[done:]
    return bytes(plain), marks


def _character(escape: re.Match[bytes]) -> int:
    json, python, address, html, decimal, itself = escape.groups()
    if decimal is not None:
        return min(int(decimal), 255)
    return itself[0] if itself else int(json or python or address or html, 16)
