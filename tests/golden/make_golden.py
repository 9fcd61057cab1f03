"""Write rates.json: what the libraries that people know give, at every step that the tests compare.

For each counterpart in `cifar_lr/catalogue.py` but Keras's, the library's own class or function is built with
the catalogue's arguments and asked for its rates from step 0 on, in double precision. `make golden` runs this
in `.venv-golden`, which has the libraries of `requirements.txt` and neither Keras nor TensorFlow; the tests
need `rates.json` alone. A case is one line, found again by all that is in it but its rates.
"""

import importlib.metadata
import json
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import jax
import optax
import timm.scheduler
import torch
import transformers.optimization
from compare import RATES, case

from cifar_lr.catalogue import ENTRIES, OTHERS, Counterpart

jax.config.update("jax_enable_x64", True)  # noqa: FBT003  jax's own signature

LIBRARIES = ("torch", "optax", "timm", "transformers")
MODULES = {
    "torch": torch.optim.lr_scheduler,
    "optax": optax,
    "timm": timm.scheduler,
    "transformers": transformers.optimization,
}


def main() -> None:
    counterparts = [c for listed in (*ENTRIES, *OTHERS) for c in listed.counterparts if c.library != "keras"]
    cases = {json.dumps(case(counterpart)): counterpart for counterpart in counterparts}
    lines = ",\n".join(
        json.dumps({**json.loads(key), "rates": rates(counterpart)}) for key, counterpart in cases.items()
    )
    versions = {name: importlib.metadata.version(name) for name in (*LIBRARIES, "jax")}
    text = f'{{\n"versions": {json.dumps(versions)},\n"cases": [\n{lines}\n]\n}}\n'
    RATES.write_text(text, encoding="utf-8")


def rates(counterpart: Counterpart) -> list[float]:
    """Return the library's rates, from step 0 on."""
    if counterpart.library == "optax":
        schedule = build(counterpart.call, counterpart.arguments, optax)
        return [float(schedule(step)) for step in range(counterpart.steps)]

    rate = counterpart.initial_learning_rate
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate, momentum=0.9)
    scheduler = build(counterpart.call, counterpart.arguments, MODULES[counterpart.library], optimizer)
    applied = []
    for step in range(counterpart.steps):
        applied.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if counterpart.metrics:
            scheduler.step(counterpart.metrics[step])
        elif counterpart.library == "timm":
            scheduler.step(step + 1)
        elif step + 1 < counterpart.steps:  # some raise at the step after their last
            scheduler.step()
    return applied


def build(name, arguments, module, optimizer=None):
    """Build a schedule, and the schedules among its arguments, of one library and for one optimizer."""

    def built(value):
        if isinstance(value, tuple) and isinstance(value[-1], Mapping):
            return build(*value, module, optimizer)
        return [built(item) for item in value] if isinstance(value, list) else value

    given = {key: built(value) for key, value in arguments.items()}
    first = () if optimizer is None or name == "ChainedScheduler" else (optimizer,)
    return getattr(module, name)(*first, **given)


if __name__ == "__main__":
    main()
