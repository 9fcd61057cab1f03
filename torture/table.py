"""Write the table of campaigns in docs/reliability.md from what the campaigns left: `make pages`."""

import json
from typing import Any

from torture.campaign import RESULTS

PAGE = RESULTS.parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- campaigns: make pages -->", "<!-- end -->"
WHAT = {
    "resume": "Runs of every optimizer, schedule and callback, interrupted up to 1, 2 or 5 times (counted "
    "where the run had not ended), each time in a new process, at epochs' ends and within: no bit differs",
    "kills": "`kill -9` at random moments: all readable, no committed epoch lost, at most one done twice, "
    "the same bits",
    "commits": "Each system call of a commit, a recovery and a run's end made to fail, or the process killed "
    "there, with torn writes too: the state is the old one or the new one, or the damage is reported",
    "damage": "Random flips, truncations, replacements in states, manifests, histories: none accepted but "
    "what changed the column `seconds` alone",
    "hostile": "Hostile archives, images and servers; 8 processes that fetch at once: refused or one "
    "download, nothing outside the folder, nothing executed",
    "fuzz": "Random input (hypothesis) for YAML, overrides, histories, `run.json`, manifests: no traceback, "
    "every message names file and key",
    "deaths": "Workers killed during a suite: every healthy run finishes, the same bytes",
}


def table() -> str:
    """Return the table of the campaigns that have been run, in order."""
    lines = ["| campaign | cases | failures | minutes | command |", "|---|---|---|---|---|"]
    for name, what in WHAT.items():
        path = RESULTS / f"{name}.json"
        if path.exists():
            lines.append(_line(what, json.loads(path.read_text(encoding="utf-8"))))
    return "\n".join(lines)


def machine() -> str:
    """Return on what the campaigns were run."""
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    places = {f"{record['cores']} cores, {record['processor']}" for record in records}
    versions = {
        ", ".join(f"{name} {version}" for name, version in record["versions"].items()) for record in records
    }
    return f"Measured on {'; '.join(sorted(places))}; {'; '.join(sorted(versions))}."


def _line(what: str, record: dict[str, Any]) -> str:
    counts = record["counts"]
    detail = "; ".join(f"{count:,} {words}" for words, count in counts.items()) if len(counts) <= 6 else ""
    cases = f"{record['cases']:,}" + (f" ({detail})" if detail else "")
    command = f"`make torture-{record['campaign']}`"
    return f"| {what} | {cases} | {record['failures']:,} | {record['minutes']} | {command} |"


def write() -> None:
    """Put the table into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{machine()}\n\n{table()}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write()
