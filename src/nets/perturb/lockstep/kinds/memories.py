"""The optimiser's memory at the start: a little of what its first step would put there, each entry by a random factor.

    m(0) = eps z m1,   v(0) = eps u v1,   z standard normal, u uniform in [0, 1]

m1 and v1 are the baseline's memories after one step from 0 (the gradient; for Adam (1 - beta1) g and (1 - beta2) g^2),
so that entries without a gradient keep none: Adam would divide by the root of a 0.
"""

from dataclasses import replace

import numpy as np
import torch

from mechanics.noise import normals

from ....ensembles import draws
from ....ensembles.torch_optimisers import memory_names
from ..dropout import own_draws, set_step
from ..losses import mean_loss
from ..member import Member
from ..stacked_update import constants_of, update
from ..vectors import write_vectors
from .context import Context, Perturbed


def optimiser_state(base: Member, eps: float, copy: int, context: Context) -> Perturbed:
    """Momentum, or means of gradients and of their squares, of relative size eps; realised: |m(0)| / |m1|."""
    if memory_names(base.optimiser) == (None, None):
        raise ValueError(
            f"perturb='optimiser_state' needs an optimiser with a memory, but {base.optimiser} has none; take "
            "'momentum', 'adam', 'adamw' or 'rmsprop'."
        )
    if not eps >= 0:
        raise ValueError(f"eps must be at least 0 for perturb='optimiser_state', but is {eps}.")
    if eps == 0:
        return Perturbed(base, 0.0)
    first, second = _after_one_step(base, context)
    seed = context.seed_of("optimiser_state", copy)
    z = normals(seed, 0, 0, np.arange(len(first)))
    u = (draws.words(seed, draws.ORDER, 0, len(first)) >> np.uint64(11)) * 2.0**-53
    memory = (eps * z * first).astype(base.parameters.dtype), (eps * u * second).astype(base.parameters.dtype)
    own, unit = (memory[0], first) if first.any() else (memory[1], second)
    size = float(np.linalg.norm(own.astype(np.float64)) / max(np.linalg.norm(unit), np.finfo(float).tiny))
    return Perturbed(replace(base, memory=memory), size)


def _after_one_step(base: Member, context: Context) -> tuple[np.ndarray, np.ndarray]:
    """Both memories of the baseline after its first step, (P,) in double precision."""
    model = context.model
    write_vectors(model, base.parameters, base.buffers)
    model.train()
    index = torch.from_numpy(base.order.at(0))
    with own_draws(), torch.enable_grad():
        set_step(model, context.seed, 0)
        loss = mean_loss(context.loss, model(base.x[index]), base.y[index], base.smoothing)
        parameters = list(model.parameters())
        trained = [p for p in parameters if p.requires_grad]
        found = dict(zip(map(id, trained), torch.autograd.grad(loss, trained, allow_unused=True), strict=True))
    parts = [(torch.zeros_like(p) if found.get(id(p)) is None else found[id(p)]).flatten() for p in parameters]
    gradient = torch.cat(parts).double()[None]
    if not bool(torch.isfinite(gradient).all()):
        raise ValueError("the gradient of the first batch is not finite: its optimiser has no memory to perturb.")
    w = torch.from_numpy(base.parameters.astype(np.float64))[None]  # a copy: the step is taken in place
    first, second = torch.zeros_like(w), torch.zeros_like(w)
    update(constants_of([base], w.dtype), w, gradient, first, second, 0)
    moves = torch.cat([torch.full((p.numel(),), p.requires_grad) for p in parameters])
    return (first[0] * moves).numpy(), (second[0] * moves).numpy()
