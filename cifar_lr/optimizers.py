"""A run's optimizer, built from its configuration, with Keras 2's update rules where a run asks for them.

Keras 3 changed two of the rules behind the article: its Adagrad starts the accumulator at 0.1, and its
Adagrad and RMSprop add epsilon inside the square root. `Keras2Adagrad` and `Keras2RMSprop` keep the old
rules. SGD, Adadelta and Adam are the same in both, given the same arguments.
"""

import inspect
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

from cifar_lr.config import ConfigError, Optimizer, Schedule, nearest
from cifar_lr.schedules import SCHEDULES, AtWholeEpochs

_register = keras.saving.register_keras_serializable(package="cifar_lr")


@_register
class Keras2Adagrad(keras.optimizers.Optimizer):
    """Adagrad as Keras 2 computed it: `a += g**2; p -= learning_rate * g / (sqrt(a) + epsilon)`, a from 0.

    Args:
        learning_rate: a rate or a schedule; Keras 2's default was 0.01.
        epsilon: added outside the square root.
        **kwargs: what every Keras optimizer takes.

    Reference: Duchi, Hazan, Singer (2011); Keras 2.0's `optimizers.py`.
    """

    def __init__(self, learning_rate: Any = 0.01, epsilon: float = 1e-8, **kwargs: Any) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.epsilon = epsilon

    def build(self, variables: Any) -> None:
        """Create an accumulator of zeros for each variable."""
        if not self.built:
            super().build(variables)
            self._accumulators = self.add_optimizer_variables(variables, "accumulator")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        gradient = ops.cast(gradient, variable.dtype)
        accumulator = self._accumulators[self._get_variable_index(variable)]
        self.assign_add(accumulator, ops.square(gradient))
        step = ops.cast(learning_rate, variable.dtype) * gradient
        self.assign_sub(variable, step / (ops.sqrt(accumulator) + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "epsilon": self.epsilon}


@_register
class Keras2RMSprop(keras.optimizers.Optimizer):
    """RMSprop as Keras 2 computed it.

    `a = rho * a + (1 - rho) * g**2; p -= learning_rate * g / (sqrt(a) + epsilon)`, a from 0.

    Args:
        learning_rate: a rate or a schedule.
        rho: how much of the moving mean of squared gradients is kept, per update.
        epsilon: added outside the square root.
        **kwargs: what every Keras optimizer takes.

    Reference: Hinton's lecture 6e (2012); Keras 2.0's `optimizers.py`.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, epsilon: float = 1e-8, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def build(self, variables: Any) -> None:
        """Create a moving mean of zeros for each variable."""
        if not self.built:
            super().build(variables)
            self._means = self.add_optimizer_variables(variables, "mean_square")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        gradient = ops.cast(gradient, variable.dtype)
        mean = self._means[self._get_variable_index(variable)]
        self.assign(mean, self.rho * mean + (1 - self.rho) * ops.square(gradient))
        step = ops.cast(learning_rate, variable.dtype) * gradient
        self.assign_sub(variable, step / (ops.sqrt(mean) + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}


def _concrete(module: Any, base: type, without: set[str]) -> dict[str, type]:
    members = inspect.getmembers(module, inspect.isclass)
    return {name: cls for name, cls in members if issubclass(cls, base) and name not in without}


OPTIMIZERS: dict[str, type] = {
    # A wrapper around another optimizer is no optimizer that a configuration can name.
    **_concrete(
        keras.optimizers,
        keras.optimizers.Optimizer,
        {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"},
    ),
    **{cls.__name__: cls for cls in (Keras2Adagrad, Keras2RMSprop)},
}
SCHEDULES_BY_NAME: dict[str, type] = {
    **_concrete(keras.optimizers.schedules, LearningRateSchedule, {"LearningRateSchedule"}),
    **{cls.__name__: cls for cls in SCHEDULES if cls is not AtWholeEpochs},
}


# What Keras does not check itself.
FRACTIONS = {"momentum", "rho", "beta_1", "beta_2", "ema_momentum"}
AT_LEAST_ZERO = {
    *("epsilon", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "initial_accumulator_value"),
    *("decay_rate", "decay_steps", "end_learning_rate", "power", "alpha", "warmup_steps", "warmup_target"),
    *("first_decay_steps", "t_mul", "m_mul"),
}
FLAGS = {"staircase", "cycle", "nesterov", "amsgrad", "centered"}


def build(settings: Optimizer, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Build the optimizer that a configuration describes, its schedule included.

    Args:
        settings: the `optimizer` of a run's configuration.
        steps_per_epoch: updates an epoch, for schedules that count epochs.

    Raises:
        ConfigError: if Keras and this package know no such optimizer, schedule or argument, or refuse a
            value. The message begins with the key.
    """
    cls = _look_up(settings.class_name, OPTIMIZERS, "optimizer.class_name", "optimizer")
    arguments = _arguments(dict(settings.config), "optimizer.config", steps_per_epoch)
    return construct(cls, arguments, "optimizer.config")


def build_schedule(
    settings: Schedule, steps_per_epoch: int, where: str = "learning_rate"
) -> LearningRateSchedule:
    """Build the schedule that a configuration describes.

    Args:
        settings: a `learning_rate` of a run's configuration, or a schedule within another.
        steps_per_epoch: updates an epoch, for schedules that count epochs.
        where: the key of `settings` in the configuration, for messages.

    Raises:
        ConfigError: if Keras, this package and the caller's registered classes know no such schedule or
            argument, or it refuses a value. The message begins with the key.
    """
    known = {**SCHEDULES_BY_NAME, **_registered(LearningRateSchedule)}
    cls = _look_up(settings.class_name, known, f"{where}.class_name", "schedule")
    # What counts epochs hands epochs to the schedules within it.
    inner = 0 if settings.unit == "epoch" else steps_per_epoch
    if settings.unit == "epoch" and not steps_per_epoch:
        raise ConfigError(f"{where}.unit: the schedule around this one counts epochs already; leave it out")
    arguments = _arguments(dict(settings.config), f"{where}.config", inner)
    schedule = construct(cls, arguments, f"{where}.config")
    return AtWholeEpochs(schedule, steps_per_epoch) if settings.unit == "epoch" else schedule


def _registered(base: type) -> dict[str, type]:
    """Return the classes that the calling program has registered with Keras, by their registered names."""
    registered = keras.saving.get_custom_objects().items()
    return {
        name: cls
        for name, cls in registered
        if inspect.isclass(cls) and issubclass(cls, base) and not name.startswith("cifar_lr>")
    }


def _arguments(values: Mapping[str, Any], where: str, steps_per_epoch: int) -> dict[str, Any]:
    """Return a configuration's values as Keras's arguments; what was left out is left to Keras."""
    return {
        name: _argument(value, f"{where}.{name}", steps_per_epoch)
        for name, value in values.items()
        if value is not None
    }


def _argument(value: Any, where: str, steps_per_epoch: int) -> Any:
    if isinstance(value, Schedule):
        return build_schedule(value, steps_per_epoch, where)
    if isinstance(value, tuple):
        return [_argument(item, f"{where}.{n}", steps_per_epoch) for n, item in enumerate(value)]
    return value


def _look_up(name: str, known: Mapping[str, type], where: str, what: str) -> type:
    if name not in known:
        raise ConfigError(f"{where}: unknown {what} {name!r}{nearest(name, known)}")
    return known[name]


def construct(cls: type, arguments: Mapping[str, Any], where: str) -> Any:
    """Build one of Keras's objects from checked arguments.

    Raises:
        ConfigError: if the class has no such argument, lacks one, or refuses a value.
    """
    known = _parameters(cls)
    for name in arguments:
        if name not in known:
            raise ConfigError(f"{where}.{name}: {cls.__name__} takes no such argument{nearest(name, known)}")
    arguments = {name: _checked(name, value, f"{where}.{name}") for name, value in arguments.items()}
    missing = [name for name, default in known.items() if default is inspect.Parameter.empty]
    for name in missing:
        if name not in arguments:
            raise ConfigError(f"{where}.{name}: is missing; {cls.__name__} needs it")
    try:
        return cls(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {' '.join(str(error).split())}") from None


def _checked(name: str, value: Any, where: str) -> Any:
    """Return an argument if it is what its name asks for, the same in every class of Keras's and ours."""
    number = type(value) in {int, float}
    numbers = isinstance(value, list) and bool(value) and all(type(item) in {int, float} for item in value)
    fits = True
    if name in FRACTIONS:
        fits, wanted = number and 0 <= value <= 1, "a number from 0 to 1"
    elif name in AT_LEAST_ZERO:
        fits, wanted = number and value >= 0, "a number of at least 0"
    elif name in FLAGS:
        fits, wanted = isinstance(value, bool), "true or false"
    elif name == "boundaries":
        rising = numbers and all(earlier < later for earlier, later in pairwise([0, *value]))
        fits, wanted = rising, "a list of ascending numbers, the first above 0"
    elif name == "values":
        fits, wanted = numbers and min(value) >= 0, "a list of numbers of at least 0"
    if not fits:
        raise ConfigError(f"{where}: must be {wanted}. Received: {value!r}")
    # Keras takes the type of all values from the first.
    return [float(item) for item in value] if name == "values" else value


def _parameters(cls: type) -> dict[str, Any]:
    """Return a class's arguments and their defaults, with what every optimizer takes behind `**kwargs`."""
    own = inspect.signature(cls).parameters
    inherited = {}
    if any(p.kind is p.VAR_KEYWORD for p in own.values()) and issubclass(cls, keras.optimizers.Optimizer):
        inherited = dict(inspect.signature(keras.optimizers.Optimizer).parameters)
    variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return {p.name: p.default for p in {**inherited, **own}.values() if p.kind not in variadic}
