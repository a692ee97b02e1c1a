"""Clips that are compared to answer a question: votes are taken, kept in a journal, and read back as a study."""

from __future__ import annotations

import inspect
import itertools
import math
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hailuo_widgets.errors import UsageError
from hailuo_widgets.judge import ballot, exports
from hailuo_widgets.judge.ranking import Effects, Ranking
from hailuo_widgets.judge.study import Study, fit
from hailuo_widgets.judge.voters import Voters
from hailuo_widgets.judge.votes import counted, standing
from hailuo_widgets.paths import user_path
from hailuo_widgets.store.vote import LONGEST_NAME, LONGEST_QUESTION, ME, QUESTION, Vote
from hailuo_widgets.tabular import data_frame, to_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from hailuo_widgets.clock import Clock
    from hailuo_widgets.store.clip import Clip
    from hailuo_widgets.store.journal import Journal
    from hailuo_widgets.store.vote import Answer, Source

    Program = Callable[[Clip, Clip], Any]

REPEATS = 0.1
"""Share of pairs that come back with seats swapped, which tells how consistent a voter is."""

_LEAST_BETWEEN = 5
"""So many votes lie between a pair and its return, so that it is judged and not remembered."""


MOST_SEATS = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """Clips to be shown.

    Attributes:
        clips: Their ids, in their seats.
        probability: With which they were chosen; None where that is unknown.
        random: Whether they were drawn at random.
        repeats: The vote on the same clips that they come back from.
    """

    clips: tuple[str, ...]
    probability: float | None
    random: bool
    repeats: str | None = None

    @property
    def chosen(self) -> str:
        """`"repeat"`, `"random"` or `"telling"`."""
        return "repeat" if self.repeats else "random" if self.random else "telling"


class Judging:
    """Clips in cells, and the votes on them that answer one question. Thread-safe.

    Args:
        journal: Where votes are kept.
        clock: Tells when.
        clips: Which ones, by id.
        cells: Id of a clip → its cell.
        axes: Cell → its values; None where nothing varies by axes.
        question: What is asked: `"better"`, `"follows"`, or another short text.
        gone: Ids of clips of these cells that were deleted: votes on them don't count, which the ranking says.
        generator: Draws seats and random pairs; a fresh one if None.

    Raises:
        UsageError: If there are not two clips, or the question is empty or too long.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        clips: Mapping[str, Clip],
        cells: Mapping[Hashable, str],
        *,
        axes: Mapping[Hashable, Mapping[str, Hashable]] | None = None,
        question: str = QUESTION,
        gone: Collection[str] = (),
        generator: np.random.Generator | None = None,
    ) -> None:
        if len(clips) < 2:
            raise UsageError("There are not two clips to compare.", hint="Run the sweep, or wait until clips are done.")
        if not isinstance(question, str) or not 0 < len(question.strip()) <= LONGEST_QUESTION:
            raise UsageError(
                f"A question has 1 to {LONGEST_QUESTION} characters.", hint='Write "better", "follows", or a few words.'
            )
        self.journal, self.clips, self.cells, self.question = journal, clips, cells, question.strip()
        self._clock, self._axes, self._gone = clock, axes, frozenset(gone)
        self._generator = generator or np.random.default_rng()
        self._latest = 0.0
        self._lock = threading.Lock()

    @property
    def votes(self) -> list[Vote]:
        """Every vote on these clips, oldest first; undone ones and the rows that undo them are among them."""
        return self._on_clips(self.journal.votes(self.question))

    def _on_clips(self, votes: Iterable[Vote]) -> list[Vote]:
        return [each for each in votes if all(clip in self.clips for clip in each.clips)]

    def study(self, votes: Iterable[Vote] | None = None, *, programs: bool = False) -> Study:
        """What the votes say.

        Args:
            votes: Which ones; None for all.
            programs: Whether those of programs are meant, instead of people's.
        """
        found = counted(self.votes if votes is None else votes, self.clips, programs=programs)
        several = len(set(found.voters)) > 1
        return fit(found.votes, self.cells, axes=self._axes, voters=found.voters if several else None)

    @property
    def ranking(self) -> Ranking:
        """The cells, as people voted."""
        return Ranking(self.study(), self._lost())

    def _lost(self) -> str:
        """How many of people's votes are about clips that were deleted, in a sentence."""
        if not self._gone:
            return ""
        every, known = self.journal.votes(self.question), {*self.clips, *self._gone}
        lost = len(counted(every, known).votes) - len(counted(self._on_clips(every), known).votes)
        if not lost:
            return ""
        return f"{lost} {'vote is' if lost == 1 else 'votes are'} about deleted clips, and not counted."

    @property
    def effects(self) -> Effects:
        """What each value of each axis adds, as people voted."""
        return Effects(self.study())

    def next_pair(self, voter: str = ME, *, ahead: Sequence[Shown] = (), seats: int = 2) -> Shown:
        """The clips to show a voter next. One time in ten they are earlier ones with their seats swapped.

        Args:
            voter: To whom.
            ahead: Those that are on the screen, or wait to be: they are taken as judged equal for now.
            seats: How many clips.
        """
        votes = self.votes
        mine = [each for each in standing(votes) if each.voter == voter and each.answer != "skip"]
        again = (
            {each.repeats for each in mine}
            | {each.repeats for each in ahead}
            | {each.id for each in mine if each.repeats}
        )
        old = [each for each in mine[:-_LEAST_BETWEEN] if each.id not in again and len(each.clips) == seats]
        if old and self._generator.random() < REPEATS:
            vote = old[int(self._generator.integers(len(old)))]
            return Shown(vote.clips[::-1], REPEATS / len(old), True, vote.id)
        now = self._clock.now()
        waiting = [
            Vote(id=str(number), voter=voter, clips=shown.clips, answer="tie", created=now)
            for number, shown in enumerate(ahead)
        ]
        study = self.study([*votes, *waiting])
        pair = study.next_pair(self._generator)
        clips = tuple(str(clip) for clip in pair.clips)
        if seats > 2:
            return Shown(self._with_more(study, clips, seats, random=pair.random), None, pair.random)
        return Shown(clips, pair.probability * (1 - REPEATS if old else 1), pair.random)

    def _with_more(self, study: Study, clips: tuple[str, ...], seats: int, *, random: bool) -> tuple[str, ...]:
        """A pair and further clips, of other cells as far as there are some.

        They are drawn at random like the pair, or they are those that may be the best; first what was seen least.
        """
        seen = {str(clip): int(count) for clip, count in zip(study.record.clips, study.record.seen, strict=True)}
        rest = [each for each in self.clips if each not in clips]
        rest = [rest[int(place)] for place in self._generator.permutation(len(rest))]
        chosen = list(clips)
        while len(chosen) < seats and rest:
            cells = {self.cells[each] for each in chosen}
            if random:
                rest.sort(key=lambda each: self.cells[each] in cells)  # within each half, chance decides
            else:
                rest.sort(key=lambda each: (self.cells[each] in cells, -study.best[self.cells[each]], seen[each]))
            chosen.append(rest.pop(0))
        return tuple(chosen[int(place)] for place in self._generator.permutation(len(chosen)))

    def again(self, vote: Vote) -> Shown:
        """Clips that were judged, to be shown once more as they were."""
        return Shown(vote.clips, vote.probability, vote.chosen == "random", vote.repeats)

    def signed_pairs(self, name: str, count: int) -> list[ballot.SignedPair]:
        """Different pairs for a ballot, the most telling first, as far as there are so many.

        Args:
            name: The ballot's.
            count: How many.
        """
        key = self.journal.ballot_key()
        left = {
            frozenset(pair)
            for pair in itertools.combinations(self.clips, 2)
            if self.cells[pair[0]] != self.cells[pair[1]] or len(set(self.cells.values())) == 1
        }
        found: list[Shown] = []
        while left and len(found) < count:
            shown = self.next_pair(name, ahead=found)
            if frozenset(shown.clips) not in left:
                pairs = sorted(sorted(each) for each in left)
                drawn = pairs[int(self._generator.integers(len(pairs)))]
                shown = Shown((drawn[0], drawn[1]), 1 / len(pairs), True)
            left.discard(frozenset(shown.clips))
            found.append(shown)
        return [
            ballot.sign(key, (name, self.question), (each.clips[0], each.clips[1]), each.chosen, each.probability)
            for each in found
        ]

    def add_votes(self, *files: str | Path) -> ballot.Added:
        """Add the votes of files that a ballot's page saved. Adding a file again adds nothing twice.

        Args:
            files: Names or patterns: `"ballot/votes-*.json"`.

        Returns:
            How many votes are new, of whom, and why which files were refused: those that were changed, that are about
            other clips, and that are no votes. Nothing of such a file is taken.

        Raises:
            UsageError: If a name fits no file, or every file was refused.
            LibraryError: If the journal can't be written.
        """
        paths = ballot.find(files)
        votes, refused = ballot.read(paths, self.journal.ballot_key(), self.clips, self._clock.now())
        if len(refused) == len(paths):
            name, why = next(iter(refused.items()))
            more = f" {len(refused) - 1} more files were refused as well." if len(refused) > 1 else ""
            raise UsageError(f"{name} was refused: {why}{more}", hint="Add files that this library's ballots saved.")
        new = self.journal.cast(votes)
        return ballot.Added(new, len(votes) - new, tuple(dict.fromkeys(each.voter for each in votes)), refused)

    @property
    def voters(self) -> Voters:
        """The people who voted: how many votes, how consistent each is, and how far they agree."""
        return Voters(self.study(), standing(self.votes))

    def count(self, voter: str = ME) -> int:
        """How many votes a person gave that were not undone; skipped pairs are not among them."""
        mine = [each for each in standing(self.votes) if each.voter == voter and each.source != "program"]
        return sum(each.answer != "skip" for each in mine)

    def cast(
        self,
        clips: tuple[str, ...],
        answer: Answer,
        *,
        voter: str = ME,
        source: Source = "person",
        shown: Shown | None = None,
        seconds: float | None = None,
    ) -> Vote:
        """Keep a vote. It is durable when this returns.

        Args:
            clips: In their seats.
            answer: The winner's seat from 0, `"tie"`, `"bad"` (all of them), or `"skip"`.
            voter: Who votes.
            source: A person or a program.
            shown: How the pair was chosen.
            seconds: How long it took.

        Raises:
            UsageError: If that is no vote.
            LibraryError: If the journal can't be written.
        """
        if not all(clip in self.clips for clip in clips):
            raise UsageError("This vote is about a clip that isn't compared here.", hint="Show the pair again.")
        try:
            vote = Vote(
                id=secrets.token_hex(16),
                voter=voter_name(voter),
                clips=clips,
                answer=answer,
                created=self._moment(),
                question=self.question,
                source=source,
                seconds=seconds,
                repeats=shown.repeats if shown else None,
                chosen=shown.chosen if shown else "",
                probability=shown.probability if shown else None,
            )
        except ValueError as error:
            raise UsageError(f"This can't be kept: {error}.", hint="Vote again.") from None
        self.journal.cast([vote])
        return vote

    def undo(self, voter: str = ME) -> Vote | None:
        """Undo a voter's latest vote. Returns the vote; None if there is none."""
        mine = [each for each in standing(self.votes) if each.voter == voter and each.source != "program"]
        if not mine:
            return None
        last = mine[-1]
        row = Vote(
            id=secrets.token_hex(16),
            voter=voter,
            clips=last.clips,
            answer="undo",
            created=self._moment(),
            question=self.question,
            repeats=last.id,
        )
        self.journal.cast([row])
        return last

    def by(self, program: Program, *, votes: int = 100, name: str = "") -> Ranking:
        """Let a program vote, on pairs of clips of different cells that it hasn't judged yet, drawn at random.

        Args:
            program: `(clip, clip)` → 0 or 1 for the better one, None or `"tie"` for a tie, `"skip"` for no answer.
            votes: How many it gives at most.
            name: The voter's name; the function's own where none is given. A lambda and an object have none.

        Returns:
            The ranking by this program, and how far it agrees with people. People's ranking stays as it is.

        Raises:
            UsageError: At another answer, if `program` is not a function of two clips or has no name, or if `votes` is
                not a number of votes.
            LibraryError: If the journal can't be written.
            Exception: Whatever the program raised. The votes that it gave before are kept.
        """
        if type(votes) is not int or votes < 1:
            raise UsageError(f"A program gives 1 vote or more, not {votes!r:.60}.", hint="Write votes=100.")
        _check_program(program)
        voter = voter_name(name or _program_name(program))
        mine = {
            frozenset(each.clips) for each in standing(self.votes) if each.source == "program" and each.voter == voter
        }
        pairs = [
            pair
            for pair in itertools.combinations(self.clips, 2)
            if self.cells[pair[0]] != self.cells[pair[1]] and frozenset(pair) not in mine
        ]
        for place in self._generator.permutation(len(pairs))[:votes]:
            clips = pairs[place] if self._generator.random() < 0.5 else pairs[place][::-1]
            try:
                answer = _answer(program(*(self.clips[clip] for clip in clips)))
            except Exception as error:
                error.add_note(f"{voter} was comparing {clips[0]} with {clips[1]}. The votes that it gave are kept.")
                raise
            self.cast(clips, answer, voter=voter, source="program")
        every = self.votes
        own = [each for each in every if each.source == "program" and each.voter == voter]
        people = [each for each in every if each.source != "program"]
        return Ranking(self.study(own, programs=True), f"By {voter}, a program. {_agreement(own, people)}")

    @property
    def records(self) -> list[dict[str, Any]]:
        """A record a vote: the clips with their cells, the answer, who, when, and how the pair was chosen."""
        return exports.records(self.votes, self.cells)

    @property
    def df(self) -> pd.DataFrame:
        """`records` as a data frame.

        Raises:
            UsageError: If pandas is not installed; `records` needs nothing.
        """
        return data_frame(self.records, exports.COLUMNS)

    def to_json(self, path: str | Path) -> Path:
        """Write `records` into a JSON file.

        Raises:
            UsageError: If it is not a path.
            LibraryError: If the disk refuses it.
        """
        return exports.to_json(self.records, user_path(path))

    def to_parquet(self, path: str | Path) -> Path:
        """Write `df` into a Parquet file.

        Raises:
            UsageError: If pandas or pyarrow is not installed.
            LibraryError: If the disk refuses it.
        """
        return to_parquet(self.df, user_path(path))

    @property
    def preferences(self) -> list[dict[str, str]]:
        """People's votes as preference pairs: prompts, files and ids of the chosen and the rejected clip.

        Ties, skips and undone votes are left out; a vote on four clips is three pairs.
        """
        return exports.preferences(self.votes, self.clips)

    def to_preferences(self, folder: str | Path) -> Path:
        """Write `preferences` as a folder that `datasets.load_dataset(folder)` reads, clips included.

        Raises:
            UsageError: If there are none, the folder is not empty, or a clip's file is gone.
            LibraryError: If the disk refuses it.
        """
        return exports.to_preferences(self.preferences, self.clips, user_path(folder))

    def _moment(self) -> float:
        """Now, and later than the vote before: votes are read back in the order of their times."""
        with self._lock:
            self._latest = max(self._clock.now(), self._latest + 1e-5)
            return self._latest

    def __repr__(self) -> str:
        return f"<{len(self.clips)} clips of {len(set(self.cells.values()))} cells · {self.study().sentence}>"


def voter_name(voter: object) -> str:
    """A voter's name as it is kept: in one line, and not too long.

    Raises:
        UsageError: If it is not text, or is empty.
    """
    name = " ".join(voter.split())[:LONGEST_NAME] if isinstance(voter, str) else ""
    if not name:
        raise UsageError(f"A voter needs a name, not {voter!r:.60}.", hint='Write voter="Ada".')
    return name


def _check_program(program: object) -> None:
    """A program compares two clips.

    Raises:
        UsageError: If it doesn't.
    """
    if not callable(program):
        raise UsageError(
            f"{program!r:.60} can't compare clips.", hint="Give a function of two clips, or the name of a measure."
        )
    try:
        inspect.signature(program).bind(None, None)
    except TypeError:
        raise UsageError(f"{program!r:.60} doesn't take two clips.", hint="Write def sharper(one, other): …") from None
    except ValueError:  # written in C, without a signature
        pass


def _program_name(program: object) -> str:
    """Under which a program's votes are kept. Two programs of one name would be taken for the same voter.

    Raises:
        UsageError: If it has no name of its own.
    """
    name = str(getattr(program, "__name__", ""))
    if name in ("", "<lambda>"):
        raise UsageError(
            f"{program!r:.60} has no name to keep its votes under.", hint='Name it: fox.judge(by=…, voter="sharper").'
        )
    return name


def _answer(said: Any) -> Answer:
    if said is None or (isinstance(said, str) and said == "tie"):
        return "tie"
    if isinstance(said, str) and said == "skip":
        return "skip"
    # True may mean "the first is better" or "the second", so it is not an answer.
    number = isinstance(said, (int, float, np.integer)) and not isinstance(said, bool)
    if number and math.isfinite(said) and said in (0, 1):
        return int(said)
    raise UsageError(
        f"The program answered {said!r:.60}.",
        hint='Return 0 if the first clip is better, 1 if the second is, None for a tie, or "skip".',
    )


def _agreement(own: Iterable[Vote], people: Iterable[Vote]) -> str:
    """How often a program picks the clip that people picked."""
    picked: dict[frozenset[str], list[str]] = {}
    for vote in standing(people):
        if isinstance(vote.answer, int) and len(vote.clips) == 2:
            picked.setdefault(frozenset(vote.clips), []).append(vote.clips[vote.answer])
    same = total = 0
    for vote in standing(own):
        if isinstance(vote.answer, int):
            theirs = picked.get(frozenset(vote.clips), [])
            total += len(theirs)
            same += theirs.count(vote.clips[vote.answer])
    if not total:
        return "No pair was also judged by people."
    return f"It agrees with people on {same} of {total} votes."
