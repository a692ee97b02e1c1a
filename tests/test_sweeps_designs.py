"""Designs: which cells of a sweep are made when not all of them are."""

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hailuo_widgets as hw
from hailuo_widgets import magics
from hailuo_widgets.errors import UsageError
from hailuo_widgets.sweeps.designs import Design, choose, parse

GRID = list(product(range(4), range(3), range(3), range(2)))


def pairs_in(cells):
    return {(i, cell[i], j, cell[j]) for cell in cells for i, j in combinations(range(len(cell)), 2)}


@st.composite
def grids(draw):
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    cells = list(product(*map(range, sizes)))
    return draw(st.lists(st.sampled_from(cells), min_size=1, max_size=60, unique=True))


@given(grids())
def test_pairs_leaves_out_no_pair_that_the_remaining_cells_have(cells):
    picked = [cells[index] for index in choose(cells, Design("pairs"))]
    assert pairs_in(picked) == pairs_in(cells)
    for axis in range(len(cells[0])):
        assert {cell[axis] for cell in picked} == {cell[axis] for cell in cells}


@pytest.mark.parametrize(("sizes", "most"), [((3, 3, 3, 3), 9), ((4, 4, 4, 4), 16), ((2,) * 10, 9), ((6, 4, 3, 2), 24)])
def test_pairs_needs_few_cells(sizes, most):
    assert len(choose(list(product(*map(range, sizes))), Design("pairs"))) <= most


def test_one_at_a_time_changes_one_axis_of_the_first_cell():
    picked = [GRID[index] for index in choose(GRID, Design("one-at-a-time"))]
    assert picked[0] == (0, 0, 0, 0)
    assert len(picked) == 1 + 3 + 2 + 2 + 1
    assert {sum(value != 0 for value in cell) for cell in picked[1:]} == {1}


def test_one_at_a_time_follows_axes_that_change_together():
    zipped = [(value, value, other) for value in range(3) for other in range(2)]
    picked = [zipped[index] for index in choose(zipped, Design("one-at-a-time"))]
    assert picked == [(0, 0, 0), (0, 0, 1), (1, 1, 0), (2, 2, 0)]


@given(grids(), st.integers(1, 70), st.integers(0, 5))
def test_a_sample_has_as_many_cells_as_asked_and_none_twice(cells, count, seed):
    picked = choose(cells, Design("sample", count), seed=seed)
    assert len(set(picked)) == len(picked) == min(count, len(cells))
    assert picked == choose(cells, Design("sample", count), seed=seed)


def test_a_sample_shows_every_value_about_equally_often():
    for seed in range(20):
        picked = [GRID[index] for index in choose(GRID, Design("sample", 12), seed=seed)]
        for axis in range(4):
            counts = [sum(cell[axis] == value for cell in picked) for value in {cell[axis] for cell in GRID}]
            assert max(counts) - min(counts) <= 2, (seed, axis, counts)


def test_samples_with_other_seeds_differ():
    assert choose(GRID, Design("sample", 12), seed=1) != choose(GRID, Design("sample", 12), seed=2)


@pytest.mark.parametrize("kind", ["full", "pairs", "one-at-a-time", "sample"])
@pytest.mark.parametrize("cells", [[], [()]])
def test_a_sweep_without_axes_keeps_its_cells(kind, cells):
    assert choose(cells, Design(kind, 5 if kind == "sample" else None)) == tuple(range(len(cells)))


@pytest.mark.parametrize("text", ["full", "pairs", "one-at-a-time", "sample 20"])
def test_a_design_is_read_as_it_is_written(text):
    assert str(parse(f" {text.upper()} ")) == text


@pytest.mark.parametrize("text", ["sample", "sample 0", "sample -3", "sample 2.5", "latin", "", "pairs 3"])
def test_other_designs_are_refused_with_what_is_allowed(text):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert "one-at-a-time" in str(caught.value.hint)


def test_every_design_but_the_full_one_says_what_it_cannot_tell():
    assert parse("full").limits == ""
    for text in ("pairs", "one-at-a-time", "sample 9"):
        assert "can't tell" in parse(text).limits


def made(sweep):
    return [cell.at for cell in sweep.cells if cell.wanted]


def test_a_design_is_a_line_of_the_header_an_option_and_an_argument(here):
    axes = {"gait": ["trots", "leaps", "walks"], "where": ["in snow", "in mud", "in sand"], "light": ["dawn", "noon"]}
    by_python = hw.sweep("A fox {gait} {where} at {light}", **axes, design="pairs")
    assert 9 <= len(made(by_python)) < 18
    cell = "A fox {gait=trots|leaps|walks} {where=in snow|in mud|in sand} at {light=dawn|noon}\n"
    _, by_header = magics.read_cell("fox", f"{cell}---\ndesign: Pairs\n", {})
    _, by_option = magics.read_cell("fox --design pairs", cell, {})
    assert made(here.plan(by_header)) == made(here.plan(by_option)) == made(by_python)
    assert "how three axes interact" in repr(here.plan(by_header).plan)
    assert len(made(here.plan(magics.read_cell("fox --design 'sample 5'", cell, {})[1]))) == 5
    assert len(made(here.plan(magics.read_cell("fox", f"{cell}---\ndesign: one-at-a-time\n", {})[1]))) == 6
    assert len(made(here.plan(magics.read_cell("fox", f"{cell}---\ndesign: full\n", {})[1]))) == 18
    with pytest.raises(UsageError, match="both on the line and below"):
        magics.read_cell("fox --design full", f"{cell}---\ndesign: pairs\n", {})
    with pytest.raises(UsageError, match="no design “pears”") as caught:
        magics.read_cell("fox", f"{cell}---\ndesign: pears\n", {})
    assert "^" in str(caught.value)


def test_a_design_picks_among_what_skip_leaves_and_axes_may_be_called_design(here):
    sweep = hw.sweep(
        "A fox {a} {b} {c}",
        a=["p", "q"],
        b=["r", "s"],
        c=["t", "u"],
        skip={"a": "p", "b": "r"},
        design="pairs",
    )
    assert made(sweep)
    assert not any(at[:2] == (0, 0) for at in made(sweep))
    _, definition = magics.read_cell("fox", "A chair, {design}\n---\ndesign: modern | old\n", {})
    assert [axis.name for axis in here.plan(definition).axes] == ["design"]


def test_a_design_is_kept_with_its_sweep(here):
    sweep = hw.sweep("A fox {a} {b}", name="fox", a=["p", "q"], b=["r", "s"], design="one-at-a-time")
    sweep.run().result(60)
    again = hw.sweep.load("fox")
    assert (again.design, made(again)) == ("one-at-a-time", made(sweep))
    assert "can't tell how axes interact" in repr(again.plan)


def test_halving_gives_the_better_half_more_clips_and_stops_the_rest(here):
    names = ["trots", "leaps", "walks", "sits"]
    fox = hw.sweep("A fox {gait}", name="fox", gait=names, design="halving")
    fox.run().result(60)
    with pytest.raises(UsageError, match="no votes yet"):
        fox.next(budget=5)
    for _ in range(2):
        judging = fox.judging.about()
        for one, two in combinations(judging.clips, 2):
            places = [names.index(judging.cells[each]) for each in (one, two)]
            for _ in range(6):
                if places[0] != places[1]:
                    judging.cast((one, two), int(places[1] < places[0]))
        offer = fox.next(budget=5)
        assert set(offer.clips) == {"trots", "leaps"}
        assert "2 cells are stopped" in offer.sentence
        before = {each.cell: each.clips for each in fox.ranking}
        offer.run().result(60)
        after = {each.cell: each.clips for each in fox.ranking}
        assert {cell: after[cell] - before[cell] for cell in names} == {
            "trots": before["trots"],
            "leaps": before["leaps"],
            "walks": 0,
            "sits": 0,
        }
    assert set(fox.next(budget=0.30).clips) == {"trots"}
    assert "doesn't pay for another round" in fox.next(budget=0.01).sentence
