"""The figure of a range test: what its artists hold, and what it says."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from drawn import assert_words_are_apart_and_inside
from test_rangetest import RATES, bowl, measured_as

from cifar_lr import figure_of_range
from cifar_lr.drawing import save


def words_of(figure):
    return [text.get_text().replace("\n", " ") for text in (*figure.texts, *figure.axes[0].texts)]


def test_the_figure_shows_mean_band_and_marks():
    measured = measured_as([bowl(rise=3), bowl(rise=3) + 0.2])
    figure = figure_of_range.draw(measured)
    axes = figure.axes[0]
    curve, *others = axes.get_lines()
    np.testing.assert_array_equal(curve.get_xdata(), RATES)
    np.testing.assert_allclose(curve.get_ydata(), bowl(rise=3) + 0.1)
    band = axes.collections[0].get_datalim(axes.transData)
    assert (band.ymin, band.ymax) == pytest.approx((bowl(rise=3).min(), bowl(rise=3).max() + 0.2))
    assert axes.get_xscale() == "log"
    found = {one.rule: one.rate for one in measured.suggestions}
    assert all(found.values())
    assert {one.get_marker() for one in others} == {"None", "v", "s", "o", "D"}
    for rule, rate in found.items():
        assert ("minimum / 10" if rule == "minimum" else rule) in words_of(figure)
        assert f"{rate:.3g}" in words_of(figure)
    at = dict(zip(found, [one for one in others if one.get_marker() != "None"], strict=True))
    for rule, mark in at.items():
        x, y = axes.transData.inverted().transform(mark.get_transform().transform(mark.get_xydata()[0]))
        assert x == pytest.approx(found[rule])
        assert y == pytest.approx(np.interp(np.log(x), np.log(RATES), measured.mean))


def test_the_caption_says_data_network_optimizer_seeds_and_what_has_no_answer():
    measured = measured_as([bowl(), bowl()[:250]], diverged=(1,))
    caption = " ".join(words_of(figure_of_range.draw(measured)))
    for words in (
        "Step: learning-rate range test",
        "CIFAR-10 (cat, dog): 10,000 training images",
        "Network: article. SGD (momentum 0.5), batch size 64.",
        "n = 2 seeds, 301 updates, 250 of them made by all.",
        "Band: lowest to highest seed",
        f"Seed 1 stopped at update 250, rate {RATES[249]:.3g}: the smoothed loss was",
        "No slide: towards the right end",
    ):
        assert words in caption
    assert "STAND-IN" not in caption


def test_a_divergence_does_not_press_the_curve_flat():
    losses = bowl()
    losses[-40:] = np.geomspace(2, 1e6, 40)
    low, high = figure_of_range.draw(measured_as([losses])).axes[0].get_ylim()
    assert low < losses.min()
    assert losses[0] < high < 3


def test_a_stand_in_is_written_over_and_across_the_figure():
    assert {"STAND-IN DATA: generated images, not CIFAR-10", "STAND-IN"} <= set(
        words_of(figure_of_range.draw(measured_as([bowl()], kind="stand-in")))
    )


def test_one_seed_has_no_band():
    figure = figure_of_range.draw(measured_as([bowl()]))
    assert not figure.axes[0].collections
    assert "n = 1 seed, 301 updates." in " ".join(words_of(figure))


def test_a_suggestion_below_the_rates_tried_is_inside_the_figure():
    losses = np.where(np.arange(301) < 40, 1 - 0.001 * np.arange(301), 1.0)
    measured = measured_as([losses])
    found = {one.rule: one.rate for one in measured.suggestions}
    assert found["minimum"] == pytest.approx(RATES[39] / 10)
    assert found["minimum"] < RATES[0]
    assert figure_of_range.draw(measured).axes[0].get_xlim()[0] == found["minimum"]


def test_the_same_test_gives_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        save({"find_rate": figure_of_range.draw(measured_as([bowl(), bowl() + 0.1]))}, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


@pytest.mark.parametrize("span", [(1e-5, 10.0), (0.011, 0.019), (0.01, 0.9)])
def test_rates_are_written_at_several_places_of_any_axis(span):
    ticks = figure_of_range.rate_ticks(*span).tick_values(*span)
    assert sum(span[0] <= tick <= span[1] for tick in ticks) >= 4


def test_drawing_imports_neither_keras_nor_tensorflow():
    code = """
import sys, numpy as np
from pathlib import Path
from cifar_lr import config, figure_of_range, history, rangetest
rates, losses = np.geomspace(1e-3, 1, 50), np.linspace(1, 0, 50)
images = history.DataRecord(
    kind="cifar10", label="-", fingerprint="-", classes=("a", "b"), train_images=1, validation_images=1
)
run = config.load(Path("configs/article/step.yaml"))
curve = rangetest.Curve(0, rates, losses, losses, None)
figure_of_range.draw(rangetest.Measured(run, images, rangetest.Span(1e-3, 1.0, 50), (curve,)))
assert not {"keras", "tensorflow"} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)


@pytest.mark.parametrize("points", [0, 1, 2])
@pytest.mark.parametrize("kind", ["cifar10", "stand-in"])
def test_a_test_of_next_to_nothing_is_drawn_with_a_name_of_any_length(points, kind):
    losses = np.append(bowl()[:points], np.nan)
    measured = measured_as([losses], diverged=(0,), name="a$b" * 30, kind=kind)
    assert_words_are_apart_and_inside(figure_of_range.draw(measured))


def test_words_neither_overlap_nor_leave_the_figure():
    assert_words_are_apart_and_inside(figure_of_range.draw(measured_as([bowl(rise=3), bowl(rise=3) + 0.2])))
