"""What was paid for is resumed after a kernel died, by one kernel, and never bought twice."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import hailuo_widgets as hw
from hailuo_widgets import load_ipython_extension
from hailuo_widgets.commands import resume as resume_command
from hailuo_widgets.errors import AuthenticationError, UncertainError, UsageError
from hailuo_widgets.keys import EMBEDDED
from hailuo_widgets.net.client import AsyncHailuo
from hailuo_widgets.settings import Settings
from hailuo_widgets.spec.quote import quote
from hailuo_widgets.spec.request import VideoRequest
from hailuo_widgets.store import lease, owner, peek
from hailuo_widgets.store.journal import Journal
from hailuo_widgets.store.library import Library
from support.session import session
from support.vendor import PROMPT, submits

SECONDS = 60
REQUEST = VideoRequest.of(prompt=PROMPT)


def dead_owner() -> str:
    """The name of a holder that really ran on this machine, and runs no more."""
    code = "from hailuo_widgets.store import owner; print(owner.new())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def left_behind(here, state: str, task_id: str | None, holder: str, request: VideoRequest = REQUEST):
    """A job as a killed kernel leaves it."""
    journal = here.library().journal
    now = here.clock.now()
    journal.open_job("old", quote(request, "minimax"), 0, "fox", now, owner=holder)
    if task_id is not None:
        journal.move("old", "queued", now, task_id=task_id)
        if state != "queued":
            journal.move("old", state, now)


def a_task(here) -> str:
    """A task at the vendor that nobody here knows of."""

    async def buy() -> str:
        return (await here._connect("minimax").submit(REQUEST)).task.id

    return here.loop.post(buy()).result(SECONDS)


@pytest.mark.parametrize("state", ["queued", "running", "downloading", "abandoned"])
def test_an_open_task_is_taken_up_under_its_own_id(state):
    with session() as here:
        left_behind(here, state, a_task(here), dead_owner())
        (job,) = here.resume()
        clip = job.result(SECONDS)
        assert (job.id, job.name, clip.id) == ("old", "fox", "old")
        assert clip.path.is_file()
        assert submits(here.simulator) == 1
        assert here.history(job)[-1] == "stored"
        assert here.resume() == []
        assert here.start(REQUEST).result(SECONDS).id == "old"


def test_a_rerun_cell_takes_the_open_task_up_and_buys_nothing():
    with session() as here:
        left_behind(here, "running", a_task(here), dead_owner())
        assert here.start(REQUEST).result(SECONDS).id == "old"
        assert submits(here.simulator) == 1


def test_what_was_being_sent_is_uncertain_and_never_sent_again_by_itself():
    with session() as here:
        left_behind(here, "submitting", None, dead_owner())
        (job,) = here.resume()
        assert (job.id, job.state) == ("old", "uncertain")
        with pytest.raises(UncertainError, match="may have been charged"):
            job.result(0)
        with pytest.raises(UncertainError):
            here.start(REQUEST).result(SECONDS)
        assert submits(here.simulator) == 0
        assert [each.id for each in here.resume()] == ["old"]


def test_a_person_decides_about_an_uncertain_job(monkeypatch):
    with session() as here:
        monkeypatch.setattr("hailuo_widgets.session.default_session", lambda: here)
        left_behind(here, "submitting", None, dead_owner())
        shown = str(resume_command())
        assert "was it charged?" in shown
        assert "--forget old" in shown
        assert "lists no tasks" in shown
        resume_command("--forget", "old")
        assert resume_command().caption == "No unfinished clips."
        assert here.start(REQUEST).result(SECONDS).path.is_file()
        assert submits(here.simulator) == 1
        with pytest.raises(UsageError, match="no open job"):
            resume_command("--forget", "old")
        with pytest.raises(UsageError, match="wrong arguments"):
            resume_command("--sell")


def test_buying_again_is_a_persons_word():
    with session() as here:
        left_behind(here, "submitting", None, dead_owner())
        here.resume()
        assert here.buy_again("old").result(SECONDS).path.is_file()
        assert submits(here.simulator) == 1


def test_what_can_not_be_bought_again_stays_uncertain(monkeypatch):
    with session() as here:
        left_behind(here, "submitting", None, dead_owner())
        here.resume()
        monkeypatch.setattr(here, "settings", Settings.load({}))
        with pytest.raises(AuthenticationError):
            here.buy_again("old")
        assert [(each.id, each.state) for each in here.resume()] == [("old", "uncertain")]
        assert submits(here.simulator) == 0


def test_where_the_vendor_is_not_reached_the_uncertain_job_stays(monkeypatch):
    with session() as here, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # it does not listen
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        client = AsyncHailuo("minimax", settings=here.settings, base_url=address, clock=here.clock)
        monkeypatch.setattr(here, "_connect", lambda _provider: client)
        left_behind(here, "submitting", None, dead_owner())
        here.resume()
        again = here.buy_again("old")
        again.wait(SECONDS)
        assert again.not_reached
        assert [(each.id, each.state) for each in here.resume()] == [("old", "uncertain")]


@pytest.mark.parametrize("interrupted", ["start", "launch", "resume"])
def test_an_interrupt_before_the_loop_has_a_job_leaves_none_that_never_starts(interrupted, monkeypatch):
    with session() as here:
        post = here.loop.post

        def interrupt(work):
            work.close()
            monkeypatch.setattr(here.loop, "post", post)
            raise KeyboardInterrupt

        if interrupted == "resume":
            left_behind(here, "queued", a_task(here), dead_owner())
        monkeypatch.setattr("hailuo_widgets.session.default_session", lambda: here)
        made = hw.sweep(PROMPT)
        begin = {"start": lambda: here.start(REQUEST), "launch": made.run, "resume": here.resume}[interrupted]
        monkeypatch.setattr(here.loop, "post", interrupt)
        with pytest.raises(KeyboardInterrupt):
            begin()
        if interrupted == "resume":
            assert here.resume()[0].result(SECONDS).path.is_file()
        else:
            assert not made.jobs
            assert here.start(REQUEST).result(SECONDS).path.is_file()
            assert len(made.run().result(SECONDS)) == 1
        assert submits(here.simulator) == 1
        assert all(job.done for job in here.jobs())


def test_of_several_alike_the_uncertain_one_is_bought_again():
    with session() as here:
        first = here.start(REQUEST, "minimax").result(SECONDS)
        here.library().journal.open_job(
            "old", quote(REQUEST, "minimax"), 1, "fox", here.clock.now(), owner=dead_owner()
        )
        here.resume()
        again = here.buy_again("old")
        assert again.result(SECONDS).id != first.id
        assert again.replicate == 1
        assert submits(here.simulator) == 2
        with pytest.raises(UsageError, match="no open job"):
            here.buy_again("old")
        assert here.start(REQUEST, "minimax", replicate=1).result(SECONDS).id == again.clip.id
        assert submits(here.simulator) == 2


def test_a_picture_that_is_known_by_its_hash_can_not_be_sent_again():
    from support.simulated import data_url

    with session() as here:
        request = VideoRequest.of(prompt=PROMPT, first_frame=data_url())
        left_behind(here, "submitting", None, dead_owner(), request)
        (job,) = here.resume()
        assert job.quote.digest == quote(request, "minimax").digest
        with pytest.raises(UsageError, match="does not have the pictures"):
            here.buy_again("old")
        assert [each.id for each in here.resume()] == ["old"]


def test_a_job_that_another_kernel_watches_is_left_to_it(monkeypatch):
    with session() as here:
        here.clock.time = time.time()  # the glance asks the wall's clock
        left_behind(here, "running", a_task(here), owner.new())  # this process lives
        assert here.resume() == []
        assert peek.left_open(here.library_folder) == 0
        here.clock.time += owner.SECONDS + 1  # by the time of day alone, which may be wrong here or there
        assert here.resume() == []
        monkeypatch.setattr(lease, "monotonic", lambda: time.monotonic() + owner.SECONDS + 1)
        assert here.resume()[0].result(SECONDS).id == "old"


def test_a_glance_counts_what_nobody_watches_any_more():
    with session() as here:
        here.clock.time = time.time()
        left_behind(here, "running", a_task(here), dead_owner())
        assert peek.left_open(here.library_folder) == 1
        here.resume()[0].result(SECONDS)
        assert peek.left_open(here.library_folder) == 0


def test_a_glance_counts_what_has_a_lease_that_was_not_renewed():
    with session() as here:
        here.clock.time = time.time() - owner.SECONDS - 1
        left_behind(here, "running", a_task(here), owner.new())
        assert peek.left_open(here.library_folder) == 1


def test_a_lease_is_renewed_and_ends_with_its_job(tmp_path, monkeypatch):
    journal = Journal(f"sqlite:///{tmp_path / 'library.sqlite'}")
    mine, other = owner.new(), owner.new()
    journal.open_job("a", quote(REQUEST, "minimax"), 0, "", 0.0, owner=mine)
    journal.move("a", "queued", 1.0, task_id="1")
    assert journal.take_up("a", other, 59.0).kind == "busy"
    assert journal.renew(mine, 50.0) == {"a"}
    assert journal.take_up("a", other, 100.0).kind == "busy"
    assert journal.take_up("a", other, 111.0).kind == "busy"  # its clock may be fast
    monkeypatch.setattr(lease, "monotonic", lambda: time.monotonic() + owner.SECONDS)
    assert journal.take_up("a", other, 111.0).kind == "open"  # but it was not renewed for a whole minute
    assert journal.renew(mine, 112.0) == set()
    journal.move("a", "abandoned", 113.0)
    assert journal.take_up("a", mine, 114.0).kind == "open"
    assert journal.take_up("none", mine, 114.0) is None
    journal.close()


def test_a_holder_that_is_gone_is_known_at_once():
    assert not owner.gone(owner.new())
    assert owner.gone(dead_owner())
    assert not owner.gone("elsewhere-1-1-abc")
    assert not owner.gone("rubbish")
    here, pid, started, rest = owner.new().split("-")
    assert owner.gone(f"{here}-{pid}-{int(started) + 1}-{rest}")


# --- the extension's line -------------------------------------------------------------------------------------------


@contextmanager
def a_shell():
    from IPython.core.interactiveshell import InteractiveShell

    yield InteractiveShell()
    InteractiveShell.clear_instance()


def test_the_extension_says_in_one_line_what_was_left_open(tmp_path, capsys):
    with a_shell() as shell:
        load_ipython_extension(shell)
        assert capsys.readouterr().out == ""
        assert not (tmp_path / "hailuo_library").exists()
        library = Library(tmp_path / "hailuo_library")
        for name, prompt in (("a", "a"), ("b", "b")):
            library.journal.open_job(name, quote(VideoRequest.of(prompt=prompt), "minimax"), 0, "", 1.0)
        library.close()
        load_ipython_extension(shell)
        assert capsys.readouterr().out == (
            "hailuo_widgets: 2 unfinished clips from an earlier session. Run `%hailuo resume` to continue.\n"
        )
        (tmp_path / "hailuo_library" / "library.sqlite").write_bytes(b"rubbish")
        load_ipython_extension(shell)
        assert capsys.readouterr().out == ""


@pytest.mark.parametrize("where", ["environment", ".env"])
def test_the_extension_looks_where_the_library_is(where, tmp_path, capsys, monkeypatch):
    library = Library(tmp_path / "elsewhere")
    library.journal.open_job("a", quote(REQUEST, "minimax"), 0, "", 1.0)
    library.close()
    if where == "environment":
        monkeypatch.setenv("HAILUO_LIBRARY", str(tmp_path / "elsewhere"))
    else:
        (tmp_path / ".env").write_text(f"MINIMAX_API_KEY=x\nexport HAILUO_LIBRARY='{tmp_path / 'elsewhere'}' # there\n")
    with a_shell() as shell:
        load_ipython_extension(shell)
        assert "1 unfinished clip" in capsys.readouterr().out
        monkeypatch.setenv("HAILUO_LIBRARY_URL", "postgresql+psycopg://host/db")
        load_ipython_extension(shell)
        assert capsys.readouterr().out == ""
    (tmp_path / ".env").write_bytes(b"HAILUO_LIBRARY=\xff\xfe\x00")
    monkeypatch.delenv("HAILUO_LIBRARY_URL")
    monkeypatch.delenv("HAILUO_LIBRARY", raising=False)
    assert peek.usual_folder() == Path.cwd() / "hailuo_library"


def test_looking_for_what_was_left_open_loads_no_database_toolkit():
    code = "import sys, pathlib; from hailuo_widgets.store.peek import left_open; left_open(pathlib.Path()); print('sqlalchemy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert run.stdout.strip() == "False"


# --- the same words -------------------------------------------------------------------------------------------------


def without_key(here):
    here.settings._keys.clear()
    here.settings.set("provider", "")
    return here


def test_a_colleague_without_the_key_sees_the_authors_clip():
    with session() as author:
        made = author.start(REQUEST).result(SECONDS)
    with session() as here:
        job = without_key(here).start(REQUEST)
        clip = job.result(SECONDS)
        assert (clip.id, clip.provider) == (made.id, "minimax")
        assert job.cached
        assert job.quote.row.provider == "minimax"
        assert "minimax" in job.reason
        assert submits(here.simulator) == 0


def test_a_cell_that_names_the_provider_shows_the_clip_without_a_key_too():
    with session() as author:
        author.start(REQUEST).result(SECONDS)
    with session() as here:
        assert without_key(here).start(REQUEST, "minimax").result(SECONDS).provider == "minimax"
        with pytest.raises(AuthenticationError):
            here.start(VideoRequest.of(prompt="Something new"), "minimax")
        with pytest.raises(AuthenticationError):
            here.start(REQUEST, "minimax", fresh=True)


def test_a_replicate_is_shown_without_a_key_although_the_first_of_its_like_was_deleted():
    with session() as author:
        first, second = (author.start(REQUEST, replicate=number).result(SECONDS) for number in (0, 1))
        author.library().delete([first], [], author.clock.now())
    with session() as here:
        shown = without_key(here).start(REQUEST, "minimax", replicate=1)
        assert shown.result(SECONDS).id == second.id
        assert submits(here.simulator) == 0


def test_other_words_and_a_clip_whose_file_is_gone_are_drawn():
    with session() as author:
        clip = author.start(REQUEST).result(SECONDS)
    with session() as here:
        without_key(here)
        assert here._same_words(VideoRequest.of(prompt="Something new")) is None
        assert here._same_words(REQUEST)[0].row.provider == "minimax"
        clip.path.unlink()
        assert here._same_words(REQUEST) is None
        assert here.start(REQUEST).quote.row.provider == EMBEDDED


def test_a_notebooks_own_model_is_part_of_its_words():
    with session() as author:
        author.settings.set("model", "MiniMax-Hailuo-02")
        author.start(REQUEST).result(SECONDS)
    with session() as here:
        without_key(here)
        assert here._same_words(REQUEST) is None
        here.settings.set("model", "MiniMax-Hailuo-02")
        assert here._same_words(REQUEST) is not None
