"""JAX: gradients of controlled steps, and fixed steps under jit, grad and vmap."""

import numpy as np
import pytest

from mechanics import Problem, solve
from mechanics.methods import RK4, VERN8

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jnp = jax.numpy
TIGHT = {"rtol": 1e-12, "atol": 1e-12}


def decay(t, y, p):
    return -p * y + 0.0 * jnp.sin(t)


Y0 = jnp.asarray([1.0, 2.0])


def fixed(p):
    return solve(Problem(decay, Y0, 0.0, 1.0, p), RK4, dt=0.02, saveat=[0.37, 1.0]).ys[-1].sum()


def controlled(p):
    return solve(Problem(decay, Y0, 0.0, 1.0, p), VERN8, **TIGHT).y.sum()


def test_fixed_steps_under_transformations():
    exact = -3.0 * np.exp(-2.0)
    assert float(jax.grad(fixed)(2.0)) == pytest.approx(exact, rel=1e-6)
    assert float(jax.jit(jax.grad(fixed))(2.0)) == pytest.approx(float(jax.grad(fixed)(2.0)), rel=1e-13)
    np.testing.assert_allclose(jax.vmap(fixed)(jnp.asarray([1.0, 2.0])), 3.0 * np.exp([-1.0, -2.0]), rtol=1e-6)


def test_controlled_steps_have_gradients_outside_of_jit():
    assert float(jax.grad(controlled)(2.0)) == pytest.approx(-3.0 * np.exp(-2.0), abs=1e-11)
    with pytest.raises(TypeError, match="traced"):
        jax.jit(controlled)(2.0)
    end = jax.grad(lambda t1: solve(Problem(decay, Y0, 0.0, t1, 2.0), VERN8, **TIGHT).y.sum())(1.0)
    assert float(end) == pytest.approx(-6.0 * np.exp(-2.0), abs=1e-10)
