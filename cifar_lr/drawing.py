"""The sheet that every figure is drawn on: colours, sizes, words, axes, names beside lines, panels, files.

Every method has one colour, marker and dash pattern in all figures; the eight colours are Okabe and Ito's
with yellow replaced by Tol's wine, and stay apart for colour-blind readers. Lines have their names at their
ends.

Nothing here touches pyplot, a display or matplotlib's global settings, and the same histories give the same
bytes, so that a figure in a repository changes only when a result does.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator, NullFormatter
from numpy.typing import NDArray

from cifar_lr.durable import write_whole

FORMATS = ("png", "svg", "pdf")


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
Scale = tuple[float, float, bool]
_DASHED, DOTTED = (0, (5, 1.5)), (0, (3, 1.5))
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
BEHIND = 1.9  # lines are at 2
# Of a figure of panels, in inches and points.
COLUMNS, GRID_WIDTH, RIGHT = 4, 10.0, 0.25
PANEL_HEIGHT, PANEL_TITLE, PANEL_TICKS, PANEL_GAP = 1.25, 0.32, 0.26, 0.28
PANEL_TITLE_SIZE, PANEL_TICK_SIZE = 9.8, 9.0
PANEL_TICK_EVERY = 0.3
PANEL_EPOCHS = 4  # at most so many round numbers on an axis of epochs or updates
SHORTEST_NAME = 6
TICK_GAP = 0.08  # inches between two numbers or titles
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


@dataclass(frozen=True, kw_only=True)
class Page(ABC):
    """A figure before it is drawn: what it says around its axes."""

    title: str
    caption: str
    stand_in: bool

    @abstractmethod
    def draw(self) -> Figure:
        """Draw it."""

    @property
    def width(self) -> float:
        """Inches; only names at the right take more."""
        return WIDTH

    @cached_property
    def title_size(self) -> float:
        """As large as all titles, or as a long run's name leaves room for."""
        room = (self.width - LEFT - MARGIN) / width_of(self.title, TITLE_SIZE, "bold")
        return TITLE_SIZE * min(1.0, room)

    @cached_property
    def caption_lines(self) -> list[str]:
        """The caption in lines that fit."""
        for characters in count(round(CAPTION_CHARACTERS * self.width / WIDTH), -5):
            lines = wrap(self.caption, characters, break_on_hyphens=False)
            if max(width_of(line, CAPTION_SIZE) for line in lines) <= self.width - 2 * MARGIN:
                break
        return lines

    @cached_property
    def caption_height(self) -> float:
        """Inches, never less than of CAPTION_LINES, so that most figures are equally high."""
        return max(CAPTION_LINES, len(self.caption_lines)) * CAPTION_LINE


@dataclass(frozen=True, kw_only=True)
class Grid(Page):
    """Panels of one size, row by row, all with the same y axis, `scale`."""

    quantity: str
    over: str
    panels: tuple["Panel", ...]
    scale: Scale
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
        """Draw the panels."""
        return _draw_grid(self)


@dataclass(frozen=True)
class Panel:
    """One of many axes: the name of its run, what follows it, the last x, and what draws its content."""

    name: str
    rest: str
    last: int
    draw: Callable[[Axes], None]


@dataclass(frozen=True)
class Name:
    """What is written at the right of an axes: of what ends at (x, y), in fractions of the axes."""

    text: str
    x: float
    y: float
    pen: Mapping[str, Any]


def save(figures: Mapping[str, Figure], folder: Path, formats: Sequence[str] = ("png", "svg")) -> list[Path]:
    """Write every figure in every format to `folder`, which is made where it is missing.

    Nothing is written before all of it is rendered, and each file is replaced as a whole.

    Raises:
        FigureError: a format is unknown, or the folder or a file can not be written.
    """
    for unknown in set(formats) - set(FORMATS):
        raise FigureError(f"unknown figure format {unknown!r}; known are {', '.join(FORMATS)}")
    with mpl.rc_context(style()):
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
    """Move positions as little as possible (least squares) until all are `gap` apart and within bounds.

    Args:
        wanted: where each would be if it were alone.
        gap: the smallest distance allowed; `high - low` has room for all of them.
        low: the smallest position allowed.
        high: the largest position allowed.

    Returns:
        The positions, in the order of `wanted`.
    """
    from scipy.optimize import isotonic_regression

    if not len(wanted):
        return []
    order = np.argsort(wanted, kind="stable")
    gaps = gap * np.arange(len(order))
    without_gaps = isotonic_regression(np.asarray(wanted, dtype=float)[order] - gaps).x
    positions = np.empty(len(order))
    positions[order] = np.clip(without_gaps, low, high - gaps[-1]) + gaps
    return [float(position) for position in positions]


def looks(runs: Sequence[str]) -> dict[str, Look]:
    """Return what each run looks like wherever it is drawn."""
    others = sorted(run for run in runs if run not in LOOKS)
    return {**LOOKS, **other_looks(others, beside_known=len(others) < len(runs))}


def other_looks(runs: Sequence[str], *, beside_known: bool) -> dict[str, Look]:
    """Return the looks of runs that the article does not have, in the order given."""
    looks = {}
    for index, run in enumerate(runs, start=len(_OTHER_LOOKS) if beside_known else 0):
        turn, place = divmod(index, len(_OTHER_LOOKS))
        looks[run] = replace(
            _OTHER_LOOKS[place],
            label=shortened(tidy(run)),
            dashes=_OTHER_DASHES[turn % len(_OTHER_DASHES)],
            hollow=turn % 2 == 1,
        )
    return looks


def tidy(text: str) -> str:
    """Return a text on one line, without what does not print: names and labels come from files."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def shortened(name: str, length: int = NAME_LENGTH) -> str:
    """Return at most so many characters; the middle goes first, as families of runs differ at the end."""
    if len(name) <= length:
        return name
    half = length // 2
    return f"{name[: half - 1]}…{name[-half:]}"


def _fitted(name: str, rest: str, room: float) -> str:
    """Return the title of a panel: as much of the name as fits into so many inches, and all of the rest."""
    return next(
        title
        for length in range(max(len(name), SHORTEST_NAME), SHORTEST_NAME - 1, -1)
        if width_of(title := shortened(name, length) + rest, PANEL_TITLE_SIZE) <= room
        or length == SHORTEST_NAME
    )


def width_of(text: str, size: float, weight: str = "normal") -> float:
    """Return the inches that a line of text takes."""
    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def outward(every: NDArray[np.float64]) -> tuple[float, float]:
    """Return the lowest and the highest accuracy, outward to multiples of 0.02, at most from 0 to 1."""
    low = np.floor((every.min() - 0.005) * 50) / 50
    high = np.ceil((every.max() + 0.005) * 50) / 50
    return max(0.0, float(low)), min(1.0, float(high))


def style() -> dict[Any, Any]:
    """Return matplotlib's own defaults, whatever this machine's are, and our style."""
    defaults: dict[Any, Any] = dict(mpl.rcParamsDefault)
    del defaults["backend"]  # belongs to the process
    return {**defaults, **_STYLE}


def single_axes(page: Page, labels: Sequence[str], below: float = 0.0) -> tuple[Figure, Axes]:
    """Return one axes of fixed parts, in inches: only names and captions that need more room get more.

    Args:
        page: what it says around the axes.
        labels: what will be named at the right of the axes.
        below: inches that the numbers below the axes take beyond the usual.
    """
    axes_height = max(AXES_HEIGHT, LABEL_GAP * (len(labels) - 1))
    bottom = BOTTOM + below + page.caption_height
    height = bottom + axes_height + TOP + (STAND_IN_LINE if page.stand_in else 0)
    names = max(width_of(label, LABEL_SIZE) for label in labels)
    width = WIDTH + max(0.0, names + MARGIN - NAMES)
    figure = Figure(figsize=(width, height), dpi=DPI)
    axes = figure.add_axes((LEFT / width, bottom / height, AXES_WIDTH / width, axes_height / height))
    draw_words(figure, page, bottom + axes_height)
    return figure, axes


def from_one(last: int) -> tuple[float, float]:
    """Return the limits of an axis of epochs or updates."""
    margin = 0.5 if last == 1 else 0.015 * (last - 1)
    return 1 - margin, last + margin


def scale_y(axes: Axes, scale: Scale) -> None:
    """Give an axes its y axis, with plain numbers."""
    low, high, log = scale
    axes.set_ylim(low, high)
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(axis="y")
    axes.tick_params(length=3)


def epoch_ticks(epochs: int, most: int = 6) -> list[int]:
    """Return the first epoch and, up to the last, at most so many round numbers."""
    width = next(
        size * 10**power for power in count() for size in (1, 2, 5) if epochs <= most * size * 10**power
    )
    return [1, *range(width if width > 1 else 2, epochs + 1, width)]


def pen_of(look: Look, width: float, *, marked: bool) -> dict[str, Any]:
    """Return what matplotlib takes for a line of such a look."""
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


def fraction(value: float, scale: Scale) -> float:
    """Return where on an axis a value lies, from 0 at its lower end to 1; what is cut off is at the end."""
    low, high, log = scale
    value = min(max(value, low), high)
    if log:
        low, high, value = np.log((low, high, value))
    return float((value - low) / (high - low))


def draw_names(axes: Axes, names: Sequence[Name]) -> None:
    """Draw each name beside what it is of, with a thread to it where it had to move."""
    width, height = inches_of(axes)
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


def inches_of(axes: Axes) -> tuple[float, float]:
    """Return the width and height of an axes."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # noqa: S101  for mypy: an axes without one has no size
    width, height = figure.get_size_inches() * axes.get_position().size
    return float(width), float(height)


def cross_of(colour: str) -> dict[str, Any]:
    """Return what matplotlib takes for a cross."""
    return {"color": colour, "marker": "x", "markersize": 6.5, "markeredgewidth": 1.6}


def _draw_grid(grid: Grid) -> Figure:
    """Draw panels of one size; the last row may have fewer."""
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
    draw_words(figure, grid, top + PANEL_TITLE - PAD)
    return figure


def _draw_panel_axes(axes: Axes, grid: Grid, panel: Panel, *, first: bool, lowest: bool) -> None:
    """Set up the axes of a panel; only the outer ones have labels.

    Args:
        axes: where to draw.
        grid: all panels.
        panel: this one.
        first: whether it is the first of its row.
        lowest: whether none is below it.
    """
    scale_y(axes, grid.scale)
    if not grid.scale[2]:  # left to itself, the same axis has other numbers from row to row
        axes.yaxis.set_major_locator(
            MaxNLocator(round(grid.panel_height / PANEL_TICK_EVERY), steps=[1, 2, 5, 10])
        )
    axes.set_xlim(from_one(panel.last))
    axes.set_xticks(epoch_ticks(panel.last, PANEL_EPOCHS))
    axes.tick_params(labelsize=PANEL_TICK_SIZE, labelleft=first, labelbottom=lowest or not grid.same_x)
    if lowest:
        axes.set_xlabel(grid.over)


def draw_words(figure: Figure, page: Page, top: float) -> None:
    """Write title and caption, and that the data are a stand-in.

    Args:
        figure: what to write on.
        page: what it says.
        top: the upper edge of what is drawn, in inches.
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
            across, up = inches_of(axes)
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
    """Return a file's content, the same for the same figure at any time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=extension, **_FILES[extension])
    return buffer.getvalue()
