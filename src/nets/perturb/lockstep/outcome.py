"""What a lockstep run has come to, as a `Divergence` and in words."""

from copy import deepcopy
from typing import Any

import numpy as np
from torch import nn

from .function_distances import FUNCTIONS, LABELLED
from .prepare import About
from .recording import Recording
from .result import Divergence
from .state import Plan, State
from .weight_distances import WEIGHTS


def status_of(state: State, steps: int, checkpoint: str | None) -> str:
    """How a run that has come to `state` ended, in words."""
    failed = int((state.failed_step[1:] >= 0).sum())
    copies = f"; {failed} of {len(state.failed_step) - 1} copies failed, see reasons" if failed else ""
    if state.failed_step[0] >= 0:
        return f"stopped at step {state.step} of {steps}: of the baseline, {state.reasons[0]}"
    if state.step == steps:
        return f"finished{copies}"
    where = f"with the same checkpoint, {checkpoint}," if checkpoint else "(give it checkpoint= to keep what is done)"
    return (
        f"interrupted after step {state.step} of {steps}: records after it are nan{copies}. The same call {where} "
        "goes on to the bits of a run that was not."
    )


def result_of(
    plan: Plan,
    recording: Recording,
    state: State,
    about: About,
    settings: dict[str, Any],
    seconds: float,
    model: nn.Module,
    status: str,
) -> Divergence:
    """The result of a run that has come to `state`."""
    curves = {name: recording.weights[:, :, k, 0] for k, name in enumerate(WEIGHTS) if "weights" in recording.groups}
    tensors = {name: recording.weights[:, :, k, 1:] for k, name in enumerate(WEIGHTS) if "tensors" in recording.groups}
    baseline = {"norm": recording.baseline[:, 0], "displacement": recording.baseline[:, 1]}
    for s, inputs in enumerate(recording.sets):
        names = FUNCTIONS if inputs.y is None else FUNCTIONS + LABELLED
        curves |= {f"{inputs.name}/{name}": recording.functions[:, :, s, k] for k, name in enumerate(names)}
        if inputs.y is not None:
            for k, name in enumerate(("loss", "accuracy")):
                baseline[f"{inputs.name}/{name}"] = recording.baseline[:, 2 + 2 * s + k]
    done = state.step == settings["steps"]
    plain = "finished" if done else f"interrupted after step {state.step}"
    starts = np.stack([m.parameters for m in plan.members]).astype(np.float64)
    return Divergence(
        steps=recording.steps,
        curves=curves,
        tensors=tensors,
        tensor_names=plan.vectors.names if tensors else (),
        baseline=baseline,
        eps=about.eps,
        sizes=about.sizes,
        norms=np.linalg.norm(starts, axis=1),
        failed_step=state.failed_step,
        reasons=tuple(str(reason) or plain for reason in state.reasons),
        steps_done=state.step,
        parameters=state.parameters,
        buffers=state.buffers,
        settings=settings,
        seconds=seconds,
        status=status,
        model=deepcopy(model),
    )
