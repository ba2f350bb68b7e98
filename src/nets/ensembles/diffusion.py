"""The noise of Langevin dynamics: w += amplitude xi, compiled and called only where it is used.

xi are the normals of `draws.parameter_noise`, made lane by lane in blocks that stay in the cache.
"""

import numpy as np

from mechanics.engine import compile_bound
from mechanics.noise.normals import fill_normals

from .draws import PARAMETERS, PER_BLOCK

LANES = 256  # 8 kB of normals


def _diffuse_entry(w, amplitude, seed, step, z):  # type: ignore[no-untyped-def]
    n, lanes = w.shape[0], z.shape[1]
    for start in range(0, n, PER_BLOCK * lanes):
        fill_normals(z, seed, PARAMETERS + np.uint64(start // PER_BLOCK), step, False)
        for j in range(min(lanes, -(-(n - start) // PER_BLOCK))):
            for c in range(PER_BLOCK):
                i = start + PER_BLOCK * j + c
                if i < n:
                    w[i] += amplitude * w.dtype.type(z[c, j])


def diffuse(w: np.ndarray, amplitude: float, seed: np.uint64, step: int) -> None:
    """Add the noise of one step to the parameters of one network, in place."""
    entry = compile_bound(_diffuse_entry)
    entry(w, w.dtype.type(amplitude), seed, np.uint64(step), np.empty((PER_BLOCK, LANES)))
