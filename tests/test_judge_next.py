"""The next pair, the next dollar, agreement of voters, and the picture of a ranking."""

import re
from collections import Counter
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from hailuo_widgets.errors import UsageError
from hailuo_widgets.judge import fit
from hailuo_widgets.judge.agreement import krippendorff
from hailuo_widgets.judge.picture import ranking_svg

CELLS = {f"{cell}{number}": cell for cell in "ABCD" for number in range(3)}
ROUND = [((f"A{n}", f"D{m}"), 0) for n in range(3) for m in range(3)] + [
    ((f"B{n}", f"C{m}"), (n + m) % 2) for n in range(3) for m in range(3)
]


def beaten(loser, votes=4):
    return [
        ((winner, clip), 0) for winner in CELLS if CELLS[winner] != loser for clip in CELLS if CELLS[clip] == loser
    ] * votes


def test_the_next_pair_is_of_different_cells_and_says_how_probable_it_was():
    study = fit(ROUND, CELLS)
    generator = np.random.default_rng(1)
    pairs = [study.next_pair(generator) for _ in range(300)]
    assert all(CELLS[one] != CELLS[two] for one, two in (pair.clips for pair in pairs))
    assert 10 <= sum(pair.random for pair in pairs) <= 55
    chosen = Counter(frozenset(pair.clips) for pair in pairs)
    favourite, count = chosen.most_common(1)[0]
    [probability] = {pair.probability for pair in pairs if frozenset(pair.clips) == favourite}
    assert count / 300 == pytest.approx(probability, abs=0.06)
    assert {pair.probability for pair in pairs if frozenset(pair.clips) != favourite} == {0.1 / 54}


def test_both_seats_come_up_equally_often():
    study = fit(ROUND, CELLS)
    generator = np.random.default_rng(2)
    first = Counter(study.next_pair(generator).clips[0] for _ in range(400) if True)
    (one, many), (_, fewer) = first.most_common(2)
    assert one
    assert many < 1.5 * fewer


def test_cells_that_cannot_be_the_best_are_left_alone():
    votes = beaten("D")
    study = fit(votes, CELLS)
    generator = np.random.default_rng(3)
    shown = [clip for _ in range(60) if not (pair := study.next_pair(generator)).random for clip in pair.clips]
    assert all(CELLS[clip] != "D" for clip in shown)


def test_where_two_cells_lead_their_clips_meet():
    votes = beaten("D", 6) + [((f"{one}{n}", f"C{m}"), 0) for one in "AB" for n in range(3) for m in range(3)] * 6
    study = fit(votes, CELLS)
    pairs = [pair for seed in range(20) if not (pair := study.next_pair(np.random.default_rng(seed))).random]
    assert pairs
    assert all({CELLS[clip] for clip in pair.clips} == {"A", "B"} for pair in pairs)


def test_before_the_first_vote_any_pair_will_do_and_one_cell_is_compared_with_itself():
    assert len(set(fit([], CELLS).next_pair(np.random.default_rng(0)).clips)) == 2
    pair = fit([], {"a": "A", "b": "A"}).next_pair(np.random.default_rng(0), question="order")
    assert set(pair.clips) == {"a", "b"}


def test_a_clip_that_was_never_seen_is_shown_when_the_order_is_asked_for():
    cells = {"a": "A", "b": "B", "c": "C"}
    study = fit([(("a", "b"), seat) for seat in (0, 1)] * 30, cells)
    generator = np.random.default_rng(4)
    pairs = [study.next_pair(generator, question="order") for _ in range(20)]
    assert all("c" in pair.clips for pair in pairs if not pair.random)


@pytest.mark.parametrize("cells", [{}, {"a": "A"}])
def test_there_is_no_next_pair_of_fewer_than_two_clips(cells):
    with pytest.raises(UsageError, match="not two clips"):
        fit([], cells).next_pair()


def test_an_unknown_question_is_refused():
    with pytest.raises(UsageError, match="no question"):
        fit([], CELLS).next_pair(question="worst")


def test_the_budget_goes_to_cells_that_may_still_be_the_best():
    study = fit(beaten("D") + ROUND, CELLS)
    advice = study.next(3.0, lambda cell: 0.5)
    assert sum(advice.clips.values()) == 6
    assert advice.cost == pytest.approx(3.0)
    assert "D" not in advice.clips
    assert advice.after_clips > advice.now
    assert "more votes" in advice.sentence
    assert "$3.00" in advice.sentence


def test_the_budget_is_never_exceeded_and_dear_cells_are_weighed_by_their_price():
    study = fit(ROUND, CELLS)
    prices = {"A": 0.9, "B": 0.28, "C": 0.28, "D": 5.0}
    for budget in (0, 0.2, 0.3, 1.0, 2.5):
        advice = study.next(budget, prices.__getitem__)
        assert advice.cost == pytest.approx(sum(prices[cell] * count for cell, count in advice.clips.items()))
        assert advice.cost <= budget + 1e-9
        assert advice.after_clips >= advice.now
    assert study.next(0, prices.__getitem__).clips == {}


def test_clips_that_would_change_nothing_are_not_offered():
    study = fit(
        [((one, two), 0) for one, two in (("A0", "D0"), ("A1", "D1"), ("A2", "D2"))] * 40,
        dict(list(CELLS.items())[:3] + list(CELLS.items())[9:]),
    )
    assert study.verdict("A", "D") == "better"
    advice = study.next(1.0, lambda cell: 0.5)
    assert advice.sentence.endswith("would change that much.")
    assert advice.clips == {}
    assert advice.cost == 0
    assert advice.after_clips == advice.now


def test_votes_are_advised_where_clips_were_hardly_seen_and_clips_where_votes_know_all():
    fresh = fit([(("A0", "B0"), 0)], CELLS).next(1.0, lambda cell: 0.5)
    assert fresh.after_votes - fresh.now > 0.05
    cells = {"a": "A", "b": "B", "c": "C"}
    worn = fit([((one, two), 0) for one, two in ("ab", "bc", "ac")] * 200, cells).next(4.0, lambda cell: 0.5)
    assert worn.after_clips - worn.now > worn.after_votes - worn.now + 0.02


@pytest.mark.parametrize(
    ("budget", "price", "said"),
    [(-1, 0.5, "budget"), (float("nan"), 0.5, "budget"), (1, -0.5, "price"), (1, float("nan"), "price")],
)
def test_money_that_is_none_is_refused(budget, price, said):
    with pytest.raises(UsageError, match=said):
        fit(ROUND, CELLS).next(budget, lambda cell: price)


def test_krippendorffs_alpha_of_the_published_example():
    # Krippendorff (2011), nominal data with two observers: α = 0.095.
    one, two = ["0", "1", "0", "0", "0", "0", "0", "0", "1", "0"], ["1", "1", "1", "0", "0", "1", "0", "0", "0", "0"]
    pairs = Counter()
    for a, b in zip(map(int, one), map(int, two), strict=True):
        pairs[a, b] += 1
        pairs[b, a] += 1
    assert krippendorff(pairs) == pytest.approx(0.095, abs=5e-4)


def test_voters_who_agree_have_an_alpha_of_one_and_a_contrarian_is_shown():
    pairs = [(f"A{n}", f"D{m}") for n in range(3) for m in range(3)] + [
        (f"D{n}", f"B{m}") for n in range(3) for m in range(3)
    ]
    answers = [index % 2 for index in range(len(pairs))]
    votes = list(zip(pairs, answers, strict=True))
    against = [(shown, 1 - answer) for shown, answer in votes]
    two = fit(votes * 2, CELLS, voters=["ann"] * 18 + ["bob"] * 18)
    assert two.alpha == 1
    three = fit(votes * 2 + against, CELLS, voters=["ann"] * 18 + ["bob"] * 18 + ["eve"] * 18)
    assert three.alpha < 0
    assert {name: each.outlier for name, each in three.consistency.items()} == {"ann": False, "bob": False, "eve": True}
    assert three.record.votes == 54


def test_repeats_with_seats_swapped_show_how_consistent_a_voter_is():
    votes = [(("A0", "B0"), 0), (("B0", "A0"), 1), (("A0", "B0"), 1), (("A1", "B1"), None), (("B1", "A1"), None)]
    study = fit(votes, CELLS, voters=["ann"] * 5)
    assert study.consistency["ann"] == (3, 2, 0, None, False)
    assert study.alpha is None


def test_the_picture_has_a_row_a_cell_and_says_all_of_it_to_a_screen_reader():
    study = fit(ROUND, CELLS)
    svg = ET.fromstring(ranking_svg(study))
    names = [each.cell for each in study.ranking]
    assert [each.text.split(":")[0] for each in svg.iter("{http://www.w3.org/2000/svg}title")] == names
    assert svg.get("role") == "img"
    spoken = svg.get("aria-label")
    assert study.sentence in spoken
    for each in study.ranking:
        assert f"{each.cell}: {each.strength}" in spoken
    assert "prefers-color-scheme:dark" in svg.find("{*}style").text


def test_a_long_name_is_whole_in_the_picture():
    name = "sleeps · MiniMax-Hailuo-02 · Push in, Pedestal up"
    svg = ET.fromstring(ranking_svg(fit([(("a", "b"), 0)], {"a": name, "b": "B"})))
    assert name in [each.text for each in svg.iter("{http://www.w3.org/2000/svg}text")]


def test_names_of_cells_are_text_in_the_picture():
    evil = '<script>alert("x")</script>&\x00'
    svg = ranking_svg(fit([(("a", "b"), 0)], {"a": evil, "b": "B"}))
    ET.fromstring(svg)
    assert "<script" not in svg
    assert not re.search(r"(href|src|url)\s*[=(]", svg)


def test_a_long_ranking_counts_what_it_leaves_out():
    svg = ranking_svg(fit([], {f"clip{n}": f"cell{n}" for n in range(60)}))
    assert svg.count("<circle") == 40
    assert "and 20 more cells" in svg


def test_clips_that_cost_nothing_are_not_made_without_end():
    votes = [((f"{a}{i}", f"{b}{j}"), 0) for a, b in ("AB", "AC", "BC") for i in (0, 1) for j in (0, 1)]
    study = fit(votes, {f"{cell}{number}": cell for cell in "ABC" for number in (0, 1)})
    assert 0 < max(study.next(0, lambda _: 0.0).clips.values()) <= 4
    assert set(study.next(0, lambda cell: 0.0 if cell == "B" else 1.0).clips) <= {"B"}
