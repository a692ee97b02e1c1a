"""A stored clip."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from hailuo_widgets.disk import replace_file
from hailuo_widgets.errors import UsageError
from hailuo_widgets.store.containment import read_plain_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hailuo_widgets.spec.media import Media


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that is in the library.

    Attributes:
        id: The job that made it.
        path: The mp4, byte for byte as the provider sent it.
        poster_path: A small JPEG of its first frame; made again where it is missing.
        sha256: Hex, of the file.
        size: Bytes.
        width: Pixels.
        height: Pixels.
        fps: Frames a second.
        frames: How many there are.
        duration: Seconds.
        codec: Of the video, `"h264"`.
        provider: Who made it.
        model: Which model.
        prompt: As it was written.
        parameters: The effective request: every default pinned, pictures by their hash.
        task_id: The vendor's id.
        created: When it was stored, in seconds since the epoch.
        replicate: 0 for the first of identical requests, 1 for the second, and so on.
        parent: The draft that it was made of, where the library has that; None for a clip with no draft.
    """

    promoter: ClassVar[Callable[..., Any] | None] = None
    """What `promote` calls: the kernel's session, which a clip knows nothing of."""

    session: ClassVar[Callable[[], Any] | None] = None
    """Gives that session, for views that begin something with a clip."""

    measurer: ClassVar[Callable[..., Any] | None] = None
    """What `measured` calls with the clip and whether to measure what is not known: the session again."""

    _mime_: ClassVar[Callable[..., tuple[str, str]] | None] = None
    """marimo's own name for what it shows where a clip ends a cell; from the session, too."""

    id: str
    path: Path
    poster_path: Path
    sha256: str
    size: int
    width: int
    height: int
    fps: float
    frames: int
    duration: float
    codec: str
    provider: str
    model: str
    prompt: str
    task_id: str
    created: float
    replicate: int
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    parent: Clip | None = field(default=None, repr=False)

    def poster(self) -> bytes:
        """A small JPEG of the first frame. It is kept, if the library can be written to.

        Raises:
            UnreadableVideoError: If the clip can't be decoded.
            LibraryError: If a link, or something else that is not a file, is in its place.
        """
        if self.poster_path.is_symlink() or self.poster_path.exists():
            return read_plain_file(self.poster_path)
        from hailuo_widgets.media.frames import poster

        made = poster(self.path, max_bytes=POSTER_MAX_BYTES)
        with suppress(OSError):
            self.poster_path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.poster_path, made, durable=False)
        return made

    def last_frame(self) -> Media:
        """Its very last picture, lossless: the first frame of a clip that goes on from here.

        Raises:
            UnreadableVideoError: If the file can't be decoded.
        """
        from hailuo_widgets.media.frames import last_frame
        from hailuo_widgets.spec.media import Media

        return Media(data=last_frame(self.path), name=f"{self.id}-last.png")

    def first_frame(self) -> Media:
        """Its very first picture, lossless: the first frame of a new clip that begins in the same way.

        Raises:
            UnreadableVideoError: If the file can't be decoded.
        """
        from hailuo_widgets.media.frames import first_frame
        from hailuo_widgets.spec.media import Media

        return Media(data=first_frame(self.path), name=f"{self.id}-first.png")

    def promote(self, *, name: str = "", show: bool = True, **pictures: Any) -> Any:
        """Make this draft of MiniMax-H3 again in 2K: the same clip, larger. It costs money; returns at once.

        The prompt and the pictures are those of the draft, and its file goes with them, as it came. A final that is in
        the library already costs nothing.

        Args:
            name: Names the job for `%hailuo show`.
            show: Whether a card appears.
            pictures: `first_frame`, `last_frame` or `references`, where the library does not keep them: the same files.

        Returns:
            The job; its clip's `parent` is this draft.

        Raises:
            RefusedError: If it is no draft of MiniMax-H3 in 768P, or is not as the vendor made it. Nothing was sent.
            AuthenticationError: If the provider needs a key and none is set.
            UsageError: If no session is there: `import hailuo_widgets as hw` begins one.
        """
        if Clip.promoter is None:
            raise UsageError("Promoting a clip needs a session.", hint="import hailuo_widgets.api starts one.")
        return Clip.promoter(self, name=name, show=show, **pictures)

    @property
    def measured(self) -> Any:
        """What the clip shows, a `Measured`: the camera's moves, cuts, motion, flicker, sharpness, what the file is.

        It is measured on first use (about a second) and kept in the library. A file that can't be measured has
        `measured.error`.

        Raises:
            UsageError: If the extra `measure` is not installed, or no session is there.
            LibraryError: If the library can't be read.
        """
        if Clip.measurer is None:
            raise UsageError("A clip is measured by a session.", hint="import hailuo_widgets.api starts one.")
        return Clip.measurer(self, compute=True)

    @property
    def known_measures(self) -> Any:
        """`measured` as far as it is kept; None where it is not, and nothing is measured then.

        Raises:
            LibraryError: If the library can't be read.
        """
        return None if Clip.measurer is None else Clip.measurer(self, compute=False)

    def __str__(self) -> str:
        return f"{self.path} ({self.width}×{self.height}, {self.fps:g} fps, {self.duration:.1f} s)"


POSTER_MAX_BYTES = 14_000
"""A settled output stays under 30 KB in the saved notebook, poster (as base64) included."""
