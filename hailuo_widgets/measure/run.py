"""Many clips: on any executor, each for itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from functools import partial
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.measure.record import Measured, failed
from hailuo_widgets.sketch.worker import cores
from hailuo_widgets.store.clip import Clip

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from hailuo_widgets.measure.ordered import Ordered


def measure(
    paths: Sequence[Path | str | Clip] | Path | str | Clip,
    *,
    ordered: Sequence[Ordered | None] | Ordered | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int, Measured], None] | None = None,
) -> list[Measured]:
    """Measure clips: what the camera did, cuts, motion, flicker, sharpness, sound, what was delivered.

    Args:
        paths: Files, or clips of a library; one alone may be given as it is.
        ordered: What each was ordered to be, in the same order: its pictures are compared with the clip's ends; for a
            single file, that alone. None for what clips of a library say themselves, see `stored.ordered_of`.
        executor: Any `concurrent.futures` executor: a pool of yours, Dask's `client.get_executor()`, Ray's. It is left
            open. Its workers must see the files under the same names. None for processes of this machine, as many as it
            has cores; a single clip is measured in this process.
        progress: Called with the number that is done, the number there are, and the newest, as they come.

    Returns:
        One record for each file, in the order of `paths`. A file that can't be measured has `Measured.error`; it never
        ends a run.

    Raises:
        UsageError: Something given is of the wrong kind, `ordered` and `paths` differ in length, the executor accepts
            no clips, or the extra `measure` is not installed.
        WaitInterrupted: It was interrupted. What `progress` was given is all that is kept.
    """
    files, orders = _files(paths)
    ordered = orders if ordered is None else _orders(ordered)
    if progress is not None and not callable(progress):
        raise UsageError(
            f"progress is a function, not {progress!r:.60}.", hint="It is called as progress(done, total, measured)."
        )
    found: list[Measured | None] = [None] * len(files)
    try:
        for done, (index, measured) in enumerate(measure_each(files, ordered=ordered, executor=executor), 1):
            found[index] = measured
            if progress is not None:
                progress(done, len(files), measured)
    except KeyboardInterrupt:
        from hailuo_widgets.engine.job import WaitInterrupted  # not what a worker needs

        count = sum(each is not None for each in found)
        raise WaitInterrupted(f"Stopped after {count} of {len(files)} clips.") from None
    return [each for each in found if each is not None]


def _files(given: object) -> tuple[list[Path | str], list[Ordered | None]]:
    """The files that are meant, and what those of a library were ordered to be."""
    from hailuo_widgets.measure.stored import ordered_of

    if isinstance(given, (str, os.PathLike, Clip, bytes)) or not isinstance(given, Iterable):
        given = [given]
    files: list[Path | str] = []
    orders: list[Ordered | None] = []
    for each in given:
        if isinstance(each, Clip):
            files.append(each.path)
        elif isinstance(each, (str, os.PathLike)) and str(each):
            files.append(Path(each))
        else:
            raise UsageError(
                f"{each!r:.60} is neither a file nor a clip.", hint="Give paths, or clips: hw.measure(fox.clips())."
            )
        orders.append(ordered_of(each) if isinstance(each, Clip) else None)
    return files, orders


def _orders(given: object) -> list[Ordered | None]:
    from hailuo_widgets.measure.ordered import Ordered

    orders: list[Ordered | None] = []
    for each in given if isinstance(given, Iterable) else (given,):
        if each is None or isinstance(each, Ordered):
            orders.append(each)
        else:
            raise UsageError(
                f"{each!r:.60} is not an Ordered.", hint='Give one Ordered(camera=(("Pan left",),)) for each clip.'
            )
    return orders


def measure_each(
    paths: Sequence[Path | str], *, ordered: Iterable[Ordered | None] | None = None, executor: Executor | None = None
) -> Iterator[tuple[int, Measured]]:
    """Measure clips and give each when it is ready: (its place in `paths`, its record). See `measure`.

    The orders are taken one after the other, as workers get free: thousands may have pictures to be read.

    Raises:
        UsageError: `ordered` and `paths` differ in length, the executor is not one or is closed, or the extra `measure`
            is not installed.
    """
    _check_installed()
    if isinstance(ordered, Sequence) and len(ordered) != len(paths):
        raise UsageError(
            f"There are {len(paths)} clips and {len(ordered)} orders; give one order (or None) for each clip."
        )
    orders = repeat(None, len(paths)) if ordered is None else ordered
    tasks = ((str(Path(path).absolute()), order) for path, order in zip(paths, orders, strict=True))
    if executor is not None:
        if not callable(getattr(executor, "submit", None)):
            raise UsageError(
                f"{executor!r:.60} is not an executor.", hint="Give one of concurrent.futures: ThreadPoolExecutor(4)."
            )
        return _in_turn(tasks, partial(_submitted, executor), _AHEAD)
    if len(paths) < 2:
        return ((index, Measured.from_dict(measure_file(*task))) for index, task in enumerate(tasks))
    return _on_processes(tasks, min(len(paths), cores()))


Task = tuple[str, "Ordered | None"]

_AHEAD = 256
"""Tasks that an executor is given before their results are there: enough for many workers."""


def measure_file(path: str, ordered: Ordered | None = None, threads: int | None = None) -> dict[str, Any]:
    """Measure one file, whatever becomes of it: what an executor's worker runs. Never raises.

    Args:
        path: The file.
        ordered: Its order.
        threads: For decoding.

    Returns:
        `Measured.to_dict()`.
    """
    from hailuo_widgets.measure.clip import measure_clip

    name = Path(path).name
    try:
        return measure_clip(path, ordered, threads=threads).to_dict()
    except HailuoError as error:
        return failed(name, error.message).to_dict()
    except MemoryError:
        return failed(name, "There is not enough memory to decode it.").to_dict()
    except Exception as error:  # noqa: BLE001  # a file from outside: whatever it does to a decoder, the others go on
        return failed(name, f"It could not be measured: {type(error).__name__}: {error}").to_dict()


def _check_installed() -> None:
    try:
        import cv2  # noqa: F401
    except ImportError as error:
        raise UsageError("Measuring clips needs OpenCV.", hint="pip install 'hailuo-widgets[measure]'") from error


def _submitted(executor: Executor, task: Task) -> Future[dict[str, Any]]:
    try:
        return executor.submit(measure_file, *task, 1)
    except RuntimeError as error:  # it is closed, or one of its workers died
        raise UsageError(f"The executor accepts no clips: {error}.", hint="Give an executor that is open.") from error


def _in_turn(
    tasks: Iterator[Task], submit: Callable[[Task], Future[dict[str, Any]]], ahead: int
) -> Iterator[tuple[int, Measured]]:
    """Submit tasks, at most so many ahead of their results, and give each result when it is ready."""
    waiting: dict[Future[dict[str, Any]], tuple[int, str]] = {}
    numbered = enumerate(tasks)
    try:
        while True:
            for index, task in islice(numbered, ahead - len(waiting)):
                waiting[submit(task)] = index, task[0]
            if not waiting:
                return
            for future in _done(waiting):
                index, path = waiting.pop(future)
                yield index, _result(future, path)
    finally:
        for future in waiting:  # who stops listening wants no more of it
            future.cancel()


def _done(waiting: Collection[Future[dict[str, Any]]]) -> Collection[Future[dict[str, Any]]]:
    if all(isinstance(each, Future) for each in waiting):
        return wait(waiting, return_when=FIRST_COMPLETED).done
    return [next(iter(waiting))]  # an executor whose futures are its own: in the order in which they were given


def _result(future: Future[dict[str, Any]], path: str) -> Measured:
    try:
        return Measured.from_dict(future.result())
    except Exception as error:  # noqa: BLE001  # a worker may be lost, a file not be seen from there
        return failed(Path(path).name, f"Its worker failed: {type(error).__name__}: {error}")


def _on_processes(tasks: Iterator[Task], count: int) -> Iterator[tuple[int, Measured]]:
    from hailuo_widgets.measure.workers import Workers

    with Workers(count) as workers:
        # A kernel that ends waits for what is submitted.
        yield from _in_turn(tasks, lambda task: workers.submit(*task), 2 * count)
