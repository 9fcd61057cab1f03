"""Every schedule that this package knows, by its name in the field: what it does, and what equals it.

Pure data, read without Keras: `cifar-lr schedules`, the pages under docs/ and the tests are all made from
it. Rates of the examples are for a run of 100 epochs of 157 updates, as the article's are.

What equals a schedule elsewhere is a text of theirs and one of ours, and then a row of values for each case.
The page under docs/ shows the texts; the tests compare what they come to, so what is shown is proven.
"""

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from operator import mul
from typing import Any

Settings = Mapping[str, Any]

EPOCHS = 100
STEPS_PER_EPOCH = 157


@dataclass(frozen=True)
class Counterpart:
    """What gives the same rates in another library, for one set of arguments.

    Attributes:
        library: "keras", "torch", "optax", "timm" or "transformers".
        theirs: the library's class or function as a text; arguments without a value there have one here.
        ours: the same schedule of ours as a text, in which the arguments of theirs stand for their values.
        call: the name of the library's class or function.
        arguments: all its arguments but the optimizer; a schedule among them is (name, arguments).
        settings: ours for these arguments, written as a run's YAML writes `learning_rate`.
        steps: so many steps are compared, from 0: the whole curve, its boundaries, and beyond.
        initial_learning_rate: the optimizer's own rate, where the library has one; `lr` in `ours`.
        agrees_until: the first step at which the two differ, if there is one.
        note: who does what at that step.
        metrics: what is watched, one number an epoch, where a metric decides the rate.
    """

    library: str
    theirs: str
    ours: str
    call: str
    arguments: Settings
    settings: Settings
    steps: int
    initial_learning_rate: float | None = None
    agrees_until: int | None = None
    note: str = ""
    metrics: tuple[float, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One schedule.

    Attributes:
        name: what it is called in the field, as a run would be.
        line: what it does, in one line.
        formula: the rate at step t, from 0 (epochs where `settings` say `unit: epoch`); a0 the initial rate.
        settings: an example, written as a run's YAML writes `learning_rate`.
        reference: where it comes from.
        counterparts: what gives the same rates in other libraries, and in Keras if the schedule is ours.
    """

    name: str
    line: str
    formula: str
    settings: Settings
    reference: str
    counterparts: tuple[Counterpart, ...] = ()


def _by_step(class_name: str, **config: Any) -> Settings:
    return {"class_name": class_name, "config": config}


def _by_epoch(class_name: str, **config: Any) -> Settings:
    return {"class_name": class_name, "config": config, "unit": "epoch"}


def _same(library: str, theirs: str, ours: str, *rows: tuple[Any, ...]) -> tuple[Counterpart, ...]:
    """Return counterparts that agree at every step.

    Args:
        library: whose.
        theirs: `StepLR(step_size, gamma)`.
        ours: `StepDecay(initial_learning_rate=lr, drop=gamma, period=step_size)`.
        rows: a case each: how many steps, `lr` where the optimizer owns it, and the values of the arguments
            that `theirs` gives none.
    """
    return tuple(_counterpart(library, theirs, ours, steps, values) for steps, *values in rows)


def _until(
    library: str, theirs: str, ours: str, note: str, *rows: tuple[Any, ...]
) -> tuple[Counterpart, ...]:
    """Return counterparts that differ from some step on: in each row, the second number."""
    return tuple(
        _counterpart(library, theirs, ours, steps, values, agrees_until=step, note=note)
        for steps, step, *values in rows
    )


def _counterpart(
    library: str, theirs: str, ours: str, steps: int, values: list[Any], **others: Any
) -> Counterpart:
    call = ast.parse(theirs, mode="eval").body
    assert isinstance(call, ast.Call)  # noqa: S101  written in this file
    rate = values.pop(0) if library in {"torch", "timm", "transformers"} else None
    given = dict(zip(map(ast.unparse, call.args), values, strict=True))
    fixed = {str(keyword.arg): _value(ast.unparse(keyword.value), given) for keyword in call.keywords}
    arguments = {**given, **fixed}
    return Counterpart(
        library,
        theirs,
        ours,
        ast.unparse(call.func),
        arguments,
        _value(ours, {**arguments, "lr": rate}),
        steps,
        rate,
        **others,
    )


def _value(text: str, names: Settings) -> Any:
    """Return what an expression is, given the values of the names in it; schedules of ours are settings."""
    called = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    classes = {node.id: partial(_by_step, node.id) for node in called if isinstance(node, ast.Name)}
    return eval(text, {"__builtins__": {}, **classes, **_FUNCTIONS, **names})  # noqa: S307  written in this file


def _products(first: float, factors: Mapping[int, float]) -> list[float]:
    return list(accumulate(factors.values(), mul, initial=first))


_FUNCTIONS = {
    "float": float,
    "int": int,
    "len": len,
    "list": list,
    "log": math.log,
    "min": min,
    "products": _products,
    "range": range,
}


ENTRIES: tuple[Entry, ...] = (
    Entry(
        "constant",
        "One rate for ever.",
        "a0",
        _by_step("Constant", initial_learning_rate=0.1),
        "-",
        counterparts=(
            *_same(
                "optax",
                "constant_schedule(value)",
                "Constant(initial_learning_rate=value)",
                (100, 0.1),
                (100, 0.0003),
            ),
            *_same(
                "transformers",
                "get_constant_schedule()",
                "Constant(initial_learning_rate=lr)",
                (100, 0.1),
                (100, 0.0003),
            ),
            *_same(
                "torch",
                "ConstantLR(factor, total_iters)",
                "Join(schedules=[Constant(initial_learning_rate=lr * factor), "
                "Constant(initial_learning_rate=lr)], boundaries=[total_iters])",
                (100, 0.1, 0.25, 30),
                (100, 0.02, 1 / 3, 5),
            ),
        ),
    ),
    Entry(
        "linear",
        "A straight line down.",
        "end + (a0 - end) (1 - t / T)",
        _by_step("PolynomialDecay", initial_learning_rate=0.1, decay_steps=15700, end_learning_rate=0.0),
        "Keras; the third note behind this project",
        counterparts=(
            *_same(
                "torch",
                "PolynomialLR(total_iters)",
                "PolynomialDecay(initial_learning_rate=lr, decay_steps=total_iters, end_learning_rate=0.0)",
                (130, 0.1, 100),
                (100, 0.003, 37),
            ),
            *_same(
                "torch",
                "LinearLR(start_factor, end_factor, total_iters)",
                "PolynomialDecay(initial_learning_rate=lr * start_factor, decay_steps=total_iters, "
                "end_learning_rate=lr * end_factor)",
                (130, 0.1, 1.0, 0.0, 100),
                (100, 0.1, 0.8, 0.05, 60),
            ),
            *_same(
                "optax",
                "linear_schedule(init_value, end_value, transition_steps)",
                "PolynomialDecay(initial_learning_rate=init_value, decay_steps=transition_steps, "
                "end_learning_rate=end_value)",
                (130, 0.1, 0.0, 100),
                (100, 0.3, 0.02, 64),
            ),
            *_same(
                "timm",
                "PolyLRScheduler(t_initial, lr_min, power=1.0)",
                "PolynomialDecay(initial_learning_rate=lr, decay_steps=t_initial, end_learning_rate=lr_min)",
                (130, 0.1, 100, 0.0),
                (100, 0.2, 70, 0.01),
            ),
            *_same(
                "transformers",
                "get_linear_schedule_with_warmup(num_training_steps, num_warmup_steps=0)",
                "PolynomialDecay(initial_learning_rate=lr, decay_steps=num_training_steps, "
                "end_learning_rate=0.0)",
                (130, 0.1, 100),
                (100, 5e-05, 81),
            ),
        ),
    ),
    Entry(
        "polynomial",
        "A power of what is left.",
        "end + (a0 - end) (1 - t / T) ** power",
        _by_step(
            "PolynomialDecay",
            initial_learning_rate=0.1,
            decay_steps=15700,
            end_learning_rate=0.0001,
            power=2.0,
        ),
        "Keras; the third note behind this project",
        counterparts=(
            *_same(
                "torch",
                "PolynomialLR(total_iters, power)",
                "PolynomialDecay(initial_learning_rate=lr, decay_steps=total_iters, end_learning_rate=0.0, "
                "power=power)",
                (130, 0.1, 100, 2.0),
                (110, 0.1, 90, 0.9),
                (110, 0.04, 80, 3.0),
            ),
            *_same(
                "optax",
                "polynomial_schedule(init_value, end_value, power, transition_steps)",
                "PolynomialDecay(initial_learning_rate=init_value, decay_steps=transition_steps, "
                "end_learning_rate=end_value, power=power)",
                (130, 0.1, 0.001, 2.0, 100),
                (110, 0.1, 0.0, 0.5, 90),
                (110, 0.01, 0.2, 3.0, 80),
            ),
            *_same(
                "timm",
                "PolyLRScheduler(t_initial, power, lr_min)",
                "PolynomialDecay(initial_learning_rate=lr, decay_steps=t_initial, end_learning_rate=lr_min, "
                "power=power)",
                (130, 0.1, 100, 0.5, 0.0),
                (110, 0.1, 80, 2.0, 0.005),
            ),
            *_same(
                "transformers",
                "get_polynomial_decay_schedule_with_warmup(num_training_steps, lr_end, power, "
                "num_warmup_steps=0)",
                "PolynomialDecay(initial_learning_rate=lr, decay_steps=num_training_steps, "
                "end_learning_rate=lr_end, power=power)",
                (130, 0.1, 100, 0.0001, 2.0),
                (110, 0.1, 80, 1e-07, 1.5),
            ),
            *_same(
                "transformers",
                "get_polynomial_decay_schedule_with_warmup(num_warmup_steps, num_training_steps, lr_end, "
                "power)",
                "WarmUp(schedule=PolynomialDecay(initial_learning_rate=lr, "
                "decay_steps=num_training_steps - num_warmup_steps, end_learning_rate=lr_end, power=power), "
                "warm_up_steps=num_warmup_steps)",
                (130, 0.1, 20, 110, 0.0001, 2.0),
                (110, 0.1, 7, 90, 0.01, 0.5),
            ),
        ),
    ),
    Entry(
        "cosine",
        "Half a cosine wave down.",
        "a0 ((1 - alpha) (1 + cos(pi t / T)) / 2 + alpha)",
        _by_step("CosineDecay", initial_learning_rate=0.1, decay_steps=15700),
        "Loshchilov and Hutter, SGDR (2017), without its restarts",
        counterparts=(
            *_until(
                "torch",
                "CosineAnnealingLR(T_max, eta_min)",
                "CosineDecay(initial_learning_rate=lr, decay_steps=T_max, alpha=eta_min / lr)",
                "torch's rises again after T_max, and falls again; ours stays level",
                (130, 101, 0.1, 100, 0.0),
                (100, 61, 0.2, 60, 0.002),
            ),
            *_same(
                "torch",
                "CosineAnnealingLR(T_max, eta_min)",
                "Repeat(schedule=Join(schedules=[CosineRamp(start_learning_rate=lr, "
                "end_learning_rate=eta_min, ramp_steps=T_max), CosineRamp(start_learning_rate=eta_min, "
                "end_learning_rate=lr, ramp_steps=T_max)], boundaries=[T_max]), period=2 * T_max)",
                (220, 0.1, 50, 0.0),
                (150, 0.2, 40, 0.002),
            ),
            *_same(
                "optax",
                "cosine_decay_schedule(init_value, decay_steps, alpha)",
                "CosineDecay(initial_learning_rate=init_value, decay_steps=decay_steps, alpha=alpha)",
                (130, 0.1, 100, 0.0),
                (100, 0.3, 77, 0.1),
            ),
            *_same(
                "timm",
                "CosineLRScheduler(t_initial, lr_min)",
                "CosineDecay(initial_learning_rate=lr, decay_steps=t_initial, alpha=lr_min / lr)",
                (130, 0.1, 100, 0.0),
                (100, 0.5, 66, 0.01),
            ),
            *_until(
                "transformers",
                "get_cosine_schedule_with_warmup(num_training_steps, num_warmup_steps=0)",
                "CosineDecay(initial_learning_rate=lr, decay_steps=num_training_steps)",
                "transformers' rises again after num_training_steps; ours stays level",
                (130, 101, 0.1, 100),
                (100, 78, 5e-05, 77),
            ),
            *_same(
                "transformers",
                "get_cosine_schedule_with_warmup(num_training_steps, num_cycles, num_warmup_steps=0)",
                "Repeat(schedule=Join(schedules=[CosineRamp(start_learning_rate=lr, end_learning_rate=0.0, "
                "ramp_steps=num_training_steps / num_cycles / 2), CosineRamp(start_learning_rate=0.0, "
                "end_learning_rate=lr, ramp_steps=num_training_steps / num_cycles / 2)], "
                "boundaries=[num_training_steps / num_cycles / 2]), "
                "period=num_training_steps / num_cycles)",
                (150, 0.1, 100, 1.0),
                (150, 0.1, 120, 2.5),
            ),
            *_until(
                "transformers",
                "get_cosine_with_min_lr_schedule_with_warmup(num_training_steps, min_lr, num_warmup_steps=0)",
                "CosineDecay(initial_learning_rate=lr, decay_steps=num_training_steps, alpha=min_lr / lr)",
                "transformers' rises again after num_training_steps; ours stays level",
                (120, 101, 0.1, 100, 0.01),
            ),
            *_until(
                "transformers",
                "get_cosine_with_min_lr_schedule_with_warmup(num_training_steps, min_lr_rate, "
                "num_warmup_steps=0)",
                "CosineDecay(initial_learning_rate=lr, decay_steps=num_training_steps, alpha=min_lr_rate)",
                "transformers' rises again after num_training_steps; ours stays level",
                (100, 81, 0.1, 80, 0.2),
            ),
        ),
    ),
    Entry(
        "time_based",
        "Falls as one over time, counted in updates: Keras 2's `decay`.",
        "a0 / (1 + decay t)",
        _by_step("TimeBasedDecay", initial_learning_rate=0.1, decay=0.001),
        "Keras 2.0; the article",
        counterparts=(
            *_same(
                "keras",
                "InverseTimeDecay(initial_learning_rate, decay_steps, decay_rate)",
                "TimeBasedDecay(initial_learning_rate=initial_learning_rate, decay=decay_rate / decay_steps)",
                (150, 0.1, 1, 0.001),
                (150, 0.5, 20, 0.7),
            ),
        ),
    ),
    Entry(
        "inverse_time",
        "Falls as one over time, counted in epochs; the third note calls it linear.",
        "a0 / (1 + d t / T)",
        _by_epoch("InverseTimeDecay", initial_learning_rate=0.1, decay_steps=1, decay_rate=0.1),
        "Keras; the third note behind this project",
    ),
    Entry(
        "exponential",
        "The same factor every epoch.",
        "a0 d ** (t / T)",
        _by_epoch("ExponentialDecay", initial_learning_rate=0.1, decay_steps=1, decay_rate=0.95),
        "Keras; the second and third notes behind this project",
        counterparts=(
            *_same(
                "torch",
                "ExponentialLR(gamma)",
                "ExponentialDecay(initial_learning_rate=lr, decay_steps=1, decay_rate=gamma)",
                (150, 0.1, 0.95),
                (150, 0.001, 1.02),
            ),
            *_same(
                "optax",
                "exponential_decay(init_value, transition_steps, decay_rate)",
                "ExponentialDecay(initial_learning_rate=init_value, decay_steps=transition_steps, "
                "decay_rate=decay_rate)",
                (150, 0.1, 30, 0.5),
                (150, 0.01, 70, 1.5),
            ),
        ),
    ),
    Entry(
        "staircase_exponential",
        "The same factor after every period.",
        "a0 d ** floor(t / T)",
        _by_step(
            "ExponentialDecay",
            initial_learning_rate=0.1,
            decay_steps=1570,
            decay_rate=0.6,
            staircase=True,
        ),
        "Keras; the third note behind this project",
        counterparts=(
            *_same(
                "torch",
                "StepLR(step_size, gamma)",
                "ExponentialDecay(initial_learning_rate=lr, decay_steps=step_size, decay_rate=gamma, "
                "staircase=True)",
                (130, 0.1, 30, 0.1),
                (130, 0.1, 7, 0.8),
            ),
            *_same(
                "optax",
                "exponential_decay(init_value, transition_steps, decay_rate, staircase=True)",
                "ExponentialDecay(initial_learning_rate=init_value, decay_steps=transition_steps, "
                "decay_rate=decay_rate, staircase=True)",
                (130, 0.1, 25, 0.4),
                (130, 0.1, 11, 0.9),
            ),
            *_same(
                "timm",
                "StepLRScheduler(decay_t, decay_rate)",
                "ExponentialDecay(initial_learning_rate=lr, decay_steps=decay_t, decay_rate=decay_rate, "
                "staircase=True)",
                (130, 0.1, 30, 0.1),
                (130, 0.1, 9, 0.7),
            ),
        ),
    ),
    Entry(
        "natural_exponential",
        "Falls exponentially: the article's exponential decay.",
        "a0 exp(-k t)",
        _by_epoch("NaturalExponentialDecay", initial_learning_rate=0.1, decay_rate=0.1),
        "the article",
        counterparts=(
            *_same(
                "keras",
                "ExponentialDecay(initial_learning_rate, decay_steps, decay_rate)",
                "NaturalExponentialDecay(initial_learning_rate=initial_learning_rate, "
                "decay_rate=-log(decay_rate) / decay_steps)",
                (150, 0.1, 20, 0.5),
                (150, 0.3, 1, 0.97),
            ),
            *_same(
                "torch",
                "ExponentialLR(gamma)",
                "NaturalExponentialDecay(initial_learning_rate=lr, decay_rate=-log(gamma))",
                (150, 0.1, 0.95),
                (150, 0.1, 0.9048374180359595),
            ),
            *_same(
                "optax",
                "exponential_decay(init_value, transition_steps, decay_rate)",
                "NaturalExponentialDecay(initial_learning_rate=init_value, "
                "decay_rate=-log(decay_rate) / transition_steps)",
                (150, 0.1, 30, 0.5),
                (150, 0.2, 1, 0.96),
            ),
        ),
    ),
    Entry(
        "step",
        "Drops by a factor at regular intervals: the article's step decay.",
        "a0 drop ** floor((t + offset) / period)",
        _by_epoch("StepDecay", initial_learning_rate=0.1, drop=0.5, period=10),
        "the article",
        counterparts=(
            *_same(
                "keras",
                "ExponentialDecay(initial_learning_rate, decay_steps, decay_rate, staircase=True)",
                "StepDecay(initial_learning_rate=initial_learning_rate, drop=decay_rate, period=decay_steps)",
                (130, 0.1, 10, 0.5),
                (130, 0.3, 32, 0.1),
            ),
            *_same(
                "torch",
                "StepLR(step_size, gamma)",
                "StepDecay(initial_learning_rate=lr, drop=gamma, period=step_size)",
                (130, 0.1, 10, 0.5),
                (130, 0.1, 30, 0.1),
                (130, 0.01, 1, 0.98),
            ),
            *_same(
                "optax",
                "exponential_decay(init_value, transition_steps, decay_rate, staircase=True)",
                "StepDecay(initial_learning_rate=init_value, drop=decay_rate, period=transition_steps)",
                (130, 0.1, 10, 0.5),
                (130, 0.1, 37, 0.2),
            ),
            *_same(
                "timm",
                "StepLRScheduler(decay_t, decay_rate)",
                "StepDecay(initial_learning_rate=lr, drop=decay_rate, period=decay_t)",
                (130, 0.1, 10, 0.5),
                (130, 0.1, 2.4, 0.97),
            ),
            *_same(
                "timm",
                "StepLRScheduler(decay_t, decay_rate, warmup_t, warmup_lr_init, warmup_prefix=True)",
                "WarmUp(schedule=StepDecay(initial_learning_rate=lr, drop=decay_rate, period=decay_t), "
                "warm_up_steps=warmup_t, start_learning_rate=warmup_lr_init)",
                (130, 0.1, 30, 0.1, 5, 0.001),
            ),
            *_same(
                "timm",
                "StepLRScheduler(decay_t, decay_rate, warmup_t, warmup_lr_init, warmup_prefix=False)",
                "Join(schedules=[LinearRamp(start_learning_rate=warmup_lr_init, end_learning_rate=lr, "
                "ramp_steps=warmup_t), StepDecay(initial_learning_rate=lr, drop=decay_rate, period=decay_t, "
                "offset=warmup_t)], boundaries=[warmup_t])",
                (130, 0.1, 30, 0.1, 5, 0.001),
                (130, 0.1, 8, 0.7, 20, 0.0),
            ),
        ),
    ),
    Entry(
        "multi_step",
        "Drops by a factor at steps of one's choice.",
        "a0 drop ** (number of boundaries <= t)",
        _by_epoch("MultiStepDecay", initial_learning_rate=0.1, boundaries=[50, 75], drop=0.1),
        "He et al., Deep Residual Learning (2016), and most since",
        counterparts=(
            *_same(
                "keras",
                "PiecewiseConstantDecay(boundaries, values)",
                "MultiStepDecay(initial_learning_rate=values[0], boundaries=[b + 1 for b in boundaries], "
                "drop=values[1] / values[0])",
                (130, [49, 74], [0.1, 0.01, 0.001]),
                (130, [20, 60, 90], [0.8, 0.4, 0.2, 0.1]),
            ),
            *_until(
                "keras",
                "PiecewiseConstantDecay(boundaries, values)",
                "MultiStepDecay(initial_learning_rate=values[0], boundaries=boundaries, "
                "drop=values[1] / values[0])",
                "Keras's drops one step later, for the same boundaries",
                (130, 50, [50, 75], [0.1, 0.01, 0.001]),
            ),
            *_same(
                "torch",
                "MultiStepLR(milestones, gamma)",
                "MultiStepDecay(initial_learning_rate=lr, boundaries=milestones, drop=gamma)",
                (130, 0.1, [50, 75], 0.1),
                (130, 0.4, [1, 2, 40, 100], 0.5),
            ),
            *_same(
                "optax",
                "piecewise_constant_schedule(init_value, boundaries_and_scales)",
                "MultiStepDecay(initial_learning_rate=init_value, boundaries=list(boundaries_and_scales), "
                "drop=min(boundaries_and_scales.values()))",
                (130, 0.1, {50: 0.1, 75: 0.1}),
                (130, 1.0, {10: 0.3, 11: 0.3, 100: 0.3}),
            ),
            *_same(
                "timm",
                "MultiStepLRScheduler(decay_t, decay_rate)",
                "MultiStepDecay(initial_learning_rate=lr, boundaries=[t - 1 for t in decay_t], "
                "drop=decay_rate)",
                (130, 0.1, [50, 75], 0.1),
                (130, 0.4, [3, 30, 99], 0.5),
            ),
            *_until(
                "timm",
                "MultiStepLRScheduler(decay_t, decay_rate)",
                "MultiStepDecay(initial_learning_rate=lr, boundaries=decay_t, drop=decay_rate)",
                "timm's drops one step earlier, for the same steps, and means to (its source says so)",
                (130, 49, 0.1, [50, 75], 0.1),
            ),
            *_same(
                "timm",
                "MultiStepLRScheduler(decay_t, decay_rate, warmup_t, warmup_lr_init, warmup_prefix=True)",
                "WarmUp(schedule=MultiStepDecay(initial_learning_rate=lr, "
                "boundaries=[t - 1 for t in decay_t], drop=decay_rate), warm_up_steps=warmup_t, "
                "start_learning_rate=warmup_lr_init)",
                (130, 0.1, [50, 75], 0.1, 10, 0.01),
            ),
        ),
    ),
    Entry(
        "piecewise",
        "Rates of one's choice between steps of one's choice.",
        "values[number of boundaries < t]",
        _by_epoch("PiecewiseConstantDecay", boundaries=[29, 59, 79], values=[0.1, 0.03, 0.01, 0.003]),
        "Keras",
        counterparts=(
            *_same(
                "optax",
                "piecewise_constant_schedule(init_value, boundaries_and_scales)",
                "PiecewiseConstantDecay(boundaries=[b - 1 for b in boundaries_and_scales], "
                "values=products(init_value, boundaries_and_scales))",
                (130, 0.1, {30: 0.3, 60: 0.5, 80: 0.1}),
                (130, 0.01, {5: 10.0, 100: 0.1}),
            ),
            *_until(
                "optax",
                "piecewise_constant_schedule(init_value, boundaries_and_scales)",
                "PiecewiseConstantDecay(boundaries=list(boundaries_and_scales), values=products(init_value, "
                "boundaries_and_scales))",
                "optax's changes one step earlier than Keras's, for the same boundaries",
                (130, 30, 0.1, {30: 0.3, 60: 0.5}),
            ),
            *_same(
                "torch",
                "MultiStepLR(milestones, gamma)",
                "PiecewiseConstantDecay(boundaries=[m - 1 for m in milestones], "
                "values=[lr * gamma**i for i in range(len(milestones) + 1)])",
                (130, 0.1, [30, 60, 80], 0.2),
                (130, 0.5, [10, 100], 0.1),
            ),
        ),
    ),
    Entry(
        "discrete_staircase",
        "Goes down stairs of equal height, to a floor.",
        "max(a0 - drop floor(t / period), end)",
        _by_epoch(
            "LinearStaircaseDecay",
            initial_learning_rate=0.1,
            drop=0.01,
            period=10,
            end_learning_rate=0.001,
        ),
        "the third note behind this project",
    ),
    Entry(
        "annealing",
        "Goes down stairs that are low at first and then higher and higher.",
        "end + (a0 - end) (1 - (floor(t / period) period / T) ** power)",
        _by_epoch("AnnealingDecay", initial_learning_rate=0.1, decay_steps=100, period=10),
        "the second note behind this project",
        counterparts=(
            *_same(
                "timm",
                "WSDLRScheduler(t_initial, lr_min, decay_power, decay_t=t_initial, decay_fn='power')",
                "AnnealingDecay(initial_learning_rate=lr, decay_steps=t_initial, power=decay_power, "
                "end_learning_rate=lr_min)",
                (130, 0.1, 100, 0.0, 2.0),
                (110, 0.2, 80, 0.01, 0.7),
            ),
        ),
    ),
    Entry(
        "square_root_epoch",
        "Falls as one over the square root of the epoch, from 1.",
        "a0 k / sqrt(1 + t)",
        _by_epoch("InverseSquareRootDecay", initial_learning_rate=0.1),
        "the third note behind this project",
    ),
    Entry(
        "square_root_batch",
        "Falls as one over the square root of the mini-batch, from 1.",
        "a0 k / sqrt(1 + t)",
        _by_step("InverseSquareRootDecay", initial_learning_rate=0.1),
        "the third note behind this project",
        counterparts=(
            *_same(
                "transformers",
                "get_inverse_sqrt_schedule(timescale, num_warmup_steps=0)",
                "InverseSquareRootDecay(initial_learning_rate=lr, timescale=timescale)",
                (150, 0.1, 1),
                (150, 0.02, 40),
            ),
            *_until(
                "timm",
                "WSDLRScheduler(stable_timescale, stable_fn='rsqrt', t_initial=100, decay_t=10)",
                "InverseSquareRootDecay(initial_learning_rate=lr, timescale=stable_timescale)",
                "timm's ends in a way down of decay_t steps; ours goes on",
                (120, 91, 0.1, 5.0),
            ),
        ),
    ),
    Entry(
        "inverse_square_root",
        "A linear rise, then one over the square root of time: transformers'.",
        "a0 t / w, then a0 / sqrt(1 + (t - w) / timescale)",
        _by_step(
            "WarmUp",
            schedule=_by_step("InverseSquareRootDecay", initial_learning_rate=0.1, timescale=785),
            warm_up_steps=785,
        ),
        "Zhai et al., Scaling Vision Transformers (2022)",
        counterparts=(
            *_same(
                "transformers",
                "get_inverse_sqrt_schedule(num_warmup_steps)",
                "WarmUp(schedule=InverseSquareRootDecay(initial_learning_rate=lr, "
                "timescale=num_warmup_steps), warm_up_steps=num_warmup_steps)",
                (150, 0.1, 20),
                (150, 0.001, 7),
            ),
            *_same(
                "transformers",
                "get_inverse_sqrt_schedule(num_warmup_steps, timescale)",
                "WarmUp(schedule=InverseSquareRootDecay(initial_learning_rate=lr, timescale=timescale), "
                "warm_up_steps=num_warmup_steps)",
                (150, 0.1, 10, 50),
                (150, 0.1, 50, 10),
            ),
            *_until(
                "timm",
                "WSDLRScheduler(warmup_t, warmup_lr_init, stable_fn='rsqrt', t_initial=100, decay_t=10)",
                "WarmUp(schedule=InverseSquareRootDecay(initial_learning_rate=lr, timescale=warmup_t), "
                "warm_up_steps=warmup_t, start_learning_rate=warmup_lr_init)",
                "timm's ends in a way down of decay_t steps; ours goes on",
                (130, 106, 0.1, 15, 0.001),
            ),
        ),
    ),
    Entry(
        "noam",
        "The Transformer's: a linear rise, then one over the square root of time.",
        "factor / sqrt(model_size) min((t + 1) ** -0.5, (t + 1) w ** -1.5)",
        _by_step("NoamDecay", model_size=64, warm_up_steps=785, factor=22.4),
        "Vaswani et al., Attention Is All You Need (2017)",
        counterparts=(
            *_same(
                "transformers",
                "get_inverse_sqrt_schedule(num_warmup_steps)",
                "WarmUp(schedule=NoamDecay(model_size=1, warm_up_steps=num_warmup_steps, "
                "factor=lr * num_warmup_steps**0.5), warm_up_steps=1)",
                (150, 0.1, 20),
                (150, 0.1, 60),
            ),
            *_until(
                "transformers",
                "get_inverse_sqrt_schedule(num_warmup_steps)",
                "NoamDecay(model_size=1, warm_up_steps=num_warmup_steps, factor=lr * num_warmup_steps**0.5)",
                "transformers' is one step later, and its first update has a rate of 0",
                (150, 0, 0.1, 20),
            ),
        ),
    ),
    Entry(
        "tanh",
        "Along a hyperbolic tangent: level, steep, level.",
        "end + (a0 - end) (1 - tanh(lower (1 - t / T) + upper t / T)) / 2",
        _by_step("TanhDecay", initial_learning_rate=0.1, decay_steps=15700),
        "Hsueh, Li and Wu, Hyperbolic-Tangent Decay (2019)",
        counterparts=(
            *_until(
                "timm",
                "TanhLRScheduler(t_initial, lb, ub, lr_min)",
                "TanhDecay(initial_learning_rate=lr, decay_steps=t_initial, lower=lb, upper=ub, "
                "end_learning_rate=lr_min)",
                "timm's first update has the optimizer's own rate; ours is on the tangent, a little lower",
                (110, 0, 0.2, 80, -3.0, 1.5, 0.001),
                (130, 0, 0.1, 100, -7.0, 3.0, 0.0),
            ),
            *_until(
                "timm",
                "TanhLRScheduler(t_initial, lb, ub, lr_min)",
                "Join(schedules=[Constant(initial_learning_rate=lr), "
                "Delay(schedule=TanhDecay(initial_learning_rate=lr, decay_steps=t_initial, lower=lb, "
                "upper=ub, end_learning_rate=lr_min), delay_steps=-1)], boundaries=[1])",
                "timm's jumps to lr_min where the fall is over; ours stays where the tangent ends",
                (130, 100, 0.1, 100, -7.0, 3.0, 0.0),
                (110, 80, 0.2, 80, -3.0, 1.5, 0.001),
            ),
            *_same(
                "timm",
                "TanhLRScheduler(t_initial, lb, ub, lr_min)",
                "Join(schedules=[Constant(initial_learning_rate=lr), "
                "Delay(schedule=TanhDecay(initial_learning_rate=lr, decay_steps=t_initial, lower=lb, "
                "upper=ub, end_learning_rate=lr_min), delay_steps=-1), "
                "Constant(initial_learning_rate=lr_min)], boundaries=[1, t_initial])",
                (110, 0.1, 90, -4.0, 4.0, 0.002),
                (110, 0.1, 80, -2.0, 1.0, 0.01),
            ),
            *_until(
                "timm",
                "TanhLRScheduler(t_initial, warmup_t, warmup_lr_init, warmup_prefix=False)",
                "WarmUp(schedule=Delay(schedule=TanhDecay(initial_learning_rate=lr, decay_steps=t_initial), "
                "delay_steps=-warmup_t), warm_up_steps=warmup_t, start_learning_rate=warmup_lr_init)",
                "timm's jumps to lr_min where the fall is over; ours stays where the tangent ends",
                (120, 100, 0.1, 100, 30, 0.01),
            ),
        ),
    ),
    Entry(
        "rex",
        "Falls slowly, then ever faster.",
        "a0 (1 - t / T) / (1 / 2 + (1 - t / T) / 2)",
        _by_step("RexDecay", initial_learning_rate=0.1, decay_steps=15700),
        "Chen, Wolfe and Kyrillidis, REX (2022)",
    ),
    Entry(
        "one_minus_square_root",
        "Falls steeply at first: a cool-down.",
        "end + (a0 - end) (1 - sqrt(t / T))",
        _by_step("OneMinusSquareRootDecay", initial_learning_rate=0.1, decay_steps=15700),
        "Haegele et al. (2024)",
        counterparts=(
            *_same(
                "timm",
                "WSDLRScheduler(t_initial, lr_min, decay_t=t_initial, decay_fn='1-sqrt')",
                "OneMinusSquareRootDecay(initial_learning_rate=lr, decay_steps=t_initial, "
                "end_learning_rate=lr_min)",
                (130, 0.1, 100, 0.0),
                (110, 0.2, 80, 0.01),
            ),
            *_same(
                "transformers",
                "get_wsd_schedule(num_decay_steps, min_lr_ratio, decay_type='1-sqrt', num_warmup_steps=0, "
                "num_stable_steps=0)",
                "OneMinusSquareRootDecay(initial_learning_rate=lr, decay_steps=num_decay_steps, "
                "end_learning_rate=lr * min_lr_ratio)",
                (130, 0.1, 100, 0.0),
                (110, 0.1, 75, 0.1),
            ),
        ),
    ),
    Entry(
        "cosine_k_decay",
        "A cosine on a bent clock, which keeps the rate high for longer.",
        "end + (a0 - end) (1 + cos(pi (t / T) ** k)) / 2",
        _by_step(
            "KDecay",
            schedule=_by_step("CosineRamp", start_learning_rate=0.1, end_learning_rate=0.0, ramp_steps=15700),
            decay_steps=15700,
            k=2.0,
        ),
        "Zhang and Li, k-decay (2020)",
        counterparts=(
            *_same(
                "timm",
                "CosineLRScheduler(t_initial, lr_min, k_decay)",
                "KDecay(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=lr_min, "
                "ramp_steps=t_initial), decay_steps=t_initial, k=k_decay)",
                (130, 0.1, 100, 0.0, 2.0),
                (110, 0.2, 90, 0.001, 0.5),
                (110, 0.1, 80, 0.01, 1.5),
            ),
        ),
    ),
    Entry(
        "polynomial_k_decay",
        "A polynomial on a bent clock.",
        "end + (a0 - end) (1 - (t / T) ** k) ** power",
        _by_step(
            "KDecay",
            schedule=_by_step(
                "PolynomialDecay",
                initial_learning_rate=0.1,
                decay_steps=15700,
                end_learning_rate=0.0,
                power=2.0,
            ),
            decay_steps=15700,
            k=2.0,
        ),
        "Zhang and Li, k-decay (2020)",
        counterparts=(
            *_same(
                "timm",
                "PolyLRScheduler(t_initial, power, lr_min, k_decay)",
                "KDecay(schedule=PolynomialDecay(initial_learning_rate=lr, decay_steps=t_initial, "
                "end_learning_rate=lr_min, power=power), decay_steps=t_initial, k=k_decay)",
                (130, 0.1, 100, 2.0, 0.0, 2.0),
                (110, 0.2, 80, 1.0, 0.001, 0.7),
            ),
            *_same(
                "timm",
                "WSDLRScheduler(t_initial, lr_min, decay_power, decay_t=t_initial, decay_fn='power')",
                "KDecay(schedule=LinearRamp(start_learning_rate=lr, end_learning_rate=lr_min, "
                "ramp_steps=t_initial), decay_steps=t_initial, k=decay_power)",
                (130, 0.1, 100, 0.0, 2.0),
                (110, 0.2, 80, 0.01, 0.7),
            ),
        ),
    ),
    Entry(
        "triangular",
        "Up and down for ever between two bounds.",
        "a0 + (max - a0) height, 0 to 1 and back in a cycle",
        _by_step("Triangular", initial_learning_rate=0.01, maximal_learning_rate=0.1, step_size=785),
        "Smith, Cyclical Learning Rates (2017)",
        counterparts=(
            *_same(
                "torch",
                "CyclicLR(base_lr, max_lr, step_size_up, mode='triangular')",
                "Triangular(initial_learning_rate=base_lr, maximal_learning_rate=max_lr, "
                "step_size=step_size_up)",
                (150, 0.1, 0.01, 0.1, 20),
                (150, 0.1, 0.001, 0.5, 7),
            ),
            *_same(
                "torch",
                "CyclicLR(base_lr, max_lr, step_size_up, step_size_down, mode='triangular')",
                "Triangular(initial_learning_rate=base_lr, maximal_learning_rate=max_lr, "
                "step_size=step_size_up, step_size_down=step_size_down)",
                (150, 0.1, 0.01, 0.1, 10, 35),
                (150, 0.1, 0.02, 0.03, 33, 4),
            ),
        ),
    ),
    Entry(
        "triangular2",
        "Up and down, the span halved with every cycle.",
        "a0 + (max - a0) height / 2 ** cycle",
        _by_step("Triangular2", initial_learning_rate=0.01, maximal_learning_rate=0.1, step_size=1570),
        "Smith, Cyclical Learning Rates (2017)",
        counterparts=(
            *_same(
                "torch",
                "CyclicLR(base_lr, max_lr, step_size_up, mode='triangular2')",
                "Triangular2(initial_learning_rate=base_lr, maximal_learning_rate=max_lr, "
                "step_size=step_size_up)",
                (150, 0.1, 0.01, 0.1, 20),
                (150, 0.1, 0.001, 0.5, 7),
            ),
            *_same(
                "torch",
                "CyclicLR(base_lr, max_lr, step_size_up, step_size_down, mode='triangular2')",
                "Triangular2(initial_learning_rate=base_lr, maximal_learning_rate=max_lr, "
                "step_size=step_size_up, step_size_down=step_size_down)",
                (150, 0.1, 0.01, 0.1, 10, 35),
                (150, 0.1, 0.02, 0.03, 33, 4),
            ),
        ),
    ),
    Entry(
        "exp_range",
        "Up and down, the span shrinking with every step.",
        "a0 + (max - a0) height gamma ** t",
        _by_step(
            "ExpRange",
            initial_learning_rate=0.01,
            maximal_learning_rate=0.1,
            step_size=785,
            gamma=0.9998,
        ),
        "Smith, Cyclical Learning Rates (2017)",
        counterparts=(
            *_same(
                "torch",
                "CyclicLR(base_lr, max_lr, step_size_up, gamma, mode='exp_range')",
                "ExpRange(initial_learning_rate=base_lr, maximal_learning_rate=max_lr, "
                "step_size=step_size_up, gamma=gamma)",
                (150, 0.1, 0.01, 0.1, 20, 0.99),
                (150, 0.1, 0.001, 0.5, 7, 0.999),
            ),
            *_same(
                "torch",
                "CyclicLR(base_lr, max_lr, step_size_up, step_size_down, gamma, mode='exp_range')",
                "ExpRange(initial_learning_rate=base_lr, maximal_learning_rate=max_lr, "
                "step_size=step_size_up, step_size_down=step_size_down, gamma=gamma)",
                (150, 0.1, 0.01, 0.1, 10, 35, 0.99),
                (150, 0.1, 0.02, 0.03, 33, 4, 0.999),
            ),
        ),
    ),
    Entry(
        "cosine_restarts",
        "Cosines, each twice as long as the one before: warm restarts.",
        "a0 (1 + cos(pi t_i / T_i)) / 2, with T_i = T t_mul ** i",
        _by_step("CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=2243, t_mul=2.0),
        "Loshchilov and Hutter, SGDR (2017)",
        counterparts=(
            *_same(
                "torch",
                "CosineAnnealingWarmRestarts(T_0, T_mult, eta_min)",
                "CosineDecayRestarts(initial_learning_rate=lr, first_decay_steps=T_0, t_mul=float(T_mult), "
                "alpha=eta_min / lr)",
                (160, 0.1, 20, 2, 0.0),
                (100, 0.1, 30, 1, 0.01),
            ),
            *_until(
                "timm",
                "CosineLRScheduler(t_initial, cycle_mul, lr_min, cycle_limit=3)",
                "CosineDecayRestarts(initial_learning_rate=lr, first_decay_steps=t_initial, "
                "t_mul=cycle_mul, alpha=lr_min / lr)",
                "timm's stays at lr_min after cycle_limit cycles; ours repeats for ever",
                (160, 140, 0.1, 20, 2.0, 0.0),
                (170, 152, 0.1, 32, 1.5, 0.001),
            ),
            *_until(
                "optax",
                "sgdr_schedule(cosine_kwargs)",
                "CosineDecayRestarts(initial_learning_rate=0.1, first_decay_steps=20, t_mul=2.0, m_mul=0.5)",
                "optax's stays level after its last cycle; ours repeats for ever",
                (
                    150,
                    140,
                    [
                        {"init_value": 0.1, "peak_value": 0.1, "warmup_steps": 0, "decay_steps": 20},
                        {"init_value": 0.05, "peak_value": 0.05, "warmup_steps": 0, "decay_steps": 40},
                        {"init_value": 0.025, "peak_value": 0.025, "warmup_steps": 0, "decay_steps": 80},
                    ],
                ),
            ),
        ),
    ),
    Entry(
        "cosine_hard_restarts",
        "The same cosine again and again.",
        "a0 (1 + cos(pi (t mod T) / T)) / 2",
        _by_step(
            "Repeat",
            schedule=_by_step("CosineRamp", start_learning_rate=0.1, end_learning_rate=0.0, ramp_steps=3140),
            period=3140,
        ),
        "Loshchilov and Hutter, SGDR (2017)",
        counterparts=(
            *_same(
                "keras",
                "CosineDecayRestarts(initial_learning_rate, first_decay_steps, alpha, t_mul=1.0)",
                "Repeat(schedule=CosineRamp(start_learning_rate=initial_learning_rate, "
                "end_learning_rate=initial_learning_rate * alpha, ramp_steps=first_decay_steps), "
                "period=first_decay_steps)",
                (150, 0.1, 30, 0.0),
                (150, 0.3, 47, 0.1),
            ),
            *_same(
                "torch",
                "CosineAnnealingWarmRestarts(T_0, eta_min)",
                "Repeat(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=eta_min, "
                "ramp_steps=T_0), period=T_0)",
                (150, 0.1, 30, 0.0),
                (150, 0.2, 47, 0.001),
            ),
            *_until(
                "timm",
                "CosineLRScheduler(t_initial, lr_min, cycle_limit=4)",
                "Repeat(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=lr_min, "
                "ramp_steps=t_initial), period=t_initial)",
                "timm's stays at lr_min after cycle_limit cycles; ours repeats for ever",
                (150, 120, 0.1, 30, 0.0),
                (120, 100, 0.2, 25, 0.01),
            ),
            *_until(
                "transformers",
                "get_cosine_with_hard_restarts_schedule_with_warmup(num_training_steps, num_cycles, "
                "num_warmup_steps=0)",
                "Repeat(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=0.0, "
                "ramp_steps=num_training_steps / num_cycles), period=num_training_steps / num_cycles)",
                "transformers' stays at 0 after num_training_steps; ours repeats for ever",
                (140, 120, 0.1, 120, 3),
                (120, 100, 0.1, 100, 4),
            ),
            *_same(
                "transformers",
                "get_cosine_with_hard_restarts_schedule_with_warmup(num_warmup_steps, num_training_steps, "
                "num_cycles)",
                "WarmUp(schedule=Join(schedules=[Repeat(schedule=CosineRamp(start_learning_rate=lr, "
                "end_learning_rate=0.0, ramp_steps=(num_training_steps - num_warmup_steps) / num_cycles), "
                "period=(num_training_steps - num_warmup_steps) / num_cycles), "
                "LinearRamp(start_learning_rate=0.0, end_learning_rate=0.0, ramp_steps=1)], "
                "boundaries=[num_training_steps - num_warmup_steps]), warm_up_steps=num_warmup_steps)",
                (150, 0.1, 10, 130, 3),
                (120, 0.1, 5, 105, 1),
            ),
        ),
    ),
    Entry(
        "cosine_cycle_decay",
        "Cosines, each lower than the one before.",
        "a0 f ** i (1 + cos(pi t_i / T)) / 2",
        _by_step(
            "Repeat",
            schedule=_by_step("CosineRamp", start_learning_rate=0.1, end_learning_rate=0.0, ramp_steps=3140),
            period=3140,
            rate_factor=0.6,
        ),
        "timm's cycle_decay",
        counterparts=(
            *_until(
                "timm",
                "CosineLRScheduler(t_initial, cycle_limit, cycle_decay)",
                "Repeat(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=0.0, "
                "ramp_steps=t_initial), period=t_initial, rate_factor=cycle_decay)",
                "timm's stays at lr_min after cycle_limit cycles; ours repeats for ever",
                (140, 120, 0.1, 30, 4, 0.6),
                (170, 150, 0.2, 50, 3, 0.1),
            ),
            *_until(
                "timm",
                "CosineLRScheduler(t_initial, cycle_decay, lr_min, cycle_limit=4)",
                "Repeat(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=lr_min, "
                "ramp_steps=t_initial), period=t_initial, rate_factor=cycle_decay)",
                "timm's cycle_decay lowers the highest rate and leaves lr_min; ours lowers both",
                (120, 31, 0.1, 30, 0.6, 0.01),
            ),
            *_same(
                "keras",
                "CosineDecayRestarts(initial_learning_rate, first_decay_steps, m_mul, t_mul=1.0)",
                "Repeat(schedule=CosineRamp(start_learning_rate=initial_learning_rate, "
                "end_learning_rate=0.0, ramp_steps=first_decay_steps), period=first_decay_steps, "
                "rate_factor=m_mul)",
                (150, 0.1, 40, 0.6),
                (150, 0.1, 25, 0.9),
            ),
            *_until(
                "keras",
                "CosineDecayRestarts(initial_learning_rate, first_decay_steps, m_mul, alpha, t_mul=1.0)",
                "Repeat(schedule=CosineRamp(start_learning_rate=initial_learning_rate, "
                "end_learning_rate=initial_learning_rate * alpha, ramp_steps=first_decay_steps), "
                "period=first_decay_steps, rate_factor=m_mul)",
                "Keras's m_mul leaves alpha's share of the rate as it is; ours lowers the whole rate",
                (150, 40, 0.1, 40, 0.6, 0.1),
            ),
        ),
    ),
    Entry(
        "one_cycle",
        "One cycle for the whole run, along cosines: up, then down to nearly nothing.",
        "max / div up to max by pct_start T - 1, down to max / div / final_div at T - 1",
        _by_step("OneCycle", maximal_learning_rate=0.1, total_steps=15700),
        "Smith and Topin, Super-Convergence (2018)",
        counterparts=(
            *_until(
                "torch",
                "OneCycleLR(max_lr, total_steps, pct_start, div_factor, final_div_factor)",
                "OneCycle(maximal_learning_rate=max_lr, total_steps=total_steps, pct_start=pct_start, "
                "div_factor=div_factor, final_div_factor=final_div_factor)",
                "torch's allows one step more, which goes on along the curve, and then raises; ours stays "
                "level",
                (101, 100, 0.1, 0.1, 100, 0.3, 25.0, 10000.0),
                (151, 150, 0.1, 0.5, 150, 0.23, 4.0, 50.0),
            ),
            *_until(
                "torch",
                "OneCycleLR(max_lr, total_steps, pct_start, div_factor, final_div_factor, three_phase=True)",
                "OneCycle(maximal_learning_rate=max_lr, total_steps=total_steps, pct_start=pct_start, "
                "div_factor=div_factor, final_div_factor=final_div_factor, three_phase=True)",
                "torch's allows one step more, which goes on along the curve, and then raises; ours stays "
                "level",
                (101, 100, 0.1, 0.1, 100, 0.3, 25.0, 10000.0),
                (131, 130, 0.1, 0.5, 130, 0.23, 4.0, 50.0),
            ),
            *_same(
                "optax",
                "cosine_onecycle_schedule(transition_steps, peak_value, pct_start, div_factor, "
                "final_div_factor)",
                "OneCycle(maximal_learning_rate=peak_value, total_steps=transition_steps + 1, "
                "pct_start=(int(pct_start * transition_steps) + 1) / (transition_steps + 1), "
                "div_factor=div_factor, final_div_factor=final_div_factor)",
                (130, 100, 0.1, 0.3, 25.0, 10000.0),
                (130, 110, 0.5, 0.17, 5.0, 100.0),
            ),
        ),
    ),
    Entry(
        "one_cycle_linear",
        "One cycle for the whole run, in straight lines.",
        "as one_cycle",
        _by_step("LinearOneCycle", maximal_learning_rate=0.1, total_steps=15700),
        "Smith and Topin, Super-Convergence (2018)",
        counterparts=(
            *_until(
                "torch",
                "OneCycleLR(max_lr, total_steps, pct_start, div_factor, final_div_factor, "
                "anneal_strategy='linear')",
                "LinearOneCycle(maximal_learning_rate=max_lr, total_steps=total_steps, pct_start=pct_start, "
                "div_factor=div_factor, final_div_factor=final_div_factor)",
                "torch's allows one step more, with a rate below 0, and then raises; ours stays level",
                (101, 100, 0.1, 0.1, 100, 0.3, 25.0, 10000.0),
                (151, 150, 0.1, 0.5, 150, 0.23, 4.0, 50.0),
            ),
        ),
    ),
    Entry(
        "one_cycle_three_phase",
        "One cycle, and the far way down only after it.",
        "as one_cycle, with max / div again at 2 (pct_start T - 1)",
        _by_step("LinearOneCycle", maximal_learning_rate=0.1, total_steps=15700, three_phase=True),
        "Smith and Topin, Super-Convergence (2018)",
        counterparts=(
            *_until(
                "torch",
                "OneCycleLR(max_lr, total_steps, pct_start, div_factor, final_div_factor, "
                "anneal_strategy='linear', three_phase=True)",
                "LinearOneCycle(maximal_learning_rate=max_lr, total_steps=total_steps, pct_start=pct_start, "
                "div_factor=div_factor, final_div_factor=final_div_factor, three_phase=True)",
                "torch's allows one step more, with a rate below 0, and then raises; ours stays level",
                (101, 100, 0.1, 0.1, 100, 0.3, 25.0, 10000.0),
                (131, 130, 0.1, 0.5, 130, 0.23, 4.0, 50.0),
            ),
            *_same(
                "optax",
                "linear_onecycle_schedule(transition_steps, peak_value, pct_start, div_factor, "
                "final_div_factor, pct_final=2 * pct_start)",
                "LinearOneCycle(maximal_learning_rate=peak_value, total_steps=transition_steps + 1, "
                "pct_start=(int(pct_start * transition_steps) + 1) / (transition_steps + 1), "
                "div_factor=div_factor, final_div_factor=final_div_factor, three_phase=True)",
                (130, 100, 0.1, 0.3, 25.0, 10000.0),
            ),
            *_until(
                "optax",
                "linear_onecycle_schedule(transition_steps, peak_value, pct_start, div_factor, "
                "final_div_factor, pct_final=0.85)",
                "LinearOneCycle(maximal_learning_rate=peak_value, total_steps=transition_steps + 1, "
                "pct_start=(int(pct_start * transition_steps) + 1) / (transition_steps + 1), "
                "div_factor=div_factor, final_div_factor=final_div_factor, three_phase=True)",
                "ours, as torch's, takes as many steps down as up; optax's pct_final need not be twice "
                "pct_start",
                (130, 31, 100, 0.5, 0.3, 5.0, 100.0),
            ),
            *_same(
                "optax",
                "linear_onecycle_schedule(transition_steps, peak_value, pct_start, pct_final, div_factor, "
                "final_div_factor)",
                "Join(schedules=[LinearRamp(start_learning_rate=peak_value / div_factor, "
                "end_learning_rate=peak_value, ramp_steps=int(pct_start * transition_steps)), "
                "LinearRamp(start_learning_rate=peak_value, end_learning_rate=peak_value / div_factor, "
                "ramp_steps=int(pct_final * transition_steps) - int(pct_start * transition_steps)), "
                "LinearRamp(start_learning_rate=peak_value / div_factor, "
                "end_learning_rate=peak_value / div_factor / final_div_factor, "
                "ramp_steps=transition_steps - int(pct_final * transition_steps))], "
                "boundaries=[int(pct_start * transition_steps), int(pct_final * transition_steps)])",
                (130, 100, 0.5, 0.3, 0.85, 5.0, 100.0),
            ),
        ),
    ),
    Entry(
        "warm_up",
        "A linear rise, then one rate.",
        "a0 min(t / w, 1)",
        _by_step("WarmUp", schedule=_by_step("Constant", initial_learning_rate=0.1), warm_up_steps=785),
        "Goyal et al. (2017)",
        counterparts=(
            *_same(
                "torch",
                "LinearLR(start_factor, total_iters)",
                "WarmUp(schedule=Constant(initial_learning_rate=lr), warm_up_steps=total_iters, "
                "start_learning_rate=lr * start_factor)",
                (100, 0.1, 0.1, 40),
                (100, 0.1, 1 / 3, 5),
            ),
            *_same(
                "optax",
                "warmup_constant_schedule(init_value, peak_value, warmup_steps)",
                "WarmUp(schedule=Constant(initial_learning_rate=peak_value), warm_up_steps=warmup_steps, "
                "start_learning_rate=init_value)",
                (100, 0.0, 0.1, 30),
                (100, 0.05, 0.2, 7),
            ),
            *_same(
                "transformers",
                "get_constant_schedule_with_warmup(num_warmup_steps)",
                "WarmUp(schedule=Constant(initial_learning_rate=lr), warm_up_steps=num_warmup_steps)",
                (100, 0.1, 30),
                (100, 5e-05, 3),
            ),
            *_same(
                "transformers",
                "get_linear_schedule_with_warmup(num_warmup_steps, num_training_steps)",
                "WarmUp(schedule=LinearRamp(start_learning_rate=lr, end_learning_rate=0.0, "
                "ramp_steps=num_training_steps - num_warmup_steps), warm_up_steps=num_warmup_steps)",
                (130, 0.1, 20, 110),
                (100, 5e-05, 6, 77),
            ),
            *_same(
                "optax",
                "warmup_exponential_decay_schedule(init_value, peak_value, warmup_steps, transition_steps, "
                "decay_rate, transition_begin, staircase, end_value)",
                "WarmUp(schedule=Clamp(schedule=Delay(schedule=ExponentialDecay("
                "initial_learning_rate=peak_value, decay_steps=transition_steps, decay_rate=decay_rate, "
                "staircase=staircase), delay_steps=transition_begin), minimum=end_value), "
                "warm_up_steps=warmup_steps, start_learning_rate=init_value)",
                (130, 0.0, 0.1, 20, 15, 0.5, 0, False, 0.004),
                (130, 0.01, 0.2, 10, 20, 0.3, 25, True, 0.003),
            ),
        ),
    ),
    Entry(
        "warm_up_cosine",
        "A linear rise, then half a cosine wave down.",
        "a0 t / w, then a0 (1 + cos(pi (t - w) / (T - w))) / 2",
        _by_step(
            "WarmUp",
            schedule=_by_step("CosineDecay", initial_learning_rate=0.1, decay_steps=14915),
            warm_up_steps=785,
        ),
        "Goyal et al. (2017); Loshchilov and Hutter (2017)",
        counterparts=(
            *_same(
                "keras",
                "CosineDecay(initial_learning_rate, decay_steps, alpha, warmup_target, warmup_steps)",
                "WarmUp(schedule=CosineRamp(start_learning_rate=warmup_target, "
                "end_learning_rate=warmup_target * alpha, ramp_steps=decay_steps), "
                "warm_up_steps=warmup_steps, start_learning_rate=initial_learning_rate)",
                (130, 0.0, 90, 0.0, 0.1, 20),
                (130, 0.05, 100, 0.1, 0.4, 7),
            ),
            *_until(
                "torch",
                "SequentialLR(schedulers, milestones)",
                "WarmUp(schedule=CosineDecay(initial_learning_rate=0.1, decay_steps=80, alpha=0.02), "
                "warm_up_steps=20, start_learning_rate=0.001)",
                "torch's rises again after T_max, and falls again; ours stays level",
                (
                    120,
                    101,
                    0.1,
                    [
                        ("LinearLR", {"start_factor": 0.01, "total_iters": 20}),
                        ("CosineAnnealingLR", {"T_max": 80, "eta_min": 0.002}),
                    ],
                    [20],
                ),
            ),
            *_same(
                "optax",
                "warmup_cosine_decay_schedule(init_value, peak_value, warmup_steps, decay_steps, end_value)",
                "WarmUp(schedule=CosineDecay(initial_learning_rate=peak_value, "
                "decay_steps=decay_steps - warmup_steps, alpha=end_value / peak_value), "
                "warm_up_steps=warmup_steps, start_learning_rate=init_value)",
                (130, 0.0, 0.1, 20, 110, 0.0),
                (130, 0.01, 0.3, 5, 90, 0.02),
            ),
            *_same(
                "timm",
                "CosineLRScheduler(t_initial, lr_min, warmup_t, warmup_lr_init, warmup_prefix=True)",
                "WarmUp(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=lr_min, "
                "ramp_steps=t_initial), warm_up_steps=warmup_t, start_learning_rate=warmup_lr_init)",
                (130, 0.1, 100, 0.0, 10, 0.0),
                (110, 0.5, 80, 0.01, 15, 0.05),
            ),
            *_same(
                "timm",
                "CosineLRScheduler(t_initial, lr_min, warmup_t, warmup_lr_init, warmup_prefix=False)",
                "Join(schedules=[LinearRamp(start_learning_rate=warmup_lr_init, end_learning_rate=lr, "
                "ramp_steps=warmup_t), Delay(schedule=CosineRamp(start_learning_rate=lr, "
                "end_learning_rate=lr_min, ramp_steps=t_initial), delay_steps=-warmup_t)], "
                "boundaries=[warmup_t])",
                (130, 0.1, 100, 0.0, 10, 0.0),
                (110, 0.5, 80, 0.01, 30, 0.05),
            ),
            *_until(
                "transformers",
                "get_cosine_schedule_with_warmup(num_warmup_steps, num_training_steps)",
                "WarmUp(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=0.0, "
                "ramp_steps=num_training_steps - num_warmup_steps), warm_up_steps=num_warmup_steps)",
                "transformers' rises again after num_training_steps; ours stays level",
                (130, 111, 0.1, 10, 110),
                (120, 101, 5e-05, 25, 100),
            ),
            *_until(
                "transformers",
                "get_cosine_with_min_lr_schedule_with_warmup(num_warmup_steps, num_training_steps, min_lr)",
                "WarmUp(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=min_lr, "
                "ramp_steps=num_training_steps - num_warmup_steps), warm_up_steps=num_warmup_steps)",
                "transformers' rises again after num_training_steps; ours stays level",
                (130, 111, 0.1, 10, 110, 0.005),
                (120, 101, 0.2, 25, 100, 0.02),
            ),
            *_until(
                "transformers",
                "get_cosine_with_min_lr_schedule_with_warmup_lr_rate(num_warmup_steps, num_training_steps, "
                "min_lr, warmup_lr_rate)",
                "WarmUp(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=min_lr, "
                "ramp_steps=num_training_steps - num_warmup_steps), warm_up_steps=num_warmup_steps - 1, "
                "start_learning_rate=lr * warmup_lr_rate)",
                "transformers' rises again after num_training_steps; ours stays level",
                (130, 110, 0.1, 11, 110, 0.005, 0.1),
                (120, 100, 0.2, 26, 100, 0.02, 0.0),
            ),
        ),
    ),
    Entry(
        "warmup_stable_decay",
        "A linear rise, level, then 1 - sqrt down.",
        "a0 t / w; a0; a0 (1 - sqrt((t - w - s) / d))",
        _by_step(
            "WarmupStableDecay",
            decay=_by_step("OneMinusSquareRootDecay", initial_learning_rate=0.1, decay_steps=3140),
            warm_up_steps=785,
            stable_steps=11775,
        ),
        "Hu et al., MiniCPM (2024); Haegele et al. (2024)",
        counterparts=(
            *_same(
                "timm",
                "WSDLRScheduler(t_initial, decay_t, lr_min, warmup_t, warmup_lr_init, decay_fn='1-sqrt')",
                "WarmupStableDecay(decay=OneMinusSquareRootDecay(initial_learning_rate=lr, "
                "decay_steps=decay_t, end_learning_rate=lr_min), warm_up_steps=warmup_t, "
                "stable_steps=t_initial - decay_t, start_learning_rate=warmup_lr_init)",
                (150, 0.1, 110, 30, 0.0, 20, 0.0),
                (150, 0.3, 130, 77, 0.01, 5, 0.02),
            ),
            *_same(
                "transformers",
                "get_wsd_schedule(num_warmup_steps, num_stable_steps, num_decay_steps, min_lr_ratio, "
                "decay_type='1-sqrt')",
                "WarmupStableDecay(decay=OneMinusSquareRootDecay(initial_learning_rate=lr, "
                "decay_steps=num_decay_steps, end_learning_rate=lr * min_lr_ratio), "
                "warm_up_steps=num_warmup_steps, stable_steps=num_stable_steps, "
                "start_learning_rate=lr * min_lr_ratio)",
                (150, 0.1, 20, 80, 30, 0.0),
                (150, 0.1, 10, 50, 75, 0.1),
            ),
            *_until(
                "transformers",
                "get_wsd_schedule(num_warmup_steps, num_stable_steps, num_decay_steps, min_lr_ratio, "
                "decay_type='1-sqrt')",
                "WarmupStableDecay(decay=OneMinusSquareRootDecay(initial_learning_rate=lr, "
                "decay_steps=num_decay_steps, end_learning_rate=lr * min_lr_ratio), "
                "warm_up_steps=num_warmup_steps, stable_steps=num_stable_steps)",
                "transformers' rise begins at lr * min_lr_ratio, not at 0; ours where start_learning_rate "
                "says",
                (150, 0, 0.1, 10, 50, 75, 0.1),
            ),
        ),
    ),
    Entry(
        "warmup_stable_decay_linear",
        "A linear rise, level, then a straight line down.",
        "a0 t / w; a0; a0 (1 - (t - w - s) / d)",
        _by_step(
            "WarmupStableDecay",
            decay=_by_step("LinearRamp", start_learning_rate=0.1, end_learning_rate=0.0, ramp_steps=3140),
            warm_up_steps=785,
            stable_steps=11775,
        ),
        "Hu et al., MiniCPM (2024)",
        counterparts=(
            *_same(
                "timm",
                "WSDLRScheduler(t_initial, decay_t, lr_min, warmup_t, warmup_lr_init, decay_fn='linear')",
                "WarmupStableDecay(decay=LinearRamp(start_learning_rate=lr, end_learning_rate=lr_min, "
                "ramp_steps=decay_t), warm_up_steps=warmup_t, stable_steps=t_initial - decay_t, "
                "start_learning_rate=warmup_lr_init)",
                (150, 0.1, 110, 30, 0.0, 20, 0.0),
                (150, 0.3, 130, 77, 0.01, 5, 0.02),
            ),
            *_same(
                "transformers",
                "get_wsd_schedule(num_warmup_steps, num_stable_steps, num_decay_steps, min_lr_ratio, "
                "decay_type='linear')",
                "WarmupStableDecay(decay=LinearRamp(start_learning_rate=lr, "
                "end_learning_rate=lr * min_lr_ratio, ramp_steps=num_decay_steps), "
                "warm_up_steps=num_warmup_steps, stable_steps=num_stable_steps, "
                "start_learning_rate=lr * min_lr_ratio)",
                (150, 0.1, 20, 80, 30, 0.0),
                (150, 0.1, 10, 50, 75, 0.1),
            ),
            *_same(
                "optax",
                "join_schedules(schedules, boundaries)",
                "WarmupStableDecay(decay=LinearRamp(start_learning_rate=0.1, end_learning_rate=0.001, "
                "ramp_steps=40), warm_up_steps=10, stable_steps=50, start_learning_rate=0.01)",
                (
                    120,
                    [
                        ("linear_schedule", {"init_value": 0.01, "end_value": 0.1, "transition_steps": 10}),
                        ("constant_schedule", {"value": 0.1}),
                        ("linear_schedule", {"init_value": 0.1, "end_value": 0.001, "transition_steps": 40}),
                    ],
                    [10, 60],
                ),
            ),
        ),
    ),
    Entry(
        "warmup_stable_decay_cosine",
        "A linear rise, level, then half a cosine wave down.",
        "a0 t / w; a0; a0 (1 + cos(pi (t - w - s) / d)) / 2",
        _by_step(
            "WarmupStableDecay",
            decay=_by_step("CosineRamp", start_learning_rate=0.1, end_learning_rate=0.0, ramp_steps=3140),
            warm_up_steps=785,
            stable_steps=11775,
        ),
        "Hu et al., MiniCPM (2024)",
        counterparts=(
            *_same(
                "timm",
                "WSDLRScheduler(t_initial, decay_t, lr_min, warmup_t, warmup_lr_init, decay_fn='cosine')",
                "WarmupStableDecay(decay=CosineRamp(start_learning_rate=lr, end_learning_rate=lr_min, "
                "ramp_steps=decay_t), warm_up_steps=warmup_t, stable_steps=t_initial - decay_t, "
                "start_learning_rate=warmup_lr_init)",
                (150, 0.1, 110, 30, 0.0, 20, 0.0),
                (150, 0.3, 130, 77, 0.01, 5, 0.02),
            ),
            *_same(
                "transformers",
                "get_wsd_schedule(num_warmup_steps, num_stable_steps, num_decay_steps, min_lr_ratio, "
                "decay_type='cosine')",
                "WarmupStableDecay(decay=CosineRamp(start_learning_rate=lr, "
                "end_learning_rate=lr * min_lr_ratio, ramp_steps=num_decay_steps), "
                "warm_up_steps=num_warmup_steps, stable_steps=num_stable_steps, "
                "start_learning_rate=lr * min_lr_ratio)",
                (150, 0.1, 20, 80, 30, 0.0),
                (150, 0.1, 10, 50, 75, 0.1),
            ),
        ),
    ),
    Entry(
        "trapezoid",
        "A straight line up from 0, level, a straight line down to 0.",
        "a0 min(t / w, 1, (T - t) / d)",
        _by_step(
            "Trapezoid",
            maximal_learning_rate=0.1,
            total_steps=15700,
            warm_up_steps=1570,
            decay_steps=6280,
        ),
        "Xing et al., A Walk with SGD (2018)",
        counterparts=(
            *_same(
                "timm",
                "WSDLRScheduler(t_initial, decay_t, warmup_t, decay_fn='linear')",
                "Trapezoid(maximal_learning_rate=lr, total_steps=warmup_t + t_initial, "
                "warm_up_steps=warmup_t, decay_steps=decay_t)",
                (150, 0.1, 120, 40, 10),
                (150, 0.1, 90, 90, 45),
            ),
            *_same(
                "transformers",
                "get_wsd_schedule(num_warmup_steps, num_decay_steps, num_training_steps, "
                "decay_type='linear')",
                "Trapezoid(maximal_learning_rate=lr, total_steps=num_training_steps, "
                "warm_up_steps=num_warmup_steps, decay_steps=num_decay_steps)",
                (150, 0.1, 13, 52, 130),
                (110, 0.1, 30, 30, 100),
            ),
        ),
    ),
    Entry(
        "flat_then_cosine",
        "Level, then half a cosine wave down.",
        "a0; a0 (1 + cos(pi (t - flat) / d)) / 2",
        _by_step("FlatThenCosine", initial_learning_rate=0.1, flat_steps=11304, decay_steps=4396),
        "fastai's fit_flat_cos",
        counterparts=(
            *_until(
                "torch",
                "SequentialLR(schedulers, milestones)",
                "FlatThenCosine(initial_learning_rate=0.1, flat_steps=72, decay_steps=28)",
                "torch's rises again after T_max, and falls again; ours stays level",
                (
                    120,
                    101,
                    0.1,
                    [
                        ("ConstantLR", {"factor": 1.0, "total_iters": 72}),
                        ("CosineAnnealingLR", {"T_max": 28}),
                    ],
                    [72],
                ),
            ),
            *_same(
                "optax",
                "join_schedules(schedules, boundaries)",
                "FlatThenCosine(initial_learning_rate=0.2, flat_steps=40, decay_steps=70, "
                "end_learning_rate=0.02)",
                (
                    130,
                    [
                        ("constant_schedule", {"value": 0.2}),
                        ("cosine_decay_schedule", {"init_value": 0.2, "decay_steps": 70, "alpha": 0.1}),
                    ],
                    [40],
                ),
            ),
            *_same(
                "timm",
                "WSDLRScheduler(t_initial, decay_t, lr_min, decay_fn='cosine')",
                "FlatThenCosine(initial_learning_rate=lr, flat_steps=t_initial - decay_t, "
                "decay_steps=decay_t, end_learning_rate=lr_min)",
                (130, 0.1, 100, 28, 0.0),
                (130, 0.3, 120, 100, 0.01),
            ),
            *_same(
                "transformers",
                "get_wsd_schedule(num_stable_steps, num_decay_steps, min_lr_ratio, num_warmup_steps=0)",
                "FlatThenCosine(initial_learning_rate=lr, flat_steps=num_stable_steps, "
                "decay_steps=num_decay_steps, end_learning_rate=lr * min_lr_ratio)",
                (130, 0.1, 72, 28, 0.0),
                (130, 0.1, 50, 60, 0.05),
            ),
        ),
    ),
    Entry(
        "linear_ramp",
        "From one rate to another in a straight line, up or down: a piece to join.",
        "start (1 - t / T) + end t / T",
        _by_step("LinearRamp", start_learning_rate=0.02, end_learning_rate=0.1, ramp_steps=7850),
        "-",
        counterparts=(
            *_same(
                "keras",
                "PolynomialDecay(initial_learning_rate, decay_steps, end_learning_rate)",
                "LinearRamp(start_learning_rate=initial_learning_rate, end_learning_rate=end_learning_rate, "
                "ramp_steps=decay_steps)",
                (130, 0.1, 100, 0.0),
                (130, 0.02, 90, 0.3),
            ),
            *_same(
                "torch",
                "LinearLR(start_factor, end_factor, total_iters)",
                "LinearRamp(start_learning_rate=lr * start_factor, end_learning_rate=lr * end_factor, "
                "ramp_steps=total_iters)",
                (130, 0.1, 0.2, 1.0, 100),
                (130, 0.1, 1.0, 0.0, 77),
            ),
            *_same(
                "optax",
                "linear_schedule(init_value, end_value, transition_steps)",
                "LinearRamp(start_learning_rate=init_value, end_learning_rate=end_value, "
                "ramp_steps=transition_steps)",
                (130, 0.02, 0.1, 100),
                (130, 0.1, 0.0, 61),
            ),
        ),
    ),
    Entry(
        "cosine_ramp",
        "From one rate to another along half a cosine wave, up or down: a piece to join.",
        "end + (start - end) (1 + cos(pi t / T)) / 2",
        _by_step("CosineRamp", start_learning_rate=0.02, end_learning_rate=0.1, ramp_steps=7850),
        "-",
        counterparts=(
            *_same(
                "keras",
                "CosineDecay(initial_learning_rate, decay_steps, alpha)",
                "CosineRamp(start_learning_rate=initial_learning_rate, "
                "end_learning_rate=initial_learning_rate * alpha, ramp_steps=decay_steps)",
                (130, 0.1, 100, 0.0),
                (130, 0.02, 90, 5.0),
            ),
            *_until(
                "torch",
                "CosineAnnealingLR(T_max, eta_min)",
                "CosineRamp(start_learning_rate=lr, end_learning_rate=eta_min, ramp_steps=T_max)",
                "torch's rises again after T_max, and falls again; ours stays level",
                (130, 101, 0.1, 100, 0.0),
                (100, 81, 0.02, 80, 0.1),
            ),
            *_same(
                "optax",
                "piecewise_interpolate_schedule(init_value, boundaries_and_scales, "
                "interpolate_type='cosine')",
                "CosineRamp(start_learning_rate=init_value, "
                "end_learning_rate=init_value * min(boundaries_and_scales.values()), "
                "ramp_steps=min(boundaries_and_scales))",
                (130, 0.02, {100: 5.0}),
                (130, 0.1, {77: 0.2}),
            ),
            *_same(
                "optax",
                "cosine_decay_schedule(init_value, decay_steps, alpha)",
                "CosineRamp(start_learning_rate=init_value, end_learning_rate=init_value * alpha, "
                "ramp_steps=decay_steps)",
                (130, 0.1, 100, 0.0),
                (130, 0.1, 55, 0.3),
            ),
        ),
    ),
    Entry(
        "join",
        "Schedules one after the other, each on its own clock.",
        "schedules[i](t - boundaries[i - 1])",
        _by_step(
            "Join",
            schedules=[
                _by_step("LinearRamp", start_learning_rate=0.01, end_learning_rate=0.1, ramp_steps=1570),
                _by_step("TimeBasedDecay", initial_learning_rate=0.1, decay=0.001),
                _by_step("LinearRamp", start_learning_rate=0.01, end_learning_rate=0.0, ramp_steps=3140),
            ],
            boundaries=[1570, 12560],
        ),
        "optax's join_schedules, torch's SequentialLR",
        counterparts=(
            *_same(
                "torch",
                "SequentialLR(schedulers, milestones)",
                "Join(schedules=[LinearRamp(start_learning_rate=0.01, end_learning_rate=0.1, "
                "ramp_steps=20), StepDecay(initial_learning_rate=0.1, drop=0.5, period=25), "
                "NaturalExponentialDecay(initial_learning_rate=0.1, decay_rate=-log(0.9))], boundaries=[20, "
                "90])",
                (
                    130,
                    0.1,
                    [
                        ("LinearLR", {"start_factor": 0.1, "total_iters": 20}),
                        ("StepLR", {"step_size": 25, "gamma": 0.5}),
                        ("ExponentialLR", {"gamma": 0.9}),
                    ],
                    [20, 90],
                ),
            ),
            *_same(
                "torch",
                "SequentialLR(schedulers, milestones)",
                "Join(schedules=[Constant(initial_learning_rate=0.02), "
                "MultiStepDecay(initial_learning_rate=0.2, boundaries=[10, 20], drop=0.3), "
                "Repeat(schedule=CosineRamp(start_learning_rate=0.2, end_learning_rate=0.001, "
                "ramp_steps=20), period=20, period_factor=2)], boundaries=[30, 60])",
                (
                    150,
                    0.2,
                    [
                        ("ConstantLR", {"factor": 0.1, "total_iters": 30}),
                        ("MultiStepLR", {"milestones": [10, 20], "gamma": 0.3}),
                        ("CosineAnnealingWarmRestarts", {"T_0": 20, "T_mult": 2, "eta_min": 0.001}),
                    ],
                    [30, 60],
                ),
            ),
            *_same(
                "torch",
                "SequentialLR(schedulers, milestones)",
                "Join(schedules=[LinearRamp(start_learning_rate=0.1, end_learning_rate=0.0, ramp_steps=50), "
                "PolynomialDecay(initial_learning_rate=0.1, decay_steps=60, end_learning_rate=0.0, "
                "power=2.0)], boundaries=[40])",
                (
                    120,
                    0.1,
                    [
                        ("PolynomialLR", {"total_iters": 50}),
                        ("PolynomialLR", {"total_iters": 60, "power": 2.0}),
                    ],
                    [40],
                ),
            ),
            *_same(
                "torch",
                "ChainedScheduler(schedulers)",
                "Join(schedules=[ExponentialDecay(initial_learning_rate=0.01, decay_steps=1, "
                "decay_rate=0.96), ExponentialDecay(initial_learning_rate=0.1 * 0.96**30, decay_steps=1, "
                "decay_rate=0.96)], boundaries=[30])",
                (
                    100,
                    0.1,
                    [("ConstantLR", {"factor": 0.1, "total_iters": 30}), ("ExponentialLR", {"gamma": 0.96})],
                ),
            ),
            *_same(
                "optax",
                "join_schedules(schedules, boundaries)",
                "Join(schedules=[LinearRamp(start_learning_rate=0.0, end_learning_rate=0.1, ramp_steps=15), "
                "ExponentialDecay(initial_learning_rate=0.1, decay_steps=20, decay_rate=0.5), "
                "PolynomialDecay(initial_learning_rate=0.02, decay_steps=40, end_learning_rate=0.001, "
                "power=2.0)], boundaries=[15, 70])",
                (
                    130,
                    [
                        ("linear_schedule", {"init_value": 0.0, "end_value": 0.1, "transition_steps": 15}),
                        ("exponential_decay", {"init_value": 0.1, "transition_steps": 20, "decay_rate": 0.5}),
                        (
                            "polynomial_schedule",
                            {"init_value": 0.02, "end_value": 0.001, "power": 2.0, "transition_steps": 40},
                        ),
                    ],
                    [15, 70],
                ),
            ),
            *_same(
                "optax",
                "join_schedules(schedules, boundaries)",
                "Join(schedules=[CosineRamp(start_learning_rate=0.1, end_learning_rate=0.0, ramp_steps=40), "
                "Constant(initial_learning_rate=0.05), MultiStepDecay(initial_learning_rate=0.04, "
                "boundaries=[10, 30], drop=0.5)], boundaries=[30, 60])",
                (
                    120,
                    [
                        ("cosine_decay_schedule", {"init_value": 0.1, "decay_steps": 40}),
                        ("constant_schedule", {"value": 0.05}),
                        (
                            "piecewise_constant_schedule",
                            {"init_value": 0.04, "boundaries_and_scales": {10: 0.5, 30: 0.5}},
                        ),
                    ],
                    [30, 60],
                ),
            ),
            *_same(
                "optax",
                "piecewise_interpolate_schedule(boundaries_and_scales, interpolate_type='linear', "
                "init_value=0.02)",
                "Join(schedules=[LinearRamp(start_learning_rate=0.02, end_learning_rate=0.1, "
                "ramp_steps=20), LinearRamp(start_learning_rate=0.1, end_learning_rate=0.05, "
                "ramp_steps=40), LinearRamp(start_learning_rate=0.05, end_learning_rate=0.0005, "
                "ramp_steps=40)], boundaries=[20, 60])",
                (130, {20: 5.0, 60: 0.5, 100: 0.01}),
            ),
            *_same(
                "optax",
                "piecewise_interpolate_schedule(boundaries_and_scales, interpolate_type='cosine', "
                "init_value=0.1)",
                "Join(schedules=[CosineRamp(start_learning_rate=0.1, end_learning_rate=0.4, ramp_steps=30), "
                "CosineRamp(start_learning_rate=0.4, end_learning_rate=0.2, ramp_steps=5), "
                "CosineRamp(start_learning_rate=0.2, end_learning_rate=0.002, ramp_steps=65)], "
                "boundaries=[30, 35])",
                (130, {30: 4.0, 35: 0.5, 100: 0.01}),
            ),
        ),
    ),
    Entry(
        "delay",
        "A schedule's first rate for some steps, then the schedule.",
        "schedule(max(t - delay, 0))",
        _by_step(
            "Delay",
            schedule=_by_step("RexDecay", initial_learning_rate=0.1, decay_steps=7850),
            delay_steps=7850,
        ),
        "optax's transition_begin",
        counterparts=(
            *_same(
                "optax",
                "linear_schedule(init_value, end_value, transition_steps, transition_begin)",
                "Delay(schedule=LinearRamp(start_learning_rate=init_value, end_learning_rate=end_value, "
                "ramp_steps=transition_steps), delay_steps=transition_begin)",
                (130, 0.1, 0.0, 80, 30),
                (130, 0.02, 0.3, 60, 7),
            ),
            *_same(
                "optax",
                "polynomial_schedule(init_value, end_value, power, transition_steps, transition_begin)",
                "Delay(schedule=PolynomialDecay(initial_learning_rate=init_value, "
                "decay_steps=transition_steps, end_learning_rate=end_value, power=power), "
                "delay_steps=transition_begin)",
                (130, 0.1, 0.001, 2.0, 80, 20),
                (130, 0.3, 0.0, 0.5, 50, 60),
            ),
            *_same(
                "optax",
                "exponential_decay(init_value, transition_steps, decay_rate, transition_begin, staircase)",
                "Delay(schedule=ExponentialDecay(initial_learning_rate=init_value, "
                "decay_steps=transition_steps, decay_rate=decay_rate, staircase=staircase), "
                "delay_steps=transition_begin)",
                (130, 0.1, 20, 0.5, 35, False),
                (130, 0.1, 15, 0.7, 10, True),
            ),
        ),
    ),
    Entry(
        "scale",
        "A schedule times a number.",
        "factor schedule(t)",
        _by_step(
            "Scale",
            schedule=_by_step("NoamDecay", model_size=64, warm_up_steps=1570),
            factor=20.0,
        ),
        "-",
        counterparts=(
            *_same(
                "torch",
                "ChainedScheduler(schedulers)",
                "Scale(schedule=StepDecay(initial_learning_rate=0.1, drop=0.5, period=25), factor=0.3)",
                (
                    120,
                    0.1,
                    [
                        ("ConstantLR", {"factor": 0.3, "total_iters": 1000}),
                        ("StepLR", {"step_size": 25, "gamma": 0.5}),
                    ],
                ),
            ),
            *_same(
                "torch",
                "ChainedScheduler(schedulers)",
                "Scale(schedule=LinearRamp(start_learning_rate=0.2, end_learning_rate=0.02, ramp_steps=80), "
                "factor=0.25)",
                (
                    120,
                    0.2,
                    [
                        ("LinearLR", {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 80}),
                        ("ConstantLR", {"factor": 0.25, "total_iters": 1000}),
                    ],
                ),
            ),
        ),
    ),
    Entry(
        "clamp",
        "A schedule kept between two bounds.",
        "min(max(schedule(t), minimum), maximum)",
        _by_step(
            "Clamp",
            schedule=_by_step("TimeBasedDecay", initial_learning_rate=0.2, decay=0.001),
            minimum=0.02,
            maximum=0.1,
        ),
        "-",
        counterparts=(
            *_same(
                "optax",
                "exponential_decay(init_value, transition_steps, decay_rate, end_value)",
                "Clamp(schedule=ExponentialDecay(initial_learning_rate=init_value, "
                "decay_steps=transition_steps, decay_rate=decay_rate), minimum=end_value)",
                (130, 0.1, 20, 0.5, 0.005),
                (130, 0.3, 1, 0.95, 0.01),
            ),
            *_same(
                "optax",
                "exponential_decay(init_value, transition_steps, decay_rate, end_value)",
                "Clamp(schedule=ExponentialDecay(initial_learning_rate=init_value, "
                "decay_steps=transition_steps, decay_rate=decay_rate), maximum=end_value)",
                (130, 0.01, 20, 1.5, 0.08),
            ),
        ),
    ),
    Entry(
        "repeat",
        "A schedule again and again, each time longer and lower if asked.",
        "f ** i schedule((t - start_i) / p ** i)",
        _by_step(
            "Repeat",
            schedule=_by_step("RexDecay", initial_learning_rate=0.1, decay_steps=2243),
            period=2243,
            period_factor=2.0,
            rate_factor=0.7,
        ),
        "Loshchilov and Hutter, SGDR (2017)",
        counterparts=(
            *_same(
                "keras",
                "CosineDecayRestarts(initial_learning_rate, first_decay_steps, t_mul, m_mul)",
                "Repeat(schedule=CosineRamp(start_learning_rate=initial_learning_rate, "
                "end_learning_rate=0.0, ramp_steps=first_decay_steps), period=first_decay_steps, "
                "period_factor=t_mul, rate_factor=m_mul)",
                (150, 0.1, 20, 2.0, 0.7),
                (160, 0.1, 32, 1.5, 1.0),
            ),
            *_same(
                "torch",
                "CosineAnnealingWarmRestarts(T_0, T_mult, eta_min)",
                "Repeat(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=eta_min, "
                "ramp_steps=T_0), period=T_0, period_factor=T_mult)",
                (160, 0.1, 20, 2, 0.0),
                (150, 0.2, 10, 3, 0.002),
                (100, 0.1, 30, 1, 0.01),
            ),
            *_until(
                "timm",
                "CosineLRScheduler(t_initial, cycle_mul, cycle_decay, cycle_limit)",
                "Repeat(schedule=CosineRamp(start_learning_rate=lr, end_learning_rate=0.0, "
                "ramp_steps=t_initial), period=t_initial, period_factor=cycle_mul, rate_factor=cycle_decay)",
                "timm's stays at lr_min after cycle_limit cycles; ours repeats for ever",
                (160, 140, 0.1, 20, 2.0, 0.7, 3),
                (150, 130, 0.1, 16, 1.5, 0.5, 4),
            ),
            *_until(
                "timm",
                "PolyLRScheduler(t_initial, power, cycle_decay, cycle_limit)",
                "Repeat(schedule=PolynomialDecay(initial_learning_rate=lr, decay_steps=t_initial, "
                "end_learning_rate=0.0, power=power), period=t_initial, rate_factor=cycle_decay)",
                "timm's stays at lr_min after cycle_limit cycles; ours repeats for ever",
                (140, 120, 0.1, 40, 2.0, 0.5, 3),
                (140, 120, 0.1, 30, 0.5, 1.0, 4),
            ),
            *_until(
                "timm",
                "TanhLRScheduler(t_initial, lb, ub, cycle_mul, cycle_decay, cycle_limit=3)",
                "Join(schedules=[Constant(initial_learning_rate=lr), "
                "Delay(schedule=Repeat(schedule=TanhDecay(initial_learning_rate=lr, decay_steps=t_initial, "
                "lower=lb, upper=ub), period=t_initial, period_factor=cycle_mul, rate_factor=cycle_decay), "
                "delay_steps=-1)], boundaries=[1])",
                "timm's stays at lr_min after cycle_limit cycles; ours repeats for ever",
                (160, 140, 0.1, 20, -4.0, 2.0, 2.0, 0.5),
            ),
            *_until(
                "optax",
                "sgdr_schedule(cosine_kwargs)",
                "Repeat(schedule=WarmUp(schedule=CosineRamp(start_learning_rate=0.1, "
                "end_learning_rate=0.001, ramp_steps=25), warm_up_steps=5, start_learning_rate=0.01), "
                "period=30, period_factor=2, rate_factor=0.5)",
                "optax's stays level after its last cycle; ours repeats for ever",
                (
                    220,
                    210,
                    [
                        {
                            "init_value": 0.01,
                            "peak_value": 0.1,
                            "end_value": 0.001,
                            "warmup_steps": 5,
                            "decay_steps": 30,
                        },
                        {
                            "init_value": 0.005,
                            "peak_value": 0.05,
                            "end_value": 0.0005,
                            "warmup_steps": 10,
                            "decay_steps": 60,
                        },
                        {
                            "init_value": 0.0025,
                            "peak_value": 0.025,
                            "end_value": 0.00025,
                            "warmup_steps": 20,
                            "decay_steps": 120,
                        },
                    ],
                ),
            ),
        ),
    ),
)

BY_NAME: Mapping[str, Entry] = {entry.name: entry for entry in ENTRIES}


@dataclass(frozen=True)
class Other:
    """What lowers a rate, or does without lowering one, and is no function of the step.

    Attributes:
        name: what it is called in the field.
        line: what it does, in one line.
        yaml: how a run's YAML asks for it.
        reference: where it comes from.
        counterparts: what gives the same rates in other libraries.
    """

    name: str
    line: str
    yaml: str
    reference: str
    counterparts: tuple[Counterpart, ...] = ()


# Falls, stalls, falls again by less than some thresholds and more than others, rises, stalls for long.
_METRICS = (
    *(1.0, 0.8, 0.7, 0.7, 0.69, 0.72, 0.71, 0.7, 0.65, 0.649, 0.648, 0.6485, 0.66, 0.6, 0.61, 0.62),
    *(0.63, 0.62, 0.61, 0.6, 0.599, 0.55, 0.56, 0.57, 0.58, 0.57, 0.56, 0.55, 0.56, 0.57, 0.54, 0.56),
    *(0.56, 0.56, 0.56, 0.56, 0.56, 0.56, 0.56, 0.56, 0.56, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5),
)


OTHERS: tuple[Other, ...] = (
    Other(
        "reduce_on_plateau",
        "Lowers the rate when a metric stops improving: Keras's callback, beside a constant rate.",
        "callbacks:\n"
        "  - class_name: ReduceLROnPlateau\n"
        "    config: {monitor: val_loss, factor: 0.5, patience: 5}\n",
        "Keras's ReduceLROnPlateau",
        counterparts=tuple(
            replace(counterpart, metrics=_METRICS)
            for counterpart in (
                *_same(
                    "torch",
                    "ReduceLROnPlateau(factor, patience, threshold, cooldown, min_lr, threshold_mode='abs')",
                    "ReduceLROnPlateau(factor=factor, patience=patience + 1, min_delta=threshold, "
                    "cooldown=cooldown + 1, min_lr=min_lr)",
                    (50, 0.1, 0.5, 2, 0.0, 0, 0.0),
                    (50, 0.1, 0.1, 0, 0.005, 2, 1e-5),
                    (50, 0.1, 0.3, 4, 0.002, 3, 0.004),
                ),
                *_until(
                    "torch",
                    "ReduceLROnPlateau(factor, patience, threshold, cooldown, min_lr, threshold_mode='abs')",
                    "ReduceLROnPlateau(factor=factor, patience=patience, min_delta=threshold, "
                    "cooldown=cooldown + 1, min_lr=min_lr)",
                    "torch's reduces after more bad epochs than its patience, Keras's after as many",
                    (50, 7, 0.1, 0.5, 2, 0.0, 0, 0.0),
                ),
                *_until(
                    "torch",
                    "ReduceLROnPlateau(factor, patience, threshold, cooldown, min_lr, threshold_mode='abs')",
                    "ReduceLROnPlateau(factor=factor, patience=patience + 1, min_delta=threshold, "
                    "cooldown=cooldown, min_lr=min_lr)",
                    "torch's ignores the last epoch of a cooldown, Keras's counts it",
                    (50, 30, 0.1, 0.5, 2, 0.0, 3, 0.0),
                ),
            )
        ),
    ),
    Other(
        "schedule_free",
        "Averages weights instead of lowering the rate: Keras's optimizer.",
        "optimizer:\n  class_name: ScheduleFreeAdamW\n  config: {learning_rate: 0.0025, warmup_steps: 785}\n",
        "Defazio et al., The Road Less Scheduled (2024)",
    ),
)
