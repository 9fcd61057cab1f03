"""Histories to numbers: what is counted, what is averaged, and what is refused."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from histories import DATA

from cifar_lr import summary
from cifar_lr.history import History, Record
from cifar_lr.summary import SummaryError

CONFIGURATION = "optimizer: {class_name: SGD, config: {learning_rate: 0.1}}\n"


def history(run="step", seed=0, accuracies=(0.5, 0.6), *, data=DATA, status="done", epochs=None, **record):
    """A history whose validation accuracies are given; everything else follows from them."""
    values = np.array(accuracies, dtype=np.float64)
    count = len(values)
    columns = {
        "epoch": np.arange(1, count + 1),
        "learning_rate": np.full(count, 0.1),
        "loss": 1 - values,
        "accuracy": values / 2,
        "val_loss": 2 - values,
        "val_accuracy": values,
        "seconds": np.full(count, 1.5),
    }
    complete = {"model": "article", "key": "k", "versions": {}, "machine": {}, **record}
    return History(
        folder=Path("results") / run / f"seed-{seed}",
        record=Record(status=status, run=run, seed=seed, data=data, epochs=epochs or count, **complete),
        columns=columns,
    )


def other_data(**changes):
    return DATA.model_copy(update=changes)


def test_table_has_one_row_for_each_history_in_order():
    frame = summary.table([history("step", 1), history("adam", 0), history("step", 0)])
    assert list(zip(frame["run"], frame["seed"], strict=True)) == [("step", 1), ("adam", 0), ("step", 0)]
    assert list(frame.columns) == list(summary.TABLE_COLUMNS)


def test_table_takes_the_last_epoch_and_the_first_best_one():
    row = summary.table([history(accuracies=(0.5, 0.7, 0.6, 0.7, 0.64))]).iloc[0]
    assert row["epochs"] == 5
    assert row["val_final_accuracy"] == 0.64
    assert row["val_best_accuracy"] == 0.7
    assert row["val_best_epoch"] == 2
    assert row["val_final_loss"] == 2 - 0.64
    assert row["final_accuracy"] == 0.32
    assert row["best_accuracy"] == 0.35
    assert row["best_epoch"] == 2
    assert row["final_loss"] == 1 - 0.64
    assert row["seconds"] == 7.5


@pytest.mark.parametrize("status", ["running", "failed", "diverged"])
def test_table_has_no_results_of_a_run_that_is_not_done(status):
    row = summary.table([history(accuracies=(0.5, 0.9), status=status, epochs=9)]).iloc[0]
    assert (row["status"], row["epochs"], row["seconds"]) == (status, 2, 3.0)
    assert row[list(summary.RESULT_COLUMNS)].isna().all()


def test_table_of_a_run_without_any_epoch_yet():
    row = summary.table([history(accuracies=(), status="running", epochs=100)]).iloc[0]
    assert (row["epochs"], row["seconds"]) == (0, 0.0)


def test_table_of_nothing_is_empty():
    assert list(summary.table([]).columns) == list(summary.TABLE_COLUMNS)
    assert summary.table([]).empty
    assert summary.by_run([]).empty


def test_by_run_describes_finished_seeds():
    finals = [0.70, 0.71, 0.75]
    histories = [history(seed=seed, accuracies=(0.8, final)) for seed, final in enumerate(finals)]
    row = summary.by_run(histories).iloc[0]
    mean = sum(finals) / 3
    deviation = math.sqrt(sum((final - mean) ** 2 for final in finals) / 2)
    assert (row["run"], row["seeds"], row["done"]) == ("step", 3, 3)
    assert row["val_final_accuracy_mean"] == pytest.approx(mean, rel=1e-15)
    assert row["val_final_accuracy_std"] == pytest.approx(deviation, rel=1e-12)
    assert (row["val_final_accuracy_min"], row["val_final_accuracy_max"]) == (0.70, 0.75)
    assert row["val_best_accuracy_mean"] == pytest.approx(0.8)
    assert row["seconds"] == 9.0


def test_by_run_leaves_unfinished_seeds_out_and_counts_them():
    histories = [
        history(seed=0, accuracies=(0.5, 0.7)),
        history(seed=1, accuracies=(0.9,), status="diverged", epochs=2),
        history(run="adam", accuracies=(0.9,), status="running", epochs=2),
    ]
    frame = summary.by_run(histories).set_index("run")
    assert list(frame["seeds"]) == [2, 1]
    assert list(frame["done"]) == [1, 0]
    assert frame.loc["step", "val_final_accuracy_mean"] == 0.7
    assert frame.loc["step", "seconds"] == 3.0
    assert frame.loc["adam"].drop(["seeds", "done"]).isna().all()


def test_by_run_knows_no_spread_of_one_seed():
    assert math.isnan(summary.by_run([history()]).iloc[0]["val_final_accuracy_std"])


def test_by_run_keeps_the_order_in_which_runs_appear():
    frame = summary.by_run([history("step"), history("adam"), history("step", 1)])
    assert list(frame["run"]) == ["step", "adam"]


def test_csv_reads_back_bit_for_bit(tmp_path):
    awkward = [0.1 + 0.2, 1 / 3, 5e-324, 0.7345, np.nextafter(0.5, 1.0)]
    histories = [history(seed=seed, accuracies=(value,)) for seed, value in enumerate(awkward)]
    summary.write(histories, tmp_path / "summary.csv")
    with (tmp_path / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["val_final_accuracy"]) for row in rows] == awkward
    assert [row["val_best_epoch"] for row in rows] == ["1"] * 5
    assert list(rows[0]) == list(summary.TABLE_COLUMNS)


def test_csv_has_empty_cells_where_there_is_no_result(tmp_path):
    summary.write([history(status="failed", epochs=5)], tmp_path / "summary.csv")
    with (tmp_path / "summary.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert all(row[column] == "" for column in summary.RESULT_COLUMNS)


def test_csv_is_replaced_as_a_whole(tmp_path, monkeypatch):
    path = tmp_path / "summary.csv"
    summary.write([history()], path)
    before = path.read_bytes()

    def torn(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", torn)
    with pytest.raises(SummaryError, match=r"summary\.csv: can not be written: No space left on device"):
        summary.write([history(), history(seed=1)], path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_csv_in_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(SummaryError, match=r"gone.summary\.csv: can not be written: No such file"):
        summary.write([history()], tmp_path / "gone" / "summary.csv")


def test_curves_stack_finished_seeds_in_order():
    histories = [
        history(seed=5, accuracies=(0.5, 0.7)),
        history(seed=2, accuracies=(0.4, 0.9)),
        history(seed=3, accuracies=(0.1,), status="running", epochs=2),
        history(seed=1, accuracies=(0.6, 0.2)),
    ]
    curves = summary.curves(histories, "val_accuracy")["step"]
    assert curves.seeds == (1, 2, 5)
    assert curves.epochs.tolist() == [1, 2]
    assert curves.values.tolist() == [[0.6, 0.2], [0.4, 0.9], [0.5, 0.7]]
    assert curves.median.tolist() == [0.5, 0.7]


def test_curves_leave_out_a_run_without_a_finished_seed():
    histories = [history("adam", status="failed"), history("step")]
    assert list(summary.curves(histories, "loss")) == ["step"]


def test_curves_of_a_column_that_no_history_has():
    with pytest.raises(SummaryError, match=r"no column 'lr'; it has epoch, learning_rate, loss"):
        summary.curves([history()], "lr")


@pytest.mark.parametrize("function", [summary.by_run, lambda histories: summary.curves(histories, "loss")])
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            history(seed=1, accuracies=(0.5,)),
            r"^run 'step' has seeds of different length: 2 epochs in \S+-0; 1 epochs in \S+-1$",
        ),
        (
            history(seed=1, epochs=7),
            r"different length: 2 epochs in \S+seed-0; 7 epochs in \S+seed-1",
        ),
        (
            history(seed=1, model="cifar10-cnn"),
            r"different networks: article in \S+seed-0; cifar10-cnn in \S+seed-1",
        ),
        (
            history(seed=1, data=other_data(fingerprint="sha256:bbbb")),
            r"different data: cifar10 sha256:aaaa in \S+seed-0; cifar10 sha256:bbbb in \S+seed-1",
        ),
        (
            history(seed=1, data=other_data(kind="stand-in")),
            r"different data: cifar10 sha256:aaaa in \S+seed-0; stand-in sha256:aaaa in \S+seed-1",
        ),
        (
            history(seed=1, versions={"keras": "3\n" + 500 * "4"}),
            r"different versions:  in \S+seed-0; keras 3\\n4{192} in \S+seed-1$",
        ),
    ],
)
def test_seeds_that_do_not_belong_together_are_refused(function, other, message):
    with pytest.raises(SummaryError, match=message):
        function([history(), other])


def test_an_unfinished_seed_may_be_of_another_length():
    summary.curves([history(), history(seed=1, accuracies=(0.5,), status="diverged", epochs=2)], "loss")


def test_a_message_names_a_few_of_many_folders():
    histories = [history(seed=seed) for seed in range(9)] + [history(seed=9, accuracies=(0.5,))]
    with pytest.raises(SummaryError, match=r"seed-2 and 6 more; 1 epochs in \S+seed-9$"):
        summary.curves(histories, "loss")


@pytest.mark.parametrize("function", [summary.table, lambda histories: summary.curves(histories, "loss")])
def test_the_same_run_and_seed_twice_is_refused(function):
    with pytest.raises(SummaryError, match=r"run 'step', seed 0 is there twice: \S+seed-0 and \S+seed-0"):
        function([history(), history()])


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_finished_history_with_a_gap_is_refused(value):
    with pytest.raises(SummaryError, match=r"seed-0: is done but its accuracy is not a number"):
        summary.table([history(accuracies=(0.5, value))])


def test_a_finished_history_without_epochs_is_refused():
    with pytest.raises(SummaryError, match=r"seed-0: is done but has no epoch"):
        summary.curves([history(accuracies=(), epochs=1)], "val_accuracy")


def test_a_configuration_is_the_same_with_and_without_what_is_at_its_default():
    old = replace(history(), config=CONFIGURATION)
    new = replace(history(seed=1), config=f"{CONFIGURATION}callbacks: []\nbatch_size: 64\n")
    assert summary.curves([old, new], "loss")["step"].seeds == (0, 1)


def test_seeds_of_different_configurations_are_refused():
    old = replace(history(), config=CONFIGURATION)
    new = replace(history(seed=1), config=f"{CONFIGURATION}batch_size: 32\n")
    with pytest.raises(SummaryError, match=r"different configuration: SHA-256 \w{12} in \S+seed-0; SHA-256"):
        summary.curves([old, new], "loss")


def at_rate(rate, run=None, seed=0, *, optimizer="SGD", rest="", **record):
    """A history whose configuration has a constant rate, or a schedule."""
    text = f"optimizer: {{class_name: {optimizer}, config: {{learning_rate: {rate}}}}}\nepochs: 2\n{rest}"
    return replace(history(run or f"{optimizer}-{rate}", seed, **record), config=text)


DECAY = "{class_name: ExponentialDecay, config: {initial_learning_rate: 0.1}}"


def test_a_sweep_is_of_runs_that_differ_in_a_constant_rate():
    histories = [at_rate(rate, seed=seed) for rate in ("1.0", "0.001", "1e-2") for seed in (0, 1)]
    histories += [at_rate(DECAY, "decay"), at_rate(0.1, "longer", rest="batch_size: 32\n"), history("adam")]
    (sweep,) = summary.sweeps(histories)
    assert (sweep.optimizer, sweep.label) == ("SGD", "SGD")
    assert sweep.runs == ("SGD-0.001", "SGD-1e-2", "SGD-1.0")
    assert sweep.rates.tolist() == [0.001, 0.01, 1.0]


def test_a_sweep_does_not_mind_what_is_at_its_default():
    histories = [at_rate(0.1), at_rate(0.2, rest="batch_size: 64\n"), at_rate(0.3, rest="callbacks: []\n")]
    assert len(summary.sweeps(histories)) == 1


def test_a_rate_that_a_callback_changes_is_not_constant():
    callback = "callbacks: [{class_name: ReduceLROnPlateau}]\n"
    assert summary.sweeps([at_rate(rate, rest=callback) for rate in (0.1, 0.2, 0.3)]) == []


def test_runs_on_different_images_are_no_sweep():
    other = other_data(fingerprint="sha256:other")
    assert summary.sweeps([at_rate(0.1), at_rate(0.2), at_rate(0.3, data=other)]) == []


def test_a_run_that_is_only_stopped_early_has_one_rate():
    stopping = "callbacks: [{class_name: EarlyStopping, config: {monitor: val_loss}}]\n"
    (sweep,) = summary.sweeps([at_rate(rate, rest=stopping) for rate in (0.1, 0.2, 0.3)])
    assert sweep.rates.tolist() == [0.1, 0.2, 0.3]


def stopped(seed, *accuracies, asked=4):
    return history(seed=seed, accuracies=accuracies, epochs=asked, stopped_after=len(accuracies))


def test_curves_go_as_far_as_the_seed_that_was_stopped_first_and_finals_are_each_seeds_own():
    curves = summary.curves([stopped(0, 0.5, 0.6), stopped(1, 0.5, 0.7, 0.9)], "val_accuracy")["step"]
    assert curves.median.tolist() == pytest.approx([0.5, 0.65])
    assert curves.final == pytest.approx(0.75)


def test_what_early_stopping_ended_is_said_with_what_it_does_to_the_curve():
    whole = history(seed=2, accuracies=(0.5, 0.6, 0.7, 0.8))
    assert summary.stopped_early([whole]) == ""
    assert summary.stopped_early([stopped(0, 0.5, 0.6)]) == "1 seed stopped early, after 2 epochs"
    ends = "and its curve ends where the first did"
    assert (
        summary.stopped_early([stopped(0, 0.5, 0.6), whole])
        == f"1 seed stopped early, after 2 epochs, {ends}"
    )
    both = [stopped(0, 0.5, 0.6), stopped(1, 0.5, 0.7, 0.9)]
    assert summary.stopped_early(both) == f"2 seeds stopped early, after 2 to 3 epochs, {ends}"


def test_a_sweep_has_diverged_runs_and_leaves_out_unfinished_ones():
    histories = [at_rate(rate) for rate in (0.1, 0.2, 0.3)]
    histories += [at_rate(9, status="diverged", stopped_at_update=1), at_rate(8, status="running", epochs=9)]
    assert summary.sweeps(histories)[0].rates.tolist() == [0.1, 0.2, 0.3, 9.0]


@pytest.mark.parametrize(
    "histories",
    [
        [],
        [at_rate(0.1), at_rate(0.2)],
        [at_rate(0.1), at_rate(0.1, "again"), at_rate(0.2)],
        [at_rate(0.1), at_rate(0.2), at_rate(0.3, status="diverged")],
        [at_rate(rate, status="failed") for rate in (0.1, 0.2, 0.3)],
        [at_rate(rate, rest="unknown: 1\n") for rate in (0.1, 0.2, 0.3)],
        [at_rate("[", str(number)) for number in range(3)],
    ],
    ids=["nothing", "two", "two different", "one diverged", "none finished", "not known", "not YAML"],
)
def test_too_few_rates_are_no_sweep(histories):
    assert summary.sweeps(histories) == []


def test_sweeps_of_several_optimizers_are_told_apart():
    rates = (0.1, 0.2, 0.3)
    histories = [at_rate(rate) for rate in rates]
    histories += [at_rate(rate, optimizer="Adam") for rate in rates]
    histories += [at_rate(rate, f"small-{rate}", optimizer="Adam", rest="batch_size: 32\n") for rate in rates]
    sweeps = summary.sweeps(histories)
    assert [sweep.label for sweep in sweeps] == ["SGD", "Adam", "Adam, batch_size=32"]
    assert [sweep.optimizer for sweep in sweeps] == ["SGD", "Adam", "Adam"]


def test_a_sweep_beside_a_complete_one_may_have_diverged_throughout():
    histories = [at_rate(rate) for rate in (0.1, 0.2, 0.3)]
    histories += [at_rate(rate, optimizer="Adam", status="diverged") for rate in (0.1, 0.2, 0.3)]
    assert [sweep.label for sweep in summary.sweeps(histories)] == ["SGD", "Adam"]


def test_a_moving_mean_has_a_value_for_every_window():
    values = np.array([1.0, 2.0, 6.0, 3.0])
    assert summary.moving_mean(values, 2) == pytest.approx([1.5, 4.0, 4.5])
    assert summary.moving_mean(values, 4) == pytest.approx([3.0])
    assert summary.moving_mean(values, 5).shape == (0,)


def test_shortfall_is_nothing_where_all_is_done():
    assert summary.shortfall([history(seed=0), history(seed=1)]) == ""


def test_shortfall_names_seeds_and_how_they_ended():
    histories = [
        history(seed=0),
        history(seed=1),
        history(seed=2, status="diverged", stopped_at_update=314, reason="loss is NaN"),
    ]
    assert summary.shortfall(histories) == "2 of 3 seeds done; seed 2 diverged at update 314"


def test_shortfall_puts_like_endings_together():
    histories = [
        history(seed=0, accuracies=(0.5,), status="running", epochs=100),
        *[history(seed=seed, status="failed", reason="out of\nmemory") for seed in (1, 2, 3, 5)],
        history(seed=4, status="failed", reason="x" * 200),
        history(seed=6, status="diverged"),
    ]
    assert summary.shortfall(histories) == (
        "0 of 7 seeds done; seed 0 unfinished after 1 of 100 epochs; seeds 1-3, 5 failed: out of memory; "
        f"seed 4 failed: {'x' * 79}…; seed 6 diverged"
    )


def test_shortfall_of_a_single_seed():
    assert summary.shortfall([history(seed=4, status="failed")]) == "0 of 1 seed done; seed 4 failed"


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ([3], "seed 3"),
        ([0, 1], "seeds 0-1"),
        ([4, 0, 2, 1], "seeds 0-2, 4"),
        (range(30), "seeds 0-29"),
    ],
)
def test_seeds_in_words(seeds, words):
    assert summary.name_seeds(seeds) == words
