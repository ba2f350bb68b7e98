"""The constants of a method's step control as the engines take them."""

import numpy as np
from numpy.typing import NDArray

from ..methods.method import Method

Array = NDArray[np.float64]
_controls: dict[tuple[Method, float], Array] = {}


def control_of(method: Method, max_dt: float) -> Array:
    """Constants of `engine.control.step_factor`, whose error is a mean square: exponents are halved."""
    key = (method, max_dt)
    if key not in _controls:
        if not max_dt > 0.0:
            raise ValueError(f"max_dt must be positive, but is {max_dt}.")
        law, q = method.controller, 1.0 + (method.error_order or method.order)
        _controls[key] = np.array(
            [-0.5 * law.integral / q, 0.5 * law.proportional / q, law.safety, law.shrink, law.grow, max_dt]
        )
    return _controls[key]
