"""The README's numbers are those of the files that it names."""

import csv
import json
import re
import statistics

import pytest
from conftest import ROOT

from torture import table

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
        assert f"mean of {len(seeds)}" in README
        expected = [
            f"{PUBLISHED[run]:.4f}",
            f"{statistics.mean(seeds):.4f}",
            f"{min(seeds):.4f}",
            f"{max(seeds):.4f}",
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


RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("suite", ["schedules", "rates", "notes"])
def test_the_tables_of_the_other_suites_are_those_of_their_summaries(suite):
    # Names may be in two suites: each table stands under the heading that names its summary.
    section = next(part for part in RESULTS.split("\n## ") if f"results/{suite}/summary.csv" in part)
    table = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section, flags=re.MULTILINE))
    expected = {run: [f"{one:.4f}" for one in seeds] for run, seeds in finals(suite).items()}
    for run, seeds in finals(suite).items():
        if len(seeds) > 1:
            expected[run].append(f"{statistics.mean(seeds):.4f}")
    assert {run: cells.split(" | ") for run, cells in table.items()} == expected


def test_the_differences_said_of_the_other_suites_are_those_of_their_summaries():
    schedules, rates = finals("schedules"), finals("rates")
    means = [statistics.mean(seeds) for seeds in schedules.values()]
    assert f"The means lie within {max(means) - min(means):.4f} of each other" in RESULTS
    assert f"up to {max(abs(a - b) for a, b in schedules.values()):.4f} apart" in RESULTS
    (article,) = rates["rate_0_1"]
    for run in ("rate_0_03", "rate_0_01", "rate_0_3"):
        assert f"{abs(rates[run][0] - article):.4f}" in RESULTS
    assert finals("notes")["sgd_staircase"] == finals("article")["constant"][:2]


RELIABILITY = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_the_table_of_campaigns_is_what_they_left():
    assert table.table() in RELIABILITY
    for path in (ROOT / "torture" / "results").glob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        assert record["failures"] == 0
        assert record["processor"] in RELIABILITY


def test_the_cost_of_saving_is_the_one_measured():
    measured = json.loads((ROOT / "benchmarks" / "saving.json").read_text(encoding="utf-8"))
    ratios = [run["ratio"] for run in measured["runs"].values()]
    assert f"takes {min(ratios):.1%} to {max(ratios):.1%} of an epoch" in RELIABILITY
    assert max(ratios) <= 0.03
