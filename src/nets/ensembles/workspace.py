"""Memory that the steps of one network use and leave, made once for each thread."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .draws import dropout_blocks
from .layout import Layout

WORDS = 2048  # random words made together: 16 kB stay in the first cache


class Workspace(NamedTuple):
    """Scratch arrays of training with batches of up to B examples.

    batch (inputs B,): inputs, normalised. x, D (depth - 1, width B): normalised sums and derivatives of the hidden
    layers. h (depth, widest B): outputs of layers 0 .. depth - 1. dh (2, widest B), logits (classes B,), inverse
    (depth - 1, width), moments (2, widest), scratch (2, B), words: random bits.
    """

    batch: NDArray[Any]
    x: NDArray[Any]
    D: NDArray[Any]
    h: NDArray[Any]
    dh: NDArray[Any]
    logits: NDArray[Any]
    inverse: NDArray[Any]
    moments: NDArray[Any]
    scratch: NDArray[Any]
    words: NDArray[np.uint64]


def make_workspace(layout: Layout, batch: int, dtype: Any) -> Workspace:
    """Scratch for batches of up to `batch` examples."""
    widest, hidden = max(layout.inputs, layout.width), layout.depth - 1
    return Workspace(
        batch=np.empty(layout.inputs * batch, dtype),
        x=np.empty((hidden, layout.width * batch), dtype),
        D=np.empty((hidden, layout.width * batch), dtype),
        h=np.empty((layout.depth, widest * batch), dtype),
        dh=np.empty((2, widest * batch), dtype),
        logits=np.empty(layout.classes * batch, dtype),
        inverse=np.empty((hidden, layout.width), dtype),
        moments=np.empty((2, widest), dtype),
        scratch=np.empty((2, batch), dtype),
        words=np.empty(max(WORDS, 2 * dropout_blocks(batch)), dtype=np.uint64),
    )
