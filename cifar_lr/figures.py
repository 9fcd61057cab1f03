"""Numbers to matplotlib Figures: the article's figures 1-7, and those of any other suite.

Other runs have a pair of figures each and are compared in one axes, or, where they are many, in a panel
each. A loss that was logged at every update is drawn over updates. A line over epochs is the median over the
seeds, in a band that is its 95% interval, before the seeds themselves; histories from elsewhere may lie over
it. What is drawn of the seeds' last epochs is in `figures_of_seeds`.

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
from itertools import count
from pathlib import Path
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cbook import pts_to_poststep
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator, NullFormatter

from cifar_lr import estimates, summary
from cifar_lr.durable import write_whole
from cifar_lr.history import DataRecord, History
from cifar_lr.imported import Imported, IntArray
from cifar_lr.summary import Curves, FloatArray, SummaryError

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

_DASHED, _DOTTED = (0, (5, 1.5)), (0, (3, 1.5))
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
STAND_IN_LINE, MARK_HEIGHT = 0.3, 2.4  # of the words above the axes and the mark in it
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
BAND_ALPHA, CROWDED_ALPHA, SEED_ALPHA = 0.22, 0.13, 0.35
SEEDS_CLEAR = 6  # up to so many single seeds have SEED_ALPHA, more are fainter
PUBLISHED_WIDTH, CROWDED_WIDTH, PUBLISHED_SHADE = 0.9, 0.6, 0.5

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

TICK_GAP = 0.08  # inches between two numbers or titles
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
class _Published:
    """One column of a history from elsewhere, at the epochs that it has a number for.

    `gaps` says which are missing; `label` is written at its end, if anything is.
    """

    name: str
    label: str
    epochs: IntArray
    values: FloatArray
    gaps: str
    dashes: Any

    @cached_property
    def words(self) -> str:
        """What a caption says of it."""
        return ", ".join(filter(None, (self.name, self.gaps)))

    @cached_property
    def path(self) -> tuple[FloatArray, FloatArray, list[int]]:
        """Where its line goes, with a NaN in each gap, and which of these points are beside a gap."""
        after_gap = np.flatnonzero(np.diff(self.epochs) > 1) + 1
        epochs = np.insert(self.epochs.astype(np.float64), after_gap, np.nan)
        values = np.insert(self.values, after_gap, np.nan)
        gaps = np.flatnonzero(np.isnan(epochs))
        beside = {*(gaps - 1).tolist(), *(gaps + 1).tolist(), *([0] if self.epochs[0] > 1 else [])}
        return epochs, values, sorted(beside or ({0} if len(epochs) == 1 else set()))


@dataclass(frozen=True)
class _Line:
    """One column of one run, as a figure shows it."""

    curves: Curves
    look: Look
    label: str
    width: float
    sparse: bool = False  # markers here and there, to tell lines apart where colours can not
    crowded: bool = False  # then single seeds are left out where there is a band
    published: tuple[_Published, ...] = ()

    @cached_property
    def band(self) -> tuple[FloatArray, FloatArray] | None:
        """The lower and the upper end of the median's 95% interval; None where seeds are too few for it."""
        if len(self.curves.seeds) == 1:
            return None
        low, high = estimates.median_interval(self.curves.values)
        return None if np.isnan(low).any() else (low, high)

    @property
    def has_seeds(self) -> bool:
        """Whether single seeds are drawn."""
        return len(self.curves.seeds) > 1 and not (self.crowded and self.band)

    @property
    def labels(self) -> list[str]:
        """What is written at its end and at those of what is published beside it."""
        return [self.label, *(one.label for one in self.published if one.label)]

    @property
    def last(self) -> int:
        """The last epoch of all that is drawn."""
        return int(max([self.curves.epochs[-1], *(one.epochs[-1] for one in self.published)]))

    @cached_property
    def drawn(self) -> FloatArray:
        """Every number that is drawn."""
        curves = [self.curves.values.ravel()] if self.has_seeds else [self.curves.median, *(self.band or ())]
        return np.concatenate([*curves, *(one.values for one in self.published)])


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
        figure, axes = _single(self, [label for line in self.lines for label in line.labels])
        _draw_axes(axes, self)
        for index, line in enumerate(self.lines):
            _draw_line(axes, line, index / len(self.lines))
        _draw_names(axes, [name for line in self.lines for name in _names_of(axes, line)])
        return figure


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
class _Name:
    """What is written at the right of an axes: of what ends at (x, y), in fractions of the axes."""

    text: str
    x: float
    y: float
    pen: Mapping[str, Any]


def draw_all(histories: Sequence[History], others: Sequence[Imported] = ()) -> dict[str, Figure]:
    """Draws every figure that the runs at hand allow.

    A run of the article needs one finished seed for its own figures. Figures 5 and 6 need two finished runs
    of their four, figure 7 one of each four. A run of another name gets `<run>_accuracy` and
    `<run>_learning_rate`, as does an adaptive run that stands alone; with two runs or more, one of them of
    another name, there are also `comparison` and `learning_rates`. Beyond MANY finished runs these two have a
    panel a run, and there is nothing else over epochs, not even the article's figures: a run called `step`
    among so many is not the article's experiment. `final_accuracies` needs a run with two finished seeds,
    `differences` two runs with two finished seeds in common, `accuracy_against_rate` three finished runs that
    differ in a constant rate alone, `loss_by_update` one run that logged its updates.

    Args:
        histories: What is drawn.
        others: Histories from elsewhere. Each is drawn over the run that it stands beside, but not over
            stand-in data.

    Returns:
        Figures by the stem of their file names, in the article's order; empty where nothing is finished.

    Raises:
        SummaryError: Stand-in and real data are mixed, or `summary.curves` refuses the histories.
        HistoryError: A log of updates is damaged.
    """
    _refuse_stand_in_beside_real(histories)
    with mpl.rc_context(_settings()):
        return {stem: page.draw() for stem, page in _pages(_Suite.of(histories, others))}


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
    others: tuple[Imported, ...]

    @classmethod
    def of(cls, histories: Sequence[History], others: Sequence[Imported]) -> "_Suite":
        groups = summary.runs(histories)
        return cls(
            groups=groups,
            accuracy=summary.curves(histories, "accuracy"),
            val_accuracy=summary.curves(histories, "val_accuracy"),
            learning_rate=summary.curves(histories, "learning_rate"),
            looks=looks(list(groups)),
            others=tuple(others),
        )

    @property
    def histories(self) -> list[History]:
        return [history for group in self.groups.values() for history in group]

    @property
    def stand_in(self) -> bool:
        return any(group[0].record.data.kind == "stand-in" for group in self.groups.values())

    @cached_property
    def limits(self) -> tuple[float, float]:
        """One accuracy axis for all figures that show training and validation, so that they compare."""
        return _limits(line for run in self.val_accuracy for line in self.pair(run))

    @cached_property
    def val_limits(self) -> tuple[float, float]:
        """One accuracy axis for all comparisons."""
        return _limits(self.compared(run) for run in self.val_accuracy)

    def pair(self, run: str) -> tuple[_Line, _Line]:
        """Training and validation accuracy of one run."""
        plain = replace(self.looks[run], marker="o", dashes="-", hollow=False)
        faint = replace(plain, dashes=_DOTTED, hollow=True)
        training, validation = self.accuracy[run], self.val_accuracy[run]
        return (
            _Line(
                training,
                faint,
                f"Training {training.median[-1]:.4f}",
                width=1.3,
                published=self.published(run, "accuracy", "Training, ", (0, (1, 1))),
            ),
            _Line(
                validation,
                plain,
                f"Validation {validation.median[-1]:.4f}",
                width=2.0,
                published=self.published(run, "val_accuracy", "Validation, "),
            ),
        )

    def compared(self, run: str) -> _Line:
        """Validation accuracy of one of several runs."""
        curves, look = self.val_accuracy[run], self.looks[run]
        return _Line(
            curves,
            look,
            f"{look.label} {curves.median[-1]:.4f}",
            width=1.6,
            sparse=True,
            crowded=True,
            published=self.published(run, "val_accuracy"),
        )

    def published(self, run: str, column: str, lead: str = "", dashes: Any = "-") -> tuple[_Published, ...]:
        """What stands beside a run, named at its end if there is a lead to that; none beside a stand-in."""
        found = []
        for other in () if self.stand_in else self.others:
            known = np.isfinite(other[column])
            if other.run == run and known.any():
                there = replace(other, epochs=other.epochs[known])
                value, name = other[column][known], _shortened(_tidy(other.name), NAME_LENGTH // 2)
                label = f"{lead}{name} {value[-1]:.4f}" if lead else ""
                found.append(_Published(other.name, label, there.epochs, value, there.gaps, dashes))
        return tuple(found)

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
    from cifar_lr import figures_of_seeds  # which is made of what is here

    if len(suite.val_accuracy) > MANY and set(suite.val_accuracy) - set(LOOKS):
        yield "comparison", _grid_of_accuracies(suite)
        yield "learning_rates", _grid_of_rates(suite)
    else:
        yield from _pages_of_the_article(suite)
        yield from _pages_of_others(suite)
    yield from figures_of_seeds.pages(suite)
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
    lines = suite.pair(run)
    return _Plan(
        title=f"{method}: training and validation accuracy",
        quantity="Accuracy",
        lines=lines,
        scale=(*suite.limits, False),
        caption=_caption(
            suite,
            [run],
            seeds=_seeds_drawn(lines),
            remarks=_beside(suite, dict(zip(("training", "validation"), lines, strict=True))),
        ),
        stand_in=suite.stand_in,
    )


def _plan_rate(suite: _Suite, run: str, method: str) -> _Plan:
    """The rate of one run: at each epoch the one that its first update applied."""
    rate = suite.learning_rate[run]
    first, last = f"{rate.median[0]:.3g}", f"{rate.median[-1]:.3g}"
    look = replace(suite.looks[run], marker="o", dashes="-", hollow=False)
    line = _Line(rate, look, first if first == last else f"{first} to {last}", width=2.0)
    return _Plan(
        title=f"{method}: learning rate at the start of each epoch",
        quantity="Learning rate",
        lines=(line,),
        scale=(0.0, float(rate.values.max()) * 1.05 or 1.0, False),
        caption=_caption(suite, [run], seeds=_seeds_drawn([line])),
        stand_in=suite.stand_in,
    )


def _plan_comparison(suite: _Suite, runs: Sequence[str], subject: str) -> _Plan:
    """Validation accuracy of several runs."""
    lines = {run: suite.compared(run) for run in suite.finished(runs)}
    return _Plan(
        title=f"{_counted(list(lines), runs)} {subject}: validation accuracy",
        quantity="Validation accuracy",
        lines=tuple(lines.values()),
        scale=(*suite.val_limits, False),
        caption=_caption(suite, runs, seeds=_seeds_drawn(lines.values()), remarks=_beside(suite, lines)),
        stand_in=suite.stand_in,
    )


def _plan_rates(suite: _Suite) -> _Plan:
    """The rates of all runs, few enough for one axes."""
    scale, remarks = _rates_scale(suite.learning_rate.values())
    lines = tuple(
        _Line(curves, suite.looks[run], suite.looks[run].label, width=1.6, sparse=True)
        for run, curves in suite.learning_rate.items()
    )
    return _Plan(
        title=f"{_count_of(suite)}: learning rate at the start of each epoch",
        quantity="Learning rate",
        lines=lines,
        scale=scale,
        caption=_caption(suite, tuple(suite.groups), seeds=_seeds_drawn(lines), remarks=remarks),
        stand_in=suite.stand_in,
    )


def _grid_of_accuracies(suite: _Suite) -> _Grid:
    """The validation accuracy of all runs, too many for one axes."""
    lines = {run: suite.compared(run) for run in suite.val_accuracy}
    finals = {run: f" {line.curves.median[-1]:.4f}" for run, line in lines.items()}
    beside = "Beside each name: final validation accuracy, by which panels are ordered"
    return _Grid(
        title=f"{_count_of(suite)}: validation accuracy",
        quantity="Validation accuracy",
        scale=(*suite.val_limits, False),
        **_grid_of_runs(suite, lines, finals, [beside, *_beside(suite, lines)]),
    )


def _grid_of_rates(suite: _Suite) -> _Grid:
    """The rates of all runs, each where the other grid has its accuracy."""
    scale, remarks = _rates_scale(suite.learning_rate.values())
    rates = suite.learning_rate.items()
    lines = {run: _Line(curves, suite.looks[run], run, width=1.6) for run, curves in rates}
    finals = {run: f" {curves.median[-1]:.2g}" for run, curves in rates}
    beside = "Beside each name: the rate of the last epoch. Panels are ordered by final validation accuracy"
    return _Grid(
        title=f"{_count_of(suite)}: learning rate at the start of each epoch",
        quantity="Learning rate",
        scale=scale,
        **_grid_of_runs(suite, lines, finals, [beside, *remarks]),
    )


def _grid_of_runs(
    suite: _Suite, lines: Mapping[str, _Line], rests: Mapping[str, str], remarks: Sequence[str]
) -> dict[str, Any]:
    """What grids of runs over epochs have in common: a panel a run, the best first, and the caption."""
    last = max(line.last for line in lines.values())
    return {
        "over": "Epoch",
        "panels": tuple(
            _Panel(
                name=_shortened(_tidy(run)),
                rest=rests[run],
                last=last,
                draw=partial(_draw_run, line=lines[run], others=[lines[o].curves for o in lines if o != run]),
            )
            for run in suite.by_accuracy
        ),
        "panel_height": PANEL_HEIGHT,
        "same_x": True,
        "caption": _caption(
            suite,
            tuple(suite.groups),
            seeds=_seeds_drawn(lines.values()),
            remarks=["Grey: the medians of all others", *remarks],
        ),
        "stand_in": suite.stand_in,
    }


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
    seeds: str,
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


def _seeds_drawn(lines: Iterable[_Line]) -> str:
    """How several seeds are drawn."""
    several = [line for line in lines if len(line.curves.seeds) > 1]
    words = ["Bold: median over the seeds"]
    if any(line.band and not np.array_equal(*line.band) for line in several):
        some = "" if all(line.band for line in several) else " where seeds are enough for one"
        words.append(f"band: its 95% interval at each epoch, from order statistics{some}")
    if any(line.has_seeds for line in several):
        some = "" if all(line.has_seeds for line in several) else " where there is no band"
        words.append(f"thin: single seeds{some}")
    return "; ".join(words)


def _beside(suite: _Suite, lines: Mapping[str, _Line]) -> list[str]:
    """What is drawn from elsewhere, over which of the lines."""
    if suite.stand_in:
        return ["Published histories are left out beside stand-in data"] * bool(suite.others)
    said = {key: " and ".join(one.words for one in line.published) for key, line in lines.items()}
    there = {key: words for key, words in said.items() if words}
    if not there:
        return []
    words = _said_once(there)
    if len(there) < len(said) and len(set(there.values())) == 1:
        words += f" [{', '.join(there)}]"
    gaps = any(one.gaps for line in lines.values() for one in line.published)
    return [f"Thin dark: published: {words}" + "; dots: beside what is missing" * gaps]


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
    if data.test_images is not None:
        images = f"{data.train_images:,} training images, validation on {data.validation}"
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


def looks(runs: Sequence[str]) -> dict[str, Look]:
    """Returns what each run looks like wherever it is drawn."""
    others = sorted(run for run in runs if run not in LOOKS)
    return {**LOOKS, **_other_looks(others, beside_known=len(others) < len(runs))}


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


def _limits(lines: Iterable[_Line]) -> tuple[float, float]:
    """Accuracies' axis: everything that is drawn."""
    return _outward(np.concatenate([line.drawn for line in lines]))


def _outward(every: FloatArray) -> tuple[float, float]:
    """From the lowest to the highest accuracy, outward to a multiple of 0.02, at most from 0 to 1."""
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
    epochs = max(line.last for line in plan.lines)
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
    """The median, behind it what is published, then each seed faintly, then the band.

    Args:
        axes: Where to draw.
        line: What to draw.
        phase: From 0 to 1, where a line with few markers has its first, so that they do not meet.
    """
    curves, look = line.curves, line.look
    epochs = len(curves.epochs)
    step = 1 if epochs <= MARKED_EPOCHS else epochs // MARKERS
    marked = line.sparse or epochs <= MARKED_EPOCHS
    if line.band:
        ends = [_path(curves, values) for values in line.band]
        alpha = CROWDED_ALPHA if line.crowded else BAND_ALPHA
        pen: dict[str, Any] = {"color": look.colour, "alpha": alpha, "linewidth": 0}
        axes.fill_between(ends[0][0], ends[0][1], ends[1][1], zorder=BEHIND - 0.02, label="_band", **pen)
    if line.has_seeds:
        seeds = [_path(curves, values).T for values in curves.values]
        alpha = SEED_ALPHA * min(1.0, SEEDS_CLEAR / len(seeds))
        axes.add_collection(
            LineCollection(seeds, colors=look.colour, linewidths=0.6, alpha=alpha, zorder=BEHIND),
            autolim=False,
        )
    for one in line.published:
        *path, beside_gaps = one.path
        axes.plot(*path, label=f"_published: {one.name}", markevery=beside_gaps, **_thin_pen(line, one))
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


def _thin_pen(line: _Line, one: _Published) -> dict[str, Any]:
    """The pen of what is published beside a line: its colour, darker."""
    red, green, blue = (channel * PUBLISHED_SHADE for channel in to_rgb(line.look.colour))
    colour = to_hex((red, green, blue))
    return {
        "color": colour,
        "linestyle": one.dashes,
        "linewidth": CROWDED_WIDTH if line.crowded else PUBLISHED_WIDTH,
        "alpha": 0.7 if line.crowded else 1.0,
        "marker": ".",
        "markersize": 5,
        "markeredgewidth": 0,
        "zorder": BEHIND + 0.05,  # before the band and single seeds
    }


def _names_of(axes: Axes, line: _Line) -> list[_Name]:
    """What to write of a line and of what is published beside it, each where it ends."""
    scale = (*axes.get_ylim(), axes.get_yscale() == "log")
    published = [
        _Name(
            text=one.label,
            x=_fraction(float(one.epochs[-1]), (*axes.get_xlim(), False)),
            y=_fraction(float(one.values[-1]), scale),
            pen={**_thin_pen(line, one), "marker": "none"},
        )
        for one in line.published
        if one.label
    ]
    return [_name_of(axes, line), *published]


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


def _draw_run(axes: Axes, line: _Line, others: Sequence[Curves]) -> None:
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
    run = line.curves.run
    look = Look(run, PANEL_COLOUR, "o")
    _draw_line(axes, replace(line, look=look, label=run, width=1.8, sparse=False), 0)


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
            across, up = _inches(axes)
            smaller = min(1.0, across / AXES_WIDTH, up / MARK_HEIGHT)
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
