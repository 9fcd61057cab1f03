"""The campaigns of torture/ in short: the same code as `make torture`, with fewer cases."""

import json
from collections import Counter

import pytest

from torture import campaign, commits, damage, deaths, kills, resume, trainings

FAMILIES = ("plateau", "schedule one_cycle", "averages that overwrite")


@pytest.fixture
def chosen():
    return [family for family in trainings.families() if family.name in FAMILIES]


def test_every_optimizer_schedule_and_callback_is_among_the_families():
    names = {family.name for family in trainings.families()}
    assert {*trainings.KERAS_OPTIMIZERS, *trainings.OURS, *FAMILIES} <= names


def test_interrupted_runs_end_in_the_same_bits(chosen, cache):
    outcome = resume.campaign(6, seed=1, chosen=chosen)
    assert outcome.failures == []
    assert outcome.cases == 6
    assert sum(count for what, count in outcome.counts.items() if what.startswith("interruptions")) >= 6


def test_killed_runs_lose_nothing_that_was_committed(cache, monkeypatch):
    monkeypatch.setattr(kills, "EPOCHS", 12)
    outcome = kills.campaign(8, seed=1)
    assert outcome.failures == []
    assert outcome.cases >= 8


def test_a_system_call_of_a_commit_that_fails_or_is_the_last():
    outcome = commits.campaign(150, seed=1)
    assert outcome.failures == []
    assert outcome.cases == 150


def test_damage_is_never_taken_for_what_was_written():
    outcome = damage.campaign(300, seed=1)
    assert outcome.failures == []
    assert outcome.cases >= 290  # a damage may change nothing


def test_workers_that_die_during_a_suite(cache):
    outcome = deaths.campaign(2, seed=1)
    assert outcome.failures == []
    assert outcome.cases == 2


def test_a_commit_that_removes_the_old_before_the_new_is_there_is_caught(monkeypatch):
    write = commits.checkpoint.Store._write

    def remove_first(store, *content):
        for old in commits.checkpoint.generations(store.folder):
            commits.checkpoint._remove(old)
        write(store, *content)

    monkeypatch.setattr(commits.checkpoint.Store, "_write", remove_first)
    monkeypatch.setattr(commits, "PHASES", commits.PHASES[:1])
    failures = commits.campaign(60, seed=1).failures
    assert any("0 epochs are committed, and before it were " in failure for failure in failures)


def test_a_reader_that_checks_nothing_is_caught(monkeypatch, tmp_path):
    monkeypatch.setattr(damage.history, "_require_unchanged", lambda *_: None)
    outcome = damage._lane(100, "a seed")
    assert any("it was accepted" in failure for failure in outcome.failures)


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(campaign, "RESULTS", tmp_path / "results")
    monkeypatch.setattr("sys.argv", ["torture.name", "--cases", "5", "--seed", "7"])
    return tmp_path / "results"


def test_what_came_of_a_campaign_is_written_down(results, capsys):
    def lose_one(cases, seed):
        return campaign.Outcome(cases, Counter(tried=cases), [f"seed {seed} lost one"])

    assert campaign.main("name", lose_one, 9, parts=2) == 1
    written = json.loads((results / "name.json").read_text())
    assert (written["cases"], written["counts"], written["failures"]) == (5, {"tried": 5}, 2)
    assert written["first_failures"] == ["seed 7 lost one", "seed 8 lost one"]
    assert json.loads(capsys.readouterr().out) == written
    assert [path.name for path in results.iterdir()] == ["name.json"]


def test_a_campaign_that_is_interrupted_goes_on(results):
    tried = []

    def give_up_once(cases, seed):
        tried.append((cases, seed))
        if len(tried) == 2:
            raise KeyboardInterrupt
        return campaign.Outcome(cases, Counter(tried=cases))

    with pytest.raises(KeyboardInterrupt):
        campaign.main("name", give_up_once, 9, parts=2)
    assert campaign.main("name", give_up_once, 9, parts=2) == 0
    assert tried == [(3, 7), (2, 8), (2, 8)]
    assert json.loads((results / "name.json").read_text())["cases"] == 5
