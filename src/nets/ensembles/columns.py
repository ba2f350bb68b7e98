"""Data with an example in each column: what BatchNorm sums over lies in a row, and layers are plain products W H."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data import Digits

TEST_BATCH = 1000  # activations of this many columns stay in the cache


class Columns(NamedTuple):
    """Training data (features, examples), also sorted by class with where each begins; test data in blocks."""

    x: NDArray[Any]
    sorted_x: NDArray[Any]
    sorted_y: NDArray[np.int64]
    edges: NDArray[np.int64]
    test: list[tuple[NDArray[Any], NDArray[np.int64]]]


def columns_of(data: Digits, dtype: Any) -> Columns:
    """Data set, transposed and sorted."""
    by_class = np.argsort(data.y_train, kind="stable")
    counts = np.bincount(data.y_train, minlength=data.classes)
    blocks = [slice(a, a + TEST_BATCH) for a in range(0, len(data.y_test), TEST_BATCH)]
    columns = [np.ascontiguousarray(data.x_test[at].T, dtype=dtype) for at in blocks]
    return Columns(
        x=np.ascontiguousarray(data.x_train.T, dtype=dtype),
        sorted_x=np.ascontiguousarray(data.x_train[by_class].T, dtype=dtype),
        sorted_y=data.y_train[by_class],
        edges=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        test=[(x, data.y_test[at]) for x, at in zip(columns, blocks, strict=True)],
    )
