"""Figures of what all seeds come to: final accuracies, differences between runs, accuracies against rates.

Each shows means over seeds with their 95% intervals (Student's t) and the seeds behind them. A seed that
diverged counts as guessing, as in tables and verdicts (`metrics`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from cifar_lr import conclusions, estimates, metrics, summary
from cifar_lr.captions import Suite, caption_of, count_of, said_once
from cifar_lr.drawing import (
    AXES_WIDTH,
    BEHIND,
    BOTTOM,
    CONTEXT,
    DPI,
    FAINT,
    LABEL_GAP,
    LABEL_SIZE,
    LEFT,
    LOOKS,
    MARGIN,
    NAME_LENGTH,
    PAD,
    PANEL_TICK_SIZE,
    STAND_IN_LINE,
    TICK_GAP,
    TOP,
    WIDTH,
    Look,
    Name,
    Page,
    Scale,
    cross_of,
    draw_names,
    draw_words,
    fraction,
    inches_of,
    other_looks,
    outward,
    pen_of,
    scale_y,
    shortened,
    single_axes,
    spread,
    tidy,
    width_of,
)
from cifar_lr.estimates import FEWEST, Estimate
from cifar_lr.history import History
from cifar_lr.lines import SEED_ALPHA
from cifar_lr.summary import Sweep

BASELINE: Final = "constant"
INTERVAL: Final = "its 95% interval (Student's t)"
CUT_OFF: Final = "Intervals that reach beyond the axis are cut off"
GUESSING: Final = "A seed that diverged counts as guessing"
PERCENT: Final = 100
ENDINGS: Final = {"diverged": "diverged", "failed": "failed", "running": "unfinished"}

# Inches and points.
ROW, ROWS_PAD = 0.25, 0.1  # a row with one line of dots; above the first and below the last
LANE, LANES_ROOM = 0.05, 0.3  # from one line of dots to the next; for all of them, which then are closer
SHORTEST_AXES = 3.2
MARK_ROOM = 0.22  # for the name of a line above the axes
DOTS_BELOW = 0.1  # so far below the mean are its seeds
TICK_EVERY = 0.75
BAR_WIDTH, DOT_SIZE, RATE_DOT_SIZE = 2.2, 3.6, 4.8
ROWS_MARGIN = 0.04  # of the axis, on either side of what it shows
DOTS: Final[Mapping[str, Any]] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": DOT_SIZE,
    "markeredgewidth": 0,
    "alpha": SEED_ALPHA,
    "zorder": BEHIND,
}
CROSS_ROW = 0.22  # from one row of crosses to the next

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


@dataclass(frozen=True)
class _Row:
    """One run's numbers, one a seed, their mean with its interval, and what is written at the right of it."""

    name: str
    look: Look
    values: NDArray[np.float64]
    estimate: Estimate | None
    words: str


@dataclass(frozen=True, kw_only=True)
class _Rows(Page):
    """A row a run, the first at the top, over one axis of numbers.

    `marks` are lines across all rows: where, and what is written above them.
    """

    quantity: str
    rows: tuple[_Row, ...]
    marks: tuple[tuple[float, str], ...]
    limits: tuple[float, float]

    @cached_property
    def left(self) -> float:
        """Inches at the left of the axes, for the names."""
        return max(LEFT, MARGIN + max(width_of(row.name, LABEL_SIZE) for row in self.rows) + 2 * PAD)

    @cached_property
    def right(self) -> float:
        """Inches at the right of the axes, for the words."""
        return 2 * PAD + max(width_of(row.words, LABEL_SIZE) for row in self.rows) + MARGIN

    @property
    def width(self) -> float:
        """Inches: names and words take more where the axes would be left too little."""
        return max(WIDTH, self.left + SHORTEST_AXES + self.right)

    def draw(self) -> Figure:
        """Draw a point and a bar a run, and a dot a seed below them."""
        return _draw_rows(self)


@dataclass(frozen=True, kw_only=True)
class _SweepPlan(Page):
    """Final accuracies over rates. `scale` is the y axis's, without the rows of crosses below it."""

    series: tuple["_Series", ...]
    chances: tuple[float, ...]
    scale: Scale

    @cached_property
    def rates(self) -> list[float]:
        """Every rate once, ascending."""
        return sorted({float(rate) for one in self.series for rate in one.sweep.rates})

    def draw(self) -> Figure:
        """Draw a line a sweep, a bar a rate, a point a seed, and a cross for what diverged."""
        return _draw_sweeps(self)


@dataclass(frozen=True)
class _Series:
    """One sweep as a figure shows it: for each of its rates the accuracies of the seeds that ended."""

    sweep: Sweep
    look: Look
    finals: tuple[NDArray[np.float64], ...]
    diverged: tuple[bool, ...]

    @cached_property
    def estimates(self) -> list[Estimate | None]:
        """Over the seeds of each rate; None where none ended."""
        return [estimates.interval(values) if values.size else None for values in self.finals]

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """Over the seeds of each rate; NaN where none ended, which leaves a gap in the line."""
        return np.array([one.mean if one else np.nan for one in self.estimates])


def pages(suite: Suite) -> Iterator[tuple[str, Page]]:
    """Yield the figures that a suite allows, by stem; none where nothing is finished."""
    if not suite.val_accuracy:
        return
    finals = conclusions.numbers(suite.histories, metrics.metric("val_final_accuracy"))
    enough = {run: by_seed for run, by_seed in finals.items() if len(by_seed) >= FEWEST}
    if enough:
        yield "final_accuracies", _plan_finals(suite, finals)
        baseline = (
            BASELINE if BASELINE in enough else conclusions.best({run: suite.groups[run] for run in enough})
        )
        against = [run for run in enough if _is_compared(suite, finals, run, baseline)]
        if against:
            yield "differences", _plan_differences(suite, finals, baseline, against)
    if sweeps := summary.sweeps(suite.histories):
        yield "accuracy_against_rate", _plan_sweeps(suite, sweeps, finals)


def _is_compared(suite: Suite, finals: Mapping[str, Mapping[int, float]], run: str, baseline: str) -> bool:
    bases = {conclusions.basis(suite.groups[name]) for name in (run, baseline)}
    return run != baseline and len(bases) == 1 and len(_common(finals, run, baseline)) >= FEWEST


def _common(finals: Mapping[str, Mapping[int, float]], run: str, other: str) -> list[int]:
    return sorted(finals[run].keys() & finals[other].keys())


def _plan_finals(suite: Suite, finals: Mapping[str, Mapping[int, float]]) -> _Rows:
    """Plan the final validation accuracies, the best run first; what has none comes last."""
    found = {run: estimates.interval(list(by_seed.values())) for run, by_seed in finals.items()}
    ordered = sorted(suite.groups, key=lambda run: -found[run].mean if run in found else np.inf)
    values = {run: np.array(list(finals.get(run, {}).values())) for run in ordered}
    every = {history.seed for history in suite.histories}
    limits = outward(_shown(values.values(), found.values()))
    classes = _classes(suite, finals)
    chances = tuple(chance for chance in _chances(classes) if limits[0] <= chance <= limits[1])
    subject = suite.looks[ordered[0]].label if len(ordered) == 1 else count_of(suite)
    return _Rows(
        title=f"{subject}: final validation accuracy",
        quantity="Final validation accuracy",
        rows=tuple(
            _Row(
                suite.looks[run].label,
                suite.looks[run],
                values[run],
                found.get(run),
                _joined(_mean_words(found.get(run), "{:.4f}"), _absent(suite.groups[run], every)),
            )
            for run in ordered
        ),
        marks=tuple(zip(chances, _chance_labels(chances), strict=True)),
        limits=limits,
        caption=caption_of(
            suite,
            ordered,
            seeds=f"Point: mean over the seeds; bar and ±: {INTERVAL}; dots: single seeds",
            remarks=[
                *([_chance_words(classes)] if chances else []),
                *_guessing(suite, ordered),
                *_cut(found.values(), limits),
            ],
        ),
        stand_in=suite.stand_in,
    )


def _plan_differences(
    suite: Suite, finals: Mapping[str, Mapping[int, float]], baseline: str, runs: Sequence[str]
) -> _Rows:
    """Plan the final validation accuracies less the baseline's, seed by seed, the best run first."""
    by_seed = {
        run: {seed: finals[run][seed] - finals[baseline][seed] for seed in _common(finals, run, baseline)}
        for run in runs
    }
    values = {run: PERCENT * np.array(list(differences.values())) for run, differences in by_seed.items()}
    found = {run: _in_points(estimates.interval(list(by_seed[run].values()))) for run in runs}
    ordered = sorted(runs, key=lambda run: -found[run].mean)
    shown = np.append(_shown(values.values(), found.values()), 0.0)
    margin = ROWS_MARGIN * float(np.ptp(shown)) or 1.0
    limits = float(shown.min()) - margin, float(shown.max()) + margin
    every = {history.seed for history in suite.histories}
    name = shortened(suite.looks[baseline].label, NAME_LENGTH // 2)
    return _Rows(
        title=f"Final validation accuracy compared with {name}",
        quantity="Difference in percentage points",
        rows=tuple(
            _Row(
                suite.looks[run].label,
                suite.looks[run],
                values[run],
                found[run],
                _joined(_mean_words(found[run], "{:+.2f}"), _in_common(len(values[run]), len(every))),
            )
            for run in ordered
        ),
        marks=((0.0, name),),
        limits=limits,
        caption=caption_of(
            suite,
            tuple(suite.groups),
            seeds=f"Point: mean over the seeds; bar and ±: {INTERVAL}, not adjusted for the number of runs; "
            "dots: single seeds",
            remarks=[
                *_remarks_on_differences(suite, baseline, found),
                *_guessing(suite, [baseline, *runs]),
                *_cut(found.values(), limits),
            ],
        ),
        stand_in=suite.stand_in,
    )


def _remarks_on_differences(suite: Suite, baseline: str, found: Mapping[str, Estimate]) -> list[str]:
    """Return what a caption says of the run that others are compared with, and which are not."""
    label = suite.looks[baseline].label
    best = "" if baseline == BASELINE else ", which has the highest mean, so that chance favours it"
    basis = conclusions.basis(suite.groups[baseline])
    left_out = [run for run in suite.groups if run != baseline and run not in found]
    apart = [run for run in left_out if conclusions.basis(suite.groups[run]) != basis]
    few = [run for run in left_out if run not in apart]
    remarks = [
        f"Paired by seed: each run's final validation accuracy less that of {label} with the same seed{best}"
    ]
    if few:
        remarks.append(f"Fewer than {FEWEST} seeds in common with it: {', '.join(few)}")
    if apart:
        remarks.append(f"On other images, or of another length: {', '.join(apart)}")
    return remarks


def _in_points(found: Estimate) -> Estimate:
    """Return an estimate of accuracies in percentage points."""
    scaled = {name: PERCENT * getattr(found, name) for name in ("mean", "spread", "low", "high")}
    return replace(found, **scaled)


def _guessing(suite: Suite, runs: Iterable[str]) -> list[str]:
    """Return what a caption says if a seed of these runs diverged."""
    return [GUESSING] if any(_diverged(suite.groups[run]) for run in runs) else []


def _shown(values: Iterable[NDArray[np.float64]], found: Iterable[Estimate]) -> NDArray[np.float64]:
    """Return what an axis has to show: all seeds, and of intervals at most as much again on either side."""
    every = np.concatenate(list(values))
    room = float(np.ptp(every))
    return np.append(every, np.clip(_ends(found), every.min() - room, every.max() + room))


def _ends(found: Iterable[Estimate]) -> NDArray[np.float64]:
    """Return where intervals end, those that there are."""
    ends: NDArray[np.float64] = np.array([(one.low, one.high) for one in found]).ravel()
    finite: NDArray[np.float64] = ends[np.isfinite(ends)]
    return finite


def _cut(found: Iterable[Estimate], limits: tuple[float, float]) -> list[str]:
    """Return what a caption says where intervals reach beyond the axis."""
    ends = _ends(found)
    return [CUT_OFF] if ((ends < limits[0]) | (ends > limits[1])).any() else []


def _mean_words(found: Estimate | None, digits: str) -> str:
    if found is None:
        return ""
    mean = digits.format(found.mean).replace("-", "\N{MINUS SIGN}")
    if np.isnan(found.low):
        return mean
    return f"{mean} ± {digits.replace('+', '').format(found.high - found.mean)}"


def _absent(group: Sequence[History], every: Iterable[int]) -> str:
    """Return how many of all seeds a run has, and what is special about any; nothing if all are done."""
    seeds = set(every)
    endings = Counter(ENDINGS[history.record.status] for history in group if not history.done)
    endings["missing"] = len(seeds - {history.seed for history in group})
    counted = [f"{number} {ending}" for ending, number in endings.items() if number]
    ended = len(summary.ended(group))
    return f"{ended} of {len(seeds)} seeds: {', '.join(counted)}" if counted else ""


def _in_common(number: int, every: int) -> str:
    return f"{number} seeds in common" if number < every else ""


def _joined(*words: str) -> str:
    return "; ".join(filter(None, words))


def _classes(suite: Suite, runs: Iterable[str]) -> dict[str, int]:
    """Return the number of classes of each run."""
    return {run: len(suite.groups[run][0].record.data.classes) for run in runs}


def _chances(classes: Mapping[str, int]) -> tuple[float, ...]:
    return tuple(sorted({1 / number for number in classes.values()}))


def _chance_words(classes: Mapping[str, int]) -> str:
    return "Chance: " + said_once({run: f"1 of {number} classes" for run, number in classes.items()})


def _chance_labels(chances: Sequence[float]) -> list[str]:
    if len(chances) == 1:
        return ["chance"]
    return [f"chance, {round(1 / chance)} classes" for chance in chances]


def _draw_rows(plan: _Rows) -> Figure:
    """Draw the rows, their words beside them, and lines across; the y axis is in inches, downward."""
    across = plan.width - plan.left - plan.right
    lanes = [_lanes(row.values, plan.limits, across) for row in plan.rows]
    row_height = ROW + max(float(lane.max(initial=0)) for lane in lanes)
    axes_height = 2 * ROWS_PAD + row_height * len(plan.rows)
    bottom = BOTTOM + plan.caption_height
    top = bottom + axes_height + MARK_ROOM
    width, height = plan.width, top + TOP + (STAND_IN_LINE if plan.stand_in else 0)
    figure = Figure(figsize=(width, height), dpi=DPI)
    axes = figure.add_axes((plan.left / width, bottom / height, across / width, axes_height / height))
    axes.set(xlabel=plan.quantity, xlim=plan.limits, ylim=(axes_height, 0.0))
    axes.xaxis.set_major_locator(MaxNLocator(round(across / TICK_EVERY), steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter("{x:g}")
    places = [ROWS_PAD + ROW / 2 + row_height * place for place in range(len(plan.rows))]
    axes.set_yticks(places, [row.name for row in plan.rows])
    axes.tick_params(axis="x", length=3)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    _draw_marks(axes, plan)
    for row, place, lane in zip(plan.rows, places, lanes, strict=True):
        _draw_row(axes, row, place, place + DOTS_BELOW + lane)
    draw_words(figure, plan, top)
    return figure


def _lanes(values: NDArray[np.float64], limits: tuple[float, float], across: float) -> NDArray[np.float64]:
    """Return how many inches each value's dot lies below the first line of dots, so that all can be seen.

    Args:
        values: one a dot.
        limits: of the axis.
        across: inches that the axis is wide.
    """
    inches = (values - limits[0]) / (limits[1] - limits[0]) * across
    lanes = np.zeros(len(values))
    free: list[float] = []  # from where on each line has room
    for index in np.argsort(inches, kind="stable"):
        lane = next((lane for lane, start in enumerate(free) if start <= inches[index]), len(free))
        lanes[index] = lane
        free[lane : lane + 1] = [inches[index] + DOT_SIZE / 72]
    return lanes * min(LANE, LANES_ROOM / max(1, len(free) - 1))


def _draw_row(axes: Axes, row: _Row, place: float, below: NDArray[np.float64]) -> None:
    """Draw the mean on its interval, the seeds below it, the words at the right."""
    if len(row.values) > 1:
        axes.plot(row.values, below, label="_seeds", color=row.look.colour, **DOTS)
    if row.estimate and np.isfinite(row.estimate.low):
        axes.plot((row.estimate.low, row.estimate.high), (place, place), label="_interval", **_bar(row.look))
    if row.estimate:
        axes.plot([row.estimate.mean], [place], label=row.name, **pen_of(row.look, 0.0, marked=True))
    axes.text(
        1 + 2 * PAD / inches_of(axes)[0],
        place,
        row.words,
        transform=axes.get_yaxis_transform(),
        va="center_baseline",
        fontsize=LABEL_SIZE,
    )


def _bar(look: Look) -> dict[str, Any]:
    """Return the pen of an interval."""
    return {"color": look.colour, "linewidth": BAR_WIDTH, "solid_capstyle": "butt"}


def _capped(look: Look) -> dict[str, Any]:
    """Return the pen of an interval that has its seeds on it."""
    return {"color": look.colour, "linewidth": 1.0, "marker": "_", "markersize": 8, "markeredgewidth": 1.4}


def _draw_marks(axes: Axes, plan: _Rows) -> None:
    """Draw thin lines across all rows, each with its name above it, as far as there is room."""
    across, up = inches_of(axes)
    room = max((width_of(name, PANEL_TICK_SIZE) for _, name in plan.marks), default=0.0)
    centres = spread(
        [fraction(place, (*plan.limits, False)) * across for place, _ in plan.marks],
        room + TICK_GAP,
        MARGIN + room / 2 - plan.left,
        plan.width - plan.left - MARGIN - room / 2,
    )
    for (place, name), centre in zip(plan.marks, centres, strict=True):
        axes.axvline(place, color=FAINT, linewidth=0.9, zorder=BEHIND, label=f"_{name}")
        pen: dict[str, Any] = {"color": FAINT, "fontsize": PANEL_TICK_SIZE, "ha": "center", "va": "bottom"}
        axes.text(centre / across, 1 + PAD / 2 / up, name, transform=axes.transAxes, **pen)


def _plan_sweeps(
    suite: Suite, sweeps: Sequence[Sweep], finals: Mapping[str, Mapping[int, float]]
) -> _SweepPlan:
    """Plan the final validation accuracy against the rate of runs that differ in it alone."""
    series = tuple(
        _Series(
            sweep=sweep,
            look=look,
            finals=tuple(np.array(list(finals.get(run, {}).values())) for run in sweep.runs),
            diverged=tuple(_diverged(suite.groups[run]) for run in sweep.runs),
        )
        for sweep, look in zip(sweeps, _sweep_looks(sweeps), strict=True)
    )
    runs = [run for sweep in sweeps for run in sweep.runs]
    classes = _classes(suite, runs)
    chances = _chances(classes)
    found = [estimate for one in series for estimate in one.estimates if estimate]
    limits = outward(np.append(_shown((v for one in series for v in one.finals), found), chances))
    remarks = [*_validated(suite, runs), _chance_words(classes), *_cut(found, limits)]
    if any(any(one.diverged) for one in series):
        remarks.append("Crosses: rates with a diverged seed, which counts as guessing")
    subject = "final validation accuracy against learning rate"
    return _SweepPlan(
        title=f"{series[0].look.label}: {subject}" if len(series) == 1 else subject.capitalize(),
        series=series,
        chances=chances,
        scale=(*limits, False),
        caption=caption_of(
            suite,
            runs,
            seeds=f"Line: mean over the seeds; bars: {INTERVAL}; dots: single seeds",
            remarks=remarks,
        ),
        stand_in=suite.stand_in,
    )


def _validated(suite: Suite, runs: Iterable[str]) -> list[str]:
    """Return on what runs were validated, if it was on test images; a caption's data say it if it was not."""
    data = {run: suite.groups[run][0].record.data for run in runs}
    tested = {run: f"Validation on {one.validation}" for run, one in data.items() if one.test_images is None}
    return [said_once(tested)] if tested else []


def _diverged(group: Iterable[History]) -> bool:
    return any(history.record.status == "diverged" for history in group)


def _sweep_looks(sweeps: Sequence[Sweep]) -> list[Look]:
    """Return the look of each optimizer's run in the article; a second sweep of it takes one that is left."""
    own = [_RUN_OF_OPTIMIZER.get(sweep.optimizer) for sweep in sweeps]
    more = other_looks([str(number) for number in range(len(sweeps))], beside_known=True)
    left = iter([look for run, look in LOOKS.items() if run not in own] + list(more.values()))
    looks = [
        LOOKS[run] if run is not None and run not in own[:index] else next(left)
        for index, run in enumerate(own)
    ]
    return [replace(look, label=shortened(tidy(s.label))) for look, s in zip(looks, sweeps, strict=True)]


def _draw_sweeps(plan: _SweepPlan) -> Figure:
    rows = [index for index, one in enumerate(plan.series) if any(one.diverged)]
    texts, rotation, below = _rate_ticks(plan.rates)
    labels = [one.look.label for one in plan.series] + _chance_labels(plan.chances) + ["diverged"]
    figure, axes = single_axes(plan, labels, below)
    _draw_rate_axis(axes, plan.rates, texts, rotation)
    scale_y(axes, plan.scale)
    strip = _add_strip(axes, len(rows))
    for one in plan.series:
        _draw_series(axes, one)
    names = [_name_of_series(axes, one) for one in plan.series]
    for chance, label in zip(plan.chances, _chance_labels(plan.chances), strict=True):
        line = axes.axhline(chance, color=FAINT, linewidth=0.8, zorder=BEHIND, label=label)
        y = fraction(chance, (*axes.get_ylim(), False))
        names.append(Name(label, 1.0, y, {"color": FAINT, "linewidth": line.get_linewidth()}))
    for row, index in enumerate(reversed(rows)):
        _draw_crosses(axes, plan.series[index], (row + 0.5) / len(rows) * strip)
    if rows:
        names.append(Name("diverged", 1.0, strip / 2, {"linewidth": 0, **cross_of(FAINT)}))
    draw_names(axes, names)
    return figure


def _rate_ticks(rates: Sequence[float]) -> tuple[list[str], float, float]:
    """Return the numbers below a logarithmic axis of rates.

    Returns:
        A text a rate, empty where there is no room; their rotation in degrees: upright where they would
        touch side by side; and the inches that this takes below the axes, beyond the usual.
    """
    texts = [f"{rate:g}" for rate in rates]
    widths = [width_of(text, LABEL_SIZE) for text in texts]
    places = [fraction(rate, (*_rate_limits(rates), True)) * AXES_WIDTH for rate in rates]
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
    """Make room for rows of crosses below what an axes shows; return the fraction of it that they take."""
    if not rows:
        return 0.0
    low, high = axes.get_ylim()
    strip = CROSS_ROW * rows / inches_of(axes)[1]
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    axes.set_ylim(low - (high - low) * strip / (1 - strip), high)
    axes.set_yticks(ticks)
    axes.axhline(low, color=CONTEXT, linewidth=0.8, zorder=BEHIND, label="_strip")
    return strip


def _draw_series(axes: Axes, one: _Series) -> None:
    """Draw the means joined, their intervals, and each seed faintly where it is not the only one."""
    sizes = [values.size for values in one.finals]
    if max(sizes) > 1:
        rates = np.repeat(one.sweep.rates, sizes)
        axes.plot(
            rates,
            np.concatenate(one.finals),
            label="_seeds",
            color=one.look.colour,
            **{**DOTS, "markersize": RATE_DOT_SIZE},
        )
    for rate, found in zip(one.sweep.rates, one.estimates, strict=True):
        if found and np.isfinite(found.low):
            axes.plot((rate, rate), (found.low, found.high), label="_interval", **_capped(one.look))
    axes.plot(one.sweep.rates, one.means, label=one.look.label, **pen_of(one.look, 1.8, marked=True))


def _name_of_series(axes: Axes, one: _Series) -> Name:
    """Return what to write of a sweep, beside its last finished rate, or its crosses where there is none."""
    finished = np.flatnonzero(np.isfinite(one.means))
    last = finished[-1] if finished.size else -1
    x = fraction(one.sweep.rates[last], (*axes.get_xlim(), True))
    y = fraction(one.means[last], (*axes.get_ylim(), False)) if finished.size else 0.0
    return Name(one.look.label, x, y, pen_of(one.look, 1.8, marked=True))


def _draw_crosses(axes: Axes, one: _Series, y: float) -> None:
    """Draw a cross for each rate with a diverged seed, at a height that is a fraction of the axes."""
    rates = one.sweep.rates[list(one.diverged)]
    axes.plot(
        rates,
        np.full(len(rates), y),
        linestyle="none",
        transform=axes.get_xaxis_transform(),
        label=f"{one.look.label} diverged",
        **cross_of(one.look.colour),
    )
