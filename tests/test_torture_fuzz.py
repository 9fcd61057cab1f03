"""The fuzzing campaign in its short form, and that it sees what it is there to see."""

import pytest

from cifar_lr import checkpoint, config, history
from cifar_lr.durable import SealError
from torture import examples, fuzz


@pytest.fixture
def tried(tmp_path):
    """Return a function that tries some examples of the target of that name."""
    targets = {target.name: target for target in fuzz.targets(tmp_path)}
    return lambda name, cases=100: fuzz.fuzz(targets[name], cases, seed=0)


def test_whatever_is_said_is_accepted_as_it_is_or_refused_in_one_line():
    outcome = fuzz.campaign(300, seed=0)
    assert outcome.failures == []
    assert outcome.cases == 300
    judged = {name.rpartition(": ")[0] for name in outcome.counts}
    assert len(judged) == 17


def test_the_same_seed_tries_the_same(tried):
    one, other = tried("overrides", 20), tried("overrides", 20)
    assert one == other
    assert one.cases == 20


def test_another_exception_is_a_failure(tried, monkeypatch):
    def load(path, overrides=()):
        if b"\n" in path.read_bytes():
            raise KeyError("a\nb")
        raise config.ConfigError(f"{path}: epochs: is missing")

    monkeypatch.setattr(config, "load", load)
    failures = tried("run files in pieces of YAML").failures
    assert failures  # which judge meets it first, the reader's or the command's, is hypothesis's choice
    assert not any("\n" in failure for failure in failures)


@pytest.mark.parametrize(
    ("message", "failure"),
    [
        ("{path}: epochs: is missing, as of all " + 1000 * "x", "a message of "),
        ("epochs: is missing", "a message does not begin with "),
        ("{path}: something is missing", "a message names neither key nor line: "),
        ("{path}: other: is missing", "a message does not name "),
    ],
)
def test_a_poor_message_is_a_failure(tried, monkeypatch, message, failure):
    def load(path, overrides=()):
        raise config.ConfigError(message.format(path=path))

    monkeypatch.setattr(config, "load", load)
    found = tried("real run files with one bad key", 20).failures
    assert any(failure in one for one in found), found


def test_a_message_of_two_lines_is_a_failure(tried, monkeypatch):
    monkeypatch.setattr(config, "one_line", lambda text: text)
    assert any("is not one plain line" in one for one in tried("names of runs and suites").failures)


def test_a_mistake_that_is_accepted_is_a_failure(tried, monkeypatch):
    monkeypatch.setattr(config, "load", lambda *_: config.Run("run", RIGHT))
    assert "accepted with a mistake at " in tried("overrides with one bad key", 10).failures[0]


def test_what_does_not_read_back_is_a_failure(tried, monkeypatch):
    monkeypatch.setattr(config, "to_yaml", lambda _: examples.SGD)
    assert any("reads back as" in one for one in tried("run files as they may be", 20).failures)


def test_a_changed_result_that_is_accepted_is_a_failure(tried, monkeypatch):
    monkeypatch.setattr(history, "_require_unchanged", lambda *_: None)
    assert any(
        "a changed history is accepted" in one for one in tried("histories of finished runs, edited").failures
    )
    assert any("changed updates are accepted" in one for one in tried("updates.csv, edited").failures)


def test_a_state_that_is_no_other_than_damaged_is_a_failure(tried, monkeypatch):
    def read(folder):
        raise SealError("is damaged")

    monkeypatch.setattr(checkpoint, "read", read)
    assert any("a message names no file" in one for one in tried("manifest.json and arrays.npz", 10).failures)


RIGHT = config.RunConfig.model_validate({"optimizer": {"class_name": "SGD"}})
