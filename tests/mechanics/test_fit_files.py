"""Load curves in files: every documented form gives the same arrays, every bad file is told what is wrong and where."""

import json

import numpy as np
import pytest

from mechanics.chain import SpringChain, save_run
from mechanics.fit_files import read_load_curves

EPOCHS = np.array([0.0, 1, 2, 4, 8, 16])
CURVES = np.random.default_rng(1).normal(size=(2, 6, 4)).round(6)
END = np.random.default_rng(2).normal(size=(2, 6)).round(6)


def wide(path, curves=CURVES, epochs=EPOCHS, seeds=("a", "b"), end=END, header="seed,epoch,D_0,D_1,D_2,D_3,end"):
    lines = ["# a comment", header]
    for s, seed in enumerate(seeds):
        for i, t in enumerate(epochs):
            lines.append(",".join([seed, f"{t:g}", *(repr(float(v)) for v in curves[s, i]), repr(float(end[s, i]))]))
    path.write_text("\n".join(lines) + "\n")
    return path


def long(path, layers=("0", "1", "2", "3")):
    lines = ["seed,epoch,layer,D"]
    for s, seed in enumerate("ab"):
        for i, t in enumerate(EPOCHS):
            lines += [f"{seed},{t:g},{l},{float(CURVES[s, i, int(l)])!r}" for l in layers]
            lines.append(f"{seed},{t:g},end,{float(END[s, i])!r}")
    path.write_text("\n".join(lines) + "\n")
    return path


def check(found, seeds=("a", "b")):
    np.testing.assert_array_equal(found.load_curves, CURVES)
    np.testing.assert_array_equal(found.epochs, EPOCHS)
    np.testing.assert_array_equal(found.end, END)
    assert found.seeds == seeds
    assert found.notes == ()


def test_wide_and_long_tables_hold_the_same_curves(tmp_path):
    check(read_load_curves(wide(tmp_path / "wide.csv")))
    check(read_load_curves(long(tmp_path / "long.csv")))


def test_numbers_without_a_header_are_epoch_and_loads(tmp_path):
    np.savetxt(tmp_path / "plain.csv", np.c_[EPOCHS, CURVES[0]], delimiter=",")
    found = read_load_curves(tmp_path / "plain.csv")
    np.testing.assert_allclose(found.load_curves[0], CURVES[0])
    assert found.end is None


def test_arrays_with_and_without_seeds(tmp_path):
    np.savez(tmp_path / "many.npz", load_curves=CURVES, epochs=EPOCHS, end=END)
    check(read_load_curves(tmp_path / "many.npz"), ("0", "1"))
    np.savez(tmp_path / "one.npz", load_curves=CURVES[0], epochs=EPOCHS.astype(int), end=END[0])
    one = read_load_curves(tmp_path / "one.npz")
    np.testing.assert_array_equal(one.load_curves, CURVES[:1])
    np.testing.assert_array_equal(one.end, END[:1])


def test_a_store_of_xarray_holds_the_same_names(tmp_path):
    xr = pytest.importorskip("xarray")
    pytest.importorskip("zarr")
    dataset = xr.Dataset(
        {"load_curves": (("seed", "epoch", "layer"), CURVES), "end": (("seed", "epoch"), END)},
        {"seed": ["a", "b"], "epoch": EPOCHS},
    )
    dataset.to_zarr(tmp_path / "curves.zarr", zarr_format=2)
    check(read_load_curves(tmp_path / "curves.zarr"))
    dataset.drop_vars("epoch").to_zarr(tmp_path / "without.zarr", zarr_format=2)
    with pytest.raises(ValueError, match="does not say its epochs"):
        read_load_curves(tmp_path / "without.zarr")


def test_a_saved_run_of_a_chain_knows_its_end(tmp_path):
    run = SpringChain(3, eps_bar=0.0).simulate(20, 0.1, save_every=2)
    save_run(run, tmp_path / "run.npz")
    found = read_load_curves(tmp_path / "run.npz")
    np.testing.assert_array_equal(found.load_curves, run.load_curve)
    assert found.last == "end"


def test_saved_trainings_are_read_without_their_package(tmp_path):
    """A History a file, one seed each; an ensemble of two settings in one file."""
    for seed in (4, 7):
        header = json.dumps(
            {"format": 1, "settings": {"seed": seed, "lr": 0.1, "run_hash": f"h{seed}"}, "status": "finished"}
        )
        np.savez(
            tmp_path / f"run{seed}.npz", header=np.array(header), load_curves=CURVES[int(seed == 7)], epochs=EPOCHS,
            output_load=END[int(seed == 7)],
        )  # fmt: skip
    check(read_load_curves([tmp_path / "run4.npz", tmp_path / "run7.npz"]), ("4", "7"))
    configs = [{"seed": s, "lr": 1e-3, "dropout": p} for p in (0.0, 0.2) for s in (1, 2)]
    about = json.dumps({"format": "mechanet ensemble of networks 1", "configs": configs})
    both, ends = np.concatenate([CURVES + 1, CURVES]), np.concatenate([END, END])
    np.savez(tmp_path / "e.npz", about=np.array(about), load_curves=both, epochs=EPOCHS, output_load=ends)
    check(read_load_curves(tmp_path / "e.npz", setting=1), ("1", "2"))
    with pytest.raises(
        ValueError, match=r"2 settings.*choose it by --setting: 0: dropout=0 \(2 seeds\); 1: dropout=0.2"
    ):
        read_load_curves(tmp_path / "e.npz")
    with pytest.raises(ValueError, match=r"setting must be in 0 \.\. 1"):
        read_load_curves(tmp_path / "e.npz", setting=2)


def test_epochs_without_numbers_are_left_out_and_said(tmp_path):
    holed = CURVES.copy()
    holed[1, 2, 3] = np.nan
    found = read_load_curves(wide(tmp_path / "holed.csv", holed))
    np.testing.assert_array_equal(found.epochs, np.delete(EPOCHS, 2))
    np.testing.assert_array_equal(found.load_curves, np.delete(CURVES, 2, axis=1))
    np.testing.assert_array_equal(found.end, np.delete(END, 2, axis=1))
    assert found.notes == ("Left out, as a load is not a number there: 1 epoch (2).",)


def test_a_network_that_failed_is_left_out_as_a_whole(tmp_path):
    failed = CURVES.copy()
    failed[0, 2:] = np.nan
    found = read_load_curves(wide(tmp_path / "failed.csv", failed))
    np.testing.assert_array_equal(found.load_curves, CURVES[1:])
    assert found.seeds == ("b",)
    assert "seeds a" in found.notes[0]


def test_too_few_whole_epochs_are_refused(tmp_path):
    holed = CURVES.copy()
    holed[1, 2:4, 0] = np.nan
    with pytest.raises(ValueError, match=r"a fit needs 5 epochs.*4 of 6"):
        read_load_curves(wide(tmp_path / "holed.csv", holed))


HEAD = "epoch,D_0,D_1,D_2\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed,D_0,D_1,D_2\n0,1,2,3\n", "lacks the column epoch; it has seed, D_0, D_1, D_2"),
        ("epoch,D_0,D_1\n0,1,2\n", "must have columns D_0, D_1, D_2 or more"),
        ("epoch,D_1,D_0,D_2\n0,1,2,3\n", "layers must be in order.*but are D_1, D_0, D_2"),
        ("epoch,D_0,D_1,D_3\n0,1,2,3\n", "layers must be in order"),
        ("epoch,D_0,D_1,D_2,gain\n0,1,2,3,4\n", "columns gain are not known"),
        ("epoch,D_0,D_1,D_1\n0,1,2,3\n", "D_1 appear twice"),
        (HEAD + "0,1,2,3\n2,1,2,3\n1,1,2,3\n", "line 4: epochs must increase, but 1 follows 2"),
        (HEAD + "0,1,2,3\n1,1,2\n", "line 3: 4 cells are wanted, but there are 3"),
        (HEAD + "0,1,two,3\n", "line 2: column D_1 must hold a number, but holds 'two'"),
        (HEAD, "no row after its header"),
        ("", "is empty; wanted are"),
        ("epoch,layer,D\n0,0,1\n0,2,1\n", "line 3: layers must be in order.*1 is the next one"),
        ("epoch,layer,load_\n0,0,1\n", "lacks the column D"),
        ("seed,epoch,D_0,D_1,D_2\n0,0,1,2,3\n1,1,1,2,3\n", "same epochs, but 1 and 0 differ at 0"),
    ],
)
def test_bad_tables_are_told_where_and_what(tmp_path, text, words):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_load_curves(path)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"load_curves": CURVES}, "wanted are load_curves and epochs"),
        ({"load_curves": CURVES, "epochs": EPOCHS[::-1]}, "epochs must increase, but 8 follows 16"),
        ({"load_curves": CURVES, "epochs": EPOCHS[1:]}, "a time for each of 6 curves"),
        ({"load_curves": CURVES, "epochs": EPOCHS, "end": END[:, 1:]}, "end must have shape"),
        ({"load_curves": CURVES[0, 0], "epochs": EPOCHS}, "load_curves must be"),
        ({"load_curves": CURVES.astype(str), "epochs": EPOCHS}, "must be numbers"),
    ],
)
def test_bad_arrays_are_told_what(tmp_path, arrays, words):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(ValueError, match=words):
        read_load_curves(tmp_path / "bad.npz")


def test_files_of_other_kinds_are_refused(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ValueError, match=r"must be a \.csv or \.npz"):
        read_load_curves(tmp_path / "x.json")
    (tmp_path / "x.npz").write_bytes(b"no zip")
    with pytest.raises(ValueError, match="is not an npz file"):
        read_load_curves(tmp_path / "x.npz")
    with pytest.raises(FileNotFoundError):
        read_load_curves(tmp_path / "none.csv")
