"""What lies at a path, read as images: CIFAR-10's official forms, and folders, .tar and .zip of images.

Everything read here may be damaged or hostile. So nothing is unpacked onto the disk: members of archives
are read one by one, after names, kinds, numbers and sizes were checked; an image's declared size is checked
before its pixels are decoded; and a pickle is read only if its hash is the official one, by a reader that
builds nothing but arrays. Every failure is a `DataError` that names the path.

Images are put class by class, within a class in the order of the source. So an image folder and the
official archive give the same order, and choosing classes is slicing.
"""

import contextlib
import hashlib
import io
import itertools
import os
import re
import stat
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from cifar_lr import download
from cifar_lr.download import DataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SIDE = 32
TRAIN_PER_CLASS = 5_000
TEST_PER_CLASS = 1_000
SPLITS = {"train": "train", "test": "test", "val": "test", "validation": "test", "valid": "test"}

BATCH_IMAGES = 10_000
RECORD_BYTES = 1 + 3 * SIDE * SIDE
# MD5 of the files in the Python archive, from torchvision's datasets/cifar.py. Nobody publishes hashes of
# the unpacked binary files.
PYTHON_BATCHES = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
BINARY_BATCHES = tuple(f"{name}.bin" for name in PYTHON_BATCHES)

MAX_MEMBERS = 200_000
MAX_IMAGE_BYTES = 2**20  # a 32x32 PNG without compression has 3 KiB
MAX_DEPTH = 8  # bits
MAX_BATCH_BYTES = 32 * 2**20
MAX_TOTAL_BYTES = 2**30
MAX_CLASS_NAME = 60
MAX_NAME = 1_000
MAX_HEADER_BYTES = 8 * 2**10  # of what stands before a tar's member: long names, attributes
DEPTH = 4  # TOP/train/CLASS/FILE
_HEADER_EXTENSIONS = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)

Kind = Literal["cifar10", "images", "stand-in"]
Form = Literal["official archive", "binary folder", "python folder", "image folder", "image tar", "image zip"]
MemberKind = Literal["file", "folder", "other"]
Images = NDArray[np.uint8]
Batch = tuple[Images, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Decoded:
    """All images of a source.

    `train` and `test` are uint8 of shape (images, 32, 32, 3), class by class in the order of `classes`;
    the counts say how many images of each class there are. `origin` is the path that they were read from.
    """

    train: Images
    test: Images
    classes: tuple[str, ...]
    train_counts: tuple[int, ...]
    test_counts: tuple[int, ...]
    kind: Kind
    label: str
    origin: str


class _Member(NamedTuple):
    """One entry of a folder or an archive. `handle` is what its archive knows it by."""

    name: str
    size: int
    kind: MemberKind
    modified: int = 0
    handle: Any = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The name's folders and its last part, as `PurePosixPath` gives them, only much faster."""
        return tuple(part for part in self.name.split("/") if part not in {"", "."})

    @property
    def shown(self) -> str:
        """The name as messages give it: on one line and not endless."""
        return repr(self.name[:200])


Reader = Callable[[_Member], bytes]


def form_of(path: Path) -> tuple[Form, Path]:
    """Say what a path holds, by its first bytes or its file names, and the folder or file to read.

    Raises:
        DataError: the path is missing, empty, or nothing that can be read here.
    """
    with _readable(path):
        if path.is_dir():
            return _form_of_folder(path)
        if not path.exists():
            raise DataError(f"{path} does not exist; expected an archive or a folder of images")
        if not path.is_file():
            raise DataError(f"{path} is neither file nor folder; expected an archive or a folder of images")
        with path.open("rb") as file:
            head = file.read(512)
    if not head:
        raise DataError(f"{path} is empty (0 bytes); expected an archive of images")
    if head.startswith(b"\x1f\x8b"):
        return "official archive", path
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "image zip", path
    if head[257:262] == b"ustar":
        return "image tar", path
    raise DataError(
        f"{path} is no archive that can be read: it begins with {head[:8]!r}; expected "
        f"{' or '.join(archive.name for archive in download.ARCHIVES)}, or a .tar or .zip of images"
    )


def state_of(path: Path) -> str:
    """Hash where a source lies and what shows that it was changed: names, sizes, times of change.

    Contents are not read, so this takes milliseconds for an archive and a fraction of a second for a folder
    of 60,000 files.

    Returns:
        64 hexadecimal digits.

    Raises:
        DataError: as `form_of`.
    """
    form, root = form_of(path)
    digest = hashlib.sha256(f"{form} {root.resolve()}\0".encode(errors="surrogateescape"))
    with _readable(root):
        if form == "image folder":
            # Only what lies as deep as a class's files: a README beside them may change. `read` looks closer.
            listed = itertools.islice(_walk(root), MAX_MEMBERS)
            members = [m for m in listed if m.kind == "file" and m.name.count("/") > 1]
        elif root.is_dir():
            members = list(_batch_files(root).values())
        else:
            status = root.stat()
            members = [_Member("", status.st_size, "file", status.st_mtime_ns)]
    lines = sorted(f"{member.name}\0{member.size} {member.modified}\0" for member in members)
    digest.update("".join(lines).encode(errors="surrogateescape"))
    return digest.hexdigest()


def read(path: Path) -> Decoded:
    """Read and decode all images at a path.

    Raises:
        DataError: the path is missing or empty, or what lies there is damaged, hostile, not official where
            it has to be, or not laid out as one folder a class in train/ and test/.
    """
    form, root = form_of(path)
    if form == "official archive":
        return _read_official(root)
    if form == "binary folder":
        return _read_binary_folder(root)
    if form == "python folder":
        return _read_python_folder(root)
    opened = {"image folder": _open_folder, "image tar": _open_tar, "image zip": _open_zip}[form]
    with _readable(root), opened(root) as (members, reader):
        return _read_images(root, _checked(members, root), reader)


def by_class(x: Images, y: NDArray[Any], each: int, origin: object) -> Images:
    """Put images class by class, within a class in their order.

    Args:
        x: images, uint8 of shape (n, 32, 32, 3).
        y: labels, integers of shape (n,).
        each: how many images each of the ten classes must have.
        origin: what an error names.

    Raises:
        DataError: labels are out of range or a class has another number of images.
    """
    if y.min() < 0 or y.max() >= len(CLASSES):
        raise DataError(
            f"{origin} holds labels from {y.min()} to {y.max()}; expected 0 to {len(CLASSES) - 1}"
        )
    counts = np.bincount(y, minlength=len(CLASSES))
    for name, count in zip(CLASSES, counts.tolist(), strict=True):
        if count != each:
            raise DataError(f"{origin} holds {count} images of class {name}; expected {each}")
    return np.ascontiguousarray(x[np.argsort(y, kind="stable")])


# The official forms ----------------------------------------------------------------------------------------


def _form_of_folder(path: Path) -> tuple[Form, Path]:
    if not any(path.iterdir()):
        raise DataError(f"{path} is an empty folder; expected images or the unpacked official archive")
    for root in (path, path / "cifar-10-batches-bin", path / "cifar-10-batches-py"):
        if any((root / name).is_file() for name in BINARY_BATCHES):
            return "binary folder", root
        if any((root / name).is_file() for name in PYTHON_BATCHES):
            return "python folder", root
    return "image folder", path


def _read_official(path: Path) -> Decoded:
    """Read an official archive, after its size and SHA-256 were found to be the published ones."""
    with _readable(path):
        wrong = {archive.name: download.difference(path, archive) for archive in download.ARCHIVES}
    archive = next((archive for archive in download.ARCHIVES if wrong[archive.name] is None), None)
    if archive is None:
        reasons = "; ".join(f"for {name} {reason}" for name, reason in wrong.items())
        raise DataError(
            f"{path} is no official CIFAR-10 archive ({reasons}); it was not opened; likely it is cut short "
            f"or altered: download it again (images of your own go into a .tar or .zip, not a .gz)"
        )
    names = BINARY_BATCHES if archive.layout == "binary" else tuple(PYTHON_BATCHES)
    with _readable(path), _open_tar(path, "r:gz") as (members, reader):
        found = {m.parts[-1]: m for m in _checked(members, path) if m.kind == "file"}
        batches = [reader(member) for member in _all_of(names, found, path)]
    split = _binary_batch if archive.layout == "binary" else _python_batch
    return _official([split(batch, path) for batch in batches], path)


def _read_binary_folder(root: Path) -> Decoded:
    """Read the unpacked binary archive. Its hash can not be checked, so it does not count as CIFAR-10."""
    with _readable(root):
        files = _all_of(BINARY_BATCHES, _batch_files(root), root)
        batches = [_binary_batch(_read_file(root, file), root / file.name) for file in files]
    return _official(batches, root, "images", "CIFAR-10 (unverified copy)")


def _read_python_folder(root: Path) -> Decoded:
    """Read the unpacked Python archive if every file's MD5 is the official one.

    MD5 is what is published for single files. Nobody can make another file of a given MD5 yet, and should
    one pass, it meets the restricted unpickler.
    """
    batches = []
    with _readable(root):
        for file in _all_of(tuple(PYTHON_BATCHES), _batch_files(root), root):
            batch = _read_file(root, file)
            expected = PYTHON_BATCHES[file.name]
            received = hashlib.md5(batch, usedforsecurity=False).hexdigest()
            if received != expected:
                raise DataError(
                    f"{root / file.name} is not the official file (expected MD5 {expected}, received "
                    f"{received}); it was not opened, as it is a pickle: give the path of the archive "
                    f"cifar-10-python.tar.gz instead"
                )
            batches.append(_python_batch(batch, root / file.name))
    return _official(batches, root)


def _batch_files(root: Path) -> dict[str, _Member]:
    names = {*BINARY_BATCHES, *PYTHON_BATCHES}
    return {member.name: member for member in _walk(root, deepest=1) if member.name in names}


def _all_of(names: tuple[str, ...], found: dict[str, _Member], path: Path) -> list[_Member]:
    """Pick the batches in order, or raise if one is missing or too large to be one."""
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"{path} lacks {', '.join(missing)}; give the whole folder or the official archive")
    members = [found[name] for name in names]
    _check_sizes(members, path, MAX_BATCH_BYTES)
    return members


def _binary_batch(batch: bytes, path: Path) -> Batch:
    """Split records of one label byte and 3,072 pixel bytes: red, green, blue planes, row by row."""
    expected = BATCH_IMAGES * RECORD_BYTES
    if len(batch) != expected:
        raise DataError(
            f"{path} holds a batch of {len(batch):,} bytes; expected {expected:,}; is it cut short?"
        )
    records = np.frombuffer(batch, np.uint8).reshape(BATCH_IMAGES, RECORD_BYTES)
    return _upright(records[:, 1:]), records[:, 0]


def _python_batch(batch: bytes, path: Path) -> Batch:
    """Read a pickled batch that a hash has shown to be official.

    Keras's unpickler is private, but it is what `keras.datasets.cifar10` uses, it can build arrays and
    nothing else, and unlike the function around it (`load_batch`) it reads from memory. One of our own would
    be one more to keep safe.
    """
    try:
        from keras.src.datasets.npz_utils import RestrictedUnpickler
    except ImportError as error:
        raise DataError(
            f"{path} needs the restricted unpickler of Keras 3.15.1 or newer ({error}); give the path of "
            f"cifar-10-binary.tar.gz instead"
        ) from error
    try:
        content = RestrictedUnpickler(io.BytesIO(batch), encoding="bytes").load()
        pixels, labels = content[b"data"], content[b"labels"]
    # An unpickler can raise anything.
    except Exception as error:
        reason = str(error)[:200] or type(error).__name__
        raise DataError(
            f"{path} holds a batch that can not be read ({reason}); try the binary archive"
        ) from error
    expected = (BATCH_IMAGES, RECORD_BYTES - 1)
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape != expected:
        found = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise DataError(f"{path} holds {found}; expected uint8 {expected}")
    numbers = isinstance(labels, list) and all(type(y) is int and 0 <= y < len(CLASSES) for y in labels)
    if not numbers or len(labels) != BATCH_IMAGES:
        raise DataError(f"{path} holds labels that are not {BATCH_IMAGES:,} whole numbers from 0 to 9")
    return _upright(pixels), np.asarray(labels, np.int64)


def _upright(planes: Images) -> Images:
    return planes.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)


def _official(batches: list[Batch], path: Path, kind: Kind = "cifar10", label: str = "CIFAR-10") -> Decoded:
    """Put together the five training batches and the test batch."""
    x = np.concatenate([images for images, _ in batches[:-1]])
    y = np.concatenate([labels for _, labels in batches[:-1]])
    return Decoded(
        train=by_class(x, y, TRAIN_PER_CLASS, path),
        test=by_class(*batches[-1], TEST_PER_CLASS, path),
        classes=CLASSES,
        train_counts=(TRAIN_PER_CLASS,) * len(CLASSES),
        test_counts=(TEST_PER_CLASS,) * len(CLASSES),
        kind=kind,
        label=label,
        origin=str(path),
    )


# Folders and archives, member by member --------------------------------------------------------------------


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong in reading into a `DataError` that names the path."""
    damage = (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        ArithmeticError,
        RuntimeError,
    )
    try:
        yield
    except PermissionError as error:
        raise DataError(
            f"{path} can not be read: {error.strerror}; give yourself the right to read it"
        ) from error
    except (OSError, *damage) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{path} can not be read ({reason}); likely it is cut short or damaged") from error


def _checked(members: Iterable[_Member], path: Path) -> list[_Member]:
    """List a folder's or an archive's members, or raise at the first that is unsafe.

    Raises:
        DataError: a name that leads out of the archive or comes twice, a member that is neither file nor
            folder, or more members than a data set of small images has.
    """
    checked: list[_Member] = []
    files: set[tuple[str, ...]] = set()
    for member in members:
        parts = member.parts
        if len(checked) == MAX_MEMBERS:
            raise DataError(f"{path} holds more than {MAX_MEMBERS:,} members; give it 32x32 images only")
        if member.name.startswith("/") or ".." in parts or "\\" in member.name:
            raise DataError(
                f"{path} holds the unsafe name {member.shown}; nothing was read: use relative names"
            )
        if len(member.name) > MAX_NAME:
            raise DataError(
                f"{path} holds a name of {len(member.name):,} characters, {member.name[:40]!r}...; expected "
                f"at most {MAX_NAME:,}"
            )
        if member.kind == "other":
            raise DataError(
                f"{path} holds {member.shown}, a link or special file; nothing was read: pack files only"
            )
        if member.kind == "file" and parts in files:
            raise DataError(f"{path} holds {member.shown} twice; nothing was read: pack it again")
        checked.append(member)
        files.add(parts)
    return checked


def _check_sizes(members: list[_Member], path: Path, largest: int) -> None:
    """Check declared sizes before anything is read."""
    for member in members:
        if member.size > largest:
            raise DataError(
                f"{path} holds {member.shown} with {member.size:,} bytes; expected at most {largest:,}"
            )
    total = sum(member.size for member in members)
    if total > MAX_TOTAL_BYTES:
        raise DataError(f"{path} holds {total:,} bytes of images; expected at most {MAX_TOTAL_BYTES:,}")


def _walk(root: Path, below: str = "", deepest: int = DEPTH) -> Iterator[_Member]:
    """List a folder, `deepest` levels of it. Links are followed, as the folder is the user's own."""
    with os.scandir(root / below) as entries:
        for entry in entries:
            name = f"{below}{entry.name}"
            if entry.is_dir():
                yield _Member(name, 0, "folder")
                if deepest > 1 and not entry.name.startswith("."):
                    yield from _walk(root, f"{name}/", deepest - 1)
            else:
                status = entry.stat()
                kind: MemberKind = "file" if stat.S_ISREG(status.st_mode) else "other"
                yield _Member(name, status.st_size, kind, status.st_mtime_ns)


def _read_file(root: Path, member: _Member) -> bytes:
    with (root / member.name).open("rb") as file:
        return file.read(member.size)


@contextlib.contextmanager
def _open_folder(path: Path) -> Iterator[tuple[Iterator[_Member], Reader]]:
    yield _walk(path), lambda member: _read_file(path, member)


class _TarHeader(tarfile.TarInfo):
    """A tar's header, whose announced size is checked before `tarfile` reads that much and parses it."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if header.size < 0 or (header.type in _HEADER_EXTENSIONS and header.size > MAX_HEADER_BYTES):
            raise tarfile.ReadError(f"a header of {header.size:,} bytes; expected 0 to {MAX_HEADER_BYTES:,}")
        return header


def _check_padding(path: Path, end: int) -> None:
    """Check that zeros only follow the last member: `tarfile` takes a damaged header for the end, too."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END) - end
        file.seek(end)
        if size > MAX_BATCH_BYTES or file.read().strip(b"\0"):
            raise DataError(
                f"{path} is damaged: no member begins at byte {end:,}, and {size:,} bytes follow; copy or "
                f"pack it again"
            )


@contextlib.contextmanager
def _open_tar(path: Path, mode: Literal["r:", "r:gz"] = "r:") -> Iterator[tuple[Iterator[_Member], Reader]]:
    if mode == "r:":
        # A tar cut between two members reads without an error; only its end marker is missing.
        with path.open("rb") as file:
            file.seek(-min(1024, path.stat().st_size), os.SEEK_END)
            if file.read().strip(b"\0"):
                raise DataError(
                    f"{path} is cut short: the tar's end marker is missing; copy or pack it again"
                )
    with tarfile.open(path, mode, tarinfo=_TarHeader) as tar:

        def members() -> Iterator[_Member]:
            for info in tar:
                kind: MemberKind = "folder" if info.isdir() else "other"
                if info.isreg() and not info.issparse():
                    kind = "file"
                yield _Member(info.name, info.size, kind, handle=info)
            if mode == "r:":
                _check_padding(path, tar.offset)

        def reader(member: _Member) -> bytes:
            file = tar.extractfile(member.handle)
            return file.read(member.size) if file else b""

        yield members(), reader


class _Sparing(io.FileIO):
    """A file of which no more is read at once than can be needed: `zipfile` reads a list of any length."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_BATCH_BYTES:
            raise OSError(f"it announces {size:,} bytes for its list of members")
        return super().read(size) or b""


@contextlib.contextmanager
def _open_zip(path: Path) -> Iterator[tuple[Iterator[_Member], Reader]]:
    with _Sparing(path) as file, zipfile.ZipFile(file) as archive:

        def members() -> Iterator[_Member]:
            for info in archive.infolist():
                # The others' decoders take as much memory as a file asks for, and raise errors of their own.
                if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                    raise DataError(
                        f"{path} holds {info.filename[:200]!r}, packed by method {info.compress_type}; "
                        f"nothing was read: pack it by deflating, as zip does by itself"
                    )
                kind: MemberKind = "folder" if info.is_dir() else "file"
                # Zip files from Windows carry no Unix file type: zero stands for a regular file.
                if stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR}:
                    kind = "other"
                yield _Member(info.filename, info.file_size, kind, handle=info)

        def reader(member: _Member) -> bytes:
            with archive.open(member.handle) as file:
                return file.read(member.size)

        yield members(), reader


# Image folders ---------------------------------------------------------------------------------------------


def _read_images(path: Path, members: list[_Member], reader: Reader) -> Decoded:
    """Decode the images of a source that has one folder a class in train/ and in test/."""
    arranged = _arrange(path, members)
    classes = tuple(sorted(arranged["train"]))
    files = {split: [file for name in classes for file in arranged[split][name]] for split in arranged}
    _check_sizes([*files["train"], *files["test"]], path, MAX_IMAGE_BYTES)
    arrays = {split: np.empty((len(files[split]), SIDE, SIDE, 3), np.uint8) for split in files}
    formats: set[str] = set()
    with warnings.catch_warnings():
        # What Pillow warns of, enormous images first of all, is no image of ours.
        warnings.simplefilter("error")
        for split, array in arrays.items():
            for row, file in enumerate(files[split]):
                array[row], used = _pixels(path, file, reader(file))
                formats.add(used)
    counts = {split: tuple(len(arranged[split][name]) for name in classes) for split in arrays}
    return Decoded(
        train=arrays["train"],
        test=arrays["test"],
        classes=classes,
        train_counts=counts["train"],
        test_counts=counts["test"],
        kind="images",
        label=_label(path, classes, counts, formats),
        origin=str(path),
    )


def _place(member: _Member) -> tuple[str, str, str] | None:
    """Return where a member belongs: (folder of the split, "train" or "test", class), or None outside them.

    Hidden files and what operating systems leave behind belong nowhere. A file of a split that lies in no
    class folder has the class "".
    """
    parts = member.parts
    if any(part.startswith((".", "__MACOSX")) or part == "Thumbs.db" for part in parts):
        return None
    folders = parts if member.kind == "folder" else parts[:-1]
    for depth in (0, 1):
        if depth < len(folders) and folders[depth].casefold() in SPLITS:
            inside = folders[depth + 1 :]
            name = inside[0] if len(inside) == 1 else ""
            return "/".join(folders[: depth + 1]), SPLITS[folders[depth].casefold()], name
    return None


def _arrange(path: Path, members: list[_Member]) -> dict[str, dict[str, list[_Member]]]:
    """Sort members into splits and classes: {"train": {"cat": [...], ...}, "test": {...}}.

    Within a class, files stand by name, numbers in names by value.

    Raises:
        DataError: a split or a class is missing or empty, or a file of a split lies in no class folder.
    """
    arranged: dict[str, dict[str, list[_Member]]] = {"train": {}, "test": {}}
    folders: dict[str, set[str]] = {"train": set(), "test": set()}
    for member in members:
        place = _place(member)
        if place is None:
            continue
        folder, split, name = place
        folders[split].add(folder)
        if name:
            files = arranged[split].setdefault(name, [])
            if member.kind == "file":
                files.append(member)
        elif member.kind == "file":
            raise DataError(f"{path}: {member.shown} lies in no class folder; expected train/CLASS/FILE")
    _check_arranged(path, arranged, folders)
    for classes in arranged.values():
        for files in classes.values():
            files.sort(
                key=lambda member: (re.sub(r"\d+", lambda n: n[0].zfill(20), member.name), member.name)
            )
    return arranged


def _check_arranged(
    path: Path, arranged: dict[str, dict[str, list[_Member]]], folders: dict[str, set[str]]
) -> None:
    for split, advice in (("train", "train/"), ("test", "test/ (or val/, valid/, validation/)")):
        found = sorted(folders[split])
        if len(found) > 1:
            raise DataError(
                f"{path} has {split} images in both {found[0]!r} and {found[1]!r}; keep one of them"
            )
        if not arranged[split]:
            raise DataError(f"{path} has no images in {advice}; expected one folder a class there")
    for split, other in (("train", "test"), ("test", "train")):
        for name in sorted(arranged[split]):
            if not name.isprintable() or len(name) > MAX_CLASS_NAME:
                raise DataError(
                    f"{path}: {name[:MAX_CLASS_NAME]!r} is no usable class name; rename the folder"
                )
            if not arranged[other].get(name):
                raise DataError(f"{path} has no {other} images of class {name!r}; every class needs some")


def _pixels(path: Path, file: _Member, data: bytes) -> tuple[Images, str]:
    """Decode one PNG or JPEG file.

    Grey and palette images become RGB, which loses nothing. Transparent, CMYK and 16-bit ones are refused:
    there is more than one way to turn them into RGB.

    Returns:
        The pixels, uint8 of shape (32, 32, 3), and "PNG" or "JPEG".
    """
    from PIL import Image

    try:
        if data.startswith(b"\x89PNG"):
            # Pixels are decoded even if the end of the file, and with it their checksum, is missing.
            with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
                image.verify()
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            size, used, wrong = image.size, str(image.format), _wrong_with(image, data)
            usable = size == (SIDE, SIDE) and not wrong
            pixels = np.asarray(image if image.mode == "RGB" else image.convert("RGB")) if usable else None
    # Pillow's decoders raise nearly anything on damaged bytes, and the one bad file has to be named.
    except Exception as error:
        reason = type(error).__name__
        raise DataError(
            f"{path}: {file.shown} is no readable PNG or JPEG ({reason}); remove or replace it"
        ) from error
    if pixels is not None:
        return pixels, used
    if size != (SIDE, SIDE):
        raise DataError(f"{path}: {file.shown} is {size[0]}x{size[1]} pixels; expected {SIDE}x{SIDE}")
    raise DataError(f"{path}: {file.shown} is {wrong}; save it as plain RGB")


def _wrong_with(image: Any, data: bytes) -> str:
    """Return what a conversion to 8-bit RGB would lose of an image of Pillow's, or nothing."""
    if image.mode not in {"RGB", "L", "P", "1"} or "transparency" in image.info:
        return f"transparent or of mode {image.mode}"
    if getattr(image, "is_animated", False):
        return "several pictures in one file"
    # Pillow takes 16-bit colours for mode RGB. A PNG's depth is the byte after its width and height.
    if image.format == "PNG" and data[24] > MAX_DEPTH:
        return f"{data[24]} bits deep"
    return ""


def _label(
    path: Path, classes: tuple[str, ...], counts: dict[str, tuple[int, ...]], formats: set[str]
) -> str:
    """Return what captions call a source of images."""
    complete = {"train": (TRAIN_PER_CLASS,) * len(CLASSES), "test": (TEST_PER_CLASS,) * len(CLASSES)}
    if classes == CLASSES and counts == complete and formats in ({"JPEG"}, {"PNG"}):
        return "CIFAR-10, JPEG re-encoding" if formats == {"JPEG"} else "CIFAR-10, PNG images"
    name = "".join(c if c.isprintable() else "?" for c in path.resolve().name)
    return f"images from {name[:100]}"
