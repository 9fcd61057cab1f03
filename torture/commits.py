"""Every system call of a commit, failed or stopped in turn: all is as before, or as after, or it is said.

What is saved and how is the run's own code; only the numbers are made up. A case is a state of the folder, a
phase (an epoch's commit, recovery, the run's end), one of the system calls in it that change files, and what
befalls it: an error, or the death of the process, both with nothing, a part or nearly all of what is being
written already in the file. Then the next start looks, and repeats what was interrupted.
"""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from cifar_lr import checkpoint, history
from cifar_lr.checkpoint import CheckpointError, State, Store
from cifar_lr.history import HistoryError
from torture.campaign import Outcome, main
from torture.faults import ERRORS, Fault, injected

CASES = 0  # all there are
ORIGIN = history.Origin(processor="a processor", device="CPU", versions={"keras": "3"})
TORN = (0.0, 0.3, 0.999)
RECORD = history.Record(
    status="running",
    run="run",
    seed=0,
    key="a key",
    epochs=9,
    model="article",
    data=history.DataRecord(
        kind="images",
        label="images",
        fingerprint="sha256:0",
        classes=("cat", "dog"),
        train_images=2,
        validation_images=2,
    ),
    versions={"keras": "3"},
    machine={"processor": "a processor"},
)


def state(epoch: int) -> State:
    """Return the state after some epochs: made up, and of more than one block on the disk."""
    draws = np.random.default_rng(epoch)
    return State(epoch, 0, {"model/0000": draws.random((64, 128)), "history": draws.random((epoch, 7))})


def rows(epochs: int) -> list[dict[str, float]]:
    """Return the history of so many epochs."""
    return [dict.fromkeys(history.COLUMNS, 0.25) | {"epoch": number} for number in range(1, epochs + 1)]


@dataclass(frozen=True)
class Phase:
    """A part of a run's life.

    Attributes:
        name: what it is.
        prepare: brings the folder to where the phase begins, some epochs being committed.
        act: does what the fault interrupts; it is given how many epochs there were.
        after: says how many epochs must be there when it has been done.
        earlier: how many epochs there may be before.
    """

    name: str
    prepare: Callable[[Path, int], None]
    act: Callable[[Path, int], None]
    after: Callable[[int], int]
    earlier: Sequence[int] = (0, 1, 2, 3)


def _commit_epochs(folder: Path, first: int, last: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with Store(folder / "state", "a key", ORIGIN) as store:
        writer = history.Writer(folder, RECORD, "epochs: 9\n", (rows(first - 1), ()))
        for epoch in range(first, last + 1):
            store.commit(state(epoch))
            writer.write_epochs(rows(epoch))


def _begin(folder: Path, epochs: int) -> None:
    _commit_epochs(folder, 1, epochs)


def _commit_one(folder: Path, epochs: int) -> None:
    _commit_epochs(folder, epochs + 1, epochs + 1)


def _damage(folder: Path, epochs: int) -> None:
    """Leave a commit that was killed, and a newest generation that is damaged before its history was seen."""
    _begin(folder, epochs + 1)
    history.Writer(folder, RECORD, "epochs: 9\n").write_epochs(rows(epochs))
    leftover = folder / "state" / f".epoch-{epochs + 2:06}.tmp"
    leftover.mkdir()
    (leftover / checkpoint.ARRAYS).write_bytes(b"torn")
    newest = checkpoint.generations(folder / "state")[-1] / checkpoint.ARRAYS
    newest.write_bytes(newest.read_bytes()[:-1])


def _recover(folder: Path, epochs: int) -> None:
    with Store(folder / "state", "a key", ORIGIN) as store:
        found, _ = store.latest()
        if (found.state.epoch if found else 0) != epochs:
            raise AssertionError(f"recovered {found and found.state.epoch}, not {epochs}")


def _end(folder: Path, epochs: int) -> None:
    """Finish the run: what was right, the record, and then the state goes."""
    with Store(folder / "state", "a key", ORIGIN) as store:
        writer = history.Writer(folder, RECORD.model_copy(update={"epochs": epochs}), "epochs: 9\n")
        writer.write_epochs(rows(epochs))
        writer.write_correct(np.ones(2, dtype=bool))
        writer.finish("done")
        checkpoint.remove(store.folder)


PHASES = (
    Phase("an epoch's commit", _begin, _commit_one, lambda epochs: epochs + 1),
    Phase("recovery", _damage, _recover, lambda epochs: epochs),
    Phase("the end", _begin, _end, lambda epochs: epochs, (1, 2, 3)),
)


def campaign(cases: int, seed: int) -> Outcome:
    """Try all cases, or so many of them, drawn at random."""
    every = [
        (phase, epochs, fault)
        for phase in PHASES
        for epochs in phase.earlier
        for fault in _faults(phase, epochs)
    ]
    if 0 < cases < len(every):
        draws = np.random.default_rng(seed)
        every = [every[number] for number in draws.choice(len(every), cases, replace=False)]
    outcome = Outcome()
    for phase, epochs, fault in every:
        with tempfile.TemporaryDirectory() as folder:
            _case(phase, epochs, fault, Path(folder) / "run" / "seed-0", outcome)
    return outcome


def _faults(phase: Phase, epochs: int) -> Iterator[Fault]:
    """Return every fault of every call that a phase makes."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "run" / "seed-0"
        phase.prepare(target, epochs)
        with injected(Fault(0)) as calls:
            phase.act(target, epochs)
    for number, name in enumerate(calls.names, start=1):
        for error, torn in product((None, *ERRORS), TORN if name == "write" else (0.0,)):
            yield Fault(number, error, torn)


def _case(phase: Phase, epochs: int, fault: Fault, folder: Path, outcome: Outcome) -> None:
    outcome.cases += 1
    what = "killed" if fault.error is None else os.strerror(fault.error)
    outcome.counts[f"{phase.name}: {'killed' if fault.error is None else 'failed'}"] += 1
    try:
        phase.prepare(folder, epochs)
        said = (
            _killed(phase, folder, epochs, fault)
            if fault.error is None
            else _failed(phase, folder, epochs, fault)
        )
        _look(phase, folder, epochs, said=said)
    except Exception as error:
        where = f"{phase.name} after {epochs} epochs, call {fault.number}, torn {fault.torn}"
        outcome.failures.append(f"{where}, {what}: {type(error).__name__}: {error}")


def _failed(phase: Phase, folder: Path, epochs: int, fault: Fault) -> bool:
    """Let a call fail; return whether that was said."""
    with injected(fault):
        try:
            phase.act(folder, epochs)
        except (CheckpointError, HistoryError):
            return True
    return False


def _killed(phase: Phase, folder: Path, epochs: int, fault: Fault) -> bool:
    """Let the process die at a call; that needs no saying."""
    child = os.fork()
    if not child:
        with injected(fault):
            phase.act(folder, epochs)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        raise AssertionError("the process was not killed")
    return True


def _look(phase: Phase, folder: Path, epochs: int, *, said: bool) -> None:
    """All must be as before or as after, and as after if nothing was said; then what was cut short works."""
    before, after = epochs, phase.after(epochs)
    found = _committed(folder)
    if found not in ({before, after} if said else {after}):
        raise AssertionError(f"{found} epochs are committed, and before it were {before}; said: {said}")
    _require_readable(folder, found)
    if phase.name == "the end":
        _end(folder, epochs)
        if not history.read(folder).done or (folder / "state").exists():
            raise AssertionError("the run can not be ended after that")
        return
    _commit_one(folder, found)
    if _committed(folder) != found + 1:
        raise AssertionError("another commit does not take")
    _require_readable(folder, found + 1)


def _committed(folder: Path) -> int:
    """Return how many epochs the next start finds, in the newest whole generation or at the run's end."""
    if (folder / "run.json").exists() and history.read_record(folder).status == "done":
        return history.read(folder).epochs
    with Store(folder / "state", "a key", ORIGIN) as store:
        found, _ = store.latest()
    return found.state.epoch if found else 0


def _require_readable(folder: Path, committed: int) -> None:
    """The history must be readable, and hold nothing that is not committed."""
    if (folder / "history.csv").exists() and (epochs := history.read(folder).epochs) > committed:
        raise AssertionError(f"the history has {epochs} epochs, {committed} of them committed")


if __name__ == "__main__":
    raise SystemExit(main("commits", campaign, CASES))
