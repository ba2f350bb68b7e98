"""Which axes of which tensors a permutation of hidden units moves: data for `align`.

    spec = {tensor name: (axis, axis, ...)}

An axis is None (it stays), the name of a group (the group's permutation orders it), `Blocks(group, m)` (each unit owns
m neighbouring entries, as channels do after flattening), or a tuple of such parts that lie one after the other, as q,
k and v do in `nn.MultiheadAttention`. All axes that carry a group move together. A residual stream is one group: every
tensor that writes to it or reads from it carries it.

Ainsworth, Hayase, Srinivasa, "Git Re-Basin", ICLR 2023, arXiv:2209.04836.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Blocks(NamedTuple):
    """Axis on which each unit of the group owns `size` neighbouring entries."""

    group: str
    size: int


Part = str | Blocks | None
Axis = Part | tuple[Part, ...]


@dataclass(frozen=True)
class PermutationSpec:
    """Permutation symmetries of a network.

    Attributes
    ----------
    axes : mapping of str to tuple
        Axes of each tensor of the state dict, buffers too; scalars may be left out.
    heads : mapping of tuple of str to int
        Groups that move in so many blocks, in one order of the blocks, each with an order of its own inside each
        block: {("qk", "v"): 4} for the four heads of an attention.
    """

    axes: Mapping[str, tuple[Axis, ...]]
    heads: Mapping[tuple[str, ...], int] = field(default_factory=dict)


def attention_spec(name: str, stream: str | None, heads: int, *, bias: bool = True) -> PermutationSpec:
    """Lines of a spec for `nn.MultiheadAttention` with equal widths of q, k and v, which reads and writes `stream`.

    Parameters
    ----------
    name : str
        Of the module, as in the state dict: "layers.0.self_attn".
    stream : str or None
        Group of its input and output features.
    heads : int
        Number of heads. Heads may change places; inside a head q and k share an order, v and the output's columns
        another.
    bias : bool
        Whether the module has biases.
    """
    qk, v = f"{name}.qk", f"{name}.v"
    axes: dict[str, tuple[Axis, ...]] = {
        f"{name}.in_proj_weight": ((qk, qk, v), stream),
        f"{name}.out_proj.weight": (stream, v),
    }
    if bias:
        axes |= {f"{name}.in_proj_bias": ((qk, qk, v),), f"{name}.out_proj.bias": (stream,)}
    return PermutationSpec(axes, {(qk, v): heads})


class Segment(NamedTuple):
    """Entries start .. stop - 1 of an axis: units of `group` with `block` entries each; fixed if it is None."""

    start: int
    stop: int
    group: str | None
    block: int


class Layout(NamedTuple):
    """A spec with all sizes known."""

    axes: dict[str, tuple[tuple[Segment, ...], ...]]
    sizes: dict[str, int]
    """Units of each group."""
    bundles: tuple[tuple[tuple[str, ...], int], ...]
    """Groups that are matched together, and the number of their blocks (1: no heads)."""


def lay_out(spec: PermutationSpec, shapes: Mapping[str, tuple[int, ...]]) -> Layout:
    """Sizes and positions for tensors of these shapes.

    Parts of a tuple whose size no other axis tells share the rest of their axis equally.

    Raises
    ------
    ValueError
        If a tensor is missing or unknown, has another number of axes, or sizes do not fit.
    """
    missing = [name for name, shape in shapes.items() if shape and name not in spec.axes]
    unknown = [name for name in spec.axes if name not in shapes]
    if missing or unknown:
        raise ValueError(
            f"the spec must name the model's own tensors, but leaves out {missing or 'none'} and has "
            f"{unknown or 'none'} that the model lacks; give an axis that stays the group None."
        )
    for name, axes in spec.axes.items():
        if len(axes) != len(shapes[name]):
            raise ValueError(f"{name} has shape {shapes[name]}, but the spec gives it {len(axes)} axes: {axes}.")
    named = [
        (f"axis {k} of {name}", _parts(axis), shapes[name][k])
        for name, axes in spec.axes.items()
        for k, axis in enumerate(axes)
    ]
    sizes: dict[str, int] = {}
    for where, parts, length in sorted(named, key=lambda item: len(item[1])):
        _segments(where, parts, length, sizes)
    axes_of = {
        name: tuple(
            _segments(f"axis {k} of {name}", _parts(axis), shapes[name][k], sizes) for k, axis in enumerate(axes)
        )
        for name, axes in spec.axes.items()
    }
    return Layout(axes_of, sizes, _bundles(spec.heads, sizes))


def _parts(axis: Any) -> tuple[Part, ...]:
    parts = axis if isinstance(axis, tuple) and not isinstance(axis, Blocks) else (axis,)
    for part in parts:
        if not (part is None or isinstance(part, (str, Blocks))):
            raise ValueError(f"an axis must be None, a group's name, Blocks or a tuple of these, but is {axis!r}.")
        if isinstance(part, Blocks) and part.size < 1:
            raise ValueError(f"blocks must have at least one entry, but are {part}.")
    return parts


def _segments(where: str, parts: tuple[Part, ...], length: int, sizes: dict[str, int]) -> tuple[Segment, ...]:
    """Cut an axis into its parts; sizes of groups that are met for the first time are entered."""
    groups = [part.group if isinstance(part, Blocks) else part for part in parts]
    blocks = [part.size if isinstance(part, Blocks) else 1 for part in parts]
    lengths = [sizes[g] * m if g in sizes else None for g, m in zip(groups, blocks, strict=True)]
    rest = length - sum(n for n in lengths if n is not None)
    open_parts = lengths.count(None)
    if rest < 0 or (rest and not open_parts) or (open_parts and rest % open_parts):
        raise ValueError(f"{where} has {length} entries, which do not fit {parts} with groups of {sizes}.")
    segments, start = [], 0
    for g, m, n in zip(groups, blocks, lengths, strict=True):
        stop = start + (rest // open_parts if n is None else n)
        if (stop - start) % m:
            raise ValueError(f"{where}: {stop - start} entries are no multiple of the block {m} of group {g!r}.")
        if g is not None and sizes.setdefault(g, (stop - start) // m) * m != stop - start:
            raise ValueError(f"{where} asks for {(stop - start) // m} units of group {g!r}, which has {sizes[g]}.")
        segments.append(Segment(start, stop, g, m))
        start = stop
    return tuple(segments)


def _bundles(heads: Mapping[tuple[str, ...], int], sizes: dict[str, int]) -> tuple[tuple[tuple[str, ...], int], ...]:
    together = [g for groups in heads for g in groups]
    for groups, count in heads.items():
        for g in groups:
            if g not in sizes or together.count(g) > 1:
                raise ValueError(f"heads names the group {g!r}, which no axis carries or which is named twice.")
            if count < 1 or sizes[g] % count:
                raise ValueError(f"group {g!r} of {sizes[g]} units cannot be cut into {count} heads.")
    return (*heads.items(), *(((g,), 1) for g in sizes if g not in together))
