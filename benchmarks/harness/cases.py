"""What is solved: system, start, end and the reference solution of every timed case.

Single trajectories: start and end are chosen here, since no paper fixes them for timings. Lorenz 63 leaves (1, 1, 1)
for ten time units (errors grow by about 1e4), Hénon-Heiles is a regular orbit, Arenstorf's orbit and the Pleiades start
as in Hairer, Norsett, Wanner I (II.0 and II.10), and Lorenz 96 starts far from its unstable rest point. Arenstorf's
orbit is left at t = 16 of its period 17.07: its last close pass raises rounding alone above 1e-11.
Ensembles: y0 of member 0 is `case.y0`; the others are spread about it.
"""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

import mechanics
from mechanics.methods import VERN9
from mechanics.systems import BRUSSELATOR_PDE, HIRES, OREGONATOR, ROBERTSON, VAN_DER_POL_STIFF

from . import drifts
from .references import REFERENCES


@dataclass(frozen=True)
class Case:
    """A system from y0 at t = 0 to t1."""

    name: str
    drift: object
    y0: np.ndarray
    t1: float
    spread: float = 0.0  # standard deviation of the starts of an ensemble
    members: int = 1
    analytic: bool = True  # whether a Taylor series exists

    @property
    def n(self):
        return self.y0.size

    @property
    def reference(self):
        """State at t1, correct to the last bit of a double."""
        return np.array(REFERENCES[self.name])

    def starts(self, members):
        """Starts of an ensemble, (members, n)."""
        noise = np.random.default_rng(1).standard_normal((members, self.n))
        noise[0] = 0.0
        return np.ascontiguousarray(self.y0 + self.spread * noise)


def _case(drift, y0, t1, **more):
    return Case(drift.__name__, drift, np.array(y0, dtype=float), t1, **more)


PLEIADES = [3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0]
ARENSTORF = [0.994, 0.0, 0.0, -2.00158510637908252240537862224]

SINGLE = (
    _case(drifts.lorenz63, [1, 1, 1], 10.0),
    _case(drifts.henon_heiles, [0.1, -0.1, 0.35, 0.15], 50.0),
    _case(drifts.arenstorf, ARENSTORF, 16.0),
    _case(drifts.pleiades, PLEIADES, 3.0),
    _case(drifts.lorenz96, 8 * np.sin(0.7 * np.arange(40)), 2.0),
)

ENSEMBLES = (
    _case(drifts.lorenz63, [1, 1, 1], 1.0, spread=1.0, members=10_000),
    _case(drifts.van_der_pol, [2, 0], 5.0, spread=0.5, members=10_000),
    _case(drifts.henon_heiles, [0.1, -0.1, 0.2, 0.1], 10.0, spread=0.05, members=10_000),
    _case(drifts.friction_chain, np.zeros(7), 10.0, spread=0.3, members=5_000, analytic=False),
    _case(drifts.kuramoto, np.zeros(12), 5.0, spread=1.0, members=2_000),
    _case(drifts.pleiades, PLEIADES, 1.0, spread=0.01, members=500),
)


@dataclass(frozen=True)
class StiffCase:
    """A stiff system of `mechanics.systems`.

    `floor` is atol over rtol: below the components that matter (Robertson's second one is 1e-5).
    """

    name: str
    system: object
    floor: float
    band: tuple | None = None

    @property
    def y0(self):
        return np.array(self.system.y0)

    @property
    def t1(self):
        return self.system.t1

    @property
    def n(self):
        return self.system.n

    @cached_property
    def drift(self):
        """`f(t, y, p, dy)` with the parameters inside, for libraries that have no place for them."""
        f, parameters = numba.njit(self.system.drift), self.system.p

        def drift(t, y, p, dy):
            f(t, y, parameters, dy)

        return drift

    @cached_property
    def reference(self):
        """State at t1: in 60 digits, or by VERN9 at 1e-13, for which the Brusselator is stiff, but not very."""
        if self.system.final is not None:
            return self.system.final
        return mechanics.solve(self.system.problem(), VERN9, rtol=1e-13, atol=1e-13, saveat=[self.t1]).y

    def error(self, final):
        """The largest relative error of a component."""
        reference = self.reference
        return np.abs(final / reference - 1.0).max() if final.shape == reference.shape else np.inf


STIFF = (
    StiffCase("robertson", ROBERTSON, 1e-6),
    StiffCase("van_der_pol", VAN_DER_POL_STIFF, 1e-2),
    StiffCase("hires", HIRES, 1e-3),
    StiffCase("oregonator", OREGONATOR, 1e-2),
    StiffCase("brusselator", BRUSSELATOR_PDE, 1.0, band=(2, 2)),
)

# a million leapfrog steps of 0.1 and 0.01: a chaotic orbit, and 1592 turns of an ellipse with e = 0.5
HAMILTONIAN = (
    _case(drifts.henon_heiles, [0.0, 0.1, 0.5, 0.0], 1e5),
    _case(drifts.kepler, [0.5, 0.0, 0.0, 3**0.5], 1e4),
)


def by_name(cases, names):
    """The cases named in the comma-separated `names`; all without names."""
    if not names:
        return cases
    wanted = names.split(",")
    missing = set(wanted) - {case.name for case in cases}
    if missing:
        raise SystemExit(f"no case {sorted(missing)}; there are {[case.name for case in cases]}")
    return tuple(case for case in cases if case.name in wanted)
