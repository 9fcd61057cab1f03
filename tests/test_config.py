"""A run's YAML: what is accepted, what it means, and what is said about everything else."""

import json

import pytest
from conftest import ROOT, SGD
from pydantic import ValidationError

from cifar_lr import catalogue, claims, config
from cifar_lr.config import ConfigError, load, load_suite


def refused(path, *overrides):
    with pytest.raises(ConfigError) as error:
        load(path, overrides)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_everything_but_the_optimizer_has_a_default(write_run):
    run = load(write_run(SGD, "plain"))
    assert run.name == "plain"
    assert (run.config.batch_size, run.config.epochs, run.config.model.name) == (64, 100, "article")
    assert run.config.data.classes is None
    assert run.config.precision == "float32"


def test_a_configuration_is_frozen(write_run):
    settings = load(write_run(SGD + "data: {classes: [cat, dog]}")).config
    with pytest.raises(ValidationError, match="frozen"):
        settings.epochs = 5
    with pytest.raises(ValidationError, match="frozen"):
        settings.optimizer.config.learning_rate = 5
    assert isinstance(settings.data.classes, tuple)


def test_small_numbers_are_numbers(write_run):
    settings = load(write_run("optimizer: {class_name: Adam, config: {epsilon: 1e-8}}")).config
    assert dict(settings.optimizer.config)["epsilon"] == 1e-8


def test_extends_merges_key_by_key(write_run):
    write_run("epochs: 7\nbatch_size: 32\n" + SGD, "base")
    settings = load(write_run("extends: base.yaml\nepochs: 9")).config
    assert (settings.epochs, settings.batch_size) == (9, 32)


def test_another_optimizer_replaces_the_inherited_one_whole(write_run):
    write_run("optimizer: {class_name: SGD, config: {learning_rate: 0.1, momentum: 0.5}}", "base")
    adam = load(write_run("extends: base.yaml\noptimizer: {class_name: Adam}", "adam")).config
    assert "momentum" not in dict(adam.optimizer.config)
    other = load(write_run("extends: base.yaml\noptimizer: {config: {momentum: 0.9}}", "other")).config
    assert dict(other.optimizer.config) == {"learning_rate": 0.1, "momentum": 0.9}


def test_overrides_come_last_and_are_yaml(write_run):
    run = load(write_run(SGD), ["optimizer.config.momentum=0.9", "epochs=5", "data.classes=[cat, dog]"])
    assert dict(run.config.optimizer.config) == {"learning_rate": 0.1, "momentum": 0.9}
    assert run.config.epochs == 5
    assert run.config.data.classes == ("cat", "dog")


def test_a_saved_configuration_reads_back_equal(write_run):
    step = "{class_name: StepDecay, config: {drop: 0.5, bounds: [1, 2.5, true]}, unit: epoch}"
    first = load(write_run(f"optimizer: {{class_name: SGD, config: {{learning_rate: {step}}}}}")).config
    assert load(write_run(config.to_yaml(first), "again")).config == first


@pytest.mark.parametrize(
    "text", ["\x85", "a" * 40 + "\x1f" * 30 + "0 0", "a " * 100, "é\u2028\U0001f600", "\n a\n\n"]
)
def test_a_saved_text_reads_back_equal(write_run, text):
    first = config.RunConfig.model_validate({"optimizer": {"class_name": text}})
    assert load(write_run(config.to_yaml(first))).config == first


def test_a_saved_setting_of_none_is_still_set(write_run):
    weight_decay = "optimizer: {class_name: AdamW, config: {weight_decay: null, learning_rate: null}}"
    first = load(write_run(weight_decay)).config
    assert dict(first.optimizer.config)["weight_decay"] is None
    assert first.dump()["optimizer"] == {"class_name": "AdamW", "config": {"weight_decay": None}}
    assert load(write_run(config.to_yaml(first), "again")).config == first


def test_saying_a_default_changes_nothing_that_decides(write_run):
    plain, said = load(write_run(SGD)).config, load(write_run(SGD + "epochs: 100", "said")).config
    assert plain.decisive() == said.decisive()
    assert plain.decisive() != load(write_run(SGD + "epochs: 99", "other")).config.decisive()


@pytest.mark.parametrize("suite", ["article", "cifar10", "demo", "notebook"])
def test_the_suites_of_the_articles_eight(suite):
    runs = load_suite(ROOT / "configs" / suite)
    methods = ["adadelta", "adagrad", "adam", "constant", "exponential", "rmsprop", "step", "time_based"]
    assert [run.name for run in runs] == methods


def test_runs_of_the_schedules_suite_are_the_catalogues_examples_and_differ_in_nothing_else(write_run):
    runs = {run.name: run.config for run in load_suite(ROOT / "configs" / "schedules")}
    plateau, constant = runs.pop("reduce_on_plateau"), runs.pop("constant")
    assert plateau.optimizer == constant.optimizer
    assert (
        constant.optimizer.config.learning_rate
        == catalogue.BY_NAME["constant"].settings["config"]["initial_learning_rate"]
    )
    for name, run in runs.items():
        settings = json.dumps(catalogue.BY_NAME[name].settings)
        example = config.Schedule.model_validate_json(settings)
        momentum = f"optimizer: {{class_name: SGD, config: {{momentum: 0.5, learning_rate: {settings}}}}}"
        rest = "data: {classes: [cat, dog]}"
        assert run == load(write_run(f"{momentum}\n{rest}", name)).config
        assert run.optimizer.config.learning_rate == example


def test_the_rates_suite_is_the_articles_constant_run_at_other_rates():
    runs = load_suite(ROOT / "configs" / "rates")
    assert sorted(run.config.optimizer.config.learning_rate for run in runs) == [
        0.001,
        0.003,
        0.01,
        0.03,
        0.1,
        0.3,
        1,
    ]
    published = load(ROOT / "configs/article/constant.yaml").config
    (same,) = [run.config for run in runs if run.config.optimizer.config.learning_rate == 0.1]
    assert same == published


def test_the_notes_examples_are_as_the_notes_have_them():
    runs = {run.name: run.config.optimizer for run in load_suite(ROOT / "configs" / "notes")}
    said = {
        name: (run.class_name, dict(run.config.learning_rate.config), run.config.learning_rate.unit)
        for name, run in runs.items()
    }
    first = {"initial_learning_rate": 0.1, "decay_steps": 10000, "decay_rate": 0.9}
    stairs = {"initial_learning_rate": 0.1, "decay_steps": 100000, "decay_rate": 0.96, "staircase": True}
    torchs = {"initial_learning_rate": 0.01, "decay_steps": 1, "decay_rate": 0.1}
    assert said == {
        "adam_exponential": ("Adam", first, "step"),
        "sgd_staircase": ("SGD", stairs, "step"),
        "adam_exponential_lr": ("Adam", torchs, "epoch"),
    }


FILES = sorted((ROOT / "configs").glob("*/*.yaml"))
LEDGERS = [path for path in FILES if path.stem == "claims"]


@pytest.mark.parametrize("path", LEDGERS, ids=lambda p: p.parent.name)
def test_every_ledger_names_its_schema_and_its_source(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../claims-schema.json"
    assert any(line.startswith("# Source: ") for line in lines)


@pytest.mark.parametrize(
    "path", [path for path in FILES if path not in LEDGERS], ids=lambda p: f"{p.parent.name}/{p.stem}"
)
def test_every_file_names_the_schema_and_opens_with_what_it_is(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../schema.json"
    header = "\n".join(line for line in lines if line.startswith("#"))
    assert "# Source: " in header
    assert "# Expect: " in header
    assert "# Cost: " in header


@pytest.mark.parametrize("suite", ["notebook", "demo", "cifar10"])
def test_suites_share_the_articles_optimizers(suite):
    article = {run.name: run.config for run in load_suite(ROOT / "configs" / "article")}
    for run in load_suite(ROOT / "configs" / suite):
        if run.name != "time_based":  # momentum differs in the notebook; updates an epoch in cifar10
            assert run.config.optimizer == article[run.name].optimizer
        if suite == "notebook" and run.name != "time_based":
            assert run.config == article[run.name]


@pytest.mark.parametrize(("name", "module"), [("schema", config), ("claims-schema", claims)])
def test_the_schema_on_disk_is_the_schema(name, module):
    on_disk = json.loads((ROOT / "configs" / f"{name}.json").read_text(encoding="utf-8"))
    assert on_disk == json.loads(json.dumps(module.schema())), "run `make schema`"


# The numbers of the article and of its notebook -----------------------------------------------------------

PUBLISHED = {
    "constant": ("SGD", {"learning_rate": 0.1, "momentum": 0.0}),
    "adagrad": ("Keras2Adagrad", {"learning_rate": 0.01, "epsilon": 1e-8}),
    "adadelta": ("Adadelta", {"learning_rate": 1.0, "rho": 0.95, "epsilon": 1e-8}),
    "rmsprop": ("Keras2RMSprop", {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-8}),
    "adam": ("Adam", {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}),
}
SCHEDULED = {
    "step": (0.5, "StepDecay", {"initial_learning_rate": 0.1, "drop": 0.5, "period": 10}, "epoch"),
    "exponential": (
        0.8,
        "NaturalExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_rate": 0.1},
        "epoch",
    ),
}


@pytest.mark.parametrize("suite", ["article", "notebook"])
def test_what_the_runs_share(suite):
    for run in load_suite(ROOT / "configs" / suite):
        assert run.config.data.classes == ("cat", "dog")
        assert (run.config.batch_size, run.config.epochs, run.config.model.name) == (64, 100, "article")


@pytest.mark.parametrize("suite", ["article", "notebook"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_runs_at_a_constant_rate(suite, name):
    optimizer = load(ROOT / "configs" / suite / f"{name}.yaml").config.optimizer
    assert (optimizer.class_name, dict(optimizer.config)) == PUBLISHED[name]


@pytest.mark.parametrize("suite", ["article", "notebook"])
@pytest.mark.parametrize("name", SCHEDULED)
def test_runs_with_a_schedule(suite, name):
    check_scheduled(suite, name, *SCHEDULED[name])


@pytest.mark.parametrize(("suite", "momentum"), [("article", 0.8), ("notebook", 0.5)])
def test_time_based_is_where_text_and_notebook_differ(suite, momentum):
    arguments = {"initial_learning_rate": 0.1, "decay": 0.001}
    check_scheduled(suite, "time_based", momentum, "TimeBasedDecay", arguments, "step")


def check_scheduled(suite, name, momentum, class_name, arguments, unit):
    optimizer = load(ROOT / "configs" / suite / f"{name}.yaml").config.optimizer
    settings = dict(optimizer.config)
    schedule = settings["learning_rate"]
    assert (optimizer.class_name, settings["momentum"]) == ("SGD", momentum)
    assert (schedule.class_name, dict(schedule.config), schedule.unit) == (class_name, arguments, unit)


# Bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch: 5", "epoch: unknown key; did you mean 'epochs'?"),
        ("data: {clases: [cat, dog]}", "data.clases: unknown key; did you mean 'classes'?"),
        (
            "callbacks: [{class_name: ModelCheckpoint}]",
            "callbacks.0.class_name: input should be 'ReduceLROnPlateau' or 'EarlyStopping'",
        ),
        ("callbacks: {class_name: ReduceLROnPlateau}", "callbacks: input should be a valid"),
        ("log_updates: 1", "log_updates: input should be a valid boolean"),
        ("zzz: 5", "zzz: unknown key; known are batch_size, callbacks, data, epochs, "),
        ("epochs: 0", "epochs: input should be greater than or equal to 1. Received: 0"),
        ("epochs: -1", "epochs: input should be greater than or equal to 1. Received: -1"),
        ("epochs: .nan", "epochs: input should be a valid integer. Received: nan"),
        ("epochs: 5.5", "epochs: input should be a valid integer. Received: 5.5"),
        ("epochs: '5'", "epochs: input should be a valid integer. Received: '5'"),
        ("epochs: true", "epochs: input should be a valid integer. Received: True"),
        ("epochs: 1000000000", "epochs: input should be less than or equal to 100000"),
        ("epochs: 2026-01-01", "epochs: input should be a valid integer. Received: '2026-01-01'"),
        ("batch_size: 0", "batch_size: input should be greater than or equal to 1. Received: 0"),
        ("model: {name: artcle}", "model.name: input should be 'article' or 'cifar10-cnn'"),
        ("data: {classes: cat}", "data.classes: input should be a valid array. Received: 'cat'"),
        ("data: 5", "data: input should be an object. Received: 5"),
        ("epochs: 5\nepochs: 6", 'line 3: is not valid YAML: found duplicate key "epochs"'),
        ("epochs: &many [1]\nbatch_size: *many", "line 2: anchors and aliases are not accepted"),
        ("epochs: *many", "line 2: anchors and aliases are not accepted; use extends. Received: *many"),
        ("epochs: !!python/object/apply:os.system [ls]", "line 2: tags are not accepted"),
        ("epochs: " + "[" * 5000, "line 2: is nested more than 20 deep"),
        ("epochs: 1" + "0" * 5000, "line 2: is not valid YAML: Exceeds the limit"),
        ("epochs: 0x" + "f" * 5000, "epochs: has a number of more than 18 digits"),
        ("epochs: 1\nepochs: 0x" + "f" * 5000, 'line 3: is not valid YAML: found duplicate key "epochs"'),
        (
            "data: {classes: [cat, 1234567890123456789]}",
            "data.classes.1: has a number of more than 18 digits",
        ),
        ("epochs: 2026-13-45", "line 2: is not valid YAML: month must be in 1..12"),
        ("epochs: 5 \x07", "line 2: has a character that YAML has not: U+0007"),
        ('precision: "\\ud800"', "precision: has half a character, which no text has. Received: '\\ud800'"),
        ("data: {<x: 1}", "data: a key is letters, digits and '_', up to 100. Received: '<x'"),
        (
            "callbacks: [{class_name: EarlyStopping, confg: {}}]",
            "callbacks.0.confg: unknown key; did you mean 'config'?",
        ),
        (f"epochs: &{'x' * 5000} 1\nbatch_size: *{'x' * 5000}", f"Received: &{'x' * 76}..."),
        ("<x: 1", "a key is letters, digits and '_', up to 100. Received: '<x'"),
        ("epochs: [", "is not valid YAML"),
        ("1: 2", "keys must be text. Received: 1"),
        ("? [{}]\n: 2", "line 2: is not valid YAML: a key must be text"),
        ("<<: {epochs: 5}", "line 2: is not valid YAML: '<<' is not accepted; use extends"),
        ("data: {[cat]: dog}", "line 2: is not valid YAML: a key must be text"),
        ("extends: nowhere.yaml", "nowhere.yaml: no such file"),
        ("extends: run.yaml", "extends: goes in a circle back to run.yaml"),
        ("extends: [a]", "extends: must be a file name. Received: ['a']"),
        (f"extends: [{'a, ' * 5000}]", "extends: must be a file name. Received: ['a', 'a', "),
        (f"extends: {'x' * 5000}.yaml", "x...: can not be read: File name too long"),
        ('extends: "a\\nb.yaml"', "a\\nb.yaml: no such file"),
        ('extends: "a\\0b.yaml"', "a\\x00b.yaml: is no file name that can be followed: embedded null byte"),
        ("#" * 70_000, "is larger than 64 KiB"),
    ],
)
def test_bad_values(write_run, text, message):
    path = write_run(SGD + text)
    said = refused(path)
    assert said.startswith(f"{path}: ")
    assert message in said
    assert said.isprintable()
    assert len(said) <= 1000


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        ("-0.1", "learning_rate: input should be greater than 0. Received: -0.1"),
        ("0", "learning_rate: input should be greater than 0. Received: 0"),
        (".nan", "learning_rate: input should be a finite number. Received: nan"),
        (".inf", "learning_rate: input should be a finite number. Received: inf"),
        ("1e300", "learning_rate: input should be less than or equal to 1000000. Received: 1e+300"),
        ("fast", "learning_rate: input should be a valid number. Received: 'fast'"),
        ("{class_name: A, unit: epochs}", "learning_rate.unit: input should be 'step' or 'epoch'"),
        ("{class_name: A, confg: {}}", "learning_rate.confg: unknown key; did you mean 'config'?"),
        ("{unit: epoch}", "learning_rate.class_name: is missing"),
        (
            "{class_name: A, config: {initial_learning_rate: 0}}",
            "learning_rate.config.initial_learning_rate: input should be greater than 0. Received: 0",
        ),
    ],
)
def test_bad_rates(write_run, rate, message):
    path = write_run(f"optimizer: {{class_name: SGD, config: {{learning_rate: {rate}}}}}")
    assert f"{path}: optimizer.config.{message}" in refused(path)


def test_an_error_names_the_file_that_says_it(write_run):
    base = write_run(SGD + "epochs: 0", "base")
    assert refused(write_run("extends: base.yaml\nbatch_size: 32")).startswith(f"{base}: epochs: ")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs", "the command line: an override is key.path=value. Received: 'epochs'"),
        ("<x.y=1", "the command line: a key is letters, digits and '_'"),
        ("a." * 3000 + "a=1", "the command line: an override is key.path=value. Received: "),
        ("=5", "the command line: an override is key.path=value. Received: '=5'"),
        ("epochs=[", "the command line: epochs: line 1: is not valid YAML"),
        ("epochs=zero", "the command line: epochs: input should be a valid integer. Received: 'zero'"),
        ("callbacks=[{class_name: X}]", "the command line: callbacks.0.class_name: input should be 'Reduce"),
        ("callbacks=[{config: {}}]", "the command line: callbacks.0.class_name: is missing"),
        ("optimizer.config.x=" + 19 * "[" + "]" * 19, "the command line: optimizer.config.x.0.0.0"),
        ("optimizer.config.x=" + 19 * "[" + "]" * 19, "is nested more than 20 deep"),
        ("data.classes=[cat, {<x: 1}]", "the command line: data.classes.1: a key is letters, digits"),
        (
            "optimizer.confg.momentum=1",
            "the command line: optimizer.confg: unknown key; did you mean 'config'?",
        ),
    ],
)
def test_bad_overrides(write_run, override, message):
    assert message in refused(write_run(SGD), override)


def test_an_override_that_takes_the_place_of_a_number_is_what_lacks_a_key(write_run):
    said = refused(write_run(SGD), "optimizer.config.learning_rate={unit: epoch}")
    assert said == "the command line: optimizer.config.learning_rate.class_name: is missing"


def test_what_is_set_in_many_places_has_to_fit_one_file(write_run):
    many = f"[{'0, ' * 20_000}]"
    write_run(f"optimizer: {{class_name: SGD, config: {{x: {many}}}}}", "base")
    said = refused(write_run("extends: base.yaml\nmodel: {name: article}"))
    assert said.endswith("run.yaml: is larger than 64 KiB with all that is set elsewhere")


def test_a_file_name_of_two_lines_is_told_in_one(write_run):
    assert "a\\nb.yaml: a run's file name must be" in refused(write_run(SGD, "a\nb"))


def test_a_file_without_an_optimizer(write_run):
    assert refused(write_run("epochs: 5")).endswith("run.yaml: optimizer: is missing")


def test_an_empty_file(write_run):
    assert "must be a mapping of keys to values. Received: None" in refused(write_run(""))


def test_a_file_that_is_not_text(write_run):
    path = write_run("")
    path.write_bytes(b"epochs: \xff")
    assert refused(path).endswith("is not UTF-8 text (byte 8)")


def test_extending_in_a_circle_of_two(write_run):
    write_run("extends: two.yaml", "one")
    path = write_run("extends: one.yaml", "two")
    assert refused(path).endswith("one.yaml: extends: goes in a circle back to two.yaml")


def test_a_name_that_is_no_folder_name(write_run):
    assert "a run's file name must be letters" in refused(write_run(SGD, "a run"))


def test_two_files_of_one_run(write_run):
    path = write_run(SGD, "step")
    path.with_suffix(".yml").write_text(SGD, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"step\.yml: names the same run as step\.yaml\. Rename one"):
        load_suite(path.parent)


def test_a_suite_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="nowhere: no such suite. Name a folder of run configurations"):
        load_suite(tmp_path / "nowhere")


def test_a_suite_whose_name_is_far_too_long(tmp_path):
    with pytest.raises(ConfigError, match="xxx: can not be read: File name too long"):
        load_suite(tmp_path / ("x" * 300))


def test_a_suite_without_runs(write_run):
    path = write_run(SGD, "base")
    with pytest.raises(ConfigError, match="suite: holds no run"):
        load_suite(path.parent)
