"""A prompt that the vendor rewrites: paid for once, kept, shown word by word."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest

import hailuo_widgets as hw
from hailuo_widgets import commands
from hailuo_widgets.engine.job import Job
from hailuo_widgets.engine.rewriting import Rewriting
from hailuo_widgets.engine.state import JobState
from hailuo_widgets.errors import RefusedError, UsageError
from hailuo_widgets.providers import minimax_v2
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store import owner
from hailuo_widgets.table import Table
from hailuo_widgets.views import rewritten
from hailuo_widgets.views.rewritten import html
from support.html import Seen
from support.shell import run, shell
from support.vendor import submits
from support.waiting import wait_until

SECONDS = 60
PROMPT = "A red fox trots across fresh snow"


def test_a_rewritten_prompt_is_paid_for_once_and_kept(here):
    first = hw.rewrite(PROMPT, duration=5)
    words = first.result(SECONDS)
    assert PROMPT in words
    assert words != PROMPT
    assert first.job.charged.amount > Decimal(0)
    assert str(first.job.charged) in repr(first)
    again = hw.rewrite(PROMPT, duration=5)
    assert (again.prompt, again.job.cached) == (words, True)
    assert "no cost" in repr(again)
    assert submits(here.simulator) == 1
    assert hw.rewrite(PROMPT, duration=6).result(SECONDS)
    assert hw.rewrite(PROMPT, duration=5, fresh=True).result(SECONDS) == words
    assert submits(here.simulator) == 3


@pytest.fixture
def notebook(here):
    with shell() as made:
        yield made


async def test_it_can_be_awaited(here):
    assert PROMPT in await hw.rewrite(PROMPT)


def test_one_that_a_dead_kernel_left_is_resumed(here):
    order = quote(VideoRequest.of(prompt=PROMPT, model="MiniMax-H3", rewrite=True), "minimax")

    async def buy():
        return (await here._connect("minimax").submit(order)).task.id

    task = here.loop.post(buy()).result(SECONDS)
    journal = here.library().journal
    gone = owner.new()
    journal.open_job("old", order, 0, "", here.clock.now(), owner=gone)
    journal.move("old", "queued", here.clock.now(), task_id=task)
    owner.retire(gone)
    here.clock.time += 3600
    [job] = here.resume()
    assert job.wait(SECONDS)
    assert PROMPT in job.prompt
    assert hw.rewrite(PROMPT).job.cached
    assert submits(here.simulator) == 1


def test_who_can_not_rewrite_says_who_can(here):
    with pytest.raises(RefusedError, match="minimax can do it"):
        hw.rewrite(PROMPT, provider="sketch")


def test_the_magic_rewrites_what_stands_behind_it(here, monkeypatch):
    assert PROMPT in commands.rewrite(*PROMPT.split()).result(SECONDS)
    with pytest.raises(UsageError, match="takes a prompt"):
        commands.rewrite()


def test_a_switch_behind_it_is_not_sent_as_words(here, monkeypatch):
    for words in (("--dry-run", PROMPT), (PROMPT, "--dry-run"), ("A", "fox", "--yes")):
        with pytest.raises(UsageError, match=r"has no option --(dry-run|yes)\. Nothing was sent"):
            commands.rewrite(*words)
    assert submits(here.simulator) == 0
    assert commands.rewrite("A fox --ar 16:9").result(SECONDS)


def test_one_that_another_kernel_asked_for_meanwhile_is_not_sent_again(here):
    first = hw.rewrite(PROMPT, show=False)
    words = first.result(SECONDS)
    again = here.start(first.job.quote.written, "minimax")  # as if the library had been asked before that
    assert again.wait(SECONDS)
    assert (again.state, again.prompt, again.cached) == ("stored", words, True)
    assert submits(here.simulator) == 1


def test_a_terminal_gets_no_control_characters_of_a_vendors_words(here):
    made = hw.rewrite(PROMPT, show=False)
    made.result(SECONDS)
    made.job.prompt = "A fox \x1b[2J\x07 trots"
    assert "\x1b" not in repr(made)
    assert str(Table(("Prompt",), (("A\x1b[2J\nfox\x9b",),), "\x1b")) == "\ufffd\nPrompt\nA\ufffd[2J fox\ufffd"


def test_names_stay_in_one_line_and_longer_cells_wrap():
    html = Table(("Command", "Resolution"), (("Pedestal down", "768P: 6/10, 1080P: 6"),))._repr_html_()
    name, longer = re.findall(r'<td style="(.*?)"', html)
    assert "nowrap" in name
    assert "nowrap" not in longer  # `%hailuo models` would be wider than JupyterLab's page


def test_what_is_new_is_marked_and_nothing_is_read_as_html(here):
    made = hw.rewrite("A <b>red</b> fox", duration=5)
    waiting = Seen(html(made))
    assert "A <b>red</b> fox" in waiting.text
    made.result(SECONDS)
    seen = Seen(html(made))
    assert "A <b>red</b> fox" in seen.text
    assert "Camera: static" in seen.text
    assert {tag for tag, _ in seen.elements} >= {"ins"}
    assert [tag for tag, _ in seen.elements].count("b") == 1  # the heading alone


@pytest.mark.parametrize("early", [True, False])
def test_the_new_words_are_shown_whenever_they_come_and_the_loop_goes_on(here, monkeypatch, early):
    order = quote(VideoRequest.of(prompt=PROMPT, model="MiniMax-H3", rewrite=True), "minimax")
    job, versions, threads = Job("a", order), [], []

    async def end():
        threads.append(threading.get_ident())
        job.move(JobState.STORED, prompt="A new fox")

    class Output:
        def show(self, data):
            versions.append(data["text/plain"])
            if early:  # as if it came between the first version and the moment from which on it is observed
                here.loop.post(end()).result(SECONDS)

        def replace(self, data):
            threads.append(threading.get_ident())
            versions.append(data["text/plain"])

    monkeypatch.setattr(rewritten, "Output", Output)
    rewritten.show(Rewriting(job))
    if not early:
        here.loop.post(end()).result(SECONDS)
    wait_until(lambda: "A new fox" in versions[-1], SECONDS, lambda: repr(versions))
    assert threads[1] != threads[0]


# --- used for clips -----------------------------------------------------------------------------------------------------

H3 = {"model": "MiniMax-H3", "duration": 5, "resolution": "768P", "ratio": "16:9"}
CELL = f"%%hailuo fox -m MiniMax-H3 -d 5 -r 768P --ratio 16:9 --rewrite{{}}\n{PROMPT}"


def test_a_cell_shows_the_rewritten_prompt_first_and_then_makes_the_clip(here, notebook):
    run(notebook, CELL.format(" --dry-run"))
    assert submits(here.simulator) == 0
    run(notebook, CELL.format(""))
    rewriting = notebook.user_ns["fox"]
    words = rewriting.result(SECONDS)
    assert submits(here.simulator) == 1  # the clip waits for a look at it
    run(notebook, CELL.format(""))
    job = notebook.user_ns["fox"]
    assert job.result(SECONDS).prompt == words
    assert submits(here.simulator) == 2
    run(notebook, CELL.format(" --wait"))
    assert submits(here.simulator) == 2


def test_with_wait_a_cell_does_both(here, notebook):
    run(notebook, CELL.format(" --wait"))
    assert PROMPT in notebook.user_ns["fox"].clip.prompt
    assert submits(here.simulator) == 2


@pytest.mark.parametrize("model", ["", "MiniMax-Hailuo-2.3"])
def test_a_clip_of_a_rewritten_prompt_is_not_bought_unasked_above_the_limit(here, notebook, model):
    here.settings.set("confirm_above", "0.10 USD")
    if model:
        here.settings.set("model", model)  # of the clip; there is one model only that rewrites
    cell = f"%%hailuo fox --rewrite\n{PROMPT}"
    run(notebook, cell)
    notebook.user_ns["fox"].result(SECONDS)
    with suppress(UsageError):
        run(notebook, cell)
    assert all(job.quote.request.rewrite for job in here.jobs())
    run(notebook, cell.replace("--rewrite", "--rewrite --yes --budget 1" if not model else "--rewrite --yes"))
    assert not all(job.quote.request.rewrite for job in here.jobs())


def test_a_vendors_words_can_be_kept_and_sent_whatever_is_in_them(here, monkeypatch):
    def state_of(*arguments):
        state = real(*arguments)
        return state if state.prompt is None else replace(state, prompt="A \ud800 fox\x1b[2J trots")

    real = minimax_v2.state_of
    monkeypatch.setattr(minimax_v2, "state_of", state_of)
    words = hw.rewrite(PROMPT, show=False).result(SECONDS)
    assert words == "A \ufffd fox\ufffd[2J trots"
    assert hw.rewrite(PROMPT, show=False).prompt == words
    assert hw.generate(words, show=False).result(SECONDS).prompt == words


def test_mine_and_rewritten_are_an_axis(here):
    def planned():
        return hw.sweep("A {red | grey} fox", prompt_as=["mine", "rewritten"], **H3)

    first = planned()
    assert [axis.name for axis in first.axes] == ["choice1", "prompt_as"]
    assert (first.plan.to_buy, first.plan.illegal) == (2, 2)
    assert any(".rewrite()" in note for note in first.plan.notes)
    assert submits(here.simulator) == 0
    words = [each.result(SECONDS) for each in first.rewrite()]
    assert submits(here.simulator) == 2
    second = planned()
    assert (second.plan.to_buy, second.plan.illegal) == (4, 0)
    assert second.rewrite() == []
    second.run().result(SECONDS)
    assert sorted(clip.prompt for clip in second.clips()) == sorted(["A red fox", "A grey fox", *words])
    assert submits(here.simulator) == 6
    assert planned().plan.to_buy == 0


@pytest.mark.parametrize("more", ["", " --yes", " --fresh", " --wait"])
def test_a_budget_in_money_lets_nothing_be_rewritten(here, notebook, more):
    with pytest.raises(UsageError, match="charged by tokens"):
        run(notebook, CELL.format(f" --budget 1{more}"))
    with pytest.raises(UsageError, match=r"rewritten yet\. Nothing was sent") as caught:
        run(notebook, CELL.format(" --budget 1 --yes").replace("A red", "A {red | grey}"))
    assert ".rewrite(beyond_budget=True)" in caught.value.hint
    with pytest.raises(UsageError, match=r"2 prompts are to be rewritten.*Nothing was sent"):
        notebook.user_ns["fox"].rewrite()
    assert submits(here.simulator) == 0


def test_under_a_budget_prompts_are_rewritten_where_that_is_said(here, notebook):
    made = hw.sweep("A {red | grey} fox", prompt_as=["mine", "rewritten"], budget="1 USD", **H3)
    for each in made.rewrite(beyond_budget=True):
        each.result(SECONDS)
    again = hw.sweep("A {red | grey} fox", prompt_as=["mine", "rewritten"], budget="1 USD", **H3)
    assert again.rewrite() == []  # they are there, so the budget is asked for nothing
    again.run().result(SECONDS)
    assert submits(here.simulator) == 2 + 2  # $0.40 each
    run(notebook, CELL.format(""))
    notebook.user_ns["fox"].result(SECONDS)
    run(notebook, CELL.format(" --budget 1 --wait"))
    assert submits(here.simulator) == 6


def test_a_budget_in_clips_lets_prompts_be_rewritten(here):
    made = hw.sweep("A fox", prompt_as="rewritten", budget="1 clip", **H3)
    with pytest.raises(UsageError, match="rewritten yet") as caught:
        made.run()
    assert "beyond_budget" not in caught.value.hint
    [words] = [each.result(SECONDS) for each in made.rewrite()]
    made = hw.sweep("A fox", prompt_as="rewritten", budget="1 clip", **H3).run()
    assert [clip.prompt for clip in made.result(SECONDS)] == [words]


def test_a_budget_by_day_counts_what_was_rewritten(here):
    hw.rewrite(PROMPT, duration=5, show=False).result(SECONDS)
    assert hw.sweep("A fox", budget="1 USD/day", **H3).budget.left < 1


def test_costs_show_a_rewritten_prompt_as_no_clip(here):
    made = hw.rewrite(PROMPT, show=False)
    made.result(SECONDS)
    [row] = commands.cost().rows
    assert row == ("minimax", "0", str(made.job.charged), "", "")


def test_a_cell_as_a_call_rewrites_its_prompt_too(here):
    line = "fox -m MiniMax-H3 -d 5 -r 768P --ratio 16:9 --rewrite"
    assert hw.cell(PROMPT, f"{line} --dry-run").request.rewrite
    words = hw.cell(PROMPT, line).result(SECONDS)
    assert submits(here.simulator) == 1
    assert hw.cell(PROMPT, f"{line} --wait").clip.prompt == words
    assert submits(here.simulator) == 2


def test_prompt_as_is_one_of_two(here):
    with pytest.raises(UsageError, match="mine or rewritten"):
        hw.sweep("A fox", prompt_as=["mine", "yours"], **H3)


def test_who_can_not_rewrite_makes_no_such_cell(here):
    made = hw.sweep("A fox", prompt_as=["mine", "rewritten"], model="MiniMax-Hailuo-2.3")
    assert (made.plan.to_buy, made.plan.illegal) == (1, 1)
    assert made.rewrite() == []
