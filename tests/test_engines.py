"""Processes that execute jobs: asked to stop, told to end, dead or silent."""

import os
import signal
import threading
import time
from concurrent.futures import CancelledError, Future, wait
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import pytest
from pebble import ProcessExpired

from cifar_lr import engines, execution
from cifar_lr.engines import LocalProcesses
from cifar_lr.progress import Silence


def process_id():
    return os.getpid()


def wait_until_asked():
    while not engines.asked_to_stop():
        time.sleep(0.01)
    return os.getpid()


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def running(future):
    while not future.running():
        time.sleep(0.01)
    time.sleep(0.3)  # the job has begun when its process has taken it
    return future


def test_a_process_that_is_told_to_end_finishes_its_job_and_another_takes_the_next():
    with LocalProcesses(1) as engine:
        first = engine.submit(process_id).result(60)
        job = running(engine.submit(wait_until_asked))
        os.kill(first, signal.SIGTERM)
        assert job.result(60) == first
        with pytest.raises(ProcessExpired) as ended:
            engine.submit(process_id).result(60)  # which the process that was told takes to its end
        assert ended.value.exitcode == engines.TOLD_TO_END
        assert engine.submit(process_id).result(60) != first


def test_a_job_whose_process_dies_fails_and_the_next_is_executed():
    with LocalProcesses(1) as engine:
        with pytest.raises(ProcessExpired) as error:
            engine.submit(kill_itself).result(60)
        assert error.value.exitcode == -signal.SIGKILL
        assert engine.submit(process_id).result(60)


def test_a_process_that_dies_while_it_is_idle_takes_nothing_with_it():
    with LocalProcesses(1) as engine:
        os.kill(engine.submit(process_id).result(60), signal.SIGKILL)
        time.sleep(1)
        assert engine.submit(process_id).result(60)


def test_all_jobs_are_asked_to_stop():
    with LocalProcesses(2) as engine:
        jobs = [running(engine.submit(wait_until_asked)) for _ in range(2)]
        engine.ask_to_stop()
        assert len({job.result(60) for job in jobs}) == 2


def test_leaving_ends_what_is_being_executed():
    with LocalProcesses(1) as engine:
        process = engine.submit(process_id).result(60)
        running(engine.submit(wait_until_asked))
        began = time.monotonic()
    assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


class Hanging(Future):
    """A job that is executed for ever, until it is cancelled."""

    def __init__(self):
        super().__init__()
        self.set_running_or_notify_cancel()

    def cancel(self):
        self.set_exception(CancelledError())


class Engine:
    def __init__(self, futures):
        self.futures = futures
        self.asked = False

    def submit(self, *_):
        return self.futures.pop(0)

    def ask_to_stop(self):
        self.asked = True
        for future in self.waiting:
            future.set_result(record("running"))


def record(status):
    return SimpleNamespace(status=status, reason=None, key="a key")


def task(tmp_path, label):
    return SimpleNamespace(label=label, folder=tmp_path / label / "seed-0", record=record("running"))


def done(status="done"):
    future = Future()
    future.set_result(record(status))
    return future


def test_a_run_without_a_sign_of_life_is_ended_and_tried_again(tmp_path, capsys):
    engine = Engine([Hanging(), done()])
    follow = execution.Execution(engine, Silence(), hung_after=0.5)
    assert follow.train([task(tmp_path, "one")])["one"].status == "done"
    assert capsys.readouterr().err == "one: its process gave no sign of life; it is tried again\n"


def test_a_process_that_is_told_to_end_is_one_attempt_though_it_dies_over_its_next_run(tmp_path, capsys):
    dead = Future()
    dead.set_exception(ProcessExpired("died", code=engines.TOLD_TO_END))
    engine = Engine([done("running"), dead, done("running"), dead, done()])
    assert execution.Execution(engine, Silence()).train([task(tmp_path, "one")])["one"].status == "done"
    assert capsys.readouterr().err.count("it is tried again") == 4


def test_a_pool_that_breaks_is_held_against_no_run_while_any_of_them_gets_on(tmp_path, capsys):
    class Breaking(Engine):
        def submit(self, *_):
            (rows / "history.csv").write_text("header\n" + "1,2,3,4,5,6,7\n" * (10 - len(self.futures)))
            return super().submit()

    broken = Future()
    broken.set_exception(BrokenProcessPool())
    rows = tmp_path / "other" / "seed-0"
    rows.mkdir(parents=True)
    follow = execution.Execution(Breaking([done(), *[broken] * 5, done()]), Silence())
    ended = follow.train([task(tmp_path, "other"), task(tmp_path, "one")])
    assert ended["one"].status == "done"
    assert capsys.readouterr().err.count("one: its process could not be had; it is tried again") == 5


def test_a_heartbeat_is_the_time_of_a_folder(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(execution.time, "monotonic", lambda: now[0])
    heartbeat = execution._Heartbeat(tmp_path)
    heartbeat.silence()
    for now[0] in (1.0, 2.0, 3.0):
        silence = heartbeat.silence()
    assert silence == 3.0
    os.utime(tmp_path, (1, 1))
    assert heartbeat.silence() == 0.0
    now[0] = 10_000.0  # this process was stopped, as the others may have been
    assert heartbeat.silence() == 10 * execution.POLL_SECONDS


def test_stopping_begins_none_of_those_that_wait(tmp_path, monkeypatch):
    waiting = [Future() for _ in range(4)]
    engine = Engine(list(waiting))
    engine.waiting = waiting
    waiting[0].set_running_or_notify_cancel()
    follow = execution.Execution(engine, Silence())
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(KeyboardInterrupt):
        follow.train([task(tmp_path, str(number)) for number in range(4)])
    assert engine.asked
    assert not wait(waiting, timeout=0).not_done
    assert not list(tmp_path.iterdir())


def test_a_job_that_is_asked_to_stop_before_it_begins_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(execution, "asked_to_stop", lambda: True)
    one = task(tmp_path, "one")
    assert execution._train(one, (0, 0)) is one.record
