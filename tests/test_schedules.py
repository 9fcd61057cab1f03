"""Schedules: contracts that hold for every one of ours, and each against its formula in plain Python."""

import math

import keras
import numpy as np
import pytest
from keras.optimizers import schedules as keras_schedules

from cifar_lr.schedules import SCHEDULES, AtWholeEpochs, NaturalExponentialDecay, StepDecay, TimeBasedDecay

UPDATES = 157 * 100
EXAMPLES = {
    TimeBasedDecay: {"initial_learning_rate": 0.1, "decay": 0.001},
    StepDecay: {"initial_learning_rate": 0.1, "drop": 0.5, "period": 10, "offset": 0},
    NaturalExponentialDecay: {"initial_learning_rate": 0.1, "decay_rate": 0.1},
    AtWholeEpochs: {"schedule": StepDecay(0.1, 0.5, 10), "steps_per_epoch": 157},
}


def rates(schedule, steps):
    return np.asarray(keras.ops.convert_to_numpy(schedule(np.asarray(steps))), dtype=np.float64)


def test_every_schedule_has_an_example():
    assert set(EXAMPLES) == set(SCHEDULES)


@pytest.mark.parametrize("cls", SCHEDULES)
class TestContract:
    def test_serialises_to_its_arguments_and_back(self, cls):
        schedule = cls(**EXAMPLES[cls])
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
        assert type(again) is cls
        assert set(schedule.get_config()) == set(EXAMPLES[cls])
        assert again.get_config() == schedule.get_config()
        np.testing.assert_array_equal(rates(again, range(50)), rates(schedule, range(50)))

    def test_rates_are_finite_and_positive_over_a_whole_run_and_beyond(self, cls):
        values = rates(cls(**EXAMPLES[cls]), np.arange(0, 2 * UPDATES, 97))
        assert np.isfinite(values).all()
        assert (values >= 0).all()

    def test_starts_at_the_initial_rate(self, cls):
        assert rates(cls(**EXAMPLES[cls]), 0) == pytest.approx(0.1, rel=1e-6)

    def test_an_array_of_steps_is_one_step_at_a_time(self, cls):
        schedule = cls(**EXAMPLES[cls])
        steps = [0, 1, 9, 10, 156, 157, 1570, UPDATES]
        np.testing.assert_allclose(rates(schedule, steps), [rates(schedule, s) for s in steps], rtol=1e-6)

    def test_drives_a_compiled_fit(self, cls):
        schedule = cls(**EXAMPLES[cls])
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(schedule), loss="mse", steps_per_execution=2)
        model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=2, verbose=0)
        assert float(model.optimizer.learning_rate) == pytest.approx(float(rates(schedule, 4)), rel=1e-6)


def test_time_based_decay_counts_updates_as_keras_2_did():
    expected = [0.1 / (1 + 0.001 * t) for t in range(UPDATES + 1)]
    np.testing.assert_allclose(rates(TimeBasedDecay(0.1, 0.001), range(UPDATES + 1)), expected, rtol=1e-5)
    assert expected[-1] == pytest.approx(0.0060, abs=5e-5)


def test_step_decay_halves_every_ten_epochs():
    expected = [0.1 * 0.5 ** math.floor(epoch / 10) for epoch in range(100)]
    np.testing.assert_allclose(rates(StepDecay(0.1, 0.5, 10), range(100)), expected, rtol=1e-6)


def test_step_decay_with_the_offset_of_the_copied_text():
    expected = [0.1 * 0.5 ** math.floor((1 + epoch) / 10) for epoch in range(100)]
    np.testing.assert_allclose(rates(StepDecay(0.1, 0.5, 10, offset=1), range(100)), expected, rtol=1e-6)


def test_natural_exponential_decay():
    expected = [0.1 * math.exp(-0.1 * epoch) for epoch in range(100)]
    np.testing.assert_allclose(rates(NaturalExponentialDecay(0.1, 0.1), range(100)), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "schedule",
    [
        StepDecay(0.1, 0.5, 10),
        keras_schedules.ExponentialDecay(0.1, 10, 0.9),
        keras_schedules.CosineDecay(0.1, 50),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
def test_whole_epochs_of_any_schedule(schedule):
    by_update = rates(AtWholeEpochs(schedule, 157), np.arange(157 * 30))
    by_epoch = [float(rates(schedule, epoch)) for epoch in range(30)]
    np.testing.assert_allclose(by_update, np.repeat(by_epoch, 157), rtol=1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1, "fast", None, True])
@pytest.mark.parametrize(
    ("cls", "name"),
    [(cls, name) for cls, example in EXAMPLES.items() for name in example if name != "schedule"],
)
def test_bad_arguments_are_named_with_what_was_received(cls, name, bad):
    with pytest.raises(ValueError, match=rf"Argument `{name}` must be .*Received: {name}=") as error:
        cls(**{**EXAMPLES[cls], name: bad})
    assert str(error.value).endswith(f"{name}={bad!r}")


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (TimeBasedDecay, "initial_learning_rate"),
        (StepDecay, "drop"),
        (StepDecay, "period"),
        (NaturalExponentialDecay, "initial_learning_rate"),
        (AtWholeEpochs, "steps_per_epoch"),
    ],
)
def test_zero_is_refused_where_it_means_nothing(cls, name):
    with pytest.raises(ValueError, match=rf"Argument `{name}` must be .*Received: {name}=0$"):
        cls(**{**EXAMPLES[cls], name: 0})


def test_whole_epochs_of_something_that_is_no_schedule():
    with pytest.raises(
        ValueError, match="Argument `schedule` must be a LearningRateSchedule. Received: schedule=0.1"
    ):
        AtWholeEpochs(0.1, 157)
