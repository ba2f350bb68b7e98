"""Derivatives of mean-field curves by every parameter of every model, against difference quotients."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mechanics.chain.mean_field_flow import DONE, Ramp, flow
from mechanics.chain.mean_field_law import MeanLaw
from mechanics.chain.mean_field_tangent import RampChange, tangent_flow
from mechanics.fit.data import chain_data
from mechanics.fit.model import ChainModel
from mechanics.fit.models import MODELS

TS = np.r_[0, np.geomspace(0.3, 40, 15)]
VALUES = {
    "Y": 1.1,
    "mu_eff/k": -0.04,
    "log k": np.log(0.8),
    "log c": np.log(0.07),
    "log s": np.log(0.1),
    "log tau": np.log(4.0),
    "slope/k": 0.05,
    "log ratio": 0.7,
    "log reach": np.log(0.25),
    "log m": np.log(1.5),
}


def model_of(form, pull):
    """A model on seven blocks that have reached 0.9, its theta, a bent start and a pull that moves."""
    x = np.linspace(0, 0.9, 8) * (1 - np.exp(-TS / 5))[:, None] + 0.01 * np.arange(8)
    end = 0.15 + 0.9 * (1 - np.exp(-TS / 3))
    model = ChainModel.of(chain_data(2 - x, TS, 2 - end, "block"), pull, MODELS[form])
    theta = np.array([VALUES[name] for name in model.names])
    return model, theta, x[0, 1:] - x[0, 0], end - x[:, 0]


@pytest.mark.parametrize(
    ("form", "pull"),
    [*((name, "ramped") for name in MODELS), ("saturating", "measured"), ("layered_friction", "fixed")],
)
def test_derivatives_agree_with_central_differences(form, pull):
    """To 1e-5 of the largest: integration to 1e-9, differences of step 1e-4 (error 1e-8 of third derivatives)."""
    model, theta, x0, end = model_of(form, pull)
    curve, J = model.curve_and_jacobian(theta, x0, end, rtol=1e-9)
    assert_allclose(curve, model.curve(theta, x0, end, rtol=1e-9), atol=1e-14)
    for i in range(len(theta)):
        step = 1e-4 * np.eye(len(theta))[i]
        up, down = (model.curve(theta + sign * step, x0, end, rtol=1e-10) for sign in (1, -1))
        difference = ((up - down) / (2e-4 * model.scale)).ravel()
        assert np.abs(difference).max() > 1e-3, f"{model.names[i]} moves nothing: the comparison would be empty"
        assert_allclose(J[:, i], difference, atol=1e-5 * np.abs(difference).max(), err_msg=model.names[i])


@pytest.mark.parametrize("form", ["uniform", "saturating", "second_order"])
def test_tangent_step_is_the_derivative_of_the_step(form):
    """With equal steps of 0.12 (below the first step, 0.1/k) still the exact derivative: second variations are right.

    2e-9: differences of step 1e-5. The exact flow's derivative is further away, so that the two can be told apart.
    """
    model, theta, x0, _ = model_of(form, "ramped")
    ramp = Ramp(0.9, 4.0, 0.0)
    ys = np.full(len(TS), 0.1)
    P = len(theta)
    values = {name: float(v) for name, v in zip(model.names, theta, strict=True)}
    law, change = model.form.law_and_change(values, model.names, 7)
    still = {"ys_change": np.zeros((P, len(TS))), "ramp_change": RampChange(np.zeros(P), np.zeros(P))}
    equal = {"rtol": np.inf, "dt_max": 0.12}
    _, S, status, _ = tangent_flow(TS, ys, x0, law, ramp, law_change=change, **still, **equal)
    _, exact, *_ = tangent_flow(TS, ys, x0, law, ramp, law_change=change, **still, rtol=1e-10)
    assert status == DONE
    assert np.abs(S - exact).max() > 1e-7
    for i, name in enumerate(model.names):
        if name in ("Y", "log tau"):
            continue  # the ramp is held here
        up, down = (
            flow(TS, ys, x0, model.law(theta + sign * 1e-5 * np.eye(P)[i]), ramp, **equal)[0] for sign in (1, -1)
        )
        assert_allclose(S[:, i], (up - down) / 2e-5, atol=2e-9, rtol=1e-7, err_msg=name)


def test_start_does_not_move_and_noise_must_stay():
    model, theta, x0, end = model_of("uniform", "ramped")
    _, J = model.curve_and_jacobian(theta, x0, end)
    assert (J.reshape(len(TS), 7, -1)[0] == 0).all()
    none = (np.zeros((0, len(TS))), RampChange(np.zeros(0), np.zeros(0)))
    for law in (MeanLaw.uniform(7, 1.0, 0.1, 0.1, 0.0), MeanLaw.uniform(7, 1.0, 0.1, 0.1, 0.1, 0.2)):
        with pytest.raises(ValueError, match="needs s > 0"):
            tangent_flow(TS, np.ones(len(TS)), x0, law, law_change=None, ys_change=none[0], ramp_change=none[1])
