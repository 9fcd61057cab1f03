"""What happens beside the training: logging rates as they were applied, committing epochs, divergence."""

import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from cifar_lr.history import Writer


class LossHistory(keras.callbacks.Callback):
    """The article's callback: the training loss and the learning rate of each epoch.

    The article's version logged the rate of the *next* epoch. This one logs the rate that the epoch's
    first update applied, and works with constant rates, schedules and callbacks that set the rate.

    Args:
        per_update: also log the rate that each update applied. Needs `steps_per_execution=1`.

    Attributes:
        losses: the mean training loss of each epoch so far.
        lr: the rate that each epoch's first update applied.
        update_learning_rates: the rate that each update applied; empty unless asked for.

    Raises:
        ValueError: when training begins, if updates are asked for and several run as one execution.
    """

    def __init__(self, *, per_update: bool = False) -> None:
        super().__init__()
        self.per_update = per_update

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Start anew, as every `History` of Keras's does."""
        if self.per_update and self.model.steps_per_execution != 1:
            raise ValueError(
                "LossHistory(per_update=True) needs a model compiled with steps_per_execution=1. "
                f"Received: steps_per_execution={self.model.steps_per_execution}"
            )
        self.losses: list[float] = []
        self.lr: list[float] = []
        self.update_learning_rates: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Note the rate that the epoch's first update is about to apply. Epochs count from 0."""
        self.lr.append(applied_rate(self.model.optimizer))

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Note the rate that this update is about to apply, if asked to. Batches count from 0."""
        if self.per_update:
            self.update_learning_rates.append(applied_rate(self.model.optimizer))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Note the epoch's mean training loss."""
        self.losses.append((logs or {})["loss"])


def applied_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """Return the rate that an optimizer's next update will apply."""
    return float(optimizer.learning_rate)


class FirstNonFinite(keras.metrics.Metric):
    """The number of the epoch's first update, from 1, at which the network's output was not finite; else 0.

    Keras's `TerminateOnNaN` sees one number an execution, and an execution here is many updates. The
    cross-entropy of a finite output is finite, so the output is the right thing to watch.
    """

    def __init__(self, name: str = "first_non_finite", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.updates = self.add_variable((), initializer="zeros", dtype="int32", name="updates")
        self.first = self.add_variable((), initializer="zeros", dtype="int32", name="first")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count one update and look at its output."""
        self.updates.assign_add(1)
        bad = ops.logical_not(ops.all(ops.isfinite(y_pred)))
        is_first = ops.logical_and(ops.equal(self.first, 0), bad)
        self.first.assign(ops.where(is_first, self.updates, self.first))

    def result(self) -> Any:
        """Return the update's number, from 1 within the epoch, or 0."""
        return ops.add(self.first, 0)  # a value: Keras reads it after validation has reset the variable


class Diverged(Exception):  # noqa: N818  an outcome of a run, not a mistake
    """Training has left the finite numbers, at `update`, counted from 1 over the whole run."""

    def __init__(self, update: int, epoch: int) -> None:
        super().__init__(f"the network's output stopped being finite at update {update} (epoch {epoch})")
        self.update = update


class CommitEpoch(keras.callbacks.Callback):
    """Commits each finished epoch's row, and ends a run that diverged before its epoch is committed.

    Args:
        writer: takes each row.
        rates: logs the applied rates; must stand before this callback.

    Raises:
        Diverged: from `fit`, at the end of the epoch in which the output stopped being finite.
    """

    def __init__(self, writer: Writer, rates: LossHistory) -> None:
        super().__init__()
        self.writer = writer
        self.rates = rates

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Start the clock and remember how many updates came before. Epochs count from 0."""
        self._started = time.perf_counter()
        self._updates_before = int(self.model.optimizer.iterations)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Commit the epoch, under its number from 1."""
        logs = dict(logs or {})
        if first := int(logs["first_non_finite"]):
            raise Diverged(self._updates_before + first, epoch + 1)
        row = {name: float(logs[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        if not np.isfinite(list(row.values())).all():
            raise Diverged(int(self.model.optimizer.iterations), epoch + 1)
        seconds = time.perf_counter() - self._started
        self.writer.append(
            {"epoch": epoch + 1, "learning_rate": self.rates.lr[-1], **row, "seconds": seconds}
        )
