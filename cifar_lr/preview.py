"""A schedule's rates before anything is trained: found by name or in a run's file, as text, JSON or a figure.

A schedule of the catalogue is looked at as the run that its example is meant for: 100 epochs of CIFAR-10's
cats and dogs. Epochs count from 1 in tables; figures have the epochs done on their axis, from 0. Keras is
imported where rates are computed, matplotlib where they are drawn, neither for a list.
"""

import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from itertools import chain
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cifar_lr import catalogue
from cifar_lr.catalogue import Entry, Other, Settings
from cifar_lr.config import ConfigError, RunConfig, Schedule, load, load_suite, nearest

if TYPE_CHECKING:  # a list needs neither
    from keras.optimizers.schedules import LearningRateSchedule
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from cifar_lr.summary import Curves


CIFAR10_CLASSES, CIFAR10_TRAIN_PER_CLASS = 10, 5_000
RATE = "optimizer.config.learning_rate"

STEPS_AT_ONCE = 8_192  # bounds the memory that rates take
DRAWN_UPDATES = 100_000  # of a longer run, so many are drawn, evenly chosen
TERMINAL_UPDATES = 4_000
ROWS_OF_TABLE = 12

LIST_WIDTH = 100
LEAST_COLUMNS, MOST_COLUMNS, HEIGHT = 40, 100, 13
ASCII_FRAME = str.maketrans("┌┐└┘─│", "++++-|")

TICKS, PANEL_TICKS = 5, 2
FEW = 8  # lines that one axes can hold; more have a panel each
DEEPEST = 1e-6  # of the highest rate, the lowest that a logarithmic axis shows
PICTURE, PICTURE_AXES, PICTURE_TEXT = (3.2, 1.8), (0.17, 0.17, 0.77, 0.78), 12.0
PICTURE_TOLERANCE = 0.002  # of the highest rate: less than a pixel


@dataclass(frozen=True)
class Preview:
    """A run whose rates are to be looked at, or a schedule of the catalogue in the run of its example.

    Attributes:
        name: the catalogue's name, or the run's folder and name.
        config: the run.
        entry: the schedule in the catalogue; None for a run's file.
        path: the run's file; None for a schedule of the catalogue.
        changed: whether the example's settings were overridden.
    """

    name: str
    config: RunConfig
    entry: Entry | None = None
    path: Path | None = None
    changed: bool = False

    @property
    def train_images(self) -> int:
        """Training images, if they are CIFAR-10's: none are read."""
        classes = self.config.data.classes
        number = CIFAR10_CLASSES if classes is None else len(classes)
        return number * (self.config.data.train_per_class or CIFAR10_TRAIN_PER_CLASS)

    @property
    def steps_per_epoch(self) -> int:
        """Updates an epoch; the last may be of fewer images."""
        return math.ceil(self.train_images / self.config.batch_size)

    @property
    def updates(self) -> int:
        """Updates of the whole run."""
        return self.config.epochs * self.steps_per_epoch

    @cached_property
    def schedule(self) -> "LearningRateSchedule":
        """The schedule that sets the rate; of a constant rate, `Constant`.

        Raises:
            ConfigError: if the run can not be trained.
        """
        _import_keras()
        from cifar_lr import train

        try:
            if self.entry is None or self.changed:
                train.check(self.config, self.train_images)
            return self._built()
        except ConfigError as error:
            raise ConfigError(f"{self.name}: {error}") from None

    def _built(self) -> "LearningRateSchedule":
        from cifar_lr import optimizers, schedules

        rate = self.config.optimizer.config.learning_rate
        if isinstance(rate, Schedule):
            return optimizers.build_schedule(rate, self.steps_per_epoch, RATE)
        if rate is None:
            default = optimizers.build(self.config.optimizer, self.steps_per_epoch).learning_rate
            rate = float(f"{float(default):.6g}")  # as it was written, not as float32 has it
        return schedules.Constant(rate)

    @property
    def settings(self) -> Settings | float:
        """What a run's YAML says behind `learning_rate`, or would say, where it leaves that to Keras."""
        rate = self.config.optimizer.config.learning_rate
        if isinstance(rate, Schedule):
            return rate.model_dump(mode="json", exclude_defaults=True)
        return float(self.schedule.initial_learning_rate)

    @property
    def class_name(self) -> str | None:
        """The schedule's class; None for a constant rate."""
        rate = self.config.optimizer.config.learning_rate
        return rate.class_name if isinstance(rate, Schedule) else None

    @property
    def remarks(self) -> list[str]:
        """What there is to know of the rates, a sentence each."""
        found = []
        optimizer = self.config.optimizer
        if optimizer.config.learning_rate is None:
            found.append(f"The run names no rate: this is the default of Keras's {optimizer.class_name}.")
        for callback in self.config.callbacks:
            monitor = dict(callback.config).get("monitor", "val_loss")
            found.append(
                f"{callback.class_name} lowers the rate by what {monitor} does during training: "
                "shown is the rate that it starts with."
            )
        if self.path is not None:
            found.append(
                f"No images were read: {self.train_images:,} are assumed for training, "
                f"{self.train_images // self._classes:,} of each of {self._classes} classes."
            )
        return found

    @property
    def _classes(self) -> int:
        return len(self.config.data.classes or range(CIFAR10_CLASSES))

    def rates(self, steps: Sequence[int] | NDArray[Any]) -> NDArray[np.float64]:
        """Return the rates that the run's updates, counted from 0, would apply.

        Raises:
            ConfigError: if the run can not be trained, or a rate is no rate.
        """
        found = rates(self.schedule, steps)
        if (bad := found[~(np.isfinite(found) & (found >= 0))]).size:
            raise ConfigError(
                f"{self.name}: {RATE}: all its rates must be finite and at least 0. Received: {bad[0]}"
            )
        return found

    def curve(self, most: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the epochs done and the rate at every update, or at so many of them, evenly chosen."""
        steps = np.linspace(0, self.updates - 1, min(self.updates, most)).round().astype(np.int64)
        return steps / self.steps_per_epoch, self.rates(steps)


def rates(schedule: "LearningRateSchedule", steps: Sequence[int] | NDArray[Any]) -> NDArray[np.float64]:
    """Return a schedule's rates at some steps.

    Each step goes into the schedule alone, as in training: not every schedule takes an array.

    Args:
        schedule: any `LearningRateSchedule`, Keras's or a user's.
        steps: updates made before, whole numbers from 0, shape `(n,)`.

    Returns:
        The rates, shape `(n,)`, in Keras's float type and then widened to float64.
    """
    import keras
    import tensorflow as tf

    def of_each(some: Any) -> Any:
        return keras.ops.vectorized_map(schedule, some)

    traced = tf.function(of_each).get_concrete_function(tf.TensorSpec((None,), tf.int64))
    every = np.asarray(steps, dtype=np.int64)
    parts = np.array_split(every, max(1, math.ceil(every.size / STEPS_AT_ONCE)))
    return np.concatenate([traced(tf.constant(part)).numpy() for part in parts]).astype(np.float64)


def find(name: str, overrides: Sequence[str] = (), epochs: int | None = None) -> Preview:
    """Return what is meant: a name of the catalogue, a schedule's class, or a run's file.

    Args:
        name: the name (`step`), the class (`StepDecay`: the first schedule of that class), or the path.
        overrides: `key.path=value` texts; of a run, or of the settings of a catalogue's example
            (`config.drop=0.7`).
        epochs: how many epochs; None: as many as the run or the example has.

    Raises:
        ConfigError: if there is no such schedule or file, or its settings can not be used.
    """
    entry = catalogue.BY_NAME.get(name) or _by_class(name)
    if entry is not None:
        return of_entry(entry, overrides, epochs)
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} or os.sep in name or path.exists():
        return _of_file(path, load(path, [*overrides, *_length(epochs)]).config)
    if find_other(name):
        raise ConfigError(f"{name}: is no function of the step; `cifar-lr schedules show {name}` says more")
    raise _unknown(name)


def of_entry(entry: Entry, overrides: Sequence[str] = (), epochs: int | None = None) -> Preview:
    """Return a schedule of the catalogue, or one written as those are.

    Args:
        entry: the schedule.
        overrides: `key.path=value` texts, of its settings.
        epochs: how many epochs; None: the catalogue's 100.

    Raises:
        ConfigError: if an override is wrong, or names another class.
    """
    prefixed = [f"{RATE}.{override}" if "=" in override else override for override in overrides]
    config = _run_of(entry, [*prefixed, *_length(epochs)])
    preview = Preview(entry.name, config, entry=entry, changed=bool(overrides))
    if preview.class_name != entry.settings["class_name"]:
        raise ConfigError(f"{entry.name}: its class stays; name the other one instead of {entry.name}")
    return preview


def find_all(names: Iterable[str]) -> list[Preview]:
    """Return what each of some names, classes, files or folders of runs means, each once.

    Raises:
        ConfigError: as `find`.
    """
    found = chain.from_iterable(map(_in_folder_or_alone, names))
    return list({(one.name, one.path): one for one in found}.values())


def find_other(name: str) -> Other | None:
    """Return what the catalogue has beside schedules under a name or a class's name."""
    return next(
        (one for one in catalogue.OTHERS if name == one.name or f"class_name: {name}\n" in one.yaml), None
    )


def kind_of(other: Other) -> str:
    """Return what it is, in a word: `callback` or `optimizer`."""
    return other.yaml.partition(":")[0].removesuffix("s")


def _in_folder_or_alone(name: str) -> list[Preview]:
    folder = Path(name)
    if name in catalogue.BY_NAME or not folder.is_dir():
        return [find(name)]
    return [_of_file(folder / f"{run.name}.yaml", run.config) for run in load_suite(folder)]


def _by_class(name: str) -> Entry | None:
    return next((entry for entry in catalogue.ENTRIES if entry.settings["class_name"] == name), None)


def _length(epochs: int | None) -> list[str]:
    return [] if epochs is None else [f"epochs={epochs}"]


def _of_file(path: Path, config: RunConfig) -> Preview:
    return Preview(f"{path.resolve().parent.name}/{path.stem}", config, path=path)


def _run_of(entry: Entry, overrides: Sequence[str]) -> RunConfig:
    """Return the run that a catalogue's example is meant for: 157 updates an epoch."""
    run = {
        "data": {"classes": ["cat", "dog"]},
        "epochs": catalogue.EPOCHS,
        "optimizer": {"class_name": "SGD", "config": {"learning_rate": entry.settings}},
    }
    with tempfile.TemporaryDirectory() as folder:  # so that overrides are read and checked as any run's
        path = Path(folder) / f"{entry.name}.yaml"
        path.write_text(json.dumps(run), encoding="utf-8")
        return load(path, overrides).config


def _unknown(name: str) -> ConfigError:
    named = [*catalogue.BY_NAME, *(other.name for other in catalogue.OTHERS)]
    classes = [entry.settings["class_name"] for entry in catalogue.ENTRIES]
    hint = nearest(name[:100], [*named, *classes])
    hint = hint if "did you mean" in hint else "; `cifar-lr schedules list` names them"
    return ConfigError(f"{name[:80]!r} is no schedule and no file{hint}")


def _import_keras() -> None:
    from cifar_lr.execution import import_keras as import_keras_without_its_messages

    import_keras_without_its_messages()


# Text ------------------------------------------------------------------------------------------------------


def listing() -> str:
    """Return the catalogue as lines: a name, what it does, its formula."""
    rows = [(entry.name, entry.line, entry.formula) for entry in catalogue.ENTRIES]
    rows += [
        (other.name, other.line, f"[{kind_of(other)}: no function of the step]") for other in catalogue.OTHERS
    ]
    width = max(len(name) for name, _, _ in rows) + 2
    room = LIST_WIDTH - width
    lines = []
    for name, line, formula in rows:
        beside = [*wrap(line, room), *wrap(formula, room, initial_indent="  ", subsequent_indent="    ")]
        lines.append(f"{name:{width}}{beside[0]}")
        lines += [" " * width + rest for rest in beside[1:]]
    return "\n".join(lines)


def listing_records() -> list[dict[str, Any]]:
    """Return the catalogue for a program to read."""
    entries = [
        {
            "name": entry.name,
            "kind": "schedule",
            "class_name": entry.settings["class_name"],
            "line": entry.line,
            "formula": entry.formula,
            "reference": entry.reference,
        }
        for entry in catalogue.ENTRIES
    ]
    return entries + [other_record(other) for other in catalogue.OTHERS]


def other_text(other: Other) -> str:
    """Return what is no function of the step, for a person to read."""
    what = f"{kind_of(other)}, no function of the step: its rates can not be shown beforehand"
    head = _aligned({"kind": what, "reference": other.reference})
    return f"{other.name}: {other.line}\n\n{head}\n\n{other.yaml.rstrip()}"


def other_record(other: Other) -> dict[str, Any]:
    """Return what is no function of the step, for a program to read."""
    return {
        "name": other.name,
        "kind": kind_of(other),
        "line": other.line,
        "yaml": other.yaml,
        "reference": other.reference,
    }


def text(preview: Preview, columns: int, *, ascii_only: bool = False) -> str:
    """Return everything about a preview for a person to read.

    Args:
        preview: what to show.
        columns: how wide the terminal is, in characters; the plot takes LEAST_COLUMNS at least.
        ascii_only: whether the plot has to do without block characters.

    Raises:
        ConfigError: if the run can not be trained.
    """
    parts = [
        _head(preview),
        to_yaml({"learning_rate": preview.settings}).rstrip(),
        _terminal_plot(preview, columns, ascii_only=ascii_only),
        _table(preview),
        "\n".join(preview.remarks),
    ]
    return "\n\n".join(filter(None, parts))


def record(preview: Preview) -> dict[str, Any]:
    """Return everything about a preview for a program to read: each epoch's first and last rate.

    Raises:
        ConfigError: if the run can not be trained.
    """
    entry = preview.entry
    first, last = _of_epochs(preview, np.arange(preview.config.epochs))
    pairs = zip(first.tolist(), last.tolist(), strict=True)
    return {
        "name": preview.name,
        "path": preview.path and str(preview.path),
        "optimizer": None if entry else preview.config.optimizer.class_name,
        "class_name": preview.class_name,
        "learning_rate": preview.settings,
        "line": entry and entry.line,
        "formula": entry and entry.formula,
        "reference": entry and entry.reference,
        "epochs": preview.config.epochs,
        "updates_per_epoch": preview.steps_per_epoch,
        "remarks": preview.remarks,
        "rates": [
            {"epoch": epoch, "first_update": one, "last_update": other}
            for epoch, (one, other) in enumerate(pairs, start=1)
        ],
    }


def to_yaml(tree: Mapping[str, Any]) -> str:
    """Return settings as YAML as a person would write it: a key a line, what is innermost in braces."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = LIST_WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    written = StringIO()
    yaml.dump({key: _styled(value) for key, value in tree.items()}, written)
    return written.getvalue()


def _styled(value: Any) -> Any:
    """Return plain values for ruamel.yaml to write, in braces or brackets what holds no mapping."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if not isinstance(value, Mapping | list):
        return value
    styled: Any
    if isinstance(value, Mapping):
        styled = CommentedMap({key: _styled(inner) for key, inner in value.items()})
    else:
        styled = CommentedSeq([_styled(inner) for inner in value])
    if not any(_holds_a_mapping(inner) for inner in _inside(value)):
        styled.fa.set_flow_style()
    return styled


def _holds_a_mapping(value: Any) -> bool:
    return isinstance(value, Mapping) or any(_holds_a_mapping(inner) for inner in _inside(value))


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()


def _head(preview: Preview) -> str:
    config, entry = preview.config, preview.entry
    facts = {"class": preview.class_name or "none: a constant rate"}
    if entry is None:
        facts["optimizer"] = config.optimizer.class_name
    else:
        facts |= {"formula": entry.formula, "reference": entry.reference}
    facts["length"] = length_of(preview)
    return f"{preview.name}: {entry.line if entry else preview.path}\n\n{_aligned(facts)}"


def length_of(preview: Preview) -> str:
    """Return how many epochs there are, and of how many updates, in words."""
    return f"{_plural(preview.config.epochs, 'epoch')} of {_plural(preview.steps_per_epoch, 'update')}"


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _aligned(facts: Mapping[str, str]) -> str:
    return "\n".join(f"{name:9}  {value}" for name, value in facts.items())


def _terminal_plot(preview: Preview, columns: int, *, ascii_only: bool) -> str:
    """Return the rates over the epochs done, drawn in characters, from 0 to the highest."""
    from uniplot import plot_to_string

    done, drawn = preview.curve(TERMINAL_UPDATES)
    top = float(drawn.max()) or 1.0
    # uniplot's own numbers have only the digits that tell them apart: it calls 0.05 "0.1".
    numbers = {1: f"{top:.3g}", 1 + HEIGHT // 2: f"{top / 2:.3g}", HEIGHT: "0"}
    margin = max(map(len, numbers.values()))
    width = min(max(columns, LEAST_COLUMNS), MOST_COLUMNS) - margin - 3
    frame = plot_to_string(
        drawn,
        done,
        lines=True,
        width=width,
        height=HEIGHT,
        x_min=0,
        x_max=preview.config.epochs,
        y_min=0,
        y_max=top,
        x_gridlines=[],
        y_gridlines=[],
        x_labels=False,
        y_labels=False,
        character_set="ascii" if ascii_only else "block",
    )
    rows = (frame.translate(ASCII_FRAME) if ascii_only else frame).splitlines()
    lines = [f"{numbers.get(index, ''):>{margin}} {row}" for index, row in enumerate(rows)]
    return "\n".join([*lines, " " * (margin + 1) + _epochs_axis(preview.config.epochs, width + 2)])


def _epochs_axis(epochs: int, width: int) -> str:
    """Return the line below a plot: no epoch done, half of them, all."""
    right = f"{epochs:,} epochs done"
    middle = f"{epochs / 2:,g}".center(width)
    return f"0{middle[1 : width - len(right)]}{right}"


def _table(preview: Preview) -> str:
    """Return the rates of some epochs, the first and the last among them."""
    chosen = np.linspace(0, preview.config.epochs - 1, min(ROWS_OF_TABLE, preview.config.epochs))
    epochs = chosen.round().astype(np.int64)
    lines = [f"{'epoch':>7}  {'first update':>12}  {'last update':>12}"]
    for epoch, first, last in zip(epochs, *_of_epochs(preview, epochs), strict=True):
        lines.append(f"{epoch + 1:7,}  {first:12.6g}  {last:12.6g}")
    return "\n".join(lines)


def _of_epochs(preview: Preview, epochs: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rates of the first and of the last updates of some epochs, counted from 0."""
    firsts = epochs * preview.steps_per_epoch
    found = preview.rates(np.concatenate([firsts, firsts + preview.steps_per_epoch - 1]))
    return found[: epochs.size], found[epochs.size :]


# Figures ---------------------------------------------------------------------------------------------------


def draw(previews: Sequence[Preview], *, log: bool = False) -> "Figure":
    """Draw the rate of every update over the epochs done.

    Up to FEW share one axes, each with its name at its end; where rates are equal, one line has all their
    names. More have a panel each, with the same axes.

    Args:
        previews: one or more.
        log: whether the axis of rates is logarithmic.

    Raises:
        ConfigError: if a run can not be trained, or has no rate above 0 for a logarithmic axis.
    """
    import matplotlib as mpl

    from cifar_lr.drawing import style

    labels = _labels(previews)
    named = zip(labels, previews, strict=True)
    curves = [_curves(label, *preview.curve(DRAWN_UPDATES)) for label, preview in named]
    last = max(preview.config.epochs for preview in previews)
    scale, cut = _scale(curves, log=log)
    several = f"{len(previews)} schedules" if len(previews) > 1 else curves[0].run
    words = {
        "title": f"{several}: learning rate of every update",
        "caption": ". ".join([*_remarks(labels, previews), *cut]) + ".",
        "quantity": "Learning rate",
        "scale": scale,
        "stand_in": False,
    }
    with mpl.rc_context(style()):
        return (_draw_together if len(curves) <= FEW else _draw_apart)(curves, last, words)


def draw_picture(preview: Preview) -> "Figure":
    """Draw one schedule small, for a page that has its name beside it.

    Raises:
        ConfigError: if the run can not be trained.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from cifar_lr.drawing import DPI, PANEL_COLOUR, scale_y, style

    done, drawn = preview.curve(DRAWN_UPDATES)
    top = float(drawn.max()) or 1.0
    kept = _corners(done, drawn.round(5 - math.ceil(math.log10(top))), PICTURE_TOLERANCE * top)
    with mpl.rc_context({**style(), "font.size": PICTURE_TEXT}):
        figure = Figure(figsize=PICTURE, dpi=DPI)
        axes = figure.add_axes(PICTURE_AXES)
        axes.plot(*kept, color=PANEL_COLOUR, linewidth=2, solid_capstyle="round")
        scale_y(axes, (0.0, 1.08 * top, False))
        axes.set_yticks(_round_numbers(1.08 * top, PANEL_TICKS))
        _scale_epochs(axes, preview.config.epochs, PANEL_TICKS)
    return figure


def _corners(
    x: NDArray[np.float64], y: NDArray[np.float64], tolerance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return so few of a curve's points that straight lines between them miss no y by more than a tolerance.

    Reference: Douglas and Peucker (1973).
    """
    kept = np.zeros(x.size, dtype=bool)
    kept[[0, -1]] = True
    parts = [(0, x.size - 1)]
    while parts:
        first, last = parts.pop()
        chord = np.interp(x[first : last + 1], x[[first, last]], y[[first, last]])
        missed = np.abs(y[first : last + 1] - chord)
        farthest = first + int(missed.argmax())
        if missed.max() > tolerance:
            kept[farthest] = True
            parts += [(first, farthest), (farthest, last)]
    return x[kept], y[kept]


def _labels(previews: Sequence[Preview]) -> list[str]:
    """Return names that are all different: of runs, as much of their paths as that takes."""
    choices = (
        [preview.name.rpartition("/")[2] for preview in previews],
        [preview.name for preview in previews],
        [str(preview.path or preview.name) for preview in previews],
    )
    return next(labels for labels in choices if len(set(labels)) == len(labels) or labels is choices[-1])


def _remarks(labels: Sequence[str], previews: Sequence[Preview]) -> list[str]:
    """Return what a caption has to say of some runs."""
    from cifar_lr.captions import said_once

    lengths = said_once(dict(zip(labels, map(length_of, previews), strict=True)))
    named = zip(labels, previews, strict=True)
    lowered = [
        f"{label}: the rate that it starts with, which {preview.config.callbacks[0].class_name} lowers"
        for label, preview in named
        if preview.config.callbacks
    ]
    return [lengths, "Computed, not trained", *lowered]


def _curves(label: str, done: Any, drawn: NDArray[np.float64]) -> "Curves":
    """Return rates as figures take them: as the one seed of a run."""
    from cifar_lr.summary import Curves

    return Curves(label, "learning_rate", (0,), done, drawn[np.newaxis], drawn[-1:])


def _scale(curves: Sequence["Curves"], *, log: bool) -> tuple[tuple[float, float, bool], list[str]]:
    """Return the axis of rates, and what a caption has to say of it.

    Raises:
        ConfigError: if it is to be logarithmic and a run has no rate above 0.
    """
    top = max(float(one.values.max()) for one in curves) or 1.0
    if not log:
        return (0.0, 1.05 * top, False), []
    if zero := [one.run for one in curves if not one.values.any()]:
        raise ConfigError(f"{zero[0]}: has no rate above 0, which a logarithmic axis could show")
    every = np.concatenate([one.values.ravel() for one in curves])
    low = max(float(every[every > 0].min()), DEEPEST * top)
    cut = [f"Rates below {low:.2g} are cut off"] if every.min() < low else []
    return (low / 1.3, 1.3 * top, True), cut


def _draw_together(curves: Sequence["Curves"], last: int, words: Mapping[str, Any]) -> "Figure":
    """Draw all in one axes."""
    from cifar_lr.drawing import draw_names, other_looks, scale_y, single_axes
    from cifar_lr.lines import Line, Plan, draw_line, name_of

    distinct = _distinct(curves)
    looks = other_looks([one.run for one in distinct.values()], beside_known=False)
    lines = tuple(
        Line(one, looks[one.run], name, width=1.8, sparse=len(distinct) > 1) for name, one in distinct.items()
    )
    page = Plan(lines=lines, **words)
    figure, axes = single_axes(page, [line.label for line in lines])
    scale_y(axes, page.scale)
    _scale_epochs(axes, last, TICKS)
    axes.set(xlabel="Epochs done", ylabel=page.quantity)
    for index, line in enumerate(lines):
        draw_line(axes, line, index / len(lines))
    draw_names(axes, [name_of(axes, line) for line in lines])
    return figure


def _distinct(curves: Sequence["Curves"]) -> dict[str, "Curves"]:
    """Return what can be told apart in one axes, by names; where rates are equal, all their names."""
    top = max(float(one.values.max()) for one in curves)
    groups: list[list[Curves]] = []
    for one in curves:
        same = (group for group in groups if _equal(group[0], one, DEEPEST * top))
        group = next(same, None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return {" = ".join(one.run for one in group): group[0] for group in groups}


def _equal(one: "Curves", other: "Curves", tolerance: float) -> bool:
    return np.array_equal(one.epochs, other.epochs) and np.allclose(
        one.values, other.values, rtol=1e-3, atol=tolerance
    )


def _draw_apart(curves: Sequence["Curves"], last: int, words: Mapping[str, Any]) -> "Figure":
    """Draw each in a panel of its own."""
    from cifar_lr.drawing import PANEL_COLOUR, PANEL_HEIGHT, Grid, Look, Panel
    from cifar_lr.lines import Line, draw_line

    def panel_of(one: "Curves") -> "Panel":
        line = Line(one, Look(one.run, PANEL_COLOUR, "o"), one.run, width=1.8)

        def draw_panel(axes: "Axes") -> None:
            _scale_epochs(axes, last, PANEL_TICKS)
            if axes.get_yscale() == "linear":
                axes.set_yticks(_round_numbers(axes.get_ylim()[1], PANEL_TICKS))
            draw_line(axes, line, 0)

        return Panel(one.run, "", last, draw_panel)

    panels = tuple(panel_of(one) for one in curves)
    return Grid(panels=panels, over="Epochs done", panel_height=PANEL_HEIGHT, same_x=True, **words).draw()


def _scale_epochs(axes: "Axes", last: int, ticks: int) -> None:
    """Give an axes the epochs done, from none to the last, with so many numbers at most beyond 0."""
    axes.set_xlim(-0.015 * last, 1.015 * last)
    axes.set_xticks(_round_numbers(last, ticks))


def _round_numbers(most: float, number: int) -> list[float]:
    """Return 0 and up to so many multiples of a round number, the last of them at most `most`."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(number, steps=[1, 2, 5, 10]).tick_values(0, most)
    return [float(tick) for tick in ticks if 0 <= tick <= most]
