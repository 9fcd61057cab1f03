"""What several test files need: small images, configurations, and a way to call the program."""

import json
import subprocess
import sys
from pathlib import Path

import drawn
import numpy as np
import pytest

from cifar_lr import config, history
from cifar_lr.figures import draw_all

ROOT = Path(__file__).parent.parent
SGD = "optimizer: {class_name: SGD, config: {learning_rate: 0.1}}\n"


def pytest_collection_finish(session):
    """Set TensorFlow up as trainings need it, before any test makes it do something."""
    if "tensorflow" in sys.modules:
        from cifar_lr.train import set_up_tensorflow

        set_up_tensorflow()


@pytest.fixture
def write_run(tmp_path):
    """Return a function that writes `suite/<name>.yaml` and returns its path."""

    def write(text, name="run"):
        path = tmp_path / "suite" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def small_images(tmp_path):
    """Return a folder of 2 x (40 + 20) PNG images that a network can learn to tell apart."""
    from PIL import Image

    draws = np.random.default_rng(0)
    for split, each in (("train", 40), ("test", 20)):
        for number, name in enumerate(("cat", "dog")):
            folder = tmp_path / "images" / split / name
            folder.mkdir(parents=True)
            for index in range(each):
                pixels = draws.integers(0, 200, (32, 32, 3)) + 50 * number
                Image.fromarray(pixels.astype("uint8")).save(folder / f"{index:04}.png")
    return tmp_path / "images"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Give this test, and every process that it starts, a cache of its own."""
    monkeypatch.setenv("CIFAR_LR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def program():
    """Return a function that runs `cifar-lr` in a process of its own."""

    def run(*arguments, cwd=ROOT):
        command = [sys.executable, "-m", "cifar_lr", *map(str, arguments)]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False)

    return run


@pytest.fixture
def saved(tmp_path):
    """Return a function that writes a seed's folder as a finished run of three epochs would."""

    def save(run="step", seed=0, epochs=3, status="done", **changes):
        folder = tmp_path / "results" / run / f"seed-{seed}"
        fields = {
            "status": "running",
            "run": run,
            "seed": seed,
            "key": "0" * 64,
            "epochs": epochs,
            "model": "article",
            "data": {
                "kind": "cifar10",
                "label": "CIFAR-10",
                "fingerprint": "sha256:0",
                "classes": ["cat", "dog"],
                "train_images": 10_000,
                "validation_images": 2_000,
            },
            "versions": {"keras": "3.15.1"},
            "machine": {"processor": "a processor"},
        }
        record = history.Record.model_validate_json(json.dumps(fields | changes))
        settings = config.RunConfig.model_validate_json(
            '{"optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1}}}'
        )
        writer = history.Writer(folder, record, config.to_yaml(settings))
        rows = [(n, 0.1, 1 / n, 0.1 * n, 1.1 / n, 0.09 * n, 0.5) for n in range(1, epochs + 1)]
        writer.write_epochs([dict(zip(history.COLUMNS, row, strict=True)) for row in rows])
        writer.finish(status)
        return folder

    return save


@pytest.fixture(scope="session", name="eight")
def _eight():
    """One seed of each of the article's runs, as they are drawn."""
    return draw_all(drawn.suite())


@pytest.fixture(scope="session", name="thirteen")
def _thirteen():
    """Two seeds of more runs than one axes holds; two of them are the article's."""
    return drawn.suite(drawn.MANY, seeds=(0, 1))


@pytest.fixture(scope="session", name="many")
def _many(thirteen):
    """These, as they are drawn."""
    return draw_all(thirteen)
