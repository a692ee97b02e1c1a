"""`hailuo-widgets`: the demo, the simulator, and copies of notebooks for other tools, from a shell."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from hailuo_widgets._version import __version__
from hailuo_widgets.errors import HailuoError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit status: 0, or 1 where it failed.
    """
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except HailuoError as error:
        print(error, file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hailuo-widgets", description=__doc__)
    parser.add_argument("--version", action="version", version=f"hailuo-widgets {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="open JupyterLab on copies of the notebooks that ship; no key is needed")
    names = (
        "quickstart, sweep, teaching_camera_language, which_prompt_is_better, h3_draft_to_final or does_the_camera_obey"
    )
    demo.add_argument("notebook", nargs="?", default="quickstart", help=names)
    demo.add_argument("--execute", action="store_true", help="run it without a browser and print where the results are")
    demo.add_argument("--folder", default="hailuo_demo", help="where the copies go (default: %(default)s)")
    demo.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    demo.add_argument("--port", type=int, help="JupyterLab's port, or the next free one after it (default: 8888)")
    demo.set_defaults(run=_demo)

    simulator = commands.add_parser("simulator", help="serve every vendor's API on a local port")
    simulator.add_argument("--port", type=int, default=8642, help="default: %(default)s")
    simulator.add_argument("--key", default="test-key", help="the key that is accepted (default: %(default)s)")
    simulator.add_argument("--fast", action="store_true", help="tasks take only as long as drawing, not minutes")
    simulator.set_defaults(run=_simulator)

    library = commands.add_parser("library", help="check or rebuild a library's folder")
    acts = library.add_subparsers(required=True, metavar="ACT")
    for name, run, text in (
        ("rebuild", _rebuild, "make a new journal from the folder alone; the old one is kept"),
        ("verify", _verify, "hash every clip again"),
    ):
        act = acts.add_parser(name, help=text)
        act.add_argument("folder", nargs="?", help="default: HAILUO_LIBRARY, else hailuo_library")
        act.set_defaults(run=run)
    export = commands.add_parser("export", help="copy a notebook together with its clips")
    export.add_argument("notebook", help="a saved notebook, FILE.ipynb")
    export.add_argument(
        "-o", "--output", help="default: FILE-export.ipynb; FILE.html and FILE.zip hold everything in one file"
    )
    export.add_argument(
        "--inside",
        type=float,
        metavar="MB",
        default=20,
        help="put the clips into the notebook if they have at most so many MB, else beside it (default: %(default)s)",
    )
    export.set_defaults(run=_export)

    convert = commands.add_parser("convert", help="copy a notebook without %%hailuo magics, for marimo and scripts")
    convert.add_argument("notebook", help="FILE.ipynb")
    convert.add_argument("-o", "--output", help="default: FILE-plain.ipynb")
    convert.set_defaults(run=_convert)
    return parser


def _target(options: argparse.Namespace, ending: str) -> tuple[Path, Path]:
    """The notebook, and where its copy goes."""
    from pathlib import Path

    source = Path(options.notebook)
    return source, Path(options.output) if options.output else source.with_name(f"{source.stem}-{ending}.ipynb")


def _export(options: argparse.Namespace) -> int:
    from hailuo_widgets.self_contained import export

    source, target = _target(options, "export")
    if target.suffix in (".html", ".zip"):
        return _hand_out(source, target)
    clips, size, missing = export(source, target, most_mb=options.inside)
    where = f"inside it ({size:.1f} MB)" if size else f"in {target.stem}_clips beside it"
    print(f"{target}: {clips} clip{'' if clips == 1 else 's'}" + (f", {where}" if clips else ""))
    for each in missing:
        print(f"{each} is missing; it stays as it was.", file=sys.stderr)
    return 1 if missing else 0


def _hand_out(source: Path, target: Path) -> int:
    from hailuo_widgets.handout import packed, page

    clips, missing = (page if target.suffix == ".html" else packed)(source, target)
    size = target.stat().st_size / 1e6
    print(f"{target}: {clips} clip{'' if clips == 1 else 's'}, {size:.1f} MB")
    for each in missing:
        print(f"{each} is missing; it stays as it was.", file=sys.stderr)
    return 1 if missing else 0


def _convert(options: argparse.Namespace) -> int:
    from hailuo_widgets.without_magics import convert

    source, target = _target(options, "plain")
    problems = convert(source, target)
    print(target)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _library(options: argparse.Namespace) -> Path:
    """The folder that is named, else the one that a notebook here would use."""
    from pathlib import Path

    from hailuo_widgets.settings import Settings

    return Path(options.folder or Settings.load().library)


def _rebuild(options: argparse.Namespace) -> int:
    import time

    from hailuo_widgets.store.library import rebuild

    clips, problems, old = rebuild(_library(options), time.time())
    print(f"The new journal knows {clips} clips." + (f" The old one is {old.name}." if old else ""))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _verify(options: argparse.Namespace) -> int:
    from hailuo_widgets.store.library import Library
    from hailuo_widgets.store.peek import FILE

    folder = _library(options)
    if not (folder / FILE).is_file():
        raise UsageError(f"“{folder}” holds no library.", hint="Name a library's folder.")
    library = Library(folder)
    try:
        damaged = library.verify()
        print(f"{len(library.clips())} clips, {len(damaged)} of them changed since they were stored.")
    finally:
        library.close()
    for each in damaged:
        print(f"{each.id}: {each.what}", file=sys.stderr)
    return 1 if damaged else 0


def _demo(options: argparse.Namespace) -> int:
    from hailuo_widgets.demo import demo

    return demo(
        options.folder,
        options.notebook,
        execute=options.execute,
        browser=not options.no_browser,
        port=options.port,
    )


def _simulator(options: argparse.Namespace) -> int:
    from importlib.util import find_spec

    if find_spec("uvicorn") is None:
        raise UsageError("The simulator's server needs uvicorn.", hint='pip install "hailuo-widgets[simulator]"')
    from hailuo_widgets.simulator.server import serve

    serve(options.port, key=options.key, fast=options.fast)
    return 0


if __name__ == "__main__":
    sys.exit(main())
