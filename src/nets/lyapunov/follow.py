"""A run block by block: measurements, files, progress, and Ctrl-C, which keeps what is done."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mechanics.progress import progress_bar

from .checkpoints import write_checkpoint
from .functions import effect
from .measured import measured
from .result import TrainingSpectrum
from .run import DivergedError, advance

SECONDS = 20.0  # between checkpoints


def follow(
    before: TrainingSpectrum, blocks: int, *, checkpoint: Path | None = None, about: dict[str, Any] | None = None,
    progress: bool = False, keep: bool = False,
) -> TrainingSpectrum:  # fmt: skip
    """The spectrum after so many blocks more, or until the training diverges or is interrupted."""
    now = replace(before, interrupted=False, end=before.end or before.training.start())
    written = time.monotonic()
    end = before.step + blocks * before.per_block
    try:
        with progress_bar(before.step, end, progress, "step") as show:
            if now.step == 0 and not len(now.measured.steps):
                now = _measured(now, first=True)
            while now.step < end and now.divergence is None:
                now = _one_more(now, keep)
                if show is not None:
                    show(now.step)
                if checkpoint is not None and time.monotonic() - written > SECONDS:
                    write_checkpoint(checkpoint, now, about or {})
                    written = time.monotonic()
    except KeyboardInterrupt:
        now = replace(now, interrupted=True)
    if checkpoint is not None:
        write_checkpoint(checkpoint, now, about or {})
    return now


def _one_more(now: TrainingSpectrum, keep: bool) -> TrainingSpectrum:
    try:
        done = advance(now.training, now.end, now.per_block, keep)
    except DivergedError as stop:
        return replace(now, divergence=stop.n, reason=stop.reason)
    after = replace(
        now, end=done.state, step=done.state.n, sums=np.vstack([now.sums, done.sums]),
        losses=np.append(now.losses, done.loss), resets=now.resets + done.resets,
        growth_ratio=max(now.growth_ratio, done.condition),
    )  # fmt: skip
    if keep:
        after = replace(after, kept=(*now.kept, *done.kept), kept_from=now.kept_from or now.end)
    return _measured(after)


def _measured(now: TrainingSpectrum, first: bool = False) -> TrainingSpectrum:
    """With the measurements that are due: those asked for at steps since the block before."""
    job, state = now.training, now.end
    due = any(now.step - now.per_block < n <= now.step for n in now.wanted)
    has_probe = job.probe is not None
    if first and has_probe and now.first_effect is None:
        now = replace(now, first_effect=effect(job, state))
    if not due:
        return now
    here = effect(job, state) if has_probe else None
    return replace(now, measured=measured(now.measured, job, state, now.first_effect, here))
