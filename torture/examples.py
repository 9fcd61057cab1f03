"""What fuzzing tries: strategies of Hypothesis for run files, overrides, histories, records and states.

Three kinds of each: random ones, ones of hostile shape, and real ones with something wrong in them.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from hypothesis import strategies as st

from cifar_lr import config

Tree = dict[str, Any]
Where = tuple[str | int, ...]
SGD = "optimizer: {class_name: SGD, config: {learning_rate: 0.1}}\n"

# Text -----------------------------------------------------------------------------------------------------

ANYTHING = st.characters(exclude_categories=())  # surrogates, control characters and all
ODD = st.sampled_from([*"\x00\x7f\x85\u2028\ufeff\ufffe\ud800\U0001f600é\r\t", "", "\x1b[31m", "a\nb"])
LONG = st.builds(
    lambda piece, many: piece * many, st.sampled_from(["9", "x", "b/", "../", "é "]), st.integers(100, 6_000)
)
WORD = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,11}", fullmatch=True)
# fmt: off
KNOWN = st.sampled_from([
    "extends", "data", "classes", "train_per_class", "model", "name", "optimizer", "class_name",
    "config", "learning_rate", "unit", "momentum", "initial_learning_rate", "batch_size", "epochs",
    "precision", "callbacks", "log_updates", "SGD", "StepDecay", "EarlyStopping", "cat", "epoch",
    "article", "float32",
])
PIECE = st.sampled_from([
    "\n", "\n  ", "\n    ", "\n- ", " ", "\t", "\r\n", ": ", ":", "? ", "- ", ", ", "{", "}", "[", "]",
    "#", " # ", "'", '"', "|", ">", "|2-\n", "&a ", "*a", "!", "!!", "!a!b ", "!!set ", "!!int ",
    "!!python/object/apply:os.system ", "!!binary ", "!<tag:yaml.org,2002:map> ", "<<: ", "<<", "@", "`",
    "~", "null", "true", "yes", "=", "---\n", "...\n", "%YAML 1.1\n---\n", "%TAG ! a:\n", ".inf",
    "-.inf", ".nan", "0x", "0xff", "0o7", "0b", "1_000", "1e400", "1e-8", "-0.0", "+", "+1", "1:30:45",
    "2026-01-01", "2026-13-45", "2026-01-01T25:00:00Z", "\\", "\\x", "\\ud800", "0.1", "5", "-1",
    "12345678901234567890", "extends: ../article/base.yaml\n", "epochs: 5\n",
    SGD,
])
# fmt: on
TEXT = st.one_of(st.text(ANYTHING, max_size=80), ODD)


def encode(text: str) -> bytes:
    """Return a text's UTF-8, which is none where the text has half a character."""
    return text.encode("utf-8", "surrogatepass")


TEXTS = st.one_of(TEXT.map(encode), st.binary(max_size=200))
PIECES = st.lists(st.one_of(PIECE, PIECE, KNOWN, ODD), max_size=25).map("".join).map(encode)

# Edits ----------------------------------------------------------------------------------------------------


class Edit(NamedTuple):
    """A change of some bytes: so many of them are cut out from somewhere on, and a piece is put there."""

    somewhere: int
    cut: int
    piece: bytes


class Swap(NamedTuple):
    """Two lines change places, or one is there twice."""

    one: int
    other: int
    twice: bool


Edits = Sequence[Edit | Swap]


def edits_with(pieces: st.SearchStrategy[bytes]) -> st.SearchStrategy[Edits]:
    """Return a few changes that put such pieces in."""
    edit = st.builds(Edit, st.integers(0, 4_000), st.integers(0, 3) | st.integers(0, 200), pieces)
    line = st.integers(0, 60)
    return st.lists(st.one_of(edit, edit, st.builds(Swap, line, line, st.booleans())), min_size=1, max_size=3)


def edited(content: bytes, edits: Edits) -> bytes:
    """Return bytes after some changes."""
    for edit in edits:
        content = _cut(content, edit) if isinstance(edit, Edit) else _swapped(content, edit)
    return content


def _cut(content: bytes, edit: Edit) -> bytes:
    start = edit.somewhere % (len(content) + 1)
    return content[:start] + edit.piece + content[start + edit.cut :]


def _swapped(content: bytes, swap: Swap) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    one, other = swap.one % len(lines), swap.other % len(lines)
    if swap.twice:
        lines.insert(other, lines[one])
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


EDITS_OF_YAML = edits_with(st.one_of(st.binary(max_size=4), PIECE.map(encode)))
PIECE_OF_CSV = st.one_of(
    st.binary(max_size=3),
    st.sampled_from(
        b', 0 1 9 . - + e e5 nan inf -inf 1e400 1_0 0x1p3 " # ,,,,,, epoch seconds \xff \xef\xbb\xbf'.split()
    ),
    st.sampled_from(
        [
            b"",
            b"\n",
            b"\r\n",
            b"\r",
            b" ",
            b"\t",
            b"\x00",
            b"\x0b",
            b"\x1c",
            b"\n\n",
            b"\n4,.1,.2,.3,.4,.5,.6\n",
        ]
    ),
    LONG.map(encode),
)
EDITS_OF_CSV = st.one_of(
    edits_with(PIECE_OF_CSV), st.binary(max_size=80).map(lambda content: [Edit(0, 10_000, content)])
)

# YAML of hostile shape ------------------------------------------------------------------------------------


def _laughs(deep: int, wide: int) -> str:
    """Return a document that would unfold to `wide ** deep` values."""
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * wide)}]" for n in range(1, deep + 1)]
    return "\n".join([f"l0: &l0 [{', '.join(['lol'] * wide)}]", *levels])


SHAPES = {
    "lists": lambda many: "epochs: " + "[" * many,
    "closed lists": lambda many: f"epochs: {'[' * many}{']' * many}",
    "mappings": lambda many: "{a: " * many,
    "lists of lines": lambda many: "- " * many,
    "keys of keys": lambda many: "? " * many,
    "lines of mappings": lambda many: "\n".join(f"{' ' * n}a:" for n in range(min(many, 200))),
    "laughs": lambda many: _laughs(many % 30, 9),
    "itself": lambda _: "data: &a [*a]",
    "merged": lambda _: "a: &a {epochs: 5}\n<<: *a",
    "merged at once": lambda _: "<<: {epochs: 5, epoch: 6}",
    "a long key": lambda many: f"{'k' * many}: 1",
    "a long path": lambda many: ("{" + "k" * (many % 100 + 1) + ": ") * 18 + ".nan" + "}" * 18,
    "a quoted key": lambda many: f"'{'k ' * many}': 1",
    "a long text": lambda many: f"precision: {'x' * many}",
    "a long anchor": lambda many: f"epochs: &{'x' * many} 1\nbatch_size: *{'x' * many}",
    "a long tag": lambda many: f"epochs: !{'x' * many} 1",
    "a long number": lambda many: f"epochs: {'7' * many}",
    "a long hexadecimal": lambda many: f"epochs: 0x{'f' * many}",
    "a long fraction": lambda many: f"epochs: 0.{'3' * many}",
    "a long exponent": lambda many: f"epochs: 1e{'9' * min(many, 4_000)}",
    "a long extends": lambda many: f"extends: {'x' * many}",
    "keys twice": lambda many: "epochs: 1\n" * (2 + many % 9),
    "very many keys": lambda many: "\n".join(f"k{n}: 1" for n in range(min(many, 500))),
    "very many items": lambda many: f"data: {{classes: [{'0, ' * min(many, 2_000)}]}}",
    "very many texts": lambda many: f"{SGD}data: {{classes: [{'a, ' * min(many, 2_000)} b, c]}}",
    "folded lines": lambda many: "precision: >\n" + "  x\n\n" * min(many, 2_000),
    "documents": lambda many: "--- 1\n" * many,
    "too much": lambda many: "#" * (64 * 1024 - 100 + many),
}  # fmt: skip
HOSTILE = st.tuples(st.sampled_from(list(SHAPES)), st.integers(0, 8_000), st.booleans())


def hostile(shape: str, many: int, valid: bool) -> bytes:
    """Return a document of some shape, behind a valid one if asked for."""
    return f"{SGD if valid else ''}{SHAPES[shape](many)}".encode()


# YAML as trees --------------------------------------------------------------------------------------------


def flow(value: Any, *, ascii_only: bool = False) -> str:
    """Return a value as YAML on one line, most of which is JSON."""
    if isinstance(value, dict):
        items = (
            (flow(key, ascii_only=ascii_only), flow(item, ascii_only=ascii_only))
            for key, item in value.items()
        )
        return f"{{{', '.join(f'{key}: {item}' for key, item in items)}}}"
    if isinstance(value, list):
        return f"[{', '.join(flow(item, ascii_only=ascii_only) for item in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' * (value < 0)}.inf"
    text = json.dumps(value, ensure_ascii=ascii_only)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in text)


NUMBER = st.one_of(st.integers(), st.integers(-(10**400), 10**400), st.floats())
LEAF = st.one_of(st.none(), st.booleans(), NUMBER, TEXT, KNOWN)
TREE = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.one_of(KNOWN, KNOWN, TEXT), inner, max_size=5)
    ),
    max_leaves=12,
)
DOCUMENTS = st.builds(
    lambda tree, ascii_only: encode(flow(tree, ascii_only=ascii_only)),
    st.one_of(TREE, st.dictionaries(KNOWN, TREE, max_size=6)),
    st.booleans(),
)

# Runs as they may be --------------------------------------------------------------------------------------

SETTING = st.deferred(
    lambda: st.one_of(SIMPLE_SETTING, SIMPLE_SETTING, st.lists(SETTING, max_size=4), SCHEDULE)
)
SIMPLE_SETTING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(-1e12, 1e12),
    st.text(max_size=60),
    st.text(max_size=30).map(lambda text: f"{text} " * 20),
    st.one_of(PIECE, ODD).filter(lambda text: text != "\ud800"),
)
RATE = st.floats(0, 1e6, exclude_min=True) | st.integers(1, 10**6)
OWN_KEYS = {"learning_rate", "initial_learning_rate"}
SETTINGS = st.dictionaries(WORD.filter(lambda key: key not in OWN_KEYS), SETTING, max_size=3)


def _perhaps(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Tree]:
    return st.fixed_dictionaries({}, optional=optional)


def _together(*parts: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.tuples(*parts).map(lambda trees: {key: item for tree in trees for key, item in tree.items()})


NAMED = st.fixed_dictionaries({"class_name": st.text(max_size=10)})
SCHEDULE: st.SearchStrategy[Tree] = st.deferred(
    lambda: _together(
        NAMED,
        _perhaps(config=_together(SETTINGS, _perhaps(initial_learning_rate=st.none() | RATE))),
        _perhaps(unit=st.sampled_from(["step", "epoch"])),
    )
)
OPTIMIZER = _together(
    NAMED, _perhaps(config=_together(SETTINGS, _perhaps(learning_rate=st.none() | RATE | SCHEDULE)))
)
CALLBACK = _together(
    st.fixed_dictionaries({"class_name": st.sampled_from(["ReduceLROnPlateau", "EarlyStopping"])}),
    _perhaps(config=SETTINGS),
)
OF_EACH_CLASS = st.none() | st.integers(1, 10**6)
RUNS = _together(
    st.fixed_dictionaries({"optimizer": OPTIMIZER}),
    _perhaps(
        data=_perhaps(
            classes=st.none() | st.lists(st.text(max_size=20), min_size=2, max_size=4),
            train_per_class=OF_EACH_CLASS,
            validation_per_class=OF_EACH_CLASS,
        ),
        model=_perhaps(name=st.sampled_from(["article", "cifar10-cnn"])),
        batch_size=st.integers(1, 65_536),
        epochs=st.integers(1, 100_000),
        precision=st.sampled_from(["float32", "float64", "mixed_float16", "mixed_bfloat16"]),
        callbacks=st.lists(CALLBACK, max_size=3),
        log_updates=st.booleans(),
    ),
)

# One mistake ----------------------------------------------------------------------------------------------


class Mistake(NamedTuple):
    """A value that is wrong where it stands; with `key`, a key that is wrong in the mapping there."""

    where: Where
    value: Any
    key: str | None = None

    @property
    def keys(self) -> Where:
        """Where the wrong value stands, or the value of the wrong key."""
        return self.where if self.key is None else (*self.where, self.key)

    @property
    def said(self) -> str:
        """What a message has to say behind its source, as a regular expression."""
        if self.key is None or config.KEY.fullmatch(self.key):
            return re.escape(".".join(map(str, self.keys))) + "[.:]"
        around = re.escape(".".join(map(str, self.where)))
        return f"{around}: a key is " if around else "a key is "


RATE_AT: Where = ("optimizer", "config", "learning_rate")
SCHEDULE_AT: Where = (*RATE_AT, "config")
NOT_A_MAPPING = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), WORD, st.just([1]))
NOT_A_TEXT = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.sampled_from([[], {}])
)
NOT_A_LIST = st.one_of(st.booleans(), st.integers(-9, 9), WORD, st.just({}))
NOT_A_CHOICE = st.one_of(NOT_A_TEXT, WORD, st.just("\ud800"))
HUGE = st.integers(10**18 + 1, 10**300).flatmap(lambda number: st.sampled_from([number, -number]))
NOT_A_NUMBER = st.one_of(st.booleans(), st.text(max_size=9), st.sampled_from([[], {}]), HUGE)
NOT_A_COUNT = st.one_of(NOT_A_NUMBER, st.integers(-(10**12), 0), st.integers(10**6 + 1, 10**12), st.floats())
NOT_A_RATE = st.one_of(
    NOT_A_NUMBER, st.floats(max_value=0), st.floats(min_value=1e6, exclude_min=True), st.just(math.nan)
)
NOT_A_SETTING = st.one_of(
    HUGE,
    st.floats(min_value=1e12, exclude_min=True),
    st.integers(10**12 + 1, 10**17),
    st.sampled_from([math.nan, math.inf, -math.inf, "x" * 1001, "\ud800", {"unit": "step"}]),
    st.lists(HUGE, min_size=1, max_size=2),
)
NOT_A_KEY = st.one_of(
    st.text(max_size=20).filter(lambda key: not config.KEY.fullmatch(key)),
    WORD.map(lambda key: key + "x" * 100),
)
WRONG_VALUES: list[tuple[Where, st.SearchStrategy[Any]]] = [
    (("epochs",), NOT_A_COUNT),
    (("batch_size",), NOT_A_COUNT),
    (("precision",), NOT_A_CHOICE),
    (("log_updates",), st.one_of(st.integers(), st.just("true"), st.none(), HUGE)),
    (("data",), NOT_A_MAPPING),
    (("data", "classes"), st.one_of(NOT_A_LIST, st.just([]), st.just(["cat"]))),
    (("data", "classes"), st.tuples(st.just("cat"), NOT_A_TEXT).map(list)),
    (("data", "train_per_class"), NOT_A_COUNT),
    (("model",), NOT_A_MAPPING),
    (("model", "name"), NOT_A_CHOICE),
    (("optimizer",), NOT_A_MAPPING),
    (("optimizer", "class_name"), NOT_A_TEXT),
    (("optimizer", "config"), NOT_A_MAPPING),
    (("optimizer", "config", "momentum"), NOT_A_SETTING),
    (RATE_AT, NOT_A_RATE),
    ((*RATE_AT, "class_name"), NOT_A_TEXT),
    ((*RATE_AT, "unit"), NOT_A_CHOICE),
    (SCHEDULE_AT, NOT_A_MAPPING),
    ((*SCHEDULE_AT, "initial_learning_rate"), NOT_A_RATE),
    ((*SCHEDULE_AT, "drop"), NOT_A_SETTING),
    (("callbacks",), st.one_of(NOT_A_LIST, st.none())),
    (("callbacks", 0), NOT_A_MAPPING),
    (("callbacks", 0, "class_name"), NOT_A_CHOICE),
    (("callbacks", 1, "config", "patience"), NOT_A_SETTING),
]
KNOWN_KEYS: dict[Where, set[str]] = {
    (): {*config.RunConfig.model_fields, "extends"},
    ("data",): set(config.Data.model_fields),
    ("model",): set(config.Model.model_fields),
    ("optimizer",): set(config.Optimizer.model_fields),
    RATE_AT: set(config.Schedule.model_fields),
    ("callbacks", 0): set(config.Callback.model_fields),
}
MAPPINGS = [*KNOWN_KEYS, ("optimizer", "config"), SCHEDULE_AT, ("callbacks", 1, "config")]
MISTAKES = st.one_of(
    st.one_of([st.builds(Mistake, st.just(where), values, st.none()) for where, values in WRONG_VALUES]),
    st.builds(Mistake, st.sampled_from(list(KNOWN_KEYS)), st.just(5), WORD).filter(
        lambda mistake: mistake.key not in KNOWN_KEYS[mistake.where]
    ),
    st.builds(Mistake, st.sampled_from(MAPPINGS), st.just(1), NOT_A_KEY),
)
MISTAKEN_OVERRIDES = MISTAKES.filter(lambda one: bool(one.where) or bool(config.KEY.fullmatch(str(one.key))))


def mistaken(tree: Any, mistake: Mistake) -> Any:
    """Return a configuration with a mistake put in, and what that needs around it."""
    tree = tree if isinstance(tree, dict) else {}
    in_a_schedule = mistake.keys[:3] == RATE_AT != mistake.keys
    if in_a_schedule and not isinstance(_at(tree, RATE_AT), dict):
        tree = _put(tree, RATE_AT, {"class_name": "StepDecay"})
    return _put(tree, mistake.keys, mistake.value)


def as_override(mistake: Mistake) -> str:
    """Return an override that makes a mistake; a list is given whole, as its items have no path there."""
    where = mistake.where
    if not where:
        return f"{mistake.key}={flow(mistake.value)}"
    where = where[:3] if where[:3] == RATE_AT else where[:1] if where[0] == "callbacks" else where
    return f"{'.'.join(map(str, where))}={flow(_at(mistaken({}, mistake), where))}"


def _at(tree: Any, where: Where) -> Any:
    for part in where:
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _put(old: Any, where: Where, value: Any) -> Any:
    if not where:
        return value
    first, *rest = where
    if isinstance(first, str):
        mapping = old if isinstance(old, dict) else {}
        return {**mapping, first: _put(mapping.get(first), tuple(rest), value)}
    items = [*old] if isinstance(old, list) else []
    items += [{"class_name": "EarlyStopping"} for _ in range(first + 1 - len(items))]
    items[first] = _put(items[first], tuple(rest), value)
    return items


# Names and overrides --------------------------------------------------------------------------------------

# fmt: off
TRAPS = [
    "pipe.yaml", "loop.yaml", "folder.yaml", "bytes.yaml", "empty.yaml", "large.yaml", "deep.yaml",
]
PLACES = [
    ".", "..", "/", "/etc", "/etc/hostname", "/dev/null", "/dev/zero", "/dev/full", "/dev/stdin",
    "/proc/self/mem", "/proc/self/environ", "~", "~/x.yaml", "CON", "NUL.yaml", "file:///etc/hostname",
    "https://localhost/", "nowhere.yaml", "folder.yaml/x", "a.yaml/x",
]
EACH_OTHER = [
    "a.yaml", "b.yaml", "c.yaml", "./d.yaml", "../chain/b.yaml", "HERE/c.yaml", "//HERE/d.yaml",
    "HERE/pipe.yaml",
]
# fmt: on
BROKEN_NAMES = ["", "a\nb.yaml", "a\x00.yaml", "\ud800.yaml", "\x1b[2J.yaml", "\u2028", "a\x85/b.yaml"]
LINK = st.one_of(
    st.sampled_from(EACH_OTHER),
    st.sampled_from([*TRAPS, *PLACES, *BROKEN_NAMES]),
    LONG,
    LEAF,
    st.lists(LEAF, max_size=30),
    st.just({"extends": "a.yaml"}),
)
CHAINS = st.lists(LINK, min_size=1, max_size=4)
NAMES = st.tuples(
    st.booleans(),
    st.one_of(
        st.text(ANYTHING, max_size=40),
        st.sampled_from(
            [*PLACES, *BROKEN_NAMES, "run.yaml/", "a run.yaml", "run.yml.yaml", "-.yaml", "a\nb/run.yaml"]
        ),
        st.builds(
            lambda piece, many: f"{piece * many}.yaml",
            st.sampled_from(["a", "a/", "é"]),
            st.integers(90, 300),
        ),
    ),
)
KEYS = st.lists(st.one_of(KNOWN, WORD), min_size=1, max_size=22).map(".".join)
OF_THE_OPTIMIZER = WORD.filter(lambda key: key != "learning_rate").map("optimizer.config.{}".format)
DEEP = st.builds(
    lambda nested, value: f"{'[' * nested}{flow(value)}{']' * nested}",
    st.integers(0, 25),
    st.one_of(SETTING, LEAF),
)
OVERRIDE = st.one_of(
    st.text(ANYTHING, max_size=40),
    st.builds("{}={}".format, st.one_of(KEYS, TEXT, LONG), st.one_of(TREE.map(flow), TEXT, LONG)),
    st.builds("{}={}".format, OF_THE_OPTIMIZER, st.one_of(SETTING.map(flow), DEEP)),
    st.builds("optimizer.config.learning_rate={}".format, SCHEDULE.map(flow)),
    st.lists(PIECE, max_size=8).map(lambda pieces: f"optimizer.config.momentum={''.join(pieces)}"),
)
OVERRIDES = st.lists(OVERRIDE, min_size=1, max_size=3)

# Histories, records and states ----------------------------------------------------------------------------

FINITE = st.floats(allow_nan=False, allow_infinity=False)
ACCURACY = st.floats(0, 1)
ROW = st.tuples(st.floats(0, allow_infinity=False), FINITE, ACCURACY, FINITE, ACCURACY, FINITE)
HISTORIES = st.lists(ROW, min_size=1, max_size=12)


class Change(NamedTuple):
    """A change of some place in JSON."""

    somewhere: int
    what: Literal["replace", "remove", "add"]
    value: Any
    key: str


class Changes(NamedTuple):
    """Changes of a sealed file that is then sealed again, as only a forger would, or left as it is."""

    some: Sequence[Change]
    sealed: bool


class Damage(NamedTuple):
    """What becomes of a generation; its manifest may be made to fit the arrays, and be sealed, first."""

    manifest: "bytes | Edits | Changes"
    arrays: "bytes | Edits"
    fits: bool


JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=10
)
NESTED = st.builds(
    lambda piece, deep: piece * deep, st.sampled_from(["[", '{"a":', "[{},"]), st.integers(0, 20_000)
)
JSON_BYTES = st.one_of(
    st.binary(max_size=100),
    JSON.map(lambda tree: json.dumps(tree).encode()),
    JSON.map(lambda tree: encode(json.dumps(tree, ensure_ascii=False))),
    NESTED.map(str.encode),
)
CHANGE = st.builds(
    Change,
    st.integers(0, 60),
    st.sampled_from(["replace", "replace", "remove", "add"]),
    st.one_of(
        JSON,
        st.integers(-3, 10**19),
        st.just(10**4_000),
        st.sampled_from(["done", "running", "diverged", "3", "2"]),
    ),
    TEXT,
)
CHANGES = st.builds(Changes, st.lists(CHANGE, min_size=1, max_size=2), st.booleans())
RECORDS = st.one_of(JSON_BYTES, edits_with(JSON_BYTES), CHANGES, CHANGES)
UNCHANGED: st.SearchStrategy[Edits] = st.just(())
DAMAGES = st.builds(
    Damage,
    st.one_of(RECORDS, RECORDS, UNCHANGED),
    st.one_of(UNCHANGED, UNCHANGED, st.binary(max_size=60), edits_with(st.binary(max_size=8))),
    st.booleans(),
)


def altered(content: bytes, example: "bytes | Edits | Changes") -> bytes:
    """Return what becomes of a file."""
    if isinstance(example, bytes):
        return example
    return _changed(content, example) if isinstance(example, Changes) else edited(content, example)


def seal(tree: Any) -> bytes:
    """Return a tree as a sealed file has it, whatever its seal was."""
    tree = {key: value for key, value in tree.items() if key != "sha256"}
    return as_json({**tree, "sha256": hashlib.sha256(as_json(tree)).hexdigest()})


def as_json(tree: Any) -> bytes:
    """Return a tree as the package's files have it."""
    return f"{json.dumps(tree, indent=2)}\n".encode()


def _changed(content: bytes, changes: Changes) -> bytes:
    tree = json.loads(content)
    for change in changes.some:
        tree = _with(tree, change)
    return seal(tree) if changes.sealed and isinstance(tree, dict) else as_json(tree)


def _with(tree: Any, change: Change) -> Any:
    places = list(_places(tree))
    if not places:
        return change.value
    parent, at = places[change.somewhere % len(places)]
    if change.what == "replace":
        parent[at] = change.value
    elif change.what == "remove":
        del parent[at]
    elif isinstance(parent, dict):
        parent[change.key] = change.value
    else:
        parent.insert(at, change.value)
    return tree


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a tree: what holds it, and its key or index there."""
    inside = (
        list(tree.items())
        if isinstance(tree, dict)
        else list(enumerate(tree))
        if isinstance(tree, list)
        else []
    )
    for key, value in inside:
        yield tree, key
        yield from _places(value)
