"""Write the tables of results in README.md and docs/results.md: `make pages`.

They are made of what `cifar-lr reproduce` and `cifar-lr report` wrote: a suite's `summary.csv` and `tables/`.
"""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from cifar_lr.claims import FEWEST_SEEDS
from cifar_lr.config import parse_yaml

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "results.md")
RESULTS = ROOT / "results"
BEGIN_END, END = ": make pages -->", "<!-- end -->"  # of the comment before a table, and the one after it
PERCENT = 100
LONGEST_NAME = 60  # of what a difference is against; what is longer is in the page
FINAL = "val_final_accuracy"
SCHEDULES = ("constant", "time_based", "step", "exponential")
MOMENTA = {
    "0": "momentum=0.0",
    "0.5": "momentum=0.5",
    "0.8": "momentum=0.8",
    "0.9": "momentum=0.9",
    "Nesterov 0.9": "momentum=0.9+nesterov=true",
}


def read(suite: str, name: str) -> pd.DataFrame:
    """Return one of the tables of a suite's page."""
    return _read(RESULTS / suite / "tables" / f"{name}.csv")


def _read(path: Path) -> pd.DataFrame:
    """Return a table, in which only what is empty is missing: a run may be called NA.

    Raises:
        ValueError: if it has no row.
    """
    table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    if table.empty:
        raise ValueError(f"{path}: has no row")
    return table


def verdicts() -> str:
    """Return the verdict on each claim about the article, with the difference that decided."""
    lines = ["| statement | from | verdict | difference | n |", "|---|---|---|---|---|"]
    for row in read("notebook", "verdicts").itertuples():
        verdict = f"**{row.verdict}**" if row.there else "no results yet"
        verdict += f" (it takes {FEWEST_SEEDS} seeds)" if 0 < row.n < FEWEST_SEEDS else ""
        mark = " †" if row.at_chance else ""
        source = "-" if pd.isna(row.source) else row.source
        cells = (row.statement, source, f"{verdict}{mark}", _difference(row), row.n)
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def tally() -> str:
    """Return in a sentence how many of the statements came to what."""
    found = read("notebook", "verdicts")
    judged = found[found["there"]]["verdict"].value_counts()
    counts = [f"{judged.get(verdict, 0)} {verdict}" for verdict in ("supported", "contradicted", "undecided")]
    if waiting := int((~found["there"]).sum()):
        counts.append(f"{waiting} without results yet")
    return f"Of {len(found)} statements: {', '.join(counts)}."


def _difference(row: object) -> str:
    if not row.n:
        return "-"
    scale = PERCENT if row.unit == "accuracy" else 1
    difference, low, high = (_signed(scale * number) for number in (row.difference, row.low, row.high))
    ends = f" ({low} to {high})" if pd.notna(row.low) else ""
    unit = "" if row.unit == "accuracy" else f" {row.unit}"
    than = f", against `{row.than}`" if row.compared > 1 and len(row.than) <= LONGEST_NAME else ""
    return f"{difference}{ends}{unit}{than}"


def _signed(number: float) -> str:
    """Return a number with one decimal, or with two if that shows on which side of zero it is."""
    texts = (f"{number:+.1f}", f"{number:+.2f}")
    return next((text for text in texts if float(text)), "0.0")


def published() -> str:
    """Return the notebook's final accuracies beside ours, run by run."""
    estimates = read("notebook", "estimates")
    means = estimates[estimates["metric"] == "val_final_accuracy"].set_index("run")
    head = ("run", "published", "ours: median", "mean (95% interval)", "lowest to highest", "at chance")
    lines = [f"| {' | '.join((*head, 'percentile', 'n'))} |", "|---|---|---|---|---|---|---|---|"]
    for row in read("notebook", "beside").itertuples():
        mean = means.loc[row.run]
        lines.append(
            f"| `{row.run}` | {row.value:.4f} | {round(row.median, 6):.4f} "
            f"| {_interval(mean['mean'], mean['low'], mean['high'])} "
            f"| {row.lowest:.4f} to {row.highest:.4f} | {row.at_chance} "
            f"| {row.percentile:.0f} | {row.n} |"
        )
    return "\n".join(lines)


def best_rates() -> str:
    """Return each optimizer at the published rate, that of the notebook's run of it, and at its best."""
    published_rates = _published_rates()
    lines = [
        "| optimizer | as published: rate | test accuracy | at its best: rate | test accuracy | n |",
        "|---|---|---|---|---|---|",
    ]
    for optimizer, tried in read("tuning", "rates").groupby("optimizer", sort=False):
        [published_] = tried[tried["rate"] == published_rates[optimizer]].to_dict("records")
        [best] = tried[tried["chosen"]].to_dict("records")
        seeds = " and ".join(str(n) for n in dict.fromkeys((published_["n"], best["n"])))
        lines.append(f"| {optimizer} | {_at(published_)} | {_at(best)} | {seeds} |")
    return "\n".join(lines)


def _published_rates() -> dict[str, float]:
    """Return the constant rate of each optimizer of which the notebook has a run with one."""
    optimizers = [
        parse_yaml(path.read_text(encoding="utf-8"), str(path))["optimizer"]
        for path in sorted((RESULTS / "notebook").glob("*/seed-0/config.yaml"))
    ]
    rates = [(one["class_name"], one["config"]["learning_rate"]) for one in optimizers]
    return {name: rate for name, rate in rates if not isinstance(rate, dict)}


def _at(tried: Mapping[str, float]) -> str:
    return f"{tried['rate']:g} | {_interval(tried['test'], tried['low'], tried['high'])}"


def _interval(mean: float, low: float, high: float) -> str:
    return f"{mean:.4f} ({low:.4f} to {high:.4f})" if low < high else f"{mean:.4f}"  # NaN is not


def finals(suite: str, *, best_first: bool) -> str:
    """Return the final accuracies of a suite's runs, seed by seed, and, of several, the mean."""
    table = _summary(suite).pivot_table(index="run", columns="seed", values=FINAL)
    means = table.mean(axis="columns")
    order = means.sort_values(ascending=False, kind="stable").index if best_first else table.index
    several = table.shape[1] > 1
    head = ["run", *(f"seed {seed}" for seed in table.columns), *(["mean"] if several else [])]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for run in order:
        numbers = [*table.loc[run], *([means[run]] if several else [])]
        lines.append(f"| `{run}` | {' | '.join(f'{number:.4f}' for number in numbers)} |")
    return "\n".join(lines)


def momenta() -> str:
    """Return the final accuracies of each schedule with each momentum."""
    by_run = _summary("momentum").groupby("run")[FINAL].agg(["mean", "min", "max", "count"])
    lines = [f"| | {' | '.join(MOMENTA)} |", "|---" * (len(MOMENTA) + 1) + "|"]
    for schedule in SCHEDULES:
        runs = [by_run.loc[f"{schedule}+{momentum}"] for momentum in MOMENTA.values()]
        cells = (_interval(run["mean"], run["min"], run["max"]) for run in runs)
        lines.append(f"| `{schedule}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _summary(suite: str) -> pd.DataFrame:
    """Return a suite's summary, of which every run has every seed.

    Raises:
        ValueError: if some are missing or not done: the tables here have no words for that.
    """
    path = RESULTS / suite / "summary.csv"
    found = _read(path)
    if len(found) < found["run"].nunique() * found["seed"].nunique() or (found["status"] != "done").any():
        raise ValueError(f"{path}: not all runs are done with all seeds")
    return found


TABLES: Mapping[str, Callable[[], str]] = {
    "tally": tally,
    "verdicts": verdicts,
    "published": published,
    "best rates": best_rates,
    "schedules": partial(finals, "schedules", best_first=True),
    "rates": partial(finals, "rates", best_first=False),
    "notes": partial(finals, "notes", best_first=True),
    "momentum": momenta,
}


def filled(text: str) -> str:
    """Return a page with its tables written anew: each stands between its name in a comment and END.

    Raises:
        ValueError: if a table has no end.
    """
    for name, table in TABLES.items():
        begin = f"<!-- {name}: make pages -->"
        before, found, rest = text.partition(begin)
        if found:
            inside, ended, after = rest.partition(END)
            if not ended or BEGIN_END in inside:
                raise ValueError(f"{begin} has no {END}")
            text = f"{before}{begin}\n\n{table()}\n\n{END}{after}"
    return text


if __name__ == "__main__":
    try:
        pages = {page: filled(page.read_text(encoding="utf-8")) for page in PAGES}
    except (OSError, ValueError) as error:
        sys.exit(f"make_results: {error}")
    for page, text in pages.items():
        page.write_text(text, encoding="utf-8")
