"""A sweep that is judged: who votes, what the votes say, and what they make worth buying."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import hailuo_widgets as hw
from hailuo_widgets import commands
from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.record import VERSION, Measured
from hailuo_widgets.views.describe_sweep import head_of
from support.vendor import submits

SECONDS = 60


@pytest.fixture
def fox(here):
    made = hw.sweep("A red fox {gait} {where}", name="fox", gait=["trots", "leaps"], where=["in snow", "<b>"], repeat=2)
    made.run().result(SECONDS)
    return made


def leaping(one, two):
    """Which of two foxes leaps."""
    return None if ("leaps" in one.prompt) == ("leaps" in two.prompt) else int("leaps" in two.prompt)


def voted(judging, count=30, voter="me"):
    for _ in range(count):
        pair = judging.next_pair(voter)
        said = leaping(*(judging.clips[clip] for clip in pair.clips))
        judging.cast(pair.clips, "tie" if said is None else said, voter=voter, shown=pair, seconds=1.0)


def each_compared(judging):
    """Every clip that leaps is compared once with every clip that trots: the same votes in every run."""
    for one, two in itertools.combinations(judging.clips, 2):
        said = leaping(judging.clips[one], judging.clips[two])
        if said is not None:
            judging.cast((one, two), said)


def test_a_ranking_says_which_cell_leads_and_which_value_does_it(fox):
    assert fox.ranking.sentence == "No votes yet."
    voted(fox.judging.about())
    assert "leaps" in fox.ranking[0].cell
    assert "leaps" in fox.ranking[1].cell
    gait = {each.value: each.chance.probability for each in fox.effects if each.axis == "gait"}
    assert gait["leaps"] > 0.6
    assert gait["trots"] < 0.4
    assert "leaps · in snow" in repr(fox.ranking)
    assert "<b>" not in fox.ranking._repr_html_()
    assert "<b>" not in fox.effects._repr_html_()


def test_votes_are_there_in_the_next_kernel(fox):
    voted(fox.judging.about(), 12)
    again = hw.sweep.load("fox")
    assert again.ranking.study.record.votes == 12
    assert [each.cell for each in again.ranking] == [each.cell for each in fox.ranking]


def test_questions_are_kept_apart(fox):
    voted(fox.judging.about("follows"), 5)
    assert fox.judging.about("follows").ranking.study.record.votes == 5
    assert fox.ranking.study.record.votes == 0
    with pytest.raises(UsageError, match="question"):
        fox.judging.about(" ")


def test_an_undone_vote_does_not_count_and_stays_in_the_record(fox):
    judging = fox.judging.about()
    voted(judging, 3)
    last = judging.votes[-1]
    assert judging.undo() == last
    assert judging.study().record.votes == 2
    assert [each.answer for each in judging.votes].count("undo") == 1
    assert len(judging.records) == 4
    assert judging.undo("someone else") is None


def test_one_pair_in_ten_comes_back_with_its_seats_swapped(fox):
    judging = fox.judging.about()
    judging._generator = np.random.default_rng(3)
    voted(judging, 60)
    by_id = {each.id: each for each in judging.votes}
    back = [each for each in judging.votes if each.repeats]
    assert 1 <= len(back) <= 14
    assert all(each.clips == by_id[each.repeats].clips[::-1] and each.chosen == "repeat" for each in back)
    assert len({each.repeats for each in back}) == len(back)
    assert all(0 < each.probability <= 1 for each in judging.votes)


def test_a_programs_votes_are_kept_apart_from_peoples(fox):
    voted(fox.judging.about(), 10)
    before = repr(fox.ranking)
    ranking = fox.judge(by=leaping)
    assert ranking.study.record.votes == 24  # every pair of clips of different cells
    assert "By leaping, a program. It agrees with people on" in ranking.sentence
    assert repr(fox.ranking) == before
    assert fox.judge(by=leaping).study.record.votes == 24  # it has judged all of them


@pytest.mark.parametrize("said", ["the first", True, 0.5])
def test_an_answer_that_is_none_is_refused_in_a_sentence(fox, said):
    def program(_one, _two):
        return said

    with pytest.raises(UsageError, match=f"answered {said!r}") as caught:
        fox.judge(by=program)
    assert "Return 0 if the first clip is better" in caught.value.hint


def test_what_cannot_vote_is_refused_before_it_votes(fox):
    wrong = {
        "doesn't take two clips": lambda one: 0,
        "has no name to keep its votes under": lambda one, two: 0,
        "3 can't compare clips": 3,
        "no measure 'beauty'": "beauty",
    }
    for sentence, program in wrong.items():
        with pytest.raises(UsageError, match=sentence):
            fox.judge(by=program)
    for votes in (0, -3, "many", 2.0):
        with pytest.raises(UsageError, match="gives 1 vote or more"):
            fox.judge(by=leaping, votes=votes)
    assert not fox.judging.about().votes
    with pytest.raises(UsageError, match="No votes file is given"):
        fox.add_votes()
    with pytest.raises(UsageError, match="is not the name of a votes file") as caught:
        fox.add_votes(["one.json"])
    assert "*names" in caught.value.hint
    with pytest.raises(UsageError, match="3 is not a path"):
        fox.to_ballot(3)
    with pytest.raises(UsageError, match="loaded by its name, not by 3"):
        hw.sweep.load(3)
    for what, call in {"template": lambda: hw.sweep(3), "name": lambda: hw.sweep("A fox", name=3)}.items():
        with pytest.raises(UsageError, match=f"A sweep's {what} is text, not 3"):
            call()


def test_a_programs_votes_may_be_kept_under_another_name(fox):
    ranking = fox.judge(by=lambda one, _two: int("leaps" not in one.prompt), voter="leaps v2", votes=5)
    assert "By leaps v2, a program." in ranking.sentence
    assert {(each.voter, each.source) for each in fox.judging.about().votes} == {("leaps v2", "program")}


def test_a_program_that_raises_says_on_which_clips_and_its_votes_are_kept(fox):
    answers = iter([0, 1])

    def failing(_one, _two):
        return next(answers)

    with pytest.raises(StopIteration) as caught:
        fox.judge(by=failing)
    [note] = caught.value.__notes__
    assert sum(clip in note for clip in fox.judging.about().clips) == 2
    assert "The votes that it gave are kept" in note
    assert len(fox.judging.about().votes) == 2


def test_tables_of_votes_have_values_in_the_order_of_the_sweep(fox):
    values = [each.value for each in fox.effects]
    assert values == ["trots", "leaps", "in snow", "<b>"]
    assert values == [row[1] for row in fox.summary().rows]


def counts(made):
    """How many clips each table says that each gait has."""
    return {
        "ranking": [sum(each.clips for each in made.ranking if gait in each.cell) for gait in ("trots", "leaps")],
        "records": [sum(gait in row["gait"] for row in made.records) for gait in ("trots", "leaps")],
        "summary": [int(row[2]) for row in made.summary().rows if row[0] == "gait"],
        "measured": [each.clips for each in made.effects(by="brightness") if each.axis == "gait"],
        "obeyed": [each.ordered for each in made.obedience()],
        "clips": [sum(gait in clip.prompt for clip in made.clips()) for gait in ("trots", "leaps")],
    }


def test_every_table_counts_the_clips_that_next_bought_in_this_kernel_and_in_another(here):
    made = hw.sweep("A fox {gait = trots [Pan left] | leaps [Tilt up]}", name="pans")
    made.run().result(SECONDS)
    digest = made.cells[0].digest
    made.run_more([(digest, 1), (digest, 2)]).result(SECONDS)
    for clip in made.clips():
        measured = Measured("fox.mp4", [None], [None], [], [], brightness=50.0)
        here.library().journal.keep_measures(clip.sha256, VERSION, measured.to_dict(), 1.0)
    told = counts(made)
    assert told == {table: [3, 1] for table in told}
    again = hw.sweep.load("pans")
    assert counts(again) == told
    for each in (made, again):
        assert head_of(each, None).money[-1] == "2 further clips in .clips()"
    page = made.to_html(here.folder / "pans.html").read_text()
    assert "4 clips in 2 cells" in page
    assert page.count("<video") == 4


def test_votes_on_deleted_clips_are_said_not_to_count(fox):
    each_compared(fox.judging.about())
    assert "deleted" not in fox.ranking.sentence
    one = fox.clips()[0]
    one.path.unlink()
    assert "4 votes are about deleted clips, and not counted." in fox.ranking.sentence
    assert "(12 votes)" in fox.ranking.sentence
    hw.library().prune(delete=True)
    assert "4 votes are about deleted clips" in hw.sweep.load("fox").ranking.sentence


def test_a_voters_name_is_the_same_in_the_arena_and_in_the_votes(fox):
    arena = fox.judge(voter="  Ada   L. ")
    shown = arena.judging.next_pair(arena.voter)
    arena.judging.cast(shown.clips, 0, voter="  Ada   L. ")
    assert arena.judging.count(arena.voter) == 1
    for voter in ("", None, 3):
        with pytest.raises(UsageError, match="A voter needs a name"):
            fox.judge(voter=voter)


def test_a_group_is_clips_or_one_clip(fox):
    one, two, *_ = fox.clips()
    assert len(set(hw.judge(one, [two]).judging.cells.values())) == 2
    for groups, sentence in [((fox, fox), "A sweep is"), ((1, 2), "1 is"), (("a.mp4", "b.mp4"), "'a.mp4' is")]:
        with pytest.raises(UsageError, match=f"{sentence} not a group of clips") as caught:
            hw.judge(*groups)
        assert "hw.judge(" in caught.value.hint


def test_a_single_cell_has_nothing_to_be_ranked_with(here):
    alone = hw.sweep("A fox", repeat=2)
    alone.run().result(SECONDS)
    assert "only one cell" in alone.ranking.sentence


def test_the_next_clips_are_priced_and_bought_as_replicates(here, fox):
    each_compared(fox.judging.about())
    offer = fox.next(budget=1)
    assert offer.cost.currency == "USD"
    assert offer.cost.amount == sum(offer.clips.values()) * Decimal("0.28")
    assert 0 < offer.cost.amount <= 1
    assert str(offer.cost) in offer.sentence
    bought, before = sum(offer.clips.values()), len(fox.clips())
    offer.run().result(SECONDS)
    offer.run().result(SECONDS)
    assert len(fox.clips()) == before + bought
    assert here.library().journal.spending()[0].clips == before + bought
    assert sum(each.clips for each in fox.ranking) == before + bought
    assert sum(each.clips for each in hw.sweep.load("fox").ranking) == before + bought


def test_a_budget_that_buys_nothing_says_so(fox):
    offer = fox.next(budget="0.10 USD")
    assert not offer.clips
    with pytest.raises(UsageError, match="pay for any clip"):
        offer.run()


def test_clips_are_no_money(here, fox):
    with pytest.raises(UsageError, match="budget of money, not of clips"):
        fox.next(budget="3 clips")
    each_compared(fox.judging.about())
    offer = hw.sweep.load("fox", budget="1 clip").next(budget=1)
    assert sum(offer.clips.values()) > 1
    offer.run().result(SECONDS)  # where the budget in clips holds
    assert submits(here.simulator) == len(fox.clips()) + 1


def test_the_sweeps_own_budget_holds(here):
    made = hw.sweep("A fox {gait}", name="fox", gait=["trots", "leaps"], budget=0.84)
    made.run().result(SECONDS)
    offer = made.next(budget=100)
    assert offer.cost.amount == Decimal("0.28")
    offer.run().result(SECONDS)
    assert here.library().journal.spending()[0].amount == pytest.approx(0.84)


def test_preferences_are_pairs_of_chosen_and_rejected(fox):
    judging = fox.judging.about()
    one, two = list(judging.clips)[:2]
    judging.cast((one, two), 1)
    judging.cast((one, two), "tie")
    [pair] = judging.preferences
    assert (pair["chosen"], pair["rejected"]) == (two, one)
    assert pair["chosen_prompt"] == judging.clips[two].prompt


def test_votes_are_exported_as_a_data_frame_and_as_json(fox, tmp_path):
    judging = fox.judging.about()
    voted(judging, 4)
    assert list(judging.df["answer"]) == [str(each.answer) for each in judging.votes]
    kept = json.loads(judging.to_json(tmp_path / "votes.json").read_text("utf-8"))
    assert [each["clips"] for each in kept] == [list(each.clips) for each in judging.votes]
    assert kept[0]["cells"] == [judging.cells[clip] for clip in kept[0]["clips"]]


def test_ratings_and_costs_by_axis_value_and_the_best_cell(here, fox):
    with pytest.raises(UsageError, match="No clip is rated"):
        fox.best()
    here.library().mark(fox.clip(3).id, rating=5)
    here.library().mark(fox.clip(0).id, rating=2)
    best = fox.best()
    assert (best["gait"], best["where"], best["rating"], best["clips"], best["cost"]) == ("leaps", "<b>", 5, 2, "$0.56")
    rows = {row[:2]: row[2:] for row in fox.summary().rows}
    assert rows["gait", "leaps"] == ("4", "1", "5.00", "$1.12")
    assert rows["gait", "trots"] == ("4", "1", "2.00", "$1.12")


def test_before_it_has_run_there_is_nothing_to_compare(here):
    made = hw.sweep("A fox {gait}", gait=["trots", "leaps"])
    with pytest.raises(UsageError, match="not two clips"):
        _ = made.ranking
    assert not here.has_library()


def test_groups_of_clips_are_compared_as_well(fox):
    jobs = list(fox.jobs)
    arena = hw.judge(jobs[:4], [job.clip for job in jobs[4:]])
    assert sorted(set(arena.judging.cells.values())) == ["A", "B"]
    voted(arena.judging, 5)
    assert arena.judging.ranking.study.record.votes == 5
    assert "8 clips of 2 cells" in repr(arena)
    with pytest.raises(UsageError, match="in two groups"):
        hw.judge(fox.clips(), fox.clips())
    with pytest.raises(UsageError, match="not two groups"):
        hw.judge(fox.clips())
    with pytest.raises(UsageError, match="'ab' is not a group of clips"):
        hw.judge("ab", "cd")


def test_a_kept_sweep_is_judged_by_its_name(fox):
    assert commands.judge("fox").judging.question == "better"
    assert commands.judge("fox", "follows").judging.question == "follows"
    with pytest.raises(UsageError, match="takes a sweep's name"):
        commands.judge()


def test_a_message_from_the_page_is_checked(fox):
    arena = fox.judge(voter="Ada")
    sent = []
    arena.send = lambda content, _buffers=None: sent.append(content)
    arena._answer({"type": "look"})
    assert [each["type"] for each in sent] == ["status", "pair", "pair"]
    with pytest.raises(UsageError, match="can't be kept"):
        arena._answer({"type": "vote", "number": 1, "answer": 7})
    for number in ("x", None, 99, [1]):
        arena._answer({"type": "vote", "number": number, "answer": 0})
    assert arena.judging.votes == []
    arena._answer({"type": "vote", "number": 1, "answer": 0, "seconds": "NaN"})
    arena._answer({"type": "vote", "number": 1, "answer": 0})
    [vote] = arena.judging.votes
    assert (vote.voter, vote.seconds, vote.chosen in ("telling", "random")) == ("Ada", None, True)


def test_four_clips_are_shown_and_the_best_is_picked(fox):
    arena = fox.judge(seats=4)
    sent = []
    arena.send = lambda content, buffers=None: sent.append((content, buffers))
    arena._answer({"type": "look"})
    assert [len(buffers) for content, buffers in sent if content["type"] == "pair"] == [4, 4]
    arena._answer({"type": "vote", "number": 1, "answer": 3})
    [vote] = arena.judging.votes
    assert (len(set(vote.clips)), vote.answer) == (4, 3)
    assert len({fox.judging.about().cells[clip] for clip in vote.clips}) == 4  # a clip of every cell
    assert fox.ranking.study.record.votes == 1
    assert len(arena.judging.preferences) == 3
    for seats in (1, 5, "2", True):
        with pytest.raises(UsageError, match="can't be compared at a time"):
            fox.judge(seats=seats)


def test_four_clips_are_of_four_cells_also_where_they_are_drawn_at_random(fox):
    judging = fox.judging.about()
    judging._generator = np.random.default_rng(7)
    shown = [judging.next_pair(seats=4) for _ in range(60)]
    assert {each.random for each in shown} == {True, False}
    assert all(len({judging.cells[clip] for clip in each.clips}) == 4 for each in shown)


def test_preference_pairs_are_a_folder_of_clips_named_by_their_hashes(fox, tmp_path):
    judging = fox.judging.about()
    with pytest.raises(UsageError, match="no preferences yet"):
        judging.to_preferences(tmp_path / "pairs")
    one, two, three = list(judging.clips)[:3]
    judging.cast((one, two), 1)
    judging.cast((two, three), 0)
    folder = judging.to_preferences(tmp_path / "pairs")
    lines = [json.loads(line) for line in (folder / "metadata.jsonl").read_text("utf-8").splitlines()]
    chosen = f"clips/{judging.clips[two].sha256}.mp4"
    assert [each["chosen_file_name"] for each in lines] == [chosen, chosen]
    assert (folder / chosen).read_bytes() == judging.clips[two].path.read_bytes()
    assert {each.name for each in (folder / "clips").iterdir()} == {
        f"{judging.clips[each].sha256}.mp4" for each in (one, two, three)
    }
    with pytest.raises(UsageError, match="is not empty"):
        judging.to_preferences(folder)


def test_votes_are_exported_as_parquet(fox, tmp_path):
    judging = fox.judging.about()
    voted(judging, 3)
    frame = pd.read_parquet(judging.to_parquet(tmp_path / "votes.parquet"))
    assert list(frame["id"]) == [each.id for each in judging.votes]


def test_voters_are_shown_with_their_consistency_and_none_is_dropped(fox):
    judging = fox.judging.about()
    pairs = [(one, two) for one in list(judging.clips)[:4] for two in list(judging.clips)[4:]]
    for voter, seat in (("Ada", 0), ("Bob", 0), ("Cy", 0), ("Eve", 1)):
        for pair in pairs:
            judging.cast(pair, seat, voter=voter)
    judging.cast(pairs[0], 0, voter="a program", source="program")
    assert {each.name: each.consistency.outlier for each in fox.voters} == {
        "Ada": False,
        "Bob": False,
        "Cy": False,
        "Eve": True,
    }
    assert "Eve mostly disagreed with the others; no vote was left out." in fox.voters.sentence
    assert "4 voters agree" in fox.judge()._result()
    assert fox.ranking.study.record.votes == 64
