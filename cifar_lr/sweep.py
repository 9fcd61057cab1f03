"""A suite times seeds: find what is done, and have trained what is not."""

import os
import platform
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cifar_lr import checkpoint, data, history
from cifar_lr.config import ConfigError, Data, Run, parse_yaml, to_yaml
from cifar_lr.engines import Engine
from cifar_lr.execution import ATTEMPTS, Execution, Task, Watcher, fate_of_process, import_keras

RESULTS = Path("results")


class SweepError(Exception):
    """A suite that can not be run as asked. The message is one line."""


def plan(
    runs: Sequence[Run],
    seeds: Sequence[int],
    source: data.Source,
    out: Path,
    *,
    every: int = 1,
    inexact: bool = False,
) -> list[Task]:
    """Return one task for each run and seed, in this order: seed by seed, run by run.

    Args:
        runs: what to train.
        seeds: whole numbers of at least 0.
        source: the images.
        out: the suite's folder of results; a task's is `out/<run>/seed-<n>`.
        every: how many epochs a commit takes.
        inexact: what was begun with other versions or on another processor may be gone on with.

    Raises:
        data.DataError: if a run asks for classes or images that the source lacks.
    """
    return [
        Task(
            run,
            source,
            out / run.name / f"seed-{seed}",
            history.describe(run, seed, _images_of(run, source)),
            every,
            inexact,
        )
        for seed in seeds
        for run in runs
    ]


def _images_of(run: Run, source: data.Source) -> history.DataRecord:
    try:
        return _images(source, run.config.data)
    except data.DataError as error:
        raise data.DataError(f"{run.place}: data: {error}") from None


def pending(tasks: Sequence[Task], *, force: bool = False) -> list[Task]:
    """Return the tasks that are not done yet.

    A task is done if its folder holds a history with the same key and status `done`. One that was
    interrupted, diverged or failed is to be run again.

    Args:
        tasks: what `plan` returned.
        force: all tasks are to be run, whatever their folders hold.

    Raises:
        SweepError: if a folder holds the result of something else, which would be lost.
        history.HistoryError: if a result that should be done can not be read.
    """
    replaced = {task.folder for task in tasks} if force else set()
    found = {
        path.parent: history.read_record(path.parent)
        for out in sorted({task.folder.parent.parent for task in tasks})
        for path in sorted(out.glob("*/seed-*/run.json"))
        if path.parent not in replaced
    }
    for task in tasks:
        _refuse_mixture(task, found)
    todo = [task for task in tasks if force or not _is_done(task)]
    for task in todo:
        _refuse_other_seeds(task, found)
    return todo


def execute(
    tasks: Sequence[Task],
    engine: Engine,
    watcher: Watcher,
    *,
    take_from: Path | None = None,
    force: bool = False,
) -> list[history.Record]:
    """Train the tasks, and return how each ended, in their order.

    All configurations are tried out before the first result is touched. What was interrupted goes on where
    it was.

    Args:
        tasks: what `pending` returned.
        engine: where they are executed.
        watcher: is told how they fare.
        take_from: the folder of all suites' results. What another suite has trained already is copied from
            there: a result of the same key and processor is made of the same bits, whatever it is called.
            (Seven of the notebook's eight runs are the article's.)
        force: begin afresh what was interrupted.

    Raises:
        ConfigError: if a configuration asks for what Keras does not know or refuses.
        SweepError: if another process is writing to these results.
        history.HistoryError: if the results can not be written.
        checkpoint.CheckpointError: if an old state can not be removed.
        KeyboardInterrupt: if asked to stop.
    """
    for task in tasks:
        _require_writable(task.folder)
    with engine:
        _check(tasks, engine, watcher)
        with _alone_in(tasks[0].folder.parent.parent):
            todo = pending(tasks, force=force)  # another process may have been faster
            for task in todo if force else ():
                history.void(task.folder)
                checkpoint.remove(task.folder / "state")
            ended = _execute(todo, engine, watcher, take_from)
            return [ended.get(task.label) or history.read_record(task.folder) for task in tasks]


def _execute(
    tasks: Sequence[Task], engine: Engine, watcher: Watcher, take_from: Path | None
) -> dict[str, history.Record]:
    ended: dict[str, history.Record] = {}
    to_train = []
    twins = _twins(take_from) if take_from else {}
    for task in tasks:
        if twin := _twin(task, twins):
            ended[task.label] = history.copy(twin, task.folder, task.run.name)
            checkpoint.remove(task.folder / "state")
            watcher.taken_over(task, twin)
        else:
            to_train.append(task)
            begun = checkpoint.newest(task.folder / "state")
            if begun and (task.inexact or begun.manifest.key == task.record.key):
                watcher.resumed(task, begun.state.epoch, begun.state.update)
    return ended | Execution(engine, watcher).train(to_train)


def _twins(results: Path) -> dict[tuple[str, str], list[Path]]:
    """Return the folders of all finished results of all suites, by key and processor."""
    found: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in sorted(results.glob("*/*/seed-*/run.json")):
        try:
            record = history.read_record(path.parent)
        except history.HistoryError:
            continue  # damaged, so no twin; its own suite will say so
        if record.status == "done" and not record.continued:
            found[record.key, record.machine["processor"]].append(path.parent)
    return found


def _twin(task: Task, twins: Mapping[tuple[str, str], Sequence[Path]]) -> Path | None:
    """Return the folder of a finished and whole result of the same bits as a task's, if there is one."""
    for folder in twins.get((task.record.key, task.record.machine["processor"]), ()):
        try:
            history.read(folder)
        except history.HistoryError:
            continue
        return folder
    return None


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Hold a suite's results against other processes; the lock dies with its holder."""
    path = out / ".lock"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise SweepError(f"{path}: is a folder, where a file is the lock. Remove it")
        with FileLock(path, timeout=0):
            since = datetime.now().astimezone().isoformat(" ", "seconds")
            path.write_text(f"process {os.getpid()} on {platform.node()}, since {since}", encoding="utf-8")
            yield
    except Timeout:
        holder = path.read_text(encoding="utf-8", errors="replace")[:200] or "another process"
        raise SweepError(f"{out}: {holder} is writing there. Wait, or give another --out") from None


def results_folder(suite: str, overrides: Sequence[str], source: data.Source, runs: Sequence[Run]) -> Path:
    """Return where a suite's results go if nobody says: nothing ever goes among results of another kind.

    `results/<suite>`, with the overrides behind the name if there are any, and `-stand-in` on stand-in
    data. If the folder already holds results on other images, the images' label is put behind the name.
    """
    variant = "".join(f"+{override}" for override in sorted(overrides))
    folder = RESULTS / (suite + re.sub(r"[^A-Za-z0-9+=._,-]+", "-", variant)[:150])
    if source.kind == "stand-in":
        return folder.with_name(f"{folder.name}-stand-in")
    used = {run.name for run in runs}
    for path in sorted(folder.glob("*/seed-*/run.json")):
        try:
            record = history.read_record(path.parent)
        except history.HistoryError:
            continue  # whoever wants that result will hear of it
        if record.run in used and record.data.label != source.label:
            return folder.with_name(f"{folder.name}-{history.slug(source.label)}")
    return folder


@cache
def _images(source: data.Source, wanted: Data) -> history.DataRecord:
    """Describe the images that a run uses; they are read and hashed once."""
    described = history.DataRecord.of(data.load(source, **dict(wanted)))
    if len(described.classes) < 2:  # noqa: PLR2004  one class leaves nothing to tell apart
        raise SweepError(
            f"{source.label}: has one class only, {described.classes[0]}; training takes two or more"
        )
    return described


def _refuse_mixture(task: Task, found: Mapping[Path, history.Record]) -> None:
    """Refuse to put results on stand-in images among results on others, or the other way round."""
    for folder, record in found.items():
        kinds = {record.data.kind, task.record.data.kind}
        if folder.parent.parent == task.folder.parent.parent and "stand-in" in kinds and len(kinds) > 1:
            raise SweepError(
                f"{folder}: stand-in and real images do not go into one folder. Give another --out"
            )


def _refuse_other_seeds(task: Task, found: Mapping[Path, history.Record]) -> None:
    """Refuse a seed beside seeds of the same run that ran something else: nothing could put them together."""
    for folder, record in found.items():
        if folder.parent != task.folder.parent or folder == task.folder or record.status != "done":
            continue
        same = replace(task, folder=folder, record=history.describe(task.run, record.seed, task.record.data))
        if record.key != same.record.key:
            raise SweepError(
                f"{folder}: is a seed of something else, beside which {task.label} does not go: "
                f"{_difference(record, same)}. Give another --out, or replace all seeds with --force"
            )


def _is_done(task: Task) -> bool:
    if not (task.folder / "run.json").exists():
        return False
    found = history.read_record(task.folder)
    if found.key != task.record.key:
        _refuse_other(found, task)
    if found.status == "done":
        history.read(task.folder)  # refuses what is damaged
        checkpoint.remove(task.folder / "state")  # left where a process ended between its last two steps
        return True
    if not task.inexact and (begun := checkpoint.newest(task.folder / "state")):
        _refuse_other_processor(begun.manifest.origin, task)
    return False


def _refuse_other(found: history.Record, task: Task) -> None:
    """Refuse to overwrite a result with another key, but for an unfinished one of other versions, if told."""
    there = history.describe(task.run, task.record.seed, task.record.data, _decisive_versions(found))
    versions_alone = there.key == found.key and found.status in {"running", "failed"}
    if versions_alone and task.inexact:
        return
    inexact = ", or --inexact to go on all the same, which is recorded" if versions_alone else ""
    raise SweepError(
        f"{task.folder}: holds the result of something else, which is neither used nor overwritten: "
        f"{_difference(found, task)}. Give another --out, or --force to replace it{inexact}"
    )


def _refuse_other_processor(origin: history.Origin, task: Task) -> None:
    there, here = origin.processor, task.record.machine["processor"]
    if there != here:
        raise SweepError(
            f"{task.folder}: was begun on another processor, {there}, and would not end in the same bits on "
            f"{here}. Go on there, or here with --inexact, which is recorded, or afresh with --force"
        )


def _decisive_versions(record: history.Record) -> dict[str, str]:
    return {name: version for name, version in record.versions.items() if name != "python"}


def _difference(found: history.Record, task: Task) -> str:
    """Say in what a result on disk differs from what a task would make."""
    there, here = (
        _decisive(found, _saved_config(task.folder)),
        _decisive(task.record, to_yaml(task.run.config)),
    )
    keys = [key for key in sorted({*there, *here}) if there.get(key) != here.get(key)]
    said = [f"{key} is {there.get(key, 'not set')} there, {here.get(key, 'not set')} here" for key in keys]
    return "; ".join(said[:4]) + ("; and more" if len(said) > 4 else "") or f"its key is {found.key[:12]}"  # noqa: PLR2004


def _saved_config(folder: Path) -> str:
    try:
        return (folder / "config.yaml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _decisive(record: history.Record, config: str) -> dict[str, Any]:
    versions = _decisive_versions(record)
    return {
        **_flat(parse_yaml(config, "config.yaml")),
        "seed": record.seed,
        "data": f"{record.data.label} ({record.data.fingerprint[:19]})",
        **{f"version of {name}": version for name, version in versions.items()},
    }


def _flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(tree, dict):
        return {prefix: tree} if prefix else {}
    return {
        k: v for key, value in tree.items() for k, v in _flat(value, f"{prefix}.{key}".lstrip(".")).items()
    }


def _require_writable(folder: Path) -> None:
    """Find out that results can be written before anything is trained; leave nothing behind."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists())
    probe = existing / ".cifar-lr-probe"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise history.HistoryError(f"{folder}: can not be written: {error.strerror}") from None


def _check(tasks: Sequence[Task], engine: Engine, watcher: Watcher) -> None:
    first_of_each: dict[str, Task] = {}
    for task in tasks:
        first_of_each.setdefault(task.run.name, task)
    futures = [_submit_check(task, engine) for task in first_of_each.values()]
    for task, future in zip(first_of_each.values(), futures, strict=True):
        _hear(task, future, engine, watcher)


def _submit_check(task: Task, engine: Engine) -> Future[None]:
    return engine.submit(_check_one, task.run, task.record.data.train_images)


def _hear(task: Task, future: Future[None], engine: Engine, watcher: Watcher) -> None:
    """Hear whether a configuration can be trained; a process that dies over it is no verdict at first."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            future.result()
            break
        except ConfigError as error:
            raise ConfigError(f"{task.run.place}: {error}") from None
        except Exception as error:
            fate = fate_of_process(error)
            if not fate or attempt == ATTEMPTS:
                said = fate or f"{type(error).__name__}: {error}"
                raise SweepError(f"{task.run.place}: could not be tried out: {said}") from error
            watcher.retried(task, fate)
            future = _submit_check(task, engine)


def _check_one(run: Run, train_images: int) -> None:
    import_keras()
    from cifar_lr.train import check

    check(run.config, train_images)
