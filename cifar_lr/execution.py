"""Tasks on an engine: follow them, try again those whose process died or hangs, let go of all when asked to.

The parent process trains nothing: it follows a run's progress by the rows that the run commits, and knows
that it is alive by the time of its `state` folder.
"""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from cifar_lr import data, history
from cifar_lr.config import Run, to_yaml
from cifar_lr.engines import TOLD_TO_END, Engine, asked_to_stop

POLL_SECONDS: Final = 0.3
ATTEMPTS: Final = 3  # without a newly committed epoch in between
HUNG_AFTER: Final = 600.0  # seconds without a sign of life
SAME_WISH: Final = 2.0  # seconds
NOT_HAD: Final = "its process could not be had"  # one that had no job died, and took the pool with it
ENDED_AS_TOLD: Final = "its process ended, as it was told before"  # when its last run was tried again
NOWHERE: Final = (0, 0)
OUT_OF_MEMORY: Final = ("MemoryError", "ResourceExhaustedError")


@dataclass(frozen=True)
class Task:
    """One run and one seed: what to train, on what, where the history goes, and the record it begins with.

    `every` says how many epochs a commit takes, `inexact` that a state from elsewhere may be gone on with.
    """

    run: Run
    source: data.Source
    folder: Path
    record: history.Record
    every: int = 1
    inexact: bool = False

    @property
    def label(self) -> str:
        """How the task is called in messages."""
        return f"{self.run.name} seed {self.record.seed}"


class Watcher(Protocol):
    """Is told how the tasks fare."""

    def epoch(self, task: Task, row: Mapping[str, float], epochs: int) -> None:
        """A task has committed its newest row; `epochs` are finished now."""

    def finished(self, task: Task, record: history.Record) -> None:
        """A task has ended, one way or another."""

    def taken_over(self, task: Task, origin: Path) -> None:
        """A task's history was copied from another suite's folder."""

    def resumed(self, task: Task, epoch: int, update: int) -> None:
        """A task goes on from an earlier start, which finished so many epochs and updates of the next."""

    def retried(self, task: Task, reason: str) -> None:
        """A task's process is lost, and another one goes on with it."""

    def stopping(self) -> None:
        """The tasks have been asked to save and to stop."""

    def tick(self) -> None:
        """Some time has passed."""


class Execution:
    """Trains tasks on an engine.

    Args:
        engine: where they are executed; it must have been entered.
        watcher: is told how they fare.
        hung_after: how many seconds without a sign of life are too many.
    """

    def __init__(self, engine: Engine, watcher: Watcher, hung_after: float = HUNG_AFTER) -> None:
        self.engine = engine
        self.watcher = watcher
        self.hung_after = hung_after
        self._waiting: dict[Future[history.Record], Task] = {}
        self._heartbeats: dict[str, _Heartbeat] = {}
        self._attempts: Counter[tuple[str, bool, int]] = Counter()
        self._tasks: Sequence[Task] = ()
        self._ended: dict[str, history.Record] = {}
        self._places: dict[Path, tuple[int, int]] = {}

    def train(self, tasks: Sequence[Task]) -> dict[str, history.Record]:
        """Return how each task ended, by its label.

        Raises:
            KeyboardInterrupt: if Ctrl-C or SIGTERM asked to stop. What was being trained has been saved by
                then, unless they asked twice.
        """
        self._tasks = tasks
        with _interruptible() as asked:
            for task in tasks:
                suite = task.folder.parent.parent
                self._places.setdefault(suite, _identity(suite))
                self._submit(task)
            told = False
            while self._waiting:
                finished, _ = wait(self._waiting, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
                if asked.is_set() and not told:
                    told = True
                    self.engine.ask_to_stop()
                    self.watcher.stopping()
                for future in finished:
                    self._take(future, stopping=told)
                self._look()
            if asked.is_set():
                raise KeyboardInterrupt
        return self._ended

    def _submit(self, task: Task) -> None:
        self._heartbeats[task.label] = _Heartbeat(task.folder / "state")
        self._waiting[self.engine.submit(_train, task, self._place(task))] = task

    def _place(self, task: Task) -> tuple[int, int]:
        return self._places[task.folder.parent.parent]

    def _take(self, future: Future[history.Record], *, stopping: bool) -> None:
        """Take the outcome of a task, or try it again."""
        task = self._waiting.pop(future)
        record, lost = self._outcome(task, future)
        if stopping and (lost or record.status == "running"):
            return
        if lost:
            epochs = self._epochs_since(task, lost)
            if lost != ENDED_AS_TOLD:
                self._attempts[task.label, lost == NOT_HAD, epochs] += 1
            if self._attempts[task.label, lost == NOT_HAD, epochs] < ATTEMPTS:
                self.watcher.retried(task, lost)
                self._submit(task)
                return
            record = self._record_failure(task, f"{lost}, {ATTEMPTS} times in the same epoch", anew=True)
        self._ended[task.label] = record
        self.watcher.finished(task, record)

    def _epochs_since(self, task: Task, lost: str) -> int:
        """Return how far the task is; or, where no task is to blame, how far all are together."""
        return sum(map(_epochs, self._tasks)) if lost == NOT_HAD else _epochs(task)

    def _outcome(self, task: Task, future: Future[history.Record]) -> tuple[history.Record, str]:
        """Return how a task ended, and what befell its process if that is worth another attempt."""
        try:
            record = future.result()
        except Exception as error:  # noqa: BLE001  whatever went wrong is this task's outcome, and no other's
            if lost := fate_of_process(error):
                return _last_words(task, lost)
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            return self._record_failure(task, reason, anew=not isinstance(error, history.HistoryError)), ""
        if record.status == "running":
            return record, "its process was told to end"
        reason = record.reason or ""
        return record, reason if record.status == "failed" and reason.startswith(OUT_OF_MEMORY) else ""

    def _record_failure(self, task: Task, reason: str, *, anew: bool) -> history.Record:
        """Record that a task failed which could not say so itself; what it has committed stays.

        Where not even that can be written, or the task had been done, the record is only returned; likewise
        where the results are gone, and the task's own folder unless it may be made `anew`: nothing is to
        appear in their place.
        """
        record = task.record.model_copy(update={"status": "failed", "reason": reason})
        gone = _is_other(task.folder.parent.parent, self._place(task))
        if gone or not (anew or any(_identity(task.folder))):
            return record
        try:
            found = history.read_record(task.folder)
        except history.HistoryError:
            found = None
        try:
            if found is None or found.key != task.record.key:
                history.Writer(task.folder, task.record, to_yaml(task.run.config))
            elif found.status == "done":
                return record
            return history.finish(task.folder, record)
        except history.HistoryError:
            return record

    def _look(self) -> None:
        """Report progress, and end what gives no sign of life."""
        for future, task in self._waiting.items():
            if not future.running():
                continue
            if rows := history.rows_on_disk(task.folder):
                self.watcher.epoch(task, rows[-1], len(rows))
            if self._heartbeats[task.label].silence() > self.hung_after:
                future.cancel()
        self.watcher.tick()


class _Heartbeat:
    """Tells for how long a folder's time has stood still, while this process was awake."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._time = 0
        self._silent = 0.0
        self._looked = time.monotonic()

    def silence(self) -> float:
        """Return the seconds since the folder's time last changed, as far as this has been looked at."""
        now = time.monotonic()
        self._silent += min(now - self._looked, 10 * POLL_SECONDS)  # more: this process was stopped too
        self._looked = now
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError:
            changed = self._time
        if changed != self._time:
            self._time, self._silent = changed, 0.0
        return self._silent


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Take the first Ctrl-C or SIGTERM as a wish, which sets the event; the next one interrupts.

    A SIGTERM soon after the first signal is taken for the same wish: `make` passes on to this process what a
    cluster sends to both.
    """
    asked = threading.Event()
    first = 0.0
    before: dict[int, Any] = {}

    def ask(number: int, frame: object) -> None:
        nonlocal first
        if not asked.is_set():
            first = time.monotonic()
            asked.set()
        elif number != signal.SIGTERM or time.monotonic() - first > SAME_WISH:
            if callable(earlier := before[number]):
                earlier(number, frame)
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield asked  # signals are the main thread's
        return
    for each in (signal.SIGINT, signal.SIGTERM):
        before[each] = signal.signal(each, ask)
    try:
        yield asked
    finally:
        for number, earlier in before.items():
            if signal.getsignal(number) is ask:
                signal.signal(number, earlier)


def fate_of_process(error: Exception) -> str:
    """Return what befell the process of a job whose future has this error; nothing if it was the job's."""
    if isinstance(error, CancelledError):
        return "its process gave no sign of life"
    if isinstance(error, BrokenProcessPool):
        return NOT_HAD
    if getattr(error, "exitcode", None) == TOLD_TO_END:
        return ENDED_AS_TOLD
    return f"its process died (exit code {error.exitcode})" if hasattr(error, "exitcode") else ""


def _identity(folder: Path) -> tuple[int, int]:
    """Return what tells a folder from others of its name, as a lost mount leaves behind; or NOWHERE."""
    try:
        found = folder.stat()
    except OSError:
        return NOWHERE
    return found.st_dev, found.st_ino


def _is_other(folder: Path, place: tuple[int, int]) -> bool:
    return place == NOWHERE or _identity(folder) != place


def _train(task: Task, place: tuple[int, int]) -> history.Record:
    if asked_to_stop():
        return task.record
    import_keras()
    from cifar_lr.train import Saving, train

    suite = task.folder.parent.parent
    if _is_other(suite, place):
        raise history.HistoryError(f"{suite}: is gone, and nothing is made in its place")
    saving = Saving(task.every, task.inexact, asked_to_stop)
    settings, seed = task.run.config, task.record.seed
    return train(
        settings, seed, source=task.source, folder=task.folder, name=task.run.name, saving=saving
    ).record


def import_keras() -> None:
    """Import Keras and set it up, without TensorFlow's lines about processors and GPUs."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  a file descriptor is wanted
        stderr = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            from cifar_lr.train import set_up_tensorflow

            set_up_tensorflow()
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _last_words(task: Task, lost: str) -> tuple[history.Record, str]:
    """Return how a task had ended, if its process was lost after that; else what befell it."""
    try:
        found = history.read_record(task.folder)
    except history.HistoryError:
        return task.record, lost
    if found.key == task.record.key and found.status in {"done", "diverged"}:
        return found, ""
    return task.record, lost


def _epochs(task: Task) -> int:
    return len(history.rows_on_disk(task.folder))
