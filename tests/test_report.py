"""The page about a suite: what it says, that nothing in it can do harm, and what its controls do."""

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT

from cifar_lr import claims, config, history, imported, report, summary
from cifar_lr.cli import main
from cifar_lr.drawing import looks

TODAY = dt.date(2026, 1, 2)
EVIL = "</script><script>window.hurt = 1</script><img src=x onerror='window.hurt = 1'>"
LIMIT = 8 * 2**20


@pytest.fixture
def suite(tmp_path):
    """Return a function that writes finished histories of some runs, with images got right."""

    def write(runs=("constant", "adam"), seeds=3, **changes):
        draws = np.random.default_rng(0)
        for run in runs:
            for seed in range(seeds):
                _write(tmp_path / "results" / "notebook", run, seed, draws, changes)
        return tmp_path / "results" / "notebook"

    return write


def _write(results, run, seed, draws, changes):
    fields = {
        "status": "running",
        "run": run,
        "seed": seed,
        "key": "0" * 64,
        "epochs": 5,
        "model": "article",
        "data": {
            "kind": changes.get("kind", "images"),
            "label": changes.get("label", "some images"),
            "fingerprint": "sha256:0",
            "classes": ["cat", "dog"],
            "train_images": 10_000,
            "validation_images": 2_000,
        },
        "versions": {"keras": "3.15.1"},
        "machine": {"processor": "a processor"},
    }
    name = re.sub(r"\W", "-", run)
    folder = results / (name if len(name) <= 40 else name[:20] + name[-20:]) / f"seed-{seed}"
    settings = {
        "optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1, "name": changes.get("name", "x")}}
    }
    text = config.to_yaml(config.RunConfig.model_validate_json(json.dumps(settings)))
    writer = history.Writer(folder, history.Record.model_validate_json(json.dumps(fields)), text)
    rows = 5 - (changes.get("status") == "diverged")
    accuracy = 0.6 + 0.02 * np.arange(rows) + draws.normal(0, 0.01, rows)
    writer.write_epochs(
        [
            dict(zip(history.COLUMNS, (n, 0.1 / n, 1 / n, a, 1.1 / n, a - 0.01, 0.5), strict=True))
            for n, a in enumerate(accuracy.tolist(), start=1)
        ]
    )
    writer.write_correct(draws.random(2000) < 0.7)
    writer.finish(changes.get("status", "done"))


@pytest.fixture
def ledger():
    said = {"id": "one", "statement": "Adam is better.", "higher": "adam", "than": "constant"}
    return claims.Ledger(claims=(claims.Claim(**said),))


def page(results, ledger=None):
    found = report.conclude({None: history.find(results)}, ledger)
    return report.page(found, results, ["cifar-lr ..."], TODAY)


def without_plotly(text):
    from plotly.offline import get_plotlyjs

    return text.replace(get_plotlyjs(), "")


def test_the_command_writes_the_page_and_its_numbers(suite, capsys, monkeypatch):
    results = suite()
    monkeypatch.chdir(ROOT)
    assert main(["report", str(results)]) == 0
    said = capsys.readouterr().out.split()
    names = ["estimates", "differences", "errors", "reached", "verdicts"]
    tables = [str(results / "tables" / f"{name}.csv") for name in names]
    assert said == [str(results / "report.html"), *tables]
    text = (results / "report.html").read_text()
    assert "2 runs, n = 3 finished seeds each, on some images: 10,000 training images of 2 classes" in text
    assert f"cifar-lr report {results}" in text
    assert (results / "report.html").stat().st_size < LIMIT


def test_the_page_is_made_without_keras(suite):
    code = (
        "import sys; from cifar_lr.cli import main; "
        f"assert main(['report', {str(suite())!r}]) == 0; "
        "assert not {'keras', 'tensorflow'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)


def test_the_same_histories_give_the_same_page_but_for_the_date(suite, ledger):
    results = suite()
    first = page(results, ledger)
    assert page(results, ledger) == first
    found = report.conclude({None: history.find(results)}, ledger)
    later = report.page(found, results, ["cifar-lr ..."], dt.date(2027, 1, 2))
    differing = [
        (one, other)
        for one, other in zip(first.splitlines(), later.splitlines(), strict=True)
        if one != other
    ]
    assert differing == [("<p>2026-01-02</p>", "<p>2027-01-02</p>")]


def test_verdicts_come_first_and_in_words(suite, ledger):
    text = page(suite(), ledger)
    assert text.index('id="verdicts"') < text.index('id="curves"') < text.index('id="estimates"')
    assert "Of 1 claim: 0 supported, 0 contradicted, 1 undecided." in text
    assert re.search(r"undecided</strong>: adam is \w+ than constant by \d\.\d\d points \(95% interval", text)


def test_text_from_files_is_text_on_the_page(suite):
    said = {"id": "one", "statement": EVIL, "source": EVIL, "higher": EVIL, "than": "constant"}
    results = suite(runs=("constant", EVIL), label=EVIL[:190], name=EVIL)
    text = without_plotly(page(results, claims.Ledger(claims=(claims.Claim(**said),))))
    assert "<img" not in text
    assert text.count("<script") == 3  # data, plotly, our own
    assert "&lt;/script&gt;" in text
    assert r"\u003c/script\u003e" in text  # in the data


def test_the_pages_policy_allows_no_address(suite):
    text = page(suite())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    addresses = re.findall(r'(?:src|href)="([^#][^"]*)"', without_plotly(text))
    names = ("estimates", "differences", "reached", "errors")
    assert addresses == [f"tables/{name}.csv" for name in names]


def test_stand_in_images_are_called_that(suite):
    text = page(suite(kind="stand-in"))
    assert "<strong>STAND-IN.</strong> The images are generated. They are not CIFAR-10" in text
    assert "STAND-IN" not in page(suite(kind="images"))


def test_missing_seeds_are_reported_only_if_told(suite, capsys, monkeypatch):
    results = suite()
    shutil.rmtree(results / "adam" / "seed-2")
    monkeypatch.chdir(ROOT)
    assert main(["report", str(results)]) == 2
    assert (
        "adam: seed 2 missing. Train it, or report what there is with --allow-missing"
        in capsys.readouterr().err
    )
    assert not (results / "report.html").exists()
    assert main(["report", str(results), "--allow-missing"]) == 0
    text = (results / "report.html").read_text()
    assert "<strong>Not complete.</strong> adam: seed 2 missing." in text
    assert "n = 2 to 3 finished seeds each" in text


def test_the_page_has_the_commands_that_make_it_again_as_far_as_there_are_configurations(suite, monkeypatch):
    histories = history.find(suite())
    monkeypatch.chdir(ROOT)
    made = lambda name, **suites: report.commands(Path(name), {None: histories, **suites})  # noqa: E731
    assert made("results/notebook+epochs=5", momentum=histories) == [
        "cifar-lr reproduce configs/notebook epochs=5 --seeds 3 --data PATH",
        "cifar-lr reproduce configs/momentum --seeds 3 --data PATH",
        "cifar-lr report results/notebook+epochs=5",
    ]
    assert made("a folder/elsewhere") == ["cifar-lr report 'a folder/elsewhere'"]
    assert len(made("results/notebook-some-images")) == 2  # the images' label


@pytest.mark.parametrize("name", ["optimizer=-class_name-SGD-", "x=1e+2", "data.classes=-cat,-dog-"])
def test_overrides_that_a_folders_name_does_not_tell_exactly_make_no_command(name, suite, monkeypatch):
    histories = history.find(suite())
    monkeypatch.chdir(ROOT)
    assert len(report.commands(Path(f"results/notebook+{name}"), {None: histories})) == 1
    assert (
        len(report.commands(Path("results/notebook+optimizer.config.momentum=0.9"), {None: histories})) == 2
    )


def test_seeds_that_no_suite_trains_are_not_said_to_be(suite, monkeypatch):
    histories = [one for one in history.find(suite()) if one.seed]
    monkeypatch.chdir(ROOT)
    assert report.commands(Path("results/notebook"), {None: histories}) == [
        "cifar-lr report results/notebook"
    ]


@pytest.mark.parametrize(
    ("folder", "label", "overrides"),
    [
        ("article", "CIFAR-10", []),
        ("article+epochs=5-stand-in", "STAND-IN", ["epochs=5"]),
        ("article+epochs=5-cifar-10", "CIFAR-10", ["epochs=5"]),
    ],
)
def test_where_the_configurations_of_results_are(suite, folder, label, overrides):
    histories = history.find(suite(label=label))
    assert history.configs_of(Path("results") / folder, histories) == (Path("configs/article"), overrides)


def test_a_suites_own_name_may_end_with_its_images_label(suite, tmp_path, monkeypatch):
    for name in ("my", "my-digits"):
        (tmp_path / "configs" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    histories = history.find(suite(label="digits"))
    assert history.configs_of(Path("results/my-digits"), histories) == (Path("configs/my-digits"), [])
    assert history.configs_of(Path("results/my-digits+epochs=5-digits"), histories)[1] == ["epochs=5"]
    (tmp_path / "configs" / "my-digits").rmdir()
    assert history.configs_of(Path("results/my-digits"), histories) == (Path("configs/my"), [])


def test_the_same_results_have_the_same_verdicts_from_wherever_they_are_named(suite, tmp_path, monkeypatch):
    results = suite()
    ledger = tmp_path / "configs" / "notebook" / "claims.yaml"
    ledger.parent.mkdir(parents=True)
    ledger.write_text("claims:\n  - {id: one, statement: One., higher: adam, than: constant, suite: other}\n")
    shutil.copytree(results, tmp_path / "results" / "other")
    (tmp_path / "link").symlink_to(results)
    written = []
    for here, named in ((tmp_path, "results/notebook"), (tmp_path, "link"), (results, ".")):
        monkeypatch.chdir(here)
        assert main(["report", named]) == 0
        written.append((results / "tables" / "verdicts.csv").read_text())
    assert "n = 3 seeds" in written[0]
    assert written[0] == written[1] == written[2]


def test_what_stands_beside_a_suite_by_itself_is_left_out_where_it_does_not_fit(
    suite, tmp_path, capsys, monkeypatch
):
    published = tmp_path / "configs" / "notebook" / "published.csv"
    published.parent.mkdir(parents=True)
    published.write_text("run,epoch,val_accuracy\nadam,5,0.6\nconstant,9,0.6\n")
    results = suite()
    monkeypatch.chdir(tmp_path)
    for command in ("plot", "report"):
        assert main([command, "results/notebook"]) == 0
        assert "not beside ours: constant of published: has 9 epochs, ours 5" in capsys.readouterr().err
    rows = (results / "tables" / "beside.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows] == ["run", "adam"]
    assert "without a counterpart" not in (results / "report.html").read_text()
    published.write_text("run,epoch\n")
    assert main(["report", "results/notebook"]) == 2
    assert "published.csv" in capsys.readouterr().err


def test_two_files_with_one_name_do_not_stand_beside_each_other(suite, tmp_path, capsys, monkeypatch):
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "log.csv").write_text("run,epoch,val_accuracy\nadam,5,0.6\n")
    suite()
    monkeypatch.chdir(tmp_path)
    same = ["--beside", "one/log.csv", "--beside", str(tmp_path / "one" / "log.csv")]
    assert main(["report", "results/notebook", *same]) == 0
    assert len((tmp_path / "results/notebook/tables/beside.csv").read_text().splitlines()) == 2
    capsys.readouterr()
    assert main(["report", "results/notebook", "--beside", "one/log.csv", "--beside", "other/log.csv"]) == 2
    assert "has adam of log, as " in capsys.readouterr().err


def test_other_suites_are_looked_for_on_the_same_images(suite, tmp_path):
    ours = history.find(suite(label="other images"))
    said = {"id": "one", "statement": "One.", "higher": "adam", "than": "constant"}
    ledger = claims.Ledger(
        claims=(claims.Claim(**said, suite="rates"), claims.Claim(**said | {"id": "two"}, suite="empty"))
    )
    results = tmp_path / "results"
    (results / "empty").mkdir()
    (results / "notebook").rename(results / "rates-other-images")
    suite(label="some images").rename(results / "rates")
    found = report.find_suites(ledger, results / "notebook", ours)
    assert {name: histories[0].record.data.label for name, histories in found.items()} == {
        "rates": "other images"
    }


def test_a_run_whose_seeds_all_diverged_has_dashes_where_it_has_no_number(suite):
    results = suite(runs=("constant",))
    suite(runs=("adam",), status="diverged")
    text = page(results)
    table = text[text.index('id="estimates"') : text.index('id="differences"')]
    rows = [re.findall(r"<t[dh][^>]*>([^<]*)</t[dh]>", row) for row in table.split("<tr>")[2:]]
    columns = re.findall(r'<button type="button">([^<]*)</button>', table)
    adam = dict(zip(columns, next(row for row in rows if row[0] == "adam"), strict=True))
    assert (adam["n"], adam["epoch of the best"], adam["seconds"]) == ("3", "-", "-")
    assert adam["last epoch"] == "50.0"  # the same in all seeds, which says nothing of others


def test_an_estimate_of_fewer_seeds_than_the_run_has_says_so(suite):
    results = suite(runs=("adam",), status="diverged")
    shutil.rmtree(results / "adam" / "seed-0")
    suite(runs=("adam",), seeds=1)
    table = report.conclude({None: history.find(results)}).tables["estimates"]
    columns, [row] = report._estimates(table)
    shown = dict(zip(columns, (cell.text for cell in row), strict=True))
    assert shown["n"] == "3"
    assert shown["epoch of the best"].endswith(", n = 1")
    assert "n =" not in shown["last epoch"]


def test_the_commands_of_a_page_on_generated_images_generate_them(suite, monkeypatch):
    histories = history.find(suite(kind="stand-in"))
    monkeypatch.chdir(ROOT)
    again, _ = report.commands(Path("results/notebook-stand-in"), {None: histories})
    assert again == "cifar-lr reproduce configs/notebook --seeds 3 --data stand-in"


def test_a_suite_without_claims_has_no_verdicts_which_is_said(suite, capsys, monkeypatch, tmp_path):
    results = suite()
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(results)]) == 0
    assert "no verdicts: there is no configs/notebook/claims.yaml; --claims FILE" in capsys.readouterr().err
    assert 'id="verdicts"' not in (results / "report.html").read_text()


def test_tables_of_an_earlier_page_go_with_it(suite, capsys, monkeypatch, tmp_path):
    results = suite()
    monkeypatch.chdir(ROOT)
    assert main(["report", str(results)]) == 0
    (results / "verdicts.csv").write_text("mine")
    assert (results / "tables" / "verdicts.csv").exists()
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(results)]) == 0
    assert not (results / "tables" / "verdicts.csv").exists()
    assert (results / "tables" / "estimates.csv").exists()
    assert (results / "verdicts.csv").read_text() == "mine"


def test_a_suite_of_which_all_runs_diverged_has_a_page(suite):
    text = page(suite(status="diverged"))
    assert "<strong>Diverged.</strong> adam: seeds 0-2; constant: seeds 0-2." in text
    assert 'id="reached"' not in text


def test_runs_on_other_images_are_not_compared_and_that_is_said(suite):
    results = suite()
    histories = [
        replace(one, record=one.record.model_copy(update={"data": one.record.data.model_copy(
            update={"fingerprint": "sha256:other"})})) if one.run == "adam" else one
        for one in history.find(results)
    ]  # fmt: skip
    found = report.conclude({None: histories})
    assert found.tables["differences"].empty
    text = report.page(found, results, [], TODAY)
    assert "<strong>Not all compared:</strong> its runs are on 2 different sets of images, and only" in text


def test_stand_in_and_real_images_never_share_a_page(suite):
    histories = history.find(suite(kind="images"))
    stand_in = history.find(suite(runs=("step",), kind="stand-in"))
    with pytest.raises(summary.SummaryError, match="stand-in and real data never go together"):
        report.conclude({None: [*histories, *(one for one in stand_in if one.run == "step")]})


def test_a_claim_about_another_suite_on_other_images_is_not_judged(suite, ledger):
    histories = history.find(suite())
    of_suite = claims.Ledger(claims=(ledger.claims[0].model_copy(update={"suite": "other"}),))
    elsewhere = [
        replace(one, record=one.record.model_copy(update={"data": one.record.data.model_copy(
            update={"label": "other images"})}))
        for one in histories
    ]  # fmt: skip
    [outcome] = report.conclude({None: histories, "other": elsewhere}, of_suite).outcomes
    assert (
        outcome.sentence == "Undecided: the results of other are on other images, and these on some images."
    )


def test_a_page_that_would_be_too_large_leaves_single_seeds_out_and_says_so(suite, monkeypatch, tmp_path):
    results = suite(seeds=4)
    monkeypatch.chdir(tmp_path)
    whole = page(results)
    monkeypatch.setattr(report, "MOST_BYTES", len(whole.encode()) - 1)
    found = report.conclude({None: history.find(results)})
    report.write(found, results, ["cifar-lr ..."], TODAY)
    text = (results / "report.html").read_text()
    assert "Single seeds are left out: with them, the page would be larger" in text
    assert "Single seeds are left out" not in whole
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    assert data["runs"][0]["curves"]["loss"]["seeds"] == []
    monkeypatch.setattr(report, "MOST_BYTES", 2**20)
    with pytest.raises(report.ReportError, match=r"its page would have \d\.\d MiB; at most 1 are written"):
        report.write(found, results, [], TODAY)


def test_files_of_a_page_are_all_written_or_none(suite, monkeypatch):
    results = suite()
    found = report.conclude({None: history.find(results)})
    report.write(found, results, ["first"], TODAY)
    before = {path: path.read_bytes() for path in results.glob("**/*") if path.is_file()}
    (results / "tables" / f".reached.csv.{os.getpid()}.tmp").mkdir()  # its temporary can't be written
    with pytest.raises(report.ReportError, match=r"reached\.csv\S*: can not be written: Is a directory"):
        report.write(found, results, ["second"], TODAY)
    assert {path: path.read_bytes() for path in results.glob("**/*") if path.is_file()} == before


def test_histories_from_elsewhere_that_stand_beside_nothing_are_named(suite):
    columns = {name: np.array([0.6]) for name in imported.COLUMNS}
    other = imported.Imported("published", "sgd", np.array([1]), columns)
    found = report.conclude({None: history.find(suite())}, None, [other])
    text = report.page(found, Path("results/notebook"), [], TODAY)
    assert "without a counterpart here.</strong> sgd of published: no run of ours has that name." in text


def test_nothing_real_stands_beside_generated_images(suite):
    columns = {name: np.array([0.6]) for name in imported.COLUMNS}
    other = imported.Imported("published", "adam", np.array([1]), columns)
    found = report.conclude({None: history.find(suite(kind="stand-in"))}, None, [other])
    assert found.others == ()
    assert "beside" not in found.tables


def test_runs_that_look_different_in_figures_do_on_the_page():
    drawn = looks([f"run-{number}" for number in range(32)])
    assert (
        len({(look.colour, report._dash(look)) for name, look in drawn.items() if name[:4] == "run-"}) == 32
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["RESULTS/adam"], "adam: is not the folder of a suite; "),
        (["nowhere"], "nowhere: no such folder"),
        (["RESULTS", "--claims", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["RESULTS", "--beside", "nowhere"], "imported/nowhere.csv: no such file"),
    ],
)
def test_bad_input_is_one_line_and_status_2(suite, arguments, message, capsys):
    results = suite()
    assert main(["report", *(one.replace("RESULTS", str(results)) for one in arguments)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert message in said.err
    assert not (results / "report.html").exists()


def test_a_history_from_elsewhere_stands_beside_ours(suite, tmp_path, capsys, monkeypatch):
    results = suite()
    (tmp_path / "log.csv").write_text("run,epoch,val_accuracy,f1\nadam,2,0.61,1\nadam,5,0.99,1\n")
    arguments = [
        "import",
        str(tmp_path / "log.csv"),
        "--as",
        "mine",
        "--out",
        str(results.parent / "imported"),
    ]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out == f"{results.parent / 'imported' / 'mine.csv'}\n"
    assert "not kept: f1\n" in said.err
    assert "adam: 2 epochs, up to 5; epochs 1, 3-4 missing\n" in said.err
    monkeypatch.chdir(ROOT)
    assert main(["report", str(results), "--beside", "mine"]) == 0
    text = (results / "report.html").read_text()
    assert "from elsewhere: mine." in text
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    [other] = next(run["others"] for run in data["runs"] if run["label"] == "Adam")
    assert other["epochs"] == [2.0, None, 5.0]
    assert other["curves"] == {"val_accuracy": [0.61, None, 0.99]}
    assert (
        (results / "tables" / "beside.csv")
        .read_text()
        .splitlines()[1]
        .startswith("mine,adam,5,0.99,3,100.0,")
    )


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "<0.001"), (0.001, "0.001"), (0.25, "0.250"), (np.nan, "-")]
)
def test_a_small_p_value_is_not_shown_as_zero(p, text):
    [column] = [one for one in report.COLUMNS["differences"] if one.field == "p_holm"]
    assert column.cell(SimpleNamespace(p_holm=p)).text == text


# In a browser ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    """Chromium, without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def opened(browser, suite, ledger):
    """Return a function that opens a suite's page, offline; it fails the test for anything on the console."""
    said, contexts = [], []

    def open_(results=None, **context):
        results = results or suite(seeds=6)
        (results / "report.html").write_text(page(results, ledger))
        contexts.append(browser.new_context(offline=True, **context))
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.on(
            "request", lambda request: said.append(request.url) if "report.html" not in request.url else None
        )
        tab.goto((results / "report.html").as_uri())
        tab.wait_for_selector("#chart .main-svg")
        return tab

    yield open_
    for context in contexts:
        context.close()
    assert not [text for text in said if not text.startswith("blob:")]


def shown(tab):
    """Return name, kind and last value of all that the chart shows."""
    return tab.evaluate(
        "document.getElementById('chart').data.map(one => [one.name, one.fill ? 'band' : 'line', one.y.at(-1)])"
    )


def test_the_chart_shows_each_run_as_a_median_with_a_band(opened):
    tab = opened()
    assert [one[:2] for one in shown(tab)] == [
        ["Adam", "band"],
        ["Constant", "band"],
        ["Adam", "line"],
        ["Constant", "line"],
    ]


def test_methods_are_shown_and_hidden(opened):
    tab = opened()
    tab.get_by_label("Constant").uncheck()
    assert {one[0] for one in shown(tab)} == {"Adam"}
    tab.get_by_role("button", name="none", exact=True).click()
    assert shown(tab) == []
    tab.get_by_role("button", name="all", exact=True).click()
    assert {one[0] for one in shown(tab)} == {"Adam", "Constant"}


def test_the_runs_of_one_grid_are_shown_alone(opened, suite):
    tab = opened(suite([f"{name}+rate={rate}" for name in ("adam", "sgd") for rate in (0.1, 1.0)]))
    tab.get_by_role("button", name="only sgd", exact=True).click()
    assert {one[0] for one in shown(tab)} == {"sgd+rate=0.1", "sgd+rate=1.0"}


def test_runs_without_a_grid_have_no_buttons_for_one(opened):
    assert opened().get_by_role("button", name="only").count() == 0


def test_a_single_grid_and_single_runs_have_no_buttons(opened, suite):
    tab = opened(suite(["constant", "adam", "sgd+rate=0.1", "sgd+rate=1.0"]))
    assert tab.get_by_role("button", name="only").count() == 0


def test_bands_that_would_hide_each_other_are_not_drawn(opened, suite):
    tab = opened(suite([f"run{index}" for index in range(13)], seeds=2))
    assert "Bands are drawn while at most 12 runs are shown." in " ".join(tab.inner_text(".caption").split())
    assert {one[1] for one in shown(tab)} == {"line"}
    tab.get_by_label("run12").uncheck()
    assert [one[1] for one in shown(tab)] == ["band"] * 12 + ["line"] * 12


def test_what_is_shown_is_chosen(opened, suite):
    tab = opened()
    tab.locator("#quantity").select_option("learning rate")
    assert [one[1:] for one in shown(tab)] == [["line", 0.02]] * 2  # the same for all seeds: no band
    assert tab.evaluate("document.getElementById('chart').layout.yaxis.type") == "log"
    tab.get_by_label("logarithmic").uncheck()
    assert tab.evaluate("document.getElementById('chart').layout.yaxis.type") == "linear"
    tab.locator("#quantity").select_option("training loss")
    assert shown(tab)[0][2] == 0.2
    assert tab.evaluate("document.getElementById('chart').layout.yaxis.title.text") == "training loss"


def test_one_seed_alone(opened, tmp_path):
    tab = opened()
    tab.get_by_label("Seeds").select_option("seed 2")
    values = {
        one.run: one["val_accuracy"][-1]
        for one in history.find(tmp_path / "results" / "notebook")
        if one.seed == 2
    }
    found = {name.lower(): value for name, _, value in shown(tab)}
    assert found == pytest.approx(values, abs=1e-5)


def test_tables_sort_by_any_column_both_ways(opened):
    tab = opened()
    table = tab.locator("#estimates table")
    runs = lambda: table.locator("tbody th").all_inner_texts()  # noqa: E731
    values = lambda: [float(t.split()[0]) for t in table.locator("tbody td:nth-child(3)").all_inner_texts()]  # noqa: E731
    assert runs() == ["adam", "constant"]
    header = table.locator("thead th").nth(0)
    header.get_by_role("button").click()
    header.get_by_role("button").click()
    assert runs() == ["constant", "adam"]
    assert header.get_attribute("aria-sort") == "descending"
    table.locator("thead th").nth(2).get_by_role("button").press("Enter")  # by the keyboard
    assert values() == sorted(values())
    assert header.get_attribute("aria-sort") is None


def test_runs_sort_in_the_order_of_their_values(opened, suite):
    runs = [f"sgd+rate={rate}" for rate in ("0.003", "0.1", "3.0", "10.0")]
    table = opened(suite(runs)).locator("#differences table")
    for column in (0, 1):
        table.locator("thead th").nth(column).get_by_role("button").click()
        found = [row.split("\t")[column] for row in table.locator("tbody").inner_text().splitlines()]
        assert list(dict.fromkeys(found)) == runs[column : 3 + column]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_the_paper(opened, scheme):
    tab = opened(color_scheme=scheme)
    ink, paper = tab.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert contrast(ink, paper) > 7
    assert contrast(tab.evaluate("getComputedStyle(document.querySelector('.note')).color"), paper) > 4.5
    assert tab.evaluate("document.getElementById('chart').layout.font.color") == (
        "#1f2328" if scheme == "light" else "#e6edf3"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_verdicts_and_controls_stand_out_from_the_paper(opened, scheme):
    tab = opened(color_scheme=scheme)
    root = tab.evaluate("(() => { const of = getComputedStyle(document.documentElement);"
        " return Object.fromEntries(['supported', 'contradicted', 'undecided', 'edge', 'paper']"
        ".map(name => [name, of.getPropertyValue('--' + name).trim()])) })()")  # fmt: skip
    paper = rgb(root.pop("paper"))
    assert contrast(rgb(root.pop("edge")), paper) > 3
    assert all(contrast(rgb(colour), paper) > 4.5 for colour in root.values())


def rgb(text):
    """A colour in hexadecimal, as browsers say it."""
    return f"rgb({', '.join(str(int(text[start : start + 2], 16)) for start in (1, 3, 5))})"


def contrast(one, other):
    """The contrast of two colours by WCAG 2.1, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(text):
    parts = [int(part) / 255 for part in re.findall(r"\d+", text)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_nothing_is_wider_than_a_phone(opened, suite):
    long = "constant+momentum=0.9+nesterov=true" * 3
    family = "W" * 150
    runs = ("constant", "adam", long, *(f"{name}+rate={rate}" for name in (family, "sgd") for rate in (1, 2)))
    results = suite(runs=runs, status="diverged")
    tab = opened(results, viewport={"width": 360, "height": 740})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def test_every_control_has_a_name_and_is_reached_by_the_keyboard(opened):
    tab = opened()
    unnamed = tab.evaluate(
        "[...document.querySelectorAll('select, input, button')]"
        ".filter(one => !(one.labels?.length || one.textContent.trim() || one.ariaLabel) || one.tabIndex < 0)"
        ".map(one => one.outerHTML.slice(0, 200))"
    )
    assert unnamed == []
    tab.get_by_label("Adam").focus()
    tab.keyboard.press("Space")
    assert {one[0] for one in shown(tab)} == {"Constant"}


def test_hostile_text_stays_text_in_the_browser(opened, suite):
    runs = ("constant", EVIL, f"{EVIL}+rate=1", f"{EVIL}+rate=2", "sgd+rate=1", "sgd+rate=2")
    tab = opened(suite(runs=runs, label=EVIL[:190], name=EVIL))
    tab.locator("button.family").first.click()
    assert len({one[0] for one in shown(tab)}) == 3
    assert tab.evaluate("window.hurt") is None
    assert tab.evaluate("document.images.length") == 0


def test_a_dark_page_is_printed_dark_on_white(opened):
    tab = opened(color_scheme="dark")
    font = "document.getElementById('chart').layout.font.color"
    assert tab.evaluate(font) == "#e6edf3"
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.evaluate(font) == "#1f2328"
    layout = "(({ width, height }) => [width, height])(document.getElementById('chart').layout)"
    assert tab.evaluate(layout) == [680, 415]
    assert tab.evaluate("document.querySelector('#chart .main-svg').clientHeight") == 415
    tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert tab.evaluate(font) == "#e6edf3"


def test_the_chart_says_what_it_shows(opened):
    tab = opened()
    chart = tab.locator("#chart")
    assert chart.get_attribute("aria-label") == "Line chart: validation accuracy by epoch of 2 of 2 runs"
    tab.get_by_label("Adam").uncheck()
    assert chart.get_attribute("aria-label") == "Line chart: validation accuracy by epoch of 1 of 2 runs"


def test_each_run_is_named_beside_its_line(opened):
    tab = opened()
    lines = tab.evaluate(
        "[...document.querySelectorAll('.swatch line')].map("
        "one => [getComputedStyle(one).stroke, getComputedStyle(one).strokeDasharray])"
    )
    assert lines == [["rgb(213, 94, 0)", "10px, 3px"], ["rgb(0, 0, 0)", "none"]]


def test_on_paper_the_controls_are_gone_and_the_names_of_lines_and_the_verdicts_stay(opened):
    tab = opened()
    tab.get_by_label("Adam").uncheck()
    tab.emulate_media(media="print")
    assert not tab.locator("#controls").locator("select:visible, input:visible, button:visible").count()
    assert tab.get_by_text("Constant", exact=True).is_visible()
    assert not tab.get_by_text("Adam", exact=True).is_visible()
    assert tab.locator("#verdicts li").first.is_visible()


def test_a_picture_of_the_page(opened, tmp_path):
    picture = opened().screenshot(full_page=True, path=tmp_path / "page.png")
    from PIL import Image

    pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB"))
    assert len(picture) > 10_000
    for colour in ("#D55E00", "#000000"):  # Adam's line and the constant rate's
        target = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
        assert (np.abs(pixels.astype(int) - target).max(axis=2) < 16).sum() > 100
