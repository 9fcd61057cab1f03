"""What is said and drawn of a schedule before training is what training would apply."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import ROOT, SGD

from cifar_lr import callbacks, catalogue, config, data, drawing, optimizers, preview, train
from cifar_lr.cli import main
from cifar_lr.config import ConfigError
from cifar_lr.schedules import StepDecay

DOCS = ROOT / "docs"
ADAM = "optimizer: {class_name: Adam}\n"
PLATEAU = "callbacks: [{class_name: ReduceLROnPlateau, config: {monitor: val_accuracy}}]\n"
SHORT = "epochs: 3\ndata: {classes: [cat, dog], train_per_class: 50}\nbatch_size: 16\n"


def run_file(name):
    """Return a script beside the pages as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages():
    return run_file("make_pages")


@pytest.fixture
def at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


# Rates


@pytest.mark.parametrize("entry", catalogue.ENTRIES, ids=lambda entry: entry.name)
def test_rates_of_many_steps_are_those_of_one_at_a_time(entry):
    shown = preview.of_entry(entry)
    assert (shown.steps_per_epoch, shown.updates) == (157, 15_700)
    steps = [0, 1, 156, 157, 784, 785, 1570, 5000, 15_699]
    one_at_a_time = [float(shown.schedule(keras.ops.convert_to_tensor(step, "int64"))) for step in steps]
    found = preview.rates(shown.schedule, steps)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, one_at_a_time, rtol=1e-5, atol=1e-8)


def test_a_schedule_that_takes_no_array_is_asked_step_by_step():
    warmed = keras.optimizers.schedules.CosineDecay(0.01, 90, warmup_target=0.1, warmup_steps=10)
    steps = [0, 5, 10, 55, 100, 200]
    expected = [0.01, 0.055, 0.1, 0.05, 0, 0]
    np.testing.assert_allclose(preview.rates(warmed, steps), expected, atol=1e-7)


def test_any_number_of_steps(monkeypatch):
    schedule = StepDecay(0.1, 0.5, 10)
    assert preview.rates(schedule, []).shape == (0,)
    whole = preview.rates(schedule, np.arange(100))
    monkeypatch.setattr(preview, "STEPS_AT_ONCE", 7)
    np.testing.assert_array_equal(preview.rates(schedule, np.arange(100)), whole)


def test_rates_shown_of_a_run_are_those_that_its_training_applies(write_run, small_images, cache, tmp_path):
    decay = "{class_name: TimeBasedDecay, config: {initial_learning_rate: 0.1, decay: 0.5}}"
    text = f"{SHORT}optimizer: {{class_name: SGD, config: {{learning_rate: {decay}}}}}\n"
    path = write_run(text.replace("50", "40"))
    shown = preview.record(preview.find(str(path)))
    done = train.train(
        config.load(path).config, 0, source=data.locate(str(small_images)), folder=tmp_path / "out"
    )
    applied = [epoch["first_update"] for epoch in shown["rates"]]
    np.testing.assert_allclose(done["learning_rate"], applied, rtol=1e-6)


# Finding


@pytest.mark.parametrize(
    ("name", "found"),
    [("step", "step"), ("StepDecay", "step"), ("CosineDecay", "cosine"), ("WarmUp", "inverse_square_root")],
)
def test_a_schedule_by_name_or_class(name, found):
    assert preview.find(name).name == found


def test_a_setting_of_a_named_schedule_can_be_overridden():
    assert preview.find("step", ["config.drop=0.1"]).rates([1570]) == pytest.approx(0.01)


def test_the_number_of_epochs(write_run):
    assert preview.find("step", epochs=7).updates == 7 * 157
    path = str(write_run(SGD + SHORT))
    assert preview.find(path).updates == 3 * 7
    assert preview.find(path, ["batch_size=100"], epochs=5).updates == 5


def test_updates_of_a_run_are_counted_without_images(write_run):
    assert preview.find(str(write_run(SGD))).steps_per_epoch == 782  # 50,000 images, 64 at a time
    remarks = preview.find(str(write_run(SGD + SHORT))).remarks
    assert remarks == ["No images were read: 100 are assumed for training, 50 of each of 2 classes."]


def test_a_rate_that_the_run_leaves_to_keras(write_run):
    shown = preview.find(str(write_run(ADAM + SHORT)))
    assert shown.settings == 0.001
    assert shown.class_name is None
    assert shown.remarks[0] == "The run names no rate: this is the default of Keras's Adam."
    np.testing.assert_allclose(shown.rates([0, 20]), 0.001, rtol=1e-6)


def test_a_rate_that_a_metric_will_lower(write_run):
    shown = preview.find(str(write_run(SGD + SHORT + PLATEAU)))
    assert shown.remarks[0] == (
        "ReduceLROnPlateau lowers the rate by what val_accuracy does during training: "
        "shown is the rate that it starts with."
    )
    np.testing.assert_allclose(shown.rates([0, 20]), 0.1, rtol=1e-6)


def test_a_rate_that_is_no_rate(write_run):
    growing = "{initial_learning_rate: 0.1, decay_steps: 1, decay_rate: 1000.0}"
    rate = f"{{class_name: ExponentialDecay, config: {growing}}}"
    path = write_run(f"optimizer: {{class_name: SGD, config: {{learning_rate: {rate}}}}}\nepochs: 200")
    with pytest.raises(
        ConfigError, match=r"suite/run: .*all its rates must be finite and at least 0. Received: inf"
    ):
        preview.record(preview.find(str(path)))


# Text


def test_the_list_has_everything_and_fits():
    lines = preview.listing().splitlines()
    assert max(map(len, lines)) <= 100
    names = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert names == [one.name for one in (*catalogue.ENTRIES, *catalogue.OTHERS)]
    assert "callback: no function of the step" in preview.listing()
    assert "optimizer: no function of the step" in preview.listing()


def test_the_list_imports_neither_keras_nor_tensorflow():
    code = (
        "import sys; from cifar_lr.cli import main; "
        "assert main(['schedules', 'list']) == 0; assert main(['schedules', 'list', '--json']) == 0; "
        "assert main(['schedules', 'show', 'reduce_on_plateau']) == 0; "
        "loaded = {'keras', 'tensorflow', 'matplotlib', 'pandas'} & set(sys.modules); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)


def test_the_text_of_a_schedule(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["schedules", "show", "step"]) == 0
    said = capsys.readouterr().out
    for part in (
        "step: Drops by a factor at regular intervals",
        "class      StepDecay\nformula    a0 drop ** floor((t + offset) / period)\nreference  the article\n",
        "length     100 epochs of 157 updates\n",
        "config: {initial_learning_rate: 0.1, drop: 0.5, period: 10}\n  unit: epoch\n",
        "0.05 │",
        "  epoch  first update   last update\n      1           0.1           0.1\n",
        "    100   0.000195313   0.000195313\n",
    ):
        assert part in said
    assert max(map(len, said.splitlines())) == 80
    assert "\x1b" not in said
    assert len(said[said.index("  epoch  first") :].splitlines()) == 13


def test_a_plot_says_where_the_rates_are():
    plotted = preview._terminal_plot(preview.find("step", epochs=20), 60, ascii_only=True).splitlines()
    assert plotted[0] == "     +" + "-" * 53 + "+"
    assert plotted[1] == " 0.1 |" + "+" * 27 + " " * 26 + "|"
    assert plotted[13] == "   0 |" + " " * 53 + "|"
    assert plotted[7].startswith("0.05 |")
    assert plotted[-1].split() == ["0", "10", "20", "epochs", "done"]
    assert {len(line) for line in plotted} == {60}


@pytest.mark.parametrize("epochs", [1, 2, 100_000])
def test_a_run_of_any_length(epochs):
    shown = preview.find("square_root_epoch", epochs=epochs)
    said = preview.text(shown, 100)
    assert said.splitlines()[-1].startswith(f"{epochs:7,}")
    assert len(preview.record(shown)["rates"]) == epochs


def test_a_terminal_without_block_characters_gets_others():
    bare = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "cifar_lr", "schedules", "show", "triangular", "--epochs", "20"]
    done = subprocess.run(command, capture_output=True, cwd=ROOT, env=os.environ | bare, check=True)
    assert " 0.1 |" in done.stdout.decode("ascii")
    assert done.stderr == b""


def test_json_has_every_epoch(capsys):
    assert main(["schedules", "show", "time_based", "--epochs", "30", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["learning_rate"]["class_name"] == shown["class_name"] == "TimeBasedDecay"
    assert (shown["epochs"], shown["updates_per_epoch"], len(shown["rates"])) == (30, 157, 30)
    assert shown["rates"][1]["epoch"] == 2
    assert shown["rates"][1]["first_update"] == pytest.approx(0.1 / 1.157, rel=1e-6)
    assert shown["rates"][1]["last_update"] == pytest.approx(0.1 / 1.313, rel=1e-6)


def test_what_is_no_function_of_the_step_is_told(capsys):
    for name in ("schedule_free", "ScheduleFreeAdamW"):
        assert main(["schedules", "show", name]) == 0
        assert "kind       optimizer, no function of the step" in capsys.readouterr().out
    assert main(["schedules", "show", "reduce_on_plateau", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "callback"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("show stepp", "cifar-lr: 'stepp' is no schedule and no file; did you mean 'step'?"),
        ("show stepdecay", "is no schedule and no file; did you mean 'StepDecay'?"),
        ("show qqq", "cifar-lr: 'qqq' is no schedule and no file; `cifar-lr schedules list` names them"),
        ("show nowhere.yaml", "cifar-lr: nowhere.yaml: no such file"),
        ("show configs/article", "cifar-lr: configs/article: is not a file"),
        ("show step drop", "cifar-lr: the command line: an override is key.path=value. Received: 'drop'"),
        ("show step config.dorp=1", "StepDecay takes no such argument; did you mean 'drop'?"),
        (
            "show step config.drop=-1",
            "cifar-lr: step: optimizer.config.learning_rate.config: Argument `drop`",
        ),
        (
            "show step class_name=TimeBasedDecay",
            "cifar-lr: step: its class stays; name the other one instead",
        ),
        ("show configs/article/step.yaml epoch=5", "epoch: unknown key; did you mean 'epochs'?"),
        ("show step --epochs 0", "argument --epochs: must be a whole number from 1 to 100000. Received: 0"),
        ("show reduce_on_plateau config.factor=1", "cifar-lr: reduce_on_plateau: is no function of the step"),
        ("show", "the following arguments are required: NAME_OR_CONFIG"),
        ("plot step", "the following arguments are required: --out"),
        ("plot step --out a.gif", "--out: must end in .png, .svg or .pdf. Received: 'a.gif'"),
        ("plot schedule_free --out a.png", "cifar-lr: schedule_free: is no function of the step"),
        ("plot step --out README.md/a.png", "cifar-lr: README.md: figures can not be written"),
        ("list step", "unrecognized argument: step"),
        ("dance", "invalid choice: 'dance'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, message, capsys, at_root):
    try:
        status = main(["schedules", *arguments.split()])
    except SystemExit as end:
        status = end.code
    said = capsys.readouterr()
    assert status == 2
    assert said.out == ""
    assert message in said.err
    assert said.err.count("\n") == 1


# Figures


def lines_of(figure):
    """Return each axes's curve by its label: epochs done, rates."""
    drawn = (
        line for axes in figure.axes for line in axes.get_lines() if not line.get_label().startswith("_")
    )
    return {line.get_label(): line.get_data() for line in drawn}


def words_of(figure):
    return {text.get_text() for part in (figure, *figure.axes) for text in part.texts}


def test_a_figure_has_the_rate_of_every_update(write_run):
    figure = preview.draw(preview.find_all(["warm_up", str(write_run(ADAM + SHORT))]))
    drawn = lines_of(figure)
    assert set(drawn) == {"warm_up", "run"}
    done, rates = drawn["warm_up"]
    assert len(done) == 15_700
    assert done[157] == 1
    assert rates[392] == pytest.approx(0.1 * 392 / 785, rel=1e-5)
    assert len(drawn["run"][0]) == 21
    assert figure.axes[0].get_ylim()[0] == 0
    assert "2 schedules: learning rate of every update" in words_of(figure)
    assert any("3 epochs of 7 updates [run]" in words for words in words_of(figure))


def test_runs_of_one_name_and_equal_rates_share_a_line_that_names_all(at_root):
    found = preview.find_all(["configs/article/step.yaml", "step", "configs/notebook/step.yaml", "step"])
    assert [one.name for one in found] == ["article/step", "step", "notebook/step"]
    assert list(lines_of(preview.draw(found))) == ["article/step = step = notebook/step"]


def test_many_have_a_panel_each(at_root):
    found = preview.find_all(["configs/article", "cosine"])
    figure = preview.draw(found)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [one.name.split("/")[-1] for one in found]
    assert len(figure.axes) == 9
    assert all(axes.get_ylim() == pytest.approx((0, 1.05)) for axes in figure.axes)


def test_a_logarithmic_axis_says_what_it_cuts_off(write_run):
    figure = preview.draw(preview.find_all(["cosine", "step"]), log=True)
    assert figure.axes[0].get_yscale() == "log"
    assert any("Rates below 1e-07 are cut off" in words for words in words_of(figure))
    zeros = "{class_name: LinearRamp, config: {start_learning_rate: 0, end_learning_rate: 0, ramp_steps: 9}}"
    nothing = write_run("optimizer: {class_name: SGD, config: {learning_rate: " + zeros + "}}\n" + SHORT)
    with pytest.raises(ConfigError, match="run: has no rate above 0"):
        preview.draw([preview.find(str(nothing))], log=True)
    assert preview.draw([preview.find(str(nothing))]).axes


def test_a_caption_tells_of_a_rate_that_a_metric_will_lower(write_run):
    figure = preview.draw([preview.find(str(write_run(SGD + SHORT + PLATEAU)))])
    assert any(
        "run: the rate that it starts with, which ReduceLROnPlateau lowers" in words
        for words in words_of(figure)
    )


@pytest.mark.parametrize("extension", drawing.FORMATS)
def test_the_command_writes_one_file(extension, tmp_path, capsys):
    out = tmp_path / "deep" / f"rates.{extension}"
    assert main(["schedules", "plot", "step", "rex", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    first = out.read_bytes()
    assert main(["schedules", "plot", "step", "rex", "--out", str(out)]) == 0
    assert out.read_bytes() == first
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_a_picture_keeps_every_corner():
    x = np.arange(1000.0)
    y = np.where(x < 400, 1.0, 0.25) + 1e-6 * np.sin(x)
    kept_x, kept_y = preview._corners(x, y, 0.01)
    assert len(kept_x) < 8
    assert np.abs(np.interp(x, kept_x, kept_y) - y).max() <= 0.01
    assert {399.0, 400.0} <= set(kept_x)


# Pages


def snippets(text):
    return [config.parse_yaml(one, "page") for one in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)]


def test_the_page_of_schedules_is_the_one_made(pages):
    assert (DOCS / "schedules.md").read_text(encoding="utf-8") == pages.schedules_page()
    assert {path.stem for path in (DOCS / "schedules").iterdir()} == set(pages.pictures())
    for path in (DOCS / "schedules").iterdir():
        assert path.suffix == ".svg"
        assert path.stat().st_size < 12_000


def test_every_link_of_the_page_leads_somewhere(pages):
    text = pages.schedules_page()
    headings = set(re.findall(r"^### (\w+)$", text, flags=re.MULTILINE))
    assert headings == {one.name for one in (*catalogue.ENTRIES, *catalogue.OTHERS)}
    assert set(re.findall(r'href="#(\w+)"', text)) | set(re.findall(r"\(#(\w+)\)", text)) == headings
    for target in re.findall(r"(?:src=\"|\]\()([\w/]+\.\w+)", text):
        assert (DOCS / target).is_file(), target


def test_every_yaml_of_the_page_is_its_schedule(pages):
    found = snippets(pages.schedules_page())
    entries = (pages.EXAMPLE, *catalogue.ENTRIES)
    assert len(found) == len(entries) + len(catalogue.OTHERS)
    for tree, entry in zip(found, entries, strict=False):
        settings = config.Schedule.model_validate_json(json.dumps(tree["learning_rate"]))
        assert (
            optimizers.build_schedule(settings, 157).get_config()
            == preview.of_entry(entry).schedule.get_config()
        )


def test_every_other_yaml_of_the_page_can_be_run(pages, write_run):
    for tree in snippets(pages.schedules_page())[-len(catalogue.OTHERS) :]:
        one = config.load(write_run(json.dumps({**config.parse_yaml(SGD, "SGD"), **tree}))).config
        optimizers.build(one.optimizer, 157)
        callbacks.build(one.callbacks, one.optimizer)


def test_settings_are_written_as_a_person_would_write_them():
    assert preview.to_yaml({"learning_rate": 1e-8}) == "learning_rate: 1e-08\n"
    assert preview.to_yaml({"learning_rate": preview.find("multi_step").settings}) == (
        "learning_rate:\n"
        "  class_name: MultiStepDecay\n"
        "  config: {initial_learning_rate: 0.1, boundaries: [50, 75], drop: 0.1}\n"
        "  unit: epoch\n"
    )
    assert "    schedules:\n      - class_name: LinearRamp\n        config: {start_" in preview.to_yaml(
        {"learning_rate": catalogue.BY_NAME["join"].settings}
    )


def test_a_schedule_of_ones_own_is_trained_as_the_page_says(
    small_images, cache, tmp_path, monkeypatch, capsys
):
    own = run_file("own_schedule")
    monkeypatch.chdir(tmp_path)
    try:
        done = own.main("epochs=3", "batch_size=16", source=str(small_images))
        shown = preview.find(str(DOCS / "own_schedule.yaml"))
        np.testing.assert_allclose(shown.rates([0, 157, 784, 785]), [0.1, 0.08, 0.02, 0.1], rtol=1e-5)
    finally:
        keras.saving.get_custom_objects().pop("mine>Sawtooth")
    np.testing.assert_allclose(done["learning_rate"], [0.1, 0.08, 0.06], rtol=1e-6)
    assert done.folder.resolve() == tmp_path / "results" / "own_schedule" / "seed-0"
    assert "epoch   2  rate 0.08  validation accuracy " in capsys.readouterr().out
    with pytest.raises(ConfigError, match="unknown schedule 'mine>Sawtooth'"):
        preview.find(str(DOCS / "own_schedule.yaml")).rates([0])


def test_the_page_about_ones_own_shows_the_files_beside_it():
    text = (DOCS / "own_schedule.md").read_text(encoding="utf-8")
    files = [(DOCS / f"own_schedule.{extension}").read_text(encoding="utf-8") for extension in ("py", "yaml")]
    shown = re.findall(r"```(?:python|yaml)\n(.*?)```", text, flags=re.DOTALL)
    assert len(shown) == 3
    assert all(any(part in file for file in files) for part in shown)
