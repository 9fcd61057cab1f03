"""Write the pages under docs/ that are made from the catalogue of schedules: `make pages`."""

from collections.abc import Iterable
from pathlib import Path

from cifar_lr import catalogue, drawing, preview
from cifar_lr.catalogue import Entry, Other
from cifar_lr.config import parse_yaml

DOCS = Path(__file__).parent
COLUMNS = 4
THUMBNAIL = 170  # pixels

EXAMPLE_LINE = """\
Five epochs of warm-up (785 updates), then cosines of twenty epochs each, every one 0.7 times as high as the
one before and none ever below 0.001:
"""
EXAMPLE_YAML = """\
learning_rate:
  class_name: WarmUp
  config:
    schedule:
      class_name: Clamp
      config:
        schedule:
          class_name: Repeat
          config:
            schedule:
              class_name: CosineRamp
              config: {start_learning_rate: 0.1, end_learning_rate: 0.0, ramp_steps: 3140}
            period: 3140
            rate_factor: 0.7
        minimum: 0.001
    warm_up_steps: 785
"""
EXAMPLE = Entry(
    "worked_example", EXAMPLE_LINE, "-", parse_yaml(EXAMPLE_YAML, "EXAMPLE_YAML")["learning_rate"], "-"
)

INTRODUCTION = """\
# Schedules

Every schedule of this package by its name in the field, with its formula, where it comes from, and the YAML
that asks for it. [counterparts.md](counterparts.md) says what equals it in other libraries,
[own_schedule.md](own_schedule.md) how to write another. `make pages` writes this page from
`cifar_lr/catalogue.py`.

- **Pictures** have the rate over the epochs done, from 0 up, for a run of 100 epochs of 157 updates.
- **Formulas**: t counts from 0 the updates made before, or, with `unit: epoch`, the epochs; a0 is the initial
  rate, T a length or a period, w the steps of a warm-up, s those of a level, d a factor or the steps of a way
  down, f and p the factors of rate and period. Other names are the YAML's.
- **YAML** goes into a run's file at `optimizer.config.learning_rate`.

The same at a terminal, for any of them or for a run of yours, before anything is trained:

    cifar-lr schedules list
    cifar-lr schedules show step                    # formula, YAML, rates as a plot and a table
    cifar-lr schedules show step config.drop=0.7    # with another setting
    cifar-lr schedules show configs/article/step.yaml epochs=50
    cifar-lr schedules plot step cosine one_cycle --out rates.png
"""

COMBINING = """\
## Combining them

`WarmUp`, `Delay`, `Scale`, `Clamp`, `Repeat` and `KDecay` change the `schedule` that they are given, and
`Join` plays several one after the other, each on a clock of its own that starts at 0. They nest, with Keras's
own schedules inside as well, and what says `unit: epoch` counts epochs for everything within it.
"""

OTHERS = """\
## What is no function of the step

These lower the rate by what happens during training, or do without lowering it. Their YAML belongs at the top
of a run's file.
"""


def schedules_page() -> str:
    """Return the text of docs/schedules.md."""
    sections = [
        INTRODUCTION,
        _index([entry.name for entry in catalogue.ENTRIES]),
        "Beside them: " + ", ".join(f"[{other.name}](#{other.name})" for other in catalogue.OTHERS) + ".\n",
        COMBINING,
        EXAMPLE.line,
        _picture_and_yaml(EXAMPLE),
        "## Each of them\n",
        *map(_section, catalogue.ENTRIES),
        OTHERS,
        *map(_section_of_other, catalogue.OTHERS),
    ]
    return "\n".join(sections)


def pictures() -> dict[str, preview.Preview]:
    """Return what docs/schedules/ has a picture of, by the stem of its file."""
    return {entry.name: preview.of_entry(entry) for entry in (*catalogue.ENTRIES, EXAMPLE)}


def _index(names: Iterable[str]) -> str:
    """Return a table of small pictures, each a link to its section."""
    cells = [
        f'<a href="#{name}"><img src="schedules/{name}.svg" width="{THUMBNAIL}" alt=""><br>{name}</a>'
        for name in names
    ]
    rows = [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
    lines = [[""] * COLUMNS, ["---"] * COLUMNS, *rows]
    return "".join(f"| {' | '.join([*line, *[''] * (COLUMNS - len(line))])} |\n" for line in lines)


def _section(entry: Entry) -> str:
    source = "" if entry.reference == "-" else f", from {entry.reference}"
    return f"### {entry.name}\n\n{entry.line}\n\n`{entry.formula}`{source}\n\n{_picture_and_yaml(entry)}"


def _picture_and_yaml(entry: Entry) -> str:
    yaml = preview.to_yaml({"learning_rate": entry.settings})
    return f"![its rates](schedules/{entry.name}.svg)\n\n```yaml\n{yaml}```\n"


def _section_of_other(other: Other) -> str:
    return f"### {other.name}\n\n{other.line}\n\nFrom {other.reference}\n\n```yaml\n{other.yaml}```\n"


def main() -> None:
    """Write every page, and the pictures of docs/schedules.md."""
    drawn = {stem: preview.draw_picture(shown) for stem, shown in pictures().items()}
    for path in drawing.save(drawn, DOCS / "schedules", ["svg"]):
        print(path)
    from counterparts_page import counterparts_page  # beside this file; computes with what tests/ has

    for name, page in {"schedules": schedules_page, "counterparts": counterparts_page}.items():
        (DOCS / f"{name}.md").write_text(page(), encoding="utf-8")
        print(DOCS / f"{name}.md")


if __name__ == "__main__":
    main()
