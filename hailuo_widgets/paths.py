"""Paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path

from hailuo_widgets.errors import UsageError


def user_path(given: object, suffix: str = "") -> Path:
    """The file or folder that is meant; `~` is the home folder.

    Args:
        given: What a user gave as a path.
        suffix: How its name has to end, for example `".mp4"`, where only this format is written.

    Raises:
        UsageError: If it is not a path, or its name ends in another way.
    """
    name = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"{given!r:.60} is not a path.", hint="Give the name of a file or folder as text.")
    path = Path(os.path.expanduser(name))  # noqa: PTH111  # Path.expanduser raises for an unknown user
    if suffix and path.suffix.lower() != suffix:
        raise UsageError(
            f"“{path.name}” can't be written: the format is always {suffix}.",
            hint=f"Name it “{path.with_suffix(suffix).name}”." if path.name else f"Give a name that ends in {suffix}.",
        )
    return path
