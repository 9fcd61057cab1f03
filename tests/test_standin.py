"""The stand-in: its promises of shape, of bits, and of being neither trivial nor impossible."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from cifar_lr import standin

CAT, DOG = 3, 5


@pytest.fixture(scope="module")
def images():
    return standin.generate()


def test_shapes_dtypes_and_order(images):
    x_train, y_train, x_test, y_test = images

    assert x_train.shape == (50_000, 32, 32, 3)
    assert x_test.shape == (10_000, 32, 32, 3)
    assert x_train.dtype == x_test.dtype == np.uint8
    assert y_train.dtype == y_test.dtype == np.int64
    np.testing.assert_array_equal(y_train, np.repeat(np.arange(10), 5_000))
    np.testing.assert_array_equal(y_test, np.repeat(np.arange(10), 1_000))


def test_arrays_are_contiguous(images):
    assert all(array.flags.c_contiguous for array in images)


def test_no_image_occurs_twice(images):
    digests = {hashlib.blake2b(image.tobytes()).digest() for x in (images[0], images[2]) for image in x}

    assert len(digests) == 60_000


@pytest.mark.parametrize("split", [0, 1])
def test_an_image_depends_on_its_number_alone(images, split):
    each = (5_000, 1_000)[split]
    whole = images[2 * split][CAT * each : (CAT + 1) * each]

    alone = standin._draw(0, split, CAT, 77, 333)

    np.testing.assert_array_equal(alone, whole[77:333])


def test_same_seed_same_bytes():
    np.testing.assert_array_equal(standin._draw(4, 0, DOG, 0, 200), standin._draw(4, 0, DOG, 0, 200))


def test_other_seed_split_or_class_other_images():
    parts = [standin._draw(*key, 0, 20) for key in [(0, 0, CAT), (1, 0, CAT), (0, 1, CAT), (0, 0, DOG)]]

    for i, one in enumerate(parts):
        for other in parts[:i]:
            assert np.all(np.any(one != other, axis=(1, 2, 3)))


def test_pinned_bytes():
    part = np.concatenate([standin._draw(0, split, label, 0, 10) for split in (0, 1) for label in range(10)])

    digest = hashlib.sha256(part.tobytes()).hexdigest()

    assert (standin.VERSION, digest) == (
        1,
        "5303872f0d3de18a82bd48ae91fddd160ee79c8605490b3a0924ad6e4f93c7fd",
    ), "the images changed: raise VERSION and pin the new hash"


def test_large_seed():
    assert standin._draw(2**70, 0, CAT, 0, 2).shape == (2, 32, 32, 3)


def test_negative_seed():
    with pytest.raises(ValueError, match=r"seed must be 0 or more\. Received: seed=-1"):
        standin.generate(-1)


def test_pixels_are_neither_dull_nor_saturated(images):
    for x in (images[0], images[2]):
        sample = x[::40].astype(np.float64)
        assert np.all((sample.mean((0, 1, 2)) > 70) & (sample.mean((0, 1, 2)) < 150))
        assert np.all((sample.std((0, 1, 2)) > 30) & (sample.std((0, 1, 2)) < 75))
        assert np.mean((sample == 0) | (sample == 255)) < 0.06
        assert sample.std((1, 2, 3)).min() > 3  # no picture is one flat colour


def test_neighbouring_pixels_resemble_each_other(images):
    """Scenes, not noise."""
    grey = images[2][::10].astype(np.float64).mean(3)

    r = np.corrcoef(grey[:, :, :-1].ravel(), grey[:, :, 1:].ravel())[0, 1]

    assert r > 0.8


def test_splits_look_alike(images):
    x_train, _, x_test, _ = images
    train = x_train.reshape(10, 5_000, -1)[:, ::5].mean((1, 2))
    test = x_test.reshape(10, 1_000, -1).mean((1, 2))

    np.testing.assert_allclose(train, test, atol=4)


def _ridge_accuracy(x, y, x_test, y_test, strength):
    """Accuracy of ridge regression from raw pixels to one-hot labels, the larger output winning."""
    classes = np.arange(y.max() + 1)
    mean = x.mean(0)
    x, x_test = x - mean, x_test - mean
    targets = (y[:, None] == classes) - 1 / len(classes)
    weights = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ targets)
    return np.mean((x_test @ weights).argmax(1) == y_test)


def _halved(x):
    """(n, 32, 32, 3) to (n, 768) in [0, 1]: a quarter of the pixels, averaged, keeps the solve quick."""
    return x.reshape(-1, 16, 2, 16, 2, 3).mean((2, 4)).reshape(len(x), -1) / 255


def test_cat_or_dog_is_not_solved_by_a_linear_model(images):
    x_train, y_train, x_test, y_test = images
    train, test = np.isin(y_train, [CAT, DOG]), np.isin(y_test, [CAT, DOG])

    accuracy = _ridge_accuracy(
        _halved(x_train[train]),
        (y_train[train] == DOG) * 1,
        _halved(x_test[test]),
        (y_test[test] == DOG) * 1,
        300,
    )

    assert 0.53 < accuracy < 0.645


def test_all_ten_classes_are_above_chance(images):
    x_train, y_train, x_test, y_test = images

    accuracy = _ridge_accuracy(_halved(x_train[::10]), y_train[::10], _halved(x_test[::4]), y_test[::4], 100)

    assert 0.2 < accuracy < 0.6


def test_imports_numpy_and_nothing_else():
    program = (
        "import sys, cifar_lr.standin\n"
        "heavy = {'keras', 'tensorflow', 'pandas', 'matplotlib', 'pydantic', 'scipy', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)), 'numpy' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["[]", "True"]
