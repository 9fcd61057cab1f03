"""Estimates: known answers, and how often intervals and p-values are right when the truth is known."""

import numpy as np
import pytest
from scipy import stats

from cifar_lr import estimates
from cifar_lr.estimates import EstimateError

SUITES = 2000


def test_a_mean_with_students_interval():
    found = estimates.interval([2.0, 4.0, 6.0, 8.0])
    assert (found.n, found.mean) == (4, 5.0)
    assert found.spread == pytest.approx(np.sqrt(20 / 3))
    half = (
        3.182446305284263 * np.sqrt(20 / 3) / 2
    )  # t with 3 degrees of freedom, from a printed table: 3.1824
    assert (found.low, found.high) == pytest.approx((5 - half, 5 + half))


def test_one_seed_has_no_interval():
    found = estimates.interval([0.7])
    assert (found.n, found.mean) == (1, 0.7)
    assert np.isnan([found.spread, found.low, found.high]).all()


@pytest.mark.parametrize(("values", "problem"), [([], "there is no number"), ([1, np.nan], "is not finite")])
def test_numbers_of_which_nothing_can_be_estimated(values, problem):
    with pytest.raises(EstimateError, match=problem):
        estimates.interval(values)


@pytest.mark.parametrize(("n", "k"), [(6, 1), (8, 1), (9, 2), (11, 2), (12, 3), (20, 6), (25, 8), (30, 10)])
def test_the_medians_interval_is_between_two_order_statistics(n, k):
    values = np.random.default_rng(n).permuted(np.tile(np.arange(1.0, n + 1), (4, 1)), axis=1).T
    low, high = estimates.median_interval(values)  # k is in printed tables of the sign test
    assert low.tolist() == [k] * 4
    assert high.tolist() == [n + 1 - k] * 4


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 7, 10, 30, 31, 101])
def test_the_medians_interval_is_that_of_the_quantile_test(n):
    values = np.random.default_rng(n).normal(0.7, 0.01, (n, 3))
    values[:, 2] = values[:, 2].round(2)  # with ties
    theirs = [stats.quantile_test(column, p=0.5).confidence_interval(0.95) for column in values.T]
    low, high = estimates.median_interval(values)
    np.testing.assert_array_equal(low, [one.low for one in theirs])
    np.testing.assert_array_equal(high, [one.high for one in theirs])


def test_five_seeds_are_too_few_for_the_medians_interval():
    values = np.random.default_rng(0).normal(size=(6, 4))
    assert np.isnan(estimates.median_interval(values[:5])).all()
    assert estimates.median_interval(values)[0].tolist() == values.min(axis=0).tolist()
    assert estimates.median_interval(values)[1].tolist() == values.max(axis=0).tolist()


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (np.zeros(6), "a row a seed and a column an epoch"),
        (np.zeros((0, 3)), "there is no number"),
        (np.full((6, 1), np.inf), "is not finite"),
    ],
)
def test_numbers_without_an_interval_of_their_median(values, problem):
    with pytest.raises(EstimateError, match=problem):
        estimates.median_interval(values)


def test_runs_are_compared_over_the_seeds_that_both_have():
    first, second = {0: 0.71, 1: 0.73, 2: 0.70, 5: 0.99}, {0: 0.70, 1: 0.71, 2: 0.70, 7: 0.01}
    found = estimates.compare(first, second)
    assert (found.n, found.difference) == (3, pytest.approx(0.01))
    assert found.better == pytest.approx(2.5 / 3)
    assert found.effect_size == pytest.approx(1.0)  # differences 0.01, 0.02, 0: mean and deviation 0.01
    assert found.p == pytest.approx(0.2254, abs=1e-4)  # t = sqrt(3), 2 degrees of freedom
    assert found.low == pytest.approx(0.01 - 4.302653 * 0.01 / np.sqrt(3))


def test_a_margin_moves_what_the_difference_is_held_against():
    first, second = {n: 0.70 + 0.01 * (n % 2) for n in range(10)}, dict.fromkeys(range(10), 0.70)
    assert estimates.compare(first, second).p < 0.05
    assert estimates.compare(first, second, margin=0.005).p == pytest.approx(1.0)
    assert estimates.compare(first, second, margin=0.005).difference == pytest.approx(0.005)


def test_runs_without_a_common_seed():
    with pytest.raises(EstimateError, match="the two have no seed in common"):
        estimates.compare({0: 1.0}, {1: 1.0})


@pytest.mark.parametrize("difference", [0.0, 0.01])
def test_differences_that_are_all_alike_say_nothing_of_how_much_others_would_differ(difference):
    found = estimates.compare({0: np.float32(0.7) + difference, 1: 0.72 + difference}, {0: 0.7, 1: 0.72})
    assert found.difference == pytest.approx(difference, abs=1e-7)
    unknown = [found.p, found.low, found.high, found.effect_size, found.seeds_needed()]
    assert np.isnan(unknown).all()


@pytest.mark.parametrize(
    ("effect_size", "seeds"),
    [(0.5, 34), (0.8, 15), (1.0, 10), (-1.0, 10)],  # Cohen's tables; 0.5 is in every textbook
)
def test_how_many_seeds_would_decide(effect_size, seeds):
    assert estimates.seeds_needed(effect_size) == seeds


def test_how_many_seeds_would_decide_is_what_a_simulation_needs():
    draws = np.random.default_rng(1)
    for effect_size in (0.6, 1.5, 3.0):
        n = int(estimates.seeds_needed(effect_size))
        found = [
            np.mean([estimates._p_value(draws.normal(effect_size, 1, count)) < 0.05 for _ in range(SUITES)])
            for count in (n - 1, n)
        ]
        assert found[0] < 0.8 + 0.03
        assert found[1] > 0.8 - 0.03


def test_a_difference_that_no_number_of_seeds_would_show():
    assert np.isnan(estimates.seeds_needed(0.01))
    assert np.isnan(estimates.seeds_needed(0.0))


def test_p_values_are_adjusted_for_their_number():
    adjusted = estimates.holm([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(adjusted, [0.03, np.nan, 0.06, 0.06])  # 3 x 0.01; 2 x 0.03; max(that, 0.04)
    assert np.isnan(estimates.holm([np.nan])).all()


def test_where_a_value_lies_among_others():
    assert estimates.percentile(0.5, [0.1, 0.4, 0.6, 0.9]) == 50
    assert estimates.percentile(0.4, [0.1, 0.4, 0.6, 0.9]) == pytest.approx(37.5)  # ties count half
    assert estimates.percentile(0.0, [0.1, 0.4]) == 0
    assert estimates.percentile(1.0, [0.1, 0.4]) == 100


def test_one_more_seed_lies_as_far_out_as_its_place_says():
    assert estimates.chance_of_place(0.9, [0.1, 0.2, 0.3]) == 0.5  # beyond three: first or last of four
    assert estimates.chance_of_place(0.15, [0.1, 0.2, 0.3]) == 1.0
    assert estimates.chance_of_place(0.3, [0.1, 0.2, 0.3]) == 1.0  # a tie is not beyond
    draws = np.random.default_rng(0)
    places = [estimates.chance_of_place(draws.normal(), draws.normal(size=79)) for _ in range(SUITES)]
    assert np.mean(np.array(places) <= 0.05) == pytest.approx(4 / 80, abs=0.015)


def test_the_error_of_images_is_the_binomial_one_where_seeds_agree():
    right = np.tile(np.arange(2000) < 1400, (5, 1)).astype(float)
    found = estimates.image_error(right)
    assert found.seeds == 0
    assert found.images == pytest.approx(np.sqrt(0.7 * 0.3 / 2000))
    shares = (found.share_of_seeds, found.share_of_images, found.share_of_both)
    assert shares == pytest.approx((0, 1, 0))


def test_the_error_of_images_is_small_where_seeds_err_independently():
    draws = np.random.default_rng(0)
    found = estimates.image_error((draws.random((100, 2000)) < 0.7).astype(float))
    assert found.images == pytest.approx(np.sqrt(0.7 * 0.3 / 2000 / 100), rel=0.1)
    assert found.seeds == pytest.approx(np.sqrt(0.7 * 0.3 / 2000 / 100), rel=0.2)
    assert found.share_of_both > 0.9


def test_the_shares_are_those_that_a_simulation_was_made_with():
    draws = np.random.default_rng(0)
    of_seeds, of_images = draws.normal(0, 0.01, (400, 1)), draws.normal(0, 0.4, 2000)
    found = estimates.image_error(0.7 + of_seeds + of_images + draws.normal(0, 0.3, (400, 2000)))
    parts = np.array([0.01**2, 0.4**2 / 2000, 0.3**2 / 2000])  # of the variance of one seed's mean
    shares = (found.share_of_seeds, found.share_of_images, found.share_of_both)
    assert shares == pytest.approx(parts / parts.sum(), abs=0.03)


def test_the_error_of_images_is_that_of_a_bootstrap_over_them():
    right = (np.random.default_rng(0).random((3, 300)) < 0.7).mean(axis=0)
    resampled = stats.bootstrap((right,), np.mean, n_resamples=20_000, rng=np.random.default_rng(1))
    assert estimates.over_images(right) == pytest.approx(resampled.standard_error, rel=0.02)


def test_no_images():
    with pytest.raises(EstimateError, match="there are no images"):
        estimates.image_error(np.zeros((3, 0)))


def seeds_that_learn(draws, n):
    """Final accuracies as of a run that always learns."""
    return draws.normal(0.7, 0.006, n)


def seeds_of_which_some_stay_at_chance(draws, n):
    """Final accuracies as of exponential decay: a tenth of the seeds never learn."""
    return np.where(draws.random(n) < 0.1, 0.5, draws.normal(0.7, 0.006, n))


@pytest.mark.parametrize("n", [3, 5, 10, 30])
def test_intervals_hold_the_truth_as_often_as_stated(n):
    draws = np.random.default_rng(n)
    found = [estimates.interval(seeds_that_learn(draws, n)) for _ in range(SUITES)]
    held = np.mean([one.low <= 0.7 <= one.high for one in found])
    assert held == pytest.approx(0.95, abs=0.015)  # three standard errors of 2,000


@pytest.mark.parametrize(("n", "least", "most"), [(3, 0.25, 0.5), (10, 0.62, 0.75), (30, 0.89, 0.93)])
def test_where_some_seeds_never_learn_intervals_of_few_seeds_hold_the_truth_less_often(n, least, most):
    draws = np.random.default_rng(n)
    found = [estimates.interval(seeds_of_which_some_stay_at_chance(draws, n)) for _ in range(SUITES)]
    held = np.mean([one.low <= 0.68 <= one.high for one in found])
    assert least <= held < most


@pytest.mark.parametrize(("n", "held"), [(6, 0.96875), (11, 0.98828125), (30, 0.95722)])
def test_intervals_of_the_median_hold_it_as_often_as_computed(n, held):
    draws = np.random.default_rng(n)
    low, high = estimates.median_interval(draws.exponential(size=(n, 20_000)))  # a suite a column
    found = np.mean((low <= np.log(2)) & (np.log(2) <= high))
    assert found == pytest.approx(held, abs=0.005)  # three standard errors of 20,000 or more


def test_where_some_seeds_never_learn_intervals_of_the_median_still_hold():
    draws = np.random.default_rng(0)
    values = seeds_of_which_some_stay_at_chance(draws, (10, 20_000))
    median = 0.7 + 0.006 * stats.norm.ppf((0.5 - 0.1) / 0.9)
    low, high = estimates.median_interval(values)
    assert np.mean((low <= median) & (median <= high)) >= 0.95


def test_a_difference_that_is_not_there_is_seen_in_a_twentieth_of_all_suites():
    draws = np.random.default_rng(0)
    p = [estimates._p_value(draws.normal(0, 1, 5)) for _ in range(SUITES)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.015)
