"""Numbers to matplotlib Figures: the article's figures 1-7, and those of any other suite.

Other runs have a pair of figures each and are compared in one axes, or, where they are many, in a panel
each. Here is which figures a suite allows; each is planned from histories (which runs, which columns, what
its caption says) and then drawn.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

import matplotlib as mpl
from matplotlib.figure import Figure

from cifar_lr import figures_by_epoch, figures_of_seeds, summary
from cifar_lr.captions import Suite
from cifar_lr.drawing import LOOKS, Page, style
from cifar_lr.history import History
from cifar_lr.imported import Imported

SCHEDULES = ("constant", "time_based", "step", "exponential")
ADAPTIVE = ("adagrad", "adadelta", "rmsprop", "adam")
MANY = 12  # up to so many runs share one axes


def draw_all(histories: Sequence[History], others: Sequence[Imported] = ()) -> dict[str, Figure]:
    """Draw every figure that the runs at hand allow.

    A run of the article needs one finished seed for its own figures. Figures 5 and 6 need two finished runs
    of their four, figure 7 one of each four. A run of another name gets `<run>_accuracy` and
    `<run>_learning_rate`, as does an adaptive run that stands alone; with two runs or more, one of them of
    another name, there are also `comparison` and `learning_rates`. Beyond MANY finished runs these two have a
    panel a run, and there is nothing else over epochs, not even the article's figures: a run called `step`
    among so many is not the article's experiment. `final_accuracies` needs a run with two finished seeds,
    `differences` two runs with two finished seeds in common, `accuracy_against_rate` three finished runs that
    differ in a constant rate alone, `loss_by_update` one run that logged its updates.

    Args:
        histories: what is drawn.
        others: histories from elsewhere. Each is drawn over the run that it stands beside, but not over
            stand-in data.

    Returns:
        Figures by the stem of their file names, in the article's order; empty where nothing is finished.

    Raises:
        SummaryError: stand-in and real data are mixed, or `summary.curves` refuses the histories.
        HistoryError: a log of updates is damaged.
    """
    summary.refuse_stand_in_beside_real(histories)
    with mpl.rc_context(style()):
        return {stem: page.draw() for stem, page in _pages(Suite.of(histories, others))}


def _pages(suite: Suite) -> Iterator[tuple[str, Page]]:
    """Yield the figures that a suite allows, by stem."""
    if len(suite.val_accuracy) > MANY and set(suite.val_accuracy) - set(LOOKS):
        yield "comparison", figures_by_epoch.grid_of_accuracies(suite)
        yield "learning_rates", figures_by_epoch.grid_of_rates(suite)
    else:
        yield from _pages_of_the_article(suite)
        yield from _pages_of_others(suite)
    yield from figures_of_seeds.pages(suite)
    if logged := figures_by_epoch.logged_runs(suite):
        yield "loss_by_update", figures_by_epoch.plan_losses(suite, logged)


def _pages_of_the_article(suite: Suite) -> Iterator[tuple[str, Page]]:
    """Yield figures 1-7."""
    pair, rate, compare = (
        figures_by_epoch.plan_accuracy,
        figures_by_epoch.plan_rate,
        figures_by_epoch.plan_comparison,
    )
    recipes: list[tuple[str, str, Callable[[Suite, str, str], Page], str]] = [
        ("fig1_constant", "constant", pair, "Constant learning rate"),
        ("fig2_time_based", "time_based", pair, "Time-based decay"),
        ("fig3a_step", "step", pair, "Step decay"),
        ("fig3b_step_rate", "step", rate, "Step decay"),
        ("fig4a_exponential", "exponential", pair, "Exponential decay"),
        ("fig4b_exponential_rate", "exponential", rate, "Exponential decay"),
    ]
    for stem, run, recipe, method in recipes:
        if run in suite.val_accuracy:
            yield stem, recipe(suite, run, method)
    schedules, adaptive = suite.finished(SCHEDULES), suite.finished(ADAPTIVE)
    if len(schedules) > 1:
        yield "fig5_schedules", compare(suite, SCHEDULES, "four schedules")
    if len(adaptive) > 1:
        yield "fig6_adaptive", compare(suite, ADAPTIVE, "four adaptive methods")
    if schedules and adaptive:
        yield "fig7_all", compare(suite, SCHEDULES + ADAPTIVE, "eight methods")


def _pages_of_others(suite: Suite) -> Iterator[tuple[str, Page]]:
    """Yield the figures of runs that the article does not have, and of an adaptive one that stands alone."""
    alone = len(suite.val_accuracy) == 1
    others = [run for run in suite.val_accuracy if run not in LOOKS or (alone and run in ADAPTIVE)]
    for run, stem in zip(others, _stems(others), strict=True):
        yield f"{stem}_accuracy", figures_by_epoch.plan_accuracy(suite, run, suite.looks[run].label)
        yield f"{stem}_learning_rate", figures_by_epoch.plan_rate(suite, run, suite.looks[run].label)
    if others and not alone:
        yield (
            "comparison",
            figures_by_epoch.plan_comparison(suite, tuple(suite.groups), f"{len(suite.groups)} runs"),
        )
        yield "learning_rates", figures_by_epoch.plan_rates(suite)


def _stems(runs: Iterable[str]) -> list[str]:
    """Return file names for runs of any name: all different, also where upper and lower case are the same."""
    stems: dict[str, str] = {}
    for run in runs:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", run).strip("._-")[:100] or "run"
        tries = (plain if number == 1 else f"{plain}-{number}" for number in count(1))
        stem = next(candidate for candidate in tries if candidate.lower() not in stems)
        stems[stem.lower()] = stem
    return list(stems.values())
