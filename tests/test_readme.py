"""The README's numbers are those of the files that it names."""

import csv
import json
import re
import statistics

from conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PUBLISHED = {
    "constant": 0.7050,
    "time_based": 0.7105,
    "step": 0.7145,
    "exponential": 0.6640,
    "adagrad": 0.7040,
    "adadelta": 0.7210,
    "rmsprop": 0.7345,
    "adam": 0.7130,
}


def finals(suite):
    """Return the final validation accuracies of each run, by seed."""
    with (ROOT / "results" / suite / "summary.csv").open(encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["seed"]))
    found = {}
    for row in rows:
        assert row["status"] == "done"
        assert row["data"] == "CIFAR-10, JPEG re-encoding"
        found.setdefault(row["run"], []).append(float(row["val_final_accuracy"]))
    return found


def test_the_table_of_results_is_that_of_the_summaries():
    table = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", README, flags=re.MULTILINE))
    notebook, article = finals("notebook"), finals("article")
    assert set(table) == set(PUBLISHED)
    for run, cells in table.items():
        seeds = notebook[run]
        expected = [
            f"{PUBLISHED[run]:.4f}",
            f"{statistics.mean(seeds):.4f}",
            *(f"{one:.4f}" for one in seeds),
        ]
        expected.append(f"{statistics.mean(article[run]):.4f}")
        assert cells.split(" | ") == expected


def test_the_speed_is_the_one_measured():
    measured = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    assert f"{measured['ratio_median']:.2f} times" in README
    assert measured["machine"]["processor"] in README
    assert f"n = {len(measured['ratio_of_each_round'])} rounds" in README


def test_the_larger_networks_three_epochs_are_those_of_its_history():
    last = (ROOT / "results/cifar10-3-epochs/adam/seed-0/history.csv").read_text().splitlines()[-1].split(",")
    assert last[0] == "3"
    assert f"{float(last[5]):.4f}" in README
