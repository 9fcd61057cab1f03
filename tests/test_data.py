"""Finding, verifying, decoding and choosing images: what is read rightly, and what is refused and how."""

import contextlib
import hashlib
import http.server
import io
import json
import os
import pickle
import random
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cifar_lr import data, decode, download, standin
from cifar_lr.data import DataError

REPOSITORY = Path(__file__).parents[1]
REAL = REPOSITORY.parent / "shared" / "data" / "cifar10-jpeg.tar"

# The official layout in small: batches of 20 images, 10 training and 2 test images of each class.
BATCH, TRAIN_EACH, TEST_EACH = 20, 10, 2
NAMES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """No test sees this machine's caches or reaches beyond 127.0.0.1."""
    monkeypatch.setenv("CIFAR_LR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "ARCHIVES", ())
    monkeypatch.setattr(decode, "BATCH_IMAGES", BATCH)
    monkeypatch.setattr(decode, "TRAIN_PER_CLASS", TRAIN_EACH)
    monkeypatch.setattr(decode, "TEST_PER_CLASS", TEST_EACH)


@pytest.fixture
def said():
    return []


@pytest.fixture
def small_stand_in(monkeypatch):
    def generate(seed=0):
        rng = np.random.default_rng(seed)
        x = rng.integers(0, 256, (50, 32, 32, 3), np.uint8)
        y = np.repeat(np.arange(10), 3)
        return x[:30], y, x[30:], np.repeat(np.arange(10), 2)

    monkeypatch.setattr(standin, "generate", generate)
    monkeypatch.setattr(standin, "VERSION", 7)


# Material --------------------------------------------------------------------------------------------------


class Official:
    """A small CIFAR-10: planes (n, 3072) and labels of each batch, and what they should become."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        train_labels = rng.permutation(np.repeat(np.arange(10), TRAIN_EACH)).reshape(5, BATCH)
        test_labels = rng.permutation(np.repeat(np.arange(10), TEST_EACH))
        self.labels = [*train_labels.tolist(), test_labels.tolist()]
        self.planes = [rng.integers(0, 256, (BATCH, 3072), np.uint8) for _ in NAMES]

    def images(self, split, name):
        """The images of a class, pixel by pixel from the format's description."""
        label = decode.CLASSES.index(name)
        batches = range(5) if split == "train" else [5]
        found = []
        for b in batches:
            for planes, its in zip(self.planes[b], self.labels[b], strict=True):
                if its == label:
                    image = np.zeros((32, 32, 3), np.uint8)
                    for row in range(32):
                        for channel in range(3):
                            start = channel * 1024 + row * 32
                            image[row, :, channel] = planes[start : start + 32]
                    found.append(image)
        return np.stack(found)

    def files(self, layout):
        """Names and contents of the batches."""
        if layout == "binary":
            for name, planes, labels in zip(NAMES, self.planes, self.labels, strict=True):
                records = b"".join(bytes([y]) + p.tobytes() for y, p in zip(labels, planes, strict=True))
                yield f"cifar-10-batches-bin/{name}.bin", records
            return
        for name, planes, labels in zip(NAMES, self.planes, self.labels, strict=True):
            content = {b"data": planes, b"labels": labels, b"batch_label": name.encode()}
            # Protocol 4: newer ones build arrays by a function that the restricted unpickler does not know.
            yield f"cifar-10-batches-py/{name}", pickle.dumps(content, protocol=4)

    def archive(self, folder, layout="binary"):
        """Write the archive and return its path."""
        path = folder / f"cifar-10-{layout}.tar.gz"
        write_tar(path, self.files(layout), "w:gz")
        return path


def write_tar(path, files, mode="w"):
    with tarfile.open(path, mode) as tar:
        for name, content in files:
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


def write_folder(path, files):
    path.mkdir()
    for name, content in files:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def official(path, layout="binary", urls=()):
    """Declare a file to be the official archive."""
    content = path.read_bytes()
    return download.Archive(path.name, len(content), hashlib.sha256(content).hexdigest(), layout, tuple(urls))


def encoded(array, form="PNG", mode="RGB"):
    buffer = io.BytesIO()
    Image.fromarray(array).convert(mode).save(buffer, form)
    return buffer.getvalue()


def image(seed):
    return np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)


def tree(top="pets/", *, test="test", classes=("cat", "dog"), train_each=3, test_each=2, form="PNG"):
    """Files of an image folder; image i of class c in a split is `image(hash of its place)`."""
    suffix = "png" if form == "PNG" else "jpg"
    files = {}
    for split, each in (("train", train_each), (test, test_each)):
        for name in classes:
            for i in range(each):
                files[f"{top}{split}/{name}/{i:04}.{suffix}"] = encoded(image(seed_of(split, name, i)), form)
    return files


def seed_of(split, name, i):
    return [split == "train", *name.encode(), i]


def expected(split, names, each):
    return np.stack([image(seed_of(split, name, i)) for name in names for i in range(each)])


def cached_names():
    cache = Path(os.environ["CIFAR_LR_CACHE"])
    return sorted(p.name for p in cache.iterdir() if not p.name.endswith(".lock")) if cache.is_dir() else []


def locate(path, **kwargs):
    return data.locate(str(path), say=kwargs.pop("say", lambda _: None), progress=False, **kwargs)


# What is read ----------------------------------------------------------------------------------------------


def test_official_binary_archive_class_by_class_in_archive_order(tmp_path, monkeypatch):
    small = Official()
    path = small.archive(tmp_path)
    monkeypatch.setattr(download, "ARCHIVES", (official(path),))
    source = locate(path)
    assert (source.kind, source.label) == ("cifar10", "CIFAR-10")
    dataset = data.load(source)
    assert dataset.classes == decode.CLASSES
    np.testing.assert_array_equal(
        dataset.x_train, np.concatenate([small.images("train", c) for c in decode.CLASSES])
    )
    np.testing.assert_array_equal(
        dataset.x_val, np.concatenate([small.images("test", c) for c in decode.CLASSES])
    )
    np.testing.assert_array_equal(dataset.y_train, np.arange(100) // TRAIN_EACH)
    np.testing.assert_array_equal(dataset.y_val, np.arange(20) // TEST_EACH)


def test_python_archive_and_its_folder_give_the_same_arrays(tmp_path, monkeypatch):
    pytest.importorskip("keras")
    small = Official()
    binary, python = small.archive(tmp_path), small.archive(tmp_path, "python")
    monkeypatch.setattr(download, "ARCHIVES", (official(binary), official(python, "python")))
    folder = write_folder(tmp_path / "unpacked", small.files("python"))
    md5 = {Path(name).name: hashlib.md5(content).hexdigest() for name, content in small.files("python")}  # noqa: S324
    monkeypatch.setattr(decode, "PYTHON_BATCHES", md5)
    sources = [locate(path) for path in (binary, python, folder, folder / "cifar-10-batches-py")]
    assert {(source.kind, source.label) for source in sources} == {("cifar10", "CIFAR-10")}
    assert len({data.load(source).fingerprint for source in sources}) == 1


def test_unpacked_binary_folder_is_called_unverified(tmp_path):
    small = Official()
    source = locate(write_folder(tmp_path / "unpacked", small.files("binary")))
    assert (source.kind, source.label) == ("images", "CIFAR-10 (unverified copy)")
    np.testing.assert_array_equal(data.load(source, ["ship"]).x_train, small.images("train", "ship"))


@pytest.mark.parametrize("top", ["", "pets/", "./", "./pets/"])
@pytest.mark.parametrize("write", [write_folder, write_tar, write_zip])
def test_image_folder_tar_and_zip_read_alike(tmp_path, write, top):
    suffix = {write_folder: "", write_tar: ".tar", write_zip: ".zip"}[write]
    files = list(tree(top).items())
    random.Random(1).shuffle(files)
    source = locate(write(tmp_path / f"animals{suffix}", files))
    dataset = data.load(source)
    assert (source.kind, source.label) == ("images", f"images from animals{suffix}")
    assert dataset.classes == ("cat", "dog")
    np.testing.assert_array_equal(dataset.x_train, expected("train", ["cat", "dog"], 3))
    np.testing.assert_array_equal(dataset.x_val, expected("test", ["cat", "dog"], 2))


@pytest.mark.parametrize("name", ["test", "val", "valid", "validation", "Test"])
def test_names_of_the_validation_folder(tmp_path, name):
    dataset = data.load(locate(write_folder(tmp_path / "pets", tree("", test=name).items())))
    np.testing.assert_array_equal(dataset.x_val, expected(name, ["cat", "dog"], 2))


def test_numbers_in_names_sort_by_value(tmp_path):
    files = {f"{split}/cat/{i}.png": encoded(image(i)) for split in ("train", "test") for i in range(12)}
    dataset = data.load(locate(write_folder(tmp_path / "pets", files.items())))
    np.testing.assert_array_equal(dataset.x_train, np.stack([image(i) for i in range(12)]))


def test_hidden_files_and_files_outside_of_the_splits_are_passed_over(tmp_path):
    extra = {
        "README.md": b"x",
        "pets/train/.DS_Store": b"x",
        "pets/train/cat/._0000.png": b"x",
        "model.h5": bytes(2**21),
    }
    source = locate(
        write_zip(tmp_path / "pets.zip", {**tree(), **extra, "__MACOSX/train/cat/0000.png": b"x"}.items())
    )
    assert len(data.load(source).x_train) == 6


def test_grey_and_palette_images_become_rgb(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    palette = Image.fromarray(image(1)).quantize(16)
    buffer = io.BytesIO()
    palette.save(buffer, "PNG")
    files = tree("") | {
        "train/cat/0000.png": encoded(grey, mode="L"),
        "train/cat/0001.png": buffer.getvalue(),
    }
    x = data.load(locate(write_folder(tmp_path / "pets", files.items())), ["cat"]).x_train
    np.testing.assert_array_equal(x[0], np.stack([grey] * 3, axis=-1))
    colours = np.array(palette.getpalette(), np.uint8).reshape(-1, 3)
    np.testing.assert_array_equal(x[1], colours[np.asarray(palette)])


@pytest.mark.parametrize(
    ("form", "each", "label"),
    [
        ("JPEG", TRAIN_EACH, "CIFAR-10, JPEG re-encoding"),
        ("PNG", TRAIN_EACH, "CIFAR-10, PNG images"),
        ("PNG", TRAIN_EACH - 1, "images from ten"),
    ],
)
def test_label_of_the_ten_classes(tmp_path, form, each, label):
    files = tree("", classes=decode.CLASSES, train_each=each, test_each=TEST_EACH, form=form)
    source = locate(write_folder(tmp_path / "ten", files.items()))
    assert (source.kind, source.label) == ("images", label)


def test_jpeg_files_are_decoded_as_pillow_does(tmp_path):
    files = tree("", form="JPEG")
    x = data.load(locate(write_folder(tmp_path / "pets", files.items())), ["dog"]).x_train
    np.testing.assert_array_equal(x[2], np.asarray(Image.open(io.BytesIO(files["train/dog/0002.jpg"]))))


# What is chosen --------------------------------------------------------------------------------------------


@pytest.fixture
def pets(tmp_path):
    files = tree("", classes=("cat", "cow", "dog"))
    return locate(write_tar(tmp_path / "pets.tar", files.items()))


def test_classes_in_the_order_asked_for_and_renumbered(pets):
    dataset = data.load(pets, ["dog", "cat"])
    assert dataset.classes == ("dog", "cat")
    np.testing.assert_array_equal(dataset.x_train, expected("train", ["dog", "cat"], 3))
    np.testing.assert_array_equal(dataset.x_val, expected("test", ["dog", "cat"], 2))
    np.testing.assert_array_equal(dataset.y_train, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(dataset.y_val, [0, 0, 1, 1])
    assert (dataset.x_train.dtype, dataset.y_train.dtype) == (np.uint8, np.int64)


def test_first_images_of_each_class(pets):
    dataset = data.load(pets, train_per_class=2, validation_per_class=1)
    np.testing.assert_array_equal(dataset.x_train, expected("train", ["cat", "cow", "dog"], 2))
    np.testing.assert_array_equal(dataset.x_val, expected("test", ["cat", "cow", "dog"], 1))
    np.testing.assert_array_equal(dataset.y_train, [0, 0, 1, 1, 2, 2])


def test_the_last_training_images_of_each_class_are_held_out_for_validation(pets):
    dataset = data.load(pets, ["dog", "cat"], held_out_per_class=1)
    every = expected("train", ["dog", "cat"], 3)
    np.testing.assert_array_equal(dataset.x_train, every[[0, 1, 3, 4]])
    np.testing.assert_array_equal(dataset.x_val, every[[2, 5]])
    np.testing.assert_array_equal((dataset.y_train, dataset.y_val[[0, 0, 1, 1]]), [[0, 0, 1, 1]] * 2)
    np.testing.assert_array_equal(dataset.x_test, expected("test", ["dog", "cat"], 2))
    np.testing.assert_array_equal(dataset.y_test, [0, 0, 1, 1])
    with pytest.raises(ValueError, match="read-only"):
        dataset.x_val[0] = 0
    whole = data.load(pets, ["dog", "cat"])
    assert dataset.held_out
    assert not whole.held_out
    assert whole.x_test is whole.x_val
    assert dataset.fingerprint != whole.fingerprint


def test_other_test_images_are_other_data_where_validation_is_held_out(pets):
    one, other = (data.load(pets, held_out_per_class=1, validation_per_class=each) for each in (1, 2))
    np.testing.assert_array_equal(one.x_val, other.x_val)
    assert one.fingerprint != other.fingerprint


def test_nothing_left_to_train_on(pets):
    with pytest.raises(
        DataError, match="held_out_per_class is 2, which leaves nothing to train on: a class has 2"
    ):
        data.load(pets, train_per_class=2, held_out_per_class=2)


def test_classes_of_different_sizes(tmp_path):
    files = tree("") | {"train/dog/0003.png": encoded(image(5)), "train/ant/1.png": encoded(image(6))}
    files["test/ant/1.png"] = encoded(image(7))
    dataset = data.load(locate(write_folder(tmp_path / "pets", files.items())), ["dog", "ant"])
    np.testing.assert_array_equal(dataset.y_train, [0, 0, 0, 0, 1])
    np.testing.assert_array_equal(dataset.x_train[3:], [image(5), image(6)])
    np.testing.assert_array_equal(dataset.x_val[2], image(7))


def test_arrays_are_read_only_and_the_whole_is_mapped(pets):
    whole, part = data.load(pets), data.load(pets, ["cow"])
    for array in (whole.x_train, whole.y_train, part.x_train, part.y_val):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert isinstance(whole.x_train.base, np.memmap)


@pytest.mark.parametrize(
    ("classes", "counts", "message"),
    [
        (["cat", "lion"], {}, "'lion' is not among the classes; images from pets.tar has cat, cow, dog"),
        (
            ["cat", "cat"],
            {},
            "classes ['cat', 'cat'] are none or repeat; images from pets.tar has cat, cow, dog",
        ),
        ([], {}, "classes [] are none or repeat; images from pets.tar has cat, cow, dog"),
        (["cat"], {"train_per_class": 4}, "train_per_class is 4; images from pets.tar has 1 to 3 for cat"),
        (["cat"], {"train_per_class": 0}, "train_per_class is 0; images from pets.tar has 1 to 3 for cat"),
        (
            ["dog"],
            {"validation_per_class": 3},
            "validation_per_class is 3; images from pets.tar has 1 to 2 for dog",
        ),
    ],
)
def test_more_than_there_is(pets, classes, counts, message):
    with pytest.raises(DataError) as error:
        data.load(pets, classes, **counts)
    assert str(error.value) == message


def test_fingerprint_as_documented(pets):
    digest = hashlib.sha256()
    for name, dtype, array in (
        ("x_train", "|u1", expected("train", ["cow", "cat"], 3)),
        ("y_train", "<i8", np.array([0, 0, 0, 1, 1, 1], "<i8")),
        ("x_val", "|u1", expected("test", ["cow", "cat"], 2)),
        ("y_val", "<i8", np.array([0, 0, 1, 1], "<i8")),
    ):
        digest.update(f"{name} {dtype} {array.shape}\n".encode() + array.tobytes())
    assert data.load(pets, ["cow", "cat"]).fingerprint == f"sha256:{digest.hexdigest()}"


def test_fingerprint_changes_with_one_pixel_and_with_one_label(tmp_path):
    files = tree("", classes=("cat", "dog"))
    pixel = image(seed_of("test", "dog", 1))
    pixel[31, 31, 2] ^= 1
    moved = files | {"train/cat/0003.png": files["train/dog/0000.png"]}
    del moved["train/dog/0000.png"]  # the same images in the same order, one with another label
    variants = {"as-is": files, "pixel": files | {"test/dog/0001.png": encoded(pixel)}, "label": moved}
    loaded = [data.load(locate(write_folder(tmp_path / n, f.items()))) for n, f in variants.items()]
    np.testing.assert_array_equal(loaded[0].x_train, loaded[2].x_train)
    assert len({dataset.fingerprint for dataset in loaded}) == 3


# What is refused -------------------------------------------------------------------------------------------


def refused(path, *parts):
    """Assert that a source is refused on one line that says all of `parts`, and that nothing is left."""
    with pytest.raises(DataError) as error:
        locate(path)
    message = str(error.value)
    assert "\n" not in message
    for part in (str(path), *parts):
        assert part in message
    assert cached_names() == []


def special(kind, name="pets/train/cat/0000.png", target="/etc/passwd"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("s", special(tarfile.SYMTYPE), ["'pets/train/cat/0000.png'", "link or special file"]),
        ("h", special(tarfile.LNKTYPE), ["link or special file", "pack files only"]),
        ("c", special(tarfile.CHRTYPE), ["link or special file"]),
        ("f", special(tarfile.FIFOTYPE), ["link or special file"]),
        ("/tmp/evil.png", b"x", ["unsafe name '/tmp/evil.png'"]),  # noqa: S108
        ("pets/../../evil.png", b"x", ["unsafe name 'pets/../../evil.png'", "use relative names"]),
        ("pets\\train\\cat\\9.png", b"x", ["unsafe name"]),
        ("pets/train/dog/0001.png", b"x", ["'pets/train/dog/0001.png' twice"]),
        ("./pets/train/dog/0001.png", b"x", ["twice"]),
        (
            "pets/train/dog/9.png",
            bytes(2**20 + 1),
            ["'pets/train/dog/9.png' with 1,048,577 bytes", "1,048,576"],
        ),
    ],
)
def test_hostile_tar_member(tmp_path, name, content, parts):
    refused(write_tar(tmp_path / "pets.tar", [*tree().items(), (name, content)]), *parts)


@pytest.mark.parametrize(
    ("limit", "value", "part"),
    [
        ("MAX_MEMBERS", 9, "more than 9 members"),
        ("MAX_TOTAL_BYTES", 9_999, "bytes of images; expected at most 9,999"),
    ],
)
@pytest.mark.parametrize("write", [write_folder, write_tar, write_zip])
def test_too_many_or_too_much(*, tmp_path, monkeypatch, write, limit, value, part):
    monkeypatch.setattr(decode, limit, value)
    suffix = {write_folder: "", write_tar: ".tar", write_zip: ".zip"}[write]
    refused(write(tmp_path / f"pets{suffix}", tree().items()), part)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize("size", [2**40, 8193, -512])
def test_size_of_a_tar_header_is_checked_before_it_is_read(tmp_path, kind, size):
    """`tarfile` would allocate that much, or take time that grows with its square."""
    header = special(kind)
    header.size = size
    # GNU's format only has numbers of this size.
    with tarfile.open(tmp_path / "pets.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(header)
        for name, content in tree().items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    refused(tmp_path / "pets.tar", f"a header of {size:,} bytes; expected 0 to 8,192")


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_name_without_end(tmp_path, write):
    path = tmp_path / ("pets.tar" if write is write_tar else "pets.zip")
    name = f"pets/train/cat/{'9' * 2000}.png"
    refused(write(path, [*tree().items(), (name, b"x")]), "a name of 2,019 characters", "at most 1,000")


@pytest.mark.parametrize("damage", [b"x", bytes(512)])
@pytest.mark.parametrize("member", [3, -1])
def test_damaged_tar_header_is_no_end(tmp_path, damage, member):
    """`tarfile` ends quietly at such a header, and what follows it would be missing."""
    path = write_tar(tmp_path / "pets.tar", tree().items())
    with tarfile.open(path) as tar:
        start = tar.getmembers()[member].offset
    with path.open("r+b") as file:
        file.seek(start)
        file.write(damage)
    refused(path, f"is damaged: no member begins at byte {start:,}", "copy or pack it again")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_zip_that_is_packed_otherwise(tmp_path, method):
    """LZMA's decoder takes up to 4 GiB if a file asks for it."""
    path = tmp_path / "pets.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in tree().items():
            archive.writestr(name, content)
    refused(path, f"'pets/train/cat/0000.png', packed by method {method}", "pack it by deflating")


def test_list_of_a_zip_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(decode, "MAX_BATCH_BYTES", 500)
    refused(write_zip(tmp_path / "pets.zip", tree().items()), "bytes for its list of members")


@pytest.mark.parametrize("name", ["/evil.png", "../evil.png", "pets/train/../../../evil.png"])
def test_hostile_zip_name(tmp_path, name):
    refused(write_zip(tmp_path / "pets.zip", [*tree().items(), (name, b"x")]), f"unsafe name {name!r}")


def test_zip_with_a_link(tmp_path):
    link = zipfile.ZipInfo("pets/train/cat/9.png")
    link.external_attr = 0o120777 << 16
    refused(
        write_zip(tmp_path / "pets.zip", [*tree().items(), (link, b"/etc/passwd")]), "link or special file"
    )


def test_zip_that_unpacks_to_far_more(tmp_path):
    path = write_zip(tmp_path / "pets.zip", [*tree().items(), ("pets/train/cat/9.png", bytes(50 * 2**20))])
    assert path.stat().st_size < 200_000
    refused(path, "'pets/train/cat/9.png' with 52,428,800 bytes")


def test_zip_with_a_damaged_member(tmp_path):
    path = write_zip(tmp_path / "pets.zip", tree().items())
    content = bytearray(path.read_bytes())
    content[500:600] = bytes(100)
    path.write_bytes(content)
    refused(path)


def test_special_file_in_a_folder(tmp_path):
    folder = write_folder(tmp_path / "pets", tree("").items())
    os.mkfifo(folder / "train" / "cat" / "pipe.png")
    refused(folder, "'train/cat/pipe.png'", "link or special file")


def bomb():
    """A PNG that declares 50,000 x 50,000 pixels."""
    content = bytearray(encoded(image(0)))
    content[16:24] = (50_000).to_bytes(4, "big") * 2
    return bytes(content)


GIF = io.BytesIO()
Image.fromarray(image(0)).save(GIF, "GIF")


def several(form):
    """Two pictures in one file."""
    buffer = io.BytesIO()
    Image.fromarray(image(0)).save(buffer, form, save_all=True, append_images=[Image.fromarray(image(1))])
    return buffer.getvalue()


def deep():
    """A PNG of 16-bit colours, which Pillow reads as if it had 8 bits."""

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return len(content).to_bytes(4, "big") + kind + content + checksum.to_bytes(4, "big")

    header = (32).to_bytes(4, "big") * 2 + bytes([16, 2, 0, 0, 0])
    pixels = zlib.compress(bytes(32 * (1 + 32 * 6)))
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is no readable PNG or JPEG"),
        (b"hello", "is no readable PNG or JPEG"),
        (GIF.getvalue(), "is no readable PNG or JPEG"),
        (encoded(image(0))[:-900], "is no readable PNG or JPEG"),
        (encoded(image(0))[:-14], "is no readable PNG or JPEG"),
        (deep(), "is 16 bits deep; save it as plain RGB"),
        (several("PNG"), "is several pictures in one file; save it as plain RGB"),
        (several("MPO"), "is several pictures in one file; save it as plain RGB"),
        (encoded(image(0), "JPEG")[:300], "is no readable PNG or JPEG"),
        (bomb(), "is no readable PNG or JPEG"),
        (encoded(np.zeros((64, 48, 3), np.uint8)), "is 48x64 pixels; expected 32x32"),
        (encoded(image(0), mode="RGBA"), "is transparent or of mode RGBA; save it as plain RGB"),
        (encoded(image(0), "JPEG", "CMYK"), "is transparent or of mode CMYK; save it as plain RGB"),
    ],
)
@pytest.mark.parametrize("write", [write_folder, write_tar])
def test_file_that_is_no_image_of_32x32(tmp_path, write, content, part):
    files = tree("") | {"train/dog/0001.png": content}
    path = write(tmp_path / ("pets" if write is write_folder else "pets.tar"), files.items())
    refused(path, "'train/dog/0001.png'", part)


def without(*prefixes):
    return {name: content for name, content in tree("").items() if not name.startswith(prefixes)}


@pytest.mark.parametrize(
    ("files", "part"),
    [
        (without("test/"), "has no images in test/ (or val/, valid/, validation/)"),
        (without("train/"), "has no images in train/"),
        (without("test/dog"), "has no test images of class 'dog'"),
        (without("train/cat"), "has no train images of class 'cat'"),
        ({"notes.txt": b"x"}, "has no images in train/"),
        (tree("") | tree("", test="val"), "has test images in both 'test' and 'val'"),
        (tree("a/") | tree("b/"), "has train images in both 'a/train' and 'b/train'"),
        (
            tree("") | {"train/1.png": b"x"},
            "'train/1.png' lies in no class folder; expected train/CLASS/FILE",
        ),
        (tree("") | {"train/cat/big/1.png": b"x"}, "'train/cat/big/1.png' lies in no class folder"),
        (tree("", classes=("cat", "d\tog")), "'d\\tog' is no usable class name"),
    ],
)
@pytest.mark.parametrize("write", [write_folder, write_tar, write_zip])
def test_layout_that_lacks_something(tmp_path, write, files, part):
    suffix = {write_folder: "", write_tar: ".tar", write_zip: ".zip"}[write]
    refused(write(tmp_path / f"pets{suffix}", files.items()), part)


def test_empty_class_folder(tmp_path):
    folder = write_folder(tmp_path / "pets", tree("").items())
    (folder / "train" / "emu").mkdir()
    refused(folder, "has no test images of class 'emu'")
    (folder / "test" / "emu").mkdir()
    refused(folder, "images of class 'emu'; every class needs some")


def test_missing_path(tmp_path):
    refused(tmp_path / "nowhere.tar", "does not exist; expected an archive or a folder of images")


@pytest.mark.parametrize("path", ["", "no\0thing", "x" * 5000, "~nobody-of-this-name/data"])
def test_path_that_can_not_be(path):
    with pytest.raises(DataError):
        locate(path)


def test_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "is an empty folder")


@pytest.mark.parametrize(
    ("content", "part"),
    [(b"", "is empty (0 bytes)"), (b"junk" * 300, "it begins with b'junkjunk'; expected ")],
)
def test_file_that_is_no_archive(tmp_path, content, part):
    (tmp_path / "pets.tar").write_bytes(content)
    refused(tmp_path / "pets.tar", part)


def test_path_that_is_neither_file_nor_folder(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "is neither file nor folder")


def test_tar_cut_anywhere(tmp_path):
    whole = write_tar(tmp_path / "whole.tar", tree().items()).read_bytes()
    with tarfile.open(tmp_path / "whole.tar") as tar:
        boundaries = [member.offset for member in tar][1:]
    for length in [*boundaries, *(b + 700 for b in boundaries), len(whole) // 2, 600]:
        path = tmp_path / f"cut-{length}.tar"
        path.write_bytes(whole[:length])
        refused(path, "cut short")


def test_zip_cut_anywhere(tmp_path):
    whole = write_zip(tmp_path / "whole.zip", tree().items()).read_bytes()
    for length in (len(whole) - 1, len(whole) // 2, 50):
        (tmp_path / "cut.zip").write_bytes(whole[:length])
        refused(tmp_path / "cut.zip", "likely it is cut short or damaged")


@pytest.mark.parametrize("layout", ["binary", "python"])
def test_archive_of_the_wrong_hash_is_not_opened(tmp_path, monkeypatch, layout):
    path = Official().archive(tmp_path, layout)
    right = official(path, layout)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(download, "ARCHIVES", (right,))
    monkeypatch.setattr(tarfile, "open", lambda *_, **__: pytest.fail("opened"))
    received = hashlib.sha256(content).hexdigest()
    refused(
        path,
        f"expected SHA-256 {right.sha256}, received {received}",
        "it was not opened",
        "download it again",
    )


def test_archive_cut_short_is_not_opened(tmp_path, monkeypatch):
    path = Official().archive(tmp_path)
    right = official(path)
    path.write_bytes(path.read_bytes()[:-10])
    monkeypatch.setattr(download, "ARCHIVES", (right,))
    refused(path, f"expected {right.size:,} bytes, received {right.size - 10:,}", "likely it is cut short")


def test_archive_without_a_batch(tmp_path, monkeypatch):
    files = [file for file in Official().files("binary") if "batch_3" not in file[0]]
    path = write_tar(tmp_path / "cifar-10-binary.tar.gz", files, "w:gz")
    monkeypatch.setattr(download, "ARCHIVES", (official(path),))
    refused(path, "lacks data_batch_3.bin")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda batch: batch[:-1], "holds a batch of 61,459 bytes; expected 61,460"),
        (lambda batch: b"\x0a" + batch[1:], "holds labels from 0 to 10; expected 0 to 9"),
        (lambda batch: bytes([(batch[0] + 1) % 10]) + batch[1:], "images of class"),
        (lambda _: None, "lacks data_batch_2.bin; give the whole folder or the official archive"),
    ],
)
def test_damaged_binary_folder(tmp_path, change, part):
    folder = write_folder(tmp_path / "cifar", Official().files("binary"))
    batch = folder / "cifar-10-batches-bin" / "data_batch_2.bin"
    content = change(batch.read_bytes())
    batch.unlink() if content is None else batch.write_bytes(content)
    with pytest.raises(DataError) as error:
        locate(folder)
    assert part in str(error.value)
    assert str(folder) in str(error.value)
    assert cached_names() == []


class Trap:
    """A pickle of it creates a file when a plain unpickler reads it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_python_folder_of_the_wrong_hash_is_not_unpickled(tmp_path):
    batches = [(name, pickle.dumps(Trap(tmp_path / "sprung"))) for name in NAMES]
    folder = write_folder(tmp_path / "cifar-10-batches-py", batches)
    received = hashlib.md5(batches[0][1]).hexdigest()  # noqa: S324
    with pytest.raises(DataError) as error:
        locate(folder)
    assert f"{folder / 'data_batch_1'} is not the official file" in str(error.value)
    assert f"expected MD5 c99cafc152244af753f735de768cd75f, received {received}" in str(error.value)
    assert "give the path of the archive cifar-10-python.tar.gz" in str(error.value)
    assert not (tmp_path / "sprung").exists()


def test_a_pickle_runs_nothing_even_under_an_official_hash(tmp_path, monkeypatch):
    pytest.importorskip("keras")
    batches = [(f"cifar-10-batches-py/{name}", pickle.dumps(Trap(tmp_path / "sprung"))) for name in NAMES]
    path = write_tar(tmp_path / "cifar-10-python.tar.gz", batches, "w:gz")
    monkeypatch.setattr(download, "ARCHIVES", (official(path, "python"),))
    refused(path, "holds a batch that can not be read", "mkdir")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ({b"data": "pixels"}, "holds str; expected uint8 (20, 3072)"),
        ({b"data": None}, "holds NoneType; expected uint8 (20, 3072)"),
        ({b"labels": [[0]] * 20}, "holds labels that are not 20 whole numbers from 0 to 9"),
        ({b"labels": [0] * 19}, "holds labels that are not 20 whole numbers from 0 to 9"),
        ({b"labels": [0.5] * 20}, "holds labels that are not 20 whole numbers from 0 to 9"),
        ({b"labels": [2**70] * 20}, "holds labels that are not 20 whole numbers from 0 to 9"),
    ],
)
def test_batch_of_something_else_even_under_an_official_hash(*, tmp_path, monkeypatch, content, part):
    pytest.importorskip("keras")
    files = dict(Official().files("python"))
    first = next(iter(files))
    files[first] = pickle.dumps(pickle.loads(files[first]) | content, protocol=4)  # noqa: S301
    path = write_tar(tmp_path / "cifar-10-python.tar.gz", files.items(), "w:gz")
    monkeypatch.setattr(download, "ARCHIVES", (official(path, "python"),))
    refused(path, part)


def test_errors_are_plain_text_whatever_a_file_is_called(tmp_path):
    path = tmp_path / "a\nb\x1b[2J\udcff.tar"
    path.write_bytes(b"junk")
    with pytest.raises(DataError) as error:
        locate(path)
    assert str(error.value).startswith(f"{tmp_path}/a?b?[2J?.tar is no archive that can be read")


# The cache -------------------------------------------------------------------------------------------------


def test_second_start_reads_the_cache_only(tmp_path, monkeypatch):
    path = write_tar(tmp_path / "pets.tar", tree().items())
    first = locate(path)
    monkeypatch.setattr(decode, "read", lambda _: pytest.fail("decoded again"))
    monkeypatch.setattr(download, "difference", lambda *_: pytest.fail("hashed again"))
    assert locate(path) == first


def test_changed_source_is_read_again(tmp_path):
    path = write_tar(tmp_path / "pets.tar", tree().items())
    folder = write_folder(tmp_path / "pets", tree("").items())
    first = [locate(path), locate(folder)]
    write_tar(path, tree(classes=("ant", "bee")).items())
    (folder / "train" / "cat" / "0000.png").write_bytes(encoded(image(99)))
    second = [locate(path), locate(folder)]
    assert data.load(second[0]).classes == ("ant", "bee")
    np.testing.assert_array_equal(data.load(second[1]).x_train[0], image(99))
    assert all(new.folder != old.folder for new, old in zip(second, first, strict=True))


@pytest.mark.usefixtures("small_stand_in")
def test_cache_that_can_not_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for source in ("stand-in", "cifar10", str(write_tar(tmp_path / "pets.tar", tree().items()))):
        with pytest.raises(DataError) as error:
            locate(source, cache=tmp_path / "file" / "cache")
        assert f"the cache {tmp_path / 'file' / 'cache'} can not be written: Not a directory" in str(
            error.value
        )
        assert "set CIFAR_LR_CACHE" in str(error.value)


def test_interrupted_writing_leaves_nothing(tmp_path, monkeypatch):
    path = write_tar(tmp_path / "pets.tar", tree().items())
    save = np.save

    def interrupted(file, array, **kwargs):
        save(file, array[:1], **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        locate(path)
    assert cached_names() == []


def test_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    path = write_tar(tmp_path / "pets.tar", tree().items())

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    refused_line = r"^the cache .* can not be written: No space left on device; set CIFAR_LR_CACHE"
    with pytest.raises(DataError, match=refused_line):
        locate(path)
    assert cached_names() == []


def test_remains_of_a_killed_writer_are_cleared(tmp_path):
    path = write_tar(tmp_path / "pets.tar", tree().items())
    source = locate(path)
    remains = source.folder.with_name(f".{source.folder.name}.new")
    source.folder.rename(remains)
    (remains / "train.npy").write_bytes(b"half")
    assert len(data.load(locate(path)).x_train) == 6
    assert cached_names() == [source.folder.name]


def rewrite_meta(**changes):
    def damage(folder):
        path = folder / "meta.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return damage


def truncate(folder):
    os.truncate(folder / "train.npy", 5000)


def lengthen(folder):
    with (folder / "test.npy").open("ab") as file:
        file.write(b"\0")


DAMAGE = {
    "truncated": truncate,
    "too long": lengthen,
    "empty": lambda folder: (folder / "test.npy").write_bytes(b""),
    "missing array": lambda folder: (folder / "test.npy").unlink(),
    "missing meta": lambda folder: (folder / "meta.json").unlink(),
    "torn meta": lambda folder: (folder / "meta.json").write_text('{"kind": "ima'),
    "wrong shape": lambda folder: np.save(folder / "train.npy", np.zeros((6, 32, 3, 32), np.uint8)),
    "wrong type": lambda folder: np.save(folder / "train.npy", np.zeros((6, 32, 32, 3), np.int8)),
    "wrong order": lambda folder: np.save(folder / "train.npy", np.zeros((6, 32, 32, 3), np.uint8, "F")),
    "pickle": lambda folder: np.save(folder / "train.npy", np.array([{}] * 6), allow_pickle=True),
    "wrong counts": rewrite_meta(train_counts=[3, 4]),
    "classes and counts differ": rewrite_meta(classes=["cat"]),
    "unknown kind": rewrite_meta(kind="mine"),
    "unknown key": rewrite_meta(extra=1),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_cache_is_refused_and_made_again(tmp_path, said, damage):
    path = write_tar(tmp_path / "pets.tar", tree().items())
    source = locate(path)
    before = data.load(source).fingerprint
    damage(source.folder)
    with pytest.raises(DataError, match="damaged") as error:
        data.load(source)
    assert str(source.folder) in str(error.value)
    assert data.load(locate(path, say=said.append)).fingerprint == before
    assert any("damaged" in line and line.endswith("making it again") for line in said)


def test_status_says_what_lies_where(tmp_path, monkeypatch):
    path = Official().archive(tmp_path)
    monkeypatch.setattr(download, "ARCHIVES", (official(path),))
    cache = tmp_path / "cache"
    assert {row.state for row in data.status()} == {"absent"}
    assert not cache.exists()

    data.import_path(path, say=lambda _: None)
    (cache / "downloads").mkdir()
    (cache / "downloads" / f"{path.name}.part").write_bytes(b"12345")
    rows = {row.place: row for row in data.status()}
    ready = rows[str(cache / "cifar10")]
    assert (ready.state, ready.detail) == ("ready", f"CIFAR-10: 100 + 20 images, from {path}")
    partial = rows[str(cache / "downloads" / f"{path.name}.part")]
    assert (partial.state, partial.detail.split()[0]) == ("partial", "5")

    with (cache / "cifar10" / "train.npy").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff\x00\xff")
    rows = {row.place: row for row in data.status()}
    damaged = rows[str(cache / "cifar10")]
    assert (damaged.state, damaged.detail) == (
        "damaged",
        "train.npy changed since written; delete the folder",
    )


def test_import_makes_the_official_archive_the_caches_cifar10(tmp_path, monkeypatch):
    path = Official().archive(tmp_path)
    monkeypatch.setattr(download, "ARCHIVES", (official(path),))
    source = data.import_path(path, say=lambda _: None)
    assert (source.kind, source.folder.name) == ("cifar10", "cifar10")
    path.unlink()
    assert locate("cifar10") == source


def test_import_refuses_what_can_not_be_verified(tmp_path):
    images = write_tar(tmp_path / "pets.tar", tree().items())
    unpacked = write_folder(tmp_path / "cifar", Official().files("binary"))
    for path in (images, unpacked):
        with pytest.raises(DataError, match="can not be verified") as error:
            data.import_path(path, say=lambda _: None)
        assert str(error.value).endswith(f"use it where it lies with --data {path}")
    assert cached_names() == []


# Finding and fetching --------------------------------------------------------------------------------------


class Server:
    """Serves one archive on 127.0.0.1; each path behaves in its own way. `requests` keeps (path, Range)."""

    def __init__(self, content):
        self.content = content
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append((self.path, self.headers.get("Range")))
                with contextlib.suppress(ConnectionError):
                    BEHAVIOURS[self.path.strip("/")](outer.content, self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self):
        """End the thread and free the port."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, behaviour):
        """The address that behaves so."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/{behaviour}"


def send(handler, body, status=200, **headers):
    handler.send_response(status)
    for name, value in {"Content_Length": len(body), **headers}.items():
        if value is not None:
            handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()
    handler.wfile.write(body)


def good(content, handler):
    start = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
    if start:
        size = len(content)
        body = content[start:]
        send(handler, body, 206, Content_Range=f"bytes {start}-{size - 1}/{size}")
    else:
        send(handler, content)


def no_range(content, handler):
    send(handler, content)


def wrong_range(content, handler):
    send(
        handler,
        content[7:],
        206,
        Content_Range=f"bytes 7-{len(content) - 1}/{len(content)}",
    )


def cut(content, handler):
    send(handler, content[: len(content) // 2], Content_Length=len(content))


def unannounced_short(content, handler):
    send(handler, content[:1000], Content_Length=None)


def page(_, handler):
    send(handler, b"<html>log in</html>", Content_Type="text/html; charset=utf-8")


def long(content, handler):
    send(handler, content + b"x", Content_Length=len(content) + 1)


def endless(content, handler):
    send(handler, content * 5, Content_Length=None)


def altered(content, handler):
    send(handler, content[:-1] + bytes([content[-1] ^ 1]))


def missing(_, handler):
    send(handler, b"no", 404)


def gzip_labelled(content, handler):
    send(handler, content, Content_Encoding="gzip")


def moved(_, handler):
    """The page of the redirect goes on for as long as anybody reads it."""
    send(handler, b"", 302, Location="good", Content_Length=None)
    while True:
        handler.wfile.write(bytes(65536))


def moved_in_a_circle(_, handler):
    send(handler, b"", 302, Location="moved_in_a_circle")


def moved_to_a_file(_, handler):
    send(handler, b"", 302, Location="file:///etc/hostname")


def moved_to_nonsense(_, handler):
    send(handler, b"", 302, Location="http://[")


def rude(_, handler):
    handler.wfile.write(b"HTTP/1.1 500 \x1b[2J" + b"x" * 60000 + b"\r\n\r\n")


def negative_chunk(_, handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n")


def slow_head(_, handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X: y\r\n")
        time.sleep(0.05)


def slow_body(content, handler):
    send(handler, b"", Content_Length=len(content))
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def slow_chunks(_, handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        handler.wfile.write(b"1\r\nx\r\n")
        time.sleep(0.05)


BEHAVIOURS = {
    each.__name__: each
    for each in (
        good,
        no_range,
        wrong_range,
        cut,
        unannounced_short,
        page,
        long,
        endless,
        altered,
        missing,
        gzip_labelled,
        moved,
        moved_in_a_circle,
        moved_to_a_file,
        moved_to_nonsense,
        rude,
        negative_chunk,
        slow_head,
        slow_body,
        slow_chunks,
    )
}


@pytest.fixture
def archive_file(tmp_path):
    return Official().archive(tmp_path)


@pytest.fixture
def serve(archive_file, monkeypatch):
    """A function that declares the archive with addresses of these behaviours, first choice first."""
    server = Server(archive_file.read_bytes())

    def declare(*behaviours):
        urls = [server.url(behaviour) for behaviour in behaviours]
        monkeypatch.setattr(download, "ARCHIVES", (official(archive_file, urls=urls),))
        return server

    yield declare
    server.close()


def fetch(said=None):
    return data.fetch(say=(said if said is not None else []).append, progress=False)


def downloads(tmp_path):
    folder = tmp_path / "cache" / "downloads"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_fetch_downloads_once(tmp_path, serve, archive_file):
    server = serve("good")
    source = fetch()
    assert (source.kind, source.label) == ("cifar10", "CIFAR-10")
    assert fetch() == locate("auto") == locate("cifar10") == source
    assert server.requests == [("/good", None)]
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


def test_fetch_with_a_progress_bar_writes_to_stderr_only(serve, capsys):
    serve("good")
    data.fetch(say=lambda _: None, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "cifar-10-binary.tar.gz" in captured.err


def test_download_goes_on_after_a_cut_connection(tmp_path, serve, archive_file):
    server = serve("cut", "good")
    fetch()
    half = len(server.content) // 2
    assert server.requests == [("/cut", None), ("/good", f"bytes={half}-")]
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


def test_download_goes_on_in_a_later_start(tmp_path, serve, archive_file):
    server = serve("cut")
    half = len(server.content) // 2
    with pytest.raises(DataError, match=f"the connection was cut; {half:,} bytes are kept"):
        fetch()
    assert downloads(tmp_path) == {f"{archive_file.name}.part": server.content[:half]}
    serve("good")
    fetch()
    assert server.requests[-1] == ("/good", f"bytes={half}-")
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


def test_server_without_range_starts_anew(tmp_path, serve, archive_file):
    server = serve("cut", "no_range")
    fetch()
    assert len(server.requests) == 2
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


def test_wrong_first_half_is_fetched_again(tmp_path, serve, archive_file):
    server = serve("good")
    part = tmp_path / "cache" / "downloads" / f"{archive_file.name}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    fetch()
    assert server.requests == [("/good", "bytes=1000-"), ("/good", None)]
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


def test_part_that_is_complete_or_too_long(tmp_path, serve, archive_file):
    server = serve("good")
    part = tmp_path / "cache" / "downloads" / f"{archive_file.name}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(server.content)
    fetch()
    assert server.requests == []
    (tmp_path / "cache" / "cifar10").rename(tmp_path / "away")
    (part.parent / archive_file.name).write_bytes(b"damaged")
    part.write_bytes(server.content + b"x")
    fetch()
    assert server.requests == [("/good", None)]
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


def test_content_encoding_is_not_undone(tmp_path, serve, archive_file):
    serve("gzip_labelled")
    fetch()
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


@pytest.mark.parametrize(
    ("behaviour", "parts", "kept"),
    [
        ("page", ["answered with a web page (text/html)", "log-in page"], None),
        ("missing", ["answered HTTP 404"], None),
        ("long", ["announced '{size_plus}' bytes; expected {size:,}"], None),
        ("endless", ["sent more than the expected {size:,} bytes; they were deleted"], None),
        ("unannounced_short", ["ended after 1,000 of {size:,} bytes, which are kept"], 1000),
        ("wrong_range", ["asked for the bytes from 0 on, received Content-Range 'bytes 7-"], None),
        ("altered", ["expected SHA-256 {sha256}, received", "the file was deleted", "likely"], None),
        ("moved_in_a_circle", ["redirected more than 5 times"], None),
        ("moved_to_a_file", ["redirected to 'file:///etc/hostname', which is no web address"], None),
        ("moved_to_nonsense", ["ValueError: Invalid IPv6 URL"], None),
        ("rude", ["answered HTTP 500 ?[2Jxxx"], None),
    ],
)
def test_bad_address_is_explained_and_the_next_one_used(
    *, tmp_path, serve, archive_file, behaviour, parts, kept
):
    server = serve(behaviour)
    with pytest.raises(DataError) as error:
        fetch()
    size = len(server.content)
    values = {"size": size, "size_plus": size + 1, "sha256": hashlib.sha256(server.content).hexdigest()}
    assert server.url(behaviour) in str(error.value)
    assert "supply it with --data PATH" in str(error.value)
    assert "\n" not in str(error.value)
    for part in parts:
        assert part.format(**values) in str(error.value)
    assert {name: len(content) for name, content in downloads(tmp_path).items()} == (
        {f"{archive_file.name}.part": kept} if kept else {}
    )
    serve(behaviour, "good")
    assert fetch().kind == "cifar10"
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


def test_page_of_a_redirect_is_not_read(tmp_path, serve, archive_file):
    server = serve("moved")
    fetch()
    assert server.requests == [("/moved", None), ("/good", None)]
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


def test_error_of_a_library_goes_on_to_the_next_address(tmp_path, serve, archive_file):
    serve("negative_chunk", "good")
    fetch()
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


@pytest.mark.parametrize("behaviour", ["slow_head", "slow_body", "slow_chunks"])
def test_address_that_sends_a_byte_now_and_then_is_given_up(monkeypatch, serve, behaviour):
    """No single read takes long enough for a time-out."""
    monkeypatch.setattr(download, "CHUNK_SECONDS", 0.5)
    serve(behaviour)
    started = time.monotonic()
    with pytest.raises(DataError, match=f"{behaviour}: no answer in time"):
        fetch()
    assert time.monotonic() - started < 10
    serve(behaviour, "good")
    assert fetch().kind == "cifar10"


def test_range_that_was_not_asked_for(tmp_path, serve, archive_file):
    serve("cut", "wrong_range", "good")
    fetch()
    assert downloads(tmp_path) == {archive_file.name: archive_file.read_bytes()}


def test_damaged_cache_is_made_again_from_the_kept_archive(serve):
    server = serve("good")
    source = fetch()
    (source.folder / "train.npy").unlink()
    assert data.load(locate("auto")).kind == "cifar10"
    assert len(server.requests) == 1


def refusing_url():
    """An address on which nothing listens."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        return f"http://127.0.0.1:{server.server_address[1]}/x"


@pytest.mark.usefixtures("small_stand_in")
def test_auto_goes_on_with_the_stand_in_in_plain_words(tmp_path, archive_file, monkeypatch, said):
    url = refusing_url()
    monkeypatch.setattr(download, "ARCHIVES", (official(archive_file, urls=[url]),))
    source = locate("auto", say=said.append)
    assert (source.kind, source.label) == ("stand-in", "STAND-IN (generated images, not CIFAR-10)")
    assert source.folder.name == "stand-in-7"
    text = "\n".join(said)
    for words in (
        "goes on with the STAND-IN: generated images, not CIFAR-10",
        f"{tmp_path / 'cache' / 'cifar10'}: no usable copy",
        f"{tmp_path / 'keras' / 'datasets'} (Keras's cache): not there",
        f"{url}: Connection refused",
        "--data PATH, or make ... DATA=PATH",
        "--data cifar10, or make ... DATA=cifar10",
    ):
        assert words in text
    dataset = data.load(source, ["dog"])
    np.testing.assert_array_equal(dataset.x_train, standin.generate()[0][15:18])
    assert dataset.kind == "stand-in"


def test_cifar10_never_becomes_the_stand_in(archive_file, monkeypatch):
    url = refusing_url()
    monkeypatch.setattr(download, "ARCHIVES", (official(archive_file, urls=[url]),))
    monkeypatch.setattr(standin, "generate", lambda *_: pytest.fail("generated"))
    with pytest.raises(DataError) as error:
        locate("cifar10")
    for words in ("CIFAR-10 could not be had", "Keras's cache", f"{url}: Connection refused", "--data PATH"):
        assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("small_stand_in")
def test_stand_in_is_generated_once(monkeypatch):
    source = locate("stand-in")
    monkeypatch.setattr(standin, "generate", lambda *_: pytest.fail("generated again"))
    assert locate("stand-in") == source


def test_no_answer_is_given_up_in_time(monkeypatch, archive_file, tmp_path):
    """Two addresses that drop everything cost two time-outs, and the rest are left out."""
    urls = ["http://192.0.2.1/a", "http://192.0.2.1/b", "http://192.0.2.1/c"]
    monkeypatch.setattr(download, "ARCHIVES", (official(archive_file, urls=urls),))

    def dropped(_):
        time.sleep(0.1)
        raise TimeoutError

    monkeypatch.setattr(download, "_connect", dropped)
    with pytest.raises(download.UnavailableError) as error:
        download.download(tmp_path, say=lambda _: None, progress=False, patience=0.15)
    assert [tried.split(": ")[1][:10] for tried in error.value.tried] == [
        "no answer ",
        "no answer ",
        "left out, ",
    ]


@pytest.mark.parametrize("name", ["cifar-10-batches-py-target", "cifar-10-batches-py"])
def test_keras_cache_in_both_layouts(tmp_path, monkeypatch, name):
    pytest.importorskip("keras")
    small = Official()
    md5 = {Path(file).name: hashlib.md5(content).hexdigest() for file, content in small.files("python")}  # noqa: S324
    monkeypatch.setattr(decode, "PYTHON_BATCHES", md5)
    datasets = tmp_path / "keras" / "datasets"
    datasets.mkdir(parents=True)
    files = list(small.files("python"))
    if name == "cifar-10-batches-py":
        files = [(Path(file).name, content) for file, content in files]
    write_folder(datasets / name, files)
    source = locate("auto")
    assert source.kind == "cifar10"
    np.testing.assert_array_equal(data.load(source, ["cat"]).x_train, small.images("train", "cat"))


def test_damaged_keras_cache_is_passed_over(tmp_path, serve):
    folder = tmp_path / "keras" / "datasets" / "cifar-10-batches-py"
    folder.parent.mkdir(parents=True)
    write_folder(folder, [(name, b"junk") for name in NAMES])
    serve("good")
    assert locate("cifar10").kind == "cifar10"
    serve("missing")
    (tmp_path / "cache").rename(tmp_path / "away")
    with pytest.raises(DataError, match=r"data_batch_1 is not the official file.*answered HTTP 404"):
        locate("cifar10")


EIGHT = """
import sys, time
from pathlib import Path
from cifar_lr import data, decode, download
decode.BATCH_IMAGES, decode.TRAIN_PER_CLASS, decode.TEST_PER_CLASS = 20, 10, 2
name, size, sha256, url, start = sys.argv[1:]
download.ARCHIVES = (download.Archive(name, int(size), sha256, "binary", (url,)),)
time.sleep(max(0, float(start) - time.time()))
source = data.fetch(say=print, progress=False)
print(data.load(source).fingerprint)
"""


def test_eight_processes_at_once_download_and_decode_once(serve, archive_file):
    server = serve("good")
    archive = official(archive_file, urls=[server.url("good")])
    arguments = [archive.name, str(archive.size), archive.sha256, archive.urls[0], str(time.time() + 3)]
    command = [sys.executable, "-c", EIGHT, *arguments]
    processes = [
        subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) for _ in range(8)
    ]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8
    assert server.requests == [("/good", None)]
    assert "".join(outputs).count("reading ") == 1
    assert len({output.splitlines()[-1] for output in outputs}) == 1


def test_import_brings_neither_keras_nor_tensorflow():
    program = (
        "import sys, cifar_lr.data; print(sorted({'keras', 'tensorflow', 'PIL', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.exists(), reason=f"no {REAL.name} beside the checkout")
def test_real_images(monkeypatch):
    monkeypatch.setattr(decode, "TRAIN_PER_CLASS", 5000)
    monkeypatch.setattr(decode, "TEST_PER_CLASS", 1000)
    source = locate(REAL)
    assert (source.kind, source.label) == ("images", "CIFAR-10, JPEG re-encoding")
    dataset = data.load(source, ["cat", "dog"])
    assert (dataset.x_train.shape, dataset.x_val.shape) == ((10_000, 32, 32, 3), (2_000, 32, 32, 3))
    with tarfile.open(REAL) as tar:
        for row, name in ((0, "train/cat/0000"), (5000 + 4321, "train/dog/4321")):
            file = tar.extractfile(f"cifar10-jpeg/{name}.jpg")
            np.testing.assert_array_equal(
                dataset.x_train[row], np.asarray(Image.open(io.BytesIO(file.read())))
            )
    started = time.perf_counter()
    data.load(locate(REAL), ["cat", "dog"])
    assert time.perf_counter() - started < 1
