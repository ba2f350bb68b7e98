"""Permutation symmetries read from the structure of a chain of layers.

Each linear or convolutional layer but the last makes a group, named after it, of its output units; the layers after it
carry it until the next one reads it. Only `nn.Sequential` and the networks of `nets.models` say by their structure how
they compute; any other module may add, reuse or mix its parts, and needs an explicit spec.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from torch import nn

from ..models import CNN, MLP, Dropout, LeakyResNet, NTKLinear, ResNet, Transformer
from .permutation_spec import Axis, Blocks, PermutationSpec
from .residual_spec import resnet_spec, transformer_spec
from .same_network import check_network

LINEAR = (nn.Linear, NTKLinear)
CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
BATCH_NORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
EQUIVARIANT = (
    nn.Identity, nn.ReLU, nn.LeakyReLU, nn.ReLU6, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus,
    nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardswish, nn.Softmax, nn.LogSoftmax, Dropout, nn.Dropout, nn.Dropout1d,
    nn.Dropout2d, nn.Dropout3d,
)  # fmt: skip
SPATIAL = (
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
    nn.Upsample,
)  # fmt: skip


def spec_of(model: nn.Module) -> PermutationSpec:
    """Groups of hidden units of a chain of layers.

    Parameters
    ----------
    model : nn.Module
        `MLP`, `CNN`, `LeakyResNet`, `ResNet`, `Transformer`, or `nn.Sequential` (nested too) of linear and
        convolutional layers (also depthwise), BatchNorm, LayerNorm, elementwise activations, pooling, upsampling,
        dropout, flatten, and unflatten of the inputs.

    Returns
    -------
    PermutationSpec
        Without groups for a `LeakyResNet` with fixed projections, which name its units.

    Raises
    ------
    ValueError
        If a module is not known, occurs twice, or does not fit what comes before it.
    """
    check_network("model", model)
    if type(model) is ResNet:
        return resnet_spec(model)
    if type(model) is Transformer:
        return transformer_spec(model)
    if type(model) is LeakyResNet:
        stream = "stream" if model.settings["projections"] == "learned" else None
        columns: Axis = (stream, None) if stream and model.bias else stream
        P: tuple[Axis, ...] = (stream, None)
        return PermutationSpec({"W": (None, stream, columns), "P_in": P, "P_out": P, "rho": (None,)})
    leaves = list(leaves_of("", model))
    uses = Counter(id(p) for _, leaf in leaves for p in leaf.parameters())
    shared = [name for name, leaf in leaves if any(uses[id(p)] > 1 for p in leaf.parameters())]
    if shared:
        raise ValueError(f"{', '.join(shared)} share their weights; give a spec for such a network.")
    weighted = [name for name, leaf in leaves if type(leaf) in LINEAR + CONV and not is_depthwise(leaf)]
    chain = _Chain(last=weighted[-1] if weighted else "", flattens=type(model) is CNN)
    for name, leaf in leaves:
        chain.add(name, leaf)
    return PermutationSpec(chain.axes)


class _Chain:
    """Walk along the layers with the group of the present features."""

    def __init__(self, last: str, flattens: bool) -> None:
        self.axes: dict[str, tuple[Axis, ...]] = {}
        self.last = last
        self.flattens = flattens  # between the last convolution and a linear layer, in the forward pass
        self.group: str | None = None
        self.units = 0
        self.positions = 0
        self.kind = "features"  # or "maps" (units have positions), "flat" (maps made into one axis)

    def add(self, name: str, leaf: Any) -> None:
        kind = type(leaf)
        if kind in LINEAR:
            if self.kind == "maps" and self.flattens:
                self.kind = "flat"
            self._need(name, leaf, self.kind != "maps", "reads the last axis of maps; flatten first")
            self._write(name, leaf, (self._axis(name, leaf, leaf.in_features),), leaf.out_features)
            self.kind = "features"
        elif kind in CONV:
            self._convolution(name, leaf)
        elif kind in BATCH_NORM:
            axis = self._axis(name, leaf, leaf.num_features)
            self._put(name, leaf, (axis,))
        elif kind is nn.LayerNorm:
            self._layer_norm(name, leaf)
        elif kind is nn.PReLU:
            self._put(name, leaf, (None if leaf.num_parameters == 1 else self._axis(name, leaf, leaf.num_parameters),))
        elif kind is nn.Flatten:
            self._need(name, leaf, (leaf.start_dim, leaf.end_dim) == (1, -1), "must flatten all axes but the first")
            self.kind = "flat" if self.kind == "maps" else self.kind
        elif kind is nn.Unflatten:
            self._need(name, leaf, self.group is None, "takes units apart")
        elif kind in SPATIAL:
            self._need(
                name,
                leaf,
                self.group is None or self.kind == "maps",
                "would mix units, since no convolution comes before it",
            )
        elif kind not in EQUIVARIANT:
            raise ValueError(
                f"{name or 'the model'} is a {kind.__name__}, whose symmetries are not known; give a spec."
            )

    def _convolution(self, name: str, leaf: Any) -> None:
        kernel: tuple[Axis, ...] = (None,) * len(leaf.kernel_size)
        self._need(name, leaf, self.group is None or self.kind == "maps", "reads features that are not maps")
        if is_depthwise(leaf):
            self._put(name, leaf, (self._axis(name, leaf, leaf.in_channels), None, *kernel))
        else:
            self._need(name, leaf, leaf.groups == 1, f"has {leaf.groups} groups of channels")
            self._write(name, leaf, (self._axis(name, leaf, leaf.in_channels), *kernel), leaf.out_channels)
        self.kind = "maps"

    def _layer_norm(self, name: str, leaf: Any) -> None:
        shape = leaf.normalized_shape
        if self.kind != "maps":
            self._need(name, leaf, len(shape) == 1 or self.group is None, "normalises more than one axis")
            self._put(name, leaf, (None,) * len(shape) if self.group is None else (self._axis(name, leaf, shape[0]),))
        elif len(shape) >= self.positions + 1:  # over channels and positions
            self._put(name, leaf, (self._axis(name, leaf, shape[0]), *(None,) * (len(shape) - 1)))
        else:
            self._put(name, leaf, (None,) * len(shape))

    def _axis(self, name: str, leaf: Any, features: int) -> Axis:
        """How `features` entries carry the present group."""
        if self.group is None:
            return None
        if features == self.units:
            return self.group
        fits = self.kind == "flat" and features % self.units == 0
        self._need(name, leaf, fits, f"takes {features} features where {self.group} gives {self.units}")
        return Blocks(self.group, features // self.units)

    def _write(self, name: str, leaf: Any, reads: tuple[Axis, ...], units: int) -> None:
        """Enter a layer whose outputs are a new group."""
        self.group = None if name == self.last else name
        self.units = units
        self.positions = len(getattr(leaf, "kernel_size", ()))
        self._put(name, leaf, (self.group, *reads))

    def _put(self, name: str, leaf: Any, axes: tuple[Axis, ...]) -> None:
        """Enter all tensors of a layer: vectors carry the first axis, the others all."""
        for tensor_name, tensor in leaf.state_dict().items():
            if tensor.ndim:
                self.axes[f"{name}.{tensor_name}" if name else tensor_name] = axes[: 1 if tensor.ndim == 1 else None]

    def _need(self, name: str, leaf: Any, holds: bool, what: str) -> None:
        if not holds:
            raise ValueError(f"{name or 'the model'} ({type(leaf).__name__}) {what}; give a spec if that is meant.")


def leaves_of(name: str, module: Any) -> Iterator[tuple[str, Any]]:
    """Layers in the order in which they are computed."""
    if type(module) in (nn.Sequential, nn.ModuleList, MLP, CNN):
        for key, child in module._modules.items():  # named_children leaves out what comes twice
            yield from leaves_of(f"{name}.{key}" if name else key, child)
    else:
        yield name, module


def is_depthwise(conv: Any) -> bool:
    """Whether a layer is a convolution of each channel by itself."""
    return type(conv) in CONV and 1 < conv.groups == conv.in_channels == conv.out_channels
