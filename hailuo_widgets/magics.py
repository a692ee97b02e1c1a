"""`%%hailuo` and `%hailuo`: read the cell, call the session, show what comes back."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from inspect import signature
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import MagicArgumentParser, argument, magic_arguments
from traitlets.config import Application

from hailuo_widgets import command_line, raw_cell
from hailuo_widgets.errors import RefusedError, TimedOutError, UsageError
from hailuo_widgets.first_line import first_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from decimal import Decimal

    from IPython.core.interactiveshell import InteractiveShell

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.engine.rewriting import Rewriting
    from hailuo_widgets.session import Session
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.sweeps.definition import Definition
    from hailuo_widgets.sweeps.judged import Next
    from hailuo_widgets.sweeps.plan import Plan
    from hailuo_widgets.sweeps.sweep import Sweep

COMMANDS = (
    "models",
    "studio",
    "jobs",
    "judge",
    "sweeps",
    "show",
    "code",
    "promote",
    "rewrite",
    "resume",
    "cost",
    "login",
    "doctor",
    "config",
    "nest",
)


def options(function: Any) -> Any:
    """The options that ask for a clip. Applied as a decorator, so that `%%hailuo?` is the manual."""
    for each in reversed(_OPTIONS):
        function = each(function)
    function = magic_arguments("hailuo")(function)
    function.__doc__ = function.__doc__.replace("%hailuo", "%%hailuo", 1)
    return function


_OPTIONS = (
    argument("name", nargs="?", default="", help="The variable that the job is assigned to."),
    argument("-p", "--provider", help="The provider; by default the first whose key is set, or else sketch."),
    argument("-m", "--model", help="The model; by default the provider's preferred one. See %%hailuo models."),
    argument("-d", "--duration", type=int, help="Seconds."),
    argument("-r", "--resolution", help="512P, 720P, 768P, 1080P, 2K: what the model offers."),
    argument("--ratio", help="Width to height, for example 16:9, if the model supports it."),
    argument("--first-frame", help="The picture that the clip begins with: a path or a URL."),
    argument("--last-frame", help="The picture that the clip ends with."),
    argument("--subject", help="A picture of one face, for subject-driven models."),
    argument("--reference", action="append", help="A picture, clip or sound that guides the model; can be repeated."),
    argument("--optimizer", choices=("on", "off"), help="Whether the vendor may rewrite the prompt."),
    argument("--fast-pretreatment", choices=("on", "off"), help="Whether to use the fast rewrite."),
    argument("--watermark", choices=("on", "off"), help="Whether the vendor marks the clip as AI-generated."),
    argument("--callback-url", help="An address that the vendor notifies too."),
    argument("--rewrite", action="store_true", help="Use the prompt as MiniMax-H3 rewrites it; it is shown first."),
    argument("--fresh", action="store_true", help="Generate again, ignoring the cached clip."),
    argument("--dry-run", action="store_true", help="Check the request and show its price. Nothing is sent."),
    argument("--wait", action="store_true", help="Keep the cell running until the clip is ready."),
    argument("--repeat", type=int, default=1, help="The number of clips per cell of a sweep."),
    argument("--design", help="Which cells of a sweep are made: pairs, one-at-a-time, halving, or 'sample 20'."),
    argument("--budget", help="The most that a sweep may cost: 6, 6USD, or '5 clips/day'."),
    argument("--yes", action="store_true", help="Skip confirmation; a sweep that costs money then needs --budget."),
)
_SWITCHES = {"on": True, "off": False, None: None}


@magics_class
class HailuoMagics(Magics):
    """The magics of this package."""

    shell: InteractiveShell

    @no_var_expand  # IPython's own expansion would turn {a|b} on the line into a number
    @options
    @cell_magic("hailuo")  # type: ignore[arg-type]  # IPython annotates the form without a name only
    def hailuo_cell(self, line: str, cell: str) -> Any:
        """Make a clip from the prompt in this cell, or many from a template.

        The cell returns at once; a card under it shows how far the clip is, and becomes a player when it is there.
        {name} takes a variable of the notebook; a brace is written {{. Camera commands go in brackets: [Pan left].
        {a | b} and {name = a | b} are choices: the cell is then a sweep, and its plan is shown before it is run.
        Under a line --- stand fields, each with its value or its choices: "duration: 6 | 10", "camera: [Pan left] |".
        """
        for remark in raw_cell.remarks(cell):
            print(f"Note: {remark}", file=sys.stderr)  # noqa: T201  # under the cell, before anything is sent
        arguments, definition = read_cell(line, cell, self.shell.user_ns)
        if definition.axes or arguments.repeat > 1:
            return self._sweep(definition, arguments, (line, cell))
        return self._clip(definition, arguments, (line, cell))

    def _clip(self, definition: Definition, arguments: argparse.Namespace, written: tuple[str, str]) -> Any:
        """One clip: it is asked for at once, unless it is dearer than the settings want or has a slip in a command."""
        from hailuo_widgets import api, session
        from hailuo_widgets.spec import camera
        from hailuo_widgets.sweeps.cells import single

        here = session.default_session()
        prompt, fields = single(definition)
        rewritten = fields.get("prompt_as") == "rewritten"
        ready = ready_prompt(prompt, fields, arguments)
        if not isinstance(ready, str):  # what the clip is made from should be seen before the clip is paid for
            if arguments.name and not arguments.dry_run:
                self.shell.user_ns[arguments.name] = ready
            return None if _in_kernel(self.shell) and not arguments.dry_run else ready
        prompt = ready
        if arguments.budget and not arguments.fresh:
            return self._sweep(definition, arguments, written)
        slips = camera.parse(prompt).near_misses
        ask = bool(here.settings.confirm_above or slips) and not (arguments.yes or arguments.dry_run)
        if ask and not arguments.fresh and not rewritten and _asks(here, prompt, **fields):
            return self._sweep(definition, arguments, written)
        if ask and not arguments.fresh and rewritten:
            planned = here.plan(definition)
            if planned.asks:
                return self._sweep(definition, arguments, written)
            if not planned.plan.clips:  # the plan knows no answer to its own question
                with suppress(RefusedError):
                    _check_price(api.dry_run(prompt, **fields), arguments, here.settings.confirm_above)
        if arguments.dry_run:
            return api.dry_run(prompt, **fields)
        if arguments.fresh and (ask or arguments.budget):
            with suppress(RefusedError):  # which is said below, on a card
                _check_price(api.dry_run(prompt, **fields), arguments, here.settings.confirm_above)
        if ask and slips and arguments.fresh:
            self._offer_repair(*written)
            raise UsageError(str(slips[0]), hint="Nothing was sent. To send the prompt unchanged, add --yes.")
        job = api.generate(prompt, name=arguments.name, fresh=arguments.fresh, as_written=True, **fields)
        if arguments.name:
            self.shell.user_ns[arguments.name] = job
        if arguments.wait:  # the variable is there even if the waiting is interrupted
            try:
                job.result()
            finally:
                here.show_waited_for(job)
        if _runs_script():
            _wait_in_script(job, here.settings.unattended_wait)
        return None if _in_kernel(self.shell) else job  # a terminal has no card, but shows what a cell returns

    def _sweep(self, definition: Definition, arguments: argparse.Namespace, written: tuple[str, str]) -> Any:
        """Many clips: a plan first, unless there is one clip to buy, or --yes says that none is needed."""
        from hailuo_widgets.session import default_session

        if arguments.fresh:
            raise UsageError(
                "--fresh is for a single clip, but this is a sweep.", hint="For more clips per cell, use --repeat."
            )
        session = default_session()
        sweep = session.plan(definition, arguments.budget)
        if arguments.dry_run:
            return sweep.plan
        if arguments.name:
            self.shell.user_ns[arguments.name] = sweep
        if arguments.yes and sweep.asks and sweep.budget is None:
            require_budget(sweep.plan)
        if arguments.yes or not sweep.asks:
            sweep.run()
        elif sweep.plan.slips and self._offer_repair(*written):
            sweep.advise(
                "A cell with the corrected camera commands is ready below. Run here sends the prompt unchanged."
            )
        session.show_sweep(sweep)
        if arguments.wait and sweep.started:
            sweep.result()
            session.show_waited_for(sweep)
        if _runs_script() and sweep.started:
            _wait_for_sweep_in_script(sweep, session.settings.unattended_wait)
        return None if _in_kernel(self.shell) else sweep

    @no_var_expand
    def _offer_repair(self, line: str, cell: str) -> bool:
        """Put the repaired cell where it takes one key to run it; whether there is one."""
        from hailuo_widgets.spec import camera

        repaired = camera.mended(cell)
        if repaired == cell or camera.parse(repaired).near_misses:  # the slip came out of a variable
            return False
        self.shell.set_next_input(f"%%hailuo {line}".rstrip() + f"\n{repaired.rstrip()}")
        return True

    @line_magic("hailuo")  # type: ignore[arg-type]  # as above
    def hailuo_line(self, line: str) -> Any:
        """Models, jobs, costs, settings.

        %hailuo models [WORD …]      what can be asked for; narrowed by words or by mode=I2V duration=10 max_price=0.3
        %hailuo studio               the form, the results and the history in one place
        %hailuo jobs                 this kernel's jobs and the library's latest
        %hailuo sweeps               the sweeps that the library keeps
        %hailuo judge NAME           compare a sweep's clips, blind, by keyboard
        %hailuo show NAME            a job's card once more
        %hailuo code NAME            the call in Python that asks for the same
        %hailuo promote NAME|ID      make a draft of MiniMax-H3 again in 2K; --dry-run shows its price
        %hailuo rewrite "PROMPT"     the prompt as MiniMax-H3 would like to read it, word by word beside yours
        %hailuo resume               continue unfinished clips; --adopt ID TASK, --forget ID or --buy-again ID decides
        %hailuo cost                 what was spent, by provider and currency
        %hailuo config [NAME=VALUE]  what is set: provider, model, library, sketch_seconds, PROVIDER_base_url
        %hailuo login PROVIDER       ask for its key, never shown; kept in the system's keyring, else in this kernel
        %hailuo doctor               what is set up, what is missing, and whether the vendors' hosts answer
        %hailuo nest                 allow asyncio.run() inside a cell, by nest-asyncio2
        """
        from hailuo_widgets import commands
        from hailuo_widgets.spec.words import did_you_mean

        words = command_line.split(line)
        if not words:
            print(self.hailuo_line.__doc__)  # noqa: T201  # the manual, where it was asked for
            return None
        command, *rest = words
        if command not in COMMANDS:
            raise UsageError(f"There is no %hailuo {command}.", hint=did_you_mean(command, COMMANDS))
        run = getattr(commands, command)
        try:
            signature(run).bind(*rest)
        except TypeError:
            raise UsageError(f"%hailuo {command} takes no arguments.", hint="%hailuo alone shows the manual.") from None
        return run(*rest)


def read_cell(line: str, cell: str, namespace: Mapping[str, Any]) -> tuple[argparse.Namespace, Definition]:
    """What a cell under `%%hailuo` asks for.

    Args:
        line: What stands after `%%hailuo`.
        cell: What stands below.
        namespace: The notebook's variables.

    Returns:
        The options of the line, and what they define together with the cell.

    Raises:
        UsageError: Something in it can't be read.
    """
    from hailuo_widgets.sweeps import header
    from hailuo_widgets.sweeps.definition import Definition
    from hailuo_widgets.sweeps.template import expand

    # Split first: a variable with a blank in it is still one value, and can't bring options along.
    words = [expand(word, namespace) for word in command_line.split(line)]
    arguments = _parse(HailuoMagics.hailuo_cell.parser, words)
    name = arguments.name
    if name and (not name.isidentifier() or iskeyword(name)):
        raise UsageError(
            f"“{name}” can't be a variable's name.",
            hint="The first word after %%hailuo names the job; options begin with -.",
        )
    definition = Definition.of_cell(
        header.read(cell, namespace),
        name=name,
        repeat=arguments.repeat,
        design=arguments.design,
        provider=arguments.provider,
        model=arguments.model,
        first_frame=arguments.first_frame,
        last_frame=arguments.last_frame,
        subject=arguments.subject,
        references=tuple(arguments.reference or ()),
        duration=arguments.duration,
        resolution=arguments.resolution,
        ratio=arguments.ratio,
        prompt_optimizer=_SWITCHES[arguments.optimizer],
        fast_pretreatment=_SWITCHES[arguments.fast_pretreatment],
        watermark=_SWITCHES[arguments.watermark],
        callback_url=arguments.callback_url,
        prompt_as="rewritten" if arguments.rewrite else None,
    )
    return arguments, definition


def ready_prompt(prompt: str, fields: dict[str, Any], arguments: argparse.Namespace) -> str | Rewriting | Quote:
    """The prompt of a cell's clip; where it is to be rewritten, the rewriting until that is done.

    With --dry-run the rewriting is priced only; with --wait it is waited for.

    Args:
        prompt: As it is in the cell.
        fields: Of the cell; `prompt_as` is taken out of them.
        arguments: The cell's line.

    Raises:
        UsageError: If it would have to be paid for under a budget. Nothing was sent.
    """
    from hailuo_widgets import api, session
    from hailuo_widgets.spec.catalog import CLIPS
    from hailuo_widgets.spec.request import TOLD_TO_REWRITER, VideoRequest
    from hailuo_widgets.sweeps import budgets

    if fields.pop("prompt_as", "mine") != "rewritten":
        return prompt
    told = {name: value for name, value in fields.items() if name in ("provider", *TOLD_TO_REWRITER)}
    if arguments.dry_run:
        return api.dry_run(prompt, rewrite=True, **told)
    limit = budgets.budget(arguments.budget, ())
    if limit is not None and limit.currency != CLIPS:
        request = VideoRequest.of(prompt=prompt, **{name: told[name] for name in told if name != "provider"})
        if not session.default_session().is_rewritten(request, told.get("provider")):
            raise UsageError(
                "A rewriting is charged by tokens, so --budget can't limit it. Nothing was sent.",
                hint="Run the cell without --budget to see the rewritten prompt (about $0.017), then with it.",
            )
    rewriting = api.rewrite(prompt, show=True, **told)
    return rewriting.result() if rewriting.done or arguments.wait else rewriting


def require_budget(plan: Plan) -> None:
    """Whether a sweep may be run unseen and without a limit.

    Raises:
        UsageError: If it costs something, or may.
    """
    if plan.unknown_prices:
        clips = "1 clip has" if plan.unknown_prices == 1 else f"{plan.unknown_prices} clips have"
        raise UsageError(
            f"`--yes` skips confirmation, but {clips} no published price.",
            hint="Leave --yes out and press Run in the plan. With --budget, clips of unknown price are skipped.",
        )
    if plan.price:
        raise UsageError(
            f"`--yes` skips confirmation, so add `--budget` (estimated cost: {plan.cost}).",
            hint="Set the most it may cost with --budget.",
        )


def _check_price(quote: Quote, arguments: argparse.Namespace, most: Mapping[str, Decimal]) -> None:
    """Whether a fresh clip may be bought: no plan would show its price, as one like it may be in the library already.

    Raises:
        UsageError: If it is dearer than its budget, or than what a cell may buy unasked.
    """
    from hailuo_widgets.spec.catalog import Price
    from hailuo_widgets.sweeps import budgets
    from hailuo_widgets.sweeps.plan import total

    price, unpublished = total([quote])
    budget = budgets.budget(arguments.budget, price)
    cost = None if budget is None else budget.cost_of(quote.price)
    if budget is not None and (cost is None or cost > budget.amount):
        raise UsageError(
            "This clip has no published price, so it can't be generated under a budget."
            if cost is None
            else f"This clip costs {quote.price}, and the budget is {Price(budget.amount, budget.currency)}.",
            hint="Nothing was sent. Choose a cheaper request, or a larger budget.",
        )
    if not arguments.yes and budgets.above(price, unpublished, most):
        costs = "has no published price" if unpublished else f"costs {quote.price}"
        raise UsageError(
            f"A new clip {costs}, so confirm_above requires confirmation.",
            hint="To generate it, add --yes.",
        )


def _asks(session: Session, prompt: str, *, provider: str | None = None, **fields: Any) -> bool:
    """Whether a person should see the plan of a clip first: it is dearer than the settings want, or has a slip."""
    from hailuo_widgets.spec.request import VideoRequest
    from hailuo_widgets.sweeps import budgets
    from hailuo_widgets.sweeps.plan import total

    try:
        quote = session.missing(VideoRequest.of(prompt=prompt, **fields), provider)
    except RefusedError:  # a card says why
        return False
    return quote is not None and bool(quote.slips or budgets.above(*total([quote]), session.settings.confirm_above))


_NO_NUMBER = re.compile(r"argument (\S+): invalid int value: '(.*)'", re.DOTALL)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"


def _parse(parser: MagicArgumentParser, words: list[str]) -> argparse.Namespace:
    from IPython.core.error import UsageError as IPythonUsageError

    from hailuo_widgets.spec import foreign

    known = vars(parser)["_option_string_actions"]
    try:
        found, unknown = parser.parse_known_args(words)
    except IPythonUsageError as error:
        if number := _NO_NUMBER.search(str(error)):
            raise UsageError(f"{number[1]} takes a whole number, not “{number[2]:.40}”.", hint="Write -d 6.") from None
        raise UsageError(f"%%hailuo: {error}.", hint="%%hailuo? shows the manual.") from None
    for each in unknown:
        option = each.split("=")[0]
        if option.startswith("-"):
            raise UsageError(f"%%hailuo has no option {option}.", hint=foreign.hint(option, known, option=True))
    if unknown and unknown[0][0] in _DASHES:
        raise UsageError(
            f"“{unknown[0]}” begins with a long dash, as some editors write it.",
            hint="Write options with hyphens: --dry-run, -d 6.",
        )
    if unknown:
        raise UsageError(
            f"%%hailuo: “{unknown[0]}” is one word too many.",
            hint="The first word names the job; write the prompt below this line.",
        )
    return found


def register(shell: InteractiveShell) -> None:
    """Make the magics known to a shell, with their completions."""
    from hailuo_widgets.completion import matcher

    shell.register_magics(HailuoMagics)
    if first_line not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(first_line)
    completer = shell.Completer
    if completer is not None and matcher not in completer.custom_matchers:
        completer.custom_matchers.append(matcher)
    shell.events.register("pre_run_cell", raw_cell.note)
    shell.events.register("post_run_cell", _after_cell)
    if _in_kernel(shell) and shell.display_formatter is not None:  # a terminal shows their reprs
        views = shell.display_formatter.ipython_display_formatter
        for module, name in _SHOWN:
            views.for_type_by_name(f"hailuo_widgets.{module}", name, _show)
        views.for_type_by_name("hailuo_widgets.sweeps.sweep", "Sweep", _show_sweep)
        views.for_type_by_name("hailuo_widgets.sweeps.judged", "Next", _show_next)


def _in_kernel(shell: InteractiveShell) -> bool:
    return getattr(shell, "kernel", None) is not None


def _runs_script() -> bool:
    """Whether this is `ipython notebook.ipynb`: it shows nothing that a cell returns, and ends after the last one."""
    ipapp = sys.modules.get("IPython.terminal.ipapp")
    if ipapp is None or not Application.initialized():
        return False
    app = Application.instance()  # in a kernel, another one: its class would say that it has an instance, too
    return isinstance(app, ipapp.TerminalIPythonApp) and not app.interact


def _wait_in_script(job: Job, seconds: float) -> None:
    """Wait for a clip that would not be shown, and print where it is."""
    name = job.name or job.id
    if not job.wait(seconds):
        print(f"{name}: not finished. Run %hailuo resume to continue.")  # noqa: T201  # a script's output
    elif job.state == "stored":
        print(f"{name}: {job.clip.path}")  # noqa: T201
    else:
        print(f"{name}: {job.label}. {job.error.message if job.error else ''}".rstrip())  # noqa: T201


def _wait_for_sweep_in_script(sweep: Sweep, seconds: float) -> None:
    """The same for a sweep."""
    with suppress(TimedOutError):
        sweep.result(seconds)
    for clip in sweep.clips():
        print(f"{sweep.name or 'sweep'}: {clip.path}")  # noqa: T201  # a script's output
    if missing := sum(sweep.clip(*place) is None for place in sweep.places()):
        print(f"{sweep.name or 'sweep'}: {missing} without a clip. Run it again to continue.")  # noqa: T201


_SHOWN = (
    ("engine.job", "Job"),
    ("engine.rewriting", "Rewriting"),
    ("spec.quote", "Quote"),
    ("store.clip", "Clip"),
    ("sweeps.promotion", "Promotion"),
)
"""What a cell that ends with it shows as a card. By name, so that nothing is loaded before it is there."""


def _show(what: Job | Clip | Quote) -> None:
    from hailuo_widgets.session import default_session

    if not default_session().has_shown(what):
        default_session().show(what)


def _show_sweep(sweep: Sweep) -> None:
    from hailuo_widgets.session import default_session

    default_session().show_sweep(sweep)


def _show_next(step: Next) -> None:
    from hailuo_widgets.session import default_session

    default_session().show_next(step)


def _after_cell(_result: object) -> None:
    if outputs := sys.modules.get("hailuo_widgets.views.outputs"):
        outputs.cell_ended()
