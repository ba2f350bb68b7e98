"""Steps of a Leaky ResNet: how the depth p in [0, 1] is shared among L layers, rho_l > 0 with sum one.

    equidistant  rho_l = 1/L
    irregular    rho_l ~ 1 + a (1/4 - |m_l - 1/2|),   m_l = (l - 1/2)/L
    adaptive     equidistant at first; training moves the steps (`nets.geodesic.adapt_steps`)

Jacot and Kaiser, arXiv:2405.17573, Section 4. The paper has l/L in place of the middle m_l of layer l: its steps are
not mirror images of each other, and for odd L do not sum to one.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scheme = Literal["equidistant", "irregular", "adaptive"]
SCHEMES = ("equidistant", "irregular", "adaptive")
IRREGULARITY = 0.9  # a of the paper's experiments; long steps in the middle, short ones at the ends


def layer_steps(rho: Scheme | ArrayLike, layers: int) -> NDArray[np.float64]:
    """Steps (layers,) by the name of a scheme or from an array, which is normalised.

    Raises
    ------
    ValueError
        If the name is unknown, or the array has another length, a number that is not positive, or a sum that differs
        from one by more than 1e-6.
    """
    if isinstance(rho, str):
        if rho not in SCHEMES:
            raise ValueError(f"rho must be one of {', '.join(SCHEMES)} or an array of steps, but is {rho!r}.")
        middle = (np.arange(layers) + 0.5) / layers
        shape = 1 + IRREGULARITY * (0.25 - abs(middle - 0.5)) if rho == "irregular" else np.ones(layers)
        return shape / shape.sum()
    steps = np.array(rho, dtype=np.float64)
    if steps.shape != (layers,):
        raise ValueError(f"rho must have {layers} steps, one a layer, but has shape {steps.shape}.")
    if not (np.isfinite(steps).all() and (steps > 0).all()):
        raise ValueError(f"rho must be positive, but its least step is {steps.min()}.")
    if abs(steps.sum() - 1) > 1e-6:
        raise ValueError(f"rho must sum to 1, but sums to {steps.sum():.9g}; divide it by its sum.")
    return steps / steps.sum()


def refined_steps(rho: NDArray[np.float64], layers: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Finer steps (layers,) inside the old ones, the longest as short as can be, and the old layer of each (layers,).

    Raises
    ------
    ValueError
        If there are fewer new layers than old ones.
    """
    if isinstance(layers, bool) or int(layers) != layers or layers < len(rho):
        raise ValueError(f"layers must be a whole number of at least {len(rho)}, the model's own, but is {layers!r}.")
    parts = np.maximum(1, np.floor(rho * (layers - len(rho))).astype(np.int64))
    while parts.sum() < layers:
        parts[np.argmax(rho / parts)] += 1
    return np.repeat(rho / parts, parts), np.repeat(np.arange(len(rho)), parts)
