"""Several statistics of every layer in one pass: a context in which a model's layers are watched.

with LayerProbe(model, {"loads": lambda: LayerStatistics(10), "spectrum": FeatureSpectrum}) as probe:
    for x, y in loader:
        probe.observe(x, y)
probe.curve("loads", "D");   probe.curve("spectrum", "stable_rank");   probe.similarity.cka
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from ._batch import NotFiniteError
from .hooks import Layers, hooked
from .modes import Mode, check_mode, measuring
from .reduce import Reduce, check_reduce, features
from .similarity import LayerSimilarity
from .sweep import forward, paired


class Accumulator(Protocol):
    """A statistic that takes features (n, d) and targets (n,) batch by batch."""

    def update(self, x: Tensor, y: Tensor) -> object:
        """Add a batch."""


class LayerProbe:
    """Watch layers of a model; every batch that is observed goes to each statistic of each layer.

    Parameters
    ----------
    model : nn.Module
        Any network. It is left as it was: weights, buffers, training flags and random generators.
    measures : mapping of str to function
        Functions without arguments that make an accumulator, one for each layer: `FeatureSpectrum`,
        `lambda: LayerStatistics(10)`, `LinearReadout`, or your own with `update(x, y)`.
    similarity : bool
        Also the CKA between layers, from batches of at least 4 examples, in `similarity`.
    mode, layers, reduce, seed
        As in `load_curve`. In mode "batch" and "train" each observed batch is normalised by its own statistics.
    include_output : bool
        The model's output as a last layer, "output".

    Attributes
    ----------
    layers : dict
        Layer name -> measure name -> accumulator, in the order of the forward pass.
    similarity : LayerSimilarity or None
        CKA between layers.

    Raises
    ------
    ValueError
        If no layer is selected or an argument is unknown.
    """

    def __init__(
        self,
        model: nn.Module,
        measures: Mapping[str, Callable[[], Accumulator]],
        *,
        similarity: bool = False,
        mode: Mode = "eval",
        layers: Layers = "auto",
        reduce: Reduce = "flatten",
        include_output: bool = False,
        seed: int = 0,
    ) -> None:
        check_mode(mode)
        self.layers: dict[str, dict[str, Any]] = {}
        self.similarity = LayerSimilarity() if similarity else None
        self._model, self._measures, self._mode, self._seed = model, dict(measures), mode, seed
        self._select, self._rows, self._include_output = layers, check_reduce(reduce), include_output
        self._context = ExitStack()
        self._targets: Tensor | None = None
        self._batch: dict[str, Tensor] = {}

    def __enter__(self) -> Self:
        """Put the model into the measuring mode and watch its layers."""
        with ExitStack() as context:
            context.enter_context(measuring(self._model, self._mode, self._seed))
            context.enter_context(hooked(self._model, self._select, self._take, include_output=self._include_output))
            self._context = context.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the model as it was."""
        self._context.close()

    @torch.no_grad()
    def observe(self, x: Tensor | ArrayLike, y: Tensor | ArrayLike) -> Tensor:
        """Pass one batch through the model, adding to every statistic; the model's output is returned.

        Raises
        ------
        ValueError
            If x and y have different lengths; what the accumulators raise.
        """
        inputs, self._targets = paired(self._model, x, y)
        self._batch = {}
        try:
            output = forward(self._model, inputs)
            if self.similarity is not None:
                self.similarity.update(self._batch)
        finally:
            self._targets, self._batch = None, {}
        return output

    def curve(self, measure: str, quantity: str) -> NDArray[np.float64]:
        """A quantity of a measure over the layers, shape (layers,): `curve("loads", "D")`.

        Raises
        ------
        ValueError
            If the measure is unknown or nothing was observed.
        """
        if measure not in self._measures:
            raise ValueError(f"measure must be one of {', '.join(self._measures)}, but is {measure!r}.")
        if not self.layers:
            raise ValueError("nothing was observed yet; call observe(x, y) inside the context first.")
        return np.array([float(getattr(of[measure], quantity)) for of in self.layers.values()])

    def _take(self, name: str, h: Tensor) -> None:
        if self._targets is None:
            return  # a forward pass that is not an observation
        rows = features(h, len(self._targets), self._rows, name)
        if name not in self.layers:
            self.layers[name] = {key: make() for key, make in self._measures.items()}
        for accumulator in self.layers[name].values():
            try:
                accumulator.update(rows, self._targets)
            except NotFiniteError as error:
                raise error.of_layer(name) from None
        if self.similarity is not None:
            self._batch[name] = rows.clone()  # a later in-place module may overwrite it
