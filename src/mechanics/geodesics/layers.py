"""The cost of a Leaky ResNet over its weights, with exact first and second derivatives by sweeps over the layers.

    A_l = (1 - rho_l Lt) A_{l-1} + rho_l W_l S_{l-1},   S = (sigma(A); 1),   A_0 = X
    J(W) = (1/N) ||Y - P^T A_L||_F^2 + lam/(2 Lt) sum_l rho_l ||W_l||_F^2

Jacot and Kaiser, arXiv:2405.17573, Section 1.1, with steps rho_l that sum to one. With G_l = dC/dA_l the costate is
B_l = -G_l / lam, and dJ/dW_l = 0 reads W_l = Lt B_l S_{l-1}^T: a critical network is one orbit of symplectic Euler for
H(A, B) = Lt/2 ||B S^T||_F^2 - Lt Tr(B A^T).

Everything here is products of matrices on arrays of NumPy, torch or the array API standard; one sweep costs
O(L w^2 N) and never forms an N x N matrix.
"""

from typing import Any, NamedTuple

from ..leaky_resnet.activation import Activation, functions_of


class Task(NamedTuple):
    """What is to be represented, and at which price."""

    X: Any
    """Representation at the input, (w, N)."""
    Y: Any
    """Outputs, (d, N)."""
    P: Any
    """Readout, (w, d): the output of the network is P^T A_L."""
    lam: float
    Lt: float
    rho: Any
    """Steps of the layers, (L,), a sequence of floats that sums to one."""
    act: Activation
    bias: bool


class Path(NamedTuple):
    """One sweep forward and one backward: lists over layers."""

    A: list[Any]
    """A_0 .. A_L, each (w, N)."""
    S: list[Any]
    """sigma(A_l) with its row of ones if there is a bias, l = 0 .. L-1, each (w, N) or (w+1, N)."""
    D: list[Any]
    """sigma'(A_l), l = 0 .. L-1, each (w, N)."""
    G: list[Any]
    """dC/dA_l, l = 0 .. L, each (w, N)."""


def appended(task: Task, A: Any) -> Any:
    """S = sigma(A), with a row of ones below it if the network has a bias."""
    value = task.act.value(A)
    if not task.bias:
        return value
    xp = functions_of(A)
    return xp.concatenate([value, xp.ones_like(A[:1])])


def forward(task: Task, W: Any) -> list[Any]:
    """A_0 .. A_L for weights W (L, w, w+1), or (L, w, w) without bias."""
    A = [task.X]
    for rho, W_l in zip(task.rho, W, strict=True):
        A.append((1 - rho * task.Lt) * A[-1] + rho * (W_l @ appended(task, A[-1])))
    return A


def swept(task: Task, W: Any) -> Path:
    """Activations forward, and the gradient of the fit with respect to them backward."""
    w, N = task.X.shape
    A = [task.X]
    S, D = [], []
    for rho, W_l in zip(task.rho, W, strict=True):
        S.append(appended(task, A[-1]))
        D.append(task.act.slope(A[-1]))
        A.append((1 - rho * task.Lt) * A[-1] + rho * (W_l @ S[-1]))
    G = [(2 / N) * (task.P @ (task.P.T @ A[-1] - task.Y))]
    for l in range(len(S) - 1, -1, -1):
        rho = task.rho[l]
        G.append((1 - rho * task.Lt) * G[-1] + rho * (D[l] * (W[l][:, :w].T @ G[-1])))
    return Path(A, S, D, G[::-1])


def misfit(task: Task, A_end: Any) -> Any:
    """C = (1/N) ||Y - P^T A_L||_F^2."""
    return ((task.Y - task.P.T @ A_end) ** 2).sum() / task.X.shape[1]


def penalty(task: Task, W: Any) -> Any:
    """lam/(2 Lt) sum_l rho_l ||W_l||_F^2."""
    return sum(task.lam * rho / (2 * task.Lt) * (W_l**2).sum() for rho, W_l in zip(task.rho, W, strict=True))


def gradient(task: Task, W: Any, path: Path) -> Any:
    """dJ/dW, of the shape of W."""
    xp = functions_of(path.A[0])
    return xp.stack(
        [rho * (path.G[l + 1] @ path.S[l].T + (task.lam / task.Lt) * W[l]) for l, rho in enumerate(task.rho)]
    )


def pushed(task: Task, W: Any, path: Path, V: Any) -> list[Any]:
    """Derivatives of A_0 .. A_L along a change V of the weights."""
    w = task.X.shape[0]
    xp = functions_of(path.A[0])
    dA = [xp.zeros_like(path.A[0])]
    for l, rho in enumerate(task.rho):
        dA.append((1 - rho * task.Lt) * dA[-1] + rho * (V[l] @ path.S[l] + W[l][:, :w] @ (path.D[l] * dA[-1])))
    return dA


def hessian_product(task: Task, W: Any, path: Path, V: Any) -> Any:
    """Second derivative of J times V, exact: sigma'' enters where the activation is smooth."""
    w, N = task.X.shape
    xp = functions_of(path.A[0])
    dA = pushed(task, W, path, V)
    dG = (2 / N) * (task.P @ (task.P.T @ dA[-1]))
    out = [None] * len(path.S)
    for l in range(len(path.S) - 1, -1, -1):
        rho, G, D = task.rho[l], path.G[l + 1], path.D[l]
        dS = D * dA[l]
        from_S = G @ dS.T
        if task.bias:
            from_S = xp.concatenate([from_S, xp.zeros_like(from_S[:, :1])], axis=1)
        out[l] = rho * (dG @ path.S[l].T + from_S + (task.lam / task.Lt) * V[l])
        back = W[l][:, :w].T @ G
        dG = (1 - rho * task.Lt) * dG + rho * (
            D * (W[l][:, :w].T @ dG + V[l][:, :w].T @ G) + task.act.curvature(path.A[l]) * dA[l] * back
        )
    return xp.stack(out)


def gauss_newton_product(task: Task, W: Any, path: Path, V: Any) -> Any:
    """Gauss-Newton part of the second derivative of J times V: the residual's own curvature left out."""
    w, N = task.X.shape
    xp = functions_of(path.A[0])
    dG = (2 / N) * (task.P @ (task.P.T @ pushed(task, W, path, V)[-1]))
    out = [None] * len(path.S)
    for l in range(len(path.S) - 1, -1, -1):
        rho = task.rho[l]
        out[l] = rho * (dG @ path.S[l].T + (task.lam / task.Lt) * V[l])
        dG = (1 - rho * task.Lt) * dG + rho * (path.D[l] * (W[l][:, :w].T @ dG))
    return xp.stack(out)
