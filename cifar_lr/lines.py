"""Lines over epochs: the median over the seeds in a band, single seeds, and what others have published.

The band is the median's 95% interval. A history from elsewhere is a thin dark line before it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cbook import pts_to_poststep
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cifar_lr import estimates
from cifar_lr.drawing import (
    BEHIND,
    LABEL_SIZE,
    NUMBERS,
    Look,
    Name,
    Page,
    Scale,
    draw_names,
    epoch_ticks,
    fraction,
    from_one,
    pen_of,
    scale_y,
    single_axes,
    width_of,
)
from cifar_lr.summary import Curves

MARKED_EPOCHS = 12  # up to so many, every epoch has its marker
MARKERS = 6  # beyond, so many a line
BAND_ALPHA, CROWDED_ALPHA, SEED_ALPHA = 0.22, 0.08, 0.35
SEEDS_CLEAR = 6  # up to so many single seeds have SEED_ALPHA, more are fainter
PUBLISHED_WIDTH, CROWDED_WIDTH, PUBLISHED_SHADE = 0.9, 0.6, 0.5


@dataclass(frozen=True)
class Published:
    """One column of a history from elsewhere, at the epochs that it has a number for.

    `gaps` says which are missing; `label` is written at its end, if anything is.
    """

    name: str
    label: str
    epochs: NDArray[np.int64]
    values: NDArray[np.float64]
    gaps: str
    dashes: Any

    @cached_property
    def words(self) -> str:
        """What a caption says of it."""
        return ", ".join(filter(None, (self.name, self.gaps)))

    @property
    def is_dots(self) -> bool:
        """Whether no two of its epochs follow each other."""
        return bool((np.diff(self.epochs) > 1).all())

    @cached_property
    def path(self) -> tuple[NDArray[np.float64], NDArray[np.float64], list[int]]:
        """Where its line goes, with a NaN in each gap, and which of these points are beside a gap."""
        after_gap = np.flatnonzero(np.diff(self.epochs) > 1) + 1
        epochs = np.insert(self.epochs.astype(np.float64), after_gap, np.nan)
        values = np.insert(self.values, after_gap, np.nan)
        gaps = np.flatnonzero(np.isnan(epochs))
        beside = {*(gaps - 1).tolist(), *(gaps + 1).tolist(), *([0] if self.epochs[0] > 1 else [])}
        return epochs, values, sorted(beside or ({0} if len(epochs) == 1 else set()))


@dataclass(frozen=True)
class Line:
    """One column of one run, as a figure shows it."""

    curves: Curves
    look: Look
    label: str
    width: float
    sparse: bool = False  # markers here and there, to tell lines apart where colours can not
    crowded: bool = False  # then single seeds are left out where there is a band
    published: tuple[Published, ...] = ()

    @cached_property
    def band(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The lower and the upper end of the median's 95% interval; None where seeds are too few for it."""
        if len(self.curves.seeds) == 1:
            return None
        low, high = estimates.median_interval(self.curves.values)
        return None if self.same or np.isnan(low).any() else (low, high)

    @cached_property
    def same(self) -> bool:
        """Whether all seeds have the same curve."""
        return bool((self.curves.values == self.curves.values[0]).all())

    @property
    def has_seeds(self) -> bool:
        """Whether single seeds are drawn."""
        return not self.same and not (self.crowded and self.band)

    @property
    def labels(self) -> list[str]:
        """What is written at its end and at those of what is published beside it."""
        return [self.label, *(one.label for one in self.published if one.label)]

    @property
    def last(self) -> int:
        """The last epoch of all that is drawn."""
        return int(max([self.curves.epochs[-1], *(one.epochs[-1] for one in self.published)]))

    @cached_property
    def drawn(self) -> NDArray[np.float64]:
        """Every number that is drawn."""
        curves = [self.curves.values.ravel()] if self.has_seeds else [self.curves.median, *(self.band or ())]
        return np.concatenate([*curves, *(one.values for one in self.published)])


@dataclass(frozen=True, kw_only=True)
class Plan(Page):
    """One axes in which lines run over epochs. `scale` is the y axis's."""

    quantity: str
    lines: tuple[Line, ...]
    scale: Scale

    def draw(self) -> Figure:
        """Draw the lines and write their names at their ends."""
        figure, axes = single_axes(self, [label for line in self.lines for label in line.labels])
        _draw_axes(axes, self)
        for index, line in enumerate(self.lines):
            draw_line(axes, line, index / len(self.lines))
        draw_names(axes, [name for line in self.lines for name in _names_of(axes, line)])
        return figure


def _draw_axes(axes: Axes, plan: Plan) -> None:
    epochs = max(line.last for line in plan.lines)
    axes.set(xlabel="Epoch", ylabel=plan.quantity, xlim=from_one(epochs))
    axes.set_xticks(epoch_ticks(epochs))
    scale_y(axes, plan.scale)
    low, high, _ = plan.scale
    longest = max(width_of(f"{tick:g}", LABEL_SIZE) for tick in axes.get_yticks() if low <= tick <= high)
    if longest > NUMBERS:
        axes.tick_params(axis="y", labelsize=LABEL_SIZE * NUMBERS / longest)


def draw_line(axes: Axes, line: Line, phase: float) -> None:
    """Draw the median, behind it what is published, then each seed faintly, then the band.

    Args:
        axes: where to draw.
        line: what to draw.
        phase: from 0 to 1, where a line with few markers has its first, so that they do not meet.
    """
    curves, look = line.curves, line.look
    epochs = len(curves.epochs)
    step = 1 if epochs <= MARKED_EPOCHS else epochs // MARKERS
    marked = line.sparse or epochs <= MARKED_EPOCHS
    if line.band:
        ends = [path_of(curves, values) for values in line.band]
        alpha = CROWDED_ALPHA if line.crowded else BAND_ALPHA
        pen: dict[str, Any] = {"color": look.colour, "alpha": alpha, "linewidth": 0}
        axes.fill_between(ends[0][0], ends[0][1], ends[1][1], zorder=BEHIND - 0.02, label="_band", **pen)
    if line.has_seeds:
        seeds = [path_of(curves, values).T for values in curves.values]
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
        **pen_of(look, line.width, marked=marked),
    )


def _steady(curves: Curves) -> bool:
    """Return whether a curve mostly stays as it was: then it moves in steps, not in slopes."""
    return bool(2 * np.count_nonzero(np.diff(curves.median)) < len(curves.epochs) - 1)


def path_of(curves: Curves, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where a line through such values goes, shape `(2, points)`."""
    pair = np.array([curves.epochs, values])
    return np.asarray(pts_to_poststep(*pair)) if _steady(curves) else pair


def _thin_pen(line: Line, one: Published) -> dict[str, Any]:
    """Return the pen of what is published beside a line: its colour, darker."""
    red, green, blue = (channel * PUBLISHED_SHADE for channel in to_rgb(line.look.colour))
    colour = to_hex((red, green, blue))
    return {
        "color": colour,
        "linestyle": one.dashes,
        "linewidth": CROWDED_WIDTH if line.crowded else PUBLISHED_WIDTH,
        "alpha": 0.7 if line.crowded else 1.0,
        "marker": "o",
        "markersize": 5,
        "markerfacecolor": "white",
        "markeredgewidth": 1.2,
        "zorder": BEHIND + 0.05,  # before the band and single seeds
    }


def _names_of(axes: Axes, line: Line) -> list[Name]:
    """Return what to write of a line and of what is published beside it, each where it ends."""
    scale = (*axes.get_ylim(), axes.get_yscale() == "log")
    published = [
        Name(
            text=one.label,
            x=fraction(float(one.epochs[-1]), (*axes.get_xlim(), False)),
            y=fraction(float(one.values[-1]), scale),
            pen={**_thin_pen(line, one), **({"linestyle": "none"} if one.is_dots else {"marker": "none"})},
        )
        for one in line.published
        if one.label
    ]
    return [name_of(axes, line), *published]


def name_of(axes: Axes, line: Line) -> Name:
    """Return what to write of a line, and where it ends."""
    short = len(line.curves.epochs) <= MARKED_EPOCHS
    return Name(
        text=line.label,
        x=fraction(float(line.curves.epochs[-1]), (*axes.get_xlim(), False)),
        y=fraction(float(line.curves.median[-1]), (*axes.get_ylim(), axes.get_yscale() == "log")),
        pen=pen_of(line.look, line.width, marked=line.sparse or short),
    )
