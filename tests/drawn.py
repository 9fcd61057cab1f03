"""Histories to be drawn, and what is seen of a figure: what the tests of figures share."""

import itertools
from pathlib import Path

import numpy as np
from histories import DATA
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection

from cifar_lr.drawing import LOOKS
from cifar_lr.figures import ADAPTIVE, SCHEDULES
from cifar_lr.history import History, Record
from cifar_lr.imported import COLUMNS, Imported

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


def words(figure):
    """Everything that stands outside the axes, on one line."""
    return " ".join(" ".join(text.get_text().split()) for text in figure.texts)


def names(figure):
    return [text for text in figure.axes[0].texts if text.get_text() != "STAND-IN"]


def boxes(figure, texts):
    FigureCanvasAgg(figure).draw()
    return [text.get_window_extent() for text in texts]


MANY = [*(f"{kind}_of_warmup_and_decay" for kind in "abcdefghij"), "adam", "inverse_square_root", "step"]


def median_of(histories, run, column):
    return np.median([one[column] for one in histories if one.run == run], axis=0)


def ranked(histories):
    finals = {run: median_of(histories, run, "val_accuracy")[-1] for run in MANY}
    return sorted(finals, key=finals.get, reverse=True)


def label(run):
    return LOOKS[run].label if run in LOOKS else run


def panel_lines(axes):
    return {line.get_label(): line for line in axes.lines}


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
