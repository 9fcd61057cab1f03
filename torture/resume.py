"""Interrupted runs end in the same bits: every optimizer and schedule, at epochs' ends and within.

A case is one configuration, interrupted once, twice or five times, each time in a new process, and then left
to end. An interruption is asked for, as by Ctrl-C, or is a `kill -9` at that point; points are drawn at
random, but each configuration's first cases are at the ends of its first and second epoch. What is compared
with a run that was never interrupted: every file but the column `seconds`, and the last state: weights,
optimizer variables, seeds of dropout, what callbacks remember.
"""

import os
import random
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cifar_lr import checkpoint, data, history
from torture.campaign import Outcome, main, say, total
from torture.trainings import EPOCHS, UPDATES, Family, Stop, differences, families, in_process, leg, traces

CASES = 1000
INTERRUPTIONS = (1, 1, 1, 1, 1, 1, 2, 2, 2, 5)
QUESTIONS = EPOCHS * (UPDATES + 1)  # how often a run of ours asks whether to stop
PATIENCE = 300.0
Traces = Mapping[str, bytes]
UNDISTURBED: dict[str, Traces] = {}  # by family; of this process and its later parts


def campaign(cases: int, seed: int, chosen: Sequence[Family] | None = None) -> Outcome:
    """Try so many cases, the families in turn; the next seed goes on with the next families."""
    every = families() if chosen is None else chosen
    turn = [every[number % len(every)] for number in range(seed * cases, (seed + 1) * cases)]
    source = data.locate("stand-in", say=say)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        new = {family.name: family for family in turn if family.name not in UNDISTURBED}
        traced = pool.map(lambda family: _undisturbed(family, source, Path(folder)), new.values())
        UNDISTURBED.update(zip(new, traced, strict=True))

        def try_one(number: int) -> Outcome:
            turn_of_family = (seed * cases + number) // len(every)
            boundary = (turn_of_family + 1) * (UPDATES + 1) if turn_of_family < EPOCHS - 1 else None
            return _case(turn[number], source, Path(folder), f"{seed}-{number}", boundary)

        return total(list(pool.map(try_one, range(cases))))


def _undisturbed(family: Family, source: data.Source, folder: Path) -> Traces:
    target = folder / "undisturbed" / family.name.replace(" ", "-")
    process = in_process(leg, family.config, source, target, Stop(None))
    process.join(PATIENCE)
    return traces(target)


def _case(family: Family, source: data.Source, folder: Path, name: str, first: int | None = None) -> Outcome:
    draws = random.Random(f"resume {name}")
    interruptions = draws.choice(INTERRUPTIONS)
    outcome = Outcome(cases=1)
    outcome.counts[f"cases of {interruptions} interruption{'s' * (interruptions > 1)}"] += 1
    target = folder / name
    points: list[str] = []
    for _ in range(interruptions):
        point = draws.randint(1, QUESTIONS - 1) if first is None or points else first
        stop = Stop(point, kill=draws.random() < 1 / 3)
        points.append(f"{stop.left}{' killed' if stop.kill else ''}")
        if not _go(family, source, target, stop, outcome):
            outcome.failures.append(f"{family.name}: hangs when interrupted at {', '.join(points)}")
            return outcome
    if not _go(family, source, target, Stop(None), outcome):
        outcome.failures.append(f"{family.name}: hangs after interruptions at {', '.join(points)}")
    elif differing := differences(traces(target), UNDISTURBED[family.name]):
        outcome.failures.append(
            f"{family.name}: interrupted at {', '.join(points)}, it differs in {', '.join(differing[:5])}"
        )
    return outcome


def _go(family: Family, source: data.Source, target: Path, stop: Stop, outcome: Outcome) -> bool:
    """Go on with a run in a new process, unless it has ended; return whether the process ended, too."""
    if _ended(target):
        return True
    process = in_process(leg, family.config, source, target, stop)
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        return False
    if stop.left is not None and not _ended(target):
        last = [found.name for found in checkpoint.generations(target / "state")][-1:]
        within = "within an epoch" if "-update-" in "".join(last) else "at an epoch's end"
        outcome.counts["interruptions by kill -9" if stop.kill else f"interruptions saved {within}"] += 1
    return True


def _ended(target: Path) -> bool:
    return (target / "run.json").exists() and history.read_record(target).status in {"done", "diverged"}


if __name__ == "__main__":
    raise SystemExit(main("resume", campaign, CASES, parts=20))
