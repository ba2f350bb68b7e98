"""The published second-order notebook: its drift and Ito step in numpy, its noise matrix, what its law cannot do."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.chain import SpringChain
from mechanics.noise import normals

CHAIN = SpringChain(
    k=0.1, mu_right=0.003, mu_left=0.004, gamma=1.0, eps=0.003 * np.sqrt(7), noise="common", noise_decay=0.001,
    dynamics="sign_law",
)  # fmt: skip


def notebook(steps, dt, dW, method, eps=0.003, n=7):
    """y = (x, v), additive noise matrix eps e^{-0.001 t} ones(n, n) with n paths; SRI2 for additive noise, or Euler."""

    def f(y):
        x, v = np.concatenate([[0.0], y[:n], [1.0]]), y[n:]
        friction = np.where(v > 0, -0.003, 0.0) + np.where(v < 0, 0.004, 0.0)
        return np.concatenate([v, 0.1 * (x[2:] - 2 * x[1:-1] + x[:-2]) + friction - v])

    y = np.zeros(2 * n)
    for i in range(steps):
        G = np.zeros((2 * n, n))
        G[n:] = eps * np.exp(-0.001 * i * dt)
        drift = f(y) if method == "euler" else 0.5 * (f(y) + f(y + dt * f(y)))
        y = y + dt * drift + G @ dW[i]
    return y


@pytest.mark.parametrize("method", ["heun", "euler"])
def test_it_is_the_notebook_with_one_shared_path_of_amplitude_eps_sqrt_n(method):
    """The sum of the notebook's n increments is our draw times sqrt(n dt); no velocity changes sign differently yet."""
    steps, dt = 400, 0.05
    z = normals(5, 3, np.arange(steps), 0)
    dW = np.repeat((np.sqrt(7 * dt) * z / 7)[:, None], 7, axis=1)
    run = CHAIN.simulate(steps, dt=dt, seed=5, first_member=3, method=method)
    y = notebook(steps, dt, dW, method)
    assert_allclose(run.x[0, -1, 1:-1], y[:7], atol=1e-12)
    assert_allclose(run.v[0, -1, 1:-1], y[7:], atol=1e-12)


@pytest.mark.parametrize("method", ["heun", pytest.param("euler", marks=pytest.mark.sweep)])
def test_lanes_and_lone_members_have_the_same_bits(method):
    chain = CHAIN.replace(noise="independent", mass=1.3, mu_right=[0.003, 0.002, 0.001, 0.0, 0.003, 0.002, 0.001])
    whole = chain.simulate(300, dt=0.05, seed=2, members=20, save_every=50, method=method)
    alone = chain.simulate(300, dt=0.05, seed=2, members=1, first_member=11, save_every=50, method=method)
    assert np.array_equal(alone.x[0], whole.x[11])
    assert np.array_equal(alone.v[0], whole.v[11])


def test_no_block_of_the_sign_law_comes_to_rest():
    """Blocks overshoot and turn back. Then Euler's velocities flip sign for ever and those of Heun stand still, at a
    size of dt (mu_right + mu_left)/4 on average; the set-valued law rests with velocities of 0."""
    late = {}
    for dynamics, method in (("sign_law", "euler"), ("sign_law", "heun"), ("second_order", "explicit")):
        chain = CHAIN.replace(eps_bar=0.0, gamma=0.05, dynamics=dynamics)
        late[method] = chain.simulate(40_000, dt=0.05, save_every=1, method=method).v[0, -1000:, 1:-1]
    flips = {name: (np.diff(np.sign(v), axis=0) != 0).sum(axis=0) for name, v in late.items()}
    assert (flips["euler"] > 100).all()
    assert (flips["heun"] == 0).all()
    for method in ("euler", "heun"):
        assert_allclose(np.abs(late[method]).mean(axis=0), 0.05 * (0.003 + 0.004) / 4, rtol=0.1)
    assert not late["explicit"].any()


def test_euler_is_refused_where_waves_grow():
    """dt = gamma/(4k) is where the shortest wave of many blocks is multiplied by 1; seven blocks have a little room."""
    chain = CHAIN.replace(gamma=0.05, eps_bar=0.0, mu_right=0.0, mu_left=0.0)
    with pytest.raises(ValueError, match=r"gamma/\(4k\) = 0.125"):
        chain.simulate(10, dt=0.13, method="euler")
    with pytest.raises(ValueError, match=r"gamma/\(4k\) = 0,"):
        chain.replace(gamma=None).simulate(10, dt=0.01, method="euler")
    assert np.abs(chain.simulate(100_000, dt=0.12, method="euler").v).max() < 1e-3


def test_smoothed_friction_is_its_equation_and_tends_to_the_set_valued_law():
    """One free block on its springs against SciPy; and, as v_smooth falls, the place where the sharp law stops it."""
    from scipy.integrate import solve_ivp

    one = {"blocks": 1, "k": 0.5, "mu_right": 0.05, "mu_left": 0.08, "target": 0.0, "eps_bar": 0.0, "gamma": 0.1}
    smooth = SpringChain(**one, dynamics="smooth_law", v_smooth=0.05)

    def rate(t, y):
        mu = 0.05 if y[1] > 0 else 0.08
        return [y[1], -y[0] - 0.1 * y[1] - mu * y[1] / np.hypot(y[1], 0.05)]

    exact = solve_ivp(rate, (0, 8), [1.0, 0.0], rtol=1e-11, atol=1e-12).y[:, -1]
    errors = []
    for n in (400, 800, 1600):
        run = smooth.simulate(n, dt=8 / n, x0=[1.0])
        errors.append(np.hypot(run.x[0, -1, 1] - exact[0], run.v[0, -1, 1] - exact[1]))
    assert 1.8 < np.log2(errors[0] / errors[2]) / 2 < 2.2
    stop = SpringChain(**one, dynamics="second_order").simulate(40_000, dt=5e-4, x0=[1.0]).x[0, -1, 1]
    near = [smooth.replace(v_smooth=s).simulate(40_000, dt=5e-4, x0=[1.0]).x[0, -1, 1] for s in (1e-2, 1e-3)]
    assert abs(near[1] - stop) < 0.2 * abs(near[0] - stop) < 0.1


def test_the_speed_of_smoothing_belongs_to_the_smooth_law():
    for arguments in ({"dynamics": "smooth_law"}, {"dynamics": "sign_law", "v_smooth": 0.1}):
        with pytest.raises(ValueError, match="belongs to dynamics='smooth_law'"):
            SpringChain(**arguments)
    with pytest.raises(ValueError, match="v_smooth must be positive"):
        SpringChain(dynamics="smooth_law", v_smooth=0.0)
    with pytest.raises(ValueError, match="v_smooth"):
        SpringChain(dynamics="smooth_law", v_smooth=1e-3).simulate(10, dt=0.1)
