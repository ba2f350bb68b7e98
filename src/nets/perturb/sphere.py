"""Perturbations of initial weights that keep their law: the intersection of two spheres.

Weights w0 of norm R go to a uniformly drawn w with |w| = R and |w - w0| = eps:

    w = w0 + delta,   delta = -(eps^2 / (2R)) u0 + eps sqrt(1 - (eps/(2R))^2) u,   u0 = w0/R

with u uniform on the unit sphere orthogonal to u0, made by the Householder reflection that takes the last axis to -+u0.
No angle is formed: 1 - eps^2/(2R^2) rounds to 1 in single precision below eps/R = 2.4e-4. If w0 is uniform on its
sphere then so is w, since the kernel commutes with rotations.

Hoogland, "Scaling laws of path dependence" (2022), with its radius R cos(theta) corrected to R sin(theta).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mechanics.checks import finite_number, finite_numbers
from mechanics.noise import normals

from .same_network import check_network

Array = NDArray[np.float64]
Mode = Literal["sphere-per-layer", "sphere-global", "gaussian"]

FLOOR = 1e-5  # below this share of the norm, single precision cannot hold the distance


@dataclass(frozen=True)
class Perturbation:
    """What a perturbation came to in the parameters' own precision.

    Attributes
    ----------
    distance, norm_before, norm_after : float
        |w - w0|, |w0| and |w| over all perturbed parameters, realised after rounding.
    layers : dict of str to float
        Realised distance of each perturbed parameter.
    """

    distance: float
    norm_before: float
    norm_after: float
    layers: dict[str, float]


def on_sphere(w0: Array, eps: float, z: Array) -> Array:
    """Shift delta (D,) in float64 with |w0 + delta| = |w0| and |delta| = eps.

    Parameters
    ----------
    w0 : ndarray, shape (D,)
        Point on the sphere, not zero.
    eps : float
        Distance, 0 <= eps <= 2 |w0|.
    z : ndarray, shape (D,)
        Standard normal numbers; the last is not used.

    Raises
    ------
    ValueError
        If eps is out of range, w0 is zero, or no point has that distance (D = 1 has 0 and 2R only).
    """
    w0, z = finite_numbers("w0", w0), finite_numbers("z", z)
    eps = finite_number("eps", eps)
    if w0.ndim != 1 or z.shape != w0.shape:
        raise ValueError(f"w0 and z must have one shape (D,), but have {w0.shape} and {z.shape}.")
    R = float(np.linalg.norm(w0))
    if R == 0:
        raise ValueError("weights of norm 0 have no sphere; leave this block out.")
    if not 0 <= eps <= 2 * R * (1 + 4e-16):
        raise ValueError(f"eps must lie in [0, 2 |w0|] = [0, {2 * R:.6g}], but is {eps}.")
    half = min(eps / (2 * R), 1.0)
    if len(w0) == 1:
        if half not in (0.0, 1.0):
            raise ValueError(f"a single weight can only stay or change its sign: eps must be 0 or {2 * R:.6g}.")
        return -2 * half * w0
    u0 = w0 / R
    if not z[:-1].any():
        raise ValueError("z has no direction: all but its last number are 0.")
    y = np.append(z[:-1] / np.linalg.norm(z[:-1]), 0.0)
    s = 1.0 if u0[-1] >= 0 else -1.0  # Householder's sign: no cancellation
    c = s * u0
    c[-1] += 1.0
    u = y - ((c @ y) / (1 + abs(u0[-1]))) * c  # 2 / (c.c) with c.c = 2 (1 + |u0[-1]|)
    return -(eps * half) * u0 + eps * np.sqrt(max(1 - half**2, 0.0)) * u


@torch.no_grad()
def perturb_on_sphere(
    model: nn.Module,
    eps: float,
    *,
    seed: int = 0,
    copy: int = 0,
    mode: Mode = "sphere-per-layer",
    relative: bool = False,
    parameters: Iterable[str] | None = None,
) -> Perturbation:
    """Move a model's weights, in place, to a random point at distance eps that their initial law makes as likely.

    Parameters
    ----------
    model : nn.Module
        Weight matrices and kernels (parameters with at least two axes) are moved; biases and normalisations stay.
    eps : float
        Distance |w - w0| over all moved parameters; 0 changes nothing, bit by bit.
    seed, copy : int
        The shift is a pure function of (seed, copy, parameter, entry).
    mode : {"sphere-per-layer", "sphere-global", "gaussian"}
        Each parameter on its own sphere by the same angle, eps_l = eps R_l / R, which keeps every layer's norm and the
        law of each; all on one sphere; or independent normal shifts eps / sqrt(D), which keep no norm.
    relative : bool
        eps in units of the norm R of the moved parameters.
    parameters : iterable of str, optional
        Names of the parameters to move instead.

    Returns
    -------
    Perturbation
        Realised distance and norms. In float32 rounding adds about 2.5e-8 R in quadrature.

    Raises
    ------
    ValueError
        If eps is outside [0, 2R], a layer has norm 0, a name is unknown, or eps / R < 1e-5 in single precision
        (convert the model to double).
    """
    if mode not in ("sphere-per-layer", "sphere-global", "gaussian"):
        raise ValueError(f"mode must be 'sphere-per-layer', 'sphere-global' or 'gaussian', but is {mode!r}.")
    check_network("model", model)
    eps = finite_number("eps", eps)
    chosen = _chosen(model, parameters)
    before = {name: _flat(p) for name, p in chosen.items()}
    broken = [name for name, w in before.items() if not np.isfinite(w).all()]
    if broken:
        raise ValueError(f"weights must be finite to be perturbed, but {', '.join(broken)} holds others.")
    norms = {name: float(np.linalg.norm(w)) for name, w in before.items()}
    R = float(np.sqrt(sum(r**2 for r in norms.values())))
    if mode == "sphere-per-layer":
        empty = [name for name, r in norms.items() if r == 0]
        if empty:
            raise ValueError(f"{', '.join(empty)} has norm 0 and so no sphere; leave it out with parameters=.")
    if relative and R == 0:
        raise ValueError("the weights have norm 0: eps cannot be in units of it; take relative=False.")
    size = eps * R if relative else eps
    _check_size(size, R, chosen, mode)
    if size == 0:
        return Perturbation(0.0, R, R, dict.fromkeys(chosen, 0.0))
    shifts = _shifts(before, norms, R, size, mode, seed, copy)
    distances, after = {}, 0.0
    for name, p in chosen.items():
        p.copy_(torch.from_numpy(before[name] + shifts[name]).reshape(p.shape))
        now = _flat(p)
        distances[name] = float(np.linalg.norm(now - before[name]))
        after += float(now @ now)
    return Perturbation(float(np.sqrt(sum(d**2 for d in distances.values()))), R, float(np.sqrt(after)), distances)


def _shifts(
    before: dict[str, Array], norms: dict[str, float], R: float, eps: float, mode: Mode, seed: int, copy: int
) -> dict[str, Array]:
    drawn = {name: normals(seed, copy, l, np.arange(len(w))) for l, (name, w) in enumerate(before.items())}
    if mode == "sphere-per-layer":
        return {name: on_sphere(w, eps * norms[name] / R, drawn[name]) for name, w in before.items()}
    D = sum(len(w) for w in before.values())
    if mode == "gaussian":
        return {name: eps / np.sqrt(D) * z for name, z in drawn.items()}
    delta = on_sphere(np.concatenate(list(before.values())), eps, np.concatenate(list(drawn.values())))
    cuts = np.cumsum([len(w) for w in before.values()])[:-1]
    return dict(zip(before, np.split(delta, cuts), strict=True))


def _check_size(eps: float, R: float, chosen: dict[str, nn.Parameter], mode: Mode) -> None:
    if not (np.isfinite(eps) and eps >= 0) or (mode != "gaussian" and eps > 2 * R * (1 + 4e-16)):
        raise ValueError(f"eps must lie in [0, 2 |w0|] = [0, {2 * R:.6g}], but is {eps}.")
    half = [f"{name} ({p.dtype})" for name, p in chosen.items() if p.dtype not in (torch.float32, torch.float64)]
    if half:
        raise ValueError(f"weights must be float32 or float64 to hold a distance, but {', '.join(half)} is not.")
    single = [name for name, p in chosen.items() if p.dtype != torch.float64]
    if single and 0 < eps < FLOOR * R:
        raise ValueError(
            f"eps / |w0| = {eps / R:.1e} is below {FLOOR}, where single precision no longer holds the distance; "
            "convert the model with .double(), or take a larger eps."
        )


def _chosen(model: nn.Module, names: Iterable[str] | None) -> dict[str, nn.Parameter]:
    own = dict(model.named_parameters())
    if names is None:
        chosen = {name: p for name, p in own.items() if p.ndim >= 2}
        if not chosen:
            raise ValueError("the model has no weight matrices to perturb; name parameters=.")
        return chosen
    names = [names] if isinstance(names, str) else list(names)
    missing = [name for name in names if name not in own]
    if missing or not names:
        raise ValueError(f"parameters must name some of {', '.join(own)}, but names {names}.")
    return {name: own[name] for name in names}


def _flat(p: Tensor) -> Array:
    return p.detach().double().cpu().numpy().reshape(-1).copy()
