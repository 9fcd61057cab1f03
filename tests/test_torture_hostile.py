"""The campaign of hostile things in a short form, and that it would see what it looks for."""

import itertools
import sys

import pytest

from torture import hostile, hostile_files, hostile_servers
from torture.ward import Bait, Case, Lair, Report, Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a ward's limits are Linux's")

# How many of each kind: every so manieth, so that all sections are met.
SHARES = {
    hostile_files.tar_cases: 8,
    hostile_files.zip_cases: 6,
    hostile_files.image_cases: 10,
    hostile_files.folder_cases: 4,
    hostile_files.official_cases: 4,
    hostile_files.pickle_cases: 7,
    hostile_servers.keras_cases: 6,
}


def cases():
    yield from hostile_files.control_cases()
    for section, share in SHARES.items():
        yield from itertools.islice(section(), 3, None, share)
    servers = list(hostile_servers.server_cases())
    yield from [case for case in servers if not case.slow][::20]
    yield from [case for case in servers if case.name == "slow_head, then good"]
    yield from itertools.islice(hostile_files.damage_cases(seed=1), 30)
    yield next(hostile_servers.at_once_cases())


def test_short_form():
    outcome = hostile.attempt_all(cases())
    assert outcome.failures == []
    assert outcome.cases >= 130
    assert outcome.counts["control: accepted"] == 7
    assert outcome.counts["at once: accepted"] == 1


def test_all_that_is_made_has_a_name_of_its_own():
    names = [(case.kind, case.name) for case in hostile.systematic()]
    assert len(names) == len(set(names)) >= 1000


def test_what_is_accepted_and_should_not_be_is_a_failure():
    good = next(hostile_files.control_cases())
    wrong = Case("tar", "a good tar", good.lay, "refused")
    other = Case("tar", "another's images", good.lay, "refused or whole", "cifar")
    outcome = hostile.attempt_all([good, wrong, other])
    assert outcome.failures == [
        "tar: a good tar: accepted",
        "tar: another's images: accepted, but with other images",
    ]


CASE = Case("tar", "x", lambda *_: Bait("x"))
REFUSED = {"verdict": "refused", "text": "x.tar is no tar"}


@pytest.mark.parametrize(
    ("report", "failure"),
    [
        ({}, None),
        ({"verdict": "accepted"}, "accepted"),
        ({"verdict": "raised", "text": "MemoryError: "}, "raised MemoryError: "),
        ({"verdict": "lost", "text": "hung for 60 s"}, "the process was lost: hung for 60 s"),
        ({"text": "x.tar\nis no tar"}, "the error is not one line of plain characters: 'x.tar\\nis no tar'"),
        ({"text": "x.tar" * 1000}, "the error has 5,000 characters"),
        ({"text": "no tar"}, "the error does not name 'x.tar': no tar"),
        ({"deeds": ["os.system ('ls',)"]}, "did os.system ('ls',)"),
        ({"short_of": "memory"}, "met the limit: memory"),
        ({"peak": 2**30}, "needed 1,073,741,824 bytes of memory; allowed are 335,544,320"),
        ({"seconds": 21.0}, "took 21 s; allowed are 20"),
    ],
)
def test_judge(report, failure):
    found = list(hostile.judge(CASE, Bait("x.tar", names=("x.tar",)), Report(**(REFUSED | report)), {}))
    assert found == ([failure] if failure else [])


def test_change_outside_of_the_cache_is_a_failure(tmp_path):
    lair = Lair(tmp_path / "lair")
    before = lair.state()
    (lair.cache / "anything").write_bytes(b"x")
    assert list(hostile.changes(before, lair.state())) == []
    (lair.root / "a" / "victim.png").write_bytes(b"spoilt")
    (lair.inbox / "victim.png").unlink()
    (lair.root / "home" / "more").symlink_to("/")
    found = list(hostile.changes(before, lair.state()))
    for line in (
        f"changed {lair.root}/a/victim.png",
        f"removed {lair.inbox}/victim.png",
        f"created {lair.root}/home/more",
    ):
        assert line in found


def test_what_a_refusal_leaves_is_a_failure(tmp_path):
    lair = Lair(tmp_path / "lair")
    (lair.cache / "path-1").mkdir()
    (lair.cache / ".path-1.lock").touch()
    (lair.cache / "path-1" / "train.npy").write_bytes(b"half")
    report = Report(**REFUSED)
    found = list(hostile.leftovers(lair, Bait("x.tar"), report))
    assert found == ["left path-1/train.npy of 4 bytes in the cache"]


@pytest.mark.parametrize(
    ("event", "arguments", "noted"),
    [
        ("pickle.find_class", ("os", "system"), True),
        ("pickle.find_class", ("numpy", "ndarray"), False),
        ("os.system", (b"ls",), True),
        ("subprocess.Popen", ("ls", ["ls"], None, None), True),
        ("exec", (compile("1", "<string>", "exec"),), True),
        ("exec", (test_judge.__code__,), False),
        ("open", ("{cache}/x", "w", 0o1101), False),
        ("open", ("{cache}/../x", "w", 0o1101), True),
        ("open", ("/etc/passwd", "r", 0), False),
        ("os.remove", ("/etc/passwd", -1), True),
        ("os.rename", ("{cache}/x", "/x", -1, -1), True),
        ("os.symlink", ("/", "{cache}/x", -1), True),
        ("socket.connect", (None, ("192.0.2.1", 80)), True),
        ("socket.connect", (None, ("127.0.0.1", 80)), False),
    ],
)
def test_watch(tmp_path, event, arguments, noted):
    watch = Watch()
    watch.allowed = str(tmp_path)
    watch(
        event,
        tuple(each.format(cache=tmp_path) if isinstance(each, str) else each for each in arguments),
    )
    assert bool(watch.deeds) == noted
