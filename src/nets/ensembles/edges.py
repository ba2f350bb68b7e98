"""Where the batches of an epoch begin and end."""

import numpy as np
from numpy.typing import NDArray


def batch_edges(n: int, size: int) -> NDArray[np.int64]:
    """Begin of each batch of `size` out of n examples, and n; a last batch of one joins the one before it."""
    edges = [*range(0, n, size), n]
    if len(edges) > 2 and edges[-1] - edges[-2] == 1:
        del edges[-2]
    return np.array(edges, dtype=np.int64)
