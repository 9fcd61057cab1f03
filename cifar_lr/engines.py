"""Where independent jobs are executed.

An engine is a context that takes jobs and gives futures. Leaving it waits for nothing: jobs that were not
waited for are ended, and no process outlives it. A job may ask `asked_to_stop`, and end early if so.
"""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, Final, Protocol, Self

from pebble import ProcessPool

TOLD_TO_END: Final = 143  # the exit code of a process that was told to end, and was given another job

_asked: list[Any] = []  # in a worker: what its parent sets, and what a signal sets
_signalled = threading.Event()
_busy = threading.Event()


class Engine(Protocol):
    """Executes jobs that know nothing of each other, in any order."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Execute `function(*arguments)`, both picklable; the future is `running` from when it begins.

        If the process dies that executes it, the future has that as its exception; cancelling the future of a
        job that is being executed ends its process.
        """

    def ask_to_stop(self) -> None:
        """Let the jobs that are being executed know that they should come to an end."""


def asked_to_stop() -> bool:
    """Return whether the job that calls this should come to an end."""
    return any(event.is_set() for event in _asked)


class LocalProcesses:
    """A pool of processes on this machine, started afresh (not forked) and kept from job to job.

    A process that dies fails the job that it had, as `pebble.ProcessExpired`; another takes its place.

    Args:
        workers: how many processes, at least 1.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._context = get_context("spawn")
        self._others = active_children()
        self._stop = self._context.Event()
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        initargs = (self._stop,)
        return ProcessPool(self._workers, context=self._context, initializer=_begin_worker, initargs=initargs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.stop()
        for process in active_children():
            if process not in self._others:
                process.kill()
        self._pool.join()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Execute `function(*arguments)` in one of the processes."""
        if not self._pool.active:  # a process that dies while it has no job takes pebble's pool with it
            self._pool = self._new_pool()
        future: Future[Any] = self._pool.schedule(_execute, args=(function, *arguments))
        return future

    def ask_to_stop(self) -> None:
        """Let the jobs that are being executed know that they should come to an end."""
        self._stop.set()


def _execute(function: Callable[..., Any], *arguments: Any) -> Any:
    _busy.set()
    if _signalled.is_set():
        os._exit(TOLD_TO_END)  # the job fails with this process, and is another's when it is tried again
    try:
        return function(*arguments)
    finally:
        _busy.clear()


def _begin_worker(stop: Any) -> None:
    """Let this process stop when it is asked to, by its parent or a signal, and end with its parent."""
    _asked[:] = [stop, _signalled]

    def terminate(*_: Any) -> None:
        """Take a polite kill: stop a job with all saved, but do not stay when there is none."""
        if not _busy.is_set() or _signalled.is_set():
            os._exit(1)  # not 0, with which pebble would wait for a job that this process may have
        _signalled.set()

    signal.signal(signal.SIGTERM, terminate)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process as soon as its parent is gone, however that ended."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
