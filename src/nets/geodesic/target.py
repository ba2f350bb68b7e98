"""The geodesic that a Leaky ResNet is on its way to: solved without training, for the network's own task and layers."""

from typing import Any

from mechanics.geodesics.result import Geodesic
from mechanics.hamiltonian import solve_geodesic

from ..models.leaky_resnet import LeakyResNet
from .task import task_of


def geodesic_of(model: LeakyResNet, x: Any, y: Any, lam: float, **options: Any) -> Geodesic:
    """Representation geodesic of a network's data, projections, depth, activation and layers.

    Parameters
    ----------
    model : LeakyResNet
        Its weights are not looked at.
    x, y : array or tensor, shapes (N, d_in) and (N, d_out)
    lam : float
        Price of the weights, as in `model.penalty(lam)` and with the misfit summed over outputs.
    **options
        Of `mechanics.hamiltonian.solve_geodesic`: continuation, start, tol, scheme, progress, throw, ...

    Returns
    -------
    Geodesic
        For `compare_paths(hamiltonian_profile(model, x, y, lam), geodesic)`: how far the network still is from it.

    Raises
    ------
    ValueError
        As `hamiltonian_profile` and `solve_geodesic` do.
    """
    task = task_of(model, x, y, lam)
    given = {"activation": task.act, "bias": task.bias, "readout": task.P, "layers": task.rho, **options}
    return solve_geodesic(task.X, task.Y, task.lam, task.Lt, **given)
