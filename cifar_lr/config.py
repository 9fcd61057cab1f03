"""What a run's YAML may say: read, merged with what it extends, overridden, checked once, frozen.

A file is YAML 1.2 (so `1e-8` is a number) without anchors or tags. `extends: base.yaml` takes another
file's values first; mappings merge key by key, except that one which names its own `class_name`
replaces the inherited one whole. `key.path=value` overrides come last. A `grid` (see grid.py) makes several
runs of one file. Optimizers and schedules are only
checked for their form here: whether Keras knows the name and its arguments is optimizers.py's affair.
"""

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError
from typing_extensions import TypeAliasType

from cifar_lr import grid

MAX_BYTES = 64 * 1024
MAX_DEPTH = 20
MAX_EXTENDS = 10
LARGEST = 10**18
TOO_LARGE = LARGEST + 1  # as good as any larger one, which could not be printed
MERGE = "tag:yaml.org,2002:merge"
SURROGATE = re.compile("[\ud800-\udfff]")
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
LONGEST_PATH = 400  # in a message
COMMAND_LINE = "the command line"
NO_RUNS = {"base", "claims"}

ABSENT = object()

Tree = dict[str, Any]
Layer = tuple[str, Tree]  # a file or the command line, and its values
Parts = tuple[str | int, ...]  # of a key's path; whole numbers are places in lists


def one_line(text: str) -> str:
    """Return a text with escapes for what would break or hide a line: line ends, other control characters."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


class ConfigError(Exception):
    """A configuration that can not be used. The message is one line naming the file and the key."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _is_none(value: Any) -> bool:
    """Return whether a setting of ours is left out; one of Keras's that is None says so."""
    return value is None


def _kind(value: Any) -> str:
    """Return which member of a union a value is meant to be, so that an error speaks of that one only."""
    return _KINDS.get(type(value), "<schedule>" if isinstance(value, BaseModel) else "<none>")


_KINDS: dict[type, str] = {
    bool: "<flag>",
    int: "<int>",
    float: "<float>",
    str: "<text>",
    list: "<list>",
    tuple: "<list>",
    dict: "<schedule>",
}


def _kind_of_rate(value: Any) -> str:
    return "<schedule>" if isinstance(value, dict | BaseModel) else "<rate>"


Rate = Annotated[float, Field(gt=0, le=1e6)]
RateOrSchedule = Annotated[
    Annotated[Rate, Tag("<rate>")] | Annotated["Schedule", Tag("<schedule>")], Discriminator(_kind_of_rate)
]
if TYPE_CHECKING:
    Value = Any
else:  # refers to itself, which type checkers of Python 3.11's syntax do not follow
    Value = TypeAliasType(
        "Value",
        Annotated[
            Annotated[bool, Tag("<flag>")]
            | Annotated[int, Field(ge=-(10**12), le=10**12), Tag("<int>")]
            | Annotated[float, Field(ge=-1e12, le=1e12), Tag("<float>")]
            | Annotated[str, Field(max_length=1000), Tag("<text>")]
            | Annotated[tuple["Value", ...], Tag("<list>")]
            | Annotated["Schedule", Tag("<schedule>")]
            | Annotated[None, Tag("<none>")],
            Discriminator(_kind),
        ],
    )


class ScheduleSettings(_Strict):
    """A schedule's arguments, by the names of its Keras class."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Value] = Field(init=False)

    initial_learning_rate: Rate | None = Field(None, exclude_if=_is_none, description="The rate at step 0.")


class Schedule(_Strict):
    """A learning-rate schedule as Keras serialises one, and the unit in which it counts."""

    class_name: str = Field(description="The name of a LearningRateSchedule of Keras's or of cifar_lr's.")
    config: ScheduleSettings = Field(default_factory=ScheduleSettings, description="Its arguments.")
    unit: Literal["step", "epoch"] = Field(
        "step",
        description="What the schedule counts, from 0: updates, or whole epochs.",
    )


class OptimizerSettings(_Strict):
    """An optimizer's arguments, by the names of its Keras class."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Value] = Field(init=False)

    learning_rate: RateOrSchedule | None = Field(
        None, exclude_if=_is_none, description="A constant rate, or a schedule."
    )


class Optimizer(_Strict):
    """An optimizer as Keras serialises one."""

    class_name: str = Field(description="The name of an optimizer of Keras's or of cifar_lr's.")
    config: OptimizerSettings = Field(default_factory=OptimizerSettings, description="Its arguments.")


class CallbackSettings(_Strict):
    """A callback's arguments, by the names of its Keras class."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Value] = Field(init=False)


class Callback(_Strict):
    """A callback as Keras serialises one."""

    class_name: Literal["ReduceLROnPlateau", "EarlyStopping"] = Field(
        description="The name of a callback of Keras's."
    )
    config: CallbackSettings = Field(default_factory=CallbackSettings, description="Its arguments.")


class Data(_Strict):
    """Which images of CIFAR-10 a run uses."""

    classes: Annotated[tuple[str, ...], Field(min_length=2)] | None = Field(
        None,
        exclude_if=_is_none,
        description="Class names, renumbered from 0 in this order; left out: all that the images have.",
    )
    train_per_class: int | None = Field(
        None,
        exclude_if=_is_none,
        ge=1,
        le=10**6,
        description="Only the first n training images of each class.",
    )
    validation_per_class: int | None = Field(
        None,
        exclude_if=_is_none,
        ge=1,
        le=10**6,
        description="Only the first n validation images of each class.",
    )
    held_out_per_class: int | None = Field(
        None,
        exclude_if=_is_none,
        ge=1,
        le=10**6,
        description="Hold the last n training images of each class out, and validate on them; the test "
        "images are then looked at once, after the last epoch.",
    )


class Model(_Strict):
    """Which network a run trains."""

    name: Literal["article", "cifar10-cnn"] = Field("article", description="A network of cifar_lr/model.py.")


class RunConfig(_Strict):
    """One run: data, network, optimizer and schedule, and how long. Frozen."""

    data: Data = Field(default_factory=Data, description="Which images.")
    model: Model = Field(default_factory=Model, description="Which network.")
    optimizer: Optimizer = Field(description="The optimizer, and in it the rate or its schedule.")
    batch_size: int = Field(64, ge=1, le=65_536, description="Images an update.")
    epochs: int = Field(100, ge=1, le=100_000, description="Passes over the training images.")
    precision: Literal["float32", "float64", "mixed_float16", "mixed_bfloat16"] = Field(
        "float32", description="Keras's dtype policy."
    )
    callbacks: Annotated[tuple[Callback, ...], Field(max_length=10)] = Field(
        (), description="What acts between epochs, in this order."
    )
    log_updates: bool = Field(
        default=False, description="Also record the rate and the loss of every update, in updates.csv."
    )

    def dump(self) -> Tree:
        """Return the whole configuration as plain values, defaults included, settings left out left out."""
        return self.model_dump(mode="json")

    def decisive(self) -> Tree:
        """Return what is not at its default, so that a setting that is added later changes nothing."""
        return self.model_dump(mode="json", exclude_defaults=True)


@dataclass(frozen=True)
class Run:
    """A run's name (its file's stem, and what sets it apart in a grid), its configuration, and its file."""

    name: str
    config: RunConfig
    file: str = ""

    @property
    def place(self) -> str:
        """Where a message says that it is: in its file, and which of a grid."""
        name = "" if Path(self.file).stem == self.name else self.name
        return ": ".join(filter(None, (self.file, name)))


def load(path: Path, overrides: Sequence[str] = ()) -> Run:
    """Read one run's YAML file.

    Args:
        path: the file; its stem names the run.
        overrides: `key.path=value` texts; values are YAML.

    Raises:
        ConfigError: for anything that is wrong with the file, what it extends, or an override; and if the
            file makes several runs.
    """
    runs = load_all(path, overrides)
    if len(runs) > 1:
        raise ConfigError(
            f"{path}: grid: makes {len(runs)} runs, from {runs[0].name} to {runs[-1].name}. Train them with "
            "reproduce, or give the settings that vary as key.path=value"
        )
    return runs[0]


def load_all(path: Path, overrides: Sequence[str] = ()) -> list[Run]:
    """Read one YAML file: one run, or as many as its grid makes, in the grid's order.

    Args:
        path: the file; its stem names the run, or begins the names.
        overrides: `key.path=value` texts; values are YAML. What varies in the grid and is overridden here
            varies no more.

    Raises:
        ConfigError: for anything that is wrong with the file, what it extends, its grid, or an override.
    """
    if not NAME.fullmatch(path.stem):
        raise ConfigError(
            f"{path}: a run's file name must be letters, digits, '_' and '-' (up to 100). "
            f"Received: {path.stem!r}. Rename the file"
        )
    layers = [*_layers(path), (COMMAND_LINE, _overrides_tree(overrides))]
    return [
        Run(f"{path.stem}{variant.suffix}", _validated(path, [*layers, (where, variant.overlay)]), str(path))
        for where, variant in _variants(path, layers)
    ]


def _variants(path: Path, layers: Sequence[Layer]) -> list[tuple[str, grid.Variant]]:
    """Return each run of a file's grid, and what says so; one that sets nothing if there is no grid."""
    tree = _merged(layers).get("grid")
    if tree is None:
        return [(str(path), grid.Variant("", {}))]
    overridden = layers[-1][1]
    try:
        varying = [
            axis for axis in grid.axes(tree) if not any(_is_given(overridden, leaf) for leaf in axis.leaves())
        ]
        return [(_source(("grid",), path, layers), variant) for variant in grid.variants(varying)]
    except grid.GridError as error:
        parts = ("grid", *error.path)
        raise ConfigError(f"{_join(_source(parts, path, layers), '.'.join(parts))}: {error}") from None


def _is_given(overridden: Tree, leaf: Parts) -> bool:
    """Return whether overrides give a setting, or replace what it is part of."""
    *around, there = (_at(overridden, leaf[:depth]) for depth in range(1, len(leaf) + 1))
    return there is not ABSENT or any(not (isinstance(one, dict) or one is ABSENT) for one in around)


def _merged(layers: Sequence[Layer]) -> Tree:
    nothing: Tree = {}
    return reduce(_merge, (tree for _, tree in layers), nothing)


def _validated(path: Path, layers: Sequence[Layer]) -> RunConfig:
    merged = _merged(layers)
    merged.pop("grid", None)
    try:
        config = RunConfig.model_validate_json(json.dumps(merged, default=str))
    except ValidationError as error:
        raise ConfigError(_explain(error, path, layers)) from None
    _require_one_file(config, path, layers)
    return config


def load_suite(folder: Path, overrides: Sequence[str] = ()) -> list[Run]:
    """Read every run of a suite's folder, sorted by name; `base.yaml` and `claims.yaml` are not runs.

    Raises:
        ConfigError: if the folder is missing or holds no run, if two files name one run, or if a file
            can not be used.
    """
    try:
        if not folder.is_dir():
            raise ConfigError(f"{folder}: {_no_suite(folder)}")
        paths = sorted(p for p in folder.iterdir() if p.suffix in {".yaml", ".yml"} and p.stem not in NO_RUNS)
    except OSError as error:
        raise ConfigError(f"{folder}: can not be read: {error.strerror}") from None
    if not paths:
        raise ConfigError(f"{folder}: holds no run. A run is a YAML file other than base.yaml")
    seen: dict[str, Path] = {}
    for path in paths:
        other = seen.setdefault(path.stem.casefold(), path)
        if other is not path:
            raise ConfigError(f"{path}: names the same run as {other.name}. Rename one of the two")
    return [run for path in paths for run in load_all(path, overrides)]


def _require_one_file(config: RunConfig, path: Path, layers: Sequence[Layer]) -> None:
    """Refuse what several files and overrides together make too deep or too large for the one of a record."""
    deepest = _deepest(config.dump())
    if len(deepest) > MAX_DEPTH:
        around = deepest[: MAX_DEPTH - 1]
        where = _join(_source(around, path, layers), ".".join(map(str, around)))
        raise ConfigError(f"{where}: is nested more than {MAX_DEPTH} deep")
    if len(to_yaml(config).encode()) > MAX_BYTES:
        raise ConfigError(f"{path}: is larger than {MAX_BYTES // 1024} KiB with all that is set elsewhere")


def _deepest(value: Any, parts: Parts = ()) -> Parts:
    if not isinstance(value, dict | list):
        return parts
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    return max((_deepest(item, (*parts, part)) for part, item in inside), key=len, default=(*parts, 0))


def to_yaml(config: RunConfig) -> str:
    """Return the whole configuration as YAML that `load` reads back to an equal one."""
    from io import StringIO

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = MAX_BYTES  # where ruamel.yaml breaks a text, or leaves a control character, it changes some
    yaml.allow_unicode = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    text = StringIO()
    yaml.dump(config.dump(), text)
    return text.getvalue()


def schema() -> Tree:
    """Return the JSON Schema of a configuration file, in which every key may be left to what it extends."""
    tree = RunConfig.model_json_schema()
    tree.pop("required")
    extends = {"type": "string", "description": "A YAML file, from here, whose values come first."}
    varying = {"type": "object", "description": "What varies, in its place, as lists of values."}
    tree["properties"] = {"extends": extends, "grid": varying, **tree["properties"]}
    for name in ("Optimizer", "Schedule"):
        tree["$defs"][name].pop("required")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **tree}


def _layers(path: Path) -> list[Layer]:
    """Return (file, its values) for a file and all that it extends, the most general first."""
    layers: list[Layer] = []
    seen: list[Path] = []
    next_path: Path | None = path
    while next_path is not None:
        where = (
            f"{layers[0][0]}: extends: {_shorten_text(str(next_path), LONGEST_PATH)}" if layers else str(path)
        )
        resolved = resolve(next_path, where)
        if resolved in seen:
            raise ConfigError(f"{layers[0][0]}: extends: goes in a circle back to {next_path.name}")
        if len(seen) == MAX_EXTENDS:
            raise ConfigError(f"{path}: extends: more than {MAX_EXTENDS} files deep")
        seen.append(resolved)
        tree = read_yaml(next_path, where)
        parent = tree.pop("extends", None)
        if not isinstance(parent, str | None):
            raise ConfigError(f"{next_path}: extends: must be a file name. Received: {_shorten(parent)}")
        layers.insert(0, (str(next_path), tree))
        next_path = None if parent is None else next_path.parent / parent
    return layers


def resolve(path: Path, where: str) -> Path:
    """Return where a path leads.

    Args:
        path: the path.
        where: what the message of an error begins with.

    Raises:
        ConfigError: if it can not be followed.
    """
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        problem = _shorten_text(getattr(error, "strerror", None) or str(error))
        raise ConfigError(f"{where}: is no file name that can be followed: {problem}") from None


def read_yaml(path: Path, where: str = "") -> Tree:
    """Read a file that is a mapping, as `parse_yaml` reads text.

    Args:
        path: the file.
        where: what the message of an error begins with, if not the file's name.

    Raises:
        ConfigError: if the file can not be read, is too large or anything else.
    """
    where = where or str(path)
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{where}: is not a file{_a_suite(path)}")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        text = raw.decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{where}: no such file{similar(path)}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}: is not UTF-8 text (byte {error.start})") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{where}: can not be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{where}: is larger than {MAX_BYTES // 1024} KiB, which no configuration is")
    tree = parse_yaml(text, where)
    if not isinstance(tree, dict):
        raise ConfigError(f"{where}: must be a mapping of keys to values. Received: {_shorten(tree)}")
    return tree


def parse_yaml(text: str, where: str, path: str = "") -> Any:
    """Parse YAML 1.2 of plain values: no anchors, no tags, no duplicate keys, not nested deeply.

    Args:
        text: the YAML.
        where: what the message of an error begins with.
        path: the key whose value it is, if it is not all that is there.

    Raises:
        ConfigError: if the text is anything else.
    """
    at = _join(where, path)
    try:
        _refuse_tricks(text, at)
        yaml = YAML(typ="safe", pure=True)
        yaml.Constructor = _Constructor
        return _plain(yaml.load(text), where, path)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" line {mark.line + 1}:" if mark else ""
        problem = " ".join(str(error.problem or error.context).split())
        raise ConfigError(f"{at}:{line} is not valid YAML: {_shorten_text(problem)}") from None
    except ReaderError as error:
        line = f"line {text[: error.position].count(chr(10)) + 1}"
        raise ConfigError(
            f"{at}: {line}: has a character that YAML has not: U+{error.character:04X}"
        ) from None
    except (YAMLError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise ConfigError(f"{at}: is not valid YAML: {_shorten_text(problem)}") from None


class _Constructor(SafeConstructor):
    """Makes values of YAML; knows the line of a number or date that is none, and makes none too large."""

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
        except (ValueError, ArithmeticError, LookupError) as error:
            raise ConstructorError(None, None, str(error), node.start_mark) from None
        return max(-TOO_LARGE, min(value, TOO_LARGE)) if isinstance(value, int) else value

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> Any:
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                raise ConstructorError(None, None, "a key must be text", key.start_mark)
            if key.tag == MERGE:
                raise ConstructorError(None, None, "'<<' is not accepted; use extends", key.start_mark)
        return super().construct_mapping(node, deep)


def _refuse_tricks(text: str, where: str) -> None:
    """Refuse, before anything is built, what a plain configuration never needs and a hostile one does."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        at = f"{where}: line {event.start_mark.line + 1}:"
        if anchor := getattr(event, "anchor", None):
            name = _shorten_text(f"{'*' if isinstance(event, AliasEvent) else '&'}{anchor}")
            raise ConfigError(f"{at} anchors and aliases are not accepted; use extends. Received: {name}")
        tag = str(getattr(event, "ctag", None))
        if tag != "None":
            raise ConfigError(f"{at} tags are not accepted. Received: {_shorten_text(tag)}")
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ConfigError(f"{at} is nested more than {MAX_DEPTH} deep")


def _plain(value: Any, where: str, path: str = "") -> Any:
    """Return YAML's value at a key, refusing keys, numbers and texts that a configuration can not have."""
    at = _join(where, path)
    inside = f"{path}." if path else ""
    if isinstance(value, dict):
        for key in value:
            _require_key(key, at)
        return {key: _plain(item, where, f"{inside}{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, where, f"{inside}{index}") for index, item in enumerate(value)]
    if isinstance(value, int) and abs(value) > LARGEST:
        raise ConfigError(
            f"{at}: has a number of more than {len(str(LARGEST)) - 1} digits, which no setting takes"
        )
    if isinstance(value, str) and SURROGATE.search(value):
        raise ConfigError(f"{at}: has half a character, which no text has. Received: {_shorten(value)}")
    return value


def _join(where: str, path: str) -> str:
    return f"{where}: {_shorten_text(path, LONGEST_PATH)}" if path else where


def _require_key(key: Any, where: str) -> None:
    if not isinstance(key, str):
        raise ConfigError(f"{where}: keys must be text. Received: {_shorten(key)}")
    if not KEY.fullmatch(key):
        raise ConfigError(f"{where}: a key is letters, digits and '_', up to 100. Received: {_shorten(key)}")


def _overrides_tree(overrides: Iterable[str]) -> Tree:
    tree: Tree = {}
    for override in overrides:
        path, equals, value = override.partition("=")
        keys = path.split(".")
        if not equals or not all(keys) or len(keys) > MAX_DEPTH:
            raise ConfigError(f"{COMMAND_LINE}: an override is key.path=value. Received: {override!r:.80}")
        for key in keys:
            _require_key(key, COMMAND_LINE)
        parsed = parse_yaml(value, COMMAND_LINE, path)
        tree = _merge(tree, reduce(lambda inner, key: {key: inner}, reversed(keys), parsed))
    return tree


def _merge(old: Any, new: Tree) -> Tree:
    merged = dict(old)
    for key, value in new.items():
        inherited = merged.get(key)
        extends = isinstance(value, dict) and isinstance(inherited, dict) and "class_name" not in value
        merged[key] = _merge(inherited, value) if extends else value
    return merged


def _explain(error: ValidationError, path: Path, layers: Sequence[Layer]) -> str:
    """Return one line for the first thing that is wrong, naming the file that says it."""
    errors = error.errors(include_url=False)
    # A misspelt key is missing as well: what it was misspelt as says more.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    parts = tuple(part for part in first["loc"] if not str(part).startswith("<"))
    at = ".".join(map(str, parts))
    if first["type"] == "missing":
        return f"{_join(_lacking(parts, path, layers), at)}: is missing"
    source = _source(parts, path, layers)
    if first["type"] == "extra_forbidden":
        return f"{_join(source, at)}: unknown key{nearest(str(parts[-1]), _siblings(parts))}"
    problem = first["msg"][:1].lower() + first["msg"][1:]
    return f"{_join(source, at)}: {problem}. Received: {_shorten(first['input'])}"


def _source(parts: Parts, path: Path, layers: Sequence[Layer]) -> str:
    """Return what says the value of a key."""
    return next((name for name, tree in reversed(layers) if _at(tree, parts) is not ABSENT), str(path))


def _lacking(parts: Parts, path: Path, layers: Sequence[Layer]) -> str:
    """Return what lacks a key: the run's file, unless only another says what should have it."""
    holders = [name for name, tree in layers if isinstance(_at(tree, parts[:-1]), dict)]
    replaces = any(isinstance(part, int) for part in parts)  # a list takes the place of the one before it
    return holders[-1] if replaces or len(holders) == 1 else str(path)


def nearest(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return the end of a message about an unknown name: the nearest known one, or else all of them.

    Args:
        name: what is not known.
        known: what is.
        otherwise: instead of all of them, where none is near.
    """
    known = sorted(known)
    by_case = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name.casefold(), by_case, n=1)
    if close:
        return f"; did you mean {by_case[close[0]]!r}?"
    return f"; known are {', '.join(known)}" if otherwise is None else otherwise


def similar(path: Path) -> str:
    """Return the end of a message about a path that is not there: what beside it has almost its name."""
    try:
        there = [other.name for other in path.parent.iterdir() if other.name != path.name]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, there, n=1)
    return f"; did you mean {path.with_name(close[0])}?" if close else ""


def _no_suite(path: Path) -> str:
    if path.is_file():
        return "is one run's file, not a suite. Train it with run"
    return f"no such suite{similar(path) or '. Name a folder of run configurations, as configs/article'}"


def _a_suite(path: Path) -> str:
    return ". It is a suite: train its runs with reproduce" if any(path.glob("*.yaml")) else ""


def _at(tree: Any, parts: Parts) -> Any:
    """Return what stands at a key's path in a tree."""
    for part in parts:
        held = range(len(tree)) if isinstance(tree, list) else tree if isinstance(tree, dict) else ()
        if part not in held:
            return ABSENT
        tree = tree[part]
    return tree


def _siblings(parts: Parts) -> list[str]:
    """Return the keys that the mapping around an unknown key may have."""
    model: type[BaseModel] = RunConfig
    for part in parts[:-1]:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field else model if isinstance(part, int) else None
        inner = get_args(inner)[0] if get_origin(inner) is tuple else inner
        model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else Schedule
    return list(model.model_fields)


def _shorten(value: Any) -> str:
    return _shorten_text(repr(value))


def _shorten_text(text: str, most: int = 80) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))  # noqa: T201  `make schema` writes it to configs/schema.json
