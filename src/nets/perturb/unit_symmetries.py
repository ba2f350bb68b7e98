"""Scales and signs of hidden units that leave a network's function as it is, read from the structure of its layers.

    scale  incoming weights and bias times c, outgoing weights over c, c > 0:  phi(c z) = c phi(z), phi homogeneous
    sign   all of them times -1:                                               phi(-z) = -phi(z), phi odd

Behind a normalisation the incoming parameters are its gamma and beta, since it undoes any scale before it (up to its
eps). A BatchNorm has a sign whatever phi is: rows before it, its running mean and its gamma change sign together.
Dinh, Pascanu, Bengio, Bengio, ICML 2017, arXiv:1703.04933 (scales); Chen, Lu, Hecht-Nielsen, Neural Comput. 5 (1993)
910 (signs of odd units).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from ..models import Dropout, LeakyResNet, ResNet, Transformer
from .chain_spec import BATCH_NORM, CONV, LINEAR, is_depthwise, leaves_of, spec_of
from .permutation_spec import Axis, Blocks
from .same_network import check_network

Carrier = tuple[str, int]
"""A tensor and its axis along which the units lie."""

DROPOUT = (Dropout, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
HOMOGENEOUS = (nn.ReLU, nn.LeakyReLU, nn.PReLU)
LINEAR_MAPS = (
    nn.Identity, nn.Flatten, *DROPOUT, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.Upsample,
)  # fmt: skip
MAXIMA = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)


@dataclass(frozen=True)
class UnitScaling:
    """Factors c > 0, one a unit: `incoming` is multiplied by them, `outgoing` divided.

    Attributes
    ----------
    units : int
        How many; an axis of more entries has equally many neighbours for each unit.
    group : str or None
        Permutation group of the units; None where they keep their places.
    incoming, outgoing : tuple of (tensor, axis)
    """

    units: int
    group: str | None
    incoming: tuple[Carrier, ...]
    outgoing: tuple[Carrier, ...]


@dataclass(frozen=True)
class Flip:
    """Signs, one a unit, by which all `carriers` are multiplied.

    Attributes
    ----------
    units, group : as in `UnitScaling`
    carriers : tuple of (tensor, axis)
    by : tuple of (tensor, axis)
        The normal sign makes the entry of these that has the largest magnitude positive.
    matched : bool
        Whether `align` chooses the sign; otherwise the normal one stands (that of a gamma, which starts at 1).
    """

    units: int
    group: str | None
    carriers: tuple[Carrier, ...]
    by: tuple[Carrier, ...]
    matched: bool


@dataclass(frozen=True)
class UnitSymmetries:
    """Scales and signs of a network's units.

    Attributes
    ----------
    scalings : mapping of str to UnitScaling
    flips : mapping of str to Flip
        By the module whose units they are.
    untouched : mapping of str to str
        Modules whose units have neither, or whose scale is left as it is, and why.
    """

    scalings: Mapping[str, UnitScaling] = field(default_factory=dict)
    flips: Mapping[str, Flip] = field(default_factory=dict)
    untouched: Mapping[str, str] = field(default_factory=dict)

    @property
    def matched(self) -> dict[str, Flip]:
        """Flips whose signs `align` chooses."""
        return {name: f for name, f in self.flips.items() if f.matched and f.group is not None}

    @property
    def fixed(self) -> "UnitSymmetries":
        """All but those."""
        return replace(self, flips={name: f for name, f in self.flips.items() if name not in self.matched})


def symmetries_of(model: nn.Module) -> UnitSymmetries:
    """Scales and signs of the units of a chain of layers, a `ResNet` or a `LeakyResNet`.

    Units between layers that are neither homogeneous (ReLU, LeakyReLU, PReLU, linear) nor odd (tanh, linear) have none
    and are listed as untouched, and so is all before a LayerNorm over units.

    Raises
    ------
    ValueError
        If a module is not known (`spec_of`), or the model is a `Transformer`: GELU, softmax and LayerNorm leave its
        units neither scales nor signs of this kind (heads have larger groups, which are not removed).
    """
    check_network("model", model)
    if type(model) is Transformer:
        raise ValueError(
            "layers (Transformer): GELU is neither homogeneous nor odd, and queries, keys and values of an attention "
            "are free up to whole matrices; there is no normal form of its units. Use align without normal_form."
        )
    if type(model) is ResNet:
        return _of_resnet(model)
    if type(model) is LeakyResNet:
        return _of_leaky(model)
    axes = spec_of(model).axes  # refuses what it does not know
    walk = _Walk(axes)
    for name, leaf in leaves_of("", model):
        walk.add(name, leaf)
    return UnitSymmetries(walk.scalings, walk.flips, walk.untouched)


@dataclass(frozen=True)
class _Stage:
    """Units on their way from the parameters that write them to those that read them."""

    name: str
    units: int
    group: str | None
    incoming: tuple[Carrier, ...]
    before: tuple[Carrier, ...] = ()
    """What a flip of the incoming parameters before a BatchNorm changes too: its sign leaves gamma positive."""
    gamma: str = ""
    homogeneous: bool = True
    odd: bool = True


class _Walk:
    """Along the layers, with the present stage."""

    def __init__(self, axes: Mapping[str, tuple[Axis, ...]]) -> None:
        self.axes = axes
        self.scalings: dict[str, UnitScaling] = {}
        self.flips: dict[str, Flip] = {}
        self.untouched: dict[str, str] = {}
        self.stage: _Stage | None = None

    def add(self, name: str, leaf: Any) -> None:
        kind = type(leaf)
        if kind in LINEAR or kind in CONV:
            deep = is_depthwise(leaf)
            self._read((f"{name}.weight" if name else "weight", 0 if deep else 1))
            self._write(name, leaf)
        elif kind in BATCH_NORM:
            self._batch_norm(name, leaf)
        elif kind is nn.LayerNorm:
            self._layer_norm(name, leaf)
        elif self.stage is not None and kind not in LINEAR_MAPS:
            homogeneous, odd = self._activation(leaf)
            if not (homogeneous or odd) and (self.stage.homogeneous or self.stage.odd):
                self.untouched[self.stage.name] = f"{name} ({kind.__name__}) is neither homogeneous nor odd"
            self.stage = replace(
                self.stage, homogeneous=self.stage.homogeneous and homogeneous, odd=self.stage.odd and odd
            )

    def _activation(self, leaf: Any) -> tuple[bool, bool]:
        """Whether a layer without units of its own is homogeneous, and whether it is odd."""
        kind = type(leaf)
        if kind in MAXIMA:
            return True, False
        if kind is nn.LeakyReLU:
            return True, leaf.negative_slope == 1
        if kind in HOMOGENEOUS:
            return True, False
        return False, kind is nn.Tanh or (kind is nn.Hardtanh and leaf.min_val == -leaf.max_val)

    def _write(self, name: str, leaf: Any) -> None:
        weight = f"{name}.weight"
        axis = self.axes.get(weight, (None,))[0]
        if axis is None:  # the outputs of the network, or features in fixed places
            self.stage = None
            return
        group = axis.group if isinstance(axis, Blocks) else str(axis)
        self.stage = _Stage(name, len(leaf.weight), group, _carriers(name, leaf))

    def _read(self, carrier: Carrier) -> None:
        stage, self.stage = self.stage, None
        if stage is None:
            return
        about = stage.name, (stage.units, stage.group)
        if stage.homogeneous:
            self.scalings[stage.name] = UnitScaling(*about[1], stage.incoming, (carrier,))
        if not stage.odd:
            if not stage.homogeneous:
                self.untouched.setdefault(stage.name, "a layer behind it is neither homogeneous nor odd")
            return
        if stage.before and stage.group is not None:  # gamma stays positive, all else changes sign
            rest = tuple(c for c in stage.incoming if c[0] != stage.gamma)
            by = tuple(c for c in stage.before if not c[0].endswith("running_mean"))
            self.flips[stage.name] = Flip(*about[1], (*stage.before, *rest, carrier), by, True)
        else:
            own = tuple(c for c in stage.incoming if not c[0].endswith("running_mean"))
            by = ((stage.gamma, 0),) if stage.gamma else own
            self.flips[stage.name] = Flip(*about[1], (*stage.incoming, carrier), by, not stage.gamma)

    def _batch_norm(self, name: str, leaf: Any) -> None:
        stage = self.stage
        mean = ((f"{name}.running_mean", 0),) if leaf.track_running_stats else ()
        if not leaf.affine:
            if stage is not None:
                self.untouched[stage.name] = f"{name} undoes the scale, and has no gamma"
                self.stage = replace(stage, incoming=(*stage.incoming, *mean), homogeneous=False)
            return
        before: tuple[Carrier, ...] = ()
        if stage is not None:
            self.untouched[stage.name] = f"{name} undoes the scale of its weights, up to eps; gamma carries it"
            if stage.odd:
                before = (*stage.incoming, *mean)
                gamma: Carrier = (f"{name}.weight", 0)
                self.flips[name] = Flip(stage.units, stage.group, (*before, gamma), (gamma,), False)
        self._normalised(name, leaf, leaf.num_features, before)

    def _layer_norm(self, name: str, leaf: Any) -> None:
        axes = self.axes.get(f"{name}.weight", (None,))
        over_units = self.stage is None or axes[0] is not None
        if self.stage is not None:
            self.untouched[self.stage.name] = f"{name} normalises over units" if over_units else f"{name} undoes scales"
        if over_units and leaf.elementwise_affine and (self.stage is not None or len(leaf.normalized_shape) == 1):
            self._normalised(name, leaf, leaf.normalized_shape[0], ())
        else:
            self.stage = None if self.stage is None else replace(self.stage, homogeneous=False, odd=False)

    def _normalised(self, name: str, leaf: Any, units: int, before: tuple[Carrier, ...]) -> None:
        """Begin the stage whose incoming parameters are gamma and beta."""
        group = self.stage.group if self.stage is not None else None
        size = self.stage.units if self.stage is not None else units
        if self.stage is not None and units != size:  # after flattening: a gamma for each position of a unit
            self.untouched[name] = "has several entries a unit, whose scales are left"
            self.stage = replace(self.stage, homogeneous=False, odd=False)
            return
        self.stage = _Stage(name, units, group, _carriers(name, leaf), before, f"{name}.weight")


def _carriers(name: str, leaf: Any) -> tuple[Carrier, ...]:
    own = [key for key in ("weight", "bias") if getattr(leaf, key, None) is not None]
    return tuple((f"{name}.{key}" if name else key, 0) for key in own)


def _of_resnet(model: ResNet) -> UnitSymmetries:
    """Each normalisation with ReLU scales what the next layer reads; BatchNorms have signs, the stream's in common."""
    width, batch = int(model.settings["width"]), model.settings["norm"] == "batch"
    scalings, flips = {}, {}
    stream: list[Carrier] = [("input.weight", 0), ("input.bias", 0)]
    for l in range(len(model.blocks)):
        at = f"blocks.{l}"
        for k, group in ((1, "stream"), (2, f"{at}.inside")):
            norm = f"{at}.norm{k}"
            affine = ((f"{norm}.weight", 0), (f"{norm}.bias", 0))
            scalings[norm] = UnitScaling(width, group, affine, ((f"{at}.conv{k}.weight", 1),))
        stream += [(f"{at}.norm1.weight", 0), (f"{at}.norm1.running_mean", 0)]
        stream += [(f"{at}.conv2.weight", 0), (f"{at}.conv2.bias", 0)]
        gamma = (f"{at}.norm2.weight", 0)
        inner = ((f"{at}.conv1.weight", 0), (f"{at}.conv1.bias", 0), (f"{at}.norm2.running_mean", 0), gamma)
        flips[f"{at}.norm2"] = Flip(width, f"{at}.inside", inner, (gamma,), False)
    scalings["norm"] = UnitScaling(width, "stream", (("norm.weight", 0), ("norm.bias", 0)), (("output.weight", 1),))
    stream += [("norm.weight", 0), ("norm.running_mean", 0)]
    flips["norm"] = Flip(width, "stream", tuple(stream), (("norm.weight", 0),), True)
    return UnitSymmetries(scalings, flips if batch else {})


def _of_leaky(model: LeakyResNet) -> UnitSymmetries:
    """The stream has a scale for each feature if sigma is homogeneous, and a sign if it is the identity."""
    if model.settings["projections"] != "learned":
        return UnitSymmetries(untouched={"W": "fixed projections name the features"})
    if not model.act.homogeneous:
        return UnitSymmetries(untouched={"W": f"{model.act.name} is neither homogeneous nor odd"})
    into, out = (("P_in", 0), ("W", 1)), (("W", 2), ("P_out", 0))
    scalings = {"W": UnitScaling(model.width, "stream", into, out)}
    odd = model.act.name == "identity" or (model.act.name == "leaky" and model.act.parameter == 1)
    return UnitSymmetries(scalings, {"W": Flip(model.width, "stream", into + out, (("P_in", 0),), True)} if odd else {})
