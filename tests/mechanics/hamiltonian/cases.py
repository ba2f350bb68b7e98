"""Textbook two-point problems with known answers, and their systems; shared by the tests so that each compiles once."""

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from mechanics.hamiltonian import Hamiltonian


class Case(NamedTuple):
    """H of a problem, its ends and time, and what is known; `p0` in (q, p) at the start."""

    H: object
    d: int
    par: dict | None
    q0: object
    q1: object
    T: float
    expected: dict
    tol: float


# Sources: harmonic, Ornstein-Uhlenbeck and y'' = k^2 y in closed form; pendulum by Jacobi's sn; Kepler from the ellipse
# a = 1, e = 0.3 between true anomalies 0.3 and 2.1; sphere by spherical trigonometry; kink x = tanh(t - T/2);
# Freidlin-Wentzell well and Troesch by quadrature of the energy integral; Bratu from cosh; the geodesic of the
# hyperbolic half-plane is a circle about a point of the axis, cosh(length) = 1 + |q1 - q0|^2 / (2 q0_2 q1_2).
CASES = {
    "harmonic": Case(
        lambda t, q, p, par: p[0] ** 2 / 2 + par.omega**2 * q[0] ** 2 / 2,
        1, {"omega": 1.3}, 0.2, 1.0, 2.0,
        {"p0": [2.95400004562], "action": -1.62803989117, "H": 4.39685813475}, 1e-10),
    "kepler": Case(
        lambda t, q, p, par: (p[0] ** 2 + p[1] ** 2) / 2 - 1 / math.sqrt(q[0] ** 2 + q[1] ** 2),
        2, None, [0.675699957558, 0.209018490732], [-0.541408319518, 0.925725143427], 1.36831619488,
        {"p0": [-0.309789351588, 1.31595020653], "p1": [-0.904889289974, -0.214737065314], "H": -0.5}, 1e-10),
    "sphere": Case(
        lambda t, q, p, par: (p[0] ** 2 + p[1] ** 2 / math.sin(q[0]) ** 2) / 2,
        2, None, [1.0, 0.2], [1.9, 2.0], 1.0,
        {"p0": [0.322596415804, 1.60489830604], "H": 1.87084178398}, 1e-10),
    "kink": Case(
        lambda t, q, p, par: p[0] ** 2 / 2 - (q[0] ** 2 - 1) ** 2 / 2,
        1, None, -0.995054753687, 0.995054753687, 6.0,
        {"p0": [0.00986603716544], "action": 1.33328450304, "H": 0.0}, 1e-10),
    "freidlin_wentzell": Case(
        lambda t, q, p, par: p[0] ** 2 / 2 + p[0] * (q[0] - q[0] ** 3),
        1, None, -1.0, 0.0, 5.0,
        {"p0": [0.0679973064095], "action": 0.501794345889, "H": 0.00231181683947}, 1e-10),
    "ornstein_uhlenbeck": Case(
        lambda t, q, p, par: p[0] ** 2 / 2 - par.theta * q[0] * p[0],
        1, {"theta": 3.0}, 1.0, 2.0, 1.0,
        {"p0": [0.584019948072], "action": 11.4383442568}, 1e-10),
    "hyperbolic_10": Case(
        lambda t, q, p, par: p[0] ** 2 / 2 - par.kappa**2 * q[0] ** 2 / 2,
        1, {"kappa": 10.0}, 1.0, 1.0, 1.0,
        {"p0": [-9.99909204263], "middle": 0.0134752822213, "sensitivity": 1101.32328747}, 1e-10),
    "hyperbolic_30": Case(
        lambda t, q, p, par: p[0] ** 2 / 2 - par.kappa**2 * q[0] ** 2 / 2,
        1, {"kappa": 30.0}, 1.0, 1.0, 1.0,
        {"p0": [-30.0], "middle": 6.11804641004e-07, "sensitivity": 178107909692.0}, 1e-10),
    "hyperbolic_60": Case(
        lambda t, q, p, par: p[0] ** 2 / 2 - par.kappa**2 * q[0] ** 2 / 2,
        1, {"kappa": 60.0}, 1.0, 1.0, 1.0, {"p0": [-60.0]}, 1e-10),
    "troesch": Case(
        lambda t, q, p, par: p[0] ** 2 / 2 - (math.cosh(par.n * q[0]) - 1),
        1, {"n": 5.0}, 0.0, 1.0, 1.0, {"p0": [0.0457504614063]}, 1e-9),
    "troesch_10": Case(
        lambda t, q, p, par: p[0] ** 2 / 2 - (math.cosh(par.n * q[0]) - 1),
        1, {"n": 10.0}, 0.0, 1.0, 1.0, {"p0": [3.5833778462e-4]}, 1e-10),
    "hyperbolic_plane": Case(
        lambda t, q, p, par: q[1] ** 2 * (p[0] ** 2 + p[1] ** 2) / 2,
        2, None, [0.0, 1.0], [1.5, 0.6], 1.0, {"p0": [1.55580216661, 0.834947162747], "H": 1.5588285731}, 1e-10),
    "bratu": Case(
        lambda t, q, p, par: p[0] ** 2 / 2 + par.lam * math.exp(q[0]),
        1, {"lam": 1.0}, 0.0, 0.0, 1.0, {"p0": [0.549352728775]}, 1e-10),
}  # fmt: skip
FOLD = 3.51383071913  # of Bratu's problem


@cache
def made(name):
    """The Hamiltonian of a case; one object a formula, so that it is compiled once."""
    case = CASES[name]
    for first, same in (("hyperbolic_10", ("hyperbolic_30", "hyperbolic_60")), ("troesch", ("troesch_10",))):
        if name in same:
            return made(first).with_par(**case.par)
    return Hamiltonian(case.H, case.d, case.par)


def ends(name):
    """boundary and t_span."""
    case = CASES[name]
    return (np.atleast_1d(case.q0), np.atleast_1d(case.q1)), (0.0, case.T)
