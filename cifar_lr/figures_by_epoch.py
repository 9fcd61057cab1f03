"""Figures over epochs: accuracies and rates of one run, of several, of many; and losses over updates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cifar_lr import summary
from cifar_lr.captions import (
    Suite,
    as_sentences,
    caption_of,
    count_of,
    counted,
    said_once,
    settings_of,
    shortfalls,
)
from cifar_lr.drawing import (
    BEHIND,
    COLUMNS,
    CONTEXT,
    DOTTED,
    FAINT,
    MARGIN,
    NAME_LENGTH,
    PAD,
    PANEL_COLOUR,
    PANEL_HEIGHT,
    PANEL_TICK_SIZE,
    WARNING,
    Grid,
    Look,
    Panel,
    Scale,
    cross_of,
    fraction,
    inches_of,
    outward,
    shortened,
    tidy,
    width_of,
)
from cifar_lr.history import History
from cifar_lr.lines import MARKED_EPOCHS, Line, Plan, Published, draw_line, path_of
from cifar_lr.summary import Curves

LOSS_PANEL_HEIGHT = 2.2
CONTEXT_POINTS = 200  # of a line behind others; more can not be seen
LONGEST_REMARK = 100  # characters
WINDOW = 50  # updates that a moving mean is over
WIDE_RATES, WIDE_LOSSES = 1000, 50  # an axis that would span more is logarithmic
DEEPEST_LOSS, HIGHEST_LOSS = 1e-4, 1e3  # times chance, on a logarithmic axis


def plan_accuracy(suite: Suite, run: str, method: str) -> Plan:
    """Plan the training and validation accuracy of one run."""
    lines = _pair(suite, run)
    return Plan(
        title=f"{method}: training and validation accuracy",
        quantity="Accuracy",
        lines=lines,
        scale=(*_limits_of_pairs(suite), False),
        caption=caption_of(
            suite,
            [run],
            seeds=_seeds_drawn(lines),
            remarks=_beside(suite, dict(zip(("training", "validation"), lines, strict=True))),
        ),
        stand_in=suite.stand_in,
    )


def plan_rate(suite: Suite, run: str, method: str) -> Plan:
    """Plan the rate of one run: at each epoch the one that its first update applied."""
    rate = suite.learning_rate[run]
    first, last = f"{rate.median[0]:.3g}", f"{rate.final:.3g}"
    look = replace(suite.looks[run], marker="o", dashes="-", hollow=False)
    line = Line(rate, look, first if first == last else f"{first} to {last}", width=2.0)
    return Plan(
        title=f"{method}: learning rate at the start of each epoch",
        quantity="Learning rate",
        lines=(line,),
        scale=(0.0, float(rate.values.max()) * 1.05 or 1.0, False),
        caption=caption_of(suite, [run], seeds=_seeds_drawn([line])),
        stand_in=suite.stand_in,
    )


def plan_comparison(suite: Suite, runs: Sequence[str], subject: str) -> Plan:
    """Plan the validation accuracy of several runs, few enough for one axes."""
    lines = {run: _compared(suite, run) for run in suite.finished(runs)}
    return Plan(
        title=f"{counted(list(lines), runs)} {subject}: validation accuracy",
        quantity="Validation accuracy",
        lines=tuple(lines.values()),
        scale=(*_limits_of_compared(suite), False),
        caption=caption_of(suite, runs, seeds=_seeds_drawn(lines.values()), remarks=_beside(suite, lines)),
        stand_in=suite.stand_in,
    )


def plan_rates(suite: Suite) -> Plan:
    """Plan the rates of all runs, few enough for one axes."""
    scale, remarks = _rates_scale(suite.learning_rate.values())
    lines = tuple(
        Line(curves, suite.looks[run], suite.looks[run].label, width=1.6, sparse=True)
        for run, curves in suite.learning_rate.items()
    )
    return Plan(
        title=f"{count_of(suite)}: learning rate at the start of each epoch",
        quantity="Learning rate",
        lines=lines,
        scale=scale,
        caption=caption_of(suite, tuple(suite.groups), seeds=_seeds_drawn(lines), remarks=remarks),
        stand_in=suite.stand_in,
    )


def grid_of_accuracies(suite: Suite) -> Grid:
    """Plan the validation accuracy of all runs, too many for one axes."""
    lines = {run: _compared(suite, run) for run in suite.val_accuracy}
    finals = {run: f" {line.curves.final:.4f}" for run, line in lines.items()}
    beside = "Beside each name: final validation accuracy, by which panels are ordered"
    return Grid(
        title=f"{count_of(suite)}: validation accuracy",
        quantity="Validation accuracy",
        scale=(*_limits_of_compared(suite), False),
        **_grid_of_runs(suite, lines, finals, [beside, *_beside(suite, lines)]),
    )


def grid_of_rates(suite: Suite) -> Grid:
    """Plan the rates of all runs, each where the other grid has its accuracy."""
    scale, remarks = _rates_scale(suite.learning_rate.values())
    rates = suite.learning_rate.items()
    lines = {run: Line(curves, suite.looks[run], run, width=1.6) for run, curves in rates}
    finals = {run: f" {curves.final:.2g}" for run, curves in rates}
    beside = "Beside each name: the rate of the last epoch. Panels are ordered by final validation accuracy"
    return Grid(
        title=f"{count_of(suite)}: learning rate at the start of each epoch",
        quantity="Learning rate",
        scale=scale,
        **_grid_of_runs(suite, lines, finals, [beside, *remarks]),
    )


def _grid_of_runs(
    suite: Suite, lines: Mapping[str, Line], rests: Mapping[str, str], remarks: Sequence[str]
) -> dict[str, Any]:
    """Return what grids of runs over epochs share: a panel a run, the best first, and the caption."""
    last = max(line.last for line in lines.values())
    return {
        "over": "Epoch",
        "panels": tuple(
            Panel(
                name=shortened(tidy(run)),
                rest=rests[run],
                last=last,
                draw=partial(_draw_run, line=lines[run], others=[lines[o].curves for o in lines if o != run]),
            )
            for run in suite.by_accuracy
        ),
        "panel_height": PANEL_HEIGHT,
        "same_x": True,
        "caption": caption_of(
            suite,
            tuple(suite.groups),
            seeds=_seeds_drawn(lines.values()),
            remarks=["Grey: the medians of all others", *remarks],
        ),
        "stand_in": suite.stand_in,
    }


def _limits_of_pairs(suite: Suite) -> tuple[float, float]:
    """Return the limits of all figures that show training and validation, so that they compare."""
    return _limits(line for run in suite.val_accuracy for line in _pair(suite, run))


def _limits_of_compared(suite: Suite) -> tuple[float, float]:
    """Return the limits of all comparisons."""
    return _limits(_compared(suite, run) for run in suite.val_accuracy)


def _pair(suite: Suite, run: str) -> tuple[Line, Line]:
    """Return the lines of one run's training and validation accuracy."""
    plain = replace(suite.looks[run], marker="o", dashes="-", hollow=False)
    faint = replace(plain, dashes=DOTTED, hollow=True)
    training, validation = suite.accuracy[run], suite.val_accuracy[run]
    return (
        Line(
            training,
            faint,
            f"Training {training.final:.4f}",
            width=1.3,
            published=_published(suite, run, "accuracy", "Training, ", (0, (1, 1))),
        ),
        Line(
            validation,
            plain,
            f"Validation {validation.final:.4f}",
            width=2.0,
            published=_published(suite, run, "val_accuracy", "Validation, "),
        ),
    )


def _compared(suite: Suite, run: str) -> Line:
    """Return the line of one of several runs' validation accuracy."""
    curves, look = suite.val_accuracy[run], suite.looks[run]
    return Line(
        curves,
        look,
        f"{look.label} {curves.final:.4f}",
        width=1.6,
        sparse=True,
        crowded=True,
        published=_published(suite, run, "val_accuracy"),
    )


def _published(
    suite: Suite, run: str, column: str, lead: str = "", dashes: Any = "-"
) -> tuple[Published, ...]:
    """Return what stands beside a run, named at its end if there is a lead; none beside a stand-in."""
    found = []
    for other in () if suite.stand_in else suite.others:
        known = np.isfinite(other[column])
        if other.run == run and known.any():
            there = replace(other, epochs=other.epochs[known])
            value, name = other[column][known], shortened(tidy(other.name), NAME_LENGTH // 2)
            label = f"{lead}{name} {value[-1]:.4f}" if lead else ""
            found.append(Published(other.name, label, there.epochs, value, there.gaps, dashes))
    return tuple(found)


def logged_runs(suite: Suite) -> dict[str, History]:
    """Return each run's lowest finished or diverged seed that logged its updates, if any, by rate."""
    logged = {}
    for run, group in suite.groups.items():
        for history in sorted(group, key=lambda history: history.seed):
            if history.record.status in {"done", "diverged"} and len(_updates(history)["update"]):
                logged[run] = history
                break
    return dict(sorted(logged.items(), key=lambda item: float(_updates(item[1])["learning_rate"].max())))


def _updates(history: History) -> Mapping[str, NDArray[np.float64]]:
    return history.updates or {"update": np.empty(0)}


def plan_losses(suite: Suite, logged: Mapping[str, History]) -> Grid:
    """Plan the training loss of every update, one seed a run."""
    scale = _losses_scale(logged.values())
    last_of_row = {number for number in range(1, len(logged) + 1) if number % COLUMNS == 0} | {len(logged)}
    return Grid(
        title="Training loss of each update",
        quantity="Training loss",
        over="Update",
        panels=tuple(
            Panel(
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
        right=PAD + width_of("chance", PANEL_TICK_SIZE) + MARGIN,
        caption=_losses_caption(suite, logged, scale),
        stand_in=suite.stand_in,
    )


def _rate_words(rates: NDArray[np.float64]) -> str:
    """Return what follows a run's name: its rate, or the highest of several."""
    return f", rate {'' if rates.min() == rates.max() else 'up to '}{rates.max():.3g}"


def _losses_caption(suite: Suite, logged: Mapping[str, History], scale: Scale) -> str:
    """Return a caption; what no other has is how the loss was averaged, and what is cut off."""
    classes = {run: len(history.record.data.classes) for run, history in logged.items()}
    every = np.concatenate([_updates(history)["loss"] for history in logged.values()])
    sentences = [
        *settings_of(logged),
        "Shown, one seed a run: " + said_once({run: f"seed {h.seed}" for run, h in logged.items()}),
        "Faint: the mean loss of each update's batch, before the update",
        f"Bold: its moving mean over {WINDOW} updates, at their middle",
        "Chance: "
        + said_once({run: f"ln({n}) = {np.log(n):.3f}" for run, n in classes.items()})
        + ", the loss of guessing",
    ]
    low, high, log = scale
    if log and (every.max() > high or every.min() < low):
        sentences.append(f"Losses outside {low:.3g} to {high:.3g} are cut off")
    if len({len(_updates(history)["update"]) for history in logged.values()}) > 1:
        sentences.append("Each panel ends with its run")
    return as_sentences([*sentences, *shortfalls(suite, logged)])


def _chance_loss(history: History) -> float:
    """Return the cross-entropy of a network that gives all classes the same probability."""
    return float(np.log(len(history.record.data.classes)))


def _losses_scale(logged: Iterable[History]) -> Scale:
    """Return the axis of losses, from 0; logarithmic, and cut far from chance, where they span very much."""
    losses, chances = zip(*((_updates(one)["loss"], _chance_loss(one)) for one in logged), strict=True)
    every = np.concatenate([*losses, chances])
    low, high = float(every[every > 0].min()), float(every.max())
    if high <= WIDE_LOSSES * low:
        return 0.0, high * 1.05, False
    low, high = max(low, DEEPEST_LOSS * min(chances)), min(high, HIGHEST_LOSS * max(chances))
    return low / 1.3, high * 1.3, True


def _rates_scale(curves: Iterable[Curves]) -> tuple[Scale, list[str]]:
    """Return the axis of rates, from 0; logarithmic where runs are far apart. What that cuts off is said."""
    every = [one.values for one in curves]
    highest = [float(values.max()) for values in every]
    lowest_top = min((rate for rate in highest if rate > 0), default=1.0)
    if max(highest) <= WIDE_RATES * lowest_top:
        return (0.0, max(highest) * 1.05 or 1.0, False), []
    low = lowest_top / 10
    cut = any(values.min() < low for values in every)
    return (low, max(highest) * 1.5, True), [f"Rates below {low:.2g} are cut off"] * cut


def _seeds_drawn(lines: Iterable[Line]) -> str:
    """Return how several seeds are drawn."""
    several = [line for line in lines if len(line.curves.seeds) > 1]
    if several and all(line.same for line in several):
        return "The same for every seed"
    words = ["Bold: median over the seeds"]
    if any(line.band and not np.array_equal(*line.band) for line in several):
        some = "" if all(line.band for line in several) else " where seeds are enough for one"
        words.append(f"band: its 95% interval at each epoch, from order statistics{some}")
    if any(line.has_seeds for line in several):
        some = "" if all(line.has_seeds for line in several) else " where there is no band"
        words.append(f"thin: single seeds{some}")
    return "; ".join(words)


def _beside(suite: Suite, lines: Mapping[str, Line]) -> list[str]:
    """Return what is drawn from elsewhere, over which of the lines."""
    if suite.stand_in:
        return ["Published histories are left out beside stand-in data"] if suite.others else []
    there = {key: line.published for key, line in lines.items() if line.published}
    if not there:
        return []
    words = said_once({key: " and ".join(one.words for one in shown) for key, shown in there.items()})
    if len(words) > LONGEST_REMARK:  # then which epochs each has is seen, not said
        words = said_once({key: " and ".join(one.name for one in shown) for key, shown in there.items()})
    if len(there) < len(lines) and not words.endswith("]"):
        words += f" [{', '.join(there)}]"
    every = [one for shown in there.values() for one in shown]
    if all(one.is_dots for one in every):
        return [f"Rings, darker: {words}, from elsewhere"]
    rings = "; rings: epochs whose neighbours are missing" if any(one.gaps for one in every) else ""
    return [f"Thin, darker: {words}, from elsewhere{rings}"]


def _limits(lines: Iterable[Line]) -> tuple[float, float]:
    """Return the limits of an axis of accuracies: everything that is drawn."""
    return outward(np.concatenate([line.drawn for line in lines]))


def _draw_run(axes: Axes, line: Line, others: Sequence[Curves]) -> None:
    """Draw one run in front of the medians of all others."""
    short = max(len(other.epochs) for other in others) == 1
    gap = np.full((2, 1), np.nan)
    every = max(1, max(len(other.epochs) for other in others) // CONTEXT_POINTS)
    paths = [part for other in others for part in (path_of(other, other.median)[:, ::every], gap)]
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
    draw_line(axes, replace(line, look=look, label=run, width=1.8, sparse=False), 0)


def _draw_losses(axes: Axes, history: History, *, named: bool) -> None:
    """Draw the loss of each update, its moving mean, and where the run diverged.

    Args:
        axes: where to draw.
        history: a run that logged its updates.
        named: whether there is room at the right to name the line at chance.
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
        x = 1 + PAD / inches_of(axes)[0]
        beside: dict[str, Any] = {"va": "center", "transform": axes.get_yaxis_transform()}
        axes.text(x, chance, "chance", color=FAINT, fontsize=PANEL_TICK_SIZE, **beside)
    if history.record.status == "diverged":
        end = np.clip(loss[-1:], *axes.get_ylim())
        axes.plot(update[-1:], end, linestyle="none", clip_on=False, label="_end", **cross_of(WARNING))
        _draw_note(axes, summary.ending(history), loss)


def _draw_note(axes: Axes, text: str, loss: NDArray[np.float64]) -> None:
    """Write a few words in a panel's upper left; in its lower right where the loss has grown by then."""
    scale = (*axes.get_ylim(), axes.get_yscale() == "log")
    early = loss[: round(0.8 * len(loss))].max(initial=0.0)
    grown = fraction(float(early), scale) > 0.8  # noqa: PLR2004  the note is above
    x, y, at = (0.97, 0.05, ("right", "bottom")) if grown else (0.03, 0.96, ("left", "top"))
    box = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    place: dict[str, Any] = {"transform": axes.transAxes, "ha": at[0], "va": at[1]}
    axes.text(x, y, text, fontsize=PANEL_TICK_SIZE, color=WARNING, bbox=box, **place)
