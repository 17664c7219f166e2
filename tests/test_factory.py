"""Providers by name."""

from __future__ import annotations

from typing import Any

import pytest

from atlas_tui import ConfigError, ProviderError, create_provider
from atlas_tui.config import Config, Price, ProviderConfig, Timeouts
from atlas_tui.models.base import ModelMessage, ModelRequest
from atlas_tui.models.factory import DEFAULT_MODELS, check_providers, default_model, provider_names, split_target
from tests.servers.scripted import Script, ScriptedServer

KEYED = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}
HELLO = ModelRequest(messages=[ModelMessage.user("Hello")])


@pytest.mark.parametrize("messages", ["Hello", [{"role": "user", "content": "Hello"}], [("user", "Hello")]])
def test_a_request_of_what_is_no_message_says_how_they_are_made(messages: Any) -> None:
    with pytest.raises(ConfigError, match=r"ModelMessage\.user\(text\)"):
        ModelRequest(messages=messages)


class TestNames:
    @pytest.mark.parametrize(
        ("target", "parts"),
        [
            ("anthropic", ("anthropic", None)),
            ("openai:gpt-4.1", ("openai", "gpt-4.1")),
            ("ollama:llama3:8b", ("ollama", "llama3:8b")),
            ("ollama:hf.co/org/model:Q4_K_M", ("ollama", "hf.co/org/model:Q4_K_M")),
            ("mock:", ("mock", None)),
        ],
    )
    def test_a_target_is_split_at_its_first_colon(self, target: str, parts: tuple[str, str | None]) -> None:
        assert split_target(target) == parts
        provider = create_provider(target, mock=True)
        assert provider.name == parts[0]
        assert provider.model_name == (parts[1] or provider.model_name)

    def test_the_model_argument_wins_over_the_targets(self) -> None:
        assert create_provider("openai:gpt-4.1", "gpt-4o", mock=True).model_name == "gpt-4o"

    def test_an_unknown_name_lists_the_known_ones_with_those_of_the_configuration(self) -> None:
        config = Config(providers={"groq": ProviderConfig("openai", base_url="http://127.0.0.1:1/v1")})
        with pytest.raises(ConfigError) as caught:
            create_provider("claude", config=config)
        assert str(caught.value) == "unknown provider 'claude': use one of anthropic, openai, ollama, mock, groq"
        assert provider_names(config) == ["anthropic", "openai", "ollama", "mock", "groq"]

    def test_an_unknown_option_lists_the_known_ones(self) -> None:
        with pytest.raises(ConfigError) as caught:
            create_provider("mock", dealy_ms=0)
        message = str(caught.value)
        assert message.startswith("provider 'mock' has no option 'dealy_ms': use one of ")
        listed = message.partition("use one of ")[2].split(", ")
        assert {"delay_ms", "simulate_errors", "error_type", "timeout"} <= set(listed)
        assert "name" not in listed

    def test_an_unknown_option_in_the_configuration_is_no_less_wrong(self) -> None:
        config = Config(providers={"mock": ProviderConfig("mock", options={"dealy_ms": 0})})
        with pytest.raises(ConfigError, match="'dealy_ms'"):
            create_provider("mock", config=config)


class TestModels:
    def test_the_default_of_each_provider_is_in_one_place(self) -> None:
        assert list(DEFAULT_MODELS) == ["anthropic", "openai", "ollama", "mock"]
        assert create_provider().model_name == DEFAULT_MODELS["mock"] == "mock-standard"
        assert create_provider("anthropic", mock=True).model_name == DEFAULT_MODELS["anthropic"]

    def test_the_environment_wins_over_the_configuration(self, monkeypatch: pytest.MonkeyPatch) -> None:
        config = Config(providers={"openai": ProviderConfig("openai", model="from-the-file")})
        assert default_model("openai", config) == "from-the-file"
        monkeypatch.setenv("ATLAS_OPENAI_DEFAULT_MODEL", "from-the-environment")
        assert default_model("openai", config) == "from-the-environment"
        assert create_provider("openai", config=config, mock=True).model_name == "from-the-environment"
        assert create_provider("openai", "asked-for", config=config, mock=True).model_name == "asked-for"

    def test_the_default_model_belongs_to_the_default_provider(self) -> None:
        config = Config(default_provider="openai", default_model="mine")
        assert create_provider(config=config, mock=True).model_name == "mine"
        assert create_provider("anthropic", config=config, mock=True).model_name == DEFAULT_MODELS["anthropic"]

    @pytest.mark.parametrize("name", ["openai", "ollama"])
    def test_a_mock_always_has_a_model_to_play(self, name: str) -> None:
        assert create_provider(name, mock=True).model_name

    def test_a_mistyped_mock_model_lists_the_known_ones(self) -> None:
        with pytest.raises(ConfigError, match="mock-basic, mock-standard, mock-advanced"):
            create_provider("mock", "gpt-4.1")


class TestOptions:
    def test_a_timeout_in_seconds_bounds_the_whole_request(self) -> None:
        limits = create_provider("mock", timeout=5).timeouts
        assert (limits.connect, limits.first_token, limits.between_tokens, limits.total) == (5, 5, 5, 5)
        own = Timeouts(connect=1, first_token=2, between_tokens=3, total=None)
        assert create_provider("mock", timeout=own).timeouts == own
        assert create_provider("mock", config=Config(timeouts=own)).timeouts == own

    @pytest.mark.parametrize(
        "wrong",
        [
            {"timeout": 0}, {"timeout": -1}, {"timeout": "30"}, {"timeout": float("nan")},
            {"max_tokens": 0}, {"max_tokens": -5}, {"max_tokens": "300"},
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("name", ["anthropic", "openai", "ollama", "mock"])
    def test_a_limit_that_is_none_is_refused_before_anything_is_sent(self, name: str, wrong: dict[str, Any]) -> None:
        key: dict[str, Any] = {} if name == "mock" else {"api_key": "sk-test"}
        (option,) = wrong
        with pytest.raises(ConfigError, match=rf"^{option} = .* has no meaning"):
            create_provider(name, **key, **wrong)

    def test_max_tokens_comes_from_the_caller_then_from_the_configuration(self) -> None:
        config = Config(max_tokens=5)
        assert create_provider("mock", max_tokens=3, config=config).max_tokens == 3
        assert create_provider("mock", config=config).max_tokens == 5

    def test_a_played_provider_has_the_mocks_settings_and_drops_those_of_the_real_one(self) -> None:
        config = Config(
            providers={
                "anthropic": ProviderConfig("anthropic", api_key_env="NOWHERE", options={"thinking": 2048}),
                "mock": ProviderConfig("mock", options={"response": "Played.", "delay_ms": 0}),
            }
        )
        provider = create_provider("anthropic", mock=True, config=config, api_key="not-needed-here")
        response = provider.generate(HELLO)
        assert (response.content, response.provider, response.mock) == ("Played.", "anthropic", True)
        with pytest.raises(ConfigError, match="'colour'"):
            create_provider("anthropic", mock=True, config=config, colour="red")

    def test_a_played_provider_has_its_own_prices(self) -> None:
        priced = create_provider("openai:gpt-4.1", mock=True, delay_ms=0).generate(HELLO)
        assert priced.cost.known
        assert (priced.cost.total or 0) > 0
        own = Config(prices={"openai:gpt-4.1": Price(1_000_000.0, 0.0)})
        mine = create_provider("openai:gpt-4.1", mock=True, delay_ms=0, config=own).generate(HELLO)
        assert mine.cost.total == mine.usage.input_tokens

    def test_a_configured_provider_goes_by_its_own_name_and_address(self, server: ScriptedServer) -> None:
        server.play(Script.text("Hel", "lo"))
        config = Config(providers={"lab": ProviderConfig("openai", base_url=server.url + "/v1", model="lab-1")})
        response = create_provider("lab", config=config).generate(HELLO)
        assert (response.content, response.provider) == ("Hello", "lab")
        assert server.requests[0].model == "lab-1"


class TestKeys:
    @pytest.mark.parametrize(("name", "variable"), KEYED.items())
    def test_a_missing_key_is_told_with_its_variable_and_who_needs_none(self, name: str, variable: str) -> None:
        with pytest.raises(ProviderError) as caught:
            create_provider(name)
        assert (caught.value.kind, caught.value.provider) == ("auth", name)
        assert variable in str(caught.value)
        assert "mock" in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("name", KEYED)
    def test_the_check_can_be_skipped_until_the_first_request(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SKIP_API_KEY_CHECK", "true")
        provider = create_provider(name)
        with pytest.raises(ProviderError) as caught:
            provider.generate(HELLO)
        assert caught.value.kind == "auth"
        monkeypatch.setenv("SKIP_API_KEY_CHECK", "false")
        with pytest.raises(ProviderError):
            create_provider(name)

    @pytest.mark.parametrize("name", KEYED)
    def test_a_played_provider_needs_none(self, name: str) -> None:
        assert create_provider(name, mock=True).is_mock


class TestChecks:
    def test_tells_who_can_be_used_and_why_the_others_cannot(
        self, dead_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key-of-the-right-length")
        monkeypatch.setenv("OLLAMA_HOST", dead_url)
        status: dict[str, Any] = {one.name: one for one in check_providers()}
        assert list(status) == ["anthropic", "openai", "ollama", "mock"]
        assert (status["mock"].available, status["mock"].reason) == (True, "")
        assert status["openai"].available
        assert not status["anthropic"].available
        assert "ANTHROPIC_API_KEY" in status["anthropic"].reason
        assert not status["ollama"].available
        assert status["ollama"].reason
