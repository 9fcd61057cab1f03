"""What all figures of a suite share: histories, looks, captions that say what is shown and what missing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cifar_lr import summary
from cifar_lr.drawing import Look, looks, tidy
from cifar_lr.history import DataRecord, History
from cifar_lr.imported import Imported
from cifar_lr.summary import Curves

CLASSES_NAMED = 10


@dataclass(frozen=True)
class Suite:
    """Histories and everything that all their figures share."""

    groups: dict[str, list[History]]
    accuracy: dict[str, Curves]
    val_accuracy: dict[str, Curves]
    learning_rate: dict[str, Curves]
    looks: dict[str, Look]
    others: tuple[Imported, ...]

    @classmethod
    def of(cls, histories: Sequence[History], others: Sequence[Imported]) -> "Suite":
        """Collect what figures show of histories, and of those from elsewhere."""
        groups = summary.runs(histories)
        return cls(
            groups=groups,
            accuracy=summary.curves(histories, "accuracy"),
            val_accuracy=summary.curves(histories, "val_accuracy"),
            learning_rate=summary.curves(histories, "learning_rate"),
            looks=looks(list(groups)),
            others=tuple(others),
        )

    @property
    def histories(self) -> list[History]:
        """All of them, run by run."""
        return [history for group in self.groups.values() for history in group]

    @property
    def stand_in(self) -> bool:
        """Whether they are on generated images."""
        return any(history.record.data.stand_in for history in self.histories)

    @cached_property
    def by_accuracy(self) -> list[str]:
        """The finished runs, the best first, by the median of their final validation accuracies."""
        return sorted(self.val_accuracy, key=lambda run: -self.val_accuracy[run].final)

    def finished(self, runs: Iterable[str]) -> list[str]:
        """Return those of some runs that have a finished seed."""
        return [run for run in runs if run in self.val_accuracy]


def count_of(suite: Suite) -> str:
    """Return how many runs there are, and how many of them are finished, to begin a title."""
    runs = tuple(suite.groups)
    return f"{counted(suite.finished(runs), runs)} {len(runs)} runs"


def counted(finished: Sequence[str], runs: Sequence[str]) -> str:
    """Return the words before the number of runs: `The`, or how many of them."""
    return "The" if len(finished) == len(runs) else f"{len(finished)} of the"


def caption_of(
    suite: Suite,
    runs: Sequence[str],
    *,
    seeds: str,
    remarks: Sequence[str] = (),
) -> str:
    """Return a caption: data, network, epochs, seeds, what else explains a figure, then all that is missing.

    Args:
        suite: the histories.
        runs: what the figure is of, finished or not.
        seeds: how several seeds are drawn.
        remarks: sentences without their full stops.
    """
    finished = suite.finished(runs)
    results = {run: next(history for history in suite.groups[run] if history.done) for run in finished}
    complete = [run for run in finished if not summary.shortfall(suite.groups[run])]
    sentences = [
        *settings_of(results),
        "Done: " + said_once({run: _seeds(suite, run) for run in complete or finished}),
    ]
    if any(len(suite.val_accuracy[run].seeds) > 1 for run in finished):
        sentences.append(seeds)
    sentences += [*remarks, *shortfalls(suite, runs)]
    absent = [run for run in runs if run not in suite.groups]
    if absent:
        sentences.append(f"Not at hand: {', '.join(absent)}")
    return as_sentences(sentences)


def settings_of(results: Mapping[str, History]) -> list[str]:
    """Return the data, the network and the epochs of runs."""
    return [
        said_once(_data(results)),
        "Network: " + said_once({run: result.record.model for run, result in results.items()}),
        said_once({run: _epochs(result.record.epochs) for run, result in results.items()}),
    ]


def shortfalls(suite: Suite, runs: Iterable[str]) -> list[str]:
    """Return what is not finished or was ended early, run by run."""
    lacking = []
    for run in runs:
        group = suite.groups.get(run, [])
        words = filter(None, (summary.shortfall(group), summary.stopped_early(group)))
        lacking += [f"{run}: {word}" for word in words]
    return lacking


def as_sentences(sentences: Iterable[str]) -> str:
    """Return sentences, which come without their full stops, as one line."""
    return tidy(". ".join(sentences)) + "."


def _data(results: Mapping[str, History]) -> dict[str, str]:
    """Return what each run was trained on; fingerprints where words do not tell the data apart."""
    words = {run: _data_words(history.record.data) for run, history in results.items()}
    prints = {run: history.record.data.fingerprint for run, history in results.items()}
    if len(set(prints.values())) > len(set(words.values())):
        return {run: f"{words[run]}, fingerprint {prints[run][:24]}" for run in words}
    return words


def classes_of(data: DataRecord) -> str:
    """Return the names of the classes in use, or how many they are."""
    many = len(data.classes) > CLASSES_NAMED
    return f"{len(data.classes)} classes" if many else ", ".join(data.classes)


def _data_words(data: DataRecord) -> str:
    images = f"{data.train_images:,} training, {data.validation_images:,} validation images"
    if data.test_images is not None:
        images = f"{data.train_images:,} training images, validation on {data.validation}"
    return f"{data.label} ({classes_of(data)}): {images}"


def _epochs(number: int) -> str:
    return f"{number} epoch{'s' if number > 1 else ''}"


def _seeds(suite: Suite, run: str) -> str:
    seeds = suite.val_accuracy[run].seeds
    return f"{summary.name_seeds(seeds)} ({len(seeds)} of {len(suite.groups[run])})"


def said_once(by_run: Mapping[str, str]) -> str:
    """Return what all runs share, or each thing with the runs that it holds for."""
    holders: dict[str, list[str]] = defaultdict(list)
    for run, words in by_run.items():
        holders[words].append(run)
    if len(holders) == 1:
        return next(iter(holders))
    return "; ".join(f"{words} [{', '.join(runs)}]" for words, runs in holders.items())
