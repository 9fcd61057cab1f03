"""Files that are whole, on the disk, and known to be as they were written."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

Sealed = TypeVar("Sealed", bound=BaseModel)


class SealError(Exception):
    """A sealed file that is not as it was written. The message says what is wrong, but not where."""


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file so that it is seen either whole or not at all.

    Args:
        path: the file; what it held before stays until the new content is complete.
        content: all of it.
        durable: also after a crash of the machine, which costs a wait for the disk; not worth it for what
            can be made again.

    Raises:
        OSError: if that fails; the file is then what it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary, content, durable=durable)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if durable:
        sync(path.parent)


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write files that can be made again so that all are complete before the first is seen.

    Raises:
        OSError: if that fails, which names the file; all are then what they were, unless a rename failed.
    """
    temporaries = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in contents}
    try:
        for path, temporary in temporaries.items():
            write(temporary, contents[path], durable=False)
        for path, temporary in temporaries.items():
            temporary.replace(path)
    finally:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)


def write(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a new file and wait until the disk has its content; its name is its folder's `sync`."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Wait until the disk has a file's content, or the names of the files in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bounded(path: Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes.

    Raises:
        OSError: if it can not be read.
        SealError: if it is larger, or no file.
    """
    if path.exists() and not path.is_file():
        raise SealError("is not a file")
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        size = f"{limit} bytes" if limit % 2**20 else f"{limit // 2**20} MiB"
        raise SealError(f"is larger than {size}")
    return content


def seal(model: BaseModel) -> bytes:
    """Return a model as JSON whose last entry, `sha256`, is the SHA-256 of the JSON without it.

    The model has the field `sha256`; what it holds is not looked at.
    """
    return _sealed(model.model_dump(mode="json", exclude={"sha256"}))


def unseal(kind: type[Sealed], content: bytes) -> Sealed:
    """Return the model that `seal` wrote, or refuse what differs from that in any bit.

    A file from before the model got a field (with a default) is as good as before.

    Raises:
        pydantic.ValidationError: if it is no JSON of such a model.
        SealError: if it is, but not the one that was written.
    """
    model = kind.model_validate_json(content)
    if _sealed(model.model_dump(mode="json", exclude={"sha256"}, exclude_unset=True)) != content:
        raise SealError("is not as it was written: its content and its sha256 disagree")
    return model


def _sealed(tree: dict[str, Any]) -> bytes:
    return _json({**tree, "sha256": hashlib.sha256(_json(tree)).hexdigest()})


def _json(tree: dict[str, Any]) -> bytes:
    return f"{json.dumps(tree, indent=2)}\n".encode()
