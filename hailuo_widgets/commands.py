"""What `%hailuo` can do beside making clips: one function a command. Each returns something that can be shown."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, cast

from hailuo_widgets import keychain
from hailuo_widgets import session as sessions
from hailuo_widgets.api import allow_nested_loops
from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.keys import choose_provider
from hailuo_widgets.net.reach import reach
from hailuo_widgets.offers import offers
from hailuo_widgets.providers import names
from hailuo_widgets.providers import provider as wire
from hailuo_widgets.spec.catalog import Price, catalog
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.spec.words import did_you_mean
from hailuo_widgets.store.clip_filter import ClipFilter
from hailuo_widgets.store.peek import LIBRARY
from hailuo_widgets.store.recall import quote_of
from hailuo_widgets.store.vote import QUESTION
from hailuo_widgets.sweeps import budgets
from hailuo_widgets.sweeps.plan import total
from hailuo_widgets.table import Table
from hailuo_widgets.views.code import python_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.rewriting import Rewriting
    from hailuo_widgets.providers import Remains, TaskState
    from hailuo_widgets.session import Session
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.views.arena import Arena
    from hailuo_widgets.views.studio import Studio


def command(name: str, *words: str) -> Any:
    """What `%hailuo NAME WORD …` does, as a call.

    Raises:
        UsageError: If there is no such command.
    """
    from hailuo_widgets.magics import COMMANDS

    if name not in COMMANDS:
        raise UsageError(f"There is no %hailuo {name}.", hint=did_you_mean(name, COMMANDS))
    return globals()[name](*words)


def models(*words: str) -> Table:
    """What can be asked for; words and `NAME=VALUE` narrow it down."""
    return offers(*words)


def jobs() -> Table:
    """This kernel's jobs, and below them the latest of the library."""
    session = sessions.default_session()
    here = session.jobs()
    rows = [
        (
            job.name or job.id,
            job.state.value,
            job.quote.row.provider,
            job.quote.row.model,
            str(job.quote.price),
            _short(job.quote.written.prompt),
        )
        for job in here
    ]
    known = {job.id for job in here}
    if session.has_library():
        rows += [
            (
                row.name or row.id,
                row.state,
                row.provider,
                row.model,
                _money(row.price, row.currency),
                _short(row.prompt),
            )
            for row in session.library().journal.jobs(limit=50)
            if row.id not in known
        ]
    caption = "" if rows else "No jobs yet. Write a prompt under %%hailuo and run the cell."
    return Table(("Job", "State", "Provider", "Model", "Price", "Prompt"), tuple(rows), caption)


def show(*arguments: str) -> None:
    """A job's card once more."""
    if len(arguments) != 1:
        raise UsageError("%hailuo show takes one name.", hint="%hailuo jobs lists them.")
    session = sessions.default_session()
    session.show(session.job(arguments[0]))


def code(*arguments: str) -> None:
    """Print the call in Python that asks for the same as a job, or a clip of the library."""
    if len(arguments) != 1:
        raise UsageError("%hailuo code takes one name.", hint="%hailuo jobs lists them.")
    session = sessions.default_session()
    name = arguments[0]
    row = session.library().journal.job(name) if session.has_library() else None
    quote = quote_of(row) if row is not None else session.job(name).quote
    call = python_of(quote)
    if name.isidentifier():
        call = call.replace("hw.generate(", f"{name} = hw.generate(", 1)
    print(call)  # noqa: T201  # to be copied


def promote(*arguments: str) -> Quote | None:
    """Make a draft again in 2K: the clip of a job, by name or id, or one of the library, by its id."""
    options = {each for each in arguments if each.startswith("--")}
    wanted = [each for each in arguments if each not in options]
    if len(wanted) != 1 or options - {"--yes", "--dry-run"}:
        raise UsageError("%hailuo promote takes one name.", hint="Write NAME or ID, and --dry-run to see the price.")
    session = sessions.default_session()
    clip = _clip(session, wanted[0])
    order = session.quote(session.final_of(clip), clip.provider)[0]
    if "--dry-run" in options:
        return order
    _ask_above(session, order, "--yes" in options)
    session.show(session.promote(clip))
    return None


def rewrite(*words: str) -> Rewriting:
    """Ask for a prompt as MiniMax-H3 would like to read it."""
    if not words:
        raise UsageError("%hailuo rewrite takes a prompt.", hint='Write it behind it: %hailuo rewrite "A red fox".')
    if switches := [word for word in words if word.startswith("--")]:
        raise UsageError(
            f"%hailuo rewrite has no option {switches[0]:.40}. Nothing was sent.",
            hint='If it is part of the prompt, put the prompt into quotes: %hailuo rewrite "A red fox".',
        )
    return sessions.default_session().rewrite(VideoRequest.of(prompt=" ".join(words)))


def _clip(session: Session, name: str) -> Clip:
    """The clip of a job, or of the library.

    Raises:
        UsageError: If there is none of that name.
        HailuoError: If the job has no clip.
    """
    found = session.library().search(ClipFilter(job_id=name)) if session.has_library() else []
    return found[0] if found else session.job(name).clip


def _ask_above(session: Session, order: Quote, agreed: bool) -> None:  # a switch of the line
    """Buy nothing unasked that costs more than the settings say.

    Raises:
        UsageError: If a person has to agree first.
    """
    price, unpublished = total([order])
    if not agreed and budgets.above(price, unpublished, session.settings.confirm_above):
        costs = f"costs {order.price}" if not unpublished else "has no published price"
        raise UsageError(f"This {costs}, which is above confirm_above.", hint="Nothing was sent. To go on, add --yes.")


def studio() -> Studio:
    """The form, the result and the history in one place."""
    from hailuo_widgets.api import studio as made

    return made()


def judge(*arguments: str) -> Arena:
    """Compare the clips of a sweep, blind."""
    from hailuo_widgets.api import sweep

    if len(arguments) not in (1, 2):
        raise UsageError(
            "%hailuo judge takes a sweep's name, and a question if you like.", hint="%hailuo sweeps lists the names."
        )
    name, question = arguments if len(arguments) == 2 else (arguments[0], QUESTION)
    return cast("Arena", sweep.load(name).judge(question=question))


def resume(*arguments: str) -> Table | None:
    """Continue unfinished clips; `--adopt ID TASK`, `--forget ID` or `--buy-again ID` decides about one."""
    session = sessions.default_session()
    if arguments:
        return _decide(session, *arguments)
    resumed = session.resume()
    rows: list[tuple[str, ...]] = []
    for job in resumed:
        name, vendor, words = job.name or job.id, job.quote.row.provider, _short(job.quote.written.prompt)
        if job.task_id is not None:
            session.show(job)
            rows.append((name, "resumed", vendor, job.task_id, words, ""))
            continue
        found, said = _candidates(session, job)
        rest = f"--forget {job.id} or --buy-again {job.id}."
        rows.append((name, "uncertain: was it charged?", vendor, "", words, f"{said} Otherwise {rest}"))
        rows += [
            ("", "may be it", vendor, state.task.id, state.url or state.prompt or state.word, _adopting(job, state))
            for state in found
        ]
    caption = "" if rows else "No unfinished clips."
    return Table(("Job", "", "Provider", "Task", "Prompt", "What to do"), tuple(rows), caption)


def _decide(session: Session, option: str, *ids: str) -> Table | None:
    """What a person says about one uncertain job."""
    if (option, len(ids)) not in (("--forget", 1), ("--buy-again", 1), ("--adopt", 2)):
        raise UsageError(
            "%hailuo resume has wrong arguments.",
            hint="Write it alone, or with --forget ID, --buy-again ID or --adopt ID TASK.",
        )
    if option == "--forget":
        session.forget(ids[0])
        return Table((), (), f"{ids[0]} is closed. Run its cell again to send it again.")
    session.show(session.buy_again(ids[0]) if option == "--buy-again" else session.adopt(*ids))
    return None


def _candidates(session: Session, job: Job) -> tuple[list[TaskState], str]:
    """The tasks that an uncertain job may have become, and what to do about it."""
    order = job.quote
    if not wire(order.row.provider).can_find(order.row.model):
        return [], where_to_look(order)
    try:
        found = session.candidates(job)
    except HailuoError as error:
        return [], f"{catalog().offer(order.row.provider).title} could not be asked: {error.message}"
    if not found:
        return [], f"{where_to_look(order)} No task there fits."
    count = "One task fits" if len(found) == 1 else f"{len(found)} tasks fit, and at most one is it"
    return found, f"{count}: look at the preview, then adopt it."


def _adopting(job: Job, state: TaskState) -> str:
    return f"%hailuo resume --adopt {job.id} {state.task.id}"


def where_to_look(order: Quote) -> str:
    """Where a person can see whether a request has arrived at its vendor."""
    known = _LISTS.get((order.row.provider, order.row.model.startswith("MiniMax-H3")))
    return known or f"{catalog().offer(order.row.provider).title} lists no tasks; its console shows what was charged."


_LISTS = {
    ("minimax", True): "GET /v2/query/video_generation lists the account's tasks, and so does MiniMax's console.",
    ("acedata", False): "AceData's console lists the tasks (POST /hailuo/tasks with retrieve_batch does too).",
    ("sketch", False): "A sketch costs nothing.",
}
"""Provider and whether it is an H3 model → the vendor's list of tasks, where it has one."""


def cost() -> Table:
    """What was spent, by provider and currency, and what is left of a plan, where the vendor tells.

    Clips from the library cost nothing and are not counted.
    """
    session = sessions.default_session()
    spent = session.library().journal.spending() if session.has_library() else []
    rows = tuple(
        (
            each.provider,
            str(each.clips),
            _money(each.amount, each.currency),
            _money(each.estimated, each.currency) if each.clips else "",
            str(each.unknown) if each.unknown else "",
        )
        for each in spent
    )
    caption = " ".join(filter(None, ("" if rows else "Nothing was spent yet.", *_remains(session))))
    return Table(("Provider", "Clips", "Spent", "Estimated", "Price not published"), rows, caption)


def _remains(session: Session) -> Iterator[str]:
    """What is left of the plans of keys that are set, where a vendor tells."""
    for name in names():
        if name not in catalog().offers or not wire(name).tells_remains:
            continue
        title = catalog().offer(name).title
        try:
            if session.settings.key(name, catalog().offer(name).key) is None:
                continue
            left = session.remains(name)
        except HailuoError as error:
            yield f"{title} could not say what is left of your plan: {error.message}"
            continue
        if left:
            yield f"Left of your plan at {title}: {', '.join(map(_left, left))}."


def _left(remains: Remains) -> str:
    if remains.left is not None:
        amount = f"{remains.name} {remains.left} of {remains.total}"
    else:
        amount = remains.name if remains.percent is None else f"{remains.name} {remains.percent:g}%"
    if remains.until is None:
        return amount
    return f"{amount} until {datetime.fromtimestamp(remains.until, UTC).astimezone():%Y-%m-%d %H:%M}"


def config(*assignments: str) -> Table | None:
    """Show what is set, or set it: `provider=minimax`."""
    settings = sessions.default_session().settings
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            # Not repeated: it may be a key.
            raise UsageError(
                "Each word after config must be a setting.", hint="Write NAME=VALUE, for example provider=minimax."
            )
        settings.set(name.strip(), value.strip())
    chosen, reason = choose_provider(settings)
    rows = [
        ("provider", chosen, reason),
        ("model", settings.model or "the provider's preferred one", ""),
        ("library", str(sessions.default_session().library_folder), _where(sessions.default_session())),
        *(
            (("shared_library", settings.shared_library, "its clips answer requests too"),)
            if settings.shared_library
            else ()
        ),
        *((("library_url", "set", "where the journal is; not shown"),) if settings.library_url else ()),
        ("sketch_seconds", f"{settings.sketch_seconds:g}", "how long a sketch pretends to take"),
        ("unattended_wait", f"{settings.unattended_wait:g}", "seconds that a cell waits where a program runs it"),
        *((f"{name}_base_url", url, "instead of the vendor's own") for name, url in settings.base_urls.items()),
        ("confirm_above", _amounts(settings.confirm_above), "ask before any single clip above this price"),
        *(
            (("client_cert", settings.client_cert, "shown to a gateway that asks for one"),)
            if settings.client_cert
            else ()
        ),
        *_limits("requests_per_minute", settings.requests_per_minute),
        *_limits("tasks_in_flight", settings.tasks_in_flight),
    ]
    return Table(("Setting", "Value", ""), tuple(rows))


def _where(session: Session) -> str:
    """Says so if the library is not beside the notebook but in a folder above it."""
    above = session.library_folder.parent != session.folder.resolve() and session.settings.library == LIBRARY
    return "found in a folder above this one" if above else ""


def _amounts(most: dict[str, Decimal]) -> str:
    return ", ".join(str(Price(amount, currency)).strip() for currency, amount in most.items()) or "not set"


def sweeps() -> Table:
    """The sweeps that the library keeps, newest first."""
    session = sessions.default_session()
    kept = session.library().journal.sweeps() if session.has_library() else []
    rows = tuple(
        (name, datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M"), f'hw.sweep.load("{name}")')
        for name, at in kept
    )
    return Table(("Sweep", "First run", "Load it"), rows, "" if rows else "No saved sweeps in this library.")


def _limits(name: str, limits: dict[str, int]) -> Iterator[tuple[str, str, str]]:
    for provider, limit in limits.items():
        yield f"{provider}_{name}", str(limit or "no limit"), "instead of what the vendor publishes"


def doctor() -> Table:
    """What is set up, and what is missing."""
    session = sessions.default_session()
    rows = [("Python", platform.python_version(), "")]
    rows += [
        (name, *_version(name)) for name in ("ipykernel", "ipywidgets", "anywidget", "httpx", "av", "nest-asyncio2")
    ]
    if _version("nest-asyncio")[0] != "not installed":
        rows.append(
            (
                "nest-asyncio",
                _version("nest-asyncio")[0],
                "loses queued cells on ipykernel 7.1 and later; nest-asyncio2 does not",
            )
        )
    rows.append(("library", str(session.library_folder), _writable(session.library_folder)))
    return Table(("What", "Found", "Note"), (*rows, *_providers(session)))


def _providers(session: Session) -> Iterator[tuple[str, str, str]]:
    """Each provider's key, and whether its host answers; asked are only those that would be used."""
    settings = session.settings
    keys: dict[str, str] = {}
    urls: dict[str, str] = {}
    for name in (each for each in names() if each in catalog().offers):
        offer = catalog().offer(name)
        try:
            found = settings.key(name, offer.key)
        except UsageError as error:
            keys[name] = str(error)
            continue
        if offer.key:
            keys[name] = f"key from {found.origin}" if found else f"no key: set {offer.key}, or %hailuo login {name}"
        else:
            keys[name] = "needs no key"
        if name in settings.base_urls or found:
            urls[name] = settings.base_urls.get(name) or offer.hosts[0]
    answers = session.loop.post(reach(urls)).result() if urls else {}
    for name, key in keys.items():
        yield name, key, f"{urls[name]} {answers[name]}" if name in urls else ""


def login(*arguments: str) -> Table:
    """Ask for a provider's key without showing it, and keep it: in the system's keyring, else in this kernel only."""
    if len(arguments) != 1:  # not repeated: one of them may be a key
        raise UsageError(
            "%hailuo login takes one name, the provider's.",
            hint="It then asks for the key, so that it is not saved with the notebook.",
        )
    name = arguments[0]
    offer = catalog().offer(name)
    if not offer.key:
        raise UsageError(f"{offer.title} needs no key.")
    settings = sessions.default_session().settings
    key = _asked(f"Key for {offer.title}: ")
    problem, kept = None, ""
    try:
        settings.give_key(name, key, "%hailuo login")
        kept = keychain.keep(name, key.strip())
    except UsageError as error:
        problem = error.with_traceback(None)
    key = ""  # no frame of a traceback may hold it
    if problem:
        raise problem
    if kept:
        text = (
            f"{offer.title}'s key is kept in the system's keyring ({kept}), where your other kernels find it too; "
            f"{offer.key} in the environment or in .env takes precedence there."
        )
    else:
        reason = "no system keyring is available here"
        if not keychain.installed():
            reason = 'pip install "hailuo-widgets[keyring]" to keep it in the system\'s keyring'
        text = f"{offer.title}'s key is kept in this kernel only: {reason}."
    return Table((), (), text)


def _asked(prompt: str) -> str:
    """A secret from the keyboard, which is never shown.

    Raises:
        UsageError: If a key can't be asked for without echoing it.
    """
    import getpass
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # it would go on, and show what is typed
            return getpass.getpass(prompt)
    except (EOFError, OSError, NotImplementedError, getpass.GetPassWarning):
        pass
    except RuntimeError as error:  # the kernel's, where the front end takes no input
        if type(error).__name__ != "StdinNotImplementedError":
            raise
    raise UsageError(
        "The key can't be entered here without showing it.",
        hint="Set the provider's environment variable or write it into .env; %hailuo doctor names them.",
    )


def nest() -> Table:
    """Allow `asyncio.run(...)` inside a cell."""
    allow_nested_loops()
    return Table(
        (), (), "asyncio.run(…) now works inside a cell, by nest-asyncio2. hailuo_widgets itself doesn't need it."
    )


def _version(name: str) -> tuple[str, str]:
    try:
        return version(name), ""
    except PackageNotFoundError:
        return "not installed", ""


def _writable(folder: Path) -> str:
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return (
        "" if os.access(there, os.W_OK) else "this folder is not writable: set another with %hailuo config library=PATH"
    )


def _money(amount: Any, currency: str) -> str:
    return str(Price(None if amount is None else Decimal(str(amount)), currency))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else line[:69] + "…"
