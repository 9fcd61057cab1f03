"""Time the saving of an epoch's state against the epoch itself, in turn, in one process.

Trains runs of the article's suite for a few epochs and times each commit and each epoch. `make bench` writes
benchmarks/saving.json.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

from cifar_lr import callbacks, config, data, train
from cifar_lr.history import processor

HERE = Path(__file__).parent
RUNS = ("constant", "adam")


def main():
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="auto")
    parser.add_argument("--epochs", type=int, default=20, help="a run")
    options = parser.parse_args()
    source = data.locate(options.data)

    commits = []
    callbacks.Commit._commit = _timed(callbacks.Commit._commit, commits)  # noqa: SLF001  to see inside
    measured = {}
    for run in RUNS:
        commits.clear()
        settings = config.load(
            HERE.parent / f"configs/article/{run}.yaml", [f"epochs={options.epochs}"]
        ).config
        with tempfile.TemporaryDirectory(dir=HERE) as folder:  # on the disk, as results are
            history = train.train(settings, 0, source=source, folder=Path(folder) / "run")
        epoch, commit = statistics.median(history["seconds"]), statistics.median(commits)
        measured[run] = {"epoch_seconds": epoch, "commit_seconds": commit, "ratio": commit / epoch}
        print(f"{run}: an epoch {epoch:.3f} s, saving it {commit:.4f} s: {commit / epoch:.1%}")
    outcome = {
        "what": f"medians over {options.epochs} epochs of the article's network",
        "data": source.label,
        "machine": {"processor": processor(), "cores": os.cpu_count(), "python": platform.python_version()},
        "runs": measured,
    }
    (HERE / "saving.json").write_text(json.dumps(outcome, indent=2) + "\n", encoding="utf-8")


def _timed(commit, seconds):
    def timed(*arguments):
        started = time.perf_counter()
        commit(*arguments)
        seconds.append(time.perf_counter() - started)

    return timed


if __name__ == "__main__":
    main()
