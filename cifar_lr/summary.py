"""Histories to numbers: one row per run and seed, one row per run, curves over seeds, sweeps over rates.

Only a history whose status is `done` is a result. The others are counted and named, never averaged in.
Seeds of one run are put together only where they ran the same thing on the same data: anything else is
refused with the folders that differ.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from cifar_lr.config import ConfigError, RunConfig, one_line, parse_yaml
from cifar_lr.durable import write_whole
from cifar_lr.history import COLUMNS, History

if TYPE_CHECKING:
    import pandas as pd

NAMED_AT_MOST = 3  # in a message; the rest are counted
REASON_LENGTH = 80
FLOAT32_DIGITS = 7
FINGERPRINT_SHOWN = 19  # characters, of which seven are sha256:
LOWER_THE_RATE = ("ReduceLROnPlateau",)  # callbacks
FEWEST_RATES = 3  # of fewer, a line says nothing

RESULT_COLUMNS = (
    "final_accuracy",
    "best_accuracy",
    "best_epoch",
    "final_loss",
    "val_final_accuracy",
    "val_best_accuracy",
    "val_best_epoch",
    "val_final_loss",
)
TABLE_COLUMNS = ("run", "seed", "data", "status", "epochs", *RESULT_COLUMNS, "seconds")
STATISTICS = ("mean", "std", "min", "max")


class SummaryError(Exception):
    """Histories that can not be put together. The message is one line and names the folders."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


@dataclass(frozen=True)
class Curves:
    """One column of one run, over its finished seeds.

    Attributes:
        run: the run's name.
        column: what `values` holds, named as in a history.
        seeds: the finished seeds, ascending.
        epochs: epoch numbers from 1, shape `(epochs,)`; to the end of the seed that early stopping ended
            first, if it ended any.
        values: one row per seed, shape `(seeds, epochs)`, all finite.
        lasts: each seed's number of its own last epoch, shape `(seeds,)`.
    """

    run: str
    column: str
    seeds: tuple[int, ...]
    epochs: NDArray[np.int64]
    values: NDArray[np.float64]
    lasts: NDArray[np.float64]

    @property
    def final(self) -> float:
        """The median over the seeds of their last epochs' numbers, in the digits that float32 has."""
        return float(f"{np.median(self.lasts):.{FLOAT32_DIGITS}g}")

    @cached_property
    def median(self) -> NDArray[np.float64]:
        """The median over the seeds at each epoch, shape `(epochs,)`."""
        return np.median(self.values, axis=0)


@dataclass(frozen=True)
class Sweep:
    """Runs whose configurations differ in a constant learning rate alone.

    Attributes:
        optimizer: the class name of their optimizer.
        label: the optimizer, and what tells this sweep from others of it, as in `SGD, momentum=0.9`.
        runs: their names, by ascending rate.
        rates: the rate of each, shape `(runs,)`.
    """

    optimizer: str
    label: str
    runs: tuple[str, ...]
    rates: NDArray[np.float64]


def table(histories: Iterable[History]) -> "pd.DataFrame":
    """Return one row per run and seed, in the order given.

    Epochs count from 1; a best epoch is the first that reaches the best accuracy. A row that is not `done`
    keeps its status, its finished epochs and its seconds, and has no results: what an unfinished run
    happened to reach last is not a final accuracy.

    Raises:
        SummaryError: a run and seed is there twice.
    """
    import pandas as pd

    rows = [_row(history) for history in _once_each(histories)]
    frame = pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
    return frame.astype({"best_epoch": "Int64", "val_best_epoch": "Int64"})


def by_run(histories: Iterable[History]) -> "pd.DataFrame":
    """Return one row per run, over its finished seeds, in the order in which the runs first appear.

    `done` of `seeds` are finished. Final and best validation accuracy have `_mean`, `_std` (of the sample,
    `ddof=1`; NaN for one seed), `_min` and `_max`; `seconds` is the total of the finished seeds. A run
    without any finished seed has NaN there.

    Raises:
        SummaryError: a run and seed is there twice, or finished seeds of one run do not belong together.
    """
    import pandas as pd

    histories = list(histories)
    for group in runs(histories).values():
        refuse_mixtures(group)
    every = table(histories)
    done = every[every["status"] == "done"]
    grouped = done.groupby("run", sort=False)
    frame = pd.DataFrame({"seeds": every.groupby("run", sort=False).size()})
    frame["done"] = grouped.size().reindex(frame.index, fill_value=0)
    for quantity in ("val_final_accuracy", "val_best_accuracy"):
        for statistic in STATISTICS:
            frame[f"{quantity}_{statistic}"] = grouped[quantity].agg(statistic)
    frame["seconds"] = grouped["seconds"].sum()
    return frame.reset_index()


def write(histories: Iterable[History], path: Path) -> None:
    """Write `table` as CSV; pandas writes every float so that `float` reads the same bits back.

    The file is complete or, after any failure, what it was before.

    Raises:
        SummaryError: a run and seed is there twice, or the file can not be written.
    """
    text = table(histories).to_csv(index=False, lineterminator="\n")
    try:
        write_whole(path, text.encode(), durable=False)
    except OSError as error:
        raise SummaryError(f"{path}: can not be written: {error.strerror or error}") from error


def curves(histories: Iterable[History], column: str) -> dict[str, Curves]:
    """Return a column's curves for every run that has a finished seed, in the order given.

    Raises:
        SummaryError: the column is not one of a history's, a run and seed is there twice, finished seeds of
            one run differ in data, network or number of epochs, or a finished history has no epoch or a
            value that is not finite.
    """
    if column not in COLUMNS:
        raise SummaryError(f"a history has no column {column!r}; it has {', '.join(COLUMNS)}")
    collected = {}
    for run, group in runs(_once_each(histories)).items():
        refuse_mixtures(group)
        done = sorted((history for history in group if history.done), key=lambda history: history.seed)
        if done:
            collected[run] = _stack(run, column, done)
    return collected


def sweeps(histories: Iterable[History]) -> list[Sweep]:
    """Return the sweeps over a constant rate, in the order in which their first runs appear.

    A run belongs to one where a seed of it is done or diverged: both say something about its rate. A sweep
    has at least FEWEST_RATES different rates.

    Returns:
        All sweeps, or nothing where no sweep has so many rates with a finished seed.
    """
    groups = runs(histories)
    alike: list[tuple[dict[str, Any], dict[str, float]]] = []
    for run, group in groups.items():
        rate, settings = _constant_rate(group)
        if rate is not None:
            for others, rates in alike:
                if others == settings:
                    rates[run] = rate
                    break
            else:
                alike.append((settings, {run: rate}))
    alike = [(settings, rates) for settings, rates in alike if len(set(rates.values())) >= FEWEST_RATES]
    finished = {run for run, group in groups.items() if any(history.done for history in group)}
    if all(len({rates[run] for run in finished & rates.keys()}) < FEWEST_RATES for _, rates in alike):
        return []
    labels = _labels([settings for settings, _ in alike])
    return [_sweep(settings, label, rates) for (settings, rates), label in zip(alike, labels, strict=True)]


def moving_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the mean of every `width` neighbours, shape `(len(values) - width + 1,)`; empty for fewer."""
    if len(values) < width:
        return np.empty(0)
    return np.convolve(values, np.full(width, 1 / width), mode="valid")


def runs(histories: Iterable[History]) -> dict[str, list[History]]:
    """Return the histories of each run, runs and histories in the order given."""
    groups: dict[str, list[History]] = defaultdict(list)
    for history in histories:
        groups[history.run].append(history)
    return dict(groups)


def ended(histories: Iterable[History]) -> list[History]:
    """Return the histories that came to their end: done or diverged."""
    return [history for history in histories if history.record.status in {"done", "diverged"}]


def shortfall(histories: Sequence[History]) -> str:
    """Return what one run lacks, as in `2 of 3 seeds done; seed 2 diverged at update 314`; else nothing.

    Args:
        histories: those of one run.
    """
    endings: dict[str, list[int]] = defaultdict(list)
    for history in histories:
        if not history.done:
            endings[ending(history)].append(history.seed)
    if not endings:
        return ""
    done = sum(history.done for history in histories)
    counted = f"{done} of {len(histories)} seed{'s' if len(histories) > 1 else ''} done"
    return "; ".join([counted, *(f"{name_seeds(seeds)} {ending}" for ending, seeds in endings.items())])


def missing(histories: Iterable[History]) -> str:
    """Return what results lack of every run with every seed, as in `step: seed 2 failed`; else nothing.

    A run that diverged has come to its end, and lacks nothing.
    """
    groups = runs(histories)
    every = {history.seed for group in groups.values() for history in group}
    lacking = []
    for run, group in groups.items():
        if absent := every - {history.seed for history in group}:
            lacking.append(f"{run}: {name_seeds(absent)} missing")
        unfinished = [history for history in group if history.record.status in {"running", "failed"}]
        lacking += [f"{run}: seed {history.seed} {ending(history)}" for history in unfinished]
    rest = len(lacking) - NAMED_AT_MOST
    return "; ".join(lacking[:NAMED_AT_MOST]) + (f"; and {rest} more" if rest > 0 else "")


def stopped_early(histories: Iterable[History]) -> str:
    """Return after how many epochs early stopping ended one run's seeds, if it ended any; else nothing."""
    done = [history for history in histories if history.done]
    stopped = [history.epochs for history in done if history.record.stopped_after]
    if not stopped:
        return ""
    shortest, longest = min(stopped), max(stopped)
    after = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    said = f"{len(stopped)} seed{'s' if len(stopped) > 1 else ''} stopped early, after {after} epochs"
    if all(history.epochs == shortest for history in done):
        return said
    return f"{said}, and its curve ends where the first did"


def name_seeds(seeds: Iterable[int]) -> str:
    """Return the seeds in words, as in `seed 3` or `seeds 0-4, 7`."""
    ordered = sorted(seeds)
    spans: list[list[int]] = []
    for seed in ordered:
        if spans and seed == spans[-1][1] + 1:
            spans[-1][1] = seed
        else:
            spans.append([seed, seed])
    words = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
    return f"seed{'s' if len(ordered) > 1 else ''} {words}"


def ending(history: History) -> str:
    """Return how a history that is not done ended, to follow its seed's number: `diverged at update 314`."""
    record = history.record
    if record.status == "running":
        return f"unfinished after {history.epochs} of {record.epochs} epochs"
    if record.status == "diverged" and record.stopped_at_update is not None:
        return f"diverged at update {record.stopped_at_update}"
    reason = " ".join((record.reason or "").split())
    if len(reason) > REASON_LENGTH:
        reason = reason[: REASON_LENGTH - 1] + "…"
    return f"{record.status}: {reason}" if reason else record.status


def _row(history: History) -> dict[str, Any]:
    """Return one row of `table`; a result that the history does not have is left out."""
    row = {
        "run": history.run,
        "seed": history.seed,
        "data": history.record.data.label,
        "status": history.record.status,
        "epochs": history.epochs,
        "seconds": float(history["seconds"].sum()),
    }
    if not history.done:
        return row
    for prefix in ("", "val_"):
        accuracy = _finite(history, f"{prefix}accuracy")
        best = int(np.argmax(accuracy))
        row |= {
            f"{prefix}final_accuracy": float(accuracy[-1]),
            f"{prefix}best_accuracy": float(accuracy[best]),
            f"{prefix}best_epoch": int(history["epoch"][best]),
            f"{prefix}final_loss": float(_finite(history, f"{prefix}loss")[-1]),
        }
    return row


def _stack(run: str, column: str, done: Sequence[History]) -> Curves:
    """Return the column of finished histories that are known to be alike, as far as all of them go."""
    shortest = min(history.epochs for history in done)
    return Curves(
        run=run,
        column=column,
        seeds=tuple(history.seed for history in done),
        epochs=np.asarray(done[0]["epoch"][:shortest], dtype=np.int64),
        values=np.stack([_finite(history, column)[:shortest] for history in done]),
        lasts=np.array([history[column][-1] for history in done]),
    )


def _finite(history: History, column: str) -> NDArray[np.float64]:
    """Return a finished history's column, which has at least one entry and no gap."""
    values = np.asarray(history[column], dtype=np.float64)
    if not values.size:
        raise SummaryError(f"{history.folder}: is done but has no epoch")
    if not np.isfinite(values).all():
        raise SummaryError(f"{history.folder}: is done but its {column} is not a number everywhere")
    return values


def _once_each(histories: Iterable[History]) -> list[History]:
    """Return the same histories, none of them for a run and seed that another one is for."""
    seen: dict[tuple[str, int], History] = {}
    for history in histories:
        other = seen.setdefault((history.run, history.seed), history)
        if other is not history:
            where = f"{other.folder} and {history.folder}"
            raise SummaryError(f"run {history.run!r}, seed {history.seed} is there twice: {where}")
    return list(seen.values())


def refuse_mixtures(group: Sequence[History]) -> None:
    """Refuse seeds of one run that came to their ends and did not run the same thing on the same data.

    Raises:
        SummaryError: they did not.
    """
    for what, ingredient in _INGREDIENTS.items():
        folders: dict[tuple[str, ...], list[Path]] = defaultdict(list)
        for history in ended(group):
            folders[ingredient(history)].append(history.folder)
        if len(folders) > 1:
            parts = (f"{' '.join(value):.200} in {_name_folders(paths)}" for value, paths in folders.items())
            raise SummaryError(f"run {group[0].run!r} has seeds of different {what}: {'; '.join(parts)}")


def refuse_stand_in_beside_real(histories: Iterable[History]) -> None:
    """Refuse histories of which some are on generated images and some are not.

    Raises:
        SummaryError: they are.
    """
    first: dict[bool, Path] = {}
    for history in histories:
        first.setdefault(history.record.data.stand_in, history.folder)
    if len(first) > 1:
        raise SummaryError(
            f"stand-in and real data never go together: {first[True]} is stand-in, {first[False]} is not"
        )


_INGREDIENTS: dict[str, Callable[[History], tuple[str, ...]]] = {
    "data": lambda history: (history.record.data.kind, history.record.data.fingerprint),
    "networks": lambda history: (history.record.model,),
    "length": lambda history: (str(history.record.epochs), "epochs"),
    "configuration": lambda history: ("SHA-256", _hash_of_settings(history)[:12]),
    "versions": lambda history: tuple(
        f"{name} {version}" for name, version in sorted(history.record.versions.items()) if name != "python"
    ),
}


def _constant_rate(group: Sequence[History]) -> tuple[float | None, dict[str, Any]]:
    """Return the rate of a run that has one throughout, if a seed of it ended, and its other settings."""
    at_end = ended(group)
    settings = _settings(at_end[0]) if at_end else {}
    if at_end:
        settings["images"] = at_end[0].record.data.fingerprint[:FINGERPRINT_SHOWN]
    rate = settings.pop("optimizer.config.learning_rate", None)
    lowered = any(one["class_name"] in LOWER_THE_RATE for one in settings.get("callbacks", ()))
    return None if lowered else rate, settings


def _settings(history: History) -> dict[str, Any]:
    """Return a history's configuration, flat: `optimizer.config.momentum` and the like, and their values.

    What is at its default is left out, so that a record from before a setting was added is like a later one.
    Nothing is returned for what this version does not take for a configuration.
    """
    return dict(_parsed_settings(history.config))


@lru_cache(maxsize=1024)  # YAML is slow to read, and the seeds of a run have the same
def _parsed_settings(config: str) -> tuple[tuple[str, Any], ...]:
    try:
        tree = parse_yaml(config, "config.yaml")
        parsed = RunConfig.model_validate_json(json.dumps(tree, default=str))
    except (ConfigError, ValidationError):
        return ()
    return tuple(_leaves(parsed.decisive()))


def _hash_of_settings(history: History) -> str:
    settings = _settings(history)
    text = repr(sorted(settings.items())) if settings else history.config
    return hashlib.sha256(text.encode()).hexdigest()


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(tree, dict):
        yield path, tree
        return
    for key, value in tree.items():
        yield from _leaves(value, f"{path}.{key}" if path else key)


def _labels(sweeps_settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return each sweep's optimizer; where several have the same, also the settings in which those differ."""
    labels = []
    for settings in sweeps_settings:
        optimizer = settings.get("optimizer.class_name")
        rivals = [other for other in sweeps_settings if other.get("optimizer.class_name") == optimizer]
        telling = [key for key in settings if any(other.get(key) != settings[key] for other in rivals)]
        settled = [f"{key.rpartition('.')[2]}={_plainly(settings[key])}" for key in telling]
        labels.append(", ".join([str(optimizer), *settled]))
    return labels


def _plainly(value: Any) -> str:
    """Return a setting's value in a few words."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _sweep(settings: Mapping[str, Any], label: str, rates: Mapping[str, float]) -> Sweep:
    ordered = sorted(rates, key=lambda run: rates[run])
    return Sweep(
        optimizer=str(settings.get("optimizer.class_name")),
        label=label,
        runs=tuple(ordered),
        rates=np.array([rates[run] for run in ordered]),
    )


def _name_folders(folders: Sequence[Path]) -> str:
    named = ", ".join(str(folder) for folder in folders[:NAMED_AT_MOST])
    rest = len(folders) - NAMED_AT_MOST
    return f"{named} and {rest} more" if rest > 0 else named
