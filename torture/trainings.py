"""Short trainings in processes of their own, and what must be the same of two of them."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from cifar_lr import catalogue, checkpoint, data, history
from cifar_lr.config import RunConfig

EPOCHS = 3
UPDATES = 5  # an epoch: 80 images, 16 each
BASE: Mapping[str, Any] = {
    "data": {"classes": ["cat", "dog"], "train_per_class": 40, "validation_per_class": 20},
    "batch_size": 16,
    "epochs": EPOCHS,
    "log_updates": True,
}
KERAS_OPTIMIZERS = (
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "RMSprop",
    "ScheduleFreeAdamW",
)
OURS = ("Keras2Adagrad", "Keras2RMSprop")


@dataclass(frozen=True)
class Family:
    """A kind of configuration."""

    name: str
    config: RunConfig


def families() -> list[Family]:
    """Return every optimizer, schedule and callback, and what else has a state of its own."""
    optimizers = {name: _optimizer(name) for name in (*KERAS_OPTIMIZERS, *OURS)}
    schedules = {f"schedule {entry.name}": _optimizer("SGD", entry.settings) for entry in catalogue.ENTRIES}
    plateau = {"monitor": "loss", "factor": 0.5, "patience": 1, "min_delta": 9, "cooldown": 1}
    early = {"monitor": "val_loss", "patience": 1, "min_delta": 9, "restore_best_weights": True}
    wild = {
        "class_name": "PiecewiseConstantDecay",
        "config": {"boundaries": [6], "values": [0.01, 1e12]},
    }
    others = {
        "momentum": _optimizer("SGD", 0.05, momentum=0.9, nesterov=True),
        "average of weights": _optimizer("Adam", use_ema=True, ema_momentum=0.5),
        "averages that overwrite": _optimizer("SGD", 0.05, use_ema=True, ema_overwrite_frequency=4),
        "accumulated gradients": _optimizer("Adam", gradient_accumulation_steps=2),
        "clipped gradients": _optimizer("RMSprop", clipnorm=0.5, weight_decay=0.01),
        "amsgrad": _optimizer("Adam", amsgrad=True),
        "float16": {**_optimizer("Adam"), "precision": "mixed_float16"},
        "float64": {**_optimizer("SGD", 0.05), "precision": "float64"},
        "several updates an execution": {**_optimizer("Nadam"), "log_updates": False},
        "batches that do not divide an epoch": {**_optimizer("Adamax"), "batch_size": 18},
        "plateau": {**_optimizer("SGD", 0.05), "callbacks": [_callback("ReduceLROnPlateau", plateau)]},
        "early stopping": {**_optimizer("SGD", 0.05), "callbacks": [_callback("EarlyStopping", early)]},
        "divergence": _optimizer("SGD", wild),
        "divergence of accumulated gradients": _optimizer("SGD", wild, gradient_accumulation_steps=2),
    }
    return [
        Family(name, RunConfig.model_validate_json(json.dumps({**BASE, **settings})))
        for name, settings in {**optimizers, **schedules, **others}.items()
    ]


def _optimizer(name: str, rate: Any = None, **arguments: Any) -> dict[str, Any]:
    settings = arguments if rate is None else {"learning_rate": rate, **arguments}
    return {"optimizer": {"class_name": name, "config": settings}}


def _callback(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"class_name": name, "config": arguments}


def in_process(function: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a function in a new process, which has imported TensorFlow and not used it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cifar_lr.train"])
    process = context.Process(target=function, args=arguments)
    process.start()
    return process


class Stop:
    """Asks to stop when it is called for the n-th time, or kills the process then; None: never."""

    def __init__(self, number: int | None, *, kill: bool = False) -> None:
        self.left = number
        self.kill = kill

    def __call__(self) -> bool:
        """Count down."""
        if self.left is None:
            return False
        self.left -= 1
        if self.left <= 0 and self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.left <= 0


def leg(config: RunConfig, source: data.Source, folder: Path, stop: Callable[[], bool]) -> None:
    """Train in this process until told to stop; what the run's last state is stays."""
    from cifar_lr import train

    train.set_up_tensorflow()
    train.checkpoint.remove = lambda _: None
    train.train(config, 0, source=source, folder=folder, saving=train.Saving(stop=stop))


def traces(folder: Path) -> dict[str, bytes]:
    """Return all that must be the same of two trainings: every file but `seconds`, and the last state.

    A run that diverges saves no state of its end, so where it was interrupted last decides which one is left.
    """
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    files["history.csv"] = b"\n".join(line.rpartition(b",")[0] for line in files["history.csv"].split(b"\n"))
    done = history.read_record(folder).status == "done"
    last = checkpoint.generations(folder / "state")[-1:]
    for generation in last if done else ():
        arrays = dict(checkpoint.read(generation).state.arrays)
        arrays["history"] = arrays["history"][:, :-1]
        files |= {f"state {name}": np.ascontiguousarray(array).tobytes() for name, array in arrays.items()}
        files["state"] = generation.name.encode()
    return files


def differences(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """Return the names of what differs."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
