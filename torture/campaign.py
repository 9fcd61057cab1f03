"""What all campaigns share: an outcome, the command, and the file that is left."""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cifar_lr import durable, history

RESULTS = Path(__file__).parent / "results"
FAILURES_KEPT = 20


@dataclass
class Outcome:
    """What came of a campaign.

    Attributes:
        cases: how many were tried.
        counts: what they were, and what happened in them.
        failures: one line for each case in which what must not happen did.
    """

    cases: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.cases + other.cases, self.counts + other.counts, [*self.failures, *other.failures]
        )


def main(name: str, campaign: Callable[[int, int], Outcome], cases: int, *, parts: int = 1) -> int:
    """Run a campaign as the command line asks, write down what came of it, and return the exit status.

    What is done is kept from part to part: the same command, after an interruption, goes on.

    Args:
        name: the campaign's.
        campaign: is given how many cases to try, and the seed that decides which.
        cases: how many make the long form.
        parts: in how many it is done, each with the next seed.
    """
    parser = argparse.ArgumentParser(prog=f"python -m torture.{name}")
    parser.add_argument("--cases", type=int, default=cases, help=f"default {cases}")
    parser.add_argument("--seed", type=int, default=0, help="decides which cases are drawn (default 0)")
    options = parser.parse_args()
    begun = _Begun(name, f"python -m torture.{name} --cases {options.cases} --seed {options.seed}")
    for part in range(begun.parts, parts):
        started = time.monotonic()
        share = options.cases // parts + (part < options.cases % parts)
        outcome = campaign(share, options.seed + part)
        begun.add(outcome, time.monotonic() - started)
    record = begun.finish()
    print(json.dumps(record, indent=2))
    return int(record["failures"] > 0)


class _Begun:
    """What there is of a campaign so far, in a file that the last part replaces by the record."""

    def __init__(self, name: str, command: str) -> None:
        self.name = name
        self.command = command
        self.parts, self.seconds, self.outcome = 0, 0.0, Outcome()
        self._file = RESULTS / f"{name}.partial.json"
        if self._file.exists():
            saved = json.loads(self._file.read_text(encoding="utf-8"))
            if (saved["command"], saved["versions"]) == (command, history.decisive_versions()):
                self.parts, self.seconds = saved["parts"], saved["seconds"]
                self.outcome = Outcome(saved["cases"], Counter(saved["counts"]), saved["failures"])
                say(f"goes on after {self.outcome.cases} cases")

    def add(self, outcome: Outcome, seconds: float) -> None:
        """Take a part, and keep it."""
        self.parts += 1
        self.seconds += seconds
        self.outcome = self.outcome + outcome
        say(f"{self.name}: {self.outcome.cases} cases, {len(self.outcome.failures)} failures")
        saved = {"parts": self.parts, "seconds": self.seconds, "failures": self.outcome.failures}
        _write(self._file, {**self._described(), **saved})

    def finish(self) -> dict[str, Any]:
        """Write the record."""
        record = self._described() | {
            "failures": len(self.outcome.failures),
            "first_failures": self.outcome.failures[:FAILURES_KEPT],
            "minutes": round(self.seconds / 60, 1),
            "processor": history.processor(),
            "cores": os.cpu_count(),
        }
        _write(RESULTS / f"{self.name}.json", record)
        self._file.unlink(missing_ok=True)
        return record

    def _described(self) -> dict[str, Any]:
        return {
            "campaign": self.name,
            "command": self.command,
            "versions": history.decisive_versions(),
            "cases": self.outcome.cases,
            "counts": dict(sorted(self.outcome.counts.items())),
        }


def _write(path: Path, tree: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    durable.write_whole(path, f"{json.dumps(tree, indent=2)}\n".encode())


def say(line: str) -> None:
    """Report progress."""
    print(line, file=sys.stderr, flush=True)


def total(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the sum of outcomes."""
    return sum(outcomes, Outcome())
