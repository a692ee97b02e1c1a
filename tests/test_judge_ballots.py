"""Ballots: a page that goes out, votes that come back as files, and what strangers may put into such files."""

from __future__ import annotations

import json
import re
import zlib

import pytest

import hailuo_widgets as hw
from hailuo_widgets.errors import UsageError
from hailuo_widgets.judge.ballot import LARGEST

SECONDS = 60
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def fox(here):
    made = hw.sweep("A red fox {gait}", name="fox", gait=["trots", "leaps"], repeat=2)
    made.run().result(SECONDS)
    return made


def page_of(folder):
    """What the page knows."""
    text = (folder / "index.html").read_text("utf-8")
    return json.loads(re.search(r'<script type="application/json" id="ballot">(.*?)</script>', text, re.DOTALL)[1])


def votes_on(ballot, voter="Ada", sheet="0123456789abcdef", **more):
    """What a voter's page saves who always prefers the first clip."""
    answers = [
        {**pair, "answer": 0, "seconds": 2.5, "at": 1_700_000_000.5, "repeat": False} for pair in ballot["pairs"]
    ]
    return {
        "ballot": ballot["ballot"],
        "question": ballot["question"],
        "sheet": sheet,
        "voter": voter,
        "answers": answers,
        **more,
    }


def saved(path, votes):
    text = votes if isinstance(votes, str) else json.dumps(votes)
    file = {
        "format": "hailuo_widgets votes",
        "version": 1,
        "checksum": f"{zlib.crc32(text.encode()):08x}",
        "votes": text,
    }
    path.write_text(json.dumps(file), "utf-8")
    return path


def test_a_ballot_lies_beside_its_clips_and_tells_nothing_of_them(fox, tmp_path):
    page = fox.to_ballot(tmp_path / "ballot", question="follows")
    ballot = page_of(page.parent)
    assert (ballot["question"], ballot["asked"]) == ("follows", "Which does what the prompt says?")
    assert len(ballot["pairs"]) == 4  # two clips of each of two cells
    assert sorted(ballot["files"].values()) == sorted(
        f"clips/{each.name}" for each in (page.parent / "clips").iterdir()
    )
    text = page.read_text("utf-8")
    assert "fox" not in text
    assert "leaps" not in text
    assert not re.search(r"""(?:src|href)=["']?\s*(?:https?:)?//""", text)
    assert len(page_of(fox.to_ballot(tmp_path / "short", votes=2).parent)["pairs"]) == 2
    with pytest.raises(UsageError, match="1 to 500 pairs"):
        fox.to_ballot(tmp_path / "none", votes=0)


def test_a_question_of_ones_own_is_text_on_the_page(fox, tmp_path):
    text = fox.to_ballot(tmp_path / "ballot", question="</script><b>?").read_text("utf-8")
    assert "</script><b>" not in text


def test_votes_that_come_back_count_once_each(fox, tmp_path):
    ballot = page_of(fox.to_ballot(tmp_path / "ballot").parent)
    saved(tmp_path / "votes-a.json", votes_on(ballot))
    saved(tmp_path / "votes-b.json", votes_on(ballot, "Bob", "b" * 16))
    added = fox.add_votes(tmp_path / "votes-*.json")
    assert (added.votes, added.known, added.voters, added.refused) == (8, 0, ("Ada", "Bob"), {})
    assert fox.ranking.study.record.votes == 8
    again = fox.add_votes(tmp_path / "votes-a.json", tmp_path / "votes-*.json")
    assert (again.votes, again.known) == (0, 8)
    assert fox.ranking.study.record.votes == 8
    vote = fox.judging.about().votes[0]
    assert (vote.source, vote.seconds, vote.created) == ("ballot", 2.5, 1_700_000_000.5)
    assert "2 voters agree with Krippendorff's α = 1.00" in fox.voters.sentence


def test_a_pair_that_came_back_with_its_seats_swapped_tells_of_the_voters_consistency(fox, tmp_path):
    ballot = page_of(fox.to_ballot(tmp_path / "ballot").parent)
    votes = votes_on(ballot)
    first = votes["answers"][0]
    votes["answers"].append({**first, "clips": first["clips"][::-1], "answer": 1, "repeat": True})
    fox.add_votes(saved(tmp_path / "votes.json", votes))
    [ada] = fox.voters
    assert (ada.name, ada.votes, ada.consistency.repeats, ada.consistency.same) == ("Ada", 5, 1, 1)
    assert [each.chosen == "repeat" for each in fox.judging.about().votes] == [False] * 4 + [True]


def changed(ballot, **more):
    votes = votes_on(ballot)
    votes["answers"][0] = {**votes["answers"][0], **more}
    return votes


FORGED = [
    (lambda b: changed(b, clips=b["pairs"][0]["clips"][:1] * 2), "did not ask about"),
    (lambda b: changed(b, clips=["elsewhere", "nowhere"]), "did not ask about"),
    (lambda b: changed(b, clips=[1, None]), "did not ask about"),
    (lambda b: changed(b, probability=0.123), "did not ask about"),
    (lambda b: changed(b, probability=10**400), "did not ask about"),
    (lambda b: changed(b, seal="\ud800"), "did not ask about"),
    (lambda b: votes_on(b, question="follows"), "did not ask about"),
    (lambda b: votes_on({**b, "ballot": "another"}), "did not ask about"),
    (lambda b: changed(b, **b["pairs"][1]), "same pair twice"),
    (lambda b: changed(b, answer=7), "answers can't be read"),
    (lambda b: changed(b, answer="undo"), "answers can't be read"),
    (lambda b: changed(b, answer=[0]), "answers can't be read"),
    (lambda b: votes_on(b, answers=["x"]), "answers can't be read"),
    (lambda b: votes_on(b, answers=[]), "no answers"),
    (lambda b: votes_on(b, answers=[0] * 1001), "more than 1000"),
    (lambda b: votes_on(b, voter=" \n "), "who voted"),
    (lambda b: votes_on(b, voter=None), "who voted"),
    (lambda b: votes_on(b, sheet=["x"]), "name its ballot"),
    (lambda _: "[" * 100_000, "not a file of votes"),
    (lambda _: '{"answers": NaN}', "not a file of votes"),
]


def test_forged_votes_are_refused_in_a_sentence(fox, tmp_path):
    ballot = page_of(fox.to_ballot(tmp_path / "ballot").parent)
    for forge, why in FORGED:
        file = saved(tmp_path / "votes.json", forge(ballot))
        with pytest.raises(UsageError, match=why):
            fox.add_votes(file)
    assert fox.judging.about().votes == []


def test_files_that_are_none_of_ours_are_refused_and_the_others_count(fox, tmp_path):
    ballot = page_of(fox.to_ballot(tmp_path / "ballot").parent)
    good = saved(tmp_path / "votes-good.json", votes_on(ballot))
    (tmp_path / "votes-edited.json").write_text(good.read_text().replace("Ada", "Eve"))
    (tmp_path / "votes-cut.json").write_bytes(good.read_bytes()[:500])
    (tmp_path / "votes-other.json").write_text("[1, 2]")
    (tmp_path / "votes-newer.json").write_text(good.read_text().replace('"version": 1', '"version": 2'))
    (tmp_path / "votes-folder.json").mkdir()
    with (tmp_path / "votes-huge.json").open("wb") as file:
        file.truncate(1_000_000_000)  # takes no room on the disk
    added = fox.add_votes(str(tmp_path / "votes-*.json"))
    assert added.votes == 4
    assert sorted(added.refused) == [
        f"votes-{name}.json" for name in ("cut", "edited", "folder", "huge", "newer", "other")
    ]
    assert "1,000 MB" in added.refused["votes-huge.json"]
    assert "was changed" in added.refused["votes-edited.json"]
    assert "4 votes of 1 voter added." in repr(added)
    assert "votes-cut.json was refused: it is not a file of votes" in repr(added)
    assert LARGEST < 10_000_000
    with pytest.raises(UsageError, match="No file fits"):
        fox.add_votes(tmp_path / "nothing-*.json")


def test_ballots_of_another_sweep_or_another_library_are_refused(fox, tmp_path):
    other = hw.sweep("A blue owl {pose}", name="owl", pose=["sits", "flies"])
    other.run().result(SECONDS)
    ballot = page_of(other.to_ballot(tmp_path / "ballot").parent)
    file = saved(tmp_path / "votes.json", votes_on(ballot))
    with pytest.raises(UsageError, match="clips that are not compared here"):
        fox.add_votes(file)
    assert other.add_votes(file).votes == 1


def test_html_in_a_name_is_text_wherever_it_is_shown(fox, tmp_path):
    ballot = page_of(fox.to_ballot(tmp_path / "ballot").parent)
    saved(tmp_path / "votes-a.json", votes_on(ballot, EVIL + "\x1b[31m"))
    saved(tmp_path / "votes-b.json", votes_on(ballot, "me", "b" * 16))
    fox.add_votes(tmp_path / "votes-*.json")
    names = {each.name for each in fox.voters}
    assert names == {EVIL + "\ufffd[31m", "me (ballot)"}  # the latter is not whoever votes in this notebook
    assert "<img" not in fox.voters._repr_html_()
    assert "\x1b" not in repr(fox.voters)
    assert "<img" not in fox.judge()._result()


def test_a_ballot_replaces_an_earlier_one_but_no_other_page(fox, tmp_path):
    folder = tmp_path / "ballot"
    first = page_of(fox.to_ballot(folder).parent)
    assert page_of(fox.to_ballot(folder).parent)["ballot"] != first["ballot"]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "index.html").write_text("my page")
    with pytest.raises(UsageError, match="holds another page"):
        fox.to_ballot(mine)
    assert [path.name for path in mine.iterdir()] == ["index.html"]
    (mine / "index.html").rename(tmp_path / "page")
    (mine / "index.html").symlink_to(tmp_path / "page")
    with pytest.raises(UsageError, match="holds another page"):
        fox.to_ballot(mine)
    assert (tmp_path / "page").read_text() == "my page"


def test_refused_files_of_the_same_name_are_all_named(fox, tmp_path):
    files = [tmp_path / folder / "votes.json" for folder in ("one", "two")]
    for file in files:
        file.parent.mkdir()
        file.write_text("none")
    with pytest.raises(UsageError, match="1 more files were refused"):
        fox.add_votes(*files)
