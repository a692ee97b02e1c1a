"""Sweeps against the simulated MiniMax: planned, bought once, gone on with, kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import tempfile
import threading
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import hailuo_widgets as hw
from hailuo_widgets import session as session_module
from hailuo_widgets.errors import AuthenticationError, LibraryError, TimedOutError, UsageError
from hailuo_widgets.magics import read_cell
from hailuo_widgets.session import Session
from hailuo_widgets.simulator import Fault
from hailuo_widgets.sweeps.persistence import document, layout
from support.html import Seen
from support.session import session
from support.vendor import KEY, submits

SECONDS = 60
FOX = "A red fox {gait = trots | leaps} across {place = snow | grass}."
PRICE = Decimal("0.28")


def test_a_plan_has_no_side_effects(here, tmp_path):
    made = hw.sweep(FOX, name="fox", duration=[6, 10], resolution=["768P", "1080P"], repeat=2)
    plan = made.explain()
    assert (plan.cells, plan.replicates, plan.clips, plan.to_buy, plan.illegal) == (16, 2, 24, 24, 4)
    assert plan.price == {"USD": Decimal("0.28") * 8 + Decimal("0.56") * 8 + Decimal("0.49") * 8}
    assert plan.unknown_prices == 0
    assert plan.seconds > 0
    for part in ("16, 4 not possible", "Clips to buy: 24", "$10.64", "nothing was sent"):
        assert part in repr(plan)
    assert not list(tmp_path.iterdir())
    assert not here.simulator.log
    assert not here.jobs()
    assert not made.started
    with pytest.raises(UsageError, match="hasn't started"):
        made.result()
    assert "planned, not run" in repr(made)


def test_a_notebook_in_a_subfolder_says_whose_library_its_plan_counts(here, monkeypatch):
    hw.sweep(FOX).run().result(SECONDS)
    assert "Library" not in repr(hw.sweep(FOX).plan)
    below = here.folder / "chapter" / "one"
    below.mkdir(parents=True)
    monkeypatch.setattr(here, "folder", below)
    plan = hw.sweep(FOX).plan
    assert plan.to_buy == 0
    assert "Library: ../../hailuo_library" in repr(plan)


def test_running_it_buys_what_the_plan_says_and_again_nothing(here):
    made = hw.sweep(FOX, repeat=2)
    assert len(made.run().result(SECONDS)) == 8
    assert made.done
    assert submits(here.simulator) == 8
    assert {job.replicate for job in made.jobs} == {0, 1}
    again = hw.sweep(FOX, repeat=2)
    assert (again.plan.to_buy, again.plan.free, again.plan.cost) == (0, 8, "free")
    assert [clip.id for clip in again.run().result(SECONDS)] == [clip.id for clip in made.clips()]
    assert made.run().result(SECONDS)
    assert submits(here.simulator) == 8


def test_one_word_more_and_one_replicate_more(here):
    hw.sweep(FOX, repeat=2).run().result(SECONDS)
    changed = hw.sweep(FOX.replace("grass", "sand"), repeat=2)
    assert (changed.plan.to_buy, changed.plan.free) == (4, 4)
    changed.run().result(SECONDS)
    more = hw.sweep(FOX, repeat=3)
    assert (more.plan.to_buy, more.plan.free) == (4, 8)
    assert {job.replicate for job in more.run().jobs} == {2}
    assert len(more.result(SECONDS)) == 12
    assert submits(here.simulator) == 8 + 4 + 4


def test_the_same_cells_while_they_run_are_the_same_jobs(here):
    here.simulator.faults.add(Fault("slow", "submit", seconds=0.2, times=4))
    first, second = hw.sweep(FOX).run(), hw.sweep(FOX).run()
    assert {job.id for job in first.jobs} == {job.id for job in second.jobs}
    assert hw.sweep(FOX).explain().to_buy == 0
    assert len(first.result(SECONDS)) == len(second.result(SECONDS)) == 4
    assert submits(here.simulator) == 4


def test_two_threads_that_run_it_at_once_buy_it_once(here):
    made = hw.sweep(FOX)
    threads = [threading.Thread(target=made.run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.result(SECONDS)
    assert submits(here.simulator) == 4


def test_a_clip_that_was_bought_alone_is_the_sweeps_too(here):
    alone = hw.generate("A fox", wait=True)
    made = hw.sweep("A fox", repeat=3)
    assert (made.plan.to_buy, made.plan.free) == (2, 1)
    assert made.clip(0).id == alone.clip.id


def test_cells_that_ask_for_the_same_are_bought_once(here):
    made = hw.sweep("A {big | big} fox")
    assert (made.plan.cells, made.plan.clips, made.plan.same) == (2, 1, 1)
    made.run().result(SECONDS)
    assert submits(here.simulator) == 1
    assert made.clip(0) == made.clip(1)
    assert made.job(0) is made.job(1)


@pytest.mark.parametrize("again", ["in the same kernel", "another sweep", "from the library"])
def test_a_clip_whose_file_is_gone_is_bought_as_the_plan_says(again, here):
    made = hw.sweep("A {fox | dog}", name="fox").run()
    gone = made.result(SECONDS)[0]
    gone.path.unlink()
    if again == "another sweep":
        made = hw.sweep("A {fox | dog}", name="fox")
    elif again == "from the library":
        here._jobs.clear()
        made = hw.sweep.load("fox")
    assert made.clip(0) is None
    assert len(made.clips()) == 1
    assert made.explain().to_buy == 1
    assert len(made.run().result(SECONDS)) == 2
    assert made.clip(0).id != gone.id
    assert made.explain().to_buy == 0
    made.run().result(SECONDS)
    assert submits(here.simulator) == 3


def test_another_library_makes_a_sweep_forget_nothing(here):
    made = hw.sweep("A {fox | dog}").run()
    made.result(SECONDS)
    here.settings.set("library", "elsewhere")
    assert made.explain().to_buy == 0
    assert len(made.run().result(SECONDS)) == 2
    assert submits(here.simulator) == 2


def test_failures_stop_nothing_and_are_told(here):
    here.simulator.faults.add(Fault("fail_output", "submit", times=2))
    made = hw.sweep(FOX).run()
    clips = made.result(SECONDS)
    assert len(clips) == 2
    assert sorted(job.state for job in made.jobs) == ["failed", "failed", "stored", "stored"]
    assert "2 failed" in repr(made)
    assert "2 done" in repr(made)
    assert sum(bool(record["error"]) for record in made.records) == 2
    assert len(made.retry().result(SECONDS)) == 4
    assert submits(here.simulator) == 6
    assert not made.retry().jobs[0].error


def test_what_is_uncertain_is_not_sent_again(here):
    here.simulator.faults.add(Fault("lost", "submit", times=1))
    made = hw.sweep(FOX).run()
    made.result(SECONDS)
    assert sorted(job.state for job in made.jobs) == ["stored", "stored", "stored", "uncertain"]
    sent = submits(here.simulator)
    made.retry().run().result(SECONDS)
    plan = hw.sweep(FOX).plan
    assert (plan.to_buy, plan.free, plan.uncertain) == (0, 3, 1)
    hw.sweep(FOX).run().result(SECONDS)
    assert submits(here.simulator) == sent


def test_it_can_be_paused_and_the_rest_cancelled(here):
    made = hw.sweep("A fox in {1..30}").run()
    made.pause()
    assert made.group.paused
    made.resume()
    made.pause()
    made.cancel()
    made.resume()
    made.result(SECONDS)
    assert {str(job.state) for job in made.jobs} <= {"stored", "cancelled"}
    assert submits(here.simulator) == sum(job.state == "stored" for job in made.jobs)
    assert len(made.run().result(SECONDS)) == 30
    assert submits(here.simulator) == 30


def test_jobs_of_another_sweep_are_not_its_own_to_cancel(here):
    first = hw.sweep("A fox in {1..10}").run()
    first.pause()
    second = hw.sweep("A fox in {1..11}").run()
    second.cancel()
    first.resume()
    assert len(first.result(SECONDS)) == 10
    second.result(SECONDS)
    assert submits(here.simulator) <= 11


def test_before_it_runs_pausing_is_nothing(here):
    made = hw.sweep(FOX)
    assert made.pause().resume().cancel() is made
    assert made.group is None
    assert not made.jobs


def test_a_budget_is_never_exceeded(here):
    made = hw.sweep(FOX, repeat=2, budget="1 USD")
    assert "budget has $1.00 left" in " ".join(made.plan.notes)
    made.run().result(SECONDS)
    assert made.budget.spent == 3 * PRICE
    assert sorted(job.state for job in made.jobs) == ["refused"] * 5 + ["stored"] * 3
    assert submits(here.simulator) == 3


def test_a_budget_needs_a_currency_where_there_are_several(here):
    two = {"provider": ["minimax", "ppio"], "model": "MiniMax-Hailuo-2.3"}
    with pytest.raises(UsageError, match=r"CNY and USD.*6 CNY"):
        hw.sweep(FOX, budget=6, **two)
    with pytest.raises(UsageError, match="budget is in USD, and prices are in CNY"):
        hw.sweep(FOX, budget="6 USD", **two)
    assert hw.sweep(FOX, budget=6).budget.currency == "USD"
    assert hw.sweep(FOX, budget="¥40", provider="ppio", model="MiniMax-Hailuo-2.3").budget.currency == "CNY"
    assert hw.sweep(FOX, budget=6, provider="sketch").plan.cost == "free"
    unpublished = hw.sweep(FOX, budget="6 USD", provider="evolink")
    assert unpublished.plan.unknown_prices == 4
    assert "no published price" in " ".join(unpublished.plan.notes)
    mixed = hw.sweep(FOX, provider=["minimax", "ppio"], model="MiniMax-Hailuo-2.3").plan
    assert set(mixed.price) == {"USD", "CNY"}
    assert "$" in mixed.cost
    assert "¥" in mixed.cost


def test_a_key_that_is_missing_is_said_before_anything_is_sent(here):
    with pytest.raises(AuthenticationError, match="needs a key"):
        hw.sweep(FOX, provider=["minimax", "evolink"]).run()
    assert not here.simulator.log
    assert not here.jobs()


def test_nothing_is_bought_for_what_is_not_possible_or_skipped(here):
    made = hw.sweep(FOX, duration=[6, 10], resolution="1080P", skip={"gait": "leaps"}).run()
    made.result(SECONDS)
    assert submits(here.simulator) == 2
    assert (made.plan.illegal, made.plan.skipped) == (2, 4)
    with pytest.raises(UsageError, match="No cell of this sweep can be generated"):
        hw.sweep(FOX, duration=10, resolution="1080P").run()
    with pytest.raises(UsageError, match="Every cell is skipped"):
        hw.sweep(FOX, skip=lambda _: True).run()


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (
            "A {fox | dog}\n---\nmodel: MiniMax-Hailuo-2,3",
            "2 cells are not possible: minimax has no model “MiniMax-Hailuo-2,3”.",
        ),
        ("A {fox | dog} " + "x" * 2500, "2 cells are not possible: The prompt has 2,506 characters"),
        (
            "A {g = fox | dog}\n---\nfirst_frame: nope/{g}.png",
            "1 cell is not possible: The picture “nope/fox.png” can't be read",
        ),
    ],
)
def test_a_plan_says_why_cells_are_not_possible(cell, reason, here):
    plan = here.plan(read_cell("", cell, {})[1]).explain()
    assert (plan.illegal, plan.to_buy) == (2, 0)
    assert reason in " ".join(plan.notes)
    assert reason in repr(plan)
    assert reason in " ".join(Seen(plan._repr_html_()).text.split())


def test_of_many_reasons_the_first_are_told_and_the_rest_counted(here):
    plan = hw.sweep("A fox", duration=[6, *range(101, 110)], resolution="768P").explain()
    assert plan.illegal == 9
    told = [note for note in plan.notes if "not possible" in note]
    assert [note.startswith("1 cell is not possible: ") for note in told] == [True] * 5 + [False]
    assert told[-1] == "And 4 more reasons why cells are not possible."


def test_hidden_defaults_that_differ_are_told(here):
    plan = hw.sweep("A fox", model=["MiniMax-Hailuo-2.3", "T2V-01"]).plan
    assert any(
        note.startswith("resolution differs between cells") and "720P with T2V-01" in note for note in plan.notes
    )
    plan = hw.sweep("A fox", model=["MiniMax-Hailuo-2.3", "T2V-01"], resolution=["768P", "720P"]).plan
    assert not any("not the same" in note for note in plan.notes)
    assert not hw.sweep(FOX).plan.notes
    plan = hw.sweep(FOX, provider=["minimax", "evolink"], model="MiniMax-Hailuo-02").plan  # EvoLink names none for it
    assert any("prompt_optimizer" in note for note in plan.notes)


def test_a_choice_of_commands_without_brackets_is_told(here):
    (note,) = hw.sweep("A fox {Pan left | Zoom in}").plan.notes
    assert "“Pan left” is sent as a word" in note
    for right in ("A fox [{Pan left | Zoom in}]", "A fox {[Pan left] | [Zoom in]}", "A fox {Shake | runs}"):
        assert not hw.sweep(right).plan.notes
    assert not hw.sweep("A fox", camera=["Pan left", "Zoom in"]).plan.notes


def test_the_optimizer_is_off_unless_it_is_said(here):
    assert [cell.quote.request.prompt_optimizer for cell in hw.sweep("A {a | b}").cells] == [False, False]
    assert hw.sweep("A {a | b}", prompt_optimizer=True).cells[0].quote.request.prompt_optimizer is True
    assert hw.sweep("A fox", repeat=2).cells[0].quote.request.prompt_optimizer is True
    made = hw.sweep("A fox", prompt_optimizer=[True, False])
    assert [cell.quote.request.prompt_optimizer for cell in made.cells] == [True, False]


def test_waiting_has_an_end(here):
    here.simulator.faults.add(Fault("hang", "submit"))
    made = hw.sweep(FOX).run()
    with pytest.raises(TimedOutError, match="of 4 clips are not finished"):
        made.result(0.2)
    assert not made.done
    for job in made.jobs:
        job.cancel()


def test_an_interrupt_ends_the_waiting_and_not_the_sweep(here):
    here.simulator.faults.add(Fault("hang", "submit"))
    made = hw.sweep(FOX).run()

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            made.result()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not made.done
    for job in made.jobs:
        job.cancel()


async def test_it_can_be_awaited(here):
    made = hw.sweep(FOX)
    with pytest.raises(UsageError, match="hasn't started"):
        await made
    clips = await asyncio.wait_for(asyncio.ensure_future(made.run()._wait()), SECONDS)
    assert len(clips) == 4
    assert await made == clips


def test_who_observes_it_hears_of_plan_start_and_end(here):
    heard = []
    made = hw.sweep(FOX)
    forget = made.observe(lambda each: heard.append((each.started, each.done)))
    made.observe(lambda _: 1 / 0)
    made.explain()
    made.run().result(SECONDS)
    assert heard[0] == (False, False)
    assert heard[-1] == (True, True)
    forget()
    count = len(heard)
    made.explain()
    assert len(heard) == count


def test_in_the_order_of_prices(here):
    made = hw.sweep("A fox {a | b}", resolution=["1080P", "768P"]).run(cheapest_first=True)
    assert [job.quote.request.resolution for job in made.jobs] == ["768P", "768P", "1080P", "1080P"]
    made.result(SECONDS)


# --- kept -----------------------------------------------------------------------------------------------------------


def test_it_comes_back_in_another_kernel(here):
    with pytest.raises(UsageError, match="saved under its name when you run it"):
        hw.sweep.load("fox")
    made = hw.sweep(
        FOX, name="fox", camera=["Pan left", None], repeat=2, zip=[("gait", "place")], show=("camera", "gait")
    )
    made.run().result(SECONDS)
    here._jobs.clear()
    back = hw.sweep.load("fox")
    assert (back.axes, back.repeat, back.rows, back.columns) == (made.axes, 2, "camera", "gait")
    assert [cell.digest for cell in back.cells] == [cell.digest for cell in made.cells]
    assert [clip.id for clip in back.clips()] == [clip.id for clip in made.clips()]
    assert back.done
    assert back.result() == made.clips()
    assert back.plan.to_buy == 0
    with pytest.raises(UsageError, match="Did you mean fox"):
        hw.sweep.load("fx")
    assert submits(here.simulator) == 8


def test_what_was_left_is_bought_then(here):
    here.simulator.faults.add(Fault("fail_output", "submit", times=3))
    hw.sweep(FOX, name="fox").run().result(SECONDS)
    here._jobs.clear()
    back = hw.sweep.load("fox")
    assert not back.started
    assert back.plan.to_buy == 3
    assert len(back.run().result(SECONDS)) == 4


def kept_with(here, **changes):
    """A sweep of which one clip is missing, kept with orders that are changed like this."""
    here.simulator.faults.add(Fault("fail_output", "submit", times=1))
    hw.sweep(FOX, name="fox").run().result(SECONDS)
    journal = here.library().journal
    kept = json.loads(json.dumps(journal.sweep("fox")))
    for cell in kept["cells"]:
        cell["order"] |= changes
    journal.keep_sweep("fox", kept, here.clock.now())
    here._jobs.clear()


def test_what_was_kept_is_priced_by_todays_catalogue(here):
    kept_with(here, price="0.01")
    back = hw.sweep.load("fox", budget="0.10 USD")
    assert back.plan.price == {"USD": PRICE}
    assert "the budget has $0.10 left" in " ".join(back.plan.notes)
    assert "was kept" not in " ".join(back.plan.notes)
    sent = submits(here.simulator)
    assert len(back.run().result(SECONDS)) == 3
    assert submits(here.simulator) == sent
    assert len(hw.sweep.load("fox", budget=6).run().result(SECONDS)) == 4
    with pytest.raises(UsageError, match="prices are in USD"):
        hw.sweep.load("fox", budget="3 CNY")


def test_an_order_that_is_not_offered_any_more_has_the_price_of_its_day(here):
    kept_with(here, model="MiniMax-Hailuo-1.9", price="0.01")
    back = hw.sweep.load("fox")
    assert back.plan.price == {"USD": Decimal("0.01")}
    assert "1 clip has its price from the day the sweep was saved" in " ".join(back.plan.notes)


def test_pictures_are_kept_by_path_and_hash(here, tmp_path):
    for number, colour in enumerate(("teal", "gold")):
        Image.new("RGB", (640, 400), colour).save(tmp_path / f"{number}.png")
    here.simulator.faults.add(Fault("fail_output", "submit", times=2))
    made = hw.sweep("A fox", name="fox", first_frame=f"{tmp_path}/*.png")
    made.run().result(SECONDS)
    kept = here.library().journal.sweep("fox")
    assert len(json.dumps(kept)) < 5000
    assert sorted(kept["pictures"].values()) == [str(tmp_path / "0.png"), str(tmp_path / "1.png")]
    back = hw.sweep.load("fox")
    assert back.plan.to_buy == 2
    assert back.axes == made.axes
    Image.new("RGB", (640, 400), "plum").save(tmp_path / "1.png")  # another picture under the same name
    back = hw.sweep.load("fox")
    assert back.plan.to_buy == 1
    assert "hashes of their pictures" in " ".join(back.plan.notes)
    assert len(back.run().result(SECONDS)) == 1
    assert submits(here.simulator) == 3


def test_pictures_that_are_no_files_are_kept_beside_the_clips(here):
    here.simulator.faults.add(Fault("fail_output", "submit", times=2))
    pictures = [Image.new("RGB", (640, 400), colour) for colour in ("teal", "gold")]
    hw.sweep("A fox", name="fox", first_frame=pictures).run().result(SECONDS)
    assert len(list((here.library_folder / "pictures").iterdir())) == 2
    back = hw.sweep.load("fox")
    assert back.plan.to_buy == 2
    assert len(back.run().result(SECONDS)) == 2
    assert submits(here.simulator) == 4


@pytest.mark.parametrize(
    "damage",
    [
        {"cells": [{"at": [7], "prompt": "x"}]},
        {"cells": [{"at": [], "prompt": "x"}]},
        {"axes": []},
        {"repeat": 0},
        {"axes": [{"name": "a", "values": []}]},
        {"version": 99},
        {"cells": [{"at": [0], "prompt": "x", "order": {"written": {"duration": "six"}}}]},
    ],
)
def test_a_document_that_was_tampered_with_is_an_error_in_one_sentence(damage, here):
    kept = document(hw.sweep("A {fox | dog}")._layout)
    assert layout("fox", json.loads(json.dumps(kept)), here.library_folder).cells[0].prompt == "A fox"
    with pytest.raises(LibraryError):
        layout("fox", {**kept, **damage}, here.library_folder)


def test_real_clips_come_before_sketches(here, monkeypatch):
    made = hw.sweep(FOX).run()
    made.result(SECONDS)
    other = Session()
    try:
        monkeypatch.setattr(session_module, "default_session", lambda: other)
        plan = hw.sweep(FOX)
        assert plan.cells[0].quote.row.provider == "minimax"
        assert (plan.plan.to_buy, plan.plan.free) == (0, 4)
        assert [clip.id for clip in plan.run().result(SECONDS)] == [clip.id for clip in made.clips()]
        assert hw.sweep(FOX, repeat=2).cells[0].quote.row.provider == "sketch"
        assert hw.sweep(FOX, provider="sketch").cells[0].quote.row.provider == "sketch"
        assert {cell.quote.row.provider for cell in hw.sweep(FOX.replace("grass", "sand")).cells} == {
            "minimax",
            "sketch",
        }
    finally:
        other.close()


# --- whatever is asked for ------------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 2),
    st.lists(st.sampled_from(["6", "10", "7"]), min_size=1, max_size=2),
    st.booleans(),
    st.integers(0, 3),
)
def test_as_many_are_bought_as_the_plan_counts(words, more, repeat, seconds, skip, there):  # noqa: PLR0917
    text = "{" + " | ".join(f"fox {number}" for number in range(words)) + " | fox 0} {" + "| a" * more + "}"
    with (
        tempfile.TemporaryDirectory() as folder,  # a library of its own for each example
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(folder),
        session() as here,
    ):
        patch.setattr(session_module, "default_session", lambda: here)
        options = {
            "resolution": ["768P", "1080P"],
            "duration": [int(each) for each in seconds],
            "skip": (lambda cell: cell["resolution"] == "768P") if skip else None,
        }
        wanted = [cell for cell in hw.sweep(text, **options).cells if cell.wanted]
        for cell in wanted[:there]:
            here.start(cell.written).result(SECONDS)
        before = submits(here.simulator)
        made = hw.sweep(text, repeat=repeat, **options)
        plan = made.explain()
        assert plan.to_buy + plan.free == plan.clips == repeat * len({cell.digest for cell in wanted})
        if wanted:
            clips = made.run().result(SECONDS)
            assert len(clips) == plan.clips
        assert submits(here.simulator) - before == plan.to_buy
        assert len(made.jobs) == plan.to_buy
        bought = sum((job.quote.price.amount for job in made.jobs), Decimal(0))
        assert bought == plan.price.get("USD", Decimal(0))


def test_no_key_is_in_what_is_kept(here):
    made = hw.sweep(FOX, name="fox").run()
    made.result(SECONDS)
    assert KEY not in json.dumps(here.library().journal.sweep("fox")) + repr(made) + repr(made.records)
