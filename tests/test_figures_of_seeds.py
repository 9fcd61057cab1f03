"""Figures with a point and an interval a run: what their artists hold."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from drawn import (
    DATA,
    EIGHT,
    HELD_OUT,
    STAND_IN,
    assert_words_are_apart_and_inside,
    boxes,
    history,
    names,
    panel_lines,
    suite,
    words,
)
from histories import got_right
from matplotlib.backends.backend_agg import FigureCanvasAgg

from cifar_lr import conclusions
from cifar_lr.drawing import LOOKS
from cifar_lr.figures import draw_all


def at_rate(rate, run=None, seed=0, *, optimizer="SGD", settings="", epochs=6, **changes):
    """A history of a constant rate, with the configuration that says so."""
    rows = 2 if changes.get("status") == "diverged" else epochs
    one = history(run or f"{optimizer.lower()}_{rate:g}", seed, rows, asked=epochs, **changes)
    one.columns["learning_rate"][:] = rate
    text = (
        f"optimizer:\n  class_name: {optimizer}\n  config:\n    learning_rate: {rate!r}\n{settings}"
        f"epochs: {epochs}\n"
    )
    return replace(one, config=text)


RATES = (0.001, 0.01, 0.1, 1.0)


def test_final_accuracy_is_drawn_over_rates():
    histories = [at_rate(rate, seed=seed) for rate in reversed(RATES) for seed in (0, 1, 2)]
    figure = draw_all(histories)["accuracy_against_rate"]
    axes = figure.axes[0]
    finals = {
        rate: [one["val_accuracy"][-1] for one in histories if one["learning_rate"][0] == rate]
        for rate in RATES
    }
    lines = panel_lines(axes)
    assert lines["SGD"].get_xdata().tolist() == list(RATES)
    assert lines["SGD"].get_ydata() == pytest.approx([sum(finals[rate]) / 3 for rate in RATES])
    bars = [line for line in axes.lines if line.get_label() == "_interval"]
    for bar, rate in zip(bars, RATES, strict=True):
        half = 4.302653 * np.std(finals[rate], ddof=1) / np.sqrt(3)  # t with 2 degrees of freedom
        assert set(bar.get_xdata()) == {rate}
        assert bar.get_ydata() == pytest.approx(np.mean(finals[rate]) + np.array([-half, half]))
    points = set(zip(lines["_seeds"].get_xdata(), lines["_seeds"].get_ydata(), strict=True))
    assert points == {(rate, value) for rate in RATES for value in finals[rate]}
    assert lines["_seeds"].get_alpha() < 1
    assert set(lines["chance"].get_ydata()) == {0.5}
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0.001", "0.01", "0.1", "1"]
    assert {text.get_text() for text in names(figure)} == {"SGD", "chance"}
    assert words(figure).startswith("SGD: final validation accuracy against learning rate CIFAR-10")
    assert (
        "Done: seeds 0-2 (3 of 3). Line: mean over the seeds; bars: its 95% interval (Student's t); dots: "
        "single seeds. Validation on 2,000 test images. Chance: 1 of 2 classes."
    ) in words(figure)
    assert_words_are_apart_and_inside(figure)


def test_a_single_seed_of_a_rate_is_its_mean():
    histories = [at_rate(rate) for rate in RATES]
    lines = panel_lines(draw_all(histories)["accuracy_against_rate"].axes[0])
    assert not {"_seeds", "_interval"} & lines.keys()
    assert lines["SGD"].get_ydata().tolist() == [one["val_accuracy"][-1] for one in histories]


def test_rates_on_held_out_images_say_it_once():
    said = words(draw_all([at_rate(rate, data=HELD_OUT) for rate in RATES])["accuracy_against_rate"])
    assert said.count("alidation on") == 1
    assert "validation on 2,000 images held out from training" in said


def test_chance_is_one_of_the_classes():
    ten = DATA.model_copy(update={"classes": tuple("abcdefghij")})
    figure = draw_all([at_rate(rate, data=ten) for rate in RATES])["accuracy_against_rate"]
    assert set(panel_lines(figure.axes[0])["chance"].get_ydata()) == {0.1}
    assert figure.axes[0].get_ylim()[0] < 0.1


def test_diverged_rates_are_crosses_below_everything_and_count_as_guessing():
    histories = [at_rate(rate, seed=seed) for rate in RATES for seed in (0, 1) if (rate, seed) != (0.1, 1)]
    lost = {"status": "diverged", "stopped_at_update": 3}
    histories += [at_rate(rate, seed=seed, **lost) for rate, seed in ((0.1, 1), (0.3, 0), (0.3, 1))]
    figure = draw_all(histories)["accuracy_against_rate"]
    lines = panel_lines(figure.axes[0])
    assert lines["SGD"].get_xdata().tolist() == [0.001, 0.01, 0.1, 0.3, 1.0]
    there = next(one for one in histories if (one.run, one.seed) == ("sgd_0.1", 0))["val_accuracy"][-1]
    assert lines["SGD"].get_ydata()[2:4].tolist() == pytest.approx([(there + 0.5) / 2, 0.5])
    assert "Crosses: rates with a diverged seed, which counts as guessing." in words(figure)
    crosses = lines["SGD diverged"]
    assert crosses.get_xdata().tolist() == [0.1, 0.3]
    assert crosses.get_marker() == "x"
    FigureCanvasAgg(figure).draw()
    drawn = crosses.get_transform().transform(crosses.get_xydata())[:, 1]
    lowest = lines["chance"].get_transform().transform((0, 0.5))[1]
    assert (drawn < lowest - 5).all()
    assert min(figure.axes[0].get_yticks()) >= lines["_strip"].get_ydata()[0]
    assert "diverged" in {text.get_text() for text in names(figure)}
    assert "sgd_0.3: 0 of 2 seeds done; seeds 0-1 diverged at update 3" in words(figure)
    assert "sgd_0.1: 1 of 2 seeds done; seed 1 diverged at update 3" in words(figure)
    assert_words_are_apart_and_inside(figure)


def test_optimizers_have_a_line_each_with_its_name():
    every = ("SGD", "Adam", "Keras2RMSprop")
    histories = [at_rate(rate, optimizer=optimizer) for optimizer in every for rate in RATES]
    histories += [at_rate(0.3, optimizer=name, status="diverged", stopped_at_update=9) for name in every]
    figure = draw_all(histories)["accuracy_against_rate"]
    lines = panel_lines(figure.axes[0])
    assert words(figure).startswith("Final validation accuracy against learning rate")
    assert {text.get_text() for text in names(figure)} == {*every, "chance", "diverged"}
    colours = {name: lines[name].get_color() for name in every}
    assert colours == {
        "SGD": LOOKS["constant"].colour,
        "Adam": LOOKS["adam"].colour,
        "Keras2RMSprop": LOOKS["rmsprop"].colour,
    }
    assert all(lines[f"{name} diverged"].get_color() == colour for name, colour in colours.items())
    heights = [lines[f"{name} diverged"].get_ydata()[0] for name in every]
    assert heights == sorted(heights, reverse=True)
    assert_words_are_apart_and_inside(figure)


def test_two_sweeps_of_one_optimizer_look_different():
    histories = [
        at_rate(rate, f"sgd_{rate:g}_{momentum}", settings=f"    momentum: {momentum}\n")
        for momentum in (0.0, 0.9)
        for rate in RATES
    ]
    lines = panel_lines(draw_all(histories)["accuracy_against_rate"].axes[0])
    none, some = lines["SGD, momentum=0.0"], lines["SGD, momentum=0.9"]
    assert none.get_color() == LOOKS["constant"].colour
    assert some.get_color() != none.get_color()


@pytest.mark.parametrize("rates", [np.geomspace(1e-5, 1.0, 11), np.geomspace(0.1, 0.9, 60)])
def test_the_numbers_of_many_rates_do_not_touch(rates):
    axes = draw_all([at_rate(float(f"{rate:.3g}")) for rate in rates])["accuracy_against_rate"].axes[0]
    FigureCanvasAgg(axes.figure).draw()
    extents = [text.get_window_extent() for text in axes.get_xticklabels() if text.get_text()]
    assert len(axes.get_xticks()) == len(rates)
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(extents))
    assert all(extent.y0 > axes.xaxis.label.get_window_extent().y1 for extent in extents)
    assert_words_are_apart_and_inside(axes.figure)


def test_fewer_than_three_rates_are_no_sweep():
    lost = at_rate(0.1, status="diverged", stopped_at_update=3)
    assert "accuracy_against_rate" not in draw_all([at_rate(0.001), at_rate(0.01), lost])


def test_stand_in_rates_say_so():
    figure = draw_all([at_rate(rate, data=STAND_IN) for rate in RATES])["accuracy_against_rate"]
    assert "STAND-IN DATA" in words(figure)
    assert "STAND-IN" in [text.get_text() for text in figure.axes[0].texts]


def finals_of(histories):
    """Final validation accuracies by run and seed, of finished seeds."""
    found = {}
    for one in histories:
        if one.done:
            found.setdefault(one.run, {})[one.seed] = one["val_accuracy"][-1]
    return found


def rows_of(figure):
    """The artists of each row, from the top: its name, its point, bar and dots, and its words."""
    axes = figure.axes[0]
    rows = {}
    written = {text.get_position()[1]: text.get_text() for text in names(figure)}
    for place, tick in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        row = {"words": written[place]}
        for line in axes.lines:
            below = np.array(line.get_ydata()) - place
            if line.get_label() == "_seeds" and 0 < below[0] < 0.2:
                row["dots"] = line
            elif not line.get_label().startswith("_") and below[0] == 0:
                row["point"] = line
            elif line.get_label() == "_interval" and not below.any():
                row["bar"] = line
        rows[tick.get_text()] = row
    return rows


STUDENT = {2: 12.706205, 3: 4.302653, 4: 3.182446, 6: 2.570582}  # from a printed table, by seeds


def assert_shows(row, values):
    """That a row's point, bar and dots are what these numbers come to."""
    n, mean = len(values), sum(values) / len(values)
    half = STUDENT[n] * np.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1) / n)
    assert row["point"].get_xdata() == pytest.approx([mean])
    assert row["bar"].get_xdata() == pytest.approx([mean - half, mean + half])
    assert sorted(row["dots"].get_xdata()) == pytest.approx(sorted(values))
    assert row["dots"].get_alpha() < 0.5
    return mean, half


def test_final_accuracies_are_means_with_intervals_and_seeds_by_mean():
    histories = suite(seeds=range(6))
    figure = draw_all(histories)["final_accuracies"]
    finals = finals_of(histories)
    means = {run: np.mean(list(by_seed.values())) for run, by_seed in finals.items()}
    ordered = sorted(means, key=means.get, reverse=True)
    rows = rows_of(figure)
    assert list(rows) == [LOOKS[run].label for run in ordered]
    for run in ordered:
        row = rows[LOOKS[run].label]
        mean, half = assert_shows(row, list(finals[run].values()))
        assert row["words"] == f"{mean:.4f} ± {half:.4f}"
        assert (row["point"].get_color(), row["point"].get_marker()) == (LOOKS[run].colour, LOOKS[run].marker)
    assert words(figure) == (
        "The 8 runs: final validation accuracy CIFAR-10 (cat, dog): 10,000 training, 2,000 validation images. "
        "Network: article. 20 epochs. Done: seeds 0-5 (6 of 6). Point: mean over the seeds; bar and ±: its 95% "
        "interval (Student's t); dots: single seeds."
    )
    assert_words_are_apart_and_inside(figure)


def test_rows_say_what_became_of_seeds():
    histories = suite(["constant", "step"], seeds=range(6))[:-2]
    histories += [
        history("lost", seed, 3, asked=20, status="diverged", stopped_at_update=9) for seed in range(3)
    ]
    histories += [history("lost", 3, 3, status="failed", reason="no memory"), history("lost", 4)]
    histories += [history("gone", 0, 3, status="running")]
    figure = draw_all(histories)["final_accuracies"]
    rows = rows_of(figure)
    assert list(rows)[-1] == "gone"
    assert rows["gone"] == {"words": "0 of 6 seeds: 1 unfinished, 5 missing"}
    assert rows["lost"]["words"].endswith("; 4 of 6 seeds: 3 diverged, 1 failed, 1 missing")
    assert_shows(rows["lost"], [0.5, 0.5, 0.5, histories[-2]["val_accuracy"][-1]])
    assert "A seed that diverged counts as guessing." in words(figure)
    assert rows["Step"]["words"].endswith("; 4 of 6 seeds: 2 missing")
    assert ";" not in rows["Constant"]["words"]
    assert "lost: 1 of 5 seeds done; seeds 0-2 diverged at update 9; seed 3 failed: no memory" in words(
        figure
    )
    assert_words_are_apart_and_inside(figure)


def test_chance_is_a_line_where_the_axis_has_it():
    histories = suite(["constant", "step"], seeds=range(3))
    far = draw_all(histories)["final_accuracies"]
    histories[0].columns["val_accuracy"][-1] = 0.5
    near = draw_all(histories)["final_accuracies"]
    assert "chance" not in {text.get_text() for text in names(far)}
    assert "Chance" not in words(far)
    assert "chance" in {text.get_text() for text in names(near)}
    (line,) = (line for line in near.axes[0].lines if line.get_label() == "_chance")
    assert set(line.get_xdata()) == {0.5}
    assert "Chance: 1 of 2 classes" in words(near)
    assert_words_are_apart_and_inside(near)


def test_seeds_that_end_alike_lie_below_each_other():
    histories = suite(["constant", "step"], seeds=range(12))
    for one in histories[:12]:
        one.columns["val_accuracy"][-1] = 0.5
    figure = draw_all(histories)["final_accuracies"]
    assert len(set(rows_of(figure)["Constant"]["dots"].get_ydata())) == 12
    assert_words_are_apart_and_inside(figure)


def test_an_interval_that_would_hide_the_seeds_is_cut_off():
    histories = suite(["constant", "step"], seeds=(0, 1))
    for one, final in zip(histories, (0.60, 0.70, 0.64, 0.66), strict=True):
        one.columns["val_accuracy"][-1] = final
    drawn = draw_all(histories)  # 0.65 with an interval of 1.27, as wide as Student's t of two seeds makes it
    axes = drawn["final_accuracies"].axes[0]
    assert axes.get_xlim() == (pytest.approx(0.48), pytest.approx(0.82))
    for stem in ("final_accuracies", "differences"):
        assert "Intervals that reach beyond the axis are cut off" in words(drawn[stem])
    assert "cut off" not in words(draw_all(suite(["constant", "step"], seeds=range(6)))["differences"])


@pytest.mark.parametrize(("seeds", "there"), [((0,), False), ((0, 1), True)])
def test_final_accuracies_need_two_seeds_of_a_run(seeds, there):
    assert ("final_accuracies" in draw_all([history(seed=seed) for seed in seeds])) is there


def test_differences_are_paired_by_seed_with_the_constant_rate():
    histories = suite(seeds=range(6))
    figure = draw_all(histories)["differences"]
    finals = finals_of(histories)
    rows = rows_of(figure)
    differences = {
        run: [100 * (finals[run][seed] - finals["constant"][seed]) for seed in range(6)]
        for run in EIGHT
        if run != "constant"
    }
    ordered = sorted(differences, key=lambda run: sum(differences[run]), reverse=True)
    assert list(rows) == [LOOKS[run].label for run in ordered]
    for run in ordered:
        mean, half = assert_shows(rows[LOOKS[run].label], differences[run])
        assert rows[LOOKS[run].label]["words"] == f"{mean:+.2f} ± {half:.2f}".replace("-", "\N{MINUS SIGN}")
    (zero,) = (line for line in figure.axes[0].lines if line.get_label() == "_Constant")
    assert set(zero.get_xdata()) == {0.0}
    assert figure.axes[0].get_xlim()[0] < 0 < figure.axes[0].get_xlim()[1]
    assert words(figure) == (
        "Final validation accuracy compared with Constant CIFAR-10 (cat, dog): 10,000 training, 2,000 "
        "validation images. Network: article. 20 epochs. Done: seeds 0-5 (6 of 6). Point: mean over the "
        "seeds; bar and ±: its 95% interval (Student's t), not adjusted for the number of runs; dots: single seeds. "
        "Paired by seed: each run's final validation accuracy less that of Constant with the same seed."
    )
    assert_words_are_apart_and_inside(figure)


def test_differences_are_those_of_the_table_of_pairs():
    histories = suite(seeds=range(4))
    rows = rows_of(draw_all(histories)["differences"])
    for one in histories:
        got_right(one, None)  # nothing is on disk
    table = conclusions.pairs(histories)
    against = table[table["first"] == "constant"].set_index("second")
    assert len(against) == len(rows)
    for run, pair in against.iterrows():
        row = rows[LOOKS[run].label]
        assert row["point"].get_xdata() == pytest.approx([-100 * pair["difference"]])
        assert row["bar"].get_xdata() == pytest.approx([-100 * pair["high"], -100 * pair["low"]])


def test_without_a_constant_rate_the_best_run_is_the_baseline():
    histories = suite(["b", "a", "c"], seeds=range(3))
    for one in histories:
        one.columns["val_accuracy"][-1] += 0.1 * (one.run == "a")
    figure = draw_all(histories)["differences"]
    assert set(rows_of(figure)) == {"b", "c"}
    assert words(figure).startswith("Final validation accuracy compared with a ")
    assert (
        "less that of a with the same seed, which has the highest mean, so that chance favours it."
        in words(figure)
    )


def test_differences_are_over_the_seeds_that_both_runs_have():
    histories = suite(["constant"], seeds=range(4)) + suite(["step"], seeds=(2, 3, 4, 5))
    histories += suite(["adam"], seeds=(3, 4)) + suite(["adagrad"], seeds=range(4))
    figure = draw_all(histories)["differences"]
    finals = finals_of(histories)
    rows = rows_of(figure)
    assert set(rows) == {"Step", "Adagrad"}
    assert_shows(rows["Step"], [100 * (finals["step"][seed] - finals["constant"][seed]) for seed in (2, 3)])
    assert rows["Step"]["words"].endswith("; 2 seeds in common")
    assert rows["Adagrad"]["words"].endswith("; 4 seeds in common")  # of six
    assert "Fewer than 2 seeds in common with it: adam" in words(figure)
    assert_words_are_apart_and_inside(figure)


def test_differences_need_two_runs_with_two_seeds_in_common():
    assert "differences" not in draw_all(suite(["step"], seeds=range(3)))
    apart = suite(["constant"], seeds=(0, 1)) + suite(["step"], seeds=(1, 2))
    assert "differences" not in draw_all(apart)


def test_rows_of_stand_in_data_say_so():
    drawn = draw_all(suite(("constant", "step"), data=STAND_IN, seeds=(0, 1)))
    for stem in ("final_accuracies", "differences"):
        assert "STAND-IN DATA: generated images, not CIFAR-10" in words(drawn[stem])
        (mark,) = (text for text in drawn[stem].axes[0].texts if text.get_text() == "STAND-IN")
        (extent,) = boxes(drawn[stem], [mark])
        assert extent.height <= drawn[stem].axes[0].bbox.height
        assert_words_are_apart_and_inside(drawn[stem])


def test_a_baseline_has_room_for_its_name():
    histories = suite(["W" * 60, "step", "adam"], seeds=(0, 1))
    for one in histories:
        one.columns["val_accuracy"][-1] += 0.15 * (one.run[0] == "W")
    figure = draw_all(histories)["differences"]
    assert "W" * 9 + "…" + "W" * 10 in words(figure)
    assert_words_are_apart_and_inside(figure)


def test_names_of_chances_that_are_near_each_other_do_not_touch():
    classes = {number: tuple("abcdefghijkl"[:number]) for number in (10, 12)}
    histories = [
        history(run, seed, data=DATA.model_copy(update={"classes": classes[number], "fingerprint": run}))
        for run, number in (("constant", 10), ("step", 12))
        for seed in (0, 1)
    ]
    histories[0].columns["val_accuracy"][-1] = 0.05
    figure = draw_all(histories)["final_accuracies"]
    assert {"chance, 10 classes", "chance, 12 classes"} <= {text.get_text() for text in names(figure)}
    assert_words_are_apart_and_inside(figure)


def test_rows_have_room_for_names_of_any_length():
    histories = suite(["constant", "W" * 60, "$\\frac{1$ \x07"], seeds=(0, 1), epochs=2)
    drawn = draw_all(histories)
    for stem in ("final_accuracies", "differences"):
        assert "$\\frac{1$" in rows_of(drawn[stem])
        assert_words_are_apart_and_inside(drawn[stem])
