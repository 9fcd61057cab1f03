"""Lines over epochs: the median, its band, the seeds behind it, and what others published."""

import matplotlib as mpl
import numpy as np
import pytest
from drawn import (
    STAND_IN,
    assert_words_are_apart_and_inside,
    curves,
    history,
    names,
    points,
    published,
    published_lines,
    seed_lines,
    suite,
    words,
)

from cifar_lr.figures import ADAPTIVE, draw_all


def bands(axes):
    return [artist for artist in axes.collections if artist.get_label() == "_band"]


def ends_of(band):
    """A band's lower and upper end by epoch, from its outline."""
    (outline,) = band.get_paths()
    found = {}
    for epoch, value in outline.vertices:
        found.setdefault(epoch, set()).add(value)
    return {epoch: (min(values), max(values)) for epoch, values in found.items()}


def test_several_seeds_are_a_median_with_every_seed_behind_it():
    histories = [history(seed=seed) for seed in (0, 1, 2)]
    figure = draw_all(histories)["fig3a_step"]
    stacked = np.stack([one["val_accuracy"] for one in histories])
    line = list(curves(figure).values())[1]
    assert line.get_ydata().tolist() == np.sort(stacked, axis=0)[1].tolist()
    behind = seed_lines(figure)[1]
    assert [segment[:, 1].tolist() for segment in behind.get_segments()] == stacked.tolist()
    assert behind.get_zorder() < line.get_zorder()
    assert behind.get_linewidth()[0] < line.get_linewidth()
    assert "Bold: median over the seeds; thin: single seeds" in words(figure)


@pytest.mark.parametrize(("number", "k"), [(6, 1), (12, 3), (30, 10)])
def test_enough_seeds_have_a_band_between_two_order_statistics(number, k):
    histories = [history(seed=seed) for seed in range(number)]
    figure = draw_all(histories)["fig3a_step"]
    found = bands(figure.axes[0])
    for column, band, line in zip(("accuracy", "val_accuracy"), found, curves(figure).values(), strict=True):
        ordered = np.sort([one[column] for one in histories], axis=0)
        expected = {epoch: (ordered[k - 1, epoch - 1], ordered[-k, epoch - 1]) for epoch in range(1, 21)}
        assert ends_of(band) == expected
        assert band.get_zorder() < line.get_zorder()
        assert band.get_alpha() < 0.5
        assert line.get_ydata().tolist() == np.median(ordered, axis=0).tolist()
    assert (
        f"Done: seeds 0-{number - 1} ({number} of {number}). Bold: median over the seeds; band: its 95% "
        "interval at each epoch, from order statistics; thin: single seeds."
    ) in words(figure)


def test_five_seeds_have_no_band():
    drawn = draw_all(suite(seeds=range(5)))
    assert not any(bands(figure.axes[0]) for figure in drawn.values())
    assert "band" not in words(drawn["fig3a_step"])


def test_a_diverged_seed_does_not_count_towards_a_band():
    histories = [history(seed=seed) for seed in range(5)]
    histories += [history(seed=5, epochs=3, asked=20, status="diverged", stopped_at_update=9)]
    assert bands(draw_all(histories)["fig3a_step"].axes[0]) == []


def test_many_single_seeds_are_fainter_than_few():
    few, many = (
        seed_lines(draw_all([history(seed=seed) for seed in range(number)])["fig3a_step"])[0]
        for number in (6, 30)
    )
    assert len(many.get_segments()) == 30
    assert many.get_alpha() <= few.get_alpha() / 4


@pytest.mark.parametrize("stem", ["fig5_schedules", "fig6_adaptive", "fig7_all"])
def test_a_comparison_has_bands_instead_of_single_seeds(stem):
    figure = draw_all(suite(seeds=range(6)))[stem]
    assert len(bands(figure.axes[0])) == len(curves(figure))
    assert seed_lines(figure) == []
    assert "thin" not in words(figure)
    assert "band: its 95% interval at each epoch, from order statistics." in words(figure)


def test_a_comparison_of_few_and_many_seeds_says_where_there_are_bands():
    histories = [*suite(["constant"], seeds=range(6)), *suite(["step"], seeds=range(3))]
    figure = draw_all(histories)["fig5_schedules"]
    assert len(bands(figure.axes[0])) == 1
    assert len(seed_lines(figure)) == 1
    assert "order statistics where seeds are enough for one; thin: single seeds where there is no band" in (
        words(figure)
    )


def test_the_axis_of_comparisons_leaves_out_seeds_that_they_do_not_show():
    histories = suite(["constant", "step"], seeds=range(12))
    histories[0].columns["val_accuracy"][:] = 0.1  # below the third of twelve
    drawn = draw_all(histories)
    assert drawn["fig5_schedules"].axes[0].get_ylim()[0] > 0.4
    assert drawn["fig1_constant"].axes[0].get_ylim()[0] < 0.1


def test_rates_that_all_seeds_share_have_no_band_to_speak_of():
    figure = draw_all([history(seed=seed) for seed in range(6)])["fig3b_step_rate"]
    assert "band" not in words(figure)


def test_a_band_of_rates_moves_in_steps_too():
    histories = [history(seed=seed, epochs=6) for seed in range(6)]
    for number, one in enumerate(histories):
        one.columns["learning_rate"] = one["learning_rate"] * (1 + number)
    figure = draw_all(histories)["fig3b_step_rate"]
    ends = ends_of(bands(figure.axes[0])[0])
    assert ends[5] == pytest.approx((0.1, 0.6))
    assert ends[6] == pytest.approx((0.05, 0.6))  # the outline goes down at the last epoch


def test_single_seeds_of_a_rate_move_in_steps_too():
    histories = [history(seed=0, epochs=6), history(seed=1, epochs=6), history(seed=2, epochs=6)]
    histories[2].columns["learning_rate"][1] = 0.09  # as a callback would
    figure = draw_all(histories)["fig3b_step_rate"]
    for segment in seed_lines(figure)[0].get_segments():
        assert segment[-3:].tolist() == [[5, 0.1], [6, 0.1], [6, 0.05]]


def test_a_rate_that_all_seeds_have_is_drawn_once_and_that_is_said():
    figure = draw_all([history(seed=seed) for seed in range(6)])["fig3b_step_rate"]
    assert seed_lines(figure) == []
    assert bands(figure.axes[0]) == []
    assert "Done: seeds 0-5 (6 of 6). The same for every seed." in words(figure)


def test_one_seed_is_drawn_once():
    figure = draw_all([history()])["fig3a_step"]
    assert seed_lines(figure) == []
    assert "median" not in words(figure)


def test_what_is_published_lies_over_the_band_of_its_run():
    histories, other = suite(seeds=range(6)), published()
    drawn = draw_all(histories, [other])
    axes = drawn["fig3a_step"].axes[0]
    training, validation = published_lines(axes)
    assert points(training) == [dict(zip(range(1, 21), other["accuracy"], strict=True))]
    assert points(validation) == [dict(zip(range(1, 21), other["val_accuracy"], strict=True))]
    assert training.get_linestyle() != validation.get_linestyle()
    ours = list(curves(drawn["fig3a_step"]).values())[1]
    assert validation.get_linewidth() < ours.get_linewidth()
    dark, bright = (
        mpl.colors.rgb_to_hsv(mpl.colors.to_rgb(line.get_color()))[2] for line in (validation, ours)
    )
    assert dark < 0.6 * bright
    assert all(band.get_zorder() < validation.get_zorder() for band in bands(axes))
    assert {"Training, article 0.7500", "Validation, article 0.7400"} <= {
        text.get_text() for text in names(drawn["fig3a_step"])
    }
    assert "Thin, darker: article, from elsewhere." in words(drawn["fig3a_step"])
    assert published_lines(drawn["fig3b_step_rate"].axes[0]) == []
    assert published_lines(drawn["fig1_constant"].axes[0]) == []
    assert "published" not in words(drawn["fig1_constant"])
    assert_words_are_apart_and_inside(drawn["fig3a_step"])


@pytest.mark.parametrize("stem", ["fig5_schedules", "fig7_all"])
def test_what_is_published_is_in_comparisons(stem):
    others = [published(), published("constant"), published("adam"), published("elsewhere")]
    drawn = draw_all(suite(), others)
    shown = [other for other in others if other.run in ("constant", "step", *ADAPTIVE * (stem == "fig7_all"))]
    assert len(published_lines(drawn[stem].axes[0])) == len(shown)
    runs = {"fig5_schedules": "constant, step", "fig7_all": "constant, step, adam"}[stem]
    assert f"Thin, darker: article [{runs}], from elsewhere." in words(drawn[stem])
    assert_words_are_apart_and_inside(drawn[stem])


def test_what_is_published_is_never_joined_over_a_gap():
    other = published(epochs=[1, 2, 3, 6, 10, 11, 20])
    figure = draw_all([history()], [other])["fig3a_step"]
    line = published_lines(figure.axes[0])[1]
    parts = [{1, 2, 3}, {6}, {10, 11}, {20}]
    assert [set(part) for part in points(line)] == parts
    marked = {int(line.get_xdata()[at]) for at in line.get_markevery()}
    assert marked == {3, 6, 10, 11, 20}
    assert line.get_marker() not in ("", "None", "none")
    assert (
        "Thin, darker: article, epochs 4-5, 7-9, 12-19 missing, from elsewhere; rings: epochs whose neighbours are missing."
        in words(figure)
    )


def test_what_is_published_whole_has_no_markers():
    line = published_lines(draw_all([history()], [published()])["fig3a_step"].axes[0])[1]
    assert list(line.get_markevery()) == []


@pytest.mark.parametrize("epochs", [[1], [20]])
def test_a_single_published_epoch_can_be_seen(epochs):
    line = published_lines(draw_all([history()], [published(epochs=epochs)])["fig3a_step"].axes[0])[1]
    assert [set(part) for part in points(line)] == [set(epochs)]
    assert list(line.get_markevery()) == [0]


def test_published_epochs_that_are_all_apart_are_rings():
    figure = draw_all([history()], [published(epochs=[5, 20])])["fig3a_step"]
    assert "Rings, darker: article, epochs 1-4, 6-19 missing, from elsewhere." in words(figure)
    line = published_lines(figure.axes[0])[1]
    assert (line.get_marker(), line.get_markerfacecolor()) == ("o", "white")


def test_epochs_without_a_number_are_missing():
    accuracies = np.where(np.arange(1, 21) == 7, np.nan, 0.7)
    other = published(val_accuracy=accuracies, accuracy=np.full(20, np.nan))
    figure = draw_all([history()], [other])["fig3a_step"]
    (line,) = published_lines(figure.axes[0])
    assert [len(part) for part in points(line)] == [6, 13]
    assert "darker: article, epoch 7 missing [validation], from elsewhere; rings" in words(figure)


def test_the_axes_have_room_for_what_is_published():
    other = published(epochs=range(1, 41), val_accuracy=np.linspace(0.05, 0.95, 40))
    drawn = draw_all(suite(["constant", "step"]), [other])
    for stem in ("fig1_constant", "fig3a_step", "fig5_schedules"):
        low, high = drawn[stem].axes[0].get_ylim()
        assert low < 0.05
        assert high > 0.95
    for stem in ("fig3a_step", "fig5_schedules"):
        assert drawn[stem].axes[0].get_xlim()[1] > 40


def test_several_names_are_all_named():
    others = [published(), published(name="rerun", epochs=[1, 3])]
    figure = draw_all([history()], others)["fig3a_step"]
    assert len(published_lines(figure.axes[0])) == 4
    assert "darker: article and rerun, epoch 2 missing, from elsewhere" in words(figure)
    assert_words_are_apart_and_inside(figure)


def test_a_published_name_is_text_and_nothing_else():
    figure = draw_all([history()], [published(name="$\\frac{1$\n\x07" + "W" * 90)])["fig3a_step"]
    assert "darker: $\\frac{1$ WWW" in words(figure)
    assert_words_are_apart_and_inside(figure)


def test_nothing_published_lies_over_stand_in_data():
    drawn = draw_all(suite(("constant", "step"), data=STAND_IN), [published()])
    assert not any(published_lines(figure.axes[0]) for figure in drawn.values())
    assert "Published histories are left out beside stand-in data" in words(drawn["fig3a_step"])
