"""The README's numbers are those of the files that it names."""

import csv
import importlib.util
import json
import re
import statistics

import pytest
from conftest import ROOT

from cifar_lr import conclusions, history
from torture import table

RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SUITES = ("notebook", "article")


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


def test_the_tables_are_made_of_what_the_reports_wrote():
    spec = importlib.util.spec_from_file_location("make_results", ROOT / "docs" / "make_results.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert README.count("make pages -->") == README.count("<!-- end -->") >= 2
    assert made.filled(README) == README


def test_the_table_of_published_and_ours_is_that_of_the_summaries():
    table = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", README, flags=re.MULTILINE))
    with (ROOT / "configs/notebook/published.csv").open(encoding="utf-8") as file:
        published = {
            row["run"]: float(row["val_accuracy"]) for row in csv.DictReader(file) if row["epoch"] == "100"
        }
    assert set(table) == set(published)
    notebook, article = finals("notebook"), finals("article")
    for run, cells in table.items():
        value, mean, spread, n, _, _, text_mean, text_n = cells.split(" | ")
        seeds, text = notebook[run], article[run]
        assert (float(value), int(n), int(text_n)) == (published[run], len(seeds), len(text))
        assert mean.startswith(f"{statistics.mean(seeds):.4f} (")
        assert spread == f"{min(seeds):.4f} to {max(seeds):.4f}"
        assert text_mean == f"{statistics.mean(text):.4f}"


@pytest.mark.parametrize("suite", SUITES)
def test_the_tables_of_a_report_are_of_its_histories(suite):
    histories = history.find(ROOT / "results" / suite)
    expected = conclusions.estimated(histories).to_csv(index=False, lineterminator="\n")
    assert (ROOT / "results" / suite / "tables" / "estimates.csv").read_text(encoding="utf-8") == expected


def test_the_commands_have_the_seeds_that_the_results_have():
    for suite, said in (
        ("notebook", "SUITE=configs/notebook SEEDS={} "),
        ("article", "configs/article, with SEEDS={}\n"),
    ):
        seeds = {len(one) for one in finals(suite).values()}
        assert len(seeds) == 1
        assert said.format(seeds.pop()) in README


def test_the_speed_is_the_one_measured():
    measured = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    assert f"{measured['ratio_median']:.2f} times" in README
    assert measured["machine"]["processor"] in README
    assert f"n = {len(measured['ratio_of_each_round'])} rounds" in README


def test_the_larger_networks_three_epochs_are_those_of_its_history():
    last = (ROOT / "results/cifar10-3-epochs/adam/seed-0/history.csv").read_text().splitlines()[-1].split(",")
    assert last[0] == "3"
    assert f"{float(last[5]):.4f}" in RESULTS


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
