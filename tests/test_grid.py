"""A file with a grid makes several runs, each with a name that says what sets it apart."""

from pathlib import Path

import pytest
from conftest import ROOT

from cifar_lr import config
from cifar_lr.config import ConfigError

SGD = "optimizer: {class_name: SGD, config: {learning_rate: 0.1}}\n"


def expand(path: Path, *overrides):
    return {run.name: run.config.optimizer.config.model_dump() for run in config.load_all(path, overrides)}


def test_a_list_in_the_place_of_a_value_makes_a_run_of_each(write_run):
    path = write_run(f"{SGD}grid: {{optimizer: {{config: {{learning_rate: [0.01, 1e-5]}}}}}}\n", "sgd")
    assert expand(path) == {
        "sgd+learning_rate=0.01": {"learning_rate": 0.01},
        "sgd+learning_rate=1e-05": {"learning_rate": 1e-5},
    }


def test_what_varies_together_is_a_list_of_mappings(write_run):
    grid = "[{momentum: 0.9}, {momentum: 0.9, nesterov: true}]"
    path = write_run(f"{SGD}grid: {{optimizer: {{config: {grid}}}}}\n", "sgd")
    assert expand(path) == {
        "sgd+momentum=0.9": {"learning_rate": 0.1, "momentum": 0.9},
        "sgd+momentum=0.9+nesterov=true": {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
    }


def test_several_lists_make_every_combination(write_run):
    path = write_run(f"{SGD}grid: {{epochs: [1, 2], batch_size: [8, 16, 32]}}\n", "sgd")
    made = [(run.config.epochs, run.config.batch_size) for run in config.load_all(path)]
    assert made == [(1, 8), (1, 16), (1, 32), (2, 8), (2, 16), (2, 32)]


def test_a_grid_is_inherited_and_a_suite_has_all_its_runs(write_run):
    write_run(f"{SGD}grid: {{epochs: [1, 2]}}\n", "base")
    write_run("extends: base.yaml\n", "one")
    path = write_run("extends: base.yaml\ngrid: null\n", "two")
    assert [run.name for run in config.load_suite(path.parent)] == ["one+epochs=1", "one+epochs=2", "two"]


@pytest.mark.parametrize(
    "override", ["optimizer.config.learning_rate=0.5", "optimizer.config.learning_rate={class_name: X}"]
)
def test_what_is_overridden_varies_no_more(write_run, override):
    grid = "{epochs: [1, 2], optimizer: {config: {learning_rate: [0.01, 0.1]}}}"
    path = write_run(f"{SGD}grid: {grid}\n", "sgd")
    assert [run.name for run in config.load_all(path, [override])] == ["sgd+epochs=1", "sgd+epochs=2"]


def test_one_run_of_a_grid_is_trained_alone_by_what_sets_it_apart(write_run):
    path = write_run(f"{SGD}grid: {{epochs: [1, 2]}}\n", "sgd")
    with pytest.raises(ConfigError) as error:
        config.load(path)
    assert str(error.value) == (
        f"{path}: grid: makes 2 runs, from sgd+epochs=1 to sgd+epochs=2. Train them with reproduce, or give "
        "the settings that vary as key.path=value"
    )
    assert config.load(path, ["epochs=2"]).name == "sgd"


@pytest.mark.parametrize(
    ("grid", "problem"),
    [
        ("3", "grid: must be a mapping that ends in lists of values"),
        ("{}", "grid: must be a mapping that ends in lists of values"),
        ("{epochs: 3}", "grid.epochs: must be a list of at least one value"),
        ("{epochs: []}", "grid.epochs: must be a list of at least one value"),
        ("{data: {}}", "grid.data: must be a list of at least one value"),
        ("{data: [{train_per_class: 3}, 4]}", "grid.data: must list mappings, or values, but not both"),
        ("{epochs: [1, 1], batch_size: [8, 16]}", "grid.epochs: makes two runs of the name '+epochs=1'"),
        (
            "{data: [{train_per_class: 3}], optimizer: {config: [{a: 1, b: 2}, {b: 2, a: 1}, {a: 1, b: 2}]}}",
            "grid.optimizer.config: makes two runs of the name '+a=1+b=2'",
        ),
        (
            "{data: {classes: [[cat, dog]]}}",
            "grid.data.classes: has a value that can not stand in a run's name",
        ),
        ("{model: {name: [../x]}}", "grid.model.name: has a value that can not stand in a run's name"),
        (
            f"{{optimizer: {{config: [{{{', '.join(f'a{n}: {10**15}' for n in range(9))}}}]}}}}",
            "grid: makes names of more than 100 characters, as in '+a0=1000000000000000+a1=",
        ),
        (
            "{data: [{train_per_class: 3}], model: [{name: X}, {name: x}]}",
            "grid.model: makes two runs of the name",
        ),
        (f"{{epochs: {list(range(1, 202))}}}", "grid: makes 201 runs; at most 200 are taken"),
        ("{epochs: [1, 0]}", "epochs: input should be greater than or equal to 1. Received: 0"),
        ("{epoch: [1, 2]}", "epoch: unknown key; did you mean 'epochs'?"),
    ],
)
def test_a_wrong_grid_is_one_line_that_names_the_file_and_the_key(write_run, grid, problem):
    path = write_run(f"{SGD}grid: {grid}\n")
    with pytest.raises(ConfigError) as error:
        config.load_all(path)
    assert str(error.value).startswith(f"{path}: {problem}")


def test_the_momentum_suite_holds_the_notebooks_four_schedules():
    momentum = [run.config for run in config.load_suite(ROOT / "configs" / "momentum")]
    notebook = {run.name: run.config for run in config.load_suite(ROOT / "configs" / "notebook")}
    assert len(momentum) == 20
    for name in ("constant", "time_based", "step", "exponential"):
        assert notebook[name] in momentum


def test_the_tuning_suite_has_the_articles_rate_in_the_middle_of_each_five():
    tuning = config.load_suite(ROOT / "configs" / "tuning")
    notebook = {run.name: run.config.optimizer for run in config.load_suite(ROOT / "configs" / "notebook")}
    middles = [run.config.optimizer for run in tuning[2::5]]
    assert [(one.class_name, one.config.learning_rate) for one in middles] == [
        (notebook[name].class_name, notebook[name].config.learning_rate)
        for name in ("adadelta", "adagrad", "adam", "rmsprop", "constant")
    ]
    assert {run.config.data.held_out_per_class for run in tuning} == {1000}
