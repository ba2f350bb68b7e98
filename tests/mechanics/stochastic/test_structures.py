"""What is refused before anything is compiled, and what the message advises; events on the grid."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mechanics import Event, Problem, Status, ensemble, solve
from mechanics.methods import EULER_HEUN, EULER_MARUYAMA, MILSTEIN, SRA1, SRI1W1, TSIT5, all_methods
from mechanics.systems.stochastic import (
    GEOMETRIC_BROWNIAN,
    ORNSTEIN_UHLENBECK,
    RANDOM_ROTATION,
)

LOW = ORNSTEIN_UHLENBECK.problem(y0=[0.5])
OU, GBM, ROTATION = ORNSTEIN_UHLENBECK.problem(), GEOMETRIC_BROWNIAN.problem(), RANDOM_ROTATION.problem()


@pytest.mark.parametrize("run", [solve, lambda *a, **k: ensemble(*a, members=2, **k)], ids=["solve", "ensemble"])
@pytest.mark.parametrize(
    ("problem", "method", "options", "message"),
    [
        (GBM, TSIT5, {}, r"ordinary .* diagonal noise. Methods that fit: .*EULER_MARUYAMA \(Ito\).*SRI1W1 \(Ito\)"),
        (GBM, SRA1, {"dt": 0.1}, r"SRA1 solves additive noise, but the problem has diagonal noise. Methods .*: .*MIL"),
        (ROTATION, SRI1W1, {"dt": 0.1}, r"general noise. Methods that fit: .*EULER_HEUN \(Stratonovich\)"),
        (GBM, MILSTEIN, {}, "takes fixed steps, as all methods for stochastic equations do; give dt="),
        (GBM, MILSTEIN, {"dt": 0.3}, r"must be a whole number of steps, but is 3.33333 of them .* dt = 0.25 would do"),
        (GBM, MILSTEIN, {"dt": 0.1, "saveat": [0.1, 0.25]}, r"but 0.25 is none \(the nearest is 0.2\)"),
        (GEOMETRIC_BROWNIAN.problem(t1=-1.0), MILSTEIN, {"dt": 0.1}, "is solved forwards"),
        (GEOMETRIC_BROWNIAN.problem(t0=1e16, t1=2e16), MILSTEIN, {"dt": 1.0}, "too short for times near"),
        (GBM, MILSTEIN, {"dt": 0.1, "refine": 0}, "refine must be"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(run, problem, method, options, message):
    with pytest.raises(ValueError, match=message):
        run(problem, method, **options)


def test_a_problem_without_noise_and_an_interpolant_are_refused():
    with pytest.raises(ValueError, match="has no diffusion"):
        solve(Problem(OU.drift, [1.0], 0.0, 1.0, OU.p), EULER_MARUYAMA, dt=0.1)
    with pytest.raises(ValueError, match="no interpolant"):
        solve(OU, EULER_MARUYAMA, dt=0.1, dense=True)


def test_general_noise_says_how_many_brownian_motions_there_are():
    with pytest.raises(ValueError, match="General noise needs noises="):
        Problem(ROTATION.drift, [1.0, 0.0, 0.0], 0.0, 1.0, ROTATION.p, diffusion=ROTATION.diffusion, noise="general")
    with pytest.raises(ValueError, match="diagonal noise has 1 Brownian motions here, but noises is 2"):
        Problem(OU.drift, [1.0], 0.0, 1.0, OU.p, diffusion=OU.diffusion, noises=2)
    assert (OU.wieners, ROTATION.wieners) == (1, 2)


def crossed(t, y, p, g):
    g[0], g[1] = y[1], y[0]


def still(t, y, p, dy):
    dy[0] = dy[1] = 0.0


def test_diagonal_noise_that_is_not_is_noticed():
    problem = Problem(still, [1.0, 2.0], 0.0, 1.0, diffusion=crossed)
    for method in (m for m in all_methods("stochastic") if "diagonal" in m.noises and not m.any_diagonal):
        with pytest.raises(ValueError, match=r"needs diagonal noise whose g\[i\] depends on t and y\[i\] alone"):
            solve(problem, method, dt=0.1)
    assert solve(problem, EULER_MARUYAMA, dt=0.1).status is Status.SUCCESS


def test_a_structure_table_for_every_method():
    table = {m.name: sorted(m.noises) for m in all_methods("stochastic")}
    single = ["additive", "diagonal", "scalar"]
    assert table["SRA1"] == table["SRA3"] == ["additive"]
    assert table["MILSTEIN"] == table["SRI1W1"] == single
    assert table["EULER_MARUYAMA"] == table["EULER_HEUN"] == ["additive", "diagonal", "general", "scalar"]
    assert all(m.calculus in ("ito", "stratonovich") for m in all_methods("stochastic"))


def half(t, y, p, g):
    g[0] = 0.5


def half_of_it(t, y, p, g):
    g[0], g[1] = 0.5 * y[0], 0.5 * y[1]


def test_scalar_noise_is_one_path_for_all_components():
    problem = Problem(still, [1.0, 1.0], 0.0, 1.0, diffusion=half_of_it, noise="scalar")
    for method in (m for m in all_methods("stochastic") if "scalar" in m.noises):
        y = solve(problem, method, dt=0.1, seed=2).ys
        assert_array_equal(y[:, 0], y[:, 1])
    apart = Problem(still, [1.0, 1.0], 0.0, 1.0, diffusion=half_of_it)
    assert (np.diff(solve(apart, EULER_MARUYAMA, dt=0.1, seed=2).ys[1:]) != 0).all()


def above(t, y, p):
    return y[0] - 0.8


def back(t, y, p):
    y[0] = 0.2


def test_events_happen_at_ends_of_steps_and_keep_the_grid():
    """The first end of a step on the other side; the noise of later steps is that of their index."""
    plain = solve(LOW, EULER_MARUYAMA, dt=0.01, seed=0)
    first = np.flatnonzero((plain.ys[1:, 0] >= 0.8) & (plain.ys[:-1, 0] < 0.8))[0] + 1
    stopped = solve(LOW, EULER_MARUYAMA, dt=0.01, seed=0, events=Event(above, direction=1, terminal=True))
    assert stopped.status is Status.EVENT
    assert (stopped.t, stopped.events[0].ts[0]) == (plain.ts[first], plain.ts[first])
    assert_array_equal(stopped.y, plain.ys[first])
    thrown = solve(LOW, EULER_MARUYAMA, dt=0.01, seed=0, events=Event(above, direction=1, apply=back))
    assert_array_equal(thrown.ts, plain.ts)
    assert_array_equal(thrown.ys[:first], plain.ys[:first])
    assert thrown.ys[first, 0] == 0.2
    assert_array_equal(thrown.events[0].ys[0], plain.ys[first])
    # additive noise and linear drift: the difference of both runs fades without noise
    assert np.isclose(thrown.ys[first + 1, 0] - plain.ys[first + 1, 0], 0.99 * (0.2 - plain.ys[first, 0]))
    part = solve(
        ORNSTEIN_UHLENBECK.problem(y0=[0.5], t1=0.5),
        EULER_MARUYAMA,
        dt=0.01,
        seed=0,
        events=Event(above, direction=1, apply=back),
    )
    rest = solve(part.restart(t1=1.0), EULER_MARUYAMA, dt=0.01, seed=0, events=Event(above, direction=1, apply=back))
    assert_array_equal(rest.y, thrown.y)


def test_unwritten_entries_of_the_diffusion_show():
    def partly(t, y, p, g):
        g[0] = 1.0

    run = solve(Problem(still, [0.0, 0.0], 0.0, 1.0, diffusion=partly), EULER_MARUYAMA, dt=0.1, throw=False)
    assert run.status is Status.NON_FINITE


def test_stratonovich_and_ito_differ_by_the_drift_between_them():
    """Of geometric Brownian motion, 20,000 members, seed 1: E y = e^(mu t), or e^((mu + sigma^2 / 2) t), within four
    standard errors.
    """
    for method, growth in ((EULER_MARUYAMA, 0.5), (EULER_HEUN, 0.58)):
        y = ensemble(GBM, method, members=20_000, dt=1 / 64, seed=1).y
        assert abs(y.mean() - np.exp(growth)) < 4 * y.std() / np.sqrt(20_000) + 0.01
