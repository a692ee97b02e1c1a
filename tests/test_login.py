"""`%hailuo login`: the key is asked for, never shown, kept where the system keeps such things, and found again."""

from __future__ import annotations

import getpass
import subprocess
import sys
import types

import keyring
import pytest
from keyring.errors import KeyringLocked

from hailuo_widgets import keychain, settings
from hailuo_widgets.errors import AuthenticationError, UsageError
from hailuo_widgets.keys import choose_provider, require_key
from hailuo_widgets.settings import Settings
from support.shell import run, shell
from support.strongbox import Strongbox
from support.vendor import KEY, NOWHERE
from support.walker import where

VARIABLE = "PPIO_API_KEY"


@pytest.fixture
def notebook():
    with shell() as made:
        yield made


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A machine on which nobody has logged in."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(settings, "_KEPT", {})
    return tmp_path / "config"


@pytest.fixture
def strongbox(config, monkeypatch):
    before = keyring.get_keyring()
    keyring.set_keyring(Strongbox())
    monkeypatch.setattr(Strongbox, "kept", {})
    monkeypatch.setattr(Strongbox, "asked", [])
    yield Strongbox
    keyring.set_keyring(before)


@pytest.fixture
def typed(monkeypatch):
    """What someone types when asked for a secret; the questions."""
    questions = []

    def type_in(value):
        def answer(prompt):
            questions.append(prompt)
            if isinstance(value, BaseException):
                raise value
            return value

        monkeypatch.setattr(getpass, "getpass", answer)
        return questions

    return type_in


def found(provider="ppio", variable=VARIABLE, made=None):
    key = (made or Settings.load()).key(provider, variable)
    return (key.secret.get_secret_value(), key.origin) if key else None


def forget():
    """As in the next kernel."""
    settings._KEPT.clear()


def test_with_a_keyring_every_kernel_finds_it(here, notebook, strongbox, typed):
    questions = typed(f" {KEY} \n")
    shown = str(run(notebook, "%hailuo login ppio"))
    assert questions == ["Key for PPIO: "]
    assert "PPIO's key is kept in the system's keyring (Strongbox)" in shown
    assert KEY not in shown
    assert strongbox.kept == {("hailuo-widgets", "ppio"): KEY}
    assert found(made=here.settings) == (KEY, "%hailuo login")
    forget()
    assert found() == (KEY, "the system's keyring")
    assert choose_provider(Settings.load()) == ("ppio", "Chosen because its key is in the system's keyring")


def test_without_one_it_is_this_kernels_only(here, notebook, config, typed):
    typed(KEY)
    shown = str(run(notebook, "%hailuo login ppio"))
    assert "in this kernel only: no system keyring is available here" in shown
    assert KEY not in shown
    assert found(made=here.settings) == (KEY, "%hailuo login")
    assert found() is None
    assert not config.exists()


def test_without_the_package_it_says_how_to_get_it(here, notebook, config, typed, monkeypatch):
    monkeypatch.setattr(keychain, "installed", lambda: False)
    typed(KEY)
    assert 'pip install "hailuo-widgets[keyring]"' in str(run(notebook, "%hailuo login ppio"))


def test_a_keyring_that_fails_is_none(here, notebook, strongbox, typed, monkeypatch):
    def locked(*_):
        raise KeyringLocked("no")

    monkeypatch.setattr(Strongbox, "set_password", locked)
    typed(KEY)
    assert "this kernel only" in str(run(notebook, "%hailuo login ppio"))
    monkeypatch.undo()


def test_one_that_keeps_secrets_in_plain_text_is_not_used(strongbox, monkeypatch):
    monkeypatch.setattr(Strongbox, "priority", 0.5)
    assert keychain.keep("ppio", KEY) == ""
    assert not strongbox.kept


@pytest.mark.usefixtures("strongbox")
def test_the_order_in_which_keys_are_looked_for(here, notebook, typed, tmp_path, monkeypatch):
    typed(KEY)
    run(notebook, "%hailuo login ppio")
    forget()
    assert found()[1] == "the system's keyring"
    (tmp_path / ".env").write_text(f"{VARIABLE}=from-the-file\n")
    assert found() == ("from-the-file", f"{VARIABLE} in .env")
    monkeypatch.setenv(VARIABLE, "from-the-environment")
    assert found() == ("from-the-environment", f"environment variable {VARIABLE}")
    assert found(made=here.settings) == (KEY, "%hailuo login")
    assert found(made=here.settings.with_key("ppio", "from-an-argument")) == ("from-an-argument", "argument")


def test_the_keyring_is_asked_once_and_only_for_who_logged_in(here, notebook, strongbox, typed):
    choose_provider(Settings.load())
    assert strongbox.asked == []
    typed(KEY)
    run(notebook, "%hailuo login ppio")
    forget()
    for _ in range(3):
        choose_provider(Settings.load())
    assert strongbox.asked == ["ppio"]


def test_who_never_logged_in_never_loads_it():
    script = (
        "import sys; from hailuo_widgets.keys import choose_provider; from hailuo_widgets.settings import Settings;"
    )
    script += "choose_provider(Settings.load()); print('keyring' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_a_locked_desktop_is_not_asked(strongbox, monkeypatch):
    keychain.keep("ppio", KEY)
    locked = [True]

    class Collection:
        def __init__(self, bus):
            pass

        def is_locked(self):
            return locked[0]

    bus = types.SimpleNamespace(close=lambda: None)
    service = types.SimpleNamespace(dbus_init=lambda: bus, Collection=Collection)
    monkeypatch.setitem(sys.modules, "secretstorage", service)
    monkeypatch.setattr(Strongbox, "__module__", "keyring.backends.SecretService")
    assert keychain.find("ppio") is None
    assert strongbox.asked == []
    locked[0] = False
    assert keychain.find("ppio") == KEY
    monkeypatch.setitem(sys.modules, "secretstorage", None)  # cannot be imported
    assert keychain.find("ppio") is None


def test_an_odd_file_of_names_is_none(strongbox, config):
    keychain.keep("ppio", KEY)
    [file] = config.rglob("logins")
    assert file.read_text() == "ppio\n"
    file.write_bytes(b"\xff\xfe")
    assert keychain.find("ppio") is None
    keychain.keep("minimax", KEY)
    assert file.read_text() == "minimax\n"


@pytest.mark.usefixtures("strongbox")
@pytest.mark.parametrize("key", ["", "  ", "two words", "naïve-schlüssel", "line\nbreak"])
def test_what_is_no_key_is_turned_down_without_being_repeated(key, here, notebook, typed, capsys):
    typed(f"{KEY}{key}" if key.strip() else key)
    result = notebook.run_cell("%hailuo login ppio")
    assert isinstance(result.error_in_exec, UsageError)
    assert where(result.error_in_exec, KEY) is None
    assert KEY not in "".join(capsys.readouterr())
    assert not Strongbox.kept
    assert found(made=here.settings) is None


@pytest.mark.parametrize("words", [f"ppio {KEY}", f"ppio key={KEY}", ""])
def test_a_key_on_the_line_is_not_taken(words, here, notebook, strongbox, capsys):
    result = notebook.run_cell(f"%hailuo login {words}")
    assert isinstance(result.error_in_exec, UsageError)
    assert KEY not in "".join(capsys.readouterr())
    assert not strongbox.kept


def test_names_are_checked_before_anybody_is_asked(here, notebook, typed):
    questions = typed(KEY)
    with pytest.raises(UsageError, match="Did you mean ppio"):
        run(notebook, "%hailuo login pio")
    with pytest.raises(UsageError, match="needs no key"):
        run(notebook, "%hailuo login sketch")
    assert questions == []


class StdinNotImplementedError(RuntimeError):
    """As ipykernel has it."""


@pytest.mark.parametrize("why", [EOFError(), OSError("no terminal"), StdinNotImplementedError("no input here")])
def test_where_nobody_can_be_asked_it_says_so(why, here, notebook, typed):
    typed(why)
    with pytest.raises(UsageError, match="without showing it"):
        run(notebook, "%hailuo login ppio")


def test_a_terminal_that_would_show_it_is_not_asked(here, notebook, monkeypatch, capsys):
    import io
    import os

    monkeypatch.setattr(os, "open", _no_terminal(os.open))
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{KEY}\n"))
    result = notebook.run_cell("%hailuo login ppio")
    assert isinstance(result.error_in_exec, UsageError)
    assert KEY not in "".join(capsys.readouterr())
    assert found(made=here.settings) is None


def _no_terminal(really):
    def opened(path, *arguments, **options):
        if path == "/dev/tty":
            raise OSError("no terminal")
        return really(path, *arguments, **options)

    return opened


def test_a_running_client_takes_the_new_key(here, notebook, config, typed):
    with pytest.raises(AuthenticationError, match="login ppio"):
        require_key("ppio", here.settings)
    typed(KEY)
    run(notebook, "%hailuo login ppio")
    here.settings.base_urls["ppio"] = NOWHERE
    assert require_key("ppio", here.settings).origin == "%hailuo login"
    text = str(run(notebook, "%hailuo doctor"))
    assert "key from %hailuo login" in text
    assert KEY not in text
