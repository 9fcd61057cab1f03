"""Random flips, truncations and additions in what a run has left: none is taken for what was written.

Damaged are the two files of the newest generation, and all files of a finished run. A generation must be set
aside, and the one before it used; a finished run must be refused. The one thing that may be damaged unseen is
the column `seconds`, which differs from one execution to the next and has no part in any number.
"""

import os
import random
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from cifar_lr import checkpoint, history
from cifar_lr.checkpoint import Store
from cifar_lr.history import HistoryError
from torture.campaign import Outcome, main, total
from torture.commits import ORIGIN, RECORD, rows, state

CASES = 20_000
EPOCHS = 5


def campaign(cases: int, seed: int) -> Outcome:
    """Damage so many times, shared among this machine's cores."""
    lanes = os.cpu_count() or 1
    shares = [cases // lanes + (lane < cases % lanes) for lane in range(lanes)]
    with ProcessPoolExecutor(lanes, mp_context=get_context("spawn")) as pool:
        return total(list(pool.map(_lane, shares, [f"damage {seed} {lane}" for lane in range(lanes)])))


def _lane(cases: int, seed: str) -> Outcome:
    draws = random.Random(seed)
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run" / "seed-0"
        whole = make(folder)
        while outcome.cases < cases:
            _case(folder, whole, draws, outcome)
    return outcome


def make(folder: Path) -> Mapping[Path, bytes]:
    """Leave a finished run, with a state beside it; return its files."""
    folder.mkdir(parents=True)
    with Store(folder / "state", "a key", ORIGIN) as store:
        writer = history.Writer(folder, RECORD.model_copy(update={"epochs": EPOCHS}), "epochs: 5\n")
        draws = np.random.default_rng(0)
        learnt = [
            {name: float(draws.random()) for name in row} | {"epoch": row["epoch"]} for row in rows(EPOCHS)
        ]
        writer.write_epochs(learnt)
        writer.write_updates(
            [{"update": n, "learning_rate": 0.1, "loss": float(draws.random())} for n in range(1, 20)]
        )
        writer.write_correct(draws.random(2000) < 0.7)
        writer.finish("done")
        for epoch in (EPOCHS - 1, EPOCHS):
            store.commit(state(epoch))
    return {
        path: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name[0] != "."
    }


def _case(folder: Path, whole: Mapping[Path, bytes], draws: random.Random, outcome: Outcome) -> None:
    newest = checkpoint.generations(folder / "state")[-1]
    damaged = draws.choice([path for path in whole if path.parent in {newest, folder}])
    kind, content = _damage(whole[damaged], draws)
    if content == whole[damaged]:
        return
    damaged.write_bytes(content)
    where = damaged.relative_to(folder)
    outcome.cases += 1
    in_state = damaged.parent == newest
    outcome.counts[f"{kind} of {damaged.name}"] += 1
    try:
        problem = _judge_state(folder) if in_state else _judge_history(folder)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    if problem and not in_state and _only_seconds(damaged, whole[damaged], content):
        outcome.counts["of these in `seconds` alone, and taken"] += 1
    elif problem:
        outcome.failures.append(f"{kind} of {where}: {problem}")
    _mend(folder, whole, damaged, in_state=in_state)


def _flip(content: bytearray, draws: random.Random) -> bytes:
    place = draws.randrange(len(content))
    content[place] ^= 1 << draws.randrange(8)
    return bytes(content)


def _replace(content: bytearray, draws: random.Random) -> bytes:
    place = draws.randrange(len(content))
    content[place : place + draws.randint(1, 64)] = draws.randbytes(draws.randint(1, 64))
    return bytes(content)


def _zero(content: bytearray, draws: random.Random) -> bytes:
    place, length = draws.randrange(len(content)), draws.choice((1, 16, 512, 4096))
    end = min(place + length, len(content))
    content[place:end] = bytes(end - place)
    return bytes(content)


def _truncate(content: bytearray, draws: random.Random) -> bytes:
    return bytes(content[: draws.randrange(len(content))])


def _extend(content: bytearray, draws: random.Random) -> bytes:
    return bytes(content + draws.randbytes(draws.randint(1, 64)))


KINDS = {"flip": _flip, "truncation": _truncate, "replacement": _replace, "zeros": _zero, "addition": _extend}
WEIGHTS = (10, 4, 2, 2, 1)


def _damage(content: bytes, draws: random.Random) -> tuple[str, bytes]:
    """Return what was done, and what has become of the content."""
    kind = draws.choices(list(KINDS), WEIGHTS)[0]
    return kind, KINDS[kind](bytearray(content), draws)


def _judge_state(folder: Path) -> str:
    """Return what is wrong with how a damaged newest generation is met."""
    with Store(folder / "state", "a key", ORIGIN) as store:
        found, said = store.latest()
    if found is None or found.state.epoch != EPOCHS - 1:
        return f"the state after {found.state.epoch if found else 0} epochs was used"
    if len(said) != 1 or "It was set aside" not in said[0]:
        return f"nothing was said of it but {said}"
    return ""


def _judge_history(folder: Path) -> str:
    """Return what is wrong with how a damaged result is met."""
    try:
        history.read(folder)
        logged = history.read(folder).updates
    except HistoryError as error:
        return f"its message has several lines: {error}" if "\n" in str(error) else ""
    return f"it was accepted, with {len((logged or {}).get('update', ()))} updates"


def _only_seconds(path: Path, before: bytes, after: bytes) -> bool:
    """Tell whether a history differs in the last column alone."""
    tables = [[line.rpartition(b",")[0] for line in content.split(b"\n")] for content in (before, after)]
    return path.name == "history.csv" and tables[0] == tables[1]


def _mend(folder: Path, whole: Mapping[Path, bytes], damaged: Path, *, in_state: bool) -> None:
    """Put everything back."""
    if in_state:
        for aside in (folder / "state").glob("damaged-*"):
            shutil.rmtree(aside)
        for path in (path for path in whole if path.parent == damaged.parent):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(whole[path])
    else:
        damaged.write_bytes(whole[damaged])


if __name__ == "__main__":
    raise SystemExit(main("damage", campaign, CASES))
