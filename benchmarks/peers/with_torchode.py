"""torchode: a batch with one step size a member, Tsit5, one thread, double precision."""

from importlib.metadata import version

import numpy as np
import torch
import torchode

from harness.drifts import rebind

VERSION = f"{version('torchode')} (torch {torch.__version__})"


def right_hand_side(case):
    drift = rebind(case.drift, sin=torch.sin, sqrt=torch.sqrt, min=_min, max=_max)

    def fun(t, y):
        rows = [None] * case.n
        drift(t, y.T, None, rows)
        return torch.stack(rows, dim=1)

    return fun


def _min(x, bound):
    return torch.clamp(x, max=bound)


def _max(x, bound):
    return torch.clamp(x, min=bound)


def adaptive(case, y0, tol):
    if case.n > 12:
        return {}  # component by component in torch: minutes
    torch.set_num_threads(1)
    term = torchode.ODETerm(right_hand_side(case))
    control = torchode.IntegralController(atol=tol, rtol=tol, term=term)
    solver = torchode.AutoDiffAdjoint(torchode.Tsit5(term=term), control)
    starts, ts = torch.from_numpy(y0), torch.tensor([[0.0, case.t1]] * len(y0), dtype=torch.float64)
    problem = torchode.InitialValueProblem(y0=starts, t_eval=ts)

    def run():
        with torch.no_grad():
            return np.asarray(solver.solve(problem).ys[:, -1])

    return {"torchode Tsit5": run}
