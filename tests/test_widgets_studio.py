"""What happens in the studio, without a browser: every message that a click sends, and what is shown for it."""

from __future__ import annotations

import asyncio
import json
import threading
from unittest.mock import Mock

import pytest

from hailuo_widgets.errors import LibraryError
from hailuo_widgets.session import Session
from hailuo_widgets.settings import Settings
from hailuo_widgets.simulator import Timing
from hailuo_widgets.simulator.faults import Fault
from hailuo_widgets.spec import options
from hailuo_widgets.spec.media import Media
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.views import studio_controller
from hailuo_widgets.views.studio import Studio
from hailuo_widgets.views.studio_controller import StudioController
from hailuo_widgets.views.studio_messages import summary_html, summary_text
from support.pictures import picture_file
from support.session import session as simulated
from support.shell import run, shell
from support.vendor import KEY, submits

NEVER = Timing(1, 2, 1e9)


class Screen:
    """Keeps what it is told."""

    def __init__(self):
        self.state = {}
        self.told = []
        self.summaries = []
        self.threads = set()

    def show(self, **state):
        self.state |= json.loads(json.dumps(state))  # as it goes to a browser
        self.threads.add(threading.current_thread().name)

    def tell(self, content, buffers=None):
        self.told.append((json.loads(json.dumps(content)), buffers or []))

    async def summarise(self, results):
        self.summaries.append(summary_html(results, self.folder))

    def last(self, kind):
        return next((each for each in reversed(self.told) if each[0]["type"] == kind), None)


class StudioSession:
    def __init__(self, host, request, provider):
        self.host, self.screen = host, Screen()
        self.screen.folder = host.folder
        self.controller = StudioController(host, options.of_request(request, provider), self.screen)
        self.screen.show(**self.controller.first_state())

    def act(self, what, buffers=(), **content):
        self.controller.heard({"type": what, **content}, list(buffers)).result(20)

    def generate(self, **content):
        """Press the button and wait for the clip."""
        self.act("generate", begun=self.controller._begun, **content)
        job = self.controller.results[0].job
        job.result(20)
        self.host.loop.post(settled()).result(30)
        return job

    def field(self, name):
        return next(each for each in self.screen.state["form"]["fields"] if each["name"] == name)

    def upload(self, slot, data, name="fox.png"):
        self.act("upload", [data], slot=slot, upload="1", part=0, of=1, name=name)


async def settled():
    """Until the controller's own tasks have come to their end."""
    await asyncio.gather(*studio_controller._tasks)


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with simulated() as made:
        yield made


@pytest.fixture
def studio(host):
    return StudioSession(host, VideoRequest.of(prompt="A fox [Pan left]"), "minimax")


def test_it_opens_at_what_is_there(studio):
    form = studio.screen.state["form"]
    assert (form["price"], form["ready"], form["key"], form["limit"], form["seconds"]) == (
        "$0.28",
        True,
        "set",
        2000,
        6,
    )
    assert form["key_said"] == "Key from a test"
    assert [each["name"] for each in form["fields"]][:5] == ["provider", "model", "mode", "duration", "resolution"]
    assert studio.screen.state["analysis"]["shots"][0]["ids"] == ["pan-left"]


def test_the_key_is_nowhere_and_where_it_goes_is_said(studio):
    studio.act("set", field="provider", value="evolink")
    form = studio.screen.state["form"]
    assert (form["key"], form["ready"]) == ("missing", False)
    assert "EVOLINK_API_KEY" in form["key_said"]
    assert form["keys_page"].startswith("https://")
    assert KEY not in json.dumps([studio.screen.state, studio.screen.told[:]], default=str)
    studio.act("set", field="provider", value="sketch")
    assert studio.screen.state["form"]["key"] == "none"


def test_the_price_follows_every_click_and_what_is_ruled_out_is_refused(studio):
    studio.act("set", field="resolution", value="1080P")
    assert studio.screen.state["form"]["price"] == "$0.49"
    assert studio.field("duration")["options"] == [[6, "6 s", ""], [10, "10 s", "1080P is 6 s only"]]
    studio.act("set", field="duration", value=10)
    assert studio.screen.last("problem")[0]["text"] == "10 s can't be chosen: 1080P is 6 s only."
    assert studio.field("duration")["value"] == 6


def test_generate_buys_once_however_often_it_is_pressed(studio, host):
    for _ in range(3):  # three clicks before the first was answered
        studio.act("generate", begun=0)
    studio.controller.results[0].job.result(20)
    assert len(studio.controller.results) == len(host.jobs()) == 1
    studio.act("generate", begun=1)  # the same once more: it is in the library
    job = studio.controller.results[0].job
    job.result(20)
    assert job.cached
    assert submits(host.simulator) == 1
    assert studio.screen.last("begun")[0]["begun"] == 2


def test_what_breaks_is_said_and_logged(studio, monkeypatch, caplog):
    monkeypatch.setattr(studio_controller, "_drawn", lambda _form: 1 / 0)
    studio.act("sketch")
    assert studio.screen.last("problem")[0]["text"] == "The studio could not do that."
    assert studio.screen.last("sketched")
    assert "ZeroDivisionError" in caplog.text


def test_where_reading_breaks_the_prompt_before_is_not_bought(studio, host, monkeypatch, caplog):
    def broken(text, *_rest):
        raise RecursionError(text)

    with monkeypatch.context() as patch:
        patch.setattr(studio_controller, "read", broken)
        for text in ("An owl", "An owl {a | b}"):
            studio.act("prompt", text=text)
            form = studio.screen.state["form"]
            assert "This prompt can't be read; the log says why." in form["problems"]
            assert (form["ready"], form["writable"]) == (False, False)
            studio.act("generate", begun=0)
    assert host.jobs() == []
    assert "RecursionError" in caplog.text
    studio.act("prompt", text="An owl")
    assert studio.generate().quote.written.prompt == "An owl"


def test_what_the_form_says_is_shown_even_if_the_prompt_can_not_be_looked_through(studio, monkeypatch):
    monkeypatch.setattr(studio_controller, "analyse", lambda *_: 1 / 0)
    studio.act("prompt", text="")
    assert studio.screen.state["form"]["ready"] is False
    assert studio.screen.last("problem")


def test_what_is_bought_is_what_was_typed_before_the_click(studio, host):
    took = [
        studio.controller.heard(message, [])
        for message in ({"type": "prompt", "text": "A {{fox}} in braces"}, {"type": "generate", "begun": 0})
    ]
    for each in took:
        each.result(20)
    assert [job.quote.written.prompt for job in host.jobs()] == ["A {fox} in braces"]


def test_a_result_is_shown_from_its_first_state_to_its_clip(studio, host):
    job = studio.generate()
    [result] = studio.screen.state["results"]
    assert (result["state"], result["word"], result["tone"]) == ("stored", "Done", "ok")
    assert result["clip"]["id"] == job.id
    assert result["facts"] == ["MiniMax-Hailuo-2.3", "minimax", "6 s · 768P", "$0.28"]
    assert studio.screen.threads <= {"hailuo_widgets", threading.current_thread().name}
    studio.act("film", id=result["id"])
    assert studio.screen.last("film")[1][0] == job.clip.path.read_bytes()
    studio.act("posters", ids=[result["id"]])
    assert studio.screen.last("posters")[1][0].startswith(b"\xff\xd8")
    assert "Studio session: 1 clip" in studio.screen.summaries[-1]
    assert "<video" in studio.screen.summaries[-1]


def test_what_a_vendor_refuses_is_said_on_its_card(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with simulated(Fault("refused_input", "submit")) as host:
        studio = StudioSession(host, VideoRequest.of(prompt="A fox"), "minimax")
        studio.act("generate", begun=0)
        assert studio.controller.results[0].job._done.wait(10)
        host.loop.post(settled()).result(30)
        [result] = studio.screen.state["results"]
        assert (result["tone"], result["clip"], result["cancel"]) == ("bad", None, "")
        assert result["error"]
        assert "nothing was charged" in result["charged"]


def test_a_request_that_is_not_whole_cannot_be_sent(studio, host):
    studio.act("set", field="mode", value="I2V")
    form = studio.screen.state["form"]
    assert not form["ready"]
    assert form["problems"] == ["First frame: no file chosen yet. Drop a picture there, or give its address."]
    studio.act("generate", begun=0)
    assert studio.screen.last("problem")[0]["text"] == "This can't be sent yet."
    assert host.jobs() == []


def test_a_picture_that_is_too_small_is_told_why_and_helped(studio):
    studio.act("set", field="mode", value="I2V")
    studio.upload("first_frame", picture_file(200, 200))
    [slot] = studio.screen.state["form"]["slots"]
    assert "short side must be over 300 px" in slot["shown"]["problems"][0]
    assert not studio.screen.state["form"]["ready"]
    studio.act("fit", slot="first_frame", at=0.5)
    proposal, [thumbnail] = studio.screen.last("proposal")
    assert proposal["steps"] == ["enlarged from 200×200 to 320×320 px, which adds no detail"]
    assert thumbnail.startswith(b"\xff\xd8")
    studio.act("accept", slot="first_frame")
    assert studio.screen.state["form"]["ready"]
    studio.act("clear", slot="first_frame")
    assert not studio.screen.state["form"]["ready"]


def test_references_are_many(studio):
    studio.act("set", field="model", value="MiniMax-H3")
    studio.act("set", field="mode", value="R2V")
    studio.upload("references", picture_file())
    studio.act("url", slot="references", url="https://example.com/fox.png")
    [slot] = studio.screen.state["form"]["slots"]
    assert [each["name"] for each in slot["shown"]["items"]] == ["fox.png", "https://example.com/fox.png"]
    assert studio.screen.state["form"]["ready"]
    studio.act("clear", slot="references", at=0)
    assert len(studio.screen.state["form"]["slots"][0]["shown"]["items"]) == 1


def test_a_sketch_is_free_and_is_not_kept(studio, host, monkeypatch):
    studio.act("sketch")
    [result] = studio.screen.state["results"]
    assert (result["kind"], result["word"], result["clip"]) == ("sketch", "Sketch", None)
    studio.act("film", id=result["id"])
    assert studio.screen.last("film")[1][0][4:8] == b"ftyp"
    assert not host.has_library()
    assert host.jobs() == []
    monkeypatch.setattr(studio_controller, "_drawn", lambda _form: (b"film", b"poster"))
    for _ in range(5):
        studio.act("sketch")
    assert len(studio.screen.state["results"]) == 4


def test_vary_puts_the_request_back_and_shows_what_changed(studio):
    studio.act("set", field="duration", value=10)
    studio.generate()
    studio.act("set", field="duration", value=6)
    studio.act("vary", id=studio.controller.results[0].id)
    assert studio.field("duration")["value"] == 10
    assert studio.screen.last("text")[0]["text"] == "A fox [Pan left]"
    studio.act("prompt", text="A panda [Pan left]")
    studio.generate()
    assert studio.screen.state["results"][0]["diff"] == [
        ["A ", "same"],
        ["fox", "gone"],
        ["panda", "new"],
        [" [Pan left]", "same"],
    ]
    ids = [each["id"] for each in studio.screen.state["results"]]
    studio.act("compare", ids=ids)
    items = studio.screen.last("compare")[0]["items"]
    assert [each[0] for each in items] == ids[::-1]
    assert items[0][1] == [["A fox [Pan left]", "same"]]


def test_the_next_clip_goes_on_from_the_last_picture(studio):
    studio.generate()
    studio.act("goon", id=studio.controller.results[0].id)
    form = studio.screen.state["form"]
    assert studio.field("mode")["value"] == "I2V"
    assert form["slots"][0]["shown"]["name"].endswith("-last.png")
    assert form["ready"]
    assert studio.screen.last("picture")[1]


def test_marks_go_into_the_library_and_a_pin_keeps_it_in_front(studio, host):
    job = studio.generate()
    studio.act("prompt", text="A panda")
    studio.generate()
    [_, first] = studio.screen.state["results"]
    studio.act("mark", id=first["id"], rating=4)
    studio.act("mark", id=first["id"], note="the good one")
    studio.act("mark", id=first["id"], pinned=True)
    shown = studio.screen.state["results"][0]
    assert (shown["id"], shown["clip"]["rating"], shown["clip"]["note"]) == (first["id"], 4, "the good one")
    said = host.library().journal.marked([job.id])[job.id]
    assert (said.rating, said.note, said.tags) == (4, "the good one", ["pinned"])
    studio.act("mark", id=first["id"], rating=0, pinned=False)
    assert studio.screen.state["results"][1]["clip"]["rating"] == 0


def test_a_rating_is_kept_before_the_next_cell_runs(studio, host):
    job = studio.generate()
    [shown] = studio.screen.state["results"]
    may_go_on = threading.Event()
    host.loop.call(may_go_on.wait)  # a loop that has much to do
    message = {"type": "mark", "id": shown["id"], "rating": 5}
    try:
        told = studio.controller.heard(message, [])
        assert host.library().journal.marked([job.id])[job.id].rating == 5
    finally:
        may_go_on.set()
    told.result(20)
    assert studio.screen.state["results"][0]["clip"]["rating"] == 5


def test_a_rating_that_can_not_be_kept_is_said_once(studio, host, monkeypatch):
    studio.generate()
    before = len(studio.screen.told)
    refuse = Mock(side_effect=LibraryError("The journal can't be written."))
    monkeypatch.setattr(host.library(), "mark", refuse)
    studio.act("mark", id=studio.screen.state["results"][0]["id"], rating=5)
    assert [each["text"] for each, _ in studio.screen.told[before:]] == ["The journal can't be written."]


def test_history_comes_out_of_the_library(studio):
    studio.act("set", field="mode", value="I2V")
    studio.upload("first_frame", picture_file())
    job = studio.generate()
    other = StudioSession(studio.host, VideoRequest.of(), "sketch")
    other.act("query", text="fox")
    assert other.screen.last("found")[0]["count"] == 1
    other.act("rows", start=0, count=10)
    assert other.screen.last("rows")[0]["rows"][0]["id"] == job.id
    other.act("open", id=job.id)
    [result] = other.screen.state["results"]
    assert (result["kind"], result["clip"]["id"]) == ("clip", job.id)
    other.act("vary", id=result["id"])  # with its picture, which was kept
    assert other.controller.form.quote.digest == job.quote.digest
    other.act("drop", id=result["id"])
    assert other.screen.state["results"] == []


def test_it_becomes_code_with_pictures_that_are_there(studio, tmp_path):
    studio.act("set", field="mode", value="I2V")
    studio.upload("first_frame", picture_file())
    studio.act("code", kind="cell")
    text = studio.screen.last("code")[0]["text"]
    place = next(word for word in text.split() if word.startswith("hailuo_library/pictures/"))
    assert Media.of(tmp_path / place).data == picture_file()
    studio.act("code", kind="python")
    assert f"first_frame='{place}'" in studio.screen.last("code")[0]["text"]


def test_a_template_is_counted_priced_and_copied_but_not_sent(studio, host):
    studio.act("prompt", text="A {fox | panda | otter} [Pan left]")
    form = studio.screen.state["form"]
    assert (form["cells"], form["price"], form["ready"], form["writable"]) == (3, "$0.84", False, True)
    assert studio.screen.state["analysis"]["notes"] == [{"tone": "ok", "text": "3 clips · $0.84"}]
    studio.act("set", field="duration", value=10)
    assert studio.screen.state["form"]["price"] == "$1.68"
    studio.act("generate", begun=0)
    assert host.jobs() == []
    studio.act("code", kind="cell")
    code = studio.screen.last("code")[0]
    assert host.jobs() == []
    assert (code["kind"], code["text"].splitlines()[1]) == ("sweep", "A {fox | panda | otter} [Pan left]")
    studio.act("prompt", text="A {fox")
    assert "brace" in studio.screen.state["form"]["problems"][0]
    studio.act("prompt", text="A {{fox}}")
    assert studio.controller.form.request.prompt == "A {fox}"


def test_a_plan_asks_for_what_the_copied_cell_asks_for_and_one_sweep_runs_at_a_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with simulated(timing=NEVER) as host:
        studio = StudioSession(host, VideoRequest.of(prompt="A fox"), "minimax")
        studio.act("set", field="mode", value="I2V")
        studio.upload("first_frame", picture_file())
        studio.act("set", field="prompt_optimizer", value=False)
        studio.act("plan")
        assert studio.screen.last("planned") is None  # one clip is no sweep
        studio.act("prompt", text="A {fox | panda} runs")
        studio.act("code", kind="cell")
        line, template = studio.screen.last("code")[0]["text"].split("\n", 1)
        studio.act("plan")
        first, planned = studio.screen.last("planned")[0]["place"], studio.controller._planned.sweep
        with shell() as made:
            run(made, f"{line.replace('%%hailuo', '%%hailuo takes')}\n{template}")
            assert [cell.digest for cell in made.user_ns["takes"].cells] == [cell.digest for cell in planned.cells]
        assert host.jobs() == []
        studio.act("plan")
        second, planned = studio.screen.last("planned")[0]["place"], studio.controller._planned.sweep
        assert second != first
        planned.run()
        studio.act("plan")
        assert "still running" in studio.screen.last("problem")[0]["text"]
        assert studio.screen.last("planned")[0]["place"] == second  # it is shown again if it was closed
        assert len(host.jobs()) == 2
        planned.cancel()


def test_variants_are_collected_into_one_sweep(studio):
    for text in ("A fox runs", "A fox sleeps"):
        studio.act("prompt", text=text)
        studio.generate()
        studio.act("collect", id=studio.controller.results[0].id, on=True)
    studio.act("sweep")
    assert "A fox {take = runs | sleeps}" in studio.screen.last("code")[0]["text"]
    studio.act("collect", id=studio.controller.results[0].id, on=False)
    studio.act("sweep")
    assert "at least two" in studio.screen.last("problem")[0]["text"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"type": None},
        {"type": []},
        {"type": "set"},
        {"type": "set", "field": "prompt", "value": "x"},
        {"type": "set", "field": "first_frame", "value": "/etc/passwd"},
        {"type": "set", "field": "callback_url", "value": ""},
        {"type": "prompt", "text": 5},
        {"type": "url", "slot": "prompt", "url": "https://example.com"},
        {"type": "url", "slot": "first_frame", "url": "/etc/passwd"},
        {"type": "clear", "slot": "references", "at": 9},
        {"type": "accept", "slot": "first_frame"},
        {"type": "film", "id": "j9"},
        {"type": "posters", "ids": "x"},
        {"type": "vary", "id": None},
        {"type": "goon"},
        {"type": "open", "id": "../../x"},
        {"type": "mark", "id": "x", "rating": 9},
        {"type": "compare", "ids": 3},
        {"type": "rows", "start": -1, "count": "all"},
        {"type": "query", "text": {"x": 1}, "rating": "many"},
        {"type": "generate"},
    ],
)
def test_nonsense_from_a_front_end_sends_nothing(studio, host, content):
    before = studio.controller.form.request
    studio.controller.heard(content, []).result(30)
    assert studio.controller.form.request == before
    assert host.jobs() == []


def test_the_summary_says_how_much_there_was(studio):
    for number in range(3):
        studio.act("prompt", text=f"A fox {number} <b>")
        studio.generate()
    html = summary_html(studio.controller.results, studio.host.folder)
    assert html.count("<video") == 3
    assert "<b>Studio session: 3 clips</b>" in html
    assert "A fox 2 <b>" not in html
    assert summary_text(studio.controller.results).startswith("Studio session: 3 clips.")
    assert summary_html([], studio.host.folder) == ""


def test_the_magic_opens_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with shell() as made:
        studio = run(made, "%hailuo studio")
    assert isinstance(studio, Studio)
    assert "The studio is a form" in capsys.readouterr().out
    studio.close()


def test_the_widget_is_made_without_a_kernel_and_says_what_to_do(tmp_path, capsys):
    session = Session(Settings.load({}), tmp_path)
    studio = Studio(session, VideoRequest.of(prompt="A fox {x}"), "sketch")
    assert studio.prompt == "A fox {{x}}"
    assert studio.request.prompt == "A fox {x}"
    studio._ipython_display_()
    assert "run hw.studio() in JupyterLab" in capsys.readouterr().out
    state = {name: value for name, value in studio.get_state().items() if not name.startswith("_")}
    assert len(json.dumps(state)) < 20_000
    studio.close()
    session.close()
