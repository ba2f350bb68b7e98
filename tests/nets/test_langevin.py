"""Stochastic gradient Langevin dynamics: its law, its noise, the same on all backends and in the plain loop."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from nets import MLP, MLPConfig, train, train_ensemble
from nets.data import gaussian_mixture
from nets.ensembles import SGD, SGLD
from nets.ensembles.diffusion import diffuse
from nets.ensembles.draws import parameter_noise
from nets.ensembles.torch_optimisers import Langevin

DATA = gaussian_mixture(3, 12, 25, test_samples=10, seed=4)
SIZES = {"epochs": 4, "width": 14, "depth": 4, "dtype": np.float64, "record": ("networks",)}


@pytest.mark.parametrize(("lr", "decay"), [(0.25, 0.0), (0.5, 0.4)])
def test_the_stationary_variance_on_a_quadratic_is_the_discrete_one(lr, decay):
    """U = h w^2 / 2: w' = (1 - lr h) w + sqrt(2 lr T) xi, hence V = T / (h (1 - lr h / 2)), with h + decay for h.

    40,000 weights at one instant: standard error sqrt(2 / 40,000) = 0.7 %; 5 of them (false alarm 6e-7) are far from
    the 33 % and 54 % by which V differs from its limit T / h.
    """
    h, temperature = 2.0 if decay == 0 else 1.0, 0.03
    w = nn.Parameter(torch.zeros(40_000, dtype=torch.float64))
    stepper = Langevin([w], lr=lr, temperature=temperature, weight_decay=decay, seed=3)
    for _ in range(30):  # |1 - lr h|^30 < 1e-9
        stepper.zero_grad()
        (h / 2 * w.square().sum()).backward()
        stepper.step()
    total = h + decay
    found, expected = float(w.detach().var()), temperature / (total * (1 - lr * total / 2))
    assert_allclose(found, expected, rtol=0.035)
    assert abs(float(w.detach().mean())) < 5 * np.sqrt(expected / 40_000)


def test_the_noise_is_a_function_of_seed_step_and_component():
    noise = parameter_noise(5, 2**33 + 1, 1003)
    assert_array_equal(noise[:10], parameter_noise(5, 2**33 + 1, 10))
    others = [parameter_noise(5, 2, 1003), parameter_noise(6, 2**33 + 1, 1003), parameter_noise(5, 1, 1004)[1:]]
    for other in others:  # 5 standard errors of a correlation of independent numbers
        assert abs(np.corrcoef(noise, other)[0, 1]) < 5 / np.sqrt(1003)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("count", [1, 1024, 1027])
def test_compiled_noise_has_the_bits_of_the_reference(dtype, count):
    w = np.zeros(count, dtype)
    diffuse(w, 0.5, np.uint64(7), 11)
    assert_array_equal(w, dtype(0.5) * parameter_noise(7, 11, count).astype(dtype))


def test_networks_agree_on_all_backends():
    sgld = {"optimiser": SGLD(1e-3), "lr": 0.05, "weight_decay": 0.1}
    configs = [
        MLPConfig(0, dropout=0.2, batch_size=20, **sgld),
        MLPConfig(1, input_noise=0.3, batch_size=20, **sgld),
        MLPConfig(2, batch_size=20, optimiser=SGLD(1e-2), lr=[0.1, 0.05, 0.02, 0.01]),
    ]
    reference, *others = (train_ensemble(configs, DATA, backend=b, **SIZES) for b in ("loop", "compiled", "torch"))
    for found in others:
        for name in ("parameters", "running", "losses", "load_curves"):
            assert_allclose(getattr(found, name), getattr(reference, name), atol=1e-10, err_msg=name)
    cold = train_ensemble(
        [MLPConfig(0, dropout=0.2, batch_size=20, lr=0.05, weight_decay=0.1, optimiser=SGD())], DATA, **SIZES
    )
    assert np.abs(cold.parameters[0] - reference.parameters[0]).max() > 1e-2


def test_no_temperature_is_plain_gradient_descent():
    hot, cold = (
        train_ensemble([MLPConfig(1, lr=0.1, batch_size=20, optimiser=o)], DATA, **SIZES) for o in (SGLD(0.0), SGD())
    )
    assert_array_equal(hot.parameters, cold.parameters)


def test_the_plain_loop_takes_it():
    """One full-batch step against the formula; float32."""
    model = MLP(12, 14, 3, 3, seed=1)
    before = torch.cat([p.detach().ravel() for p in model.parameters()])
    x, y = torch.from_numpy(DATA.x_train), torch.from_numpy(DATA.y_train)
    nn.functional.cross_entropy(model.train()(x), y).backward()
    gradient = torch.cat([p.grad.ravel() for p in model.parameters()])
    history = train(
        MLP(12, 14, 3, 3, seed=1), DATA, epochs=1, lr=0.1, optimiser=SGLD(1e-2), weight_decay=0.5, seed=9,
        recorders={"w": lambda model, epoch: torch.cat([p.ravel() for p in model.parameters()])},
    )  # fmt: skip
    noise = np.sqrt(2 * 0.1 * 1e-2) * parameter_noise(9, 0, len(before))
    expected = before - 0.1 * (gradient + 0.5 * before) + torch.from_numpy(noise)
    assert_allclose(history.records["w"][1], expected, atol=1e-6)
    assert history.settings["optimiser"] == "SGLD(temperature=0.01)"


def test_wrong_temperatures_and_a_momentum_beside_a_record_are_refused():
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="temperature must be"):
            SGLD(bad)
    with pytest.raises(ValueError, match=r"momentum=0\.9 is that of 'sgd'"):
        train(MLP(12, 5, 2, 3), DATA, epochs=1, optimiser=SGLD(1e-3), momentum=0.9)
