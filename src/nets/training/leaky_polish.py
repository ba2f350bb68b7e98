"""The last stage of training a Leaky ResNet: a minimiser over all weights in double precision.

    u_l = sqrt(rho_l lam / Lt) W_l   makes the penalty |u|^2 / 2

L-BFGS and a trust-region Newton method from SciPy; gradients and products with the exact Hessian from
`mechanics.geodesics.layers`.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from scipy.optimize import minimize

from mechanics.geodesics import layers

from ..data import Regression
from ..geodesic.task import task_of, weights_of
from ..models.leaky_resnet import LeakyResNet

Minimiser = Literal["lbfgs", "newton"]
LEVEL = 1e-11  # of the gradient in u: rounding, for an objective of order one
MEMORY = 30  # pairs of L-BFGS: 10, the default, takes a third more iterations on small networks


def minimise(
    model: LeakyResNet, data: Regression, lam: float, method: Minimiser, iterations: int, tick: Callable[[], object]
) -> str:
    """Minimise the objective over W from where the model is; `tick()` after each iteration, with the model moved.

    Returns the minimiser's own words on why it stopped, with the norm of the gradient in u.
    """
    task = task_of(model, data.x_train, data.y_train, lam)
    W = weights_of(model)
    scale = np.sqrt(task.rho * lam / task.Lt)[:, None, None]
    shape = W.shape

    def value_and_gradient(u: Any) -> tuple[float, Any]:
        W = u.reshape(shape) / scale
        path = layers.swept(task, W)
        J = layers.misfit(task, path.A[-1]) + layers.penalty(task, W)
        return J, (layers.gradient(task, W, path) / scale).ravel()

    def hessian_product(u: Any, v: Any) -> Any:
        W = u.reshape(shape) / scale
        return (layers.hessian_product(task, W, layers.swept(task, W), v.reshape(shape) / scale) / scale).ravel()

    def accept(u: Any) -> None:
        model.put_weights(u.reshape(shape) / scale)
        tick()

    start = (W * scale).ravel()
    if method == "lbfgs":
        options = {"maxiter": iterations, "maxfun": 5 * iterations, "maxcor": MEMORY, "ftol": 0.0, "gtol": LEVEL}
        found = minimize(value_and_gradient, start, jac=True, method="L-BFGS-B", callback=accept, options=options)
    else:
        options = {"maxiter": iterations, "gtol": LEVEL}
        with np.errstate(invalid="ignore"):  # trust-krylov divides by steps that rounding has made zero, and goes on
            found = minimize(
                value_and_gradient, start, jac=True, hessp=hessian_product, method="trust-krylov", callback=accept,
                options=options,
            )  # fmt: skip
    if np.isfinite(found.x).all():
        model.put_weights(found.x.reshape(shape) / scale)
    return f"{found.message} |gradient| = {np.linalg.norm(found.jac):.1e}"
