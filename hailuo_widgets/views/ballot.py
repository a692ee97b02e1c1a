"""A page that takes votes without Python or a server: the clips lie beside it, the votes come back as files."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from typing import TYPE_CHECKING

from hailuo_widgets.disk import writing
from hailuo_widgets.errors import UsageError
from hailuo_widgets.markup import attribute
from hailuo_widgets.views._assets import joined
from hailuo_widgets.views.wording import question_as_shown

if TYPE_CHECKING:
    from pathlib import Path

    from hailuo_widgets.judge.judging import Judging

PAGE = "index.html"
MOST_PAIRS = 500
_DATA = '<script type="application/json" id="ballot">'
"""Begins what the page knows, and tells a ballot from other pages."""


def write(judging: Judging, folder: Path, *, votes: int = 30) -> Path:
    """Write the page, and copy its clips into `clips/` beside it, under names that tell nothing.

    Args:
        judging: Which clips, and what is asked.
        folder: Where; it is made if it isn't there.
        votes: How many pairs it asks about, as far as there are so many.

    Returns:
        The page.

    Raises:
        UsageError: If the number is out of range, or a clip's file is gone.
        LibraryError: If the disk refuses it.
    """
    if type(votes) is not int or not 0 < votes <= MOST_PAIRS:
        raise UsageError(f"A ballot has 1 to {MOST_PAIRS} pairs.", hint="Write to_ballot(folder, votes=30).")
    page = folder / PAGE
    if not _is_free(page):
        raise UsageError(f"“{folder}” holds another page, or is not a folder.", hint="Name a new folder.")
    ballot = secrets.token_hex(8)
    pairs = judging.signed_pairs(ballot, votes)
    clips = dict.fromkeys(clip for pair in pairs for clip in pair.clips)
    files = {clip: f"clips/{hashlib.sha256(f'{ballot}{clip}'.encode()).hexdigest()[:16]}.mp4" for clip in clips}
    missing = next((clip for clip in clips if not judging.clips[clip].path.is_file()), None)
    if missing is not None:
        raise UsageError("A clip's file is gone.", hint="Run the sweep again.")
    with writing(page):
        (folder / "clips").mkdir(parents=True, exist_ok=True)
        for clip, file in files.items():
            shutil.copyfile(judging.clips[clip].path, folder / file)
        asked = question_as_shown(judging.question)
        data = {
            "ballot": ballot,
            "question": judging.question,
            "asked": asked,
            "pairs": [pair._asdict() for pair in pairs],
            "files": files,
        }
        page.write_text(_page(asked, json.dumps(data)), encoding="utf-8")
    return page


def _is_free(page: Path) -> bool:
    """Whether a ballot may be written there: nothing is, or an earlier ballot. Never through a link."""
    folder = page.parent
    if page.is_symlink() or (folder / "clips").is_symlink() or (folder.exists() and not folder.is_dir()):
        return False
    return not page.exists() or (page.is_file() and _DATA in page.read_text("utf-8", "replace"))


def _page(asked: str, data: str) -> str:
    script = joined("dom.js", "player.js", "comparison.js", "ballot.js")
    style = joined("base.css", "player.css", "arena.css", "ballot.css")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
        f'<title>{attribute(asked)}</title><style>{style}</style></head><body><main id="place">'
        f"<noscript>This page needs JavaScript.</noscript></main>"
        f"{_DATA}{data.replace('<', chr(92) + 'u003c')}</script>"
        f'<script type="module">{script}</script></body></html>'
    )
