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

from cifar_lr import durable, history

RESULTS = Path(__file__).parent / "results"
FAILURES_KEPT = 50


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


def main(name: str, campaign: Callable[[int, int], Outcome], cases: int) -> int:
    """Run a campaign as the command line asks, write down what came of it, and return the exit status.

    Args:
        name: the campaign's.
        campaign: is given how many cases to try, and the seed that decides which.
        cases: how many make the long form.
    """
    parser = argparse.ArgumentParser(prog=f"python -m torture.{name}")
    parser.add_argument("--cases", type=int, default=cases, help=f"default {cases}")
    parser.add_argument("--seed", type=int, default=0, help="decides which cases are drawn (default 0)")
    options = parser.parse_args()
    started = time.monotonic()
    outcome = campaign(options.cases, options.seed)
    record = {
        "campaign": name,
        "command": f"python -m torture.{name} --cases {options.cases} --seed {options.seed}",
        "cases": outcome.cases,
        "counts": dict(sorted(outcome.counts.items())),
        "failures": len(outcome.failures),
        "first_failures": outcome.failures[:FAILURES_KEPT],
        "minutes": round((time.monotonic() - started) / 60, 1),
        "processor": history.processor(),
        "cores": os.cpu_count(),
        "versions": history.decisive_versions(),
    }
    RESULTS.mkdir(exist_ok=True)
    durable.write_whole(RESULTS / f"{name}.json", f"{json.dumps(record, indent=2)}\n".encode())
    print(json.dumps(record, indent=2))
    return int(bool(outcome.failures))


def say(line: str) -> None:
    """Report progress."""
    print(line, file=sys.stderr, flush=True)


def total(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the sum of outcomes."""
    return sum(outcomes, Outcome())
