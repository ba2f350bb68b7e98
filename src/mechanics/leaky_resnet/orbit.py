"""Initial-value runs of a Leaky ResNet: p from 0 to 1 from given activations and costates.

A piecewise linear activation bends at zero, and dB/dp jumps where an entry of A crosses it: steps over the jump have
order 1 to 2 whatever their method. With events="kinks" each crossing is located on the method's interpolant, the step
ends there, the entry is set to exactly zero and the run goes on with that entry's slope switched; between crossings the
equations are polynomials.
"""

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import finite_number, finite_numbers, whole_numbers
from ..event import Event
from ..methods import Method
from ..problem import Problem
from ..solving import solve
from ..status import Status
from .flow import slopes

if TYPE_CHECKING:
    from .leaky import LeakyResNet

Array = NDArray[np.float64]
NEAR_ZERO = 1e-6  # of max |A|: an entry this close to its kink slides along it, or has just crossed
SLIDING = 0.01  # of entries and depth; above it the slope at zero decides the run
MAX_KINKS = 20_000  # each restarts the method


class Kinks(NamedTuple):
    """Entries of A that crossed zero, in order."""

    p: Array
    """When, (k,)."""
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    up: NDArray[np.bool_]
    """Whether the entry became active."""


@dataclass(frozen=True, eq=False)
class Orbit:
    """One run.

    Attributes
    ----------
    p : ndarray, shape (m,)
        Where states were kept.
    A, B : ndarray, shape (m, w, N)
        Activations and costates there.
    evaluations : int
        Of the right-hand side.
    sliding : float
        Fraction of entries and depth with |A| < 1e-6 max |A| at two kept states in a row: along a kink, not across it.
    kinks : Kinks or None
        With events="kinks".
    """

    net: "LeakyResNet" = field(repr=False)
    p: Array = field(repr=False)
    A: Array = field(repr=False)
    B: Array = field(repr=False)
    evaluations: int
    sliding: float
    kinks: Kinks | None = field(default=None, repr=False)

    @property
    def W(self) -> Array:
        """Weights Lt B S^T, shape (m, w, w + 1), or (m, w, w) without bias."""
        return self.net.weights(self.A, self.B)

    @property
    def H(self) -> Array:
        """Hamiltonian at each kept state, (m,)."""
        H: Array = self.net.hamiltonian(self.A, self.B)
        return H


def integrate(
    net: "LeakyResNet",
    A0: ArrayLike,
    B0: ArrayLike,
    method: Method,
    *,
    steps: int | None,
    rtol: float,
    events: str | None,
    saveat: ArrayLike | None,
) -> Orbit:
    """What `LeakyResNet.integrate` does, from p = 0 to 1."""
    A0, B0 = finite_numbers("A0", A0), finite_numbers("B0", B0)
    if A0.ndim != 2 or A0.shape != B0.shape or A0.size == 0:
        raise ValueError(f"A0 and B0 must be matrices of one shape, but have shapes {A0.shape} and {B0.shape}.")
    if steps is not None:
        whole_numbers(steps=(steps, 1))
    if not 0.0 < finite_number("rtol", rtol) < 1.0:
        raise ValueError(f"rtol must lie between 0 and 1, but is {rtol}.")
    if events not in (None, "kinks"):
        raise ValueError(f"events must be 'kinks' or None, but is {events!r}.")
    size = max(np.abs(A0).max(), np.abs(B0).max(), np.finfo(float).tiny)
    if steps is None and not method.adaptive:
        raise ValueError(f"{method.name} takes equal steps; give their number with steps=.")
    options: dict[str, Any] = {"dt": 1 / steps} if steps else {"rtol": rtol, "atol": 0.01 * rtol * size}
    kinked = events == "kinks" and net.act.kinked
    if kinked and (steps is not None or method.kind != "explicit" or not method.adaptive):
        raise ValueError(
            f"Kinks are located by adaptive explicit methods (DOP853, VERN9, TSIT5) with rtol=, not by {method.name}"
            f"{' with steps=' if steps else ''}. Leave out events= to step over them, with order 1 to 2."
        )
    if kinked:
        ps, A, B, evaluations, kinks = _through_kinks(net, A0, B0, method, saveat, options)
    else:
        ps, A, B, evaluations = _plain(net, A0, B0, method, saveat, options)
        kinks = None
    sliding = _sliding(ps, A) if net.act.kinked else 0.0
    if sliding > SLIDING:
        warnings.warn(
            f"{sliding:.1%} of the activations lie on their kink (within 1e-6 of the largest). The flow has the slope "
            "from below there, which need not be the geodesic's: follow ('softplus', beta) to large beta instead.",
            RuntimeWarning,
            stacklevel=3,
        )
    return Orbit(net, ps, A, B, evaluations, sliding, kinks)


def _plain(
    net: "LeakyResNet", A0: Array, B0: Array, method: Method, saveat: Any, options: dict[str, Any]
) -> tuple[Array, Array, Array, int]:
    if method.kind == "explicit":
        act, Lt, bias = net.act, net.Lt, net.bias

        def drift(p, y, _):  # type: ignore[no-untyped-def]
            return np.stack(slopes(y[0], y[1], act.value(y[0]), act.slope(y[0]), Lt, bias))

        problem = Problem(drift, np.stack([A0, B0]), 0.0, 1.0)
    else:
        problem = net.system(*A0.shape).problem(np.concatenate([A0.ravel(), B0.ravel()]), 0.0, 1.0)
    found = _finished(solve(problem, method, saveat=saveat, **options))
    ys = found.ys.reshape(-1, 2, *A0.shape)
    return found.ts, ys[:, 0], ys[:, 1], found.stats.evaluations


def _through_kinks(
    net: "LeakyResNet", A0: Array, B0: Array, method: Method, saveat: Any, options: dict[str, Any]
) -> tuple[Array, Array, Array, int, Kinks]:
    Lt, bias, below = net.Lt, net.bias, net.act.parameter

    def drift(p, y, slope):  # type: ignore[no-untyped-def]
        return np.stack(slopes(y[0], y[1], slope * y[0], slope, Lt, bias))

    y = np.stack([A0, B0])
    start = slopes(A0, B0, net.act.value(A0), net.act.slope(A0), Lt, bias)[0]
    sign = np.where((A0 > 0) | ((A0 == 0) & (start > 0)), 1.0, -1.0)
    p, evaluations = 0.0, 0
    log: list[tuple[float, int, int, bool]] = []
    kept: list[tuple[Array, Array]] = []
    times = None if saveat is None else np.atleast_1d(finite_numbers("saveat", saveat))
    while True:
        nearest = Event(_nearest(sign), direction=-1, terminal=True)
        rest = None if times is None else times[times >= p if not kept else times > p]
        problem = Problem(drift, y, p, 1.0, np.where(sign > 0, 1.0, below))
        at = rest if rest is None or len(rest) else [1.0]
        found = _finished(solve(problem, method, events=nearest, saveat=at, **options))
        evaluations += found.stats.evaluations
        new = slice(int(bool(kept) and times is None), None) if rest is None or len(rest) else slice(0, 0)
        kept.append((np.asarray(found.ts)[new], np.asarray(found.ys)[new]))
        p, y = float(found.t), np.array(found.y)
        if found.status is not Status.EVENT:
            break
        crossed = sign * y[0] < 0
        log += [(p, i, j, sign[i, j] < 0) for i, j in np.argwhere(crossed)]
        if len(log) > MAX_KINKS:
            raise RuntimeError(
                f"{len(log)} kinks up to p = {p}: too many to locate one by one. Leave out events=, or follow softplus."
            )
        y[0][crossed] = 0.0
        sign = np.where(crossed, -sign, sign)
        if times is None:
            kept[-1][1][-1] = y
        if p >= 1.0:
            break
    ps, ys = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    columns = list(zip(*log, strict=True)) or [(), (), (), ()]
    kinks = Kinks(*(np.array(c, kind) for c, kind in zip(columns, (float, int, int, bool), strict=True)))
    return ps, ys[:, 0], ys[:, 1], evaluations, kinks


def _nearest(sign: Array) -> Any:
    """g: the least distance from a kink on the side where each entry is. Exact zeros have just left it, or never do."""

    def g(p, y, slope):  # type: ignore[no-untyped-def]
        return float(np.where(y[0] == 0, np.inf, sign * y[0]).min())

    return g


def _finished(found: Any) -> Any:
    """The solution, unless Ctrl-C ended it: an orbit has no room for half a run."""
    if found.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return found


def _sliding(ps: Array, A: Array) -> float:
    size = np.abs(A).max((-2, -1), keepdims=True)
    near = np.abs(A) < NEAR_ZERO * size
    return float(np.diff(ps) @ (near[1:] & near[:-1]).mean((-2, -1)))
