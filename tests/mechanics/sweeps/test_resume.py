"""Stores: continued by the sweep that made them, refused to others, damaged, foreign, hostile."""

import json
import pickle
import shutil

import numpy as np
import pytest
import xarray as xr
import zarr

from mechanics import sweep
from mechanics.sweeps import StoreError, failures, open_store


def run(cell, axes, out, **options):
    return sweep(cell, axes, out=out, **{"seeds": 4, "progress": False, "block": 10, **options})


@pytest.fixture(scope="module")
def made(tmp_path_factory, cell, axes):
    """A finished store and its data set; tests copy it."""
    folder = tmp_path_factory.mktemp("made") / "store"
    return folder, run(cell, axes, folder)


@pytest.fixture
def store(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "store")


def forget(store, blocks):
    for block in blocks:
        (store / "blocks" / f"{block}.json").unlink()


def edit(file, change):
    found = json.loads(file.read_text())
    change(found)
    file.write_text(json.dumps(found))


def test_xarray_opens_a_store_by_itself(made):
    found = xr.open_zarr(made[0], consolidated=False, chunks=None)
    assert found["x"].dims == ("eps", "n", "mode", "seed")
    np.testing.assert_array_equal(found["x"].mean("seed").shape, made[1]["x"].shape)
    np.testing.assert_allclose(found["curve"].mean("seed"), made[1]["curve"], rtol=1e-14)
    assert list(found["mode"].values) == ["a", "b"]


def test_only_missing_blocks_run_again(store, made, axes, log, cell):
    def counted(c, seed):
        log.calls.append((c["eps"], c["n"], c["mode"], seed))
        return cell(c, seed)

    shutil.rmtree(store)
    whole = run(counted, axes, store)
    assert whole.equals(made[1])
    assert len(log.calls) == len(set(log.calls)) == 144
    log.calls.clear()
    assert run(counted, axes, store).equals(whole)
    assert log.calls == []
    forget(store, [2, 7])
    assert run(counted, axes, store).equals(whole)
    assert len(log.calls) == 16  # chunks are of 2 modes and 4 seeds


def test_a_store_in_the_making_shows_what_is_there(store, made, cell, axes):
    forget(store, [0, 5])
    found = open_store(store)
    assert found.attrs["status"] == "incomplete"
    assert int(found["finished"].sum()) == 144 - 16
    left = found["finished"].values == 0
    assert np.isnan(found["x"].values[left]).all()
    np.testing.assert_array_equal(found["x"].values[~left], made[1]["x"].values[~left])
    raw = open_store(store, by_seed=True)
    assert int((raw["status"] == 0).sum()) == 16
    assert run(cell, axes, store).equals(made[1])


def test_blocks_that_split_a_cell_resume(cell, axes, tmp_path, made):
    run(cell, axes, tmp_path / "s", block=3)
    forget(tmp_path / "s", range(0, 40, 3))
    part = open_store(tmp_path / "s")
    assert ((part["finished"] > 0) & (part["finished"] < 4)).any()
    assert run(cell, axes, tmp_path / "s", block=99).equals(made[1])


def make_other():
    def cell(c, seed, scale=1.0):
        return {"x": scale * c["eps"] * seed}

    return cell


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"function": make_other()}, "its code, or what it reaches, has changed|it is .* now"),
        ({"seeds": 5}, "seeds: .*4 values before, 5 now.* gained 4"),
        ({"seeds": [3, 2, 1, 0]}, "seeds: has the same values in another order"),
        ({"axes": {"eps": np.linspace(0, 1, 5)}}, "axis 'eps' .*6 values before, 5 now"),
        ({"axes": {"n": [3, 2, 1]}}, "axis 'n' has the same values in another order"),
        ({"axes": {"n": [3.0, 1.0, 2.0]}}, "axis 'n' held int64 values, and holds float64 now"),
        ({"axes": {"mode": ["a", "c"]}}, "axis 'mode' .* lost b and gained c"),
        ({"axes": {"further": [1]}}, "the axes were"),
        ({"parameters": {"scale": 2.0}}, "the parameter 'scale' is new"),
        ({"allow_nan": True}, "allow_nan was False"),
        ({"dims": {"curve": ["layer"]}}, "dims were"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_another_sweep_is_refused_and_the_difference_named(store, made, cell, axes, change, message):
    call = {"function": cell, **change, "axes": {**axes, **change.get("axes", {})}}
    with pytest.raises(StoreError, match=message):
        run(call.pop("function"), call.pop("axes"), store, **call)
    assert open_store(store).equals(made[1])


def test_a_changed_parameter_is_named_with_both_values(cell, axes, tmp_path):
    run(cell, axes, tmp_path / "s", parameters={"scale": 2.0})
    with pytest.raises(StoreError, match=r"the parameter 'scale' was 2\.0, and is 3\.0"):
        run(cell, axes, tmp_path / "s", parameters={"scale": 3.0})


def test_a_changed_helper_counts_as_a_changed_function(tmp_path):
    def with_helper(factor):
        def helper(x):
            return factor * x

        return lambda c, seed: {"x": helper(c["a"])}

    run(with_helper(2.0), {"a": [1.0]}, tmp_path / "s")
    assert run(with_helper(2.0), {"a": [1.0]}, tmp_path / "s")["x"] == 2.0
    with pytest.raises(StoreError, match="has changed"):
        run(with_helper(3.0), {"a": [1.0]}, tmp_path / "s")


def test_nothing_is_deleted(store, made, cell, axes, tmp_path):
    with pytest.raises(FileExistsError, match="deletes nothing"):
        run(cell, axes, store, resume=False)
    assert open_store(store).equals(made[1])
    other = tmp_path / "other"
    other.mkdir()
    assert run(cell, axes, other, resume=False).equals(made[1])  # an empty folder is as good as none
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError):
        run(cell, axes, tmp_path / "file")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="not the store of a sweep"):
        run(cell, axes, mine)
    assert (mine / "notes.txt").read_text() == "mine"


def test_two_writers_are_kept_apart(store, cell, axes):
    from mechanics.sweeps.lock import locked

    pytest.importorskip("fcntl")
    with locked(store), pytest.raises(StoreError, match="being written by another sweep"):
        run(cell, axes, store)


def chunk(store, name, block_row):
    return next((store / name / "c").rglob("*")) if block_row is None else store / name / "c" / block_row


def damage_cut(store):
    file = store / "curve/c/3/1/0/0/0"
    file.write_bytes(file.read_bytes()[:20])


def damage_swapped(store):
    shutil.copy(store / "x/c/2/0/0/0", store / "x/c/3/1/0/0")


def damage_removed(store):
    (store / "x/c/3/1/0/0").unlink()


def damage_bit(store):
    array = zarr.open_group(store, mode="r+")["x"]
    array[3, 1, 0, 0] = np.nextafter(array[3, 1, 0, 0], 9.0)


def damage_record(store):
    (store / "blocks/10.json").write_text("{not json")


def damage_record_of_another(store):
    shutil.copy(store / "blocks/9.json", store / "blocks/10.json")


def damage_record_fields(store):
    (store / "blocks/10.json").write_text('{"block": 10, "sha256": 3, "outputs": []}')


@pytest.mark.parametrize(
    "damage",
    [
        damage_cut,
        damage_swapped,
        damage_removed,
        damage_bit,
        damage_record,
        damage_record_of_another,
        damage_record_fields,
    ],
)
def test_a_damaged_block_is_named_and_run_again(store, made, cell, axes, damage):
    damage(store)
    of_chunk = "record" not in damage.__name__
    if of_chunk:
        with pytest.warns(UserWarning, match=r"Block 10 \(eps=0.6.*\) is damaged"):
            found = open_store(store)
    else:
        found = open_store(store)
    assert int(found["finished"].sum()) == 144 - 8
    assert np.isnan(found["x"].values[3, 1]).all()
    with pytest.warns(UserWarning, match="block 10|10.json"):
        assert run(cell, axes, store).equals(made[1])
    assert open_store(store).equals(made[1])


def root(store, change):
    edit(store / "zarr.json", lambda found: change(found["attributes"]["mechanet"]))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda s: (s / "zarr.json").write_text("{"), "not the store of a sweep"),
        (lambda s: (s / "zarr.json").unlink(), "not the store of a sweep"),
        (lambda s: edit(s / "zarr.json", lambda f: f["attributes"].clear()), "no manifest"),
        (lambda s: root(s, lambda m: m.update(format="mechanet-sweep/9")), "format is 'mechanet-sweep/9'"),
        (lambda s: root(s, lambda m: m.pop("chunk")), "lacks a valid 'chunk'"),
        (lambda s: root(s, lambda m: m.update(chunk=[0, 1, 1, 1])), "lacks a valid 'chunk'"),
        (lambda s: root(s, lambda m: m.update(axes=[1, 2, 3])), "lacks valid 'axes'"),
        (lambda s: shutil.rmtree(s / "eps"), "not the store of a sweep"),
        (lambda s: edit(s / "x/zarr.json", lambda f: f.update(data_type="int64", fill_value=0)), "has type int64"),
        (lambda s: edit(s / "x/zarr.json", lambda f: f["shape"].__setitem__(0, 7)), "is expected"),
        (lambda s: edit(s / "eps/zarr.json", lambda f: f.update(shape=[10**15])), "not a coordinate"),
        (lambda s: edit(s / "status/zarr.json", lambda f: f.update(shape=[6, 3, 2])), "not the store of a sweep"),
    ],
)
def test_what_is_not_a_store_is_said_so(store, cell, axes, harm, message):
    harm(store)
    with pytest.raises(StoreError, match=message):
        open_store(store)
    with pytest.raises(StoreError, match=message):
        run(cell, axes, store)


def test_a_missing_store_is_said_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no store"):
        open_store(tmp_path / "nothing")


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_nothing_is_unpickled(store, tmp_path):
    """A store of Zarr's old format may hold pickled objects; a chunk may be a pickle; neither is looked into."""
    (store / "x/c/3/1/0/0").write_bytes(pickle.dumps(Evil()))
    with pytest.warns(UserWarning, match="damaged"):
        open_store(store)
    old = tmp_path / "old"
    old.mkdir()
    (old / ".zgroup").write_text('{"zarr_format": 2}')
    (old / ".zattrs").write_text(json.dumps({"mechanet": {"format": "mechanet-sweep/1"}}))
    with pytest.raises(StoreError):
        open_store(old)
    edit(store / "x/zarr.json", lambda f: f["codecs"].append({"name": "gzip", "configuration": {"level": 1}}))
    with pytest.raises(StoreError, match="GzipCodec"):
        open_store(store)


def test_failed_runs_are_stored_with_their_messages(axes, tmp_path):
    def picky(c, seed):
        if c["n"] == 2 and seed == 1:
            raise ValueError("no\nluck")
        return {"x": 1.0}

    found = run(picky, axes, tmp_path / "s")
    assert found.attrs["failed_runs"] == 12
    listed = failures(tmp_path / "s")
    assert len(listed) == 12
    assert all(c["n"] == 2 and seed == 1 and text == "ValueError: no luck" for c, seed, text in listed)
