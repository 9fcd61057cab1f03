"""docs/counterparts.md: what equals each schedule in other libraries, and where they disagree.

Made from `cifar_lr/catalogue.py` and `tests/golden/rates.json` by `make pages`. Every conversion on it is
computed and compared, step by step, in `tests/test_schedules.py`, which also measures its figures again.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from cifar_lr.catalogue import ENTRIES, OTHERS, Counterpart, Entry, Other, Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from golden import compare

LIBRARIES = {
    "keras": "Keras",
    "torch": "torch",
    "optax": "optax",
    "timm": "timm",
    "transformers": "transformers",
}


@dataclass(frozen=True)
class Finding:
    """How exact a schedule's rates are in float32, over so many steps down from 0.1; rounded up.

    Attributes:
        name: of the schedule, as shown.
        settings: as a run's YAML has them.
        steps: the length of the way down.
        fall: which way down it is.
        of_the_first: the largest error, as a share of the first rate.
        of_itself: the largest error, as a share of the rate that it is an error of.
    """

    name: str
    settings: Settings
    steps: int
    fall: str
    of_the_first: float
    of_itself: float


def _by_keras(class_name: str, steps: int, **others: float) -> Settings:
    return {
        "class_name": class_name,
        "config": {
            "initial_learning_rate": 0.1,
            f"{'first_' if 'Restarts' in class_name else ''}decay_steps": steps,
        }
        | others,
    }


def _ramp(class_name: str, steps: int) -> Settings:
    config = {"start_learning_rate": 0.1, "end_learning_rate": 0.0, "ramp_steps": steps}
    return {"class_name": class_name, "config": config}


def _around(class_name: str, schedule: Settings, **others: float) -> Settings:
    return {"class_name": class_name, "config": {"schedule": schedule, **others}}


def _findings() -> Iterator[Finding]:
    shares = iter(_SHARES)
    for steps in (100, 15_700):
        cosine = _ramp("CosineRamp", steps)
        polynomial = {"end_learning_rate": 0.0}
        for name, settings, fall in (
            ("Keras's `CosineDecay`", _by_keras("CosineDecay", steps), "cosine"),
            ("Keras's `CosineDecayRestarts`", _by_keras("CosineDecayRestarts", steps), "cosine"),
            ("`CosineRamp`", cosine, "cosine"),
            ("`Repeat` of `CosineRamp`", _around("Repeat", cosine, period=steps), "cosine"),
            ("Keras's `PolynomialDecay`", _by_keras("PolynomialDecay", steps, **polynomial), "line"),
            ("`LinearRamp`", _ramp("LinearRamp", steps), "line"),
            (
                "Keras's `PolynomialDecay`, power 2",
                _by_keras("PolynomialDecay", steps, **polynomial, power=2.0),
                "square",
            ),
            (
                "Keras's `PolynomialDecay`, power 0.5",
                _by_keras("PolynomialDecay", steps, **polynomial, power=0.5),
                "root",
            ),
            (
                "`KDecay` of `CosineRamp`, k 2",
                _around("KDecay", cosine, decay_steps=steps, k=2.0),
                "cosine with k=2",
            ),
        ):
            yield Finding(name, settings, steps, fall, *next(shares))


# Measured, and rounded up: of the first rate, of the rate itself.
_SHARES = (
    *((9e-8, 6e-5), (9e-8, 6e-5), (2e-7, 3e-7), (2e-7, 3e-7), (7e-8, 1e-6), (8e-8, 2e-7)),
    *((1e-7, 2e-6), (2e-7, 5e-7), (3e-7, 3e-6)),
    *((2e-7, 1), (2e-7, 1), (3e-7, 4e-7), (3e-7, 4e-7), (9e-8, 4e-4), (8e-8, 2e-7)),
    *((2e-7, 8e-4), (2e-6, 2e-4), (4e-7, 2e-3)),
)
PRECISION = tuple(_findings())

INTRODUCTION = """\
# Counterparts

What gives the same rates as each schedule in Keras, torch, optax, timm and transformers. `make pages` writes
this page from `cifar_lr/catalogue.py`; [schedules.md](schedules.md) shows the schedules themselves.

All of it was computed with the libraries themselves: {cases} sets of arguments, {steps:,} steps, over whole
decays, across their boundaries and beyond their ends, up to the step, if there is one, from which the two
are [known to differ](#where-libraries-disagree). In double precision the relative error is at most 1e-9
(Keras's own given NumPy's float64; `reduce_on_plateau` was compared in float32 only); in float32 it is at
most 1e-5 of the rate itself, or 3e-7 of the highest rate where Keras's own cosines and polynomials are part
of ours ([Precision](#precision)). `make golden` computes the rates of {versions} again (optax computes with
jax); those of Keras, of the version in `requirements.lock`, are computed by the tests, which compare.
"""

TABLE = """\
## At a glance

Step 0 is the first update everywhere. *Keras's* is a class of Keras's own, used as it is.
"""

CONVERSIONS = """\
## Conversions

In ours, a bare name stands for the value of their argument of that name. `lr` is the rate that the
optimizer was made with, which torch, timm and transformers start from. `products(a, factors)` is a, then a
times the first factor, then that times the second. Where ours has one factor for several of theirs, all of
theirs are equal. Schedules of schedules are shown with the numbers that were compared.
"""

DISAGREEMENTS = """\
## Where libraries disagree

Each pair agrees before the step that is named, and differs there. Most can be made to agree everywhere: see
[Conversions](#conversions) for another line of the same class.
"""

PRECISION_TEXT = """\
## Precision

- **Ours keep the digits of the rate itself**, down to the last step: they compute no difference from 1. Only
  `KDecay` hands on a bent clock, in float32, and so loses digits at the end.
- **Keras's own lose digits near the end**, where they compute `1 - p` and `1 + cos`. What is lost is little
  beside the first rate, but all of the rate at the end of a long cosine: of 15,700 steps, the last has a rate
  of 0 with `CosineDecay`, of 1e-9 with `CosineRamp`.
- **Keras's own compute in float32 whatever `floatx` is**: in the type of their first argument, so in double
  precision if it is NumPy's float64. Ours follow `floatx`, also around Keras's.
- **Keras's staircase and restarts come a step late in a compiled fit**, at some lengths: TensorFlow
  compiles their `floor(step / decay_steps)` as a product with the reciprocal, by which 41 / 41 is less
  than one. That is so for 23 of the lengths from 1 to 199 with `ExponentialDecay(staircase=True)` and
  `CosineDecayRestarts(t_mul=1.0)`, for none with `StepDecay` and `Repeat`.
- **Keras's `CosineDecay` with `warmup_target` takes one step, no array of steps**: it asks `cond`. All others
  take both.

The largest errors in float32 on the way down from 0.1 to 0, rounded up; the tests measure them again:
"""

NOT_HERE = """\
## What has no counterpart

- Of theirs, among others: torch's `LambdaLR` and `MultiplicativeLR`, momentum that cycles, and
  `ChainedScheduler` of two curves; optax's `exponent` of a cosine; timm's noise, its cool-down `exp`, and a
  cool-down from a stable phase that falls; transformers' `GreedyLR`, and its rise `1-sqrt`.
- Of ours, there: {ours}.
"""


def counterparts_page() -> str:
    """Return the text of docs/counterparts.md."""
    listed = [counterpart for entry in (*ENTRIES, *OTHERS) for counterpart in entry.counterparts]
    introduction = INTRODUCTION.format(
        cases=len(listed),
        steps=sum(counterpart.steps for counterpart in listed),
        versions=", ".join(f"{name} {version}" for name, version in compare.versions().items()),
    )
    sections = [
        introduction,
        TABLE,
        _table(["schedule", "ours", *LIBRARIES.values()], map(_glance, (*ENTRIES, *OTHERS))),
        CONVERSIONS,
        *(_conversions(entry) for entry in (*ENTRIES, *OTHERS) if entry.counterparts),
        DISAGREEMENTS,
        _table(["schedule", "theirs", "step", "their rate", "ours", "who does what"], _disagreements()),
        PRECISION_TEXT,
        _table(["schedule", "steps", "of the first rate", "of the rate itself"], map(_precision, PRECISION)),
        NOT_HERE.format(ours=", ".join(f"`{e.name}`" for e in ENTRIES if not e.counterparts)),
    ]
    return "\n".join(sections)


def _table(columns: list[str], rows: Iterable[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _glance(entry: Entry | Other) -> list[str]:
    by_library: dict[str, dict[str, None]] = {library: {} for library in LIBRARIES}
    for counterpart in entry.counterparts:
        by_library[counterpart.library][f"`{counterpart.call}`"] = None
    cells = ["<br>".join(calls) for calls in by_library.values()]
    name = f"[{entry.name}](#{entry.name})" if entry.counterparts else entry.name
    if isinstance(entry, Other):
        return [name, "-", f"`{_root(entry.yaml)}`", *cells[1:]]
    cls = str(entry.settings["class_name"])
    keras_s = compare.is_keras_s(compare.built({**entry.settings, "unit": "step"}))
    return [name, *(["*Keras's*", f"`{cls}`"] if keras_s else [f"`{cls}`", cells[0]]), *cells[1:]]


def _root(yaml: str) -> str:
    return yaml.partition("class_name: ")[2].split()[0]


def _conversions(entry: Entry | Other) -> str:
    pairs = [
        (
            LIBRARIES[counterpart.library],
            f"`{_shown(counterpart)}`",
            f"`{counterpart.ours}`",
            counterpart.note,
        )
        for counterpart in entry.counterparts
    ]
    rows = [list(pair) for pair in dict.fromkeys(pairs)]
    return f"### {entry.name}\n\n{_table(['library', 'theirs', 'ours', 'where they differ'], rows)}"


def _shown(counterpart: Counterpart) -> str:
    """Return a call of theirs with the values of what is not a number: schedules, and their boundaries."""
    if any(
        isinstance(value, list) and isinstance(value[0], tuple | dict)
        for value in counterpart.arguments.values()
    ):
        return _call(counterpart.call, counterpart.arguments)
    return counterpart.theirs


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={_value(value)}' for key, value in arguments.items())})"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return _call(*value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)


def _disagreements() -> Iterator[list[str]]:
    of = [
        (entry, c) for entry in (*ENTRIES, *OTHERS) for c in entry.counterparts if c.agrees_until is not None
    ]
    for _, group in groupby(of, key=lambda pair: (pair[0].name, pair[1].theirs, pair[1].note)):
        entry, counterpart = next(group)
        step = counterpart.agrees_until or 0
        rate = counterpart.initial_learning_rate
        yield [
            entry.name,
            f"{LIBRARIES[counterpart.library]} `{_call(counterpart.call, counterpart.arguments)}`"
            + ("" if rate is None else f", lr {rate:g}"),
            str(step),
            f"{compare.theirs(counterpart)[step]:.4g}",
            f"{compare.ours(counterpart, double=True)[step]:.4g}",
            counterpart.note,
        ]


def _precision(finding: Finding) -> list[str]:
    return [finding.name, f"{finding.steps:,}", f"{finding.of_the_first:.0e}", f"{finding.of_itself:.0e}"]
