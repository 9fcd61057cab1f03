"""Workers that are killed while a suite runs: every healthy run finishes, to the same bytes as ever.

`cifar-lr reproduce` runs a suite, as a person would start it, and one of its workers is killed again and
again, each time after the runs that both are at have committed an epoch: a run that loses its process three
times in one epoch is given up, by design. One of the runs diverges, by design, too. In the end every run must
have ended as it does when nothing is killed, and no process may be left. A suite that has come to its end is
run once more, until there were deaths enough.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cifar_lr import history
from torture.campaign import Outcome, main, say
from torture.trainings import differences, traces

CASES = 100
PATIENCE = 300.0  # seconds without any progress
BASE = """data: {classes: [cat, dog], train_per_class: 400, validation_per_class: 50}
batch_size: 16
"""
WILD = "{class_name: PiecewiseConstantDecay, config: {boundaries: [60], values: [0.01, 1.0e+12]}}"
RUNS = {
    "adam": "optimizer: {class_name: Adam}",
    "constant": "optimizer: {class_name: SGD, config: {learning_rate: 0.05}}",
    "momentum": "optimizer: {class_name: SGD, config: {learning_rate: 0.02, momentum: 0.9}}",
    "rmsprop": "optimizer: {class_name: RMSprop}",
    "wild": f"optimizer: {{class_name: SGD, config: {{learning_rate: {WILD}}}}}",
}
WORKERS = 2
EPOCHS_A_DEATH = 20  # of all runs together: one goes on while the other's process starts again
MOST_EPOCHS = 160


def campaign(cases: int, seed: int) -> Outcome:
    """Kill so many workers."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as name:
        suite = _write_suite(Path(name) / "suite", cases)
        expected = _undisturbed(suite, Path(name) / "undisturbed", outcome)
        draws = random.Random(f"deaths {seed}")
        while outcome.cases < cases and not outcome.failures:
            outcome.counts["suites"] += 1
            out = Path(name) / f"disturbed-{outcome.counts['suites']}"
            before = outcome.cases
            _disturb(suite, out, cases, draws, outcome)
            _compare(out, expected, outcome)
            if outcome.cases == before:
                outcome.failures.append("a suite ended without a death")
    return outcome


def _compare(out: Path, expected: dict[str, dict[str, bytes]], outcome: Outcome) -> None:
    for run, files in expected.items():
        found = traces(out / run / "seed-0") if (out / run / "seed-0" / "run.json").exists() else {}
        if differing := differences(found, files):
            outcome.failures.append(f"{run} differs in {', '.join(differing)}")


def _write_suite(folder: Path, deaths: int) -> Path:
    folder.mkdir()
    epochs = min(MOST_EPOCHS, max(8, deaths * EPOCHS_A_DEATH // len(RUNS)))
    (folder / "base.yaml").write_text(f"{BASE}epochs: {epochs}\n")
    for name, optimizer in RUNS.items():
        (folder / f"{name}.yaml").write_text(f"extends: base.yaml\n{optimizer}\n")
    return folder


def _start(suite: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cifar_lr", "reproduce", suite, "--data", "stand-in", "--out", out]
    return subprocess.Popen([*map(str, command), "--workers", str(WORKERS)], stdout=subprocess.DEVNULL)  # noqa: S603


def _undisturbed(suite: Path, out: Path, outcome: Outcome) -> dict[str, dict[str, bytes]]:
    status = _start(suite, out).wait()
    if status != 1:
        outcome.failures.append(f"undisturbed, the command ended with status {status}")
    return {run: traces(out / run / "seed-0") for run in RUNS}


def _disturb(suite: Path, out: Path, deaths: int, draws: random.Random, outcome: Outcome) -> None:
    """Kill workers while the suite runs."""
    command = _start(suite, out)
    seen: set[int] = set()
    before: dict[Path, int] = {}
    last_death = time.monotonic()
    while command.poll() is None:
        time.sleep(draws.uniform(0.05, 0.5))
        seen |= set(_workers(command.pid))
        begun = _begun(out)
        got_on = [run for run, epochs in begun.items() if epochs > before.get(run, 0)]
        if got_on and len(got_on) >= min(WORKERS, len(begun)):
            before, last_death = begun, time.monotonic()
            if outcome.cases < deaths:
                _kill(draws.choice(list(_workers(command.pid)) or [0]), outcome)
        if time.monotonic() - last_death > PATIENCE:
            outcome.failures.append(f"no progress in {PATIENCE:.0f} seconds after {outcome.cases} deaths")
            command.kill()
            command.wait()
            return
    time.sleep(1)
    if left := [process for process in seen if Path(f"/proc/{process}").exists()]:
        outcome.failures.append(f"{len(left)} processes are left")
    if command.returncode != 1:
        outcome.failures.append(
            f"the command ended with status {command.returncode}, not 1 for the run that diverges"
        )


def _kill(worker: int, outcome: Outcome) -> None:
    if worker:
        os.kill(worker, signal.SIGKILL)
        outcome.cases += 1
        outcome.counts["workers killed"] += 1
        if outcome.cases % 10 == 0:
            say(f"{outcome.cases} deaths")


def _workers(parent: int) -> Iterator[int]:
    """Return the command's workers: its children that are no resource tracker."""
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for thread in Path(f"/proc/{parent}/task").iterdir():
            children += (thread / "children").read_text().split()
    except OSError:
        return
    for child in sorted(set(children)):
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:
            continue
        if b"spawn_main" in command:
            yield int(child)


def _begun(out: Path) -> dict[Path, int]:
    """Return how many epochs each run has committed that has begun and not ended."""
    found = {}
    for path in out.glob("*/seed-0/run.json"):
        with suppress(history.HistoryError):  # it is being replaced
            if history.read_record(path.parent).status == "running":
                found[path.parent] = len(history.rows_on_disk(path.parent))
    return found


if __name__ == "__main__":
    raise SystemExit(main("deaths", campaign, CASES))
