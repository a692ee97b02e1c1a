"""What a notebook calls: `hw.generate`, `hw.sweep`, `hw.library`, `hw.studio` …, each on this kernel's session."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hailuo_widgets import session as sessions
from hailuo_widgets.engine.job import Job
from hailuo_widgets.errors import AuthenticationError, RefusedError, UsageError
from hailuo_widgets.keys import choose_provider
from hailuo_widgets.paths import user_path
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store.clip import Clip
from hailuo_widgets.store.vote import ME, QUESTION

if TYPE_CHECKING:
    from collections.abc import Hashable
    from decimal import Decimal

    from pydantic import SecretStr

    from hailuo_widgets.clip_query import ClipQuery
    from hailuo_widgets.engine.rewriting import Rewriting
    from hailuo_widgets.media.probe import VideoInfo
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.sweeps.definition import Skip
    from hailuo_widgets.sweeps.sweep import Sweep
    from hailuo_widgets.views.arena import Arena
    from hailuo_widgets.views.studio import Studio


def generate(
    prompt: str = "",
    *,
    provider: str | None = None,
    model: str | None = None,
    name: str = "",
    key: str | SecretStr | None = None,
    fresh: bool = False,
    wait: bool = False,
    show: bool = True,
    as_written: bool = False,
    **fields: Any,
) -> Job:
    """Make a clip. It is what `%%hailuo` does, from Python.

    Returns at once. In a notebook a card appears under the cell and becomes a player when the clip is there.

    Args:
        prompt: The video to make, camera commands in brackets included.
        provider: Who makes it; None for the first whose key is set, else `sketch`.
        model: Which model; None for the provider's preferred one.
        name: Names the job for `%hailuo show`.
        key: The provider's key, for this kernel only.
        fresh: Generate again, ignoring the cached clip.
        wait: Return when the clip is there.
        show: Whether a card appears.
        as_written: Send the prompt even if something in it looks like a camera command but isn't: `[Pan lfet]`.
        fields: More fields of `VideoRequest`: `duration`, `resolution`, `first_frame`, …

    Returns:
        The job: `.result()`, `await job`, `.state`, `.task_id`, `.clip.path`, `.cancel()`.

    Raises:
        RefusedError: If the vendor would not accept the request, or at a slip in a camera command. Nothing was sent.
        AuthenticationError: If the provider needs a key and none is set.
        UsageError: If there is no such provider, or a picture can't be read.
        HailuoError: With `wait`, if the job ended without a clip.
    """
    session = sessions.default_session()
    if key is not None:
        session.settings.give_key(provider or choose_provider(session.settings)[0], key, "argument")
        key = None  # or a traceback would hold it
    request = VideoRequest.of(prompt=prompt, model=model, **fields)
    try:
        job = session.start(request, provider, name=name, fresh=fresh, as_written=as_written, show=show)
    except (RefusedError, AuthenticationError) as error:
        if show:
            session.show_refusal(request, provider, error)
        raise
    if wait:
        try:
            job.result()
        finally:
            if show:
                session.show_waited_for(job)
    return job


def rewrite(
    prompt: str,
    *,
    provider: str | None = None,
    model: str | None = None,
    fresh: bool = False,
    show: bool = True,
    **fields: Any,
) -> Rewriting:
    """Ask for a prompt as MiniMax-H3 would like to read it (H3-Context-IR). It costs money, by tokens; returns at once.

    The answer is kept in the library: the same prompt again costs nothing.

    Args:
        prompt: As it was written.
        provider: Who rewrites it; None for the first whose key is set.
        model: For which model; None for MiniMax-H3.
        fresh: Ask again, ignoring what is kept.
        show: Whether the two prompts appear under the cell, word by word.
        fields: What the clip would have as well: `duration`, `first_frame`, `references`, `ratio`.

    Returns:
        The rewriting: `.result()` and `await` give the new prompt, `.before` is the old one.

    Raises:
        RefusedError: If the vendor would not accept it. Nothing was sent.
        AuthenticationError: If the provider needs a key and none is set.
    """
    session = sessions.default_session()
    made = session.rewrite(VideoRequest.of(prompt=prompt, model=model, **fields), provider, fresh=fresh)
    if show:
        session.show(made)
    return made


class Sweeping:
    """`hw.sweep(…)` and `hw.sweep.load(…)`."""

    def __call__(
        self,
        template: str,
        *,
        name: str = "",
        repeat: int = 1,
        zip: Iterable[Iterable[str]] | Iterable[str] = (),  # noqa: A002  # the word that the header has for it
        skip: Skip = None,
        show: tuple[str, ...] | str = (),
        design: str = "",
        budget: str | float | Decimal | None = None,
        **axes: Any,
    ) -> Sweep:
        """Plan a sweep: many clips from one template. Nothing is sent before its `run`.

        Args:
            template: The prompt: `{name = a | b}` and `{a | b}` are axes, `{name}` is an axis given below.
            name: Under which it is kept, for `hw.sweep.load`.
            repeat: How many clips each cell is to have.
            zip: Axes that go together: `[("place", "light")]`.
            skip: Cells to be left out: a function of the axes' values, or conditions as `{"model": …, "camera": …}`.
            show: The axes that are rows and columns first, or one of them.
            design: Which cells are made: `"pairs"`, `"one-at-a-time"`, `"sample 20"`, `"halving"`, or all of them.
            budget: The most that it may cost: `6` where all prices are in one currency, else `"6 USD"`.
            axes: Fields of `VideoRequest`, `provider`, `camera`, and names of the template, each with a value or a list
                of values, which is then an axis. Of pictures a pattern is a list too: `first_frame="frames/*.png"`.

        Returns:
            The sweep: `.explain()`, `.run()`, `.jobs`, `await sweep`.

        Raises:
            UsageError: At an unknown name, an empty list, a mistake in the template, or an unclear budget.
        """
        from hailuo_widgets.sweeps.definition import Definition

        definition = Definition.of_python(
            template, axes, name=name, repeat=repeat, zipped=zip, skip=skip, show=show, design=design
        )
        return sessions.default_session().plan(definition, budget)

    def load(self, name: str, *, budget: str | float | Decimal | None = None) -> Sweep:
        """A sweep that was run before, in this kernel or another: its clips are there, and what is missing can be run.

        Args:
            name: Under which it was run.
            budget: The most that what is missing may cost; the budget that it was run with is not kept.

        Raises:
            UsageError: If no such name exists, or at an unclear budget.
            LibraryError: If the library can't be used.
        """
        from hailuo_widgets.sweeps.sweep import load

        return load(sessions.default_session(), name, budget)


sweep = Sweeping()


def dry_run(prompt: str = "", *, provider: str | None = None, model: str | None = None, **fields: Any) -> Quote:
    """Check a request and price it. Nothing is sent.

    Raises:
        RefusedError: With every problem at once.
    """
    return sessions.default_session().quote(VideoRequest.of(prompt=prompt, model=model, **fields), provider)[0]


def resume(*, show: bool = True) -> list[Job]:
    """Continue every unfinished task: of a kernel that died, or of one that detached.

    Args:
        show: Whether a card appears for each.

    Returns:
        The jobs; one that may have been charged without a clear answer is among them as `uncertain`, and is not sent.

    Raises:
        LibraryError: If the library can't be used.
    """
    session = sessions.default_session()
    taken_up = session.resume()
    if show:
        for job in taken_up:
            session.show(job)
    return taken_up


def library(folder: str | os.PathLike[str] | None = None) -> ClipQuery:
    """The clips that are there: `.search("fox")`, `.filter(model=…, tag=…)`, `.df`, `.export(folder)`, `.verify()`.

    Args:
        folder: Another library than the session's, to look into: of another project, or a colleague's. Nothing is
            generated into it; to do that, set it with `%hailuo config library=PATH`.

    Raises:
        UsageError: If the folder holds no library.
        LibraryError: If the library can't be used.
    """
    from hailuo_widgets.clip_query import ClipQuery

    session = sessions.default_session()
    if folder is not None:
        return ClipQuery(session.other_library(folder), session.clock)
    return ClipQuery(session.library(), session.clock)


def studio(prompt: str = "", *, provider: str | None = None, model: str | None = None, **fields: Any) -> Studio:
    """A form for clips in the notebook: sketch, generate, vary and compare by clicking; every click can become a cell.

    Args:
        prompt: The initial prompt.
        provider: At which provider it opens; None for the first whose key is set, else `sketch`.
        model: At which model.
        fields: More fields of `VideoRequest` to begin with.

    Returns:
        The studio; as a cell's last value it is shown. `.jobs` are the jobs of the session, `.request` what is set up.
    """
    from hailuo_widgets.views.studio import Studio

    session = sessions.default_session()
    request = VideoRequest.of(prompt=prompt, model=model or session.settings.model, **fields)
    return Studio(session, request, provider or choose_provider(session.settings)[0])


def judge(
    *groups: Iterable[Clip | Job] | Clip | Job, question: str = QUESTION, voter: str = ME, seats: int = 2
) -> Arena:
    """Compare groups of clips blind: `hw.judge(clips_a, clips_b)`.

    Args:
        groups: Clips of the library, or jobs that are done; two groups or more, called A, B, C … A single clip may be
            a group.
        question: What is asked: `"better"`, `"follows"` (which does what the prompt says), or a short one of your own.
        voter: Your name, where several people vote.
        seats: How many clips are compared at a time, 2 to 4.

    Returns:
        The arena, which a notebook shows as a cell's last value. `.judging.ranking` is what the votes say.

    Raises:
        UsageError: If there are not two groups with a clip, or a clip is in two of them.
        HailuoError: If a job ended without a clip.
    """
    from hailuo_widgets.judge.judging import Judging

    session = sessions.default_session()
    clips: dict[str, Clip] = {}
    cells: dict[Hashable, str] = {}
    for number, group in enumerate(groups):
        name = chr(ord("A") + number) if number < 26 else f"Group {number + 1}"
        for each in _group(group):
            clip = each.result() if isinstance(each, Job) else each
            if not isinstance(clip, Clip):
                raise UsageError(f"A {type(clip).__name__} is not a clip.", hint="Give clips of the library, or jobs.")
            if cells.setdefault(clip.id, name) != name:
                raise UsageError("One clip is in two groups.", hint="Leave it out of one of them.")
            clips[clip.id] = clip
    if len(set(cells.values())) < 2:
        raise UsageError("There are not two groups of clips.", hint="Write hw.judge(clips_a, clips_b).")
    judging = Judging(session.library().journal, session.clock, clips, cells, question=question)
    return session.arena(judging, voter, seats=seats)


def _group(given: object) -> Iterable[Any]:
    from hailuo_widgets.sweeps.sweep import Sweep

    if isinstance(given, (Clip, Job)):
        return (given,)
    if isinstance(given, Sweep):
        raise UsageError("A sweep is not a group of clips.", hint="Write hw.judge(fox.clips(), grey.clips()).")
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes, Mapping)):
        raise UsageError(f"{given!r:.60} is not a group of clips.", hint="Write hw.judge(clips_a, clips_b).")
    return given


def job(name: str) -> Job:
    """The newest job of this kernel with that name, id or task id. Linters see what `panda = hw.job("panda")` defines.

    Raises:
        UsageError: If there is no such job.
    """
    return sessions.default_session().job(name)


def jobs() -> list[Job]:
    """The jobs of this kernel, newest first."""
    return sessions.default_session().jobs()


def join(clips: Iterable[Any], path: str | os.PathLike[str], *, fade: float = 0.0) -> VideoInfo:
    """Write clips one after the other into one mp4: `hw.join([a, b, c], "film.mp4")`.

    With cuts between clips of one size, rate and codec nothing is encoded again. Sound is kept.

    Args:
        clips: Clips, jobs or paths; a job that is not done is waited for.
        path: The film; what is there is replaced when it is complete.
        fade: Seconds of cross-fade between two clips; 0 for cuts.

    Returns:
        The facts about the film: size, length, frames.

    Raises:
        UsageError: If there are no clips, one is something else, a fade is longer than one of them, or the film's name
            does not end in `.mp4`.
        HailuoError: If a clip can't be read, the film can't be written, or a job ended without a clip.
    """
    from hailuo_widgets.media import join as films

    if isinstance(clips, (str, os.PathLike)):
        clips = [clips]
    if not isinstance(clips, Iterable):
        raise UsageError(f"{clips!r:.60} is not a list of clips.", hint='Write hw.join([a, b], "film.mp4").')
    # A job has a `result`, a clip a `path`; a Path has neither.
    done = [each.result() if hasattr(each, "result") else each for each in clips]
    files = [getattr(each, "path", each) for each in done]
    for each in files:
        if not isinstance(each, (str, os.PathLike)):
            raise UsageError(f"{each!r:.60} is not a clip.", hint="Give clips, jobs or paths.")
    return films.join(files, user_path(path, ".mp4"), fade=fade)


def configure(**settings: Any) -> None:
    """Change settings for this kernel: `provider`, `model`, `library`, `sketch_seconds`, `minimax_base_url` and so on.

    Raises:
        UsageError: If there is no such setting, or the value is not one for it.
    """
    for name, value in settings.items():
        sessions.default_session().settings.set(name, value)


def allow_nested_loops() -> None:
    """Let `asyncio.run(...)` be called inside a cell, by nest-asyncio2. Nothing of ours needs it."""
    import nest_asyncio2

    nest_asyncio2.apply()
