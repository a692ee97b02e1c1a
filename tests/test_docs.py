"""README and documentation say what is so: names, files, links, and code that runs. The rest is `mkdocs build --strict`."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hailuo_widgets.providers import names
from hailuo_widgets.spec.catalog import catalog

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = ROOT / "docs" / "pages"


def test_readme_names_every_provider_with_its_key():
    table = dict(re.findall(r"^\| `(\w+)` \|.*\| `?([A-Z_]+|none needed)`? \|$", README, re.MULTILINE))
    assert table == {name: catalog().offer(name).key or "none needed" for name in names()}
    assert list(table) == list(names())


def test_readmes_links_lead_to_something():
    links = re.findall(r'(?:\]\(|src="|srcset=")(?!https?:)([^)"]+)', README)
    assert len(links) > 10
    for link in links:
        path, _, anchor = link.partition("#")
        target = ROOT / path
        assert target.is_file(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert any(f"#{anchor} " in each or _slug(each) == anchor for each in headings), link


def _slug(heading):
    return re.sub(r"[^\w]+", "-", heading.lower()).strip("-")


def test_architecture_draws_every_room_and_top_level_module():
    drawn = PAGES.joinpath("architecture.md").read_text().split("```")[1]
    named = set(re.findall(r"^[├└]── ([\w.]+/?)", drawn, re.MULTILINE))
    folders = {f"{each.parent.name}/" for each in (ROOT / "hailuo_widgets").glob("*/__init__.py")}
    files = {each.name for each in (ROOT / "hailuo_widgets").glob("*.py")}
    assert named == (folders | files) - {"_version.py"}


@pytest.mark.parametrize("page", [ROOT / "README.md", PAGES / "python.md"], ids=lambda page: page.name)
def test_the_script_runs(page, tmp_path):
    [script] = [each for each in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL) if "def main" in each]
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "fox.mp4").stat().st_size > 10_000


def test_pictures_are_small():
    pictures = sorted((PAGES / "images").glob("*.png"))
    assert pictures
    assert [each.name for each in pictures if each.stat().st_size > 150_000] == []


def test_the_promises_of_reliability_name_tests_that_exist():
    promised = re.findall(r"\[`(test_\w+)`\]\(\S+/(tests/\w+\.py)\)", (PAGES / "reliability.md").read_text("utf-8"))
    assert len(promised) > 30
    missing = [
        f"{file}::{name}"
        for name, file in promised
        if not re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    ]
    assert not missing


def test_the_page_on_money_says_that_a_dead_kernels_job_is_fetched_and_not_paid_again():
    """The tests of resuming show that it is so; the page once said the opposite."""
    page = " ".join((PAGES / "money-and-keys.md").read_text("utf-8").split())
    assert "A job that was still in progress when its kernel ended is not lost. Run its cell again" in page
    assert "so you won't be charged twice" in page
    assert "asks for a second clip" not in page
    assert "not taken up by itself" not in page
