"""The command `cifar-lr`: arguments and printing. Each side of the package is imported inside its command.

Exit status: 0 done; 1 something ran and failed or diverged; 2 bad input, nothing was run; 130 interrupted.
"""

import argparse
import atexit
import io
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from cifar_lr.history import History
    from cifar_lr.imported import Imported

MAX_SEED = 2**31 - 1
MAX_SEEDS = 10_000
MAX_WORKERS = 256
MAX_EPOCHS = 100_000
MAX_MESSAGE = 1000
SECONDS_TO_END = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that a terminal has no letters for
    options = _parse(arguments)
    _on_signals(_interrupt)
    atexit.register(_on_signals, signal.SIG_IGN)  # the interpreter's last moments hear nothing
    try:
        return int(options.command(options))
    except KeyboardInterrupt:
        _end_in_peace()
        goes_on = options.interrupted
        if getattr(options, "force", False):
            goes_on = "the same command without --force goes on where this one was"
        with suppress(BrokenPipeError):
            print(f"interrupted; {goes_on}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except _bad_input() as error:
        print("cifar-lr:", _one_line(error), file=sys.stderr)
        return 2


def _interrupt(*_: Any) -> NoReturn:
    """Take Ctrl-C and a polite kill, as a cluster sends one, alike: workers are ended on the way out."""
    _end_in_peace()
    raise KeyboardInterrupt


def _end_in_peace() -> None:
    """Hear no more signals for a while; then, one means that the way out is blocked."""
    began = time.monotonic()

    def hear(*_: Any) -> None:
        if time.monotonic() - began > SECONDS_TO_END:
            os._exit(130)

    _on_signals(hear)


def _one_line(error: Exception) -> str:
    from cifar_lr.config import one_line

    return one_line(str(error))[:MAX_MESSAGE]


def _on_signals(handler: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _bad_input() -> tuple[type[Exception], ...]:
    """Return what tells of a mistake in what the program was given, or of files it can't have."""
    from cifar_lr.checkpoint import CheckpointError
    from cifar_lr.claims import ClaimError
    from cifar_lr.config import ConfigError
    from cifar_lr.data import DataError
    from cifar_lr.drawing import FigureError
    from cifar_lr.estimates import EstimateError
    from cifar_lr.history import HistoryError
    from cifar_lr.imported import ImportedHistoryError
    from cifar_lr.metrics import MetricError
    from cifar_lr.rangetest import RangeTestError
    from cifar_lr.report import ReportError
    from cifar_lr.summary import SummaryError
    from cifar_lr.sweep import SweepError

    return (
        CheckpointError,
        ClaimError,
        ConfigError,
        DataError,
        EstimateError,
        FigureError,
        HistoryError,
        ImportedHistoryError,
        MetricError,
        OSError,
        RangeTestError,
        ReportError,
        SummaryError,
        SweepError,
    )


def run(options: argparse.Namespace) -> int:
    """Train one configuration with one seed."""
    from cifar_lr import config, data

    one = config.load(options.config, options.overrides)
    suite = options.config.resolve().parent.name
    source = data.locate(options.data, say=_say(options), progress=not options.quiet)
    tasks, records = _train([one], [options.seed], suite, source, options)
    _print_records(tasks, records, options)
    return _status(records)


def reproduce(options: argparse.Namespace) -> int:
    """Train every run of a suite with every seed, and draw the figures."""
    from cifar_lr import config, data, imported

    runs = config.load_suite(options.suite, options.overrides)
    if os.path.lexists(published := options.suite / "published.csv"):
        imported.load(published)  # what is wrong with it is said before anything is trained
    suite = options.suite.resolve().name
    source = data.locate(options.data, say=_say(options), progress=not options.quiet)
    tasks, records = _train(runs, range(options.seeds), suite, source, options)
    out = tasks[0].folder.parent.parent
    _print_records(tasks, records, options)
    status = _status(records)
    try:
        _conclude(out, trained=any(records))
    except _bad_input() as error:
        if not status:
            raise
        print("cifar-lr: no figures and no summary:", _one_line(error), file=sys.stderr)
        return status
    if not options.json and any((out / "figures").glob("*")):
        print(f"figures: {out / 'figures'}")
    return status


def find_rate(options: argparse.Namespace) -> int:
    """Find a learning rate for one configuration: the loss while the rate grows, and what it suggests."""
    from cifar_lr import config, data, drawing, figure_of_range, rangetest

    span = rangetest.Span(options.min, options.max, options.updates)
    one = config.load(options.config, options.overrides)
    source = data.locate(options.data, say=_say(options), progress=not options.quiet)
    name = f"{options.config.resolve().parent.name}-{one.name}"
    seeds = range(options.seeds)
    out = options.out or rangetest.results_folder(name, options.overrides, source, seeds, span)
    rangetest.require_writable(out)
    with_seeds = f"{options.seeds} seed{'' if options.seeds == 1 else 's'}"
    _announce(f"{source.label}: a range test with {with_seeds}, into {out}", source, options)
    measured = rangetest.measure(one, seeds, source, span, _say(options))
    figures = {"find_rate": figure_of_range.draw(measured)}
    files = [str(path) for path in (rangetest.write(measured, out), *drawing.save(figures, out))]
    if options.json:
        print(json.dumps({**rangetest.summary(measured), "files": files}, indent=2))
        return 0
    for found in measured.suggestions:
        rate = (
            f"{found.rate:<9.3g} {rangetest.MEANINGS[found.rule]}" if found.rate else f"none: {found.reason}"
        )
        print(f"{found.rule:9} {rate}")
    print("written: ", *files)
    return 0


def plot(options: argparse.Namespace) -> int:
    """Draw what saved histories allow."""
    from cifar_lr import drawing, figures, history

    histories, suite, others, remarks = _read(options, "draw")
    drawn = figures.draw_all(histories, others)
    if not drawn:
        raise history.HistoryError(
            f"{options.results}: none of its {len(histories)} runs is done; nothing to draw"
        )
    out = options.out or Path(os.path.relpath(suite)) / "figures"
    for path in drawing.save(drawn, out, options.format):
        print(path)
    for remark in remarks:
        _say(options)(remark)
    return 0


def report(options: argparse.Namespace) -> int:
    """Write one page of HTML about a suite: verdicts, curves, tables."""
    import datetime as dt

    from cifar_lr import claims, history, report

    histories, suite, others, remarks = _read(options, "report")
    if not suite.samefile(options.results):
        raise report.ReportError(
            f"{options.results}: is not the folder of a suite; {os.path.relpath(suite)} is"
        )
    path = options.claims or history.configs_of(suite, histories)[0] / "claims.yaml"
    ledger = claims.load(path) if options.claims or os.path.lexists(path) else None
    suites: report.Suites = {None: histories, **report.find_suites(ledger, suite, histories)}
    found = report.conclude(suites, ledger, others)
    commands = report.commands(options.results, suites, options.beside, options.claims)
    for file in report.write(found, options.results, commands, dt.datetime.now().astimezone().date()):
        print(file)
    remarks += [f"{one.claim.id}: {one.explanation}" for one in found.outcomes if not one.differences]
    if ledger is None:
        remarks.append(f"no verdicts: there is no {path}; --claims FILE names another")
    for remark in remarks:
        _say(options)(remark)
    return 0


def _read(options: argparse.Namespace, do: str) -> tuple[list["History"], Path, list["Imported"], list[str]]:
    """Return the histories that were named, their suite's folder, what stands beside them, and remarks."""
    from cifar_lr import history, summary

    histories = history.find(options.results)
    if (missing := summary.missing(histories)) and not options.allow_missing:
        raise summary.SummaryError(
            f"{options.results}: {missing}. Train it, or {do} what there is with --allow-missing"
        )
    # A run or a seed may have been named, and be a link: its suite is where the link lies.
    suite = Path(os.path.abspath(histories[0].folder)).parent.parent.resolve()  # noqa: PTH100
    return histories, suite, *_beside(suite, histories, options.beside)


def _beside(
    suite: Path, histories: Sequence["History"], names: Sequence[str]
) -> tuple[list["Imported"], list[str]]:
    """Return what stands beside a suite's runs, and what is to be said of what can not.

    What was asked for is kept in any case, as the page names it, too; what stands there by itself goes if it
    does not fit.
    """
    from cifar_lr import conclusions, imported

    if names and histories[0].record.data.stand_in:
        return [], ["histories from elsewhere are left out beside stand-in data"]
    asked = {path.resolve(): path for path in (_imported(suite.parent, name) for name in names)}
    by_itself = [path for path in _published_file(suite, histories) if path.resolve() not in asked]
    others, remarks = [], []
    for one in imported.load_all([*by_itself, *asked.values()]):
        reasons = conclusions.without_counterpart(histories, [one])
        remarks += [f"not beside ours: {reason}" for reason in reasons]
        if not (reasons and one.name in {path.stem for path in by_itself}):
            others.append(one)
    return others, remarks


def _published_file(suite: Path, histories: Sequence["History"]) -> list[Path]:
    """Return the file of what stands beside a suite's runs without being asked for, if it has one."""
    from cifar_lr import history

    configs, overrides = history.configs_of(suite, histories)
    path = configs / "published.csv"
    as_configured = overrides == [] and not histories[0].record.data.stand_in
    return [path] if as_configured and os.path.lexists(path) else []


def _imported(results: Path, name: str) -> Path:
    """Return where what was imported under a name lies, or the file that the name is."""
    return Path(name) if name.endswith(".csv") else results / "imported" / f"{name}.csv"


def import_(options: argparse.Namespace) -> int:
    """Read a training history from elsewhere, to stand beside ours."""
    from cifar_lr import imported
    from cifar_lr.config import one_line

    histories = imported.read(options.file, options.name, options.run)
    path = imported.write(histories, options.out)
    ignored = sorted({name for one in histories for name in one.ignored})
    if ignored:
        _say(options)(one_line(f"{options.file}: not kept: {', '.join(ignored)}")[:MAX_MESSAGE])
    for one in histories:
        gaps = f"; {one.gaps}" if one.gaps else ""
        named = (
            "" if options.run or not one.run.isdecimal() else "; --run names the run that it stands beside"
        )
        _say(options)(f"{one.run}: {len(one.epochs)} epochs, up to {one.epochs[-1]}{gaps}{named}")
    print(path)
    return 0


def schedules_list(options: argparse.Namespace) -> int:
    """List every schedule of the catalogue."""
    from cifar_lr import preview

    print(json.dumps(preview.listing_records(), indent=2) if options.json else preview.listing())
    return 0


def schedules_show(options: argparse.Namespace) -> int:
    """Show a schedule's settings and the rates that it gives, epoch by epoch."""
    from cifar_lr import preview

    if (other := preview.find_other(options.schedule)) and not (options.overrides or options.epochs):
        print(
            json.dumps(preview.other_record(other), indent=2) if options.json else preview.other_text(other)
        )
        return 0
    shown = preview.find(options.schedule, options.overrides, options.epochs)
    if options.json:
        print(json.dumps(preview.record(shown), indent=2))
    else:
        columns = shutil.get_terminal_size().columns
        print(preview.text(shown, columns, ascii_only=not _prints("▗█│")))
    return 0


def schedules_plot(options: argparse.Namespace) -> int:
    """Draw the rates of one or more schedules or runs."""
    from cifar_lr import drawing, preview

    drawn = preview.draw(preview.find_all(options.schedules), log=options.log)
    out = options.out
    print(*drawing.save({out.stem: drawn}, out.parent, [out.suffix.removeprefix(".")]))
    return 0


def data_status(options: argparse.Namespace) -> int:
    """Show which images are where."""
    from cifar_lr import data

    rows = data.status()
    if options.json:
        print(json.dumps([vars(row) for row in rows], indent=2, default=str))
    else:
        width = max(len(str(row.place)) for row in rows)
        for row in rows:
            print(f"{row.place!s:{width}}  {row.state:10}  {row.detail}".rstrip())
    return 0


def data_fetch(options: argparse.Namespace) -> int:
    """Download CIFAR-10 into the cache."""
    from cifar_lr import data

    print(data.fetch(say=_say(options), progress=not options.quiet).folder)
    return 0


def data_import(options: argparse.Namespace) -> int:
    """Read CIFAR-10 from a file into the cache."""
    from cifar_lr import data

    print(data.import_path(options.path, say=_say(options)).folder)
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Show what this installation has to work with."""
    import platform

    from cifar_lr.execution import import_keras

    import_keras()
    import keras
    import numpy as np
    import tensorflow as tf

    from cifar_lr import __version__, data

    found = {
        "cifar_lr": __version__,
        "Python": platform.python_version(),
        "Keras": f"{keras.__version__} on {keras.config.backend()}",
        "TensorFlow": tf.__version__,
        "NumPy": np.__version__,
        "cores": str(_cores()),
        "GPU": ", ".join(gpu.name for gpu in tf.config.list_physical_devices("GPU")) or "none",
        **{str(row.place): f"{row.state}  {row.detail}" for row in data.status()},
    }
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:12} {value}".rstrip())
    return 0


def _train(
    runs: Sequence[Any], seeds: Sequence[int], suite: str, source: Any, options: argparse.Namespace
) -> tuple[list[Any], list[Any]]:
    """Train what is not done; return all tasks, and each one's new record or None if it was done before."""
    from cifar_lr import sweep
    from cifar_lr.engines import LocalProcesses
    from cifar_lr.progress import watch

    out = options.out or sweep.results_folder(suite, options.overrides, source, runs)
    tasks = sweep.plan(runs, seeds, source, out, every=options.every, inexact=options.inexact)
    todo = sweep.pending(tasks, force=options.force)
    done = len(tasks) - len(todo)
    runs_ = f"{len(tasks)} run{'' if len(tasks) == 1 else 's'}, {done} of them done before"
    _announce(f"{source.label}: {runs_}, into {out}", source, options)
    if not todo:
        return tasks, [None] * len(tasks)
    workers = min(options.workers, len(todo))
    others = None if options.out or options.force else sweep.RESULTS
    with watch(todo, workers, quiet=options.quiet) as watcher:
        records = sweep.execute(todo, LocalProcesses(workers), watcher, take_from=others, force=options.force)
    new = {task.label: record for task, record in zip(todo, records, strict=True)}
    return tasks, [new.get(task.label) for task in tasks]


def _conclude(out: Path, *, trained: bool) -> None:
    """Draw a suite's figures, then write its summary, unless the summary is newer than all runs."""
    from cifar_lr import history

    written = out / "summary.csv"
    newest = max((path.stat().st_mtime for path in out.glob("*/seed-*/run.json")), default=0.0)
    if not trained and written.exists() and (out / "figures").exists() and written.stat().st_mtime >= newest:
        return
    from cifar_lr import drawing, figures, imported, summary

    histories = history.find(out)
    others = imported.load_all(_published_file(out, histories))
    drawing.save(figures.draw_all(histories, others), out / "figures")
    summary.write(histories, written)


def _print_records(tasks: Sequence[Any], records: Sequence[Any], options: argparse.Namespace) -> None:
    from cifar_lr import metrics, summary

    ended, new = _recorded(tasks, records)
    rows = summary.table(ended)
    rows["folder"] = [str(one.folder) for one in ended]
    rows["trained"] = new
    if options.json:
        print(json.dumps(rows.astype(object).where(rows.notna(), None).to_dict("records"), indent=2))
        return
    at_chance = {str(one.folder): one.done and metrics.ended_at_chance(one) for one in ended}
    for row in rows[rows["status"] == "done"].itertuples():
        best = f"best {row.val_best_accuracy:.4f} at epoch {row.val_best_epoch}"
        final = f"validation accuracy {row.val_final_accuracy:.4f}"
        chance = ", no better than guessing" if at_chance[str(row.folder)] else ""
        print(f"{row.run:12} seed {row.seed}  {final} ({best}){chance}  {row.folder}")
    for row in rows[rows["status"] != "done"].itertuples():
        print(f"{row.run:12} seed {row.seed}  {row.status}  {row.folder}")
    if rows["seed"].nunique() > 1:
        for run in summary.by_run(ended).itertuples():
            mean, low, high = (getattr(run, f"val_final_accuracy_{name}") for name in ("mean", "min", "max"))
            spread = f"{mean:.4f} ({low:.4f} to {high:.4f})"
            print(f"{run.run:12} mean of {run.done} seeds  validation accuracy {spread}")


def _recorded(tasks: Sequence[Any], records: Sequence[Any]) -> tuple[list[Any], list[bool]]:
    """Return the tasks' histories, and whether each is new; tell of failures that could not be recorded."""
    from cifar_lr import history

    ended, new = [], []
    for task, record in zip(tasks, records, strict=True):
        try:
            found = history.read(task.folder)
        except history.HistoryError:
            if not _status(records):
                raise
            found = None
        if found and (record is None or found.record.status == record.status):
            ended.append(found)
            new.append(record is not None)
        elif record:
            reason = f" ({record.reason})" if record.reason else ""
            print(f"{task.label}: {record.status}{reason}, not recorded in {task.folder}", file=sys.stderr)
    return ended, new


def _announce(line: str, source: Any, options: argparse.Namespace) -> None:
    """Say what is about to be done; that the images are a stand-in is said in any case."""
    _say(options)(line)
    if options.quiet and source.kind == "stand-in":
        print(f"{source.label}: the images are not CIFAR-10", file=sys.stderr)


def _prints(text: str) -> bool:
    """Return whether stdout's encoding has some characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _status(records: Sequence[Any]) -> int:
    return int(any(record is not None and record.status != "done" for record in records))


def _say(options: argparse.Namespace) -> Callable[[str], None]:
    from cifar_lr.progress import say

    return (lambda _: None) if options.quiet else say


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        from cifar_lr.config import one_line

        print(f"{self.prog}: {one_line(message)[:MAX_MESSAGE]}. See {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    for text in sys.argv[1:] if arguments is None else arguments:
        if not text.isascii() and text != text.encode(errors="replace").decode():
            parser.error(f"an argument is not in UTF-8: {text!a}. Rename what it names")
    options, rest = parser.parse_known_args(arguments)
    takes_overrides = hasattr(options, "overrides")
    for text in rest:  # argparse does not take positionals on both sides of an option
        if text.startswith("-") or not takes_overrides:
            parser.error(f"unrecognized argument: {text}")
        options.overrides.append(text)
    if takes_overrides and hasattr(options, "suite") and "=" in str(options.suite):
        options.overrides.insert(0, str(options.suite))
        options.suite = DEFAULT_SUITE
    return options


DEFAULT_SUITE = Path("configs/article")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="cifar-lr", description="Learning-rate schedules and adaptive methods on CIFAR-10.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    _training_commands(commands)
    _reading_commands(commands)
    _schedules_commands(commands)
    _data_commands(commands)
    _command(commands, "doctor", doctor).add_argument("--json", action="store_true")
    return parser


def _training_commands(commands: Any) -> None:
    one = _command(commands, "run", run)
    one.add_argument("config", type=Path, metavar="CONFIG", help="a run's YAML file")
    _training_options(one)
    one.add_argument("--seed", type=_whole(0, MAX_SEED), default=0, metavar="N", help="default 0")
    one.set_defaults(workers=1)

    all_ = _command(commands, "reproduce", reproduce)
    help_ = f"a folder of runs (default {DEFAULT_SUITE})"
    all_.add_argument("suite", type=Path, nargs="?", default=DEFAULT_SUITE, metavar="SUITE", help=help_)
    _training_options(all_)
    help_ = "run seeds 0 to N-1 (default 1)"
    all_.add_argument("--seeds", type=_whole(1, MAX_SEEDS), default=1, metavar="N", help=help_)
    help_ = f"runs at a time, one thread each (default {_cores()}, this machine's cores)"
    all_.add_argument("--workers", type=_whole(1, MAX_WORKERS), default=_cores(), metavar="N", help=help_)

    find = _command(commands, "find-rate", find_rate)
    find.add_argument("config", type=Path, metavar="CONFIG", help="a run's YAML file")
    _common_options(find, "results/find-rate/SUITE-RUN and what is not at its default")
    help_ = "seeds 0 to N-1, of which the mean is taken (default 3)"
    find.add_argument("--seeds", type=_whole(1, MAX_SEEDS), default=3, metavar="N", help=help_)
    find.add_argument("--min", type=float, default=1e-5, metavar="RATE", help="the first rate (default 1e-5)")
    find.add_argument("--max", type=float, default=10.0, metavar="RATE", help="the last rate (default 10)")
    find.add_argument("--updates", type=int, default=1500, metavar="N", help="rates in all (default 1500)")
    find.set_defaults(interrupted="the same command starts over")


def _reading_commands(commands: Any) -> None:
    draw = _command(commands, "plot", plot)
    draw.add_argument("results", type=Path, metavar="RESULTS", help="a suite's, a run's or a seed's results")
    draw.add_argument("--out", type=_folder, metavar="DIR", help="default: figures/ in the suite's results")
    help_ = "png, svg, pdf: one or several, with commas (default png,svg)"
    draw.add_argument("--format", type=_formats, default=("png", "svg"), metavar="LIST", help=help_)

    tell = _command(commands, "report", report)
    tell.add_argument("results", type=Path, metavar="RESULTS", help="a suite's results")
    help_ = "a ledger (default: configs/SUITE/claims.yaml, if it is there)"
    tell.add_argument("--claims", type=Path, metavar="FILE", help=help_)
    tell.set_defaults(interrupted="the same command starts over")

    for parser in (draw, tell):
        help_ = "use what there is, where runs or seeds are missing; that is said"
        parser.add_argument("--allow-missing", action="store_true", help=help_)
        parser.add_argument("--quiet", action="store_true", help="say nothing of what is left out")
        help_ = "what `import` has read, or its file; may be given several times"
        parser.add_argument("--beside", action="append", default=[], metavar="NAME", help=help_)

    take = _command(commands, "import", import_)
    take.add_argument(
        "file", type=Path, metavar="FILE", help="of CSVLogger, History.history as JSON, or what fit printed"
    )
    take.add_argument("--as", dest="name", required=True, metavar="NAME", help="what it is to be called")
    help_ = "the run that it stands beside, or the one that is taken of several"
    take.add_argument("--run", metavar="RUN", help=help_)
    help_ = "default: results/imported"
    take.add_argument("--out", type=_folder, default=Path("results/imported"), metavar="DIR", help=help_)
    take.add_argument("--quiet", action="store_true")


def _data_commands(commands: Any) -> None:
    images = commands.add_parser("data", help="show, download or import CIFAR-10", allow_abbrev=False)
    actions = images.add_subparsers(required=True, metavar="ACTION", parser_class=_Parser)
    _command(actions, "status", data_status).add_argument("--json", action="store_true")
    _command(actions, "fetch", data_fetch).add_argument("--quiet", action="store_true")
    official = _command(actions, "import", data_import)
    official.add_argument(
        "path", type=Path, metavar="PATH", help="an official archive, or its unpacked folder"
    )
    official.add_argument("--quiet", action="store_true")


def _schedules_commands(commands: Any) -> None:
    parser = commands.add_parser("schedules", help="list, show or draw schedules", allow_abbrev=False)
    actions = parser.add_subparsers(required=True, metavar="ACTION", parser_class=_Parser)
    _command(actions, "list", schedules_list).add_argument("--json", action="store_true")

    what = "a name of `schedules list`, a schedule's class, or a run's YAML file"
    show = _command(actions, "show", schedules_show)
    show.add_argument("schedule", metavar="NAME_OR_CONFIG", help=what)
    help_ = "values that override the run's, or the named schedule's, as in config.drop=0.7"
    show.add_argument("overrides", nargs="*", metavar="key.path=value", help=help_)
    help_ = "how many (default: the run's; 100 of a named schedule)"
    show.add_argument("--epochs", type=_whole(1, MAX_EPOCHS), metavar="N", help=help_)
    show.add_argument("--json", action="store_true", help="print every epoch's first and last rate as JSON")

    draw = _command(actions, "plot", schedules_plot)
    help_ = f"{what}, or a suite's folder"
    draw.add_argument("schedules", nargs="+", metavar="NAME_OR_CONFIG", help=help_)
    draw.add_argument("--out", type=_picture, required=True, metavar="FILE", help="a .png, .svg or .pdf")
    draw.add_argument("--log", action="store_true", help="make the axis of rates logarithmic")


def _command(commands: Any, name: str, function: Callable[[argparse.Namespace], int]) -> Any:
    help_ = (function.__doc__ or "").rstrip(".")
    parser = commands.add_parser(name, help=help_, description=help_, allow_abbrev=False)
    goes_on = "the same command goes on where this one was"
    parser.set_defaults(command=function, interrupted=goes_on)
    return parser


def _training_options(parser: argparse.ArgumentParser) -> None:
    _common_options(parser, "results/SUITE")
    parser.add_argument("--force", action="store_true", help="train again, replacing what is there")
    help_ = "save every N-th epoch (default 1), where saving costs more than epochs"
    parser.add_argument("--every", type=_whole(1, MAX_EPOCHS), default=1, metavar="N", help=help_)
    help_ = "go on with what another processor or other versions began, and record that"
    parser.add_argument("--inexact", action="store_true", help=help_)


def _common_options(parser: argparse.ArgumentParser, out: str) -> None:
    help_ = "values that override the configuration's"
    parser.add_argument("overrides", nargs="*", metavar="key.path=value", help=help_)
    help_ = "auto (default), cifar10, stand-in, or a path"
    parser.add_argument("--data", default="auto", metavar="SOURCE", help=help_)
    parser.add_argument("--out", type=_folder, metavar="DIR", help=f"where results go (default {out})")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        number = int(text) if text.strip().isdecimal() and len(text) < 20 else least - 1  # noqa: PLR2004
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(
                f"must be a whole number from {least} to {most}. Received: {text}"
            )
        return number

    return whole


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("must be a folder. Received: ''")
    return Path(text)


def _picture(text: str) -> Path:
    if Path(text).suffix not in {".png", ".svg", ".pdf"}:
        raise argparse.ArgumentTypeError(f"must end in .png, .svg or .pdf. Received: {text!r}")
    return Path(text)


def _formats(text: str) -> tuple[str, ...]:
    formats = tuple(text.split(","))
    if unknown := set(formats) - {"png", "svg", "pdf"}:
        raise argparse.ArgumentTypeError(f"must be of png, svg, pdf. Received: {', '.join(sorted(unknown))}")
    return formats
