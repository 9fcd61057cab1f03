"""Figures: which are drawn, what their artists hold, what their captions say, and what lies on disk."""

import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection

from cifar_lr import conclusions, figures
from cifar_lr.drawing import LOOKS, FigureError, save, spread
from cifar_lr.figures import ADAPTIVE, SCHEDULES, draw_all
from cifar_lr.history import DataRecord, History, Record
from cifar_lr.imported import COLUMNS, Imported
from cifar_lr.summary import SummaryError

EIGHT = (*SCHEDULES, *ADAPTIVE)
STEMS = [
    "fig1_constant",
    "fig2_time_based",
    "fig3a_step",
    "fig3b_step_rate",
    "fig4a_exponential",
    "fig4b_exponential_rate",
    "fig5_schedules",
    "fig6_adaptive",
    "fig7_all",
]
PAIR_OF = {
    "constant": "fig1_constant",
    "time_based": "fig2_time_based",
    "step": "fig3a_step",
    "exponential": "fig4a_exponential",
}
DATA = DataRecord(
    kind="cifar10",
    label="CIFAR-10",
    fingerprint="sha256:aaaa",
    classes=("cat", "dog"),
    train_images=10_000,
    validation_images=2_000,
)
STAND_IN = DATA.model_copy(update={"kind": "stand-in", "label": "Stand-in images"})
HELD_OUT = DATA.model_copy(update={"train_images": 8_000, "test_images": 2_500})


def history(run="step", seed=0, epochs=20, *, data=DATA, status="done", asked=None, **record):
    """A history with reproducible noise: learns from 0.5 towards 0.7; `asked`: for how many epochs."""
    noise = np.random.default_rng([seed, *run.encode()])
    number = np.arange(1, epochs + 1)
    learnt = 0.7 - 0.2 / number
    columns = {
        "epoch": number,
        "learning_rate": 0.1 * 0.5 ** ((number - 1) // 5),
        "loss": 1 - learnt,
        "accuracy": learnt + 0.02 + noise.normal(0, 0.005, epochs),
        "val_loss": 1.1 - learnt,
        "val_accuracy": learnt + noise.normal(0, 0.01, epochs),
        "seconds": np.full(epochs, 1.5),
    }
    settled = {"model": "article", "key": "k", "versions": {}, "machine": {}}
    complete = {**settled, "epochs": asked or epochs, **record}
    return History(
        folder=Path("results") / run / f"seed-{seed}",
        record=Record(status=status, run=run, seed=seed, data=data, **complete),
        columns=columns,
    )


def suite(runs=EIGHT, seeds=(0,), **settings):
    return [history(run, seed, **settings) for run in runs for seed in seeds]


def curves(figure):
    """The lines of a figure by name, without the keys beside the axes."""
    return {line.get_label(): line for line in figure.axes[0].lines if not line.get_label().startswith("_")}


def seed_lines(figure):
    return [artist for artist in figure.axes[0].collections if isinstance(artist, LineCollection)]


def bands(axes):
    return [artist for artist in axes.collections if artist.get_label() == "_band"]


def ends_of(band):
    """A band's lower and upper end by epoch, from its outline."""
    (outline,) = band.get_paths()
    found = {}
    for epoch, value in outline.vertices:
        found.setdefault(epoch, set()).add(value)
    return {epoch: (min(values), max(values)) for epoch, values in found.items()}


def words(figure):
    """Everything that stands outside the axes, on one line."""
    return " ".join(" ".join(text.get_text().split()) for text in figure.texts)


def names(figure):
    return [text for text in figure.axes[0].texts if text.get_text() != "STAND-IN"]


def boxes(figure, texts):
    FigureCanvasAgg(figure).draw()
    return [text.get_window_extent() for text in texts]


@pytest.fixture(scope="module", name="eight")
def _eight():
    """One seed of each of the article's runs, as they are drawn."""
    return draw_all(suite())


def test_the_eight_runs_allow_all_nine_figures(eight):
    assert list(eight) == STEMS


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


def test_a_method_has_one_colour_in_all_figures(eight):
    for run, stem in PAIR_OF.items():
        assert {line.get_color() for line in curves(eight[stem]).values()} == {LOOKS[run].colour}
    for stem in ("fig5_schedules", "fig6_adaptive", "fig7_all"):
        for label, line in curves(eight[stem]).items():
            (look,) = (look for look in LOOKS.values() if look.label == label.split()[0])
            assert (line.get_color(), line.get_marker()) == (look.colour, look.marker)


def test_lines_of_a_comparison_differ_without_colour(eight):
    grey = {(line.get_marker(), line.get_linestyle()) for line in curves(eight["fig7_all"]).values()}
    assert len(grey) == 8


# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.mark.parametrize("vision", VISION)
def test_colours_stay_apart_for_every_kind_of_sight(vision):
    rgb = np.array([[int(look.colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for look in LOOKS.values()])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = seen @ to_xyz.T / [0.9505, 1, 1.089]
    cube = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    lab = np.stack(
        [116 * cube[:, 1] - 16, 500 * (cube[:, 0] - cube[:, 1]), 200 * (cube[:, 1] - cube[:, 2])], axis=1
    )
    distances = [np.linalg.norm(one - other) for one, other in itertools.combinations(lab, 2)]
    assert min(distances) > 15  # 2.3 is just noticeable side by side


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


def test_a_title_says_what_is_seen(eight):
    assert words(eight["fig3b_step_rate"]).startswith("Step decay: learning rate at the start of each epoch")
    assert words(eight["fig5_schedules"]).startswith("The four schedules: validation accuracy")
    assert words(eight["fig7_all"]).startswith("The eight methods: validation accuracy")


def test_a_caption_says_data_network_epochs_and_seeds():
    assert words(draw_all(suite(seeds=(0, 1, 2)))["fig7_all"]).endswith(
        "CIFAR-10 (cat, dog): 10,000 training, 2,000 validation images. Network: article. 20 epochs. "
        "Done: seeds 0-2 (3 of 3). Bold: median over the seeds; thin: single seeds."
    )


def test_a_caption_names_a_diverged_seed():
    histories = [history(seed=0), history(seed=1)]
    histories += [history(seed=2, epochs=3, asked=20, status="diverged", stopped_at_update=314)]
    drawn = draw_all(histories)
    for figure in drawn.values():
        assert "Done: seeds 0-1 (2 of 3)." in words(figure)
        assert words(figure).endswith("step: 2 of 3 seeds done; seed 2 diverged at update 314.")
    assert len(seed_lines(drawn["fig3a_step"])[0].get_segments()) == 2


def test_a_comparison_tells_complete_runs_from_the_others():
    histories = suite(SCHEDULES[:3], seeds=(0, 1))
    histories += [history("exponential"), history("exponential", 1, status="failed", reason="no memory")]
    caption = words(draw_all(histories)["fig5_schedules"])
    assert "Done: seeds 0-1 (2 of 2)." in caption
    assert caption.endswith("exponential: 1 of 2 seeds done; seed 1 failed: no memory.")


def test_a_missing_run_is_named():
    drawn = draw_all(suite([run for run in EIGHT if run != "exponential"]))
    assert list(drawn) == [stem for stem in STEMS if not stem.startswith("fig4")]
    assert words(drawn["fig5_schedules"]).startswith("3 of the four schedules")
    for stem in ("fig5_schedules", "fig7_all"):
        assert words(drawn[stem]).endswith("Not at hand: exponential.")
    assert "Not at hand" not in words(drawn["fig6_adaptive"])


def test_a_run_without_a_finished_seed_is_not_drawn_but_named():
    histories = [*suite(("constant", "time_based")), history(status="diverged", stopped_at_update=9)]
    drawn = draw_all(histories)
    assert list(drawn) == ["fig1_constant", "fig2_time_based", "fig5_schedules"]
    caption = words(drawn["fig5_schedules"])
    assert "step: 0 of 1 seed done; seed 0 diverged at update 9" in caption
    assert caption.endswith("Not at hand: exponential.")


def test_nothing_finished_is_nothing_drawn():
    assert draw_all([history(status="running")]) == {}
    assert draw_all([]) == {}


@pytest.mark.parametrize(
    ("runs", "stems"),
    [
        (["step"], ["fig3a_step", "fig3b_step_rate"]),
        (["constant"], ["fig1_constant"]),
        (["adam"], ["adam_accuracy", "adam_learning_rate"]),
        (["adam", "rmsprop"], ["fig6_adaptive"]),
        (["constant", "adam"], ["fig1_constant", "fig7_all"]),
    ],
)
def test_a_few_runs_allow_a_few_figures(runs, stems):
    assert list(draw_all(suite(runs, epochs=5))) == stems


def test_every_caption_says_that_validation_was_on_held_out_images():
    drawn = draw_all(suite(seeds=(0, 1), data=HELD_OUT, epochs=3))
    assert list(drawn) == [*STEMS, "final_accuracies", "differences"]
    for figure in drawn.values():
        assert (
            "CIFAR-10 (cat, dog): 8,000 training images, validation on 2,000 images held out from training. "
            in words(figure)
        )


def test_runs_that_differ_say_so_in_the_caption():
    fewer = DATA.model_copy(update={"train_images": 5_000, "fingerprint": "sha256:bbbb"})
    histories = [history("constant"), history("step", epochs=10, data=fewer, model="cifar10-cnn")]
    caption = words(draw_all(histories)["fig5_schedules"])
    assert (
        "10,000 training, 2,000 validation images [constant]; CIFAR-10 (cat, dog): 5,000 training" in caption
    )
    assert "Network: article [constant]; cifar10-cnn [step]" in caption
    assert "20 epochs [constant]; 10 epochs [step]" in caption


def test_data_that_only_a_fingerprint_tells_apart():
    histories = [history("constant"), history(data=DATA.model_copy(update={"fingerprint": "sha256:bbbb"}))]
    caption = words(draw_all(histories)["fig5_schedules"])
    assert "fingerprint sha256:aaaa [constant]" in caption
    assert "fingerprint sha256:bbbb [step]" in caption


def test_many_classes_are_counted():
    many = DATA.model_copy(update={"classes": tuple(f"class {number}" for number in range(100))})
    assert "CIFAR-10 (100 classes): " in words(draw_all([history(data=many)])["fig3a_step"])


def test_stand_in_data_is_called_so_in_every_figure():
    drawn = draw_all(suite(data=STAND_IN))
    assert list(drawn) == STEMS
    for figure in drawn.values():
        assert "STAND-IN DATA: generated images, not CIFAR-10" in words(figure)
        assert "STAND-IN" in [text.get_text() for text in figure.axes[0].texts]


def test_real_data_is_not_called_a_stand_in(eight):
    assert not any("STAND-IN" in words(figure) for figure in eight.values())


@pytest.mark.parametrize("status", ["done", "failed"])
def test_stand_in_and_real_data_never_share_a_figure(status):
    histories = [history("constant"), history(data=STAND_IN, status=status)]
    with pytest.raises(SummaryError, match=r"\S+step\S+seed-0 is stand-in, \S+constant\S+seed-0 is not"):
        draw_all(histories)


def test_a_run_of_another_name_gets_a_pair():
    one = history("warmup")
    drawn = draw_all([one])
    assert list(drawn) == ["warmup_accuracy", "warmup_learning_rate"]
    (rate,) = curves(drawn["warmup_learning_rate"]).values()
    assert rate.get_ydata().tolist() == one["learning_rate"].tolist()


def test_runs_of_other_names_are_compared():
    drawn = draw_all(suite(["b", "a", "c"]))
    assert [line.split()[0] for line in curves(drawn["comparison"])] == ["b", "a", "c"]
    colours = {line.get_color() for line in curves(drawn["comparison"]).values()}
    assert len(colours) == 3


def test_runs_of_other_names_are_compared_with_the_articles():
    drawn = draw_all(suite(["step", "warmup"]))
    assert list(drawn) == [
        "fig3a_step",
        "fig3b_step_rate",
        "warmup_accuracy",
        "warmup_learning_rate",
        "comparison",
        "learning_rates",
    ]
    assert curves(drawn["comparison"]).keys() == {
        line.get_label() for line in drawn["comparison"].axes[0].lines if line.get_label() != "_key"
    }


def test_twelve_runs_in_one_axes_look_different():
    drawn = draw_all(suite([f"run-{number:02}" for number in range(12)], epochs=1))
    for stem in ("comparison", "learning_rates"):
        pens = {
            (line.get_color(), line.get_marker(), str(line.get_linestyle()), str(line._dash_pattern))
            for line in curves(drawn[stem]).values()
        }
        assert len(pens) == 12
        assert_words_are_apart_and_inside(drawn[stem])


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


MANY = [*(f"{kind}_of_warmup_and_decay" for kind in "abcdefghij"), "adam", "inverse_square_root", "step"]


@pytest.fixture(scope="module", name="thirteen")
def _thirteen():
    """Two seeds of more runs than one axes holds; two of them are the article's."""
    return suite(MANY, seeds=(0, 1))


@pytest.fixture(scope="module", name="many")
def _many(thirteen):
    return draw_all(thirteen)


def median_of(histories, run, column):
    return np.median([one[column] for one in histories if one.run == run], axis=0)


def ranked(histories):
    finals = {run: median_of(histories, run, "val_accuracy")[-1] for run in MANY}
    return sorted(finals, key=finals.get, reverse=True)


def label(run):
    return LOOKS[run].label if run in LOOKS else run


def panel_lines(axes):
    return {line.get_label(): line for line in axes.lines}


def test_many_runs_have_a_panel_each_and_no_figures_of_their_own(many):
    assert list(many) == ["comparison", "learning_rates", "final_accuracies", "differences"]
    assert [len(many[stem].axes) for stem in ("comparison", "learning_rates")] == [13, 13]


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


def test_many_of_the_articles_runs_alone_are_never_in_panels():
    assert list(draw_all(suite(epochs=2))) == STEMS


def at_rate(rate, run=None, seed=0, *, optimizer="SGD", settings="", epochs=6, **changes):
    """A history of a constant rate, with the configuration that says so."""
    one = history(run or f"{optimizer.lower()}_{rate:g}", seed, epochs, **changes)
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


def test_diverged_rates_are_crosses_below_everything_and_leave_a_gap():
    histories = [at_rate(rate, seed=seed) for rate in RATES for seed in (0, 1) if (rate, seed) != (0.1, 1)]
    lost = {"status": "diverged", "stopped_at_update": 3}
    histories += [at_rate(rate, seed=seed, **lost) for rate, seed in ((0.1, 1), (0.3, 0), (0.3, 1))]
    figure = draw_all(histories)["accuracy_against_rate"]
    lines = panel_lines(figure.axes[0])
    assert lines["SGD"].get_xdata().tolist() == [0.001, 0.01, 0.1, 0.3, 1.0]
    assert np.isnan(lines["SGD"].get_ydata()).tolist() == [False, False, False, True, False]
    crosses = lines["SGD diverged"]
    assert crosses.get_xdata().tolist() == [0.1, 0.3]
    assert crosses.get_marker() == "x"
    FigureCanvasAgg(figure).draw()
    drawn = crosses.get_transform().transform(crosses.get_xydata())[:, 1]
    lowest = lines["chance"].get_transform().transform((0, 0.5))[1]
    assert (drawn < lowest - 5).all()
    assert min(figure.axes[0].get_yticks()) >= 0.46
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
        "Network: article. 20 epochs. Done: seeds 0-5 (6 of 6). Point: mean over the seeds; bar: its 95% "
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
    assert rows["lost"]["words"].endswith("; 1 of 6 seeds: 3 diverged, 1 failed, 1 missing")
    assert "bar" not in rows["lost"]
    assert "dots" not in rows["lost"]
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
        "seeds; bar: its 95% interval (Student's t), not adjusted for the number of runs; dots: single seeds. "
        "Paired by seed: each run's final validation accuracy less that of Constant with the same seed."
    )
    assert_words_are_apart_and_inside(figure)


def test_differences_are_those_of_the_table_of_pairs():
    histories = suite(seeds=range(4))
    rows = rows_of(draw_all(histories)["differences"])
    for one in histories:
        one.__dict__["correct"] = None  # nothing is on disk
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


def published(run="step", epochs=range(1, 21), name="article", **columns):
    """A history from elsewhere that learns from 0.55 towards 0.75."""
    epochs = np.array(epochs, dtype=np.int64)
    empty = np.full(len(epochs), np.nan)
    learnt = {"accuracy": 0.76 - 0.2 / epochs, "val_accuracy": 0.75 - 0.2 / epochs, **columns}
    return Imported(name, run, epochs, {column: learnt.get(column, empty) for column in COLUMNS})


def published_lines(axes):
    return [line for line in axes.lines if line.get_label().startswith("_published")]


def points(line):
    """The numbers of a line by epoch, in the parts in which it is drawn."""
    xs, ys = line.get_data()
    parts = np.split(np.arange(len(xs)), np.flatnonzero(np.isnan(ys)))
    return [{int(xs[at]): ys[at] for at in part if np.isfinite(ys[at])} for part in parts]


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
        "Thin, darker: article, epochs 4-5, 7-9, 12-19 missing, from elsewhere; dots: epochs beside them are missing."
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


def test_epochs_without_a_number_are_missing():
    accuracies = np.where(np.arange(1, 21) == 7, np.nan, 0.7)
    other = published(val_accuracy=accuracies, accuracy=np.full(20, np.nan))
    figure = draw_all([history()], [other])["fig3a_step"]
    (line,) = published_lines(figure.axes[0])
    assert [len(part) for part in points(line)] == [6, 13]
    assert "darker: article, epoch 7 missing [validation], from elsewhere; dots" in words(figure)


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


def test_names_that_become_the_same_file_are_told_apart():
    drawn = draw_all(suite(["a/b", "a_b", "A_B"], epochs=2))
    accuracies = [stem for stem in drawn if stem.endswith("_accuracy")]
    assert accuracies == ["a_b_accuracy", "a_b-2_accuracy", "A_B-3_accuracy"]


def test_names_are_text_and_nothing_else(tmp_path):
    run = "$\\frac{1$ <b>&\n\x07 x"
    data = DATA.model_copy(update={"label": "$ _{ %"})
    drawn = draw_all([history(run, data=data)])
    assert words(drawn[next(iter(drawn))]).startswith(
        "$\\frac{1$ <b>& x: training and validation accuracy $ _{ %"
    )
    save(drawn, tmp_path, ["png", "svg", "pdf"])


def assert_words_are_apart_and_inside(figure):
    inside = figure.bbox.padded(0.5)
    written = list(figure.texts)
    figure.draw_without_rendering()
    for axes in figure.axes:
        written += [axes.xaxis.label, axes.yaxis.label, axes._left_title]
        written += [text for text in axes.texts if text.get_text() != "STAND-IN"]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = (tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)
            written += [tick.label1 for tick in ticks if tick.label1.get_visible()]
    extents = boxes(figure, [text for text in written if text.get_text()])
    for one in extents:
        assert inside.contains(one.x0, one.y0)
        assert inside.contains(one.x1, one.y1)
    for one, other in itertools.combinations(extents, 2):
        assert not one.overlaps(other)


def test_words_neither_overlap_nor_leave_the_figure(eight):
    for figure in eight.values():
        assert_words_are_apart_and_inside(figure)


@pytest.mark.parametrize(
    "histories",
    [
        suite(("constant", "adam"), epochs=1),
        suite(("constant", "adam"), data=STAND_IN, seeds=(0, 1, 2)),
        suite(["step", "W" * 100 + "-1", "W" * 100 + "-2"]),
    ],
    ids=["one epoch", "stand-in", "long names"],
)
def test_words_stay_in_their_places(histories):
    for figure in draw_all(histories).values():
        assert_words_are_apart_and_inside(figure)


def test_names_of_equal_ends_do_not_overlap():
    histories = suite(epochs=30)
    for one in histories:
        one.columns["val_accuracy"][:] = 0.5
    figure = draw_all(histories)["fig7_all"]
    labels = boxes(figure, names(figure))
    assert not any(one.overlaps(other) for one, other in itertools.combinations(labels, 2))


def test_a_long_caption_makes_the_figure_taller(eight):
    histories = suite(seeds=(0, 1))
    histories += [history(run, 2, status="failed", reason=f"{run} " * 20) for run in EIGHT]
    figure = draw_all(histories)["fig7_all"]
    assert figure.get_figheight() > eight["fig7_all"].get_figheight()
    assert all(f"{run}: 2 of 3 seeds done; seed 2 failed" in words(figure) for run in EIGHT)
    caption, axis = boxes(figure, [figure.texts[1], figure.axes[0].xaxis.label])
    assert caption.y0 > 0
    assert caption.y1 < axis.y0


@pytest.mark.parametrize(
    "wanted", [[1.0], [3.0, 1.0, 2.0], [5.0] * 6, [0.0, 0.1, 9.9, 10.0], [10.0, 10.0, 0.0], []]
)
def test_spread_keeps_order_distance_and_bounds(wanted):
    places = spread(wanted, gap=1.5, low=0.0, high=10.0)
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    ranked = [places[index] for index in order]
    assert all(upper - lower > 1.5 - 1e-9 for lower, upper in itertools.pairwise(ranked))
    assert all(-1e-9 <= place <= 10 + 1e-9 for place in places)


def test_spread_leaves_alone_what_is_apart():
    assert spread([4.0, 1.0, 8.0], gap=2.0, low=0.0, high=10.0) == [4.0, 1.0, 8.0]


def test_spread_moves_as_little_as_possible():
    assert spread([5.0, 5.0, 5.0], gap=1.0, low=0.0, high=10.0) == [4.0, 5.0, 6.0]
    assert spread([5.0, 5.5], gap=1.0, low=0.0, high=10.0) == [4.75, 5.75]


def test_saving_writes_every_format(eight, tmp_path):
    paths = save(eight, tmp_path / "results" / "figures")
    assert [path.name for path in paths] == [f"{stem}.{end}" for stem in STEMS for end in ("png", "svg")]
    assert all(path.read_bytes().startswith((b"\x89PNG", b"<?xml")) for path in paths)
    assert sorted(paths) == sorted((tmp_path / "results" / "figures").iterdir())


def test_the_same_histories_give_the_same_bytes(tmp_path):
    for folder in ("first", "second"):
        save(draw_all(suite(["constant", "adam"], seeds=(0, 1))), tmp_path / folder, ["png", "svg", "pdf"])
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_files_carry_no_date_and_no_version(tmp_path):
    for path in save(draw_all([history()]), tmp_path):
        assert b"atplotlib v" not in path.read_bytes()
        assert b"<dc:date>" not in path.read_bytes()


def test_words_in_an_svg_are_text(tmp_path):
    save(draw_all([history(data=STAND_IN)]), tmp_path, ["svg"])
    assert "STAND-IN DATA" in (tmp_path / "fig3a_step.svg").read_text()


def test_this_machines_settings_change_nothing(tmp_path):
    save(draw_all([history()]), tmp_path / "plain")
    with mpl.rc_context(
        {"lines.linewidth": 9, "axes.facecolor": "black", "font.size": 30, "savefig.dpi": 20}
    ):
        before = dict(mpl.rcParams)
        save(draw_all([history()]), tmp_path / "odd")
        assert dict(mpl.rcParams) == before
    for path in (tmp_path / "plain").iterdir():
        assert path.read_bytes() == (tmp_path / "odd" / path.name).read_bytes()


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(FigureError, match=r"unknown figure format 'gif'; known are png, svg, pdf"):
        save(draw_all([history()]), tmp_path / "figures", ["png", "gif"])
    assert not (tmp_path / "figures").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "figures").write_text("mine")
    with pytest.raises(FigureError, match=r"figures: figures can not be written: File exists"):
        save(draw_all([history()]), tmp_path / "figures")
    assert (tmp_path / "figures").read_text() == "mine"


def test_a_file_that_can_not_be_replaced_leaves_no_parts(tmp_path):
    (tmp_path / "fig3a_step.png").mkdir()
    with pytest.raises(FigureError, match=r"can not be written: Is a directory"):
        save(draw_all([history()]), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["fig3a_step.png"]


def test_the_reading_side_imports_no_keras_and_no_display():
    program = (
        "import sys, cifar_lr.history, cifar_lr.summary, cifar_lr.figures;"
        "found = {'tensorflow', 'keras', 'torch', 'jax', 'matplotlib.pyplot', 'scipy'} & set(sys.modules);"
        "print(*sorted(found))"
    )
    root = Path(figures.__file__).parents[1]
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    assert result.stdout == "\n"
