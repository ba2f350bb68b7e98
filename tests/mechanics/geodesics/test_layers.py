"""Derivatives of a Leaky ResNet's cost: gradient and Hessian products against differences of the cost."""

import numpy as np
import pytest

from mechanics.geodesics.layers import (
    Task,
    gauss_newton_product,
    gradient,
    hessian_product,
    misfit,
    penalty,
    pushed,
    swept,
)
from mechanics.leaky_resnet.activation import activation_of


def task_of(act, bias):
    rng = np.random.default_rng(3)
    w, N, d = 4, 6, 2
    P = np.linalg.qr(rng.normal(size=(w, d)))[0]
    rho = np.array([0.2, 0.3, 0.1, 0.4])
    task = Task(rng.normal(size=(w, N)), rng.normal(size=(d, N)), P, 0.05, 2.0, rho, activation_of(act), bias)
    return task, rng.normal(size=(4, w, w + bias)), rng.normal(size=(4, w, w + bias))


def cost(task, W):
    return misfit(task, swept(task, W).A[-1]) + penalty(task, W)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("act", ["relu", "identity", ("softplus", 3.0), ("leaky", 0.2)])
def test_gradient_and_hessian_are_derivatives_of_the_cost(act, bias):
    task, W, V = task_of(act, bias)
    path = swept(task, W)
    h = 1e-5
    slope = (cost(task, W + h * V) - cost(task, W - h * V)) / (2 * h)
    assert np.vdot(gradient(task, W, path), V) == pytest.approx(slope, rel=1e-8)
    up, down = (gradient(task, W + s * V, swept(task, W + s * V)) for s in (h, -h))
    np.testing.assert_allclose(hessian_product(task, W, path, V), (up - down) / (2 * h), rtol=1e-6, atol=1e-6)


def test_gauss_newton_product_is_the_square_of_the_tangent():
    task, W, V = task_of(("softplus", 3.0), True)
    path = swept(task, W)
    end = task.P.T @ pushed(task, W, path, V)[-1]
    square = 2 / 6 * (end**2).sum() + sum(
        task.lam / task.Lt * r * (v**2).sum() for r, v in zip(task.rho, V, strict=True)
    )
    assert np.vdot(V, gauss_newton_product(task, W, path, V)) == pytest.approx(square, rel=1e-12)


@pytest.mark.parametrize("act", ["relu", ("softplus", 2.5), ("leaky", 0.1), "identity"])
def test_activations_and_their_derivatives(act):
    act = activation_of(act)
    z = np.array([-800.0, -1.3, -0.2, 0.4, 2.0, 800.0])
    h = 1e-6
    np.testing.assert_allclose(act.slope(z), (act.value(z + h) - act.value(z - h)) / (2 * h), atol=1e-7)
    np.testing.assert_allclose(act.curvature(z), (act.slope(z + h) - act.slope(z - h)) / (2 * h), atol=1e-7)


@pytest.mark.parametrize("choice", ["tanh", ("softplus", 0.0), ("softplus", np.nan), ("leaky", 1.5), 3])
def test_unknown_activations_are_named(choice):
    with pytest.raises(ValueError, match=r"activation|softplus"):
        activation_of(choice)
