"""Torch gradients through a solve: those of the variational equations."""

import numpy as np
import pytest

from mechanics import Problem, solve
from mechanics.methods import DOP853, RK4, TSIT5, VERN8

torch = pytest.importorskip("torch")
P = (1.1, 0.4, 0.8)  # birth, death, ...


def prey(t, y, p):
    """Lotka and Volterra with a season: depends on t, y and p."""
    x, z = y[..., 0], y[..., 1]
    return torch.stack(
        (p[0] * x - p[1] * x * z * (1 + 0.2 * torch.sin(t[..., 0] if t.ndim else t)), x * z - p[2] * z), -1
    )


def variations(t, y, p, dy):
    """States and their derivatives by y0 (2) and p (3): d' = (df/dy) d + df/dp, columns one after the other."""
    x, z = y[0], y[1]
    season = 1.0 + 0.2 * np.sin(t)
    dy[0] = p[0] * x - p[1] * x * z * season
    dy[1] = x * z - p[2] * z
    for c in range(5):
        a, b = y[2 + 2 * c], y[3 + 2 * c]
        dy[2 + 2 * c] = (p[0] - p[1] * z * season) * a - p[1] * x * season * b
        dy[3 + 2 * c] = z * a + (x - p[2]) * b
    dy[6] += x
    dy[8] -= x * z * season
    dy[11] -= z


def exact(y0, t0, t1):
    """End point (2,), and its derivatives by y0 (2, 2) and p (2, 3)."""
    start = np.concatenate([y0, [1.0, 0.0, 0.0, 1.0], np.zeros(6)])
    y = solve(Problem(variations, start, t0, t1, np.array(P)), VERN8, rtol=1e-13, atol=1e-13).y
    return y[:2], y[2:6].reshape(2, 2).T, y[6:].reshape(3, 2).T


def tensor(values, grad=True):
    return torch.tensor(values, dtype=torch.float64, requires_grad=grad)


TIGHT = {"rtol": 1e-13, "atol": 1e-13}


@pytest.mark.parametrize("options", [{}, {"saveat": [3.0]}, {"saveat": [1.0, 2.0, 3.0]}, {"dense": True}], ids=str)
@pytest.mark.parametrize("method", [VERN8, DOP853], ids=str)
def test_gradients_solve_the_variational_equations(method, options):
    y0, p = tensor([1.2, 0.7]), tensor(P)
    end, by_y0, by_p = exact([1.2, 0.7], 0.0, 3.0)
    found = solve(Problem(prey, y0, 0.0, 3.0, p), method, **TIGHT, **options).ys[-1]
    np.testing.assert_allclose(found.detach(), end, atol=1e-10)
    for i in range(2):
        gy, gp = torch.autograd.grad(found[i], (y0, p), retain_graph=True)
        np.testing.assert_allclose(gy, by_y0[i], atol=1e-10)
        np.testing.assert_allclose(gp, by_p[i], atol=1e-10)


def test_gradients_between_steps_and_of_members():
    starts = np.array([[1.2, 0.7], [0.4, 1.5], [2.0, 0.3]])
    y0, p = tensor(starts), tensor(P)
    found = solve(Problem(prey, y0, 0.0, 3.0, p), VERN8, per_member=True, saveat=[0.0, 1.234, 3.0], **TIGHT)
    total = np.zeros(3)
    by_start = np.empty((3, 2))
    for i, start in enumerate(starts):
        _, by_y0, by_p = exact(start, 0.0, 1.234)
        by_start[i] = by_y0[0]
        total += by_p[0]
    gy, gp = torch.autograd.grad(found.ys[1, :, 0].sum(), (y0, p))
    np.testing.assert_allclose(gy, by_start, atol=1e-9)  # the interpolant has an error of its own
    np.testing.assert_allclose(gp, total, atol=1e-9)
    assert len(set(found.members.accepted.tolist())) > 1


@pytest.mark.parametrize("per_member", [False, True])
@pytest.mark.parametrize("ends", [(0.0, 3.0), (3.0, 1.0)], ids=str)
def test_gradients_of_the_interval(ends, per_member):
    """d y(t1) / d t1 = f there; d y(t1) / d t0 = -(d y(t1) / d y0) f(t0, y0)."""
    t0, t1, y0, p = tensor(ends[0]), tensor(ends[1]), tensor([[1.2, 0.7]]), tensor(P)
    end = solve(Problem(prey, y0, t0, t1, p), VERN8, per_member=per_member, **TIGHT).y[0]
    _, by_y0, _ = exact([1.2, 0.7], *ends)
    for i in range(2):
        g0, g1 = torch.autograd.grad(end[i], (t0, t1), retain_graph=True)
        np.testing.assert_allclose(g1, prey(t1, end, p)[i].detach(), atol=1e-9)
        np.testing.assert_allclose(g0, -by_y0[i] @ prey(t0, y0[0], p).detach().numpy(), atol=1e-9)


@pytest.mark.parametrize("interval", [(0.0, 1.0), (0.0, 0.95)], ids=str)
def test_fixed_steps_pass_gradcheck(interval):
    """Against finite differences of the discrete map itself, times of its grid included."""

    def end(y0, p, t0):
        return solve(Problem(prey, y0, t0, interval[1], p), RK4, dt=0.1).y

    def without_t0(y0, p):
        return end(y0, p, interval[0])

    assert torch.autograd.gradcheck(without_t0, (tensor([1.2, 0.7]), tensor(P)))


def test_modules_and_dicts_are_parameters():
    net = torch.nn.Linear(2, 2).double()
    y0 = torch.ones(5, 2, dtype=torch.float64)
    found = solve(Problem(lambda t, y, p: torch.tanh(p["net"](y)), y0, 0.0, 1.0, {"net": net}), TSIT5)
    found.y.sum().backward()
    assert all(torch.isfinite(w.grad).all() and w.grad.abs().sum() > 0 for w in net.parameters())


class Field(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rate = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

    def forward(self, t, y, p):
        return -self.rate * y


def test_a_module_is_a_drift():
    field = Field()
    y = solve(Problem(field, torch.ones(1, dtype=torch.float64), 0.0, 1.0), VERN8, **TIGHT).y
    y.sum().backward()
    assert float(field.rate.grad) == pytest.approx(-np.exp(-2.0), abs=1e-11)


def test_a_gradient_that_begins_in_mid_solve():
    """The drift reads a parameter from t = 0.5 on only: stages move from the buffer to the graph."""
    p = tensor(2.0)

    def drift(t, y, p):
        return -p * y if t > 0.5 else -y

    y = solve(Problem(drift, torch.ones(2, dtype=torch.float64), 0.0, 1.0, p), RK4, dt=0.1).y
    (g,) = torch.autograd.grad(y[0], p)
    again = [
        float(solve(Problem(drift, torch.ones(2, dtype=torch.float64), 0.0, 1.0, v), RK4, dt=0.1).y[0])
        for v in (2.0 - 1e-6, 2.0 + 1e-6)
    ]
    assert float(g) == pytest.approx((again[1] - again[0]) / 2e-6, rel=1e-7)


def test_nothing_is_recorded_without_gradients():
    y0, p = tensor([1.2, 0.7]), tensor(P)
    with torch.no_grad():
        found = solve(Problem(prey, y0, 0.0, 3.0, p))
    assert not found.ys.requires_grad
    recorded = solve(Problem(prey, y0, 0.0, 3.0, p))
    assert recorded.ys.requires_grad
    assert found.stats.accepted == recorded.stats.accepted
    torch.testing.assert_close(found.ys, recorded.ys.detach(), rtol=1e-13, atol=1e-13)


def test_transformations_of_torch():
    p, y0 = tensor(P, False), tensor([1.2, 0.7], False)

    def fixed(y):
        return solve(Problem(prey, y, 0.0, 1.0, p), RK4, dt=0.1).y

    def controlled(y):
        return solve(Problem(prey, y, 0.0, 1.0, p), VERN8, **TIGHT).y

    _, by_y0, _ = exact([1.2, 0.7], 0.0, 1.0)
    np.testing.assert_allclose(_rows(controlled, y0), by_y0, atol=1e-10)
    tangent = torch.func.jvp(controlled, (y0,), (tensor([1.0, 0.0], False),))[1]
    np.testing.assert_allclose(tangent, by_y0[:, 0], atol=1e-10)
    batch = torch.stack((y0, 2 * y0))
    torch.testing.assert_close(torch.func.vmap(fixed)(batch), torch.stack([fixed(y) for y in batch]))
    with pytest.raises(TypeError, match="traced"):
        torch.func.vmap(controlled)(batch)


def _rows(function, y0):
    return torch.stack([torch.func.grad(lambda y, i=i: function(y)[i])(y0) for i in range(2)])
