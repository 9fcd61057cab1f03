"""Optimizers: Keras 2's update rules against a statement of them in NumPy's float64, and bad input."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT

from cifar_lr import config, optimizers
from cifar_lr.config import ConfigError
from cifar_lr.schedules import AtWholeEpochs

UPDATES = 1000
EPOCH = 10  # updates; short, so that a thousand updates see the rate fall a hundred times


def keras2_sgd(gradients, rate, momentum):
    moved = velocity = np.zeros(gradients.shape[1])
    for update, g in enumerate(gradients):
        velocity = momentum * velocity - rate(update) * g
        moved = moved + velocity
    return moved


def keras2_adagrad(gradients, rate=0.01, epsilon=1e-8):
    moved = accumulated = np.zeros(gradients.shape[1])
    for g in gradients:
        accumulated = accumulated + g**2
        moved = moved - rate * g / (np.sqrt(accumulated) + epsilon)
    return moved


def keras2_adadelta(gradients, rate=1.0, rho=0.95, epsilon=1e-8):
    moved = a = d = np.zeros(gradients.shape[1])
    for g in gradients:
        a = rho * a + (1 - rho) * g**2
        u = g * np.sqrt(d + epsilon) / np.sqrt(a + epsilon)
        moved = moved - rate * u
        d = rho * d + (1 - rho) * u**2
    return moved


def keras2_rmsprop(gradients, rate=0.001, rho=0.9, epsilon=1e-8):
    moved = a = np.zeros(gradients.shape[1])
    for g in gradients:
        a = rho * a + (1 - rho) * g**2
        moved = moved - rate * g / (np.sqrt(a) + epsilon)
    return moved


def keras2_adam(gradients, rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    moved = m = v = np.zeros(gradients.shape[1])
    for t, g in enumerate(gradients, start=1):
        rate_t = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        moved = moved - rate_t * m / (np.sqrt(v) + epsilon)
    return moved


RULES = {
    "constant": lambda g: keras2_sgd(g, lambda _: 0.1, 0.0),
    "time_based": lambda g: keras2_sgd(g, lambda t: 0.1 / (1 + 0.001 * t), 0.5),
    "step": lambda g: keras2_sgd(g, lambda t: 0.1 * 0.5 ** (t // EPOCH // 10), 0.5),
    "exponential": lambda g: keras2_sgd(g, lambda t: 0.1 * np.exp(-0.1 * (t // EPOCH)), 0.8),
    "adagrad": keras2_adagrad,
    "adadelta": keras2_adadelta,
    "rmsprop": keras2_rmsprop,
    "adam": keras2_adam,
}


@pytest.mark.parametrize("scale", [1e-2, 1e-8, 1e-12], ids=["realistic", "epsilon-sized", "tiny"])
@pytest.mark.parametrize("name", RULES)
def test_a_thousand_updates_as_keras_2_made_them(name, scale):
    draws = np.random.default_rng(7)
    # Gradients lean one way, as a loss's do, and differ in size from weight to weight.
    gradients = scale * (draws.normal(size=(UPDATES, 24)) + 0.5) * np.geomspace(0.1, 10, 24)
    gradients = gradients.astype(np.float32).astype(np.float64)
    settings = config.load(ROOT / "configs" / "notebook" / f"{name}.yaml").config.optimizer
    optimizer = optimizers.build(settings, steps_per_epoch=EPOCH)
    weights = keras.Variable(np.zeros(24, dtype=np.float32))

    optimizer.build([weights])

    @tf.function
    def update(gradient):
        optimizer.apply([gradient], [weights])

    for gradient in tf.constant(gradients, dtype=tf.float32):
        update(gradient)

    expected = RULES[name](gradients)
    np.testing.assert_allclose(weights.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize(("name", "ours"), [("Adagrad", "Keras2Adagrad"), ("RMSprop", "Keras2RMSprop")])
def test_keras_3_would_have_gone_another_way(name, ours):
    moved = []
    for cls in (optimizers.OPTIMIZERS[name], optimizers.OPTIMIZERS[ours]):
        weight = keras.Variable([0.0])
        cls(learning_rate=0.01, epsilon=1e-8).apply([keras.ops.array([1e-4])], [weight])
        moved.append(float(weight.numpy()[0]))
    assert abs(moved[1]) > 1.2 * abs(moved[0])


@pytest.mark.parametrize("cls", [optimizers.Keras2Adagrad, optimizers.Keras2RMSprop])
def test_ours_serialise_to_their_arguments_and_back(cls):
    optimizer = cls(learning_rate=0.02, epsilon=1e-6, clipnorm=1.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is cls
    assert again.get_config() == optimizer.get_config()
    assert again.get_config()["clipnorm"] == 1.0


def settings_of(text):
    tree = config.parse_yaml(f"{{optimizer: {text}}}", "a test")
    return config.RunConfig.model_validate(tree, strict=False).optimizer


def test_unit_epoch_wraps_any_schedule():
    schedule = "{class_name: CosineDecay, config: {initial_learning_rate: 0.1, decay_steps: 10}, unit: epoch}"
    optimizer = optimizers.build(
        settings_of(f"{{class_name: SGD, config: {{learning_rate: {schedule}}}}}"), 157
    )
    assert isinstance(optimizer._learning_rate, AtWholeEpochs)
    assert optimizer._learning_rate.steps_per_epoch == 157


def test_unit_step_is_the_schedule_itself():
    schedule = "{class_name: PiecewiseConstantDecay, config: {boundaries: [5, 9], values: [1.0, 0.5, 0.1]}}"
    optimizer = optimizers.build(
        settings_of(f"{{class_name: SGD, config: {{learning_rate: {schedule}}}}}"), 157
    )
    assert type(optimizer._learning_rate) is keras.optimizers.schedules.PiecewiseConstantDecay


PIECES = "{class_name: SGD, config: {learning_rate: {class_name: PiecewiseConstantDecay, config: %s}}}"
STEP = "{class_name: SGD, config: {learning_rate: {class_name: StepDecay, config: %s}}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{class_name: Adm}", "optimizer.class_name: unknown optimizer 'Adm'; did you mean 'Adam'?"),
        ("{class_name: adam}", "optimizer.class_name: unknown optimizer 'adam'; did you mean 'Adam'?"),
        (
            "{class_name: os.system}",
            "optimizer.class_name: unknown optimizer 'os.system'; known are Adadelta",
        ),
        (
            "{class_name: SGD, config: {momentun: 1}}",
            "config.momentun: SGD takes no such argument; did you mean",
        ),
        (
            "{class_name: SGD, config: {momentum: 2}}",
            "config.momentum: must be a number from 0 to 1. Received: 2",
        ),
        (
            "{class_name: Adam, config: {beta_1: a}}",
            "config.beta_1: must be a number from 0 to 1. Received: 'a'",
        ),
        (
            "{class_name: SGD, config: {clipnorm: -1}}",
            "config.clipnorm: must be a number of at least 0. Received: -1",
        ),
        (
            "{class_name: SGD, config: {learning_rate: {class_name: StepDecy}}}",
            "optimizer.config.learning_rate.class_name: unknown schedule 'StepDecy'; did you mean 'StepDecay'?",
        ),
        (
            STEP % "{initial_learning_rate: 0.1, drop: 0.5}",
            "learning_rate.config.period: is missing; StepDecay needs",
        ),
        (
            STEP % "{initial_learning_rate: 0.1, drop: 0.5, period: -1}",
            "learning_rate.config: Argument `period` must be a finite number greater than 0. Received: period=-1",
        ),
        (
            PIECES % "{boundaries: [a, 1], values: [0.1, 0.1, 0.1]}",
            "config.boundaries: must be a list of ascending numbers, the first above 0. Received: ['a', 1]",
        ),
        (
            PIECES % "{boundaries: [3, 3], values: [0.1, 0.1, 0.1]}",
            "config.boundaries: must be a list of ascending numbers, the first above 0. Received: [3, 3]",
        ),
        (
            PIECES % "{boundaries: [10, 11], values: [0.1, -1.0, 0.1]}",
            "config.values: must be a list of numbers of at least 0. Received: [0.1, -1.0, 0.1]",
        ),
        (
            "{class_name: SGD, config: {nesterov: often}}",
            "optimizer.config.nesterov: must be true or false. Received: 'often'",
        ),
    ],
)
def test_what_keras_does_not_know_or_refuses(text, message):
    with pytest.raises(ConfigError) as error:
        optimizers.build(settings_of(text), 157)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_whole_and_decimal_numbers_may_stand_together_in_values():
    optimizer = optimizers.build(settings_of(PIECES % "{boundaries: [1], values: [1, 0.5]}"), 157)
    optimizer.build([keras.Variable([1.0])])
    optimizer.iterations.assign(5)
    assert float(optimizer.learning_rate) == 0.5
