"""Permutation symmetries of networks with a residual stream.

Every tensor that writes to the stream or reads from it carries the group "stream"; each block has a group of its own
inside. Heads of an attention change places as wholes (`attention_spec`).
"""

from ..models import ResNet, Transformer
from .permutation_spec import Axis, PermutationSpec, attention_spec

STREAM = "stream"


def resnet_spec(model: ResNet) -> PermutationSpec:
    """Groups of a `ResNet`: its stream, and the channels between the two convolutions of each block."""
    axes: dict[str, tuple[Axis, ...]] = {
        "input.weight": (STREAM, None, None, None),
        "input.bias": (STREAM,),
        "output.weight": (None, STREAM),
        "output.bias": (None,),
    }
    for l in range(len(model.blocks)):
        at, inside = f"blocks.{l}", f"blocks.{l}.inside"
        axes |= {
            f"{at}.conv1.weight": (inside, STREAM, None, None), f"{at}.conv1.bias": (inside,),
            f"{at}.conv2.weight": (STREAM, inside, None, None), f"{at}.conv2.bias": (STREAM,),
        }  # fmt: skip
    for name, tensor in model.state_dict().items():
        if "norm" in name and tensor.ndim:
            block, after, _ = name.rpartition(".norm2")
            axes[name] = (f"{block}.inside",) if after else (STREAM,)
    return PermutationSpec(axes)


def transformer_spec(model: Transformer) -> PermutationSpec:
    """Groups of a `Transformer`: its stream, the hidden units of each layer, and inside its attention."""
    embed: tuple[Axis, ...] = (None, STREAM) if "tokens" in model.settings else (STREAM, None)
    axes: dict[str, tuple[Axis, ...]] = {
        "embed.weight": embed,
        "position": (None, STREAM),
        "norm.weight": (STREAM,),
        "norm.bias": (STREAM,),
        "output.weight": (None, STREAM),
        "output.bias": (None,),
    }
    if "tokens" not in model.settings:
        axes["embed.bias"] = (STREAM,)
    heads: dict[tuple[str, ...], int] = {}
    for l in range(len(model.layers)):
        at, inside = f"layers.{l}", f"layers.{l}.inside"
        attention = attention_spec(f"{at}.attention", STREAM, int(model.settings["heads"]))
        heads |= attention.heads
        axes |= attention.axes
        axes |= {f"{at}.{norm}.{part}": (STREAM,) for norm in ("norm1", "norm2") for part in ("weight", "bias")}
        axes |= {
            f"{at}.up.weight": (inside, STREAM), f"{at}.up.bias": (inside,),
            f"{at}.down.weight": (STREAM, inside), f"{at}.down.bias": (STREAM,),
        }  # fmt: skip
    return PermutationSpec(axes, heads)
