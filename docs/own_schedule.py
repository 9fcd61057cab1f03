"""A schedule of one's own, trained: `.venv/bin/python docs/own_schedule.py`. own_schedule.md explains it."""

import sys
from pathlib import Path

from cifar_lr import config, train

# isort: split
import keras  # after cifar_lr, which chooses TensorFlow's kernels


@keras.saving.register_keras_serializable(package="mine")
class Sawtooth(keras.optimizers.schedules.LearningRateSchedule):
    """Down in a straight line to 0, again and again, every `period` steps."""

    def __init__(self, initial_learning_rate, period):
        self.initial_learning_rate = initial_learning_rate
        self.period = period

    def __call__(self, step):
        """Return the rate at a step, counted from 0."""
        passed = keras.ops.cast(step, "float32") % self.period / self.period
        return self.initial_learning_rate * (1 - passed)

    def get_config(self):
        """Return the arguments."""
        return {"initial_learning_rate": self.initial_learning_rate, "period": self.period}


def main(*overrides, source="auto"):
    """Train own_schedule.yaml and print the rate that each epoch began with."""
    run = config.load(Path(__file__).with_suffix(".yaml"), overrides)
    done = train.train(run.config, seed=0, source=source, name=run.name)
    for epoch, rate, accuracy in zip(done["epoch"], done["learning_rate"], done["val_accuracy"], strict=True):
        print(f"epoch {epoch:3.0f}  rate {rate:.3g}  validation accuracy {accuracy:.4f}")
    return done


if __name__ == "__main__":
    main(*sys.argv[1:])
