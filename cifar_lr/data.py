"""CIFAR-10 from wherever it lies: found or fetched, verified, decoded once, mapped by every process.

`locate` finds a source and leaves it decoded in the cache; `load` chooses classes from it. The cache lies
at `$CIFAR_LR_CACHE` or in the user's cache folder and holds, for each source, one folder with

    train.npy, test.npy    uint8 images of shape (n, 32, 32, 3), class by class
    meta.json              classes, counts, label, origin and SHA-256 of the arrays

A folder is written beside its place and renamed into it, so it is complete or absent, and one process at a
time writes. Arrays whose size or shape
disagrees with `meta.json` are never used; a changed pixel changes the fingerprint of every result.
"""

import contextlib
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import filelock
import numpy as np
import platformdirs
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cifar_lr import decode, download, standin
from cifar_lr.decode import CLASSES, SIDE, Decoded, Kind
from cifar_lr.download import DataError

__all__ = [
    "CLASSES",
    "DataError",
    "Dataset",
    "Row",
    "Source",
    "fetch",
    "import_path",
    "load",
    "locate",
    "status",
]

STAND_IN_LABEL = "STAND-IN (generated images, not CIFAR-10)"
OFFICIAL = "cifar10"  # the cache folder of the verified CIFAR-10
PATIENCE_SECONDS = 40.0
MAX_META_BYTES = 2**20

ArrayFile = Literal["train.npy", "test.npy"]
Say = Callable[[str], None]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Source:
    """Decoded images on disk, ready to be mapped; small, so that it can be sent to other processes.

    `folder` holds the arrays and `meta.json`; `label` is what captions call the images.
    """

    folder: Path
    kind: Kind
    label: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """The images in use, read-only.

    Images are uint8 of shape (n, 32, 32, 3), class by class in the order of `classes`; labels are int64 of
    shape (n,), numbered 0 to len(classes) - 1 in that order. Validation is on the test images, unless a part
    of the training images is `held_out` for it. `fingerprint` is "sha256:" and the SHA-256 of
    x_train, y_train, x_val and y_val, and of x_test and y_test if they are others than those of validation,
    each as a line with name, dtype and shape, then its bytes (little-endian, C order).
    """

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    x_val: NDArray[np.uint8]
    y_val: NDArray[np.int64]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]
    held_out: bool
    classes: tuple[str, ...]
    kind: Kind
    label: str
    fingerprint: str


@dataclass(frozen=True)
class Row:
    """One place where images may lie, and what is there."""

    place: str
    state: Literal["ready", "found", "partial", "damaged", "absent"]
    detail: str


class _Meta(BaseModel):
    """The content of `meta.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    kind: Kind
    label: str = Field(max_length=200)
    origin: str
    classes: tuple[str, ...] = Field(min_length=1)
    train_counts: tuple[int, ...]
    test_counts: tuple[int, ...]
    sha256: dict[ArrayFile, str]

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        for counts in (self.train_counts, self.test_counts):
            if len(counts) != len(self.classes) or min(counts) < 1:
                raise ValueError(f"{len(self.classes)} classes, counts {counts}")
        return self


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def locate(
    source: str = "auto", *, cache: Path | None = None, say: Say = _to_stderr, progress: bool = True
) -> Source:
    """Find images and leave them decoded in the cache.

    Args:
        source: "auto" (CIFAR-10 from the cache, from Keras's cache or downloaded; else the stand-in),
            "cifar10" (the same, without the stand-in), "stand-in", or a path: an official archive, its
            unpacked folder, or images in train/CLASS/ and test/CLASS/ as a folder, .tar or .zip.
        cache: the cache folder, if not the usual one.
        say: receives lines for the user.
        progress: whether a download draws a progress bar on stderr.

    Returns:
        The source, to be given to `load`.

    Raises:
        DataError: the source can not be had or used, or the cache can not be written.
    """
    root = _root(cache)
    if source == "stand-in":
        return _stand_in(root, say)
    if source not in {"auto", "cifar10"}:
        path = _path(source)
        return _prepare(root, f"path-{decode.state_of(path)[:16]}", lambda: _read(path, say), say)
    patience = PATIENCE_SECONDS if source == "auto" else float("inf")
    try:
        return _prepare(root, OFFICIAL, lambda: _cifar10(root, say, patience, progress=progress), say)
    except download.UnavailableError as error:
        if source == "cifar10":
            raise
        say("CIFAR-10 could not be had, so this goes on with the STAND-IN: generated images, not CIFAR-10.")
        for line in error.tried:
            say(f"  tried: {line}")
        say("To supply the data: --data PATH, or make ... DATA=PATH, with cifar-10-binary.tar.gz for PATH.")
        say("To refuse the stand-in: --data cifar10, or make ... DATA=cifar10.")
    return _stand_in(root, say)


def load(
    source: Source,
    classes: Sequence[str] | None = None,
    *,
    train_per_class: int | None = None,
    validation_per_class: int | None = None,
    held_out_per_class: int | None = None,
) -> Dataset:
    """Choose classes, and the first images of each, from a located source.

    The arrays are mapped read-only: processes that use all of a source share its memory. A part of it is
    copied.

    Args:
        source: what `locate` returned.
        classes: the classes in use; labels are numbered in this order. None: all, in the source's order.
        train_per_class: how many training images of each class; None: all.
        validation_per_class: likewise of the source's test split.
        held_out_per_class: how many training images of each class, the last of those in use, are held out for
            validation; None: none, and validation is on the test split.

    Raises:
        DataError: an unknown or repeated class, more images than there are, or a damaged cache.
    """
    meta, train, test = _open(source.folder)
    chosen = meta.classes if classes is None else tuple(classes)
    unknown = [name for name in chosen if name not in meta.classes]
    if unknown or not chosen or len(set(chosen)) < len(chosen):
        wrong = (
            f"{unknown[0]!r} is not among the classes"
            if unknown
            else f"classes {list(chosen)} are none or repeat"
        )
        raise DataError(f"{wrong}; {source.label} has {', '.join(meta.classes)}")
    x_train, y_train = _select(train, meta, "train", chosen, train_per_class)
    x_test, y_test = _select(test, meta, "validation", chosen, validation_per_class)
    x_val, y_val = x_test, y_test
    named: dict[str, NDArray[Any]] = {}
    if held_out_per_class is not None:
        held_out = _last_of_each(y_train, held_out_per_class)
        x_val, y_val = _frozen(x_train[held_out]), _frozen(y_train[held_out])
        x_train, y_train = _frozen(x_train[~held_out]), _frozen(y_train[~held_out])
        named = {"x_test": x_test, "y_test": y_test}
    return Dataset(
        x_train=x_train,
        y_train=y_train,
        x_val=x_val,
        y_val=y_val,
        x_test=x_test,
        y_test=y_test,
        held_out=held_out_per_class is not None,
        classes=chosen,
        kind=meta.kind,
        label=meta.label,
        fingerprint=_fingerprint(x_train=x_train, y_train=y_train, x_val=x_val, y_val=y_val, **named),
    )


def status(*, cache: Path | None = None) -> list[Row]:
    """Say what lies where, without fetching or changing anything.

    Cached arrays are compared with their hashes, so this takes a second for each cached source.
    """
    root = _root(cache)
    names = [OFFICIAL, _stand_in_name()]
    with contextlib.suppress(OSError):
        names += sorted(path.name for path in root.glob("path-*"))
    rows = [_cache_row(root / name) for name in names]
    rows += [_archive_row(root / "downloads" / archive.name, archive) for archive in download.ARCHIVES]
    rows += [_keras_row(path) for path in _keras_paths()]
    return rows


def fetch(*, cache: Path | None = None, say: Say = _to_stderr, progress: bool = True) -> Source:
    """Download the official archive into the cache, unless the cache has CIFAR-10 already.

    Raises:
        DataError: no address delivered, or the cache can not be written.
    """
    root = _root(cache)
    return _prepare(root, OFFICIAL, lambda: _downloaded(root, say, float("inf"), progress=progress), say)


def import_path(path: Path | str, *, cache: Path | None = None, say: Say = _to_stderr) -> Source:
    """Make the official data at a path the cache's CIFAR-10.

    Raises:
        DataError: the path can not be read, or what lies there can not be verified to be the official data.
    """
    path = _path(str(path))
    form, _ = decode.form_of(path)
    if form not in {"official archive", "python folder"}:
        raise DataError(
            f"{path} ({form}) can not be verified to be the official CIFAR-10, so it is not imported; "
            f"use it where it lies with --data {path}"
        )
    decoded = _read(path, say)
    return _prepare(_root(cache), OFFICIAL, lambda: decoded, say)


# Where images come from ------------------------------------------------------------------------------------


def _path(text: str) -> Path:
    if not text:
        raise DataError("the data's path is empty; give auto, cifar10, stand-in or a path")
    with contextlib.suppress(RuntimeError):  # "~name" of nobody: taken as it stands
        return Path(text).expanduser()
    return Path(text)


def _cifar10(root: Path, say: Say, patience: float, *, progress: bool) -> Decoded:
    """Take CIFAR-10 from Keras's cache, or else from a download."""
    tried = [f"{root / OFFICIAL}: no usable copy"]
    for path in _keras_paths():
        if not path.exists():
            continue
        try:
            return _read(path, say)
        except DataError as error:
            tried.append(str(error))
    if len(tried) == 1:
        tried.append(f"{_keras_paths()[0].parent} (Keras's cache): not there")
    try:
        return _downloaded(root, say, patience, progress=progress)
    except download.UnavailableError as error:
        raise download.UnavailableError([*tried, *error.tried]) from error


def _keras_paths() -> list[Path]:
    """Return where Keras keeps CIFAR-10: unpacked under a new and an old name, the archive beside each."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"
    names = ("py-target", "py", "py-target_archive", "py.tar.gz")
    return [home / f"cifar-10-batches-{name}" for name in names]


def _downloaded(root: Path, say: Say, patience: float, *, progress: bool) -> Decoded:
    """Take the official archive from an earlier download, or else from its addresses."""
    folder = root / "downloads"
    folder.mkdir(parents=True, exist_ok=True)
    for archive in download.ARCHIVES:
        with contextlib.suppress(OSError):
            if download.difference(folder / archive.name, archive) is None:
                return _read(folder / archive.name, say)
    return _read(download.download(folder, say=say, progress=progress, patience=patience), say)


def _read(path: Path, say: Say) -> Decoded:
    say(f"reading {path} (once: later starts find it in the cache)")
    return decode.read(path)


def _stand_in(root: Path, say: Say) -> Source:
    return _prepare(root, _stand_in_name(), lambda: _generated(say), say)


def _stand_in_name() -> str:
    return f"stand-in-{standin.VERSION}"


def _generated(say: Say) -> Decoded:
    say("generating the stand-in images (once)")
    x_train, y_train, x_test, y_test = standin.generate()
    each = (len(x_train) // len(CLASSES), len(x_test) // len(CLASSES))
    return Decoded(
        train=decode.by_class(x_train, y_train, each[0], "the stand-in"),
        test=decode.by_class(x_test, y_test, each[1], "the stand-in"),
        classes=CLASSES,
        train_counts=(each[0],) * len(CLASSES),
        test_counts=(each[1],) * len(CLASSES),
        kind="stand-in",
        label=STAND_IN_LABEL,
        origin=f"cifar_lr.standin, version {standin.VERSION}",
    )


# The cache -------------------------------------------------------------------------------------------------


def _root(cache: Path | None) -> Path:
    named = cache or os.environ.get("CIFAR_LR_CACHE") or platformdirs.user_cache_dir("cifar_lr")
    return Path(named).expanduser().absolute()


def _prepare(root: Path, name: str, make: Callable[[], Decoded], say: Say) -> Source:
    """Return a cached source; if it is absent or damaged, make it, in one process at a time."""
    folder = root / name
    with contextlib.suppress(DataError):
        return _cached(folder)
    try:
        with _lock(folder, say):
            try:
                return _cached(folder)  # another process may have made it meanwhile
            except DataError as error:
                if folder.exists():
                    say(f"{error}; making it again")
            return _store(folder, make())
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"the cache {root} can not be written: {reason}; set CIFAR_LR_CACHE to a folder that can"
        ) from error


@contextlib.contextmanager
def _lock(folder: Path, say: Say) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder.with_name(f".{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        say("another process is preparing the images; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _store(folder: Path, decoded: Decoded) -> Source:
    """Write a source's folder beside its place and rename it. Under the lock, so leftovers are nobody's."""
    new = folder.with_name(f".{folder.name}.new")
    _remove(new)
    new.mkdir()
    try:
        digests: dict[ArrayFile, str] = {}
        files: dict[ArrayFile, NDArray[np.uint8]] = {"train.npy": decoded.train, "test.npy": decoded.test}
        for name, images in files.items():
            np.save(new / name, images, allow_pickle=False)
            digests[name] = _digest(new / name)
        meta = _Meta(
            kind=decoded.kind,
            label=decoded.label,
            origin=decoded.origin,
            classes=decoded.classes,
            train_counts=decoded.train_counts,
            test_counts=decoded.test_counts,
            sha256=digests,
        )
        (new / "meta.json").write_text(meta.model_dump_json(indent=2) + "\n", encoding="utf-8")
        _remove(folder)
        new.rename(folder)
    finally:
        _remove(new)
    return _cached(folder)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cached(folder: Path) -> Source:
    meta, _, _ = _open(folder)
    return Source(folder=folder, kind=meta.kind, label=meta.label)


def _open(folder: Path) -> tuple[_Meta, NDArray[np.uint8], NDArray[np.uint8]]:
    """Map a source's arrays, if everything agrees that can be seen without reading all of them.

    Raises:
        DataError: the folder is absent, or its meta.json, a file's size or an array's shape is wrong.
    """
    try:
        with (folder / "meta.json").open("rb") as file:
            meta = _Meta.model_validate_json(file.read(MAX_META_BYTES))
        train = _map(folder / "train.npy", sum(meta.train_counts))
        test = _map(folder / "test.npy", sum(meta.test_counts))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(
            f"the cached images in {folder} are damaged: meta.json: {where} {first['msg']}"
        ) from error
    except (OSError, EOFError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise DataError(f"the cached images in {folder} are absent or damaged: {reason}") from error
    return meta, train, test


def _map(path: Path, images: int) -> NDArray[np.uint8]:
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    expected = (images, SIDE, SIDE, 3)
    if not isinstance(array, np.memmap) or array.shape != expected or array.dtype != np.uint8:
        raise ValueError(f"{path.name} is not uint8 of shape {expected}")
    if not array.flags.c_contiguous or path.stat().st_size != array.offset + array.nbytes:
        raise ValueError(f"{path.name} has a wrong size or layout")
    return np.asarray(array)


def _select(
    images: NDArray[np.uint8],
    meta: _Meta,
    split: Literal["train", "validation"],
    chosen: tuple[str, ...],
    each: int | None,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the first `each` images of each chosen class, and their labels."""
    counts = meta.train_counts if split == "train" else meta.test_counts
    available = dict(zip(meta.classes, counts, strict=True))
    starts = dict(zip(meta.classes, np.cumsum((0, *counts[:-1])).tolist(), strict=True))
    fewest = min(available[name] for name in chosen)
    if each is not None and not 1 <= each <= fewest:
        raise DataError(
            f"{split}_per_class is {each}; {meta.label} has 1 to {fewest} for {', '.join(chosen)}"
        )
    taken = [available[name] if each is None else each for name in chosen]
    labels = np.repeat(np.arange(len(chosen), dtype=np.int64), taken)
    if sum(taken) == len(images) and chosen == meta.classes:
        selected = images
    else:
        selected = np.concatenate(
            [images[starts[n] : starts[n] + t] for n, t in zip(chosen, taken, strict=True)]
        )
    return _frozen(selected), _frozen(labels)


def _frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    array.flags.writeable = False
    return array


def _last_of_each(labels: NDArray[np.int64], each: int) -> NDArray[np.bool_]:
    """Return which images are the last `each` of their class; labels come class by class."""
    _, counts = np.unique(labels, return_counts=True)
    if each >= counts.min():
        raise DataError(
            f"held_out_per_class is {each}, which leaves nothing to train on: a class has {counts.min()}"
        )
    places = np.concatenate([np.arange(count)[::-1] for count in counts])
    return places < each


def _fingerprint(**arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for name, array in arrays.items():
        portable = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"{name} {portable.dtype.str} {portable.shape}\n".encode())
        digest.update(portable.data)
    return f"sha256:{digest.hexdigest()}"


# What `cifar-lr data status` prints ------------------------------------------------------------------------


def _cache_row(folder: Path) -> Row:
    if not folder.exists():
        return Row(str(folder), "absent", "")
    try:
        meta, train, test = _open(folder)
        damaged = [name for name, digest in meta.sha256.items() if _digest(folder / name) != digest]
    except (DataError, OSError) as error:
        return Row(str(folder), "damaged", str(error))
    if damaged:
        return Row(str(folder), "damaged", f"{', '.join(damaged)} changed since written; delete the folder")
    return Row(
        str(folder), "ready", f"{meta.label}: {len(train):,} + {len(test):,} images, from {meta.origin}"
    )


def _keras_row(path: Path) -> Row:
    return Row(str(path), "found", "verified when used") if path.exists() else Row(str(path), "absent", "")


def _archive_row(path: Path, archive: download.Archive) -> Row:
    part = download.part_of(path)
    if path.is_file():
        wrong = download.difference(path, archive)
        return Row(str(path), "damaged" if wrong else "found", wrong or "verified")
    if part.is_file():
        return Row(str(part), "partial", f"{part.stat().st_size:,} of {archive.size:,} bytes")
    return Row(str(path), "absent", "")
