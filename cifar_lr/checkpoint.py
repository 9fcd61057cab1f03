"""A run's exact state on disk: generations, the manifest of each, and which one to go on from.

A generation is a folder of two files: `arrays.npz`, every number that a run needs to go on as if nothing had
happened, and `manifest.json`, which says what they are, of which run, and their SHA-256. It is written under
another name, synced, and then renamed, so a folder with a generation's name is whole; the last two are
kept. One that is damaged all the same is set aside, and the one before it is used.

    state/epoch-000012/                12 epochs are finished
    state/epoch-000012-update-000046/  and 46 updates of the next: a run was interrupted there
    state/damaged-epoch-000013/        set aside
"""

import hashlib
import io
import os
import re
import shutil
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import numpy as np
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cifar_lr import durable
from cifar_lr.config import one_line
from cifar_lr.durable import SealError
from cifar_lr.history import MAX_COUNT, Continuation, Origin

KEPT: Final = 2
NAME: Final = re.compile(r"epoch-(\d{6,9})(?:-update-(\d{6,9}))?")
ARRAYS: Final = "arrays.npz"
MANIFEST: Final = "manifest.json"
MAX_MANIFEST: Final = 16 * 2**20
MAX_ARRAYS: Final = 16 * 2**30
SECONDS_BETWEEN_BEATS: Final = 1.0
SECONDS_FOR_LOCK: Final = 30.0  # the process of an earlier start may need a moment to end

Arrays = Mapping[str, np.ndarray[Any, Any]]


class CheckpointError(Exception):
    """A state that can not be saved, or not be gone on from. The message is one line and names the folder."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class Array(BaseModel):
    """What an array must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dtype: str = Field(max_length=20)
    shape: tuple[int, ...]


class Manifest(BaseModel):
    """The content of `manifest.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    key: str = Field(max_length=200)
    epoch: int = Field(ge=0, le=MAX_COUNT)
    update: int = Field(ge=0, le=MAX_COUNT)
    origin: Origin
    continued: tuple[Continuation, ...] = ()
    arrays_bytes: int = Field(ge=0, le=MAX_ARRAYS)
    arrays_sha256: str = Field(max_length=64)
    arrays: dict[str, Array]
    sha256: str = ""


@dataclass(frozen=True)
class State:
    """All that a run needs to go on.

    Attributes:
        epoch: how many epochs are finished.
        update: how many updates of the next one are made; 0 unless the run was interrupted within it.
        arrays: every variable and number, by name.
    """

    epoch: int
    update: int
    arrays: Arrays


@dataclass(frozen=True)
class Generation:
    """A state as it lies on disk, and what its manifest says of it."""

    manifest: Manifest
    state: State


class Store:
    """The `state/` folder of one run and seed; as a context, it is held against other processes.

    Args:
        folder: it is made when needed, in a folder that is there.
        key: the run's.
        origin: where this process computes.

    Attributes:
        continued: where the run has been before, if not here all the time.

    Raises:
        CheckpointError: on entering, if another process holds it.
    """

    def __init__(self, folder: Path, key: str, origin: Origin) -> None:
        self.folder = folder
        self.key = key
        self.origin = origin
        self.continued: tuple[Continuation, ...] = ()
        self._lock = FileLock(folder / ".lock")
        self._last_beat = 0.0

    def __enter__(self) -> Self:
        try:
            if _is_no_folder(self.folder):
                raise CheckpointError(f"{self.folder}: is not a folder, where a run's state goes. Remove it")
            self.folder.mkdir(exist_ok=True)
            for folder in (self.folder.parent, self.folder.parent.parent):
                durable.sync(folder)
            self._lock.acquire(timeout=SECONDS_FOR_LOCK)
        except Timeout:
            raise CheckpointError(
                f"{self.folder}: another process is training this run. Wait until it has ended"
            ) from None
        except OSError as error:
            raise CheckpointError(f"{self.folder}: can not be written: {_why(error)}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def commit(self, state: State) -> None:
        """Make a state the one to go on from. When this returns, it is on the disk.

        Raises:
            CheckpointError: if that fails; the generations before it are as they were.
        """
        content = _pack(state.arrays)
        manifest = Manifest(
            key=self.key,
            epoch=state.epoch,
            update=state.update,
            origin=self.origin,
            continued=self.continued,
            arrays_bytes=len(content),
            arrays_sha256=hashlib.sha256(content).hexdigest(),
            arrays=_describe(state.arrays),
        )
        try:
            self._write(_name(state), content, durable.seal(manifest))
        except OSError as error:
            shutil.rmtree(self.folder / f".{_name(state)}.tmp", ignore_errors=True)  # room for the bad news
            raise CheckpointError(
                f"{self.folder / _name(state)}: could not be saved: {_why(error)}. {self._last()}"
            ) from error
        try:
            for old in generations(self.folder)[:-KEPT]:
                _remove(old)
        except OSError as error:
            raise CheckpointError(
                f"{self.folder}: {_name(state)} is saved; an older one can not be removed: {_why(error)}"
            ) from error

    def _write(self, name: str, arrays: bytes, manifest: bytes) -> None:
        temporary = self.folder / f".{name}.tmp"
        _discard(temporary)
        temporary.mkdir()
        durable.write(temporary / ARRAYS, arrays)
        durable.write(temporary / MANIFEST, manifest)
        durable.sync(temporary)
        temporary.rename(self.folder / name)
        durable.sync(self.folder)

    def latest(self) -> tuple[Generation | None, list[str]]:
        """Return the newest whole generation, if there is one, and what is to be said about damaged ones.

        Raises:
            CheckpointError: if a generation can not be read at all, or a damaged one not be set aside.
        """
        said: list[str] = []
        try:
            for leftover in self.folder.glob(".epoch-*.tmp"):  # of a commit that never was
                _discard(leftover)
            for folder in reversed(generations(self.folder)):
                try:
                    return read(folder), said
                except SealError as error:
                    said.append(f"{folder}: {error}. It was set aside, {_set_aside(folder)}")
        except OSError as error:
            where = error.filename or self.folder
            raise CheckpointError(f"{where}: can not be read or set aside: {_why(error)}") from error
        if said:
            said.append(f"{self.folder}: no generation is left, so the run starts over")
        return None, said

    def beat(self) -> None:
        """Give a sign of life, the heartbeat: set the folder's time, at most once a second.

        Raises:
            CheckpointError: if the folder is gone.
        """
        now = time.monotonic()
        if now - self._last_beat >= SECONDS_BETWEEN_BEATS:
            self._last_beat = now
            try:
                os.utime(self.folder)
            except OSError as error:
                raise CheckpointError(f"{self.folder}: {_why(error)}") from error

    def _last(self) -> str:
        try:
            if not self.folder.is_dir():
                return "The folder is gone"
            names = [folder.name for folder in generations(self.folder)]
        except OSError:
            return "What is saved there can not be read"
        return f"The last that is saved is {names[-1]}" if names else "None is saved"


def generations(folder: Path) -> list[Path]:
    """Return the folders of a state's generations, damaged or not, the newest last."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if NAME.fullmatch(path.name)), key=place)


def newest(folder: Path) -> Generation | None:
    """Return the newest whole generation of a state, if there is one; damaged ones are left where they are.

    Raises:
        CheckpointError: if a generation can not be read at all.
    """
    for generation in reversed(generations(folder)):
        try:
            return read(generation)
        except SealError:
            continue
        except OSError as error:
            raise CheckpointError(f"{generation}: can not be read: {_why(error)}") from error
    return None


def place(generation: Path) -> tuple[int, int]:
    """Return how many epochs were finished at a generation, and how many updates of the next made."""
    found = NAME.fullmatch(generation.name)
    if not found:
        raise SealError("is not named as a generation is")
    return int(found[1]), int(found[2] or 0)


def read(folder: Path) -> Generation:
    """Read one generation.

    Raises:
        durable.SealError: if it is not what was written.
        OSError: if it can not be read.
    """
    if _is_no_folder(folder):
        raise SealError("is not a folder")
    manifest = _read_manifest(folder / MANIFEST)
    content = _read_bytes(folder / ARRAYS, manifest.arrays_bytes)
    if hashlib.sha256(content).hexdigest() != manifest.arrays_sha256:
        raise SealError(f"{ARRAYS} is not as it was written: its SHA-256 is not the manifest's")
    if place(folder) != (manifest.epoch, manifest.update):
        raise SealError(f"{MANIFEST} is that of epoch {manifest.epoch}, update {manifest.update}")
    return Generation(manifest, State(manifest.epoch, manifest.update, _unpack(content, manifest.arrays)))


def _read_manifest(path: Path) -> Manifest:
    content = _read_bytes(path, MAX_MANIFEST)
    try:
        return durable.unseal(Manifest, content)
    except SealError as error:
        raise SealError(f"{path.name} {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = one_line(".".join(map(str, first["loc"]))) or "the file"
        raise SealError(f"{path.name} is not as it was written: {key:.200}: {first['msg'].lower()}") from None


def _read_bytes(path: Path, limit: int) -> bytes:
    try:
        return durable.read_bounded(path, limit)
    except FileNotFoundError:
        raise SealError(f"{path.name} is missing") from None
    except SealError as error:
        raise SealError(f"{path.name} {error}") from None


def remove(folder: Path) -> None:
    """Remove a state that nobody needs any more.

    Raises:
        CheckpointError: if it can not be removed.
    """
    try:
        if not _is_no_folder(folder):
            for generation in generations(folder):
                _remove(generation)
        _discard(folder)
    except FileNotFoundError:
        return  # another process was faster, or there was none
    except OSError as error:
        raise CheckpointError(f"{folder}: can not be removed: {_why(error)}") from error


def _name(state: State) -> str:
    within = f"-update-{state.update:06}" if state.update else ""
    return f"epoch-{state.epoch:06}{within}"


def _pack(arrays: Arrays) -> bytes:
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def _unpack(content: bytes, expected: Mapping[str, Array]) -> Arrays:
    """Return the arrays, each of the kind that the manifest says; nothing larger is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(entry.file_size > entry.compress_size for entry in archive.infolist()):
                raise SealError(f"{ARRAYS} is compressed, which no state is")
        with np.load(io.BytesIO(content), allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in loaded.files}
    except (ValueError, zipfile.BadZipFile, EOFError, KeyError, NotImplementedError) as error:
        raise SealError(f"{ARRAYS} can not be unpacked: {error}") from None
    if _describe(arrays) != dict(expected):
        raise SealError(f"{ARRAYS} holds other arrays than its manifest says")
    return arrays


def _describe(arrays: Arrays) -> dict[str, Array]:
    return {name: Array(dtype=str(array.dtype), shape=array.shape) for name, array in arrays.items()}


def _set_aside(folder: Path) -> Path:
    target = folder.with_name(f"damaged-{folder.name}")
    _discard(target)
    folder.rename(target)
    return target


def _remove(folder: Path) -> None:
    """Remove a generation, which before anything else loses its name."""
    nameless = folder.with_name(f".{folder.name}.tmp")
    _discard(nameless)
    folder.rename(nameless)
    _discard(nameless)


def _is_no_folder(path: Path) -> bool:
    """Return whether something has the name but is no folder, as a link to one is none."""
    return path.is_symlink() or (path.exists() and not path.is_dir())


def _discard(path: Path) -> None:
    """Remove whatever has a name: a folder with all in it, a file, a link but not what it points to."""
    if _is_no_folder(path) or not path.exists():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path)


def _why(error: OSError) -> str:
    return error.strerror or str(error)
