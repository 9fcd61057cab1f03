"""Training: exact, in its own order every epoch, and honest about runs that end badly."""

import itertools
import logging
import re
import shutil

import keras
import numpy as np
import pytest
from conftest import SGD

from cifar_lr import callbacks, checkpoint, config, data, history, train
from cifar_lr.checkpoint import CheckpointError, State
from cifar_lr.config import ConfigError

START = State(0, 0, {})
SHORT = "batch_size: 16\nepochs: 3\n"
STEPPED = """
optimizer:
  class_name: SGD
  config:
    momentum: 0.5
    learning_rate:
      class_name: StepDecay
      config: {initial_learning_rate: 0.1, drop: 0.5, period: 1}
      unit: epoch
"""
PLATEAU = "callbacks: [{class_name: ReduceLROnPlateau, config: {monitor: loss, factor: 0.5, patience: 1, min_delta: 9}}]\n"
WILD = """
optimizer:
  class_name: SGD
  config: {learning_rate: {class_name: PiecewiseConstantDecay, config: {boundaries: [6], values: [0.01, 1e12]}}}
"""


@pytest.fixture
def source(small_images, cache):
    return data.locate(str(small_images), say=lambda _: None)


@pytest.fixture
def go(write_run, source, tmp_path):
    """Return a function that trains a configuration's text with a seed."""
    count = itertools.count()

    def go(text, seed=0):
        settings = config.load(write_run(text)).config
        return train.train(settings, seed, source=source, folder=tmp_path / f"out-{next(count)}", name="run")

    return go


def all_but_seconds(one):
    lines = (one.folder / "history.csv").read_text().splitlines()
    return [line.rpartition(",")[0] for line in lines]


def test_that_functions_are_traced_anew_for_each_run_is_no_warning():
    train.set_up_tensorflow()
    assert train._not_of_retracing in logging.getLogger("tensorflow").filters
    retraced = (
        "5 out of the last 5 calls to <function f> triggered tf.function retracing. Tracing is expensive"
    )
    for line, kept in ((retraced, False), ("Something else is wrong.", True)):
        assert train._not_of_retracing(logging.makeLogRecord({"msg": line})) is kept


def test_the_same_seed_gives_the_same_bits_and_another_does_not(go):
    first, again, other = go(STEPPED + SHORT), go(STEPPED + SHORT), go(STEPPED + SHORT, seed=1)
    assert first.record.status == "done"
    assert all_but_seconds(first) == all_but_seconds(again)
    assert (first.folder / "correct.npy").read_bytes() == (again.folder / "correct.npy").read_bytes()
    assert all_but_seconds(first) != all_but_seconds(other)


def test_the_number_of_updates_run_as_one_changes_no_bit(go, monkeypatch):
    whole_epochs = go(STEPPED + SHORT)
    monkeypatch.setattr(train, "LONGEST_EXECUTION", 1)
    assert all_but_seconds(go(STEPPED + SHORT)) == all_but_seconds(whole_epochs)


class Orders(keras.callbacks.Callback):
    """Notes in which order images came, of which each is its own number and a batch of its own."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"] * (batch + 1))  # Keras gives the epoch's mean so far

    def of_epochs(self, images):
        sums = np.reshape(self.losses, (-1, images))
        return np.diff(sums, prepend=0).round().astype(int).tolist()


def test_keras_repeats_one_order_which_is_why_ours_are_our_own():
    """If this fails, Keras has begun to reshuffle, and the README's "What is faithful" may say so."""
    keras.utils.set_random_seed(1)
    images, orders = np.arange(16.0)[:, np.newaxis], Orders()
    model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.0), "mean_absolute_error")
    model.fit(images, 0 * images, batch_size=1, epochs=3, verbose=0, callbacks=[orders], shuffle=True)
    first, *others = orders.of_epochs(16)
    assert sorted(first) == list(range(16))
    assert others == [first, first]


def test_all_orders_of_thirty_epochs_and_ten_seeds_differ():
    orders = [train.permutation(seed, epoch, 10_000) for seed in range(10) for epoch in range(30)]
    assert len({order.tobytes() for order in orders}) == 300
    for order in orders[::37]:
        np.testing.assert_array_equal(np.sort(order), np.arange(10_000))


def test_an_order_is_a_pure_function_of_seed_and_epoch():
    first = train.permutation(3, 7, 100)
    keras.utils.set_random_seed(1)
    np.testing.assert_array_equal(train.permutation(3, 7, 100), first)
    # Pinned: whoever changes an order must raise history.NUMERICS.
    assert train.permutation(0, 0, 10).tolist() == [4, 6, 2, 7, 3, 5, 9, 0, 8, 1]


def test_every_epoch_feeds_every_image_once_in_its_own_order(write_run, source):
    settings = config.load(write_run(SGD + SHORT)).config
    images = data.load(source)
    batches = list(train._batches(settings, 5, images, START).as_numpy_iterator())
    assert [len(x) for x, _ in batches] == [16, 16, 16, 16, 16] * 3
    for epoch in range(3):
        fed = batches[5 * epoch : 5 * epoch + 5]
        order = train.permutation(5, epoch, 80)
        expected = images.x_train[order].astype(np.float32) / 255
        np.testing.assert_array_equal(np.concatenate([x for x, _ in fed]), expected)
        np.testing.assert_array_equal(
            np.concatenate([y for _, y in fed]).argmax(axis=1), images.y_train[order]
        )


def test_the_last_batch_of_an_epoch_may_be_smaller(write_run, source):
    settings = config.load(write_run(SGD + "batch_size: 64\nepochs: 2")).config
    images = data.load(source)
    sizes = [len(x) for x, _ in train._batches(settings, 0, images, START).as_numpy_iterator()]
    assert sizes == [64, 16, 64, 16]
    assert train.steps_per_epoch(settings, images) == 2


@pytest.mark.parametrize(("steps", "together"), [(157, 157), (782, 46), (211, 1), (1, 1), (200, 200)])
def test_an_execution_never_reaches_into_the_next_epoch(steps, together):
    assert train._steps_per_execution(steps) == together
    assert steps % together == 0


def test_all_methods_of_a_seed_share_first_weights_and_dropout(write_run, source):
    images = data.load(source)
    adam = "optimizer: {class_name: Adam}\n"
    first, second = (train.build(config.load(write_run(text)).config, 4, images) for text in (SGD, adam))
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    dropped = [
        [layer.seed for layer in m.layers if isinstance(layer, keras.layers.Dropout)] for m in (first, second)
    ]
    assert dropped[0] == dropped[1]
    assert len(set(dropped[0])) == 2


def test_the_rate_recorded_is_the_rate_applied(go):
    np.testing.assert_allclose(go(STEPPED + SHORT)["learning_rate"], [0.1, 0.05, 0.025], rtol=1e-6)


def test_a_rate_per_update_is_that_of_the_epochs_first_update(go):
    decay = "{class_name: TimeBasedDecay, config: {initial_learning_rate: 0.1, decay: 0.5}}"
    one = go(f"optimizer: {{class_name: SGD, config: {{learning_rate: {decay}}}}}\n{SHORT}")
    np.testing.assert_allclose(one["learning_rate"], [0.1 / (1 + 0.5 * t) for t in (0, 5, 10)], rtol=1e-6)


# Keras 3.15's callback turns TensorFlow's variable into an array in a way that NumPy 2 wants changed.
@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
def test_a_rate_is_lowered_where_the_metric_does_not_improve_and_recorded_as_applied(go):
    # No loss falls by 9, so after the first epoch, which is the best so far, every epoch halves the rate.
    one = go(SGD + SHORT + PLATEAU)
    np.testing.assert_allclose(one["learning_rate"], [0.1, 0.1, 0.05], rtol=1e-6)


def test_every_update_is_logged_if_asked_for_and_nothing_else_changes(go):
    plain, logged = go(STEPPED + SHORT), go(STEPPED + SHORT + "log_updates: true")
    assert all_but_seconds(logged) == all_but_seconds(plain)
    assert plain.updates is None
    assert logged.updates["update"].tolist() == list(range(1, 16))
    np.testing.assert_allclose(logged.updates["learning_rate"], np.repeat([0.1, 0.05, 0.025], 5), rtol=1e-6)
    # An epoch's loss is the mean over its batches, all of 16 images here.
    means = logged.updates["loss"].reshape(3, 5).mean(axis=1)
    np.testing.assert_allclose(means, logged["loss"], rtol=1e-5)


def test_a_diverged_run_keeps_the_updates_before_it_diverged(go):
    one = go(WILD + SHORT + "log_updates: true")
    assert one.record.stopped_at_update == 9
    assert one.updates["update"].tolist() == list(range(1, 9))


def test_a_schedule_free_optimizer_trains(go):
    one = go(
        "optimizer: {class_name: ScheduleFreeAdamW, config: {learning_rate: 0.0025, warmup_steps: 5}}\n"
        + SHORT
    )
    assert one.done


def test_what_was_right_agrees_with_the_last_validation_accuracy(go):
    one = go(SGD + SHORT)
    correct = np.unpackbits(np.load(one.folder / "correct.npy", allow_pickle=False))[:40]
    assert correct.mean() == pytest.approx(one["val_accuracy"][-1])


def files(folder):
    """Return all that must be equal of two trainings: every byte of every file, but of the column `seconds`."""
    content = {path.name: path.read_bytes() for path in folder.iterdir()}
    content["history.csv"] = [line.rpartition(b",")[0] for line in content["history.csv"].splitlines()]
    return content


def stop_at(number):
    """Return what asks to stop from its n-th call on: a call an update and one an epoch, five and one here."""
    calls = itertools.count(1)
    return lambda: next(calls) >= number


LOGGED = SHORT + "log_updates: true\n"
EARLY = "callbacks: [{class_name: EarlyStopping, config: {patience: 1, min_delta: 9, restore_best_weights: true}}]\n"


@pytest.fixture
def interrupted(write_run, source, tmp_path):
    """Return a function that trains with interruptions at some calls, and the folder that it leaves."""

    def interrupted(text, *points, **saving):
        settings = config.load(write_run(text)).config
        folder = tmp_path / f"interrupted-{'-'.join(map(str, points))}"

        def go(**more):
            return train.train(
                settings, 0, source=source, folder=folder, saving=train.Saving(**saving, **more)
            ).record.status

        assert [go(stop=stop_at(point)) for point in points] == ["running"] * len(points)
        return folder, go

    return interrupted


# Keras 3.15's ReduceLROnPlateau turns TensorFlow's variable into an array in a way that NumPy 2 wants changed.
@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
@pytest.mark.parametrize(
    ("text", "points"),
    [
        (STEPPED + LOGGED, (3,)),  # within the first epoch
        (STEPPED + LOGGED, (6,)),  # at its end
        (STEPPED + LOGGED, (9, 2, 1)),  # within the second, soon after, and at once
        ("optimizer: {class_name: Adam}\n" + LOGGED, (11, 3)),
        (SGD + LOGGED + PLATEAU, (9, 6)),  # after the best epoch, and after the rate was lowered
        (SGD + LOGGED + EARLY, (8,)),
        (STEPPED + SHORT, (2,)),  # updates run as one execution, so at an epoch's end
    ],
)
def test_an_interrupted_run_ends_in_the_same_bits(go, interrupted, text, points):
    undisturbed = go(text)
    folder, go_on = interrupted(text, *points)
    assert history.read_record(folder).status == "running"
    assert go_on() == "done"
    assert files(folder) == files(undisturbed.folder)


def test_the_update_of_a_divergence_counts_every_batch_with_accumulated_gradients_too(go):
    wild = WILD.replace("config: {learning_rate", "config: {gradient_accumulation_steps: 2, learning_rate")
    one = go(wild.replace("boundaries: [6]", "boundaries: [1]") + SHORT)
    assert one.record.status == "diverged"
    assert one.record.stopped_at_update == 5  # the second step of two batches each is the first wild one


def test_a_diverged_run_that_was_interrupted_is_recorded_as_the_undisturbed_one(go, interrupted):
    undisturbed = go(WILD + LOGGED)
    folder, go_on = interrupted(WILD + LOGGED, 8)
    assert go_on() == "diverged"
    assert files(folder) == files(undisturbed.folder)


def test_a_run_that_ended_but_for_its_last_words_is_not_trained_again(go, interrupted, monkeypatch):
    undisturbed = go(STEPPED + LOGGED)
    folder, go_on = interrupted(STEPPED + LOGGED, 15)
    with monkeypatch.context() as patch:
        patch.setattr(train, "_correct", lambda *_: 1 / 0)
        assert go_on() == "failed"
    assert [path.name for path in checkpoint.generations(folder / "state")][-1] == "epoch-000003"
    monkeypatch.setattr(keras.Model, "train_step", lambda *_: 1 / 0)
    assert go_on() == "done"
    assert files(folder) == files(undisturbed.folder)


def test_the_history_on_disk_has_the_epochs_that_are_committed(interrupted):
    folder, go_on = interrupted(STEPPED + LOGGED, 10, every=2)
    assert history.read(folder).epochs == 1  # an interruption commits what there is
    assert len(history.read(folder).updates["update"]) == 9
    shown = []

    def look():
        shown.append(history.read(folder).epochs)
        return False

    assert go_on(stop=look) == "done"
    assert set(shown) == {1, 2}
    assert history.read(folder).epochs == 3


def test_epochs_that_are_not_committed_are_not_shown(go, write_run, source, tmp_path):
    shown = []

    def look():
        shown.append(len(history.rows_on_disk(tmp_path / "every")))
        return False

    settings = config.load(write_run(STEPPED + SHORT)).config
    saving = train.Saving(every=2, stop=look)
    one = train.train(settings, 0, source=source, folder=tmp_path / "every", name="run", saving=saving)
    assert sorted(set(shown)) == [0, 2]
    assert files(one.folder) == files(go(STEPPED + SHORT).folder)


def test_early_stopping_ends_a_run_that_is_done_all_the_same(go):
    one = go(SGD + SHORT.replace("3", "9") + EARLY)
    assert (one.record.status, one.record.epochs, one.record.stopped_after) == ("done", 9, 2)
    assert one.epochs == 2
    assert (one.folder / "correct.npy").exists()


def test_no_room_on_the_disk_is_a_failure_that_is_gone_on_from(go, interrupted, monkeypatch):
    folder, go_on = interrupted(STEPPED + LOGGED, 6)
    commit, count = checkpoint.Store.commit, itertools.count(1)

    def fill_up(store, state):
        if next(count) > 1:
            patch.setattr(checkpoint.durable, "write", no_room)
        commit(store, state)

    def no_room(*_, **__):
        raise OSError(28, "No space left on device")

    message = (
        "epoch-000003: could not be saved: No space left on device. The last that is saved is epoch-000002; "
        "and this can not be recorded: "
    )
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Store, "commit", fill_up)
        with pytest.raises(history.HistoryError, match=message):
            go_on()
    assert history.read_record(folder).status == "running"
    assert [path.name for path in checkpoint.generations(folder / "state")] == [
        "epoch-000001",
        "epoch-000002",
    ]
    assert go_on() == "done"
    assert files(folder) == files(go(STEPPED + LOGGED).folder)


def test_a_state_that_can_not_be_saved_is_said_and_what_was_saved_is_named(interrupted, monkeypatch):
    folder, go_on = interrupted(STEPPED + LOGGED, 6)

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(checkpoint.Store, "_write", fail)
    assert go_on() == "failed"
    assert history.read_record(folder).reason == (
        f"{folder / 'state' / 'epoch-000002'}: could not be saved: Input/output error. "
        "The last that is saved is epoch-000001"
    )


def test_a_folder_that_vanishes_is_not_made_again(interrupted):
    folder, go_on = interrupted(STEPPED + LOGGED, 6)

    def vanish():
        shutil.rmtree(folder, ignore_errors=True)
        return False

    with pytest.raises(history.HistoryError, match="No such file or directory"):
        go_on(stop=vanish)
    assert not folder.exists()


def commit_changed(folder, key, change):
    """Commit the newest state once more, as another run or another program would have left it."""
    found = checkpoint.read(checkpoint.generations(folder / "state")[-1])
    with checkpoint.Store(folder / "state", key or found.manifest.key, found.manifest.origin) as store:
        arrays = change(dict(found.state.arrays))
        store.commit(State(found.state.epoch + 1, 0, arrays))


def test_a_state_of_other_variables_is_an_error(interrupted):
    folder, go_on = interrupted(STEPPED + LOGGED, 6)
    commit_changed(folder, None, lambda arrays: arrays | {"optimizer/0003": np.zeros((4, 4))})
    assert go_on() == "failed"
    assert (
        "its state is not of this network and optimizer: optimizer/0003 is "
        in history.read_record(folder).reason
    )


def test_the_state_of_something_else_is_not_touched(interrupted):
    folder, go_on = interrupted(STEPPED + LOGGED, 6)
    commit_changed(folder, "another key", dict)
    with pytest.raises(
        CheckpointError,
        match="state: is the state of something else: its key is another k, not .*\\. Remove it to start afresh",
    ):
        go_on()


def test_going_on_with_another_processor_is_refused_or_recorded(interrupted, monkeypatch):
    folder, go_on = interrupted(STEPPED + LOGGED, 8)
    here = history.processor()
    monkeypatch.setattr(history, "processor", lambda: "another one")
    message = f"state: processor was {here}, is another one, so going on would not end in the same bits"
    with pytest.raises(CheckpointError, match=re.escape(message)):
        go_on()
    assert go_on(inexact=True) == "done"
    [continued] = history.read_record(folder).continued
    assert (continued.epoch, continued.update, continued.origin.processor) == (1, 2, here)


def test_going_on_with_other_versions_is_refused_or_recorded(interrupted, monkeypatch):
    folder, go_on = interrupted(STEPPED + LOGGED, 8)
    monkeypatch.setattr(history, "NUMERICS", "2")
    with pytest.raises(CheckpointError, match="cifar_lr numerics was 1, is 2, so going on would not end in"):
        go_on()
    assert go_on(inexact=True) == "done"
    assert history.read_record(folder).continued[0].origin.versions["cifar_lr numerics"] == "1"


def test_a_damaged_generation_is_spoken_of_and_the_one_before_it_used(go, interrupted, caplog):
    folder, go_on = interrupted(STEPPED + LOGGED, 12)
    newest = checkpoint.generations(folder / "state")[-1]
    (newest / "arrays.npz").write_bytes(b"damaged")
    assert go_on() == "done"
    assert "epoch-000002: arrays.npz is not as it was written" in caplog.text
    assert files(folder) == files(go(STEPPED + LOGGED).folder)


def test_the_record_says_what_was_run_on_what(go):
    record = go(SGD + SHORT, seed=2).record
    assert (record.status, record.seed, record.epochs, record.model) == ("done", 2, 3, "article")
    assert (record.data.kind, record.data.classes, record.data.train_images) == ("images", ("cat", "dog"), 80)
    assert record.versions["keras"] == keras.__version__
    assert record.reason is None


def test_the_configuration_saved_beside_a_result_is_the_whole_one(go, write_run):
    one = go(STEPPED + SHORT)
    again = config.load(write_run((one.folder / "config.yaml").read_text(), "again")).config
    assert again == config.load(write_run(STEPPED + SHORT)).config
    assert again.precision == "float32"


def test_a_diverged_run_is_recorded_with_its_update_and_never_padded(go, monkeypatch):
    one = go(WILD + SHORT)
    assert one.record.status == "diverged"
    assert one.epochs == 1
    assert (
        one.record.stopped_at_update == 9
    )  # updates count from 1; that of step 7, from 0, is the first wild one
    assert f"stopped being finite at update {one.record.stopped_at_update} " in one.record.reason
    assert not (one.folder / "correct.npy").exists()
    monkeypatch.setattr(train, "LONGEST_EXECUTION", 1)
    assert go(WILD + SHORT).record.stopped_at_update == one.record.stopped_at_update


def test_the_first_update_whose_output_is_not_finite():
    metric = callbacks.FirstNonFinite()
    outputs = [0.5, 0.5, float("nan"), 0.5, float("inf")]
    for output in outputs:
        metric.update_state(np.ones((1, 2)), np.full((1, 2), output, dtype=np.float32))
    assert int(metric.result()) == 3
    metric.reset_state()
    assert int(metric.result()) == 0


def test_a_failed_run_is_recorded_with_its_reason(go, monkeypatch):
    def fail(*_, **__):
        raise MemoryError("no room\nat all")

    monkeypatch.setattr(train, "_fit", fail)
    one = go(SGD + SHORT)
    assert (one.record.status, one.record.reason) == ("failed", "MemoryError: no room at all")
    assert "MemoryError" in (one.folder / "traceback.txt").read_text()


def test_a_new_attempt_starts_afresh(go, write_run, source, tmp_path):
    settings = config.load(write_run(SGD + SHORT)).config
    folder = tmp_path / "twice"
    first = train.train(settings, 0, source=source, folder=folder)
    (folder / "history.csv").write_text("left over")
    again = train.train(settings, 0, source=source, folder=folder)
    np.testing.assert_array_equal(first["loss"], again["loss"])
    assert history.read(folder).done


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{class_name: Adam, config: {use_ema: 1, ema_overwrite_frequency: x}}", "optimizer.config: "),
        (
            "{class_name: SGD, config: {learning_rate: {class_name: ExponentialDecay, config: {initial_learning_rate: 0.1, decay_steps: 1, decay_rate: 1000.0}}}}",
            "optimizer.config.learning_rate: all its rates must be finite and at least 0. Received: inf",
        ),
        (
            "{class_name: SGD, config: {learning_rate: {class_name: CosineDecay, config: {initial_learning_rate: 0.1, decay_steps: 9, warmup_target: much}}}}",
            "optimizer.config",
        ),
    ],
)
def test_what_only_shows_when_an_update_is_made(write_run, text, message):
    with pytest.raises(ConfigError, match=message) as error:
        train.check(config.load(write_run(f"optimizer: {text}")).config, 10_000)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "monitor: speed",
            "callbacks.0.config.monitor: must be one of loss, accuracy, val_loss, val_accuracy. Received: 'speed'",
        ),
        ("mode: best", "callbacks.0.config.mode: must be one of auto, min, max. Received: 'best'"),
        ("patience: -1", "callbacks.0.config.patience: must be a number of at least 0. Received: -1"),
        ("factor: often", "callbacks.0.config.factor: must be a number of at least 0. Received: 'often'"),
        ("factor: 1.5", "callbacks.0.config: ReduceLROnPlateau does not support a factor >= 1.0"),
        (
            "patients: 3",
            "callbacks.0.config.patients: ReduceLROnPlateau takes no such argument; did you mean 'patience'?",
        ),
    ],
)
def test_bad_arguments_of_a_callback(write_run, arguments, message):
    text = f"{SGD}callbacks: [{{class_name: ReduceLROnPlateau, config: {{{arguments}}}}}]"
    with pytest.raises(ConfigError) as error:
        train.check(config.load(write_run(text)).config, 10_000)
    assert str(error.value).startswith(message)


def test_a_schedule_and_a_callback_that_both_set_the_rate(write_run):
    text = STEPPED + PLATEAU
    with pytest.raises(
        ConfigError, match="callbacks.0: ReduceLROnPlateau sets the rate, and so does the schedule"
    ):
        train.check(config.load(write_run(text)).config, 10_000)


def test_a_schedule_within_one_that_counts_epochs_counts_them_too(write_run):
    inner = "{class_name: StepDecay, config: {initial_learning_rate: 0.1, drop: 0.5, period: 1}, unit: epoch}"
    outer = f"{{class_name: WarmUp, config: {{warm_up_steps: 2, schedule: {inner}}}, unit: epoch}}"
    text = f"optimizer: {{class_name: SGD, config: {{learning_rate: {outer}}}}}"
    with pytest.raises(ConfigError, match="learning_rate.config.schedule.unit: the schedule around this one"):
        train.check(config.load(write_run(text)).config, 10_000)


def tiny_model(**compiled):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    schedule = keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 1.0)
    model.compile(keras.optimizers.SGD(schedule), loss="mse", **compiled)
    return model


def test_the_articles_callback_logs_the_rates_that_were_applied():
    log = callbacks.LossHistory(per_update=True)
    fitted = tiny_model().fit(
        np.ones((6, 2)), np.ones((6, 1)), batch_size=2, epochs=2, verbose=0, callbacks=[log]
    )
    assert log.losses == fitted.history["loss"]
    np.testing.assert_allclose(log.lr, [0.1, 0.1 / 4], rtol=1e-6)
    np.testing.assert_allclose(log.update_learning_rates, [0.1 / n for n in range(1, 7)], rtol=1e-6)


def test_rates_per_update_need_one_update_an_execution():
    log = callbacks.LossHistory(per_update=True)
    with pytest.raises(
        ValueError, match=r"needs a model compiled with steps_per_execution=1\. Received: .*=3"
    ):
        tiny_model(steps_per_execution=3).fit(np.ones((6, 2)), np.ones((6, 1)), verbose=0, callbacks=[log])
