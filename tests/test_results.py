"""The committed figures are what the code draws of the committed histories."""

import html
import re

import pytest
from conftest import ROOT

from cifar_lr import history, imported, summary
from cifar_lr.figures import draw_all

SUITES = sorted(path.parent.name for path in (ROOT / "results").glob("*/figures"))


def texts_of(figure):
    return {
        " ".join(text.get_text().split())
        for text in (*figure.texts, *(text for axes in figure.axes for text in axes.texts))
    }


@pytest.mark.parametrize("suite", SUITES)
def test_summaries_are_of_the_histories(suite, tmp_path):
    folder = ROOT / "results" / suite
    summary.write(history.find(folder), tmp_path / "summary.csv")
    assert (folder / "summary.csv").read_text("utf-8") == (tmp_path / "summary.csv").read_text("utf-8")


@pytest.mark.parametrize("suite", SUITES)
def test_figures_are_of_the_histories_and_of_this_code(suite, monkeypatch):
    monkeypatch.chdir(ROOT)
    published = ROOT / "configs" / suite / "published.csv"
    others = imported.load(published) if published.exists() else ()
    drawn = draw_all(history.find(ROOT / "results" / suite), others)
    folder = ROOT / "results" / suite / "figures"
    assert {path.stem for path in folder.glob("*.svg")} == set(drawn)
    assert {path.stem for path in folder.glob("*.png")} == set(drawn)
    for stem, figure in drawn.items():
        svg = (folder / f"{stem}.svg").read_text(encoding="utf-8")
        lines = re.findall(r"<text[^>]*>(.*?)</text>", svg, flags=re.DOTALL)
        written = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", " ".join(lines))).split())
        for text in texts_of(figure):
            assert text in written, f"{stem}: {text}. Draw it again: cifar-lr plot results/{suite}"
