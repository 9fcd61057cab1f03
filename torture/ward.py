"""One hostile thing at a time, in a sandbox, before a process that is watched.

A ward may use little memory and write no large file. It hands each thing to `data.locate`, and notes what
Python's audit events say meanwhile: what was executed, unpickled, written or connected to and should not
have been. Linux only, for the limits and for the peak of memory.
"""

import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import resource
import select
import stat
import subprocess
import sys
import time
import types
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from PIL import Image

from cifar_lr import data, decode, download

REPOSITORY = Path(__file__).parents[1]
BATCH, TRAIN_EACH, TEST_EACH = 20, 10, 2  # the official layout in small: images a batch, a class and split

ADDRESS_BYTES = 4 * 2**30
FILE_BYTES = 64 * 2**20
HUNG_SECONDS = 60.0

# A server's time-outs, in place of those that suit the internet.
PATIENCE = {"CONNECT_SECONDS": 2.0, "READ_SECONDS": 1.0, "CHUNK_SECONDS": 2.0}

Expected = Literal["refused", "whole", "refused or whole"]
Kind = Literal[
    "tar", "zip", "image", "folder", "official", "pickle", "server", "damage", "at once", "control"
]


class Lair:
    """The sandbox of one case.

    Attributes:
        root: all of it. Files lie in it and in each folder on the way down, for `..` to reach.
        inbox: where the hostile thing lies.
        work: the ward's working directory.
        cache: the only place where the ward may change anything.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        below = root / "a" / "b"
        self.inbox, self.work, self.cache = below / "inbox", below / "work", below / "cache"
        for folder in (self.inbox, self.work, self.cache, root / "home", root / "temporary", root / "keras"):
            folder.mkdir(parents=True)
        for folder in (root, root / "a", below, self.inbox, self.work, root / "home", root / "temporary"):
            (folder / "victim.png").write_bytes(b"untouched")

    def state(self) -> dict[str, object]:
        """What lies in the sandbox, less the cache: kinds, sizes, times and contents."""
        found: dict[str, object] = {}
        for folder, folders, files in os.walk(self.root):
            if Path(folder) == self.cache.parent:
                folders.remove(self.cache.name)
            for name in [*folders, *files]:
                found[f"{folder}/{name}"] = _looks(f"{folder}/{name}")
        return found

    def left(self) -> list[str]:
        """The files in the cache, locks aside."""
        files = (path for path in self.cache.rglob("*") if not path.is_dir())
        return sorted(str(path.relative_to(self.cache)) for path in files if path.suffix != ".lock")


def _looks(path: str) -> object:
    status = os.lstat(path)
    content: str | None = None
    if stat.S_ISLNK(status.st_mode):
        content = str(Path(path).readlink())
    elif stat.S_ISREG(status.st_mode) and status.st_size < 2**22:
        content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return status.st_mode, status.st_size, status.st_ino, status.st_mtime_ns, content


@dataclass(frozen=True)
class Bait:
    """What a ward is given.

    Attributes:
        source: as `data.locate` takes it.
        archives: what counts as official, as `download.Archive` has it.
        names: what a refusal has to name, each of them.
    """

    source: str
    archives: tuple[download.Archive, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One hostile thing.

    Attributes:
        kind: what it is counted as.
        name: its own, within the kind.
        lay: puts it into a lair, and says what to give to a ward.
        expected: what has to come of it; whole is all of `original` and nothing else.
        original: of what it is made.
        exhausts: whether it may need much memory, and come upon the ward's limit, as long as it is refused.
        slow: whether time-outs have to pass.
    """

    kind: Kind
    name: str
    lay: Callable[[Lair, Any], Bait]
    expected: Expected = "refused"
    original: Literal["pets", "cifar"] = "pets"
    exhausts: bool = False
    slow: bool = False


@dataclass(frozen=True)
class Report:
    """What became of a case in a ward.

    Attributes:
        verdict: what `data.locate` did; "lost" if the ward died or hung.
        text: the error's.
        fingerprint: of the images that were accepted.
        short_of: the limit that was met on the way, if one was.
        deeds: what was executed, unpickled, written or connected to and should not have been.
        seconds: how long it took.
        peak: bytes of memory that were in use at most.
    """

    verdict: Literal["refused", "accepted", "raised", "lost"]
    text: str = ""
    fingerprint: str = ""
    short_of: str = ""
    deeds: list[str] = field(default_factory=list)
    seconds: float = 0.0
    peak: int = 0


# In the other process ---------------------------------------------------------------------------------------


class Watch:
    """Notes what must not happen, from Python's audit events.

    Attributes:
        deeds: what was noted.
        allowed: the one folder that may be changed; nothing is noted while it is empty.
    """

    never = frozenset(
        {"os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.startfile"}
        | {"subprocess.Popen", "pty.spawn", "ctypes.dlopen", "webbrowser.open", "code.__new__"}
        | {"ftplib.connect", "urllib.Request", "socket.bind"}
    )
    changing = frozenset(
        {f"os.{name}" for name in ("mkdir", "rename", "remove", "rmdir", "symlink", "link", "truncate")}
        | {f"os.{name}" for name in ("chmod", "chown", "utime", "mkfifo", "mknod", "setxattr")}
        | {f"shutil.{name}" for name in ("rmtree", "copyfile", "move", "unpack_archive")}
    )
    arrays = frozenset(
        {("numpy", "ndarray"), ("numpy", "dtype")}
        | {(f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")}
    )

    def __init__(self) -> None:
        self.deeds: list[str] = []
        self.allowed = ""
        self._installed = (sys.base_prefix, sys.prefix, str(REPOSITORY), "<frozen ")

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What the interpreter calls at each event; it has to be quick, and must not raise."""
        if self.allowed and self._is_wrong(event, arguments):
            self.deeds.append(f"{event} {arguments!r}"[:300])

    def _is_wrong(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            writing = arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            return bool(writing) and self._outside(arguments[0])
        if event in self.changing:
            return any(self._outside(each) for each in _paths(event, arguments))
        if event == "exec":
            return not str(getattr(arguments[0], "co_filename", "")).startswith(self._installed)
        if event == "pickle.find_class":
            return arguments not in self.arrays
        if event == "socket.connect":
            return bool(arguments[1][0] != "127.0.0.1")
        return event in self.never

    def _outside(self, path: object) -> bool:
        if isinstance(path, int):
            return False
        whole = os.path.realpath(os.fsdecode(os.fspath(path)))  # type: ignore[call-overload]
        return whole != self.allowed and not whole.startswith(self.allowed + os.sep)


def _paths(event: str, arguments: tuple[Any, ...]) -> list[object]:
    """The paths in an event; none if they are relative to an open folder, which has an event of its own."""
    if event in {"os.remove", "os.rmdir", "os.mkdir"} and arguments[-1] != -1:
        return []
    return [each for each in arguments if isinstance(each, str | bytes | os.PathLike)]


def attend() -> None:
    """Take in one case after another: a task a line on stdin, a report a line on stdout."""
    Image.preinit()
    _unpickler_without_the_rest_of_keras()
    decode.BATCH_IMAGES, decode.TRAIN_PER_CLASS, decode.TEST_PER_CLASS = BATCH, TRAIN_EACH, TEST_EACH
    for name, seconds in PATIENCE.items():
        setattr(download, name, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    watch = Watch()
    sys.addaudithook(watch)
    for line in sys.stdin:
        report = _attend_to(json.loads(line), watch)
        sys.stdout.write(json.dumps(asdict(report)) + "\n")
        sys.stdout.flush()


def _unpickler_without_the_rest_of_keras() -> None:
    """Let `keras.src.datasets.npz_utils` be imported from its file, without all that Keras imports first."""
    found = importlib.util.find_spec("keras")
    folder = Path(str(found.origin)).parent if found else Path()
    for name in ("keras", "keras.src", "keras.src.datasets"):
        package = types.ModuleType(name)
        package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package


def _attend_to(task: dict[str, Any], watch: Watch) -> Report:
    root, work, allowed = task["root"], task["work"], os.path.realpath(task["cache"])
    os.environ.update(HOME=f"{root}/home", TMPDIR=f"{root}/temporary", KERAS_HOME=f"{root}/keras")
    os.environ["CIFAR_LR_CACHE"] = task["cache"]
    os.chdir(work)
    download.ARCHIVES = tuple(
        download.Archive(**{**each, "urls": tuple(each["urls"])}) for each in task["archives"]
    )
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    watch.deeds, watch.allowed = [], allowed
    started = time.monotonic()
    verdict, text, fingerprint, error = _locate(task["source"])
    seconds, watch.allowed = time.monotonic() - started, ""
    return Report(
        verdict=verdict,
        text=text,
        fingerprint=fingerprint,
        short_of=_short_of(error),
        deeds=watch.deeds[:5],
        seconds=seconds,
        peak=_peak(),
    )


def _peak() -> int:
    """The most bytes of memory in use since the peak was last begun anew."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _locate(
    source: str,
) -> tuple[Literal["refused", "accepted", "raised"], str, str, BaseException | None]:
    try:
        found = data.locate(source, say=lambda _: None, progress=False)
        return "accepted", "", data.load(found).fingerprint, None
    except data.DataError as error:
        return "refused", str(error), "", error
    except BaseException as error:
        return "raised", f"{type(error).__name__}: {error}"[:1_000], "", error


def _short_of(error: BaseException | None) -> str:
    """Find a limit of the ward behind an error that may have covered it."""
    while error is not None:
        if isinstance(error, MemoryError):
            return "memory"
        if isinstance(error, OSError) and error.errno in {errno.EFBIG, errno.ENOMEM}:
            return str(error.strerror)
        if "MemoryError" in str(error):
            return "memory"
        error = error.__cause__ or error.__context__
    return ""


class Ward:
    """A process that takes in one case after another, and is replaced when it dies or hangs."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def give(self, lair: Lair, bait: Bait) -> None:
        """Begin a case."""
        self.begin()
        task = asdict(bait) | {"root": str(lair.root), "work": str(lair.work), "cache": str(lair.cache)}
        with contextlib.suppress(BrokenPipeError):
            self._pipes()[0].write(json.dumps(task) + "\n")
            self._pipes()[0].flush()

    def report(self) -> Report:
        """Wait for the end of the case."""
        answers = self._pipes()[1]
        ready, _, _ = select.select([answers], [], [], HUNG_SECONDS)
        line = answers.readline() if ready else ""
        if line:
            return Report(**json.loads(line))
        status = self.end()
        return Report("lost", f"ended with status {status}" if ready else f"hung for {HUNG_SECONDS:.0f} s")

    def begin(self) -> None:
        """Start the process, unless it runs."""
        if self._process is not None:
            return
        program = "from torture import ward; ward.attend()"
        environment = os.environ | {"NO_PROXY": "*", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603  the program is ours
            [sys.executable, "-B", "-c", program],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def end(self) -> int:
        """Kill the process, and return its exit status."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        status = process.poll()
        process.kill()
        with process:
            pass
        return process.returncode if status is None else status

    def _pipes(self) -> tuple[Any, Any]:
        if self._process is None:
            raise RuntimeError("no case was given to this ward")
        return self._process.stdin, self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
