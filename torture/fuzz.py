"""Whatever a file or the command line says is taken as it is written, or refused in one line that says where.

Each example is given to its reader, and what the reader does is judged: an error is one of the package's own,
on one line, naming the file and the key or line; what is accepted is what was written, or can be written and
read again to the same. Nothing is trained, and nothing is downloaded.
"""

import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from cifar_lr import checkpoint, cli, config, history, summary
from cifar_lr.config import ConfigError
from cifar_lr.durable import SealError
from cifar_lr.history import HistoryError
from cifar_lr.summary import SummaryError
from torture import examples
from torture.campaign import Outcome, main, say, total
from torture.examples import SGD, Changes, Damage, Edits, Mistake, altered, edited, flow

CASES = 100_000
AT_ONCE = 2_000  # examples of one run of Hypothesis, which remembers them all
LONGEST_MESSAGE = 1_000
SHOWN = 400  # characters of an example or message
ONE_IN = 8  # of what is refused, so much is refused by the command, too
CONFIGS = Path(__file__).parent.parent / "configs"
MEMORY = Path("/dev/shm")  # noqa: S108  only if it is there, and a folder of our own in it

PATH_OF_KEY = r"\w+(\.\w+)*"
KEY_OR_LINE = re.compile(rf"(line \d+|{PATH_OF_KEY}): ", re.ASCII)
OF_THE_WHOLE = (
    "is not UTF-8 text (byte ",
    "is larger than ",
    "must be a mapping of keys to values. ",
    "keys must be text. Received: ",
    "a key is letters, digits and '_', up to 100. Received: ",
    "an override is key.path=value. Received: ",
    "has a number of more than ",
    "has half a character",
)
OF_A_HISTORY = re.compile(
    r"(line \d+|has \d+ epochs, but|the last line is torn:|is not plain text$|is not as it was written:)"
)


class WrongError(AssertionError):
    """What must not happen, in a line."""


@dataclass(frozen=True)
class Target:
    """One kind of input.

    Attributes:
        name: its name among the counts.
        share: how many of a hundred cases are of it.
        examples: what is tried.
        judge: given an example, returns in a word what came of it.
    """

    name: str
    share: int
    examples: st.SearchStrategy[Any]
    judge: Callable[[Any], str]


def campaign(cases: int, seed: int) -> Outcome:
    """Try so many cases, shared among all targets."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="cifar-lr-fuzz-", dir=place) as folder:
        return total([fuzz(target, cases * target.share // 100, seed) for target in targets(Path(folder))])


def targets(folder: Path) -> list[Target]:
    """Return all targets, which write to an empty folder."""
    suites, results = Suites(folder / "configs"), Results(folder / "results")
    states = States(folder / "state")
    return [
        Target("run files of random text", 10, examples.TEXTS, suites.judge_text),
        Target("run files in pieces of YAML", 12, examples.PIECES, suites.judge_text),
        Target("run files of hostile shape", 2, examples.HOSTILE, suites.judge_hostile),
        Target("run files of random trees", 8, examples.DOCUMENTS, suites.judge_text),
        Target("run files as they may be", 5, examples.RUNS, suites.judge_valid),
        Target("real run files, edited", 9, suites.edited, suites.judge_edited),
        Target("real run files with one bad key", 12, suites.mistaken, suites.judge_mistaken),
        Target("what extends names", 5, examples.CHAINS, suites.judge_chain),
        Target("names of runs and suites", 2, examples.NAMES, suites.judge_name),
        Target("overrides", 6, examples.OVERRIDES, suites.judge_overrides),
        Target("overrides with one bad key", 4, examples.MISTAKEN_OVERRIDES, suites.judge_mistaken_override),
        Target("histories as written", 2, examples.HISTORIES, results.judge_written),
        Target("histories of finished runs, edited", 5, examples.EDITS_OF_CSV, results.judge_finished),
        Target("histories of unfinished runs, edited", 4, examples.EDITS_OF_CSV, results.judge_unfinished),
        Target("updates.csv, edited", 3, examples.EDITS_OF_CSV, results.judge_updates),
        Target("run.json", 6, examples.RECORDS, results.judge_record),
        Target("manifest.json and arrays.npz", 5, examples.DAMAGES, states.judge),
    ]


def fuzz(target: Target, cases: int, seed: int) -> Outcome:
    """Try so many examples of one target; what fails is shrunk to its least example first."""
    outcome = Outcome()
    for number, size in enumerate(_portions(cases)):

        @seeded(f"{target.name} {seed} {number}")
        @settings(
            max_examples=size,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
            print_blob=False,
        )
        @given(target.examples)
        def try_one(example: Any) -> None:
            outcome.cases += 1
            outcome.counts[f"{target.name}: {_judged(target, example)}"] += 1

        try:
            try_one()
        except Exception as error:
            outcome.failures += [" ".join(str(one).split()) for one in _each(error)]
    say(f"{target.name}: {outcome.cases}")
    return outcome


def _portions(cases: int) -> Iterator[int]:
    while cases > 0:
        yield min(cases, AT_ONCE)
        cases -= AT_ONCE


def _judged(target: Target, example: Any) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return target.judge(example)
    except WrongError as error:
        raise WrongError(f"{target.name}: {error} [{example!r:.{SHOWN}}]") from error
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise WrongError(f"{target.name}: {said:.{SHOWN}} [{example!r:.{SHOWN}}]") from error


def _each(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [one for inner in error.exceptions for one in _each(inner)]
    return [error]


# What is said ---------------------------------------------------------------------------------------------


def _require_one_line(message: str) -> None:
    """Require that a message is one line of some length, in which nothing is hidden."""
    if not message.isprintable():
        raise WrongError(f"a message is not one plain line: {message!r:.{SHOWN}}")
    if len(message) > LONGEST_MESSAGE:
        raise WrongError(f"a message of {len(message)} characters: {message:.{SHOWN}}")


def _require_source(message: str, source: str) -> str:
    """Require that a message begins with its source, a regular expression; return the rest."""
    begins = re.match(rf"(?:{source}): ", message)
    if not begins:
        raise WrongError(f"a message does not begin with {source}: {message:.{SHOWN}}")
    return message[begins.end() :]


def _require_command_refuses(arguments: Sequence[str], message: str) -> None:
    """Require that the command says the same in one line, and no more, with exit status 2."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = cli.main(arguments)
        except SystemExit as exit_:
            status = exit_.code if isinstance(exit_.code, int) else 1
    said = err.getvalue().removesuffix("\n")
    if status != 2 or out.getvalue() or not said.isprintable() or message[:SHOWN] not in said:
        raise WrongError(
            f"cifar-lr {' '.join(arguments)!r:.{SHOWN}}: status {status}, {said!r:.{SHOWN}}, not {message}"
        )


def _for_the_command(content: bytes) -> bool:
    """Return whether this is among those that the command is given, too: the same each time."""
    return zlib.crc32(content) % ONE_IN == 0


# Configurations -------------------------------------------------------------------------------------------


def _is_one_run(path: Path) -> bool:
    """Return whether a file is a run, neither what runs share nor several of them."""
    try:
        config.load(path)
    except ConfigError:
        return False
    return True


class Suites:
    """Judges what is said of configurations; has copies of the real ones.

    Args:
        folder: is made, and files are written there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(CONFIGS, folder)
        real = sorted(folder.glob("*/*.yaml"))
        self.trees: dict[str, Any] = {}
        self.contents = {f"{path.parent.name}/{path.name}": _without_comments(path) for path in real}
        named = [name for name in self.contents if not name.endswith("base.yaml")]
        self.runs = [name for name in named if _is_one_run(folder / name)]
        self.edited = st.tuples(st.sampled_from(list(self.contents)), examples.EDITS_OF_YAML)
        self.mistaken = st.tuples(st.sampled_from(self.runs), st.booleans(), examples.MISTAKES)
        self.run = self._folder("suite") / "run.yaml"
        self.again = self._folder("again") / "run.yaml"
        self.chain = self._folder("chain")
        self.named = self._folder("named")
        self._set_traps()

    def _folder(self, name: str) -> Path:
        (self.folder / name).mkdir()
        return self.folder / name

    def _set_traps(self) -> None:
        os.mkfifo(self.chain / "pipe.yaml")
        (self.chain / "loop.yaml").symlink_to("loop.yaml")
        (self.chain / "folder.yaml").mkdir()
        (self.chain / "bytes.yaml").write_bytes(b"epochs: \xff")
        (self.chain / "empty.yaml").touch()
        (self.chain / "large.yaml").write_text("#" * 70_000)
        (self.chain / "deep.yaml").write_text("[" * 10_000)

    def judge_text(self, content: bytes) -> str:
        """Judge what is said of a file with this content."""
        self.run.write_bytes(content)
        return self._judge(self.run)

    def judge_hostile(self, example: tuple[str, int, bool]) -> str:
        """Judge what is said of a file of hostile shape."""
        return self.judge_text(examples.hostile(*example))

    def judge_valid(self, tree: Any) -> str:
        """Require that a run which is as it may be is accepted."""
        self.run.write_text(flow(tree), encoding="utf-8")
        self._require_same_again(config.load(self.run).config)
        return "accepted"

    def judge_edited(self, example: tuple[str, Edits]) -> str:
        """Judge what is said of a real file that was changed at some places."""
        name, edits = example
        changed = (self.folder / name).with_name("changed.yaml")
        changed.write_bytes(edited(self.contents[name], edits))
        return self._judge(changed)

    def judge_mistaken(self, example: tuple[str, bool, Mistake]) -> str:
        """Judge what is said of a real file with one mistake, which may be in what it extends."""
        name, extended, mistake = example
        wrong = (self.folder / name).with_name("wrong.yaml")
        if name not in self.trees:
            self.trees[name] = config.parse_yaml(self.contents[name].decode(), name)
        wrong.write_text(flow(examples.mistaken(self.trees[name], mistake)), encoding="utf-8")
        at = rf"{re.escape(str(wrong))}: {mistake.said}"
        if not extended:
            return self._judge(wrong, at=at)
        heir = wrong.with_name("heir.yaml")
        heir.write_text("extends: wrong.yaml", encoding="utf-8")
        return self._judge(heir, source=rf"{re.escape(str(wrong.parent))}/(heir|wrong)\.yaml", at=at)

    def judge_chain(self, links: Sequence[Any]) -> str:
        """Judge what is said of files that extend each other, or what they should not."""
        for name, link in zip("abcd", [*links, *["a.yaml"] * 3], strict=False):
            said = link.replace("HERE", str(self.chain)) if isinstance(link, str) else link
            text = f"extends: {flow(said, ascii_only=True)}\n{SGD}"
            (self.chain / f"{name}.yaml").write_text(text, encoding="utf-8")
        source = rf"/?{re.escape(str(self.chain))}/(\.\./chain/)*[abcd]\.yaml"
        return self._judge(self.chain / "a.yaml", source=source)

    def judge_name(self, example: tuple[bool, str]) -> str:
        """Judge what is said of a file or folder of that name, which is no run and no suite."""
        suite, name = example
        path = self.named / name
        try:
            (config.load_suite if suite else config.load)(path)
        except ConfigError as error:
            _require_one_line(str(error))
            if "=" not in name:  # which would be an override
                command = ["reproduce"] if suite else ["schedules", "show"]
                _require_command_refuses([*command, str(path)], str(error))
            return "refused"
        raise WrongError("what is no run is accepted")

    def judge_overrides(self, overrides: Sequence[str]) -> str:
        """Judge what is said of overrides of a run that is right."""
        self.run.write_text(SGD, encoding="utf-8")
        return self._judge(self.run, overrides, source=f"{re.escape(str(self.run))}|{config.COMMAND_LINE}")

    def judge_mistaken_override(self, mistake: Mistake) -> str:
        """Judge what is said of an override with one mistake."""
        self.run.write_text(SGD, encoding="utf-8")
        at = f"{config.COMMAND_LINE}: {mistake.said}"
        return self._judge(self.run, [examples.as_override(mistake)], source=config.COMMAND_LINE, at=at)

    def _judge(self, path: Path, overrides: Sequence[str] = (), *, source: str = "", at: str = "") -> str:
        """Load a run and judge what is said of it.

        Args:
            path: the run's file.
            overrides: on the command line.
            source: what a message has to begin with, as a regular expression; left out: the file.
            at: what is wrong, if that is known: the source and the key, as a regular expression.
        """
        try:
            accepted = config.load(path, overrides).config
        except ConfigError as error:
            message = str(error)
        else:
            if at:
                raise WrongError(f"accepted with a mistake at {at}")
            self._require_same_again(accepted)
            return "accepted"
        _require_one_line(message)
        rest = _require_source(message, source or re.escape(str(path)))
        if not KEY_OR_LINE.match(rest) and not rest.startswith(OF_THE_WHOLE):
            raise WrongError(f"a message names neither key nor line: {message}")
        if at and not re.search(at, message):
            raise WrongError(f"a message does not name {at}: {message}")
        if _for_the_command(message.encode()) and not any(text.startswith("-") for text in overrides):
            _require_command_refuses(["schedules", "show", str(path), *overrides], message)
        return "refused"

    def _require_same_again(self, first: config.RunConfig) -> None:
        """Require that what was accepted is written so that it reads back to the same."""
        self.again.write_text(config.to_yaml(first), encoding="utf-8")
        second = config.load(self.again).config
        if first != second or repr(first) != repr(second):  # True equals 1
            raise WrongError(f"{first!r:.{SHOWN}} is written so that it reads back as {second!r:.{SHOWN}}")


def _without_comments(path: Path) -> bytes:
    lines = path.read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"#"))


# Results --------------------------------------------------------------------------------------------------

EPOCHS = 3
UPDATES = 4


class Results:
    """Judges what is read of histories.

    Args:
        folder: where runs are written: one that is finished, one that is not, and what is tried.
    """

    def __init__(self, folder: Path) -> None:
        self.finished, self.running, self.new = (
            folder / name / "seed-0" for name in ("done", "running", "new")
        )
        for place in (self.finished, self.running):
            writer = history.Writer(place, _record(place.parent.name, EPOCHS), SGD)
            writer.write_epochs(_rows([(0.1, 0.5, 0.25, 1 / 3, 0.1 + 0.2, 0.7)] * EPOCHS))
            updates = [(number, 0.1, 1 / number) for number in range(1, UPDATES + 1)]
            writer.write_updates([dict(zip(history.UPDATE_COLUMNS, row, strict=True)) for row in updates])
            if place is self.finished:
                writer.write_correct(np.ones(20, bool))
                writer.finish("done")
        both = (self.finished, self.running)
        self.files = {path: path.read_bytes() for place in both for path in place.iterdir()}
        self.whole = history.read(self.finished)

    def judge_written(self, rows: Sequence[Sequence[float]]) -> str:
        """Require that a history reads back as it was written, bit for bit."""
        writer = history.Writer(self.new, _record("new", len(rows)), SGD)
        writer.write_epochs(_rows(rows))
        writer.finish("done")
        read = history.read(self.new)
        for number, row in enumerate(_rows(rows)):
            for column, value in row.items():
                if repr(float(read[column][number])) != repr(float(value)):
                    raise WrongError(f"{column} of epoch {number + 1} reads back as {read[column][number]!r}")
        return "accepted"

    def judge_finished(self, edits: Edits) -> str:
        """Require that a finished history is refused if anything but its last column is changed."""
        path = self.finished / "history.csv"
        content = self._edit(path, edits)
        read = self._read(path)
        if read is None:
            return "refused"
        if not _same_but_seconds(content, self.files[path]):
            raise WrongError(f"a changed history is accepted: {content!r}")
        for column in history.COLUMNS[:-1]:
            np.testing.assert_array_equal(read[column], self.whole[column])
        return "accepted, the same" if content == self.files[path] else "accepted, with other seconds"

    def judge_unfinished(self, edits: Edits) -> str:
        """Require that a history in progress is numbers or refused; a watcher sees rows or none."""
        path = self.running / "history.csv"
        content = self._edit(path, edits)
        history.rows_on_disk(self.running)
        read = self._read(path)
        if read is None:
            return "refused"
        _require_numbers(content, read.columns)
        return "accepted"

    def judge_updates(self, edits: Edits) -> str:
        """Require that updates are refused if they changed after the run's end, and otherwise are numbers."""
        path = self.finished / "updates.csv"
        content = self._edit(path, edits)
        if self._read(path) is not None and content != self.files[path]:
            raise WrongError(f"changed updates are accepted: {content!r}")
        path = self.running / "updates.csv"
        content = self._edit(path, edits)
        try:
            updates = history.read(self.running).updates
        except HistoryError as error:
            _require_of_a_history(str(error), path)
            return "refused"
        _require_numbers(content, updates or {})
        return "accepted"

    def judge_record(self, example: "bytes | Edits | Changes") -> str:
        """Require that a record is as it was written, or sealed and right in its form, or refused."""
        path = self.finished / "run.json"
        self._reset()
        content = altered(self.files[path], example)
        path.write_bytes(content)
        try:
            read = history.read(self.finished)
        except HistoryError as error:
            _require_one_line(str(error))
            _require_source(str(error), rf"{re.escape(str(self.finished))}/[a-z]+\.[a-z]+")
            self._perhaps_by_command(self.finished, str(error))
            return "refused"
        if content == self.files[path]:
            return "accepted, the same"
        if not (isinstance(example, Changes) and example.sealed):
            raise WrongError(f"a changed record is accepted: {content!r}")
        _summarise([read, self.whole])
        return "accepted, sealed again"

    def _reset(self) -> None:
        for path, content in self.files.items():
            path.write_bytes(content)

    def _edit(self, path: Path, edits: Edits) -> bytes:
        self._reset()
        content = edited(self.files[path], edits)
        path.write_bytes(content)
        return content

    def _read(self, path: Path) -> history.History | None:
        try:
            return history.read(path.parent)
        except HistoryError as error:
            _require_of_a_history(str(error), path)
            self._perhaps_by_command(path.parent, str(error))
            return None

    def _perhaps_by_command(self, folder: Path, message: str) -> None:
        if _for_the_command((folder / "history.csv").read_bytes() + (folder / "run.json").read_bytes()):
            _require_command_refuses(["plot", str(folder)], message)


def _record(run: str, epochs: int) -> history.Record:
    images = history.DataRecord(
        kind="cifar10",
        label="CIFAR-10",
        fingerprint="sha256:0",
        classes=("cat", "dog"),
        train_images=10_000,
        validation_images=2_000,
    )
    return history.Record(
        status="running",
        run=run,
        seed=0,
        key="0" * 64,
        epochs=epochs,
        model="article",
        data=images,
        versions={"keras": "3.15.1"},
        machine={"processor": "a processor"},
    )


def _rows(rows: Sequence[Sequence[float]]) -> list[dict[str, float]]:
    return [dict(zip(history.COLUMNS, (n, *row), strict=True)) for n, row in enumerate(rows, start=1)]


def _require_of_a_history(message: str, path: Path) -> None:
    _require_one_line(message)
    if not OF_A_HISTORY.match(_require_source(message, re.escape(str(path)))):
        raise WrongError(f"a message says neither which line nor what: {message}")


def _require_numbers(content: bytes, columns: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Require that what was read is what the file says, row by row, and nothing but finite numbers."""
    _, *lines = content.decode("ascii").removesuffix("\n").split("\n")
    said = [[float(text) for text in line.split(",")] for line in lines]
    read = np.array(list(columns.values())).T.tolist()
    if (
        said != read
        or not np.isfinite(read).all()
        or [row[0] for row in read] != list(range(1, len(read) + 1))
    ):
        raise WrongError(f"{content!r} is read as {read}")


def _same_but_seconds(one: bytes, other: bytes) -> bool:
    """Return whether two histories differ in nothing but cells of their last column."""
    cells, others = ([line.split(b",") for line in content.split(b"\n")] for content in (one, other))
    last = len(history.COLUMNS) - 1
    same_form = [len(row) for row in cells] == [len(row) for row in others]
    return same_form and [row[:last] for row in cells] == [row[:last] for row in others]


def _summarise(histories: Sequence[history.History]) -> None:
    """Require that histories can be put together, or that it is said in a line why not."""
    for one in histories:
        _require_one_line(summary.ending(one))
    for work in (
        summary.table,
        summary.by_run,
        summary.sweeps,
        lambda some: summary.curves(some, "val_loss"),
    ):
        try:
            work(histories)
        except SummaryError as error:
            _require_one_line(str(error))


# States ---------------------------------------------------------------------------------------------------


class States:
    """Judges what is read of the state of a run.

    Args:
        folder: where a state of two generations is written.
    """

    def __init__(self, folder: Path) -> None:
        origin = history.Origin(processor="a processor", device="cpu", versions={"keras": "3.15.1"})
        self.store = checkpoint.Store(folder, "0" * 64, origin)
        self.arrays = {"weights/0": np.linspace(0, 1, 6).reshape(2, 3), "seed": np.array([7], np.uint32)}
        with self.store:
            for epoch in (1, 2):
                self.store.commit(checkpoint.State(epoch, 0, self.arrays))
        _, self.newest = checkpoint.generations(folder)
        names = (checkpoint.MANIFEST, checkpoint.ARRAYS)
        self.manifest, self.content = ((self.newest / name).read_bytes() for name in names)

    def judge(self, damage: Damage) -> str:
        """Require that a damaged generation is set aside, and the one before it is gone on from."""
        manifest, content = self._inflict(damage)
        try:
            read = checkpoint.read(self.newest)
        except SealError as error:
            self._require_set_aside(str(error))
            return "refused"
        if read.state.epoch != 2 or read.state.update:
            raise WrongError("a state is taken for that of another epoch")
        if content == self.content:
            for name, array in self.arrays.items():
                np.testing.assert_array_equal(read.state.arrays[name], array, strict=True)
        if (manifest, content) == (self.manifest, self.content):
            return "accepted, the same"
        if examples.seal(json.loads(manifest)) != manifest:
            raise WrongError("a changed generation is accepted")
        return "accepted, sealed again"

    def _inflict(self, damage: Damage) -> tuple[bytes, bytes]:
        """Write the newest generation as it is after a damage; return its manifest and its arrays."""
        content = altered(self.content, damage.arrays)
        manifest = self.manifest
        if damage.fits:
            said = {"arrays_bytes": len(content), "arrays_sha256": hashlib.sha256(content).hexdigest()}
            manifest = examples.seal(json.loads(manifest) | said)
        manifest = altered(manifest, damage.manifest)
        self.newest.mkdir(exist_ok=True)
        (self.newest / checkpoint.MANIFEST).write_bytes(manifest)
        (self.newest / checkpoint.ARRAYS).write_bytes(content)
        return manifest, content

    def _require_set_aside(self, problem: str) -> None:
        _require_one_line(problem)
        if not problem.startswith((checkpoint.MANIFEST, checkpoint.ARRAYS)):
            raise WrongError(f"a message names no file: {problem}")
        generation, said = self.store.latest()
        aside = self.newest.with_name(f"damaged-{self.newest.name}")
        if generation is None or generation.state.epoch != 1 or not aside.is_dir() or self.newest.exists():
            raise WrongError("a damaged generation is not set aside")
        if len(said) != 1 or problem not in _require_source(said[0], re.escape(str(self.newest))):
            raise WrongError(f"what is said of a damaged generation is {said}, not {problem}")
        _require_one_line(said[0])
        shutil.rmtree(aside)


if __name__ == "__main__":
    raise SystemExit(main("fuzz", campaign, CASES))
