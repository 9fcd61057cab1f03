"""The record of one run and one seed: its files, its status, how it is written and how it is read.

A seed's folder holds `run.json` (what was run, on what, and how it ended), `history.csv` (one row per
finished epoch), `config.yaml` (the whole configuration) and, once the run is done, `correct.npy`; where the
configuration asks for it, `updates.csv` has one row per update. `run.json` has the SHA-256 of the others and
of itself, so that a result which is not as it was written is refused.
Nothing here knows Keras: everything that draws or counts starts from these files alone.
"""

import hashlib
import io
import json
import math
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cifar_lr import durable
from cifar_lr.config import one_line, similar
from cifar_lr.durable import SealError

if TYPE_CHECKING:  # reading histories needs neither
    from cifar_lr.config import Run
    from cifar_lr.data import Dataset

SCHEMA_VERSION: Final = 2
NUMERICS: Final = "1"
"""Raised whenever a change to the code, or to a default of config.py, changes the numbers of a run."""
COLUMNS = ("epoch", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy", "seconds")
UPDATE_COLUMNS = ("update", "learning_rate", "loss")
FILES = ("config.yaml", "history.csv", "updates.csv", "correct.npy")
# An override that a folder's name tells exactly: of others, characters were replaced there.
OVERRIDE: Final = re.compile(r"[a-z_][\w.]*=(?:-?[\d.]+(?:e-?\d+)?|\w+)", re.ASCII)
# What a grid or an override set a number to, in a run's name.
_NUMBER: Final = re.compile(r"(?<==)(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?=\+|$)", re.ASCII)
MAX_EPOCHS: Final = 10**6
MAX_COUNT: Final = 10**12  # of epochs or updates; a number of any length would not fit into a message
MAX_SEED: Final = 2**128
_VECTORS = ("avx512f", "avx2", "avx")  # what /proc/cpuinfo calls them, widest first
MAX_BYTES = 64 * 2**20  # a history of a million epochs; anything larger is not one of ours
MAX_UPDATES_BYTES = 2**30  # of updates.csv: fifteen million updates

Status = Literal["running", "done", "diverged", "failed"]


class HistoryError(Exception):
    """A history that can not be read or written. The message is one line that names the file."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class DataRecord(BaseModel):
    """What a run was trained on.

    `test_images` is set where validation is on images held out from training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["cifar10", "images", "stand-in"]
    label: str = Field(max_length=200)
    fingerprint: str = Field(max_length=200)
    classes: tuple[str, ...] = Field(min_length=1)
    train_images: int = Field(ge=1, le=MAX_COUNT)
    validation_images: int = Field(ge=1, le=MAX_COUNT)
    test_images: int | None = Field(None, ge=1, le=MAX_COUNT)

    @property
    def stand_in(self) -> bool:
        """Whether they are generated images, which are not CIFAR-10."""
        return self.kind == "stand-in"

    @property
    def validation(self) -> str:
        """What the run is validated on, in words."""
        if self.test_images is None:
            return f"{self.validation_images:,} test images"
        return f"{self.validation_images:,} images held out from training"

    @classmethod
    def of(cls, images: "Dataset") -> Self:
        """Describe the images in use."""
        return cls(
            test_images=len(images.y_test) if images.held_out else None,
            kind=images.kind,
            label=images.label,
            fingerprint=images.fingerprint,
            classes=images.classes,
            train_images=len(images.y_train),
            validation_images=len(images.y_val),
        )


class Origin(BaseModel):
    """Where numbers were computed: all that decides their last bits but is not the run's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    processor: str = Field(max_length=200)
    device: str = Field(max_length=1000)
    versions: dict[str, str]

    def difference(self, here: Self) -> str:
        """Say in what this place differs from another one, `here`."""
        flat = [{"processor": o.processor, "device": o.device, **o.versions} for o in (self, here)]
        there_, here_ = flat
        names = [name for name in {**there_, **here_} if there_.get(name) != here_.get(name)]
        said = (
            f"{name} was {there_.get(name, 'unknown')}, is {here_.get(name, 'unknown')}" for name in names
        )
        return "; ".join(said)


class Continuation(BaseModel):
    """A run that went on elsewhere than it was begun, so that its bits are not those of either place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epoch: int = Field(ge=0, le=MAX_COUNT, description="How many epochs were finished.")
    update: int = Field(ge=0, le=MAX_COUNT, description="How many updates of the next epoch were made.")
    origin: Origin = Field(description="Where it had been until then.")


class Record(BaseModel):
    """The content of `run.json`.

    `epochs` is the number of epochs asked for. `stopped_at_update` counts the run's updates from 1 and
    is set when the run diverged; `reason` is one line and is set when it diverged or failed.
    `stopped_after` is the epoch, from 1, after which early stopping ended a run that is done. `continued`
    says where a run was before it went on elsewhere; it is empty for a run of one kind of processor and the
    same versions throughout, whose bits are those of an undisturbed one. `files` has the SHA-256 of each
    other file once the run has ended, that of `history.csv` without its column `seconds`, which alone
    differs from one execution to the next; `sha256` is the record's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[2] = SCHEMA_VERSION
    status: Status
    run: str = Field(min_length=1, max_length=200)
    seed: int = Field(ge=0, le=MAX_SEED)
    key: str = Field(max_length=200)
    epochs: int = Field(ge=1, le=MAX_EPOCHS)
    model: str = Field(max_length=200)
    data: DataRecord
    versions: dict[str, str]
    machine: dict[str, str]
    reason: str | None = None
    stopped_at_update: int | None = Field(None, ge=1, le=MAX_COUNT)
    stopped_after: int | None = Field(None, ge=1, le=MAX_EPOCHS)
    continued: tuple[Continuation, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    sha256: str = ""

    def at(self, device: str) -> Origin:
        """Return where the run's numbers are computed, on a device."""
        versions = {name: version for name, version in self.versions.items() if name != "python"}
        return Origin(processor=self.machine["processor"], device=device, versions=versions)


@dataclass(frozen=True)
class History:
    """One run and one seed, as read from its folder.

    `config` is the text of its `config.yaml`. `columns` maps each name of `COLUMNS` to an array with one
    entry per finished epoch; `epoch` counts
    from 1, `learning_rate` is the rate that the epoch's first update applied.
    """

    folder: Path
    record: Record
    columns: dict[str, np.ndarray[Any, Any]]
    config: str = ""

    @property
    def run(self) -> str:
        """The run's name."""
        return self.record.run

    @property
    def seed(self) -> int:
        """The seed that initial weights, dropout and batch order derive from."""
        return self.record.seed

    @property
    def done(self) -> bool:
        """Whether the run finished; nothing else may be taken for a result."""
        return self.record.status == "done"

    @cached_property
    def epochs(self) -> int:
        """How many epochs were finished."""
        return len(self.columns["epoch"])

    @cached_property
    def updates(self) -> dict[str, np.ndarray[Any, Any]] | None:
        """What was logged of every update, if that was asked for.

        Maps each name of `UPDATE_COLUMNS` to an array with one entry an update: its number from 1, the rate
        that it applied, and the mean loss of its batch before it.

        Raises:
            HistoryError: if the file is damaged; the message names it.
        """
        path = self.folder / "updates.csv"
        return _read_columns(path, UPDATE_COLUMNS) if path.exists() else None

    @cached_property
    def correct(self) -> np.ndarray[Any, Any] | None:
        """Which test images the finished network got right: booleans in data order; None if unfinished.

        Raises:
            HistoryError: if the file is damaged; the message names it.
        """
        path = self.folder / "correct.npy"
        return _read_correct(path, self.record.data) if self.done else None

    def __getitem__(self, column: str) -> np.ndarray[Any, Any]:
        """Return one column, one entry per finished epoch."""
        return self.columns[column]


def describe(run: "Run", seed: int, images: DataRecord, versions: Mapping[str, str] | None = None) -> Record:
    """Return what is known of a run before it begins; its status is `running`.

    Args:
        run: its name and configuration.
        seed: the seed.
        images: the images.
        versions: of the libraries that decide the numbers; left out: those that are installed.

    The key is a SHA-256 of all that decides the numbers: the configuration, the seed, the images, and the
    versions of this package's numerics, Keras, NumPy and TensorFlow. (The kind of processor decides last
    bits too; it is recorded under `machine`.)
    """
    versions = decisive_versions() if versions is None else dict(versions)
    decisive = {
        "config": run.config.decisive(),
        "seed": seed,
        "data": images.fingerprint,
        "versions": versions,
    }
    return Record(
        status="running",
        run=run.name,
        seed=seed,
        key=hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest(),
        epochs=run.config.epochs,
        model=run.config.model.name,
        data=images,
        versions={**versions, "python": platform.python_version()},
        machine={
            "system": platform.system(),
            "processor": processor(),
            "cores": str(os.cpu_count()),
        },
    )


def decisive_versions() -> dict[str, str]:
    """Return the versions that decide a run's numbers."""
    return {
        **{name: metadata.version(name) for name in ("keras", "numpy", "tensorflow")},
        "cifar_lr numerics": NUMERICS,
    }


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's model where the system tells it, its architecture and, on x86, its vectors.

    Two machines of the same model name may offer their programs AVX2 or AVX-512; TensorFlow's kernels take
    the widest, and the order of their sums, so the last bits, go by it.
    """
    try:
        text = cpuinfo.read_text(encoding="utf-8")
    except OSError:
        text = ""
    lines = (line.partition(":") for line in text.splitlines())
    said = {name.strip(): value.strip() for name, _, value in lines}
    flags = said.get("flags", "").split()
    vectors = next((name for name in _VECTORS if name in flags), "")
    return " ".join(filter(None, (said.get("model name"), platform.machine(), vectors)))


def read(folder: Path) -> History:
    """Read one seed's folder.

    Raises:
        HistoryError: if a file is missing, damaged or at odds with another; the message names it.
    """
    record = read_record(folder)
    columns = _read_columns(folder / "history.csv", COLUMNS)
    finished = len(columns["epoch"])
    expected = record.stopped_after or record.epochs
    if record.status == "done" and finished != expected:
        raise HistoryError(
            f"{folder / 'history.csv'}: has {finished} epochs, but run.json calls the run done after "
            f"{expected}. Run it again with --force"
        )
    if record.status != "running":
        _require_unchanged(folder, record)
    return History(folder, record, columns, _read_bytes(folder / "config.yaml").decode("utf-8", "replace"))


def read_record(folder: Path) -> Record:
    """Read a seed's `run.json` alone.

    Raises:
        HistoryError: if it is missing, damaged, or written by another version.
    """
    path = folder / "run.json"
    try:
        return durable.unseal(Record, _read_bytes(path))
    except SealError as error:
        raise HistoryError(f"{path}: {error}. Run it again with --force") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"])) or "the file"
        received = "" if first["type"] == "json_invalid" else f". Received: {first['input']!r:.80}"
        raise HistoryError(
            f"{path}: {key:.200}: {first['msg'].lower()}{received}. Run it again with --force"
        ) from None


def find(path: Path) -> list[History]:
    """Read all histories below a suite's, a run's or a seed's folder, sorted by run and seed.

    Runs of a grid are in the order of its values: `learning_rate=3.0` comes before `learning_rate=10.0`.

    Raises:
        HistoryError: if there is none, if two claim the same run and seed, or if one can not be read.
    """
    if not path.is_dir():
        advice = (
            ". It is a file"
            if path.is_file()
            else similar(path) or ". Name a folder of results, as results/article"
        )
        raise HistoryError(f"{path}: no such folder{advice}")
    folders = sorted(_folders(path))
    if not folders:
        raise HistoryError(f"{path}: holds no history (no run.json in it, in seed-*/ or in */seed-*/)")
    histories = sorted((read(folder) for folder in folders), key=lambda h: (_by_value(h.run), h.run, h.seed))
    for one, other in pairwise(histories):
        if (one.run, one.seed) == (other.run, other.seed):
            raise HistoryError(f"{other.folder}: is run {one.run!r}, seed {one.seed}, as {one.folder} is too")
    return histories


def _by_value(run: str) -> list[str | float]:
    """Return a run's name in parts that sort by the numbers in it: a text, a number, a text, and so on."""
    return [float(part) if place % 2 else part for place, part in enumerate(_NUMBER.split(run))]


def holds_any(path: Path) -> bool:
    """Return whether there is a history below a folder, if it is one.

    Raises:
        HistoryError: if a folder can not be read.
    """
    return path.is_dir() and next(_folders(path), None) is not None


def slug(label: str) -> str:
    """Return the images' label as a part of a folder's name."""
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")


def configs_of(results: Path, histories: Sequence[History]) -> tuple[Path, list[str] | None]:
    """Return where the configurations of a suite's results are, if they are in `configs`, and the overrides.

    `results/article+epochs=5-stand-in` is of `configs/article`, with `epochs=5`, and so is
    `results/article+epochs=5-cifar-10`, on images labelled CIFAR-10 (`sweep.results_folder`). None for
    overrides that the name does not tell exactly. `configs` is here, or beside the folder of all results.
    """
    results = results.resolve()
    here = Path("configs")
    configs = here if here.is_dir() else Path(os.path.relpath(results.parent.parent / "configs"))
    ending = "stand-in" if histories[0].record.data.stand_in else slug(histories[0].record.data.label)
    name = results.name
    if not (configs / name.partition("+")[0]).is_dir() or "+" in name:
        name = name.removesuffix(f"-{ending}")
    suite, *overrides = name.split("+")
    told = all(OVERRIDE.fullmatch(override) for override in overrides)
    return configs / suite, overrides if told else None


def _folders(path: Path, below: int = 2) -> Iterator[Path]:
    """Find the folders that hold a run.json: this one, and those so many levels below."""
    try:
        inside = list(path.iterdir())
        if path / "run.json" in inside:
            yield path
        for folder in inside if below else ():
            if folder.is_dir():
                yield from _folders(folder, below - 1)
    except OSError as error:
        raise HistoryError(f"{error.filename or path}: can not be read: {error.strerror or error}") from None


def rows_on_disk(folder: Path) -> list[dict[str, float]]:
    """Return the rows that a run in progress has committed so far; none if it has not begun."""
    try:
        text = (folder / "history.csv").read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return []
    whole_lines = text[: text.rfind("\n") + 1].splitlines()
    try:
        return [dict(zip(COLUMNS, map(float, line.split(",")), strict=True)) for line in whole_lines[1:]]
    except ValueError:  # an earlier attempt's damaged file, about to be replaced
        return []


class Writer:
    """Writes one seed's folder while its run goes on.

    Each file is replaced whole, so a reader never meets half of one. The rows, which a run's state can
    restore, are waited for only when the run ends: nothing is called done before the disk has it. Numbers
    are written as `repr` gives them: they read back bit for bit.

    Raises:
        HistoryError: if a file can not be written.
    """

    def __init__(
        self,
        folder: Path,
        record: Record,
        config: str,
        rows: tuple[Sequence[Mapping[str, float]], Sequence[Mapping[str, float]]] = ((), ()),
    ) -> None:
        """Empty the folder of an earlier attempt and note that the run is running.

        Args:
            folder: the seed's.
            record: how it begins.
            config: the text of its `config.yaml`.
            rows: those of the epochs, and of the updates, that an earlier attempt has committed.
        """
        self.folder = folder
        self.record = record
        self._lines: dict[str, list[str]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_record(folder, record)  # first: from here on nobody takes what is there for finished
            for leftover in ("correct.npy", "traceback.txt", *(path.name for path in folder.glob(".*.tmp"))):
                (folder / leftover).unlink(missing_ok=True)
            if not rows[1]:
                (folder / "updates.csv").unlink(missing_ok=True)
            durable.write_whole(folder / "config.yaml", config.encode())
        except OSError as error:
            raise HistoryError(f"{folder}: can not be written: {error.strerror}") from error
        self.write_epochs(rows[0])
        if rows[1]:
            self.write_updates(rows[1])

    def write_epochs(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write all rows of the history so far, each with a number for each of `COLUMNS`; they only grow."""
        self._write_rows("history.csv", COLUMNS, rows)

    def write_updates(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write all rows of the updates so far, each with a number for each of `UPDATE_COLUMNS`."""
        self._write_rows("updates.csv", UPDATE_COLUMNS, rows)

    def _write_rows(self, name: str, columns: Sequence[str], rows: Sequence[Mapping[str, float]]) -> None:
        lines = self._lines.setdefault(name, [",".join(columns)])
        lines.extend(",".join(repr(row[column]) for column in columns) for row in rows[len(lines) - 1 :])
        self._write(name, "".join(f"{line}\n" for line in lines).encode())

    def write_correct(self, correct: np.ndarray[Any, Any]) -> None:
        """Save which test images were classified rightly: booleans in data order, packed to bits."""
        content = io.BytesIO()
        np.save(content, np.packbits(correct), allow_pickle=False)
        self._write("correct.npy", content.getvalue())

    def _write(self, name: str, content: bytes) -> None:
        try:
            durable.write_whole(self.folder / name, content, durable=False)
        except OSError as error:
            raise HistoryError(
                f"{self.folder / name}: can not be written: {error.strerror or error}"
            ) from error

    def finish(
        self,
        status: Status,
        *,
        reason: str | None = None,
        update: int | None = None,
        stopped_after: int | None = None,
    ) -> Record:
        """Note how the run ended.

        Args:
            status: how.
            reason: why it diverged or failed.
            update: where it diverged, counted from 1.
            stopped_after: the epoch, from 1, after which early stopping ended it.
        """
        changes = {
            "status": status,
            "reason": reason,
            "stopped_at_update": update,
            "stopped_after": stopped_after,
        }
        return finish(self.folder, self.record.model_copy(update=changes))


def finish(folder: Path, record: Record) -> Record:
    """Note how a run ended, and the SHA-256 of the files that it leaves.

    Raises:
        HistoryError: if that can not be written.
    """
    try:
        record = record.model_copy(update={"files": _digests(folder)})
        for name in record.files:
            durable.sync(folder / name)
        write_record(folder, record)
    except OSError as error:
        raise HistoryError(f"{folder}: can not be written: {error.strerror}") from error
    return record


def void(folder: Path) -> None:
    """Make what a seed's folder holds no result any more: without its `run.json` it is none.

    Raises:
        HistoryError: if that fails.
    """
    try:
        (folder / "run.json").unlink(missing_ok=True)
    except OSError as error:
        raise HistoryError(f"{folder}: can not be written: {error.strerror}") from error


def write_record(folder: Path, record: Record) -> None:
    """Replace a seed's `run.json`."""
    durable.write_whole(folder / "run.json", durable.seal(record))


def _digests(folder: Path) -> dict[str, str]:
    return {name: _digest(name, (folder / name).read_bytes()) for name in FILES if (folder / name).exists()}


def _digest(name: str, content: bytes) -> str:
    """Return a file's SHA-256, that of a history without the column that differs each time: the last one."""
    if name == "history.csv":
        content = b"\n".join(line.rpartition(b",")[0] for line in content.split(b"\n"))
    return hashlib.sha256(content).hexdigest()


def _require_unchanged(folder: Path, record: Record) -> None:
    for name in FILES:
        path = folder / name
        if name not in record.files:
            if path.exists():
                raise HistoryError(f"{path}: is not of this run: run.json knows nothing of it. Remove it")
        elif not path.exists():
            raise HistoryError(f"{path}: is missing, but run.json has its SHA-256. Run it again with --force")
        elif _digest(name, _read_bytes(path)) != record.files[name]:
            raise HistoryError(
                f"{path}: is not as it was written: its SHA-256 is not that in run.json. "
                "Run it again with --force"
            )


def copy(source: Path, target: Path, run: str) -> Record:
    """Copy one seed's folder to a run of that name, and return its record.

    `run.json` comes last, so that a half copy is never taken for a result.

    Raises:
        HistoryError: if a file can not be read or written.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        for leftover in (*FILES, "run.json", "traceback.txt"):
            (target / leftover).unlink(missing_ok=True)
        for name in FILES:
            if (source / name).exists():
                durable.write_whole(target / name, (source / name).read_bytes())
        record = read_record(source).model_copy(update={"run": run})
        write_record(target, record)
    except OSError as error:
        raise HistoryError(f"{target}: can not be copied from {source}: {error.strerror}") from error
    return record


def _read_bytes(path: Path) -> bytes:
    try:
        return durable.read_bounded(path, MAX_UPDATES_BYTES if path.name == "updates.csv" else MAX_BYTES)
    except FileNotFoundError:
        raise HistoryError(f"{path}: no such file") from None
    except SealError as error:
        raise HistoryError(f"{path}: {error}, which no history is") from None
    except OSError as error:
        raise HistoryError(f"{path}: can not be read: {error.strerror}") from None


def _read_correct(path: Path, images: DataRecord) -> np.ndarray[Any, Any]:
    """Read a file of one bit an image."""
    number = images.test_images or images.validation_images
    content, bits = _read_bytes(path), -(-number // 8)
    begins = _header_of_bytes(bits)  # there is one way to write it, so nothing of a file's own is interpreted
    if len(content) != len(begins) + bits or not content.startswith(begins):
        raise HistoryError(f"{path}: is not one bit for each of {number} images. Run it again with --force")
    return np.unpackbits(np.frombuffer(content[-bits:], dtype=np.uint8), count=number).astype(bool)


def _header_of_bytes(number: int) -> bytes:
    """Return how an .npy file of so many bytes begins."""
    written = io.BytesIO()
    header = np.lib.format.header_data_from_array_1_0(np.empty(0, dtype=np.uint8))
    np.lib.format.write_array_header_1_0(written, {**header, "shape": (number,)})
    return written.getvalue()


def _read_columns(path: Path, columns: tuple[str, ...]) -> dict[str, np.ndarray[Any, Any]]:
    """Read a CSV file of numbers whose first column counts its rows from 1."""
    content = _read_bytes(path)
    if not content.isascii():
        raise HistoryError(f"{path}: is not plain text")
    head, *lines = content.decode("ascii").split("\n")
    names = head.strip().split(",")
    if missing := [column for column in columns if column not in names]:
        raise HistoryError(f"{path}: line 1: lacks the column {missing[0]}. Received: {head!r:.100}")
    if tuple(names) != columns:
        raise HistoryError(f"{path}: line 1: must be {','.join(columns)}. Received: {head!r:.100}")
    if lines.pop() if lines else "no line end":
        raise HistoryError(f"{path}: the last line is torn: it has no line end. Run it again with --force")
    rows = [_read_row(line, columns, f"{path}: line {number}") for number, line in enumerate(lines, start=2)]
    for number, row in enumerate(rows, start=1):
        if row[0] != number:
            raise HistoryError(
                f"{path}: line {number + 1}: {columns[0]} must be {number}. Received: {row[0]:g}"
            )
    return dict(zip(columns, np.array(rows, dtype=np.float64).reshape(-1, len(columns)).T, strict=True))


def _read_row(line: str, columns: tuple[str, ...], where: str) -> list[float]:
    try:
        row = [float(text) for text in line.split(",")]
    except ValueError:
        raise HistoryError(f"{where}: has something that is not a number. Received: {line!r:.100}") from None
    if len(row) != len(columns):
        raise HistoryError(f"{where}: must have {len(columns)} numbers. Received: {line!r:.100}")
    if not all(map(math.isfinite, row)):
        raise HistoryError(f"{where}: has a number that is not finite. Received: {line!r:.100}")
    named = dict(zip(columns, row, strict=True))
    accuracies = (named.get(name, 0) for name in ("accuracy", "val_accuracy"))
    if not all(0 <= accuracy <= 1 for accuracy in accuracies) or named["learning_rate"] < 0:
        raise HistoryError(
            f"{where}: has an accuracy outside 0 to 1 or a rate below 0. Received: {line!r:.100}"
        )
    return row
