"""Forward hooks that hand each layer's output on, in the order of the forward pass, and are always removed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

Layers = str | Sequence[str] | type[nn.Module] | tuple[type[nn.Module], ...] | Callable[[str, nn.Module], bool]
Named = list[tuple[str, nn.Module]]
Consume = Callable[[str, Tensor], object]

ACTIVATIONS = (
    nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ReLU6, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Tanh,
    nn.Sigmoid, nn.Softplus, nn.Softsign, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.LogSigmoid, nn.Threshold,
    nn.GLU,
)  # fmt: skip

INPUT = "input"
OUTPUT = "output"


@contextmanager
def hooked(model: nn.Module, layers: Layers, consume: Consume, *, include_output: bool = False) -> Iterator[None]:
    """Call consume(name, output) for each selected layer during forward passes inside the context.

    Parameters
    ----------
    model : nn.Module
        Any model.
    layers : "auto", names, a type, a tuple of types, or a function (name, module) -> bool
        "auto": the model's attribute `load_layers` if it has one; otherwise the input ("input") and the output of
        every activation module. Activations called as functions are invisible to hooks: name the blocks around them.
    consume : callable
        Called at once, before a later in-place module can overwrite the output. A module called several times in one
        forward pass appears as "name", "name#2", ...: one shared ReLU is several layers.
    include_output : bool
        Also the model's own output, as "output".

    Raises
    ------
    ValueError
        If nothing is selected, a name does not exist, or a module that was named is not called by the forward pass.
    TypeError
        If a selected module does not return a tensor, or a sequence that begins with one.
    """
    selected, with_input = select_layers(model, layers)
    calls: dict[str, int] = {}
    silent = {name for name, _ in selected} if _names(layers) else set()
    passes = 0
    handles = []

    def watch(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            calls[name] = calls.get(name, 0) + 1
            silent.discard(name)
            key = name if calls[name] == 1 else f"{name}#{calls[name]}"
            consume(key, _tensor(output, name))

        return hook

    def begin(module: nn.Module, args: Any) -> None:
        nonlocal passes
        calls.clear()
        passes += 1
        if with_input:
            consume(INPUT, _tensor(args, INPUT))

    try:
        handles.append(model.register_forward_pre_hook(begin))
        for name, module in selected:
            handles.append(module.register_forward_hook(watch(name)))
        if include_output:
            handles.append(model.register_forward_hook(watch(OUTPUT)))
        yield
        if passes and silent:
            raise ValueError(
                f"layers names {sorted(silent)}, which the forward pass of {type(model).__name__} never calls; name "
                "modules that it does call."
            )
    finally:
        for handle in handles:
            handle.remove()


def _names(layers: Layers) -> bool:
    """Whether layers are given by name."""
    if isinstance(layers, str):
        return layers != "auto"
    return not callable(layers) and not (isinstance(layers, tuple) and bool(layers) and isinstance(layers[0], type))


def select_layers(model: nn.Module, layers: Layers) -> tuple[Named, bool]:
    """Named modules to watch, and whether the model's input is a layer too; arguments as in `hooked`."""
    modules: dict[str, nn.Module] = {name: module for name, module in model.named_modules() if name}
    if isinstance(layers, str) and layers == "auto":
        named = getattr(model, "load_layers", None)
        if named is not None:
            return select_layers(model, tuple(named))
        found: list[tuple[str, nn.Module]] = [
            (n, module) for n, module in modules.items() if isinstance(module, ACTIVATIONS)
        ]
        if not found:
            raise ValueError(
                f"layers='auto' finds no activation modules in {type(model).__name__}; functional activations cannot "
                "be seen by hooks. Give layers= names of blocks, a module type, or a function (name, module) -> bool."
            )
        return found, True
    if isinstance(layers, type) or (isinstance(layers, tuple) and layers and isinstance(layers[0], type)):
        found = [(name, module) for name, module in modules.items() if isinstance(module, layers)]
        description = f"modules of type {layers}"
    elif callable(layers):
        found = [(name, module) for name, module in modules.items() if layers(name, module)]
        description = "modules for which layers(name, module) is true"
    else:
        names = [layers] if isinstance(layers, str) else [str(name) for name in layers]
        missing = [name for name in names if name not in modules]
        if missing:
            raise ValueError(
                f"layers names {missing}, which {type(model).__name__} does not have; "
                f"its modules are {', '.join(list(modules)[:20])}{' ...' if len(modules) > 20 else ''}."
            )
        found = [(name, modules[name]) for name in names]
        description = "names"
    if not found:
        raise ValueError(f"layers selects nothing: {type(model).__name__} has no {description}.")
    return found, False


def _tensor(output: Any, name: str) -> Tensor:
    if isinstance(output, (tuple, list)) and output:
        output = output[0]  # attention and recurrent modules return (output, more)
    if not isinstance(output, Tensor):
        raise TypeError(f"layer {name!r} must pass on a tensor, but passes {type(output).__name__}; select another.")
    return output
