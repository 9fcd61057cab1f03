"""What a person sees while a suite runs: bars on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from cifar_lr.execution import Task
from cifar_lr.history import Record

SECONDS_BETWEEN_LINES = 60
STOPPING = "stopping: the updates under way are finished and saved. Once more stops at once"


def say(line: str) -> None:
    """Write a message for the person who runs the program, if there still is one."""
    with suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201  this is where messages are printed


def watch(tasks: Sequence[Task], workers: int, *, quiet: bool) -> "Silence":
    """Return what follows the tasks: a context, and a `execution.Watcher`."""
    if quiet:
        return Silence()
    return Bars(tasks, workers) if sys.stderr.isatty() else Lines(tasks)


class Silence:
    """Follows tasks and says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was opened."""

    def epoch(self, task: Task, row: Mapping[str, float], epochs: int) -> None:
        """Hear that a task has finished an epoch."""

    def finished(self, task: Task, record: Record) -> None:
        """Hear that a task has ended."""

    def taken_over(self, task: Task, origin: Path) -> None:
        """Hear that a task needed no training."""

    def resumed(self, task: Task, epoch: int, update: int) -> None:
        """Hear that a task goes on from an earlier start."""

    def retried(self, task: Task, reason: str) -> None:
        """Say so: it is too strange to be kept quiet."""
        say(_again(task, reason))

    def stopping(self) -> None:
        """Say what is being waited for."""
        say(STOPPING)

    def tick(self) -> None:
        """Hear that time has passed."""


class Lines(Silence):
    """Writes a line for each task that ends, and one a minute in between."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._epochs = {task.label: 0 for task in tasks}
        self._total = sum(task.record.epochs for task in tasks)
        self._started = self._last_line = time.monotonic()
        self._ended = 0
        self._before = 0  # epochs of earlier starts

    def epoch(self, task: Task, row: Mapping[str, float], epochs: int) -> None:
        """Count the task's epochs."""
        self._epochs[task.label] = epochs

    def resumed(self, task: Task, epoch: int, update: int) -> None:
        """Say where the task goes on, and count what was done before."""
        self._before += epoch
        self._epochs[task.label] = epoch
        say(_place(task, epoch, update))

    def finished(self, task: Task, record: Record) -> None:
        """Say how the task ended."""
        self._epochs[task.label] = record.epochs
        self._end(_ending(task, record))

    def taken_over(self, task: Task, origin: Path) -> None:
        """Say where the task's history was, and count its epochs no more."""
        self._total -= task.record.epochs
        self._end(_origin(task, origin))

    def tick(self) -> None:
        """Say how far all is, if nothing was said for a minute."""
        now = time.monotonic()
        finished = sum(self._epochs.values())
        new = finished - self._before
        if new > 0 and now - self._last_line >= SECONDS_BETWEEN_LINES:
            left = (now - self._started) / new * (self._total - finished)
            say(f"{finished} of {self._total} epochs, about {timedelta(seconds=round(left))} left")
            self._last_line = now

    def _end(self, line: str) -> None:
        self._ended += 1
        say(f"[{self._ended}/{len(self._epochs)}] {line}")
        self._last_line = time.monotonic()


class Bars(Silence):
    """Shows a bar for all epochs and one for each run in progress."""

    def __init__(self, tasks: Sequence[Task], workers: int) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("epochs"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._bars: dict[str, TaskID] = {}
        self._total = sum(task.record.epochs for task in tasks)
        self._all = self._progress.add_task("all runs", total=self._total, note=f"{workers} at a time")
        self._epochs: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def epoch(self, task: Task, row: Mapping[str, float], epochs: int) -> None:
        """Move the task's bar."""
        if task.label not in self._bars:
            self._bars[task.label] = self._progress.add_task(task.label, total=task.record.epochs, note="")
        note = f"validation accuracy {row['val_accuracy']:.4f}"
        self._progress.update(self._bars[task.label], completed=epochs, note=note)
        self._count(task, epochs)

    def finished(self, task: Task, record: Record) -> None:
        """Replace the task's bar by a line that stays."""
        if task.label in self._bars:
            self._progress.remove_task(self._bars.pop(task.label))
        self._write(_ending(task, record))
        self._count(task, task.record.epochs)

    def taken_over(self, task: Task, origin: Path) -> None:
        """Write where the task's history was, and count its epochs no more."""
        self._write(_origin(task, origin))
        self._total -= task.record.epochs
        self._progress.update(self._all, total=self._total)

    def resumed(self, task: Task, epoch: int, update: int) -> None:
        """Write where the task goes on, and count what was done before."""
        self._write(_place(task, epoch, update))
        self._count(task, epoch)

    def retried(self, task: Task, reason: str) -> None:
        """Write why."""
        self._write(_again(task, reason))

    def stopping(self) -> None:
        """Write what is being waited for."""
        self._write(STOPPING)

    def _write(self, line: str) -> None:
        self._progress.console.print(line, highlight=False, markup=False)

    def _count(self, task: Task, epochs: int) -> None:
        self._epochs[task.label] = epochs
        self._progress.update(self._all, completed=sum(self._epochs.values()))


def _origin(task: Task, origin: Path) -> str:
    return f"{task.label}: taken over from {origin}, the same configuration and images"


def _place(task: Task, epoch: int, update: int) -> str:
    within = f" and {update} updates of the next" if update else ""
    return f"{task.label}: goes on after epoch {epoch}{within}"


def _again(task: Task, reason: str) -> str:
    return f"{task.label}: {reason}; it is tried again"


def _ending(task: Task, record: Record) -> str:
    return f"{task.label}: {record.status}" + (f" ({record.reason})" if record.reason else "")
