"""Training: exact, in its own order every epoch, and honest about runs that end badly."""

import itertools

import keras
import numpy as np
import pytest
from conftest import SGD

from cifar_lr import callbacks, config, data, history, train
from cifar_lr.checkpoint import State
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


PLATEAU = "callbacks: [{class_name: ReduceLROnPlateau, config: {monitor: loss, factor: 0.5, patience: 1, min_delta: 9}}]\n"


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
    def fail(*_):
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
