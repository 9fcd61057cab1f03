"""Figures over epochs and updates: what their artists hold."""

from dataclasses import replace

import numpy as np
import pytest
from drawn import (
    EIGHT,
    MANY,
    PAIR_OF,
    STAND_IN,
    assert_words_are_apart_and_inside,
    curves,
    history,
    median_of,
    panel_lines,
    published,
    published_lines,
    ranked,
    suite,
    words,
)
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection

from cifar_lr.drawing import LOOKS, save
from cifar_lr.figures import ADAPTIVE, SCHEDULES, draw_all


@pytest.mark.parametrize(("run", "stem"), PAIR_OF.items())
def test_a_run_of_the_article_shows_training_and_validation(run, stem):
    one = history(run)
    training, validation = curves(draw_all([one])[stem]).values()
    assert training.get_xdata().tolist() == list(range(1, 21))
    assert training.get_ydata().tolist() == one["accuracy"].tolist()
    assert validation.get_ydata().tolist() == one["val_accuracy"].tolist()
    assert training.get_label() == f"Training {one['accuracy'][-1]:.4f}"
    assert validation.get_label() == f"Validation {one['val_accuracy'][-1]:.4f}"


def test_training_and_validation_differ_by_more_than_colour():
    training, validation = curves(draw_all([history()])["fig3a_step"]).values()
    assert training.get_color() == validation.get_color()
    assert training.get_linestyle() != validation.get_linestyle()
    assert training.get_linewidth() < validation.get_linewidth()


def test_a_rate_that_stays_between_drops_is_drawn_in_steps():
    one = history()
    (line,) = curves(draw_all([one])["fig3b_step_rate"]).values()
    assert line.get_ydata().tolist() == one["learning_rate"].tolist()
    assert line.get_drawstyle() == "steps-post"
    assert line.get_label() == "0.1 to 0.0125"


def test_a_rate_that_always_falls_is_drawn_as_a_slope():
    one = history("exponential")
    one.columns["learning_rate"] = 0.1 * np.exp(-0.1 * np.arange(20))
    (line,) = curves(draw_all([one])["fig4b_exponential_rate"]).values()
    assert line.get_drawstyle() == "default"


def test_rates_are_drawn_from_zero():
    assert draw_all([history()])["fig3b_step_rate"].axes[0].get_ylim()[0] == 0


@pytest.mark.parametrize(
    ("stem", "runs"), [("fig5_schedules", SCHEDULES), ("fig6_adaptive", ADAPTIVE), ("fig7_all", EIGHT)]
)
def test_a_comparison_shows_validation_accuracy(eight, stem, runs):
    lines = list(curves(eight[stem]).values())
    expected = {one.run: one["val_accuracy"].tolist() for one in suite()}
    assert [line.get_ydata().tolist() for line in lines] == [expected[run] for run in runs]
    assert [line.get_label().split()[0] for line in lines] == [LOOKS[run].label for run in runs]


def test_accuracy_axes_are_the_same_so_that_figures_compare(eight):
    assert len({eight[stem].axes[0].get_ylim() for stem in PAIR_OF.values()}) == 1
    comparisons = ("fig5_schedules", "fig6_adaptive", "fig7_all")
    assert len({eight[stem].axes[0].get_ylim() for stem in comparisons}) == 1


@pytest.mark.parametrize("epochs", [1, 2, 13, 1000])
def test_nothing_lies_outside_the_axes(epochs):
    for figure in draw_all(suite(["step", "adam"], epochs=epochs)).values():
        low, high = figure.axes[0].get_ylim()
        left, right = figure.axes[0].get_xlim()
        for line in curves(figure).values():
            assert left < line.get_xdata()[0] <= line.get_xdata()[-1] < right
            assert low <= min(line.get_ydata()) <= max(line.get_ydata()) <= high


@pytest.mark.parametrize(
    ("epochs", "ticks"),
    [
        (1, [1]),
        (2, [1, 2]),
        (5, [1, 2, 3, 4, 5]),
        (10, [1, 2, 4, 6, 8, 10]),
        (100, [1, 20, 40, 60, 80, 100]),
    ],
)
def test_epochs_are_counted_from_one(epochs, ticks):
    assert draw_all([history(epochs=epochs)])["fig3a_step"].axes[0].get_xticks().tolist() == ticks


def test_a_single_epoch_can_be_seen():
    for figure in draw_all(suite(epochs=1)).values():
        assert all(line.get_marker() not in ("", "None", "none") for line in curves(figure).values())


def test_a_title_says_what_is_seen(eight):
    assert words(eight["fig3b_step_rate"]).startswith("Step decay: learning rate at the start of each epoch")
    assert words(eight["fig5_schedules"]).startswith("The four schedules: validation accuracy")
    assert words(eight["fig7_all"]).startswith("The eight methods: validation accuracy")


def test_the_rates_of_a_few_runs_are_in_one_axes_from_zero():
    histories = suite(["step", "warmup"], seeds=(0, 1))
    histories[2].columns["learning_rate"] = np.linspace(0.0, 0.3, 20)
    histories[3].columns["learning_rate"] = np.linspace(0.0, 0.3, 20)
    axes = draw_all(histories)["learning_rates"].axes[0]
    step, warmup = (line for line in axes.lines if line.get_label() in {"Step", "warmup"})
    assert step.get_ydata().tolist() == histories[0]["learning_rate"].tolist()
    assert warmup.get_ydata().tolist() == histories[2]["learning_rate"].tolist()
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim() == (0, pytest.approx(0.3 * 1.05))


def rates_of(maxima):
    """One run for each highest rate, from which it falls to nothing."""
    histories = suite([f"run-{number:02}" for number in range(len(maxima))])
    for one, highest in zip(histories, maxima, strict=True):
        one.columns["learning_rate"] = highest * np.linspace(1.0, 0.0, 20)
    return histories


@pytest.mark.parametrize("number", [2, 13])
def test_rates_that_are_very_far_apart_have_a_logarithmic_axis(number):
    near, far = ([1e-4, highest] + [0.01] * (number - 2) for highest in (0.1, 0.11))
    linear, logarithmic = (draw_all(rates_of(maxima))["learning_rates"] for maxima in (near, far))
    assert {axes.get_yscale() for axes in linear.axes} == {"linear"}
    assert {axes.get_yscale() for axes in logarithmic.axes} == {"log"}
    low, high = logarithmic.axes[0].get_ylim()
    assert low < 1e-4
    assert high > 0.11
    assert "cut off" not in words(linear)
    assert "Rates below 1e-05 are cut off" in words(logarithmic)
    assert_words_are_apart_and_inside(logarithmic)


def test_a_rate_of_many_digits_leaves_room_for_the_axis_label():
    histories = rates_of([0.0003, 0.0002])
    FigureCanvasAgg(figure := draw_all(histories)["learning_rates"]).draw()
    axes = figure.axes[0]
    numbers = [label for label in axes.get_yticklabels() if label.get_text()]
    label = axes.yaxis.label.get_window_extent()
    assert "0.00025" in [number.get_text() for number in numbers]
    assert label.x0 >= 0
    assert all(label.x1 < number.get_window_extent().x0 for number in numbers)


def test_panels_are_ordered_by_final_accuracy_and_say_it(thirteen, many):
    titles = [axes.get_title(loc="left") for axes in many["comparison"].axes]
    finals = {run: median_of(thirteen, run, "val_accuracy")[-1] for run in MANY}
    for title, run in zip(titles, ranked(thirteen), strict=True):
        assert title.endswith(f" {finals[run]:.4f}")
        shown = title.removesuffix(f" {finals[run]:.4f}").split("…")
        assert run.startswith(shown[0])
        assert run.endswith(shown[-1])


@pytest.mark.parametrize(
    ("stem", "column"), [("comparison", "val_accuracy"), ("learning_rates", "learning_rate")]
)
def test_a_panel_shows_its_run_before_all_others(thirteen, many, stem, column):
    for axes, run in zip(many[stem].axes, ranked(thirteen), strict=True):
        lines = panel_lines(axes)
        own, others = lines[run], lines["_others"]
        assert own.get_ydata().tolist() == median_of(thirteen, run, column).tolist()
        assert own.get_zorder() > others.get_zorder()
        assert own.get_linewidth() > others.get_linewidth()
        drawn = others.get_ydata()[np.isfinite(others.get_ydata())]
        behind = np.concatenate([median_of(thirteen, other, column) for other in MANY if other != run])
        assert set(behind.tolist()) == set(drawn.tolist())
        assert np.count_nonzero(np.isnan(others.get_ydata())) == 12


def test_a_panel_has_its_seeds_behind_the_median(thirteen, many):
    axes = many["comparison"].axes[0]
    best = ranked(thirteen)[0]
    (seeds,) = (artist for artist in axes.collections if isinstance(artist, LineCollection))
    expected = [one["val_accuracy"].tolist() for one in thirteen if one.run == best]
    assert [segment[:, 1].tolist() for segment in seeds.get_segments()] == expected
    assert seeds.get_zorder() < panel_lines(axes)[best].get_zorder()


@pytest.mark.parametrize("stem", ["comparison", "learning_rates"])
def test_panels_share_their_axes_and_label_the_outer_ones(many, stem):
    every = many[stem].axes
    many[stem].draw_without_rendering()
    assert len({axes.get_ylim() for axes in every}) == 1
    assert len({axes.get_xlim() for axes in every}) == 1
    assert len({tuple(axes.get_yticks()) for axes in every}) == 1
    numbered = [any(tick.label1.get_visible() for tick in axes.yaxis.get_major_ticks()) for axes in every]
    assert numbered == [index % 4 == 0 for index in range(13)]
    lowest = [index >= 9 for index in range(13)]
    assert [axes.get_xlabel() == "Epoch" for axes in every] == lowest
    assert [axes.xaxis.get_major_ticks()[0].label1.get_visible() for axes in every] == lowest
    assert every[0].get_xticks().tolist() == [1, 5, 10, 15, 20]


@pytest.mark.parametrize("stem", ["comparison", "learning_rates"])
def test_a_figure_of_panels_has_a_caption_as_all_figures(many, stem):
    said = words(many[stem])
    assert (
        "CIFAR-10 (cat, dog): 10,000 training, 2,000 validation images. Network: article. 20 epochs." in said
    )
    drawn = {
        "comparison": "Bold: median over the seeds; thin: single seeds.",
        "learning_rates": "The same for every",
    }
    assert f"Done: seeds 0-1 (2 of 2). {drawn[stem]}" in said
    assert "Grey: the medians of all others." in said


def test_panels_name_what_is_not_finished(thirteen):
    diverged = history("lost", status="diverged", stopped_at_update=7)
    figure = draw_all([*thirteen, diverged])["comparison"]
    assert len(figure.axes) == 13
    assert words(figure).startswith("Validation accuracy 13 of the 14 runs: validation accuracy")
    assert "lost: 0 of 1 seed done; seed 0 diverged at update 7" in words(figure)


@pytest.mark.parametrize("stem", ["comparison", "learning_rates"])
def test_words_of_panels_neither_overlap_nor_leave_the_figure(many, stem):
    assert_words_are_apart_and_inside(many[stem])


def test_panels_of_stand_in_data_all_say_so():
    figure = draw_all(suite(MANY, data=STAND_IN, epochs=2))["comparison"]
    assert "STAND-IN DATA: generated images, not CIFAR-10" in words(figure)
    assert all("STAND-IN" in [text.get_text() for text in axes.texts] for axes in figure.axes)
    assert_words_are_apart_and_inside(figure)


def test_panels_of_a_single_epoch_can_be_seen():
    figure = draw_all(suite(MANY, epochs=1))["comparison"]
    for axes in figure.axes:
        assert all(line.get_marker() not in ("", "None", "none") for line in axes.lines)


def test_panels_have_room_for_names_of_any_length():
    names = [f"{'W' * 60}-{number}" for number in range(13)]
    figure = draw_all(suite(names, epochs=2))["comparison"]
    assert len({axes.get_title(loc="left") for axes in figure.axes}) == 13
    assert_words_are_apart_and_inside(figure)


def test_what_is_published_is_in_the_panel_of_its_run():
    figure = draw_all(suite(MANY), [published()])["comparison"]
    shown = {axes.get_title(loc="left").split()[0]: published_lines(axes) for axes in figure.axes}
    assert [run for run, lines in shown.items() if lines] == ["step"]
    assert "darker: article [step], from elsewhere" in words(figure)


def logged(folder, run="step", rate=0.1, losses=(), seed=0, **changes):
    """A history that has an `updates.csv` with these losses."""
    one = replace(history(run, seed, 2, **changes), folder=folder / run / f"seed-{seed}")
    one.folder.mkdir(parents=True)
    rates = np.broadcast_to(rate, len(losses))
    rows = [f"{n},{float(r)!r},{float(v)!r}" for n, (r, v) in enumerate(zip(rates, losses, strict=True), 1)]
    (one.folder / "updates.csv").write_text("\n".join(["update,learning_rate,loss", *rows, ""]))
    return one


def noisy(number, level=0.7, seed=0):
    return level + np.random.default_rng(seed).uniform(-0.1, 0.1, number)


def test_the_loss_is_drawn_over_updates(tmp_path):
    losses = noisy(157)
    figure = draw_all([logged(tmp_path, losses=losses)])["loss_by_update"]
    (axes,) = figure.axes
    lines = panel_lines(axes)
    assert lines["loss"].get_xdata().tolist() == list(range(1, 158))
    assert lines["loss"].get_ydata().tolist() == losses.tolist()
    assert lines["loss"].get_linewidth() < lines["moving mean"].get_linewidth()
    assert set(lines["chance"].get_ydata()) == {np.log(2)}
    assert "chance" in [text.get_text() for text in axes.texts]
    assert (axes.get_yscale(), axes.get_ylim()[0]) == ("linear", 0)
    assert axes.get_title(loc="left") == "Step, rate 0.1"
    assert "moving mean over 50 updates" in words(figure)
    assert "Shown, one seed a run: seed 0" in words(figure)
    assert_words_are_apart_and_inside(figure)


def test_the_moving_mean_is_over_fifty_updates_and_at_their_middle(tmp_path):
    losses = noisy(120)
    line = panel_lines(draw_all([logged(tmp_path, losses=losses)])["loss_by_update"].axes[0])["moving mean"]
    starts = range(120 - 50 + 1)
    assert line.get_ydata() == pytest.approx([losses[start : start + 50].mean() for start in starts])
    assert line.get_xdata() == pytest.approx([start + 25.5 for start in starts])


def test_fewer_than_fifty_updates_have_no_moving_mean(tmp_path):
    lines = panel_lines(draw_all([logged(tmp_path, losses=noisy(9))])["loss_by_update"].axes[0])
    assert len(lines["moving mean"].get_xdata()) == 0
    assert lines["loss"].get_marker() == "."


def test_runs_are_side_by_side_by_rate_with_one_loss_axis(tmp_path):
    rates = {"too_high": 1.0, "too_low": 1e-4, "right": 0.1, "decaying": np.linspace(0.5, 0.1, 60)}
    histories = [logged(tmp_path, run, rate, noisy(60)) for run, rate in rates.items()]
    histories.append(logged(tmp_path, "fifth", 2.0, noisy(60)))
    figure = draw_all(histories)["loss_by_update"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "too_low, rate 0.0001",
        "right, rate 0.1",
        "decaying, rate up to 0.5",
        "too_high, rate 1",
        "fifth, rate 2",
    ]
    tops = [axes.get_position().y1 for axes in figure.axes]
    assert len(set(tops[:4])) == 1
    assert tops[4] < tops[3]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    named = ["chance" in [text.get_text() for text in axes.texts] for axes in figure.axes]
    assert named == [False, False, False, True, True]
    assert_words_are_apart_and_inside(figure)


def test_losses_that_span_much_have_a_logarithmic_axis_that_ends_somewhere(tmp_path):
    near = [logged(tmp_path / "near", losses=[0.1, 4.9])]
    far = [logged(tmp_path / "far", losses=[0.1, 5.1, 1e30])]
    assert draw_all(near)["loss_by_update"].axes[0].get_yscale() == "linear"
    figure = draw_all(far)["loss_by_update"]
    assert figure.axes[0].get_yscale() == "log"
    assert figure.axes[0].get_ylim()[1] < 1e4
    assert "are cut off" in words(figure)


def test_a_diverged_run_shows_what_it_logged_and_says_where_it_ended(tmp_path):
    lost = {"status": "diverged", "stopped_at_update": 32}
    histories = [
        logged(tmp_path, "fine", 0.1, noisy(90)),
        logged(tmp_path, "lost", 1.0, np.geomspace(0.7, 1e6, 31), **lost),
        logged(tmp_path, "sudden", 2.0, [0.7] * 31, **lost),
    ]
    figure = draw_all(histories)["loss_by_update"]
    fine, *others = figure.axes
    assert "diverged" not in " ".join(text.get_text() for text in fine.texts)
    for axes in others:
        assert "diverged at update 32" in [text.get_text() for text in axes.texts]
        lines = panel_lines(axes)
        assert lines["loss"].get_xdata()[-1] == 31
        assert lines["_end"].get_xdata().tolist() == [31]
        assert axes.get_ylim()[0] <= lines["_end"].get_ydata()[0] <= axes.get_ylim()[1]
        assert axes.get_xlim()[1] < 40
    assert "Each panel ends with its run" in words(figure)
    assert "lost: 0 of 1 seed done; seed 0 diverged at update 32" in words(figure)
    assert_words_are_apart_and_inside(figure)


def test_the_lowest_seed_that_ended_is_shown(tmp_path):
    histories = [
        logged(tmp_path, losses=noisy(60, seed=2), seed=2),
        logged(tmp_path, losses=noisy(60, seed=0), seed=0, status="failed"),
        logged(tmp_path, losses=noisy(60, seed=1), seed=1),
    ]
    figure = draw_all(histories)["loss_by_update"]
    assert panel_lines(figure.axes[0])["loss"].get_ydata().tolist() == noisy(60, seed=1).tolist()
    assert "Shown, one seed a run: seed 1" in words(figure)


def test_runs_that_logged_nothing_are_left_out(tmp_path):
    assert "loss_by_update" not in draw_all([history()])
    assert "loss_by_update" not in draw_all([logged(tmp_path / "empty", losses=())])
    figure = draw_all([history("adam"), logged(tmp_path, losses=noisy(60))])["loss_by_update"]
    assert len(figure.axes) == 1


def test_losses_on_stand_in_data_say_so_in_every_panel(tmp_path):
    histories = [logged(tmp_path, run, losses=noisy(60), data=STAND_IN) for run in ("a", "b")]
    figure = draw_all(histories)["loss_by_update"]
    assert "STAND-IN DATA" in words(figure)
    assert all("STAND-IN" in [text.get_text() for text in axes.texts] for axes in figure.axes)


@pytest.mark.parametrize(
    ("run", "stem"),
    [
        ("a/b", "a_b"),
        ("../up", "up"),
        ("C:\\x", "C_x"),
        ("größe", "gr_e"),
        ("...", "run"),
        ("momentum=0.9", "momentum_0.9"),
    ],
)
def test_a_runs_name_never_leaves_the_folder(run, stem, tmp_path):
    paths = save(draw_all([history(run)]), tmp_path / "figures", ["svg"])
    assert [path.name for path in paths] == [f"{stem}_accuracy.svg", f"{stem}_learning_rate.svg"]
    assert sorted(tmp_path.rglob("*.svg")) == paths
