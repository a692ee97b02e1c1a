"""What the values of axes add to a measure, and measures that vote."""

from __future__ import annotations

import pytest

from hailuo_widgets.errors import UsageError
from hailuo_widgets.measure.effects import MeasuredEffects


def clips(**values):
    return [({"gait": name, "place": "snow"}, value) for name, several in values.items() for value in several]


def test_an_effect_is_the_difference_of_means_with_welchs_interval():
    trots, leaps = MeasuredEffects("flicker", clips(trots=[1.0, 2.0, 3.0, 4.0], leaps=[2.0, 4.0, 6.0, 8.0, 10.0]))
    assert (trots.axis, trots.value, trots.clips, trots.mean) == ("gait", "trots", 4, 2.5)
    assert trots.difference == pytest.approx(-3.5)
    # As SciPy's ttest_ind(equal_var=False).confidence_interval() gives it.
    assert (trots.low, trots.high) == pytest.approx((-7.385, 0.385), abs=0.02)
    assert leaps.difference == pytest.approx(3.5)


def test_few_clips_have_no_interval_and_a_fixed_axis_no_effect():
    effects = MeasuredEffects("motion", clips(trots=[1.0, 2.0], leaps=[2.0, None]))
    assert [each.low for each in effects] == [None, None]
    assert {each.axis for each in effects} == {"gait"}
    assert "% of the width a second" in repr(effects)
    assert "No clip is measured" in repr(MeasuredEffects("motion", clips(trots=[None])))


def test_clips_that_all_measure_the_same_have_no_interval_of_width_zero():
    assert [each.low for each in MeasuredEffects("cuts", clips(trots=[0.0] * 4, leaps=[1.0] * 4))] == [None, None]
    same = MeasuredEffects("obeyed", clips(trots=[1.0] * 4, leaps=[1.0] * 4))
    assert [(each.low, each.high) for each in same] == [pytest.approx((-0.4899, 0.4899), abs=1e-4)] * 2
    # Newcombe's own example for his tenth method: 56 of 70 and 48 of 80.
    trots, _ = MeasuredEffects("obeyed", clips(trots=[1.0] * 56 + [0.0] * 14, leaps=[1.0] * 48 + [0.0] * 32))
    assert (trots.low, trots.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_a_measure_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(UsageError, match="beauty") as caught:
        MeasuredEffects("beauty", [])
    assert "flicker" in caught.value.hint
