"""Hostile archives, images, folders and pickles, and random damage to good ones."""

import bz2
import contextlib
import gzip
import hashlib
import io
import itertools
import json
import lzma
import os
import pickle
import random
import shutil
import socket
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from cifar_lr import download
from torture.ward import BATCH, TEST_EACH, TRAIN_EACH, Bait, Case, Expected, Lair

BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")
FIRST_BATCH = "cifar-10-batches-bin/data_batch_1.bin"
BOMB_BYTES = 400 * 2**20  # more than a ward may have

Files = dict[str, bytes]
Lay = Callable[[Lair, object], Bait]


# Good things, of which hostile ones are made ----------------------------------------------------------------


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(
    side: tuple[int, int] = (32, 32),
    *,
    depth: int = 8,
    colour: int = 2,
    rows: bytes | None = None,
    extra: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    """A PNG from its parts; `rows` is the packed pixels, of black ones if not given."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    width = (side[0] * depth * samples + 7) // 8
    packed = packed_zeros((width + 1) * side[1]) if rows is None else rows
    header = struct.pack(">IIBBBBB", *side, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in chunks)


@cache
def packed_zeros(size: int, *, gzipped: bool = False) -> bytes:
    """Zeros as zlib or gzip pack them; a megabyte is packed once, and repeated."""
    megabytes, rest = divmod(size, 2**20)
    packer = zlib.compressobj(wbits=-15)
    piece = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    deflated = piece * megabytes + packer.compress(bytes(rest)) + packer.flush()
    if not gzipped:
        return b"\x78\x9c" + deflated + struct.pack(">HH", size % 65_521, 1)
    total = 0
    for _ in range(megabytes):
        total = zlib.crc32(bytes(2**20), total)
    head = b"\x1f\x8b\x08" + bytes(7)
    return head + deflated + struct.pack("<II", zlib.crc32(bytes(rest), total), size % 2**32)


def _pixels(seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def photo(form: str = "PNG", seed: int = 0, mode: str = "RGB") -> bytes:
    """A random image of 32x32 as a file."""
    return _saved(Image.fromarray(_pixels(seed)).convert(mode), form)


@cache
def pets() -> Files:
    """A small folder of images: two splits, two classes, two images of each."""
    places = itertools.product(("train", "test"), ("cat", "dog"), range(2))
    return {f"pets/{split}/{name}/{n}.png": photo(seed=seed) for seed, (split, name, n) in enumerate(places)}


@cache
def batches() -> Files:
    """The six binary batches."""
    rng = np.random.default_rng(0)
    train = rng.permutation(np.repeat(np.arange(10, dtype=np.uint8), TRAIN_EACH)).reshape(5, BATCH)
    labels = [*train, rng.permutation(np.repeat(np.arange(10, dtype=np.uint8), TEST_EACH))]
    pixels = rng.integers(0, 256, (len(BATCHES), BATCH, 3072), np.uint8)
    records = [np.column_stack(each).tobytes() for each in zip(labels, pixels, strict=True)]
    return {f"cifar-10-batches-bin/{name}.bin": each for name, each in zip(BATCHES, records, strict=True)}


def pickles(first: bytes | None = None) -> Files:
    """The six pickled batches, the first one replaced if another is given."""
    files: Files = {}
    for name, content in zip(BATCHES, batches().values(), strict=True):
        records = np.frombuffer(content, np.uint8).reshape(BATCH, 3073)
        # Protocol 4: newer ones build arrays by a function that the restricted unpickler does not know.
        files[f"cifar/{name}"] = pickle.dumps(
            {b"data": records[:, 1:].copy(), b"labels": records[:, 0].tolist()}, protocol=4
        )
    return files if first is None else files | {"cifar/data_batch_1": first}


def tar_of(files: Mapping[str, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zip_of(files: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files, even if names come twice."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


@cache
def official(layout: Literal["binary", "python"] = "binary") -> bytes:
    """The small official archive."""
    return gzip.compress(tar_of(batches() if layout == "binary" else pickles()), mtime=0)


def declared(
    content: bytes, urls: Sequence[str] = (), layout: Literal["binary", "python"] = "binary"
) -> download.Archive:
    """Say that these bytes are the official archive."""
    digest = hashlib.sha256(content).hexdigest()
    return download.Archive(f"cifar-10-{layout}.tar.gz", len(content), digest, layout, tuple(urls))


# Laying them out --------------------------------------------------------------------------------------------


def file_of(name: str, content: bytes | Callable[[Lair], bytes]) -> Lay:
    """Lay one file, given to the ward by its path; a name in it can be of the lair."""

    def lay(lair: Lair, _: object) -> Bait:
        path = lair.inbox / name
        path.write_bytes(content if isinstance(content, bytes) else content(lair))
        return Bait(str(path), archives=(declared(official()),), names=(_plain(str(path)),))

    return lay


def _folder(files: Mapping[str, bytes], change: Callable[[Path], object] = lambda _: None) -> Lay:
    """Lay a folder, in which then something is changed."""

    def lay(lair: Lair, _: object) -> Bait:
        path = lair.inbox / "folder"
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        change(path)
        return Bait(str(path), names=(str(path),))

    return lay


def tarred(what: str, content: bytes | Callable[[Lair], bytes], expected: Expected = "refused") -> Case:
    """A case of a tar of pets."""
    return Case("tar", what, file_of("pets.tar", content), expected)


def zipped(what: str, content: bytes | Callable[[Lair], bytes], expected: Expected = "refused") -> Case:
    """A case of a zip of pets."""
    return Case("zip", what, file_of("pets.zip", content), expected)


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


# Good as they are -------------------------------------------------------------------------------------------


def control_cases() -> Iterator[Case]:
    """Good things, which have to be accepted, or else the others show nothing; first the two originals."""
    yield Case("control", "a tar", file_of("pets.tar", tar_of(pets())), "whole")
    yield Case("control", "the archive", archive_of(official), "whole", "cifar")
    pickled = archive_of(partial(official, "python"), layout="python")
    yield Case("control", "the archive of pickles", pickled, "whole", "cifar")
    yield Case("control", "a GNU tar", file_of("pets.tar", tar_of(pets(), tarfile.GNU_FORMAT)), "whole")
    yield Case("control", "a zip", file_of("pets.zip", zip_of(pets().items())), "whole")
    yield Case("control", "a folder", _folder(pets()), "whole")
    yield Case("control", "unpacked batches", _folder(batches()), "whole", "cifar")


# Tars -------------------------------------------------------------------------------------------------------


def _header(name: str, kind: bytes = b"0", *, link: str = "", size: bytes | int = 0) -> bytes:
    """One header of a tar, with a sum that is right whatever it says."""
    length = size if isinstance(size, bytes) else f"{size:011o}".encode()
    block = bytearray(512)
    for start, value in ((0, name.encode()[:100]), (100, b"0000644"), (124, length), (257, b"ustar\x0000")):
        block[start : start + len(value)] = value
    block[148:156], block[156:157], block[157 : 157 + len(link)] = b" " * 8, kind, link.encode()
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def _pax(records: Mapping[str, str], member: bytes, kind: bytes = b"x") -> bytes:
    """A member behind a PAX header."""
    bodies = [f" {name}={value}\n".encode() for name, value in records.items()]
    lengths = [len(body) + len(str(len(body) + len(str(len(body))))) for body in bodies]
    lines = b"".join(str(length).encode() + body for length, body in zip(lengths, bodies, strict=True))
    return _header("pax", kind, size=len(lines)) + _padded(lines) + member


# Names that lead out of an archive, or would on some system.
WILD_NAMES = {
    "dots": "../victim.png",
    "dots within": "pets/train/cat/../../../../victim.png",
    "dots at the end": "pets/train/cat/..",
    "dots to the root": "../" * 20 + "{root}/victim.png",
    "absolute": "{root}/victim.png",
    "absolute twice": "//{root}/victim.png",
    "backslashes": "..\\..\\victim.png",
    "a drive": "C:\\victim.png",
    "a share": "\\\\host\\share\\victim.png",
}


def _odd_names() -> dict[str, str]:
    """Names that are no way out, but nothing to show or keep."""
    return {
        "a newline in the class": "pets/train/c\nat/1.png",
        "an escape in the class": "pets/train/\x1b[2Jcat/1.png",
        "a change of direction in the class": "pets/train/\u202etac/1.png",
        "a long class": f"pets/train/{'c' * 300}/1.png",
        "a long name": f"pets/train/cat/{'1' * 5_000}.png",
        "a very long name": f"pets/train/cat/{'1' * 60_000}.png",
        "a deep name": f"{'pets/' * 3_000}train/cat/1.png",
        "no class": "pets/train/1.png",
        "a folder below the class": "pets/train/cat/more/1.png",
        "two tops": "more/train/cat/1.png",
        "a name that comes twice": "pets/train/cat/1.png",
        "a name that comes twice, written otherwise": "./pets//train/./cat/1.png",
    }


def _unshown_names() -> dict[str, str]:
    """Names of what is no image, which a refusal has to show on one line."""
    return {
        "a newline": "pets/train/cat/x\ny.png",
        "an escape": "pets/train/cat/\x1b]0;x\x07.png",
        "a separator of lines": "pets/train/cat/x\u2028y.png",
    }


def tar_cases() -> Iterator[Case]:
    """Every hostile tar."""
    yield from _tar_names()
    yield from _tar_kinds()
    yield from _tar_heads()
    yield from _tar_records()
    yield from _tar_damage()


def _tar_names() -> Iterator[Case]:
    formats = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT}
    for (how, kind), wild in itertools.product(formats.items(), WILD_NAMES):

        def named(lair: Lair, kind: int = kind, wild: str = wild) -> bytes:
            return tar_of({**pets(), WILD_NAMES[wild].format(root=lair.root): photo()}, kind)

        yield tarred(f"{wild}, {how}", named)
    for (how, kind), (odd, name) in itertools.product(formats.items(), _odd_names().items()):
        good = tar_of(pets(), kind)
        yield tarred(f"{odd}, {how}", good[: _end(good)] + tar_of({name: photo()}, kind))
    for odd, name in _unshown_names().items():
        yield tarred(odd, tar_of({**pets(), name: b"no image"}))


def _end(tar: bytes) -> int:
    """Where the end marker of a tar begins."""
    return len(_padded(tar.rstrip(b"\0")))


def _tar_kinds() -> Iterator[Case]:
    kinds = {
        "a link": b"2",
        "a hard link": b"1",
        "a character device": b"3",
        "a block device": b"4",
        "a pipe": b"6",
        "a sparse file": b"S",
        "a part of a file": b"M",
        "an unknown kind": b"Z",
    }
    places = {
        "an image": "pets/train/cat/9.png",
        "a class": "pets/train/emu",
        "a split": "pets/val",
        "the top": "pets",
    }
    targets = {" to the outside": "../../../../victim.png", " to a member": "pets/train/dog/0.png"}
    good = tar_of(pets())
    for (what, kind), (where, name) in itertools.product(kinds.items(), places.items()):
        for to, target in targets.items() if kind in b"12" else [("", "")]:
            content = _header(name, kind, link=target) + good
            yield tarred(f"{what}{to} as {where}", content)
    through = _header("pets/val", b"2", link="../../..") + tar_of({"pets/val/cat/victim.png": photo()})
    yield tarred("a file through a link", through)


def _tar_heads() -> Iterator[Case]:
    good = tar_of(pets())
    huge = {
        "8 GiB": b"77777777777",
        "2**60": b"\x80" + (2**60).to_bytes(11, "big"),
        "less than none": b"\xff" * 12,
    }
    extra = {
        "x": "PAX",
        "g": "global PAX",
        "L": "long name",
        "K": "long link",
        "0": "file",
        "5": "folder",
        "S": "sparse",
    }
    for (size, written), (kind, what) in itertools.product(huge.items(), extra.items()):
        head = _header("pets/train/cat/9.png", kind.encode(), size=written)
        expected: Expected = "refused or whole" if kind == "5" else "refused"  # a folder's size says nothing
        yield tarred(f"a {what} header of {size}", head + good, expected)
        last = good[: _end(good)] + head + bytes(1024)
        yield tarred(f"a {what} header of {size} at the end", last, expected)


def _tar_records() -> Iterator[Case]:
    good, member = tar_of(pets()), _header("pets/train/cat/9.png")
    sparse = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(2**40)}
    records = {
        "of 20 MB": {"comment": "x" * 20_000_000},
        "of 200,000 records": {f"k{n}": "v" for n in range(200_000)},
        "of 60,000 digits": {"comment": "1" * 60_000},
        "of 7,000 digits": {"comment": "1" * 7_000},
        "with another size": {"size": "1000000000000000"},
        "with a size below zero": {"size": "-1024"},
        "with a name that leads out": {"path": "../../victim.png"},
        "with a name that is cut": {"path": "pets/train/c\0at/1.png"},
        "with a link": {"linkpath": "../../victim.png", "path": "pets/train/emu/1.png"},
        "with a sparse file of 1 TiB": sparse,
        "with a sparse map": {"GNU.sparse.map": "0,1099511627776", "GNU.sparse.size": str(2**40)},
        "with numbers that are none": {"GNU.sparse.size": "x", "size": "x", "mtime": "nan"},
        "with another encoding": {"hdrcharset": "none", "path": "pets/train/c\u00e4t/1.png"},
    }
    for what, each in records.items():
        file = _header("pets/train/cat/9.png", size=5) + _padded(b"noise")
        yield tarred(f"a PAX header {what}", _pax(each, file) + good)
    yield tarred("10,000 headers before one member", _header("x", b"x") * 10_000 + good)
    yield tarred("1,000 long names before one member", _header("x", b"L") * 1_000 + good)
    yield tarred("300,000 members", member * 300_000 + good)
    yield tarred("a folder in a class's place that is a file, too", _header("pets/train/cat") + good)


def _tar_damage() -> Iterator[Case]:
    good = tar_of(pets())
    with tarfile.open(fileobj=io.BytesIO(good)) as tar:
        starts = [member.offset for member in tar]
    cuts = (100, 513, starts[1], starts[2] + 600, starts[-1], starts[-1] + 512, _end(good), len(good) // 2)
    for cut in cuts:
        yield tarred(f"cut after {cut} bytes", good[:cut])
    for name, start in (("a middle", starts[4]), ("the last", starts[-1])):
        spoilt = {
            "spoilt": bytes([good[start] ^ 1]) + good[start + 1 :],
            "overwritten with zeros": bytes(512) + good[start + 512 :],
            "overwritten with zeros, and the file after it": bytes(1536) + good[start + 1536 :],
        }
        for what, rest in spoilt.items():
            yield tarred(f"{name} header {what}", good[:start] + rest)
    yield tarred("two tars in one file", good + tar_of({"pets/train/cat/9.png": photo()}))
    for packer in (bz2, lzma, gzip, zlib):
        yield tarred(f"packed by {packer.__name__}", packer.compress(good))
    yield tarred("a tar in a tar", tar_of({**pets(), "pets/train/cat/9.png": good}))


# Zips -------------------------------------------------------------------------------------------------------


# Where a field of a member lies in its central and its local header, and its width.
ZIP_FIELDS = {
    "flags": (8, 6, "<H"),
    "method": (10, 8, "<H"),
    "packed": (20, 18, "<I"),
    "size": (24, 22, "<I"),
}
# Where a field lies in the end of a zip, and its width.
ZIP_END_FIELDS = {
    "disk": (4, "<H"),
    "here": (8, "<H"),
    "members": (10, "<H"),
    "size": (12, "<I"),
    "start": (16, "<I"),
    "comment": (20, "<H"),
}
ZIP_METHODS = {
    0: "nothing",
    1: "shrink",
    9: "deflate64",
    12: "bzip2",
    14: "lzma",
    93: "zstandard",
    98: "PPMd",
    99: "AES",
}
LAST = "pets/train/cat/QQQQ.png"


def _stamped(content: bytes, *, local: bool = True, **fields: int) -> bytes:
    """Change what the headers of the last member say."""
    changed = bytearray(content)
    central, file = content.rfind(b"PK\x01\x02"), content.rfind(b"PK\x03\x04")
    for name, value in fields.items():
        first, second, width = ZIP_FIELDS[name]
        struct.pack_into(width, changed, central + first, value)
        if local:
            struct.pack_into(width, changed, file + second, value)
    return bytes(changed)


def _end_stamped(content: bytes, **fields: int) -> bytes:
    """Change what the end of a zip says."""
    changed = bytearray(content)
    for name, value in fields.items():
        place, width = ZIP_END_FIELDS[name]
        struct.pack_into(width, changed, content.rfind(b"PK\x05\x06") + place, value)
    return bytes(changed)


def _with_last(content: bytes = b"no image" * 20, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    return zip_of([*pets().items(), (LAST, content)], method)


def zip_cases() -> Iterator[Case]:
    """Every hostile zip."""
    yield from _zip_names()
    yield from _zip_kinds()
    yield from _zip_sizes()
    yield from _zip_packings()
    yield from _zip_lists()


def _zip_names() -> Iterator[Case]:
    for wild, pattern in WILD_NAMES.items():

        def named(lair: Lair, pattern: str = pattern) -> bytes:
            name = zipfile.ZipInfo("x")
            name.filename = pattern.format(root=lair.root)
            return zip_of([*pets().items(), (name, photo())])

        yield zipped(wild, named)
    for odd, name in (_odd_names() | _unshown_names()).items():
        content = photo() if odd in _odd_names() else b"no image"
        yield zipped(odd, zip_of([*pets().items(), (name, content)]))
    cut = _with_last(photo()).replace(b"cat/QQQQ.png", b"cat\0/../../v")
    yield zipped("a name that is cut", cut)
    once = _with_last(photo())
    place = once.rfind(LAST.encode())
    differing = once[:place] + b"pets/train/cat/RRRR.png" + once[place + len(LAST) :]
    yield zipped("a name that differs in the list", differing)


def _zip_kinds() -> Iterator[Case]:
    kinds = {
        "a link": 0o120777,
        "a pipe": 0o010644,
        "a character device": 0o020644,
        "a block device": 0o060644,
        "a socket": 0o140644,
    }
    places = {
        "an image": "pets/train/cat/9.png",
        "a class": "pets/train/emu",
        "a split": "pets/val",
        "the top": "pets",
    }
    for (what, mode), (where, name) in itertools.product(kinds.items(), places.items()):
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        yield zipped(f"{what} as {where}", zip_of([(info, b"../../../../victim.png"), *pets().items()]))


def _zip_sizes() -> Iterator[Case]:
    bomb = _with_last(bytes(100 * 2**20))
    yield zipped("a bomb", bomb)
    yield zipped("a bomb that calls itself small", _stamped(bomb, size=3_000))
    yield zipped("a bomb that calls itself small in the list only", _stamped(bomb, local=False, size=3_000))
    yield zipped("a bomb in a zip", _with_last(bomb))
    yield zipped("a zip in a zip in a zip", _with_last(zip_of([("x.zip", zip_of([("x", b"x")]))])))
    for size in (2**32 - 2, 2**31, 2**20 + 1):
        yield zipped(f"a member of {size} bytes, by its word", _stamped(_with_last(), size=size))
        yield zipped(f"a member packed into {size} bytes, by its word", _stamped(_with_last(), packed=size))
    many = [(f"pets/train/cat/{n}.png", bytes(2**20)) for n in range(1, 8)]
    yield zipped("members that unpack to far more together", _many_times(zip_of(many), 200))
    yield zipped("200,001 members", _many_members(200_001))
    yield zipped("1,000,000 members", lambda _: _many_members(1_000_000))
    yield zipped("members that share their bytes", _overlapping())


def _zip_packings() -> Iterator[Case]:
    for method, how in ZIP_METHODS.items():
        yield zipped(f"a member said to be packed with {how}", _stamped(_with_last(), method=method))
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        packed = _with_last(photo(), method)
        start = packed.rfind(LAST.encode(), 0, packed.rfind(b"PK\x01\x02")) + len(LAST)
        damaged = packed[: start + 20] + b"\xff" * 40 + packed[start + 60 :]
        yield zipped(f"a damaged member of method {method}", damaged)
        dictionary = packed[: start + 5] + b"\xff\xff\xff\xff" + packed[start + 9 :]
        yield zipped(f"a dictionary of 4 GiB, method {method}", dictionary)
    for flag, what in ((1, "encrypted"), (0x41, "strongly encrypted"), (0x20, "a patch"), (0x2000, "masked")):
        yield zipped(what, _stamped(_with_last(), flags=flag))


def _many_members(count: int) -> bytes:
    """A zip whose list is as long as its count says, and its members nowhere."""
    central = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 33, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0)
    listed = b"".join(central + b"%09d" % n for n in range(count))
    record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(listed), 4)
    locator = struct.pack("<IIQI", 0x07064B50, 0, 4 + len(listed), 1)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 65_535, 65_535, 2**32 - 1, 2**32 - 1, 0)
    return b"PK\x03\x04" + listed + record + locator + end


def _many_times(content: bytes, times: int) -> bytes:
    """List each member of a zip many times, under other names."""
    end = content.rfind(b"PK\x05\x06")
    start = content.find(b"PK\x01\x02")
    lists = content[start:end]
    more = b"".join(lists.replace(b"cat/", b"c%02x/" % (n % 256)) for n in range(times))
    changed = content[:start] + more + content[end:]
    return _end_stamped(changed, size=len(more))


def _overlapping() -> bytes:
    """Two members of which the second begins within the first."""
    inner_zip = zip_of([("pets/train/cat/RRRR.png", photo())], zipfile.ZIP_STORED)
    content = bytearray(zip_of([(LAST, inner_zip), *pets().items()], zipfile.ZIP_STORED))
    inner = content.find(b"PK\x03\x04", 4)
    first = content.find(b"PK\x01\x02", content.rfind(b"IEND"))
    second = content.find(b"PK\x01\x02", first + 4)
    struct.pack_into("<I", content, second + 42, inner)
    return bytes(content)


def _zip_lists() -> Iterator[Case]:
    good = zip_of(pets().items())
    lies = {
        "more members than there are": {"members": 65_000, "here": 65_000},
        "a list of 4 GiB": {"size": 2**32 - 2},
        "a list behind the end": {"start": 2**31},
        "a list of nothing": {"size": 0},
        "another disk": {"disk": 7},
        "a long comment": {"comment": 65_535},
    }
    for what, fields in lies.items():
        changed = _end_stamped(good, **fields)
        yield zipped(what, changed, "refused or whole")
    end = good.rfind(b"PK\x05\x06")
    ends = {"a list of 2**60 bytes": (2**60, 0), "a list that begins at 2**63": (100, 2**63)}
    for what, (size, start) in ends.items():
        record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 2**40, 2**40, size, start)
        tail = record + struct.pack("<IIQI", 0x07064B50, 0, end, 1) + good[end:]
        yield zipped(what, _end_stamped(good[:end] + tail, size=2**32 - 1))
    for cut in (10, 200, end // 2, good.find(b"PK\x01\x02"), end - 20, end, end + 10):
        yield zipped(f"cut after {cut} bytes", good[:cut])
    yield zipped("cut at its head", good[100:])
    yield zipped("behind a program", b"MZ" + bytes(510) + good)
    yield zipped("without members", zip_of([]))
    extra = zipfile.ZipInfo(LAST)
    extra.extra = struct.pack("<HH", 1, 60_000) + bytes(60_000)
    yield zipped("a field longer than itself", zip_of([*pets().items(), (extra, b"no image")]))
    name = zipfile.ZipInfo(LAST)
    name.extra = struct.pack("<HHBI", 0x7075, 5 + 9, 1, zlib.crc32(LAST.encode())) + b"../../v.x"
    yield zipped("another name in a field", zip_of([*pets().items(), (name, b"no image")]))


# Images -----------------------------------------------------------------------------------------------------


def _patched(content: bytes, mark: bytes, *patches: tuple[int, bytes]) -> bytes:
    """Overwrite bytes at distances from the first place where a mark stands."""
    changed, place = bytearray(content), content.find(mark)
    for distance, value in patches:
        changed[place + distance : place + distance + len(value)] = value
    return bytes(changed)


def _bombs() -> Files:
    """Images of which the pixels, or what lies beside them, unpack to hundreds of megabytes."""
    huge, large = (60_000).to_bytes(2, "big"), (9_000).to_bytes(2, "big")
    squeezed = packed_zeros(BOMB_BYTES)
    tiff = _saved(Image.new("RGB", (40, 40)), "TIFF")
    webp = _saved(Image.new("RGB", (32, 32)), "WEBP", lossless=True)
    small = struct.pack("<I", 40)
    texts = [(b"zTXt", b"k%d\0\0" % n + packed_zeros(2**20 - 1)) for n in range(500)]
    return {
        "a PNG of 2**31 - 1 squared": _patched(photo(), b"IHDR", (4, b"\x7f\xff\xff\xff" * 2)),
        "a PNG of nothing": _patched(photo(), b"IHDR", (4, bytes(8))),
        "a PNG of one bit that unpacks to 2.7 GB": _png((30_000, 30_000), depth=1, colour=0, rows=squeezed),
        "a PNG that unpacks to 400 MB": _png((20_000, 20_000), colour=0, rows=squeezed),
        "a PNG of 9,000 squared": _png((9_000, 9_000), rows=squeezed),
        "a PNG with text of 400 MB": _png(extra=[(b"zTXt", b"k\0\0" + squeezed)]),
        "a PNG with international text of 400 MB": _png(extra=[(b"iTXt", b"k\0\1\0\0\0" + squeezed)]),
        "a PNG with a profile of 400 MB": _png(extra=[(b"iCCP", b"k\0\0" + squeezed)]),
        "a PNG with 500 texts of 1 MB": _png(extra=texts),
        "a PNG of 32 rows that unpack to 400 MB": _png(rows=squeezed)[:-20],
        "a PNG chunk of 4 GB": _patched(photo(), b"IDAT", (-4, b"\xff\xff\xff\xff")),
        "a JPEG of 60,000 squared": _patched(photo("JPEG"), b"\xff\xc0", (5, huge * 2)),
        "a JPEG of 9,000 squared": _patched(photo("JPEG"), b"\xff\xc0", (5, large * 2)),
        "a GIF of 60,000 squared": _patched(photo("GIF"), b"GIF8", (6, huge * 2)),
        "a BMP of 60,000 squared": _patched(photo("BMP"), b"BM", (18, struct.pack("<ii", 60_000, 60_000))),
        "a WebP of 16,384 squared": _patched(webp, b"VP8L", (9, b"\xff" * 4)),
        "a TIFF of 60,000 squared": tiff.replace(small, struct.pack("<I", 60_000)).replace(b"\x28\0", huge),
    }


def _no_images() -> Files:
    """What is no image at all, or one of a kind that is not asked for."""
    return {
        "nothing": b"",
        "text": b"hello\n",
        "a web page": b"<!doctype html><script>alert(1)</script>",
        "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "a program in PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\n(x) deletefile",
        "a program": b"\x7fELF" + bytes(2_000),
        "a script": b"#!/bin/sh\nrm -f ../victim.png\n",
        "a pickle": pickle.dumps(Trap("victim")),
        "an array": b"\x93NUMPY\x01\0" + bytes(100),
        "a zip": zip_of([("x.png", photo())]),
        "a tar": tar_of({"x.png": photo()}),
        "a GIF": photo("GIF"),
        "a BMP": photo("BMP"),
        "a TIFF": photo("TIFF"),
        "a WebP": photo("WEBP"),
        "a PPM": photo("PPM"),
        "an icon": photo("ICO"),
        "a JPEG 2000": photo("JPEG2000"),
        "the head of a PNG": b"\x89PNG\r\n\x1a\n",
        "the head of a JPEG": b"\xff\xd8\xff\xe0",
    }


def _wrong_images() -> Files:
    """Images of another size, depth or mode, of several pictures, or damaged."""
    several = [Image.fromarray(_pixels(seed)) for seed in range(3)]
    animated = {"save_all": True, "append_images": several[1:]}
    good, jpeg = photo(), photo("JPEG")
    cuts = {f"a PNG without its last {n} bytes": good[:-n] for n in (8, 12, 14, 20, 100, len(good) - 40)}
    spoilt = good.find(b"IDAT") + 500
    return cuts | {
        "1x1": _png((1, 1)),
        "31x32": _png((31, 32)),
        "32x33": _png((32, 33)),
        "1x1024": _png((1, 1024)),
        "16-bit grey": _png(depth=16, colour=0),
        "16-bit colours": _png(depth=16, colour=2),
        "16-bit grey with transparency": _png(depth=16, colour=4),
        "16-bit colours with transparency": _png(depth=16, colour=6),
        "12-bit JPEG": _patched(jpeg, b"\xff\xc0", (4, b"\x0c")),
        "transparent": photo(mode="RGBA"),
        "transparent grey": photo(mode="LA"),
        "one transparent colour": _png(extra=[(b"tRNS", bytes(6))]),
        "CMYK": photo("JPEG", mode="CMYK"),
        "an animated PNG": _saved(several[0], "PNG", **animated),
        "an animated GIF": _saved(several[0], "GIF", **animated),
        "an animated WebP": _saved(several[0], "WEBP", **animated),
        "a JPEG of several pictures": _saved(several[0], "MPO", **animated),
        "a PNG with a bit flipped": good[:spoilt] + bytes([good[spoilt] ^ 4]) + good[spoilt + 1 :],
        "a PNG with a wrong sum": _patched(good, b"IHDR", (17, b"\0\0\0\0")),
        "a PNG without pixels": _png(rows=b""),
        "a PNG of an unknown filter": _png(rows=zlib.compress(b"\x09" * 97 * 32)),
        "half a JPEG": jpeg[: len(jpeg) // 2],
        "a JPEG without tables": jpeg.replace(b"\xff\xdb", b"\xff\xfe"),
    }


def image_cases() -> Iterator[Case]:
    """Every hostile image in a folder, a tar and a zip."""
    for what, content in (_bombs() | _no_images() | _wrong_images()).items():
        files = pets() | {"pets/train/dog/1.png": content}
        yield Case("image", f"{what}, in a folder", _folder(files))
        yield Case("image", f"{what}, in a tar", file_of("pets.tar", tar_of(files)))
        stored = zip_of(files.items(), zipfile.ZIP_STORED)
        yield Case("image", f"{what}, in a zip", file_of("pets.zip", stored))


# Folders ----------------------------------------------------------------------------------------------------


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as each, contextlib.chdir(path.parent):
        each.bind(path.name)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**36)


def _undecodable(path: Path) -> None:
    os.mkdir(os.fsencode(path) + b"/train/\xff\xfe")  # noqa: PTH102  no text can be such a name
    Path(os.fsdecode(os.fsencode(path) + b"/train/\xff\xfe/1.png")).write_bytes(photo())


def _changes() -> dict[str, Callable[[Path], object]]:
    """What is done to a folder of images."""
    image = "train/cat/9.png"
    return {
        "a pipe": lambda path: os.mkfifo(path / image),
        "a socket": lambda path: _socket(path / image),
        "a link to a device": lambda path: (path / image).symlink_to("/dev/zero"),
        "a link to no image": lambda path: (path / image).symlink_to("../../../victim.png"),
        "a link to nothing": lambda path: (path / image).symlink_to("nowhere"),
        "a link to itself": lambda path: (path / image).symlink_to("9.png"),
        "a class that is a link to itself": lambda path: (path / "train/emu").symlink_to("emu"),
        "a class that is a link to its folder": lambda path: (path / "train/emu").symlink_to("."),
        "a split that is a link to the top": lambda path: (path / "val").symlink_to("."),
        "a class that is a link outside": lambda path: (path / "train/emu").symlink_to("../../.."),
        "an image of 64 GiB": lambda path: _sparse(path / image),
        "a folder for an image": lambda path: (path / image / "more").mkdir(parents=True),
        "a class that is no text": _undecodable,
        "a class of 200 characters": lambda path: (path / "train" / ("c" * 200)).mkdir(),
        "a class with a newline": lambda path: (path / "train/a\nb").mkdir(),
        "an image with a newline": lambda path: (path / "train/cat/a\nb.png").write_bytes(b"noise"),
        "an empty class": lambda path: (path / "train/emu").mkdir(),
        "no test images": lambda path: shutil.rmtree(path / "test"),
        "nothing": lambda path: [shutil.rmtree(each) for each in path.iterdir()],
    }


def folder_cases() -> Iterator[Case]:
    """Folders with what is no file in them, or what leads elsewhere, and damaged binary batches."""
    files = {name.removeprefix("pets/"): content for name, content in pets().items()}
    for what, change in _changes().items():
        harmless = what == "a folder for an image"
        yield Case("folder", what, _folder(files, change), "refused or whole" if harmless else "refused")
    names = {"a newline": "a\nb.tar", "an escape": "\x1b[2J.tar", "no text": "\udcff\udcfe.tar"}
    for what, name in names.items():
        yield Case("folder", f"a file with {what} in its name", file_of(name, b"noise"))
    batch = batches()[FIRST_BATCH]
    damaged = {
        "a short batch": batch[:3_072],
        "a batch without its last byte": batch[:-1],
        "a batch with one byte more": batch + b"\0",
        "a label of 10": b"\x0a" + batch[1:],
        "a label of 255": b"\xff" + batch[1:],
        "a label more often than others": bytes([(batch[0] + 1) % 10]) + batch[1:],
    }
    for what, content in damaged.items():
        yield Case("folder", what, _folder(batches() | {FIRST_BATCH: content}))


# Official archives, and pickles -----------------------------------------------------------------------------


def archive_of(
    content: Callable[[], bytes], *, forged: bool = True, layout: Literal["binary", "python"] = "binary"
) -> Lay:
    """Lay what calls itself official; a forged one's hash even counts as the published one."""

    def lay(lair: Lair, _: object) -> Bait:
        path = lair.inbox / f"cifar-10-{layout}.tar.gz"
        path.write_bytes(content())
        published = declared(path.read_bytes() if forged else official(layout), layout=layout)
        return Bait(str(path), archives=(published,), names=(str(path),))

    return lay


def official_cases() -> Iterator[Case]:
    """What calls itself the official archive: under another hash, then hostile under the right one."""
    good, bomb = official(), packed_zeros(BOMB_BYTES, gzipped=True)
    unopened = {
        "a bomb": bomb,
        "a bomb within two others": gzip.compress(gzip.compress(bomb)),
        "packed with bzip2": bz2.compress(tar_of(batches())),
        "packed with xz": lzma.compress(tar_of(batches()), preset=0),
        "not packed": tar_of(batches()),
        "a zip": zip_of(batches().items()),
        "a web page": b"<!doctype html>",
        "without its last byte": good[:-1],
        "with one byte more": good + b"\0",
        "packed again": gzip.compress(tar_of(batches()), 1),
        "a bit flipped at the head": good[:3] + b"\x08" + good[4:],
        "a bit flipped at the end": good[:-1] + bytes([good[-1] ^ 128]),
        "only a head": good[:2],
    }
    for what, content in unopened.items():
        yield Case("official", what, archive_of(partial(bytes, content), forged=False))
    for what, content in _forged_tars().items():
        expected: Expected = "refused or whole" if "beside" in what else "refused"
        forged = archive_of(partial(gzip.compress, content, 1))
        yield Case("official", f"{what}, forged", forged, expected, "cifar")
    bent = good[:50_000] + b"\xff" * 50 + good[50_050:]
    yield Case("official", "bent, forged", archive_of(partial(bytes, bent)))
    yield Case("official", "cut, forged", archive_of(partial(bytes, good[:-9])), "refused or whole", "cifar")


def _forged_tars() -> Files:
    others = {name: each for name, each in batches().items() if name != FIRST_BATCH}
    first = batches()[FIRST_BATCH]
    links = {"a link": b"2", "a hard link": b"1", "a device": b"3", "a pipe": b"6"}
    return {
        "a name that leads out": tar_of({**batches(), "../../victim.png": b"x"}),
        "an absolute name": tar_of({"/victim.png": b"x", **batches()}),
        "a batch twice": tar_of({**batches(), f"./{FIRST_BATCH}": first}),
        "a batch that is missing": tar_of(others),
        "a batch that is too long": tar_of({**others, FIRST_BATCH: bytes(33 * 2**20)}),
        "a batch that is empty": tar_of({**others, FIRST_BATCH: b""}),
        "labels out of range": tar_of({**others, FIRST_BATCH: b"\x0b" + first[1:]}),
        "a tar cut short": tar_of(batches())[:100_000],
        "a bomb beside the batches": tar_of({**batches(), "readme": bytes(100 * 2**20)}),
        "no tar": bytes(range(256)) * 100,
        "nothing": b"",
        **{
            f"{what} for a batch": _header(FIRST_BATCH, kind, link="../victim.png") + tar_of(others)
            for what, kind in links.items()
        },
    }


class Trap:
    """A pickle of it makes a folder when a plain unpickler reads it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.name,)


def calls() -> dict[str, bytes]:
    """Pickles that call something, by each opcode that can."""
    command = b"S'rm -f victim.png'\n"
    return {
        "posix.system, by reduce": b"cposix\nsystem\n(" + command + b"tR.",
        "os.system, by its stack": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        "os.system, by inst": b"(" + command + b"ios\nsystem\n.",
        "os.system, by obj": b"(cos\nsystem\n" + command + b"o.",
        "eval": b"cbuiltins\neval\n(S'1/0'\ntR.",
        "exec": b"cbuiltins\nexec\n(S'import os'\ntR.",
        "getattr": b"cbuiltins\ngetattr\n(cos\nsystem\nS'x'\ntR.",
        "subprocess.Popen, by newobj": b"\x80\x02csubprocess\nPopen\n(S'true'\nt\x81.",
        "importlib": b"cimportlib\nimport_module\n(S'antigravity'\ntR.",
        "numpy.load": b"cnumpy\nload\n(S'victim.png'\ntR.",
        "numpy.save": b"cnumpy\nsave\n(S'victim.png'\nI1\ntR.",
        "runstring": b"cnumpy.testing._private.utils\nrunstring\n(S'import os'\n}tR.",
        "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0fdtype.__class__\x93.",
        "an extension": b"\x80\x02\x82\x01.",
        "a persistent name": b"Pvictim.png\n.",
        "an object, by build": pickle.dumps(Trap("victim")),
        "a path": pickle.dumps(Path("victim.png")),
        "a function": pickle.dumps(json.loads),
    }


def _bad_pickles() -> dict[str, bytes]:
    """Pickles that are damaged, or larger than they seem."""
    huge = (2**40).to_bytes(8, "little")
    shape = b"(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft"
    array = b"\x80\x02cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + shape + b"U\x01b\x87R."
    good = pickles()["cifar/data_batch_1"]
    return {
        "nothing": b"",
        "noise": b"\xff" * 1_000,
        "cut": good[: len(good) // 2],
        "an unknown protocol": b"\x80\xff" + good[2:],
        "a huge memo": b"\x80\x02]r\xff\xff\xff\xff.",
        "a large memo": b"\x80\x02]r\xff\xff\xff\x03.",
        "a memo that is not there": b"\x80\x02h\x07.",
        "bytes of 1 TiB": b"\x80\x04\x8e" + huge + b"x.",
        "a byte array of 1 TiB": b"\x80\x05\x96" + huge + b"x.",
        "text of 1 TiB": b"\x80\x04\x8d" + huge + b"x.",
        "a frame of 1 TiB": b"\x80\x04\x95" + huge + b"N.",
        "a number of 2 GiB": b"\x80\x02\x8b\xff\xff\xff\x7fx.",
        "a number of many digits": b"I" + b"9" * 100_000 + b"\n.",
        "100,000 lists within each other": b"]" * 100_000 + b"a" * 99_999 + b".",
        "a mark without an end": b"(" * 100_000 + b".",
        "an array of 2**62 elements": array,
        "an empty stack": b".",
        "a buffer from elsewhere": b"\x80\x05\x97.",
    }


def _bad_contents() -> dict[str, object]:
    """What a batch must not hold."""
    records = np.frombuffer(batches()[FIRST_BATCH], np.uint8).reshape(BATCH, 3073)
    pixels, labels = records[:, 1:].copy(), records[:, 0].tolist()
    doubled: list[object] = [0, 1]
    for _ in range(30):
        doubled = [doubled, doubled]

    def batch(data_: object = pixels, labels_: object = labels) -> dict[bytes, object]:
        return {b"data": data_, b"labels": labels_}

    return {
        "no pixels": {b"labels": labels},
        "no labels": {b"data": pixels},
        "a list for the batch": [pixels, labels],
        "text for the batch": "batch",
        "text for the pixels": batch("pixels"),
        "nothing for the pixels": batch(None),
        "a list for the pixels": batch(pixels.tolist()),
        "pixels of another shape": batch(pixels[:, 1:]),
        "pixels of another type": batch(pixels.astype(np.int32)),
        "pixels that are objects": batch(pixels[:, :2].astype(object)),
        "one pixel": batch(np.uint8(1)),
        "too few pixels": batch(pixels[:-1]),
        "nothing for the labels": batch(labels_=None),
        "too few labels": batch(labels_=labels[:-1]),
        "no label at all": batch(labels_=[]),
        "too many labels": batch(labels_=labels * 2),
        "labels within lists": batch(labels_=[[each] for each in labels]),
        "labels of different shapes": batch(labels_=[*labels[:-1], [1, 2]]),
        "text for a label": batch(labels_=[*labels[:-1], "cat"]),
        "a label of 10": batch(labels_=[*labels[:-1], 10]),
        "a label of -1": batch(labels_=[*labels[:-1], -1]),
        "a label of 2**70": batch(labels_=[*labels[:-1], 2**70]),
        "a label of one half": batch(labels_=[each + 0.5 for each in labels]),
        "a label that is no number": batch(labels_=[float("nan")] * BATCH),
        "labels that double thirty times": batch(labels_=doubled),
    }


def pickle_cases() -> Iterator[Case]:
    """Pickles in the official archive under its very hash, and in its unpacked folder under another."""
    contents = {what: pickle.dumps(each, protocol=4) for what, each in _bad_contents().items()}
    for what, content in (calls() | _bad_pickles() | contents).items():
        make = partial(gzip.compress, tar_of(pickles(content)))
        yield Case("pickle", f"{what}, forged", archive_of(make, layout="python"), exhausts=True)
    for what, content in calls().items():
        files = {Path(name).name: each for name, each in pickles(content).items()}
        yield Case("pickle", f"{what}, in a folder", _folder(files))


# Random damage ----------------------------------------------------------------------------------------------


def damage_cases(seed: int) -> Iterator[Case]:
    """Good things with random damage, without end."""
    rng = random.Random(seed)
    originals = {
        "a tar": ("pets.tar", tar_of(pets())),
        "a GNU tar": ("pets.tar", tar_of(pets(), tarfile.GNU_FORMAT)),
        "a zip": ("pets.zip", zip_of(pets().items())),
        "a stored zip": ("pets.zip", zip_of(pets().items(), zipfile.ZIP_STORED)),
        "the archive": ("", official()),
    }
    for number in itertools.count(1):
        what, (name, good) = rng.choice(list(originals.items()))
        how = rng.choice(list(SPOILERS))
        content = SPOILERS[how](good, rng)
        lay = file_of(name, content) if name else archive_of(partial(bytes, content), forged=False)
        yield Case("damage", f"{number}: {what} {how}", lay, "refused or whole", "pets" if name else "cifar")


def _flipped(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 10))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _replaced(content: bytes, rng: random.Random, make: Callable[[int], bytes], *, longer: int) -> bytes:
    """Put other bytes in the place of some; `longer` is 0 for as many, 1 for more, -1 for none."""
    size = rng.randint(1, 2_000)
    start = rng.randrange(max(1, len(content) - size))
    put = make(size) if longer >= 0 else b""
    return content[:start] + put + content[start + (0 if longer > 0 else size) :]


SPOILERS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "with bits flipped": _flipped,
    "cut": lambda content, rng: content[: rng.randrange(len(content))],
    "with noise in it": lambda content, rng: _replaced(content, rng, rng.randbytes, longer=0),
    "with zeros in it": lambda content, rng: _replaced(content, rng, bytes, longer=0),
    "with something missing": lambda content, rng: _replaced(content, rng, bytes, longer=-1),
    "with more in it": lambda content, rng: _replaced(content, rng, rng.randbytes, longer=1),
}
