"""Numbers to matplotlib Figures: the article's figures 1-7, and those of any other suite.

Other runs have a pair of figures each and are compared in one axes, or, where they are many, in a panel
each. Runs that differ in a constant rate alone are drawn over that rate; a loss that was logged at every
update, over updates.

A figure is planned from histories (which runs, which columns, what its caption says) and then drawn. Every
method has one colour, marker and dash pattern in all figures; the eight colours are Okabe and Ito's with
yellow replaced by Tol's wine, and stay apart for colour-blind readers. Lines have their names at their ends.

Nothing here touches pyplot, a display or matplotlib's global settings, and the same histories give the same
bytes, so that a figure in a repository changes only when a result does.
"""

import io
import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import count, pairwise
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
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator

from cifar_lr import summary
from cifar_lr.durable import write_whole
from cifar_lr.history import DataRecord, History
from cifar_lr.summary import Curves, FloatArray, SummaryError, Sweep

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


# What one axis shows: its lower end, its upper end, and whether it is logarithmic.
_Scale = tuple[float, float, bool]

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
# A sweep over the rates of an optimizer looks like the article's run of it.
_RUN_OF_OPTIMIZER: Mapping[str, str] = {
    "SGD": "constant",
    "Adagrad": "adagrad",
    "Keras2Adagrad": "adagrad",
    "Adadelta": "adadelta",
    "RMSprop": "rmsprop",
    "Keras2RMSprop": "rmsprop",
    "Adam": "adam",
}

# Inches and points. A figure is WIDTH x HEIGHT unless its labels or its caption need more.
WIDTH, HEIGHT, DPI = 8.0, 4.8, 150
LEFT, TOP, BOTTOM = 0.85, 0.5, 0.62
STAND_IN_LINE = 0.3
MARGIN = 0.12
TITLE_SIZE, LABEL_SIZE, CAPTION_SIZE = 13.0, 10.5, 8.5
NUMBERS = 0.53  # room for those beside the y axis, between its label and its ticks
LABEL_GAP = 1.3 * LABEL_SIZE / 72
CAPTION_LINE = 1.35 * CAPTION_SIZE / 72
CAPTION_CHARACTERS = 130  # most lines of so many fit
CAPTION_LINES = 2
LEADER, KEY, PAD = 0.22, 0.42, 0.07  # from a line's end to its key, the key itself, from there to its name
NAMES = 1.65  # room for them in a figure of WIDTH
AXES_WIDTH = WIDTH - LEFT - LEADER - KEY - PAD - NAMES
AXES_HEIGHT = HEIGHT - TOP - BOTTOM - CAPTION_LINES * CAPTION_LINE
NAME_LENGTH = 40
MARKED_EPOCHS = 12  # up to so many, every epoch has its marker
MARKERS = 6  # beyond, so many a line
CLASSES_NAMED = 10
BEHIND = 1.9  # lines are at 2

MANY = 12  # up to so many runs share one axes
# Of a figure of panels, in inches and points.
COLUMNS, GRID_WIDTH, RIGHT = 4, 10.0, 0.25
PANEL_HEIGHT, PANEL_TITLE, PANEL_TICKS, PANEL_GAP = 1.25, 0.32, 0.26, 0.28
PANEL_TITLE_SIZE, PANEL_TICK_SIZE = 9.8, 9.0
LOSS_PANEL_HEIGHT = 2.2
PANEL_TICK_EVERY = 0.3
CONTEXT_POINTS = 200  # of a line behind others; more can not be seen
PANEL_EPOCHS = 4  # at most so many round numbers on an axis of epochs or updates
SHORTEST_NAME = 6

CROSS_ROW = 0.22  # inches from one row of crosses to the next
TICK_GAP = 0.08  # inches between the numbers of two rates
WINDOW = 50  # updates that a moving mean is over
WIDE_RATES, WIDE_LOSSES = 1000, 50  # an axis that would span more is logarithmic
DEEPEST_LOSS, HIGHEST_LOSS = 1e-4, 1e3  # times chance, on a logarithmic axis

INK, FAINT, WARNING = "#222222", "#666666", "#B00020"
CONTEXT, PANEL_COLOUR = "#D2D2D2", "#0072B2"

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


@dataclass(frozen=True, kw_only=True)
class _Page(ABC):
    """A figure before it is drawn: what it says around its axes."""

    title: str
    caption: str
    stand_in: bool

    @abstractmethod
    def draw(self) -> Figure:
        """Draws it."""

    @property
    def width(self) -> float:
        """Inches; only names at the right take more."""
        return WIDTH

    @cached_property
    def title_size(self) -> float:
        """As large as all titles, or as a long run's name leaves room for."""
        room = (self.width - LEFT - MARGIN) / _width(self.title, TITLE_SIZE, "bold")
        return TITLE_SIZE * min(1.0, room)

    @cached_property
    def caption_lines(self) -> list[str]:
        """The caption in lines that fit."""
        for characters in count(round(CAPTION_CHARACTERS * self.width / WIDTH), -5):
            lines = wrap(self.caption, characters, break_on_hyphens=False)
            if max(_width(line, CAPTION_SIZE) for line in lines) <= self.width - 2 * MARGIN:
                break
        return lines

    @cached_property
    def caption_height(self) -> float:
        """Inches, never less than of CAPTION_LINES, so that most figures are equally high."""
        return max(CAPTION_LINES, len(self.caption_lines)) * CAPTION_LINE


@dataclass(frozen=True, kw_only=True)
class _Plan(_Page):
    """One axes in which lines run over epochs. `scale` is the y axis's."""

    quantity: str
    lines: tuple[_Line, ...]
    scale: _Scale

    def draw(self) -> Figure:
        """Draws the lines and writes their names at their ends."""
        figure, axes = _single(self, [line.label for line in self.lines])
        _draw_axes(axes, self)
        for index, line in enumerate(self.lines):
            _draw_line(axes, line, index / len(self.lines))
        _draw_names(axes, [_name_of(axes, line) for line in self.lines])
        return figure


@dataclass(frozen=True, kw_only=True)
class _SweepPlan(_Page):
    """Final accuracies over rates. `scale` is the y axis's, without the rows of crosses below it."""

    series: tuple["_Series", ...]
    chances: tuple[float, ...]
    scale: _Scale

    @cached_property
    def rates(self) -> list[float]:
        """Every rate once, ascending."""
        return sorted({float(rate) for one in self.series for rate in one.sweep.rates})

    def draw(self) -> Figure:
        """Draws a line a sweep, a point a seed, and a cross for what diverged."""
        return _draw_sweeps(self)


@dataclass(frozen=True, kw_only=True)
class _Grid(_Page):
    """Panels of one size, row by row, all with the same y axis, `scale`."""

    quantity: str
    over: str
    panels: tuple["_Panel", ...]
    scale: _Scale
    panel_height: float
    same_x: bool  # then only the lowest panels have numbers there
    right: float = RIGHT

    @property
    def columns(self) -> int:
        """How many panels are side by side."""
        return min(COLUMNS, len(self.panels))

    @property
    def width(self) -> float:
        """Inches: fewer columns leave each panel more."""
        return GRID_WIDTH if self.columns == COLUMNS else WIDTH

    def draw(self) -> Figure:
        """Draws the panels."""
        return _draw_grid(self)


@dataclass(frozen=True)
class _Panel:
    """One of many axes: the name of its run, what follows it, the last x, and what draws its content."""

    name: str
    rest: str
    last: int
    draw: Callable[[Axes], None]


@dataclass(frozen=True)
class _Series:
    """One sweep as a figure shows it: for each of its rates the finished seeds' accuracies, maybe none."""

    sweep: Sweep
    look: Look
    finals: tuple[FloatArray, ...]
    diverged: tuple[bool, ...]

    @cached_property
    def medians(self) -> FloatArray:
        """Over the seeds of each rate; NaN where none finished, which leaves a gap in the line."""
        return np.array([np.median(values) if values.size else np.nan for values in self.finals])


@dataclass(frozen=True)
class _Name:
    """What is written at the right of an axes: of what ends at (x, y), in fractions of the axes."""

    text: str
    x: float
    y: float
    pen: Mapping[str, Any]


def draw_all(histories: Sequence[History]) -> dict[str, Figure]:
    """Draws every figure that the runs at hand allow.

    A run of the article needs one finished seed for its own figures. Figures 5 and 6 need two finished runs
    of their four, figure 7 one of each four. A run of another name gets `<run>_accuracy` and
    `<run>_learning_rate`, as does an adaptive run that stands alone; with two runs or more, one of them of
    another name, there are also `comparison` and `learning_rates`. Beyond MANY finished runs these two have a
    panel a run, and there is nothing else over epochs, not even the article's figures: a run called `step`
    among so many is not the article's experiment. `accuracy_against_rate` needs three finished runs that
    differ in a constant rate alone, `loss_by_update` one run that logged its updates.

    Returns:
        Figures by the stem of their file names, in the article's order; empty where nothing is finished.

    Raises:
        SummaryError: Stand-in and real data are mixed, or `summary.curves` refuses the histories.
        HistoryError: A log of updates is damaged.
    """
    _refuse_stand_in_beside_real(histories)
    with mpl.rc_context(_settings()):
        return {stem: page.draw() for stem, page in _pages(_Suite.of(histories))}


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

    @cached_property
    def by_accuracy(self) -> list[str]:
        """The finished runs, the best first, by the median of their final validation accuracies."""
        return sorted(self.val_accuracy, key=lambda run: -self.val_accuracy[run].median[-1])

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


def _pages(suite: _Suite) -> Iterator[tuple[str, _Page]]:
    """The figures that a suite allows, by stem."""
    if len(suite.val_accuracy) > MANY and set(suite.val_accuracy) - set(LOOKS):
        yield "comparison", _grid_of_accuracies(suite)
        yield "learning_rates", _grid_of_rates(suite)
    else:
        yield from _pages_of_the_article(suite)
        yield from _pages_of_others(suite)
    if sweeps := summary.sweeps(history for group in suite.groups.values() for history in group):
        yield "accuracy_against_rate", _plan_sweeps(suite, sweeps)
    if logged := _logged(suite):
        yield "loss_by_update", _plan_losses(suite, logged)


def _pages_of_the_article(suite: _Suite) -> Iterator[tuple[str, _Page]]:
    """Figures 1-7."""
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


def _pages_of_others(suite: _Suite) -> Iterator[tuple[str, _Page]]:
    """The figures of runs that the article does not have, and of an adaptive one that stands alone."""
    alone = len(suite.val_accuracy) == 1
    others = [run for run in suite.val_accuracy if run not in LOOKS or (alone and run in ADAPTIVE)]
    for run, stem in zip(others, _stems(others), strict=True):
        yield f"{stem}_accuracy", _plan_accuracy(suite, run, suite.looks[run].label)
        yield f"{stem}_learning_rate", _plan_rate(suite, run, suite.looks[run].label)
    if others and not alone:
        yield "comparison", _plan_comparison(suite, tuple(suite.groups), f"{len(suite.groups)} runs")
        yield "learning_rates", _plan_rates(suite)


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
        scale=(*suite.limits, False),
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
        scale=(0.0, float(rate.values.max()) * 1.05 or 1.0, False),
        caption=_caption(suite, [run]),
        stand_in=suite.stand_in,
    )


def _plan_comparison(suite: _Suite, runs: Sequence[str], subject: str) -> _Plan:
    """Validation accuracy of several runs."""
    finished = suite.finished(runs)
    return _Plan(
        title=f"{_counted(finished, runs)} {subject}: validation accuracy",
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
        scale=(*suite.val_limits, False),
        caption=_caption(suite, runs),
        stand_in=suite.stand_in,
    )


def _plan_rates(suite: _Suite) -> _Plan:
    """The rates of all runs, few enough for one axes."""
    scale, remarks = _rates_scale(suite.learning_rate.values())
    return _Plan(
        title=f"{_count_of(suite)}: learning rate at the start of each epoch",
        quantity="Learning rate",
        lines=tuple(
            _Line(curves, suite.looks[run], suite.looks[run].label, width=1.6, sparse=True)
            for run, curves in suite.learning_rate.items()
        ),
        scale=scale,
        caption=_caption(suite, tuple(suite.groups), remarks=remarks),
        stand_in=suite.stand_in,
    )


def _grid_of_accuracies(suite: _Suite) -> _Grid:
    """The validation accuracy of all runs, too many for one axes."""
    finals = {run: f" {curves.median[-1]:.4f}" for run, curves in suite.val_accuracy.items()}
    beside = "Beside each name: final validation accuracy, by which panels are ordered"
    return _Grid(
        title=f"{_count_of(suite)}: validation accuracy",
        quantity="Validation accuracy",
        scale=(*suite.val_limits, False),
        **_grid_of_runs(suite, suite.val_accuracy, finals, [beside]),
    )


def _grid_of_rates(suite: _Suite) -> _Grid:
    """The rates of all runs, each where the other grid has its accuracy."""
    scale, remarks = _rates_scale(suite.learning_rate.values())
    finals = {run: f" {curves.median[-1]:.2g}" for run, curves in suite.learning_rate.items()}
    beside = "Beside each name: the rate of the last epoch. Panels are ordered by final validation accuracy"
    return _Grid(
        title=f"{_count_of(suite)}: learning rate at the start of each epoch",
        quantity="Learning rate",
        scale=scale,
        **_grid_of_runs(suite, suite.learning_rate, finals, [beside, *remarks]),
    )


def _grid_of_runs(
    suite: _Suite, curves: Mapping[str, Curves], rests: Mapping[str, str], remarks: Sequence[str]
) -> dict[str, Any]:
    """What grids of runs over epochs have in common: a panel a run, the best first, and the caption."""
    last = max(len(one.epochs) for one in curves.values())
    return {
        "over": "Epoch",
        "panels": tuple(
            _Panel(
                name=_shortened(_tidy(run)),
                rest=rests[run],
                last=last,
                draw=partial(_draw_run, curves=curves[run], others=[curves[o] for o in curves if o != run]),
            )
            for run in suite.by_accuracy
        ),
        "panel_height": PANEL_HEIGHT,
        "same_x": True,
        "caption": _caption(
            suite, tuple(suite.groups), remarks=["Grey: the medians of all others", *remarks]
        ),
        "stand_in": suite.stand_in,
    }


def _plan_sweeps(suite: _Suite, sweeps: Sequence[Sweep]) -> _SweepPlan:
    """Final validation accuracy against the rate of runs that differ in it alone."""
    series = tuple(
        _Series(
            sweep=sweep,
            look=look,
            finals=tuple(_finals(suite, run) for run in sweep.runs),
            diverged=tuple(_diverged(suite.groups[run]) for run in sweep.runs),
        )
        for sweep, look in zip(sweeps, _sweep_looks(sweeps), strict=True)
    )
    runs = [run for sweep in sweeps for run in sweep.runs]
    classes = {run: len(suite.groups[run][0].record.data.classes) for run in runs}
    chances = tuple(sorted({1 / number for number in classes.values()}))
    remarks = ["Chance: " + _said_once({run: f"1 of {number} classes" for run, number in classes.items()})]
    if any(any(one.diverged) for one in series):
        remarks.append("Crosses: rates with a diverged seed, which has no final accuracy")
    subject = "final validation accuracy against learning rate"
    return _SweepPlan(
        title=f"{series[0].look.label}: {subject}" if len(series) == 1 else subject.capitalize(),
        series=series,
        chances=chances,
        scale=(*_outward(np.concatenate([*(v for one in series for v in one.finals), chances])), False),
        caption=_caption(
            suite, runs, seeds="Line: median over the seeds; points: single seeds", remarks=remarks
        ),
        stand_in=suite.stand_in,
    )


def _finals(suite: _Suite, run: str) -> FloatArray:
    """The final validation accuracies of a run's finished seeds."""
    return suite.val_accuracy[run].values[:, -1] if run in suite.val_accuracy else np.empty(0)


def _diverged(group: Iterable[History]) -> bool:
    return any(history.record.status == "diverged" for history in group)


def _sweep_looks(sweeps: Sequence[Sweep]) -> list[Look]:
    """The look of each optimizer's run in the article; a second sweep of it takes one that is left."""
    own = [_RUN_OF_OPTIMIZER.get(sweep.optimizer) for sweep in sweeps]
    more = _other_looks([str(number) for number in range(len(sweeps))], beside_known=True)
    left = iter([look for run, look in LOOKS.items() if run not in own] + list(more.values()))
    looks = [
        LOOKS[run] if run is not None and run not in own[:index] else next(left)
        for index, run in enumerate(own)
    ]
    return [replace(look, label=_shortened(_tidy(s.label))) for look, s in zip(looks, sweeps, strict=True)]


def _logged(suite: _Suite) -> dict[str, History]:
    """The lowest finished or diverged seed that logged its updates, of each run that has one, by rate."""
    logged = {}
    for run, group in suite.groups.items():
        for history in sorted(group, key=lambda history: history.seed):
            if history.record.status in {"done", "diverged"} and len(_updates(history)["update"]):
                logged[run] = history
                break
    return dict(sorted(logged.items(), key=lambda item: float(_updates(item[1])["learning_rate"].max())))


def _updates(history: History) -> Mapping[str, FloatArray]:
    return history.updates or {"update": np.empty(0)}


def _plan_losses(suite: _Suite, logged: Mapping[str, History]) -> _Grid:
    """The training loss of every update, one seed a run."""
    scale = _losses_scale(logged.values())
    last_of_row = {number for number in range(1, len(logged) + 1) if number % COLUMNS == 0} | {len(logged)}
    return _Grid(
        title="Training loss of each update",
        quantity="Training loss",
        over="Update",
        panels=tuple(
            _Panel(
                name=suite.looks[run].label,
                rest=_rate_words(_updates(history)["learning_rate"]),
                last=len(_updates(history)["update"]),
                draw=partial(_draw_losses, history=history, named=number in last_of_row),
            )
            for number, (run, history) in enumerate(logged.items(), start=1)
        ),
        scale=scale,
        panel_height=LOSS_PANEL_HEIGHT,
        same_x=False,
        right=PAD + _width("chance", PANEL_TICK_SIZE) + MARGIN,
        caption=_losses_caption(suite, logged, scale),
        stand_in=suite.stand_in,
    )


def _rate_words(rates: FloatArray) -> str:
    """What follows a run's name: its rate, or the highest of several."""
    return f", rate {'' if rates.min() == rates.max() else 'up to '}{rates.max():.3g}"


def _losses_caption(suite: _Suite, logged: Mapping[str, History], scale: _Scale) -> str:
    """As all captions; what no other has is how the loss was averaged, and what is cut off."""
    classes = {run: len(history.record.data.classes) for run, history in logged.items()}
    every = np.concatenate([_updates(history)["loss"] for history in logged.values()])
    sentences = [
        *_setting(logged),
        "Shown, one seed a run: " + _said_once({run: f"seed {h.seed}" for run, h in logged.items()}),
        "Faint: the mean loss of each update's batch, before the update",
        f"Bold: its moving mean over {WINDOW} updates, at their middle",
        "Chance: "
        + _said_once({run: f"ln({n}) = {np.log(n):.3f}" for run, n in classes.items()})
        + ", the loss of an untrained network",
    ]
    low, high, log = scale
    if log and (every.max() > high or every.min() < low):
        sentences.append(f"Losses outside {low:.3g} to {high:.3g} are cut off")
    if len({len(_updates(history)["update"]) for history in logged.values()}) > 1:
        sentences.append("Each panel ends with its run")
    return _as_sentences([*sentences, *_lacking(suite, logged)])


def _chance_loss(history: History) -> float:
    """The cross-entropy of a network that gives all classes the same probability."""
    return float(np.log(len(history.record.data.classes)))


def _losses_scale(logged: Iterable[History]) -> _Scale:
    """From 0 to the highest loss; logarithmic, and cut far from chance, where losses span very much."""
    losses, chances = zip(*((_updates(one)["loss"], _chance_loss(one)) for one in logged), strict=True)
    every = np.concatenate([*losses, chances])
    low, high = float(every[every > 0].min()), float(every.max())
    if high <= WIDE_LOSSES * low:
        return 0.0, high * 1.05, False
    low, high = max(low, DEEPEST_LOSS * min(chances)), min(high, HIGHEST_LOSS * max(chances))
    return low / 1.3, high * 1.3, True


def _rates_scale(curves: Iterable[Curves]) -> tuple[_Scale, list[str]]:
    """From 0 to the highest rate; logarithmic where runs are far apart. What that cuts off is remarked on."""
    every = [one.values for one in curves]
    highest = [float(values.max()) for values in every]
    lowest_top = min((rate for rate in highest if rate > 0), default=1.0)
    if max(highest) <= WIDE_RATES * lowest_top:
        return (0.0, max(highest) * 1.05 or 1.0, False), []
    low = lowest_top / 10
    cut = any(values.min() < low for values in every)
    return (low, max(highest) * 1.5, True), [f"Rates below {low:.2g} are cut off"] * cut


def _count_of(suite: _Suite) -> str:
    runs = tuple(suite.groups)
    return f"{_counted(suite.finished(runs), runs)} {len(runs)} runs"


def _counted(finished: Sequence[str], runs: Sequence[str]) -> str:
    return "The" if len(finished) == len(runs) else f"{len(finished)} of the"


def _caption(
    suite: _Suite,
    runs: Sequence[str],
    *,
    seeds: str = "Bold: median over the seeds; thin: single seeds",
    remarks: Sequence[str] = (),
) -> str:
    """Data, network, epochs and seeds of a figure, what else explains it, then everything that it lacks.

    Args:
        suite: The histories.
        runs: What the figure is of, finished or not.
        seeds: How several seeds are drawn.
        remarks: Sentences without their full stops.
    """
    finished = suite.finished(runs)
    results = {run: next(history for history in suite.groups[run] if history.done) for run in finished}
    complete = [run for run in finished if not summary.shortfall(suite.groups[run])]
    sentences = [
        *_setting(results),
        "Done: " + _said_once({run: _seeds(suite, run) for run in complete or finished}),
    ]
    if any(len(suite.val_accuracy[run].seeds) > 1 for run in finished):
        sentences.append(seeds)
    sentences += [*remarks, *_lacking(suite, runs)]
    absent = [run for run in runs if run not in suite.groups]
    if absent:
        sentences.append(f"Not at hand: {', '.join(absent)}")
    return _as_sentences(sentences)


def _setting(results: Mapping[str, History]) -> list[str]:
    """Data, network and epochs of runs."""
    return [
        _said_once(_data(results)),
        "Network: " + _said_once({run: result.record.model for run, result in results.items()}),
        _said_once({run: _epochs(result.record.epochs) for run, result in results.items()}),
    ]


def _lacking(suite: _Suite, runs: Iterable[str]) -> list[str]:
    """What is not finished or was ended early, run by run."""
    lacking = []
    for run in runs:
        group = suite.groups.get(run, [])
        words = filter(None, (summary.shortfall(group), summary.stopped_early(group)))
        lacking += [f"{run}: {word}" for word in words]
    return lacking


def _as_sentences(sentences: Iterable[str]) -> str:
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


def _shortened(name: str, length: int = NAME_LENGTH) -> str:
    """At most so many characters; the middle goes first, since families of runs differ at the end."""
    if len(name) <= length:
        return name
    half = length // 2
    return f"{name[: half - 1]}…{name[-half:]}"


def _fitted(name: str, rest: str, room: float) -> str:
    """The title of a panel: as much of the name as fits into so many inches, and all of the rest."""
    return next(
        title
        for length in range(max(len(name), SHORTEST_NAME), SHORTEST_NAME - 1, -1)
        if _width(title := _shortened(name, length) + rest, PANEL_TITLE_SIZE) <= room
        or length == SHORTEST_NAME
    )


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
    return _outward(np.concatenate([one.values.ravel() for one in curves]))


def _outward(every: FloatArray) -> tuple[float, float]:
    low = np.floor((every.min() - 0.005) * 50) / 50
    high = np.ceil((every.max() + 0.005) * 50) / 50
    return max(0.0, float(low)), min(1.0, float(high))


def _settings() -> dict[Any, Any]:
    """Matplotlib's own defaults, whatever this machine's are, and our style."""
    defaults: dict[Any, Any] = dict(mpl.rcParamsDefault)
    del defaults["backend"]  # belongs to the process
    return {**defaults, **_STYLE}


def _single(page: _Page, labels: Sequence[str], below: float = 0.0) -> tuple[Figure, Axes]:
    """One axes of fixed parts, in inches: only names and captions that need more room get more.

    Args:
        page: What it says around the axes.
        labels: What will be named at the right of the axes.
        below: Inches that the numbers below the axes take beyond the usual.
    """
    axes_height = max(AXES_HEIGHT, LABEL_GAP * (len(labels) - 1))
    bottom = BOTTOM + below + page.caption_height
    height = bottom + axes_height + TOP + (STAND_IN_LINE if page.stand_in else 0)
    names = max(_width(label, LABEL_SIZE) for label in labels)
    width = WIDTH + max(0.0, names + MARGIN - NAMES)
    figure = Figure(figsize=(width, height), dpi=DPI)
    axes = figure.add_axes((LEFT / width, bottom / height, AXES_WIDTH / width, axes_height / height))
    _draw_words(figure, page, bottom + axes_height)
    return figure, axes


def _draw_axes(axes: Axes, plan: _Plan) -> None:
    epochs = max(len(line.curves.epochs) for line in plan.lines)
    axes.set(xlabel="Epoch", ylabel=plan.quantity, xlim=_from_one(epochs))
    axes.set_xticks(_epoch_ticks(epochs))
    _scale_y(axes, plan.scale)
    low, high, _ = plan.scale
    longest = max(_width(f"{tick:g}", LABEL_SIZE) for tick in axes.get_yticks() if low <= tick <= high)
    if longest > NUMBERS:
        axes.tick_params(axis="y", labelsize=LABEL_SIZE * NUMBERS / longest)


def _from_one(last: int) -> tuple[float, float]:
    """The limits of an axis of epochs or updates."""
    margin = 0.5 if last == 1 else 0.015 * (last - 1)
    return 1 - margin, last + margin


def _scale_y(axes: Axes, scale: _Scale) -> None:
    low, high, log = scale
    axes.set_ylim(low, high)
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(axis="y")
    axes.tick_params(length=3)


def _epoch_ticks(epochs: int, most: int = 6) -> list[int]:
    """The first epoch and, up to the last, at most so many round numbers."""
    width = next(
        size * 10**power for power in count() for size in (1, 2, 5) if epochs <= most * size * 10**power
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
    step = 1 if epochs <= MARKED_EPOCHS else epochs // MARKERS
    marked = line.sparse or epochs <= MARKED_EPOCHS
    if len(curves.seeds) > 1:
        seeds = [_path(curves, values).T for values in curves.values]
        axes.add_collection(
            LineCollection(seeds, colors=look.colour, linewidths=0.6, alpha=0.35, zorder=BEHIND),
            autolim=False,
        )
    axes.plot(
        curves.epochs,
        curves.median,
        label=line.label,
        drawstyle="steps-post" if _steady(curves) else "default",
        markevery=(int(phase * step), step),
        **_pen(look, line.width, marked=marked),
    )


def _steady(curves: Curves) -> bool:
    """Whether a curve mostly stays as it was: then it moves in steps, not in slopes."""
    return bool(2 * np.count_nonzero(np.diff(curves.median)) < len(curves.epochs) - 1)


def _path(curves: Curves, values: FloatArray) -> FloatArray:
    """Where a line through such values goes, shape `(2, points)`."""
    pair = np.array([curves.epochs, values])
    return np.asarray(pts_to_poststep(*pair)) if _steady(curves) else pair


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


def _name_of(axes: Axes, line: _Line) -> _Name:
    """What to write of a line, and where it ends."""
    short = len(line.curves.epochs) <= MARKED_EPOCHS
    return _Name(
        text=line.label,
        x=_fraction(float(line.curves.epochs[-1]), (*axes.get_xlim(), False)),
        y=_fraction(float(line.curves.median[-1]), (*axes.get_ylim(), axes.get_yscale() == "log")),
        pen=_pen(line.look, line.width, marked=line.sparse or short),
    )


def _fraction(value: float, scale: _Scale) -> float:
    """Where on an axis a value lies, from 0 at its lower end to 1; what is cut off is at the end."""
    low, high, log = scale
    value = min(max(value, low), high)
    if log:
        low, high, value = np.log((low, high, value))
    return float((value - low) / (high - low))


def _draw_names(axes: Axes, names: Sequence[_Name]) -> None:
    """Each name beside what it is of, with a thread to it where it had to move."""
    width, height = _inches(axes)
    places = spread([name.y * height for name in names], LABEL_GAP, 0.0, height)
    for name, place in zip(names, places, strict=True):
        y = place / height
        start = (width + LEADER) / width
        colour = name.pen["color"]
        thread = ([name.x, 1.0, start - 0.005], [name.y, name.y, y])
        key = ([start, start + KEY / width / 2, start + KEY / width], [y] * 3)
        for (xs, ys), pen in (
            (thread, {"color": colour, "linewidth": 0.6, "alpha": 0.7}),
            (key, {**name.pen, "markevery": [1]}),
        ):
            axes.add_artist(Line2D(xs, ys, transform=axes.transAxes, clip_on=False, label="_key", **pen))
        axes.text(
            start + (KEY + PAD) / width,
            y,
            name.text,
            transform=axes.transAxes,
            va="center_baseline",
            fontsize=LABEL_SIZE,
        )


def _inches(axes: Axes) -> tuple[float, float]:
    """An axes' width and height."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101  for mypy: an axes without one has no size
    width, height = figure.get_size_inches() * axes.get_position().size
    return float(width), float(height)


def _draw_sweeps(plan: _SweepPlan) -> Figure:
    rows = [index for index, one in enumerate(plan.series) if any(one.diverged)]
    texts, rotation, below = _rate_ticks(plan.rates)
    labels = [one.look.label for one in plan.series] + _chance_labels(plan.chances) + ["diverged"]
    figure, axes = _single(plan, labels, below)
    _draw_rate_axis(axes, plan.rates, texts, rotation)
    _scale_y(axes, plan.scale)
    strip = _add_strip(axes, len(rows))
    for one in plan.series:
        _draw_series(axes, one)
    names = [_name_of_series(axes, one) for one in plan.series]
    for chance, label in zip(plan.chances, _chance_labels(plan.chances), strict=True):
        line = axes.axhline(chance, color=FAINT, linewidth=0.8, zorder=BEHIND, label=label)
        y = _fraction(chance, (*axes.get_ylim(), False))
        names.append(_Name(label, 1.0, y, {"color": FAINT, "linewidth": line.get_linewidth()}))
    for row, index in enumerate(reversed(rows)):
        _draw_crosses(axes, plan.series[index], (row + 0.5) / len(rows) * strip)
    if rows:
        names.append(_Name("diverged", 1.0, strip / 2, {"linewidth": 0, **_cross(FAINT)}))
    _draw_names(axes, names)
    return figure


def _chance_labels(chances: Sequence[float]) -> list[str]:
    if len(chances) == 1:
        return ["chance"]
    return [f"chance, {round(1 / chance)} classes" for chance in chances]


def _rate_ticks(rates: Sequence[float]) -> tuple[list[str], float, float]:
    """The numbers below a logarithmic axis of rates.

    Returns:
        A text a rate, empty where there is no room; their rotation in degrees: upright where they would
        touch side by side; and the inches that this takes below the axes, beyond the usual.
    """
    texts = [f"{rate:g}" for rate in rates]
    widths = [_width(text, LABEL_SIZE) for text in texts]
    places = [_fraction(rate, (*_rate_limits(rates), True)) * AXES_WIDTH for rate in rates]
    columns = list(zip(places, widths, strict=True))
    if all(right - left > (w1 + w2) / 2 + TICK_GAP for (left, w1), (right, w2) in pairwise(columns)):
        return texts, 0.0, 0.0
    line = LABEL_SIZE / 72
    free = -np.inf
    for index, place in enumerate(places):
        if place < free:
            texts[index] = ""
        else:
            free = place + LABEL_GAP
    return texts, 90.0, max(0.0, max(widths) - line)


def _rate_limits(rates: Sequence[float]) -> tuple[float, float]:
    margin = (rates[-1] / rates[0]) ** 0.04
    return rates[0] / margin, rates[-1] * margin


def _draw_rate_axis(axes: Axes, rates: Sequence[float], texts: Sequence[str], rotation: float) -> None:
    axes.set_xscale("log")
    axes.set(xlabel="Learning rate", ylabel="Final validation accuracy", xlim=_rate_limits(rates))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(rates, texts, rotation=rotation)


def _add_strip(axes: Axes, rows: int) -> float:
    """Makes room for rows of crosses below what an axes shows; returns the fraction of it that they take."""
    if not rows:
        return 0.0
    low, high = axes.get_ylim()
    strip = CROSS_ROW * rows / _inches(axes)[1]
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    axes.set_ylim(low - (high - low) * strip / (1 - strip), high)
    axes.set_yticks(ticks)
    axes.axhline(low, color=CONTEXT, linewidth=0.8, zorder=BEHIND, label="_strip")
    return strip


def _draw_series(axes: Axes, one: _Series) -> None:
    """The medians joined, and each seed faintly where it is not the only one."""
    if any(values.size > 1 for values in one.finals):
        rates = np.repeat(one.sweep.rates, [values.size for values in one.finals])
        seeds: dict[str, Any] = {"alpha": 0.35, "markeredgewidth": 0, "zorder": BEHIND, "label": "_seeds"}
        axes.plot(rates, np.concatenate(one.finals), "o", color=one.look.colour, markersize=4.5, **seeds)
    axes.plot(one.sweep.rates, one.medians, label=one.look.label, **_pen(one.look, 1.8, marked=True))


def _name_of_series(axes: Axes, one: _Series) -> _Name:
    """What to write of a sweep, beside its last finished rate, or its crosses where there is none."""
    finished = np.flatnonzero(np.isfinite(one.medians))
    last = finished[-1] if finished.size else -1
    x = _fraction(one.sweep.rates[last], (*axes.get_xlim(), True))
    y = _fraction(one.medians[last], (*axes.get_ylim(), False)) if finished.size else 0.0
    return _Name(one.look.label, x, y, _pen(one.look, 1.8, marked=True))


def _draw_crosses(axes: Axes, one: _Series, y: float) -> None:
    """A cross for each rate with a diverged seed, at a height that is a fraction of the axes."""
    rates = one.sweep.rates[list(one.diverged)]
    axes.plot(
        rates,
        np.full(len(rates), y),
        linestyle="none",
        transform=axes.get_xaxis_transform(),
        label=f"{one.look.label} diverged",
        **_cross(one.look.colour),
    )


def _cross(colour: str) -> dict[str, Any]:
    return {"color": colour, "marker": "x", "markersize": 6.5, "markeredgewidth": 1.6}


def _draw_grid(grid: _Grid) -> Figure:
    """Panels of one size; the last row may have fewer."""
    columns, number = grid.columns, len(grid.panels)
    rows = -(-number // columns)
    gap = PANEL_TITLE + (0 if grid.same_x else PANEL_TICKS)
    panel_width = (grid.width - LEFT - grid.right - (columns - 1) * PANEL_GAP) / columns
    bottom = BOTTOM + grid.caption_height
    top = bottom + rows * grid.panel_height + (rows - 1) * gap
    height = top + PANEL_TITLE - PAD + TOP + (STAND_IN_LINE if grid.stand_in else 0)
    figure = Figure(figsize=(grid.width, height), dpi=DPI)
    for index, panel in enumerate(grid.panels):
        row, column = divmod(index, columns)
        x = LEFT + column * (panel_width + PANEL_GAP)
        y = top - grid.panel_height - row * (grid.panel_height + gap)
        box = (x / grid.width, y / height, panel_width / grid.width, grid.panel_height / height)
        axes = figure.add_axes(box)
        axes.set_title(
            _fitted(panel.name, panel.rest, panel_width + PANEL_GAP - TICK_GAP),
            loc="left",
            fontsize=PANEL_TITLE_SIZE,
            pad=4,
        )
        _draw_panel_axes(axes, grid, panel, first=column == 0, lowest=index + columns >= number)
        panel.draw(axes)
    figure.text(
        0.12 / grid.width,
        (bottom + top) / 2 / height,
        grid.quantity,
        rotation=90,
        va="center",
        ha="left",
        fontsize=11,
    )
    _draw_words(figure, grid, top + PANEL_TITLE - PAD)
    return figure


def _draw_panel_axes(axes: Axes, grid: _Grid, panel: _Panel, *, first: bool, lowest: bool) -> None:
    """The axes of a panel; only the outer ones have labels.

    Args:
        axes: Where to draw.
        grid: All panels.
        panel: This one.
        first: Whether it is the first of its row.
        lowest: Whether none is below it.
    """
    _scale_y(axes, grid.scale)
    if not grid.scale[2]:  # left to itself, the same axis has other numbers from row to row
        axes.yaxis.set_major_locator(
            MaxNLocator(round(grid.panel_height / PANEL_TICK_EVERY), steps=[1, 2, 5, 10])
        )
    axes.set_xlim(_from_one(panel.last))
    axes.set_xticks(_epoch_ticks(panel.last, PANEL_EPOCHS))
    axes.tick_params(labelsize=PANEL_TICK_SIZE, labelleft=first, labelbottom=lowest or not grid.same_x)
    if lowest:
        axes.set_xlabel(grid.over)


def _draw_run(axes: Axes, curves: Curves, others: Sequence[Curves]) -> None:
    """One run in front of the medians of all others."""
    short = max(len(other.epochs) for other in others) == 1
    gap = np.full((2, 1), np.nan)
    every = max(1, max(len(other.epochs) for other in others) // CONTEXT_POINTS)
    paths = [part for other in others for part in (_path(other, other.median)[:, ::every], gap)]
    axes.plot(
        *np.hstack(paths),
        color=CONTEXT,
        linewidth=0.6,
        marker="." if short else "none",
        zorder=BEHIND - 0.1,
        label="_others",
    )
    look = Look(curves.run, PANEL_COLOUR, "o")
    _draw_line(axes, _Line(curves, look, curves.run, width=1.8), 0)


def _draw_losses(axes: Axes, history: History, *, named: bool) -> None:
    """The loss of each update, its moving mean, and where the run diverged.

    Args:
        axes: Where to draw.
        history: A run that logged its updates.
        named: Whether there is room at the right to name the line at chance.
    """
    update, loss = (_updates(history)[column] for column in ("update", "loss"))
    chance = _chance_loss(history)
    few = "." if len(loss) <= MARKED_EPOCHS else "none"
    width, alpha = (0.5, 0.35) if len(loss) >= WINDOW else (1.0, 0.8)  # without a mean it stands alone
    axes.axhline(chance, color=FAINT, linewidth=0.8, zorder=BEHIND, label="chance")
    axes.plot(update, loss, color=PANEL_COLOUR, linewidth=width, alpha=alpha, marker=few, label="loss")
    smooth = [summary.moving_mean(values, WINDOW) for values in (update, loss)]
    axes.plot(*smooth, color=PANEL_COLOUR, linewidth=1.8, label="moving mean")
    if named:
        x = 1 + PAD / _inches(axes)[0]
        beside: dict[str, Any] = {"va": "center", "transform": axes.get_yaxis_transform()}
        axes.text(x, chance, "chance", color=FAINT, fontsize=PANEL_TICK_SIZE, **beside)
    if history.record.status == "diverged":
        end = np.clip(loss[-1:], *axes.get_ylim())
        axes.plot(update[-1:], end, linestyle="none", clip_on=False, label="_end", **_cross(WARNING))
        _draw_note(axes, summary.ending(history), loss)


def _draw_note(axes: Axes, text: str, loss: FloatArray) -> None:
    """A few words in a panel's upper left; in its lower right where the loss has grown there already."""
    scale = (*axes.get_ylim(), axes.get_yscale() == "log")
    early = loss[: round(0.8 * len(loss))].max(initial=0.0)
    grown = _fraction(float(early), scale) > 0.8  # noqa: PLR2004  the note is above
    x, y, at = (0.97, 0.05, ("right", "bottom")) if grown else (0.03, 0.96, ("left", "top"))
    box = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    place: dict[str, Any] = {"transform": axes.transAxes, "ha": at[0], "va": at[1]}
    axes.text(x, y, text, fontsize=PANEL_TICK_SIZE, color=WARNING, bbox=box, **place)


def _draw_words(figure: Figure, page: _Page, top: float) -> None:
    """Title and caption, and that the data are a stand-in.

    Args:
        figure: What to write on.
        page: What it says.
        top: The upper edge of what is drawn, in inches.
    """
    width, height = figure.get_size_inches()
    x, y = LEFT / width, (top + 0.17) / height
    figure.text(x, y, page.title, fontsize=page.title_size, fontweight="bold")
    figure.text(
        MARGIN / width,
        (page.caption_height + 0.04) / height,
        "\n".join(page.caption_lines),
        fontsize=CAPTION_SIZE,
        color=FAINT,
        linespacing=1.15,
        va="top",
    )
    if page.stand_in:
        warning: dict[str, Any] = {"color": WARNING, "fontweight": "bold"}
        y += STAND_IN_LINE / height
        figure.text(x, y, "STAND-IN DATA: generated images, not CIFAR-10", fontsize=12, **warning)
        for axes in figure.axes:
            smaller = min(1.0, _inches(axes)[0] / AXES_WIDTH)
            # Small letters are stronger, and before the grey lines of a panel.
            strength: dict[str, Any] = {
                "fontsize": 60 * smaller,
                "alpha": 0.08 / smaller,
                "zorder": BEHIND - 0.05,
            }
            centre: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center"}
            axes.text(0.5, 0.5, "STAND-IN", rotation=20, **centre, **strength, **warning)


def _rendered(figure: Figure, extension: str) -> bytes:
    """A file's content, the same for the same figure at any time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=extension, **_FILES[extension])
    return buffer.getvalue()
