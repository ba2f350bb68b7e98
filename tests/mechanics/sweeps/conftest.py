"""Functions that travel (closures: by value), and one small Dask cluster for all tests."""

import os
from pathlib import Path

import numpy as np
import pytest

import mechanics

pytest.importorskip("zarr")


def make_cell():
    """A cheap run whose last bits show any change in what it is given."""

    def cell(c, seed, scale=1.0):
        rng = np.random.default_rng([seed, c["n"]])
        draw = rng.standard_normal(4)
        return {"x": scale * c["eps"] * draw.sum(), "curve": np.sin(c["eps"] + draw[:3])}

    return cell


AXES = {"eps": np.linspace(0.0, 1.0, 6), "n": [3, 1, 2], "mode": ["a", "b"]}


@pytest.fixture(scope="session")
def cell():
    return make_cell()


@pytest.fixture(scope="session")
def axes():
    return dict(AXES)


class Log:
    """What was called; has no content to a fingerprint, so that a function may keep one."""

    __slots__ = ("calls",)

    def __init__(self):
        self.calls = []


@pytest.fixture(scope="session")
def environment():
    """For processes with another working folder: the package under test, wherever it is."""
    source = Path(mechanics.__file__).resolve().parents[1]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")])}


@pytest.fixture
def log():
    return Log()


@pytest.fixture(scope="session")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=None
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    from distributed import Client

    with Client(cluster) as client:
        yield client
