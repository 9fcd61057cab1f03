"""The README's numbers are those of the files that it names."""

import csv
import importlib.util
import json
import math
import re
import statistics
from pathlib import Path

import pytest
from conftest import ROOT

from cifar_lr import claims, history, imported, metrics, report
from torture import table

RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SAID, SAID_OF_RESULTS = (" ".join(page.split()) for page in (README, RESULTS))
SUITES = ("notebook", "article", "momentum", "tuning")
SPEC = importlib.util.spec_from_file_location("make_results", ROOT / "docs" / "make_results.py")
made = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(made)


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


@pytest.mark.parametrize(("page", "tables"), [(README, 2), (RESULTS, 3)], ids=["README", "results"])
def test_the_tables_are_made_of_what_the_commands_wrote(page, tables):
    assert page.count("make pages -->") == page.count("<!-- end -->") >= tables
    assert made.filled(page) == page


def test_the_table_of_published_and_ours_is_that_of_the_summaries():
    table = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", README, flags=re.MULTILINE))
    with (ROOT / "configs/notebook/published.csv").open(encoding="utf-8") as file:
        published = {
            row["run"]: float(row["val_accuracy"]) for row in csv.DictReader(file) if row["epoch"] == "100"
        }
    assert set(table) == set(published)
    notebook = finals("notebook")
    for run, cells in table.items():
        value, median, mean, spread, stuck, percentile, n = cells.split(" | ")
        seeds = notebook[run]
        assert (float(value), int(n)) == (published[run], len(seeds))
        assert float(median) == pytest.approx(statistics.median(seeds), abs=6e-5)
        assert mean.startswith(f"{statistics.mean(seeds):.4f} (")
        assert spread == f"{min(seeds):.4f} to {max(seeds):.4f}"
        assert int(stuck) == sum(one == 0.5 for one in seeds)
        below = sum(one < float(value) - 1e-6 for one in seeds)
        ties = sum(abs(one - float(value)) < 1e-6 for one in seeds)
        assert int(percentile) == round(100 * (below + ties / 2) / len(seeds))


@pytest.mark.parametrize("suite", SUITES)
def test_the_tables_of_a_report_are_of_its_histories(suite, monkeypatch):
    monkeypatch.chdir(ROOT)
    results = Path("results") / suite
    histories, ledger = history.find(results), claims.load(Path("configs") / suite / "claims.yaml")
    suites = {None: histories, **report.find_suites(ledger, results, histories)}
    published = Path("configs") / suite / "published.csv"
    found = report.conclude(suites, ledger, imported.load(published) if published.exists() else ())
    written = {path.stem: path.read_text(encoding="utf-8") for path in (results / "tables").iterdir()}
    expected = {name: table.to_csv(index=False, lineterminator="\n") for name, table in found.tables.items()}
    assert written == expected


def test_each_optimizer_is_shown_at_the_published_rate_and_at_its_best(monkeypatch, tmp_path):
    for run, rate in (("a_constant", "0.1"), ("step", "{class_name: StepDecay}")):
        folder = tmp_path / "notebook" / run / "seed-0"
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text(
            f"optimizer: {{class_name: SGD, config: {{learning_rate: {rate}}}}}\n"
        )
    (tmp_path / "tuning" / "tables").mkdir(parents=True)
    (tmp_path / "tuning" / "tables" / "rates.csv").write_text(
        "optimizer,rate,run,n,diverged,validation,test,low,high,chosen\n"
        "SGD,1.0,c,3,0,0.5,0.5,0.4,0.6,False\n"
        "SGD,0.1,b,2,0,0.70,0.69,,,False\n"
        "SGD,0.01,a,3,0,0.72,0.71,0.70,0.72,True\n"
    )
    monkeypatch.setattr(made, "RESULTS", tmp_path)
    assert made.best_rates().splitlines()[2:] == [
        "| SGD | 0.1 | 0.6900 | 0.01 | 0.7100 (0.7000 to 0.7200) | 2 and 3 |"
    ]


def test_each_schedule_is_shown_with_each_momentum(monkeypatch, tmp_path):
    (tmp_path / "momentum").mkdir()
    rows = [
        f"{schedule}+momentum={momentum},{seed},done,{0.5 + 0.1 * seed}"
        for schedule in ("step", "constant", "exponential", "time_based")
        for momentum in ("0.9+nesterov=true", "0.9", "0.8", "0.5", "0.0")
        for seed in (0, 1)
    ]
    table = "run,seed,status,val_final_accuracy\n" + "\n".join(rows)
    table = table.replace("step+momentum=0.8,1,done,0.6", "step+momentum=0.8,1,done,0.7")
    (tmp_path / "momentum" / "summary.csv").write_text(table)
    monkeypatch.setattr(made, "RESULTS", tmp_path)
    usual, changed = "0.5500 (0.5000 to 0.6000)", "0.6000 (0.5000 to 0.7000)"
    assert made.momenta().splitlines() == [
        "| | 0 | 0.5 | 0.8 | 0.9 | Nesterov 0.9 |",
        "|---|---|---|---|---|---|",
        f"| `constant` | {' | '.join([usual] * 5)} |",
        f"| `time_based` | {' | '.join([usual] * 5)} |",
        f"| `step` | {usual} | {usual} | {changed} | {usual} | {usual} |",
        f"| `exponential` | {' | '.join([usual] * 5)} |",
    ]


def test_a_seed_that_is_not_done_makes_no_table(monkeypatch, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "summary.csv").write_text(
        "run,seed,status,val_final_accuracy\na,0,done,0.7\na,1,diverged,\n"
    )
    monkeypatch.setattr(made, "RESULTS", tmp_path)
    with pytest.raises(ValueError, match="summary.csv: not all runs are done with all seeds"):
        made.finals("notes", best_first=True)


def test_a_table_without_an_end_takes_nothing_of_the_page_with_it():
    with pytest.raises(ValueError, match="published: make pages --> has no <!-- end -->"):
        made.filled("<!-- published: make pages -->\n\n## The rest\n")
    with pytest.raises(ValueError, match="tally: make pages --> has no <!-- end -->"):
        made.filled("<!-- tally: make pages -->\n\n<!-- verdicts: make pages -->\n\n<!-- end -->\n")


def test_the_commands_have_the_seeds_that_the_results_have():
    assert "medians of 30 seeds with their 95% intervals" in SAID
    assert "Thirty seeds of `configs/notebook` were settled on beforehand, and all thirty are in" in SAID
    for suite, n in (("notebook", 30), ("article", 10), ("rates", 3), ("momentum", 5), ("tuning", 3)):
        assert {len(seeds) for seeds in finals(suite).values()} == {n}
        assert f"SUITE=configs/{suite} SEEDS={n} " in README


def test_how_far_apart_the_methods_are_is_what_their_histories_show():
    notebook = finals("notebook")
    means = sorted(statistics.mean(seeds) for seeds in notebook.values())
    least = math.ceil(1000 * (means[-1] - means[1])) / 10
    apart = f"seven of the eight methods' means lie within {least} points"
    assert f"{apart} of each other (n = {len(notebook['step'])})" in SAID


def test_how_far_the_adaptive_methods_are_above_the_schedules_that_learn_is_what_the_ledger_found():
    verdict = (
        made.read("notebook", "verdicts").set_index("id").loc["adaptive-methods-beat-schedules-that-learn"]
    )
    assert (verdict["verdict"], round(100 * verdict["difference"])) == ("supported", 1)
    assert "end a point above the three schedules that always learned" in SAID


def test_the_published_exponential_decay_is_below_all_seeds_of_ours_that_learned_but_one():
    learned = [seed for seed in finals("notebook")["exponential"] if seed > 0.522]
    assert (
        "0.6640 that was published for exponential decay lies below all of our seeds that learned but one"
        in SAID
    )
    assert sum(seed < 0.6640 for seed in learned) == 1
    others = [min(seeds) for run, seeds in finals("notebook").items() if run != "exponential"]
    assert min(others) > 0.522


def test_the_published_number_outside_the_central_part_of_our_seeds_is_explained():
    table = made.read("notebook", "beside").set_index("run")
    assert list(table.index[table["outside"]]) == ["rmsprop"]
    assert set(table["n"]) == {30}
    assert table.loc["rmsprop", "value"] > table.loc["rmsprop", "highest"]
    assert "RMSprop's 0.7345, above all thirty" in SAID
    assert f"with a probability of {1 - (1 - 2 / 31) ** 8:.2f} (each with 2/31)" in SAID
    learned = table.drop("exponential")
    above = learned["value"] - learned["median"]
    assert (len(above), sum(above > 0)) == (7, 6)
    assert f"six were published above our median, and the seven by {100 * above.mean():.1f} points" in SAID


def test_what_is_said_of_the_ranking_is_what_the_ledger_found():
    verdicts = made.read("notebook", "verdicts").set_index("id")
    for claim, verdict in {
        "adadelta-is-the-best-adaptive-method": "supported",
        "step-is-the-best-schedule": "contradicted",
        "exponential-is-the-worst-schedule": "supported",
        "rmsprop-is-the-best-adaptive-method": "undecided",
    }.items():
        assert verdicts.loc[claim, "verdict"] == verdict
    step, rmsprop = (
        verdicts.loc[f"{one}-is-the-best-{of}"]
        for one, of in (("step", "schedule"), ("rmsprop", "adaptive-method"))
    )
    assert (step["than"], step["difference"] < 0) == ("time_based", True)
    assert (
        f"RMSprop against Adadelta ({100 * rmsprop['low']:+.1f} to {100 * rmsprop['high']:+.1f}) does not"
        in SAID
    )
    stuck = sum(seed == 0.5 for seed in finals("notebook")["exponential"])
    assert f"{stuck} of its 30 seeds end at chance" in SAID


@pytest.mark.parametrize(
    ("number", "text"), [(1.96, "+2.0"), (-0.043, "-0.04"), (0.049, "+0.05"), (-0.004, "0.0"), (0, "0.0")]
)
def test_a_number_that_rounds_to_zero_keeps_its_side(number, text):
    assert made._signed(number) == text


def test_what_is_said_of_momentum_is_what_its_histories_show():
    momentum = finals("momentum")
    half = [statistics.mean(seeds) for run, seeds in momentum.items() if run.endswith("+momentum=0.5")]
    assert len(half) == 4
    apart = f"within {100 * (max(half) - min(half)):.2f} points of each other"
    assert f"{apart} (n = {len(momentum['step+momentum=0.5'])})" in SAID
    assert f"the means of the four schedules lie {apart}" in SAID_OF_RESULTS
    much = [seed for run, seeds in momentum.items() if "momentum=0.9" in run for seed in seeds]
    at_chance = sum(seed <= 0.522 for seed in much)
    assert f"{at_chance} of {len(much)} seeds end at chance" in SAID
    high = [seeds for run, seeds in momentum.items() if run.endswith("+momentum=0.8")]
    assert [sum(seed <= 0.522 for seed in seeds) / len(seeds) for seeds in high] == [1 / 5] * 4
    assert "With 0.8 one seed in five of each schedule ends at chance" in SAID_OF_RESULTS


def test_the_differences_said_of_runs_without_momentum_are_those_of_the_report():
    table = made.read("momentum", "differences").set_index(["first", "second"])
    assert f"Holm's adjustment for the suite's {len(table)}." in SAID_OF_RESULTS
    for lower, higher, words in (
        ("constant", "time_based", "time-based decay ends {} points ({} to {}) above the constant rate"),
        ("exponential", "step", "step decay {} ({} to {}) above exponential decay"),
    ):
        row = table.loc[(f"{lower}+momentum=0.0", f"{higher}+momentum=0.0")]
        difference, low, high = (-100 * row[name] for name in ("difference", "high", "low"))
        assert words.format(f"{difference:.2f}", f"{low:+.2f}", f"{high:+.2f}") in SAID_OF_RESULTS
        assert row["p_holm"] > 0.05


def test_every_key_and_metric_of_a_claim_is_explained():
    page = (ROOT / "docs" / "conclusions.md").read_text(encoding="utf-8")
    for name in (*claims.Claim.model_fields, *claims.GROUPS, *metrics.NAMES):
        assert re.search(rf"`[^`]*\b{name}\b[^`]*`", page), name


def rates_tried(optimizer, tuning):
    """Return the final accuracies at each rate of an optimizer in the tuning suite, by rate."""
    prefix = f"{optimizer}+learning_rate="
    return dict(
        sorted((float(run.removeprefix(prefix)), seeds) for run, seeds in tuning.items() if prefix in run)
    )


def test_what_is_said_of_rates_beside_the_best_is_what_the_histories_show():
    tuning, closest = finals("tuning"), {}
    for optimizer in ("sgd", "adadelta", "rmsprop", "adam", "adagrad"):
        means = [statistics.mean(seeds) for seeds in rates_tried(optimizer, tuning).values()]
        best = means.index(max(means))
        beside = means[max(best - 1, 0) : best] + means[best + 1 : best + 2]
        closest[optimizer] = means[best] - max(beside)
    adagrad = closest.pop("adagrad")
    assert f"within {100 * max(closest.values()):.1f} points of it" in SAID_OF_RESULTS
    assert f"at 0.003 it ends {100 * adagrad:.1f} points below its best" in SAID_OF_RESULTS


def test_the_methods_said_to_end_at_chance_at_their_highest_rate_do():
    tuning, stuck = finals("tuning"), {}
    for optimizer in ("sgd", "adadelta", "rmsprop", "adam", "adagrad"):
        stuck[optimizer] = [
            rate for rate, seeds in rates_tried(optimizer, tuning).items() if max(seeds) <= 0.522
        ]
    assert stuck == {"sgd": [1.0], "adam": [0.01], "adagrad": [0.1], "adadelta": [], "rmsprop": []}
    assert "SGD, Adam and Adagrad end at chance at the highest of theirs" in SAID
    assert [seed <= 0.522 for seed in rates_tried("adagrad", tuning)[0.03]].count(True) == 1


def test_the_best_adaptive_method_is_as_far_above_sgd_as_the_test_images_say():
    verdicts = made.read("tuning", "verdicts").set_index("id")
    verdict = verdicts.loc["adaptive-methods-beat-sgd-when-all-are-tuned"]
    assert (verdict["verdict"], verdict["than"]) == (
        "undecided",
        "rmsprop+learning_rate=0.001 (chosen of 20)",
    )
    assert f"ends {100 * verdict['difference']:.1f} points above SGD on the test images" in SAID


def test_the_speed_is_the_one_measured():
    measured = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    assert f"{measured['ratio_median']:.2f} times" in SAID
    assert measured["machine"]["processor"] in SAID
    assert f"n = {len(measured['ratio_of_each_round'])} rounds" in SAID


def test_the_larger_networks_three_epochs_are_those_of_its_history():
    last = (ROOT / "results/cifar10-3-epochs/adam/seed-0/history.csv").read_text().splitlines()[-1].split(",")
    assert last[0] == "3"
    assert f"{float(last[5]):.4f}" in SAID_OF_RESULTS


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
    assert f"The means lie within {max(means) - min(means):.4f} of each other" in SAID_OF_RESULTS
    assert f"up to {max(abs(a - b) for a, b in schedules.values()):.4f} apart" in SAID_OF_RESULTS
    good = [statistics.mean(rates[run]) for run in ("rate_0_01", "rate_0_03", "rate_0_1")]
    assert f"From 0.01 to 0.1 the means lie within {max(good) - min(good):.4f}" in SAID_OF_RESULTS
    lower = good[-1] - statistics.mean(rates["rate_0_3"])
    assert f"At 0.3 the mean is {lower:.4f} lower" in SAID_OF_RESULTS
    assert finals("notes")["sgd_staircase"] == finals("article")["constant"][:2]


RELIABILITY = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_the_table_of_campaigns_is_what_they_left():
    assert table.table() in RELIABILITY
    records = list((ROOT / "torture" / "results").glob("*.json"))
    assert len(records) == len(table.WHAT)
    for path in records:
        record = json.loads(path.read_text(encoding="utf-8"))
        assert record["failures"] == 0
        assert record["processor"] in RELIABILITY


def test_the_cost_of_saving_is_the_one_measured():
    measured = json.loads((ROOT / "benchmarks" / "saving.json").read_text(encoding="utf-8"))
    ratios = [run["ratio"] for run in measured["runs"].values()]
    assert f"takes {min(ratios):.1%} to {max(ratios):.1%} of an epoch" in RELIABILITY
    assert max(ratios) <= 0.03
