"""`%%hailuo` and `%hailuo` in a shell without a kernel, with MiniMax simulated in this process."""

from __future__ import annotations

import pytest

import hailuo_widgets as hw
from hailuo_widgets.engine.job import Job
from hailuo_widgets.errors import HailuoError, RefusedError, UsageError
from hailuo_widgets.simulator import Fault
from hailuo_widgets.sweeps.sweep import Sweep
from support.shell import run, shell
from support.vendor import KEY, NOWHERE, PROMPT, submits

SECONDS = 60


@pytest.fixture
def notebook():
    with shell() as made:
        yield made


def test_a_cell_binds_its_job_and_returns_at_once(here, notebook):
    run(notebook, f"%%hailuo panda -d 6 -r 768P\n{PROMPT}\n")
    job = notebook.user_ns["panda"]
    assert isinstance(job, Job)
    assert job.name == "panda"
    assert job.quote.written.prompt == PROMPT
    assert (job.quote.request.duration, job.quote.request.resolution) == (6, "768P")
    assert job.result(SECONDS).path.is_file()
    assert job.state == "stored"


def test_options_may_stand_before_the_name(here, notebook):
    run(notebook, f"%%hailuo -d 10 --resolution=768P panda --optimizer off\n{PROMPT}")
    request = notebook.user_ns["panda"].quote.request
    assert (request.duration, request.resolution, request.prompt_optimizer) == (10, "768P", False)


def test_without_a_name_there_is_still_a_job(here, notebook):
    run(notebook, f"%%hailuo\n{PROMPT}")
    assert hw.jobs() == here.jobs()
    assert here.jobs()[0].result(SECONDS)


def test_wait_keeps_the_cell_until_the_clip_is_there(here, notebook):
    run(notebook, f"%%hailuo panda --wait\n{PROMPT}")
    assert notebook.user_ns["panda"].done


def test_the_variable_is_there_even_if_the_waiting_fails(here, notebook):
    here.simulator.faults.add(Fault("refused_input", "submit"))
    with pytest.raises(HailuoError):
        run(notebook, f"%%hailuo panda --wait\n{PROMPT}")
    assert notebook.user_ns["panda"].state == "refused"


def test_fresh_generates_a_new_clip(here, notebook):
    for options in ("--wait", "--wait", "--wait --fresh"):
        run(notebook, f"%%hailuo panda {options}\n{PROMPT}")
    assert notebook.user_ns["panda"].replicate == 1
    assert submits(here.simulator) == 2


def test_a_dry_run_sends_nothing_and_says_the_price(here, notebook):
    quote = run(notebook, f"%%hailuo panda --dry-run -r 1080P\n{PROMPT}")
    assert str(quote.price) == "$0.49"
    for part in ("$0.49", "6 s 1080P", "MiniMax-Hailuo-2.3"):
        assert part in repr(quote)
    assert "\n" not in repr(quote)
    assert "panda" not in notebook.user_ns
    assert not here.simulator.log
    assert not here.jobs()


def test_variables_in_the_cell_and_on_the_line(here, notebook, tmp_path):
    from PIL import Image

    picture = tmp_path / "a first frame; --fresh.png"
    Image.new("RGB", (640, 400), "teal").save(picture)
    notebook.user_ns |= {"animal": "fox {seconds}", "seconds": 10, "picture": picture}
    quote = run(
        notebook, "%%hailuo -d {seconds} --first-frame {picture} --dry-run\nA {animal}, {{no}} and $HOME {seconds}"
    )
    assert quote.written.prompt == "A fox {seconds}, {no} and $HOME 10"
    assert quote.request.duration == 10
    assert quote.row.mode == "I2V"


def test_ipython_expands_nothing_by_itself(here, notebook):
    notebook.user_ns |= {"a": 1, "b": 2}
    assert run(notebook, "%%hailuo --dry-run\n{a|b}").cells == 2
    with pytest.raises(UsageError, match="nothing to choose"):
        run(notebook, "%%hailuo --dry-run -d {a|b}\nA fox")


MISTAKES = {
    "%%hailuo --duratoin 6\nA fox": "--duratoin",
    "%%hailuo -d six\nA fox": "six",
    "%%hailuo -r\nA fox": "--resolution",
    "%%hailuo --optimizer maybe\nA fox": "maybe",
    "%%hailuo a b\nA fox": "b",
    "%%hailuo 'a\nA fox": "quotation",
    "%%hailuo 2nd\nA fox": "2nd",
    "%%hailuo class\nA fox": "class",
    "%%hailuo -p minmax\nA fox": "Did you mean minimax",
    "%%hailuo -m MiniMax-Hailuo-2.4\nA fox": "MiniMax-Hailuo-2.3",
    "%%hailuo -d 7\nA fox": "7",
    "%%hailuo --first-frame nowhere.png\nA fox": "nowhere.png",
    "%%hailuo\nA {fox}": "no variable “fox”",
    "%%hailuo\n  \n": "prompt",
    "%%hailuo\nA {a|b\n---\nduration: 6": "never closed",
    "%%hailuo\nA fox\n---\nduratoin: 6 | 10": "Did you mean duration",
    "%%hailuo -d 6\nA fox\n---\nduration: 10": "on the line and below",
    "%%hailuo --fresh\nA {a|b}": "--repeat",
    "%%hailuo --repeat 0 --budget 6\nA fox": "1 to 100",
    "%%hailuo --budget six\nA {a|b}": "6 USD",
    "%%hailuo -p minimax --budget 6CNY\nA {a|b}": "prices are in USD",
    "%hailuo modles": "Did you mean models",
    "%hailuo show": "one name",
    "%hailuo show nobody": "nobody",
    "%hailuo jobs now": "takes no arguments",
    "%hailuo config provider": "NAME=VALUE",
    "%hailuo config libary=x": "Did you mean library",
    "%hailuo config sketch_seconds=soon": "number of seconds",
}


@pytest.mark.parametrize("cell", MISTAKES)
def test_a_mistake_is_one_readable_message(cell, here, notebook, capsys):
    result = notebook.run_cell(cell)
    shown = "".join(capsys.readouterr())
    assert isinstance(result.error_in_exec, (UsageError, RefusedError))
    assert MISTAKES[cell] in shown
    assert "Traceback" not in shown
    assert shown.count("\n") < 12
    assert not here.simulator.log


def test_everything_that_is_wrong_is_said_at_once(here, notebook, capsys):
    notebook.run_cell("%%hailuo -d 10 -r 1080P\n" + "x" * 2001)
    shown = capsys.readouterr().out
    assert "2,000" in shown or "2000" in shown
    assert "6 s only" in shown


def test_the_manual_is_the_docstring(notebook, capsys):
    notebook.run_cell("%%hailuo?")
    shown = capsys.readouterr().out
    for part in ("--resolution", "--first-frame", "--dry-run", "--wait", "--fresh", "camera", "[Pan left]", "{name}"):
        assert part.casefold() in shown.casefold()
    notebook.run_cell("%hailuo")
    shown = capsys.readouterr().out
    for part in ("models", "jobs", "show", "cost", "doctor", "config", "nest"):
        assert f"%hailuo {part}" in shown


def test_loading_again_changes_nothing(notebook):
    notebook.run_line_magic("reload_ext", "hailuo_widgets")
    assert "hailuo" in notebook.magics_manager.magics["cell"]


# --- sweeps ---------------------------------------------------------------------------------------------------------

FOX = "A red fox {gait = trots | leaps} in snow\n---\nduration: 6 | 10\nresolution: 768P\n"


def test_a_cell_with_choices_is_planned_and_not_run(here, notebook):
    made = run(notebook, f"%%hailuo fox --repeat 2\n{FOX}")
    assert made is notebook.user_ns["fox"]
    assert isinstance(made, Sweep)
    assert not made.started
    for part in ("planned, not run", "--yes", "Cells: 4", "Clips to buy: 8", "$3.36"):
        assert part in repr(made)
    assert not here.simulator.log
    assert len(made.run().result(SECONDS)) == 8


def test_yes_is_not_enough_where_a_price_is_not_published(here, notebook):
    with pytest.raises(UsageError, match="but 4 clips have no published price") as caught:
        run(notebook, f"%%hailuo fox --yes -p evolink\n{FOX}")
    assert "press Run in the plan" in str(caught.value)
    assert "costs" not in str(caught.value)


def test_with_yes_it_runs_if_it_says_how_much_it_may_cost(here, notebook):
    with pytest.raises(UsageError, match="skips confirmation"):
        run(notebook, f"%%hailuo fox --yes\n{FOX}")
    assert not here.simulator.log
    run(notebook, f"%%hailuo fox --yes --budget 6 --wait\n{FOX}")
    assert notebook.user_ns["fox"].done
    assert submits(here.simulator) == 4
    run(notebook, f"%%hailuo fox --yes\n{FOX}")  # all of it is there: it costs nothing
    assert notebook.user_ns["fox"].done
    assert submits(here.simulator) == 4


def test_one_clip_to_buy_is_bought_at_once(here, notebook):
    run(notebook, f"%%hailuo fox --yes --budget 6USD --wait\n{FOX}")
    run(notebook, "%%hailuo fox --wait\n" + FOX.replace("6 | 10", "6").replace("leaps", "sits"))
    assert notebook.user_ns["fox"].started
    assert submits(here.simulator) == 5
    run(notebook, f"%%hailuo fox --wait\n{FOX}")  # nothing to buy
    assert notebook.user_ns["fox"].done


def test_a_dry_run_of_a_sweep_is_the_plan(here, notebook):
    plan = run(notebook, f"%%hailuo fox --dry-run\n{FOX}")
    assert plan.to_buy == 4
    assert "Clips to buy" in plan._repr_html_()
    assert "fox" not in notebook.user_ns
    assert not here.library_folder.exists()


def test_a_header_alone_makes_one_clip(here, notebook):
    run(notebook, "%%hailuo fox --wait\nA red fox\n---\nduration: 10\ncamera: [Pan left]")
    job = notebook.user_ns["fox"]
    assert isinstance(job, Job)
    assert job.quote.written.prompt == "A red fox [Pan left]"
    assert job.quote.request.duration == 10
    assert job.quote.request.prompt_optimizer is True
    run(notebook, "%%hailuo fox --repeat 2 --wait\nA red fox [Pan left]\n---\nduration: 10")
    assert notebook.user_ns["fox"].plan.free == 1
    assert submits(here.simulator) == 2


def test_above_the_price_that_is_set_one_clip_is_shown_first(here, notebook):
    run(notebook, "%hailuo config confirm_above=0.4USD")
    made = run(notebook, "%%hailuo fox -r 1080P\nA red fox")
    assert not made.started
    assert made.cells[0].quote.request.prompt_optimizer is True
    assert isinstance(run(notebook, "%%hailuo fox -r 1080P --yes\nA red fox"), Job)
    assert isinstance(run(notebook, "%%hailuo fox\nA red fox"), Job)
    assert "$0.40" in str(run(notebook, "%hailuo config"))


def test_a_fresh_clip_that_is_dear_waits_for_a_word_though_one_is_there(here, notebook):
    run(notebook, "%%hailuo fox --wait\nA red fox")
    run(notebook, "%hailuo config confirm_above=0.10USD")
    with pytest.raises(UsageError, match=r"costs \$0\.28.*add --yes"):
        run(notebook, "%%hailuo fox --fresh\nA red fox")
    with pytest.raises(UsageError, match=r"costs \$0\.28.*add --yes"):
        run(notebook, "%%hailuo dog --fresh\nA dog that is not there")
    with pytest.raises(UsageError, match=r"no published price.*add --yes"):
        run(notebook, "%%hailuo fox -p evolink --fresh\nA red fox")
    assert submits(here.simulator) == 1
    run(notebook, "%%hailuo fox --fresh --yes --wait\nA red fox")
    assert notebook.user_ns["fox"].replicate == 1
    run(notebook, "%hailuo config confirm_above=0.30USD")
    run(notebook, "%%hailuo fox --fresh --wait\nA red fox")
    assert submits(here.simulator) == 3


def test_a_fresh_clip_may_have_a_budget(here, notebook):
    with pytest.raises(UsageError, match=r"costs \$0\.28, and the budget is \$0\.10"):
        run(notebook, "%%hailuo fox --fresh --budget 0.1\nA red fox")
    with pytest.raises(UsageError, match="prices are in USD"):
        run(notebook, "%%hailuo fox --fresh --budget 3CNY\nA red fox")
    with pytest.raises(UsageError, match="no published price"):
        run(notebook, "%%hailuo fox -p evolink --fresh --budget 3\nA red fox")
    assert not here.simulator.log
    run(notebook, "%%hailuo fox --fresh --budget 3 --wait\nA red fox")
    assert notebook.user_ns["fox"].clip.path.is_file()


def test_sweeps_that_are_kept_are_listed(here, notebook):
    assert "No saved sweeps" in str(run(notebook, "%hailuo sweeps"))
    run(notebook, f"%%hailuo fox --yes --budget 6 --wait\n{FOX}")
    assert run(notebook, "%hailuo sweeps").rows[0][::2] == ("fox", 'hw.sweep.load("fox")')


# --- %hailuo --------------------------------------------------------------------------------------------------------


def test_models_can_be_narrowed_down(here, notebook):
    everything = run(notebook, "%hailuo models")
    some = run(notebook, "%hailuo models minimax i2v 512P")
    assert len(everything.rows) > len(some.rows) > 0
    assert all(row[0] == "minimax" and row[2] == "I2V" for row in some.rows)
    assert "Price" in str(some)
    none = run(notebook, "%hailuo models <script>")
    assert "Nothing" in str(none)
    assert "<script>" not in none._repr_html_()


def test_jobs_of_this_kernel_and_of_the_last(here, notebook):
    assert "No jobs yet" in str(run(notebook, "%hailuo jobs"))
    run(notebook, f"%%hailuo panda --wait\n{PROMPT}")
    rows = run(notebook, "%hailuo jobs").rows
    assert [row[:4] for row in rows] == [("panda", "stored", "minimax", "MiniMax-Hailuo-2.3")]
    here._jobs.clear()  # as in the next kernel
    assert run(notebook, "%hailuo jobs").rows == rows


def test_what_it_cost(here, notebook):
    assert "Nothing was spent" in str(run(notebook, "%hailuo cost"))
    run(notebook, f"%%hailuo panda --wait\n{PROMPT}")
    run(notebook, f"%%hailuo panda --wait\n{PROMPT}")
    assert run(notebook, "%hailuo cost").rows == (("minimax", "1", "$0.28", "$0.28", ""),)


def test_show_finds_a_job_by_any_of_its_names(here, notebook):
    run(notebook, f"%%hailuo panda --wait\n{PROMPT}")
    job = notebook.user_ns["panda"]
    for name in ("panda", job.id, job.task_id):
        assert here.job(name) is job
        run(notebook, f"%hailuo show {name}")


def test_config_shows_and_sets(here, notebook):
    shown = str(run(notebook, "%hailuo config provider=sketch sketch_seconds=3 minimax_base_url=http://127.0.0.1:8642"))
    for part in (
        "sketch",
        "Provider from your settings (HAILUO_PROVIDER)",
        "3",
        "http://127.0.0.1:8642",
        "hailuo_library",
    ):
        assert part in shown
    assert here.settings.sketch_seconds == 3.0


@pytest.mark.parametrize("words", [f"key={KEY}x", f"minimax_api_key={KEY}x", f"MINIMAX_API_KEY={KEY}x", f"{KEY}x"])
def test_a_key_on_the_line_is_neither_taken_nor_shown(words, here, notebook, capsys):
    result = notebook.run_cell(f"%hailuo config {words}")
    assert isinstance(result.error_in_exec, UsageError)
    assert KEY not in "".join(capsys.readouterr())


def test_doctor_says_where_keys_come_from_and_never_what_they_are(here, notebook, monkeypatch):
    monkeypatch.setenv("EVOLINK_API_KEY", KEY)
    here.settings.base_urls |= dict.fromkeys(("minimax", "evolink"), NOWHERE)
    table = run(notebook, "%hailuo doctor")
    text = str(table) + table._repr_html_()
    assert "key from a test" in text
    assert "key from environment variable EVOLINK_API_KEY" in text
    assert "no key: set PPIO_API_KEY" in text
    assert "needs no key" in text
    assert KEY not in text


def test_nest_applies_the_one_that_loses_no_cells(here, notebook, monkeypatch):
    applied = []
    monkeypatch.setattr("nest_asyncio2.apply", lambda: applied.append(1))
    assert "nest-asyncio2" in str(run(notebook, "%hailuo nest"))
    assert applied == [1]


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("--seed 42", "--repeat 3"),
        ("--aspect-ratio 9:16", "Did you mean --ratio?"),
        ("--image a.png", "Did you mean --first-frame?"),
        ("--durration 6", "--duration"),
        ("--n=4", "--repeat 3"),
        ("--negative blur", "no negative prompt"),
        ("--cfg 7", "sets its sampling itself"),
    ],
)
def test_an_unknown_option_leads_to_the_one_that_exists(here, notebook, option, hint):
    with pytest.raises(UsageError, match="has no option") as caught:
        run(notebook, f"%%hailuo panda {option}\n{PROMPT}")
    assert hint in caught.value.hint
    assert not here.jobs()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("—dry-run", "begins with a long dash"),
        ("–d 6", "begins with a long dash"),
        ("-d 6s", "takes a whole number, not “6s”"),
        ("--repeat 1e9", "takes a whole number, not “1e9”"),
        ("--first-frame ''", "path of the picture is empty"),
    ],
)
def test_what_is_nearly_right_on_the_line_is_said_in_a_sentence(here, notebook, line, said):
    with pytest.raises(UsageError, match=said):
        run(notebook, f"%%hailuo panda {line}\n{PROMPT}")
    assert not here.jobs()


def test_a_comment_on_the_line_and_a_windows_path_are_read(here, notebook):
    with pytest.raises(HailuoError, match=r"C:\\Users\\me\\pic\.png"):
        run(notebook, f"%%hailuo panda --first-frame C:\\Users\\me\\pic.png  # the last one\n{PROMPT}")
    assert not here.jobs()


def test_an_unknown_model_lists_the_models_once(here, notebook):
    with pytest.raises(RefusedError) as caught:
        run(notebook, f"%%hailuo panda -m Hailuo-99 --dry-run\n{PROMPT}")
    assert str(caught.value).count("MiniMax-Hailuo-2.3,") + str(caught.value).count("MiniMax-Hailuo-2.3 ") <= 1
    assert "MiniMax-Hailuo-2.3" in str(caught.value)


def test_without_a_ratio_it_is_said_how_a_shape_is_had(here, notebook):
    with pytest.raises(RefusedError, match="give a first frame with the shape you want"):
        run(notebook, f"%%hailuo panda -m MiniMax-Hailuo-2.3 --ratio 9:16 --dry-run\n{PROMPT}")


SLIPS = [
    "[Pan lfet]",
    "［推进］",
    "「推进」",
    "[左搖]",
    "[Pan left + Tilt up]",
    "[Camera: Pan left]",
    "[Orbit left]",
    "[パン左]",
    "(Pan left)",
]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_camera_command_is_reported_before_anything_is_sent(here, notebook, slip):
    sweep = run(notebook, f"%%hailuo fox -d 6\nA fox trots. {slip}\n")
    assert isinstance(sweep, Sweep)
    assert not sweep.started
    assert submits(here.simulator) == 0
    assert f"“{slip.strip('[]')}” is not a camera command; did you mean [" in repr(sweep.plan)


def test_a_repaired_cell_is_offered_that_buys_at_once(here, notebook):
    offered = []
    notebook.set_next_input = lambda text, replace=False: offered.append(text)  # what a front end is told
    run(notebook, "%%hailuo fox -d 6 --wait\nA fox trots. [Pan lfet]\n")
    assert offered == ["%%hailuo fox -d 6 --wait\nA fox trots. [Pan left]"]
    run(notebook, offered[0])
    assert notebook.user_ns["fox"].quote.written.prompt == "A fox trots. [Pan left]"
    assert submits(here.simulator) == 1


def test_run_sends_the_prompt_as_it_is(here, notebook):
    run(notebook, "%%hailuo fox -d 6\nA fox trots. [Pan lfet]\n").run().result(SECONDS)
    assert submits(here.simulator) == 1


def test_yes_sends_a_slip_as_it_is(here, notebook):
    run(notebook, "%%hailuo fox -d 6 --yes --wait\nA fox trots. [Pan lfet]\n")
    assert isinstance(notebook.user_ns["fox"], Job)
    assert submits(here.simulator) == 1
    run(
        notebook, "%%hailuo again -d 6 --wait\nA fox trots. [Pan lfet]\n"
    )  # the library has it: there is nothing to ask
    assert isinstance(notebook.user_ns["again"], Job)
    assert submits(here.simulator) == 1


def test_a_fresh_clip_with_a_slip_wants_yes(here, notebook):
    with pytest.raises(UsageError, match="is not a camera command; did you mean"):
        run(notebook, "%%hailuo fox -d 6 --fresh\nA fox trots. [Pan lfet]\n")
    assert submits(here.simulator) == 0


def test_a_slip_out_of_a_variable_is_reported_without_a_repair(here, notebook):
    offered = []
    notebook.set_next_input = lambda text, replace=False: offered.append(text)
    notebook.user_ns["move"] = "[Pan lfet]"
    sweep = run(notebook, "%%hailuo fox\nA fox trots. {move}\n")
    assert "did you mean [Pan left]" in repr(sweep.plan)
    assert offered == []
    assert submits(here.simulator) == 0


def test_a_slip_in_a_sweep_is_repaired_in_its_cell(here, notebook):
    offered = []
    notebook.set_next_input = lambda text, replace=False: offered.append(text)
    run(notebook, "%%hailuo foxes\nA {fox | panda} trots. [Pan lfet]\n")
    assert offered == ["%%hailuo foxes\nA {fox | panda} trots. [Pan left]"]


@pytest.mark.parametrize("slip", SLIPS)
def test_generate_refuses_a_slip_unless_it_is_meant(here, slip):
    with pytest.raises(RefusedError, match="is not a camera command; did you mean") as caught:
        hw.generate(f"A fox trots. {slip}")
    assert "as_written=True" in str(caught.value)
    assert submits(here.simulator) == 0
    hw.generate(f"A fox trots. {slip}", as_written=True).result(SECONDS)
    hw.generate(f"A fox trots. {slip}").result(SECONDS)  # there already
    assert submits(here.simulator) == 1
