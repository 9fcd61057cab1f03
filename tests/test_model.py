"""The networks: names, shapes, parameters, and that the seed decides every weight."""

import keras
import numpy as np
import pytest

from cifar_lr import model


def test_the_article_network():
    network = model.build("article", 2, seed=0)
    assert network.input_shape == (None, 32, 32, 3)
    assert network.count_params() == 25_546
    described = [
        (type(layer).__name__, layer.output.shape[1:], layer.count_params()) for layer in network.layers
    ]
    assert described == [
        ("Conv2D", (30, 30, 4), 112),
        ("Conv2D", (28, 28, 8), 296),
        ("MaxPooling2D", (14, 14, 8), 0),
        ("Dropout", (14, 14, 8), 0),
        ("Flatten", (1568,), 0),
        ("Dense", (16,), 25_104),
        ("Dropout", (16,), 0),
        ("Dense", (2,), 34),
    ]
    assert [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)] == [0.25, 0.5]
    assert [getattr(layer, "activation", keras.activations.linear).__name__ for layer in network.layers] == [
        "relu", "relu", "linear", "linear", "linear", "relu", "linear", "softmax",
    ]  # fmt: skip


def test_the_ten_class_network():
    network = model.build("cifar10-cnn", 10, seed=0)
    assert network.name == "cifar10_cnn"
    # conv: 3x3xin+1 for each filter; dense: in+1 for each unit
    by_hand = 28 * 32 + 289 * 32 + 289 * 64 + 577 * 64 + (6 * 6 * 64 + 1) * 512 + 513 * 10
    assert network.count_params() == by_hand == 1_250_858
    filters = [layer.filters for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert filters == [32, 32, 64, 64]
    assert network.output_shape == (None, 10)


def weights(name, seed, classes=2):
    return [np.asarray(w) for w in model.build(name, classes, seed).get_weights()]


@pytest.mark.parametrize("name", ["article", "cifar10-cnn"])
def test_the_seed_decides_every_weight(name):
    first = weights(name, 3)
    keras.utils.set_random_seed(99)  # what else a process draws does not matter
    for one, again in zip(first, weights(name, 3), strict=True):
        np.testing.assert_array_equal(one, again)
    other = weights(name, 4)
    assert all((one != another).any() for one, another in zip(first, other, strict=True) if one.ndim > 1)


def test_kernels_are_glorot_uniform_and_biases_zero():
    kernel, bias, *_ = weights("article", 0)
    limit = np.sqrt(6 / (3 * 3 * 3 + 3 * 3 * 4))
    assert np.abs(kernel).max() <= limit
    assert np.abs(kernel).max() > 0.9 * limit
    assert (bias == 0).all()


def test_layers_do_not_share_their_draws():
    network = model.build("cifar10-cnn", 10, seed=0)
    seeds = [layer.seed for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    seeds += [
        layer.kernel_initializer.seed for layer in network.layers if hasattr(layer, "kernel_initializer")
    ]
    assert len(set(seeds)) == len(seeds) == 9
