"""A run's state on disk: whole or not there, of this run or refused."""

import hashlib
import json
import multiprocessing
import shutil
import zipfile

import numpy as np
import pytest

from cifar_lr import checkpoint, durable, history
from cifar_lr.checkpoint import CheckpointError, State, Store
from cifar_lr.durable import SealError

ORIGIN = history.Origin(processor="a processor", device="CPU", versions={"keras": "3"})


def state(epoch, update=0):
    draws = np.random.default_rng(epoch)
    arrays = {"model/0000": draws.random((3, 2), np.float32), "ended": np.zeros((), bool)}
    return State(epoch, update, arrays | {"seeds": np.array([2**62, epoch])})


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "state", "a key", ORIGIN) as store:
        yield store


def names(store):
    return sorted(path.name for path in store.folder.iterdir() if not path.name.startswith("."))


def test_a_state_reads_back_bit_for_bit(store):
    store.commit(state(7))
    found, said = store.latest()
    assert (found.state.epoch, found.state.update, said) == (7, 0, [])
    for name, array in state(7).arrays.items():
        assert found.state.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.state.arrays[name], array, strict=True)
    assert (found.manifest.key, found.manifest.origin) == ("a key", ORIGIN)


def test_the_last_two_are_kept_in_the_order_of_epochs_and_updates(store):
    for epoch, update in [(9, 0), (10, 0), (10, 46), (11, 0)]:
        store.commit(state(epoch, update))
    assert names(store) == ["epoch-000010-update-000046", "epoch-000011"]
    assert store.latest()[0].state.epoch == 11


def test_nothing_to_go_on_from(store):
    assert store.latest() == (None, [])


def test_a_manifest_says_what_the_arrays_are(store):
    store.commit(state(1))
    manifest = json.loads((store.folder / "epoch-000001" / "manifest.json").read_text())
    assert manifest["arrays"]["model/0000"] == {"dtype": "float32", "shape": [3, 2]}
    assert (manifest["epoch"], manifest["update"]) == (1, 0)
    assert manifest["arrays_bytes"] == (store.folder / "epoch-000001" / "arrays.npz").stat().st_size


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        (
            "arrays.npz",
            lambda b: b[:-1],
            "arrays.npz is not as it was written: its SHA-256 is not the manifest's",
        ),
        ("arrays.npz", lambda b: b + b"x", "arrays.npz is larger than "),
        ("arrays.npz", lambda _: None, "arrays.npz is missing"),
        ("manifest.json", lambda b: b.replace(b"float32", b"float64"), "its content and its sha256 disagree"),
        (
            "manifest.json",
            lambda b: b.replace(b'"epoch": 2', b'"epoch": 3'),
            "its content and its sha256 disagree",
        ),
        ("manifest.json", lambda b: b + b"\n", "its content and its sha256 disagree"),
        (
            "manifest.json",
            lambda b: b[: len(b) // 2],
            "manifest.json is not as it was written: the file: invalid json",
        ),
        (
            "manifest.json",
            lambda b: b.replace(b'"epoch": 2', b'"epoch": 2' + 4000 * b"0"),
            "manifest.json is not as it was written: epoch: input should be less than or equal to 1000000000000",
        ),
        ("manifest.json", lambda _: None, "manifest.json is missing"),
    ],
)
def test_a_damaged_generation_is_set_aside_and_the_one_before_it_used(store, name, change, problem):
    store.commit(state(1))
    store.commit(state(2))
    path = store.folder / "epoch-000002" / name
    content = change(path.read_bytes())
    path.unlink() if content is None else path.write_bytes(content)
    found, said = store.latest()
    assert found.state.epoch == 1
    assert len(said) == 1
    assert said[0].startswith(f"{store.folder / 'epoch-000002'}: ")
    assert problem in said[0]
    assert said[0].endswith(f"It was set aside, {store.folder / 'damaged-epoch-000002'}")
    store.commit(state(2))
    assert names(store) == ["damaged-epoch-000002", "epoch-000001", "epoch-000002"]


def test_what_is_no_folder_in_a_generations_place_is_set_aside(store, tmp_path):
    store.commit(state(1))
    (store.folder / "epoch-000002").write_bytes(b"a file")
    elsewhere = tmp_path / "elsewhere"
    (store.folder / "epoch-000001").rename(elsewhere)
    (store.folder / "epoch-000001").symlink_to(elsewhere)
    found, said = store.latest()
    assert found is None
    assert ["is not a folder" in line for line in said] == [True, True, False]
    for epoch in (1, 2, 3):
        store.commit(state(epoch))
    assert store.latest()[0].state.epoch == 3
    assert sorted(path.name for path in elsewhere.iterdir()) == ["arrays.npz", "manifest.json"]


@pytest.mark.parametrize("make", [lambda path: path.touch(), lambda path: path.symlink_to(path.parent)])
def test_what_is_no_folder_in_the_states_place_is_refused(tmp_path, make):
    make(tmp_path / "state")
    message = "state: is not a folder, where a run's state goes. Remove it"
    with pytest.raises(CheckpointError, match=message), Store(tmp_path / "state", "a key", ORIGIN):
        pass


def test_when_all_generations_are_damaged_the_run_starts_over_and_says_so(store):
    for epoch in (1, 2):
        store.commit(state(epoch))
        (store.folder / f"epoch-{epoch:06}" / "arrays.npz").write_bytes(b"")
    found, said = store.latest()
    assert found is None
    assert said[2] == f"{store.folder}: no generation is left, so the run starts over"


def test_a_generation_under_the_name_of_another_is_damaged(store):
    store.commit(state(1))
    (store.folder / "epoch-000001").rename(store.folder / "epoch-000005")
    found, said = store.latest()
    assert found is None
    assert "manifest.json is that of epoch 1, update 0" in said[0]


def test_what_a_killed_commit_left_is_cleared_away(store):
    store.commit(state(1))
    (store.folder / ".epoch-000002.tmp").mkdir()
    (store.folder / ".epoch-000002.tmp" / "arrays.npz").write_bytes(b"half")
    found, said = store.latest()
    assert (found.state.epoch, said) == (1, [])
    assert not list(store.folder.glob(".*.tmp"))


def forged(folder, arrays):
    """Give a generation other arrays, and a manifest that vouches for them."""
    old = checkpoint.read(folder).manifest
    manifest = old.model_copy(
        update={"arrays_bytes": len(arrays), "arrays_sha256": hashlib.sha256(arrays).hexdigest()}
    )
    (folder / "arrays.npz").write_bytes(arrays)
    (folder / "manifest.json").write_bytes(durable.seal(manifest))


def pickled(path):
    np.savez(path, **{"model/0000": np.array([{}], dtype=object)})


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/0000.npy", b"\x00" * 10_000_000)


def others(path):
    np.savez(path, **{"model/0001": np.zeros(3)})


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (pickled, "can not be unpacked: Object arrays cannot be loaded when allow_pickle=False"),
        (bomb, "arrays.npz is compressed, which no state is"),
        (others, "arrays.npz holds other arrays than its manifest says"),
    ],
)
def test_forged_arrays_for_which_a_manifest_vouches(store, tmp_path, write, problem):
    store.commit(state(1))
    write(tmp_path / "forged.npz")
    forged(store.folder / "epoch-000001", (tmp_path / "forged.npz").read_bytes())
    with pytest.raises(SealError, match=problem):
        checkpoint.read(store.folder / "epoch-000001")


def test_a_commit_that_fails_says_what_is_saved_and_leaves_it(store, monkeypatch):
    store.commit(state(1))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.durable, "write", full)
    with pytest.raises(CheckpointError) as error:
        store.commit(state(2))
    assert str(error.value) == (
        f"{store.folder / 'epoch-000002'}: could not be saved: No space left on device. "
        "The last that is saved is epoch-000001"
    )
    monkeypatch.undo()
    assert store.latest()[0].state.epoch == 1


def test_a_folder_that_vanishes(store):
    store.commit(state(1))
    shutil.rmtree(store.folder)
    with pytest.raises(CheckpointError, match=r"No such file or directory. The folder is gone$"):
        store.commit(state(2))
    with pytest.raises(CheckpointError, match="state: No such file or directory"):
        store.beat()


def hold(folder, held, release):
    with Store(folder, "a key", ORIGIN):
        held.set()
        release.wait(60)


def test_a_state_is_one_process_own_and_free_when_that_dies(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS_FOR_LOCK", 0.1)
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    holder = context.Process(target=hold, args=(tmp_path / "state", held, release))
    holder.start()
    assert held.wait(60)
    with (
        pytest.raises(CheckpointError, match="state: another process is training this run"),
        Store(tmp_path / "state", "a key", ORIGIN),
    ):
        pass
    holder.kill()
    holder.join()
    with Store(tmp_path / "state", "a key", ORIGIN) as store:
        assert store.latest() == (None, [])


def test_removing_a_link_in_a_states_place_leaves_what_it_points_to(store, tmp_path):
    store.commit(state(1))
    (tmp_path / "link").symlink_to(store.folder)
    checkpoint.remove(tmp_path / "link")
    assert not (tmp_path / "link").is_symlink()
    assert names(store) == ["epoch-000001"]


def test_removing_a_state_that_is_gone(tmp_path):
    checkpoint.remove(tmp_path / "state")
    assert not (tmp_path / "state").exists()
