"""Stochastic methods on arrays: the paths of the compiled engine, member by member, and their gradients."""

import numpy as np
import pytest

from mechanics import Problem, Status, ensemble, solve
from mechanics.methods import (
    EULER_HEUN,
    EULER_MARUYAMA,
    MILSTEIN,
    PLATEN_WEAK2,
    SRA1,
    SRI1W1,
    STRATONOVICH_HEUN,
    TSIT5,
)
from mechanics.noise import normals

Y0 = np.array([0.9, -0.2, 0.4])


def drift(t, y, p, dy):
    dy[0] = -p * y[0] + y[1]
    dy[1] = np.sin(y[0]) - y[1] + 0.3 * np.cos(t)
    dy[2] = -y[2] * y[2] * y[2] + 0.2 * y[0]


def own(t, y, p, g):
    for i in range(3):
        g[i] = 0.3 * np.cos(y[i]) + 0.1 * t


def flat(t, y, p, g):
    for i in range(3):
        g[i] = 0.2 * np.cos(t) + 0.1


def matrix(t, y, p, g):
    for i in range(3):
        g[i, 0] = 0.2 + 0.1 * t
        g[i, 1] = 0.1 * y[i]


def drift_of(xp):
    def slope(t, y, p):
        a, b, c = y[..., 0], y[..., 1], y[..., 2]
        return xp.stack([-p * a + b, xp.sin(a) - b + 0.3 * np.cos(float(t)), -c * c * c + 0.2 * a], -1)

    return slope


NOISES = {
    "diagonal": (own, lambda xp: lambda t, y, p: 0.3 * xp.cos(y) + 0.1 * t),
    "scalar": (own, lambda xp: lambda t, y, p: 0.3 * xp.cos(y) + 0.1 * t),
    "additive": (flat, lambda xp: lambda t, y, p: 0.0 * y + (0.2 * np.cos(float(t)) + 0.1)),
    "general": (matrix, lambda xp: lambda t, y, p: xp.stack([0.2 + 0.1 * t + 0.0 * y, 0.1 * y], -1)),
}
METHODS = [
    (EULER_MARUYAMA, "diagonal"),
    (EULER_MARUYAMA, "general"),
    (EULER_HEUN, "scalar"),
    (STRATONOVICH_HEUN, "general"),
    (MILSTEIN, "scalar"),
    (SRA1, "additive"),
    (SRI1W1, "diagonal"),
]


def compiled(noise, t1=3.0):
    return Problem(
        drift, Y0, 0.0, t1, 0.7, diffusion=NOISES[noise][0], noise=noise, noises=2 if noise == "general" else None
    )


def ours(framework, noise, y0=Y0, t1=3.0):
    return Problem(
        drift_of(framework.xp),
        framework.array(y0, "float64"),
        0.0,
        t1,
        0.7,
        diffusion=NOISES[noise][1](framework.xp),
        noise=noise,
        noises=2 if noise == "general" else None,
    )


@pytest.mark.parametrize(("method", "noise"), METHODS, ids=str)
@pytest.mark.parametrize("framework", ["numpy", "torch"], indirect=True)
def test_paths_of_the_compiled_engine(framework, method, noise):
    """To rounding, beyond the steps whose noise is drawn at once."""
    a = solve(ours(framework, noise), method, dt=0.01, seed=11, member=5)
    b = solve(compiled(noise), method, dt=0.01, seed=11, member=5)
    np.testing.assert_array_equal(framework.numpy(a.ts), b.ts)
    np.testing.assert_allclose(framework.numpy(a.ys), b.ys, rtol=0.0, atol=1e-12)
    assert type(a.ys) is framework.type
    other = solve(ours(framework, noise), method, dt=0.01, seed=11, member=6)
    assert abs(framework.numpy(other.y) - b.y).max() > 1e-3


@pytest.mark.parametrize(("method", "noise"), [METHODS[1], METHODS[6]], ids=str)
@pytest.mark.parametrize("framework", ["numpy", "torch"], indirect=True)
def test_members_are_those_of_the_ensemble(framework, method, noise):
    y0 = Y0 + 0.1 * np.arange(5)[:, None]
    ts = [0.0, 0.5, 1.0]
    a = solve(ours(framework, noise, y0, 1.0), method, dt=0.01, seed=3, member=2, per_member=True, saveat=ts)
    b = ensemble(compiled(noise, 1.0), method, y0=y0, dt=0.01, seed=3, first_member=2, saveat=ts)
    np.testing.assert_allclose(np.swapaxes(framework.numpy(a.ys), 0, 1), b.ys, rtol=0.0, atol=1e-12)
    assert a.status is Status.SUCCESS


def test_components_of_a_member_are_numbered_in_c_order():
    y0 = np.zeros((2, 3, 4))
    problem = Problem(lambda t, y, p: 0.0 * y, y0, 0.0, 0.25, diffusion=lambda t, y, p: 0.0 * y + 1.0)
    each = solve(problem, EULER_MARUYAMA, dt=0.25, seed=9, per_member=True).y
    np.testing.assert_array_equal(each, 0.5 * normals(9, np.arange(2)[:, None], 0, np.arange(12)).reshape(2, 3, 4))
    whole = solve(problem, EULER_MARUYAMA, dt=0.25, seed=9, member=7).y
    np.testing.assert_array_equal(whole, 0.5 * normals(9, 7, 0, np.arange(24)).reshape(2, 3, 4))


def test_gradient_of_a_path_in_closed_form():
    """Euler-Maruyama for dy = -a y dt + s y dW is a product: d log y / d s = sum of dW / (1 - a dt + s dW)."""
    torch = pytest.importorskip("torch")
    a, s = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.6, 0.4))
    y0 = torch.tensor([1.3], dtype=torch.float64, requires_grad=True)
    problem = Problem(lambda t, y, p: -a * y, y0, 0.0, 2.0, diffusion=lambda t, y, p: s * y)
    y = solve(problem, EULER_MARUYAMA, dt=0.02, seed=4).y[0]
    y.backward()
    dw = np.sqrt(0.02) * normals(4, 0, np.arange(100), 0)
    factors = 1.0 - 0.6 * 0.02 + 0.4 * dw
    assert y.item() == pytest.approx(1.3 * np.prod(factors), rel=1e-13)
    assert y0.grad.item() == pytest.approx(np.prod(factors), rel=1e-12)
    assert s.grad.item() == pytest.approx(y.item() * np.sum(dw / factors), rel=1e-12)
    assert a.grad.item() == pytest.approx(-0.02 * y.item() * np.sum(1.0 / factors), rel=1e-12)


@pytest.mark.parametrize(
    ("method", "noise"), [(STRATONOVICH_HEUN, "diagonal"), (MILSTEIN, "diagonal"), *METHODS[5:]], ids=str
)
def test_gradients_are_those_of_differences(method, noise):
    torch = pytest.importorskip("torch")

    def end(y0, p):
        g = NOISES[noise][1](torch)
        problem = Problem(drift_of(torch), y0, 0.0, 0.5, p, diffusion=lambda t, y, p: p * g(t, y, p), noise=noise)
        return solve(problem, method, dt=0.1, seed=1, saveat=[0.2, 0.5], per_member=True).ys

    y0 = torch.tensor(np.stack([Y0, -Y0]), requires_grad=True)
    assert torch.autograd.gradcheck(end, (y0, torch.tensor(0.8, dtype=torch.float64, requires_grad=True)))


def test_precision_of_the_state_is_kept():
    torch = pytest.importorskip("torch")
    problem = Problem(lambda t, y, p: -y, torch.ones(4), 0.0, 1.0, diffusion=lambda t, y, p: 0.1 * y)
    found = solve(problem, SRI1W1, dt=0.1)
    assert found.ys.dtype == torch.float32
    assert found.ys.shape == (11, 4)


def test_a_path_that_blows_up_stops_there():
    """Going back to look at each step draws the same noise again."""
    problem = Problem(lambda t, y, p: y * y * y, np.ones(2), 0.0, 5.0, diffusion=lambda t, y, p: 0.1 * y)
    found = solve(problem, EULER_MARUYAMA, dt=0.01, seed=2, throw=False)
    assert found.status is Status.NON_FINITE
    y, step = np.ones(2), 0
    with np.errstate(all="ignore"):
        while True:
            y1 = y + 0.01 * y * y * y + 0.1 * (0.1 * y * normals(2, 0, step, np.arange(2)))
            if not np.isfinite(y1).all():
                break
            y, step = y1, step + 1
    assert found.stats.accepted == step
    np.testing.assert_allclose(found.y, y, rtol=1e-6)


def coupled(t, y, p):
    return np.stack([0.1 * y[..., 1], 0.1 * y[..., 0]], -1)


def decay(t, y, p):
    return -y


@pytest.mark.parametrize(
    ("words", "method", "fields", "options"),
    [
        ("SRA1 \\(Ito\\)|SRA1 solves additive", SRA1, {}, {}),
        ("TSIT5 solves ordinary.*Methods that fit: .*SRI1W1", TSIT5, {}, {}),
        ("no diffusion", EULER_MARUYAMA, {"diffusion": None}, {}),
        ("PLATEN_WEAK2 does not run on arrays.*MILSTEIN", PLATEN_WEAK2, {}, {}),
        ("takes fixed steps", EULER_MARUYAMA, {}, {"dt": None}),
        ("whole number of steps", EULER_MARUYAMA, {}, {"dt": 0.3}),
        ("saveat must hold ends of steps", EULER_MARUYAMA, {}, {"saveat": [0.55]}),
        ("no interpolant", EULER_MARUYAMA, {}, {"dense": True}),
        ("forwards", EULER_MARUYAMA, {"t1": -1.0}, {}),
        ("another component", MILSTEIN, {"diffusion": coupled}, {}),
        ("needs noises=", EULER_MARUYAMA, {"noise": "general"}, {}),
        ("refine= and path=", EULER_MARUYAMA, {}, {"refine": 2}),
        ("seed must", EULER_MARUYAMA, {}, {"seed": -1}),
        ("member must", EULER_MARUYAMA, {}, {"member": -1}),
    ],
)
def test_what_is_refused(words, method, fields, options):
    fields = {"t1": 1.0, "diffusion": lambda t, y, p: 0.1 * y, **fields}
    problem = Problem(decay, np.ones((3, 2)), 0.0, fields.pop("t1"), **fields)
    with pytest.raises(ValueError, match=words):
        solve(problem, method, **{"dt": 0.1, **options})


def test_a_diffusion_of_the_wrong_shape():
    problem = Problem(decay, np.ones(2), 0.0, 1.0, diffusion=lambda t, y, p: 0.1)
    with pytest.raises(TypeError, match=r"must return g of shape \(2,\).*diagonal noise, but returned float"):
        solve(problem, EULER_MARUYAMA, dt=0.1)
