"""The networks, built so that every weight and every dropped unit follows from the seed alone."""

from typing import Any

import keras
import numpy as np
from keras import layers

IMAGE_SHAPE = (32, 32, 3)


def build(name: str, classes: int, seed: int) -> keras.Model:
    """Build a network with freshly drawn weights.

    Args:
        name: `article`, the network behind the article's figures (25,546 parameters for two classes), or
            `cifar10-cnn`, in the manner of Keras's 2017 CIFAR-10 example (1,250,858 for ten).
        classes: how many classes the softmax tells apart.
        seed: initial weights (Glorot uniform; biases zero) and dropout derive from it, layer by layer, so
            they do not depend on what else the process has drawn.

    Returns:
        A model of (batch, 32, 32, 3) images in [0, 1] to (batch, classes) probabilities.
    """
    stack = {"article": _article, "cifar10-cnn": _cifar10_cnn}[name](classes, _Seeds(seed))
    return keras.Sequential([keras.Input(IMAGE_SHAPE), *stack], name=name.replace("-", "_"))


class _Seeds:
    """Hands every layer that draws numbers a seed of its own."""

    def __init__(self, seed: int) -> None:
        self._sequence = np.random.SeedSequence(seed)

    def draw(self) -> int:
        return int(self._sequence.spawn(1)[0].generate_state(1)[0] >> 1)

    def conv(self, filters: int, padding: str = "valid") -> Any:
        kernel = keras.initializers.GlorotUniform(seed=self.draw())
        return layers.Conv2D(filters, 3, padding=padding, activation="relu", kernel_initializer=kernel)

    def dense(self, units: int, activation: str) -> Any:
        kernel = keras.initializers.GlorotUniform(seed=self.draw())
        return layers.Dense(units, activation=activation, kernel_initializer=kernel)

    def dropout(self, rate: float) -> Any:
        return layers.Dropout(rate, seed=self.draw())


def _article(classes: int, seeds: _Seeds) -> list[Any]:
    return [
        seeds.conv(4),
        seeds.conv(8),
        layers.MaxPooling2D(),
        seeds.dropout(0.25),
        layers.Flatten(),
        seeds.dense(16, "relu"),
        seeds.dropout(0.5),
        seeds.dense(classes, "softmax"),
    ]


def _cifar10_cnn(classes: int, seeds: _Seeds) -> list[Any]:
    return [
        seeds.conv(32, "same"),
        seeds.conv(32),
        layers.MaxPooling2D(),
        seeds.dropout(0.25),
        seeds.conv(64, "same"),
        seeds.conv(64),
        layers.MaxPooling2D(),
        seeds.dropout(0.25),
        layers.Flatten(),
        seeds.dense(512, "relu"),
        seeds.dropout(0.5),
        seeds.dense(classes, "softmax"),
    ]
