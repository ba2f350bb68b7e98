"""Lyapunov exponents of an optimiser: the training step is a map, and its derivative carries k vectors along.

    l_j = lim (1/T) sum over steps of log R_jj,   V_{t+1} = D Phi_t V_t = Q R

Phi_t is the step of the optimiser on (weights, memories) with the batch and the dropout masks of step t: the exponents
are those of copies that see the same batches. Benettin, Galgani, Giorgilli, Strelcyn, Meccanica 15 (1980) 9-30;
Hessian products by double backward, one linearisation a step.
"""

import math
import os
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from mechanics.files import npz_path

from ..ensembles.optimisers import Optimiser
from .checkpoints import identity, read_checkpoint
from .covariant import check_room
from .follow import follow
from .network import Loss
from .result import TrainingSpectrum
from .setup import Coordinates, Metric, Rate, arranged, counted

BLOCKS, LONG_BLOCKS = 1024, 64  # at most; where several steps lie between orthonormalisations


def training_spectrum(
    model: nn.Module,
    data: Any,
    *,
    optimiser: Optimiser,
    lr: Rate,
    steps: int,
    k: int,
    loss: Loss = nn.functional.cross_entropy,
    batch_size: int | None = None,
    seed: int = 0,
    weight_decay: float = 0.0,
    dampening: float = 0.0,
    coordinates: Coordinates = "scaled",
    interval: int | None = None,
    chunk: int | None = None,
    measure_at: Sequence[int] = (),
    probe: Tensor | ArrayLike | None = None,
    metric: Metric = "logit",
    keep: bool = False,
    dtype: torch.dtype = torch.float64,
    rtol: float = 0.05,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> TrainingSpectrum:
    """Lyapunov exponents of a training, per step, with standard errors, history and a verdict.

    Parameters
    ----------
    model : nn.Module
        A network at the weights where training begins; it is copied and left alone. BatchNorm takes the statistics of
        each batch, which are part of the map; its running averages are not. Dropout draws masks that are a function of
        (seed, step, layer, place in the batch).
    data : Digits or pair (x, y)
        The training images and labels, or inputs and targets as arrays or tensors.
    optimiser : SGD, Adam, AdamW or RMSProp
        A record of `nets.ensembles`, as for `train_ensemble`.
    lr : float or function
        Learning rate, or a function of the number of steps done.
    steps : int
        Steps of training, rounded up to whole blocks (at most 1024; 64 where k > 20 or interval > 1). They all count:
        nothing is discarded.
    k : int
        Number of exponents; up to all components of (weights, memories).
    loss : function (output, y) -> scalar
        A mean over the batch.
    batch_size : int, optional
        Examples a step, in the order that `train_ensemble` takes with this seed; all of them by default.
    seed : int
        Of batches, masks and initial vectors.
    weight_decay : float
        As in PyTorch's optimisers.
    dampening : float
        Of SGD with momentum: b' = momentum b + (1 - dampening) g, from the second step on.
    coordinates : {"scaled", "raw", "weights"}
        In which lengths are measured: "scaled" has memories in units of the weights, (w, lr b) and (w, lr m / (sqrt v +
        e), log(v + e^2)); "raw" has them as they are; "weights" takes volumes of the vectors' parts along the weights.
        Exponents of infinite time do not depend on it, finite ones do.
    interval : int, optional
        Steps between orthonormalisations: 1 for k <= 20, else such that condition numbers stay near 1e6.
    chunk : int, optional
        Vectors that go through the network at a time: fewer take less memory. By default as many as have
        16 MiB of products and tangents of layers' outputs; automatic differentiation holds several of the latter.
    measure_at : sequence of int
        Steps (rounded up to ends of blocks) at which curvature and, with a probe, function space are measured.
    probe : array or tensor, optional
        Inputs at which the function is looked at, for function-space exponents.
    metric : {"logit", "fisher"}
        Of function space: root mean square of the outputs, or the Fisher metric of class probabilities.
    keep : bool
        Keep Q, R and the weights of every orthonormalisation for `covariant`; up to 2 GiB.
    dtype : torch.dtype
        torch.float64, or torch.float32 where exponents above 1e-3 are enough.
    rtol : float
        Relative standard error that counts as converged.
    checkpoint : path, optional
        A .npz file written every 20 s, after Ctrl-C and at the end; a call with the same arguments goes on from it with
        the same bits.
    progress : bool
        Show a progress bar.

    Returns
    -------
    TrainingSpectrum
        A training that diverges has NaN exponents, and says when and why.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, or the model draws random numbers of its own.

    Notes
    -----
    At a kink (ReLU) the step is not differentiable, and the exponents ignore the jump that two copies feel on different
    sides of it; `two_copies` shows it. Use smooth activations for cross-checks.
    """
    steps = counted("steps", steps, 1)
    job = arranged(
        model, data, k, optimiser=optimiser, lr=lr, loss=loss, batch_size=batch_size, seed=seed,
        weight_decay=weight_decay, dampening=dampening, coordinates=coordinates, dtype=dtype, interval=interval,
        probe=probe, metric=metric, chunk=chunk,
    )  # fmt: skip
    if not (math.isfinite(rtol) and rtol > 0):
        raise ValueError(f"rtol must be positive, but is {rtol}.")
    per_block = -(-steps // (BLOCKS if job.fixed == 1 else LONG_BLOCKS))
    if job.fixed:
        per_block = -(-per_block // job.fixed) * job.fixed
    blocks = -(-steps // per_block)
    wanted = tuple(sorted({counted("measure_at", n, 0) for n in measure_at}))
    if wanted and wanted[-1] > blocks * per_block:
        raise ValueError(f"measure_at must lie in 0 .. {steps}, but goes to {wanted[-1]}.")
    if keep:
        if checkpoint is not None:
            raise ValueError("keep=True holds frames in memory, which a checkpoint does not store; give one of both.")
        check_room(job.n, job.k, blocks * per_block // (job.fixed or 1))
    fresh = TrainingSpectrum(
        job=cast(Any, job), p=None, V=np.empty(0), step=0, dt=1.0, interval=1, per_block=per_block,
        sums=np.empty((0, job.k)), resets=np.zeros(job.k, np.int64), growth_ratio=1.0, rtol=float(rtol),
        wanted=wanted,
    )  # fmt: skip
    path, about = None, None
    if checkpoint is not None:
        path = npz_path(checkpoint)
        about = identity(job, blocks * per_block, per_block, wanted)
        if path.exists():
            fresh = read_checkpoint(path, fresh, about)
    return follow(fresh, blocks - len(fresh.sums), checkpoint=path, about=about, progress=progress, keep=keep)
