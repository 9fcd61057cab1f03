"""Time `cifar-lr reproduce configs/notebook` against the notebook's own program, in turn.

Both train the eight runs for a few epochs on the same images. Whole commands are timed, from start to end;
the outcome is a ratio of epochs per second. `make bench` writes benchmarks/results.json.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cifar_lr import data
from cifar_lr.history import processor

HERE = Path(__file__).parent
RUNS = 8


def seconds(command):
    """Run a command to its end and return the seconds it took."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    return time.perf_counter() - started


def main():
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="auto")
    parser.add_argument("--epochs", type=int, default=10, help="a run")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    source = data.locate(options.data)

    port, suite = [], []
    for round_ in range(1, options.rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            port.append(seconds([sys.executable, HERE / "notebook_port.py", *_common(options)]))
            suite.append(seconds([*_suite(options), "--out", folder]))
        print(f"round {round_}: notebook's program {port[-1]:.1f} s, suite {suite[-1]:.1f} s")

    ratios = [one / other for one, other in zip(port, suite, strict=True)]
    epochs = RUNS * options.epochs
    outcome = {
        "what": f"{RUNS} runs of {options.epochs} epochs, whole commands",
        "data": source.label,
        "machine": {"processor": processor(), "cores": os.cpu_count(), "python": platform.python_version()},
        "notebook_port_seconds": port,
        "suite_seconds": suite,
        "notebook_port_epochs_per_second": epochs / statistics.median(port),
        "suite_epochs_per_second": epochs / statistics.median(suite),
        "ratio_of_each_round": ratios,
        "ratio_median": statistics.median(ratios),
    }
    (HERE / "results.json").write_text(json.dumps(outcome, indent=2) + "\n", encoding="utf-8")
    print(
        f"the suite does {outcome['ratio_median']:.2f} times the epochs per second (n = {len(ratios)} rounds)"
    )


def _common(options):
    return ["--data", options.data, "--epochs", str(options.epochs)]


def _suite(options):
    command = [sys.executable, "-m", "cifar_lr", "reproduce", HERE.parent / "configs/notebook"]
    return [*command, f"epochs={options.epochs}", "--data", options.data]


if __name__ == "__main__":
    main()
