"""Perturbations on the intersection of spheres: norms, distances, law and the precision that is left."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nets import MLP
from nets.perturb import on_sphere, perturb_on_sphere


@settings(deadline=None)
@given(st.integers(2, 300), st.floats(1e-7, 2.0), st.floats(1e-3, 1e3), st.integers(0, 2**31))
def test_norm_and_distance_are_exact(D, share, R, seed):
    rng = np.random.default_rng(seed)
    w0 = rng.normal(size=D)
    w0 *= R / np.linalg.norm(w0)
    delta = on_sphere(w0, share * R, rng.normal(size=D))
    assert np.linalg.norm(delta) == pytest.approx(share * R, rel=1e-13)
    assert np.linalg.norm(w0 + delta) == pytest.approx(R, rel=1e-13)
    along = share**2 / 2 * R  # what the shift must have against w0
    assert delta @ w0 / R == pytest.approx(-along, rel=1e-9, abs=1e-15 * R)


@pytest.mark.parametrize("sign", [1, -1])
def test_weights_along_the_last_axis_do_not_cancel(sign):
    w0 = np.zeros(50)
    w0[-1] = sign * 3.0
    w0[0] = 1e-12
    delta = on_sphere(w0, 1e-6, np.random.default_rng(0).normal(size=50))
    assert np.linalg.norm(delta) == pytest.approx(1e-6, rel=1e-12)
    assert np.linalg.norm(w0 + delta) == pytest.approx(3.0, rel=1e-15)


def test_direction_is_uniform_on_the_orthogonal_sphere():
    # (1 + u.v)/2 ~ Beta((D-2)/2, (D-2)/2) for any unit v orthogonal to w0; E (u.v)^4 = 3/((D-1)(D+1))
    D, draws = 6, 20_000
    rng = np.random.default_rng(1)
    w0 = rng.normal(size=D)
    R = np.linalg.norm(w0)
    v = np.linalg.qr(np.column_stack([w0, rng.normal(size=D)]))[0][:, 1]
    eps = 0.3 * R
    along = np.array([on_sphere(w0, eps, z) @ v for z in rng.normal(size=(draws, D))])
    cosine = along / (eps * np.sqrt(1 - 0.15**2))
    p = stats.kstest((1 + cosine) / 2, stats.beta((D - 2) / 2, (D - 2) / 2).cdf).pvalue
    assert p > 1e-3  # fails once in a thousand seeds
    assert (cosine**4).mean() == pytest.approx(3 / ((D - 1) * (D + 1)), rel=0.05)


@pytest.mark.parametrize(("dtype", "share", "tolerance"), [
    (torch.float64, 1e-7, 1e-8), (torch.float64, 1e-6, 1e-10), (torch.float64, 1.0, 1e-13),
    (torch.float32, 1e-5, 1e-3), (torch.float32, 1e-3, 1e-5), (torch.float32, 1.0, 1e-7),
])  # fmt: skip
def test_realised_distance_in_the_parameters_own_precision(dtype, share, tolerance):
    model = MLP(inputs=30, width=40, depth=3).to(dtype)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    found = perturb_on_sphere(model, share, relative=True, seed=3)
    assert found.distance == pytest.approx(share * found.norm_before, rel=tolerance)
    assert found.norm_after == pytest.approx(found.norm_before, rel=5e-8 if dtype == torch.float32 else 1e-13)
    for name, p in model.named_parameters():
        if p.ndim < 2:
            assert torch.equal(p, before[name])
        else:
            assert float(p.detach().norm()) == pytest.approx(float(before[name].norm()), rel=1e-6)


def test_every_layer_turns_by_the_same_angle():
    model = MLP(inputs=30, width=40, depth=4, norm="variance").double()
    norms = {name: float(p.detach().norm()) for name, p in model.named_parameters() if p.ndim > 1}
    found = perturb_on_sphere(model, 0.4)
    shares = [found.layers[name] / norms[name] for name in norms]
    np.testing.assert_allclose(shares, shares[0], rtol=1e-10)


@pytest.mark.parametrize("mode", ["sphere-per-layer", "sphere-global", "gaussian"])
def test_the_shift_is_a_function_of_seed_and_copy(mode):
    def moved(**settings):
        model = MLP(inputs=10, width=12, depth=3).double()
        perturb_on_sphere(model, 0.1, mode=mode, **settings)
        return torch.cat([p.detach().reshape(-1) for p in model.parameters()])

    assert torch.equal(moved(seed=1, copy=2), moved(seed=1, copy=2))
    assert not torch.equal(moved(seed=1, copy=2), moved(seed=1, copy=3))
    assert not torch.equal(moved(seed=1, copy=2), moved(seed=2, copy=2))


def test_zero_distance_changes_nothing():
    model, same = (MLP(inputs=10, width=12, depth=3, seed=4) for _ in range(2))
    assert perturb_on_sphere(model, 0.0).distance == 0
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), same.parameters(), strict=True))


def test_antipode_and_a_single_weight():
    w0 = np.array([1.0, 2.0, -2.0])
    np.testing.assert_allclose(on_sphere(w0, 6.0, np.ones(3)), -2 * w0, atol=1e-12)
    np.testing.assert_array_equal(on_sphere(np.array([3.0]), 6.0, np.ones(1)), [-6.0])


def test_what_has_no_such_point_is_named():
    with pytest.raises(ValueError, match=r"\[0, 2"):
        on_sphere(np.ones(4), 5.0, np.ones(4))
    with pytest.raises(ValueError, match="norm 0"):
        on_sphere(np.zeros(4), 0.1, np.ones(4))
    with pytest.raises(ValueError, match="single weight"):
        on_sphere(np.ones(1), 0.1, np.ones(1))
    model = MLP(inputs=10, width=12, depth=3)
    with pytest.raises(ValueError, match="double"):
        perturb_on_sphere(model, 1e-6, relative=True)
    with pytest.raises(ValueError, match="parameters must name"):
        perturb_on_sphere(model, 0.1, parameters=["nothing"])
    with pytest.raises(ValueError, match="mode"):
        perturb_on_sphere(model, 0.1, mode="cube")
    torch.nn.init.zeros_(model.output.weight)
    with pytest.raises(ValueError, match=r"output\.weight has norm 0"):
        perturb_on_sphere(model, 0.1)
