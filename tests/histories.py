"""Histories of a few epochs that end as a test wants them to: what the tests of conclusions share."""

from pathlib import Path

import numpy as np

from cifar_lr.history import DataRecord, History, Record

DATA = DataRecord(
    kind="cifar10",
    label="CIFAR-10",
    fingerprint="sha256:aaaa",
    classes=("cat", "dog"),
    train_images=10_000,
    validation_images=2_000,
)
HELD_OUT = DATA.model_copy(update={"test_images": 2_000})


def history(run, seed, final=0.7, *, status="done", data=DATA, epochs=3, correct=None, **curves):
    """A history of a few epochs whose last validation accuracy is `final`.

    `correct` is which test images the finished network got right.
    """
    rows = epochs - (status != "done")  # what did not end lacks its last epoch
    flat = np.full(rows, float(final))
    columns = dict.fromkeys(("accuracy", "val_accuracy", "loss", "val_loss", "seconds"), flat)
    columns |= {"epoch": np.arange(1, rows + 1), "learning_rate": flat} | curves
    fields = {"key": "k", "epochs": epochs, "model": "article", "versions": {}, "machine": {}}
    record = Record(run=run, seed=seed, status=status, data=data, **fields)
    made = History(Path("results") / run / f"seed-{seed}", record, columns)
    return got_right(made, correct)


def got_right(one, correct):
    """The same history, as if it had read from its folder which test images it got right."""
    one.__dict__["correct"] = correct
    return one


def finals(**accuracies):
    return [history(run, seed, final) for run, row in accuracies.items() for seed, final in enumerate(row)]


A, B = (0.712, 0.721, 0.715), (0.701, 0.709, 0.706)
