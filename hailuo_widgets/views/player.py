"""One clip with its player, as a widget: frame by frame, in a loop, at any speed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from hailuo_widgets.errors import UsageError
from hailuo_widgets.markup import clean
from hailuo_widgets.store.clip import Clip
from hailuo_widgets.views._assets import asset
from hailuo_widgets.views.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence


class Player(anywidget.AnyWidget):
    """A clip that plays.

    The clip's bytes go to the browser when a view of it is there, in one binary message; they are in no trait and are
    not saved with the notebook.

    Attributes:
        value: A clip of the library, the path of an mp4, or its bytes; None for nothing.
        loop: Whether it begins again at its end.
        muted: Whether it is silent.
        title: What is said of it.
    """

    _esm = asset("dom.js", "player.js", "player_view.js")
    _css = asset("base.css", "player.css", "prompt_editor.css")

    value = traitlets.Any(None, allow_none=True)
    loop = traitlets.Bool(True).tag(sync=True)
    muted = traitlets.Bool(True).tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)

    def __init__(self, value: Any = None, **traits: Any) -> None:
        super().__init__(value=value, **traits)
        self.on_msg(self._receive)

    @traitlets.validate("value")
    def _playable(self, proposal: Any) -> Any:
        value = proposal["value"]
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
        if isinstance(value, str):
            return Path(value).expanduser()
        if value is None or isinstance(value, (Clip, Path)):
            return value
        raise UsageError(
            f"A {type(value).__name__} is not a clip.",
            hint="Give a clip of the library, a path, or the bytes of an mp4.",
        )

    @traitlets.observe("value")
    def _show(self, _change: Any) -> None:
        if isinstance(self.value, Clip):
            self.title = shorten(clean(self.value.prompt), 300)
        elif isinstance(self.value, Path):
            self.title = clean(self.value.name)
        self._send_film()

    def _receive(self, _widget: object, content: Any, _buffers: Sequence[Any]) -> None:
        if content == {"type": "look"}:
            self._send_film()

    def _send_film(self) -> None:
        path = self.value.path if isinstance(self.value, Clip) else self.value
        failed = ""
        data = path if isinstance(path, bytes) else b""
        if isinstance(path, Path):
            try:
                data = path.read_bytes()
            except OSError as error:
                failed = f"The file can't be read: {error.strerror}."
        self.send({"type": "film", "failed": failed}, [data])

    def __repr__(self) -> str:
        return f"Player({self.value if not isinstance(self.value, bytes) else f'{len(self.value):,} bytes'})"
