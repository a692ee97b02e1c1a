"""A notebook with its clips as one file for others: a page that plays in any browser, or a zip."""

from __future__ import annotations

import math
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

from hailuo_widgets.disk import writing
from hailuo_widgets.errors import UsageError
from hailuo_widgets.self_contained import export


def page(source: Path, target: Path) -> tuple[int, list[str]]:
    """Write a notebook as one HTML file with its clips inside.

    Args:
        source: The notebook, as it was saved.
        target: The page.

    Returns:
        How many clips it has, and those that are missing.

    Raises:
        UsageError: If the source is no notebook, or nbconvert is not installed.
        LibraryError: If the disk refuses the page.
    """
    if find_spec("nbconvert") is None:
        raise UsageError("An HTML page needs nbconvert.", hint="Install it: pip install nbconvert.")
    from nbconvert import HTMLExporter

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"{source.stem}.ipynb"
        clips, _, missing = export(source, copy, most_mb=math.inf)
        made, _ = HTMLExporter().from_filename(str(copy))
    with writing(target):
        target.write_text(made, "utf-8")
    return clips, missing


def packed(source: Path, target: Path) -> tuple[int, list[str]]:
    """Write a zip of a notebook and the folder of its clips.

    Args:
        source: The notebook, as it was saved.
        target: The zip.

    Returns:
        How many clips it has, and those that are missing.

    Raises:
        UsageError: If the source is no notebook.
        LibraryError: If the disk refuses the zip.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / source.name
        clips, _, missing = export(source, copy)
        with writing(target), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
            for path in sorted(Path(folder).rglob("*")):
                if path.is_file():
                    made.write(path, Path(target.stem) / path.relative_to(folder))
    return clips, missing
