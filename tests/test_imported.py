"""Histories from elsewhere: every form that Keras leaves behind is read, and what is wrong is refused."""

import json
import pickle
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cifar_lr import imported
from cifar_lr.imported import COLUMNS, Imported, ImportedHistoryError

PUBLISHED = ROOT.parent / "shared" / "reference" / "published_histories.csv"

CSV_LOGGER = """\
epoch,accuracy,learning_rate,loss,val_accuracy,val_loss
0,0.265625,0.009999999776482582,1.1792770624160767,0.265625,1.1708619594573975
1,0.28125,0.009999999776482582,1.1665256023406982,0.296875,1.158038854598999
2,0.3125,0.0009999999310821295,1.1576051712036133,0.328125,1.1567647457122803
"""

KERAS_2 = """\
Using TensorFlow backend.
Train on 10000 samples, validate on 2000 samples
Epoch 1/3
 - 6s - loss: 0.6928 - acc: 0.5151 - val_loss: 0.6873 - val_acc: 0.5415

Epoch 00001: val_acc improved from -inf to 0.54150, saving model to best.h5
Epoch 2/3
 - 5s - loss: 0.6796 - acc: 0.5652 - val_loss: 0.7077 - val_acc: 0.5385
Epoch 3/3
 - 5s - loss: 0.6666 - acc: 0.5918 - val_loss: 0.6614 - val_acc: 0.5910
Test loss: 0.6614
"""

KERAS_3 = """\
Epoch 1/4

Epoch 1: saving model to best.keras

Epoch 1: finished saving model to best.keras
4/4 - 1s - 189ms/step - accuracy: 0.3906 - loss: 1.1039 - val_accuracy: 0.3906 - val_loss: 1.0949 - learning_rate: 0.0100
Epoch 2/4

Epoch 2: ReduceLROnPlateau reducing learning rate to 0.0009999999776482583.
4/4 - 0s - 44ms/step - accuracy: 0.4062 - loss: 1.0902 - val_accuracy: 0.4219 - val_loss: 1.0809 - learning_rate: 0.0100
Epoch 3/4
4/4 - 0s - 52ms/step - accuracy: 0.4375 - loss: 1.0804 - val_accuracy: 0.4531 - val_loss: 1.0795 - learning_rate: 1.0000e-03
Epoch 3: early stopping
4/4 - 0s - 5ms/step - accuracy: 0.4688 - loss: 1.0700
"""

GREEN, OFF, BOLD = "\x1b[32m", "\x1b[0m", "\x1b[1m"


def bar(at, seconds, metrics):
    """Return what Keras 3 draws over the line so far."""
    drawn = f"{BOLD}{at}/4{OFF} {GREEN}{'━' * 5 * at}{OFF}\x1b[37m{'━' * (20 - 5 * at)}{OFF}"
    return "\b" * 40 + f"\r{drawn} {BOLD}{seconds}s{OFF} 142ms/step - {metrics}"


KERAS_3_BAR = (
    "Epoch 1/2\n"
    + bar(1, 1, "accuracy: 0.3125 - loss: 1.1014")
    + bar(4, 0, "accuracy: 0.4062 - loss: 0.9660")
    + bar(4, 1, "accuracy: 0.4062 - loss: 0.9660 - val_accuracy: 0.4219 - val_loss: 0.9599")
    + "\nEpoch 2/2\n"
    + bar(1, 0, "accuracy: 0.3750 - loss: 0.9934")
    + "\nEpoch 2: saving model to best.keras\n"
    + bar(4, 0, "accuracy: 0.4531 - loss: 0.9571 - val_accuracy: 0.4688 - val_loss: 0.9509")
    + "\n"
    + bar(1, 0, "accuracy: 0.7500 - loss: 0.4746")
    + bar(4, 0, "accuracy: 0.7969 - loss: 0.4566 ")
    + "\n"
)

KERAS_2_BAR = (
    "Epoch 1/2\n"
    "\r  64/450 [===>..........................] - ETA: 3s - loss: 0.6366 - acc: 0.5938"
    "\r450/450 [==============================] - ETA: 0s - loss: 0.6905 - acc: 0.6089"
    "\r450/450 [==============================] - 1s 575us/step - loss: 0.6907 - acc: 0.6090 - val_loss: 0.7689 - val_acc: 0.5714 - lr: 0.0010\n"
    "Epoch 2/2\n"
    "450/450 [==============================] - ETA: 0s - loss: 0.6721 - acc: 0.6378Epoch 00001: val_loss did not improve\n"
    "450/450 [==============================] - 0s 596us/step - loss: 0.6723 - acc: 0.6379 - val_loss: 0.8000 - val_acc: 0.5102 - lr: 2.5000e-04     \n"
)


@pytest.fixture
def source(tmp_path):
    """Return a function that writes a file to import and returns its path."""

    def write(content, name="history.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def read_one(path, run="step"):
    (history,) = imported.read(path, "article", run)
    return history


def refused(path, run=None, name="article"):
    with pytest.raises(ImportedHistoryError) as error:
        imported.read(path, name, run)
    assert "\n" not in str(error.value)
    return str(error.value)


def read_or_refused(path):
    try:
        return imported.read(path, "article"), ""
    except ImportedHistoryError as error:
        return [], str(error)


def assert_columns(history, **expected):
    """Assert that a history has these columns, four digits for four digits, and no other."""
    assert set(history.columns) == set(COLUMNS)
    for column in COLUMNS:
        values = expected.get(column, [np.nan] * len(history.epochs))
        np.testing.assert_array_equal(history[column], values, err_msg=column)
        assert history[column].dtype == np.float64


def test_a_file_of_csv_logger_counts_from_0(source):
    history = read_one(source(CSV_LOGGER))
    assert (history.name, history.run) == ("article", "step")
    assert history.epochs.dtype == np.int64
    assert history.epochs.tolist() == [1, 2, 3]
    assert_columns(
        history,
        loss=[1.1792770624160767, 1.1665256023406982, 1.1576051712036133],
        accuracy=[0.265625, 0.28125, 0.3125],
        val_loss=[1.1708619594573975, 1.158038854598999, 1.1567647457122803],
        val_accuracy=[0.265625, 0.296875, 0.328125],
        learning_rate=[0.009999999776482582, 0.009999999776482582, 0.0009999999310821295],
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ";"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: "\n" + text.replace("\n", "\n\n"),
        lambda text: text.replace("epoch,accuracy", '"epoch","accuracy"'),
        lambda text: text.replace("accuracy", "acc").replace("learning_rate", "lr"),
        lambda text: text.replace("accuracy", "sparse_categorical_accuracy"),
        lambda text: text.replace("\n0,", "\n1.0,").replace("\n2,", "\n3.0,").replace("\n1,", "\n2.0,"),
        lambda text: text.rstrip("\n"),
    ],
)
def test_other_spellings_of_one_table_are_the_same_history(source, change):
    expected, history = read_one(source(CSV_LOGGER)), read_one(source(change(CSV_LOGGER), "other.csv"))
    assert history.epochs.tolist() == [1, 2, 3]
    for column in COLUMNS:
        np.testing.assert_array_equal(history[column], expected[column])


@pytest.mark.parametrize("name", ["binary_accuracy", "categorical_accuracy", "acc"])
def test_every_name_of_an_accuracy(source, name):
    history = read_one(source(json.dumps({name: [0.5], f"val_{name}": [0.25]})))
    assert_columns(history, accuracy=[0.5], val_accuracy=[0.25])


def test_what_is_no_column_is_named(source):
    history = read_one(source("epoch,loss,auc,f1\n1,0.5,0.7,0.6\n"))
    assert history.ignored == ("auc", "f1")
    assert_columns(history, loss=[0.5])


def test_the_column_with_our_name_is_taken_before_a_synonym(source):
    history = read_one(source('{"acc": [0.1], "accuracy": [0.5], "binary_accuracy": [0.2]}'))
    assert_columns(history, accuracy=[0.5])
    assert history.ignored == ("acc", "binary_accuracy")


def test_two_synonyms_of_one_column(source):
    path = source("epoch,acc,binary_accuracy\n0,0.5,0.5\n")
    assert refused(path) == (f"{path}: line 1: has acc and binary_accuracy, which are one column. Remove one")


def test_what_a_table_lacks_is_missing(source):
    history = read_one(source("epoch,loss,val_loss\n1,0.5,NA\n2,,0.4\n"))
    assert_columns(history, loss=[0.5, np.nan], val_loss=[np.nan, 0.4])


def test_a_table_of_several_runs_each_counting_its_own_way(source):
    path = source("run,epoch,val_accuracy\nstep,1,0.5\nadam,0,0.25\nstep,2,0.75\nadam,1,0.125\n")
    step, adam = imported.read(path, "article")
    assert [(one.run, one.epochs.tolist()) for one in (step, adam)] == [("step", [1, 2]), ("adam", [1, 2])]
    assert_columns(step, val_accuracy=[0.5, 0.75])
    assert_columns(adam, val_accuracy=[0.25, 0.125])
    assert_columns(read_one(path, "adam"), val_accuracy=[0.25, 0.125])
    assert refused(path, "sgd") == f"{path}: has no run 'sgd'. It has: step, adam"


def test_json_of_one_history(source):
    path = source('{"loss": [0.5, 0.25], "val_acc": [0, 1], "lr": [1e-3, 5e-4]}', "history.json")
    history = read_one(path)
    assert history.epochs.tolist() == [1, 2]
    assert_columns(history, loss=[0.5, 0.25], val_accuracy=[0, 1], learning_rate=[0.001, 0.0005])


def test_json_of_several_runs(source):
    path = source('{"step": {"loss": [0.5]}, "adam": {"loss": [0.25, 0.125]}}')
    assert [(one.run, one["loss"].tolist()) for one in imported.read(path, "article")] == [
        ("step", [0.5]),
        ("adam", [0.25, 0.125]),
    ]
    assert read_one(path, "adam").final["loss"] == 0.125
    assert refused(path, "sgd") == f"{path}: has no run 'sgd'. It has: step, adam"


def test_json_with_its_epochs_and_with_nulls(source):
    history = read_one(
        source('{"epoch": [0, 4, 9], "loss": [0.5, 0.25, 0.125], "val_loss": [null, 0.5, null]}')
    )
    assert history.epochs.tolist() == [1, 5, 10]
    assert_columns(history, loss=[0.5, 0.25, 0.125], val_loss=[np.nan, 0.5, np.nan])


def test_what_keras_2_prints(source):
    history = read_one(source(KERAS_2))
    assert history.epochs.tolist() == [1, 2, 3]
    assert_columns(
        history,
        loss=[0.6928, 0.6796, 0.6666],
        accuracy=[0.5151, 0.5652, 0.5918],
        val_loss=[0.6873, 0.7077, 0.6614],
        val_accuracy=[0.5415, 0.5385, 0.5910],
    )


def test_what_keras_2_printed_at_first(source):
    history = read_one(
        source("Epoch 1/100\n6s - loss: 0.6928 - acc: 0.5151\nEpoch 2/100\n125s - loss: 0.5 - acc: 0.75\n")
    )
    assert_columns(history, loss=[0.6928, 0.5], accuracy=[0.5151, 0.75])


def test_what_keras_3_prints(source):
    history = read_one(source(KERAS_3))
    assert history.epochs.tolist() == [1, 2, 3]
    assert_columns(
        history,
        loss=[1.1039, 1.0902, 1.0804],
        accuracy=[0.3906, 0.4062, 0.4375],
        val_loss=[1.0949, 1.0809, 1.0795],
        val_accuracy=[0.3906, 0.4219, 0.4531],
        learning_rate=[0.01, 0.01, 0.001],
    )


@pytest.mark.parametrize(
    "text", [KERAS_3_BAR, KERAS_3_BAR.replace("\x1b", ""), KERAS_3_BAR.replace("\r", "\n")]
)
def test_a_progress_bar_of_keras_3_and_an_evaluation_after_it(source, text):
    history = read_one(source(text))
    assert history.epochs.tolist() == [1, 2]
    assert_columns(
        history,
        loss=[0.9660, 0.9571],
        accuracy=[0.4062, 0.4531],
        val_loss=[0.9599, 0.9509],
        val_accuracy=[0.4219, 0.4688],
    )


def test_a_progress_bar_of_keras_2(source):
    history = read_one(source(KERAS_2_BAR))
    assert_columns(
        history,
        loss=[0.6907, 0.6723],
        accuracy=[0.6090, 0.6379],
        val_loss=[0.7689, 0.8],
        val_accuracy=[0.5714, 0.5102],
        learning_rate=[0.001, 0.00025],
    )


def test_an_epoch_that_was_interrupted_is_none(source):
    text = KERAS_2_BAR.partition("\r450/450")[0] + "\nKeyboardInterrupt\n"
    assert "no epoch found" in refused(source(text))
    assert read_one(source(KERAS_3 + "Epoch 4/4\n1/4 - loss: 9.9\nKeyboardInterrupt\n")).epochs.tolist() == [
        1,
        2,
        3,
    ]


def test_epochs_that_were_cut_out_of_the_print_are_gaps(source):
    lines = [f"Epoch {epoch}/100\n - 6s - loss: 0.{epoch} - acc: 0.5\n" for epoch in (1, 49, 100)]
    history = read_one(source("...\n".join(lines)))
    assert history.epochs.tolist() == [1, 49, 100]
    assert history.gaps == "epochs 2-48, 50-99 missing"


@pytest.mark.parametrize(
    ("epochs", "gaps"),
    [
        ([1, 2, 3], ""),
        ([1, 3], "epoch 2 missing"),
        ([4], "epochs 1-3 missing"),
        ([2, 4], "epochs 1, 3 missing"),
        ([2, 4, 6, 8, 10, 12, 16], "epochs 1, 3, 5, 7, 9 and 4 more missing"),
    ],
)
def test_gaps_in_words(epochs, gaps):
    assert Imported("article", "step", np.array(epochs), {}).gaps == gaps


def test_the_last_epoch(source):
    final = read_one(source(KERAS_2)).final
    assert np.isnan(final.pop("learning_rate"))
    assert final == {"loss": 0.6666, "accuracy": 0.5918, "val_loss": 0.6614, "val_accuracy": 0.5910}


def test_an_epoch_that_has_begun_and_no_numbers_is_not_kept_which_is_said(source):
    text = "Epoch 1/2\n10/10 - 1s - loss: 0.6900 - accuracy: 0.5300\nEpoch 2/2\n"
    one = read_one(source(text))
    assert one.epochs.tolist() == [1]
    assert "epoch 2, which has no numbers" in one.ignored


def test_a_table_with_tabs(source):
    one = read_one(source("epoch\taccuracy\tloss\n0\t0.5\t0.7\n1\t0.6\t0.6\n", "log.tsv"))
    assert one["accuracy"].tolist() == [0.5, 0.6]


def test_a_run_without_an_epoch_beside_one_with_some_is_refused(source):
    message = refused(source('{"step": {"loss": [0.5]}, "adam": {"loss": []}}', "log.json"))
    assert message.endswith("log.json: adam: has no epoch. Remove it")


def test_several_trainings_in_one_print_are_numbered(source):
    path = source(KERAS_2 + KERAS_3)
    assert [(one.run, one.final["loss"]) for one in imported.read(path, "article")] == [
        ("1", 0.6666),
        ("2", 1.0804),
    ]
    assert refused(path, "step") == (
        f"{path}: has 2 histories for one run 'step'. "
        "Cut the file down to one, or leave out the run to have them numbered"
    )


def test_a_single_history_without_a_run_is_number_1(source):
    assert [one.run for one in imported.read(source(KERAS_2), "article")] == ["1"]


NOTEBOOK_4 = {
    "nbformat": 4,
    "cells": [
        {"cell_type": "markdown", "source": ["Epoch 1/3\n"]},
        {
            "cell_type": "code",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": KERAS_2.splitlines(keepends=True)[:5]},
                {"output_type": "stream", "name": "stderr", "text": "a warning\n"},
                {"output_type": "stream", "name": "stdout", "text": KERAS_2.splitlines(keepends=True)[5:]},
                {"output_type": "execute_result", "data": {"text/plain": ["<History>"]}},
            ],
        },
        {"cell_type": "code", "outputs": [{"output_type": "stream", "text": KERAS_3_BAR}]},
        {
            "cell_type": "code",
            "outputs": [{"output_type": "stream", "text": "4/4 - 0s - loss: 9.9 - accuracy: 0.9 - auc: 1\n"}],
        },
    ],
}
NOTEBOOK_3 = {
    "nbformat": 3,
    "worksheets": [
        {
            "cells": [
                {"cell_type": "code", "outputs": [{"text": KERAS_2}, {"text": ["<History>"]}]},
                {"cell_type": "code", "outputs": [{"output_type": "stream", "text": KERAS_3_BAR}]},
            ]
        }
    ],
}


@pytest.mark.parametrize("notebook", [NOTEBOOK_4, NOTEBOOK_3], ids=["nbformat 4", "nbformat 3"])
def test_the_saved_outputs_of_a_notebook(source, notebook):
    first, second = imported.read(source(json.dumps(notebook), "notebook.ipynb"), "article")
    assert (first.run, second.run) == ("1", "2")
    assert_columns(
        first,
        loss=[0.6928, 0.6796, 0.6666],
        accuracy=[0.5151, 0.5652, 0.5918],
        val_loss=[0.6873, 0.7077, 0.6614],
        val_accuracy=[0.5415, 0.5385, 0.5910],
    )
    assert second["loss"].tolist() == [0.9660, 0.9571]
    assert (first.ignored, second.ignored) == ((), ())


def test_what_is_wrong_in_a_notebook_is_found_by_its_cell(source):
    notebook = json.dumps(NOTEBOOK_4).replace("acc: 0.5652", "acc: 56.52")
    path = source(notebook, "notebook.ipynb")
    assert refused(path) == (
        f"{path}: output of cell 2: line 8: accuracy must be from 0 to 1. Received: 56.52. "
        "Divide what is in percent by 100"
    )


def test_a_warning_that_breaks_into_a_line_of_a_notebook(source):
    bars = ("4/4 1s 142ms/step - loss: 0.5", "a warning", "4/4 1s 142ms/step - loss: 0.5 - val_loss: 0.6\n")
    cell = {"outputs": [{"text": text} for text in ("Epoch 1/2\n", *bars)]}
    history = read_one(source(json.dumps({"cells": [cell]}), "notebook.ipynb"))
    assert_columns(history, loss=[0.5], val_loss=[0.6])


def test_a_notebook_without_outputs(source):
    assert "no epoch found" in refused(
        source('{"cells": [{"source": []}, 3], "nbformat": 4}', "notebook.ipynb")
    )


def test_the_published_histories():
    if not PUBLISHED.exists():
        pytest.skip("the published histories are not beside this checkout")
    histories = imported.read(PUBLISHED, "published")
    assert [history.run for history in histories] == [
        "constant",
        "time_based",
        "step",
        "exponential",
        "adagrad",
        "adadelta",
        "rmsprop",
        "adam",
    ]
    assert all(history.epochs.tolist() == list(range(1, 101)) for history in histories)
    assert all(history.gaps == "" for history in histories)
    final = {history.run: history.final["val_accuracy"] for history in histories}
    assert (final["step"], final["rmsprop"], final["exponential"]) == (0.7145, 0.7345, 0.6640)
    assert read_one(PUBLISHED, "constant")["loss"][:3].tolist() == [0.6928, 0.6796, 0.6666]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty. Name a file with a history"),
        (" \n\n", "is empty. Name a file with a history"),
        (b"\xff\xfeE\x00p\x00", "is no text in UTF-8. Save History.history as JSON, or text in UTF-8"),
        ("Epoch 1/2\0\n", "is no text in UTF-8. Save History.history as JSON, or text in UTF-8"),
        (
            "nothing of the kind\n",
            "no epoch found. Name a table with a column epoch, JSON of History.history, or what fit printed",
        ),
        (
            "epoch,loss\n",
            "no epoch found. Name a table with a column epoch, JSON of History.history, or what fit printed",
        ),
        (
            "{}",
            "has none of loss, accuracy, val_loss, val_accuracy, learning_rate. Received: ''. Rename one",
        ),
        (
            '{"loss": []}',
            "no epoch found. Name a table with a column epoch, JSON of History.history, or what fit printed",
        ),
        (
            "epoch,auc,f1\n0,0.5,0.5\n",
            "line 1: has none of loss, accuracy, val_loss, val_accuracy, learning_rate. Received: 'auc, f1'. Rename one",
        ),
        (
            "Epoch 1/2\n - 1s - auc: 0.5\n",
            "line 1: has none of loss, accuracy, val_loss, val_accuracy, learning_rate. Received: 'auc'. Rename one",
        ),
        ("epoch,loss,loss\n0,1,1\n", "line 1: has loss and loss, which are one column. Remove one"),
        ("epoch,loss,epoch\n0,1,1\n", "line 1: must have one column epoch and at most one run"),
        ("epoch,loss\n0,1\n1\n", "line 3: must have 2 entries. Received: '1'. Correct it"),
        ('epoch,loss\n0,"1\n', "line 2: unexpected end of data. Correct it"),
        ("epoch,loss\n1,0.5\n1,0.4\n", "line 3: epoch 1 comes after epoch 1. Put them in order"),
        ("epoch,loss\n0,0.5\n2,0.4\n1,0.3\n", "line 4: epoch 1 comes after epoch 2. Put them in order"),
        (
            "epoch,loss\n1.5,0.5\n",
            "line 2: epoch must be a whole number from 0 or 1 to 1000000. Received: '1.5'. Correct it",
        ),
        (
            "epoch,loss\n-1,0.5\n",
            "line 2: epoch must be a whole number from 0 or 1 to 1000000. Received: '-1'. Correct it",
        ),
        (
            "epoch,loss\nlast,0.5\n",
            "line 2: epoch must be a whole number from 0 or 1 to 1000000. Received: 'last'. Correct it",
        ),
        (
            "Epoch 1000001/2000000\n - 1s - loss: 0.5\n",
            "line 1: epoch must be a whole number from 0 or 1 to 1000000. Received: '1000001'. Correct it",
        ),
        (
            "Epoch 1/3\n - 1s - loss: 0.5\nEpoch 3/3\n - 1s - loss: 0.5\nEpoch 2/3\n - 1s - loss: 0.5\n",
            "line 5: epoch 2 comes after epoch 3. Put them in order",
        ),
        ("epoch,loss\n1,low\n", "line 2: loss is no number. Received: 'low'. Correct it or leave it out"),
        ("epoch,loss\n1,1_0\n", "line 2: loss is no number. Received: '1_0'. Correct it or leave it out"),
        ("epoch;loss\n1;0,5\n", "line 2: loss is no number. Received: '0,5'. Correct it or leave it out"),
        ("epoch,loss\n1,nan\n", "line 2: loss is nan: the run diverged there. Cut the file before it"),
        (
            "epoch,val_loss\n1,-inf\n",
            "line 2: val_loss is -inf: the run diverged there. Cut the file before it",
        ),
        ('{"loss": [0.5, NaN]}', "entry 2: loss is nan: the run diverged there. Cut the file before it"),
        (
            "Epoch 1/2\n2/2 - 0s - 11ms/step - accuracy: 0.5000 - loss: nan\n",
            "line 1: loss is nan: the run diverged there. Cut the file before it",
        ),
        (
            "epoch,lr\n1,inf\n",
            "line 2: learning_rate must be at least 0 and finite. Received: inf. Correct it",
        ),
        (
            "epoch,lr\n1,-0.1\n",
            "line 2: learning_rate must be at least 0 and finite. Received: -0.1. Correct it",
        ),
        (
            "epoch,acc\n1,71.45\n",
            "line 2: accuracy must be from 0 to 1. Received: 71.45. Divide what is in percent by 100",
        ),
        ("epoch,acc\n1,-0.5\n", "line 2: accuracy must be from 0 to 1. Received: -0.5. Correct it"),
        ("epoch,acc\n1,nan\n", "line 2: accuracy must be from 0 to 1. Received: nan. Correct it"),
        (
            "epoch,acc\n1,\n",
            "line 2: has no number in any of loss, accuracy, val_loss, val_accuracy, learning_rate. Remove it",
        ),
        (
            '{"loss": [1, 2, 3], "val_loss": [1]}',
            "lists differ in length: loss 3, val_loss 1. Put null where an epoch has no number",
        ),
        ('{"loss": 0.5}', "loss must be a list with a number for each epoch"),
        ('{"loss": ["0.5"]}', "entry 1: loss is no number. Received: '\"0.5\"'. Correct it or leave it out"),
        ('{"loss": [true]}', "entry 1: loss is no number. Received: 'true'. Correct it or leave it out"),
        ('{"loss": [[1]]}', "entry 1: loss is no number. Received: 'a list'. Correct it or leave it out"),
        (
            '{"step": {"loss": [1]}, "seed": 3}',
            "seed: must be a JSON object, as History.history is. Remove what is none",
        ),
        ('{"loss": [1], "loss": [2]}', "is no JSON that can be read: the key 'loss' is there twice"),
        (
            "{'loss': [1]}",
            "is no JSON that can be read: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (
            "run,epoch,loss\nmy step,1,0.5\n",
            "the run must be at most 200 letters, digits and _.+=-, and begin with one of the first two. Received: 'my step'",
        ),
        (
            "run,epoch,loss\n,1,0.5\n",
            "the run must be at most 200 letters, digits and _.+=-, and begin with one of the first two. Received: ''",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_place(source, content, message):
    path = source(content)
    assert refused(path) == f"{path}: {message}"


def test_json_that_is_deeper_than_any_history(source):
    assert "is no JSON that can be read" in refused(source('{"loss": ' + "[" * 100_000))


def test_json_that_is_a_list(source):
    path = source("[0.5]", "history.json")
    assert refused(path) == f"{path}: must be a JSON object, as History.history is. Received: '[0.5]'"


class _Trap:
    def __reduce__(self):
        return (sys.exit, ("unpickled",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_never_opened(source, protocol):
    message = refused(source(pickle.dumps({"loss": [0.5], "trap": _Trap()}, protocol), "history.pkl"))
    assert ("is a pickle, which is never opened" in message) == (protocol >= 2)


def test_a_file_that_is_not_there(tmp_path):
    assert refused(tmp_path / "nowhere.csv") == f"{tmp_path / 'nowhere.csv'}: no such file"
    assert refused(tmp_path) == f"{tmp_path}: is not a file. Name a file of at most 64 MiB"


def test_a_file_that_is_far_too_large(source, monkeypatch):
    monkeypatch.setattr(imported, "MAX_BYTES", 2**20)
    path = source(b" " * (2**20 + 1))
    assert refused(path) == f"{path}: is larger than 1 MiB. Name a file of at most 1 MiB"


@pytest.mark.parametrize("name", ["", ".", "..", "../mine", "a/b", "a b", "-a", "/a", "é", "a\n", "a" * 201])
def test_a_name_that_can_be_no_files(source, tmp_path, name):
    path = source(CSV_LOGGER)
    rule = "must be at most 200 letters, digits and _.+=-, and begin with one of the first two"
    assert refused(path, name=name).startswith(f"{path}: the name {rule}. Received: ")
    assert refused(path, run=name).startswith(f"{path}: the run {rule}. Received: ")
    history = read_one(path)
    for wrong in (
        Imported(name, "step", history.epochs, history.columns),
        Imported("article", name, history.epochs, history.columns),
    ):
        with pytest.raises(ImportedHistoryError, match="the name must be at most 200 letters"):
            imported.write([wrong], tmp_path / "imported")
    assert not (tmp_path / "imported").exists()


def test_what_is_stored_is_one_table_for_one_name(source, tmp_path):
    path = source("run,epoch,loss,acc,lr\nstep,1,0.5,0.25,1e-3\nstep,5,0.1,1,\nadam,0,0.125,0,\n")
    written = imported.write(imported.read(path, "article"), tmp_path / "results" / "imported")
    assert written == tmp_path / "results" / "imported" / "article.csv"
    assert written.read_text() == (
        "run,epoch,loss,accuracy,val_loss,val_accuracy,learning_rate\n"
        "step,1,0.5,0.25,,,0.001\n"
        "step,5,0.1,1.0,,,\n"
        "adam,1,0.125,0.0,,,\n"
    )
    assert [file.name for file in written.parent.iterdir()] == ["article.csv"]


def test_a_folder_is_loaded_by_name(source, tmp_path):
    path, folder = source(CSV_LOGGER), tmp_path / "imported"
    for name in ("second", "first.of.all"):
        imported.write(imported.read(path, name, "step"), folder)
    assert [(one.name, one.run) for one in imported.load(folder)] == [
        ("first.of.all", "step"),
        ("second", "step"),
    ]
    assert [one.name for one in imported.load(folder / "second.csv")] == ["second"]
    assert imported.load(tmp_path / "imported" / "..") == []
    with pytest.raises(ImportedHistoryError, match="nowhere: no such file"):
        imported.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("names", "received"),
    [
        ([], "none"),
        ([("article", "step"), ("mine", "step")], "article for step, mine for step"),
        ([("article", "step"), ("article", "step")], "article for step, article for step"),
    ],
)
def test_histories_that_are_no_one_file(source, tmp_path, names, received):
    history = read_one(source(CSV_LOGGER))
    histories = [Imported(name, run, history.epochs, history.columns) for name, run in names]
    with pytest.raises(ImportedHistoryError) as error:
        imported.write(histories, tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: a file is for histories of one name, each of another run. Received: {received}"
    )


def test_what_could_not_be_read_back_is_not_written(tmp_path):
    columns = dict.fromkeys(COLUMNS, np.array([0.5, np.inf]))
    with pytest.raises(
        ImportedHistoryError, match=r"article.csv: line 3: loss is inf: the run diverged there"
    ):
        imported.write([Imported("article", "step", np.array([1, 2]), columns)], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_written(source, tmp_path):
    histories = imported.read(source(CSV_LOGGER, "file"), "article")
    with pytest.raises(ImportedHistoryError, match=r"file/article.csv: can not be written: "):
        imported.write(histories, tmp_path / "file")


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
FRACTIONS = st.floats(0, 1)
ROWS = st.tuples(
    *(st.none() | numbers for numbers in (NUMBERS, FRACTIONS, NUMBERS, FRACTIONS, st.floats(0, 1e308)))
).filter(lambda row: any(value is not None for value in row))
EPOCHS = st.dictionaries(st.integers(1, imported.MAX_EPOCHS), ROWS, min_size=1, max_size=8)
RUNS = st.dictionaries(st.sampled_from(["step", "1", "a.b+c=d-e_f", "Z" * 200]), EPOCHS, min_size=1)


def bits(values):
    return [None if np.isnan(value) else struct.pack("<d", value) for value in values]


@settings(deadline=None, database=None, max_examples=60)
@given(RUNS)
def test_what_is_written_reads_back_bit_for_bit(runs):
    histories = []
    for run, rows in runs.items():
        epochs = sorted(rows)
        table = np.array([rows[epoch] for epoch in epochs], dtype=np.float64).T
        histories.append(Imported("article", run, np.array(epochs), dict(zip(COLUMNS, table, strict=True))))
    with tempfile.TemporaryDirectory() as folder:
        read = imported.load(imported.write(histories, Path(folder)))
    assert [(one.name, one.run, one.ignored) for one in read] == [("article", run, ()) for run in runs]
    for before, after in zip(histories, read, strict=True):
        assert after.epochs.tolist() == before.epochs.tolist()
        assert after.epochs.dtype == np.int64
        for column in COLUMNS:
            assert bits(after[column]) == bits(before[column])


PIECES = st.sampled_from(
    [
        *("epoch", "run", "loss", "accuracy", "acc", "val_loss", "lr", "step", '""', '"'),
        *("Epoch 1/2", "Epoch 2/2", " - 1s - loss: ", "4/4 - ", "ETA: 0s", "[==] - ", ": ", " - ", "\x1b[1m"),
        *("0", "1", "2", "0.5", "-1", "nan", "inf", "1e999", "NA", "null", "true", "9999999"),
        *('"loss":', '"epoch":', '"cells":', '"outputs":', '"text":', '"worksheets":', '"step":'),
        *("[", "]", "{", "}", ",", ";", ":", "\n", "\r\n", "\r", "\b"),
        *("\ufeff", "\0", " ", "é", "٣", "\x1c", "\x85"),
    ]
)
LIKELY = st.lists(PIECES, max_size=40).map(lambda pieces: "".join(pieces).encode())
DAMAGED = st.builds(
    lambda text, at, piece: (text[: at % len(text)] + piece + text[at % len(text) + 1 :]).encode(),
    st.sampled_from(
        [CSV_LOGGER, KERAS_2, KERAS_3, KERAS_3_BAR, json.dumps(NOTEBOOK_4), '{"a": {"loss": [1, 2]}}']
    ),
    st.integers(0, 10_000),
    PIECES,
)


@settings(deadline=None, database=None, max_examples=300)
@given(
    st.binary(max_size=300) | LIKELY | DAMAGED, st.sampled_from(["history", "history.json", "notebook.ipynb"])
)
@example(b'{"loss": [' + b"9" * 5000 + b"]}", "history")
@example(b'{"loss": [' + b"9" * 400 + b"]}", "history")
@example(b"epoch,loss\n" + b"9" * 5000 + b",1\n", "history")
@example(b"epoch,loss\n1," + b"9" * 200_000 + b"\n", "history")
@example(b'{"\\ud800": {"loss": [1]}}', "history")
@example("Epoch ٣/٣\n - 1s - loss: 1\n".encode(), "history")
def test_any_bytes_are_histories_or_refused(content, name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        histories, message = read_or_refused(path)
        assert message == "" or (message.startswith(f"{path}: ") and message.isprintable())
    assert bool(histories) != bool(message)
    for history in histories:
        assert (np.diff(history.epochs) > 0).all()
        assert history.epochs[0] >= 1
        assert all(history[column].shape == history.epochs.shape for column in COLUMNS)


def test_reading_needs_neither_keras_nor_tensorflow(source):
    path = source(json.dumps(NOTEBOOK_4), "notebook.ipynb")
    code = (
        "import sys; from pathlib import Path; from cifar_lr import imported; "
        f"assert len(imported.read(Path({str(path)!r}), 'article')) == 2; "
        "assert not {'keras', 'tensorflow', 'pandas'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)


def test_what_is_there_already_is_not_written_over(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,loss\n1,0.5\n")
    (tmp_path / "mine.csv").write_text("mine\n")
    histories = imported.read(tmp_path / "log.csv", "mine")
    with pytest.raises(ImportedHistoryError) as error:
        imported.write(histories, tmp_path)
    assert str(error.value) == (
        f"{tmp_path / 'mine.csv'}: is there already, with something else in it. Name another, or remove it"
    )
    assert (tmp_path / "mine.csv").read_text() == "mine\n"


def test_the_same_histories_may_be_written_again(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,loss\n1,0.5\n")
    histories = imported.read(tmp_path / "log.csv", "same")
    assert imported.write(histories, tmp_path / "a") == imported.write(histories, tmp_path / "a")
