"""Learning-rate schedules: pure functions of the number of updates made so far, in Keras's dialect.

Steps count from 0, so the first update applies the rate of step 0. A schedule takes one step or an array
of steps and returns as many rates, in Keras's float type. Here is what Keras lacks, or counts otherwise.
"""

import math
from typing import Any

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

_register = keras.saving.register_keras_serializable(package="cifar_lr")


def _check(name: str, value: float, *, above: float = -math.inf, least: float = -math.inf) -> float:
    """Return a schedule's argument if it is a number in its range, else raise as Keras does."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if number and value > above and value >= least:
        return value
    bound = f" greater than {above:g}" if above > -math.inf else f" of at least {least:g}"
    range_ = bound if max(above, least) > -math.inf else ""
    raise ValueError(f"Argument `{name}` must be a finite number{range_}. Received: {name}={value!r}")


def _float(step: Any) -> Any:
    return ops.cast(step, keras.config.floatx())


@_register
class TimeBasedDecay(LearningRateSchedule):
    r"""The rate falls as one over time: `initial_learning_rate / (1 + decay * step)`.

    What Keras 2's optimizers did with their `decay` argument. It counted updates: with 157 updates an
    epoch, 0.1 and `decay=0.001` are down to 0.006 after 100 epochs. Keras's `InverseTimeDecay` with
    `decay_steps=1` is the same curve.

    Args:
        initial_learning_rate: the rate at step 0, above 0.
        decay: how fast it falls, per step, at least 0.

    Raises:
        ValueError: if an argument is not a number in its range.
    """

    def __init__(self, initial_learning_rate: float, decay: float) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.decay = _check("decay", decay, least=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        return self.initial_learning_rate / (1 + self.decay * _float(step))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"initial_learning_rate": self.initial_learning_rate, "decay": self.decay}


@_register
class StepDecay(LearningRateSchedule):
    r"""The rate drops at regular intervals.

    `initial_learning_rate * drop ** floor((step + offset) / period)`

    The article drops by half every 10 epochs: `drop=0.5, period=10` at `unit: epoch`. A widely copied
    version of it has `floor((1 + epoch) / 10)`, whose first drop is one epoch early: `offset=1`.

    Args:
        initial_learning_rate: the rate at step 0 (for `offset < period`), above 0.
        drop: the factor of one drop, above 0.
        period: steps between two drops, above 0. The rate drops at the step that completes a period.
        offset: steps by which every drop comes early, at least 0.

    Raises:
        ValueError: if an argument is not a number in its range.
    """

    def __init__(self, initial_learning_rate: float, drop: float, period: float, offset: float = 0) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.drop = _check("drop", drop, above=0)
        self.period = _check("period", period, above=0)
        self.offset = _check("offset", offset, least=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        drops = ops.floor((_float(step) + self.offset) / self.period)
        return self.initial_learning_rate * ops.power(_float(self.drop), drops)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "drop": self.drop,
            "period": self.period,
            "offset": self.offset,
        }


@_register
class NaturalExponentialDecay(LearningRateSchedule):
    r"""The rate falls exponentially: `initial_learning_rate * exp(-decay_rate * step)`.

    The article's "exponential decay" (0.1, 0.1, at `unit: epoch`). Keras's `ExponentialDecay` is the same
    curve written `initial_learning_rate * decay_rate ** (step / decay_steps)`.

    Args:
        initial_learning_rate: the rate at step 0, above 0.
        decay_rate: how fast it falls, per step, at least 0.

    Raises:
        ValueError: if an argument is not a number in its range.
    """

    def __init__(self, initial_learning_rate: float, decay_rate: float) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.decay_rate = _check("decay_rate", decay_rate, least=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        return self.initial_learning_rate * ops.exp(-self.decay_rate * _float(step))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"initial_learning_rate": self.initial_learning_rate, "decay_rate": self.decay_rate}


@_register
class AtWholeEpochs(LearningRateSchedule):
    r"""Another schedule, counting whole epochs: `schedule(floor(step / steps_per_epoch))`, epochs from 0.

    What `unit: epoch` in a run's YAML means, and what Keras's `LearningRateScheduler` callback did: the
    rate stays as it is during an epoch.

    Args:
        schedule: any `LearningRateSchedule`, Keras's included.
        steps_per_epoch: updates an epoch, a whole number of at least 1.

    Raises:
        ValueError: if `schedule` is none, or `steps_per_epoch` is not such a number.
    """

    def __init__(self, schedule: LearningRateSchedule, steps_per_epoch: int) -> None:
        if not isinstance(schedule, LearningRateSchedule):
            raise ValueError(  # noqa: TRY004  Keras raises ValueError for its arguments
                f"Argument `schedule` must be a LearningRateSchedule. Received: schedule={schedule!r}"
            )
        if type(steps_per_epoch) is not int or steps_per_epoch < 1:
            raise ValueError(
                "Argument `steps_per_epoch` must be a whole number of at least 1. "
                f"Received: steps_per_epoch={steps_per_epoch!r}"
            )
        self.schedule = schedule
        self.steps_per_epoch = steps_per_epoch

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        return self.schedule(ops.cast(step, "int64") // self.steps_per_epoch)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, the schedule as Keras serialises it."""
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "steps_per_epoch": self.steps_per_epoch,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "AtWholeEpochs":
        """Build from what `get_config` returned."""
        schedule = keras.saving.deserialize_keras_object(config["schedule"])
        return cls(schedule, config["steps_per_epoch"])


SCHEDULES: tuple[type[LearningRateSchedule], ...] = (
    TimeBasedDecay,
    StepDecay,
    NaturalExponentialDecay,
    AtWholeEpochs,
)
