"""Generated images that stand in for CIFAR-10 where it can not be had.

Every image is a small scene: a sky and a ground, and before them one figure put together from a body, a
head, ears, legs or wheels, a tail and wings, tilted, mirrored, patterned, partly hidden and noisy. What a
class looks like is one column of `_TRAITS`. Classes come in look-alike pairs (cat and dog, deer and
horse, ...), and every single trait of an image is, now and then, the look-alike's: so no trait gives a
class away, several must be weighed together, and no classifier can be right always.

This is not CIFAR-10 and not derived from it. Results on it show how methods differ on a task of the same
form; they say nothing about accuracies on CIFAR-10.

The arithmetic keeps to what IEEE 754 defines to the last bit (float32 sums, products, quotients and
comparisons; no sine, no reduction) on the raw words of PCG64, a stream that NumPy promises not to change.
So a seed gives the same bytes wherever float32 is IEEE's: checked with NumPy 1.26 and 2.4, with and without
its vector instructions, on x86-64; a pinned hash in the tests notices the exception.
"""

from typing import Any

import numpy as np
from numpy.random import PCG64, SeedSequence
from numpy.typing import NDArray

VERSION = 1  # bumped when the images change

Floats = NDArray[np.floating[Any]]  # float32 throughout; NumPy's stubs lose that on the way
Bytes = NDArray[np.uint8]
Labels = NDArray[np.int64]

_SIDE = 32
_CLASSES = 10
_TRAIN, _TEST = 0, 1
_IMAGES = {_TRAIN: 5_000, _TEST: 1_000}
_CHUNK = 125  # images drawn at once: their planes stay in the processor's cache

# The class an image borrows a trait from: airplane-ship, automobile-truck, bird-frog, cat-dog, deer-horse.
_LOOK_ALIKE = (8, 9, 6, 5, 7, 3, 2, 4, 0, 1)
_BORROWED = 0.28  # the chance of it, for each trait on its own

# trait: half the width of its range, then the range's centre for each class in label order. Lengths are
# in units of half an image's side, colours in [0, 1] along three axes (light, warm, green).
_TRAITS: dict[str, tuple[float, tuple[float, ...]]] = {
    #                     plane  auto   bird   cat    deer   dog    frog   horse  ship   truck
    "length":      (0.06, (0.55,  0.50,  0.32,  0.36,  0.38,  0.42,  0.40,  0.46,  0.60,  0.55)),
    "height":      (0.05, (0.12,  0.18,  0.22,  0.24,  0.22,  0.24,  0.28,  0.24,  0.18,  0.30)),
    "boxy":        (0.10, (0.10,  0.60,  0.10,  0.10,  0.20,  0.20,  0.10,  0.20,  0.70,  0.90)),
    "head":        (0.03, (0.10,  0.20,  0.14,  0.21,  0.14,  0.19,  0.18,  0.16,  0.16,  0.20)),
    "reach":       (0.15, (0.90, -0.10,  0.90,  0.90,  1.10,  1.00,  0.60,  1.15, -0.40,  0.90)),
    "lift":        (0.10, (0.00,  0.24,  0.20,  0.26,  0.42,  0.26,  0.14,  0.36,  0.26,  0.10)),
    "ear":         (0.03, (0.02,  0.02,  0.02,  0.13,  0.16,  0.13,  0.06,  0.08,  0.12,  0.02)),
    "ear_up":      (0.05, (0.00,  0.00,  0.00,  0.20,  0.22,  0.02,  0.14,  0.16,  0.24,  0.00)),
    "ear_sharp":   (0.15, (0.00,  0.00,  0.00,  0.85,  0.60,  0.15,  0.10,  0.70,  0.10,  0.00)),
    "muzzle":      (0.02, (0.02,  0.04,  0.08,  0.06,  0.08,  0.11,  0.06,  0.11,  0.03,  0.05)),
    "leg":         (0.04, (0.02,  0.12,  0.10,  0.15,  0.26,  0.19,  0.06,  0.28,  0.01,  0.14)),
    "leg_width":   (0.01, (0.02,  0.12,  0.03,  0.05,  0.04,  0.06,  0.09,  0.05,  0.02,  0.13)),
    "wheel":       (0.05, (0.50,  0.95,  0.05,  0.05,  0.05,  0.05,  0.30,  0.05,  0.50,  0.95)),
    "tail":        (0.06, (0.12,  0.00,  0.22,  0.30,  0.08,  0.22,  0.00,  0.20,  0.00,  0.00)),
    "tail_up":     (0.30, (0.90,  0.00,  0.10,  0.90,  0.20, -0.10,  0.00, -0.80,  0.00,  0.00)),
    "wing":        (0.05, (0.45,  0.00,  0.35,  0.00,  0.00,  0.00,  0.05,  0.00,  0.30,  0.00)),
    "pattern":     (0.60, (1.50,  2.00,  3.00,  4.60,  2.50,  3.00,  3.50,  2.00,  2.00,  2.50)),
    "across":      (0.25, (0.20,  0.20,  0.60,  0.90,  0.50,  0.25,  0.50,  0.30,  0.10,  0.80)),
    "contrast":    (0.15, (0.10,  0.15,  0.30,  0.35,  0.20,  0.30,  0.40,  0.15,  0.15,  0.20)),
    "light":       (0.26, (0.64,  0.39,  0.34,  0.40,  0.34,  0.32,  0.29,  0.24,  0.44,  0.49)),
    "warm":        (0.12, (-.04,  0.10,  0.05,  0.08,  0.14,  0.10,  0.00,  0.16, -.02,  0.08)),
    "green":       (0.06, (0.00, -.04,  0.00,  0.00,  0.01,  0.00,  0.12,  0.00,  0.00, -.02)),
    "sky_light":   (0.20, (0.52,  0.42,  0.46,  0.32,  0.30,  0.40,  0.25,  0.40,  0.50,  0.45)),
    "sky_warm":    (0.14, (-.16,  0.00, -.10,  0.05, -.02,  0.02,  0.00, -.06, -.14, -.04)),
    "sky_green":   (0.06, (0.00,  0.00,  0.02,  0.00,  0.06,  0.02,  0.08,  0.04,  0.00,  0.00)),
    "ground_light": (.18, (0.46,  0.26,  0.34,  0.32,  0.26,  0.26,  0.22,  0.29,  0.26,  0.29)),
    "ground_warm": (0.12, (-.12,  0.00,  0.02,  0.06,  0.04,  0.03,  0.02,  0.06, -.14,  0.00)),
    "ground_green": (.08, (0.00,  0.00,  0.06,  0.01,  0.10,  0.04,  0.10,  0.08,  0.02,  0.00)),
}  # fmt: skip

# What varies alike in every class: lowest and highest value.
_NUISANCES: dict[str, tuple[float, float]] = {
    "x": (-0.25, 0.25),
    "y": (-0.22, 0.18),
    "size": (0.75, 1.25),
    "tilt": (-0.25, 0.25),
    "mirror": (-1.0, 1.0),
    "phase": (0.0, 1.0),
    "horizon": (-0.4, 0.6),
    "slope": (-0.3, 0.3),
    "shade_x": (-0.15, 0.15),
    "shade_y": (-0.15, 0.15),
    "cover_x": (-1.2, 1.2),
    "cover_y": (-1.2, 1.2),
    "cover_size": (0.05, 0.35),
    "cover_light": (0.05, 0.7),
    "cover_warm": (-0.2, 0.2),
    "cover_green": (-0.1, 0.1),
    "noise": (0.04, 0.22),
}
_AXES = ("light", "warm", "green")
_SMALL = np.float32(0.01)  # the least size of a part, under a pixel: nothing to see, nothing to divide by
_SCENE, _NOISE = 0, 1  # a class's two streams of random words
_COARSE = 5  # mottling: a grid of 5 x 5 random lightnesses, blown up


def generate(seed: int = 0) -> tuple[Bytes, Labels, Bytes, Labels]:
    """Draw the whole stand-in: 5,000 training and 1,000 test images for each of ten classes.

    It has CIFAR-10's form, not its content: see the head of this module. It takes some seconds.

    Args:
        seed: any non-negative integer; equal seeds give equal bytes.

    Returns:
        `x_train, y_train, x_test, y_test` of shapes (50000, 32, 32, 3), (50000,), (10000, 32, 32, 3) and
        (10000,): uint8 RGB images and int64 labels 0 to 9, all of class 0 first, then all of class 1, ...

    Raises:
        ValueError: the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"seed must be 0 or more. Received: seed={seed}")
    return (*_split(seed, _TRAIN), *_split(seed, _TEST))


def _split(seed: int, split: int) -> tuple[Bytes, Labels]:
    """Return all images and labels of one split, class by class."""
    each = _IMAGES[split]
    images = np.empty((_CLASSES * each, _SIDE, _SIDE, 3), np.uint8)
    for label in range(_CLASSES):
        # A class has its own array, freed when the next is drawn: from then on glibc keeps freed memory
        # of such sizes instead of returning it, and the many short-lived planes cost half the time.
        images[label * each : (label + 1) * each] = _draw(seed, split, label, 0, each)
    return images, np.repeat(np.arange(_CLASSES, dtype=np.int64), each)


def _draw(seed: int, split: int, label: int, start: int, stop: int) -> Bytes:
    """Return images `start` to `stop` of a class, (stop - start, 32, 32, 3), each by its number alone."""
    images = np.empty((stop - start, _SIDE, _SIDE, 3), np.uint8)
    for first in range(start, stop, _CHUNK):
        last = min(first + _CHUNK, stop)
        u = _uniform(seed, split, label, first, last)
        noise = _words((seed, split, label, _NOISE), _SIDE * _SIDE * 3 // 8, first, last)
        planes = noise.view(np.uint8).reshape(-1, 3, _SIDE, _SIDE)
        images[first - start : last - start] = _render(_scene(u, label), _mottle(u), planes)
    return images


def _words(key: tuple[int, ...], each: int, start: int, stop: int) -> NDArray[np.uint64]:
    """Return the raw words of images `start` to `stop` in the stream of the key: (stop - start, each)."""
    bits = PCG64(SeedSequence(key))
    bits.advance(start * each)
    words: NDArray[np.uint64] = bits.random_raw((stop - start) * each)
    return words.astype("<u8", copy=False).reshape(-1, each)  # the same bytes on a big-endian machine


def _uniform(seed: int, split: int, label: int, start: int, stop: int) -> Floats:
    """Return what decides each scene, in [0, 1): (stop - start, two a trait, nuisances, mottling)."""
    each = 2 * len(_TRAITS) + len(_NUISANCES) + _COARSE**2
    words = _words((seed, split, label, _SCENE), each, start, stop)
    return (words >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def _scene(u: Floats, label: int) -> dict[str, Floats]:
    """Return every trait and nuisance of every image, to be broadcast over pixels: (images, 1, 1) each."""
    scene = {}
    for i, (name, (spread, centres)) in enumerate(_TRAITS.items()):
        borrowed = u[:, 2 * i] < np.float32(_BORROWED)
        centre = np.where(borrowed, np.float32(centres[_LOOK_ALIKE[label]]), np.float32(centres[label]))
        scene[name] = centre + np.float32(spread) * (2 * u[:, 2 * i + 1] - 1)
    for i, (name, (low, high)) in enumerate(_NUISANCES.items(), 2 * len(_TRAITS)):
        scene[name] = np.float32(low) + np.float32(high - low) * u[:, i]
    return {name: value[:, None, None] for name, value in scene.items()}


def _mottle(u: Floats) -> Floats:
    """Return each image's last 25 numbers as a 5 x 5 grid, blown up: (images, 32, 32), in [-1, 1)."""
    at = np.arange(_SIDE, dtype=np.float32) * np.float32((_COARSE - 1) / _SIDE)
    below = at.astype(np.intp)
    part = at - below.astype(np.float32)
    grid = 2 * u[:, -(_COARSE**2) :].reshape(-1, _COARSE, _COARSE) - 1
    rows = grid[:, below] + part[:, None] * (grid[:, below + 1] - grid[:, below])
    out: Floats = rows[:, :, below] + part * (rows[:, :, below + 1] - rows[:, :, below])
    return out


def _ellipse(u: Floats, v: Floats, a: Floats, b: Floats) -> Floats:
    """Return about the signed distance to an ellipse with half-axes a and b, negative inside."""
    s, t = u * (1 / a), v * (1 / b)
    s *= s
    t *= t
    distance = s + t
    distance -= 1
    distance *= np.minimum(a, b) / 2
    return distance


def _box(u: Floats, v: Floats, a: Floats, b: Floats) -> Floats:
    return np.maximum(np.abs(u) - a, np.abs(v) - b)


def _inside(distance: Floats) -> Floats:
    """Return how much of each pixel a shape covers: 1 inside, 0 outside, a ramp of one pixel between."""
    ramp = distance * np.float32(-_SIDE / 2)
    ramp += np.float32(0.5)
    return np.clip(ramp, 0, 1, out=ramp)


def _blob(u: Floats, v: Floats, a: Floats, b: Floats, boxy: Floats) -> Floats:
    """Return a shape between an ellipse (boxy 0) and a box (boxy 1)."""
    rounded = _ellipse(u, v, a, b)
    return rounded + boxy * (_box(u, v, a, b) - rounded)


def _ears(s: dict[str, Floats], u: Floats, v: Floats) -> Floats:
    """Return two ears, from square to pointed; u and v are relative to the head."""
    size = np.maximum(s["ear"], _SMALL)
    v = v + s["ear_up"]
    taper = 1 - s["ear_sharp"] * (np.float32(0.5) - v / (2 * size))
    apart = np.abs(u) - s["head"] * np.float32(0.8)
    distance: Floats = np.maximum(np.abs(apart) - size * np.float32(0.6) * taper, np.abs(v) - size)
    return distance


def _legs(s: dict[str, Floats], u: Floats, v: Floats) -> Floats:
    """Return four legs, or two wheels: folding the axis twice draws all of them at once."""
    half = np.maximum(s["leg"] / 2, _SMALL)
    folded = np.abs(np.abs(u) - s["length"] * np.float32(0.65)) - (1 - s["wheel"]) * np.float32(0.09)
    v = v - s["height"] - half * (1 - s["wheel"])
    return _blob(folded, v, s["leg_width"], half, 1 - s["wheel"])


def _tail(s: dict[str, Floats], u: Floats, v: Floats) -> Floats:
    """Return a slanted bar behind the body."""
    along = u + s["length"]
    bar = np.abs(v + s["height"] / 3 - along * s["tail_up"]) - np.float32(0.05)
    return np.maximum(np.maximum(bar, -s["tail"] - along), along - np.float32(0.1))


def _figure(s: dict[str, Floats], u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Return the coverage of the figure, and of its dark parts (wheels, muzzle): (images, 32, 32) each."""
    head_u, head_v = u - s["reach"] * s["length"], v + s["lift"]
    muzzle, wing = np.maximum(s["muzzle"], _SMALL), np.maximum(s["wing"], _SMALL)
    legs = _legs(s, u, v)
    parts = (
        _blob(u, v, s["length"], s["height"], s["boxy"]),
        _blob(head_u, head_v, s["head"], s["head"], s["boxy"]),
        _ears(s, head_u, head_v),
        _tail(s, u, v),
        _ellipse(u + v * np.float32(0.4), v, wing * np.float32(0.35), wing),
        legs,
    )
    dark = _ellipse(head_u - s["head"], head_v - s["head"] * np.float32(0.3), muzzle, muzzle)
    dark = np.where(s["wheel"] > np.float32(0.5), np.minimum(legs, dark), dark)
    return _inside(_nearest(parts)), _inside(dark)


def _nearest(distances: tuple[Floats, ...]) -> Floats:
    """Return the distance to a union of shapes."""
    least = distances[0]
    for distance in distances[1:]:
        least = np.minimum(least, distance)
    return least


def _rgb(light: Floats, warm: Floats, green: Floats) -> tuple[Floats, Floats, Floats]:
    """Convert from the axes of the tables to red, green and blue."""
    return light + warm, light + green, light - warm


def _turn(s: dict[str, Floats], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Convert from the image's axes (right, down) to the figure's own (forward, down)."""
    # A rational point on the unit circle turns the figure without a sine.
    half = s["tilt"] / 2
    cos, sin = (1 - half * half) / (1 + half * half), 2 * half / (1 + half * half)
    x, y = (x - s["x"]) / s["size"], (y - s["y"]) / s["size"]
    forward = np.where(s["mirror"] < 0, np.float32(-1), np.float32(1))
    return (x * cos + y * sin) * forward, y * cos - x * sin


def _stripes(s: dict[str, Floats], u: Floats, v: Floats) -> Floats:
    """Return how much lighter or darker the figure's pattern makes it: a triangle wave."""
    wave = (u * s["across"] + v * (1 - s["across"])) * s["pattern"] * 2 + s["phase"]
    wave -= np.floor(wave)
    return (np.abs(2 * wave - 1) - np.float32(0.5)) * s["contrast"]


def _render(s: dict[str, Floats], mottle: Floats, noise: Bytes) -> Bytes:
    """Paint sky, ground, figure and cover in that order, then noise: (images, 32, 32, 3)."""
    at = (np.arange(_SIDE, dtype=np.float32) * 2 + 1) / _SIDE - 1
    x, y = at[None, None, :], at[None, :, None]
    u, v = _turn(s, x, y)
    figure, dark = _figure(s, u, v)
    stripes = _stripes(s, u, v) + mottle * np.float32(0.05)
    ground = _inside(s["horizon"] + s["slope"] * x - y)
    shade = s["shade_x"] * x + s["shade_y"] * y + mottle * np.float32(0.12)
    cover = _inside(_ellipse(x - s["cover_x"], y - s["cover_y"], s["cover_size"], s["cover_size"]))

    out = np.empty((len(mottle), _SIDE, _SIDE, 3), np.uint8)
    prefixes = ("sky_", "ground_", "", "cover_")
    colours = zip(*(_rgb(*(s[p + axis] for axis in _AXES)) for p in prefixes), strict=True)
    for c, (sky, soil, coat, lid) in enumerate(colours):
        plane = sky + (soil - sky) * ground + shade
        plane += figure * (coat + stripes - plane)
        plane += dark * (coat * np.float32(0.4) - plane)
        plane += cover * (lid - plane)
        plane += (noise[:, c].astype(np.float32) - np.float32(127.5)) * (s["noise"] / 255)
        out[..., c] = np.clip(plane * 255 + np.float32(0.5), 0, 255).astype(np.uint8)
    return out
