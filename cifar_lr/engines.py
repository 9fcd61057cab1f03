"""Where independent jobs are executed.

An engine is a context that takes jobs and gives futures. Leaving it waits for nothing: jobs that were not
waited for are ended, and no process outlives it.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, Protocol, Self

from pebble import ProcessPool


class Engine(Protocol):
    """Executes jobs that know nothing of each other, in any order."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Execute `function(*arguments)`, both picklable; the future is `running` from when it begins."""


class LocalProcesses:
    """A pool of processes on this machine, started afresh (not forked) and kept from job to job.

    A process that dies fails the job that it had, as `pebble.ProcessExpired`; another takes its place.

    Args:
        workers: how many processes, at least 1.
    """

    def __init__(self, workers: int) -> None:
        context = get_context("spawn")
        self._pool = ProcessPool(max_workers=workers, context=context, initializer=_end_with_parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.stop()
        self._pool.join()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Execute `function(*arguments)` in one of the processes."""
        future: Future[Any] = self._pool.schedule(function, args=arguments)
        return future


def _end_with_parent() -> None:
    """End this process as soon as its parent is gone, however that ended."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
