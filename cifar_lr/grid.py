"""A run file's grid: settings that take several values, and the runs that this makes.

A grid has the shape of a configuration, with a list in the place of each setting that varies:

    grid:
      optimizer: {config: {learning_rate: [0.01, 0.1, 1.0]}}

makes three runs, `NAME+learning_rate=0.01` and so on. What varies together is a list of mappings:

    grid:
      optimizer:
        config:
          - {momentum: 0.9}
          - {momentum: 0.9, nesterov: true}

Several lists make every combination. Nothing here knows what the settings mean.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any, Final

MAX_RUNS: Final = 200
MAX_SUFFIX: Final = 100  # of a run's name, which is a folder's
NAMED: Final = re.compile(r"[A-Za-z0-9_.+-]{1,60}")

Tree = dict[str, Any]
Path = tuple[str, ...]


class GridError(Exception):
    """A grid that can not be expanded.

    Attributes:
        path: the key at which it is wrong, within `grid`; empty for the grid itself.
    """

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True)
class Axis:
    """One setting, or several together, and the values that it takes.

    Attributes:
        path: the key's.
        values: one for each run; mappings where several settings vary together.
    """

    path: Path
    values: tuple[Any, ...]

    def leaves(self) -> set[Path]:
        """Return the paths of all settings that it sets."""
        return {path for value in self.values for path in _leaves(self.path, value)}


@dataclass(frozen=True)
class Variant:
    """One run of a grid.

    Attributes:
        suffix: what follows its file's name, as in `+learning_rate=0.1`; empty where nothing varies.
        overlay: the values that it sets, in the shape of a configuration.
    """

    suffix: str
    overlay: Tree


def axes(tree: Any) -> list[Axis]:
    """Return what varies in a grid, in its order.

    Raises:
        GridError: if it is no mapping that ends in lists, or a list is empty or mixes mappings with others.
    """
    if not isinstance(tree, dict) or not tree:
        raise GridError((), "must be a mapping that ends in lists of values")
    return list(_axes(tree, ()))


def _axes(tree: Mapping[str, Any], path: Path) -> Iterator[Axis]:
    for key, value in tree.items():
        here = (*path, key)
        if isinstance(value, dict) and value:
            yield from _axes(value, here)
        elif isinstance(value, list) and value:
            if len({isinstance(one, dict) for one in value}) > 1:
                raise GridError(here, "must list mappings, or values, but not both")
            yield Axis(here, tuple(value))
        else:
            raise GridError(here, "must be a list of at least one value")


def variants(varying: Sequence[Axis]) -> list[Variant]:
    """Return every combination of the axes' values, the last axis varying fastest.

    Raises:
        GridError: if there are more than MAX_RUNS, if a value can not stand in a run's name, or if that is
            too long or another's.
    """
    for axis in varying:
        names = [_suffix(axis.path, value).casefold() for value in axis.values]
        if twice := {name for name in names if names.count(name) > 1}:
            raise GridError(axis.path, f"makes two runs of the name {min(twice)!r}")
    if (number := math.prod(len(axis.values) for axis in varying)) > MAX_RUNS:
        raise GridError((), f"makes {number} runs; at most {MAX_RUNS} are taken")
    made: dict[str, Variant] = {}
    for values in product(*(axis.values for axis in varying)):
        chosen = [(axis.path, value) for axis, value in zip(varying, values, strict=True)]
        suffix = "".join(_suffix(path, value) for path, value in chosen)
        if len(suffix) > MAX_SUFFIX:
            raise GridError((), f"makes names of more than {MAX_SUFFIX} characters, as in {suffix[:60]!r}...")
        if suffix.casefold() in made:
            raise GridError((), f"makes two runs of the name {suffix!r}")
        made[suffix.casefold()] = Variant(suffix, _overlay(chosen))
    return list(made.values())


def _leaves(path: Path, value: Any) -> Iterator[Path]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    else:
        yield path


def _suffix(path: Path, value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_suffix((*path, key), inner) for key, inner in value.items())
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not NAMED.fullmatch(text):
        raise GridError(path, f"has a value that can not stand in a run's name. Received: {text!r:.80}")
    return f"+{path[-1]}={text}"


def _overlay(chosen: Sequence[tuple[Path, Any]]) -> Tree:
    nothing: Tree = {}
    return reduce(_set, chosen, nothing)


def _set(tree: Tree, setting: tuple[Path, Any]) -> Tree:
    path, value = setting
    key, *rest = path
    inner = tree.get(key, {})
    if rest:
        return {**tree, key: _set(inner, (tuple(rest), value))}
    return {**tree, key: {**inner, **value} if isinstance(value, dict) else value}
