"""What happens beside the training: logging rates as they were applied, committing epochs, divergence."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Self

import keras
import numpy as np
from keras import ops

from cifar_lr import config
from cifar_lr.checkpoint import Arrays, CheckpointError, State, Store
from cifar_lr.config import ConfigError, Optimizer, Schedule
from cifar_lr.history import COLUMNS, UPDATE_COLUMNS, Writer
from cifar_lr.optimizers import construct

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")
SINGLE = np.finfo(np.float32)
UPDATES_OF_GRACE = 10  # of a range test, before a risen loss counts as divergence


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


class BatchLoss(keras.metrics.Metric):
    """The mean cross-entropy of the last batch, where Keras reports a running mean over the epoch's."""

    def __init__(self, name: str = "batch_loss", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.last = self.add_variable((), initializer="zeros", name="last")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take one batch in the place of the one before."""
        self.last.assign(ops.mean(keras.losses.categorical_crossentropy(y_true, y_pred)))

    def result(self) -> Any:
        """Return the loss."""
        return ops.add(self.last, 0)


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


class Interrupted(Exception):  # noqa: N818  an outcome of a training, not a mistake
    """Training was asked to stop and has: all that it did is saved."""


class Commit(keras.callbacks.Callback):
    """Commits finished epochs with all that going on takes, and begins where the last commit left off.

    What is committed: every variable of the model (the seeds of dropout among them) and of the optimizer,
    the rows of the history, what the configuration's callbacks remember and, within an epoch, the metrics so
    far. It must stand behind all other callbacks, whose state it restores when training begins and saves
    when they are through with an epoch.

    Args:
        store: takes the states.
        writer: takes the rows, once a state that has them is saved.
        rates: logs the applied rates.
        remembering: the callbacks that the configuration asks for.
        state: where training begins; its `fit` must begin there too.
        every: how many epochs to a commit; the last one of a `fit` is committed in any case.
        stop: is asked after each execution of updates, and between epochs, whether to stop.

    Raises:
        Diverged: from `fit`, at the end of the epoch in which the output stopped being finite.
        Interrupted: from `fit`, when asked to stop, with all saved.
        checkpoint.CheckpointError: from `fit`, if a state can not be saved, or is not of this model.
    """

    def __init__(
        self,
        store: Store,
        writer: Writer,
        rates: LossHistory,
        remembering: Sequence[keras.callbacks.Callback],
        state: State,
        *,
        every: int = 1,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__()
        self.store = store
        self.writer = writer
        self.rates = rates
        self.remembering = remembering
        self.state = state
        self.every = every
        self.stop = stop
        self._epochs, self._updates = rows_of(state)
        self._before = state.update

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Give everything the value that it had when the state was saved."""
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        blank = np.zeros((1, self.model.output_shape[-1]), np.float32)
        self.model.compute_metrics(None, blank, blank)  # makes their variables; an epoch begins by resetting
        if self.state.arrays:
            for group, variables in self._variables().items():
                _assign(group, variables, self.state, self.store)
            _restore(self.remembering, self.state.arrays)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Start the clock; within an epoch that was interrupted, restore what it had come to."""
        self._started = time.perf_counter()
        if self._before:
            _assign("metrics", self.model.metrics_variables, self.state, self.store)
            rate, seconds = self.state.arrays["interrupted"].tolist()
            self.rates.lr[-1] = rate
            self._started -= seconds

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Note the update's loss if updates are logged, and stop if asked to. Batches count from 0."""
        self.store.beat()
        if self.rates.per_update:
            loss = float((logs or {})["batch_loss"])
            values = (len(self._updates) + 1, self.rates.update_learning_rates[-1], loss)
            self._updates.append(dict(zip(UPDATE_COLUMNS, values, strict=True)))
        update = self._before + batch + 1
        if self.stop() and batch + 1 < self.params["steps"]:
            self._commit(len(self._epochs), update)
            raise Interrupted

    def on_test_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Give a sign of life."""
        self.store.beat()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Take the epoch's row, under its number from 1, and commit it if it is time."""
        logs = dict(logs or {})
        updates = self._before + self.params["steps"]  # of an epoch; the optimizer may count otherwise
        if first := int(logs["first_non_finite"]):
            self._diverge(epoch * updates + first, epoch + 1)
        row = {name: float(logs[name]) for name in METRICS}
        if not np.isfinite(list(row.values())).all():
            self._diverge((epoch + 1) * updates, epoch + 1)
        seconds = time.perf_counter() - self._started
        self._epochs.append(
            {"epoch": epoch + 1, "learning_rate": self.rates.lr[-1], **row, "seconds": seconds}
        )
        self._before = 0
        last = epoch + 1 == self.params["epochs"] or self.model.stop_training
        stopped = self.stop()
        if last or stopped or (epoch + 1) % self.every == 0:
            self._commit(epoch + 1, 0)
        if stopped and not last:
            raise Interrupted

    def _diverge(self, update: int, epoch: int) -> NoReturn:
        """Keep the finished epochs, and the updates before the one at which training diverged."""
        finite = (n for n, row in enumerate(self._updates) if not np.isfinite(row["loss"]))
        del self._updates[next(finite, len(self._updates)) :]
        self._publish()
        raise Diverged(update, epoch)

    def _commit(self, epoch: int, update: int) -> None:
        arrays = _remembered(self.remembering)
        for group, variables in self._variables().items():
            arrays |= _arrays(group, variables)
        arrays["history"] = _table(COLUMNS, self._epochs)
        arrays["ended"] = np.array(bool(self.model.stop_training))
        if self.rates.per_update:
            arrays["updates"] = _table(UPDATE_COLUMNS, self._updates)
        if update:
            arrays |= _arrays("metrics", self.model.metrics_variables)
            arrays["interrupted"] = np.array([self.rates.lr[-1], time.perf_counter() - self._started])
        self.state = State(epoch, update, arrays)
        self.store.commit(self.state)
        self._publish()

    def _publish(self) -> None:
        """Bring the files up to what is committed."""
        self.writer.write_epochs(self._epochs)
        if self.rates.per_update:
            self.writer.write_updates(self._updates)

    def _variables(self) -> dict[str, Sequence[Any]]:
        return {"model": self.model.variables, "optimizer": self.model.optimizer.variables}


def rows_of(state: State) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Return the rows of the history and those of the updates that a state holds."""
    epochs = [_row(COLUMNS, values) for values in state.arrays.get("history", ())]
    return epochs, [_row(UPDATE_COLUMNS, values) for values in state.arrays.get("updates", ())]


def _row(columns: Sequence[str], values: Any) -> dict[str, float]:
    """Return a row of a table; its first column counts."""
    first, *others = map(float, values)
    return dict(zip(columns, (int(first), *others), strict=True))


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, float]]) -> Any:
    return np.array([[row[name] for name in columns] for row in rows], float).reshape(-1, len(columns))


def _arrays(group: str, variables: Sequence[Any]) -> dict[str, Any]:
    return {f"{group}/{number:04}": np.array(v.numpy()) for number, v in enumerate(variables)}


def _assign(group: str, variables: Sequence[Any], state: State, store: Store) -> None:
    """Give variables their values; that each is there, and of its shape and type, has to hold."""
    saved = {name: array for name, array in state.arrays.items() if name.startswith(f"{group}/")}
    names = [f"{group}/{number:04}" for number in range(len(variables))]
    expected = {name: (tuple(v.shape), str(v.dtype)) for name, v in zip(names, variables, strict=True)}
    found = {name: (array.shape, str(array.dtype)) for name, array in saved.items()}
    if found != expected:
        differing = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
        name = differing[0]
        raise CheckpointError(
            f"{store.folder}: its state is not of this network and optimizer: {name} is "
            f"{found.get(name, 'missing')} there and {expected.get(name, 'missing')} here. Start afresh with "
            "--force"
        )
    for name, variable in zip(names, variables, strict=True):
        variable.assign(saved[name])


REMEMBERED: Mapping[str, tuple[str, ...]] = {
    "ReduceLROnPlateau": ("best", "wait", "cooldown_counter"),
    "EarlyStopping": ("best", "wait", "stopped_epoch", "best_epoch", "best_weights"),
}


def _remembered(settings: Sequence[keras.callbacks.Callback]) -> dict[str, Any]:
    """Return what callbacks remember from epoch to epoch, as arrays; what is None is left out."""
    arrays: dict[str, Any] = {}
    for number, callback in enumerate(settings):
        for attribute in REMEMBERED[type(callback).__name__]:
            value, name = getattr(callback, attribute), f"callbacks/{number}/{attribute}"
            if isinstance(value, list):
                arrays |= {f"{name}/{index:04}": np.asarray(one) for index, one in enumerate(value)}
            elif value is not None:
                arrays[name] = np.asarray(value)
    return arrays


def _restore(settings: Sequence[keras.callbacks.Callback], arrays: Arrays) -> None:
    for number, callback in enumerate(settings):
        for attribute in REMEMBERED[type(callback).__name__]:
            name = f"callbacks/{number}/{attribute}"
            parts = [arrays[part] for part in sorted(arrays) if part.startswith(f"{name}/")]
            if name in arrays:
                setattr(callback, attribute, arrays[name].item())
            elif parts:
                setattr(callback, attribute, parts)


def build(settings: Sequence[config.Callback], optimizer: Optimizer) -> list[keras.callbacks.Callback]:
    """Build the callbacks that a configuration asks for.

    Args:
        settings: the `callbacks` of a run's configuration.
        optimizer: its `optimizer`, whose rate they may set.

    Raises:
        ConfigError: if an argument is unknown or refused, or the rate is not theirs to set.
    """
    setting = [n for n, callback in enumerate(settings) if callback.class_name == "ReduceLROnPlateau"]
    if setting and isinstance(optimizer.config.learning_rate, Schedule):
        raise ConfigError(
            f"callbacks.{setting[0]}: ReduceLROnPlateau sets the rate, and so does the schedule in "
            "optimizer.config.learning_rate. Give one rate there"
        )
    return [_build(callback, f"callbacks.{number}.config") for number, callback in enumerate(settings)]


def _build(settings: config.Callback, where: str) -> keras.callbacks.Callback:
    arguments = dict(settings.config)
    choices: dict[str, tuple[Any, ...]] = {
        "monitor": METRICS,
        "mode": ("auto", "min", "max"),
        "restore_best_weights": (False, True),
    }
    for name, known in choices.items():
        if arguments.get(name, known[0]) not in known:
            raise ConfigError(
                f"{where}.{name}: must be one of {', '.join(map(str, known))}. Received: {arguments[name]!r}"
            )
    for name, value in arguments.items():
        if name not in choices and (
            isinstance(value, bool) or not isinstance(value, int | float) or value < 0
        ):
            raise ConfigError(f"{where}.{name}: must be a number of at least 0. Received: {value!r}")
    return construct(getattr(keras.callbacks, settings.class_name), arguments, where)


class RangeTest(keras.callbacks.Callback):
    """The learning-rate range test: the loss of each mini-batch while the rate grows, and then all as before.

    Update i, from 0, is made at the rate `min * (max / min) ** (i / (updates - 1))`. The loss noted is that
    of its own batch before the update, not Keras's running mean over the epoch. It is smoothed by an
    exponential moving average that is corrected for its start at 0:

        average_i = beta * average_(i-1) + (1 - beta) * loss_i
        smoothed_i = average_i / (1 - beta ** (i + 1))

    The test stops `fit` after its last update, or when it has diverged: the loss is not finite, or, from the
    11th update, its smoothed value is more than `divergence` times the lowest so far (a lowest of 0 or less
    allows no such comparison). When `fit` ends, the weights and all other variables of the model and of the
    optimizer, the rate among them, have the values that they had. As a context it sees to that where `fit`
    is interrupted or raises, too:

        with RangeTest(1e-5, 10.0, 300) as test:
            model.fit(x, y, epochs=3, callbacks=[test])
        print(test.learning_rates, test.smoothed_losses)

    Args:
        min_learning_rate: the rate of the first update.
        max_learning_rate: the rate of the last.
        updates: how many, at least 2; `fit` must be told to make as many.
        beta: what the average keeps of itself at each update, at least 0 and below 1.
        divergence: how many times the lowest smoothed loss is too much.

    Attributes:
        learning_rates: the rate of each update so far.
        losses: the loss of each; the last one is not finite if the test ended with it.
        smoothed_losses: the moving average at each.
        diverged_at: the number, from 1, of the update whose loss ended the test, or None.

    Raises:
        ValueError: if an argument is out of bounds; when training begins, if the optimizer's rate can not be
            set, the model is not built, or several updates run as one execution; when training ends, if it
            was too short for the test.

    Reference: Smith (2017), "Cyclical Learning Rates for Training Neural Networks", section 3.3, where the
    rate grows linearly. That it grows geometrically, the smoothing, and the end at 4 times the lowest loss
    are fastai's.
    """

    def __init__(
        self,
        min_learning_rate: float,
        max_learning_rate: float,
        updates: int,
        *,
        beta: float = 0.98,
        divergence: float = 4.0,
    ) -> None:
        super().__init__()
        least, greatest = (float(bound) for bound in (SINGLE.tiny, SINGLE.max))
        if not least <= min_learning_rate < max_learning_rate <= greatest:
            raise ValueError(
                "`min_learning_rate` must be above 0 and below `max_learning_rate`, both float32 numbers. "
                f"Received: min_learning_rate={min_learning_rate}, max_learning_rate={max_learning_rate}"
            )
        if updates != int(updates) or updates < 2:  # noqa: PLR2004  a first and a last
            raise ValueError(f"`updates` must be a whole number of at least 2. Received: updates={updates}")
        if not 0 <= beta < 1:
            raise ValueError(f"`beta` must be at least 0 and below 1. Received: beta={beta}")
        if not divergence > 1:
            raise ValueError(f"`divergence` must be above 1. Received: divergence={divergence}")
        self.min_learning_rate = min_learning_rate
        self.max_learning_rate = max_learning_rate
        self.updates = int(updates)
        self.beta = beta
        self.divergence = divergence
        self._before: list[tuple[Any, Any]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Start anew, and remember what the model and its optimizer are like."""
        self._require_suitable_model()
        optimizer = self.model.optimizer
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        variables = [*self.model.variables, *optimizer.variables]
        self._before = [(variable, np.array(variable.numpy())) for variable in variables]
        self._rates = np.geomspace(self.min_learning_rate, self.max_learning_rate, self.updates)
        self._set_rate(self._rates[0])
        self._average, self._lowest = 0.0, float("inf")
        self.learning_rates: list[float] = []
        self.losses: list[float] = []
        self.smoothed_losses: list[float] = []
        self.diverged_at: int | None = None

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Set the rate of the update to come."""
        self._set_rate(self._rates[len(self.losses)])
        self.model.reset_metrics()  # makes Keras's running mean the mean of one batch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Note the loss from before the update, and stop if that was the last or the test has diverged."""
        loss = float((logs or {})["loss"])
        self._average = self.beta * self._average + (1 - self.beta) * loss
        self.learning_rates.append(float(self._rates[len(self.losses)]))
        self.losses.append(loss)
        smoothed = self._average / (1 - self.beta ** len(self.losses))
        self.smoothed_losses.append(smoothed)
        self._lowest = min(self._lowest, smoothed)
        risen = len(self.losses) > UPDATES_OF_GRACE and 0 < self.divergence * self._lowest < smoothed
        if risen or not np.isfinite(loss):
            self.diverged_at = len(self.losses)
        self.model.stop_training = self.diverged_at is not None or len(self.losses) == self.updates

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Put everything back, and refuse a test that was cut short."""
        self._restore()
        if self.diverged_at is None and len(self.losses) < self.updates:
            raise ValueError(
                f"RangeTest needs {self.updates} updates, and `fit` made {len(self.losses)}. Give `fit` more "
                f"epochs, or RangeTest fewer updates. Received: epochs={self.params['epochs']}, "
                f"updates={self.updates}"
            )

    def _require_suitable_model(self) -> None:
        if self.model.steps_per_execution != 1:
            raise ValueError(
                "RangeTest needs a model compiled with steps_per_execution=1. "
                f"Received: steps_per_execution={self.model.steps_per_execution}"
            )
        if not self.model.built:
            raise ValueError(
                "RangeTest needs a model that is built, to put its weights back: call it on a batch first. "
                f"Received: model={self.model.name}"
            )

    def _set_rate(self, rate: np.float64) -> None:
        optimizer = self.model.optimizer
        try:
            optimizer.learning_rate = rate
        except (AttributeError, TypeError):
            raise ValueError(
                "RangeTest sets the rate, so the optimizer must have a plain one: compile the model with "
                "`learning_rate` a number, not a schedule or a function. "
                f"Received: optimizer={type(optimizer).__name__}"
            ) from None

    def _restore(self) -> None:
        if self._before is None:
            return
        for variable, value in self._before:
            variable.assign(value)
        self.model.stop_training = False
        self._before = None
