"""A suite times seeds: what is done is skipped, what differs is kept apart, what fails fails alone."""

import os
import shutil
from collections import Counter
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest
from conftest import SGD

from cifar_lr import checkpoint, config, data, execution, history, sweep
from cifar_lr.progress import Lines, Silence
from cifar_lr.sweep import SweepError

SHORT = "epochs: 2\nbatch_size: 16\n"


class AtOnce:
    """An engine that executes each job when it is submitted, with a trainer in place of Keras."""

    def __init__(self, monkeypatch, trainer):
        monkeypatch.setattr(execution, "_train", self.note_place_and(trainer))
        monkeypatch.setattr(sweep, "_check_one", lambda *_: None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def ask_to_stop(self):
        pass

    def note_place_and(self, trainer):
        def train(task, place):
            self.place = place
            return trainer(task)

        return train

    def submit(self, function, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001  it belongs to whoever asks for the result
            future.set_exception(error)
        return future


def trained(task, status="done"):
    writer = history.Writer(task.folder, task.record, config.to_yaml(task.run.config))
    writer.write_epochs([dict.fromkeys(history.COLUMNS, 0.5) | {"epoch": epoch} for epoch in (1, 2)])
    writer.write_correct(np.ones(40, dtype=bool))
    return writer.finish(status)


@pytest.fixture
def source(small_images, cache):
    return data.locate(str(small_images), say=lambda _: None)


@pytest.fixture
def runs(write_run):
    return [config.load(write_run(SGD + SHORT, name)) for name in ("one", "two")]


@pytest.fixture
def tasks(runs, source, tmp_path):
    return sweep.plan(runs, range(2), source, tmp_path / "results" / "suite")


def execute(tasks, monkeypatch, trainer=trained, watcher=None, **options):
    return sweep.execute(tasks, AtOnce(monkeypatch, trainer), watcher or Silence(), **options)


def test_a_plan_is_every_run_with_every_seed(tasks, tmp_path):
    assert [task.label for task in tasks] == ["one seed 0", "two seed 0", "one seed 1", "two seed 1"]
    assert tasks[3].folder == tmp_path / "results" / "suite" / "two" / "seed-1"


def test_runs_and_seeds_that_differ_have_keys_that_differ(write_run, source, tmp_path):
    texts = [SGD, SGD + "epochs: 3", SGD + "data: {classes: [dog, cat]}", SGD + "data: {train_per_class: 30}"]
    runs = [config.load(write_run(text, f"run{n}")) for n, text in enumerate(texts)]
    keys = {task.record.key for task in sweep.plan(runs, range(3), source, tmp_path)}
    assert len(keys) == 12


def test_what_is_done_is_not_run_again(tasks, monkeypatch):
    assert sweep.pending(tasks) == tasks
    execute(tasks[:3], monkeypatch)
    assert sweep.pending(tasks) == tasks[3:]
    assert sweep.pending(tasks, force=True) == tasks


def test_an_interrupted_run_of_another_configuration_is_not_overwritten_either(tasks, write_run, source):
    trained(tasks[0], "running")
    other = config.load(write_run(SGD + SHORT, "one"), ["epochs=3"])
    with pytest.raises(SweepError, match="epochs is 2 there, 3 here"):
        sweep.pending(sweep.plan([other], [0], source, tasks[0].folder.parent.parent))


@pytest.mark.parametrize("status", ["running", "diverged", "failed"])
def test_only_done_is_taken_as_finished(tasks, status):
    trained(tasks[0], status)
    assert sweep.pending(tasks) == tasks


def test_a_run_that_fails_leaves_the_others_alone(tasks, monkeypatch):
    def fail_two(task):
        if task.run.name == "two":
            raise RuntimeError("the process\ndied")
        return trained(task)

    ended = execute(tasks, monkeypatch, fail_two)
    assert [record.status for record in ended] == ["done", "failed", "done", "failed"]
    assert history.read_record(tasks[1].folder).reason == "RuntimeError: the process died"
    assert sweep.pending(tasks) == [tasks[1], tasks[3]]
    assert len(history.find(tasks[0].folder.parent.parent)) == 4  # all can be read


def test_a_process_that_dies_before_it_begins_leaves_nothing_of_something_else(
    tasks, write_run, source, monkeypatch
):
    def fail(task):
        raise ValueError

    execute(tasks[:1], monkeypatch)
    other = config.load(write_run(SGD + SHORT, "one"), ["epochs=3"])
    changed = sweep.plan([other], [0], source, tasks[0].folder.parent.parent)
    execute(changed, monkeypatch, fail, force=True)
    found = history.read(tasks[0].folder)
    assert (found.record.status, found.record.key, found.epochs) == ("failed", changed[0].record.key, 0)
    assert not (found.folder / "correct.npy").exists()


def test_a_process_that_dies_after_all_was_done_takes_nothing_away(tasks, monkeypatch):
    def finish_and_fail(task):
        trained(task)
        raise OSError("state: can not be removed")

    ended = execute(tasks[:1], monkeypatch, finish_and_fail)
    assert (ended[0].status, ended[0].reason) == ("failed", "OSError: state: can not be removed")
    assert history.read(tasks[0].folder).done


class Died(Exception):  # noqa: N818  as pebble.ProcessExpired is
    exitcode = -9


@pytest.mark.parametrize("problem", [Died, MemoryError])
def test_a_run_whose_process_dies_is_tried_again(tasks, monkeypatch, capsys, problem):
    attempts = Counter()

    def die_twice(task):
        attempts[task.label] += 1
        if task.run.name == "two" and attempts[task.label] < 3:
            if problem is Died:
                raise Died
            writer = history.Writer(task.folder, task.record, "")
            return writer.finish("failed", reason="MemoryError: no room")
        return trained(task)

    assert [record.status for record in execute(tasks, monkeypatch, die_twice)] == ["done"] * 4
    assert attempts == {"one seed 0": 1, "two seed 0": 3, "one seed 1": 1, "two seed 1": 3}
    said = capsys.readouterr().err
    why = "its process died (exit code -9)" if problem is Died else "MemoryError: no room"
    assert said.count(f"two seed 0: {why}; it is tried again\n") == 2


def test_a_run_whose_process_always_dies_is_given_up(tasks, monkeypatch):
    def die(task):
        if task.run.name == "two":
            raise Died
        return trained(task)

    ended = execute(tasks, monkeypatch, die)
    assert [record.status for record in ended] == ["done", "failed", "done", "failed"]
    expected = "its process died (exit code -9), 3 times in the same epoch"
    assert history.read_record(tasks[1].folder).reason == expected
    assert sweep.pending(tasks) == [tasks[1], tasks[3]]


def test_a_run_that_gets_on_between_deaths_is_not_given_up(tasks, monkeypatch):
    def die_after_an_epoch(task):
        rows = history.rows_on_disk(task.folder)
        if len(rows) == 2:
            return trained(task)
        writer = history.Writer(task.folder, task.record, "")
        row = dict.fromkeys(history.COLUMNS, 0.5) | {"epoch": len(rows) + 1}
        writer.write_epochs([*rows, row])
        raise Died

    monkeypatch.setattr(execution, "ATTEMPTS", 2)
    assert [record.status for record in execute(tasks, monkeypatch, die_after_an_epoch)] == ["done"] * 4


def test_a_run_that_had_ended_when_its_process_died_is_not_trained_again(tasks, monkeypatch):
    def finish_and_die(task):
        trained(task)
        raise Died

    assert [record.status for record in execute(tasks, monkeypatch, finish_and_die)] == ["done"] * 4


def test_a_process_that_is_told_to_end_every_time_is_not_tried_for_ever(tasks, monkeypatch):
    ended = execute(tasks[:1], monkeypatch, lambda task: trained(task, "running"))
    assert [record.reason for record in ended] == ["its process was told to end, 3 times in the same epoch"]


@pytest.fixture
def suite_folder(tasks):
    return tasks[0].folder.parent.parent


def vanish(suite_folder):
    shutil.rmtree(suite_folder, ignore_errors=True)


def unmount(suite_folder):
    """Leave an empty folder of the same name, as a mount does that goes away."""
    if not suite_folder.with_name("away").exists():
        suite_folder.rename(suite_folder.with_name("away"))
        suite_folder.mkdir()


@pytest.mark.parametrize("lose", [vanish, unmount])
def test_results_that_are_gone_are_not_made_again(tasks, monkeypatch, suite_folder, lose):
    real_train = execution._train

    def lose_and_train(task):
        lose(suite_folder)
        return real_train(task, engine.place)

    engine = AtOnce(monkeypatch, lose_and_train)
    ended = sweep.execute(tasks, engine, Silence())
    assert {(record.status, record.reason) for record in ended} == {
        ("failed", f"HistoryError: {suite_folder}: is gone, and nothing is made in its place")
    }
    assert not list(suite_folder.glob("*"))


@pytest.mark.parametrize("lose", [vanish, unmount])
def test_a_process_that_dies_with_its_results_is_not_recorded_in_their_place(
    tasks, monkeypatch, suite_folder, lose
):
    def lose_and_die(_):
        lose(suite_folder)
        raise Died

    ended = execute(tasks[:1], monkeypatch, lose_and_die)
    assert ended[0].reason == "its process died (exit code -9), 3 times in the same epoch"
    assert not list(suite_folder.glob("*"))


def test_a_run_whose_folder_was_moved_away_is_not_made_again(tasks, monkeypatch):
    def move(task):
        trained(task, "failed")
        task.folder.rename(task.folder.with_name(f"moved-{task.record.seed}"))
        raise history.HistoryError(f"{task.folder}: can not be written")

    ended = execute(tasks[:1], monkeypatch, move)
    assert [record.status for record in ended] == ["failed"]
    assert not tasks[0].folder.exists()


def test_a_process_that_dies_over_a_first_look_is_no_verdict_on_the_configuration(tasks, monkeypatch, capsys):
    engine = AtOnce(monkeypatch, trained)
    looks = []

    def look(run, _):
        looks.append(run.name)
        if len(looks) == 1:
            raise Died

    monkeypatch.setattr(sweep, "_check_one", look)
    assert [record.status for record in sweep.execute(tasks, engine, Silence())] == ["done"] * 4
    assert looks == ["one", "two", "one"]
    assert capsys.readouterr().err == "one seed 0: its process died (exit code -9); it is tried again\n"


def test_a_process_that_always_dies_over_a_first_look(tasks, monkeypatch):
    def die(*_):
        raise Died

    engine = AtOnce(monkeypatch, trained)
    monkeypatch.setattr(sweep, "_check_one", die)
    with pytest.raises(
        SweepError, match=r"suite/one.yaml: could not be tried out: its process died \(exit code -9\)$"
    ):
        sweep.execute(tasks, engine, Silence())
    assert not list(tasks[0].folder.parent.parent.glob("*"))


def test_a_state_of_something_else_is_not_said_to_be_gone_on_from(tasks, monkeypatch, capsys):
    (tasks[0].folder).mkdir(parents=True)
    with checkpoint.Store(tasks[0].folder / "state", "another key", tasks[0].record.at("CPU")) as store:
        store.commit(checkpoint.State(1, 0, {}))
    execute(tasks, monkeypatch, watcher=Lines(tasks))
    assert "goes on" not in capsys.readouterr().err


def test_a_lock_that_is_a_folder(tasks, monkeypatch):
    lock = tasks[0].folder.parent.parent / ".lock"
    lock.mkdir(parents=True)
    with pytest.raises(SweepError, match="lock: is a folder, where a file is the lock. Remove it"):
        execute(tasks, monkeypatch)


def test_two_processes_on_one_folder(tasks, monkeypatch):
    message = rf"suite: process {os.getpid()} on .*, since .* is writing there\. Wait, or give another --out"
    with sweep._alone_in(tasks[0].folder.parent.parent), pytest.raises(SweepError, match=message):
        execute(tasks, monkeypatch)


def test_stand_in_and_real_images_in_one_folder(tasks, runs, source, monkeypatch):
    execute(tasks[:1], monkeypatch)
    stand_in = data.Source(source.folder, "stand-in", "STAND-IN")
    monkeypatch.setattr(
        sweep, "_images", lambda *_: tasks[0].record.data.model_copy(update={"kind": "stand-in"})
    )
    mixed = sweep.plan(runs[1:], [0], stand_in, tasks[0].folder.parent.parent)
    with pytest.raises(SweepError, match="seed-0: stand-in and real images do not go into one folder\\."):
        sweep.pending(mixed)


def test_another_configurations_result_is_neither_used_nor_overwritten(tasks, write_run, source, monkeypatch):
    execute(tasks, monkeypatch)
    other = config.load(write_run(SGD + SHORT, "one"), ["optimizer.config.momentum=0.9", "epochs=3"])
    changed = sweep.plan([other], [0], source, tasks[0].folder.parent.parent)
    before = (tasks[0].folder / "history.csv").read_bytes()
    with pytest.raises(SweepError) as error:
        sweep.pending(changed)
    assert str(error.value) == (
        f"{tasks[0].folder}: holds the result of something else, which is neither used nor overwritten: epochs is "
        "2 there, 3 here; optimizer.config.momentum is not set there, 0.9 here. Give another --out, or --force to "
        "replace it"
    )
    assert (tasks[0].folder / "history.csv").read_bytes() == before


def test_a_seed_does_not_go_beside_seeds_of_something_else(tasks, write_run, source, monkeypatch):
    execute(tasks, monkeypatch)
    other = config.load(write_run(SGD + SHORT, "one"), ["epochs=3"])
    out = tasks[0].folder.parent.parent
    message = (
        "seed-0: is a seed of something else, beside which one seed 2 does not go: epochs is 2 there, 3 here. "
        "Give another --out, or replace all seeds with --force"
    )
    with pytest.raises(SweepError, match=message):
        sweep.pending(sweep.plan([other], [2], source, out))
    with pytest.raises(SweepError, match="seed-1: is a seed of something else"):
        sweep.pending(sweep.plan([other], [0], source, out), force=True)
    both = sweep.plan([other], [0, 1], source, out)
    assert sweep.pending(both, force=True) == both


def test_another_version_is_named(tasks, monkeypatch):
    execute(tasks, monkeypatch)
    monkeypatch.setattr(history, "NUMERICS", "2")
    task = tasks[0]
    newer = sweep.plan([task.run], [0], task.source, task.folder.parent.parent)
    with pytest.raises(SweepError, match="version of cifar_lr numerics is 1 there, 2 here"):
        sweep.pending(newer)


def test_a_result_of_the_same_key_is_taken_over_from_another_suite(
    tasks, runs, source, tmp_path, monkeypatch
):
    execute(tasks, monkeypatch)
    elsewhere = sweep.plan(runs, range(3), source, tmp_path / "results" / "other")
    trained_here = []

    def note(task):
        trained_here.append(task.label)
        return trained(task)

    engine = AtOnce(monkeypatch, note)
    ended = sweep.execute(elsewhere, engine, Silence(), take_from=tmp_path / "results")
    assert trained_here == ["one seed 2", "two seed 2"]
    assert [record.status for record in ended] == ["done"] * 6
    for old, new in zip(tasks, elsewhere, strict=False):
        assert (old.folder / "history.csv").read_bytes() == (new.folder / "history.csv").read_bytes()
    assert sweep.pending(elsewhere) == []


def test_a_result_that_is_not_done_or_damaged_is_not_taken_over(tasks, runs, source, tmp_path, monkeypatch):
    execute(tasks, monkeypatch, lambda task: trained(task, "diverged" if task.run.name == "one" else "done"))
    (tasks[1].folder / "history.csv").write_text("torn")
    elsewhere = sweep.plan(runs, [0], source, tmp_path / "results" / "other")
    twins = sweep._twins(tmp_path / "results")
    assert [sweep._twin(task, twins) for task in elsewhere] == [None, None]


def test_a_result_that_is_taken_over_has_the_name_of_its_new_run(
    tasks, write_run, source, tmp_path, monkeypatch
):
    execute(tasks, monkeypatch)
    other = [config.load(write_run(SGD + SHORT, "another_name"))]
    elsewhere = sweep.plan(other, [1], source, tmp_path / "results" / "other")
    engine = AtOnce(monkeypatch, fail)
    [record] = sweep.execute(elsewhere, engine, Silence(), take_from=tmp_path / "results")
    assert (record.run, record.status) == ("another_name", "done")
    taken = history.read(elsewhere[0].folder)
    assert (taken.run, taken.record.key) == ("another_name", tasks[2].record.key)


def fail(task):
    raise AssertionError(f"{task.label} was trained")


def test_what_other_versions_began_is_gone_on_with_only_if_asked(tasks, monkeypatch):
    trained(tasks[0], "running")
    monkeypatch.setattr(history, "NUMERICS", "2")
    task = tasks[0]

    def newer(**settings):
        return sweep.plan([task.run], [0], task.source, task.folder.parent.parent, **settings)

    message = "version of cifar_lr numerics is 1 there, 2 here.*, or --inexact to go on all the same, which is recorded"
    with pytest.raises(SweepError, match=message):
        sweep.pending(newer())
    assert len(sweep.pending(newer(inexact=True))) == 1
    trained(tasks[0], "done")
    with pytest.raises(SweepError, match="or --force to replace it$"):
        sweep.pending(newer(inexact=True))


def test_what_another_processor_began_is_gone_on_with_only_if_asked(tasks):
    task = tasks[0]
    trained(task, "running")
    elsewhere = task.record.at("CPU").model_copy(update={"processor": "an older one"})
    with checkpoint.Store(task.folder / "state", task.record.key, elsewhere) as store:
        store.commit(checkpoint.State(1, 0, {}))
    message = "was begun on another processor, an older one, and would not end in the same bits on"
    with pytest.raises(SweepError, match=message):
        sweep.pending([task])
    allowed = replace(task, inexact=True)
    assert sweep.pending([allowed]) == [allowed]


def test_a_damaged_record_is_replaced_if_forced(tasks, monkeypatch):
    execute(tasks, monkeypatch)
    (tasks[0].folder / "run.json").write_text("{")
    with pytest.raises(history.HistoryError, match="run.json: the file: invalid json"):
        sweep.pending(tasks)
    assert sweep.pending(tasks[:1], force=True) == tasks[:1]
    assert [record.status for record in execute(tasks[:1], monkeypatch, force=True)] == ["done"]


def test_what_is_to_be_replaced_is_no_result_from_the_beginning_on(tasks, monkeypatch):
    execute(tasks, monkeypatch)

    def interrupt(task):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(tasks, monkeypatch, interrupt, force=True)
    assert sweep.pending(tasks) == tasks  # the same command without --force goes on


def test_what_another_process_has_finished_meanwhile_is_not_trained_again(tasks, monkeypatch):
    def check(*_):
        trained(tasks[0])

    engine = AtOnce(monkeypatch, lambda task: trained(task, "done"))
    monkeypatch.setattr(sweep, "_check_one", check)
    monkeypatch.setattr(execution, "_train", fail_if_first(tasks))
    assert [record.status for record in sweep.execute(tasks, engine, Silence())] == ["done"] * 4


def fail_if_first(tasks):
    def train(task, _):
        assert task.label != tasks[0].label
        return trained(task)

    return train


def test_a_state_that_a_finished_run_left_is_removed(tasks):
    trained(tasks[0])
    (tasks[0].folder / "state").mkdir()
    assert sweep.pending(tasks) == tasks[1:]
    assert not (tasks[0].folder / "state").exists()


def test_results_go_to_the_suites_folder(runs, source):
    assert str(sweep.results_folder("article", [], source, runs)) == "results/article"


def test_results_of_overridden_runs_go_to_a_folder_of_their_own(runs, source):
    folder = sweep.results_folder("article", ["epochs=5", "data.classes=[cat, dog]"], source, runs)
    assert str(folder) == "results/article+data.classes=-cat,-dog-+epochs=5"


def test_stand_in_results_go_to_a_folder_of_their_own(runs, source):
    stand_in = data.Source(source.folder, "stand-in", "STAND-IN")
    assert str(sweep.results_folder("article", [], stand_in, runs)) == "results/article-stand-in"


def test_results_on_other_images_go_to_a_folder_of_their_own(tasks, runs, source, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "RESULTS", tmp_path / "results")
    execute(tasks, monkeypatch)
    assert sweep.results_folder("suite", [], source, runs) == tmp_path / "results" / "suite"
    other = [config.load(tmp_path / "suite" / "one.yaml", ["data.train_per_class=30"])]
    folder = sweep.results_folder("suite", [], data.Source(source.folder, "images", "CIFAR-10, mine"), other)
    assert folder == tmp_path / "results" / "suite-cifar-10-mine"


def test_another_choice_of_the_same_images_is_told_from_other_images(
    tasks, runs, source, tmp_path, monkeypatch
):
    monkeypatch.setattr(sweep, "RESULTS", tmp_path / "results")
    execute(tasks, monkeypatch)
    fewer = [config.load(tmp_path / "suite" / "one.yaml", ["data.train_per_class=30"])]
    folder = sweep.results_folder("suite", [], source, fewer)
    assert folder == tmp_path / "results" / "suite"
    with pytest.raises(SweepError, match="data.train_per_class is not set there, 30 here"):
        sweep.pending(sweep.plan(fewer, [0], source, folder))


def test_a_folder_that_can_not_be_written_is_found_out_before_anything_is_trained(
    runs, source, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    tasks = sweep.plan(runs, [0], source, tmp_path / "file" / "suite")
    with pytest.raises(history.HistoryError, match="seed-0: can not be written: Not a directory"):
        execute(tasks, monkeypatch, trainer=None)


def test_plain_lines_say_how_each_run_ended(tasks, monkeypatch, capsys):
    def fail_two(task):
        return trained(task, "diverged" if task.run.name == "two" else "done")

    execute(tasks[:2], monkeypatch, fail_two, Lines(tasks[:2]))
    lines = sorted(line.partition("] ")[2] for line in capsys.readouterr().err.splitlines())
    assert lines == ["one seed 0: done", "two seed 0: diverged"]
