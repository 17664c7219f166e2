"""What may have to wait for a disk, done beside the screen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from textual.worker import NoActiveWorker, get_current_worker

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.worker import WorkType

T = TypeVar("T")


async def beside(function: Callable[[], T]) -> T:
    """Run what may wait for a disk in a thread that the end of the program does not wait for.

    Raises:
        CancelledError: in a worker of a screen that has been closed meanwhile; nobody waits any more.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(action: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(lambda: None if future.done() else action())
        except RuntimeError:  # the loop has closed: the program has ended, and nobody waits
            return

    def work() -> None:
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            tell(partial(future.set_exception, error))
        else:
            tell(partial(future.set_result, result))

    threading.Thread(target=work, name="atlas-history", daemon=True).start()
    try:
        return await future
    finally:
        if _closed():
            raise asyncio.CancelledError


def run_instead(node: DOMNode, group: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run this in a worker in place of what runs there in this group."""
    begun_later: WorkType[None] = work  # a coroutine that was replaced before it began would never be awaited
    node.run_worker(begun_later, group=group, exclusive=True)


def _closed() -> bool:
    """Whether the worker's screen is being taken apart: Textual cancels workers only after the widgets have gone."""
    try:
        node = get_current_worker().node
    except NoActiveWorker:
        return False
    return node._pruning or not node.is_attached
