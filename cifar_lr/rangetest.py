"""The learning-rate range test of a run: the loss while the rate grows, and the rates that it suggests.

The run's configuration is trained as it stands, from the same first weights and on the same batches for each
seed, but its rate or schedule makes way for rates that grow from update to update (`callbacks.RangeTest`). Of
the smoothed losses of all seeds there is a mean and a band, and of the mean there are the four suggestions
that fastai's `lr_find` knows. Keras is imported where a test is run, matplotlib where it is drawn.
"""

import itertools
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cifar_lr import data, sweep
from cifar_lr.config import ConfigError, Run, RunConfig
from cifar_lr.durable import write_whole
from cifar_lr.history import DataRecord, slug

if TYPE_CHECKING:  # a test can be measured without matplotlib
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]

SEEDS: Final = 3
LEAST_RATE, GREATEST_RATE = 1e-12, 1e6
LEAST_UPDATES, MOST_UPDATES = 10, 100_000
BETA: Final = 0.98  # of the moving average, as fastai's
FINAL_UPDATES: Final = 5  # left out of the suggestions, as are a tenth of the updates at the beginning
SLIDE_LENGTH: Final = 15
SLIDE_THRESHOLD: Final = 0.005


class RangeTestError(Exception):
    """A range test that can not be made as asked. The message is one line."""


@dataclass(frozen=True)
class Span:
    """The rates of a test: `updates` of them, growing geometrically from the first to the last.

    Raises:
        RangeTestError: if the first is not the smaller one, or a value is out of bounds.
    """

    min_learning_rate: float = 1e-5
    max_learning_rate: float = 10.0
    updates: int = 1500

    def __post_init__(self) -> None:
        low, high = self.min_learning_rate, self.max_learning_rate
        if not LEAST_RATE <= low < high <= GREATEST_RATE:
            raise RangeTestError(
                f"--min must be below --max, and both from {LEAST_RATE:g} to {GREATEST_RATE:g}. "
                f"Received: --min {low:g} --max {high:g}"
            )
        if not LEAST_UPDATES <= self.updates <= MOST_UPDATES:
            raise RangeTestError(
                f"--updates must be from {LEAST_UPDATES} to {MOST_UPDATES}. Received: {self.updates}"
            )


@dataclass(frozen=True)
class Curve:
    """What one seed's test noted, an entry an update, up to the last update or to where it diverged.

    `losses` are those of the mini-batches before their updates, `smoothed` their moving average.
    `diverged_at` is the number, from 1, of the update whose loss ended the test, or None.
    """

    seed: int
    rates: Array
    losses: Array
    smoothed: Array
    diverged_at: int | None

    @property
    def ending(self) -> str:
        """How the test ended, in words."""
        if self.diverged_at is None:
            return f"all {len(self.rates)} updates made"
        where = f"stopped at update {self.diverged_at}, rate {self.rates[-1]:.3g}"
        if not np.isfinite(self.losses[-1]):
            return f"{where}: the loss was not finite"
        return (
            f"{where}: the smoothed loss was {self.smoothed[-1] / self.smoothed.min():.2f} times its lowest"
        )


@dataclass(frozen=True)
class Suggestion:
    """What a rule says of a curve: a rate, or None and the reason."""

    rule: str
    rate: float | None
    reason: str | None


@dataclass(frozen=True)
class Measured:
    """A range test of one run on several seeds."""

    run: Run
    data: DataRecord
    span: Span
    curves: tuple[Curve, ...]

    @cached_property
    def reached(self) -> int:
        """How many updates all seeds reached with a finite loss."""
        return min(int(np.isfinite(curve.smoothed).sum()) for curve in self.curves)

    @cached_property
    def rates(self) -> Array:
        """The rates that all seeds reached."""
        return self.curves[0].rates[: self.reached]

    @cached_property
    def smoothed(self) -> Array:
        """The smoothed losses at these rates, of shape (seeds, updates)."""
        return np.array([curve.smoothed[: self.reached] for curve in self.curves])

    @cached_property
    def mean(self) -> Array:
        """The mean over the seeds of the smoothed losses."""
        return np.asarray(self.smoothed.mean(axis=0))

    @cached_property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """What the rules say of the mean."""
        return suggest(self.rates, self.mean, skip=self.span.updates // 10)


def results_folder(
    name: str, overrides: Sequence[str], source: data.Source, seeds: Sequence[int], span: Span
) -> Path:
    """Return where a test goes if nobody says; what is not at its default is in the folder's name.

    Args:
        name: the suite's and the run's.
        overrides: of the configuration.
        source: the images; all but the official CIFAR-10 are named.
        seeds: the seeds.
        span: the rates.
    """
    settings = {"seeds": (len(seeds), SEEDS)} | {
        name: (value, getattr(Span(), name)) for name, value in asdict(span).items()
    }
    changed = [f"{name}={value}" for name, (value, usual) in settings.items() if value != usual]
    folder = sweep.results_folder(f"find-rate/{name}", [*overrides, *changed], source, [])
    if source.kind == "images":
        return folder.with_name(f"{folder.name}-{slug(source.label)}")
    return folder


def measure(run: Run, seeds: Sequence[int], source: data.Source, span: Span, say: Say) -> Measured:
    """Make the range test of a run, seed after seed, in this process.

    Args:
        run: the run; its rate or schedule is replaced, and its `callbacks` have no part in this.
        seeds: at least one.
        source: the images.
        span: the rates.
        say: is told of each seed that is done.

    Raises:
        ConfigError: if the configuration asks for what Keras and this package do not know.
        RangeTestError: if the images are of one class only.
        data.DataError: if the images can not be had.
    """
    from cifar_lr.execution import import_keras

    import_keras()
    from cifar_lr import train

    images = data.load(source, **dict(run.config.data))
    if len(images.classes) == 1:
        raise RangeTestError(f"{source.label}: has one class only, {images.classes[0]}; training takes two")
    config = _with_rate(run.config, span.min_learning_rate)
    try:
        train.check(config, len(images.y_train))
    except ConfigError as error:
        raise ConfigError(f"{run.place}: {error}") from None
    curves = []
    for number, seed in enumerate(seeds, start=1):
        curves.append(_measure_seed(config, seed, images, span))
        say(f"[{number}/{len(seeds)}] seed {seed}: {curves[-1].ending}")
    return Measured(run, DataRecord.of(images), span, tuple(curves))


def _with_rate(config: RunConfig, rate: float) -> RunConfig:
    settings = config.optimizer.config.model_copy(update={"learning_rate": rate})
    optimizer = config.optimizer.model_copy(update={"config": settings})
    return config.model_copy(update={"optimizer": optimizer})


def _measure_seed(config: RunConfig, seed: int, images: data.Dataset, span: Span) -> Curve:
    import keras

    from cifar_lr import train
    from cifar_lr.callbacks import RangeTest

    compiled = train.build(config, seed, images)
    compiled.steps_per_execution = 1  # each update has a rate of its own
    keras.utils.set_random_seed(seed)
    test = RangeTest(span.min_learning_rate, span.max_learning_rate, span.updates, beta=BETA)
    compiled.fit(
        _batches(config, seed, images),
        steps_per_epoch=span.updates,
        callbacks=[test],
        shuffle=False,  # the batches come in their order
        verbose=0,
    )
    return Curve(
        seed,
        np.array(test.learning_rates),
        np.array(test.losses),
        np.array(test.smoothed_losses),
        test.diverged_at,
    )


def _batches(config: RunConfig, seed: int, images: data.Dataset) -> Any:
    """Return the batches that the run's training would see, epoch after epoch without end."""
    import tensorflow as tf

    from cifar_lr.train import permutation

    labels = np.eye(len(images.classes), dtype=np.float32)[images.y_train]

    def batches() -> Iterator[tuple[Array, Array]]:
        for epoch in itertools.count():
            order = permutation(seed, epoch, len(labels))
            for start in range(0, len(labels), config.batch_size):
                chosen = order[start : start + config.batch_size]
                yield images.x_train[chosen].astype(np.float32) / 255, labels[chosen]

    shapes = (images.x_train.shape[1:], labels.shape[1:])
    signature = tuple(tf.TensorSpec((None, *shape), tf.float32) for shape in shapes)
    return tf.data.Dataset.from_generator(batches, output_signature=signature)


def steepest(rates: Array, losses: Array) -> float | None:
    """Return the rate at which the loss falls fastest, or None if it never falls.

    The slope of a chord over a tenth of the curve's n points, w = max(1, n // 10), is
    `(losses[k+w] - losses[k]) / (ln(rates[k+w]) - ln(rates[k]))`, and the answer is `rates[k + w//2]` for the
    k of the least one.

    Args:
        rates: growing rates.
        losses: the loss at each, finite.

    Reference: fastai's `steep`, whose chord is from each point to the next (w = 1). That one's steepest is
    decided by the noise of the first batches.
    """
    width = max(1, len(losses) // 10)
    slopes = (losses[width:] - losses[:-width]) / (np.log(rates[width:]) - np.log(rates[:-width]))
    return float(rates[slopes.argmin() + width // 2]) if slopes.min(initial=0.0) < 0 else None


def minimum(rates: Array, losses: Array) -> float | None:
    """Return a tenth of the rate at which the loss is lowest, or None if that is the first or the last.

    Args:
        rates: growing rates.
        losses: the loss at each, finite.

    Reference: fastai's `minimum`, which takes an end of the curve for a minimum, too.
    """
    lowest = int(losses.argmin()) if len(losses) else 0
    return float(rates[lowest]) / 10 if 0 < lowest < len(losses) - 1 else None


def valley(rates: Array, losses: Array) -> float | None:
    """Return the rate in the middle of the longest valley, or None if no three losses fall.

    Let L be the length of the longest strictly decreasing subsequence of the losses, and e the first index at
    which one of that length ends. The valley is taken to reach from e - L to e, and the answer is
    `rates[e - L + L // 3 + L // 6]`: a third of the valley and half of the next.

    Args:
        rates: growing rates.
        losses: the loss at each, finite.

    Reference: fastai's `valley`, by ESRI; there in quadratic time, here by patience sorting.
    """
    tails: list[float] = []  # of rising subsequences of -losses, the least end of each length
    end = 0
    for index, value in enumerate(-losses):
        place = bisect_left(tails, value)
        if place == len(tails):
            end = index
        tails[place : place + 1] = [value]
    length = len(tails)
    return float(rates[end - length + length // 3 + length // 6]) if length >= LEAST["valley"] else None


def slide(rates: Array, losses: Array) -> float | None:
    """Return the rate left of which the curve's slope no longer changes much, or None if there is none.

    With g the losses' gradient per update (central differences, one-sided at the ends), an interval from k
    to k + 15 slides left from the right end of the curve while `abs(g[k + 15] - g[k]) > 0.005`. The answer is
    the rate at the last k for which that held. None if it does not hold at the right end, or holds down to
    the left end.

    Args:
        rates: growing rates.
        losses: the loss at each, finite.

    Reference: fastai's `slide` with its defaults, which returns an end of the slide where this has None.
    """
    if len(losses) < LEAST["slide"]:
        return None
    gradients = np.gradient(losses)
    calm = np.abs(gradients[SLIDE_LENGTH:] - gradients[:-SLIDE_LENGTH]) <= SLIDE_THRESHOLD
    if calm[-1] or not calm.any():
        return None
    return float(rates[np.flatnonzero(calm)[-1] + 1])


RULES: Mapping[str, Callable[[Array, Array], float | None]] = {
    rule.__name__: rule for rule in (steepest, minimum, valley, slide)
}
MEANINGS: Mapping[str, str] = {
    "steepest": "where the loss falls fastest",
    "minimum": "a tenth of the rate at which the loss is lowest",
    "valley": "within the longest fall of the loss",
    "slide": "the highest before the loss changes fast; often too high",
}
LEAST: Mapping[str, int] = {"steepest": 2, "minimum": 3, "valley": 3, "slide": SLIDE_LENGTH + 2}
_NO_ANSWER: Mapping[str, str] = {
    "steepest": "the loss never falls",
    "minimum": "the loss is lowest at an end of the curve",
    "valley": "no three losses fall one after the other",
    "slide": "towards the right end the slope changes too little, or too much all along",
}


def suggest(rates: Array, losses: Array, skip: int) -> tuple[Suggestion, ...]:
    """Ask all rules for a rate.

    The first `skip` points, whose moving average is of few losses, and the last 5 are left out, as fastai's
    `lr_find` leaves them out.

    Args:
        rates: growing rates.
        losses: the loss at each, finite.
        skip: how many points at the beginning do not count; fastai's is a tenth of the updates asked for.
    """
    kept = slice(skip, max(skip, len(rates) - FINAL_UPDATES))
    return tuple(_suggestion(name, rates[kept], losses[kept]) for name in RULES)


def _suggestion(name: str, rates: Array, losses: Array) -> Suggestion:
    rate = RULES[name](rates, losses)
    if rate is not None:
        return Suggestion(name, rate, None)
    if len(rates) < LEAST[name]:
        return Suggestion(name, None, f"{len(rates)} points are too few; it takes {LEAST[name]}")
    return Suggestion(name, None, _NO_ANSWER[name])


def require_writable(folder: Path) -> None:
    """Find out that files can be written before anything is trained.

    Raises:
        RangeTestError: if the folder is none, or is not ours to write to.
    """
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise RangeTestError(f"{folder}: can not be written: {existing} is no folder that allows it")


def write(measured: Measured, folder: Path) -> list[Path]:
    """Write `rates.csv`, `find_rate.png` and `find_rate.svg`, each as a whole, in the place of earlier ones.

    Raises:
        OSError: if the folder or a file can not be written.
        drawing.FigureError: likewise.
    """
    from cifar_lr import drawing

    drawn = draw(measured)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rates.csv"
    write_whole(path, table(measured).encode())
    return [path, *drawing.save({"find_rate": drawn}, folder)]


def table(measured: Measured) -> str:
    """Return the text of `rates.csv`.

    A row is an update: its number from 1, its rate, for each seed the loss of its mini-batch before it and
    the smoothed loss, and of the smoothed losses the mean, the lowest and the highest. What a seed did not
    reach is empty, as are mean, lowest and highest where not all seeds have a finite loss.
    """
    curves = measured.curves
    longest = max(curves, key=lambda curve: len(curve.rates))
    columns: dict[str, Sequence[float]] = {"learning_rate": longest.rates.tolist()}
    for curve in curves:
        columns[f"loss_seed_{curve.seed}"] = curve.losses.tolist()
        columns[f"smoothed_seed_{curve.seed}"] = curve.smoothed.tolist()
    columns["mean"] = measured.mean.tolist()
    columns["low"], columns["high"] = (band.tolist() for band in _band(measured))
    rows = itertools.zip_longest(*columns.values())
    lines = [
        ",".join([str(update), *("" if value is None else repr(value) for value in row)])
        for update, row in enumerate(rows, start=1)
    ]
    return "\n".join([",".join(["update", *columns]), *lines, ""])


def summary(measured: Measured) -> dict[str, Any]:
    """Return what a program may want to know of a test, ready for JSON."""
    return {
        "run": measured.run.name,
        "data": measured.data.label,
        "seeds": [curve.seed for curve in measured.curves],
        "min_learning_rate": measured.span.min_learning_rate,
        "max_learning_rate": measured.span.max_learning_rate,
        "updates": measured.span.updates,
        "updates_reached_by_all": measured.reached,
        "suggestions": {one.rule: one.rate for one in measured.suggestions},
        "reasons": {one.rule: one.reason for one in measured.suggestions if one.reason},
        "diverged": [
            {"seed": curve.seed, "update": curve.diverged_at, "learning_rate": float(curve.rates[-1])}
            for curve in measured.curves
            if curve.diverged_at
        ],
    }


def _band(measured: Measured) -> tuple[Array, Array]:
    """Return the lowest and the highest smoothed loss at each rate."""
    return measured.smoothed.min(axis=0), measured.smoothed.max(axis=0)


# The figure ------------------------------------------------------------------------------------------------

# Inches. Above the axes there is a row for the marks' names.
_AXES_HEIGHT, _NAMES, _NAME_WIDTH, _RIGHT, _TITLE = 3.0, 0.72, 0.95, 0.3, 0.4
_CAPTION_CHARACTERS = 115
_TWO_DECADES = 100
_NAME_LENGTH = 45
_MARKERS: Mapping[str, str] = {"steepest": "v", "minimum": "s", "valley": "o", "slide": "D"}


def draw(measured: Measured) -> "Figure":
    """Draw the mean and the band over the rate, and mark what is suggested."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from cifar_lr import drawing

    caption = wrap(_caption(measured), _CAPTION_CHARACTERS, break_on_hyphens=False)
    bottom = drawing.BOTTOM + len(caption) * drawing.CAPTION_LINE
    stand_in = measured.data.kind == "stand-in"
    top = bottom + _AXES_HEIGHT + _NAMES
    width, height = drawing.WIDTH, top + _TITLE + (drawing.STAND_IN_LINE if stand_in else 0)
    axes_width = width - drawing.LEFT - _RIGHT
    with mpl.rc_context(drawing.style()):
        figure = Figure(figsize=(width, height), dpi=drawing.DPI)
        place = (drawing.LEFT / width, bottom / height, axes_width / width, _AXES_HEIGHT / height)
        axes = figure.add_axes(place)
        _draw_curve(axes, measured)
        _draw_marks(axes, measured, axes_width)
        x = drawing.LEFT / width
        title = f"{_method(measured.run.name)}: learning-rate range test"
        figure.text(x, top / height, title, fontsize=_title_size(title), fontweight="bold")
        if stand_in:
            _warn(axes, x, (top + drawing.STAND_IN_LINE) / height)
        figure.text(
            drawing.MARGIN / width,
            (bottom - drawing.BOTTOM + 0.04) / height,
            "\n".join(caption),
            fontsize=drawing.CAPTION_SIZE,
            color=drawing.FAINT,
            linespacing=1.15,
            va="top",
        )
    return figure


def _draw_curve(axes: "Axes", measured: Measured) -> None:
    from cifar_lr import drawing

    look = drawing.LOOKS.get(measured.run.name)
    colour = look.colour if look else drawing.INK
    marked = [one.rate for one in measured.suggestions if one.rate]
    low, high = _band(measured)
    if len(measured.curves) > 1:
        axes.fill_between(measured.rates, low, high, color=colour, alpha=0.2, linewidth=0)
    marker = "o" if measured.reached == 1 else ""
    axes.plot(measured.rates, measured.mean, marker, color=colour, linewidth=2, solid_capstyle="round")
    axes.set(
        xscale="log",
        xlabel="Learning rate",
        ylabel="Training loss, smoothed",
        xlim=(min([measured.span.min_learning_rate, *marked]), measured.span.max_learning_rate),
        ylim=_limits(measured),
    )
    axes.xaxis.set_major_locator(_ticks(*axes.get_xlim()))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.grid(axis="y")
    axes.tick_params(length=3)


def _ticks(low: float, high: float) -> Any:
    """Return where a rate is written: at powers of ten, or, if there would be few, between them too."""
    from matplotlib.ticker import LogLocator

    return LogLocator(subs=(1.0, 2.0, 5.0) if high / low < _TWO_DECADES else (1.0,), numticks=20)


def _limits(measured: Measured) -> tuple[float, float]:
    """Return the y axis's limits: all that comes before the lowest mean, and half as much again above it.

    What rises further has diverged, and would press the rest flat.
    """
    if not measured.reached:
        return 0.0, 1.0
    low, high = _band(measured)
    floor, start = float(low.min()), float(high[: measured.mean.argmin() + 1].max())
    room = max(start - floor, 0.02 * abs(start), 1e-6)
    marks = [_loss_at(one.rate, measured) or floor for one in measured.suggestions if one.rate]
    top = max(min(start + 0.5 * room, float(high.max())), *marks, start)
    return floor - 0.1 * room, top + 0.1 * room


def _loss_at(rate: float, measured: Measured) -> float | None:
    """Return the mean at a rate, or None outside the curve."""
    if not measured.rates[0] <= rate <= measured.rates[-1]:
        return None
    return float(np.interp(np.log(rate), np.log(measured.rates), measured.mean))


def _draw_marks(axes: "Axes", measured: Measured, width: float) -> None:
    """Mark each suggestion on the curve, and name it above the axes with a thread to it.

    Args:
        axes: where the curve is.
        measured: what is drawn.
        width: the axes' width in inches.
    """
    from cifar_lr import drawing

    found = [(one.rule, one.rate) for one in measured.suggestions if one.rate]
    left, right = np.log(axes.get_xlim())
    bottom, top = axes.get_ylim()
    at = [float((np.log(rate) - left) / (right - left)) * width for _, rate in found]
    places = drawing.spread(at, _NAME_WIDTH, _NAME_WIDTH / 2, width - _NAME_WIDTH / 2)
    for (rule, rate), x, place in zip(found, at, places, strict=True):
        loss = _loss_at(rate, measured)
        y = 0.0 if loss is None else (loss - bottom) / (top - bottom)
        thread = ([x / width, x / width, place / width], [y, 1.0, 1 + 0.18 / _AXES_HEIGHT])
        pen: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False, "color": drawing.INK}
        axes.plot(*thread, linewidth=0.7, alpha=0.7, **pen)
        if loss is not None:
            axes.plot(thread[0][:1], thread[1][:1], _MARKERS[rule], markersize=6.5, **pen)
        for words, height in ((f"{rate:.3g}", 0.23), (rule, 0.41)):
            axes.text(place / width, 1 + height / _AXES_HEIGHT, words, transform=axes.transAxes, ha="center")


def _warn(axes: "Axes", x: float, y: float) -> None:
    """Say over and across the figure that the data are a stand-in."""
    from cifar_lr.drawing import WARNING

    pen: dict[str, Any] = {"color": WARNING, "fontweight": "bold"}
    words = "STAND-IN DATA: generated images, not CIFAR-10"
    axes.figure.text(x, y, words, fontsize=12, **pen)
    mark: dict[str, Any] = {"fontsize": 60, "alpha": 0.08, "rotation": 20, "zorder": 0, **pen}
    axes.text(0.5, 0.5, "STAND-IN", transform=axes.transAxes, ha="center", va="center", **mark)


def _method(name: str) -> str:
    from cifar_lr.drawing import LOOKS

    label = LOOKS[name].label if name in LOOKS else name
    return label if len(label) <= _NAME_LENGTH else f"{label[: _NAME_LENGTH - 1]}…"


def _title_size(title: str) -> float:
    """Return the points of all titles, or fewer where a long name would not fit."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    from cifar_lr import drawing

    font = FontProperties(family="DejaVu Sans", size=drawing.TITLE_SIZE, weight="bold")
    width = text_to_path.get_text_width_height_descent(title, font, ismath=False)[0] / 72
    return drawing.TITLE_SIZE * min(1.0, (drawing.WIDTH - drawing.LEFT - drawing.MARGIN) / width)


def _caption(measured: Measured) -> str:
    """Data, network, optimizer, seeds and updates; what the line is; how seeds ended; what has no answer."""
    run, images = measured.run, measured.data
    seeds = len(measured.curves)
    several = seeds > 1
    cut = "" if measured.reached == measured.span.updates else f", {measured.reached} of them made by all"
    classes = ", ".join(images.classes) if len(images.classes) <= 10 else f"{len(images.classes)} classes"  # noqa: PLR2004
    sentences = [
        f"{images.label} ({classes}): {images.train_images:,} training images",
        f"Network: {run.config.model.name}. {_optimizer(run.config)}, batch size {run.config.batch_size}",
        f"n = {seeds} seed{'s' if several else ''}, {measured.span.updates} updates{cut}",
        f"Line: mini-batch loss, moving average (beta {BETA:g}){', mean of the seeds' if several else ''}",
    ]
    if several:
        sentences.append("Band: lowest to highest seed")
    sentences += [f"Seed {curve.seed} {curve.ending}" for curve in measured.curves if curve.diverged_at]
    sentences += [f"No {one.rule}: {one.reason}" for one in measured.suggestions if one.reason]
    printable = "".join(char if char.isprintable() else " " for char in ". ".join(sentences))
    return " ".join(printable.split()) + "."


def _optimizer(config: RunConfig) -> str:
    """Return the optimizer and its arguments, less the rate."""
    settings = {**dict(config.optimizer.config), "learning_rate": None}
    shown = {name: getattr(value, "class_name", value) for name, value in settings.items()}
    arguments = ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None)
    return config.optimizer.class_name + (f" ({arguments})" if arguments else "")
