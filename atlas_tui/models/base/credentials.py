"""API keys: where they come from, and that they stay secret."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence

from atlas_tui.errors import ProviderError
from atlas_tui.models.base.worker import in_thread
from atlas_tui.text import remember_secret

_COMMAND_LIMIT = 60.0
"""Seconds that a key command may take; a password manager may have to ask first."""
_TRY_IT = "run it in a shell to see why"


class Credential:
    """A provider's API key: given, in a variable, or printed by a command that runs once, at the first request.

    Args:
        provider: whose key it is.
        key: the key itself.
        env: the environment variable that holds it.
        cmd: the command that prints it.
        variables: the vendor's own variables, asked last.
        needed: False where a server may do without.

    Raises:
        ProviderError: of kind `auth`, if there is no usable key and the environment does not say
            `SKIP_API_KEY_CHECK=true`, which puts the same error off to the first request.
    """

    def __init__(
        self,
        provider: str,
        *,
        key: str | None,
        env: str | None,
        cmd: str | None,
        variables: Sequence[str] = (),
        needed: bool,
    ) -> None:
        self._provider = provider
        self._lock = threading.Lock()
        self._key: str | None = None
        self._problem: tuple[str, str | None] | None = None
        ambient = [env] if env else [] if cmd else variables
        found = key or next((os.environ[name] for name in ambient if os.environ.get(name)), None)
        self._command = None if found else cmd
        try:
            if found:
                self._key = self._checked(found)
            elif not cmd and (needed or env):
                where = env or (variables[0] if variables else f"api_key_env of [providers.{provider}]")
                remedy = f"set {where}, or use mock or ollama, which need none"
                raise self._missing(f"no API key for {provider}", remedy)
        except ProviderError as problem:
            if os.environ.get("SKIP_API_KEY_CHECK", "").lower() != "true":
                raise
            self._problem = problem.message, problem.remedy

    async def get(self) -> str | None:
        """The key; None where there is none and the server may do without.

        Raises:
            ProviderError: there is no usable key, or the command that prints it failed.
        """
        if self._problem is not None:
            raise self._missing(*self._problem)
        if self._key is None and self._command is not None:
            await in_thread(self._ask, self._command)
        return self._key

    def _ask(self, command: str) -> None:
        what = f"the API key command of {self._provider}"
        with self._lock:
            if self._key is not None:
                return
            try:
                done = subprocess.run(
                    command,
                    shell=True,  # the user's own command line, from the user's own configuration
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=_COMMAND_LIMIT,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise self._missing(f"{what} did not end within {_COMMAND_LIMIT:g} s", _TRY_IT) from None
            # Nothing that it printed is shown: even a failing command may have printed a secret.
            if done.returncode:
                raise self._missing(f"{what} failed (exit status {done.returncode})", _TRY_IT)
            first_line = done.stdout.partition("\n")[0]
            if not first_line.strip():
                raise self._missing(f"{what} printed nothing", _TRY_IT)
            self._key = self._checked(first_line)

    def _checked(self, key: str) -> str:
        key = key.strip()
        if not (key and key.isascii() and key.isprintable()) or " " in key:
            raise self._missing(f"the API key for {self._provider} has characters that no key has")
        remember_secret(key)
        return key

    def _missing(self, message: str, remedy: str | None = None) -> ProviderError:
        return ProviderError("auth", message, provider=self._provider, remedy=remedy)


def foreign_headers(variable: str) -> list[str]:
    """Names of the headers that an SDK would send because of its custom headers variable (`Name: value` lines).

    They were meant for the vendor: a server of another name must not get them.
    """
    lines = os.environ.get(variable, "").split("\n")
    return [name.strip() for name, colon, _ in (line.partition(":") for line in lines) if colon]
