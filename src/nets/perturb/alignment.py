"""Alignment of two networks: the order of one's hidden units that brings it nearest to the other, and their signs.

Ainsworth, Hayase, Srinivasa, "Git Re-Basin", ICLR 2023, arXiv:2209.04836, Section 3.2. Since |A - pi(B)|^2 =
|A|^2 + |B|^2 - 2 <A, pi(B)>, matching never increases the distance. With two or more groups it is a local optimum. With
`normal_form` both networks are first brought to their normal forms, so that scales and signs of units do not count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mechanics.checks import whole_numbers

from .matching import Pairing, match, paired
from .normal_forms import layout_of, normal_state, spread
from .permutation_spec import Axis, Layout, PermutationSpec
from .permutations import Order, permute_state
from .same_network import check_network, difference
from .unit_symmetries import Flip, UnitSymmetries, symmetries_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """Permutations, and signs, that bring a network near another.

    Attributes
    ----------
    permutations : dict of str to ndarray
        By group: unit i of the aligned copy is unit permutations[group][i] of the other network.
    raw, aligned : float
        |w - w'| over all parameters before and after. Buffers do not count.
    objective : tuple of float
        <w, pi(w')> at the start of the best run and after each change of a group, ascending.
    sweeps : int
        Passes over all groups in the best run, the last without a gain.
    layout : Layout
        Axes that each group moves.
    normal : float
        |w - w'| of the normal forms before matching, equal to `raw` without them; aligned <= normal.
    signs : dict of str to ndarray
        By module: +-1 for each unit of the aligned copy where units are odd; empty without normal forms.
    symmetries : UnitSymmetries or None
        Of the normal forms; None without them.
    """

    permutations: dict[str, Order]
    raw: float
    aligned: float
    objective: tuple[float, ...]
    sweeps: int
    layout: Layout
    normal: float
    signs: dict[str, Array] = field(default_factory=dict)
    symmetries: UnitSymmetries | None = None

    def reference(self, model: nn.Module | Mapping[str, Tensor]) -> dict[str, Tensor]:
        """State dict that the aligned copy is near to: that of `model`; with normal forms, of its scales and gammas."""
        state = _state_of(model)
        if self.symmetries is None:
            return {name: tensor.detach().clone() for name, tensor in state.items()}
        return normal_state(state, self.symmetries.fixed, self.layout).state

    def apply(self, other: nn.Module | Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Aligned copy of the other network's state dict, running statistics included; the same function.

        Raises
        ------
        ValueError
            If tensors are missing or have another shape.
        """
        state = permute_state(self.reference(other), self.layout, self.permutations)
        flips = {} if self.symmetries is None else self.symmetries.matched
        for name, flip in flips.items():
            signs = self.signs[name]
            for tensor, axis in flip.carriers:
                if tensor in state:
                    along = torch.from_numpy(spread(signs, flip.group, self.layout, tensor, axis)).to(state[tensor])
                    state[tensor] *= along.view([-1 if k == axis else 1 for k in range(state[tensor].ndim)])
        return state


def align(
    model: nn.Module,
    other: nn.Module | Mapping[str, Tensor],
    *,
    spec: PermutationSpec | Mapping[str, tuple[Axis, ...]] | None = None,
    restarts: int = 1,
    seed: int = 0,
    normal_form: bool | UnitSymmetries = False,
) -> Alignment:
    """Permute the hidden units of `other` so that its weights come near those of `model`; neither is changed.

    Parameters
    ----------
    model : nn.Module
        Reference.
    other : nn.Module or state dict
        Network of the same architecture.
    spec : PermutationSpec or mapping, optional
        Axes that move together (`nets.perturb.permutation_spec`); made by `spec_of` for chains of layers.
    restarts : int
        Runs, of which the best is kept: the first from the present order, the others from random ones.
    seed : int
        Of the order of groups and of random starts.
    normal_form : bool or UnitSymmetries
        Bring both networks to their normal forms first (`nets.perturb.normal_form`), and match odd units with signs;
        the symmetries of a network that `symmetries_of` does not know may be given.

    Returns
    -------
    Alignment

    Raises
    ------
    ValueError
        If the networks differ in their tensors, a weight is not finite, the spec does not fit, or a module of the
        model is not known and no spec is given.

    Notes
    -----
    Without `normal_form`, scales of ReLU units and signs of tanh units are not removed. With it, distances are between
    normal forms: `aligned` is at most `normal`, but can exceed `raw`, since small weights are not small in normal form.
    A group on two axes of one tensor (a recurrent matrix) makes the problem quadratic: its linearised step is taken
    only where it gains.

    Examples
    --------
    >>> from nets import MLP
    >>> found = align(MLP(4, 8, 3, 2), MLP(4, 8, 3, 2, seed=1))
    >>> found.aligned < found.raw
    True
    """
    whole_numbers(restarts=(restarts, 1), seed=(seed, 0))
    if not isinstance(normal_form, (bool, UnitSymmetries)):
        raise ValueError(f"normal_form must be True, False or a UnitSymmetries, but is {normal_form!r}.")
    check_network("model", model)
    own, state = model.state_dict(), _state_of(other)
    layout = layout_of(model, own, spec)
    _check_same(own, state)
    odd = difference(model, other, dropout=False) if isinstance(other, nn.Module) else ""
    if odd:
        raise ValueError(f"the networks must compute alike, but `other` has {odd}.")
    names = [name for name, _ in model.named_parameters()]  # buffers stay out of the cost
    A, B = _arrays(own, names), _arrays(state, names)
    raw = normal = _distance(A, B)
    symmetries = symmetries_of(model) if normal_form is True else normal_form or None
    flips: dict[str, Flip] = {}
    signs: tuple[dict[str, Array], dict[str, Array]] = {}, {}
    if symmetries is not None:
        flips = symmetries.matched
        forms = [_normal(s, symmetries, layout) for s in (own, state)]
        A, B = (_arrays(form, names) for form, _ in forms)
        signs = forms[0][1], forms[1][1]
        normal = _distance(A, B)
    found = match(A, B, layout, flips, restarts, seed, signs)
    pairing: Pairing = found.pairing
    aligned = _distance(A, {name: paired(b, layout, flips, name, pairing) for name, b in B.items()})
    return Alignment(
        dict(pairing.permutations), raw, aligned, found.objective, found.sweeps, layout, normal, dict(pairing.signs),
        symmetries,
    )  # fmt: skip


def aligned_distance(
    model: nn.Module,
    other: nn.Module | Mapping[str, Tensor],
    *,
    spec: PermutationSpec | Mapping[str, tuple[Axis, ...]] | None = None,
    restarts: int = 1,
    seed: int = 0,
    normal_form: bool | UnitSymmetries = False,
) -> float:
    """|w - pi(w')| over all parameters after `align`, an upper bound of the least over all permutations.

    With `normal_form`, w and w' are the normal forms, and pi are signed permutations where units are odd.
    """
    return align(model, other, spec=spec, restarts=restarts, seed=seed, normal_form=normal_form).aligned


def _normal(
    state: Mapping[str, Tensor], symmetries: UnitSymmetries, layout: Layout
) -> tuple[dict[str, Tensor], dict[str, Array]]:
    """State with normal scales, and the signs that would be normal for the units whose signs are matched."""
    double = {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    scaled = normal_state(double, symmetries.fixed, layout).state
    return scaled, normal_state(scaled, replace(symmetries, scalings={}, flips=symmetries.matched), layout).signs


def _state_of(network: nn.Module | Mapping[str, Tensor]) -> dict[str, Tensor]:
    if not isinstance(network, (nn.Module, Mapping)):
        raise TypeError(f"networks must be nn.Module or state dict, but one is {network!r}.")
    return dict(network.state_dict() if isinstance(network, nn.Module) else network)


def _distance(A: dict[str, Array], B: dict[str, Array]) -> float:
    return float(np.sqrt(sum(np.square(a - B[name]).sum() for name, a in A.items())))


def _arrays(state: Mapping[str, Tensor], names: list[str]) -> dict[str, Array]:
    arrays = {name: state[name].detach().double().cpu().numpy() for name in names}
    broken = [name for name, a in arrays.items() if not np.isfinite(a).all()]
    if broken:
        raise ValueError(f"weights must be finite to be aligned, but {', '.join(broken)} holds others.")
    return arrays


def _check_same(own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
    differ = [n for n in {**own, **state} if n not in own or n not in state or own[n].shape != state[n].shape]
    if differ:
        raise ValueError(f"the networks must have the same tensors, but differ in {', '.join(differ)}.")
