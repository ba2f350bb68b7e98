"""Friction and noise of a chain from its fluctuations alone, and what they leave open.

Three sources, each used for what it holds:

    deviations now and then     rate r = m k and size dt q/2r (`linear_noise`): two numbers, however long they are seen
    with k from elsewhere       mobility r/k, so friction over noise, then both (`fluctuation_sources`)
    every step                  sticking shows friction itself: all four numbers (`friction_model`)
"""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks import finite_number, finite_numbers
from .as_json import plain
from .fluctuation_sources import bend_of, from_deviations, from_steps, size_and_rate
from .friction_model import Steps
from .linear_noise import LinearNoise, fit_linear
from .noise_data import Array
from .result import Estimate
from .stochastic_fit import REJECTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERY_STEP = 1e-6  # relative deviation of intervals from dt
MOST = 2000  # times whose deviations are used


@dataclass(frozen=True)
class FluctuationFit:
    """What fluctuations say about a chain; make it with `fit_fluctuations`.

    Parameters
    ----------
    size : Estimate
        dt q/(2 m k) in length^2, the variance of the deviations without their shape: that of mode j times lambda_j.
    rate : Estimate
        r = m k, the rate (1/time) at which the chain forgets; mode j relaxes at r lambda_j.
    power : Estimate
        dt q/2 = size times rate, in length^2/time: how fast the noise alone makes a block diffuse.
    mobility : Estimate
        m, share of the force's change that moves a block: 2 Phi(-b/s), and the share of steps that slide.
    k, mu_right, mu_left, eps_bar : Estimate
        As in `SpringChain`; open where `source` does not hold them.
    mu_eff_over_k : Estimate
        Bend of the mean, (mu_right - mu_left)/2k.
    source : {"deviations", "deviations and k", "every step"}
        Where the numbers come from.
    mode_variances, mode_theory, mode_stderr : ndarray, shape (n,)
        Variance of each mode, as measured, of the fitted chain, and the standard error of the first.
    p_value : float
        Probability of a worse disagreement if the model is right: of sizes and rates between modes; where every step is
        seen, of counts of right, stuck and left over tenths of the force.
    verdict : str
    """

    size: Estimate
    rate: Estimate
    power: Estimate
    mobility: Estimate
    k: Estimate
    mu_right: Estimate
    mu_left: Estimate
    eps_bar: Estimate
    mu_eff_over_k: Estimate
    source: str
    mode_variances: Array
    mode_theory: Array
    mode_stderr: Array
    p_value: float
    verdict: str

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Variance of each mode, measured and fitted; see `mechanics.plots.plot_mode_variances`."""
        from ..plots import plot_mode_variances

        return plot_mode_variances(self, ax)

    def to_dict(self) -> dict[str, Any]:
        """All numbers as lists and floats for JSON; values that are not finite become None."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}

    def __str__(self) -> str:
        return self.verdict


def fit_fluctuations(
    positions: ArrayLike,
    ts: ArrayLike,
    *,
    dt: float | None = None,
    k: float | Estimate | None = None,
    end: ArrayLike | None = None,
) -> FluctuationFit:
    """Noise, mobility and friction of a chain from deviations around its mean.

    Parameters
    ----------
    positions : array_like, shape (m, n) or (histories, m, n)
        Moving blocks, x_l = D_0 - D_l of load curves, or `run.x[..., 1:-1]`; from when the chain has settled. Several
        histories: deviations are from their mean at each time, which may move slowly (a network: few seeds, whose
        covariance over blocks at each epoch is the data). One: from its mean over time, which must rest.
    ts : array_like, shape (m,)
        Times, increasing. One time is enough for the noise over the rate, with several histories.
    dt : float, optional
        Step of the dynamics, for which a draw of the noise lasts. Without it the continuous limit is taken, and s stays
        open, as only s^2 dt shows.
    k : float or Estimate, optional
        Stiffness as a rate from elsewhere (`fit_chain(...).k`, with its error).
    end : array_like, scalar, (m,) or (histories, m), optional
        Position of the pulled end, for the bend, and with it the two thresholds by themselves.

    Returns
    -------
    FluctuationFit

    Raises
    ------
    ValueError
        If shapes disagree, values are not finite, times do not increase, or nothing fluctuates.

    Notes
    -----
    Where intervals equal dt, every step is seen, and friction by its sticking: the likelihood of Rosett (1959) then
    gives k, both thresholds and s at once (it needs `end`), settled or not.
    Linear theory holds where blocks slide back and forth: deviations of the force are small against s (k dt << 1), and
    mobilities equal (a chain near rest). `p_value` tests both; a chain on its way, or stuck, fails it.
    """
    x, times = _positions(positions, ts)
    if dt is not None:
        dt = finite_number("dt", dt)
        if dt <= 0:
            raise ValueError(f"dt must be positive, but is {dt}.")
    ends = None if end is None else _ends(end, x)
    few = slice(None, None, -(-len(times) // MOST))  # neighbours say nearly the same
    noise = LinearNoise.of(x[:, few], times[few], dt)
    if noise.numbers < 3 or np.abs(noise.y).max() < 1e-12 * np.abs(x).max():
        raise ValueError("Nothing fluctuates: give several histories, or a long one that has not frozen.")
    linear = fit_linear(noise)
    bend = bend_of(x[:, few], None if ends is None else ends[:, few], noise, linear)
    values, p_value = size_and_rate(linear) | {"mu_eff_over_k": bend}, linear.p_value
    every = dt is not None and len(times) > 1 and bool(np.allclose(np.diff(times), dt, rtol=EVERY_STEP))
    if every and dt is not None and ends is not None:
        source = "every step"
        full = np.concatenate([np.zeros((*x.shape[:2], 1)), x, ends[..., None]], axis=-1)
        found, p_value = from_steps(Steps.of(full, dt))
        values |= found
    else:
        known = _known(k)
        source = "deviations" if known is None else "deviations and k"
        values |= from_deviations(linear, bend, dt, known)
    return FluctuationFit(
        **values,
        source=source,
        mode_variances=linear.variances,
        mode_theory=linear.theory,
        mode_stderr=linear.stderr,
        p_value=p_value,
        verdict=_verdict(values, source, p_value),
    )


def _positions(positions: ArrayLike, ts: ArrayLike) -> tuple[Array, Array]:
    x, times = finite_numbers("positions", positions), np.atleast_1d(finite_numbers("ts", ts))
    x = x[None] if x.ndim == 2 else x
    if x.ndim != 3 or times.shape != x.shape[1:2] or x.shape[2] < 2:
        raise ValueError(
            f"positions must be (times, blocks) or (histories, times, blocks) of at least 2 blocks, one time each, "
            f"but have shape {np.shape(positions)} with {times.size} times."
        )
    if not (np.diff(times) > 0).all():
        raise ValueError("ts must increase; sort both arrays by time and drop repeats.")
    return x, times


def _ends(end: ArrayLike, x: Array) -> Array:
    ends = finite_numbers("end", end)
    if ends.shape not in ((), x.shape[1:2], x.shape[:2]):
        raise ValueError(f"end must be a number or have shape {x.shape[1:2]} or {x.shape[:2]}, but has {ends.shape}.")
    return np.broadcast_to(ends, x.shape[:2])


def _known(k: float | Estimate | None) -> tuple[float, float] | None:
    """k and the standard error of its logarithm; None where it is open."""
    if k is None:
        return None
    if isinstance(k, Estimate):
        return (k.value, k.stderr / k.value) if k.identified else None
    value = finite_number("k", k)
    if value <= 0:
        raise ValueError(f"k must be positive, but is {value}.")
    return value, 0.0


def _verdict(values: dict[str, Estimate], source: str, p_value: float) -> str:
    said = [f"From {source}."]
    known = [name for name, e in values.items() if e.identified]
    said += ["Measured: " + ", ".join(f"{name} = {values[name]}" for name in known) + "."] if known else []
    silent: dict[str, list[str]] = {}
    for name, e in values.items():
        if not e.identified:
            silent.setdefault(e.note, []).append(name)
    if silent:
        said.append(
            "Not identified: " + "; ".join(f"{', '.join(names)} ({note})" for note, names in silent.items()) + "."
        )
    if p_value < REJECTED:
        said.append(f"Chain and data do not agree (p = {p_value:.2g}): not settled, stuck, or no such chain.")
    else:
        said.append(f"Chain and data agree (p = {p_value:.2g}).")
    return " ".join(said)
