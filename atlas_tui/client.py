"""The library's front door: a client that asks questions and gives answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from atlas_tui.budget import Account
from atlas_tui.config import Budget, Config, load_config, read_text
from atlas_tui.errors import ConfigError
from atlas_tui.models.base import CancelToken, Emit, End, EventStream, ModelResponse, Provider, TextDelta
from atlas_tui.models.factory import chain, create_provider
from atlas_tui.policy import Policy
from atlas_tui.retrieval import Document, KnowledgeBase
from atlas_tui.session import Session, Turn
from atlas_tui.store import Ledger, Store

log = logging.getLogger(__name__)
# Whether and where it is logged is the program's to say; without this, Python writes warnings to stderr.
logging.getLogger("atlas_tui").addHandler(logging.NullHandler())
TextCallback = Callable[[str, str], None]
"""`callback(delta, full_text)`."""


class QueryClient:
    """Asks a provider; every query stands alone. Made by `create_query_client`, or of a provider of your own."""

    def __init__(
        self,
        provider: Provider,
        *,
        system_prompt: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        fallback: Sequence[Provider] = (),
        knowledge: KnowledgeBase | None = None,
        account: Account | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.provider = provider
        self.last_response: ModelResponse | None = None
        """The last response, also one that failed (then with `complete` False), or None."""
        self._knowledge = knowledge or KnowledgeBase()
        self._options: dict[str, Any] = {
            "system_prompt": system_prompt,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "fallback": fallback,
            "account": account or Account(Budget()),
            "policy": policy or Policy(),  # one for all queries: what failed for good a moment ago is asked last
        }

    def query(self, text: str) -> str:
        """Ask and wait for the whole answer.

        Raises:
            ProviderError: the request failed or ended early; `error.partial.content` is what had arrived.
            ConfigError: the text is empty.
        """
        return self.stream(text).response().content

    def query_streaming(self, text: str, callback: TextCallback) -> str:
        """Ask, call `callback(delta, full_text)` in this thread at each delta, and give the whole answer.

        Raises:
            ProviderError: the request failed or ended early; `error.partial.content` is what had arrived, all of
                which the callback has seen. The client can be asked again.
            ConfigError: the text is empty.
        """
        full_text = ""
        with self.stream(text) as events:
            for event in events:
                if isinstance(event, TextDelta):
                    full_text += event.text
                    callback(event.text, full_text)
            return events.response().content

    def stream(self, text: str, *, cancel: CancelToken | None = None) -> EventStream:
        """Ask and give the events as they come: an iterator and a context manager.

        A failure is the `error` of the last event, `End`, and is not raised. `close()` from any thread cancels the
        request at once.

        Raises:
            ConfigError: the text is empty.
        """
        session = self._session()
        return self._ask(session, session.add_turn(text), cancel)

    def query_with_context(self, text: str) -> dict[str, Any]:
        """Ask with passages from the knowledge base: `{"response": str, "context": {"documents": [...]}}`.

        The documents are those that were sent, in the order of their numbers; `atlas_tui.citations.check` holds the
        answer's citations and quotations against them.

        Raises:
            ProviderError: the request failed or ended early.
            ConfigError: the text is empty.
            AtlasError: the knowledge base cannot be read.
        """
        session = self._session()
        turn = session.add_turn(text, self.retrieve_only(text))
        answer = self._ask(session, turn, None).response().content
        return {"response": answer, "context": {"documents": list(turn.documents)}}

    def retrieve_only(self, text: str, k: int = 5) -> list[Document]:
        """The `k` passages that fit the text best, best first; needs no key. An empty knowledge base gives `[]`.

        Raises:
            AtlasError: the knowledge base cannot be read.
        """
        return self._knowledge.search(text, k, wait=True)

    def close(self) -> None:
        """Let go of the history, which a limit for the day has opened, and of the knowledge base. A `with` block does
        it; the end of the process does too."""
        self._options["account"].ledger.close()
        self._knowledge.close()

    def __enter__(self) -> QueryClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def list_models(self) -> list[str]:
        """The ids of the models that the client's provider offers.

        Raises:
            ProviderError: the provider did not give its list.
        """
        return [model.id for model in self.provider.list_models()]

    def _session(self) -> Session:
        return Session(self.provider, **self._options)

    def _ask(self, session: Session, turn: Turn, cancel: CancelToken | None) -> EventStream:
        async def source(emit: Emit, token: CancelToken) -> End:
            end = await session.run(turn, emit, token)
            self.last_response = end.response
            return end

        return EventStream(source, cancel)


def create_query_client(
    provider_name: str | None = None,
    model_name: str | None = None,
    *,
    system_prompt: str | None = None,
    system_prompt_file: str | Path | None = None,
    collection_name: str | None = None,
    db_path: str | None = None,
    max_tokens: int | None = None,
    temperature: float | None = None,
    fallback: str | Sequence[str] = (),
    budget: float | Budget | None = None,
    policy: Policy | None = None,
    mock: bool = False,
    config: Config | None = None,
    **options: Any,
) -> QueryClient:
    """Create a client.

    Args:
        provider_name: `anthropic`, `openai`, `ollama`, `mock`, a name from the configuration, or a target
            (`provider:model`). None takes the user's default, which is `mock` until one is chosen.
        model_name: the model; None takes the provider's default.
        system_prompt: an instruction that stands above every query.
        system_prompt_file: a file that holds it.
        collection_name: the collection of the knowledge base.
        db_path: the knowledge base's folder, or `http://host:port` of a Chroma server.
        max_tokens: the most tokens that an answer may have.
        temperature: how freely the model chooses; what a provider does not take is left out.
        fallback: targets (or one) to ask, in order, when a request fails before its first token; one without its key
            is left out, with a warning in the log.
        budget: what may be spent, as a `Budget`, or in US dollars for one answer; a running answer that would exceed
            a limit is stopped. None takes the settings'. In a `Budget` the limit for a conversation is one for all
            queries of the client. For a limit on the day the history adds up what everybody spends; of this client's
            answers it keeps the cost alone.
        policy: how patiently failures before the first token are retried; None takes the settings'.
        mock: play every target without network and without a key.
        config: the settings; None loads the user's.
        options: what the provider takes, see `create_provider`.

    Raises:
        ConfigError: a name, an option or a file is wrong.
        ProviderError: of kind `auth`, if the provider needs a key and there is none.
    """
    config = config or load_config()
    limits = {"timeout": options["timeout"]} if "timeout" in options else {}
    if not isinstance(budget, Budget):
        if budget is not None and (not isinstance(budget, int | float) or not budget >= 0):
            raise ConfigError(f"budget = {budget!r} has no meaning: use US dollars, or a Budget")
        # Queries stand alone: the settings' limit for a conversation is none for all that a program ever asks.
        given = config.budget.answer if budget is None else budget
        budget = replace(config.budget, answer=given, conversation=None)
    return QueryClient(
        create_provider(provider_name, model_name, max_tokens, mock=mock, config=config, **options),
        system_prompt=_system_prompt(system_prompt, system_prompt_file, config),
        max_tokens=max_tokens,
        temperature=temperature,
        fallback=_spares(fallback or config.fallback, partial(create_provider, mock=mock, config=config, **limits)),
        knowledge=KnowledgeBase(db_path or config.db_path, collection_name or config.collection_name, config=config),
        account=Account(budget, Ledger(Store() if budget.day is not None else None)),
        policy=policy or Policy(config.retries),
    )


def _system_prompt(text: str | None, file: str | Path | None, config: Config) -> str | None:
    if file is None:
        return config.system_prompt if text is None else text
    if text is not None:
        raise ConfigError("system_prompt and system_prompt_file exclude each other: give one of them")
    return read_text(Path(file).expanduser(), "the system prompt")


def _spares(fallback: str | Sequence[str], create: Callable[[str], Provider]) -> list[Provider]:
    spares, notes = chain([fallback] if isinstance(fallback, str) else fallback, create)
    for note in notes:
        log.warning("%s", note)
    return spares
