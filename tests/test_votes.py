"""Votes: kept as they are given, none lost, none counted twice."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest

from hailuo_widgets.judge import fit
from hailuo_widgets.judge.votes import counted, standing
from hailuo_widgets.store.journal import Journal
from hailuo_widgets.store.library import Library, rebuild
from hailuo_widgets.store.vote import Vote

CLIPS = {"a1", "a2", "b1", "b2"}


def vote(number, answer=0, clips=("a1", "b1"), **more):
    return Vote(id=str(number), voter="Ada", clips=clips, answer=answer, created=float(number), **more)


@pytest.fixture
def journal(tmp_path):
    made = Journal(f"sqlite:///{tmp_path / 'library.sqlite'}")
    yield made
    made.close()


def test_votes_come_back_as_they_were_given(journal):
    given = [
        vote(1, 1, seconds=2.5, chosen="telling", probability=0.9),
        vote(2, "tie", question="follows"),
        vote(3, "bad", source="ballot"),
        vote(4, 3, clips=("a1", "a2", "b1", "b2"), source="program"),
        vote(5, "undo", repeats="1"),
    ]
    assert journal.cast(given) == 5
    assert journal.votes() == given
    assert journal.votes("follows") == [given[1]]


def test_a_vote_that_is_sent_again_counts_once(journal):
    assert journal.cast([vote(1), vote(2), vote(2)]) == 2
    assert journal.cast([vote(number) for number in range(1, 1203)]) == 1200
    assert len(journal.votes()) == 1202


def test_a_row_that_is_no_vote_is_left_out(journal, tmp_path):
    journal.cast([vote(1), vote(2), vote(3)])
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as connection:
        connection.execute("UPDATE votes SET answer = '7' WHERE id = '1'")
        connection.execute("UPDATE votes SET clips = '[1, 2]' WHERE id = '2'")
        connection.commit()
    assert [each.id for each in journal.votes()] == ["3"]


def test_undone_skipped_and_all_bad_votes_do_not_count():
    votes = [vote(1), vote(2, "skip"), vote(3, "bad"), vote(4, "tie"), vote(5, 1), vote(6, "undo", repeats="1")]
    assert [each.id for each in standing(votes)] == ["2", "3", "4", "5"]
    assert counted(votes, CLIPS).votes == [(("a1", "b1"), None), (("a1", "b1"), 1)]
    study = fit(*counted(votes, CLIPS)[:1], {clip: clip[0] for clip in sorted(CLIPS)})
    assert study.record.votes == 2


def test_nobody_undoes_the_vote_of_another():
    other = replace(vote(2, "undo", repeats="1"), voter="Bob")
    assert [each.id for each in standing([vote(1), other])] == ["1"]


def test_programs_and_foreign_clips_are_kept_apart():
    votes = [vote(1), vote(2, source="program"), vote(3, clips=("a1", "elsewhere"))]
    assert counted(votes, CLIPS) == ([(("a1", "b1"), 0)], ["Ada"])
    assert counted(votes, CLIPS, programs=True) == ([(("a1", "b1"), 0)], ["Ada"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"answer": 2},
        {"answer": True},
        {"answer": "yes"},
        {"answer": "undo"},
        {"clips": ("a1",)},
        {"clips": ("a1", "a1")},
        {"clips": ("a1", 3)},
        {"voter": ""},
        {"voter": "x" * 81},
        {"created": float("nan")},
        {"seconds": -1.0},
        {"source": "bot"},
        {"chosen": "luck"},
    ],
)
def test_what_is_no_vote_is_refused(wrong):
    with pytest.raises(ValueError, match="vote"):
        replace(vote(1), **wrong)


def test_rebuilding_a_library_keeps_its_votes(tmp_path):
    library = Library(tmp_path)
    (tmp_path / "clips").mkdir(exist_ok=True)
    library.journal.cast([vote(1), vote(2, "undo", repeats="1")])
    library.close()
    rebuild(tmp_path, 1.0)
    again = Library(tmp_path)
    assert again.journal.votes() == [vote(1), vote(2, "undo", repeats="1")]
    again.close()


KERNEL = """
import sys
from hailuo_widgets.store.journal import Journal
from hailuo_widgets.store.vote import Vote
journal = Journal(sys.argv[1])
for number in range(40):
    votes = [Vote(id=f"{who}-{number}", voter=who, clips=("a1", "b1"), answer=0, created=1.0) for who in (sys.argv[2], "both")]
    journal.cast(votes)
"""


def test_two_kernels_at_once_lose_no_vote_and_count_none_twice(journal, tmp_path):
    url = f"sqlite:///{tmp_path / 'library.sqlite'}"
    kernels = [subprocess.Popen([sys.executable, "-c", KERNEL, url, who]) for who in ("one", "two")]
    assert [each.wait(120) for each in kernels] == [0, 0]
    ids = sorted(each.id for each in journal.votes())
    assert ids == sorted(f"{who}-{number}" for who in ("one", "two", "both") for number in range(40))
