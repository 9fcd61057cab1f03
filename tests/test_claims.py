"""The verdicts of histories on claims: right as often as stated, and silent about nothing."""

import gc

import numpy as np
import pytest
from conftest import ROOT
from histories import HELD_OUT, A, B, finals, got_right, history

from cifar_lr import claims, config
from cifar_lr.claims import Claim, ClaimError, Ledger

SUITES = 2000


def claim(**said):
    return Claim(**{"id": "a-claim", "statement": "A claim.", "higher": "a", "than": "b"} | said)


def verdict(histories, **said):
    [outcome] = claims.judge(Ledger(claims=(claim(**said),)), {None: histories})
    return outcome


def test_a_difference_with_its_whole_interval_on_the_claimed_side_supports():
    outcome = verdict(finals(a=A, b=B))
    assert outcome.verdict == "supported"
    # differences 1.1, 1.2, 0.9: mean 1.0667, deviation 0.1528, times 4.3027 / sqrt(3) is 0.3795
    assert outcome.sentence == (
        "Supported: a is higher than b by 1.07 points (95% interval 0.69 to 1.45; n = 3 seeds)."
    )


def test_a_difference_with_its_whole_interval_on_the_other_side_contradicts():
    outcome = verdict(finals(a=B, b=A))
    assert outcome.verdict == "contradicted"
    assert outcome.sentence == (
        "Contradicted: a is lower than b by 1.07 points (95% interval 0.69 to 1.45; n = 3 seeds)."
    )


def test_an_interval_that_holds_the_margin_leaves_it_undecided_and_says_how_many_seeds_would_not():
    outcome = verdict(finals(a=(0.70, 0.72, 0.71), b=(0.70, 0.70, 0.71)))
    assert outcome.verdict == "undecided"
    # differences 0, 2, 0: effect size 0.577, for which a paired t-test takes 26 pairs
    assert outcome.sentence.endswith(
        "If that is the difference, about 26 seeds would decide, four times in five."
    )


def test_a_claim_of_lower_is_one_of_higher_turned_round():
    assert verdict(finals(a=B, b=A), higher=None, lower="a").verdict == "supported"
    assert verdict(finals(a=A, b=B), higher=None, lower="a").verdict == "contradicted"


def test_a_margin_is_what_the_difference_must_exceed():
    assert verdict(finals(a=A, b=B), by=0.005).verdict == "supported"
    assert verdict(finals(a=A, b=B), by=0.0107).verdict == "undecided"
    assert verdict(finals(a=A, b=B), by=0.02).verdict == "contradicted"
    assert verdict(finals(a=B, b=A), by=-0.02).verdict == "supported"  # at most two points lower


def test_all_of_several_have_to_be_beaten():
    higher = (0.732, 0.742, 0.734)
    assert verdict(finals(a=A, b=B, c=B), than=("b", "c")).verdict == "supported"
    outcome = verdict(finals(a=A, b=B, c=higher), than=("b", "c"))
    assert outcome.verdict == "contradicted"
    assert "a is lower than c (the clearest of 2) by 2.00 points" in outcome.sentence


def test_the_difference_that_is_shown_is_the_one_that_left_it_undecided():
    scattered = (0.702, 0.500, 0.705)  # lower on average, but not surely
    outcome = verdict(finals(a=A, b=B, c=scattered), than=("b", "c"))
    assert outcome.verdict == "undecided"
    shown = "Undecided: a is higher than c (the least favourable of the doubtful ones among 2) by 8.03 points"
    assert outcome.sentence.startswith(shown)


def test_of_several_that_leave_it_undecided_the_least_favourable_is_shown():
    scattered, near = (0.702, 0.500, 0.705), (0.713, 0.720, 0.7155)
    outcome = verdict(finals(a=A, b=scattered, c=near), than=("b", "c"))
    assert (
        "a is lower than c (the least favourable of the doubtful ones among 2) by 0.02 points"
        in outcome.sentence
    )
    # differences -0.1, 0.1, -0.05: effect size 0.16, for which a paired t-test at 0.05 / 2 takes 374 pairs
    assert claims.table([outcome])["seeds_needed"][0] == 374
    assert outcome.sentence.endswith("about 374 seeds would decide this one, four times in five.")


def test_the_difference_that_is_shown_is_the_one_with_too_few_seeds():
    outcome = verdict(finals(a=A, b=B, c=B[:2]), than=("b", "c"))
    assert "a is higher than c" in outcome.sentence
    assert outcome.sentence.endswith("n = 2 seeds). It takes 3 seeds to say more.")


def test_a_contradiction_that_holm_takes_back_is_said():
    near = (0.716, 0.724, 0.7175)  # above a by 0.4, 0.3, 0.25 points: alone, that contradicts
    assert verdict(finals(a=A, b=near)).verdict == "contradicted"
    others = {"b": near, "c": A[::-1], "d": (0.70, 0.73, 0.71), "e": (0.71, 0.73, 0.70)}
    outcome = verdict(finals(a=A, **others), than=tuple(others))
    assert outcome.verdict == "undecided"
    # of -0.4, -0.3, -0.25: mean -0.317, deviation 0.076, t = -7.18; one-sided p = 0.0094, times 4
    assert "Adjusted for 4 comparisons (Holm), p = 0.038 is not below 0.025." in outcome.sentence


def test_a_margin_is_said_in_the_direction_of_the_claim():
    outcome = verdict(finals(a=B, b=A), higher=None, lower="a", by=-0.02)
    assert "a is lower than b by 1.07 points, claimed: at most 2.00 points higher (95%" in outcome.sentence
    outcome = verdict(finals(a=A, b=B), by=0.005)
    assert "by 1.07 points, claimed: by more than 0.50 points higher (95%" in outcome.sentence


def test_runs_that_come_to_the_same_are_as_high_as_each_other():
    outcome = verdict(finals(a=(0.70, 0.71, 0.72), b=(0.71, 0.70, 0.72)))
    assert outcome.sentence.startswith("Undecided: a is as high as b (95% interval -2.48 to 2.48")


def test_differences_that_are_all_alike_decide_nothing():
    outcome = verdict(finals(a=(0.75, 0.75, 0.75), b=(0.70, 0.70, 0.70)))
    assert outcome.sentence == (
        "Undecided: a is higher than b by 5.00 points (the same in all seeds, so no interval; n = 3 seeds). "
        "How much other seeds would differ is not known from that."
    )


def test_one_or_two_seeds_decide_nothing():
    assert verdict(finals(a=A[:2], b=B[:2])).verdict == "undecided"
    outcome = verdict(finals(a=A[:1], b=B[:1]))
    assert outcome.sentence == (
        "Undecided: a is higher than b by 1.10 points (one seed, so no interval). It takes 3 seeds to say more."
    )


def test_a_group_stands_for_its_mean_seed_by_seed():
    histories = finals(a=(0.8, 0.6, 0.7), b=(0.6, 0.8, 0.72), c=(0.69, 0.70, 0.70))
    outcome = verdict(histories, higher={"mean_of": ("a", "b")}, than="c")
    assert outcome.decisive.comparison.difference == pytest.approx((0.01 + 0 + 0.01) / 3)
    assert "the mean of a and b is higher than c" in outcome.sentence


def test_the_best_of_a_group_is_chosen_on_held_out_images_and_compared_on_others():
    histories = [
        history(run, seed, final, data=HELD_OUT)
        for run, final in (("a", 0.72), ("b", 0.71), ("c", 0.70))
        for seed in range(3)
    ]
    tested = {"a": 0.5, "b": 0.9, "c": 0.45}
    for one in histories:
        got_right(one, np.arange(2000) < 2000 * tested[one.run] + 10 * one.seed * (one.run == "a"))
    outcome = verdict(histories, metric="test_accuracy", higher={"best_of": ("a", "b")}, than="c")
    assert outcome.decisive.comparison.difference == pytest.approx(0.055)
    assert outcome.sentence.startswith("Supported: a (chosen of 2) is higher than c by 5.50 points")
    assert outcome.notes == ()


def test_choosing_on_held_out_images_and_comparing_on_the_same_is_said():
    histories = [history(run, seed, data=HELD_OUT) for run in "abc" for seed in range(3)]
    outcome = verdict(histories, higher={"best_of": ("a", "b")}, than="c")
    assert outcome.notes == ("a was chosen on the images that it is compared on, which favours it.",)


def test_choosing_on_the_images_that_are_compared_on_is_said():
    outcome = verdict(finals(a=A, b=B, c=B), higher={"best_of": ("a", "b")}, than="c")
    assert outcome.notes == ("a was chosen on the images that it is compared on, which favours it.",)


def test_what_a_blind_choice_costs():
    histories = finals(a=(0.7, 0.7, 0.7), b=(0.6, 0.6, 0.72), c=(0.7, 0.7, 0.7), d=(0.68, 0.66, 0.7))
    said = {"higher": {"regret_of": ("a", "b")}, "than": {"regret_of": ("c", "d")}}
    outcome = verdict(histories, **said)
    # a, the better on average, less the mean of a and b: 0.05, 0.05, -0.01; c less that of c and d: 0.01, 0.02, 0
    assert outcome.decisive.comparison.difference == pytest.approx((0.04 + 0.03 - 0.01) / 3)


def test_of_many_runs_a_sentence_names_the_first_and_the_last():
    said = {"higher": {"regret_of": tuple("abcd")}, "than": {"regret_of": tuple("efghi")}}
    outcome = verdict(finals(**dict.fromkeys("abcdefghi", A)), **said)
    assert "what a blind choice among a, b, c and d costs is " in outcome.sentence
    assert "what a blind choice among e ... i (5 runs) costs" in outcome.sentence


def test_a_blind_choice_among_runs_that_are_equally_good_costs_nothing():
    draws = np.random.default_rng(0)
    equal = {run: draws.normal(0.7, 0.006, 400) for run in "abcd"}
    nothing = {"e": [0.0] * 400, "f": [0.0] * 400}
    said = {"higher": {"regret_of": tuple("abcd")}, "than": {"regret_of": ("e", "f")}}
    outcome = verdict(finals(**equal, **nothing), **said)
    assert outcome.decisive.comparison.difference == pytest.approx(0, abs=0.001)


def test_a_seed_that_diverged_counts_as_guessing_and_that_is_said():
    histories = [*finals(a=A, b=B[:2]), history("b", 2, status="diverged")]
    outcome = verdict(histories)
    assert outcome.decisive.comparison.difference == pytest.approx((0.011 + 0.012 + 0.215) / 3)
    assert outcome.notes == ("Diverged, which counts as guessing: seed 2 of b.",)


def test_a_seed_that_diverged_has_no_gap_to_speak_of():
    histories = [history(run, seed, epochs=10) for run in "ab" for seed in (0, 1)]
    histories += [history("a", 2, epochs=10), history("b", 2, epochs=10, status="diverged")]
    outcome = verdict(histories, metric="gap")
    assert (outcome.verdict, outcome.sentence) == ("undecided", "Undecided: seed 2 of b diverged.")


@pytest.mark.parametrize("status", ["running", "failed"])
def test_seeds_that_are_not_done_are_left_out_and_that_is_said(status):
    histories = [*finals(a=(*A, 0.6), b=B), history("b", 3, 0.9, status=status)]
    outcome = verdict(histories)
    assert outcome.decisive.comparison.n == 3
    assert outcome.notes == ("Not done: seed 3 of b.",)


def test_seeds_that_ended_at_chance_are_named():
    outcome = verdict(finals(a=A, b=(0.701, 0.5, 0.52)))
    [note] = outcome.notes
    assert note == (
        "Ended at chance: seeds 1-2 of b. Where that happens to some seeds, an interval from few seeds "
        "holds the true mean less often than stated."
    )
    assert outcome.at_chance == 2


def test_a_candidate_that_was_not_chosen_is_not_in_the_difference():
    outcome = verdict(finals(a=A, b=B, dead=(0.5, 0.5, 0.5)), higher={"best_of": ("a", "dead")}, than="b")
    assert outcome.decisive.comparison.difference > 0
    assert outcome.at_chance == 0
    assert not any("Ended at chance" in note for note in outcome.notes)


def test_only_seeds_at_chance_in_the_difference_that_is_shown_are_counted():
    outcome = verdict(finals(a=A, b=(0.5, 0.5, 0.5), c=A[::-1]), than=("b", "c"))
    assert outcome.decisive.other == "c"
    assert (outcome.at_chance, len(outcome.notes)) == (0, 1)


@pytest.mark.parametrize(
    ("histories", "said", "sentence"),
    [
        ([], {}, "Undecided: the results are not there."),
        ([], {"suite": "other"}, "Undecided: the results of other are not there."),
        (finals(a=A), {}, "Undecided: b is not among the results."),
        (finals(a=A, bb=B), {}, "Undecided: b is not among the results; did you mean 'bb'?."),
        (finals(c=A), {}, "Undecided: a, b are not among the results."),
        (
            [*finals(a=A), *(history("b", seed, data=HELD_OUT.model_copy(update={"fingerprint": "other"}))
                             for seed in range(3))],
            {},
            "Undecided: its runs are on different images.",
        ),
        (
            [*finals(a=A), *(history("b", seed, epochs=4) for seed in range(3))],
            {},
            "Undecided: its runs are of different lengths.",
        ),
        ([history("a", 0), history("b", 1)], {}, "Undecided: a and b have no seed in common."),
        (
            finals(a=A, b=B),
            {"metric": {"name": "epochs_to_val_accuracy", "accuracy": 0.715}},
            "Undecided: seed 0 of a never reached such an accuracy.",
        ),
    ],
)  # fmt: skip
def test_what_can_not_be_compared_is_undecided_and_says_why(histories, said, sentence):
    outcome = verdict(histories, **said)
    assert (outcome.verdict, outcome.sentence) == ("undecided", sentence)


# How often verdicts are wrong ------------------------------------------------------------------------------


@pytest.fixture
def quick():
    """Let statsmodels, which collects garbage at each adjustment, find little of it."""
    gc.freeze()
    yield
    gc.unfreeze()


def verdict_on(stated, *accuracies):
    """Return the verdict on a claim about runs of which each has these accuracies, the first its subject."""
    subject, *others = (claims._Numbers("", dict(enumerate(of_run)), ()) for of_run in accuracies)
    return claims._verdict(stated, claims._differences(stated, subject, others))


def rates(shifts, suites=SUITES, seeds=10, **said):
    """Return how often each verdict comes, for runs a, b, ... whose true means differ by these shifts."""
    draws = np.random.default_rng(0)
    stated = claim(**said)
    found = []
    for _ in range(suites):
        luck = draws.normal(0, 0.004, seeds)  # what a seed means for all runs
        finals_ = [0.7 + shift + luck + draws.normal(0, 0.006, seeds) for shift in shifts]
        found.append(verdict_on(stated, *finals_))
    return {name: found.count(name) / suites for name in ("supported", "contradicted", "undecided")}


STATED = 0.025
ERROR = 3 * np.sqrt(STATED * (1 - STATED) / SUITES)  # three standard errors of a simulation


def test_where_a_seed_in_ten_never_learns_a_verdict_of_few_seeds_errs_more_often():
    """What is claimed, that a is higher, is false: its mean is 0.68, for it is at chance in one seed of ten."""
    draws = np.random.default_rng(0)
    wrong = 0
    for _ in range(SUITES):
        a = np.where(draws.random(5) < 0.1, 0.5, draws.normal(0.7, 0.006, 5))
        b = draws.normal(0.69, 0.006, 5)
        wrong += verdict_on(claim(), a, b) == "supported"
    assert 0.2 < wrong / SUITES < 0.4


@pytest.mark.usefixtures("quick")
def test_no_difference_is_rarely_called_one():
    found = rates((0, 0))
    assert found["supported"] <= STATED + ERROR
    assert found["contradicted"] <= STATED + ERROR


@pytest.mark.usefixtures("quick")
def test_none_of_three_that_are_as_high_is_called_higher_more_often_than_one_is():
    assert rates((0, 0, 0, 0), than=("b", "c", "d"))["contradicted"] <= STATED + ERROR


@pytest.mark.parametrize(("shift", "seen"), [(0.003, 0.05), (0.02, 0.99)])
def test_a_difference_is_seen_the_more_the_larger_it_is_and_never_the_wrong_way_round(shift, seen):
    found = rates((shift, 0))
    assert found["supported"] >= seen
    assert found["contradicted"] <= 0.01


@pytest.mark.usefixtures("quick")
def test_a_best_run_that_is_not_the_best_is_rarely_called_it():
    found = rates((0.02, 0.02, 0, 0), than=("b", "c", "d"))
    assert found["supported"] <= STATED + ERROR


# Ledgers ---------------------------------------------------------------------------------------------------


@pytest.fixture
def write(tmp_path):
    def write(text, name="claims.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


ONE = "claims:\n  - {id: one, statement: One., higher: a, than: b}\n"


def test_a_ledger_reads_as_it_is_written(write):
    [one] = claims.load(write(ONE)).claims
    assert (one.id, one.subject, one.than, one.sign, one.by) == ("one", "a", ("b",), 1, 0.0)


def test_a_ledger_that_extends_another_replaces_claims_of_the_same_id(write):
    write(ONE.replace("}\n", "}\n  - {id: two, statement: Two., higher: a, than: c}\n"), "other.yaml")
    text = "extends: other.yaml\nclaims:\n  - {id: one, statement: New., higher: a, than: b}\n"
    assert [one.statement for one in claims.load(write(text)).claims] == ["Two.", "New."]
    assert len(claims.load(write("extends: other.yaml\n")).claims) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1]", "must be a mapping of keys to values. Received: [1]"),
        ("claims: []", "claims: list should have at least 1 item, not 0. Received: ()"),
        (ONE.replace("b}", "[b, b]}"), "claims.0.than: must be different ones. Received twice: b"),
        (ONE.replace("b}", "{mean_of: [b, b]}}"), "mean_of: must be different ones. Received twice: b"),
        (ONE.replace("b}", "{regret_of: [b, c]}}"), "regret_of goes with regret_of"),
        (ONE.replace("higher", "metric: {name: val_early_accuracy, epochs: true}, higher"), "epochs: input should be a valid integer"),
        (ONE.replace("statement: One.", "statement: One., set: 1"), "claims.0.set: unknown key"),
        ("claim: []", "claim: unknown key; did you mean 'claims'?"),
        ("extends: claims.yaml", "extends: goes in a circle"),
        ("other: []", "other: unknown key; known are claims, extends"),
        (ONE.replace("id: one", "id: One"), "claims.0.id: string should match pattern '^[a-z0-9][a-z0-9-]{0,79}$'"),
        (ONE.replace("higher: a, ", ""), "claims.0: must have either higher or lower"),
        (ONE.replace("higher: a, ", "higher: a, lower: b, "), "claims.0: must have either higher or lower"),
        (ONE.replace("higher", "metric: speed, higher"), "claims.0: unknown metric 'speed'; known are val_final_acc"),
        (
            ONE.replace("higher", "metric: {name: val_early_accuracy}, higher"),
            "claims.0: val_early_accuracy takes epochs. Received: none",
        ),
        (
            ONE.replace("higher", "metric: {name: gap, epochs: 3}, higher"),
            "claims.0: gap takes no setting. Received: epochs",
        ),
        (ONE.replace("higher", "suite: ../other, higher"), "claims.0.suite: string should match pattern"),
        (ONE.replace("b}", "[]}"), "claims.0.than: list should have at least 1 item, not 0. Received: []"),
        (ONE.replace("b}", "[b, 3]}"), "claims.0.than.1: must be a run's name, or a mapping with one of mean_of, "),
        (ONE.replace("b}", "{mean_off: [a, b]}}"), "claims.0.than.0: must be a run's name, or a mapping with one of"),
        (ONE.replace("b}", "{mean_of: [a]}}"), "claims.0.than.0.mean_of: list should have at least 2 items, not 1"),
        (
            ONE.replace("b}", "{mean_of: [a, b], best_of: [a, b]}}"),
            "claims.0.than.0: must have exactly one of mean_of, best_of, regret_of",
        ),
        (ONE.replace("statement: One., ", ""), "claims.0.statement: field required"),
        (ONE.replace("statement", "statment"), "claims.0.statment: unknown key; did you mean 'statement'?"),
        (ONE.replace("b}", "b, by: 1}"), "claims.0: by: must be a share, as in 0.01 for a point. Received: 1"),
        (ONE + ONE.partition("\n")[2], "the id one is there twice"),
        ("extends: claims.yaml\n" + ONE, "extends: goes in a circle, or too deep"),
        ("extends: 3\n" + ONE, "extends: must be a file name. Received: 3"),
        ("extends: nowhere.yaml\n" + ONE, "no such file"),
        ("claims: [}", "line 1: is not valid YAML"),
        ("claims: !!python/object:os.system {}", "line 1: tags are not accepted"),
    ],
)  # fmt: skip
def test_a_wrong_ledger_is_one_line_that_names_the_file_and_the_key(write, text, problem):
    with pytest.raises(ClaimError) as error:
        claims.load(write(text))
    assert problem in str(error.value)
    assert ".yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_articles_claims_speak_of_runs_that_its_suites_have():
    ledger = claims.load(ROOT / "configs" / "notebook" / "claims.yaml")
    assert len(ledger.claims) == len(claims.load(ROOT / "configs" / "article" / "claims.yaml").claims)
    for one in ledger.claims:
        runs = {run.name for run in config.load_suite(ROOT / "configs" / (one.suite or "notebook"))}
        assert set(one.runs) <= runs


def test_verdicts_as_a_table():
    ledger = Ledger(claims=(claim(), claim(id="other", than="nowhere")))
    table = claims.table(claims.judge(ledger, {None: finals(a=A, b=B)}))
    assert table["verdict"].tolist() == ["supported", "undecided"]
    assert table["n"].tolist() == [3, 0]
    assert table["difference"][0] == pytest.approx(0.032 / 3)
    assert np.isnan(table["difference"][1])
