"""A draft of MiniMax-H3 made again in 2K: the same prompt, pictures and file, paid for once."""

from __future__ import annotations

from decimal import Decimal

import pytest

import hailuo_widgets as hw
from hailuo_widgets import commands
from hailuo_widgets.errors import RefusedError, UsageError
from hailuo_widgets.simulator import Fault
from hailuo_widgets.views import describe, live
from hailuo_widgets.views.describe import clip_view
from hailuo_widgets.views.draft_and_final import html
from hailuo_widgets.views.promoting import FinalView, standing
from support.html import Seen
from support.simulated import data_url
from support.vendor import submits

SECONDS = 60
H3 = {"model": "MiniMax-H3", "duration": 5, "resolution": "768P"}
PROMPT = "A red fox trots across fresh snow"


def a_draft(**fields):
    return hw.generate(PROMPT, **{**H3, **fields}, show=False).result(SECONDS)


def test_a_draft_is_made_again_in_2k_and_knows_its_draft(here):
    draft = a_draft(first_frame=data_url())
    job = draft.promote(name="final")
    final = job.result(SECONDS)
    assert final.parent.id == draft.id
    assert final.width * final.height > draft.width * draft.height
    assert job.quote.price.least == Decimal("0.25")
    assert here.library().find(job.quote.digest).parent.sha256 == draft.sha256
    assert draft.parent is None
    task = here.simulator.tasks[job.task_id]
    content = task.request["content"]
    drafted = here.simulator.tasks[draft.task_id].request["content"]
    assert content[:-1] == drafted
    assert content[-1]["role"] == "base_video"


def test_what_is_no_draft_is_refused_in_a_sentence(here):
    fox = hw.sweep("A fox", name="fox")
    for top, sentence in ((["one.mp4"], "'one.mp4' is not a clip"), ([], "There is no draft to promote")):
        with pytest.raises(UsageError, match=sentence) as caught:
            fox.promote(top)
        assert "promote(top=2)" in caught.value.hint


def test_a_final_that_is_there_costs_nothing(here):
    draft = a_draft(ratio="16:9")
    first = draft.promote().result(SECONDS)
    again = draft.promote()
    assert again.cached
    assert again.clip.id == first.id
    assert submits(here.simulator) == 2


def test_a_draft_of_an_earlier_kernel_finds_its_pictures_in_the_library(here):
    a_draft(first_frame=data_url())
    [draft] = here.library().clips()  # as another kernel reads it: with hashes alone
    request = here.final_of(draft)
    assert request.first_frame.data is not None
    assert request.first_frame.canonical() == draft.parameters["first_frame"]


def test_a_picture_that_is_not_kept_must_be_given_and_be_the_same(here):
    draft = a_draft(first_frame=data_url())
    for path in (here.library().folder / "pictures").iterdir():
        path.unlink()
    with pytest.raises(RefusedError, match="first frame is not kept"):
        draft.promote()
    with pytest.raises(RefusedError, match="another file"):
        draft.promote(first_frame=data_url(700, 500))
    assert submits(here.simulator) == 1
    assert draft.promote(first_frame=data_url()).result(SECONDS).parent.id == draft.id


def test_a_file_that_was_changed_is_not_sent(here):
    draft = a_draft(ratio="16:9")
    draft.path.write_bytes(draft.path.read_bytes() + b"\0")
    with pytest.raises(RefusedError, match="is not the file that minimax made"):
        draft.promote()
    assert submits(here.simulator) == 1


def test_a_final_is_not_promoted_once_more(here):
    final = a_draft(ratio="16:9").promote().result(SECONDS)
    with pytest.raises(RefusedError, match="Promote the draft"):
        final.promote()


def test_for_hailuo_1080p_is_called_a_new_draw(here):
    clip = hw.generate(PROMPT, model="MiniMax-Hailuo-2.3", show=False).result(SECONDS)
    with pytest.raises(RefusedError, match="new draw") as caught:
        clip.promote()
    hint = caught.value.problems[0].hint
    assert "resolution='1080P', duration=6)" in hint
    assert "first_frame=clip.first_frame())" in hint
    job = hw.generate(
        clip.prompt, model=clip.model, resolution="1080P", duration=6, first_frame=clip.first_frame(), show=False
    )
    assert job.result(SECONDS).parent is None


# --- the best of a sweep ----------------------------------------------------------------------------------------------


def drafts(budget=None):
    made = hw.sweep("A {red | grey | white} fox", **H3, ratio="16:9", budget=budget).run()
    made.result(SECONDS)
    return made


def rate(here, clip, rating=None, *tags):
    here.library().mark(clip.id, rating=rating)
    if tags:
        here.library().tag(clip.id, tags)


def test_the_best_rated_drafts_are_promoted_and_nothing_before_run(here):
    made = drafts()
    red, grey, white = made.clips()
    rate(here, red, 3)
    rate(here, grey, 5)
    rate(here, white, 3, "starred")
    finals = made.promote(top=2)
    assert [final.draft.id for final in finals.finals] == [grey.id, white.id]
    assert "$1.00" in repr(finals)  # 2 clips of 5 s at $0.05, and as much for the drafts at most
    assert submits(here.simulator) == 3
    assert [clip.parent.id for clip in finals.run().result(SECONDS)] == [grey.id, white.id]
    assert submits(here.simulator) == 5
    again = made.promote(top=2)
    assert again.cost == "nothing"
    again.run().result(SECONDS)
    assert submits(here.simulator) == 5


def test_nothing_is_promoted_by_chance(here):
    made = drafts()
    with pytest.raises(UsageError, match="no best one"):
        made.promote()
    rate(here, made.clips()[1], 4)
    assert len(made.promote(top=3)) == 1
    with pytest.raises(UsageError, match="1 or more"):
        made.promote(top=0)


def test_finals_count_against_the_budget_of_their_sweep(here):
    made = drafts("2 USD")  # 3 drafts of $0.40 leave $0.80: one final may cost $0.50
    for clip in made.clips():
        rate(here, clip, 5)
    finals = made.promote(top=3).run()
    finals.result(SECONDS)
    # What is charged is $0.25 a final, so the money that comes back pays for the second one.
    assert [job.state for job in finals.jobs] == ["stored", "stored", "refused"]
    assert made.budget.spent == Decimal("1.70")


# --- on the line, and as it is shown ------------------------------------------------------------------------------------


def test_the_magic_shows_the_price_and_promotes(here, monkeypatch):
    draft = a_draft(ratio="16:9")
    assert "$0.25 to $0.50" in repr(commands.promote(draft.id, "--dry-run"))
    here.settings.set("confirm_above", "0.30 USD")
    with pytest.raises(UsageError, match="above confirm_above"):
        commands.promote(draft.id)
    assert submits(here.simulator) == 1
    assert commands.promote(draft.id, "--yes") is None
    assert here.jobs()[0].result(SECONDS).parent.id == draft.id
    with pytest.raises(UsageError, match="takes one name"):
        commands.promote()
    with pytest.raises(UsageError, match="There is no job"):
        commands.promote("fix")


def test_a_drafts_card_has_the_line_and_the_price(here):
    job = hw.generate(PROMPT, **H3, ratio="16:9", show=False)
    draft = job.result(SECONDS)
    card = live._static(job, describe.order_of(job.quote, "", "", cancellable=False), here.folder)["text/html"]
    assert f"%hailuo promote {draft.id}  # in 2K, $0.25 to $0.50" in Seen(card).text
    final = draft.promote(show=False)
    final.result(SECONDS)
    order = describe.order_of(final.quote, "", "", cancellable=False)
    assert "%hailuo promote" not in live._static(final, order, here.folder)["text/html"]


def test_what_a_button_says_of_a_final(here):
    draft = a_draft(first_frame=data_url())
    assert standing(draft, None, here.library()).offer == "Promote to 2K · $0.25 to $0.50"
    here.simulator.faults.add(Fault("fail_output", "submit"))
    failed = draft.promote(show=False)
    failed.wait(SECONDS)
    view = standing(draft, failed, here.library())
    assert (view.offer, view.clip) == ("Promote to 2K · $0.25 to $0.50", None)
    assert "2K · Failed" in view.said
    assert view.problem
    final = draft.promote(show=False).result(SECONDS)
    assert standing(draft, None, here.library()).clip.id == final.id
    assert standing(final, None, here.library()) == FinalView()
    for path in (here.library().folder / "pictures").iterdir():
        path.unlink()
    assert "first frame is not kept" in standing(draft, None, here.library()).problem


def test_draft_and_final_are_beside_each_other(here):
    draft = a_draft(ratio="16:9")
    final = draft.promote().result(SECONDS)
    views = [clip_view(each, here.folder, cached=True) for each in (draft, final)]
    seen = Seen(html([(views[0], views[1], "Done · $0.25")], ["A <b>fox</b> $5"]))
    players = [attributes for tag, attributes in seen.elements if tag == "video"]
    assert [each["src"] for each in players] == [view.src for view in views]
    assert all(each["poster"].startswith("data:image/jpeg") for each in players)
    assert "Draft 768P" in seen.text
    assert "Final 2K" in seen.text
    assert "A <b>fox</b>" in seen.text
    waiting = Seen(html([(views[0], None, "Running · $0.25 to $0.50")], ["A fox"]))
    assert "Running" in waiting.text
    assert len([tag for tag, _ in waiting.elements if tag == "video"]) == 1
