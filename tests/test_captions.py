"""What captions say: data, network, epochs, seeds, and what is missing."""

from drawn import DATA, EIGHT, HELD_OUT, STEMS, history, seed_lines, suite, words

from cifar_lr.figures import SCHEDULES, draw_all


def test_a_caption_says_data_network_epochs_and_seeds():
    assert words(draw_all(suite(seeds=(0, 1, 2)))["fig7_all"]).endswith(
        "CIFAR-10 (cat, dog): 10,000 training, 2,000 validation images. Network: article. 20 epochs. "
        "Done: seeds 0-2 (3 of 3). Bold: median over the seeds; thin: single seeds."
    )


def test_a_caption_names_a_diverged_seed():
    histories = [history(seed=0), history(seed=1)]
    histories += [history(seed=2, epochs=3, asked=20, status="diverged", stopped_at_update=314)]
    drawn = draw_all(histories)
    for figure in drawn.values():
        assert "Done: seeds 0-1 (2 of 3)." in words(figure)
        assert words(figure).endswith("step: 2 of 3 seeds done; seed 2 diverged at update 314.")
    assert len(seed_lines(drawn["fig3a_step"])[0].get_segments()) == 2


def test_a_comparison_tells_complete_runs_from_the_others():
    histories = suite(SCHEDULES[:3], seeds=(0, 1))
    histories += [history("exponential"), history("exponential", 1, status="failed", reason="no memory")]
    caption = words(draw_all(histories)["fig5_schedules"])
    assert "Done: seeds 0-1 (2 of 2)." in caption
    assert caption.endswith("exponential: 1 of 2 seeds done; seed 1 failed: no memory.")


def test_a_missing_run_is_named():
    drawn = draw_all(suite([run for run in EIGHT if run != "exponential"]))
    assert list(drawn) == [stem for stem in STEMS if not stem.startswith("fig4")]
    assert words(drawn["fig5_schedules"]).startswith("3 of the four schedules")
    for stem in ("fig5_schedules", "fig7_all"):
        assert words(drawn[stem]).endswith("Not at hand: exponential.")
    assert "Not at hand" not in words(drawn["fig6_adaptive"])


def test_a_run_without_a_finished_seed_is_not_drawn_but_named():
    histories = [*suite(("constant", "time_based")), history(status="diverged", stopped_at_update=9)]
    drawn = draw_all(histories)
    assert list(drawn) == ["fig1_constant", "fig2_time_based", "fig5_schedules"]
    caption = words(drawn["fig5_schedules"])
    assert "step: 0 of 1 seed done; seed 0 diverged at update 9" in caption
    assert caption.endswith("Not at hand: exponential.")


def test_every_caption_says_that_validation_was_on_held_out_images():
    drawn = draw_all(suite(seeds=(0, 1), data=HELD_OUT, epochs=3))
    assert list(drawn) == [*STEMS, "final_accuracies", "differences"]
    for figure in drawn.values():
        assert (
            "CIFAR-10 (cat, dog): 8,000 training images, validation on 2,000 images held out from training. "
            in words(figure)
        )


def test_runs_that_differ_say_so_in_the_caption():
    fewer = DATA.model_copy(update={"train_images": 5_000, "fingerprint": "sha256:bbbb"})
    histories = [history("constant"), history("step", epochs=10, data=fewer, model="cifar10-cnn")]
    caption = words(draw_all(histories)["fig5_schedules"])
    assert (
        "10,000 training, 2,000 validation images [constant]; CIFAR-10 (cat, dog): 5,000 training" in caption
    )
    assert "Network: article [constant]; cifar10-cnn [step]" in caption
    assert "20 epochs [constant]; 10 epochs [step]" in caption


def test_data_that_only_a_fingerprint_tells_apart():
    histories = [history("constant"), history(data=DATA.model_copy(update={"fingerprint": "sha256:bbbb"}))]
    caption = words(draw_all(histories)["fig5_schedules"])
    assert "fingerprint sha256:aaaa [constant]" in caption
    assert "fingerprint sha256:bbbb [step]" in caption


def test_many_classes_are_counted():
    many = DATA.model_copy(update={"classes": tuple(f"class {number}" for number in range(100))})
    assert "CIFAR-10 (100 classes): " in words(draw_all([history(data=many)])["fig3a_step"])
