"""System calls that fail, tear what they write, or are the last thing that a process does."""

import errno
import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

NAMES: Final = ("fsync", "rename", "replace", "mkdir", "rmdir", "unlink", "open", "utime")
ERRORS: Final = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES)


@dataclass(frozen=True)
class Fault:
    """What befalls one system call of those that change files.

    Attributes:
        number: which one, from 1; 0 for none.
        error: it fails with this; None: the process is killed there.
        torn: the part of the content that gets to the file before, if it is one that writes.
    """

    number: int
    error: int | None = None
    torn: float = 0.0

    def strike(self) -> None:
        """Fail, or kill this process."""
        if self.error is None:
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            raise OSError(self.error, os.strerror(self.error))


@dataclass
class Calls:
    """The system calls so far, by name, and the fault that awaits one of them."""

    fault: Fault
    names: list[str] = field(default_factory=list)

    def count(self, name: str) -> bool:
        """Note a call, and return whether the fault is for it."""
        self.names.append(name)
        return len(self.names) == self.fault.number


class _File:
    """A file whose writes and whose end are counted."""

    def __init__(self, file: Any, calls: Calls) -> None:
        self._file = file
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        struck = self._calls.count("close")
        self._file.close()
        if struck:
            self._calls.fault.strike()

    def write(self, content: bytes) -> int:
        """Write, or write a part."""
        if self._calls.count("write"):
            self._file.write(content[: int(self._calls.fault.torn * len(content))])
            self._file.flush()
            self._calls.fault.strike()
        return int(self._file.write(content))


@contextmanager
def injected(fault: Fault) -> Iterator[Calls]:
    """Count the calls of this process that change files, and let a fault befall one of them."""
    calls = Calls(fault)
    open_file: Callable[..., Any] = io.open

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if calls.count(name):
                fault.strike()
            return function(*arguments, **named)

        return call

    def open_counted(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        if "w" not in mode and "a" not in mode:
            return open_file(file, mode, *arguments, **named)
        if calls.count("create"):
            fault.strike()
        return _File(open_file(file, mode, *arguments, **named), calls)

    saved = {name: getattr(os, name) for name in NAMES}
    for name, function in saved.items():
        setattr(os, name, counted(name, function))
    io.open = open_counted
    try:
        yield calls
    finally:
        io.open = open_file
        for name, function in saved.items():
            setattr(os, name, function)
