"""axe-core, which finds what a screen reader or a keyboard can't get by."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

FRONTEND = Path(__file__).parents[1] / "frontend"

# What a widget alone can't be asked for: a page's landmarks and headings are the notebook's.
RULES = {
    "region": {"enabled": False},
    "page-has-heading-one": {"enabled": False},
    "landmark-one-main": {"enabled": False},
}


@cache
def _source() -> str:
    file = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"
    if not file.exists():
        npm = shutil.which("npm")
        assert npm, "axe-core comes by npm, and there is none: install node."
        flags = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        subprocess.run([npm, "install", *flags], cwd=FRONTEND, check=True)
    return file.read_text(encoding="utf-8")


def violations(page: Page, of: str) -> list[str]:
    """What axe finds wrong in an element, a line each; empty where it finds nothing."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(f"() => {{ const module = undefined; {_source()} }}")
    found: dict[str, Any] = page.evaluate("([of, rules]) => axe.run(of, {rules})", [of, RULES])
    return [
        f"{each['id']}: {each['help']}: {node['html'][:200]} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]
