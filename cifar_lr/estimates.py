"""What numbers from several seeds show: means with intervals, paired differences, where the spread is from.

A seed decides initial weights, dropout and batch order, the same for every run of a suite, so runs are
compared seed by seed. Intervals speak of seeds: of what other seeds would do on the same images. What other
test images would do is `image_error`. Nothing here knows what the numbers are.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = Sequence[float] | NDArray[np.float64]
BySeed = Mapping[int, float]

CONFIDENCE: Final = 0.95
POWER: Final = 0.8
FEWEST: Final = 2  # seeds, for an interval
MOST_SEEDS: Final = 10_000  # a larger number is no advice
ALIKE: Final = 1e-6  # what is spread no wider differs by rounding: accuracies come in float32


class EstimateError(Exception):
    """Numbers of which no estimate can be made. The message is one line."""


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its interval.

    Attributes:
        n: how many seeds.
        mean: their mean.
        spread: their standard deviation (`ddof=1`); NaN for one seed.
        low: the lower end of the interval; NaN for one seed, and where all seeds are alike, which says
            nothing of how much others would differ.
        high: the upper end; NaN likewise.
    """

    n: int
    mean: float
    spread: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """One run against another, seed by seed, and their difference against a margin.

    Attributes:
        n: how many seeds both have.
        margin: what the difference is held against.
        difference: the mean over seeds of the first's number less the second's.
        spread: the standard deviation of the differences (`ddof=1`); NaN for one seed.
        low: the lower end of its interval; NaN as for an `Estimate`.
        high: the upper end; NaN likewise.
        p: the probability of a mean difference at least as far from the margin as this one, if the margin
            were the truth (paired t-test, two-sided); NaN likewise.
        better: the share of seeds in which the first's number is the larger, ties counted half: an estimate
            of the probability that one run of the first beats one of the second with the same seed.
    """

    n: int
    margin: float
    difference: float
    spread: float
    low: float
    high: float
    p: float
    better: float

    @property
    def effect_size(self) -> float:
        """The difference in standard deviations of the differences (Cohen's d_z); NaN without a spread."""
        return self.difference / self.spread if self.spread > ALIKE else np.nan

    def seeds_needed(self, tests: int = 1) -> float:
        """Return with how many seeds in all such a difference would be told from the margin, mostly.

        A paired t-test, two-sided at 0.05 divided by the number of tests, would do it with a probability of
        0.8. NaN if that takes more than MOST_SEEDS, or there is no spread.
        """
        if not self.spread > ALIKE:
            return np.nan
        return seeds_needed((self.difference - self.margin) / self.spread, (1 - CONFIDENCE) / tests)


@dataclass(frozen=True)
class ImageError:
    """How far off a mean over seeds may be, and because of what.

    The two errors overlap: both have in them that a seed does better on some images than on others. The
    three shares are of the variance of one seed's accuracy, and add up to one; NaN for one seed.

    Attributes:
        seeds: the standard error that other seeds would bring; NaN for one seed.
        images: the standard error that other test images would bring.
        share_of_seeds: what is due to the seed, on whatever images.
        share_of_images: what is due to the choice of images, with whatever seed.
        share_of_both: what is due to that seed on those images.
    """

    seeds: float
    images: float
    share_of_seeds: float
    share_of_images: float
    share_of_both: float


def interval(values: Numbers, confidence: float = CONFIDENCE) -> Estimate:
    """Return a mean with Student's interval, mean +- t s / sqrt(n).

    It holds the true mean as often as stated if the numbers are normal; `tests/test_estimates.py` has how
    often it does if they are not.

    Args:
        values: one number a seed.
        confidence: how often such intervals are to hold the true mean.

    Raises:
        EstimateError: if there is no number, or one is not finite.
    """
    from scipy import stats

    sample = _finite(values)
    n, mean = len(sample), float(sample.mean())
    if n < FEWEST:
        return Estimate(n, mean, np.nan, np.nan, np.nan)
    spread = float(sample.std(ddof=1))
    if spread <= ALIKE:
        return Estimate(n, mean, spread, np.nan, np.nan)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * spread / np.sqrt(n)
    return Estimate(n, mean, spread, mean - half, mean + half)


def median_interval(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95% interval of the median over seeds, by order statistics, each epoch for itself.

    Of n numbers in order, it is from the k-th to the k-th from the end, with the largest k for which
    P(B < k) <= 0.025, where B has the binomial distribution of n coins. It supposes only that seeds are
    independent: the median lies below the k-th number only if fewer than k of them are below the median.
    So it holds the median at least as often as stated: 96.9% for 6 seeds, 95.7% for 30, more with ties.
    With fewer than 6 seeds there is none: from the lowest to the highest of 5 is 93.75%.

    Reference: Thompson (1936), "On Confidence Ranges for the Median and Other Expectation Distributions for
    Populations of Unknown Distribution Form"; `scipy.stats.quantile_test` has the same.

    Args:
        values: shape (seeds, epochs).

    Returns:
        The lower and the upper end, shape (epochs,) each; NaN for fewer than 6 seeds.

    Raises:
        EstimateError: if there is no number, or one is not finite, or there are not two dimensions.
    """
    from scipy import stats

    if np.ndim(values) != 2:  # noqa: PLR2004  seeds and epochs
        raise EstimateError("there must be a row a seed and a column an epoch")
    ordered = np.sort(_finite(values), axis=0)
    n, epochs = ordered.shape
    k = int(stats.binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    if k < 1:
        return np.full(epochs, np.nan), np.full(epochs, np.nan)
    return ordered[k - 1], ordered[n - k]


def compare(
    first: BySeed, second: BySeed, *, margin: float = 0.0, confidence: float = CONFIDENCE
) -> Comparison:
    """Compare two runs over the seeds that both have.

    Args:
        first: the first run's number by seed.
        second: the second run's.
        margin: what the difference is held against.
        confidence: of the interval.

    Raises:
        EstimateError: if they have no seed in common, or a number is not finite.
    """
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        raise EstimateError("the two have no seed in common")
    differences = _finite([first[seed] - second[seed] for seed in seeds])
    estimate = interval(differences, confidence)
    return Comparison(
        n=estimate.n,
        margin=margin,
        difference=estimate.mean,
        spread=estimate.spread,
        low=estimate.low,
        high=estimate.high,
        p=_p_value(differences - margin),
        better=float(np.mean(differences > 0) + np.mean(differences == 0) / 2),
    )


def seeds_needed(effect_size: float, alpha: float = 1 - CONFIDENCE) -> float:
    """Return the least number of seeds with which a paired t-test finds an effect as often as POWER.

    NaN if that is more than MOST_SEEDS.

    Args:
        effect_size: the difference in standard deviations of the differences.
        alpha: the level of the test, two-sided.
    """
    from statsmodels.stats.power import TTestPower

    def finds(n: int) -> bool:
        power = TTestPower().power(abs(effect_size), n, alpha)
        return not power < POWER  # of an effect so large that nothing else can be said, it is NaN

    if not finds(MOST_SEEDS):
        return np.nan
    return float(bisect_left(range(MOST_SEEDS), x=True, lo=FEWEST, key=finds))


def holm(p_values: Numbers) -> NDArray[np.float64]:
    """Return p-values adjusted for their number by Holm's method; NaN stays NaN and does not count.

    Reference: Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure".
    """
    from statsmodels.stats.multitest import multipletests

    adjusted = np.array(p_values, dtype=np.float64)
    known = np.isfinite(adjusted)
    if known.sum() > 1:
        adjusted[known] = multipletests(adjusted[known], method="holm")[1]
    return adjusted


def image_error(correct: NDArray[np.float64]) -> ImageError:
    """Split the error of a mean over seeds into what seeds and what test images bring to it.

    The images' error is `over_images`. The shares are the components of variance of a table of seeds by
    images, both drawn at random, with one entry each; a negative one is taken for zero.

    Reference: Searle, Casella and McCulloch (1992), "Variance Components", chapter 4.

    Args:
        correct: shape (seeds, images): 1 where a seed's network was right, else 0.

    Raises:
        EstimateError: if there is no seed or no image.
    """
    if correct.ndim != 2 or not correct.size:  # noqa: PLR2004  seeds and images
        raise EstimateError("there are no images")
    of_images = over_images(correct.mean(axis=0))
    seeds, images = correct.shape
    if seeds < FEWEST or images < FEWEST:
        return ImageError(np.nan, of_images, np.nan, np.nan, np.nan)
    by_seed, by_image = correct.mean(axis=1), correct.mean(axis=0)
    left = correct - by_seed[:, np.newaxis] - by_image + correct.mean()
    both = float((left**2).sum()) / ((seeds - 1) * (images - 1)) / images
    of_seed = max(0.0, float(by_seed.var(ddof=1)) - both)
    of_image = max(0.0, float(by_image.var(ddof=1)) / images - both / seeds)
    total = of_seed + of_image + both
    shares = [part / total if total > 0 else np.nan for part in (of_seed, of_image, both)]
    return ImageError(float(by_seed.std(ddof=1) / np.sqrt(seeds)), of_images, *shares)


def over_images(right: NDArray[np.float64]) -> float:
    """Return the standard error of a mean over images, which other images would bring.

    It is the population standard deviation divided by the root of the number of images: what a bootstrap
    over images comes to with ever more resamples, without its noise.

    Reference: Efron (1979), "Bootstrap Methods: Another Look at the Jackknife".

    Args:
        right: shape (images,): how often each image was classified rightly, from 0 to 1, or the difference
            of two such shares.
    """
    return float(right.std() / np.sqrt(len(right)))


def chance_of_place(value: float, sample: Numbers) -> float:
    """Return how probable it is that one more number of a sample's kind lies as far out as a value does.

    It supposes only that all are drawn alike: of n + 1 such numbers each is as likely to be any in order. So
    beyond all of n it is 2 / (n + 1), two-sided; less than 0.05 takes 40 of them.

    Raises:
        EstimateError: if there are no others, or one is not finite.
    """
    others = _finite(sample)
    beyond = min(np.count_nonzero(others <= value), np.count_nonzero(others >= value))
    return min(1.0, 2 * (int(beyond) + 1) / (len(others) + 1))


def percentile(value: float, sample: Numbers) -> float:
    """Return where a value lies among others, from 0 to 100: the share below it, ties counted half.

    Raises:
        EstimateError: if there are no others, or one is not finite.
    """
    from scipy import stats

    return float(stats.percentileofscore(_finite(sample), value, kind="mean"))


def _p_value(differences: NDArray[np.float64]) -> float:
    from scipy import stats

    if len(differences) < FEWEST or differences.std(ddof=1) <= ALIKE:
        return np.nan
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def _finite(values: Numbers) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64)
    if not sample.size:
        raise EstimateError("there is no number")
    if not np.isfinite(sample).all():
        raise EstimateError("a number is not finite")
    return sample
