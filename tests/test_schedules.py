"""Schedules: contracts over the one list of all of them, and each against the libraries that people know.

tests/golden/ has what those libraries give, and how the two sides of a counterpart are computed.
"""

import importlib.util
import inspect
import json
import math
import re
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT
from golden import compare
from golden.compare import built, in_double, rates, takes_arrays, within
from keras import ops
from keras.optimizers import schedules as keras_schedules
from keras.optimizers.schedules import LearningRateSchedule

from cifar_lr import catalogue, config
from cifar_lr.catalogue import ENTRIES, EPOCHS, OTHERS, STEPS_PER_EPOCH
from cifar_lr.optimizers import SCHEDULES_BY_NAME
from cifar_lr.schedules import (
    SCHEDULES,
    AnnealingDecay,
    AtWholeEpochs,
    Clamp,
    Constant,
    CosineRamp,
    Delay,
    ExpRange,
    FlatThenCosine,
    Join,
    KDecay,
    LinearOneCycle,
    LinearRamp,
    LinearStaircaseDecay,
    MultiStepDecay,
    NaturalExponentialDecay,
    OneCycle,
    OneMinusSquareRootDecay,
    Repeat,
    Scale,
    StepDecay,
    TanhDecay,
    TimeBasedDecay,
    Trapezoid,
    Triangular,
    Triangular2,
    WarmUp,
    WarmupStableDecay,
)

UPDATES = EPOCHS * STEPS_PER_EPOCH
BEYOND = np.arange(0, 2 * UPDATES, 97)

DOUBLE, SINGLE = 1e-9, 1e-5
ZERO = 1e-15  # of the highest rate: where ours is 0, torch's recursions are at 1e-17
REALLY = 1e-7  # of the highest rate: what two libraries differ by, at least, where they are said to


def id_of(entry):
    return entry.name


every_entry = pytest.mark.parametrize("entry", ENTRIES, ids=id_of)


@pytest.fixture
def double():
    """Compute in double precision, for one test."""
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


def load_page():
    spec = importlib.util.spec_from_file_location("counterparts_page", ROOT / "docs" / "counterparts_page.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    return page


# The list


def test_the_list_has_every_schedule_of_ours_and_of_keras_s():
    listed = {type(one) for entry in ENTRIES for one in within(built(entry.settings))}
    assert listed == {*SCHEDULES, *SCHEDULES_BY_NAME.values()}
    assert AtWholeEpochs in listed


def test_names_are_unique():
    names = [entry.name for entry in (*ENTRIES, *OTHERS)]
    assert len(set(names)) == len(names)


@every_entry
class TestEverySchedule:
    def test_serialises_with_keras_and_back(self, entry):
        schedule = built(entry.settings)
        again = keras.saving.deserialize_keras_object(
            json.loads(json.dumps(keras.saving.serialize_keras_object(schedule)))
        )
        assert type(again) is type(schedule)
        assert again.get_config() == schedule.get_config()
        np.testing.assert_array_equal(rates(again, BEYOND), rates(schedule, BEYOND))

    def test_survives_a_run_s_yaml(self, entry, tmp_path):
        optimizer = {"class_name": "SGD", "config": {"learning_rate": entry.settings}}
        run = config.RunConfig.model_validate_json(json.dumps({"optimizer": optimizer}))
        path = tmp_path / "run.yaml"
        path.write_text(config.to_yaml(run), encoding="utf-8")
        again = config.load(path).config.optimizer.config.learning_rate
        every_step = np.arange(UPDATES + STEPS_PER_EPOCH)
        np.testing.assert_array_equal(
            rates(built(again.model_dump(mode="json", exclude_none=True)), every_step),
            rates(built(entry.settings), every_step),
        )

    def test_rates_are_finite_and_not_negative_over_a_whole_run_and_beyond(self, entry):
        values = rates(built(entry.settings), BEYOND)
        assert np.isfinite(values).all()
        assert (values >= 0).all()
        assert values.max() > 0

    @pytest.mark.usefixtures("double")
    def test_first_and_last_rate_and_those_between_are_the_formula_s(self, entry):
        steps = np.unique([0, UPDATES - 1, *range(0, UPDATES, 61)])
        expected = FORMULAS[entry.name](steps.astype("float64")) + np.zeros(steps.shape)
        np.testing.assert_allclose(
            rates(in_double(built(entry.settings)), steps), expected, rtol=DOUBLE, atol=ZERO * 0.1
        )

    def test_an_array_of_steps_is_one_step_at_a_time(self, entry):
        schedule = built(entry.settings)
        assert takes_arrays(schedule)
        steps = np.array([[0, 1, 156, 157], [1570, 7849, UPDATES, 3 * UPDATES]])
        together = ops.convert_to_numpy(schedule(steps))
        assert together.shape == steps.shape
        assert together.dtype == "float32"
        one_by_one = [[float(schedule(step)) for step in row] for row in steps]
        np.testing.assert_allclose(together, one_by_one, rtol=SINGLE, atol=1e-7 * together.max())


def test_keras_s_warm_up_takes_one_step_at_a_time_only():
    warm_up = keras_schedules.CosineDecay(0.01, 100, warmup_target=0.1, warmup_steps=10)
    assert not takes_arrays(warm_up)
    with pytest.raises(ValueError, match="truth value"):
        warm_up(np.arange(20))
    assert float(warm_up(5)) == pytest.approx(0.055)


T = UPDATES


def epochs(t):
    return t // STEPS_PER_EPOCH


def half_cosine(passed):
    return (1 + np.cos(math.pi * np.clip(passed, 0, 1))) / 2


def height(t, step_size):
    return 1 - np.abs((t % (2 * step_size)) / step_size - 1)


def doubling_cycles(t, first):
    cycle = np.floor(np.log2(t / first + 1))
    return cycle, (t - first * (2**cycle - 1)) / 2**cycle


def one_cycle(t, shape, stops):
    steps, values = zip(*stops, strict=True)
    which = np.clip(np.searchsorted(steps, t, side="right") - 1, 0, len(steps) - 2)
    start, end = np.take(steps, which), np.take(steps, which + 1)
    down = shape((t - start) / (end - start))
    return np.take(values, which) * down + np.take(values, which + 1) * (1 - down)


def straight(passed):
    return 1 - np.clip(passed, 0, 1)


def warmup_stable_decay(t, fall):
    return 0.1 * np.where(t < 785, t / 785, fall(np.clip((t - 12560) / 3140, 0, 1)))


FORMULAS = {
    "constant": lambda t: 0.1,  # noqa: ARG005
    "linear": lambda t: 0.1 * straight(t / T),
    "polynomial": lambda t: 0.0001 + 0.0999 * straight(t / T) ** 2,
    "cosine": lambda t: 0.1 * half_cosine(t / T),
    "time_based": lambda t: 0.1 / (1 + 0.001 * t),
    "inverse_time": lambda t: 0.1 / (1 + 0.1 * epochs(t)),
    "exponential": lambda t: 0.1 * 0.95 ** epochs(t),
    "staircase_exponential": lambda t: 0.1 * 0.6 ** (t // 1570),
    "natural_exponential": lambda t: 0.1 * np.exp(-0.1 * epochs(t)),
    "step": lambda t: 0.1 * 0.5 ** (epochs(t) // 10),
    "multi_step": lambda t: 0.1 ** (1.0 + (epochs(t) >= 50) + (epochs(t) >= 75)),
    "piecewise": lambda t: np.take([0.1, 0.03, 0.01, 0.003], np.searchsorted([29, 59, 79], epochs(t))),
    "discrete_staircase": lambda t: np.maximum(0.1 - 0.01 * (epochs(t) // 10), 0.001),
    "annealing": lambda t: 0.1 * (1 - (epochs(t) // 10 / 10) ** 2),
    "square_root_epoch": lambda t: 0.1 / np.sqrt(1 + epochs(t)),
    "square_root_batch": lambda t: 0.1 / np.sqrt(1 + t),
    "inverse_square_root": lambda t: np.where(t < 785, 0.1 * t / 785, 0.1 / np.sqrt(np.maximum(t, 1) / 785)),
    "noam": lambda t: 22.4 / 8 * np.minimum((t + 1) ** -0.5, (t + 1) * 785**-1.5),
    "tanh": lambda t: 0.05 * (1 - np.tanh(-7 + 10 * t / T)),
    "rex": lambda t: 0.1 * (1 - t / T) / (0.5 + (1 - t / T) / 2),
    "one_minus_square_root": lambda t: 0.1 * (1 - np.sqrt(t / T)),
    "cosine_k_decay": lambda t: 0.1 * half_cosine((t / T) ** 2),
    "polynomial_k_decay": lambda t: 0.1 * (1 - (t / T) ** 2) ** 2,
    "triangular": lambda t: 0.01 + 0.09 * height(t, 785),
    "triangular2": lambda t: 0.01 + 0.09 * height(t, 1570) / 2 ** (t // 3140),
    "exp_range": lambda t: 0.01 + 0.09 * height(t, 785) * 0.9998**t,
    "cosine_restarts": lambda t: 0.1 * half_cosine(doubling_cycles(t, 2243)[1] / 2243),
    "cosine_hard_restarts": lambda t: 0.1 * half_cosine(t % 3140 / 3140),
    "cosine_cycle_decay": lambda t: 0.1 * 0.6 ** (t // 3140) * half_cosine(t % 3140 / 3140),
    "one_cycle": lambda t: one_cycle(t, half_cosine, [(0, 0.004), (4709, 0.1), (15699, 4e-7)]),
    "one_cycle_linear": lambda t: one_cycle(t, straight, [(0, 0.004), (4709, 0.1), (15699, 4e-7)]),
    "one_cycle_three_phase": lambda t: one_cycle(
        t, straight, [(0, 0.004), (4709, 0.1), (9418, 0.004), (15699, 4e-7)]
    ),
    "warm_up": lambda t: 0.1 * np.minimum(t / 785, 1),
    "warm_up_cosine": lambda t: np.where(t < 785, 0.1 * t / 785, 0.1 * half_cosine((t - 785) / 14915)),
    "warmup_stable_decay": lambda t: warmup_stable_decay(t, lambda passed: 1 - np.sqrt(passed)),
    "warmup_stable_decay_linear": lambda t: warmup_stable_decay(t, straight),
    "warmup_stable_decay_cosine": lambda t: warmup_stable_decay(t, half_cosine),
    "trapezoid": lambda t: 0.1 * np.minimum(np.minimum(t / 1570, 1), (T - t) / 6280),
    "flat_then_cosine": lambda t: 0.1 * half_cosine((t - 11304) / 4396),
    "linear_ramp": lambda t: 0.02 + 0.08 * np.minimum(t / 7850, 1),
    "cosine_ramp": lambda t: 0.1 - 0.08 * half_cosine(t / 7850),
    "join": lambda t: np.select(
        [t < 1570, t < 12560],
        [0.01 + 0.09 * t / 1570, 0.1 / (1 + 0.001 * np.maximum(t - 1570, 0))],
        0.01 * straight((t - 12560) / 3140),
    ),
    "delay": lambda t: 0.1 * straight(t / 7850 - 1) / (0.5 + straight(t / 7850 - 1) / 2),
    "scale": lambda t: 20 / 8 * np.minimum((t + 1) ** -0.5, (t + 1) * 1570**-1.5),
    "clamp": lambda t: np.clip(0.2 / (1 + 0.001 * t), 0.02, 0.1),
    "repeat": lambda t: (
        0.7 ** doubling_cycles(t, 2243)[0]
        * (0.1 * straight(doubling_cycles(t, 2243)[1] / 2243))
        / (0.5 + straight(doubling_cycles(t, 2243)[1] / 2243) / 2)
    ),
}


# In a fit


class SideBySide(LearningRateSchedule):
    """Many schedules side by side: a rate for each element of one weight."""

    def __init__(self, schedules):
        self.schedules = schedules

    def __call__(self, step):
        return ops.stack([schedule(step) for schedule in self.schedules])


@pytest.mark.parametrize("steps_per_execution", [1, 3])
def test_every_schedule_drives_a_compiled_fit(steps_per_execution):
    every = [built(entry.settings) for entry in ENTRIES]
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(len(every), use_bias=False)])
    optimizer = keras.optimizers.SGD(SideBySide(every))
    # Every weight's gradient is 1, so a weight falls by the sum of its schedule's rates.
    model.compile(optimizer, loss=lambda _, made: ops.sum(made), steps_per_execution=steps_per_execution)
    weights = model.layers[0].kernel
    for first in (0, 7847):
        weights.assign(ops.zeros((1, len(every))))
        optimizer.iterations.assign(first)
        model.fit(np.ones((6, 1)), np.ones((6, 1)), batch_size=1, verbose=0)
        fallen = -np.asarray(weights)[0].astype("float64")
        expected = [rates(schedule, range(first, first + 6)).sum() for schedule in every]
        assert dict(zip(catalogue.BY_NAME, fallen, strict=True)) == pytest.approx(
            dict(zip(catalogue.BY_NAME, expected, strict=True)), rel=SINGLE
        )


@every_entry
def test_compiled_rates_are_those_of_one_step_at_a_time(entry):
    schedule = built(entry.settings)
    steps = np.arange(2 * UPDATES)
    values = rates(schedule, steps)
    compiled = np.asarray(tf.function(schedule)(tf.constant(steps)))
    np.testing.assert_allclose(compiled, values, rtol=SINGLE, atol=KERAS_S_LOSS * values.max())


@pytest.mark.parametrize("period", [*range(1, 100, 2), 1.2, 2.4, 2.5, 7.3])
def test_a_period_ends_at_its_step_also_when_compiled(period):
    # A division by a constant is compiled as a product with its reciprocal, by which 41 / 41 is below 1.
    ends = np.array([n for n in range(1, 20) if float(round(n * period, 9)).is_integer()])
    steps = np.round(ends * period).astype("int64")
    fallen = tf.function(StepDecay(1.0, 0.5, period))(tf.constant(steps))
    np.testing.assert_array_equal(fallen, 0.5**ends)
    again = tf.function(Repeat(LinearRamp(1.0, 0.5, period), period))(tf.constant(steps))
    np.testing.assert_allclose(again, np.ones(len(ends)), rtol=1e-6)


def test_keras_s_staircase_and_restarts_are_a_step_late_when_compiled():
    staircase = tf.function(keras_schedules.ExponentialDecay(1.0, 41, 0.5, staircase=True))
    np.testing.assert_array_equal(staircase(tf.constant([40, 41, 42])), [1, 1, 0.5])
    restarts = tf.function(keras_schedules.CosineDecayRestarts(1.0, 41, 1.0))
    np.testing.assert_allclose(restarts(tf.constant([41, 82])), [0, 0], atol=1e-6)


@pytest.mark.parametrize("steps_per_execution", [1, 2])
def test_an_optimizer_shows_the_rate_that_comes_next(steps_per_execution):
    schedule = WarmUp(CosineRamp(0.1, 0.0, 10), 3)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(schedule), loss="mse", steps_per_execution=steps_per_execution)
    model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=2, verbose=0)
    assert float(model.optimizer.learning_rate) == pytest.approx(float(schedule(4)), rel=1e-6)


# Beside other libraries

CASES = [
    pytest.param(counterpart, id=f"{entry.name}-{counterpart.library}-{counterpart.call}-{number}")
    for entry in ENTRIES
    for number, counterpart in enumerate(entry.counterparts)
]
OTHER_CASES = [
    pytest.param(counterpart, id=f"{other.name}-{counterpart.library}-{number}")
    for other in OTHERS
    for number, counterpart in enumerate(other.counterparts)
]
COUNTERPARTS = [c for listed in (*ENTRIES, *OTHERS) for c in listed.counterparts]

# Keras's own have 1 - p and 1 + cos in float32; docs/counterparts.md says what that costs.
LOSES_DIGITS = {"CosineDecay", "CosineDecayRestarts", "PolynomialDecay"}
KERAS_S_LOSS = 3e-7  # of the highest rate, within the 220 steps that are compared at most


def assert_agree(ours, theirs, counterpart, rtol, atol):
    until = counterpart.agrees_until
    np.testing.assert_allclose(ours[:until], theirs[:until], rtol=rtol, atol=atol * theirs.max())
    if until is not None:
        assert abs(ours[until] - theirs[until]) > REALLY * theirs.max()


@pytest.mark.parametrize("counterpart", CASES)
class TestBesideTheLibraries:
    def test_in_double_precision(self, counterpart):
        ours = compare.ours(counterpart, double=True)
        assert_agree(ours, compare.theirs(counterpart), counterpart, DOUBLE, ZERO)

    def test_in_float32(self, counterpart):
        ours = compare.ours(counterpart, double=False)
        loses = LOSES_DIGITS & {type(one).__name__ for one in within(built(counterpart.settings))}
        rtol, atol = (0, KERAS_S_LOSS) if loses else (SINGLE, ZERO)
        assert_agree(ours, compare.theirs(counterpart), counterpart, rtol, atol)


@pytest.mark.parametrize("counterpart", [case for case in CASES if case.values[0].library == "keras"])
def test_keras_s_own_in_float32_as_they_are(counterpart):
    theirs = rates(getattr(keras_schedules, counterpart.call)(**counterpart.arguments), counterpart.steps)
    exact = compare.theirs(counterpart)
    rtol, atol = (0, KERAS_S_LOSS) if counterpart.call in LOSES_DIGITS else (SINGLE, 0)
    np.testing.assert_allclose(theirs, exact, rtol=rtol, atol=atol * exact.max())


@pytest.mark.parametrize("counterpart", OTHER_CASES)
def test_reduce_on_plateau_beside_torch_s(counterpart):
    theirs = compare.theirs(counterpart)
    assert len(set(theirs)) > 3
    assert_agree(compare.ours(counterpart, double=False), theirs, counterpart, SINGLE, 0)


def test_the_golden_rates_are_of_this_catalogue():
    wanted = {compare.key(compare.case(c)) for c in COUNTERPARTS if c.library != "keras"}
    assert set(compare.golden()) == wanted, "tests/golden/rates.json is of another catalogue: `make golden`"
    for case in wanted:
        assert len(compare.golden()[case]) == json.loads(case)["steps"]


def test_the_golden_rates_are_from_the_pinned_versions():
    pins = (ROOT / "tests" / "golden" / "requirements.txt").read_text(encoding="utf-8")
    assert compare.versions() == {
        name: version for name, version in re.findall(r"(\w+)==(\S+)", pins) if name in compare.versions()
    }


def test_a_changed_catalogue_asks_for_new_golden_rates():
    known = next(c for c in COUNTERPARTS if c.library == "torch")
    changed = replace(known, arguments={**known.arguments, "factor": 0.123})
    with pytest.raises(LookupError, match=r"no rates of torch's \w+ with these arguments.*`make golden`"):
        compare.theirs(changed)


def test_who_differs_is_noted_and_the_other_way_round():
    for counterpart in COUNTERPARTS:
        assert (counterpart.agrees_until is None) == (not counterpart.note)
        assert (counterpart.agrees_until or 0) < counterpart.steps


def test_the_page_of_counterparts_is_the_catalogue_s():
    written = (ROOT / "docs" / "counterparts.md").read_text(encoding="utf-8")
    assert written == load_page().counterparts_page(), "docs/counterparts.md is not up to date: `make pages`"


@pytest.mark.parametrize(
    "finding", load_page().PRECISION, ids=lambda finding: f"{finding.name}-{finding.steps}"
)
def test_what_the_page_says_of_precision(finding):
    steps = np.arange(finding.steps)
    exact = FALLS[finding.fall](steps / finding.steps, (finding.steps - steps) / finding.steps)
    off = np.abs(rates(built(finding.settings), steps) - 0.1 * exact)
    for measured, stated in ((off / 0.1, finding.of_the_first), (off / (0.1 * exact), finding.of_itself)):
        assert stated / 4 < measured.max() <= stated


FALLS = {
    "cosine": lambda _, left: np.sin(math.pi / 2 * left) ** 2,
    "line": lambda _, left: left,
    "square": lambda _, left: left**2,
    "root": lambda _, left: left**0.5,
    "cosine with k=2": lambda passed, left: np.sin(math.pi / 2 * left * (1 + passed)) ** 2,
}


# Some of them, by themselves


def test_step_decay_with_the_offset_of_the_copied_text():
    expected = [0.1 * 0.5 ** math.floor((1 + epoch) / 10) for epoch in range(100)]
    np.testing.assert_allclose(rates(StepDecay(0.1, 0.5, 10, offset=1), 100), expected, rtol=1e-6)


def test_time_based_decay_is_at_0_006_after_the_article_s_run():
    assert float(TimeBasedDecay(0.1, 0.001)(UPDATES)) == pytest.approx(0.0060, abs=5e-5)


def test_stairs_of_equal_height_end_at_the_floor():
    stairs = LinearStaircaseDecay(0.1, drop=0.04, period=10, end_learning_rate=0.03)
    np.testing.assert_allclose(
        rates(stairs, [0, 9, 10, 19, 20, 1000]), [0.1, 0.1, 0.06, 0.06, 0.03, 0.03], rtol=1e-6
    )


def test_exp_range_keeps_its_digits_in_a_long_run():
    steps = np.arange(UPDATES)
    expected = 1e-6 + (0.1 - 1e-6) * height(steps, 785) * 0.9998**steps
    np.testing.assert_allclose(rates(ExpRange(1e-6, 0.1, 785, 0.9998), steps), expected, rtol=SINGLE)


def test_a_delay_below_zero_begins_in_the_middle():
    np.testing.assert_allclose(rates(Delay(LinearRamp(0.1, 0.0, 10), -4), 3), [0.06, 0.05, 0.04], rtol=1e-6)


def test_beyond_the_end_the_last_rate_stays():
    for schedule in (OneCycle(0.1, 100), Trapezoid(0.1, 100, 10, 20), FlatThenCosine(0.1, 50, 50, 0.01)):
        assert len(set(rates(schedule, [100, 101, 10_000]))) == 1


@pytest.mark.parametrize(
    "schedule",
    [
        StepDecay(0.1, 0.5, 10),
        keras_schedules.ExponentialDecay(0.1, 10, 0.9),
        keras_schedules.CosineDecay(0.1, 50),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
def test_whole_epochs_of_any_schedule(schedule):
    by_update = rates(AtWholeEpochs(schedule, 157), np.arange(157 * 30))
    by_epoch = [float(schedule(epoch)) for epoch in range(30)]
    np.testing.assert_allclose(by_update, np.repeat(by_epoch, 157), rtol=1e-6)


@pytest.mark.usefixtures("double")
def test_keras_s_schedules_inside_ours_in_double_precision():
    inner = keras_schedules.CosineDecay(0.1, 50)  # computes in float32 even so
    around = [
        *(WarmUp(inner, 5), Delay(inner, 5), Scale(inner, 0.5), Clamp(inner, 0.01), Repeat(inner, 20)),
        *(Join([inner, Constant(0.1)], [20]), KDecay(inner, 50, 2), AtWholeEpochs(inner, 2)),
    ]
    for schedule in around:
        assert schedule(np.arange(100)).dtype == "float64"


# Bad arguments, of every class and every argument in its signature

EXAMPLES = {
    type(one): {name: getattr(one, name) for name in inspect.signature(type(one)).parameters}
    for entry in reversed(ENTRIES)
    for one in within(built(entry.settings))
    if type(one) in SCHEDULES
}
BAD = {
    "negative": -1,
    "zero": 0,
    "nan": math.nan,
    "infinite": math.inf,
    "minus_infinite": -math.inf,
    "huge": 10**400,
    "text": "fast",
    "none": None,
    "true": True,
    "a_class": StepDecay,
    "empty": [],
}
FROM_ZERO = {
    Constant: {"initial_learning_rate"},
    LinearRamp: {"start_learning_rate", "end_learning_rate"},
    CosineRamp: {"start_learning_rate", "end_learning_rate"},
    TimeBasedDecay: {"decay"},
    NaturalExponentialDecay: {"decay_rate"},
    StepDecay: {"offset"},
    LinearStaircaseDecay: {"drop", "end_learning_rate"},
    AnnealingDecay: {"end_learning_rate"},
    OneMinusSquareRootDecay: {"end_learning_rate"},
    TanhDecay: {"lower", "upper", "end_learning_rate"},
    Delay: {"delay_steps"},
    WarmUp: {"start_learning_rate"},
    Clamp: {"minimum"},
    WarmupStableDecay: {"stable_steps", "start_learning_rate"},
    FlatThenCosine: {"flat_steps", "end_learning_rate"},
}
BELOW_ZERO = {TanhDecay: {"lower", "upper"}, Delay: {"delay_steps"}}
OPTIONAL = {
    **{cls: {"step_size_down"} for cls in (Triangular, Triangular2, ExpRange)},
    Clamp: {"maximum"},
}
FLAGS = {cls: {"three_phase"} for cls in (OneCycle, LinearOneCycle)}
GOOD = {"zero": FROM_ZERO, "negative": BELOW_ZERO, "none": OPTIONAL, "true": FLAGS}

ARGUMENTS = [(cls, name) for cls in SCHEDULES for name in EXAMPLES[cls]]


def refused(cls, name, bad, why):
    return [
        pytest.param(cls, {name: value}, name, id=f"{cls.__name__}-{name}-{what}")
        for what, value in bad.items()
        if (name in GOOD.get(what, {}).get(cls, ())) == why
    ]


@pytest.mark.parametrize(
    ("cls", "changes", "name"),
    [case for cls, name in ARGUMENTS for case in refused(cls, name, BAD, why=False)],
)
def test_bad_arguments_are_named_with_what_was_received(cls, changes, name):
    with pytest.raises(ValueError, match=rf"^Argument `{name}` must .*\. Received: {name}=") as error:
        cls(**{**EXAMPLES[cls], **changes})
    assert str(error.value).endswith(f"Received: {name}={changes[name]!r}")


@pytest.mark.parametrize(
    ("cls", "changes", "name"),
    [case for cls, name in ARGUMENTS for case in refused(cls, name, BAD, why=True)],
)
def test_the_few_arguments_that_may_be_zero_or_less_or_left_out(cls, changes, name):
    assert getattr(cls(**{**EXAMPLES[cls], **changes}), name) == changes[name]


@pytest.mark.parametrize(
    ("cls", "changes", "name"),
    [
        *[
            (cls, {"boundaries": value}, "boundaries")
            for cls in (MultiStepDecay, Join)
            for value in (
                [20, 10],
                [10, 10],
                [],
                [0, 10],
                [-5, 10],
                [10, math.nan],
                ["10", 20],
                10,
                "10",
                {10: 20},
            )
        ],
        *[
            (Join, {"schedules": [Constant(0.1)] * 3, "boundaries": value}, "boundaries")
            for value in ([10], [10, 20, 30])
        ],
        (Join, {"schedules": [Constant(0.1)]}, "schedules"),
        *[
            (cls, changes, "pct_start")
            for cls in (OneCycle, LinearOneCycle)
            for changes in (
                {"pct_start": 1.0},
                {"pct_start": 1.5},
                {"pct_start": 0.01, "total_steps": 100},
                {"pct_start": 0.6, "three_phase": True},
                {"pct_start": 0.505, "total_steps": 100, "three_phase": True},
            )
        ],
        *[(cls, {"total_steps": 2}, "total_steps") for cls in (OneCycle, LinearOneCycle)],
        *[
            (cls, {name: 0.5}, name)
            for cls in (OneCycle, LinearOneCycle)
            for name in ("div_factor", "final_div_factor")
        ],
        (Trapezoid, {"total_steps": 100, "warm_up_steps": 101, "decay_steps": 1}, "warm_up_steps"),
        (Trapezoid, {"total_steps": 100, "warm_up_steps": 60, "decay_steps": 41}, "decay_steps"),
        (TanhDecay, {"lower": 3, "upper": 3}, "upper"),
        (TanhDecay, {"lower": 3, "upper": -7}, "upper"),
        *[
            (cls, {"initial_learning_rate": 0.1, "maximal_learning_rate": 0.05}, "maximal_learning_rate")
            for cls in (Triangular, Triangular2, ExpRange)
        ],
        (ExpRange, {"gamma": 1.01}, "gamma"),
        (Clamp, {"minimum": 0.1, "maximum": 0.05}, "maximum"),
        (AnnealingDecay, {"decay_steps": 10, "period": 11}, "period"),
        (AnnealingDecay, {"end_learning_rate": 0.2}, "end_learning_rate"),
        (LinearStaircaseDecay, {"end_learning_rate": 0.2}, "end_learning_rate"),
        (Repeat, {"period_factor": 0.5}, "period_factor"),
        (Repeat, {"period_factor": 1.001}, "period_factor"),
        (AtWholeEpochs, {"steps_per_epoch": 157.0}, "steps_per_epoch"),
    ],
)
def test_arguments_that_do_not_fit_each_other(cls, changes, name):
    with pytest.raises(ValueError, match=rf"^Argument `{name}` must .*\. Received: {name}=") as error:
        cls(**{**EXAMPLES[cls], **changes})
    assert str(error.value).endswith(f"Received: {name}={changes[name]!r}")


def test_what_is_no_schedule_among_schedules_is_named():
    with pytest.raises(
        ValueError,
        match=r"^Argument `schedules` must be a LearningRateSchedule\. Received: schedules=0\.1$",
    ):
        Join([Constant(0.1), 0.1], [10])
