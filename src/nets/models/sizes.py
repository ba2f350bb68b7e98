"""Width of a fully connected network from its number of parameters, and back.

    D = (n_h - 1) w^2 + (n_in + n_h + n_out) w + n_out                    n_h hidden layers of width w, with biases
      + 2 n_h w (BatchNorm in hidden layers)  + 2 n_in (BatchNorm of the input)

For depth at constant size. Hoogland, "Scaling laws of path dependence" (2022), counts one hidden matrix too many.
"""

import math

from mechanics.checks import whole_numbers


def count_parameters(inputs: int, width: int, depth: int, classes: int, norm: str | None, input_norm: bool) -> int:
    """D; `depth` is the number of linear layers, n_h + 1."""
    whole_numbers(inputs=(inputs, 1), width=(width, 1), depth=(depth, 1), classes=(classes, 1))
    a, b, c = _coefficients(inputs, depth, classes, norm, input_norm)
    return a * width**2 + b * width + c


def width_of(parameters: int, inputs: int, depth: int, classes: int, norm: str | None, input_norm: bool) -> int:
    """Width whose D is nearest to `parameters`, at least 1.

    Raises
    ------
    ValueError
        If there is no hidden layer to be wide.
    """
    whole_numbers(parameters=(parameters, 1), inputs=(inputs, 1), depth=(depth, 1), classes=(classes, 1))
    if depth < 2:
        raise ValueError("a network of depth 1 has no hidden layer; its size is that of inputs and classes.")
    a, b, c = _coefficients(inputs, depth, classes, norm, input_norm)
    rest = max(parameters - c, 0)
    root = rest / b if a == 0 else (-b + math.sqrt(b * b + 4 * a * rest)) / (2 * a)
    near = {max(1, math.floor(root)), max(1, math.ceil(root))}
    return min(near, key=lambda w: (abs(a * w * w + b * w + c - parameters), w))


def _coefficients(inputs: int, depth: int, classes: int, norm: str | None, input_norm: bool) -> tuple[int, int, int]:
    hidden, scale = depth - 1, 2 if norm == "batch" else 0
    fixed = 2 * inputs if input_norm else 0
    if hidden == 0:
        return 0, 0, (inputs + 1) * classes + fixed
    return hidden - 1, inputs + hidden * (1 + scale) + classes, classes + fixed
