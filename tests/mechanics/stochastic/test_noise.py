"""The noise of a solve is a function of (seed, member, step, component), however the work is done."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mechanics import Problem, Solution, ensemble, solve
from mechanics.methods import EULER_MARUYAMA, PLATEN_WEAK2, SRA1, SRI1W1, all_methods
from mechanics.noise import normals, seed_word
from mechanics.reduce import Mean, Variance
from mechanics.systems import make_system
from mechanics.systems.stochastic import (
    COX_INGERSOLL_ROSS,
    NOISY_OSCILLATOR,
    ORNSTEIN_UHLENBECK,
    RANDOM_ROTATION,
)
from mechanics.testing import check_reproducible

METHODS = all_methods("stochastic")
CHECKED = (EULER_MARUYAMA, SRA1, SRI1W1, PLATEN_WEAK2)
EACH = [m if m in CHECKED else pytest.param(m, marks=pytest.mark.sweep) for m in METHODS]
OU, ROTATION = ORNSTEIN_UHLENBECK.problem(), RANDOM_ROTATION.problem()


def ring(t, y, p, dy):
    n = len(y)
    for i in range(n):
        dy[i] = p[0] * (y[(i + 1) % n] - y[i]) - y[i] * y[i] * y[i]


def own(t, y, p, g):
    for i in range(len(y)):
        g[i] = p[1] * (1.0 + 0.1 * y[i])


def constant(t, y, p, g):
    for i in range(len(y)):
        g[i] = p[1]


def fitting(method, n=7):
    """A problem of n components that the method solves."""
    if "diagonal" in method.noises:
        return Problem(ring, np.linspace(-1, 1, n), 0.0, 1.0, [0.7, 0.3], diffusion=own)
    return Problem(ring, np.linspace(-1, 1, n), 0.0, 1.0, [0.7, 0.3], diffusion=constant, noise="additive")


def test_increments_are_the_public_normals():
    """y' = dW: the states are running sums of sqrt(dt) z(seed, member, step, component)."""

    def nothing(t, y, p, dy):
        dy[0] = dy[1] = dy[2] = 0.0

    def ones(t, y, p, g):
        g[0] = g[1] = g[2] = 1.0

    problem = Problem(nothing, np.zeros(3), 0.0, 4.0, diffusion=ones, noise="additive")
    run = solve(problem, EULER_MARUYAMA, dt=1 / 64, seed=11, member=5)
    z = normals(11, 5, np.arange(256)[:, None], np.arange(3))
    y = np.zeros(3)
    for i in range(256):
        y = y + 1 / 8 * z[i]
        assert_array_equal(run.ys[i + 1], y)


@pytest.mark.parametrize("method", EACH, ids=str)
def test_bits_do_not_depend_on_how_the_work_is_done(method):
    check = check_reproducible(fitting(method), method, dt=1 / 32, seed=3)
    assert check.compared == ("again", "in two parts", "member alone", "threads")


@pytest.mark.parametrize(
    ("method", "refine"),
    [(EULER_MARUYAMA, 1), (EULER_MARUYAMA, 3), (SRI1W1, 1), pytest.param(SRI1W1, 3, marks=pytest.mark.sweep)],
    ids=str,
)
def test_members_in_lanes_are_single_solves(method, refine):
    """Also where the last group of lanes is partly empty, and a block ends."""
    problem = fitting(method)
    times = [0.0, 0.25, 1.0]
    run = ensemble(problem, method, members=1100, first_member=40, seed=9, dt=1 / 16, saveat=times, refine=refine)
    assert run.stats.engine == "lanes"
    for i in (0, 1, 63, 983, 984, 1023, 1024, 1099):
        alone = solve(problem, method, dt=1 / 16, seed=9, member=40 + i, saveat=times, refine=refine)
        assert_array_equal(alone.ys, run.ys[i])
        assert_array_equal(run.solve_member(i, saveat=times).ys, run.ys[i])
    part = ensemble(problem, method, members=37, first_member=1000, seed=9, dt=1 / 16, saveat=times, refine=refine)
    assert_array_equal(part.ys, run.ys[960:997])
    singly = ensemble(problem, method, members=5, first_member=40, seed=9, dt=1 / 16, engine="scalar", refine=refine)
    assert_array_equal(singly.y, run.y[:5])


def test_general_noise_in_lanes_equals_single_solves():
    for method in (m for m in METHODS if "general" in m.noises):
        run = ensemble(ROTATION, method, members=9, seed=2, dt=1 / 16)
        assert run.stats.engine == "lanes"
        assert_array_equal(run.y[8], solve(ROTATION, method, dt=1 / 16, seed=2, member=8).y)


def test_many_components_have_noise_of_their_own():
    """Beyond the stack and beyond lanes."""
    for n in (65, 300):
        problem = fitting(EULER_MARUYAMA, n)
        run = ensemble(problem, EULER_MARUYAMA, members=2, seed=1, dt=1 / 8)
        y = problem.y0.copy()
        f, g = np.empty(n), np.empty(n)
        for i in range(8):
            ring(i / 8, y, problem.p, f)
            own(i / 8, y, problem.p, g)
            y = y + f / 8 + math.sqrt(1 / 8) * g * normals(1, 1, i, np.arange(n))
        assert_allclose(run.y[1], y, rtol=1e-13, atol=1e-15)


def test_threads_and_reductions_do_not_show():
    options = {"members": 3000, "seed": 4, "dt": 0.05, "saveat": [0.5, 1.0]}
    whole = ensemble(OU, EULER_MARUYAMA, **options)
    for threads in (1, 2, 7):
        mean, variance = ensemble(OU, EULER_MARUYAMA, reduce=(Mean(), Variance()), threads=threads, **options).reduced
        if threads == 1:
            first = mean, variance
        assert_array_equal(mean, first[0])
        assert_array_equal(variance, first[1])
    assert_allclose(mean, whole.ys.mean(axis=0), rtol=1e-12)
    assert_allclose(variance, whole.ys.var(axis=0, ddof=1), rtol=1e-12)


def test_consecutive_steps_at_large_times_have_different_noise():
    """The key is the index of the step: t0 = 1e6 and dt = 1e-4 are 1e-10 apart in relative terms."""
    problem = ORNSTEIN_UHLENBECK.problem(t0=1e6, t1=1e6 + 0.1)
    run = solve(problem, EULER_MARUYAMA, dt=1e-4, seed=6)
    assert run.stats.accepted == 1000
    start = solve(ORNSTEIN_UHLENBECK.problem(t1=0.1), EULER_MARUYAMA, dt=1e-4, seed=6)
    assert_allclose(run.ys, start.ys, rtol=1e-12)
    assert len(np.unique(np.diff(run.ys[:, 0]))) == 1000


def test_members_and_seeds_differ():
    ends = ensemble(OU, EULER_MARUYAMA, members=500, seed=1, dt=0.1).y[:, 0]
    assert len(np.unique(ends)) == 500
    others = ensemble(OU, EULER_MARUYAMA, members=500, seed=2, dt=0.1).y[:, 0]
    assert not np.isin(ends, others).any()


def test_a_seed_sequence_is_a_seed_and_both_are_kept():
    sequence = np.random.SeedSequence(5)
    run = solve(OU, EULER_MARUYAMA, dt=0.1, seed=sequence, member=3)
    assert (run.seed, run.member, run.calculus) == (int(seed_word(sequence)), 3, "Ito")
    assert "sense of Ito; noise of seed" in run.message
    many = ensemble(OU, EULER_MARUYAMA, members=4, dt=0.1, seed=sequence)
    assert many.seed == run.seed
    assert_array_equal(many.y[3], run.y)
    with pytest.raises(ValueError, match="seed must lie in"):
        solve(OU, EULER_MARUYAMA, dt=0.1, seed=-1)


@pytest.mark.parametrize("method", [EULER_MARUYAMA, SRI1W1], ids=str)
def test_a_run_in_pieces_and_from_disk_is_the_whole_run(method, tmp_path):
    problem = fitting(method)
    whole = solve(problem, method, dt=1 / 256, seed=8, refine=2)
    part = solve(
        Problem(ring, problem.y0, 0.0, 77 / 256, problem.p, diffusion=own), method, dt=1 / 256, seed=8, refine=2
    )
    loaded = Solution.load(part.save(tmp_path / "part.npz"))
    assert (loaded.calculus, loaded.seed) == ("Ito", 8)
    rest = solve(loaded.restart(t1=1.0, problem=problem), method, dt=1 / 256, seed=8, refine=2)
    assert_array_equal(np.vstack([part.ys, rest.ys[1:]]), whole.ys)
    assert_array_equal(np.append(part.ts, rest.ts[1:]), whole.ts)
    with pytest.raises(ValueError, match="pass seed=8, member=0, refine=2 as before"):
        solve(part.restart(t1=1.0), method, dt=1 / 256, seed=9, refine=2)


def test_coarse_steps_see_the_sum_of_fine_ones():
    """For linear additive noise without drift the ends are equal; the time integrals are those of the fine path."""
    fine = normals(3, 0, np.arange(64), 0) / 8
    path = np.append(0.0, np.cumsum(fine))
    for refine, dt in ((1, 1 / 64), (4, 1 / 16), (64, 1.0)):
        run = solve(GROWING, EULER_MARUYAMA, dt=dt, seed=3, refine=refine)
        assert_allclose(run.ys[:, 0], path[::refine], atol=1e-14)


def nothing(t, y, p, dy):
    dy[0] = 0.0


def one(t, y, p, g):
    g[0] = 1.0


GROWING = make_system("Brownian motion", nothing, [0.0], 1.0, kind="stochastic", reference="", diffusion=one, noises=1,
                      noise="additive").problem()  # fmt: skip


def linear_in_time(t, y, p, g):
    g[0] = t


def test_time_integrals_of_refined_steps():
    """dy = t dW is solved exactly by SRA methods, for any step: y = t W - (time integral of W)."""
    problem = Problem(nothing, [0.0], 0.0, 1.0, diffusion=linear_in_time, noise="additive")
    exact = solve(problem, all_methods("stochastic")[-1], dt=1 / 64, seed=3).y
    for refine in (2, 8, 64):
        for method in (m for m in METHODS if m.areas):
            run = solve(problem, method, dt=refine / 64, seed=3, refine=refine)
            assert_allclose(run.y, exact, rtol=1e-12)


@pytest.mark.parametrize("system", [ORNSTEIN_UHLENBECK, NOISY_OSCILLATOR, COX_INGERSOLL_ROSS], ids=lambda s: s.name)
@pytest.mark.parametrize("method", EACH, ids=str)
def test_exact_moments(system, method):
    """20,000 members, seed 5: mean and variance within 4 standard errors and the bias of dt = 1/200.

    False alarms: below 6.4e-5 for each of at most 4 numbers in 24 cases, were the bias the whole allowance.
    """
    if system.noise not in method.noises:
        pytest.skip("another structure of noise")
    if method.calculus == "stratonovich" and system.noise != "additive":
        pytest.skip("another calculus")
    problem = system.problem()
    y = ensemble(problem, method, members=20_000, seed=5, dt=1 / 200).y
    mean, covariance = system.moments(system.t1, system.y0, system.p)
    spread = np.sqrt(np.diag(covariance))
    bias = 0.02
    assert_allclose(y.mean(axis=0), mean, rtol=0, atol=4 * spread.max() / math.sqrt(20_000) + bias * np.abs(mean).max())
    assert_allclose(y.var(axis=0), np.diag(covariance), rtol=4 * math.sqrt(3 / 20_000) + 2 * bias)


@pytest.mark.parametrize("method", [m for m in METHODS if "general" in m.noises], ids=str)
def test_noncommuting_rotations_in_their_calculus(method):
    """Random rotation, 40,000 members: Stratonovich as it stands, Ito with the drift (G1^2 + G2^2) y / 2 added.

    Mean and second moments within 4.5 standard errors and the bias of dt = 1/32 (order 1: 0.01; order 2: 0.002).
    """
    problem = ROTATION
    if method.calculus == "ito":
        problem = RANDOM_ROTATION.problem(drift=rotation_for_ito)
    y = ensemble(problem, method, members=40_000, seed=3, dt=1 / 32).y
    mean, covariance = RANDOM_ROTATION.moments(1.0, RANDOM_ROTATION.y0, RANDOM_ROTATION.p)
    bias = 0.002 if method is PLATEN_WEAK2 else 0.01
    assert_allclose(y.mean(axis=0), mean, atol=4.5 * 0.6 / 200 + bias)
    assert_allclose(y.T @ y / len(y), covariance + np.outer(mean, mean), atol=4.5 * 0.5 / 200 + 2 * bias)
    wrong = 0.5 * (0.7**2 + 0.4**2) * 0.6  # what the other calculus would change the mean by, roughly
    assert wrong > 3 * (4.5 * 0.6 / 200 + bias)


def rotation_for_ito(t, y, p, dy):
    dy[0] = -p.rate * y[1] - 0.5 * p.sigma2**2 * y[0]
    dy[1] = p.rate * y[0] - 0.5 * p.sigma1**2 * y[1]
    dy[2] = -0.5 * (p.sigma1**2 + p.sigma2**2) * y[2]
