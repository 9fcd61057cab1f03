"""What a counterpart's two sides give: theirs from rates.json, or from Keras itself, and ours."""

import json
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from cifar_lr.catalogue import Counterpart

RATES = Path(__file__).with_name("rates.json")


def case(counterpart: Counterpart) -> dict[str, object]:
    """Return what decides the rates of theirs, as rates.json has it."""
    names = ("library", "call", "arguments", "initial_learning_rate", "steps", "metrics")
    return {name: getattr(counterpart, name) for name in names if getattr(counterpart, name)}


def key(case: dict[str, object]) -> str:
    """Return a case as one text, the same before and after it was JSON."""
    return json.dumps(json.loads(json.dumps(case)), sort_keys=True)


@cache
def golden() -> dict[str, list[float]]:
    """Return the rates of every case in rates.json."""
    cases = json.loads(RATES.read_text(encoding="utf-8"))["cases"]
    return {key({name: case[name] for name in case if name != "rates"}): case["rates"] for case in cases}


@cache
def versions() -> dict[str, str]:
    """Return the versions of the libraries that rates.json is from."""
    return dict(json.loads(RATES.read_text(encoding="utf-8"))["versions"])


def theirs(counterpart: Counterpart) -> np.ndarray:
    """Return the rates of theirs, in double precision.

    Raises:
        LookupError: if rates.json is from another catalogue.
    """
    if counterpart.library == "keras":
        from keras.optimizers import schedules

        return rates(
            in_double(getattr(schedules, counterpart.call)(**counterpart.arguments)), counterpart.steps
        )
    try:
        return np.array(golden()[key(case(counterpart))])
    except KeyError:
        raise LookupError(
            f"tests/golden/rates.json has no rates of {counterpart.library}'s {counterpart.call} with these "
            "arguments: the catalogue has changed. Make them again: `make golden`"
        ) from None


def ours(counterpart: Counterpart, *, double: bool) -> np.ndarray:
    """Return our rates; in double precision, Keras's own schedules among them are computed so too."""
    import keras

    if counterpart.metrics:
        return plateau(counterpart)
    before = keras.config.floatx()
    keras.config.set_floatx("float64" if double else "float32")
    try:
        schedule = built(counterpart.settings)
        return rates(in_double(schedule) if double else schedule, counterpart.steps)
    finally:
        keras.config.set_floatx(before)


def built(settings, steps_per_epoch=157):
    """Build a schedule as a run does, from what its YAML says."""
    from cifar_lr.config import Schedule
    from cifar_lr.optimizers import build_schedule

    return build_schedule(Schedule.model_validate_json(json.dumps(settings)), steps_per_epoch)


def rates(schedule, steps) -> np.ndarray:
    """Return a schedule's rates at some steps, or at so many from 0 on; one at a time where it must be."""
    import keras

    steps = np.arange(steps) if isinstance(steps, int) else np.asarray(steps)
    at = [schedule(steps)] if takes_arrays(schedule) else [schedule(step) for step in steps.ravel()]
    values = np.array([keras.ops.convert_to_numpy(value) for value in at], dtype=np.float64)
    return values.reshape(steps.shape)


def takes_arrays(schedule) -> bool:
    """Return whether a schedule takes an array of steps: Keras's warm-up asks `cond`, which wants one step."""
    return not any(getattr(one, "warmup_target", None) is not None for one in within(schedule))


def within(schedule) -> Iterator:
    """Yield a schedule and all schedules within it."""
    from keras.optimizers.schedules import LearningRateSchedule

    if isinstance(schedule, list | tuple):
        for item in schedule:
            yield from within(item)
    elif isinstance(schedule, LearningRateSchedule):
        yield schedule
        yield from within(list(vars(schedule).values()))


def is_keras_s(schedule) -> bool:
    """Return whether a schedule's class is one of Keras's own."""
    return type(schedule).__module__.startswith("keras.")


def in_double(schedule):
    """Have Keras's own schedules compute in double precision: they do in the type of their arguments."""
    for one in filter(is_keras_s, within(schedule)):
        for name, value in vars(one).items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                setattr(one, name, np.float64(value))
            elif name == "values":
                one.values = [np.float64(item) for item in value]
    return schedule


def plateau(counterpart: Counterpart) -> np.ndarray:
    """Return the rate of each epoch under Keras's ReduceLROnPlateau, which sees the metric after it."""
    import keras

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(counterpart.initial_learning_rate))
    callback = keras.callbacks.ReduceLROnPlateau(**counterpart.settings["config"], mode="min")
    callback.set_model(model)
    callback.on_train_begin()
    applied = []
    with warnings.catch_warnings():
        # Keras has NumPy copy a variable in a way that NumPy 2 wants otherwise.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        for epoch, metric in enumerate(counterpart.metrics):
            applied.append(float(model.optimizer.learning_rate))
            callback.on_epoch_end(epoch, {callback.monitor: metric})
    return np.array(applied)
