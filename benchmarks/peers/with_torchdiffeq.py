"""torchdiffeq: a batch that shares one step size, dopri5, one thread, double precision."""

from importlib.metadata import version

import numpy as np
import torch
from torchdiffeq import odeint

from .with_torchode import right_hand_side

VERSION = f"{version('torchdiffeq')} (torch {torch.__version__})"


def adaptive(case, y0, tol):
    if case.n > 12:
        return {}  # component by component in torch: minutes
    torch.set_num_threads(1)
    fun, starts, ts = right_hand_side(case), torch.from_numpy(y0), torch.tensor([0.0, case.t1], dtype=torch.float64)

    def run():
        with torch.no_grad():
            return np.asarray(odeint(fun, starts, ts, rtol=tol, atol=tol, method="dopri5")[-1])

    return {"torchdiffeq dopri5": run}
