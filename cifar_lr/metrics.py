"""What one finished run with one seed comes to: a number each, by name.

Accuracies are fractions, and of the images that the run is validated on unless a name says otherwise; epochs
count from 1. A run that early stopping ended is measured up to its last epoch. One that diverged guesses from
then on: its accuracies are 1 / (number of classes) in all epochs that it did not finish.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from cifar_lr.history import DataRecord, History

Unit = Literal["accuracy", "epochs", "seconds"]

LAST_EPOCHS: Final = 10  # of which a mean is taken
ROUNDING: Final = 1e-6  # of a count of images
CHANCE_ERRORS: Final = 2  # an accuracy within so many standard errors of guessing is that of guessing


class MetricError(Exception):
    """A metric that is not known, or is asked for with what it does not take. The message is one line."""


@dataclass(frozen=True)
class Metric:
    """A number of a finished history.

    Attributes:
        words: what it is, to follow "the".
        unit: what it is in.
        of: the history to its number; infinite for an epoch that was never reached.
        guessed: it says something of a run that diverged, whose network guesses from then on.
    """

    words: str
    unit: Unit
    of: Callable[[History], float]
    guessed: bool = True

    def at_end(self, history: History) -> float:
        """Return the number of a run that is done or diverged.

        Raises:
            MetricError: if it diverged, and this says nothing of such a run; or if it is too short.
        """
        if history.done:
            return self.of(history)
        if not self.guessed:
            raise MetricError(f"{history.folder}: diverged, and so has no {self.words}")
        return self.of(_guessing(history))


def metric(name: str, **settings: float) -> Metric:
    """Return a metric by its name.

    Args:
        name: one of NAMES.
        settings: `epochs` for val_early_accuracy, `accuracy` for epochs_to_val_accuracy.

    Raises:
        MetricError: if there is none of that name, or it does not take these settings.
    """
    if name in PLAIN and not settings:
        return PLAIN[name]
    if name in WITH_SETTING and len(settings) == 1:
        setting, make = WITH_SETTING[name]
        if setting in settings:
            return make(settings[setting])
    if name not in NAMES:
        raise MetricError(f"unknown metric {name!r:.80}; known are {', '.join(NAMES)}")
    takes = f"takes {WITH_SETTING[name][0]}" if name in WITH_SETTING else "takes no setting"
    raise MetricError(f"{name} {takes}. Received: {', '.join(settings) or 'none'}")


def val_early_accuracy(epochs: float) -> Metric:
    """Return the mean accuracy of the first epochs: how fast a run learns.

    Raises:
        MetricError: if `epochs` is no whole number of at least 1.
    """
    if not float(epochs).is_integer() or epochs < 1:
        raise MetricError(
            f"val_early_accuracy: epochs must be a whole number of at least 1. Received: {epochs}"
        )
    first = int(epochs)
    return Metric(
        f"mean accuracy of the first {first} epochs",
        "accuracy",
        lambda one: _mean(_validation(_of_at_least(first, one))[:first]),
    )


def epochs_to_val_accuracy(accuracy: float) -> Metric:
    """Return the first epoch with at least that share of images classified rightly; infinite if none has it.

    Raises:
        MetricError: if `accuracy` is not from 0 to 1.
    """
    if not 0 <= accuracy <= 1:
        raise MetricError(f"epochs_to_val_accuracy: accuracy must be from 0 to 1. Received: {accuracy}")

    def of(history: History) -> float:
        images = history.record.data.validation_images
        reached = np.flatnonzero(np.rint(_validation(history) * images) >= accuracy * images - ROUNDING)
        return float(history["epoch"][reached[0]]) if len(reached) else np.inf

    return Metric(f"first epoch with an accuracy of at least {accuracy:g}", "epochs", of, guessed=False)


def is_chance(accuracy: float, data: DataRecord) -> bool:
    """Return whether a validation accuracy can not be told from guessing on so many images.

    That is one of at most c + 2 sqrt(c (1 - c) / n), with c = 1 / (number of classes) and n images: 0.522
    for two classes and 2,000 images.
    """
    chance = 1 / len(data.classes)
    error = np.sqrt(chance * (1 - chance) / data.validation_images)
    return bool(accuracy <= chance + CHANCE_ERRORS * error)


def ended_at_chance(history: History) -> bool:
    """Return whether a finished run's last accuracy can not be told from guessing."""
    return is_chance(_validation(history)[-1], history.record.data)


def mean_height(accuracy: NDArray[np.float64]) -> float:
    """Return the area under a curve with one point an epoch, by trapezoids, divided by its length.

    Args:
        accuracy: shape (epochs,), one epoch or more.
    """
    return float(np.trapezoid(accuracy) / (len(accuracy) - 1)) if len(accuracy) > 1 else float(accuracy[0])


def late_gain(accuracy: NDArray[np.float64]) -> float:
    """Return the mean of the last ten epochs less that of the ten around the middle.

    Args:
        accuracy: shape (epochs,), 20 epochs or more.
    """
    half = len(accuracy) // 2
    return _mean(accuracy[-LAST_EPOCHS:]) - _mean(
        accuracy[max(0, half - LAST_EPOCHS // 2) : half + LAST_EPOCHS // 2]
    )


def _guessing(history: History) -> History:
    """Return the history of a run that diverged, with what guessing gives in the epochs that it lacks."""
    missing = history.record.epochs - history.epochs
    guess = np.full(missing, 1 / len(history.record.data.classes))
    padded = {name: np.append(history[name], guess) for name in ("accuracy", "val_accuracy")}
    epochs = np.arange(1, history.record.epochs + 1)
    return replace(history, columns={**history.columns, **padded, "epoch": epochs})


def _of_at_least(epochs: int, history: History) -> History:
    if len(_validation(history)) < epochs:
        raise MetricError(f"{history.folder} has {history.epochs} epochs, and the metric takes {epochs}")
    return history


def _tested(history: History) -> float:
    if history.record.status == "diverged":
        return 1 / len(history.record.data.classes)
    if history.correct is None:
        raise MetricError(f"{history.folder}: is not done, so nothing was tested")
    return float(history.correct.mean())


def _validation(history: History) -> NDArray[np.float64]:
    return history["val_accuracy"]


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean())


PLAIN: Mapping[str, Metric] = {
    "val_final_accuracy": Metric(
        "accuracy after the last epoch", "accuracy", lambda one: float(_validation(one)[-1])
    ),
    "val_last_ten_accuracy": Metric(
        "mean accuracy of the last ten epochs",
        "accuracy",
        lambda one: _mean(_validation(_of_at_least(LAST_EPOCHS, one))[-LAST_EPOCHS:]),
    ),
    "val_best_accuracy": Metric(  # chosen by looking, so higher than what new images would give
        "highest accuracy of any epoch", "accuracy", lambda one: float(_validation(one).max())
    ),
    "val_best_epoch": Metric(
        "first epoch of the highest accuracy",
        "epochs",
        lambda one: float(one["epoch"][_validation(one).argmax()]),
        guessed=False,
    ),
    "val_mean_accuracy": Metric(
        "mean height of the accuracy's curve", "accuracy", lambda one: mean_height(_validation(one))
    ),
    "late_gain": Metric(
        "gain in training accuracy from the middle ten epochs to the last ten",
        "accuracy",
        lambda one: late_gain(_of_at_least(2 * LAST_EPOCHS, one)["accuracy"]),
        guessed=False,
    ),
    "gap": Metric(  # training accuracy as Keras reports it: with dropout, while the epoch went on
        "training less validation accuracy in the last ten epochs",
        "accuracy",
        lambda one: _mean((one["accuracy"] - _validation(_of_at_least(LAST_EPOCHS, one)))[-LAST_EPOCHS:]),
        guessed=False,
    ),
    "test_accuracy": Metric("accuracy of the finished network on the test images", "accuracy", _tested),
    "seconds": Metric(
        "seconds of all epochs, on a machine that did other things too",
        "seconds",
        lambda one: float(one["seconds"].sum()),
        guessed=False,
    ),
}
WITH_SETTING: Mapping[str, tuple[str, Callable[[float], Metric]]] = {
    "val_early_accuracy": ("epochs", val_early_accuracy),
    "epochs_to_val_accuracy": ("accuracy", epochs_to_val_accuracy),
}
NAMES = (*PLAIN, *WITH_SETTING)
