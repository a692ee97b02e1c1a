"""The card that a saved notebook keeps: what it says, what it never lets through, and how little it weighs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_widgets.views.card import ClipView, Order, Recipe, Status
from hailuo_widgets.views.static_card import OUTPUT_LIMIT, POSTER_LIMIT, open_html, plain_text, settled_html
from support.html import Seen

PROMPT = "A panda dances at sunrise [Truck left] in the snow"
ORDER = Order(
    name="panda",
    prompt=PROMPT,
    provider="evolink",
    provider_reason="EVOLINK_API_KEY is set",
    model="MiniMax-Hailuo-2.3",
    mode="T2V",
    spec="6 s · 768P",
    price="$0.28",
    sketch=False,
)
STORED = Status("stored", task_id="task-7cvnl5zw", elapsed=104)
CLIP = ClipView(
    src="clips/my%20panda.mp4",
    file="clips/my panda.mp4",
    poster=b"\xff\xd8\xff\xe0" + bytes(5000),
    width=1366,
    height=768,
    fps=24.0,
    duration=5.875,
    size=2_134_567,
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    cached=False,
)
RECIPE = Recipe(
    cell="%%hailuo panda -d 6 -r 768P\n" + PROMPT,
    parameters=(
        ("provider", "evolink"),
        ("model", "MiniMax-Hailuo-2.3"),
        ("duration", "6"),
        ("resolution", "768P"),
        ("prompt_optimizer", "off"),
        ("fast_pretreatment", "off"),
        ("watermark", "off"),
        ("replicate", "0"),
        ("digest", "c" * 64),
    ),
    prompt_sent="",
    created="2026-11-21T03:39:02+00:00",
)

# What JupyterLab's sanitizer lets through of what a card needs, and so all that a card may be made of.
TAGS = {"div", "span", "b", "bdi", "a", "video", "details", "summary", "pre"}
ATTRIBUTES = {"style", "dir", "href", "src", "poster", "controls", "preload", "width", "height", "title"}


def weight(order: Order, status: Status, clip: ClipView | None, recipe: Recipe | None) -> int:
    """Bytes in the saved notebook."""
    data = {"text/html": settled_html(order, status, clip, recipe), "text/plain": plain_text(order, status, clip)}
    return len(json.dumps({"output_type": "display_data", "data": data, "metadata": {}}, ensure_ascii=False).encode())


def test_a_stored_clip_plays_from_its_relative_path_with_a_poster_inside():
    video = Seen(settled_html(ORDER, STORED, CLIP, RECIPE)).one("video")
    assert video["src"] == "clips/my%20panda.mp4"
    assert "controls" in video
    assert video["preload"] == "none"
    assert video["poster"].startswith("data:image/jpeg;base64,/9j/")
    assert (video["width"], video["height"]) == ("1366", "768")


def test_it_tells_what_was_made_and_how_to_make_it_again():
    seen = Seen(settled_html(ORDER, STORED, CLIP, replace(RECIPE, prompt_sent="A panda [左移]")))
    for fact in (
        PROMPT,
        "panda",
        "Done",
        "$0.28",
        "MiniMax-Hailuo-2.3",
        "evolink",
        "T2V · 6 s · 768P",
        "1366×768 · 24 fps · 5.9 s",
        "task-7cvnl5zw",
        "clips/my panda.mp4",
        "If the clip doesn't play, copy it there",
        "2.1\u00a0MB",
        CLIP.sha256,
        RECIPE.cell,
        "prompt_optimizer",
        "A panda [左移]",
        RECIPE.created,
    ):
        assert fact in seen.text
    assert seen.one("a")["href"] == CLIP.src  # where no player survives, the link does


def test_the_task_is_in_the_fold_out_unless_a_person_has_to_look_for_it():
    above = settled_html(ORDER, STORED, CLIP, RECIPE).partition("<details")[0]
    assert STORED.task_id not in above
    unsure = settled_html(ORDER, replace(STORED, state="uncertain"), None, RECIPE).partition("<details")[0]
    assert STORED.task_id in unsure
    assert STORED.task_id in settled_html(ORDER, STORED, CLIP, None)


def test_only_a_camera_command_is_a_chip():
    seen = Seen(settled_html(replace(ORDER, prompt="[sic] a fox [Pan left,Shake]"), STORED, None, None))
    chips = [
        attributes for tag, attributes in seen.elements if tag == "bdi" and "rgba(79" in (attributes.get("style") or "")
    ]
    assert len(chips) == 1


@pytest.mark.parametrize("clip", [CLIP, None])
def test_a_sketch_is_called_one(clip):
    assert "SKETCH" in Seen(settled_html(replace(ORDER, sketch=True), STORED, clip, None)).text
    assert "SKETCH" in plain_text(replace(ORDER, sketch=True), STORED, clip)
    assert "SKETCH" not in Seen(settled_html(ORDER, STORED, clip, None)).text


def test_a_refusal_says_what_is_wrong_and_the_way_out():
    refused = Status(
        "refused",
        error="1080P supports 6 s only, and 10 s was asked for.",
        hint="Change -d 10 to -d 6.",
        charged="nothing was sent, nothing charged",
    )
    for text in (Seen(settled_html(ORDER, refused, None, None)).text, plain_text(ORDER, refused, None)):
        assert "Refused" in text
        assert refused.error in text
        assert refused.hint in text
        assert refused.charged in text


@pytest.mark.parametrize(
    ("state", "words"),
    [("uncertain", "Nothing is sent again"), ("abandoned", "may still finish this clip")],
)
def test_a_state_that_leaves_money_open_explains_itself(state, words):
    assert words in Seen(settled_html(ORDER, Status(state), None, None)).text
    assert words in plain_text(ORDER, Status(state), None)


def test_a_clip_looks_the_same_when_its_cell_is_run_again():
    made = settled_html(ORDER, replace(STORED, elapsed=48.0, charged="charged"), CLIP, RECIPE)
    cached = Status("stored", task_id=STORED.task_id, charged="from the library, nothing was charged")
    assert settled_html(ORDER, cached, replace(CLIP, cached=True), RECIPE) == made
    assert plain_text(ORDER, cached, replace(CLIP, cached=True)) == plain_text(ORDER, STORED, CLIP)
    assert "the same request again is free" in Seen(made).text


def test_what_is_shown_first_says_how_to_see_the_rest():
    seen = Seen(open_html(ORDER, Status("queued", task_id="t1"), "%hailuo show panda")).text
    for text in ("panda", "Requested", "t1", ORDER.model, ORDER.price, "%hailuo show panda", "%hailuo resume"):
        assert text in seen


HOSTILE = (
    "<script>alert(1)</script><img src=x onerror='a()'> \"q\" 'q' &amp; \u202ertl\u202c שלום 🐼 </pre></div>`--><!--"
)


def test_hostile_text_is_only_text():
    seen = Seen(settled_html(replace(ORDER, prompt=HOSTILE, name=HOSTILE), STORED, CLIP, RECIPE))
    assert HOSTILE in seen.text
    assert {tag for tag, _ in seen.elements} <= TAGS


anything = st.text(max_size=60) | st.sampled_from([HOSTILE, "' onload='x", "[Truck left]", "[Shake][Push in]'>"])


@settings(max_examples=150, deadline=None)
@given(words=st.lists(anything, min_size=14, max_size=14), state=st.sampled_from(["stored", "refused", "uncertain"]))
def test_whatever_is_said_only_known_elements_come_out(words, state):
    order = Order(*words[:8], sketch=False, warnings=(words[8],))
    status = Status(state, task_id=words[9], note=words[10], error=words[11], hint=words[12], charged=words[13])
    clip = replace(CLIP, src=words[8], file=words[9])
    recipe = Recipe(words[10], ((words[11], words[12]),), words[13], words[0])
    for each in (clip, None):
        seen = Seen(settled_html(order, status, each, recipe))
        assert {tag for tag, _ in seen.elements} <= TAGS
        assert {name for _, attributes in seen.elements for name in attributes} <= ATTRIBUTES


@settings(max_examples=40, deadline=None)
@given(
    letter=st.sampled_from(["熊", "&", '"', "🐼", "\n", "'", "\ud800", "a"]),
    length=st.integers(0, 7000),
    long=st.booleans(),
)
def test_no_output_weighs_more_than_thirty_kilobytes(letter, length, long):
    text = letter * length
    order = replace(ORDER, prompt=text, warnings=(text,) * 9 if long else ())
    status = replace(STORED, error=text if long else "", hint=text if long else "")
    recipe = replace(RECIPE, cell=text, prompt_sent=text if long else "")
    assert weight(order, status, replace(CLIP, poster=bytes(POSTER_LIMIT)), recipe) <= OUTPUT_LIMIT


def test_two_thousand_chinese_characters_and_the_largest_poster_fit_together():
    prompt = "雪" * 2000
    order, recipe = replace(ORDER, prompt=prompt), replace(RECIPE, cell="%%hailuo panda -d 6 -r 768P\n" + prompt)
    clip = replace(CLIP, poster=bytes(POSTER_LIMIT))
    seen = Seen(settled_html(order, STORED, clip, recipe))
    assert prompt in seen.text
    assert seen.one("video")["poster"]
    assert weight(order, STORED, clip, recipe) <= OUTPUT_LIMIT


def test_what_a_terminal_would_obey_never_reaches_it():
    text = plain_text(replace(ORDER, prompt="a \x1b[31mred\x07 fox\r\nand more"), STORED, CLIP)
    assert not {"\x1b", "\x07", "\r"} & set(text)
    assert len(text.splitlines()) == 3
