"""`kill -9` at random moments: nothing unreadable, no committed epoch lost, at most one epoch done again.

One run after another is killed at a random moment and started again, until it is done; then the next. A part
of the kills is aimed at the moments in which a generation is being written: the process is killed after a
random number of the system calls of one commit. After each kill the folder is looked at as the next start
will find it.
"""

import json
import os
import random
import shutil
import signal
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from cifar_lr import checkpoint, data, durable, history
from cifar_lr.config import RunConfig
from torture.campaign import Outcome, main, say, total
from torture.faults import Fault, injected
from torture.trainings import BASE, Stop, differences, in_process, leg, traces

CASES = 1000
EPOCHS = 150  # of a run; the last ones are reached after many kills
CALLS = 18  # of those that change files, in one commit that removes an older one
AIMED = 0.4  # the part of the kills that is aimed at a commit
PATIENCE = 300.0


def campaign(cases: int, seed: int) -> Outcome:
    """Kill so many times, in as many runs as that takes, two at a time."""
    source = data.locate("stand-in", say=say)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        undisturbed = Path(folder) / "undisturbed"
        config = RunConfig.model_validate_json(
            json.dumps({**BASE, "epochs": EPOCHS, "optimizer": {"class_name": "Adam"}})
        )
        in_process(leg, config, source, undisturbed, Stop(None)).join(PATIENCE)
        expected = traces(undisturbed)
        lanes = os.cpu_count() or 1
        shares = [cases // lanes + (lane < cases % lanes) for lane in range(lanes)]
        targets = [Path(folder) / f"lane-{lane}" for lane in range(lanes)]

        def kill_so_often(lane: int) -> Outcome:
            lane_ = _Lane(config, source, targets[lane], expected, random.Random(f"kills {seed} {lane}"))
            while lane_.outcome.cases < shares[lane]:
                lane_.step()
            lane_.finish()
            return lane_.outcome

        return total(list(pool.map(kill_so_often, range(lanes))))


@dataclass(frozen=True)
class _Seen:
    """What a look at a folder shows: rows of the history, and epochs of the newest whole generation."""

    rows: int
    committed: int


class _Lane:
    """One run after another, each killed again and again."""

    def __init__(
        self,
        config: RunConfig,
        source: data.Source,
        target: Path,
        expected: dict[str, bytes],
        draws: random.Random,
    ) -> None:
        self.config = config
        self.source = source
        self.target = target
        self.expected = expected
        self.draws = draws
        self.outcome = Outcome()
        self.before = _Seen(0, 0)

    def step(self) -> None:
        """Start the run, kill it at some moment, and look."""
        call = self.draws.randint(1, CALLS) if self.draws.random() < AIMED else 0
        epochs = self.draws.randint(1, 4)
        process = in_process(_leg_that_dies, self.config, self.source, self.target, call, epochs)
        if not call:
            self._kill_soon(process)
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            self.outcome.failures.append(f"{self.target.name}: hangs")
        if process.exitcode == -signal.SIGKILL:
            self.outcome.cases += 1
            self.outcome.counts["kills within a commit" if self._within() else "kills at other moments"] += 1
            if self.outcome.cases % 50 == 0:
                say(f"{self.target.name}: {self.outcome.cases} kills")
            self._look()
        elif process.exitcode:
            self.outcome.failures.append(f"{self.target.name}: ends with status {process.exitcode}")
        if self._status() == "done":
            self._compare()

    def _kill_soon(self, process: BaseProcess) -> None:
        """Kill at a random moment, most of which are after the first commit of this process."""
        started = self.before.committed
        deadline = time.monotonic() + PATIENCE
        while process.is_alive() and time.monotonic() < deadline and self.draws.random() < 0.99:
            if _committed(self.target) > started:
                break
            time.sleep(0.01)
        time.sleep(self.draws.uniform(0, 0.3))
        process.kill()

    def _within(self) -> bool:
        """Tell whether the kill left a generation half written."""
        return any((self.target / "state").glob(".epoch-*.tmp")) or any(self.target.glob(".*.tmp"))

    def _look(self) -> None:
        """What the kill left must be readable, and nothing that had been committed may be gone."""
        if not (self.target / "run.json").exists():
            if self.before.committed:
                self.outcome.failures.append(f"{self.target.name}: its run.json is gone")
            return
        try:
            record = history.read_record(self.target)
            rows = history.read(self.target).epochs
            found = checkpoint.generations(self.target / "state")
            whole = [checkpoint.read(generation).state.epoch for generation in found]
        except Exception as error:
            self.outcome.failures.append(f"{self.target.name}: {type(error).__name__}: {error}")
            return
        if record.status == "done":
            return
        now = _Seen(rows, max(whole, default=0))
        if now.committed < self.before.committed:
            self.outcome.failures.append(f"{self.target.name}: lost epochs: {self.before}, then {now}")
        if (begun := _begun(self.target)) > now.committed + 1:
            self.outcome.failures.append(f"{self.target.name}: {begun} epochs were begun: {now}")
        if now.rows > now.committed:
            self.outcome.failures.append(f"{self.target.name}: has rows that are not committed: {now}")
        self.before = now

    def _status(self) -> str:
        path = self.target / "run.json"
        return history.read_record(self.target).status if path.exists() else "not begun"

    def finish(self) -> None:
        """Let the last run end."""
        if not self.target.exists():
            return
        process = in_process(leg, self.config, self.source, self.target, Stop(None))
        process.join(PATIENCE)
        self._compare()

    def _compare(self) -> None:
        self.outcome.counts["runs that were killed until they were done"] += 1
        if differing := differences(traces(self.target), self.expected):
            self.outcome.failures.append(f"{self.target.name}: differs in {', '.join(differing[:5])}")
        shutil.rmtree(self.target)
        self.target.with_suffix(".begun").unlink(missing_ok=True)
        self.before = _Seen(0, 0)


def _begun(target: Path) -> int:
    """Return how many epochs the run has begun."""
    path = target.with_suffix(".begun")
    return int(path.read_text()) if path.exists() else 0


def _committed(target: Path) -> int:
    names = [generation.name for generation in checkpoint.generations(target / "state")]
    return int(names[-1].split("-")[1]) if names else 0


def _leg_that_dies(config: RunConfig, source: data.Source, target: Path, call: int, epochs: int) -> None:
    """Train until killed; with `call`, by itself at that system call of the commit after so many epochs."""
    from cifar_lr.callbacks import Commit

    commit, begin, left = checkpoint.Store.commit, Commit.on_epoch_begin, epochs

    def note(callback: Commit, epoch: int, logs: object = None) -> None:
        durable.write_whole(target.with_suffix(".begun"), str(epoch + 1).encode(), durable=False)
        begin(callback, epoch, logs)

    def commit_and_die(store: checkpoint.Store, state: checkpoint.State) -> None:
        nonlocal left
        left -= 1
        with injected(Fault(call if left == 0 else 0, torn=0.5)):
            commit(store, state)

    Commit.on_epoch_begin = note
    if call:
        checkpoint.Store.commit = commit_and_die  # type: ignore[method-assign]
    leg(config, source, target, Stop(None))


if __name__ == "__main__":
    raise SystemExit(main("kills", campaign, CASES, parts=10))
