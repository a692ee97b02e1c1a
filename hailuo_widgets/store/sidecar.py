"""`NAME.json` beside each clip: its whole provenance, readable without a database, enough to make a journal again."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hailuo_widgets.disk import disk_error, replace_file, sync_folder
from hailuo_widgets.errors import LibraryError

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 4_000_000

_DIGEST = r"[0-9a-f]{64}"


class Part(BaseModel):
    """A piece of a sidecar. It may come from anywhere, so every field is checked."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class OrderPart(Part):
    """What was requested."""

    digest: Annotated[str, Field(pattern=rf"^{_DIGEST}$")]
    written_digest: Annotated[str, Field(pattern=rf"^{_DIGEST}$")]
    provider: Annotated[str, Field(max_length=40)]
    model: Annotated[str, Field(max_length=80)]
    mode: Annotated[str, Field(max_length=20)]
    prompt: str
    written: dict[str, Any]
    effective: dict[str, Any]
    price: Annotated[str | None, Field(pattern=r"^\d{1,6}(\.\d{1,6})?$")] = None
    currency: Annotated[str, Field(max_length=3)] = ""


class JobPart(Part):
    """How it was made."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    name: str = ""
    replicate: Annotated[int, Field(ge=0)] = 0
    task_id: str | None = None
    created: float
    history: list[tuple[Annotated[str, Field(max_length=16)], float]] = []


class ClipPart(Part):
    """The file."""

    sha256: Annotated[str, Field(pattern=rf"^{_DIGEST}$")]
    size: Annotated[int, Field(ge=0)]
    width: int
    height: int
    fps: float
    frames: int
    duration: float
    codec: Annotated[str, Field(max_length=20)]
    created: float


class MarksPart(Part):
    """What people say of it."""

    rating: Annotated[int | None, Field(ge=1, le=5)] = None
    note: str = ""
    tags: list[Annotated[str, Field(max_length=80)]] = []


class Sidecar(Part):
    """A sidecar as a whole."""

    format: Literal[1] = 1
    request: OrderPart
    job: JobPart
    clip: ClipPart
    marks: MarksPart = MarksPart()


def beside(clip: Path) -> Path:
    """Where a clip's sidecar is."""
    return clip.with_suffix(".json")


def write(path: Path, sidecar: Sidecar) -> None:
    """Write a sidecar so that there is always a whole one under the name, or none.

    Raises:
        LibraryError: If the disk refuses it.
    """
    text = json.dumps(sidecar.model_dump(mode="json"), ensure_ascii=False, indent=1)
    try:
        replace_file(path, text.encode("utf-8", "replace"))
    except OSError as error:
        raise disk_error(error, path) from None
    sync_folder(path.parent)


def read(path: Path) -> Sidecar:
    """Read a sidecar.

    Raises:
        LibraryError: If it is not a sidecar.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise LibraryError(f"“{path.name}” is too large for a clip's provenance.")
        sidecar = Sidecar.model_validate_json(path.read_bytes())
    except (OSError, ValidationError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no provenance of a clip"
        raise LibraryError(f"“{path.name}” can't be read: {reason}.") from None
    if sidecar.job.id != path.stem or not re.fullmatch(_DIGEST, sidecar.clip.sha256):
        raise LibraryError(f"“{path.name}” belongs to another clip.")
    return sidecar
