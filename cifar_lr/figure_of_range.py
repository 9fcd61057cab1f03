"""The figure of a range test: the mean and the band of the losses over the rate, and what is suggested."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from cifar_lr.captions import as_sentences, classes_of
from cifar_lr.config import RunConfig
from cifar_lr.drawing import (
    BOTTOM,
    DPI,
    INK,
    LEFT,
    LOOKS,
    STAND_IN_LINE,
    TOP,
    Page,
    draw_words,
    looks,
    spread,
    style,
)
from cifar_lr.rangetest import BETA, Measured

# Inches. Between the axes and the title there is a row for the marks' names.
AXES_HEIGHT, NAMES, NAME_WIDTH, RIGHT = 3.0, 0.55, 1.05, 0.3
TWO_DECADES = 100
MARKERS: Mapping[str, str] = {"steepest": "v", "minimum": "s", "valley": "o", "slide": "D"}
LABELS: Mapping[str, str] = {
    "minimum": "minimum / 10"
}  # the rule's answer is a tenth of where the loss is lowest


def draw(measured: Measured) -> Figure:
    """Draw the mean and the band over the rate, and mark what is suggested."""
    name = measured.run.name
    page = RangePage(
        title=f"{looks([name])[name].label}: learning-rate range test",
        caption=_caption(measured),
        stand_in=measured.data.stand_in,
        measured=measured,
    )
    with mpl.rc_context(style()):
        return page.draw()


@dataclass(frozen=True, kw_only=True)
class RangePage(Page):
    """One axes as wide as the figure, with a row of names between it and the title."""

    measured: Measured

    def draw(self) -> Figure:
        """Draw it."""
        bottom = BOTTOM + self.caption_height
        top = bottom + AXES_HEIGHT + NAMES
        height = top + TOP + (STAND_IN_LINE if self.stand_in else 0)
        axes_width = self.width - LEFT - RIGHT
        figure = Figure(figsize=(self.width, height), dpi=DPI)
        place = (LEFT / self.width, bottom / height, axes_width / self.width, AXES_HEIGHT / height)
        axes = figure.add_axes(place)
        _draw_curve(axes, self.measured)
        _draw_marks(axes, self.measured, axes_width)
        draw_words(figure, self, top)
        return figure


def _draw_curve(axes: Axes, measured: Measured) -> None:
    """Draw the band, the mean over it, and the axes that both have."""
    look = LOOKS.get(measured.run.name)
    colour = look.colour if look else INK
    marked = [one.rate for one in measured.suggestions if one.rate]
    low, high = measured.band
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
    axes.xaxis.set_major_locator(rate_ticks(*axes.get_xlim()))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.grid(axis="y")
    axes.tick_params(length=3)


def rate_ticks(low: float, high: float) -> LogLocator:
    """Return where a rate is written: at powers of ten, or, if there would be few, between them too."""
    return LogLocator(subs=(1.0, 2.0, 5.0) if high / low < TWO_DECADES else (1.0,), numticks=20)


def _limits(measured: Measured) -> tuple[float, float]:
    """Return the y axis's limits: all that comes before the lowest mean, and half as much again above it.

    What rises further has diverged, and would press the rest flat.
    """
    if not measured.reached:
        return -0.05, 1.05
    low, high = measured.band
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


def _draw_marks(axes: Axes, measured: Measured, width: float) -> None:
    """Mark each suggestion on the curve, and name it above the axes with a thread to it.

    Args:
        axes: where the curve is.
        measured: what is drawn.
        width: the axes' width in inches.
    """
    found = [(one.rule, one.rate) for one in measured.suggestions if one.rate]
    left, right = np.log(axes.get_xlim())
    bottom, top = axes.get_ylim()
    at = [float((np.log(rate) - left) / (right - left)) * width for _, rate in found]
    places = spread(at, NAME_WIDTH, NAME_WIDTH / 2, width - NAME_WIDTH / 2)
    for (rule, rate), x, place in zip(found, at, places, strict=True):
        loss = _loss_at(rate, measured)
        y = 0.0 if loss is None else (loss - bottom) / (top - bottom)
        thread = ([x / width, x / width, place / width], [y, 1.0, 1 + 0.18 / AXES_HEIGHT])
        pen: dict[str, Any] = {"transform": axes.transAxes, "clip_on": False, "color": INK}
        axes.plot(*thread, linewidth=0.7, alpha=0.7, **pen)
        if loss is not None:
            axes.plot(thread[0][:1], thread[1][:1], MARKERS[rule], markersize=6.5, **pen)
        for words, height in ((f"{rate:.3g}", 0.23), (LABELS.get(rule, rule), 0.41)):
            axes.text(place / width, 1 + height / AXES_HEIGHT, words, transform=axes.transAxes, ha="center")


def _caption(measured: Measured) -> str:
    """Return data, network, optimizer, seeds; what the line is; how seeds ended; what has no answer."""
    run, images = measured.run, measured.data
    seeds = len(measured.curves)
    several = seeds > 1
    cut = "" if measured.reached == measured.span.updates else f", {measured.reached} of them made by all"
    sentences = [
        f"{images.label} ({classes_of(images)}): {images.train_images:,} training images",
        f"Network: {run.config.model.name}. {_optimizer(run.config)}, batch size {run.config.batch_size}",
        f"n = {seeds} seed{'s' if several else ''}, {measured.span.updates} updates{cut}",
        f"Line: mini-batch loss, moving average (beta {BETA:g}){', mean of the seeds' if several else ''}",
    ]
    if several:
        sentences.append("Band: lowest to highest seed")
    sentences += [f"Seed {curve.seed} {curve.ending}" for curve in measured.curves if curve.diverged_at]
    sentences += [f"No {one.rule}: {one.reason}" for one in measured.suggestions if one.reason]
    return as_sentences(sentences)


def _optimizer(config: RunConfig) -> str:
    """Return the optimizer and its arguments, less the rate."""
    settings = {**dict(config.optimizer.config), "learning_rate": None}
    shown = {name: getattr(value, "class_name", value) for name, value in settings.items()}
    arguments = ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None)
    return config.optimizer.class_name + (f" ({arguments})" if arguments else "")
