"""Write the tables of results in README.md from the tables that `cifar-lr report` wrote: `make pages`."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
END = "<!-- end -->"
PERCENT = 100


def read(suite: str, name: str) -> pd.DataFrame:
    """Return one of the tables of a suite's page."""
    return pd.read_csv(ROOT / "results" / suite / "tables" / f"{name}.csv")


def verdicts() -> str:
    """Return the verdict on each of the article's claims, with the difference that decided, in points."""
    lines = ["| what the article or its notebook says | verdict | difference | n |", "|---|---|---|---|"]
    for row in read("notebook", "verdicts").itertuples():
        verdict = row.verdict if row.n else "no results yet"
        known = pd.notna(row.difference) and "accuracy" in str(row.metric)
        unit = PERCENT if known else 1
        ends = f" ({unit * row.low:+.1f} to {unit * row.high:+.1f})" if pd.notna(row.low) else ""
        size = f"{unit * row.difference:+.1f}{ends}" if pd.notna(row.difference) else "-"
        lines.append(f"| {row.statement} | **{verdict}** | {size} | {row.n} |")
    return "\n".join(lines)


def published() -> str:
    """Return the notebook's final accuracies beside ours, run by run."""
    notebook, article = _finals("notebook"), _finals("article")
    head = ("run", "published", "ours, mean (95% interval)", "lowest to highest", "n", "percentile", "chance")
    lines = [f"| {' | '.join((*head, 'article, mean', 'n'))} |", "|---|---|---|---|---|---|---|---|---|"]
    for row in read("notebook", "beside").itertuples():
        ours, text = notebook.loc[row.run], article.loc[row.run]
        lines.append(
            f"| `{row.run}` | {row.value:.4f} | {ours['mean']:.4f} ({ours['low']:.4f} to {ours['high']:.4f}) "
            f"| {row.lowest:.4f} to {row.highest:.4f} | {row.n} | {row.percentile:.0f} "
            f"| {PERCENT * row.chance:.0f}% | {text['mean']:.4f} | {int(text['n'])} |"
        )
    return "\n".join(lines)


def _finals(suite: str) -> pd.DataFrame:
    table = read(suite, "estimates")
    return table[table["metric"] == "final_accuracy"].set_index("run")


def rates() -> str:
    """Return each optimizer at the published rate, in the middle of those tried, and at its best."""
    lines = [
        "| optimizer | as published: rate | test accuracy | at its best: rate | test accuracy | n |",
        "|---|---|---|---|---|---|",
    ]
    for optimizer, tried in read("tuning", "rates").groupby("optimizer", sort=False):
        middle = tried.sort_values("rate").iloc[len(tried) // 2]
        best = tried[tried["chosen"]].iloc[0]
        lines.append(f"| {optimizer} | {_at(middle)} | {_at(best)} | {best['n']} |")
    return "\n".join(lines)


def _at(row: pd.Series) -> str:
    return f"{row['rate']:g} | {row['test']:.4f} ({row['low']:.4f} to {row['high']:.4f})"


TABLES: Mapping[str, Callable[[], str]] = {"verdicts": verdicts, "published": published, "rates": rates}


def filled(text: str) -> str:
    """Return a page with its tables written anew: each stands between its name in a comment and END."""
    for name, table in TABLES.items():
        begin = f"<!-- {name}: make pages -->"
        before, found, rest = text.partition(begin)
        if found:
            text = f"{before}{begin}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"
    return text


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
