"""diffrax on jax, double precision, one thread of the processor; ensembles by `vmap`."""

import functools
import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from harness.drifts import rebind

jax.config.update("jax_enable_x64", True)
VERSION = f"{diffrax.__version__} (jax {jax.__version__})"
MAX_STEPS = 100_000


def pleiades(t, y, p):
    x, z = y[:7], y[7:14]
    dx, dz = x[None] - x[:, None], z[None] - z[:, None]
    r2 = dx * dx + dz * dz + jnp.eye(7)
    w = jnp.arange(1.0, 8.0) / (r2 * jnp.sqrt(r2))
    return jnp.concatenate([y[14:], (w * dx).sum(1), (w * dz).sum(1)])


def lorenz96(t, y, p):
    return (jnp.roll(y, -1) - jnp.roll(y, 2)) * jnp.roll(y, 1) - y + 8.0


def friction_chain(t, y, p):
    x = jnp.concatenate([jnp.zeros(1), y, jnp.ones(1)])
    z = x[2:] - 2.0 * y + x[:-2]
    return z - jnp.clip(z, -0.15, 0.1)


def kuramoto(t, y, p):
    return 0.5 + 0.1 * jnp.arange(12) + jnp.sin(jnp.roll(y, -1) - y) + jnp.sin(jnp.roll(y, 1) - y)


WITH_ARRAYS = {f.__name__: f for f in (pleiades, lorenz96, friction_chain, kuramoto)}


def right_hand_side(case):
    """As a user of jax writes it: with arrays where the system is large, else component by component."""
    if case.name in WITH_ARRAYS:
        return WITH_ARRAYS[case.name]
    drift = rebind(case.drift, sin=jnp.sin, sqrt=jnp.sqrt, min=jnp.minimum, max=jnp.maximum)

    def fun(t, y, p):
        dy = [None] * case.n
        drift(t, y, p, dy)
        return jnp.stack(dy)

    return fun


def end_state(case, solver, y0, tol):
    control = diffrax.PIDController(rtol=tol, atol=tol)
    term = diffrax.ODETerm(right_hand_side(case))
    found = diffrax.diffeqsolve(
        term, solver, 0.0, case.t1, None, y0, stepsize_controller=control, max_steps=MAX_STEPS,
        saveat=diffrax.SaveAt(t1=True), adjoint=diffrax.ForwardMode(),
    )  # fmt: skip
    return found.ys[0]


def single(case):
    def with_solver(solver):
        compiled, y0 = jax.jit(functools.partial(end_state, case, solver)), jnp.asarray(case.y0)
        return lambda tol: lambda: np.asarray(compiled(y0, tol))

    return {"diffrax Tsit5": with_solver(diffrax.Tsit5()), "diffrax Dopri8": with_solver(diffrax.Dopri8())}


def adaptive(case, y0, tol):
    compiled = jax.jit(jax.vmap(functools.partial(end_state, case, diffrax.Tsit5()), in_axes=(0, None)))
    starts = jnp.asarray(y0)
    return {"diffrax Tsit5, vmap": lambda: np.asarray(compiled(starts, tol))}


def fixed(case, y0, steps):
    fun, dt = right_hand_side(case), case.t1 / steps

    def step(k, y):
        t = k * dt
        k1 = fun(t, y, None)
        k2 = fun(t + 0.5 * dt, y + 0.5 * dt * k1, None)
        k3 = fun(t + 0.5 * dt, y + 0.5 * dt * k2, None)
        k4 = fun(t + dt, y + dt * k3, None)
        return y + dt / 6.0 * (k1 + 2.0 * (k2 + k3) + k4)

    compiled = jax.jit(jax.vmap(lambda y: jax.lax.fori_loop(0, steps, step, y)))
    starts = jnp.asarray(y0)
    return {"jax loop, vmap": lambda: np.asarray(compiled(starts))}


def trivial():
    term, solver, control = diffrax.ODETerm(lambda t, y, p: -y), diffrax.Tsit5(), diffrax.PIDController(1e-3, 1e-6)
    compiled = jax.jit(lambda y: diffrax.diffeqsolve(term, solver, 0.0, 1.0, None, y, stepsize_controller=control).ys)
    y0 = jnp.ones(1)
    return {"diffrax Tsit5": lambda: np.asarray(compiled(y0))}
