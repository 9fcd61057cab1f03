"""A claim ledger: statements about runs, as data, and the verdict of finished histories on each.

    claims:
      - id: step-is-best
        statement: Of the four schedules, step decay ends with the highest accuracy.
        source: the article's figure 5
        metric: val_final_accuracy
        higher: step
        than: [constant, time_based, exponential]

A claim says that a number is `higher` (or `lower`) for one run `than` for each of others, by more than `by`
(default 0; `by: -0.01`: at most a point lower). In the place of a run there may be

    {mean_of: [a, b, ...]}      seed by seed, the mean over runs
    {best_of: [a, b, ...]}      the run with the highest mean accuracy on the images it is validated on
    {regret_of: [a, b, ...]}    seed by seed, that run's number less the mean: what a blind choice costs

and `metric: {name: val_early_accuracy, epochs: 20}` for one that takes a setting. `suite: momentum` takes the
runs from the results beside. Seeds are compared in pairs. Nothing here knows what is claimed.

A claim is **supported** if every difference is beyond the margin with its whole 95% interval,
**contradicted** if some difference is on the other side with its whole interval, adjusted for their number
(Holm), and else **undecided**. Where differences are roughly normal, a claim that is not true is supported,
and one that is true contradicted, with a probability of at most 2.5% each. Where a few seeds never learn,
they are not, and a verdict of few seeds errs more often: `tests/test_claims.py` has how often.
"""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)

from cifar_lr import conclusions, estimates, metrics, summary
from cifar_lr.config import ConfigError, nearest, one_line, read_yaml, resolve
from cifar_lr.estimates import FEWEST, BySeed, Comparison
from cifar_lr.history import History
from cifar_lr.metrics import Metric, MetricError

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["supported", "contradicted", "undecided"]

USUAL: Final = "val_final_accuracy"  # the metric of a claim that names none
ALPHA: Final = 0.05
FEWEST_SEEDS: Final = 3  # for a verdict
MOST_LISTED: Final = 4  # runs in a sentence; of more, the first and the last
RANKED: Final = {
    "supported": "the least clear of",
    "contradicted": "the clearest of",
    "undecided": "the least favourable of the doubtful ones among",
}
TOO_RARELY: Final = (
    "Where that happens to some seeds, an interval from few seeds holds the true mean less often than stated"
)
MAX_CLAIMS: Final = 200
TAGS: Final = ("run", "group", "plain", "set")  # of what may be one of two things
MAX_EXTENDS: Final = 10


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line without control characters")
    return text


Text = Annotated[
    str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), AfterValidator(_printable)
]
RunName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _each_once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if twice := [value for value in values if values.count(value) > 1]:
        raise ValueError(f"must be different ones. Received twice: {twice[0]!s:.80}")
    return values


Runs = Annotated[tuple[RunName, ...], Field(min_length=2, max_length=100), AfterValidator(_each_once)]


class ClaimError(Exception):
    """A ledger that can not be used. The message is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Group(_Strict):
    """Several runs in the place of one: exactly one of the three is given."""

    mean_of: Runs | None = None
    best_of: Runs | None = None
    regret_of: Runs | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if sum(runs is not None for runs in (self.mean_of, self.best_of, self.regret_of)) != 1:
            raise ValueError("must have exactly one of mean_of, best_of, regret_of")
        return self

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs."""
        return self.mean_of or self.best_of or self.regret_of or ()


GROUPS: Final = tuple(Group.model_fields)


def _kind_of_side(value: Any) -> str | None:
    if isinstance(value, str):
        return "run"
    return (
        "group" if isinstance(value, Group) or (isinstance(value, dict) and {*value} <= {*GROUPS}) else None
    )


Side = Annotated[
    Annotated[RunName, Tag("run")] | Annotated[Group, Tag("group")],
    Discriminator(
        _kind_of_side,
        custom_error_type="side",
        custom_error_message=f"must be a run's name, or a mapping with one of {', '.join(GROUPS)}",
    ),
]


def _side_or_sides(value: Any) -> Any:
    return [value] if isinstance(value, str | dict | Group) else value


Sides = Annotated[
    tuple[Side, ...],
    Field(min_length=1, max_length=100),
    AfterValidator(_each_once),
    BeforeValidator(_side_or_sides, json_schema_input_type=tuple[Side, ...] | Side),
]


class MetricSetting(_Strict):
    """A metric that takes a setting."""

    name: str = Field(max_length=100)
    epochs: int | None = Field(None, ge=1, le=10**6, strict=True)
    accuracy: float | None = Field(None, ge=0, le=1, strict=True)

    def settings(self) -> dict[str, float]:
        """Return what is set."""
        return self.model_dump(exclude={"name"}, exclude_none=True)


def _kind_of_metric(value: Any) -> str | None:
    if isinstance(value, str):
        return "plain"
    return "set" if isinstance(value, dict | MetricSetting) else None


class Claim(_Strict):
    """A statement that histories can support or contradict."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
    statement: Text
    source: Text | None = None
    suite: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+=,-]{0,199}$")] | None = None
    metric: Annotated[
        Annotated[str, Tag("plain")] | Annotated[MetricSetting, Tag("set")],
        Discriminator(
            _kind_of_metric,
            custom_error_type="metric",
            custom_error_message="must be a metric's name, or a mapping with its name and what it takes",
        ),
    ] = USUAL
    higher: Side | None = None
    lower: Side | None = None
    than: Sides
    by: float = Field(0.0, ge=-1e6, le=1e6, strict=True)

    @model_validator(mode="after")
    def _can_be_measured(self) -> Self:
        if (self.higher is None) == (self.lower is None):
            raise ValueError("must have either higher or lower")
        if self.subject in self.than:
            raise ValueError("compares something with itself")
        if len({isinstance(side, Group) and side.regret_of is not None for side in self.sides}) > 1:
            raise ValueError(
                "compares what a choice costs with what a run reaches; regret_of goes with regret_of"
            )
        try:
            self.measure()
        except MetricError as error:
            raise ValueError(str(error)) from None
        if self.measure().unit == "accuracy" and abs(self.by) >= 1:
            raise ValueError(f"by: must be a share, as in 0.01 for a point. Received: {self.by:g}")
        return self

    @property
    def subject(self) -> Side:
        """What is said to be higher or lower."""
        return self.higher if self.higher is not None else self.lower  # type: ignore[return-value]

    @property
    def sign(self) -> int:
        """1 if the subject is said to be higher, -1 if lower."""
        return 1 if self.higher is not None else -1

    @property
    def runs(self) -> list[str]:
        """All runs that it speaks of, each once."""
        return list(dict.fromkeys(run for side in self.sides for run in _runs_of(side)))

    @property
    def sides(self) -> tuple[Side, ...]:
        """What it compares: the subject, then the others."""
        return self.subject, *self.than

    def measure(self) -> Metric:
        """Return its metric."""
        if isinstance(self.metric, str):
            return metrics.metric(self.metric)
        return metrics.metric(self.metric.name, **self.metric.settings())


class _Claims(_Strict):
    """What one file says."""

    claims: tuple[Claim, ...]


class Ledger(_Strict):
    """The claims of a file, and of what it extends."""

    claims: Annotated[tuple[Claim, ...], Field(min_length=1, max_length=MAX_CLAIMS)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [claim.id for claim in self.claims]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"the id {min(twice)} is there twice")
        return self


@dataclass(frozen=True)
class Difference:
    """The subject of a claim against one of the others, positive in the claimed direction.

    Attributes:
        other: what it is compared with, in words.
        comparison: the numbers.
        p_against: the probability of a difference this far on the wrong side of the margin, if it were the
            truth; one-sided, adjusted for the number of others.
    """

    other: str
    comparison: Comparison
    p_against: float


@dataclass(frozen=True)
class Outcome:
    """A claim's verdict.

    Attributes:
        claim: the claim.
        verdict: what the histories say.
        explanation: why, in plain words, with numbers.
        differences: one for each of the others; none where there was nothing to compare.
        notes: what is missing or special, a sentence each.
        at_chance: how many seeds ended at chance, of the runs in the difference that decided.
        there: whether there are results of the suite that it speaks of.
    """

    claim: Claim
    verdict: Verdict
    explanation: str
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    at_chance: int = 0
    there: bool = True

    @property
    def sentence(self) -> str:
        """The verdict and why."""
        return f"{self.verdict.capitalize()}: {self.explanation}"

    @property
    def decisive(self) -> Difference | None:
        """The difference that decided; of several that leave it undecided, the least favourable."""
        return _decisive(self.verdict, self.differences) if self.differences else None


def load(path: Path) -> Ledger:
    """Read a ledger. One that `extends` another has its claims first, less those whose id it has itself.

    Raises:
        ClaimError: if it can not be read or is not a ledger; the message names the file and the key.
    """
    return _load(path, str(path), ())


def _load(path: Path, where: str, children: tuple[Path, ...]) -> Ledger:
    try:
        resolved = resolve(path, where)
        tree = read_yaml(path, where)
    except ConfigError as error:
        raise ClaimError(str(error)) from None
    if resolved in children or len(children) > MAX_EXTENDS:
        raise ClaimError(f"{path}: extends: goes in a circle, or too deep")
    parent = tree.pop("extends", None)
    if not isinstance(parent, str | None):
        raise ClaimError(f"{path}: extends: must be a file name. Received: {parent!r:.80}")
    inherited: tuple[Claim, ...] = ()
    if parent:
        further = f"{path}: extends: {parent:.100}"
        inherited = _load(path.parent / parent, further, (*children, resolved)).claims
        tree.setdefault("claims", [])
    try:
        own = _Claims.model_validate(tree).claims
        kept = [claim for claim in inherited if claim.id not in {one.id for one in own}]
        return Ledger(claims=(*kept, *own))
    except ValidationError as error:
        raise ClaimError(_explain(path, error)) from None


def _explain(path: Path, error: ValidationError) -> str:
    errors = error.errors(include_url=False)
    # A misspelt key is missing as well: what it was misspelt as says more.
    unknown = next((one["loc"] for one in errors if one["type"] == "extra_forbidden"), None)
    if unknown is not None:
        return f"{path}: {_unknown_key(unknown)}"
    first = errors[0]
    at = ".".join(str(part) for part in first["loc"] if part not in TAGS)
    problem = first["msg"].removeprefix("Value error, ").replace(" after validation", "")
    problem = (problem[:1].lower() + problem[1:]).replace("tuple", "list")
    received = "" if first["type"] in {"missing", "value_error"} else f". Received: {first['input']!r:.80}"
    return f"{path}: {at + ': ' if at else ''}{problem}{received}"


def _unknown_key(loc: Sequence[str | int]) -> str:
    """Return where a key is that nothing is known of, and what it may have been meant to be."""
    *within, key = loc
    at = ".".join(str(part) for part in (*(part for part in within if part not in TAGS), key))
    known = {1: ("claims", "extends"), 3: tuple(Claim.model_fields)}  # by depth: the file, one of its claims
    deeper = (*GROUPS, *MetricSetting.model_fields)
    return f"{at}: unknown key{nearest(str(key), known.get(len(loc), deeper))}"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a ledger's file, which may leave its claims to what it extends."""
    tree = Ledger.model_json_schema()
    tree.pop("required")
    extends = {"type": "string", "description": "A ledger, from here, whose claims come first."}
    tree["properties"] = {"extends": extends, **tree["properties"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **tree}


def judge(ledger: Ledger, results: Mapping[str | None, Sequence[History]]) -> list[Outcome]:
    """Return the verdict on every claim, in the ledger's order.

    Args:
        ledger: the claims.
        results: the histories of each suite that a claim names; those of None are for claims that name none.
            What is not there, or is on other images than those of None, leaves a claim undecided.
    """
    images = {history.record.data.label for history in results.get(None, ())}
    return [_judge(claim, results.get(claim.suite, ()), images) for claim in ledger.claims]


def table(outcomes: Sequence[Outcome]) -> "pd.DataFrame":
    """Return one row per claim: its verdict, and the numbers that decided, in the claimed direction."""
    import pandas as pd

    rows = []
    for outcome in outcomes:
        claim, decisive = outcome.claim, outcome.decisive
        numbers = decisive.comparison if decisive else None
        needed = np.nan
        if decisive and outcome.verdict == "undecided":
            needed = _needed(claim, decisive, len(outcome.differences))
        rows.append(
            {
                "id": claim.id,
                "verdict": outcome.verdict,
                "statement": claim.statement,
                "source": claim.source,
                "metric": claim.measure().words,
                "unit": claim.measure().unit,
                "than": decisive.other if decisive else None,
                "compared": len(outcome.differences),
                "n": numbers.n if numbers else 0,
                "difference": numbers.difference if numbers else np.nan,
                "low": numbers.low if numbers else np.nan,
                "high": numbers.high if numbers else np.nan,
                "margin": claim.by,
                "p_against": decisive.p_against if decisive else np.nan,
                "seeds_needed": needed,
                "at_chance": outcome.at_chance,
                "there": outcome.there,
                "sentence": outcome.sentence,
                "notes": " ".join(outcome.notes),
            }
        )
    return pd.DataFrame(rows)


class _UnanswerableError(Exception):
    """Why results say nothing about a claim. The message is the rest of a sentence."""


@dataclass(frozen=True)
class _Numbers:
    """What stands for one side of a claim."""

    words: str
    by_seed: BySeed
    runs: tuple[str, ...]  # of which it is made


@dataclass(frozen=True)
class _Results:
    """What a claim is held against; `tested` says whether by accuracies on the test images."""

    groups: Mapping[str, Sequence[History]]
    measured: Mapping[str, BySeed]
    tested: bool
    notes: list[str]


def _judge(claim: Claim, histories: Sequence[History], images: AbstractSet[str]) -> Outcome:
    notes: list[str] = []
    if not histories:
        where = f"the results of {claim.suite}" if claim.suite else "the results"
        return Outcome(claim, "undecided", f"{where} are not there.", there=False)
    try:
        groups = _groups(claim, histories, images)
        measured = _measured(claim, groups, notes)
        results = _Results(groups, measured, claim.measure() == metrics.metric("test_accuracy"), notes)
        subject, *others = (_side(side, results) for side in (claim.subject, *claim.than))
        notes += _notes_of_chance(groups, (subject, *others))
        differences = _differences(claim, subject, others)
    except (_UnanswerableError, estimates.EstimateError, MetricError) as error:
        return Outcome(claim, "undecided", f"{error}.", notes=tuple(dict.fromkeys(notes)))
    verdict = _verdict(claim, differences)
    explanation = _explanation(claim, verdict, subject.words, differences)
    decided = others[differences.index(_decisive(verdict, differences))]
    at_chance = sum(map(len, _at_chance(groups, (subject, decided)).values()))
    return Outcome(claim, verdict, explanation, differences, tuple(dict.fromkeys(notes)), at_chance)


def _groups(claim: Claim, histories: Sequence[History], images: AbstractSet[str]) -> dict[str, list[History]]:
    """Return the histories of each run that a claim speaks of; all must be of the same images and length.

    Another suite's may be other ones of the same kind, as are those with some held out.
    """
    where = f"the results of {claim.suite}" if claim.suite else "the results"
    every = summary.runs(histories)
    if absent := [run for run in claim.runs if run not in every]:
        are = "is" if len(absent) == 1 else "are"
        raise _UnanswerableError(
            f"{', '.join(absent)} {are} not among {where}{nearest(absent[0], every, '')}"
        )
    groups = {run: every[run] for run in claim.runs}
    of_all = [history.record for group in groups.values() for history in group]
    if len({record.data.fingerprint for record in of_all}) > 1:
        raise _UnanswerableError("its runs are on different images")
    if len({record.epochs for record in of_all}) > 1:
        raise _UnanswerableError("its runs are of different lengths")
    if claim.suite and (other := {record.data.label for record in of_all} - images):
        raise _UnanswerableError(f"{where} are on {min(other)}, and these on {', '.join(sorted(images))}")
    return groups


def _measured(
    claim: Claim, groups: Mapping[str, Sequence[History]], notes: list[str]
) -> dict[str, dict[int, float]]:
    """Return each run's number by seed; a seed that diverged counts as guessing, one that is missing not."""
    metric = claim.measure()
    measured: dict[str, dict[int, float]] = {}
    seeds = {history.seed for group in groups.values() for history in group}
    for run, group in groups.items():
        summary.refuse_mixtures(group)
        diverged = [history.seed for history in group if history.record.status == "diverged"]
        if diverged and not metric.guessed:
            raise _UnanswerableError(f"{summary.name_seeds(diverged)} of {run} diverged")
        by_seed = {history.seed: metric.at_end(history) for history in summary.ended(group)}
        if diverged:
            notes.append(f"Diverged, which counts as guessing: {summary.name_seeds(diverged)} of {run}.")
        if lacking := seeds - by_seed.keys():
            notes.append(f"Not done: {summary.name_seeds(lacking)} of {run}.")
        if never := [seed for seed, number in by_seed.items() if not np.isfinite(number)]:
            raise _UnanswerableError(f"{summary.name_seeds(never)} of {run} never reached such an accuracy")
        measured[run] = by_seed
    return measured


def _notes_of_chance(groups: Mapping[str, Sequence[History]], sides: Sequence[_Numbers]) -> list[str]:
    at_chance = _at_chance(groups, sides)
    named = "; ".join(f"{summary.name_seeds(seeds)} of {run}" for run, seeds in at_chance.items())
    return [f"Ended at chance: {named}. {TOO_RARELY}."] if named else []


def _at_chance(groups: Mapping[str, Sequence[History]], sides: Sequence[_Numbers]) -> dict[str, list[int]]:
    """Return which finished seeds ended at chance, of each run in these sides that has one."""
    found = {
        run: [history.seed for history in groups[run] if history.done and metrics.ended_at_chance(history)]
        for run in dict.fromkeys(run for side in sides for run in side.runs)
    }
    return {run: seeds for run, seeds in found.items() if seeds}


def _side(side: Side, results: _Results) -> _Numbers:
    if isinstance(side, str):
        return _Numbers(side, results.measured[side], (side,))
    if side.best_of:
        chosen = _best(side.best_of, results)
        candidates = sum(bool(results.measured[run]) for run in side.best_of)
        return _Numbers(f"{chosen} (chosen of {candidates})", results.measured[chosen], (chosen,))
    common = set.intersection(*(set(results.measured[run]) for run in side.runs))
    means = {
        seed: float(np.mean([results.measured[run][seed] for run in side.runs])) for seed in sorted(common)
    }
    if side.mean_of:
        return _Numbers(f"the mean of {_listed(side.runs)}", means, side.runs)
    best = results.measured[_best(side.runs, results)]
    regret = {seed: best[seed] - mean for seed, mean in means.items()}
    return _Numbers(f"what a blind choice among {_listed(side.runs)} costs", regret, side.runs)


def _best(runs: Sequence[str], results: _Results) -> str:
    """Return the run with the highest mean accuracy on the images that it is validated on."""
    candidates = [run for run in runs if results.measured[run]]
    if not candidates:
        raise _UnanswerableError(f"no seed of {_listed(runs)} is done")
    chosen = conclusions.best({run: results.groups[run] for run in candidates})
    if results.groups[chosen][0].record.data.test_images is None or not results.tested:
        results.notes.append(f"{chosen} was chosen on the images that it is compared on, which favours it.")
    return chosen


def _differences(claim: Claim, subject: _Numbers, others: Sequence[_Numbers]) -> tuple[Difference, ...]:
    sign = claim.sign
    mine = {seed: sign * number for seed, number in subject.by_seed.items()}
    if apart := [other.words for other in others if not mine.keys() & other.by_seed.keys()]:
        raise _UnanswerableError(f"{subject.words} and {apart[0]} have no seed in common")
    compared = [
        estimates.compare(
            mine, {seed: sign * number for seed, number in other.by_seed.items()}, margin=claim.by
        )
        for other in others
    ]
    one_sided = [c.p / 2 if c.difference < claim.by else 1 - c.p / 2 for c in compared]
    return tuple(
        Difference(other.words, comparison, float(p))
        for other, comparison, p in zip(others, compared, estimates.holm(one_sided), strict=True)
    )


def _verdict(claim: Claim, differences: Sequence[Difference]) -> Verdict:
    if min(one.comparison.n for one in differences) < FEWEST_SEEDS:
        return "undecided"
    if all(one.comparison.low > claim.by for one in differences):
        return "supported"
    if any(one.p_against <= ALPHA / 2 for one in differences):
        return "contradicted"
    return "undecided"


def _decisive(verdict: Verdict, differences: Sequence[Difference]) -> Difference:
    few = [one for one in differences if one.comparison.n < FEWEST_SEEDS]
    if verdict == "contradicted":
        return min(differences, key=lambda one: np.nan_to_num(one.p_against, nan=1.0))
    if verdict == "supported":
        return min(differences, key=lambda one: one.comparison.low)
    in_doubt = few or [one for one in differences if not one.comparison.low > one.comparison.margin]
    return min(in_doubt, key=lambda one: one.comparison.difference)


def _explanation(claim: Claim, verdict: Verdict, subject: str, differences: Sequence[Difference]) -> str:
    """Say why that is the verdict, with the difference that decided."""
    decisive, unit = _decisive(verdict, differences), claim.measure().unit
    numbers = decisive.comparison
    of_all = f" ({RANKED[verdict]} {len(differences)})" if len(differences) > 1 else ""
    how = _how(numbers.difference * claim.sign, unit)
    spread = _spread(numbers, unit)
    measure = "" if claim.measure() == metrics.metric(USUAL) else f" in the {claim.measure().words}"
    said = f"{subject} is {how[0]} {decisive.other}{of_all}{how[1]}{measure}{_claimed(claim)} ({spread})"
    return f"{said}.{_advice(claim, verdict, decisive, len(differences))}"


def _how(difference: float, unit: str) -> tuple[str, str]:
    """Say how the subject lies to the other, before it is named and after."""
    size = _number(abs(difference), unit)
    if float(size) == 0:
        return "as high as", ""
    return ("higher than" if difference > 0 else "lower than"), f" by {_with_unit(size, unit)}"


def _spread(numbers: Comparison, unit: str) -> str:
    """Say how sure a difference is, in the direction in which it is said."""
    if numbers.n < FEWEST:
        return "one seed, so no interval"
    if np.isnan(numbers.low):
        return f"the same in all seeds, so no interval; n = {numbers.n} seeds"
    ends = (numbers.low, numbers.high) if numbers.difference >= 0 else (-numbers.high, -numbers.low)
    low, high = (_number(end, unit) for end in ends)
    return f"95% interval {low} to {high}; n = {numbers.n} seeds"


def _claimed(claim: Claim) -> str:
    """Say what a claim's margin asks for, if it has one."""
    size = _with_unit(_number(abs(claim.by), claim.measure().unit), claim.measure().unit)
    direction, opposite = ("higher", "lower") if claim.sign > 0 else ("lower", "higher")
    if claim.by > 0:
        return f", claimed: by more than {size} {direction}"
    return f", claimed: at most {size} {opposite}" if claim.by < 0 else ""


def _advice(claim: Claim, verdict: Verdict, decisive: Difference, tests: int) -> str:
    """Say what it would take to decide what is undecided."""
    numbers = decisive.comparison
    if verdict != "undecided":
        return ""
    if numbers.n < FEWEST_SEEDS:
        return f" It takes {FEWEST_SEEDS} seeds to say more."
    if np.isnan(numbers.low):
        return " How much other seeds would differ is not known from that."
    holm = (
        f" Adjusted for {tests} comparisons (Holm), p = {decisive.p_against:.3f} is not below {ALPHA / 2:g}."
    )
    kept = holm if numbers.high < claim.by else ""
    needed, this = _needed(claim, decisive, tests), " this one" if tests > 1 else ""
    if np.isnan(needed):
        return (
            f"{kept} No number of seeds that could be trained would decide{this}, if that is the difference."
        )
    return (
        f"{kept} If that is the difference, about {needed:.0f} seeds would decide{this}, four times in five."
    )


def _needed(claim: Claim, decisive: Difference, tests: int) -> float:
    """Return with how many seeds in all an undecided difference would be told from the margin, mostly."""
    numbers = decisive.comparison
    needed = numbers.seeds_needed(tests if numbers.difference < claim.by else 1)
    return float(np.maximum(needed, numbers.n + 1))  # NaN stays NaN


def _number(value: float, unit: str) -> str:
    text = f"{100 * value:.2f}" if unit == "accuracy" else f"{value:.1f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {'points' if unit == 'accuracy' else unit}"


def _listed(runs: Sequence[str]) -> str:
    if len(runs) > MOST_LISTED:
        return f"{runs[0]} ... {runs[-1]} ({len(runs)} runs)"
    return f"{', '.join(runs[:-1])} and {runs[-1]}"


def _runs_of(side: Side) -> tuple[str, ...]:
    return (side,) if isinstance(side, str) else side.runs


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))  # noqa: T201  `make schema` writes it to configs/claims-schema.json
