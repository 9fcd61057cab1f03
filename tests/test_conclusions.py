"""Tables of what seeds show, against numbers worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from histories import DATA, HELD_OUT, A, B, finals, got_right, history

from cifar_lr import conclusions
from cifar_lr.imported import COLUMNS, Imported


def elsewhere(run, value, epoch=3):
    """A history from elsewhere of which one validation accuracy is known."""
    columns = {column: np.array([np.nan]) for column in COLUMNS} | {"val_accuracy": np.array([value])}
    return Imported("published", run, np.array([epoch]), columns)


def test_each_run_has_its_mean_with_an_interval():
    table = conclusions.estimated(finals(a=A, b=B)).set_index(["run", "metric"])
    row = table.loc["a", "val_final_accuracy"]
    assert (row["n"], row["mean"]) == (3, pytest.approx(0.716))
    # deviation of 0.712, 0.721, 0.715: 0.0045826; times 4.302653 / sqrt(3)
    assert (row["low"], row["high"]) == pytest.approx((0.716 - 0.011384, 0.716 + 0.011384), abs=1e-6)
    assert table.loc["b", "val_best_epoch"]["mean"] == 1
    assert "test_accuracy" not in table.index.get_level_values("metric")


def test_seeds_that_are_not_done_are_not_averaged_in():
    histories = [*finals(a=A), history("a", 3, 0.1, status="failed"), history("b", 0, 0.1, status="running")]
    table = conclusions.estimated(histories)
    assert set(table["run"]) == {"a"}
    assert set(table["n"]) == {3}


def test_all_pairs_of_runs_with_p_values_adjusted_for_their_number():
    table = conclusions.pairs(finals(a=A, b=B, c=(0.70, 0.73, 0.71)))
    assert [(row.first, row.second) for row in table.itertuples()] == [("a", "b"), ("a", "c"), ("b", "c")]
    first = table.iloc[0]
    assert (first["n"], first["better"]) == (3, 1.0)
    assert first["difference"] == pytest.approx(0.032 / 3)
    assert first["p_holm"] == pytest.approx(3 * first["p"])


def test_a_difference_has_the_error_that_other_test_images_would_bring():
    histories = finals(a=A, b=B)
    for one in histories:  # b is wrong where a is right: 1,000 of 2,000 images each
        got_right(one, (np.arange(2000) < 1000) == (one.run == "a"))
    [row] = conclusions.pairs(histories).to_dict("records")
    assert row["images"] == pytest.approx(2 * np.sqrt(0.5 * 0.5 / 2000), rel=0.05)
    diverged = [*histories[1:], history("a", 0, status="diverged")]
    assert np.isnan(conclusions.pairs(diverged).iloc[0]["images"])


def test_a_difference_on_held_out_images_has_no_error_of_test_images():
    histories = [history(run, seed, data=HELD_OUT) for run in "ab" for seed in (0, 1)]
    for one in histories:
        got_right(one, np.arange(2000) < 1000)
    assert np.isnan(conclusions.pairs(histories).iloc[0]["images"])


def test_runs_without_a_common_seed_are_no_pair():
    assert conclusions.pairs([history("a", 0), history("b", 1)]).empty


def at_rate(rate, seed=0, final=0.7, tested=None, **changes):
    """A run at a constant rate; with `tested`, validated on held-out images and so good on the test images."""
    data = DATA if tested is None else HELD_OUT
    text = f"optimizer: {{class_name: SGD, config: {{learning_rate: {rate}}}}}\n"
    one = replace(history(f"sgd-{rate}", seed, final, data=data, **changes), config=text)
    if tested is not None:
        got_right(one, np.arange(2000) < 2000 * tested)
    return one


def test_the_best_rate_is_chosen_on_held_out_images_and_shown_with_its_accuracy_on_others():
    tried = ((0.01, 0.72, 0.75), (0.1, 0.74, 0.71), (1.0, 0.5, 0.5))
    histories = [at_rate(rate, seed, *accuracies) for rate, *accuracies in tried for seed in (0, 1)]
    table = conclusions.by_rate(histories)
    assert table["rate"].tolist() == [0.01, 0.1, 1.0]
    assert table["validation"].tolist() == pytest.approx([0.72, 0.74, 0.5])
    assert table["test"].tolist() == pytest.approx([0.75, 0.71, 0.5])
    assert table["chosen"].tolist() == [False, True, False]


def test_without_held_out_images_the_best_rate_is_shown_with_what_it_was_chosen_by():
    table = conclusions.by_rate([at_rate(0.1, final=0.7), at_rate(0.2, final=0.8), at_rate(0.3, final=0.6)])
    assert table["validation"].tolist() == table["test"].tolist() == [0.7, 0.8, 0.6]


def test_a_seed_that_diverged_guesses_when_a_rate_is_chosen():
    histories = [at_rate(0.1, seed, 0.7) for seed in (0, 1)] + [at_rate(0.2, 0, 0.7), at_rate(0.3, 0, 0.8)]
    histories.append(at_rate(0.3, 1, 0.9, status="diverged", stopped_at_update=3))
    last = conclusions.by_rate(histories).iloc[-1]
    assert (last["n"], last["diverged"], last["validation"]) == (2, 1, pytest.approx(0.65))
    assert not last["chosen"]


def test_how_soon_an_accuracy_is_reached_by_how_many():
    rising = {"val_accuracy": np.array([0.5, 0.7, 0.8])}
    histories = [
        history("a", 0, **rising),
        history("a", 1, **rising),
        history("a", 2, 0.5),
        history("b", 0, 0.5),
        history("b", 1, **rising),
    ]
    rows = conclusions.reached(histories, 0.7).set_index("run")
    assert rows.loc["a"].tolist() == [3, 2, 2.0]
    assert rows.loc["b"].tolist() == [2, 1, np.inf]


@pytest.mark.parametrize(
    ("finals_", "accuracy"), [((0.71, 0.70, 0.30), 0.70), ((0.649,), 0.60), ((0.70, 0.80), 0.80)]
)
def test_the_accuracy_that_half_of_all_seeds_reach(finals_, accuracy):
    histories = [history("a", seed, final) for seed, final in enumerate(finals_)]
    assert conclusions.accuracy_of_half(histories) == pytest.approx(accuracy)


def test_the_error_of_seeds_and_of_images():
    histories = finals(a=A)
    for one in histories:
        got_right(one, np.arange(2000) < 1400)
    row = conclusions.errors(histories).iloc[0]
    assert (row["n"], row["seeds"], row["share_of_images"]) == (3, pytest.approx(0), pytest.approx(1))
    assert row["images"] == pytest.approx(np.sqrt(0.7 * 0.3 / 2000))


def test_where_a_published_accuracy_lies_among_our_seeds():
    ours = finals(a=(0.70, 0.71, 0.72, 0.73))
    others = [elsewhere("a", 0.715), elsewhere("nowhere", 0.7), elsewhere("a", 0.5, epoch=4)]
    [row] = conclusions.beside(ours, others).to_dict("records")
    assert (row["run"], row["n"], row["percentile"]) == ("a", 4, 50.0)
    assert (row["lowest"], row["highest"]) == (0.70, 0.73)


def test_an_accuracy_in_float32_is_a_tie_with_the_same_one_in_four_digits():
    ours = [history("a", seed, np.float32(0.705)) for seed in range(2)]
    [row] = conclusions.beside(ours, [elsewhere("a", 0.705)]).to_dict("records")
    assert row["percentile"] == 50.0


def test_a_published_accuracy_above_all_our_seeds_is_no_wonder_where_they_are_few():
    [row] = conclusions.beside(finals(a=A), [elsewhere("a", 0.9)]).to_dict("records")
    assert (row["percentile"], row["outside"], row["chance"]) == (100.0, None, 0.5)


@pytest.mark.parametrize(("value", "outside"), [(0.699, True), (0.7095, False), (0.72, True)])
def test_what_lies_beyond_all_of_many_seeds_is_outside_their_central_part(value, outside):
    ours = finals(a=[0.7 + 0.0005 * seed for seed in range(40)])
    [row] = conclusions.beside(ours, [elsewhere("a", value)]).to_dict("records")
    assert row["outside"] is outside


def test_seeds_that_ended_before_what_is_published_are_left_out_and_that_is_said():
    ours = [history("a", 0), history("a", 1), history("a", 2, epochs=2), history("a", 3, epochs=2)]
    others = [elsewhere("a", 0.6)]
    [row] = conclusions.beside(ours, others).to_dict("records")
    assert row["n"] == 2
    assert conclusions.ended_before(ours, others) == [
        "a of published: our seeds 2-3 ended before its epoch 3"
    ]
    assert conclusions.ended_before(ours[:2], others) == []


def test_a_published_accuracy_that_our_images_can_not_give_is_taken_as_it_is():
    few = DATA.model_copy(update={"validation_images": 3})
    ours = [history("a", seed, share, data=few) for seed, share in enumerate((2 / 3, 2 / 3, 1 / 3))]
    [row] = conclusions.beside(ours, [elsewhere("a", 0.70)]).to_dict("records")
    assert row["percentile"] == 100.0
    [row] = conclusions.beside(ours, [elsewhere("a", 0.6667)]).to_dict("records")  # in four digits, a tie
    assert row["percentile"] == pytest.approx(100 * (1 + 2 / 2) / 3)


def test_histories_from_elsewhere_that_can_not_be_compared_are_named():
    others = [
        elsewhere("a", 0.7),
        elsewhere("nowhere", 0.7),
        elsewhere("a", 0.7, epoch=4),
        elsewhere("a", np.nan),
    ]
    assert conclusions.without_counterpart(finals(a=A), others) == [
        "nowhere of published: no run of ours has that name",
        "a of published: has 4 epochs, ours 3",
        "a of published: its last epoch has no validation accuracy",
    ]


def test_a_seed_that_diverged_guesses_from_then_on():
    diverged = history("a", 1, 0.7, status="diverged", epochs=3)
    table = conclusions.estimated([history("a", 0), diverged]).set_index("metric")
    assert table.loc["val_final_accuracy", "mean"] == pytest.approx((0.7 + 0.5) / 2)
    assert table.loc["val_best_accuracy", "mean"] == pytest.approx(0.7)
    assert (table.loc["val_mean_accuracy", "mean"], table.loc["val_best_epoch", "n"]) == (
        pytest.approx(0.675),
        1,
    )


def test_an_accuracy_in_float32_is_reached_when_it_is_just_that():
    histories = [history("a", 0, np.float32(0.7))]
    assert conclusions.accuracy_of_half(histories) == 0.7
    assert conclusions.reached(histories, 0.7)["reached"].tolist() == [1]


def test_what_takes_more_epochs_than_there_are_is_left_out():
    long = [history("a", seed, epochs=20) for seed in range(2)]
    assert {"val_last_ten_accuracy", "late_gain", "gap"} <= set(conclusions.estimated(long)["metric"])
    named = set(conclusions.estimated([*long, history("b", 0, epochs=9)])["metric"])
    assert named & {"val_last_ten_accuracy", "late_gain", "gap"} == set()
