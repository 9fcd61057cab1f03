"""The notebook's program, ported line by line to Keras 3 and otherwise left as it was.

What a reader of the 2017 article has today after mending the imports: one process, `fit` with its defaults,
validation in batches of 64, TensorFlow's own threads and kernels. `bench.py` times it. It is no part of the
suite, and its accuracies are not the article's: Keras 3's `fit(shuffle=True)` repeats one order every
epoch, and its Adagrad and RMSprop are not Keras 2's.

    python benchmarks/notebook_port.py --data SOURCE --epochs N
"""

import argparse
import math

import keras
import numpy as np
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

from cifar_lr import data

BATCH_SIZE = 64


def cnn_model():
    """The network of the article's figures."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            Conv2D(4, (3, 3), activation="relu"),
            Conv2D(8, (3, 3), activation="relu"),
            MaxPooling2D(pool_size=(2, 2)),
            Dropout(0.25),
            Flatten(),
            Dense(16, activation="relu"),
            Dropout(0.5),
            Dense(2, activation="softmax"),
        ]
    )


class LossHistory(keras.callbacks.Callback):
    """The article's callback, as it stood."""

    def __init__(self, schedule):
        super().__init__()
        self.schedule = schedule

    def on_train_begin(self, logs=None):
        self.losses = []
        self.lr = []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])
        self.lr.append(self.schedule(len(self.losses)))


def step_decay(epoch):
    """Half every ten epochs."""
    return 0.1 * math.pow(0.5, math.floor(epoch / 10))


def exp_decay(epoch):
    """Down by a factor of e every ten epochs."""
    return 0.1 * math.exp(-0.1 * epoch)


def runs():
    """The notebook's eight: name, optimizer, callbacks."""
    optimizers = keras.optimizers
    decay = optimizers.schedules.InverseTimeDecay(0.1, decay_steps=1, decay_rate=0.001)
    steps = [LossHistory(step_decay), keras.callbacks.LearningRateScheduler(step_decay)]
    exponentials = [LossHistory(exp_decay), keras.callbacks.LearningRateScheduler(exp_decay)]
    return [
        ("constant", optimizers.SGD(0.1), []),
        ("time_based", optimizers.SGD(decay, momentum=0.5), []),
        ("step", optimizers.SGD(0.1, momentum=0.5), steps),
        ("exponential", optimizers.SGD(0.1, momentum=0.8), exponentials),
        ("adagrad", optimizers.Adagrad(0.01, epsilon=1e-8), []),
        ("adadelta", optimizers.Adadelta(1.0, rho=0.95, epsilon=1e-8), []),
        ("rmsprop", optimizers.RMSprop(0.001, rho=0.9, epsilon=1e-8), []),
        ("adam", optimizers.Adam(0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-8), []),
    ]


def main():
    """Train the eight, one after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="auto")
    parser.add_argument("--epochs", type=int, default=100)
    options = parser.parse_args()

    images = data.load(data.locate(options.data), ("cat", "dog"))
    x_train = np.asarray(images.x_train).astype("float32") / 255
    x_test = np.asarray(images.x_val).astype("float32") / 255
    y_train = keras.utils.to_categorical(images.y_train, 2)
    y_test = keras.utils.to_categorical(images.y_val, 2)
    # The images come sorted by class; the notebook's came mixed.
    mixed = np.random.default_rng(0).permutation(len(x_train))
    x_train, y_train = x_train[mixed], y_train[mixed]

    for name, optimizer, callbacks in runs():
        print(name)
        model = cnn_model()
        model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
        model.fit(
            x_train,
            y_train,
            validation_data=(x_test, y_test),
            epochs=options.epochs,
            batch_size=BATCH_SIZE,
            callbacks=callbacks,
            verbose=2,
        )


if __name__ == "__main__":
    main()
