"""The learning-rate range test of a run: the loss while the rate grows, and the rates that it suggests.

The run's configuration is trained as it stands, from the same first weights and on the same batches for each
seed, but its rate or schedule makes way for rates that grow from update to update (`callbacks.RangeTest`). Of
the smoothed losses of all seeds there is a mean and a band, and of the mean there are the four suggestions
that fastai's `lr_find` knows. Keras is imported where a test is run; `figure_of_range` draws it.
"""

import itertools
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cifar_lr import data, sweep
from cifar_lr.config import ConfigError, Run, RunConfig
from cifar_lr.durable import write_whole
from cifar_lr.history import DataRecord, slug

Array = NDArray[Any]
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

    @property
    def band(self) -> tuple[Array, Array]:
        """The lowest and the highest smoothed loss at each rate."""
        return self.smoothed.min(axis=0), self.smoothed.max(axis=0)

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


def write(measured: Measured, folder: Path) -> Path:
    """Write `rates.csv` as a whole, in the place of an earlier one, and return its path.

    Raises:
        OSError: if the folder or the file can not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rates.csv"
    write_whole(path, table(measured).encode())
    return path


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
    columns["low"], columns["high"] = (band.tolist() for band in measured.band)
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
