"""One history to one number: each metric against a number worked out by hand."""

import numpy as np
import pytest
from histories import DATA, got_right, history

from cifar_lr import metrics
from cifar_lr.metrics import MetricError


def measured(name, one, **settings):
    return metrics.metric(name, **settings).of(one)


RISING = np.linspace(0.51, 0.70, 20)  # by 0.01 an epoch
CURVES = {"val_accuracy": RISING, "accuracy": RISING + np.linspace(0.0, 0.19, 20)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("val_final_accuracy", 0.70),
        ("val_last_ten_accuracy", 0.655),  # 0.61 to 0.70
        ("val_best_accuracy", 0.70),
        ("val_best_epoch", 20),
        ("val_mean_accuracy", 0.605),  # of a straight line, its middle
        ("gap", 0.145),  # 0.10 to 0.19
        ("late_gain", 0.10),  # training: epochs 11-20 less epochs 6-15, which is five epochs of 0.02
    ],
)
def test_a_curve_that_rises_evenly(name, value):
    assert measured(name, history("a", 0, epochs=20, **CURVES)) == pytest.approx(value)


def test_the_first_of_several_best_epochs_counts():
    one = history("a", 0, val_accuracy=np.array([0.6, 0.7, 0.7]))
    assert measured("val_best_epoch", one) == 2


def test_the_area_under_a_curve_is_taken_by_trapezoids():
    one = history("a", 0, val_accuracy=np.array([0.5, 0.7, 0.6]))
    assert measured("val_mean_accuracy", one) == pytest.approx((0.6 + 0.65) / 2)
    assert measured("val_mean_accuracy", history("a", 0, 0.7, epochs=1)) == pytest.approx(0.7)


def test_early_accuracy_is_of_the_first_epochs():
    one = history("a", 0, epochs=20, **CURVES)
    assert measured("val_early_accuracy", one, epochs=5) == pytest.approx(0.53)


@pytest.mark.parametrize(("accuracy", "epoch"), [(0.5, 1), (0.605, 11), (0.61, 11), (0.71, np.inf)])
def test_epochs_to_an_accuracy_count_from_1(accuracy, epoch):
    one = history("a", 0, epochs=20, val_accuracy=RISING.astype(np.float32))
    assert measured("epochs_to_val_accuracy", one, accuracy=accuracy) == epoch


def test_the_accuracy_on_test_images_is_that_of_the_finished_network():
    one = history("a", 0, 0.9)
    got_right(one, np.arange(2000) < 1300)
    assert measured("test_accuracy", one) == pytest.approx(0.65)


def test_seconds_are_of_all_epochs():
    assert measured("seconds", history("a", 0, seconds=np.array([1.0, 2.0, 3.5]))) == 6.5


@pytest.mark.parametrize(
    ("name", "settings", "takes"),
    [
        ("val_last_ten_accuracy", {}, 10),
        ("gap", {}, 10),
        ("late_gain", {}, 20),
        ("val_early_accuracy", {"epochs": 4}, 4),
    ],
)
def test_a_history_that_is_too_short_is_refused(name, settings, takes):
    with pytest.raises(MetricError, match=rf"results/a/seed-0 has 3 epochs, and the metric takes {takes}$"):
        measured(name, history("a", 0), **settings)


def test_a_run_that_diverged_guesses_in_the_epochs_that_it_lacks():
    one = history("a", 0, status="diverged", epochs=4, val_accuracy=np.array([0.6, 0.8, 0.7]))
    at_end = {
        name: metrics.metric(name).at_end(one)
        for name in ("val_final_accuracy", "val_best_accuracy", "test_accuracy")
    }
    assert at_end == {"val_final_accuracy": 0.5, "val_best_accuracy": 0.8, "test_accuracy": 0.5}
    assert metrics.metric("val_early_accuracy", epochs=2).at_end(one) == pytest.approx(0.7)
    assert metrics.metric("val_early_accuracy", epochs=4).at_end(one) == pytest.approx(
        (0.6 + 0.8 + 0.7 + 0.5) / 4
    )


@pytest.mark.parametrize("name", ["val_best_epoch", "gap", "late_gain", "seconds"])
def test_some_numbers_say_nothing_of_a_run_that_diverged(name):
    with pytest.raises(MetricError, match="results/a/seed-0: diverged, and so has no "):
        metrics.metric(name).at_end(history("a", 0, status="diverged", epochs=40))


@pytest.mark.parametrize(("final", "at_chance"), [(0.5, True), (0.522, True), (0.523, False), (0.7, False)])
def test_a_run_whose_end_can_not_be_told_from_guessing_ended_at_chance(final, at_chance):
    # two standard errors of guessing on 2,000 images: 2 x sqrt(0.5 x 0.5 / 2000) = 0.0224
    one = history("a", 0, val_accuracy=np.array([0.5, 0.6, final]))
    assert metrics.ended_at_chance(one) is at_chance
    assert DATA.validation_images == 2000


def test_the_fewer_images_the_more_runs_may_have_guessed():
    few = DATA.model_copy(update={"validation_images": 200})
    assert metrics.ended_at_chance(history("a", 0, 0.57, data=few))
    assert not metrics.ended_at_chance(history("a", 0, 0.58, data=few))


@pytest.mark.parametrize(
    ("name", "settings", "problem"),
    [
        ("speed", {}, "unknown metric 'speed'; known are val_final_accuracy"),
        ("gap", {"epochs": 3}, "gap takes no setting. Received: epochs"),
        ("val_early_accuracy", {}, "val_early_accuracy takes epochs. Received: none"),
        ("val_early_accuracy", {"epochs": 0}, "epochs must be a whole number of at least 1. Received: 0"),
        ("epochs_to_val_accuracy", {"accuracy": 70}, "accuracy must be from 0 to 1. Received: 70"),
    ],
)
def test_what_is_no_metric(name, settings, problem):
    with pytest.raises(MetricError) as error:
        metrics.metric(name, **settings)
    assert problem in str(error.value)
