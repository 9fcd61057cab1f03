"""Which figures a suite allows, and what all of them have in common."""

import pytest
from drawn import STAND_IN, STEMS, curves, history, suite, words

from cifar_lr.figures import draw_all
from cifar_lr.summary import SummaryError


def test_the_eight_runs_allow_all_nine_figures(eight):
    assert list(eight) == STEMS


def test_nothing_finished_is_nothing_drawn():
    assert draw_all([history(status="running")]) == {}
    assert draw_all([]) == {}


@pytest.mark.parametrize(
    ("runs", "stems"),
    [
        (["step"], ["fig3a_step", "fig3b_step_rate"]),
        (["constant"], ["fig1_constant"]),
        (["adam"], ["adam_accuracy", "adam_learning_rate"]),
        (["adam", "rmsprop"], ["fig6_adaptive"]),
        (["constant", "adam"], ["fig1_constant", "fig7_all"]),
    ],
)
def test_a_few_runs_allow_a_few_figures(runs, stems):
    assert list(draw_all(suite(runs, epochs=5))) == stems


def test_stand_in_data_is_called_so_in_every_figure():
    drawn = draw_all(suite(data=STAND_IN))
    assert list(drawn) == STEMS
    for figure in drawn.values():
        assert "STAND-IN DATA: generated images, not CIFAR-10" in words(figure)
        assert "STAND-IN" in [text.get_text() for text in figure.axes[0].texts]


def test_real_data_is_not_called_a_stand_in(eight):
    assert not any("STAND-IN" in words(figure) for figure in eight.values())


@pytest.mark.parametrize("status", ["done", "failed"])
def test_stand_in_and_real_data_never_share_a_figure(status):
    histories = [history("constant"), history(data=STAND_IN, status=status)]
    with pytest.raises(SummaryError, match=r"\S+step\S+seed-0 is stand-in, \S+constant\S+seed-0 is not"):
        draw_all(histories)


def test_a_run_of_another_name_gets_a_pair():
    one = history("warmup")
    drawn = draw_all([one])
    assert list(drawn) == ["warmup_accuracy", "warmup_learning_rate"]
    (rate,) = curves(drawn["warmup_learning_rate"]).values()
    assert rate.get_ydata().tolist() == one["learning_rate"].tolist()


def test_runs_of_other_names_are_compared():
    drawn = draw_all(suite(["b", "a", "c"]))
    assert [line.split()[0] for line in curves(drawn["comparison"])] == ["b", "a", "c"]
    colours = {line.get_color() for line in curves(drawn["comparison"]).values()}
    assert len(colours) == 3


def test_runs_of_other_names_are_compared_with_the_articles():
    drawn = draw_all(suite(["step", "warmup"]))
    assert list(drawn) == [
        "fig3a_step",
        "fig3b_step_rate",
        "warmup_accuracy",
        "warmup_learning_rate",
        "comparison",
        "learning_rates",
    ]
    assert curves(drawn["comparison"]).keys() == {
        line.get_label() for line in drawn["comparison"].axes[0].lines if line.get_label() != "_key"
    }


def test_many_runs_have_a_panel_each_and_no_figures_of_their_own(many):
    assert list(many) == ["comparison", "learning_rates", "final_accuracies", "differences"]
    assert [len(many[stem].axes) for stem in ("comparison", "learning_rates")] == [13, 13]


def test_many_of_the_articles_runs_alone_are_never_in_panels():
    assert list(draw_all(suite(epochs=2))) == STEMS


def test_names_that_become_the_same_file_are_told_apart():
    drawn = draw_all(suite(["a/b", "a_b", "A_B"], epochs=2))
    accuracies = [stem for stem in drawn if stem.endswith("_accuracy")]
    assert accuracies == ["a_b_accuracy", "a_b-2_accuracy", "A_B-3_accuracy"]
