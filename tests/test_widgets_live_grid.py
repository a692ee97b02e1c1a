"""A sweep under its cell: its news on their way to the browser, what comes back, and what is put beside it to be saved."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

import hailuo_widgets as hw
from hailuo_widgets.measure.moves import FAMILIES
from hailuo_widgets.measure.record import VERSION, Measured, SeenStep
from hailuo_widgets.simulator import Fault
from hailuo_widgets.views import live_grid
from hailuo_widgets.views.outputs import Output
from hailuo_widgets.views.sweep_grid import TAKE_LIMIT, SweepGrid
from support.vendor import submits
from support.waiting import wait_until

FOX = "A red fox {gait = trots | leaps} across {place = snow | grass}."


class Silent(httpx.AsyncBaseTransport):
    """A vendor that takes orders and answers no question until it is told to."""

    def __init__(self, vendor: httpx.AsyncBaseTransport) -> None:
        self.speak = asyncio.Event()
        self._vendor = vendor

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            await self.speak.wait()
        return await self._vendor.handle_async_request(request)


class View:
    """A browser's side of the grid, and what stands in the notebook."""

    def __init__(self, monkeypatch, here) -> None:
        self.here = here
        self.said: list[tuple[dict, list[bytes]]] = []
        self.closed = False
        self.grid: SweepGrid | None = None
        self.outputs: list[dict] = []
        view = self

        class Told(Output):
            def show(self, data) -> None:
                view.outputs.append({"data": data, "id": self.display_id})

            replace = show

        def publish(data) -> None:
            view.outputs.append({"data": data})

        class Heard(SweepGrid):
            def __init__(self, of) -> None:
                super().__init__(of)
                view.grid = self
                self.observe(lambda change: view.said.append(({"type": "whole", **change.new}, [])), "whole")

            def send(self, content, buffers=None) -> None:
                if content.get("method") != "echo_update":
                    view.said.append((content, [bytes(each) for each in buffers or ()]))

            def close(self) -> None:
                view.closed = True

            def publish(self, html, text, **_options) -> None:
                view.outputs.append({"data": {"text/html": html}})

        monkeypatch.setattr("hailuo_widgets.views.sweep_grid.SweepGrid", Heard)
        monkeypatch.setattr("hailuo_widgets.views.live_grid.Output", Told)
        monkeypatch.setattr("hailuo_widgets.views.live_grid.publish", publish)

    def show(self, sweep, **options) -> None:
        live_grid.show(sweep, self.here, self.here.loop, **options)

    def ask(self, **content) -> None:
        self.grid._handle_custom_msg(content, [])

    @property
    def wholes(self):
        return self.heard("whole")

    def heard(self, kind):
        return [content for content, _ in list(self.said) if content["type"] == kind]

    def answer(self, kind):
        """The next message of that kind."""
        before = len(self.heard(kind))
        return wait_until(
            lambda: next(((c, b) for c, b in self.said if c["type"] == kind), None),
            10,
            lambda: f"no {kind} after {before}",
        )

    def states(self):
        """What a browser that follows every number would show now."""
        whole = self.wholes[-1] if self.wholes else self.grid.whole
        takes = {(cell, number): take for cell, number, take in whole["takes"]}
        for delta in self.heard("delta"):
            if delta["seq"] > whole["seq"]:
                takes |= {(cell, number): take for cell, number, take in delta["takes"]}
        return {place: take["state"] for place, take in takes.items()}

    def head(self):
        heads = [delta["head"] for delta in self.heard("delta") if "head" in delta]
        whole = self.wholes[-1]["head"] if self.wholes else self.grid.whole["head"]
        return heads[-1] if heads else whole

    def until(self, check, what):
        wait_until(check, 30, lambda: f"{what}: {self.states()} {self.head()}")


@pytest.fixture
def view(monkeypatch, here):
    return View(monkeypatch, here)


def kept(view):
    """What the notebook would hold now."""
    return view.outputs[-1]["data"]["text/html"]


def test_from_the_plan_to_the_clips_and_the_table_that_is_saved(view, here):
    here.simulator.faults.add(Fault("fail_output", "submit"))
    sweep = hw.sweep(FOX, name="fox")
    view.show(sweep)
    place, beside = view.outputs
    assert view.grid.place in place["data"]["text/html"]
    assert f"{view.grid.place}-after" in beside["data"]["text/html"]
    assert "nothing was sent" in kept(view)
    assert view.grid.whole["head"]["can"] == ["run", "cheapest", "cancel"]
    assert view.grid.whole["plan"]["total"] == "$1.12"

    view.ask(type="act", what="run")
    view.until(lambda: sweep.done and "done" in json.dumps(view.wholes[-1:]), "the end")
    assert sorted(view.states().values()) == ["failed", "stored", "stored", "stored"]
    assert view.wholes[-1]["head"]["money"] == ["$1.12 spent"]  # what was moderated may have been charged
    assert view.wholes[-1]["head"]["can"] == ["retry"]
    numbers = [content["seq"] for content, _ in list(view.said) if "seq" in content]
    assert numbers == list(range(2, len(numbers) + 2))
    takes = [take for delta in view.heard("delta") for take in delta["takes"]]
    assert max(len(json.dumps(take)) for take in takes) <= TAKE_LIMIT

    wait_until(lambda: kept(view).count("<video") == 3, 30, lambda: "no table")
    assert kept(view).startswith(f'<div class="{view.grid.place}-after">')
    assert view.outputs[-1]["id"] == beside["id"]
    assert not view.closed

    view.ask(type="act", what="retry")
    view.until(lambda: set(view.states().values()) == {"stored"}, "the second try")
    assert submits(here.simulator) == 5


def test_what_is_measured_is_in_the_grid_its_details_and_the_table(view, here):
    sweep = hw.sweep("A red fox, [Pan left]", name="fox").run()
    [clip] = sweep.result(30)
    view.show(sweep, live=True)
    step = SeenStep(0.0, 2.0, 0, ("Tilt up",), (FAMILIES["Tilt up"],), "", 0.1, 8.0, 0.0, 0.0, 0.0, 0.2)
    measured = Measured("fox.mp4", [("Tilt up",)], [(FAMILIES["Tilt up"],)], [], [step], motion=1.234)
    here.library().journal.keep_measures(clip.sha256, VERSION, measured.to_dict(), 1.0)
    sweep.tell_measured(clip.id, measured)

    def seen():
        return [take for delta in view.heard("delta") for *_, take in delta["takes"] if "seen" in take]

    view.until(seen, "the badge")
    assert seen()[-1]["seen"] == "asked pan left · seen tilt up"
    assert seen()[-1]["obeyed"] is False
    assert seen()[-1]["figures"][0] == 1.23
    view.ask(type="detail", at=[0, 0])
    detail, _ = view.answer("detail")
    assert detail["asked"] == "pan left"
    assert detail["camera"] == [[0.0, 2.0, 0.1, 8.0, 0.0, "tilt up"]]
    assert ["Motion", "1.2% of the width a second"] in detail["more"]
    view.until(lambda: "asked pan left · seen tilt up" in kept(view), "the table")


def test_what_was_sent_is_not_saved_as_planned(view, here):
    """A kernel may be restarted long before the first clip is there."""
    here.transport = Silent(here.transport)
    sweep = hw.sweep(FOX, name="fox")
    view.show(sweep)
    sweep.run()
    wait_until(lambda: "4 queued" in kept(view), 30, lambda: kept(view)[:900])
    assert "planned" not in kept(view)
    assert "Saved while it ran" in kept(view)
    here.loop.call(here.transport.speak.set)
    sweep.result(30)


def test_the_button_says_no_more_than_the_budget(view, here):
    view.show(hw.sweep(FOX, budget="0.6 USD"))
    assert view.grid.whole["plan"]["total"] == "at most $0.60"


def test_what_a_joined_sweep_has_cost_stays_in_its_head(view, here):
    first = hw.sweep(FOX, name="fox", budget="2 USD").run()
    again = hw.sweep(FOX, name="fox", budget="2 USD").run()
    again.result(30)
    first.result(30)
    view.show(again)
    assert view.grid.whole["head"]["money"] == ["$1.12 spent", "budget $2.00"]


def test_what_is_asked_for_comes_as_bytes(view, here):
    sweep = hw.sweep(FOX, name="fox").run()
    clips = sweep.result(30)
    view.show(sweep)
    view.ask(type="look", at=[[0, 0], [2, 0]])
    posters, buffers = view.answer("posters")
    assert posters["at"] == [[0, 0], [2, 0]]
    assert buffers == [clips[0].poster(), clips[2].poster()]
    view.ask(type="clip", at=[1, 0])
    _clip, buffers = view.answer("clip")
    assert buffers == [clips[1].path.read_bytes()]
    view.ask(type="sheet", at=[1, 0])
    sheet, [picture] = view.answer("sheet")
    assert sheet["count"] == 8
    assert picture.startswith(b"\xff\xd8")
    view.ask(type="detail", at=[3, 0])
    detail, _ = view.answer("detail")
    assert "".join(text for text, _ in detail["segments"]) == "A red fox leaps across grass."
    facts = dict(detail["facts"])
    assert facts["Settings"] == "T2V · 6 s · 768P"
    assert facts["Price"] == "$0.28"
    assert facts["File"].startswith("hailuo_library/clips/")
    assert dict(detail["more"])["prompt_optimizer"] == "off"
    assert detail["file"] in facts["File"]
    assert detail["cell"].startswith("%%hailuo")
    clips[2].path.unlink()
    view.ask(type="clip", at=[2, 0])
    missing, _ = view.answer("missing")
    assert clips[2].path.name in missing["why"]


def test_a_poster_that_is_wanted_comes_when_its_clip_does(view, here):
    sweep = hw.sweep(FOX)
    view.show(sweep)
    view.ask(type="look", at=[[0, 0]])
    sweep.run().result(30)
    posters, [picture] = view.answer("posters")
    assert posters["at"] == [[0, 0]]
    assert picture == sweep.clip(0).poster()


def test_judgements_are_kept_in_the_library_and_beside_the_grid(view, here):
    sweep = hw.sweep(FOX, name="fox").run()
    clips = sweep.result(30)
    view.show(sweep)
    view.ask(type="mark", at=[0, 0], rating=4)
    view.ask(type="mark", at=[0, 0], starred=True)
    view.ask(type="mark", at=[1, 0], remark="the best")
    said = here.library().journal.marked
    # At once: the next cell may promote the best ones.
    assert said([clips[0].id])[clips[0].id].tags == ["starred"]
    assert said([clips[0].id])[clips[0].id].rating == 4
    assert said([clips[1].id])[clips[1].id].note == "the best"
    wait_until(lambda: "★★★★ starred" in kept(view) and "the best" in kept(view), 30, lambda: kept(view)[-500:])
    view.ask(type="mark", at=[0, 0], rating=0)
    view.ask(type="mark", at=[0, 0], starred=False)
    assert not said([clips[0].id])[clips[0].id].tags

    again = hw.sweep(FOX, name="fox")
    view.show(again)
    assert view.grid.whole["takes"][1][:2] == [1, 0]
    assert view.grid.whole["takes"][1][2]["remark"] == "the best"
    assert view.grid.whole["takes"][1][2]["cached"]


def test_a_plan_that_is_given_up_says_that_nothing_was_sent(view, here):
    sweep = hw.sweep(FOX)
    view.show(sweep)
    view.ask(type="act", what="cancel")
    wait_until(lambda: view.closed, 30, lambda: "still there")
    assert "nothing was sent" in kept(view)
    assert not here.simulator.log


def test_what_goes_wrong_at_the_start_is_said_and_the_buttons_work_again(view, here):
    sweep = hw.sweep(FOX)
    view.show(sweep)
    here.settings._keys.clear()
    view.ask(type="act", what="run")
    view.until(lambda: "message" in view.head(), "no message")
    assert "key" in view.head()["message"]
    assert view.head()["can"] == ["run", "cheapest", "cancel"]


def test_cells_that_ask_for_the_same_share_their_news(view, here):
    sweep = hw.sweep("A red fox {gait = trots | trots}.")
    view.show(sweep)
    sweep.run().result(30)
    view.until(lambda: view.states() == {(0, 0): "stored", (1, 0): "stored"}, "both")
    assert submits(here.simulator) == 1


def test_where_a_view_would_be_saved_it_settles_once_nobody_looks(view, here, monkeypatch):
    monkeypatch.setenv("VSCODE_PID", "1")
    monkeypatch.setattr(live_grid, "HOLD", 0.5)
    sweep = hw.sweep(FOX)
    view.show(sweep)
    [shown] = view.outputs
    assert "application/vnd.jupyter.widget-view+json" in shown["data"]
    view.ask(type="whole")
    sweep.run().result(30)
    wait_until(lambda: view.closed, 30, lambda: "still live")
    assert sorted(view.outputs[-1]["data"]) == ["text/html", "text/plain"]
    assert kept(view).count("<video") == 4
    view.show(sweep)
    assert sorted(view.outputs[-1]["data"]) == ["text/html", "text/plain"]
    monkeypatch.setattr(live_grid, "HOLD", 60)
    view.closed = False
    view.show(sweep, live=True)
    here.loop.post(asyncio.sleep(0.01)).result(30)  # what is due at once has then been begun, settling too
    before = len(view.wholes)
    view.ask(type="whole")
    wait_until(lambda: len(view.wholes) > before, 30, lambda: "the requested grid was not sent")
    assert "application/vnd.jupyter.widget-view+json" in view.outputs[-1]["data"]
    assert not view.closed
