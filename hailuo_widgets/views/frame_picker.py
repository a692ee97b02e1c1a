"""A place for a picture: dropped, pasted, chosen or named by its address; checked at once, and helped to fit."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.markup import clean
from hailuo_widgets.spec.check import picture_problems
from hailuo_widgets.spec.fit_picture import Mended, aspect, mend, thumbnail
from hailuo_widgets.spec.media import READ_LIMIT, Media
from hailuo_widgets.views._assets import asset
from hailuo_widgets.views.wording import file_size, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hailuo_widgets.errors import Problem

PART = 1 << 20
"""Bytes of a file that one message carries: a Jupyter server takes no message of more than 10 MB."""


_ADDRESS = re.compile(r"(https?://|mm_file://|data:)", re.IGNORECASE)


class Uploads:
    """Files on their way from the browser, each in several messages."""

    def __init__(self) -> None:
        self._parts: dict[str, list[bytes]] = {}

    def take(self, content: dict[str, Any], buffers: Sequence[Any]) -> bytes | None:
        """Take a part; the whole file once its last part is there.

        Raises:
            UsageError: If it grows larger than any vendor takes, or a part of it was lost.
        """
        key = str(content.get("upload"))
        if content.get("part") == 0:
            self._parts = {key: []}  # one at a time: what was begun before it is given up
        parts, many = self._parts.get(key), content.get("of")
        if parts is None or not isinstance(many, int) or not buffers:
            return None
        if content.get("part") != len(parts):
            del self._parts[key]
            raise UsageError("A part of the picture was lost on its way.", hint="Choose it again.")
        parts.append(bytes(buffers[0]))
        if sum(map(len, parts)) > READ_LIMIT:
            del self._parts[key]
            raise UsageError("The file is larger than 64 MiB.", hint="No vendor accepts more.")
        if len(parts) < many:
            return None
        return b"".join(self._parts.pop(key))


def described(media: Media | None, problems: Sequence[Problem] = ()) -> dict[str, Any]:
    """A picture as the front end reads it (`Shown` in `static/frame_picker.js`)."""
    if media is None:
        return {}
    if media.url is not None:
        return {
            "name": shorten(clean(media.url), 200),
            "facts": "",
            "note": "The vendor fetches it; its content is not checked here.",
            "problems": [clean(str(each)) for each in problems],
            "fit": "",
        }
    if media.data is None:
        return {"name": str(media), "facts": "", "note": "", "problems": [_NOT_HERE], "fit": ""}
    size = media.size
    facts = [f"{size[0]}×{size[1]} px", aspect(*size)] if size else []
    kind = media.mime.partition("/")[2].upper().replace("JPEG", "JPG")
    return {
        "name": shorten(clean(media.name or "pasted picture"), 200),
        "facts": " · ".join([*facts, *filter(None, [kind]), file_size(len(media.data))]),
        "note": "",
        "problems": [clean(str(each)) for each in problems],
        "fit": _fit(media) if problems else "",
    }


_NOT_HERE = "Only the hash of this picture is known. Choose it again."


def proposed(mended: Mended) -> dict[str, Any]:
    """What could be made of a picture, as the front end reads it (`Proposal` in `static/frame_picker.js`)."""
    return {"steps": [clean(step) for step in mended.steps], "crop": mended.crop, **described(mended.media)}


def _fit(media: Media) -> str:
    """What is done to a picture to make it fit, in a few words; empty where that can't be done."""
    with suppress(UsageError):
        return ", ".join(step.partition(",")[0] for step in mend(media).steps)
    return ""


class FramePicker(anywidget.AnyWidget):
    """A place for one picture.

    Takes a file that is dropped, pasted or chosen, or an address. Says at once what is wrong with it, and offers to
    crop, enlarge or convert it.

    Attributes:
        value: The picture as `Media`, or None. It may be set to all that `Media.of` takes: bytes, a
            path, a URL, a PIL image.
        description: What the place is called.
        shown: View of it.
    """

    _esm = asset("dom.js", "frame_picker.js", "frame_picker_view.js")
    _css = asset("base.css", "prompt_editor.css", "frame_picker.css")

    value = traitlets.Any(None, allow_none=True)
    description = traitlets.Unicode("First frame").tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)

    def __init__(self, value: Any = None, **traits: Any) -> None:
        super().__init__(**traits)
        self._uploads = Uploads()
        self._mended: Mended | None = None
        self.on_msg(self._receive)
        if value is not None:
            self.value = value

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the picture; empty where every vendor takes it, or nothing is known of it."""
        return tuple(picture_problems(self.description, self.value)) if self.value is not None else ()

    @traitlets.validate("value")
    def _as_media(self, proposal: Any) -> Media | None:
        value = proposal["value"]
        return None if value is None or value == b"" else Media.of(value)

    @traitlets.observe("value")
    def _look(self, _change: Any) -> None:
        self._mended = None
        self.shown = described(self.value, self.problems)
        self._send_picture("picture", self.value)

    def _receive(self, _widget: object, content: Any, buffers: Sequence[Any]) -> None:
        if not isinstance(content, dict):
            return
        try:
            self._act(content, buffers)
        except HailuoError as error:
            self.shown = {**self.shown, "failed": clean(str(error))}

    def _act(self, content: dict[str, Any], buffers: Sequence[Any]) -> None:
        match content.get("type"):
            case "upload":
                data = self._uploads.take(content, buffers)
                if data is not None:
                    before, media = self.value, Media.of(data)
                    self.value = Media(data=media.data, name=str(content.get("name", ""))[:200])
                    if self.value == before:  # nothing has changed, but it waits for an answer
                        self._send_picture("picture", self.value)
            case "url":
                self.value = named(str(content.get("url", "")))
            case "clear":
                self.value = None
            case "look":
                self._send_picture("picture", self.value)
            case "fit" if self.value is not None:
                at = content.get("at")
                self._mended = mend(self.value, at if isinstance(at, (int, float)) else 0.5)
                self.send({"type": "proposal", **proposed(self._mended)}, [thumbnail(self._mended.media)])
            case "accept" if self._mended is not None:
                self.value = self._mended.media
            case _:
                pass

    def _send_picture(self, kind: str, media: Media | None) -> None:
        self.send({"type": kind}, [thumbnail(media)] if media is not None and media.data else [])

    def __repr__(self) -> str:
        return f"FramePicker({self.value})" if self.value is not None else "FramePicker()"


def named(address: str) -> Media:
    """A picture by its address: the web's, or a data URL. No path: the browser may be elsewhere.

    Raises:
        UsageError: If it is no such address.
    """
    address = address.strip()
    if _ADDRESS.match(address):  # anything else would be read from the kernel's disk
        return Media.of(address)
    raise UsageError(f"“{address[:80]}” is not a web address.", hint="It should read https://example.com/picture.jpg.")
