"""Numbers behind the figures of Leaky ResNets: test errors by steps, paired gains, the plane of some paths."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

if TYPE_CHECKING:
    from ..training import LeakyHistory

Array = NDArray[np.float64]
SCHEMES = ("equidistant", "irregular", "adaptive")


class Gain(NamedTuple):
    """Test error of one scheme against equidistant steps, seed by seed."""

    percent: Array
    """100 (error / equidistant error - 1), in the order of the seeds."""
    mean: float
    half_width: float
    """Of the 95 % confidence interval of the mean, Student's t; nan for a single seed."""
    objective_percent: float
    """Mean of the same for the training objective."""


def errors_by_steps(histories: Iterable["LeakyHistory"]) -> dict[str, tuple[list[int], Array, Array]]:
    """By scheme: numbers of layers, mean test errors, and what is left of their standard errors without the seeds.

    A seed draws the task too, and tasks differ far more than schemes do: each seed's mean over the schemes is taken out
    before the standard error is. It is 0 for a single seed.
    """
    errors = {key: {s: h.test_error[-1] for s, h in runs.items()} for key, runs in _by_scheme(histories).items()}
    found = {}
    for name in SCHEMES:
        layers = sorted(L for scheme, L in errors if scheme == name)
        if not layers:
            continue
        mean = np.array([np.mean(list(errors[name, L].values())) for L in layers])
        stderr = []
        for L in layers:
            there = [runs for (_, other), runs in errors.items() if other == L]
            own = [e - np.mean([r[s] for r in there if s in r]) for s, e in errors[name, L].items()]
            stderr.append(np.std(own, ddof=1) / np.sqrt(len(own)) if len(own) > 1 else 0.0)
        found[name] = layers, mean, np.array(stderr)
    return found


def paired_gains(histories: Iterable["LeakyHistory"]) -> list[tuple[str, int, Gain]]:
    """(scheme, layers, gain) of irregular and adaptive steps over the seeds that equidistant steps have too."""
    by_scheme = _by_scheme(histories)
    found = []
    for (name, L), runs in sorted(by_scheme.items()):
        even = by_scheme.get(("equidistant", L), {})
        seeds = sorted(runs.keys() & even.keys())
        if name == "equidistant" or not seeds:
            continue
        percent = np.array([100 * (runs[s].test_error[-1] / even[s].test_error[-1] - 1) for s in seeds])
        costs = [100 * (runs[s].objective[-1] / even[s].objective[-1] - 1) for s in seeds]
        n = len(percent)
        half = stats.t.ppf(0.975, n - 1) * percent.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        found.append((name, L, Gain(percent, float(percent.mean()), float(half), float(np.mean(costs)))))
    return found


def plane_of_paths(paths: Sequence[Any]) -> tuple[list[Array], Array]:
    """Principal components of all representations of all paths, each (m, w, N), taken as points of R^(w N).

    Returns
    -------
    points : list of ndarray, shapes (m, 2)
    share : ndarray, shape (2,)
        Of the variance.

    Raises
    ------
    ValueError
        If there is no path, or their (w, N) differ.
    """
    flat = [np.asarray(A, float).reshape(len(A), -1) for A in paths]
    if not flat or len({f.shape[1] for f in flat}) > 1:
        raise ValueError(f"paths must be at least one, of one (w, N), but have {[np.shape(A) for A in paths]}.")
    together = np.concatenate(flat)
    centred = together - together.mean(0)
    # m x m instead of wN x wN: there are few layers and many numbers in each
    squares, vectors = np.linalg.eigh(centred @ centred.T)
    squares, vectors = np.maximum(squares[:-3:-1], 0), vectors[:, :-3:-1]
    points = vectors * np.sqrt(squares)
    return np.split(points, np.cumsum([len(f) for f in flat])[:-1]), squares / max((centred**2).sum(), 1e-300)


def _by_scheme(histories: Iterable["LeakyHistory"]) -> dict[tuple[str, int], dict[int, "LeakyHistory"]]:
    found: dict[tuple[str, int], dict[int, LeakyHistory]] = {}
    for h in histories:
        found.setdefault((h.settings["rho"], h.settings["layers"]), {})[h.settings["seed"]] = h
    return found
