"""Where keys and places come from, which wins, and what is turned down."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from hailuo_widgets.engine.limits import Limits, limits_of
from hailuo_widgets.errors import AuthenticationError, UsageError
from hailuo_widgets.keys import choose_provider, require_key
from hailuo_widgets.providers import names
from hailuo_widgets.settings import Settings
from hailuo_widgets.spec.catalog import catalog

KEY = "canary-5b1f0c9e7d"
VARIABLE = "MINIMAX_API_KEY"


def key(settings: Settings, provider: str = "minimax") -> tuple[str, str] | None:
    found = settings.key(provider, catalog().offer(provider).key)
    return (found.secret.get_secret_value(), found.origin) if found else None


def test_nothing_is_set():
    settings = Settings.load({})
    assert key(settings) is None
    assert (settings.provider, settings.model, settings.library, settings.sketch_seconds) == (
        None,
        None,
        "hailuo_library",
        0.0,
    )


def test_every_way_of_giving_a_key_and_which_wins(tmp_path, monkeypatch):
    settings = Settings.load()
    (tmp_path / ".env").write_text(f"{VARIABLE}=from-the-file\n")
    assert key(settings) == ("from-the-file", f"{VARIABLE} in .env")
    monkeypatch.setenv(VARIABLE, "from-the-environment")
    assert key(settings) == ("from-the-environment", f"environment variable {VARIABLE}")
    settings.give_key("minimax", SecretStr("from-an-argument"), "argument")
    assert key(settings) == ("from-an-argument", "argument")
    assert key(Settings.load()) == ("from-the-environment", f"environment variable {VARIABLE}")


def test_a_key_file_that_changes_is_read_again(tmp_path):
    import os

    settings = Settings.load()
    for stamp, value in enumerate(("first-key", "second-key"), 1):
        (tmp_path / ".env").write_text(f"{VARIABLE}={value}\n")
        os.utime(tmp_path / ".env", (stamp, stamp))
        assert key(settings)[0] == value
    (tmp_path / ".env").unlink()
    assert key(settings) is None


def test_odd_env_files(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(b"\xef\xbb\xbf" + f"{VARIABLE}='with$DOLLAR{{x}}'\n".encode())  # as Windows' editor saves it
    assert key(Settings.load())[0] == "with$DOLLAR{x}"
    path.write_text(f"{VARIABLE}=\nEVOLINK_API_KEY\n")
    assert key(Settings.load()) is None
    path.unlink()
    path.mkdir()
    assert key(Settings.load()) is None


def test_an_env_file_that_can_not_be_read_is_not_quoted(tmp_path):
    (tmp_path / ".env").write_bytes(f"{VARIABLE}={KEY}\n".encode() + b"\xff\xfe\xff\n")
    with pytest.raises(UsageError, match="UTF-8") as caught:
        Settings.load()
    assert caught.value.__context__ is None
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("bad", ["", "  ", f"{KEY} x", f"{KEY}\nX-Other: 1", f"{KEY}…", f"{KEY}\x00"])
def test_a_key_that_can_not_be_sent_is_refused_without_being_shown(bad, monkeypatch):
    with pytest.raises(UsageError) as caught:
        Settings().give_key("minimax", bad, "argument")
    assert KEY not in str(caught.value)
    if bad.strip() and "\x00" not in bad:
        monkeypatch.setenv(VARIABLE, bad)
        with pytest.raises(UsageError) as caught:
            key(Settings.load())
        assert KEY not in str(caught.value)


def test_blanks_around_a_key_are_cut_off(monkeypatch):
    monkeypatch.setenv(VARIABLE, f" {KEY}\n")
    assert key(Settings.load())[0] == KEY


def test_no_repr_shows_a_key(monkeypatch):
    monkeypatch.setenv(VARIABLE, KEY)
    settings = Settings.load()
    settings.give_key("evolink", KEY, "argument")
    found = settings.key("minimax", VARIABLE)
    assert KEY not in repr(settings) + repr(found) + repr(found.secret) + repr(settings._keys) + str(vars(type(found)))


@pytest.mark.parametrize(
    "name", ["key", "api_key", "minimax_api_key", "MINIMAX_API_KEY", "acedata_token", "API_SECRET"]
)
def test_a_key_is_no_setting(name):
    with pytest.raises(UsageError, match="Don't put a key in a cell") as caught:
        Settings().set(name, KEY)
    assert KEY not in str(caught.value)
    assert ".env" in caught.value.hint


def test_settings_from_the_environment_and_the_file(tmp_path):
    (tmp_path / ".env").write_text("HAILUO_PROVIDER=ppio\nHAILUO_LIBRARY=/data\n")
    settings = Settings.load(
        {
            "HAILUO_PROVIDER": "evolink",
            "HAILUO_MODEL": "MiniMax-H3",
            "HAILUO_SKETCH_SECONDS": "2.5",
            "HAILUO_MINIMAX_BASE_URL": "http://127.0.0.1:8642/",
            "HAILUO_EVOLINK_BASE_URL": "",
        }
    )
    assert (settings.provider, settings.model, settings.library) == ("evolink", "MiniMax-H3", "/data")
    assert (settings.sketch_seconds, settings.base_urls) == (2.5, {"minimax": "http://127.0.0.1:8642"})


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("sketch_seconds", "soon", "number of seconds"),
        ("sketch_seconds", "-1", "number of seconds"),
        ("sketch_seconds", "nan", "number of seconds"),
        ("provider", "minmax", "Did you mean minimax"),
        ("minmax_base_url", "https://x.example", "Did you mean minimax"),
        ("minimax_base_url", "http://api.minimax.io", "plain http"),
        ("libary", "/data", "Did you mean library"),
    ],
)
def test_a_setting_that_is_none(name, value, match):
    settings = Settings()
    with pytest.raises(UsageError) as caught:
        settings.set(name, value)
    assert match in str(caught.value)
    assert settings == Settings()


def test_a_bad_setting_in_the_environment_is_told():
    with pytest.raises(UsageError, match="number of seconds"):
        Settings.load({"HAILUO_SKETCH_SECONDS": "x"})


# --- which provider -------------------------------------------------------------------------------------------------


def test_without_a_key_it_is_drawn_here():
    name, reason = choose_provider(Settings.load())
    assert name == "sketch"
    assert "No provider's key is set" in reason


def test_the_first_whose_key_is_set_in_the_catalogues_order(monkeypatch):
    offers = catalog().offers
    keyed = [name for name in names() if offers[name].key]
    assert keyed[0] == "minimax"
    for name in reversed(keyed):
        monkeypatch.setenv(offers[name].key, "some-key")
        assert choose_provider(Settings.load()) == (name, f"Chosen because {offers[name].key} is set")


def test_what_is_set_goes_first(monkeypatch):
    monkeypatch.setenv(VARIABLE, KEY)
    settings = Settings.load({"HAILUO_PROVIDER": "ppio"})
    assert choose_provider(settings) == ("ppio", "Provider from your settings (HAILUO_PROVIDER)")
    settings.set("provider", "")
    assert choose_provider(settings)[0] == "minimax"


def test_a_key_that_is_missing_is_told_with_its_name_and_its_page():
    for name in names():
        offer = catalog().offer(name)
        if not offer.key:
            assert require_key(name, Settings.load()) is None
            continue
        with pytest.raises(AuthenticationError) as caught:
            require_key(name, Settings.load())
        assert offer.key in caught.value.hint
        assert offer.keys_page in caught.value.hint
        assert "-p sketch" in caught.value.hint
        assert caught.value.provider == name


def test_a_vendors_limits_can_be_set():
    settings = Settings.load({"HAILUO_MINIMAX_TASKS_IN_FLIGHT": "3", "HAILUO_ACEDATA_REQUESTS_PER_MINUTE": "7"})
    assert (settings.tasks_in_flight, settings.requests_per_minute) == ({"minimax": 3}, {"acedata": 7})
    settings.set("minimax_requests_per_minute", 0)
    assert settings.requests_per_minute == {"acedata": 7, "minimax": 0}
    row = catalog().find("minimax")[0]
    assert limits_of(row, settings) == Limits(requests_per_minute=None, tasks_in_flight=3)
    assert limits_of(row, Settings()) == Limits(requests_per_minute=row.requests_per_minute)
    for bad in ("", "-1", "1.5", "many", "9" * 9, "²"):
        with pytest.raises(UsageError, match="whole number"):
            settings.set("minimax_tasks_in_flight", bad)
    with pytest.raises(UsageError, match="no provider"):
        Settings.load({"HAILUO_MINMAX_TASKS_IN_FLIGHT": "3"})
