"""The sheet of a figure: colours, words in their places, and the files on disk."""

import itertools
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from drawn import (
    DATA,
    EIGHT,
    PAIR_OF,
    STAND_IN,
    STEMS,
    assert_words_are_apart_and_inside,
    boxes,
    curves,
    history,
    names,
    suite,
    words,
)

from cifar_lr import figures
from cifar_lr.drawing import LOOKS, FigureError, save, spread
from cifar_lr.figures import draw_all


def test_a_method_has_one_colour_in_all_figures(eight):
    for run, stem in PAIR_OF.items():
        assert {line.get_color() for line in curves(eight[stem]).values()} == {LOOKS[run].colour}
    for stem in ("fig5_schedules", "fig6_adaptive", "fig7_all"):
        for label, line in curves(eight[stem]).items():
            (look,) = (look for look in LOOKS.values() if look.label == label.split()[0])
            assert (line.get_color(), line.get_marker()) == (look.colour, look.marker)


def test_lines_of_a_comparison_differ_without_colour(eight):
    grey = {(line.get_marker(), line.get_linestyle()) for line in curves(eight["fig7_all"]).values()}
    assert len(grey) == 8


# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB.
VISION = {
    "full": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.mark.parametrize("vision", VISION)
def test_colours_stay_apart_for_every_kind_of_sight(vision):
    rgb = np.array([[int(look.colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for look in LOOKS.values()])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = seen @ to_xyz.T / [0.9505, 1, 1.089]
    cube = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    lab = np.stack(
        [116 * cube[:, 1] - 16, 500 * (cube[:, 0] - cube[:, 1]), 200 * (cube[:, 1] - cube[:, 2])], axis=1
    )
    distances = [np.linalg.norm(one - other) for one, other in itertools.combinations(lab, 2)]
    assert min(distances) > 15  # 2.3 is just noticeable side by side


def test_twelve_runs_in_one_axes_look_different():
    drawn = draw_all(suite([f"run-{number:02}" for number in range(12)], epochs=1))
    for stem in ("comparison", "learning_rates"):
        pens = {
            (line.get_color(), line.get_marker(), str(line.get_linestyle()), str(line._dash_pattern))
            for line in curves(drawn[stem]).values()
        }
        assert len(pens) == 12
        assert_words_are_apart_and_inside(drawn[stem])


def test_names_are_text_and_nothing_else(tmp_path):
    run = "$\\frac{1$ <b>&\n\x07 x"
    data = DATA.model_copy(update={"label": "$ _{ %"})
    drawn = draw_all([history(run, data=data)])
    assert words(drawn[next(iter(drawn))]).startswith(
        "$\\frac{1$ <b>& x: training and validation accuracy $ _{ %"
    )
    save(drawn, tmp_path, ["png", "svg", "pdf"])


def test_words_neither_overlap_nor_leave_the_figure(eight):
    for figure in eight.values():
        assert_words_are_apart_and_inside(figure)


@pytest.mark.parametrize(
    "histories",
    [
        suite(("constant", "adam"), epochs=1),
        suite(("constant", "adam"), data=STAND_IN, seeds=(0, 1, 2)),
        suite(["step", "W" * 100 + "-1", "W" * 100 + "-2"]),
    ],
    ids=["one epoch", "stand-in", "long names"],
)
def test_words_stay_in_their_places(histories):
    for figure in draw_all(histories).values():
        assert_words_are_apart_and_inside(figure)


def test_names_of_equal_ends_do_not_overlap():
    histories = suite(epochs=30)
    for one in histories:
        one.columns["val_accuracy"][:] = 0.5
    figure = draw_all(histories)["fig7_all"]
    labels = boxes(figure, names(figure))
    assert not any(one.overlaps(other) for one, other in itertools.combinations(labels, 2))


def test_a_long_caption_makes_the_figure_taller(eight):
    histories = suite(seeds=(0, 1))
    histories += [history(run, 2, status="failed", reason=f"{run} " * 20) for run in EIGHT]
    figure = draw_all(histories)["fig7_all"]
    assert figure.get_figheight() > eight["fig7_all"].get_figheight()
    assert all(f"{run}: 2 of 3 seeds done; seed 2 failed" in words(figure) for run in EIGHT)
    caption, axis = boxes(figure, [figure.texts[1], figure.axes[0].xaxis.label])
    assert caption.y0 > 0
    assert caption.y1 < axis.y0


@pytest.mark.parametrize(
    "wanted", [[1.0], [3.0, 1.0, 2.0], [5.0] * 6, [0.0, 0.1, 9.9, 10.0], [10.0, 10.0, 0.0], []]
)
def test_spread_keeps_order_distance_and_bounds(wanted):
    places = spread(wanted, gap=1.5, low=0.0, high=10.0)
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    ranked = [places[index] for index in order]
    assert all(upper - lower > 1.5 - 1e-9 for lower, upper in itertools.pairwise(ranked))
    assert all(-1e-9 <= place <= 10 + 1e-9 for place in places)


def test_spread_leaves_alone_what_is_apart():
    assert spread([4.0, 1.0, 8.0], gap=2.0, low=0.0, high=10.0) == [4.0, 1.0, 8.0]


def test_spread_moves_as_little_as_possible():
    assert spread([5.0, 5.0, 5.0], gap=1.0, low=0.0, high=10.0) == [4.0, 5.0, 6.0]
    assert spread([5.0, 5.5], gap=1.0, low=0.0, high=10.0) == [4.75, 5.75]


def test_saving_writes_every_format(eight, tmp_path):
    paths = save(eight, tmp_path / "results" / "figures")
    assert [path.name for path in paths] == [f"{stem}.{end}" for stem in STEMS for end in ("png", "svg")]
    assert all(path.read_bytes().startswith((b"\x89PNG", b"<?xml")) for path in paths)
    assert sorted(paths) == sorted((tmp_path / "results" / "figures").iterdir())


def test_the_same_histories_give_the_same_bytes(tmp_path):
    for folder in ("first", "second"):
        save(draw_all(suite(["constant", "adam"], seeds=(0, 1))), tmp_path / folder, ["png", "svg", "pdf"])
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_files_carry_no_date_and_no_version(tmp_path):
    for path in save(draw_all([history()]), tmp_path):
        assert b"atplotlib v" not in path.read_bytes()
        assert b"<dc:date>" not in path.read_bytes()


def test_words_in_an_svg_are_text(tmp_path):
    save(draw_all([history(data=STAND_IN)]), tmp_path, ["svg"])
    assert "STAND-IN DATA" in (tmp_path / "fig3a_step.svg").read_text()


def test_this_machines_settings_change_nothing(tmp_path):
    save(draw_all([history()]), tmp_path / "plain")
    with mpl.rc_context(
        {"lines.linewidth": 9, "axes.facecolor": "black", "font.size": 30, "savefig.dpi": 20}
    ):
        before = dict(mpl.rcParams)
        save(draw_all([history()]), tmp_path / "odd")
        assert dict(mpl.rcParams) == before
    for path in (tmp_path / "plain").iterdir():
        assert path.read_bytes() == (tmp_path / "odd" / path.name).read_bytes()


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(FigureError, match=r"unknown figure format 'gif'; known are png, svg, pdf"):
        save(draw_all([history()]), tmp_path / "figures", ["png", "gif"])
    assert not (tmp_path / "figures").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "figures").write_text("mine")
    with pytest.raises(FigureError, match=r"figures: figures can not be written: File exists"):
        save(draw_all([history()]), tmp_path / "figures")
    assert (tmp_path / "figures").read_text() == "mine"


def test_a_file_that_can_not_be_replaced_leaves_no_parts(tmp_path):
    (tmp_path / "fig3a_step.png").mkdir()
    with pytest.raises(FigureError, match=r"can not be written: Is a directory"):
        save(draw_all([history()]), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["fig3a_step.png"]


def test_the_reading_side_imports_no_keras_and_no_display():
    program = (
        "import sys, cifar_lr.history, cifar_lr.summary, cifar_lr.figures;"
        "found = {'tensorflow', 'keras', 'torch', 'jax', 'matplotlib.pyplot', 'scipy'} & set(sys.modules);"
        "print(*sorted(found))"
    )
    root = Path(figures.__file__).parents[1]
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    assert result.stdout == "\n"
