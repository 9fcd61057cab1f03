"""Learning-rate schedules: pure functions of the number of updates made so far, in Keras's dialect.

Steps count from 0, so the first update applies the rate of step 0. A schedule takes one step or an array
of steps of any shape and returns as many rates, in Keras's float type. A step need not be whole. Under
`unit: epoch` every count of steps is a count of whole epochs, from 0.

Here is what Keras lacks, has with other arguments, or computes with fewer digits in float32: `passed` and
`left` of a length are each computed to full precision, so that a rate near its end keeps its digits, where
Keras's own cosine and polynomial lose theirs. Curves come first, then what joins and changes other
schedules, then what is made by joining.
"""

import inspect
import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

_register = keras.saving.register_keras_serializable(package="cifar_lr")

LARGEST = sys.float_info.max
LAST_STEP = 2**31  # cycles and epochs are counted up to here
SLOWEST_GROWTH = 1.01


def _check(
    name: str, value: float, *, above: float = -math.inf, least: float = -math.inf, most: float = math.inf
) -> float:
    """Return a schedule's argument if it is a number in its range, else raise as Keras does."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
    if number and value > above and least <= value <= most:
        return value
    bounds = [
        *([f"greater than {above:g}"] if above > -math.inf else []),
        *([f"of at least {least:g}"] if least > -math.inf else []),
        *([f"at most {most:g}"] if most < math.inf else []),
    ]
    range_ = " " + " and ".join(bounds) if bounds else ""
    raise ValueError(f"Argument `{name}` must be a finite number{range_}. Received: {name}={value!r}")


def _check_schedule(name: str, value: Any) -> LearningRateSchedule:
    if not isinstance(value, LearningRateSchedule):
        raise ValueError(  # noqa: TRY004  Keras raises ValueError for its arguments
            f"Argument `{name}` must be a LearningRateSchedule. Received: {name}={value!r}"
        )
    return value


def _check_flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(  # noqa: TRY004  Keras raises ValueError for its arguments
            f"Argument `{name}` must be true or false. Received: {name}={value!r}"
        )
    return value


def _check_boundaries(value: Any) -> list[float]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(
            f"Argument `boundaries` must be a list of steps, at least one. Received: boundaries={value!r}"
        )
    for boundary in value:
        try:
            _check("boundaries", boundary, above=0)
        except ValueError:
            raise ValueError(
                "Argument `boundaries` must be a list of finite numbers greater than 0. "
                f"Received: boundaries={value!r}"
            ) from None
    if any(later <= earlier for earlier, later in pairwise(value)):
        raise ValueError(f"Argument `boundaries` must be ascending. Received: boundaries={value!r}")
    return list(value)


def _float(value: Any) -> Any:
    floatx = keras.config.floatx()
    # Casting alone takes Python's numbers through float32, even to float64.
    is_plain = isinstance(value, int | float | list)
    return ops.convert_to_tensor(value, floatx) if is_plain else ops.cast(value, floatx)


def _rate(schedule: LearningRateSchedule, step: Any) -> Any:
    # Keras's own schedules compute in the type of their first rate, which is float32 even if floatx is not.
    return _float(schedule(step))


def _fractions(step: Any, steps: float) -> tuple[Any, Any]:
    """Return how much of a length has passed and how much is left, each from 0 to 1 and to full precision."""
    passed = ops.clip(_float(step), 0, steps)
    return passed / steps, (steps - passed) / steps


def _periods(step: Any, period: float) -> tuple[Any, Any]:
    """Return how many whole periods have passed, and how many steps of the next.

    In double precision, and not by `floor(step / period)`: TensorFlow compiles a division by a constant into
    a product with its reciprocal, by which step 41 is still in the first period of 41.
    """
    step = ops.cast(step, "float64")
    period = ops.convert_to_tensor(period, "float64")  # a cast would take it through float32
    whole = ops.floor_divide(step, period)
    return _float(whole), _float(step - whole * period)


def _boundaries_passed(step: Any, boundaries: Sequence[float]) -> Any:
    """Return how many of some boundaries each step has reached, as floats of the steps' shape."""
    reached = ops.expand_dims(_float(step), -1) >= _float(list(boundaries))
    return ops.sum(_float(reached), axis=-1)


def _serialized(value: Any) -> Any:
    if isinstance(value, list):
        return [_serialized(item) for item in value]
    is_schedule = isinstance(value, LearningRateSchedule)
    return keras.saving.serialize_keras_object(value) if is_schedule else value


def _deserialized(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_deserialized(item) for item in value]
    return keras.saving.deserialize_keras_object(value) if isinstance(value, dict) else value


class _Schedule(LearningRateSchedule):
    """What ours share: every argument is an attribute of its name, and these are the configuration."""

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, schedules among them as Keras serialises them."""
        return {name: _serialized(getattr(self, name)) for name in inspect.signature(type(self)).parameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "_Schedule":
        """Build from what `get_config` returned."""
        return cls(**{name: _deserialized(value) for name, value in config.items()})


# Curves


@_register
class Constant(_Schedule):
    """One rate for ever: what a plain `learning_rate` means, as a piece to join.

    Args:
        initial_learning_rate: the rate, at least 0.

    Raises:
        ValueError: if it is not such a number.
    """

    def __init__(self, initial_learning_rate: float) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, least=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        return ops.zeros_like(_float(step)) + self.initial_learning_rate


class _Ramp(_Schedule):
    """From one rate to another in so many steps; which way is the subclass's affair."""

    def __init__(self, start_learning_rate: float, end_learning_rate: float, ramp_steps: float) -> None:
        self.start_learning_rate = _check("start_learning_rate", start_learning_rate, least=0)
        self.end_learning_rate = _check("end_learning_rate", end_learning_rate, least=0)
        self.ramp_steps = _check("ramp_steps", ramp_steps, above=0)


@_register
class LinearRamp(_Ramp):
    """From one rate to another in a straight line, up or down, then level.

    `start * left + end * passed`, with `passed = min(step / ramp_steps, 1)` and `left = 1 - passed`.

    Keras's `PolynomialDecay(power=1)` is the same line.

    Args:
        start_learning_rate: the rate at step 0, at least 0.
        end_learning_rate: the rate from `ramp_steps` on, at least 0.
        ramp_steps: the line's length in steps, above 0.

    Raises:
        ValueError: if an argument is not a number in its range.
    """

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        passed, left = _fractions(step, self.ramp_steps)
        return self.start_learning_rate * left + self.end_learning_rate * passed


@_register
class CosineRamp(_Ramp):
    """From one rate to another along half a cosine wave, up or down, then level.

    `end + (start - end) * (1 + cos(pi * passed)) / 2`, with `passed = min(step / ramp_steps, 1)`.

    Keras's `CosineDecay` is the same wave.

    Args:
        start_learning_rate: the rate at step 0, at least 0.
        end_learning_rate: the rate from `ramp_steps` on, at least 0.
        ramp_steps: the wave's length in steps, above 0.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: Loshchilov and Hutter, SGDR (2017), without its restarts.
    """

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        passed, left = _fractions(step, self.ramp_steps)
        rise = ops.square(ops.sin(math.pi / 2 * passed))
        fall = ops.square(ops.sin(math.pi / 2 * left))
        return self.start_learning_rate * fall + self.end_learning_rate * rise


@_register
class TimeBasedDecay(_Schedule):
    """The rate falls as one over time: `initial_learning_rate / (1 + decay * step)`.

    What Keras 2's optimizers did with their `decay` argument. It counted updates: with 157 updates an
    epoch, 0.1 and `decay=0.001` are down to 0.006 after 100 epochs. Keras's `InverseTimeDecay` with
    `decay_steps=1` is the same curve.

    Args:
        initial_learning_rate: the rate at step 0, above 0.
        decay: how fast it falls, per step, at least 0.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: Keras 2.0's `optimizers.py`.
    """

    def __init__(self, initial_learning_rate: float, decay: float) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.decay = _check("decay", decay, least=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        return self.initial_learning_rate / (1 + self.decay * _float(step))


@_register
class StepDecay(_Schedule):
    """The rate drops at regular intervals.

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
        drops, _ = _periods(_float(step) + self.offset, self.period)
        return self.initial_learning_rate * ops.power(_float(self.drop), drops)


@_register
class MultiStepDecay(_Schedule):
    """The rate drops by the same factor at each of some steps.

    `initial_learning_rate * drop ** (number of boundaries <= step)`

    The step that is a boundary has the lower rate already, as in torch and optax. Keras's
    `PiecewiseConstantDecay` drops one step later, timm's `MultiStepLRScheduler` one step earlier.

    Args:
        initial_learning_rate: the rate at step 0, above 0.
        boundaries: the steps at which it drops, ascending, above 0.
        drop: the factor of one drop, above 0.

    Raises:
        ValueError: if an argument is not a number in its range, or boundaries are out of order.
    """

    def __init__(self, initial_learning_rate: float, boundaries: Sequence[float], drop: float) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.boundaries = _check_boundaries(boundaries)
        self.drop = _check("drop", drop, above=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        drops = _boundaries_passed(step, self.boundaries)
        return self.initial_learning_rate * ops.power(_float(self.drop), drops)


@_register
class LinearStaircaseDecay(_Schedule):
    """The rate goes down stairs of equal height, to a floor.

    `max(initial_learning_rate - drop * floor(step / period), end_learning_rate)`

    Args:
        initial_learning_rate: the rate at step 0, above 0.
        drop: the height of a stair, a rate, at least 0.
        period: steps between two stairs, above 0. The rate drops at the step that completes a period.
        end_learning_rate: the floor, from 0 to `initial_learning_rate`.

    Raises:
        ValueError: if an argument is not a number in its range.
    """

    def __init__(
        self, initial_learning_rate: float, drop: float, period: float = 1, end_learning_rate: float = 0
    ) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.drop = _check("drop", drop, least=0)
        self.period = _check("period", period, above=0)
        self.end_learning_rate = _check(
            "end_learning_rate", end_learning_rate, least=0, most=initial_learning_rate
        )

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        stairs, _ = _periods(step, self.period)
        return ops.maximum(self.initial_learning_rate - self.drop * stairs, self.end_learning_rate)


@_register
class AnnealingDecay(_Schedule):
    """The rate goes down stairs that are low at first and then higher and higher.

    `end + (initial - end) * (1 - (stair / stairs) ** power)`, with `stair = floor(step / period)`, up to
    `stairs = decay_steps / period`.

    Args:
        initial_learning_rate: the rate at step 0, above 0.
        decay_steps: when the last stair has been taken, in steps, above 0.
        period: steps between two stairs, above 0, at most `decay_steps`.
        power: how much later stairs are higher than earlier ones, above 0; 1 makes them equal.
        end_learning_rate: the rate from `decay_steps` on, from 0 to `initial_learning_rate`.

    Raises:
        ValueError: if an argument is not a number in its range.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        period: float = 1,
        power: float = 2,
        end_learning_rate: float = 0,
    ) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.decay_steps = _check("decay_steps", decay_steps, above=0)
        self.period = _check("period", period, above=0, most=decay_steps)
        self.power = _check("power", power, above=0)
        self.end_learning_rate = _check(
            "end_learning_rate", end_learning_rate, least=0, most=initial_learning_rate
        )

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        stair, _ = _periods(step, self.period)
        passed, left = _fractions(stair * self.period, self.decay_steps)
        fallen = ops.power(passed, self.power)
        standing = -ops.expm1(self.power * ops.log1p(-left))  # 1 - fallen, to full precision
        return self.initial_learning_rate * standing + self.end_learning_rate * fallen


@_register
class NaturalExponentialDecay(_Schedule):
    """The rate falls exponentially: `initial_learning_rate * exp(-decay_rate * step)`.

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


@_register
class InverseSquareRootDecay(_Schedule):
    """The rate falls as one over the square root of time.

    `k * initial_learning_rate / sqrt(1 + step / timescale)`

    With `timescale=1`, steps are counted from 1 under the root: `a0 k / sqrt(m)` for mini-batch m, or
    `a0 k / sqrt(e)` for epoch e with `unit: epoch`, m and e from 1. Only the product of `k` and
    `initial_learning_rate` matters, and it is the first step's rate. Behind a warm-up of `timescale` steps it
    is transformers' inverse square root.

    Args:
        initial_learning_rate: the rate at step 0, for `k=1`; above 0.
        timescale: the fall to 1 / sqrt(2) takes so many steps, above 0.
        k: a factor, above 0.

    Raises:
        ValueError: if an argument is not a number in its range.
    """

    def __init__(self, initial_learning_rate: float, timescale: float = 1, k: float = 1) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.timescale = _check("timescale", timescale, above=0)
        self.k = _check("k", k, above=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        return self.k * self.initial_learning_rate * ops.rsqrt(1 + _float(step) / self.timescale)


@_register
class NoamDecay(_Schedule):
    """The Transformer's: a linear rise, then one over the square root of time.

    `factor * model_size ** -0.5 * min(t ** -0.5, t * warm_up_steps ** -1.5)`, with `t = step + 1`.

    Args:
        model_size: the width of the network's layers (d_model), above 0.
        warm_up_steps: steps of the rise, above 0; the highest rate is at step `warm_up_steps - 1`.
        factor: a factor, above 0.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: Vaswani et al., Attention Is All You Need (2017), equation 3.
    """

    def __init__(self, model_size: float, warm_up_steps: float, factor: float = 1) -> None:
        self.model_size = _check("model_size", model_size, above=0)
        self.warm_up_steps = _check("warm_up_steps", warm_up_steps, above=0)
        self.factor = _check("factor", factor, above=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        t = _float(step) + 1
        scale = self.factor * self.model_size**-0.5
        return scale * ops.minimum(ops.rsqrt(t), t * self.warm_up_steps**-1.5)


@_register
class OneMinusSquareRootDecay(_Schedule):
    """The rate falls steeply at first: `end + (initial - end) * (1 - sqrt(passed))`.

    `passed = min(step / decay_steps, 1)`. The cool-down of warmup-stable-decay.

    Args:
        initial_learning_rate: the rate at step 0, above 0.
        decay_steps: the fall's length in steps, above 0.
        end_learning_rate: the rate from `decay_steps` on, at least 0.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: Haegele et al., Scaling Laws and Compute-Optimal Training Beyond Fixed Durations (2024).
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, end_learning_rate: float = 0
    ) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.decay_steps = _check("decay_steps", decay_steps, above=0)
        self.end_learning_rate = _check("end_learning_rate", end_learning_rate, least=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        passed, left = _fractions(step, self.decay_steps)
        root = ops.sqrt(passed)
        return self.initial_learning_rate * left / (1 + root) + self.end_learning_rate * root


@_register
class TanhDecay(_Schedule):
    """The rate falls along a hyperbolic tangent: level, steep, level.

    `end + (initial - end) / 2 * (1 - tanh(lower * (1 - passed) + upper * passed))`,
    `passed = min(step / decay_steps, 1)`. It begins a little below `initial_learning_rate` and ends a little
    above `end_learning_rate`: by 8e-7 and 0.25% of their difference with the default bounds. (timm jumps to
    `end_learning_rate` where the fall is over.)

    Args:
        initial_learning_rate: the rate near step 0, above 0.
        decay_steps: the fall's length in steps, above 0.
        lower: where on the tangent it begins.
        upper: where on the tangent it ends, above `lower`.
        end_learning_rate: what it falls to, at least 0.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: Hsueh, Li and Wu, Stochastic Gradient Descent with Hyperbolic-Tangent Decay (2019).
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        lower: float = -7,
        upper: float = 3,
        end_learning_rate: float = 0,
    ) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.decay_steps = _check("decay_steps", decay_steps, above=0)
        self.lower = _check("lower", lower)
        self.upper = _check("upper", upper, above=lower)
        self.end_learning_rate = _check("end_learning_rate", end_learning_rate, least=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        passed, left = _fractions(step, self.decay_steps)
        place = self.lower * left + self.upper * passed
        high, low = ops.sigmoid(-2 * place), ops.sigmoid(2 * place)
        return self.initial_learning_rate * high + self.end_learning_rate * low


@_register
class RexDecay(_Schedule):
    """The rate falls slowly, then ever faster: `initial_learning_rate * left / (1 / 2 + left / 2)`.

    `left = 1 - min(step / decay_steps, 1)`; it ends at 0.

    Args:
        initial_learning_rate: the rate at step 0, above 0.
        decay_steps: the fall's length in steps, above 0.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: Chen, Wolfe and Kyrillidis, REX: Revisiting Budgeted Training with an Improved Schedule (2022).
    """

    def __init__(self, initial_learning_rate: float, decay_steps: float) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.decay_steps = _check("decay_steps", decay_steps, above=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        _, left = _fractions(step, self.decay_steps)
        return self.initial_learning_rate * left / (0.5 + left / 2)


class _Cyclical(_Schedule):
    """The rate goes up and down in straight lines; what becomes of the peaks is the subclass's affair."""

    def __init__(
        self,
        initial_learning_rate: float,
        maximal_learning_rate: float,
        step_size: float,
        step_size_down: float | None = None,
    ) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.maximal_learning_rate = _check(
            "maximal_learning_rate", maximal_learning_rate, least=initial_learning_rate
        )
        self.step_size = _check("step_size", step_size, above=0)
        self.step_size_down = (
            None if step_size_down is None else _check("step_size_down", step_size_down, above=0)
        )

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        step = _float(step)
        up = self.step_size
        down = up if self.step_size_down is None else self.step_size_down
        cycle, place = _periods(step, up + down)
        height = ops.clip(ops.where(place <= up, place / up, (up + down - place) / down), 0, 1)
        span = self.maximal_learning_rate - self.initial_learning_rate
        return self.initial_learning_rate + span * height * self._peak(step, cycle)

    def _peak(self, step: Any, cycle: Any) -> Any:
        """Return how high a cycle, counted from 0, reaches: a factor."""
        raise NotImplementedError


@_register
class Triangular(_Cyclical):
    """The rate goes up and down for ever between two bounds.

    `initial + (maximal - initial) * height`, where `height` rises from 0 to 1 in `step_size` steps and falls
    to 0 in `step_size_down`.

    Args:
        initial_learning_rate: the lower bound, and the rate at step 0; above 0.
        maximal_learning_rate: the upper bound, at least the lower.
        step_size: steps of the rise, half a cycle; above 0.
        step_size_down: steps of the fall, above 0; left out: as many as the rise.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: Smith, Cyclical Learning Rates for Training Neural Networks (2017).
    """

    def _peak(self, step: Any, cycle: Any) -> Any:  # noqa: ARG002  each kind needs another
        return 1.0


@_register
class Triangular2(_Cyclical):
    """As `Triangular`, the span halved with every cycle: `height / 2 ** cycle`, cycles from 0.

    Args:
        initial_learning_rate: the lower bound, and the rate at step 0; above 0.
        maximal_learning_rate: the upper bound of the first cycle, at least the lower.
        step_size: steps of the rise, half a cycle; above 0.
        step_size_down: steps of the fall, above 0; left out: as many as the rise.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: Smith, Cyclical Learning Rates for Training Neural Networks (2017).
    """

    def _peak(self, step: Any, cycle: Any) -> Any:  # noqa: ARG002
        return ops.power(_float(0.5), cycle)


@_register
class ExpRange(_Cyclical):
    """As `Triangular`, the span shrinking with every step: `height * gamma ** step`.

    Args:
        initial_learning_rate: the lower bound, and the rate at step 0; above 0.
        maximal_learning_rate: the upper bound, at least the lower.
        step_size: steps of the rise, half a cycle; above 0.
        gamma: the factor of one step, above 0, at most 1.
        step_size_down: steps of the fall, above 0; left out: as many as the rise.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: Smith, Cyclical Learning Rates for Training Neural Networks (2017).
    """

    def __init__(
        self,
        initial_learning_rate: float,
        maximal_learning_rate: float,
        step_size: float,
        gamma: float,
        step_size_down: float | None = None,
    ) -> None:
        super().__init__(initial_learning_rate, maximal_learning_rate, step_size, step_size_down)
        self.gamma = _check("gamma", gamma, above=0, most=1)

    def _peak(self, step: Any, cycle: Any) -> Any:  # noqa: ARG002
        # A power of gamma rounded to float32 would be off by 4e-4 after 15,700 steps.
        return ops.exp(math.log(self.gamma) * step)


# Joining and changing schedules


@_register
class Join(_Schedule):
    """Schedules one after the other, each on a clock of its own that starts at 0 when its turn comes.

    `schedules[i](step - boundaries[i - 1])` from step `boundaries[i - 1]` on, and until `boundaries[i]`.

    Args:
        schedules: two or more, Keras's included.
        boundaries: the step at which each but the first begins, ascending, above 0.

    Raises:
        ValueError: if there are not as many boundaries as joints, they are out of order, or something is no
            schedule.

    Example:
        Down in a straight line, then level: `Join([LinearRamp(0.1, 0.01, 500), Constant(0.01)], [500])`.
    """

    def __init__(self, schedules: Sequence[LearningRateSchedule], boundaries: Sequence[float]) -> None:
        if not isinstance(schedules, list | tuple) or len(schedules) < 2:  # noqa: PLR2004
            raise ValueError(
                f"Argument `schedules` must be a list of two or more. Received: schedules={schedules!r}"
            )
        self.schedules = [_check_schedule("schedules", schedule) for schedule in schedules]
        self.boundaries = _check_boundaries(boundaries)
        if len(self.boundaries) != len(self.schedules) - 1:
            raise ValueError(
                f"Argument `boundaries` must have one step fewer than the {len(self.schedules)} schedules. "
                f"Received: boundaries={boundaries!r}"
            )

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        step = _float(step)
        rate = _rate(self.schedules[0], step)
        for boundary, schedule in zip(self.boundaries, self.schedules[1:], strict=True):
            rate = ops.where(step < boundary, rate, _rate(schedule, ops.maximum(step - boundary, 0)))
        return rate


@_register
class Delay(_Schedule):
    """A schedule's first rate for some steps, then the schedule: `schedule(max(step - delay_steps, 0))`.

    Args:
        schedule: any `LearningRateSchedule`, Keras's included.
        delay_steps: steps before it begins; below 0, its first so many steps are left out.

    Raises:
        ValueError: if `schedule` is none, or `delay_steps` not such a number.
    """

    def __init__(self, schedule: LearningRateSchedule, delay_steps: float) -> None:
        self.schedule = _check_schedule("schedule", schedule)
        self.delay_steps = _check("delay_steps", delay_steps)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        return _rate(self.schedule, ops.maximum(_float(step) - self.delay_steps, 0))


@_register
class WarmUp(_Schedule):
    """A linear rise to a schedule's first rate, then the schedule, on a clock that starts after the rise.

    `start + (schedule(0) - start) * step / warm_up_steps`, then `schedule(step - warm_up_steps)`.

    From 0, the first update changes nothing, as in transformers and optax.

    Args:
        schedule: any `LearningRateSchedule`, Keras's included.
        warm_up_steps: steps of the rise, above 0.
        start_learning_rate: the rate at step 0, at least 0.

    Raises:
        ValueError: if `schedule` is none, or another argument is not a number in its range.

    Reference: Goyal et al., Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour (2017).
    """

    def __init__(
        self, schedule: LearningRateSchedule, warm_up_steps: float, start_learning_rate: float = 0
    ) -> None:
        self.schedule = _check_schedule("schedule", schedule)
        self.warm_up_steps = _check("warm_up_steps", warm_up_steps, above=0)
        self.start_learning_rate = _check("start_learning_rate", start_learning_rate, least=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        step = _float(step)
        passed, left = _fractions(step, self.warm_up_steps)
        after = _rate(self.schedule, ops.maximum(step - self.warm_up_steps, 0))
        # While the rise lasts, `after` is the schedule's first rate.
        return ops.where(step < self.warm_up_steps, self.start_learning_rate * left + after * passed, after)


@_register
class Scale(_Schedule):
    """A schedule times a number: `factor * schedule(step)`.

    Args:
        schedule: any `LearningRateSchedule`, Keras's included.
        factor: above 0.

    Raises:
        ValueError: if `schedule` is none, or `factor` not such a number.
    """

    def __init__(self, schedule: LearningRateSchedule, factor: float) -> None:
        self.schedule = _check_schedule("schedule", schedule)
        self.factor = _check("factor", factor, above=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        return self.factor * _rate(self.schedule, step)


@_register
class Clamp(_Schedule):
    """A schedule kept between two bounds: `min(max(schedule(step), minimum), maximum)`.

    Args:
        schedule: any `LearningRateSchedule`, Keras's included.
        minimum: the lowest rate, at least 0.
        maximum: the highest rate, at least `minimum`; left out: no bound.

    Raises:
        ValueError: if `schedule` is none, or another argument is not a number in its range.
    """

    def __init__(
        self, schedule: LearningRateSchedule, minimum: float = 0, maximum: float | None = None
    ) -> None:
        self.schedule = _check_schedule("schedule", schedule)
        self.minimum = _check("minimum", minimum, least=0)
        self.maximum = None if maximum is None else _check("maximum", maximum, least=minimum)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        rate = ops.maximum(_rate(self.schedule, step), self.minimum)
        return rate if self.maximum is None else ops.minimum(rate, self.maximum)


@_register
class Repeat(_Schedule):
    """A schedule again and again, from the start each time: a restart.

    `rate_factor ** cycle * schedule((step - start) / period_factor ** cycle)`, cycles from 0, where cycle i
    lasts `period * period_factor ** i` steps. The step that completes a cycle is the next one's first.

    Args:
        schedule: any `LearningRateSchedule`, Keras's included; what lies beyond `period` is not used.
        period: steps of the first cycle, above 0; with growing cycles at least 1.
        period_factor: how much longer each cycle is than the one before: 1, or at least 1.01.
        rate_factor: how much lower (or higher) its rates are, above 0.

    Raises:
        ValueError: if `schedule` is none, or another argument is not a number in its range.

    Reference: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017).
    """

    def __init__(
        self,
        schedule: LearningRateSchedule,
        period: float,
        period_factor: float = 1,
        rate_factor: float = 1,
    ) -> None:
        self.schedule = _check_schedule("schedule", schedule)
        self.period = _check("period", period, above=0)
        self.period_factor = _check("period_factor", period_factor, least=1)
        if period_factor > 1:
            _check("period", period, least=1)
        if 1 < period_factor < SLOWEST_GROWTH:
            raise ValueError(
                f"Argument `period_factor` must be 1 or at least {SLOWEST_GROWTH}. "
                f"Received: period_factor={period_factor!r}"
            )
        self.rate_factor = _check("rate_factor", rate_factor, above=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        step = _float(step)
        if self.period_factor == 1:
            cycle, place = _periods(step, self.period)
        else:
            starts = self._starts()
            cycle = _boundaries_passed(step, starts[1:])
            start = ops.take(_float(starts), ops.cast(cycle, "int32"))
            place = (step - start) / ops.power(_float(self.period_factor), cycle)
        return ops.power(_float(self.rate_factor), cycle) * _rate(self.schedule, place)

    def _starts(self) -> list[float]:
        """Return the step at which each cycle begins."""
        starts, length = [0.0], self.period
        while starts[-1] < LAST_STEP:
            starts.append(starts[-1] + length)
            length *= self.period_factor
        return starts


@_register
class KDecay(_Schedule):
    """A schedule on a bent clock, which keeps its rates high for longer: `k` above 1 delays, below 1 hastens.

    `schedule(decay_steps * min(step / decay_steps, 1) ** k)`

    Around a cosine or a polynomial it is timm's `k_decay`.

    Args:
        schedule: any `LearningRateSchedule`, Keras's included.
        decay_steps: how long the schedule is, in steps, above 0; beyond, its last rate stays.
        k: the exponent, above 0.

    Raises:
        ValueError: if `schedule` is none, or another argument is not a number in its range.

    Reference: Zhang and Li, k-decay: A New Method for Learning Rate Schedule (2020).
    """

    def __init__(self, schedule: LearningRateSchedule, decay_steps: float, k: float) -> None:
        self.schedule = _check_schedule("schedule", schedule)
        self.decay_steps = _check("decay_steps", decay_steps, above=0)
        self.k = _check("k", k, above=0)

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        passed, _ = _fractions(step, self.decay_steps)
        return _rate(self.schedule, self.decay_steps * ops.power(passed, self.k))


@_register
class AtWholeEpochs(_Schedule):
    """Another schedule, counting whole epochs: `schedule(floor(step / steps_per_epoch))`, epochs from 0.

    What `unit: epoch` in a run's YAML means, and what Keras's `LearningRateScheduler` callback did: the
    rate stays as it is during an epoch.

    Args:
        schedule: any `LearningRateSchedule`, Keras's included.
        steps_per_epoch: updates an epoch, a whole number from 1 to 2**31.

    Raises:
        ValueError: if `schedule` is none, or `steps_per_epoch` is not such a number.
    """

    def __init__(self, schedule: LearningRateSchedule, steps_per_epoch: int) -> None:
        self.schedule = _check_schedule("schedule", schedule)
        if type(steps_per_epoch) is not int or not 1 <= steps_per_epoch <= LAST_STEP:
            raise ValueError(
                f"Argument `steps_per_epoch` must be a whole number from 1 to {LAST_STEP}. "
                f"Received: steps_per_epoch={steps_per_epoch!r}"
            )
        self.steps_per_epoch = steps_per_epoch

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        return _rate(self.schedule, ops.cast(step, "int64") // self.steps_per_epoch)


# Made by joining


class _Composed(_Schedule):
    """A schedule that is another one, put together when it is built."""

    _schedule: LearningRateSchedule

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        return self._schedule(step)


class _OneCycle(_Composed):
    """Up, down and far down, along ramps of the subclass's kind."""

    _ramp: type[_Ramp]

    def __init__(  # noqa: PLR0917  torch's arguments in torch's order
        self,
        maximal_learning_rate: float,
        total_steps: float,
        pct_start: float = 0.3,
        div_factor: float = 25,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        self.maximal_learning_rate = _check("maximal_learning_rate", maximal_learning_rate, above=0)
        self.total_steps = _check("total_steps", total_steps, above=2)
        self.pct_start = _check("pct_start", pct_start, above=1 / total_steps, most=1)
        self.div_factor = _check("div_factor", div_factor, least=1)
        self.final_div_factor = _check("final_div_factor", final_div_factor, least=1)
        self.three_phase = _check_flag("three_phase", three_phase)
        initial, top = maximal_learning_rate / div_factor, maximal_learning_rate
        peak, last = pct_start * total_steps - 1, total_steps - 1
        # As many steps down as up, and then on down; or at once all the way.
        stops = [(0, initial), (peak, top), *([(2 * peak, initial)] if three_phase else [])]
        stops.append((last, initial / final_div_factor))
        if stops[-2][0] >= last:
            raise ValueError(
                f"Argument `pct_start` must leave steps for the way down, of total_steps={total_steps!r}. "
                f"Received: pct_start={pct_start!r}"
            )
        ramps = [
            self._ramp(rate, next_rate, end - start) for (start, rate), (end, next_rate) in pairwise(stops)
        ]
        self._schedule = Join(ramps, [start for start, _ in stops[1:-1]])


@_register
class OneCycle(_OneCycle):
    """One cycle for the whole run, along cosines: up to the highest rate, then down to nearly nothing.

    From `maximal / div_factor` at step 0 up to `maximal` at step `pct_start * total_steps - 1`, down to
    `maximal / div_factor / final_div_factor` at step `total_steps - 1`, the run's last; level from there.

    As torch's `OneCycleLR`. optax's lasts one step longer: its `transition_steps` is `total_steps - 1`.
    Momentum stays as it is; torch lets it cycle against the rate unless told not to.

    Args:
        maximal_learning_rate: the highest rate, above 0.
        total_steps: all steps of the run, above 2.
        pct_start: the share of steps that go up, above `1 / total_steps`, below 1.
        div_factor: highest rate over first, at least 1.
        final_div_factor: first rate over last, at least 1.
        three_phase: go down to the first rate in as many steps as up, and only then to the last.

    Raises:
        ValueError: if an argument is not in its range, or `pct_start` leaves no steps for the way down.

    Reference: Smith and Topin, Super-Convergence (2018).
    """

    _ramp = CosineRamp


@_register
class LinearOneCycle(_OneCycle):
    """One cycle for the whole run, in straight lines; otherwise as `OneCycle`.

    Args:
        maximal_learning_rate: the highest rate, above 0.
        total_steps: all steps of the run, above 2.
        pct_start: the share of steps that go up, above `1 / total_steps`, below 1.
        div_factor: highest rate over first, at least 1.
        final_div_factor: first rate over last, at least 1.
        three_phase: go down to the first rate in as many steps as up, and only then to the last.

    Raises:
        ValueError: if an argument is not in its range, or `pct_start` leaves no steps for the way down.

    Reference: Smith and Topin, Super-Convergence (2018).
    """

    _ramp = LinearRamp


@_register
class WarmupStableDecay(_Composed):
    """A linear rise, then level, then down: `WarmUp(Delay(decay, stable_steps), warm_up_steps)`.

    Args:
        decay: the way down, any `LearningRateSchedule`; its first rate is the level one. Usual are
            `LinearRamp`, `CosineRamp` and `OneMinusSquareRootDecay`.
        warm_up_steps: steps of the rise, above 0.
        stable_steps: steps at the level rate, at least 0.
        start_learning_rate: the rate at step 0, at least 0.

    Raises:
        ValueError: if `decay` is no schedule, or another argument is not a number in its range.

    Reference: Hu et al., MiniCPM (2024).
    """

    def __init__(
        self,
        decay: LearningRateSchedule,
        warm_up_steps: float,
        stable_steps: float,
        start_learning_rate: float = 0,
    ) -> None:
        self.decay = _check_schedule("decay", decay)
        self.warm_up_steps = _check("warm_up_steps", warm_up_steps, above=0)
        self.stable_steps = _check("stable_steps", stable_steps, least=0)
        self.start_learning_rate = _check("start_learning_rate", start_learning_rate, least=0)
        self._schedule = WarmUp(Delay(decay, stable_steps), warm_up_steps, start_learning_rate)


@_register
class Trapezoid(_Composed):
    """Up in a straight line from 0, level, down in a straight line to 0 at `total_steps`.

    Args:
        maximal_learning_rate: the level rate, above 0.
        total_steps: all steps of the run, above 0.
        warm_up_steps: steps up, above 0.
        decay_steps: steps down, above 0; with those up at most `total_steps`.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: Xing et al., A Walk with SGD (2018).
    """

    def __init__(
        self, maximal_learning_rate: float, total_steps: float, warm_up_steps: float, decay_steps: float
    ) -> None:
        self.maximal_learning_rate = _check("maximal_learning_rate", maximal_learning_rate, above=0)
        self.total_steps = _check("total_steps", total_steps, above=0)
        self.warm_up_steps = _check("warm_up_steps", warm_up_steps, above=0, most=total_steps)
        self.decay_steps = _check("decay_steps", decay_steps, above=0, most=total_steps - warm_up_steps)
        way_down = LinearRamp(maximal_learning_rate, 0, decay_steps)
        self._schedule = WarmupStableDecay(way_down, warm_up_steps, total_steps - warm_up_steps - decay_steps)


@_register
class FlatThenCosine(_Composed):
    """Level, then down along half a cosine wave: `Delay(CosineRamp(initial, end, decay_steps), flat_steps)`.

    Args:
        initial_learning_rate: the level rate, above 0.
        flat_steps: steps at it, at least 0.
        decay_steps: steps down, above 0.
        end_learning_rate: the rate from `flat_steps + decay_steps` on, at least 0.

    Raises:
        ValueError: if an argument is not a number in its range.

    Reference: fastai's `fit_flat_cos`.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        flat_steps: float,
        decay_steps: float,
        end_learning_rate: float = 0,
    ) -> None:
        self.initial_learning_rate = _check("initial_learning_rate", initial_learning_rate, above=0)
        self.flat_steps = _check("flat_steps", flat_steps, least=0)
        self.decay_steps = _check("decay_steps", decay_steps, above=0)
        self.end_learning_rate = _check("end_learning_rate", end_learning_rate, least=0)
        self._schedule = Delay(CosineRamp(initial_learning_rate, end_learning_rate, decay_steps), flat_steps)


SCHEDULES: tuple[type[LearningRateSchedule], ...] = (
    *(Constant, LinearRamp, CosineRamp),
    *(TimeBasedDecay, StepDecay, MultiStepDecay, LinearStaircaseDecay, AnnealingDecay),
    *(
        NaturalExponentialDecay,
        InverseSquareRootDecay,
        NoamDecay,
        OneMinusSquareRootDecay,
        TanhDecay,
        RexDecay,
    ),
    *(Triangular, Triangular2, ExpRange),
    *(Join, Delay, WarmUp, Scale, Clamp, Repeat, KDecay, AtWholeEpochs),
    *(OneCycle, LinearOneCycle, WarmupStableDecay, Trapezoid, FlatThenCosine),
)
