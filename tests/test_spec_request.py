"""A request: what it takes, what it is called, what identifies it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hailuo_widgets.errors import HailuoError, RefusedError
from hailuo_widgets.spec.request import Mode, VideoRequest

URL = "https://example.com/a.jpg"


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ({}, Mode.T2V),
        ({"first_frame": URL}, Mode.I2V),
        ({"last_frame": URL}, Mode.FLF),
        ({"first_frame": URL, "last_frame": URL}, Mode.FLF),
        ({"subject": URL}, Mode.S2V),
        ({"references": URL}, Mode.R2V),
        ({"references": [URL, URL], "first_frame": URL}, Mode.R2V),
    ],
)
def test_the_mode_follows_from_the_pictures(fields, mode):
    assert VideoRequest.of(prompt="A fox", **fields).mode is mode


def test_every_mistake_is_reported_at_once():
    with pytest.raises(RefusedError) as caught:
        VideoRequest.of(prompt=7, duration="6", prompt_optimizer="yes", fps=24)
    assert {problem.field for problem in caught.value.problems} == {"prompt", "duration", "prompt_optimizer", "fps"}
    assert "duration should be a whole number, not '6'." in str(caught.value)
    assert "prompt_optimizer should be True or False" in str(caught.value)
    assert "has no field “fps”" in str(caught.value)


@pytest.mark.parametrize("duration", [0, -6, 61, 6.5, True])
def test_durations_that_are_none(duration):
    with pytest.raises(RefusedError, match="duration"):
        VideoRequest.of(prompt="A fox", duration=duration)


def test_a_request_never_changes():
    request = VideoRequest.of(prompt="A fox")
    with pytest.raises(ValidationError):
        request.prompt = "A cat"


def test_pictures_are_named_by_their_field():
    request = VideoRequest.of(first_frame=URL, references=[URL, b"x"])
    assert list(request.media()) == ["first_frame", "references[0]", "references[1]"]


def test_a_digest_is_of_what_is_asked_for_and_of_nothing_else(tmp_path):
    (tmp_path / "one.png").write_bytes(b"picture")
    (tmp_path / "two.png").write_bytes(b"picture")
    one = VideoRequest.of(prompt="A fox", first_frame=tmp_path / "one.png")
    two = VideoRequest.of(prompt="A fox", first_frame=tmp_path / "two.png", duration=None)
    assert one.digest() == two.digest()
    assert one.digest(provider="minimax") != one.digest()
    for other in ({"prompt": "A  fox"}, {"first_frame": b"other"}, {"duration": 6}, {"watermark": False}):
        assert one.digest() != VideoRequest.of(**{"prompt": "A fox", "first_frame": b"picture", **other}).digest()
    assert one.canonical() == {"prompt": "A fox", "first_frame": f"sha256:{one.first_frame.sha256}"}


def test_a_digest_stays_what_it_is_from_version_to_version():
    request = VideoRequest.of(prompt="A fox [推进]", model="MiniMax-Hailuo-02", duration=6, first_frame=URL)
    assert request.digest(provider="minimax") == "ec10f7248768233f507ca252c864fd23784a3f5e77eb48ea07a2e251a9c05691"


@given(st.text(), st.text(), st.booleans())
def test_any_prompt_has_a_digest(prompt, model, optimizer):
    request = VideoRequest.of(prompt=prompt, model=model, prompt_optimizer=optimizer)
    assert len(request.digest()) == 64
    assert request.digest() == VideoRequest.of(**request.canonical()).digest()


@pytest.mark.parametrize("seconds", [np.int64(6), np.float64(6), np.array(6), 6.0])
def test_whole_numbers_of_any_kind_are_seconds(seconds):
    duration = VideoRequest.of(prompt="A fox", duration=seconds).duration
    assert (duration, type(duration)) == (6, int)


def test_numpys_switches_are_switches():
    request = VideoRequest.of(prompt="A fox", watermark=np.bool_(1), prompt_optimizer=np.False_)
    assert request.watermark is True
    assert request.prompt_optimizer is False


@pytest.mark.parametrize("seconds", [6.5, np.float64(6.5), True, "6", float("inf"), np.array([6])])
def test_what_is_no_whole_number_is_refused_in_a_sentence(seconds):
    with pytest.raises(RefusedError, match="duration should be a whole number, not"):
        VideoRequest.of(prompt="A fox", duration=seconds)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("aspect_ratio", "Did you mean ratio?"),
        ("image", "Did you mean first_frame?"),
        ("seed", "Hailuo has no seed"),
        ("upscale", "call .promote() on its clip"),
        ("negative_prompt", "no negative prompt"),
        ("num_videos", "hw.sweep"),
        ("durration", "Did you mean duration"),
    ],
)
def test_names_of_other_tools_lead_to_ours(name, hint):
    with pytest.raises(RefusedError) as caught:
        VideoRequest.of(prompt="A fox", **{name: 1})
    assert hint in str(caught.value)


def test_a_wrong_path_is_shown_as_it_was_written():
    with pytest.raises(HailuoError) as caught:
        VideoRequest.of(prompt="A fox", first_frame="Pictures/My Fox.PNG")
    assert "Pictures/My Fox.PNG" in str(caught.value)
