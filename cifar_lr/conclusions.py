"""Tables of what a suite's seeds show: each run, runs against each other, what is published against ours.

Seeds count that came to their end: one that diverged guesses from then on (`metrics`), and has no part in
numbers that this says nothing of. `summary` says what is missing. Differences are over the seeds that both
runs have.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cifar_lr import estimates, metrics, summary
from cifar_lr.history import History
from cifar_lr.imported import Imported
from cifar_lr.metrics import Metric, MetricError

if TYPE_CHECKING:
    import pandas as pd

ESTIMATED: Final = (
    "val_final_accuracy",
    "val_last_ten_accuracy",
    "val_best_accuracy",
    "val_best_epoch",
    "val_mean_accuracy",
    "gap",
    "late_gain",
    "test_accuracy",
    "seconds",
)
CENTRAL: Final = (2.5, 97.5)  # percentiles
FOUR_DIGITS: Final = 0.51e-4  # what their rounding changes at most, and a little
FEWEST_FOR_TAILS: Final = 20  # seeds
STEP_OF_ACCURACY: Final = 0.05
HALF: Final = 0.5
PLACE: Final = (
    "value",
    "n",
    "percentile",
    "lowest",
    "median",
    "mean",
    "highest",
    "at_chance",
    "outside",
    "chance",
)


def numbers(histories: Iterable[History], metric: Metric) -> dict[str, dict[int, float]]:
    """Return a metric of every seed that came to its end, by run and seed, runs in the order given.

    Raises:
        summary.SummaryError: if finished seeds of a run did not run the same thing on the same data.
        MetricError: if a history is too short for the metric.
    """
    found = {}
    for run, group in summary.runs(histories).items():
        summary.refuse_mixtures(group)
        counted = summary.ended(group) if metric.guessed else [history for history in group if history.done]
        if by_seed := {history.seed: metric.at_end(history) for history in counted}:
            found[run] = by_seed
    return found


def estimated(histories: Sequence[History]) -> "pd.DataFrame":
    """Return a row for each run and each of ESTIMATED: n, mean, spread, and the 95% interval low to high.

    Accuracies are fractions, epochs count from 1, seconds are of the whole run; those two have no interval,
    since they are bounded and far from normal. What takes more epochs than some run has is left out.
    `test_accuracy` is there where validation was on held-out images; elsewhere it is the final accuracy.
    """
    import pandas as pd

    rows = []
    for name in ESTIMATED:
        if name == "test_accuracy" and not any(h.record.data.test_images for h in histories):
            continue
        with suppress(MetricError):
            metric = metrics.metric(name)
            for run, by_seed in numbers(histories, metric).items():
                found = estimates.interval(list(by_seed.values()))
                if metric.unit != "accuracy":
                    found = replace(found, low=np.nan, high=np.nan)
                rows.append({"run": run, "metric": name, **vars(found)})
    return pd.DataFrame(rows, columns=["run", "metric", "n", "mean", "spread", "low", "high"])


def basis(group: Sequence[History]) -> tuple[str, int]:
    """Return what the histories of one run share with those of any run that they can be compared with.

    That is the images and the number of epochs asked for.
    """
    record = group[0].record
    return record.data.fingerprint, record.epochs


def apart(histories: Iterable[History]) -> str:
    """Say what keeps some of the runs from being compared; nothing if all can be."""
    bases = {basis(group) for group in summary.runs(histories).values()}
    images, lengths = ({one[part] for one in bases} for part in (0, 1))
    counted = (images, "different sets of images"), (lengths, "different numbers of epochs")
    different = [f"{len(values)} {what}" for values, what in counted if len(values) > 1]
    return f"its runs are on {' and '.join(different)}" if different else ""


def pairs(histories: Sequence[History]) -> "pd.DataFrame":
    """Return a row for each two runs; `difference` is the first's final accuracy less the second's.

    It is a mean over seeds, its interval `low` to `high` of what other seeds would bring; `images` is the
    standard error that other test images would, NaN where validation was on held-out images or
    a seed diverged. `p_holm` is adjusted for the number of rows, `better` the share of seeds in which the
    first is higher. Runs without a common seed have no row, nor have runs of another basis.
    """
    import pandas as pd

    every = numbers(histories, metrics.metric("val_final_accuracy"))
    groups = summary.runs(histories)
    rows = [
        {
            "first": first,
            "second": second,
            **_compared(every[first], every[second]),
            "images": _image_error(groups[first], groups[second]),
        }
        for first, second in combinations(every, 2)
        if every[first].keys() & every[second].keys() and basis(groups[first]) == basis(groups[second])
    ]
    columns = [
        "first",
        "second",
        "n",
        "difference",
        "low",
        "high",
        "images",
        "p",
        "better",
        "effect_size",
        "seeds_needed",
    ]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(columns.index("p") + 1, "p_holm", estimates.holm(table["p"].to_numpy()))
    return table


def _compared(first: Mapping[int, float], second: Mapping[int, float]) -> dict[str, float]:
    found = estimates.compare(first, second)
    return {
        **{name: getattr(found, name) for name in ("n", "difference", "low", "high", "p", "better")},
        "effect_size": found.effect_size,
        "seeds_needed": found.seeds_needed(),
    }


def _image_error(first: Sequence[History], second: Sequence[History]) -> float:
    """Return the standard error of the difference of two runs that other test images would bring.

    It is over the seeds that both have; NaN where validation was on other images, or a seed was not tested.
    """
    right = [{one.seed: one.correct for one in summary.ended(group)} for group in (first, second)]
    pairs_ = [(right[0][seed], right[1][seed]) for seed in right[0].keys() & right[1].keys()]
    differences = [a.astype(float) - b for a, b in pairs_ if a is not None and b is not None]
    if len(differences) < len(pairs_) or first[0].record.data.test_images is not None:
        return np.nan
    return estimates.over_images(np.mean(differences, axis=0))


def best(groups: Mapping[str, Sequence[History]]) -> str:
    """Return the run with the highest mean final accuracy on the images that it is validated on.

    Args:
        groups: the histories of each run, of which some came to its end: a seed that diverged guesses.
    """
    final = metrics.metric("val_final_accuracy")
    return max(groups, key=lambda run: _at_end(groups[run], final).mean)


def by_rate(histories: Sequence[History]) -> "pd.DataFrame":
    """Return a row for each constant rate of each optimizer that was tried at several, all else alike.

    `validation` is the mean final accuracy on the images by which a rate is chosen, `chosen` whether it is
    the highest; `test`, with its interval `low` to `high`, is the mean accuracy on the test images: where
    none were held out from training, those are the same. `diverged` of `n` seeds count as guessing.
    """
    import pandas as pd

    groups = summary.runs(histories)
    rows = []
    for sweep in summary.sweeps(histories):
        chosen = best({run: groups[run] for run in sweep.runs})
        rows += [
            {"optimizer": sweep.label, "rate": rate, **_tried(groups[run]), "chosen": run == chosen}
            for run, rate in zip(sweep.runs, sweep.rates.tolist(), strict=True)
        ]
    columns = ["optimizer", "rate", "run", "n", "diverged", "validation", "test", "low", "high", "chosen"]
    return pd.DataFrame(rows, columns=columns)


def _tried(group: Sequence[History]) -> dict[str, Any]:
    held_out = group[0].record.data.test_images is not None
    validation = _at_end(group, metrics.metric("val_final_accuracy"))
    test = _at_end(group, metrics.metric("test_accuracy")) if held_out else validation
    return {
        "run": group[0].run,
        "n": test.n,
        "diverged": sum(history.record.status == "diverged" for history in group),
        "validation": validation.mean,
        "test": test.mean,
        "low": test.low,
        "high": test.high,
    }


def _at_end(group: Sequence[History], metric: Metric) -> estimates.Estimate:
    return estimates.interval([metric.at_end(history) for history in summary.ended(group)])


def accuracy_of_half(histories: Iterable[History]) -> float:
    """Return the highest multiple of 0.05 that half of all finished seeds reach; NaN if none is finished."""
    highest = [float(history["val_accuracy"].max()) for history in histories if history.done]
    if not highest:
        return np.nan
    return round(float(np.floor(_upper_median(highest) / STEP_OF_ACCURACY + 1e-6)) * STEP_OF_ACCURACY, 2)


def reached(histories: Sequence[History], accuracy: float) -> "pd.DataFrame":
    """Return how soon each run reaches a validation accuracy.

    `n` seeds are done, `reached` of them got there; `epochs` is the median first epoch, from 1, over all of
    them, the later one of an even number: infinite if half of them or more did not.
    """
    import pandas as pd

    found = numbers(histories, metrics.metric("epochs_to_val_accuracy", accuracy=accuracy))
    rows = [
        {
            "run": run,
            "n": len(by_seed),
            "reached": int(np.isfinite(list(by_seed.values())).sum()),
            "epochs": _upper_median(list(by_seed.values())),
        }
        for run, by_seed in found.items()
    ]
    return pd.DataFrame(rows, columns=["run", "n", "reached", "epochs"])


def _upper_median(values: Sequence[float]) -> float:
    return float(np.quantile(values, HALF, method="higher"))


def errors(histories: Sequence[History]) -> "pd.DataFrame":
    """Return how far off each run's mean accuracy on the test images may be, because of seeds and of images.

    `seeds` and `images` are standard errors of the mean over the seeds; the shares are of the variance of one
    seed's accuracy (`estimates.ImageError`).
    """
    import pandas as pd

    rows = []
    for run, group in summary.runs(histories).items():
        correct = [history.correct for history in group if history.done and history.correct is not None]
        if correct:
            found = estimates.image_error(np.stack(correct).astype(np.float64))
            rows.append({"run": run, "n": len(correct), **vars(found)})
    shares = ["share_of_seeds", "share_of_images", "share_of_both"]
    return pd.DataFrame(rows, columns=["run", "n", "seeds", "images", *shares])


def beside(histories: Sequence[History], others: Sequence[Imported]) -> "pd.DataFrame":
    """Return where each final validation accuracy from elsewhere lies among our finished seeds.

    A row for each history from elsewhere that stands beside a run of ours: `value` is its last epoch's,
    `epoch` which that is, `percentile` the share of our seeds below it at that epoch (0 to 100, ties counted
    half), `lowest`, `median`, `mean` and `highest` ours, `at_chance` how many of ours are at chance,
    `outside` whether it lies outside the central 95% of them (None for fewer than FEWEST_FOR_TAILS seeds, of
    which each is more than 5%), and `chance` how probable it is that one more
    seed of ours would lie as far out: with few seeds that is not small (`estimates.chance_of_place`). What
    has no run of ours, or no such accuracy, has no row: see `without_counterpart`.
    """
    import pandas as pd

    ours = summary.runs(history for history in histories if history.done)
    rows = []
    for other in others:
        epoch = int(other.epochs[-1])
        group = [history for history in ours.get(other.run, ()) if history.epochs >= epoch]
        if group and not np.isnan(other.final["val_accuracy"]):
            named = {"name": other.name, "run": other.run, "epoch": epoch}
            rows.append({**named, **_place(other.final["val_accuracy"], epoch, group)})
    columns = ["name", "run", "epoch", *PLACE]
    return pd.DataFrame(rows, columns=columns)


def _place(value: float, epoch: int, group: Sequence[History]) -> dict[str, Any]:
    images = group[0].record.data.validation_images
    sample = [_exact(history["val_accuracy"][epoch - 1], images) for history in group]
    place = estimates.percentile(_exact(value, images), sample)
    data = group[0].record.data
    return {
        "value": value,
        "n": len(sample),
        "percentile": place,
        "lowest": min(sample),
        "median": float(np.median(sample)),
        "mean": float(np.mean(sample)),
        "highest": max(sample),
        "at_chance": sum(metrics.is_chance(accuracy, data) for accuracy in sample),
        "outside": not CENTRAL[0] <= place <= CENTRAL[1] if len(sample) >= FEWEST_FOR_TAILS else None,
        "chance": estimates.chance_of_place(_exact(value, images), sample),
    }


def without_counterpart(histories: Sequence[History], others: Iterable[Imported]) -> list[str]:
    """Return which histories from elsewhere can not be compared with ours, and why, a few words each."""
    longest = {
        run: max((history.epochs for history in group if history.done), default=0)
        for run, group in summary.runs(histories).items()
    }
    reasons = []
    for other in others:
        where = f"{other.run} of {other.name}"
        if other.run not in longest:
            reasons.append(f"{where}: no run of ours has that name")
        elif np.isnan(other.final["val_accuracy"]):
            reasons.append(f"{where}: its last epoch has no validation accuracy")
        elif longest[other.run] < other.epochs[-1]:
            ours = f"ours {longest[other.run]}" if longest[other.run] else "none of ours is finished"
            reasons.append(f"{where}: has {other.epochs[-1]} epochs, {ours}")
    return reasons


def ended_before(histories: Sequence[History], others: Iterable[Imported]) -> list[str]:
    """Return which of our seeds are not among those that a history from elsewhere is compared with."""
    ours = summary.runs(history for history in histories if history.done)
    reasons = []
    for other in others:
        last = int(other.epochs[-1])
        early = [history.seed for history in ours.get(other.run, ()) if history.epochs < last]
        if early and len(early) < len(ours[other.run]):
            named = summary.name_seeds(early)
            reasons.append(f"{other.run} of {other.name}: our {named} ended before its epoch {last}")
    return reasons


def _exact(accuracy: float, images: int) -> float:
    """Return the share of so many images that an accuracy in float32, or in four digits, stands for."""
    nearest = round(accuracy * images) / images
    return nearest if abs(nearest - accuracy) <= FOUR_DIGITS else accuracy
