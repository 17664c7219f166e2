"""Every exception class of the SDKs and of the HTTP libraries below them is mapped, not caught by chance."""

from __future__ import annotations

import errno
import inspect
import socket
import ssl
from collections.abc import Iterator, Mapping
from types import ModuleType

import anthropic
import httpx
import httpx2
import ollama
import openai
import pytest
from anthropic import _exceptions as anthropic_exceptions
from openai import _exceptions as openai_exceptions

from atlas_tui.models import anthropic as anthropic_adapter
from atlas_tui.models import openai as openai_adapter
from atlas_tui.models.anthropic import AnthropicProvider
from atlas_tui.models.base import Provider
from atlas_tui.models.base.faults import TRANSPORT_ERRORS, transport_error
from atlas_tui.models.ollama import OllamaProvider
from atlas_tui.models.openai import OpenAIProvider
from tests.models.wires import KEY

UNMAPPED = "sent something unexpected"


def errors_in(*modules: ModuleType) -> list[type[Exception]]:
    """The public exception classes of a package, and those of its exceptions module."""
    classes = {value for module in modules for value in list(vars(module).values()) if inspect.isclass(value)}
    package = modules[0].__name__.partition(".")[0]
    found = [c for c in classes if issubclass(c, Exception) and c.__module__.partition(".")[0] == package]
    return sorted(
        (c for c in found if not issubclass(c, Warning) and not c.__name__.startswith("_")), key=lambda c: c.__name__
    )


def bare(error: type[Exception]) -> Exception:
    """An exception with nothing in it but its class: the constructors of the SDKs want whole responses."""
    instance = error.__new__(error)
    for cls in error.__mro__:
        for name in inspect.get_annotations(cls):
            if not hasattr(instance, name):
                setattr(instance, name, None)
    return instance


def nearest(error: type[Exception], table: Mapping[str, object]) -> str | None:
    return next((c.__name__ for c in error.__mro__ if c.__name__ in table), None)


class TestSdks:
    @pytest.mark.parametrize("error", errors_in(anthropic, anthropic_exceptions))
    def test_anthropic(self, error: type[Exception]) -> None:
        self._check(
            error, anthropic_adapter.SDK_ERRORS, {"AnthropicError", "APIError"}, AnthropicProvider("m", api_key=KEY)
        )

    @pytest.mark.parametrize("error", errors_in(openai, openai_exceptions))
    def test_openai(self, error: type[Exception]) -> None:
        self._check(error, openai_adapter.SDK_ERRORS, {"OpenAIError", "APIError"}, OpenAIProvider("m", api_key=KEY))

    @pytest.mark.parametrize("error", errors_in(ollama))
    def test_ollama(self, error: type[Exception]) -> None:
        instance = bare(error)
        instance.error, instance.status_code = "no", -1  # type: ignore[attr-defined]
        assert UNMAPPED not in str(OllamaProvider("m").translate(instance))

    def _check(self, error: type[Exception], table: Mapping[str, object], roots: set[str], provider: Provider) -> None:
        by = nearest(error, table)
        assert by is not None, f"{error.__name__} is mapped by nothing"
        # The roots are mapped for what they raise themselves: a new branch below them needs an entry of its own.
        assert by not in roots or error.__name__ in roots, f"{error.__name__} is mapped by {by} only"
        assert UNMAPPED not in str(provider.translate(bare(error)))

    def test_the_walk_finds_them(self) -> None:
        assert len(errors_in(anthropic, anthropic_exceptions)) > 30
        assert len(errors_in(openai, openai_exceptions)) > 15
        assert {error.__name__ for error in errors_in(ollama)} == {"RequestError", "ResponseError"}

    def test_a_new_branch_would_be_found(self) -> None:
        class BrandNewError(anthropic.AnthropicError):
            """What a later version might add."""

        with pytest.raises(AssertionError, match="AnthropicError only"):
            self._check(
                BrandNewError, anthropic_adapter.SDK_ERRORS, {"AnthropicError"}, AnthropicProvider("m", api_key=KEY)
            )


class TestTransport:
    @pytest.mark.parametrize("error", [*errors_in(httpx), *errors_in(httpx2)])
    def test_http_libraries(self, error: type[Exception]) -> None:
        by = nearest(error, TRANSPORT_ERRORS)
        assert by is not None, f"{error.__name__} is mapped by nothing"
        assert by != "HTTPError" or error.__name__ == "HTTPError", f"{error.__name__} is mapped by HTTPError only"
        found = transport_error(bare(error), "the server")
        assert found is not None
        assert str(found).startswith("the server ")

    @pytest.mark.parametrize(
        ("cause", "kind", "words"),
        [
            (socket.gaierror(socket.EAI_NONAME, "unknown"), "connection", "does not resolve"),
            (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "connection", "nothing listens"),
            (ssl.SSLCertVerificationError("self-signed"), "connection", "does not trust"),
            (ssl.SSLError("wrong version number"), "connection", "TLS"),
            (OSError(errno.EMFILE, "Too many open files"), "connection", "too many files are open"),
            (ExceptionGroup("all", [ConnectionRefusedError()]), "connection", "nothing listens"),
            (httpx2.ConnectTimeout("slow"), "timeout", "could not be reached in time"),
        ],
    )
    def test_the_cause_says_more_than_the_wrapper(self, cause: Exception, kind: str, words: str) -> None:
        for provider, error in self._wrapped(cause):
            found = provider.translate(error)
            assert found.kind == kind
            assert words in str(found)
            assert found.__cause__ is error

    def _wrapped(self, cause: Exception) -> Iterator[tuple[Provider, Exception]]:
        asked = httpx2.Request("POST", "http://127.0.0.1/")
        for provider, wrapper in (
            (AnthropicProvider("m", api_key=KEY), anthropic.APIConnectionError(request=asked)),
            (OpenAIProvider("m", api_key=KEY), openai.APIConnectionError(request=asked)),
        ):
            wrapper.__cause__ = cause
            yield provider, wrapper

    def test_a_circle_of_causes_ends(self) -> None:
        first, second = KeyError("a"), KeyError("b")
        first.__cause__, second.__cause__ = second, first
        assert transport_error(first, "the server") is None

    def test_what_nobody_knows_is_said_to_be_unknown_and_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        odd = KeyError("odd\x1b[2J")
        found = AnthropicProvider("m", api_key=KEY).translate(odd)
        assert found.kind == "protocol"
        assert [record.exc_info and record.exc_info[1] for record in caplog.records] == [odd]
        assert UNMAPPED in str(found)
        assert "\x1b" not in str(found)
