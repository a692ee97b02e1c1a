"""A request: what it takes, what it is called, what identifies it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hailuo_widgets.errors import RefusedError
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
