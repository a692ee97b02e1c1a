"""A studio under a view of clips, opened with one of them: to change its request, or to go on from its last frame."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.views.place import needs_view

if TYPE_CHECKING:
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.views.studio import Studio
    from hailuo_widgets.views.studio_messages import Host


class StudioBeside:
    """The one studio of a view: opened again, it takes the place of the one before.

    What is made in it is in the library, and not in the notebook's file.

    Attributes:
        studio: The studio, None before it is opened.
    """

    def __init__(self) -> None:
        self.studio: Studio | None = None

    async def open(self, host: Host, clip: Clip, *, extend: bool) -> dict[str, Any]:
        """Open it with a clip.

        Args:
            host: The session.
            clip: The clip, of the session's library.
            extend: Whether the next clip starts with this one's last frame, instead of from its request.

        Returns:
            The class of the element that the studio puts itself into, for the front end to make.

        Raises:
            UsageError: If this front end shows widgets only under cells, or the clip's request isn't known.
        """
        from hailuo_widgets.views.studio import Studio

        if needs_view():
            raise UsageError("Here the studio opens under a cell of its own.", hint="Run hw.studio().")
        place = f"hw-place-{secrets.token_hex(8)}"
        studio = Studio(host, VideoRequest.of(prompt=""), clip.provider, place=place)
        await asyncio.wrap_future(host.loop.post(studio.begin_with(clip.id, extend=extend)))
        if self.studio is not None:
            self.studio.place = ""
        self.studio = studio
        return {"type": "studio", "place": place, "why": ""}
