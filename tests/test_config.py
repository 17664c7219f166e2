"""The settings file, the variables over it, and the places on disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from atlas_tui.config import (
    PROVIDER_KINDS,
    Budget,
    Config,
    Price,
    RetrySettings,
    Timeouts,
    config_path,
    data_dir,
    load_config,
    log_dir,
    make_private_folder,
    private_opener,
)
from atlas_tui.errors import ConfigError
from atlas_tui.models.factory import create_provider, default_model, provider_names

EVERYTHING = """
default_provider = "groq"
default_model = "llama-4"
max_tokens = 2000
system_prompt = "Be brief."
theme = "dusk"
fallback = ["openai", "ollama:llama3:8b"]
collection_name = "notes"
db_path = "/var/lib/atlas"

[budget]
answer = 0.05
conversation = 1
day = 5.5
warn = 0.5

[retries]
attempts = 2
first_wait = 0.1

[timeouts]
connect = 3
total = false

[providers.groq]
kind = "openai"
base_url = "https://api.example/v1"
api_key_env = "GROQ_KEY"
model = "llama-4-scout"
timeout = 30
api = "chat"

[prices."groq:llama-4"]
input = 0.1
output = 0.4
cache_read = 0

[keys]
send = "ctrl+s"
"""


def load(folder: Path, text: str, **environ: str) -> Config:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, environ)


def complaint(folder: Path, text: str, **environ: str) -> str:
    """The error about a file, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, **environ)
    return str(caught.value).removeprefix(str(folder / "config.toml")).removeprefix(", ")


class TestTheFile:
    def test_every_setting(self, tmp_path: Path) -> None:
        config = load(tmp_path, EVERYTHING)
        assert config.default_provider == "groq"
        assert config.default_model == "llama-4"
        assert config.max_tokens == 2000
        assert config.system_prompt == "Be brief."
        assert config.theme == "dusk"
        assert config.fallback == ("openai", "ollama:llama3:8b")
        assert config.budget == Budget(answer=0.05, conversation=1, day=5.5, warn=0.5)
        assert config.collection_name == "notes"
        assert config.db_path == "/var/lib/atlas"
        assert config.timeouts == Timeouts(connect=3, total=None)
        assert config.retries == RetrySettings(attempts=2, first_wait=0.1)
        assert config.prices == {"groq:llama-4": Price(0.1, 0.4, cache_read=0)}
        assert config.keys == {"send": "ctrl+s"}
        groq = config.providers["groq"]
        assert (groq.kind, groq.base_url, groq.api_key_env, groq.api_key_cmd, groq.model) == (
            "openai", "https://api.example/v1", "GROQ_KEY", None, "llama-4-scout",
        )  # fmt: skip
        assert groq.options == {"timeout": 30, "api": "chat"}

    def test_absent_or_empty_gives_the_defaults(self, tmp_path: Path) -> None:
        assert load_config(environ={}) == Config()
        assert load(tmp_path, "") == Config()

    def test_a_built_in_provider_needs_no_kind(self, tmp_path: Path) -> None:
        config = load(tmp_path, '[providers.mock]\nmodel = "mock-basic"\ndelay_ms = 0')
        assert config.providers["mock"].kind == "mock"
        assert create_provider("mock", config=config).model_name == "mock-basic"

    def test_the_kinds_are_those_of_the_factory(self) -> None:
        assert list(PROVIDER_KINDS) == provider_names(Config())

    def test_it_is_read_again_only_when_it_has_changed(self, tmp_path: Path) -> None:
        first = load(tmp_path, "max_tokens = 1")
        assert load_config(tmp_path / "config.toml", {}) is first
        assert load(tmp_path, "max_tokens = 22").max_tokens == 22

    def test_a_byte_order_mark_and_windows_line_ends(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        path.write_bytes(b'\xef\xbb\xbftheme = "dusk"\r\nmax_tokens = 5\r\n')
        assert load_config(path, {}).max_tokens == 5

    def test_home_in_a_path(self, tmp_path: Path) -> None:
        assert load(tmp_path, 'db_path = "~/docs"').db_path == str(Path.home() / "docs")
        assert load(tmp_path, "", ATLAS_DB_PATH="~/docs").db_path == str(Path.home() / "docs")
        assert load(tmp_path, 'db_path = "http://localhost:8000"').db_path == "http://localhost:8000"


class TestWhatIsWrongWithTheFile:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("x = 1\n", "line 1: unknown key 'x': use one of default_provider, default_model"),
            ("max_tokens = 1\nmax_token = 3", "line 2: unknown key 'max_token': did you mean 'max_tokens'?"),
            ("[timeouts]\n\nconect = 3", "line 3: unknown key 'timeouts.conect': did you mean 'connect'?"),
            ("[timeouts]\nconnect = -1", "line 2: timeouts.connect must be a number of seconds above 0, or false"),
            ("timeouts = { connect = true }", "line 1: timeouts.connect must be a number of seconds"),
            ("timeouts = 30", "line 1: timeouts must be a table"),
            ("[retries]\nattempts = 0", "line 2: retries.attempts must be a whole number above 0"),
            ("[retries]\nfirst_wait = -1", "line 2: retries.first_wait must be a number of seconds, 0 or more"),
            ('max_tokens = "5"', "line 1: max_tokens must be a whole number above 0"),
            ("max_tokens = true", "line 1: max_tokens must be a whole number above 0"),
            ("budget.day = nan", "line 1: budget.day must be a number of US dollars, 0 or more"),
            ("[budget]\nwarn = 80", "line 2: budget.warn must be a number from 0 to 1"),
            ("theme = ''", "line 1: theme must be a text in quotes"),
            ("fallback = ['a', 1]", "line 1: fallback must be a list of texts in quotes"),
            ("fallback = [\n  'a',\n]\ntheme = 3", "line 4: theme must be"),
            ("system_prompt = '''\ntheme = 3\n'''\ntheme = 3", "line 4: theme must be"),
            ("[keys]\nsend = 3", "line 2: keys.send must be a text in quotes"),
            ("[providers.groq]\nmodel = 'x'", 'line 1: [providers.groq] does not say what it speaks: add kind = '),
            ("[providers.groq]\nkind = 'opena'", 'line 2: providers.groq.kind must be one of "anthropic", "openai"'),
            ("[providers.openai]\nmodle = 'x'", "line 2: unknown key 'providers.openai.modle': did you mean 'model'?"),
            ("[providers.openai]\nbase-url = 'x'", "line 2: unknown key 'providers.openai.base-url': did you mean"),
            ("[providers.'a:b']\nkind = 'openai'", "line 1: a provider cannot be named 'a:b'"),
            ("[providers]\nopenai = 'x'", "line 2: providers.openai must be a table"),
            ("[prices.x]\ninput = 1", "line 1: [prices.x] needs input and output, in US dollars per million tokens"),
            ("[prices.x]\ninput = 1\noutput = '2'", "line 3: prices.x.output must be a number of US dollars"),
            ("theme = 'a'\ntheme = ", "line 2: Invalid value: correct the TOML there"),
            ("a = 1\nb 2", "line 2: Expected '=' after a key in a key/value pair: correct the TOML there"),
            ("a = [1,\n2", "line 2: Unclosed array: correct the TOML there"),
        ],
    )  # fmt: skip
    def test_it_names_key_line_and_remedy(self, tmp_path: Path, text: str, words: str) -> None:
        assert complaint(tmp_path, text).startswith(words)

    @pytest.mark.parametrize(
        "text",
        [
            "[providers.openai]\napi_key = 'sk-secret'",
            "[providers.openai]\napikey = 'sk-secret'",
            "[providers.openai]\nauth_token = 'sk-secret'",
            "openai_api_key = 'sk-secret'",
        ],
    )
    def test_a_key_itself_is_refused_and_not_repeated(self, tmp_path: Path, text: str) -> None:
        words = complaint(tmp_path, text)
        assert "api_key_env" in words
        assert "api_key_cmd" in words
        assert "sk-secret" not in words

    def test_it_is_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        path.write_bytes(b"theme = '\xff'")
        with pytest.raises(ConfigError, match="is not UTF-8 text"):
            load_config(path)

    def test_it_is_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            load_config(tmp_path)

    def test_a_named_file_must_exist(self, tmp_path: Path) -> None:
        missing = str(tmp_path / "missing.toml")
        with pytest.raises(ConfigError, match=r"there is no file .*missing\.toml"):
            load_config(missing)
        with pytest.raises(ConfigError, match="there is no file"):
            load_config(environ={"ATLAS_CONFIG": missing})

    def test_hostile_names_are_made_safe(self, tmp_path: Path) -> None:
        assert "\x1b" not in complaint(tmp_path, '"\\u001b[31mred" = 1')


class TestVariables:
    def test_they_win_over_the_file(self, tmp_path: Path) -> None:
        config = load(
            tmp_path,
            EVERYTHING,
            ATLAS_DEFAULT_PROVIDER="openai",
            ATLAS_DEFAULT_MODEL="gpt-x",
            ATLAS_MAX_TOKENS="7",
            ATLAS_THEME="dawn",
            ATLAS_DB_PATH="/db",
            ATLAS_COLLECTION_NAME="other",
        )
        assert (config.default_provider, config.default_model, config.max_tokens) == ("openai", "gpt-x", 7)
        assert (config.theme, config.db_path, config.collection_name) == ("dawn", "/db", "other")
        assert config.system_prompt == "Be brief."

    def test_set_to_nothing_is_not_set(self, tmp_path: Path) -> None:
        assert load(tmp_path, "max_tokens = 3", ATLAS_MAX_TOKENS="", ATLAS_THEME=" ").max_tokens == 3

    def test_a_wrong_number_names_the_variable(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, "", ATLAS_MAX_TOKENS="many") == (
            "ATLAS_MAX_TOKENS must be a whole number above 0: change it or unset it"
        )

    def test_another_provider_does_not_get_the_files_default_model(self, tmp_path: Path) -> None:
        text = 'default_provider = "openai"\ndefault_model = "gpt-x"'
        assert default_model("openai", load(tmp_path, text)) == "gpt-x"
        assert default_model("mock", load(tmp_path, text, ATLAS_DEFAULT_PROVIDER="mock")) == "mock-standard"

    def test_the_default_model_wins_over_the_providers_table(self, tmp_path: Path) -> None:
        config = load(tmp_path, '[providers.mock]\nmodel = "mock-basic"', ATLAS_DEFAULT_MODEL="mock-advanced")
        assert default_model("mock", config) == "mock-advanced"

    def test_atlas_config_names_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "mine.toml"
        path.write_text("max_tokens = 9")
        monkeypatch.setenv("ATLAS_CONFIG", str(path))
        assert load_config().max_tokens == 9


class TestPlaces:
    def test_they_are_the_platforms(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ATLAS_DATA_DIR")
        for place in (config_path(), data_dir(), log_dir()):
            assert place.is_relative_to(Path.home())
            assert "atlas-tui" in place.parts
        assert config_path().name == "config.toml"

    def test_the_default_file_is_found_there(self) -> None:
        config_path().parent.mkdir(parents=True)
        config_path().write_text('theme = "dusk"')
        assert load_config().theme == "dusk"

    def test_variables_move_them(self, tmp_path: Path) -> None:
        assert data_dir({"ATLAS_DATA_DIR": str(tmp_path)}) == tmp_path
        assert config_path({"ATLAS_CONFIG": "~/a.toml"}) == Path.home() / "a.toml"

    @pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
    def test_what_is_created_is_private(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)
        folder = make_private_folder(tmp_path / "a" / "b")
        assert make_private_folder(folder) == folder
        with open(folder / "file", "w", opener=private_opener) as file:
            file.write("x")
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, folder / "file")]
        assert modes == [0o700, 0o700, 0o600]
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755  # what was there stays as it is
