"""Tables and netCDF files of a sweep's data set."""

import csv

import numpy as np
import pytest
import xarray as xr

from mechanics import sweep
from mechanics.sweeps import to_csv


@pytest.fixture(scope="module")
def dataset(cell, axes):
    return sweep(cell, axes, seeds=3, progress=False, units={"eps": "m"})


@pytest.mark.parametrize("engine", ["netcdf4", "scipy"])
def test_netcdf_keeps_values_and_attributes(dataset, tmp_path, engine):
    dataset.to_netcdf(tmp_path / "d.nc", engine=engine)
    with xr.open_dataset(tmp_path / "d.nc", engine=engine) as back:
        xr.testing.assert_equal(back.load().astype(dataset.dtypes["x"], copy=False)[["x"]], dataset[["x"]])
        np.testing.assert_array_equal(back["curve_stderr"], dataset["curve_stderr"])
        assert back.attrs["function"] == dataset.attrs["function"]
        assert back["eps"].attrs["units"] == "m"


def test_csv_has_a_row_for_each_cell_and_all_digits(dataset, tmp_path):
    path = to_csv(dataset, tmp_path / "new" / "d.csv")
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 36
    assert {"eps", "n", "mode", "x", "x_stderr", "curve[0]", "curve_stderr[2]", "failed", "finished"} <= set(rows[0])
    for row in rows:
        here = dataset.sel(eps=float(row["eps"]), n=int(row["n"]), mode=row["mode"])
        assert float(row["x"]) == float(here["x"])
        assert float(row["curve[1]"]) == float(here["curve"][1])
    assert list(path.parent.iterdir()) == [path]


def test_csv_of_single_runs_has_a_row_for_each_seed(cell, axes, tmp_path):
    raw = sweep(cell, axes, seeds=3, progress=False, by_seed=True)
    with open(to_csv(raw, tmp_path / "d.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 36 * 3
    assert rows[5]["seed"] == "2"
    assert rows[5]["status"] == "1"


def test_csv_without_axes_is_one_row(tmp_path):
    single = sweep(lambda c, seed: {"x": seed}, {}, seeds=3, progress=False)
    assert to_csv(single, tmp_path / "d.csv").read_text().splitlines() == [
        "x,x_stderr,failed,finished",
        "1.0,0.5773502691896257,0,3",
    ]
