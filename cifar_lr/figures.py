"""Numbers to matplotlib Figures: the article's figures 1-7, and a pair of figures for any other run.

A figure is planned from histories (which runs, which columns, what its caption says) and then drawn. Every
method has one colour, marker and dash pattern in all figures; the eight colours are Okabe and Ito's with
yellow replaced by Tol's wine, and stay apart for colour-blind readers. Lines have their names at their ends.

Nothing here touches pyplot, a display or matplotlib's global settings, and the same histories give the same
bytes, so that a figure in a repository changes only when a result does.
"""

import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cbook import pts_to_poststep
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path

from cifar_lr import summary
from cifar_lr.history import DataRecord, History, write_whole
from cifar_lr.summary import Curves, SummaryError

FORMATS = ("png", "svg", "pdf")
SCHEDULES = ("constant", "time_based", "step", "exponential")
ADAPTIVE = ("adagrad", "adadelta", "rmsprop", "adam")


class FigureError(Exception):
    """Figures that can not be saved. The message is one line and names the file or format."""


@dataclass(frozen=True)
class Look:
    """What one method looks like in every figure: its name in words, its colour, its marker, its dashes."""

    label: str
    colour: str
    marker: str
    dashes: Any = "-"
    hollow: bool = False


_DASHED = (0, (5, 1.5))
LOOKS: Mapping[str, Look] = {
    "constant": Look("Constant", "#000000", "o"),
    "time_based": Look("Time-based", "#0072B2", "s"),
    "step": Look("Step", "#009E73", "^"),
    "exponential": Look("Exponential", "#E69F00", "D"),
    "adagrad": Look("Adagrad", "#882255", "o", _DASHED, hollow=True),
    "adadelta": Look("Adadelta", "#CC79A7", "s", _DASHED, hollow=True),
    "rmsprop": Look("RMSprop", "#56B4E9", "^", _DASHED, hollow=True),
    "adam": Look("Adam", "#D55E00", "D", _DASHED, hollow=True),
}
# Other runs take these in turn, each time with the next dashes; beside the eight they begin with the second.
_OTHER_LOOKS = tuple(LOOKS.values())
_OTHER_DASHES: tuple[Any, ...] = ("-", (0, (6, 1.6, 1, 1.6)), (0, (3, 1)), (0, (1, 1)))

# Inches and points. A figure is WIDTH x HEIGHT unless its labels or its caption need more.
WIDTH, HEIGHT, DPI = 8.0, 4.8, 150
LEFT, TOP, BOTTOM = 0.85, 0.5, 0.62
STAND_IN_LINE = 0.3
MARGIN = 0.12
TITLE_SIZE, LABEL_SIZE, CAPTION_SIZE = 13.0, 10.5, 8.5
LABEL_GAP = 1.3 * LABEL_SIZE / 72
CAPTION_LINE = 1.35 * CAPTION_SIZE / 72
CAPTION_CHARACTERS = 130  # most lines of so many fit
CAPTION_LINES = 2
LEADER, KEY, PAD = 0.22, 0.42, 0.07  # from a line's end to its key, the key itself, from there to its name
NAMES = 1.65  # room for them in a figure of WIDTH
NAME_LENGTH = 40
MARKED_EPOCHS = 12  # up to so many, every epoch has its marker
MARKERS = 6  # beyond, so many a line
CLASSES_NAMED = 10
BEHIND = 1.9  # lines are at 2

INK, FAINT, WARNING = "#222222", "#666666", "#B00020"

_STYLE: Mapping[str, Any] = {
    "font.size": LABEL_SIZE,
    "axes.labelsize": 11,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#E2E2E2",
    "text.color": INK,
    "text.parse_math": False,  # names come from files: a dollar sign is a dollar sign
    "svg.fonttype": "none",  # text stays text: found by a search, read by a screen reader
    "svg.hashsalt": "cifar_lr",
}
# No dates or versions in files. Beyond level 3, a PNG's compression costs more time than it saves room.
_FILES: Mapping[str, dict[str, Any]] = {
    "png": {"metadata": {"Software": None}, "pil_kwargs": {"compress_level": 3}},
    "svg": {"metadata": {"Date": None, "Creator": None}},
    "pdf": {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}},
}


@dataclass(frozen=True)
class _Line:
    """One column of one run, as a figure shows it."""

    curves: Curves
    look: Look
    label: str
    width: float
    sparse: bool = False  # markers here and there, to tell lines apart where colours can not


@dataclass(frozen=True)
class _Plan:
    """A figure before it is drawn. `limits` are the y axis's."""

    title: str
    quantity: str
    lines: tuple[_Line, ...]
    limits: tuple[float, float]
    caption: str
    stand_in: bool

    @cached_property
    def names_width(self) -> float:
        """Inches that the longest name takes."""
        return max(_width(line.label, LABEL_SIZE) for line in self.lines)

    @cached_property
    def title_size(self) -> float:
        """As large as all titles, or as a long run's name leaves room for."""
        room = (WIDTH - LEFT - MARGIN) / _width(self.title, TITLE_SIZE, "bold")
        return TITLE_SIZE * min(1.0, room)

    @cached_property
    def caption_lines(self) -> list[str]:
        """The caption in lines that fit."""
        for characters in count(CAPTION_CHARACTERS, -5):
            lines = wrap(self.caption, characters, break_on_hyphens=False)
            if max(_width(line, CAPTION_SIZE) for line in lines) <= WIDTH - 2 * MARGIN:
                break
        return lines


def draw_all(histories: Sequence[History]) -> dict[str, Figure]:
    """Draws every figure that the runs at hand allow.

    A run of the article needs one finished seed for its own figures. Figures 5 and 6 need two finished runs
    of their four, figure 7 one of each four. A run of another name gets `<run>_accuracy` and
    `<run>_learning_rate`, as does an adaptive run that stands alone; with two runs or more, one of them of
    another name, there is also `comparison`.

    Returns:
        Figures by the stem of their file names, in the article's order; empty where nothing is finished.

    Raises:
        SummaryError: Stand-in and real data are mixed, or `summary.curves` refuses the histories.
    """
    _refuse_stand_in_beside_real(histories)
    with mpl.rc_context(_settings()):
        return {stem: _draw(plan) for stem, plan in _plans(_Suite.of(histories))}


def save(figures: Mapping[str, Figure], folder: Path, formats: Sequence[str] = ("png", "svg")) -> list[Path]:
    """Writes every figure in every format to `folder`, which is made where it is missing.

    Nothing is written before all of it is rendered, and each file is replaced as a whole.

    Raises:
        FigureError: A format is unknown, or the folder or a file can not be written.
    """
    for unknown in set(formats) - set(FORMATS):
        raise FigureError(f"unknown figure format {unknown!r}; known are {', '.join(FORMATS)}")
    with mpl.rc_context(_settings()):
        files = {
            folder / f"{stem}.{extension}": _rendered(figure, extension)
            for stem, figure in figures.items()
            for extension in formats
        }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            write_whole(path, content, durable=False)
    except OSError as error:
        raise FigureError(f"{folder}: figures can not be written: {error.strerror or error}") from error
    return list(files)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Moves positions as little as possible (least squares) until all are `gap` apart and within bounds.

    Args:
        wanted: Where each would be if it were alone.
        gap: The smallest distance allowed; `high - low` has room for all of them.
        low: The smallest position allowed.
        high: The largest position allowed.

    Returns:
        The positions, in the order of `wanted`.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    # Without their gaps, neighbours that are too close are pooled at their mean (isotonic regression).
    pools: list[tuple[float, int]] = []
    for rank, index in enumerate(order):
        total, size = wanted[index] - rank * gap, 1
        while pools and pools[-1][0] * size >= total * pools[-1][1]:
            pooled, members = pools.pop()
            total, size = total + pooled, size + members
        pools.append((total, size))
    means = np.repeat([total / size for total, size in pools], [size for _, size in pools])
    means = np.clip(means, low, high - (len(order) - 1) * gap)
    positions = [0.0] * len(order)
    for rank, index in enumerate(order):
        positions[index] = float(means[rank]) + rank * gap
    return positions


@dataclass(frozen=True)
class _Suite:
    """Histories and everything that all their figures share."""

    groups: dict[str, list[History]]
    accuracy: dict[str, Curves]
    val_accuracy: dict[str, Curves]
    learning_rate: dict[str, Curves]
    looks: dict[str, Look]

    @classmethod
    def of(cls, histories: Sequence[History]) -> "_Suite":
        groups = summary.runs(histories)
        others = sorted(run for run in groups if run not in LOOKS)
        return cls(
            groups=groups,
            accuracy=summary.curves(histories, "accuracy"),
            val_accuracy=summary.curves(histories, "val_accuracy"),
            learning_rate=summary.curves(histories, "learning_rate"),
            looks={**LOOKS, **_other_looks(others, beside_known=len(others) < len(groups))},
        )

    @property
    def stand_in(self) -> bool:
        return any(group[0].record.data.kind == "stand-in" for group in self.groups.values())

    @cached_property
    def limits(self) -> tuple[float, float]:
        """One accuracy axis for all figures that show training and validation, so that they compare."""
        return _limits([*self.accuracy.values(), *self.val_accuracy.values()])

    @cached_property
    def val_limits(self) -> tuple[float, float]:
        """One accuracy axis for all comparisons."""
        return _limits(self.val_accuracy.values())

    def finished(self, runs: Iterable[str]) -> list[str]:
        return [run for run in runs if run in self.val_accuracy]


def _refuse_stand_in_beside_real(histories: Iterable[History]) -> None:
    first: dict[bool, Path] = {}
    for history in histories:
        first.setdefault(history.record.data.kind == "stand-in", history.folder)
    if len(first) > 1:
        raise SummaryError(
            f"stand-in and real data never share a figure: {first[True]} is stand-in, {first[False]} is not"
        )


def _plans(suite: _Suite) -> Iterator[tuple[str, _Plan]]:
    """The figures that a suite allows, by stem."""
    pair, rate, compare = _plan_accuracy, _plan_rate, _plan_comparison
    recipes: list[tuple[str, str, Callable[[_Suite, str, str], _Plan], str]] = [
        ("fig1_constant", "constant", pair, "Constant learning rate"),
        ("fig2_time_based", "time_based", pair, "Time-based decay"),
        ("fig3a_step", "step", pair, "Step decay"),
        ("fig3b_step_rate", "step", rate, "Step decay"),
        ("fig4a_exponential", "exponential", pair, "Exponential decay"),
        ("fig4b_exponential_rate", "exponential", rate, "Exponential decay"),
    ]
    for stem, run, recipe, method in recipes:
        if run in suite.val_accuracy:
            yield stem, recipe(suite, run, method)
    schedules, adaptive = suite.finished(SCHEDULES), suite.finished(ADAPTIVE)
    if len(schedules) > 1:
        yield "fig5_schedules", compare(suite, SCHEDULES, "four schedules")
    if len(adaptive) > 1:
        yield "fig6_adaptive", compare(suite, ADAPTIVE, "four adaptive methods")
    if schedules and adaptive:
        yield "fig7_all", compare(suite, SCHEDULES + ADAPTIVE, "eight methods")
    yield from _plans_of_others(suite)


def _plans_of_others(suite: _Suite) -> Iterator[tuple[str, _Plan]]:
    """The figures of runs that the article does not have, and of an adaptive one that stands alone."""
    alone = len(suite.val_accuracy) == 1
    others = [run for run in suite.val_accuracy if run not in LOOKS or (alone and run in ADAPTIVE)]
    for run, stem in zip(others, _stems(others), strict=True):
        yield f"{stem}_accuracy", _plan_accuracy(suite, run, suite.looks[run].label)
        yield f"{stem}_learning_rate", _plan_rate(suite, run, suite.looks[run].label)
    if others and len(suite.val_accuracy) > 1:
        yield "comparison", _plan_comparison(suite, tuple(suite.groups), f"{len(suite.groups)} runs")


def _plan_accuracy(suite: _Suite, run: str, method: str) -> _Plan:
    """Training and validation accuracy of one run."""
    plain = replace(suite.looks[run], marker="o", dashes="-", hollow=False)
    faint = replace(plain, dashes=(0, (3, 1.5)), hollow=True)
    training, validation = suite.accuracy[run], suite.val_accuracy[run]
    return _Plan(
        title=f"{method}: training and validation accuracy",
        quantity="Accuracy",
        lines=(
            _Line(training, faint, f"Training {training.median[-1]:.4f}", width=1.3),
            _Line(validation, plain, f"Validation {validation.median[-1]:.4f}", width=2.0),
        ),
        limits=suite.limits,
        caption=_caption(suite, [run]),
        stand_in=suite.stand_in,
    )


def _plan_rate(suite: _Suite, run: str, method: str) -> _Plan:
    """The rate of one run: at each epoch the one that its first update applied."""
    rate = suite.learning_rate[run]
    first, last = f"{rate.median[0]:.3g}", f"{rate.median[-1]:.3g}"
    look = replace(suite.looks[run], marker="o", dashes="-", hollow=False)
    return _Plan(
        title=f"{method}: learning rate at the start of each epoch",
        quantity="Learning rate",
        lines=(_Line(rate, look, first if first == last else f"{first} to {last}", width=2.0),),
        limits=(0.0, float(rate.values.max()) * 1.05 or 1.0),
        caption=_caption(suite, [run]),
        stand_in=suite.stand_in,
    )


def _plan_comparison(suite: _Suite, runs: Sequence[str], subject: str) -> _Plan:
    """Validation accuracy of several runs."""
    finished = suite.finished(runs)
    number = "The" if len(finished) == len(runs) else f"{len(finished)} of the"
    return _Plan(
        title=f"{number} {subject}: validation accuracy",
        quantity="Validation accuracy",
        lines=tuple(
            _Line(
                suite.val_accuracy[run],
                suite.looks[run],
                f"{suite.looks[run].label} {suite.val_accuracy[run].median[-1]:.4f}",
                width=1.6,
                sparse=True,
            )
            for run in finished
        ),
        limits=suite.val_limits,
        caption=_caption(suite, runs),
        stand_in=suite.stand_in,
    )


def _caption(suite: _Suite, runs: Sequence[str]) -> str:
    """Data, network, epochs and seeds of a figure, then everything that it lacks."""
    finished = suite.finished(runs)
    results = {run: next(history for history in suite.groups[run] if history.done) for run in finished}
    lacking = {run: summary.shortfall(suite.groups[run]) for run in runs if run in suite.groups}
    complete = [run for run in finished if not lacking[run]]
    sentences = [
        _said_once(_data(results)),
        "Network: " + _said_once({run: result.record.model for run, result in results.items()}),
        _said_once({run: _epochs(result.epochs) for run, result in results.items()}),
        "Done: " + _said_once({run: _seeds(suite, run) for run in complete or finished}),
    ]
    if any(len(suite.val_accuracy[run].seeds) > 1 for run in finished):
        sentences.append("Bold: median over the seeds; thin: single seeds")
    sentences += [f"{run}: {words}" for run, words in lacking.items() if words]
    absent = [run for run in runs if run not in suite.groups]
    if absent:
        sentences.append(f"Not at hand: {', '.join(absent)}")
    return _tidy(". ".join(sentences)) + "."


def _data(results: Mapping[str, History]) -> dict[str, str]:
    """What each run was trained on; fingerprints where words do not tell the data apart."""
    words = {run: _data_words(history.record.data) for run, history in results.items()}
    prints = {run: history.record.data.fingerprint for run, history in results.items()}
    if len(set(prints.values())) > len(set(words.values())):
        return {run: f"{words[run]}, fingerprint {prints[run][:24]}" for run in words}
    return words


def _data_words(data: DataRecord) -> str:
    many = len(data.classes) > CLASSES_NAMED
    classes = f"{len(data.classes)} classes" if many else ", ".join(data.classes)
    images = f"{data.train_images:,} training, {data.validation_images:,} validation images"
    return f"{data.label} ({classes}): {images}"


def _epochs(number: int) -> str:
    return f"{number} epoch{'s' if number > 1 else ''}"


def _seeds(suite: _Suite, run: str) -> str:
    seeds = suite.val_accuracy[run].seeds
    return f"{summary.name_seeds(seeds)} ({len(seeds)} of {len(suite.groups[run])})"


def _said_once(by_run: Mapping[str, str]) -> str:
    """What all runs share, or each thing with the runs that it holds for."""
    holders: dict[str, list[str]] = defaultdict(list)
    for run, words in by_run.items():
        holders[words].append(run)
    if len(holders) == 1:
        return next(iter(holders))
    return "; ".join(f"{words} [{', '.join(runs)}]" for words, runs in holders.items())


def _other_looks(runs: Sequence[str], *, beside_known: bool) -> dict[str, Look]:
    """Looks for runs that the article does not have, in the order given."""
    looks = {}
    for index, run in enumerate(runs, start=len(_OTHER_LOOKS) if beside_known else 0):
        turn, place = divmod(index, len(_OTHER_LOOKS))
        looks[run] = replace(
            _OTHER_LOOKS[place],
            label=_shortened(_tidy(run)),
            dashes=_OTHER_DASHES[turn % len(_OTHER_DASHES)],
            hollow=turn % 2 == 1,
        )
    return looks


def _tidy(text: str) -> str:
    """One line without anything that does not print: names and labels come from files."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _shortened(name: str) -> str:
    """At most NAME_LENGTH characters; the middle goes first, since families of runs differ at the end."""
    if len(name) <= NAME_LENGTH:
        return name
    half = NAME_LENGTH // 2
    return f"{name[: half - 1]}…{name[-half:]}"


def _stems(runs: Iterable[str]) -> list[str]:
    """File names for runs of any name: all different, also where upper and lower case are the same."""
    stems: dict[str, str] = {}
    for run in runs:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", run).strip("._-")[:100] or "run"
        tries = (plain if number == 1 else f"{plain}-{number}" for number in count(1))
        stem = next(candidate for candidate in tries if candidate.lower() not in stems)
        stems[stem.lower()] = stem
    return list(stems.values())


def _width(text: str, size: float, weight: str = "normal") -> float:
    """Inches that a line of text takes."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def _limits(curves: Iterable[Curves]) -> tuple[float, float]:
    """Accuracies' axis: everything there is, outward to a multiple of 0.02, at most from 0 to 1."""
    every = np.concatenate([one.values.ravel() for one in curves])
    low = np.floor((every.min() - 0.005) * 50) / 50
    high = np.ceil((every.max() + 0.005) * 50) / 50
    return max(0.0, float(low)), min(1.0, float(high))


def _settings() -> dict[Any, Any]:
    """Matplotlib's own defaults, whatever this machine's are, and our style."""
    defaults: dict[Any, Any] = dict(mpl.rcParamsDefault)
    del defaults["backend"]  # belongs to the process
    return {**defaults, **_STYLE}


def _draw(plan: _Plan) -> Figure:
    """A figure of fixed parts, in inches: only names and captions that need more room get more."""
    axes_height = HEIGHT - TOP - BOTTOM - CAPTION_LINES * CAPTION_LINE
    axes_height = max(axes_height, LABEL_GAP * (len(plan.lines) - 1))
    bottom = BOTTOM + max(CAPTION_LINES, len(plan.caption_lines)) * CAPTION_LINE
    height = bottom + axes_height + TOP + (STAND_IN_LINE if plan.stand_in else 0)
    axes_width = WIDTH - LEFT - LEADER - KEY - PAD - NAMES
    width = WIDTH + max(0.0, plan.names_width + MARGIN - NAMES)
    figure = Figure(figsize=(width, height), dpi=DPI)
    axes = figure.add_axes((LEFT / width, bottom / height, axes_width / width, axes_height / height))
    _draw_axes(axes, plan)
    for index, line in enumerate(plan.lines):
        _draw_line(axes, line, index / len(plan.lines))
    _draw_labels(axes, plan, axes_height, axes_width)
    _draw_words(figure, plan, bottom, bottom + axes_height)
    return figure


def _draw_axes(axes: Axes, plan: _Plan) -> None:
    epochs = max(len(line.curves.epochs) for line in plan.lines)
    margin = 0.5 if epochs == 1 else 0.015 * (epochs - 1)
    axes.set(xlabel="Epoch", ylabel=plan.quantity, xlim=(1 - margin, epochs + margin), ylim=plan.limits)
    axes.set_xticks(_epoch_ticks(epochs))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(axis="y")
    axes.tick_params(length=3)


def _epoch_ticks(epochs: int) -> list[int]:
    """The first epoch and round numbers up to the last."""
    width = next(
        size * 10**power for power in count() for size in (1, 2, 5) if epochs <= 6 * size * 10**power
    )
    return [1, *range(width if width > 1 else 2, epochs + 1, width)]


def _draw_line(axes: Axes, line: _Line, phase: float) -> None:
    """The median in front, each seed faintly behind it.

    Args:
        axes: Where to draw.
        line: What to draw.
        phase: From 0 to 1, where a line with few markers has its first, so that they do not meet.
    """
    curves, look = line.curves, line.look
    epochs = len(curves.epochs)
    # What mostly stays as it was moves in steps, not in slopes.
    steady = 2 * np.count_nonzero(np.diff(curves.median)) < epochs - 1
    step = 1 if epochs <= MARKED_EPOCHS else epochs // MARKERS
    marked = line.sparse or epochs <= MARKED_EPOCHS
    if len(curves.seeds) > 1:
        points = [(curves.epochs, values) for values in curves.values]
        seeds = [np.transpose(pts_to_poststep(*pair) if steady else pair) for pair in points]
        axes.add_collection(
            LineCollection(seeds, colors=look.colour, linewidths=0.6, alpha=0.35, zorder=BEHIND),
            autolim=False,
        )
    axes.plot(
        curves.epochs,
        curves.median,
        label=line.label,
        drawstyle="steps-post" if steady else "default",
        markevery=(int(phase * step), step),
        **_pen(look, line.width, marked=marked),
    )


def _pen(look: Look, width: float, *, marked: bool) -> dict[str, Any]:
    return {
        "color": look.colour,
        "linestyle": look.dashes,
        "linewidth": width,
        "marker": look.marker if marked else "none",
        "markersize": 5.5,
        "markerfacecolor": "white" if look.hollow else look.colour,
        "markeredgecolor": look.colour,
        "solid_capstyle": "round",
    }


def _draw_labels(axes: Axes, plan: _Plan, height: float, width: float) -> None:
    """Each line's name at its end, with a thread to it where it had to move.

    Args:
        axes: Where the lines are.
        plan: What is drawn.
        height: The axes' height in inches.
        width: The axes' width in inches.
    """
    low, high = plan.limits
    left, right = axes.get_xlim()
    ends = [(float(line.curves.median[-1]) - low) / (high - low) * height for line in plan.lines]
    places = spread(ends, LABEL_GAP, 0.0, height)
    for line, end, place in zip(plan.lines, ends, places, strict=True):
        last = (float(line.curves.epochs[-1]) - left) / (right - left) * width
        y = place / height
        start = (width + LEADER) / width
        short = len(line.curves.epochs) <= MARKED_EPOCHS
        thread = ([last / width, 1.0, start - 0.005], [end / height, end / height, y])
        key = ([start, start + KEY / width / 2, start + KEY / width], [y] * 3)
        for (xs, ys), pen in (
            (thread, {"color": line.look.colour, "linewidth": 0.6, "alpha": 0.7}),
            (key, {**_pen(line.look, line.width, marked=line.sparse or short), "markevery": [1]}),
        ):
            axes.add_artist(Line2D(xs, ys, transform=axes.transAxes, clip_on=False, label="_key", **pen))
        axes.text(
            start + (KEY + PAD) / width,
            y,
            line.label,
            transform=axes.transAxes,
            va="center_baseline",
            fontsize=LABEL_SIZE,
        )


def _draw_words(figure: Figure, plan: _Plan, bottom: float, top: float) -> None:
    """Title and caption, and that the data are a stand-in.

    Args:
        figure: What to write on.
        plan: What is drawn.
        bottom: The axes' lower edge, in inches.
        top: The axes' upper edge, in inches.
    """
    width, height = figure.get_size_inches()
    x, y = LEFT / width, (top + 0.17) / height
    figure.text(x, y, plan.title, fontsize=plan.title_size, fontweight="bold")
    figure.text(
        MARGIN / width,
        (bottom - BOTTOM + 0.04) / height,
        "\n".join(plan.caption_lines),
        fontsize=CAPTION_SIZE,
        color=FAINT,
        linespacing=1.15,
        va="top",
    )
    if plan.stand_in:
        warning: dict[str, Any] = {"color": WARNING, "fontweight": "bold"}
        y += STAND_IN_LINE / height
        figure.text(x, y, "STAND-IN DATA: generated images, not CIFAR-10", fontsize=12, **warning)
        axes = figure.axes[0]
        watermark: dict[str, Any] = {"fontsize": 60, "alpha": 0.08, "rotation": 20, "zorder": 0, **warning}
        axes.text(0.5, 0.5, "STAND-IN", transform=axes.transAxes, ha="center", va="center", **watermark)


def _rendered(figure: Figure, extension: str) -> bytes:
    """A file's content, the same for the same figure at any time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=extension, **_FILES[extension])
    return buffer.getvalue()
