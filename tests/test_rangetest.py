"""The learning-rate range test: its rates and losses, what it leaves behind, and what it suggests."""

import csv
import itertools
import json
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import ROOT, SGD

from cifar_lr import cli, config, data, rangetest, train
from cifar_lr.callbacks import LossHistory, RangeTest
from cifar_lr.config import ConfigError
from cifar_lr.history import DataRecord
from cifar_lr.optimizers import OPTIMIZERS
from cifar_lr.rangetest import RangeTestError

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
SMALL = "batch_size: 32\n"


@pytest.fixture
def source(small_images, cache):
    return data.locate(str(small_images), say=lambda _: None)


# The callback ----------------------------------------------------------------------------------------------


def linear_model(learning_rate=0.1, **compiled):
    """Return y = w x + b under mean squared error."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(learning_rate), loss="mse", **compiled)
    return model


def line(points=64):
    x = np.random.default_rng(1).normal(size=(points, 1)).astype("float32")
    return x, 3 * x + 1


def rich_model(optimizer):
    """Return a model with dropout, moving statistics and a trained optimizer."""
    keras.utils.set_random_seed(2)
    layers = [keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    model = keras.Sequential([keras.Input((1,)), *layers, keras.layers.Dense(1)])
    model.compile(optimizer, loss="mse", metrics=["mae"])
    model.fit(*line(), batch_size=8, verbose=0)
    return model


def bits(model):
    return [v.numpy().tobytes() for v in (*model.variables, *model.optimizer.variables)]


def test_the_rates_grow_geometrically_and_are_the_rates_applied():
    test, log = RangeTest(1e-4, 1e-1, 7), LossHistory(per_update=True)
    linear_model().fit(*line(), batch_size=8, verbose=0, callbacks=[test, log])
    expected = [1e-4 * (1e-1 / 1e-4) ** (i / 6) for i in range(7)]
    np.testing.assert_allclose(test.learning_rates, expected, rtol=1e-12)
    np.testing.assert_allclose(log.update_learning_rates, expected, rtol=1e-6)


def test_the_losses_are_those_of_each_batch_before_its_own_update():
    x, y = line()
    model = linear_model()
    w, b = (float(v.numpy().squeeze()) for v in model.trainable_variables)
    expected = []
    for update, rate in enumerate(np.geomspace(1e-3, 0.5, 16)):  # two epochs of eight batches
        start = 8 * (update % 8)
        error = (w * x + b - y)[start : start + 8]
        expected.append(np.mean(error**2))
        w -= rate * np.mean(2 * error * x[start : start + 8])
        b -= rate * np.mean(2 * error)
    test = RangeTest(1e-3, 0.5, 16)
    model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, callbacks=[test])
    np.testing.assert_allclose(test.losses, expected, rtol=1e-4)


def test_the_smoothed_loss_is_a_mean_with_geometric_weights():
    test = RangeTest(1e-4, 1e-2, 20, beta=0.9)
    linear_model().fit(*line(160), batch_size=8, verbose=0, callbacks=[test])
    for n in (1, 2, 20):
        weights = 0.9 ** np.arange(n)[::-1]
        assert test.smoothed_losses[n - 1] == pytest.approx(np.average(test.losses[:n], weights=weights))


def test_a_loss_that_rises_fourfold_ends_the_test_and_is_noted():
    test = RangeTest(1e-3, 100.0, 100)
    linear_model().fit(*line(), batch_size=8, epochs=20, verbose=0, callbacks=[test])
    smoothed = test.smoothed_losses
    too_high = [n > 9 and smoothed[n] > 4 * min(smoothed[: n + 1]) for n in range(len(smoothed))]
    assert 10 < test.diverged_at < 100
    assert test.diverged_at == too_high.index(True) + 1 == len(test.losses) == len(test.learning_rates)
    assert np.isfinite(test.losses).all()


def test_a_loss_that_is_not_finite_ends_the_test_at_once():
    test = RangeTest(1e30, 1e35, 100)
    model = linear_model()
    model.fit(*line(), batch_size=8, epochs=20, verbose=0, callbacks=[test])
    assert test.diverged_at == len(test.losses) == 2
    assert np.isfinite(test.losses).tolist() == [True, False]
    assert all(np.isfinite(v.numpy()).all() for v in model.variables)


def test_early_noise_is_no_divergence():
    x, y = np.ones((40, 1), "float32"), np.zeros((40, 1), "float32")
    y[8:16] = 1e3  # the second batch's loss is many times the first's
    test = RangeTest(1e-12, 1e-11, 5)
    linear_model().fit(x, y, batch_size=8, shuffle=False, verbose=0, callbacks=[test])
    assert test.smoothed_losses[1] > 4 * test.smoothed_losses[0]
    assert test.diverged_at is None


class Raises(keras.callbacks.Callback):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_train_batch_end(self, batch, logs=None):  # noqa: ARG002  Keras's signature
        if batch == 4:
            raise self.error


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), KeyboardInterrupt()])
def test_the_model_is_bit_for_bit_as_before_where_fit_raises_or_is_interrupted(error):
    model = rich_model(keras.optimizers.Adam(0.01))
    before = bits(model)
    with RangeTest(1e-3, 1.0, 8) as test:
        with pytest.raises(type(error)) as caught:
            model.fit(*line(), batch_size=8, verbose=0, callbacks=[test, Raises(error)])
        assert caught.value is error
        assert bits(model) != before
    assert bits(model) == before
    assert len(test.losses) == 5


def test_the_model_is_bit_for_bit_as_before_when_fit_ends():
    model = rich_model(keras.optimizers.Adam(0.01))
    before = bits(model)
    test = RangeTest(1e-3, 1.0, 8)
    model.fit(*line(), batch_size=8, verbose=0, callbacks=[test])
    assert bits(model) == before
    assert len(test.losses) == 8
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    assert int(model.optimizer.iterations) == 8
    assert not model.stop_training


def test_a_training_after_the_test_is_the_training_without_it():
    tested, plain = (rich_model(keras.optimizers.Adam(0.01)) for _ in range(2))
    tested.fit(*line(), batch_size=8, epochs=9, verbose=0, callbacks=[RangeTest(1e-3, 1e3, 50)])
    for model in (tested, plain):
        keras.utils.set_random_seed(5)
        model.fit(*line(), batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert bits(tested) == bits(plain)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_is_left_as_it_was(name):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    model.compile(OPTIMIZERS[name](learning_rate=0.01), loss="mse")
    model.optimizer.build(model.trainable_variables)
    before = bits(model)
    test = RangeTest(1e-4, 1e-2, 6)
    model.fit(*line(), batch_size=8, verbose=0, callbacks=[test])
    assert len(test.losses) == 6
    assert bits(model) == before


def test_an_optimizer_that_scales_the_loss_is_left_as_it_was():
    model = rich_model(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01)))
    before = bits(model)
    model.fit(*line(), batch_size=8, verbose=0, callbacks=[RangeTest(1e-4, 1e-2, 6)])
    assert bits(model) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_learning_rate": 0.0}, "Received: min_learning_rate=0.0, max_learning_rate=1.0"),
        ({"min_learning_rate": 2.0}, "must be above 0 and below `max_learning_rate`"),
        ({"min_learning_rate": float("nan")}, "Received: min_learning_rate=nan"),
        ({"max_learning_rate": 1e39}, "both float32 numbers"),
        ({"updates": 1}, "`updates` must be a whole number of at least 2. Received: updates=1"),
        ({"updates": 2.5}, "Received: updates=2.5"),
        ({"beta": 1.0}, "`beta` must be at least 0 and below 1. Received: beta=1.0"),
        ({"divergence": 1.0}, "`divergence` must be above 1. Received: divergence=1.0"),
    ],
)
def test_arguments_out_of_bounds_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        RangeTest(**{"min_learning_rate": 0.1, "max_learning_rate": 1.0, "updates": 10, **change})


@pytest.mark.parametrize(
    ("rate", "compiled", "message"),
    [
        (keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 1.0), {}, "a number, not a schedule or a func"),
        (lambda: 0.1, {}, "a number, not a schedule or a function. Received: optimizer=SGD"),
        (0.1, {"steps_per_execution": 2}, "steps_per_execution=1. Received: steps_per_execution=2"),
    ],
)
def test_a_model_that_can_not_be_tested_is_refused(rate, compiled, message):
    model = linear_model(rate, **compiled)
    with pytest.raises(ValueError, match=message):
        model.fit(*line(), batch_size=8, verbose=0, callbacks=[RangeTest(1e-3, 1.0, 8)])


def test_a_model_without_weights_yet_is_refused():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    with pytest.raises(ValueError, match="needs a model that is built, .*: call it on a batch first"):
        model.fit(*line(), batch_size=8, verbose=0, callbacks=[RangeTest(1e-3, 1.0, 8)])


def test_a_fit_too_short_for_the_test_is_refused_and_the_model_is_as_before():
    model = linear_model()
    model.optimizer.build(model.trainable_variables)
    before = bits(model)
    message = "needs 20 updates, and `fit` made 16. .* Received: epochs=2, updates=20"
    with pytest.raises(ValueError, match=message):
        model.fit(*line(), batch_size=8, epochs=2, verbose=0, callbacks=[RangeTest(1e-3, 0.1, 20)])
    assert bits(model) == before


# What it suggests ------------------------------------------------------------------------------------------


RATES = np.geomspace(1e-5, 10, 301)  # 50 a decade


def bowl(bottom=0.1, rise=0.3):
    """Return losses that fall evenly with the rate's logarithm down to `bottom`, and then shoot up."""
    decades = np.log10(RATES / bottom)
    return np.where(decades < 0, 1 - 0.1 * decades, 1 + rise * decades**2)


def test_the_steepest_fall_of_a_curve_with_one_step():
    losses = -np.tanh(np.log10(RATES / 3e-3))
    assert rangetest.steepest(RATES, losses) == pytest.approx(3e-3, rel=0.05)


def test_the_steepest_fall_is_that_of_a_chord_over_a_tenth_of_the_curve():
    losses = np.random.default_rng(4).normal(size=87)
    rates = np.geomspace(1e-3, 1, 87)
    slopes = {
        k: (losses[k + 8] - losses[k]) / (np.log(rates[k + 8]) - np.log(rates[k])) for k in range(87 - 8)
    }
    assert rangetest.steepest(rates, losses) == rates[min(slopes, key=slopes.get) + 4]


def test_the_steepest_fall_of_few_points_is_between_neighbours():
    rates = np.array([0.1, 1.0, 2.0, 20.0])  # slopes -1, -0.9, -2 over 1, 0.301, 1 decades
    assert rangetest.steepest(rates, np.array([5.0, 4.0, 3.1, 1.1])) == 1.0


def test_a_dent_of_noise_is_not_the_steepest_fall():
    losses = bowl()
    losses[60] += 0.01
    assert rangetest.steepest(RATES, losses) > RATES[60]


def test_the_minimum_is_divided_by_ten():
    assert rangetest.minimum(RATES, bowl(0.1)) == pytest.approx(0.01)


@pytest.mark.parametrize("losses", [RATES, -RATES])
def test_a_curve_that_is_lowest_at_an_end_has_no_minimum(losses):
    assert rangetest.minimum(RATES, losses) is None


def test_the_valley_by_hand():
    rates = np.arange(1.0, 13.0)
    losses = np.array([9, 12, 11, 10, 8, 7, 7.5, 6, 5, 4, 20, 21], dtype=float)
    # Longest fall: 12 11 10 8 7 6 5 4, of 8, first ended at index 9; 9 - 8 + 8 // 3 + 8 // 6 = 4.
    assert rangetest.valley(rates, losses) == rates[4]


@pytest.mark.parametrize("seed", range(8))
def test_the_valley_of_any_curve_is_that_of_its_definition(seed):
    draws = np.random.default_rng(seed)
    losses = draws.normal(size=60).cumsum() - 0.3 * np.arange(60)
    losses = losses.round(1)  # with ties, which do not fall
    rates = np.geomspace(0.01, 1, 60)
    lengths = []
    for n in range(60):
        lengths.append(1 + max((lengths[m] for m in range(n) if losses[m] > losses[n]), default=0))
    longest, end = max(lengths), lengths.index(max(lengths))
    assert longest > 3
    expected = rates[end - longest + int(longest / 3) + int(longest / 6)]
    assert rangetest.valley(rates, losses) == expected


def test_the_valley_of_a_curve_that_always_falls():
    assert rangetest.valley(RATES, -RATES) == RATES[301 // 3 + 301 // 6 - 1]


def test_the_slide_stops_where_the_slope_stops_changing():
    losses = bowl(0.1, rise=3.0)
    gradients = np.gradient(losses)
    left = len(losses) - 16
    while abs(gradients[left + 15] - gradients[left]) > 0.005:
        found = RATES[left]
        left -= 1
    assert rangetest.slide(RATES, losses) == found
    assert 0.03 < found < 0.2


@pytest.mark.parametrize("losses", [bowl(0.1, rise=0.01), np.arange(301.0) ** 2])
def test_nothing_slides_where_the_right_end_is_even_or_all_is_uneven(losses):
    assert rangetest.slide(RATES, losses) is None


@pytest.mark.parametrize("name", rangetest.RULES)
@pytest.mark.parametrize("points", range(20))
def test_a_curve_that_never_falls_has_no_suggestion_however_short(name, points):
    assert rangetest.RULES[name](RATES[:points], np.arange(points) * 0.1) is None


def test_the_rules_do_not_see_the_beginning_and_the_last_five_points():
    losses = bowl()
    losses[:30], losses[-5:] = np.linspace(9, 2, 30), -9.0
    found = {one.rule: one.rate for one in rangetest.suggest(RATES, losses, skip=30)}
    kept = slice(30, -5)
    assert found == {name: rule(RATES[kept], losses[kept]) for name, rule in rangetest.RULES.items()}
    assert found["minimum"] == pytest.approx(0.01)
    assert found["steepest"] > RATES[30]


def test_no_suggestion_comes_with_its_reason():
    rising = {one.rule: one for one in rangetest.suggest(RATES, np.arange(301.0), skip=30)}
    assert [one.rate for one in rising.values()] == [None] * 4
    assert rising["steepest"].reason == "the loss never falls"
    assert rising["valley"].reason == "no three losses fall one after the other"
    short = {one.rule: one.reason for one in rangetest.suggest(RATES[:10], -RATES[:10], skip=1)}
    assert short["slide"] == "4 points are too few; it takes 17"
    assert short["minimum"] == "the loss is lowest at an end of the curve"
    assert short["steepest"] is None
    nothing = rangetest.suggest(RATES[:3], RATES[:3], skip=30)
    assert nothing[0].reason == "0 points are too few; it takes 2"


# A run's test ----------------------------------------------------------------------------------------------


def test_the_batches_are_those_of_the_runs_training(write_run, source):
    settings = config.load(write_run(SGD + SMALL)).config
    images = data.load(source)
    batches = itertools.islice(rangetest._batches(settings, 5, images).as_numpy_iterator(), 6)
    for number, (x, y) in enumerate(batches):  # three an epoch, the last of 16
        order = train.permutation(5, number // 3, 80)[32 * (number % 3) : 32 * (number % 3) + 32]
        np.testing.assert_array_equal(x, images.x_train[order].astype(np.float32) / 255)
        np.testing.assert_array_equal(y.argmax(axis=1), images.y_train[order])


def test_a_run_is_tested_from_its_own_first_weights_with_its_own_optimizer(write_run, source):
    run, images = config.load(write_run(STEPPED + SMALL)), data.load(source)
    said = []
    span = rangetest.Span(1e-4, 1e-1, 12)
    measured = rangetest.measure(run, range(2), source, span, said.append)
    assert said == ["[1/2] seed 0: all 12 updates made", "[2/2] seed 1: all 12 updates made"]

    for seed, curve in enumerate(measured.curves):
        network = train.build(run.config, seed, images)
        network.compile(
            keras.optimizers.SGD(0.1, momentum=0.5), loss="categorical_crossentropy", jit_compile=False
        )
        expected = []
        batches = rangetest._batches(run.config, seed, images).as_numpy_iterator()
        for update, (x, y) in enumerate(itertools.islice(batches, 12)):
            network.optimizer.learning_rate = 1e-4 * 1e3 ** (update / 11)
            network.reset_metrics()
            expected.append(network.train_on_batch(x, y, return_dict=True)["loss"])
        np.testing.assert_allclose(curve.losses, expected, rtol=1e-5)
    assert measured.data == DataRecord.of(images)
    assert measured.reached == 12
    np.testing.assert_allclose(measured.mean, sum(curve.smoothed for curve in measured.curves) / 2)


def test_the_same_seed_gives_the_same_bits_whichever_came_before(write_run, source):
    run, span = config.load(write_run(SGD + SMALL)), rangetest.Span(1e-4, 1.0, 10)
    both = rangetest.measure(run, [0, 1], source, span, lambda _: None)
    alone = rangetest.measure(run, [1], source, span, lambda _: None)
    np.testing.assert_array_equal(both.curves[1].losses, alone.curves[0].losses)
    assert not np.array_equal(both.curves[0].losses, both.curves[1].losses)


def test_an_optimizer_that_keras_refuses_is_named_with_the_run(write_run, source):
    run = config.load(write_run("optimizer: {class_name: Adm}"))
    with pytest.raises(
        ConfigError, match=r"suite/run.yaml: optimizer.class_name: unknown optimizer 'Adm'; did you"
    ):
        rangetest.measure(run, [0], source, rangetest.Span(1e-4, 1.0, 10), print)


def test_images_of_one_class_are_refused(write_run, source, monkeypatch):
    images = data.load(source, classes=("dog",))
    monkeypatch.setattr(data, "load", lambda *_, **__: images)
    run = config.load(write_run(SGD))
    with pytest.raises(RangeTestError, match="has one class only, dog; training takes two"):
        rangetest.measure(run, [0], source, rangetest.Span(1e-4, 1.0, 10), print)


@pytest.mark.parametrize(
    ("span", "message"),
    [
        (
            (1.0, 1.0, 300),
            "--min must be below --max, and both from 1e-12 to 1e+06. Received: --min 1 --max 1",
        ),
        ((float("nan"), 1.0, 300), "Received: --min nan --max 1"),
        ((-1.0, 1.0, 300), "Received: --min -1 --max 1"),
        ((1e-5, float("inf"), 300), "Received: --min 1e-05 --max inf"),
        ((1e-5, 1.0, 9), "--updates must be from 10 to 100000. Received: 9"),
        ((1e-5, 1.0, 100_001), "Received: 100001"),
    ],
)
def test_a_span_out_of_bounds_is_refused(span, message):
    with pytest.raises(RangeTestError) as error:
        rangetest.Span(*span)
    assert str(error.value).endswith(message)


# Tables and figures ----------------------------------------------------------------------------------------


def measured_as(curves, diverged=(), name="step", kind="cifar10"):
    """Return a test with one curve a seed over `RATES`; `diverged` are seeds whose last loss is the end."""
    settings = config.RunConfig.model_validate_json(
        '{"optimizer": {"class_name": "SGD", "config": {"momentum": 0.5, "learning_rate": 0.1}}}'
    )
    images = DataRecord(
        kind=kind,
        label="CIFAR-10",
        fingerprint="sha256:0",
        classes=("cat", "dog"),
        train_images=10_000,
        validation_images=2_000,
    )
    noted = tuple(
        rangetest.Curve(
            seed, RATES[: len(losses)], losses + 0.5, losses, len(losses) if seed in diverged else None
        )
        for seed, losses in enumerate(curves)
    )
    return rangetest.Measured(
        config.Run(name, settings), images, rangetest.Span(RATES[0], RATES[-1], len(RATES)), noted
    )


def test_the_mean_is_over_the_rates_that_all_seeds_reached_with_a_finite_loss():
    broken = bowl()[:203] + 0.2
    broken[-1] = np.nan
    measured = measured_as([bowl(), bowl()[:250] + 0.1, broken], diverged=(1, 2))
    assert measured.reached == 202
    np.testing.assert_allclose(measured.mean, bowl()[:202] + 0.1)
    np.testing.assert_array_equal(measured.rates, RATES[:202])


def test_every_number_of_the_table_reads_back_and_what_was_not_reached_is_empty():
    broken = bowl()[:203] + 0.2
    broken[-1] = np.inf
    measured = measured_as([bowl(), broken], diverged=(1,))
    rows = list(csv.DictReader(rangetest.table(measured).splitlines()))
    assert list(rows[0]) == [
        *("update", "learning_rate", "loss_seed_0", "smoothed_seed_0", "loss_seed_1", "smoothed_seed_1"),
        *("mean", "low", "high"),
    ]
    assert [row["update"] for row in rows] == [str(n) for n in range(1, 302)]
    assert [float(row["learning_rate"]) for row in rows] == RATES.tolist()
    assert [float(row["loss_seed_0"]) for row in rows] == (bowl() + 0.5).tolist()
    assert [float(row["smoothed_seed_1"]) for row in rows[:203]] == broken.tolist()
    assert [float(row["mean"]) for row in rows[:202]] == measured.mean.tolist()
    assert [float(row["low"]) for row in rows[:202]] == bowl()[:202].tolist()
    assert [float(row["high"]) for row in rows[:202]] == broken[:202].tolist()
    assert all(row["smoothed_seed_1"] == "" for row in rows[203:])
    assert all(row["mean"] == row["low"] == row["high"] == "" for row in rows[202:])


@pytest.mark.parametrize("points", [0, 1, 2])
def test_a_test_of_next_to_nothing_is_still_written(points, tmp_path):
    losses = np.append(bowl()[:points], np.nan)
    measured = measured_as([losses], diverged=(0,), name="a$b" * 30)
    assert rangetest.write(measured, tmp_path / "out") == tmp_path / "out" / "rates.csv"
    rows = list(csv.DictReader((tmp_path / "out" / "rates.csv").read_text().splitlines()))
    assert [float(row["loss_seed_0"]) for row in rows] == pytest.approx(losses + 0.5, nan_ok=True)
    assert all(one.rate is None for one in measured.suggestions)
    assert rangetest.summary(measured)["diverged"] == [
        {"seed": 0, "update": points + 1, "learning_rate": RATES[points]}
    ]


# The command -----------------------------------------------------------------------------------------------


def test_the_command_prints_and_writes_what_it_found(program, write_run, small_images, cache, tmp_path):
    run, out = write_run(STEPPED + SMALL, "stepped"), tmp_path / "out"
    common = ("find-rate", run, "--data", small_images, "--out", out, "--updates", 40, "--seeds", 2)
    done = program(*common)
    assert done.returncode == 0, done.stderr
    assert [text.split()[0] for text in done.stdout.splitlines()] == [*rangetest.RULES, "written:"]
    said = done.stderr.splitlines()[-3:]
    assert "a range test with 2 seeds, into" in said[0]
    assert [text.split(":")[0] for text in said[1:]] == ["[1/2] seed 0", "[2/2] seed 1"]
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(first) == ["find_rate.png", "find_rate.svg", "rates.csv"]
    assert len(first["rates.csv"].splitlines()) <= 41

    again = program(*common, "--json", "--quiet", "optimizer.config.momentum=0.5")
    assert again.returncode == 0, again.stderr
    assert again.stderr == ""
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    outcome = json.loads(again.stdout)
    assert (outcome["run"], outcome["seeds"], outcome["updates"]) == ("stepped", [0, 1], 40)
    assert set(outcome["suggestions"]) == set(rangetest.RULES)
    assert set(outcome["reasons"]) == {rule for rule, rate in outcome["suggestions"].items() if not rate}
    for rule, rate in outcome["suggestions"].items():
        assert (
            f"{rule:9} {rate:<9.3g} {rangetest.MEANINGS[rule]}" if rate else f"{rule:9} none: "
        ) in done.stdout


def test_an_interrupted_test_is_status_130_and_writes_nothing(write_run, small_images, cache, tmp_path):
    run, out = write_run(SGD + SMALL), tmp_path / "out"
    arguments = ("find-rate", run, "--data", small_images, "--out", out, "--updates", "50", "--seeds", "9999")
    command = [sys.executable, "-m", "cifar_lr", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as it:
        for said in it.stderr:
            if said.startswith("[2/9999]"):
                break
        it.send_signal(signal.SIGINT)
        rest, printed = it.stderr.read(), it.stdout.read()
    assert it.returncode == 130
    assert rest.splitlines()[-1] == "interrupted; the same command starts over"
    assert printed == ""
    assert not out.exists()


@pytest.mark.parametrize(
    ("overrides", "kind", "folder"),
    [
        ([], "cifar10", "suite-run"),
        ([], "images", "suite-run-some-images"),
        (["batch_size=8"], "images", "suite-run+batch_size=8-some-images"),
        (["--updates", "50", "--seeds", "1"], "cifar10", "suite-run+seeds=1+updates=50"),
        (
            ["--min", "1e-4", "--max", "1"],
            "cifar10",
            "suite-run+max_learning_rate=1.0+min_learning_rate=0.0001",
        ),
        (["batch_size=8"], "stand-in", "suite-run+batch_size=8-stand-in"),
    ],
)
def test_where_a_test_goes_if_nobody_says(overrides, kind, folder, write_run, monkeypatch, tmp_path, capsys):
    run = write_run(SGD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "locate", lambda *_, **__: data.Source(tmp_path, kind, "some images"))
    monkeypatch.setattr(rangetest, "measure", lambda *_: measured_as([bowl()], kind=kind))
    assert cli.main(["find-rate", str(run), "--quiet", *overrides]) == 0
    out = Path("results/find-rate") / folder
    assert sorted(path.name for path in out.iterdir()) == ["find_rate.png", "find_rate.svg", "rates.csv"]
    assert str(out / "find_rate.svg") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("configs/article/step.yaml --min 1 --max 0.1", "--min must be below --max"),
        ("configs/article/step.yaml --min nan", "Received: --min nan --max 10"),
        ("configs/article/step.yaml --min=-1e-5", "Received: --min -1e-05 --max 10"),
        ("configs/article/step.yaml --max much", "argument --max: invalid float value: 'much'"),
        ("configs/article/step.yaml --updates 9", "--updates must be from 10 to 100000. Received: 9"),
        ("configs/article/step.yaml --updates 1e3", "argument --updates: invalid int value: '1e3'"),
        ("configs/article/step.yaml --seeds 0", "argument --seeds: must be a whole number from 1"),
        ("configs/article/step.yaml --force", "unrecognized argument: --force"),
        ("configs/article/step.yaml epoch=1", "the command line: epoch: unknown key"),
        ("nowhere.yaml", "cifar-lr: nowhere.yaml: no such file"),
        ("configs/article/step.yaml --data nowhere", "cifar-lr: nowhere does not exist"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    try:
        status = cli.main(["find-rate", *arguments.split()])
    except SystemExit as end:
        status = end.code
    said = capsys.readouterr()
    assert (status, said.out, said.err.count("\n")) == (2, "", 1)
    assert message in said.err


def test_a_folder_that_can_not_be_written_is_found_before_anything_is_trained(
    write_run, source, small_images, monkeypatch, tmp_path, capsys
):
    (tmp_path / "taken").write_text("")
    monkeypatch.setattr(rangetest, "measure", pytest.fail)
    arguments = ["find-rate", str(write_run(SGD)), "--data", str(small_images), "--quiet"]
    assert cli.main([*arguments, "--out", str(tmp_path / "taken" / "out")]) == 2
    assert "taken/out: can not be written" in capsys.readouterr().err
