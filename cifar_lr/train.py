"""One run and one seed to one history.

The same configuration, seed, data, versions and kind of processor give the same bits: weights, dropout and
batch order are drawn from the seed alone, TensorFlow runs deterministic kernels on one CPU thread, and
an epoch's order is a pure function of (seed, epoch). (Keras 3.15's own `fit(shuffle=True)` would draw one
order and repeat it every epoch.) A run that was interrupted goes on by itself, to the same bits.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

import cifar_lr
from cifar_lr import callbacks, checkpoint, data, model, optimizers
from cifar_lr.callbacks import (
    BatchLoss,
    Commit,
    Diverged,
    FirstNonFinite,
    Interrupted,
    LossHistory,
    applied_rate,
)
from cifar_lr.checkpoint import CheckpointError, Generation, State, Store
from cifar_lr.config import ConfigError, Run, RunConfig, to_yaml
from cifar_lr.history import (
    Continuation,
    DataRecord,
    History,
    HistoryError,
    Record,
    Writer,
    describe,
    read,
)

VALIDATION_BATCH = 250
LONGEST_EXECUTION = 200
RATES_LOOKED_AT = 50

Images = data.Dataset
Array = NDArray[Any]


@dataclass(frozen=True)
class Saving:
    """How a run is saved and gone on with.

    Attributes:
        every: how many epochs to a commit.
        inexact: go on from a state of other versions or another processor, and record that.
        stop: asked between updates whether to stop; what is done then is saved.
    """

    every: int = 1
    inexact: bool = False
    stop: Callable[[], bool] = lambda: False


def train(
    config: RunConfig,
    seed: int,
    *,
    source: data.Source | str = "auto",
    folder: Path | None = None,
    name: str = "run",
    saving: Saving = Saving(),
) -> History:
    """Train one configuration with one seed, and record it; an interrupted training goes on where it was.

    Args:
        config: the run's configuration.
        seed: initial weights, dropout and batch order derive from it, the same for every configuration of
            the same network and images.
        source: the images, or where to find them.
        folder: where the history goes (default `results/<name>/seed-<seed>`); an attempt there that has
            ended is replaced, one that was interrupted is gone on with.
        name: the run's name in the record.
        saving: how often it is saved, and what it may go on from.

    Returns:
        The history as it lies in `folder`. Its status is `diverged` or `failed` where training was, and
        `running` if it was asked to stop: the next call goes on.

    Raises:
        ConfigError: if the configuration asks for what Keras and this package do not know.
        data.DataError: if the images can not be had.
        checkpoint.CheckpointError: if the folder holds the state of something else, or another process
            holds it.
        history.HistoryError: if the folder can not be written.
        RuntimeError: if TensorFlow was set up otherwise before.
    """
    set_up_tensorflow()
    source = data.locate(source) if isinstance(source, str) else source
    images = data.load(source, **dict(config.data))
    folder = folder or Path("results") / name / f"seed-{seed}"
    compiled = build(config, seed, images)
    record = describe(Run(name, config), seed, DataRecord.of(images))
    record = record.model_copy(update={"machine": {**record.machine, "device": device()}})
    _make(folder)
    with Store(folder / "state", record.key, record.at(device())) as store:
        state = _begin(store, Run(name, config), record, inexact=saving.inexact)
        record = record.model_copy(update={"continued": store.continued})
        writer = Writer(folder, record, to_yaml(config), callbacks.rows_of(state))
        try:
            last = _fit(
                compiled, config, seed, images, store=store, writer=writer, state=state, saving=saving
            )
            writer.write_correct(_correct(compiled, images))
            writer.finish("done", stopped_after=last if last < config.epochs else None)
        except Interrupted:
            return read(folder)
        except Diverged as outcome:
            writer.finish("diverged", reason=str(outcome), update=outcome.update)
        except Exception as error:  # noqa: BLE001  whatever went wrong is the run's outcome
            _record_failure(writer, error)
            return read(folder)
        checkpoint.remove(store.folder)
    return read(folder)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(f"{folder}: can not be written: {error.strerror}") from error


def _record_failure(writer: Writer, error: Exception) -> None:
    """Record a failure; the state stays, so that the next start goes on from it.

    Raises:
        HistoryError: if that can not be recorded; its message has the failure's, too.
    """
    with suppress(OSError):  # the reason matters more
        (writer.folder / "traceback.txt").write_text(traceback.format_exc(), encoding="utf-8")
    name = "" if isinstance(error, CheckpointError) else f"{type(error).__name__}: "
    reason = " ".join(f"{name}{error}".split())[:500]
    try:
        writer.finish("failed", reason=reason)
    except HistoryError as another:
        raise HistoryError(f"{reason}; and this can not be recorded: {another}") from error


def _begin(store: Store, run: Run, record: Record, *, inexact: bool) -> State:
    """Return where to begin: the newest whole state of this run, or the beginning.

    Raises:
        CheckpointError: if the state is of something else, or of another processor or other versions and
            that was not asked for.
    """
    found, said = store.latest()
    for line in said:
        logging.getLogger(__name__).warning(line)
    if found is None:
        return State(0, 0, {})
    manifest = found.manifest
    key = describe(run, record.seed, record.data, manifest.origin.versions).key
    if manifest.key != key:
        raise CheckpointError(
            f"{store.folder}: is the state of something else: its key is {manifest.key[:9]}, not {key[:9]}. "
            "Remove it to start afresh"
        )
    store.continued = manifest.continued
    if manifest.origin != store.origin:
        _require_permission(found, store, inexact=inexact)
        here = Continuation(epoch=manifest.epoch, update=manifest.update, origin=manifest.origin)
        store.continued = (*manifest.continued, here)
    return found.state


def _require_permission(found: Generation, store: Store, *, inexact: bool) -> None:
    if not inexact:
        raise CheckpointError(
            f"{store.folder}: {found.manifest.origin.difference(store.origin)}, so going on would not end in "
            "the same bits. Go on there, or here with --inexact, which is recorded, or afresh with --force"
        )


def check(config: RunConfig, train_images: int) -> None:
    """Find out whether a configuration can be trained: one update of one weight, and a look at its rates.

    Args:
        config: the run's configuration.
        train_images: how many images an epoch has.

    Raises:
        ConfigError: if it can not.
    """
    set_up_tensorflow()
    steps = _batches_in(train_images, config.batch_size)
    optimizer = optimizers.build(config.optimizer, steps)
    callbacks.build(config.callbacks, config.optimizer)
    weight = keras.Variable([1.0])
    rates = []
    try:
        optimizer.apply([keras.ops.ones_like(weight)], [weight])
        for step in np.linspace(0, steps * config.epochs - 1, RATES_LOOKED_AT, dtype=int):
            optimizer.iterations.assign(step)
            rates.append(applied_rate(optimizer))
    except Exception as error:
        problem = " ".join(str(error).split())[:300]
        raise ConfigError(f"optimizer.config: {config.optimizer.class_name} refuses it: {problem}") from error
    if bad := [rate for rate in rates if not (np.isfinite(rate) and rate >= 0)]:
        raise ConfigError(
            f"optimizer.config.learning_rate: all its rates must be finite and at least 0. Received: {bad[0]}"
        )


def build(config: RunConfig, seed: int, images: Images) -> keras.Model:
    """Build and compile a run's network.

    Raises:
        ConfigError: if the optimizer or its schedule can not be built.
    """
    keras.config.set_dtype_policy(config.precision)
    steps = steps_per_epoch(config, images)
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    compiled = model.build(config.model.name, len(images.classes), seed)
    compiled.compile(
        optimizer=optimizers.build(config.optimizer, steps),
        loss="categorical_crossentropy",
        metrics=["accuracy", FirstNonFinite(), *([BatchLoss()] if config.log_updates else [])],
        steps_per_execution=1 if config.log_updates else _steps_per_execution(steps),
        jit_compile=on_gpu,  # on the CPU, XLA is many times slower for these convolutions
    )
    return compiled


def steps_per_epoch(config: RunConfig, images: Images) -> int:
    """Return the number of updates an epoch; the last may be of fewer images."""
    return _batches_in(len(images.y_train), config.batch_size)


def _batches_in(size: int, batch_size: int) -> int:
    return -(-size // batch_size)


def permutation(seed: int, epoch: int, size: int) -> Array:
    """Return the order in which an epoch, counted from 0, takes its images: a pure function."""
    return np.random.default_rng([seed, epoch]).permutation(size).astype(np.int32)


def set_up_tensorflow() -> None:
    """Put TensorFlow on one CPU thread and on deterministic kernels; a process does it once, at first.

    Raises:
        RuntimeError: if TensorFlow has been used, or was imported before this package.
    """
    if tf.config.threading.get_intra_op_parallelism_threads() == 1:
        return
    if cifar_lr.TENSORFLOW_CAME_FIRST:
        raise RuntimeError("import cifar_lr before keras and tensorflow: it chooses TensorFlow's kernels")
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        raise RuntimeError(
            "call cifar_lr.train.set_up_tensorflow() before TensorFlow does anything"
        ) from None
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, enable=True)
    tf.config.experimental.enable_op_determinism()
    tf.get_logger().addFilter(_not_of_retracing)


def _not_of_retracing(record: logging.LogRecord) -> bool:
    """Return whether a warning is not the one of functions traced anew, as each run's network rightly is."""
    return "tf.function retracing" not in record.getMessage()


def device() -> str:
    """Return what TensorFlow computes on: the names of its GPUs, or CPU."""
    return ", ".join(gpu.name for gpu in tf.config.list_physical_devices("GPU")) or "CPU"


def _fit(
    compiled: keras.Model,
    config: RunConfig,
    seed: int,
    images: Images,
    *,
    store: Store,
    writer: Writer,
    state: State,
    saving: Saving,
) -> int:
    """Train from a state to the end, and return how many epochs that took.

    An epoch that was interrupted is finished by a `fit` of its own.
    """
    keras.utils.set_random_seed(seed)
    validation = _scaled(images.x_val), _one_hot(images.y_val, images)
    while True:
        rates = LossHistory(per_update=config.log_updates)
        remembering = callbacks.build(config.callbacks, config.optimizer)
        commit = Commit(store, writer, rates, remembering, state, every=saving.every, stop=saving.stop)
        ended = bool(state.arrays.get("ended", False))
        compiled.fit(
            _batches(config, seed, images, state),
            initial_epoch=state.epoch,
            epochs=state.epoch if ended else state.epoch + 1 if state.update else config.epochs,
            steps_per_epoch=steps_per_epoch(config, images) - state.update,
            validation_data=validation,
            validation_batch_size=VALIDATION_BATCH,
            callbacks=[rates, *remembering, commit],
            shuffle=False,  # the batches come in their order
            verbose=0,
        )
        if not state.update:
            return commit.state.epoch
        state = commit.state


def _batches(config: RunConfig, seed: int, images: Images, state: State) -> tf.data.Dataset:
    """Return the batches from a state to the end, one after the other, each epoch in its own order."""
    size = len(images.y_train)
    x, y = tf.constant(images.x_train), tf.constant(_one_hot(images.y_train, images))

    def orders() -> Iterator[Array]:
        skipped = state.update * config.batch_size
        for epoch in range(state.epoch, config.epochs):
            yield permutation(seed, epoch, size)[skipped:]
            skipped = 0

    def batches_of(order: Any) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(order).batch(config.batch_size)

    def pick(indices: Any) -> tuple[Any, Any]:
        return tf.cast(tf.gather(x, indices), tf.float32) / 255, tf.gather(y, indices)

    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.threading.max_intra_op_parallelism = 1
    orders_of_all = tf.data.Dataset.from_generator(orders, output_signature=tf.TensorSpec((None,), tf.int32))
    return orders_of_all.flat_map(batches_of).map(pick).prefetch(2).with_options(options)


def _correct(compiled: keras.Model, images: Images) -> Array:
    """Return which test images the network classifies rightly: booleans in data order."""
    probabilities = compiled.predict(_scaled(images.x_test), batch_size=VALIDATION_BATCH, verbose=0)
    return np.asarray(probabilities.argmax(axis=1) == images.y_test)


def _scaled(x: Array) -> Array:
    return np.asarray(x, dtype=np.float32) / 255


def _one_hot(y: Array, images: Images) -> Array:
    return np.eye(len(images.classes), dtype=np.float32)[y]


def _steps_per_execution(steps: int) -> int:
    """Return how many updates run as one execution: the more, the less Python costs.

    An execution must not reach into the next epoch, so the number divides the epoch's updates; and it is
    bounded, because nothing can interrupt one.
    """
    return max(n for n in range(1, min(steps, LONGEST_EXECUTION) + 1) if steps % n == 0)
