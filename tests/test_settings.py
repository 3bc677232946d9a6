"""Settings: what the environment says, and how a wrong word of it is told."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from plimsoll.settings import BadSettings, FeedChoice, Settings, list_unknown


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests says nothing here."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PLIMSOLL_{name.upper()}", raising=False)


def test_without_any_setting_it_is_reached_from_this_machine_only() -> None:
    settings = Settings.read()
    assert settings.host == "127.0.0.1"
    assert settings.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    assert settings.trusted_proxies == ()
    assert settings.feed is FeedChoice.AUTO


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIMSOLL_PORT", "8123")
    monkeypatch.setenv("PLIMSOLL_FEED", "simulated")
    monkeypatch.setenv("PLIMSOLL_DATA_DIR", "/srv/desk")
    settings = Settings.read()
    assert (settings.port, settings.feed) == (8123, FeedChoice.SIMULATED)
    assert settings.data_dir == Path("/srv/desk")


def test_an_option_wins_over_the_environment_and_a_missing_one_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLIMSOLL_PORT", "8123")
    assert Settings.read(port=9000).port == 9000
    assert Settings.read(port=None).port == 8123


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a,b", ("a", "b")),
        (" a , b ", ("a", "b")),
        ("desk.example.org", ("desk.example.org",)),
        ("a,,b,", ("a", "b")),
        ("", ()),
    ],
)
@pytest.mark.parametrize("name", ["allowed_hosts", "live_sources", "coingecko_currencies"])
def test_several_values_stand_with_commas_between(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, read: tuple[str, ...]
) -> None:
    monkeypatch.setenv(f"PLIMSOLL_{name.upper()}", text)
    assert getattr(Settings.read(), name) == read


WRONG = [
    ("PORT", "http", "integer"),
    ("PORT", "65536", "less than or equal to 65535"),
    ("FEED", "live!", "'auto', 'live', 'replay' or 'simulated'"),
    ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
    ("SECURE_COOKIES", "maybe", "boolean"),
    ("DATABASE_POOL_SIZE", "0", "greater than or equal to 1"),
    ("STATEMENT_TIMEOUT_MS", "5s", "integer"),
    ("REPLAY_SPEED", "0", "greater than 0"),
    ("REPLAY_SPEED", "nan", "greater than 0"),
    ("POLL_INTERVAL_S", "inf", "finite"),
    ("PRICE_STALE_AFTER_S", "-1", "greater than 0"),
    ("ARGON2_MEMORY_KIB", "1024", "greater than or equal to 19456"),
    ("API_KEY_REQUESTS_PER_MINUTE", "0", "greater than or equal to 1"),
    ("MAX_BODY_BYTES", "10", "greater than or equal to 1000"),
    ("COINGECKO_URL", "ftp://example.org", "http:// or https://"),
    ("COINGECKO_URL", "api.coingecko.com", "http:// or https://"),
    ("COINGECKO_PRO_URL", "https://", "http:// or https://"),
    ("COINGECKO_PRO_URL", "https://example.org/?key=1", "http:// or https://"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), WRONG)
def test_a_wrong_value_stops_the_start_with_its_name_itself_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(f"PLIMSOLL_{name}", value)
    with pytest.raises(BadSettings) as stopped:
        Settings.read()
    (line,) = str(stopped.value).splitlines()[1:]
    assert line.startswith(f"  PLIMSOLL_{name} = {value!r}: ")
    assert allowed in line
    assert "Value error" not in line


def test_every_wrong_value_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIMSOLL_PORT", "x")
    monkeypatch.setenv("PLIMSOLL_FEED", "y")
    with pytest.raises(BadSettings, match=r"(?s)PLIMSOLL_PORT.*PLIMSOLL_FEED"):
        Settings.read()


def test_what_is_wrong_with_a_secret_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", "mysql://root:canary-word@db/desk")
    with pytest.raises(BadSettings) as stopped:
        Settings.read()
    assert "PLIMSOLL_DATABASE_URL = (hidden): " in str(stopped.value)
    assert "postgresql://" in str(stopped.value)
    assert "canary-word" not in str(stopped.value)


@pytest.mark.parametrize(
    "url", ["postgresql://desk:word@db:5432/desk", "postgres:///desk?host=/run/postgresql"]
)
def test_an_address_of_a_database_is_kept_as_it_is(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PLIMSOLL_DATABASE_URL", url)
    known = Settings.read().database_url
    assert known is not None
    assert known.get_secret_value() == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "postgresql://u:canary-word@h/d"),
        ("coingecko_demo_key", "canary-word"),
        ("coingecko_pro_key", "canary-word"),
    ],
)
def test_settings_that_are_printed_hide_their_secrets(name: str, value: str) -> None:
    settings: Any = Settings(**{name: value})  # type: ignore[arg-type]  # read from text as in the environment
    assert "canary-word" not in repr(settings)
    assert "canary-word" not in str(settings.model_dump())
    assert "canary-word" not in settings.model_dump_json()


def test_every_secret_is_hidden_when_it_is_wrong() -> None:
    secret = {
        name
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    for name in secret:
        with pytest.raises(BadSettings) as stopped:
            Settings.read(**{name: {"canary-word": 1}})
        assert "canary-word" not in str(stopped.value)
    assert secret >= {"database_url", "coingecko_demo_key", "coingecko_pro_key"}


@pytest.mark.parametrize("name", ["trusted_proxies", "cors_origins"])
def test_who_is_trusted_is_named_exactly(name: str) -> None:
    for wrong in ("*", "null", "http://", "10.0.0.0/33", "https://a.test/path", "HTTPS://A.test"):
        with pytest.raises(BadSettings):
            Settings.read(**{name: wrong})
    networks = Settings.read(trusted_proxies="10.0.0.0/8,::1,192.0.2.1")
    assert networks.trusted_proxies == ("10.0.0.0/8", "::1", "192.0.2.1")
    pages = Settings.read(cors_origins="https://a.test,http://localhost:5173,http://[::1]:80")
    assert len(pages.cors_origins) == 3


def test_an_address_of_redis_says_how_and_where() -> None:
    for good in ("redis://h", "rediss://:secret@h:6380/2", "unix:///run/valkey.socket?db=1"):
        assert Settings.read(redis_url=good).redis_url == SecretStr(good)
    for wrong in ("http://h", "redis://", "unix://", "h:6379", ""):
        with pytest.raises(BadSettings, match=r"REDIS_URL = \(hidden\): an address of Redis is"):
            Settings.read(redis_url=wrong)


def test_without_its_extra_redis_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plimsoll.setting_values.find_spec", lambda _: None)
    with pytest.raises(BadSettings, match=r"pip install 'plimsoll\[redis\]'"):
        Settings.read(redis_url="redis://localhost")
    assert Settings.read().redis_url is None


def test_the_slash_at_the_end_of_an_address_makes_no_difference() -> None:
    assert Settings(coingecko_url="http://127.0.0.1:9/api/").coingecko_url == (
        "http://127.0.0.1:9/api"
    )


def test_settings_do_not_change_once_they_are_read() -> None:
    settings = Settings.read()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_a_variable_that_is_no_setting_is_told_with_the_one_that_may_be_meant() -> None:
    environment = ["PLIMSOLL_LOGLEVEL", "PLIMSOLL_PORT", "PLIMSOLL_QUITE_ELSE", "HOME"]
    assert list_unknown(environment) == {
        "PLIMSOLL_LOGLEVEL": "PLIMSOLL_LOG_LEVEL",
        "PLIMSOLL_QUITE_ELSE": None,
    }
