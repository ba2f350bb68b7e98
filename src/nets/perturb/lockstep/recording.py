"""What is recorded when: distances of all copies at chosen steps, filled into arrays as the run goes on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...measure.modes import measuring
from .function_distances import FUNCTIONS, LABELLED, Outputs, function_distances, outputs_of
from .losses import mean_loss
from .state import Plan, State
from .vectors import write_vectors
from .weight_distances import WEIGHTS, weight_distances

Array = NDArray[np.float64]
Mode = Literal["eval", "batch"]
GROUPS = ("weights", "tensors", "functions")
PASS = 1000  # inputs of one forward pass outside mode "batch"


@dataclass(frozen=True, eq=False)
class InputSet:
    """Inputs on which functions are compared, labels (N,) where there are some."""

    name: str
    x: Tensor
    y: Tensor | None


@dataclass(frozen=True, eq=False)
class Recording:
    """Distances so far; arrays that `compare` fills.

    Attributes
    ----------
    steps : ndarray of int64, shape (times,)
    groups : tuple of {"weights", "tensors", "functions"}
    sets : tuple of InputSet
    mode : {"eval", "batch"}
        Statistics of BatchNorm: the running ones, or those of the inputs.
    weights : ndarray, shape (copies, times, len(WEIGHTS), 1 + tensors)
        Whole, then tensor by tensor; only the whole unless tensors are recorded.
    functions : ndarray, shape (copies, times, sets, 16)
    baseline : ndarray, shape (times, 2 + 2 sets)
        Norm, norm of the displacement, then loss and accuracy on each set.
    """

    steps: NDArray[np.int64]
    groups: tuple[str, ...]
    sets: tuple[InputSet, ...]
    mode: Mode
    weights: Array
    functions: Array
    baseline: Array


def new_recording(
    plan: Plan, steps: NDArray[np.int64], groups: Sequence[str], sets: Sequence[InputSet], mode: Mode
) -> Recording:
    """Nothing recorded yet: all is nan."""
    copies, times = len(plan.members) - 1, len(steps)
    tensors = len(plan.vectors.names) if "tensors" in groups else 0
    inputs = tuple(sets) if "functions" in groups else ()
    return Recording(
        steps=steps,
        groups=tuple(groups),
        sets=inputs,
        mode=mode,
        weights=np.full((copies, times, len(WEIGHTS), 1 + tensors), np.nan),
        functions=np.full((copies, times, len(inputs), len(FUNCTIONS) + len(LABELLED)), np.nan),
        baseline=np.full((times, 2 + 2 * len(inputs)), np.nan),
    )


def forget_after(recording: Recording, step: int) -> None:
    """Take back what an interrupted comparison has recorded of a later step."""
    later = recording.steps > step
    recording.weights[:, later] = recording.functions[:, later] = recording.baseline[later] = np.nan


def compare(plan: Plan, state: State, into: Recording) -> State:
    """Compare every living copy with the baseline, if this step is one to record; fails those with broken outputs."""
    at = int(np.searchsorted(into.steps, state.step))
    if at == len(into.steps) or into.steps[at] != state.step or state.failed_step[0] >= 0:
        return state
    state = state.copy()
    w, start = state.parameters[0].astype(np.float64), plan.members[0].parameters.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        into.baseline[at, :2] = np.linalg.norm(w), np.linalg.norm(w - start)
    own = _outputs(plan, state, 0, into)
    if own is None:
        return state
    for k, of_set in enumerate(own):
        into.baseline[at, 2 + 2 * k : 4 + 2 * k] = of_set.loss, of_set.accuracy
    kept = into.weights.shape[3]
    for i in state.living[1:]:
        other = state.parameters[i].astype(np.float64)
        other_start = plan.members[i].parameters.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            found = weight_distances(w, other, start, other_start, plan.vectors.starts)
        if not np.isfinite(found[: WEIGHTS.index("cosine"), 0]).all() and np.isfinite(into.baseline[at, 0]):
            state.fail(i, state.step, f"its weights were too large at step {state.step} for a distance; lower lr")
            continue
        into.weights[i - 1, at] = found[:, :kept]
        outputs = _outputs(plan, state, i, into)
        for k, (mine, theirs) in enumerate(zip(own, outputs or own, strict=True)):
            into.functions[i - 1, at, k] = function_distances(mine, theirs) if outputs is not None else np.nan
    return state


def _outputs(plan: Plan, state: State, i: int, into: Recording) -> list[Outputs] | None:
    """Outputs of network i on every set; None if they are not finite, and the network has failed."""
    if not into.sets:
        return []
    write_vectors(plan.model, state.parameters[i], state.buffers[i])
    found = []
    with measuring(plan.model, into.mode):
        for inputs in into.sets:
            whole = len(inputs.x) if into.mode == "batch" else PASS
            logits = torch.cat([plan.model(x) for x in inputs.x.split(whole)])
            if not bool(torch.isfinite(logits).all()):
                state.fail(i, state.step, f"its outputs on {inputs.name} inputs are not finite at step {state.step}")
                return None
            outputs = outputs_of(logits.double().numpy(), None if inputs.y is None else inputs.y.numpy())
            if inputs.y is not None and plan.loss.name != "cross_entropy":
                outputs = replace(outputs, loss=float(mean_loss(plan.loss, logits.double(), inputs.y)))
            found.append(outputs)
    return found
