"""From what was written to what would be sent: pinned, checked, priced."""

from dataclasses import replace

import pytest

from hailuo_widgets.errors import RefusedError, UsageError
from hailuo_widgets.spec import file_rules
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from support.pictures import picture_file

URL = "https://example.com/a.jpg"


def order(provider="minimax", **fields):
    return quote(VideoRequest.of(**{"prompt": "A fox", **fields}), provider)


def problems(provider="minimax", **fields):
    with pytest.raises(RefusedError) as caught:
        order(provider, **fields)
    return caught.value.problems


def test_defaults_are_pinned():
    found = order()
    assert found.row.model == "MiniMax-Hailuo-2.3"
    assert found.request.canonical() == {
        "prompt": "A fox",
        "model": "MiniMax-Hailuo-2.3",
        "duration": 6,
        "resolution": "768P",
        "prompt_optimizer": True,
        "fast_pretreatment": False,
    }
    assert str(found.price) == "$0.28"
    assert (found.warnings, found.notes) == ((), ())


def test_a_default_said_aloud_is_the_same_request():
    assert order().digest == order(duration=6, model="minimax-hailuo-2.3", resolution="768p").digest
    assert order().written_digest != order(duration=6).written_digest
    assert order().digest != order("sketch").digest
    assert order(prompt="A [推进]").digest == order(prompt="A [Push in]").digest


@pytest.mark.parametrize(
    ("fields", "model"),
    [
        ({"first_frame": URL}, "MiniMax-Hailuo-2.3"),
        ({"last_frame": URL}, "MiniMax-Hailuo-02"),
        ({"subject": URL}, "S2V-01"),
        ({"references": [URL]}, "MiniMax-H3"),
    ],
)
def test_the_first_model_that_can_is_taken(fields, model):
    assert order(**fields).row.model == model


@pytest.mark.parametrize(
    ("fields", "resolution", "duration"),
    [
        ({"duration": 10}, "768P", 10),
        ({"resolution": "1080p"}, "1080P", 6),
        ({"model": "T2V-01"}, "720P", 6),
        ({"model": "MiniMax-H3", "resolution": "2k"}, "2K", 6),
        ({"model": "MiniMax-H3-Max", "duration": 15}, "768P", 15),
        ({"subject": URL}, None, None),
    ],
)
def test_what_is_left_open_follows_what_is_not(fields, resolution, duration):
    request = order(**fields).request
    assert (request.resolution, request.duration) == (resolution, duration)


ILLEGAL = [
    ("minimax", {"duration": 10, "resolution": "1080P"}, "resolution", "1080P supports 6 s only"),
    ("minimax", {"duration": 7}, "duration", "can't make clips of 7 s"),
    ("minimax", {"resolution": "512P"}, "resolution", "no 512P for T2V"),
    ("minimax", {"resolution": "512P", "last_frame": URL}, "resolution", "no 512P for FLF"),
    ("minimax", {"resolution": "4K"}, "resolution", "no 4K"),
    ("minimax", {"model": "T2V-01", "resolution": "768P"}, "resolution", "no 768P"),
    ("minimax", {"prompt": ""}, "prompt", "needs a prompt"),
    ("minimax", {"prompt": " \n"}, "prompt", "needs a prompt"),
    ("minimax", {"prompt": "x" * 2001}, "prompt", "2,001 characters"),
    ("minimax", {"prompt": "跑" * 2001}, "prompt", "2,001 characters"),
    ("minimax", {"prompt": "x" * 7001, "model": "MiniMax-H3"}, "prompt", "7,001 characters"),
    ("minimax", {"subject": URL, "duration": 6}, "duration", "takes no duration"),
    ("minimax", {"subject": URL, "first_frame": URL}, "first_frame", "takes no first frame beside the subject"),
    ("minimax", {"references": [URL], "last_frame": URL}, "last_frame", "takes no last frame beside the reference"),
    ("minimax", {"references": [URL] * 10}, "references", "10 images"),
    ("minimax", {"references": [f"https://x/{n}.mp4" for n in range(4)]}, "references", "4 videos"),
    ("minimax", {"model": "MiniMax-H3", "ratio": "adaptive"}, "ratio", "no ratio adaptive"),
    ("minimax", {"model": "MiniMax-H3", "prompt_optimizer": True}, "prompt_optimizer", "has no prompt_optimizer"),
    ("minimax", {"model": "MiniMax-H3", "duration": 3}, "duration", "can't make clips of 3 s"),
    ("minimax", {"ratio": "16:9"}, "ratio", "has no ratio"),
    ("minimax", {"watermark": True}, "watermark", "has no watermark"),
    ("minimax", {"last_frame": URL, "fast_pretreatment": True}, "fast_pretreatment", "has no fast_pretreatment"),
    ("minimax", {"callback_url": "ftp://x"}, "callback_url", "not an http(s) address"),
    ("minimax", {"first_frame": "mm_file://7"}, "first_frame", "does not accept mm_file"),
    ("minimax", {"model": "MiniMax-Hailuo-2.3-Fast"}, "model", "can't make a clip from text alone"),
    ("minimax", {"model": "MiniMax-Hailuo-2.3", "last_frame": URL}, "model", "can't make a clip from a last frame"),
    ("minimax", {"model": "MiniMax-Hailuo-03"}, "model", "no model “MiniMax-Hailuo-03”"),
    ("evolink", {"first_frame": picture_file()}, "first_frame", "only accepts pictures by URL"),
    ("evolink", {"last_frame": URL}, "first_frame", "needs a first frame"),
    (
        "evolink",
        {"model": "MiniMax-Hailuo-02", "prompt_optimizer": False},
        "prompt_optimizer",
        "has no prompt_optimizer",
    ),
    ("ppio", {"prompt": "", "first_frame": URL}, "prompt", "needs a prompt"),
    ("ppio", {"resolution": "512P", "first_frame": URL}, "resolution", "no 512P"),
    ("ppio", {"model": "MiniMax-Hailuo-02", "watermark": True}, "watermark", "has no watermark"),
    ("novita", {"watermark": True}, "watermark", "has no watermark"),
    ("modelverse", {"resolution": "512P", "first_frame": URL}, "resolution", "no 512P"),
    ("modelverse", {"callback_url": "https://x"}, "callback_url", "has no callback_url"),
    ("acedata", {"model": "minimax-t2v", "duration": 6}, "duration", "takes no duration"),
    ("acedata", {"model": "minimax-i2v", "first_frame": picture_file()}, "first_frame", "only accepts pictures by URL"),
    ("acedata", {"model": "minimax-i2v", "last_frame": URL}, "model", "can't make a clip from a last frame"),
    ("modelverse", {"first_frame": picture_file(300, 400)}, "first_frame", "short side must be over 300 px"),
    ("modelverse", {"first_frame": picture_file(1000, 399)}, "first_frame", "too narrow or too wide"),
    ("modelverse", {"first_frame": picture_file(kind="GIF")}, "first_frame", "no JPG, PNG or WebP"),
    ("modelverse", {"first_frame": b"\x89PNG\r\n\x1a\nbroken"}, "first_frame", "damaged"),
    ("modelverse", {"first_frame": b"\0\0\0\x18ftypmp42"}, "first_frame", "no JPG, PNG or WebP"),
]


@pytest.mark.parametrize(("provider", "fields", "field", "words"), ILLEGAL)
def test_illegal(provider, fields, field, words):
    (problem,) = problems(provider, **fields)
    assert problem.field == field
    assert words in problem.message
    assert problem.allowed or problem.hint
    assert problem.source or field in {"model", "callback_url", "ratio"}


def test_all_problems_at_once():
    found = problems(
        "modelverse",
        prompt="x" * 2001,
        duration=7,
        resolution="4K",
        ratio="1:1",
        first_frame=picture_file(100, 500),
    )
    assert [problem.field for problem in found] == [
        "prompt",
        "resolution",
        "duration",
        "ratio",
        "first_frame",
        "first_frame",
    ]


def test_the_largest_picture(monkeypatch):
    monkeypatch.setitem(file_rules.RULES["v1"], "image", replace(file_rules.V1_PICTURE, max_bytes=100))
    (problem,) = problems("modelverse", first_frame=picture_file())
    assert problem.field == "first_frame"
    assert "MB large" in problem.message


@pytest.mark.parametrize(("width", "height"), [(301, 301), (1000, 400), (400, 1000)])
def test_the_smallest_and_the_narrowest_pictures(width, height):
    assert order("modelverse", first_frame=picture_file(width, height)).request.first_frame.size == (width, height)


def test_who_else_could_do_it_is_said():
    (problem,) = problems("ppio", resolution="512P", first_frame=URL)
    assert "minimax, evolink and sketch can do it unchanged: -p minimax." in problem.hint
    (problem,) = problems("acedata", model="minimax-i2v", last_frame=URL)
    assert "-m MiniMax-H3" in problem.hint
    (problem,) = problems("minimax", duration=10, resolution="1080P")
    assert "Change -d 10 to -d 6, or -r 1080P to -r 768P." in problem.hint
    (problem,) = problems("minimax", model="MiniMax-Hailuo-2.3", last_frame=URL)
    assert "-m MiniMax-Hailuo-02" in problem.hint
    (problem,) = problems("minimax", model="MiniMax-Hailuo-2.4")
    assert "Did you mean MiniMax-Hailuo-2.3" in problem.hint


def test_an_unknown_provider():
    with pytest.raises(UsageError, match="no provider"):
        order("nobody")


@pytest.mark.parametrize(
    ("provider", "prompt", "sent"),
    [
        ("minimax", "A fox [推进] then [Shake]", "A fox [Push in] then [Shake]"),
        ("modelverse", "A fox [Push in,Tracking shot]", "A fox [推进,跟随]"),
        ("ppio", "A fox [Pull out]", "A fox [拉远]"),
        ("novita", "A fox [拉远]", "A fox [Pull out]"),
        ("acedata", "A fox [拉远]", "A fox (the camera pulls out)"),
    ],
)
def test_commands_are_sent_in_the_vendors_language(provider, prompt, sent):
    assert order(provider, prompt=prompt).request.prompt == sent


@pytest.mark.parametrize(
    ("provider", "prompt", "words"),
    [
        ("minimax", "[Push out]", "did you mean [Pull out] or [Push in]?"),
        ("minimax", "A fox【推进】", "did you mean [推进]?"),
        ("minimax", "[Push in,Shake,Tilt up,Pan left]", "holds 4 commands; at most 3"),
        ("acedata", "[Push in]", "does not promise to follow camera commands"),
    ],
)
def test_warnings(provider, prompt, words):
    model = "minimax-t2v" if provider == "acedata" else None
    (warning,) = order(provider, prompt=prompt, model=model).warnings
    assert words in warning


@pytest.mark.parametrize("prompt", ["He wrote [sic].", "A fox", "[Push in,Shake,Tilt up]"])
def test_no_warning(prompt):
    assert order(prompt=prompt).warnings == ()


def test_the_rules_for_what_the_vendor_fetches_itself_are_stated():
    (note,) = order("evolink", first_frame=URL).notes
    assert "first_frame" in note
    assert "at most 20 MB" in note
    assert order("modelverse", first_frame=picture_file()).notes == ()
