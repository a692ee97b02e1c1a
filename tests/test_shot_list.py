"""Shot lists and the camera language of MiniMax-H3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_widgets.spec import camera_h3, shot_list
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.views.prompt_editor import analyse

LIST = """[Shot 1 0–3 s] A fox trots across snow. [Slow push in]
Sound: crunching snow
[Shot 2 3–6 s] It stops. [Arc left]
Music: a slow piano
<d>[English] Hello.</d>"""


def warnings(prompt: str, duration: int = 6, **fields):
    return quote(VideoRequest.of(prompt=prompt, model="MiniMax-H3", duration=duration, **fields), "minimax").warnings


def test_a_shot_list_is_read():
    first, second = shot_list.shots(LIST)
    assert (first.number, first.begins, first.ends, first.sounds) == (1, 0, 3, (("sound", "crunching snow"),))
    assert second.sounds == (("music", "a slow piano"), ("dialogue", "[English] Hello."))
    assert LIST[second.start : second.end] == "[Shot 2 3–6 s]"
    assert warnings(LIST, ratio="16:9") == ()


@pytest.mark.parametrize(
    ("head", "times"),
    [
        ("[Shot 1 0-3s]", (0, 3)),
        ("[shot 1: 0:00-0:03]", (0, 3)),
        ("[Shot 1, 0 to 2.5 s]", (0, 2.5)),
        ("[Shot 1]", (None, None)),
        ("[Shot 1 1:02–1:05]", (62, 65)),
    ],
)
def test_times_may_be_written_in_these_ways(head, times):
    [shot] = shot_list.shots(f"{head} A fox.")
    assert (shot.begins, shot.ends) == times


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("[Shot 1 0–3 s] A. [Shot 2 3–8 s] B.", "The shots end at 8 s, and the clip has 6 s."),
        ("[Shot 1 0–3 s] A. [Shot 2 4–6 s] B.", "Shot 2 begins at 4 s, and shot 1 ends at 3 s."),
        ("[Shot 1 1–3 s] A. [Shot 2 3–6 s] B.", "Shot 1 begins at 1 s; the first one begins at 0 s."),
        ("[Shot 1 0–3 s] A. [Shot 3 3–6 s] B.", "Shot 3 is the second one; number the shots 1, 2, 3 …"),
        ("[Shot 1 0–3 s] A. [Shot 2] B.", "Some shots have times and some don't; give each its times, or none."),
        ("[Shot 1 0–6 s] [Push in] A fox. [Pan left]", "Shot 1 has 2 camera moves; MiniMax recommends one a shot."),
    ],
)
def test_what_does_not_add_up_is_said(prompt, said):
    assert said in warnings(prompt, ratio="16:9")


def test_two_moves_without_a_list_are_remarked():
    [said] = warnings("A fox [Push in, Pan left]", ratio="16:9")
    assert said.startswith("The prompt has 2 camera moves; MiniMax recommends one a shot.")


def test_a_reference_that_is_named_and_not_given_is_said():
    six = tuple(f"https://example.com/{number}.png" for number in range(6))
    said = warnings("Image 1 meets Image 7 as in Video 1.", references=six)
    assert said == ("“Image 7” is named, and 6 were given.", "“Video 1” is named, and none was given.")
    assert warnings("Image 6 alone.", references=six) == ()


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("A fox [Pan left]", "A fox (the camera pans left)"),
        ("A fox [slow push in]", "A fox (the camera pushes in, slow)"),
        ("A fox [Pan left, large, fast]", "A fox (the camera pans left, large amplitude, fast)"),
        ("A fox [Arc right, small]", "A fox (the camera arcs right around the subject, small amplitude)"),
        ("A fox [Roll left]", "A fox (the camera rolls left)"),
        ("A fox [POV]", "A fox (POV shot)"),
        ("A fox [Static shot]", "A fox (static camera)"),
        ("A fox [Pedestal up, Pan left]", "A fox (the camera pedestals up while the camera pans left)"),
        ("A fox [sic] [slow]", "A fox [sic] [slow]"),
        (LIST.splitlines()[0], "[Shot 1 0–3 s] A fox trots across snow. (the camera pushes in, slow)"),
    ],
)
def test_h3_is_told_kind_amplitude_and_speed(written, sent):
    order = quote(VideoRequest.of(prompt=written, model="MiniMax-H3", duration=6, ratio="16:9"), "minimax")
    assert order.request.prompt == sent
    assert order.slips == ()


def test_for_hailuo_an_arc_is_still_a_slip():
    prompt = "A fox [Arc left] [slow pan left]"
    assert len(quote(VideoRequest.of(prompt=prompt, model="MiniMax-Hailuo-2.3"), "minimax").slips) == 2
    h3 = VideoRequest.of(prompt="A fox [Rack focus] [Pan lfet]", model="MiniMax-H3", ratio="16:9")
    assert len(quote(h3, "minimax").slips) == 2


@given(st.text())
def test_any_text_can_be_written_for_h3(prompt):
    shot_list.shots(prompt)
    assert camera_h3.moves_in(prompt) >= 0
    assert camera_h3.prose(camera_h3.prose(prompt)) == camera_h3.prose(prompt) or "[" in prompt


def test_the_editor_shows_the_list():
    seen = analyse(LIST, prose=True)
    assert [(each["name"], each["begins"], each["ends"]) for each in seen["list"]] == [
        ("Shot 1", 0, 3),
        ("Shot 2", 3, 6),
    ]
    assert seen["list"][1]["sounds"][0] == ["music", "a slow piano"]
    assert seen["misses"] == []
    assert [(each["ids"], each["how"]) for each in seen["list"]] == [(["push-in"], ["slow"]), (["arc-left"], [""])]
    assert [shot["ids"] for shot in seen["shots"]] == [["push-in"], ["arc-left"]]
    assert analyse(LIST)["list"] == []
    assert len(analyse(LIST)["misses"]) == 2
