"""Training histories from elsewhere, that can stand beside ours.

Read are Keras's `CSVLogger` files, the JSON of `History.history`, and what `fit` prints, as a text or in the
saved outputs of a notebook. Each is stored as numbers alone: one CSV file for all histories of one name,
whose numbers read back bit for bit. What is printed has four digits, and no more can be had from it.
Nothing here knows Keras, and nothing is ever unpickled: a pickle can run anything when it is read.
"""

import csv
import io
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cifar_lr import durable
from cifar_lr.config import one_line
from cifar_lr.durable import SealError

COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
SYNONYMS: Final = {
    "lr": "learning_rate",
    **{
        f"{prefix}{name}": f"{prefix}accuracy"
        for prefix in ("", "val_")
        for name in ("acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")
    },
}
"""Names that versions and metrics of Keras have for the columns."""
MISSING: Final = ("", "NA", "null")  # the second is what CSVLogger writes after TerminateOnNaN
MAX_BYTES: Final = 64 * 2**20
MAX_EPOCHS: Final = 1_000_000
PERCENT: Final = 100
SPANS_NAMED: Final = 5  # of missing epochs; the rest are counted

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+=-]{0,199}")
_HEADER = re.compile(r"Epoch (\d+)/\d+")
_LEAD = re.compile(r"(\d+)/(\d+)\b|\d+m?s\b")
_COLOUR = re.compile(r"\x1b?\[[0-9;]*m")  # pasted text may have lost the escape
_REDRAWN = re.compile(r"[\r\b]+")


class ImportedHistoryError(Exception):
    """A history from elsewhere that can not be used. The message is one line that names the file."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


@dataclass(frozen=True, eq=False)
class Imported:
    """One history from elsewhere.

    Attributes:
        name: what it is called, as in `article`.
        run: the run that it stands beside.
        epochs: epoch numbers from 1, ascending, shape `(epochs,)`; some may be missing.
        columns: maps each of `COLUMNS` to numbers of that shape; NaN where the source has nothing.
        ignored: what else the source has, by its names there.
    """

    name: str
    run: str
    epochs: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]]
    ignored: tuple[str, ...] = ()

    def __getitem__(self, column: str) -> NDArray[np.float64]:
        """Return one column, one entry per epoch."""
        return self.columns[column]

    @property
    def final(self) -> dict[str, float]:
        """The last epoch's number in each of `COLUMNS`."""
        return {column: float(values[-1]) for column, values in self.columns.items()}

    @property
    def gaps(self) -> str:
        """Which epochs from 1 to the last are missing, as in `epochs 2-48, 50-99 missing`; else nothing."""
        neighbours = pairwise([0, *self.epochs.tolist()])
        spans = [(before + 1, after - 1) for before, after in neighbours if after - before > 1]
        if not spans:
            return ""
        named = [str(first) if first == last else f"{first}-{last}" for first, last in spans[:SPANS_NAMED]]
        rest = sum(last - first + 1 for first, last in spans[SPANS_NAMED:])
        plural = "s" if len(spans) > 1 or "-" in named[0] else ""
        return f"epoch{plural} {', '.join(named)}{f' and {rest} more' if rest else ''} missing"


@dataclass
class _Gathered:
    """One history while it is read; `run` is None where the source has no name for it."""

    run: str | None = None
    epochs: list[int] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)
    ignored: dict[str, None] = field(default_factory=dict)
    counts_from_0: bool = False

    def add(self, epoch_text: str, texts: Mapping[str, str], where: str) -> None:
        """Add an epoch: its number as the source has it, and its numbers by column."""
        epoch = _epoch(epoch_text, where)
        self.counts_from_0 = self.counts_from_0 or (epoch == 0 and not self.epochs)
        number = epoch + self.counts_from_0
        if self.epochs and number <= self.epochs[-1]:
            before = self.epochs[-1] - self.counts_from_0
            raise ImportedHistoryError(
                f"{where}: epoch {epoch} comes after epoch {before}. Put them in order"
            )
        row = [_number(texts.get(column, ""), column, where) for column in COLUMNS]
        if all(map(math.isnan, row)):
            raise ImportedHistoryError(f"{where}: has no number in any of {', '.join(COLUMNS)}. Remove it")
        self.epochs.append(number)
        self.rows.append(row)

    def named(self, name: str, run: str) -> Imported:
        """Return what was gathered."""
        columns = np.array(self.rows, dtype=np.float64).T.copy()
        epochs = np.array(self.epochs, dtype=np.int64)
        return Imported(name, run, epochs, dict(zip(COLUMNS, columns, strict=True)), tuple(self.ignored))


def read(path: Path, name: str, run: str | None = None) -> list[Imported]:
    """Read the histories that a file has, whatever program of Keras's kind they come from.

    A history whose first epoch is 0 counts its epochs from 0, any other from 1. One that `fit` printed
    begins with each `Epoch 1/...`. Of two columns that mean the same, as `accuracy` and `acc`, the one with
    the name in `COLUMNS` is taken.

    Args:
        path: a file, in UTF-8, that `CSVLogger` wrote, with a column `run` where it has several runs; or
            JSON of `History.history`, or of several by their runs; or text that `fit` printed; or a
            notebook with that in its saved outputs.
        name: what the histories are called.
        run: the run that is taken where the file names its runs, else the run that the file's only history
            stands beside. Left out: all are taken, and those that the file has no name for are numbered
            from 1.

    Raises:
        ImportedHistoryError: if the file is none of these, its numbers can not be those of a training that
            finished, or it has not the one history that is asked for.
    """
    _require_name(name, f"{path}: the name")
    histories = _taken(path, _recognised(path, _text(path)), run)
    for each in histories:
        _require_name(each, f"{path}: the run")
    return [gathered.named(name, each) for each, gathered in histories.items()]


def load(path: Path) -> list[Imported]:
    """Read what `write` wrote: one file, or all those of a folder by name.

    Raises:
        ImportedHistoryError: if a file can not be read, or is none of ours.
    """
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    return [history for file in files for history in read(file, file.stem)]


def load_all(paths: Iterable[Path]) -> list[Imported]:
    """Read several files of histories from elsewhere.

    Raises:
        ImportedHistoryError: as `load`, and if two files have the same run under one name.
    """
    found: dict[tuple[str, str], Path] = {}
    histories = []
    for path in paths:
        for one in load(path):
            if (other := found.setdefault((one.name, one.run), path)) is not path:
                raise ImportedHistoryError(
                    f"{path}: has {one.run} of {one.name}, as {other} has. Give one of the two another name"
                )
            histories.append(one)
    return histories


def write(histories: Sequence[Imported], folder: Path) -> Path:
    """Write all histories of one name as `<folder>/<name>.csv` and return its path.

    Raises:
        ImportedHistoryError: if they have not one name and a run each, could not be read back, or the file
            can not be written or is there already with anything else in it.
    """
    names, runs = {history.name for history in histories}, [history.run for history in histories]
    if len(names) != 1 or len(set(runs)) != len(runs):
        raise ImportedHistoryError(
            f"{folder}: a file is for histories of one name, each of another run. Received: "
            f"{', '.join(f'{history.name} for {history.run}' for history in histories) or 'none':.200}"
        )
    for name in [*names, *runs]:
        _require_name(name, f"{folder}: the name")
    path = folder / f"{names.pop()}.csv"
    lines = [",".join(("run", "epoch", *COLUMNS))]
    for history in histories:
        values = np.column_stack([history[column] for column in COLUMNS]).tolist()
        for epoch, row in zip(history.epochs.tolist(), values, strict=True):
            texts = ("" if math.isnan(value) else repr(value) for value in row)
            lines.append(",".join((history.run, str(epoch), *texts)))
    content = "\n".join([*lines, ""])
    _from_csv(path, content)  # what could not be read back is not written
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path) and not _holds(path, content.encode()):
            raise ImportedHistoryError(
                f"{path}: is there already, with something else in it. Name another, or remove it"
            )
        durable.write_whole(path, content.encode())
    except OSError as error:
        raise ImportedHistoryError(f"{path}: can not be written: {error.strerror or error}") from error
    return path


def _holds(path: Path, content: bytes) -> bool:
    try:
        return durable.read_bounded(path, len(content)) == content
    except (FileNotFoundError, SealError):
        return False


def _require_name(name: str, where: str) -> None:
    if not _NAME.fullmatch(name):
        raise ImportedHistoryError(
            f"{where} must be at most 200 letters, digits and _.+=-, and begin with one of the first two. "
            f"Received: {name!r:.100}"
        )


def _text(path: Path) -> str:
    try:
        content = durable.read_bounded(path, MAX_BYTES)
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise ImportedHistoryError(f"{path}: no such file") from None
    except SealError as error:
        raise ImportedHistoryError(
            f"{path}: {error}. Name a file of at most {MAX_BYTES // 2**20} MiB"
        ) from None
    except OSError as error:
        raise ImportedHistoryError(f"{path}: can not be read: {error.strerror}") from None
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        kind = "a pickle, which is never opened" if content.startswith(b"\x80") else "no text in UTF-8"
        raise ImportedHistoryError(f"{path}: is {kind}. Save History.history as JSON, or text in UTF-8")
    if not text.strip():
        raise ImportedHistoryError(f"{path}: is empty. Name a file with a history")
    return text


def _recognised(path: Path, text: str) -> list[_Gathered]:
    """Return all histories of a file, by its content."""
    head = text.lstrip().partition("\n")[0]
    if head.startswith("{") or path.suffix.lower() in {".json", ".ipynb"}:
        tree = _tree(path, text)
        if any(isinstance(tree.get(key), list) for key in ("cells", "worksheets")):
            return _from_prints(_outputs(path, tree))
        return _from_json(path, tree)
    cells = [cell.strip().strip('"') for cell in head.split(_separator(head))]
    if len(cells) > 1 and "epoch" in cells:
        return _from_csv(path, text)
    return _from_prints([(str(path), text)])


def _taken(path: Path, histories: Sequence[_Gathered], run: str | None) -> dict[str, _Gathered]:
    """Return those that are asked for by their runs."""
    if not histories:
        expected = "a table with a column epoch, JSON of History.history, or what fit printed"
        raise ImportedHistoryError(f"{path}: no epoch found. Name {expected}")
    by_run = {history.run: history for history in histories if history.run is not None}
    if run is None:
        return by_run or {str(number): history for number, history in enumerate(histories, start=1)}
    if by_run and run not in by_run:
        raise ImportedHistoryError(f"{path}: has no run {run!r:.100}. It has: {', '.join(by_run):.300}")
    if not by_run and len(histories) > 1:
        advice = "Cut the file down to one, or leave out the run to have them numbered"
        raise ImportedHistoryError(
            f"{path}: has {len(histories)} histories for one run {run!r:.100}. {advice}"
        )
    return {run: by_run.get(run, histories[0])}


def _known(names: Iterable[str], where: str) -> tuple[dict[str, str], dict[str, None]]:
    """Return the source's name of each column that it has, and the names that are no column."""
    found: dict[str, list[str]] = {}
    ignored = dict.fromkeys(names)
    for name in names:
        found.setdefault(SYNONYMS.get(name, name), []).append(name)
    sources = {}
    for column in COLUMNS:
        same = [name for name in found.get(column, ()) if name == column] or found.get(column, [])
        if len(same) > 1:
            raise ImportedHistoryError(f"{where}: has {' and '.join(same)}, which are one column. Remove one")
        for name in same:
            sources[column] = name
            del ignored[name]
    if not sources:
        received = f"{', '.join(ignored)!r:.100}"
        raise ImportedHistoryError(
            f"{where}: has none of {', '.join(COLUMNS)}. Received: {received}. Rename one"
        )
    return sources, ignored


def _number(text: str, column: str, where: str) -> float:
    """Return a number that a training can have in a column; NaN if it is missing."""
    text = text.strip()
    if text in MISSING:
        return math.nan
    try:
        number = _parsed(text)
    except ValueError:
        advice = "Correct it or leave it out"
        raise ImportedHistoryError(
            f"{where}: {column} is no number. Received: {text!r:.100}. {advice}"
        ) from None
    if column.endswith("loss") and not math.isfinite(number):
        raise ImportedHistoryError(
            f"{where}: {column} is {number}: the run diverged there. Cut the file before it"
        )
    if column.endswith("accuracy") and not 0 <= number <= 1:
        advice = "Divide what is in percent by 100" if 1 < number <= PERCENT else "Correct it"
        raise ImportedHistoryError(f"{where}: {column} must be from 0 to 1. Received: {number}. {advice}")
    if column == "learning_rate" and not 0 <= number < math.inf:
        raise ImportedHistoryError(
            f"{where}: {column} must be at least 0 and finite. Received: {number}. Correct it"
        )
    return number


def _epoch(text: str, where: str) -> int:
    try:
        number = _parsed(text)
    except ValueError:
        number = math.nan
    if not number.is_integer() or not 0 <= number <= MAX_EPOCHS:
        asked = f"a whole number from 0 or 1 to {MAX_EPOCHS}"
        raise ImportedHistoryError(f"{where}: epoch must be {asked}. Received: {text!r:.100}. Correct it")
    return int(number)


def _parsed(text: str) -> float:
    """Return a number in plain digits, which `float` alone does not insist on."""
    if not text.isascii() or "_" in text:
        raise ValueError(text)
    return float(text)


def _separator(head: str) -> str:
    return max(",;\t", key=head.count)


def _from_csv(path: Path, text: str) -> list[_Gathered]:
    """Return the histories of a table, which may have a column `run`, in the order in which they begin."""
    rows = _csv_rows(path, text)
    line, header = next(rows)
    if header.count("epoch") != 1 or header.count("run") > 1:
        raise ImportedHistoryError(f"{path}: line {line}: must have one column epoch and at most one run")
    keys = {name: name for name in ("epoch", "run") if name in header}
    sources, ignored = _known([name for name in header if name not in keys], f"{path}: line {line}")
    histories: dict[str | None, _Gathered] = {}
    for line, cells in rows:
        where = f"{path}: line {line}"
        if len(cells) != len(header):
            received = f"{','.join(cells)!r:.100}"
            raise ImportedHistoryError(
                f"{where}: must have {len(header)} entries. Received: {received}. Correct it"
            )
        texts = {column: cells[header.index(name)] for column, name in (keys | sources).items()}
        run = texts.get("run")
        history = histories.setdefault(run, _Gathered(run, ignored=ignored))
        history.add(texts["epoch"], texts, where)
    return list(histories.values())


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line that is not blank and what stands there."""
    separator = _separator(text.lstrip().partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise ImportedHistoryError(f"{path}: line {reader.line_num}: {error}. Correct it") from None


def _tree(path: Path, text: str) -> dict[str, Any]:
    try:
        tree = json.loads(text, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise ImportedHistoryError(f"{path}: is no JSON that can be read: {error!s:.200}") from None
    if not isinstance(tree, dict):
        raise ImportedHistoryError(
            f"{path}: must be a JSON object, as History.history is. Received: {text!r:.60}"
        )
    return tree


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that is there twice, of which Python would keep the last."""
    tree: dict[str, Any] = {}
    for key, value in pairs:
        if key in tree:
            raise ValueError(f"the key {key!r:.100} is there twice")
        tree[key] = value
    return tree


def _from_json(path: Path, tree: dict[str, Any]) -> list[_Gathered]:
    """Return the history of `{"loss": [...]}`, or those of `{"step": {"loss": [...]}}`."""
    if any(isinstance(value, dict) for value in tree.values()):
        runs = [(_Gathered(run), columns, f"{path}: {run:.200}") for run, columns in tree.items()]
    else:
        runs = [(_Gathered(), tree, str(path))]
    for history, columns, where in runs:
        _add_columns(history, columns, where)
    if empty := [where for history, _, where in runs if not history.epochs and len(runs) > 1]:
        raise ImportedHistoryError(f"{empty[0]}: has no epoch. Remove it")
    return [history for history, _, _ in runs if history.epochs]


def _add_columns(history: _Gathered, columns: Any, where: str) -> None:
    if not isinstance(columns, dict):
        raise ImportedHistoryError(
            f"{where}: must be a JSON object, as History.history is. Remove what is none"
        )
    sources, history.ignored = _known([name for name in columns if name != "epoch"], where)
    names = [*sources.values(), *({"epoch"} & columns.keys())]
    if other := [name for name in names if not isinstance(columns[name], list)]:
        raise ImportedHistoryError(f"{where}: {other[0]} must be a list with a number for each epoch")
    lengths = {name: len(columns[name]) for name in names}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ImportedHistoryError(
            f"{where}: lists differ in length: {said}. Put null where an epoch has no number"
        )
    length = lengths[names[0]]
    epochs = columns.get("epoch", range(1, length + 1))
    for index in range(length):
        place = f"{where}: entry {index + 1}"
        texts = {column: _json_text(columns[name][index]) for column, name in sources.items()}
        history.add(_json_text(epochs[index]), texts, place)


def _json_text(value: Any) -> str:
    return f"a {type(value).__name__}" if isinstance(value, list | dict) else json.dumps(value)


def _outputs(path: Path, notebook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the text of each cell's saved outputs and where it is: nbformat 4, or 3 with its worksheets."""
    sheets = [notebook, *_objects(notebook, "worksheets")]
    cells = [cell for sheet in sheets for cell in _objects(sheet, "cells")]
    for number, cell in enumerate(cells, start=1):
        texts = [output.get("text", "") for output in _objects(cell, "outputs")]
        joined = ("".join(map(str, text)) if isinstance(text, list) else str(text) for text in texts)
        lines = (text if text.endswith("\n") else f"{text}\n" for text in joined)
        yield f"{path}: output of cell {number}", "".join(lines)


def _objects(tree: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = tree.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _from_prints(blocks: Iterable[tuple[str, str]]) -> list[_Gathered]:
    """Return the histories that `fit` printed, each from an `Epoch 1/...` on; also over several cells."""
    histories: list[_Gathered] = []
    for place, text in blocks:
        for epoch, line, printed in _sections(text):
            if epoch == "1" or not histories:
                histories.append(_Gathered())
            if metrics := _metrics(printed):
                where = f"{place}: line {line}"
                sources, ignored = _known(metrics, where)
                histories[-1].ignored |= ignored
                histories[-1].add(epoch, {column: metrics[name] for column, name in sources.items()}, where)
            else:
                histories[-1].ignored[f"epoch {epoch}, which has no numbers"] = None
    return [history for history in histories if history.epochs]


def _sections(text: str) -> Iterator[tuple[str, int, list[str]]]:
    """Yield each epoch that a line `Epoch 3/100` begins, that line's number, and what is printed after it."""
    section: tuple[str, int, list[str]] | None = None
    for number, line in enumerate(_COLOUR.sub("", text).split("\n"), start=1):
        if header := _HEADER.fullmatch(line.strip()):
            if section:
                yield section
            section = (header[1], number, [])
        elif section:
            section[2].extend(_REDRAWN.split(line))
    if section:
        yield section


def _metrics(printed: Iterable[str]) -> dict[str, str]:
    """Return the metrics of an epoch's last line; nothing if the epoch did not finish.

    It is the first with the most of them: a progress bar is there also before validation, and what
    `evaluate` prints after the last epoch has no more than that epoch has.
    """
    fullest: dict[str, str] = {}
    for line in printed:
        lead, *parts = line.strip().removeprefix("- ").split(" - ")
        begin = _LEAD.match(lead)
        if begin and begin[1] == begin[2]:
            pairs = (part.strip().partition(": ") for part in parts)
            metrics = {name: value for name, colon, value in pairs if colon}
            if "ETA" not in metrics and metrics.keys() > fullest.keys():
                fullest = metrics
    return fullest
