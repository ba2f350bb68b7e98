"""What a sweep returns, and that nothing but the function decides it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr

from mechanics import sweep
from mechanics.sweeps import open_store
from mechanics.threads import default_threads, limited_threads


def run(cell, axes, **options):
    return sweep(cell, axes, **{"seeds": 4, "progress": False, **options})


def test_means_and_standard_errors_are_those_of_numpy(cell, axes):
    found = run(cell, axes)
    assert found["x"].dims == ("eps", "n", "mode")
    assert found["curve"].dims == ("eps", "n", "mode", "curve_0")
    for i, j, k in np.ndindex(6, 3, 2):
        c = {"eps": float(axes["eps"][i]), "n": axes["n"][j], "mode": axes["mode"][k]}
        curves = np.array([cell(c, seed)["curve"] for seed in range(4)])
        here = found.isel(eps=i, n=j, mode=k)
        np.testing.assert_allclose(here["curve"], curves.mean(axis=0), rtol=1e-14, atol=1e-15)
        np.testing.assert_allclose(here["curve_stderr"], curves.std(axis=0, ddof=1) / 2, rtol=1e-12, atol=1e-16)
    assert (found["failed"] == 0).all()
    assert (found["finished"] == 4).all()


def test_one_seed_has_no_standard_error(cell, axes):
    found = run(cell, axes, seeds=[7])
    assert np.isfinite(found["x"]).all()
    assert np.isnan(found["x_stderr"]).all()


def test_raw_values_carry_the_seeds_given(cell, axes):
    found = run(cell, axes, seeds=[11, 5], by_seed=True)
    assert found["x"].dims == ("eps", "n", "mode", "seed")
    here = found.sel(eps=1.0, n=2, mode="b", seed=5)
    assert float(here["x"]) == cell({"eps": 1.0, "n": 2}, 5)["x"]
    assert (found["status"] == 1).all()


def test_every_cell_gets_the_same_seeds_and_plain_values(axes):
    seen = set()

    def look(c, seed):
        seen.add((seed, type(c["eps"]), type(c["n"]), type(c["mode"]), type(seed)))
        return {"x": 0.0}

    run(look, axes, seeds=[3, 8], workers=1)
    assert seen == {(seed, float, int, str, int) for seed in (3, 8)}


@pytest.mark.parametrize("block", [1, 5, 1000])
def test_blocks_do_not_show(cell, axes, block):
    assert run(cell, axes, block=block).equals(run(cell, axes))


def test_threads_processes_executors_and_dask_give_the_same_bits(cell, axes, client, tmp_path):
    reference = run(cell, axes, workers=1)
    assert run(cell, axes, workers=3).equals(reference)
    assert run(cell, axes, executor="processes", workers=2).equals(reference)
    assert run(cell, axes, client=client).equals(reference)
    assert run(cell, axes, client=client, out=tmp_path / "dask").equals(reference)
    with ThreadPoolExecutor(2) as pool:
        assert run(cell, axes, executor=pool).equals(reference)
    assert run(cell, axes, out=tmp_path / "store").equals(reference)
    assert open_store(tmp_path / "store").equals(reference)


def test_products_of_matrices_have_the_same_bits_on_one_and_on_several_workers(client):
    """With threads of their own, BLAS libraries split sums as the number of threads wants."""

    def product(c, seed):
        a = np.random.default_rng(seed).standard_normal((300, 300))
        return {"x": (a @ a @ a).sum()}

    axes = {"n": [1, 2]}
    reference = run(product, axes, workers=1)
    assert run(product, axes, workers=2).equals(reference)
    assert run(product, axes, client=client).equals(reference)


def test_vectorised_equals_cell_by_cell(axes):
    def one(c, seed):
        return {"x": c["eps"] * seed, "v": np.arange(3) * c["n"] + (c["mode"] == "a")}

    def many(cells, seeds):
        return {
            "x": cells["eps"] * seeds,
            "v": np.arange(3) * cells["n"][:, None] + (cells["mode"] == "a")[:, None],
        }

    expected = run(one, axes)
    for block in (None, 1, 7):
        assert run(many, axes, vectorised=True, block=block).equals(expected)


def test_vectorised_that_depends_on_its_block_is_warned_about():
    def centred(cells, seeds):
        return {"x": cells["eps"] - cells["eps"].mean()}

    with pytest.warns(UserWarning, match="other bits for x"):
        run(centred, {"eps": np.arange(50.0)}, vectorised=True)


def test_units_names_of_dimensions_and_provenance(cell, axes):
    eps = xr.DataArray(axes["eps"], dims="eps", attrs={"units": "m"})
    found = run(
        cell, {**axes, "eps": eps}, units={"x": "N"}, dims={"curve": ["layer"]}, parameters={"scale": 2.0}, seeds=3
    )
    assert found["eps"].attrs["units"] == "m"
    assert found["x"].attrs["units"] == found["x_stderr"].attrs["units"] == "N"
    assert found["curve"].dims[-1] == "layer"
    about = found.attrs
    assert about["format"] == "mechanet-sweep/1"
    assert about["seeds"] == "[0, 1, 2]"
    assert about["parameters"] == '{"scale": 2.0}'
    assert about["status"] == "complete"
    assert {"mechanet", "numpy", "numba", "python", "function", "fingerprint", "created", "wall_time_s"} <= set(about)
    np.testing.assert_array_equal(found["x"], 2 * run(cell, axes, seeds=3)["x"])


def test_without_axes_a_sweep_is_its_seeds():
    found = run(lambda c, seed: {"x": seed}, {}, seeds=5)
    assert float(found["x"]) == 2.0
    assert int(found["finished"]) == 5


def test_first_outputs_of_expensive_cells_are_kept():
    """A pilot's runs that make whole blocks are not done again: each of these cells runs once."""
    import time

    calls = []

    def slow(c, seed):
        calls.append(c["n"])
        time.sleep(0.3)
        return {"x": c["n"]}

    run(slow, {"n": np.arange(6)}, seeds=1, workers=2, memory=1)
    assert sorted(calls) == list(range(6))


def test_calls_inside_a_worker_take_its_share_of_the_processors():
    def share(c, seed):
        return {"threads": default_threads()}

    found = run(share, {"n": np.arange(4)}, workers=2, threads=3)
    assert (found["threads"] == 3).all()
    with limited_threads(2):
        assert default_threads() == 2
        other = []
        thread = threading.Thread(target=lambda: other.append(default_threads()))
        thread.start()
        thread.join()
    assert other == [default_threads()]


def test_blas_gets_its_threads_back():
    import threadpoolctl

    def threads_of_blas(c, seed):
        pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
        return {"blas": max(pools, default=1)}

    before = threadpoolctl.threadpool_info()
    assert (run(threads_of_blas, {"n": np.arange(4)}, workers=2)["blas"] == 1).all()
    assert threadpoolctl.threadpool_info() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"axes": [1, 2]}, "mapping"),
        ({"axes": {"x": [[1.0]]}}, "1-D"),
        ({"axes": {"x": []}}, "at least one"),
        ({"axes": {"x": [1.0, 1.0]}}, "more than once"),
        ({"axes": {"x": [np.nan]}}, "NaN"),
        ({"axes": {"x": [None]}}, "numbers or strings"),
        ({"axes": {"seed": [1]}}, "uses that name"),
        ({"axes": {"a/b": [1]}}, "without '/'"),
        ({"seeds": 0}, "at least 1"),
        ({"seeds": [1, 1]}, "more than once"),
        ({"seeds": [-1]}, "between 0"),
        ({"seeds": 1.5}, "whole numbers"),
        ({"seeds": []}, "whole numbers"),
        ({"executor": "gpu"}, "executor must be"),
        ({"client": object()}, "distributed.Client"),
        ({"workers": 0}, "workers"),
        ({"block": 0}, "block"),
        ({"retries": -1}, "retries"),
        ({"function": 3}, "callable"),
    ],
)
def test_bad_arguments_are_named(options, message):
    call = {"function": lambda c, seed: {"x": 1.0}, "axes": {"x": [1.0]}, "seeds": 1, "progress": False, **options}
    with pytest.raises((TypeError, ValueError), match=message):
        sweep(call.pop("function"), call.pop("axes"), **call)


@pytest.mark.parametrize("name", ["seed", "status", "failed", "eps", "a/b"])
def test_outputs_cannot_take_the_names_of_the_sweep(name):
    with pytest.raises(ValueError, match="cannot be called"):
        run(lambda c, seed: {name: 1.0}, {"eps": [1.0]})


def test_dims_must_fit():
    with pytest.raises(ValueError, match="dims names"):
        run(lambda c, seed: {"v": np.ones(3)}, {"eps": [1.0]}, dims={"v": ["a", "b"]})
    with pytest.raises(ValueError, match="elsewhere"):
        run(lambda c, seed: {"v": np.ones(3), "w": np.ones(2)}, {"eps": [1.0]}, dims={"v": ["a"], "w": ["a"]})


def test_progress_ends_with_one_line(capsys, cell, axes):
    run(cell, axes, progress=True)
    assert "sweep: 144 of 144 runs" in capsys.readouterr().err.splitlines()[-1]
