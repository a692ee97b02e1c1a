"""The studio's logic: every click is handled here, and the result is shown."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hailuo_widgets.errors import HailuoError, UsageError
from hailuo_widgets.providers import Task
from hailuo_widgets.providers import provider as wire
from hailuo_widgets.sketch.worker import cores, warm_up
from hailuo_widgets.spec import options
from hailuo_widgets.spec.camera_prose import ordered
from hailuo_widgets.spec.catalog import catalog
from hailuo_widgets.spec.check import picture_problems
from hailuo_widgets.spec.fit_picture import Mended, mend, thumbnail
from hailuo_widgets.spec.media import Media
from hailuo_widgets.spec.request import Mode, VideoRequest
from hailuo_widgets.store import pictures
from hailuo_widgets.store.recall import quote_of
from hailuo_widgets.store.sidecar import MarksPart
from hailuo_widgets.views.clip_wall import ClipWall
from hailuo_widgets.views.code import cell_of, definition_of, python_of, sweep_cell_of, sweep_of
from hailuo_widgets.views.frame_picker import Uploads, described, named, proposed
from hailuo_widgets.views.plan_beside import PlanBeside
from hailuo_widgets.views.promoting import refused, standing
from hailuo_widgets.views.prompt_editor import MOST_CHARACTERS, analyse
from hailuo_widgets.views.prompt_template import Asked, escaped, is_plain, notes, read
from hailuo_widgets.views.studio_messages import (
    Host,
    Result,
    diff_message,
    form_message,
    problem_of,
    result_message,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

    from hailuo_widgets.engine.job import Job
    from hailuo_widgets.spec.options import Form, Selection
    from hailuo_widgets.spec.quote import Quote
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.library import Library

_log = logging.getLogger(__name__)

INTERVAL = 0.3
"""Seconds between two reports of what runs: people need no more."""

MOST_SKETCHES = 4
"""That are kept: they are drawn again in a second."""

SKETCH_HEIGHT = 360

MOST_COMPARED = 4


class Screen(Protocol):
    """What shows it. Only the loop's thread calls it."""

    def show(self, **state: Any) -> None:
        """Set what is seen: `form`, `analysis`, `results`."""

    def tell(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send something once."""

    async def summarise(self, results: list[Result]) -> None:
        """Bring what stays in the notebook up to date."""


class StudioController:
    """One session. Lives on the loop's thread, but for `heard`, which the kernel's thread calls.

    Args:
        host: The session, or a substitute for it.
        choice: Where the form opens.
        screen: Where it is shown.
    """

    def __init__(self, host: Host, choice: Selection, screen: Screen) -> None:
        self.choice = choice
        self.results: list[Result] = []
        self.wall = ClipWall(self._library)
        self._host = host
        self._screen = screen
        self._text = escaped(str(choice.values.get("prompt", "")))
        self._asked = read(self._text)
        self._before = ""
        self._uploads = Uploads()
        self._planned = PlanBeside()
        self._mended: dict[str, Mended] = {}
        self._failed: dict[str, str] = {}
        self._begun = 0
        self._sketching = False
        self._turn = asyncio.Lock()
        self._reporting: asyncio.TimerHandle | None = None
        self._keys: dict[str, tuple[str, str]] = {}
        self._count = 0

    @property
    def form(self) -> Form:
        """The current request."""
        return options.form(self.choice)

    def first_state(self) -> dict[str, Any]:
        """View at the beginning."""
        return {"form": self._form_state(), "analysis": self._analysis(), "results": [], "prompt": self._text}

    def _analysis(self) -> dict[str, Any]:
        return analyse(self._text, notes(self._asked), prose=self.form.row.camera == "prose")

    def heard(self, content: dict[str, Any], buffers: list[bytes]) -> Future[None]:
        """Do what a front end asks for, on the loop. What people say of a clip is kept at once.

        Called on the kernel's thread: the next cell, which may promote the best clips, must know the last rating.
        """
        if content.get("type") == "mark":
            try:
                self.wall.mark(self._of_its_clip(content))
            except HailuoError as error:
                return self._host.loop.post(self._refuse(error))
        return self._host.loop.post(self.take(content, buffers))

    async def take(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Do what a message of the front end asks for; what it can't mean is left alone."""
        kind = content.get("type")
        act = self._acts().get(kind) if isinstance(kind, str) else None
        try:
            if act is not None and kind in _ASIDE:
                await act(content, buffers)
            elif act is not None:
                async with self._turn:
                    await act(content, buffers)
            elif (reply := await self.wall.answer(content)) is not None:
                self._screen.tell(*reply)
        except HailuoError as error:
            await self._refuse(error)
        except Exception:  # noqa: BLE001  # a click that breaks must not end in silence
            _log.exception("The studio could not do “%s”.", kind)
            self._screen.tell({"type": "problem", "text": "The studio could not do that.", "hint": "The log says why."})

    async def _refuse(self, error: HailuoError) -> None:
        self._screen.tell({"type": "problem", **problem_of(error)})

    def _acts(self) -> dict[str, Callable[[dict[str, Any], list[bytes]], Coroutine[Any, Any, None]]]:
        return {
            "seen": self._seen,
            "prompt": self._prompt,
            "set": self._set,
            **dict.fromkeys(("upload", "url", "clear", "fit", "accept", "look"), self._picture),
            "sketch": self._sketch,
            "generate": self._generate,
            "plan": self._plan,
            "cancel": self._cancel,
            "film": self._film,
            "posters": self._posters,
            "vary": self._vary,
            "goon": self._go_on,
            "promote": self._promote,
            "open": self._open,
            "drop": self._drop,
            "mark": self._mark,
            "code": self._code,
            "compare": self._compare,
            "collect": self._collect,
            "sweep": self._as_sweep,
        }

    async def _seen(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Start what draws previews, so that the first is drawn at once; earlier, it would delay the studio."""
        await asyncio.to_thread(warm_up, cores())

    # The form.

    async def _prompt(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        text = content.get("text")
        if isinstance(text, str):
            self._text = text[: 4 * MOST_CHARACTERS]
            await self._read()
            self._screen.show(form=self._form_state())  # first: whatever becomes of the rest, it is what can be bought
            self._screen.show(analysis=self._analysis())

    async def _read(self) -> None:
        """Use the editor's text; a sweep is priced with the form's settings."""
        text = self._text[:MOST_CHARACTERS]
        try:
            if is_plain(text):
                asked = read(text)
            else:
                form = self.form
                asked = await asyncio.to_thread(read, text, form.request, form.row.provider)
        except Exception:  # noqa: BLE001  # what stood there before must not be bought in its place
            _log.exception("The studio could not read a prompt.")
            asked = Asked(text.strip(), problem="This prompt can't be read; the log says why.")
        if text == self._text[:MOST_CHARACTERS]:  # else someone has typed on meanwhile
            self._asked = asked
            self.choice = options.change(
                self.choice, "prompt", asked.prompt if len(self._text) == len(text) else self._text
            )

    async def _set(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        name, value = content.get("field"), content.get("value")
        if isinstance(name, str) and name not in ("prompt", *_PICTURES) and isinstance(value, (str, int)):
            if name == "provider":
                self._keys.pop(str(value), None)  # it may have been set meanwhile
            try:
                self.choice = options.change(self.choice, name, value or None if name == "callback_url" else value)
                if self._asked.varies:
                    await self._read()
            finally:
                self._screen.show(form=self._form_state(), analysis=self._analysis())

    def _form_state(self) -> dict[str, Any]:
        form = self.form
        slots = {slot.name: self._slot_state(form, slot.name) for slot in form.slots}
        key = self._key(form.row.provider)
        remarks = [key[1]] if key[0] == "missing" else []
        if self._asked.problem:
            remarks.append(self._asked.problem)
        elif self._asked.varies:
            remarks.append(f"This prompt makes {self._asked.cells:,} clips. Review the plan, then run it.")
        return form_message(
            form, catalog().offer(form.row.provider), key, slots=slots, notes=remarks, asked=self._asked
        )

    def _slot_state(self, form: Form, name: str) -> Any:
        value = self.choice.values.get(name)
        failed = {"failed": self._failed[name]} if name in self._failed else {}
        if name == "references":
            return {"items": [described(each) for each in value or ()], **failed}
        title = next(slot.title for slot in form.slots if slot.name == name)
        problems = [each for each in form.problems if each.field == name] if value is not None else []
        problems = problems or (picture_problems(title, value, form.row.files) if value is not None else [])
        said = [replace(each, message=each.message.replace(name, title, 1)) for each in problems]
        return {**described(value, said), **failed}

    def _key(self, provider: str) -> tuple[str, str]:
        """Whether a provider's key is set, and where it comes from or goes. Never the key."""
        if provider not in self._keys:
            offer = catalog().offer(provider)
            try:
                found = self._host.settings.key(provider, offer.key)
            except UsageError as error:
                self._keys[provider] = ("missing", str(error))
            else:
                if not offer.key:
                    self._keys[provider] = ("none", "Needs no key: drawn on this machine")
                elif found is not None:
                    self._keys[provider] = ("set", f"Key from {found.origin}")
                else:
                    where = f"Set {offer.key} in the environment or in .env, or run %hailuo login {provider}."
                    self._keys[provider] = ("missing", f"No key is set. {where}")
        return self._keys[provider]

    # Pictures.

    async def _picture(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        slot = content.get("slot")
        if slot not in _PICTURES:
            return
        self._failed.pop(slot, None)
        try:
            await self._place(slot, content, buffers)
        except HailuoError as error:
            self._failed[slot] = str(error)
        if content["type"] not in ("look", "fit") or slot in self._failed:
            self._screen.show(form=self._form_state())

    async def _place(self, slot: str, content: dict[str, Any], buffers: list[bytes]) -> None:
        held = self.choice.values.get(slot)
        match content["type"]:
            case "upload":
                data = self._uploads.take(content, buffers)
                if data is not None:
                    self._put(slot, Media(data=Media.of(data).data, name=str(content.get("name", ""))[:200]))
            case "url":
                self._put(slot, named(str(content.get("url", ""))))
            case "clear":
                at = content.get("at")
                many = held if slot == "references" else ()
                rest = tuple(each for index, each in enumerate(many or ()) if index != at)
                self.choice = options.change(self.choice, slot, rest or None)
                self._show_picture(slot)
            case "look":
                self._show_picture(slot)
            case "fit" if isinstance(held, Media):
                at = content.get("at")
                made = await asyncio.to_thread(mend, held, float(at) if isinstance(at, (int, float)) else 0.5)
                self._mended[slot] = made
                self._screen.tell({"type": "proposal", "slot": slot, **proposed(made)}, [thumbnail(made.media)])
            case "accept" if slot in self._mended:
                self._put(slot, self._mended.pop(slot).media)
            case _:
                pass

    def _put(self, slot: str, media: Media) -> None:
        held = self.choice.values.get(slot)
        value = (*(held or ()), media) if slot == "references" else media
        self.choice = options.change(self.choice, slot, value)
        self._show_picture(slot)

    def _show_picture(self, slot: str) -> None:
        media = self.choice.values.get(slot)
        if isinstance(media, Media) or media is None:
            small = thumbnail(media) if media is not None else b""
            self._screen.tell({"type": "picture", "slot": slot}, [small] if small else [])

    # Making clips.

    async def _sketch(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        """An animatic of exactly this request: drawn here, bought nowhere, not kept."""
        if self._sketching:
            return
        self._sketching = True
        try:
            async with self._turn:
                form = self.form
            if not form.request.prompt and not form.request.media():
                raise UsageError("There is nothing to draw yet.", hint="Describe your video.")
            film, picture = await asyncio.to_thread(_drawn, form)
        finally:
            self._sketching = False
            self._screen.tell({"type": "sketched"})
        quote = form.quote or _as_quote(form)
        self._add(Result(self._new_id("s"), quote, film=film, picture=picture, before=self._before))
        sketches = [each for each in self.results if each.film]
        for old in sketches[MOST_SKETCHES:]:
            self.results.remove(old)
        self._report()

    async def _generate(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Buy what is set up, once: a click that was made before the last one was answered counts for nothing."""
        form = self.form
        if content.get("begun") != self._begun or self._asked.varies or self._asked.problem:
            return
        self._begun += 1
        try:
            if form.quote is None:
                raise UsageError("This can't be sent yet.", hint=" ".join(str(each) for each in form.problems))
            await asyncio.to_thread(self._keep_pictures, form.quote)
            job = await asyncio.to_thread(
                self._host.start, form.quote.written, form.row.provider, fresh=content.get("fresh") is True
            )
        finally:
            self._screen.tell({"type": "begun", "begun": self._begun})
        known = next((each for each in self.results if each.job is job), None)
        if known is not None:
            self.results.remove(known)
            self._add(known)
        else:
            result = Result(self._new_id("j"), form.quote, job=job, before=self._before)
            result.cancellable = wire(form.row.provider).can_cancel(Task("", form.row.model))
            self._add(result)
            job.observe(self._moved)
        self._before = ""
        self._moved(job)

    async def _plan(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Show the plan of the sweep that the prompt describes. It is run from there."""
        quote = self.form.quote
        if not self._asked.varies or self._asked.problem:
            return
        if self._planned.running:
            self._screen.tell({"type": "planned", "place": self._planned.place})
            raise UsageError(
                "The sweep below is still running.",
                hint="Plan the next one when it has finished, or cancel the rest of it first.",
            )
        if quote is None:
            raise UsageError("This can't be sent yet.", hint=" ".join(str(each) for each in self.form.problems))
        await asyncio.to_thread(self._keep_pictures, quote)
        await self._planned.open(self._host, definition_of(quote, self._text))
        self._screen.tell({"type": "planned", "place": self._planned.place})

    def _moved(self, job: Job) -> None:
        if job.done:
            task = asyncio.get_running_loop().create_task(self._ended(job))
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)
        elif self._reporting is None:
            self._reporting = asyncio.get_running_loop().call_later(INTERVAL, self._report)

    async def _ended(self, job: Job) -> None:
        for result in self.results:
            if result.job is job and result.clip is not None:
                result.marks = await asyncio.to_thread(self._marks, result.clip)
        await self._look_for_finals()
        self._report()
        await self._screen.summarise(list(self.results))

    def _report(self) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
            self._reporting = None
        self.results.sort(key=lambda each: PINNED not in each.marks.tags)  # stable: the newest of each first
        self._screen.show(results=[result_message(each) for each in self.results])

    async def _look_for_finals(self) -> None:
        """Whether the drafts of this session can be made again in 2K, for how much, and how far that is."""
        library = self._library()
        for result in self.results:
            if result.clip is None or library is None:
                continue
            final = next((each.job for each in self.results if each.draft == result.id), None)
            result.final = await asyncio.to_thread(standing, result.clip, final, library)

    async def _promote(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Make a draft again in 2K."""
        result = self._result(content)
        clip = result.clip if result is not None else None
        if clip is None or result is None:
            return
        try:
            job = await asyncio.to_thread(self._host.promote, clip)
        except HailuoError as error:
            result.final = refused(error)
            self._report()
            return
        if all(each.job is not job for each in self.results):
            final = Result(self._new_id("j"), job.quote, job=job, draft=result.id)
            final.cancellable = wire(job.quote.row.provider).can_cancel(Task("", job.quote.row.model))
            self._add(final)
            job.observe(self._moved)
        await self._look_for_finals()
        self._moved(job)

    async def _cancel(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        result = self._result(content)
        if result is not None and result.job is not None:
            result.job.cancel()

    # Results.

    def _add(self, result: Result) -> None:
        self.results.insert(0, result)

    def _result(self, content: dict[str, Any]) -> Result | None:
        return next((each for each in self.results if each.id == content.get("id")), None)

    async def _film(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        result = self._result(content)
        if result is None:
            return
        clip = result.clip
        try:
            data = await asyncio.to_thread(clip.path.read_bytes) if clip is not None else result.film
        except OSError:
            data = b""
        self._screen.tell({"type": "film", "id": result.id, "failed": "" if data else "The file is gone."}, [data])

    async def _posters(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Posters of results by our ids, and of the library's clips by theirs."""
        ids = [str(each) for each in content.get("ids", [])] if isinstance(content.get("ids"), list) else []
        here = [each for each in self.results if each.id in ids]
        if here:
            found = await asyncio.to_thread(lambda: [_poster(each) for each in here])
            self._screen.tell({"type": "posters", "ids": [each.id for each in here]}, found)
        if rest := [each for each in ids if each not in {result.id for result in here}]:
            self._screen.tell(*await self.wall.posters({"ids": rest}))

    async def _vary(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Put a result's request back into the form."""
        result = self._result(content)
        order = await asyncio.to_thread(self._order_of, result) if result is not None else None
        if order is None or result is None:
            return
        request, provider = order
        await self._take_over(request, provider)
        self._before = request.prompt

    async def _go_on(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """The next clip begins with the last picture of this one."""
        result = self._result(content)
        clip = result.clip if result is not None else None
        if clip is None or result is None:
            return
        picture = await asyncio.to_thread(clip.last_frame)
        form = self.form
        modes = {row.mode for row in catalog().find(form.row.provider, form.row.model)}
        self.choice = replace(self.choice, values={**self.choice.values, "first_frame": picture, "last_frame": None})
        if Mode.I2V in modes:
            self.choice = options.change(self.choice, "mode", "I2V")
        else:
            able = next((row for row in catalog().find(form.row.provider, None, Mode.I2V)), None)
            if able is None:
                raise UsageError(
                    f"{form.row.provider} can't start a clip with a picture.", hint="Choose another provider."
                )
            self.choice = options.change(options.change(self.choice, "model", able.model), "mode", "I2V")
        self._show_picture("first_frame")
        self._screen.show(form=self._form_state())
        self._screen.tell({"type": "focus", "what": "prompt"})

    async def _open(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Take a clip of the library into the stack."""
        clip = await asyncio.to_thread(self.wall.find, str(content.get("id")))
        if clip is None:
            return
        known = next((each for each in self.results if each.clip is not None and each.clip.id == clip.id), None)
        if known is not None:
            self.results.remove(known)
        result = known or Result(self._new_id("c"), None, kept=clip, marks=await asyncio.to_thread(self._marks, clip))
        self._add(result)
        await self._look_for_finals()
        self._report()
        self._screen.tell({"type": "opened", "id": result.id})

    async def begin_with(self, clip_id: str, *, extend: bool) -> None:
        """Take a clip of the library with its request, or with its last frame as the next one's first.

        Raises:
            UsageError: If its request isn't known.
        """
        await self._open({"id": clip_id}, [])
        result = self.results[0] if self.results else None
        order = await asyncio.to_thread(self._order_of, result) if result is not None else None
        if result is None or order is None:
            raise UsageError("This clip's request isn't in this library.", hint="Run hw.studio() and describe it.")
        await self._take_over(*order)
        self._before = order[0].prompt
        self._screen.show(prompt=self._text)  # a page that makes the editor later than now begins with it
        if extend:
            await self._go_on({"id": result.id}, [])

    async def _drop(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Take a result out of the stack; its clip stays in the library."""
        result = self._result(content)
        if result is not None and (result.job is None or result.job.done):
            self.results.remove(result)
            self._report()

    async def _mark(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Show what is kept of a clip that was marked."""
        result = self._result(content)
        if result is not None and result.clip is not None:
            result.marks = await asyncio.to_thread(self._marks, result.clip)
            self._report()
        elif (reply := await self.wall.marked(content)) is not None:
            self._screen.tell(*reply)

    def _of_its_clip(self, content: dict[str, Any]) -> dict[str, Any]:
        """A message about a result as one about its clip, as the library calls it."""
        result = self._result(content)
        return {**content, "id": result.clip.id} if result is not None and result.clip is not None else content

    async def _compare(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        ids = content.get("ids")
        some = [each for each in self.results if isinstance(ids, list) and each.id in ids][:MOST_COMPARED]
        some.reverse()  # the older one is what the newer one came from
        first = some[0].prompt if some else ""
        self._screen.tell({"type": "compare", "items": [[each.id, diff_message(first, each.prompt)] for each in some]})

    # Becoming code.

    async def _code(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """The cell or the call that asks for the same; its pictures are kept, so that it can be run as it is."""
        result = self._result(content)
        quote = self.form.quote
        if result is not None:
            order = await asyncio.to_thread(self._order_of, result)
            assert order is not None
            quote = options.form(options.of_request(*order)).quote
        if quote is None:
            problems = self.form.problems
            raise UsageError("This can't be written as code yet.", hint=" ".join(str(each) for each in problems))
        files = await asyncio.to_thread(self._keep_pictures, quote)
        kind = "python" if content.get("kind") == "python" else "cell"
        if result is None and self._asked.varies:
            kind, text = "sweep", sweep_cell_of(quote, self._text, files)
        else:
            text = python_of(quote, files) if kind == "python" else cell_of(quote, files=files)
        self._screen.tell({"type": "code", "kind": kind, "text": text, "id": result.id if result is not None else ""})

    async def _collect(self, content: dict[str, Any], _buffers: list[bytes]) -> None:
        """Take a result into the sweep that is being put together, or out of it."""
        result = self._result(content)
        if result is not None:
            result.collected = content.get("on") is True
            self._report()

    async def _as_sweep(self, _content: dict[str, Any], _buffers: list[bytes]) -> None:
        """One cell for all that was collected."""
        quotes: list[Quote] = []
        files: dict[str, str] = {}
        for result in [each for each in self.results if each.collected][::-1]:
            order = await asyncio.to_thread(self._order_of, result)
            quote = options.form(options.of_request(*order)).quote if order is not None else None
            if quote is not None:
                quotes.append(quote)
                files |= await asyncio.to_thread(self._keep_pictures, quote)
        text = await asyncio.to_thread(sweep_of, quotes, files, "takes")
        self._screen.tell({"type": "code", "kind": "sweep", "text": text})

    def _keep_pictures(self, quote: Quote) -> dict[str, str]:
        """Hash → file, relative to the notebook, of every picture of a request that is bytes."""
        files = {}
        for media in quote.request.media().values():
            if media.data is not None:
                path = pictures.keep(self._host.library_folder, media)
                files[media.sha256] = os.path.relpath(path, self._host.folder).replace(os.sep, "/")
        return files

    # What is known.

    def _order_of(self, result: Result) -> tuple[VideoRequest, str] | None:
        """A result's request with its pictures, as far as they were kept, and its provider."""
        quote = result.quote
        if quote is None and result.kept is not None and self._library() is not None:
            row = self._host.library().journal.job(result.kept.id)
            quote = quote_of(row) if row is not None else None
        if quote is None:
            return None
        found: dict[str, Any] = {}
        request = quote.written if quote.written.model else quote.written.model_copy(update={"model": quote.row.model})
        for name, media in request.media().items():
            if media.known_sha256 and (kept := pictures.find(self._host.library_folder, media.known_sha256)):
                if name.startswith("references"):
                    index = int(name[len("references[") : -1])
                    every = list(found.get("references", request.references))
                    every[index] = kept
                    found["references"] = tuple(every)
                else:
                    found[name] = kept
        return request.model_copy(update=found), quote.row.provider

    async def _take_over(self, request: VideoRequest, provider: str) -> None:
        self.choice = options.of_request(request, provider)
        self._text = escaped(request.prompt)
        await self._read()
        self._screen.show(form=self._form_state(), analysis=self._analysis())
        self._screen.tell({"type": "text", "text": self._text})
        for slot in self.form.slots:
            self._show_picture(slot.name)

    def _library(self) -> Library | None:
        return self._host.library() if self._host.has_library() else None

    def _marks(self, clip: Clip) -> MarksPart:
        library = self._library()
        return library.journal.marked([clip.id]).get(clip.id, MarksPart()) if library is not None else MarksPart()

    def _new_id(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"


_PICTURES = ("first_frame", "last_frame", "subject", "references")
_ASIDE = frozenset(
    {"seen", "sketch", "cancel", "film", "posters", "open", "drop", "mark", "compare", "collect", "promote"}
)
"""What leaves the form alone. All else goes one after the other: what is bought is what was typed before the click."""

PINNED = "pinned"
_tasks: set[asyncio.Task[None]] = set()


def _poster(result: Result) -> bytes:
    try:
        return result.clip.poster() if result.clip is not None else result.picture
    except (OSError, HailuoError):
        return b""


def _drawn(form: Form) -> tuple[bytes, bytes]:
    """The animatic of a request as an mp4, and its poster."""
    from hailuo_widgets.media.frames import poster
    from hailuo_widgets.sketch.render import Sketch, preview

    request = form.request
    moves, shares = ordered(request.prompt, prose=form.row.camera == "prose")
    first = request.first_frame or request.subject
    with tempfile.TemporaryDirectory(prefix="hailuo-sketch-") as folder:
        path = Path(folder) / "sketch.mp4"
        sketch = Sketch(
            prompt=request.prompt,
            moves=moves,
            width=_width(form, first),
            height=SKETCH_HEIGHT,
            duration=float(next((each.value for each in form.fields if each.name == "duration"), None) or 6),
            first_frame=first.data if first is not None else None,
            last_frame=request.last_frame.data if request.last_frame is not None else None,
            shares=shares,
        )
        preview(sketch, path)
        return path.read_bytes(), poster(path, max_bytes=14_000)


def _width(form: Form, first: Media | None) -> int:
    """Pixels, for a clip as wide as the real one would be: as its first picture, or as was chosen."""
    size = first.size if first is not None else None
    if size is None:
        ratio = next((str(each.value) for each in form.fields if each.name == "ratio"), "")
        across, _, down = ratio.partition(":")
        size = (int(across), int(down)) if across.isdigit() and down.isdigit() else (16, 9)
    return max(144, min(900, round(SKETCH_HEIGHT * size[0] / size[1] / 2) * 2))


def _as_quote(form: Form) -> Quote:
    """What a sketch was drawn of, where the request could not be sent as it was."""
    from hailuo_widgets.spec.quote import Quote, pin

    return Quote(form.request, pin(form.request, form.row), form.row, form.price)
