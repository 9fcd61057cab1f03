"""Whatever an archive, a folder, an image or a server tries, it is refused in one line and does nothing.

Each case is a hostile thing in a sandbox of its own (`ward.Lair`): folders within folders, a file to be
spoilt in each. A ward, another process, looks for images there, and reports what happened; then the sandbox
is compared with what it was. The thing has to be refused with a `DataError`, on one line that names it. A
server may also be got over, if the archive is then there once and whole; random damage may also have hit
nothing that matters.

Every pickle is tried under the official hash, too, which nobody can forge: there it meets the restricted
unpickler.
"""

import itertools
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from torture.campaign import Outcome, main, say
from torture.hostile_files import (
    control_cases,
    damage_cases,
    folder_cases,
    image_cases,
    official,
    official_cases,
    pickle_cases,
    tar_cases,
    zip_cases,
)
from torture.hostile_servers import Host, at_once_cases, keras_cases, server_cases
from torture.ward import Bait, Case, Lair, Report, Ward

PEAK_BYTES = 320 * 2**20
CASE_SECONDS = 20.0
LONGEST_MESSAGE = 4_000
AT_ONCE = 8


def judge(case: Case, bait: Bait, report: Report, originals: Mapping[str, str]) -> Iterator[str]:
    """Say what is wrong with what came of a case, a line each.

    Args:
        case: what was tried.
        bait: what the ward was given.
        report: what it did.
        originals: the fingerprints of the things of which cases are made.
    """
    if report.verdict == "raised":
        yield f"raised {report.text[:300]}"
    elif report.verdict == "lost":
        yield f"the process was lost: {report.text}"
    elif report.verdict == "refused":
        if case.expected == "whole":
            yield f"refused: {report.text[:300]}"
        yield from _unclear(report.text, bait.names)
    elif case.expected == "refused":
        yield "accepted"
    elif report.fingerprint != originals.get(case.original):
        yield "accepted, but with other images"
    yield from (f"did {deed}" for deed in report.deeds)
    if report.short_of and not case.exhausts:
        yield f"met the limit: {report.short_of}"
    if report.peak > PEAK_BYTES and not case.exhausts:
        yield f"needed {report.peak:,} bytes of memory; allowed are {PEAK_BYTES:,}"
    if report.seconds > CASE_SECONDS:
        yield f"took {report.seconds:.0f} s; allowed are {CASE_SECONDS:.0f}"


def _unclear(text: str, names: tuple[str, ...]) -> Iterator[str]:
    if not text.isprintable():
        yield f"the error is not one line of plain characters: {text[:300]!r}"
    if len(text) > LONGEST_MESSAGE:
        yield f"the error has {len(text):,} characters"
    yield from (f"the error does not name {name!r}: {text[:300]}" for name in names if name not in text)


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    """Say what differs between two states of a lair, a line each."""
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            yield f"removed {path}"
        elif path not in before:
            yield f"created {path}"
        elif before[path] != after[path]:
            yield f"changed {path}"


def leftovers(lair: Lair, bait: Bait, report: Report) -> Iterator[str]:
    """Say what lies in the cache and should not, a line each: a refusal leaves part of a download."""
    sizes = {f"downloads/{archive.name}": archive.size for archive in bait.archives}
    for name in lair.left():
        if report.verdict == "accepted" and name.endswith(("/train.npy", "/test.npy", "/meta.json")):
            continue
        size = (lair.cache / name).stat().st_size
        part = name.removesuffix(".part")
        if part != name and size <= sizes.get(part, -1) and report.verdict != "accepted":
            continue
        if report.verdict == "accepted" and bait.source == "cifar10" and size == sizes.get(name):
            continue
        yield f"left {name} of {size:,} bytes in the cache"


class Camp:
    """Where cases are tried, one after another."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hostile-")
        self._host = Host(official(), Path(self._folder.name) / "stored.tar.gz")
        self._wards: list[Ward] = []
        self._tried = 0
        self.originals: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._host.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for ward in self._wards:
            ward.end()
        self._host.__exit__()
        self._folder.cleanup()

    def attempt(self, case: Case) -> Outcome:
        """Try one case, and say what came of it."""
        self._tried += 1
        lair = Lair(Path(self._folder.name) / str(self._tried))
        bait = case.lay(lair, self._host)
        before, asked = lair.state(), len(self._host.requests)
        reports = self._given(lair, bait, AT_ONCE if case.kind == "at once" else 1)
        if case.kind == "control":
            self.originals.setdefault(case.original, reports[0].fingerprint)
        wrong = [line for report in reports for line in judge(case, bait, report, self.originals)]
        wrong += [*changes(before, lair.state()), *leftovers(lair, bait, reports[0])]
        requests = len(self._host.requests) - asked
        if case.kind == "at once" and case.expected == "whole" and requests > _most_requests(bait):
            wrong.append(f"made {requests} requests; enough are {_most_requests(bait)}")
        shutil.rmtree(lair.root)
        outcome = Outcome(cases=1, failures=[f"{case.kind}: {case.name}: {line}" for line in wrong])
        outcome.counts[f"{case.kind}: {', '.join(sorted({report.verdict for report in reports}))}"] += 1
        return outcome

    def _given(self, lair: Lair, bait: Bait, count: int) -> list[Report]:
        while len(self._wards) < count:
            self._wards.append(Ward())
        wards = self._wards[:count]
        for ward in wards:
            ward.begin()
        for ward in wards:
            ward.give(lair, bait)
        reports = [ward.report() for ward in wards]
        for ward, report in zip(wards, reports, strict=True):
            if report.peak > PEAK_BYTES:
                ward.end()  # or else what comes after would be blamed
        return reports


def _most_requests(bait: Bait) -> int:
    """One for each address; one more where a redirect or a wrong half has to be found out."""
    urls = [url for archive in bait.archives for url in archive.urls]
    return len(urls) + sum(url.endswith(("to_good", "changed")) for url in urls)


def systematic() -> Iterator[Case]:
    """Every case that is made on purpose."""
    return itertools.chain(
        control_cases(),
        tar_cases(),
        zip_cases(),
        image_cases(),
        folder_cases(),
        official_cases(),
        pickle_cases(),
        keras_cases(),
        server_cases(),
        at_once_cases(),
    )


def attempt_all(cases: Iterable[Case]) -> Outcome:
    """Try cases, the controls first."""
    outcome = Outcome()
    with Camp() as camp:
        for case in cases:
            outcome += camp.attempt(case)
            if outcome.cases % 100 == 0:
                say(f"{outcome.cases} cases, {len(outcome.failures)} failures")
    return outcome


def campaign(cases: int, seed: int) -> Outcome:
    """Try every case that is made on purpose, then random damage until `cases` were tried."""
    made = list(systematic())
    return attempt_all([*made, *itertools.islice(damage_cases(seed), max(0, cases - len(made)))])


if __name__ == "__main__":
    raise SystemExit(main("hostile", campaign, 2_000))
