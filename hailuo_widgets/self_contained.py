"""A notebook that needs no library: its clips inside it, or in one folder beside it, wherever it is shown."""

from __future__ import annotations

import base64
import html
import re
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from hailuo_widgets.disk import writing
from hailuo_widgets.errors import UsageError
from hailuo_widgets.notebook_file import joined, read_notebook, write_notebook
from hailuo_widgets.store.containment import is_plain_file
from hailuo_widgets.views import advice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WIDGETS = ("application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json")
_ADDRESS = r"""(?P<mark>['"])(?P<address>[^'"<>]+?\.mp4)(?P=mark)"""
# No part of these goes beyond the next angle bracket, so that a page that opens tags for ever is read once.
_PLAYER = re.compile(rf"(?P<head><video\b[^<>]*?\bsrc=){_ADDRESS}")
_POSTER_LINK = re.compile(
    rf"""<a href={_ADDRESS}>\s*<img src=(?P<quote>['"])(?P<poster>data:[^'"<>]+)(?P=quote)[^<>]*>\s*</a>"""
)
_LINK = re.compile(rf"(?P<head><a\b[^<>]*?\bhref=){_ADDRESS}")
_PLAYER_STYLE = "display:block;width:100%;height:auto;border-radius:6px;background:#0c0e10"


def export(source: Path, target: Path, *, most_mb: float | None = None) -> tuple[int, float, list[str]]:
    """Write a copy of a notebook that plays without the library.

    Args:
        source: The notebook, as it was saved.
        target: The copy.
        most_mb: Up to this size the clips go inside, as base64; what is larger has them in `NAME_clips/` beside it.
            None: always beside.

    Returns:
        How many clips it has, how many MB of them are inside (0 where they are beside it), and those that are missing.

    Raises:
        UsageError: If the source is no notebook, or the copy would replace it.
        LibraryError: If the disk refuses the copy.
    """
    if target.resolve() == source.resolve():
        raise UsageError("The copy would replace the notebook itself.", hint="Name another file with --output.")
    notebook = read_notebook(source)
    notebook.get("metadata", {}).pop("widgets", None)
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", []) if "data" in output]
    pages = [output["data"] for output in outputs if "text/html" in output["data"]]
    found: dict[str, Path] = {}
    missing: dict[str, None] = {}
    for data in pages:
        for address in _addresses(joined(data["text/html"])):
            path = _local(address, source.parent)
            if path is not None and is_plain_file(path):  # a link may lead to anything, and the copy is sent around
                found[address] = path
            elif path is not None:
                missing[unquote(address)] = None
    size = sum(path.stat().st_size for path in set(found.values())) * 4 / 3 / 1e6
    inside = most_mb is not None and size <= most_mb
    with writing(target):
        place = _inside(found) if inside else _beside(found, target)
        for data in pages:
            for kind in _WIDGETS:
                data.pop(kind, None)
            page = _moved(joined(data["text/html"]), found, place, inside=inside)
            data["text/html"] = page if missing else advice.without(page)
        write_notebook(notebook, target)
    return len(set(found.values())), size if inside else 0.0, list(missing)


def _addresses(page: str) -> list[str]:
    return [found["address"] for pattern in (_PLAYER, _LINK) for found in pattern.finditer(page)]


def _local(address: str, folder: Path) -> Path | None:
    """The file that a relative address means; None for one on the net or from the root of a disk."""
    place = unquote(html.unescape(address))
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\]", place):
        return None
    return folder / place


def _inside(found: dict[str, Path]) -> Callable[[str], str]:
    data = {path: base64.b64encode(path.read_bytes()).decode() for path in set(found.values())}
    return lambda address: f"data:video/mp4;base64,{data[found[address]]}"


def _beside(found: dict[str, Path], target: Path) -> Callable[[str], str]:
    folder = target.with_name(f"{target.stem}_clips")
    names: dict[Path, str] = {}
    for path in found.values():
        if path not in names:
            taken = set(names.values())
            names[path] = path.name if path.name not in taken else f"{len(taken)}-{path.name}"
    if names:
        folder.mkdir(exist_ok=True)
    for path, name in names.items():
        shutil.copyfile(path, folder / name)
    return lambda address: f"{quote(folder.name)}/{quote(names[found[address]])}"


def _moved(page: str, found: dict[str, Path], place: Callable[[str], str], *, inside: bool) -> str:
    """The page with its clips' new places. What can't be a link, since it is inside, becomes a player or plain text."""

    def player(match: re.Match[str]) -> str:
        address = match["address"]
        return f"{match['head']}'{html.escape(place(address))}'" if address in found else match[0]

    def poster(match: re.Match[str]) -> str:
        if match["address"] not in found:
            return match[0]
        source = html.escape(place(match["address"]))
        return (
            f"<video src='{source}' poster='{match['poster']}' controls preload='none' style='{_PLAYER_STYLE}'></video>"
        )

    def link(match: re.Match[str]) -> str:
        if match["address"] not in found:
            return match[0]
        return match["head"].replace(" href=", " title=") + "'In the player'" if inside else player(match)

    page = _PLAYER.sub(player, page)
    return _LINK.sub(link, _POSTER_LINK.sub(poster, page) if inside else page)
