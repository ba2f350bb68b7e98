"""Principal components of trainings: the few directions in which weights or outputs move and differ most.

    K = X X^T,   K v_j = s_j v_j,   scores sqrt(s_j) v_j,     X: all states (copies x times), centred, as rows

From the Gram matrix of states, summed over blocks of D: D may be far larger than memory.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from mechanics.checks import whole_numbers

from ._blocks import Array, Runs, blocks

MOST = 6000  # states; their Gram matrix takes 288 MB


class Projection(NamedTuple):
    """Runs in principal components.

    Attributes
    ----------
    scores : ndarray, shape (copies, times, k)
        Coordinates in the unit of the runs; the sign of each is that of its largest score.
    shares : ndarray, shape (k,)
        Parts of the total variance.
    """

    scores: Array
    shares: Array


def principal_components(runs: Runs, k: int = 2) -> Projection:
    """First k principal components of all states of all runs.

    Parameters
    ----------
    runs : array_like or iterable of arrays
        As in `two_time`; at most 6000 states (copies x times).
    k : int

    Returns
    -------
    Projection

    Raises
    ------
    ValueError
        If there are too many states, or fewer than k directions in which they differ.

    Notes
    -----
    The first components of a random walk in many dimensions are cosines of time, whatever the walk: Antognini and
    Sohl-Dickstein, arXiv:1806.08805. Do not read such curves as structure.
    """
    whole_numbers(k=(k, 1))
    gram: Array = np.empty((0, 0))
    m = T = 0
    for block in blocks(runs):
        if not m:
            m, T = block.shape[:2]
            if m * T > MOST:
                raise ValueError(f"{m} x {T} states are more than {MOST}; take every few times or fewer copies.")
            gram = np.zeros((m * T, m * T))
        x = block.reshape(m * T, -1)
        x = x - x.mean(axis=0)
        gram += x @ x.T
    if k > m * T:
        raise ValueError(f"k must be at most the number of states, {m * T}, but is {k}.")
    size, vectors = eigh(gram, subset_by_index=[m * T - k, m * T - 1])
    size, vectors = size[::-1], vectors[:, ::-1]
    total = float(gram.trace())
    if not size[-1] > 1e-13 * total:
        raise ValueError(f"the states differ in fewer than k = {k} directions; take a smaller k.")
    scores = vectors * np.sqrt(size)
    largest = abs(scores).argmax(axis=0)
    scores *= np.sign(scores[largest, np.arange(k)])
    return Projection(scores.reshape(m, T, k), size / total)
