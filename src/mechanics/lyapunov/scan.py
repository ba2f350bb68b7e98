"""Exponents and attractors over a range of parameters, on threads: one compilation, independent runs."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods import Method
from ..parameters import normalise
from ..threads import default_threads
from .job import FINE, stepped
from .map import Map
from .result import LyapunovSpectrum
from .spectrum import arranged, fresh

Array = NDArray[np.float64]
STEPS = 20_000  # of the default run at each value
PIECE = 2000  # steps kept at once


@dataclass(frozen=True, eq=False)
class ExponentScan:
    """Spectra over parameters.

    Attributes
    ----------
    spectra : list of LyapunovSpectrum
        One for each parameter record, in the order given.
    exponents, stderr : ndarray, shape (m, k)
        NaN where a run diverged.
    kaplan_yorke : ndarray, shape (m,)
        Dimensions.
    converged : ndarray of bool, shape (m,)
        Whether each verdict is good.
    """

    spectra: list[LyapunovSpectrum]

    @property
    def exponents(self) -> Array:
        """Exponents, one row for each parameter record."""
        return np.array([s.exponents for s in self.spectra])

    @property
    def stderr(self) -> Array:
        """Their standard errors."""
        return np.array([s.stderr for s in self.spectra])

    @property
    def kaplan_yorke(self) -> Array:
        """Dimensions."""
        return np.array([s.kaplan_yorke for s in self.spectra])

    @property
    def converged(self) -> NDArray[np.bool_]:
        """Which verdicts are good."""
        return np.array([s.converged for s in self.spectra])


def exponent_scan(
    system: Any,
    p: Sequence[Any],
    k: int | None = None,
    *,
    total: float | None = None,
    transient: float | None = None,
    dt: float | None = None,
    method: Method | None = None,
    interval: float | None = None,
    seed: int = 0,
    rtol: float = 0.02,
    threads: int | None = None,
) -> ExponentScan:
    """Lyapunov spectra for many parameter records.

    Parameters
    ----------
    system : Map or Problem
        Its initial state is where every run starts.
    p : sequence
        Parameter records, of the form of the system's own.
    k, total, transient, dt, method, interval, seed, rtol
        As for `lyapunov_spectrum`; 20 000 steps by default, and dt is found for the system's own parameters.
    threads : int, optional
        As many as there are processors by default. The result does not depend on it.

    Raises
    ------
    TypeError
        If a record has not the form of the system's own.
    """
    job, step, _ = arranged(system, k, dt, method, seed, "auto")
    job = stepped(job, "exponent_scan")
    total = STEPS * step if total is None else float(total)
    skipped = 0.2 * total if transient is None else float(transient)
    records = _records(job.system, p)
    with ThreadPoolExecutor(threads or default_threads()) as pool:
        spectra = list(pool.map(lambda one: fresh(job, one, step, total, skipped, interval, rtol), records))
    return ExponentScan(spectra)


def _records(system: Any, p: Sequence[Any]) -> list[Any]:
    records = []
    for i, one in enumerate(p):
        value, key = normalise(one)
        if key != system.p_key:
            raise TypeError(f"p[{i}] has another form than the system's own parameters {system.p!r}: {one!r}.")
        records.append(value)
    return records


def bifurcation_diagram(
    system: Any,
    p: Sequence[Any],
    component: int = 0,
    *,
    keep: int = 200,
    transient: float | None = None,
    dt: float | None = None,
    method: Method | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> list[Array]:
    """What one component does in the long run, for many parameter records.

    Parameters
    ----------
    system : Map or Problem
        Its initial state is where every run starts.
    p : sequence
        Parameter records.
    component : int
        Which component of the state.
    keep : int
        Values kept for each record: iterates of a map, or local maxima in time of a flow (by a parabola through three
        steps), fewer if there are not as many in 1000 steps for each.
    transient : float, optional
        Time discarded first; 2000 steps by default.

    Returns
    -------
    list of ndarray
        One array for each record; empty where the state diverged or, for a flow, has no maxima.
    """
    job, step, _ = arranged(system, 1, dt, method, seed, "auto")
    job = stepped(job, "bifurcation_diagram")
    if not 0 <= component < job.n:
        raise ValueError(f"component must be from 0 to {job.n - 1}, but is {component!r}.")
    skipped = 2000 if transient is None else round(transient / step)

    def one(record: Any) -> Array:
        V, room = job.start(), job.room(1)
        qs, rs = np.empty((PIECE, job.n, 2)), np.empty((PIECE, 1, 1))
        at, found, last = 0, np.empty(0), np.empty(0)
        while at < skipped + (keep if isinstance(job.system, Map) else 1000 * keep):
            count = min(PIECE, skipped - at if at < skipped else PIECE)
            _, end = job.advance(V, room, record, step, at, 1, count, 1, np.ones(2), qs, rs)
            if end != FINE:
                return np.empty(0)
            at += count
            if at > skipped:
                new = qs[:count, component, 1].copy()
                xs = np.concatenate([last, new])
                found = np.concatenate([found, new if isinstance(job.system, Map) else _maxima(xs)])
                last = xs[-2:]
                if len(found) >= keep:
                    break
        return found[:keep]

    with ThreadPoolExecutor(threads or default_threads()) as pool:
        return list(pool.map(one, _records(job.system, p)))


def _maxima(x: Array) -> Array:
    """Heights of the parabolas through three successive values whose middle one is the largest."""
    before, here, after = x[:-2], x[1:-1], x[2:]
    top = np.flatnonzero((here >= before) & (here > after))
    a, b, c = before[top], here[top], after[top]
    bend = a - 2.0 * b + c
    result: Array = b - (c - a) ** 2 / (8.0 * bend)
    return result
