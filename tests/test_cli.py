"""The program as a user types it."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT, SGD

from cifar_lr import data, history, sweep
from cifar_lr.cli import main

SHORT = "epochs: 2\nbatch_size: 16\n"
ADAM = "optimizer: {class_name: Adam}\n"
WILD = "{class_name: PiecewiseConstantDecay, config: {boundaries: [6], values: [0.01, 1e12]}}"
DECAY = "{class_name: NaturalExponentialDecay, config: {initial_learning_rate: 0.1, decay_rate: 0.1}, unit: epoch}"


@pytest.fixture
def suite(write_run):
    write_run(SHORT + SGD, "base")
    write_run("extends: base.yaml", "constant")
    write_run(f"extends: base.yaml\n{ADAM}", "adam")
    return write_run(
        f"extends: base.yaml\noptimizer: {{config: {{learning_rate: {DECAY}}}}}", "exponential"
    ).parent


def histories_in(folder):
    """Return all that must be equal of all histories below a folder: every column but `seconds`."""
    return {
        str(path.relative_to(folder)): [line.rpartition(",")[0] for line in path.read_text().splitlines()]
        for path in sorted(folder.rglob("history.csv"))
    }


def test_help_imports_nothing_heavy():
    code = "import sys; from cifar_lr.cli import _parse\ntry: _parse(['--help'])\nfinally: print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "reproduce" in out
    for module in ("keras", "tensorflow", "pandas", "matplotlib", "numpy", "pydantic"):
        assert f"'{module}'" not in out


def test_the_reading_side_imports_neither_keras_nor_tensorflow(saved, tmp_path):
    for run in ("constant", "step", "adam"):
        saved(run)
    code = (
        "import sys; from cifar_lr.cli import main; "
        f"assert main(['plot', {str(tmp_path / 'results')!r}]) == 0; "
        "assert not {'keras', 'tensorflow'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)


def test_the_same_bytes_for_any_number_of_workers(program, suite, small_images, cache, tmp_path):
    outcomes = {}
    for workers in (1, 3):
        out = tmp_path / f"out-{workers}"
        done = program(
            "reproduce", suite, "--data", small_images, "--out", out, "--workers", workers, "--seeds", 2
        )
        assert done.returncode == 0, done.stderr
        outcomes[workers] = histories_in(out)
    assert len(outcomes[1]) == 6
    assert outcomes[1] == outcomes[3]

    assert "6 runs, 0 of them done before" in done.stderr
    assert "constant     seed 1  " in done.stdout
    assert (out / "summary.csv").is_file()
    assert (out / "figures" / "fig1_constant.png").is_file()

    again = program("reproduce", suite, "--data", small_images, "--out", out, "--seeds", 2, "--json")
    assert again.returncode == 0
    assert "6 runs, 6 of them done before" in again.stderr
    assert [row["trained"] for row in json.loads(again.stdout)] == [False] * 6
    assert histories_in(out) == outcomes[3]

    alone = program(
        "run", suite / "adam.yaml", "--data", small_images, "--seed", 1, "--out", tmp_path / "alone"
    )
    assert alone.returncode == 0, alone.stderr
    one = history.find(tmp_path / "alone")[0]
    assert (
        histories_in(tmp_path / "alone")["adam/seed-1/history.csv"] == outcomes[1]["adam/seed-1/history.csv"]
    )
    assert main(["plot", str(one.folder)]) == 0
    assert list((tmp_path / "alone" / "figures").glob("*.png"))


def test_a_run_that_diverges_is_status_1_and_the_others_finish(program, suite, small_images, cache, tmp_path):
    (suite / "wild.yaml").write_text(
        f"{SHORT}optimizer: {{class_name: SGD, config: {{learning_rate: {WILD}}}}}"
    )
    done = program("reproduce", suite, "--data", small_images, "--out", tmp_path / "out", "--workers", 2)
    assert done.returncode == 1, done.stderr
    status = {one.run: one.record.status for one in history.find(tmp_path / "out")}
    assert status == {"adam": "done", "constant": "done", "exponential": "done", "wild": "diverged"}
    assert "wild seed 0: diverged (the network's output stopped being finite at update" in done.stderr


def test_a_mistake_that_only_keras_sees_is_status_2_and_nothing_is_written(
    program,
    suite,
    small_images,
    cache,
    tmp_path,
):
    (suite / "typo.yaml").write_text("optimizer: {class_name: Adm}")
    done = program("reproduce", suite, "--data", small_images, "--out", tmp_path / "out")
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert (
        last
        == f"cifar-lr: {suite / 'typo.yaml'}: optimizer.class_name: unknown optimizer 'Adm'; did you mean 'Adam'?"
    )
    assert not (tmp_path / "out").exists()


def test_what_is_said_of_names_of_several_lines_is_one_line(capsys):
    assert main(["plot", "no\nwhere\x1b[2J"]) == 2
    assert main(["data", "import", "no\nwhere"]) == 2
    with pytest.raises(SystemExit) as ended:
        main(["plot", "results", "--no\nwhere"])
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert said[0].startswith("cifar-lr: no\\nwhere\\x1b[2J: no such folder.")
    assert "--no\\nwhere" in said[2]


def test_overrides_stand_on_either_side_of_an_option():
    from cifar_lr.cli import _parse

    options = _parse(["run", "a.yaml", "epochs=5", "--seed", "3", "batch_size=8"])
    assert (options.overrides, options.seed) == (["epochs=5", "batch_size=8"], 3)
    options = _parse(["reproduce", "epochs=5", "--seeds", "2"])
    assert (str(options.suite), options.overrides, options.seeds) == ("configs/article", ["epochs=5"], 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run nowhere.yaml", "cifar-lr: nowhere.yaml: no such file"),
        ("reproduce nowhere", "cifar-lr: nowhere: no such suite. Name a folder of run configurations"),
        (
            "reproduce configs/artcle",
            "cifar-lr: configs/artcle: no such suite; did you mean configs/article?",
        ),
        (
            "reproduce configs/article/step.yaml",
            "step.yaml: is one run's file, not a suite. Train it with run",
        ),
        ("run configs/article", "is not a file. It is a suite: train its runs with reproduce"),
        ("run configs/article/stp.yaml", "stp.yaml: no such file; did you mean configs/article/step.yaml?"),
        ("plot results/artcle", "results/artcle: no such folder; did you mean results/article?"),
        (
            "run configs/article/step.yaml epoch=5",
            "the command line: epoch: unknown key; did you mean 'epochs'?",
        ),
        (
            "run configs/article/step.yaml --data nowhere",
            "cifar-lr: nowhere does not exist; expected an archive or a folder of images",
        ),
        ("plot nowhere", "cifar-lr: nowhere: no such folder. Name a folder of results"),
        ("reproduce --seeds 0", "argument --seeds: must be a whole number from 1 to 10000. Received: 0"),
        ("reproduce --seeds 1e3", "argument --seeds: must be a whole number from 1 to 10000. Received: 1e3"),
        ("reproduce --workers 99999", "argument --workers: must be a whole number from 1 to 256"),
        ("run a.yaml --seed -1", "argument --seed: must be a whole number from 0"),
        ("run a.yaml --sed 1", "unrecognized argument: --sed"),
        ("plot a b", "unrecognized argument: b"),
        ("plot results --format gif", "argument --format: must be of png, svg, pdf. Received: gif"),
        ("dance", "invalid choice: 'dance'"),
        ("", "required: COMMAND"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    try:
        status = main(arguments.split())
    except SystemExit as end:
        status = end.code
    said = capsys.readouterr()
    assert status == 2
    assert said.out == ""
    assert message in said.err
    assert said.err.count("\n") == 1


def test_an_interruption_saves_and_the_same_command_goes_on(program, suite, small_images, cache, tmp_path):
    long = ["epochs=100", "log_updates=true", "--data", small_images, "--workers", 2]
    (suite / "exponential.yaml").unlink()  # two are enough
    undisturbed = program("reproduce", suite, *long, "--out", tmp_path / "undisturbed")
    assert undisturbed.returncode == 0, undisturbed.stderr
    out = tmp_path / "out"
    for number in (signal.SIGINT, signal.SIGTERM):
        with started("reproduce", suite, *long, "--out", out) as command:
            wait_for_progress(out, command)
            command.send_signal(number)
            _, said = command.communicate(timeout=60)
        assert command.returncode == 130, said
        assert said.splitlines()[-1] == "interrupted; the same command goes on where this one was"
        assert "stopping: the updates under way are finished and saved. Once more stops at once" in said
        assert list(out.glob("*/seed-0/state/epoch-*/manifest.json"))
    last = program("reproduce", suite, *long, "--out", out)
    assert last.returncode == 0, last.stderr
    assert ": goes on after epoch " in last.stderr
    assert histories_in(out) == histories_in(tmp_path / "undisturbed")
    assert not list(out.rglob("state"))


def test_the_second_of_two_on_the_same_results_says_who_is_the_first(
    program, suite, small_images, cache, tmp_path
):
    with sweep._alone_in(tmp_path / "out"):
        second = program("reproduce", suite, "--data", small_images, "--out", tmp_path / "out")
    assert second.returncode == 2
    said = second.stderr.splitlines()[-1]
    assert said.startswith(f"cifar-lr: {tmp_path / 'out'}: process {os.getpid()} on ")
    assert said.endswith(" is writing there. Wait, or give another --out")
    assert not list(tmp_path.glob("out/*/seed-*"))


def started(*arguments):
    command = [sys.executable, "-m", "cifar_lr", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_progress(out, command):
    """Wait until some run has committed an epoch more than it had, or all has ended."""
    before, deadline = committed(out), time.monotonic() + 120
    while committed(out) <= before and command.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)


def committed(out):
    return sum(len(history.rows_on_disk(path.parent)) for path in out.glob("*/seed-0/history.csv"))


def with_files_of_at_most(size, *arguments):
    """Run the program where no file may be larger than so many bytes, as on a full disk."""
    return subprocess.run(
        [sys.executable, "-m", "cifar_lr", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


def test_a_disk_that_takes_no_more_is_status_1_and_nothing_is_called_saved(
    suite, small_images, cache, tmp_path
):
    data.locate(str(small_images), say=lambda _: None)
    out = tmp_path / "out"
    command = ("run", suite / "adam.yaml", "epochs=9", "--data", small_images, "--out", out)
    done = with_files_of_at_most(100_000, *command)
    assert done.returncode == 1, done.stderr
    record = history.read_record(out / "adam" / "seed-0")
    assert record.status == "failed"
    assert record.reason.endswith("epoch-000001: could not be saved: File too large. None is saved")
    assert record.reason in done.stderr
    assert history.read(out / "adam" / "seed-0").epochs == 0


def test_a_disk_that_is_full_before_the_first_record_is_status_1(suite, small_images, cache, tmp_path):
    data.locate(str(small_images), say=lambda _: None)
    out = tmp_path / "out"
    command = ("reproduce", suite, "epochs=2", "--workers", 1, "--data", small_images, "--out", out)
    done = with_files_of_at_most(500, *command)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    folder = out / "constant" / "seed-0"
    assert (
        f"constant seed 0: failed (HistoryError: {folder}: can not be written: File too large" in done.stderr
    )
    assert f"), not recorded in {folder}" in done.stderr
    assert f"cifar-lr: no figures and no summary: {out}: holds no history" in done.stderr
    assert "figures:" not in done.stdout


def test_any_number_of_interruptions_end_with_130(suite, small_images, cache, tmp_path):
    for pause in (0.0, 0.02, 0.1):
        arguments = ["epochs=100", "log_updates=true", "--data", small_images, "--workers", 2]
        with started("reproduce", suite, *arguments, "--out", tmp_path / "out") as command:
            wait_for_progress(tmp_path / "out", command)
            for _ in range(5):
                command.send_signal(signal.SIGINT)
                time.sleep(pause)
            _, said = command.communicate(timeout=60)
        assert command.returncode == 130, said
        assert "Traceback" not in said


def test_missing_seeds_are_drawn_only_if_told(saved, tmp_path, capsys):
    saved("step", 0)
    saved("step", 1)
    saved("adam", 0)
    saved("adam", 1, status="failed", reason="no room")
    saved("sgd", 1)
    assert main(["plot", str(tmp_path / "results")]) == 2
    assert capsys.readouterr().err == (
        f"cifar-lr: {tmp_path / 'results'}: adam: seed 1 failed; sgd: seed 0 missing. "
        "Train it, or draw what there is with --allow-missing\n"
    )
    assert not (tmp_path / "results" / "figures").exists()
    assert main(["plot", str(tmp_path / "results"), "--allow-missing"]) == 0
    assert (tmp_path / "results" / "figures" / "fig7_all.png").exists()


def test_a_name_that_is_not_in_utf_8_is_one_line_and_status_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["report", "results/b\udcff"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert r"an argument is not in UTF-8: 'results/b\udcff'. Rename what it names" in said
    assert said.count("\n") == 1


def test_names_in_what_is_imported_do_not_reach_the_terminal_raw(tmp_path, capsys):
    log = tmp_path / "log.csv"
    log.write_text('epoch,\x1b]0;title\x07,"a\nfake: 100 epochs",loss\n1,2,3,0.5\n')
    assert main(["import", str(log), "--as", "mine", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "\nfake: 100 epochs" not in said
    assert r"not kept: \x1b]0;title\x07, a\nfake: 100 epochs" in said


def test_a_run_that_is_a_link_is_drawn_where_the_link_is(saved, tmp_path, capsys):
    saved("constant")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "constant").symlink_to(tmp_path / "results" / "constant")
    assert main(["plot", str(tmp_path / "other")]) == 0
    assert (tmp_path / "other" / "figures" / "fig1_constant.png").exists()
    assert not (tmp_path / "results" / "figures").exists()
