"""The record of a run: written so that nothing is lost, read so that nothing wrong gets in."""

import errno
import io
import json
from pathlib import Path

import numpy as np
import pytest

from cifar_lr import history
from cifar_lr.history import HistoryError


def refused(folder):
    with pytest.raises(HistoryError) as error:
        history.read(folder)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_numbers_read_back_bit_for_bit(saved):
    folder = saved(epochs=1, status="failed")
    numbers = [2, 0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, float(np.float32(0.1)), 1e-17]
    record = history.read_record(folder)
    writer = history.Writer(folder, record.model_copy(update={"epochs": 1}), "")
    numbers[0] = 1
    writer.write_epochs([dict(zip(history.COLUMNS, numbers, strict=True))])
    writer.finish("failed")
    read = history.read(folder)
    assert [read[column][0] for column in history.COLUMNS] == numbers


def test_a_finished_run_reads_back(saved):
    read = history.read(saved("step", seed=3, epochs=2))
    assert (read.run, read.seed, read.epochs, read.done) == ("step", 3, 2, True)
    np.testing.assert_array_equal(read["epoch"], [1, 2])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("model name\t: A Model 7\nflags\t\t: sse2 avx avx2 avx512f\n", "A Model 7 x86_64 avx512f"),
        ("model name\t: A Model 7\nflags\t\t: sse2 avx2 avx\n", "A Model 7 x86_64 avx2"),
        ("model name\t: A Model 7\nflags\t\t: sse2\n", "A Model 7 x86_64"),
        ("CPU implementer\t: 0x41\nFeatures\t: fp asimd\n", "x86_64"),
        (None, "x86_64"),
    ],
)
def test_processors_of_one_name_but_other_vectors_are_told_apart(lines, expected, tmp_path, monkeypatch):
    # The same model name was seen with AVX2 and with AVX-512, and a run's bits differed from the first epoch.
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    if lines is not None:
        (tmp_path / "cpuinfo").write_text(lines * 2, encoding="utf-8")
    assert history.processor(tmp_path / "cpuinfo") == expected


def test_a_new_attempt_leaves_nothing_of_the_old(saved):
    folder = saved(epochs=3)
    np.save(folder / "correct.npy", np.zeros(3))
    (folder / "traceback.txt").write_text("it failed")
    history.Writer(folder, history.read_record(folder).model_copy(update={"status": "running"}), "")
    assert history.read(folder).epochs == 0
    assert not (folder / "correct.npy").exists()
    assert not (folder / "traceback.txt").exists()


def test_which_images_were_right_is_kept_in_bits(saved):
    folder = saved()
    correct = np.random.default_rng(0).random(2000) < 0.7
    history.Writer(folder, history.read_record(folder), "").write_correct(correct)
    packed = np.load(folder / "correct.npy", allow_pickle=False)
    assert packed.nbytes == 250
    np.testing.assert_array_equal(np.unpackbits(packed)[:2000].astype(bool), correct)


def test_rows_in_progress_are_whole_rows(saved):
    folder = saved(epochs=2)
    with (folder / "history.csv").open("a") as file:
        file.write("3,0.1,0.5")
    assert [row["epoch"] for row in history.rows_on_disk(folder)] == [1, 2]
    assert history.rows_on_disk(folder / "nowhere") == []


def test_a_copy_is_the_same_bytes(saved, tmp_path):
    folder = saved()
    history.Writer(folder, history.read_record(folder), "epochs: 3\n").write_correct(np.ones(8, bool))
    history.copy(folder, tmp_path / "copy", "step")
    for path in folder.iterdir():
        assert (tmp_path / "copy" / path.name).read_bytes() == path.read_bytes()


def test_which_images_were_right_reads_back_bit_for_bit(saved):
    folder = saved(status="running")
    right = np.random.default_rng(0).random(2000) < 0.7
    writer = history.Writer(folder, history.read_record(folder), "epochs: 3\n")
    writer.write_correct(right)
    writer.write_epochs([dict.fromkeys(history.COLUMNS, 0.5) | {"epoch": epoch} for epoch in (1, 2, 3)])
    assert history.read(folder).correct is None  # of a run that is not done
    writer.finish("done")
    np.testing.assert_array_equal(history.read(folder).correct, right, strict=True)


def saved_array(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


RIGHT = saved_array(np.zeros(250, np.uint8))


@pytest.mark.parametrize(
    "content",
    [
        saved_array(np.zeros(10, np.uint8)),
        saved_array(np.zeros(250, np.int8)),
        saved_array(np.zeros((250, 1), np.uint8)),
        RIGHT[:-1],
        RIGHT + b"\0",
        RIGHT.replace(b"(250,)", b"(10**15,)"),
        RIGHT.replace(b"False", b"-" * 90),
        b"PK\x03\x04" + RIGHT,
        b"no array",
        b"",
    ],
)
def test_which_images_were_right_in_anything_but_the_one_way_to_write_it(saved, content):
    folder = saved(status="running")
    (folder / "correct.npy").write_bytes(content)
    history.finish(folder, history.read_record(folder).model_copy(update={"status": "done"}))
    with pytest.raises(HistoryError) as error:
        _ = history.read(folder).correct
    assert str(error.value) == (
        f"{folder / 'correct.npy'}: is not one bit for each of 2000 images. Run it again with --force"
    )


@pytest.mark.parametrize("level", ["results", "results/step", "results/step/seed-1"])
def test_histories_are_found_from_any_level(saved, tmp_path, level):
    saved("step", 1)
    found = history.find(tmp_path / level)
    assert [(one.run, one.seed) for one in found] == [("step", 1)]


def test_histories_are_sorted_by_run_and_seed_as_numbers(saved, tmp_path):
    for run, seed in [("step", 10), ("adam", 1), ("step", 2)]:
        saved(run, seed)
    found = history.find(tmp_path / "results")
    assert [(one.run, one.seed) for one in found] == [("adam", 1), ("step", 2), ("step", 10)]


def test_the_runs_of_a_grid_are_sorted_by_its_values(saved, tmp_path):
    runs = [
        "sgd+momentum=0.9+rate=1e-05",
        *(f"sgd+rate={rate}" for rate in ("1e-05", "0.003", "3.0", "10.0", "1e+16")),
    ]
    for run in sorted(runs):
        saved(run, 1)
    assert [one.run for one in history.find(tmp_path / "results")] == runs


def test_a_folder_without_histories(tmp_path):
    with pytest.raises(HistoryError, match=r"holds no history \(no run.json"):
        history.find(tmp_path)
    with pytest.raises(HistoryError, match="nowhere: no such folder. Name a folder of results"):
        history.find(tmp_path / "nowhere")


@pytest.mark.parametrize("level", ["results", "results/step", "results/step/seed-0"])
def test_a_folder_that_can_not_be_read_is_named_not_left_out(saved, tmp_path, monkeypatch, level):
    saved("step", 0)
    closed, listed = tmp_path / level, Path.iterdir

    def iterdir(folder):
        if folder == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(HistoryError) as error:
        history.find(tmp_path / "results")
    assert str(error.value) == f"{closed}: can not be read: Permission denied"


def test_two_folders_of_one_run_and_seed(saved, tmp_path):
    saved("step", 0).rename(tmp_path / "results" / "step" / "seed-00")
    saved("step", 0)
    with pytest.raises(HistoryError, match=r"seed-00: is run 'step', seed 0, as .*seed-0 is too"):
        history.find(tmp_path / "results")


def test_a_folder_that_can_not_be_written(saved, tmp_path):
    record = history.read_record(saved())
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match="file/seed-0: can not be written: Not a directory"):
        history.Writer(tmp_path / "file" / "seed-0", record, "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.replace("val_loss,", "", 1), "line 1: lacks the column val_loss"),
        (
            lambda t: t.replace("epoch,learning_rate", "learning_rate,epoch", 1),
            "line 1: must be epoch,learning_rate",
        ),
        (lambda t: t.replace("\n2,", "\n3,"), "line 3: epoch must be 2. Received: 3"),
        (lambda t: t.replace("\n2,", "\n1,"), "line 3: epoch must be 2. Received: 1"),
        (lambda t: t[:-1], "the last line is torn: it has no line end. Run it again with --force"),
        (lambda t: t.rpartition(",")[0] + "\n", "line 4: must have 7 numbers"),
        (lambda t: t.replace("\n2,0.1", "\n2,fast"), "line 3: has something that is not a number"),
        (lambda t: t.replace("\n2,0.1", "\n2,nan"), "line 3: has a number that is not finite"),
        (lambda t: t.replace("\n2,", "\n\n2,"), "line 3: has something that is not a number. Received: ''"),
        (
            lambda t: "\n".join(t.split("\n")[:3]) + "\n",
            "has 2 epochs, but run.json calls the run done after 3",
        ),
        (lambda _: "", "line 1: lacks the column epoch"),
        (lambda t: t + "é", "is not plain text"),
    ],
)
def test_a_damaged_history(saved, change, message):
    path = saved() / "history.csv"
    path.write_text(change(path.read_text()), encoding="utf-8")
    assert refused(path.parent).startswith(f"{path}: ")
    assert message in refused(path.parent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": "finished"}, "status: input should be 'running', 'done', 'diverged' or 'failed'"),
        ({"seed": -1}, "seed: input should be greater than or equal to 0. Received: -1"),
        ({"schema_version": 1}, "schema_version: input should be 2. Received: 1"),
        ({"surprise": 1}, "surprise: extra inputs are not permitted"),
        ({"two\nlines": 1}, "two\\nlines: extra inputs are not permitted"),
        ({"long" * 1000: 1}, "long" * 50 + ": extra inputs are not permitted"),
        ({"epochs": 10**4000}, "epochs: input should be less than or equal to 1000000"),
        ({"stopped_after": 0}, "stopped_after: input should be greater than or equal to 1"),
    ],
)
def test_a_record_with_wrong_values(saved, change, message):
    path = saved() / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert refused(path.parent).startswith(f"{path}: {message}")


def test_a_folder_whose_name_is_two_lines_is_named_in_one(saved, tmp_path):
    with pytest.raises(HistoryError, match=r"two\\nlines: no such folder"):
        history.find(tmp_path / "two\nlines")


def test_a_record_that_is_no_json(saved):
    path = saved() / "run.json"
    path.write_text("{")
    assert refused(path.parent).startswith(f"{path}: the file: invalid json")


@pytest.mark.parametrize("name", ["run.json", "history.csv"])
def test_a_file_that_is_missing(saved, name):
    path = saved() / name
    path.unlink()
    assert refused(path.parent) == f"{path}: no such file"


def test_a_file_that_is_far_too_large(saved, monkeypatch):
    path = saved() / "history.csv"
    monkeypatch.setattr(history, "MAX_BYTES", 1000)
    path.write_bytes(b" " * 1001)
    assert "is larger than" in refused(path.parent)
