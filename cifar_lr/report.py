"""One page of HTML about a suite: verdicts, curves, tables, runs, and how to make it again.

The page needs no network and no other file. It is the same bytes for the same histories, but for the line
with the date. Text from histories, configurations and ledgers is escaped, and the page's own policy allows no
address at all.
"""

import datetime as dt
import importlib.resources
import math
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from cifar_lr import __version__, claims, conclusions, estimates, metrics, summary
from cifar_lr.claims import Ledger, Outcome
from cifar_lr.drawing import Look, looks, shortened, tidy
from cifar_lr.durable import write_together
from cifar_lr.history import History, configs_of, find, holds_any, slug
from cifar_lr.imported import Imported
from cifar_lr.summary import Curves

if TYPE_CHECKING:
    import pandas as pd

Tree = dict[str, Any]

QUANTITIES: Final = (
    ("val_accuracy", "validation accuracy"),
    ("accuracy", "training accuracy"),
    ("val_loss", "validation loss"),
    ("loss", "training loss"),
    ("learning_rate", "learning rate"),
)
GUESSES: Final = (
    "That counts as guessing in verdicts, in the tables of rates and differences, and in the estimates of "
    "accuracies; what else is here is of finished seeds alone"
)
DIGITS: Final = 5
MOST_BYTES: Final = 8 * 2**20  # of a page
MOST_BANDS: Final = 12  # more in one chart hide each other, and the lines
REPRODUCE: Final = ("cifar-lr", "reproduce")
WORDS: Final = {
    "verdicts": "Verdicts",
    "estimates": "What each run reaches",
    "rates": "Each optimizer at its best rate",
    "beside": "Published against reproduced",
    "differences": "Runs against each other",
    "reached": "How soon",
    "errors": "Where the uncertainty is from",
}


class ReportError(Exception):
    """A report that can not be written. The message is one line."""


@dataclass(frozen=True)
class Cell:
    """An entry of a table: what it says, what it is sorted by, and whether that is a number."""

    text: str
    value: str
    number: bool


NOTHING: Final = Cell("-", "", number=True)


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


Suites = Mapping[str | None, Sequence[History]]


def find_suites(
    ledger: Ledger | None, results: Path, histories: Sequence[History]
) -> dict[str | None, Sequence[History]]:
    """Return the histories of the suites that claims name, as far as there are any on the same images.

    Args:
        ledger: the claims.
        results: a suite's folder; the others' are beside it.
        histories: its histories. Where its folder's name ends with their images, so do the others'.

    Raises:
        HistoryError: if one can not be read.
    """
    named = sorted({claim.suite for claim in ledger.claims if claim.suite}) if ledger else []
    label = histories[0].record.data.label
    endings = ["-stand-in"] if is_stand_in(histories) else ["", f"-{slug(label)}"]
    found: dict[str | None, Sequence[History]] = {}
    for name in named:
        there = [results.parent / f"{name}{ending}" for ending in endings]
        every = [find(folder) for folder in there if holds_any(folder)]
        alike = [one for one in every if one[0].record.data.label == label]
        if every:
            found[name] = (alike or every)[0]
    return found


def conclude(suites: Suites, ledger: Ledger | None = None, others: Sequence[Imported] = ()) -> Conclusions:
    """Return what histories come to.

    Args:
        suites: a suite's histories, as those of None, and those of the other suites that claims name.
        ledger: claims to judge.
        others: histories from elsewhere that stand beside ours; not beside generated images.

    Raises:
        summary.SummaryError: if histories do not go together.
        HistoryError: if what the networks got right can not be read.
        MetricError: if a run of a sweep was not tested.
    """
    histories = suites[None]
    summary.refuse_stand_in_beside_real(histories)
    if is_stand_in(histories):
        others = ()
    outcomes = claims.judge(ledger, suites) if ledger else []
    tables = {
        "estimates": conclusions.estimated(histories),
        "differences": conclusions.pairs(histories),
        "errors": conclusions.errors(histories),
    }
    if math.isfinite(accuracy := conclusions.accuracy_of_half(histories)):
        tables["reached"] = conclusions.reached(histories, accuracy)
    if not (rates := conclusions.by_rate(histories)).empty:
        tables["rates"] = rates
    if outcomes:
        tables["verdicts"] = claims.table(outcomes)
    if not (beside := conclusions.beside(histories, others)).empty:
        tables["beside"] = beside
    return Conclusions(histories, outcomes, others, tables)


def write(found: Conclusions, results: Path, again: Sequence[str], today: dt.date) -> list[Path]:
    """Write `report.html`, and each table as CSV to `tables/`, to a suite's results.

    Tables of an earlier page that this one has no more go.

    Args:
        found: what `conclude` returned.
        results: the suite's folder.
        again: how all this is made again.
        today: the date that the page names.

    Raises:
        ReportError: if a file can not be written, or the page would be larger than MOST_BYTES.
    """
    html = page(found, results, again, today)
    if len(html.encode()) > MOST_BYTES:
        html = page(found, results, again, today, single_seeds=False)
    if (size := len(html.encode())) > MOST_BYTES:
        raise ReportError(
            f"{results}: its page would have {size / 2**20:.1f} MiB; at most {MOST_BYTES // 2**20} are "
            "written. Report fewer runs, or less beside them"
        )
    folder = results / "tables"
    files = {
        folder / f"{name}.csv": table.to_csv(index=False, lineterminator="\n").encode()
        for name, table in found.tables.items()
    }
    try:
        folder.mkdir(exist_ok=True)
        write_together({**files, results / "report.html": html.encode()})
        for name in WORDS.keys() - found.tables.keys():  # of an earlier page
            (folder / f"{name}.csv").unlink(missing_ok=True)
    except OSError as error:
        where = error.filename2 or error.filename or results
        raise ReportError(f"{where}: can not be written: {error.strerror or error}") from error
    return [results / "report.html", *files]


def is_stand_in(histories: Iterable[History]) -> bool:
    """Return whether histories are on generated images."""
    return any(history.record.data.stand_in for history in histories)


def commands(
    results: Path,
    suites: Suites,
    beside: Sequence[str] = (),
    ledger: Path | None = None,
) -> list[str]:
    """Return the commands that train what a page speaks of, as far as `configs` has it, and write it again.

    Args:
        results: the suite's folder.
        suites: its histories, as those of None, and those of the suites that claims name.
        beside: names of what is shown beside them.
        ledger: the claims, if a file of them was named.
    """
    made = []
    for name, histories in suites.items():
        configs, overrides = configs_of(results if name is None else results.parent / name, histories)
        seeds = sorted({history.seed for history in histories})
        if configs.is_dir() and overrides is not None and seeds == list(range(len(seeds))):
            data = "stand-in" if histories[0].record.data.stand_in else "PATH"
            made.append(
                [*REPRODUCE, configs.as_posix(), *overrides, "--seeds", str(len(seeds)), "--data", data]
            )
    made = [list(words) for words in dict.fromkeys(map(tuple, made))]  # a claim may name its own suite
    others = [word for name in beside for word in ("--beside", name)]
    claimed = ["--claims", ledger.as_posix()] if ledger else []
    made.append(["cifar-lr", "report", results.as_posix(), *others, *claimed])
    return [shlex.join(words) for words in made]


def page(
    found: Conclusions, results: Path, again: Sequence[str], today: dt.date, *, single_seeds: bool = True
) -> str:
    """Return the page.

    Args:
        found: what `conclude` returned.
        results: the suite's folder.
        again: how all this is made again.
        today: the date that the page names.
        single_seeds: whether the chart can show each seed's curve, which is most of the page where seeds are
            many.
    """
    import jinja2
    from plotly.offline import get_plotlyjs

    files = importlib.resources.files("cifar_lr") / "page"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    own = {name: (files / f"report.{name}").read_text("utf-8") for name in ("css", "js")}
    groups = summary.runs(found.histories)
    drawn = looks(list(groups))
    columns = {column: summary.curves(found.histories, column) for column, _ in QUANTITIES}
    data = {"runs": [_curves(run, columns, drawn[run], found.others, single_seeds) for run in groups]}
    template = environment.from_string((files / "report.html").read_text("utf-8"))
    return template.render(
        title=f"{results.resolve().name}: learning rates compared",
        lead=_lead(found.histories),
        stand_in=is_stand_in(found.histories),
        warnings=_warnings(found),
        held_out=any(h.record.data.test_images for h in found.histories),
        outcomes=[_outcome(outcome) for outcome in found.outcomes],
        tally=_tally(found.outcomes),
        quantities=QUANTITIES,
        single_seeds=single_seeds,
        seeds=sorted({history.seed for history in found.histories if history.done}) if single_seeds else [],
        runs=[_run(run, group, drawn[run]) for run, group in groups.items()],
        families=_families(groups),
        most_bands=MOST_BANDS,
        images=_images(found.histories),
        others=", ".join(dict.fromkeys(one["from"] for run in data["runs"] for one in run["others"])),
        reach=f"{100 * conclusions.accuracy_of_half(found.histories):.0f}%",
        tables=_tables(found),
        commands="\n".join(again),
        version=__version__,
        results=results.as_posix(),
        date=today.isoformat(),
        data=data,
        css=own["css"],
        script=own["js"],
        plotly=get_plotlyjs(),
        most=f"{MOST_BYTES // 2**20} MiB",
    )


def _lead(histories: Sequence[History]) -> str:
    """Say what was trained, how often, on what and where."""
    done = [history for history in histories if history.done]
    groups = summary.runs(histories)
    seeds = [sum(history.done for history in group) for group in groups.values()]
    counted = f"{min(seeds)} to {max(seeds)}" if min(seeds) < max(seeds) else f"{max(seeds)}"
    runs = f"{len(groups)} run{'s' if len(groups) > 1 else ''}"
    finished = f"{counted} finished seed{'' if max(seeds) == 1 else 's'} each"
    labels = dict.fromkeys(
        f"{data.label}: {data.train_images:,} training images of {len(data.classes)} classes, "
        f"validation on {data.validation}"
        for data in (history.record.data for history in histories)
    )
    machines = "; ".join(dict.fromkeys(_machine(history) for history in done)) or "no machine yet"
    return f"{runs}, n = {finished}, on {'; '.join(labels)}. Trained on {machines}."


def _warnings(found: Conclusions) -> list[tuple[str, str]]:
    """Return what a reader has to know of the results before any number: a few words, and the rest."""
    groups = summary.runs(found.histories)
    diverged = _of_each(groups, lambda one: one.record.status == "diverged")
    stuck = _of_each(groups, lambda one: one.done and metrics.ended_at_chance(one))
    early = {run: summary.stopped_early(group) for run, group in groups.items()}
    apart = conclusions.apart(found.histories)
    said = {
        "Not complete.": summary.missing(found.histories),
        "Diverged.": diverged and f"{diverged}. {GUESSES}",
        "Ended at chance.": stuck and f"{stuck}. {claims.TOO_RARELY}",
        "Stopped early.": "; ".join(f"{run}: {words}" for run, words in early.items() if words),
        "Not all compared:": apart and f"{apart}, and only those that are on the same are compared",
        "From elsewhere, without a counterpart here.": "; ".join(
            conclusions.without_counterpart(found.histories, found.others)
        ),
        "From elsewhere, compared with a part of ours.": "; ".join(
            conclusions.ended_before(found.histories, found.others)
        ),
    }
    return [(lead, f"{rest}.") for lead, rest in said.items() if rest]


def _of_each(groups: Mapping[str, Sequence[History]], so: Callable[[History], bool]) -> str:
    """Say of which seeds something is so, run by run."""
    seeds = {run: [one.seed for one in group if so(one)] for run, group in groups.items()}
    return "; ".join(f"{run}: {summary.name_seeds(of_run)}" for run, of_run in seeds.items() if of_run)


def _machine(history: History) -> str:
    machine = history.record.machine
    device = machine.get("device", "CPU")
    where = "one CPU thread a run, nothing on a GPU" if device == "CPU" else device
    return f"{machine.get('processor', 'an unknown processor')} ({where})"


def _outcome(outcome: Outcome) -> Tree:
    return {
        "claim": outcome.claim,
        "verdict": outcome.verdict,
        "explanation": outcome.explanation,
        "notes": outcome.notes,
        "measure": outcome.claim.measure().words,
    }


def _tally(outcomes: Sequence[Outcome]) -> str:
    counts = [
        f"{sum(outcome.verdict == verdict for outcome in outcomes)} {verdict}"
        for verdict in ("supported", "contradicted", "undecided")
    ]
    claimed = "1 claim" if len(outcomes) == 1 else f"{len(outcomes)} claims"
    return f"Of {claimed}: {', '.join(counts)}."


# The chart -------------------------------------------------------------------------------------------------


def _curves(
    run: str,
    columns: Mapping[str, Mapping[str, Curves]],
    look: Look,
    others: Sequence[Imported],
    single_seeds: bool,
) -> Tree:
    """Return all that the chart may show of one run; numbers that are missing are null."""
    there = {column: of_runs[run] for column, of_runs in columns.items() if run in of_runs}
    return {
        "name": run,
        "label": look.label,
        "colour": look.colour,
        "dash": _dash(look),
        "seeds": list(next(iter(there.values())).seeds) if there else [],
        "curves": {column: _column(curves, single_seeds) for column, curves in there.items()},
        "others": [_other(other) for other in others if other.run == run],
    }


def _column(curves: Curves, single_seeds: bool) -> Tree:
    values: NDArray[np.float64] = curves.values  # noqa: PD011  not a table's
    if (values == values[0]).all():
        same = _rounded(values[0])
        return {"median": same, "seeds": [same for _ in curves.seeds] if single_seeds else []}
    low, high = _band(values)
    return {
        "median": _rounded(curves.median),
        "low": _rounded(low),
        "high": _rounded(high),
        "seeds": [_rounded(row) for row in values] if single_seeds else [],
    }


def _band(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95% interval of the median; where seeds are too few for one, their range."""
    low, high = estimates.median_interval(values)
    if np.isnan(low).all():
        return values.min(axis=0), values.max(axis=0)
    return low, high


def _other(other: Imported) -> Tree:
    """Return a history from elsewhere, with a hole where epochs are missing, so that no line crosses it."""
    places = np.flatnonzero(np.diff(other.epochs) > 1) + 1
    columns = {column: other.columns[column] for column, _ in QUANTITIES if column in other.columns}
    return {
        "name": f"{other.name} ({other.run})",
        "from": other.name,
        "epochs": _rounded(np.insert(other.epochs.astype(float), places, np.nan)),
        "curves": {
            name: _rounded(np.insert(values, places, np.nan))
            for name, values in columns.items()
            if not np.isnan(values).all()
        },
    }


def _rounded(values: NDArray[np.float64]) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None for value in values.tolist()]


def _dash(look: Look) -> str:
    """Return a pattern of dashes as SVG has it, in pixels; matplotlib's is in widths of a line, here two."""
    return "solid" if look.dashes == "-" else ",".join(f"{2 * length:g}px" for length in look.dashes[1])


def _images(histories: Sequence[History]) -> str:
    return "; ".join(dict.fromkeys(history.record.data.label for history in histories))


# The tables ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column of a table of the page: what it is called, and which field of a row it shows.

    `digits` is None for text; `scale` and `unit` are of a number; below `least`, only that is said.
    """

    title: str
    field: str
    digits: int | None = None
    scale: float = 1
    unit: str = ""
    least: float = -math.inf

    def cell(self, row: Any) -> Cell:
        """Return a row's entry; what is not known, or infinite, is a dash that sorts last."""
        value = getattr(row, self.field)
        if self.digits is None:
            text = {True: "yes", False: "no", None: "-"}.get(value, str(value))
            return Cell(text, text, number=False)
        if not math.isfinite(value):
            return NOTHING
        shown = self.scale * value
        text = f"<{self.least:g}" if shown < self.least else f"{shown:.{self.digits}f}{self.unit}"
        return Cell(text, repr(float(shown)), number=True)


PERCENT: Final = 100
COUNT: Final = Column("n", "n", 0)
COLUMNS: Final[Mapping[str, Sequence[Column]]] = {
    "beside": (
        Column("run", "run"),
        Column("from", "name"),
        Column("epoch", "epoch", 0),
        Column("there", "value", 2, PERCENT),
        Column("percentile", "percentile", 0),
        COUNT,
        Column("our lowest", "lowest", 2, PERCENT),
        Column("median", "median", 2, PERCENT),
        Column("highest", "highest", 2, PERCENT),
        Column("outside", "outside"),
        Column("chance", "chance", 0, PERCENT, "%"),
    ),
    "differences": (
        Column("first", "first"),
        Column("less second", "second"),
        COUNT,
        Column("points", "difference", 2, PERCENT),
        Column("from", "low", 2, PERCENT),
        Column("to", "high", 2, PERCENT),
        Column("images", "images", 2, PERCENT),
        Column("p (Holm)", "p_holm", 3, least=0.001),
        Column("better", "better", 0, PERCENT, "%"),
        Column("effect", "effect_size", 1),
        Column("seeds needed", "seeds_needed", 0),
    ),
    "reached": (
        Column("run", "run"),
        COUNT,
        Column("got there", "reached", 0),
        Column("median epoch", "epochs", 0),
    ),
    "errors": (
        Column("run", "run"),
        COUNT,
        Column("seeds", "seeds", 2, PERCENT),
        Column("images", "images", 2, PERCENT),
        Column("share of seeds", "share_of_seeds", 0, PERCENT, "%"),
        Column("of images", "share_of_images", 0, PERCENT, "%"),
        Column("of both", "share_of_both", 0, PERCENT, "%"),
    ),
}
# Of the estimates, in this order: what a metric's column is called, the digits, the scale.
ESTIMATES: Final[Mapping[str, tuple[str, int, float]]] = {
    "val_final_accuracy": ("last epoch", 1, PERCENT),
    "val_last_ten_accuracy": ("last ten", 1, PERCENT),
    "val_best_accuracy": ("best", 1, PERCENT),
    "val_best_epoch": ("epoch of the best", 0, 1),
    "val_mean_accuracy": ("mean of all epochs", 1, PERCENT),
    "gap": ("training less validation", 1, PERCENT),
    "test_accuracy": ("test", 1, PERCENT),
    "seconds": ("seconds", 0, 1),
}
Rows = tuple[Sequence[str], Sequence[Sequence[Cell]]]


def _tables(found: Conclusions) -> list[Table]:
    made = {
        name: MADE[name](found.tables[name]) if name in MADE else _plain(found.tables[name], COLUMNS[name])
        for name in WORDS
        if name in found.tables and name != "verdicts"
    }
    return [Table(name, WORDS[name], *table) for name, table in made.items() if table[1]]


def _plain(table: "pd.DataFrame", columns: Sequence[Column]) -> Rows:
    rows = [[column.cell(row) for column in columns] for row in _each(table)]
    return [column.title for column in columns], rows


def _estimates(table: "pd.DataFrame") -> Rows:
    """Return a row a run, a column a metric; a number of fewer seeds than the run has says so."""
    shown = [name for name in ESTIMATES if name in set(table["metric"])]
    rows = []
    for run, of_run in table.groupby("run", sort=False):
        of_metric = {row.metric: row for row in _each(of_run)}
        every = of_metric["val_final_accuracy"].n
        cells = [_estimate(of_metric[name], every) if name in of_metric else NOTHING for name in shown]
        rows.append(
            [Cell(str(run), str(run), number=False), COUNT.cell(of_metric["val_final_accuracy"]), *cells]
        )
    return ["run", "n", *(ESTIMATES[name][0] for name in shown)], rows


def _estimate(row: Any, every: int) -> Cell:
    _, digits, scale = ESTIMATES[row.metric]
    of = f", n = {row.n}" if row.n < every else ""
    return _interval((row.mean, row.low, row.high), scale, digits, of)


def _interval(estimate: tuple[float, float, float], scale: float, digits: int, of: str = "") -> Cell:
    """Return a mean with the ends of its interval, where there are any."""
    mean, low, high = (scale * value for value in estimate)
    ends = "" if math.isnan(low) else f" ({low:.{digits}f} to {high:.{digits}f})"
    return Cell(f"{mean:.{digits}f}{ends}{of}", repr(float(mean)), number=True)


def _rates(table: "pd.DataFrame") -> Rows:
    columns = (
        Column("optimizer", "optimizer"),
        COUNT,
        Column("diverged", "diverged", 0),
        Column("validation", "validation", 1, PERCENT),
    )
    ends = table.groupby("optimizer")["rate"].agg(["min", "max"])
    rows = []
    for row in _each(table):
        optimizer, *numbers = (column.cell(row) for column in columns)
        rate = Cell(f"{row.rate:g}", repr(row.rate), number=True)
        test = _interval((row.test, row.low, row.high), PERCENT, 1)
        chosen = _chosen(row.rate, *ends.loc[row.optimizer]) if row.chosen else ""
        rows.append([optimizer, rate, *numbers, test, Cell(chosen, chosen, number=False)])
    return ["optimizer", "rate", *(column.title for column in columns[1:]), "test", "best"], rows


def _chosen(rate: float, lowest: float, highest: float) -> str:
    return "chosen, at the edge of what was tried" if rate in {lowest, highest} else "chosen"


def _each(table: "pd.DataFrame") -> Iterator[Any]:
    return table.itertuples(index=False)


MADE: Final[Mapping[str, Callable[["pd.DataFrame"], Rows]]] = {"estimates": _estimates, "rates": _rates}


# The runs --------------------------------------------------------------------------------------------------


def _run(run: str, group: Sequence[History], look: Look) -> Tree:
    done = sum(history.done for history in group)
    short = summary.shortfall(group)
    environments = dict.fromkeys(_environment(history) for history in group)
    return {
        "name": run,
        "family": _family(run),
        "label": look.label,
        "count": short or f"{done} seed{'s' if done > 1 else ''} done",
        "config": group[0].config,
        "environment": "; ".join(environments),
    }


def _family(run: str) -> str:
    """Return the name that the runs of one grid share."""
    return run.partition("+")[0]


def _families(runs: Iterable[str]) -> list[tuple[str, str]]:
    """Return what a chart of several grids can show alone: the name that a grid's runs share, and a label."""
    counted = Counter(map(_family, runs))
    grids = [(name, label) for name, n in counted.items() if n > 1 and (label := shortened(tidy(name)))]
    return grids if len(grids) > 1 else []


def _environment(history: History) -> str:
    record = history.record
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    return f"{versions}; {_machine(history)}; images {record.data.fingerprint[:23]}"
