"""What `divergence` leaves behind: distances of every copy along training, by name."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mechanics.files import read_npz, write_npz

from ..fitting import LawFit, fit_law
from .end_points import AlignedCopies, CopyBarriers, aligned_copies, copy_barriers
from .vectors import vectors_of, write_vectors

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
FORMAT = "mechanet divergence 1"
ARRAYS = ("steps", "eps", "sizes", "norms", "failed_step", "parameters", "buffers")


@dataclass(frozen=True, eq=False)
class Divergence:
    """Distances between a baseline and its copies; `result[name]` is one of them, (copies, times).

    Attributes
    ----------
    steps : ndarray of int64, shape (times,)
        Optimiser steps after which was recorded.
    curves : dict of str to ndarray, shape (copies, times)
        By name: "distance_2" and the others of `weight_distances`; "test/logit_rms" and the others of
        `function_distances`, on "train", "test" and "probe". nan where nothing was recorded.
    tensors : dict of str to ndarray, shape (copies, times, tensors)
        The weight distances of each tensor; empty unless recorded.
    tensor_names : tuple of str
    baseline : dict of str to ndarray, shape (times,)
        "norm" |w|, "displacement" |w - w(0)|, "train/loss", "train/accuracy", ...
    eps, sizes : ndarray, shape (copies,)
        Size of the perturbation asked for and realised: |w' - w| in the weights' own precision, the e of a
        hyperparameter, or the number of things changed.
    norms : ndarray, shape (1 + copies,)
        |w| at the start, of the baseline and of each copy.
    failed_step : ndarray of int64, shape (1 + copies,)
        Step at which numbers stopped being finite, else -1; the baseline is the first.
    reasons : tuple of str
        How each network ended: "finished", or a sentence.
    steps_done : int
    status : str
        "finished", or what happened to the run and how to go on.
    parameters, buffers : ndarray, shapes (1 + copies, P) and (1 + copies, R)
        The networks at the last step.
    settings : dict
    seconds : float
    model : nn.Module or None
        The architecture; None after `load`.
    """

    steps: NDArray[np.int64]
    curves: dict[str, Array]
    tensors: dict[str, Array]
    tensor_names: tuple[str, ...]
    baseline: dict[str, Array]
    eps: Array
    sizes: Array
    norms: Array
    failed_step: NDArray[np.int64]
    reasons: tuple[str, ...]
    steps_done: int
    parameters: NDArray[Any]
    buffers: Array
    settings: dict[str, Any]
    seconds: float = 0.0
    status: str = "finished"
    model: nn.Module | None = field(default=None, repr=False)

    def __getitem__(self, name: str) -> Array:
        if name not in self.curves:
            raise KeyError(f"{name!r} was not recorded; there are {', '.join(self.curves)}.")
        return self.curves[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.curves)

    def __len__(self) -> int:
        return len(self.curves)

    def keys(self) -> list[str]:
        """Names of the curves."""
        return list(self.curves)

    @property
    def copies(self) -> int:
        """Number of copies."""
        return len(self.eps)

    @property
    def finished(self) -> NDArray[np.bool_]:
        """Which copies did all steps, shape (copies,)."""
        done: NDArray[np.bool_] = (self.failed_step[1:] < 0) & (self.steps_done == self.settings["steps"])
        return done

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run before its last step; `status` says how to go on."""
        return self.steps_done < self.settings["steps"] and bool(self.failed_step[0] < 0)

    def network(self, i: int, model: nn.Module | None = None) -> nn.Module:
        """Network i at the last step: 0 the baseline, then the copies.

        Raises
        ------
        ValueError
            If there is no network i, the result was loaded from a file and no `model` of the architecture is given,
            or it does not fit.
        """
        template = model if model is not None else self.model
        if template is None:
            raise ValueError("a loaded result does not know its architecture; give model=, any network of it.")
        if isinstance(i, bool) or not 0 <= i <= self.copies:
            raise ValueError(
                f"networks are 0, the baseline, and 1 .. {self.copies}, the copies, but {i!r} is asked for."
            )
        copy = deepcopy(template)
        vectors = vectors_of(copy)
        if vectors.dtype != self.parameters.dtype:  # a template of another precision would round the weights
            copy.to(torch.float64 if self.parameters.dtype == np.float64 else torch.float32)
        if sum(vectors.sizes) != self.parameters.shape[1] or sum(vectors.buffer_sizes) != self.buffers.shape[1]:
            raise ValueError(
                f"the model has {sum(vectors.sizes)} parameters, but the run's have {self.parameters.shape[1]}."
            )
        shapes = {name: list(shape) for name, shape in zip(vectors.names, vectors.shapes, strict=True)}
        other = [name for name in shapes if shapes[name] != self.settings.get("tensors", shapes).get(name)]
        if other:
            raise ValueError(f"the model is of another architecture than the run: {', '.join(other)} differ(s).")
        write_vectors(copy, self.parameters[i], self.buffers[i])
        return copy

    def fit(self, name: str = "distance_2", *, laws: Any = "all", resamples: int = 500, seed: int = 0) -> LawFit:
        """Law that a distance follows, with a bootstrap over copies.

        Copies that failed, and times at which a copy is at distance 0 or was not recorded, are left out.

        Raises
        ------
        ValueError
            If fewer than 8 times are left.
        """
        d = self[name][self.failed_step[1:] < 0]
        with np.errstate(invalid="ignore"):
            good = np.isfinite(d).all(0) & (d > 0).all(0) if len(d) else np.zeros(len(self.steps), dtype=bool)
        if good.sum() < 8:
            raise ValueError(
                f"{name} is positive for all living copies at {int(good.sum())} recorded times, but a law needs 8: "
                "record more times, or perturb more."
            )
        return fit_law(self.steps[good], d[:, good], laws, resamples=resamples, seed=seed)

    def aligned(self, model: nn.Module | None = None, **options: Any) -> AlignedCopies:
        """Distances of the end points before and after permutation alignment of each copy with the baseline.

        Parameters
        ----------
        model : nn.Module, optional
            Of the architecture, for a loaded result.
        **options
            For `align`: spec, restarts, seed, normal_form.
        """
        return aligned_copies(self, model, **options)

    def barriers(
        self,
        x: Any,
        y: Any,
        model: nn.Module | None = None,
        *,
        statistics_x: Any = None,
        points: int = 25,
        alignments: AlignedCopies | None = None,
        loss: Any = None,
    ) -> CopyBarriers:
        """Barriers of the loss between the baseline and each copy at the end, before and after alignment.

        Parameters
        ----------
        x, y : array or tensor
            Examples on which the loss is evaluated.
        model : nn.Module, optional
            Of the architecture, for a loaded result.
        statistics_x : array or tensor, optional
            Inputs for BatchNorm's statistics, computed anew at each point of a line (the training inputs, where x are
            test inputs); x by default.
        points : int
            Of a line, both ends included.
        alignments : AlignedCopies, optional
            Of `aligned`, with `normal_form=True` for instance; made with its defaults otherwise.
        loss : "cross_entropy", "mse" or function (outputs, labels) -> mean loss, optional
            That of the training by default, without label smoothing.

        Raises
        ------
        ValueError
            If the training's loss was a function, and none is given.
        """
        return copy_barriers(
            self, x, y, model, statistics_x=statistics_x, points=points, alignments=alignments, loss=loss
        )

    def plot(self, name: str = "distance_2", ax: "Axes | None" = None, **line: Any) -> "Axes":
        """Draw a distance against the step; see `plot_divergence`."""
        from ...plots.divergence_curves import plot_divergence

        return plot_divergence(self, name, ax, **line)

    def to_xarray(self) -> "xarray.Dataset":
        """Curves as a labelled dataset (needs xarray: the extra `sweep`)."""
        try:
            import xarray
        except ImportError:
            raise ImportError("to_xarray needs xarray; install it with: pip install 'mechanet[sweep]'") from None
        coords: dict[str, Any] = {
            "step": self.steps, "copy": np.arange(self.copies), "eps": ("copy", self.eps), "size": ("copy", self.sizes),
            "failed_step": ("copy", self.failed_step[1:]),
        }  # fmt: skip
        if self.tensors:
            coords["tensor"] = list(self.tensor_names)
        return xarray.Dataset(
            {name.replace("/", "_"): (("copy", "step"), d) for name, d in self.curves.items()}
            | {f"tensor_{name}": (("copy", "step", "tensor"), d) for name, d in self.tensors.items()}
            | {f"baseline_{name.replace('/', '_')}": ("step", d) for name, d in self.baseline.items()},
            coords=coords,
            attrs={name: str(value) for name, value in self.settings.items()},
        )

    def save(self, path: str | Path) -> Path:
        """Write to an npz file; a reader sees the old file or the whole new one. Returns its path."""
        groups = {"curves": self.curves, "tensors": self.tensors, "baseline": self.baseline}
        about = {
            "format": FORMAT, "settings": self.settings, "seconds": self.seconds, "steps_done": self.steps_done,
            "status": self.status,
            "reasons": list(self.reasons), "tensor_names": list(self.tensor_names),
            "names": {group: list(own) for group, own in groups.items()},
        }  # fmt: skip
        named = {f"{group}{k}": d for group, own in groups.items() for k, d in enumerate(own.values())}
        own = {name: getattr(self, name) for name in ARRAYS}
        return write_npz(path, about=np.array(json.dumps(about)), **own, **named)

    @classmethod
    def load(cls, path: str | Path) -> "Divergence":
        """Read what `save` wrote; the architecture is not in the file.

        Raises
        ------
        ValueError
            If the file is something else.
        """
        about, arrays = read_npz(path, FORMAT, "a saved Divergence")
        groups: Mapping[str, Any] = {
            group: {name: arrays[f"{group}{k}"] for k, name in enumerate(names)}
            for group, names in about["names"].items()
        }
        return cls(
            **{name: arrays[name] for name in ARRAYS}, **groups, tensor_names=tuple(about["tensor_names"]),
            reasons=tuple(about["reasons"]), steps_done=about["steps_done"], settings=about["settings"],
            seconds=about["seconds"], status=about.get("status", "finished"),
        )  # fmt: skip
