"""What a study says about its cells: agreement with known models, records that hold little, and honesty."""

import itertools
import math
import warnings

import choix
import evalica
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_widgets.errors import UsageError
from hailuo_widgets.judge import fit
from hailuo_widgets.judge.laplace import Likelihood, Prior, mode
from hailuo_widgets.judge.prior import needed_factor
from hailuo_widgets.judge.records import read

FOUR = {f"{cell}{number}": cell for cell in "ABCD" for number in range(2)}


def simulated(seed, truth, clips, sigma, count, *, ties=0.1):
    rng = np.random.default_rng(seed)
    cells = {f"{cell}{number}": cell for cell in truth for number in range(clips)}
    strength = {clip: truth[cell] + sigma * rng.normal() for clip, cell in cells.items()}
    votes = []
    names = list(cells)
    while len(votes) < count:
        one, two = (names[index] for index in rng.choice(len(names), 2, replace=False))
        if cells[one] != cells[two]:
            first = rng.random() < 1 / (1 + math.exp(strength[two] - strength[one]))
            votes.append(((one, two), None if rng.random() < ties else int(not first)))
    return votes, cells


def modes(votes, precision):
    """Strengths with nothing but independent normal priors, and no seat effect."""
    clips = sorted({clip for shown, _ in votes for clip in shown})
    record = read(votes, {clip: clip for clip in clips})
    likelihood = Likelihood(record.ballots, len(clips), 1.0, np.ones(1))
    diagonal = np.r_[np.full(len(clips), precision), np.full(likelihood.seats, 1e12)]
    x, _, _ = mode(likelihood, Prior(np.diag(diagonal)[None], np.zeros(1)), enough=1e-18)
    strength = x[0, : len(clips)]
    return clips, strength - strength.mean()


def everyone_wins():
    rng = np.random.default_rng(5)
    votes = [((f"{one}", f"{two}"), int(rng.random() < 0.4)) for one in range(6) for two in range(6) if one != two]
    return votes * 3 + votes[::2]


def test_strengths_agree_with_choix_to_1e_6():
    votes = everyone_wins()
    clips, ours = modes(votes, 1e-10)
    numbers = [(int(shown[answer]), int(shown[1 - answer])) for shown, answer in votes]
    theirs = choix.opt_pairwise(len(clips), numbers, alpha=0, method="Newton-CG", tol=1e-12)
    assert ours == pytest.approx(theirs - theirs.mean(), abs=1e-6)


def test_strengths_with_a_prior_agree_with_choix_to_1e_6_where_one_clip_never_lost():
    votes = [vote for vote in everyone_wins() if vote[0][1 - vote[1]] != "0"]
    clips, ours = modes(votes, 2.0)
    numbers = [(int(shown[answer]), int(shown[1 - answer])) for shown, answer in votes]
    theirs = choix.opt_pairwise(len(clips), numbers, alpha=1.0, method="Newton-CG", tol=1e-12)
    assert ours == pytest.approx(theirs - theirs.mean(), abs=1e-6)


def test_the_best_of_four_agrees_with_choix_to_1e_6():
    rng = np.random.default_rng(8)
    votes = [(tuple(map(str, rng.permutation(6)[:4])), int(rng.integers(4))) for _ in range(120)]
    clips, ours = modes(votes, 2.0)
    numbers = [(int(shown[answer]), [int(each) for each in shown if each != shown[answer]]) for shown, answer in votes]
    theirs = choix.opt_top1(len(clips), numbers, alpha=1.0, method="Newton-CG", tol=1e-12)
    assert ours == pytest.approx(theirs - theirs.mean(), abs=1e-6)


def test_strengths_agree_with_evalica_to_1e_6_where_every_clip_has_won_and_lost():
    votes = everyone_wins()
    clips, ours = modes(votes, 1e-10)
    winners = [evalica.Winner.X if answer == 0 else evalica.Winner.Y for _, answer in votes]
    found = evalica.bradley_terry(
        [shown[0] for shown, _ in votes], [shown[1] for shown, _ in votes], winners, tolerance=1e-14, limit=10_000
    )
    theirs = np.log([found.scores[clip] for clip in clips])
    assert ours == pytest.approx(theirs - theirs.mean(), abs=1e-6)


def test_the_example_of_the_documentation():
    study = fit([(("clip1", "clip2"), 0)], cells={"clip1": "A", "clip2": "B"})
    probability, low, high = study.beats("A", "B")
    assert 0.5 < probability < 0.7
    assert low < 0.35
    assert high > 0.85
    assert study.verdict("A", "B") == "unsure"
    assert study.best["A"] > study.best["B"]
    assert sum(study.best.values()) == pytest.approx(1)


POOR = {
    "no vote": [],
    "one vote": [(("A0", "B0"), 0)],
    "ties only": [((one, two), None) for one in ("A0", "A1") for two in ("B0", "C1", "D0")] * 5,
    "one clip never lost": [(("A0", other), 0) for other in ("B0", "C0", "D0", "B1")] * 10,
    "one clip never won": [(("A0", other), 1) for other in ("B0", "C0", "D0", "B1")] * 10,
    "disconnected groups": [(("A0", "B0"), 0), (("C0", "D0"), 1)] * 15,
    "two clips a hundred times": [(("A0", "B0"), 0)] * 100,
    "one clip against its own cell": [(("A0", "A1"), 0)] * 20,
}


@pytest.mark.parametrize("votes", POOR.values(), ids=POOR)
def test_a_poor_record_gives_finite_wide_answers(votes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study = fit(votes, cells=FOUR)
        for one in "ABCD":
            for two in "ABCD":
                probability, low, high = study.beats(one, two)
                assert 0 < low <= probability <= high < 1
                if one != two:
                    assert high - low > 0.25
                    assert study.verdict(one, two) == "unsure"
    assert sum(study.best.values()) == pytest.approx(1)
    assert study.sentence.startswith(("Not sure yet", "No votes yet"))


def test_a_hundred_votes_on_two_clips_prove_nothing_about_their_cells():
    study = fit([(("a", "b"), 0)] * 100, cells={"a": "A", "b": "B"})
    assert study.beats("A", "B").low < 0.5
    assert study.verdict("A", "B") == "unsure"
    assert "one clip" in study.sentence


def test_groups_that_were_never_compared_are_named():
    study = fit(POOR["disconnected groups"], cells=FOUR)
    assert study.groups == (("A", "B"), ("C", "D"))
    assert "never compared" in study.sentence


def test_many_groups_are_counted_and_a_cells_name_is_whole():
    name = "sleeps · MiniMax-Hailuo-02 · Push in, Pedestal up"
    study = fit(
        [(("a", "b"), 0), (("c", "d"), 0), (("e", "f"), 0)], cells={each: f"{name} {each}" for each in "abcdef"}
    )
    assert "3 groups of cells were never compared with each other." in study.sentence
    assert f"{name} " in study.sentence


def test_a_single_cell_is_its_own_best():
    study = fit([(("a", "b"), 1)], cells={"a": "A", "b": "A"})
    assert study.best == {"A": 1.0}
    assert study.beats("A", "A") == (0.5, 0.5, 0.5)
    assert study.verdict("A", "A") == "equal"
    assert [each.cell for each in study.ranking] == ["A"]
    assert "one cell" in study.sentence


def test_no_clips_at_all():
    study = fit([], cells={})
    assert study.best == {}
    assert study.ranking == ()
    assert study.sentence


def test_a_clear_difference_is_named_and_a_clear_tie_is_called_equal():
    votes, cells = simulated(1, {"A": 1.5, "B": 0.0, "C": 0.0, "D": -1.5}, 6, 0.2, 1500)
    study = fit(votes, cells)
    assert study.verdict("A", "D") == "better"
    assert study.verdict("D", "A") == "worse"
    assert study.verdict("B", "C") == "equal"
    assert study.ranking[0].cell == "A"
    assert study.best["A"] > 0.95
    assert study.sentence.startswith("A is the best")


def test_a_tie_counts_half_for_both():
    cells = {f"{cell}{number}": cell for cell in "AB" for number in range(4)}
    pairs = [(f"A{one}", f"B{two}") for one in range(4) for two in range(4)]
    tied = fit([(pair, None) for pair in pairs] * 4, cells)
    assert tied.beats("A", "B").probability == pytest.approx(0.5, abs=1e-6)
    split = fit([(pair, seat) for pair in pairs for seat in (0, 1)] * 2, cells)
    assert split.beats("A", "B").probability == pytest.approx(0.5, abs=1e-6)
    assert tied.beats("A", "B").high < split.beats("A", "B").high


def test_the_seats_advantage_is_not_taken_for_a_cells():
    cells = {f"{cell}{number}": cell for cell in "AB" for number in range(4)}
    pairs = [(f"A{one}", f"B{two}") for one in range(4) for two in range(4)]
    rng = np.random.default_rng(2)
    votes = [(pair, int(rng.random() < 0.3)) for pair in pairs] + [
        (pair[::-1], int(rng.random() < 0.3)) for pair in pairs
    ]
    study = fit(votes * 6, cells)
    assert abs(study.beats("A", "B").probability - 0.5) < 0.1


@given(st.integers(0, 1000), st.integers(1, 60))
@settings(max_examples=15, deadline=None)
def test_neither_order_nor_names_nor_direction_matter(seed, count):
    votes, cells = simulated(seed, {"A": 0.8, "B": 0.0, "C": -0.5}, 2, 0.5, count)
    study = fit(votes, cells)
    order = np.random.default_rng(seed).permutation(len(votes))
    shuffled = fit([votes[index] for index in order], dict(reversed(cells.items())))
    renamed = fit(
        [((f"x{one}", f"x{two}"), answer) for (one, two), answer in votes],
        {f"x{clip}": cell for clip, cell in cells.items()},
    )
    for one, two in (("A", "B"), ("A", "C"), ("B", "C")):
        chance = study.beats(one, two)
        for other in (shuffled, renamed):
            assert other.beats(one, two) == pytest.approx(chance, abs=1e-3)
        back = study.beats(two, one)
        assert (1 - back.probability, 1 - back.high, 1 - back.low) == pytest.approx(chance, abs=1e-6)


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_verdicts_never_name_a_winner_where_the_interval_holds_a_half(seed):
    votes, cells = simulated(seed, {"A": 1.5, "B": 0.0, "C": 0.0}, 3, 0.4, 150)
    study = fit(votes, cells)
    for one, two in (("A", "B"), ("A", "C"), ("B", "C")):
        _, low, high = study.beats(one, two)
        if study.verdict(one, two) in {"better", "worse"}:
            assert low > 0.5 or high < 0.5


def test_intervals_shrink_with_clips_and_not_with_votes_on_the_same_clips():
    def width(clips, count):
        votes, cells = simulated(3, {"A": 0.5, "B": 0.0}, clips, 1.0, count)
        _, low, high = fit(votes, cells).beats("A", "B")
        return high - low

    assert width(12, 400) < 0.7 * width(2, 400)
    assert width(2, 1600) > 0.7 * width(2, 400)


def test_a_careless_rater_counts_less():
    votes, cells = simulated(4, {"A": 1.5, "B": 0.0, "C": -1.5}, 3, 0.3, 200, ties=0)
    rng = np.random.default_rng(4)
    noise = [(shown, int(rng.integers(2))) for shown, _ in votes]
    study = fit(votes + noise, cells, voters=["ann"] * len(votes) + ["bob"] * len(noise))
    alone = fit(votes + noise, cells)
    assert study.slopes[0] > 1.5 * study.slopes[1]
    assert study.beats("A", "C").probability > alone.beats("A", "C").probability


def test_axes_say_what_each_value_adds():
    truth = {
        (camera, gait): (1.8 * (camera == "pan")) for camera in ("pan", "static", "tilt") for gait in ("trot", "leap")
    }
    votes, cells = simulated(6, truth, 4, 0.4, 700)
    axes = {cell: {"camera": cell[0], "gait": cell[1]} for cell in truth}
    effects = {(each.axis, each.value): each.chance for each in fit(votes, cells, axes=axes).effects}
    assert list(effects) == [("camera", value) for value in ("pan", "static", "tilt")] + [
        ("gait", v) for v in ("trot", "leap")
    ]
    assert effects["camera", "pan"].low > 0.5
    assert effects["camera", "tilt"].probability < 0.45
    assert effects["gait", "trot"].low < 0.5 < effects["gait", "trot"].high


def test_axes_lend_strength_to_a_cell_without_clips():
    truth = {("pan", "trot"): 1.5, ("pan", "leap"): 1.5, ("static", "trot"): 0.0}
    votes, cells = simulated(7, truth, 4, 0.3, 300)
    axes = {cell: {"camera": cell[0], "gait": cell[1]} for cell in [*truth, ("static", "leap")]}
    study = fit(votes, cells, axes=axes)
    assert study.beats(("pan", "leap"), ("static", "leap")).probability > 0.6
    assert study.verdict(("pan", "leap"), ("static", "leap")) == "unsure"


def test_many_clips_agree_with_the_whole_grid(monkeypatch):
    votes, cells = simulated(9, {cell: cell / 3 for cell in range(6)}, 8, 0.5, 900)
    few = fit(votes, cells)
    monkeypatch.setattr("hailuo_widgets.judge.solve._FEW", 1000)
    whole = fit(votes, cells)
    for other in range(1, 6):
        assert few.beats(0, other) == pytest.approx(whole.beats(0, other), abs=0.015)


@pytest.mark.parametrize(
    ("votes", "options", "said"),
    [
        ([(("A0", "Z"), 0)], {}, "no cell"),
        ([(("A0", "A0"), 0)], {}, "with itself"),
        ([(("A0",), 0)], {}, "compares 1 clips"),
        ([(("A0", "B0"), 2)], {}, "is not a position"),
        ([(("A0", "B0"), True)], {}, "is not a position"),
        ([(("A0", "B0"), "A0")], {}, "is not a position"),
        ([(("A0", "B0"), -1)], {}, "is not a position"),
        ([3], {}, "can't be read"),
        ([(("A0", "B0"), 0)], {"voters": []}, "0 voters"),
        ([], {"axes": {"A": {"x": 1}}}, "has no axes"),
        ([], {"margin": 0.7}, "out of range"),
    ],
)
def test_bad_votes_are_refused_with_a_sentence(votes, options, said):
    with pytest.raises(UsageError, match=said) as caught:
        fit(votes, cells=FOUR, **options)
    assert caught.value.hint


def test_a_cell_that_is_not_there_is_refused():
    study = fit([], cells=FOUR)
    with pytest.raises(UsageError, match="no cell 'Z'"):
        study.beats("A", "Z")
    with pytest.raises(UsageError, match="no cell 'Z'"):
        study.verdict("Z", "A")


def test_intervals_cover_what_they_say():
    covered = pairs = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth = dict(zip("ABCD", rng.normal(size=4), strict=True))
        sigma = (0.0, 0.5, 1.0)[seed % 3]
        votes, cells = simulated(seed, truth, 2, sigma, 120, ties=0)
        study = fit(votes, cells)
        nodes, weights = np.polynomial.hermite_e.hermegauss(31)
        for one, two in (("A", "B"), ("A", "C"), ("B", "D"), ("C", "D")):
            gaps = truth[one] - truth[two] + math.sqrt(2) * sigma * nodes
            chance = float((1 / (1 + np.exp(-gaps))) @ weights / weights.sum())
            _, low, high = study.beats(one, two)
            covered += low <= chance <= high
            pairs += 1
    assert 0.84 <= covered / pairs <= 0.97


def test_most_cells_far_apart_are_told_apart_by_400_votes_on_four_clips_each():
    told = asked = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        truth = dict(zip("ABCD", rng.normal(size=4), strict=True))
        votes, cells = simulated(seed, truth, 4, (0.0, 0.5, 1.0)[seed % 3], 400)
        study = fit(votes, cells)
        for one, two in itertools.combinations("ABCD", 2):
            if abs(truth[one] - truth[two]) >= 0.9:
                asked += 1
                verdict = study.verdict(one, two)
                assert verdict != ("worse" if truth[one] > truth[two] else "better")
                told += verdict == ("better" if truth[one] > truth[two] else "worse")
    assert told / asked >= 0.6


def test_one_clip_a_cell_never_tells_cells_apart_however_far_apart_the_clips_are():
    votes, cells = simulated(2, dict(zip("ABCDEF", (-6, -3, -1, 1, 3, 6), strict=True)), 1, 0.0, 600)
    study = fit(votes, cells)
    assert {study.verdict(one, two) for one, two in itertools.combinations("ABCDEF", 2)} == {"unsure"}


def test_a_verdict_asks_for_more_after_few_votes_and_with_few_or_many_cells():
    assert needed_factor(20, 4) > needed_factor(60, 4) > needed_factor(400, 4)
    assert needed_factor(60, 3) > needed_factor(60, 6) < needed_factor(60, 10)


def test_studies_without_a_difference_are_rarely_given_a_winner():
    named = 0
    for seed in range(40):
        votes, cells = simulated(seed, dict.fromkeys("ABC", 0.0), 3, (0.0, 0.5, 1.0, 2.0)[seed % 4], 120)
        for count in range(20, 121, 20):
            study = fit(votes[:count], cells)
            if any(study.verdict(*pair) in {"better", "worse"} for pair in ("AB", "AC", "BC")):
                named += 1
                break
    assert named <= 5
