"""One page of HTML about a suite: verdicts, curves, tables, runs, and how to make it again.

The page needs no network and no other file. It is the same bytes for the same histories, but for the line
with the date. Text from histories, configurations and ledgers is escaped, and the page's own policy allows no
address at all.
"""

import datetime as dt
import importlib.resources
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cifar_lr import __version__, claims, conclusions, estimates, summary
from cifar_lr.claims import Ledger, Outcome
from cifar_lr.drawing import Look, looks
from cifar_lr.durable import write_whole
from cifar_lr.history import History
from cifar_lr.imported import Imported

if TYPE_CHECKING:
    import pandas as pd

QUANTITIES: Final = (
    ("val_accuracy", "validation accuracy"),
    ("accuracy", "training accuracy"),
    ("val_loss", "validation loss"),
    ("loss", "training loss"),
    ("learning_rate", "learning rate"),
)
DIGITS: Final = 5
DASHES: Final = ("solid", "dash", "dot", "dashdot")


class ReportError(Exception):
    """A report that can not be written. The message is one line."""


@dataclass(frozen=True)
class Cell:
    """An entry of a table: what it says, what it is sorted by, and whether that is a number."""

    text: str
    value: str
    number: bool


@dataclass(frozen=True)
class Table:
    """A table of the page."""

    id: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Conclusions:
    """What a suite's histories come to, as it is shown and as it is written beside the page.

    Attributes:
        histories: the suite's.
        outcomes: the verdicts; none without a ledger.
        others: histories from elsewhere.
        tables: by the name of the CSV file that each is written to.
    """

    histories: Sequence[History]
    outcomes: Sequence[Outcome]
    others: Sequence[Imported]
    tables: Mapping[str, "pd.DataFrame"]


def conclude(
    histories: Sequence[History],
    ledger: Ledger | None = None,
    suites: Mapping[str | None, Sequence[History]] | None = None,
    others: Sequence[Imported] = (),
) -> Conclusions:
    """Return what histories come to.

    Args:
        histories: a suite's.
        ledger: claims to judge.
        suites: the histories of the other suites that claims name.
        others: histories from elsewhere that stand beside ours.

    Raises:
        summary.SummaryError: if histories do not go together.
    """
    outcomes = claims.judge(ledger, {**(suites or {}), None: histories}) if ledger else []
    tables = {
        "estimates": conclusions.by_run(histories),
        "differences": conclusions.pairs(histories, "final_accuracy"),
        "reached": conclusions.reached(histories, conclusions.reach(histories)),
        "errors": conclusions.errors(histories),
    }
    if not (rates := conclusions.by_rate(histories)).empty:
        tables["rates"] = rates
    if outcomes:
        tables["verdicts"] = claims.table(outcomes)
    if others:
        tables["beside"] = conclusions.beside(histories, others)
    return Conclusions(histories, outcomes, others, tables)


def write(found: Conclusions, results: Path, commands: Sequence[str], today: dt.date) -> list[Path]:
    """Write `report.html`, and each table as CSV, to a suite's results.

    Args:
        found: what `conclude` returned.
        results: the suite's folder.
        commands: how all this is made again.
        today: the date that the page names.

    Raises:
        ReportError: if a file can not be written.
    """
    files = {"report.html": page(found, results, commands, today)}
    files |= {
        f"{name}.csv": table.to_csv(index=False, lineterminator="\n") for name, table in found.tables.items()
    }
    try:
        for name, text in files.items():
            write_whole(results / name, text.encode(), durable=False)
    except OSError as error:
        raise ReportError(f"{results}: can not be written: {error.strerror or error}") from error
    return [results / name for name in files]


def commands(
    results: Path, histories: Sequence[History], beside: Sequence[str] = (), ledger: Path | None = None
) -> list[str]:
    """Return the commands that train a suite and write its page again."""
    suite = f"configs/{results.resolve().name}"
    seeds = 1 + max(history.seed for history in histories)
    others = "".join(f" --beside {name}" for name in beside)
    claimed = f" --claims {ledger}" if ledger else ""
    return [
        f"cifar-lr reproduce {suite} --seeds {seeds} --data PATH",
        f"cifar-lr report {results.as_posix()}{others}{claimed}",
    ]


def page(found: Conclusions, results: Path, commands: Sequence[str], today: dt.date) -> str:
    """Return the page."""
    import jinja2
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    files = importlib.resources.files("cifar_lr") / "page"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    own = {name: Markup((files / f"report.{name}").read_text("utf-8")) for name in ("css", "js")}  # noqa: S704
    groups = summary.runs(found.histories)
    drawn = looks(list(groups))
    data = {"runs": [_curves(group, drawn[run], found.others) for run, group in groups.items()]}
    template = environment.from_string((files / "report.html").read_text("utf-8"))
    return template.render(
        title=f"{results.resolve().name}: learning rates compared",
        lead=_lead(found.histories),
        stand_in=any(h.record.data.kind == "stand-in" for h in found.histories),
        missing=summary.missing(found.histories),
        held_out=any(h.record.data.test_images for h in found.histories),
        outcomes=[_outcome(outcome) for outcome in found.outcomes],
        tally=_tally(found.outcomes),
        quantities=QUANTITIES,
        seeds=sorted({history.seed for history in found.histories if history.done}),
        runs=[_run(run, group, drawn[run]) for run, group in groups.items()],
        images=_images(found.histories),
        others=", ".join(dict.fromkeys(other.name for other in found.others)),
        reach=f"{100 * conclusions.reach(found.histories):.0f}%",
        tables=_tables(found),
        commands="\n".join(commands),
        version=__version__,
        results=results.as_posix(),
        date=today.isoformat(),
        data=data,
        css=own["css"],
        script=own["js"],
        plotly=Markup(get_plotlyjs()),  # noqa: S704  plotly's own
    )


def _lead(histories: Sequence[History]) -> str:
    """Say what was trained, how often, on what and where."""
    done = [history for history in histories if history.done]
    groups = summary.runs(histories)
    seeds = [sum(history.done for history in group) for group in groups.values()]
    counted = f"{min(seeds)} to {max(seeds)}" if min(seeds) < max(seeds) else f"{max(seeds)}"
    labels = dict.fromkeys(
        f"{data.label}: {data.train_images:,} training images of {len(data.classes)} classes, "
        f"validation on {data.validation}"
        for data in (history.record.data for history in histories)
    )
    machines = dict.fromkeys(_machine(history) for history in done)
    return (
        f"{len(groups)} runs, n = {counted} finished seeds each, on {'; '.join(labels)}. "
        f"Trained on {'; '.join(machines) or 'no machine yet'}."
    )


def _machine(history: History) -> str:
    machine = history.record.machine
    device = machine.get("device", "CPU")
    where = "one CPU thread a run, nothing on a GPU" if device == "CPU" else device
    return f"{machine.get('processor', 'an unknown processor')} ({where})"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "claim": outcome.claim,
        "verdict": outcome.verdict,
        "rest": outcome.sentence.partition(": ")[2],
        "notes": outcome.notes,
        "measure": outcome.claim.measure().words,
    }


def _tally(outcomes: Sequence[Outcome]) -> str:
    counts = [
        f"{sum(outcome.verdict == verdict for outcome in outcomes)} {verdict}"
        for verdict in ("supported", "contradicted", "undecided")
    ]
    return f"Of {len(outcomes)} claims: {', '.join(counts)}."


# The chart -------------------------------------------------------------------------------------------------


def _curves(group: Sequence[History], look: Look, others: Sequence[Imported]) -> dict[str, Any]:
    """Return all that the chart may show of one run; numbers that are missing are null."""
    done = sorted((history for history in group if history.done), key=lambda history: history.seed)
    beside = [other for other in others if other.run == group[0].run]
    return {
        "label": look.label,
        "colour": look.colour,
        "dash": _dash(look),
        "seeds": [history.seed for history in done],
        "curves": {column: _column(done, column) for column, _ in QUANTITIES} if done else {},
        "others": [_other(other) for other in beside],
    }


def _column(done: Sequence[History], column: str) -> dict[str, Any]:
    shortest = min(history.epochs for history in done)
    values = np.stack([history[column][:shortest] for history in done])
    if (values == values[0]).all():
        same = _rounded(values[0])
        return {"median": same, "seeds": [same] * len(done)}
    low, high = _band(values)
    return {
        "median": _rounded(np.median(values, axis=0)),
        "low": _rounded(low),
        "high": _rounded(high),
        "seeds": [_rounded(row) for row in values],
    }


def _band(values: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the 95% interval of the median; where seeds are too few for one, their range."""
    low, high = estimates.median_interval(values)
    if np.isnan(low).all():
        return values.min(axis=0), values.max(axis=0)
    return low, high


def _other(other: Imported) -> dict[str, Any]:
    """Return a history from elsewhere, with a hole where epochs are missing, so that no line crosses it."""
    places = np.flatnonzero(np.diff(other.epochs) > 1) + 1
    columns = {column: other.columns[column] for column, _ in QUANTITIES if column in other.columns}
    return {
        "name": f"{other.name} ({other.run})",
        "epochs": _rounded(np.insert(other.epochs.astype(float), places, np.nan)),
        "curves": {
            name: _rounded(np.insert(values, places, np.nan))
            for name, values in columns.items()
            if not np.isnan(values).all()
        },
    }


def _rounded(values: np.ndarray[Any, Any]) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None for value in values.tolist()]


def _dash(look: Look) -> str:
    return "solid" if look.dashes == "-" else DASHES[1 + (len(look.dashes[1]) > 2)]  # noqa: PLR2004


def _images(histories: Sequence[History]) -> str:
    return "; ".join(dict.fromkeys(history.record.data.label for history in histories))


# The tables ------------------------------------------------------------------------------------------------


def _tables(found: Conclusions) -> list[Table]:
    tables = found.tables
    made = {
        "estimates": ("What each run reaches", _estimates(tables["estimates"])),
        "rates": ("Each optimizer at its best rate", _rates(tables["rates"]) if "rates" in tables else None),
        "beside": ("Published against reproduced", _beside(tables["beside"]) if "beside" in tables else None),
        "differences": ("Runs against each other", _differences(tables["differences"])),
        "reached": ("How soon", _reached(tables["reached"])),
        "errors": ("Where the uncertainty is from", _errors(tables["errors"])),
    }
    return [Table(name, title, *rows) for name, (title, rows) in made.items() if rows and rows[1]]


Rows = tuple[Sequence[str], Sequence[Sequence[Cell]]]


def _estimates(table: "pd.DataFrame") -> Rows:
    words = {
        "final_accuracy": "last epoch",
        "last_ten_accuracy": "last ten",
        "best_accuracy": "best",
        "best_epoch": "epoch of the best",
        "mean_accuracy": "mean of all epochs",
        "gap": "training less validation",
        "test_accuracy": "test",
        "seconds": "seconds",
    }
    rows = []
    for run, of_run in table.groupby("run", sort=False):
        of_metric = {row.metric: row for row in _each(of_run)}
        n = of_metric["final_accuracy"].n
        there = {name: of_metric[name] for name in words if name in of_metric}
        rows.append([_text(run), _count(n), *(_estimate(row, name) for name, row in there.items())])
    names = [words[name] for name in words if name in set(table["metric"])]
    return ["run", "n", *names], rows


def _estimate(row: Any, name: str) -> Cell:
    scale, digits = (1, 0) if name in {"best_epoch", "seconds"} else (100, 1)
    return _interval(row.mean, row.low, row.high, scale, digits)


def _interval(mean: float, low: float, high: float, scale: float, digits: int) -> Cell:
    ends = "" if math.isnan(low) else f" ({scale * low:.{digits}f} to {scale * high:.{digits}f})"
    return Cell(f"{scale * mean:.{digits}f}{ends}", repr(float(scale * mean)), number=True)


def _rates(table: "pd.DataFrame") -> Rows:
    rows = [
        [
            _text(row.optimizer),
            Cell(f"{row.rate:g}", repr(row.rate), number=True),
            _count(row.n),
            _count(row.diverged),
            _number(100 * row.validation, 1),
            _interval(row.test, row.low, row.high, 100, 1),
            _text("chosen" if row.chosen else ""),
        ]
        for row in _each(table)
    ]
    return ["optimizer", "rate", "n", "diverged", "validation", "test", "best"], rows


def _differences(table: "pd.DataFrame") -> Rows:
    columns = [
        "first",
        "less second",
        "n",
        "points",
        "from",
        "to",
        "p (Holm)",
        "better",
        "effect",
        "seeds needed",
    ]
    rows = [
        [
            _text(row.first),
            _text(row.second),
            _count(row.n),
            *(_number(100 * value, 1) for value in (row.difference, row.low, row.high)),
            _number(row.p_holm, 3),
            _number(100 * row.better, 0, "%"),
            _number(row.effect_size, 1),
            _number(row.seeds_needed, 0),
        ]
        for row in _each(table)
    ]
    return columns, rows


def _reached(table: "pd.DataFrame") -> Rows:
    rows = [
        [_text(row.run), _count(row.n), _count(row.reached), _number(row.epochs, 0)] for row in _each(table)
    ]
    return ["run", "n", "got there", "median epoch"], rows


def _errors(table: "pd.DataFrame") -> Rows:
    rows = [
        [
            _text(row.run),
            _count(row.n),
            _number(100 * row.seeds, 2),
            _number(100 * row.images, 2),
            _number(100 * row.share, 0, "%"),
        ]
        for row in _each(table)
    ]
    return ["run", "n", "seeds", "images", "share of images"], rows


def _beside(table: "pd.DataFrame") -> Rows:
    columns = ["run", "from", "epoch", "there", "percentile", "n", "our lowest", "mean", "highest", "outside"]
    rows = [
        [
            _text(row.run),
            _text(row.name),
            _count(row.epoch),
            _number(100 * row.value, 2),
            _number(row.percentile, 0),
            _count(row.n),
            *(_number(100 * value, 1) for value in (row.lowest, row.mean, row.highest)),
            _text("outside" if row.outside else "no"),
        ]
        for row in _each(table)
    ]
    return columns, rows


def _each(table: "pd.DataFrame") -> Iterator[Any]:
    return table.itertuples(index=False)


def _text(text: Any) -> Cell:
    return Cell(str(text), str(text), number=False)


def _count(number: int) -> Cell:
    return Cell(str(number), str(number), number=True)


def _number(value: float, digits: int, unit: str = "") -> Cell:
    """Return a number; what is not known, or infinite, is a dash that sorts last."""
    if not math.isfinite(value):
        return Cell("-", "", number=True)
    return Cell(f"{value:.{digits}f}{unit}", repr(float(value)), number=True)


# The runs --------------------------------------------------------------------------------------------------


def _run(run: str, group: Sequence[History], look: Look) -> dict[str, Any]:
    done = sum(history.done for history in group)
    short = summary.shortfall(group)
    environments = dict.fromkeys(_environment(history) for history in group)
    return {
        "name": run,
        "label": look.label,
        "colour": look.colour,
        "count": short or f"{done} seed{'s' if done > 1 else ''} done",
        "config": group[0].config,
        "environment": "; ".join(environments),
    }


def _environment(history: History) -> str:
    record = history.record
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    return f"{versions}; {_machine(history)}; images {record.data.fingerprint[:23]}"
