"""`%%hailuo` that is not in the first line of its cell."""

import pytest

from hailuo_widgets.errors import UsageError
from hailuo_widgets.spec.quote import Quote
from support.shell import run, shell

CELL = "%%hailuo fox --dry-run -p sketch\nA fox at dusk\n"


@pytest.fixture
def notebook():
    with shell() as made:
        yield made


@pytest.mark.parametrize(
    "above", ["# my fox\n", "\n# one\n\n   # two\n", "#%%hailuo\n", "\n", " ", "\t", "\ufeff", "# a\n "]
)
def test_comments_above_the_magic_do_no_harm(notebook, above):
    quote = run(notebook, above + CELL)
    assert isinstance(quote, Quote)
    assert quote.written.prompt == "A fox at dusk"


def test_a_tab_behind_the_magic_is_a_blank(notebook):
    assert isinstance(run(notebook, CELL.replace("hailuo fox", "hailuo\tfox")), Quote)


def test_code_above_the_magic_is_answered_with_what_to_do(notebook, capsys):
    with pytest.raises(UsageError, match="first line of its cell") as caught:
        run(notebook, "animal = 'fox'\n" + CELL)
    assert "another cell" in caught.value.hint
    assert "SyntaxError" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "cell",
    [
        'text = """\n%%hailuo fox\nA fox\n"""\ntext',
        "%%capture\n" + CELL,
        "%%writefile fox.txt\n# a\n" + CELL,
        "'no magic'",
    ],
)
def test_other_cells_are_left_as_they_are(notebook, cell):
    run(notebook, cell)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%hailuo --dry-run\n>>> a fox\n... trots", "IPython removed “>>>”"),
        ('%%hailuo --dry-run\nA fox says """hello.', 'the unpaired """'),
        ("%%hailuo --dry-run\nA fox\n# %% trots", "“# %% trots” begins a new cell"),
    ],
)
def test_a_prompt_that_other_tools_change_is_said_before_anything_is_sent(here, capsys, cell, said):
    with shell() as made:
        result = made.run_cell(cell)
        assert result.success
        assert said in capsys.readouterr().err
        made.run_cell('%%hailuo --dry-run\n A fox >>> a hare\n """twice"""\n >>> and more\n  # %% here')
        assert capsys.readouterr().err == ""
