"""What Python may give for an axis: one value or a list, and no other thing that can be walked through."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hailuo_widgets as hw
from hailuo_widgets.errors import UsageError
from hailuo_widgets.sweeps import header


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"a", "b"}, "a set"),
        ({"a": 1}, "a dict"),
        ({"a": 1}.values(), "a dict_values"),
        ((each for each in "ab"), "a generator"),
        (np.array([6, 10]), "a ndarray"),
        (pd.Series([6, 10]), "a Series"),
        (hw.CameraCommand, "an Enum"),
    ],
)
def test_what_can_be_walked_through_but_is_no_list_is_refused(value, kind):
    for name in ("n", "duration", "camera", "first_frame"):
        with pytest.raises(UsageError) as caught:
            hw.sweep("A {n}" if name == "n" else "A", **{name: value})
        assert f"“{name}” is {kind}" in str(caught.value)
        assert f"list({name})" in str(caught.value)
    for cell in ("A {n}", "A\n---\nduration: {n}"):
        with pytest.raises(UsageError) as caught:
            header.read(cell, {"n": value})
        line, caret = caught.value.message.split("\n")[-2:]
        assert line[len(caret) - 1 :] == "{n}"
        assert f"“n” is {kind}" in str(caught.value)
    with pytest.raises(UsageError, match=f"“n” holds {kind}"):
        hw.sweep("A {n}", n=["a", value])
    with pytest.raises(UsageError, match=f"“duration” holds {kind}"):
        hw.sweep("A", duration=[6, value])


def test_names_that_double_a_text_again_and_again_are_refused_soon():
    doubled = " ".join(f"{{a{number} = {{a{number + 1}}}{{a{number + 1}}}}}" for number in range(40))
    with pytest.raises(UsageError, match="grows beyond 100,000 characters"):
        hw.sweep(doubled + " {a40 = x}")
