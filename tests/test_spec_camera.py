"""The fifteen camera commands."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hailuo_widgets.spec import camera, camera_h3
from hailuo_widgets.spec.camera import CameraCommand

PAGES = [  # EvoLink's Hailuo 02 API and UCloud's 运镜控制说明, in the same order
    ("Truck left", "左移"),
    ("Truck right", "右移"),
    ("Pan left", "左摇"),
    ("Pan right", "右摇"),
    ("Push in", "推进"),
    ("Pull out", "拉远"),
    ("Pedestal up", "上升"),
    ("Pedestal down", "下降"),
    ("Tilt up", "上摇"),
    ("Tilt down", "下摇"),
    ("Zoom in", "变焦推近"),
    ("Zoom out", "变焦拉远"),
    ("Shake", "晃动"),
    ("Tracking shot", "跟随"),
    ("Static shot", "固定"),
]
commands = st.lists(st.sampled_from(list(CameraCommand)), min_size=1, max_size=4).map(tuple)
words = st.text(st.characters(exclude_characters="[]【】"), max_size=30)


def names(prompt):
    return [[each.en for each in shot.commands] for shot in camera.parse(prompt).shots]


def test_the_fifteen_are_those_of_the_pages():
    assert [(each.en, each.zh) for each in CameraCommand] == PAGES


@pytest.mark.parametrize(("en", "zh"), PAGES)
def test_both_languages_both_ways(en, zh):
    assert camera.translate(f"A fox [{en}].", "zh") == f"A fox [{zh}]."
    assert camera.translate(f"A fox [{zh}].", "en") == f"A fox [{en}]."
    assert names(f"[{en}]") == names(f"[{zh}]") == names(f"[ {en.upper()} ]") == [[en]]
    assert camera.command(f"[{zh}]") is camera.command(en)


def test_combined_and_sequential():
    assert names("a[Pan left,Pedestal up] b [推进，跟随、固定] c[Pull out]") == [
        ["Pan left", "Pedestal up"],
        ["Push in", "Tracking shot", "Static shot"],
        ["Pull out"],
    ]


@pytest.mark.parametrize(
    ("prompt", "text", "meant"),
    [
        ("A fox [Push out]", "Push out", ["Pull out", "Push in"]),
        ("A fox [Pan lef]", "Pan lef", ["Pan left"]),
        ("A fox [ pan  lft ,Shake]", "pan  lft", ["Pan left"]),
        ("A fox [dolly in]", "dolly in", ["Push in"]),
        ("A fox [Pan up]", "Pan up", ["Tilt up"]),
        ("A fox [推近]", "推近", ["Push in"]),
        ("A fox【推进】", "【推进】", ["Push in"]),
        ("A fox【Push in, 上升】!", "【Push in, 上升】", ["Push in", "Pedestal up"]),
    ],
)
def test_near_misses(prompt, text, meant):
    (miss,) = camera.parse(prompt).near_misses
    assert miss.text == text == prompt[miss.start : miss.end]
    assert [each.en for each in miss.meant] == meant
    assert text in str(miss)
    assert meant[0] in str(miss) or camera.command(meant[0]).zh in str(miss)


@pytest.mark.parametrize(
    "prompt", ["He wrote [sic].", "[]", "[,]", "[1]", "[音乐]", "【注】", "[[x]]", "a] b [c", "[Push", "[a fox"]
)
def test_other_brackets_are_plain_text(prompt):
    assert camera.parse(prompt) == camera.CameraScript()
    assert camera.translate(prompt, "zh") == camera_h3.prose(prompt) == prompt


def test_words_beside_a_command_stay():
    assert camera.translate("[Push in, slowly]", "zh") == "[推进,slowly]"
    assert camera_h3.prose("[Push in, slowly]") == "(the camera pushes in, slowly)"


def test_a_bracket_that_is_right_already_stays_as_it_is():
    prompt = "A mouse runs. [推进, 跟随]"
    assert camera.translate(prompt, "zh") == prompt


@given(st.text())
@example("[" * 2000)
@example("[a" * 2000 + "]")
@example("【[】]" * 500)
def test_any_text_can_be_read(prompt):
    script = camera.parse(prompt)
    for shot in script.shots:
        assert shot.commands
        assert prompt[shot.start] == "["
        assert prompt[shot.end - 1] == "]"
    for miss in script.near_misses:
        assert prompt[miss.start : miss.end] == miss.text
        assert miss.meant
    if not script.shots:
        assert camera.translate(prompt, "zh") == camera.translate(prompt, "en") == camera_h3.prose(prompt) == prompt


@given(st.lists(st.tuples(words, commands), max_size=4), words)
def test_translation_and_back(pieces, end):
    english = "".join(text + camera.bracket(shot) for text, shot in pieces) + end
    chinese = "".join(text + camera.bracket(shot, "zh") for text, shot in pieces) + end
    assert camera.translate(english, "zh") == chinese
    assert camera.translate(chinese, "en") == english
    assert [shot.commands for shot in camera.parse(english).shots] == [shot for _, shot in pieces]
    prose = camera_h3.prose(english)
    assert not camera.parse(prose).shots
    assert all(text in prose for text, _ in pieces)


@given(words, words)
def test_what_stands_outside_brackets_is_untouched(before, after):
    for language in ("en", "zh"):
        result = camera.translate(f"{before}[Push in,上升]{after}", language)
        assert result.startswith(before)
        assert result.endswith(after)


@pytest.mark.parametrize(
    ("written", "repaired"),
    [
        # brackets
        ("［推进］", "[推进]"),
        ("「推进」", "[推进]"),
        ("『Push in』", "[Push in]"),
        ("〔Pan left〕", "[Pan left]"),
        ("(Pan left)", "[Pan left]"),
        ("（推进）", "[推进]"),
        ("<Pan left>", "[Pan left]"),
        ("《推进》", "[推进]"),
        ("[Pan left)", "[Pan left]"),
        ("［Pan left]", "[Pan left]"),
        ("(Pan left, Tilt up)", "[Pan left,Tilt up]"),
        ("【左搖】", "[左摇]"),
        # characters
        ("[左搖]", "[左摇]"),
        ("[推進]", "[推进]"),
        ("[拉遠]", "[拉远]"),
        ("[變焦推近]", "[变焦推近]"),
        ("[晃動]", "[晃动]"),
        ("[跟隨]", "[跟随]"),
        ("[上昇]", "[上升]"),
        ("[Ｐａｎ ｌｅｆｔ]", "[Pan left]"),
        ("[Pan\u200b left]", "[Pan left]"),
        # several at once, and in turn
        ("[Pan left + Tilt up]", "[Pan left,Tilt up]"),
        ("[Pan left and Tilt up]", "[Pan left,Tilt up]"),
        ("[Pan left/Tilt up]", "[Pan left,Tilt up]"),
        ("[Pan left & Tilt up]", "[Pan left,Tilt up]"),
        ("[Pan left; Tilt up]", "[Pan left,Tilt up]"),
        ("[推进+上升]", "[推进,上升]"),
        ("[推进和上升]", "[推进,上升]"),
        ("[Pan lfet + Tilt upp]", "[Pan left,Tilt up]"),
        ("[Pan left then Tilt up]", "[Pan left][Tilt up]"),
        ("[Pan left -> Zoom in]", "[Pan left][Zoom in]"),
        ("[Shake, Pan left → Zoom in]", "[Shake, Pan left][Zoom in]"),
        # a word too many, or in another form
        ("[Camera: Pan left]", "[Pan left]"),
        ("[camera pans left]", "[Pan left]"),
        ("[slow pan left]", "[Pan left]"),
        ("[Pan left slowly]", "[Pan left]"),
        ("[Pan to the left]", "[Pan left]"),
        ("[left pan]", "[Pan left]"),
        ("[panning left]", "[Pan left]"),
        ("[PanLeft]", "[Pan left]"),
        ("[pan-left]", "[Pan left]"),
        ("[pan_left]", "[Pan left]"),
        ("[Pan left.]", "[Pan left]"),
        ("[pan left 30 degrees]", "[Pan left]"),
        ("[Zoom in on the moon]", "[Zoom in]"),
        ("[镜头推进]", "[推进]"),
        ("[缓慢推进]", "[推进]"),
        ("[固定镜头]", "[固定]"),
        # the field's words
        ("[Orbit left]", "[Truck left,Pan right]"),
        ("[Orbit]", "[Truck left,Pan right]"),
        ("[环绕]", "[左移,右摇]"),
        ("[環繞]", "[左移,右摇]"),
        ("[Dolly zoom]", "[Pull out,Zoom in]"),
        ("[Crane up]", "[Pedestal up]"),
        ("[Whip pan right]", "[Pan right]"),
        ("[steadicam shot]", "[Tracking shot]"),
        ("[Roll left]", "Roll left"),
        ("[Rack focus]", "Rack focus"),
        ("[Zoom in, Roll left]", "[Zoom in]"),
        ("[Roll left, Zoom in]", "[ Zoom in]"),
        # other languages
        ("[パン左]", "[Pan left]"),
        ("[ズームイン]", "[Zoom in]"),
        ("[ティルトアップ]", "[Tilt up]"),
        ("[トラッキングショット]", "[Tracking shot]"),
        ("「右揺」", "[右摇]"),
        ("[줌인]", "[Zoom in]"),
        ("[Pan left the fox", "[Pan left] the fox"),
        ("[Push in, Tilt up the fox", "[Push in,Tilt up] the fox"),
        ("slow Pan left] the fox", "slow [Pan left] the fox"),
        ("[推进一只狐狸", "[推进]一只狐狸"),
        ("{Pan left}", "[Pan left]"),
        ("[snap zoom]", "[Zoom in]"),
        ("[Descend]", "[Pedestal down]"),
        ("[Pull away]", "[Pull out]"),
        ("[慢推]", "[推进]"),
    ],
)
def test_what_looks_like_a_command_is_reported_and_can_be_repaired(written, repaired):
    prompt = f"A fox trots. {written} Snow falls."
    (miss,) = camera.parse(prompt).near_misses
    assert prompt[miss.start : miss.end] == miss.text
    assert "is not a camera command" in str(miss)
    after = camera.mended(prompt)
    assert after == f"A fox trots. {repaired} Snow falls."
    assert camera.parse(after).near_misses == ()


@pytest.mark.parametrize(
    "words",
    [
        "[shake hands]", "[zoom call]", "[pan pizza]", "[She pans for gold]", "[left]", "[The door moves left]", "[track 3]",
        "[the cat pulls out a knife]", "[推进剂加注]", "[推理]", "[拉面]", "[摇滚]", "[降雪]", "(static)", "(tracking)",
        "(and so on)", "「你好」", "<b>", "(laughs)", "[close-up]", "[bird's eye view]", "[OVERLAY TEXT]", "f(x)", "a < b > c",
    ],
)  # fmt: skip
def test_words_in_brackets_that_are_no_moves_are_left_alone(words):
    prompt = f"A fox trots {words} home."
    assert camera.parse(prompt) == camera.CameraScript()
    assert camera.mended(prompt) == prompt


@given(st.text())
def test_a_repair_leaves_nothing_to_repair(prompt):
    assert camera.parse(camera.mended(prompt)).near_misses == ()
