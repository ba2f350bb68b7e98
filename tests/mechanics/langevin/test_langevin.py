"""Langevin problems and methods: what they print and refuse, the same bits however they run, and known averages.

Statistical tests have fixed seeds; their bounds are five standard errors, false alarms of 6e-7 each.
"""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics import Langevin, OverdampedLangevin, Problem, ensemble, solve
from mechanics.methods import (
    BAOAB,
    BBK,
    EULER_MARUYAMA,
    FRICTION_BAOAB,
    LEIMKUHLER_MATTHEWS,
    VERLET,
    all_methods,
    langevin_splitting,
)
from mechanics.reduce import Variance


def double_well(t, q, p, out):
    """F = q - q^3, from the potential q^4/4 - q^2/2."""
    out[0] = q[0] - q[0] ** 3


def free(t, q, p, out):
    """No force."""
    for i in range(len(q)):
        out[i] = 0.0


WELL = Langevin(double_well, [0.5], [0.0], gamma=0.8, temperature=0.4, mass=1.5, t1=20.0)


def test_a_problem_prints_the_equation_that_it_solves():
    shown = str(WELL)
    assert "m dv = F(q) dt - gamma m v dt + sigma dW" in shown
    assert "gamma = 0.8 per unit time" in shown
    assert f"{np.sqrt(2 * 0.8 * 1.5 * 0.4):.6g}"[:6] in shown
    assert "friction" in str(dataclasses.replace(RUBBING))


RUBBING = Langevin(free, [0.0], [0.0], gamma=0.0, noise=0.7, friction=(0.6, 0.4), t1=20.0)


@pytest.mark.parametrize("method", [BAOAB, BBK], ids=str)
def test_members_restarts_and_threads_give_the_same_bits(method):
    whole = ensemble(WELL, method, dt=0.1, members=40, seed=3, saveat=np.linspace(0, 20, 5))
    for member in (0, 17, 39):
        alone = solve(WELL, method, dt=0.1, seed=3, member=member, saveat=np.linspace(0, 20, 5))
        assert np.array_equal(whole.ys[member], alone.ys)
    some = ensemble(WELL, method, dt=0.1, members=3, first_member=20, seed=3, saveat=[20.0])
    assert np.array_equal(some.ys[:, -1], whole.ys[20:23, -1])
    part = solve(dataclasses.replace(WELL, t1=7.0), method, dt=0.1, seed=3, member=17)
    rest = solve(part.restart(t1=20.0), method, dt=0.1, seed=3, member=17)
    assert np.array_equal(rest.ys[-1], whole.ys[17, -1])


def test_the_double_well_is_filled_as_gibbs_says():
    """Mean of q^2 and its occupation of q > 1, 4096 members, stationary at t = 60, against quadrature."""
    problem = dataclasses.replace(WELL, t1=60.0)
    y = ensemble(problem, BAOAB, dt=0.2, members=4096, seed=5, saveat=[60.0]).ys[:, -1]
    x = np.linspace(-4, 4, 20_001)
    weight = np.exp(-(x**4 / 4 - x**2 / 2) / 0.4)
    weight /= weight.sum()
    for function in (np.square, lambda q: (q > 1).astype(float)):
        mean = (function(x) * weight).sum()
        sd = np.sqrt((function(x) ** 2 * weight).sum() - mean**2)
        assert abs(function(y[:, 0]).mean() - mean) < 5 * sd / 64 + 2e-3  # 2e-3: bias at dt = 0.2
    v = y[:, 1]
    assert abs(v.var() - 0.4 / 1.5) < 5 * np.sqrt(2 / 4096) * 0.4 / 1.5 + 0.01  # the O(dt^2) of velocities
    assert abs(v.mean()) < 5 * np.sqrt(0.4 / 1.5 / 4096)


def test_a_free_particle_diffuses_as_einstein_says():
    """Variance 2 D (t - (1 - e^{-gamma t})/gamma + ...), started in equilibrium velocity 0: Chandrasekhar (171)."""
    gamma, kT, t = 1.0, 0.5, 50.0
    problem = Langevin(free, [0.0], [0.0], gamma=gamma, temperature=kT, t1=t)
    q = ensemble(problem, BAOAB, dt=0.25, members=8192, seed=2, saveat=[t]).ys[:, -1, 0]
    exact = kT / gamma**2 * (2 * gamma * t - 3 + 4 * np.exp(-gamma * t) - np.exp(-2 * gamma * t))
    assert abs(q.var() / exact - 1) < 5 * np.sqrt(2 / 8192) + 1e-3


def test_dry_friction_and_noise_have_the_laplace_density():
    """p(v) ~ exp(-2 mu |v| m / sigma^2) with its own mu on each side: de Gennes, J. Stat. Phys. 119 (2005) 953."""
    y = ensemble(RUBBING, FRICTION_BAOAB, dt=0.005, members=4096, seed=4, saveat=[20.0]).ys[:, -1]
    right, left = 2 * 0.6 / 0.7**2, 2 * 0.4 / 0.7**2
    v = y[:, 1]
    share = (1 / right) / (1 / right + 1 / left)
    assert abs((v > 0).mean() - share) < 5 * np.sqrt(share * (1 - share) / 4096) + 0.01  # 0.01: what rests in a step
    for side, rate in ((v[v > 0], right), (-v[v < 0], left)):
        assert abs(side.mean() * rate - 1) < 5 / np.sqrt(len(side)) + 0.02


def test_friction_stops_a_mass_for_good_at_the_place_known_by_hand():
    """v0^2 m / (2 mu) from the start, then exactly at rest; mirrored to the last bit by swapping the sides."""
    problem = Langevin(free, [0.0], [1.0], gamma=0.0, noise=0.0, friction=(0.5, 0.2), t1=3.0)
    run = solve(problem, FRICTION_BAOAB, dt=0.01)
    assert_allclose(run.ys[-1, 0], 1.0 / (2 * 0.5), rtol=1e-4)
    assert run.ys[-1, 1] == 0.0
    assert np.array_equal(run.ys[-50:, 0], np.full(50, run.ys[-1, 0]))
    mirrored = solve(
        Langevin(free, [0.0], [-1.0], gamma=0.0, noise=0.0, friction=(0.2, 0.5), t1=3.0), FRICTION_BAOAB, dt=0.01
    )
    assert np.array_equal(run.ys, -mirrored.ys)
    assert (np.diff(run.ys[:, 1] ** 2) <= 0).all()


def test_common_noise_and_its_decay_reach_every_component():
    problem = Langevin(
        free, np.zeros(3), np.zeros(3), gamma=0.5, noise=lambda t, p: 0.3 * np.exp(-p * t), common=True, p=0.4, t1=30.0
    )
    v = ensemble(problem, BAOAB, dt=0.1, members=2048, seed=1, saveat=[1.0, 30.0]).ys[:, :, 3:]
    assert np.array_equal(v[..., 0], v[..., 2])
    exact = 0.09 * (np.exp(-0.8) - np.exp(-1.0)) / (1.0 - 0.8)  # int_0^1 sigma^2 e^{-2 gamma (1 - s)} ds
    assert abs(v[:, 0, 0].var() / exact - 1) < 5 * np.sqrt(2 / 2048) + 0.01
    assert np.abs(v[:, 1]).max() < 1e-4


def test_general_methods_solve_the_same_problem():
    coarse = ensemble(WELL, EULER_MARUYAMA, dt=0.01, members=2048, seed=9, saveat=[20.0], reduce=Variance())
    fine = ensemble(WELL, BAOAB, dt=0.05, members=2048, seed=10, saveat=[20.0], reduce=Variance())
    a, b = coarse.reduced[0][-1], fine.reduced[0][-1]
    assert_allclose(a, b, rtol=5 * np.sqrt(2) * np.sqrt(2 / 2048) + 0.02)


def test_leimkuhler_matthews_has_the_second_order_of_averages():
    """Harmonic well: variance exact at every step, where Euler-Maruyama has kT / (1 - dt/2)."""

    def spring(t, q, p, out):
        out[0] = -q[0]

    problem = OverdampedLangevin(spring, [0.0], gamma=1.0, temperature=0.5, t1=40.0)
    q = ensemble(problem, LEIMKUHLER_MATTHEWS, dt=0.5, members=8192, seed=6, saveat=[40.0]).ys[:, -1, 0]
    assert abs(q.var() / 0.5 - 1) < 5 * np.sqrt(2 / 8192)
    q = ensemble(problem, EULER_MARUYAMA, dt=0.5, members=8192, seed=6, saveat=[40.0]).ys[:, -1, 0]
    assert abs(q.var() / (0.5 / 0.75) - 1) < 5 * np.sqrt(2 / 8192)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise": 0.3}, "temperature= or noise=, not both"),
        ({"temperature": None}, r"Give temperature= \(kT"),
        ({"temperature": -1.0}, "temperature must be finite and not negative"),
        ({"gamma": np.nan}, "gamma must be finite"),
        ({"mass": 0.0}, "mass must be finite and positive"),
        ({"mass": [1.0, 2.0]}, "mass must be a number or have shape"),
        ({"v0": [0.0, 1.0]}, "q0 and v0 must have the same length"),
        ({"gamma": 0.0, "temperature": None, "noise": 1.0}, "heats without bound"),
        ({"friction": (0.1, -0.1)}, "mu_left must be finite and not negative"),
        ({"friction": (0.1, 0.1, 0.1)}, "friction must be"),
    ],
)
def test_bad_problems_are_refused_by_name(changes, message):
    arguments = {"q0": [0.5], "v0": [0.0], "gamma": 0.8, "temperature": 0.4, "t1": 1.0} | changes
    with pytest.raises(ValueError, match=message):
        Langevin(double_well, **arguments)


def test_words_that_leave_out_or_repeat_a_part_are_refused():
    for word, message in [
        ("V R V", "damping and noise, but 'VRV' has none"),
        ("O O V R", "Neighbours in a word must differ"),
        ("V R X", "A word has the letters"),
        ("V R O U", "for the position"),
        ("D F R O", "twice"),
    ]:
        with pytest.raises(ValueError, match=message):
            langevin_splitting(word)
    with pytest.raises(ValueError, match="must be positive with the sum 1"):
        langevin_splitting("V R O R V", weights=[0.5, 0.5, 1.0, 0.4, 0.5])


def test_methods_and_problems_that_do_not_fit_say_what_does():
    plain = Problem(lambda t, y, p, dy: None, [0.0, 0.0], 0.0, 1.0)
    with pytest.raises(ValueError, match=r"make the problem with mechanics\.Langevin"):
        solve(plain, BAOAB, dt=0.1)
    with pytest.raises(ValueError, match="FRICTION_BAOAB"):
        solve(RUBBING, BAOAB, dt=0.1)
    with pytest.raises(ValueError, match="OverdampedLangevin"):
        solve(WELL, LEIMKUHLER_MATTHEWS, dt=0.1, seed=1)
    with pytest.raises(ValueError, match="give dt="):
        solve(WELL, BAOAB, seed=1)
    with pytest.raises(ValueError, match=r"VERLET|diffusion"):
        solve(WELL, VERLET, dt=0.1, seed=1)
    assert {"BAOAB", "OBABO", "ABOBA", "UBU", "BBK", "GJF"} <= {m.name for m in all_methods("langevin")}
